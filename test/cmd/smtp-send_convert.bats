# smtp-send with receivers that do not take all: conversion to seven bits, UTF-8 in addresses.
load ../lib/helper
load ../lib/fake

setup() {
    scratch
    needs python3
    printf 'From: a@x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\ncaf\303\251\n.dot\n\n--b\nContent-Type: text/plain\n\nplain = plain\n--b--\n' >eight.eml
    printf 'From: a@x\r\nMIME-Version: 1.0\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\1\r\n.\r\n\377\r\n\n' >binary.eml
}
teardown() { cleanup; }

send() { run --separate-stderr smtp-send --url "$URL" --timeout 10 -f a@x "$@"; }

# As Python's parser sees the parts.
parts() {
    python3 - "$1" <<'PY'
import email, email.policy, sys
m = email.message_from_bytes(open(sys.argv[1], "rb").read(), policy=email.policy.default)
for p in m.walk():
    if not p.is_multipart():
        body = p.get_payload(decode=True)
        if p.get_content_maintype() == "text":
            body = body.replace(b"\r\n", b"\n")
        print(p.get_content_type(), p.get_content_charset(), body)
PY
}

@test "8-bit parts become seven bits where 8BITMIME is not offered" {
    local caps
    for caps in PIPELINING 'PIPELINING;SIZE;CHUNKING' ''; do
        fake "caps: $caps"
        send b@x <eight.eml
        expect_status 0
        no grep -q BODY= fake/log
        LC_ALL=C no grep -q $'[\x80-\xff]' fake/mail.1
        tr -d '\r' <fake/mail.1 >got
        if [[ "$caps" != *CHUNKING* ]]; then sed -i 's/^\.//' got; fi
        diff <(parts eight.eml) <(parts got)
        # Only what had to change did.
        diff eight.eml got >changes && return 1
        [ "$(grep -c '^>' changes)" -eq 4 ] || { cat changes; return 1; }
    done
    fake 'caps: 8BITMIME'
    send b@x <eight.eml
    grep -q 'BODY=8BITMIME' fake/log
    sed 's/$/\r/; s/^\./../' eight.eml | cmp - fake/mail.1
}

@test "binary mail goes byte by byte, or as base64" {
    fake 'caps: PIPELINING;SIZE;8BITMIME;CHUNKING;BINARYMIME'
    send b@x <binary.eml
    expect_status 0
    grep -q "SIZE=$(wc -c <binary.eml) BODY=BINARYMIME" fake/log
    cmp binary.eml fake/mail.1
    for caps in 'PIPELINING;8BITMIME;CHUNKING' '8BITMIME;BINARYMIME' PIPELINING; do
        fake "caps: $caps"
        send b@x <binary.eml
        expect_status 0
        diff <(parts binary.eml) <(parts fake/mail.1)
        grep -q '^Content-Transfer-Encoding: base64' fake/mail.1
    done
    # With lines that end in LF alone as well.
    fake 'caps: PIPELINING;SIZE;8BITMIME;CHUNKING;BINARYMIME'
    tr -d '\r' <binary.eml >lf.eml
    send b@x <lf.eml
    expect_status 0
    diff <(parts lf.eml) <(parts fake/mail.1)
    # NUL without that word is no mail.
    printf 'S: x\n\n\0\n' >nul.eml
    send b@x <nul.eml
    expect_refusal 65
}

@test "our own receiver gets binary mail byte by byte" {
    mkdir box
    socat -t5 "EXEC:smtp-send --stdio --file binary.eml -f a@x bob@fax.example" \
        "EXEC:smtp-recv --hostname fax.example --domain fax.example --maildir $T/box"
    cat box/new/* >got
    tail -c "$(wc -c <binary.eml)" got | cmp - binary.eml
}

@test "what is signed is not touched: 5.6.3" {
    printf 'From: a@x\nContent-Type: multipart/signed; boundary=s\n\n--s\n\ncaf\303\251\n--s\n\nsig\n--s--\n' >signed.eml
    fake 'caps: PIPELINING'
    send b@x --json <signed.eml
    expect_status 69
    [[ "$output" == *'"enhanced": "5.6.3"'* ]]
    no grep -q MAIL fake/log
    fake
    send b@x <signed.eml
    expect_status 0
    # A signed mail of seven bits goes out as it is, beside a part that is converted.
    { sed '/^--b--/d' eight.eml; printf -- '--b\n'; tail -n +2 signed.eml | LC_ALL=C tr -d '\200-\377'; printf -- '--b--\n'; } >both.eml
    fake 'caps: PIPELINING'
    send b@x <both.eml
    expect_status 0
    tr -d '\r' <fake/mail.1 | grep -A6 '^Content-Type: multipart/signed' >got
    grep -A6 '^Content-Type: multipart/signed' both.eml | cmp - got
}

@test "UTF-8 in the header, in the reverse-path, in one recipient" {
    printf 'From: a@x\nSubject: caf\303\251\n\nx\n' >header.eml
    fake 'caps: 8BITMIME;SMTPUTF8;CHUNKING;PIPELINING'
    send b@x <header.eml
    expect_status 0
    grep -q 'BODY=8BITMIME SMTPUTF8' fake/log
    fake 'caps: SIZE'
    send b@x --json <header.eml
    expect_status 69
    [[ "$output" == *'"enhanced": "5.6.7"'* ]]
    no grep -q MAIL fake/log
    fake 'caps: 8BITMIME'
    send b@x <header.eml
    expect_status 0
    : >fake/log
    send b@x -f 'é@x' --json <eight.eml
    [[ "$output" == *'"enhanced": "5.6.7"'* ]]
    no grep -q MAIL fake/log
    send b@x 'é@x' c@x --json <eight.eml
    expect_status 69
    [[ "${lines[0]}" == *'"b@x", "status": "sent"'* ]]
    [[ "${lines[1]}" == *'"failed"'*'"5.6.7"'* ]]
    [[ "${lines[2]}" == *'"c@x", "status": "sent"'* ]]
    [ "$(grep -c RCPT fake/log)" -eq 2 ]
    # Latin-1 there has always been; it is no UTF-8, and goes as 8-bit.
    printf 'From: a@x\nSubject: caf\351\n\nx\n' >latin.eml
    send b@x <latin.eml
    expect_status 0
}
