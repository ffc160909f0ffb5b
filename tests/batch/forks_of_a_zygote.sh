#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --zygote: started once; each job is a fork of it, and a sandbox like any other.
. "$(dirname "$0")/lib.sh"
: "${ZYGOTE:?ZYGOTE is the guest}"

mkdir work tmp && echo old >work/file
cp "$ZYGOTE" zygote || exit 2
TMPDIR=$base/tmp
export TMPDIR
z()
{
	timeout -k 5 60 "$WARREN" batch -r / -w "$base/count" --cow "$base/work" --cwd "$base/work" --zygote "$base/zygote $base/count" "$@" \
		>out 2>err </dev/null
}
: >count

# Words, not a shell command; the warm state and the layer are each job's own.
seq 20 | sed 's/.*/sh "cat warm file; echo job >>warm; echo new >file; wc -l <warm"/' >jobs
echo "say one 'two  three' \"fo\\\"ur\" \$HOME a\\ b ''" >>jobs
z -j4 jobs
[ $? = 0 ] || { fail "exit status"; head -n 20 err >&2; }
[ "$(cat count)" = started ] || fail "it was started $(wc -l <count) times"
[ "$(lines '^warm$' out)" = 20 ] && [ "$(lines '^old$' out)" = 20 ] && [ "$(lines '^2$' out)" = 20 ] ||
	{ fail "the jobs see:"; head -n 30 out >&2; }
grep -qxF '[one][two  three][fo"ur][$HOME][a b][]' out || { fail "words:"; grep one out >&2; }
[ "$(cat work/file)" = old ] && [ "$(ls work)" = file ] || fail "the tree has changed"
[ -z "$(ls tmp)" ] || fail "left behind: $(ls tmp)"

# What JSON says of a job, arguments after :::.
echo input >input
mkdir work/sub
cat >jobs <<END
{"id": "w", "argv": ["where"], "cwd": "$base/work/sub", "env": {"MINE": "my own"}, "stdin": "$base/input"}
{"id": "v", "argv": ["where"]}
END
z --ordered -q jobs
printf '%s\n' "$base/work/sub my own input" "" "$base/work - nothing" >want
grep -v '^$' want >want2
grep -v '^$' out | grep -v '^==' | cmp -s - want2 || { fail "where:"; cat out err >&2; }
z -q say ::: a 'b b'
grep -qx '\[a\]' out && grep -qx '\[b b\]' out || { fail "arguments after ':::':"; cat out err >&2; }

# How jobs end, and how to run one again.
printf '%s\n' 'exit 0' 'exit 7' 'signal 9' 'sleep 30' >jobs
z -j4 --timeout 1 --results results jobs
[ $? = 1 ] || fail "exit status with failures"
for what in '"exit":7' '"signal":9' '"outcome":"timeout"'; do
	grep -q "$what" results || { fail "no $what in the results:"; cat results >&2; }
done
again=$(sed -n "s/^ *\\(printf .*'exit 7' | \\)warren/\\1\"\$WARREN\"/p" err)
eval "timeout 20 $again" >out 2>err2
[ $? = 1 ] && grep -q 'exit status 7' err2 || { fail "again: $again"; cat out err2 >&2; }
rm -f results

# It ends: so does the batch, and --resume goes on.
printf '%s\n' 'say a' 'die' 'say b' >jobs
z -j1 --results results jobs
[ $? = 1 ] && grep -q 'it has ended' err || { fail "a zygote that ends:"; cat err >&2; }
printf '%s\n' 'say a' 'say d' 'say b' >jobs
z -j1 --resume results jobs
[ $? = 0 ] && [ "$(lines say results)" -le 3 ] && grep -q '2 passed' err || { fail "resumed:"; cat err results >&2; }

# Not fit to be forked.
for how in exits:'ended before' writes:'open for writing' shares:'memory that all' threads:'2 threads' processes:'2 processes'; do
	timeout -k 5 30 "$WARREN" batch -r / -w "$base/count" --cow "$base/work" --cwd "$base/work" \
		--zygote "$base/zygote $base/count ${how%%:*}" ::: 'say a' >out 2>err
	status=$?
	[ $status = 125 ] && grep -q "${how#*:}" err && [ ! -s out ] || { fail "${how%%:*}: $status"; cat out err >&2; }
done
timeout -k 5 30 "$WARREN" batch -r / -w "$base/count" --cow "$base/work" --cwd "$base/work" -q \
	--zygote "$base/zygote $base/count closes" sh ::: 'echo out; echo err >&2; ls /proc/self/fd | tr "\n" " "' >out 2>err
grep -qx out out && grep -qx err out err && grep -qx '0 1 2 3 ' out || { fail "closed standard streams:"; cat out err >&2; }
z_bad()
{
	timeout 20 "$WARREN" batch -r / --zygote "$1" ::: a >out 2>err
	[ $? = "$2" ] || { fail "--zygote '$1':"; cat err >&2; }
}
z_bad 'a "b' 2
z_bad '' 2
z_bad /nowhere 125

# Without a layer; with limits of its jobs.
timeout 20 "$WARREN" batch -r / -w "$base/count" -w "$base/work" --cwd "$base/work" --limits processes=3,files=50 \
	--zygote "$base/zygote $base/count" sh ::: 'ulimit -n' 'sleep 9 & sleep 9 & sleep 9 & wait' >out 2>err
grep -qx 50 out && grep -q 'limit' err || { fail "limits:"; cat out err >&2; }
rm work/warm
[ -z "$(ls tmp)" ] || fail "left behind: $(ls tmp)"
done_testing
