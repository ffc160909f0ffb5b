#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Whole workloads, natively and in each kind of sandbox that is there, in alternating rounds: what each costs as a
# ratio to native in the same run. Every run of a workload starts from a fresh copy of the same small tree.
set -u -o pipefail

usage()
{
	cat <<-END
	usage: workloads.sh [OPTION]... WARREN

	  --rounds N            rounds to take medians over (default 5)
	  --root DIR            a foreign root with gcc, git and python3 in it, instead of /; native is then a chroot,
	                        which wants root
	  --only "A B"          of: compile configure forks python status checkout tar copy walk
	  --peer NAME='CMD {}'  another one to compare with: {} is where the workload's command goes; \$WORK is the
	                        directory that it works in
	  --without "A B"       peers to leave out
	  --json FILE           write every sample there, too

	The peers: native, warren (rules over the root), layer (warren --cow), bwrap, proot, fakechroot (with --root).
	END
}

die()
{
	echo "workloads.sh: $*" >&2
	exit 2
}

rounds=5 root="" only="compile configure forks python status checkout tar copy walk" without="" json=""
declare -A custom=()
peers="native warren layer bwrap proot fakechroot"
while [ $# -gt 0 ]; do
	case $1 in
	--rounds) rounds=$2; shift ;;
	--root) root=$(realpath -- "$2") || exit 2; shift ;;
	--only) only=$2; shift ;;
	--without) without=$2; shift ;;
	--json) json=$2; shift ;;
	--peer)
		[[ $2 == *=*\{\}* ]] || die "--peer wants NAME='COMMAND {}', not $2"
		custom[${2%%=*}]=${2#*=}
		peers+=" ${2%%=*}"
		shift ;;
	-h|--help) usage; exit 0 ;;
	-*) usage >&2; exit 2 ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 1 ] && [ -x "$1" ] || { usage >&2; exit 2; }
warren=$(realpath -- "$1")
[ -z "$root" ] || [ "$(id -u)" = 0 ] || die "--root wants root, for the chroot that it is compared with"

host=$(mktemp -d "${root:-${TMPDIR:-/tmp}}${root:+/tmp}/warren-work.XXXXXX") || exit 2
tmp=$(mktemp -d) || exit 2
trap 'rm -rf -- "$host" "$tmp"' EXIT
trap 'exit 130' INT TERM
WORK=${host#"$root"} # as the workload sees it
export WORK

# ---- the tree: 34 C files with a makefile, 1,200 small files under git ----

make_tree()
{
	local i

	mkdir -p "$host/seed/src" "$host/seed/repo"
	for i in $(seq 34); do
		printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint f%d(const char *s) { return (int)strlen(s) + %d; }\n' \
			"$i" "$i" >"$host/seed/src/f$i.c"
	done
	echo 'int main(void) { return 0; }' >"$host/seed/src/main.c"
	# shellcheck disable=SC2016 # make's variables
	printf 'O = $(patsubst %%.c,%%.o,$(wildcard *.c))\nprog: $(O)\n\tgcc -o $@ $(O)\n%%.o: %%.c\n\tgcc -O0 -c -o $@ $<\n' \
		>"$host/seed/src/Makefile"
	for i in $(seq 40); do
		mkdir "$host/seed/repo/d$i"
		seq "$i" $((i + 29)) | while read -r j; do echo "file $j of $i" >"$host/seed/repo/d$i/f$j"; done
	done
	(cd "$host/seed/repo" && git init -q . && git add . && git -c user.name=b -c user.email=b@localhost commit -qm one) ||
		die "git is needed to make the tree"
	tar -C "$host/seed" -cf "$host/repo.tar" repo
	write_jobs
}

# A configure script's kind of work: many short compiler runs and tests of files.
write_jobs()
{
	local w
	declare -A job=(
		[compile]='cd src && make -s'
		[configure]='cd src && for h in stdio stdlib string unistd fcntl errno time math signal ctype limits locale; do
			echo "#include <$h.h>" >c.c && gcc -E c.c >/dev/null && test -f c.c && sed s/h/x/ c.c >d.c && mv d.c e.c && rm e.c; done'
		[forks]='i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i + 1)); done'
		[python]='for i in 1 2 3 4 5; do python3 -c "import json, re, os, subprocess, argparse, email, http.client, xml.dom, unittest, logging"; done'
		[status]='cd repo && for i in 1 2 3 4 5; do git status >/dev/null; done'
		[checkout]='cd repo && rm -rf d* && git checkout -q .'
		[tar]='for i in 1 2 3; do mkdir t && tar -C t -xf ../repo.tar && rm -rf t; done'
		[copy]='for i in 1 2 3; do cp -a repo t && rm -rf t; done'
		[walk]='for i in 1 2 3; do ls -lR repo >/dev/null; grep -r nothing-like-it repo; done; true'
	)
	for w in $only; do
		[ -n "${job[$w]:-}" ] || die "no workload $w"
		printf 'cd "$WORK/run" || exit 1\n%s\n' "${job[$w]}" >"$host/$w.sh"
	done
}

# ---- the ways to run it ----

# way PEER SCRIPT
way()
{
	local peer=$1 script=$WORK/$2.sh

	case $peer in
	native) if [ -n "$root" ]; then chroot "$root" /bin/sh "$script"; else /bin/sh "$script"; fi ;;
	warren) "$warren" run ${root:+--root "$root"} -r / -w "$WORK" -w /dev -- /bin/sh "$script" ;;
	layer) "$warren" run ${root:+--root "$root"} -r / --cow "$WORK" --on-exit discard -- /bin/sh "$script" ;;
	bwrap) bwrap --ro-bind "${root:-/}" / --bind "$host" "$WORK" --dev /dev --proc /proc /bin/sh "$script" ;;
	proot) proot -r "${root:-/}" -w / -b /dev -b /proc /bin/sh "$script" ;;
	fakechroot) [ -n "$root" ] || { echo "wants --root" >&2; return 1; }
		fakechroot chroot "$root" /bin/sh "$script" ;;
	*) local cmd=${custom[$peer]}
		bash -c "${cmd//\{\}//bin/sh $script}" ;;
	esac
}

