#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Paths: AF_UNIX addresses are paths: a socket of the host, outside of the root, is not reached by its host path; nor
# does a bind with such a path make anything outside. An abstract name is no path, and is not reached without --net=host.
. "$(dirname "$0")/helpers/host.sh"

[ -x "$T_HOST/unix_peer" ] || { echo "no $T_HOST/unix_peer" >&2; exit 2; }
cp "$T_HOST/unix_peer" "$root/t/unix_peer"
chmod 777 "$base"
abstract="@warren-test-$$"
"$T_HOST/unix_peer" listen "$base/stream" >"$base/o1" &
started="$started $!"
"$T_HOST/unix_peer" listen-dgram "$base/dgram" >"$base/o2" &
started="$started $!"
"$T_HOST/unix_peer" listen "$abstract" >"$base/o3" &
started="$started $!"
i=0
while [ ! -s "$base/o1" ] || [ ! -s "$base/o2" ] || [ ! -s "$base/o3" ]; do
	i=$((i + 1))
	[ $i -lt 40 ] || { echo "the listeners did not come up" >&2; exit 2; }
	sleep 0.1
done
chmod 777 "$base/stream" "$base/dgram"
# Natively they are reached: what follows is not true for another reason.
"$T_HOST/unix_peer" sendto "$base/dgram" || fail "the control does not reach the socket"
for how in "connect $base/stream" "sendto $base/dgram" "sendmsg $base/dgram" "connect $abstract" \
	"connect ../../../../../../../../../..$base/stream" "connect /proc/self/root$base/stream"; do
	# shellcheck disable=SC2086 # two words
	w /t/unix_peer $how </dev/null >/dev/null 2>&1 && fail "the guest reaches the host by '$how'"
done
timeout 3 "$WARREN" run --root "$root" -w / -- /t/unix_peer listen "$base/made" </dev/null >/dev/null 2>&1
[ ! -e "$base/made" ] || fail "a bind in the guest made $base/made on the host"
done_testing
