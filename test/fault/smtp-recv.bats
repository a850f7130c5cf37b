# smtp-recv killed at its system calls: never a 250 without its file, never a part of a mail in new/.
load ../lib/helper
load ../lib/station
# bats file_tags=nosan

CALLS='openat write fsync ?link,linkat ?unlink,unlinkat close read poll lseek newfstatat fchmod'

setup() {
    scratch
    needs strace
    { printf 'Subject: a\r\n\r\n'; head -c 200000 /dev/urandom | base64 | sed 's/$/\r/'; } >text
    sed 's/\r$//' text >want
}

teardown() { cleanup; }

dialogue() { # RECIPIENT...
    local r
    printf '%s\r\n' 'EHLO me.example' 'MAIL FROM:<a@b.example>'
    for r; do printf 'RCPT TO:<%s>\r\n' "$r"; done
    printf 'DATA\r\n'
    cat text
    printf '.\r\nQUIT\r\n'
}

# Looks at what a run has left. A 250 after the data means a whole mail in each of DIRS' new/.
judge() {
    local whole=0 dir f
    for dir in "${DIRS[@]}"; do
        for f in "$dir"/new/*; do
            [ -e "$f" ] || continue
            sed -n '/^Subject: a/,$p' "$f" | cmp - want || { echo 'a part of a mail'; return 1; }
            whole=$((whole + 1))
        done
    done
    if grep -q '^250 2.0.0 OK' replies; then
        [ "$whole" -eq "${#DIRS[@]}" ] || { echo "250 with $whole mails"; return 1; }
        acknowledged=$((acknowledged + 1))
    fi
}

# strace counts each call by itself: for each of CALLS kills at its first, second, … use, in steps
# of STRIDE, until the session gets through.
sweep() { # STRIDE COMMAND...
    local stride=$1 call n status kills=0 acknowledged=0
    shift
    for call in $CALLS; do
        for ((n = 1, status = 137; status == 137 && n < 500; n += stride)); do
            for dir in "${DIRS[@]}"; do rm -f "$dir"/new/* "$dir"/tmp/*; done
            status=0
            strace -f -qq -o /dev/null -e trace="$call" -e "inject=$call:signal=KILL:when=$n" \
                "$@" <session >replies 2>err || status=$?
            judge || { echo "at $call $n"; return 1; }
            kills=$((kills + (status == 137)))
        done
        [ "$status" -eq 0 ] || { echo "status $status at $call $n"; return 1; }
    done 2>/dev/null
    echo "$kills kills, $acknowledged acknowledged"
    [ "$kills" -gt 15 ] && [ "$acknowledged" -ge "${ACKNOWLEDGED:-11}" ]
}

@test "a session into a maildir, killed at every system call that matters" {
    dialogue x@us.example >session
    mkdir -p md/{tmp,new,cur}
    DIRS=(md)
    sweep 1 "$BIN/smtp-recv" --hostname us.example --maildir md
}

@test "one mail for two users of the table, killed at every second" {
    station
    dialogue alice@fax.example bob@fax.example >session
    DIRS=("$FAXPIPE_HOME/spool/12" "$FAXPIPE_HOME/spool/15")
    sweep 2 "$BIN/smtp-recv"
}

@test "a disk that fails: 452, nothing in new/, and the session goes on" {
    dialogue x@us.example | sed 's/^QUIT/NOOP\r\nQUIT/' >session
    mkdir -p md/{tmp,new,cur}
    for fault in fsync:error=EIO:when=1 linkat,link:error=ENOSPC:when=1 fsync:error=EIO:when=2; do
        strace -qq -o /dev/null -e trace="${fault%%:*}" -e "inject=$fault" \
            "$BIN/smtp-recv" --hostname us.example --maildir md <session >replies 2>err
        grep -q '^452 4.3.1' replies
        grep -q '^221 ' replies
        no grep -q '^250 2.0.0 OK.$' <(tail -3 replies | head -1)
        [ -z "$(ls md/new)$(ls md/tmp)" ]
    done
}

@test "a full disk while the mail is written: 452 4.3.1 after its end" {
    dialogue x@us.example | sed 's/^QUIT/NOOP\r\nQUIT/' >session
    mkdir -p md/{tmp,new,cur}
    # Four writes are replies: 220, EHLO's, the envelope's, 354.
    for n in 5 6; do
        strace -qq -o calls -y -e trace=write -e inject=write:error=ENOSPC:when=$n \
            "$BIN/smtp-recv" --hostname us.example --maildir md <session >replies 2>err
        grep -q 'md/tmp/.*INJECTED' calls
        grep -A1 '^354' replies | grep -q '^452 4.3.1'
        grep -q '^221 ' replies
        [ -z "$(ls md/new)$(ls md/tmp)" ]
    done
}

@test "a disk of 1 MiB: 452 4.3.1, nothing partial stays, and a small mail still finds room" {
    needs_root
    needs unshare
    { printf 'Subject: a\r\n\r\n'; head -c 1500000 /dev/urandom | base64 | sed 's/$/\r/'; } >text
    {
        dialogue x@us.example | sed '$d'
        printf '%s\r\n' 'MAIL FROM:<a@b.example>' 'RCPT TO:<x@us.example>' DATA 'Subject: small' '' . QUIT
    } >session
    mkdir md
    unshare -m bash -ec 'mount -t tmpfs -o size=1m none md
        "$BIN/smtp-recv" --hostname us.example --maildir md <session >replies 2>err
        find md -type f >left; cat md/new/* >small'
    grep -A4 '^354' replies | head -2 | grep -q '^452 4.3.1'
    [ "$(grep -c '^250 2.0.0 OK' replies)" -eq 1 ]
    [ "$(wc -l <left)" -eq 1 ]
    grep -q '^Subject: small' small
}

@test "no memory: the session ends, nothing is delivered by halves" {
    dialogue x@us.example >session
    mkdir -p md/{tmp,new,cur}
    for n in 1 2 3 4 5 6 7 8 9 10; do
        strace -qq -o /dev/null -e trace=brk,mmap -e "inject=brk,mmap:error=ENOMEM:when=$((30 + n))+" \
            "$BIN/smtp-recv" --hostname us.example --maildir md <session >replies 2>err || :
        for f in md/new/*; do
            [ ! -e "$f" ] || sed -n '/^Subject: a/,$p' "$f" | cmp - want
        done
        rm -f md/new/*
        [ -z "$(ls md/tmp)" ]
    done
}

@test "--no-sync: killed at every system call there is no part of a mail either" {
    dialogue x@us.example >session
    mkdir -p md/{tmp,new,cur}
    DIRS=(md)
    CALLS='write ?link,linkat ?unlink,unlinkat close fstat,newfstatat'
    ACKNOWLEDGED=5
    sweep 2 "$BIN/smtp-recv" --hostname us.example --maildir md --no-sync
}

@test "--no-sync: where a file without a name can get none, it goes through tmp/" {
    dialogue x@us.example >session
    mkdir -p md/{tmp,new,cur}
    # Kernels before 6.10 let only root do it.
    for fault in linkat:error=ENOENT:when=1 linkat:error=EPERM:when=1; do
        rm -f md/new/*
        strace -qq -o calls -e trace=link,linkat,unlink -e "inject=$fault" \
            "$BIN/smtp-recv" --hostname us.example --maildir md --no-sync <session >replies 2>err
        grep -q INJECTED calls
        grep -q '^250 2.0.0 OK' replies
        [ -z "$(ls md/tmp)" ]
        sed -n '/^Subject: a/,$p' md/new/* | cmp - want
        [ "$(stat -c %a md/new/*)" = 600 ]
    done
}

@test "--no-sync: no room for the name: 452, and nothing stays" {
    dialogue x@us.example >session
    mkdir -p md/{tmp,new,cur}
    strace -qq -o calls -e trace=linkat -e inject=linkat:error=ENOSPC \
        "$BIN/smtp-recv" --hostname us.example --maildir md --no-sync <session >replies 2>err
    grep -q INJECTED calls
    grep -q '^452 4.3.1' replies
    [ -z "$(ls md/new)$(ls md/tmp)" ]
}
