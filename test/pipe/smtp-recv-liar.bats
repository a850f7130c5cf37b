# smtp-recv's worker was taken over and lies to its clerk, another process: he believes nothing that
# he has not seen himself.
# bats file_tags=nosan
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs openssl python3
    station
    certificate
    printf '%s\n' 'scram-iterations = 4096' 'smarthost = smtp://127.0.0.1:1' >>station/faxpipe.conf
    fuser edit 12 --domains branch.example --password-file alice.pw
    export PYTHONPATH=$FAXPIPE_ROOT/test/lib
    liar=$FAXPIPE_ROOT/bin/test/lib/lying_preload.so
}

teardown() { cleanup; }

# lying WHAT OPTION...: a server whose workers and clerk are processes of their own.
lying() {
    local what=$1
    shift
    export LIE=$what LD_PRELOAD=$liar
    receiver --workers 2 "$@"
    unset LIE LD_PRELOAD
}

# The reply to a mail from bob to alice that wants a notice of success.
notice() {
    python3 - "$PORT" <<'PY'
import smtplib, sys
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
s.ehlo("me.example")
assert s.mail("bob@fax.example")[0] == 250
assert s.rcpt("alice@fax.example", ["NOTIFY=SUCCESS"])[0] == 250
print(s.data(b"Subject: told\r\n\r\nx\r\n")[0])
s.quit()
PY
}

entries() { grep -h '^to ' station/queue/*.env; }

@test "who tells the truth has his notice, each time" {
    lying nothing
    [ "$(notice)" = 250 ]
    [ "$(notice)" = 250 ]
    [ "$(entries)" = $'to bob@fax.example\nto bob@fax.example' ]
}

@test "a notice for somebody else is not made, nor one about somebody else" {
    for lie in 'notice-to victim@else.example' 'notice-of 15@fax.example' \
        'notice-of victim@else.example'; do
        lying "$lie"
        [ "$(notice)" = 451 ]
        [ "$(ls station/spool/12/new | wc -l)" -gt 0 ]
        [ -z "$(ls station/queue)" ]
    done
}

@test "nor is a second one about one recipient" {
    lying notice-twice
    [ "$(notice)" = 451 ]
    [ "$(entries)" = 'to bob@fax.example' ]
}

# What alice's branch is told, asking for the turn as whoever logs in by this name and password.
turn() {
    python3 - "$PORT" "$1" "$2" <<'PY'
import odmr, sys
s = odmr.client(int(sys.argv[1]), sys.argv[2], sys.argv[3])
print(s.ask("TURN")[0])
PY
}

@test "whose mail a turned connection brings: that of who has logged in, for his domains" {
    printf 'From: bob@fax.example\nSubject: x\n\nHi\n' | fax-queue add -f bob@fax.example a@branch.example
    tls=(--auth --turn --tls-cert tls.pem --tls-key tls.key)
    lying 'turn-as alice' "${tls[@]}"
    [ "$(turn bob 'tea at five')" = 502 ]
    lying 'turn-as nobody' "${tls[@]}"
    [ "$(turn alice wonderland)" = 502 ]
    lying 'turn-for else.example' "${tls[@]}"
    [ "$(turn alice wonderland)" = 502 ]
    # The truth is believed, and so is who has proved it himself.
    lying 'turn-as alice' "${tls[@]}"
    [ "$(turn alice wonderland)" = 250 ]
}
