#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command: --env, --cwd, PROGRAM and its arguments reach the guest as they were given.
. "$(dirname "$0")/helpers/host.sh"

expect_out "/etc" "--cwd /etc" run_with --cwd /etc -- /bin/pwd
expect_out "/w" "--cwd with .." run_with --cwd /etc/../w/. -- /bin/pwd
expect_out "b c" "--env" run_with --env "A=b c" -- /bin/sh -c 'echo "$A"'
expect_out "2:" "two of them, one empty" run_with --env A=1 --env A=2 --env B= -- /bin/sh -c 'echo "$A:$B"'
expect_out "a=b=c" "an equals sign in a value" run_with --env "A=a=b=c" -- /bin/sh -c 'echo "$A"'
expect_out "--root -- x" "arguments that look like options" run_with -- /bin/echo --root -- x
expect_out "a  b||*" "arguments with blanks" run_with -- /bin/sh -c 'echo "$0|$1|$2"' "a  b" "" "*"
ln -s /etc "$root/w/etclink"
expect_out "/etc" "--cwd through a link is a place in the root" run_with --cwd /w/etclink -- /bin/pwd
mkdir -p "$base/outside"
expect_status "125 2" "--cwd to a place of the host" run_with --cwd "$base/outside" -- /bin/pwd
expect_out "/t/helper" "argv[0] is PROGRAM" sh -c \
	"timeout 10 '$WARREN' run --root '$root' -- /t/helper | sed -n 's/^argv0=//p'"
done_testing
