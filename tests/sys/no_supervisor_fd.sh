#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exec: no fd of the supervisor, and none of the caller's that is close-on-exec, is inherited by the guest or its children.
. "$(dirname "$0")/helpers/host.sh"

for p in /t/helper /t/helper-dyn; do
	[ -x "$root$p" ] || continue
	out=$("$T_HOST/clean_exec" timeout 10 "$WARREN" run --root "$root" -- "$p" 2>"$base/err" </dev/null | grep '^fd=' | tr '\n' ' ')
	[ "$out" = "fd=0 fd=1 fd=2 " ] || fail "$p starts with $out $(head -c 200 "$base/err")"
done
out=$("$T_HOST/clean_exec" timeout 10 "$WARREN" run --root "$root" -- /bin/sh -c '(/t/helper)' 2>/dev/null </dev/null |
	grep '^fd=' | tr '\n' ' ')
[ "$out" = "fd=0 fd=1 fd=2 " ] || fail "a grandchild starts with $out"
done_testing
