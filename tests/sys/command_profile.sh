#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command: --profile FILE: the options from a JSON file; the command line goes on from there; what is wrong is said
# in one line, with status 2.
. "$(dirname "$0")/helpers/host.sh"

p=$base/profile.json
mkdir "$base/mounted" "$root/mnt"
echo mounted >"$base/mounted/f"
cat >"$p" <<END
{
  "root": "$root",
  "read": ["/", "/w"],
  "write": "/tmp",
  "deny": ["/etc/passwd"],
  "mount": ["$base/mounted:/mnt:ro"],
  "cwd": "/etc",
  "env": {"A": "b c", "EMPTY": ""},
  "clean_env": true,
  "net": "none",
  "timeout": 5.5
}
END
profile()
{
	timeout -k 2 10 "$WARREN" run --profile "$p" "$@"
}
expect_out "/etc" "cwd" profile -- /bin/pwd
expect_out "b c::/" "env, clean_env" profile -- /bin/sh -c 'echo "$A:$EMPTY:$HOME"'
expect_out "mounted" "mount" profile -- /bin/cat /mnt/f
expect_out "x" "write" profile -- /bin/sh -c 'echo x >/tmp/x && cat /tmp/x'
expect_fail "read is not write" profile -- /bin/sh -c 'echo x >/w/x'
expect_fail "deny" profile -- /bin/cat /etc/passwd
expect_out "/tmp" "the command line replaces cwd" profile --cwd /tmp -- /bin/pwd
expect_out "z:" "and one variable" profile --env A=z -- /bin/sh -c 'echo "$A:$EMPTY"'
expect_out "x" "and adds rules" profile -w /w -- /bin/sh -c 'echo x >/w/x && cat /w/x'
echo '{"timeout": 0.3, "env": {"A": "second"}}' >"$base/second.json"
expect_out "second" "a second profile" profile --profile "$base/second.json" -- /bin/sh -c 'echo "$A"'
expect_status 124 "timeout" profile --profile "$base/second.json" -- /bin/sleep 20
echo '{}' >"$base/empty.json"
expect_out "/" "an empty one" run_with --profile "$base/empty.json" --cwd / -- /bin/pwd

# bad TEXT WORD: refused with status 2, in one line that names the file and has WORD in it.
bad()
{
	printf '%s' "$1" >"$base/bad.json"
	timeout 10 "$WARREN" run --profile "$base/bad.json" -r / -- /bin/true >"$base/out" 2>"$base/err"
	status=$?
	[ $status -eq 2 ] && [ ! -s "$base/out" ] && [ "$(wc -l <"$base/err")" -eq 1 ] || fail "$1: status $status, $(cat "$base/err")"
	grep -q "bad.json.*$2" "$base/err" || fail "$1: no '$2' in: $(cat "$base/err")"
}
bad '{"raed": ["/"]}' "did you mean 'read'"
bad '{"something": 1}' "are known"
bad '{"read": 3}' "a list of strings is wanted"
bad '{"read": ["/", 3]}' "a list of strings is wanted"
bad '{"root": ["/"]}' "a string is wanted"
bad '{"env": ["A=b"]}' "an object of strings is wanted"
bad '{"env": {"A": 1}}' "'A': a string is wanted"
bad '{"env": {"": "x"}}' "NAME=VALUE is wanted"
bad '{"clean_env": "yes"}' "true or false is wanted"
bad '{"timeout": "5"}' "a number of seconds above 0 is wanted"
bad '{"timeout": 0}' "a number of seconds above 0 is wanted"
bad '{"net": "all"}' "none or host is wanted"
bad '{
"read": ["/"]
"write": []}' "line 3 is not JSON"
bad '{"read": ["/"]} {}' "is not JSON"
bad '["/"]' "an object is wanted"
bad '' "is not JSON"
expect_status 2 "a missing file" "$WARREN" run --profile "$base/none.json" -- /bin/true
grep -q "none.json': No such file" "$base/err" || fail "a missing file: $(cat "$base/err")"
expect_status 2 "a directory" "$WARREN" run --profile "$base" -- /bin/true
expect_status 2 "endless" "$WARREN" run --profile /dev/zero -- /bin/true
done_testing
