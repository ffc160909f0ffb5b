#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Policy: what is read-only cannot be changed through an fd that is open for reading: mode, owner, times, extended
# attributes, flags, another open, a link; and where it may be written, each call does what it does outside.
. "$(dirname "$0")/helpers/host.sh"

[ -x "$T_HOST/fd_changes" ] || exit 77
cp "$T_HOST/fd_changes" "$root/t/" && mkdir "$base/native" "$base/mounted" "$root/data" "$root/mnt" || exit 2
for f in "$base/native/f" "$root/w/f" "$root/data/f" "$base/mounted/f"; do
	echo orig >"$f"
	chmod 604 "$f"
	touch -d '2001-02-03 04:05:06' "$f"
done

# Mode, owner, times of content and attributes, size, flags, content.
state()
{
	stat -c '%a %u %g %y %z %s %h' "$1"
	lsattr -v "$1" 2>/dev/null
	cat "$1"
}

# What the kernel says outside, of one's own file. A root guest may not touch the attributes of the host's nodes.
"$root/t/fd_changes" "$base/native/f" "$base/native" >"$base/want" || fail "the program fails outside"
[ "$(id -u)" = 0 ] && sed -i 's/^\(null\|null-path\) 0$/\1 1/' "$base/want"
writable()
{
	what=$1 file=$2
	shift 2
	echo orig >"$root/w/f" && chmod 604 "$root/w/f"
	run_with "$@" --cwd /w -- /t/fd_changes "$file" /w >"$base/got" || fail "$what: status $?"
	diff "$base/want" "$base/got" >"$base/diff" || fail "$what: not as outside: $(cat "$base/diff")"
}
writable "no rules" /w/f
writable "a writable part" /w/f -r / -w /w
writable "a mount" /w/f -r / --mount "$root/w":/w -w /w

# refused WHAT HOSTFILE FILE ERRNOS OPTIONS...: of the calls that would change it, none works.
refused()
{
	what=$1 host=$2 file=$3 errnos=$4
	shift 4
	before=$(state "$host")
	run_with "$@" -- /t/fd_changes "$file" /w >"$base/got" || fail "$what: status $?"
	[ "$(state "$host")" = "$before" ] || fail "$what: the file is changed: $(state "$host") was $before"
	for c in fchmod fchown fsetxattr futimens futimens-now utimensat-empty fchownat-empty reopen reopen-truncating \
		truncate-magic chmod-magic linkat-magic linkat-empty; do
		n=$(sed -n "s/^$c //p" "$base/got")
		case " $errnos " in
		*" $n "*) ;;
		*) fail "$what: $c gives $n, not $errnos" ;;
		esac
	done
	for c in setflags setflags-high-bits fssetxattr setversion futimesat fremovexattr fchmodat2-empty; do
		n=$(sed -n "s/^$c //p" "$base/got")
		[ "$n" != 0 ] || fail "$what: $c works"
	done
	case $what in *one\ file) return ;; esac
	run_with "$@" -- /t/fd_changes "$file" /w race || fail "$what: race: status $?"
	[ "$(state "$host")" = "$before" ] || fail "$what: the race changed it: $(state "$host") was $before"
	rm -f "$root/w/racer"
}
refused "-r" "$root/data/f" /data/f 13 -r / -w /w
refused "a read-only mount" "$base/mounted/f" /mnt/f "30 13" --mount "$base/mounted":/mnt:ro
refused "a read-only mount of one file" "$base/mounted/f" /mnt/x "30 13" --mount "$base/mounted/f":/mnt/x:ro
# The same object under a name that may be written.
chmod 777 "$base/mounted"
echo orig >"$base/mounted/f"
run_with --mount "$base/mounted":/mnt:ro --mount "$base/mounted":/rw -- /t/fd_changes /mnt/f /rw >"$base/got"
grep -qx 'fchmod 0' "$base/got" || fail "fchmod of what another name allows: $(cat "$base/got")"
done_testing
