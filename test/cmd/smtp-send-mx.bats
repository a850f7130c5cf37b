# Direct delivery: the hosts of a domain by a name server of our own.
load ../lib/helper
load ../lib/dns

setup() {
    scratch
    needs python3
    printf 'From: Alice <alice@fax.example>\nTo: bob@there.example\nSubject: hello\n\nHi\n' >mail.eml
}
teardown() { cleanup; }

send() {
    run --separate-stderr smtp-send --config conf --timeout 10 --helo us.example -f alice@x "$@" <mail.eml
}

heard() { grep -ci "$2" "$1/log"; }

@test "the preferred host gets the mail, one connection for all the domain's recipients" {
    dns 'there.example MX 20 b.there.example' 'there.example MX 10 a.there.example' \
        'a.there.example A 127.0.0.2' 'b.there.example A 127.0.0.3'
    mx a 127.0.0.2
    mx b 127.0.0.3
    send bob@there.example carol@There.Example
    expect_status 0
    [ "$(heard a '^RCPT')" = 2 ]
    [ "$(heard a '^EHLO')" = 1 ]
    [ ! -s b/log ]
    grep -q '^udp MX there.example do$' dns/questions
}

@test "equal preferences are shuffled" {
    dns 'there.example MX 10 a.there.example' 'there.example MX 10 b.there.example' \
        'a.there.example A 127.0.0.2' 'b.there.example A 127.0.0.3'
    mx a 127.0.0.2
    mx b 127.0.0.3
    for _ in $(seq 24); do
        send bob@there.example
        expect_status 0
    done
    [ "$(heard a '^EHLO')" -gt 1 ]
    [ "$(heard b '^EHLO')" -gt 1 ]
    [ $(($(heard a '^EHLO') + $(heard b '^EHLO'))) = 24 ]
}

@test "a host that is away, or busy, or of two addresses: the next one takes it" {
    dns 'there.example MX 10 gone.there.example' 'there.example MX 20 busy.there.example' \
        'there.example MX 30 two.there.example' 'gone.there.example A 127.0.0.9' \
        'busy.there.example A 127.0.0.2' 'two.there.example A 127.0.0.4' \
        'two.there.example A 127.0.0.3'
    mx busy 127.0.0.2 'greeting: 421 4.3.2 not now'
    mx two 127.0.0.3
    send -v bob@there.example
    expect_status 0
    [[ "$stderr" == *"not now"* ]]
    [ "$(heard two '^RCPT')" = 1 ]
}

@test "a temporary refusal goes on to the next host, for those alone whom it concerns" {
    dns 'there.example MX 10 a.there.example' 'there.example MX 20 b.there.example' \
        'a.there.example A 127.0.0.2' 'b.there.example A 127.0.0.3'
    mx a 127.0.0.2 'rcpt bob@there.example: 450 4.2.1 later' \
        'rcpt eve@there.example: 550 5.1.1 nobody'
    mx b 127.0.0.3
    send --json bob@there.example carol@there.example eve@there.example
    expect_status 67
    [ "$(heard b '^RCPT')" = 1 ]
    [ "$(heard b 'RCPT TO:<bob@')" = 1 ]
    [ -s a/mail.1 ]
    [ -s b/mail.1 ]
    [[ "${lines[0]}" == *'"recipient": "bob@there.example", "status": "sent"'* ]]
    [[ "${lines[1]}" == *'"status": "sent"'* ]]
    [[ "${lines[2]}" == *'"status": "failed", "code": 550'* ]]
}

@test "a permanent refusal ends it: no other host is asked" {
    dns 'there.example MX 10 a.there.example' 'there.example MX 20 b.there.example' \
        'a.there.example A 127.0.0.2' 'b.there.example A 127.0.0.3'
    mx a 127.0.0.2 'data: 554 5.7.1 no'
    mx b 127.0.0.3
    send bob@there.example
    expect_status 69
    [ ! -s b/log ]
}

