#!/bin/bash
# Help, man pages and completion of rig say the same. Usage: docs.sh RIG
set -euo pipefail
rig=$(realpath "$1")
top=$(cd "$(dirname "$0")/../.." && pwd)
n=0 bad=0
export LC_ALL=C.UTF-8 RIG_ROOT=$top
is() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		bad=$((bad + 1))
		echo "not ok $n - $1"
		printf '# is:     %s\n# wanted: %s\n' "$2" "$3"
	fi
}
# The help of a verb is read once: a rig with sanitizers takes a while to start.
declare -A help
for verb in report compare shell flaky bisect baseline; do help[$verb]=$("$rig" $verb --help); done
usage=$("$rig" -h)
options() { grep -oE -- '--[a-z][a-z-]*' <<<"${help[$1]}" | sort -u | paste -sd' '; }

for verb in report compare shell flaky bisect baseline; do
	man=$top/rig/rig-$verb.1
	is "rig-$verb(1) is a man page" "$(MANROFFSEQ='' man --warnings -E UTF-8 -l "$man" 2>&1 >/dev/null)" ""
	is "rig-$verb(1) has each option" "$(sed 's/\\-/-/g' "$man" | grep -E '^\.B .*-' | grep -oE -- '--[a-z][a-z-]*' | sort -u | paste -sd' ')" \
		"$(options $verb)"
	is "rig-$verb(1) has each exit status" "$(sed -n '/^.SH EXIT/,/^.SH SEE/s/^\.B \([0-9]*\)$/\1/p' "$man" | paste -sd' ')" \
		"$(sed -n 's/^Exit status: //p' <<<"${help[$verb]}" | grep -oE '(^|[;,] )[0-9]+ ' | tr -d ';, ' | paste -sd' ')"
	is "rig -h names $verb" "$(grep -c "^       rig $verb " <<<"$usage")" 1
	is "docs/results.md names $verb" "$(grep -c "^    rig $verb " "$top/docs/results.md" | sed 's/[1-9][0-9]*/some/')" some
	is "rig $verb: an unknown option: 16" "$("$rig" $verb --nonsense >/dev/null 2>&1; echo $?)" 16
done

. "$top/rig/completion/rig"
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_rig 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
}
# No plan or file here is to be offered, and a folder with a plan's name is not to hide the plan.
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
mkdir "$empty/check"
cd "$empty"
is "rig is completed" "$(complete -p rig)" "complete -F _rig rig"
is "verbs with b" "$(complete_words "$rig" b)" "baseline bisect"
is "options of flaky" "$(complete_words "$rig" flaky --)" "$(options flaky)"
is "plans" "$(complete_words "$rig" run su)" suites
is "cells" "$(complete_words "$rig" flaky check onoff.r)" onoff.release
is "cells after an option with a value" "$(complete_words "$rig" bisect --times 3 check onoff.r)" onoff.release
is "accelerators" "$(complete_words "$rig" shell --accel k)" kvm
is "kernels" "$(complete_words "$rig" run --kernel deb)" debug
is "verbs of fleet" "$(complete_words "$rig" fleet sta)" status
is "options of a run of a fleet" "$(complete_words "$rig" run --i)" "--image --initrd"
is "a number cannot be completed" "$(complete_words "$rig" flaky --times '')" ""
echo "1..$n"
[ $bad = 0 ]
