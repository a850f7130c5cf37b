#!/usr/bin/env bats
# FIG. 5 with mailboxes on a real server: what fax-autorecv fetches, prints, holds and leaves.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs dovecot
    D=$(mktemp -d /tmp/fxd.XXXXXX)
    chmod 755 "$D"
    P=$(python3 - <<'PY'
import socket
for base in range(41000, 60000, 7):
    try:
        for i in range(5):
            s = socket.socket(); s.bind(("127.0.0.1", base + i)); s.close()
    except OSError:
        continue
    print(base); break
PY
)
    background "$FAXPIPE_ROOT/test/lib/start-dovecot" "$D" "$P"
    until_true 10 listening $((P + 4))
    station
    printf 'ca = %s\n' "$D/cert.pem" >>"$FAXPIPE_HOME/faxpipe.conf"
    echo secret >secret
    fuser passwd 12 --password-file secret
    fuser passwd 15 --password-file secret
    fuser edit 12 --mailbox "pop3s://localhost:$((P + 3))"
    fuser edit 15 --mailbox "imaps://localhost:$((P + 1))"
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero | tr '\0' '\125'; } >page.pbm
    pipe 'fax-scan page.pbm | g3tiff -o fax.tif'
}
teardown() {
    cleanup
    rm -rf "$D"
}

fax_to() {
    b64mime --from peer@else.example --to "$1@fax.example" --subject 'a fax' fax.tif |
        smtp-send --url "lmtp://127.0.0.1:$((P + 4))" -f peer@else.example "$1"
}
text_to() {
    printf 'From: peer@else.example\nTo: %s@fax.example\nSubject: words\n\nOnly words.\n' "$1" |
        smtp-send --url "lmtp://127.0.0.1:$((P + 4))" -f peer@else.example "$1"
}
on_server() { find "$D/home/$1/Maildir/new" "$D/home/$1/Maildir/cur" -type f | wc -l; }
papers() { find paper -name '*.pdf' | wc -l; }
held() { fax-spool list "$1" | grep -c held; }

@test "Alice's fax is printed, Bob's is held; text stays on the server where it is not wanted" {
    fax_to alice
    text_to alice
    fax_to bob
    text_to bob
    fuser edit 15 --text-mail on
    run -0 --separate-stderr fax-autorecv
    [[ $output == *12*printed* ]]
    [ "$(on_server alice)" -eq 1 ] && [ "$(on_server bob)" -eq 0 ]
    [ "$(held 15)" -eq 2 ] && [ "$(fax-spool list 12 | wc -l)" -eq 0 ]
    # Alice's fax and two notifications.
    [ "$(papers)" -eq 3 ]
    run -0 --separate-stderr fax-autorecv
    [ -z "$output" ] && [ "$(papers)" -eq 3 ]
}

@test "without automatic reception mail stays on the server, until asked for by hand" {
    fuser edit 15 --auto-receive off
    fax_to bob
    run -0 --separate-stderr fax-autorecv
    [ -z "$output" ] && [ "$(on_server bob)" -eq 1 ]
    run -0 --separate-stderr fax-autorecv --user 15
    [[ $output == *15*printed* ]]
    [ "$(on_server bob)" -eq 0 ] && [ "$(papers)" -eq 1 ]
}

@test "one user's wrong password stops nobody; his mail waits" {
    echo wrong >wrong
    fuser passwd 12 --password-file wrong
    fax_to alice
    fax_to bob
    run --separate-stderr fax-autorecv
    expect_status 77
    [ "$(on_server alice)" -eq 1 ] && [ "$(on_server bob)" -eq 0 ] && [ "$(held 15)" -eq 1 ]
}

@test "over spool-limit Bob's mail waits on the server, Alice's is printed" {
    printf 'spool-limit = 100\n' >>"$FAXPIPE_HOME/faxpipe.conf"
    fax_to bob
    fax-autorecv
    fax_to bob
    fax_to alice
    run -0 --separate-stderr fax-autorecv
    [ "$(on_server bob)" -eq 1 ] && [ "$(held 15)" -eq 1 ]
    [ "$(on_server alice)" -eq 0 ] && [[ $output == *12*printed* ]]
}

@test "explain says what then happens, for every kind and mode" {
    for text in on off; do
        for print in on off; do
            fuser edit 15 --text-mail $text --auto-print $print
            for kind in text fax; do
                find "$D/home/bob/Maildir" -path '*/new/*' -delete -o -path '*/cur/*' -delete
                "${kind}_to" bob
                fuser explain 15 --sender peer@else.example --kind $kind --json >explained
                mbox-poll --user 15 >taken
                if grep -qE '"action": *"(stay|wait|refuse)"' explained; then
                    [ ! -s taken ] && [ "$(on_server bob)" -eq 1 ]
                else
                    grep -qE '"action": *"(print|hold)"' explained
                    [ -s taken ] && [ "$(on_server bob)" -eq 0 ]
                fi
            done
        done
    done
}

# Many mails of both ways in, polled and pushed, for two users who print at once.
@test "several fax-autorecv at once: each mail is printed exactly once" {
    needs pdftotext
    echo 'scram-iterations = 4096' >>"$FAXPIPE_HOME/faxpipe.conf"
    fuser edit 12 --text-mail on
    fuser edit 15 --text-mail on --auto-print on
    for n in {1..5}; do
        for user in alice bob; do
            printf 'From: peer@else.example\nTo: %s@fax.example\nSubject: x\n\nmark-%s-%s-\n' \
                $user $user "polled$n" >mail
            smtp-send --url "lmtp://127.0.0.1:$((P + 4))" -f peer@else.example $user <mail
            sed -i s/polled/pushed/ mail
            { printf '%s\n' 'LHLO peer' 'MAIL FROM:<peer@else.example>' "RCPT TO:<$user@fax.example>" DATA
                cat mail
                printf '%s\n' . QUIT; } | sed 's/$/\r/' | smtp-recv --hostname fax.example --lmtp >replies
            grep -q '^250 2.0.0' replies
            echo "mark-$user-polled$n-" >>want
            echo "mark-$user-pushed$n-" >>want
        done
    done
    for n in 1 2 3; do
        background bash -c "fax-autorecv >out.$n 2>err.$n; echo \$? >status.$n"
    done
    until_true 60 test -s status.1 -a -s status.2 -a -s status.3
    [ "$(sort -u status.*)" = 0 ]
    # Who came second left a user to the first; what was left over belongs to the next run.
    fax-autorecv >out.4
    [ "$(on_server alice)" -eq 0 ] && [ "$(on_server bob)" -eq 0 ]
    [ -z "$(fax-spool list 12)$(fax-spool list 15)" ]
    for f in paper/*.pdf; do pdftotext "$f" -; done | grep -o 'mark-[a-z]*-[a-z0-9]*-' | sort >printed
    sort want | diff - printed
    [ "$(papers)" -eq 20 ]
    [ "$(cat out.* | wc -l)" -eq 20 ]
    [ "$(fuser journal --result printed --tsv | sed 1d | cut -f 6 | sort -u | wc -l)" -eq 20 ]
}
