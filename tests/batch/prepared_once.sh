#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --prepare: runs once, all jobs start from what it wrote, none of it stays.
. "$(dirname "$0")/lib.sh"

mkdir work tmp && echo old >work/file
TMPDIR=$base/tmp
export TMPDIR
run()
{
	timeout -k 5 60 "$WARREN" batch -r / -w "$base/count" --cow "$base/work" --cwd "$base/work" "$@" >out 2>err
}
: >count
seq 12 | sed 's/.*/cat file built; echo job >>built; test "$(wc -l <built)" = 2/' >jobs
run -j4 --prepare 'echo once >>../count; echo new >file; echo built >built' jobs
[ $? = 0 ] || { fail "exit status"; head -n 20 err >&2; }
[ "$(cat count)" = once ] || fail "it ran $(wc -l <count) times"
[ "$(lines '^new$' out)" = 12 ] && [ "$(lines '^built$' out)" = 12 ] || { fail "the jobs see:"; cat out >&2; }
[ "$(cat work/file)" = old ] && [ "$(ls work)" = file ] || fail "the tree has changed"
[ -z "$(ls tmp)" ] || fail "left behind: $(ls tmp)"
run --prepare 'echo why >&2; exit 4' jobs
[ $? = 125 ] && grep -q '^why$' err && grep -q 'the command failed: exit status 4' err || { fail "failed:"; cat err >&2; }
[ ! -s out ] && [ -z "$(ls tmp)" ] || fail "jobs ran, or something is left: $(ls tmp)"

# A kept layer needs it; the command that is printed finds it.
echo 'cat built; rm built; false' >jobs
run --prepare 'echo built >built' --keep-failed layers jobs
[ $? = 1 ] || fail "exit status with --keep-failed"
again=$(sed -n 's/^ *warren run/run/p' err)
eval "timeout 20 \"\$WARREN\" $again" >out 2>err2
[ $? = 1 ] && [ "$(cat out)" = built ] || { fail "again: $again"; cat out err2 >&2; }
layer=$(sed -n 's/^ *its layer: warren shell //p' err)
timeout 20 "$WARREN" shell "$layer" ls >out 2>err
[ "$(cat out)" = file ] || { fail "the kept layer:"; cat out err >&2; }
timeout 20 "$WARREN" batch -r / --prepare true jobs >out 2>err
[ $? = 2 ] || fail "--prepare without --cow is not refused"
done_testing
