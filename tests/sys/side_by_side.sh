#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many sandboxes at a time do not disturb each other: 24 commands side by side, each with its own root.
. "$(dirname "$0")/helpers/host.sh"

for i in $(seq 24); do
	cp -al "$root" "$base/r$i" 2>/dev/null || cp -a "$root" "$base/r$i"
	rm -f "$base/r$i/etc/marker"
	echo "root $i" >"$base/r$i/etc/marker"
	(
		out=$(timeout 15 "$WARREN" run --root "$base/r$i" -w / --cwd /w -- /bin/sh -c '
			cat /etc/marker; i=0
			while [ $i -lt 20 ]; do mkdir d$i; echo x >d$i/f; cat d$i/f >/dev/null; rm -r d$i; i=$((i+1)); done; echo end' 2>&1)
		[ "$out" = "root $i
end" ] || echo "sandbox $i: $out" >>"$base/failed"
	) &
done
wait
[ ! -e "$base/failed" ] || fail "$(head -c 1000 "$base/failed")"
done_testing
