#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Jobs that do not want to end: they are ended, nothing survives, and the others are right.
. "$(dirname "$0")/lib.sh"

n=$((3000000 + $$))
cat >jobs <<END
{"id":"ignores","sh":"trap '' TERM INT HUP QUIT; while :; do sleep $n; done","timeout":1}
{"id":"stops","sh":"sleep $n & kill -STOP \$\$","timeout":1}
{"id":"daemon","sh":"setsid sh -c 'sleep $n &' </dev/null >/dev/null 2>&1; exit 0"}
{"id":"bomb","sh":"f() { sleep $n & f & f & wait; }; ulimit -u 400 2>/dev/null; f","timeout":1}
{"id":"closes","sh":"exec 0<&- 1>&- 2>&-; sleep $n","timeout":1}
{"id":"floods","sh":"yes $n","timeout":1}
{"id":"holds","sh":"sleep $n & exit 0"}
END
i=0
while [ $i -lt 20 ]; do
	echo "echo fine $i"
	i=$((i + 1))
done >>jobs
expect 1 "hostile jobs" -j4 --output-limit 100000 --results r.jsonl jobs
[ "$(lines '^fine' out)" = 20 ] || fail "the others are not right: $(lines '^fine' out)"
for id in ignores stops bomb closes floods; do
	grep "\"id\":\"$id\"" r.jsonl | grep -q '"outcome":"timeout"' || fail "$id: $(grep "\"id\":\"$id\"" r.jsonl)"
done
for id in daemon holds; do
	grep "\"id\":\"$id\"" r.jsonl | grep -q '"outcome":"passed"' || fail "$id: $(grep "\"id\":\"$id\"" r.jsonl)"
done
gone_within 3 $n || fail "something survives"
done_testing
