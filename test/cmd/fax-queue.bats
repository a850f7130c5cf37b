# The outgoing queue: entries and their envelopes, fates, notices, and what a kill leaves behind.
load ../lib/helper
load ../lib/queue

setup() {
    scratch
    needs python3
    mkdir station
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: h\303\251llo\n\nHi\n' >mail.eml
}
teardown() { cleanup; }

# What is in the queue: "state from recipient,recipient" a line.
entries() {
    fax-queue list --json | python3 -c 'import json, sys
for e in json.load(sys.stdin):
    print(e["state"], e["from"] or "<>", ",".join(r["recipient"] for r in e["recipients"]))'
}

@test "usage errors are 64" {
    for args in '' 'nonsense' 'add bob@x' 'add -f a@x' 'list extra' 'hold' 'remove a b' 'list --all' \
        'flush --json' 'flush --id x --all' 'hold --user 1 x'; do
        # shellcheck disable=SC2086
        run fax-queue $args <mail.eml
        expect_status 64 || { echo "args: $args"; return 1; }
    done
}

@test "who is named twice is taken once, and everybody has his own wishes" {
    URL=smtp://127.0.0.1:$(free_port)
    conf
    add a@x b@x a@x c@x --orcpt 'rfc822;a@o' --orcpt none --orcpt 'rfc822;again@o' --orcpt 'rfc822;c@o' \
        --notify never --notify none --notify success --notify delay
    sed -n '/^to/,$p' "station/queue/$ID.env" >got
    printf '%s\n' 'to a@x' 'orcpt rfc822;a@o' 'notify never' 'to b@x' 'to c@x' 'orcpt rfc822;c@o' \
        'notify delay' end | diff - got
}

@test "a password in a next hop's URL is shown to nobody, and nothing goes there" {
    URL=smtp://alice:sekret@127.0.0.1:$(free_port)
    conf
    add bob@x
    run --separate-stderr fax-queue flush
    [ -z "$(grep -r sekret station/queue)$(grep sekret <<<"$stderr")" ]
    fax-queue list | grep 'smarthost: a password does not belong into a URL'
    printf 'route.y = %s\n' "$URL" >>station/faxpipe.conf
    run -78 --separate-stderr smtp-send -f a@x bob@y <mail.eml
    [[ $stderr == *'route.y: a password does not belong into a URL'* ]]
    [[ $stderr != *sekret* ]]
}

@test "an entry whose mail is gone is told of by every run, and can be removed" {
    URL=smtp://127.0.0.1:$(free_port)
    conf
    add bob@x
    rm "station/queue/$ID.mail"
    run -78 --separate-stderr fax-queue flush
    fax-queue remove "$ID"
    [ -z "$(ls station/queue)" ]
    run -1 --separate-stderr fax-queue remove "$ID"
    fax-queue flush
}

