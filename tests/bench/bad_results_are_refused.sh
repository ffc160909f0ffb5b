#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warren bench: a file that holds no results is told in one line, with the status of wrong use.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../batch/lib.sh"

# refused WHAT WORD ARGS...: one line on stderr that has WORD, nothing on stdout, exit status 2.
refused()
{
	what=$1 word=$2
	shift 2
	timeout 20 "$WARREN" bench "$@" >out 2>err
	status=$?
	[ $status = 2 ] || fail "$what: exit status $status, not 2"
	[ "$(wc -l <err)" = 1 ] && grep -q -- "$word" err || { fail "$what: not one line with '$word':"; cat err >&2; }
	[ ! -s out ] || fail "$what: something on standard output"
}

# bad WHAT WORD TEXT: as a file, in each place where one is read.
bad()
{
	printf '%s' "$3" >bad.json
	refused "$1" "bad.json: .*$2" --from bad.json
	refused "$1, with --html" "bad.json: .*$2" --from bad.json --html page.html
	[ ! -e page.html ] || fail "$1: a page was written"
	refused "$1, compared with" "bad.json: .*$2" --compare bad.json "$here/sample.json"
	refused "$1, compared" "bad.json: .*$2" --compare "$here/sample.json" bad.json
}

f='"format":"warren-bench-1"'
bad "empty" "line 1 is no JSON" ""
bad "cut off" "line 3 is no JSON" "{$f,

\"calls\":["
bad "more behind it" "is no JSON" "{$f} {}"
bad "too deep" "is no JSON" "$(printf '%5000s' '' | tr ' ' '[')"
bad "a list" "'format' is missing" "[]"
bad "another format" "the format is not" '{"format":"warren-bench-9"}'
bad "no list" "'calls' is no list" "{$f,\"calls\":{}}"
bad "no objects" "calls\[0\]: this is no object" "{$f,\"calls\":[3]}"
bad "nobody" "calls\[1\]: 'who' is missing" \
	"{$f,\"calls\":[{\"call\":\"a\",\"setting\":\"root\",\"who\":\"x\",\"ns\":[]},{\"call\":\"a\",\"setting\":\"root\",\"ns\":[]}]}"
bad "a number for a name" "workloads\[0\]: 'name' is no string" "{$f,\"workloads\":[{\"name\":1,\"who\":\"x\",\"ns\":[1]}]}"
bad "a call in a layer without a name" "layers\[0\]: 'name' is missing" "{$f,\"layers\":[{\"who\":\"x\",\"ns\":[1]}]}"
bad "a time below 0" "starts\[0\]: 'ns' has what is no number" "{$f,\"starts\":[{\"what\":\"a\",\"who\":\"x\",\"ns\":[1,-1]}]}"
bad "no end of time" "breakdown\[0\]: 'ns' is no number" \
	"{$f,\"breakdown\":[{\"call\":\"a\",\"who\":\"x\",\"part\":\"p\",\"ns\":1e999}]}"
bad "no list of rounds" "throughput\[0\]: 'per_second' is no list" \
	"{$f,\"throughput\":[{\"sandboxes\":1,\"who\":\"x\",\"per_second\":5}]}"
bad "a histogram out of order" "'histogram' is no list" \
	"{$f,\"calls\":[{\"call\":\"a\",\"setting\":\"root\",\"who\":\"x\",\"ns\":[],\"histogram\":[[5,1],[4,1]]}]}"

refused "no such file" "nowhere.json: No such file" --from nowhere.json
refused "a directory" "Is a directory" --from .
refused "half a comparison" "NEW" --compare "$here/sample.json"
refused "no percentage" "fail-over" --compare --fail-over=much "$here/sample.json"
refused "a file without --compare" "no argument" "$here/sample.json"
done_testing
