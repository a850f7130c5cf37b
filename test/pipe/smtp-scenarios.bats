# Whole dialogues as data: test/fixtures/smtp/*.scenario, played on stdin and stdout.
load ../lib/helper
setup() { scratch; }
teardown() { cleanup; }

play() { "$FAXPIPE_ROOT/test/lib/play-scenario" "$FIXTURES/smtp/$1.scenario"; }

@test "RFC 821 scenario 1: a typical transaction" { play rfc821-01-typical; }
@test "RFC 821 scenario 2: an aborted transaction" { play rfc821-02-aborted; }
@test "RFC 821 scenario 3: relayed mail, the first step" { play rfc821-03-relay-step1; }
@test "RFC 821 scenario 3: relayed mail, the second step" { play rfc821-03-relay-step2; }
@test "RFC 821 scenario 4: verifying and sending" { play rfc821-04-verify-send; }
@test "RFC 821 scenario 5: sending in vain, then mailing" { play rfc821-05-send-then-mail; }
@test "RFC 821 scenario 6: sending or mailing" { play rfc821-06-soml; }
@test "RFC 821 scenario 7: a mailing list, the first step" { play rfc821-07-list-step1; }
@test "RFC 821 scenario 7: a mailing list, the second step" { play rfc821-07-list-step2; }
@test "RFC 821 scenario 7: a mailing list, the third step" { play rfc821-07-list-step3; }
@test "RFC 821 scenario 8: forwarding" { play rfc821-08-forwarding; }
@test "RFC 821 scenario 9: the first host forwards" { play rfc821-09-step1; }
@test "RFC 821 scenario 9: the second host has the mailbox" { play rfc821-09-step2; }
@test "lists" { play lists; }
@test "RFC 821 scenario 10: too many recipients" { play rfc821-10-too-many; }
@test "pipelining" { play pipelining; }
@test "sizes" { play size; }
@test "chunks" { play chunking; }
@test "addresses in UTF-8" { play utf8-address; }
@test "eight bits" { play eight-bit; }
@test "LMTP" { play lmtp; }
@test "relaying is refused in every form" { play relaying; }
@test "smuggling: two mails in one are none" { play smuggling; }
@test "a web browser is closed" { play http; }
@test "fax addresses, codes and letters of either case" { play fax-address; }

# A new case is a new file; a line above gives it a name of its own in the report.
@test "the other scenarios of the folder" {
    local f name failed=0
    for f in "$FIXTURES"/smtp/*.scenario; do
        name=$(basename "$f" .scenario)
        grep -q "play $name;" "$BATS_TEST_FILENAME" && continue
        FAXPIPE_HOME=$T/home.$name play "$name" || failed=1
    done
    [ "$failed" -eq 0 ]
}
