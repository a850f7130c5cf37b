#!/usr/bin/env bats
# mime-crypt: round trips, foreign judges (openssl cms, gpgsm), and everything that must be refused.
load ../lib/helper

# Keys are made once for the file.
setup_file() {
    local d=$BATS_FILE_TMPDIR who
    for who in bob eve; do
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$who" \
            -addext "subjectAltName=email:$who@fax.example,email:x@gcm.example" \
            -addext keyUsage=digitalSignature,keyEncipherment -addext extendedKeyUsage=emailProtection \
            -addext basicConstraints=critical,CA:FALSE \
            -keyout "$d/$who.key" -out "$d/$who.pem" 2>/dev/null
    done
    openssl ecparam -name prime256v1 -genkey -noout -out "$d/ec.key" 2>/dev/null
    openssl req -x509 -key "$d/ec.key" -days 2 -subj /CN=ec -out "$d/ec.pem" 2>/dev/null
    openssl rsa -aes256 -in "$d/bob.key" -out "$d/locked.key" -passout pass:sesame 2>/dev/null
}

setup() {
    scratch
    K=$BATS_FILE_TMPDIR
    printf '%s\n' 'From: Alice <alice@fax.example>' 'To: bob@fax.example' 'Subject: a fax' \
        'Date: Mon, 2 Mar 2026 10:00:00 +0000' 'Message-ID: <1@fax.example>' 'MIME-Version: 1.0' \
        'Content-Type: image/tiff; application=faxbw;' '	name="fax.tif"' \
        'Content-Transfer-Encoding: base64' '' >mail
    head -c 100000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null | base64 >>mail
}
teardown() { cleanup; }

seal() { mime-crypt --method "$1" --cert "$K/bob.pem" mail; }
unseal() { mime-crypt -d --key "$K/bob.key" --cert "$K/bob.pem" "$@"; }
# Changes one character of the base64 body: line N from the body's start (from its end if < 0).
damage() {
    python3 - "$1" "$2" <<'PY'
import sys
name, n = sys.argv[1], int(sys.argv[2])
head, body = open(name).read().split("\n\n", 1)
lines = body.rstrip("\n").split("\n")
line = lines[n]
lines[n] = ("A" if line[0] != "A" else "B") + line[1:]
open(name, "w").write(head + "\n\n" + "\n".join(lines) + "\n")
PY
}
body() { sed '1,/^$/d' "$@"; }

@test "a mail sealed and opened is the same mail, by both methods" {
    for m in smime-aes256-gcm smime-aes256-cbc; do
        seal $m >sealed
        unseal sealed | cmp - mail
        unseal <sealed | cmp - mail
    done
}

@test "outside stay the fields that servers need, and no Content-* of the document" {
    seal smime-aes256-gcm >sealed
    sed '/^$/q' sealed >head
    for f in From To Subject Date Message-ID; do grep -q "^$f: " head; done
    grep -qi 'smime-type=authEnveloped-data' head
    run ! grep -qiE 'image/tiff|fax\.tif' sealed
    seal smime-aes256-cbc | grep -i 'smime-type=enveloped-data'
    python3 - sealed <<'PY'
import email, email.policy, sys
m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
assert m.get_content_type() == "application/pkcs7-mime", m.get_content_type()
assert m["content-transfer-encoding"] == "base64" and not m.defects
assert len(m.get_payload(decode=True)) > 100000
PY
}

@test "openssl opens what we seal, and we open what openssl seals" {
    for m in gcm cbc; do
        seal smime-aes256-$m >sealed
        openssl cms -decrypt -in sealed -recip "$K/bob.pem" -inkey "$K/bob.key" -out got
        tr -d '\r' <got | body | cmp - <(body mail)
    done
    for flag in '' -stream; do
        # shellcheck disable=SC2086
        openssl cms -encrypt -aes-256-gcm $flag -in mail -out gcm "$K/bob.pem"
        unseal gcm | cmp - mail
        # shellcheck disable=SC2086
        openssl cms -encrypt -aes256 $flag -in mail -out cbc "$K/bob.pem"
        unseal cbc | cmp - mail
    done
}

