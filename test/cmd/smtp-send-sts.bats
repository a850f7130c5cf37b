# MTA-STS: a name server, an HTTPS server and an authority of our own.
load ../lib/helper
load ../lib/dns
load ../lib/station

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    # shellcheck source=/dev/null
    . "$BATS_TEST_DIRNAME/../lib/dns.bash"
    authority
    signed right DNS:a.there.example
    signed wrong DNS:b.there.example
    signed web DNS:mta-sts.there.example
    signed elsewhere DNS:mta-sts.elsewhere.example
}

setup() {
    scratch
    needs python3
    C=$BATS_FILE_TMPDIR
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n' >mail.eml
    mkdir -p "$FAXPIPE_HOME/state"
}
teardown() { cleanup; }

send() {
    run --separate-stderr smtp-send --config conf --timeout 10 --helo us.example -f alice@x "$@" \
        bob@there.example <mail.eml
}

# policy MODE [MX [MAX-AGE]]: what the web server has.
policy() {
    printf 'version: STSv1\r\nmode: %s\r\nmx: %s\r\nmax_age: %s\r\n' "$1" "${2-a.there.example}" \
        "${3-86400}" >web/policy
}

# there MX-CERT|none [WEB-CERT]: there.example, whose policy has the id 1.
there() {
    local tls=()
    [ "$1" = none ] || tls=("cert: $C/$1.pem" "key: $C/$1.key")
    dns 'there.example MX 10 a.there.example' 'a.there.example A 127.0.0.2' \
        '_mta-sts.there.example TXT v=STSv1; id=1;' 'mta-sts.there.example A 127.0.0.1'
    mkdir -p web
    background "$FAXPIPE_ROOT/test/lib/fake-https" web "$C/${2-web}.pem" "$C/${2-web}.key"
    until_true 10 test -s web/port
    sed -i '/^mta-sts/d' conf
    printf '%s\n' "mta-sts-port = $(cat web/port)" "ca = $C/ca.pem" >>conf
    mx a 127.0.0.2 "${tls[@]}"
    policy enforce
}

fetched() { [ "$(wc -l <web/log)" = "$1" ]; }

refused() {
    expect_status 75 || { echo "$stderr"; return 1; }
    no grep -q '^MAIL' a/log
}

KEPT=state/mta-sts/there.example

@test "enforce: the host that is named, with a certificate that holds; fetched once, and kept" {
    there right
    send
    expect_status 0
    grep -q '^STARTTLS' a/log
    [ "$(cat web/log)" = 'mta-sts.there.example /.well-known/mta-sts.txt' ]
    grep -q '^mode: enforce' "$FAXPIPE_HOME/$KEPT"
    [ "$(stat -c %a "$FAXPIPE_HOME/state/mta-sts")" = 2770 ]
    send
    expect_status 0
    fetched 1
}

@test "enforce: no STARTTLS, or a certificate of another name or nobody's: the mail waits" {
    there none
    send --json
    refused
    [[ "$output" == *'"enhanced": "4.7.5"'* ]]
    cleanup
    rm -rf dns a web
    there wrong
    send
    refused
    cleanup
    rm -rf dns a web
    there right
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=x -keyout self.key -out self.pem \
        -addext subjectAltName=DNS:a.there.example 2>/dev/null
    echo "cert: $T/self.pem" >plan
    mx b 127.0.0.3 "cert: $T/self.pem" "key: $T/self.key"
    sed -i 's/127.0.0.2/127.0.0.3/' dns/zone
    send
    expect_status 75
    no grep -q '^MAIL' b/log
}

@test "enforce: a host that the policy does not name is never called" {
    there right
    policy enforce '*.mail.there.example'
    send
    expect_status 75
    [ ! -s a/log ]
    [[ "$stderr" == *'not a host of there.example by its MTA-STS policy'* ]]
}

@test "testing and none stand in nobody's way" {
    there none
    policy testing other.there.example
    send
    expect_status 0
    sed -i 's/id=1/id=2/' dns/zone
    policy none
    send
    expect_status 0
    fetched 2
    sed -i 's/id=2/id=3/' dns/zone
    policy enforce
    send
    expect_status 75
}

