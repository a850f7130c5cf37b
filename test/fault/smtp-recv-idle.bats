# What idle connections cost: ten thousand are to fit into 200 MiB, all processes of the server
# together. IDLE=10000 holds as many as promised; fewer, and what they cost is multiplied.
# bats file_tags=nosan
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs python3 pgrep
    count=${IDLE:-500}
}

teardown() { cleanup; }

family() { # of a process: itself and all below it
    local p
    echo "$1"
    for p in $(pgrep -P "$1"); do family "$p"; done
}

# KiB of a process and all below it, each shared page by its share.
memory() {
    local p
    for p in $(family "$1"); do cat "/proc/$p/smaps_rollup"; done | awk '/^Pss:/ { n += $2 } END { print n }'
}

# idle TLS?: holds the connections, all greeted, until the server goes.
idle() {
    python3 -u - "$PORT" "$count" "$@" 3>&- <<'PY'
import resource, socket, ssl, sys
port, count, tls = int(sys.argv[1]), int(sys.argv[2]), len(sys.argv) > 3
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 64,) * 2)
context = ssl._create_unverified_context()
held = []
for _ in range(count):
    s = socket.create_connection(("127.0.0.1", port))
    if tls: s = context.wrap_socket(s)
    held.append(s)
    if not s.recv(1000).startswith(b"220 "): sys.exit("not greeted")
open("held", "w").close()
held[0].recv(1000) # until the server ends
PY
}

# in_bounds MIB TLS?: what count of them cost, and what 10,000 would.
in_bounds() {
    local before after all most=$1
    shift
    before=$(memory "${PIDS[0]}")
    background idle "$@"
    until_true 60 test -e held
    after=$(memory "${PIDS[0]}")
    all=$((before + (after - before) * 10000 / count))
    echo "$before KiB, with $count $after KiB; 10,000 would be $((all / 1024)) MiB"
    [ "$(for p in $(family "${PIDS[0]}"); do ls "/proc/$p/fd"; done | wc -l)" -gt "$count" ]
    [ "$all" -lt $((most * 1024)) ]
}

@test "idle connections: 10,000 in 200 MiB" {
    receiver --hostname us.example --maildir md --max-connections 0 --max-per-client 0 --timeout 0
    in_bounds 200
}

# They take 197 MiB, which so few of them tell to some 5.
@test "idle connections under TLS: 10,000 in 200 MiB, as far as fewer can tell" {
    needs openssl
    station
    certificate
    receiver --tls-cert tls.pem --tls-key tls.key --smtps --max-connections 0 --max-per-client 0 \
        --timeout 0
    in_bounds 215 tls
}
