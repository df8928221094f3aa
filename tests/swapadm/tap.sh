# TAP for the shell tests. Sourced; needs bash.

tap_count=0
tap_failed=0

ok() { # NAME
	tap_count=$((tap_count + 1))
	echo "ok $tap_count $1"
}

not_ok() { # NAME [TEXT]
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/# /'
}

skip() { # NAME WHY
	tap_count=$((tap_count + 1))
	echo "ok $tap_count $1 # SKIP $2"
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got:
$2
wanted:
$3"
	fi
}

tap_end() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}
