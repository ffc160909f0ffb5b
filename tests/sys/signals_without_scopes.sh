#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where Landlock does not keep signals within the sandbox, or where there is none, warren does.
. "$(dirname "$0")/helpers/host.sh"

for abi in 5 0; do
	for test in signals_stay_inside other_processes_out_of_reach; do
		cp "$T_TEMPLATE/../guest/$test" "$root/t/$test"
		out=$(WARREN_LANDLOCK_ABI=$abi run_with -w / --cwd /w -- "/t/$test" 2>&1) || fail "ABI $abi: $test: $out"
	done
done
done_testing
