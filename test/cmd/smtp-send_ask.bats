# smtp-send: questions to a server (VRFY, EXPN, HELP), and log-in by a bearer token.
load ../lib/helper
load ../lib/fake

setup() {
    scratch
    needs python3
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n' >mail.eml
}
teardown() { cleanup; }

ask() { run --separate-stderr smtp-send --url "$URL" --timeout 10 "$@" </dev/null; }

@test "the answers are printed, line by line" {
    fake
    ask --vrfy bob --expn staff --help-peer
    expect_status 0
    [ "$output" = $'2.1.5 Bob <bob@x>\n2.1.5 <a@x>\n2.1.5 <b@x>\ncommands:\nall of them' ] ||
        [ "$output" = $'Bob <bob@x>\n<a@x>\n<b@x>\ncommands:\nall of them' ]
    tr -d '\r' <fake/log | grep -qx 'VRFY bob'
    tr -d '\r' <fake/log | grep -qx 'HELP'
    tr -d '\r' <fake/log | grep -qx 'QUIT'
    no grep -q MAIL fake/log
}

@test "every 4yz and 5yz, 421 and drops" {
    for what in '550 5.1.1 nobody=67' '551 5.1.6 moved=69' '553 5.1.4 ambiguous=69' \
        '502 5.5.1 hidden=69' '450 4.2.1 later=75' '421 4.3.2 bye then drop=75' drop=75 garbage=76; do
        for step in vrfy expn; do
            fake "$step: ${what%=*}"
            ask --$step bob
            expect_status "${what##*=}" || { echo "$step $what"; return 1; }
            [ -z "$output" ]
        done
    done
    fake 'vrfy: 252 2.1.5 try it'
    ask --vrfy bob
    expect_status 0
    fake 'help: raw 214 \x1b[2J\r\n'
    ask --help-peer
    [ "$output" = '?[2J' ]
}

@test "no mail, no recipients, no line ends" {
    fake
    for args in '--file mail.eml' '-t' bob@x --json; do
        # shellcheck disable=SC2086
        ask --vrfy bob $args
        expect_status 64 || { echo "$args"; return 1; }
    done
    ask --vrfy $'bob\r\nMAIL FROM:<>'
    expect_status 65
    no grep -q MAIL fake/log
}

@test "a bearer token, over TLS alone, and never shown" {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=good -addext subjectAltName=DNS:localhost \
        -keyout good.key -out good.pem 2>/dev/null
    echo wonderful-token >token
    for caps in 'AUTH OAUTHBEARER' 'AUTH XOAUTH2 PLAIN'; do
        fake "caps: $caps" 'cert: good.pem' 'key: good.key'
        run --separate-stderr smtp-send -v --url "smtp://alice@localhost:$PORT" --oauth-command 'cat token' \
            --ca good.pem -f a@x b@x <mail.eml
        expect_status 0 || { echo "$stderr"; return 1; }
        [[ "$stderr" != *wonderful-token* ]]
        mechanism=${caps#AUTH } mechanism=${mechanism%% *}
        grep -q "^AUTH $mechanism" fake/log
        python3 - <<'TOKEN'
import base64
lines = open("fake/log").read().split("\n")
at = next(i for i, l in enumerate(lines) if l.startswith("AUTH "))
said = (lines[at].split() + [lines[at + 1]])[2]
assert b"Bearer wonderful-token" in base64.b64decode(said), said
TOKEN
    done
    fake 'caps: AUTH OAUTHBEARER' 'cert: good.pem' 'key: good.key' 'auth: 535 5.7.8 wrong'
    run smtp-send --url "smtp://alice@localhost:$PORT" --oauth-command 'cat token' --ca good.pem -f a@x b@x <mail.eml
    expect_status 77
    fake 'caps: AUTH OAUTHBEARER'
    run smtp-send --url "smtp://alice@127.0.0.1:$PORT" --tls none --oauth-command 'cat token' -f a@x b@x <mail.eml
    expect_status 64
    no grep -q AUTH fake/log
    run smtp-send --url "smtp://alice@127.0.0.1:$PORT" --oauth-command false -f a@x b@x <mail.eml
    expect_status 77
}
