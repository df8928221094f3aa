#!/usr/bin/env bash
# tier, demote, compact, device map, and tiers in cgroup, on captured trees, against golden
# files. UPDATE=1 writes those anew: look at the difference before a commit.
# shellcheck disable=SC2086 # the paths of the programs and of mktemp have no blanks
set -euo pipefail
shopt -s inherit_errexit

. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/golden.sh"
export FAKE_LOG

# The tree "tiers" was written by hand, with numbers that fit each other.
sw=sys/kernel/mm/swap
cg=sys/fs/cgroup

# --- tiers
t tier.list $swapadm tier list --sysroot tiers
t tier.list.json $swapadm tier list -J --sysroot tiers
t tier.list.raw $swapadm tier list -O -r -b --sysroot tiers
t tier.show $swapadm tier show slow --sysroot tiers
t tier.show-zswap $swapadm tier show zswap --sysroot tiers
t tier.show.json $swapadm tier show -J fast --sysroot tiers
t tier.show-none $swapadm tier show medium --sysroot tiers
t tier.list-columns $swapadm tier list -H
t tier-no-series $swapadm tier list --sysroot lower
t tier-no-series-add $swapadm tier add fast:100 --sysroot lower
t tier-no-series-watermark $swapadm tier watermark fast 90 80 --sysroot lower
change tiers tiers-none $sw/tiers ''
is "no tier is no error" "$($swapadm tier list --sysroot tiers-none; echo $?)" 0
change tiers tiers-two proc/swaps 'Filename\tType\tSize\tUsed\tPriority\n/dev/a partition 8 0 99\n/dev/ghostswap ghost 8 0 50\n/dev/b partition 8 0 -1\n/dev/c partition 8 0 -2\n/dev/d partition 8 0 100\n/dev/e partition 8 0 32767\n'
is "devices of a tier: both ends of its range, and no ghost device" \
	"$($swapadm tier list -n -r -o name,devices --sysroot tiers-two | paste -sd' ')" \
	"zswap - fast /dev/d,/dev/e slow /dev/a,/dev/b"
change tiers tiers-racy $sw/tier/slow
is "a tier that goes while it is read" "$($swapadm tier list -n -r -o name,used,high --sysroot tiers-racy | tail -1)" "slow - -"
is "a tier that has gone when it is read" "$(FAKE_FAIL=tier/slow/used=19 $fake tier list -n -r -o name,used,size --sysroot tiers | tail -1)" "slow - 2G"
is "other errors are errors" "$(FAKE_FAIL=tier/slow/used=5 $fake tier list --sysroot tiers 2>&1)" \
	"swapadm: tier list: cannot read tiers/$sw/tier/slow/used: Input/output error"

calls tier-add $fake tier add medium:50 --sysroot tiers
calls tier-add-two $fake tier add a:-32768 b:32767 --sysroot tiers
calls tier-add-dry-run $fake tier add medium:50 --dry-run --sysroot tiers
FAKE_FAIL=w:tiers=17 calls tier-add-eexist $fake tier add fast:7 --sysroot tiers
FAKE_FAIL=w:tiers=22 calls tier-add-einval $fake tier add x:-5 --sysroot tiers
FAKE_FAIL=w:tiers=28 calls tier-add-enospc $fake tier add x:5 --sysroot tiers
rm -rf tiers && cp -r "$here/trees/tiers" tiers
calls tier-remove $fake tier remove slow --sysroot tiers
rm -rf tiers && cp -r "$here/trees/tiers" tiers
calls tier-remove-two $fake tier remove slow fast --dry-run --sysroot tiers
calls tier-remove-none $fake tier remove fast medium --sysroot tiers
FAKE_FAIL=w:tiers=16 calls tier-remove-ebusy $fake tier remove fast --sysroot tiers
calls tier-watermark $fake tier watermark fast 70 50 --sysroot tiers
is "tier watermark: the high one first while that is above the old low one" "$(cat "$FAKE_LOG")" \
	"write tier/fast/watermark_high 70
write tier/fast/watermark_low 50"
calls tier-watermark-down $fake tier watermark fast 40% 30% --sysroot tiers
calls tier-watermark-up $fake tier watermark fast 90 85 --sysroot tiers
calls tier-watermark-same $fake tier watermark fast 85 85 --sysroot tiers
calls tier-watermark-off $fake tier watermark fast off --sysroot tiers
calls tier-watermark-dry-run $fake tier watermark zswap 50 10 --dry-run --sysroot tiers
FAKE_FAIL=w:tier/zswap/watermark_high=22 calls tier-watermark-einval \
	$fake tier watermark zswap 95 85 --sysroot tiers
