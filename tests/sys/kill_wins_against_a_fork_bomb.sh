#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes: a kill wins against a fork bomb (64 chains of processes that renew each other).
. "$(dirname "$0")/helpers/host.sh"

[ -x "$T_HOST/bomb" ] || { echo "no $T_HOST/bomb" >&2; exit 2; }
cp "$T_HOST/bomb" "$root/t/bomb"
n=$((7000 + $$ % 1000))
tokens=$n
"$WARREN" run --root "$root" -- /t/bomb $n </dev/null >"$base/out" 2>&1 &
warren=$!
started=$warren
alive_within 4 $n || fail "the bomb did not go off: $(head -c 300 "$base/out")"
sleep 0.5
kill -TERM $warren
i=0
while kill -0 $warren 2>/dev/null && [ $i -lt 40 ]; do
	sleep 0.1
	i=$((i + 1))
done
kill -0 $warren 2>/dev/null && fail "warren is still there 4 seconds after SIGTERM"
gone_within 2 $n || fail "the fork bomb survives"
done_testing
