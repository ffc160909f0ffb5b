#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --layer-size and --layer-files: beyond them the program gets EDQUOT, and what goes on writing is ended; a full file
# system gives ENOSPC. The directory is as before.
. "$(dirname "$0")/lib.sh"

mkdir bin
dd if=/dev/zero of=d/large bs=1M count=3 2>/dev/null
tree d >before
same()
{
	tree d | cmp -s before - || fail "$1: the directory has changed"
}

expect 2 "files" c --layer l --layer-files 10 -- sh -c 'n=0; while [ $n -lt 50 ]; do : >n$n || exit 1; n=$((n+1)); done'
grep -q "Disk quota exceeded" err || { fail "files: the program is told:"; cat err >&2; }
same files
warren diff l
[ "$(wc -l <out)" = 10 ] || fail "$(wc -l <out) files were made"
expect 0 "room is made" c --layer l --layer-files 10 -- sh -c 'rm n1 n2 && : >new && mkdir dir'
expect 2 "an earlier layer counts" c --layer l --layer-files 5 -- sh -c ': >newer'
expect 0 "whiteouts are free" c --layer l --layer-files 5 -- rm f
expect 1 "copies count" c --layer l --layer-files 5 -- chmod 600 hard
warren discard l

# 100 KiB at a time: not one more than fits
fill='n=0; while [ $n -lt 40 ]; do dd if=/dev/zero of=n$n bs=100K count=1 2>/dev/null || exit 1; n=$((n+1)); done'
expect 1 "bytes" c --layer l --layer-size 1M -- sh -c "$fill"
n=$(find l/upper -name 'n*' | wc -l)
[ "$n" -ge 10 ] && [ "$n" -le 12 ] || fail "bytes: $n files of 100 KiB fit into 1 MiB"
expect 2 "no room for a copy" c --layer l --layer-size 2M -- sh -c 'echo x >>large'
grep -q "Disk quota exceeded" err || { fail "a copy: the program is told:"; cat err >&2; }
expect 0 "what is truncated needs no room" c --layer l --layer-size 2M -- sh -c 'echo x >large'
expect 0 "removing makes room" c --layer l --layer-size 2M -- sh -c 'rm n* && dd if=/dev/zero of=n bs=100K count=9 2>/dev/null && : >more'
same bytes
warren discard l

# through descriptors that are open: ended, by what is in the directory and by what is in none
expect 137 "a stream" c --layer l --layer-size 1M -- dd if=/dev/zero of=stream bs=1M count=300
grep -q "over its limit: layer-size" err || { fail "a stream: the reason told:"; cat err >&2; }
same "a stream"
warren discard l
expect 137 "a stream without a name" c --layer l --layer-size 1M -- sh -c 'exec 3>gone; rm gone; exec dd if=/dev/zero bs=1M count=300 >&3'
[ "$(du -sk l/upper | cut -f1)" -lt 100 ] || fail "something is left of what has no name"
same "a stream without a name"
warren discard l
expect 0 "enough" c --layer-size 50M --layer-files 100 -- sh -c 'echo x >>large; : >n'
expect 2 "no size" c --layer-size lots -- true
expect 2 "no layer" warren run -r / --layer-size 1M -- true

# each job has its own
seq 4 | sed 's/.*/dd if=\/dev\/zero of=a bs=400K count=2 \&\& echo fits; test & != 4 || dd if=\/dev\/zero of=b bs=400K count=2 \&\& dd if=\/dev\/zero of=c bs=1 count=1/' >jobs
timeout 60 "$WARREN" batch -j2 -r / --cow "$base/d" --cwd "$base/d" --layer-size 1M --results r jobs >out 2>err
[ "$(grep -c '"outcome":"passed"' r)" = 3 ] || { fail "jobs:"; cat r >&2; }
same jobs

# a full file system
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	expect 2 "full" timeout 60 unshare -m sh -c 'mount -t tmpfs -o size=2m none "$0/bin" 2>/dev/null || exit 1
		"$WARREN" run -r / --cow "$0/d" --cwd "$0/d" --layer "$0/bin/l" -- sh -c "echo x >>large" >"$0/out" 2>"$0/err"' "$base"
	grep -q "No space left on device" err || { fail "a full file system: the program is told:"; cat err >&2; }
	same "a full file system"
fi
done_testing
