#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Paths: AF_UNIX addresses are paths: a socket of the host, outside of the root, is not reached by its host path, whatever
# call names it and whatever threads do meanwhile; nor does a bind with such a path make anything outside. An abstract
# name is no path, and is not reached without --net host.
. "$(dirname "$0")/helpers/host.sh"

for program in unix_peer unix_race; do
	[ -x "$T_HOST/$program" ] || { echo "no $T_HOST/$program" >&2; exit 2; }
	cp "$T_HOST/$program" "$root/t/$program"
done
chmod 777 "$base" "$root/w"
abstract="@warren-test-$$"
# listen KIND ADDRESS OUTPUT
listen()
{
	"$T_HOST/unix_peer" "$1" "$2" >"$base/$3" &
	started="$started $!"
	i=0
	until grep -q ready "$base/$3"; do
		i=$((i + 1))
		[ $i -lt 40 ] || { echo "the listener $2 did not come up" >&2; exit 2; }
		sleep 0.1
	done
}
listen listen "$base/stream" o1
listen listen-dgram "$base/dgram" o2
listen listen "$abstract" o3
listen listen-dgram "$abstract-dgram" o4
chmod 777 "$base/stream" "$base/dgram"
# Natively such sockets are reached, and the program works inside: what follows is not true for another reason.
for how in sendto sendmsg; do
	listen listen-dgram "$base/control-$how" "c-$how"
	"$T_HOST/unix_peer" $how "$base/control-$how" || fail "the control does not reach the socket by $how"
done
listen listen "$base/control" c1
"$T_HOST/unix_peer" connect "$base/control" || fail "the control does not reach the socket"
listen listen "$abstract-control" c2
"$T_HOST/unix_peer" connect "$abstract-control" || fail "the control does not reach the abstract name"
w /bin/sh -c '/t/unix_peer listen /w/in >/w/o & /t/unix_peer listen-dgram @in >/w/p &
	until [ -s /w/o ] && [ -s /w/p ]; do sleep 0.1; done
	/t/unix_peer connect in && /t/unix_peer sendmsg @in' </dev/null ||
	fail "the guest does not reach its own sockets"
for how in "connect $base/stream" "sendto $base/dgram" "sendmsg $base/dgram" "connect $abstract" \
	"sendto $abstract-dgram" "sendmsg $abstract-dgram" \
	"connect ../../../../../../../../../..$base/stream" "connect /proc/self/root$base/stream"; do
	# shellcheck disable=SC2086 # two words
	w /t/unix_peer $how </dev/null >/dev/null 2>&1
	status=$?
	# the errno, as exit status: there is no such file, or nobody listens
	[ $status -eq 2 ] || [ $status -eq 111 ] || fail "'$how' in the guest ends with $status"
done
rm -f "$root/w/s" "$root/w/d"
w /t/unix_race "$base/stream" "$base/dgram" </dev/null >"$base/hits" || fail "no call of the racing guest succeeds"
for out in o1 o2 o3 o4; do
	! grep -q came "$base/$out" || fail "the guest reached the host's listener $out"
done
timeout 3 "$WARREN" run --root "$root" -w / -- /t/unix_peer listen "$base/made" </dev/null >/dev/null 2>&1
[ ! -e "$base/made" ] || fail "a bind in the guest made $base/made on the host"
done_testing
