#!/usr/bin/env bats
# mime-crypt's signatures: made and verified, against openssl and gpgsm, and who may not sign for whom.
load ../lib/helper

# NAME DAYS ADDRESS [OPTION...]: NAME.pem and NAME.key, issued by the CA.
issue() {
    local name=$1 days=$2 address=$3
    shift 3
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr" "$@" 2>/dev/null
    printf 'subjectAltName=email:%s\nkeyUsage=digitalSignature\nextendedKeyUsage=emailProtection\n' "$address" >ext
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -days "$days" -extfile ext -out "$name.pem" 2>/dev/null
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    openssl req -x509 -newkey rsa:2048 -nodes -days 3 -subj '/CN=CA' -keyout ca.key -out ca.pem 2>/dev/null
    issue alice 2 alice@fax.example
    issue eve 2 eve@fax.example
    issue pss 2 alice@fax.example -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048
    issue ec 2 alice@fax.example -newkey ec -pkeyopt ec_paramgen_curve:P-256
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=stranger' -keyout stranger.key -out stranger.pem \
        -addext subjectAltName=email:alice@fax.example 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj /CN=old -keyout old.key -out old.csr 2>/dev/null
    printf 'subjectAltName=email:alice@fax.example\n' >ext
    # A certificate whose time was over before it began.
    openssl x509 -req -in old.csr -CA ca.pem -CAkey ca.key -days -1 -extfile ext -out old.pem 2>/dev/null
    printf 'subjectAltName=email:alice@fax.example\nextendedKeyUsage=serverAuth\n' >ext
    openssl x509 -req -in old.csr -CA ca.pem -CAkey ca.key -days 2 -extfile ext -out server.pem 2>/dev/null
}

setup() {
    scratch
    K=$BATS_FILE_TMPDIR
    printf '%s\n' 'From: Alice <Alice@fax.example>' 'To: bob@fax.example' 'Subject: a fax' \
        'MIME-Version: 1.0' 'Content-Type: image/tiff' 'Content-Transfer-Encoding: base64' '' >mail
    head -c 90000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null | base64 >>mail
}
teardown() { cleanup; }

sign() { mime-crypt --sign "$K/$1.key" --signer "$K/$1.pem" "${@:2}"; }
verify() { mime-crypt --verify --ca "$K/ca.pem" "$@"; }
body() { sed '1,/^\r*$/d' "$@"; }
from_alice() { printf 'From: alice@fax.example\n'; cat "$@"; }
# Refused, with nothing written and a line that says so.
refused() { # STATUS WORDS COMMAND...
    run --separate-stderr "${@:3}"
    expect_refusal "$1" || return 1
    [[ $stderr == *"$2"* ]] || { echo "stderr: $stderr"; return 1; }
}

@test "what is signed verifies, here and by openssl: PKCS #1, PSS, a PSS key, ECDSA" {
    for who in alice 'alice --pss' pss 'pss --pss' ec; do
        # shellcheck disable=SC2086
        sign $who mail >signed
        verify signed | cmp - mail
        verify <signed | cmp - mail
        openssl cms -verify -in signed -CAfile "$K/ca.pem" -out got 2>/dev/null
        tr -d '\r' <got | body | cmp - <(body mail)
        grep -q '^Content-Type: multipart/signed; protocol="application/pkcs7-signature"' signed
        algorithm=$(openssl cms -cmsout -print -in signed | grep -A2 signatureAlgorithm: | tail -2)
        case $who in
        alice) [[ $algorithm == *rsaEncryption* ]] ;;
        ec) [[ $algorithm == *ecdsa-with-SHA256* ]] ;;
        *) [[ $algorithm == *rsassaPss* ]] ;;
        esac
    done
}

@test "what openssl signs verifies here: detached, opaque, streamed, PKCS #1, PSS, ECDSA" {
    for who in alice ec; do
        for flags in '' '-nodetach' '-nodetach -stream' '-nodetach -binary' '-noattr' '-keyopt rsa_padding_mode:pss'; do
            [ "$who" != ec ] || [[ $flags != *pss* ]] || continue
            # shellcheck disable=SC2086
            openssl cms -sign -md sha256 -in mail -signer "$K/$who.pem" -inkey "$K/$who.key" $flags -out theirs
            from_alice theirs | verify >got || { echo "$who $flags"; return 1; }
            body got | tr -d '\r' | cmp - <(body mail)
        done
    done
}

