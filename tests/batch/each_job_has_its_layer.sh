#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --cow: every job starts from the same files and leaves none; the layers of failed jobs can be kept and looked at.
. "$(dirname "$0")/lib.sh"

mkdir tree tmp && echo original >tree/f
TMPDIR=$base/tmp
export TMPDIR
run()
{
	timeout -k 5 60 "$WARREN" batch -r / --cow "$base/tree" --cwd "$base/tree" "$@" >out 2>err
}
seq 20 | sed 's/.*/cat f; echo & >f; test "$(cat f)" = & \&\& ! test -e n \&\& touch n \&\& test & != 7/' >jobs
run -j4 --keep-failed layers --results r.jsonl jobs
[ $? = 1 ] || { fail "exit status"; head -n 20 err >&2; }
[ "$(lines '^original$' out)" = 20 ] || { fail "jobs see each other:"; cat out >&2; }
[ "$(cat tree/f)" = original ] && [ "$(ls tree)" = f ] || fail "the tree has changed"
[ "$(ls layers | wc -l)" = 1 ] || fail "kept are $(ls layers | wc -l) layers"
layer=$(sed -n 's/.*"id":"7".*"layer":"\([^"]*\)".*/\1/p' r.jsonl)
[ -n "$layer" ] || fail "the result does not name its layer: $(grep '"id":"7"' r.jsonl)"
"$WARREN" diff "$layer" >out 2>err
[ "$(LC_ALL=C sort out | tr '\n' ' ')" = "A n M f " ] || { fail "the kept layer:"; cat out err >&2; }
printf '%s\n' 'test -e ../flag && exit 0; touch ../flag n; exit 1' 'touch n; exit 1' >jobs
run -j1 -w "$base" --retry 2 --keep-failed tries jobs
[ "$(ls tries | wc -l)" = 1 ] || fail "after tries again $(ls tries | wc -l) layers are kept"
seq 20 >jobs
run -j4 -q jobs
[ -z "$(ls tmp)" ] || fail "left behind: $(ls tmp)"
timeout 10 "$WARREN" batch -r / --keep-failed layers jobs >out 2>err
[ $? = 2 ] || fail "--keep-failed without --cow is not refused"
done_testing
