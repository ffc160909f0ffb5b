#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warren report: the results of several batches are merged and summed up.
. "$(dirname "$0")/lib.sh"

cat >jobs <<'END'
{"id":"good","sh":"true"}
{"id":"bad","sh":"exit 3"}
{"id":"flaky","sh":"test -e flag && exit 0; touch flag; exit 1"}
{"id":"later","sh":"test -e go"}
{"id":"slow","sh":"sleep 0.7"}
{"id":"over","sh":"sleep 20","limits":{"wall":0.3}}
{"id":"killed","sh":"kill -9 $$"}
END
expect 1 "part 1" --shard 1/2 --retry 1 --results r1.jsonl jobs
expect 1 "part 2" --shard 2/2 --retry 1 --results r2.jsonl jobs
touch go
expect 1 "again" --shard 2/2 --resume r2.jsonl --rerun-failed jobs
printf '{"id":"cut' >>r2.jsonl
"$WARREN" report --junit r.xml --slowest 1 r1.jsonl r2.jsonl >out 2>err
[ $? = 1 ] || fail "exit status"
grep -q '^7 jobs: 4 passed, 1 failed, 1 signal, 1 limit; 1 flaky; ' out || { fail "sum:"; cat out err >&2; }
grep -q '^  bad: exit status 3: exit 3$' out && grep -q '^  over: over its limit: wall' out &&
	grep -q '^  flaky: 2 tries' out && grep -q '^1 lines are no results' out || { fail "lists:"; cat out >&2; }
[ "$(grep -A1 '^slowest:' out | sed -n 's/^  \(.*\): [0-9.]*s: .*/\1/p')" = slow ] || { fail "slowest:"; cat out >&2; }
[ "$(lines '<testcase' r.xml)" = 7 ] && [ "$(lines '<failure' r.xml)" = 3 ] || { fail "JUnit:"; cat r.xml >&2; }
grep '"id":"good"' r1.jsonl r2.jsonl | sed 's/^[^{]*//' >one.jsonl
"$WARREN" report one.jsonl >out
[ $? = 0 ] || fail "all passed, and the exit status is not 0"
"$WARREN" report nowhere >out 2>err
[ $? = 2 ] && [ "$(wc -l <err)" = 1 ] || fail "no such file"
"$WARREN" report >out 2>err
[ $? = 2 ] || fail "no arguments"
done_testing
