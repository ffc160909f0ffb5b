#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is written goes to the layer; the next sandbox over the same layer sees it, the directory is as before.
. "$(dirname "$0")/lib.sh"

tree d >before
expect 0 "writing" c --layer l -- /bin/sh -c 'echo changed >f; echo new >n; rm sub/g; mkdir x && mv n x/; chmod 600 sub/deep/h
	rm -r sub/deep && mkdir sub/deep && ls -A sub/deep; ln -s x y; cat hard'
[ "$(cat out)" = one ] || fail "the other link of a written file changed, or an old entry shone through: $(cat out)"
tree d | cmp -s before - || { fail "the directory has changed:"; tree d | diff before - >&2; }
expect 0 "reading" c --layer l -- /bin/sh -c 'cat f x/n y/n; ls sub; ls sub/deep'
printf 'changed\nnew\nnew\ndeep\n' | cmp -s - out || { fail "the second sandbox sees:"; cat out >&2; }
expect 0 "diff" warren diff l
printf '%s\n' 'A x' 'A x/n' 'A y' 'D sub/deep/h' 'D sub/g' 'M f' >want
sort out | cmp -s - want || { fail "diff:"; cat out >&2; }
expect 0 "diff --json" warren diff --json l
[ "$(grep -c '^{"change":"[a-z]*","path":"[^"]*","what":\[.*\]}$' out)" = 6 ] || { fail "json:"; cat out >&2; }
warren diff -0 l
[ "$(tr -dc '\0' <out | wc -c)" = 6 ] || fail "not six NUL bytes"
expect 0 "discard" warren discard l
[ ! -e l ] || fail "the layer is still there"
tree d | cmp -s before - || fail "discard changed the directory"
expect 2 "diff of no layer" warren diff d
expect 2 "no layer at all" warren diff nowhere
expect 125 "one --cow in another" c --cow "$base" -- true
expect 2 "--layer alone" warren run -r / --layer l -- true
expect 125 "the layer in what it covers" c --layer d/l -- true
[ ! -e d/l/upper ] || rm -r d/l
done_testing
