/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What carriers do to an SMPP link: rates, windows, several binds, older versions, ids in two bases.
 */
#include "tests/adapters/smpp_bench.h"

#include <stdio.h>
#include "lib/wire/national.h"

/* ---- rate, window, order ---- */

static void messages_begin_as_fast_as_the_rate_allows(void **state)
{
	(void)state;
	t.conf.rate = 10;
	t.conf.burst = 2;
	t.conf.window = 10;
	reopen();
	for (unsigned i = 1; i <= 4; i++)
		recorder_give(t.recorder, i, "+12025550199", "x");
	answer(0);
	answer(0);
	expect_nothing();
	assert_int_equal(fg_smpp_account_next_ms(t.account), t.now_ms + 100);
	move(99);
	expect_nothing();
	move(1);
	answer(0);
	expect_nothing();
	move(100);
	answer(0);
}

static void segments_count_and_a_message_that_began_is_not_held_back(void **state)
{
	char text[501];

	(void)state;
	t.conf.rate = 10;
	t.conf.burst = 1;
	t.conf.window = 10;
	reopen();
	recorder_give(t.recorder, 1, "+12025550199", of_length(text, 500)); /* four parts */
	recorder_give(t.recorder, 2, "+12025550198", "x");
	for (unsigned i = 0; i < 4; i++)
		answer(0);
	move(300);
	expect_nothing(); /* the three parts that were borrowed come first */
	move(99);
	expect_nothing();
	move(1);
	answer(0);
}

static void a_refusal_for_speed_pauses_a_second_and_is_no_attempt_of_the_link(void **state)
{
	(void)state;
	t.conf.rate = 1000;
	reopen();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	answer(0x58);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(recorder_outcome(t.recorder, 1)->part_state[0], FG_PART_NOT_SENT);
	recorder_give(t.recorder, 2, "+12025550199", "x");
	move(999);
	expect_nothing();
	move(1);
	answer(0);
}

static void throttling_survives_a_reconnect(void **state)
{
	(void)state;
	t.conf.rate = 1;
	reopen();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	answer(0x58);
	fg_smpp_session_disconnected(t.session, "lost");
	bind_it();
	recorder_give(t.recorder, 2, "+12025550199", "x");
	move(999);
	expect_nothing();
	move(1);
	answer(0);
}

static void a_part_that_came_too_fast_goes_again_first_when_others_were_taken(void **state)
{
	char text[301];
	uint32_t one, two;

	(void)state;
	t.conf.window = 3;
	reopen();
	recorder_give(t.recorder, 1, "+12025550199", of_length(text, 300));
	recorder_give(t.recorder, 2, "+12025550198", "x");
	one = expect(FG_SMPP_SUBMIT_SM).sequence;
	two = expect(FG_SMPP_SUBMIT_SM).sequence;
	answer(0);
	say(FG_SMPP_SUBMIT_SM_RESP, one, 0);
	say(FG_SMPP_SUBMIT_SM_RESP, two, 0x58);
	assert_null(recorder_outcome(t.recorder, 1));
	recorder_give(t.recorder, 3, "+12025550197", "y");
	expect_nothing();
	move(1000);
	{
		struct fg_smpp_pdu pdu = expect(FG_SMPP_SUBMIT_SM);

		assert_int_equal(pdu.sm.short_message.at[6], 2); /* the second part */
		say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
	}
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(recorder_outcome(t.recorder, 1)->carrier_code, 0);
	answer(0);
}

static void a_long_message_of_which_nothing_was_taken_is_deferred_as_a_whole(void **state)
{
	char text[301];
	uint32_t one, two;

	(void)state;
	reopen();
	recorder_give(t.recorder, 1, "+12025550199", of_length(text, 300));
	one = expect(FG_SMPP_SUBMIT_SM).sequence;
	two = expect(FG_SMPP_SUBMIT_SM).sequence;
	say(FG_SMPP_SUBMIT_SM_RESP, one, 0x58);
	assert_null(recorder_outcome(t.recorder, 1));
	say(FG_SMPP_SUBMIT_SM_RESP, two, 0x58);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_DEFERRED);
	move(1000);
	expect_nothing();
}

