# Many mails in one run: connections that end in the middle, several connections at once.
load ../lib/helper
load ../lib/fake

setup() {
    scratch
    needs python3
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n.dot\n' >mail.eml
}
teardown() { cleanup; }

send() { run --separate-stderr smtp-send --url "$URL" --timeout 10 "$@"; }
three=(--file mail.eml --file mail.eml --file mail.eml)

@test "a receiver that has had enough mails by one connection gets the next ones by another" {
    for enough in '421 4.3.2 enough then drop' '421 4.3.2 enough' drop reset; do
        fake "mail#2: $enough"
        send -f a@x b@x "${three[@]}" --json
        expect_status 0 || { echo "$enough"; return 1; }
        [ "${#lines[@]}" -eq 3 ]
        [ "$(grep -c '^EHLO' fake/log)" -eq 3 ]
        [ -s fake/mail.3 ] && [ ! -e fake/mail.4 ]
    done
}

@test "421 at RCPT: those whom it hit go once more, those refused before do not" {
    fake caps: 'mail#2: 250 ok' 'rcpt no@x: 550 5.1.1 no' 'rcpt#5: 421 4.3.2 enough then drop'
    send -f a@x no@x b@x c@x "${three[@]}" --json
    expect_status 67
    [ "$(grep -c '"sent"' <<<"$output")" -eq 6 ]
    [ "$(grep -c '"failed"' <<<"$output")" -eq 3 ]
    [ "$(grep -c 'RCPT TO:<no@x>' fake/log)" -eq 3 ]
    [ "$(grep -c '^EHLO' fake/log)" -eq 3 ]
}

@test "what is in doubt is never sent twice in a run" {
    # The content is out: whether it was taken nobody knows, and the queue decides on another try.
    fake 'content#2: drop'
    send -f a@x b@x "${three[@]}" --json
    expect_status 75
    [[ "${lines[0]}" == *'"sent"'* && "${lines[1]}" == *'"deferred"'* && "${lines[2]}" == *'"sent"'* ]]
    [ -s fake/mail.3 ] && [ ! -e fake/mail.4 ]
    # With 421 in its place it is known that it was not.
    fake 'content#2: 421 4.3.2 enough then drop'
    send -f a@x b@x "${three[@]}" --json
    expect_status 0
}

@test "a receiver that ends every connection is left alone after the second" {
    fake 'mail: drop'
    send -f a@x b@x "${three[@]}" "${three[@]}" --json
    expect_status 75
    [ "${#lines[@]}" -eq 6 ]
    [ "$(grep -c deferred <<<"$output")" -eq 6 ]
    [ "$(grep -c '^EHLO' fake/log)" -eq 2 ]
}

