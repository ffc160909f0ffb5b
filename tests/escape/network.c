/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of other kinds than AF_UNIX, by socket(2) and socketpair(2). */
#include "e.h"

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	static const int domains[] = {AF_INET,		AF_INET6,	 AF_NETLINK,	    AF_PACKET,
				      30 /* AF_TIPC */, 38 /* AF_ALG */, 40 /* AF_VSOCK */, 44 /* AF_XDP */};
	int s[2];

	for (size_t i = 0; i < sizeof(domains) / sizeof(*domains); i++)
		for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
			if (socket(domains[i], type, 0) >= 0 ||
			    syscall(SYS_socket, 1L << 32 | domains[i], type, 0) >= 0)
				ESCAPED("socket(%d, %d)", domains[i], type);
			if (!socketpair(domains[i], type, 0, s))
				ESCAPED("socketpair(%d, %d)", domains[i], type);
			CHECK_EQ(errno, EAFNOSUPPORT);
		}
	return t_end();
}
