load ../lib/helper
load ../lib/station

setup() {
    scratch
    station
    receiver
    # What is queued waits: no resolver is asked where these are.
    printf 'route.%s = smtp://127.0.0.1:1\n' fax.example else.example >>"$FAXPIPE_HOME/faxpipe.conf"
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

@test "fax-autorecv: a mail that asks is answered when it was printed, where mdn says so" {
    ask() { # ADDRESS
        fax-scan page.pbm | g3tiff | b64mime --from carol@else.example --to alice@fax.example --notify |
            sed "s/^Disposition-Notification-To: .*/Disposition-Notification-To: $1/" |
            smtp-send --url "smtp://127.0.0.1:$PORT" --from carol@else.example alice@fax.example
    }
    ask carol@else.example
    fax-autorecv | grep printed
    [ -z "$(fax-queue list)" ]
    fuser edit 12 --mdn on-print
    ask carol@else.example
    ask mallory@evil.example
    send_fax page.pbm alice@fax.example
    run --separate-stderr fax-autorecv
    expect_status 0
    [ "$(grep -c printed <<<"$output")" = 3 ] && [ -z "$stderr" ]
    # Whoever asks for another address's sake gets none, nor does who does not ask.
    [ "$(fax-queue list --json | grep -c '"from": ""')" = 1 ]
    fax-queue list --json | grep carol@else.example
    b64mime --report station/queue/*.mail | grep -q '^Disposition: automatic-action/MDN-sent-automatically; dispatched$'
    b64mime --report station/queue/*.mail | grep -q '^Final-Recipient: rfc822; alice@fax.example$'
}

@test "fax-autorecv: the notification tells everything but the contents" {
    fuser edit 15 --notice mail
    SUBJECT=Geheim send_fax page.pbm bob@fax.example
    fax-autorecv
    fax-queue list | grep bob@fax.example
    [ "$(papers)" = 0 ]
    cat "$FAXPIPE_HOME"/queue/* >queued
    id=$(fax-spool list 15 | awk '{ print $1 }')
    for said in 'For: *15' 'Arrived: *20' 'From: .*alice@fax.example' 'Pages: *1$' 'Held until: *20' "ID: *$id"; do
        grep -aq "^$said" queued || { echo "no $said"; cat queued; false; }
    done
    no grep -aq Geheim queued
}

@test "fax-autorecv: the notification is printed, mailed or neither" {
    fuser edit 15 --notice none
    send_fax page.pbm bob@fax.example
    fax-autorecv
    [ "$(state 15)" = held ]
    [ "$(papers)" = 0 ] && [ -z "$(fax-queue list)" ]
    fuser edit 15 --notice print
    send_fax page.pbm bob@fax.example
    fax-autorecv
    [ "$(papers)" = 1 ] && [ -z "$(fax-queue list)" ]
}

# What is confidential, its subject and its contents, is in no word, job, notification or journal.
@test "fax-autorecv: of a confidential mail nobody learns what is in it" {
    needs pdftotext
    printf 'From: carol@else.example\nTo: bob@fax.example\nSubject: Geheimnis\n\nXyzzy.\n' >secret.eml
    fuser edit 15 --text-mail on --notice print
    for way in '' '-v' '--json' '--dry-run'; do
        smtp-send --url "smtp://127.0.0.1:$PORT" --from carol@else.example bob@fax.example <secret.eml
        fax-autorecv $way >>said 2>&1
    done
    fuser edit 15 --notice mail
    fax-autorecv -v --json >>said 2>&1
    fuser journal --json >>said
    fax-spool list 15 --json >>said
    fax-queue list --json >>said
    cat "$FAXPIPE_HOME"/queue/* >>said
    for f in paper/*; do echo "$f"; pdftotext "$f" -; pdfinfo "$f"; done >>said
    [ "$(papers)" = 3 ] && grep -q 'RECEPTION NOTIFICATION' said
    [ "$(state 15 | sort -u)" = held ]
    no grep -aiE 'Geheimnis|Xyzzy' said
}

@test "fax-autorecv: who prints at once is served before who has his mail held" {
    fuser edit 12 --auto-print off --notice none
    fuser edit 15 --auto-print on
    send_fax page.pbm alice@fax.example bob@fax.example
    run fax-autorecv
    expect_status 0
    [[ ${lines[0]} == 15*printed* && ${lines[1]} == 12*held* ]]
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
    fuser edit 15 --follow bob@else.example --notice none
    send_fax page.pbm alice@fax.example bob@fax.example
    run fax-autorecv
    [[ $output == *12*followed* && $output == *15*held* ]]
    fax-queue list | grep alice@else.example
    [ "$(queued_for bob@else.example)" = 0 ]
    [ "$(state 12)" = '' ]
    rm "$FAXPIPE_HOME"/queue/*
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bob -keyout bob.key -out bob.pem \
        -addext subjectAltName=email:bob@else.example -addext keyUsage=keyEncipherment 2>/dev/null
    fuser encryption set bob@else.example smime-aes256-gcm --cert bob.pem
    send_fax page.pbm bob@fax.example
    run fax-autorecv
    [[ $output == *15*followed* ]]
    cat "$FAXPIPE_HOME"/queue/* >queued
    grep -aqi 'application/pkcs7-mime' queued
    no grep -aqi 'image/tiff' queued
}

# Every combination of the columns and a sender's row, a user each: what is explained is done.
@test "fax-autorecv: explain and what is done agree, for the whole table" {
    b64mime --from carol@else.example --to x@fax.example --subject fax <page.pbm \
        --type image/x-portable-bitmap >plain.eml
    fax-scan page.pbm >page.g3
    g3tiff page.g3 -o page.tif
    b64mime --from carol@else.example --to x@fax.example --subject fax page.tif >fax.eml
    printf 'From: carol@else.example\nTo: x@fax.example\nSubject: words\n\nOnly words.\n' >text.eml
    echo 'scram-iterations = 4096' >>"$FAXPIPE_HOME/faxpipe.conf"
    for receive in on off; do for print in on off; do for text in on off; do for row in none on off refuse; do
        u=r$receive-p$print-t$text-$row
        u=${u//on/1} u=${u//off/0}
        fuser add "$u" --login "$u" --address "$u@fax.example" --password-file alice.pw --notice none \
            --auto-receive $receive --auto-print $print --text-mail $text
        case $row in
        none) ;;
        refuse) fuser sender set @else.example "$u" --refuse ;;
        *) fuser sender set carol@else.example "$u" --auto-print $row --text-mail $row ;;
        esac
        for kind in fax text; do
            id=$("$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/$u" <$kind.eml)
            action=$(fuser explain "$u" --sender carol@else.example --kind $kind --source pushed --json |
                sed -n 's/.*"action": "\([a-z]*\)".*/\1/p')
            case $action in print) action=printed ;; hold) action=held ;; *) continue ;; esac
            echo "$u $action $id"
        done
    done; done; done; done | sort >want
    [ "$(grep -c printed want)" -gt 5 ] && [ "$(grep -c held want)" -gt 5 ]
    fax-autorecv --json | sed 's/.*"user": "\([^"]*\)", "id": "\([^"]*\)", "result": "\([a-z]*\)".*/\1 \3 \2/' |
        sort >got
    diff want got
    # What is explained to stay is there; what is held has not been printed.
    [ "$(papers)" = "$(grep -c printed want)" ]
    [ "$(find "$FAXPIPE_HOME"/spool/r*/new -type f | wc -l)" = $((64 - $(wc -l <want))) ]
}

