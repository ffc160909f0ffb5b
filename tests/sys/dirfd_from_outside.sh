#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Paths: a dirfd received over a socket from outside, or inherited from the caller, is no way out of the root.
. "$(dirname "$0")/helpers/host.sh"

[ -x "$T_HOST/dirfd_guest" ] || { echo "no $T_HOST/dirfd_guest" >&2; exit 2; }
cp "$T_HOST/dirfd_guest" "$root/t/dirfd_guest"
mkdir -p "$base/outside/sub"
echo outside >"$base/outside/secret"
chmod -R a+rwX "$base/outside"
# shellcheck disable=SC2086
set -- "$WARREN" run --root "$root" ${T_WARREN_ARGS:--w /} --cwd /w -- /t/dirfd_guest
expect_status 0 "a directory of the host over a socket" "$T_HOST/dirfd_send" "$base/outside" "$@" socket
"$@" inherited <"$base/outside" || fail "a directory of the host as standard input"
[ "$(cat "$base/outside/secret")" = outside ] && [ "$(ls "$base/outside")" = "secret
sub" ] || fail "the directory outside has changed: $(ls "$base/outside")"
done_testing
