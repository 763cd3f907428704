/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The SMPP session with virtual time: binding, submitting, receipts, draining.
 */
#include "tests/adapters/smpp_bench.h"

static void no_credit_before_the_bind_is_answered(void **state)
{
	(void)state;
	fg_smpp_session_connected(t.session, t.now_ms);
	assert_int_equal(t.recorder->state.credits, 0);
	t.out_len = t.out_at = 0;
	bind_it();
	assert_int_equal(t.recorder->state.credits, 2);
}

static void refused_credentials_ask_for_a_long_pause(void **state)
{
	(void)state;
	fg_smpp_session_connected(t.session, t.now_ms);
	say(FG_SMPP_BIND_TRANSCEIVER_RESP, expect(FG_SMPP_BIND_TRANSCEIVER).sequence, 0x0E);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_REFUSED);
}

static void a_bind_without_answer_closes(void **state)
{
	(void)state;
	fg_smpp_session_connected(t.session, t.now_ms);
	move(9999);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_NONE);
	move(1);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

static void a_submit_has_the_fields_that_carriers_expect(void **state)
{
	struct fg_smpp_pdu pdu;
	uint32_t umr;

	(void)state;
	bind_it();
	recorder_give(t.recorder, 7, "+12025550199", "(Not encrypted) a@");
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_int_equal(pdu.sm.source_addr_ton, 1);
	assert_int_equal(pdu.sm.dest_addr_ton, 1);
	assert_int_equal(pdu.sm.dest_addr_npi, 1);
	assert_string_equal((const char *)pdu.sm.destination_addr.at, "12025550199");
	assert_string_equal((const char *)pdu.sm.validity_period.at, "000002000000000R");
	assert_int_equal(pdu.sm.registered_delivery, 1);
	assert_int_equal(pdu.sm.data_coding, 0);
	assert_int_equal(pdu.sm.esm_class, 0);
	assert_int_equal(pdu.sm.short_message.len, 18);
	assert_int_equal(pdu.sm.short_message.at[17], 0); /* @ in the GSM alphabet */
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &umr));
	assert_int_equal(umr, 7);
	say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
	assert_string_equal(recorder_outcome(t.recorder, 7)->ref[0], "ref-1");
}

static void sources_get_the_type_of_number_they_look_like(void **state)
{
	static const struct {
		const char *source;
		uint8_t ton, npi;
	} cases[] = { { "+12025550101", 1, 1 },
		      { "Example", 5, 0 },
		      { "72345", 3, 0 },
		      { "12025550101", 1, 1 } };

	(void)state;
	bind_it();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct recorder_job job;
		struct fg_smpp_pdu pdu;

		recorder_job_make(i, "+12025550199", "x", &job);
		snprintf(job.job.source, sizeof(job.job.source), "%s", cases[i].source);
		fg_host_job_take(t.recorder->host, &job.job);
		pdu = expect(FG_SMPP_SUBMIT_SM);
		assert_int_equal(pdu.sm.source_addr_ton, cases[i].ton);
		assert_int_equal(pdu.sm.source_addr_npi, cases[i].npi);
		say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
	}
}

static void every_status_becomes_the_right_outcome(void **state)
{
	static const struct {
		uint32_t status;
		enum fg_outcome outcome;
		enum fg_rc rc;
	} cases[] = {
		{ 0x00, FG_OUTCOME_ACCEPTED, FG_OK },
		{ 0x58, FG_OUTCOME_DEFERRED, FG_E_LINK_THROTTLED },
		{ 0x14, FG_OUTCOME_DEFERRED, FG_E_LINK_THROTTLED },
		{ 0x08, FG_OUTCOME_DEFERRED, FG_E_LINK_BUSY },
		{ 0x0B, FG_OUTCOME_FAILED, FG_E_LINK_RECIPIENT },
		{ 0x45, FG_OUTCOME_FAILED, FG_E_LINK_REJECTED },
		{ 0x410, FG_OUTCOME_FAILED, FG_E_LINK_REJECTED },
	};

	(void)state;
	bind_it();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		recorder_give(t.recorder, i, "+12025550199", "x");
		say(FG_SMPP_SUBMIT_SM_RESP, expect(FG_SMPP_SUBMIT_SM).sequence, cases[i].status);
		assert_int_equal(recorder_outcome(t.recorder, i)->outcome, cases[i].outcome);
		assert_int_equal(recorder_outcome(t.recorder, i)->rc, cases[i].rc);
		assert_int_equal(recorder_outcome(t.recorder, i)->carrier_code, cases[i].status);
		move(1000); /* the pause after 0x58 and 0x14 */
	}
}

