#!/usr/bin/env bash
# Each allocation of a command fails once: that must end in exit status 2 or, where a
# library goes on without it, in the usual status, and never in a crash.
# shellcheck disable=SC2086 # commands are several words
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/tap.sh"
swapadm=$(realpath "$1")
preload=$(realpath "$2")
export LC_ALL=C.UTF-8
export FAIL_NTH FAIL_UNUSED
tmp=$(mktemp -d /tmp/swapadm-oom-XXXXXX)
trap 'rm -rf "$tmp"' EXIT
FAIL_UNUSED=$tmp/unused
cd "$here/trees" || exit 1

# starve STATUS COMMAND
starve() {
	local good=$1 command=$2 status out_of_memory=0 bad=''

	rm -f "$FAIL_UNUSED"
	for ((FAIL_NTH = 1; FAIL_NTH < 3000; FAIL_NTH++)); do
		status=0
		LD_PRELOAD=$preload $swapadm $command >/dev/null 2>"$tmp/err" || status=$?
		[ ! -e "$FAIL_UNUSED" ] || break
		case $status in
		"$good") ;;
		2)
			out_of_memory=$((out_of_memory + 1))
			grep -q 'Cannot allocate memory' "$tmp/err" || bad+=" $FAIL_NTH (no message)"
			;;
		*) bad+=" $FAIL_NTH (status $status)" ;;
		esac
	done
	if [ -n "$bad" ]; then
		not_ok "$command" "wrong at allocation$bad"
	elif [ "$FAIL_NTH" = 3000 ] || [ "$out_of_memory" -lt 10 ]; then
		not_ok "$command" "$out_of_memory of $FAIL_NTH ended for want of memory"
	else
		ok "$command"
	fi
}

# Two halves, so that none takes too long where the machine is slow.
case $3 in
base)
	starve 0 "device list --sysroot ghost-disk"
	starve 0 "device list -J -o +avail --sysroot ghost-disk"
	starve 0 "device show ghost --sysroot ghost-on"
	starve 0 "device off --all --dry-run --sysroot ghost-disk"
	starve 0 "cgroup list --sysroot cgroup"
	starve 0 "cgroup list -J --all --sysroot cgroup"
	starve 0 "cgroup show shop/db --sysroot cgroup-base"
	starve 0 "stat --watch=0.01 --count=2 --sysroot ghost-on"
	starve 0 "stat -J --sysroot zram-disk"
	starve 0 "device show sda2 --sysroot lower"
	starve 1 "check --sysroot lower"
	starve 1 "check --sysroot faults"
	starve 1 "check -J --sysroot faults"
	;;
tiers)
	cp -r tiers "$tmp/config"
	mkdir -p "$tmp/config/etc/swapadm" "$tmp/config/run/swapadm"
	printf '[ghost]\nlimit = 2G\n[tier zswap]\nwatermark-high = 70\nwatermark-low = 60\n' >"$tmp/config/run/swapadm/10.conf"
	printf '[tier quick]\npriority = 100\n[device /dev/sdb1]\npriority = 5\n[cgroup shop]\nswap.max = 0\ntier.quick = 4K\n' \
		>"$tmp/config/etc/swapadm/20.conf"
	starve 0 "tier list --sysroot tiers"
	starve 0 "tier show -J fast --sysroot tiers"
	starve 0 "cgroup list -J --all --sysroot tiers"
	starve 0 "cgroup set shop tier.fast=1G tier.slow=0 tier.zswap=0 --dry-run --sysroot tiers"
	starve 0 "compact status --sysroot tiers"
	starve 0 "device map sda2 --sysroot tiers"
	starve 0 "device map -J sda2 --sysroot tiers"
	starve 0 "config apply --dry-run --sysroot $tmp/config"
	starve 1 "config diff -J --sysroot $tmp/config"
	starve 0 "config show --sysroot $tmp/config"
	starve 1 "check --sysroot tiers"
	;;
esac

tap_end
