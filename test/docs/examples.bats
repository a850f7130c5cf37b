#!/usr/bin/env bats
# The manual is run: of each page's EXAMPLES the lines that begin with "$ ", in order, in one
# shell that stops at the first failure, in a directory with the files that they speak of and with
# a station of two users.
load ../lib/helper

# The files and the station are made once, and copied for each page.
setup_file() {
    export MODEL=$BATS_FILE_TMPDIR/model
    mkdir -p "$MODEL/work" "$MODEL/home" "$MODEL/tmp"
    export HOME=$MODEL/home TMPDIR=$MODEL/tmp FAXPIPE_HOME=$MODEL/station
    export PATH=$BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
    "$FAXPIPE_ROOT/test/lib/make-fixtures" "$MODEL/work"
    fuser init
    fuser add 12 --name Alice --login alice --address alice@fax.example --auto-receive on \
        --auto-print off --days 7 --password-file "$MODEL/work/pw"
    fuser add 15 --name Bob --login bob --address bob@fax.example --password-file "$MODEL/work/pw"
}

setup() {
    scratch
    cp -a "$MODEL/station" "$FAXPIPE_HOME"
    cp -a "$MODEL/work" "$T/work"
    cd "$T/work" || return 1
}
teardown() { cleanup; }

# The commands of a page, as a reader sees them.
commands() {
    mandoc -Tascii -Owidth=500 "$FAXPIPE_ROOT/man/$1" | col -bx |
        sed -n '/^EXAMPLES/,/^[A-Z]/{/^EXAMPLES/n;p;}' | sed -nE 's/^ +\$ //p'
}

page() {
    needs mandoc col
    commands "$1" >"$T/commands"
    [ -s "$T/commands" ] || { echo "$1 has no example that can be run"; return 1; }
    run bash -ex -o pipefail "$T/commands" </dev/null
    expect_status 0
}

@test "b64mime(1)" { page b64mime.1; }
@test "fax-autorecv(1)" { page fax-autorecv.1; }
@test "fax-print(1)" { page fax-print.1; }
@test "fax-queue(1)" { page fax-queue.1; }
@test "fax-scan(1)" { page fax-scan.1; }
@test "fax-send(1)" { page fax-send.1; }
@test "fax-spool(1)" { page fax-spool.1; }
@test "fuser(1)" { page fuser.1; }
@test "g3tiff(1)" { page g3tiff.1; }
@test "mbox-poll(1)" { page mbox-poll.1; }
@test "mime-crypt(1)" { page mime-crypt.1; }
@test "smtp-recv(1)" { page smtp-recv.1; }
@test "smtp-send(1)" { page smtp-send.1; }

@test "every program's page is run here" {
    for f in "$FAXPIPE_ROOT"/cmd/*.*; do
        f=${f##*/}
        grep -qF "{ page ${f%.*}.1; }" "$BATS_TEST_FILENAME" || { echo "${f%.*}"; return 1; }
    done
}
