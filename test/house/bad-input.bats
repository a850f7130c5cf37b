#!/usr/bin/env bats
# The house's promises, kept by every program alike: what is wrong gets its status and one clear
# line, nothing that could pass for whole comes of it, and nothing stays behind. A test is a program
# and a promise; the tables below say with which command lines. The last test holds the tables to
# the programs there are.
load ../lib/helper

HOSTILE=$FAXPIPE_ROOT/test/lib/hostile

# What all tests read is made once.
setup_file() {
    export MODEL=$BATS_FILE_TMPDIR/model
    mkdir -p "$MODEL/work" "$MODEL/home" "$MODEL/tmp"
    export HOME=$MODEL/home TMPDIR=$MODEL/tmp FAXPIPE_HOME=$MODEL/station
    export PATH=$BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
    cd "$MODEL/work" || return 1
    "$FAXPIPE_ROOT/test/lib/make-fixtures" .
    mkdir directory
    : >empty
    for n in 1 2 3; do
        # No text and no magic number begins with 0xff.
        python3 -c "import random, sys
sys.stdout.buffer.write(b'\377' + random.Random($n).randbytes(4095))" >"noise$n"
    done
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bob -keyout bob.key -out bob.pem 2>/dev/null
    mime-crypt --method smime-aes256-gcm --cert bob.pem mail.eml >gcm.eml
    mime-crypt --method smime-aes256-cbc --cert bob.pem mail.eml >cbc.eml
    mime-crypt --sign bob.key --signer bob.pem mail.eml >signed.eml
    base64 <fax.tif >fax.b64
    fuser init
    printf 'domain = fax.example\nhostname = us.example\n' >"$FAXPIPE_HOME/faxpipe.conf"
    fuser add 12 --name Alice --login alice --address alice@fax.example --auto-receive on \
        --auto-print off --password-file pw
    fuser add 15 --name Bob --login bob --address bob@fax.example --password-file pw
    fuser export >users.txt
    { printf 'HELO x\nMAIL FROM:<a@b.example>\nRCPT TO:<alice@fax.example>\nDATA\n'; cat mail.eml
        printf '.\nQUIT\n'; } >batch
    smtp-recv --batch batch
    fax-spool list 12 | awk '{ print $1 }' >id
    fax-queue add -f a@b.example c@d.example <mail.eml >/dev/null
}

setup() {
    scratch
    cp -a "$MODEL/station" "$FAXPIPE_HOME"
    cp -a "$MODEL/work" "$T/work"
    cd "$T/work" || return 1
    ls -A >"$T/before"
}
teardown() { cleanup; }

# Command lines, one a line; FILE is the input in question. DIR a place to write to.
inputs_b64mime() { cat <<'L'
b64mime FILE
b64mime -d FILE
b64mime --bare FILE
b64mime --bare -d FILE
b64mime --list --json FILE
b64mime --headers FILE
b64mime --kind FILE
b64mime --report FILE
b64mime --all out FILE
b64mime --from a@b.example --to c@d.example --text=FILE
L
}
inputs_g3tiff() { cat <<'L'
g3tiff FILE
g3tiff -d FILE
g3tiff --info FILE
g3tiff --check s FILE
L
}
inputs_mime_crypt() { cat <<'L'
mime-crypt -d --key bob.key --cert bob.pem FILE
mime-crypt -d --key FILE --cert bob.pem cbc.eml
mime-crypt -d --key bob.key --cert FILE cbc.eml
mime-crypt --method smime-aes256-gcm --cert bob.pem FILE
mime-crypt --method smime-aes256-gcm --cert FILE mail.eml
mime-crypt --verify --ca bob.pem FILE
mime-crypt --verify --ca FILE signed.eml
mime-crypt --sign bob.key --signer bob.pem FILE
mime-crypt --sign FILE --signer bob.pem mail.eml
mime-crypt --sign bob.key --signer FILE mail.eml
mime-crypt --unsign FILE
L
}
inputs_fax_scan() { cat <<'L'
fax-scan FILE
fax-scan page.pbm FILE
L
}
inputs_fax_print() { cat <<'L'
fax-print -o out FILE
fax-print --preview FILE
fax-print -o out letter.txt FILE
L
}
inputs_smtp_send() { cat <<'L'
smtp-send --url smtp://127.0.0.1:1 -f a@b.example --file FILE c@d.example
smtp-send --url smtp://127.0.0.1:1 -t --file FILE
smtp-send --url smtp://127.0.0.1:1 -f a@b.example --mbox --file FILE c@d.example
L
}
inputs_smtp_recv() { echo 'smtp-recv --batch FILE'; }
inputs_fuser() { cat <<'L'
fuser import FILE
fuser encryption set a@b.example smime-aes256-gcm --cert FILE
fuser edit 12 --certificate FILE
fuser edit 12 --smime-key FILE
fuser key import 12 --smime-key FILE --certificate bob.pem
fuser key import 12 --smime-key bob.key --certificate FILE
L
}
inputs_fax_queue() { :; } # standard input alone
inputs_mbox_poll() { :; }
inputs_fax_spool() { :; }
inputs_fax_autorecv() { :; }
inputs_fax_send() { cat <<'L'
fax-send 12 c@d.example FILE
fax-send -t FILE 12 c@d.example page.pbm
L
}
# Secrets and settings are files too, but noise in them is not the input's.
files() { inputs_"${1//-/_}"; case $1 in
    fuser) echo 'fuser passwd 12 --password-file FILE' ;;
    smtp-send) echo 'smtp-send --url smtp://u@127.0.0.1:1 -f a@b.example --password-file FILE --file mail.eml c@d.example' ;;
    mbox-poll) echo 'mbox-poll --url pop3://u@127.0.0.1:1/ --check --password-file FILE' ;;
    esac; }

