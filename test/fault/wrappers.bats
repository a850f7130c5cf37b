# The wrappers killed at their stage boundaries: between any two of the programs they are made of.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs strace
    station
    { printf 'P4\n1728 40\n'; head -c 8640 /dev/zero | tr '\0' '\125'; } >page.pbm
}
teardown() { cleanup; }

# killed N COMMAND...: kills the shell of COMMAND when it waits for a child for the Nth time.
killed() {
    local n=$1
    shift
    strace -qq -o /dev/null -e trace=wait4 -e inject=wait4:signal=KILL:when="$n" \
        -- "$@" >/dev/null 2>&1
}

# What the shell had started goes on for a moment, and holds the user's lock as long.
settled() { flock -w 10 "$FAXPIPE_HOME/db/$1.lock" true; }

# bats test_tags=nosan
@test "fax-autorecv: killed between any two stages, every mail is printed or held after all" {
    receiver
    send_fax page.pbm alice@fax.example bob@fax.example
    cp -a "$FAXPIPE_HOME" whole
    done_at=0
    for n in $(seq 1 4 400); do
        rm -rf "$FAXPIPE_HOME" paper
        cp -a whole "$FAXPIPE_HOME"
        mkdir paper
        status=0
        killed "$n" fax-autorecv || status=$?
        settled 12
        settled 15
        # Nothing confidential has been printed, whatever happened.
        if fax-spool list 15 | grep -q .; then :; else echo "wait $n: lost"; return 1; fi
        fax-autorecv >/dev/null 2>&1
        [ -z "$(fax-spool list 12)" ] || { echo "wait $n: left with 12"; return 1; }
        [ "$(fax-spool list 15 | awk '{ print $2 }')" = held ] || { echo "wait $n: 15"; return 1; }
        fuser journal --user 12 | grep -q printed || { echo "wait $n: no journal row"; return 1; }
        if [ "$status" -eq 0 ]; then done_at=$n; break; fi
    done
    [ "$done_at" -gt 20 ]
}

# bats test_tags=nosan
@test "fax-send: killed between any two stages, the mail is sent whole or not at all" {
    receiver
    fuser edit 12 --submit "smtp://@127.0.0.1:$PORT"
    done_at=0
    for n in $(seq 1 2 200); do
        status=0
        killed "$n" fax-send 12 bob@fax.example page.pbm || status=$?
        for id in $(fax-spool list 15 | awk '{ print $1 }'); do
            pipe "fax-spool cat 15 $id | b64mime -d | g3tiff -d --pbm | cmp - page.pbm"
            fax-spool "done" 15 "$id"
        done
        if [ "$status" -eq 0 ]; then done_at=$n; break; fi
    done
    [ "$done_at" -gt 10 ]
}
