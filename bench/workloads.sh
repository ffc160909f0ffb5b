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
	  --only "A B"          of: compile optimise ninja configure forks suite python status big-status checkout tar
                        copy walk
	  --peer NAME='CMD {}'  another one to compare with: {} is where the workload's command goes; \$WORK is the
	                        directory that it works in
	  --without "A B"       peers to leave out
	  --json FILE           write every sample there, too, in the form of warren bench

	The peers: native, warren (rules over the root), layer (warren --cow), frozen (the same with --lower-frozen),
	bwrap, bwrap-overlay (with a tmpfs overlay), proot, fuse-overlayfs (without --root), fakechroot (with --root).
	END
}

die()
{
	echo "workloads.sh: $*" >&2
	exit 2
}

rounds=5 root="" only="compile optimise ninja configure forks suite python status big-status checkout tar copy walk" without="" json=""
declare -A custom=()
peers="native warren layer frozen bwrap bwrap-overlay proot fuse-overlayfs fakechroot"
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

# ---- the tree: C files with makefiles, 1,200 small files under git; and what is not copied for each run ----

# A file of that many functions which an optimiser has work with.
c_functions()
{
	local i

	echo '#include <stddef.h>'
	for ((i = 0; i < $1; i++)); do
		printf 'int f%d_%d(const int *p, size_t n) { int s = %d; for (size_t i = 0; i < n; i++) s = s * 31 + (p[i] > %d ? p[i] : -p[i]); return s; }\n' \
			"$2" "$i" "$i" "$i"
	done
}

# 50,000 files under git, and 2,000 outputs that are up to date.
make_large()
{
	local i

	if [[ " $only " == *" big-status "* ]]; then
		mkdir "$host/big"
		(
			cd "$host/big" && seq -f 'd%g' 500 | xargs mkdir &&
				awk 'BEGIN { for (d = 1; d <= 500; d++) for (f = 1; f <= 100; f++) {
					name = "d" d "/f" f; print f >name; close(name) } }'
		) || die "no room for 50,000 files"
		(cd "$host/big" && git init -q . && git add . && git -c user.name=b -c user.email=b@localhost commit -qm one &&
			git status >/dev/null) || die "git is needed to make the tree"
	fi
	if [[ " $only " == *" ninja "* ]] && command -v ninja >/dev/null; then
		mkdir "$host/ninja"
		{
			printf 'rule cp\n  command = cp $in $out\n'
			for i in $(seq 2000); do printf 'build out%d: cp in%d\n' "$i" "$((i % 50))"; done
		} >"$host/ninja/build.ninja"
		for i in $(seq 0 49); do echo "$i" >"$host/ninja/in$i"; done
		ninja -C "$host/ninja" >/dev/null || die "ninja does not work"
	fi
}

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
	mkdir "$host/seed/opt"
	for i in $(seq 4); do c_functions 40 "$i" >"$host/seed/opt/f$i.c"; done
	# shellcheck disable=SC2016 # make's variables
	printf 'all: $(patsubst %%.c,%%.o,$(wildcard *.c))\n%%.o: %%.c\n\tgcc -O2 -c -o $@ $<\n' >"$host/seed/opt/Makefile"
	for i in $(seq 40); do
		mkdir "$host/seed/repo/d$i"
		seq "$i" $((i + 29)) | while read -r j; do echo "file $j of $i" >"$host/seed/repo/d$i/f$j"; done
	done
	(cd "$host/seed/repo" && git init -q . && git add . && git -c user.name=b -c user.email=b@localhost commit -qm one) ||
		die "git is needed to make the tree"
	tar -C "$host/seed" -cf "$host/repo.tar" repo
	make_large
	write_jobs
}

declare -A note=(
	[compile]='make: 34 C files at -O0, and a link'
	[optimise]='make: 4 C files of 40 functions at -O2'
	[ninja]='ninja, 20 times, with 2,000 outputs that are up to date'
	[configure]='what configure scripts do: a small preprocessor run and tests of files for each of 12 headers'
	[forks]='a shell loop of 1,000 /bin/true'
	[suite]='200 tests, each a shell with grep, cmp and test'
	[python]='5 times python3 with many imports'
	[status]='5 times git status over 1,200 files'
	[big-status]='git status over 50,000 files'
	[checkout]='rm -rf, then git checkout of 1,200 files'
	[tar]='tar -x of 1,200 files, tar -c, rm -rf'
	[copy]='cp -a of 1,200 files, rm -rf'
	[walk]='3 times ls -lR, find and grep -r over 1,200 files'
)
declare -A job=(
	[compile]='cd src && make -s'
	[optimise]='cd opt && make -s'
	[ninja]='i=0; while [ $i -lt 20 ]; do ninja -C "$WORK/ninja" >/dev/null || exit 1; i=$((i + 1)); done'
	[configure]='cd src && for h in stdio stdlib string unistd fcntl errno time math signal ctype limits locale; do
		echo "#include <$h.h>" >c.c && gcc -E c.c >/dev/null && test -f c.c && sed s/h/x/ c.c >d.c && mv d.c e.c && rm e.c; done'
	[forks]='i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i + 1)); done'
	[suite]='i=0; while [ $i -lt 200 ]; do sh -c "grep -q file repo/d1/f1 && cmp -s repo/d2/f2 repo/d2/f2 && test -f src/main.c" || exit 1; i=$((i + 1)); done'
	[python]='for i in 1 2 3 4 5; do python3 -c "import json, re, os, subprocess, argparse, email, http.client, xml.dom, unittest, logging"; done'
	[status]='cd repo && for i in 1 2 3 4 5; do git status >/dev/null; done'
	[big-status]='cd "$WORK/big" && git status >/dev/null'
	[checkout]='cd repo && rm -rf d* && git checkout -q .'
	[tar]='mkdir t && tar -C t -xf ../repo.tar && tar -cf t.tar t && rm -rf t'
	[copy]='cp -a repo t && rm -rf t'
	[walk]='for i in 1 2 3; do ls -lR repo >/dev/null; find repo -name nothing-like-it; grep -r nothing-like-it repo; done; true'
)

