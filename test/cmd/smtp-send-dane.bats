# DANE for SMTP: TLSA records by a name server of our own, certificates of our own authority.
load ../lib/helper
load ../lib/dns

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    # shellcheck source=/dev/null
    . "$BATS_TEST_DIRNAME/../lib/dns.bash"
    authority
    signed right DNS:a.there.example
    signed other DNS:elsewhere.example
    signed domain DNS:there.example
    # Nobody's, and over since yesterday.
    openssl req -newkey rsa:2048 -nodes -subj /CN=nobody -keyout alone.key -out alone.csr 2>/dev/null
    openssl x509 -req -in alone.csr -signkey alone.key -days -1 -out alone.pem 2>/dev/null
}

setup() {
    scratch
    needs python3
    C=$BATS_FILE_TMPDIR
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n' >mail.eml
}
teardown() { cleanup; }

send() {
    run --separate-stderr smtp-send --config conf --timeout 10 --helo us.example -f alice@x "$@" \
        bob@there.example <mail.eml
}

# there CERT TLSA-DATA...: a.there.example shows CERT, and has these records; all validated.
there() {
    local cert=$1 data records=()
    shift
    for data; do records+=("_PORT._tcp.a.there.example TLSA $data"); done
    dns '* !secure' 'there.example MX 10 a.there.example' 'a.there.example A 127.0.0.2' "${records[@]}"
    sed -i "s/_PORT/_$MX_PORT/" dns/zone
    mx a 127.0.0.2 "cert: $C/$cert.pem" "key: $C/$cert.key"
}

sent() {
    expect_status 0 || { echo "$stderr"; return 1; }
    grep -q '^STARTTLS' a/log
    [ -s a/mail.1 ]
}

refused() {
    expect_status 75 || { echo "$stderr"; return 1; }
    no grep -q '^MAIL' a/log
    [ ! -e a/mail.1 ]
}

@test "usage 3: the server's own certificate or key, whole or as a digest, whatever else it says" {
    for selector in 0 1; do
        for matching in 0 1 2; do
            there alone "$(tlsa 3 "$selector" "$matching" "$C/alone.pem")"
            send
            sent || { echo "3 $selector $matching"; return 1; }
            [ "$(cat a/sni)" = a.there.example ]
            cleanup
            rm -rf dns
        done
    done
}

@test "usage 3: another certificate is refused, though an authority vouches for it" {
    there right "$(tlsa 3 1 1 "$C/other.pem")"
    echo "ca = $C/ca.pem" >>conf
    send
    refused
    send --ca "$C/ca.pem"
    refused
    send --tls require --ca "$C/ca.pem"
    refused
}

@test "usage 2: a certificate of that authority, for the host or, by validated MX, its domain" {
    for selector in 0 1; do
        for matching in 0 1 2; do
            there right "$(tlsa 2 "$selector" "$matching" "$C/ca.pem")"
            send
            sent || { echo "2 $selector $matching"; return 1; }
            cleanup
            rm -rf dns
        done
    done
    there domain "$(tlsa 2 0 1 "$C/ca.pem")"
    send
    sent
}

@test "usage 2: for another name, or of another authority, it is refused" {
    there other "$(tlsa 2 0 1 "$C/ca.pem")"
    send
    refused
    cleanup
    rm -rf dns
    there alone "$(tlsa 2 0 1 "$C/ca.pem")"
    send
    refused
}

@test "one of several records is enough; of two digests of one thing the stronger counts" {
    there right "$(tlsa 3 1 1 "$C/other.pem")" "$(tlsa 3 1 1 "$C/right.pem")" \
        "$(tlsa 3 0 2 "$C/alone.pem")"
    send
    sent
    echo "_$MX_PORT._tcp.a.there.example TLSA $(tlsa 3 1 2 "$C/other.pem")" >>dns/zone # RFC 7671 9
    send
    expect_status 75
}

@test "records that mail cannot use demand TLS, whatever the certificate" {
    there alone "$(tlsa 1 1 1 "$C/other.pem")" "3 1 1 0011" "3 1 0 00112233"
    send -v
    sent
    cleanup
    rm -rf dns
    dns '* !secure' 'there.example A 127.0.0.2'
    echo "_$MX_PORT._tcp.there.example TLSA 0 1 1 00" >>dns/zone
    mx a 127.0.0.2
    send
    refused
}

@test "with usable records beside them the unusable ones open nothing" {
    there other "$(tlsa 1 1 1 "$C/other.pem")" "$(tlsa 3 1 1 "$C/right.pem")"
    send
    refused
}

@test "a host without STARTTLS, or whose records cannot be had, is passed over for the next" {
    dns '* !secure' 'there.example MX 10 a.there.example' 'there.example MX 20 b.there.example' \
        'there.example MX 30 c.there.example' 'a.there.example A 127.0.0.2' \
        'b.there.example A 127.0.0.3' 'c.there.example A 127.0.0.4'
    echo "_$MX_PORT._tcp.a.there.example TLSA $(tlsa 3 1 1 "$C/right.pem")" >>dns/zone
    echo "_$MX_PORT._tcp.b.there.example !servfail" >>dns/zone
    mx a 127.0.0.2
    mx b 127.0.0.3
    mx c 127.0.0.4
    send
    expect_status 0
    no grep -q '^MAIL' a/log
    [ ! -s b/log ]
    [ -s c/mail.1 ]
}

@test "what nobody has validated demands nothing: no AD for the host, none for its records" {
    there alone "$(tlsa 3 1 1 "$C/right.pem")"
    cp dns/zone all
    sed 's/^\* !secure/there.example !secure/' all >dns/zone
    : >dns/questions
    send
    sent
    no grep -q TLSA dns/questions
    sed 's/^\* !secure/a.there.example !secure/' all >dns/zone
    : >dns/questions
    send
    expect_status 0
    grep -q "^udp TLSA _$MX_PORT._tcp.a.there.example do" dns/questions
    cp all dns/zone
    send
    expect_status 75
}

@test "an MX nobody has validated still has its records, but the domain's name counts no more" {
    there domain "$(tlsa 2 0 1 "$C/ca.pem")"
    sed -i "s/^\* !secure/a.there.example !secure\n_$MX_PORT._tcp.a.there.example !secure/" dns/zone
    send
    refused
}

@test "an alias: the records of the host behind it first, then the MX's own" {
    dns '* !secure' 'there.example MX 10 mx.there.example' 'mx.there.example CNAME a.real.example' \
        'a.real.example A 127.0.0.2'
    mx a 127.0.0.2 "cert: $C/alone.pem" "key: $C/alone.key"
    echo "_$MX_PORT._tcp.mx.there.example TLSA $(tlsa 3 1 1 "$C/alone.pem")" >>dns/zone
    send
    sent
    [ "$(cat a/sni)" = mx.there.example ]
    echo "_$MX_PORT._tcp.a.real.example TLSA $(tlsa 3 1 1 "$C/right.pem")" >>dns/zone
    send
    expect_status 75
    [ "$(tail -1 a/sni)" = a.real.example ]
}

@test "dane = off and --tls none ask for nothing" {
    there alone "$(tlsa 3 1 1 "$C/right.pem")"
    send --tls none
    expect_status 0
    no grep -q '^STARTTLS' a/log
    echo 'dane = off' >>conf
    send
    expect_status 0
    no grep -q TLSA dns/questions
}
