#!/usr/bin/env bats
# The README's indented lines are commands, and are run in order as a new user would, in one shell
# that stops at the first failure. What cannot be is skipped by name, here and nowhere else.
load ../lib/helper

setup() { scratch; }
teardown() {
    # What the README itself put into the background, where it did not get to its `kill`.
    [ ! -s "$T/server" ] || kill "$(cat "$T/server")" 2>/dev/null || :
    cleanup
}

# The commands under one heading, "## $1".
commands() { sed -n "/^## $1\$/,/^## /{s/^    //p;}" "$FAXPIPE_ROOT/README.md"; }

@test "the five minutes, word for word" {
    mkdir work && cd work
    "$FAXPIPE_ROOT/test/lib/make-fixtures" . && rm -f letter.txt page.pbm fax.* mail.eml pw
    # The clone's bin/ is what is tested.
    ln -s "$BIN" bin
    port=$(free_port)
    commands 'Five minutes' >all
    # The outside world: a server of somebody else's.
    grep -q '^fax-send 15 carol@example.org,dave@example.org letter.pdf$' all
    # Ports are free ones, and a script must wait where a person takes a moment.
    sed -e '/^fax-send 15 carol@example.org,dave@example.org letter.pdf$/d' -e "s/\b2525\b/$port/" \
        -e "s|^smtp-recv .*&\$|&\necho \$! >$T/server\nuntil (: </dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.05; done|" \
        all >run
    grep -q "127.0.0.1:$port " run && grep -q '^until' run
    run timeout 60 bash -e -o pipefail run </dev/null
    expect_status 0
    # And it did what its words say.
    [ "$(g3tiff --info letter.tif | wc -l)" -eq 2 ]
    [ "$(head -c 5 received.pdf)" = %PDF- ] && [ "$(head -c 5 bob.pdf)" = %PDF- ]
    [[ $output == *'S29  held for 7 days'* ]]
    [ "$(stat -c %a bob.pw)" = 600 ]
    export FAXPIPE_HOME=$HOME/fax-station
    [ "$(fuser journal --tsv | grep -c printed)" -eq 1 ]
    [ -z "$(fax-spool list 15)" ]
    [ "$(fuser get 15 submit)" = smtps://mail.example ]
}

@test "the two first commands and those for developers are there" {
    cd "$FAXPIPE_ROOT" || return 1
    { sed -n '/^# faxpipe$/,/^## /{s/^    //p;}' README.md; commands 'For developers'; } |
        sed 's/ *#.*//; s/ && FAXPIPE_BIN=.*//' >"$T/commands"
    [ "$(head -2 "$T/commands" | tr '\n' ' ')" = 'make demo make test ' ]
    # Not run, since they are all of the tests: each names targets that exist, or a file that does.
    while read -r line; do
        case $line in
        make | make\ *) eval "$line -n -o deps" >/dev/null || { echo "$line"; return 1; } ;;
        test/run\ *) [ -x test/run ] && [ -e "${line#* }" ] ;;
        *) echo "a command that this test does not know: $line"; return 1 ;;
        esac
    done <"$T/commands"
    # What the targets call is there as well.
    for f in test/demo test/run test/bench/g3 test/house/lint test/house/fuzz; do [ -x "$f" ] || { echo "$f"; return 1; }; done
}

@test "the table has every program, and no other" {
    for f in "$FAXPIPE_ROOT"/cmd/*.*; do f=${f##*/}; echo "${f%.*}"; done | sort >programs
    sed -n '/^## The programs$/,/^## /{s/^| `\([a-z0-9-]*\)` .*/\1/p;}' "$FAXPIPE_ROOT/README.md" | sort |
        diff programs -
}
