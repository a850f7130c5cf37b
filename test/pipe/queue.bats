# Mail that was put off, and the notice about mail that was refused, through the queue into the
# spool of the station's own users.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    station >/dev/null
    printf 'From: Alice <alice@fax.example>\nTo: bob@fax.example\nSubject: x\n\nHi\n.\n' >mail.eml
}
teardown() { cleanup; }

@test "queue: put off while the receiver is away, delivered when it is back" {
    local away
    away=$(free_port)
    cp station/faxpipe.conf conf
    echo "route.fax.example = smtp://127.0.0.1:$away" >>station/faxpipe.conf
    fax-queue add -f alice@fax.example bob@fax.example <mail.eml
    fax-queue flush
    fax-queue list | grep -q '<bob@fax.example>: '
    receiver
    { cat conf; echo "route.fax.example = smtp://127.0.0.1:$PORT"; } >station/faxpipe.conf
    fax-queue flush
    [ "$(fax-spool list 15 | wc -l)" -eq 0 ]
    fax-queue flush --all
    fax-queue list >left
    [ ! -s left ]
    id=$(fax-spool take 15)
    fax-spool cat 15 "$id" | tr -d '\r' | sed '/^From:/,$!d' | cmp - mail.eml
}

@test "queue: a refusal comes back to its sender as a notice" {
    receiver
    echo "route.fax.example = smtp://127.0.0.1:$PORT" >>station/faxpipe.conf
    fax-queue add -f alice@fax.example bob@fax.example nobody@fax.example <mail.eml
    fax-queue flush
    fax-queue flush
    fax-queue list >left
    [ ! -s left ]
    fax-spool take 15
    id=$(fax-spool take 12)
    fax-spool cat 12 "$id" | tr -d '\r' >notice
    head -1 notice | grep -qx 'Return-Path: <>'
    grep -qx 'Final-Recipient: rfc822; nobody@fax.example' notice
    b64mime -d --list --json notice | grep -q 'message/delivery-status'
}

@test "queue: fax-autorecv ends with a flush, a dry run does not" {
    receiver
    echo "route.fax.example = smtp://127.0.0.1:$PORT" >>station/faxpipe.conf
    fax-queue add -f alice@fax.example bob@fax.example <mail.eml
    fax-autorecv --dry-run
    [ -n "$(fax-queue list)" ]
    fax-autorecv
    [ -z "$(fax-queue list)" ]
    [ -n "$(fax-spool list 15)" ]
}

@test "queue: what smtp-recv relays goes by the settings that it was given" {
    receiver
    { cat station/faxpipe.conf; echo "smarthost = smtp://127.0.0.1:$PORT"; } >other.conf
    printf '%s\r\n' 'HELO me' 'MAIL FROM:<alice@fax.example>' 'RCPT TO:<bob@fax.example>' DATA \
        'Subject: x' '' Hi . QUIT >dialogue
    smtp-recv --config other.conf --relay stdin --domain here.example <dialogue >said
    grep -q '^250' said
    arrived() { [ -n "$(fax-spool list 15)" ]; }
    until_true 10 arrived
}
