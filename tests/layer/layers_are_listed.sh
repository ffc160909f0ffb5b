#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warren layers: what there is, and --prune removes what crashes left, but nothing that is in use or was kept.
. "$(dirname "$0")/lib.sh"

TMPDIR=$base/tmp
export TMPDIR
mkdir tmp mine
mkfifo end
tree d >before
expect 0 "a kept one" c --layer mine/one -- sh -c 'head -c 100000 /dev/urandom >big; echo x >f'
expect 0 "a set" timeout 60 "$WARREN" run -r / --cow "$base/d" --cow "$base/mine" --layer "$base/set" -- true
expect 0 "list" warren layers mine set
[ "$(grep -c ' kept .* mine/one ' out)" = 1 ] && grep -q "[0-9]*K *2 *[0-9]*s  kept .* $base/d  sh -c head" out || { fail "list:"; cat out >&2; }
[ "$(grep -c 'set/part-' out)" = 2 ] || { fail "the set:"; cat out >&2; }
expect 0 "json" warren layers --json mine
grep -q "^{\"layer\":\"mine/one\",\"covers\":\"$base/d\",\"command\":\"sh -c .*\"bytes\":[0-9]*,\"files\":2,\"lowers\":1,\"state\":\"kept\"}$" out || { fail "json:"; cat out >&2; }
expect 3 "kept by its fate" c --on-exit commit-on-success -- sh -c 'echo x >f; exit 3'

# supervisors that are killed: by themselves, and with a batch
"$WARREN" run -r / --cow "$base/d" --cwd "$base/d" -- sh -c 'echo x >f; echo ready; sleep 30' >ready 2>/dev/null </dev/null &
killed=$!
seq 2 | sed "s/.*/echo x >f; echo ready >>ready2; sleep 30/" >jobs
"$WARREN" batch -q -j2 -r / -w "$base" --cow "$base/d" --cwd "$base" jobs >/dev/null 2>&1 </dev/null &
batch=$!
"$WARREN" run -r / --cow "$base/d" --cwd "$base/d" -- sh -c 'echo x >f; echo ready; read end' >ready3 2>/dev/null <end &
alive=$!
exec 9>end
for i in $(seq 100); do
	[ -s ready ] && [ "$(cat ready2 2>/dev/null | wc -l)" = 2 ] && [ -s ready3 ] && break
	sleep 0.1
done
kill -KILL $killed $batch
wait $killed $batch 2>/dev/null
mkdir tmp/warren-layer-half tmp/warren-layer-empty tmp/warren-layer-mine && touch tmp/warren-layer-half/lock tmp/warren-layer-mine/file && mkdir tmp/warren-layer-half/work
expect 0 "list after crashes" warren layers
[ "$(grep -c 'in use' out)" = 1 ] && [ "$(grep -c 'left over' out)" = 3 ] && [ "$(grep -c ' kept ' out)" = 1 ] || { fail "after crashes:"; cat out >&2; }
sleep 2.1
expect 0 "prune" warren layers --prune
[ "$(grep -c '^removed ' out)" = 4 ] || { fail "prune:"; cat out err >&2; ls tmp >&2; }
grep -q "warren-layer-mine' is left" err || { fail "what is no layer:"; cat err >&2; }
[ "$(ls tmp | sed 's/[^-]*$//' | sort | tr '\n' ' ')" = "warren-kept- warren-layer- warren-layer- " ] || fail "after prune: $(ls tmp)"
echo >&9
exec 9>&-
wait $alive || fail "a run lost its layer to prune"
expect 2 "no such directory" warren layers nowhere
rm f 2>/dev/null
tree d | cmp -s before - || fail "the directory has changed"
done_testing
