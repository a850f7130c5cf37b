# A run of the queue killed at its system calls, fax-queue's and smtp-send's: no entry is lost, none
# is sent again once it has left the queue, and at most the one in flight goes twice.
# FAULT_STEP=1 kills at every call of those in TOUCHING, FAULT_CALLS=all at every call there is.
# bats file_tags=nosan
load ../lib/helper
load ../lib/fake
load ../lib/syscalls

TOUCHING='socketpair pipe2 sendmsg recvmsg poll flock fsync rename unlink utimensat wait4 getdents64
    sendto recvfrom write connect lseek execve vfork clone3 clone'

setup() {
    scratch
    needs python3 strace
    strace -qq -o /dev/null true 2>/dev/null || skip "strace may not trace here"
    mkdir station
    printf 'From: alice@fax.example\nSubject: x\n\nHi\n' >mail.eml
    fake 'rcpt bad@x.example: 550 5.1.1 nobody'
    printf 'hostname = fax.example\nsmarthost = %s\n' "$URL" >station/faxpipe.conf
}
teardown() { cleanup; }

# Whoever is dead holds nothing, and whoever still sends comes to his end.
drained() {
    fax-queue flush --all
    [ -z "$(find station/queue -name '*.env')" ]
}

times() { grep -c "^RCPT TO:<$1>" fake/log || :; }

# One run, killed at the Nth CALL of one of its processes; false when there was no Nth.
round() { # CALL N
    local call=$1 n=$2 a id doubled=0
    local -A of=()
    : >fake/log
    rm -f station/queue/*
    for a in one two bad three; do
        of[$a]=$(fax-queue add -f alice@x.example "$a@x.example" <mail.eml)
    done
    strace -f -q -o calls -e trace="$call" -e "inject=$call:signal=KILL:when=$n" \
        fax-queue flush >out 2>&1 || :
    # What has left is not sent again by anybody.
    local -A gone=()
    for a in one two three; do
        id=${of[$a]}
        [ -e "station/queue/$id.env" ] || gone[$a]=$(times "$a@x.example")
    done
    until_true 10 drained || { echo "$call $n"; fax-queue list; return 2; }
    for a in one two three; do
        case $(times "$a@x.example") in
        0) echo "$call $n: $a is lost"; return 2 ;;
        1) ;;
        2) doubled=$((doubled + 1)) ;;
        *) echo "$call $n: $a went again and again"; return 2 ;;
        esac
        [ -z "${gone[$a]:-}" ] || [ "${gone[$a]}" = "$(times "$a@x.example")" ] ||
            { echo "$call $n: $a was sent after it had left"; return 2; }
    done
    # One for each process that was killed: an smtp-send that is, is started again, and so is that.
    [ "$doubled" -le "$(grep -c 'killed by SIGKILL' calls)" ] || { echo "$call $n: $doubled went twice"; return 2; }
    [ "$(times alice@x.example)" -ge 1 ] || { echo "$call $n: the notice is lost"; return 2; }
    grep -q 'killed by SIGKILL' calls
}

@test "killed at any system call, a run loses nothing and doubles at most what was in flight" {
    local call n status kills=0 calls=$TOUCHING step=${FAULT_STEP:-9}
    if [ "${FAULT_CALLS:-}" = all ]; then
        fax-queue add -f alice@x.example one@x.example bad@x.example <mail.eml
        strace -f -q -c -o counted fax-queue flush
        calls=$(awk '$NF ~ /^[a-z]/ && $1 ~ /^[0-9]/ && $NF != "total" { print $NF }' counted)
        [ "$(wc -w <<<"$calls")" -gt 30 ]
    fi
    for call in $calls; do
        for ((n = 1 + kills % step; n < 3000; n += step)); do
            status=0
            round "$call" "$n" || status=$?
            [ "$status" -ne 2 ]
            [ "$status" -eq 0 ] || break
            kills=$((kills + 1))
        done
    done
    echo "$kills kills"
    [ "$kills" -gt 8 ]
}

@test "an entry is gone, and that is on the disk, before the next one is given away" {
    local a
    for a in one two; do fax-queue add -f alice@x.example "$a@x.example" <mail.eml >/dev/null; done
    strace -qq -y -o calls -e trace=sendmsg,?unlink,unlinkat,fsync fax-queue flush
    in_order 'sendmsg.*one@x' 'unlink.*\.env' 'fsync.*/queue>' 'unlink.*\.mail' 'sendmsg.*two@x' \
        'unlink.*\.env' 'fsync.*/queue>'
}

# The same with several fates in one entry, whose notice has a hop of its own and so may be faster.
mixed_round() { # CALL N
    local call=$1 n=$2
    : >fake/log
    rm -rf station/queue
    fax-queue add -f alice@fax.example one@x.example bad@x.example <mail.eml >/dev/null
    strace -f -q -o calls -e trace="$call" -e "inject=$call:signal=KILL:when=$n" \
        fax-queue flush >out 2>&1 || :
    until_true 10 drained || { echo "$call $n"; fax-queue list; return 2; }
    case $(times one@x.example) in
    1 | 2) ;;
    *) echo "$call $n: one was sent $(times one@x.example) times"; return 2 ;;
    esac
    [ "$(times alice@fax.example)" -eq 1 ] ||
        { echo "$call $n: $(times alice@fax.example) notices"; return 2; }
    grep -q 'killed by SIGKILL' calls
}

@test "killed at any system call, a run makes one notice of one refusal" {
    local call n status kills=0
    printf 'route.x.example = smtp://localhost:%s\n' "$PORT" >>station/faxpipe.conf
    for call in openat rename unlink fsync utimensat ftruncate fallocate; do
        for ((n = 1; n < 3000; n += ${FAULT_STEP:-3})); do
            # What comes before the queue is opened is all the same.
            [ "$call" != openat ] || [ "$n" -gt 1 ] || n=25
            status=0
            mixed_round "$call" "$n" || status=$?
            [ "$status" -ne 2 ]
            [ "$status" -eq 0 ] || break
            kills=$((kills + 1))
        done
    done
    echo "$kills kills"
    [ "$kills" -gt 5 ]
}
