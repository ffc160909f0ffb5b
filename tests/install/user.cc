// SPDX-License-Identifier: Apache-2.0
// The library from C++: a program with a pipe for its output, a policy that is used twice, wrong use that is
// told.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>
#include <warren/warren.h>

#define CHECK(cond)                                                                                          \
	do {                                                                                                 \
		if (!(cond)) {                                                                               \
			std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                      \
			return 1;                                                                            \
		}                                                                                            \
	} while (0)

static std::string output(warren_engine *e, warren_policy *p, const char *script, int *status)
{
	const char *argv[] = {"/bin/sh", "-c", script, nullptr};
	char *envp[] = {nullptr};
	int in[2], out[2];
	std::string text;
	char buf[256];

	if (pipe(in) < 0 || pipe(out) < 0)
		return "no pipe";
	warren_command cmd = {};
	cmd.argv = const_cast<char *const *>(argv);
	cmd.envp = envp;
	cmd.stdio[0] = in[0], cmd.stdio[1] = out[1], cmd.stdio[2] = out[1];
	warren_sandbox *s;
	int r = warren_sandbox_start(e, p, &cmd, &s);
	close(in[0]);
	close(out[1]);
	if (write(in[1], "given\n", 6) != 6 || r < 0)
		text = "not started: " + std::string(std::strerror(-r));
	close(in[1]);
	for (ssize_t n; (n = read(out[0], buf, sizeof(buf))) > 0;)
		text.append(buf, static_cast<size_t>(n));
	close(out[0]);
	if (r < 0)
		return text;
	warren_result res;
	*status = warren_sandbox_wait(s, 10000, &res) == 0 ? res.status : -1;
	warren_sandbox_kill(s, 1000);
	warren_sandbox_unref(s);
	return text;
}

int main(int argc, char **argv)
{
	warren_engine *e;
	warren_policy *p;
	int status = -1;

	CHECK(argc == 2);
	CHECK(warren_engine_new(nullptr, &e) == 0);
	CHECK(warren_engine_capacity(e) > 0);
	CHECK(warren_engine_add_handler(e, "no_such_call", WARREN_BEFORE, nullptr, nullptr) == -ENOENT);
	CHECK(warren_policy_new(&p) == 0);
	CHECK(warren_policy_add_rule(p, WARREN_READ, "relative") == -EINVAL && *warren_policy_error(p));
	CHECK(warren_policy_set_root(p, argv[1]) == 0);
	CHECK(output(e, p, "cat; echo err >&2; exit 3", &status) == "given\nerr\n");
	CHECK(status == 3 << 8);
	CHECK(output(e, p, "echo $$ >/dev/null; echo twice", &status) == "twice\n" && status == 0);
	CHECK(warren_policy_add_rule(p, WARREN_READ, "/") == -EBUSY);
	CHECK(warren_engine_add_handler(e, "openat", WARREN_BEFORE, nullptr, nullptr) == -EBUSY);
	warren_stats st = {};
	CHECK(warren_stats_get(e, nullptr, &st) == 0 && st.notifications > 0);
	warren_policy_unref(p);
	warren_engine_free(e);
	return 0;
}
