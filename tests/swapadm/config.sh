#!/usr/bin/env bash
# swapadm config on captured trees: which files count, what is refused, what is written, and
# what is undone, against golden files. UPDATE=1 writes those anew.
# shellcheck disable=SC2086 # the paths of the programs and of mktemp have no blanks
set -euo pipefail
shopt -s inherit_errexit

. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/golden.sh"
export FAKE_LOG
sw=sys/kernel/mm/swap
cg=sys/fs/cgroup

# conf TREE DIR NAME TEXT: a file of the configuration; TREE is made from "tiers"
conf() {
	[ -d "$1" ] || cp -r tiers "$1"
	mkdir -p "$1/$2/swapadm"
	printf '%b' "$4" >"$1/$2/swapadm/$3"
}
show() { # TREE
	$swapadm config show -n -r -o section,key,value,file,line --sysroot "$1" 2>&1
}

# --- which files count
conf merge usr/lib 10-vendor.conf '[ghost]\nlimit = 8G\nenable = yes\n[zswap]\nenable = yes\n'
conf merge usr/lib 50-masked.conf '[zswap]\ncompressor = lzo\n'
conf merge usr/lib 60-empty.conf '[zswap]\nshrinker = yes\n'
conf merge run 10-vendor.conf '[ghost]\nlimit = 9G\n'
conf merge run 20-run.conf '[compaction]\nproactiveness = 5\n[ghost]\nlimit = 10G\n'
conf merge etc 05-first.conf '[ghost]\nlimit = 1G\nin-meminfo = yes\n'
conf merge etc 20-run.conf.bak 'garbage\n'
conf merge etc .hidden.conf 'garbage\n'
conf merge etc conf 'garbage\n'
conf merge etc 60-empty.conf ''
ln -s /dev/null merge/etc/swapadm/50-masked.conf
t config-show $swapadm config show --sysroot merge
t config-show.json $swapadm config show -J --sysroot merge
t config-show-list-columns $swapadm config show -H
conf merge etc 10-vendor.conf '[ghost]\nlimit = 11G\n'
is "/etc before /run before /usr/lib, of the same name" "$(show merge | paste -sd' ')" \
	"ghost limit 10G merge/run/swapadm/20-run.conf 4 ghost in-meminfo yes merge/etc/swapadm/05-first.conf 3 compaction proactiveness 5 merge/run/swapadm/20-run.conf 2"
conf merge etc 99-last.conf '[ghost]\nlimit =\n'
is "an empty value takes a setting back" "$(show merge | grep -c limit || true)" 0
conf merge etc zz.conf '[tier a]\npriority = 5\n[ghost]\n# a comment\n; one more\n   limit : 2G ; to the end\n\n[tier a]\nwatermark-high=90\nwatermark-low = 10\n'
is "comments, blanks, colons, a section twice" "$(show merge | grep zz.conf | paste -sd' ')" \
	"ghost limit 2G merge/etc/swapadm/zz.conf 6 tier\\x20a priority 5 merge/etc/swapadm/zz.conf 2 tier\\x20a watermark-high 90 merge/etc/swapadm/zz.conf 9 tier\\x20a watermark-low 10 merge/etc/swapadm/zz.conf 10"
is "no file at all" "$($swapadm config show --sysroot tiers; $swapadm config diff --sysroot tiers; $swapadm config apply --sysroot tiers; echo $?)" 0
change merge not-readable etc/swapadm/zz.conf
mkdir not-readable/etc/swapadm/zz.conf
t config-directory $swapadm config show --sysroot not-readable

