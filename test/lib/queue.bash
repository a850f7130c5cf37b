# A station that is but a queue, for tests of fax-queue: what puts entries in and makes them older.
# shellcheck shell=bash
load ../lib/fake

# fake [SCENARIO-LINE]...: a receiver that does as it is told, and the station's smarthost.
fake() {
    fake_smtp "$@"
    conf
}

# shellcheck disable=SC2120 # the tests give them
conf() { # LINE...
    printf '%s\n' 'hostname = fax.example' "smarthost = $URL" "$@" >station/faxpipe.conf
}

# add [OPTION]... RECIPIENT...: mail.eml; ID is the entry's.
# shellcheck disable=SC2034 # the tests read it
add() { ID=$(fax-queue add -f alice@fax.example "$@" <mail.eml); }

# age ID SECONDS: as if it had been added so long ago and were due.
age() {
    sed -i "s/^created .*/created $(($(date +%s) - $2))/; s/^next .*/next 1/" "station/queue/$1.env"
}