@test "all hosts put it off: 75, with what the last one said" {
    dns 'there.example MX 10 a.there.example' 'there.example MX 20 b.there.example' \
        'a.there.example A 127.0.0.2' 'b.there.example A 127.0.0.3'
    mx a 127.0.0.2 'mail: 451 4.3.0 a is busy'
    mx b 127.0.0.3 'mail: 451 4.3.0 b is busy'
    send --json bob@there.example
    expect_status 75
    [[ "$output" == *'"code": 451'*'b is busy'* ]]
}

@test "who may have taken the mail already is not doubled by the next host" {
    dns 'there.example MX 10 a.there.example' 'there.example MX 20 b.there.example' \
        'a.there.example A 127.0.0.2' 'b.there.example A 127.0.0.3'
    mx a 127.0.0.2 'content: drop'
    mx b 127.0.0.3
    send bob@there.example
    expect_status 75
    [ ! -s b/log ]
    mx c 127.0.0.4 'caps: PIPELINING;CHUNKING;SIZE 100000' 'content: drop'
    sed -i 's/127.0.0.2/127.0.0.4/' dns/zone
    send bob@there.example
    expect_status 75
    [ -s c/mail.1 ]
    [ ! -s b/log ]
}

@test "no MX: the domain's own address, IPv6 as well" {
    dns 'there.example A 127.0.0.2' 'six.example AAAA ::1'
    mx a 127.0.0.2
    send bob@there.example
    expect_status 0
    [ "$(heard a '^RCPT')" = 1 ]
    [ -e /proc/net/if_inet6 ] || return 0
    mx six ::1
    send bob@six.example
    expect_status 0
    [ "$(heard six '^RCPT')" = 1 ]
}

@test "an alias leads on, for the domain and for its host" {
    dns 'there.example CNAME real.example' 'real.example MX 10 mx.real.example' \
        'mx.real.example CNAME a.real.example' 'a.real.example A 127.0.0.2'
    mx a 127.0.0.2
    send bob@there.example
    expect_status 0
    grep -q 'RCPT TO:<bob@there.example>' a/log
}

@test "null MX: the domain takes no mail, for good" {
    dns 'there.example MX 0 .' 'there.example A 127.0.0.2'
    mx a 127.0.0.2
    send --json bob@there.example
    expect_status 67
    [[ "$output" == *'"code": 556, "enhanced": "5.1.10"'* ]]
    [ "$stderr" = 'smtp-send: there.example: the domain takes no mail (null MX)' ]
    [ ! -s a/log ]
}

