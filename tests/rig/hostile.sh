#!/bin/bash
# A guest that means harm, all the way from QEMU's sockets to the report: it writes nothing outside of its result directory, it
# does not make rig grow, and none of its words becomes markup or a shell command. Usage: hostile.sh RIG
set -euo pipefail
rig=$1
work=$(mktemp -d /tmp/test-rig-hostile.XXXXXX)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/check.sh"

cat >"$work/qemu" <<'EOF'
#!/bin/bash
name=
while [ $# -gt 0 ]; do [ "$1" != -name ] || name=$2; shift; done
evil='</pre></script><script>alert(1)</script><img src=x onerror=alert(1)>"'"'"'`$(touch '"$HOSTILE"'/pwned)`../../../../../../tmp/x'
say() { printf '%s\n' "$*" >&4; }
con() { printf '[    1.000000] %s\r\n' "$*" >&3; }
say "@beat 1"
case $name in
words)
	say "KTAP version 1"; say "1..2"; say "not ok 1 $evil # $evil"; say "ok 2 ../../../../etc/passwd # SKIP $evil"
	say "@metric ../../../../tmp/evil 1 $evil"; say "@metric <script> 1 x"; say "@metric ok.name 1 <script>alert(1)</script>"
	say "@metric exit_status 1e400 x"; say "@directory ../.."; say "@verdict fail $evil"
	con "BUG: $evil"; con "Call Trace:"; con " x\$(touch $HOSTILE/pwned)+0x1/0x2"; con ' a[$(touch '"$HOSTILE"'/pwned)]+0x1/0x2 [mod]'
	;;
lines) # results, metrics and splats without end
	for ((i = 0; i < 20000; i++)); do echo "ok $i test $i"; done >&4
	for ((i = 0; i < 3000; i++)); do echo "@metric m$i $i"; done >&4
	for ((i = 0; i < 3000; i++)); do printf 'WARNING: at f%d+0x1/0x2\r\nCall Trace:\r\n <TASK>\r\n f%d+0x1/0x2\r\n </TASK>\r\n' $i $i; done >&3
	say "@verdict pass"
	;;
flood) # one line of 200 MB on each stream
	head -c 200000000 /dev/zero | tr '\0' '<' >&3 &
	head -c 200000000 /dev/zero | tr '\0' '<' >&4
	wait
	;;
deep)
	for ((i = 0; i < 400; i++)); do printf '%*sok 1 x\n' $((i * 2)) ''; done >&4
	say "@verdict pass"
	;;
esac
EOF
chmod +x "$work/qemu"
top=$work/top
mkdir -p "$top"/rig/{plans,scenarios} "$top"/build/host/rig/guest "$top"/build/kernels/release "$top/build/linux/scripts" "$top/build/rig" "$work/outside"
printf agent >"$top/build/host/rig/guest/agent"
printf kernel >"$top/build/kernels/release/bzImage"
printf elf >"$top/build/kernels/release/vmlinux"
# Stands for the kernel's, which evaluates what it reads.
printf 'while read -r l; do eval "echo $l"; done\n' >"$top/build/linux/scripts/decode_stacktrace.sh"
export RIG_ROOT=$top RIG_QEMU=$work/qemu HOSTILE=$work/outside
unset RIG_BUILD
printf '[defaults]\nscenario = x\nroot = no\nmemory = 32M\ndeadline = 100\n[cell words]\n[cell lines]\n[cell flood]\n[cell deep]\n' >"$work/p.ini"
before=$(find "$work" -not -path "$work/res*" | sort)

# Address space is bounded: what a guest sends must not pile up. (A sanitizer needs terabytes of it.)
limit=800000
[ "$(nm "$rig" 2>/dev/null | grep -c __asan_init || :)" = 0 ] || limit=unlimited
rc=0
(ulimit -v $limit; exec "$rig" run "$work/p.ini" --accel tcg --out "$work/res") >"$work/out" 2>&1 || rc=$?
check "the run came to its end" test $rc = 1
check "every cell has its verdict" grep -qx '0 passed, 4 failed, 0 skipped' "$work/out"
check "the report is made" "$rig" report "$work/res" >/dev/null
rm -f "$work/out"
check "nothing was written outside of the results" test "$before" = "$(find "$work" -not -path "$work/res*" | sort)"
check "nothing was run" test ! -e "$work/outside/pwned"
check "only files of known names are in the results" test -z "$(cd "$work/res" && find . -type f | grep -vE \
	'^\./((words|lines|flood|deep)/(console.log|channel.log|qemu.log|qemu.cmd|cell.ini|reproduce.sh)|result.json|junit.xml|results.ktap|report\.(html|ktap|junit.xml|kcidb.json))$')"
check "no log is larger than 64 MiB" test -z "$(find "$work/res" -size +65M)"
check "result.json stays small" test "$(stat -c %s "$work/res/result.json")" -lt 4000000
check "the page stays small" test "$(stat -c %s "$work/res/report.html")" -lt 1000000
check "no element of the guest's is in the page" test "$(grep -ciE '<(script|img)' "$work/res/report.html")" = 0
check "its words are" grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' "$work/res/report.html"
check "JUnit is still XML" python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1]); d.parse(sys.argv[2])' \
	"$work/res/report.junit.xml" "$work/res/junit.xml"
check "its directory is its own" test "$(grep -c '"directory": "words"' "$work/res/result.json")" = 1
check_end
