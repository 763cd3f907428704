/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each case is a child that locks itself up, does one thing and says by its exit code whether it could; a call that the cage
 * forbids ends it with SIGSYS.
 */
#include "tests/support/fg_test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/base/cage.h"

enum { KILLED = -SIGSYS, YES = 0, NO = 1 };

static int in_child(int (*act)(enum fg_cage), enum fg_cage cage)
{
	struct fg_cage_notices notices = { 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fg_cage_harden(false, &notices);
		fg_cage_lock(cage, &notices);
		_exit(act(cage));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int make_socket(enum fg_cage cage)
{
	(void)cage;
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? YES : NO;
}

static int call_connect(enum fg_cage cage)
{
	(void)cage;
	connect(-1, NULL, 0);
	return YES;
}

static int call_accept(enum fg_cage cage)
{
	(void)cage;
	accept(-1, NULL, NULL);
	return YES;
}

static int call_bind(enum fg_cage cage)
{
	(void)cage;
	return bind(-1, NULL, 0) != 0 && errno == EPERM ? NO : YES;
}

static int write_file(enum fg_cage cage)
{
	(void)cage;
	return open("/dev/null", O_WRONLY | O_CREAT, 0600) >= 0 ? YES : NO;
}

static int read_file(enum fg_cage cage)
{
	(void)cage;
	return open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 ? YES : NO;
}

static int run_program(enum fg_cage cage)
{
	char *argv[] = { (char *)"true", NULL };

	(void)cage;
	execv("/bin/true", argv);
	return NO;
}

static void *nothing(void *arg)
{
	return arg;
}

static int start_thread(enum fg_cage cage)
{
	pthread_t thread;

	(void)cage;
	return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0
		       ? YES
		       : NO;
}

static int speak(enum fg_cage cage)
{
	(void)cage;
	return write(STDERR_FILENO, "", 0) == 0 ? YES : NO;
}

/* A sanitized build allows opening and threads to all, for the leak checker. */
#ifdef FG_SANITIZED
enum { WRITES = YES };
#else
enum { WRITES = KILLED };
#endif

static void each_role_may_do_its_own_work_and_nothing_else(void **state)
{
	static const struct {
		const char *name;
		int (*act)(enum fg_cage);
		int core, log, vault, secure, link, server;
	} cases[] = {
		{ "make a socket", make_socket, KILLED, KILLED, KILLED, KILLED, YES, KILLED },
		{ "connect", call_connect, KILLED, KILLED, KILLED, KILLED, YES, KILLED },
		{ "accept", call_accept, YES, KILLED, KILLED, YES, KILLED, YES },
		{ "bind", call_bind, KILLED, KILLED, KILLED, KILLED, NO, KILLED },
		{ "write a file", write_file, YES, YES, YES, WRITES, WRITES, WRITES },
		{ "read a file", read_file, YES, YES, YES, YES, YES, YES },
		{ "run a program", run_program, KILLED, KILLED, KILLED, KILLED, KILLED, KILLED },
		{ "write to what is open", speak, YES, YES, YES, YES, YES, YES },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const int want[] = { cases[i].core,   cases[i].log,  cases[i].vault,
				     cases[i].secure, cases[i].link, cases[i].server };

		for (int cage = FG_CAGE_CORE; cage <= FG_CAGE_SERVER; cage++)
			if (in_child(cases[i].act, (enum fg_cage)cage) != want[cage])
				fail_msg("cage %d: %s gave %d, not %d", cage, cases[i].name,
					 in_child(cases[i].act, (enum fg_cage)cage), want[cage]);
	}
}

static void the_core_may_start_its_commit_thread(void **state)
{
	(void)state;
	assert_int_equal(in_child(start_thread, FG_CAGE_CORE), YES);
#ifndef FG_SANITIZED
	assert_int_equal(in_child(start_thread, FG_CAGE_VAULT), KILLED);
#endif
}

static int is_hardened(enum fg_cage cage)
{
	(void)cage;
	return umask(0) == 077 ? YES : NO;
}

static void a_process_is_hardened_before_it_reads_a_secret(void **state)
{
	struct fg_cage_notices notices = { 0 };
	struct rlimit core;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		fg_cage_harden(false, &notices);
		getrlimit(RLIMIT_CORE, &core);
		_exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
				      prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
				      core.rlim_max == 0 && notices.count == 0 &&
				      is_hardened(0) == YES
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void core_dumps_that_are_allowed_are_said_so(void **state)
{
	struct fg_cage_notices notices = { 0 };
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		fg_cage_harden(true, &notices);
		_exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 && notices.count == 1 &&
				      strstr(notices.text[0], "core dumps are allowed")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void all_other_descriptors_are_closed(void **state)
{
	int status, fds[6], bad = 0;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = open("/dev/null", O_RDONLY);
	pid = fork();
	if (pid == 0) {
		fg_cage_close_others(fds[2]);
		for (size_t i = 0; i < ARRAY_LEN(fds); i++)
			bad += (fcntl(fds[i], F_GETFD) >= 0) != (i == 2);
		fg_cage_close_others(-1);
		bad += fcntl(fds[2], F_GETFD) >= 0 || fcntl(2, F_GETFD) < 0;
		_exit(bad);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static void only_root_becomes_another_user_and_then_for_good(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	int status;
	pid_t pid;

	(void)state;
	assert_rc(FG_E_NOT_FOUND, fg_cage_drop("fallgate-no-such-user"));
	if (!nobody)
		skip();
	pid = fork();
	if (pid == 0) {
		if (geteuid() != 0)
			_exit(fg_cage_drop("nobody") == FG_E_CAGE ? 0 : 1);
		_exit(fg_cage_drop("nobody") == FG_OK && getuid() == nobody->pw_uid &&
				      getgroups(0, NULL) <= 1 && fg_cage_drop("root") == FG_E_CAGE
			      ? 0
			      : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_role_may_do_its_own_work_and_nothing_else),
		cmocka_unit_test(the_core_may_start_its_commit_thread),
		cmocka_unit_test(a_process_is_hardened_before_it_reads_a_secret),
		cmocka_unit_test(core_dumps_that_are_allowed_are_said_so),
		cmocka_unit_test(all_other_descriptors_are_closed),
		cmocka_unit_test(only_root_becomes_another_user_and_then_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
