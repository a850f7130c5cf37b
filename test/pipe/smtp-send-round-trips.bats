# Round trips over a line on which each costs something, to our receiver with TLS and log-in.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs python3 openssl
    station
    certificate
    receiver --tls-cert tls.pem --tls-key tls.key --auth --max-recipients 100
    for ((i = 0; i < 20; i++)); do
        fuser alias set "list$i" alice@fax.example >/dev/null
        to+=("list$i@fax.example")
    done
}
teardown() { cleanup; }

line() { # sets far
    rm -f port turns
    mkdir -p line
    rm -f line/*
    background "$FAXPIPE_ROOT/test/lib/delay-line" line "$PORT" 20
    until_true 10 test -s line/port
    far=smtp://alice@localhost:$(cat line/port)
}

turns() { until_true 10 test -s line/turns; cat line/turns; rm line/turns; }

@test "20 recipients: at most 3 round trips behind the log-in, as many as one recipient's" {
    line
    smtp-send --url "$far" --ca tls.pem --password-file alice.pw --help-peer >help
    grep -q RCPT help
    asking=$(turns) # all up to the log-in, HELP, and QUIT
    smtp-send --url "$far" --ca tls.pem --password-file alice.pw -f alice@fax.example "${to[@]}" \
        <<<$'From: alice@fax.example\nSubject: s\n\nx'
    mail=$(turns)
    [ "$((mail - asking + 2))" -le 3 ] || { echo "$mail, and asking $asking"; return 1; }
    # shellcheck disable=SC2012
    [ "$(ls "$FAXPIPE_HOME"/spool/12/new | wc -l)" -ge 1 ]
}
