# The queue without a smarthost: mail goes to each domain's own hosts, by a name server of our own.
load ../lib/helper
load ../lib/dns
load ../lib/station

setup() {
    scratch
    needs python3
    station
    printf 'From: bob@fax.example\nTo: x@there.example\nSubject: hello\n\nHi\n' >mail.eml
}
teardown() { cleanup; }

# here ZONE-LINE...: the station asks a name server that has these.
here() {
    dns "$@"
    cat conf >>"$FAXPIPE_HOME/faxpipe.conf"
    echo 'hostname = us.example' >>"$FAXPIPE_HOME/faxpipe.conf"
}

add() { fax-queue add -f alice@x "$@" <mail.eml; }

@test "each domain's mail goes to its host, all of a domain over one connection" {
    here 'one.example MX 10 mx.one.example' 'mx.one.example A 127.0.0.2' 'two.example A 127.0.0.3'
    mx one 127.0.0.2
    mx two 127.0.0.3
    add a@one.example b@two.example
    add c@one.example
    add d@one.example '@two.example:e@one.example'
    fax-queue flush
    [ "$(fax-queue list --json)" = '[]' ] || fax-queue list
    [ "$(grep -c '^RCPT' one/log)" = 3 ]
    [ "$(grep -c '^EHLO' one/log)" = 1 ]
    [ "$(grep -c '^RCPT' two/log)" = 2 ]
}

@test "no such domain, null MX and a loop end with a notice; a DNS without an answer is waited for" {
    here 'null.example MX 0 .' 'loop.example MX 10 us.example' 'mute.example !servfail' \
        'x A 127.0.0.2' 'away.example MX 10 gone.example' 'gone.example A 127.0.0.9'
    fax-queue add -f alice@fax.example bob@null.example bob@unknown.example bob@loop.example \
        bob@mute.example bob@away.example <mail.eml
    echo "route.fax.example = smtp://@127.0.0.1:1" >>"$FAXPIPE_HOME/faxpipe.conf"
    fax-queue flush
    fax-queue list --json >list
    grep -q bob@mute.example list
    grep -q bob@away.example list
    no grep -qE 'bob@(null|unknown|loop).example' list
    grep -q '"from": ""' list
    cat "$FAXPIPE_HOME"/queue/*.mail >all
    grep -q '^Status: 5.1.10' all
    grep -q '^Status: 5.1.2' all
    grep -q '^Status: 5.4.6' all
}

@test "a host that puts off: its backup gets it in the same run" {
    here 'there.example MX 10 a.there.example' 'there.example MX 20 b.there.example' \
        'a.there.example A 127.0.0.2' 'b.there.example A 127.0.0.3'
    mx a 127.0.0.2 'mail: 451 4.3.0 full'
    mx b 127.0.0.3
    add bob@there.example
    add carol@there.example
    fax-queue flush
    [ "$(fax-queue list --json)" = '[]' ]
    [ "$(grep -c '^RCPT' b/log)" = 2 ]
}

@test "to a real receiver that DANE has proved, and not before" {
    here '* !secure' 'fax.example MX 10 mx.fax.example' 'mx.fax.example A 127.0.0.2'
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mx -keyout mx.key -out mx.pem \
        2>/dev/null
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mx -keyout no.key -out no.pem \
        2>/dev/null
    echo "_$MX_PORT._tcp.mx.fax.example TLSA $(tlsa 3 1 1 no.pem)" >>dns/zone
    background smtp-recv --listen "127.0.0.2:$MX_PORT" --tls-cert mx.pem --tls-key mx.key
    until_true 10 bash -c "exec 3<>/dev/tcp/127.0.0.2/$MX_PORT"
    fax-queue add -f a@x alice@fax.example <mail.eml
    fax-queue flush
    fax-queue list --json | grep -q alice@fax.example
    sed -i '/TLSA/d' dns/zone
    echo "_$MX_PORT._tcp.mx.fax.example TLSA $(tlsa 3 1 1 mx.pem)" >>dns/zone
    fax-queue flush --all
    [ "$(fax-queue list --json)" = '[]' ]
    grep -q 'with ESMTPS' "$FAXPIPE_HOME"/spool/12/new/*
}
