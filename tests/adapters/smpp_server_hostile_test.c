/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who means harm, or is broken: what strangers may cost, and what one connection may do to another.
 */
#include "tests/adapters/app_bench.h"

#include <stdio.h>
#include <string.h>
#include "lib/crypto/password.h"
#include "lib/wire/dlr.h"
#include "lib/wire/smpp_status.h"

#define t app_bench

static struct app_session *from(uint8_t host)
{
	t.session = app_session_new(&t.server, t.now_ms);
	assert_non_null(t.session);
	memcpy(t.session->from.octets, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0", 15);
	t.session->from.octets[15] = host;
	return t.session;
}

/* ---- before the bind ---- */

static void whoever_is_outside_its_networks_is_refused_unasked(void **state)
{
	(void)state;
	strcpy(t.conf.accounts[0].networks, "127.0.0.0/30,192.0.2.0/24");
	app_server_accounts_changed(&t.server);
	from(4);
	app_bench_say_bind(FG_SMPP_BIND_TRANSCEIVER, "secret");
	assert_int_equal(t.server.checking_count, 0);
	assert_int_equal(t.server.look_ms, 0); /* the password was not looked at */
	app_bench_expect_silence();
	app_bench_wait(APP_REFUSE_MS);
	assert_int_equal(app_bench_heard(FG_SMPP_BIND_TRANSCEIVER_RESP).status,
			 FG_SMPP_STATUS_RINVPASWD);
	from(3);
	app_bench_bind();
	from(4); /* nor is the right one believed when it is known */
	app_bench_say_bind(FG_SMPP_BIND_TRANSCEIVER, "secret");
	app_bench_wait(APP_REFUSE_MS);
	assert_int_equal(app_bench_heard(FG_SMPP_BIND_TRANSCEIVER_RESP).status,
			 FG_SMPP_STATUS_RINVPASWD);
}

static void a_flood_of_guesses_waits_in_a_bounded_queue(void **state)
{
	struct app_session *last = NULL, *good;

	(void)state;
	from(1);
	app_bench_say_bind(FG_SMPP_BIND_TRANSCEIVER, "guess"); /* is looked at */
	for (int i = 0; i < APP_LOOKS_FROM_ONE + 1; i++) {
		last = from(1);
		app_bench_say_bind(FG_SMPP_BIND_TRANSCEIVER, "guess");
	}
	assert_int_equal(t.server.checking_count, APP_LOOKS_FROM_ONE);
	assert_int_equal(last->state, APP_REFUSED);
	good = from(2); /* the flood of another address leaves it its place */
	app_bench_say_bind(FG_SMPP_BIND_TRANSCEIVER, "secret");
	assert_int_equal(good->state, APP_CHECKING);
	for (uint8_t host = 3; t.server.checking_count < APP_LOOKS_MAX; host++) {
		from(host);
		app_bench_say_bind(FG_SMPP_BIND_TRANSCEIVER, "guess");
	}
	from(200);
	app_bench_say_bind(FG_SMPP_BIND_TRANSCEIVER, "guess");
	assert_int_equal(t.server.checking_count, APP_LOOKS_MAX);
	app_bench_wait(APP_REFUSE_MS);
	assert_int_equal(app_bench_heard(FG_SMPP_BIND_TRANSCEIVER_RESP).status,
			 FG_SMPP_STATUS_RSYSERR); /* later, not never */
	for (int i = 0; i < APP_LOOKS_FROM_ONE; i++)
		app_bench_wait(APP_LOOK_PAUSE_MS);
	assert_int_equal(good->state, APP_BOUND);
	app_bench_wait(0); /* and now every guess is wrong at once */
	assert_int_equal(t.server.checking_count, 0);
}

static void a_flood_does_not_fill_the_log(void **state)
{
	unsigned said = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		said += app_server_may_log(&t.server, t.now_ms);
	assert_int_equal(said, APP_LINES_MAX);
	assert_int_equal(t.server.lines_left_out, 1000 - APP_LINES_MAX);
	assert_true(app_server_may_log(&t.server, t.now_ms + 1000));
	assert_int_equal(t.server.lines_left_out, 0);
}

static void a_password_that_is_known_makes_guesses_cheap(void **state)
{
	(void)state;
	app_bench_bind();
	t.server.look_ms = 0;
	for (int i = 0; i < 100; i++) {
		from(1);
		app_bench_say_bind(FG_SMPP_BIND_TRANSCEIVER, "guess");
	}
	assert_int_equal(t.server.checking_count, 0);
	assert_int_equal(t.server.look_ms, 0);
}

static void a_changed_secret_counts_and_bound_ones_stay(void **state)
{
	struct app_session *bound = t.session;

	(void)state;
	app_bench_bind();
	assert_ok(fg_password_hash("other", 5, t.conf.accounts[0].secret));
	app_server_accounts_changed(&t.server);
	assert_int_equal(bound->state, APP_BOUND);
	from(1);
	app_bench_wait(APP_LOOK_PAUSE_MS);
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSCEIVER, "secret"),
			 FG_SMPP_STATUS_RINVPASWD);
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSCEIVER, "other"), 0);
}

