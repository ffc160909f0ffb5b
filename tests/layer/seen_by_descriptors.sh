#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was opened before the copy was made goes on showing the file below; flags that are set by such a descriptor go to
# the copy; sockets and devices are copied up without opening them; a large directory is listed whole.
. "$(dirname "$0")/lib.sh"

perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "d/socket", Type => SOCK_STREAM)' 2>/dev/null
[ "$(id -u)" != 0 ] || mknod d/device c 240 77
chmod 666 d/f
tree d >before
flags=$(lsattr d/f 2>/dev/null)

expect 0 "a reader" c --layer l -- sh -c 'exec 3<f; echo new >f; cat <&3; cat f; exec 4<f; echo newer >f; cat <&4'
[ "$(tr '\n' ' ' <out)" = "one new newer " ] || { fail "a reader sees:"; cat out >&2; }
if [ -n "$flags" ] && c --layer l -- chattr +d sub/g; then
	expect 0 "flags" c --layer l -- lsattr sub/g
	grep -q '^-*d' out || fail "the flag is not set in the layer: $(cat out)"
	[ "$(lsattr d/f)" = "$flags" ] && ! lsattr d/sub/g | grep -q '^-*d' || fail "the flag was set below"
fi
# a device cannot be made by who has no right to it, but is not opened either
expect $((! $(id -u))) "nodes" c --layer l -- sh -c 'chmod 600 socket && touch -d 2001-01-01 socket && mv socket moved.socket; ls -l; [ ! -e device ] || chmod 600 device'
[ ! -e d/socket ] || grep -q "^srw------- .* moved.socket" out || { fail "a socket:"; cat out >&2; }
[ ! -S d/socket ] || ! c --layer l2 -- sh -c ': >socket' || fail "a socket can be opened"
[ ! -S d/socket ] || grep -q "No such device or address" err || { fail "the open of a socket:"; cat err >&2; }
n=5000
[ "$(id -u)" != 0 ] || n=100000 # once is enough
mkdir -p large/n && (cd large/n && perl -e 'for (1..'$n') { open F, ">", "a$_" or die }')
expect 0 "a large directory" warren run -r / --cow "$base/large" --cwd "$base/large" --layer big -- sh -c 'rm n/a5 n/a4777; : >n/b; ls -f n | sort | uniq -c | awk "\$1 == 1" | wc -l; ls -f n | grep -c "^a"'
[ "$(tr '\n' ' ' <out)" = "$((n + 1)) $((n - 2)) " ] || { fail "a large directory:"; cat out >&2; }
tree d | cmp -s before - || fail "the directory has changed"
done_testing
