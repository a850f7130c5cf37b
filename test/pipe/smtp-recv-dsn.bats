# Notices of delivery through smtp-recv, the queue and Postfix (RFC 3461, 3464, 2852).
load ../lib/helper
load ../lib/fake
load ../lib/station

setup() {
    scratch
    needs python3
    station >/dev/null
    printf 'From: Bob <bob@fax.example>\nTo: alice@fax.example\nSubject: told\n\nThe body\n' >mail.eml
}

teardown() {
    # shellcheck disable=SC2046
    [ -z "${POSTFIX:-}" ] || { kill $(cat "$POSTFIX/spool/pid/master.pid") || :; rm -rf "$POSTFIX"; }
    cleanup
}

postfix() { # RELAYPORT; its own port is in AT.
    needs_root
    [ -x /usr/sbin/postfix ] || skip "postfix is not installed"
    AT=$(free_port)
    # Postfix's own users must be able to enter it, which bats' directory forbids.
    POSTFIX=$(mktemp -d /tmp/faxpipe-postfix.XXXXXX)
    "$FAXPIPE_ROOT/test/lib/start-postfix" "$POSTFIX" "$AT" "$1" 3>&- 4>&-
}

# hand_in PORT MAIL-OPTIONS RECIPIENT RCPT-OPTIONS...: mail.eml from bob, by Python's smtplib.
hand_in() {
    python3 - "$@" <<'PY'
import smtplib, sys
port, options, *to = sys.argv[1:]
s = smtplib.SMTP("127.0.0.1", int(port), local_hostname="me.example")
s.ehlo()
for command in ["MAIL FROM:<bob@fax.example> " + options] + [
        f"RCPT TO:<{a}> {o}" for a, o in zip(to[::2], to[1::2])]:
    code, words = s.docmd(command.strip())
    assert code in (250, 251), (command, code, words)
code, words = s.data(open("mail.eml").read())
s.quit()
print(code)
PY
}

# told FILE: "ACTION STATUS FINAL ORIGINAL" of each recipient of a notice, and its envelope's ID.
told() {
    python3 - "$1" <<'PY'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
assert not m.defects and m.get_content_type() == "multipart/report", m
mail, *recipients = list(m.iter_parts())[1].get_payload()
for r in recipients:
    last = lambda name: str(r.get(name, ";-")).split(";")[1].strip()
    print(r["Action"], r["Status"], last("Final-Recipient"), last("Original-Recipient"), mail.get("Original-Envelope-Id", "-"))
PY
}