static void an_account_that_is_gone_is_unbound_and_one_that_is_new_may_come(void **state)
{
	struct app_session *bound = t.session;

	(void)state;
	app_bench_bind();
	t.conf.accounts[1] = t.conf.accounts[0];
	strcpy(t.conf.accounts[1].name, "new");
	strcpy(t.conf.accounts[0].secret, FG_CONF_NO_SECRET);
	t.conf.accounts_count = 2;
	app_server_accounts_changed(&t.server);
	assert_int_equal(bound->state, APP_CLOSING);
	app_bench_heard(FG_SMPP_UNBIND);
	app_server_say_bound(&t.server);
	assert_int_equal(t.receivers, 0);
	from(1);
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSCEIVER, "secret"),
			 FG_SMPP_STATUS_RINVPASWD);
	assert_non_null(app_account_find(&t.server, fg_smpp_text("new")));
	assert_null(app_account_find(&t.server, fg_smpp_text("shop")));
}

static void a_stranger_says_256_octets_and_no_more(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_ENQUIRE_LINK };
	uint8_t octets[16];
	size_t len;

	(void)state;
	assert_ok(fg_smpp_encode(&pdu, octets, sizeof(octets), &len));
	for (int i = 0; i < 16; i++)
		assert_int_equal(app_bench_say_bytes(octets, len), len);
	assert_true(app_bench_say_bytes(octets, len) == SIZE_MAX);
	assert_int_equal(t.session->state, APP_CLOSING);
	from(1);
	app_bench_bind();
	for (int i = 0; i < 100; i++) /* who is bound may */
		assert_int_equal(app_bench_say_bytes(octets, len), len);
}

static void room_is_made_by_the_oldest_of_whom_has_the_most(void **state)
{
	struct app_session *quiet = t.session, *first, *bound;

	(void)state;
	first = from(7);
	from(8);
	bound = from(9);
	app_bench_bind();
	from(7);
	from(7);
	assert_ptr_equal(app_login_victim(&t.server), first);
	app_session_free(first);
	app_session_free(app_login_victim(&t.server));
	assert_ptr_equal(app_login_victim(&t.server), quiet); /* one of each is left */
	for (int left = 3; left > 0; left--)
		app_session_free(app_login_victim(&t.server));
	assert_null(app_login_victim(&t.server));
	assert_int_equal(bound->state, APP_BOUND);
}

/* ---- bytes that are no SMPP ---- */

static void other_protocols_are_hung_up_on(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18 },
		{ "\x16\3\1\2\0\1\0\1\xfc\3\3\0\0\0\0\0", 16 }, /* a TLS ClientHello */
		{ "SSH-2.0-x\r\n", 11 },
		{ "\0\0\0\0\0\0\0\0", 8 },     /* 0 octets */
		{ "\0\0\0\x0f\0\0\0\x15", 8 }, /* less than a header */
		{ "\xff\xff\xff\xff", 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		from(1);
		assert_true(app_bench_say_bytes(cases[i].octets, cases[i].len) == SIZE_MAX);
		app_bench_expect_silence();
		from(1);
		t.conf.accounts[0].binds = 100;
		app_bench_bind(); /* who was bound learns why */
		assert_true(app_bench_say_bytes(cases[i].octets, cases[i].len) == SIZE_MAX);
		assert_int_equal(app_bench_heard(FG_SMPP_GENERIC_NACK).status,
				 FG_SMPP_STATUS_RINVCMDLEN);
		assert_int_equal(t.session->state, APP_CLOSING);
	}
}

