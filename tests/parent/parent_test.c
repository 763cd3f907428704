/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole gateways of fixture roles (role_fixture.c), started by the real parent with short times, and the program's own options.
 */
#include "tests/support/fg_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <talloc.h>
#include "gateway/parent/check.h"
#include "gateway/parent/parent.h"
#include "gateway/parent/notify.h"
#include "lib/base/log.h"

enum { WAIT_MS = 10000 };

struct gateway {
	char *dir;
	pid_t pid;
	int events; /* what the roles say */
	char said[65536];
	char file[65536]; /* for slurp() */
	struct fg_parent_timings timings;
};

static struct fg_conf conf;

static const char *path_of(struct gateway *gw, const char *name)
{
	static char path[4][512];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", gw->dir, name);
	return path[turn];
}

static void put(struct gateway *gw, const char *name, const char *text)
{
	FILE *file = fopen(path_of(gw, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char *slurp(struct gateway *gw, const char *name)
{
	FILE *file = fopen(path_of(gw, name), "r");
	size_t n = file ? fread(gw->file, 1, sizeof(gw->file) - 1, file) : 0;

	gw->file[n] = 0;
	if (file)
		fclose(file);
	return gw->file;
}

static void setup(struct gateway *gw)
{
	char text[2048];

	memset(gw, 0, sizeof(*gw));
	gw->dir = fg_test_tmpdir();
	gw->timings = (struct fg_parent_timings){ 10, 40, 60000, 5000, 5000 };
	put(gw, "tls.crt", "x");
	put(gw, "tls.key", "x");
	put(gw, "ca.crt",
	    "text before\n-----BEGIN CERTIFICATE-----\nAAEC\nAwQF\n-----END CERTIFICATE-----\n");
	snprintf(text, sizeof(text),
		 "gateway = { name = \"gw.example\"; data_dir = \"%s/data\"; run_dir = \"%s/run\"; "
		 "};\n"
		 "secure = { port = 0; certificate = \"%s/tls.crt\"; key = \"%s/tls.key\"; ca = "
		 "\"%s/ca.crt\"; };\n"
		 "links = ( { name = \"a\"; adapter = \"loop\"; source_address = \"1\"; },\n"
		 "          { name = \"b\"; adapter = \"loop\"; source_address = \"2\"; } );\n",
		 gw->dir, gw->dir, gw->dir, gw->dir, gw->dir);
	put(gw, "fallgate.conf", text);
	assert_int_equal(mkfifo(path_of(gw, "events"), 0600), 0);
	gw->events = open(path_of(gw, "events"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(gw->events >= 0);
	setenv("FG_FIXTURE_PIPE", path_of(gw, "events"), 1);
	setenv("FG_FIXTURE_DIR", gw->dir, 1);
}

static void teardown(struct gateway *gw)
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

static void launch(struct gateway *gw)
{
	char program[512];

	assert_ok(fg_parent_check(path_of(gw, "fallgate.conf"), &conf, no_error, NULL));
	snprintf(program, sizeof(program), "%s/tests/parent/fallgated_fixture",
		 getenv("FG_BUILDDIR"));
	gw->said[0] = 0;
	gw->pid = fork();
	if (gw->pid == 0) {
		const struct fg_parent_options options = { &conf, program, gw->timings };

		prctl(PR_SET_PDEATHSIG,
		      SIGKILL); /* a case that fails leaves its gateway behind: not for longer than the test */
		redirect(path_of(gw, "out"), STDOUT_FILENO);
		redirect(path_of(gw, "err"), STDERR_FILENO);
		fg_log_init(NULL, "parent", "info");
		_exit(fg_parent_run(&options));
	}
}

/* Read events until one begins so at the n-th time. */
static const char *until(struct gateway *gw, const char *event, int times)
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
				 slurp(gw, "err"));
		if (len == 0)
			gw->said[len++] = '\n';
		n = read(gw->events, gw->said + len, sizeof(gw->said) - len - 1);
		gw->said[len + (n > 0 ? (size_t)n : 0)] = 0;
	}
}

static pid_t pid_in(struct gateway *gw, const char *event, int times)
{
	return (pid_t)atoi(until(gw, event, times));
}

static void until_all_started(struct gateway *gw)
{
	static const char *const events[] = { "log start", "vault start", "core start",
					      "a start",   "b start",     "secure start" };

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		until(gw, events[i], 1);
}

/* Exit code, or minus the signal. What does not end by itself in time is killed, and shows as that. */
static int reap(pid_t pid)
{
	int status, ms = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		poll(NULL, 0, 2);
		if ((ms += 2) >= WAIT_MS)
			kill(pid, SIGKILL);
	}
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int stop(struct gateway *gw)
{
	kill(gw->pid, SIGTERM);
	return reap(gw->pid);
}

static void assert_before(const char *text, const char *first, const char *second)
{
	const char *a = strstr(text, first), *b = strstr(text, second);

	if (!a || !b || a >= b)
		fail_msg("\"%s\" is not before \"%s\" in: %s", first, second, text);
}

static void assert_logged(struct gateway *gw, const char *text)
{
	if (!strstr(slurp(gw, "err"), text))
		fail_msg("\"%s\" is not in: %s", text, gw->file);
}

static void assert_mode(struct gateway *gw, const char *name, mode_t mode)
{
	struct stat st;

	assert_int_equal(stat(path_of(gw, name), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void roles_start_in_order_know_their_peers_and_stop_in_order(void **state)
{
	static const char *const order[] = { "log", "vault", "core", "a", "b", "secure" };
	static const char *const peers[] = {
		"log peer vault",   "log peer core",  "vault peer log", "vault peer core",
		"vault peer a 0",   "vault peer b 1", "core peer log",  "core peer vault",
		"core peer secure", "a peer vault",   "b peer vault",   "secure peer core",
		"core file 1",      "secure file 0",  "secure file 2",  "secure file 3"
	};
	struct gateway gw;
	char event[64];
	pid_t last = 0, pid;

	(void)state;
	setup(&gw);
	launch(&gw);
	until_all_started(&gw);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		snprintf(event, sizeof(event), "%s trust good", order[i]);
		until(&gw, event, 1);
		snprintf(event, sizeof(event), "%s configure", order[i]);
		pid = pid_in(&gw, event, 1);
		assert_true(pid > last);
		last = pid;
	}
	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		until(&gw, peers[i], 1);
	assert_null(strstr(gw.said, "\na peer core"));
	assert_null(strstr(gw.said, "\nsecure peer vault"));
	assert_null(strstr(gw.said, "\na file"));
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	until(&gw, "log stop", 1);
	assert_before(gw.said, "\na stop", "\ncore stop");
	assert_before(gw.said, "\nb stop", "\ncore stop");
	assert_before(gw.said, "\nsecure stop", "\ncore stop");
	assert_before(gw.said, "\ncore stop", "\nvault stop");
	assert_before(gw.said, "\nvault stop", "\nlog stop");
	assert_int_equal(access(path_of(&gw, "run/control"), F_OK), -1);
	teardown(&gw);
}

static void until_ready(struct gateway *gw)
{
	until_all_started(gw);
	for (int i = 0; i < WAIT_MS && !strstr(slurp(gw, "out"), "fallgated: ready"); i++)
		poll(NULL, 0, 1);
}

static void what_devices_must_trust_is_written_before_the_first_start(void **state)
{
	struct gateway gw;
	char line[64];

	(void)state;
	setup(&gw);
	launch(&gw);
	until_ready(&gw);
	assert_non_null(strstr(gw.file, "fallgated: ready in 0."));
	assert_non_null(strstr(gw.file, " s, devices on 127.0.0.1:"));
	slurp(&gw, "data/gateway.id");
	assert_int_equal(strlen(gw.file), 33);
	snprintf(line, sizeof(line), "\ngateway %s", gw.file);
	slurp(&gw, "data/gateway.trust");
	assert_int_equal(strncmp(gw.file, "fallgate-trust 1\n", 17), 0);
	assert_non_null(strstr(gw.file, line));
	assert_non_null(strstr(gw.file, "\nhost localhost:"));
	assert_non_null(strstr(gw.file, "\nlog-origin gw.example\n"));
	assert_non_null(strstr(gw.file, "\nlog-key 0101010101"));
	assert_non_null(strstr(gw.file, "\nvault-key 0202020202"));
	assert_non_null(strstr(gw.file, "\nreceipt-key 0303030303"));
	assert_non_null(strstr(gw.file, "\ndirectory-key 0404040404"));
	assert_non_null(strstr(gw.file, "\nca AAECAwQF\n"));
	assert_mode(&gw, "data/core", 0700);
	assert_mode(&gw, "data/log", 0700);
	assert_mode(&gw, "data/vault", 0700);
	assert_mode(&gw, "run/control", 0660);
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	/* The next start is the same gateway. */
	launch(&gw);
	until_all_started(&gw);
	assert_non_null(strstr(slurp(&gw, "data/gateway.trust"), line));
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	teardown(&gw);
}

static void a_role_that_dies_is_restarted_with_back_off_and_new_peers(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	launch(&gw);
	until_all_started(&gw);
	kill(pid_in(&gw, "a start", 1), SIGKILL);
	until(&gw, "a start", 2);
	until(&gw, "vault peer a", 2);
	until(&gw, "a peer vault", 2);
	kill(pid_in(&gw, "a start", 2), SIGSEGV);
	until(&gw, "a start", 3);
	kill(pid_in(&gw, "a start", 3), SIGKILL);
	until(&gw, "a start", 4);
	kill(pid_in(&gw, "a start", 4), SIGKILL);
	until(&gw, "a start", 5);
	assert_logged(&gw, "died a: killed by signal 9, Killed");
	assert_before(gw.file, "restart a: in 10 ms", "restart a: in 20 ms");
	assert_before(gw.file, "restart a: in 20 ms", "restart a: in 40 ms");
	assert_null(strstr(gw.file, "restart a: in 80 ms"));
	assert_null(strstr(gw.file, "restart b"));
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	teardown(&gw);
}

static void a_role_that_lived_long_begins_with_the_shortest_back_off(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	gw.timings.settled_ms = 0;
	launch(&gw);
	until_all_started(&gw);
	for (int i = 1; i < 4; i++)
		kill(pid_in(&gw, "core start", i), SIGKILL);
	until(&gw, "core start", 4);
	assert_logged(&gw, "restart core: in 10 ms");
	assert_null(strstr(gw.file, "restart core: in 20 ms"));
	until(&gw, "secure peer core", 4);
	until(&gw, "log peer core", 4);
	until(&gw, "core file 1", 4);
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	teardown(&gw);
}

static void links_hold_nothing_for_a_vault_that_died(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	launch(&gw);
	until_all_started(&gw);
	kill(pid_in(&gw, "vault start", 1), SIGKILL);
	until(&gw, "a start", 2);
	until(&gw, "b start", 2);
	until(&gw, "vault start", 2);
	until(&gw, "a peer vault", 2);
	assert_logged(&gw, "kill a: the vault died");
	assert_null(strstr(gw.file, "died core"));
	assert_null(strstr(gw.file, "died secure"));
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	teardown(&gw);
}

static void a_role_that_crashes_or_hangs_at_start_holds_nobody_up(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	gw.timings.ready_ms = 300;
	put(&gw, "hang-core", "");
	put(&gw, "crash-log", "");
	launch(&gw);
	until_all_started(&gw);
	until(&gw, "core configure", 2);
	until(&gw, "log configure", 2);
	assert_logged(&gw, "kill core: it is not ready in time");
	assert_logged(&gw, "died log: exit code 3");
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	teardown(&gw);
}

static void a_key_of_another_role_is_not_taken(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	put(&gw, "lie-vault", "");
	launch(&gw);
	until(&gw, "vault configure", 2);
	assert_logged(&gw, "kill vault: it names a key that is not its own");
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	teardown(&gw);
}

static void other_keys_than_gateway_trust_names_are_refused(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	launch(&gw);
	until_all_started(&gw);
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	put(&gw, "otherkey-vault", "");
	launch(&gw);
	assert_int_equal(reap(gw.pid), FG_EXIT_CONF);
	assert_logged(&gw, "gateway.trust says vault-key \"020202");
	assert_logged(&gw, "\", but this gateway's is \"eeee");
	assert_non_null(strstr(slurp(&gw, "data/gateway.trust"), "vault-key 0202"));
	teardown(&gw);
}

static void a_role_that_comes_back_with_another_key_stops_the_gateway(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	launch(&gw);
	until_all_started(&gw);
	put(&gw, "otherkey-log", "");
	kill(pid_in(&gw, "log start", 1), SIGKILL);
	assert_int_equal(reap(gw.pid), FG_EXIT_CONF);
	assert_logged(&gw, "stop: log came back with another key");
	teardown(&gw);
}

static void a_role_that_does_not_stop_is_killed(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	gw.timings.stop_ms = 200;
	put(&gw, "deaf-a", "");
	launch(&gw);
	until_all_started(&gw);
	kill(gw.pid, SIGHUP);
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	assert_logged(&gw, "ignore SIGHUP");
	assert_logged(&gw, "kill a: it does not stop in time");
	teardown(&gw);
}

static void roles_leave_when_the_parent_is_gone(void **state)
{
	static const char *const names[] = { "log start", "vault start", "core start",
					     "a start",   "b start",     "secure start" };
	struct gateway gw;

	(void)state;
	setup(&gw);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	launch(&gw);
	until_all_started(&gw);
	kill(gw.pid, SIGKILL);
	assert_int_equal(reap(gw.pid), -SIGKILL);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(reap(pid_in(&gw, names[i], 1)), 1);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	teardown(&gw);
}

static void two_gateways_do_not_share_a_folder(void **state)
{
	struct gateway gw;
	pid_t first;

	(void)state;
	setup(&gw);
	launch(&gw);
	until_all_started(&gw);
	first = gw.pid;
	launch(&gw);
	assert_int_equal(reap(gw.pid), FG_EXIT_OS);
	assert_logged(&gw, "data: another fallgated does");
	gw.pid = first;
	assert_int_equal(access(path_of(&gw, "run/control"), F_OK), 0);
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	teardown(&gw);
}

static void what_cannot_be_used_is_named(void **state)
{
	static const struct {
		const char *file, *text, *says;
	} cases[] = {
		{ "ca.crt", "no certificate", "ca.crt: no PEM certificate" },
		{ "ca.crt", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
		  "ca.crt: no PEM certificate" },
		{ "ca.crt", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
		  "ca.crt: no PEM certificate" },
		{ "data/gateway.id", "beef\n", "gateway.id: not 32 hex digits" },
	};
	struct gateway gw;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		setup(&gw);
		mkdir(path_of(&gw, "data"), 0700);
		put(&gw, cases[i].file, cases[i].text);
		launch(&gw);
		assert_int_equal(reap(gw.pid), FG_EXIT_CONF);
		assert_logged(&gw, cases[i].says);
		teardown(&gw);
	}
}

static void the_service_manager_is_told(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct gateway gw;
	char got[32] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)state;
	setup(&gw);
	strcpy(address.sun_path, path_of(&gw, "notify"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	launch(&gw);
	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, "READY=1");
	assert_int_equal(stop(&gw), FG_EXIT_OK);
	memset(got, 0, sizeof(got));
	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, "STOPPING=1");
	unsetenv("NOTIFY_SOCKET");
	fg_notify("READY=1");
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
	close(fd);
	teardown(&gw);
}

/* ---- the program ---- */

static int program(struct gateway *gw, const char *arguments)
{
	char command[1024];
	int status;

	unlink(path_of(gw, "out"));
	unlink(path_of(gw, "err"));
	snprintf(command, sizeof(command),
		 "cd %s && %s/tests/parent/fallgated_fixture %s >out 2>err", gw->dir,
		 getenv("FG_BUILDDIR"), arguments);
	status = system(command);
	return WEXITSTATUS(status);
}

static void a_configuration_is_checked_without_starting(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	assert_int_equal(program(&gw, "-n -c fallgate.conf"), FG_EXIT_OK);
	assert_string_equal(slurp(&gw, "out"), "fallgate.conf: good: 2 links\n");
	assert_int_equal(access(path_of(&gw, "data"), F_OK), -1);
	put(&gw, "bad.conf",
	    "gateway = { name = \"gw\"; data_dir = \"tls.key\"; run_dir = \"run\"; policy = "
	    "\"p.conf\"; };\n"
	    "secure = { port = 70000; certificate = \"no.crt\"; key = \"tls.key\"; ca = "
	    "\"ca.crt\"; };\n"
	    "mark = { text = \"\xe2\x9a\xa0\"; };\n"
	    "links = ( { name = \"a\"; adapter = \"lop\"; source_address = \"1\"; } );\n"
	    "limit = 1;\n");
	put(&gw, "p.conf", "rules = (\n { default = true; links = [ \"z\" ]; } );\n");
	assert_int_equal(program(&gw, "-n -c bad.conf"), FG_EXIT_CHECK);
	assert_string_equal(
		slurp(&gw, "err"),
		"bad.conf:2: secure.port: 70000 is out of range; 0 to 65535\n"
		"bad.conf:4: links[0].adapter: \"lop\" is none of: smpp, smpp-server, loop\n"
		"bad.conf:5: limit: no such key; did you mean limits?\n"
		"bad.conf: mark.text: \"\xe2\x9a\xa0\" is not in the GSM alphabet; 3GPP TS 23.038, "
		"6.2.1\n"
		"bad.conf: gateway.data_dir: tls.key is not a folder\n"
		"bad.conf: secure.certificate: no.crt cannot be read: No such file or directory\n"
		"p.conf:2: rules[0].links: no link is named \"z\"\n");
	assert_int_equal(program(&gw, "-c bad.conf"), FG_EXIT_CONF);
	assert_int_equal(program(&gw, "-n -c none.conf"), FG_EXIT_CHECK);
	assert_string_equal(slurp(&gw, "err"),
			    "none.conf: cannot be read: No such file or directory\n");
	teardown(&gw);
}

static void the_program_says_how_it_is_used(void **state)
{
	struct gateway gw;

	(void)state;
	setup(&gw);
	assert_int_equal(program(&gw, "--help"), FG_EXIT_OK);
	assert_non_null(strstr(slurp(&gw, "out"), "Exit codes: 0"));
	assert_int_equal(program(&gw, "--version"), FG_EXIT_OK);
	assert_int_equal(program(&gw, ""), FG_EXIT_USAGE);
	assert_int_equal(program(&gw, "-c x y"), FG_EXIT_USAGE);
	assert_int_equal(program(&gw, "--nonsense"), FG_EXIT_USAGE);
	assert_int_equal(program(&gw, "--role nobody --fd 3"), FG_EXIT_USAGE);
	teardown(&gw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_start_in_order_know_their_peers_and_stop_in_order),
		cmocka_unit_test(what_devices_must_trust_is_written_before_the_first_start),
		cmocka_unit_test(a_role_that_dies_is_restarted_with_back_off_and_new_peers),
		cmocka_unit_test(a_role_that_lived_long_begins_with_the_shortest_back_off),
		cmocka_unit_test(links_hold_nothing_for_a_vault_that_died),
		cmocka_unit_test(a_role_that_crashes_or_hangs_at_start_holds_nobody_up),
		cmocka_unit_test(a_key_of_another_role_is_not_taken),
		cmocka_unit_test(other_keys_than_gateway_trust_names_are_refused),
		cmocka_unit_test(a_role_that_comes_back_with_another_key_stops_the_gateway),
		cmocka_unit_test(a_role_that_does_not_stop_is_killed),
		cmocka_unit_test(roles_leave_when_the_parent_is_gone),
		cmocka_unit_test(two_gateways_do_not_share_a_folder),
		cmocka_unit_test(what_cannot_be_used_is_named),
		cmocka_unit_test(the_service_manager_is_told),
		cmocka_unit_test(a_configuration_is_checked_without_starting),
		cmocka_unit_test(the_program_says_how_it_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
