/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fallgate-smsc as its manual page says, seen through the smpp adapter on a loopback socket; and
 * the adapter's reconnecting.
 */
#include "tests/support/fg_test.h"

#include <talloc.h>
#include "adapters/smpp/socket.h"
#include "emulators/smsc/smsc.h"
#include "tests/adapters/recorder.h"

enum { TURNS_MAX = 1000 };

static struct {
	void *ctx;
	struct fg_loop *loop;
	struct recorder *recorder;
	struct fg_conf_links conf;
	struct fg_smsc_options options;
	struct fg_smsc *smsc;
	unsigned shown;
} t;

static void on_message(const struct fg_smsc_message *message, void *arg)
{
	(void)message;
	(void)arg;
	t.shown++;
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.ctx = talloc_new(NULL);
	t.recorder = recorder_new(t.ctx);
	t.loop = fg_loop_new(t.ctx);
	t.options = (struct fg_smsc_options){ .listen = "127.0.0.1:0",
					      .receipt_delay_ms = 2,
					      .late_ms = 20,
					      .seed = 0xAB,
					      .id_hex = true };
	recorder_conf("smpp", &t.conf);
	t.conf.reconnect_min_ms = 10;
	return 0;
}

static void turn(void)
{
	struct timeval tv = { 0, 2000 };

	event_base_loopexit(fg_loop_base(t.loop), &tv);
	fg_loop_step(t.loop, true);
}

static void turn_until(const unsigned *count, unsigned wanted)
{
	for (unsigned i = 0; i < TURNS_MAX && *count < wanted; i++)
		turn();
	assert_true(*count >= wanted);
}

static void turn_until_up(void)
{
	for (unsigned i = 0; i < TURNS_MAX && !t.recorder->state.up; i++)
		turn();
	assert_true(t.recorder->state.up);
}

static void open_it(void)
{
	assert_ok(fg_smsc_new(t.ctx, t.loop, &t.options, on_message, NULL, &t.smsc));
	t.conf.port = fg_smsc_port(t.smsc);
	assert_ok(fg_host_open(t.recorder->host, fg_adapter_find("smpp"), t.loop, &t.conf));
}

static int teardown(void **state)
{
	(void)state;
	fg_host_close(t.recorder->host);
	assert_int_equal(fg_host_bugs(t.recorder->host), 0);
	talloc_free(t.ctx);
	return 0;
}

