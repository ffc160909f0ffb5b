#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A guest starts with the caller's resource limits, that of open files too, which warren raises for itself.
. "$(dirname "$0")/helpers/host.sh"

for n in 64 256 1000; do
	[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge $n ] || continue
	want=$( (ulimit -Sn $n; sh -c 'ulimit -Sn; ulimit -Hn; ulimit -s; ulimit -c; ulimit -f'))
	got=$( (ulimit -Sn $n; w /bin/sh -c 'ulimit -Sn; ulimit -Hn; ulimit -s; ulimit -c; ulimit -f' 2>&1))
	[ "$got" = "$want" ] || fail "outside $want, inside $got"
done
done_testing
