# The queue over a connection that was turned: one session, the asked-for domains and no others.
load ../lib/helper

setup() {
    scratch
    needs python3
    mkdir station
    echo 'hostname = fax.example' >station/faxpipe.conf
    printf 'From: Alice <alice@fax.example>\nSubject: one\n\nHi\n.\n' >one.eml
    printf 'From: Alice <alice@fax.example>\nSubject: two\n\nHo\n' >two.eml
    export PYTHONPATH=$FAXPIPE_ROOT/test/lib
}
teardown() { cleanup; }

add() { # MAIL RECIPIENT...
    local mail=$1
    shift
    fax-queue add -f alice@fax.example "$@" <"$mail" >>ids
}

entries() {
    fax-queue list --json | python3 -c 'import json, sys
for e in json.load(sys.stdin):
    print(e["tries"], ",".join(r["recipient"] for r in e["recipients"]))'
}

# turned DOMAINS PYTHON: what the peer does with s, a Stream; first is the starter's line.
turned() {
    cat >peer.py <<PY
import socket, subprocess, sys, odmr
ours, theirs = socket.socketpair()
child = subprocess.Popen(["fax-queue", "flush", "--turned", "--domain", "$1"],
                         stdin=theirs, stdout=theirs)
theirs.close()
trace = []
s = odmr.Stream(ours, trace)
first = s.line()
$2
ours.close()
sys.exit(child.wait())
PY
    python3 peer.py
}

@test "all that waits for the domains goes in one session, and leaves the queue" {
    add one.eml bob@branch.example carol@other.example
    add two.eml dan@Branch.example
    add two.eml erin@branch.example.org
    add one.eml erin@second.example
    run -0 turned "branch.example,second.example" '
assert first == "250", first
mails = odmr.receive(s)
for m in mails: print(m[0], " ".join(m[1]), m[2].count("Subject: "), repr(m[2].split("\n\n")[1]))
print(sum(t.startswith("< EHLO") for t in trace), sum(t.startswith("< QUIT") for t in trace))'
    [ "$output" = "alice@fax.example bob@branch.example 1 'Hi\n.\n'
alice@fax.example dan@Branch.example 1 'Ho\n'
alice@fax.example erin@second.example 1 'Hi\n.\n'
1 1" ]
    [ "$(entries)" = "1 carol@other.example
0 erin@branch.example.org" ]
}

@test "where nothing waits, the starter hears 453 and may close" {
    add one.eml carol@other.example
    run -1 turned branch.example 'assert first == "453", first'
    add one.eml bob@branch.example
    fax-queue hold "$(tail -1 ids)"
    run -1 turned branch.example 'assert first == "453", first; assert odmr.receive(s) == []'
    [ "$(entries)" = "0 carol@other.example
0 bob@branch.example" ]
}

@test "each mail has its own fate with the peer" {
    add one.eml bob@branch.example nobody@branch.example
    add two.eml dan@branch.example
    add one.eml late@branch.example
    run -0 turned branch.example '
print(len(odmr.receive(s, rcpt={"nobody": "550 5.1.1 no", "late": "450 later"},
                       data={"Subject: two": "554 never"})))'
    [ "$output" = 1 ]
    # The notices are entries, to alice.
    [ "$(entries | sort)" = "0 alice@fax.example
0 alice@fax.example
1 late@branch.example" ]
}

@test "a peer that drops in the middle: what was taken is gone, the rest stays, once" {
    for n in 1 2 3 4; do add one.eml "bob$n@branch.example"; done
    for drop in '("data", 2)' '("end", 1)'; do
        run turned branch.example "print(len(odmr.receive(s, drop=$drop)))"
        expect_status 75
        entries
    done
    # The first went; the second was cut off at DATA, then again before the reply to its end.
    [ "$(entries)" = "2 bob2@branch.example
0 bob3@branch.example
0 bob4@branch.example" ]
    run -0 turned branch.example 'for m in odmr.receive(s): print(m[1][0])'
    [ "$output" = "bob2@branch.example
bob3@branch.example
bob4@branch.example" ]
    [ -z "$(entries)" ]
}

@test "route.DOMAIN = turn: nobody is called, and whoever's server it would go by, the peer gets it" {
    printf 'route.branch.example = turn\nqueue-days = 3\n' >>station/faxpipe.conf
    add one.eml bob@branch.example
    fuser init
    fuser add 12 --name Alice --login alice --address alice@fax.example --password-file <(echo pw) \
        --submit smtp://127.0.0.1:1
    add two.eml dan@branch.example --user 12
    fax-queue flush
    fax-queue list --json | grep -q 'waits until its host asks for it'
    run -0 turned branch.example 'print(len(odmr.receive(s)))'
    [ "$output" = 2 ]
    [ -z "$(entries)" ]
    # It does not wait for ever.
    add one.eml late@branch.example
    sed -i "s/^created .*/created $(($(date +%s) - 300000))/" "station/queue/$(tail -1 ids).env"
    fax-queue flush --all
    [ "$(entries)" = "0 alice@fax.example" ]
}

@test "a peer that is no receiver gets nothing" {
    add one.eml bob@branch.example
    run turned branch.example 's.say("MAIL FROM:<x@y>"); assert s.line() is None'
    expect_status 76
    run turned branch.example 's.say("554 not me"); assert s.line() is None'
    expect_status 69
    run turned branch.example 's.say("220 a"); s.say("250 b"); s.say("250 c"); s.line(); assert s.line() is None'
    expect_status 76
    [ "$(entries)" = "0 bob@branch.example" ]
}

@test "usage errors are 64" {
    for args in '--turned' '--turned --all --domain x' '--turned --id x'; do
        # shellcheck disable=SC2086
        run fax-queue flush $args </dev/null
        expect_status 64
    done
}