static void a_pdu_cut_anywhere_costs_that_pdu_only(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(77), good = { .command = FG_SMPP_ENQUIRE_LINK };
	uint8_t octets[256];
	size_t len, whole;

	(void)state;
	app_bench_bind();
	assert_ok(fg_smpp_encode(&pdu, octets, sizeof(octets), &whole));
	for (len = 16; len < whole; len++) {
		octets[3] = (uint8_t)len;
		assert_int_equal(app_bench_say_bytes(octets, len), len);
		assert_int_equal(app_bench_heard(FG_SMPP_GENERIC_NACK).sequence, 77);
		app_bench_say(&good);
		app_bench_heard(FG_SMPP_ENQUIRE_LINK_RESP);
	}
	assert_int_equal(t.submissions, 0);
}

/* ---- numbers ---- */

static void a_number_used_twice_is_answered_twice(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(5);
	struct fg_id one = fg_id_make(1, (const uint8_t[10]){ 1 }),
		     two = fg_id_make(2, (const uint8_t[10]){ 2 });
	char text[FG_ID_TEXT_LEN + 1];
	struct fg_smpp_pdu answer;

	(void)state;
	app_bench_bind();
	app_bench_say(&pdu);
	app_bench_say(&pdu);
	assert_int_equal(t.submissions, 2);
	app_server_taken(&t.server, t.tokens[1], &two, FG_OK);
	answer = app_bench_heard(FG_SMPP_SUBMIT_SM_RESP);
	assert_int_equal(answer.sequence, 5);
	assert_memory_equal(answer.sm_resp.message_id.at, fg_id_text(&two, text), FG_ID_TEXT_LEN);
	app_server_taken(&t.server, t.tokens[0], &one, FG_OK);
	answer = app_bench_heard(FG_SMPP_SUBMIT_SM_RESP);
	assert_memory_equal(answer.sm_resp.message_id.at, fg_id_text(&one, text), FG_ID_TEXT_LEN);
}

static void answers_nobody_asked_for_change_nothing(void **state)
{
	static const uint32_t commands[] = {
		FG_SMPP_DELIVER_SM_RESP,   FG_SMPP_GENERIC_NACK,         FG_SMPP_SUBMIT_SM_RESP,
		FG_SMPP_ENQUIRE_LINK_RESP, FG_SMPP_UNBIND_RESP,          FG_SMPP_QUERY_SM_RESP,
		FG_SMPP_DATA_SM_RESP,      FG_SMPP_BIND_TRANSCEIVER_RESP
	};
	struct fg_app_receipt receipt = {
		.account = "shop", .source = "Shop", .destination = "+12025550199", .state = 2
	};
	struct fg_smpp_pdu pdu = { 0 };
	uint32_t sequence;

	(void)state;
	app_bench_bind();
	app_server_receipt(&t.server, &receipt, t.now_ms);
	sequence = app_bench_heard(FG_SMPP_DELIVER_SM).sequence;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		for (uint32_t other = 0; other < 3 * APP_TELL_WINDOW; other += 7) {
			pdu.command = commands[i];
			pdu.sequence = other == sequence ? other + APP_TELL_WINDOW : other;
			app_bench_say(&pdu);
		}
	app_bench_expect_silence();
	assert_int_equal(t.told, 0); /* the receipt still waits for its own */
	pdu.command = FG_SMPP_DELIVER_SM_RESP;
	pdu.sequence = sequence;
	app_bench_say(&pdu);
	assert_int_equal(t.told, 1);
}