@test "gpgsm opens what we seal by CBC, and we open what gpgsm seals" {
    needs gpgsm
    export GNUPGHOME=$T/g
    mkdir -m 700 g
    openssl pkcs12 -export -inkey "$K/bob.key" -in "$K/bob.pem" -passout pass:xyz -out bob.p12 \
        -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
    printf 'disable-crl-checks\n' >g/gpgsm.conf
    fpr=$(openssl x509 -in "$K/bob.pem" -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')
    echo "$fpr S relax" >g/trustlist.txt
    gpgsm_x() { printf xyz | gpgsm --batch --pinentry-mode loopback --passphrase-fd 0 "$@" 2>gpg.log || { cat gpg.log; false; }; }
    # On a busy machine gpgsm gives its agent too little time to start.
    until_true 60 gpg-connect-agent -q /bye
    gpgsm_x --import bob.p12
    seal smime-aes256-cbc | body | base64 -d >sealed.der
    gpgsm_x -d sealed.der >got
    tr -d '\r' <got | body | cmp - <(body mail)
    # As the manual says: neither GCM nor OAEP nor ECDH.
    for other in 'gcm --cert bob.pem' 'cbc --cert bob.pem --oaep' 'cbc --cert ec.pem'; do
        # shellcheck disable=SC2086
        (cd "$K" && mime-crypt --method smime-aes256-$other "$T/mail") | body | base64 -d >other.der
        no gpgsm_x -d other.der >/dev/null
    done
    sed -n '/^Content-/,$p' mail | sed 's/$/\r/' >inner
    gpgsm_x --base64 --cipher-algo AES256 -e -r "$fpr" inner >armored
    { sed '/^Content-/,$d' mail
      printf 'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n'
      printf 'Content-Transfer-Encoding: base64\n\n'
      grep -v -- ----- armored; } >theirs
    unseal theirs | cmp - mail
    gpgconf --kill all || :
}

@test "every recipient can open, also one with an elliptic key" {
    mime-crypt --method smime-aes256-gcm --cert "$K/bob.pem" --cert "$K/ec.pem" mail >sealed
    unseal sealed | cmp - mail
    mime-crypt -d --key "$K/ec.key" --cert "$K/ec.pem" sealed | cmp - mail
}

@test "method none passes the mail through" {
    mime-crypt --method none mail | cmp - mail
}

@test "a changed bit anywhere gives no plaintext" {
    for n in 8 100 -20 -1; do
        seal smime-aes256-gcm >sealed
        damage sealed $n
        run --separate-stderr unseal sealed
        expect_refusal 65
    done
}

@test "a mail cut anywhere gives no plaintext" {
    for m in gcm cbc; do
        seal smime-aes256-$m >sealed
        size=$(stat -c %s sealed)
        for n in 700 2000 $((size / 2)) $((size - 100)); do
            head -c "$n" sealed >cut
            run --separate-stderr unseal cut
            expect_refusal 65
        done
    done
}

@test "the wrong key, certificate or password is 77" {
    seal smime-aes256-gcm >sealed
    run --separate-stderr mime-crypt -d --key "$K/eve.key" --cert "$K/eve.pem" sealed
    expect_refusal 77
    run --separate-stderr mime-crypt -d --key "$K/eve.key" --cert "$K/bob.pem" sealed
    expect_refusal 77
    echo wrong >pw
    run --separate-stderr mime-crypt -d --key "$K/locked.key" --cert "$K/bob.pem" --password-file pw sealed
    expect_refusal 77
    echo sesame >pw
    mime-crypt -d --key "$K/locked.key" --cert "$K/bob.pem" --password-file pw sealed | cmp - mail
}

@test "what is no mail, or no S/MIME mail, is 65" {
    : >empty
    head -c 5000 /dev/urandom >random
    for f in empty random; do
        run --separate-stderr mime-crypt --method smime-aes256-gcm --cert "$K/bob.pem" $f
        expect_refusal 65
        run --separate-stderr unseal $f
        expect_refusal 65
    done
    run --separate-stderr unseal mail
    expect_refusal 65
    head -c 60 mail >cut
    run --separate-stderr mime-crypt --method smime-aes256-gcm --cert "$K/bob.pem" cut
    expect_refusal 65
    openssl cms -sign -in mail -signer "$K/bob.pem" -inkey "$K/bob.key" -nodetach -out signed
    run --separate-stderr unseal signed
    expect_refusal 65
}

@test "options and files that are wrong: 64, 65, 66" {
    run --separate-stderr mime-crypt --nonsense
    expect_refusal 64
    run --separate-stderr mime-crypt mail
    expect_refusal 64
    run --separate-stderr mime-crypt --method rot13 --cert "$K/bob.pem" mail
    expect_refusal 64
    run --separate-stderr mime-crypt --method smime-aes256-gcm mail
    expect_refusal 64
    run --separate-stderr mime-crypt -d mail
    expect_refusal 64
    run --separate-stderr mime-crypt --method smime-aes256-gcm --cert "$K/bob.pem" missing
    expect_refusal 66
    run --separate-stderr mime-crypt --method smime-aes256-gcm --cert missing mail
    expect_refusal 66
    run --separate-stderr mime-crypt --method smime-aes256-gcm --cert mail mail
    expect_refusal 65
}

@test "a full disk is 74 and a closed pipe is quiet" {
    run bash -c "mime-crypt --method smime-aes256-gcm --cert $K/bob.pem mail 2>err >/dev/full"
    expect_status 74
    [ "$(wc -l <err)" -eq 1 ]
    seal smime-aes256-gcm >sealed
    run bash -c "mime-crypt -d --key $K/bob.key --cert $K/bob.pem sealed 2>err >/dev/full"
    expect_status 74
    [ "$(wc -l <err)" -eq 1 ]
    run bash -c "mime-crypt --method smime-aes256-gcm --cert $K/bob.pem mail 2>err | :; echo \${PIPESTATUS[0]}"
    [ "$output" = 141 ] || [ "$output" = 0 ]
    [ ! -s err ]
}

@test "line ends: CR LF inside, LF on the pipes, binary parts untouched" {
    printf 'Subject: x\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: binary\n\na\nb\r\nc\rd' >binary
    mime-crypt --method smime-aes256-gcm --cert "$K/bob.pem" binary >sealed
    unseal sealed | body | cmp - <(printf 'a\nb\r\nc\rd')
    sed 's/$/\r/' mail | mime-crypt --method smime-aes256-cbc --cert "$K/bob.pem" >sealed
    run ! grep -q $'\r' sealed
    sed 's/$/\r/' sealed >crlf
    unseal crlf | cmp - mail
    openssl cms -decrypt -in sealed -recip "$K/bob.pem" -inkey "$K/bob.key" -out got
    [ "$(grep -c $'\r$' got)" -eq "$(wc -l <got)" ]
}

# bats test_tags=nosan
@test "a 64 MiB mail is sealed and opened in 60 MB of address space" {
    { sed '/^$/q' mail; head -c 48M /dev/zero | base64 -w 76; } >big
    (ulimit -v 60000; mime-crypt --method smime-aes256-gcm --cert "$K/bob.pem" big >sealed)
    (ulimit -v 60000; unseal sealed | cmp - big)
}

@test "a certificate whose time is over is told of and used, and opens" {
    openssl req -newkey rsa:2048 -nodes -subj /CN=old -keyout old.key -out old.csr 2>/dev/null
    openssl x509 -req -in old.csr -signkey old.key -days -1 -out old.pem 2>/dev/null
    run -0 --separate-stderr mime-crypt --method smime-aes256-gcm --cert old.pem mail
    [ "${#stderr_lines[@]}" -eq 1 ] && [[ $stderr == *'its time is over'* ]]
    printf '%s\n' "$output" | mime-crypt -d --key old.key --cert old.pem | cmp - mail
}

@test "--to takes method and certificate from the encryption table" {
    fuser init
    fuser encryption set bob@fax.example smime-aes256-cbc --cert "$K/bob.pem"
    fuser encryption set @gcm.example smime-aes256-gcm --cert "$K/bob.pem"
    fuser encryption set @clear.example none
    mime-crypt --to bob@fax.example mail >sealed
    grep -q 'smime-type=enveloped-data' sealed
    unseal sealed | cmp - mail
    mime-crypt --to x@gcm.example --to y@gcm.example mail >sealed
    grep -q 'smime-type=authEnveloped-data' sealed
    unseal sealed | cmp - mail
    mime-crypt --to z@clear.example mail | cmp - mail
    run --separate-stderr mime-crypt --to z@clear.example --to bob@fax.example mail
    expect_refusal 78
    run --separate-stderr mime-crypt --to x@gcm.example --to eve@elsewhere.example mail
    expect_refusal 78
    fuser encryption set default none
    mime-crypt --to eve@elsewhere.example mail | cmp - mail
}

@test "--to without a station is 78" {
    run --separate-stderr mime-crypt --to bob@fax.example mail
    expect_refusal 78
}

# ---- How the content's key goes to each kind of key ----

# What a message says of its recipients.
transport() { openssl cms -cmsout -print -in "$1" | grep -A3 keyEncryptionAlgorithm: | grep algorithm:; }

@test "PKCS #1, OAEP and ECDH: openssl opens ours by each method, and we open openssl's" {
    for m in gcm cbc; do
        for how in '' --oaep; do
            # shellcheck disable=SC2086
            mime-crypt --method smime-aes256-$m --cert "$K/bob.pem" --cert "$K/ec.pem" $how mail >sealed
            for who in bob ec; do
                openssl cms -decrypt -in sealed -recip "$K/$who.pem" -inkey "$K/$who.key" -out got
                tr -d '\r' <got | body | cmp - <(body mail)
                mime-crypt -d --key "$K/$who.key" --cert "$K/$who.pem" sealed | cmp - mail
            done
            transport sealed >said
            grep -q 'dhSinglePass-stdDH-sha256kdf-scheme' said
            if [ -n "$how" ]; then grep -q rsaesOaep said; else grep -q rsaEncryption said; fi
        done
    done
    for cipher in -aes-256-gcm -aes256; do
        for key in 'rsa_padding_mode:pkcs1' 'rsa_padding_mode:oaep' \
            'rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256' 'rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha512'; do
            # shellcheck disable=SC2086
            openssl cms -encrypt $cipher -in mail -out theirs -recip "$K/bob.pem" -keyopt $key
            unseal theirs | cmp - mail
        done
        for key in ecdh_kdf_md:sha1 ecdh_kdf_md:sha256 ecdh_kdf_md:sha384 'ecdh_kdf_md:sha256 -keyopt ecdh_cofactor_mode:1'; do
            # shellcheck disable=SC2086
            openssl cms -encrypt $cipher -in mail -out theirs -recip "$K/ec.pem" -keyopt $key
            mime-crypt -d --key "$K/ec.key" --cert "$K/ec.pem" theirs | cmp - mail
        done
    done
}

@test "a certificate that asks for OAEP gets it, by its capabilities or by its key's type" {
    # RFC 4262: SEQUENCE { SEQUENCE { id-RSAES-OAEP } }, and one that names rsaEncryption before it.
    oaep=300b06092a864886f70d010107
    plain=300b06092a864886f70d010101
    for caps in "300d$oaep" "301a$plain$oaep"; do
        openssl req -x509 -key "$K/bob.key" -days 2 -subj /CN=asks -out asks.pem \
            -addext "1.2.840.113549.1.9.15=DER:$caps" 2>/dev/null
        mime-crypt --method smime-aes256-gcm --cert asks.pem mail >sealed
        case $caps in
        300d*) transport sealed | grep -q rsaesOaep ;;
        *) transport sealed | grep -q rsaEncryption ;;
        esac
        mime-crypt -d --key "$K/bob.key" --cert asks.pem sealed | cmp - mail
    done
    # The same length, another type: rsaEncryption becomes id-RSAES-OAEP in the key's algorithm.
    openssl x509 -in "$K/bob.pem" -outform DER -out bob.der
    python3 - <<'PY'
