# A run of the queue: one connection a hop, hops beside each other, those that are down, and what
# is not opened.
load ../lib/helper
load ../lib/fake

setup() {
    scratch
    needs python3
    mkdir station
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: x\n\nHi\n' >mail.eml
}
teardown() { cleanup; }

conf() { # LINE...
    printf '%s\n' 'hostname = fax.example' "$@" >station/faxpipe.conf
}

add() { ID=$(fax-queue add -f alice@fax.example "$@" <mail.eml); }

# second [SCENARIO-LINE]...: another receiver, in two/, at URL2.
second() {
    rm -rf two && mkdir two
    printf '%s\n' "$@" >two/plan
    background "$FAXPIPE_ROOT/test/lib/fake-smtp" two two/plan
    until_true 10 test -s two/port
    URL2=smtp://127.0.0.1:$(cat two/port)
}

entries() {
    fax-queue list --json | python3 -c 'import json, sys
for e in json.load(sys.stdin):
    print(e["state"], ",".join(r["recipient"] for r in e["recipients"]))'
}

# wait_until ID SECONDS: as if it had been put off until then.
put_off() {
    sed -i "s/^next .*/next $(($(date +%s) + $2))/" "station/queue/$1.env"
    touch -d "@$(($(date +%s) + $2))" "station/queue/$1.env"
}

# opened COMMAND...: the queue's files that it opened.
opened() {
    strace -f -qq -o calls -e trace=open,openat "$@"
    grep -oE '[0-9a-f]+-[0-9a-f]+\.(env|mail)' calls | sort -u || :
}

