# smtp-recv's certificates and keys: which is shown to whom, when they are new, and where they are not.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs openssl python3
    us=(--hostname us.example --maildir md)
}

teardown() { cleanup; }

# make NAME KIND SAN: NAME.pem and NAME.key.
make() {
    case $2 in
    rsa) set -- "$1" "$3" rsa:2048 ;;
    ec) set -- "$1" "$3" ec -pkeyopt ec_paramgen_curve:P-256 ;;
    ed25519) set -- "$1" "$3" ed25519 ;;
    esac
    openssl req -x509 -newkey "${@:3}" -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=$2" \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# shown NAME [OPTION...]: the CN of the certificate that a client gets who asks for NAME ("-": for none).
shown() {
    local name=(-servername "$1")
    [ "$1" != - ] || name=(-noservername)
    echo QUIT | timeout 20 openssl s_client -connect "127.0.0.1:$PORT" -starttls smtp "${name[@]}" "${@:2}" 2>err.shown |
        openssl x509 -noout -subject | sed 's/.*CN = //'
}

children() { cat "/proc/$1/task/$1/children"; }

# The oldest process below the server, and all of them.
worker() {
    local p all=() now=("$1")
    while [ "${#now[@]}" -gt 0 ]; do
        p=${now[0]}
        now=("${now[@]:1}")
        # shellcheck disable=SC2207
        now+=($(children "$p"))
        all+=("$p")
    done
    echo "${all[@]:1}"
}

@test "SNI: the certificate made out to the name; of two kinds the one that the client knows" {
    make first ec DNS:us.example
    make other rsa DNS:other.example,DNS:more.example
    make wild ec 'DNS:*.wild.example'
    make otherec ec DNS:other.example,DNS:more.example
    cat first.key >>first.pem
    receiver "${us[@]}" --tls-cert other.pem --tls-key other.key --tls-cert wild.pem --tls-key wild.key \
        --tls-cert otherec.pem --tls-key otherec.key --tls-cert first.pem
    [ "$(shown us.example)" = first ]
    [ "$(shown US.Example)" = first ]
    [ "$(shown a.wild.example)" = wild ]
    [ "$(shown a.b.wild.example)" = other ] || [ "$(shown a.b.wild.example)" = otherec ]
    for name in other.example more.example unknown.example -; do
        [ "$(shown "$name" -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256)" = other ]
        [ "$(shown "$name" -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256)" = otherec ]
        [ "$(shown "$name" -tls1_3 -sigalgs RSA-PSS+SHA256)" = other ]
    done
}

@test "tls-cert and tls-key of faxpipe.conf, several of them, the nth with the nth" {
    station
    make one ec DNS:one.example
    make two ec DNS:two.example
    for n in one two; do
        printf 'tls-cert = %s\ntls-key = %s\n' "$T/$n.pem" "$T/$n.key" >>"$FAXPIPE_HOME/faxpipe.conf"
    done
    receiver
    [ "$(shown two.example)" = two ]
    [ "$(shown x.example)" = one ]
    cleanup
    run --separate-stderr smtp-recv --listen 127.0.0.1:0 --tls-key a --tls-key b --tls-key c
    expect_refusal 64
    # The first of the one is not the second of the other.
    run --separate-stderr smtp-recv "${us[@]}" --listen 127.0.0.1:0 --tls-cert one.pem --tls-key two.key
    expect_refusal 78
    run --separate-stderr smtp-recv "${us[@]}" --tls-cert one.pem --tls-key two.key </dev/null
    expect_refusal 78
    openssl pkey -in one.key -aes128 -passout pass:x -out sealed.key
    run --separate-stderr timeout 20 smtp-recv "${us[@]}" --tls-cert one.pem --tls-key sealed.key </dev/null
    expect_refusal 78
    [[ $stderr = *'sealed.key: no private key'* ]]
    run --separate-stderr smtp-recv "${us[@]}" --tls-cert one.pem </dev/null
    expect_refusal 78
    [[ $stderr = *'one.pem: no private key'* ]]
}

