#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exec: exit codes: the program's own, 128 + signal, 125 to 127 for what cannot be started.
. "$(dirname "$0")/helpers/host.sh"

for n in 0 1 2 42 77 124 125 126 127 128 200 255; do
	expect_status "$n" "exit $n" w /t/helper exit "$n"
done
# Not SIGQUIT, which this shell ignores.
for sig in 1 2 4 5 6 9 10 11 12 13 14 15; do
	expect_status "$((128 + sig))" "killed by signal $sig" \
		"$T_HOST/sigstart" timeout -k 2 10 "$WARREN" run --root "$root" -- /bin/sh -c "kill -$sig \$\$; sleep 3"
done
expect_status "127 125" "a missing program" w /bin/missing
expect_status "127 125" "a missing program without a slash" w missing-program
expect_status "126 125" "a file that is not executable" w /etc/marker
expect_status "126 125" "a directory" w /etc
expect_status "125 2" "no program" timeout 10 "$WARREN" run --root "$root"
expect_status "125 2" "an unknown option" timeout 10 "$WARREN" run --no-such-option --root "$root" -- /bin/true
expect_status "125 2" "a missing --cwd" timeout 10 "$WARREN" run --root "$root" --cwd /missing -- /bin/true
# The status is that of the program, not of the daemons and children it left.
expect_status 3 "a child outlives the program" w /bin/sh -c '(sleep 0.3; exit 5) & exit 3'
expect_status 6 "a name is looked up in the PATH of the guest" \
	timeout 10 "$WARREN" run --root "$root" --env PATH=/none:/t -- helper exit 6
done_testing
