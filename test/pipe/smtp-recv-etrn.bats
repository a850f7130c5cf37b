# ETRN (RFC 1985): who comes on line asks for what waits for him, and gets it over a new connection.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    station >/dev/null
    printf 'Subject: waited\n\nHi\n' >mail
}
teardown() { cleanup; }

ask() { # DOMAIN
    python3 - "$PORT" "$1" <<'PY'
import smtplib, sys
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
c.ehlo("dialup.example")
assert c.has_extn("etrn")
print(*c.docmd("ETRN", sys.argv[2]))
c.quit()
PY
}

@test "what waits for the domain is sent at once, due or not, and nothing else" {
    local there there_port
    there=$(free_port)
    echo "route.dialup.example = smtp://127.0.0.1:$there" >>station/faxpipe.conf
    echo 'route.other.example = smtp://127.0.0.1:1' >>station/faxpipe.conf
    fax-queue add -f alice@fax.example joe@dialup.example <mail
    fax-queue add -f alice@fax.example joe@other.example <mail
    fax-queue flush
    before=$(fax-queue list --json | python3 -c 'import json,sys; print(sum(e["tries"] for e in json.load(sys.stdin)))')
    [ "$before" -eq 2 ]
    receiver --etrn
    us=$PORT
    smtp-recv --listen "127.0.0.1:$there" --hostname dialup.example --domain dialup.example --maildir md >/dev/null 2>&1 3>&- &
    PIDS+=($!)
    until_true 10 python3 -c "import socket; socket.create_connection(('127.0.0.1', $there))"
    PORT=$us
    [[ $(ask dialup.example) == 250* ]]
    until_true 10 grep -rqs 'Subject: waited' md/new
    gone() { ! fax-queue list | grep -q dialup; }
    until_true 10 gone
    fax-queue list --json | python3 -c 'import json,sys
e, = json.load(sys.stdin)
assert e["tries"] == 1 and "other.example" in str(e), e'
}

@test "not for our own domain, not without --etrn" {
    receiver --etrn
    [[ $(ask fax.example) == 459* ]]
    rm port
    receiver
    run ask other.example
    [ "$status" -ne 0 ]
}
