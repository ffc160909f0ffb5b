#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs of the host, which the kernel may find by itself, and programs that the layer has: a new one, one that took the
# place of another, one whose loader is only there.
. "$(dirname "$0")/lib.sh"

[ -e /lib64/ld-linux-x86-64.so.2 ] || { echo "skipped: no /lib64/ld-linux-x86-64.so.2 here" >&2; exit 77; }
printf '#!/bin/sh\necho lower script\n' >d/script && chmod 755 d/script
cp /bin/false d/tool
cat >run.sh <<'END'
./script
./tool || echo lower tool
cp /bin/cat mycat
echo new | ./mycat
cp /bin/true tool.new && mv tool.new tool && ./tool && echo upper tool
printf '#!/bin/sh\necho upper script\n' >script && ./script
cp /lib64/ld-linux-x86-64.so.2 myld
sed 's|/lib64/ld-linux-x86-64\.so\.2\x00|./myld\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00|' mycat >mycat2
chmod 755 mycat2
echo own loader | ./mycat2
[ "$(./mycat2 /proc/self/comm)" = mycat2 ] || echo "comm: $(./mycat2 /proc/self/comm)"
./mycat2 /proc/self/maps | grep -q "$PWD/myld" || ./mycat2 /proc/self/maps
rm tool && ./tool 2>/dev/null || echo no tool
END
cat >want <<'END'
lower script
lower tool
new
upper tool
upper script
own loader
no tool
END
for how in "" "--lower-frozen"; do
	# shellcheck disable=SC2086 # a word or none
	expect 0 "programs $how" c $how --on-exit discard --trace "$base/trace" -- /bin/sh "$base/run.sh"
	cmp -s want out || fail "programs $how: $(diff want out)"
done
# the host's own are run by the kernel, what the layer has is not
grep -q 'execve /bin/cat continue\|execve /bin/cp continue\|execve /usr/bin/cp continue' trace || fail "cp: $(grep execve trace)"
! grep -q 'execve \./mycat continue' trace && grep -q 'execve \./mycat substitute' trace || fail "mycat: $(grep execve trace)"
# jobs share nothing
printf '%s\n' "cp /lib64/ld-linux-x86-64.so.2 myld && cp /bin/echo e1 && ./e1 one" "./e1 || echo none" >jobs
(cd d && timeout -k 5 60 "$WARREN" batch -q -r / --cow "$base/d" -j1 ../jobs >../out 2>../err </dev/null)
[ "$(sort out | tr '\n' ' ')" = "none one " ] || fail "jobs: $(cat out err)"
done_testing
