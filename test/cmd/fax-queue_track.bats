# Mail that is tracked (MTRK, RFC 3885; RFC 3886): what is kept, passed on, told and forgotten.
load ../lib/helper
load ../lib/queue

setup() {
    scratch
    needs python3
    mkdir station
    printf 'From: Alice <alice@fax.example>\nSubject: hello\n\nHi\n' >mail.eml
    CERT=QoMLyhTmwUBDRZYaf5RkBsrGJDk
}
teardown() { cleanup; }

# known ENVID: "ACTION STATUS RECIPIENT REMOTE" of each recipient.
known() {
    fax-queue track "$1" | sed -n 's/^Final-Recipient: rfc822;/to /p; s/^Action: /action /p; s/^Status: /status /p; s/^Remote-MTA: dns; /at /p' |
        awk '/^to /{if (t) print a, s, t, r; t=$2; r="-"} /^action/{a=$2} /^status/{s=$2} /^at/{r=$2} END{if (t) print a, s, t, r}'
}

@test "from the queue on: delayed, then what became of each, and MTRK to who offers it" {
    fake 'caps: DSN;MTRK' 'rcpt bad@x: 550 5.1.1 nobody' 'rcpt later@x: 450 4.2.1 later'
    add good@x bad@x later@x --envid E1 --mtrk "$CERT:5000" --orcpt none --orcpt 'rfc822;first@y'
    grep -qE "^mtrk $CERT [0-9]+$" "station/queue/$ID.env"
    [ "$(known E1 | cut -d' ' -f1 | sort -u)" = delayed ]
    fax-queue flush
    grep -qE "^MAIL FROM:<alice@fax.example> .*ENVID=E1.* MTRK=$CERT:(5000|499[0-9])" fake/log
    known E1 | sort >got
    printf '%s\n' 'delayed 4.2.1 later@x 127.0.0.1' 'failed 5.1.1 bad@x 127.0.0.1' \
        'transferred 2.0.0 good@x 127.0.0.1' | diff - got
    fax-queue track E1 >text
    head -1 text | grep -qx 'Content-Type: message/tracking-status'
    grep -qx 'Original-Recipient: rfc822;first@y' text
    grep -q '^Arrival-Date: ' text
    # A host that does not track, and nobody's business how long.
    fake
    add good@x --envid E2 --mtrk "$CERT"
    fax-queue flush
    [ "$(known E2)" = 'relayed 2.0.0 good@x 127.0.0.1' ]
    no grep -q MTRK fake/log
}

@test "told by its ID alone; what is unknown is 1; what has had its time is forgotten" {
    fake
    add a@x --envid 'Q 1/../x' --mtrk "$CERT:100"
    add b@x --envid E1 --mtrk abc
    [ "$(known 'Q 1/../x' | wc -l)" -eq 1 ]
    [ "$(ls station/queue/track | wc -l)" -eq 2 ]
    for id in E2 '' '../..' "$(printf '%0200d' 1)"; do
        run --separate-stderr fax-queue track "$id"
        expect_refusal 1
    done
    fax-queue flush
    touch -d '1 minute ago' station/queue/track/*
    fax-queue flush
    [ -z "$(ls station/queue/track)" ]
    for args in '--mtrk a=b' '--mtrk :5' '--mtrk abc:0'; do
        # shellcheck disable=SC2086
        run fax-queue add -f a@x b@x --envid E $args <mail.eml
        expect_status 64
    done
    run fax-queue add -f a@x b@x --mtrk abc <mail.eml
    expect_status 65
}