static void the_window_is_learned_from_what_is_refused_deeper(void **state)
{
	uint32_t sequence[8];

	(void)state;
	t.conf.window = 8;
	reopen();
	assert_int_equal(t.recorder->state.credits, 8);
	assert_int_equal(t.recorder->state.more.window, 8);
	for (unsigned i = 0; i < 8; i++)
		recorder_give(t.recorder, i, "+12025550199", "x");
	move(100);
	fg_smpp_account_turn_end(t.account, t.now_ms);
	assert_int_equal(t.recorder->state.more.unanswered, 8);
	for (unsigned i = 0; i < 8; i++)
		sequence[i] = expect(FG_SMPP_SUBMIT_SM).sequence;
	for (unsigned i = 2; i < 8; i++) /* this peer takes two at a time */
		say(FG_SMPP_SUBMIT_SM_RESP, sequence[i], 0x58);
	say(FG_SMPP_SUBMIT_SM_RESP, sequence[0], 0);
	say(FG_SMPP_SUBMIT_SM_RESP, sequence[1], 0);
	fg_smpp_account_turn_end(t.account, t.now_ms);
	assert_int_equal(t.recorder->state.credits, 2);
	assert_int_equal(t.recorder->state.more.window, 2);
	move(1000);
	for (unsigned i = 8; i < 12; i++)
		recorder_give(t.recorder, i, "+12025550199", "x");
	sequence[0] = expect(FG_SMPP_SUBMIT_SM).sequence;
	sequence[1] = expect(FG_SMPP_SUBMIT_SM).sequence;
	expect_nothing();
	say(FG_SMPP_SUBMIT_SM_RESP, sequence[0], 0);
	answer(0);
	say(FG_SMPP_SUBMIT_SM_RESP, sequence[1], 0);
	answer(0);
}

static void a_queue_keeps_the_window_full_but_never_holds_more_than_a_second(void **state)
{
	(void)state;
	t.conf.queue = 100;
	t.conf.rate = 5;
	reopen();
	assert_int_equal(t.recorder->state.credits, 2 + 5);
	t.conf.rate = 1000;
	reopen();
	assert_int_equal(t.recorder->state.credits, 2 + 100);
}

static void a_far_side_that_is_slow_is_given_what_it_answers_in_a_second(void **state)
{
	(void)state;
	t.conf.window = 4;
	t.conf.queue = 100;
	reopen();
	assert_int_equal(t.recorder->state.credits, 104);
	for (unsigned i = 0; i < 4; i++)
		recorder_give(t.recorder, i, "+12025550199", "x");
	move(400); /* no answer yet: ten a second at best */
	fg_smpp_account_turn_end(t.account, t.now_ms);
	assert_int_equal(t.recorder->state.credits, 10);
	move(1600);
	fg_smpp_account_turn_end(t.account, t.now_ms);
	assert_int_equal(t.recorder->state.credits, 2);
	for (unsigned i = 0; i < 4; i++)
		answer(0);
	move(100);
	fg_smpp_account_turn_end(t.account, t.now_ms);
	assert_int_equal(t.recorder->state.credits, 4 + 2);
	for (unsigned n = 4; n < 44; n++) { /* it is fast again */
		recorder_give(t.recorder, n, "+12025550199", "x");
		move(1);
		answer(0);
	}
	fg_smpp_account_turn_end(t.account, t.now_ms);
	move(100);
	fg_smpp_account_turn_end(t.account, t.now_ms);
	assert_in_range(t.recorder->state.credits, 50, 104);
}

static void the_host_hears_of_credits_in_batches(void **state)
{
	unsigned before;

	(void)state;
	t.conf.window = 40;
	reopen();
	before = t.recorder->states;
	for (unsigned i = 0; i < 9; i++)
		recorder_give(t.recorder, i, "+12025550199", "x");
	assert_int_equal(t.recorder->states, before);
	recorder_give(t.recorder, 9, "+12025550199", "x");
	assert_int_equal(t.recorder->states, before + 1);
	assert_int_equal(t.recorder->state.credits, 30);
	answer(0);
	fg_smpp_account_turn_end(t.account, t.now_ms);
	assert_int_equal(t.recorder->states, before + 1);
	move(100);
	fg_smpp_account_turn_end(t.account, t.now_ms);
	assert_int_equal(t.recorder->state.credits, 31);
}

/* ---- what the operator sees ---- */

static void turn(void)
{
	fg_smpp_account_turn_end(t.account, t.now_ms);
}

