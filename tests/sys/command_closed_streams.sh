#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command: with standard streams closed, without a home, an environment or a runtime directory of its own.
. "$(dirname "$0")/helpers/host.sh"

expect_out "fine" "closed stdin" sh -c "exec <&-; timeout 10 '$WARREN' run --root '$root' -- /bin/echo fine"
sh -c "exec >&-; timeout 10 '$WARREN' run --root '$root' -w / -- /bin/sh -c 'echo fine >/w/closed'" || fail "closed stdout: $?"
[ "$(cat "$root/w/closed")" = fine ] || fail "closed stdout: the file"
sh -c "exec >&- <&- 2>&-; timeout 10 '$WARREN' run --root '$root' -w / -- /bin/sh -c 'echo all >/w/closed'" || fail "all closed: $?"
[ "$(cat "$root/w/closed")" = all ] || fail "all closed: the file is $(cat "$root/w/closed")"
# none of warren's own fds takes the place of a closed stream in the guest
out=$(sh -c "exec <&-; timeout 10 '$WARREN' run --root '$root' -- /bin/ls -l /proc/self/fd/" 2>&1)
echo "$out" | grep -q 'seccomp\|io_uring\|eventfd\|pidfd' && fail "an fd of the supervisor: $out"
expect_out "fine" "an empty environment" env -i timeout 10 "$WARREN" run --root "$root" -- /bin/echo fine
expect_out "fine" "an unusable XDG_RUNTIME_DIR" env XDG_RUNTIME_DIR=/proc/none HOME=/nonexistent \
	timeout 10 "$WARREN" run --root "$root" -- /bin/echo fine
expect_out "fine" "a relative XDG_RUNTIME_DIR" env XDG_RUNTIME_DIR=none timeout 10 "$WARREN" run --root "$root" -- /bin/echo fine
done_testing