fresh()
{
	rm -rf "$host/run" && cp -a "$host/seed" "$host/run"
}

# The peers that can run here; the others with their reason.
usable()
{
	local peer

	echo 'cd "$WORK/run" && echo x >src/probe' >"$host/probe.sh"
	for peer in $peers; do
		[[ " $without " == *" $peer "* ]] && continue
		fresh
		if way "$peer" probe >"$tmp/err" 2>&1; then
			echo "$peer"
		else
			echo "workloads.sh: $peer is left out: $(head -n 1 "$tmp/err")" >&2
		fi
	done
}

now()
{
	local t=$EPOCHREALTIME
	echo "${t/./}"
}

measure()
{
	local round w peer start

	for ((round = 1; round <= rounds; round++)); do
		for w in $only; do
			for peer in $1; do
				fresh
				start=$(now)
				if way "$peer" "$w" >"$tmp/err" 2>&1; then
					echo "$w $peer $(($(now) - start))" >>"$tmp/samples"
				else
					echo "workloads.sh: $w failed in $peer: $(tail -n 1 "$tmp/err")" >&2
				fi
			done
		done
	done
}

table()
{
	echo "time, as a ratio to native: median (lowest to highest) of $rounds rounds; native in ms; $(nproc) CPUs, load $(cut -d' ' -f1 /proc/loadavg), ${root:+foreign root, }Linux $(uname -r)"
	awk -v peers="$1" -v ws="$only" '
		function sorted(key,    v, i, j, t) {
			n = split(list[key], v, " ")
			for (i = 2; i <= n; i++)
				for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
			lo = v[1]; hi = v[n]
			return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
		}
		{ k = $1 " " $2; round[k]++; time[k, round[k]] = $3; if ($2 == "native") list[k] = list[k] " " $3 }
		END {
			np = split(peers, p, " "); nw = split(ws, w, " ")
			printf "%-10s", "workload"
			for (j = 1; j <= np; j++) printf " %20s", p[j]
			print ""
			for (i = 1; i <= nw; i++) {
				base = w[i] " native"
				if (!(base in list)) continue
				printf "%-10s %17.0f ms", w[i], sorted(base) / 1000
				for (j = 2; j <= np; j++) {
					k = w[i] " " p[j]; list[k] = ""
					for (r = 1; r <= round[k]; r++)
						if (time[base, r] > 0) list[k] = list[k] " " time[k, r] / time[base, r]
					if (list[k] == "") { printf " %20s", "-"; continue }
					m = sorted(k)
					printf " %20s", sprintf("%.2f (%.2f-%.2f)", m, lo, hi)
				}
				print ""
			}
		}' "$tmp/samples"
}

make_tree
: >"$tmp/samples"
here=$(usable)
here=$(echo $here)
[[ " $here " == *" native "* ]] || die "the workloads do not run natively"
measure "$here"
table "$here"
[ -z "$json" ] || awk 'BEGIN { printf "[" } { printf "%s\n  {\"workload\": \"%s\", \"peer\": \"%s\", \"us\": %s}", NR > 1 ? "," : "", $1, $2, $3 } END { print "\n]" }' \
	"$tmp/samples" >"$json"
