#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes: the supervisor is killed with SIGKILL: no guest survives: sleeping, calling, computing, stopped, daemon; and its
# private directory goes.
. "$(dirname "$0")/helpers/host.sh"

n=$((5000 + $$ % 1000))
echo lower >"$root/etc/keep"
guest='sleep '$n'.1 & setsid sleep '$n'.2 & (setsid sh -c "(sleep '$n'.3 &); exit" &)
	sh -c "while :; do :; done" sh '$n'.4 &
	sh -c "while :; do test -e /etc/marker; done" sh '$n'.5 &
	(trap "" HUP INT TERM; exec sleep '$n'.6) &
	exec sleep '$n'.7'
tokens="$n.1 $n.2 $n.3 $n.4 $n.5 $n.6 $n.7"
mkdir "$base/run"
XDG_RUNTIME_DIR=$base/run "$WARREN" run --root "$root" -- /bin/sh -c "$guest" </dev/null >"$base/out" 2>&1 &
warren=$!
started=$warren
for k in 1 2 3 4 5 6 7; do
	alive_within 4 "$n.$k" || fail "the guest's process $k did not come up: $(head -c 300 "$base/out")"
done
[ -n "$(ls "$base/run")" ] || fail "there is no private directory: nothing is tested"
kill -KILL $warren
wait $warren 2>/dev/null
started=
sleep 1
for k in 1 2 3 4 5 6 7; do
	! alive "$n.$k" || fail "the guest's process $k is alive a second after its supervisor"
done
i=0
while [ -n "$(ls "$base/run")" ] && [ $i -lt 20 ]; do
	sleep 0.1
	i=$((i + 1))
done
[ $i -lt 20 ] || fail "left: $(ls "$base/run")"
[ "$(cat "$root/etc/keep")" = lower ] || fail "a lower file has changed"
done_testing
