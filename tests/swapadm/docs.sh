#!/usr/bin/env bash
# Help, man page and shipped files say what swapadm does: each column, option, finding
# and exit status.
# shellcheck disable=SC2086 # commands are several words
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/tap.sh"
swapadm=$(realpath "$1")
source=$(cd "$here/../../tools/swapadm" && pwd)
man=$source/swapadm.8
export LC_ALL=C.UTF-8

missing() { # NAME LIST-OF-WHAT-IS-MISSING
	if [ -z "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "missing:$2"
	fi
}

for command in "device list" "device show" "device map" "tier list" "tier show" "cgroup list" "cgroup show" \
	"compact status" "config show" "config diff" stat check; do
	lost_help='' lost_man='' n=0
	help=$($swapadm $command --help)
	while read -r name key type default _; do
		n=$((n + 1))
		case $default in
		yes) mark='\*' entry=", default" ;;
		*) mark=' ' entry='' ;;
		esac
		grep -qE "^ $mark ${name//\//\\/} " <<<"$help" || lost_help+=" $name"
		grep -qxF ".It Sy $name No ($key, $type$entry)" "$man" || lost_man+=" $name"
	done < <($swapadm $command -H -n -r)
	missing "$command --help has each column" "$lost_help"
	missing "swapadm(8) has each column of $command" "$lost_man"
	is "$command has columns" "$((n >= 4))" 1
done

lost=
for command in "" "device list" "device show" "device on" "device off" "device resize" "device map" "tier list" \
	"tier show" "tier add" "tier remove" "tier watermark" "cgroup list" "cgroup show" "cgroup set" demote \
	"compact run" "compact status" "compact stop" "config apply" "config show" "config diff" "config check" \
	stat check; do
	for option in $($swapadm $command --help | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -qE -- "^\.It Fl (. , Fl )?-${option#--}( |$)" "$man" ||
			lost+=" $option"
	done
done
# This one is told of in the text.
! grep -qF "Fl a , Fl -all" <(tr '\n' ' ' <"$man" | sed 's/ \.Fl / Fl /g') || lost=${lost// --all/}
missing "swapadm(8) has each option" "$lost"

lost= n=0
for key in $(sed -n '/^const struct setting settings\[\]/,/^}/s/^	{ "\([a-z.]*\)", .*/\1/p' "$source/cgroup-setting.c"); do
	n=$((n + 1))
	grep -qE "^\.It (Sy|Cm) ${key//./\\.}( |=|$)" "$man" || lost+=" $key"
	grep -qF "$key" <<<"$($swapadm cgroup set --help)" || lost+=" $key (in --help)"
done
missing "swapadm(8) and --help have each key of cgroup set" "$lost"
is "there are keys" "$((n >= 6))" 1

# The keys of each section are in the man page, and so is each section.
conf=$source/swapadm.conf.5
lost= n=0
for key in $(sed -n '/^static const struct key_rule/,/^};/s/^	{ "\([a-z-]*\)", .*/\1/p' "$source/conf.c"); do
	n=$((n + 1))
	grep -qE "^\.It Cm ([a-z-]+ , )?$key( ,|$)" "$conf" || lost+=" $key"
done
for section in $(sed -n '/^} kinds\[/,/^};/s/.*= { "\([a-z]*\)".*/\1/p' "$source/conf.c"); do
	n=$((n + 1))
	grep -qE "^\.Ss \[$section[] ]" "$conf" || lost+=" [$section]"
done
missing "swapadm.conf(5) has each section and key" "$lost"
is "there are six sections and their keys" "$n" 23
sed -n '/^\.Bd/,/^\.Ed/p' "$conf" | sed '/^\.Ed/Q; /^\./d' >"${TMPDIR:-/tmp}/swapadm-docs.$$"
is "the example of swapadm.conf(5) has no fault" "$($swapadm config check "${TMPDIR:-/tmp}/swapadm-docs.$$" 2>&1; echo $?)" 0
is "and says something" "$(($(wc -l <"${TMPDIR:-/tmp}/swapadm-docs.$$") >= 25))" 1
rm -f "${TMPDIR:-/tmp}/swapadm-docs.$$"

ids=$(grep -oE '^	\{ "[a-z-]+", SEV_[A-Z]+' "$source/check.c" | tr -d '{",	' | sed 's/SEV_//')
lost=
while read -r id severity; do
	grep -qE "^\.It Sy $id No \(${severity,,}(;.*)?\)$" "$man" || lost+=" $id"
done <<<"$ids"
missing "swapadm(8) has each finding" "$lost"
is "there are findings" "$(($(wc -l <<<"$ids") >= 15))" 1

lost=
while read -r status; do
	grep -qxF ".It $status" "$man" || lost+=" $status"
done < <(sed -n 's/^\tEX_[A-Z]*[[:blank:]]*= \([0-9]*\),.*/\1/p' "$source/swapadm.h")
missing "swapadm(8) has each exit status" "$lost"
is "there are seven exit statuses" "$(grep -cE '^	EX_[A-Z]+' "$source/swapadm.h")" 7

# Each exit status is seen in a golden file.
lost=
for status in 0 1 2 3 4 16 64; do
	grep -qxF "status $status" "$here"/golden/* || lost+=" $status"
done
missing "each exit status is tested" "$lost"

for page in "$man" "$conf"; do
	name=${page##*/}
	if command -v man >/dev/null && command -v groff >/dev/null; then
		is "man has no warnings about $name" "$(MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)" ""
		long=$(MANWIDTH=80 man -E UTF-8 -l "$page" 2>/dev/null | col -bx | awk 'length > 80')
		is "$name fits 80 columns" "$long" ""
	else
		skip "man has no warnings about $name" "no man or groff"
	fi
	if command -v mandoc >/dev/null; then
		is "mandoc has no warnings about $name" "$(mandoc -T lint -W warning "$page" 2>&1)" ""
	else
		skip "mandoc has no warnings about $name" "no mandoc"
	fi
done

# The program of the services is not installed here: stand in for it.
units=$(mktemp -d /tmp/swapadm-units-XXXXXX)
for unit in "$source"/systemd/*; do
	sed "s,^\(Exec[A-Za-z]*=\)swapadm ,\1$swapadm ," "$unit" >"$units/${unit##*/}"
