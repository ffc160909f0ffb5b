#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# One guest loop, answered by the kernel, by the floor handler and by warren, in alternating rounds; then the
# system calls that warren's supervisor makes for each guest call, next to the floor's.
set -u -o pipefail

usage()
{
	cat <<-END
	usage: compare.sh [OPTION]... WARREN ROOT

	WARREN is the warren command, ROOT a directory that may be written to: bench-guest and a small
	tree (bench.tree) are put there and taken away again.

	  --rounds N      rounds to take medians over (default 7)
	  --calls N       calls of each op in a round (default 5000)
	  --ops "A B"     of: null open stat statx access readlink enoent, and stat of a relative path
	                  (stat-rel), through a symlink (stat-link), with .. (stat-dots); default: all
	  --bin DIR       where warren-floor and bench-guest are (default: beside WARREN's build, or here)
	  --cpu N         run everything on CPU N alone
	  --count N       guest calls to count the supervisor's system calls over (default 500; 0: do not)
	  --counter C     perf or strace (default: perf if it may)
	  --warren-arg A  another argument for warren run (may be repeated)
	  --json FILE     write the results there, too (- is standard output, without the tables)
	END
}

die()
{
	echo "compare.sh: $*" >&2
	exit 2
}

note()
{
	echo "compare.sh: $*" >&2
}

rounds=7 calls=5000 ops="null open stat statx access readlink enoent stat-rel stat-link stat-dots" count=500
bin="" cpu="" counter="" json=""
warren_args=()
while [ $# -gt 0 ]; do
	case $1 in
	--rounds) rounds=$2; shift ;;
	--calls) calls=$2; shift ;;
	--ops) ops=$2; shift ;;
	--bin) bin=$2; shift ;;
	--cpu) cpu=$2; shift ;;
	--count) count=$2; shift ;;
	--counter) counter=$2; shift ;;
	--warren-arg) warren_args+=("$2"); shift ;;
	--json) json=$2; shift ;;
	-h|--help) usage; exit 0 ;;
	-*) usage >&2; exit 2 ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 2 ] || { usage >&2; exit 2; }
warren=$(realpath -- "$1") || exit 2
root=$(realpath -- "$2") || exit 2

here=$(dirname -- "$(realpath -- "$0")")
find_bin()
{
	local d

	for d in ${bin:+"$bin"} "$(dirname -- "$warren")/../bench" "$here" .; do
		[ -x "$d/$1" ] && { realpath -- "$d/$1"; return; }
	done
	return 1
}
guest=$(find_bin bench-guest) || die "bench-guest is not built (see --bin)"
floor=$(find_bin warren-floor) || { note "no warren-floor: its columns stay empty"; floor=""; }
[ -x "$warren" ] || { note "no $warren: its columns stay empty"; warren=""; }

pin=()
floor_pin=none
if [ -n "$cpu" ]; then
	if command -v taskset >/dev/null; then
		pin=(taskset -c "$cpu")
		floor_pin=same
	else
		note "no taskset: not pinned"
	fi
fi

tmp=$(mktemp -d) || exit 2
running=""
cleanup()
{
	[ -n "$running" ] && kill "$running" 2>/dev/null
	rm -rf -- "$tmp" "$root/bench.tree"
	rm -f -- "$root/bench-guest"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

[ -e "$root/bench-guest" ] && die "$root/bench-guest is in the way"
[ -e "$root/bench.tree" ] && die "$root/bench.tree is in the way"
cp -- "$guest" "$root/bench-guest" && mkdir -p "$root/bench.tree/a/b" && echo x >"$root/bench.tree/a/b/f" &&
	ln -s f "$root/bench.tree/a/b/l" && ln -s a "$root/bench.tree/s" || die "cannot write to $root"

# Four components, as in design.md.
path_of()
{
	case $1 in
	null) ;;
	stat-link) echo bench.tree/s/b/f ;;
	stat-dots) echo bench.tree/a/../a/b/f ;;
	readlink) echo bench.tree/a/b/l ;;
	enoent) echo bench.tree/a/b/m ;;
	*) echo bench.tree/a/b/f ;;
	esac
}

