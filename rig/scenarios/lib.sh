# shellcheck shell=bash
# shellcheck disable=SC2034 # some are for the scenarios only
# What the scenarios share: KTAP, swap devices, control groups, the ghost device's
# files. Sourced as the first thing; it begins the KTAP stream, and a scenario that
# ends in any way but by `finish` has failed.

set -Eeuo pipefail

GHOST_DEV=/dev/ghostswap
GHOST_SYS=/sys/kernel/mm/swap/ghost
ZSWAP=/sys/module/zswap/parameters
THP=/sys/kernel/mm/transparent_hugepage
CG=/sys/fs/cgroup
STATE=/run/rig-scenario
PAGE=4096

mkdir -p "$STATE"
ktap_nr=0
ktap_failed=0
ktap_done=0

echo "KTAP version 1"

# --- results ---

note() { echo "# $*"; }

ok() {
	ktap_nr=$((ktap_nr + 1))
	echo "ok $ktap_nr $*"
}

# not_ok NAME [REASON]
not_ok() {
	ktap_nr=$((ktap_nr + 1))
	ktap_failed=$((ktap_failed + 1))
	echo "not ok $ktap_nr $1${2:+ # $2}"
}

# skip NAME REASON
skip() {
	ktap_nr=$((ktap_nr + 1))
	echo "ok $ktap_nr $1 # SKIP $2"
}

skip_all() {
	ktap_done=1
	echo "1..0 # SKIP $*"
	exit 0
}

# metric NAME VALUE UNIT
metric() { echo "@metric $1 $2 $3"; }

# check NAME COMMAND... : the command must succeed. Its output becomes notes.
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		ok "$name"
	else
		[ -z "$out" ] || note "$(head -c 600 <<<"$out" | tr '\n' '|')"
		not_ok "$name" "failed: $*"
	fi
}

# refute NAME COMMAND... : the command must fail.
refute() {
	local name=$1
	shift
	if "$@" >/dev/null 2>&1; then
		not_ok "$name" "did not fail: $*"
	else
		ok "$name"
	fi
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "is '$2', not '$3'"
	fi
}

# at_least NAME GOT MIN / at_most NAME GOT MAX: whole numbers
at_least() {
	if [ "$2" -ge "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "$2 is less than $3"
	fi
}

at_most() {
	if [ "$2" -le "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "$2 is more than $3"
	fi
}

# subtest NAME COMMAND... : a program that speaks KTAP. Its results are nested, its metrics
# get NAME in front; it must succeed and print at least one result.
subtest() {
	local name=$1 line rc=0 results=0 bad=0 prefix status=$STATE/subtest.$BASHPID
	shift
	prefix=${name//[^A-Za-z0-9_]/_}
	echo "# Subtest: $name"
	while IFS= read -r line; do
		case $line in
		"@metric "*) echo "@metric $prefix.${line#@metric }" ;;
		"ok "*) results=$((results + 1)); echo "    $line" ;;
		"not ok "*)
			results=$((results + 1))
			bad=$((bad + 1))
			echo "    $line"
			;;
		" "*"ok "[0-9]* | " "*"1.."[0-9]* | " "*"KTAP version"*) echo "    $line" ;;
		"KTAP version"* | "TAP version"* | "1.."*) echo "    $line" ;;
		"# "*) echo "$line" ;;
		*) echo "# $line" ;;
		esac
	done < <(set +e; trap - ERR EXIT; "$@"; echo $? >"$status")
	wait $! 2>/dev/null || true
	rc=$(cat "$status" 2>/dev/null || echo 255)
	rm -f "$status"
	# 4 is how a kselftest says that the whole of it was skipped.
	if [ "$rc" = 4 ] && [ "$bad" = 0 ]; then
		skip "$name" "skipped as a whole"
	elif [ "$rc" != 0 ] || [ "$bad" != 0 ]; then
		not_ok "$name" "exit status $rc, $bad of $results results failed"
	elif [ "$results" = 0 ]; then
		not_ok "$name" "no results"
	else
		ok "$name"
	fi
}

# --- numbers ---

# How many microseconds the machine is up.
now_us() {
	local t=${EPOCHREALTIME/[.,]/}
	echo "$t"
}

# vm COUNTER: a counter of /proc/vmstat, 0 where it does not exist
vm() {
	local k v
	while read -r k v; do
		if [ "$k" = "$1" ]; then
			echo "$v"
			return
		fi
	done </proc/vmstat
	echo 0
}

# meminfo FIELD: in KiB, 0 where it does not exist
meminfo() {
	local k v
	while read -r k v _; do
		if [ "$k" = "$1:" ]; then
			echo "$v"
			return
		fi
	done </proc/meminfo
	echo 0
}

