#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# While guests run, every thread of the supervisor and its guard have no capabilities but those over files and signals, cannot
# gain any, and have a filter of system calls; those that serve have two. The control: without it they have none.
. "$(dirname "$0")/helpers/host.sh"

# status_of PID FIELD: of each thread, once each
status_of()
{
	sed -n "s/^$2:[[:space:]]*//p" /proc/"$1"/task/*/status | sort -u | tr '\n' ' '
}

# The supervisor that was told to run sleep TOKEN, once that has begun.
supervisor_of()
{
	for i in $(seq 100); do
		supervisor=
		sleeps=
		for pid in $(pids_of "$1"); do
			case $(cat "/proc/$pid/comm" 2>/dev/null) in
			warren) supervisor=$pid ;;
			sleep | helper) sleeps=1 ;;
			esac
		done
		[ -z "$supervisor" ] || [ -z "$sleeps" ] || { echo "$supervisor"; return; }
		sleep 0.1
	done
	echo "$me: $1 does not start: $(head -c 300 "$base/err")" >&2
}

check()
{
	what=$1 pid=$2
	[ -n "$pid" ] || { fail "$what: no supervisor found"; return; }
	guard=$(grep -l '^warren-guard$' /proc/[0-9]*/comm 2>/dev/null | sed 's,/comm,,' | while read -r p; do
		grep -q "^PPid:[[:space:]]*$pid\$" "$p/status" 2>/dev/null && echo "${p#/proc/}"
	done)
	[ -n "$guard" ] || fail "$what: no guard found"
	for one in $pid $guard; do
		[ "$(status_of "$one" NoNewPrivs)" = "1 " ] || fail "$what: no_new_privs: $(status_of "$one" NoNewPrivs)"
		[ "$(status_of "$one" Seccomp)" = "2 " ] || fail "$what: seccomp: $(status_of "$one" Seccomp)"
		for set in CapInh CapPrm CapEff CapAmb; do
			for caps in $(status_of "$one" $set); do
				[ $((0x$caps & ~0x3f)) = 0 ] || fail "$what: $set is $caps"
			done
		done
		[ "$(id -u)" != 0 ] || [ "$(status_of "$one" CapBnd)" = "000000000000003f " ] ||
			fail "$what: CapBnd is $(status_of "$one" CapBnd)"
	done
	# Linux 5.9 counts the filters
	filters=$(status_of "$pid" Seccomp_filters)
	[ -z "$filters" ] || [ "$filters" = "1 2 " ] || fail "$what: filters: $filters"
}

token=3217.$$
tokens="$token"
timeout 30 "$WARREN" run --root "$root" -- /bin/sleep $token 2>"$base/err" </dev/null &
started="$started $!"
check run "$(supervisor_of $token)"
token=4217.$$
tokens="$tokens $token"
timeout 30 "$WARREN" batch --root "$root" -j2 '/bin/sleep {}' ::: $token >/dev/null 2>"$base/err" </dev/null &
started="$started $!"
check batch "$(supervisor_of $token)"

token=5217.$$
tokens="$tokens $token"
WARREN_NO_CONFINE=1 timeout 30 "$WARREN" run --root "$root" -- /bin/sleep $token 2>"$base/err" </dev/null &
started="$started $!"
pid=$(supervisor_of $token)
[ -n "$pid" ] && [ "$(status_of "$pid" Seccomp)" = "0 " ] || fail "the control: seccomp: $(status_of "$pid" Seccomp)"
done_testing