static void silence_after_a_submit_is_unknown_and_the_late_answer_changes_no_outcome(void **state)
{
	uint32_t sequence;

	(void)state;
	t.conf.enquire_link_ms = 0;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	sequence = expect(FG_SMPP_SUBMIT_SM).sequence;
	assert_int_equal(fg_smpp_account_next_ms(t.account), t.now_ms + 60000);
	move(59999);
	assert_null(recorder_outcome(t.recorder, 1));
	move(1);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_UNKNOWN);
	assert_int_equal(recorder_outcome(t.recorder, 1)->part_state[0], FG_PART_UNKNOWN);
	expect(FG_SMPP_UNBIND);
	assert_int_equal(t.recorder->state.credits, 0);
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0);
	assert_int_equal(t.recorder->outcomes_count, 1);
	move(5000);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

static void a_lost_connection_makes_what_was_sent_unknown_and_what_was_not_deferred(void **state)
{
	char text[501];

	(void)state;
	memset(text, 'x', 500);
	text[500] = '\0';
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", text); /* four parts: two fill the window */
	recorder_give(t.recorder, 2, "+12025550198", "x");
	expect(FG_SMPP_SUBMIT_SM);
	expect(FG_SMPP_SUBMIT_SM);
	expect_nothing();
	fg_smpp_session_disconnected(t.session, "lost");
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_UNKNOWN);
	assert_int_equal(recorder_outcome(t.recorder, 1)->part_state[1], FG_PART_UNKNOWN);
	assert_int_equal(recorder_outcome(t.recorder, 1)->part_state[2], FG_PART_NOT_SENT);
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_DEFERRED);
	assert_false(t.recorder->state.up);
}

static void parts_wait_for_the_window_and_carry_one_reference(void **state)
{
	char text[501];

	(void)state;
	memset(text, 'x', 500);
	text[500] = '\0';
	bind_it();
	recorder_give(t.recorder, 5, "+12025550199", text);
	for (unsigned i = 1; i <= 4; i++) {
		struct fg_smpp_pdu pdu = expect(FG_SMPP_SUBMIT_SM);
		const uint8_t udh[] = { 6, 8, 4, 0x42, 5, 4, (uint8_t)i };

		assert_int_equal(pdu.sm.esm_class, FG_SMPP_ESM_UDH);
		assert_memory_equal(pdu.sm.short_message.at, udh, sizeof(udh));
		say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
	}
	assert_int_equal(recorder_outcome(t.recorder, 5)->outcome, FG_OUTCOME_ACCEPTED);
}

static void after_a_failed_part_the_rest_is_not_sent(void **state)
{
	char text[501];
	uint32_t first, second;

	(void)state;
	memset(text, 'x', 500);
	text[500] = '\0';
	bind_it();
	recorder_give(t.recorder, 5, "+12025550199", text);
	first = expect(FG_SMPP_SUBMIT_SM).sequence;
	second = expect(FG_SMPP_SUBMIT_SM).sequence;
	say(FG_SMPP_SUBMIT_SM_RESP, second, 0x0B);
	expect_nothing();
	say(FG_SMPP_SUBMIT_SM_RESP, first, 0);
	assert_int_equal(recorder_outcome(t.recorder, 5)->outcome, FG_OUTCOME_FAILED);
	assert_int_equal(recorder_outcome(t.recorder, 5)->part_state[0], FG_PART_ACCEPTED);
	assert_int_equal(recorder_outcome(t.recorder, 5)->part_state[1], FG_PART_FAILED);
	assert_int_equal(recorder_outcome(t.recorder, 5)->part_state[2], FG_PART_NOT_SENT);
}

static void a_refused_mark_tlv_is_left_out_once_and_from_then_on(void **state)
{
	struct fg_smpp_pdu pdu;

	(void)state;
	t.conf.mark_tlv = 0x1612;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "(Not encrypted) x");
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_non_null(fg_smpp_tlv_find(&pdu, 0x1612));
	say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0xC1);
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_null(fg_smpp_tlv_find(&pdu, 0x1612));
	assert_int_equal(pdu.sm.short_message.len, 17); /* the mark in the text stays */
	say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_ACCEPTED);
	recorder_give(t.recorder, 2, "+12025550199", "x");
	pdu = expect(FG_SMPP_SUBMIT_SM);
	assert_null(fg_smpp_tlv_find(&pdu, 0x1612));
	say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0xC1);
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_FAILED);
}

