#!/bin/sh
# The same with GNU parallel, which starts a part on each machine of a list (here: N parts on this one).
#
#     parallel.sh jobs.txt results 4
#     warren report results/*.jsonl
#
# On other machines: parallel --sshloginfile machines --workdir "$PWD" ..., with the list of jobs and the results on
# a file system that all see.
set -eu
jobs=$1 results=$2 parts=$3
mkdir -p "$results"
seq "$parts" | parallel -j "$parts" "${WARREN:-warren}" batch -q -r / -w /tmp --shard "{}/$parts" \
	--resume "$results/part-{}.jsonl" "$jobs"