# ---- Tries, the operator, the postmaster, what lay too long ----

settings() { printf '%s\n' "$@" >>"$FAXPIPE_HOME/faxpipe.conf"; }
to_postmaster() {
    printf 'From: carol@else.example\nSubject: %s\n\nWho are you?\n' "${1:-a question}" |
        smtp-send --url "smtp://127.0.0.1:$PORT" --from carol@else.example postmaster@fax.example
}
queued_for() { fax-queue list --json | grep -o "$1" | wc -l; }

@test "fax-autorecv: after print-tries the operator is told, once" {
    settings 'print-tries = 2' 'operator = admin@else.example'
    fuser edit 12 --printer "ipp://127.0.0.1:$(free_port)/ipp/print"
    SUBJECT=Geheim send_fax page.pbm alice@fax.example
    run fax-autorecv
    [ "$status" -ne 0 ]
    [ "$(queued_for admin@else.example)" = 0 ]
    for _ in 1 2; do
        run fax-autorecv
        [ "$(queued_for admin@else.example)" = 1 ]
    done
    [ "$(fuser journal --user 12 --result print-failed --tsv | sed 1d | wc -l)" = 2 ]
    [ "$(fuser journal --user 12 --result operator-told --tsv | sed 1d | wc -l)" = 1 ]
    cat "$FAXPIPE_HOME"/queue/* >queued
    grep -aq '^Subject: A fax cannot be printed' queued
    grep -aq "$(fax-spool list 12 | awk '{ print $1 }')" queued
    no grep -aq Geheim queued
    fuser edit 12 --printer "$T/paper"
    run fax-autorecv
    [[ $output == *12*printed* ]]
    [ "$(papers)" = 1 ]
}

@test "fax-autorecv: without an operator the tries are counted, and nobody is told" {
    settings 'print-tries = 1'
    fuser edit 12 --printer "ipp://127.0.0.1:$(free_port)/ipp/print"
    send_fax page.pbm alice@fax.example
    run fax-autorecv
    [ "$status" -ne 0 ]
    [ -z "$(fax-queue list)" ]
    [ "$(fuser journal --result print-failed --tsv | sed 1d | wc -l)" = 1 ]
    # Who becomes operator later is told all the same.
    settings 'operator = admin@else.example'
    run fax-autorecv
    [ "$(queued_for admin@else.example)" = 1 ]
}

@test "fax-autorecv: the postmaster's mail goes to the operator" {
    settings 'operator = admin@else.example'
    to_postmaster
    run fax-autorecv --dry-run
    [[ $output == *postmaster*'would follow'* ]]
    [ "$(state postmaster)" = new ]
    run fax-autorecv
    [[ $output == *postmaster*followed*carol@else.example* ]]
    [ "$(queued_for admin@else.example)" = 1 ]
    [ -z "$(state postmaster)" ] && [ "$(papers)" = 0 ]
    run fax-autorecv
    [[ $output != *postmaster* ]]
}

@test "fax-autorecv: the postmaster's mail without an operator is announced, held and printed" {
    needs pdftotext
    # An operator who is our own postmaster would have it come back for ever.
    settings 'operator = Postmaster@fax.example'
    to_postmaster
    run fax-autorecv
    expect_status 0
    [[ $output == *postmaster*held* ]]
    [ "$(state postmaster)" = held ]
    [ -z "$(fax-queue list)" ] && [ "$(papers)" = 1 ]
    pdftotext paper/*.pdf - | grep -q 'RECEPTION NOTIFICATION'
    fax-spool cat postmaster "$(fax-spool list postmaster | awk '{ print $1 }')" | grep 'Who are you'
    run fax-autorecv
    [ -z "$output" ]
    for f in "$FAXPIPE_HOME"/spool/postmaster/cur/*; do mv "$f" "${f%,E=*},E=1000:2,"; done
    run fax-autorecv
    [[ $output == *postmaster*expired* ]]
    [ "$(papers)" = 2 ] && [ -z "$(state postmaster)" ]
}

@test "fax-autorecv: what no rule takes is announced and expires after new-days" {
    settings 'new-days = 3'
    fuser edit 15 --auto-receive off
    send_text alice@fax.example
    send_fax page.pbm bob@fax.example
    run fax-autorecv
    [ -z "$output" ]
    for f in "$FAXPIPE_HOME"/spool/1?/new/*; do
        name=${f##*/}
        mv "$f" "${f%/*}/$(printf '%010d' $(($(date +%s) - 3 * 86400 - 9))).${name#*.}"
    done
    run fax-autorecv --dry-run
    [ "$(grep -c 'would print' <<<"$output")" = 2 ]
    [ "$(state 12)$(state 15)" = newnew ]
    run fax-autorecv
    expect_status 0
    [[ $output == *12*expired* && $output == *15*expired* ]]
    # Two notifications, two mails.
    [ "$(papers)" = 4 ]
    [ -z "$(state 12)$(state 15)" ]
}

