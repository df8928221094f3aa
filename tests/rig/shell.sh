#!/bin/bash
# rig shell in a real guest: exit status, output, shared directory, terminal, crash. Needs a kernel, the root image and QEMU, so
# it is no unit test: ci/check runs it after those are built. Usage: shell.sh RIG. Speaks TAP.
set -uo pipefail
rig=$1
work=$(mktemp -d /tmp/test-rig-shell.XXXXXX)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/check.sh"
guest() { "$rig" shell "$@" >"$work/out" 2>"$work/err" </dev/null; }

guest -- 'cat /proc/swaps; echo to stderr >&2; exit 7'
check "the exit status is the command's" test $? = 7
check "the ghost device is on" grep -q '^/dev/ghostswap .*ghost' "$work/out"
check "standard error is standard error" test "$(cat "$work/err")" = "to stderr"

# Each byte comes out as it went in, also a lot of them; no file is written to the host.
mkdir "$work/share"
head -c 3000000 /dev/urandom >"$work/share/data"
printf '#!/bin/sh\nprintf "[%%s]" "$@"\n' >"$work/share/args"
chmod +x "$work/share/args"
guest --share "$work/share" -- cat data
check "three megabytes arrive whole" cmp -s "$work/out" "$work/share/data"
guest --share "$work/share" --no-ghost -- ./args 'a b' "it's" '' '$HOME'
check "words arrive as they are" test "$(cat "$work/out")" = "[a b][it's][][\$HOME]"
guest --no-ghost -- 'echo by name >/dev/stdout; sleep 1000 & exit 0'
check "/dev/stdout can be opened" test "$(cat "$work/out")" = "by name"
guest --share "$work/share" --no-ghost -- 'touch /host/x 2>&1; tail -n +2 /proc/swaps'
check "the directory is read-only, and --no-ghost leaves the device off" \
	test "$(cat "$work/out")" = "touch: cannot touch '/host/x': Read-only file system"
check "nothing came into the directory" test "$(ls "$work/share" | wc -l)" = 2

guest -- 'echo c >/proc/sysrq-trigger; sleep 60'
check "a crash has no exit status: 125" test $? = 125
logs=$(sed -n 's/^rig: shell: logs: //p' "$work/err")
check "and its logs are kept" test -s "$logs/console.log"
rm -rf "${logs%/shell}"
check "and is shown" grep -q 'sysrq triggered crash' "$work/err"

# A terminal: a prompt, its size, job control, Ctrl-C to the guest, exit.
check "an interactive shell on a terminal" python3 - "$rig" <<'EOF'
import os, pty, select, signal, struct, sys, fcntl, termios, time
signal.alarm(60)
pid, fd = pty.fork()
if not pid:
    os.environ["TERM"] = "xterm"
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 99, 0, 0))
    os.execv(sys.argv[1], ["rig", "shell"])
seen = b""
def until(what):
    global seen
    while what not in seen:
        seen += os.read(fd, 4096)
    seen = seen[seen.index(what) + len(what):]
start = time.time()
until(b"ghost:~# ")
print(f"# prompt after {time.time() - start:.1f} s")
os.write(fd, b"stty size; echo term=$TERM\n")
until(b"31 99")
until(b"term=xterm")
until(b"# ")
os.write(fd, b"sleep 1000\n")
time.sleep(1)
os.write(fd, b"\x03")
until(b"# ")
os.write(fd, b"exit 5\n")
try:
    while os.read(fd, 4096):
        pass
except OSError:
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(0 if status == 5 else 1)
EOF
check "Ctrl-] ends the guest" python3 - "$rig" <<'EOF'
import os, pty, signal, sys
signal.alarm(60)
pid, fd = pty.fork()
if not pid:
    os.execv(sys.argv[1], ["rig", "shell"])
seen = b""
while b"ghost:~# " not in seen:
    seen += os.read(fd, 4096)
os.write(fd, b"\x1d")
try:
    while os.read(fd, 4096):
        pass
except OSError:
    pass
sys.exit(0 if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 125 else 1)
EOF
check "no terminal and no command: 16" test "$("$rig" shell </dev/null 2>/dev/null; echo $?)" = 16
check "a wrong size: 16" test "$("$rig" shell --memory 3 -- true </dev/null 2>/dev/null; echo $?)" = 16
check_end
