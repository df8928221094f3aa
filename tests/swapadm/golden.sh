# What the tests of whole commands share: captured trees in a directory of their own, golden
# files. Sourced, with tap.sh before it; $1 and $2 are swapadm and swapadm-fake. Needs bash.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154

here=$(cd "$(dirname "$0")" && pwd)
swapadm=$(realpath "$1")
fake=$(realpath "$2")
golden=$here/golden

if [ "$(getconf PAGESIZE)" != 4096 ]; then
	echo "1..0 # SKIP the captured trees are from machines with pages of 4096 bytes"
	exit 0
fi

export LC_ALL=C.UTF-8
unset COLUMNS FAKE_LOG FAKE_FAIL FAKE_SIGNAL
tmp=$(mktemp -d /tmp/swapadm-cli-XXXXXX)
trap 'chmod -R u+rwX "$tmp"; rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
# Others must be able to run them for the tests without privileges.
cp "$swapadm" "$tmp/swapadm"
cp "$fake" "$tmp/swapadm-fake"
cp -r "$here/trees" "$tmp/trees"
cd "$tmp/trees"
swapadm=$tmp/swapadm
fake=$tmp/swapadm-fake

# Run a command, print its output, messages and exit status as a golden file has them.
observe() {
	local status=0

	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
	echo "status $status"
	if [ -s "$tmp/err" ]; then
		echo "--- messages"
		cat "$tmp/err"
	fi
	if [ -s "$tmp/out" ]; then
		echo "--- output"
		cat "$tmp/out"
	fi
}

# t NAME COMMAND…: compare with golden/NAME
t() {
	local name=$1 difference
	shift

	observe "$@" >"$tmp/observed"
	if [ "${UPDATE:-}" ]; then
		mkdir -p "$golden"
		cp "$tmp/observed" "$golden/$name"
	fi
	if difference=$(diff -u "$golden/$name" "$tmp/observed" 2>&1); then
		ok "$name"
	else
		not_ok "$name" "$difference"
	fi
}

# change TREE NEW PATH [CONTENT]: copy a tree with one file different, or gone
change() {
	[ -d "$2" ] || cp -r "$1" "$2"
	rm -rf "${2:?}/$3"
	[ $# -lt 4 ] || printf '%b' "$4" >"$2/$3"
}

# To be exported by who uses calls()
FAKE_LOG=$tmp/log

# calls NAME COMMAND…: the golden file has the system calls too
calls() {
	local name=$1
	shift

	: >"$FAKE_LOG"
	t "$name" bash -c '"$@"; s=$?; cat "$FAKE_LOG"; exit $s' - "$@"
}
