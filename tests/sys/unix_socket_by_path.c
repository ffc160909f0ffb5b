/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: AF_UNIX addresses are paths: bind, connect, sendto, sendmsg; getsockname shows the guest's own. */
#include "t.h"

static struct sockaddr_un addr(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strncpy(a.sun_path, path, sizeof(a.sun_path));
	return a;
}

#define SA(a) (struct sockaddr *)&(a), sizeof(a)

int main(int argc, char **argv)
{
	t_begin(argc, argv);
	struct sockaddr_un a = addr("/w/stream"), d = addr("dgram"), miss = addr("missing"), file = addr("f"),
			   got, full;
	socklen_t len = sizeof(got);
	char buf[16];
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    c = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
	    w = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), p;

	t_put("f", "x");
	CHECK_OK(bind(s, SA(a)));
	CHECK_EQ(t_type("stream"), S_IFSOCK);
	CHECK_EQ(t_mode("stream"), 0755);
	CHECK(!getsockname(s, (void *)&got, &len) && !strcmp(got.sun_path, "/w/stream"));
	CHECK_OK(listen(s, 5));
	CHECK_OK(connect(c, SA(a)));
	p = accept(s, NULL, NULL);
	CHECK(p >= 0);
	len = sizeof(got);
	CHECK(!getpeername(c, (void *)&got, &len) && !strcmp(got.sun_path, "/w/stream"));
	CHECK_EQ(write(c, "hello", 5), 5);
	CHECK_EQ(read(p, buf, 16), 5);

	CHECK_OK(bind(r, SA(d)));
	CHECK_EQ(sendto(w, "abc", 3, 0, SA(d)), 3);
	CHECK_EQ(read(r, buf, 16), 3);
	CHECK_EQ(sendmsg(w,
			 &(struct msghdr){.msg_name = &d,
					  .msg_namelen = sizeof(d),
					  .msg_iov = &(struct iovec){buf, 2},
					  .msg_iovlen = 1},
			 0),
		 2);
	CHECK_EQ(read(r, buf, 16), 2);
	CHECK_OK(connect(w, SA(d)));
	CHECK_EQ(write(w, "a", 1), 1);

	p = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_ERR(connect(p, SA(miss)), ENOENT);
	CHECK_ERR(connect(p, SA(file)), ECONNREFUSED);
	CHECK_ERR(connect(p, SA(d)), EPROTOTYPE);
	CHECK_ERR(bind(p, SA(a)), EADDRINUSE);
	CHECK_ERR(bind(p, (struct sockaddr *)&a, 300), EINVAL);
	CHECK_ERR(bind(-1, SA(a)), EBADF);
	CHECK_ERR(sendto(w, "a", 1, 0, SA(miss)), ENOENT);
	CHECK_OK(unlink("stream"));
	CHECK_ERR(connect(p, SA(a)), ENOENT);
	/* All 108 bytes and no NUL. */
	memset(&full, 'n', sizeof(full));
	full.sun_family = AF_UNIX;
	CHECK_OK(bind(p, SA(full)));
	memset(buf, 0, sizeof(buf));
	char name[109] = "";
	memset(name, 'n', 108);
	CHECK_EQ(t_type(name), S_IFSOCK);
	/* The same with directories, which getsockname shows. */
	static const char *const dirs[] = {"long/", "./", ".//", "long/../", "/w/long/", "/w//", "../w/"};
	REQUIRE(!mkdir("long", 0755));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		memset(full.sun_path, (int)('a' + i), sizeof(full.sun_path));
		memcpy(full.sun_path, dirs[i], strlen(dirs[i]));
		p = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		CHECK_OK(bind(p, SA(full)));
		memcpy(name, full.sun_path, 108);
		CHECK_EQ(t_type(name), S_IFSOCK);
		len = sizeof(got);
		CHECK(!getsockname(p, (void *)&got, &len) && !memcmp(got.sun_path, full.sun_path, 108));
		/* that address leads there, too */
		CHECK_EQ(sendto(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "x", 1, 0, SA(got)), 1);
		CHECK_EQ(read(p, buf, 16), 1);
	}
	/* Relative to the working directory of that moment. */
	REQUIRE(!mkdir("d", 0755) && !chdir("d"));
	p = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a = addr("here");
	CHECK_OK(bind(p, SA(a)));
	CHECK_EQ(t_type("/w/d/here"), S_IFSOCK);
	len = sizeof(got);
	CHECK(!getsockname(p, (void *)&got, &len) && !strcmp(got.sun_path, "here"));
	/* An abstract name and a pair are no paths. */
	p = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_OK(bind(p, (struct sockaddr *)&(struct sockaddr_un){.sun_family = AF_UNIX},
		      sizeof(sa_family_t)));
	return t_end();
}
