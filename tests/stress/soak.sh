#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Mixed load for SOAK_MINUTES (default: 1; 30 for a whole soak): one long batch, batches that are killed and resumed, and commits
# that are killed, all at once, while processes of their jobs are killed at random. In the end nothing runs any more, the trees
# are what they must be, nothing is left in the directories for temporary files, and the long batch has the descriptors, threads
# and memory that it had after the first sixth of the time. --report prints what was measured. OPENER: a program that opens a file many times.
. "$(dirname "$0")/../batch/lib.sh"

report=${1:-}
minutes=${SOAK_MINUTES:-1}
seconds=$(awk "BEGIN { print int($minutes * 60) }")
token=$((6000000 + $$)) # what daemons sleep, so that they can be found
mkdir tmp run work work/d scratch
TMPDIR=$base/tmp XDG_RUNTIME_DIR=$base/run
export TMPDIR XDG_RUNTIME_DIR
for i in 1 2 3 4 5 6 7 8; do
	printf 'int f%d(int x) { return x * %d; }\n' $i $i >work/f$i.c
	echo "$i" >work/d/$i
done
cc=$(command -v cc) || cc=
opener=${OPENER:-/bin/true}
tree()
{
	(cd "$1" && find . -printf '%p %y %m %l\n' | sort && find . -type f -exec md5sum {} + | sort)
}
tree work >work.before

# random N: from 0 to N - 1
random()
{
	echo $(($(od -An -N4 -tu4 /dev/urandom) % $1))
}

# descendants PID: all of them, the youngest last
descendants()
{
	for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
		echo "$child"
		descendants "$child"
	done
}

# ---- the long batch ----

# All wait while there is a file "pause": so the batch can be looked at at rest, with all of its slots taken.
jobs()
{
	awk -v n="$1" -v opener="$opener" -v cc="$cc" -v token="$token" -v base="$base" 'BEGIN {
		k[0] = "echo new >d/1; rm d/2; mkdir e; mv d/3 e/; ln -s e l; cat l/3 d/1; test ! -e d/2"
		k[1] = cc == "" ? "true" : cc " -O0 -c f1.c f2.c && test -s f1.o"
		k[2] = "i=0; while [ $i -lt 30 ]; do /bin/true; i=$((i + 1)); done"
		k[3] = opener
		k[4] = "exit 3"
		k[5] = "sleep 0.3; for i in *.c; do cp $i copy-$i; done; sleep 0.3"
		k[6] = "(setsid sleep " token " &) ; (sleep " token " &) ; true"
		k[7] = "sleep " token
		k[8] = "while :; do :; done"
		k[9] = "while :; do sleep 1 & done"
		k[10] = "exec cat /dev/zero >big"
		k[11] = "find . -type f | xargs cat | wc -c; ls -lR / >/dev/null 2>&1 & sleep 0.2; kill $!"
		extra[7] = ",\"timeout\":0.5"
		extra[8] = ",\"limits\":{\"cpu\":0.2}"
		extra[9] = ",\"limits\":{\"processes\":15}"
		extra[10] = ",\"limits\":{\"file-size\":\"1M\"}"
		for (i = 0; i < n; i++)
			printf "{\"sh\":\"while [ -e %s/pause ]; do sleep 0.2; done; %s\"%s}\n", base, k[i % 12], extra[i % 12]
	}'
}

# sample: resident KiB, descriptors, threads of the long batch
sample()
{
	echo "$(awk '/^VmRSS:/ { print $2 }' "/proc/$long/status") $(find "/proc/$long/fd" -mindepth 1 | wc -l)" \
		"$(awk '/^Threads:/ { print $2 }' "/proc/$long/status")"
}

# ---- batches that are killed and resumed ----

resumed()
{
	n=0
	seq 30 | sed 's/.*/echo & >f; sleep 0.0&; test "$(cat f)" = & \&\& echo & >>..\/scratch\/ran'"$1"'/' >jobs$1
	while [ ! -e stop ]; do
		rm -f r$1.jsonl scratch/ran$1
		tries=$(random 4)
		while :; do
			"$WARREN" batch -q --no-output -r / -w "$base/scratch" --cow "$base/work" --cwd "$base/work" -j3 --resume r$1.jsonl \
				jobs$1 >out$1 2>err$1 &
			pid=$!
			[ "$tries" -gt 0 ] || break
			sleep "0.$(random 10)"
			kill -9 $pid
			wait $pid
			tries=$((tries - 1))
			echo killed >>supervisors
		done 2>/dev/null
		wait $pid || fail "a resumed batch: $(head -n 5 err$1)"
		[ "$(grep '"outcome":"passed"' r$1.jsonl | sed 's/.*"id":"\([0-9]*\)".*/\1/' | sort -u | wc -l)" = 30 ] ||
			fail "results: $(cat r$1.jsonl)"
		[ "$(sort -u scratch/ran$1 | wc -l)" = 30 ] || fail "not all jobs of a resumed batch ran"
		n=$((n + 30))
		echo $n >resumed$1
		sleep 1.1 # layers that are younger may just be in the making
		"$WARREN" layers --prune tmp >/dev/null 2>&1
	done
	exit $failures
}

