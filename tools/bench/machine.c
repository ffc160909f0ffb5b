/* SPDX-License-Identifier: Apache-2.0 */
/* What it was measured on. */
#define _GNU_SOURCE
#include "bench.h"
#include "../../engine/base/raw.h"
#include <linux/filter.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void cpu_name(char *buf, size_t size, const char *machine)
{
	char line[512], *colon;
	FILE *f = fopen("/proc/cpuinfo", "re");

	snprintf(buf, size, "%s", machine);
	while (f && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (!colon || strncmp(line, "model name", 10))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(buf, size, "%s", colon + 1 + strspn(colon + 1, " "));
		break;
	}
	if (f)
		fclose(f);
}

/* Tried on a listener, which only a process that can be done without may have. */
static bool has_sync_wakeup(void)
{
	struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog prog = {.len = 1, .filter = allow};
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
				      &prog);
		_exit(fd < 0 || wr_notif_set_sync_wakeup(fd) < 0 ? 1 : 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool is_virtual(void)
{
	char line[4096];
	bool found = false;
	FILE *f = fopen("/proc/cpuinfo", "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "flags", 5) && strstr(line, " hypervisor");
	if (f)
		fclose(f);
	return found;
}

/* Those that decide how fast it can be. */
static void add_features(cJSON *list)
{
	cpu_set_t set;
	char text[64];
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (has_sync_wakeup())
		cJSON_AddItemToArray(list, cJSON_CreateString("sync wake-up"));
	if (abi > 0) {
		snprintf(text, sizeof(text), "Landlock ABI %d", abi);
		cJSON_AddItemToArray(list, cJSON_CreateString(text));
	}
	if (is_virtual())
		cJSON_AddItemToArray(list, cJSON_CreateString("virtual machine"));
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) < sysconf(_SC_NPROCESSORS_ONLN)) {
		snprintf(text, sizeof(text), "bound to %d of the CPUs", CPU_COUNT(&set));
		cJSON_AddItemToArray(list, cJSON_CreateString(text));
	}
}

cJSON *machine_describe(void)
{
	char name[512], kernel[sizeof(struct utsname)];
	struct utsname u;
	double load = 0;
	cJSON *m = cJSON_CreateObject();

	uname(&u);
	cpu_name(name, sizeof(name), u.machine);
	snprintf(kernel, sizeof(kernel), "%s %s %s %s", u.sysname, u.release, u.version, u.machine);
	cJSON_AddStringToObject(m, "cpu", name);
	cJSON_AddNumberToObject(m, "cpus", (double)sysconf(_SC_NPROCESSORS_ONLN));
	cJSON_AddNumberToObject(m, "memory", (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE));
	cJSON_AddStringToObject(m, "kernel", kernel);
	if (getloadavg(&load, 1) == 1)
		cJSON_AddNumberToObject(m, "load", load);
	add_features(cJSON_AddArrayToObject(m, "features"));
	return m;
}
