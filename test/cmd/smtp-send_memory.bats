# Memory stays bounded however large the mail is: MEMORY_MIB=1024 for the largest promised.
load ../lib/helper
load ../lib/fake

setup() {
    scratch
    needs smtp-sink
    PEAK="$BIN/test/lib/peak 16384" BYTES=$((${MEMORY_MIB:-64} << 20))
    port=$(free_port)
    background smtp-sink -8 -u "$(id -un)" "127.0.0.1:$port" 10
    until_true 10 listening "$port"
    head -c "$BYTES" /dev/zero | b64mime --from a@b.example --to c@d.example --header 'Bcc: x@y.example' --name zero - >big
}
teardown() { cleanup; }

# bats test_tags=nosan
@test "a large mail, from a file and from a pipe" {
    $PEAK smtp-send --url "smtp://127.0.0.1:$port" -f a@b.example c@d.example <big
    # shellcheck disable=SC2002
    cat big | $PEAK smtp-send --url "smtp://127.0.0.1:$port" -f a@b.example c@d.example
}

# bats test_tags=nosan
@test "one whose header changes on the way, one that is written as a batch, one that is converted" {
    $PEAK smtp-send --url "smtp://127.0.0.1:$port" -t <big
    $PEAK smtp-send --batch -t <big | tail -c 9 | cmp - <(printf '\r\n.\r\nQUIT\r\n' | tail -c 9)
    { printf 'From: a@b.example\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\nContent-Type: text/plain; charset=UTF-8\n\n'
        yes $'Gr\303\274\303\237e' | head -c "$((BYTES / 4))"; echo; } >eight
    $PEAK smtp-send --url "smtp://127.0.0.1:$port" -f a@b.example c@d.example <eight
}