streams() { case $1 in
    b64mime) printf 'b64mime%s\n' '' ' -d' ' --bare -d' ' --list' ;;
    g3tiff) printf 'g3tiff%s\n' '' ' -d' ;;
    mime-crypt) printf 'mime-crypt %s\n' '-d --key bob.key --cert bob.pem' \
        '--method smime-aes256-gcm --cert bob.pem' ;;
    fax-scan) echo fax-scan ;;
    fax-print) echo 'fax-print -o out' ;;
    smtp-send) echo 'smtp-send --url smtp://127.0.0.1:1 -f a@b.example c@d.example' ;;
    smtp-recv) echo 'smtp-recv --batch -' ;;
    fuser) echo 'fuser import -' ;;
    fax-queue) echo 'fax-queue add -f a@b.example c@d.example' ;;
    fax-send) echo 'fax-send 12 c@d.example' ;;
    esac; }

outputs() { case $1 in
    b64mime) printf 'b64mime %s\n' fax.tif '--bare fax.tif' '-d mail.eml' '--list mail.eml' \
        '--list --json mail.eml' '--headers mail.eml' '--kind mail.eml' '--all out mail.eml' ;;
    g3tiff) printf 'g3tiff %s\n' fax.g3 '-d fax.tif' '-d --pbm fax.tif' '-d --raw fax.tif' \
        '--info fax.tif' '--info --json fax.tif' ;;
    mime-crypt) printf 'mime-crypt %s\n' '--method smime-aes256-gcm --cert bob.pem mail.eml' \
        '-d --key bob.key --cert bob.pem cbc.eml' ;;
    fax-scan) printf 'fax-scan %s\n' page.pbm '--raw letter.txt' ;;
    fax-print) printf 'fax-print %s\n' '-o - fax.tif' '-o - --format pbm fax.tif' '--preview fax.tif' \
        '-o - --format text mail.eml' '-o - --format tiff mail.eml' '--user 12 --list' ;;
    smtp-recv) echo smtp-recv ;;
    fax-queue) printf 'fax-queue list%s\n' '' ' --json' ;;
    fax-spool) printf 'fax-spool %s\n' 'list 12' 'list 12 --json' "cat 12 $(cat id)" ;;
    fuser) printf 'fuser %s\n' list 'list --json' 'list --tsv' 'show 12' 'get 12 name' export \
        'explain 12' 'explain 12 --json' 'journal --json' 'journal --csv' ;;
    fax-autorecv) printf 'fax-autorecv %s\n' '--dry-run' '--dry-run --json' ;;
    esac
    command_word=''
    [ "$1" != fuser ] || command_word=' list'
    printf "$1$command_word %s\n" --help --usage --version --list-options; }

# each LISTER PROGRAM CHECK...: CHECK for every command line as words; names those that fail.
each() {
    local line bad=0
    while read -r line <&5; do
        # shellcheck disable=SC2086
        "${@:3}" $line 5<&- || { echo "^^^ $line"; bad=1; }
    done 5< <("$1" "$2")
    return $bad
}

