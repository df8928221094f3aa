#!/bin/bash
# The Slurm engine and its workers against a simulated cluster: fleet-slurm.sh RIG TAP-HELPERS FAKE-QEMU SLURM-SIM
# The real Slurm is in ci/check-fleet; here are the things that need no VM, and hosts that lie.
set -uo pipefail

rig=$(realpath "$1") qemu=$3 sim=$(realpath "$4")
. "$2"
dir=$(mktemp -d /tmp/test-rig-slurm-XXXXXX)
export RIG_ROOT=$dir/project SLURM_SIM=test-rig-slurm-$$ RIG_QEMU=$qemu
unset RIG_BUILD FAKE_PIDS FAKE_LOG
mkdir -p "$dir/bin" "$RIG_ROOT"/{rig/plans,rig/scenarios,build/host/rig/guest,build/kernels/release}
for name in sbatch squeue scancel scontrol srun; do ln -s "$sim" "$dir/bin/$name"; done
PATH=$dir/bin:$PATH
echo agent >"$RIG_ROOT/build/host/rig/guest/agent"
echo probe >"$RIG_ROOT/build/host/rig/probe-init"
echo kernel >"$RIG_ROOT/build/kernels/release/bzImage"
cd "$dir" || exit 1
"$sim" --daemon 3 &
daemons=$!
trap 'kill $daemons; rm -rf "$dir"' EXIT
sleep 0.3

check() { if [ "$1" = 0 ]; then ok "$2"; else not_ok "$2"; fi; }
same() { is "$3" "$1" "$2"; }
cell() { grep -F "\"name\": \"$2\"" "$1/fleet.json"; }
has() {
	local line text
	line=$(cell "$1" "$2") || return 1
	shift 2
	for text; do [[ $line == *"$text"* ]] || { echo "# wanted $text: $line"; return 1; }; done
}
wait_for() {
	local i
	for ((i = 0; i < 300; i++)); do "$@" && return 0; sleep 0.1; done
	return 1
}
gone() { ! pgrep -f "fleet worker --scratch $dir" >/dev/null; }
# plan [KEY=VALUE...]: the sections before the cells
plan() {
	printf '[fleet]\nscratch = %s/scratch/%%n\nscratch_free = 1M\nhold = 20\nattempts = 2\n' "$dir"
	for key; do echo "$key"; done
	printf '[defaults]\nscenario = x\nroot = no\nmemory = 32M\ndeadline = 60\n'
}
seed=0
cells() { for c; do printf '[cell %s]\nseed = %d\n' "$c" $((++seed)); done; }
fleet() { # NAME
	timeout 100 "$rig" fleet "$1.ini" --engine slurm --accel tcg --out "$1" >"$1.out" 2>&1
}
# kill_driver PID: of a fleet in the background, timeout and rig; not what they have started elsewhere
kill_driver() {
	local watch rig_pid
	watch=$(pgrep -x timeout -P "$1" || echo "$1")
	rig_pid=$(pgrep -P "$watch")
	kill -KILL "$rig_pid" "$watch"
	wait "$1" 2>/dev/null
}

# --- results over the engine's channel
{ plan; cells pass fail panic silent pass.b pass.c; } >e.ini
fleet e
same $? 1 "a fleet with failures ends with 1"
has e pass '"verdict": "pass"' && has e fail '"verdict": "fail"' && has e panic '"verdict": "crash"' && has e silent '"verdict": "lost"'
check $? "verdicts"
d=$(echo e/cells/*/attempt-1 | tr ' ' '\n' | head -n 1)
[ -s "$d/result.json" ] && [ -s "$d/console.log" ] && [ -x "$d/reproduce.sh" ]; check $? "files of an attempt"
grep -q "\"host\": \"n[123]\"" "$d/result.json"; check $? "result.json names the host"
wait_for gone; check $? "no worker stays"
same "$(find scratch/*/jobs -mindepth 1 | wc -l)" 0 "nor its directory"

# --- a damaged file in a store
store=scratch/n1/store
kernel=$(sha256sum <"$RIG_ROOT/build/kernels/release/bzImage"); kernel=${kernel%% *}
for store in scratch/*/store; do chmod u+w "$store/$kernel"; echo broken >"$store/$kernel"; done
{ plan; cells pass.1 pass.2 pass.3; } >d.ini
fleet d; check $? "stores with a damaged kernel"
grep -q 'is not what its name says' d/slurm.log; check $? "it is found"
same "$(sha256sum scratch/*/store/"$kernel" | cut -d' ' -f1 | sort -u)" "$kernel" "and fetched again"

# --- results by rsync
if command -v rsync >/dev/null; then
	mkdir target
	{ plan "transfer = rsync:$dir/target"; cells pass fail; } >r.ini
	fleet r
	has r pass '"verdict": "pass"' && has r fail '"verdict": "fail"'; check $? "results over rsync"
	[ -f "target/inputs/$kernel" ]; check $? "inputs are at the target"
	d=$(echo r/cells/*/attempt-1 | tr ' ' '\n' | head -n 1)
	[ -s "$d/result.json" ] && [ ! -e "r/incoming/${d##*/}" ]; check $? "the result is here"
else
	skip "results over rsync" "no rsync"
fi

