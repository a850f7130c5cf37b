# smtp-send with receivers that offer CHUNKING: round trips, every reply to BDAT, real receivers.
load ../lib/helper
load ../lib/fake

setup() {
    scratch
    needs python3
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n.dot\n' >mail.eml
}
teardown() { cleanup; }

# A receiver with CHUNKING that does as told.
fake() { fake_smtp "caps: PIPELINING;8BITMIME;SIZE;ENHANCEDSTATUSCODES;CHUNKING" "$@"; }

send() { run --separate-stderr smtp-send --url "$URL" --timeout 10 "$@"; }

@test "twenty recipients, and all said in one round trip after EHLO, and QUIT" {
    fake 'flights: yes'
    { cat mail.eml; head -c 60000 /dev/zero | tr '\0' x | fold; echo; } >sixty
    # shellcheck disable=SC2046
    send -f a@x $(seq -f 'r%g@x' 20) --json <sixty
    expect_status 0
    [ "$(grep -c '"sent"' <<<"$output")" -eq 20 ]
    # Greeting, EHLO, the mail, QUIT.
    until_true 5 bash -c '[ "$(wc -l <fake/flights)" -eq 4 ]'
    sed 's/$/\r/' sixty | cmp - fake/mail.1
    # A second one costs one more.
    fake 'flights: yes'
    send -f a@x b@x c@x --file sixty --file mail.eml
    expect_status 0
    until_true 5 bash -c '[ "$(wc -l <fake/flights)" -eq 5 ]'
    # Without PIPELINING there is one for each command.
    fake 'flights: yes' 'caps: CHUNKING'
    send -f a@x b@x c@x <mail.eml
    expect_status 0
    until_true 5 bash -c '[ "$(wc -l <fake/flights)" -eq 7 ]'
}

@test "dots are not doubled, line ends are CR LF, and the octets are as told" {
    fake
    printf 'Subject: x\n\n.a\r\n..\r\nbare\rcr\nno end' | smtp-send --url "$URL" -f a@x b@x c@x
    printf 'Subject: x\r\n\r\n.a\r\n..\r\nbare cr\r\nno end\r\n' | cmp - fake/mail.1
    grep -q '^BDAT 39 LAST' fake/log || { cat fake/log; return 1; }
    no grep -q DATA$ fake/log
}

@test "every 4yz and 5yz at every step, and the mail after it" {
    local step
    for step in mail rcpt content; do
        fake "$step#1: 451 4.3.0 later" "$step b@x: 451 4.3.0 later"
        send -f a@x b@x --file mail.eml --json
        expect_status 75 || { echo "$step 4yz"; return 1; }
        fake "$step#1: 554 5.3.0 never"
        send -f a@x b@x --file mail.eml --file mail.eml --json
        expect_status 69 || { echo "$step 5yz"; return 1; }
        [[ "${lines[0]}" == *'"failed", "code": 554'* && "${lines[1]}" == *'"sent"'* ]] || { echo "$step: $output"; return 1; }
        [ "$(grep -c RSET fake/log)" -eq 1 ] || { echo "$step: no RSET"; return 1; }
        [ "$(grep -c EHLO fake/log)" -eq 1 ]
        for what in '421 4.3.2 closing then drop' drop reset; do
            fake "$step: $what"
            send -f a@x b@x <mail.eml
            expect_status 75 || { echo "$step $what"; return 1; }
        done
        fake "$step: garbage"
        send -f a@x b@x <mail.eml
        expect_status 76 || { echo "$step garbage"; return 1; }
    done
}

@test "a large mail: chunks, and a refusal while they are written" {
    { cat mail.eml; head -c 5000000 /dev/zero | tr '\0' x | fold; echo; } >big
    fake
    send -f a@x b@x c@x <big
    expect_status 0
    sed 's/$/\r/' big | cmp - fake/mail.1
    [ "$(grep -c ^BDAT fake/log)" -eq 5 ]
    for code in '452 4.3.1 full' '552 5.3.4 too large'; do
        for n in 1 2 4; do
            fake "bdat#$n: $code"
            send -f a@x b@x --json --file big --file mail.eml
            [[ "${lines[0]}" == *"\"code\": ${code%% *}"* && "${lines[1]}" == *'"sent"'* ]] ||
                { echo "$n: $output"; return 1; }
            [ ! -e fake/mail.2 ]
        done
    done
    fake 'rcpt: 550 5.1.1 no'
    send -f a@x b@x <big
    expect_status 67
    [ "$(grep -c ^BDAT fake/log)" -eq 1 ]
    fake 'bdat: 552 5.3.4 too large' 'early-bdat: yes'
    send -f a@x b@x <big
    expect_status 69
}

@test "LMTP: chunk by chunk, a verdict for each recipient" {
    { cat mail.eml; head -c 3000000 /dev/zero | tr '\0' x | fold; echo; } >big
    fake 'lmtp: yes' 'content full@x: 452 4.2.2 full' 'rcpt no@x: 550 5.1.1 no'
    for m in mail.eml big; do
        run --separate-stderr smtp-send --url "lmtp://${URL#smtp://}" -f a@x good@x no@x full@x --json <"$m"
        expect_status 67
        [[ "${lines[0]}" == *'"sent"'* && "${lines[1]}" == *'"failed"'* && "${lines[2]}" == *'"code": 452'* ]]
    done
}

# bats test_tags=nosan
@test "a large mail by chunks in bounded memory" {
    fake
    { cat mail.eml; head -c 60000000 /dev/zero | tr '\0' x | fold; echo; } >big
    (ulimit -v 200000; smtp-send --url "$URL" -f a@x b@x <big)
    [ "$(wc -l <fake/mail.1)" -eq "$(wc -l <big)" ]
}

@test "our own receiver takes it, byte by byte" {
    mkdir box
    { cat mail.eml; head -c 3000000 /dev/zero | tr '\0' . | fold; echo; } >big
    run bash -c "set -o pipefail; socat -t5 'EXEC:smtp-send -v --stdio --file big --file mail.eml -f a@x bob@fax.example' \
        'EXEC:smtp-recv --hostname fax.example --domain fax.example --maildir $T/box'"
    expect_status 0
    [[ "$output" == *'C: BDAT 1048576'*'C: BDAT '*' LAST'* ]]
    [ "$(find box/new -type f | wc -l)" -eq 2 ]
    local got
    got=$(find box/new -size +1000k)
    # BDAT is stored byte by byte.
    tr -d '\r' <"$got" | tail -n "$(wc -l <big)" | cmp - big
}