# --- what is refused: nothing is changed, each line is told
conf wrong etc a.conf 'limit = 1G\n[ghost]\nlimit = 1G\nlimit = 2G\nsize = 3\nno such line\n[ghosts]\nlimit = 4G\n[ghost now]\n[tier]\n[tier fast\npriority = 1\n[tier fast] x\n'
conf wrong etc b.conf '[ghost]\nenable = maybe\nlimit = 1500K\nlimit = 0\n[zswap]\ncompressor = a b\nmax-pool-percent = 101\nshrinker = 2\n[compaction]\nproactiveness = -1\n'
conf wrong etc c.conf '[tier zs/wap]\npriority = 1\n[tier sixteen_letters_]\npriority = 1\n[tier a]\npriority = 32768\n[device sda2]\nenable = yes\n[device /dev/ghostswap]\nenable = yes\n[device /dev/sda2]\npriority = -1\ndiscard = often\nif-missing = maybe\n[device /dev/sdb]\n[cgroup a/../..]\nswap.max = 0\n[cgroup shop]\nswap.max = auto\ntier.fast = 1000\ntier. = 0\nswap.current = 5\nzswap.writeback = yes\nif-missing = create\n'
calls config-wrong $fake config apply --sysroot wrong
calls config-wrong-check $fake config check --sysroot wrong
printf '[ghost]\nlimit = 1G\n\0\n[x]\n' >wrong/nul.conf
t config-check-file $swapadm config check /nul.conf --sysroot wrong
printf '[ghost]\nlimit = %0300d\n[x]\n' 1 >wrong/long.conf
t config-check-long $swapadm config check /long.conf --sysroot wrong
printf '[ghost]\nlimit = 1G\a\n' >wrong/control.conf
t config-check-control $swapadm config check /control.conf --sysroot wrong
printf '\xef\xbb\xbf[ghost]\nlimit = 1G\n' >wrong/bom.conf
t config-check-bom $swapadm config check /bom.conf --sysroot wrong
printf '[ghost]\r\nlimit = 1G\r\n[compaction]' >wrong/crlf.conf
t config-check-crlf $swapadm config check /crlf.conf --sysroot wrong
printf '[ghost]\nlimit = 1G' >wrong/good.conf
t config-check-good $swapadm config check /good.conf --sysroot wrong
t config-check-none $swapadm config check /none.conf --sysroot wrong
conf together etc a.conf '[tier a]\npriority = 5\n[tier b]\npriority = 5\n[tier c]\nwatermark-high = 90\nwatermark-low = 80\n[tier d]\npriority = 7\nwatermark-low = 3\n[tier e]\npriority = 8\nwatermark-low = 60\nwatermark-high = 50\n[tier zswap]\npriority = 100\n[cgroup shop]\ntier.a = 0\ntier.zswap = 0\ntier.fast = 0\n'
t config-together $swapadm config check --sysroot together
for i in $(seq 32); do printf '[tier t%d]\npriority = %d\n' "$i" "$i"; done >wrong/many.conf
t config-check-many $swapadm config check /many.conf --sysroot wrong
sed -i 1,2d wrong/many.conf
is "31 tiers are not too many" "$($swapadm config check /many.conf --sysroot wrong; echo $?)" 0

# --- what this kernel has not
unsupported() { # NAME TREE FILE TEXT
	conf "$2-$1" etc a.conf "[compaction]\nproactiveness = 7\n$4"
	change "$2-$1" "$2-$1" "$3"
	calls "config-no-$1" $fake config apply --sysroot "$2-$1"
}
for kind in tiers ghost; do cp -r tiers "no-$kind"; done
unsupported tiers tiers $sw/tiers '[tier a]\npriority = 5\n'
unsupported watermark tiers $sw/tier/zswap/watermark_low '[tier zswap]\nwatermark-high = 9\nwatermark-low = 8\n'
unsupported ghost tiers $sw/ghost '[ghost]\nenable = yes\n'
unsupported zswap tiers sys/module/zswap '[zswap]\nenable = no\n'
unsupported proactiveness tiers proc/sys/vm/swap_compaction_proactiveness ''
unsupported cgroups tiers $cg/cgroup.controllers '[cgroup shop]\nswap.max = 0\n'
unsupported limits tiers $cg/shop/memory.swap.tiers.max '[cgroup shop]\ntier.fast = 0\n'
unsupported max tiers $sw/ghost/max_pages '[ghost]\nlimit = max\n'
unsupported device tiers dev/sdb1 '[device /dev/sdb1]\npriority = 7\n'
unsupported cgroup tiers $cg/batch '[cgroup batch]\nswap.max = 0\n'
unsupported tier tiers none '[cgroup batch]\ntier.medium = 0\n'
conf skip etc a.conf '[cgroup none]\nif-missing = skip\nswap.max = 0\n[device /dev/sdz]\nif-missing = skip\n'
calls config-skip $fake config apply --sysroot skip

