#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --batch-limits: what all jobs together have too much of ends the one that has most of it, or the batch.
. "$(dirname "$0")/lib.sh"

of()
{
	line=$(grep "\"id\":\"$1\"" r.jsonl) || { fail "no result of $1"; return; }
	case $line in *"$2"*) ;; *) fail "$what: job $1: no $2 in $line" ;; esac
}

# processes: a fork bomb, which is below the limit of nobody else
cat >bomb.sh <<'END'
#!/bin/sh
while :; do "$0" & done
END
chmod 755 bomb.sh
cat >jobs <<END
{"id":"bomb","argv":["$base/bomb.sh"]}
{"id":"a","sh":"for i in 1 2 3; do sleep 0.1; done"}
{"id":"b","sh":"sleep 0.3 & sleep 0.2; wait"}
END
what=processes
expect 1 $what -j3 --batch-limits processes=40 --results r.jsonl jobs
of bomb '"limit":"processes"'
of a '"outcome":"passed"'
of b '"outcome":"passed"'
rm -f r.jsonl

# memory
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) || python=
if [ -n "$python" ]; then
	cat >eater.py <<-'END'
	kept = []
	while True:
	    kept.append(bytearray(b"x" * (4 << 20)))
	END
	cat >modest.py <<-'END'
	import time
	kept = bytearray(b"x" * (24 << 20))
	time.sleep(1)
	END
	cat >jobs <<-END
	{"id":"eater","argv":["$python","eater.py"]}
	{"id":"a","argv":["$python","modest.py"]}
	{"id":"b","argv":["$python","modest.py"]}
	END
	for no in '' 1; do
		what="memory${no:+ without cgroups}"
		WARREN_NO_CGROUP=$no
		[ -n "$no" ] && export WARREN_NO_CGROUP || unset WARREN_NO_CGROUP
		expect 1 "$what" -j3 --batch-limits memory=250M,best-effort --results r.jsonl jobs
		of eater '"limit":"memory"'
		of a '"outcome":"passed"'
		of b '"outcome":"passed"'
		rm -f r.jsonl
	done
	WARREN_NO_CGROUP=1 expect 2 "memory that cannot be limited" --batch-limits memory=250M jobs
	grep -q 'best-effort' err || { fail "no reason:"; cat err >&2; }
	unset WARREN_NO_CGROUP
fi

# time: the batch ends, and goes on later
printf '%s\n' 'echo one' 'sleep 60' 'echo three' >jobs
expect 1 time -j1 --batch-limits wall=1 --results r.jsonl jobs
grep -q 'the time is up' err || { fail "time:"; cat err >&2; }
sed -i 's/60/0/' jobs
expect 0 resumed -j1 --batch-limits wall=60 --resume r.jsonl jobs
[ "$(lines '"outcome":"passed"' r.jsonl)" = 3 ] || { fail "resumed:"; cat r.jsonl >&2; }

expect 2 'of cpu' --batch-limits cpu=3 jobs
grep -q 'memory, processes and wall' err || fail "no reason for cpu"
expect 2 'of nothing' --batch-limits lots jobs
done_testing
