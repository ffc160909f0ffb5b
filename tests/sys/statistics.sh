#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command: --stats: what was intercepted, as a table and as JSON that parses and adds up; --trace: one line per call.
. "$(dirname "$0")/helpers/host.sh"

run_with -w / --stats --json --trace "$base/trace" -- /bin/sh -c \
	'cat /etc/marker /missing "/a b\\c" 2>/dev/null; cd /tmp; ls / >/dev/null; rm -f nothing' >"$base/out" 2>"$base/json" ||
	fail "status $?"
# A profile is JSON, too: if it parses, what is wrong with it is its first member.
timeout 10 "$WARREN" run --profile "$base/json" -- /bin/true 2>"$base/err"
grep -q "there is no 'verdicts'" "$base/err" || fail "it does not parse: $(cat "$base/err")"
value()
{
	sed -n "s/^\t\"$1\":\t\([0-9]*\),*$/\1/p" "$base/json"
}
# the sum of the members of an object
sum()
{
	sed -n "/^\t\"$1\":/,/^\t}/s/^\t\t\"[^\"]*\":\t\([0-9]*\),*$/\1/p" "$base/json" | awk '{ n += $1 } END { print n + 0 }'
}
n=$(value notifications)
[ "${n:-0}" -gt 10 ] || fail "notifications: $n"
[ "$(sum verdicts)" = "$n" ] || fail "the verdicts are $(sum verdicts), not $n"
[ "$(sum syscalls)" = "$n" ] || fail "the calls are $(sum syscalls), not $n"
[ "$(value errors)" -ge 3 ] && [ "$(value errors)" -lt "$n" ] || fail "errors: $(value errors)"
[ "$(value nanoseconds)" -gt "$n" ] || fail "nanoseconds: $(value nanoseconds)"
p50=$(sed -n 's/.*"p50":\t\([0-9]*\).*/\1/p' "$base/json") p99=$(sed -n 's/.*"p99":\t\([0-9]*\).*/\1/p' "$base/json")
[ "$p50" -gt 0 ] && [ "$p50" -le "$p99" ] || fail "p50 is $p50, p99 is $p99"

# the trace: as many lines, each of the form that warren(1) says
[ "$(wc -l <"$base/trace")" = "$n" ] || fail "$(wc -l <"$base/trace") lines of trace, not $n"
grep -vE '^[0-9]+\.[0-9]{6} [0-9]+ [a-z0-9_]+ [!-~]+ (return|continue|inject|substitute|deferred) -?[0-9]+ [0-9]+$' \
	"$base/trace" >"$base/odd" && fail "lines of another form: $(head -n 3 "$base/odd")"
grep -Eq ' open(at)? /etc/marker inject [0-9]+ ' "$base/trace" || fail "the open is not there"
grep -Eq ' open(at)? /missing return -2 ' "$base/trace" || fail "the failure is not there"
grep -Eq ' open(at)? /a\\x20b\\x5cc return -2 ' "$base/trace" || fail "no escapes: $(grep x20 "$base/trace")"
# a call of a name is counted as often as it is traced
for c in openat open execve stat newfstatat chdir; do
	t=$(awk -v c=$c '$3 == c { n++ } END { print n + 0 }' "$base/trace")
	s=$(sed -n "s/^\t\t\"$c\":\t\([0-9]*\),*$/\1/p" "$base/json")
	[ "${s:-0}" = "$t" ] || fail "$c: ${s:-0} counted, $t traced"
done

run_with -w / --stats -- /bin/cat /etc/marker >"$base/out" 2>"$base/table" || fail "the table: status $?"
[ "$(cat "$base/out")" = "the root of the guest" ] || fail "the output is $(cat "$base/out")"
n=$(sed -n 's/^notifications \([0-9]*\), errors [0-9]*, in handlers [0-9.]* ms$/\1/p' "$base/table")
s=$(awk 'NR > 5 { n += $2 } END { print n }' "$base/table")
[ "${n:-0}" -gt 0 ] && [ "$n" = "$s" ] || fail "the table: $n notifications, $s calls: $(cat "$base/table")"
done_testing