# mib SIZE: "64M", "2G", "32768K" as MiB
mib() {
	local n=${1%[KMGkmg]}
	case $1 in
	*[Kk]) echo $((n / 1024)) ;;
	*[Mm]) echo "$n" ;;
	*[Gg]) echo $((n * 1024)) ;;
	*) echo $((n / 1048576)) ;;
	esac
}

# rnd N: the next random number below N, in $picked. They follow from the seed of the cell, if
# all are taken in the scenario's own shell: a subshell would begin anew.
RANDOM=$((${SEED:-1} % 2147483647))
rnd() { picked=$(((RANDOM << 15 | RANDOM) % $1)); }

# wait_for SECONDS COMMAND... : try four times a second until it succeeds
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.25
	done
}

# --- the ghost device ---

have_ghost() { [ -c $GHOST_DEV ] && [ -d $GHOST_SYS ]; }

need_ghost() { have_ghost || skip_all "this kernel has no ghost swap device"; }

ghost() { cat "$GHOST_SYS/$1"; }

ghost_is() { [ "$(ghost "$1")" = "$2" ]; }

ghost_on() {
	if [ -n "${1:-}" ]; then
		echo "$1" >/proc/sys/vm/ghostswap_limit_mb
	fi
	swapon $GHOST_DEV
}

# ghost_off: swapoff, with its time as a metric
ghost_off() {
	local used from
	used=$(ghost used_pages)
	from=$(now_us)
	swapoff $GHOST_DEV || return 1
	metric swapoff_us $(($(now_us) - from)) us
	metric swapoff_pages "$used" pages
}

# A page that was busy when its owner ended stays in the swap cache, with its slot, until reclaim
# looks at it (as on any device): let it look.
ghost_forgets() {
	local f
	ghost_is used_pages 0 && return
	for f in "$CG"/rig.*/memory.reclaim; do
		[ ! -e "$f" ] || echo 64M >"$f" 2>/dev/null || true
	done
	ghost_is used_pages 0
}

# cg_forgot GROUP: the same for one group, before it is removed: after that no group's reclaim looks
# at what is left of it.
cg_forgot() {
	echo 64M >"$CG/rig.$1/memory.reclaim" 2>/dev/null || true
	[ "$(cg_get "$1" memory.swap.ghost.current)" = 0 ]
}

# cg_leave GROUP: remove it when it has no slot any more
cg_leave() {
	wait_for 10 cg_forgot "$1" || not_ok "$1: no slot is left"
	cg_del "$1"
}

# No slot may be in use (RCU and workers get ten seconds).
expect_ghost_empty() {
	wait_for 10 ghost_forgets || true
	is "${1:-no slot is left in use}" "$(ghost used_pages)" 0
	is "${1:+$1: }no zero or compressed page is left" \
		"$(ghost zero_pages) $(ghost zswap_pages)" "0 0"
}

# --- zswap, zram, disks ---

# zswap_on [COMPRESSOR [POOL_PERCENT]]
zswap_on() {
	echo "${1:-lz4}" >$ZSWAP/compressor
	echo "${2:-20}" >$ZSWAP/max_pool_percent
	echo Y >$ZSWAP/enabled
}

zswap_off() { echo N >$ZSWAP/enabled; }

zswap_stored() {
	local f=/sys/kernel/debug/zswap/stored_pages
	if [ -r $f ]; then cat $f; else echo 0; fi
}

# disk SERIAL: the node of the virtio disk of that name
disk() {
	local f
	for f in /sys/block/vd*/serial; do
		if [ -r "$f" ] && [ "$(cat "$f")" = "$1" ]; then
			f=${f%/serial}
			echo "/dev/${f##*/}"
			return
		fi
	done
	return 1
}

# null_disk MIB [COMPLETION_NS [NAME]]: a disk in memory that costs next to nothing: without a
# completion time it completes at once, with one it takes exactly that long.
null_disk() {
	local name=${3:-rig}
	local dir=/sys/kernel/config/nullb/$name
	[ -d /sys/kernel/config/nullb ] ||
		mount -t configfs configfs /sys/kernel/config
	mkdir $dir
	echo "$1" >$dir/size
	echo 4096 >$dir/blocksize
	echo 1 >$dir/memory_backed
	if [ -n "${2:-}" ]; then
		echo 2 >$dir/irqmode
		echo "$2" >$dir/completion_nsec
	else
		echo 0 >$dir/irqmode
	fi
	echo 1 >$dir/power
	wait_for 5 test -b /dev/$name || true
	[ -b /dev/$name ] || return 1
	echo /dev/$name
}

null_disk_off() {
	echo 0 >/sys/kernel/config/nullb/rig/power
	rmdir /sys/kernel/config/nullb/rig
}

