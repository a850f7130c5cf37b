# smtp-recv and a table that changes while it runs, seen over one connection: what was said of a
# recipient is remembered, but never longer than it holds.
load ../lib/helper
load ../lib/station

setup() {
    scratch
    station
}

teardown() { cleanup; }

changes_show() { # smtp-recv's options
    receiver "$@"
    python3 - "$PORT" <<'PY'
import smtplib, subprocess, sys
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
c.ehlo()
def recipient(want, to="alice@fax.example", sender="a@b.example"):
    for i in range(3):
        c.docmd("MAIL FROM:<%s>" % sender)
        code, text = c.docmd("RCPT TO:<%s>" % to)
        assert code == want, (code, text, want, to, sender)
        c.docmd("RSET")
        c.noop()
def fuser(*words): subprocess.run(("fuser",) + words, check=True)
recipient(250)
recipient(250, sender="c@b.example")
fuser("sender", "set", "a@b.example", "12", "--refuse")
recipient(550)
recipient(250, sender="c@b.example")
fuser("sender", "remove", "a@b.example", "12")
recipient(250)
recipient(550, "office@fax.example")
fuser("alias", "set", "office", "bob@fax.example")
recipient(250, "office@fax.example")
fuser("alias", "remove", "office")
recipient(550, "office@fax.example")
fuser("edit", "12", "--address", "alison@fax.example")
recipient(550)
recipient(250, "alison@fax.example")
PY
}

@test "what has changed in the table shows at the next recipient" {
    changes_show
}

@test "with more than one worker as well" {
    changes_show --workers 2
}

@test "a table cut off under a receiver that runs: trouble for its users, and it goes on" {
    receiver
    python3 - "$PORT" "$FAXPIPE_HOME" <<'PY'
import smtplib, sys
c = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
table = sys.argv[2] + "/db/users.db"
def recipient():
    c.ehlo()
    c.docmd("MAIL FROM:<a@b.example>")
    return c.docmd("RCPT TO:<alice@fax.example>")[0]
assert recipient() == 250
open(table, "w").close()
assert recipient() >= 400
assert c.noop()[0] == 250
PY
}
