# fuser as root: the station of the whole machine, in a private mount namespace with an /etc and a
# /var/lib of its own.
# bats file_tags=nosan
load ../lib/helper

setup() {
    scratch
    needs unshare setpriv useradd groupadd
    needs_root
    unset FAXPIPE_HOME
    unshare -m --propagation private true 2>/dev/null || skip "no private mount namespace"
    mkdir -p etc varlib
    cp -a /etc/. etc/ 2>/dev/null || :
    sed -i -E '/^(faxpipe|faxrecv):/d' etc/passwd etc/group etc/shadow etc/gshadow 2>/dev/null || :
    sed -i -E 's/,?\b(faxpipe|faxrecv)\b//g' etc/group
    rm -f etc/faxpipe.conf
    install -m 755 -D "$BIN/fuser" local/bin/fuser
}
teardown() { cleanup; }

inside() {
    printf '%s\n' "$1" >script
    run unshare -m --propagation private bash -eu -o pipefail -c '
        mount --bind "$1/etc" /etc
        mount --bind "$1/varlib" /var/lib
        mount --bind "$1/local" /usr/local
        export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        h=/var/lib/faxpipe
        echo "tea at five" >/etc/pw; chmod 644 /etc/pw; echo no >/etc/wrong
        cd /
        . "$1/script"' sh "$T"
    expect_status 0 || { echo "$output"; return 1; }
}

@test "init as root makes the users, the groups and the station" {
    inside '
        fuser init
        id -nG faxpipe | grep -qx "faxpipe faxrecv"
        [ "$(id -nG faxrecv)" = faxrecv ]
        is() { [ "$(stat -c %a:%U:%G "$h/$1")" = "$2" ] || { stat "$h/$1"; exit 1; }; }
        is . 711:faxpipe:faxpipe
        is key 400:faxpipe:faxpipe
        is db 2750:faxpipe:faxpipe
        is db/users.db 640:faxpipe:faxpipe
        is state 2770:faxpipe:faxpipe
        is state/state.db 660:faxpipe:faxpipe
        is queue 700:faxpipe:faxpipe
        is spool 711:faxpipe:faxpipe
        fuser add 12 --login alice --password-file /etc/pw
        is spool/12 711:faxpipe:faxpipe
        echo hidden >/etc/rootpw; chmod 600 /etc/rootpw
        fuser passwd 12 --password-file /etc/rootpw
        fuser verify 12 --password-file /etc/rootpw
        fuser passwd 12 --password-file /etc/pw
        is spool/12/tmp 2770:faxpipe:faxrecv
        is spool/12/new 2770:faxpipe:faxrecv
        is spool/12/cur 2770:faxpipe:faxpipe
        [ -z "$(fuser check)" ]
        passwd=$(cksum </etc/passwd); key=$(cksum <"$h/key")
        fuser init
        [ "$(cksum </etc/passwd)" = "$passwd" ] && [ "$(cksum <"$h/key")" = "$key" ]
        fuser verify 12 --password-file /etc/pw
        chown root "$h/queue"; chmod 777 "$h/spool/12/new"; chgrp faxpipe "$h/spool/12/tmp"
        [ "$(fuser check | wc -l)" -eq 3 ]
        fuser init
        [ -z "$(fuser check)" ]'
}

@test "a reader of another uid, in the group, reads while writes go on, and cannot write" {
    inside '
        fuser init
        fuser add 12 --login alice --password-file /etc/pw
        as() { setpriv --reuid=64999 --regid="$1" --clear-groups "${@:2}"; }
        [ "$(as faxpipe fuser get 12 login)" = alice ]
        as faxpipe fuser verify 12 --password-file /etc/pw
        s=0; as faxpipe fuser verify 12 --password-file /etc/wrong || s=$?; [ "$s" -eq 77 ]
        s=0; as faxpipe fuser edit 12 --days 3 || s=$?; [ "$s" -eq 78 ]
        s=0; as nogroup fuser get 12 login || s=$?; [ "$s" -eq 78 ]
        (for i in $(seq 15); do fuser edit 12 --days $((i % 31 + 1)); done) &
        for _ in $(seq 15); do as faxpipe fuser get 12 days >/dev/null; done
        wait $!
        [ "$(stat -c %U:%a "$h/state/state.db")" = faxpipe:660 ]
        fuser journal --result wrong-password | grep -q wrong-password'
}