@test "wishes about notices are kept, passed on, and heeded" {
    URL=smtp://127.0.0.1:$(free_port)
    conf
    add bob@x carol@x --dsn success,delay --ret hdrs --envid 'Q 1' --orcpt none --orcpt 'rfc822;c@z'
    grep -qx 'envid Q 1' "station/queue/$ID.env"
    fax-queue flush
    fake 'caps: PIPELINING;DSN;8BITMIME' 'rcpt carol@x: 550 5.1.1 nobody'
    fax-queue flush --all
    grep -q 'RET=HDRS ENVID=Q+201' fake/log
    grep -q '^RCPT TO:<bob@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@x' fake/log
    grep -q '^RCPT TO:<carol@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@z' fake/log
    # No notice of failure, since none was asked for.
    [ -z "$(entries)" ]
    add carol@x --envid E7 --orcpt 'rfc822;c@z'
    no grep -qE '^(dsn|notify|told|by)' "station/queue/$ID.env"
    fax-queue flush
    grep -qx 'Original-Envelope-Id: E7' station/queue/*.mail
    grep -qx 'Original-Recipient: rfc822; *c@z' station/queue/*.mail
    for args in '--dsn always' '--ret x' '--orcpt a --orcpt b' '--notify x' '--by soon' '--by 0R' \
        '--notify never --notify never'; do
        # shellcheck disable=SC2086
        run fax-queue add -f a@x b@x $args <mail.eml
        [ "$status" -eq 64 ] || [ "$status" -eq 65 ]
    done
    run fax-queue list --dsn never
    expect_status 64
}

@test "bad mails and addresses are 65, unknown users 67, unknown entries 1; nothing is left" {
    run --separate-stderr fax-queue add -f a@x b@x </dev/null
    expect_refusal 65
    run --separate-stderr fax-queue add -f a@x $'b@x\nfrom eve@x' <mail.eml
    expect_refusal 65
    run --separate-stderr fax-queue add -f $'a@x\nuser 1' b@x <mail.eml
    expect_refusal 65
    [ -z "$(ls station/queue 2>/dev/null)" ]
    for command in remove hold release; do
        run --separate-stderr fax-queue "$command" ../../etc/passwd
        expect_refusal 1
        run --separate-stderr fax-queue "$command" 0123-4567
        expect_refusal 1
    done
    run fax-queue flush --id 0123-4567
    expect_status 1
    fuser init >/dev/null
    run --separate-stderr fax-queue add --user 99 -f a@x b@x <mail.eml
    expect_refusal 67
}

@test "no station is 78" {
    FAXPIPE_HOME=$T/nowhere run --separate-stderr fax-queue list
    expect_refusal 78
}

@test "an entry is sent as it came, and is gone" {
    fake
    add bob@there.example '<carol@there.example>'
    [ "$(entries)" = "due alice@fax.example bob@there.example,carol@there.example" ]
    run --separate-stderr fax-queue flush
    expect_status 0
    [ -z "$output$stderr" ]
    sed 's/$/\r/' mail.eml | cmp - fake/mail.1
    [ -z "$(ls station/queue)" ]
}

@test "each recipient has his own fate" {
    fake 'rcpt bad@x.example: 550 5.1.1 no such \033[2J user' 'rcpt later@x.example: 450 4.2.1 later'
    add good@x.example bad@x.example later@x.example
    run --separate-stderr fax-queue flush
    expect_status 0
    [ -z "$stderr" ]
    [ "$(entries)" = "waiting alice@fax.example later@x.example
due <> alice@fax.example" ]
    # Not due: nothing is tried.
    fax-queue flush
    [ "$(entries)" = "waiting alice@fax.example later@x.example" ]
    fax-queue flush
    [ "$(grep -c later@x.example fake/log)" -eq 1 ]
    fax-queue flush --all
    [ "$(grep -c later@x.example fake/log)" -eq 2 ]
    [ "$(grep -c good@x.example fake/log)" -eq 1 ]
    fax-queue list | grep -q '<later@x.example>: 450 4.2.1 later'
}

@test "a notice is what RFC 3464 says, and harmless" {
    fake 'rcpt bad@x.example: raw 550 5.1.1 no such \x1b[2J\xc3\xa9 user\r\n'
    add bad@x.example good@x.example
    fax-queue flush
    fax-queue flush
    grep -q '^MAIL FROM:<>' fake/log
    no env LC_ALL=C grep -qP '[^\t\r\n -~]' fake/mail.2
    python3 - fake/mail.2 <<'PY'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
assert not m.defects, m.defects
assert m.get_content_type() == "multipart/report" and m.get_param("report-type") == "delivery-status"
assert m["To"] == "<alice@fax.example>" or "alice@fax.example" in m["To"]
assert m["Auto-Submitted"] == "auto-replied"
text, status, header = m.iter_parts()
assert "<bad@x.example>: refused with" in text.get_content()
message, recipient = status.get_payload()
assert message["Reporting-MTA"] == "dns; fax.example"
assert recipient["Final-Recipient"] == "rfc822; bad@x.example"
assert recipient["Action"] == "failed" and recipient["Status"] == "5.1.1"
assert recipient["Diagnostic-Code"].startswith("smtp; 550 5.1.1 no such")
assert header.get_content_type() == "text/rfc822-headers"
assert "Subject: h" in header.as_string() and "good@x" not in status.as_string()
PY
    [ -z "$(ls station/queue)" ]
}

@test "what is too old ends with a notice; mail from <> never makes one" {
    fake 'rcpt bob@x.example: 450 4.2.1 later' 'rcpt alice@fax.example: 550 5.1.1 nobody'
    conf 'queue-days = 2'
    add bob@x.example
    age "$ID" 172000
    fax-queue flush
    [ "$(entries)" = "waiting alice@fax.example bob@x.example" ]
    age "$ID" 172900
    fax-queue flush
    [ "$(entries)" = "due <> alice@fax.example" ]
    fax-queue list --json | grep -q '"tries": 0'
    # The notice is refused in its turn, and that is the end.
    run --separate-stderr fax-queue flush
    expect_status 0
    [ -z "$(ls station/queue)" ]
    ID=$(fax-queue add -f '<>' alice@fax.example <mail.eml)
    fax-queue flush
    [ -z "$(ls station/queue)" ]
}

@test "an expired notice says so" {
    fake 'rcpt bob@x.example: 450 4.2.1 later'
    add bob@x.example
    age "$ID" 999999
    fax-queue flush
    fax-queue flush
    grep -q 'Status: 4.4.7' fake/mail.1
    grep -q '<bob@x.example>: given up' fake/mail.1
    grep -q 'Diagnostic-Code: smtp; 450 4.2.1 later' fake/mail.1
}

@test "an unreachable server defers all, at growing intervals" {
    URL=smtp://127.0.0.1:$(free_port)
    conf
    add bob@x.example
    local before=0 i next
    for i in 1 2 3; do
        fax-queue flush --all
        next=$(fax-queue list --json | grep -o '"next": [0-9]*' | tr -dc 0-9)
        [ $((next - $(date +%s))) -gt "$before" ]
        before=$((next - $(date +%s)))
    done
    [ "$before" -gt 1000 ]
    fax-queue list | grep -q 'Failed to connect'
}

@test "a clock that was set back keeps no mail for years" {
    fake
    add bob@x.example
    sed -i "s/^next .*/next $(($(date +%s) + 15000))/" "station/queue/$ID.env"
    [[ $(entries) == due* ]]
    add carol@x.example
    sed -i "s/^next .*/next $(($(date +%s) + 14000))/" "station/queue/$ID.env"
    fax-queue flush
    [ "$(entries)" = 'waiting alice@fax.example carol@x.example' ]
}

