#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where the file system shares blocks, copying up takes next to none, and neither does a commit.
. "$(dirname "$0")/lib.sh"

dd if=/dev/urandom of=d/large bs=1M count=64 2>/dev/null
cp --reflink=always d/large probe 2>err || { echo "no shared blocks here: $(cat err)"; exit 77; }
rm probe

used()
{
	sync -f .
	df -k --output=used . | tail -n 1
}

before=$(used)
sum=$(tail -c +2 d/large | md5sum)
expect 0 "a byte is written" c --layer l -- sh -c 'printf x | dd of=large conv=notrunc 2>/dev/null; chmod 600 hard'
more=$(($(used) - before))
[ $more -lt 8192 ] || fail "the copy of 64 MiB took $more KiB"
[ "$(tail -c +2 l/upper/large | md5sum)" = "$sum" ] && [ "$(head -c 1 l/upper/large)" = x ] || fail "the copy is another"
expect 0 "commit" warren commit l
more=$(($(used) - before))
[ $more -lt 8192 ] || fail "the commit of 64 MiB took $more KiB"
[ "$(tail -c +2 d/large | md5sum)" = "$sum" ] && [ "$(head -c 1 d/large)" = x ] || fail "what was committed is another"
done_testing
