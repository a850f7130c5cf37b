load ../lib/helper
load ../lib/station

setup() {
    scratch
    station
    receiver
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero | tr '\0' '\125'; } >page.pbm
}
teardown() { cleanup; }

state() { fax-spool list "$1" | awk '{ print $2 }'; }
send_text() { # ADDRESS
    printf 'From: carol@else.example\nTo: %s\nSubject: words\n\nOnly words.\n' "$1" |
        smtp-send --url "smtp://127.0.0.1:$PORT" --from carol@else.example "$1"
}
papers() { find paper -name '*.pdf' | wc -l; }

@test "fax-autorecv: unknown option 64, operand 64, unknown user 67, no station 78" {
    run fax-autorecv --nonsense
    expect_status 64
    run fax-autorecv operand
    expect_status 64
    run fax-autorecv --user 99
    expect_status 67
    FAXPIPE_HOME=$T/nowhere run fax-autorecv
    expect_status 78
}

@test "fax-autorecv: silent when there is nothing" {
    run --separate-stderr fax-autorecv
    expect_status 0
    [ -z "$output$stderr" ]
}

@test "fax-autorecv: prints for Alice, holds and announces for Bob, and says so" {
    send_fax page.pbm alice@fax.example bob@fax.example
    run fax-autorecv
    expect_status 0
    [[ $output == *12*printed*1*alice@fax.example* ]]
    [[ $output == *15*held*1*alice@fax.example* ]]
    [ "$(state 12)" = '' ]
    [ "$(state 15)" = held ]
    # The fax and the notification.
    [ "$(papers)" = 2 ]
    fuser journal | grep printed
    fuser journal | grep held
    run fax-autorecv
    [ -z "$output" ]
}

@test "fax-autorecv: the notification tells everything but the contents" {
    fuser edit 15 --notice mail
    SUBJECT=Geheim send_fax page.pbm bob@fax.example
    fax-autorecv
    fax-queue list | grep bob@fax.example
    [ "$(papers)" = 0 ]
}

@test "fax-autorecv: --json is an object a mail" {
    send_fax page.pbm alice@fax.example bob@fax.example
    fax-autorecv --json >objects
    [ "$(wc -l <objects)" = 2 ]
    python3 -c '
import json, sys
rows = [json.loads(line) for line in open("objects")]
assert [r["user"] for r in rows] == ["12", "15"], rows
assert [r["result"] for r in rows] == ["printed", "held"], rows
assert all(r["pages"] == 1 and r["sender"] == "alice@fax.example" for r in rows), rows'
}

@test "fax-autorecv: --dry-run says and does nothing" {
    send_fax page.pbm alice@fax.example
    run fax-autorecv --dry-run
    expect_status 0
    [[ $output == *'would print'* ]]
    [ "$(state 12)" = new ]
    [ "$(papers)" = 0 ]
}

@test "fax-autorecv: text mail is left until text-mail is on" {
    send_text alice@fax.example
    run fax-autorecv
    [ -z "$output" ]
    [ "$(state 12)" = new ]
    fuser edit 12 --text-mail on
    run fax-autorecv
    [[ $output == *printed* ]]
    [ "$(state 12)" = '' ]
}

@test "fax-autorecv: a row for a sender goes before the user's own columns" {
    fuser sender set alice@fax.example 12 --auto-print off
    send_fax page.pbm alice@fax.example
    run fax-autorecv
    [[ $output == *held* ]]
    [ "$(state 12)" = held ]
}

@test "fax-autorecv: automatic reception off leaves the mail; manual reception prints it" {
    fuser edit 15 --auto-receive off
    send_fax page.pbm bob@fax.example
    run fax-autorecv
    expect_status 0
    [ -z "$output" ]
    [ "$(state 15)" = new ]
    run fax-autorecv --user 15 --password-fd 3 3<<<wrong
    expect_status 77
    [ "$(state 15)" = new ]
    run fax-autorecv --user 15 --password-fd 3 3<bob.pw
    expect_status 0
    [[ $output == *printed* ]]
    [ "$(papers)" = 1 ]
}