@test "fax-autorecv: what lay too long and cannot be printed stays, and is announced once" {
    settings 'new-days = 0'
    fuser edit 15 --auto-receive off --notice mail
    fuser edit 15 --printer "ipp://127.0.0.1:$(free_port)/ipp/print"
    send_fax page.pbm bob@fax.example
    for _ in 1 2; do
        run fax-autorecv
        [ "$status" -ne 0 ]
        [ "$(state 15)" = held ] && [ "$(queued_for bob@fax.example)" = 1 ]
    done
    fuser edit 15 --printer "$T/paper"
    run fax-autorecv
    [[ $output == *15*expired* ]]
    [ "$(papers)" = 1 ] && [ -z "$(state 15)" ]
}

@test "fax-autorecv: what a dead printer kept too long does not expire" {
    settings 'new-days = 0'
    fuser edit 12 --on-expiry delete --printer "ipp://127.0.0.1:$(free_port)/ipp/print"
    send_fax page.pbm alice@fax.example
    for _ in 1 2; do
        run fax-autorecv
        [ "$status" -ne 0 ] && [ "$(state 12)" = taken ]
    done
    fuser edit 12 --printer "$T/paper"
    run fax-autorecv
    [[ $output == *12*printed* ]]
}

@test "fax-autorecv: what a manual reception left behind is not forgotten" {
    settings 'new-days = 0'
    fuser edit 15 --auto-receive off --notice none --printer "ipp://127.0.0.1:$(free_port)/ipp/print"
    send_fax page.pbm bob@fax.example
    id=$(fax-spool take 15)
    [ "$(state 15)" = taken ]
    run fax-autorecv
    [ "$status" -ne 0 ]
    fuser edit 15 --printer "$T/paper"
    run fax-autorecv
    [[ $output == *15*expired*"$id"* ]]
}

