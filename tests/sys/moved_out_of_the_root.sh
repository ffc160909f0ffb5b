#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Paths: a directory that somebody outside moves out of the root while a guest is in it, and has an fd of it: no ".."
# leads on to what is beside it there.
. "$(dirname "$0")/helpers/host.sh"

cp "$T_HOST/moved_out_guest" "$root/t/guest"
mkdir -p "$root/w/d/sub" "$base/out"
echo outside >"$base/out/outside"
chmod -R a+rwX "$base/out"
timeout -k 2 10 "$WARREN" run --root "$root" -w / --cwd /w -- /t/guest &
guest=$!
started=$guest
i=0
while [ ! -e "$root/w/ready" ] && [ $i -lt 500 ]; do
	sleep 0.01
	i=$((i + 1))
done
mv "$root/w/d" "$base/out/d" && : >"$root/w/go"
wait $guest || fail "the guest got out, or did not get so far"
[ "$(ls "$base/out")" = "d
outside" ] || fail "outside has changed: $(ls "$base/out")"
done_testing