@test "a signature over lines that end in LF is accepted and told, a broken one is not" {
    for flags in '' '-noattr'; do
        # shellcheck disable=SC2086
        openssl cms -sign -binary -md sha256 -in mail -signer "$K/alice.pem" -inkey "$K/alice.key" $flags -out theirs
        from_alice theirs >signed
        run -0 --separate-stderr mime-crypt --verify --ca "$K/ca.pem" signed
        [ "${#stderr_lines[@]}" -eq 1 ] && [[ $stderr == *'signed with line ends of LF'* ]]
        verify -q signed >got
        body got | cmp - <(body mail)
        sed 's/^Subject: a fax/Subject: b fax/' signed >changed
        refused 65 'tampered' verify changed
        refused 77 'not trusted' mime-crypt --verify --ca "$K/stranger.pem" signed
    done
}

@test "gpgsm verifies what we sign, and we what gpgsm signs" {
    needs gpgsm
    export GNUPGHOME=$T/g
    mkdir -m 700 g
    printf 'disable-crl-checks\n' >g/gpgsm.conf
    printf '%s S relax\n' "$(openssl x509 -in "$K/ca.pem" -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')" >g/trustlist.txt
    openssl pkcs12 -export -inkey "$K/alice.key" -in "$K/alice.pem" -certfile "$K/ca.pem" -passout pass:xyz \
        -out alice.p12 -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
    # On a busy machine gpgsm gives its agent too little time to start.
    until_true 60 gpg-connect-agent -q /bye
    printf xyz | gpgsm --batch --pinentry-mode loopback --passphrase-fd 0 --import alice.p12 2>log || { cat log; false; }
    sign alice mail >signed
    python3 - signed <<'PY'
import email, sys
raw = open(sys.argv[1], "rb").read()
m = email.message_from_bytes(raw)
b = m.get_boundary().encode()
part = raw.split(b"--" + b + b"\n")[1][:-1]
open("part", "wb").write(part.replace(b"\n", b"\r\n"))
open("sig", "wb").write(m.get_payload()[1].get_payload(decode=True))
PY
    gpgsm --batch --verify sig part 2>log || { cat log; false; }
    sed -n '/^Content-/,$p' mail | sed 's/$/\r/' >inner
    printf xyz | gpgsm --batch --pinentry-mode loopback --passphrase-fd 0 --local-user alice@fax.example \
        --digest-algo SHA256 --detach-sign --base64 inner 2>log >armored || { cat log; false; }
    { sed '/^Content-/,$d' mail
      printf 'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\n micalg=sha-256; boundary=xx\n\n--xx\n'
      tr -d '\r' <inner
      printf '\n--xx\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n'
      grep -v -- ----- armored
      printf -- '--xx--\n'; } >theirs
    verify theirs | cmp - mail
    gpgconf --kill all || :
}

@test "a signer who is not who the mail is from is 77" {
    sign eve mail >signed
    refused 77 'from Alice@fax.example, but signed by eve@fax.example' verify signed
    # Nor beside the right one in the field, nor by a display name, nor hidden in a comment.
    for from in 'alice@fax.example, eve@fax.example' '"eve@fax.example" <alice@fax.example>' \
        'eve@fax.example <alice@fax.example>' 'alice@fax.example (eve@fax.example)' '@fax.example' 'alice' \
        'eve@fax.example@x' 'undisclosed:;' ''; do
        sed "s/^From: .*/From: $from/" signed >other
        refused 77 'eve@fax.example' verify other
    done
    sed "s/^From: .*/From: EVE@fax.example/" signed | verify >got
    # Two senders, or none, cannot be compared.
    sed '1i From: eve@fax.example' signed >other
    refused 65 'From' verify other
    sed '/^From:/d' signed >other
    refused 65 'From' verify other
}

@test "a signer who is expired, not a mail signer, or of no CA that is trusted is 77" {
    sign alice mail >signed
    refused 77 'not trusted' mime-crypt --verify --ca "$K/stranger.pem" signed
    mime-crypt --sign "$K/old.key" --signer "$K/old.pem" mail >signed
    refused 77 'expired' verify signed
    mime-crypt --sign "$K/old.key" --signer "$K/server.pem" mail >signed
    refused 77 'not trusted' verify signed
    sign stranger mail >signed
    refused 77 'self-signed' verify signed
    mime-crypt --verify --ca "$K/stranger.pem" signed | cmp - mail
    # A hash that can be forged.
    openssl cms -sign -md sha1 -in mail -signer "$K/alice.pem" -inkey "$K/alice.key" -out theirs
    from_alice theirs >sha1
    refused 77 SHA1 verify sha1
}