@test "fax-autorecv: a sender is text, whatever bytes he is made of" {
    printf 'From: \033]0;x\007\302\233e\\vil"\377@else.example\nSubject: x\nMIME-Version: 1.0\nContent-Type: image/tiff\n\nno\n' |
        "$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/12"
    cp -r "$FAXPIPE_HOME" copy
    fax-autorecv --json >objects || :
    python3 -c 'import json; [json.loads(l) for l in open("objects", encoding="utf-8")]'
    [ -s objects ]
    FAXPIPE_HOME=$T/copy fax-autorecv >lines || :
    no env LC_ALL=C grep -q "$(printf '[\001-\011\013-\037\177\233\377]')" lines
}

@test "fax-autorecv: after sending only who checks mail on transmission is served" {
    fuser edit 15 --auto-receive off
    send_fax page.pbm bob@fax.example
    run fax-autorecv --sent --user 15
    expect_status 0
    [ -z "$output" ] && [ "$(state 15)" = new ]
    fuser edit 15 --check-on-send on
    run fax-autorecv --sent --user 15
    [[ $output == *15*printed* ]]
    run fax-autorecv --sent
    expect_status 64
}

@test "fax-autorecv: a lock that cannot be made is told, and the others are served" {
    send_fax page.pbm alice@fax.example bob@fax.example
    mkdir "$FAXPIPE_HOME/db/12.lock"
    run fax-autorecv
    expect_status 73
    [[ $output == *12.lock* && $output == *15*held* ]]
    [ "$(stat -c %a "$FAXPIPE_HOME/db/15.lock")" = 640 ]
}

# ---- A reception mode per sender (JP 8-274965) ----