case $(uname -m) in
x86_64) null_nr=267 ;;
*) null_nr=78 ;;
esac

# Words to be split: the root has no place in them, for it may contain blanks.
floor_options()
{
	echo "--pin $floor_pin"
	[ "$1" = null ] && echo "--null $null_nr"
}

# run WHO OP GUEST-OPTION... AMOUNT: natively the working directory stands for the root, so that the kernel walks
# as many components as it does for the others.
run()
{
	local who=$1 op=$2 path
	shift 2
	path=$(path_of "$op")
	case $who in
	native) (cd "$root" && exec "${pin[@]}" ./bench-guest "${@:1:$#-1}" "${op%%-*}" $path "${@: -1}") ;;
	floor) exec_in "$floor" --root "$root" $(floor_options "$op") -- /bench-guest "$@" ;;
	cached) exec_in "$floor" --cache --root "$root" $(floor_options "$op") -- /bench-guest "$@" ;;
	warren) exec_in "$warren" run --root "$root" --cwd=/ "${warren_args[@]}" -- /bench-guest "$@" ;;
	esac
}

# The words after the guest's name are its options and the amount; op and path of run() go between them.
exec_in()
{
	local slash=/

	[ "$op" = stat-rel ] && slash=
	(cd "$root" && exec "${pin[@]}" "${@:1:$#-1}" "${op%%-*}" ${path:+"$slash$path"} "${@: -1}")
}

whos_for()
{
	echo native
	[ -n "$floor" ] && echo floor
	case $1 in
	stat*|enoent) [ -n "$floor" ] && echo cached ;;
	esac
	[ -n "$warren" ] && echo warren
}

measure()
{
	local round op who line

	for ((round = 1; round <= rounds; round++)); do
		for op in $ops; do
			for who in $(whos_for "$op"); do
				line=$(run "$who" "$op" "$calls" 2>"$tmp/err") || {
					note "$who $op failed: $(tail -n 1 "$tmp/err")"
					continue
				}
				echo "$op $who $line" >>"$tmp/samples"
			done
		done
	done
}

