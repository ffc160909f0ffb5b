#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes: a kill of the sandbox reaches double-forked daemons in sessions of their own, and stopped processes.
. "$(dirname "$0")/helpers/host.sh"

n=$((3000 + $$ % 1000))
guest='setsid sh -c "sleep '$n'.1 & setsid sleep '$n'.2 & (setsid sh -c \"(sleep '$n'.3 &) ; exit\" &) ; exit" &
	(trap "" HUP INT TERM; sh -c "kill -STOP \$\$; sleep '$n'.4" sh '$n'.5) &
	exec sleep '$n'.6'
tokens="$n.1 $n.2 $n.3 $n.4 $n.5 $n.6 $((n + 1000)).1 $((n + 1000)).2"
"$WARREN" run --root "$root" -- /bin/sh -c "$guest" </dev/null >"$base/out" 2>&1 &
warren=$!
started=$warren
for k in 1 2 3 6; do
	alive_within 4 "$n.$k" || fail "the guest's process $k did not come up: $(head -c 300 "$base/out")"
done
kill -TERM $warren
wait $warren
status=$?
[ $status -eq 143 ] || fail "SIGTERM to warren: status $status instead of 143"
started=
for k in 1 2 3 4 5 6; do
	gone_within 2 "$n.$k" || fail "the guest's process $k outlives a SIGTERM of its sandbox"
done

# When the program ends, nothing of its sandbox runs on behind the caller's back.
n=$((n + 1000))
w /bin/sh -c "setsid sleep $n.1 & (setsid sh -c '(sleep $n.2 &); exit' &); sleep 0.3; exit 4" </dev/null >/dev/null 2>&1 &
warren=$!
i=0
while kill -0 $warren 2>/dev/null && [ $i -lt 80 ]; do
	sleep 0.1
	i=$((i + 1))
done
if kill -0 $warren 2>/dev/null; then
	fail "warren does not end with its program while a daemon runs"
	kill $warren
else
	wait $warren
	[ $? -eq 4 ] || fail "the status of the program is lost"
	gone_within 2 "$n.1" && gone_within 2 "$n.2" || fail "a daemon runs on after warren has ended"
fi
done_testing