data = open("bob.der", "rb").read()
old = bytes.fromhex("06092a864886f70d010101")
assert data.count(old) == 1
open("oaep.der", "wb").write(data.replace(old, bytes.fromhex("06092a864886f70d010107")))
PY
    mime-crypt --method smime-aes256-cbc --cert oaep.der mail >sealed
    transport sealed | grep -q rsaesOaep
    mime-crypt -d --key "$K/bob.key" --cert oaep.der sealed | cmp - mail
    mime-crypt -d --key "$K/bob.key" --cert "$K/bob.pem" sealed | cmp - mail
}

@test "a key that can only sign gets nothing sealed, and is said so before a byte is written" {
    openssl req -x509 -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048 -nodes -days 2 -subj /CN=x -keyout k -out pss.pem 2>/dev/null
    openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=x -keyout k -out ed.pem 2>/dev/null
    for c in pss ed; do
        run --separate-stderr mime-crypt -q --method smime-aes256-gcm --cert "$K/bob.pem" --cert $c.pem mail
        expect_refusal 65
    done
}

@test "for two, one key opens: his own recipient's, whichever stands first" {
    for order in 'bob eve' 'eve bob'; do
        # shellcheck disable=SC2086
        set -- $order
        mime-crypt --method smime-aes256-cbc --cert "$K/$1.pem" --cert "$K/$2.pem" mail >sealed
        for who in bob eve; do
            mime-crypt -d --key "$K/$who.key" --cert "$K/$who.pem" sealed | cmp - mail
        done
        run --separate-stderr mime-crypt -d --key "$K/ec.key" --cert "$K/ec.pem" sealed
        expect_refusal 77
    done
}