# --- the driver is killed; the workers go on and keep what they have
{ plan; cells slow.1 slow.2 slow.3 slow.4 slow.5 slow.6; } >k.ini
fleet k &
wait_for grep -qs '"e":"began"' k/journal
kill_driver $!
sleep 2
"$rig" fleet resume k >k2.out 2>&1; check $? "resume"
same "$(grep -c '"e":"began"' k/journal)" 6 "without doing anything twice"
wait_for gone; check $? "no worker stays"

# --- cancel without a driver
{ plan; cells nobeat.1 nobeat.2 nobeat.3 nobeat.4 nobeat.5; } >c.ini
fleet c &
wait_for eval '[ "$(grep -cs "\"e\":\"began\"" c/journal)" = 3 ]'
[[ $("$rig" fleet status c) == *"cells: 5, 0 done, 3 running, 2 queued, 0 waiting"* ]]; check $? "status of a fleet at work"
kill_driver $!
"$rig" fleet cancel c >cancel.out 2>&1; check $? "cancel of a fleet that nobody drives"
same "$(grep -c '"verdict": "lost".*cancelled' c/fleet.json)" 5 "every cell has a verdict"
wait_for gone; check $? "no worker stays after it"
same "$(find scratch/*/jobs -mindepth 1 | wc -l)" 0 "nor scratch"

# --- hosts that lie: the worker is theirs, and says what it likes. A job that was lied for holds its host for as long as the
# liar likes, so each has a host of its own, in a cluster of their own, and all lie at once.
export SLURM_SIM=$SLURM_SIM-liars
"$sim" --daemon 16 &
daemons+=" $!"
sleep 0.3
lie() { # NAME TEXT: a fleet of one cell whose worker greets, takes its task and says TEXT
	cat >"evil-$1" <<-END
		#!/bin/bash
		[ "\$2" = attach ] || exec sleep 30
		echo "rig 1 \$SLURMD_NODENAME - 0 idle"
		read -r word size; head -c "\$size" >"$dir/task-$1"
		id=\$(grep -o '"id":"[0-9a-f]*"' "$dir/task-$1"); id=\${id:6:16}
		attempt=\$(grep -o '"attempt":[0-9]*' "$dir/task-$1"); attempt=\${attempt#*:}
		result() { # ID ATTEMPT VERDICT HOST
			printf '{"schema":"ghostswap-rig-result","version":1,"status":"complete","cells":[{"id":"%s","attempt":%s,"host":"%s","state":"done","verdict":"%s","reason":"","seconds":1.0,"accel":"tcg"}]}' "\$1" "\$2" "\$4" "\$3"
		}
		send() { local text; text=\$(cat); echo "file \${1:-result.json} \${#text}"; printf %s "\$text"; }
		$2
		sleep 1
	END
	chmod +x "evil-$1"
	{ plan "rig = $dir/evil-$1"; cells "$1"; } | sed 's/^attempts = 2/attempts = 1/' >"l-$1.ini"
	fleet "l-$1" &
	liars+=" $!"
}
liars=
lie honest 'result $id $attempt pass $SLURMD_NODENAME | send; echo end'
lie other 'result 0123456789abcdef $attempt pass $SLURMD_NODENAME | send; echo end'
lie old 'result $id 7 pass $SLURMD_NODENAME | send; echo end'
lie host 'result $id $attempt pass n77 | send; echo end'
lie unsched 'result $id $attempt unschedulable $SLURMD_NODENAME | send; echo end'
lie path 'echo x | send ../../../../escaped; echo end'
lie script 'echo "reboot" | send reproduce.sh; echo end'
lie big 'echo "file console.log 999999999999"; cat /dev/zero'
lie line 'head -c 100000 /dev/zero | tr "\0" x'
lie want 'echo "want 0000000000000000000000000000000000000000000000000000000000000000"'
lie twice 'result $id $attempt pass $SLURMD_NODENAME | send; result $id $attempt fail $SLURMD_NODENAME | send; echo end'
lie deep 'printf "[%.0s" {1..5000} | send; echo end'
wait $liars
squeue | cut -d'|' -f1 | sort -u | while read -r job; do scancel "$job"; done
has l-honest honest '"verdict": "pass"'; check $? "a worker that keeps to the rules is believed"
has l-other other '"verdict": "lost"' 'that of another cell'; check $? "no verdict for another cell"
has l-old old '"verdict": "lost"' 'another attempt or host'; check $? "none for another attempt"
has l-host host '"verdict": "lost"' 'another attempt or host'; check $? "none in another host's name"
has l-unsched unsched '"verdict": "lost"' 'no verdict that a host may give'; check $? "none that is not a host's to give"
has l-path path '"verdict": "lost"' 'no file of a result'; check $? "no file beside the result"
[ -z "$(find . -name escaped)" ]; check $? "nothing is written there"
has l-script script '"verdict": "lost"' 'no file of a result: reproduce.sh'; check $? "no script that a person would run"
has l-big big '"verdict": "lost"' 'more than a result may have'; check $? "no more bytes than a result may have"
has l-line line '"verdict": "lost"'; check $? "no line without end"
has l-want want '"verdict": "lost"' 'what it has no need of'; check $? "no file that is not an input"
has l-twice twice '"verdict": "lost"' 'came twice'; check $? "no file twice"
has l-deep deep '"verdict": "lost"' 'no JSON'; check $? "no document that is deeper than any result"
tap_end