static void outbind_and_unknown_commands_are_nacked_with_their_number(void **state)
{
	static const uint8_t unknown[] = { 0, 0, 0, 17, 0, 0, 0x0f, 0xff, 0,
					   0, 0, 0, 0,  0, 0, 42,   'x' };
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_OUTBIND, .sequence = 41 }, answer;

	(void)state;
	pdu.outbind.system_id = fg_smpp_text("shop");
	pdu.outbind.password = fg_smpp_text("secret");
	for (int bound = 0; bound < 2; bound++) {
		if (bound)
			app_bench_bind();
		app_bench_say(&pdu);
		answer = app_bench_heard(FG_SMPP_GENERIC_NACK);
		assert_int_equal(answer.sequence, 41);
		assert_int_equal(answer.status, FG_SMPP_STATUS_RINVCMDID);
		assert_int_equal(app_bench_say_bytes(unknown, sizeof(unknown)), sizeof(unknown));
		assert_int_equal(app_bench_heard(FG_SMPP_GENERIC_NACK).sequence, 42);
	}
}

/* ---- slow, silent, leaving ---- */

static void who_does_not_read_is_not_read_and_told_nothing(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_ENQUIRE_LINK };
	struct fg_app_receipt receipt = {
		.account = "shop", .source = "Shop", .destination = "+12025550199", .state = 2
	};
	uint8_t octets[16];
	size_t len, used = 0;

	(void)state;
	app_bench_bind();
	assert_ok(fg_smpp_encode(&pdu, octets, sizeof(octets), &len));
	for (int i = 0; i < 100000 && (i == 0 || used == len); i++)
		used = app_bench_say_bytes(octets, len);
	assert_int_equal(used, 0);
	assert_in_range(evbuffer_get_length(t.session->out), APP_OUTPUT_MAX, APP_OUTPUT_MAX + 16);
	app_server_receipt(&t.server, &receipt, t.now_ms);
	assert_int_equal(t.told, 1); /* kept for later, not lost */
	assert_int_equal(t.outcome, FG_OUTCOME_DEFERRED);
	app_server_say_bound(&t.server);
	assert_int_equal(t.credits, 0); /* and nobody tries again at once */
	evbuffer_drain(t.session->out, APP_OUTPUT_MAX);
	assert_int_equal(app_bench_say_bytes(octets, len), len);
}

static void an_unbind_is_answered_after_what_is_owed(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(5),
			   leave = { .command = FG_SMPP_UNBIND, .sequence = 6 };
	struct fg_id id = fg_id_make(1, (const uint8_t[10]){ 1 });

	(void)state;
	app_bench_bind();
	app_bench_say(&pdu);
	app_bench_say(&leave);
	app_bench_expect_silence();
	pdu.sequence = 7;
	app_bench_say(&pdu); /* no more from it */
	assert_int_equal(app_bench_heard(FG_SMPP_SUBMIT_SM_RESP).status, FG_SMPP_STATUS_RINVBNDSTS);
	app_server_taken(&t.server, t.tokens[0], &id, FG_OK);
	assert_int_equal(app_bench_heard(FG_SMPP_SUBMIT_SM_RESP).sequence, 5);
	assert_int_equal(app_bench_heard(FG_SMPP_UNBIND_RESP).sequence, 6);
	assert_int_equal(t.session->state, APP_CLOSING);
}

static void an_unbind_that_is_owed_too_long_closes(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(5),
			   leave = { .command = FG_SMPP_UNBIND, .sequence = 6 };

	(void)state;
	app_bench_bind();
	app_bench_say(&pdu);
	app_bench_say(&leave);
	t.now_ms += APP_UNBIND_MS;
	app_session_tick(t.session, t.now_ms);
	assert_int_equal(t.session->state, APP_CLOSING);
}

static void a_silent_bind_is_asked_and_then_closed(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_ENQUIRE_LINK_RESP };

	(void)state;
	t.conf.links[0].enquire_link_ms = 30000;
	t.conf.links[0].inactivity_s = 300;
	app_bench_bind();
	t.now_ms += 30000;
	app_session_tick(t.session, t.now_ms);
	pdu.sequence = app_bench_heard(FG_SMPP_ENQUIRE_LINK).sequence;
	app_bench_say(&pdu);
	t.now_ms += 29000;
	app_session_tick(t.session, t.now_ms);
	app_bench_expect_silence();
	t.now_ms += 1000;
	app_session_tick(t.session, t.now_ms);
	app_bench_heard(FG_SMPP_ENQUIRE_LINK);
	t.now_ms += 60000;
	app_session_tick(t.session, t.now_ms);
	assert_int_equal(t.session->state, APP_CLOSING);
}

