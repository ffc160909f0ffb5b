#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# System V IPC: none, but with --ipc host.
. "$(dirname "$0")/helpers/host.sh"

cp "$T_HOST/ipc_loop" "$root/t/"
"$T_HOST/ipc_loop" >"$base/out" || { echo "skipped: the host itself has no IPC: $(cat "$base/out")" >&2; exit 77; }
expect_status 38 "no IPC" run_with -w / -- /t/ipc_loop
expect_status 38 "no IPC, said" run_with -w / --ipc none -- /t/ipc_loop
expect_out "0 0 0" "--ipc host" run_with -w / --ipc host -- /t/ipc_loop
expect_out "0 0 0" "--ipc host with a layer" run_with --cow / --on-exit discard --ipc host -- /t/ipc_loop
expect_status 38 "the last one counts" run_with -w / --ipc host --ipc none -- /t/ipc_loop
expect_status 2 "another word" run_with -w / --ipc all -- /t/ipc_loop
done_testing
