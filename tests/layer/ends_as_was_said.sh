#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --on-exit, --dry-run, commit: the layer is kept, thrown away, or applied as was said, and nothing is overwritten.
. "$(dirname "$0")/lib.sh"

TMPDIR=$base/tmp
export TMPDIR
mkdir tmp
tree d >before
expect 0 "default without --layer" c -- /bin/sh -c 'echo x >f'
tree d | cmp -s before - || fail "the default changed the directory"
expect 0 "dry run" c --dry-run -- /bin/sh -c 'echo x >f; touch n'
[ "$(sort out | tr '\n' ' ')" = "A n M f " ] || { fail "dry run says:"; cat out >&2; }
tree d | cmp -s before - || fail "the dry run changed the directory"
expect 3 "commit on success, failing" c --on-exit commit-on-success --layer l -- /bin/sh -c 'echo x >f; exit 3'
tree d | cmp -s before - || fail "a failed program was committed"
[ -d l/upper ] || fail "the layer of a failed program is gone"
warren discard l
[ -z "$(ls tmp)" ] || fail "temporary layers are left: $(ls tmp)"

expect 0 "commit" c --on-exit commit-on-success -- /bin/sh -c 'echo x >f; rm -r sub; mkdir -p sub/new; mv link moved; chmod 750 .'
[ "$(cat d/f)" = x ] && [ -d d/sub/new ] && [ ! -e d/sub/g ] && [ -L d/moved ] && [ ! -L d/link ] || { fail "committed:"; tree d >&2; }
[ "$(cat d/hard)" = one ] || fail "the other link was written to"
[ -z "$(ls tmp)" ] || fail "a committed layer is left"

expect 0 "another" c --layer l -- /bin/sh -c 'echo inside >f; echo fine >fine'
echo outside >d/f
expect 1 "a changed directory" warren commit l
grep -q 'conflict: f' err || { fail "the conflict is not named:"; cat err >&2; }
[ "$(cat d/f)" = outside ] && [ ! -e d/fine ] && [ -d l ] || fail "a commit with a conflict did something"
expect 1 "merge" warren commit --merge l
[ "$(cat d/f)" = outside ] && [ "$(cat d/fine)" = fine ] || fail "--merge did not apply what does not conflict"
expect 0 "a busy layer" c --layer l2 -- true
done_testing
