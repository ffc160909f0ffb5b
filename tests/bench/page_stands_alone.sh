#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warren bench --html: well formed, nothing from elsewhere, every text of the results escaped.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../batch/lib.sh"

command -v python3 >/dev/null || { echo "python3 is not there" >&2; exit 77; }

# page RESULTS CHARTS TABLES
page()
{
	"$WARREN" bench --from "$1" --html page.html >out 2>err || fail "$1: exit status $?: $(cat err)"
	grep -q . out || fail "$1: no table beside the page"
	python3 "$here/page.py" page.html "$1" >found 2>wrong || { fail "$1:"; cat wrong >&2; }
	[ "$(cat found)" = "$2 charts, $3 tables" ] || fail "$1: $(cat found), not $2 and $3"
}

# of 3 calls in 2 settings, 2 calls in 2 states of layers, 2 workloads, 2 starts, throughput against sandboxes and workers, 2 breakdowns; idle ones have no chart
page "$here/sample.json" 18 9
python3 "$here/page.py" --mark "$here/sample.json" >marked.json
page marked.json 18 9
echo '{"format":"warren-bench-1"}' >nothing.json
page nothing.json 0 0
# rounds that failed, and times of nothing
sed 's/"ns":\[[^]]*\]/"ns":[null,0]/; s/"\(per_second\|ns_few\|memory\)":\[[^]]*\]/"\1":[0,null]/' "$here/sample.json" >failed.json
page failed.json 18 9

"$WARREN" bench --from "$here/sample.json" --html - >out 2>err || fail "to standard output"
[ "$(head -c 15 out)" = "<!DOCTYPE html>" ] && [ "$(tail -n 1 out)" = "</html>" ] || fail "the page is not all of standard output"
"$WARREN" bench --from "$here/sample.json" --html /dev/full >out 2>err
[ $? = 1 ] && [ "$(wc -l <err)" = 1 ] || fail "a full disk is not told"
"$WARREN" bench --from "$here/sample.json" --html nowhere/page.html >out 2>err
[ $? = 1 ] && [ "$(wc -l <err)" = 1 ] || fail "a directory that is not there is not told"
done_testing
