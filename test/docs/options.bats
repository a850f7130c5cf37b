#!/usr/bin/env bats
# The option table is the only source: manual pages and completions list exactly what it has.
load ../lib/helper

setup() {
    scratch
    cd "$FAXPIPE_ROOT" || return 1
}
teardown() { cleanup; }

programs() { for f in cmd/*.*; do f=${f##*/}; echo "${f%.*}"; done; }

# "-x" and "--long", a line each, sorted: what the program itself says.
of_table() { "$BIN/$1" --list-options | cut -f1,2 | tr '\t' '\n' | grep . | sort -u; }

of_man() {
    sed -nE '/^\.It .*Fl /{s/ Ar .*$//;p;}' "man/$1.1" | grep -oE 'Fl -?[A-Za-z0-9][A-Za-z0-9-]*' |
        sed 's/^Fl /-/' | sort -u
}

# What bash really offers behind "-", after the program's name and after each of its commands.
of_bash() {
    bash -c '
        source "completions/bash/$1" || exit 1
        function=$(complete -p "$1" | grep -oE -- "-F [^ ]+" | cut -d" " -f2)
        offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMPREPLY=(); "$function" "$1"; printf "%s\n" "${COMPREPLY[@]}"; }
        commands=$(offer "$1" "" | grep -E "^[a-z]+$" | head -40)
        offer "$1" -
        for c in $commands; do offer "$1" "$c" -; done' of_bash "$1" |
        grep -E '^--?[A-Za-z0-9]' | sed 's/=$//' | sort -u
}

of_zsh() {
    grep -v '^#' "completions/zsh/_$1" | sed -E 's/_arguments( -[A-Za-z])+//; s/\[[^]]*\]//g; s/:[^'"'"']*'"'"'/'"'"'/g' |
        grep -oE "[{,' (*]--?[A-Za-z0-9][A-Za-z0-9-]*" | sed 's/^.//' | sort -u
}

of_fish() {
    grep "^complete -c $1 " "completions/fish/$1.fish" |
        sed -E "s/ -n ('[^']*'|\"[^\"]*\"|[^ ]+)//; s/ -[ad] .*//" >"$T/fish"
    {
        grep -oE -- ' -l [A-Za-z0-9-]+' "$T/fish" | sed 's/^ -l /--/'
        grep -oE -- ' -s [A-Za-z0-9]' "$T/fish" | sed 's/^ -s /-/'
    } | sort -u
}

# Compares for every program; names what is missing (<) and what is too much (>).
same() { # LISTER WHAT
    local p bad=0
    while read -r p; do
        of_table "$p" >"$T/table"
        [ -s "$T/table" ] || { echo "$p: no option table"; bad=1; }
        "$1" "$p" >"$T/other" || :
        diff "$T/table" "$T/other" >"$T/diff" || { echo "$p: $2:"; grep '^[<>]' "$T/diff"; bad=1; }
    done < <(programs)
    return $bad
}

@test "manual pages list exactly the options" { same of_man 'manual page'; }
@test "bash offers exactly the options" { same of_bash 'bash completion'; }
@test "zsh knows exactly the options" { needs zsh; same of_zsh 'zsh completion'; }
@test "fish knows exactly the options" { same of_fish 'fish completion'; }

@test "no page and no completion without a program" {
    programs | sort >"$T/programs"
    for f in man/*.1; do basename "$f" .1; done | sort | diff "$T/programs" -
    for f in completions/bash/*; do basename "$f"; done | sort | diff "$T/programs" -
    for f in completions/zsh/_*; do basename "$f"; done | sed 's/^_//' | sort | diff "$T/programs" -
    for f in completions/fish/*.fish; do basename "$f" .fish; done | sort | diff "$T/programs" -
}

@test "every page has its sections and is clean" {
    needs mandoc
    bad=0
    for f in man/*.1; do
        for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
            grep -qx "\.Sh $section" "$f" || { echo "$f: no $section"; bad=1; }
        done
    done
    for f in man/*.[0-9]; do mandoc -Tlint -Wwarning "$f" || bad=1; done
    return $bad
}

# 0 done, 64 a wrong option, 74 standard output lost, 141 its reader gone: no program is without.
@test "every page says its statuses, in order, and only those that there are" {
    bad=0
    for f in man/*.1; do
        sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It \([0-9]*\)$/\1/p' "$f" >"$T/statuses"
        sort -nu "$T/statuses" | cmp -s - "$T/statuses" || { echo "$f: order"; bad=1; }
        for s in 0 64 74 141; do grep -qx "$s" "$T/statuses" || { echo "$f: no $s"; bad=1; }; done
        grep -vxE '0|1|6[4-9]|7[013-8]|141' "$T/statuses" && { echo "$f: no such status"; bad=1; }
    done
    return $bad
}

@test "completions are programs of their shells" {
    needs zsh fish
    for f in completions/bash/*; do bash -n "$f"; done
    for f in completions/zsh/_*; do zsh -n "$f"; done
    for f in completions/fish/*.fish; do fish -n "$f"; done
    for f in completions/zsh/_*; do head -1 "$f" | grep -q '^#compdef'; done
}

@test "--help, --usage and --version of every program" {
    while read -r p; do
        run "$BIN/$p" --version
        expect_status 0
        [[ $output == "$p (faxpipe) "[0-9]* ]]
        for o in --help --usage; do
            run --separate-stderr "$BIN/$p" $o
            expect_status 0
            [ -z "$stderr" ]
            [[ $output == *"$p"* ]]
        done
        # What begins with an option is psmisc's fuser; ours come behind the command.
        command=()
        [ "$p" != fuser ] || command=(list)
        run --separate-stderr "$BIN/$p" "${command[@]}" --no-such-option-anywhere </dev/null
        expect_refusal 64
        [[ $stderr == "$p: "* ]]
    done < <(programs)
}
