# Foreign senders into smtp-recv, in clear and under STARTTLS: what they send is what arrives.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    us=(--hostname us.example --maildir md)
    { printf 'Subject: judged\n\n'; printf '.dot\n..two dots\n\nend\n'; head -c 100000 /dev/zero | tr '\0' z; echo; } >mail
    sed 's/$/\r/' mail >mail.crlf
}

teardown() {
    # shellcheck disable=SC2046
    [ -z "${POSTFIX:-}" ] || { kill $(cat "$POSTFIX/spool/pid/master.pid") || :; rm -rf "$POSTFIX"; }
    cleanup
}

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null
}

# The one mail in md/new, without the lines of the way, is `mail`.
arrived() {
    local files=(md/new/*)
    [ "${#files[@]}" -eq 1 ]
    sed -n '/^Subject: judged/,$p' "${files[0]}" | cmp - mail
    rm "${files[0]}"
}

under_tls() { grep -q 'with ESMTPS id' md/new/*; }

@test "curl, in clear, under STARTTLS and SMTPS" {
    needs curl
    certificate
    receiver "${us[@]}" --tls-cert cert.pem --tls-key key.pem
    to=(--mail-from a@b.example --mail-rcpt x@us.example -T mail.crlf)
    curl -sS --url "smtp://localhost:$PORT/me.example" "${to[@]}"
    arrived
    curl -sS --ssl-reqd --cacert cert.pem --url "smtp://localhost:$PORT/me.example" "${to[@]}"
    under_tls
    arrived
    rm port
    receiver "${us[@]}" --tls-cert cert.pem --tls-key key.pem --smtps
    curl -sS --cacert cert.pem --url "smtps://localhost:$PORT/me.example" "${to[@]}"
    under_tls
    arrived
}

@test "swaks, in clear and under STARTTLS; a foreign recipient is told so" {
    needs swaks
    certificate
    receiver "${us[@]}" --tls-cert cert.pem --tls-key key.pem --tls require
    run swaks --silent 2 --server "127.0.0.1:$PORT" --from a@b.example --to x@us.example
    [ "$status" -ne 0 ]
    [[ $output == *530* ]]
    swaks --silent 2 --tls --server "127.0.0.1:$PORT" --from a@b.example --to x@us.example --body hello
    under_tls
    grep -qx hello md/new/*
    run swaks --tls --server "127.0.0.1:$PORT" --from a@b.example --to x@other.example
    [ "$status" -ne 0 ]
    [[ $output == *'550 5.7.1'* ]]
}

@test "swaks --pipe: a session on the other end of a pipe, and LMTP" {
    needs swaks
    swaks --silent 2 --pipe "smtp-recv --hostname us.example --maildir $T/md" --from a@b.example --to x@us.example --body hello
    grep -qx hello md/new/*
    rm md/new/*
    run swaks --pipe "smtp-recv --hostname us.example --maildir $T/md" --from a@b.example --to x@other.example
    [ "$status" -ne 0 ]
    [[ $output == *'550 5.7.1'* ]]
    swaks --silent 2 --protocol LMTP --pipe "smtp-recv --lmtp --hostname us.example --maildir $T/md" --from a@b.example --to x@us.example --body hello
    grep -q 'with LMTP id' md/new/*
}

@test "smtp-source: many sessions at once, and many mails in each" {
    needs smtp-source
    receiver "${us[@]}" --no-sync
    smtp-source -s 8 -m 80 -l 5000 -f a@b.example -t x@us.example "127.0.0.1:$PORT"
    smtp-source -d -s 8 -m 80 -r 4 -l 200 -f a@b.example -t x@us.example "127.0.0.1:$PORT"
    [ "$(ls md/new | wc -l)" -eq 160 ]
    [ -z "$(ls md/tmp)" ]
    smtp-source -L -s 2 -m 4 -f a@b.example -t x@us.example "127.0.0.1:$PORT" && false # we speak no LMTP here
    rm port
    receiver "${us[@]}" --lmtp
    smtp-source -L -s 2 -m 4 -f a@b.example -t x@us.example "127.0.0.1:$PORT"
    [ "$(ls md/new | wc -l)" -eq 164 ]
}

@test "msmtp, in clear and under STARTTLS" {
    needs msmtp
    certificate
    receiver "${us[@]}" --tls-cert cert.pem --tls-key key.pem
    to=(--host=localhost "--port=$PORT" --from=a@b.example --domain=me.example
        --add-missing-from-header=off --add-missing-date-header=off)
    msmtp "${to[@]}" x@us.example <mail
    arrived
    msmtp "${to[@]}" --tls=on --tls-trust-file=cert.pem x@us.example <mail
    under_tls
    arrived
}

@test "Python's smtplib, SMTP under STARTTLS and LMTP" {
    certificate
    receiver "${us[@]}" --tls-cert cert.pem --tls-key key.pem
    python3 - "$PORT" <<'PY'
import smtplib, ssl, sys
text = open("mail.crlf", "rb").read()
c = smtplib.SMTP("localhost", int(sys.argv[1]))
c.starttls(context=ssl.create_default_context(cafile="cert.pem"))
assert "starttls" not in (c.ehlo("me.example"), c.esmtp_features)[1]
assert c.sendmail("a@b.example", ["x@us.example", "y@other"], text).keys() == {"y@other"}
c.quit()
PY
    under_tls
    arrived
    rm port
    receiver "${us[@]}" --lmtp
    python3 - "$PORT" <<'PY'
import smtplib, sys
c = smtplib.LMTP("localhost", int(sys.argv[1]))
c.sendmail("a@b.example", ["x@us.example"], open("mail.crlf", "rb").read())
c.quit()
PY
    grep -q 'with LMTP id' md/new/*
    arrived
}

@test "STARTTLS over stdin and stdout" {
    certificate
    port=$(free_port)
    background socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr" \
        "EXEC:smtp-recv --hostname us.example --maildir $T/md --tls-cert $T/cert.pem --tls-key $T/key.pem"
    python3 - "$port" <<'PY'
import smtplib, ssl, sys, time
for _ in range(200):
    try: c = smtplib.SMTP("localhost", int(sys.argv[1])); break
    except OSError: time.sleep(0.05)
c.starttls(context=ssl.create_default_context(cafile="cert.pem"))
c.sendmail("a@b.example", ["x@us.example"], open("mail.crlf", "rb").read())
c.quit()
PY
    under_tls
    arrived
}

@test "smtp-send, into the spool of the table's users" {
    station
    certificate
    receiver --tls-cert cert.pem --tls-key key.pem
    smtp-send --url "smtp://localhost:$PORT" --tls require --ca cert.pem --from a@b.example alice@fax.example bob@fax.example <mail
    for code in 12 15; do
        # It comes by BDAT, and so byte by byte.
        sed '1,/^\t[A-Z][a-z][a-z], /d' "$FAXPIPE_HOME/spool/$code"/new/* | tr -d '\r' | cmp - mail
    done
    run -67 smtp-send --url "smtp://localhost:$PORT" --from a@b.example carol@fax.example <mail
}

# bats test_tags=nosan
@test "Postfix as a relay between smtp-send and smtp-recv" {
    needs_root
    [ -x /usr/sbin/postfix ] || skip "postfix is not installed"
    station
    certificate
    receiver --tls-cert cert.pem --tls-key key.pem
    relay=$(free_port)
    # Postfix's own users must be able to enter it, which bats' directory forbids.
    POSTFIX=$(mktemp -d /tmp/faxpipe-postfix.XXXXXX)
    POSTFIX_SMTP_TLS=may "$FAXPIPE_ROOT/test/lib/start-postfix" "$POSTFIX" "$relay" "$PORT" 3>&- 4>&-
    grep -v zzz mail >short # Postfix breaks lines that are longer than 990
    smtp-send --url "smtp://127.0.0.1:$relay" --from a@b.example alice@fax.example bob@fax.example <short
    until_true 20 eval 'ls "$FAXPIPE_HOME"/spool/12/new/* "$FAXPIPE_HOME"/spool/15/new/*'
    for code in 12 15; do
        sed -n '/^$/,$p' "$FAXPIPE_HOME/spool/$code"/new/* | cmp - <(sed -n '/^$/,$p' short)
    done
    grep -q 'relay.example' "$FAXPIPE_HOME"/spool/12/new/*
}

@test "smtp-send --verb: on the terminal, and where there is none in the mailbox" {
    needs python3
    fuser init
    echo pw >pw
    fuser add 12 --name Alice --login alice --address alice@us.example --password-file pw \
        --unix-user "$(id -un)"
    fuser add 15 --name Bob --login bob --address bob@us.example --password-file pw \
        --unix-user nobody-of-that-name
    cat >on-a-terminal.py <<'PY'
import os, pwd, select, struct, subprocess, sys
master, slave = os.openpty()
name = os.ttyname(slave)
os.chmod(name, 0o620)
line = name[5:].encode()
me = pwd.getpwuid(os.geteuid()).pw_name.encode()
with open("utmp", "wb") as f:
    f.write(struct.pack("hi32s4s32s256shhiii4i20x", 7, 1, line, line[-4:], me, b"", 0, 0, 0, 0, 0, 0, 0, 0, 0))
status = subprocess.call(sys.argv[1:])
got = b""
while select.select([master], [], [], 0.2)[0]:
    got += os.read(master, 65536)
sys.stdout.write(got.decode().replace("\r", ""))
sys.exit(status)
PY
    echo "utmp = $PWD/utmp" >station/faxpipe.conf
    receiver --hostname us.example
    send() {
        printf 'Subject: tea\n\nTea is ready.\n' | python3 on-a-terminal.py smtp-send \
            --url "smtp://localhost:$PORT" --tls none --from a@b.example --verb "$@" >screen
    }
    send send alice@us.example
    grep -qx '| Tea is ready\.' screen
    run send send bob@us.example
    expect_status 75
    send soml bob@us.example alice@us.example
    [ "$(grep -c 'Tea is ready' screen)" -eq 1 ]
    send saml alice@us.example
    [ "$(grep -c 'Tea is ready' screen)" -eq 1 ]
    [ "$(cat station/spool/12/new/* | grep -c 'Tea is ready')" -eq 1 ]
    [ "$(cat station/spool/15/new/* | grep -c 'Tea is ready')" -eq 1 ]
}