static void two_missed_enquiries_close(void **state)
{
	(void)state;
	bind_it();
	move(30000);
	say(FG_SMPP_ENQUIRE_LINK_RESP, expect(FG_SMPP_ENQUIRE_LINK).sequence, 0);
	move(30000);
	expect(FG_SMPP_ENQUIRE_LINK);
	move(30000);
	expect(FG_SMPP_ENQUIRE_LINK);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_NONE);
	move(30000);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

static void the_peer_is_answered_with_its_own_sequence(void **state)
{
	static const uint8_t unknown[] = { 0, 0, 0, 16, 0, 0, 0x0A, 0x77,
					   0, 0, 0, 0,  0, 0, 0x12, 0x34 };
	struct fg_smpp_pdu pdu;

	(void)state;
	bind_it();
	say(FG_SMPP_ENQUIRE_LINK, 99, 0);
	assert_int_equal(expect(FG_SMPP_ENQUIRE_LINK_RESP).sequence, 99);
	fg_smpp_session_bytes(t.session, unknown, sizeof(unknown), t.now_ms);
	pdu = expect(FG_SMPP_GENERIC_NACK);
	assert_int_equal(pdu.sequence, 0x1234);
	assert_int_equal(pdu.status, 3);
	say(FG_SMPP_UNBIND, 100, 0);
	assert_int_equal(expect(FG_SMPP_UNBIND_RESP).sequence, 100);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

static void a_nack_of_a_submit_fails_it(void **state)
{
	(void)state;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	say(FG_SMPP_GENERIC_NACK, expect(FG_SMPP_SUBMIT_SM).sequence, 3);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_FAILED);
}

static void a_receipt_is_acknowledged_only_when_it_is_stored(void **state)
{
	(void)state;
	bind_it();
	say_receipt(77, "ref-1");
	expect_nothing();
	assert_int_equal(t.recorder->reports_count, 1);
	assert_string_equal(t.recorder->reports[0].destination, "+12025550199");
	fg_host_stored(t.recorder->host, 12345);
	expect_nothing();
	fg_host_stored(t.recorder->host, t.recorder->reports[0].token);
	assert_int_equal(expect(FG_SMPP_DELIVER_SM_RESP).sequence, 77);
	fg_host_stored(t.recorder->host, t.recorder->reports[0].token);
	expect_nothing();
}

static void a_full_host_makes_the_carrier_repeat(void **state)
{
	(void)state;
	bind_it();
	t.recorder->report_rc = FG_E_IPC_FULL;
	say_receipt(77, "ref-1");
	assert_int_equal(expect(FG_SMPP_DELIVER_SM_RESP).status, 0x14);
}

static void a_receipt_before_the_response_waits_for_it(void **state)
{
	uint32_t sequence;

	(void)state;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	sequence = expect(FG_SMPP_SUBMIT_SM).sequence;
	say_receipt(77, "ref-1");
	assert_int_equal(t.recorder->reports_count, 0);
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0);
	assert_int_equal(t.recorder->reports_count, 1);
	assert_int_equal(t.recorder->order, 'O');
}

static void a_receipt_waits_thirty_seconds_at_most(void **state)
{
	(void)state;
	t.conf.enquire_link_ms = 0;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	say_receipt(77, "ref-1");
	move(29999);
	assert_int_equal(t.recorder->reports_count, 0);
	move(1);
	assert_int_equal(t.recorder->reports_count, 1);
}

/* Answer the next submit with that id; its user_message_reference. */
static uint16_t answer_with_id(const char *id)
{
	struct fg_smpp_pdu pdu = expect(FG_SMPP_SUBMIT_SM);
	struct fg_smpp_pdu resp = { .command = FG_SMPP_SUBMIT_SM_RESP, .sequence = pdu.sequence };
	uint32_t reference;

	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &reference));
	resp.sm_resp.message_id = fg_smpp_text(id);
	say_pdu(&resp);
	return (uint16_t)reference;
}

