#!/usr/bin/env bats
# fuser: users' own key pairs, and the certificates of the encryption table.
load ../lib/helper

setup() {
    scratch
    fuser init
    echo secret >pw
    fuser add 12 --name 'Alice Ärmel' --login alice --address Alice@fax.example --password-file pw
    fuser add 15 --name Bob --login bob --password-file pw
}
teardown() { cleanup; }

# OPTION...: a certificate in cert.pem with its key in cert.key.
certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout cert.key -out cert.pem -days 2 "$@" 2>/dev/null
}
says() { openssl x509 -in "$1" -noout "${@:2}"; }

@test "key make: the kinds, their certificates, and what they say" {
    fuser key make 12 >rsa.pem
    says rsa.pem -text | grep -q 'Public-Key: (3072 bit)'
    says rsa.pem -ext keyUsage,extendedKeyUsage,basicConstraints,subjectAltName >said
    for words in 'Digital Signature, Key Encipherment' 'E-mail Protection' 'CA:FALSE' 'email:Alice@fax.example'; do
        grep -q "$words" said
    done
    says rsa.pem -subject -nameopt utf8 | grep -q 'Alice Ärmel'
    says rsa.pem -checkend $((1090 * 86400))
    no says rsa.pem -checkend $((1100 * 86400))
    openssl verify -purpose smimeencrypt -CAfile rsa.pem rsa.pem
    [ "$(fuser get 12 certificate)" = "$(cat rsa.pem)" ] && [ "$(fuser key export 12)" = "$(cat rsa.pem)" ]
    fuser key make 12 --type p256 --valid-days 10 --replace >ec.pem
    says ec.pem -text | grep -q 'prime256v1'
    says ec.pem -ext keyUsage | grep -q 'Digital Signature, Key Agreement'
    no says ec.pem -checkend $((11 * 86400))
    # No two have the same serial number.
    [ "$(says rsa.pem -serial)" != "$(says ec.pem -serial)" ]
    fuser check
}

@test "key make: one that is there stays, without address or user or with a wrong kind nothing is made" {
    fuser key make 12 --type p256 >one
    run --separate-stderr fuser key make 12
    expect_refusal 1
    [ "$(fuser key export 12)" = "$(cat one)" ]
    run --separate-stderr fuser key make 15
    expect_refusal 78
    run --separate-stderr fuser key export 15
    expect_refusal 1
    run --separate-stderr fuser key make 99
    expect_refusal 67
    run --separate-stderr fuser key make 12 --replace --type rsa512
    expect_refusal 64
    run --separate-stderr fuser key make 12 --replace --valid-days 100000
    expect_refusal 64
    run --separate-stderr fuser key
    expect_refusal 64
    run --separate-stderr fuser key make
    expect_refusal 64
    [ "$(fuser key export 12)" = "$(cat one)" ]
}

@test "a request for a CA, and its answer: both certificates open" {
    fuser key make 12 --request >req.pem
    openssl req -in req.pem -noout -verify -text >said 2>&1
    grep -q 'email:Alice@fax.example' said && grep -q 'CN = Alice' said
    fuser key export 12 >self.pem
    [ "$(fuser key export 12 --request | openssl req -noout -pubkey)" = "$(openssl req -in req.pem -noout -pubkey)" ]
    openssl req -x509 -newkey rsa:2048 -nodes -days 3 -subj /CN=CA -keyout ca.key -out ca.pem 2>/dev/null
    openssl x509 -req -in req.pem -CA ca.pem -CAkey ca.key -copy_extensions copy -days 2 -out issued.pem 2>/dev/null
    # The CA's own stands beside it in the file, and is not the user's.
    cat issued.pem ca.pem >answer.pem
    fuser key import 12 --certificate answer.pem
    [ "$(fuser key export 12)" = "$(openssl x509 -in issued.pem)" ]
    openssl verify -CAfile ca.pem <(fuser key export 12)
    printf 'From: a@b\nMIME-Version: 1.0\nContent-Type: text/plain\n\nx\n' >mail
    for cert in self issued; do
        mime-crypt --method smime-aes256-gcm --cert $cert.pem mail | mime-crypt -d --user 12 | cmp - mail
    done
    # Once more is no more.
    fuser get 12 certificate >before
    fuser key import 12 --certificate answer.pem
    fuser get 12 certificate | cmp - before
    # Another key's is none of his.
    run --separate-stderr fuser key import 12 --certificate ca.pem
    expect_refusal 77
    run --separate-stderr fuser key import 15 --certificate issued.pem
    expect_refusal 1
}

