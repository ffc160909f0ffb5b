#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Several --cow DIR in one run: one layer each, in one directory; diff, commit, discard, --dry-run and --on-exit act
# on all. Mounts and read-only parts inside stay what they are.
. "$(dirname "$0")/lib.sh"

TMPDIR=$base/tmp
export TMPDIR
mkdir tmp e e/in bound ro && echo e >e/f && echo in >e/in/g && echo bound >bound/f && echo ro >ro/f
tree d >d.before
tree e >e.before

# s OPTIONS... -- SCRIPT: over d and e.
s()
{
	timeout -k 5 60 "$WARREN" run -r / --cow "$base/d" --cow "$base/e/." --cwd "$base" "$@" >out 2>err </dev/null
}
same()
{
	tree d | cmp -s d.before - || fail "$1: d has changed"
	tree e | cmp -s e.before - || fail "$1: e has changed"
}

expect 0 "writing" s --layer l -- sh -c 'echo 1 >d/f; echo 2 >e/f; mkdir e/n && cp d/f e/n/; rm d/sub/g; ls d/sub'
same "writing"
[ "$(cat out)" = deep ] || fail "the deleted name is listed: $(cat out)"
expect 0 "the other way round, one only" s --layer l -- sh -c 'cat e/n/f e/f d/f'
[ "$(tr '\n' ' ' <out)" = "1 2 1 " ] || fail "the second run sees $(cat out)"
expect 0 "diff" warren diff l
sort out >sorted
printf '%s\n' "A $base/e/n" "A $base/e/n/f" "D $base/d/sub/g" "M $base/d/f" "M $base/e/f" | sort | cmp -s - sorted ||
	{ fail "diff:"; cat sorted >&2; }
expect 0 "diff --json" warren diff --json l
grep -q "\"path\":\"$base/e/n/f\"" out || { fail "json:"; cat out >&2; }
expect 0 "one of them" warren run -r / --cow "$base/e" --layer l -- cat "$base/e/n/f"
[ "$(cat out)" = 1 ] || fail "a run over one part sees $(cat out)"
expect 2 "a plain layer for two" sh -c "\"\$WARREN\" run -r / --cow d --layer plain -- true && exec \"\$WARREN\" run -r / --cow d --cow e --layer plain -- true 2>err"

# a conflict in one part: nothing is done in any
echo outside >e/f
tree e >e.before
expect 1 "a conflict" warren commit l
grep -q "conflict: $base/e/f" err || { fail "the conflict is not named:"; cat err >&2; }
same "a conflict"
expect 1 "merge" warren commit --merge l
[ "$(cat d/f)" = 1 ] && [ "$(cat e/f)" = outside ] && [ "$(cat e/n/f)" = 1 ] && [ ! -e d/sub/g ] || fail "--merge"
expect 0 "diff of what is left" warren diff l
[ "$(cat out)" = "M $base/e/f" ] || { fail "left after --merge:"; cat out >&2; }
echo "2" >e/f
expect 0 "discard" warren discard l
[ ! -e l ] || fail "the set is still there: $(ls l)"

# a commit that was killed between two parts goes on with the rest
expect 0 "once more" s --layer l -- sh -c 'echo 3 >d/f; echo 3 >e/f'
expect 0 "a part" warren commit l/part-0
[ "$(cat d/f)" = 3 ] && [ "$(cat e/f)" = 2 ] || fail "a part alone: $(cat d/f e/f)"
expect 0 "the rest" warren commit l
[ "$(cat e/f)" = 3 ] && [ ! -e l ] || fail "the rest was not committed"

tree d >d.before
tree e >e.before
expect 0 "dry run" s --dry-run -- sh -c 'echo x >d/f; echo x >e/f'
[ "$(wc -l <out)" = 2 ] || { fail "dry run says:"; cat out >&2; }
same "dry run"
expect 3 "commit on success, failing" s --on-exit commit-on-success -- sh -c 'echo x >d/f; exit 3'
same "a failed program"
warren discard tmp/warren-*
expect 0 "commit" s --on-exit commit -- sh -c 'echo x >d/f; echo y >e/f'
[ "$(cat d/f)" = x ] && [ "$(cat e/f)" = y ] || fail "--on-exit commit"
[ -z "$(ls tmp)" ] || fail "left: $(ls tmp)"

# what is mounted inside is no part of the layer; what is read-only stays so
tree bound >bound.before
expect 0 "inside" s --mount "$base/bound:$base/d/m" --mount "$base/ro:$base/d/sub/deep:ro" --mount "$base/ro:$base/d/dir/of/none:ro" -w "$base/bound" -r "$base/e/in" -- sh -c '
	cat d/m/f d/sub/deep/f; ls -d d/*
	touch e/in/n 2>/dev/null && echo "written: e/in"
	touch d/sub/deep/n 2>/dev/null && echo "written: ro"
	rm -r d/sub 2>/dev/null; mv d/sub d/bus 2>/dev/null; cat d/sub/deep/f
	echo new >d/m/new; echo x >d/x'
[ "$(tr '\n' ' ' <out)" = "bound ro d/dir d/f d/hard d/link d/m d/sub ro " ] || { fail "inside:"; cat out >&2; }
[ "$(cat bound/new)" = new ] && [ ! -e d/m ] && [ ! -e d/x ] || fail "a mount inside a layer is not the host's"
expect 2 "one twice" s --cow "$base/d" -- true
expect 125 "one in the other" s --cow "$base/d/sub" -- true
expect 125 "the layer in another" s --layer d/l -- true
rm -rf d/l
expect 2 "not a layer" s --layer bound -- true
expect 125 "not a layer" c --layer e -- true
[ -e e/in/g ] && [ ! -e e/lock ] || fail "what is no layer was made one"
done_testing
