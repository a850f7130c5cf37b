# A receiver that does as it is told, for tests of senders.
# shellcheck shell=bash

# fake [SCENARIO-LINE]...: starts test/lib/fake-smtp; PORT and URL are where it is, and what it
# heard lies in fake/.
fake() { fake_smtp "$@"; }

# The same, for tests whose fake does more.
fake_smtp() {
    rm -rf fake && mkdir fake
    printf '%s\n' "$@" >fake/plan
    background "$FAXPIPE_ROOT/test/lib/fake-smtp" fake fake/plan
    until_true 10 test -s fake/port
    PORT=$(cat fake/port)
    # shellcheck disable=SC2034 # the tests read it
    URL=smtp://127.0.0.1:$PORT
}
