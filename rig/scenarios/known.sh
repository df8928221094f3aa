# shellcheck shell=bash
# Failures of external suites that the unpatched kernel of the same version has as well: `rig baseline` finds them by running it,
# and writes known/VERSION (a name a line, then a tab and what was seen). They are expected failures (TODO) here; a cell with
# known=none counts them as failures. Sourced after lib.sh.

known_file=/rig/scenarios/known/$(uname -r)
if [ "${PARAM_known:-}" = none ] || [ ! -f "$known_file" ]; then known_file=/dev/null; fi

is_known() { cut -f 1 "$known_file" | grep -qxF -- "$1"; }

# failed NAME REASON: a failure, or one that is known
failed() {
	if is_known "$1"; then
		ktap_nr=$((ktap_nr + 1))
		echo "not ok $ktap_nr $1 # TODO known on the base kernel: $2"
	else
		not_ok "$1" "$2"
	fi
}

# Swap for a suite: the ghost device, or where there is none zswap over a disk, so that the base kernel is under the same pressure.
suite_swap() {
	have_ghost || PARAM_swap=${PARAM_swap:-zswap-disk}
	swap_setup "$1"
}
