#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A batch with layers that is killed: nothing survives, the tree is as it was, --resume does the rest, and what is left
# of layers is found and removed.
. "$(dirname "$0")/lib.sh"

mkdir work tmp && echo old >work/file
TMPDIR=$base/tmp
export TMPDIR
n=$((5000000 + $$))
seq 6 | sed 's/.*/echo new >file; test "$(cat file)" = new; test -e ..\/go || exec sleep '$n'/' >jobs
echo 'cat file' >>jobs
run()
{
	timeout -k 5 60 "$WARREN" batch -r / --cow "$base/work" --cwd "$base/work" -j8 --resume r.jsonl jobs >out 2>err
}
run &
started=$!
i=0
while [ "$(find tmp -name file 2>/dev/null | wc -l)" -lt 6 ] && [ $i -lt 200 ]; do
	sleep 0.1
	i=$((i + 1))
done
for p in $(cat "/proc/$started/task/$started/children"); do
	for b in $(cat "/proc/$p/task/$p/children"); do
		case $(cat "/proc/$b/comm" 2>/dev/null) in warren) kill -9 "$b" ;; esac
	done
	case $(cat "/proc/$p/comm" 2>/dev/null) in warren) kill -9 "$p" ;; esac
done
wait $started
gone_within 5 $n || fail "a job survives"
[ "$(cat work/file)" = old ] && [ "$(ls work)" = file ] || fail "the tree has changed"
[ -n "$(ls tmp)" ] || fail "no layer was left: nothing is tested"
touch go
run || { fail "resume: $?"; cat err >&2; }
[ "$(lines '"outcome":"passed"' r.jsonl)" = 7 ] || fail "results: $(cat r.jsonl)"
[ "$(cat work/file)" = old ] || fail "the tree has changed"
sleep 2 # what is younger may just be in the making
"$WARREN" layers --prune tmp >out 2>err || { fail "layers --prune"; cat err >&2; }
[ -z "$(ls tmp)" ] || fail "left: $(ls tmp)"
done_testing
