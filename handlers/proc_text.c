/* SPDX-License-Identifier: Apache-2.0 */
/* Files of /proc that name paths or mounts of the host, rewritten for the guest: a snapshot, taken when the
 * file is opened, in a sealed memfd. The guest gets a read-only description of it, which can be read, mapped
 * and sought in. */
#define _GNU_SOURCE
#include "proc.h"
#include "resolve.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* What a guest can make of such a file is limited: as many mappings as it likes, with names as long as it
 * likes. The rest of a longer one is left out. */
#define MAX_BYTES (16U << 20)

static void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}
#define _cleanup_fclose_ __attribute__((cleanup(cleanup_fclose)))

/* The path as the kernel prints it: with the bytes in special as \ooo (fs/seq_file.c, mangle_path). */
static void put_escaped(FILE *out, const char *path, const char *special)
{
	for (; *path; path++) {
		if (strchr(special, *path))
			fprintf(out, "\\%03o", (unsigned char)*path);
		else
			putc(*path, out);
	}
}

/* Undoes that. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static void put_path(struct warren_request *rq, FILE *out, char *host, const char *special)
{
	char guest[2 * PATH_MAX];

	unescape(host);
	wr_guest_visible_text(rq, host, guest, sizeof(guest));
	put_escaped(out, guest, special);
}

/* "START-END PERM OFFSET DEV INODE   PATH"; smaps has "Key: value" lines in between, which begin with a
 * capital letter. Only a path begins with a slash. */
static void put_maps_line(struct warren_request *rq, FILE *out, char *line)
{
	char *path = (line[0] >= '0' && line[0] <= '9') || (line[0] >= 'a' && line[0] <= 'f')
			     ? strchr(line, '/')
			     : NULL;

	if (!path) {
		fputs(line, out);
		return;
	}
	char *end = strchr(path, '\n');
	if (end)
		*end = '\0';
	fwrite(line, 1, (size_t)(path - line), out);
	put_path(rq, out, path, "\n");
	putc('\n', out);
}

/* "START POLICY file=PATH anon=..." */
static void put_numa_line(struct warren_request *rq, FILE *out, char *line)
{
	char *path = strstr(line, " file=");

	if (!path) {
		fputs(line, out);
		return;
	}
	path += 6;
	size_t len = strcspn(path, " \n");
	char end = path[len];
	path[len] = '\0';
	fwrite(line, 1, (size_t)(path - line), out);
	const char *rest = path + len + 1;
	put_path(rq, out, path, "\n\t= ");
	if (end) {
		putc(end, out);
		fputs(rest, out);
	}
}

void wr_proc_put_lines(struct warren_request *rq, enum wr_proc_text text, FILE *in, FILE *out)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, in)) > 0 && ftell(out) < (long)MAX_BYTES)
		(text == WR_TEXT_NUMA ? put_numa_line : put_maps_line)(rq, out, line);
}

static int put_lines(struct warren_request *rq, enum wr_proc_text text, int fd, FILE *out)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	_cleanup_fclose_ FILE *in = own < 0 ? NULL : fdopen(own, "r");

	if (!in) {
		int r = -errno;
		if (own >= 0)
			close(own);
		return r;
	}
	setvbuf(in, NULL, _IOFBF, 65536); /* st_blksize of /proc is 1024 */
	wr_proc_put_lines(rq, text, in, out);
	return 0;
}

/* ---- mounts ---- */

static const struct {
	unsigned magic;
	const char *name;
} fs_types[] = {
	{0xEF53, "ext4"},	  {0x01021994, "tmpfs"},  {0x9123683E, "btrfs"}, {0x58465342, "xfs"},
	{0x794c7630, "overlay"},  {0x6969, "nfs"},	  {0x65735546, "fuse"},	 {0xF2F52010, "f2fs"},
	{0x2fc12fc1, "zfs"},	  {0x01021997, "9p"},	  {0x858458f6, "ramfs"}, {0x73717368, "squashfs"},
	{0xE0F5E1E2, "erofs"},	  {0x9660, "iso9660"},	  {0x4d44, "vfat"},	 {0xFF534D42, "cifs"},
	{0x9fa0, "proc"},	  {0x62656572, "sysfs"},  {0x1cd1, "devpts"},	 {0x61756673, "aufs"},
	{0xca451a4e, "bcachefs"}, {0x0BD00BD0, "lustre"},
};