FAKE_FAIL=w:tier/zswap/watermark_low=13 calls tier-watermark-rolled-back \
	$fake tier watermark zswap 95 85 --sysroot tiers
is "the other one is as it was" "$(cat tiers/$sw/tier/zswap/watermark_high)" 90
FAKE_FAIL="w:tier/zswap/watermark_low=13 w:tier/zswap/watermark_high=5@2" calls tier-watermark-partly \
	$fake tier watermark zswap 95 85 --sysroot tiers
t tier-watermark-none $swapadm tier watermark medium 9 8 --sysroot tiers
change tiers tiers-no-mark $sw/tier/zswap/watermark_low
t tier-watermark-no-file $swapadm tier watermark zswap 9 8 --sysroot tiers-no-mark
rm -rf tiers && cp -r "$here/trees/tiers" tiers
t usage-tier-verb $swapadm tier rename a b
t usage-tier-list $swapadm tier list fast --sysroot tiers
t usage-tier-show $swapadm tier show --sysroot tiers
t usage-tier-add-none $swapadm tier add --sysroot tiers
t usage-tier-add-word $swapadm tier add fast --sysroot tiers
t usage-tier-add-name $swapadm tier add fast/disk:1 --sysroot tiers
t usage-tier-add-empty $swapadm tier add :1 --sysroot tiers
t usage-tier-add-zswap $swapadm tier add zswap:1 --sysroot tiers
t usage-tier-add-long $swapadm tier add sixteen_letters_:1 --sysroot tiers
t usage-tier-add-prio $swapadm tier add a:32768 --sysroot tiers
t usage-tier-add-prio-low $swapadm tier add a:-32769 --sysroot tiers
t usage-tier-add-prio-word $swapadm tier add a:high --sysroot tiers
t usage-tier-remove-none $swapadm tier remove --sysroot tiers
t usage-tier-remove-zswap $swapadm tier remove slow zswap --sysroot tiers
t usage-tier-watermark $swapadm tier watermark fast 90 --sysroot tiers
t usage-tier-watermark-range $swapadm tier watermark fast 101 80 --sysroot tiers
t usage-tier-watermark-order $swapadm tier watermark fast 80 81 --sysroot tiers
t usage-tier-watermark-sign $swapadm tier watermark fast 80 %% --sysroot tiers
t help-tier $swapadm tier help
t help-tier-watermark $swapadm tier watermark --help

change tiers bad-tiers $sw/tiers 'fast 100\n'
t bad-tiers $swapadm tier list --sysroot bad-tiers
for text in 'zswap 0 1' 'fast 9 8' 'fast 1 2 3' 'fa/st 1 2' 'fast x 2' 'fast 1 2\nfast 3 4' \
	'sixteen_letters_ 1 2' 'fast - -'; do
	change tiers bad-tiers $sw/tiers "$text\n"
	is "a list of tiers with $text is refused" "$($swapadm tier list --sysroot bad-tiers 2>&1)" \
		"swapadm: tier list: cannot read bad-tiers/$sw/tiers: Not in the expected form"
done
change tiers bad-watermark $sw/tier/fast/watermark_low 'x\n'
t bad-watermark $swapadm tier show fast --sysroot bad-watermark

# --- cgroups
t cgroup-tiers $swapadm cgroup list -a -o cgroup,tiers,tiers-max,tiers-limit,no-swap --sysroot tiers
t cgroup-tiers.json $swapadm cgroup list -J -a -o cgroup,tiers,tiers-max --sysroot tiers
t cgroup-tiers.show $swapadm cgroup show shop/web --sysroot tiers
t cgroup-tiers.show.json $swapadm cgroup show -J shop -o tiers,tiers-max,tiers-limit,no-swap --sysroot tiers
is "bytes" "$($swapadm cgroup list -n -r -b -o tiers shop/db --sysroot tiers)" "zswap=20480000,fast=0,slow=4096"
calls cgroup-set-tier $fake cgroup set shop tier.fast=512M tier.slow=0 tier.zswap=max --sysroot tiers
rm -rf tiers && cp -r "$here/trees/tiers" tiers
calls cgroup-set-tier-dry-run $fake cgroup set shop swap.max=0 tier.fast=1.5G --dry-run --sysroot tiers
calls cgroup-set-tier-none $fake cgroup set shop swap.max=0 tier.medium=0 --sysroot tiers
calls cgroup-set-tier-root $fake cgroup set / tier.fast=0 --sysroot tiers
calls cgroup-set-tier-no-series $fake cgroup set shop tier.fast=0 --sysroot cgroup
FAKE_FAIL="shop/memory.swap.max=5" calls cgroup-set-tier-rolled-back \
	$fake cgroup set shop tier.fast=0 tier.slow=4K swap.max=0 --sysroot tiers
