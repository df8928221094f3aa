#!/bin/bash
# The power goes: QEMU is killed while its guest swaps to two disks, then rig itself is. Nothing is asked of the data; the host
# must be as before: no process, no scratch disk, no file but the results. Needs a kernel, the root image and QEMU, so it is no
# unit test: ci/check runs it after those are built. Usage: power-cut.sh RIG. Speaks TAP.
set -uo pipefail
rig=$1
work=$(mktemp -d /tmp/test-rig-power.XXXXXX)
driver=0
trap '[ $driver = 0 ] || kill -KILL $driver 2>/dev/null; rm -rf "$work"' EXIT
n=0 bad=0
check() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then echo "ok $n - $name"; else bad=$((bad + 1)); echo "not ok $n - $name"; fi
}
mkdir "$work/tmp"
export TMPDIR=$work/tmp
cat >"$work/p.ini" <<'EOP'
[plan]
name = power
[cell cut]
scenario = lower-load
memory = 384M
cpus = 2
deadline = 280
param.loops = 100000
param.size = 16M
disk.swap0 = size=64M
disk.swap1 = size=64M
EOP

# Its disks have been taken away and put back once: there was something on them.
swaps() { [ -e "$1/cut/console.log" ] && [ "$(grep -c "Adding .* swap on /dev/vd" "$1/cut/console.log")" -ge 3 ]; }
# The scratch disks have no name; what they hold is seen through their descriptors.
disk_blocks() {
	local f sum=0
	for f in "/proc/$1/fd"/*; do
		case $(readlink "$f") in "$work"/*'(deleted)') sum=$((sum + $(stat -L -c %b "$f"))) ;; esac
	done
	echo $sum
}
# begin DIR: a run of which $driver is rig and $qemu the machine, until it swaps
begin() {
	"$rig" run "$work/p.ini" --out "$1" >"$work/out" 2>&1 &
	driver=$!
	for ((i = 0; i < 1000; i++)); do
		if swaps "$1"; then break; fi
		[ -d /proc/$driver ] || break
		sleep 0.25
	done
	qemu=$(pgrep -P $driver -f "name cut")
	check "$2: the guest swaps" swaps "$1"
	# Without a process there is nothing to be killed, and 0 would be all of us.
	if [ -z "$qemu" ]; then
		echo "Bail out! there is no virtual machine"
		exit 1
	fi
	check "$2: to disks that hold something" test "$(disk_blocks "$qemu")" -gt 0
}
gone() {
	for ((i = 0; i < 40; i++)); do
		[ -d "/proc/$1" ] || return 0
		sleep 0.25
	done
	return 1
}
held() { find /proc/[0-9]*/fd -lname "$work/*" 2>/dev/null | grep -v "^/proc/$$/"; }
clean() { # DIR NAME
	check "$2: QEMU is gone" gone "$qemu"
	check "$2: no process has to do with it" test -z "$(pgrep -f "$work/p.ini")"
	check "$2: nobody holds a file of it" test -z "$(held)"
	check "$2: no file is left but results" test -z "$(cd "$1" && find . -type f | grep -vE \
		'^\./(cut/(console.log|channel.log|qemu.log|qemu.cmd|cell.ini|reproduce.sh)|result.json|junit.xml|results.ktap)$')"
	check "$2: no temporary file is left" test -z "$(ls -A "$work/tmp")"
}

begin "$work/one" "QEMU killed"
kill -KILL "$qemu"
rc=0
wait $driver || rc=$?
driver=0
check "QEMU killed: rig says so" test $rc = 1
check "QEMU killed: the cell is lost" grep -q '"verdict": "lost"' "$work/one/result.json"
clean "$work/one" "QEMU killed"

begin "$work/two" "rig killed"
kill -KILL $driver
wait $driver 2>/dev/null
driver=0
clean "$work/two" "rig killed"
check "rig killed: the result claims nothing" grep -q '"reason": "not finished"' "$work/two/result.json"
echo "1..$n"
[ $bad = 0 ]
