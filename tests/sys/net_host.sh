#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Paths: sockets with --net host: TCP and UDP over loopback, abstract names of the host; without it there is no network.
. "$(dirname "$0")/helpers/host.sh"

for program in tcp_loop unix_peer; do
	[ -x "$T_HOST/$program" ] || { echo "no $T_HOST/$program" >&2; exit 2; }
	cp "$T_HOST/$program" "$root/t/$program"
done
expect_status 0 "loopback with --net host" run_with -w / --net host -- /t/tcp_loop
expect_status 77 "no network by default" run_with -w / -- /t/tcp_loop
"$T_HOST/unix_peer" listen "@warren-net-$$" >"$base/out" &
started=$!
i=0
until grep -q ready "$base/out"; do
	i=$((i + 1))
	[ $i -lt 40 ] || { echo "the listener did not come up" >&2; exit 2; }
	sleep 0.1
done
expect_status 0 "an abstract name with --net host" run_with -w / --net host -- /t/unix_peer connect "@warren-net-$$"
done_testing