# zram_disk MIB [COMPRESSOR]
zram_disk() {
	echo "${2:-lz4}" >/sys/block/zram0/comp_algorithm
	echo "${1}M" >/sys/block/zram0/disksize
	echo /dev/zram0
}

zram_disk_off() { echo 1 >/sys/block/zram0/reset; }

# disk_swap_on DEVICE [PRIORITY]
disk_swap_on() {
	# A disk in memory gets its pages when it is first written: not while somebody counts.
	[ "${PARAM_prefill:-no}" = no ] || dd if=/dev/zero of="$1" bs=1M 2>/dev/null || true
	mkswap "$1" >/dev/null
	swapon ${2:+-p "$2"} "$1"
}

# swap_used DEVICE: KiB in use, from /proc/swaps
swap_used() {
	local dev used
	while read -r dev _ _ used _; do
		if [ "$dev" = "$1" ]; then
			echo "$used"
			return
		fi
	done </proc/swaps
	return 1
}

# swap_setup [MIB]: swap on what the parameter "swap" says (ghost if it says nothing):
#   ghost       zswap and the ghost device, no disk at all
#   zswap-disk  zswap over a disk, as without this series
#   lower       the ghost device over a disk, without zswap
#   zswap-lower the same with zswap
#   disk, brd, zram  without zswap
# "disk" is the virtio disk "swap0" where the cell has one, else a null_blk disk. The ghost device
# stays off in zswap-disk, disk, brd and zram, compiled in or not.
# swap_setup_ghost: the ghost device whatever the parameter says
swap_setup_ghost() {
	need_ghost
	swap_kind=ghost
	zswap_on "${PARAM_compressor:-lz4}" "${PARAM_pool:-50}"
	ghost_on "${PARAM_limit:-8192}"
}

swap_setup() {
	local size=${1:-1024} dev
	swap_kind=${PARAM_swap:-ghost}
	case $swap_kind in
	ghost) swap_setup_ghost ;;
	zswap-disk | disk)
		[ $swap_kind = disk ] ||
			zswap_on "${PARAM_compressor:-lz4}" "${PARAM_pool:-50}"
		dev=$(disk swap0) || dev=$(null_disk "$size")
		disk_swap_on "$dev"
		;;
	lower | zswap-lower)
		need_ghost
		zswap_off
		[ $swap_kind = lower ] || zswap_on "${PARAM_compressor:-lz4}" "${PARAM_pool:-50}"
		dev=$(disk swap0) || dev=$(null_disk "$size")
		disk_swap_on "$dev"
		ghost_on "${PARAM_limit:-8192}"
		;;
	brd)
		# As large as the kernel was configured for; its pages stay allocated.
		disk_swap_on /dev/ram0
		;;
	zram)
		disk_swap_on "$(zram_disk "$size" "${PARAM_compressor:-lz4}")"
		;;
	*) skip_all "no kind of swap is called $swap_kind" ;;
	esac
	note "swap: $swap_kind"
}

# --- control groups ---

cg_init() { echo "+memory +pids" >$CG/cgroup.subtree_control; }

# cg_new NAME [FILE=VALUE]...
cg_new() {
	local dir=$CG/rig.$1 kv
	[ -n "$(grep -w memory $CG/cgroup.subtree_control || true)" ] || cg_init
	mkdir "$dir"
	shift
	for kv; do
		echo "${kv#*=}" >"$dir/${kv%%=*}"
	done
}

# cg_exec NAME COMMAND... : run it in the group
cg_exec() {
	local dir=$CG/rig.$1
	shift
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$dir" "$@"
}

# cg_spawn NAME COMMAND... : the same in the background; its process is $spawned
cg_spawn() {
	local dir=$CG/rig.$1
	shift
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$dir" "$@" &
	spawned=$!
}

cg_get() { cat "$CG/rig.$1/$2"; }

# cg_stat NAME KEY: from memory.stat
cg_stat() {
	local k v
	while read -r k v; do
		if [ "$k" = "$2" ]; then
			echo "$v"
			return
		fi
	done <"$CG/rig.$1/memory.stat"
	echo 0
}

cg_event() {
	local k v
	while read -r k v; do
		if [ "$k" = "$2" ]; then
			echo "$v"
			return
		fi
	done <"$CG/rig.$1/memory.events"
	echo 0
}

cg_empty() { ! grep -q 'populated 1' "$CG/rig.$1/cgroup.events"; }

cg_del() {
	[ -d "$CG/rig.$1" ] || return 0
	cg_empty "$1" || echo 1 >"$CG/rig.$1/cgroup.kill"
	wait_for 20 cg_empty "$1" || return 1
	wait_for 10 rmdir "$CG/rig.$1"
}

