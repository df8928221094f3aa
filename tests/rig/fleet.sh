#!/bin/bash
# rig fleet on this host, against tests/rig/fake-qemu: fleet.sh RIG TAP-HELPERS FAKE-QEMU VALIDATE DOCS
# What fleet.json says is looked for with grep: a cell is one line there.
set -uo pipefail

rig=$(realpath "$1") qemu=$3 validate=$(realpath "$4") docs=$5
. "$2"
dir=$(mktemp -d /tmp/test-rig-fleet-XXXXXX)
trap 'rm -rf "$dir"' EXIT
export RIG_ROOT=$dir/project RIG_QEMU=$qemu FAKE_PIDS=$dir/pids
unset RIG_BUILD
mkdir -p "$RIG_ROOT"/{rig/plans,rig/scenarios,build/host/rig/guest,build/kernels/release,build/kernels/debug}
echo agent >"$RIG_ROOT/build/host/rig/guest/agent"
echo probe >"$RIG_ROOT/build/host/rig/probe-init"
echo kernel >"$RIG_ROOT/build/kernels/release/bzImage"
echo CONFIG_SWAP=y >"$RIG_ROOT/build/kernels/release/.config"
echo debug >"$RIG_ROOT/build/kernels/debug/bzImage"
echo symbols >"$RIG_ROOT/build/kernels/release/vmlinux"
cd "$dir" || exit 1

check() { if [ "$1" = 0 ]; then ok "$2"; else not_ok "$2"; fi; }
same() { is "$3" "$1" "$2"; }

seed=0
head='[defaults]
scenario = x
root = no
memory = 32M
deadline = 60
'
# cell FLEET NAME: its line in fleet.json
cell() { grep -F "\"name\": \"$2\"" "$1/fleet.json"; }
# has FLEET NAME TEXT...: whether the line of the cell has all of TEXT
has() {
	local line text
	line=$(cell "$1" "$2") || return 1
	shift 2
	for text; do [[ $line == *"$text"* ]] || { echo "# $line"; return 1; }; done
}
# says TEXT COMMAND...: whether it is in the command's output
says() {
	local text=$1 out
	shift
	out=$("$@" 2>&1)
	[[ $out == *"$text"* ]] || { printf '%s\n' "$out" | sed 's/^/# /'; return 1; }
}
id() { cell "$1" "$2" | sed -E 's/.*"id": "([0-9a-f]*)".*/\1/'; }
alive() {
	local pid rest
	while read -r pid rest; do
		# gone, or about to be reaped
		grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$pid/status" && { echo "# $pid $rest lives"; return 0; }
	done <"$FAKE_PIDS"
	return 1
}
wait_for() {
	local i
	for ((i = 0; i < 300; i++)); do "$@" && return 0; sleep 0.1; done
	return 1
}

# --- cells, ids, dry run
cat >m.ini <<END
[matrix pass]
scenario = x | y
kernel = release | debug
seed = 1..3
root = no
exclude.some = scenario=y seed=2|3
[cell twin]
scenario = x
root = no
END
"$rig" fleet m.ini --dry-run >dry.out 2>dry.err
same "$?" 0 "dry run"
same "$(tail -n 1 dry.out)" "8 cells" "a matrix, and a cell that is the same as one of its cells"
same "$(cat dry.err)" "rig: fleet: twin is the same as pass.x-release-s1: run once" "and says so"
same "$(cut -d' ' -f1 dry.out | head -n 8 | sort -u | grep -cE '^[0-9a-f]{16}$')" 8 "ids differ"
[ ! -e build ] && [ ! -e "$RIG_ROOT/build/rig" ]; check $? "a dry run writes nothing"
"$rig" fleet m.ini --dry-run 2>/dev/null | cmp -s - dry.out; check $? "and says the same again"
echo other >"$RIG_ROOT/build/kernels/debug/bzImage"
"$rig" fleet m.ini --dry-run 2>/dev/null >dry2.out
same "$(grep debug dry.out | cut -d' ' -f1 | grep -cFf - dry2.out)" 0 "another kernel, other ids"
same "$(grep release dry.out | cut -d' ' -f1 | grep -cFf - dry2.out)" 4 "the others keep theirs"
sed 's/seed = 1..3/seed = 1..3\nappend = x/' m.ini >m2.ini
"$rig" fleet m2.ini --dry-run 'pass*' 2>/dev/null | grep -oE '^[0-9a-f]{16}' | grep -qFf - <(cut -c1-16 dry.out | head -n 8)
same $? 1 "another command line, other ids"
"$rig" list m.ini >list.out; same "$(grep -c '^pass\.\|^twin' list.out)" 9 "rig list takes a matrix, too"
"$rig" fleet m.ini --engine lsf 2>/dev/null; same $? 16 "an unknown engine is wrong usage"

