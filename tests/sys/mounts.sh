#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Mounts: --mount HOST:GUEST[:ro], nested, over a file, over a directory; links and `..` in them; read-only ones.
. "$(dirname "$0")/helpers/host.sh"

mkdir -p "$base/a/sub" "$base/b" "$base/ro" "$root/m/point" "$root/m/inner"
echo in-a >"$base/a/f"
echo in-b >"$base/b/f"
echo ro >"$base/ro/f"
echo file >"$base/file"
echo outside >"$base/outside"
echo hidden >"$root/m/point/hidden"
ln -s /etc/marker "$base/a/abs"
ln -s ../../../../../../../../../../../../etc/marker "$base/a/up"
ln -s ../outside "$base/a/out"
ln -s "$base/outside" "$base/a/hostabs"
m="--mount $base/a:/m/point"
# shellcheck disable=SC2086
{
expect_out "in-a" "a mount over a directory" run_with $m -- /bin/cat /m/point/f
expect_fail "what it covers is hidden" run_with $m -- /bin/cat /m/point/hidden
expect_out "the root of the guest" "an absolute link in it" run_with $m -- /bin/cat /m/point/abs
expect_out "the root of the guest" "a link with many .. in it" run_with $m -- /bin/cat /m/point/up
expect_fail "a link out of it" run_with $m -- /bin/cat /m/point/out
expect_fail "a link to a path of the host" run_with $m -- /bin/cat /m/point/hostabs
expect_out "/m/point/sub" "pwd in it" run_with $m --cwd /m/point/sub -- /bin/pwd
expect_out "/m" ".. out of it" run_with $m --cwd /m/point -- /bin/sh -c 'cd .. && pwd'
expect_out "/m" "the kernel's .. out of it" run_with $m --cwd /m/point -- /bin/sh -c 'cd -P .. && /bin/pwd'
expect_out "in-a" ".. from inside" run_with $m --cwd /m/point/sub -- /bin/cat ../f
expect_out "the root of the guest" "../.. from inside" run_with $m --cwd /m/point/sub -- /bin/cat ../../../etc/marker
expect_out "in-a in-b" "a nested mount" run_with $m --mount "$base/b:/m/point/sub" -- \
	/bin/sh -c 'echo $(cat /m/point/f /m/point/sub/f)'
expect_out "in-a" ".. from the inner mount is in the outer one" run_with $m --mount "$base/b:/m/point/sub" \
	--cwd /m/point/sub -- /bin/cat ../f
expect_out "file" "a file over a file" run_with --mount "$base/file:/etc/marker" -- /bin/cat /etc/marker
expect_out "file" "a file over a file, by .." run_with --mount "$base/file:/etc/marker" --cwd /w -- /bin/cat ../etc/./marker
expect_out "ro" "a read-only mount is read" run_with --mount "$base/ro:/m/point:ro" -w / -- /bin/cat /m/point/f
for c in 'echo x > /m/point/f' 'echo x > /m/point/new' 'rm /m/point/f' 'mkdir /m/point/d' 'mv /m/point/f /w/f' \
	'ln /m/point/f /w/hard' 'ln -s x /m/point/l' 'chmod 600 /m/point/f' 'touch /m/point/f' 'cd /m/point && echo x > f' \
	': > /proc/self/cwd/../m/point/f' 'cd / && echo x >> m/../m/point/f' 'exec 5</m/point/f && echo x > /proc/self/fd/5'; do
	expect_fail "read-only: $c" run_with --mount "$base/ro:/m/point:ro" -w / --cwd /w -- /bin/sh -c "$c"
done
[ "$(cat "$base/ro/f")" = ro ] && [ "$(ls "$base/ro")" = f ] && [ "$(stat -c %a "$base/ro/f")" = 644 ] ||
	fail "the read-only host directory has changed"
expect_fail "a mount is not moved away" run_with $m -w / --cwd /w -- /bin/mv /m/point /w/elsewhere
expect_fail "a mount is not removed" run_with $m -w / --cwd /w -- /bin/rmdir /m/point
expect_status "125 2" "a missing host directory" run_with --mount "$base/missing:/m/point" -- /bin/true
expect_out "in-a" "the guest path by way of a link of the root" run_with --mount "$base/a:/m/inner" -- /bin/cat /m/inner/f
expect_out "in-a" "trailing slashes" run_with --mount "$base/a/:/m/inner/" -- /bin/cat /m/inner/f
}
[ "$(cat "$base/outside")" = outside ] || fail "a file outside of the mounts has changed"
done_testing
