#!/bin/bash
# rig/scenarios/kselftest.awk: nested results of a kselftest, with and without a record of known failures.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d /tmp/test-rig-kselftest.XXXXXX)
trap 'rm -rf "$work"' EXIT
n=0 bad=0
cat >"$work/log" <<'EOF'
TAP version 13
1..1
# timeout set to 45
# selftests: mm: ksft_x.sh
# TAP version 13
# 1..3
# # -----
# # ok 1 deep one
# # not ok 2 deep two
# # # Totals: pass:1 fail:1
# # ok 3 # XFAIL deep three
# not ok 1 program # exit=1
# ok 2 other # SKIP no such device
# Killed
not ok 1 selftests: mm: ksft_x.sh # exit=137
EOF
printf 'mm:ksft_x.sh: deep two\t1 of 3\nmm:ksft_x.sh\t1 of 3\n' >"$work/known"
run() {
	awk -v test=mm:ksft_x.sh -v nr=4 -v known="$1" -v state="$work/count" -f "$top/rig/scenarios/kselftest.awk" "$work/log" >"$work/out"
}
is() { # NAME FILE
	n=$((n + 1))
	if diff "$2" - >"$work/diff"; then
		echo "ok $n - $1"
	else
		bad=$((bad + 1))
		echo "not ok $n - $1"
		sed 's/^/# /' "$work/diff"
	fi
}
run /dev/null
is "results are nested, and named after the test" "$work/out" <<'EOF'
# Subtest: mm:ksft_x.sh
# timeout set to 45
# selftests: mm: ksft_x.sh
# -----
        ok 1 mm:ksft_x.sh: deep one
        not ok 2 mm:ksft_x.sh: deep two
        ok 3 mm:ksft_x.sh:  # XFAIL deep three
    not ok 1 mm:ksft_x.sh: program # exit=1
    ok 2 mm:ksft_x.sh: other # SKIP no such device
# Killed
not ok 5 mm:ksft_x.sh # exit=137
EOF
is "one result, one failure" "$work/count" <<<"1 1"
run "$work/known"
grep 'ok' "$work/out" | grep -v '^#' >"$work/results"
is "a known failure is expected, and so is what only sums it up" "$work/results" <<'EOF'
        ok 1 mm:ksft_x.sh: deep one
        not ok 2 mm:ksft_x.sh: deep two # TODO known on the base kernel: 
        ok 3 mm:ksft_x.sh:  # XFAIL deep three
    not ok 1 mm:ksft_x.sh: program # TODO known on the base kernel: exit=1
    ok 2 mm:ksft_x.sh: other # SKIP no such device
not ok 5 mm:ksft_x.sh # TODO known on the base kernel: exit=137
EOF
is "no failure is left" "$work/count" <<<"1 0"
sed -i '/^mm:ksft_x.sh	/d' "$work/known"
run "$work/known"
is "but a test that was killed is known only by its own name" "$work/count" <<<"1 1"
sed 's/exit=137/exit=1/' "$work/log" >"$work/log2"
mv "$work/log2" "$work/log"
run "$work/known"
is "one that only failed is known by what failed in it" "$work/count" <<<"1 0"
# Another failure beside the known one: both the program and the test have failed, though the test's name is in the record.
sed -i 's/^# # ok 1 deep one/# # not ok 1 deep one/' "$work/log"
run "$work/known"
grep -E '^ *not ok' "$work/out" >"$work/results"
is "a new failure beside it is one, up to the top" "$work/results" <<'EOF'
        not ok 1 mm:ksft_x.sh: deep one
        not ok 2 mm:ksft_x.sh: deep two # TODO known on the base kernel: 
    not ok 1 mm:ksft_x.sh: program # exit=1
not ok 5 mm:ksft_x.sh # exit=1
EOF
is "counted" "$work/count" <<<"1 1"
echo "1..$n"
[ $bad = 0 ]