@test "a mail without a body, and one of a byte, come back" {
    for text in '' 'x' '\n'; do
        # shellcheck disable=SC2059
        printf "From: a@b\nMIME-Version: 1.0\nContent-Type: text/plain\n\n$text" >small
        for m in gcm cbc; do
            mime-crypt --method smime-aes256-$m --cert "$K/bob.pem" small >sealed
            unseal sealed | cmp - small
        done
    done
}

@test "CBC: any other last block or cut tail gives no plaintext at all" {
    seal smime-aes256-cbc >sealed
    for n in -1 -2; do
        refused=0
        for try in 1 2 3 4; do
            cp sealed changed
            python3 - changed $n $try <<'PY'
import sys, base64
name, n, t = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
head, body = open(name).read().split("\n\n", 1)
der = bytearray(base64.b64decode(body))
# In the block before the last, so that the padding comes out otherwise.
der[-16 - t + (0 if n == -1 else -1)] ^= 0x55
open(name, "w").write(head + "\n\n" + base64.encodebytes(bytes(der)).decode())
PY
            run --separate-stderr unseal changed
            [ "$status" -eq 0 ] || { expect_refusal 65; refused=$((refused + 1)); }
        done
        [ "$refused" -ge 2 ]
    done
}

@test "truncated at many lengths: 65 and nothing, by each method" {
    for m in gcm cbc; do
        seal smime-aes256-$m >sealed
        size=$(stat -c %s sealed)
        head=$(sed '/^$/q' sealed | wc -c)
        for n in $(seq 1 149 "$head") $(seq $((head + 1)) 311 $((head + 1500))) $(seq $((size - 150)) 29 $((size - 3))); do
            head -c "$n" sealed >cut
            run --separate-stderr unseal cut
            expect_refusal 65 || { echo "$m cut at $n"; return 1; }
        done
    done
}