# ---- commits that are killed ----

# The tree is as before the commit or as after it, and after it when the commit was taken up again.
committed()
{
	n=0
	mkdir goal
	while [ ! -e stop ]; do
		n=$((n + 1))
		"$WARREN" run -r / --cow "$base/goal" --cwd "$base/goal" --layer "$base/layer" -- /bin/sh -c \
			"rm -rf old; mkdir -p old; if [ -d new ]; then mv new/* old/; fi; mkdir -p new; for i in 1 2 3 4 5 6 7 8 9; do echo $n >new/\$i; done" \
			>out.c 2>err.c || fail "a run before a commit: $(head -n 5 err.c)"
		"$WARREN" commit layer >out.c 2>err.c &
		pid=$!
		if [ "$(random 2)" = 0 ]; then
			sleep "0.00$(random 9)"
			kill -9 $pid && echo killed >>supervisors
		fi 2>/dev/null
		wait $pid 2>/dev/null
		[ ! -e layer ] || "$WARREN" commit layer >out.c 2>err.c || { fail "a commit that was killed: $(head -n 5 err.c)"; break; }
		[ "$(cat goal/new/* | sort | uniq -c | tr -d ' ')" = "9$n" ] || { fail "committed: $(cat goal/new/*), not $n"; break; }
		echo $n >committed
	done
	exit $failures
}

# ---- all at once ----

# rest: until the long batch is at rest, longer than it keeps threads that have no work
rest()
{
	touch pause
	sleep 15
}

touch pause
jobs $((seconds * 80 + 1000)) >long
"$WARREN" batch -r / -w "$base/scratch" --cow "$base/work" --cwd "$base/work" -j4 --no-output -q --timeout 3600 --results long.jsonl \
	--limits best-effort long >out 2>err &
long=$!
started=$long
rm pause
sleep $((seconds / 6)) # until every slot has been used
rest
first=$(sample)
ls -l /proc/$long/fd >fds.first
rm pause
resumed 1 &
one=$!
resumed 2 &
two=$!
committed &
three=$!
started="$started $one $two $three"
: >samples
kills=0
end=$(($(date +%s) + seconds))
while [ "$(date +%s)" -lt $end ]; do
	kill -0 $long 2>/dev/null || { fail "the long batch ended: $(head -n 5 err)"; break; }
	sample >>samples
	for i in 1 2 3 4 5 6; do
		sleep 0.5
		descendants $long >victims
		[ -s victims ] || continue
		victim=$(sed -n "$((1 + $(random "$(wc -l <victims)")))p" victims)
		case $(cat "/proc/$victim/comm" 2>/dev/null) in
		warren* | '') ;; # the guard of the batch, or gone
		*) kill -9 "$victim" 2>/dev/null && kills=$((kills + 1)) ;;
		esac
	done
done
touch stop
for pid in $one $two $three; do
	wait $pid || fail "a part ended with $?"
done
rest
last=$(sample)
ls -l /proc/$long/fd >fds.last
done_jobs=$(wc -l <long.jsonl)
kill -TERM $long
wait $long
status=$?
started=
[ $status = 143 ] || fail "the long batch ends with $status: $(head -n 5 err)"

# ---- back to where it began ----

gone_within 5 $token || fail "a daemon survives"
tree work | cmp -s - work.before || fail "the covered tree has changed"
sleep 2
"$WARREN" layers --prune tmp >out 2>err || fail "layers --prune: $(cat err)"
[ -z "$(ls tmp)" ] || fail "left in TMPDIR: $(ls tmp)"
# one that was killed leaves its directory to the next one
"$WARREN" run -r / -- /bin/true
[ -z "$(ls run)" ] || fail "left in XDG_RUNTIME_DIR: $(ls run)"
# shellcheck disable=SC2086 # words
set -- $first $last
# four more layers of nine descriptors may be kept to be used again
[ "$5" -le $(($2 + 40)) ] || fail "descriptors: $2 at first, $5 in the end: $(cat fds.first fds.last)"
[ "$6" -le $(($3 + 3)) ] || fail "threads: $3 at first, $6 in the end"
# the results of the jobs stay in memory: less than 1 KiB each
[ "$4" -le $(($1 + 20000 + done_jobs)) ] || fail "memory: $1 KiB at first, $4 in the end, after $done_jobs jobs"
[ "$(cat resumed1 resumed2 committed 2>/dev/null | wc -l)" = 3 ] || fail "a part did nothing"
if [ "$report" ]; then
	echo "$seconds s: $done_jobs jobs of the long batch ($(sed 's/.*"outcome":"\([^"]*\)".*/\1/' long.jsonl | sort | uniq -c | tr -s ' \n' ' '))," \
		"$(($(cat resumed1) + $(cat resumed2))) of resumed ones, $(cat committed) commits, $(wc -l <supervisors) supervisors and" \
		"$kills processes of jobs killed"
	echo "the long batch: KiB resident, descriptors, threads: $1 $2 $3 at first, $4 $5 $6 in the end;" \
		"at most $(awk '{ for (i = 1; i <= 3; i++) if ($i > m[i]) m[i] = $i } END { print m[1], m[2], m[3] }' samples)"
fi
done_testing