@test "a key without a certificate is not taken for no TLS" {
    make one ec DNS:one.example
    run --separate-stderr timeout 5 smtp-recv "${us[@]}" --tls-key one.key </dev/null
    expect_refusal 64
}

@test "all kinds of keys, under TLS 1.2 and 1.3; not under 1.1, nor without forward secrecy" {
    for kind in rsa ec ed25519; do
        make "$kind" "$kind" DNS:us.example
        receiver "${us[@]}" --tls-cert "$kind.pem" --tls-key "$kind.key"
        for version in -tls1_2 -tls1_3; do
            [ "$(shown us.example "$version")" = "$kind" ]
            # Verified to its end: what was signed is what the client has.
            echo QUIT | openssl s_client -connect "127.0.0.1:$PORT" -starttls smtp -verify_return_error \
                -CAfile "$kind.pem" -verify_hostname us.example "$version" >s_client 2>&1
            grep -q 'Verify return code: 0 (ok)\|Verification: OK' s_client
        done
        [ -z "$(shown us.example -tls1_1 -cipher ALL:@SECLEVEL=0 2>/dev/null)" ]
        [ -z "$(shown us.example -tls1_2 -cipher AES128-GCM-SHA256 2>/dev/null)" ]
        cleanup
        rm port
    done
}

@test "TLS 1.2 by each curve that is offered: the keeper signs them all" {
    make us rsa DNS:us.example
    receiver "${us[@]}" --tls-cert us.pem --tls-key us.key
    for curve in P-256 P-384 P-521 X25519 X448; do
        [ "$(shown us.example -tls1_2 -groups "$curve")" = us ]
    done
}

@test "nothing is resumed: there is no ticket, and no key of tickets" {
    make us ec DNS:us.example
    receiver "${us[@]}" --tls-cert us.pem --tls-key us.key
    for version in -tls1_2 -tls1_3; do
        (sleep 0.3; echo QUIT) | openssl s_client -connect "127.0.0.1:$PORT" -starttls smtp "$version" -sess_out session >out 2>&1
        no grep -q 'TLS session ticket' out
        [ ! -s session ] || {
            echo QUIT | openssl s_client -connect "127.0.0.1:$PORT" -starttls smtp "$version" -sess_in session >out 2>&1
            grep -q '^New' out
        }
    done
}

@test "SIGHUP: new certificates are shown, sessions under the old one go on, broken ones are said" {
    make old rsa DNS:us.example
    make new ec DNS:us.example
    cp old.pem cert.pem; cp old.key key.pem
    receiver "${us[@]}" --workers 2 --tls-cert cert.pem --tls-key key.pem
    master=${PIDS[-1]}
    python3 - "$PORT" 3>&- <<'PY' &
import os, smtplib, ssl, sys, time
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
x = ssl.create_default_context(cafile="old.pem")
x.check_hostname = False
c.starttls(context=x)
open("begun", "w").close()
while not os.path.exists("go on"): time.sleep(0.05)
c.sendmail("a@b.example", "x@us.example", "Subject: old\n\n")
c.quit()
PY
    PIDS+=($!)
    until_true 10 test -e begun
    cp new.pem cert.pem
    kill -HUP "$master"
    until_true 10 grep -q 'not started anew: what was there serves on' receiver.log
    cat receiver.log; grep -q 'key.pem: ' receiver.log
    [ "$(shown us.example)" = old ]
    cp new.key key.pem
    kill -HUP "$master"
    until_true 10 eval '[ "$(shown us.example)" = new ]'
    touch 'go on'
    until_true 10 grep -rqx 'Subject: old' md/new
    until_true 10 eval '[ "$(children "$master" | wc -w)" -eq 1 ]'
}