# ---- The station's keys ----

@test "-d --user: with the key of the table; without one 78, an unknown user 67, another's 77" {
    fuser init
    echo secret >pw
    fuser add 12 --login a --address a@fax.example --password-file pw
    fuser add 13 --login b --address b@fax.example --password-file pw
    for type in rsa3072 p256; do
        fuser key make 12 --type $type --replace >own.pem
        for m in gcm cbc; do
            mime-crypt --method smime-aes256-$m --cert own.pem mail >sealed
            mime-crypt -d --user 12 sealed | cmp - mail
        done
    done
    run --separate-stderr mime-crypt -d --user 13 sealed
    expect_refusal 78
    fuser key make 13 >/dev/null
    run --separate-stderr mime-crypt -d --user 13 sealed
    expect_refusal 77
    run --separate-stderr mime-crypt -d --user 99 sealed
    expect_refusal 67
    head -c -3000 sealed >cut
    run --separate-stderr mime-crypt -d --user 12 cut
    expect_refusal 65
    rm "$FAXPIPE_HOME/key"
    run --separate-stderr mime-crypt -d --user 12 sealed
    expect_refusal 78
}

@test "killed while it opens, nothing of the mail is left anywhere" {
    { sed '/^$/q' mail; head -c 8M /dev/zero | base64 -w 76; } >big
    mime-crypt --method smime-aes256-gcm --cert "$K/bob.pem" big >sealed
    mkfifo in
    for signal in TERM HUP KILL; do
        mime-crypt -d --key "$K/bob.key" --cert "$K/bob.pem" in >out 2>err &
        pid=$!
        exec 9>in
        head -c 6M sealed >&9
        kill -$signal $pid
        exec 9>&-
        wait $pid || status=$?
        [ "$status" -ge 129 ]
        [ ! -s out ] && [ -z "$(ls -A "$TMPDIR")" ]
    done
}

