#!/usr/bin/env bash
# swapadm as a whole on captured trees: output, messages and exit statuses, against
# golden files. UPDATE=1 writes those anew: look at the difference before a commit.
# shellcheck disable=SC2086 # the paths of the programs and of mktemp have no blanks
set -euo pipefail
shopt -s inherit_errexit

. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/golden.sh"

# --- each object on each tree, in each form
# lower was not captured: it is ghost-disk with the files that Documentation/ABI tells of, for disks
# that hold ghost slots, and numbers that fit each other.
for tree in ghost-on ghost-disk ghost-off zram-disk no-swap faults huge lower; do
	t "$tree.list" $swapadm device list --sysroot $tree
	t "$tree.list-all.raw" $swapadm device list --all -O -r -b --sysroot $tree
	t "$tree.list.json" $swapadm device list -J --all --sysroot $tree
	t "$tree.stat" $swapadm stat --sysroot $tree
	t "$tree.stat-all.raw" $swapadm stat -O -r -b --sysroot $tree
	t "$tree.stat.json" $swapadm stat -J --sysroot $tree
	t "$tree.check" $swapadm check --sysroot $tree
	t "$tree.check.json" $swapadm check -J --sysroot $tree
	t "$tree.show-ghost" $swapadm device show ghost --sysroot $tree
	t "$tree.show-ghost.json" $swapadm device show -J /dev/ghostswap --sysroot $tree
done
t show-disk $swapadm device show /dev/sda2 --sysroot ghost-disk
t show-short-name $swapadm device show -b nvme0n1p3 --sysroot ghost-disk
t show-blank-in-name $swapadm device show "/var/swap file" --sysroot ghost-disk
t show-deleted $swapadm device show -r $'/old\tswap' -o name,state,used --sysroot ghost-disk
t show-lower $swapadm device show nvme0n1p3 --sysroot lower
t show-failing $swapadm device show -b "/var/swap file" --sysroot lower
t show-lower-deleted $swapadm device show -J $'/old\tswap' -o lower,direct,retired,failing --sysroot lower
t show-zram $swapadm device show zram0 --sysroot zram-disk
t show-not-on $swapadm device show /dev/sdz --sysroot zram-disk
t show-columns $swapadm device show ghost -o limit,zram-data,meta/slot --sysroot ghost-on
t show-raw-noheadings $swapadm device show ghost -n -r -o limit,name --sysroot ghost-on

# --- options
t columns $swapadm device list -o prio,NAME,Use% --sysroot ghost-disk
t columns-added $swapadm device list -o +avail,ratio --sysroot zram-disk
t columns-json $swapadm device list -J -o prio,name --sysroot zram-disk
t columns-unknown $swapadm device list -o name,colour --sysroot ghost-disk
t columns-empty $swapadm device list -o "" --sysroot ghost-disk
t noheadings $swapadm device list -n --sysroot ghost-disk
t bytes $swapadm device list -b --sysroot ghost-disk
t options-before-object $swapadm --sysroot ghost-on -n -b device list
t list-columns $swapadm device list -H
t list-columns.json $swapadm check -H -J
t list-columns.raw $swapadm stat --list-columns --raw --noheadings
t json-and-raw $swapadm stat -J -r --sysroot ghost-on
t output-twice $swapadm stat -o slots -O --sysroot ghost-on
t watch $swapadm stat --watch=0.01 --count 3 --sysroot ghost-on
t watch.json $swapadm stat -w0.01 -c 2 -J -o slots,in/s,zswap --sysroot ghost-on
t watch.raw $swapadm stat -w0.01 -c 2 -r -o slots,out/s --sysroot ghost-on
t version $swapadm --version
t version-verb $swapadm device list -V
t help $swapadm --help
is "help is --help" "$($swapadm help)" "$($swapadm --help)"
t help-device $swapadm device help
t help-device-on $swapadm device on --help

# --- wrong use: 16
t usage-no-object $swapadm
t usage-object $swapadm devices
t usage-no-verb $swapadm device
t usage-verb $swapadm device lst
t usage-option $swapadm device list -q
t usage-long-option $swapadm stat --wathc
t usage-argument-too-many $swapadm stat --json=yes
t usage-early-argument $swapadm --raw=1 stat
t usage-early-argument-missing $swapadm --sysroot
t usage-early-option $swapadm --frobnicate device list
t usage-argument-missing $swapadm check -o
t usage-list-argument $swapadm device list /dev/sda2
t usage-stat-argument $swapadm stat now
t usage-check-argument $swapadm check all
t usage-show-none $swapadm device show
t usage-show-two $swapadm device show a b
t usage-on-none $swapadm device on
t usage-off-none $swapadm device off
t usage-off-all-and-one $swapadm device off --all ghost
t usage-on-table $swapadm device on -J ghost
t usage-priority $swapadm device on -p 32768 /dev/sda2
t usage-priority-negative $swapadm device on -p -1 /dev/sda2
t usage-priority-ghost $swapadm device on -p 5 /dev/sda2 ghost
t usage-discard $swapadm device on --discard=often /dev/sda2
t usage-discard-ghost $swapadm device on -d /dev/ghostswap
t usage-resize-none $swapadm device resize --sysroot ghost-on
t usage-resize-other $swapadm device resize /dev/sda2 1G --sysroot ghost-on
t usage-resize-size $swapadm device resize big --sysroot ghost-on
t usage-resize-negative $swapadm device resize --sysroot ghost-on -- -1G
t usage-resize-range $swapadm device resize 99E --sysroot ghost-on
t usage-resize-unit $swapadm device resize 1500K --sysroot ghost-on
t usage-watch $swapadm stat --watch=0
t usage-watch-nan $swapadm stat --watch=nan
t usage-watch-word $swapadm stat --watch=1s
t usage-count $swapadm stat --watch --count=0
t usage-count-alone $swapadm stat --count=3

