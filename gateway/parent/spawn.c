/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/parent/spawn.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gateway/parent/files.h"
#include "lib/base/cage.h"
#include "lib/base/log.h"

enum { LOCKED_LEAST = 1 << 20 /* ours: what the jobs of one link need */ };
enum { CHANNEL_FD = 3, EXIT_NOT_STARTED = 127 };

static void child(const struct fg_spawn *spawn, int fd)
{
	const struct rlimit none = { 0, 0 };
	char title[64], link[16], user[64];
	const char *dropped = fg_files_user(spawn->conf, spawn->role, user);
	bool adapter = spawn->role == FG_ROLE_LINK || spawn->role == FG_ROLE_SECURE;
	char *argv[] = { title, "--role", (char *)fg_role_name(spawn->role), "--fd", "3", "--link",
			 link,  NULL };

	snprintf(title, sizeof(title), adapter ? "fallgate-adapter %s" : "fallgated: %s",
		 spawn->name);
	snprintf(link, sizeof(link), "%u", spawn->link);
	if (fd != CHANNEL_FD && dup2(fd, CHANNEL_FD) < 0)
		_exit(EXIT_NOT_STARTED);
	fcntl(CHANNEL_FD, F_SETFD, 0);
	fg_cage_close_others(CHANNEL_FD);
	if (!spawn->conf->gateway.core_dumps)
		setrlimit(RLIMIT_CORE, &none);
	if (dropped && fg_cage_drop(dropped) != FG_OK)
		_exit(EXIT_NOT_STARTED);
	execv(spawn->program, argv);
	_exit(EXIT_NOT_STARTED);
}

enum fg_rc fg_spawn(const struct fg_spawn *spawn, pid_t *pid_out, int *fd_out)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return FG_E_SYSTEM;
	pid = fork();
	if (pid == 0)
		child(spawn, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return FG_E_SYSTEM;
	}
	*pid_out = pid;
	*fd_out = fds[0];
	return FG_OK;
}

const char *fg_spawn_ended(int status, char *out, size_t cap)
{
	if (WIFSIGNALED(status))
		snprintf(out, cap, "killed by signal %d, %s%s", WTERMSIG(status),
			 strsignal(WTERMSIG(status)),
			 WTERMSIG(status) == SIGSYS
				 ? ": its cage forbids a system call that it made"
				 : "");
	else if (WEXITSTATUS(status) == EXIT_NOT_STARTED)
		snprintf(out, cap, "could not be started");
	else
		snprintf(out, cap, "exit code %d", WEXITSTATUS(status));
	return out;
}

void fg_spawn_say_weaknesses(const struct fg_conf *conf)
{
	static const enum fg_role all[] = { FG_ROLE_LOG, FG_ROLE_VAULT, FG_ROLE_CORE, FG_ROLE_LINK,
					    FG_ROLE_SECURE };
	struct rlimit locked;
	char user[64];

	if (geteuid() != 0)
		LOGP(DMAIN, LOGL_NOTICE,
		     "notice: not started as root, so all roles share one uid, which weakens the "
		     "wall\n");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && geteuid() == 0; i++)
		if (!fg_files_user(conf, all[i], user))
			LOGP(DMAIN, LOGL_NOTICE,
			     "notice: no user %s, so %s runs as root, which weakens the wall\n",
			     user, fg_role_name(all[i]));
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur < LOCKED_LEAST)
		LOGP(DMAIN, LOGL_NOTICE,
		     "notice: only %" PRIu64
		     " KiB can be locked in memory; raise RLIMIT_MEMLOCK to 1 MiB\n",
		     (uint64_t)locked.rlim_cur / 1024);
}