# bats test_tags=nosan
@test "while it waits, no disk and no core file has the plaintext or the key" {
    needs strace gdb
    { sed '/^$/q' mail; for i in $(seq 4000); do echo "held for Bob $i"; done; } >big
    for m in gcm cbc; do
        mime-crypt --method smime-aes256-$m --cert "$K/bob.pem" big >sealed
        strace -f -qq -e trace=write,pwrite64,writev -e write=all -o calls \
            mime-crypt -d --key "$K/bob.key" --cert "$K/bob.pem" sealed >out
        cmp out big
        # Only to descriptor 1.
        grep -q 'held for Bob' calls
        python3 - calls <<'PY'
import re, sys
fd = None
for line in open(sys.argv[1]):
    call = re.match(r"\d+ +\w*write\w*\((\d+)", line)
    if call:
        fd = int(call.group(1))
    elif "held for" in line:
        assert fd == 1, (fd, line)
PY
    done
    mime-crypt --sign "$K/bob.key" --signer "$K/bob.pem" --method none big | sed 's/^From: .*/From: bob@fax.example/' >signed
    strace -f -qq -e trace=write,pwrite64,writev -e write=all -o calls mime-crypt --verify --ca "$K/bob.pem" signed >out
    python3 - calls <<'PY'
import re, sys
fd = None
for line in open(sys.argv[1]):
    call = re.match(r"\d+ +\w*write\w*\((\d+)", line)
    if call:
        fd = int(call.group(1))
    elif "held for" in line:
        assert fd == 1, (fd, line)
PY
}

# bats test_tags=nosan
@test "what gcore takes of it while the key is in use has none of the key's numbers" {
    needs gdb gcore
    mkfifo in
    mime-crypt -d --key "$K/bob.key" --cert "$K/bob.pem" in >out 2>err &
    pid=$!
    PIDS+=($pid)
    exec 9>in
    seal smime-aes256-gcm | head -c 30000 >&9
    # The key is read before the body: wait until it waits for more of that.
    until_true 10 grep -q pipe_read /proc/$pid/wchan || until_true 5 grep -q '^State:.*S' /proc/$pid/status
    gcore -o core $pid >log 2>&1 || skip "no gcore here"
    exec 9>&-
    openssl rsa -in "$K/bob.key" -noout -text 2>/dev/null >numbers
    python3 - core.$pid numbers <<'PY'
import re, sys
core = open(sys.argv[1], "rb").read()
text = open(sys.argv[2]).read()
p = bytes.fromhex("".join(re.search(r"prime1:\s+((?:[0-9a-f:\s]+))", text).group(1).split()).replace(":", ""))
mid = p[40:72]
assert mid not in core and mid[::-1] not in core
modulus = bytes.fromhex(re.sub(r"[\s:]", "", re.search(r"modulus:\s+([0-9a-f:\s]+)", text).group(1)))
m = modulus[40:72]
assert m in core or m[::-1] in core, "the search would find what is there"
PY
}

# OpenSSL then takes a random key, so that one in 256 gets past the padding: and nothing past us.
@test "CBC: a content key that was changed gives no plaintext and no header" {
    head -11 mail >short
    mime-crypt --method smime-aes256-cbc --cert "$K/bob.pem" short >sealed
    python3 - "$K" "${KEY_FLIPS:-60}" <<'PY'
import base64, subprocess, sys
head, body = open("sealed", "rb").read().split(b"\n\n", 1)
der = base64.b64decode(body)
key, flips = sys.argv[1], int(sys.argv[2])
for i in range(flips):
    bad = bytearray(der)
    bad[120 + i % 200] ^= 1 + i % 255
    r = subprocess.run(["mime-crypt", "-d", "--key", key + "/bob.key", "--cert", key + "/bob.pem"],
                       input=head + b"\n\n" + base64.encodebytes(bad), capture_output=True)
    assert r.returncode in (65, 77) and not r.stdout and r.stderr.count(b"\n") == 1, (i, r)
PY
}

@test "a sealed mail by the name of its file alone, wherever that stands" {
    openssl cms -encrypt -aes256 -in mail -outform DER "$K/bob.pem" | base64 >body
    for type in 'application/octet-stream; name="smime.p7m"' \
        $'application/octet-stream\nContent-Disposition: attachment; filename=smime.p7m' \
        $'application/octet-stream; name=smime.p7m\nContent-Disposition: attachment'; do
        { printf 'From: alice@fax.example\nContent-Type: %s\nContent-Transfer-Encoding: base64\n\n' "$type"
          cat body; } | unseal >got
        grep -q '^Content-Type: image/tiff' got
    done
}