# Nothing new lies here or in TMPDIR.
clean() {
    ls -A | diff "$T/before" - >"$T/diff" || { cat "$T/diff"; rm -rf out; return 1; }
    [ -z "$(ls -A "$TMPDIR")" ] || { ls -A "$TMPDIR"; return 1; }
}

# refused STATUS COMMAND...: with that status, one line, no output and no trace.
refused() {
    local want=$1
    shift
    run --separate-stderr "$@" </dev/null
    expect_refusal "$want" && clean
}

usage() {
    local command=() p=$1
    [ "$p" != fuser ] || command=(list)
    refused 64 "$p" "${command[@]}" --no-such-option
    refused 64 "$p" "${command[@]}" -Z
    refused 64 "$p" "${command[@]}" --config
    # As long as an argument can be: told, not in full.
    long=$(head -c 120000 /dev/zero | tr '\0' x)
    refused 64 "$p" "${command[@]}" "--no-$long"
    [ "${#stderr}" -lt 2000 ]
}

gone() { refused 66 "${@//FILE/no-such-file}" && refused 66 "${@//FILE/directory}"; }
missing() { each files "$1" gone; }

# What is no mail, no picture, no table: empty, noise.
worthless() {
    local f
    for f in empty noise1 noise2 noise3; do
        # Anything at all can be made base64, or wrapped as a mail; text of any kind be its cover.
        case "$f $*" in
        empty*'b64mime --bare FILE') continue ;;
        noise*'b64mime FILE' | noise*'b64mime --bare FILE' | noise*--text* | noise*' -t FILE'*) continue ;;
        esac
        refused 65 "${@//FILE/$f}" || { echo "$f"; return 1; }
    done
}
noise() { each inputs_"${1//-/_}" "$1" worthless && each streams "$1" worthless_stream; }
worthless_stream() {
    local f
    for f in empty noise1 noise2; do
        case "$f $*" in noise*' b64mime') continue ;; esac
        run --separate-stderr "$@" <"$f"
        { expect_refusal 65 && clean; } || { echo "$f"; return 1; }
    done
}

lost_to() {
    local mode
    for mode in full closed; do
        run --separate-stderr "$HOSTILE" "$mode" "$@" </dev/null
        expect_refusal 74 || { echo "$mode"; return 1; }
        rm -rf out
        clean || return 1
    done
}
lost() { each outputs "$1" lost_to; }

unread() {
    local mode
    for mode in gone ignored; do
        run --separate-stderr "$HOSTILE" "$mode" "$@" </dev/null
        [ "$status" -eq 141 ] && [ -z "$stderr" ] || { echo "$mode: $status $stderr"; return 1; }
        rm -rf out
        clean || return 1
    done
}
pipes() { each outputs "$1" unread; }

# The input in the middle of which each is stopped; for fax-queue and fuser too.
midway() { case $* in
    *-d*--key*) echo cbc.eml ;;
    'b64mime --bare -d'*) echo fax.b64 ;;
    b64mime | 'g3tiff -d'* | fax-print*) echo fax.tif ;;
    g3tiff*) echo fax.g3 ;;
    fax-scan* | fax-send*) echo page.pbm ;;
    fuser*) echo users.txt ;;
    smtp-recv*) echo batch ;;
    *) echo mail.eml ;;
    esac; }
stopped() {
    run "$HOSTILE" TERM "$(midway "$@")" "$@"
    { expect_status 143 && [ -z "$output" ] && clean; } || { echo "TERM: $output"; return 1; }
    run "$HOSTILE" INT "$(midway "$@")" "$@"
    { expect_status 130 && [ -z "$output" ] && clean; } || { echo "INT: $output"; return 1; }
}
signals() {
    each streams "$1" stopped
    [ -z "$(find "$FAXPIPE_HOME"/spool/*/tmp "$FAXPIPE_HOME/queue/tmp" -type f 2>/dev/null)" ]
    [ "$(fax-queue list | grep -c '^[0-9a-f]')" -eq 1 ]
    [ "$(fax-spool list 12 | wc -l)" -eq 1 ]
}

deaf() {
    run --separate-stderr bash -c '"$@" <&-' deaf "$@"
    expect_refusal 74 && clean
}
stdin_closed() { each streams "$1" deaf; }

