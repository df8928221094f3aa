#!/bin/bash
# What is handed to QEMU (tests/rig/fake-qemu), for a cell that shares a directory; what is recorded of that, and refused. Usage: share.sh RIG
set -euo pipefail
rig=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d /tmp/test-rig-share.XXXXXX)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/check.sh"

top=$work/top
mkdir -p "$top"/rig/{plans,scenarios} "$top"/build/host/rig/guest "$top"/build/kernels/release "$top/shared/sub"
printf agent >"$top/build/host/rig/guest/agent"
printf kernel >"$top/build/kernels/release/bzImage"
echo hello >"$top/shared/sub/file"
export RIG_ROOT=$top RIG_QEMU=$here/fake-qemu
unset RIG_BUILD
plan() { printf '[defaults]\nscenario = x\nroot = no\nmemory = 32M\nshare = %s\ndisk.swap0 = size=1M\n[cell pass]\n%s' "$@" >"$work/p.ini"; }
# field DIR KEY: of its one cell; fails when there is none
field() { sed -n "s/^ *\"$2\": \"\(.*\)\",*\$/\1/p" "$1/result.json" | grep .; }

plan shared ""
check "it runs" test "$(status "$rig" run "$work/p.ini" --accel tcg --out "$work/1")" = 0
check "the image follows the disks" grep -q 'readonly=on,file=/dev/fd/8' "$work/1/pass/qemu.cmd"
check "the guest does not take a busy host for a broken timer" grep -q ' no_timer_check ' "$work/1/pass/qemu.cmd"
check "the command says what it is" grep -q '8 is an image of shared' "$work/1/pass/qemu.cmd"
check "no image is left" test -z "$(find "$work/1" -name '*.erofs')"
for key in id share_sha256; do check "a cell has $key" test -n "$(field "$work/1" $key)"; done
check "the cell can be run again" test "$(status "$rig" run "$work/1/pass/cell.ini" --accel tcg --out "$work/2")" = 0
check "the same content has the same hash" test "$(field "$work/1" share_sha256)" = "$(field "$work/2" share_sha256)"
check "and the cell the same id" test "$(field "$work/1" id)" = "$(field "$work/2" id)"
cp -r "$top/shared" "$top/moved"
sed 's/^share = shared$/share = moved/' "$work/p.ini" >"$work/moved.ini"
"$rig" run "$work/moved.ini" --accel tcg --out "$work/moved" >/dev/null
check "the same content elsewhere: the same id" test "$(field "$work/1" id)" = "$(field "$work/moved" id)"
sed '/^share = /d' "$work/p.ini" >"$work/none.ini"
"$rig" run "$work/none.ini" --accel tcg --out "$work/none" >/dev/null
check "nothing shared: another id" test "$(field "$work/1" id)" != "$(field "$work/none" id)"
echo changed >"$top/shared/sub/file"
"$rig" run "$work/p.ini" --accel tcg --out "$work/3" >/dev/null
check "another content has another id" test "$(field "$work/1" id)" != "$(field "$work/3" id)"
plan nowhere ""
check "no such directory: nothing runs" test "$(status "$rig" run "$work/p.ini" --accel tcg --out "$work/4")" = 1
check "and rig says why" grep -q "cannot share $top/nowhere: No such file" "$work/out"
plan shared "$(printf 'disk.d%s = size=1M\n' 1 2 3 4 5)"
check "six disks leave no room: 16" test "$(status "$rig" run "$work/p.ini" --accel tcg --out "$work/5")" = 16
check_end
