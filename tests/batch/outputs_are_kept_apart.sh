#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Output: of one job in one piece, in order with -k, line by line with --follow; bounded.
. "$(dirname "$0")/lib.sh"

for i in 1 2 3 4 5 6; do
	echo "for k in 1 2 3 4 5; do echo job $i line \$k; echo err $i >&2; sleep 0.0$((7 - i)); done"
done >jobs
expect 0 grouped -j6 jobs
awk '{ if ($2 != last) { changes++; last = $2 } } END { exit changes != 6 }' out || { fail "mixed:"; cat out >&2; }
[ "$(lines '^err' err)" = 30 ] || fail "standard error is not complete"
expect 0 ordered -j6 -k jobs
sort -s -n -k2,2 out | cmp -s - out || { fail "not in order:"; cat out >&2; }
[ "$(wc -l <out)" = 30 ] || fail "lines are missing"
expect 0 followed -j6 --follow jobs
[ "$(lines '^\[[1-6]\] job [1-6] line [1-5]$' out)" = 30 ] || { fail "follow:"; cat out >&2; }
awk '{ if ($1 != last) { changes++; last = $1 } } END { exit changes <= 6 }' out || fail "--follow waits for the end"
expect 0 "a part of a line" --follow 'printf "no newline"' ::: x
[ "$(cat out)" = "[1] no newline" ] || fail "the last part of a line is lost"
expect 0 "none" --no-output jobs
[ ! -s out ] || fail "--no-output prints"
printf '%s\n' 'head -c 3000000 /dev/zero | tr "\0" x; echo end' >jobs
expect 0 "much output" jobs
[ "$(wc -c <out)" = 3000004 ] || fail "output cut at $(wc -c <out)"
expect 0 "bounded output" --output-limit 1000 jobs
[ "$(wc -c <out)" = 1000 ] || fail "the bound gives $(wc -c <out) bytes"
grep -q '2999004 bytes of output of job 1 left out' err || fail "nothing is said of it"
done_testing