# --- all that there is
all='[zswap]\nenable = yes\ncompressor = zstd\nmax-pool-percent = 50\naccept-threshold-percent = 80\nshrinker = yes
[ghost]\nenable = yes\nlimit = 8G\nin-meminfo = yes
[tier zswap]\nwatermark-high = 70\nwatermark-low = 50
[tier fast]\npriority = 100\nwatermark-high = 95\nwatermark-low = 90
[tier medium]\npriority = 50\nwatermark-high = 60\nwatermark-low = 40
[tier cold]\npriority = -1
[device /dev/sdb1]\npriority = 60\ndiscard = once
[device /dev/sda2]\nenable = no
[device /dev/nvme0n1p3]\npriority = 100
[cgroup shop]\nswap.max = 1G\nzswap.writeback = 0\ntier.medium = 0\ntier.fast = 1G\ntier.cold = 64M
[cgroup batch]\nghost.max = max\ntier.zswap = 1M
[compaction]\nproactiveness = 20\n'
# The directory that comes with the tier in a kernel is there from the beginning here.
mkdir tiers/$sw/tier/medium
echo 100 | tee tiers/$sw/tier/medium/watermark_high >tiers/$sw/tier/medium/watermark_low
conf all etc all.conf "$all"
cp -r all all-before
t config-diff $swapadm config diff --sysroot all
t config-diff.json $swapadm config diff -J --sysroot all
t config-diff-list-columns $swapadm config diff -H
calls config-dry-run $fake config apply --dry-run --sysroot all
is "config --dry-run changes nothing" "$(diff -r all all-before)" ""
calls config-apply $fake config apply --sysroot all
# What the kernel has made of that: the fake only wrote it down.
printf 'zswap - -\nfast 100 32767\nmedium 50 99\ncold -1 49\n' >all/$sw/tiers
mv all/$sw/tier/slow all/$sw/tier/cold
sed -i '/sda2/d' all/proc/swaps
echo '/dev/sdb1 partition 1048572 0 60' >>all/proc/swaps
is "config diff after apply: nothing" "$($swapadm config diff --sysroot all; echo $?)" 0
: >"$FAKE_LOG"
$fake config apply --sysroot all
is "config apply again: no write" "$(cat "$FAKE_LOG")" ""

# --- tiers: new ones, those that move, take a place over, and go
tiers() { # NAME TEXT
	rm -rf plan
	conf plan etc a.conf "$2"
	is "tiers: $1" "$($swapadm config apply --dry-run --sysroot plan | sed -n 's/.*tiers", //p' | paste -sd' ')" "$3"
}
tiers "none in the files: left alone" '[ghost]\nin-meminfo = yes\n' ""
tiers "zswap alone: left alone" '[tier zswap]\nwatermark-high = 90\nwatermark-low = 80\n' ""
tiers "as they are" '[tier fast]\npriority = 100\n[tier slow]\npriority = -1\n' ""
tiers "a new one" '[tier fast]\npriority = 100\n[tier slow]\npriority = -1\n[tier x]\npriority = 7\n' '"+x:7")'
tiers "a rename" '[tier quick]\npriority = 100\n[tier slow]\npriority = -1\n' '"-fast +quick:100")'
tiers "two change names" '[tier fast]\npriority = -1\n[tier slow]\npriority = 100\n' '"-fast -slow +fast:-1 +slow:100")'
tiers "one moves" '[tier fast]\npriority = 200\n[tier slow]\npriority = -1\n' '"-fast +fast:200")'
tiers "one moves to the place of one that goes" '[tier fast]\npriority = -1\n' '"-fast -slow +fast:-1")'
tiers "one goes, last of all" '[tier fast]\npriority = 100\n[device /dev/sda2]\nenable = no\n' '"-slow")'
t config-tier-goes $swapadm config apply --dry-run --sysroot plan