@test "key import: PEM, DER and PKCS #12, with and without a password" {
    certificate -addext subjectAltName=email:bob@fax.example
    openssl pkey -in cert.key -outform DER -out cert.der
    openssl x509 -in cert.pem -outform DER -out certificate.der
    openssl pkcs8 -topk8 -in cert.key -passout pass:sesame -out locked.pem
    openssl pkcs12 -export -inkey cert.key -in cert.pem -passout pass:sesame -out cert.p12
    openssl pkcs12 -export -inkey cert.key -in cert.pem -passout pass: -out open.p12
    echo sesame >word
    for words in 'cert.key --certificate cert.pem' 'cert.der --certificate certificate.der' \
        'locked.pem --certificate cert.pem --password-file word' 'cert.p12 --password-file word' \
        'cert.p12 --password-fd 7' 'open.p12'; do
        # shellcheck disable=SC2086
        fuser key import 15 --replace --smime-key $words 7<word || { echo "$words"; return 1; }
        [ "$(fuser key export 15)" = "$(openssl x509 -in cert.pem)" ]
        fuser key export 15 --with-secrets out
        [ "$(openssl pkey -in out)" = "$(openssl pkey -in cert.key)" ] && [ "$(stat -c %a out)" = 600 ]
    done
    echo wrong >word
    for words in 'locked.pem --certificate cert.pem --password-file word' 'cert.p12 --password-file word'; do
        # shellcheck disable=SC2086
        run --separate-stderr fuser key import 15 --replace --smime-key $words
        expect_refusal 77
    done
    # Without a word and without a terminal it is not asked for for ever.
    run --separate-stderr setsid -w fuser key import 15 --replace --smime-key cert.p12 </dev/null
    expect_refusal 77
    run --separate-stderr fuser key import 15 --smime-key cert.key --certificate cert.pem
    expect_refusal 1
    run --separate-stderr fuser key import 15 --replace --smime-key cert.key
    expect_refusal 65
    run --separate-stderr fuser key import 15 --replace
    expect_refusal 64
    run --separate-stderr fuser key import 15 --replace --smime-key missing
    expect_refusal 66
    : >empty
    head -c 3000 /dev/urandom >random
    head -c 500 cert.key >cut
    head -c 500 cert.p12 >cut12
    for f in empty random cut cut12 cert.pem; do
        run --separate-stderr fuser key import 15 --replace --smime-key $f --certificate cert.pem
        expect_refusal 65 || { echo "$f"; return 1; }
    done
    fuser key make 12 >other.pem
    run --separate-stderr fuser key import 15 --replace --smime-key cert.key --certificate other.pem
    expect_refusal 77
    [ "$(fuser key export 15)" = "$(openssl x509 -in cert.pem)" ]
}

@test "key export: under a password, 0600, and not where it cannot be written" {
    fuser key make 12 --type p256 >cert.pem
    umask 000
    fuser key export 12 --with-secrets plain.pem
    fuser key export 12 --with-secrets locked.pem --password-file pw
    [ "$(stat -c %a plain.pem locked.pem | sort -u)" = 600 ]
    grep -q 'BEGIN ENCRYPTED PRIVATE KEY' locked.pem
    [ "$(openssl pkey -in locked.pem -passin pass:secret)" = "$(openssl pkey -in plain.pem)" ]
    no openssl pkey -in locked.pem -passin pass:wrong
    run --separate-stderr fuser key export 12 --with-secrets /nowhere/x
    expect_refusal 73
    # Made into a station anew, it opens what was sealed before.
    printf 'From: a@b\nMIME-Version: 1.0\nContent-Type: text/plain\n\nx\n' >mail
    mime-crypt --method smime-aes256-cbc --cert cert.pem mail >sealed
    fuser key import 15 --smime-key locked.pem --certificate locked.pem --password-file pw
    mime-crypt -d --user 15 sealed | cmp - mail
}

@test "the key lies sealed in the table, and nowhere in clear" {
    fuser key make 12 >/dev/null
    fuser key export 12 --with-secrets secret
    no grep -rqa 'PRIVATE KEY' "$FAXPIPE_HOME"
    openssl pkey -in secret -outform DER | tail -c +200 | head -c 64 >needle
    python3 - "$FAXPIPE_HOME" needle <<'PY'
import os, sys
needle = open(sys.argv[2], "rb").read()
for d, _, files in os.walk(sys.argv[1]):
    for f in files:
        assert needle not in open(os.path.join(d, f), "rb").read(), f
PY
    run --separate-stderr fuser get 12 smime-key
    expect_refusal 64
    fuser export >text
    no grep -q 'PRIVATE' text
    # What one user's row holds opens in no other's.
    python3 - "$FAXPIPE_HOME/db/users.db" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
key = db.execute("SELECT smime_key, certificate FROM users WHERE code = '12'").fetchone()
db.execute("UPDATE users SET smime_key = ?, certificate = ? WHERE code = '15'", key)
db.commit()
PY
    run --separate-stderr fuser key export 15 --with-secrets stolen
    expect_refusal 78
    [ ! -e stolen ]
}

