# AUTH against the users' table, by programs that are not ours: who knows the release password
# may send to everybody, under TLS and in no other way.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs openssl
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null
    fuser init
    printf 'smarthost = smtp://127.0.0.1:1\nscram-iterations = 4096\n' >"$FAXPIPE_HOME/faxpipe.conf"
    echo 'tea at five' >pw
    fuser add 12 --name Alice --login alice --address alice@us.example --password-file pw
    printf 'Subject: judged\n\nhello\n' >mail
    sed 's/$/\r/' mail >mail.crlf
}

teardown() {
    # shellcheck disable=SC2046
    [ -z "${POSTFIX:-}" ] || { kill $(cat "$POSTFIX/spool/pid/master.pid") || :; rm -rf "$POSTFIX"; }
    cleanup
}

serve() { receiver --hostname us.example --domain us.example --tls-cert cert.pem --tls-key key.pem --auth "$@"; }

# So many mails wait in the queue.
queued() { fax-queue list --json | python3 -c 'import json, sys
assert len([x for x in json.load(sys.stdin) if "out@other.example" in str(x)]) == int(sys.argv[1])' "$1"; }

@test "swaks: PLAIN and LOGIN, a wrong password, a wrong name, in clear" {
    needs swaks
    serve
    s() { swaks --server "127.0.0.1:$PORT" --from a@b.example --to out@other.example "$@" 2>&1; }
    s --tls --auth PLAIN --auth-user alice --auth-password 'tea at five' >said
    grep -q '235 2.7.0' said
    queued 1
    s --tls --auth LOGIN --auth-user 12 --auth-password 'tea at five' >said
    grep -q '235 2.7.0' said
    queued 2
    run s --tls --auth PLAIN --auth-user alice --auth-password 'tea at six'
    [ "$status" -ne 0 ]
    wrong=$(grep -o '535 .*' <<<"$output" | head -1)
    [ -n "$wrong" ]
    run s --tls --auth PLAIN --auth-user nobody --auth-password 'tea at five'
    [ "$status" -ne 0 ]
    [ "$(grep -o '535 .*' <<<"$output" | head -1)" = "$wrong" ]
    run s --tls
    [ "$status" -ne 0 ]
    [[ $output == *'550 5.7.1'* ]]
    run s --auth PLAIN --auth-user alice --auth-password 'tea at five'
    [ "$status" -ne 0 ]
    no grep -q YWxpY2U <<<"$output"
    queued 2
}

@test "msmtp: SCRAM-SHA-256, right and wrong; the table's own salt" {
    needs msmtp
    msmtp --version | grep -qi scram-sha-256 || skip "this msmtp cannot SCRAM"
    serve
    m() { msmtp --host=localhost "--port=$PORT" --from=a@b.example --tls=on --tls-trust-file=cert.pem \
        --auth=scram-sha-256 --user="$1" --passwordeval='cat pw' out@other.example <mail; }
    m alice
    queued 1
    m alice@us.example
    queued 2
    echo wrong >pw
    run m alice
    [ "$status" -eq 77 ]
    run m nobody
    [ "$status" -eq 77 ]
    queued 2
}

@test "our own sender, and libcurl, log in" {
    serve
    smtp-send --url "smtp://alice@localhost:$PORT" --tls require --ca cert.pem --password-file pw \
        --from a@b.example out@other.example <mail
    queued 1
    printf 'machine localhost login alice password "tea at five"\n' >netrc
    curl -sS --ssl-reqd --cacert cert.pem --netrc-file netrc --url "smtp://localhost:$PORT/me" \
        --mail-from a@b.example --mail-rcpt out@other.example -T mail.crlf
    queued 2
}

@test "msmtp and curl: PLAIN and LOGIN, right and wrong" {
    needs msmtp curl
    serve
    n=0
    for mechanism in plain login; do
        m() { msmtp --host=localhost "--port=$PORT" --from=a@b.example --tls=on --tls-trust-file=cert.pem \
            --auth=$mechanism --user=alice --passwordeval="cat $1" out@other.example <mail; }
        m pw
        queued $((n += 1))
        echo 'tea at six' >other
        run m other
        [ "$status" -eq 77 ]
        printf 'machine localhost login alice password "tea at five"\n' >netrc
        curl -sS --ssl-reqd --cacert cert.pem --netrc-file netrc --login-options "AUTH=${mechanism^^}" \
            --url "smtp://localhost:$PORT/me" --mail-from a@b.example --mail-rcpt out@other.example -T mail.crlf
        queued $((n += 1))
    done
    # A good log-in forgives the wrong ones; two in all would still have passed.
    queued "$n"
}

@test "Python's smtplib: STARTTLS and AUTH, by both of its mechanisms" {
    serve
    python3 - "$PORT" <<'PY'
import smtplib, ssl, sys
for mechanism in "PLAIN", "LOGIN":
    c = smtplib.SMTP("localhost", int(sys.argv[1]))
    c.ehlo("me.example")
    assert "auth" not in c.esmtp_features
    c.starttls(context=ssl.create_default_context(cafile="cert.pem"))
    c.ehlo("me.example")
    assert mechanism in c.esmtp_features["auth"].split()
    c.user, c.password = "alice", "tea at five"
    assert c.auth(mechanism, getattr(c, "auth_" + mechanism.lower()))[0] == 235
    c.sendmail("a@b.example", ["out@other.example"], open("mail.crlf", "rb").read())
    c.quit()
PY
    queued 2
}

# bats test_tags=nosan
@test "Postfix logs in, and relays by us" {
    needs_root
    [ -x /usr/sbin/postfix ] || skip "postfix is not installed"
    [ -e /usr/lib/x86_64-linux-gnu/sasl2/libplain.so ] || [ -e /usr/lib/sasl2/libplain.so ] || skip "no SASL PLAIN here"
    echo wonderland >pw
    fuser edit 12 --password-file pw
    serve
    relay=$(free_port)
    POSTFIX=$(mktemp -d /tmp/faxpipe-postfix.XXXXXX)
    POSTFIX_SMTP_TLS=encrypt POSTFIX_LOGIN=alice:wonderland \
        "$FAXPIPE_ROOT/test/lib/start-postfix" "$POSTFIX" "$relay" "$PORT" 3>&- 4>&-
    smtp-send --url "smtp://127.0.0.1:$relay" -f a@b.example out@other.example <mail
    until_true 20 queued 1
    grep -q 'Subject: judged' "$FAXPIPE_HOME"/queue/*.mail
    grep -q 'with ESMTPSA$' "$FAXPIPE_HOME"/queue/*.mail
}

@test "after five wrong tries a right password waits as well" {
    serve
    python3 - "$PORT" <<'PY'
import smtplib, ssl, sys
context = ssl.create_default_context(cafile="cert.pem")
def attempt(password):
    c = smtplib.SMTP("localhost", int(sys.argv[1]))
    c.starttls(context=context)
    try:
        c.login("alice", password)
        return True
    except smtplib.SMTPAuthenticationError as e:
        assert e.smtp_code in (535, 421), e
        return False
    finally:
        c.close()
for i in range(5):
    assert not attempt("wrong")
assert not attempt("tea at five")
PY
    fuser journal | grep -i password
}

@test "neither name nor password is in what -v says" {
    serve -v
    swaks --tls --server "127.0.0.1:$PORT" --from a@b.example --to out@other.example --auth PLAIN \
        --auth-user alice --auth-password 'tea at five' >/dev/null
    grep -q '< AUTH \.\.\.' receiver.log
    no grep -q "AGFsaWNl\|tea at five" receiver.log
}

@test "--auth without TLS, or without the table, is 64" {
    run --separate-stderr smtp-recv --hostname us.example --auth
    [ "$status" -eq 64 ]
    run --separate-stderr smtp-recv --hostname us.example --auth --maildir md --tls-cert cert.pem --tls-key key.pem
    [ "$status" -eq 64 ]
}

@test "the off-ramp is for who has logged in" {
    printf '#!/bin/sh\n{ echo "$FAX_NUMBER from $SENDER"; cat; } >>%s/ramp\n' "$T" >off-ramp
    chmod 755 off-ramp
    echo "offramp = $T/off-ramp" >>"$FAXPIPE_HOME/faxpipe.conf"
    serve
    send() { smtp-send --url "smtp://$1localhost:$PORT" --tls require --ca cert.pem "${@:2}" \
        --from a@b.example 'FAX=+49-30.123@us.example' <mail; }
    run send ''
    expect_status 67
    [ ! -e ramp ]
    send alice@ --password-file pw
    grep -qx '+4930123 from a@b.example' ramp
    tr -d "\r" <ramp | grep -qx "Subject: judged"
}