@test "what a killed writer left is told to readers, and its owner's next look repairs it" {
    needs strace
    inside '
        fuser init
        fuser add 12 --login alice --password-file /etc/pw
        as() { setpriv --reuid="$1" --regid=faxpipe --clear-groups "${@:2}"; }
        # Killed while the pages are being written: the journal is hot.
        for n in $(seq 20 40); do
            as faxpipe strace -qq -o /dev/null -e trace=pwrite64,fdatasync,fsync \
                -e "inject=pwrite64,fdatasync,fsync:signal=KILL:when=$n" fuser edit 12 --days 3 || :
            s=0; as 64999 fuser get 12 days >/etc/out 2>/etc/err || s=$?
            if [ "$s" -ne 0 ]; then
                [ "$s" -eq 78 ]
                grep -q "fuser check" /etc/err
                fuser check
                as 64999 fuser get 12 days
                exit 0
            fi
            fuser edit 12 --days 7
        done
        echo "no hot journal came about"
        exit 1'
}

@test "only root makes the machine's station; a person makes his own" {
    inside '
        s=0; setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/tmp FAXPIPE_HOME=/tmp/x fuser init --system || s=$?
        [ "$s" -eq 77 ]
        chmod 755 /var/lib; d=$(mktemp -d /var/lib/XXXXXX); chown nobody:nogroup "$d"
        setpriv --reuid=nobody --regid=nogroup --clear-groups env FAXPIPE_HOME="$d/a/b" fuser init
        [ "$(stat -c %U:%a "$d/a/b")" = nobody:700 ]
        setpriv --reuid=nobody --regid=nogroup --clear-groups env FAXPIPE_HOME="$d/a/b" fuser check
        FAXPIPE_HOME="$d/a/b" fuser add 12 --login a --password-file /etc/pw
        [ "$(stat -c %U "$d/a/b/spool/12")" = nobody ]
        if getent passwd faxpipe; then exit 1; fi
        rm -rf "$d"'
}

@test "a password command runs as the owner, never as root" {
    inside '
        fuser init
        fuser add 12 --login a --password-command "id -un" --release-password-file /etc/pw
        fuser export --with-secrets /var/lib/faxpipe/out
        chmod 755 /var/lib
        FAXPIPE_HOME=/var/lib/root fuser init
        FAXPIPE_HOME=/var/lib/root fuser add 12 --login a --password-command "id -un" --release-password-file /etc/pw'
}

@test "init gives the fax-spool beside it its privilege, if it is root's alone" {
    install -m 755 -D "$BIN/fax-spool" local/bin/fax-spool
    inside '
        d=/usr/local/bin/fax-spool
        fuser init
        [ "$(stat -c %a:%U:%G $d)" = 2755:root:faxpipe ]
        [ -z "$(fuser check)" ]
        chmod 755 $d
        { fuser check || :; } | grep -qx "$d: not root:faxpipe 2755"
        chown 12345 $d
        fuser init 2>&1 | grep -q "$d: not root.s alone"
        [ "$(stat -c %a:%u $d)" = 755:12345 ]
        chown root $d; chmod 775 $d
        fuser init 2>/dev/null
        [ "$(stat -c %a $d)" = 775 ]
        chmod 755 $d
        fuser init
        [ -z "$(fuser check)" ]'
}

@test "check names files that are open to others" {
    inside '
        fuser init
        fuser add 12 --login alice --password-file /etc/pw
        for f in db/12.lock queue/x spool/12/new/m spool/12/cur/m state/x; do
            touch "$h/$f"; chmod 644 "$h/$f"
        done
        [ "$(fuser check | grep -c "mode 0644, open to others$")" = 5 ]
        chmod o= "$h"/db/* "$h"/queue/x "$h"/spool/12/*/m "$h"/state/*
        [ -z "$(fuser check)" ]'
}