# --- switching on and off, with system calls that only write down what they are asked
export FAKE_LOG
calls on-ghost $fake device on ghost --sysroot ghost-off
calls on-node $fake device on /dev/ghostswap --sysroot ghost-off
calls on-disk $fake device on /dev/sda2 --sysroot ghost-off
calls on-priority $fake device on -p 10 /dev/sda2 /dev/sdb --sysroot ghost-off
calls on-discard $fake device on -d -p 0 /dev/sda2 --sysroot ghost-off
calls on-discard-once $fake device on --discard=once /dev/sda2 --sysroot ghost-off
calls on-discard-pages $fake device on -dpages /dev/sda2 --sysroot ghost-off
calls on-no-series $fake device on ghost --sysroot zram-disk
calls on-no-series-partly $fake device on ghost /dev/sda3 --sysroot zram-disk
FAKE_FAIL=ghost-on/dev/ghostswap=16 calls on-busy $fake device on ghost --sysroot ghost-on
FAKE_FAIL=ghost-off/dev/ghostswap=1 calls on-eperm $fake device on ghost --sysroot ghost-off
FAKE_FAIL=ghost-off/dev/sda2=22 calls on-einval $fake device on /dev/sda2 --sysroot ghost-off
FAKE_FAIL=ghost-off/dev/ghostswap=12 calls on-enomem $fake device on ghost --sysroot ghost-off
FAKE_FAIL=no-swap/dev/sda2=38 calls on-enosys $fake device on /dev/sda2 --sysroot no-swap
FAKE_FAIL=ghost-off/dev/sdb=16 calls on-partly $fake device on /dev/sda2 /dev/sdb --sysroot ghost-off
FAKE_FAIL="ghost-off/dev/sda2=12 ghost-off/dev/sdb=16" calls on-all-failed \
	$fake device on /dev/sda2 /dev/sdb --sysroot ghost-off
calls off-ghost $fake device off ghost --sysroot ghost-on
calls off-short-name $fake device off sda2 ./sdb --sysroot ghost-disk
calls off-all $fake device off --all --sysroot ghost-disk
calls off-all-none $fake device off --all --sysroot no-swap
calls off-no-series $fake device off ghost --sysroot zram-disk
FAKE_FAIL=ghost-on/dev/ghostswap=12 calls off-enomem $fake device off ghost --sysroot ghost-on
FAKE_FAIL=ghost-on/dev/ghostswap=4 calls off-eintr $fake device off ghost --sysroot ghost-on
FAKE_FAIL=ghost-on/dev/ghostswap=22 calls off-einval $fake device off ghost --sysroot ghost-on
FAKE_FAIL=ghost-disk/dev/sda2=12 calls off-all-partly $fake device off --all --sysroot ghost-disk
FAKE_FAIL=$'ghost-disk/old\tswap=2' calls off-deleted \
	$fake device off --all --sysroot ghost-disk
FAKE_SIGNAL=ghost-disk/var/swap\ file calls off-interrupted \
	$fake device off --all --sysroot ghost-disk
calls dry-run-on $fake --dry-run device on ghost --sysroot ghost-off
calls dry-run-on-flags $fake device on -p 7 -dpages /dev/sda2 --dry-run --sysroot ghost-off
calls dry-run-on-no-series $fake --dry-run device on ghost --sysroot no-swap
calls dry-run-off-all $fake device off --all --dry-run --sysroot ghost-disk
calls dry-run-resize $fake device resize 1G --dry-run --sysroot ghost-on
calls dry-run-resize-max $fake device resize ghost max --dry-run --sysroot ghost-on
is "dry run changes no limit" "$(cat ghost-on/proc/sys/vm/ghostswap_limit_mb)" 8384510
# --- cgroups
for tree in cgroup cgroup-base; do
	t "$tree.list" $swapadm cgroup list --sysroot $tree
	t "$tree.list-all" $swapadm cgroup list -a -O --sysroot $tree
	t "$tree.list.raw" $swapadm cgroup list -r -b --sysroot $tree
	t "$tree.list.json" $swapadm cgroup list -J --sysroot $tree
	t "$tree.show" $swapadm cgroup show shop/web --sysroot $tree
	t "$tree.show.json" $swapadm cgroup show -J /sys/fs/cgroup/shop/web/ --sysroot $tree
	t "$tree.show-root" $swapadm cgroup show / --sysroot $tree
done
t cgroup-depth $swapadm cgroup list --depth 1 -o cgroup,ghost --sysroot cgroup
t cgroup-depth-0 $swapadm cgroup list -d0 -o cgroup,ghost --sysroot cgroup
t cgroup-path $swapadm cgroup list -a -o cgroup,ghost-limit /shop --sysroot cgroup
t cgroup-path-below $swapadm cgroup list -o cgroup --sysroot cgroup shop
t cgroup-path-idle $swapadm cgroup list -o cgroup,disk --sysroot cgroup shop/idle
t cgroup-no-tree $swapadm cgroup list -o ghost,disk --sysroot cgroup
t cgroup-noheadings $swapadm cgroup list -n -b -o mem,cgroup --sysroot cgroup
t cgroup-columns $swapadm cgroup show shop -o zswap-max,ghost-ev-max --sysroot cgroup
t cgroup-list-columns $swapadm cgroup list -H
t cgroup-list-columns.json $swapadm cgroup show --list-columns -J

# What later kernels tell: zero pages, the highest use, events of its own
cg=sys/fs/cgroup
change cgroup cgroup-next $cg/shop/memory.swap.ghost.peak '45056000\n'
change cgroup cgroup-next $cg/shop/memory.swap.ghost.events 'max 7\nfail 9\n'
echo 'ghost_zero 17326080' >>cgroup-next/$cg/shop/memory.stat
t cgroup-next $swapadm cgroup show shop --sysroot cgroup-next
t cgroup-next-list $swapadm cgroup list -o +ghost-peak,ghost-ev-fail --sysroot cgroup-next

# auto is 0 beside swap.max 0, and the ancestors count
ghost_limits() { # TREE [PATH]
	$swapadm cgroup list -a -n -r -b -o cgroup,ghost-limit --sysroot "$@" | paste -sd' '
}
change cgroup cgroup-auto $cg/shop/memory.swap.max '0\n'
is "auto beside 0 above all" "$(ghost_limits cgroup-auto)" \
	"/ - /batch 0 /shop 0 /shop/db 0 /shop/idle 0 /shop/web 0"
is "auto beside 0 above the first" "$(ghost_limits cgroup-auto shop/web)" "/shop/web 0"
change cgroup-auto cgroup-auto $cg/shop/memory.swap.ghost.max 'max\n'
is "max beside 0" "$(ghost_limits cgroup-auto)" \
	"/ - /batch 0 /shop max /shop/db max /shop/idle 0 /shop/web 536870912"
