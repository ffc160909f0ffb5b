# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of layers. WARREN: the command. T_LAYER_DIR: the file system to test on. $base is a scratch directory that goes in the end; d is what
# is covered, with a few files in it.
set -u
LC_ALL=C
export LC_ALL
: "${WARREN:?WARREN is the command to test}"
me=${0##*/}
failures=0
base=$(mktemp -d "${T_LAYER_DIR:-${TMPDIR:-/tmp}}/warren-layer-test.XXXXXX") || exit 2
trap 'chmod -R u+rwx "$base" 2>/dev/null; rm -rf --one-file-system "$base"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$base" || exit 2
mkdir -p d/sub/deep && echo one >d/f && echo two >d/sub/g && echo three >d/sub/deep/h && ln -s f d/link && ln d/f d/hard

fail()
{
	echo "$me: $*" >&2
	failures=1
}

done_testing()
{
	exit $failures
}

# tree DIR: everything in it.
tree()
{
	(cd "$1" && find . -printf '%p %y %m %l\n' | sort && find . -type f -exec md5sum {} + | sort)
}

# c OPTIONS... -- PROGRAM...: in d, with a layer over it.
c()
{
	timeout -k 5 60 "$WARREN" run -r / --cow "$base/d" --cwd "$base/d" "$@" >out 2>err </dev/null
}

# expect STATUS WHAT COMMAND...
expect()
{
	want=$1 what=$2
	shift 2
	"$@"
	status=$?
	[ $status = "$want" ] || fail "$what: status $status, not $want: $(head -n 5 err 2>/dev/null)"
}

warren()
{
	timeout -k 5 60 "$WARREN" "$@" >out 2>err </dev/null
}
