# Sealed from one station to another: A's table has B's users' certificates, B's pipeline opens
# what comes with the keys that it keeps for them.
load ../lib/helper
load ../lib/station

# The station of the test's other functions is B; A sends.
setup() {
    scratch
    station
    receiver
    B=$FAXPIPE_HOME A=$T/a
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero | tr '\0' '\125'; } >page.pbm
    as_a fuser init
    echo "hostname = a.example" >"$A/faxpipe.conf"
    as_a fuser add 77 --name Zoe --login zoe --address zoe@a.example --password-file alice.pw \
        --encrypt on --submit "smtp://@127.0.0.1:$PORT"
}
teardown() { cleanup; }

as_a() { FAXPIPE_HOME=$A "$@"; }
# USER ADDRESS METHOD TYPE: B's user gets a key, and A's table his certificate.
partner() {
    fuser key make "$1" --type "$4" >"$1.pem"
    as_a fuser encryption set "$2" "$3" --cert "$1.pem"
}
state() { fax-spool list "$1" | awk '{ print $2 }'; }
id_of() { fax-spool list "$1" | awk '{ print $1 }'; }
# Nothing of the document lies in a directory: neither its type nor its first line of base64.
no_plaintext() { no grep -rqaE 'image/tiff|SUkqA' "$1"; }

@test "sealed: A seals by its table, B prints for one and holds for the other" {
    partner 12 alice@fax.example smime-aes256-gcm rsa3072
    partner 15 bob@fax.example smime-aes256-cbc p256
    as_a fax-send 77 alice@fax.example,bob@fax.example page.pbm
    no_plaintext "$B/spool"
    [ "$(state 12)$(state 15)" = newnew ]
    run fax-autorecv
    expect_status 0
    [[ $output == *12*printed*1*zoe@a.example* && $output == *15*held*1*zoe@a.example* ]]
    [ "$(find paper -name 'fax-*.pdf' -o -name 'fax *.pdf' | wc -l)" -ge 1 ]
    [ "$(state 12)" = '' ] && [ "$(state 15)" = held ]
    # Held opened, and released by the password alone.
    pipe "fax-spool cat 15 '$(id_of 15)' | b64mime -d | g3tiff -d --pbm | cmp - page.pbm"
    fax-print --user 15 --password-fd 3 --format pbm -o out.pbm 3<bob.pw
    [ -s out.pbm ] && [ "$(state 15)" = '' ]
    # Nothing stays behind in the temporary directory.
    [ -z "$(ls -A "$TMPDIR")" ]
}

@test "sealed: what is only text inside is treated as text" {
    partner 12 alice@fax.example smime-aes256-gcm p256
    printf 'From: carol@else.example\nTo: alice@fax.example\nSubject: words\n\nOnly words.\n' >text
    as_a mime-crypt --to alice@fax.example text |
        smtp-send --url "smtp://127.0.0.1:$PORT" --from carol@else.example alice@fax.example
    run fax-autorecv
    expect_status 0
    [ "$(state 12)" = new ] && [ -z "$output" ]
    fuser edit 12 --text-mail on
    run fax-autorecv
    [[ $output == *12*printed* ]]
}

@test "sealed: without a key here it is held as it came, and opens when the key has come" {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bob -keyout own.key -out own.pem \
        -addext subjectAltName=email:bob@fax.example 2>/dev/null
    as_a fuser encryption set bob@fax.example smime-aes256-gcm --cert own.pem
    as_a fax-send 77 bob@fax.example page.pbm
    run fax-autorecv
    expect_status 0
    [[ $output == *15*held* && $output == *'no smime-key'* ]]
    [ "$(state 15)" = held ]
    no_plaintext "$B/spool"
    fax-spool cat 15 "$(id_of 15)" >came
    run fax-print --user 15 --password-fd 3 --format pbm -o out.pbm 3<bob.pw
    expect_status 65
    [ ! -e out.pbm ] && [ "$(state 15)" = held ]
    pipe 'mime-crypt -d --key own.key --cert own.pem came | b64mime -d | g3tiff -d --pbm | cmp - page.pbm'
    fuser key import 15 --smime-key own.key --certificate own.pem
    pipe 'mime-crypt -d --user 15 came | b64mime -d | g3tiff -d --pbm | cmp - page.pbm'
    cp -a "$B" "$T/copy"
    FAXPIPE_HOME=$T/copy fax-print --user 15 --password-fd 3 --format pbm -o out.pbm 3<bob.pw
    [ -s out.pbm ] && [ -z "$(FAXPIPE_HOME=$T/copy fax-spool list 15)" ]
    # When its days are over it is opened and printed.
    fax-spool hold 15 "$(id_of 15)" --until 5
    run fax-autorecv
    [[ $output == *15*expired*1* ]]
}

