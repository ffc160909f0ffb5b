#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/examples/slurm-array.sh as a job array of a real Slurm, that of docs/examples/slurm-local.sh: each job of the list runs
# once, over both nodes; a task that is requeued or submitted again does the rest only; a failed job fails its task.
examples=$(realpath "$(dirname "$0")/../../docs/examples")
if [ "${1:-}" != inside ]; then
	for program in munged slurmctld slurmd sbatch; do
		PATH=$PATH:/usr/sbin:/sbin command -v $program >/dev/null ||
			{ echo "skipped: $program is not installed (Debian: munge slurmctld slurmd slurm-client)" >&2; exit 77; }
	done
	exec timeout -k 10 80 "$examples/slurm-local.sh" "$(realpath "$0")" inside
fi
. "$(dirname "$0")/lib.sh"
export WARREN

# until_true SECONDS WHAT COMMAND...
until_true()
{
	tries=$(($1 * 5)) what=$2
	shift 2
	until "$@"; do
		[ $((tries -= 1)) -gt 0 ] || { fail "waited in vain: $what"; squeue >&2; tail -n 5 slurm-*.out >&2; done_testing; }
		sleep 0.2
	done
}

# results N: so many jobs have a result.
results()
{
	[ "$(cat results/*.jsonl 2>/dev/null | wc -l)" = "$1" ]
}

# over ARRAY: nothing of it waits or runs.
over()
{
	squeue -h -j "$1" >queue 2>/dev/null && [ ! -s queue ]
}

# one_left ARRAY: one task of it is there, and runs.
one_left()
{
	[ "$(squeue -h -j "$1" -o %T)" = RUNNING ]
}

# states ARRAY: how many of its tasks are in each.
states()
{
	scontrol show job "$1" -o | sed -n 's/.* JobState=\([A-Z]*\) .*/\1/p' | sort | uniq -c | tr -s ' \n' ' '
}

# submit ARGS...
submit()
{
	sbatch --parsable --cpus-per-task=2 "$@"
}

# 40 jobs: one fails, and one waits, so that its task can be requeued in the middle.
for i in $(seq 40); do
	case $i in
	7) echo 'echo "ran 7 $SLURMD_NODENAME"; exit 3' ;;
	40) echo 'until [ -e go ]; do sleep 0.1; done; echo "ran 40 $SLURMD_NODENAME"' ;;
	*) echo "echo \"ran $i \$SLURMD_NODENAME\"" ;;
	esac
done >jobs.txt
first=$(submit --array=1-4 "$examples/slurm-array.sh" jobs.txt results) || { fail "sbatch"; done_testing; }
until_true 30 "39 results" results 39
until_true 20 "the end of the other tasks" one_left "$first"
task=$(squeue -h -j "$first" -o %K)
scontrol requeue "${first}_$task" || fail "requeue of task $task"
# Slurm lets a requeued task wait for two minutes.
until_true 10 "task $task is in the queue again" sh -c "squeue -h -t PD -j $first | grep -q ."
: >go
scontrol update "JobId=${first}_$task" StartTime=now || fail "start of task $task"
until_true 30 "the end of the array" over "$first"
scontrol show job "$first" -o | grep -q "ArrayTaskId=$task .*Restarts=1 " || fail "task $task was not requeued"
cat slurm-*.out | sed -n 's/.*ran \([0-9]*\) node[12]$/\1/p' | sort -n >ran
seq 40 | cmp - ran >&2 || { fail "each job once:"; cat ran >&2; }
for node in node1 node2; do
	grep -q "ran .* $node\$" slurm-*.out || fail "nothing ran on $node"
done
results 40 || fail "results: $(cat results/*.jsonl | wc -l)"
"$WARREN" report results/*.jsonl >out && fail "report: exit status 0"
grep -q '^40 jobs: 39 passed, 1 failed;' out && grep -q '^  7: exit status 3' out || { fail "report:"; cat out >&2; }
[ "$(states "$first")" = " 3 COMPLETED 1 FAILED " ] || fail "states of the tasks:$(states "$first")"

# Again, all of them, and one of them: nothing is left to do.
rm slurm-*.out
again=$(submit --array=1-4 "$examples/slurm-array.sh" jobs.txt results)
one=$(submit --array=3 "$examples/slurm-array.sh" jobs.txt results 4)
until_true 30 "the end of those that do nothing" over "$again,$one"
[ "$(cat slurm-*.out | grep -c '0 passed, 0 failed, 10 done before')" = 5 ] && results 40 ||
	{ fail "submitted again:"; cat slurm-*.out >&2; }

# One of them without the number of parts would take the wrong part.
one=$(submit --array=3 "$examples/slurm-array.sh" jobs.txt results)
until_true 30 "the end of the refused task" over "$one"
scontrol show job "$one" -o | grep -q 'ExitCode=2:0' && results 40 || fail "a part of an unknown number of parts"
done_testing
