#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Mounts: a root that has a /sys gets what libraries read of the CPUs and of huge pages there, read-only, and nothing
# else; one that has none gets none; a mount of the user's replaces it.
. "$(dirname "$0")/helpers/host.sh"

[ -r /sys/devices/system/cpu/online ] || { echo "skipped: no /sys here" >&2; exit 77; }
expect_fail "a root without /sys" run_with -w / -- /bin/ls /sys
mkdir "$root/sys"
expect_out "$(cat /sys/devices/system/cpu/online)" "the CPUs" run_with -w / -- /bin/cat /sys/devices/system/cpu/online
expect_out "devices system cpu" "nothing else" run_with -w / -- /bin/sh -c \
	'echo $(ls /sys | grep -v kernel) $(ls /sys/devices) $(ls /sys/devices/system)'
expect_fail "writing" run_with -w / -- /bin/sh -c 'echo 0 > /sys/devices/system/cpu/cpu0/uevent'
expect_fail "a link out of it" run_with -w / -- /bin/ls /sys/devices/system/cpu/cpu0/subsystem/
expect_fail "without a rule for it" run_with -r /bin -r /lib -- /bin/cat /sys/devices/system/cpu/online
expect_fail "denied" run_with -w / --deny /sys -- /bin/cat /sys/devices/system/cpu/online
mkdir -p "$base/s/x" "$base/y"
expect_out "x y" "a mount over it, and another one" run_with --mount "$base/s:/sys" --mount "$base:/other/place" -- \
	/bin/sh -c 'echo $(ls /sys) $(ls /other/place | grep y)'
done_testing
