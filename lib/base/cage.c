/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static void notice(struct fg_cage_notices *notices,
							 const char *fmt, ...)
{
	va_list ap;

	if (notices->count == FG_CAGE_NOTICES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(notices->text[notices->count++], FG_CAGE_NOTICE_MAX, fmt, ap);
	va_end(ap);
}

enum fg_rc fg_cage_drop(const char *user)
{
	const struct passwd *pw = getpwnam(user);
	uid_t uid, gid;

	if (!pw)
		return FG_E_NOT_FOUND;
	uid = pw->pw_uid;
	gid = pw->pw_gid;
	if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return FG_E_CAGE;
	/* Believe nothing: a process that can become root again was not dropped. */
	if (uid != 0 && setresuid(0, 0, 0) == 0)
		return FG_E_CAGE;
	return FG_OK;
}

void fg_cage_close_others(int keep)
{
	if (keep < 3) {
		close_range(3, ~0u, 0);
		return;
	}
	if (keep > 3)
		close_range(3, (unsigned)keep - 1, 0);
	close_range((unsigned)keep + 1, ~0u, 0);
}

void fg_cage_harden(bool core_dumps, struct fg_cage_notices *notices)
{
	const struct rlimit none = { 0, 0 };

	umask(077);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		notice(notices, "no_new_privs is refused: %s", strerror(errno));
	if (core_dumps) {
		notice(notices, "core dumps are allowed: they hold keys and clear text");
		return;
	}
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		notice(notices, "core dumps cannot be switched off: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		notice(notices, "the process stays dumpable: %s", strerror(errno));
}

/* ---- the lists ---- */

#define CAGE(c)   (1u << FG_CAGE_##c)
#define ALL       (CAGE(CORE) | CAGE(LOG) | CAGE(VAULT) | CAGE(SECURE) | CAGE(LINK) | CAGE(SERVER))
#define KEEPERS   (CAGE(CORE) | CAGE(LOG) | CAGE(VAULT)) /* have a folder of their own */
#define ACCEPTERS (CAGE(CORE) | CAGE(SECURE) | CAGE(SERVER))
#define FACING    (CAGE(SECURE) | CAGE(LINK) | CAGE(SERVER)) /* speak to strangers */
#ifdef FG_SANITIZED
#define SANITIZERS ALL
#else
#define SANITIZERS 0
#endif

static const struct {
	int call;
	unsigned cages;
} plain[] = {
	/* bytes on descriptors that are open */
	{ SCMP_SYS(read), ALL },
	{ SCMP_SYS(write), ALL },
	{ SCMP_SYS(readv), ALL },
	{ SCMP_SYS(writev), ALL },
	{ SCMP_SYS(close), ALL },
	{ SCMP_SYS(fcntl), ALL },
	{ SCMP_SYS(fstat), ALL },
	{ SCMP_SYS(lseek), ALL },
	{ SCMP_SYS(newfstatat), ALL },
	{ SCMP_SYS(stat), ALL },
	{ SCMP_SYS(statx), ALL },
	{ SCMP_SYS(access), ALL },
	{ SCMP_SYS(faccessat), ALL },
	{ SCMP_SYS(faccessat2), ALL },
	{ SCMP_SYS(dup), ALL },
	{ SCMP_SYS(sendmsg), ALL },
	{ SCMP_SYS(recvmsg), ALL },
	{ SCMP_SYS(sendto), ALL },
	{ SCMP_SYS(recvfrom), ALL },
	{ SCMP_SYS(shutdown), ALL },
	{ SCMP_SYS(getsockopt), ALL },
	{ SCMP_SYS(setsockopt), ALL },
	{ SCMP_SYS(getsockname), ALL },
	{ SCMP_SYS(getpeername), ALL },
	/* the loop, time */
	{ SCMP_SYS(epoll_create1), ALL },
	{ SCMP_SYS(epoll_ctl), ALL },
	{ SCMP_SYS(epoll_wait), ALL },
	{ SCMP_SYS(epoll_pwait), ALL },
	{ SCMP_SYS(epoll_pwait2), ALL },
	{ SCMP_SYS(poll), ALL },
	{ SCMP_SYS(ppoll), ALL },
	{ SCMP_SYS(select), ALL },
	{ SCMP_SYS(pselect6), ALL },
	{ SCMP_SYS(eventfd2), ALL },
	{ SCMP_SYS(pipe2), ALL },
	{ SCMP_SYS(timerfd_create), ALL },
	{ SCMP_SYS(timerfd_settime), ALL },
	{ SCMP_SYS(clock_gettime), ALL },
	{ SCMP_SYS(clock_getres), ALL },
	{ SCMP_SYS(clock_nanosleep), ALL },
	{ SCMP_SYS(nanosleep), ALL },
	{ SCMP_SYS(gettimeofday), ALL },
	{ SCMP_SYS(time), ALL },
	/* memory, signals, itself */
	{ SCMP_SYS(mmap), ALL },
	{ SCMP_SYS(munmap), ALL },
	{ SCMP_SYS(mremap), ALL },
	{ SCMP_SYS(mprotect), ALL },
	{ SCMP_SYS(madvise), ALL },
	{ SCMP_SYS(brk), ALL },
	{ SCMP_SYS(mlock), ALL },
	{ SCMP_SYS(mlock2), ALL },
	{ SCMP_SYS(munlock), ALL },
	{ SCMP_SYS(futex), ALL },
	{ SCMP_SYS(rt_sigaction), ALL },
	{ SCMP_SYS(rt_sigprocmask), ALL },
	{ SCMP_SYS(rt_sigreturn), ALL },
	{ SCMP_SYS(sigaltstack), ALL },
	{ SCMP_SYS(restart_syscall), ALL },
	{ SCMP_SYS(getpid), ALL },
	{ SCMP_SYS(gettid), ALL },
	{ SCMP_SYS(getuid), ALL },
	{ SCMP_SYS(geteuid), ALL },
	{ SCMP_SYS(getgid), ALL },
	{ SCMP_SYS(getegid), ALL },
	{ SCMP_SYS(getrandom), ALL },
	{ SCMP_SYS(getrusage), ALL },
	{ SCMP_SYS(sysinfo), ALL },
	{ SCMP_SYS(uname), ALL },
	{ SCMP_SYS(tgkill), ALL },
	{ SCMP_SYS(exit), ALL },
	{ SCMP_SYS(exit_group), ALL },
	{ SCMP_SYS(sched_yield), ALL },
	{ SCMP_SYS(sched_getaffinity), ALL },
	{ SCMP_SYS(membarrier), ALL },
	{ SCMP_SYS(rseq), ALL },
	{ SCMP_SYS(set_robust_list), ALL },
	/* files: the store, the log, the vault's notes */
	{ SCMP_SYS(open), KEEPERS },
	{ SCMP_SYS(openat), KEEPERS },
	{ SCMP_SYS(pread64), KEEPERS },
	{ SCMP_SYS(pwrite64), KEEPERS },
	{ SCMP_SYS(fsync), KEEPERS },
	{ SCMP_SYS(fdatasync), KEEPERS | CAGE(LINK) }, /* its state, which it was given open */
	{ SCMP_SYS(ftruncate), KEEPERS },
	{ SCMP_SYS(fallocate), KEEPERS },
	{ SCMP_SYS(unlink), KEEPERS },
	{ SCMP_SYS(unlinkat), KEEPERS },
	{ SCMP_SYS(rename), KEEPERS },
	{ SCMP_SYS(renameat), KEEPERS },
	{ SCMP_SYS(renameat2), KEEPERS },
	{ SCMP_SYS(link), KEEPERS },
	{ SCMP_SYS(mkdir), KEEPERS },
	{ SCMP_SYS(mkdirat), KEEPERS },
	{ SCMP_SYS(rmdir), KEEPERS },
	{ SCMP_SYS(lstat), KEEPERS },
	{ SCMP_SYS(readlink), KEEPERS },
	{ SCMP_SYS(getcwd), KEEPERS },
	{ SCMP_SYS(getdents64), KEEPERS },
	{ SCMP_SYS(flock), KEEPERS },
	{ SCMP_SYS(fchmod), KEEPERS },
	{ SCMP_SYS(statfs), KEEPERS },
	{ SCMP_SYS(fstatfs), KEEPERS },
	{ SCMP_SYS(utimensat), KEEPERS },
	{ SCMP_SYS(fchown),
	  CAGE(CORE) }, /* SQLite as root: the files beside the database get its owner */
	/* the network */
	{ SCMP_SYS(accept), ACCEPTERS },
	{ SCMP_SYS(accept4), ACCEPTERS },
	{ SCMP_SYS(socket), CAGE(LINK) },
	{ SCMP_SYS(connect), CAGE(LINK) },
	{ SCMP_SYS(sendmmsg), CAGE(LINK) },
	/* the leak checker stops and reads its own process from a second one */
	{ SCMP_SYS(ptrace), SANITIZERS },
	{ SCMP_SYS(wait4), SANITIZERS },
	{ SCMP_SYS(prctl), SANITIZERS },
	{ SCMP_SYS(clone), SANITIZERS },
	{ SCMP_SYS(process_vm_readv), SANITIZERS },
	{ SCMP_SYS(getppid), SANITIZERS },
	{ SCMP_SYS(kill), SANITIZERS },
	{ SCMP_SYS(readlinkat), SANITIZERS },
	{ SCMP_SYS(readlink), SANITIZERS },
	{ SCMP_SYS(getdents64), SANITIZERS },
	{ SCMP_SYS(open), SANITIZERS },
	{ SCMP_SYS(openat), SANITIZERS },
	{ SCMP_SYS(sched_setaffinity), SANITIZERS },
	{ SCMP_SYS(getcwd), SANITIZERS },
	{ SCMP_SYS(lstat), SANITIZERS },
};

static int allow_plain(scmp_filter_ctx filter, enum fg_cage cage)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]) && rc == 0; i++)
		if (plain[i].cages & 1u << cage)
			rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain[i].call, 0);
	return rc;
}

