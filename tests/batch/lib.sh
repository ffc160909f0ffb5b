# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of warren batch. WARREN: the command. $base is a scratch directory that goes in the end.
set -u
: "${WARREN:?WARREN is the command to test}"
me=${0##*/}
failures=0
base=$(mktemp -d "${TMPDIR:-/tmp}/warren-batch.XXXXXX") || exit 2
started=
finish()
{
	for pid in $started; do
		kill -9 "$pid" 2>/dev/null
	done
	chmod -R u+rwx "$base" 2>/dev/null
	rm -rf --one-file-system "$base"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$base" || exit 2

fail()
{
	echo "$me: $*" >&2
	failures=1
}

done_testing()
{
	exit $failures
}

# b OPTIONS...: a batch that may read everything and write $base; standard output and error go to out and err.
b()
{
	timeout -k 5 60 "$WARREN" batch -r / -w "$base" "$@" >out 2>err
}

# expect STATUS WHAT ARGS...: the batch ends so.
expect()
{
	want=$1 what=$2
	shift 2
	b "$@"
	status=$?
	[ $status = "$want" ] || { fail "$what: exit status $status, not $want"; head -n 20 err >&2; }
}

# lines WORD FILE: how many lines have it.
lines()
{
	grep -c -- "$1" "$2"
}

# gone_within SECONDS TOKEN: nothing runs that has TOKEN as an argument.
gone_within()
{
	i=0
	while [ $i -lt $(($1 * 10)) ]; do
		alive "$2" || return 0
		sleep 0.1
		i=$((i + 1))
	done
	return 1
}

alive()
{
	# From a file, so that the search does not find itself.
	printf '%s\n' "$1" >token
	for c in $(grep -slzxF -f token /proc/[0-9]*/cmdline); do
		case $(sed -n 's/^State:\t\(.\).*/\1/p' "${c%/cmdline}/status" 2>/dev/null) in
		Z | X | "") ;;
		*) return 0 ;;
		esac
	done
	return 1
}
