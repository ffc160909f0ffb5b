#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --lower-frozen: what was found out about files that are only read is remembered, and only that: what the
# sandbox writes, with and without a layer, is seen at once.
. "$(dirname "$0")/helpers/host.sh"

mkdir "$root/ro" && : >"$root/ro/f" && ln -s f "$root/ro/link" && mkdir "$root/ro/d" && echo x >"$root/ro/d/x"
# what is it like; then somebody outside changes it; what is it like now
cat >"$root/t/look" <<'END'
look() {
	[ -s /ro/f ] && echo -n "full " || echo -n "empty "
	[ -e /ro/new ] && echo -n "new " || echo -n "none "
	[ -s /ro/link ] && echo -n "full " || echo -n "empty "
	readlink /ro/link
}
look >/w/before
: >/w/asked
i=0
until [ -e /w/changed ] || [ $i = 200 ]; do sleep 0.05; i=$((i + 1)); done
look >/w/after
END

# around OPTIONS: in $root/w/before and $root/w/after what the guest saw before and after
around()
{
	rm -rf "$root/w/asked" "$root/w/changed" "$root/ro/new"
	ln -sf f "$root/ro/link"
	: >"$root/ro/f"
	run_with -r / -w /w --cwd /w "$@" -- /bin/sh /t/look &
	guest=$!
	i=0
	until [ -e "$root/w/asked" ] || [ $i = 200 ]; do sleep 0.05; i=$((i + 1)); done
	echo changed >"$root/ro/f"
	echo new >"$root/ro/new"
	ln -sf new "$root/ro/link"
	: >"$root/w/changed"
	wait $guest || fail "the guest failed with $*"
}
around
expect_out "empty none empty f" "at first" cat "$root/w/before"
expect_out "full new full new" "nothing is remembered without the promise" cat "$root/w/after"
around --lower-frozen
expect_out "empty none empty f" "at first, frozen" cat "$root/w/before"
expect_out "empty none empty f" "what is frozen is remembered" cat "$root/w/after"

# One's own changes. Everything is asked for before it is changed.
cat >"$root/t/change" <<'END'
cd "$1" || exit 1
ask() { for f in f new link d d/x d/y e e/x; do [ -e $f ]; [ -s $f ]; [ -L $f ]; [ -d $f ]; readlink $f; done >/dev/null; }
say() { echo "$*"; }
ask
echo data >f; [ -s f ] || say "not written"
ask
rm f; [ -e f ] && say "not removed"
[ -e link ] && say "the link leads to something"
ask
ln -s d f; [ -d f ] && [ -e f/x ] || say "not a link to d"
ask
rm link; echo y >link; [ -L link ] && say "still a link"
ask
echo y >d/y; [ -s d/y ] || say "no y"
rm d/x; [ -e d/x ] && say "x is there"
ask
cp -r d e && [ -s e/y ] && [ ! -e e/x ] || say "no copy"
ask
mv e/y new; [ -s new ] && [ ! -e e/y ] || say "not moved"
rm -r d; [ -e d/y ] && say "d/y is there"
[ -e f ] && say "f leads to something"
mkdir d; [ -e d/x ] && say "x is there again"
echo done
END
ln -sf f "$root/ro/link" && rm "$root/ro/new"
mkdir "$root/w/ro" && cp -a "$root/ro/." "$root/w/ro"
[ "$(id -u)" = 0 ] || chmod -R u+w "$root/w/ro"
expect_out "done" "changes in a writable directory" run_with -r / -w /w --lower-frozen -- /bin/sh /t/change /w/ro
expect_out "done" "changes in a layer" run_with -r / --cow /ro --lower-frozen --on-exit discard -- /bin/sh /t/change /ro
expect_out "done" "changes in a layer over all" run_with --cow / --lower-frozen --on-exit discard -- /bin/sh /t/change /ro
[ -L "$root/ro/link" ] && [ -s "$root/ro/d/x" ] || fail "the lower was changed"

# jobs share what they found out, and nothing of what they did
for n in 1 2 3 4 5 6; do
	echo "cd /ro && [ -s d/x ] && [ ! -e mine ] && echo $n >mine && rm d/x && [ ! -e d/x ] && [ -s mine ]"
done >"$base/jobs"
timeout -k 2 30 "$WARREN" batch --root "$root" -r / --cow /ro --lower-frozen -j3 --results "$base/r.jsonl" "$base/jobs" \
	>/dev/null 2>"$base/err" || fail "a job failed: $(cat "$base/err")"
[ "$(grep -c '"exit_code": *0\|"exit":0\|"exit_code":0' "$base/r.jsonl")" = 6 ] || fail "results: $(cat "$base/r.jsonl")"
done_testing