/* The rest of the time is for whole PDUs: one that comes slowly, but comes, is heard. */
static void a_pdu_that_does_not_end_closes(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_ENQUIRE_LINK, .sequence = 5 };
	uint8_t octets[32];
	size_t len, used;

	(void)state;
	app_bench_bind();
	assert_ok(fg_smpp_encode(&pdu, octets, sizeof(octets), &len));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(app_bench_say_bytes(octets, 7), 0);
		t.now_ms += APP_PDU_MS - 1;
		app_session_tick(t.session, t.now_ms);
		used = app_bench_say_bytes(octets, len);
		assert_int_equal(used, len);
		app_bench_heard(FG_SMPP_ENQUIRE_LINK_RESP);
		t.now_ms += 1000000;
		app_session_tick(t.session, t.now_ms); /* nothing has begun */
		assert_int_equal(t.session->state, APP_BOUND);
	}
	assert_int_equal(app_bench_say_bytes(octets, 3), 0); /* not even its length */
	t.now_ms += 1000;
	assert_int_equal(app_bench_say_bytes(octets, 8), 0);
	t.now_ms += APP_PDU_MS - 1000;
	app_session_tick(t.session, t.now_ms);
	assert_int_equal(t.session->state, APP_CLOSING);
}

static void zero_asks_and_closes_nobody(void **state)
{
	(void)state;
	app_bench_bind();
	t.now_ms += 86400000;
	app_session_tick(t.session, t.now_ms);
	app_bench_expect_silence();
	assert_int_equal(t.session->state, APP_BOUND);
}

/* Each costs a millisecond of the thread that serves those who are bound. */
static void tls_handshakes_begin_at_a_bounded_rate(void **state)
{
	struct app_pace pace = { 0 };
	uint64_t now_ms = 1000;
	unsigned begun = 0;

	(void)state;
	for (; now_ms < 11000; now_ms++) { /* somebody connects as fast as we accept */
		begun++;
		if (app_login_handshake(&pace, now_ms))
			now_ms += APP_PACE_MS;
	}
	assert_in_range(begun, 500, 1000);   /* in ten seconds */
	for (; now_ms < 20000; now_ms += 20) /* as applications come one after the other */
		assert_false(app_login_handshake(&pace, now_ms));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, app_bench_begin, app_bench_end)
	const struct CMUnitTest tests[] = {
		CASE(tls_handshakes_begin_at_a_bounded_rate),
		CASE(whoever_is_outside_its_networks_is_refused_unasked),
		CASE(a_flood_of_guesses_waits_in_a_bounded_queue),
		CASE(a_flood_does_not_fill_the_log),
		CASE(a_password_that_is_known_makes_guesses_cheap),
		CASE(a_changed_secret_counts_and_bound_ones_stay),
		CASE(an_account_that_is_gone_is_unbound_and_one_that_is_new_may_come),
		CASE(a_stranger_says_256_octets_and_no_more),
		CASE(room_is_made_by_the_oldest_of_whom_has_the_most),
		CASE(other_protocols_are_hung_up_on),
		CASE(a_pdu_cut_anywhere_costs_that_pdu_only),
		CASE(a_number_used_twice_is_answered_twice),
		CASE(answers_nobody_asked_for_change_nothing),
		CASE(outbind_and_unknown_commands_are_nacked_with_their_number),
		CASE(who_does_not_read_is_not_read_and_told_nothing),
		CASE(an_unbind_is_answered_after_what_is_owed),
		CASE(an_unbind_that_is_owed_too_long_closes),
		CASE(a_silent_bind_is_asked_and_then_closed),
		CASE(a_pdu_that_does_not_end_closes),
		CASE(zero_asks_and_closes_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
