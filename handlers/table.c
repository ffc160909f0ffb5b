/* SPDX-License-Identifier: Apache-2.0 */
/* Turns table.def into the array that the engine is handed. */
#define _GNU_SOURCE
#include "handlers.h"
#include <signal.h>

#if defined(__x86_64__)
#define NR(x86_64, aarch64) (x86_64)
#elif defined(__aarch64__)
#define NR(x86_64, aarch64) (aarch64)
#else
#error "warren's table has no numbers for this architecture"
#endif

#define INT(n)                                                                                               \
	{                                                                                                    \
		WR_ROLE_INT, n, 0                                                                            \
	}
#define INT_K(v)                                                                                             \
	{                                                                                                    \
		WR_ROLE_INT, -1, v                                                                           \
	}
#define PTR_K(v)                                                                                             \
	{                                                                                                    \
		WR_ROLE_PTR, -1, v                                                                           \
	}
#define FD(n)                                                                                                \
	{                                                                                                    \
		WR_ROLE_FD, n, 0                                                                             \
	}
#define DIRFD(n)                                                                                             \
	{                                                                                                    \
		WR_ROLE_DIRFD, n, 0                                                                          \
	}
#define DIRFD_K(v)                                                                                           \
	{                                                                                                    \
		WR_ROLE_DIRFD, -1, v                                                                         \
	}
#define PATH(n)                                                                                              \
	{                                                                                                    \
		WR_ROLE_PATH, n, 0                                                                           \
	}
#define FLAGS(n)                                                                                             \
	{                                                                                                    \
		WR_ROLE_FLAGS, n, 0                                                                          \
	}
#define FLAGS_K(v)                                                                                           \
	{                                                                                                    \
		WR_ROLE_FLAGS, -1, v                                                                         \
	}
#define MODE(n)                                                                                              \
	{                                                                                                    \
		WR_ROLE_MODE, n, 0                                                                           \
	}
#define PTR(n)                                                                                               \
	{                                                                                                    \
		WR_ROLE_PTR, n, 0                                                                            \
	}
#define SIZE(n)                                                                                              \
	{                                                                                                    \
		WR_ROLE_SIZE, n, 0                                                                           \
	}

#define ROW(trapped_, name_, x86_64, aarch64, handler_, canonical_, support_, note_, ...)                    \
	{.name = #name_,                                                                                     \
	 .canonical = #canonical_,                                                                           \
	 .nr = NR(x86_64, aarch64),                                                                          \
	 .handler = wr_handle_##handler_,                                                                    \
	 .args = {__VA_ARGS__},                                                                              \
	 .trapped = trapped_,                                                                                \
	 .support = WARREN_##support_,                                                                       \
	 .note = note_},
#define CALL(...)    ROW(WR_ALWAYS, __VA_ARGS__)
#define GUARDED(...) ROW(WR_IF_GUARDED, __VA_ARGS__)
#define LAYERED(...) ROW(WR_IF_LAYERED, __VA_ARGS__)
#define SOME(...)    ROW(WR_BY_ARGUMENTS, __VA_ARGS__)
#define DENY(...)    DENIED(WR_ALWAYS, __VA_ARGS__)
#define IPC(...)     DENIED(WR_UNLESS_IPC, __VA_ARGS__)
#define DENIED(trapped_, name_, x86_64, aarch64, errno_, reason)                                             \
	{.name = #name_,                                                                                     \
	 .canonical = #name_,                                                                                \
	 .nr = NR(x86_64, aarch64),                                                                          \
	 .trapped = trapped_,                                                                                \
	 .support = WARREN_DENIED,                                                                           \
	 .error = errno_,                                                                                    \
	 .note = reason},

const struct wr_syscall wr_table[] = {
#include "table.def"
};
const unsigned wr_table_len = WR_ARRAY_SIZE(wr_table);
const int wr_table_max_nr = 470; /* listns, Linux 6.18 */