static void each_pair_of_digits_does_what_the_manual_says(void **state)
{
	static const struct {
		const char *destination;
		enum fg_outcome outcome;
		uint32_t code;
		unsigned reports;
		uint8_t first, last;
	} cases[] = {
		{ "+12025550100", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_DELIVERED, FG_DLR_DELIVERED },
		{ "+12025550179", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_DELIVERED, FG_DLR_DELIVERED },
		{ "+12025550180", FG_OUTCOME_DEFERRED, 0x58, 0, 0, 0 },
		{ "+12025550180", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_DELIVERED, FG_DLR_DELIVERED },
		{ "+12025550181", FG_OUTCOME_DEFERRED, 0x14, 0, 0, 0 },
		{ "+12025550182", FG_OUTCOME_DEFERRED, 0x08, 0, 0, 0 },
		{ "+12025550183", FG_OUTCOME_FAILED, 0x0B, 0, 0, 0 },
		{ "+12025550184", FG_OUTCOME_FAILED, 0x45, 0, 0, 0 },
		{ "+12025550186", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_DELIVERED, FG_DLR_DELIVERED },
		{ "+12025550187", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_UNDELIVERABLE,
		  FG_DLR_UNDELIVERABLE },
		{ "+12025550188", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_EXPIRED, FG_DLR_EXPIRED },
		{ "+12025550189", FG_OUTCOME_ACCEPTED, 0, 0, 0, 0 },
		{ "+12025550190", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_DELIVERED, FG_DLR_DELIVERED },
		{ "+12025550191", FG_OUTCOME_ACCEPTED, 0, 2, FG_DLR_DELIVERED, FG_DLR_DELIVERED },
		{ "+12025550192", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_DELIVERED, FG_DLR_DELIVERED },
		{ "+12025550193", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_DELIVERED, FG_DLR_DELIVERED },
		{ "+12025550195", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_REJECTED, FG_DLR_REJECTED },
		{ "+12025550196", FG_OUTCOME_ACCEPTED, 0, 2, FG_DLR_ACCEPTED, FG_DLR_DELIVERED },
		{ "+12025550199", FG_OUTCOME_ACCEPTED, 0, 1, FG_DLR_DELIVERED, FG_DLR_DELIVERED },
	};

	(void)state;
	t.conf.mark_tlv = 0x1612; /* what 93 refuses */
	open_it();
	turn_until_up();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned before = t.recorder->reports_count;

		print_message("# %s\n", cases[i].destination);
		recorder_give(t.recorder, i + 1, cases[i].destination, "text");
		turn_until(&t.recorder->outcomes_count, i + 1);
		assert_int_equal(recorder_outcome(t.recorder, i + 1)->outcome, cases[i].outcome);
		assert_int_equal(recorder_outcome(t.recorder, i + 1)->carrier_code, cases[i].code);
		turn_until(&t.recorder->reports_count, before + cases[i].reports);
		if (cases[i].reports == 0)
			continue;
		assert_int_equal(t.recorder->reports[before].state, cases[i].first);
		assert_int_equal(t.recorder->reports[t.recorder->reports_count - 1].state,
				 cases[i].last);
	}
	assert_string_equal(recorder_outcome(t.recorder, 1)->ref[0], "AB");
}

static void a_connection_that_breaks_leaves_unknown_and_comes_back(void **state)
{
	(void)state;
	open_it();
	turn_until_up();
	recorder_give(t.recorder, 1, "+12025550194", "text");
	turn_until(&t.recorder->outcomes_count, 1);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_UNKNOWN);
	assert_false(t.recorder->state.up);
	turn_until_up();
	recorder_give(t.recorder, 2, "+12025550199", "text");
	turn_until(&t.recorder->outcomes_count, 2);
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_ACCEPTED);
}

static void several_binds_share_the_work(void **state)
{
	(void)state;
	t.conf.binds = 3;
	open_it();
	for (unsigned i = 0; i < TURNS_MAX && t.recorder->state.credits < 30; i++)
		turn();
	assert_int_equal(t.recorder->state.credits, 30);
	for (unsigned i = 1; i <= 20; i++) {
		char destination[20];

		snprintf(destination, sizeof(destination), "+120255501%02u", i);
		recorder_give(t.recorder, i, destination, "text");
	}
	turn_until(&t.recorder->outcomes_count, 20);
	for (unsigned i = 1; i <= 20; i++)
		assert_int_equal(recorder_outcome(t.recorder, i)->outcome, FG_OUTCOME_ACCEPTED);
	turn_until(&t.recorder->reports_count, 20);
	fg_host_drain(t.recorder->host);
	for (unsigned i = 0; i < t.recorder->reports_count; i++)
		fg_host_stored(t.recorder->host, t.recorder->reports[i].token);
	turn_until(&t.recorder->drained, 1);
}

static void a_wrong_password_leaves_the_link_down(void **state)
{
	(void)state;
	t.options.password = "right";
	open_it();
	turn_until(&t.recorder->states, 1);
	assert_false(t.recorder->state.up);
	assert_int_equal(t.recorder->state.carrier_code, 0x0E);
	assert_string_equal(t.recorder->state.note,
			    "bind refused: password refused (0xe), asked again every 5 minutes");
}

/* ---- when it connects again ---- */

static void nothing(void *arg)
{
	(void)arg;
}

static uint64_t mono_ms(void)
{
	return fg_clock_mono_ms(fg_loop_clock(t.loop));
}

