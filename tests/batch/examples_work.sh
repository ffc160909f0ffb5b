#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What docs/examples says works as it is written there.
examples=$(realpath "$(dirname "$0")/../../docs/examples")
. "$(dirname "$0")/lib.sh"

export WARREN
cp -r "$examples" here
cd here || exit 2
if command -v cmake >/dev/null && command -v ctest >/dev/null; then
	{ cmake -S ctest -B ctest/build -DWARREN="$WARREN" && cmake --build ctest/build; } >log 2>&1 ||
		{ fail "ctest: build"; cat log >&2; }
	ctest --test-dir ctest/build -j2 >log 2>&1 || { fail "ctest"; cat log >&2; }
	grep -q '100% tests passed' log || { fail "ctest"; cat log >&2; }
	[ ! -e ctest/build/state ] || fail "ctest: a test wrote past its layer"
fi
if command -v ninja >/dev/null; then
	mkdir ninja/out
	sed -i "s|^warren = .*|warren = $WARREN|" ninja/build.ninja
	ninja -C ninja >log 2>&1 || { fail "ninja"; cat log >&2; }
	[ "$(ninja/out/hello)" = hello ] || fail "ninja: the program"
	sed -i 's|-c \$in|-c $in -fdump-tree-original=stray|' ninja/build.ninja
	ninja -C ninja -v >log 2>&1 && fail "ninja: an action wrote where it may not"
	[ ! -e ninja/stray ] || fail "ninja: an action wrote where it may not"
fi
squares()
{
	timeout 60 "$WARREN" batch -q -r / --zygote "$1" ::: 3 4 5 >squares 2>log || { fail "$1"; cat log >&2; }
	[ "$(grep -o "squared is.*" squares | sort | tr '\n' ' ')" = "squared is 16 squared is 25 squared is 9 " ] || { fail "$1:"; cat squares >&2; }
}
if command -v cc >/dev/null && cc -o zygote zygote.c; then
	squares ./zygote
fi
if python3 -c '' 2>/dev/null; then
	squares 'python3 zygote.py'
fi
seq 11 | sed 's/.*/echo &/' >jobs.txt
# as Slurm calls it (array_under_slurm.sh: by Slurm); a task that is run again does nothing
for task in 1 2 3 2; do
	SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_COUNT=3 SLURM_CPUS_PER_TASK=2 \
		timeout 60 ./slurm-array.sh jobs.txt results >>out 2>log || { fail "slurm-array.sh"; cat log >&2; }
done
[ "$(sort -n out | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 9 10 11 " ] || { fail "slurm-array.sh:"; cat out >&2; }
"$WARREN" report results/*.jsonl >out || fail "report"
grep -q '^11 jobs: 11 passed;' out || { fail "report:"; cat out >&2; }
if command -v parallel >/dev/null; then
	timeout 60 ./parallel.sh jobs.txt more 3 >out 2>log || { fail "parallel.sh"; cat log >&2; }
	[ "$(sort -n out | tail -n 1)" = 11 ] && [ "$(wc -l <out)" = 11 ] || { fail "parallel.sh:"; cat out >&2; }
fi
if python3 -c '' 2>/dev/null; then
	mkdir scripts
	for i in 1 2 3 4 5 6; do
		echo "import os; assert not os.path.exists('state'); open('state', 'w').write('x')" >scripts/t$i.py
	done
	echo 'raise SystemExit(3)' >scripts/bad.py
	LAYERS=$base/layers timeout 80 ./regression.sh scripts >out 2>log
	[ $? = 1 ] && grep -q '6 passed, 1 failed' log || { fail "regression.sh"; cat log >&2; }
	[ ! -e scripts/state ] && [ "$(ls "$base/layers" | wc -l)" = 1 ] || fail "regression.sh: layers"
fi
if command -v afl-fuzz >/dev/null && command -v afl-cc >/dev/null; then
	cat >target.c <<-'END'
	#include <stdio.h>
	#include <stdlib.h>
	int main(void)
	{
		char b[8] = "";
		if (fgets(b, sizeof(b), stdin) && b[0] == 'w' && b[1] == 'a')
			abort();
		return remove("target.c") == 0; /* it may not */
	}
	END
	mkdir seeds && echo hello >seeds/a && echo wxx >seeds/b
	afl-cc -o target target.c >log 2>&1 || { fail "afl-cc"; cat log >&2; }
	# afl-fuzz reads it, too, where warren was built with AddressSanitizer, and wants these
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}abort_on_error=1:symbolize=0"
	timeout 100 ./afl.sh ./target seeds findings 2 8 >log 2>&1 || { fail "afl.sh"; cat log >&2; }
	[ -e findings/f1/fuzzer_stats ] && [ -e findings/f2/fuzzer_stats ] && [ -e target.c ] || { fail "afl.sh: findings"; cat log >&2; }
fi
done_testing
