# Two stations that know each other: `here`, of here.example, with Alice (12), and `there`, of
# there.example, with Bob (15), whose queue keeps what is for here.example until it is asked for.
# Each program is run `at` one of them. After `scratch`.
# shellcheck shell=bash

at() { # STATION COMMAND...
    local home=$1
    shift
    FAXPIPE_HOME=$T/$home "$@"
}

two_stations() {
    local s
    for s in here there; do
        at "$s" fuser init
        printf '%s\n' "hostname = $s.example" "domain = $s.example" "ca = $T/tls.pem" \
            'scram-iterations = 4096' >"$T/$s/faxpipe.conf"
    done
    echo 'route.here.example = turn' >>"$T/there/faxpipe.conf"
    echo wonderland >"$T/alice.pw"
    at here fuser add 12 --name Alice --login alice --address alice@here.example \
        --password-file "$T/alice.pw"
    at there fuser add 15 --name Bob --login bob --address bob@there.example \
        --password-file "$T/alice.pw"
    # There, the other station is a user as well: here.example's mail is his.
    at there fuser add 90 --name 'Station here' --login here --address here@there.example \
        --domains here.example --password-file "$T/alice.pw"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        -keyout "$T/tls.key" -out "$T/tls.pem" 2>/dev/null
}

# owe N [SIZE]: so many mails for Alice wait there, numbered from 1.
owe() {
    local n
    for ((n = 1; n <= $1; n++)); do
        { printf 'From: bob@there.example\nSubject: for here %d\n\n' "$n"
          head -c "${2:-2}" /dev/zero | tr '\0' 'x' | fold -w 70; echo; } |
            at there fax-queue add -f bob@there.example alice@here.example >/dev/null
    done
}

owed() { at there fax-queue list --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'; }

# subjects STATION CODE: of the mail that has arrived for the user, sorted.
subjects() {
    find "$T/$1/spool/$2/new" -type f -exec grep -h '^Subject: ' {} + | tr -d '\r' | sort
}

mail_for_bob() {
    printf 'From: alice@here.example\nTo: bob@there.example\nSubject: for there %s\n\nHi\n' "$1"
}