change cgroup-auto cgroup-auto $cg/shop/memory.swap.ghost.max '1048576\n'
is "a lower limit above" "$(ghost_limits cgroup-auto)" \
	"/ - /batch 0 /shop 1048576 /shop/db 1048576 /shop/idle 0 /shop/web 1048576"
change cgroup cgroup-between $cg/shop/memory.swap.ghost.max '1073741824\n'
mkdir cgroup-between/$cg/shop/web/x
cp cgroup-between/$cg/shop/idle/cgroup.controllers cgroup-between/$cg/shop/web/x
echo max >cgroup-between/$cg/shop/web/x/memory.swap.ghost.max
is "a lower limit half-way up" "$(ghost_limits cgroup-between shop/web/x)" "/shop/web/x 536870912"
is "a lower limit above the first" "$(ghost_limits cgroup-auto shop/web)" "/shop/web 1048576"

# A parent stands in the tree for a child that swaps, whatever it said a moment before.
change cgroup cgroup-race $cg/shop/memory.swap.ghost.current '0\n'
sed -i 's/^zswapped .*/zswapped 0/' cgroup-race/$cg/shop/memory.stat
t cgroup-race $swapadm cgroup list -o cgroup,ghost --sysroot cgroup-race
for file in memory.swap.current memory.swap.ghost.current memory.stat; do
	change cgroup-base cgroup-one-$file $cg/x
	mkdir -p cgroup-one-$file/$cg/x
	case $file in
	memory.stat) echo zswapped 4096 ;;
	*) echo 4096 ;;
	esac >cgroup-one-$file/$cg/x/$file
	is "$file alone is swap" \
		"$($swapadm cgroup list -n -r -o cgroup --sysroot cgroup-one-$file | tail -1)" /x
done

change cgroup cgroup-bad $cg/shop/db/memory.swap.max 'much\n'
t cgroup-bad-limit $swapadm cgroup list --sysroot cgroup-bad
change cgroup cgroup-bad2 $cg/shop/db/memory.max 'auto\n'
t cgroup-bad-word $swapadm cgroup show shop/db --sysroot cgroup-bad2
change cgroup cgroup-bad3 $cg/shop/db/memory.stat 'zswap x\n'
t cgroup-bad-stat $swapadm cgroup list --sysroot cgroup-bad3
change cgroup cgroup-plain $cg/shop/web/cgroup.controllers 'pids\n'
t cgroup-no-controller $swapadm cgroup show shop/web --sysroot cgroup-plain
t cgroup-set-no-controller $swapadm cgroup set shop/web swap.max=0 --sysroot cgroup-plain
change cgroup cgroup-no-memory $cg/cgroup.controllers 'cpu pids memoryless\n'
t cgroup-no-memory $swapadm cgroup list --sysroot cgroup-no-memory
t cgroup-none $swapadm cgroup list --sysroot zram-disk
change zram-disk cgroup-v1 $cg
mkdir -p cgroup-v1/$cg/memory
t cgroup-v1.list $swapadm cgroup list --sysroot cgroup-v1
t cgroup-v1.show $swapadm cgroup show / -J --sysroot cgroup-v1
t cgroup-v1.set $swapadm cgroup set a swap.max=0 --sysroot cgroup-v1
cp -r cgroup cgroup-deep
deep=cgroup-deep/$cg
for _ in $(seq 40); do
	deep+=/d
	mkdir $deep
	echo 4096 >$deep/memory.swap.current
done
t cgroup-bounds $swapadm cgroup list -n -r -o disk --sysroot cgroup-deep
t cgroup-bounds-depth $swapadm cgroup list -n -r -o disk --depth 3 --sysroot cgroup-deep

t cgroup-gone $swapadm cgroup show shop/none --sysroot cgroup
t cgroup-file $swapadm cgroup list cgroup.controllers --sysroot cgroup
t cgroup-dots $swapadm cgroup show shop/../../x --sysroot cgroup
t usage-cgroup-verb $swapadm cgroup get
t usage-cgroup-list $swapadm cgroup list a b --sysroot cgroup
t usage-cgroup-depth $swapadm cgroup list --depth=-1
t usage-cgroup-show $swapadm cgroup show --sysroot cgroup
t help-cgroup $swapadm cgroup help
t help-cgroup-set $swapadm cgroup set --help

# --- device off --progress: the fake stops half-way, until it is told to go on
drained() { # USED: a /proc/swaps with that many KiB in use
	printf 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/sda2 partition 2097148 %d -2\n' "$1"
}
go_on() { # TREE: the device is gone then
	cp no-swap/proc/swaps "$1/proc/swaps.all"
	mv "$1/proc/swaps.all" "$1/proc/swaps.go"
}
half_way() { # DIR: a tree with a device to drain
	cp -r no-swap "$1"
	drained 262144 >"$1/proc/swaps"
	drained 131072 >"$1/proc/swaps.half"
	: >"$FAKE_LOG"
	: >"$tmp/progress"
}
seen() { # FILE TEXT: wait until it stands there
	for _ in $(seq 3000); do
		! grep -qF "$2" "$1" || return 0
		sleep 0.02
	done
	return 1
}
steady() { # what does not depend on time, each line once
	sed -E 's/[0-9.]+ s(, |$)/N s\1/; s/, [0-9.]+[KMG]\/s//; s/, [0-9a-z ]+ left//' "$tmp/progress" | uniq
}
progress() { # TREE OPTION…
	local tree=$1
	shift
	FAKE_DRAIN=$tree/proc/swaps exec $fake device off "$@" --sysroot "$tree"
}

half_way drain-lines
progress drain-lines --progress=0.02 sda2 >"$tmp/progress" 2>"$tmp/err" &
ok_or_not=0
seen "$tmp/progress" " 50%" || ok_or_not=1
go_on drain-lines
is "progress: half of it was seen" $ok_or_not 0
status=0
wait $! || status=$?
is "progress: status" $status 0
is "progress: lines" "$(steady)" "/dev/sda2: 0%, 0B of 256M
/dev/sda2: 50%, 128M of 256M
/dev/sda2: off, 256M moved in N s"
is "progress: no message" "$(cat "$tmp/err")" ""
is "progress: the call" "$(cat "$FAKE_LOG")" "swapoff drain-lines/dev/sda2 drains
swapoff drain-lines/dev/sda2 0"