@test "delivered: the notice is in the queue before the 250, from <>, with the header alone" {
    echo 'smarthost = smtp://127.0.0.1:1' >>station/faxpipe.conf
    receiver
    [ "$(hand_in "$PORT" 'RET=FULL ENVID=E+2B1' alice@fax.example 'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb@old.example')" = 250 ]
    [ "$(ls station/spool/12/new | wc -l)" -eq 1 ]
    [ "$(ls station/queue/*.mail | wc -l)" -eq 1 ]
    grep -qx 'from ' station/queue/*.env
    grep -qx 'to bob@fax.example' station/queue/*.env
    [ "$(told station/queue/*.mail)" = 'delivered 2.0.0 alice@fax.example a+b@old.example E+1' ]
    grep -qx 'Subject: told' station/queue/*.mail
    no grep -q 'The body' station/queue/*.mail
    no env LC_ALL=C grep -qP '[^\t\n -~]' station/queue/*.mail
    # Who asked for none of success gets none, and the clerk starts nothing.
    rm station/queue/*
    hand_in "$PORT" 'RET=HDRS' alice@fax.example 'NOTIFY=FAILURE,DELAY' bob@fax.example NOTIFY=NEVER
    hand_in "$PORT" '' alice@fax.example ''
    [ -z "$(ls station/queue)" ]
}

@test "a list: expanded, and its members have the mail without SUCCESS; one alias passes all on" {
    fuser alias set team alice@fax.example eve@else.example
    fuser alias set old carol@else.example --as forward
    fuser alias set quiet dan@else.example erin@else.example
    receiver --relay 127.0.0.1
    echo 'smarthost = smtp://127.0.0.1:1' >>station/faxpipe.conf
    hand_in "$PORT" ENVID=L team@fax.example NOTIFY=SUCCESS,FAILURE old@fax.example NOTIFY=SUCCESS \
        quiet@fax.example NOTIFY=SUCCESS
    notice=$(grep -lx 'to bob@fax.example' station/queue/*.env)
    [ "$(told "${notice%.env}.mail" | sort)" = 'expanded 2.0.0 quiet@fax.example quiet@fax.example L
expanded 2.0.0 team@fax.example team@fax.example L' ]
    for one in 'eve failure team' 'carol success old' 'dan never quiet' 'erin never quiet'; do
        set -- $one
        entry=$(grep -lx "to $1@else.example" station/queue/*.env)
        grep -A2 "^to $1@else.example" "$entry" >lines
        printf '%s\n' "to $1@else.example" "orcpt rfc822;$3@fax.example" "notify $2" | diff - lines
        grep -qx 'envid L' "$entry"
    done
}

@test "no promise where there is no queue to keep it" {
    for way in "--maildir md" "--mbox box" "--exec true"; do
        # shellcheck disable=SC2086
        printf 'EHLO me\r\nMAIL FROM:<a@x> RET=HDRS\r\nMAIL FROM:<a@x> BY=5;N\r\nQUIT\r\n' |
            smtp-recv --hostname us.example $way >said
        no grep -qE 'DSN|DELIVERBY' said
        [ "$(grep -c '^555' said)" -eq 2 ]
    done
    printf 'LHLO me\r\nQUIT\r\n' | smtp-recv --lmtp >said
    grep -q '^250-DSN' said
    grep -q '^250-DELIVERBY' said
}

@test "a notice that cannot be kept is no 250: the mail is there, and its sender tries again" {
    echo 'smarthost = smtp://127.0.0.1:1' >>station/faxpipe.conf
    rmdir station/queue
    touch station/queue
    receiver
    [ "$(hand_in "$PORT" '' alice@fax.example NOTIFY=SUCCESS)" = 451 ]
    [ "$(ls station/spool/12/new | wc -l)" -eq 1 ]
    [ "$(hand_in "$PORT" '' alice@fax.example NOTIFY=FAILURE)" = 250 ]
    rm station/queue
    mkdir -m 700 station/queue
    [ "$(hand_in "$PORT" '' alice@fax.example NOTIFY=SUCCESS)" = 250 ]
    [ "$(told station/queue/*.mail)" = 'delivered 2.0.0 alice@fax.example alice@fax.example -' ]
}

@test "BY: the rest of the time goes on with what is relayed; what came too late is refused" {
    fake_smtp 'caps: DSN;DELIVERBY'
    echo "route.far.example = $URL" >>station/faxpipe.conf
    receiver --relay 127.0.0.1
    [ "$(hand_in "$PORT" 'BY=500;RT' far@far.example NOTIFY=SUCCESS)" = 250 ]
    until_true 10 test -s fake/mail.1
    grep -qE '^MAIL FROM:<bob@fax.example> BY=(500|49[0-9]);RT' fake/log
    [ "$(hand_in "$PORT" 'BY=-7;N' far@far.example '')" = 250 ]
    until_true 10 test -s fake/mail.2
    grep -qE 'BY=-[78];N' fake/log
    printf 'EHLO me\r\nMAIL FROM:<a@x> BY=1;R\r\nRCPT TO:<alice@fax.example>\r\nDATA\r\n' >late
    { cat late; sleep 2.2; printf 'x\r\n.\r\nQUIT\r\n'; } | smtp-recv >said
    grep -q '^554 5.4.7 ' said
    [ -z "$(ls station/spool/12/new)" ]
}

# bats test_tags=nosan
@test "from Postfix to us: it leaves the notice to us, and the sender has ours" {
    receiver
    echo "route.fax.example = smtp://127.0.0.1:$PORT" >>station/faxpipe.conf
    postfix "$PORT"
    hand_in "$AT" ENVID=P1 alice@fax.example 'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;al@first.example'
    until_true 20 eval 'ls station/spool/15/new/*'
    sed '1,/^$/!d' station/spool/15/new/* | grep -q '^Return-Path: <>'
    [ "$(told station/spool/15/new/*)" = 'delivered 2.0.0 alice@fax.example al@first.example P1' ]
    [ "$(ls station/spool/12/new | wc -l)" -eq 1 ]
    no grep -q 'sender delivery status' "$POSTFIX/log"
}

# bats test_tags=nosan
@test "from us to Postfix: it has all that was asked for, and tells; we do not" {
    fake_smtp 'rcpt gone@there.example: 550 5.1.1 gone'
    postfix "${URL##*:}"
    echo "smarthost = smtp://127.0.0.1:$AT" >>station/faxpipe.conf
    fax-queue add -f bob@fax.example gone@there.example fine@there.example quiet@there.example \
        --dsn success,failure --notify none --notify none --notify never --ret full --envid Q7 \
        --orcpt 'rfc822;first@old.example' <mail.eml
    fax-queue flush
    [ -z "$(ls station/queue)" ]
    # Its next hop knows no DSN, so it tells what it passed on, and returns what was refused.
    until_true 20 eval '[ "$(grep -l "multipart/report" fake/mail.* | wc -l)" -eq 2 ]'
    for f in $(grep -l multipart/report fake/mail.*); do told "$f"; done | sort >got
    printf '%s\n' 'failed 5.1.1 gone@there.example first@old.example Q7' \
        'relayed 2.0.0 fine@there.example fine@there.example Q7' | diff - got
    grep -q 'The body' "$(grep -l 'Action: failed' fake/mail.*)"
}