@test "no such domain 68 and 5.1.2; a host without address 5.4.4; no answer 75" {
    dns 'there.example A 127.0.0.2' 'bad.example MX 10 nowhere.example' 'broken.example !servfail' \
        'mute.example !silent' 'empty.example TXT x' 'half.example MX 10 broken.example'
    send --json bob@unknown.example
    expect_status 68
    [ "$stderr" = 'smtp-send: unknown.example: no such domain' ]
    [[ "$output" == *'"enhanced": "5.1.2"'* ]]
    send --json bob@empty.example
    expect_status 68
    [[ "$output" == *'"enhanced": "5.1.2"'* ]]
    send --json bob@bad.example
    expect_status 68
    [[ "$output" == *'"enhanced": "5.4.4"'* ]]
    for domain in broken mute half; do
        send --json "bob@$domain.example"
        expect_status 75
        [[ "$output" == *'"status": "deferred"'* ]]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

@test "a long answer comes by TCP, a forged one is not believed" {
    dns 'there.example MX 10 a.there.example' 'there.example !truncate' \
        'a.there.example A 127.0.0.2' 'a.there.example !wrong-id'
    mx a 127.0.0.2
    send bob@there.example
    expect_status 0
    grep -q '^tcp MX there.example' dns/questions
}

@test "MX that lead to ourselves are cut off, and what is not preferred to them" {
    dns 'there.example MX 10 a.there.example' 'there.example MX 20 us.example' \
        'there.example MX 30 c.there.example' 'a.there.example A 127.0.0.2' \
        'c.there.example A 127.0.0.3' 'own.example MX 10 Us.Example' 'us.example A 127.0.0.4'
    mx a 127.0.0.2 'greeting: 421 no'
    mx c 127.0.0.3
    mx us 127.0.0.4
    send bob@there.example
    expect_status 75
    send --json bob@own.example
    expect_status 69
    [[ "$output" == *'"enhanced": "5.4.6"'* ]]
    [ ! -s c/log ]
    [ ! -s us/log ]
}

@test "literals, numbers and U-labels" {
    dns 'xn--mller-kva.example A 127.0.0.2'
    mx a 127.0.0.2 'caps: PIPELINING;8BITMIME;SMTPUTF8'
    send 'bob@[127.0.0.2]'
    expect_status 0
    send 'bob@#2130706434'
    expect_status 0
    [ ! -s dns/questions ]
    send 'bob@müller.example'
    expect_status 0
    [ "$(heard a '^RCPT')" = 3 ]
    grep -q 'müller.example' a/log
    [ -e /proc/net/if_inet6 ] || return 0
    mx six ::1
    send 'bob@[IPv6:::1]'
    expect_status 0
}

@test "--host: a domain's MX; [HOST] itself; a name without a dot is the host table's" {
    dns 'there.example MX 10 a.there.example' 'a.there.example A 127.0.0.2' \
        'there.example A 127.0.0.3'
    mx a 127.0.0.2
    mx itself 127.0.0.3
    mx local 127.0.0.1
    send --host there.example carol@elsewhere.example
    expect_status 0
    [ "$(heard a 'RCPT TO:<carol@elsewhere')" = 1 ]
    send --host '[there.example]' carol@elsewhere.example
    expect_status 0
    [ "$(heard itself '^RCPT')" = 1 ]
    send --host 127.0.0.3 carol@elsewhere.example
    expect_status 0
    [ "$(heard itself '^RCPT')" = 2 ]
    : >dns/questions
    send --host localhost carol@elsewhere.example
    expect_status 0
    [ "$(heard local '^RCPT')" = 1 ]
    [ ! -s dns/questions ]
    send --host 'a b.example' carol@elsewhere.example
    expect_status 65
}

@test "each recipient goes his own way, by the settings and the source route" {
    dns 'one.example A 127.0.0.2' 'two.example A 127.0.0.3' 'three.example A 127.0.0.4'
    mx one 127.0.0.2
    mx two 127.0.0.3
    mx three 127.0.0.4
    echo "route.three.example = smtp://127.0.0.4:$MX_PORT" >>conf
    send --json a@one.example b@two.example c@one.example @one.example:d@two.example e@three.example \
        f@nowhere.example
    expect_status 68
    [ "$(heard one '^RCPT')" = 3 ]
    [ "$(heard two '^RCPT')" = 1 ]
    [ "$(heard three '^RCPT')" = 1 ]
    [ "$(heard one '^EHLO')" = 1 ]
    [ "$(grep -c '"sent"' <<<"$output")" = 5 ]
    no grep -q three.example dns/questions
}

@test "several mails to one domain use one connection" {
    dns 'there.example MX 10 a.there.example' 'a.there.example A 127.0.0.2'
    mx a 127.0.0.2
    cp mail.eml other.eml
    send --file mail.eml --file other.eml --file mail.eml bob@there.example
    expect_status 0
    [ "$(heard a '^MAIL')" = 3 ]
    [ "$(heard a '^EHLO')" = 1 ]
    [ "$(grep -c MX dns/questions)" = 1 ]
}

@test "a recipient without a domain has nowhere to go: 65, and nothing is sent" {
    dns 'there.example A 127.0.0.2'
    mx a 127.0.0.2
    send bob@there.example postmaster
    expect_status 65
    [ ! -s a/log ]
}

@test "settings that are none are 78, a password without a server 64" {
    dns 'there.example A 127.0.0.2'
    cp conf good
    for bad in 'resolver = ns.example' 'dane = maybe' 'mx-port = 0' 'mx-port = 65536' 'mta-sts = 1' \
        'trust-ad = yes'; do
        { cat good; echo "$bad"; } >conf
        send bob@there.example
        expect_status 78 || { echo "$bad"; return 1; }
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
    cp good conf
    echo secret >pw
    send --host there.example --password-file pw bob@there.example
    expect_status 64
}
