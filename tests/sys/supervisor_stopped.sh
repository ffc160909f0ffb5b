#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes: the supervisor is stopped and goes on: what guests asked for meanwhile is done, once each, and nothing before. One
# that is killed while it is stopped takes its guests along.
. "$(dirname "$0")/helpers/host.sh"

n=$((7000 + $$ % 1000))
tokens="$n.1 $n.2 $n.3"
# the log stays open: an open that is answered in that very moment is what docs/limits.md says of it
guest='(i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); mkdir d && echo $i && rmdir d || echo "bad $i"; done >log) &
	sleep '$n'.1 & wait %1; kill %2'
"$WARREN" run --root "$root" --cwd /w -- /bin/sh -c "$guest" </dev/null >"$base/out" 2>&1 &
warren=$!
started=$warren
alive_within 4 "$n.1" || fail "the guest did not come up: $(head -c 300 "$base/out")"
for k in 1 2 3; do
	kill -STOP $warren
	sleep 0.2 # calls that were being served come to their end
	before=$(wc -l <"$root/w/log")
	sleep 0.3
	[ "$(wc -l <"$root/w/log")" = "$before" ] || fail "a stopped supervisor serves"
	kill -CONT $warren
done
wait $warren
status=$?
started=
[ $status = 0 ] || fail "status $status: $(head -c 300 "$base/out")"
seq 2000 | cmp -s - "$root/w/log" || fail "not each call was made once: $(seq 2000 | diff - "$root/w/log" | head -n 5)"

"$WARREN" run --root "$root" --cwd /w -- /bin/sh -c "sleep $n.2 & while :; do test -e /etc/none; done" sh "$n.3" </dev/null >"$base/out" 2>&1 &
warren=$!
started=$warren
for k in 2 3; do
	alive_within 4 "$n.$k" || fail "the guest's process $k did not come up: $(head -c 300 "$base/out")"
done
kill -STOP $warren
kill -KILL $warren
wait $warren 2>/dev/null
started=
for k in 2 3; do
	gone_within 2 "$n.$k" || fail "the guest's process $k is alive after its supervisor"
done
done_testing
