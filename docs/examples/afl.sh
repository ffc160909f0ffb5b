#!/bin/sh
# AFL++ on one program, N instances, each in a sandbox that can write nothing but its findings: a program that goes wild
# under mutated input harms nothing. The instances exchange inputs through the directory of findings. AFL++ wants
# System V memory: --ipc host.
#
#     afl.sh PROGRAM SEEDS FINDINGS N SECONDS
set -eu
program=$(realpath "$1") seeds=$(realpath "$2") findings=$3 n=$4 seconds=$5
mkdir -p "$findings"
findings=$(realpath "$findings")
i=1
while [ "$i" -le "$n" ]; do
	role=-S
	[ "$i" -gt 1 ] || role=-M
	echo "afl-fuzz $role f$i -V $seconds -i $seeds -o $findings -- $program"
	i=$((i + 1))
done | AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 \
	"${WARREN:-warren}" batch -q -j "$n" -r / -w "$findings" --ipc host --limits processes=50,best-effort \
	--timeout $((seconds + 60)) --results "$findings/results.jsonl"
