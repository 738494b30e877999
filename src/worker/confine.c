/* SPDX-License-Identifier: EUPL-1.2 */
/* no_new_privs, Landlock, seccomp, limits: in this order (DESIGN section 6). */
#include "worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/secret.h"

/*
 * Landlock, landlock(7), by number: the headers of Debian 12 are older than kernels on
 * which this may run.
 */
#define LANDLOCK_VERSION	1	/* flag of landlock_create_ruleset() */
#define LANDLOCK_NET_TCP	3	/* bind and connect, since version 4 */
#define LANDLOCK_SCOPE_ABSTRACT	1	/* abstract Unix sockets, since version 6 */

struct landlock_rules {
	uint64_t fs, net, scope;
};

/* 0: the kernel has none. */
static int
landlock_version(void)
{
	long v = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);

	return v < 0 ? 0 : (int)v;
}

/* Everything that this version can forbid, and no rule that allows any of it. */
static enum err
landlock_all(int version)
{
	unsigned rights = 13u + (version >= 2) + (version >= 3) + (version >= 5);
	struct landlock_rules all = {
		.fs = ((uint64_t)1 << rights) - 1,
		.net = version >= 4 ? LANDLOCK_NET_TCP : 0,
		.scope = version >= 6 ? LANDLOCK_SCOPE_ABSTRACT : 0,
	};
	size_t size = version >= 6 ? sizeof(all) : version >= 4 ? 2 * sizeof(uint64_t) :
	    sizeof(uint64_t);
	long fd = syscall(SYS_landlock_create_ruleset, &all, size, 0);
	long r;
	int e;

	if (fd < 0)
		return fail(ERR_SYS, "Landlock: %s", strerror(errno));
	r = syscall(SYS_landlock_restrict_self, (int)fd, 0);
	e = errno;
	close((int)fd);
	return r == 0 ? ERR_OK : fail(ERR_SYS, "Landlock: %s", strerror(e));
}

enum err
confine_files(void)
{
	int version = landlock_version();

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(ERR_SYS, "no_new_privs: %s", strerror(errno));
	return version == 0 ? ERR_OK : landlock_all(version);
}

static bool
has_seccomp(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/*
 * What is left: reading and writing what is open, memory, time, and ending.  PC/SC,
 * Assuan and our frames are sockets that are connected already; the card cache is a file
 * that is open already.
 */
static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(_llseek),
	SCMP_SYS(ftruncate), SCMP_SYS(ftruncate64), SCMP_SYS(flock),
	SCMP_SYS(recv), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(send), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(shutdown),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64),
	SCMP_SYS(select), SCMP_SYS(_newselect), SCMP_SYS(pselect6),
	SCMP_SYS(pselect6_time64), SCMP_SYS(close),
	/* Looking at a name opens nothing: pcscd's socket and process id file. */
	SCMP_SYS(stat), SCMP_SYS(stat64), SCMP_SYS(fstat), SCMP_SYS(fstat64),
	SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(statx),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
	SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock),
	SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sysinfo),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(wait4), SCMP_SYS(waitpid), SCMP_SYS(waitid),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Calls of which only one use is meant: argument number n is v. */
#define ONLY(n, v)	{ .arg = (n), .op = SCMP_CMP_EQ, .datum_a = (v) }
/* mmap() and mprotect() of memory that is not code. */
#define NO_CODE		{ .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC }

static const struct {
	int	call;
	struct scmp_arg_cmp what;
} parts[] = {
	{ SCMP_SYS(mmap), NO_CODE }, { SCMP_SYS(mmap2), NO_CODE },
	{ SCMP_SYS(mprotect), NO_CODE },
	{ SCMP_SYS(fcntl), ONLY(1, F_GETFL) }, { SCMP_SYS(fcntl), ONLY(1, F_SETFL) },
	{ SCMP_SYS(fcntl64), ONLY(1, F_GETFL) }, { SCMP_SYS(fcntl64), ONLY(1, F_SETFL) },
	/* Is this a terminal?  A terminal is put back in order. */
	{ SCMP_SYS(ioctl), ONLY(1, TCGETS) }, { SCMP_SYS(ioctl), ONLY(1, TCSETS) },
};

static bool
allow_if(scmp_filter_ctx f, int call, struct scmp_arg_cmp what)
{
	return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 1, &what) == 0;
}

/* A signal to one process: the first argument says to which. */
static bool
allow_signal(scmp_filter_ctx f, int call, pid_t pid)
{
	const struct scmp_arg_cmp to = ONLY(0, (scmp_datum_t)pid);

	return allow_if(f, call, to);
}

static bool
fill(scmp_filter_ctx f, const pid_t *may_end, size_t n)
{
	for (size_t i = 0; i < NELEM(allowed); i++)
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0) != 0)
			return false;
	for (size_t i = 0; i < NELEM(parts); i++)
		if (!allow_if(f, parts[i].call, parts[i].what))
			return false;
	for (size_t i = 0; i < n; i++)
		if (!allow_signal(f, SCMP_SYS(kill), may_end[i]))
			return false;
	/* abort() */
	return allow_signal(f, SCMP_SYS(tgkill), getpid()) &&
	    seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) == 0;
}

/* A runaway is small; core files were forbidden when the process was locked. */
static void
limit(void)
{
	const struct rlimit file = { 1 << 20, 1 << 20 }, files = { 64, 64 };

	setrlimit(RLIMIT_FSIZE, &file);
	setrlimit(RLIMIT_NOFILE, &files);
}

enum err
confine_calls(const pid_t *may_end, size_t n)
{
	scmp_filter_ctx f;
	int e;

	limit();
	if (!has_seccomp())
		return ERR_OK;
	f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (f == NULL)
		return fail(ERR_NOMEM, "seccomp");
	e = fill(f, may_end, n) ? seccomp_load(f) : -EINVAL;
	seccomp_release(f);
	return e == 0 ? ERR_OK : fail(ERR_SYS, "seccomp: %s", strerror(-e));
}

static bool
told(const char *what, bool refused)
{
	printf("%s=%s\n", what, refused ? "refused" : "ALLOWED");
	return refused;
}

static bool
fork_refused(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid < 0;
}

static bool
exec_refused(void)
{
	char *const argv[] = { NULL };

	/* A program that is not there: only the reason tells. */
	return execve("/nonexistent", argv, argv) != 0 && errno == EPERM;
}

static bool
mmap_refused(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		munmap(p, 4096);
	return p == MAP_FAILED;
}

bool
confine_probe(void)
{
	int version = landlock_version();
	bool filter = has_seccomp(), all;
	const char *missing;

	secret_lock_process(&missing);
	if (confine_files() != ERR_OK || confine_calls(NULL, 0) != ERR_OK) {
		printf("error=%s\n", err_trail());
		return false;
	}
	printf("seccomp=%s\n", filter ? "yes" : "no");
	printf("landlock=%d\n", version);
	printf("missing=%s\n", missing);
	if (!filter)
		return true;
	all = told("open", open("/", O_RDONLY | O_DIRECTORY) < 0);
	all &= told("socket", socket(AF_UNIX, SOCK_STREAM, 0) < 0);
	all &= told("exec", exec_refused());
	all &= told("fork", fork_refused());
	all &= told("executable_memory", mmap_refused());
	all &= told("signal", kill(getppid(), 0) != 0 && errno == EPERM);
	all &= told("ptrace", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0);
	return all;
}
