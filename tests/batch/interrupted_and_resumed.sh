#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A batch that is interrupted or killed leaves nothing running, and --resume does the rest, no job twice.
. "$(dirname "$0")/lib.sh"

n=$((4000000 + $$))
i=0
while [ $i -lt 12 ]; do
	echo "echo $i >>ran.$i; sleep 0.3"
	i=$((i + 1))
done >jobs
echo "test -e go || sleep $n" >>jobs
for sig in INT TERM KILL; do
	rm -f r.jsonl ran.* go
	timeout -k 5 60 setsid "$WARREN" batch -r / -w "$base" -j3 --resume r.jsonl jobs >out 2>err &
	started=$!
	i=0
	while { [ ! -e r.jsonl ] || [ "$(wc -l <r.jsonl)" -lt 12 ]; } && [ $i -lt 200 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	# the batch itself, not timeout or setsid
	for p in $(cat /proc/$started/task/$started/children); do
		kill -$sig "$p"
	done
	wait $started
	status=$?
	gone_within 3 $n || fail "SIG$sig: a job survives"
	[ $sig = INT ] && { [ $status = 130 ] || fail "SIGINT: exit status $status"; }
	[ $sig = TERM ] && { [ $status = 143 ] || fail "SIGTERM: exit status $status"; }
	# as a crash may leave it
	[ $sig = KILL ] && printf '{"id":"13","comm' >>r.jsonl
	touch go
	expect 0 "resume after SIG$sig" -j3 --resume r.jsonl jobs
	grep -q '1 passed, 0 failed, 12 done before' err || { fail "SIG$sig:"; cat err >&2; }
	[ "$(cat ran.* | wc -l)" = 12 ] || fail "SIG$sig: a job ran twice"
	[ "$(lines '"outcome":"passed"' r.jsonl)" = 13 ] || { fail "SIG$sig: results:"; cat r.jsonl >&2; }
done

# Slurm signals all processes of a task, and may come to the batch last.
printf '%s\n' "test -e go || exec sleep $n" "test -e go || { sleep $n; exit 143; }" >jobs
echo $n >token # in a file, so that the search does not find itself
for sig in TERM KILL; do
	rm -f r.jsonl go
	timeout -k 5 60 setsid "$WARREN" batch -r / -w "$base" -j2 --resume r.jsonl jobs >out 2>err &
	started=$!
	i=0
	while [ "$(grep -slxzF -f token /proc/[0-9]*/cmdline | wc -l)" -lt 2 ] && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ $i -lt 100 ] || fail "SIG$sig to all: the jobs have not started"
	batch=$(cat /proc/$started/task/$started/children)
	for c in $(grep -slxzF -f token /proc/[0-9]*/cmdline); do
		kill -$sig "$(basename "${c%/cmdline}")"
	done
	sleep 0.01
	kill -TERM $batch
	wait $started
	[ ! -s r.jsonl ] || { fail "SIG$sig to all: results:"; cat r.jsonl >&2; }
	touch go
	expect 0 "resume after SIG$sig to all" --resume r.jsonl jobs
	grep -q '2 passed, 0 failed' err || { fail "SIG$sig to all:"; cat err >&2; }
done
for blocked in $(grep SigBlk /proc/self/status); do :; done
printf '%s\n' '{"argv":["grep","SigBlk","/proc/self/status"]}' >jobs
expect 0 "the mask of signals" --prepare "grep SigBlk /proc/self/status >&2" --cow /opt jobs
[ "$(cat out err | grep -c "$blocked")" = 2 ] || { fail "signals are blocked in what is started:"; cat out err >&2; }
printf '%s\n' 'kill -TERM $$' 'exit 137' >jobs
rm -f r.jsonl
expect 1 "jobs that end so by themselves" --resume r.jsonl jobs
[ "$(lines '"signal":15' r.jsonl)" = 1 ] && [ "$(lines '"exit":137' r.jsonl)" = 1 ] || { fail "they have results:"; cat r.jsonl >&2; }

# The children of a killed one may have its results for a moment; not so another batch.
printf 'true\n' >jobs
rm -f r.jsonl
flock r.jsonl sleep 0.7 &
sleep 0.3
expect 0 "the file is free in a moment" --resume r.jsonl jobs
grep -q '1 passed' err || { fail "the file is free in a moment:"; cat err >&2; }
rm -f r.jsonl
flock r.jsonl sleep $n &
started=$!
sleep 0.3
expect 2 "the file is another batch's" --resume r.jsonl jobs
grep -q 'another batch is writing its results there' err || { fail "another batch:"; cat err >&2; }
kill $(cat /proc/$started/task/$started/children) # flock ends with it
wait $started
started=

printf 'exit 1\ntrue\n' >jobs
rm -f r.jsonl
expect 1 "first" --resume r.jsonl jobs
expect 0 "failed ones are done, too" --resume r.jsonl jobs
grep -q '2 done before' err || fail "the failed job ran again"
expect 1 "--rerun-failed" --resume r.jsonl --rerun-failed jobs
grep -q '0 passed, 1 failed, 1 done before' err || { fail "--rerun-failed:"; cat err >&2; }
printf 'exit 0\ntrue\n' >jobs
expect 0 "another command under the same id" --resume r.jsonl jobs
grep -q '1 passed, 0 failed, 1 done before' err || { fail "changed command:"; cat err >&2; }
done_testing
