#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Results: outcomes, exit status, JSON lines, retries, JUnit, how to run one alone, sharding and shuffling.
. "$(dirname "$0")/lib.sh"

cat >jobs <<'END'
{"id":"good","sh":"true"}
{"id":"bad","sh":"exit 3"}
{"id":"sig","sh":"kill -SEGV $$"}
{"id":"slow","sh":"sleep 20","timeout":0.3}
{"id":"none","argv":["/nowhere/at/all"]}
{"id":"flaky","sh":"test -e flag && exit 0; touch flag; exit 1"}
END
expect 1 outcomes -j2 --retry 2 --results r.jsonl --junit r.xml jobs
has()
{
	grep "\"id\":\"$1\"" r.jsonl | grep -q "$2" || fail "job $1: no $2 in $(grep "\"id\":\"$1\"" r.jsonl)"
}
[ "$(wc -l <r.jsonl)" = 6 ] || fail "$(wc -l <r.jsonl) results"
has good '"outcome":"passed","exit":0'
has good '"attempts":1'
has bad '"outcome":"failed","exit":3'
has bad '"attempts":3'
has sig '"outcome":"signal","signal":11'
has slow '"outcome":"timeout"'
has none '"outcome":"not-started".*No such file'
has flaky '"outcome":"passed".*"attempts":2,"flaky":true'
has good '"notifications":[1-9]'
has good '"max_rss_kib":[1-9]'
grep -q '2 passed, 4 failed' err || { fail "summary:"; cat err >&2; }
grep -q 'flaky (2 tries)' err || fail "the flaky one is not named"
[ "$(lines '<testcase' r.xml)" = 6 ] && [ "$(lines '<failure' r.xml)" = 3 ] && [ "$(lines '<error' r.xml)" = 1 ] ||
	{ fail "JUnit:"; cat r.xml >&2; }

# The line that the summary prints does it again.
again=$(sed -n "s/^ *warren run/run/p" err | grep 'exit 3')
eval "timeout 20 \"\$WARREN\" $again" >/dev/null 2>&1
[ $? = 3 ] || fail "the printed command does not do the same: $again"

seq 30 | sed 's/.*/echo &/' >jobs
: >all
for k in 1 2 3; do
	expect 0 "shard $k" --shard $k/3 jobs
	cat out >>all
	[ "$(wc -l <out)" = 10 ] || fail "shard $k has $(wc -l <out) jobs"
done
[ "$(sort -n all | tr '\n' ' ')" = "$(seq -s ' ' 30) " ] || fail "the shards are not the whole"
expect 0 "shuffled" -j1 --seed 7 jobs
cp out first
expect 0 "again" -j1 --seed 7 jobs
cmp -s out first || fail "the same seed gives another order"
[ "$(sort -n first | tr '\n' ' ')" = "$(seq -s ' ' 30) " ] || fail "shuffling loses jobs"
seq 30 | cmp -s - first && fail "it is not shuffled"

printf 'exit 1\nsleep 30\nsleep 30\ntouch ran\n' >jobs
began=$(date +%s)
expect 1 "fail fast" -j2 --fail-fast jobs
[ $(($(date +%s) - began)) -lt 15 ] || fail "--fail-fast waits for the others"
[ ! -e ran ] || fail "--fail-fast goes on"
grep -q '3 not run' err || { fail "what was not run is not told"; cat err >&2; }
done_testing