FAKE_FAIL="shop/memory.swap.max=5 shop/memory.swap.tiers.max=5@3" calls cgroup-set-tier-partly \
	$fake cgroup set shop tier.fast=0 tier.slow=4K swap.max=0 --sysroot tiers
rm -rf tiers && cp -r "$here/trees/tiers" tiers
t usage-set-tier-twice $swapadm cgroup set shop tier.fast=0 tier.fast=1M --sysroot tiers
t usage-set-tier-name $swapadm cgroup set shop tier.=0 --sysroot tiers
t usage-set-tier-odd $swapadm cgroup set shop tier.a/b=0 --sysroot tiers
t usage-set-tier-auto $swapadm cgroup set shop tier.fast=auto --sysroot tiers
t usage-set-tier-unit $swapadm cgroup set shop tier.fast=1000 --sysroot tiers
for text in 'fast' 'fast 1 2' 'fast x' 'fast 1\nfast 2' 'sixteen_letters_ 1' 'fast auto'; do
	change tiers bad-limits $cg/shop/memory.swap.tiers.max "$text\n"
	is "limits of tiers with $text are refused" "$($swapadm cgroup show shop --sysroot bad-limits 2>&1)" \
		"swapadm: cgroup show: cannot read bad-limits/$cg/shop/memory.swap.tiers.max: Not in the expected form"
done
change tiers bad-current $cg/shop/memory.swap.tiers.current 'fast max\n'
t bad-tiers-current $swapadm cgroup show shop --sysroot bad-current

# --- demotion
calls demote $fake demote shop fast 4M --sysroot tiers
rm -rf tiers && cp -r "$here/trees/tiers" tiers
t demote-dry-run $swapadm demote /shop/web zswap 64K --dry-run --sysroot tiers
FAKE_FAIL=shop/memory.swap.tiers.demote=11 calls demote-nothing $fake demote shop fast 4M --sysroot tiers
FAKE_FAIL=shop/memory.swap.tiers.demote=22 calls demote-lowest $fake demote shop slow 4M --sysroot tiers
FAKE_FAIL=shop/memory.swap.tiers.demote=4 calls demote-eintr $fake demote shop fast 4M --sysroot tiers
# What was moved is seen in memory.swap.tiers.current.
change tiers tiers-moved $cg/shop/memory.swap.tiers.current.after 'zswap 0\nfast 8187904\nslow 8192\n'
FAKE_FAIL=shop/memory.swap.tiers.demote=11 calls demote-partly $fake demote shop fast 4M --sysroot tiers-moved
t demote-no-tier $swapadm demote shop medium 4M --sysroot tiers
t demote-no-series $swapadm demote shop fast 4M --sysroot cgroup
t demote-root $swapadm demote / fast 4M --sysroot tiers
t demote-no-cgroup $swapadm demote shop/none fast 4M --sysroot tiers
t usage-demote $swapadm demote shop fast --sysroot tiers
t usage-demote-tier $swapadm demote shop 'fast slow' 4M --sysroot tiers
t usage-demote-size $swapadm demote shop fast much --sysroot tiers
t usage-demote-zero $swapadm demote shop fast 0 --sysroot tiers
t usage-demote-unit $swapadm demote shop fast 5000 --sysroot tiers
t help-demote $swapadm demote --help