/* Calls whose arguments decide. */
static int allow_some(scmp_filter_ctx filter, enum fg_cage cage)
{
	const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
	int rc = 0;

	/* bytes waiting in a socket; anything else is a question about a terminal, which there is none of */
	rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			       SCMP_A1(SCMP_CMP_EQ, FIONREAD));
	rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 1,
			       SCMP_A1(SCMP_CMP_NE, FIONREAD));
	/* limits may be read, not set */
	rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
			       SCMP_A2(SCMP_CMP_EQ, 0));
	if (cage == FG_CAGE_CORE) {
		/* SQLite, run by root, asks for the owner of its files that they have anyway, and does without */
		rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(fchown), 0);
		/* the commit thread: clone3's flags cannot be seen here, and the C library falls back to clone */
		rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
		rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
		rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				       SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	}
	if (FACING & 1u << cage) {
		rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
		rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
	}
	/* the resolver binds a netlink socket to ask for addresses, and does without when refused */
	if (cage == FG_CAGE_LINK)
		rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bind), 0);
	return rc;
}

void fg_cage_lock(enum fg_cage cage, struct fg_cage_notices *notices)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (!filter || allow_plain(filter, cage) != 0 || allow_some(filter, cage) != 0 ||
	    seccomp_load(filter) != 0)
		notice(notices, "system calls are not filtered: the kernel refuses seccomp");
#ifdef FG_SANITIZED
	notice(notices, "system calls are filtered loosely: built with sanitizers");
#endif
	seccomp_release(filter);
}