# --- what a rename keeps, and a move does not
limits() { # NAME TEXT WANTED: on "shop", where fast has 1G
	rm -rf plan
	conf plan etc a.conf "$2"
	is "limits: $1" "$($swapadm config apply --dry-run --sysroot plan | sed -n 's/.*\(tiers.max\|watermark_.*\)", "/\1 /p' | paste -sd' ')" "$3"
}
limits "a rename keeps them" '[tier quick]\npriority = 100\nwatermark-high = 80\nwatermark-low = 60\n[cgroup shop]\ntier.quick = 1G\n' ''
limits "others after a rename" '[tier quick]\npriority = 100\nwatermark-high = 80\nwatermark-low = 50\n[cgroup shop]\ntier.quick = max\n' \
	'watermark_low 50") tiers.max quick max")'
limits "a tier that moves has none" '[tier fast]\npriority = 200\nwatermark-high = 80\nwatermark-low = 60\n[cgroup shop]\ntier.fast = 1G\n' \
	'watermark_low 60") watermark_high 80") tiers.max fast 1073741824")'
limits "a tier that moves, max" '[tier fast]\npriority = 200\n[cgroup shop]\ntier.fast = max\n' ''
limits "two change names" '[tier fast]\npriority = -1\n[tier slow]\npriority = 100\n[cgroup shop]\ntier.fast = max\ntier.slow = 1G\n' ''
limits "zswap while it is off" '[ghost]\nenable = yes\n[cgroup shop]\ntier.zswap = max\n' ''
change plan ghostless $sw/ghost/enabled '0\n'
change ghostless ghostless $sw/tiers 'fast 100 32767\nslow -1 99\n'
for f in ghostless/$cg/shop{,/db,/web,/idle}/memory.swap.tiers.*; do sed -i /zswap/d "$f"; done
t config-zswap-comes $swapadm config diff --sysroot ghostless
rm -r ghostless/$sw/tier/zswap
marks='[tier zswap]\nwatermark-high = 95\nwatermark-low = 92\n'
conf ghostless etc b.conf "$marks"
t config-zswap-watermarks $swapadm config apply --dry-run --sysroot ghostless
conf ghostless etc a.conf '[ghost]\nin-meminfo = no\n'
t config-zswap-watermarks-off $swapadm config apply --dry-run --sysroot ghostless

# --- the order of watermarks
marks() { # NAME HIGH LOW WANTED
	rm -rf plan
	conf plan etc a.conf "[tier zswap]\nwatermark-high = $2\nwatermark-low = $3\n"
	is "watermarks: $1" "$($swapadm config apply --dry-run --sysroot plan | sed 's/.*watermark_//' | paste -sd' ')" "$4"
}
marks "both the same" 90 80 ''
marks "one of them" 90 70 'low", "70")'
marks "up: the high one first" 99 95 'high", "99") low", "95")'
marks "down: the low one first" 70 60 'low", "60") high", "70")'
marks "just at the old low one" 80 60 'high", "80") low", "60")'

# --- devices
devices() { # NAME TEXT WANTED
	rm -rf plan
	conf plan etc a.conf "$2"
	is "devices: $1" "$($swapadm config apply --dry-run --sysroot plan | sed 's/plan//' | paste -sd' ')" "$3"
}
devices "on already" '[device /dev/sda2]\ndiscard = yes\n' ''
devices "on, whatever its priority" '[device /dev/sda2]\nenable = yes\n' ''
devices "another priority: off and on" '[device /dev/sda2]\npriority = 11\n' \
	'swapoff("/dev/sda2") swapon("/dev/sda2", SWAP_FLAG_PREFER | 11)'
