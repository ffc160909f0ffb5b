# SPDX-License-Identifier: Apache-2.0
# Sourced by the mk-*-root scripts: errors, mirror, cached build of a directory.

me=${0##*/}

die()
{
	echo "$me: $*" >&2
	exit 1
}

# Not a failure of the thing under test: exit 77, which ctest counts as skipped.
skip()
{
	echo "$me: $*" >&2
	exit 77
}

need()
{
	for tool; do
		command -v "$tool" >/dev/null 2>&1 || skip "no $tool on this machine"
	done
}

# mirror: URI of the Debian archive this machine itself installs from. It is taken from apt's own
# configuration (sources.list and sources.list.d in either format), so no host is named here.
mirror()
{
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	uri=$(apt-get indextargets --format '$(CREATED_BY) $(CODENAME) $(COMPONENT) $(REPO_URI)' 2>/dev/null |
		awk -v c="$codename" '$1 == "Packages" && $2 == c && $3 == "main" { print $4; exit }')
	[ -n "$uri" ] || uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources \
		/etc/apt/sources.list.d/*.list 2>/dev/null |
		awk '/^URIs:/ { print $2; exit } /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /:\//) { print $i; exit } }')
	[ -n "$uri" ] || die "no Debian mirror in /etc/apt/sources.list.d"
	echo "$uri"
}

# is_complete DIR KEY: has an earlier run finished DIR for the same KEY (names what was asked for)?
is_complete()
{
	[ -f "$1/.warren-root" ] && [ "$(cat "$1/.warren-root")" = "$2" ]
}

# place DIR: its absolute path, so that nothing below depends on how it was spelled.
place()
{
	[ -n "$1" ] && realpath -m -- "$1" || die "no usable directory: '$1'"
}

# begin DIR: build beside DIR, so that a run that is cut short leaves no half a root behind.
begin()
{
	case $1 in
	"" | [!/]* | / | /bin | /etc | /usr | /lib | /var | /home | /root | /tmp | /proc | /sys | /dev)
		die "$1 is no place for a root"
		;;
	esac
	if [ -e "$1" ] && [ ! -f "$1/.warren-root" ] && [ -n "$(ls -A "$1")" ]; then
		die "$1 exists and is not a root made by these scripts; remove it or name another"
	fi
	work=$1.tmp.$$
	rm -rf "$1".tmp.*
	mkdir -p "$work" || die "cannot create $work"
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# commit DIR KEY: put the finished root in place.
commit()
{
	printf '%s\n' "$2" >"$work/.warren-root"
	rm -rf "$1"
	mv "$work" "$1" || die "cannot move $work to $1"
	trap - EXIT
}

# skeleton ROOT: what every root has; /proc and /dev stay empty (warren serves them).
skeleton()
{
	for d in bin etc dev proc sys tmp root home usr/bin usr/lib var/tmp run lib; do
		mkdir -p "$1/$d" || die "cannot create $1/$d"
	done
	chmod 1777 "$1/tmp" "$1/var/tmp"
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$1/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$1/etc/group"
	printf '127.0.0.1 localhost\n' >"$1/etc/hosts"
	printf 'warren\n' >"$1/etc/hostname"
}

# busybox_into ROOT: the static busybox and a symbolic link per applet in /bin.
busybox_into()
{
	bb=$(command -v busybox) || skip "no busybox: install Debian's busybox-static"
	case $(ldd "$bb" 2>&1) in
	*"not a dynamic"* | *"statically linked"*) ;;
	*) skip "$bb is dynamically linked: install Debian's busybox-static" ;;
	esac
	cp "$bb" "$1/bin/busybox" || die "cannot copy $bb"
	chmod 755 "$1/bin/busybox"
	"$bb" --list | while read -r applet; do
		[ "$applet" = busybox ] || ln -sf busybox "$1/bin/$applet"
	done
}
