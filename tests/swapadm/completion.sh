#!/usr/bin/env bash
# The bash completion, without a terminal: words as readline would split them go in,
# COMPREPLY comes out.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/tap.sh"
swapadm=$(realpath "$1")
. "$here/../../tools/swapadm/completion/swapadm"

# complete_words WORD…: what is offered for the last one, sorted, on one line
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_swapadm 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
}

c() { # NAME WANTED WORD…
	local name=$1 wanted=$2
	shift 2
	is "$name" "$(complete_words "$@")" "$wanted"
}

# The tree in which device names are looked up: a wrapper, as a user has no --sysroot there.
tmp=$(mktemp -d /tmp/swapadm-completion-XXXXXX)
trap 'rm -rf "$tmp"' EXIT
printf '#!/bin/sh\nexec %s --sysroot %s "$@"\n' "$swapadm" "$here/trees/ghost-disk" >"$tmp/swapadm"
chmod +x "$tmp/swapadm"
sw=$tmp/swapadm
cd "$tmp" || exit 1
mkdir files
touch 'files/swap one' files/swap2

is "swapadm is completed" "$(complete -p swapadm)" "complete -F _swapadm swapadm"
c "objects" "cgroup check compact config demote device stat tier" "$sw" ""
c "objects, one letter" "demote device" "$sw" d
c "nothing of that name" "" "$sw" x
c "verbs" "list map off on resize show" "$sw" device ""
c "verbs, one letter" "off on" "$sw" device o
c "devices to show" "/dev/ghostswap /dev/loop3 /dev/nvme0n1p3 /dev/sda2 ghost" "$sw" device show ""
c "devices to switch off" "/dev/sda2" "$sw" device off /dev/s
c "second device to switch off" "/dev/sda2" "$sw" device off ghost /dev/s
c "files to switch on" "files/swap one files/swap2" "$sw" device on files/
c "ghost to switch on" "ghost" "$sw" device on gh
c "resize" "ghost max" "$sw" device resize ""
c "resize ghost" "max" "$sw" device resize ghost ""
c "resize, size given" "" "$sw" device resize ghost 1G ""
c "device after --progress" "/dev/sda2" "$sw" device off --progress /dev/s
c "--progress= is a number" "" "$sw" device off --progress = ""
c "stat has no arguments" "" "$sw" stat ""
c "options of check" "--bytes --dry-run --help --json --list-columns --noheadings --output --output-all --raw --sysroot --version" "$sw" check --
c "options of a verb" "--discard --dry-run" "$sw" device on --d
c "no table options where there is no table" "" "$sw" device on --j
c "options before the object" "--noheadings" "$sw" --no
c "options after an option with argument" "--watch" "$sw" stat -o slots --w
c "object after an option with argument" "cgroup check compact config" "$sw" --sysroot /tmp c
c "object after --option=argument" "cgroup check compact config" "$sw" --sysroot = /tmp c
c "columns of stat" "ZERO ZEROIN ZEROIN/s ZEROOUT ZEROOUT/s" "$sw" stat -o ZER
c "columns in small letters" "POOL POOL% POOL-MAX" "$sw" stat -o pool
c "columns after a comma" "NAME,PRIO" "$sw" device list -o NAME,pr
c "columns with a plus" "+AVAIL" "$sw" device list -o +av
c "columns with a plus and a comma" "+AVAIL,STATE" "$sw" device list -o +AVAIL,st
c "columns with a rate" "IN/s" "$sw" stat -o in/s
c "columns of device" "DIRECT DISK" "$sw" device show -o di
c "columns after --output=" "ADVICE" "$sw" check --output = a
c "columns of no verb" "" "$sw" device -o ""
c "columns of no verb of cgroup" "" "$sw" cgroup -o ""
c "columns of cgroup" "SWAP-HIGH" "$sw" cgroup show -o swap-h
c "discard" "once pages" "$sw" device on --discard =
c "discard, one letter" "pages" "$sw" device on --discard = p
c "priority is a number" "" "$sw" device on -p ""
c "directories for --sysroot" "files" "$sw" --sysroot f

