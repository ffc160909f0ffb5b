#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A layer in which nothing was written serves the next job, any other does not: whatever a job does, the next one
# finds what the first one found.
. "$(dirname "$0")/lib.sh"

mkdir lower lower/sub tmp
TMPDIR=$base/tmp
export TMPDIR
echo text >lower/file
echo text >lower/sub/file
chmod 755 lower lower/sub
look='stat -c "%n %a %F" lower lower/* lower/sub/*; stat -c %y lower lower/sub lower/file; ls -a lower lower/sub /dev/shm; cat lower/file'
{
	while read -r change; do
		printf '%s\n' "$look" "$change"
	done
	echo "$look"
} >jobs <<'END'
echo new >lower/new
echo more >>lower/file
: >lower/sub/file
rm lower/file
rm -r lower/sub
mkdir lower/dir
mv lower/file lower/moved
mv lower/sub/file lower/sub/file2
ln -s x lower/link
ln lower/file lower/hard
mkfifo lower/fifo
chmod 700 lower
chmod 700 lower/sub
touch -d @1000000 lower
touch lower/file
python3 -c 'import os; os.fchmod(os.open("lower", os.O_RDONLY), 0o711)'
python3 -c 'import os; os.utime(os.open("lower", os.O_RDONLY), (5, 5))'
python3 -c 'import os; os.fchmod(os.open("lower/file", os.O_RDONLY), 0o600)'
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("lower/socket")'
python3 -c 'import os, tempfile; os.write(os.open("lower", os.O_TMPFILE | os.O_RDWR), b"x")'
echo shared >/dev/shm/name
mkdir /dev/shm/dir
(sleep 0.3; echo late >lower/late) &
true
END
expect 0 "changes" -j1 -k --cow lower jobs
n=$(grep -c '^lower 755 directory$' out)
[ "$n" = "$(($(wc -l <jobs) / 2 + 1))" ] || fail "of $(($(wc -l <jobs) / 2 + 1)) looks $n see the directory's mode"
per=$(($(wc -l <out) / n))
head -n $per out >first
i=0
while [ $i -lt "$n" ]; do
	tail -n +$((i * per + 1)) out | head -n $per | cmp -s - first || {
		fail "after '$(sed -n "$((2 * i))p" jobs)':"
		tail -n +$((i * per + 1)) out | head -n $per | diff first - >&2
		break
	}
	i=$((i + 1))
done
[ "$(cat lower/file)" = text ] && [ ! -e lower/new ] || fail "the lower has changed"

# Many that do nothing, among some that write.
seq 100 | sed 's/.*/test ! -e lower\/mark/; 7~10s/$/ \&\& echo & >lower\/mark/' >jobs
expect 0 "many" -j4 --cow lower jobs
[ ! -e lower/mark ] || fail "the lower was written"
left=$(ls tmp)
[ -z "$left" ] || fail "left behind: $left"
done_testing
