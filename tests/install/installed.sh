#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# installed.sh BUILD SOURCE TEMPLATE: what cmake --install leaves is complete: the command, both libraries, headers,
# pkg-config file, man page, completion; a C and a C++ program build with it and work.
set -u
build=$1 source=$2 template=$3
base=$(mktemp -d) || exit 2
trap 'rm -rf "$base"' EXIT
failures=0
fail()
{
	echo "installed.sh: $*" >&2
	failures=1
}

DESTDIR=$base/dest cmake --install "$build" >"$base/log" 2>&1 || {
	cat "$base/log"
	exit 1
}
prefix=$(find "$base/dest" -name bin -type d)
prefix=${prefix%/bin}
lib=$(dirname "$(find "$base/dest" -name libwarren.a)")
for f in bin/warren include/warren/warren.h include/warren/handler.h share/man/man1/warren.1 \
	share/bash-completion/completions/warren share/zsh/site-functions/_warren; do
	[ -f "$prefix/$f" ] || fail "no $f"
done
[ -f "$lib/libwarren.so" ] && [ -f "$lib/pkgconfig/warren.pc" ] || fail "no libwarren.so or warren.pc in $lib"
TMPDIR=$base "$prefix/bin/warren" bench --quick --rounds 1 --calls 20 --only null --setting foreign --json "$base/bench" >/dev/null 2>"$base/log" &&
	grep -q '"floor"' "$base/bench" || fail "warren bench: $(cat "$base/log")"
"$prefix/bin/warren" --version | grep -q '^warren [0-9]' || fail "warren --version"

# nothing but what is declared is exported
nm -D --defined-only "$lib/libwarren.so" | awk '{print $3}' | grep -v '^warren_' && fail "these are exported"

export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$base/dest"
flags=$(pkg-config --cflags --libs warren) || fail "pkg-config"
static=$(pkg-config --static --libs warren) || fail "pkg-config --static"
# shellcheck disable=SC2086 # lists of words
{
	cc -std=c17 -Wall -Wextra -Werror -O1 -o "$base/handlers" "$source/docs/examples/handlers.c" $flags ||
		fail "the example does not build"
	c++ -std=c++17 -Wall -Wextra -Werror -O1 -o "$base/user" "$source/tests/install/user.cc" $flags ||
		fail "a C++ program does not build"
	cc -std=c17 -O1 -o "$base/handlers-static" "$source/docs/examples/handlers.c" $(pkg-config --cflags warren) \
		-Wl,-Bstatic -lwarren -Wl,-Bdynamic $static || fail "not with libwarren.a"
}
[ $failures = 0 ] || exit 1

cp -a "$template" "$base/root" && mkdir "$base/root/keep" "$base/root/other" || exit 2
chmod 777 "$base/root/keep" "$base/root/other"
export LD_LIBRARY_PATH="$lib"
timeout 20 "$base/user" "$base/root" || fail "the C++ program: status $?"
echo real >"$base/root/etc/hostname"
ln -s hostname "$base/root/etc/alias"
for h in handlers handlers-static; do
	example()
	{
		timeout 20 "$base/$h" "$base/root" "$@" 2>"$base/err"
	}
	for path in /etc/hostname /etc/../etc/./hostname /etc/alias /proc/self/root/etc/hostname; do
		[ "$(example /bin/cat "$path")" = warren ] || fail "$h: $path is not replaced: $(cat "$base/err")"
	done
	[ "$(example /bin/sh -c 'cd /etc && cat hostname')" = warren ] || fail "$h: by a relative path"
	example /bin/sh -c 'echo x >/etc/hostname' && fail "$h: it can be written"
	[ "$(example /bin/cat /etc/marker)" = "the root of the guest" ] || fail "$h: another file"
	touch "$base/root/keep/f" "$base/root/other/f"
	example /bin/rm /keep/f && fail "$h: /keep/f can be removed"
	example /bin/rm /other/../keep/f && fail "$h: /keep/f can be removed by another name"
	example /bin/rm /other/f || fail "$h: /other/f cannot be removed"
	[ -f "$base/root/keep/f" ] && [ ! -e "$base/root/other/f" ] || fail "$h: the wrong file is gone"
	example /bin/sh -c 'cat /etc/marker /etc/marker >/dev/null; cat /missing; true'
	grep -Eqx 'opened [0-9]+, failed [1-9][0-9]*' "$base/err" || fail "$h: counts: $(cat "$base/err")"
done
# a legacy spelling: open(2) and unlink(2) themselves
if [ -x "$build/tests/sys/helpers/legacy" ]; then
	cp "$build/tests/sys/helpers/legacy" "$base/root/t/"
	[ "$(timeout 20 "$base/handlers" "$base/root" /t/legacy open /etc/hostname 2>/dev/null)" = warren ] || fail "open(2)"
	timeout 20 "$base/handlers" "$base/root" /t/legacy unlink /keep/f 2>/dev/null && fail "unlink(2)"
fi
exit $failures