# A name that begins with a dash, behind `--` where it is an operand.
dashed() {
    local words=() word seen='' f=-x
    for word; do
        if [ "$word" = --text=FILE ]; then
            words+=("--text=$f")
        elif [ "$word" = FILE ]; then
            case $seen in
            --file | --cert | --key | --batch | --certificate | --smime-key | --sign | --signer | --ca | -t | --password-file) words+=("$f") ;;
            *) words+=(-- "$f") ;;
            esac
        else
            words+=("$word")
        fi
        seen=$word
    done
    # It is read, and refused for what it is.
    cp noise1 ./-x
    run --separate-stderr "${words[@]}" </dev/null
    rm -f ./-x
    rm -rf out
    [ "$status" -ne 64 ] && [ "$status" -ne 66 ] || { echo "$status: $stderr"; return 1; }
}
# ESC, CSI (also as one byte), a line end, DEL: none reaches the terminal.
armed() {
    local name
    name=$(printf 'a\n\033[31mb\302\2331m\2331mc\177\tz')
    run --separate-stderr "${@//FILE/$name}" </dev/null
    expect_refusal 66 || return 1
    ! printf '%s' "$stderr" | LC_ALL=C grep -qP '[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|(?<![\x80-\xff])[\x80-\xbf]'
}
names() {
    each files "$1" dashed
    each files "$1" armed
    local command=()
    [ "$1" != fuser ] || command=(list)
    refused 64 "$1" "${command[@]}" "--$(printf 'a\n\033[31mb\302\2331m')"
    ! printf '%s' "$stderr" | LC_ALL=C grep -qP '[\x00-\x1f\x7f]|\xc2[\x80-\x9f]'
}

# Where nothing can be made: a directory that is not there, and a disk of four pages.
written() { case $1 in
    b64mime) printf 'b64mime %s\n' '-d -o DIR/out mail.eml' '--all DIR/out mail.eml' '--bare -o DIR/out fax.tif' ;;
    g3tiff) printf 'g3tiff %s\n' '-o DIR/out fax.g3' '-d -o DIR/out fax.tif' ;;
    fax-print) printf 'fax-print -o DIR/out%s\n' ' fax.tif' ' --format png fax.tif' ' --format pbm mail.eml' ;;
    fuser) echo 'fuser backup DIR/out' ;;
    esac; }
