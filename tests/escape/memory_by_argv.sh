#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# More arguments of scripts, from more tasks at once, than warren may hold: its memory stays bounded.
. "$(dirname "$0")/../sys/helpers/host.sh"

! readelf -sW "$WARREN" | grep -qE '__(asan|tsan)_' || { echo "skipped: sanitizers keep what was freed" >&2; exit 77; }
cp "$T_GUESTS/memory_by_argv" "$root/t/" || exit 2
"$WARREN" run --root "$root" -w / --cwd /w -- /t/memory_by_argv </dev/null >"$base/out" &
warren=$!
started=$warren
most=0
while kill -0 $warren 2>/dev/null; do
	now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$warren/status 2>/dev/null)
	[ "${now:-0}" -le $most ] || most=$now
	sleep 0.02
done
wait $warren
status=$?
started=
asked=$(cat "$base/out")
[ $status -eq 0 ] || fail "the guest ends with $status"
# the attack is one: so much was waiting at once
[ "${asked:-0}" -ge 200000 ] || fail "only ${asked:-0} kB were asked for"
[ $most -lt 180000 ] || fail "warren took $most kB, $asked kB were asked for"
done_testing
