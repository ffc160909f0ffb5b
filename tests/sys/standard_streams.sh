#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exec: standard input, output and error are the caller's, byte for byte, of any kind, and closed ones stay closed.
. "$(dirname "$0")/helpers/host.sh"

head -c 3000000 /dev/urandom >"$base/data"
w /bin/cat <"$base/data" >"$base/copy" 2>"$base/err"
cmp -s "$base/data" "$base/copy" || fail "file to file: $(head -c 200 "$base/err")"
cat "$base/data" | w /bin/cat | cat >"$base/copy"
cmp -s "$base/data" "$base/copy" || fail "pipe to pipe"
w /bin/sh -c 'echo out; echo err >&2' >"$base/out" 2>"$base/err"
[ "$(cat "$base/out")" = out ] || fail "standard output is $(cat "$base/out")"
[ "$(cat "$base/err")" = err ] || fail "standard error is $(cat "$base/err")"
echo kept >"$base/append"
w /bin/echo more >>"$base/append"
[ "$(cat "$base/append")" = "kept
more" ] || fail "appending: $(cat "$base/append")"
# A closed one must not become some fd of the supervisor's.
out=$(w /bin/sh -c 'cat /dev/fd/0 2>&1; for f in /proc/self/fd/0; do readlink $f; done' <&- 2>/dev/null)
case $out in
*warren* | *seccomp* | *uring* | *socket* | *eventfd* | *eventpoll*) fail "closed standard input became $out" ;;
esac
# The output of a program that is killed is not lost, and a reader that goes away ends a writer.
[ "$(w /bin/sh -c 'echo before; kill -9 $$')" = before ] || fail "output before a kill is lost"
timeout 5 sh -c "\"$WARREN\" run --root '$root' -- /bin/sh -c 'while echo y; do :; done' | head -n 1" >/dev/null 2>&1 ||
	fail "the writer did not end with its reader"
done_testing
