#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /dev/pts: terminals of the host and of other sandboxes do not show and do not open; the one that the guest was
# started on does.
. "$(dirname "$0")/helpers/host.sh"

[ -x "$T_HOST/pty_run" ] || { echo "no $T_HOST/pty_run" >&2; exit 2; }
cat >"$root/t/look" <<'END'
#!/bin/sh
# look NAME OUT: what there is of this terminal
for f in "$1"; do
	[ -e "$f" ] && echo exists
	(: <>"$f") 2>/dev/null && echo opens
	ls /dev/pts | grep -qx "${f##*/}" && echo listed
done >"$2"
:
END
chmod 755 "$root/t/look"
: >"$root/w/out"
chmod 666 "$root/w/out"
# shellcheck disable=SC2086 # a list of words
warren="$WARREN run --root $root ${T_WARREN_ARGS:--w /} --cwd /w --"
# shellcheck disable=SC2016 # the inner shell's
expect_status 0 "a guest on a terminal" "$T_HOST/pty_run" quiet sh -c '"$@" /t/look "$(tty)" /w/out' sh $warren
[ "$(echo $(cat "$root/w/out"))" = "exists opens listed" ] || fail "on the terminal: $(cat "$root/w/out")"
# the same terminal, of the host only
# shellcheck disable=SC2016
expect_status 0 "a guest on none" "$T_HOST/pty_run" quiet sh -c \
	't=$(tty); setsid -w "$@" /t/look "$t" /w/out </dev/null >/dev/null 2>&1' sh $warren
[ ! -s "$root/w/out" ] || fail "without the terminal: $(cat "$root/w/out")"
# one of another sandbox, which waits in it
cat >"$root/t/hold" <<'END'
#!/bin/sh
exec 5<>/dev/ptmx
ls /dev/pts | grep -v ptmx >/w/name
sleep 6
END
chmod 755 "$root/t/hold"
setsid $warren /t/hold </dev/null >/dev/null 2>&1 &
started=$!
i=0
while [ ! -s "$root/w/name" ] && [ $i -lt 50 ]; do
	sleep 0.1
	i=$((i + 1))
done
name=$(cat "$root/w/name")
case $name in
[0-9]*) ;;
*) fail "the other sandbox made no terminal: $name" ;;
esac
[ -e "/dev/pts/$name" ] || fail "terminal $name is not there"
echo stale >"$root/w/out"
setsid -w $warren /t/look "/dev/pts/$name" /w/out </dev/null >/dev/null 2>&1
[ ! -s "$root/w/out" ] || fail "another sandbox's terminal: $(cat "$root/w/out")"
done_testing
