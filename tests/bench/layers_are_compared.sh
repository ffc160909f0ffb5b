#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warren bench --only layers: each call on what is untouched, copied up and deleted, in each way to have a layer that works
# here; one that does not says why. No time is judged.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../batch/lib.sh"

command -v python3 >/dev/null || { echo "python3 is not there" >&2; exit 77; }

# measured NAME...: the results have all of warren's figures, and those of the others or the reason, which the others NAME
# must have.
measured()
{
	[ "$(ls tmp)" = "" ] || fail "left behind: $(ls -R tmp)"
	python3 - r.json "$@" <<-'END' || fail "the results are not as they should be: $(cat err)"
		import json, sys
		d = json.load(open(sys.argv[1]))
		left = {o["who"]: o["why"] for o in d["left_out"]}
		figures = {(o["name"], o["setting"], o["who"]): o["ns"] for o in d["layers"]}
		bad = [(who, "is not left out") for who in sys.argv[2:] if not left.get(who)]
		for who in "native", "warren", "layer", "frozen", "overlayfs", "fuse-overlayfs":
		    there = [key for key in figures if key[2] == who]
		    if who in left and who in ("overlayfs", "fuse-overlayfs"):
		        bad += [(key, "is there, and left out: " + left[who]) for key in there]
		        continue
		    for name in "open", "stat", "getdents-10", "getdents-1000":
		        for state in "untouched", "copied-up", "whited-out":
		            ns = figures.get((name, state, who))
		            if not ns or len(ns) != 1 or not all(ns):
		                bad.append((name, state, who, ns, left.get(who)))
		bad += [(o, "is measured, too") for o in ("starts", "throughput") if o in d] + [("a call",)] * bool(d["calls"])
		print(*bad, sep="\n", file=sys.stderr)
		sys.exit(bool(bad))
	END
}

mkdir tmp
TMPDIR=$base/tmp timeout 250 "$WARREN" bench --only layers --rounds 1 --calls 40 --json r.json >out 2>err || fail "exit $?: $(cat err)"
measured
grep -q '^in a layer: what was deleted$' out || fail "the table has no part of what was deleted"
grep -qE '^getdents-1000 +[0-9.]+us( +[0-9.]+){3} ' out || fail "the table has no ratios of getdents-1000"

# Programs that are not there.
mkdir bin
for program in sh env id ls rm; do
	ln -s "$(command -v $program)" bin/
done
TMPDIR=$base/tmp timeout 250 env PATH="$base/bin" "$WARREN" bench --only layers --rounds 1 --calls 20 --json r.json >out 2>err ||
	fail "without programs: exit $?: $(cat err)"
measured overlayfs fuse-overlayfs
grep -q 'fuse-overlayfs is left out: .*not found' err || fail "not said why: $(cat err)"
done_testing