/* The name under which the receipt of that message came to the host. */
static const char *reported(const char *id, uint16_t reference, uint8_t ton, const char *number)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM, .sequence = 7 };

	pdu.sm.source_addr_ton = ton;
	pdu.sm.source_addr = fg_smpp_text(number);
	pdu.sm.destination_addr = fg_smpp_text("12025550101");
	pdu.sm.esm_class = FG_SMPP_ESM_RECEIPT;
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, id, strlen(id) + 1));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, FG_DLR_DELIVERED));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, reference));
	t.recorder->reports_count = 0;
	say_pdu(&pdu);
	assert_int_equal(t.recorder->reports_count, 1);
	assert_string_equal(t.recorder->reports[0].destination, "+12025550199");
	return t.recorder->reports[0].ref;
}

static void a_message_without_an_id_of_its_own_is_known_by_its_reference(void **state)
{
	static const char *const ids[] = { "", "0" }; /* none; the same for everything */
	uint16_t reference[3];
	char name[3][FG_REF_MAX + 1];

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(ids); i++) {
		reopen();
		t.recorder->outcomes_count = 0;
		for (unsigned n = 0; n < 3; n++) {
			recorder_give(t.recorder, n, "+12025550199", "x");
			reference[n] = answer_with_id(ids[i]);
			strcpy(name[n], recorder_outcome(t.recorder, n)->ref[0]);
			assert_true(n == 0 || (name[n][0] && strcmp(name[n], name[n - 1]) != 0));
		}
		for (unsigned n = 0; n < 3; n++)
			assert_string_equal(
				reported(*ids[i] ? ids[i] : "4711", reference[n], 1, "12025550199"),
				name[n]);
	}
	recorder_give(t.recorder, 10, "+12025550199", "x"); /* ids of their own again */
	reference[0] = answer_with_id("8");
	assert_string_equal(recorder_outcome(t.recorder, 10)->ref[0], "8");
	assert_string_equal(reported("8", reference[0], 1, "12025550199"), "8");
}

static void a_receipt_that_cannot_be_read_is_not_asked_for_again(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM, .sequence = 7 };

	(void)state;
	bind_it();
	pdu.sm.source_addr = fg_smpp_text("12025550199");
	pdu.sm.esm_class = FG_SMPP_ESM_RECEIPT;
	pdu.sm.short_message = fg_smpp_text("delivered, we think");
	say_pdu(&pdu);
	assert_int_equal(expect(FG_SMPP_DELIVER_SM_RESP).status, 0x65);
	assert_int_equal(t.recorder->reports_count, 0);
}

static void a_receipts_number_is_ours_in_whatever_form(void **state)
{
	(void)state;
	bind_it();
	reported("4711", 1, 1, "12025550199");
	reported("4711", 1, 0, "12025550199");
	reported("4711", 1, 2, "+12025550199");
	reported("4711", 1, 0, "0012025550199");
}

static void bytes_may_come_one_by_one(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_ENQUIRE_LINK, .sequence = 9 };
	uint8_t octets[64];
	size_t len;

	(void)state;
	bind_it();
	assert_ok(fg_smpp_encode(&pdu, octets, sizeof(octets), &len));
	for (size_t i = 0; i < len; i++) {
		expect_nothing();
		fg_smpp_session_bytes(t.session, octets + i, 1, t.now_ms);
	}
	assert_int_equal(expect(FG_SMPP_ENQUIRE_LINK_RESP).sequence, 9);
}

static void a_pdu_that_is_never_finished_closes(void **state)
{
	static const uint8_t octets[] = { 0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1 };

	(void)state;
	bind_it();
	fg_smpp_session_bytes(t.session, octets, sizeof(octets), t.now_ms); /* a whole one */
	expect(FG_SMPP_ENQUIRE_LINK_RESP);
	for (unsigned i = 0; i < 10; i++) {
		fg_smpp_session_bytes(t.session, octets + i, 1, t.now_ms);
		assert_in_range(fg_smpp_account_next_ms(t.account), t.now_ms + 1,
				t.now_ms + 10000 - i * 1000);
		assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_NONE);
		move(1000);
	}
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

