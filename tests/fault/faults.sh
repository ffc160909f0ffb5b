#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# faults.sh alloc|calls [FIRST LAST]: each allocation, or each system call that can fail, of the supervisor fails once, a run
# each: the run ends by itself, not by a signal, with the guest's status or with warren's own and a reason; no rule stops to
# hold; nothing of the host changes; no process stays. Without FIRST and LAST: FAULT_RUNS (default 8) of them, spread evenly,
# another choice each time. FAULT_LAYER=1: with a layer. FAULT_BATCH=1: warren batch, two jobs with
# layers over a prepared one, whose files are collected.
. "$(dirname "$0")/../sys/helpers/host.sh"

kind=$1
: "${T_FAULT:?the directory of the programs}"
runs=${FAULT_RUNS:-8}
cp "$T_FAULT/fault-guest" "$root/t/guest" && printf '#!/bin/true x\n' >"$root/t/script" && chmod 755 "$root/t/script" || exit 2
mkdir "$root/denied" "$root/ro"
echo secret >"$root/denied/secret"
printf '#!/bin/sh\nexit 42\n' >"$root/denied/prog"
chmod 755 "$root/denied/prog"
echo read-only >"$root/ro/file"
manifest()
{
	(cd "$root" && find . -path ./w -prune -o -printf '%p %y %m %U %G %s %T@ %n %l\n' | sort)
}
manifest >"$base/before"
export TMPDIR="$base" # for what a run that ends early leaves
export ASAN_OPTIONS="detect_leaks=0:exitcode=99:allocator_may_return_null=1" UBSAN_OPTIONS="halt_on_error=0"

# one N: a run in which the N-th fails
one()
{
	rm -rf "$root"/w/* "$base/layer" "$base/collected" "$base/results" "$base/junit"
	n=$1 start=$(date +%s)
	set -- --root "$root" -r / -w /w --deny /denied --cwd /w
	if [ "${FAULT_BATCH:-0}" != 0 ]; then
		mkdir "$base/collected"
		set -- batch "$@" -q -j2 --cow /w --prepare 'echo 1 >prepared' --collect "$base/collected" --results "$base/results" \
			--junit "$base/junit" /t/guest ::: 1 2
	elif [ "${FAULT_LAYER:-0}" != 0 ]; then
		set -- run "$@" --cow /w --layer "$base/layer" --on-exit discard -- /t/guest
	else
		set -- run "$@" -- /t/guest
	fi
	if [ "$kind" = alloc ]; then
		WARREN_FAULT_ALLOC=$n WARREN_FAULT_COUNT="$base/count" timeout -k 2 "${FAULT_TIMEOUT:-20}" "$T_FAULT/warren-fault" "$@"
	else
		timeout -k 2 "${FAULT_TIMEOUT:-20}" "$T_FAULT/inject" "$n" "$base/count" "$WARREN" "$@"
	fi >"$base/out" 2>"$base/err" </dev/null
	status=$?
	! grep -q '"exit":42' "$base/results" 2>/dev/null || status=42
	! grep -q '"signal":14' "$base/results" 2>/dev/null || status=142
	case $status in
	0) ;;
	42) fail "$kind $n: a rule does not hold" ;;
	124) fail "$kind $n: it hangs" ;;
	137) # the guest was killed, for warren could not see what it runs
		[ $(($(date +%s) - start)) -lt "${FAULT_TIMEOUT:-20}" ] || fail "$kind $n: it hangs" ;;
	142) fail "$kind $n: the guest hangs" ;;
	99) fail "$kind $n: $(head -c 3000 "$base/err")" ;;
	12[5-7]) [ -s "$base/err" ] || fail "$kind $n: status $status, and no reason" ;;
	134 | 135 | 136 | 139) fail "$kind $n: it crashes: $(tail -c 2000 "$base/err")" ;;
	esac
	! grep -q 'runtime error' "$base/err" || fail "$kind $n: $(grep -m 3 'runtime error' "$base/err")"
	# its own supervisor is in the sandbox's tag: what is left would be killed by it within a moment
	[ $failures = 0 ] || tail -n 5 "$base/err" >&2
}

one 0
[ "$status" = 0 ] || fail "without a fault it ends with $status: $(cat "$base/err")"
read -r total rest <"$base/count"
[ "$total" -gt 100 ] || fail "only $total may fail"
if [ $# -eq 3 ]; then
	n=$2 last=$3 step=1
	[ "$last" -le "$total" ] || last=$total
else
	step=$((total / runs)) last=$total
	n=$((1 + $(date +%N | sed 's/^0*//') % step))
fi
done=0
while [ "$n" -le "$last" ]; do
	one "$n"
	done=$((done + 1))
	n=$((n + step))
done
manifest >"$base/after"
cmp -s "$base/before" "$base/after" || fail "changed: $(diff "$base/before" "$base/after")"
[ -z "${FAULT_REPORT:-}" ] || echo "$kind: $done of $total"
done_testing
