#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exec: SIGPIPE, signal mask and ignored signals are as the caller left them: compared with a plain run of the program.
. "$(dirname "$0")/helpers/host.sh"

[ -x "$T_HOST/sigstart" ] || { echo "no $T_HOST/sigstart" >&2; exit 2; }
compare()
{
	"$T_HOST/sigstart" "$@" "$T_TEMPLATE/t/helper" | grep -E '^Sig(Blk|Ign|Cgt)' >"$base/native"
	# shellcheck disable=SC2086
	timeout 10 "$T_HOST/sigstart" "$@" "$WARREN" run --root "$root" ${T_WARREN_ARGS:--w /} -- /t/helper 2>"$base/err" |
		grep -E '^Sig(Blk|Ign|Cgt)' >"$base/guest"
	cmp -s "$base/native" "$base/guest" ||
		fail "with '$*': natively $(tr '\n' ' ' <"$base/native"), in warren $(tr '\n' ' ' <"$base/guest") $(head -c 200 "$base/err")"
}
compare
compare -i PIPE
compare -i INT -i QUIT
compare -i HUP -i PIPE -i USR1 -i CHLD
compare -b USR1
compare -b TERM -b INT -b CHLD
compare -b ALRM -i TTOU -i TSTP
# What follows from it: a program that ignores SIGPIPE sees EPIPE, one that does not is killed by it.
s=$("$T_HOST/sigstart" timeout 10 "$WARREN" run --root "$root" -- \
	/bin/sh -c '(sleep 0.3; echo x; echo y; true) 2>/dev/null; kill -PIPE $$; echo alive' | head -n 0; echo)
[ -z "$s" ] || fail "SIGPIPE did not end the guest: $s"
done_testing
