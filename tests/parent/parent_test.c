/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole gateways of fixture roles, started by the real parent with short times, and the program's own options.
 */
#include "tests/parent/whole.h"

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
#include "gateway/parent/notify.h"

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
	gateway_setup(&gw);
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		snprintf(event, sizeof(event), "%s trust good", order[i]);
		gateway_until(&gw, event, 1);
		snprintf(event, sizeof(event), "%s configure", order[i]);
		pid = gateway_pid_in(&gw, event, 1);
		assert_true(pid > last);
		last = pid;
	}
	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		gateway_until(&gw, peers[i], 1);
	assert_null(strstr(gw.said, "\na peer core"));
	assert_null(strstr(gw.said, "\nsecure peer vault"));
	assert_null(strstr(gw.said, "\na file"));
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_until(&gw, "log stop", 1);
	gateway_assert_before(gw.said, "\na stop", "\ncore stop");
	gateway_assert_before(gw.said, "\nb stop", "\ncore stop");
	gateway_assert_before(gw.said, "\nsecure stop", "\ncore stop");
	gateway_assert_before(gw.said, "\ncore stop", "\nvault stop");
	gateway_assert_before(gw.said, "\nvault stop", "\nlog stop");
	assert_int_equal(access(gateway_path_of(&gw, "run/control"), F_OK), -1);
	gateway_teardown(&gw);
}

