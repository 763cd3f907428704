/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What nobody told of by itself: messages without a final receipt are asked for with query_sm, and a response that comes after its
 * submit was given up still says something. The far side is the test, and in one case the emulated SMSC.
 */
#include "tests/adapters/smpp_bench.h"

#include <stdlib.h>
#include <talloc.h>
#include "adapters/smpp/queries.h"
#include "emulators/smsc/center.h"

enum { DAY_MS = 86400000, GRACE_MS = 60000 };

/* ---- the order of questions ---- */

static const char *name(unsigned n)
{
	static char text[16];

	snprintf(text, sizeof(text), "id-%u", n);
	return text;
}

/* Beside a plain array: whatever is added, removed and put off, the first is the one that is due first. */
static void the_first_due_is_first_whatever_happened_before(void **state)
{
	enum { IDS = 700, ROOM = 300, STEPS = 40000 };
	uint64_t due[IDS] = { 0 }, now = 1;
	struct fg_smpp_queries *queries = fg_smpp_queries_new(t.ctx, ROOM);
	uint32_t count = 0;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < STEPS; i++, now++) {
		unsigned n = (unsigned)rand() % IDS;
		struct fg_smpp_awaited awaited = { .reference = (uint16_t)n };
		uint64_t least = UINT64_MAX, at = now + (unsigned)rand() % 1000 + 1;

		strcpy(awaited.ref, name(n));
		switch (rand() % 3) {
		case 0:
			if (!fg_smpp_queries_add(queries, &awaited, at)) {
				assert_int_equal(count, ROOM);
				break;
			}
			count += due[n] == 0;
			due[n] = at;
			break;
		case 1:
			fg_smpp_queries_remove(queries, awaited.ref);
			count -= due[n] != 0;
			due[n] = 0;
			break;
		default:
			fg_smpp_queries_put_off(queries, awaited.ref, at);
			due[n] = due[n] ? at : 0;
		}
		for (unsigned k = 0; k < IDS; k++)
			least = due[k] && due[k] < least ? due[k] : least;
		assert_int_equal(fg_smpp_queries_count(queries), count);
		assert_true(fg_smpp_queries_due_ms(queries) == least);
		assert_int_equal(fg_smpp_queries_find(queries, name(n)) != NULL, due[n] != 0);
		if (count)
			assert_true(due[fg_smpp_queries_first(queries)->reference] == least);
	}
	assert_true(fg_smpp_queries_refused(queries) > 0);
}

/* ---- questions ---- */

static void quiet(void)
{
	t.conf.enquire_link_ms = t.conf.inactivity_s = 0;
	reopen();
}

static void give_and_accept(unsigned n)
{
	recorder_give(t.recorder, n, "+12025550199", "x");
	answer(0); /* id ref-1 */
}

static void say_state(uint32_t sequence, uint32_t status, uint8_t message_state, uint8_t error)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_QUERY_SM_RESP,
				   .sequence = sequence,
				   .status = status };

	pdu.query_resp.message_id = fg_smpp_text("ref-1");
	pdu.query_resp.final_date = fg_smpp_text("");
	pdu.query_resp.message_state = message_state;
	pdu.query_resp.error_code = error;
	say_pdu(&pdu);
}

static void a_message_without_a_receipt_is_asked_for_when_its_validity_is_over(void **state)
{
	struct fg_smpp_pdu pdu;
	const struct fg_delivery_report *report = &t.recorder->reports[0];

	(void)state;
	quiet();
	give_and_accept(7);
	move(2 * DAY_MS + GRACE_MS - 1);
	expect_nothing();
	move(1);
	pdu = expect(FG_SMPP_QUERY_SM);
	assert_string_equal((const char *)pdu.query.message_id.at, "ref-1");
	/* as in the submit, or the far side does not find it */
	assert_string_equal((const char *)pdu.query.source_addr.at, "12025550101");
	assert_int_equal(pdu.query.source_addr_ton, 1);
	assert_int_equal(pdu.query.source_addr_npi, 1);
	say_state(pdu.sequence, 0, FG_DLR_UNDELIVERABLE, 34);
	assert_int_equal(t.recorder->reports_count, 1);
	assert_int_equal(report->state, FG_DLR_UNDELIVERABLE);
	assert_true(report->final);
	assert_string_equal(report->ref, "ref-1");
	assert_string_equal(report->error, "034");
	assert_string_equal(report->destination, "+12025550199");
	assert_true(report->has_reference);
	assert_int_equal(report->message_reference, 7);
	fg_host_stored(t.recorder->host, report->token);
	move(5 * (uint64_t)DAY_MS);
	expect_nothing();
	assert_int_equal(t.recorder->reports_count, 1);
}

