#!/bin/bash
# What the scenario suite-stress makes of what stress-ng says and of how it ends, with a stress-ng that says it. Usage: suite-stress.sh
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d /tmp/test-rig-stress.XXXXXX)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/check.sh"

# In place of lib.sh and known.sh: the results as words.
mkdir -p "$work/cg/rig.work"
cat >"$work/lib.sh" <<'EOF'
set -euo pipefail
CG=$STATE/cg
suite_swap() { :; }
cg_new() { :; }
count_begin() { :; }
count_end() { :; }
metric() { :; }
at_least() { :; }
ok() { echo "ok $1"; }
not_ok() { echo "not ok $1"; }
failed() { echo "not ok $1: $2"; }
skip() { echo "skip $1: $2"; }
finish() { echo finish; }
EOF
cat >"$work/stress-ng" <<'EOF'
#!/bin/bash
name=${1#--}
while [ $# -gt 0 ]; do [ "$1" != --yaml ] || yaml=$2; shift; done
say() { echo "stress-ng: $1 [305] $2"; }
case $name in
good) say info: "successful run completed"; say debug: "good: exited [306] (instance 0)"; echo "bogo-ops: 5" >"$yaml" ;;
idle) say info: "successful run completed"; say debug: "good: exited [306] (instance 0)"; echo "bogo-ops: 0" >"$yaml" ;;
wrong) say fail: "wrong: not what was written"; exit 2 ;;
none) say info: "disabled 'none' as it may hang or reboot the machine"; say error: "No stress workers invoked"; exit 1 ;;
lost) say error: "No stress workers invoked"; exit 1 ;;
mute) say debug: "invoked"; exit 1 ;;
esac
EOF
chmod +x "$work/stress-ng"
sed "s|^\. /rig/lib.sh|. $work/lib.sh|; /^\. .*known.sh/d" "$top/rig/scenarios/suite-stress" >"$work/scenario"
STATE=$work PATH=$work:$PATH PARAM_only="mute good idle wrong none lost" bash "$work/scenario" >"$work/out" 2>&1 || echo "status $?" >>"$work/out"

check "what did its work" grep -qx 'ok stress-ng good' "$work/out"
check "what did nothing in time" grep -qx 'skip stress-ng idle: did nothing in 5 s' "$work/out"
check "what failed to verify" grep -qx 'not ok stress-ng wrong: status 2' "$work/out"
check "what it said of that" grep -qx '# stress-ng: fail: \[305\] wrong: not what was written' "$work/out"
check "what it leaves out by itself" grep -qx "skip stress-ng none: disabled 'none' as it may hang or reboot the machine" "$work/out"
check "what it does not have, for no reason given" grep -qx 'not ok stress-ng lost: status 1' "$work/out"
check "what says nothing does not end the scenario" grep -qx 'not ok stress-ng mute: status 1' "$work/out"
check "which comes to its end" test "$(tail -n 1 "$work/out")" = finish
check_end