# Cgroups, in a tree of their own.
printf '#!/bin/sh\nexec %s --sysroot %s "$@"\n' "$swapadm" "$here/trees/cgroup" >"$sw"
c "verbs of cgroup" "list set show" "$sw" cgroup ""
c "cgroups" "/ /batch /shop /shop/db /shop/idle /shop/web" "$sw" cgroup show ""
c "cgroups below one" "/shop/web" "$sw" cgroup list /shop/w
c "one cgroup is enough" "" "$sw" cgroup list /shop ""
c "cgroup to set" "/batch" "$sw" cgroup set /b
c "levels are a number" "" "$sw" cgroup list -d ""
c "keys" "ghost.max= swap.high= swap.max= zswap.max= zswap.writeback=" "$sw" cgroup set /batch ""
c "keys, one letter" "zswap.max= zswap.writeback=" "$sw" cgroup set /batch z
c "keys that are left" "swap.high=" "$sw" cgroup set /batch swap.max = 0 sw
c "words of a limit" "max" "$sw" cgroup set /batch swap.max =
c "words of ghost.max" "auto max" "$sw" cgroup set /batch swap.max = 0 ghost.max =
c "words of ghost.max, one letter" "auto" "$sw" cgroup set /batch ghost.max = a
c "words of zswap.writeback" "0 1" "$sw" cgroup set /batch zswap.writeback =
printf '#!/bin/sh\nexec %s --sysroot %s "$@"\n' "$swapadm" "$here/trees/ghost-disk" >"$sw"

# Tiers, in a tree of their own.
printf '#!/bin/sh\nexec %s --sysroot %s "$@"\n' "$swapadm" "$here/trees/tiers" >"$sw"
c "verbs of tier" "add list remove show watermark" "$sw" tier ""
c "tiers" "fast slow zswap" "$sw" tier show ""
c "one tier is enough" "" "$sw" tier show fast ""
c "tiers that can be removed" "fast slow" "$sw" tier remove ""
c "tier for watermarks" "slow" "$sw" tier watermark s
c "watermarks off" "off" "$sw" tier watermark slow ""
c "watermarks are numbers" "" "$sw" tier watermark slow 90 ""
c "a new tier has any name" "" "$sw" tier add ""
c "columns of tier" "START" "$sw" tier list -o st
c "columns of no verb of tier" "" "$sw" tier -o ""
c "keys with tiers" "tier.fast= tier.slow= tier.zswap=" "$sw" cgroup set /batch ti
c "words of a tier" "max" "$sw" cgroup set /batch tier.fast =
c "cgroup to demote" "/shop/web" "$sw" demote /shop/w
c "tier to demote from" "fast slow zswap" "$sw" demote /shop ""
c "size to demote" "" "$sw" demote /shop fast ""
c "verbs of compact" "run status stop" "$sw" compact ""
c "device to compact" "/dev/nvme0n1p3 /dev/sda2" "$sw" compact run ""
c "device after --wait" "/dev/sda2" "$sw" compact run --wait /dev/s
c "device after an order" "/dev/sda2" "$sw" compact run --order 4 /dev/s
c "order is a number" "" "$sw" compact run --order ""
c "device to map" "/dev/nvme0n1p3 /dev/sda2" "$sw" device map ""
c "verbs of config" "apply check diff show" "$sw" config ""
c "files to check" "files/swap one files/swap2" "$sw" config check files/
c "nothing to apply" "" "$sw" config apply ""
printf '#!/bin/sh\nexec %s --sysroot %s "$@"\n' "$swapadm" "$here/trees/ghost-disk" >"$sw"

# Each verb that there is has options; so a new one cannot be forgotten here.
for words in "device list" "device show" "device on" "device off" "device resize" "device map" "tier list" \
	"tier show" "tier add" "tier remove" "tier watermark" "cgroup list" "cgroup show" "cgroup set" demote \
	"compact run" "compact status" "compact stop" "config apply" "config show" "config diff" "config check" \
	stat check; do
	# shellcheck disable=SC2086
	c "$words --help" "--help" "$sw" $words --he
done

# A name from /proc/swaps is text: nothing in it is run.
mkdir -p evil/proc
printf 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n%s file 1020 0 -2\n' \
	"/\$(touch\${IFS}$tmp/ran)" >evil/proc/swaps
printf '#!/bin/sh\nexec %s --sysroot %s "$@"\n' "$swapadm" "$tmp/evil" >"$sw"
c "odd names are offered as they are" "/\$(touch\${IFS}$tmp/ran) ghost" "$sw" device off ""
is "and are not run" "$(ls "$tmp/ran" 2>/dev/null)" ""

tap_end
