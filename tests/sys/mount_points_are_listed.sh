#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Mounts: a mount point that the root does not have is listed in its parent, as what it is, with the inode that
# stat gives; everything else in that directory is listed, too, at any size of the buffer.
. "$(dirname "$0")/helpers/host.sh"

rmdir "$root/proc" "$root/dev"
mkdir -p "$base/a/own" "$base/b"
echo file >"$base/file"
mkdir "$root/m"
i=0
while [ $i -lt 300 ]; do
	i=$((i + 1))
	: >"$root/m/name-$i"
done
set -- --mount "$base/a:/m/new" --mount "$base/file:/m/new-file" --mount "$base/b:/deep/er/b" \
	--mount "$base/file:/m/new/own/file" --mount "$base/b:/m/name-7" -w /

expect_out "bin deep dev etc lib lib64 m proc sticky t tmp w" "the root" run_with "$@" -- \
	/bin/sh -c 'cd / && echo $(ls | sort)'
expect_out "302 302" "the names, and how many of them are different" run_with "$@" -- \
	/bin/sh -c 'echo $(ls /m | wc -l) $(ls /m | sort -u | wc -l)'
expect_out "/deep /deep/er /deep/er/b" "parents that the root lacks" run_with "$@" -- \
	/bin/sh -c 'echo $(find /deep -type d)'
expect_out "/m /m/name-7 /m/new /m/new/own" "directories" run_with "$@" -- /bin/sh -c 'echo $(find /m -type d | sort)'
expect_out "/m/new-file /m/new/own/file" "files" run_with "$@" -- /bin/sh -c 'echo $(find /m -type f -name "*file" | sort)'
# In one run: the directories that warren makes are others in the next one.
# shellcheck disable=SC2016 # the guest's variables
expect_out "" "inodes" run_with "$@" -- /bin/sh -c '
	for p in /proc /dev /m /m/new /m/new-file /deep /deep/er /deep/er/b /dev/null /dev/shm; do
		listed=$(/t/helper inode "${p%/*}/" "${p##*/}")
		[ "$listed" = "$(stat -c %i $p)" ] || echo "$p: $listed is listed"
	done'
expect_out "made gone" "what the guest makes and removes there" run_with "$@" -- /bin/sh -c \
	'ls / >/dev/null; : >/here; ls / | grep -q here && echo -n "made "; rm /here; ls / | grep -q here || echo gone'
done_testing
