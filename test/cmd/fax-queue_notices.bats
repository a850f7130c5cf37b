# The queue's notices: which recipient's, of what, once, and with how much of the mail (RFC 3461);
# and the time for a delivery (RFC 2852).
load ../lib/helper
load ../lib/queue

setup() {
    scratch
    needs python3
    mkdir station
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nThe body\n' >mail.eml
}
teardown() { cleanup; }

# notices: "ACTION STATUS RECIPIENT" of every recipient of every notice in the queue.
notices() {
    local f
    for f in station/queue/*-*-[ndrsx]*.mail; do
        [ -e "$f" ] || continue
        python3 - "$f" <<'PY'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
assert not m.defects and m.get_content_type() == "multipart/report", m
for r in list(m.iter_parts())[1].get_payload()[1:]:
    print(r["Action"], r["Status"], r["Final-Recipient"].split("; ")[1])
PY
    done
}

@test "NOTIFY of each recipient is kept, passed on and heeded by itself" {
    fake 'caps: DSN' 'rcpt c@x: 550 5.1.1 nobody' 'rcpt d@x: 550 5.1.1 nobody' 'rcpt e@x: 550 5.1.1 nobody'
    add b@x c@x d@x e@x --dsn failure --notify success,failure --notify never --notify none --notify success
    [ "$(grep -A1 '^to c@x' "station/queue/$ID.env" | tail -1)" = 'notify never' ]
    fax-queue flush
    tr -d '\r' <fake/log | grep '^RCPT' | sort >got
    printf '%s\n' 'RCPT TO:<b@x> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@x' \
        'RCPT TO:<c@x> NOTIFY=NEVER ORCPT=rfc822;c@x' \
        'RCPT TO:<d@x> NOTIFY=FAILURE ORCPT=rfc822;d@x' \
        'RCPT TO:<e@x> NOTIFY=SUCCESS ORCPT=rfc822;e@x' | diff - got
    # Of the three who are refused only one wanted to hear of it.
    [ "$(notices)" = 'failed 5.1.1 d@x' ]
}

@test "an envelope of before, with one wish for all, is still read" {
    fake 'caps: DSN'
    add b@x
    sed -i 's/^created/dsn success,failure\ncreated/' "station/queue/$ID.env"
    fax-queue flush
    grep -q '^RCPT TO:<b@x> NOTIFY=SUCCESS,FAILURE' fake/log
}

@test "relayed: told by us where the next host will not tell" {
    fake
    add b@x --dsn success,failure --envid E1 --orcpt 'rfc822;first@y'
    fax-queue flush
    [ "$(notices)" = 'relayed 2.0.0 b@x' ]
    grep -qx 'Original-Envelope-Id: E1' station/queue/*-*-r*.mail
    grep -qx 'Original-Recipient: rfc822;first@y' station/queue/*-*-r*.mail
    no grep -q 'The body' station/queue/*-*-r*.mail
    fax-queue flush
    fake 'caps: DSN'
    add b@x --dsn success
    fax-queue flush
    [ -z "$(notices)" ]
    # Mail from <> never makes one.
    fake
    fax-queue add -f '<>' b@x --dsn success <mail.eml
    fax-queue flush
    [ -z "$(ls station/queue)" ]
}

@test "delayed: once, after delay-hours, for who asked" {
    fake 'rcpt: 450 4.2.1 later'
    add b@x c@x d@x --notify delay --notify none --notify success,failure
    fax-queue flush
    [ -z "$(notices)" ]
    age "$ID" 14300
    fax-queue flush --id "$ID"
    [ -z "$(notices)" ]
    age "$ID" 14500
    fax-queue flush --id "$ID"
    [ "$(notices)" = 'delayed 4.2.1 b@x' ]
    grep -q '^Will-Retry-Until: ' station/queue/*-*-d*.mail
    rm station/queue/*-*-d*
    age "$ID" 20000
    fax-queue flush --id "$ID"
    [ -z "$(notices)" ]
    conf 'delay-hours = 0'
    add b@x --dsn delay
    fax-queue flush --id "$ID"
    [ "$(notices)" = 'delayed 4.2.1 b@x' ]
}

@test "RET: the whole mail, or its header" {
    fake 'rcpt: 550 5.1.1 nobody'
    printf 'Subject: h\303\251\n\ntop\r\nlone\rcr\nmiddle\303\251\nend' >mail.eml
    add b@x --ret full
    fax-queue flush
    python3 - station/queue/*-*-n*.mail <<'PY'
import email, sys
raw = open(sys.argv[1], "rb").read()
m = email.message_from_bytes(raw)
part = m.get_payload()[2]
assert part.get_content_type() == "message/rfc822" and m["Content-Transfer-Encoding"] == "8bit"
body = raw.split(b"Content-Type: message/rfc822\n", 1)[1].split(b"\n\n", 1)[1]
assert body.startswith(b"Subject: h\xc3\xa9\n\ntop\nlone\rcr\nmiddle\xc3\xa9\nend\n\n--=_"), body
PY
    rm station/queue/*
    for ret in 'hdrs' ''; do
        add b@x ${ret:+--ret $ret}
        fax-queue flush
        grep -q 'text/rfc822-headers' station/queue/*-*-n*.mail
        no grep -q 'middle' station/queue/*-*-n*.mail
        rm station/queue/*
    done
    # What could break out of the notice is not put into it.
    printf 'Subject: x\n\n%01000d\n' 0 >mail.eml
    add b@x --ret full
    fax-queue flush
    grep -q 'text/rfc822-headers' station/queue/*-*-n*.mail
}

# bats test_tags=nosan
@test "RET=FULL of a large mail takes no memory for it" {
    fake 'rcpt: 550 5.1.1 nobody'
    { printf 'Subject: x\n\n'; head -c 40000000 /dev/zero | tr '\0' x | fold -w 100; } >mail.eml
    add b@x --ret full
    # Libraries and all are under 60 MB of addresses; the mail is not.
    (ulimit -v 90000 && fax-queue flush) || [ -n "$(notices)" ]
    [ "$(stat -c %s station/queue/*-*-n*.mail)" -gt 40000000 ]
}

@test "BY with R: what is left is passed on, and none of it ends in a return with 5.4.7" {
    fake 'caps: DSN;DELIVERBY' 'rcpt b@x: 450 4.2.1 later'
    add b@x c@x --by 1000RT
    grep -qE "^by [0-9]+ RT$" "station/queue/$ID.env"
    fax-queue flush
    grep -qE '^MAIL FROM:<alice@fax.example> BY=(1000|99[0-9]);RT' fake/log
    # The trace of c@x; and b@x's next try is no later than his time is over.
    [ "$(notices)" = 'relayed 2.0.0 c@x' ]
    rm station/queue/*-*-r*
    sed -i -E 's/^by [0-9]+/by 1000/' "station/queue/$ID.env"
    : >fake/log
    fax-queue flush --id "$ID"
    [ ! -s fake/log ]
    [ "$(notices)" = 'failed 5.4.7 b@x' ]
    [ ! -e "station/queue/$ID.env" ]
    # A host without DELIVERBY is not given such a mail.
    fake 'caps: DSN'
    add b@x --by 1000R
    fax-queue flush --id "$ID"
    no grep -q '^RCPT' fake/log
    [ "$(notices | sort -u)" = 'failed 5.3.3 b@x
failed 5.4.7 b@x' ]
    add b@x --by 1000R --dsn never
    fax-queue flush --id "$ID"
    [ "$(notices | wc -l)" -eq 2 ]
}

@test "BY with N: told once that it is late, and tried on" {
    fake 'caps: DSN;DELIVERBY' 'rcpt b@x: 450 4.2.1 later'
    add b@x --by 1000N
    next=$(fax-queue list --json | grep -o '"next": [0-9]*' | tr -dc 0-9)
    fax-queue flush
    [ -z "$(notices)" ]
    sed -i -E "s/^by [0-9]+/by $(($(date +%s) - 5))/" "station/queue/$ID.env"
    fax-queue flush --id "$ID"
    [ "$(notices)" = 'delayed 4.4.7 b@x' ]
    rm station/queue/*-*-d*
    fax-queue flush --id "$ID"
    [ -z "$(notices)" ]
    grep -qE 'BY=-[0-9]+;N' fake/log
    [ "$next" ]
    # Who passed on what was late has told of it.
    fake 'rcpt b@x: 450 4.2.1 later'
    add b@x --by -5N
    fax-queue flush --id "$ID"
    [ -z "$(notices)" ]
    # A host that keeps no times gets it, and the sender hears that it has.
    fake 'caps: DSN'
    add c@x --by 1000
    fax-queue flush --id "$ID"
    [ "$(notices)" = 'relayed 2.0.0 c@x' ]
    no grep -q 'BY=' fake/log
}

@test "a run killed between a notice and the envelope makes no second notice" {
    fake 'rcpt b@x: 550 5.1.1 nobody'
    add b@x
    cp "station/queue/$ID.env" "station/queue/$ID.mail" .
    fax-queue flush --id "$ID"
    [ "$(notices)" = 'failed 5.1.1 b@x' ]
    cp "$ID.env" "$ID.mail" station/queue/
    fax-queue flush --id "$ID"
    [ "$(notices)" = 'failed 5.1.1 b@x' ]
    [ ! -e "station/queue/$ID.env" ]
}