@test "a receiver that is gone for good: one try, and the rest is deferred" {
    fake 'content: 250 ok then drop'
    port=$PORT
    send -f a@x b@x --file mail.eml
    expect_status 0
    kill "${PIDS[@]}"
    until_true 5 no listening "$port"
    send -f a@x b@x "${three[@]}" --json
    expect_status 75
    [ "$(grep -c deferred <<<"$output")" -eq 3 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
}

@test "--jobs: several connections, each mail once, each object whole" {
    fake
    for i in {1..30}; do
        printf 'From: a@x\nTo: r%d@x\nSubject: %d\n\n%d\n' "$i" "$i" "$i" >"m$i"
        files+=(--file "m$i")
    done
    send --jobs 4 --json "${files[@]}"
    expect_status 0
    [ "$(grep -c '^EHLO' fake/log)" -ge 2 ]
    [ "$(grep -c '^EHLO' fake/log)" -le 4 ]
    for i in {1..30}; do
        grep -q "\"recipient\": \"r$i@x\", \"status\": \"sent\".*\"mail\": $i," <<<"$output" || { echo "$i: $output"; return 1; }
    done
    [ "${#lines[@]}" -eq 30 ]
    cat fake/mail.* | grep -c '^Subject' | grep -qx 30
    cat fake/mail.* | sed -n 's/^Subject: //p' | tr -d '\r' | sort -n | diff - <(seq 30)
    python3 -c 'import json,sys; [json.loads(l) for l in sys.stdin]' <<<"$output"
}

@test "--jobs: never more connections than mails, and the worst status of all" {
    fake 'rcpt c@x: 550 5.1.1 no' 'rcpt b@x: 451 4.3.0 later'
    for to in a b c; do printf 'From: f@x\nTo: %s@x\n\nx\n' "$to" >"m$to"; done
    send --jobs 100 --file ma --file mb --file mc --json
    expect_status 67
    [ "$(grep -c '^EHLO' fake/log)" -le 3 ]
    send --jobs 2 --file ma --file mb --json
    expect_status 75
    for bad in 0 -1 101 x; do
        send --jobs "$bad" -f a@x b@x <mail.eml
        expect_refusal 64
    done
    send --jobs 2 --file ma --file nowhere
    expect_refusal 66
}

@test "--jobs: results that cannot be told are 74, a reader that has gone 141" {
    fake
    for to in a b c d; do printf 'From: f@x\nTo: %s@x\n\nx\n' "$to" >"m$to"; done
    four=(--file ma --file mb --file mc --file md)
    run bash -c 'smtp-send --url "$0" --jobs 2 --json "$@" 2>err >/dev/full' "$URL" "${four[@]}"
    expect_status 74
    [ "$(wc -l <err)" -eq 1 ]
    run bash -c 'set -o pipefail; smtp-send --url "$0" --jobs 2 --json "$@" 2>err | true' "$URL" "${four[@]}"
    [ "$status" -eq 141 ] || [ "$status" -eq 0 ]
    [ ! -s err ]
    [ "$(grep -c '^DATA' fake/log)" -eq 8 ]
}

@test "--jobs: an mbox, and recipients of Bcc in every mail of it" {
    fake
    for i in 1 2 3 4 5; do printf 'From x Sat\nFrom: f@x\nTo: to%d@x\nBcc: blind%d@x\n\nx\n\n' "$i" "$i"; done >m.mbox
    for jobs in 1 3; do
        send --jobs "$jobs" --mbox --json <m.mbox
        expect_status 0
        [ "${#lines[@]}" -eq 10 ]
        for i in 1 2 3 4 5; do grep -q "RCPT TO:<blind$i@x>" fake/log; done
        no grep -q blind fake/mail.*
    done
}

@test "a mail from an mbox of one is sent without its From line" {
    fake
    printf 'From alice Sat Nov 21 22:00:00 2026\n>From bob Sat Nov 21 22:00:00 2026\nFrom: a@x\nSubject: s\n\nFrom here\n' >m
    send b@x <m
    expect_status 0
    printf 'From: a@x\r\nSubject: s\r\n\r\nFrom here\r\n' | cmp - fake/mail.1
    printf 'From alice Sat\n' >m
    send b@x <m
    expect_refusal 65
}

@test "251 is taken, 551 tells where else, and replies of many lines are one" {
    fake 'rcpt b@x: 251-2.1.5 User not local;\n251 2.1.5 will forward to <b@y>' 'rcpt c@x: 551-5.1.6 User not local;\n551 5.1.6 please try <c@y>'
    send -v -f a@x b@x c@x --json <mail.eml
    expect_status 69
    [[ "${lines[0]}" == *'"sent"'* ]]
    [[ "${lines[1]}" == *'"failed", "code": 551, "enhanced": "5.1.6", "text": "User not local; please try <c@y>"'* ]]
    [[ "$stderr" == *'will forward to <b@y>'* ]]
    [ "$(grep -c '^RCPT' fake/log)" -eq 2 ]
}

@test "thousands of files at once" {
    fake
    mkdir many
    for i in {1..1500}; do printf 'From: a@x\nTo: b@x\n\n%d\n' "$i" >many/$i; args+=(--file "many/$i"); done
    (ulimit -Sn 256; smtp-send --url "$URL" --json "${args[@]}") >out
    [ "$(grep -c '"sent"' out)" -eq 1500 ]
}

@test "--jobs: who ends the run ends every connection" {
    fake 'content: hang'
    for to in a b; do printf 'From: f@x\nTo: %s@x\n\nx\n' "$to" >"m$to"; done
    background smtp-send --url "$URL" --jobs 2 --file ma --file mb
    run_pid=$!
    until_true 10 bash -c '[ "$(grep -c ^DATA fake/log)" -eq 2 ]'
    workers=$(pgrep -P "$run_pid")
    [ "$(wc -w <<<"$workers")" -eq 2 ]
    kill "$run_pid"
    for pid in $workers; do until_true 10 no kill -0 "$pid"; done
}