@test "the next hop: routes, source routes, the smarthost" {
    fake
    mkdir two
    background "$FAXPIPE_ROOT/test/lib/fake-smtp" two
    until_true 10 test -s two/port
    conf "route.there.example = smtp://127.0.0.1:$(cat two/port)"
    add a@There.Example b@other.example @there.example,@x.example:c@y.example
    fax-queue flush
    [ -z "$(ls station/queue)" ]
    tr -d '\r' <two/log | grep RCPT | sort | tr '\n' ' ' | grep -qx 'RCPT TO:<@there.example,@x.example:c@y.example> RCPT TO:<a@There.Example> '
    [ "$(grep -c RCPT fake/log)" -eq 1 ]
}

@test "flush of one domain, of one entry" {
    fake
    add a@one.example b@two.example
    local first=$ID
    add c@two.example
    fax-queue flush --domain Two.example
    # Who was passed over is due as before.
    [ "$(entries)" = "due alice@fax.example a@one.example" ]
    add d@one.example
    fax-queue flush --id "$first"
    [ "$(entries)" = "due alice@fax.example d@one.example" ]
}

@test "hold, release, remove" {
    fake
    add a@x.example
    fax-queue hold "$ID"
    fax-queue flush --all
    run fax-queue flush --id "$ID"
    [[ "$output" == *held* ]]
    [ "$(entries)" = "held alice@fax.example a@x.example" ]
    fax-queue release "$ID"
    [ "$(entries)" = "due alice@fax.example a@x.example" ]
    fax-queue remove "$ID"
    [ -z "$(ls station/queue)" ]
    [ ! -s fake/log ]
}

@test "two runs never send one entry at once" {
    fake 'content: hang'
    add a@x.example
    fax-queue flush 3>&- 4>&- &
    local pid=$!
    until_true 10 test -s fake/mail.1
    [ "$(entries)" = "sending alice@fax.example a@x.example" ]
    run fax-queue flush --all
    expect_status 0
    run fax-queue flush --id "$ID"
    expect_status 75
    run fax-queue remove "$ID"
    expect_status 75
    [ "$(grep -c RCPT fake/log)" -eq 1 ]
    # Even when the run is killed, its smtp-send goes on, and the entry stays its own.
    local child
    child=$(pgrep -P "$pid")
    kill -9 "$pid"
    run wait "$pid"
    run fax-queue flush --id "$ID"
    expect_status 75
    kill "$child"
    until_true 10 fax-queue hold "$ID"
}

