#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Policy: what is denied cannot be reached by changing, after the check, the name of a program's loader or the path of an
# open that the task makes by itself.
. "$(dirname "$0")/helpers/host.sh"

cp "$T_HOST/swap_guest" "$root/t/guest"
mkdir "$root/secret"
chmod 755 "$root/secret"
expect_status 0 "making the programs" run_with -r / -w / -- /t/guest elves /secret
echo classified >"$root/secret/f"
# the attack is one: without the rule that program runs
expect_status 42 "a program that is not denied" run_with -r / -- /secret/denied
for what in loader "terminal $root/secret/f"; do
	rm -rf "$root"/w/*
	# shellcheck disable=SC2086 # two words
	expect_status 0 "$what" run_with -r / -w /w --deny /secret --cwd /w -- /t/guest $what
	cat "$base/err" >&2
done
done_testing