# Cgroups that are gone for the user but still pinned by something.
cg_dying() {
	local k v
	while read -r k v; do
		if [ "$k" = nr_dying_descendants ]; then
			echo "$v"
			return
		fi
	done <$CG/cgroup.stat
}

# --- the highest value while something runs ---

# watch_begin FILE... : samples the files (one number each) until watch_end
watch_begin() {
	rm -f "$STATE/watch".*
	(
		trap - ERR EXIT
		set +e
		declare -A top=()
		trap 'for f in "${!top[@]}"; do echo "${top[$f]}" >"$STATE/watch.${f//\//_}"; done; exit 0' TERM
		while :; do
			for f; do
				v=
				read -r v <"$f" || continue
				v=${v%% *}
				[ "${v:-0}" -gt "${top[$f]:--1}" ] && top[$f]=$v
			done
			# In short steps: TERM is answered between commands.
			sleep 0.2
		done
	) 2>/dev/null &
	watch_pid=$!
}

watch_end() {
	kill -TERM "$watch_pid" 2>/dev/null || true
	wait "$watch_pid" 2>/dev/null || true
}

# watch_top FILE: 0 if it could never be read
watch_top() { cat "$STATE/watch.${1//\//_}" 2>/dev/null || echo 0; }

watch_ghost_begin() {
	watch_begin $GHOST_SYS/{used_pages,zero_pages,zswap_pages,clusters,metadata_bytes} "$@"
}

watch_ghost_end() {
	local f
	watch_end
	for f in used_pages zero_pages zswap_pages clusters metadata_bytes; do
		metric "peak_$f" "$(watch_top $GHOST_SYS/$f)" "$f"
	done
}

# --- begin and end of a counted piece of work ---

COUNTERS="zswpwb nrswpout nrswpin ksm_swpin_copy pswpin pswpout zswpin zswpout swpin_zero swpout_zero ghost_cluster_alloc ghost_cluster_free ghost_reserve_miss ghost_swpout_reject oom_kill thp_swpout thp_swpout_fallback"
declare -A counted=()

count_begin() {
	local c
	for c in $COUNTERS; do counted[$c]=$(vm "$c"); done
}

# counted COUNTER: how far it has gone since count_begin
counted() { echo $(($(vm "$1") - ${counted[$1]})); }

# count_end: the differences as metrics. Pages that were swapped by any means:
count_end() {
	local c
	for c in $COUNTERS; do metric "$c" "$(counted "$c")" events; done
	metric swapped_out $(($(counted pswpout) + $(counted zswpout) + $(counted swpout_zero))) pages
	metric swapped_in $(($(counted pswpin) + $(counted zswpin) + $(counted swpin_zero))) pages
}

swapped_out() { echo $(($(counted pswpout) + $(counted zswpout) + $(counted swpout_zero))); }

# --- the end ---

# Everything off; nothing of the ghost device or of zswap may be left.
leave_nothing() {
	local dir
	for dir in "$CG"/rig.*/; do
		[ -d "$dir" ] || continue
		dir=${dir%/}
		cg_del "${dir##*/rig.}" || not_ok "cgroup ${dir##*/} can be removed"
	done
	if have_ghost && ghost_is enabled 1; then
		if ghost_off; then ok "swapoff at the end"; else not_ok "swapoff at the end"; fi
	fi
	if [ "$(wc -l </proc/swaps)" -gt 1 ]; then
		check "swapoff of the other devices" swapoff -a
	fi
	is "no swap device is left on" "$(tail -n +2 /proc/swaps)" ""
	if have_ghost; then
		wait_for 10 ghost_is used_pages 0 || true
		is "no slot is left in use after swapoff" "$(ghost used_pages)" 0
		wait_for 10 ghost_is clusters 0 || true
		is "no cluster is left after swapoff" "$(ghost clusters)" 0
		wait_for 10 ghost_is metadata_bytes 0 || true
		is "no metadata is left after swapoff" "$(ghost metadata_bytes)" 0
	fi
	is "no page is left in zswap" "$(zswap_stored)" 0
}

finish() {
	leave_nothing
	ktap_done=1
	echo "1..$ktap_nr"
	[ "$ktap_failed" = 0 ] || exit 1
	exit 0
}

aborted() {
	local rc=$1 line=$2 cmd=$3
	[ "$ktap_done" = 0 ] || return 0
	# Only the scenario's own shell speaks for it, not its subshells.
	[ "$BASHPID" = "$$" ] || return 0
	ktap_done=1
	not_ok "the scenario came to its end" "line $line: status $rc: $cmd"
	echo "1..$ktap_nr"
}
trap 'aborted $? $LINENO "$BASH_COMMAND"' ERR
trap 'aborted $? 0 "early exit"' EXIT