@test "fax-autorecv: a held mail whose days are over is printed, deleted or forwarded" {
    fuser edit 15 --notice none
    send_fax page.pbm bob@fax.example
    fax-autorecv
    id=$(fax-spool list 15 | awk '{ print $1 }')
    fax-spool hold 15 "$id" --until 1
    run fax-autorecv
    # An end once given is only moved later, so that nothing is printed before its time.
    if [ "$(state 15)" = held ]; then
        for f in "$FAXPIPE_HOME"/spool/15/cur/*; do mv "$f" "$FAXPIPE_HOME/spool/15/cur/$id,E=1000:2,"; done
        run fax-autorecv
    fi
    [[ $output == *expired* ]]
    [ "$(papers)" = 1 ]
    [ "$(state 15)" = '' ]
}

due_mail() {
    send_fax page.pbm bob@fax.example
    fax-autorecv >/dev/null
    for f in "$FAXPIPE_HOME"/spool/15/cur/*; do mv "$f" "${f%,E=*},E=1000:2,"; done
}

@test "fax-autorecv: on-expiry delete" {
    fuser edit 15 --notice none --on-expiry delete
    due_mail
    run fax-autorecv
    [[ $output == *deleted* ]]
    [ "$(papers)" = 0 ]
    [ "$(state 15)" = '' ]
}

@test "fax-autorecv: on-expiry forward goes nowhere in clear" {
    fuser edit 15 --notice none --on-expiry forward --expiry-address carol@else.example
    due_mail
    run fax-autorecv
    expect_status 78
    [ "$(state 15)" = held ]
    fuser encryption set carol@else.example none
    run fax-autorecv
    [[ $output == *forwarded* ]]
    fax-queue list | grep carol@else.example
    [ "$(state 15)" = '' ]
}

@test "fax-autorecv: a dead printer keeps the mail, and the other user is served" {
    fuser edit 12 --printer "ipp://127.0.0.1:$(free_port)/ipp/print"
    fuser edit 15 --auto-print on
    send_fax page.pbm alice@fax.example bob@fax.example
    run fax-autorecv
    [ "$status" -ne 0 ]
    [[ $output == *15*printed* ]]
    [ "$(state 12)" = taken ]
    fuser edit 12 --printer "$T/paper"
    run fax-autorecv
    expect_status 0
    [[ $output == *12*printed* ]]
    [ "$(papers)" = 2 ]
}

@test "fax-autorecv: what cannot be decoded is held, marked and announced, never dropped" {
    printf 'From: x@else.example\nMIME-Version: 1.0\nContent-Type: image/tiff\nContent-Transfer-Encoding: base64\n\nSUkqAP///wAAAAAAAAAAAAAAAAAAAAAA\n' |
        smtp-send --url "smtp://127.0.0.1:$PORT" --from x@else.example alice@fax.example
    run fax-autorecv
    [[ $output == *undecodable* ]]
    [ "$(state 12)" = undecodable ]
    [ "$(papers)" = 1 ]
}

@test "fax-autorecv: a second run leaves a user to the first" {
    send_fax page.pbm alice@fax.example
    exec 8>>"$FAXPIPE_HOME/db/12.lock"
    flock 8
    run fax-autorecv 8>&-
    expect_status 0
    [ -z "$output" ]
    run fax-autorecv --user 12 8>&-
    expect_status 75
    exec 8>&-
    run fax-autorecv
    [[ $output == *printed* ]]
}

@test "fax-autorecv: one user's dead mailbox is told and stops nobody" {
    fuser edit 12 --mailbox "pop3://127.0.0.1:$(free_port)"
    send_fax page.pbm alice@fax.example bob@fax.example
    run fax-autorecv
    expect_status 75
    [[ $output == *12*printed* ]]
    [[ $output == *15*held* ]]
}

@test "fax-autorecv: follow passes on, what is confidential only sealed" {
    fuser edit 12 --follow alice@else.example
    send_fax page.pbm alice@fax.example
    run fax-autorecv
    [[ $output == *followed* ]]
    fax-queue list | grep alice@else.example
    [ "$(state 12)" = '' ]
}

@test "fax-autorecv: explain and what is done agree" {
    n=0
    for print in on off; do
        for text in on off; do
            fuser edit 12 --auto-print $print --text-mail $text --notice none
            send_fax page.pbm alice@fax.example
            send_text alice@fax.example
            for kind in fax text; do
                fuser explain 12 --sender carol@else.example --kind $kind --source pushed --json |
                    sed -n 's/.*"action": "\([a-z]*\)".*/\1/p'
            done | sed 's/print/printed/; s/hold/held/' | grep -v stay | sort >want || :
            fax-autorecv | awk '{ print $2 }' | sort >got
            diff want got
            for id in $(fax-spool list 12 | awk '{ print $1 }'); do fax-spool "done" 12 "$id"; done
            n=$((n + 1))
        done
    done
    [ "$n" = 4 ]
}