@test "a chain beside the signer's certificate leads to the CA" {
    cp "$K"/ca.* .
    openssl req -newkey rsa:2048 -nodes -subj /CN=between -keyout between.key -out between.csr 2>/dev/null
    printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n' >ext
    openssl x509 -req -in between.csr -CA ca.pem -CAkey ca.key -days 2 -extfile ext -out between.pem 2>/dev/null
    printf 'subjectAltName=email:alice@fax.example\n' >ext
    openssl x509 -req -in "$K/old.csr" -CA between.pem -CAkey between.key -days 2 -extfile ext -out leaf.pem 2>/dev/null
    mime-crypt --sign "$K/old.key" --signer leaf.pem mail >signed
    refused 77 'not trusted' verify signed
    cat leaf.pem between.pem >chain.pem
    mime-crypt --sign "$K/old.key" --signer chain.pem mail | verify | cmp - mail
    cat between.pem leaf.pem >chain.pem
    mime-crypt --sign "$K/old.key" --signer chain.pem mail | verify | cmp - mail
}

@test "what was changed after signing gives nothing" {
    sign alice mail >signed
    n=$(wc -l <signed)
    for line in 8 9 10 200 $((n - 5)); do
        python3 - signed "$line" >changed <<'PY'
import sys
lines = open(sys.argv[1]).read().split("\n")
l = lines[int(sys.argv[2])]
lines[int(sys.argv[2])] = ("A" if l[:1] != "A" else "B") + l[1:]
sys.stdout.write("\n".join(lines))
PY
        run --separate-stderr verify changed
        expect_refusal 65 || { echo "line $line"; return 1; }
    done
    # A blank at a line's end, an added line, and one taken away.
    sed '20s/$/ /' signed >changed
    run --separate-stderr verify changed
    expect_refusal 65
    sed '20p' signed >changed
    run --separate-stderr verify changed
    expect_refusal 65
    sed '20d' signed >changed
    run --separate-stderr verify changed
    expect_refusal 65
    # Line ends and the header outside are not what was signed.
    sed 's/$/\r/' signed | verify | cmp - mail
    sed 's/^Subject: .*/Subject: other/' signed | verify | grep -q '^Subject: other'
}

@test "cut anywhere, or with parts that are not two, it is 65" {
    sign alice mail >signed
    size=$(stat -c %s signed)
    for n in 100 250 400 500 700 5000 60000 $((size - 3000)) $((size - 1000)) $((size - 100)) $((size - 30)); do
        head -c "$n" signed >cut
        run --separate-stderr verify cut
        expect_refusal 65 || { echo "cut at $n"; return 1; }
    done
    b=$(sed -n 's/.*boundary="\(.*\)"$/\1/p' signed)
    sed "s/^--$b--\$/--$b\\n\\nmore\\n--$b--/" signed >three
    refused 65 'more than two parts' verify three
    sed "s/application\/pkcs7-signature/application\/pgp-signature/" signed >pgp
    run --separate-stderr verify pgp
    expect_refusal 65
    run --separate-stderr verify mail
    expect_refusal 65
    : >empty
    run --separate-stderr verify empty
    expect_refusal 65
    head -c 5000 /dev/urandom >random
    run --separate-stderr verify random
    expect_refusal 65
    openssl cms -encrypt -aes256 -in mail -out theirs "$K/alice.pem"
    run --separate-stderr verify theirs
    expect_refusal 65
}

@test "signed and sealed in one run: the signature is inside" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bob \
        -keyout bob.key -out bob.pem 2>/dev/null
    for m in smime-aes256-gcm smime-aes256-cbc; do
        sign alice --method $m --cert bob.pem mail >sealed
        no grep -q signed sealed
        mime-crypt -d --key bob.key --cert bob.pem sealed >opened
        grep -q '^Content-Type: multipart/signed' opened
        verify opened | cmp - mail
        openssl cms -decrypt -in sealed -inkey bob.key -recip bob.pem -out got
        openssl cms -verify -in got -CAfile "$K/ca.pem" -out inner 2>/dev/null
        tr -d '\r' <inner | body | cmp - <(body mail)
    done
    # What others nest: opaque and detached signatures within AES-256-CBC.
    for flags in '-nodetach' ''; do
        # shellcheck disable=SC2086
        openssl cms -sign -md sha256 $flags -in mail -signer "$K/alice.pem" -inkey "$K/alice.key" -out one
        openssl cms -encrypt -aes256 -in one bob.pem | from_alice |
            mime-crypt -d --key bob.key --cert bob.pem | verify >got
        body got | tr -d '\r' | cmp - <(body mail)
    done
    # A sealed message is not taken for a signed one, nor the reverse.
    run --separate-stderr verify sealed
    expect_refusal 65
    sign alice mail >signed
    run --separate-stderr mime-crypt -d --key bob.key --cert bob.pem signed
    expect_refusal 65
}

