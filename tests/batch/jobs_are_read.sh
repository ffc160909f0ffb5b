#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Jobs: shell lines, JSON lines, templates; what is wrong is said in one line, with the line number.
. "$(dirname "$0")/lib.sh"

cat >jobs <<'END'
# a comment, and a blank line

echo "one $((1 + 0))"
   echo two
{"id":"three","argv":["/bin/echo","a  b","$HOME","'"]}
{"id":4,"sh":"echo \"$X-$(pwd)-$(cat)\"","env":{"X":"x y"},"cwd":"/usr","stdin":"input"}
{ echo five; }
END
echo fed >input
expect 0 "mixed jobs" -k -j2 jobs
printf '%s\n' 'one 1' two 'a  b $HOME '"'" 'x y-/usr-fed' five >want
cmp -s out want || { fail "outputs differ:"; diff want out >&2; }

printf 'echo from standard input\n' | b -
[ "$(cat out)" = "from standard input" ] || fail "- is not standard input"
expect 0 "a template" -k 'echo ={}= {#}' ::: 'a b' "it's" '$(id)'
printf '%s\n' '=a b= 1' "=it's= 2" '=$(id)= 3' >want
cmp -s out want || { fail "template:"; cat out >&2; }
expect 0 "a template without {}" -k echo x ::: 1 2
[ "$(tr '\n' ' ' <out)" = "x 1 x 2 " ] || fail "the argument does not come last"
expect 0 "no arguments, no jobs" echo :::

bad()
{
	printf '%s\n' 'echo good' "$1" >jobs
	expect 2 "bad job $1" jobs
	[ "$(wc -l <err)" = 1 ] || fail "not one line for $1: $(cat err)"
	grep -q "$2" err || fail "'$2' is not in: $(cat err)"
	[ ! -s out ] || fail "something ran in spite of $1"
}
bad '{"id":"x"}' 'line 2: neither argv nor sh'
bad '{"argv":[]}' "line 2: wrong value of 'argv'"
bad '{"argv":["a",1]}' "line 2: wrong value of 'argv'"
bad '{"sh":"a","argv":["b"]}' "line 2: wrong value"
bad '{"sh":"a","tiemout":3}' "no member 'tiemout'"
bad '{"sh":"a","timeout":-1}' "wrong value of 'timeout'"
bad '{"sh":"a"' 'not a JSON object'
bad '{"id":"1","sh":"a"}' "two jobs have the id '1'"
expect 2 "no such file" nowhere
expect 2 "a bad option" --jobs 0 jobs
expect 2 "two files" jobs jobs
timeout 10 "$WARREN" batch jobs >out 2>err
[ $? = 2 ] || fail "no rules and no root is not refused"
done_testing
