/* SPDX-License-Identifier: Apache-2.0 */
/* process_vm_readv(2) and process_vm_writev(2) on a process outside. */
#include "e.h"
#include <sys/uio.h>

int main(int argc, char **argv)
{
	e_begin(argc, argv);
	char buf[64] = "";
	struct iovec l = {buf, sizeof(buf)}, r = {(void *)strtoul(e_env("E_ADDR"), NULL, 0), sizeof(buf)};

	if (process_vm_readv(e_pid(), &l, 1, &r, 1, 0) > 0 && e_is_secret(buf, sizeof(buf)))
		ESCAPED("process_vm_readv");
	if (process_vm_writev(e_pid(), &l, 1, &r, 1, 0) > 0)
		ESCAPED("process_vm_writev");
	return t_end();
}
