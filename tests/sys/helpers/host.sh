# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests that look from outside. WARREN: the command. T_TEMPLATE: the template root.
# T_HOST: the directory of the small host-side programs. $root is a fresh root, $base a scratch directory.

set -u
: "${WARREN:?WARREN is the command to test}" "${T_TEMPLATE:?T_TEMPLATE is the template root}"
T_HOST=${T_HOST:-$(dirname "$T_TEMPLATE")/host}
me=${0##*/}
failures=0
[ -x "$WARREN" ] || { echo "$me: no executable $WARREN" >&2; exit 2; }

base=$(mktemp -d "${T_TMPDIR:-${TMPDIR:-/tmp}}/warren-sys-root.XXXXXX") || exit 2
chmod 755 "$base"
root=$base/root
started=
tokens=
# Kills only what the test noted: the pids in $started, and what has one of the words in $tokens, which are the
# test's own, as an argument. Then the scratch directory goes.
finish()
{
	for pid in $started; do
		kill -9 "$pid" 2>/dev/null
	done
	for token in $tokens; do
		for pid in $(pids_of "$token"); do
			kill -9 "$pid" 2>/dev/null
		done
	done
	chmod -R u+rwx "$base" 2>/dev/null
	rm -rf --one-file-system "$base"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cp -a "$T_TEMPLATE" "$root" || exit 2

fail()
{
	echo "$me: $*" >&2
	failures=1
}

done_testing()
{
	exit $failures
}

# w PROGRAM [ARG]...: run it in $root, everything writable.
w()
{
	# shellcheck disable=SC2086 # a list of words
	timeout -k 2 10 "$WARREN" run --root "$root" ${T_WARREN_ARGS:--w /} --cwd /w -- "$@"
}

# run_with OPTIONS -- PROGRAM...: the same with the options of the caller.
run_with()
{
	timeout -k 2 10 "$WARREN" run --root "$root" "$@"
}

# expect_out WANT WHAT COMMAND...: the command succeeds and prints exactly WANT.
expect_out()
{
	want=$1 what=$2
	shift 2
	out=$("$@" 2>"$base/err")
	status=$?
	[ $status -eq 0 ] && [ "$out" = "$want" ] ||
		fail "$what: status $status, \"$out\" instead of \"$want\"; $(head -c 300 "$base/err")"
}

# expect_status LIST WHAT COMMAND...: the command ends with one of the statuses in LIST ("125 2").
expect_status()
{
	list=$1 what=$2
	shift 2
	out=$("$@" 2>"$base/err" </dev/null)
	status=$?
	case " $list " in
	*" $status "*) ;;
	*) fail "$what: status $status instead of $list; $(head -c 300 "$base/err")" ;;
	esac
}

# expect_fail WHAT COMMAND...: it fails or cannot be started; not by a signal, not by a timeout.
expect_fail()
{
	what=$1
	shift
	out=$("$@" 2>"$base/err" </dev/null)
	status=$?
	[ $status -ne 0 ] && [ $status -ne 124 ] && [ $status -lt 128 ] || fail "$what: status $status, \"$(echo "$out" | head -c 200)\""
}

# pids_of TOKEN: the processes that have this word as an argument and are not just waiting to be reaped.
pids_of()
{
	# From a file, so that the search does not find itself.
	printf '%s\n' "$1" >"$base/token"
	for c in $(grep -slzxF -f "$base/token" /proc/[0-9]*/cmdline); do
		c=${c%/cmdline}
		case $(sed -n 's/^State:\t\(.\).*/\1/p' "$c/status" 2>/dev/null) in
		Z | X | "") ;;
		*) echo "${c#/proc/}" ;;
		esac
	done
}

alive()
{
	[ -n "$(pids_of "$1")" ]
}

# gone_within SECONDS TOKEN
gone_within()
{
	i=0
	while alive "$2"; do
		i=$((i + 1))
		[ $i -le $(($1 * 10)) ] || return 1
		sleep 0.1
	done
}

# alive_within SECONDS TOKEN
alive_within()
{
	i=0
	until alive "$2"; do
		i=$((i + 1))
		[ $i -le $(($1 * 10)) ] || return 1
		sleep 0.1
	done
}
