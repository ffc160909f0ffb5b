#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Random calls with hostile arguments (fuzz_calls.c), from two sandboxes of one engine at once, with and without a layer:
# warren neither ends nor complains (sanitizers), serves to the end, keeps few descriptors, and nothing outside or read-only has
# changed. FUZZ_SECONDS, FUZZ_SEED; with --report the number of calls is printed, and of those that the supervisor saw.
. "$(dirname "$0")/../sys/helpers/host.sh"

seconds=${FUZZ_SECONDS:-1.5}
seed=${FUZZ_SEED:-$(date +%N | sed 's/^0*//')}
cp "$T_GUESTS/fuzz_calls" "$root/t/" || exit 2
mkdir "$root/denied" "$root/ro"
echo secret >"$root/denied/secret"
echo read-only >"$root/ro/file"
manifest()
{
	(cd "$root" && find . -path ./w -prune -o -printf '%p %y %m %U %G %s %T@ %l\n' | sort && find etc t bin ro denied -type f -exec md5sum {} +)
	stat -c '%n %a %u %g' /proc /dev /dev/* /dev/pts/ptmx /proc/sys
}
manifest >"$base/before"
total=0 seen=0
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=99:abort_on_error=0" UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=0"
for how in plain layer; do
	chmod -R u+rwX "$root/w" 2>/dev/null
	# a new one: the guests before may have given it attributes of any kind
	touch -r "$root" "$base/time"
	rm -rf "$root/w" && mkdir "$root/w" && chmod 777 "$root/w" || exit 2
	touch -r "$base/time" "$root"
	options="--root $root -r / -w /w --deny /denied"
	[ $how = plain ] || options="$options --cow /w"
	# shellcheck disable=SC2086 # words
	rm -f "$base/results"
	"$WARREN" batch $options -j2 --results "$base/results" "/t/fuzz_calls {} $seconds" ::: "$seed" "$((seed + 1000))" </dev/null >"$base/out" 2>"$base/err" &
	warren=$!
	started=$warren
	most=0 i=0
	while kill -0 $warren 2>/dev/null; do
		# shellcheck disable=SC2012 # numbers
		now=$(ls "/proc/$warren/fd" 2>/dev/null | wc -l)
		[ "$now" -le $most ] || most=$now
		i=$((i + 1))
		# 40 s more than they should take
		[ $i -le $((400 + ${seconds%.*} * 10)) ] || { fail "$how, seed $seed: it hangs"; kill -9 $warren; break; }
		sleep 0.1
	done
	wait $warren
	status=$?
	started=
	# a guest can leave directories behind that its own user may not enter: not the matter here
	[ $status -eq 0 ] || grep -q "layer.*Permission denied" "$base/err" || fail "$how, seed $seed: ends with $status: $(head -c 4000 "$base/err")"
	! grep -E 'Sanitizer|runtime error|assert' "$base/err" >&2 || fail "$how, seed $seed: the supervisor is wrong: $(head -c 6000 "$base/err")"
	n=$(grep -xE '[0-9]+' "$base/out" | awk '{ n += $1 } END { print n + 0 }')
	[ "$n" -gt 1000 ] || fail "$how, seed $seed: only $n calls"
	[ "$most" -lt 1200 ] || fail "$how, seed $seed: $most descriptors"
	total=$((total + n))
	seen=$((seen + $(sed 's/.*"notifications":\([0-9]*\).*/\1/' "$base/results" | awk '{ n += $1 } END { print n + 0 }')))
done
manifest >"$base/after"
cmp -s "$base/before" "$base/after" || fail "seed $seed: changed: $(diff "$base/before" "$base/after")"
[ "${1:-}" != --report ] || echo "seed $seed: $total calls, $seen of them seen by the supervisor, at most $most descriptors"
done_testing