static void the_round_trip_of_the_first_message_is_said(void **state)
{
	(void)state;
	assert_int_equal(t.recorder->state.more.round_trip_ms, 0);
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	t.now_ms += 40;
	answer(0);
	assert_true(fg_smpp_account_next_ms(t.account) <= t.now_ms + 100);
	move(100);
	turn();
	assert_int_equal(t.recorder->state.more.round_trip_ms, 40);
	for (unsigned i = 2; i < 40; i++) { /* and it follows what it is now */
		recorder_give(t.recorder, i, "+12025550199", "x");
		t.now_ms += 400;
		answer(0);
		turn();
	}
	move(1000);
	turn();
	assert_in_range(t.recorder->state.more.round_trip_ms, 350, 400);
}

static void a_throttled_link_says_so_and_when_it_no_longer_is(void **state)
{
	unsigned wakes = 0;

	(void)state;
	t.conf.rate = 1000;
	t.conf.enquire_link_ms = t.conf.inactivity_s = 0;
	reopen();
	assert_int_equal(t.recorder->state.more.rate, 1000);
	assert_false(t.recorder->state.more.throttled);
	recorder_give(t.recorder, 1, "+12025550199", "x");
	answer(0x58);
	turn();
	assert_true(t.recorder->state.more.throttled);
	assert_int_equal(t.recorder->state.more.rate, 500);
	/* Idle from now on: it wakes by itself, seldom, and ends by saying that all is well. */
	while (fg_smpp_account_next_ms(t.account) != UINT64_MAX) {
		uint64_t next = fg_smpp_account_next_ms(t.account);

		assert_true(next > t.now_ms);
		assert_true(++wakes < 60);
		t.now_ms = next;
		fg_smpp_account_tick(t.account, t.now_ms);
		turn();
	}
	assert_true(wakes >= 10); /* the rate was said while it grew */
	assert_false(t.recorder->state.more.throttled);
	assert_int_equal(t.recorder->state.more.rate, 1000);
}

/* ---- bind and idle ---- */

static void older_and_newer_peers_are_taken(void **state)
{
	static const struct {
		uint32_t version;
		bool tlvs;
	} cases[] = { { 0x33, false }, { 0x34, true }, { 0x50, true } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_smpp_pdu pdu = { .command = FG_SMPP_BIND_TRANSCEIVER_RESP };

		fg_smpp_session_connected(t.session, t.now_ms);
		pdu.sequence = expect(FG_SMPP_BIND_TRANSCEIVER).sequence;
		assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SC_INTERFACE_VERSION,
						 cases[i].version));
		say_pdu(&pdu);
		assert_true(t.recorder->state.up);
		recorder_give(t.recorder, i + 1, "+12025550199", "x");
		pdu = expect(FG_SMPP_SUBMIT_SM);
		assert_int_equal(pdu.tlvs.count > 0, cases[i].tlvs);
		say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
		fg_smpp_session_disconnected(t.session, "lost");
	}
	{ /* one whose name is longer than it may be */
		struct fg_smpp_pdu pdu = { .command = FG_SMPP_BIND_TRANSCEIVER_RESP };

		fg_smpp_session_connected(t.session, t.now_ms);
		pdu.sequence = expect(FG_SMPP_BIND_TRANSCEIVER).sequence;
		pdu.bind_resp.system_id = fg_smpp_text("smsc-of-some-carrier.example.net");
		say_pdu(&pdu);
		assert_true(t.recorder->state.up);
		fg_smpp_session_disconnected(t.session, "lost");
	}
	t.conf.interface_version = 0x33; /* as which we bind is as which we speak */
	fg_smpp_session_connected(t.session, t.now_ms);
	say(FG_SMPP_BIND_TRANSCEIVER_RESP, expect(FG_SMPP_BIND_TRANSCEIVER).sequence, 0);
	recorder_give(t.recorder, 9, "+12025550199", "x");
	assert_int_equal(expect(FG_SMPP_SUBMIT_SM).tlvs.count, 0);
}

static void a_silent_peer_is_left_after_the_inactivity_limit(void **state)
{
	(void)state;
	t.conf.enquire_link_ms = 0;
	bind_it();
	move(299999);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_NONE);
	move(1);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