write_jobs()
{
	local w

	for w in $only; do
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
	frozen) "$warren" run ${root:+--root "$root"} -r / --cow "$WORK" --lower-frozen --on-exit discard -- /bin/sh "$script" ;;
	bwrap) bwrap --ro-bind "${root:-/}" / --bind "$host" "$WORK" --dev /dev --proc /proc /bin/sh "$script" ;;
	bwrap-overlay) bwrap --ro-bind "${root:-/}" / --overlay-src "$host" --tmp-overlay "$WORK" --dev /dev --proc /proc \
		/bin/sh "$script" ;;
	fuse-overlayfs) [ -z "$root" ] || { echo "has no root of its own"; return 1; } >&2
		over_fuse "$2" ;;
	proot) proot -r "${root:-/}" -w / -b /dev -b /proc /bin/sh "$script" ;;
	fakechroot) [ -n "$root" ] || { echo "wants --root" >&2; return 1; }
		fakechroot chroot "$root" /bin/sh "$script" ;;
	*) local cmd=${custom[$peer]}
		bash -c "${cmd//\{\}//bin/sh $script}" ;;
	esac
}

# Natively, over a mount that is made for it.
over_fuse()
{
	local fo=$tmp/fuse r

	rm -rf "$fo" && mkdir -p "$fo/upper" "$fo/work" "$fo/merged" &&
		fuse-overlayfs -o "lowerdir=$host,upperdir=$fo/upper,workdir=$fo/work" "$fo/merged" || return 1
	WORK=$fo/merged /bin/sh "$fo/merged/$1.sh"
	r=$?
	fusermount3 -u "$fo/merged" 2>/dev/null || fusermount -u "$fo/merged" 2>/dev/null || umount "$fo/merged"
	return "$r"
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
			printf '%s\t%s\n' "$peer" "$(head -n 1 "$tmp/err")" >>"$tmp/left_out"
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
					echo "$w $peer -1" >>"$tmp/samples"
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
		{ k = $1 " " $2; round[k]++; time[k, round[k]] = $3; if ($2 == "native" && $3 > 0) list[k] = list[k] " " $3 }
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
						if (time[base, r] > 0 && time[k, r] > 0) list[k] = list[k] " " time[k, r] / time[base, r]
					if (list[k] == "") { printf " %20s", "-"; continue }
					m = sorted(k)
					printf " %20s", sprintf("%.2f (%.2f-%.2f)", m, lo, hi)
				}
				print ""
			}
		}' "$tmp/samples"
}

# Text as a JSON string.
json_text()
{
	local t=${1//\\/\\\\}
	t=${t//\"/\\\"}
	printf '"%s"' "${t//[[:cntrl:]]/ }"
}

print_json()
{
	local w peer ns comma="" setting=root

	[ -z "$root" ] || setting=foreign
	printf '{"workloads": ['
	for w in $only; do
		for peer in $1; do
			ns=$(awk -v w="$w" -v p="$peer" '$1 == w && $2 == p {
				printf "%s%s", n++ ? ", " : "", $3 < 0 ? "null" : $3 * 1000 }' "$tmp/samples")
			printf '%s\n  {"name": "%s", "note": %s, "setting": "%s", "who": %s, "ns": [%s]}' "$comma" "$w" \
				"$(json_text "${note[$w]}")" "$setting" "$(json_text "$peer")" "$ns"
			comma=,
		done
	done
	printf '\n ], "left_out": ['
	comma=""
	while IFS=$'\t' read -r peer w; do
		printf '%s\n  {"who": %s, "why": %s}' "$comma" "$(json_text "$peer")" "$(json_text "$w")"
		comma=,
	done <"$tmp/left_out"
	printf '\n ]}\n'
}

# Names that are not known, and what cannot be done without its program.
check_names()
{
	local w kept=""

	for w in $only; do
		[ -n "${job[$w]:-}" ] || die "no workload $w"
		if [ "$w" = ninja ] && ! command -v ninja >/dev/null; then
			echo "workloads.sh: ninja is left out: not installed" >&2
			printf 'ninja\tnot installed\n' >>"$tmp/left_out"
		else
			kept+=" $w"
		fi
	done
	only=$kept
}

: >"$tmp/samples"
: >"$tmp/left_out"
check_names
make_tree
here=$(usable)
here=$(echo $here)
[[ " $here " == *" native "* ]] || die "the workloads do not run natively"
measure "$here"
table "$here"
[ -z "$json" ] || print_json "$here" >"$json"