# bats test_tags=nosan
@test "what is not due is not opened, however much of it there is" {
    needs strace
    fake
    conf "smarthost = $URL"
    local i
    for i in $(seq 1 30); do
        add "r$i@x.example"
        put_off "$ID" 3000
    done
    add held@x.example
    fax-queue hold "$ID"
    [ -z "$(opened fax-queue flush)" ]
    add now@x.example
    [ "$(opened fax-queue flush)" = "$ID.env
$ID.mail" ]
    [ "$(grep -c RCPT fake/log)" -eq 1 ]
    [ "$(fax-queue list --json | grep -o '"id"' | wc -l)" -eq 31 ]
    # Its time has come.
    ID=$(find station/queue -name '*.env' -printf '%f\n' | sort | head -1)
    put_off "${ID%.env}" -1
    fax-queue flush
    [ "$(grep -c RCPT fake/log)" -eq 2 ]
}

# bats test_tags=nosan
@test "entries without the index, of an older faxpipe or a copy, are read, and get it" {
    needs strace
    fake
    conf "smarthost = $URL"
    add later@x.example
    local later=$ID
    put_off "$ID" 3000
    add now@x.example
    add held@x.example
    fax-queue hold "$ID"
    touch station/queue/*.env
    opened fax-queue flush | grep -q "$later.env"
    [ "$(grep -c RCPT fake/log)" -eq 1 ]
    [ "$(entries)" = "waiting later@x.example
held held@x.example" ]
    [ -z "$(opened fax-queue flush)" ]
    # A restored envelope that says too late a time is read all the same when it is forced.
    fax-queue flush --all
    [ "$(entries)" = "held held@x.example" ]
}

# bats test_tags=nosan
@test "an index made by a clock that was ahead says nothing" {
    [ -e "$BIN/test/lib/clock_preload.so" ] || skip "no shim for the clock"
    fake
    conf "smarthost = $URL"
    add bob@x.example
    put_off "$ID" 3000
    put_off "$ID" 10000000
    # Two months ago, when nobody could have put it off for so long.
    env CLOCK_OFFSET=-5000000 LD_PRELOAD="$BIN/test/lib/clock_preload.so" fax-queue flush
    [ -z "$(entries)" ]
    # What comes in by a clock that is behind is sent by it, too.
    add carol@x.example
    env CLOCK_OFFSET=-5000000 LD_PRELOAD="$BIN/test/lib/clock_preload.so" fax-queue flush
    [ -z "$(entries)" ]
}

@test "all that goes to one hop goes over one connection, each by its own envelope" {
    fake 'rcpt bad@x.example: 550 5.1.1 nobody' 'caps: 8BITMIME;DSN'
    conf "smarthost = $URL"
    add one@x.example
    ID=$(fax-queue add -f '<>' two@y.example <mail.eml)
    add bad@x.example
    add three@x.example four@z.example --envid 'E 1' --orcpt none --orcpt 'rfc822;4@z' --ret full
    fax-queue flush
    [ "$(grep -c '^EHLO' fake/log)" -eq 1 ]
    [ "$(grep -c '^QUIT' fake/log)" -eq 1 ]
    tr -d '\r' <fake/log | grep -E '^(MAIL|RCPT)' | sed 's/ SIZE=[0-9]*//; s/ BODY=8BITMIME//' >dialogue
    diff dialogue - <<'X'
MAIL FROM:<alice@fax.example>
RCPT TO:<one@x.example>
MAIL FROM:<>
RCPT TO:<two@y.example>
MAIL FROM:<alice@fax.example>
RCPT TO:<bad@x.example>
MAIL FROM:<alice@fax.example> RET=FULL ENVID=E+201
RCPT TO:<three@x.example> ORCPT=rfc822;three@x.example
RCPT TO:<four@z.example> ORCPT=rfc822;4@z
X
    [ "$(entries)" = "due alice@fax.example" ]
}

@test "an entry is settled as soon as its reply is there, whatever becomes of the next" {
    fake 'content#2: hang'
    conf "smarthost = $URL"
    add one@x.example
    local first=$ID
    add two@x.example
    local in_flight=$ID
    add three@x.example
    fax-queue flush 3>&- 4>&- &
    local pid=$!
    until_true 10 test -s fake/mail.2
    [ ! -e "station/queue/$first.env" ]
    [ "$(entries)" = "sending two@x.example
due three@x.example" ]
    local child
    child=$(pgrep -P "$pid")
    kill -9 "$pid"
    run wait "$pid"
    # The one in flight is its smtp-send's until that has ended; the others are anybody's.
    run fax-queue flush --id "$in_flight"
    expect_status 75
    kill "$child"
    until_true 10 fax-queue hold "$in_flight"
    fax-queue release "$in_flight"
    [ "$(grep -c one@x fake/log)" -eq 1 ]
    fake
    conf "smarthost = $URL"
    fax-queue flush
    [ -z "$(entries)" ]
    [ "$(grep -c one@x fake/log)" -eq 0 ]
    [ "$(grep -c RCPT fake/log)" -eq 2 ]
}

@test "a connection that ends between two mails is opened again" {
    fake 'content#2: 250 2.0.0 taken then drop'
    conf "smarthost = $URL"
    for i in 1 2 3 4 5; do add "r$i@x.example"; done
    fax-queue flush
    [ -z "$(entries)" ]
    [ "$(grep -c RCPT fake/log)" -eq 5 ]
    [ "$(grep -c '^EHLO' fake/log)" -eq 3 ]
}

# bats test_tags=nosan
@test "a host that refuses is tried once for all its entries, and not by the next runs" {
    needs strace
    local i port
    port=$(free_port)
    conf "smarthost = smtp://127.0.0.1:$port"
    for i in $(seq 1 12); do add "r$i@x.example"; done
    tries() { strace -f -qq -o calls -e trace=connect "$@" && grep -c "htons($port)" calls; }
    [ "$(tries fax-queue flush)" -eq 1 ]
    # The first has its words, and they all wait.
    [ "$(entries | grep -c ^waiting)" -eq 12 ]
    fax-queue list | grep -q 'Failed to connect'
    [ "$(tries fax-queue flush)" = 0 ]
    add new@x.example
    [ "$(tries fax-queue flush)" = 0 ]
    [ "$(entries | grep -c ^waiting)" -eq 13 ]
    # Asked for, it is tried, once.
    [ "$(tries fax-queue flush --all)" -eq 1 ]
    [ "$(tries fax-queue flush --domain x.example)" -eq 1 ]
    ls station/queue/*.host
    # It is back, and its time has come.
    sed -i 's/"until": [0-9]*/"until": 1/' station/queue/*.host
    touch -d @1 station/queue/*.env
    fake
    conf "smarthost = $URL" "route.x.example = smtp://127.0.0.1:$port"
    python3 - "$port" "$PORT" <<'PY' 3>&- 4>&- &
import socket, sys, threading
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(5)
def copy(x, y):
    while d := x.recv(65536):
        y.sendall(d)
    y.shutdown(socket.SHUT_WR)
while True:
    a = server.accept()[0]
    b = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    for pair in ((a, b), (b, a)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
PY
    PIDS+=($!)
    until_true 10 listening "$port"
    fax-queue flush
    [ -z "$(ls station/queue/*.host 2>/dev/null)" ]
}

@test "what is too old ends with a notice though its host is left alone" {
    conf "smarthost = smtp://127.0.0.1:$(free_port)"
    add young@x.example
    fax-queue flush
    add old@x.example
    sed -i "s/^created .*/created $(($(date +%s) - 999999))/" "station/queue/$ID.env"
    fax-queue flush
    [ "$(entries | grep -c .)" -eq 2 ]
    entries | grep -qx 'due alice@fax.example'
    no grep -q old@x.example station/queue/*.env
    grep -q 'Final-Recipient: rfc822; old@x.example' station/queue/*.mail
}

@test "hops are served beside each other: one that hangs holds up nobody else's mail" {
    fake 'greeting: hang'
    second
    conf "smarthost = $URL" "route.two.example = $URL2"
    local i
    for i in 1 2 3; do add "a$i@one.example"; done
    add b@two.example
    fax-queue flush 3>&- 4>&- &
    local pid=$!
    until_true 10 test -s two/mail.1
    until_true 10 sh -c '! ls station/queue/'"$ID.env"
    kill "$pid"
    run wait "$pid"
    [ "$(entries | grep -c one.example)" -eq 3 ]
}

@test "no more hops at once than --jobs says" {
    fake 'greeting: hang'
    second
    conf "route.one.example = $URL" "route.two.example = $URL2"
    add a@one.example
    add b@two.example
    fax-queue flush --jobs 1 3>&- 4>&- &
    local pid=$!
    until_true 10 sh -c 'fax-queue list | grep -q sending'
    [ ! -s two/log ]
    kill "$(pgrep -P "$pid")"
    wait "$pid"
    # The other one has had its turn then.
    [ -s two/mail.1 ]
    [ "$(entries)" = "waiting a@one.example" ]
    for args in '--jobs 0x' '--jobs -1' '--jobs 100000'; do
        # shellcheck disable=SC2086
        run fax-queue flush $args
        expect_status 64
    done
    run fax-queue list --jobs 2
    expect_status 64
}

@test "an entry of several hops: each once, one try in all, a notice for each" {
    fake 'rcpt bad@one.example: 550 5.1.1 nobody' 'rcpt wait@one.example: 450 4.2.1 later'
    second 'rcpt bad@two.example: 550 5.1.1 nobody' 'rcpt wait@two.example: 450 4.2.1 later'
    conf "route.one.example = $URL" "route.two.example = $URL2" \
        "route.three.example = smtp://127.0.0.1:$(free_port)"
    add {good,bad,wait}@one.example {good,bad,wait}@two.example c@three.example
    fax-queue flush
    [ "$(cat fake/log two/log | grep -c RCPT)" -eq 6 ]
    grep -qx 'tries 1' "station/queue/$ID.env"
    [ "$(entries | sort)" = "due alice@fax.example
due alice@fax.example
waiting wait@one.example,wait@two.example,c@three.example" ]
    [ "$(cat station/queue/*.mail | grep -c '^Final-Recipient: rfc822; *bad@')" -eq 2 ]
    fax-queue list | grep -q '<wait@two.example>: 450 4.2.1 later'
}

@test "while mails come in runs lose none and double none" {
    fake
    conf "smarthost = $URL"
    local i pid
    (
        # shellcheck disable=SC2030
        for i in $(seq 1 25); do fax-queue add -f alice@fax.example "r$i@x.example" <mail.eml >/dev/null; done
        : >over
    ) 3>&- 4>&- &
    pid=$!
    until [ -e over ]; do fax-queue flush; done
    wait "$pid"
    fax-queue flush
    [ -z "$(ls station/queue)" ]
    [ "$(grep -c RCPT fake/log)" -eq 25 ]
    [ "$(grep RCPT fake/log | sort -u | wc -l)" -eq 25 ]
}

# bats test_tags=nosan
@test "a queue without room: what was sent goes, what waits stays, nothing is lost" {
    needs_root
    fake 'rcpt bad@x.example: 550 5.1.1 nobody' 'rcpt late@x.example: 450 4.2.1 later'
    conf "smarthost = $URL"
    mkdir station/queue
    # shellcheck disable=SC2016
    run unshare -m --propagation private bash -c '
        mount -t tmpfs -o size=64k none station/queue
        for a in bad late good; do
            fax-queue add -f alice@fax.example $a@x.example <mail.eml >/dev/null || exit 1
        done
        cat /dev/zero >station/queue/filler 2>/dev/null
        fax-queue flush 2>words
        echo "status $?"
        rm station/queue/filler
        fax-queue list | grep -o "^    <[a-z]*@x.example>" | tr -d "\n"; echo
        fax-queue flush --all && fax-queue list | grep -o "<[a-z]*@[a-z]*.example>" | tr "\n" " "'
    echo "$output"
    [[ ${lines[0]} == 'status 7'[34] ]]
    [ "${lines[1]}" = '    <bad@x.example>    <late@x.example>' ]
    # Late still waits, and the notice about bad.
    [[ ${lines[2]} == '<alice@fax.example> <alice@fax.example> <late@x.example> ' ]]
    [ "$(grep -c good@x fake/log)" -eq 1 ]
}

# bats test_tags=nosan
@test "mail for later waits for its time, in the index too, and no forced run takes it" {
    needs strace
    fake
    conf "smarthost = $URL"
    local at
    at=$(($(date +%s) + 864000))
    add bob@x.example --at "@$at"
    fax-queue list --json | grep -q "\"at\": $at"
    [ "$(entries)" = "waiting bob@x.example" ]
    [ -z "$(opened fax-queue flush)" ]
    fax-queue flush --all
    fax-queue flush --domain x.example
    [ ! -s fake/log ]
    # The time comes: its days begin only now.
    sed -i "s/^created .*/created 5/; s/^at .*/at $(($(date +%s) - 5))/; s/^next .*/next 1/" "station/queue/$ID.env"
    touch -d @1 "station/queue/$ID.env"
    fake 'rcpt bob@x.example: 450 4.2.1 later'
    conf "smarthost = $URL"
    fax-queue flush
    [ "$(entries)" = "waiting bob@x.example" ]
    add carol@x.example --at "$(date -d '+3 days' '+%Y-%m-%d %H:%M')"
    fax-queue release "$ID"
    fax-queue flush
    [ -s fake/mail.1 ]
    for args in '--at never' '--at @5 --by 5N'; do
        # shellcheck disable=SC2086
        run fax-queue add -f a@x b@x $args <mail.eml
        expect_status 64
    done
}