devices "discard" '[device /dev/sdb1]\ndiscard = pages\n' 'swapon("/dev/sdb1", SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_PAGES)'
devices "discard of both kinds" '[device /dev/sdb1]\ndiscard = yes\n' 'swapon("/dev/sdb1", SWAP_FLAG_DISCARD)'
devices "no discard" '[device /dev/sdb1]\ndiscard = no\n' 'swapon("/dev/sdb1", 0)'
devices "a blank in its name" '[device /var/swap file]\nenable = off\n' 'swapoff("/var/swap file")'
devices "off already" '[device /dev/sdb1]\nenable = no\n' ''
devices "ghost off" '[ghost]\nenable = no\n' 'swapoff("/dev/ghostswap")'

# --- half-way: all of it is undone, or what stands is told
half() { # NAME FAIL
	rm -rf half
	conf half etc all.conf "$all"
	FAKE_FAIL=$2 calls "config-half-$1" $fake config apply --sysroot half
}
back() { # NAME: nothing is left of it; what is read after the name that was put back is the same
	rm -rf half/dev all-before/dev half/$sw/tier/medium all-before/$sw/tier/medium
	# Of tiers that came, and went again: the fake has no mind for that.
	find half -name memory.swap.tiers.max -exec sed -i '/^medium/d; /^cold max/d' {} +
	is "$1: all is as it was" "$(sort_limits half; sort_limits all-before; diff -r half all-before)" ""
	cp -r tiers/dev all-before/dev
	cp -r tiers/$sw/tier/medium all-before/$sw/tier/
}
sort_limits() { # the fake puts the line that is written last
	find "$1" -name memory.swap.tiers.max | while read -r f; do sort -o "$f" "$f"; done
}
half compressor vm/none=1
half tiers w:tiers=16
back "tiers refused"
half off half/dev/sda2=12
back "swapoff without memory"
half on half/dev/sdb1=22
half limit shop/memory.swap.tiers.max=34
half removal "ghostswap_limit_mb=22"
half partly "half/dev/sda2=12 shop/memory.swap.max=5@2"
half tiers-stay "half/dev/sda2=12 w:tiers=16@2"
rm -rf half
conf half etc a.conf '[tier fast]\npriority = 200\n[tier slow]\npriority = -1\n[compaction]\nproactiveness = 5\n'
FAKE_FAIL=swap_compaction_proactiveness=1 calls config-half-moved $fake config apply --sysroot half
rm -rf half
conf half etc all.conf "$all"
FAKE_SIGNAL=half/dev/sdb1 calls config-half-signal $fake config apply --sysroot half

# --- a file that cannot be written is found before anything is
if [ "$(id -u)" = 0 ] && ! setpriv --reuid=65534 --regid=65534 --clear-groups "$swapadm" -V >/dev/null 2>&1; then
	skip "permissions" "setpriv cannot become nobody"
else
	as=()
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	rm -rf half
	conf half etc all.conf "$all"
	chmod -R a+rwX half
	chmod 444 half/$cg/batch/memory.swap.ghost.max
	t config-eacces "${as[@]}" $swapadm config apply --sysroot half
	back "config-eacces"
fi

# --- devices that come late
rm -rf late
conf late etc a.conf '[device /dev/sdc]\npriority = 1\n'
: >"$FAKE_LOG"
$fake config apply --wait 60 --sysroot late >"$tmp/late" 2>&1 &
sleep 0.3
: >late/dev/sdc
status=0
wait $! || status=$?
is "config apply --wait" "$status $(cat "$tmp/late" "$FAKE_LOG")" "0 device /dev/sdc: off -> on, priority 1
swapon late/dev/sdc 0x8001"
rm late/dev/sdc
t config-wait-in-vain $swapadm config apply --wait 0.01 --sysroot late
t usage-config-apply $swapadm config apply x
t usage-config-show $swapadm config show x
t usage-config-diff $swapadm config diff x
t usage-config-wait $swapadm config apply --wait no
t help-config $swapadm config help
t help-config-apply $swapadm config apply --help

tap_end
