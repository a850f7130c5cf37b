# A name server of one's own, and hosts it tells of: for tests of direct delivery.
# shellcheck shell=bash

# dns ZONE-LINE...: starts test/lib/fake-dns; dns/questions is what it was asked, dns/zone may be
# rewritten at any time. $T/conf makes programs ask it, and deliver to $MX_PORT.
dns() {
    mkdir -p dns
    printf '%s\n' "$@" >dns/zone
    background "$FAXPIPE_ROOT/test/lib/fake-dns" dns
    until_true 10 test -s dns/port
    MX_PORT=$(free_port)
    printf '%s\n' "resolver = 127.0.0.1:$(cat dns/port)" "mx-port = $MX_PORT" \
        "mta-sts = off" >conf
    # Who hangs on purpose hangs shortly.
    export RES_OPTIONS='timeout:1 attempts:1'
}

# mx DIR ADDRESS [SCENARIO-LINE]...: a fake-smtp at that address and $MX_PORT; what it heard lies
# in DIR.
mx() {
    local dir=$1 address=$2
    shift 2
    rm -rf "$dir" && mkdir "$dir"
    printf '%s\n' "host: $address" "port: $MX_PORT" "$@" >"$dir/plan"
    background "$FAXPIPE_ROOT/test/lib/fake-smtp" "$dir" "$dir/plan"
    until_true 10 test -s "$dir/port"
}

# authority: ca.pem and ca.key, of an authority of our own.
authority() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=test authority" \
        -addext basicConstraints=critical,CA:TRUE -keyout ca.key -out ca.pem 2>/dev/null
}

# signed NAME SUBJECT-ALT-NAME: NAME.pem (with ca.pem behind it) and NAME.key, by that authority.
signed() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
        -extfile <(echo "subjectAltName=$2") -out "$1.pem" 2>/dev/null
    cat ca.pem >>"$1.pem"
}

# tlsa USAGE SELECTOR MATCHING FILE.pem: the record's data, of the first certificate in the file.
tlsa() {
    local der=$BATS_TEST_TMPDIR/tlsa.der
    if [ "$2" = 0 ]; then
        openssl x509 -in "$4" -outform DER -out "$der"
    else
        openssl x509 -in "$4" -noout -pubkey | openssl pkey -pubin -outform DER -out "$der"
    fi
    printf '%s %s %s ' "$1" "$2" "$3"
    case $3 in
    0) od -An -v -tx1 "$der" | tr -d ' \n' ;;
    1) sha256sum "$der" | cut -d' ' -f1 ;;
    2) sha512sum "$der" | cut -d' ' -f1 ;;
    esac
}
