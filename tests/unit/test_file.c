/* SPDX-License-Identifier: EUPL-1.2 */
/* Files: bounded, and trusted only where nobody else had a hand in them. */
#include "tests/check.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

#define STRANGER	12345

/* A folder of our own below a sticky one, as the fixture of each test. */
struct place {
	char dir[64];
	char path[128];
};

static const char *
at(struct place *p, const char *name)
{
	snprintf(p->path, sizeof(p->path), "%s/%s", p->dir, name);
	return p->path;
}

static void
make_file(struct place *p, const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(at(p, name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(p->path, mode), 0);
}

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	snprintf(p->dir, sizeof(p->dir), "/tmp/dezi-test-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "file", "link", "link2", "up", "fifo", "sock",
		"dir/file", "dir/link", "dir" };
	struct place *p = *state;

	assert_int_equal(chmod(p->dir, 0700), 0);
	for (size_t i = 0; i < NELEM(names); i++)
		if (unlink(at(p, names[i])) != 0)
			rmdir(p->path);
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

/* In a user namespace the root directory may be nobody's: then nothing can be trusted. */
static void
skip_where_root_is_strange(void)
{
	struct stat st;

	if (stat("/", &st) != 0 || (st.st_uid != 0 && st.st_uid != getuid()))
		skip();
}

static void
reads(void **state)
{
	struct place *p = *state;
	AUTO(buf_free) struct buf b = BUF(16), exact = BUF(5), small = BUF(4);

	make_file(p, "file", "hello", 0600);
	buf_str(&b, "> ");
	assert_ok(file_read(at(p, "file"), &b));
	assert_true(cur_eq_str(buf_view(&b), "> hello"));
	assert_ok(file_read(at(p, "file"), &exact));
	assert_err(file_read(at(p, "file"), &small), ERR_LIMIT);
	assert_err(file_read(at(p, "none"), &b), ERR_NOT_FOUND);
	assert_err(file_read(p->dir, &b), ERR_SYS);
	assert_err(file_read(at(p, "file/x"), &b), ERR_SYS);
}

static void
reads_endless(void **state)
{
	AUTO(buf_free) struct buf b = BUF(100000);

	(void)state;
	assert_err(file_read("/dev/zero", &b), ERR_LIMIT);
}

static void
trusted(void **state)
{
	struct place *p = *state;
	AUTO(buf_free) struct buf b = BUF(16);

	skip_where_root_is_strange();
	make_file(p, "file", "hello", 0644);
	assert_ok(file_read_trusted(at(p, "file"), getuid(), &b));
	assert_true(cur_eq_str(buf_view(&b), "hello"));
	assert_ok(file_check_trusted(p->path, getuid()));
	assert_ok(file_check_trusted(p->dir, getuid()));
	assert_err(file_read_trusted(at(p, "none"), getuid(), &b), ERR_NOT_FOUND);
	assert_err(file_check_trusted(at(p, "none"), getuid()), ERR_NOT_FOUND);
	assert_err(file_check_trusted(at(p, "none/file"), getuid()), ERR_NOT_FOUND);
	assert_err(file_read_trusted(p->dir, getuid(), &b), ERR_CONFIG);
	assert_err(file_read_trusted("file", getuid(), &b), ERR_CONFIG);
	assert_err(file_read_trusted("", getuid(), &b), ERR_CONFIG);
}

static void
odd_spellings(void **state)
{
	struct place *p = *state;
	AUTO(buf_free) struct buf b = BUF(64);

	skip_where_root_is_strange();
	make_file(p, "file", "x", 0600);
	assert_int_equal(mkdir(at(p, "dir"), 0700), 0);
	assert_ok(file_read_trusted(at(p, "//dir/..//./file"), getuid(), &b));
	assert_ok(file_check_trusted(at(p, "dir//"), getuid()));
}

struct modes {
	mode_t file, dir;
	enum err want;
};

static void
writable_by_others(void **state)
{
	static const struct modes cases[] = {
		{ 0600, 0700, ERR_OK },
		{ 0644, 0755, ERR_OK },
		{ 0664, 0755, ERR_CONFIG },
		{ 0646, 0755, ERR_CONFIG },
		{ 0600, 0770, ERR_CONFIG },
		{ 0600, 0707, ERR_CONFIG },
		{ 0600, 0777, ERR_CONFIG },
		{ 0600, 01777, ERR_OK },	/* nobody else can move our file */
		{ 0666, 01777, ERR_CONFIG },
	};
	struct place *p = *state;

	skip_where_root_is_strange();
	make_file(p, "file", "x", 0600);
	for (size_t i = 0; i < NELEM(cases); i++) {
		AUTO(buf_free) struct buf b = BUF(16);

		assert_int_equal(chmod(at(p, "file"), cases[i].file), 0);
		assert_int_equal(chmod(p->dir, cases[i].dir), 0);
		assert_err(file_read_trusted(p->path, getuid(), &b), cases[i].want);
		assert_err(file_check_trusted(p->path, getuid()), cases[i].want);
	}
	/* A sticky directory itself is not to be trusted. */
	assert_int_equal(chmod(p->dir, 01777), 0);
	assert_err(file_check_trusted(p->dir, getuid()), ERR_CONFIG);
}

static void
links(void **state)
{
	struct place *p = *state;
	AUTO(buf_free) struct buf b = BUF(64);
	char target[128];

	skip_where_root_is_strange();
	make_file(p, "file", "x", 0600);
	assert_int_equal(mkdir(at(p, "dir"), 0700), 0);
	assert_int_equal(symlink("../file", at(p, "dir/link")), 0);
	assert_ok(file_read_trusted(p->path, getuid(), &b));
	snprintf(target, sizeof(target), "%s/dir", p->dir);
	assert_int_equal(symlink(target, at(p, "up")), 0);
	assert_ok(file_read_trusted(at(p, "up/link"), getuid(), &b));
	/* Through a link or not: a directory that others write stays one. */
	assert_int_equal(chmod(target, 0777), 0);
	assert_err(file_read_trusted(at(p, "up/link"), getuid(), &b), ERR_CONFIG);
	assert_int_equal(chmod(target, 0700), 0);
	assert_int_equal(symlink("link2", at(p, "link")), 0);
	assert_int_equal(symlink("link", at(p, "link2")), 0);
	assert_err(file_read_trusted(at(p, "link"), getuid(), &b), ERR_CONFIG);
}

/* What is no file is not opened, so a FIFO cannot hold us. */
static void
no_files(void **state)
{
	struct place *p = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	AUTO(buf_free) struct buf b = BUF(16);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	skip_where_root_is_strange();
	assert_int_equal(mkfifo(at(p, "fifo"), 0600), 0);
	assert_err(file_read_trusted(p->path, getuid(), &b), ERR_CONFIG);
	assert_true(cur_to_str(cur_str(at(p, "sock")), addr.sun_path, sizeof(addr.sun_path)));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(chmod(p->path, 0600), 0);
	assert_ok(file_check_trusted(p->path, getuid()));
	assert_err(file_read_trusted(p->path, getuid(), &b), ERR_CONFIG);
}

static void
owners(void **state)
{
	struct place *p = *state;
	AUTO(buf_free) struct buf b = BUF(64);

	skip_where_root_is_strange();
	make_file(p, "file", "x", 0644);
	if (getuid() != 0) {
		/* Ours, but we are not who is asked for. */
		assert_err(file_read_trusted(p->path, 0, &b), ERR_CONFIG);
		return;
	}
	assert_int_equal(chown(p->path, STRANGER, -1), 0);
	assert_err(file_read_trusted(p->path, 0, &b), ERR_CONFIG);
	assert_err(file_read_trusted(p->path, STRANGER + 1, &b), ERR_CONFIG);
	assert_ok(file_read_trusted(p->path, STRANGER, &b));
	assert_int_equal(chown(p->path, 0, -1), 0);
	assert_ok(file_read_trusted(p->path, STRANGER, &b));
	assert_int_equal(chown(p->dir, STRANGER, -1), 0);
	assert_err(file_read_trusted(p->path, 0, &b), ERR_CONFIG);
	assert_int_equal(chown(p->dir, 0, -1), 0);
	/* A stranger's link in a sticky directory leads to where the stranger likes. */
	assert_int_equal(symlink("file", at(p, "link")), 0);
	assert_int_equal(lchown(p->path, STRANGER, -1), 0);
	assert_int_equal(chmod(p->dir, 01777), 0);
	assert_err(file_read_trusted(at(p, "link"), 0, &b), ERR_CONFIG);
}

/* A process of that user, in a namespace that knows no other, as bubblewrap makes them. */
static void
become_alone(uid_t uid)
{
	char map[64];
	int fd, n = snprintf(map, sizeof(map), "%u %u 1", (unsigned)uid, (unsigned)uid);

	if (setgroups(0, NULL) != 0 && getuid() == 0)
		_exit(77);
	if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0 ||
	    prctl(PR_SET_DUMPABLE, 1) != 0 || unshare(CLONE_NEWUSER) != 0)
		_exit(77);
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, (size_t)n) != n)
		_exit(77);
	close(fd);
}

