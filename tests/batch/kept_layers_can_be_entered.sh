#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warren shell: the layer of a failed job is looked at with the job's eyes.
. "$(dirname "$0")/lib.sh"

mkdir work && echo text >work/file
echo 'echo mark >made; rm file; false' >jobs
expect 1 "a failing job" --cow "$base/work" --cwd "$base/work" --keep-failed layers --results r.jsonl jobs
layer=$(sed -n 's/.*"layer":"\([^"]*\)".*/\1/p' r.jsonl)
[ -d "$layer" ] || fail "no layer in $(cat r.jsonl)"
grep -q "warren shell $layer" err || { fail "the summary does not tell"; cat err >&2; }
timeout 20 "$WARREN" shell "$layer" cat made >out 2>err
[ "$(cat out)" = mark ] || { fail "what was written:"; cat out err >&2; }
timeout 20 "$WARREN" shell "$layer" ls "$base/work" >out 2>err
[ "$(cat out)" = made ] || { fail "listing:"; cat out err >&2; }
echo 'pwd; echo more >more; exit 5' | SHELL=/bin/sh timeout 20 "$WARREN" shell "$layer" >out 2>err
[ $? = 5 ] && [ "$(cat out)" = "$base/work" ] || { fail "the shell:"; cat out err >&2; }
timeout 20 "$WARREN" shell --limits=wall=0.3 "$layer" sleep 20 2>err
[ $? = 124 ] || fail "options of run"
timeout 20 "$WARREN" shell "$layer" cat more >out
[ "$(cat out)" = more ] || fail "the layer was not kept: $(cat out)"
[ "$(cat work/file)" = text ] && [ "$(ls work)" = file ] || fail "the lower has changed"
timeout 20 "$WARREN" shell work true >out 2>err
[ $? = 2 ] && [ "$(wc -l <err)" = 1 ] || { fail "not a layer:"; cat err >&2; }
timeout 20 "$WARREN" shell >out 2>err
[ $? = 2 ] || fail "no arguments"
timeout 20 "$WARREN" shell --help >out 2>err && grep -q Usage out || fail "--help"
done_testing