unmakeable() {
    run --separate-stderr "${@//DIR/no-such-directory}" </dev/null
    expect_refusal 73 && clean
}
places() { each written "$1" unmakeable; }
filled() {
    run --separate-stderr unshare -m bash -c '
        mount -t tmpfs -o size=16k tmpfs directory || exit 99
        "$@" </dev/null
        status=$?
        # A directory that was asked for may stand; no file in it.
        find directory -type f >&2
        exit $status' filled "${@//DIR/directory}"
    expect_refusal 74
}
# A file may not become larger than eight kilobytes: SIGXFSZ kills nobody.
limited() {
    run --separate-stderr bash -c 'ulimit -f 8; exec "$@" </dev/null' limited "${@//DIR/directory}"
    expect_refusal 74 || return 1
    [ -z "$(find directory -type f)" ] || { find directory -type f; return 1; }
    rm -rf directory/*
}
disk() {
    each written "$1" limited
    needs_root
    unshare -m true 2>/dev/null || skip "no mount namespaces"
    each written "$1" filled
}

@test "b64mime: an unknown option or one without its argument is 64" { usage b64mime; }
@test "fax-autorecv: an unknown option or one without its argument is 64" { usage fax-autorecv; }
@test "fax-print: an unknown option or one without its argument is 64" { usage fax-print; }
@test "fax-queue: an unknown option or one without its argument is 64" { usage fax-queue; }
@test "fax-scan: an unknown option or one without its argument is 64" { usage fax-scan; }
@test "fax-send: an unknown option or one without its argument is 64" { usage fax-send; }
@test "fax-spool: an unknown option or one without its argument is 64" { usage fax-spool; }
@test "fuser: an unknown option or one without its argument is 64" { usage fuser; }
@test "g3tiff: an unknown option or one without its argument is 64" { usage g3tiff; }
@test "mbox-poll: an unknown option or one without its argument is 64" { usage mbox-poll; }
@test "mime-crypt: an unknown option or one without its argument is 64" { usage mime-crypt; }
@test "smtp-recv: an unknown option or one without its argument is 64" { usage smtp-recv; }
@test "smtp-send: an unknown option or one without its argument is 64" { usage smtp-send; }

@test "b64mime: an input that is missing or a directory is 66" { missing b64mime; }
@test "fax-print: an input that is missing or a directory is 66" { missing fax-print; }
@test "fax-scan: an input that is missing or a directory is 66" { missing fax-scan; }
@test "fax-send: an input that is missing or a directory is 66" { missing fax-send; }
@test "fuser: an input that is missing or a directory is 66" { missing fuser; }
@test "g3tiff: an input that is missing or a directory is 66" { missing g3tiff; }
@test "mbox-poll: an input that is missing or a directory is 66" { missing mbox-poll; }
@test "mime-crypt: an input that is missing or a directory is 66" { missing mime-crypt; }
@test "smtp-recv: an input that is missing or a directory is 66" { missing smtp-recv; }
@test "smtp-send: an input that is missing or a directory is 66" { missing smtp-send; }

@test "b64mime: empty and random input is 65" { noise b64mime; }
@test "fax-print: empty and random input is 65" { noise fax-print; }
@test "fax-queue: empty and random input is 65" { noise fax-queue; }
@test "fax-scan: empty and random input is 65" { noise fax-scan; }
@test "fax-send: empty and random input is 65" { noise fax-send; }
@test "fuser: empty and random input is 65" { noise fuser; }
@test "g3tiff: empty and random input is 65" { noise g3tiff; }
@test "mime-crypt: empty and random input is 65" { noise mime-crypt; }
@test "smtp-recv: empty and random input is 65" { noise smtp-recv; }
@test "smtp-send: empty and random input is 65" { noise smtp-send; }

@test "b64mime: a lost stdout is 74" { lost b64mime; }
@test "fax-autorecv: a lost stdout is 74" { lost fax-autorecv; }
@test "fax-print: a lost stdout is 74" { lost fax-print; }
@test "fax-queue: a lost stdout is 74" { lost fax-queue; }
@test "fax-scan: a lost stdout is 74" { lost fax-scan; }
@test "fax-send: a lost stdout is 74" { lost fax-send; }
@test "fax-spool: a lost stdout is 74" { lost fax-spool; }
@test "fuser: a lost stdout is 74" { lost fuser; }
@test "g3tiff: a lost stdout is 74" { lost g3tiff; }
@test "mbox-poll: a lost stdout is 74" { lost mbox-poll; }
@test "mime-crypt: a lost stdout is 74" { lost mime-crypt; }
@test "smtp-recv: a lost stdout is 74" { lost smtp-recv; }
@test "smtp-send: a lost stdout is 74" { lost smtp-send; }

@test "b64mime: a closed pipe is 141, silently" { pipes b64mime; }
@test "fax-autorecv: a closed pipe is 141, silently" { pipes fax-autorecv; }
@test "fax-print: a closed pipe is 141, silently" { pipes fax-print; }
@test "fax-queue: a closed pipe is 141, silently" { pipes fax-queue; }
@test "fax-scan: a closed pipe is 141, silently" { pipes fax-scan; }
@test "fax-send: a closed pipe is 141, silently" { pipes fax-send; }
@test "fax-spool: a closed pipe is 141, silently" { pipes fax-spool; }
@test "fuser: a closed pipe is 141, silently" { pipes fuser; }
@test "g3tiff: a closed pipe is 141, silently" { pipes g3tiff; }
@test "mbox-poll: a closed pipe is 141, silently" { pipes mbox-poll; }
@test "mime-crypt: a closed pipe is 141, silently" { pipes mime-crypt; }
@test "smtp-recv: a closed pipe is 141, silently" { pipes smtp-recv; }
@test "smtp-send: a closed pipe is 141, silently" { pipes smtp-send; }

@test "b64mime: SIGTERM is 143, SIGINT 130, and nothing stays" { signals b64mime; }
@test "fax-print: SIGTERM is 143, SIGINT 130, and nothing stays" { signals fax-print; }
@test "fax-queue: SIGTERM is 143, SIGINT 130, and nothing stays" { signals fax-queue; }
@test "fax-scan: SIGTERM is 143, SIGINT 130, and nothing stays" { signals fax-scan; }
@test "fax-send: SIGTERM is 143, SIGINT 130, and nothing stays" { signals fax-send; }
@test "fuser: SIGTERM is 143, SIGINT 130, and nothing stays" { signals fuser; }
@test "g3tiff: SIGTERM is 143, SIGINT 130, and nothing stays" { signals g3tiff; }
@test "mime-crypt: SIGTERM is 143, SIGINT 130, and nothing stays" { signals mime-crypt; }
@test "smtp-recv: SIGTERM is 143, SIGINT 130, and nothing stays" { signals smtp-recv; }
@test "smtp-send: SIGTERM is 143, SIGINT 130, and nothing stays" { signals smtp-send; }

@test "b64mime: no standard input is 74" { stdin_closed b64mime; }
@test "fax-print: no standard input is 74" { stdin_closed fax-print; }
@test "fax-queue: no standard input is 74" { stdin_closed fax-queue; }
@test "fax-scan: no standard input is 74" { stdin_closed fax-scan; }
@test "fax-send: no standard input is 74" { stdin_closed fax-send; }
@test "fuser: no standard input is 74" { stdin_closed fuser; }
@test "g3tiff: no standard input is 74" { stdin_closed g3tiff; }
@test "mime-crypt: no standard input is 74" { stdin_closed mime-crypt; }
@test "smtp-recv: no standard input is 74" { stdin_closed smtp-recv; }
@test "smtp-send: no standard input is 74" { stdin_closed smtp-send; }

@test "b64mime: names that begin with - or would command the terminal" { names b64mime; }
@test "fax-autorecv: names that begin with - or would command the terminal" { names fax-autorecv; }
@test "fax-print: names that begin with - or would command the terminal" { names fax-print; }
@test "fax-queue: names that begin with - or would command the terminal" { names fax-queue; }
@test "fax-scan: names that begin with - or would command the terminal" { names fax-scan; }
@test "fax-send: names that begin with - or would command the terminal" { names fax-send; }
@test "fax-spool: names that begin with - or would command the terminal" { names fax-spool; }
@test "fuser: names that begin with - or would command the terminal" { names fuser; }
@test "g3tiff: names that begin with - or would command the terminal" { names g3tiff; }
@test "mbox-poll: names that begin with - or would command the terminal" { names mbox-poll; }
@test "mime-crypt: names that begin with - or would command the terminal" { names mime-crypt; }
@test "smtp-recv: names that begin with - or would command the terminal" { names smtp-recv; }
@test "smtp-send: names that begin with - or would command the terminal" { names smtp-send; }

@test "b64mime: an output that cannot be made is 73" { places b64mime; }
@test "fax-print: an output that cannot be made is 73" { places fax-print; }
@test "g3tiff: an output that cannot be made is 73" { places g3tiff; }
@test "fuser: an output that cannot be made is 73" { places fuser; }

@test "b64mime: a full disk is 74 and leaves no file" { disk b64mime; }
@test "fax-print: a full disk is 74 and leaves no file" { disk fax-print; }
@test "g3tiff: a full disk is 74 and leaves no file" { disk g3tiff; }
@test "fuser: a full disk is 74 and leaves no file" { disk fuser; }

# cut_at FILE COMMAND...: FILE, cut at several places, is 65 on standard input and (as FILE) as an
# operand, and nothing comes of it.
cut_at() {
    local file=$1 size at
    shift
    size=$(stat -c %s "$file")
    for at in 9 $((size / 10)) $((size / 2)) $((size * 9 / 10)) $((size - 9)); do
        head -c "$at" "$file" >"$T/cut"
        run --separate-stderr "${@//FILE/$T/cut}" <"$T/cut"
        expect_refusal 65 && clean || { echo "$at of $size: $*"; return 1; }
    done
}
# streams_cut FILE READER COMMAND...: the same on standard input, but something may come out before
# the cut is seen; it does not pass for whole: READER refuses it.
streams_cut() {
    local file=$1 reader=$2 size at
    shift 2
    size=$(stat -c %s "$file")
    for at in 9 $((size / 10)) $((size / 2)) $((size * 9 / 10)) $((size - 9)); do
        head -c "$at" "$file" >"$T/cut"
        run bash -c '"$@" 2>&1 >"$T/part"' streams_cut "$@" <"$T/cut"
        expect_status 65 && [ "${#lines[@]}" -eq 1 ] || { echo "$at of $size: $*: $output"; return 1; }
        [ ! -s "$T/part" ] || run $reader "$T/part"
        expect_status 65 || { echo "$reader takes what came of $at of $size"; return 1; }
    done
}

@test "g3tiff: a cut page stream is 65, and a pipe's reader sees that it is" {
    cut_at fax.g3 g3tiff -o out
    streams_cut fax.g3 'g3tiff --info' g3tiff
}
@test "g3tiff: a cut TIFF is 65; only its last row is repaired" {
    for less in 3000 20000 50000; do
        head -c -$less fax.tif >"$T/cut"
        run --separate-stderr g3tiff -d -o out "$T/cut"
        expect_refusal 65 && clean
        run bash -c 'g3tiff -d "$T/cut" 2>/dev/null >"$T/part"'
        expect_status 65
        [ ! -s "$T/part" ] || run g3tiff "$T/part"
        expect_status 65
    done
    head -c -1 fax.tif >"$T/cut"
    run --separate-stderr g3tiff -d -o "$T/out" "$T/cut"
    expect_status 0
    [[ $stderr == *'damaged rows repaired'* ]]
    run --separate-stderr g3tiff -d --strict -o out "$T/cut"
    expect_refusal 65 && clean
}
@test "b64mime: a mail whose base64 is cut is read as far as it goes, with a warning" {
    size=$(stat -c %s mail.eml)
    for at in $((size / 2)) $((size - 2000)) $((size - 90)); do
        # Within four characters of base64, not between two.
        while head -c "$at" mail.eml | tail -1 | tr -d '\n' | wc -c | awk '{ exit $1 % 4 == 0 }'; [ $? -ne 0 ]; do
            at=$((at + 1))
        done
        head -c "$at" mail.eml >"$T/cut"
        run --separate-stderr b64mime -d -o "$T/part" "$T/cut"
        expect_status 0
        [ "${#stderr_lines[@]}" -eq 1 ] && [[ $stderr == *warning*repaired* ]]
        cmp -n "$(stat -c %s "$T/part")" "$T/part" fax.tif
        run --separate-stderr b64mime -d --strict -o out "$T/cut"
        expect_refusal 65 && clean
    done
    # What stands before the body is no part of it: the header alone has no fax.
    run -1 b64mime -d <(printf 'From: a@b.example\nSub')
}
@test "b64mime: bare base64 cut within its four is 65" {
    head -c 1001 fax.b64 | tr -d '\n' | head -c 985 >"$T/cut"
    run --separate-stderr b64mime --bare -d -o out "$T/cut"
    expect_refusal 65 && clean
}
@test "mime-crypt: a cut sealed mail is 65, and not a byte of it comes out" {
    cut_at cbc.eml mime-crypt -d --key bob.key --cert bob.pem
    cut_at gcm.eml mime-crypt -d --key bob.key --cert bob.pem
    cut_at bob.pem mime-crypt --method smime-aes256-gcm --cert FILE mail.eml
    cut_at signed.eml mime-crypt --unsign
    cut_at signed.eml mime-crypt --verify --ca bob.pem
    cut_at bob.pem mime-crypt --verify --ca FILE signed.eml
    cut_at bob.key mime-crypt -d --key FILE --cert bob.pem cbc.eml
}
@test "fax-scan: a cut picture or PDF is 65, and a pipe's reader sees that it is" {
    for f in page.pbm photo.png; do streams_cut $f 'g3tiff --info' fax-scan; done
    for n in 3 10 100; do
        head -c $(($(stat -c %s letter.pdf) * n / 110)) letter.pdf >"$T/cut"
        run --separate-stderr fax-scan "$T/cut"
        expect_refusal 65 && clean
    done
}
@test "fax-print: a cut document is 65, and no paper" {
    cut_at fax.g3 fax-print -o out
    for less in 3000 20000 50000; do
        head -c -$less fax.tif >"$T/cut"
        run --separate-stderr fax-print -o out "$T/cut"
        expect_refusal 65 && clean
        head -c -$((less * 5 / 4)) mail.eml >"$T/cut"
        run --separate-stderr fax-print -o out "$T/cut"
        expect_refusal 65 && clean
        head -c $((less / 20)) letter.pdf >"$T/cut"
        run --separate-stderr fax-print -o out "$T/cut"
        expect_refusal 65 && clean
    done
}
@test "fuser: a cut export or certificate is 65 and changes nothing" {
    fuser edit 12 --days 14
    fuser export >"$T/whole"
    cut_at "$T/whole" fuser import FILE
    cut_at users.txt fuser import -
    cut_at bob.pem fuser encryption set a@b.example smime-aes256-gcm --cert FILE
    cut_at bob.pem fuser edit 12 --certificate FILE
    cut_at bob.key fuser edit 12 --smime-key FILE
    fuser export | cmp - "$T/whole"
}
@test "smtp-recv: a cut batch is 65 and delivers nothing" {
    cut_at batch smtp-recv --batch -
    [ "$(fax-spool list 12 | wc -l)" -eq 1 ]
}
@test "smtp-recv: a session of random bytes is answered and survived" {
    for f in empty noise1 noise2 noise3; do
        run --separate-stderr smtp-recv <$f
        expect_status 0
        [[ ${lines[0]} == '220 us.example '* ]]
        for line in "${lines[@]:1}"; do [[ $line == [45]* ]] || { echo "$line"; return 1; }; done
    done
}
@test "fax-send: a cut document is 65, and nothing is sent" {
    cut_at page.pbm fax-send 12 c@d.example
    cut_at page.pbm fax-send 12 c@d.example FILE
    [ "$(fax-queue list | grep -c '^[0-9a-f]')" -eq 1 ]
}

# The two that speak to a server: one is theirs for the time.
@test "mbox-poll: a lost stdout is 74, a closed pipe 141; what was lost is not deleted" {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$T/key.pem" \
        -out "$T/cert.pem" -addext subjectAltName=IP:127.0.0.1 2>/dev/null
    for proto in pop3 imap; do
        mkdir "$T/box.$proto"
        cp mail.eml "$T/box.$proto/1"
        background "$FAXPIPE_ROOT/test/lib/fake-mailbox" $proto "$T/cert.pem" "$T/key.pem" \
            "$T/$proto.port" "$T/box.$proto" good
        until_true 10 test -s "$T/$proto.port"
        poll=(mbox-poll --url "${proto}s://u@127.0.0.1:$(cat "$T/$proto.port")/" --ca "$T/cert.pem"
            --password-file pw)
        for how in --list '--list --json' '--mbox - --keep' --check; do
            # shellcheck disable=SC2086
            lost_to "${poll[@]}" $how || { echo "$proto $how"; return 1; }
            # shellcheck disable=SC2086
            unread "${poll[@]}" $how || { echo "$proto $how"; return 1; }
        done
        run --separate-stderr "$HOSTILE" full "${poll[@]}" --mbox - --delete
        expect_refusal 74
        # What did not arrive is not deleted.
        cmp mail.eml "$T/box.$proto/1"
    done
}
@test "smtp-send: a lost stdout is 74, a closed pipe 141" {
    background "$FAXPIPE_ROOT/test/lib/fake-smtp" "$T"
    until_true 10 test -s "$T/port"
    send=(smtp-send --url "smtp://127.0.0.1:$(cat "$T/port")" --json -f a@b.example --file mail.eml c@d.example)
    lost_to "${send[@]}"
    unread "${send[@]}"
}

@test "fax-print: a job's name is whatever its caller says" {
    fax-print --job "$(printf 'a\377\033\nb')" -o out fax.tif
    [ "$(head -c 5 out)" = %PDF- ]
}

# full_station COMMAND...: in a station whose disk has not a byte left.
full_station() {
    needs_root
    unshare -m true 2>/dev/null || skip "no mount namespaces"
    run --separate-stderr unshare -m bash -c '
        mount -t tmpfs -o size=1m tmpfs directory || exit 99
        cp -a "$FAXPIPE_HOME" directory/s
        export FAXPIPE_HOME=$PWD/directory/s
        head -c 2m /dev/zero >directory/full 2>/dev/null
        "$@" >"$T/got"
        status=$?
        rm directory/full
        # What was there is there, and nothing of what was not taken.
        fuser check && [ "$(fax-spool list 12 | wc -l)" -eq 1 ] || exit 98
        [ "$(fax-queue list | grep -c "^[0-9a-f]")" -eq 1 ] || exit 97
        ! fuser show 16 >/dev/null 2>&1 || exit 96
        [ -z "$(find directory/s/spool/*/tmp directory/s/queue -name "*tmp*" -type f)" ] || exit 95
        exit $status' full_station "$@"
}
@test "smtp-recv: a full station is 452, and 75 for a batch" {
    full_station smtp-recv --batch batch
    expect_status 75
    [[ $stderr == *'452 4.3.1'* ]]
}
@test "fax-queue: a full station is 74" {
    full_station bash -c 'fax-queue add -f a@b.example c@d.example <mail.eml'
    expect_refusal 74
}
@test "fuser: a full station is 74" {
    full_station fuser add 16 --login carol --address c@x.example --password-file pw
    expect_refusal 74
}

@test "every program is in every table that concerns it" {
    for f in "$FAXPIPE_ROOT"/cmd/*.*; do
        f=${f##*/}
        for promise in usage lost pipes names; do
            grep -qF "{ $promise ${f%.*}; }" "$BATS_TEST_FILENAME" || { echo "$promise ${f%.*}"; return 1; }
        done
    done
}