printf '%s[cell pass]\nshare = /etc\n[cell pass.2]\n' "$head" >share.ini
"$rig" fleet share.ini --out share >share.out 2>&1; same $? 16 "a cell that shares a directory is refused"
grep -q 'cell pass: share = /etc: the hosts of a fleet do not have that directory' share.out; check $? "and that is said"
[ ! -e share ]; check $? "before anything is made"
"$rig" fleet share.ini --dry-run pass.2 >share.out 2>&1; same "$? $(tail -n 1 share.out)" "0 1 cell" "the other cells of its plan are not"

# --- every verdict, results and their place
{
	echo "$head"
	# fake-qemu goes by the name, which is no part of an id: the seeds make them differ
	for c in pass fail panic silent skip hang warn huge far pass.near liar flood; do
		printf '[cell %s]\nseed = %d\n' "$c" $((++seed))
		case $c in
		hang) echo 'deadline = 1' ;;
		warn) echo 'expect = crash' ;;
		huge) echo 'memory = 8T' ;;
		far) echo 'constraint = moon&tcg' ;;
		pass.near) echo 'constraint = moon|tcg' ;;
		esac
	done
} >v.ini
"$rig" fleet v.ini --accel tcg --out v >v.out 2>&1
same $? 1 "a fleet with failures ends with 1"
same "$(tail -n 1 v.out)" "3 passed, 8 failed, 1 skipped" "totals"
has v pass '"verdict": "pass"' '"ok": true' '"host": "localhost"' '"attempt": 1,'; check $? "pass"
has v fail '"verdict": "fail"' 'second is not ok'; check $? "fail"
has v panic '"verdict": "crash"'; check $? "crash"
has v warn '"verdict": "crash"' '"ok": true'; check $? "an expected crash"
has v silent '"verdict": "lost"' 'QEMU ended with status 0'; check $? "lost"
has v hang '"verdict": "timeout"' 'deadline of 1 s'; check $? "timeout"
has v skip '"verdict": "skip"'; check $? "skip"
has v huge '"verdict": "unschedulable"' 'MiB'; check $? "more memory than the host has"
has v far '"verdict": "unschedulable"' 'moon&tcg' '"attempts": [ ]'; check $? "a feature that the host has not"
has v pass.near '"verdict": "pass"'; check $? "one of two features"
d=v/cells/$(id v fail)/attempt-1
for f in result.json junit.xml results.ktap console.log channel.log qemu.cmd cell.ini reproduce.sh; do
	[ -s "$d/$f" ]; check $? "$f is there"
done
grep -q "\"id\": \"$(id v fail)\"" "$d/result.json"; check $? "result.json has the same id"
grep -q '"flavor": "release"' "$d/result.json"; check $? "and the kernel's flavour"
[ -e v/root/build/kernels/release/bzImage ] && [ -e v/root/build/kernels/release/.config ] && [ ! -e v/root/build/kernels/release/vmlinux ]
check $? "the kernel and its configuration go to the hosts, its symbols stay here"
RIG=$rig "$d/reproduce.sh" --accel tcg --out again >again.out 2>&1; same $? 1 "reproduce.sh fails as the cell did"
grep -q "\"id\": \"$(id v fail)\"" again/result.json; check $? "and runs the very same"
same "$(grep -c '"verdict": "lost"' v/fleet.json)" 2 "no cell has another verdict"
"$validate" "$docs/rig-fleet.schema.json" v/fleet.json; check $? "fleet.json is what its schema says"
"$validate" "$docs/rig-result.schema.json" v/cells/*/attempt-*/result.json; check $? "and so is each result.json"
"$rig" fleet status v >s.out; same $? 0 "status"
grep -q 'engine local: complete' s.out && grep -q 'failed 8' s.out && grep -q 'first failures' s.out; check $? "status of an ended fleet"
says 'holds a fleet' "$rig" fleet v.ini --out v; check $? "a directory is not used twice"
says 'all cells have ended' "$rig" fleet cancel v; check $? "nothing to cancel"

# --- what a host is
FAKE_KVM=good "$rig" fleet check-host --scratch "$dir" >h.out 2>&1; check $? "check-host"
grep -qE '^Feature=tcg(,kvm)?,cores1' h.out && grep -q '^memory  *ok' h.out && grep -qF "disk       ok       $dir: " h.out
check $? "says features, memory and disk"
if [ -w /dev/kvm ]; then
	FAKE_KVM=bad "$rig" fleet check-host >h.out 2>&1
	! grep -q kvm, h.out && grep -q 'had not booted' h.out; check $? "/dev/kvm alone is no proof"
