#!/usr/bin/env bats
load ../lib/helper

setup() {
    scratch
    [ -x "$FAXPIPE_ROOT/bin/fuser" ] || skip "not built in bin/"
}
teardown() { cleanup; }

install_to() { "$FAXPIPE_ROOT/test/house/install" install "$T/root" /usr "$1"; }

programs() { for f in "$FAXPIPE_ROOT"/cmd/*.*; do f=${f##*/}; echo "${f%.*}"; done; }

@test "everything is where it belongs, and goes again" {
    install_to ''
    while read -r p; do
        [ -x "root/usr/bin/$p" ]
        [ -s "root/usr/share/man/man1/$p.1" ]
        [ -s "root/usr/share/bash-completion/completions/$p" ]
        [ -s "root/usr/share/zsh/site-functions/_$p" ]
        [ -s "root/usr/share/fish/vendor_completions.d/$p.fish" ]
    done < <(programs)
    cmp root/usr/share/man/man1/fax-scan.1 "$FAXPIPE_ROOT/man/fax-scan.1"
    cmp root/usr/share/fish/vendor_completions.d/fuser.fish "$FAXPIPE_ROOT/completions/fish/fuser.fish"
    [ -s root/usr/share/man/man7/faxpipe.7 ] && [ -s root/usr/share/man/man5/faxpipe.conf.5 ]
    [ -s root/usr/share/doc/faxpipe/examples/faxpipe.conf ]
    [ -z "$(find root -perm /022 ! -type l)" ]
    "$FAXPIPE_ROOT/test/house/install" uninstall "$T/root" /usr ''
    [ -z "$(find root ! -type d)" ]
    [ ! -e root/usr/share/doc/faxpipe ]
}

@test "an installed program runs, and the wrappers find the others beside themselves" {
    install_to ''
    PATH=/usr/bin:/bin run root/usr/bin/fax-scan --version
    expect_status 0
    PATH=/usr/bin:/bin run root/usr/bin/fax-send --version
    expect_status 0
}

@test "TOOLPREFIX: programs, pages and completions by their longer names" {
    # The wrappers' launchers name the final place: install there.
    "$FAXPIPE_ROOT/test/house/install" install '' "$T/opt" fp-
    while read -r p; do
        [ ! -e "opt/bin/$p" ]
        [ "$(PATH=/usr/bin:/bin "opt/bin/fp-$p" --version)" = "$(PATH=/usr/bin:/bin "opt/lib/faxpipe/$p" --version)" ]
        [ -s "opt/share/man/man1/fp-$p.1" ]
        grep -q "^\.Nm fp-$p" "opt/share/man/man1/fp-$p.1"
    done < <(programs)
    grep -q '^\.Xr fp-g3tiff 1' opt/share/man/man1/fp-fax-scan.1
    mandoc -Tlint -Werror opt/share/man/man1/fp-fax-scan.1
    bash -c 'source opt/share/bash-completion/completions/fp-fax-scan; complete -p fp-fax-scan'
    head -1 opt/share/zsh/site-functions/_fp-fuser | grep -qx '#compdef fp-fuser'
    [ -z "$(grep '^complete' opt/share/fish/vendor_completions.d/fp-fuser.fish | grep -v -- '-c fp-fuser ')" ]
    "$FAXPIPE_ROOT/test/house/install" uninstall '' "$T/opt" fp-
    [ -z "$(find opt ! -type d)" ]
}

@test "fax-spool is setgid where root installs and the group exists, and never else" {
    needs_root
    needs unshare setpriv
    install_to ''
    getent group faxpipe >/dev/null || [ "$(stat -c %a root/usr/bin/fax-spool)" = 755 ]
    rm -rf root
    grep -v '^faxpipe:' /etc/group >group
    echo 'faxpipe:x:64101:' >>group
    unshare -m --propagation private sh -c \
        "mount --bind '$T/group' /etc/group && '$FAXPIPE_ROOT/test/house/install' install '$T/root' /usr ''"
    [ "$(stat -c '%a %u %g' root/usr/bin/fax-spool)" = '2755 0 64101' ]
    [ "$(find root -perm /6000 | wc -l)" -eq 1 ]
}
