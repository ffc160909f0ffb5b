#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warren bench --from: the table on the terminal, from results that are known.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../batch/lib.sh"

shown()
{
	"$WARREN" bench --from "$1" >out 2>err || fail "$1: exit status $?: $(cat err)"
	[ ! -s err ] || fail "$1: something on standard error"
	[ "$(LC_ALL=C.UTF-8 awk 'length > 100' out | wc -l)" = 0 ] || { fail "$1: lines too long:"; awk 'length > 100' out >&2; }
	! grep -q '[[:cntrl:]]' out || fail "$1: control characters"
}

line()
{
	grep -q -- "$1" out || { fail "no line '$1':"; cat out >&2; }
}

shown "$here/sample.json"
line '^in a foreign root$'
line '^in / with rules$'
line '^in a layer: what was deleted$'
line '^getdents-10 *4.10us *6.00 6.00-6.00 *6.20 6.20-6.20 *5.10 5.10-5.10 *1.60 1.60-1.60 *9.50 9.50-9.50$'
line '^Intel(R) Xeon(R) .*, 2 CPUs, 25.3 GB, Linux 6.18.44'
line '^ *1,000 *10 *3.10us *1.02 1.02-1.04 *2.97 kB *611$'
line '^  fuse-overlayfs: /dev/fuse cannot be opened'

# By hand: ratios are those of one round, not of medians.
cat >known.json <<'END'
{"format": "warren-bench-1", "calls": [
 {"call": "open", "setting": "root", "who": "native", "ns": [1000, 2000, 1000]},
 {"call": "open", "setting": "root", "who": "floor", "ns": [5000, 10000, null]},
 {"call": "open", "setting": "root", "who": "warren", "ns": [10000, 22000, 30000], "p50": 9000, "p90": 12345, "p99": 99960,
  "p999": 1234567, "supervisor_calls": 6.25},
 {"call": "open", "setting": "root", "who": "ptrace", "ns": [40000, 40000, 40000]}],
 "workloads": [
 {"name": "compile", "who": "native", "ns": [1000000, 2000000]}, {"name": "compile", "who": "warren", "ns": [1500000, 4000000]},
 {"name": "compile", "who": "proot", "ns": [null, null]}],
 "throughput": [{"sandboxes": 64, "threads": 1, "workers": 2, "who": "bare", "per_second": [200000]},
 {"sandboxes": 64, "threads": 1, "workers": 2, "who": "warren", "per_second": [190000]}],
 "left_out": [{"who": "proot\u001b[31m", "why": "it failed"}]}
END
shown known.json
line '^open  *1.00us 7.50us 22.0us 11.0 10.0-30.0 2.10 2.00-2.20 9.00us 12.3us  100us 1.23ms  *6.[23]$'
line '^  ptrace  *40.0us 40.0 20.0-40.0 6.00 4.00-8.00  *-  *-  *-  *-  *-$'
line '^compile  *1.50ms 1.75 1.50-2.00  *-$'
line '^ *64 *1 *2  warren  *190,000  *0.95$'
line '^  proot?\[31m: it failed$'

# Names as long as they like, and nothing at all.
name=$(printf '%300s' '' | tr ' ' n)
printf '{"format":"warren-bench-1","machine":{"cpu":"%s","kernel":"%s"},"calls":[{"call":"%s","setting":"%s","who":"warren","ns":[1e300,1]}],
"workloads":[{"name":"%s","setting":"%s","who":"%s","ns":[1]},{"name":"%s","setting":"%s","who":"native","ns":[1e-300]}],"left_out":[{"who":"%s","why":"%s"}],
"breakdown":[{"call":"%s","who":"%s","part":"%s","ns":1e300}],"throughput":[{"sandboxes":1e300,"who":"%s","per_second":[1e300]}]}' \
	"$name" "$name" "$name" "$name" "$name" "$name" "$name" "$name" "$name" "$name" "$name" "$name" "$name" "$name" "$name" >long.json
shown long.json
echo '{"format":"warren-bench-1"}' >nothing.json
shown nothing.json
done_testing
