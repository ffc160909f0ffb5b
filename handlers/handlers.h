/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers that the table names, one declaration each; defined in the file that the table's section says.
 */
#ifndef WARREN_HANDLERS_HANDLERS_H
#define WARREN_HANDLERS_HANDLERS_H

#include "../engine/internal.h"

#define HANDLER(name) struct warren_verdict wr_handle_##name(struct warren_request *rq, void *user)

HANDLER(open);
HANDLER(openat2);
HANDLER(fstatat);
HANDLER(statx);
HANDLER(faccessat);
HANDLER(readlinkat);
HANDLER(statfs);
HANDLER(fchmodat);
HANDLER(fchownat);
HANDLER(truncate);
HANDLER(utimensat);
HANDLER(futimesat);
HANDLER(utime);
HANDLER(execve);
HANDLER(chdir);
HANDLER(getcwd);
HANDLER(umask);
HANDLER(prlimit);
HANDLER(fork);
HANDLER(getdents64);
HANDLER(getdents);
HANDLER(own_pid);
HANDLER(setpriority);
HANDLER(ioprio_set);
HANDLER(kill);
HANDLER(signal);
HANDLER(pidfd_send_signal);
HANDLER(unlinkat);
HANDLER(mkdirat);
HANDLER(mknodat);
HANDLER(symlinkat);
HANDLER(linkat);
HANDLER(renameat);
HANDLER(setxattrat);
HANDLER(getxattrat);
HANDLER(setxattr);
HANDLER(getxattr);
HANDLER(listxattr);
HANDLER(removexattr);
HANDLER(fchmod);
HANDLER(fchown);
HANDLER(fsetxattr);
HANDLER(fremovexattr);
HANDLER(fgetxattr);
HANDLER(flistxattr);
HANDLER(ioctl);
HANDLER(bind);
HANDLER(connect);
HANDLER(getsockname);
HANDLER(getpeername);
HANDLER(sendto);
HANDLER(sendmsg);
HANDLER(sendmmsg);
HANDLER(inotify_add_watch);

#endif
