#!/bin/sh
# A Slurm of two nodes on this machine, for as long as a command runs (default: a shell): to try job arrays without a cluster.
#
#     apt-get install --no-install-recommends munge slurm-client slurmctld slurmd
#     ./slurm-local.sh sh -c 'sbatch --wait --array=1-4 slurm-array.sh jobs.txt results; cat slurm-*.out'
#
# The daemons run as the user who calls, listen on 127.0.0.1 only and have all their files in a scratch directory;
# /etc/slurm and /etc/munge are not read. They end with the command.
set -eu
PATH=$PATH:/usr/sbin:/sbin
for program in munged slurmctld slurmd sbatch; do
	command -v $program >/dev/null || { echo "${0##*/}: $program is missing" >&2; exit 77; }
done
[ $# -gt 0 ] || set -- "${SHELL:-/bin/sh}"
dir=$(mktemp -d /tmp/slurm-local.XXXXXX)
daemons=
finish()
{
	# What still runs would go on without the nodes.
	if [ -e "$dir/ready" ] && timeout 5 scancel --quiet --user="$(id -un)"; then
		i=0
		while [ -n "$(timeout 5 squeue -h)" ] && [ $((i += 1)) -le 100 ]; do
			sleep 0.1
		done
	fi
	for pid in $daemons; do
		kill "$pid" 2>/dev/null || continue
		i=0
		while kill -0 "$pid" 2>/dev/null && [ $((i += 1)) -le 50 ]; do
			sleep 0.1
		done
		kill -9 "$pid" 2>/dev/null || true
	done
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# daemon NAME COMMAND...: in the foreground, as a child.
daemon()
{
	log=$dir/$1.log
	shift
	"$@" >"$log" 2>&1 </dev/null &
	daemons="$! $daemons"
}

# within_20s NAME COMMAND...: until it succeeds; else what the daemons said.
within_20s()
{
	what=$1 i=0
	shift
	until "$@" >/dev/null 2>&1; do
		[ $((i += 1)) -le 100 ] || { echo "${0##*/}: no $what" >&2; tail -n 20 "$dir"/*.log >&2; exit 1; }
		sleep 0.2
	done
}

both_idle()
{
	[ "$(sinfo -h -N -t idle -o %N | sort -u | wc -l)" = 2 ]
}

chmod 711 "$dir" # munged insists
mkdir "$dir/state" "$dir/node1" "$dir/node2"
(umask 077; head -c 1024 /dev/urandom >"$dir/munge.key")
host=$(uname -n)
host=${host%%.*}
port=$((20000 + $$ % 4000 * 3)) # below the ports that the kernel gives out
cat >"$dir/slurm.conf" <<CONF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
NodeName=node[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1))-$((port + 2)) CPUs=2
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$dir/slurm.conf"

daemon munged munged -F --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
	--seed-file="$dir/munge.seed"
within_20s munged munge -n --socket="$dir/munge.socket"
daemon slurmctld slurmctld -D -c
daemon node1 slurmd -D -N node1
daemon node2 slurmd -D -N node2
within_20s "two nodes" both_idle
: >"$dir/ready"
"$@"
