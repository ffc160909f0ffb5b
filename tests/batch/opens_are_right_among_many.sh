#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many sandboxes under few workers: every open gives a new descriptor of the right file. (An answer with a
# descriptor must not be interrupted, else the guest is told 0: see engine/reply.c.)
. "$(dirname "$0")/lib.sh"

: "${OPENER:?OPENER is the guest}"
cp "$OPENER" opener && chmod 755 opener || exit 2
seq 40 | sed 's/.*/{"argv":["'"$(echo "$base" | sed 's/[&/\]/\\&/g')"'\/opener"]}/' >jobs
expect 0 "openers" -j8 jobs
grep -c 'gave' err | grep -qx 0 || fail "$(grep -c gave err) opens went wrong"
done_testing
