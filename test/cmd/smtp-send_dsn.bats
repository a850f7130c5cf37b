# smtp-send: notices of delivery (RFC 3461) and a time for it (RFC 2852).
load ../lib/helper
load ../lib/fake

setup() {
    scratch
    needs python3
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n' >mail.eml
}
teardown() { cleanup; }

send() { run --separate-stderr smtp-send --url "$URL" --timeout 10 -f a@x "$@"; }

@test "words that are none are 64, what cannot be said 65, before anything is sent" {
    fake 'caps: DSN;DELIVERBY'
    for args in '--dsn always' '--dsn never,delay' '--ret some' '--by soon' '--by 0R' \
        '--orcpt rfc822;a@x --orcpt rfc822;b@x'; do
        # shellcheck disable=SC2086
        send b@x $args <mail.eml
        expect_status 64 || { echo "$args"; return 1; }
    done
    for bad in $'a\r\nQUIT' "$(head -c 101 /dev/zero | tr '\0' x)" $'\e'; do
        send b@x --envid "$bad" <mail.eml
        expect_refusal 65
    done
    send b@x --orcpt nothing <mail.eml
    expect_refusal 65
    [ ! -s fake/log ]
}

@test "passed on where DSN is offered" {
    fake 'caps: PIPELINING;DSN' 'rcpt#3: 452 4.5.3 too many'
    send b@x c@x d@x --dsn success,delay --ret hdrs --envid 'Q 1+2' --orcpt none --orcpt 'rfc822;o@x' <mail.eml
    expect_status 0
    [ -z "$stderr" ]
    tr -d '\r' <fake/log | grep -E '^(MAIL|RCPT)' >got
    cat >want <<'SAID'
MAIL FROM:<a@x> RET=HDRS ENVID=Q+201+2B2
RCPT TO:<b@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@x
RCPT TO:<c@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o@x
RCPT TO:<d@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;d@x
MAIL FROM:<a@x> RET=HDRS ENVID=Q+201+2B2
RCPT TO:<d@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;d@x
SAID
    diff want got
    fake 'caps: DSN'
    send b@x <mail.eml
    no grep -qE 'NOTIFY|ORCPT|RET' fake/log
}

@test "forgotten with a warning where it is not" {
    fake
    send b@x --dsn success --ret full <mail.eml
    expect_status 0
    [[ "$stderr" == *'no DSN'* ]]
    no grep -qE 'NOTIFY|RET' fake/log
    send b@x --dsn success -q <mail.eml
    [ -z "$stderr" ]
}

@test "a time: told, or not, or refused for want of it" {
    fake 'caps: DELIVERBY 240'
    send b@x --by 3600 <mail.eml
    expect_status 0
    grep -q 'BY=3600;N' fake/log
    send b@x --by 240R <mail.eml
    grep -q 'BY=240;R' fake/log
    send b@x --by 239R --json <mail.eml
    expect_status 69
    [[ "$output" == *5.4.7* ]]
    fake
    send b@x --by 300R --json <mail.eml
    expect_status 69
    [[ "$output" == *5.3.3* ]]
    no grep -q MAIL fake/log
    send b@x --by 300 <mail.eml
    expect_status 0
    [[ "$stderr" == *DELIVERBY* ]]
}

@test "every 4yz and 5yz to the parameters" {
    for step in mail rcpt; do
        fake 'caps: DSN;DELIVERBY' "$step: 555 5.5.4 not that"
        send b@x --dsn success --by 60 <mail.eml
        expect_status 69
        fake 'caps: DSN;DELIVERBY' "$step: 455 4.5.4 not now"
        send b@x --dsn success --by 60 <mail.eml
        expect_status 75
    done
}

@test "our own receiver takes them" {
    mkdir box
    run bash -c "socat -t5 \"EXEC:smtp-send -v --stdio --file mail.eml -f a@x --dsn failure --ret full --envid E1 bob@fax.example\" \
        'EXEC:smtp-recv --hostname fax.example --domain fax.example --maildir $T/box' 2>&1"
    expect_status 0
    [ "$(find box/new -type f | wc -l)" -eq 1 ]
    [[ "$output" != *' 5'[0-9][0-9]' '* ]]
}
