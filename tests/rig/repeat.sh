#!/bin/bash
# rig flaky, rig bisect and rig baseline against a QEMU that behaves as the file it boots says. Usage: repeat.sh RIG
# The kernel's file has words: "fail" (a test fails), "crash", "lost", "skip", "cost=N" (metric), "odd" (fails when its turn is odd),
# "tests" (a suite's nested results).
set -euo pipefail
rig=$1
work=$(mktemp -d /tmp/test-rig-repeat.XXXXXX)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/check.sh"
said() { grep -q -- "$1" "$work/out"; }

cat >"$work/qemu" <<'EOF'
#!/bin/bash
kernel= name=
while [ $# -gt 0 ]; do
	case $1 in -kernel) kernel=$2 ;; -name) name=$2 ;; esac
	shift
done
say() { printf '%s\n' "$*" >&4; }
text=$(tr -d '\0' <"$kernel")
say "@beat 1"
case $text in *lost*) exit 0 ;; esac
case $text in *skip*) say "@verdict skip no device"; exit 0 ;; esac
case $text in *crash*) printf 'BUG: kernel NULL pointer dereference, address: 0\r\n' >&3; exit 0 ;; esac
cost=${text#*cost=}
[ "$cost" = "$text" ] || say "@metric cost ${cost%%[!0-9]*} us"
if [[ $text = *odd* ]]; then
	turn=${name#*@}
	[ "$turn" != "$name" ] || turn=1
	[ $((turn % 2)) = 0 ] || text="fail"
fi
if [[ $text = *tests* ]]; then
	say "KTAP version 1"; say "    not ok 1 suite:a: one"; say "    ok 2 suite:a: two"; say "not ok 1 suite:a # exit=1"; say "    not ok 1 suite:k: one"; say "not ok 2 suite:k # exit=137"
	say "not ok 2 suite:b # because of 3"; say "ok 3 suite:c"; say "@verdict fail"; exit 0
fi
case $text in *fail*) say "not ok 1 it works"; say "@verdict fail it does not work"; exit 0 ;; esac
say "ok 1 it works"
say "@verdict pass"
EOF
chmod +x "$work/qemu"
top=$work/top
mkdir -p "$top"/rig/{plans,scenarios} "$top"/build/host/rig/guest "$top"/build/kernels/{release,base} "$top"/ci
printf agent >"$top/build/host/rig/guest/agent"
echo release >"$top/build/kernels/release/bzImage"
export RIG_ROOT=$top RIG_QEMU=$work/qemu GIT_CONFIG_GLOBAL=/dev/null
unset RIG_BUILD
printf '[defaults]\nscenario = x\nroot = no\nmemory = 32M\ndeadline = 60\nseed = 5\n[cell one]\n[cell two]\nparam.known = base\n' >"$work/p.ini"
rig() { status "$rig" "$@" --accel tcg; }

# --- flaky ---
check "flaky: what never fails: 0" test "$(rig flaky "$work/p.ini" one --times 6 --out "$work/f1")" = 0
check "the bound of nothing in 6" said 'one: 0 of 6 runs failed; the rate is between 0.00 % and 39.30 %'
check "so many runs were made" test "$(grep -c '"id": "' "$work/f1/result.json")" = 6
echo odd >"$top/build/kernels/release/bzImage"
check "flaky: what fails at times: 1" test "$(rig flaky "$work/p.ini" one --times 6 --out "$work/f2")" = 1
check "half of them" said 'one: 3 of 6 runs failed; the rate is between 11.81 % and 88.19 %'
check "in one way" said '^  3 x fail: it does not work$'
check "as many runs as the confidence asks for" test "$(rig flaky "$work/p.ini" one -p 75 -r 50 --out "$work/f3")" = 1
check "two" said 'one: 1 of 2 runs failed'
check "seeds: another in each" test "$(rig flaky "$work/p.ini" one --times 3 --seeds --out "$work/f4")" = 1
check "counted up" test "$(sed -n 's/ *"seed": \(.*\),/\1/p' "$work/f4/result.json" | tr '\n' ' ')" = "5 6 7 "
check "two cells: 16" test "$(rig flaky "$work/p.ini" '*')" = 16
check "a silly confidence: 16" test "$(rig flaky "$work/p.ini" one -p 100)" = 16

# --- bisect: nine commits; the sixth fails, the fourth does not build, cost rises with the eighth ---
tree=$work/tree
git init -q "$tree"
git -C "$tree" config user.name t
git -C "$tree" config user.email t@localhost
commit() { # NUMBER WORDS
	echo "$2" >"$tree/kernel"
	echo "$1" >"$tree/number"
	git -C "$tree" add -A
	git -C "$tree" commit -qm "commit $1"
}
for i in 1 2 3 4 5 6 7 8 9; do
	words="cost=$((100 + i))"
	[ $i -lt 3 ] && words=skip
	[ $i -eq 4 ] && words=broken
	[ $i -ge 6 ] && words+=" fail"
	commit $i "$words"
done
first=$(git -C "$tree" rev-list --max-parents=0 HEAD)
build='! grep -q broken "$TREE/kernel" && cp "$TREE/kernel" "$OUT/bzImage"'
bisect() { rm -rf "$work/b"; rig bisect "$work/p.ini" one --tree "$tree" --build "$build" --out "$work/b" "$@"; }
check "bisect: found: 0" test "$(bisect --good "$first")" = 0
check "it is the sixth" said '^    commit 6$'
check "and says what it changes" said ' kernel | 2 '
check "what was skipped counts as good" said "^== ${first:0:12} good: skip"
check "in few steps" test "$(find "$work/b" -name bzImage | wc -l)" -le 6
check "the tree is as it was" test -z "$(git -C "$tree" status --porcelain)"
check "its branch, too" test "$(git -C "$tree" log -1 --format=%s)" = "commit 9"
check "bisect: a good end that is bad: 1" test "$(bisect --good HEAD~1)" = 1
check "is said" said 'should be good, and is bad: fail: it does not work'
check "bisect: a bad end that is good: 1" test "$(bisect --good "$first" --bad HEAD~6)" = 1
check "bisect: the wrong way round: 16" test "$(bisect --good HEAD --bad "$first")" = 16
check "bisect: no such commit: 16" test "$(bisect --good nonsense)" = 16
# Only what does not build lies between good and bad.
check "bisect: too much cannot be tried: 1" test "$(bisect --good HEAD~6 --bad HEAD~3)" = 0
commit 10 "cost=200"; commit 11 broken; commit 12 lost; commit 13 "cost=300"
check "bisect: a metric, above a limit" test "$(bisect --metric cost --above 250 --good HEAD~3)" = 1
check "says what may be it" said "only 'skip'ped commits left"
commit 14 "cost=303"; commit 15 "cost=306"; commit 16 "cost=340"; commit 17 "cost=341"
check "bisect: slower than the good end" test "$(bisect --metric cost --slower 10 --good HEAD~4)" = 0
check "it is the 16th" said '^    commit 16$'
commit 18 "fail"; commit 19 "crash"
fingerprint=$(rm -rf "$work/c"; "$rig" run "$work/p.ini" one --accel tcg --kernel "$tree/kernel" --out "$work/c" >/dev/null || true
	sed -n 's/.*"fingerprint": "\(.*\)",/\1/p' "$work/c/result.json")
check "bisect: only that crash is bad" test "$(bisect --fingerprint "$fingerprint" --good HEAD~2)" = 1
check "another failure is no answer" said "skip: fail: it does not work"

# --- baseline ---
known=$top/rig/scenarios/known/7.0.1-x
# A bzImage has its version where its header says.
{ echo tests; head -c 600 /dev/zero; } >"$work/image"
printf '\0\1' | dd of="$work/image" bs=1 seek=$((0x20e)) conv=notrunc 2>/dev/null
{ head -c 768 "$work/image"; head -c $((768 - $(stat -c %s "$work/image"))) /dev/zero 2>/dev/null; printf '7.0.1-x (me@here) #1\0'; } \
	>"$top/build/kernels/base/bzImage" 2>/dev/null || true
check "baseline: recorded: 0" test "$(rig baseline "$work/p.ini" --times 2)" = 0
check "under the kernel's version" test -s "$known"
check "what failed, without what only sums it up, with what was killed" test "$(grep -v '^#' "$known" | tr '\t\n' ' ;')" = "suite:a: one 2 of 2;suite:b 2 of 2;suite:k 2 of 2;suite:k: one 2 of 2;"
printf 'suite:a: one\t1 of 9\nsuite:b\t1 of 9\nother:z\t3 of 3\n' >"$known"
check "recorded again: 0" test "$(rig baseline "$work/p.ini" --times 1 --results "$work/again")" = 0
check "what was seen is new, what was not is kept" test "$(grep -v '^#' "$known" | tr '\t\n' ' ;')" = "other:z 3 of 3;suite:a: one 1 of 1;suite:b 1 of 1;suite:k 1 of 1;suite:k: one 1 of 1;"
check "and that is said" said '5 known failures, .*; 1 of other cells kept'
check "cells that take no notice of it were not run" test "$(grep -h '"name": "one"' "$top"/build/rig/*/*/result.json | wc -l)" = 0
check "the record was not in the way of itself" grep -q '"known": "none"' "$top"/build/rig/baseline-*/1/result.json
check "no such cell in the plan: 16" test "$(rig baseline "$work/p.ini" one)" = 16
sed -i 's/"status": "complete"/"status": "interrupted"/' "$top"/build/rig/baseline-*/1/result.json
check "a run that was ended early: 1" test "$(rig baseline --times 0 --results "$(echo "$top"/build/rig/baseline-*)" -o "$work/none")" = 1
check "it gives no record" test ! -e "$work/none"
echo lost >"$top/build/kernels/base/bzImage"
check "a cell without results: 1" test "$(rig baseline "$work/p.ini" --times 1 -o "$work/none")" = 1
check "nothing is recorded" test ! -e "$work/none"
check_end