static void a_message_with_its_receipt_is_not_asked_for(void **state)
{
	(void)state;
	quiet();
	give_and_accept(7);
	say_receipt(9, "ref-1");
	assert_int_equal(t.recorder->reports_count, 1);
	fg_host_stored(t.recorder->host, t.recorder->reports[0].token);
	expect(FG_SMPP_DELIVER_SM_RESP);
	move(5 * (uint64_t)DAY_MS);
	expect_nothing();
}

static void what_is_under_way_is_asked_for_again_and_not_for_ever(void **state)
{
	uint64_t last = t.now_ms, gap = 0;
	unsigned questions = 0;

	(void)state;
	t.conf.query_after_s = 300;
	quiet();
	give_and_accept(7);
	for (unsigned minute = 0; minute < 5 * 24 * 60; minute++) {
		move(60000);
		if (t.out_at == t.out_len)
			continue;
		if (questions > 0) {
			assert_true(t.now_ms - last >= gap); /* less and less often */
			gap = t.now_ms - last;
		}
		last = t.now_ms;
		questions++;
		/* 7: the far side does not know either, and a late receipt may */
		say_state(expect(FG_SMPP_QUERY_SM).sequence, 0,
			  questions % 2 ? FG_DLR_ENROUTE : FG_DLR_UNKNOWN, 0);
		assert_int_equal(t.recorder->reports_count, 0);
	}
	assert_int_equal(questions, 8);
}

static void an_answer_that_was_not_stored_is_asked_for_again(void **state)
{
	(void)state;
	t.conf.query_after_s = 300;
	quiet();
	give_and_accept(7);
	move(300000);
	t.recorder->report_rc = FG_E_IPC_FULL;
	say_state(expect(FG_SMPP_QUERY_SM).sequence, 0, FG_DLR_DELIVERED, 0);
	t.recorder->report_rc = FG_OK;
	move(60000);
	say_state(expect(FG_SMPP_QUERY_SM).sequence, 0, FG_DLR_DELIVERED, 0);
	assert_int_equal(t.recorder->reports_count, 1);
	/* a core that died with it */
	move(60000);
	say_state(expect(FG_SMPP_QUERY_SM).sequence, 0, FG_DLR_DELIVERED, 0);
	fg_host_stored(t.recorder->host, t.recorder->reports[1].token);
	move(DAY_MS);
	expect_nothing();
}

static void a_far_side_that_does_not_know_query_sm_is_not_asked_again(void **state)
{
	static const struct {
		uint32_t command, status;
	} cases[] = {
		{ FG_SMPP_GENERIC_NACK, 0x03 },
		{ FG_SMPP_QUERY_SM_RESP, 0x03 },
		{ FG_SMPP_QUERY_SM_RESP, 0x04 },
		{ 0, 0 }, /* says other things, and nothing to this */
	};

	(void)state;
	t.conf.query_after_s = 300;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t sequence;

		quiet();
		give_and_accept(i);
		move(300000);
		sequence = expect(FG_SMPP_QUERY_SM).sequence;
		move(59999);
		if (cases[i].command)
			say(cases[i].command, sequence, cases[i].status);
		else
			say(FG_SMPP_ENQUIRE_LINK_RESP, 1, 0);
		move(1);
		give_and_accept(10 + i);
		move(DAY_MS);
		expect_nothing();
		fg_smpp_session_disconnected(t.session, "lost");
		bind_it();
		move(DAY_MS);
		expect_nothing();
	}
}