static void a_bind_that_is_there_already_is_tried_again_soon(void **state)
{
	(void)state;
	fg_smpp_session_connected(t.session, t.now_ms);
	say(FG_SMPP_BIND_TRANSCEIVER_RESP, expect(FG_SMPP_BIND_TRANSCEIVER).sequence, 0x05);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

static void a_submit_in_the_wrong_state_binds_anew_and_leaves_the_message_untouched(void **state)
{
	(void)state;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	answer(0x04);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

/* ---- long texts ---- */

static void long_texts_are_joined_the_way_of_the_link(void **state)
{
	static const uint8_t udh8[] = { 5, 0, 3, 0x01, 2, 1 };
	struct fg_smpp_pdu pdu;
	char text[301];
	uint32_t number;

	(void)state;
	snprintf(t.conf.long_text, sizeof(t.conf.long_text), "udh8");
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", of_length(text, 300));
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_memory_equal(pdu.sm.short_message.at, udh8, sizeof(udh8));
	say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
	answer(0);

	snprintf(t.conf.long_text, sizeof(t.conf.long_text), "sar");
	recorder_give(t.recorder, 2, "+12025550199", text);
	expect(FG_SMPP_SUBMIT_SM);
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_int_equal(pdu.sm.esm_class, 0);
	assert_int_equal(pdu.sm.short_message.len, 148);
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_SAR_MSG_REF_NUM, &number));
	assert_int_equal(number, 0x4202);
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_SAR_TOTAL_SEGMENTS, &number));
	assert_int_equal(number, 2);
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, &number));
	assert_int_equal(number, 2);
}

/* A text of n times s with cedilla, as the vault plans it for a link that passes on Turkish. */
static void give_turkish(unsigned number, size_t n)
{
	struct recorder_job job;
	char text[2 * 400 + 1] = "";

	for (size_t i = 0; i < n; i++)
		strcat(text, "\xc5\x9f");
	recorder_job_make(number, "+12025550199", text, &job);
	assert_ok(fg_alphabet_plan_national(1u << FG_LANGUAGE_TURKISH, text, strlen(text),
					    FG_TEXT_REFERENCE_16BIT, 255, &job.plan));
	job.job.alphabet = (uint8_t)job.plan.alphabet;
	job.job.parts = job.plan.parts;
	fg_host_job_take(t.recorder->host, &job.job);
}

static void national_tables_are_named_before_the_text_and_the_coding_stays_septets(void **state)
{
	static const uint8_t whole[] = { 3, 0x25, 1, 1, 0x1D }, /* A.3.1: 0x1D is s with cedilla */
		part[] = { 9, 8, 4, 0x42, 2, 3, 3, 0x25, 1, 1, 0x1D };
	struct fg_smpp_pdu pdu;

	(void)state;
	t.conf.window = 4;
	reopen();
	give_turkish(1, 155);
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_int_equal(pdu.sm.esm_class, FG_SMPP_ESM_UDH);
	assert_int_equal(pdu.sm.data_coding, 0);
	assert_int_equal(pdu.sm.short_message.len, 4 + 155);
	assert_memory_equal(pdu.sm.short_message.at, whole, sizeof(whole));
	give_turkish(2, 148 * 2 + 1);
	for (unsigned i = 1; i <= 3; i++) {
		uint8_t expected[sizeof(part) + 1];

		memcpy(expected, part, 6);
		expected[0] = 9;
		expected[6] = (uint8_t)i;
		memcpy(expected + 7, part + 7, 4);
		pdu = expect(FG_SMPP_SUBMIT_SM);
		assert_int_equal(pdu.sm.short_message.len, 10 + (i < 3 ? 148 : 1));
		assert_memory_equal(pdu.sm.short_message.at, expected, 11);
	}
}

static void a_payload_is_the_only_one_and_only_for_what_is_long(void **state)
{
	struct recorder_job job;
	struct fg_smpp_pdu pdu;
	struct fg_smpp_bytes payload;
	char text[301];

	(void)state;
	snprintf(t.conf.long_text, sizeof(t.conf.long_text), "payload");
	bind_it();
	recorder_job_make(1, "+12025550199", of_length(text, 300), &job);
	job.job.parts = 1; /* as the vault plans it for such a link */
	fg_host_job_take(t.recorder->host, &job.job);
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_int_equal(pdu.sm.short_message.len, 0);
	assert_true(fg_smpp_tlv_bytes(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, &payload));
	assert_int_equal(payload.len, 300);
	recorder_give(t.recorder, 2, "+12025550199", "short");
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_int_equal(pdu.sm.short_message.len, 5);
	assert_null(fg_smpp_tlv_find(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD));
}

