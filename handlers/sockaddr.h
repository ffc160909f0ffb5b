/* SPDX-License-Identifier: Apache-2.0 */
/* Socket addresses between guest and kernel. AF_UNIX addresses are names of files, or abstract names; all
 * others are the same on both sides.
 *
 * Abstract names: without --net host a sandbox has a space of its own, made by a prefix.
 * Paths: a peer is addressed by the fd of its socket file. bind(2) is different, since the kernel keeps the
 * string for getsockname(2) and the peers: it is given one that both leads to the right directory, through a
 * symlink that exists for that moment only, and tells what the guest wrote: "D/NAME", where D is the guest's
 * text before NAME with every slash replaced by WR_SLASH. Whoever sees such a string (another supervisor's
 * guest, too) can read it back without a table. It is one byte longer than the guest's; where there is no
 * room for that, the last of D's slashes is left out, the others are WR_SLASH_FULL, and the names that no
 * link can have, "." and "..", are made of WR_DOT. */
#ifndef WARREN_HANDLERS_SOCKADDR_H
#define WARREN_HANDLERS_SOCKADDR_H

#include "handlers.h"
#include "resolve.h"
#include <sys/socket.h>
#include <sys/un.h>

#define WR_SLASH      '\x1f'
#define WR_SLASH_FULL '\x1e'
#define WR_DOT	      '\x1d'

struct wr_sockaddr {
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
		struct sockaddr_storage ss;
	};
	socklen_t len;
};

enum wr_un_kind { WR_UN_NONE, WR_UN_PATH, WR_UN_ABSTRACT };

/* An address that the guest gave: 0, -EFAULT, -EINVAL. */
int wr_sockaddr_read(struct warren_request *rq, uint64_t addr, int len, struct wr_sockaddr *ret);
/* SO_DOMAIN, SO_TYPE ...: the value, or a negative errno (-ENOTSOCK). */
int wr_sockopt(int sock, int option);
/* What an address means for an AF_UNIX socket. NONE: nothing that needs translation. */
enum wr_un_kind wr_sockaddr_kind(const struct wr_sockaddr *a);

/* The address of a peer, from the guest's terms to ours. *t keeps the peer's file open and must live until
 * the address was used. Requires write permission, by policy and by mode. */
int wr_sockaddr_target(struct warren_request *rq, int sock, struct wr_sockaddr *a, struct wr_target *t);
/* An abstract name of the guest's, to ours. 0 or -EINVAL: it is too long. */
int wr_sockaddr_hide(struct warren_request *rq, struct wr_sockaddr *a);
/* For bind(2) to text, of at most sizeof(sun_path) bytes, whose last component is name (with a slash if text
 * ends in some): the address that the kernel is told, and the name of the link in it (dir, as large as
 * sun_path and a NUL). False: there is no directory in it, or it is too long. */
bool wr_sockaddr_encode(const char *text, const char *name, char *dir, struct wr_sockaddr *ret);
/* An address that the kernel told, to the guest's terms. */
void wr_sockaddr_show(struct warren_request *rq, struct wr_sockaddr *a);

#endif