# The third line that is not the first look has to wait for three intervals.
half_way drain-slow
since=$(date +%s%N)
progress drain-slow --progress=0.3 sda2 >"$tmp/progress" 2>"$tmp/err" &
for _ in $(seq 3000); do
	[ "$(grep -c ' 50%' "$tmp/progress")" -lt 3 ] || break
	sleep 0.02
done
took=$((($(date +%s%N) - since) / 1000000))
go_on drain-slow
wait $! || true
is "progress: one line an interval" "$([ $took -ge 900 ] || echo "three after $took ms")" ""

for signal in INT TERM; do
	half_way drain-$signal
	progress drain-$signal --progress=0.02 sda2 >"$tmp/progress" 2>"$tmp/err" &
	seen "$tmp/progress" " 50%" || true
	kill -$signal $!
	status=0
	wait $! || status=$?
	is "SIG$signal: status" $status 4
	is "SIG$signal: lines" "$(steady)" "/dev/sda2: 0%, 0B of 256M
/dev/sda2: 50%, 128M of 256M
/dev/sda2: stays on, 128M moved in N s"
	is "SIG$signal: message" "$(cat "$tmp/err")" \
		"swapadm: device off: drain-$signal/dev/sda2: cannot swap off: Interrupted system call"
	is "SIG$signal: the call did not return" "$(cat "$FAKE_LOG")" "swapoff drain-$signal/dev/sda2 drains"
done

# The device after the one at which it was cancelled is left alone.
half_way drain-two
progress drain-two --progress=0.02 sda2 /dev/sdb >"$tmp/progress" 2>"$tmp/err" &
seen "$tmp/progress" " 50%" || true
kill -INT $!
status=0
wait $! || status=$?
is "cancelled, two devices: status" $status 4
is "cancelled, two devices: one call" "$(cat "$FAKE_LOG")" "swapoff drain-two/dev/sda2 drains"

# Nor does the call go on when the one who looks at it is gone, or the call is killed.
half_way drain-kill
progress drain-kill --progress=0.02 sda2 >"$tmp/progress" 2>"$tmp/err" &
seen "$tmp/progress" " 50%" || true
child=$(cat /proc/$!/task/$!/children)
kill -KILL $!
wait $! 2>/dev/null || true
for _ in $(seq 3000); do
	[ -e "/proc/${child% }/cwd" ] || break
	sleep 0.02
done
is "SIGKILL ends the call too" "$([ -e "/proc/${child% }/cwd" ] && echo "it runs")" ""
half_way drain-late
go_on drain-late
mv drain-late/proc/swaps.go drain-late/proc/swaps.half
progress drain-late --progress=10 sda2 >"$tmp/progress" 2>"$tmp/err" &
for _ in $(seq 3000); do
	[ -e drain-late/proc/swaps.half ] || break
	sleep 0.02
done
kill -TERM $!
status=0
wait $! || status=$?
is "a signal that comes too late: status" $status 0
is "a signal that comes too late: lines" "$(steady)" "/dev/sda2: 0%, 0B of 256M
/dev/sda2: off, 256M moved in N s"
# Not to be known is not to be off.
half_way drain-blind
printf 'no such heading\n' >drain-blind/proc/swaps.half
progress drain-blind --progress=10 sda2 >"$tmp/progress" 2>"$tmp/err" &
for _ in $(seq 3000); do
	[ -e drain-blind/proc/swaps.half ] || break
	sleep 0.02
done
kill -TERM $!
status=0
wait $! || status=$?
is "cancelled, /proc/swaps is garbage: status" $status 4
is "cancelled, /proc/swaps is garbage: lines" "$(steady)" "/dev/sda2: 0%, 0B of 256M
/dev/sda2: stays on, 0B moved in N s"
half_way drain-oom
progress drain-oom --progress=0.02 sda2 >"$tmp/progress" 2>"$tmp/err" &
seen "$tmp/progress" " 50%" || true
kill -KILL "$(cat /proc/$!/task/$!/children)"
status=0
wait $! || status=$?
is "the call was killed: status" $status 4
is "the call was killed: messages" "$(cat "$tmp/err")" \
"swapadm: device off: drain-oom/dev/sda2: the process in swapoff(2) was killed (Killed), as when memory runs out
swapadm: device off: drain-oom/dev/sda2: cannot swap off: Interrupted system call"

# A parent that ignores SIGCHLD or SIGINT hands that down.
half_way drain-ignored
(
	trap '' CHLD INT
	progress drain-ignored --progress=0.02 sda2 >"$tmp/progress" 2>"$tmp/err"
) &
seen "$tmp/progress" " 50%" || true
kill -INT $!
status=0
wait $! || status=$?
is "signals were ignored before: status" $status 4

status=0
FAKE_FAIL=ghost-on/dev/ghostswap=12 $fake device off ghost --progress=10 --sysroot ghost-on \
	>"$tmp/progress" 2>"$tmp/err" || status=$?
is "progress, ENOMEM: status" $status 2
is "progress, ENOMEM: lines" "$(steady)" "/dev/ghostswap: 0%, 0B of 528M
/dev/ghostswap: stays on, 0B moved in N s"
is "progress, ENOMEM: message" "$(cat "$tmp/err")" \
	"swapadm: device off: ghost-on/dev/ghostswap: cannot swap off: Cannot allocate memory"
calls progress-not-listed $fake device off /dev/sdz --progress --sysroot ghost-on
calls progress-dry-run $fake device off ghost --progress --dry-run --sysroot ghost-on
t usage-progress $swapadm device off --progress=0 ghost
t help-device-off $swapadm device off --help

