#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# How many jobs a second: /bin/true, by a bare posix_spawn loop (spawn-loop), by warren batch, with a layer for each
# job, with a layer that each job writes to, as forks of a zygote with a layer each, and by bubblewrap with a tmpfs overlay when it is there. The ways take
# turns; medians of the rates and of the CPU time of a job, and what they are to the loop's.
set -u

usage()
{
	echo "usage: batch_rate.sh [--jobs N] [--at-once N] [--rounds N] WARREN [SPAWN-LOOP]" >&2
	exit 2
}

jobs=1000 at_once=$(nproc) rounds=5
while [ $# -gt 0 ]; do
	case $1 in
	--jobs) jobs=$2 ;;
	--at-once) at_once=$2 ;;
	--rounds) rounds=$2 ;;
	-*) usage ;;
	*) break ;;
	esac
	shift 2
done
[ $# -ge 1 ] || usage
warren=$1
loop=${2:-$(dirname "$warren")/../bench/spawn-loop}
zygote=$(dirname "$loop")/guest-zygote
[ -x "$warren" ] && [ -x "$loop" ] && [ -x "$zygote" ] || usage

work=$(mktemp -d "${TMPDIR:-/tmp}/warren-rate.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir "$work/base"
true=/bin/true
seq "$jobs" | sed "s|.*|{\"argv\":[\"$true\"]}|" >"$work/jobs"
seq "$jobs" | sed "s|.*|{\"argv\":[\"/bin/touch\",\"$work/base/file\"]}|" >"$work/writers"

# Each prints nothing.
way()
{
	case $1 in
	loop) "$loop" "$at_once" "$jobs" $true ;;
	pipes) PIPES=1 "$loop" "$at_once" "$jobs" $true ;;
	batch) "$warren" batch -r / -j "$at_once" -q "$work/jobs" ;;
	layer) "$warren" batch -r / --cow "$work/base" -j "$at_once" -q "$work/jobs" ;;
	zygote) "$warren" batch -r / --cow "$work/base" -j "$at_once" -q --zygote "$zygote" "$work/jobs" ;;
	touch) "$loop" "$at_once" "$jobs" /bin/touch "$work/touched" ;;
	layer-touch) "$warren" batch -r / --cow "$work/base" -j "$at_once" -q "$work/writers" ;;
	bwrap) "$loop" "$at_once" "$jobs" "$(command -v bwrap)" --ro-bind / / --dev /dev --proc /proc \
		--overlay-src "$work/base" --tmp-overlay "$work/base" --unshare-pid --die-with-parent $true ;;
	esac >/dev/null 2>"$work/err" || { echo "batch_rate.sh: $1: $(head -n 1 "$work/err")" >&2; return 1; }
}

ways="loop pipes batch layer zygote touch layer-touch"
if command -v bwrap >/dev/null && (jobs=1 way bwrap) 2>/dev/null; then
	ways="$ways bwrap"
fi

round=0
while [ $round -lt "$rounds" ]; do
	for w in $ways; do
		# seconds; user and system, of all children
		{ times; date +%s%N; } >"$work/t0"
		way "$w" || exit 1
		{ date +%s%N; times; } >"$work/t1"
		cat "$work/t0" "$work/t1" | awk -v n="$jobs" '
			function sec(t, p) { split(t, p, /[ms]/); return p[1] * 60 + p[2] }
			NR == 2 { c0 = sec($1) + sec($2) } NR == 3 { w0 = $1 } NR == 4 { w1 = $1 }
			NR == 6 { c1 = sec($1) + sec($2) }
			END { print n / ((w1 - w0) / 1e9), (c1 - c0) / n * 1e6 }' >>"$work/$w.times"
	done
	round=$((round + 1))
done

median()
{
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
echo "$jobs jobs, $at_once at once, medians of $rounds rounds"
printf '%-12s %10s %12s %10s %10s\n' way "jobs/s" "CPU us/job" "slower" "more CPU"
for w in $ways; do
	rate=$(cut -d' ' -f1 "$work/$w.times" | median) cpu=$(cut -d' ' -f2 "$work/$w.times" | median)
	case $w in
	loop | touch) base_rate=$rate base_cpu=$cpu ;;
	bwrap) base_rate=$loop_rate base_cpu=$loop_cpu ;;
	esac
	[ "$w" != loop ] || { loop_rate=$rate loop_cpu=$cpu; }
	awk -v w="$w" -v r="$rate" -v c="$cpu" -v br="$base_rate" -v bc="$base_cpu" \
		'BEGIN { printf "%-12s %10.0f %12.0f %9.2fx %9.2fx\n", w, r, c, br / r, c / (bc ? bc : 1) }'
done
