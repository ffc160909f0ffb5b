#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A build with make in a layer gives what it gives outside, and the diff names what it made.
. "$(dirname "$0")/lib.sh"

command -v make >/dev/null && command -v gcc >/dev/null || { echo "no make or gcc" >&2; exit 77; }
mkdir src
cat >src/Makefile <<'END'
OBJS = a.o b.o c.o
prog: $(OBJS)
	gcc -o $@ $(OBJS)
%.o: %.c all.h
	gcc -c -o $@ $<
check: prog
	./prog >result && test "$$(cat result)" = 6
clean:
	rm -f *.o prog result
END
echo 'int a(void); int b(void); int c(void);' >src/all.h
echo '#include "all.h"
int a(void) { return 1; }' >src/a.c
echo '#include "all.h"
int b(void) { return 2; }' >src/b.c
printf '#include "all.h"\n#include <stdio.h>\nint c(void) { return 3; }\nint main(void) { printf("%%d\\n", a() + b() + c()); return 0; }\n' >src/c.c
cp -a src native
(cd native && make -s check) || fail "the control does not build"
rm -rf d && cp -a src d
tree d >before
c --layer l --env TMPDIR="$base/d" -- make -s -j2 check || { fail "the build fails:"; cat out err >&2; }
tree d | cmp -s before - || fail "the build changed the sources' directory"
warren diff l
[ "$(sort out | tr '\n' ' ')" = "A a.o A b.o A c.o A prog A result " ] || { fail "diff:"; cat out >&2; }
for f in a.o b.o c.o result; do
	cmp -s native/$f l/upper/$f || fail "$f differs"
done
expect 0 "nothing to do" c --layer l -- make -q prog
expect 0 "commit" warren commit l
for f in a.o b.o c.o result; do
	cmp -s native/$f d/$f || fail "committed $f differs"
done
./d/prog | grep -qx 6 || fail "the committed program does not run"
done_testing
