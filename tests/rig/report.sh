#!/bin/bash
# rig report and rig compare as commands, on results of rig itself (with tests/rig/fake-qemu for QEMU), and the page in
# Chromium: no message on its console, by day and by night. Usage: report.sh RIG. The part that needs Chromium is skipped
# where there is none.
set -euo pipefail
rig=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /tmp/test-rig-report.XXXXXX)
trap 'rm -rf "$work"' EXIT
n=0 bad=0
ok() { n=$((n + 1)); echo "ok $n - $*"; }
not_ok() { n=$((n + 1)); bad=$((bad + 1)); echo "not ok $n - $*"; }
check() { local name=$1; shift; if "$@"; then ok "$name"; else not_ok "$name"; fi; }
status() { local rc=0; "$@" >"$work/stdout" 2>"$work/stderr" || rc=$?; echo $rc; }

# A project with all that rig looks for.
top=$work/top
mkdir -p "$top"/rig/{plans,scenarios} "$top"/build/host/rig/guest "$top"/build/kernels/{release,base}
echo agent >"$top/build/host/rig/guest/agent"
chmod +x "$top/build/host/rig/guest/agent"
echo probe >"$top/build/host/rig/probe-init"
for k in release base; do echo "kernel $k" >"$top/build/kernels/$k/bzImage"; done
export RIG_ROOT=$top RIG_QEMU=$here/fake-qemu
unset RIG_BUILD

plan() { # FILE PREFIX
	printf '[defaults]\nscenario = x\nroot = no\nmemory = 32M\ndeadline = 60\n' >"$1"
	printf '[cell %s]\nkernel = %s\n' "$2.release" release "$2.base" base >>"$1"
	printf '[cell panic.release]\n[cell warn.release]\n[cell fail.release]\n[cell skip.release]\n' >>"$1"
}
plan "$work/a.ini" pass
for r in 1 2; do "$rig" run "$work/a.ini" --accel tcg --out "$work/res/run$r" >/dev/null || true; done

check "a report is written" test "$(status "$rig" report "$work/res")" = 0
check "it says where" test "$(cat "$work/stdout")" = "$work/res/report.html"
check "nothing was complained about" test ! -s "$work/stderr"
for form in html junit.xml ktap kcidb.json; do
	check "report.$form is there" test -s "$work/res/report.$form"
done
check "the fault is in it" grep -q 'Kernel panic - not syncing: out of ideas' "$work/res/report.html"
check "the logs are linked" grep -q 'href="./run2/panic.release/console.log"' "$work/res/report.html"
check "JUnit is XML" python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])' "$work/res/report.junit.xml"
check "KCIDB is JSON, with a test for each cell and each that failed" python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
ids = {b["id"] for b in d["builds"]}
assert d["version"]["major"] == 5 and len(d["checkouts"]) == 1 and len(ids) == 2
assert all(t["build_id"] in ids and t["origin"] == "ghostswap" for t in d["tests"])
assert len({t["id"] for t in d["tests"]}) == len(d["tests"]) == 7
assert sorted(t["status"] for t in d["tests"]) == ["FAIL"] * 4 + ["PASS"] * 2 + ["SKIP"], [t["status"] for t in d["tests"]]
' "$work/res/report.kcidb.json"
check "KTAP counts every cell" test "$(sed -n 2p "$work/res/report.ktap")" = 1..6
mkdir "$work/elsewhere"
check "-o puts it elsewhere" test "$(status "$rig" report -o "$work/elsewhere/x.html" "$work/res")" = 0
check "links follow" grep -q 'href="../res/run2/panic.release/console.log"' "$work/elsewhere/x.html"
check "what is beside it has its name" test -s "$work/elsewhere/x.ktap"
check "nothing to read: 1" test "$(status "$rig" report "$work/elsewhere")" = 1
check "and it says so" grep -q '^rig: report: no result.json' "$work/stderr"
check "no directory: 16" test "$(status "$rig" report)" = 16