@test "sealed: for another key, or tampered with, it is held as undecodable and never in clear" {
    partner 12 alice@fax.example smime-aes256-gcm rsa3072
    partner 15 bob@fax.example smime-aes256-gcm p256
    fuser edit 15 --notice none
    fuser key make 15 --replace >new.pem
    as_a fax-send 77 alice@fax.example,bob@fax.example page.pbm
    f=$(find "$B/spool/12/new" -type f)
    python3 - "$f" <<'PY'
import sys
mail = open(sys.argv[1]).read()
at = len(mail) - 200
open(sys.argv[1], "w").write(mail[:at] + ("B" if mail[at] == "A" else "A") + mail[at + 1:])
PY
    run fax-autorecv
    expect_status 0
    [[ $output == *12*undecodable* && $output == *15*undecodable* ]]
    [[ $output == *'damaged or tampered with'* && $output == *'not sealed for this certificate'* ]]
    [ "$(state 12)" = undecodable ] && [ "$(state 15)" = undecodable ]
    no_plaintext "$B/spool"
    [ -z "$(find paper -name '*.pdf' -newer new.pem -name '*fax*' ! -name '*notice*')" ]
}

@test "sealed: passed on it stays sealed, as it came or by the table" {
    partner 12 alice@fax.example smime-aes256-gcm rsa3072
    partner 15 bob@fax.example smime-aes256-gcm p256
    fuser edit 12 --follow alice@else.example
    fuser edit 15 --follow bob@else.example --notice none
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bob -keyout far.key -out far.pem \
        -addext subjectAltName=email:bob@else.example 2>/dev/null
    fuser encryption set bob@else.example smime-aes256-cbc --cert far.pem
    as_a fax-send 77 alice@fax.example,bob@fax.example page.pbm
    # Nothing is there that would take it, so it waits in the queue.
    run fax-autorecv
    [[ $output == *12*followed* && $output == *15*followed* ]]
    no_plaintext "$B/queue"
    [ "$(grep -lc 'smime-type=authEnveloped-data' "$B"/queue/* | wc -l)" -eq 1 ]
    f=$(grep -l 'smime-type=enveloped-data' "$B"/queue/*)
    sed -n '/^Return-Path:\|^Received:\|^From:/,$p' "$f" >queued
    pipe 'mime-crypt -d --key far.key --cert far.pem queued | b64mime -d | g3tiff -d --pbm | cmp - page.pbm'
}

@test "sealed: a dry run opens and changes nothing" {
    partner 15 bob@fax.example smime-aes256-gcm p256
    as_a fax-send 77 bob@fax.example page.pbm
    run fax-autorecv --dry-run
    [[ $output == *15*'would hold'*1* ]]
    [ "$(state 15)" = new ]
    no_plaintext "$B/spool"
}

@test "sealed: signed within, as Outlook nests it and as others do, or signed alone, it is printed" {
    partner 12 alice@fax.example smime-aes256-cbc rsa3072
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=zoe -keyout zoe.key -out zoe.pem \
        -addext subjectAltName=email:zoe@a.example 2>/dev/null
    fax-scan page.pbm >page.g3
    g3tiff page.g3 -o page.tif
    b64mime --from zoe@a.example --to alice@fax.example --subject x page.tif >plain
    for nest in -nodetach ''; do
        # shellcheck disable=SC2086
        openssl cms -sign -md sha256 $nest -in plain -signer zoe.pem -inkey zoe.key -out signed
        { printf 'From: zoe@a.example\nTo: alice@fax.example\n'; cat signed; } >one
        as_a mime-crypt --to alice@fax.example one >two
        for mail in one two; do
            smtp-send --url "smtp://127.0.0.1:$PORT" --from zoe@a.example alice@fax.example <$mail
            run fax-autorecv
            expect_status 0
            [[ $output == *12*printed*1*zoe@a.example* ]]
        done
    done
    [ "$(state 12)" = '' ] && [ -z "$(ls -A "$TMPDIR")" ]
}