done
for unit in "$units"/*; do
	if command -v systemd-analyze >/dev/null; then
		is "systemd takes ${unit##*/}" "$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F "${unit##*/}" || true)" ""
	else
		skip "systemd takes ${unit##*/}" "no systemd-analyze"
	fi
	# What a service runs is a command that there is.
	sed -n "s,^Exec[A-Za-z]*=$swapadm ,,p" "$unit" | while read -r words; do
		# shellcheck disable=SC2086
		$swapadm ${words%% *} help | grep -qE "^ $(cut -d' ' -f2 <<<"$words") " || echo "$words"
	done >"$units/wrong"
	is "${unit##*/} runs what there is" "$(cat "$units/wrong")" ""
	rm "$units/wrong"
done
rm -r "$units"
is "the unit is named after the device" \
	"$(sed -n 's/^What=//p' "$source/systemd/dev-ghostswap.swap")" /dev/ghostswap
is "the shipped sysctl file sets nothing" "$(grep -vE '^(#|$)' "$source/sysctl.d/60-ghostswap.conf")" ""
sed -n 's/^#-\{0,1\}\(vm\.[a-z_]* = .*\)/\1/p' "$source/sysctl.d/60-ghostswap.conf" |
	while IFS='= ' read -r key value; do
		[ -f "$here/trees/tiers/proc/sys/${key//.//}" ] && [ -n "$value" ] || echo "$key"
	done >"${TMPDIR:-/tmp}/swapadm-docs.$$"
is "what it offers is there" "$(cat "${TMPDIR:-/tmp}/swapadm-docs.$$")" ""
rm -f "${TMPDIR:-/tmp}/swapadm-docs.$$"

tap_end
