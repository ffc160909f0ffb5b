#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command is built so that a hole in it is harder to use: position-independent, read-only relocations, no executable stack,
# stack protector, checked string functions.
set -u
me=${0##*/}
! readelf -sW "$WARREN" | grep -q __asan_ || { echo "$me: skipped: a build with sanitizers" >&2; exit 77; }
! readelf -sW "$WARREN" | grep -q __tsan_ || { echo "$me: skipped: a build with sanitizers" >&2; exit 77; }
failures=0
expect()
{
	# shellcheck disable=SC2086 # options
	readelf $2 "$WARREN" | grep -Eq "$3" || { echo "$me: not $1" >&2; failures=1; }
}
expect "position-independent" -hW 'Type:[^A-Z]*DYN'
expect "read-only after relocation" -lW GNU_RELRO
expect "bound at start" -dW 'BIND_NOW|FLAGS.*NOW'
expect "without an executable stack" -lW 'GNU_STACK.* RW +0x'
expect "protecting its stack" -sW __stack_chk_fail
expect "checking string functions" -sW '__(snprintf|memcpy|read|readlink)_chk'
exit $failures