static void a_link_without_a_usable_default_alphabet_sends_ucs2(void **state)
{
	struct fg_smpp_pdu pdu;

	(void)state;
	snprintf(t.conf.alphabet, sizeof(t.conf.alphabet), "ucs2");
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "abc");
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_int_equal(pdu.sm.data_coding, 8);
	assert_int_equal(pdu.sm.short_message.len, 6);
}

/* ---- what is learned of the peer ---- */

static void a_refused_mark_tlv_stays_out_after_a_reconnect(void **state)
{
	struct fg_smpp_pdu pdu;

	(void)state;
	t.conf.mark_tlv = 0x1612;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	answer(0xC1);
	answer(0);
	fg_smpp_session_disconnected(t.session, "lost");
	bind_it();
	recorder_give(t.recorder, 2, "+12025550199", "x");
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_null(fg_smpp_tlv_find(&pdu, 0x1612));
}

static void a_refused_validity_is_left_out_of_the_next_and_fails_only_then(void **state)
{
	struct fg_smpp_pdu pdu;

	(void)state;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	answer(0x62);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_DEFERRED);
	recorder_give(t.recorder, 2, "+12025550199", "x");
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_int_equal(pdu.sm.validity_period.len, 0);
	say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0x62);
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_FAILED);
}

static void a_receipt_has_the_id_of_its_response_whatever_its_base(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM_RESP };

	(void)state;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550198", "x");
	pdu.sequence = expect(FG_SMPP_SUBMIT_SM).sequence;
	pdu.sm_resp.message_id = fg_smpp_text("00AB12CD");
	say_pdu(&pdu);
	say_receipt(77, "11211469");
	assert_string_equal(t.recorder->reports[0].ref, "00AB12CD");
}

static void an_intermediate_report_is_not_final(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM, .sequence = 3 };

	(void)state;
	bind_it();
	pdu.sm.source_addr_ton = 1;
	pdu.sm.source_addr = fg_smpp_text("12025550199");
	pdu.sm.esm_class = FG_SMPP_ESM_INTERMEDIATE;
	pdu.sm.short_message = fg_smpp_text("STAT: expired ID: 7f err:013");
	say_pdu(&pdu);
	assert_int_equal(t.recorder->reports_count, 1);
	assert_false(t.recorder->reports[0].final);
	assert_string_equal(t.recorder->reports[0].ref, "7f");
}

static void codes_of_the_carrier_count_as_its_table_says(void **state)
{
	FILE *table = tmpfile();

	(void)state;
	fputs("0x401 recipient unknown subscriber\n0x402 throttle\n", table);
	fflush(table);
	assert_ok(fg_smpp_account_codes(t.account, fileno(table)));
	fg_smpp_account_codes_adopt(t.account, true);
	fclose(table);
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	answer(0x401);
	assert_int_equal(recorder_outcome(t.recorder, 1)->rc, FG_E_LINK_RECIPIENT);
	assert_int_equal(recorder_outcome(t.recorder, 1)->carrier_code, 0x401);
	fg_smpp_account_turn_end(t.account, t.now_ms); /* the operator reads the table's words */
	assert_int_equal(t.recorder->state.more.own_code, 0x401);
	assert_string_equal(t.recorder->state.more.own_note, "unknown subscriber");
	recorder_give(t.recorder, 2, "+12025550199", "x");
	answer(0x403);
	assert_int_equal(recorder_outcome(t.recorder, 2)->rc, FG_E_LINK_REJECTED);
	recorder_give(t.recorder, 3, "+12025550199", "x");
	answer(0x402);
	assert_int_equal(recorder_outcome(t.recorder, 3)->outcome, FG_OUTCOME_DEFERRED);
	recorder_give(t.recorder, 4, "+12025550199", "x");
	expect_nothing(); /* slower, as after 0x58 */
	move(1000);
	answer(0);
}

/* ---- several binds ---- */

