# smtp-recv among too many: no descriptors, a thousand who hardly speak, connections without end.
# bats file_tags=nosan
load ../lib/helper
load ../lib/station

setup() {
    scratch
    needs python3
    us=(--hostname us.example --maildir md)
}

teardown() { cleanup; }

children() { tr -d ' ' <"/proc/$1/task/$1/children"; }

@test "no descriptors for all who come: nobody spins, and once there are some all goes on" {
    background bash -c 'ulimit -n 60; exec smtp-recv "$@" --listen 127.0.0.1:0 --print-port >port' - \
        "${us[@]}" --max-per-client 0
    until_true 10 test -s port
    worker=$(children "${PIDS[-1]}")
    python3 - "$(cat port)" "$worker" <<'PY'
import smtplib, socket, sys, time
port, worker = int(sys.argv[1]), sys.argv[2]
def spent():
    f = open(f"/proc/{worker}/stat").read().rsplit(")", 1)[1].split()
    return int(f[11]) + int(f[12])  # hundredths of a second
crowd = []
for i in range(200):
    s = socket.create_connection(("127.0.0.1", port))
    crowd.append(s)
time.sleep(0.3)
before = spent()
time.sleep(1)
assert spent() - before < 30, spent() - before
for s in crowd: s.close()
for _ in range(200):
    try:
        c = smtplib.SMTP("127.0.0.1", port, timeout=20)
        c.sendmail("a@b.example", "x@us.example", "Subject: after\n\n"); c.quit()
        break
    except (smtplib.SMTPException, OSError): time.sleep(0.05)
else: sys.exit("it does not go on")
PY
    grep -rqx 'Subject: after' md/new
}

@test "a thousand who send an octet now and then do not disturb the ten who work" {
    receiver "${us[@]}" --no-sync --max-per-client 0
    python3 - "$PORT" <<'PY'
import resource, smtplib, socket, sys, threading, time
port = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (4000, 4000))
def rate():
    done = []
    def work():
        c = smtplib.SMTP("127.0.0.1", port, timeout=20)
        for _ in range(20):
            c.sendmail("a@b.example", "x@us.example", "Subject: busy\n\n"); done.append(1)
        c.quit()
    threads = [threading.Thread(target=work) for _ in range(10)]
    start = time.monotonic()
    for t in threads: t.start()
    for t in threads: t.join()
    assert len(done) == 200, len(done)
    return 200 / (time.monotonic() - start)
alone = max(rate() for _ in range(2))
slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(1000)]
over = False
def drip():
    while not over:
        for s in slow:
            try: s.send(b"N")
            except OSError: pass
        time.sleep(0.1)
t = threading.Thread(target=drip); t.start()
beside = max(rate() for _ in range(2))
over = True; t.join()
print("alone %d, beside them %d" % (alone, beside))
# The client's own thread takes its part; what is asked for is that they all get through.
assert beside > alone / 10, (alone, beside)
PY
}

@test "connections without end: memory does not grow" {
    needs smtp-source
    receiver --hostname us.example --mbox /dev/null --no-sync --max-per-client 0
    worker=$(children "${PIDS[-1]}")
    load() { smtp-source -s 10 -m "$1" -l 200 -f a@b.example -t x@us.example "127.0.0.1:$PORT"; }
    rss() { awk '/^VmRSS/ { print $2 }' "/proc/$worker/status"; }
    load 2000
    before=$(rss)
    load "${FAXPIPE_CONNECTIONS:-5000}"
    after=$(rss)
    echo "$before KiB, then $after KiB"
    [ "$after" -lt $((before + 1024)) ]
    [ "$(ls "/proc/$worker/fd" | wc -l)" -lt 60 ]
}
