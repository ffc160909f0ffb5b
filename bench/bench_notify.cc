// SPDX-License-Identifier: Apache-2.0
/* The raw floors as a Google Benchmark program. The call is timed where it is made, in a guest process, so
 * the benchmark's own clock is not used: each iteration commands one batch and reports the guest's time per
 * call. */
#include "floor_measure.h"

#include <benchmark/benchmark.h>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace
{

struct Scene {
	struct scene s = {};
	int root_fd = -1;

	Scene()
	{
		if (scene_make(&s) == 0) {
			root_fd = open(s.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
			if (chdir(s.dir) < 0)
				root_fd = -1;
		}
	}
	~Scene()
	{
		scene_remove(&s);
		close(root_fd);
	}
	Scene(const Scene &) = delete;
	Scene &operator=(const Scene &) = delete;
};

struct Spec {
	const char *name;
	loop_kind kind;
	const char *path; /* relative: native, below the working directory */
	bool cache, async_wakeup;
	floor_pin pin;
};

const Spec specs[] = {
	{"native/getppid", LOOP_GETPPID, nullptr, false, false, FLOOR_PIN_NONE},
	{"native/stat", LOOP_STAT, "a/b/c/f", false, false, FLOOR_PIN_NONE},
	{"native/open_close", LOOP_OPEN, "a/b/c/f", false, false, FLOOR_PIN_NONE},
	{"null/default_wakeup", LOOP_GETPPID, nullptr, false, true, FLOOR_PIN_NONE},
	{"null/sync_wakeup", LOOP_GETPPID, nullptr, false, false, FLOOR_PIN_NONE},
	{"null/sync_wakeup_one_cpu", LOOP_GETPPID, nullptr, false, false, FLOOR_PIN_SAME},
	{"floor/open_close", LOOP_OPEN, "/a/b/c/f", false, false, FLOOR_PIN_SAME},
	{"floor/stat", LOOP_STAT, "/a/b/c/f", false, false, FLOOR_PIN_SAME},
	{"floor/stat_cached", LOOP_STAT, "/a/b/c/f", true, false, FLOOR_PIN_SAME},
	{"floor/enoent", LOOP_ENOENT, "/a/b/c/m", false, false, FLOOR_PIN_SAME},
	{"floor/enoent_cached", LOOP_ENOENT, "/a/b/c/m", true, false, FLOOR_PIN_SAME},
};

void run_spec(benchmark::State &state, const Spec &spec, int root_fd)
{
	floor_config conf = {};
	loop_op op = {};
	pupil p;
	int r;

	conf.root_fd = root_fd;
	conf.null_nr = spec.kind == LOOP_GETPPID ? SYS_getppid : -1;
	conf.cache = spec.cache;
	conf.async_wakeup = spec.async_wakeup;
	conf.pin = spec.pin;
	op.kind = spec.kind;
	op.path = spec.path;
	r = pupil_start(&p, &conf, &op, !std::strncmp(spec.name, "native/", 7));
	if (r < 0) {
		state.SkipWithError(std::strerror(-r));
		return;
	}
	for (auto _ : state) {
		double ns = 0;

		if (pupil_run(&p, LOOP_BATCH, &ns) < 0) {
			state.SkipWithError("the guest died");
			break;
		}
		state.SetIterationTime(ns * 1e-9);
	}
	pupil_stop(&p);
}

} // namespace

int main(int argc, char **argv)
{
	Scene scene;

	std::signal(SIGPIPE, SIG_IGN);
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 1;
	/* Fixed, because the library would aim at a total of reported time, which is a hundredth of the real.
	 */
	for (const Spec &spec : specs)
		benchmark::RegisterBenchmark(
			spec.name,
			[&spec, &scene](benchmark::State &state) { run_spec(state, spec, scene.root_fd); })
			->UseManualTime()
			->Iterations(500);
	benchmark::RunSpecifiedBenchmarks();
	benchmark::Shutdown();
	return 0;
}