if command -v script >/dev/null; then
	half_way drain-tty
	FAKE_DRAIN=drain-tty/proc/swaps script -qefc \
		"stty cols 80; $fake device off sda2 --progress=0.02 --sysroot drain-tty" \
		"$tmp/progress" </dev/null >/dev/null &
	seen "$tmp/progress" " 50%" || true
	go_on drain-tty
	status=0
	wait $! || status=$?
	is "progress on a terminal: status" $status 0
	tr '\r' '\n' <"$tmp/progress" | sed 's/\x1b\[K//' >"$tmp/out"
	is "progress on a terminal: a half bar" \
		"$(grep -cE '^/dev/sda2: \[(#+) +\] 50%, 128M of 256M' <(grep -m1 ' 50%' "$tmp/out"))" 1
	is "progress on a terminal: the line is written over" \
		"$(grep -m1 -c $' 50%.*\033\[K\r' "$tmp/progress")" 1
	is "progress on a terminal: nothing is wider" "$(sed '/^Script/d' "$tmp/out" | awk 'length > 79')" ""
	is "progress on a terminal: the end" "$(grep -c '^/dev/sda2: off, 256M moved in' "$tmp/out")" 1

	half_way drain-ctrl-c
	status=0
	{
		seen "$tmp/progress" " 50%" || true
		printf '\003'
		sleep 1
	} | FAKE_DRAIN=drain-ctrl-c/proc/swaps script -qefc \
		"stty cols 80; exec $fake device off sda2 /dev/sdb --progress=0.02 --sysroot drain-ctrl-c" \
		"$tmp/progress" >/dev/null || status=$?
	is "Ctrl-C: status" $status 4
	is "Ctrl-C: one call" "$(cat "$FAKE_LOG")" "swapoff drain-ctrl-c/dev/sda2 drains"
	is "Ctrl-C: messages" "$(tr -d '\r' <"$tmp/progress" | grep '^swapadm')" \
"swapadm: device off: drain-ctrl-c/dev/sda2: cannot swap off: Interrupted system call
swapadm: device off: drain-ctrl-c/dev/sdb: cannot swap off: Interrupted system call"
else
	skip "progress on a terminal" "no script(1)"
fi

# --- cgroup set: all is checked, then written; the fake cuts files off as a cgroup does
limits() { # TREE: what there is now
	(cd "$1/$cg/shop" && paste -d' ' memory.swap.high memory.swap.max memory.zswap.max \
		memory.zswap.writeback memory.swap.ghost.max)
}
before=$(limits cgroup)
is "limits before" "$before" "max max max 1 auto"
refused() { # NAME COMMAND…: and nothing changes
	calls "$@"
	is "$1: no change" "$(limits cgroup)" "$before"
}
refused usage-set-none $fake cgroup set shop --sysroot cgroup
refused usage-set-no-value $fake cgroup set shop swap.max=0 zswap.max --sysroot cgroup
refused usage-set-key $fake cgroup set shop swap.max=0 swap.min=0 --sysroot cgroup
refused usage-set-key-part $fake cgroup set shop swap.ma=0 --sysroot cgroup
refused usage-set-twice $fake cgroup set shop swap.max=0 swap.max=1M --sysroot cgroup
refused usage-set-many $fake cgroup set shop $(seq -f "a%g=1" 65) --sysroot cgroup
refused usage-set-size $fake cgroup set shop swap.max=0 zswap.max=lots --sysroot cgroup
refused usage-set-empty $fake cgroup set shop swap.max= --sysroot cgroup
refused usage-set-range $fake cgroup set shop swap.max=0 zswap.max=99E --sysroot cgroup
refused usage-set-page $fake cgroup set shop swap.max=5000 --sysroot cgroup
refused usage-set-auto $fake cgroup set shop ghost.max=auto swap.max=auto --sysroot cgroup
refused usage-set-bool $fake cgroup set shop swap.max=0 zswap.writeback=yes --sysroot cgroup
refused usage-set-dots $fake cgroup set shop/.. swap.max=0 --sysroot cgroup
refused usage-set-table $fake cgroup set -J shop swap.max=0 --sysroot cgroup
refused set-gone $fake cgroup set shop/none swap.max=0 --sysroot cgroup
refused set-root $fake cgroup set / zswap.writeback=0 swap.max=0 --sysroot cgroup
refused dry-run-set $fake cgroup set shop swap.max=0 zswap.max=1.5G ghost.max=auto --dry-run \
	--sysroot cgroup
refused set-no-series $fake cgroup set shop swap.max=0 ghost.max=max --sysroot cgroup-base
is "set-no-series: nothing was written there" "$(cat cgroup-base/$cg/shop/memory.swap.max)" max
FAKE_FAIL=shop/memory.swap.max=22 refused set-einval $fake cgroup set shop swap.max=0 \
	zswap.max=0 --sysroot cgroup
FAKE_FAIL=shop/memory.zswap.max=12 refused set-rolled-back $fake cgroup set shop swap.max=0 \
	ghost.max=max zswap.max=1M swap.high=8K --sysroot cgroup
FAKE_FAIL="shop/memory.zswap.max=22 shop/memory.swap.max=16@2" calls set-partly \
	$fake cgroup set shop swap.max=0 ghost.max=max zswap.max=1M --sysroot cgroup
is "what set-partly leaves" "$(limits cgroup)" "max 0 max 1 auto"
calls set $fake cgroup set /sys/fs/cgroup/shop swap.high=4K swap.max=2G zswap.max=0.5M \
	zswap.writeback=0 ghost.max=max --sysroot cgroup
is "what set wrote" "$(limits cgroup)" "4096 2147483648 524288 0 max"
calls set-again $fake cgroup set shop swap.high=max swap.max=max ghost.max=auto --sysroot cgroup
is "what it wrote then" "$(limits cgroup)" "max max 524288 0 auto"
calls set-root-writeback $fake cgroup set / zswap.writeback=0 --sysroot cgroup
is "the root has that one" "$(cat cgroup/$cg/memory.zswap.writeback)" 0

unset FAKE_LOG

# --- resize writes the sysctl
limit=proc/sys/vm/ghostswap_limit_mb
change ghost-off sized $limit ''
t resize $swapadm device resize 3G --sysroot sized
is "resize wrote MiB" "$(cat sized/$limit)" 3072
change ghost-off sized $limit ''
t resize-ghost $swapadm device resize ghost 1.5T --sysroot sized
is "resize wrote 1.5T" "$(cat sized/$limit)" 1572864
change ghost-off sized $limit ''
t resize-max $swapadm device resize /dev/ghostswap max --sysroot sized
is "resize wrote the maximum" "$(cat sized/$limit)" 8384510
change ghost-off sized $limit ''
t resize-zero $swapadm device resize 0 --sysroot sized
is "resize leaves 0 to the kernel" "$(cat sized/$limit)" 0
change ghost-on drained $limit ''
t resize-below-use $swapadm device resize 64M --sysroot drained
is "resize below use is written" "$(cat drained/$limit)" 64
t resize-no-series $swapadm device resize 1G --sysroot zram-disk
change ghost-on no-sysctl $limit
t resize-no-sysctl $swapadm device resize 1G --sysroot no-sysctl
mkdir no-sysctl/$limit
t resize-refused $swapadm device resize 1G --sysroot no-sysctl
change ghost-on no-max sys/kernel/mm/swap/ghost/max_pages
t resize-no-max $swapadm device resize max --sysroot no-max

