#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exec: an interactive shell in a terminal: job control (^C, ^Z, jobs, bg, fg), line editing and history, the size of
# the window, exit; started from a login or from another shell with job control, which gets its terminal back.
. "$(dirname "$0")/helpers/host.sh"

[ -x "$T_HOST/pty_dialogue" ] || { echo "no $T_HOST/pty_dialogue" >&2; exit 2; }

# A key that signals is pressed until it has worked: a shell says that a job is in the foreground before it is.
# What is typed and what is shown differ, so that no echo is taken for an answer.
cat >"$base/jobs" <<'END'
expect ready>
send echo a$((40+2))\n
expect a42
expect ready>
send sh -c 'echo b$((40+2)); exec sleep 1000'\n
expect b42
press \x1a until Stopped
expect ready>
send jobs\n
expect Stopped
expect ready>
send bg\n
expect ready>
send jobs\n
expect Running
expect ready>
send fg\n
expect sleep
press \x03 until ready>
send echo c$?\n
expect c130
expect ready>
send sh -c 'trap "echo d\$((40+2)); exit 5" INT; echo e$((40+2)); while :; do sleep 1; done'\n
expect e42
press \x03 until d42
expect ready>
send sh -c 'echo p$((40+2)); exec sleep 1000'\n
expect p42
press \x1c until Quit
expect ready>
send sleep 1000 &\n
expect ready>
send kill %1; wait; echo f$((40+2))\n
expect f42
expect ready>
END
cat >"$base/editing" <<'END'
send cho g$((40+2))\x01e\n
expect g42
expect ready>
send \e[A\n
expect g42
expect ready>
send echo ZZ\x7f\x7fh$((40+2))\n
expect h42
expect ready>
send nonsense\x03
expect ready>
send echo i$((40+2))\n
expect i42
expect ready>
END
# stty is busybox's in the one root, the host's in the other
cat >"$base/window" <<'END'
send echo j$((40+2)) $(STTY size)\n
expect j42 24 80
expect ready>
size 33 101
send echo k$((40+2)) $(STTY size)\n
expect k42 33 101
expect ready>
send sh -c 'trap "echo l\$((40+2))" WINCH; echo m$((40+2)); sleep 2 & wait; wait'\n
expect m42
size 30 90
expect l42
expect ready>
send read x; echo n$x\n
send line\n
expect nline
expect ready>
END
printf '%s\n' 'send exit 7\n' >"$base/exit"
script()
{
	cat "$base/jobs" "$base/editing" "$base/window" "$base/exit" | sed "s|STTY|$1|"
}
# talk WHAT STATUS STTY COMMAND...: now and then, one time in eight, a key that comes with the end of a job gets lost, in a shell
# outside of warren as well; so a dialogue that stops is begun anew.
talk()
{
	what=$1 want=$2 stty=$3
	shift 3
	for try in 1 2 3; do
		script "$stty" | "$T_HOST/pty_dialogue" "$@" >"$base/out" 2>"$base/err"
		status=$?
		[ $status -eq 99 ] || break
		echo "$what: try $try stopped" >&2
	done
	[ $status -eq "$want" ] || fail "$what: status $status; $(tail -c 1500 "$base/err")"
}

# shellcheck disable=SC2086 # a list of words
set -- "$WARREN" run --root "$root" ${T_WARREN_ARGS:--w /} --cwd /w --env "PS1=ready> " --env TERM=vt100 --env HOME=/w
talk "busybox sh" 7 "busybox stty" "$@" -- /bin/sh -i
if command -v bash >/dev/null; then
	bash=$(command -v bash)
	set -- "$WARREN" run -r / -w "$root" --cwd "$root" --env "PS1=ready> " --env TERM=vt100 --env HOME="$root"
	talk "bash" 7 stty "$@" -- "$bash" --norc --noprofile -i

	# from a shell that has job control itself: ^Z within is for the job within, the shell outside goes on afterwards
	cat >"$base/outer" <<END
expect outer>
send $WARREN run -r / -w '$root' --cwd '$root' --env 'PS1=ready> ' -- '$bash' --norc --noprofile -i\n
END
	for try in 1 2 3; do
		{
			cat "$base/outer" "$base/jobs" "$base/exit"
			printf '%s\n' 'expect outer>' 'send echo o$?\n' 'expect o7' 'expect outer>' 'send exit 3\n'
		} | env PS1="outer> " TERM=vt100 HISTFILE= "$T_HOST/pty_dialogue" "$bash" --norc --noprofile -i >"$base/out" 2>"$base/err"
		status=$?
		[ $status -eq 99 ] || break
		echo "bash in bash: try $try stopped" >&2
	done
	[ $status -eq 3 ] || fail "bash in bash: status $status; $(tail -c 1500 "$base/err")"
fi
done_testing