# --- compaction
t compact.status $swapadm compact status --sysroot tiers
t compact.status.json $swapadm compact status -J --sysroot tiers
t compact.status-one $swapadm compact status -O -r sda2 --sysroot tiers
t compact.list-columns $swapadm compact status -H
t compact-no-series $swapadm compact status sda2 --sysroot lower
is "compact status of a kernel without it is empty" "$($swapadm compact status --sysroot lower; echo $?)" 0
t compact-ghost $swapadm compact status ghost --sysroot tiers
t compact-not-on $swapadm compact run /dev/sdz --sysroot tiers
calls compact-run $fake compact run sda2 --sysroot tiers
calls compact-run-order $fake compact run /dev/nvme0n1p3 --order 4 --sysroot tiers
calls compact-stop $fake compact stop sda2 --sysroot tiers
calls compact-run-dry-run $fake compact run "/var/swap file" --order=1 --wait --dry-run --sysroot tiers
calls compact-run-all $fake compact run --all --sysroot tiers
FAKE_FAIL=w:device1/compact=16 calls compact-run-ebusy $fake compact run nvme0n1p3 --sysroot tiers
FAKE_FAIL=w:device2/compact=22 calls compact-run-all-partly $fake compact run --all --sysroot tiers
FAKE_FAIL=w:device2/compact=1 calls compact-stop-eperm $fake compact stop sda2 --sysroot tiers
FAKE_FAIL=w:device2/compact=19 calls compact-run-enodev $fake compact run sda2 --sysroot tiers
calls compact-run-all-no-series $fake compact run --all --sysroot lower
calls compact-run-all-none $fake compact run --all --sysroot no-swap
t usage-compact-run $swapadm compact run --sysroot tiers
t usage-compact-run-all $swapadm compact run --all sda2 --sysroot tiers
t usage-compact-order $swapadm compact run sda2 --order 32 --sysroot tiers
t usage-compact-order-0 $swapadm compact run sda2 --order 0 --sysroot tiers
t usage-compact-wait $swapadm compact run sda2 --wait=0 --sysroot tiers
t usage-compact-stop $swapadm compact stop --sysroot tiers
t usage-compact-status $swapadm compact status a b --sysroot tiers
t help-compact-run $swapadm compact run --help
rm -rf tiers && cp -r "$here/trees/tiers" tiers

# --wait: the run goes on until the file says idle.
seen() { # FILE TEXT: wait until it stands there
	for _ in $(seq 3000); do
		! grep -qF "$2" "$1" || return 0
		sleep 0.02
	done
	return 1
}
put() { # TREE FILE TEXT: as a whole
	printf '%b' "$3" >"$1/x" && mv "$1/x" "$1/$sw/device1/$2"
}
steady() { # what does not depend on time, each line once
	sed -E 's/, [0-9.]+[KMG]\/s//; s/, [0-9a-z ]+ left//' "$tmp/progress" | uniq
}
wait_run() { # TREE OPTION…: in the background
	local tree=$1
	shift
	cp -r tiers "$tree"
	: >"$tmp/progress"
	: >"$FAKE_LOG"
	FAKE_SCORE=81 $fake compact run nvme0n1p3 "$@" --sysroot "$tree" >"$tmp/progress" 2>"$tmp/err" &
}
end_run() { # TREE SCORE
	put "$1" compact_score "4 20\n9 $2\n"
	put "$1" compact_stat 'scanned 200000\nmoved 5072\nfreed_clusters 114\nfailed_busy 19\nfailed_io 1\n'
	put "$1" compact 'idle\n'
}
wait_run run-lines --wait=0.02
seen "$tmp/progress" " 0%, " || true
put run-lines compact 'running 9 40\n'
seen "$tmp/progress" " 50%, " || true
end_run run-lines 9
status=0
wait $! || status=$?
is "compact --wait: status" $status 0
is "compact --wait: lines" "$(steady)" "/dev/nvme0n1p3: 0%, 0B of 3.2G
/dev/nvme0n1p3: 50%, 1.6G of 3.2G
/dev/nvme0n1p3: order 9: score 81 to 9, 2000 pages moved, 100 clusters freed, 8 pages not moved"
is "compact --wait: the file" "$(cat "$FAKE_LOG")" "write device1/compact start"
wait_run run-quiet --wait --order 4
seen "$FAKE_LOG" "start 4" || true
sleep 0.1
end_run run-quiet 9
status=0
wait $! || status=$?
is "compact --wait without a terminal: the end alone" "$status $(cat "$tmp/progress")" \
	"0 /dev/nvme0n1p3: order 4: score 38 to 20, 2000 pages moved, 100 clusters freed, 8 pages not moved"
for signal in INT TERM; do
	wait_run run-$signal --wait=0.02
	seen "$tmp/progress" " 0%, " || true
	kill -$signal $!
	status=0
	wait $! || status=$?
	is "compact --wait, SIG$signal: status" $status 4
	is "compact --wait, SIG$signal: it is stopped" "$(cat "$FAKE_LOG")" "write device1/compact start