# --- garbage, and files that are missing
ghost=sys/kernel/mm/swap/ghost
change ghost-on bad-used $ghost/used_pages 'many\n'
t bad-used.list $swapadm device list --sysroot bad-used
t bad-used.stat $swapadm stat -J --sysroot bad-used
t bad-used.check $swapadm check --sysroot bad-used
t bad-used.resize $swapadm device resize 1G --sysroot bad-used
change ghost-on bad-overflow $ghost/limit_pages '4503599627370496\n'
t bad-overflow $swapadm device show ghost --sysroot bad-overflow
change ghost-on bad-digits $ghost/clusters '18446744073709551616\n'
t bad-digits $swapadm device show ghost --sysroot bad-digits
change ghost-on bad-enabled $ghost/enabled '2\n'
t bad-enabled $swapadm stat --sysroot bad-enabled
device=sys/kernel/mm/swap/device
change lower bad-lower ${device}2/lower_pages 'all\n'
t bad-lower $swapadm device list --sysroot bad-lower
change lower bad-direct ${device}1/direct_pages '4503599627370496\n'
t bad-direct $swapadm check --sysroot bad-direct
change lower bad-retired ${device}4/retired_pages '-1\n'
t bad-retired $swapadm device show sda2 --sysroot bad-retired
change lower bad-failing ${device}3/failing '2\n'
t bad-failing $swapadm device list -J --sysroot bad-failing
change lower bad-disk $ghost/disk_pages '4503599627370496\n'
t bad-disk $swapadm stat --sysroot bad-disk
# Which row a directory is about: never a guess.
slots() { # TREE: of each device, in pages of 4 KiB
	$swapadm device list -n -r -b -o name,lower,direct,retired,failing --sysroot "$1" |
		awk '{ for (i = 2; i < 5; i++) if ($i != "-") $i /= 4096; print }' | paste -sd' '
}
change lower some ${device}1/failing
change lower some ${device}2/path
change lower some ${device}3/retired_pages
change lower some ${device}4/path '/old\tswap'
change lower some ${device}9/path '/tmp/x\n'
change lower some ${device}10/path '/dev/loop3\n'
is "files of devices that are missing, or of others" "$(slots some)" "/dev/ghostswap - - - - /dev/sda2 8192 2048 0 - /dev/nvme0n1p3 - - - - /var/swap\\x20file 1536 0 - yes /old\\x09swap - - - - /tmp/x - - - - /tmp/x - - - - /dev/loop3 0 2 0 no"
change lower odd proc/swaps 'Filename\n/dev/ghostswap ghost 1 0 1\n/n\\012\\012 file 1 0 -1\n/n\\012 file 1 0 -2\n/n file 1 0 -3\n'
change odd odd ${device}1/path '/n\n'
change odd odd ${device}2/path '/n\n\n'
change odd odd ${device}3/path '/n\n\n\n'
change odd odd ${device}4/path '/dev/ghostswap\n'
is "names that end in newlines" "$($swapadm device list -n -r -o lower,prio --sysroot odd | paste -sd' ')" \
	"- 1 6M -1 40M -2 32M -3"
mkdir -p more/proc more/${device}{,5x,-6,7/path}
cp lower/proc/swaps more/proc
for number in '' 5x -6; do
	echo /dev/sda2 >more/${device}$number/path
	echo 1 >more/${device}$number/lower_pages
done
t path-is-directory $swapadm device list --sysroot more
rmdir more/${device}7/path
is "directories that are none of a device" "$($swapadm device list -n -r -o lower --sysroot more | sort -u)" -
rm -r more/sys/kernel/mm/swap
: >more/sys/kernel/mm/swap
is "no directory at all" "$($swapadm device list -n -r -o lower --sysroot more | sort -u)" -
# A device that is switched off while its files are read.
gone() { # FILE
	FAKE_FAIL="device2/$1=19" $fake device list -n -r -o name,lower,direct,retired,failing \
		--sysroot lower 2>&1 | sed -n '/nvme/s/^[^ ]* //p;/^swapadm/p'
}
is "gone before path was read" "$(gone path)" "- - - -"
is "gone before lower_pages was read" "$(gone lower_pages)" "- 0B 48K no"
is "gone before direct_pages was read" "$(gone direct_pages)" "40M - 48K no"
is "gone before failing was read" "$(gone failing)" "40M 0B 48K -"
is "other errors are errors" "$(FAKE_FAIL=device2/path=5 $fake check --sysroot lower 2>&1)" \
	"swapadm: check: cannot read lower/${device}2/path: Input/output error"
change ghost-on bad-swaps proc/swaps 'no such heading\n'
t bad-swaps $swapadm device list --sysroot bad-swaps
change ghost-on short-swaps proc/swaps 'Filename Type Size Used Priority\n/dev/sda2 partition 12\n'
t short-swaps $swapadm stat --sysroot short-swaps
change ghost-on binary-swaps proc/swaps 'Filename\0\0\n'
t binary-swaps $swapadm check --sysroot binary-swaps
change ghost-on no-swaps proc/swaps
t no-swaps.list $swapadm device list --sysroot no-swaps
t no-swaps.show $swapadm device show ghost --sysroot no-swaps
t no-swaps.off $swapadm device off --all --sysroot no-swaps
t no-swaps.stat $swapadm stat --sysroot no-swaps
t no-swaps.check $swapadm check --sysroot no-swaps
change ghost-on bad-meminfo proc/meminfo 'MemTotal: lots kB\n'
t bad-meminfo $swapadm stat --sysroot bad-meminfo
change ghost-on no-meminfo proc/meminfo
t no-meminfo $swapadm stat --sysroot no-meminfo
change ghost-on no-vmstat proc/vmstat
t no-vmstat $swapadm stat --sysroot no-vmstat
change ghost-on bad-vmstat proc/vmstat 'zswpin -3\n'
t bad-vmstat $swapadm check --sysroot bad-vmstat
change ghost-on bad-percent sys/module/zswap/parameters/max_pool_percent '\n'
t bad-percent $swapadm check --sysroot bad-percent
change zram-disk bad-mm_stat sys/block/zram0/mm_stat '12 34\n'
t bad-mm_stat $swapadm device list --sysroot bad-mm_stat
change zram-disk no-mm_stat sys/block/zram0/mm_stat
t no-mm_stat $swapadm device show zram0 --sysroot no-mm_stat
change ghost-on fewer $ghost/room_pages
change ghost-on fewer $ghost/metadata_bytes
change ghost-on fewer sys/module/zswap/parameters/shrinker_enabled
t fewer-files $swapadm stat -o slots,room,meta,meta/slot --sysroot fewer
t fewer-files.check $swapadm check --sysroot fewer
change ghost-on racy $ghost/zswap_pages '999999\n'
t more-parts-than-whole $swapadm stat -b -o used,zero,zswap,cached --sysroot racy
t no-sysroot $swapadm device list --sysroot /nonexistent
t sysroot-is-file $swapadm device list --sysroot ghost-on/proc/swaps
head -c 1048577 /dev/zero | tr '\0' x >big
change ghost-on too-big proc/swaps
cp big too-big/proc/swaps
t too-big $swapadm device list --sysroot too-big

