#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Processes: a supervisor that gets no more memory goes on, or ends and says why; no rule stops to hold. With one that the kernel's
# OOM killer has chosen no guest survives (as root, where a cgroup can be made).
. "$(dirname "$0")/helpers/host.sh"

n=$((8000 + $$ % 1000))
tokens="$n.1"
echo secret >"$root/etc/denied"
guest='sleep '$n'.1 & i=0; while [ $i -lt 60 ]; do
	cat /etc/denied && echo "read $i" >>/w/log
	(/bin/true a b c & ls /bin /t >/dev/null & wait)
	i=$((i + 1))
done; echo done >/w/done; kill %1'

# begin_guest: $warren is the supervisor, which runs
begin_guest()
{
	rm -f "$root"/w/*
	"$WARREN" run --root "$root" -w / --deny /etc/denied --cwd /w -- /bin/sh -c "$guest" </dev/null >"$base/out" 2>"$base/err" &
	warren=$!
	started=$warren
	alive_within 4 "$n.1" || fail "$1: the guest did not come up: $(head -c 300 "$base/err")"
}

# end_guest WHAT: it has ended
end_guest()
{
	i=0
	while kill -0 $warren 2>/dev/null && [ $i -lt 200 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	[ $i -lt 200 ] || fail "$1: it hangs"
	kill -KILL $warren 2>/dev/null
	wait $warren 2>/dev/null
	status=$?
	started=
	gone_within 3 "$n.1" || fail "$1: a guest is alive after its supervisor"
	[ ! -e "$root/w/log" ] || fail "$1: what is denied was read"
}

# The control: with all the memory it wants.
begin_guest control
end_guest control
[ $status = 0 ] && [ -e "$root/w/done" ] || fail "control: status $status, $(head -c 300 "$base/err")"

# Not a page more than it has; then a little more, so that other places find none.
for more in 0 65536 1048576 4194304; do
	begin_guest "$more more"
	vm=$(sed -n 's/^VmSize:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$warren/status)
	prlimit --pid $warren --as=$((vm * 1024 + more)):$((vm * 1024 + more)) || exit 77
	end_guest "$more more"
	case $status in
	0) ;; # with errors for the guest, or none
	*) [ -s "$base/err" ] || fail "$more more: status $status and no reason" ;;
	esac
done

# The OOM killer takes it first: its guest eats up the memory of the cgroup that both are in.
memory=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory:\(.*\)$/\1/p' /proc/self/cgroup) limit=memory.limit_in_bytes
[ -d /sys/fs/cgroup/memory ] || { memory=/sys/fs/cgroup$(sed -n 's/^0::\(.*\)$/\1/p' /proc/self/cgroup) limit=memory.max; }
dir=$memory/warren-test-$$
if [ "$(id -u)" = 0 ] && mkdir "$dir" 2>/dev/null && echo 80M >"$dir/$limit" 2>/dev/null; then
	eater="sleep $n.1 & touch up; until [ -e go ]; do sleep 0.1; done
		(x=0123456789abcdef; while :; do x=\$x\$x; done); kill %1; exit 7"
	rm -f "$root"/w/*
	# shellcheck disable=SC2016 # expanded inside
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$dir" "$WARREN" run --root "$root" -w / --cwd /w -- \
		/bin/sh -c "$eater" </dev/null >"$base/out" 2>"$base/err" &
	warren=$!
	started=$warren
	i=0
	until [ -e "$root/w/up" ] || [ $i = 50 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	echo 1000 >/proc/$warren/oom_score_adj
	touch "$root/w/go"
	end_guest "out of memory"
	# 7: the guest was, which does not test anything
	[ $status = 137 ] || fail "out of memory: status $status; the supervisor was not killed: $(head -c 300 "$base/err")"
fi
i=0
while [ -d "$dir" ] && ! rmdir "$dir" 2>/dev/null && [ $i -lt 20 ]; do
	sleep 0.1
	i=$((i + 1))
done
done_testing
