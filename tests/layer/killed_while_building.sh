#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The supervisor is killed at random points of a build in a layer: the directory is as before, the layer can be read and
# used again, and in the end committed.
. "$(dirname "$0")/lib.sh"

command -v make >/dev/null || { echo "no make" >&2; exit 77; }
mkdir d/parts && for i in $(seq 20); do echo "part $i" >d/parts/$i.in; done
# clean takes up what a build that was killed has left
cat >d/Makefile <<'END'
IN = $(wildcard parts/*.in)
OUT = $(patsubst parts/%.in,out/%.o,$(IN))
all: whole
out/%.o: parts/%.in
	mkdir -p out tmp && tr a-z A-Z <$< >tmp/$*.tmp && echo "of $<" >>tmp/$*.tmp && mv tmp/$*.tmp $@ && chmod 640 $@ && touch parts/$*.in
whole: $(OUT)
	cat $(sort $(OUT)) >$@.new && mv $@.new $@ && ln -f $@ linked && rm -rf tmp && rm -f parts/1.in.old && mv parts/1.in parts/1.in.old && cp parts/1.in.old parts/1.tmp && mv parts/1.tmp parts/1.in
clean:
	rm -rf out tmp whole linked parts/1.tmp
	[ -e parts/1.in ] || mv parts/1.in.old parts/1.in
END
cp -a d native && (cd native && make -s) || fail "the control does not build"
tree d >before
for round in 1 2 3 4 5 6; do
	"$WARREN" run -r / --cow "$base/d" --cwd "$base/d" --layer l -- sh -c 'echo started; make -s clean; exec make -s -j2' >started 2>/dev/null </dev/null &
	pid=$!
	for i in $(seq 100); do
		[ -s started ] && break
		sleep 0.05
	done
	sleep "0.$(awk -v r=$round 'BEGIN { srand(); srand(srand() + r * 7919); printf "%03d", int(rand() * 400) }')"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	tree d | cmp -s before - || { fail "round $round: the directory has changed:"; tree d | diff before - >&2; }
	expect 0 "diff after round $round" warren diff l
	expect 0 "use after round $round" c --layer l -- sh -c 'find . -type f -exec cat {} + >/dev/null && : >probe && rm probe'
done
expect 0 "to the end" c --layer l -- sh -c 'make -s clean; make -s -j2'
expect 0 "commit" warren commit l
tree native >want
tree d | cmp -s want - || { fail "the build's result:"; tree d | diff want - >&2; }
[ ! -e l ] || fail "the layer is left"
done_testing
