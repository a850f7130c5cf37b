# smtp-send into real receivers: Postfix with Dovecot's log-ins, Dovecot's submission service,
# Postfix's smtp-sink, which tells what it was told.
# bats file_tags=nosan
load ../lib/helper
load ../lib/station

setup() {
    scratch
    { printf 'From: alice@us.example\nTo: bob@us.example\nSubject: judged\n\n.dot\n'; seq 1 3000; } >mail
    echo secret >pw
    echo wrong >bad
}

teardown() {
    # shellcheck disable=SC2046
    [ -z "${DIR:-}" ] || { [ ! -e "$DIR/p/spool/pid/master.pid" ] || kill $(cat "$DIR/p/spool/pid/master.pid") || :; }
    cleanup
    [ -z "${DIR:-}" ] || rm -rf "$DIR"
}

# Seven ports in a row that are free now.
ports() {
    python3 - <<'PY'
import socket
for base in range(24000, 60000, 13):
    try:
        for i in range(7):
            s = socket.socket(); s.bind(("127.0.0.1", base + i)); s.close()
    except OSError:
        continue
    print(base); break
PY
}

# Dovecot, which passes on to our receiver (a maildir), in DIR/d; its ports from P on.
dovecot() {
    needs dovecot openssl
    [ -x /usr/lib/dovecot/submission ] || skip "dovecot-submissiond is not installed"
    receiver --hostname us.example --maildir md
    P=$(ports)
    DIR=$(mktemp -d /tmp/fsp.XXXXXX)
    chmod 755 "$DIR"
    DOVECOT_RELAY=$PORT background "$FAXPIPE_ROOT/test/lib/start-dovecot" "$DIR/d" "$P"
    until_true 20 listening $((P + 6))
    until_true 20 listening $((P + 5))
}

# The mail is in md/new, its text as it was sent.
# A notice about it may be there as well, with its header in it.
itself() { grep -rl '^Subject: judged' md/new | xargs -r grep -L '^Content-Type: multipart/report' | grep .; }
arrived() {
    until_true 20 itself
    tr -d '\r' <"$(itself | head -1)" | sed -n '/^$/,$p' | cmp - <(sed -n '/^$/,$p' mail)
}

@test "Postfix: STARTTLS, a log-in by Dovecot, and its notice of success comes back" {
    needs_root
    [ -x /usr/sbin/postfix ] || skip "postfix is not installed"
    dovecot
    relay=$(free_port)
    POSTFIX_SASL=inet:127.0.0.1:$((P + 5)) POSTFIX_CERT=$DIR/d/cert.pem POSTFIX_KEY=$DIR/d/key.pem \
        "$FAXPIPE_ROOT/test/lib/start-postfix" "$DIR/p" "$relay" "$PORT" 3>&- 4>&-
    s() { run --separate-stderr smtp-send "$@" --ca "$DIR/d/cert.pem" -f alice@us.example --json bob@us.example <mail; }
    s --url "smtp://localhost:$relay"
    [ "$status" -eq 69 ] || [ "$status" -eq 67 ]
    [[ $output == *'"code": 554'* ]]
    s --url "smtp://alice@localhost:$relay" --password-file bad
    expect_status 77
    [ ! -e md/new ] || [ -z "$(ls md/new)" ]
    s --url "smtp://alice@localhost:$relay" --password-file pw --dsn success,failure --ret hdrs --envid 'id+of=mine' \
        --orcpt 'rfc822;bob+fax@us.example'
    expect_status 0
    [[ $output == *'"sent", "code": 250'* ]]
    arrived
    # Our receiver's maildir has no DSN: it is Postfix who tells that it has passed the mail on.
    until_true 20 grep -rq '^Content-Type: multipart/report' md/new
    notice=$(grep -rl '^Content-Type: multipart/report' md/new)
    b64mime -d --report "$notice" | tee report
    grep -qi 'id+of=mine' report
    grep -qi 'relayed' report
    grep -qi 'bob+fax@us.example' report
    tr -d '\r' <"$notice" | grep -qx 'To: alice@us.example'
    no grep -q '^3000' "$notice"
}

@test "Dovecot's submission service: log-in by password, BDAT, and what it passes on is what was sent" {
    dovecot
    run --separate-stderr smtp-send --url "smtp://alice@localhost:$((P + 6))" --ca "$DIR/d/cert.pem" --password-file bad \
        -f alice@us.example bob@us.example <mail
    expect_status 77
    run --separate-stderr smtp-send --url "smtp://alice@localhost:$((P + 6))" --password-file pw \
        -f alice@us.example bob@us.example <mail
    expect_status 77 # its certificate is nobody's
    run --separate-stderr smtp-send -v --url "smtp://alice@localhost:$((P + 6))" --ca "$DIR/d/cert.pem" --password-file pw \
        -f alice@us.example bob@us.example <mail
    expect_status 0 || { echo "$stderr"; return 1; }
    [[ $stderr == *'BDAT '*LAST* ]]
    [[ $stderr != *secret* ]]
    arrived
}

@test "smtp-sink: what it was told of the mail and its recipients" {
    needs smtp-sink
    DIR=$(mktemp -d /tmp/fsp.XXXXXX) # which nobody must be able to enter
    chmod 777 "$DIR"
    port=$(free_port)
    background smtp-sink -u nobody -d "$DIR/%M." "127.0.0.1:$port" 10
    until_true 10 listening "$port"
    smtp-send --url "smtp://127.0.0.1:$port" -f a@there.example --dsn success,delay --ret full --envid 'a+b' --orcpt 'rfc822;x=y@z' \
        bob@us.example '"o o"@us.example' <mail
    f=$(grep -rl '^X-Mail-Args' "$DIR")
    grep -q '^X-Mail-Args: <a@there.example> .*RET=FULL' "$f"
    grep -q '^X-Mail-Args: .*ENVID=a+2Bb' "$f"
    grep -q '^X-Rcpt-Args: <bob@us.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+3Dy@z' "$f"
    grep -q '^X-Rcpt-Args: <"o o"@us.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;"o+20o"@us.example' "$f"
    [ "$(sed -n '/^Subject: judged/,$p' "$f" | tr -d '\r' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}')" = "$(sed -n '/^Subject: judged/,$p' mail)" ]
}
