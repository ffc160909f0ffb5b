#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In what containers are like: no user namespaces, no capabilities, no cgroups to make, no /sys, a /dev without /dev/shm: warren
# works. Under a filter of system calls as Docker has by default it says what it lacks. All of it in namespaces that go with the
# test; the limit of user namespaces is that of the one made here.
. "$(dirname "$0")/helpers/host.sh"

mkdir "$base/dev" "$base/w" "$base/lower" || exit 2
export WARREN T_HOST root base

# shellcheck disable=SC2016 # expanded by the inner shells
enter='
mount -t tmpfs none "$base/dev" && cd "$base/dev" || exit 77
for node in null zero full random urandom tty; do
	: >$node && mount --bind /dev/$node $node || exit 77
done
mkdir pts && mount -t devpts -o newinstance,ptmxmode=0666 devpts pts && ln -s pts/ptmx ptmx && cd / || exit 77
mount --rbind "$base/dev" /dev && mount -t tmpfs -o ro none /sys || exit 77
echo 0 >/proc/sys/user/max_user_namespaces || exit 77
exec setpriv --no-new-privs --inh-caps -all --bounding-set -all -- "$@"'
container()
{
	timeout -k 2 60 unshare --user --map-root-user --mount --pid --fork --mount-proc --kill-child -- sh -c "$enter" sh "$@" 2>"$base/err" </dev/null
}

out=$(container sh -c 'unshare --user true 2>/dev/null && echo namespaces; ls /dev/shm /sys/kernel 2>/dev/null; grep CapEff /proc/self/status')
[ $? != 77 ] || { echo "in_a_container: no namespaces to make one: $(head -c 200 "$base/err")" >&2; exit 77; }
[ "$out" = "CapEff:	0000000000000000" ] || fail "this is no container: $out $(head -c 200 "$base/err")"

expect_out "hello" "a program in a root" container "$WARREN" run --root "$root" -- /bin/sh -c 'echo hello >/w/f && cat /w/f'
expect_out "hello" "a program of the host" container "$WARREN" run -r / -w "$base/w" --cwd "$base/w" -- sh -c 'echo hello >f && cat f'
expect_out "1" "a layer that is committed" container sh -c '"$WARREN" run -r / --cow "$base/lower" --on-exit commit -- \
	sh -c "echo 1 >\"$base/lower/made\"" && cat "$base/lower/made"'
expect_out "a b c " "jobs with layers" container sh -c '"$WARREN" batch -q -k -r / --cow "$base/lower" --limits processes=20,cpu=10 \
	"echo {} >\"$base/lower/made\"; cat \"$base/lower/made\"" ::: a b c | tr "\n" " "'
[ "$(cat "$base/lower/made")" = 1 ] || fail "a job changed what is below its layer"
expect_out "yes" "a terminal" container "$WARREN" run --root "$root" -- /bin/sh -c 'test -c /dev/ptmx && test -c /dev/null && test -d /dev/shm && echo yes'
expect_out "1" "memory, best effort" container "$WARREN" run --root "$root" --limits memory=200M,best-effort -- /bin/echo 1
expect_status 125 "memory, strictly" container "$WARREN" run --root "$root" --limits memory=200M -- /bin/echo 1
grep -q 'memory cannot be limited strictly here' "$base/err" || fail "memory: it does not say why: $(head -c 300 "$base/err")"
expect_status 0 "check" container "$WARREN" check

expect_status 125 "under Docker's filter" container "$T_HOST/container_filter" "$WARREN" run --root "$root" -- /bin/true
grep -q '^warren run: .*warren check' "$base/err" || fail "Docker's filter: it does not say why: $(head -c 300 "$base/err")"
expect_status 1 "check under Docker's filter" container "$T_HOST/container_filter" "$WARREN" check
for what in 'unshare(CLONE_FS)' io_uring pidfd_getfd; do
	echo "$out" | grep -qF "MISSING  $what" || fail "check does not say that there is no $what: $out"
done
done_testing