else
	skip "/dev/kvm alone is no proof" "no /dev/kvm"
fi
"$rig" fleet check-host --qemu no-such-qemu --scratch /nowhere >h.out 2>&1; same $? 1 "a host without QEMU"
grep -q 'disk       missing' h.out && grep -q 'tool       missing  no-such-qemu' h.out; check $? "says what is missing"

# --- completion
complete_words() {
	COMP_WORDS=("$rig" "$@") COMP_CWORD=$#
	COMPREPLY=()
	_rig
	echo "${COMPREPLY[*]}"
}
. "$docs/../rig/completion/rig"
same "$(complete_words fleet can)" cancel "completion of a verb"
same "$(complete_words fleet x.ini --engine '')" "local slurm" "of an argument"
same "$(complete_words fleet check-host --sc)" "--scratch" "of an option"

# --- killed in the middle, and resumed
{
	echo "$head"
	for i in 1 2 3; do printf '[cell pass.%s]\nseed = %s\n' $i $i; done
	for i in 4 5 6 7; do printf '[cell slow.%s]\nseed = %s\n' $i $i; done
} >k.ini
"$rig" fleet k.ini --accel tcg --out k --jobs 2 >k.out 2>&1 &
driver=$!
wait_for grep -q 'PASS .*slow.4' k.out; check $? "the slow cells have begun"
kill -KILL $driver; wait $driver 2>/dev/null
wait_for eval '! alive >/dev/null'; check $? "no QEMU outlives a rig that was killed"
says 'nobody drives it' "$rig" fleet status k; check $? "status knows"
done_before=$(grep -c '"e":"ended"' k/journal)
printf '{"e":"ended","c":6,"att' >>k/journal	# as a kill in the middle of a line leaves it
"$rig" fleet resume k >k2.out 2>&1; same $? 0 "resume"
same "$(tail -n 1 k2.out)" "7 passed, 0 failed, 0 skipped" "all cells have a verdict"
same "$(grep -cE '^PASS' k2.out)" $((7 - done_before)) "what was done is not done again"
has k slow.7 '"verdict": "pass"'; check $? "the last cell, after half a line"
echo changed >"$RIG_ROOT/build/kernels/release/bzImage"
same "$(cat k/root/build/kernels/release/bzImage)" kernel "the inputs of a fleet are its own"

# --- a terminal that goes away, and an end in order
"$rig" fleet k.ini --accel tcg --out t --jobs 2 >t.out 2>&1 &
driver=$!
wait_for grep -q '"e":"began"' t/journal
kill -HUP $driver; sleep 0.3
kill -0 $driver; check $? "a hangup does not end it"
kill -TERM $driver; wait $driver; same $? 1 "SIGTERM does"
alive && false || true; check $? "without QEMU left"
"$rig" fleet resume t >/dev/null 2>&1; same $? 0 "and can be resumed"

# --- cancel
{ echo "$head"; for i in 1 2 3 4; do printf '[cell nobeat.%s]\nseed = %s\n' $i $i; done; } >c.ini
"$rig" fleet c.ini --accel tcg --out c --jobs 2 >c.out 2>&1 &
driver=$!
wait_for eval '[ "$(grep -c "\"e\":\"began\"" c/journal 2>/dev/null)" = 2 ]'
says 'cells: 4, 0 done, 2 running, 0 queued, 2 waiting' "$rig" fleet status c; check $? "status of a fleet at work"
says 'driven by another process' "$rig" fleet resume c; check $? "two cannot drive a fleet"
"$rig" fleet cancel c; same $? 0 "cancel"
wait $driver; same $? 1 "ends the driver"
wait_for eval '! alive >/dev/null'; check $? "and QEMU"
has c nobeat.1 '"verdict": "lost"' 'cancelled while it ran'; check $? "what ran"
has c nobeat.4 '"verdict": "lost"' 'cancelled before it began'; check $? "what did not"
grep -q '"status": "cancelled"' c/fleet.json; check $? "fleet.json"

# --- a host that gives no result
cat >broken-qemu <<'END'
#!/bin/sh
kill -KILL $PPID
END
chmod +x broken-qemu
printf '[fleet]\nattempts = 2\n%s[cell a]\n' "$head" >b.ini
"$rig" fleet b.ini --accel tcg --qemu "$dir/broken-qemu" --out b >b.out 2>&1
has b a '"verdict": "lost"' 'no verdict in 2 attempts' 'signal 9' '"attempt": 2'; check $? "two attempts, then lost"
echo x >>v/root/initrd.cpio 2>/dev/null || { chmod +w v/root/initrd.cpio; echo x >>v/root/initrd.cpio; }
says 'has changed since the fleet was made' "$rig" fleet resume v; check $? "inputs that changed are not used"
tap_end