static void a_far_side_that_says_nothing_at_all_is_asked_again(void **state)
{
	(void)state;
	t.conf.query_after_s = 300;
	quiet();
	give_and_accept(7);
	move(300000);
	expect(FG_SMPP_QUERY_SM);
	move(60000); /* the response timer: it may be dead */
	fg_smpp_session_disconnected(t.session, "lost");
	bind_it();
	move(60000);
	say_state(expect(FG_SMPP_QUERY_SM).sequence, 0, FG_DLR_DELIVERED, 0);
	assert_int_equal(t.recorder->reports_count, 1);
}

static void what_the_far_side_has_forgotten_is_left_alone(void **state)
{
	(void)state;
	t.conf.query_after_s = 300;
	quiet();
	give_and_accept(7);
	move(300000);
	say_state(expect(FG_SMPP_QUERY_SM).sequence, 0x67, 0, 0);
	move(DAY_MS);
	expect_nothing();
	assert_int_equal(t.recorder->reports_count, 0);
}

static void nothing_is_asked_where_the_operator_says_so(void **state)
{
	(void)state;
	snprintf(t.conf.query_sm, sizeof(t.conf.query_sm), "off");
	t.conf.query_after_s = 300;
	quiet();
	give_and_accept(7);
	move(5 * (uint64_t)DAY_MS);
	expect_nothing();
}

static void questions_draw_on_the_rate_and_go_one_at_a_time(void **state)
{
	struct fg_smpp_pdu pdu;

	(void)state;
	t.conf.query_after_s = 300;
	t.conf.rate = 1;
	t.conf.burst = 1;
	quiet();
	for (unsigned i = 1; i <= 2; i++) {
		recorder_give(t.recorder, i, "+12025550199", "x");
		pdu = expect(FG_SMPP_SUBMIT_SM);
		pdu = (struct fg_smpp_pdu){ .command = FG_SMPP_SUBMIT_SM_RESP,
					    .sequence = pdu.sequence };
		pdu.sm_resp.message_id = fg_smpp_text(name(i));
		say_pdu(&pdu);
		move(1000);
	}
	move(300000);
	pdu = expect(FG_SMPP_QUERY_SM);
	expect_nothing();
	say_state(pdu.sequence, 0, FG_DLR_DELIVERED, 0);
	expect_nothing();
	recorder_give(t.recorder, 3, "+12025550199", "x");
	expect_nothing();
	move(1000);
	expect(FG_SMPP_QUERY_SM);
	expect_nothing();
	move(1000);
	answer(0);
}

/* ---- late responses ---- */

static uint32_t lose_one(unsigned n)
{
	uint32_t sequence;

	recorder_give(t.recorder, n, "+12025550199", "x");
	sequence = expect(FG_SMPP_SUBMIT_SM).sequence;
	move(60000);
	assert_int_equal(recorder_outcome(t.recorder, n)->outcome, FG_OUTCOME_UNKNOWN);
	expect(FG_SMPP_UNBIND);
	return sequence;
}

static void a_late_response_gives_the_message_in_doubt_its_id(void **state)
{
	const struct fg_delivery_report *report = &t.recorder->reports[0];
	struct fg_smpp_pdu pdu;
	uint32_t sequence;

	(void)state;
	quiet();
	sequence = lose_one(7);
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0);
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0); /* said once is enough */
	assert_int_equal(t.recorder->outcomes_count, 1);
	assert_int_equal(t.recorder->reports_count, 1);
	assert_string_equal(report->ref, "ref-1");
	assert_int_equal(report->state, FG_DLR_ACCEPTED);
	assert_false(report->final);
	assert_true(report->has_reference);
	assert_int_equal(report->message_reference, 7);
	assert_string_equal(report->destination, "+12025550199");
	/* and it can be asked for */
	fg_smpp_session_disconnected(t.session, "unbound");
	bind_it();
	move(2 * DAY_MS + GRACE_MS);
	pdu = expect(FG_SMPP_QUERY_SM);
	say_state(pdu.sequence, 0, FG_DLR_DELIVERED, 0);
	assert_int_equal(t.recorder->reports_count, 2);
	assert_true(t.recorder->reports[1].final);
}

