# What every bats file loads: `load ../lib/helper`. Hermetic: own HOME, own home of the station,
# own temporary directory; nothing of the caller's environment but the PATH of the machine.

# shellcheck disable=SC2154
FAXPIPE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=${FAXPIPE_BIN:-$FAXPIPE_ROOT/bin}
FIXTURES=$FAXPIPE_ROOT/test/fixtures
export FAXPIPE_ROOT BIN FIXTURES
# What g3tiff writes twice is the same twice, DateTime too.
export SOURCE_DATE_EPOCH=1792281600
bats_require_minimum_version 1.5.0

# Call from setup(): the scratch directory is $T, and the current one.
scratch() {
    T=$BATS_TEST_TMPDIR
    export T HOME=$T/home TMPDIR=$T/tmp FAXPIPE_HOME=$T/station
    export PATH=$BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    export LC_ALL=C.UTF-8 TZ=UTC
    unset XDG_STATE_HOME XDG_CONFIG_HOME CUPS_SERVER FAXPIPE_CPU MAIL EMAIL
    mkdir -p "$HOME" "$TMPDIR"
    chmod 755 "$T"
    cd "$T" || return 1
    PIDS=()
}

# Call from teardown(): ends what `background` started, by pid.
cleanup() {
    local pid
    for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || :; done
    for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || :; done
    PIDS=()
}

# Starts a server that must not hold bats' descriptors; its output goes to $T/background.log
# unless the command redirects it. The pid is in $!.
background() {
    "$@" </dev/null >>"$T/background.log" 2>&1 3>&- 4>&- &
    PIDS+=($!)
}

# until_true SECONDS COMMAND...: polls until the command succeeds.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || { echo "timed out: $*" >&2; return 1; }
        sleep 0.05
    done
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port that is free now; for servers that cannot pick one themselves.
free_port() {
    python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# needs PROGRAM...: skips where one is missing.
needs() {
    local p
    for p; do command -v "$p" >/dev/null 2>&1 || skip "$p is not installed"; done
}

needs_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }

# Asserts on what `run` left: expect_status 65; expect_line "g3tiff: x: y"; they print what came.
expect_status() {
    [ "$status" -eq "$1" ] || { echo "status $status, want $1"; echo "$output"; return 1; }
}

# no COMMAND...: it fails. A bare `!` in front of a command that is not the last of a test fails
# no test, since errexit passes over it.
no() { ! "$@"; }

# One clear line on stderr and nothing on stdout (after `run --separate-stderr`).
expect_refusal() {
    expect_status "$1" || return 1
    [ -z "$output" ] || { echo "stdout: $output"; return 1; }
    [ "${#stderr_lines[@]}" -eq 1 ] || { echo "stderr: $stderr"; return 1; }
}

# A pipeline whose every status counts: `pipe 'a | b'`.
pipe() { bash -o pipefail -c "$1"; }