# --- the rules of check, one by one (faults has most of them)
zswap=sys/module/zswap/parameters
ids() { $swapadm check -n -r -o severity,id --sysroot "$1" || true; }
rule() { # NAME TREE FINDINGS
	is "check: $1" "$(ids "$2")" "$3"
}
change ghost-on z-off $zswap/enabled 'N\n'
rule "ghost without zswap nor disk" z-off "error ghost-without-zswap"
change z-off z-off $ghost/limit_pages '1024\n'
rule "no limit is in reach then" z-off "error ghost-without-zswap
warning limit-below-use"
change ghost-disk z-off-disk $zswap/enabled 'N\n'
rule "ghost without zswap, with disk" z-off-disk "warning ghost-without-zswap
warning limit-out-of-reach"
change ghost-on z-none $zswap
rule "kernel without zswap" z-none "error ghost-without-zswap"
change no-swap z-alone $zswap/enabled 'Y\n'
rule "zswap without a device" z-alone "warning no-ghost-kernel
info no-swap
warning zswap-without-swap"
change zram-disk zram-only $zswap/enabled 'N\n'
rule "zram alone is fine" zram-only "warning no-ghost-kernel"
change ghost-on pool-zero $zswap/max_pool_percent '0\n'
rule "pool of 0 percent" pool-zero "error zswap-pool-zero"
change ghost-on pool-small $zswap/max_pool_percent '9\n'
rule "small pool" pool-small "warning zswap-pool-small"
change ghost-on pool-enough $zswap/max_pool_percent '10\n'
rule "pool of 10 percent is enough" pool-enough ""
change ghost-disk pool-disk $zswap/max_pool_percent '5\n'
rule "a disk makes up for a small pool" pool-disk "warning limit-out-of-reach"
change ghost-on shrinker $zswap/shrinker_enabled 'Y\n'
rule "shrinker without a disk" shrinker "info zswap-shrinker-idle"
change ghost-on swappiness proc/sys/vm/swappiness '0\n'
rule "swappiness 0" swappiness "warning swappiness-zero"
change ghost-on resume sys/power/resume '259:2\n'
rule "resume without a disk" resume "warning resume-without-disk"
change ghost-disk resume-disk sys/power/resume '259:2\n'
rule "resume with a disk" resume-disk ""
change ghost-on meminfo proc/sys/vm/ghostswap_in_meminfo '1\n'
rule "ghost in meminfo" meminfo "info ghost-in-meminfo"
change lower sound ${device}3/failing '0\n'
change lower sound ${device}3/retired_pages '0\n'
change lower sound ${device}2/retired_pages '0\n'
rule "errors of disks that are off" sound "info read-errors
info direct-slots"
change sound sound proc/vmstat 'swap_read_error 0\n'
change sound retired ${device}3/retired_pages '1\n'
rule "a slot is retired" retired "warning slots-retired
info direct-slots"
change sound failing ${device}3/failing '1\n'
change failing failing ${device}3/retired_pages '1025\n'
rule "a disk is failing" failing "error disk-failing
info direct-slots"
rule "slots used directly" sound "info direct-slots"
for number in 1 9 10; do change sound sound ${device}$number/direct_pages '0\n'; done
rule "all is below the ghost device" sound ""
change lower direct-off $ghost/enabled '0\n'
change direct-off direct-off proc/swaps "$(sed /ghost/d lower/proc/swaps | sed 's/\\/\\\\/g')\n"
rule "slots used directly, ghost is off" direct-off "info ghost-off
error disk-failing
warning slots-retired
info read-errors"
change sound two ${device}1/failing '1\n'
change two two ${device}2/failing '1\n'
change two two ${device}4/retired_pages '1\n'
change two two ${device}10/retired_pages '2\n'
t check-two-disks $swapadm check -o id,finding --sysroot two
change sound one-lost proc/vmstat 'swap_read_error 1\n'
t check-one-lost $swapadm check -n -o finding --sysroot one-lost
change ghost-on limited $ghost/limit_pages '1048576\n'
rule "limit within reach" limited ""
change ghost-on limited-far $ghost/limit_pages '1400000\n'
rule "limit out of reach" limited-far "warning limit-out-of-reach"
change ghost-on limited-use $ghost/limit_pages '131072\n'
rule "limit below use" limited-use "warning limit-below-use"
mkdir -p ghost-on/sys/fs/cgroup/b.slice
echo 0 >ghost-on/sys/fs/cgroup/b.slice/memory.swap.max
echo auto >ghost-on/sys/fs/cgroup/b.slice/memory.swap.ghost.max
rule "cgroup without swap" ghost-on "info cgroup-no-swap"
echo max >ghost-on/sys/fs/cgroup/b.slice/memory.swap.ghost.max
rule "cgroup that may use ghost" ghost-on ""
echo 8791795957760 >ghost-on/sys/fs/cgroup/b.slice/memory.swap.ghost.max
rule "cgroup with just the limit" ghost-on ""
echo 8791795957761 >ghost-on/sys/fs/cgroup/b.slice/memory.swap.ghost.max
rule "cgroup with more than the limit" ghost-on "info cgroup-limit-out-of-reach"
t check-cgroup-limit $swapadm check --sysroot ghost-on
rm -r ghost-on/sys/fs/cgroup/b.slice
deep=ghost-on/sys/fs/cgroup
for i in $(seq 40); do
	deep+=/d
	mkdir $deep
	echo 0 >$deep/memory.swap.max
	echo auto >$deep/memory.swap.ghost.max