static void a_pair_of_binds_submits_on_one_and_receives_on_the_other(void **state)
{
	struct fg_smpp_session *rx = fg_smpp_session_new(t.account, FG_SMPP_RX, on_send, NULL);
	struct fg_smpp_pdu pdu;
	uint32_t sequence;

	(void)state;
	assert_non_null(rx);
	fg_smpp_session_connected(rx, t.now_ms);
	pdu = (struct fg_smpp_pdu){ .command = FG_SMPP_BIND_RECEIVER_RESP,
				    .sequence = expect(FG_SMPP_BIND_RECEIVER).sequence };
	{
		uint8_t octets[64];
		size_t len;

		assert_ok(fg_smpp_encode(&pdu, octets, sizeof(octets), &len));
		fg_smpp_session_bytes(rx, octets, len, t.now_ms);
	}
	assert_false(t.recorder->state.up); /* nothing can be submitted yet */
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	sequence = expect(FG_SMPP_SUBMIT_SM).sequence;
	{
		struct fg_smpp_session *tx = t.session;

		t.session = rx;
		say_receipt(9, "ref-1"); /* before the response, on the other bind */
		assert_int_equal(t.recorder->reports_count, 0);
		t.session = tx;
	}
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0);
	assert_int_equal(t.recorder->reports_count, 1);
	fg_host_stored(t.recorder->host, t.recorder->reports[0].token);
	expect(FG_SMPP_DELIVER_SM_RESP);
	fg_smpp_session_disconnected(rx, "closed");
}

static void the_link_is_up_while_one_bind_is(void **state)
{
	struct fg_smpp_session *first = t.session;

	(void)state;
	bind_it();
	t.session = fg_smpp_session_new(t.account, FG_SMPP_TRX, on_send, NULL);
	bind_it();
	assert_int_equal(t.recorder->state.credits, 4);
	fg_smpp_session_disconnected(first, "lost");
	assert_true(t.recorder->state.up);
	assert_string_equal(t.recorder->state.note, "1 of 2 bound: lost");
	assert_int_equal(t.recorder->state.credits, 2);
	recorder_give(t.recorder, 1, "+12025550199", "x");
	answer(0);
	fg_smpp_session_disconnected(t.session, "lost");
	assert_false(t.recorder->state.up);
	t.session = first;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, smpp_setup, smpp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(messages_begin_as_fast_as_the_rate_allows),
		CASE(segments_count_and_a_message_that_began_is_not_held_back),
		CASE(a_refusal_for_speed_pauses_a_second_and_is_no_attempt_of_the_link),
		CASE(throttling_survives_a_reconnect),
		CASE(a_part_that_came_too_fast_goes_again_first_when_others_were_taken),
		CASE(a_long_message_of_which_nothing_was_taken_is_deferred_as_a_whole),
		CASE(the_window_is_learned_from_what_is_refused_deeper),
		CASE(a_queue_keeps_the_window_full_but_never_holds_more_than_a_second),
		CASE(a_far_side_that_is_slow_is_given_what_it_answers_in_a_second),
		CASE(the_host_hears_of_credits_in_batches),
		CASE(the_round_trip_of_the_first_message_is_said),
		CASE(a_throttled_link_says_so_and_when_it_no_longer_is),
		CASE(older_and_newer_peers_are_taken),
		CASE(a_silent_peer_is_left_after_the_inactivity_limit),
		CASE(a_bind_that_is_there_already_is_tried_again_soon),
		CASE(a_submit_in_the_wrong_state_binds_anew_and_leaves_the_message_untouched),
		CASE(long_texts_are_joined_the_way_of_the_link),
		CASE(national_tables_are_named_before_the_text_and_the_coding_stays_septets),
		CASE(a_payload_is_the_only_one_and_only_for_what_is_long),
		CASE(a_link_without_a_usable_default_alphabet_sends_ucs2),
		CASE(a_refused_mark_tlv_stays_out_after_a_reconnect),
		CASE(a_refused_validity_is_left_out_of_the_next_and_fails_only_then),
		CASE(a_receipt_has_the_id_of_its_response_whatever_its_base),
		CASE(an_intermediate_report_is_not_final),
		CASE(codes_of_the_carrier_count_as_its_table_says),
		CASE(a_pair_of_binds_submits_on_one_and_receives_on_the_other),
		CASE(the_link_is_up_while_one_bind_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
