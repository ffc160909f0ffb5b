# cmake with ninja: configure, build, test, install, build again.
set -e
mkdir -p p/lib p/app && cd p
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(p C)
enable_testing()
include(CheckIncludeFile)
check_include_file(sys/stat.h HAVE_STAT)
find_package(Threads REQUIRED)
file(GLOB SOURCES CONFIGURE_DEPENDS lib/*.c)
add_library(l SHARED ${SOURCES})
add_executable(app app/main.c)
target_link_libraries(app l Threads::Threads)
configure_file(c.h.in c.h)
target_include_directories(app PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
add_test(NAME runs COMMAND app)
install(TARGETS app l)
END
echo '#cmakedefine HAVE_STAT 1' >c.h.in
decls= calls=
for i in $(seq 30); do
	echo "int f$i(int x) { return x * $i; }" >lib/f$i.c
	decls="$decls int f$i(int);" calls="$calls + f$i(1)"
done
printf '#include <stdio.h>\n#include "c.h"\n%s\nint main(void) { printf("%%d\\n", 0%s); return HAVE_STAT - 1; }\n' "$decls" "$calls" >app/main.c
cmake -G Ninja -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/work/inst . 2>&1 |
	grep -v -E 'done \(|ninja.log'
ninja -C build -j2 | tail -n 1 && ninja -C build | tail -n 1
build/app && (cd build && ctest 2>&1 | grep -E 'tests passed')
sha256sum build/app build/libl.so
echo 'int f31(int x) { return x; }' >lib/f31.c && ninja -C build | grep -c Building
cmake --install build >/dev/null && find /work/inst -type f | LC_ALL=C sort && LD_LIBRARY_PATH=/work/inst/lib /work/inst/bin/app
touch lib/f1.c && ninja -C build | grep -c Building
ninja -C build -t clean >/dev/null && ls build/*.so 2>&1 || true
