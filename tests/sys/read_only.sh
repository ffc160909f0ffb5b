#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Policy: -r PATH: read and not written, by no spelling and no link; a -w inside of it and a -r inside of a -w.
. "$(dirname "$0")/helpers/host.sh"

mkdir -p "$root/data/sub" "$root/data/rw" "$root/work/ro"
echo orig >"$root/data/f"
echo orig >"$root/data/sub/g"
echo orig >"$root/work/ro/f"
ln -s /data "$root/work/datalink"
ln -s /data/f "$root/work/flink"
ln -s /work "$root/data/back"
chmod -R a+rwX "$root/data" "$root/work"
p()
{
	run_with -r / -w /work -w /data/rw -r /work/ro --cwd /work -- "$@"
}
expect_out "orig" "reading" p /bin/cat /data/f
expect_out "orig" "reading through a link" p /bin/cat /work/flink
expect_out "x" "writing in the writable part" p /bin/sh -c 'echo x > /work/new && cat /work/new'
expect_out "x" "a writable part inside of a read-only one" p /bin/sh -c 'echo x > /data/rw/new && cat /data/rw/new'
expect_out "x" "through a link into the writable part" p /bin/sh -c 'echo x > /data/back/new2 && cat /work/new2'
for c in 'echo x > /data/f' 'echo x >> /data/f' ': > /data/f' 'echo x > /work/flink' 'echo x > /work/datalink/f' \
	'echo x > /data/rw/../f' 'echo x > /data/new' 'rm /data/f' 'mkdir /data/d' 'mv /data/f /work/f' 'mv /data/sub /work/sub' \
	'ln /data/f /work/hard && echo x > /work/hard' 'ln -s x /data/l' 'chmod 600 /data/f' 'touch /data/f' \
	'cd /data && echo x > f' 'cd /data/rw && echo x > ../f' 'echo x > /work/ro/f' 'mv /work/ro /work/ro2' \
	'mv /data/rw /work/rw2' 'rm -r /work/ro' 'echo x > /proc/self/root/data/f' 'exec 5</data/f && echo x > /proc/self/fd/5' \
	'exec 5</data/f && echo x > /dev/fd/5' 'mkdir /work/m && mv /work/m /data/m' 'rmdir /data/rw' 'cp /bin/true /bin/new' \
	'dd if=/dev/zero of=/data/f bs=1 count=1 conv=notrunc' 'mv /work/new3 /work/ro/f' 'touch -h /work/ro/f'; do
	expect_fail "$c" p /bin/sh -c "$c"
	for f in data/f data/sub/g work/ro/f; do
		[ "$(cat "$root/$f" 2>/dev/null)" = orig ] || {
			fail "'$c' has changed $f"
			mkdir -p "$root/data/sub" "$root/work/ro"
			echo orig >"$root/$f"
		}
	done
	rm -f "$root/work/hard"
done
# a file without a name takes room there, too
expect_out "13 13 0" "O_TMPFILE" p /t/helper tmpfile /data /work/ro /work
[ "$(stat -c %a "$root/data/f")" = 666 ] || fail "the mode of data/f has changed"
# O_CREAT changes nothing where there is a file: 13 EACCES, 17 EEXIST, 21 EISDIR, 30 EROFS
cp "$T_HOST/open_creat" "$root/t/"
ln -s f "$root/data/link" && ln -s none "$root/data/dangling"
expect_out "0 17 13
13 13 13
21 17 13
0 17 13
13 17 13" "O_CREAT below -r" p /t/open_creat /data/f /data/none /data/sub /data/link /data/dangling
mkdir "$base/mnt" && echo orig >"$base/mnt/f"
expect_out "0 17 30
30 30 30" "O_CREAT in a read-only mount" run_with -w / --mount "$base/mnt:/work:ro" -- /t/open_creat /work/f /work/none
done_testing
