# smtp-send --batch (RFC 2442) and -bs.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n.dot\n..\nbare\rcr\n\303\274' >mail.eml
}
teardown() { cleanup; }

batch() { smtp-send --batch --helo me.example "$@"; }

@test "all that would be said, byte by byte" {
    batch -f a@x b@x c@x --dsn failure <mail.eml >out
    printf '%s\r\n' 'EHLO me.example' 'MAIL FROM:<a@x> BODY=8BITMIME' \
        'RCPT TO:<b@x> NOTIFY=FAILURE ORCPT=rfc822;b@x' 'RCPT TO:<c@x> NOTIFY=FAILURE ORCPT=rfc822;c@x' \
        DATA 'From: Alice <alice@fax.example>' 'To: bob@there.example' 'Subject: hello' '' Hi ..dot ... \
        'bare cr' ü . QUIT >want
    cmp want out
}

@test "through b64mime and smtp-recv --batch: every mail to everyone" {
    for i in 1 2 3; do
        printf 'From: f%d@x\nTo: alice@fax.example, bob@fax.example\nBcc: carol@fax.example\nSubject: %d\n\n.\n%d\n' "$i" "$i" "$i" >"m$i"
    done
    batch --file m1 --file m2 --file m3 | b64mime --type application/batch-SMTP --from a@x --to b@x >disk.eml
    b64mime --list disk.eml | grep -qi application/batch-smtp
    b64mime -d --type application/batch-SMTP disk.eml >again
    batch --file m1 --file m2 --file m3 | cmp - again
    run smtp-recv --batch again --domain fax.example --mbox box
    expect_status 0
    [ "$(grep -c '^From ' box)" -eq 3 ]
    grep -q 'carol' box && [ "$(grep -ci '^Bcc' box)" -eq 0 ]
    for i in 1 2 3; do grep -q "^Return-Path: <f$i@x>" box; done
    [ "$(grep -cx '\.' box)" -eq 3 ]
}

@test "an mbox of many, binary mail made into lines, headers completed when asked" {
    for i in {1..50}; do printf 'From x Sat\nFrom: f@x\nTo: t%d@x\n\n%d\n\n' "$i" "$i"; done | batch --mbox >out
    [ "$(grep -c '^RCPT' out)" -eq 50 ]
    [ "$(grep -c '^EHLO' out)" -eq 1 ]
    printf 'From: f@x\nMIME-Version: 1.0\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: binary\n\n\0\1\2\r\n' >bin
    batch b@x <bin >out
    grep -q '^Content-Transfer-Encoding: base64' out
    batch -i b <mail.eml >out
    grep -q '^Message-ID: <' out
    grep -q '^RCPT TO:<b@me.example>' out
}

@test "usage, bad input, and stdout lost" {
    for args in "--url smtp://x" "--user 1" "--stdio" "--json" "--jobs 2" "--vrfy x" "--host a"; do
        # shellcheck disable=SC2086
        run --separate-stderr smtp-send --batch $args -f a@x b@x <mail.eml
        expect_refusal 64 || { echo "$args"; return 1; }
    done
    run --separate-stderr batch -f a@x $'b@x\r\nQUIT' <mail.eml
    expect_refusal 65
    run --separate-stderr smtp-send --batch -f a@x --helo 'a b' c@x <mail.eml
    expect_refusal 65
    run bash -c 'smtp-send --batch -f a@x b@x <mail.eml >/dev/full'
    expect_status 74
    head -c 3000000 /dev/zero | tr '\0' x >big
    run bash -c 'set -o pipefail; smtp-send --batch -f a@x b@x <big | head -c 10 >/dev/null'
    expect_status 141
}

@test "-bs speaks SMTP on stdin and stdout: to users here, and to others into the queue" {
    station
    # Nobody is there: what waits stays.
    echo 'smarthost = smtp://127.0.0.1:1' >>"$FAXPIPE_HOME/faxpipe.conf"
    printf 'EHLO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<alice@fax.example>\r\nRCPT TO:<bob@there.example>\r\nDATA\r\nSubject: s\r\n\r\nx\r\n.\r\nQUIT\r\n' |
        smtp-send -bs >out
    [ "$(grep -c '^250 2.1.5' out)" -eq 2 ] || { cat out; return 1; }
    grep -q '^221 ' out
    ls "$FAXPIPE_HOME"/spool/12/new | grep -q .
    fax-queue list --json | grep -q bob@there.example
}
