#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A full disk hurts the job that fills it alone; results that cannot be written end the batch, and --resume does the
# rest.
self=$(realpath "$0")
. "$(dirname "$0")/lib.sh"

if [ -z "${IN_NAMESPACE-}" ]; then
	flags=-m
	[ "$(id -u)" = 0 ] || flags=-Urm
	unshare $flags true 2>/dev/null || exit 77
	IN_NAMESPACE=1 unshare $flags -- "$self"
	exit $?
fi
mkdir disk work
mount -t tmpfs -o size=4m,mode=1777 none disk || exit 77
dir=$base/work
cat >jobs <<END
{"id":"fills","sh":"while [ ! -e $base/started ]; do sleep 0.1; done; head -c 8000000 /dev/zero >big || exit 9"}
{"id":"a","sh":"echo a >a; sleep 0.3; cat a"}
{"id":"b","sh":"touch $base/started; sleep 1; echo b"}
END
expect 1 "layers on a full disk" -j3 --cow "$dir" --cwd "$dir" --keep-failed disk/layers --results r.jsonl jobs
grep '"id":"fills"' r.jsonl | grep -q '"exit":9' || fail "$(cat r.jsonl)"
grep '"id":"b"' r.jsonl | grep -q '"outcome":"passed"' || fail "b: $(cat r.jsonl)"
rm -rf disk/layers
rm started; touch started
expect 1 "again" -j1 --cow "$dir" --cwd "$dir" --keep-failed disk/layers jobs
for layer in disk/layers/*; do
	"$WARREN" discard "$layer" || fail "a layer on a full disk cannot be thrown away"
done

seq 40 | sed 's/.*/echo &/' >jobs
head -c 4190000 /dev/zero >disk/fill 2>/dev/null
b -j2 --results disk/r.jsonl jobs
[ $? = 125 ] && grep -q "'disk/r.jsonl'.*No space left" err || { fail "full results:"; tail -n 3 err >&2; }
tail -c 1 disk/r.jsonl | od -An -c | grep -q '\\n' || [ ! -s disk/r.jsonl ] || fail "a line was cut"
rm disk/fill
expect 0 "resumed" -j2 --resume disk/r.jsonl jobs
[ "$(lines '"outcome":"passed"' disk/r.jsonl)" = 40 ] || fail "$(wc -l <disk/r.jsonl) results"
umount disk
done_testing