/* Connect now, until it has failed: the next time is least to most from then. */
static void connect_in_vain(struct fg_smpp_socket *sock, uint64_t least_ms, uint64_t most_ms)
{
	unsigned states = t.recorder->states;
	uint64_t before = mono_ms();

	fg_smpp_socket_tick(sock, fg_smpp_socket_next_ms(sock));
	for (unsigned i = 0; i < TURNS_MAX && t.recorder->states == states; i++) {
		turn();
		fg_smpp_socket_tick(sock, 0); /* what its session said */
	}
	assert_true(t.recorder->states > states);
	assert_in_range(fg_smpp_socket_next_ms(sock), before + least_ms, mono_ms() + most_ms);
}

static void it_connects_again_less_and_less_often_and_seldom_when_it_is_refused(void **state)
{
	struct fg_smpp_place place = {
		.host = t.recorder->host, .loop = t.loop, .conf = &t.conf, .turn = nothing
	};
	struct fg_smpp_account *account;
	struct fg_smpp_socket *sock;

	(void)state;
	t.options.password = "right";
	assert_ok(fg_smsc_new(t.ctx, t.loop, &t.options, on_message, NULL, &t.smsc));
	t.conf.port = 1; /* nobody listens there */
	t.conf.reconnect_min_ms = 1000;
	account = fg_smpp_account_new(t.ctx, t.recorder->host, &t.conf, mono_ms());
	sock = fg_smpp_socket_new(t.ctx, &place, account, FG_SMPP_TRX);
	for (uint64_t pause_ms = 1000; pause_ms < 60000; pause_ms *= 2)
		connect_in_vain(sock, pause_ms / 2, pause_ms);
	for (unsigned i = 0; i < 3; i++)
		connect_in_vain(sock, 30000, 60000);
	t.conf.port = fg_smsc_port(t.smsc);
	connect_in_vain(sock, 300000, 300000);
	talloc_free(sock);
}

static void a_script_goes_before_the_digits_until_it_is_spent(void **state)
{
	unsigned line = 0;

	(void)state;
	assert_ok(fg_smsc_script_parse("# a comment\n0199 0x14 times=1\n", &t.options, &line));
	open_it();
	turn_until_up();
	for (unsigned i = 1; i <= 2; i++) {
		recorder_give(t.recorder, i, "+12025550199", "text");
		turn_until(&t.recorder->outcomes_count, i);
	}
	assert_int_equal(recorder_outcome(t.recorder, 1)->carrier_code, 0x14);
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_ACCEPTED);
}

static void a_wrong_script_names_its_line(void **state)
{
	static const struct {
		const char *text;
		enum fg_rc rc;
		unsigned line;
	} cases[] = {
		{ "99 ok receipt=EXPIRED delay=10 times=2\n\n98 8", FG_OK, 3 },
		{ "99", FG_E_SYNTAX, 1 },
		{ "99 ok\nx9 ok", FG_E_SYNTAX, 2 },
		{ "99 maybe", FG_E_SYNTAX, 1 },
		{ "99 ok receipt=LOST", FG_E_SYNTAX, 1 },
		{ "99 ok delay=-1", FG_E_SYNTAX, 1 },
		{ "99 ok more", FG_E_SYNTAX, 1 },
		{ "123456789012345678901 ok", FG_E_SYNTAX, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_smsc_options options = { 0 };
		unsigned line = 0;

		assert_rc(cases[i].rc, fg_smsc_script_parse(cases[i].text, &options, &line));
		assert_int_equal(line, cases[i].line);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_pair_of_digits_does_what_the_manual_says),
		CASE(a_connection_that_breaks_leaves_unknown_and_comes_back),
		CASE(several_binds_share_the_work),
		CASE(a_wrong_password_leaves_the_link_down),
		CASE(it_connects_again_less_and_less_often_and_seldom_when_it_is_refused),
		CASE(a_script_goes_before_the_digits_until_it_is_spent),
		cmocka_unit_test(a_wrong_script_names_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
