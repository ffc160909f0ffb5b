#!/bin/sh
# A list of jobs over the machines of a cluster: each task of the array, numbered from 1, runs its part of it.
#
#     sbatch --array=1-8 --cpus-per-task=16 slurm-array.sh jobs.txt results
#     warren report results/*.jsonl
#
# A task that was requeued, or submitted again, does only what its results do not have yet. To submit some of the tasks
# again, say how many parts there are: sbatch --array=3,5 ... slurm-array.sh jobs.txt results 8
# A task's state in Slurm tells of its last run only; warren report tells what failed in all.
#SBATCH --job-name=warren-batch
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu
jobs=$1 results=$2 parts=${3:-$SLURM_ARRAY_TASK_COUNT}
if [ $# -lt 3 ] && [ "$SLURM_ARRAY_TASK_MIN-$SLURM_ARRAY_TASK_MAX" != "1-$parts" ]; then
	echo "--array=1-N is wanted, or the number of parts after the directory of results" >&2
	exit 2
fi
mkdir -p "$results"
exec "${WARREN:-warren}" batch -r / -w /tmp \
	-j "${SLURM_CPUS_PER_TASK:-1}" \
	--shard "$SLURM_ARRAY_TASK_ID/$parts" \
	--resume "$results/part-$SLURM_ARRAY_TASK_ID-of-$parts.jsonl" \
	"$jobs"
