#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Paths: root given with a trailing slash, a symlink, `..` or relative. A missing root is an error, not no confinement.
. "$(dirname "$0")/helpers/host.sh"

marker="the root of the guest"
ln -s root "$base/link"
ln -s "$root" "$base/abslink"
mkdir -p "$base/other"
try()
{
	expect_out "$marker" "--root $1" timeout 10 "$WARREN" run --root "$1" -- /bin/cat /etc/marker
	expect_out "/" "pwd in --root $1" timeout 10 "$WARREN" run --root "$1" --cwd / -- /bin/pwd
	expect_out "/etc" "pwd in --root $1" timeout 10 "$WARREN" run --root "$1" --cwd /etc -- /bin/pwd
}
try "$root"
try "$root/"
try "$root///"
try "$root/."
try "$base/link"
try "$base/link/"
try "$base/abslink"
try "$base/other/../root"
try "$root/etc/.."
cd "$base" || exit 2
try root
try ./root/
try other/../link
cd root || exit 2
try .
cd etc || exit 2
try ..
cd "$base" || exit 2

refuse()
{
	expect_status "125 2" "--root '$1'" timeout 10 "$WARREN" run --root "$1" -- /bin/cat /etc/marker
	[ -z "$out" ] || fail "--root '$1' printed $out"
}
refuse "$base/missing"
refuse "$base/missing/"
refuse "$base/root/etc/marker"
refuse "$base/root/etc/marker/.."
refuse ""
refuse "$base/root/etc/marker/"
ln -s missing "$base/dangling"
refuse "$base/dangling"
if [ "$(id -u)" != 0 ]; then
	mkdir "$base/closed"
	cp -a "$T_TEMPLATE" "$base/closed/root"
	chmod 0 "$base/closed"
	refuse "$base/closed/root"
	chmod 755 "$base/closed"
fi
done_testing
