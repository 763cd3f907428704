/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A changed configuration, taken by all roles or by none, and links that the operator sends away.
 */
#include "tests/parent/whole.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* fallgate.conf with these links and, behind the gateway's name, more keys of that group. */
static void put_conf(struct gateway *gw, const char *more, const char *links)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "gateway = { name = \"gw.example\"; data_dir = \"%s/data\"; run_dir = \"%s/run\"; "
		 "%s };\n"
		 "secure = { port = 0; certificate = \"%s/tls.crt\"; key = \"%s/tls.key\"; ca = "
		 "\"%s/ca.crt\"; };\n"
		 "links = ( %s );\n",
		 gw->dir, gw->dir, more, gw->dir, gw->dir, gw->dir, links);
	gateway_put(gw, "fallgate.conf", text);
}

#define LINK_A  "{ name = \"a\"; adapter = \"loop\"; source_address = \"1\"; }"
#define LINK_A2 "{ name = \"a\"; adapter = \"loop\"; source_address = \"11\"; }"
#define LINK_B  "{ name = \"b\"; adapter = \"loop\"; source_address = \"2\"; }"
#define LINK_C  "{ name = \"c\"; adapter = \"loop\"; source_address = \"3\"; }"

static void until_logged(struct gateway *gw, const char *text)
{
	for (int i = 0; i < WAIT_MS && !strstr(gateway_slurp(gw, "err"), text); i++)
		poll(NULL, 0, 1);
	gateway_assert_logged(gw, text);
}

static void hang_up(struct gateway *gw, const char *until_text)
{
	kill(gw->pid, SIGHUP);
	until_logged(gw, until_text);
}

static void assert_not_said(struct gateway *gw, const char *event)
{
	if (strstr(gw->said, event))
		fail_msg("\"%s\" is in: %s", event, gw->said);
}

static void until_one_link(struct gateway *gw)
{
	for (int i = 0; i < WAIT_MS && !strstr(gateway_slurp(gw, "out"), "fallgated: ready"); i++)
		poll(NULL, 0, 1);
	gateway_until(gw, "a start", 1);
}