@test "encryption set: a certificate that is not fit is 77 and not stored" {
    refused() { # WORDS RECIPIENT
        run --separate-stderr fuser encryption set "$2" smime-aes256-gcm --cert cert.pem
        expect_refusal 77 || return 1
        [[ $stderr == *"$1"* ]] || { echo "$stderr"; return 1; }
        run --separate-stderr fuser encryption set "$2" smime-aes256-cbc --cert cert.pem
        expect_refusal 77
    }
    san='subjectAltName=email:bob@x.example,email:fax@y.example,DNS:z.example'
    certificate -addext "$san"
    refused 'not for carol@x.example' carol@x.example
    refused 'not for bob@x.example.com' bob@x.example.com
    refused 'not for @example' @example
    refused 'not for bob@z.example' bob@z.example
    certificate -addext "$san" -addext keyUsage=digitalSignature
    refused 'for signing only' bob@x.example
    certificate -addext "$san" -addext extendedKeyUsage=serverAuth
    refused 'not made for mail' bob@x.example
    certificate -addext "$san" -newkey ed25519
    refused 'cannot encrypt' bob@x.example
    certificate -addext "$san" -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048
    refused 'cannot encrypt' bob@x.example
    certificate -addext "$san" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -addext keyUsage=keyEncipherment
    refused 'for signing only' bob@x.example
    openssl req -newkey rsa:2048 -nodes -subj /CN=x -keyout cert.key -out csr 2>/dev/null
    printf '%s\n' "$san" >ext
    openssl x509 -req -in csr -signkey cert.key -days -1 -extfile ext -out cert.pem 2>/dev/null
    refused 'its time is over' bob@x.example
    refused 'its time is over' default
    [ -z "$(fuser encryption list --tsv | sed 1d)" ]
}

@test "encryption set: one that is fit is stored, for an address, a domain or all" {
    certificate -addext 'subjectAltName=email:bob@x.example,DNS:z.example' -addext keyUsage=keyEncipherment
    for to in bob@x.example BOB@X.example @x.example @z.example default; do
        fuser encryption set $to smime-aes256-gcm --cert cert.pem
    done
    # An address in the subject counts as well, and a certificate that says nothing of its purpose.
    certificate -subj /CN=x/emailAddress=carol@x.example
    fuser encryption set carol@x.example smime-aes256-cbc --cert cert.pem
    certificate -newkey ec -pkeyopt ec_paramgen_curve:P-256 -addext keyUsage=keyAgreement \
        -addext extendedKeyUsage=emailProtection -addext subjectAltName=email:dave@x.example
    fuser encryption set dave@x.example smime-aes256-gcm --cert cert.pem
    run --separate-stderr fuser encryption set 0751234567 smime-aes256-gcm --cert cert.pem
    expect_refusal 64
    run --separate-stderr fuser encryption set '<>' none
    expect_refusal 64
    # Of two in one file each must be his.
    cat cert.pem >both
    certificate -addext subjectAltName=email:eve@x.example
    cat cert.pem >>both
    run --separate-stderr fuser encryption set dave@x.example smime-aes256-gcm --cert both
    expect_refusal 77
}

@test "order of look-up: the address, its domain, default; no entry is 78 and no output" {
    for who in address domain all; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$who -keyout $who.key \
            -out $who.pem -addext subjectAltName=email:bob@x.example 2>/dev/null
    done
    printf 'From: a@b\nMIME-Version: 1.0\nContent-Type: text/plain\n\nx\n' >mail
    run --separate-stderr mime-crypt --to bob@x.example mail
    expect_refusal 78
    opens() { mime-crypt --to "$2" mail | mime-crypt -d --key "$1.key" --cert "$1.pem" | cmp - mail; }
    fuser encryption set default smime-aes256-gcm --cert all.pem
    opens all bob@x.example
    fuser encryption set @x.example smime-aes256-gcm --cert domain.pem
    opens domain bob@x.example
    opens all bob@sub.x.example
    fuser encryption set bob@x.example smime-aes256-cbc --cert address.pem
    opens address BOB@x.example
    opens domain carol@x.example
    opens all bob@y.example
    fuser encryption set @x.example none
    mime-crypt --to carol@x.example mail | cmp - mail
    fuser encryption remove default
    run --separate-stderr mime-crypt --to bob@y.example mail
    expect_refusal 78
}

@test "encryption set: an address that goes on behind a NUL is another one" {
    # SEQUENCE { [1] "a@b.c" NUL ".d" }
    certificate -addext subjectAltName=DER:300a81086140622e63002e64
    run --separate-stderr fuser encryption set a@b.c smime-aes256-gcm --cert cert.pem
    expect_refusal 77
    certificate -addext subjectAltName=DER:300781056140622e63
    fuser encryption set a@b.c smime-aes256-gcm --cert cert.pem
}
