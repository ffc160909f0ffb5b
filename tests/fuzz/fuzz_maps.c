/* SPDX-License-Identifier: Apache-2.0 */
/* Files of /proc that name files of the host: the lines of maps, smaps and numa_maps, with names that guests
 * give to their files. No line gets lost, and no path from outside remains. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "request.h"
#include "../../handlers/proc.h"

static size_t lines(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

/* A line as the kernel writes it, with a name from the input. */
static size_t put_line(struct input *in, char *to, size_t room, bool numa, const char *root)
{
	uint8_t how = take8(in), len = take8(in);
	char name[256];

	take(in, name, len);
	name[len] = '\0';
	/* what the kernel escapes */
	for (unsigned i = 0; i < len; i++)
		if (!name[i] || strchr(numa ? "\n\t= " : "\n", name[i]))
			name[i] = '?';
	const char *base = how & 128 ? "" : how & 1 ? root : how & 2 ? "/host" : "";
	int n = snprintf(to, room,
			 how & 128 ? "%s%s\n"
			 : numa	   ? "7f00 default file=%s/%s anon=1 dirty=1\n"
				   : "7f0000-7f1000 r-xp 00000000 fe:00 12 %s/%s\n",
			 base, name);
	return n < 0 || (size_t)n >= room ? 0 : (size_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[32768];
	struct warren_request *rq = fuzz_request();
	const struct warren_policy *p = wr_sandbox_policy(rq->sandbox);
	const char *root = p->mounts[p->n_mounts - 1].host;
	struct input in = {data, size};
	uint8_t what = take8(&in);
	size_t len = 0, out_len = 0;
	char *result = NULL;

	if (what & 2) { /* any bytes */
		len = in.left < sizeof(text) ? in.left : sizeof(text);
		take(&in, text, len);
	} else {
		while (in.left && len < sizeof(text) - 1024)
			len += put_line(&in, text + len, sizeof(text) - len, what & 1, root);
	}
	if (!len)
		return 0;
	FILE *from = fmemopen(text, len, "r"), *to = open_memstream(&result, &out_len);
	CHECK(from && to);
	wr_proc_put_lines(rq, what & 1 ? WR_TEXT_NUMA : WR_TEXT_MAPS, from, to);
	fclose(from);
	CHECK(fclose(to) == 0);
	if (!(what & 2)) {
		CHECK(lines(result, out_len) == lines(text, len));
		CHECK(!memmem(result, out_len, "/host/", 6) || memmem(data, size, "host", 4));
		CHECK(!memmem(result, out_len, root, strlen(root)) || memmem(data, size, "warren-fuzz", 11));
	}
	free(result);
	return 0;
}