# bats test_tags=nosan
@test "the key is in its keeper's memory, and in that of no process beside it" {
    needs_root
    for kind in rsa ec ed25519; do make "$kind" "$kind" DNS:us.example; done
    cat ec.key >>ec.pem
    receiver "${us[@]}" --workers 2 --tls-cert rsa.pem --tls-key rsa.key --tls-cert ec.pem --tls-key ec.pem \
        --tls-cert ed25519.pem --tls-key ed25519.key
    for name in us.example -; do
        shown "$name" -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256
        shown "$name" -tls1_3 -sigalgs ECDSA+SHA256
        shown "$name" -tls1_3 -sigalgs ed25519
    done
    kill -HUP "${PIDS[-1]}"
    sleep 0.5
    until_true 10 eval '[ "$(children "${PIDS[-1]}" | wc -w)" -eq 1 ]'
    shown us.example
    keepers=0
    for pid in "${PIDS[-1]}" $(worker "${PIDS[-1]}"); do
        found=$("$FAXPIPE_ROOT/test/lib/memory-has" "$pid" rsa.key ec.key ed25519.key | paste -sd' ')
        echo "$pid: $found"
        # Whoever finds them there would have found them elsewhere.
        [ -z "$found" ] || { [ "$found" = 'ec.key ed25519.key rsa.key' ] && keepers=$((keepers + 1)); }
    done
    [ "$keepers" -eq 1 ]
}

# bats test_tags=nosan
@test "separated: a key for root's eyes alone, new ones too, with the worker in its chroot" {
    needs_root
    needs unshare setpriv
    make old ec DNS:us.example
    make new ec DNS:us.example
    cat >inside <<'SH'
set -eu
cd "$1"
echo 'hostname = us.example' >/var/lib/faxpipe/faxpipe.conf
install -d -m 700 /var/lib/private
install -m 600 old.key /var/lib/private/key
install -m 600 old.pem /var/lib/private/cert
smtp-recv --listen 127.0.0.1:0 --print-port --tls-cert /var/lib/private/cert --tls-key /var/lib/private/key >port 2>log &
master=$!
trap 'kill $master' EXIT
for i in $(seq 200); do [ -s port ] && break; sleep 0.05; done
show() {
    echo QUIT | openssl s_client -connect "127.0.0.1:$(cat port)" -starttls smtp 2>/dev/null |
        openssl x509 -noout -subject | sed 's/.*CN = //'
}
show
clerk=$(cut -d" " -f1 "/proc/$master/task/$master/children")
for p in $(cat "/proc/$clerk/task/$clerk/children"); do
    found=$("$2" $p old.key)
    echo "$(awk '/^(Uid|NoNewPrivs|Seccomp):/ { printf "%s ", $2 }' "/proc/$p/status")$(readlink "/proc/$p/root") $found"
done
for p in $master $clerk; do "$2" $p old.key; done
install -m 600 new.key /var/lib/private/key
install -m 600 new.pem /var/lib/private/cert
kill -HUP $master
for i in $(seq 200); do [ "$(show)" = new ] && break; sleep 0.05; done
show
cat log
SH
    "$FAXPIPE_ROOT/test/lib/system-station" "$T/machine" bash "$T/inside" "$T" "$FAXPIPE_ROOT/test/lib/memory-has" >out 2>err 3>&- || { cat out err; false; }
    cat out err
    [ "$(head -1 out)" = old ]
    # The worker, and the keeper.
    grep -qx '64102 1 2 /var/lib/faxpipe/spool ' out
    grep -qx '64101 1 2 / old.key' out
    [ "$(grep -c old.key out)" -eq 1 ]
    [ "$(tail -1 out)" = new ]
}

# bats test_tags=nosan
@test "a keeper that dies is replaced, with all who depend on him" {
    needs_root
    make us ec DNS:us.example
    receiver "${us[@]}" --workers 2 --tls-cert us.pem --tls-key us.key
    for pid in $(worker "${PIDS[-1]}"); do
        [ -z "$("$FAXPIPE_ROOT/test/lib/memory-has" "$pid" us.key)" ] || keeper=$pid
    done
    kill -9 "$keeper"
    until_true 10 eval '[ "$(shown us.example)" = us ]'
    until_true 10 grep -q 'the keeper of the keys has gone' receiver.log
}
