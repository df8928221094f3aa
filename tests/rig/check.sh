# TAP for the shell tests of rig that check by a command's exit status. Sourced; needs bash.
# shellcheck shell=bash

n=0 bad=0

# check NAME COMMAND...: ok when the command succeeds; otherwise what is in $work/out, if that is there
check() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		bad=$((bad + 1))
		echo "not ok $n - $name"
		[ ! -s "${work:-}/out" ] || tail -n 15 "$work/out" | cat -v | cut -c 1-200 | sed 's/^/# /'
	fi
}

# status COMMAND...: its exit status, on standard output; what it says is in $work/out
status() { local rc=0; "$@" >"$work/out" 2>&1 || rc=$?; echo $rc; }

check_end() {
	echo "1..$n"
	[ $bad = 0 ]
}
