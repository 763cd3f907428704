/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/parent/whole.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gateway/parent/check.h"
#include "lib/base/log.h"

static struct fg_conf conf;

const char *gateway_path_of(struct gateway *gw, const char *name)
{
	static char path[4][512];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", gw->dir, name);
	return path[turn];
}

void gateway_put(struct gateway *gw, const char *name, const char *text)
{
	FILE *file = fopen(gateway_path_of(gw, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

const char *gateway_slurp(struct gateway *gw, const char *name)
{
	FILE *file = fopen(gateway_path_of(gw, name), "r");
	size_t n = file ? fread(gw->file, 1, sizeof(gw->file) - 1, file) : 0;

	gw->file[n] = 0;
	if (file)
		fclose(file);
	return gw->file;
}

void gateway_setup(struct gateway *gw)
{
	char text[2048];

	memset(gw, 0, sizeof(*gw));
	gw->dir = fg_test_tmpdir();
	gw->timings = (struct fg_parent_timings){ 10, 40, 60000, 5000, 5000 };
	gateway_put(gw, "tls.crt", "x");
	gateway_put(gw, "tls.key", "x");
	gateway_put(gw, "ca.crt",
		    "text before\n-----BEGIN CERTIFICATE-----\nAAEC\nAwQF\n-----END "
		    "CERTIFICATE-----\n");
	snprintf(text, sizeof(text),
		 "gateway = { name = \"gw.example\"; data_dir = \"%s/data\"; run_dir = \"%s/run\"; "
		 "};\n"
		 "secure = { port = 0; certificate = \"%s/tls.crt\"; key = \"%s/tls.key\"; ca = "
		 "\"%s/ca.crt\"; };\n"
		 "links = ( { name = \"a\"; adapter = \"loop\"; source_address = \"1\"; },\n"
		 "          { name = \"b\"; adapter = \"loop\"; source_address = \"2\"; } );\n",
		 gw->dir, gw->dir, gw->dir, gw->dir, gw->dir);
	gateway_put(gw, "fallgate.conf", text);
	assert_int_equal(mkfifo(gateway_path_of(gw, "events"), 0600), 0);
	gw->events = open(gateway_path_of(gw, "events"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(gw->events >= 0);
	setenv("FG_FIXTURE_PIPE", gateway_path_of(gw, "events"), 1);
	setenv("FG_FIXTURE_DIR", gw->dir, 1);
}

void gateway_teardown(struct gateway *gw)
{
	close(gw->events);
	fg_test_rmdir(gw->dir);
}

static void no_error(const char *file, unsigned line, const char *key, const char *text, void *arg)
{
	(void)arg;
	fail_msg("%s:%u: %s: %s", file, line, key, text);
}

static void redirect(const char *path, int fd)
{
	int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	dup2(file, fd);
	close(file);
}

void gateway_launch(struct gateway *gw)
{
	char program[512];

	assert_ok(fg_parent_check(gateway_path_of(gw, "fallgate.conf"), &conf, no_error, NULL));
	snprintf(program, sizeof(program), "%s/tests/parent/fallgated_fixture",
		 getenv("FG_BUILDDIR"));
	gw->said[0] = 0;
	gw->pid = fork();
	if (gw->pid == 0) {
		const struct fg_parent_options options = { &conf, program, gw->timings,
							   gateway_path_of(gw, "fallgate.conf") };

		prctl(PR_SET_PDEATHSIG,
		      SIGKILL); /* a case that fails leaves its gateway behind: not for longer than the test */
		redirect(gateway_path_of(gw, "out"), STDOUT_FILENO);
		redirect(gateway_path_of(gw, "err"), STDERR_FILENO);
		fg_log_init(NULL, "parent", "info");
		_exit(fg_parent_run(&options));
	}
}

const char *gateway_until(struct gateway *gw, const char *event, int times)
{
	struct pollfd pfd = { .fd = gw->events, .events = POLLIN };
	char want[128];

	snprintf(want, sizeof(want), "\n%s ", event);
	for (;;) {
		size_t len = strlen(gw->said);
		const char *at = gw->said;
		int seen = 0;
		ssize_t n;

		while ((at = strstr(at, want)) && ++seen < times)
			at++;
		if (at)
			return at + strlen(want);
		if (poll(&pfd, 1, WAIT_MS) != 1)
			fail_msg("waited for \"%s\" #%d; said: %s\nlog: %s", event, times, gw->said,
				 gateway_slurp(gw, "err"));
		if (len == 0)
			gw->said[len++] = '\n';
		n = read(gw->events, gw->said + len, sizeof(gw->said) - len - 1);
		gw->said[len + (n > 0 ? (size_t)n : 0)] = 0;
	}
}

pid_t gateway_pid_in(struct gateway *gw, const char *event, int times)
{
	return (pid_t)atoi(gateway_until(gw, event, times));
}

void gateway_until_all_started(struct gateway *gw)
{
	static const char *const events[] = { "log start", "vault start", "core start",
					      "a start",   "b start",     "secure start" };

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		gateway_until(gw, events[i], 1);
}

int gateway_reap(pid_t pid)
{
	int status, ms = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		poll(NULL, 0, 2);
		if ((ms += 2) >= WAIT_MS)
			kill(pid, SIGKILL);
	}
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int gateway_stop(struct gateway *gw)
{
	kill(gw->pid, SIGTERM);
	return gateway_reap(gw->pid);
}

void gateway_assert_before(const char *text, const char *first, const char *second)
{
	const char *a = strstr(text, first), *b = strstr(text, second);

	if (!a || !b || a >= b)
		fail_msg("\"%s\" is not before \"%s\" in: %s", first, second, text);
}

void gateway_assert_logged(struct gateway *gw, const char *text)
{
	if (!strstr(gateway_slurp(gw, "err"), text))
		fail_msg("\"%s\" is not in: %s", text, gw->file);
}

void gateway_assert_mode(struct gateway *gw, const char *name, mode_t mode)
{
	struct stat st;

	assert_int_equal(stat(gateway_path_of(gw, name), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

void gateway_until_ready(struct gateway *gw)
{
	gateway_until_all_started(gw);
	for (int i = 0; i < WAIT_MS && !strstr(gateway_slurp(gw, "out"), "fallgated: ready"); i++)
		poll(NULL, 0, 1);
}
