#!/bin/sh
# A list of jobs over the machines of a cluster: each task of the array runs its part of it.
#
#     sbatch --array=1-8 --cpus-per-task=16 slurm-array.sh jobs.txt results
#     warren report results/*.jsonl
#
# A task that was requeued, or submitted again, does only what its results do not have yet.
#SBATCH --job-name=warren-batch
#SBATCH --requeue
set -eu
jobs=$1 results=$2
mkdir -p "$results"
exec "${WARREN:-warren}" batch -r / -w /tmp \
	-j "${SLURM_CPUS_PER_TASK:-1}" \
	--shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
	--resume "$results/part-$SLURM_ARRAY_TASK_ID.jsonl" \
	"$jobs"
