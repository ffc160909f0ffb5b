#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /proc: files of the host that the guest inherited as stdio: no name shows, they can be opened anew as they were
# opened, and no wider.
. "$(dirname "$0")/helpers/host.sh"

echo text >"$base/in"
echo old >"$base/out"
chmod 666 "$base/in" "$base/out"
expect_out "text" "/dev/stdin on a file of the host" w /bin/cat /dev/stdin <"$base/in"
expect_out "(unreachable)" "its name" w /bin/readlink /proc/self/fd/0 <"$base/in"
w /bin/sh -c 'echo bad > /dev/stdin' <"$base/in" 2>/dev/null && fail "a file that is open for reading was written"
w /bin/sh -c 'exec 5<&0; echo bad > /proc/self/fd/5' <"$base/in" 2>/dev/null && fail "the same by another number"
w /bin/sh -c 'chmod 600 /proc/self/fd/0' <"$base/in" 2>/dev/null && fail "its mode was changed"
[ "$(cat "$base/in")" = text ] || fail "the input file has changed"
w /bin/sh -c 'echo one; echo two >> /dev/stdout' >"$base/out" || fail "appending to /dev/stdout"
[ "$(cat "$base/out")" = "one
two" ] || fail "the output is $(cat "$base/out")"
w /bin/sh -c 'cat /dev/stdout' >"$base/out" 2>/dev/null && fail "a file that is open for writing was read"
expect_fail "a directory of the host is not walked" sh -c '"$0" run --root "$1" -- /bin/cat /proc/self/fd/0/in <"$2"' \
	"$WARREN" "$root" "$base"
done_testing