done
t check-cgroup-bounds $swapadm check -o finding --sysroot ghost-on
rm -r ghost-on/sys/fs/cgroup/d
t info-alone-is-clean $swapadm check --sysroot meminfo

# --- rates come from the difference of two samples
lines() { # N: wait until the samples are N lines
	for _ in $(seq 1000); do
		[ "$(wc -l <"$tmp/moving")" -lt "$1" ] || return 0
		sleep 0.02
	done
}
cp -r ghost-on moving
: >"$tmp/moving"
$swapadm stat -w0.2 -r -n -b -o zswpout,zswpout/s,zswpin/s --sysroot moving >"$tmp/moving" &
lines 2
sed 's/^zswpout .*/zswpout 151584/; s/^zswpin .*/zswpin 19999/' moving/proc/vmstat >"$tmp/vmstat"
mv "$tmp/vmstat" moving/proc/vmstat
lines $(($(wc -l <"$tmp/moving") + 2))
kill $!
wait $! 2>/dev/null || true
is "first sample has no rates" "$(sed -n 1p "$tmp/moving")" "150560 - -"
is "nothing moved: rates are 0" "$(sed -n 2p "$tmp/moving")" "150560 0 0"
read -r rate back <<<"$(sed -n '/^151584 /{s/^[0-9]* //p;q}' "$tmp/moving")"
# 1024 pages in a fifth of a second are 20 MB/s; how late the machine is cannot be known.
# The arithmetic itself has a unit test.
if [ "${rate:-0}" -gt 20000 ] && [ "$rate" -lt 200000000 ]; then
	ok "rate of what moved"
else
	not_ok "rate of what moved" "$rate bytes/s for 4 MiB in about 0.2 s"
fi
is "a counter that went back has no rate" "$back" -

: >"$tmp/moving"
cp lower/proc/vmstat moving/proc/vmstat
$swapadm stat -w0.2 -r -n -b -o write-err,write-err/s,read-err/s,retired/s --sysroot moving >"$tmp/moving" &
lines 2
sed 's/^swap_write_error .*/swap_write_error 5136/; s/^swap_read_error .*/swap_read_error 2051/
	s/^swap_slot_retired .*/swap_slot_retired 2061/' moving/proc/vmstat >"$tmp/vmstat"
mv "$tmp/vmstat" moving/proc/vmstat
lines $(($(wc -l <"$tmp/moving") + 2))
kill $!
wait $! 2>/dev/null || true
# 4096, 2048 and 1024 of them, in a time that cannot be known.
is "rates of errors" "$(awk '$1 == 5136 { print int($2 / $4 + 0.5), int($3 / $4 + 0.5), ($4 > 10000); exit }' "$tmp/moving")" "4 2 1"

# --- a terminal: text is wrapped between words
if command -v script >/dev/null; then
	script -qc "stty cols 90; $swapadm check --sysroot zram-disk" /dev/null </dev/null >"$tmp/tty"
	tr -d '\r' <"$tmp/tty" >"$tmp/out"
	is "nothing is wider than the terminal" "$(awk 'length > 90' "$tmp/out")" ""
	script -qc "stty cols 40; $swapadm check -n -o finding --sysroot zram-disk" /dev/null \
		</dev/null >"$tmp/tty"
	is "text wraps between words" "$(tr -d '\r' <"$tmp/tty" | sed 's/ *$//')" \
"this kernel has no ghost swap device
/dev/zram0 is a swap device beside
zswap: what zswap writes back is
compressed into memory again"
else
	skip "nothing is wider than the terminal" "no script(1)"
fi

# --- output that cannot be written
status=0
$swapadm device list --sysroot ghost-on >/dev/full 2>"$tmp/err" || status=$?
is "full disk: status" $status 1
is "full disk: message" "$(cat "$tmp/err")" \
	"swapadm: device list: cannot write the output: No space left on device"
status=0
timeout 20 $swapadm stat -w0.01 --sysroot ghost-on >/dev/full 2>"$tmp/err" || status=$?
is "full disk ends --watch" $status 1

# --- without privileges
if [ "$(id -u)" != 0 ]; then
	unprivileged=()
elif setpriv --reuid=65534 --regid=65534 --clear-groups "$swapadm" -V >/dev/null 2>&1; then
	unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups)
else
	unprivileged=(false)
fi
if [ "${unprivileged[*]}" = false ]; then
	skip "permissions" "setpriv cannot become nobody"
else
	cp -r ghost-on closed
	chmod 000 closed/$ghost/used_pages
	t eacces-read "${unprivileged[@]}" $swapadm device list --sysroot closed
	cp -r ghost-on closed-dir
	chmod 000 closed-dir/sys/kernel/mm/swap
	t eacces-dir "${unprivileged[@]}" $swapadm stat --sysroot closed-dir
	t eacces-on "${unprivileged[@]}" $swapadm device on ghost --sysroot closed-dir
	cp -r ghost-on closed-limit
	chmod 444 closed-limit/$limit
	cp -r cgroup closed-cgroup
	chmod 444 closed-cgroup/$cg/shop/memory.zswap.max
	chmod 666 closed-cgroup/$cg/shop/memory.swap.max
	t eacces-cgroup-set "${unprivileged[@]}" $swapadm cgroup set shop swap.max=0 zswap.max=0 \
		--sysroot closed-cgroup
	is "eacces-cgroup-set: nothing was written" "$(cat closed-cgroup/$cg/shop/memory.swap.max)" max
	t eacces-write "${unprivileged[@]}" $swapadm device resize 1G --sysroot closed-limit
	cp -r ghost-on closed-debug
	chmod 000 closed-debug/sys/kernel/debug
	t eacces-debugfs "${unprivileged[@]}" $swapadm stat --sysroot closed-debug
	t eperm-swapon "${unprivileged[@]}" $swapadm device on /dev/null --sysroot ghost-off
	chmod -R u+rwX closed closed-dir closed-debug
fi
if unshare -m true 2>/dev/null; then
	cp -r ghost-on read-only
	t erofs unshare -m sh -c 'mount --bind read-only read-only && mount -o remount,bind,ro read-only &&
		exec "$@"' - $swapadm device resize 1G --sysroot read-only
else
	skip erofs "no mount namespaces here"
fi

tap_end
