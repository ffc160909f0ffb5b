#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the zygote is when it waits, and its forks before they are sandboxes, gives nothing away: calls that warren serves
# fail, nobody gets a listener of his own, and a job reaches neither the zygote nor another job.
. "$(dirname "$0")/lib.sh"
: "${ZYGOTE:?ZYGOTE is the guest}"

mkdir work tmp
TMPDIR=$base/tmp
export TMPDIR
cp "$ZYGOTE" zygote || exit 2
z()
{
	timeout -k 5 60 "$WARREN" batch -r / -w "$base/count" --cow "$base/work" --cwd "$base/work" -q \
		--zygote "$base/zygote $base/count" "$@" >out 2>err </dev/null
}
: >count
printf '%s\n' try zygote >jobs
z -j1 --no-output jobs || { fail "the batch:"; cat err >&2; }
z -j1 jobs
grep -qx 'open ENOSYS getcwd ENOSYS listener EBUSY parent EINVAL' out || { fail "the sealed zygote:"; cat out err >&2; }
echo attack >jobs
z -j1 jobs
grep -qE '^kill E[A-Z]+ memory E[A-Z]+ proc ENOENT listener EBUSY parent EINVAL$' out || { fail "a job:"; cat out err >&2; }

# It, and what it left, is gone with the supervisor, however that ends.
mark=$base/work/sub-$$
mkdir "$mark"
echo 'sleep 60' >jobs
for sig in TERM KILL; do
	"$WARREN" batch -r / -w "$base/count" --cow "$base/work" --cwd "$mark" -q --zygote "$base/zygote $base/count" jobs >out 2>err &
	started=$!
	i=0
	until [ "$(pgrep -c -f "^$base/zygote")" = 2 ]; do
		i=$((i + 1))
		[ $i -lt 100 ] || { fail "it does not start"; cat err >&2; break; }
		sleep 0.1
	done
	kill -s $sig "$started"
	wait "$started" 2>/dev/null
	started=
	i=0
	while pgrep -f "^$base/zygote" >/dev/null; do
		i=$((i + 1))
		[ $i -lt 50 ] || { fail "after SIG$sig: $(pgrep -a -f "^$base/zygote")"; break; }
		sleep 0.1
	done
done
done_testing