/* From here on nobody can read who is known. */
static void
hide_map(void)
{
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("/dev/null", "/proc/self/uid_map", "none", MS_BIND, NULL) != 0)
		_exit(77);
}

/* In a child: as n bits, what is believed of these paths. */
static int
believed(const char *const *paths, size_t n, uid_t uid, bool hidden)
{
	int status, bits = 0;
	pid_t pid = fork();

	if (pid == 0) {
		become_alone(uid);
		if (hidden)
			hide_map();
		for (size_t i = 0; i < n; i++)
			bits |= (file_check_trusted(paths[i], uid) == ERR_OK) << i;
		_exit(bits);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Where root is not known: root's own folders, but nobody's files in a shared one. */
static void
sandbox(void **state)
{
	struct place *p = *state;
	uid_t uid = getuid() != 0 ? getuid() : STRANGER;
	char other[128];
	const char *const paths[] = { "/etc/passwd", "/usr/lib", p->path, other };
	int bits;

	skip_where_root_is_strange();
	make_file(p, "dir", "x", 0644);
	memcpy(other, p->path, sizeof(other));
	make_file(p, "file", "x", 0644);
	assert_int_equal(chmod(p->dir, 01777), 0);
	if (getuid() == 0) {
		assert_int_equal(chown(p->dir, uid, -1), 0);
		assert_int_equal(chown(p->path, uid, -1), 0);
	}
	bits = believed(paths, NELEM(paths), uid, false);
	if (bits == 77)
		skip();		/* no such namespace on this machine */
	/* For who is not root all of them are their own. */
	assert_int_equal(bits, getuid() == 0 ? 7 : 15);
	assert_int_equal(unlink(other), 0);
}

/* Who cannot tell whether root is known believes nobody's files no more than others'. */
static void
sandbox_without_map(void **state UNUSED)
{
	uid_t uid = getuid() != 0 ? getuid() : STRANGER;
	const char *const paths[] = { "/etc/passwd", "/usr/lib" };
	int bits;

	skip_where_root_is_strange();
	bits = believed(paths, NELEM(paths), uid, true);
	if (bits == 77)
		skip();		/* no such namespaces on this machine */
	assert_int_equal(bits, 0);
}

static void
writes(void **state)
{
	struct place *p = *state;
	AUTO(buf_free) struct buf b = BUF(64);
	struct stat st;
	mode_t old = umask(077);

	assert_ok(file_write(at(p, "file"), cur_str("first"), 0640));
	assert_ok(file_write(at(p, "file"), cur_str("second"), 0644));
	umask(old);
	assert_ok(file_read(p->path, &b));
	assert_true(cur_eq_str(buf_view(&b), "second"));
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_nlink, 1);
	assert_ok(file_write(p->path, cur_of(NULL, 0), 0600));
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

/* No half file and no temporary one is left behind: teardown could not remove the folder. */
static void
write_fails(void **state)
{
	struct place *p = *state;

	assert_err(file_write(at(p, "none/file"), cur_str("x"), 0600), ERR_SYS);
	assert_int_equal(mkdir(at(p, "dir"), 0700), 0);
	assert_err(file_write(at(p, "dir"), cur_str("x"), 0600), ERR_SYS);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(reads),
		cmocka_unit_test(reads_endless),
		T(trusted),
		T(odd_spellings),
		T(writable_by_others),
		T(links),
		T(no_files),
		T(owners),
		T(sandbox),
		T(sandbox_without_map),
		T(writes),
		T(write_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