static void a_wrong_length_closes(void **state)
{
	static const uint8_t huge[] = { 0xFF, 0xFF, 0xFF, 0xFF };

	(void)state;
	bind_it();
	fg_smpp_session_bytes(t.session, huge, sizeof(huge), t.now_ms);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

static void sequence_numbers_wrap_to_one(void **state)
{
	(void)state;
	bind_it();
	fg_smpp_session_set_sequence(t.session, 0x7FFFFFFF);
	recorder_give(t.recorder, 1, "+12025550199", "x");
	recorder_give(t.recorder, 2, "+12025550199", "x");
	assert_int_equal(expect(FG_SMPP_SUBMIT_SM).sequence, 0x7FFFFFFF);
	assert_int_equal(expect(FG_SMPP_SUBMIT_SM).sequence, 1);
}

static void drain_unbinds_when_all_is_answered(void **state)
{
	uint32_t sequence;

	(void)state;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	sequence = expect(FG_SMPP_SUBMIT_SM).sequence;
	fg_host_drain(t.recorder->host);
	expect_nothing();
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0);
	say(FG_SMPP_UNBIND_RESP, expect(FG_SMPP_UNBIND).sequence, 0);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_DRAINED);
	fg_smpp_session_disconnected(t.session, "drained");
	assert_int_equal(t.recorder->drained, 1);
}

static void class_priority_and_protocol_id_go_along(void **state)
{
	static const struct {
		const char *text;
		uint8_t coding, flags, priority;
	} cases[] = { { "now", 0x10, FG_SUBMIT_PRIORITY, 1 },
		      { "\xd0\x9f", 0x18, FG_SUBMIT_URGENT, 2 },
		      { "now", 0x10, FG_SUBMIT_PRIORITY | FG_SUBMIT_URGENT, 3 },
		      { "now", 0x10, FG_SUBMIT_NARROW | FG_SUBMIT_UCS2, 0 } };

	(void)state;
	bind_it();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct recorder_job job;
		struct fg_smpp_pdu pdu;

		recorder_job_make(i, "+12025550199", cases[i].text, &job);
		job.job.flags = FG_SUBMIT_FLASH | cases[i].flags;
		job.job.protocol_id = 0x41;
		fg_host_job_take(t.recorder->host, &job.job);
		pdu = expect(FG_SMPP_SUBMIT_SM);
		assert_int_equal(pdu.sm.data_coding, cases[i].coding);
		assert_int_equal(pdu.sm.priority_flag, cases[i].priority);
		assert_int_equal(pdu.sm.protocol_id, 0x41);
		say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
	}
}

static void a_text_outside_the_links_alphabet_is_not_taken(void **state)
{
	(void)state;
	snprintf(t.conf.alphabet, sizeof(t.conf.alphabet), "ascii");
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "caf\xc3\xa9");
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_FAILED);
	assert_int_equal(recorder_outcome(t.recorder, 1)->rc, FG_E_TEXT_CODING);
	expect_nothing();
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, smpp_setup, smpp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(no_credit_before_the_bind_is_answered),
		CASE(refused_credentials_ask_for_a_long_pause),
		CASE(a_bind_without_answer_closes),
		CASE(a_submit_has_the_fields_that_carriers_expect),
		CASE(sources_get_the_type_of_number_they_look_like),
		CASE(every_status_becomes_the_right_outcome),
		CASE(silence_after_a_submit_is_unknown_and_the_late_answer_changes_no_outcome),
		CASE(a_lost_connection_makes_what_was_sent_unknown_and_what_was_not_deferred),
		CASE(parts_wait_for_the_window_and_carry_one_reference),
		CASE(after_a_failed_part_the_rest_is_not_sent),
		CASE(a_refused_mark_tlv_is_left_out_once_and_from_then_on),
		CASE(two_missed_enquiries_close),
		CASE(the_peer_is_answered_with_its_own_sequence),
		CASE(a_nack_of_a_submit_fails_it),
		CASE(a_receipt_is_acknowledged_only_when_it_is_stored),
		CASE(a_full_host_makes_the_carrier_repeat),
		CASE(a_receipt_before_the_response_waits_for_it),
		CASE(a_receipt_waits_thirty_seconds_at_most),
		CASE(a_message_without_an_id_of_its_own_is_known_by_its_reference),
		CASE(a_receipt_that_cannot_be_read_is_not_asked_for_again),
		CASE(a_receipts_number_is_ours_in_whatever_form),
		CASE(bytes_may_come_one_by_one),
		CASE(a_pdu_that_is_never_finished_closes),
		CASE(a_wrong_length_closes),
		CASE(sequence_numbers_wrap_to_one),
		CASE(drain_unbinds_when_all_is_answered),
		CASE(class_priority_and_protocol_id_go_along),
		CASE(a_text_outside_the_links_alphabet_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
