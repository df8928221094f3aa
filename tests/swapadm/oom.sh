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

tap_end
