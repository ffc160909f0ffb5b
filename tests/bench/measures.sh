#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A short run measures what it was asked for, beside native and the floor, and leaves nothing behind. No time is judged.
set -u
: "${WARREN:?WARREN is the command to test}"
base=$(mktemp -d) || exit 2
trap 'rm -rf "$base"' EXIT
failures=0
fail()
{
	echo "measures.sh: $*" >&2
	failures=1
}

export TMPDIR=$base
mkdir "$base/out"
"$WARREN" bench --quick --rounds 1 --calls 200 --only null,stat,mkdir,starts --peer env='env {}' --json "$base/out/r.json" \
	>"$base/out/text" 2>"$base/out/err" || fail "exit $?: $(cat "$base/out/err")"
[ "$(ls "$base")" = out ] || fail "left behind: $(ls "$base")"
python3 - "$base/out/r.json" <<-'END' || fail "the results are not as they should be"
	import json, sys
	d = json.load(open(sys.argv[1]))
	calls = {(c["call"], c["setting"], c["who"]): c for c in d["calls"]}
	bad = []
	for setting in "root", "foreign", "layer", "frozen", "touched":
	    for call in "null", "stat", "mkdir":
	        if call == "mkdir" and setting in ("layer", "frozen"):
	            if (call, setting, "warren") in calls:
	                bad.append((call, setting, "is there"))
	            continue
	        for who in ("native", "warren") if call == "mkdir" else ("native", "floor", "warren"):
	            c = calls.get((call, setting, who))
	            if not c or len(c["ns"]) != 1 or not all(c["ns"]):
	                bad.append((call, setting, who, c and c["ns"]))
	            elif sum(n for _, n in c["histogram"]) != 100 or not c["p50"] <= c["p99"] <= c["p999"]:
	                bad.append((call, setting, who, "histogram"))
	    # that warren was in between can be seen without looking at times: it had to be switched to
	    for call in "null", "stat":
	        if "switches" in calls[call, setting, "warren"] and not calls[call, setting, "warren"]["switches"] > 1:
	            bad.append((call, setting, "warren was not asked"))
	for who in "native", "env":
	    if ("stat", "root", who) not in calls:
	        bad.append(who)
	starts = {(s["what"], s["who"], s["setting"]) for s in d["starts"] if all(s["ns"])}
	for key in ("start to exit", "native", "root"), ("start to exit", "warren", "foreign"), ("start to exit", "warren run", "layer"):
	    if key not in starts:
	        bad.append(key)
	if d["format"] != "warren-bench-1" or d["machine"]["cpus"] < 1 or d["command"][:2] != ["warren", "bench"]:
	    bad.append("head")
	print(*bad, sep="\n", file=sys.stderr)
	sys.exit(bool(bad))
END

# wrong words: one line, and 2
for words in "--only nothing" "--setting nowhere" "--rounds 0" "--calls x" "--peer none" "--root /" "word" "--juson x"; do
	# shellcheck disable=SC2086 # words
	"$WARREN" bench $words >"$base/out/text" 2>"$base/out/err"
	r=$?
	[ $r = 2 ] && [ "$(wc -l <"$base/out/err")" = 1 ] || fail "$words: exit $r, $(cat "$base/out/err")"
done
exit $failures
