#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --lower: a prepared layer, and one over that, lie read-only below any number of others at once.
. "$(dirname "$0")/lib.sh"

mkdir bin
cp /bin/true bin/
tree d >before
expect 0 "preparing" c --layer deps -- sh -c "cp $base/bin/true tool; echo dep >dep; rm sub/g; mkdir lib; echo v1 >lib/v; echo deps >f"
tree deps/upper >deps.before
expect 0 "below" c --layer one --lower deps -- sh -c './tool && cat dep f lib/v; ls sub; echo own >f; rm dep; echo v2 >lib/v; touch lib/new'
[ "$(tr '\n' ' ' <out)" = "dep deps v1 deep " ] || { fail "over a prepared layer one sees:"; cat out err >&2; }
tree deps/upper | cmp -s deps.before - || fail "the lower layer has changed"
tree d | cmp -s before - || fail "the directory has changed"
expect 0 "diff" warren diff one
[ "$(sort out | tr '\n' ' ')" = "A lib/new D dep M f M lib/v " ] || { fail "diff:"; cat out >&2; }
# a layer over a layer brings that with it
expect 0 "two below" c --layer two --lower one -- sh -c 'cat f lib/v; ls; ls lib sub; ./tool; mv tool moved; ln moved again; chmod 700 lib; cat lib/v'
tr -s '\n' ' ' <out >line
[ "$(cat line)" = "own v2 f hard lib link sub tool lib: new v sub: deep v2 " ] || { fail "over two:"; cat out err >&2; }
expect 0 "again" c --layer two --lower one --lower deps -- sh -c './moved && ./again && test ! -e tool'
expect 125 "over others than before" c --layer two --lower deps -- true
expect 1 "commit" warren commit two
grep -q "lies over other layers" err || { fail "commit says:"; cat err >&2; }
tree d | cmp -s before - || fail "a refused commit did something"
expect 2 "commit at the end" c --lower one --on-exit commit -- true
expect 2 "--lower without --cow" warren run -r / --lower one -- true
expect 2 "no such layer" c --lower nowhere -- true

# many at once, each with its own upper; while they run nobody writes or removes the prepared one
for i in $(seq 1 40); do echo "cat dep f >got; echo $i >own; rm dep; : >>$base/mark/$i; sleep 1; cat got own"; done >jobs
mkdir mark
timeout 100 "$WARREN" batch -j20 -q --ordered -r / -w "$base/mark" --cow "$base/d" --lower deps --cwd "$base/d" jobs >out 2>err </dev/null &
pid=$!
for i in $(seq 200); do
	[ "$(ls mark | wc -l)" -lt 5 ] || break
	sleep 0.05
done
expect 1 "discard of what is in use" warren discard deps
expect 125 "writing to what is in use" sh -c '"$WARREN" run -r / --cow d --layer deps -- true 2>err'
wait $pid || fail "batch: $(head -n 3 err)"
tree deps/upper | cmp -s deps.before - || fail "the lower layer has changed"
expect 0 "and then it can be" c --layer deps -- true

# applied with what it lies over, which stays
tree deps/upper >deps.before
c --layer one --lower deps -- sh -c "find . -printf '%p %y %m %l\\n' | sort; find . -type f -exec md5sum {} + | sort" && cp out shown
expect 0 "diff with the lower layers" warren diff --with-lowers one
[ "$(sort out | tr '\n' ' ')" = "A lib A lib/new A lib/v A tool D sub/g M f " ] || { fail "diff --with-lowers:"; cat out >&2; }
expect 0 "commit with the lower layers" warren commit --with-lowers one
tree d | cmp -s shown - || { fail "committed is not what was shown:"; tree d | diff shown - >&2; }
[ ! -e one ] || fail "the committed layer is left"
tree deps/upper | cmp -s deps.before - || fail "a commit has changed the lower layer"
# f was changed since the prepared layer hid it, and lib was not there
expect 0 "another over the same" c --layer three --lower deps -- sh -c 'rm dep; mkdir -p new/deep'
tree d >before
expect 1 "what the lower layer hides has changed" warren commit --with-lowers three
[ "$(sed -n 's/.*conflict: //p' err | sort | tr '\n' ' ')" = "f lib/new lib/v " ] || { fail "the conflict:"; cat err >&2; }
tree d | cmp -s before - || fail "a commit with a conflict did something"
expect 1 "the rest" warren commit --with-lowers --merge three
[ "$(cat d/f d/lib/v | tr '\n' ' ')" = "own v2 " ] && [ -d d/new/deep ] && [ ! -e d/dep ] || { fail "merged:"; tree d >&2; }
done_testing