@test "--unsign writes what was signed, by whomever, and nothing of what is cut" {
    for flags in -nodetach ''; do
        # shellcheck disable=SC2086
        openssl cms -sign -md sha1 $flags -in mail -signer "$K/eve.pem" -inkey "$K/eve.key" -out theirs
        from_alice theirs | mime-crypt --unsign >got
        body got | tr -d '\r' | cmp - <(body mail)
        head -c -300 theirs >cut
        run --separate-stderr mime-crypt --unsign cut
        expect_refusal 65
    done
    for words in '--unsign --verify --ca x' '--unsign --ca x' '--unsign -d --user 12' '--unsign --to a@b'; do
        # shellcheck disable=SC2086
        run --separate-stderr mime-crypt $words mail
        expect_refusal 64
    done
    run --separate-stderr mime-crypt --unsign mail
    expect_refusal 65
}

@test "a binary body is signed only within a seal; odd line ends verify" {
    printf 'From: alice@fax.example\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: binary\n\na\nb\r\nc\rd' >binary
    refused 65 'binary' sign alice binary
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bob -keyout bob.key -out bob.pem 2>/dev/null
    sign alice --method smime-aes256-gcm --cert bob.pem binary >sealed
    mime-crypt -d --key bob.key --cert bob.pem sealed >opened
    grep -q '^Content-Type: multipart/signed' opened
    for text in '' 'x' 'x\n' '\n\n' 'a\r\nb\n' '--\n-\n' 'no end'; do
        # shellcheck disable=SC2059
        printf "From: alice@fax.example\nMIME-Version: 1.0\nContent-Type: text/plain\n\n$text" >odd
        sign alice odd >signed
        verify signed >got || { echo "text $text"; return 1; }
        tr -d '\r' <odd | cmp - got
        openssl cms -verify -in signed -CAfile "$K/ca.pem" -out /dev/null 2>/dev/null
    done
}

@test "options that do not go together are 64, a full disk 74, missing files 66" {
    for words in '--verify mail' "--verify --ca $K/ca.pem --to a@b mail" "--sign $K/alice.key mail" \
        "--signer $K/alice.pem mail" "--pss --method none mail" "--ca $K/ca.pem --method none mail" \
        "-d --verify --ca $K/ca.pem mail" "-d --user 12 --key $K/alice.key --cert $K/alice.pem mail" \
        "--user 12 --method none mail" "--oaep --sign $K/alice.key --signer $K/alice.pem mail" \
        "--sign $K/alice.key --signer $K/alice.pem --cert $K/ec.pem mail"; do
        # shellcheck disable=SC2086
        run --separate-stderr mime-crypt $words
        expect_refusal 64 || { echo "$words"; return 1; }
    done
    sign alice mail >signed
    run --separate-stderr mime-crypt --verify --ca missing signed
    expect_refusal 66
    run --separate-stderr mime-crypt --verify --ca mail signed
    expect_refusal 65
    run --separate-stderr mime-crypt --sign "$K/eve.key" --signer "$K/alice.pem" mail
    expect_refusal 77
    run --separate-stderr sign ec --pss mail
    expect_refusal 65
    for c in "mime-crypt --sign $K/alice.key --signer $K/alice.pem mail" "mime-crypt --verify --ca $K/ca.pem signed"; do
        run bash -c "$c 2>err >/dev/full"
        expect_status 74
        [ "$(wc -l <err)" -eq 1 ]
    done
}

# bats test_tags=nosan
@test "a 64 MiB mail is signed and verified in 60 MB of address space, and nothing lies in TMPDIR" {
    { sed '/^$/q' mail; head -c 48M /dev/zero | base64 -w 76; } >big
    (ulimit -v 60000; sign alice big >signed)
    (ulimit -v 60000; verify signed | cmp - big)
    [ -z "$(ls -A "$TMPDIR")" ]
}
