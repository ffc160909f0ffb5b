#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Directories that a program closed to everybody, its own user among them: the layer can be used again, told, collected,
# committed and discarded, and they stay closed.
. "$(dirname "$0")/lib.sh"

mode()
{
	chmod u+rwx "$(dirname "$1")" 2>/dev/null
	stat -c %a "$1"
}

close='mkdir -p a/b/c && echo x >a/b/c/f && echo new >sub/deep/n && chmod 600 sub/deep/h && chmod 0 a/b/c a/b a sub/deep'
expect 0 "closing" c --layer l -- sh -c "$close"
expect 0 "diff" warren diff l
[ "$(sort out | tr '\n' ' ')" = "A a A a/b A a/b/c A a/b/c/f A sub/deep/n M sub/deep (mode) M sub/deep/h (mode) " ] || { fail "diff:"; cat out err >&2; }
[ "$(stat -c %a l/upper/a l/upper/sub/deep | tr '\n' ' ')" = "0 0 " ] || fail "diff has left directories open"
expect 0 "again" c --layer l -- sh -c 'stat -c %a a sub/deep'
[ "$(tr '\n' ' ' <out)" = "0 0 " ] || { fail "what is seen again:"; cat out err >&2; }
expect 0 "layers" warren layers .
grep -q kept out || { fail "layers says:"; cat out err >&2; }
expect 0 "over it" c --layer over --lower l -- sh -c 'stat -c %a a sub/deep; echo more >more'
[ "$(tr '\n' ' ' <out)" = "0 0 " ] || { fail "over it one sees:"; cat out err >&2; }
expect 0 "commit" warren commit l
[ "$(mode d/a) $(mode d/a/b) $(mode d/a/b/c) $(mode d/sub/deep)" = "0 0 0 0" ] || fail "modes: $(mode d/a) $(mode d/a/b) $(mode d/sub/deep)"
chmod u+rwx d/a d/a/b d/a/b/c d/sub/deep
[ "$(cat d/a/b/c/f d/sub/deep/n | tr '\n' ' ')" = "x new " ] && [ "$(mode d/sub/deep/h)" = 600 ] || { fail "committed:"; tree d >&2; }
[ ! -e l ] || fail "the committed layer is left"
# what was made anew stays so, closed or not
expect 0 "made anew" c --layer l -- sh -c 'rm -r sub && mkdir sub && chmod 0 sub'
expect 0 "diff of what was made anew" warren diff l
[ "$(sort out | tr '\n' ' ')" = "D sub/deep D sub/g M sub (mode) " ] || { fail "diff of what was made anew:"; cat out err >&2; }
expect 0 "opened" c --layer l -- sh -c 'chmod 700 sub && ls sub'
[ ! -s out ] || { fail "what was deleted is there again:"; cat out >&2; }
warren discard l
expect 0 "closing again" c --layer l -- sh -c 'mkdir -p p/q && echo y >p/q/f && chmod 0 p/q p'
expect 0 "discard" warren discard l
[ ! -e l ] || fail "the discarded layer is left"
echo 'mkdir -p o/p && echo x >o/p/f && chmod 0 o/p o' >jobs
timeout 60 "$WARREN" batch -q -r / --cow "$base/d" --cwd "$base/d" --collect got jobs >out 2>err </dev/null || fail "batch: $(head -n 3 err)"
[ "$(cat got/*/o/p/f 2>/dev/null)" = x ] || { fail "collected:"; find got >&2; }
# the same options by a profile
mkdir low && echo more >low/more
echo "{\"read\": [\"/\"], \"cow\": [\"$base/d\"], \"lower\": [\"$base/low\"], \"layer_files\": \"2\", \"layer_size\": \"1M\"}" >profile
expect 2 "a profile" warren run --profile profile --cwd "$base/d" -- sh -c 'cat more; : >1; : >2; : >3'
grep -q more out && grep -q 'exceeded' err || { fail "with a profile:"; cat out err >&2; }
done_testing
