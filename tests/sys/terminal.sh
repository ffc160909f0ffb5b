#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exec: the terminal: the guest reads from it, ^C reaches it, and the foreground is given back.
. "$(dirname "$0")/helpers/host.sh"

[ -x "$T_HOST/pty_run" ] || { echo "no $T_HOST/pty_run" >&2; exit 2; }
# shellcheck disable=SC2086
set -- "$WARREN" run --root "$root" ${T_WARREN_ARGS:--w /} --cwd /w --
expect_status 7 "a guest that reads a line from the terminal" \
	"$T_HOST/pty_run" line "$@" /bin/sh -c 'read line; [ "$line" = hello ] && exit 7'
expect_status 130 "^C on a guest" "$T_HOST/pty_run" interrupt "$@" /bin/sh -c 'echo ready; sleep 8; exit 5'
expect_status 9 "^C on a guest that handles it" \
	"$T_HOST/pty_run" interrupt "$@" /bin/sh -c 'trap "exit 9" INT; echo ready; while :; do sleep 0.1; done'
expect_status 0 "a guest that only ends" "$T_HOST/pty_run" quiet "$@" /bin/true
done_testing