write device1/compact stop"
	is "compact --wait, SIG$signal: which is said" "$(grep -c 'compaction was stopped$' "$tmp/err")" 1
done
wait_run run-gone --wait=0.02
seen "$tmp/progress" " 0%, " || true
cp no-swap/proc/swaps run-gone/swaps && mv run-gone/swaps run-gone/proc/swaps
status=0
wait $! || status=$?
is "compact --wait, the device is switched off: status" $status 1
is "compact --wait, the device is switched off: message" "$(cat "$tmp/err")" \
	"swapadm: compact run: /dev/nvme0n1p3: not a swap device that is on"
change tiers bad-compact $sw/device1/compact 'busy\n'
for text in busy 'running' 'running 4' 'running x 5' 'running 4 x' 'running 4 5 6' 'idle 4'; do
	change tiers bad-compact $sw/device1/compact "$text\n"
	is "a state of $text is refused" "$($swapadm compact status --sysroot bad-compact 2>&1)" \
		"swapadm: compact status: cannot read bad-compact/$sw/device1/compact: Not in the expected form"
done
change tiers bad-score $sw/device1/compact 'running 4 101\n'
t bad-compact-score $swapadm compact status --sysroot bad-score
is "scores that are for root alone are not known" \
	"$(FAKE_FAIL='device1/compact_score=13' $fake compact status nvme0n1p3 -n -r -o scores,moved --sysroot tiers)" "- 3072"
is "other errors of scores are errors" \
	"$(FAKE_FAIL='device1/compact_score=5' $fake compact status nvme0n1p3 --sysroot tiers 2>&1)" \
	"swapadm: compact status: cannot read tiers/$sw/device1/compact_score: Input/output error"
change tiers bad-scores $sw/device1/compact_score '4 max\n'
t bad-compact-scores $swapadm compact status --sysroot bad-scores

# --- maps
t map $swapadm device map nvme0n1p3 --sysroot tiers
t map-kinds $swapadm device map sda2 --sysroot tiers
t map-file $swapadm device map "/var/swap file" --sysroot tiers
t map.json $swapadm device map -J "/var/swap file" --sysroot tiers
t map.raw $swapadm device map sda2 -r --sysroot tiers
t map-columns $swapadm device map sda2 -n -o first,state --sysroot tiers
t map-list-columns $swapadm device map -H
t map-ghost $swapadm device map ghost --sysroot tiers
t map-not-on $swapadm device map /dev/sdz --sysroot tiers
t map-no-series $swapadm device map sda2 --sysroot lower
t usage-map $swapadm device map --sysroot tiers
change tiers bad-map $sw/device2/clusters '\1\0\0\0\2'
t bad-map $swapadm device map sda2 --sysroot bad-map
change tiers no-map $sw/device2/clusters ''
t map-empty $swapadm device map sda2 --sysroot no-map
if command -v script >/dev/null; then
	script -qc "stty cols 40; $swapadm device map sda2 --sysroot tiers" /dev/null </dev/null >"$tmp/tty"
	tr -d '\r' <"$tmp/tty" | sed 's/\x1b/<ESC>/g' >"$tmp/picture"
	t map-tty cat "$tmp/picture"
	script -qc "stty cols 64; NO_COLOR=1 $swapadm device map sda2 --sysroot tiers" /dev/null \
		</dev/null >"$tmp/tty"
	is "NO_COLOR" "$(tr -d '\r' <"$tmp/tty" | grep -c $'\x1b' || true)" 0
	is "as wide as the terminal" "$(tr -d '\r' <"$tmp/tty" | sed -n 2p | awk '{ print length }')" 64
else
	skip "map on a terminal" "no script(1)"
fi

# --- check
t tiers.check $swapadm check --sysroot tiers
ids() { $swapadm check -n -r -o severity,id --sysroot "$1" | grep -E 'tier' | paste -sd' ' || true; }
is "check: no device without a tier" "$(ids tiers-none)" "info cgroup-no-tier"
change tiers tiers-one $sw/tiers 'zswap - -\n'
is "check: zswap alone is no tier for devices" "$(ids tiers-one)" "info cgroup-no-tier"
change tiers tiers-allow $cg/batch/memory.swap.tiers.effective 'zswap 0\nfast 4096\nslow 0\n'
is "check: one tier is enough" "$(ids tiers-allow)" "warning device-without-tier"
change tiers-allow tiers-allow $sw/tiers 'all -32768 32767\n'
is "check: a tier for all" "$(ids tiers-allow)" ""

tap_end