from() { # SENDER KIND: a mail from him in Alice's new/
    case $2 in
    text) printf 'From: Someone <%s>\nSubject: words\n\nOnly words.\n' "$1" ;;
    *) b64mime --from "$1" --to alice@fax.example --subject fax fax.tif ;;
    esac | "$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/12" >/dev/null
}

@test "fax-autorecv: a row for an address, a domain, a fax number; the most particular counts" {
    fax-scan page.pbm >page.g3
    g3tiff page.g3 -o fax.tif
    fuser edit 12 --notice none
    fuser sender set @else.example 12 --auto-print off
    fuser sender set boss@else.example 12 --auto-print on --text-mail on
    fuser sender set +81751234567 12 --auto-print off
    fuser sender set @spam.example 12 --refuse
    from carol@else.example fax
    from BOSS@Else.Example text
    from FAX=+81751234567@gateway.example fax
    from x@spam.example fax
    from other@elsewhere.example fax
    from other@elsewhere.example text
    fax-autorecv | awk '{ print $4, $2 }' | sort >got
    sort >want <<'END'
carol@else.example held
BOSS@Else.Example printed
FAX=+81751234567@gateway.example held
other@elsewhere.example printed
END
    diff want got
    # The refused one's, and the text that nobody wants.
    [ "$(state 12 | grep -c new)" = 2 ]
    [ "$(papers)" = 2 ]
}

@test "fax-autorecv: jobs are named after the mail's ID" {
    SUBJECT=Geheim send_fax page.pbm alice@fax.example bob@fax.example
    alice=$(fax-spool list 12 | awk '{ print $1 }')
    bob=$(fax-spool list 15 | awk '{ print $1 }')
    fax-autorecv >/dev/null
    ls paper | sort >got
    printf '%s\n' "fax-$alice.pdf" "fax-notice-$bob.pdf" | sort | diff - got
}

@test "fax-autorecv: ends with the queue's turn" {
    settings "route.fax.example = smtp://127.0.0.1:$PORT"
    printf 'From: carol@else.example\nSubject: x\n\nqueued\n' |
        fax-queue add -f carol@else.example bob@fax.example >/dev/null
    fax-autorecv --dry-run
    [ -n "$(fax-queue list)" ]
    fax-autorecv
    [ -z "$(fax-queue list)" ]
    [ "$(state 15)" = new ]
}

@test "fax-autorecv: a mail's name in the spool is no pattern and no program" {
    fuser edit 12 --text-mail on
    touch '1700000000.x' '1700000000.y'
    for name in '1700000000.*' '1700000001.$(touch x)' '1700000002."\\"'; do
        name=${name// /}
        printf 'From: a@else.example\nSubject: x\n\nwords\n' >"$FAXPIPE_HOME/spool/12/new/$name"
    done
    fax-autorecv --json >objects
    [ "$(python3 -c '
import json
print(*sorted(json.loads(l)["id"] for l in open("objects")), sep="\n")')" = \
        "$(printf '%s\n' '1700000000.*' '1700000001.$(touchx)' '1700000002."\\"')" ]
    [ "$(papers)" = 3 ] && [ -z "$(state 12)" ]
}

@test "fax-autorecv: through sudo an unknown code is a wrong password" {
    SUDO_UID=1000 run fax-autorecv --user 99 --password-fd 3 3<<<x
    expect_status 77
    [[ $output != *'no such user'* ]]
    SUDO_UID=1000 run fax-send --password-fd 3 99 bob@fax.example <page.pbm 3<<<x
    expect_status 77
    [[ $output != *'no such user'* ]]
}

@test "fax-autorecv: --user takes a code in letters of either case" {
    fuser add Carol --login carol --password-file alice.pw --auto-receive on --auto-print on
    printf 'From: a@else.example\nSubject: x\n\nwords\n' |
        "$BIN/test/lib/deliver" "$FAXPIPE_HOME/spool/Carol" >/dev/null
    run fax-autorecv --user cAROL
    expect_status 0
    [[ $output == Carol*printed* ]]
    [ ! -e "$FAXPIPE_HOME/db/cAROL.lock" ]
}
