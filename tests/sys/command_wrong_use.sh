#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command: wrong use is status 2 and one line on standard error that says what would be right; help is status 0 and
# on standard output.
. "$(dirname "$0")/helpers/host.sh"

# wrong WORD ARGUMENT...: status 2, one line that has WORD in it, nothing on standard output.
wrong()
{
	word=$1
	shift
	timeout 10 "$WARREN" "$@" >"$base/out" 2>"$base/err" </dev/null
	status=$?
	[ $status -eq 2 ] || fail "$*: status $status"
	[ ! -s "$base/out" ] && [ "$(wc -l <"$base/err")" -eq 1 ] || fail "$*: not one line: $(cat "$base/err")"
	grep -qe "$word" "$base/err" || fail "$*: no '$word' in: $(cat "$base/err")"
}
wrong "did you mean 'warren run'" rnu
wrong "did you mean 'warren check'" chekc
wrong "warren --help" frobnicate
wrong "warren run -r / -- PROGRAM" /bin/ls
wrong "did you mean '--read'" run --raed /
wrong "did you mean '--write'" run -r / --wirte=/tmp -- /bin/true
wrong "warren run --help" run --frobnicate -- /bin/true
wrong "warren run --help" run -x -- /bin/true
wrong "PATH is missing" run -r
wrong "DIR is missing" run --root
wrong "takes no value" run --stats=1 -r / -- /bin/true
wrong "no program given" run -r /
wrong "no program given" run -r / --
wrong "say what may be read" run -- /bin/true
wrong "takes a namespace" run --net loopback -r / -- /bin/true
wrong "none or host" run --net all -r / -- /bin/true
wrong "NAME=VALUE" run --env A -r / -- /bin/true
wrong "HOST:/GUEST" run --mount /tmp -r / -- /bin/true
wrong "HOST:/GUEST" run --mount /tmp:/tmp:rx -r / -- /bin/true
wrong "HOST:/GUEST" run --mount /tmp:relative -r / -- /bin/true
for t in 0 -1 x 1s nan 1e9 ""; do
	wrong "a number of seconds" run --timeout "$t" -r / -- /bin/true
done
wrong "No such file" run --trace "$base/none/trace" -r / -- /bin/true

for o in --root -r -w --deny --cwd --cow; do
	wrong "a path is wanted" run $o "" -r / -- /bin/true
done
wrong "no arguments" check more
wrong "warren layers --help" layers --frobnicate
wrong "warren diff --help" diff --frobnicate
wrong "no LAYER given" shell

# could_not WORD ARGUMENT...: it could not be started: status 125, and one line.
could_not()
{
	word=$1
	shift
	TMPDIR=$base timeout 10 "$WARREN" "$@" >"$base/out" 2>"$base/err" </dev/null
	status=$?
	[ $status -eq 125 ] || fail "$*: status $status"
	[ ! -s "$base/out" ] && [ "$(wc -l <"$base/err")" -eq 1 ] || fail "$*: not one line: $(cat "$base/err")"
	grep -qe "$word" "$base/err" || fail "$*: no '$word' in: $(cat "$base/err")"
}
could_not "No such file" run --root "$base/none" -- /bin/true
could_not "No such file" run -r / -- "$base/none"
could_not "-r PATH" run -r "$root" -- /bin/true
could_not "over '$base/none'" run -r / --cow "$base/none" -- /bin/true
[ -z "$(ls -d "$base"/warren-layer-* 2>/dev/null)" ] || fail "a layer is left that was never used"

for c in --help -h help "help run" "run --help" "check --help" "syscalls --help" --version; do
	# shellcheck disable=SC2086 # words
	timeout 10 "$WARREN" $c >"$base/out" 2>"$base/err" || fail "$c: status $?"
	[ -s "$base/out" ] && [ ! -s "$base/err" ] || fail "$c: $(cat "$base/err")"
done
# Every option is explained in the manual and offered by the completions.
here=$(dirname "$0")/../..
{ "$WARREN" run --help; "$WARREN" batch --help; } | grep -oe '--[a-z][a-z-]*' | sort -u | grep -vxe --usage -e --help >"$base/options"
[ "$(wc -l <"$base/options")" -ge 12 ] || fail "no options in the help: $(cat "$base/options")"
while read -r o; do
	sed 's/\\-/-/g' "$here/docs/warren.1" | grep -qe "$o" || fail "$o is not in docs/warren.1"
	for c in warren.bash _warren; do
		grep -qe "$o" "$here/tools/completion/$c" || fail "$o is not in tools/completion/$c"
	done
done <"$base/options"
if command -v bash >/dev/null; then
	completion()
	{
		bash -c 'compopt() { :; }; . "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _warren; echo "${COMPREPLY[*]}"' \
			bash "$here/tools/completion/warren.bash" "$@"
	}
	[ "$(completion warren ru)" = run ] || fail "completion of a command: $(completion warren ru)"
	[ "$(completion warren run --net h)" = host ] || fail "completion of --net"
	[ "$(completion warren run --prof)" = --profile ] || fail "completion of an option"
	[ "$(completion warren run --root "$root/et")" = "$root/etc" ] || fail "completion of a directory"
fi
done_testing