static void a_changed_link_is_started_again_and_the_others_stay(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	put_conf(&gw, "", LINK_A ", " LINK_B);
	gateway_launch(&gw);
	gateway_until_ready(&gw);
	hang_up(&gw, "reload: nothing has changed");
	put_conf(&gw, "", LINK_A2 ", " LINK_B);
	kill(gw.pid, SIGHUP);
	gateway_until(&gw, "a start", 2);
	gateway_until(&gw, "vault peer a 0", 2);
	gateway_assert_logged(&gw,
			      "reload: links.a.source_address: changed; the link is started again");
	/* The chain takes it before the core does, and all do before the link is told to stop. */
	gateway_assert_before(gw.said, "\nlog adopt a b", "\ncore adopt a b");
	gateway_assert_before(gw.said, "\nvault adopt a b", "\ncore adopt a b");
	gateway_assert_before(gw.said, "\ncore adopt a b", "\na stop");
	gateway_assert_before(gw.said, "\nb adopt b", "\na stop");
	gateway_assert_before(gw.said, "\nsecure adopt", "\na stop");
	assert_not_said(&gw, "\na prepare");
	assert_not_said(&gw, "\nb stop");
	assert_not_said(&gw, "\ncore stop");
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void links_come_and_go_and_keep_their_index(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	put_conf(&gw, "", LINK_A ", " LINK_B);
	gateway_launch(&gw);
	gateway_until_ready(&gw);
	put_conf(&gw, "", LINK_C ", " LINK_B);
	kill(gw.pid, SIGHUP);
	gateway_until(&gw, "c start", 1);
	gateway_until(&gw, "vault peer c 2", 1);
	gateway_until(&gw, "a stop", 1);
	gateway_until(&gw, "core adopt - b c", 1);
	gateway_assert_logged(&gw, "reload: links.a: removed");
	gateway_assert_logged(&gw, "reload: links.c: added");
	assert_not_said(&gw, "\nb stop");
	/* Who comes back is new; and who dies comes back with what holds now. */
	put_conf(&gw, "", LINK_A ", " LINK_B);
	kill(gw.pid, SIGHUP);
	gateway_until(&gw, "vault peer a 3", 1);
	gateway_until(&gw, "core adopt - b - a", 1);
	kill(gateway_pid_in(&gw, "core start", 1), SIGKILL);
	gateway_until(&gw, "core knows - b - a", 1);
	gateway_assert_logged(&gw, "died a: exit code 0");
	assert_null(strstr(gw.file, "restart a:"));
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void what_is_wrong_or_needs_a_restart_changes_nothing(void **state)
{
	static const struct {
		const char *more, *links, *says;
	} cases[] = {
		{ "", "{ name = \"a\"; adapter = \"lop\"; }",
		  "fallgate.conf:3: links[0].adapter: \"lop\" is none of" },
		{ "store = 1;", LINK_A, "fallgate.conf:1: gateway.store: no such key" },
		{ "user_prefix = \"x-\";", LINK_A2, "gateway.user_prefix: needs a restart" },
		{ "", LINK_A ", { name = \"s\"; adapter = \"smpp-server\"; }",
		  "links.s: needs a restart: it listens for others" },
	};
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	put_conf(&gw, "", LINK_A);
	gateway_launch(&gw);
	until_one_link(&gw);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		gateway_put(&gw, "err", "");
		put_conf(&gw, cases[i].more, cases[i].links);
		hang_up(&gw, "reload: nothing was changed");
		gateway_assert_logged(&gw, cases[i].says);
		assert_null(strstr(gw.file, "started again"));
	}
	gateway_put(&gw, "err", "");
	put_conf(&gw, "log_level = \"debug\";", LINK_A);
	hang_up(&gw, "reload: gateway.log_level: changed");
	gateway_until(&gw, "core adopt a", 1);
	assert_not_said(&gw, "\na stop");
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void a_role_that_refuses_or_dies_holds_the_others_at_what_they_have(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	put_conf(&gw, "", LINK_A);
	gateway_launch(&gw);
	until_one_link(&gw);
	gateway_put(&gw, "refuse-core", "");
	put_conf(&gw, "", LINK_A2);
	hang_up(&gw, "reload: nothing was changed");
	gateway_assert_logged(&gw, "reload: core refuses it: not today");
	gateway_until(&gw, "log forget", 1);
	gateway_until(&gw, "vault forget", 1);
	gateway_until(&gw, "core forget", 1);
	gateway_until(&gw, "secure forget", 1);
	unlink(gateway_path_of(&gw, "refuse-core"));
	gateway_put(&gw, "err", "");
	gateway_put(&gw, "die-vault", "");
	hang_up(&gw, "reload: nothing was changed");
	gateway_assert_logged(&gw, "reload: vault died meanwhile");
	gateway_until(&gw, "log forget", 2);
	gateway_until(&gw, "vault start", 2);
	gateway_until(&gw, "a start", 2);
	assert_not_said(&gw, " adopt");
	/* Now it holds for all. While the vault is not back the answer is to try again. */
	for (int i = 0;
	     i < WAIT_MS / 50 && !strstr(gateway_slurp(&gw, "err"), "a.source_address: changed");
	     i++) {
		kill(gw.pid, SIGHUP);
		poll(NULL, 0, 50);
	}
	gateway_until(&gw, "core adopt a", 1);
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

static void a_link_that_is_drained_stays_away_until_it_is_resumed(void **state)
{
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	put_conf(&gw, "", LINK_A ", " LINK_B);
	gateway_launch(&gw);
	gateway_until_ready(&gw);
	gateway_put(&gw, "away-core", "1 1"); /* what the core says next: link 1, away */
	kill(gateway_pid_in(&gw, "core start", 1), SIGUSR1);
	until_logged(&gw, "do not start b again");
	kill(gateway_pid_in(&gw, "b start", 1), SIGTERM);
	gateway_until(&gw, "core gone 1", 1);
	/* A core that comes back hears it too. */
	kill(gateway_pid_in(&gw, "core start", 1), SIGKILL);
	gateway_until(&gw, "core gone 1", 2);
	assert_not_said(&gw, "\na stop");
	gateway_put(&gw, "away-core", "1 0");
	kill(gateway_pid_in(&gw, "core start", 2), SIGUSR1);
	gateway_until(&gw, "b start", 2);
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

/* A link that applications bind to gets its listener once, and its files again when one of them is another. */
static void files_of_a_link_that_listens_are_passed_again(void **state)
{
	char link[512];
	struct gateway gw;

	(void)state;
	gateway_setup(&gw);
	gateway_put(&gw, "apps.crt", "one");
	gateway_put(&gw, "apps.key", "one");
	snprintf(link, sizeof(link),
		 LINK_A ", { name = \"s\"; adapter = \"smpp-server\"; port = 0; tls_certificate = "
			"\"%s/apps.crt\"; tls_key = \"%s/apps.key\"; }",
		 gw.dir, gw.dir);
	put_conf(&gw, "", link);
	gateway_launch(&gw);
	gateway_until(&gw, "s start", 1);
	gateway_until(&gw, "s file 5", 1);
	gateway_until(&gw, "s file 6", 1);
	gateway_until(&gw, "s file 4", 1);
	until_one_link(&gw);
	hang_up(&gw, "reload: nothing has changed");
	gateway_put(&gw, "apps.crt", "another");
	kill(gw.pid, SIGHUP);
	gateway_until(&gw, "s adopt s", 1);
	gateway_until(&gw, "s file 5", 2);
	gateway_until(&gw, "s file 6", 2);
	until_logged(&gw, "reload: links.s.tls_certificate: ");
	gateway_assert_logged(&gw, "apps.crt was read again");
	assert_not_said(&gw, "\ns stop");
	assert_not_said(&gw, "\na stop");
	assert_int_equal(gateway_stop(&gw), FG_EXIT_OK);
	gateway_teardown(&gw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_link_is_started_again_and_the_others_stay),
		cmocka_unit_test(links_come_and_go_and_keep_their_index),
		cmocka_unit_test(what_is_wrong_or_needs_a_restart_changes_nothing),
		cmocka_unit_test(a_role_that_refuses_or_dies_holds_the_others_at_what_they_have),
		cmocka_unit_test(a_link_that_is_drained_stays_away_until_it_is_resumed),
		cmocka_unit_test(files_of_a_link_that_listens_are_passed_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