# The process at or below $1 that holds a listener.
supervisor_of()
{
	local pid=$1 child

	find "/proc/$pid/fd" -lname '*seccomp notify*' 2>/dev/null | grep -q . && { echo "$pid"; return 0; }
	for child in $(cat /proc/"$pid"/task/*/children 2>/dev/null); do
		supervisor_of "$child" && return 0
	done
	return 1
}

wait_for()
{
	local i

	for ((i = 0; i < 200; i++)); do
		grep -q "$1" "$2" 2>/dev/null && return 0
		sleep 0.05
	done
	return 1
}

# What a tracer wrote, as one name a line; ioctls by their own names, since RECV, SEND and ADDFD are the point.
names_of_perf()
{
	perf script -i "$tmp/perf.data" -F trace 2>/dev/null | awk '
		FILENAME != "-" { name[$1] = $2; next }
		$1 == "NR" {
			what = $2 in name ? name[$2] : "nr_" $2
			cmd = $4
			sub(/,/, "", cmd)
			if (what == "ioctl" && cmd in name)
				what = name[cmd]
			print what
		}' "$tmp/names" -
}

names_of_strace()
{
	awk '
		/resumed>/ || /^[0-9]+ +(---|\+\+\+)/ { next }
		match($0, /^[0-9]+ +[a-z0-9_]+\(/) {
			name = substr($0, RSTART, RLENGTH - 1)
			sub(/^[0-9]+ +/, "", name)
			if (name == "ioctl" && match($0, /SECCOMP_IOCTL_NOTIF_[A-Z_]+/))
				name = substr($0, RSTART + 20, RLENGTH - 20)
			print name
		}' "$tmp/log"
}

# Numbers to names, for perf; without the headers the numbers are shown.
make_names()
{
	printf '%s\n' "c0502100 RECV" "c0182101 SEND" "40082102 ID_VALID" "40182103 ADDFD" >"$tmp/names"
	echo '#include <asm/unistd.h>' | "${CC:-cc}" -E -dM - 2>/dev/null |
		awk '$2 ~ /^__NR_/ { print $3, substr($2, 6) }' >>"$tmp/names"
}

# perf is preferred: strace stops the supervisor at every call, so that the next notification is there before it
# would have slept, and the waits vanish from the count. Both follow the supervisor's threads; neither the guest,
# which was forked before.
attach()
{
	if [ "$counter" = perf ]; then
		perf record -q -m 4M -e raw_syscalls:sys_enter -o "$tmp/perf.data" -p "$1" >/dev/null 2>"$tmp/tracer" &
	else
		strace -f -qq -e signal=none -o "$tmp/log" -p "$1" 2>"$tmp/tracer" &
	fi
	tracer=$!
	sleep 0.8
}

# The guest waits before and after its loop, so nothing but the loop is traced.
count_calls()
{
	local who=$1 op=$2 sup tracer

	rm -f "$tmp/in" "$tmp/out" "$tmp/log" "$tmp/perf.data" "$tmp/tracer"
	mkfifo "$tmp/in"
	run "$who" "$op" --wait "$count" <"$tmp/in" >"$tmp/out" 2>/dev/null &
	running=$!
	exec 3>"$tmp/in"
	if wait_for ready "$tmp/out" && sup=$(supervisor_of "$running"); then
		attach "$sup"
		echo >&3
		wait_for 'done' "$tmp/out" || note "$who $op: the traced loop did not end"
		kill -INT "$tracer" 2>/dev/null
		wait "$tracer" 2>/dev/null
		"names_of_$counter" | sort | uniq -c | awk -v op="$op" -v who="$who" -v n="$count" \
			'{ printf "%s %s %s %.3f\n", op, who, $2, $1 / n }' >"$tmp/one"
		[ -s "$tmp/one" ] || note "$who $op: nothing traced: $(tail -n 1 "$tmp/tracer")"
		cat "$tmp/one" >>"$tmp/counts"
	else
		note "$who $op: no supervisor found to trace"
	fi
	echo >&3
	exec 3>&-
	wait "$running" 2>/dev/null
	running=""
}

choose_counter()
{
	if [ -z "$counter" ]; then
		counter=strace
		perf stat -e raw_syscalls:sys_enter true >/dev/null 2>&1 && counter=perf
	fi
	command -v "$counter" >/dev/null && return
	note "no $counter: the supervisor's system calls are not counted"
	return 1
}

count_all()
{
	local op who

	[ "$count" -gt 0 ] && choose_counter || return 0
	make_names
	for op in $ops; do
		for who in $(whos_for "$op"); do
			[ "$who" = native ] || count_calls "$who" "$op"
		done
	done
}

# Samples to "op who median min max p50 p90 p99 rounds", in microseconds; percentiles are medians over rounds.
summarise()
{
	awk '
		function median(list, n,    v, i, j, t) {
			split(list, v, " ")
			for (i = 2; i <= n; i++)
				for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) {
					t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
				}
			lo = v[1]; hi = v[n]
			return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
		}
		{
			key = $1 " " $2
			if (!(key in n))
				order[++keys] = key
			n[key]++
			for (i = 3; i <= NF; i++) {
				split($i, kv, "=")
				sample[key, kv[1]] = sample[key, kv[1]] " " kv[2]
			}
		}
		END {
			for (k = 1; k <= keys; k++) {
				key = order[k]
				p50 = median(sample[key, "p50_ns"], n[key])
				p90 = median(sample[key, "p90_ns"], n[key])
				p99 = median(sample[key, "p99_ns"], n[key])
				m = median(sample[key, "batch_ns"], n[key])
				printf "%s %.3f %.3f %.3f %.3f %.3f %.3f %d\n", key, m / 1000, lo / 1000,
					hi / 1000, p50 / 1000, p90 / 1000, p99 / 1000, n[key]
			}
		}' "$tmp/samples" >"$tmp/summary"
}

print_table()
{
	echo "microseconds per guest call: median of $rounds rounds (min..max); $(nproc) CPUs, load $(cut -d' ' -f1 /proc/loadavg)${cpu:+, all on CPU $cpu}"
	awk '
		{ if (!($1 in seen)) { seen[$1] = 1; order[++ops] = $1 }
		  med[$1, $2] = $3; span[$1, $2] = sprintf("%.2f (%.2f..%.2f)", $3, $4, $5); p99[$1, $2] = $8 }
		function cell(op, who) { return (op, who) in med ? span[op, who] : "-" }
		function ratio(op, a, b) {
			if (!((op, a) in med) || !((op, b) in med) || med[op, b] <= 0)
				return "-"
			return sprintf("%.2f", med[op, a] / med[op, b])
		}
		END {
			fmt = "%-9s | %-19s | %-21s | %-21s | %-23s | %12s | %13s | %10s\n"
			printf fmt, "op", "native", "floor", "floor, cached", "warren", "warren/floor",
				"warren/native", "warren p99"
			for (i = 1; i <= ops; i++) {
				op = order[i]
				tail = (op, "warren") in med ? sprintf("%.1f", p99[op, "warren"]) : "-"
				printf fmt, op, cell(op, "native"), cell(op, "floor"), cell(op, "cached"),
					cell(op, "warren"), ratio(op, "warren", "floor"),
					ratio(op, "warren", "native"), tail
			}
		}' "$tmp/summary"
}

print_counts()
{
	[ -s "$tmp/counts" ] || return 0
	echo
	echo "system calls of the supervisor for each guest call ($count calls traced with $counter)"
	sort -k1,1 -k2,2 -k4,4nr "$tmp/counts" | awk '
		{ key = $1 " " $2; if (!(key in line)) order[++n] = key
		  total[key] += $4; if ($4 >= 0.01) line[key] = line[key] sprintf("  %s %.2f", $3, $4) }
		END { for (i = 1; i <= n; i++) { split(order[i], k, " ")
			printf "%-9s %-7s %5.2f :%s\n", k[1], k[2], total[order[i]], line[order[i]] } }'
}

print_json()
{
	awk -v rounds="$rounds" -v calls="$calls" -v cpus="$(nproc)" -v kernel="$(uname -r)" -v pinned="${cpu:-}" '
		BEGIN { printf "{\n  \"kernel\": \"%s\", \"cpus\": %d, \"cpu\": \"%s\", \"rounds\": %d, \"calls\": %d,\n",
			kernel, cpus, pinned, rounds, calls; printf "  \"times_us\": [" }
		FILENAME ~ /summary$/ {
			printf "%s\n    {\"op\": \"%s\", \"who\": \"%s\", \"median\": %s, \"min\": %s, \"max\": %s, " \
				"\"p50\": %s, \"p90\": %s, \"p99\": %s, \"rounds\": %d}", a++ ? "," : "",
				$1, $2, $3, $4, $5, $6, $7, $8, $9
			next
		}
		{ counts = counts sprintf("%s\n    {\"op\": \"%s\", \"who\": \"%s\", \"syscall\": \"%s\", \"per_call\": %s}",
			b++ ? "," : "", $1, $2, $3, $4) }
		END { printf "\n  ],\n  \"supervisor_calls\": [%s\n  ]\n}\n", counts }' "$tmp/summary" "$tmp/counts"
}

: >"$tmp/samples"
: >"$tmp/counts"
measure
[ -s "$tmp/samples" ] || die "nothing could be measured"
count_all
summarise
if [ "$json" = - ]; then
	print_json
else
	print_table
	print_counts
	[ -n "$json" ] && print_json >"$json"
fi
exit 0