@test "a user's mail goes by the user's server, with his password" {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -addext subjectAltName=DNS:localhost \
        -keyout key.pem -out cert.pem 2>/dev/null
    fake 'caps: AUTH PLAIN;8BITMIME' 'cert: cert.pem' 'key: key.pem'
    fuser init >/dev/null
    conf "ca = $T/cert.pem" 'route.there.example = smtp://127.0.0.1:1'
    echo wonderland >pw
    fuser add 12 --name Alice --login alice --address alice@fax.example --password-file pw \
        --submit "smtp://localhost:$PORT" --auto-receive off
    fax-queue add --user 12 -f alice@fax.example bob@there.example <mail.eml >/dev/null
    fax-queue flush
    [ -z "$(ls station/queue)" ]
    grep -q 'AUTH PLAIN' fake/log
    no grep -rq wonderland station/queue fake/mail.1
}

@test "a server without the TLS that a password needs: the mail waits, whoever took the TLS away" {
    fake 'caps: AUTH PLAIN;8BITMIME'
    fuser init >/dev/null
    conf
    echo wonderland >pw
    fuser add 12 --name Alice --login alice --address alice@fax.example --password-file pw \
        --submit "smtp://localhost:$PORT" --auto-receive off
    fax-queue add --user 12 -f alice@fax.example bob@there.example <mail.eml >/dev/null
    fax-queue flush
    [ "$(entries)" = 'waiting alice@fax.example bob@there.example' ]
    # What the receiver cannot take at all is another matter.
    fake 'caps: SIZE 10'
    add carol@x.example
    fax-queue flush --id "$ID"
    [[ $(entries) != *carol* ]]
}

@test "a damaged envelope stops nobody else, and can be removed" {
    fake
    add a@x.example
    local damaged=$ID
    add b@x.example
    echo nonsense >"station/queue/$damaged.env"
    run --separate-stderr fax-queue flush
    expect_status 78
    grep -q b@x.example fake/log
    [[ "$stderr" == *"$damaged"* ]]
    run --separate-stderr fax-queue list
    expect_status 0
    fax-queue remove "$damaged"
    [ -z "$(ls station/queue)" ]
}

@test "without smtp-send nothing is lost" {
    fake
    add a@x.example
    mkdir alone && cp "$BIN/fax-queue" alone/
    run env PATH=/usr/bin:/bin alone/fax-queue flush
    expect_status 69
    [ "$(entries)" = "due alice@fax.example a@x.example" ]
}

# bats test_tags=nosan
@test "a full disk: 74, no entry, no ID" {
    needs_root
    mkdir -p station/queue
    # shellcheck disable=SC2016
    run unshare -m --propagation private bash -c 'mount -t tmpfs -o size=64k none station/queue &&
        head -c 300000 /dev/zero | tr "\0" x | fax-queue add -f a@x b@x; s=$?; ls station/queue; exit $s'
    expect_status 74
    [ "${#lines[@]}" -eq 1 ]
}

@test "stdout lost: 74" {
    run bash -c 'fax-queue add -f a@x b@x <mail.eml >/dev/full'
    expect_status 74
}

@test "for a station of another owner root acts as the owner" {
    needs_root
    local home
    home=$(mktemp -d /tmp/fq.XXXXXX)
    chmod 755 "$home"
    mkdir "$home/station"
    chown 65534:65534 "$home/station"
    export FAXPIPE_HOME=$home/station
    # What stdin and the arguments name is read before that.
    chmod 600 mail.eml
    fax-queue add -f '' bob@x.example <mail.eml >/dev/null
    [ "$(find "$home/station/queue" ! -user 65534 | wc -l)" -eq 0 ]
    [ "$(stat -c %a "$home/station/queue")" = 700 ]
    [ "$(entries)" = "due <> bob@x.example" ]
    rm -rf "$home"
}

@test "three runs at once send each entry once" {
    fake
    local i pids=()
    for i in $(seq 1 20); do fax-queue add -f alice@fax.example "r$i@x.example" <mail.eml >/dev/null; done
    for i in 1 2 3; do
        fax-queue flush --all 3>&- 4>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    [ -z "$(ls station/queue)" ]
    [ "$(grep -c RCPT fake/log)" -eq 20 ]
    [ "$(grep RCPT fake/log | sort -u | wc -l)" -eq 20 ]
}

@test "thousands of recipients of one entry" {
    fake 'rcpt r77@x.example: 450 4.2.1 later'
    # shellcheck disable=SC2046
    fax-queue add -f alice@fax.example $(seq -f 'r%g@x.example' 1 1700) <mail.eml >/dev/null
    fax-queue flush
    [ "$(entries)" = "waiting alice@fax.example r77@x.example" ]
    [ "$(grep -c RCPT fake/log)" -eq 1700 ]
}
