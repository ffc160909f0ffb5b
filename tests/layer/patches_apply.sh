#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warren diff --patch: applied to a copy of the directory it gives what commit gives.
. "$(dirname "$0")/lib.sh"

command -v git >/dev/null || { echo "no git" >&2; exit 77; }
seq 1 100 >d/lines && : >d/empty && printf 'no newline' >d/short && mkdir -p d/gone/deeper && echo x >d/gone/x && echo y >d/gone/deeper/y
ln -s sub d/tolink && rm d/hard
cp -a d copy
expect 0 "changing" c --layer l -- sh -c 'sed -i "s/^50$/fifty/; 3d" lines; echo now >empty; printf "nothing either" >short
	rm -r gone; rm sub/g && mkdir sub/g && echo in >sub/g/in; rm link && ln -s sub/deep/h link; rm tolink && echo file >tolink
	chmod 755 f; mkdir new && seq 5 >"new/a \"b\" \\c" && printf "\001\303\244\n" >"new/$(printf "\303\244\t\001")"; : >new/nothing; ln -s new also'
expect 0 "patch" warren diff --patch l
cp out patch
(cd copy && git init -q . && git apply --whitespace=nowarn ../patch) || { fail "git does not apply it:"; cat patch >&2; }
rm -rf copy/.git
expect 0 "commit" warren commit l
find d copy -type d -empty -delete # git has no empty directories
find copy d -type d -exec chmod 755 {} +
tree d >want
tree copy | diff want - >&2 || fail "the patch gives another tree"
grep -q '^deleted file mode 100644' patch && grep -q '^new mode 100755' patch && grep -q '^new file mode 120000' patch || fail "modes"

# what is no text is named
expect 0 "binary" c --layer l -- sh -c 'head -c 100 /dev/zero >f'
expect 0 "patch of it" warren diff -p l
grep -qx "Binary files a/f and b/f differ" out || { fail "binary:"; cat out >&2; }
# of a set the names are whole paths
mkdir e && echo e >e/f
expect 0 "two" timeout 60 "$WARREN" run -r / --cow "$base/d" --cow "$base/e" --layer two -- sh -c "echo 2 >$base/e/f"
expect 0 "patch of a set" warren diff -p two
grep -qx "+++ b$base/e/f" out || { fail "of a set:"; cat out >&2; }
done_testing