@test "what is kept holds though DNS and web server are silent, until it is too old" {
    there none
    send
    refused
    sed -i '/_mta-sts/d' dns/zone
    echo 'status 404' >web/answer
    send
    refused
    echo '_mta-sts.there.example TXT v=STSv1; id=2;' >>dns/zone
    send
    refused
    fetched 2
    send # it could not be had just now: it is not asked for again
    refused
    fetched 2
    sed -i "s/^policy 1 .*/policy 1 $(($(date +%s) - 86401))/" "$FAXPIPE_HOME/$KEPT"
    send
    expect_status 0
    fetched 2
}

@test "a day later it is fetched anew; after five minutes what failed is tried again" {
    there right
    policy enforce a.there.example 604800
    send
    expect_status 0
    sed -i "s/^policy 1 .*/policy 1 $(($(date +%s) - 86500))/" "$FAXPIPE_HOME/$KEPT"
    echo 'status 500' >web/answer
    send
    expect_status 0
    fetched 2
    sed -i "s/^failed 1 .*/failed 1 $(($(date +%s) - 301))/" "$FAXPIPE_HOME/$KEPT"
    rm web/answer
    send
    fetched 3
    send
    fetched 3
}

@test "a policy that is none, or from another host, counts as none" {
    there none
    for answer in 'status 404' 'type text/html' 'size 70000' 'status 302' \
        "location https://mta-sts.there.example/x"; do
        rm -rf "$FAXPIPE_HOME/state/mta-sts"
        echo "$answer" >web/answer
        [[ "$answer" != location* ]] || echo 'status 301' >>web/answer
        send
        expect_status 0 || { echo "$answer"; return 1; }
    done
    fetched 5
    rm -rf web/answer "$FAXPIPE_HOME/state/mta-sts"
    echo nonsense >web/policy
    send
    expect_status 0
    cleanup
    rm -rf dns a web "$FAXPIPE_HOME/state/mta-sts"
    there none elsewhere
    send -v
    expect_status 0
    [[ "$stderr" == *'mta-sts policy of there.example'* ]]
    no test -s web/log
}

@test "records that are none, or two of them, tell of nothing" {
    there none
    for record in 'v=STSv2; id=1;' 'v=STSv1' 'v=STSv1; id=a b;'; do
        sed -i "s/^_mta-sts.*/_mta-sts.there.example TXT $record/" dns/zone
        send
        expect_status 0
    done
    echo '_mta-sts.there.example TXT v=STSv1; id=1;' >>dns/zone
    echo '_mta-sts.there.example TXT v=STSv1; id=2;' >>dns/zone
    send
    expect_status 0
    no test -e web/log
}

@test "DANE goes before MTA-STS: its failure is no success of the other, and its proof is enough" {
    there right
    echo '* !secure' >>dns/zone
    echo "_$MX_PORT._tcp.a.there.example TLSA $(tlsa 3 1 1 "$C/wrong.pem")" >>dns/zone
    send
    refused
    sed -i '/TLSA/d' dns/zone
    echo "_$MX_PORT._tcp.a.there.example TLSA $(tlsa 3 1 1 "$C/right.pem")" >>dns/zone
    send
    expect_status 0
}

@test "a damaged file is no policy; without a station nothing is kept; off, nothing is asked" {
    there right
    mkdir -p "$FAXPIPE_HOME/state/mta-sts"
    head -c 300 /dev/urandom >"$FAXPIPE_HOME/$KEPT"
    send
    expect_status 0
    fetched 1
    grep -q '^policy 1 ' "$FAXPIPE_HOME/$KEPT"
    rm -r "$FAXPIPE_HOME"
    send
    expect_status 0
    fetched 2
    [ ! -e "$FAXPIPE_HOME" ]
    echo 'mta-sts = off' >>conf
    : >dns/questions
    send
    expect_status 0
    no grep -q TXT dns/questions
}

@test "the station's check has nothing against what is kept" {
    rm -r "$FAXPIPE_HOME"
    station
    there right
    send
    expect_status 0
    [ -s "$FAXPIPE_HOME/$KEPT" ]
    fuser check
}
