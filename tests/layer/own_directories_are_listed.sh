#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Directories that only the layer has: long ones, while they are emptied, below each other, over a deleted one of the lower,
# with a mount point in them; the numbers are those of stat.
. "$(dirname "$0")/lib.sh"

tree d >before
cat >many <<'END'
mkdir new new/deep && cd new && seq -f n%g 3000 | xargs touch || exit 1
test "$(ls -f | sort | uniq | wc -l)" = 3003 || { echo "not all are listed"; exit 1; }
test "$(ls -f | wc -l)" = 3003 || { echo "some are listed twice"; exit 1; }
ls -fi | while read -r ino name; do echo "$(stat -c %i "$name") $ino $name"; done | awk '$1 != $2 { print; bad = 1 } END { exit bad }' || exit 1
touch deep/x && test "$(ls deep)" = x || { echo "below it"; exit 1; }
cd .. && find new -mindepth 1 -delete && test "$(ls -A new | wc -l)" = 0 && rmdir new || { echo "it is not empty"; exit 1; }
END
expect 0 "a long one" c --layer l -- sh "$base/many"
[ ! -s out ] || fail "a long one: $(cat out)"
[ -z "$(ls -A l/upper)" ] || fail "left in the layer: $(ls -A l/upper)"

expect 0 "in place of a lower one" c --layer l -- sh -c 'rm -r sub && mkdir sub && touch sub/mine && ls -A sub && rm sub/mine && ls -A sub'
[ "$(cat out)" = mine ] || fail "in place of a lower one: $(cat out)"
expect 0 "moved" c --layer l -- sh -c 'mkdir a && touch a/x a/y && mv a sub/b && ls -A sub/b && ls -A sub'
[ "$(tr '\n' ' ' <out)" = "x y b " ] || fail "moved: $(cat out)"

mkdir host && touch host/inside
expect 0 "with a mount point" c --layer l --mount "$base/host:$base/d/sub/point" -- sh -c 'ls -A sub && ls -A sub/point'
[ "$(tr '\n' ' ' <out)" = "b point inside " ] || fail "with a mount point: $(cat out)"
tree d | cmp -s before - || fail "the covered directory was changed"
done_testing