static void what_devices_must_trust_is_written_before_the_first_start(void **state)
{
	struct gateway gw;
	char line[64];

	(void)state;
	gateway_setup(&gw);
	gateway_launch(&gw);
	gateway_until_ready(&gw);
	assert_non_null(strstr(gw.file, "fallgated: ready in 0."));
	assert_non_null(strstr(gw.file, " s, devices on 127.0.0.1:"));
	gateway_slurp(&gw, "data/gateway.id");
	assert_int_equal(strlen(gw.file), 33);
	snprintf(line, sizeof(line), "\ngateway %s", gw.file);
	gateway_slurp(&gw, "data/gateway.trust");
	assert_int_equal(strncmp(gw.file, "fallgate-trust 1\n", 17), 0);
	assert_non_null(strstr(gw.file, line));
	assert_non_null(strstr(gw.file, "\nhost localhost:"));
	assert_non_null(strstr(gw.file, "\nlog-origin gw.example\n"));
	assert_non_null(strstr(gw.file, "\nlog-key 0101010101"));
	assert_non_null(strstr(gw.file, "\nvault-key 0202020202"));
	assert_non_null(strstr(gw.file, "\nreceipt-key 0303030303"));
	assert_non_null(strstr(gw.file, "\ndirectory-key 0404040404"));
	assert_non_null(strstr(gw.file, "\nca AAECAwQF\n"));
	gateway_assert_mode(&gw, "data/core", 0700);
	gateway_assert_mode(&gw, "data/log", 0700);
	gateway_assert_mode(&gw, "data/vault", 0700);
	gateway_assert_mode(&gw, "run/control", 0660);
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	/* The next start is the same gateway. */
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	assert_non_null(strstr(gateway_slurp(&gw, "data/gateway.trust"), line));
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void a_role_that_dies_is_restarted_with_back_off_and_new_peers(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	kill(gateway_pid_in(&gw, "a start", 1), SIGKILL);
	gateway_until(&gw, "a start", 2);
	gateway_until(&gw, "vault peer a", 2);
	gateway_until(&gw, "a peer vault", 2);
	kill(gateway_pid_in(&gw, "a start", 2), SIGSEGV);
	gateway_until(&gw, "a start", 3);
	kill(gateway_pid_in(&gw, "a start", 3), SIGKILL);
	gateway_until(&gw, "a start", 4);
	kill(gateway_pid_in(&gw, "a start", 4), SIGKILL);
	gateway_until(&gw, "a start", 5);
	gateway_assert_logged(&gw, "died a: killed by signal 9, Killed");
	gateway_assert_before(gw.file, "restart a: in 10 ms", "restart a: in 20 ms");
	gateway_assert_before(gw.file, "restart a: in 20 ms", "restart a: in 40 ms");
	assert_null(strstr(gw.file, "restart a: in 80 ms"));
	assert_null(strstr(gw.file, "restart b"));
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void a_role_that_lived_long_begins_with_the_shortest_back_off(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	gw.timings.settled_ms = 0;
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	for (int i = 1; i < 4; i++)
		kill(gateway_pid_in(&gw, "core start", i), SIGKILL);
	gateway_until(&gw, "core start", 4);
	gateway_assert_logged(&gw, "restart core: in 10 ms");
	assert_null(strstr(gw.file, "restart core: in 20 ms"));
	gateway_until(&gw, "secure peer core", 4);
	gateway_until(&gw, "log peer core", 4);
	gateway_until(&gw, "core file 1", 4);
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void links_hold_nothing_for_a_vault_that_died(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	kill(gateway_pid_in(&gw, "vault start", 1), SIGKILL);
	gateway_until(&gw, "a start", 2);
	gateway_until(&gw, "b start", 2);
	gateway_until(&gw, "vault start", 2);
	gateway_until(&gw, "a peer vault", 2);
	gateway_assert_logged(&gw, "kill a: the vault died");
	assert_null(strstr(gw.file, "died core"));
	assert_null(strstr(gw.file, "died secure"));
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void a_role_that_crashes_or_hangs_at_start_holds_nobody_up(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	gw.timings.ready_ms = 300;
	gateway_put(&gw, "hang-core", "");
	gateway_put(&gw, "crash-log", "");
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	gateway_until(&gw, "core configure", 2);
	gateway_until(&gw, "log configure", 2);
	gateway_assert_logged(&gw, "kill core: it is not ready in time");
	gateway_assert_logged(&gw, "died log: exit code 3");
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void a_key_of_another_role_is_not_taken(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	gateway_put(&gw, "lie-vault", "");
	gateway_launch(&gw);
	gateway_until(&gw, "vault configure", 2);
	gateway_assert_logged(&gw, "kill vault: it names a key that is not its own");
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void other_keys_than_gateway_trust_names_are_refused(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_put(&gw, "otherkey-vault", "");
	gateway_launch(&gw);
	assert_int_equal(gateway_reap(gw.pid), FG_EXIT_CONF);
	gateway_assert_logged(&gw, "gateway.trust says vault-key \"020202");
	gateway_assert_logged(&gw, "\", but this gateway's is \"eeee");
	assert_non_null(strstr(gateway_slurp(&gw, "data/gateway.trust"), "vault-key 0202"));
	gateway_teardown(&gw);
}

static void a_role_that_comes_back_with_another_key_stops_the_gateway(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	gateway_put(&gw, "otherkey-log", "");
	kill(gateway_pid_in(&gw, "log start", 1), SIGKILL);
	assert_int_equal(gateway_reap(gw.pid), FG_EXIT_CONF);
	gateway_assert_logged(&gw, "stop: log came back with another key");
	gateway_teardown(&gw);
}

static void a_role_that_does_not_stop_is_killed(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	gw.timings.stop_ms = 200;
	gateway_put(&gw, "deaf-a", "");
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_assert_logged(&gw, "kill a: it does not stop in time");
	gateway_teardown(&gw);
}

static void roles_leave_when_the_parent_is_gone(void **state)
{
	static const char *const names[] = { "log start", "vault start", "core start",
					     "a start",   "b start",     "secure start" };
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	kill(gw.pid, SIGKILL);
	assert_int_equal(gateway_reap(gw.pid), -SIGKILL);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(gateway_reap(gateway_pid_in(&gw, names[i], 1)), 1);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	gateway_teardown(&gw);
}

static void two_gateways_do_not_share_a_folder(void **state)
{
	struct gateway gw;
	pid_t first;

	(void)state;
	gateway_setup(&gw);
	gateway_launch(&gw);
	gateway_until_all_started(&gw);
	first = gw.pid;
	gateway_launch(&gw);
	assert_int_equal(gateway_reap(gw.pid), FG_EXIT_OS);
	gateway_assert_logged(&gw, "data: another fallgated does");
	gw.pid = first;
	assert_int_equal(access(gateway_path_of(&gw, "run/control"), F_OK), 0);
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
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
		gateway_setup(&gw);
		mkdir(gateway_path_of(&gw, "data"), 0700);
		gateway_put(&gw, cases[i].file, cases[i].text);
		gateway_launch(&gw);
		assert_int_equal(gateway_reap(gw.pid), FG_EXIT_CONF);
		gateway_assert_logged(&gw, cases[i].says);
		gateway_teardown(&gw);
	}
}

static void the_service_manager_is_told(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct gateway gw;
	char got[32] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)state;
	gateway_setup(&gw);
	strcpy(address.sun_path, gateway_path_of(&gw, "notify"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	gateway_launch(&gw);
	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, "READY=1");
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	memset(got, 0, sizeof(got));
	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, "STOPPING=1");
	unsetenv("NOTIFY_SOCKET");
	fg_notify("READY=1");
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
	close(fd);
	gateway_teardown(&gw);
}

/* ---- the program ---- */

static int program(struct gateway *gw, const char *arguments)
{
	char command[1024];
	int status;

	unlink(gateway_path_of(gw, "out"));
	unlink(gateway_path_of(gw, "err"));
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
	gateway_setup(&gw);
	assert_int_equal(program(&gw, "-n -c fallgate.conf"), FG_EXIT_OK);
	assert_string_equal(gateway_slurp(&gw, "out"), "fallgate.conf: good: 2 links\n");
	assert_int_equal(access(gateway_path_of(&gw, "data"), F_OK), -1);
	gateway_put(
		&gw, "bad.conf",
		"gateway = { name = \"gw\"; data_dir = \"tls.key\"; run_dir = \"run\"; policy = "
		"\"p.conf\"; };\n"
		"secure = { port = 70000; certificate = \"no.crt\"; key = \"tls.key\"; ca = "
		"\"ca.crt\"; };\n"
		"mark = { text = \"\xe2\x9a\xa0\"; };\n"
		"links = ( { name = \"a\"; adapter = \"lop\"; source_address = \"1\"; } );\n"
		"limit = 1;\n");
	gateway_put(&gw, "p.conf", "rules = (\n { default = true; links = [ \"z\" ]; } );\n");
	assert_int_equal(program(&gw, "-n -c bad.conf"), FG_EXIT_CHECK);
	assert_string_equal(
		gateway_slurp(&gw, "err"),
		"bad.conf:2: secure.port: 70000 is out of range; 0 to 65535\n"
		"bad.conf:4: links[0].adapter: \"lop\" is none of: smpp, smpp-server, modem, loop\n"
		"bad.conf:5: limit: no such key; did you mean limits?\n"
		"bad.conf:3: mark.text: \"\xe2\x9a\xa0\" is not in the GSM alphabet; 3GPP TS "
		"23.038, "
		"6.2.1\n"
		"bad.conf:1: gateway.data_dir: tls.key is not a folder\n"
		"bad.conf:2: secure.certificate: no.crt cannot be read: No such file or directory\n"
		"p.conf:2: rules[0].links: no link is named \"z\"\n");
	assert_int_equal(program(&gw, "-c bad.conf"), FG_EXIT_CONF);
	gateway_put(&gw, "links.conf",
		    "gateway = { name = \"gw\"; data_dir = \"data\"; run_dir = \"run\"; };\n"
		    "secure = { certificate = \"tls.crt\"; key = \"tls.key\"; ca = \"ca.crt\"; };\n"
		    "links = (\n"
		    "{ name = \"a\"; adapter = \"loop\"; source_address = \"1\"; },\n"
		    "{ name = \"b\"; adapter = \"smpp\"; source_address = \"1\"; system_id = "
		    "\"s\"; rate = 1;\n"
		    "  tls = \"on\";\n"
		    "  tls_ca = \"no.ca\";\n"
		    "  interface_version = 60;\n"
		    "  national = \"klingon\"; } );\n");
	assert_int_equal(program(&gw, "-n -c links.conf"), FG_EXIT_CHECK);
	assert_string_equal(
		gateway_slurp(&gw, "err"),
		"links.conf:8: links[1].interface_version: 60 is no version of SMPP; 51 (0x33), 52 "
		"(0x34) or 80 (0x50)\n"
		"links.conf:9: links[1].national: \"klingon\" is no list of languages such as "
		"\"turkish, spanish\"; fallgate.conf(5) names them all\n"
		"links.conf:7: links[1].tls_ca: no.ca cannot be read: No such file or directory\n");
	assert_int_equal(program(&gw, "-n -c none.conf"), FG_EXIT_CHECK);
	assert_string_equal(gateway_slurp(&gw, "err"),
			    "none.conf: cannot be read: No such file or directory\n");
	gateway_teardown(&gw);
}

static void the_program_says_how_it_is_used(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	assert_int_equal(program(&gw, "--help"), FG_EXIT_OK);
	assert_non_null(strstr(gateway_slurp(&gw, "out"), "Exit codes: 0"));
	assert_int_equal(program(&gw, "--version"), FG_EXIT_OK);
	assert_int_equal(program(&gw, ""), FG_EXIT_USAGE);
	assert_int_equal(program(&gw, "-c x y"), FG_EXIT_USAGE);
	assert_int_equal(program(&gw, "--nonsense"), FG_EXIT_USAGE);
	assert_int_equal(program(&gw, "--role nobody --fd 3"), FG_EXIT_USAGE);
	gateway_teardown(&gw);
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
