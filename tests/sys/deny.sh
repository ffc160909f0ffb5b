#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Policy: --deny: nothing under it is read or changed, by no spelling; no hard link or rename out of it, or of a parent.
. "$(dirname "$0")/helpers/host.sh"

mkdir -p "$root/top/secret/deep" "$root/top/open"
echo classified >"$root/top/secret/f"
echo classified >"$root/top/secret/deep/g"
echo classified >"$root/top/single"
echo public >"$root/top/open/f"
ln -s secret "$root/top/link"
ln -s /top/secret/f "$root/top/open/flink"
ln -s ../secret/deep/../f "$root/top/open/rel"
chmod -R a+rwX "$root/top"
d()
{
	run_with -w / --deny /top/secret --deny /top/single --cwd /w -- "$@"
}
expect_out "public" "what is beside it is open" d /bin/cat /top/open/f
for p in /top/secret/f /top/secret/deep/g /top/./secret//f /top/open/../secret/f /top/link/f /top/open/flink /top/open/rel \
	/proc/self/root/top/secret/f /proc/self/cwd/../top/secret/f ../top/secret/f /top/single /top/../top/single; do
	expect_fail "reading $p" d /bin/cat "$p"
	case $out in *classified*) fail "reading $p shows it" ;; esac
done
expect_fail "listing it" d /bin/ls /top/secret/
expect_fail "listing a directory in it" d /bin/ls /top/secret/deep
# Each of these fails, or at least what it leaves cannot be read.
for c in 'ln /top/secret/f /w/x' 'mv /top/secret/f /w/x' 'mv /top/secret /w/x' 'mv /top /w/x' 'mv /top /top2' \
	'ln /top/single /w/x' 'mv /top/single /w/x' 'cp -r /top/secret /w/x' 'mv /top/secret/deep /w/x' \
	'cd /top/secret && cat f' 'cd /top/secret/deep; cat ../f' 'ln -s /top/secret /w/x' 'ln -s / /w/x' \
	'cd /top && mv secret open/x' 'mv /top/open /w/x && mv /w/x /top/secret/x' 'ln -s ../top/secret/f /w/x; cat /w/x' \
	'cd /top && tar cf - secret' 'cd /top && find . -type f | while read f; do cat $f; done'; do
	out=$(d /bin/sh -c "$c; cat /w/x /w/x/f /w/x/secret/f /w/x/deep/g /w/x/g /top2/secret/f /w/x/top/secret/f /w/x/single /top/secret/f" 2>&1)
	case $out in
	*classified*) fail "'$c' brings it to light" ;;
	esac
done
for c in 'echo x > /top/secret/f' 'echo x > /top/secret/new' 'rm /top/secret/f' 'mkdir /top/secret/d' 'chmod 777 /top/secret' \
	'touch /top/secret/f' 'mv /top/open/f /top/secret/f' 'rmdir /top/secret/deep' ': > /top/single' 'rm /top/single' \
	'ln /top/open/f /top/secret/h' 'mv /top/open/f /top/single'; do
	expect_fail "$c" d /bin/sh -c "$c"
done
expect_fail "executing in it" d /bin/sh -c /top/secret/f
[ "$(cat "$root/top/secret/f" 2>/dev/null)" = classified ] && [ "$(cat "$root/top/single" 2>/dev/null)" = classified ] &&
	[ ! -e "$root/top/secret/new" ] || fail "the denied files have changed"
# Spellings of the option itself.
for o in /top/secret/ /top/../top/secret /top//secret /top/link; do
	expect_fail "--deny $o" run_with -w / --deny "$o" -- /bin/cat /top/secret/f
done
done_testing
