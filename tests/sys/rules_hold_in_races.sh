#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Policy: rules are about the object that is reached: links, directories and fds that another thread changes meanwhile
# lead to nothing that is denied, and change nothing that is read-only.
. "$(dirname "$0")/helpers/host.sh"

cp "$T_HOST/rules_race_guest" "$root/t/guest"
mkdir "$root/secret"
echo classified >"$root/secret/f"
echo read-only >"$root/ro"
chmod 644 "$root/ro"
echo of the host >"$base/host"
ls -l --time-style=full-iso "$root/ro" "$base/host" >"$base/before"
for what in links directories fds; do
	rm -rf "$root"/w/*
	expect_status 0 "$what" run_with -r / -w /w --deny /secret --cwd /w -- /t/guest $what
	cat "$base/err" >&2
done
run_with -r / -w /w --cwd /w -- /t/guest stdin <"$base/host" || fail "a file of the host as standard input"
ls -l --time-style=full-iso "$root/ro" "$base/host" | diff "$base/before" - >&2 || fail "what may not be written has changed"
[ "$(cat "$root/ro")" = read-only ] || fail "what may not be written was written"
done_testing