static const char *fs_type(const struct wr_mount *m)
{
	struct statfs fs;

	if (fstatfs(m->fd, &fs) == 0)
		for (size_t i = 0; i < WR_ARRAY_SIZE(fs_types); i++)
			if ((unsigned)fs.f_type == fs_types[i].magic)
				return fs_types[i].name;
	return "none";
}

#define SPECIAL " \t\n\\#"

static void put_mount(const struct warren_policy *p, const struct wr_mount *m, int id, int parent,
		      enum wr_proc_text text, FILE *out)
{
	const char *guest = m->guest_len ? m->guest : "/", *type = fs_type(m);
	const char *access = wr_policy_may(p, m, m->guest) & WR_MAY_WRITE ? "rw" : "ro";
	struct stat st = {0};

	switch (text) {
	case WR_TEXT_MOUNTINFO:
		fstat(m->fd, &st);
		fprintf(out, "%d %d %u:%u / ", id, parent, major(st.st_dev), minor(st.st_dev));
		put_escaped(out, guest, SPECIAL);
		fprintf(out, " %s,relatime - %s none %s\n", access, type, access);
		break;
	case WR_TEXT_MOUNTSTATS:
		fprintf(out, "device none mounted on ");
		put_escaped(out, guest, SPECIAL);
		fprintf(out, " with fstype %s\n", type);
		break;
	default:
		fprintf(out, "none ");
		put_escaped(out, guest, SPECIAL);
		fprintf(out, " %s %s,relatime 0 0\n", type, access);
		break;
	}
}

/* The sandbox's own mounts, parents first; not the single devices in /dev. */
static int put_mounts(const struct warren_policy *p, enum wr_proc_text text, FILE *out)
{
	for (size_t i = p->n_mounts; i-- > 0;) {
		const struct wr_mount *m = &p->mounts[i];
		size_t up = i + 1;

		if (m->builtin && !m->is_dir)
			continue;
		while (up < p->n_mounts &&
		       (strncmp(m->guest, p->mounts[up].guest, p->mounts[up].guest_len) ||
			(p->mounts[up].guest_len && m->guest[p->mounts[up].guest_len] != '/')))
			up++;
		/* the first one has a parent that is not shown, as in a chroot */
		put_mount(p, m, (int)(p->n_mounts - i) + 1, (int)(p->n_mounts - up) + 1, text, out);
	}
	return 0;
}

static int put_text(struct warren_request *rq, const struct wr_proc *pr, int fd, FILE *out)
{
	switch (pr->text) {
	case WR_TEXT_MAPS:
	case WR_TEXT_NUMA:
		return put_lines(rq, pr->text, fd, out);
	case WR_TEXT_CGROUP: /* as in a cgroup namespace of its own */
		fputs("0::/\n", out);
		return 0;
	case WR_TEXT_CPUSET:
		fputs("/\n", out);
		return 0;
	case WR_TEXT_SWAPS:
		fputs("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n", out);
		return 0;
	default:
		return put_mounts(wr_sandbox_policy(rq->sandbox), pr->text, out);
	}
}

int wr_proc_text(struct warren_request *rq, const struct wr_proc *pr, int fd)
{
	char name[sizeof(pr->rel) + 8], link[32];

	/* readlink of the guest's fd shows the file of /proc by this name */
	snprintf(name, sizeof(name), "proc:%s", pr->rel);
	_cleanup_close_ int mem = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int own = mem < 0 ? -1 : fcntl(mem, F_DUPFD_CLOEXEC, 0);
	FILE *out = own < 0 ? NULL : fdopen(own, "w");
	if (!out) {
		int r = -errno;
		wr_cleanup_close(&own);
		return r;
	}
	int r = put_text(rq, pr, fd, out);
	if (ferror(out) && r == 0)
		r = -ENOMEM;
	if (fclose(out) == EOF && r == 0)
		r = -errno;
	if (r == 0 && (fchmod(mem, 0444) < 0 ||
		       fcntl(mem, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0))
		r = -errno;
	if (r < 0)
		return r;
	r = open(wr_fd_path(mem, link), O_RDONLY | O_CLOEXEC);
	return r < 0 ? -errno : r;
}
