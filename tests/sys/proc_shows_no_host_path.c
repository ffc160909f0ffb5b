/* warren-only */
/* SPDX-License-Identifier: Apache-2.0 */
/* /proc: no host path shows in maps, mountinfo, mounts, links, fdinfo, cmdline: not of the root, not of the
 * layers. */
#include "t.h"

/* The runner's roots have this in their names. */
#define TOKEN "warren-sys-root"

static void look(const char *path)
{
	static char text[1 << 20];

	if (t_get(path, text, sizeof(text)) < 0)
		return;
	/* As much as is no string: /proc files with NULs. */
	if (memmem(text, sizeof(text), TOKEN, strlen(TOKEN)))
		t_fail(__FILE__, __LINE__, "%s shows the host's path of the root", path);
	if (memmem(text, sizeof(text), "memfd:", 6))
		t_fail(__FILE__, __LINE__, "%s shows a memfd", path);
	memset(text, 0, sizeof(text));
}

static void look_link(const char *path)
{
	if (strstr(t_readlink(path), TOKEN) || strstr(t_readlink(path), "memfd:"))
		t_fail(__FILE__, __LINE__, "%s is %s", path, t_readlink(path));
}

int main(int argc, char **argv)
{
	static const char *const files[] = {"maps",	  "smaps",   "numa_maps",   "mountinfo", "mounts",
					    "mountstats", "cmdline", "environ",	    "comm",	 "stat",
					    "status",	  "cgroup",  "smaps_rollup"};
	char path[512], link[4096];
	struct dirent *e;
	DIR *dir;
	int fd;

	t_begin(argc, argv);
	if (argc == 1) {
		/* Once as it was started, once after an exec of its own, and as a dynamic program's cat. */
		pid_t pid = t_fork();

		if (!pid) {
			execl(t_self, t_self, "again", (char *)NULL);
			_exit(99);
		}
		CHECK_EQ(t_wait(pid), 0);
		if (!access("/t/helper-dyn", X_OK)) {
			pid = t_fork();
			if (!pid) {
				execl("/t/helper-dyn", "d", "sleep", (char *)NULL);
				_exit(99);
			}
			t_ms(200);
			for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
				snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
				look(path);
			}
			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			CHECK_STR(t_readlink(path), "/t/helper-dyn");
			kill(pid, SIGKILL);
			t_wait(pid);
		}
	}
	t_put("f", "x");
	fd = open("f", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", files[i]);
		look(path);
		snprintf(path, sizeof(path), "/proc/self/task/%d/%s", gettid(), files[i]);
		look(path);
		snprintf(path, sizeof(path), "/proc/thread-self/%s", files[i]);
		look(path);
	}
	look("/proc/mounts");
	look("/proc/locks");
	look("/proc/swaps");
	look("/proc/net/unix");
	look_link("/proc/self/exe");
	look_link("/proc/self/cwd");
	look_link("/proc/self/root");
	look_link("/proc/mounts");
	dir = opendir("/proc/self/fd");
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/self/fd/%s", e->d_name);
		look_link(path);
	}
	dir = opendir("/proc/self/map_files");
	while (dir && (e = readdir(dir))) {
		snprintf(link, sizeof(link), "/proc/self/map_files/%s", e->d_name);
		look_link(link);
	}
	return t_end();
}