static void a_late_refusal_is_the_end_of_the_message(void **state)
{
	const struct fg_delivery_report *report = &t.recorder->reports[0];
	uint32_t sequence;

	(void)state;
	quiet();
	sequence = lose_one(7);
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0x58);
	assert_int_equal(t.recorder->reports_count, 1);
	assert_int_equal(report->state, FG_DLR_REJECTED);
	assert_true(report->final);
	assert_string_equal(report->error, "88");
	assert_string_equal(report->ref, "");
	assert_int_equal(report->message_reference, 7);
}

static void a_response_of_another_connection_says_nothing(void **state)
{
	uint32_t sequence;

	(void)state;
	quiet();
	sequence = lose_one(7);
	fg_smpp_session_disconnected(t.session, "unbound");
	bind_it();
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0);
	assert_int_equal(t.recorder->reports_count, 0);
}

/* ---- beside the emulated SMSC ---- */

static void to_session(void *arg, const void *octets, size_t len)
{
	(void)arg;
	fg_smpp_session_bytes(t.session, octets, len, t.now_ms);
}

/* What the session said goes to the emulator, whose answers come back inside the call. */
static void exchange(struct smsc_conn *conn)
{
	while (t.out_at < t.out_len) {
		size_t from = t.out_at;

		t.out_at = t.out_len;
		smsc_conn_bytes(conn, t.out + from, t.out_len - from);
	}
}

static void the_emulated_smsc_answers_for_a_receipt_that_it_never_sent(void **state)
{
	struct fg_smsc_options options = { .receipt_delay_ms = 1000, .seed = 5 };
	struct smsc_center *center = smsc_center_new(t.ctx, &options, 1000000, NULL, NULL);
	struct smsc_conn *conn = smsc_conn_new(center, to_session, NULL, NULL);

	(void)state;
	t.conf.query_after_s = 300;
	t.conf.enquire_link_ms = t.conf.inactivity_s = 0;
	smpp_open_again();
	fg_smpp_session_connected(t.session, t.now_ms);
	exchange(conn);
	assert_true(t.recorder->state.up);
	recorder_give(t.recorder, 1, "+12025550189", "x"); /* no receipt */
	recorder_give(t.recorder, 2, "+12025550187", "!smsc ok receipt=EXPIRED after=1h;");
	exchange(conn);
	assert_int_equal(t.recorder->outcomes_count, 2);
	for (unsigned minute = 0; minute < 30; minute++) {
		smsc_center_run(center, center->now_us + 60000000);
		move(60000);
		exchange(conn);
		if (t.recorder->reports_count)
			fg_host_stored(t.recorder->host, t.recorder->reports[0].token);
	}
	assert_true(center->counters.queries >= 2);
	assert_int_equal(t.recorder->reports_count, 1);
	assert_string_equal(t.recorder->reports[0].destination, "+12025550189");
	assert_int_equal(t.recorder->reports[0].state, FG_DLR_DELIVERED);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, smpp_setup, smpp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_first_due_is_first_whatever_happened_before),
		CASE(a_message_without_a_receipt_is_asked_for_when_its_validity_is_over),
		CASE(a_message_with_its_receipt_is_not_asked_for),
		CASE(what_is_under_way_is_asked_for_again_and_not_for_ever),
		CASE(an_answer_that_was_not_stored_is_asked_for_again),
		CASE(a_far_side_that_does_not_know_query_sm_is_not_asked_again),
		CASE(a_far_side_that_says_nothing_at_all_is_asked_again),
		CASE(what_the_far_side_has_forgotten_is_left_alone),
		CASE(nothing_is_asked_where_the_operator_says_so),
		CASE(questions_draw_on_the_rate_and_go_one_at_a_time),
		CASE(a_late_response_gives_the_message_in_doubt_its_id),
		CASE(a_late_refusal_is_the_end_of_the_message),
		CASE(a_response_of_another_connection_says_nothing),
		CASE(the_emulated_smsc_answers_for_a_receipt_that_it_never_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
