#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warren bench --compare: what changed is found, what did not is not, and other machines are told.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../batch/lib.sh"

# compared STATUS ARGS...
compared()
{
	want=$1
	shift
	"$WARREN" bench --compare "$@" >out 2>err
	status=$?
	[ $status = "$want" ] && [ ! -s err ] || { fail "$*: exit status $status, not $want"; cat err >&2; }
}

line()
{
	grep -q -- "$1" out || { fail "no line '$1':"; cat out >&2; }
}

# results WARREN NATIVE CPUS: two calls of 7 rounds; warren's first one takes about WARREN, native's NATIVE
results()
{
	printf '{"format":"warren-bench-1","machine":{"cpu":"one","cpus":%s},"calls":[' "$3"
	rounds native open "$2"
	rounds warren open "$1"
	rounds native stat "$2"
	rounds warren stat 5000
	printf '{"call":"open","setting":"root","who":"proot","ns":[1,2,3]}],"throughput":['
	rate bare "$2"
	printf ','
	rate warren "$1"
	printf ']}'
}
rounds()
{
	printf '{"call":"%s","setting":"root","who":"%s","ns":[' "$2" "$1"
	for i in 1 2 3 4 5 6; do printf '%s,' $(($3 + i)); done
	printf '%s]},\n' $(($3 + 7))
}
rate()
{
	printf '{"sandboxes":64,"threads":1,"workers":2,"who":"%s","per_second":[' "$1"
	for i in 1 2 3 4 5 6; do printf '%s,' $((2000000 / $2 * 1000 + i)); done
	printf '%s]}\n' $((2000000 / $2 * 1000 + 7))
}

results 4000 1000 2 >old
results 5000 1000 2 >slow
results 3000 1000 2 >fast
results 8000 2000 4 >elsewhere

compared 0 old old --fail-over 0
line '^3 compared: 0 slower, 0 faster'
line '^open (root)  *4.00us  *4.00us  *1.00  *1.00  *1.0000$'
compared 0 old slow
line '^open (root)  *4.00us  *5.00us  *1.25  *1.00  *0.0009  slower$'
line '^stat (root)  *5.00us  *5.00us  *1.00  *1.00  *1.0000$'
line '^a call; sandboxes 64, threads 1, workers 2  *2.00us  *2.50us  *1.25  *1.00  *0.0009  slower$'
line '^3 compared: 2 slower, 0 faster'
line 'adjusted for 3 comparisons after Benjamini and Hochberg'
! grep -q proot out || fail "what is not warren's is compared"
compared 1 old slow --fail-over 20
compared 0 old slow --fail-over 30
compared 0 old fast --fail-over 0
line '^3 compared: 0 slower, 2 faster'

# On another machine times say nothing: there it is as slow as native is.
compared 0 old elsewhere --fail-over 0
line '^another number of CPUs: 2; now 4$'
line '^The machines differ'
line '^open (root)  *3.99  *3.99  *1.00  *2.00  '
line '^a call; .*  *4.00  *4.00  *1.00  *2.00  '
# a single round of each shows nothing, and this is said
sed 's/\[[0-9][^]]*,\([0-9]*\)\]/[\1]/' slow >one
sed 's/\[[0-9][^]]*,\([0-9]*\)\]/[\1]/' old >one-old
compared 0 one-old one --fail-over 0
line '^So few rounds cannot show anything'
# idle sandboxes: idle CALL STARTS
idle()
{
	printf '{"format":"warren-bench-1","machine":{"cpus":%s},"idle":[{"sandboxes":1000,"few":10,' "$3"
	series ns "$1"
	series ns_few 3000
	series memory 2966
	series starts_per_second "$2"
	printf '"none":0}]}\n'
}
series()
{
	printf '"%s":[' "$1"
	for i in 1 2 3 4 5 6; do printf '%s,' $(($2 + i)); done
	printf '%s],' $(($2 + 7))
}
idle 3000 600 2 >old-idle
idle 3600 300 2 >slow-idle
idle 3600 300 4 >elsewhere
compared 1 old-idle slow-idle --fail-over 15
line '^a call beside 1,000 idle sandboxes  *3.00us  *3.60us  *1.20  *1.00  *0.0009  slower$'
line '^start of one of 1,000 idle sandboxes  *1.66ms  *3.29ms  *1.99  *-  *0.0009  slower$'
line '^memory for each of 1,000 idle sandboxes  *2.97 kB  *2.97 kB  *1.00  *-  *1.0000$'
line '^3 compared: 2 slower, 0 faster'
# there, only what has a measure in its own run can be
compared 0 old-idle elsewhere
line '^a call beside 1,000 idle sandboxes  *1.00  *1.20  *1.20  *1.00  '
line '^1 compared: '
line '^4 figures are in one of the files alone, or failed in one'
# what only one of them has
sed 's/"stat"/"statx"/' slow >other
compared 0 old other
line '^2 figures are in one of the files alone'
done_testing
