#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Limits: what a job uses too much of ends it, with a reason of its own; the others are not disturbed.
. "$(dirname "$0")/lib.sh"

# the program itself, not a script that starts it
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) || python=none
cat >bomb.sh <<'END'
#!/bin/sh
# warren-test-bomb
while :; do "$0" & done
END
chmod 755 bomb.sh
cat >eater.py <<'END'
kept = []
while True:
    kept.append(bytearray(b"x" * (4 << 20)))
END
cat >spread.py <<'END'
import os, time
kept = [bytearray(b"x" * (40 << 20))]  # shared after fork: no child has more of it
for i in range(4):
    if os.fork() == 0:
        if os.environ.get("OWN"):
            kept.append(bytearray(b"y" * (40 << 20)))
        time.sleep(1)
        os._exit(0)
for i in range(4):
    os.wait()
END
cat >threads.py <<'END'
import threading, time
for i in range(20):
    threading.Thread(target=time.sleep, args=(0.3,)).start()
END
cat >jobs <<END
{"id":"bomb","argv":["$base/bomb.sh"],"limits":{"processes":30}}
{"id":"eater","argv":["$python","eater.py"],"limits":{"memory":"64M"}}
{"id":"spread","argv":["$python","spread.py"],"env":{"OWN":"1"},"limits":{"memory":"150M"}}
{"id":"shared","argv":["$python","spread.py"],"limits":{"memory":"150M"}}
{"id":"burner","sh":"while :; do :; done","limits":{"cpu":0.5}}
{"id":"burners","sh":"for i in 1 2 3; do (while :; do :; done) & done; wait","limits":{"cpu":0.6}}
{"id":"daemons","sh":"while :; do (setsid sh -c 'i=0; while [ \$i -lt 60000 ]; do i=\$((i+1)); done' &); sleep 0.05; done","limits":{"cpu":0.5}}
{"id":"writer","sh":"exec cat /dev/zero >endless","limits":{"file-size":"1M"}}
{"id":"writer-in-a-shell","sh":"cat /dev/zero >endless2; exit \$?","limits":{"file-size":"1M"}}
{"id":"sleeper","sh":"sleep 30","limits":{"wall":0.4}}
{"id":"opener","sh":"exec 3</ 4</ 5</ 6</ 7</ 8</ 9</","limits":{"files":8}}
{"id":"threads","argv":["$python","threads.py"],"limits":{"processes":1}}
{"id":"one-by-one","sh":"i=0; while [ \$i -lt 60 ]; do /bin/true; i=\$((i + 1)); done","limits":{"processes":3}}
{"id":"modest","sh":"echo fine; (sleep 0.1; true)","limits":{"processes":8,"memory":"256M","cpu":20,"wall":30,"files":64,"file-size":"1G"}}
END
if [ "$python" = none ]; then
	grep -v '"none"' jobs >some
	mv some jobs
fi
expect 1 limits -j4 --limits best-effort --results r.jsonl jobs
of()
{
	line=$(grep "\"id\":\"$1\"" r.jsonl) || return
	case $line in *"$2"*) ;; *) fail "job $1: no $2 in $line" ;; esac
}
of bomb '"outcome":"limit","limit":"processes"'
of eater '"outcome":"limit","limit":"memory"'
of spread '"outcome":"limit","limit":"memory"'
of shared '"outcome":"passed"'
of burner '"outcome":"limit","limit":"cpu"'
of burners '"outcome":"limit","limit":"cpu"'
of daemons '"outcome":"limit","limit":"cpu"'
of writer '"outcome":"limit","limit":"file-size"'
of writer-in-a-shell '"outcome":"limit","limit":"file-size"'
of sleeper '"outcome":"limit","limit":"wall"'
of opener '"outcome":"failed"'
of threads '"outcome":"passed"'
of one-by-one '"outcome":"passed"'
of modest '"outcome":"passed"'
[ "$(wc -c <endless)" = 1048576 ] || fail "the file has $(wc -c <endless) bytes"
gone_within 5 "$base/bomb.sh" || fail "a part of the bomb is left"
grep -q 'over its limit: processes' err || { fail "no reason in the summary"; cat err >&2; }

# Of the whole batch, and what a job says itself.
printf '%s\n' '{"id":"a","sh":"sleep 20"}' '{"id":"b","sh":"sleep 0.7","limits":{"wall":10}}' >jobs
expect 1 "of the batch" -j2 --limits wall=0.4 --results r2.jsonl jobs
cp r2.jsonl r.jsonl
of a '"limit":"wall"'
of b '"outcome":"passed"'

# What cannot be enforced is an error before anything runs.
WARREN_NO_CGROUP=1 expect 2 "no cgroup" --limits memory=1G 'touch ran-' ::: 1
grep -q 'cannot be limited strictly' err && [ ! -e ran-1 ] || { fail "no cgroup:"; cat err >&2; }
WARREN_NO_CGROUP=1 expect 0 "best effort" --limits memory=1G,best-effort true ::: 1
for bad in memory memory=x cpu=-1 files=0 nonsense=3 '' processes=2K; do
	expect 2 "--limits $bad" --limits "$bad" true ::: 1
	[ "$(wc -l <err)" = 1 ] || fail "--limits $bad: not one line"
done
timeout 20 "$WARREN" run -r / --limits wall=0.3 -- sleep 20 2>err
[ $? = 124 ] && grep -q 'over its limit: wall' err || { fail "warren run"; cat err >&2; }
done_testing
