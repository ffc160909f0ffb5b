#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --collect: what a job leaves in its layer is counted, and copied to a directory of its own; nothing is followed.
. "$(dirname "$0")/lib.sh"

mkdir work out.d work/kept && echo before >work/kept/file && echo gone >work/gone
umask 022
cat >jobs <<'END'
{"id":"all","sh":"echo one >new; mkdir -p a/b; echo two >a/b/c; echo after >>kept/file; rm gone; ln -s /etc/passwd link; mkfifo fifo; chmod 600 new"}
{"id":"some","sh":"echo x >x; mkdir tree; echo y >tree/y; echo z >tree/z","outputs":["tree","./kept/file"]}
{"id":"none","sh":"echo x >x","outputs":["x","missing"]}
{"id":"fails","sh":"echo log >log; exit 3","outputs":["log"]}
{"id":"../e/vil","sh":"echo evil >f"}
{"id":"outside","sh":"true","outputs":["/etc/passwd"]}
{"id":"behind","sh":"ln -s /etc way","outputs":["way/passwd"]}
{"id":"link","sh":"ln -s /etc/passwd p","outputs":["p"]}
{"id":"nothing","sh":"true"}
{"id":"deep","sh":"i=0; while [ $i -lt 150 ]; do mkdir d && cd d; i=$((i + 1)); done; echo bottom >f","outputs":["d"]}
END
dir=$base/work
collect()
{
	expect "$@" -j4 --cow "$dir" --cwd "$dir" --collect out.d --results r.jsonl jobs
}
of()
{
	line=$(grep "\"id\":\"$1\"" r.jsonl)
	case $line in *"$2"*) ;; *) fail "job $1: no $2 in $line" ;; esac
}
collect 1 "collecting"
cd out.d || exit 2
[ "$(cat all/new all/a/b/c all/kept/file | tr '\n' ' ')" = "one two before after " ] || fail "all: $(ls -lR all)"
[ "$(readlink all/link)" = /etc/passwd ] && [ ! -e all/gone ] && [ ! -e all/fifo ] || fail "all: $(ls -l all)"
[ "$(cat some/tree/y some/tree/z some/kept/file | tr '\n' ' ')" = "y z before " ] && [ ! -e some/x ] || fail "some"
[ "$(cat none/x fails/log | tr '\n' ' ')" = "x log " ] || fail "of failed jobs"
[ -L link/p ] && [ ! -e nothing ] && [ ! -e behind/way ] && [ "$(cat %2E.%2Fe%2Fvil/f)" = evil ] || fail "names: $(ls)"
[ "$(find deep | wc -l)" = 152 ] || fail "deep: $(find deep | wc -l)"
[ -z "$(find . -name passwd)" ] || fail "a file from outside was copied"
cd ..
of all '"added":6,"modified":1,"deleted":1'
of all '"collected":4'
of all '"layer_bytes":'
of nothing '"layer_bytes":0'
of some '"outputs":["some/tree","some/kept/file"]'
of none '"outcome":"missing-output"'
of none "output 'missing': there is none"
of fails '"outcome":"failed","exit":3'
of outside 'lies in no directory of --cow'
of behind 'behind a symlink'
of deep '"outcome":"passed"'
[ "$(cat work/kept/file)" = before ] && [ "$(ls work | wc -l)" = 2 ] || fail "the lower has changed"

# Again, over what is there; two directories.
mkdir second
printf '%s\n' '{"id":"all","sh":"echo 1 >f; echo 2 >../second/g"}' >jobs
expect 0 "two directories" --cow "$dir" --cow "$base/second" --cwd "$dir" --collect out.d --results r2.jsonl jobs
[ "$(cat "out.d/all$dir/f" "out.d/all$base/second/g" | tr '\n' ' ')" = "1 2 " ] && [ ! -e out.d/all/new ] ||
	{ fail "two directories:"; find out.d/all >&2; }
expect 2 "--collect without --cow" --collect out.d jobs
expect 2 "a bad output" --cow "$dir" --collect out.d - <<'END'
{"sh":"true","outputs":["../x"]}
END
grep -q "wrong value of 'outputs'" err || fail "$(cat err)"
done_testing
