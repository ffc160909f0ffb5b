#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ./configure && make -j2 && make check of a Debian source package (popt: autoconf, automake, libtool, gettext) in --cow . gives what it gives outside, file by
# file; the diff has exactly the files that find -cnewer and git status see; git is content in the layer, and outside after
# the commit. SOURCES: where the tarball is kept.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

package=popt
for program in make gcc git tar; do
	command -v $program >/dev/null || { echo "no $program" >&2; exit 77; }
done
sources=${SOURCES:-$base/sources}
# tarball DIR: the package's, not its signature
tarball()
{
	find "$1" -name "${package}_*.orig.tar.*" ! -name '*.asc' 2>/dev/null
}
if [ -z "$(tarball "$sources")" ]; then
	mkdir -p "$sources" 2>/dev/null && [ -w "$sources" ] || { sources=$base/sources && mkdir -p "$sources"; }
	(cd "$here/../roots" && ./mk-sources "$sources" $package) >out 2>&1 ||
		{ echo "$package cannot be had: $(tail -n 1 out)" >&2; exit 77; }
fi

# ---- the tree, under git, older than the stamp ----
HOME=$base GIT_CONFIG_NOSYSTEM=1 TMPDIR=$base/tmp
export HOME GIT_CONFIG_NOSYSTEM TMPDIR
rm -rf d && mkdir d tmp
tar -C d --strip-components=1 --no-same-owner -xf "$(tarball "$sources")" || { fail "the tarball"; done_testing; }
git config --global user.name builder && git config --global user.email builder@localhost && git config --global gc.auto 0
(cd d && echo '*.o' >.gitignore && git init -q . && git add -A && git commit -qm pristine) || fail "git"
cp -a d pristine

cat >build <<'END'
./configure --quiet && make -s -j2 && make -s check && tests/test1 --arg1
END
# At the same path, as debugging information has it. Where root builds, configure refuses nothing of this package.
(cd d && sh ../build) >native.out 2>native.err </dev/null || { fail "the build outside fails:"; tail -n 5 native.err >&2; done_testing; }
mv d native && cp -a pristine d
sleep 0.1 && touch stamp && sleep 0.1
tree d >before

# in_layer COMMAND...
in_layer()
{
	(cd d && timeout -k 5 600 "$WARREN" run -r / -w "$base/tmp" --cow . --layer "$base/l" -- "$@") >out 2>err </dev/null
}

expect 0 "the build" in_layer sh "$base/build"
says=$(tail -n 1 native.out)
[ -n "$says" ] && [ "$(tail -n 1 out)" = "$says" ] || fail "what was built says: $(tail -n 1 out), not $says"
tree d | cmp -s before - || fail "the build changed the sources' directory"

# ---- the diff, next to what find and git see in the layer ----
in_layer find . -path ./.git -prune -o ! -type d -cnewer "$base/stamp" -printf '%P\n' || fail "find: $(cat err)"
sort out >by_find
in_layer git -c core.quotePath=off status --porcelain --ignored -uall || fail "git status: $(cat err)"
sed 's/^...//' out | sort >by_git
warren diff -0 l || fail "diff: $(cat err)"
tr '\0' '\n' <out | sed 's/^[^ ]* //' | grep -v '^\.git/' | sort >by_diff_all
while read -r path; do
	[ -d "l/upper/$path" ] && [ ! -L "l/upper/$path" ] || echo "$path"
done <by_diff_all >by_diff
[ "$(wc -l <by_diff)" -gt 20 ] || fail "the diff is short: $(cat by_diff)"
cmp -s by_git by_diff || { fail "git status and the diff differ:"; diff by_git by_diff >&2; }
# what was written with what it had is new to find, and no change
comm -23 by_find by_diff >equal
comm -13 by_find by_diff >unseen
[ ! -s unseen ] || fail "in the diff, and older than the build: $(cat unseen)"
while read -r path; do
	cmp -s "pristine/$path" "l/upper/$path" || fail "find sees $path, the diff does not"
done <equal

# ---- git in the layer, and the commit ----
expect 0 "git in the layer" in_layer sh -c 'git add -A && git commit -qm built && test -z "$(git status --porcelain)"'
expect 0 "commit" warren commit l
[ ! -e l ] || fail "the layer is left"
[ -z "$(cd d && git status --porcelain)" ] || fail "git status after the commit: $(cd d && git status --porcelain | head -n 5)"
(cd d && git fsck --full) >out 2>&1 || fail "git fsck: $(cat out)"
[ "$(cd d && git log --format=%s)" = "built
pristine" ] || fail "git log: $(cd d && git log --format=%s)"

# The same files with the same contents as outside; config.log and what came from it tell times and process numbers.
for t in native d; do
	(cd $t && find . -path ./.git -prune -o ! -type d -printf '%P %m %l\n' | sort) >names.$t
done
cmp -s names.native names.d || { fail "other files than outside:"; diff names.native names.d >&2; }
compared=0
while read -r path mode _; do
	case $path in *config.log) continue ;; esac
	[ -L "native/$path" ] || cmp -s "native/$path" "d/$path" || fail "$path ($mode) differs from the one built outside"
	compared=$((compared + 1))
done <names.native
[ $compared -gt 100 ] || fail "only $compared files were compared"
[ "$(d/tests/test1 --arg1)" = "$says" ] || fail "the committed program does not run"
echo "$(wc -l <by_diff) files in the diff and for git, $(wc -l <by_find) for find, $(wc -l <equal) of them as before; $compared compared"
done_testing