check "compare: the same results do not differ" test "$(status "$rig" compare "$work/res/run1" "$work/res/run2")" = 0
# The same cells again, but what passed fails and what was 12 pages is 24, on three boots.
python3 - "$work" <<'EOF'
import json, os, sys
work = sys.argv[1]
for run in 1, 2, 3, 4:
    for side, pages in (("old", 100), ("new", 130)):
        d = json.load(open(f"{work}/res/run1/result.json"))
        d["started"] = f"2026-01-0{run}T00:00:00Z"
        d["cells"] = d["cells"][:2]
        d["cells"][0]["metrics"]["pages"]["value"] = pages + run
        if side == "new" and run > 1:
            d["cells"][1].update(verdict="fail", ok=False, reason="broken now")
        os.makedirs(f"{work}/{side}/{run}")
        json.dump(d, open(f"{work}/{side}/{run}/result.json", "w"))
EOF
check "compare: differences: 1" test "$(status "$rig" compare "$work/old" "$work/new")" = 1
check "the outcome" grep -q '^  pass.base on base: 4/4 ok -> 1/4 ok .*: broken now$' "$work/stdout"
check "the metric beyond its spread" grep -q 'pass.release on release: pages 102.5 (101 to 104, 4) -> 132.5 (131 to 134, 4) pages: +29.27 %$' "$work/stdout"
check "no other metric" test "$(grep -c '%$' "$work/stdout")" = 1
check "a threshold above it: the metric is left out" test "$("$rig" compare -t 30 "$work/old" "$work/new" | grep -c ' pages ')" = 0
check "one value on a side is no spread" test "$("$rig" compare "$work/old/1" "$work/new/1" | grep -c 'one value on a side')" = 1
check "as JSON" python3 -c 'import json, sys; d = json.load(sys.stdin); assert len(d["metrics"]) == 1 and len(d["outcomes"]) == 1' \
	< <("$rig" compare -J "$work/old" "$work/new")
check "two kernels of one run" test "$(status "$rig" compare "$work/res@base" "$work/res@release")" = 0
check "they were paired" grep -qx 'Cells on one side only: 0 in A, 4 in B.' "$work/stdout"
check "no such directory: 2" test "$(status "$rig" compare "$work/old" "$work/none")" = 2
check "one directory: 16" test "$(status "$rig" compare "$work/old")" = 16

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || :)
if [ -z "$browser" ]; then
	ok "the page in a browser # SKIP no chromium here"
else
	shoot() { # OUT OPTION...
		local out=$1
		shift
		# A browser in a small container has no user namespace of its own: no sandbox. A page that it is to
		# show has no script.
		timeout -k 5 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/profile" \
			--enable-logging=stderr --v=0 --hide-scrollbars --window-size=1200,1600 --screenshot="$out" "$@" \
			"file://$work/res/report.html" 2>"$work/browser.log" >/dev/null
	}
	for theme in light dark; do
		option=()
		[ $theme = light ] || option=(--blink-settings=preferredColorScheme=0)
		check "$theme: Chromium shows it" shoot "$work/$theme.png" "${option[@]}"
		check "$theme: a picture came out" test -s "$work/$theme.png"
		check "$theme: nothing on the console" test "$(grep -c CONSOLE "$work/browser.log")" = 0
	done
	check "the themes differ" test "$(sha256sum <"$work/light.png")" != "$(sha256sum <"$work/dark.png")"
	# The check must be able to see a message.
	sed -i 's|</body>|<img src="x.png"></body>|' "$work/res/report.html"
	shoot "$work/bad.png"
	check "a forbidden resource would be seen" grep -q CONSOLE "$work/browser.log"
	[ -z "${KEEP_SCREENSHOTS:-}" ] || cp "$work"/*.png "$KEEP_SCREENSHOTS"
fi
echo "1..$n"
[ $bad = 0 ]
