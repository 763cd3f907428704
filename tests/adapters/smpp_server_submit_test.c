/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an application may give: many destinations, keys, parts of long texts; and the word that it hears when that is refused.
 */
#include "tests/adapters/app_bench.h"

#include <stdio.h>
#include <string.h>
#include "lib/wire/smpp_status.h"
#include "lib/wire/udh.h"

#define t app_bench

static struct fg_id id_of(unsigned n)
{
	return fg_id_make(n, (const uint8_t[10]){ 1 });
}

static void taken(unsigned n, enum fg_rc rc)
{
	struct fg_id id = id_of(n + 1);

	app_server_taken(&t.server, t.tokens[n], &id, rc);
}

static void expect_id(const struct fg_smpp_bytes *said, unsigned n)
{
	struct fg_id id = id_of(n + 1);
	char text[FG_ID_TEXT_LEN + 1];

	assert_int_equal(said->len, FG_ID_TEXT_LEN);
	assert_memory_equal(said->at, fg_id_text(&id, text), FG_ID_TEXT_LEN);
}

/* ---- submit_multi ---- */

static size_t add_dest(uint8_t *out, const char *number)
{
	out[0] = out[1] = out[2] = 1;
	strcpy((char *)out + 3, number);
	return 3 + strlen(number) + 1;
}

static struct fg_smpp_pdu many(uint8_t *room, const char *const *numbers, uint8_t count)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_MULTI, .sequence = 21 };
	size_t len = 0;

	for (uint8_t i = 0; i < count; i++)
		len += add_dest(room + len, numbers[i]);
	pdu.multi.source_addr_ton = 5;
	pdu.multi.source_addr = fg_smpp_text("Shop");
	pdu.multi.dests = (struct fg_smpp_list){ count, { room, len } };
	pdu.multi.short_message = fg_smpp_text("to all");
	return pdu;
}

static void many_destinations_are_answered_when_all_are(void **state)
{
	static const char *const numbers[] = { "12025550191", "911", "12025550192", "12025550193" };
	uint8_t room[256];
	struct fg_smpp_pdu pdu = many(room, numbers, 4), answer;

	(void)state;
	app_bench_bind();
	app_bench_say(&pdu);
	assert_int_equal(t.submissions, 3);
	assert_string_equal(t.destinations[1], "+12025550192");
	taken(2, FG_OK);
	taken(0, FG_E_STORE_BUSY);
	app_bench_expect_silence();
	taken(1, FG_OK);
	answer = app_bench_heard(FG_SMPP_SUBMIT_MULTI_RESP);
	assert_int_equal(answer.sequence, 21);
	assert_int_equal(answer.status, 0);
	expect_id(&answer.multi_resp.message_id, 2); /* the first that was taken */
	assert_int_equal(answer.multi_resp.unsuccess.count, 2);
	assert_memory_equal(answer.multi_resp.unsuccess.octets.at,
			    "\1\1"
			    "911\0"
			    "\0\0\0\x0b"
			    "\1\1"
			    "12025550191\0"
			    "\0\0\0\x14",
			    28);
	assert_int_equal(t.server.pending_count, 0);
	assert_int_equal(t.session->in_flight, 0);
}

static void many_of_which_none_can_be_taken_are_answered_at_once(void **state)
{
	static const char *const numbers[] = { "911", "112" };
	uint8_t room[256];
	struct fg_smpp_pdu pdu = many(room, numbers, 2), answer;

	(void)state;
	app_bench_bind();
	app_bench_say(&pdu);
	answer = app_bench_heard(FG_SMPP_SUBMIT_MULTI_RESP);
	assert_int_equal(answer.multi_resp.unsuccess.count, 2);
	assert_int_equal(answer.multi_resp.message_id.len, 0);
	pdu.multi.source_addr = fg_smpp_text("Bank"); /* wrong for all: one status */
	app_bench_say(&pdu);
	answer = app_bench_heard(FG_SMPP_SUBMIT_MULTI_RESP);
	assert_int_equal(answer.status, FG_SMPP_STATUS_RINVSRCADR);
	assert_int_equal(t.submissions, 0);
}

static void each_of_many_counts_against_the_rate(void **state)
{
	static const char *const numbers[] = { "12025550191", "12025550192", "12025550193",
					       "12025550194", "12025550195", "12025550196" };
	uint8_t room[256];
	struct fg_smpp_pdu pdu = many(room, numbers, 6), answer;

	(void)state;
	app_bench_bind();
	app_bench_say(&pdu);
	assert_int_equal(t.submissions, 5); /* the burst */
	for (unsigned i = 0; i < 5; i++)
		taken(i, FG_OK);
	answer = app_bench_heard(FG_SMPP_SUBMIT_MULTI_RESP);
	assert_int_equal(answer.multi_resp.unsuccess.count, 1);
	assert_memory_equal(answer.multi_resp.unsuccess.octets.at + 14, "\0\0\0\x58", 4);
}

static void many_whose_sender_has_gone_are_forgotten(void **state)
{
	static const char *const numbers[] = { "12025550191", "12025550192" };
	uint8_t room[256];
	struct fg_smpp_pdu pdu = many(room, numbers, 2);

	(void)state;
	app_bench_bind();
	app_bench_say(&pdu);
	taken(0, FG_OK);
	app_session_free(t.session);
	taken(1, FG_OK);
	assert_int_equal(t.server.pending_count, 0);
	assert_null(TAILQ_FIRST(&t.server.multis));
}

/* ---- keys ---- */

static void say_with_key(const char *key, size_t len)
{
	struct fg_smpp_pdu pdu = app_bench_submit(1);

	t.server.accounts[0].tokens = 5;
	t.session->in_flight = 0;
	assert_ok(fg_smpp_tlv_add(&pdu, APP_BENCH_KEY_TLV, key, len));
	app_bench_say(&pdu);
}

static void a_key_goes_to_the_host_where_the_link_has_a_tag_for_it(void **state)
{
	char longest[65];

	(void)state;
	memset(longest, 'k', sizeof(longest));
	app_bench_bind();
	say_with_key("order-7", 7);
	assert_int_equal(t.submission.key.len, 7);
	assert_memory_equal(t.key, "order-7", 7);
	say_with_key(longest, 64);
	assert_int_equal(t.submission.key.len, 64);
	say_with_key(longest, 65);
	assert_int_equal(app_bench_heard(FG_SMPP_SUBMIT_SM_RESP).status, FG_SMPP_STATUS_RINVPARLEN);
	say_with_key("", 0);
	assert_int_equal(app_bench_heard(FG_SMPP_SUBMIT_SM_RESP).status, FG_SMPP_STATUS_RINVPARLEN);
	t.conf.links[0].key_tlv = 0; /* opt-in */
	say_with_key("order-7", 7);
	assert_int_equal(t.submission.key.len, 0);
}

static void many_destinations_have_a_key_each_and_the_same_again(void **state)
{
	static const char *const numbers[] = { "12025550191", "12025550192" };
	uint8_t room[256], first[64], second[64];
	struct fg_smpp_pdu pdu = many(room, numbers, 2);

	(void)state;
	t.conf.accounts[0].window = 10;
	app_bench_bind();
	assert_ok(fg_smpp_tlv_add(&pdu, APP_BENCH_KEY_TLV, "order-7", 7));
	app_bench_say(&pdu);
	assert_int_equal(t.submission.key.len, 32);
	memcpy(second, t.key, 32);
	pdu = many(room, numbers, 1);
	assert_ok(fg_smpp_tlv_add(&pdu, APP_BENCH_KEY_TLV, "order-7", 7));
	app_bench_say(&pdu);
	memcpy(first, t.key, 32);
	assert_memory_not_equal(first, second, 32);
	pdu = many(room, numbers + 1, 1);
	assert_ok(fg_smpp_tlv_add(&pdu, APP_BENCH_KEY_TLV, "order-7", 7));
	app_bench_say(&pdu);
	assert_memory_equal(t.key, second, 32);
}

static void the_priority_goes_on_as_it_is(void **state)
{
	static const uint8_t flags[] = { 0, FG_SUBMIT_PRIORITY, FG_SUBMIT_URGENT,
					 FG_SUBMIT_PRIORITY | FG_SUBMIT_URGENT,
					 FG_SUBMIT_PRIORITY | FG_SUBMIT_URGENT };

	(void)state;
	app_bench_bind();
	for (unsigned priority = 0; priority < sizeof(flags); priority++) {
		struct fg_smpp_pdu pdu = app_bench_submit(1 + priority);

		t.server.accounts[0].tokens = 5;
		t.session->in_flight = 0;
		pdu.sm.priority_flag = (uint8_t)priority;
		app_bench_say(&pdu);
		assert_int_equal(t.submission.flags, flags[priority]);
	}
}

/* ---- parts of long texts ---- */

static void say_part(uint8_t esm_class, const void *octets, size_t len)
{
	struct fg_smpp_pdu pdu = app_bench_submit(1);

	t.server.accounts[0].tokens = 5;
	t.session->in_flight = 0;
	pdu.sm.esm_class = esm_class;
	pdu.sm.short_message = (struct fg_smpp_bytes){ octets, len };
	app_bench_say(&pdu);
}

static void expect_part(const char *text, unsigned reference, unsigned total, unsigned part)
{
	assert_string_equal(t.text, text);
	assert_int_equal(t.submission.concat_ref, reference);
	assert_int_equal(t.submission.concat_total, total);
	assert_int_equal(t.submission.concat_part, part);
}

static void a_header_says_which_part_it_is(void **state)
{
	(void)state;
	app_bench_bind();
	say_part(FG_SMPP_ESM_UDH, "\5\0\3\x2a\2\1one", 9); /* 8-bit reference */
	expect_part("one", 42, 2, 1);
	assert_int_equal(t.submission.flags, FG_SUBMIT_NARROW);
	say_part(FG_SMPP_ESM_UDH | 3, "\6\x8\4\x12\x34\3\3last", 11); /* 16-bit */
	expect_part("last", 0x1234, 3, 3);
	assert_int_equal(t.submission.flags, 0);
	say_part(FG_SMPP_ESM_UDH, "\5\0\3\0\2\1zero", 10); /* reference 0 is one */
	expect_part("zero", 0, 2, 1);
	say_part(FG_SMPP_ESM_UDH, "\5\0\3\x2a\1\1whole", 11);
	expect_part("whole", 0, 0, 0);
	say_part(FG_SMPP_ESM_UDH, "\5\0\3\x2a\2\3beyond", 12); /* 23.040: ignored */
	expect_part("beyond", 0, 0, 0);
	say_part(FG_SMPP_ESM_UDH, "\3\x70\1\0else", 8); /* nothing of ours */
	expect_part("else", 0, 0, 0);
}

/* Some cut between the two units of U+1F600: the halves are joined with the parts. */
static void a_part_keeps_half_of_a_character(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(1);

	(void)state;
	app_bench_bind();
	pdu.sm.esm_class = FG_SMPP_ESM_UDH;
	pdu.sm.data_coding = 8;
	pdu.sm.short_message =
		(struct fg_smpp_bytes){ (const uint8_t *)"\5\0\3\x2a\2\1\0a\xD8\x3D", 10 };
	app_bench_say(&pdu);
	expect_part("a\xED\xA0\xBD", 42, 2, 1);
}

static void a_header_that_is_broken_or_for_a_port_is_refused(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} cases[] = {
		{ "\x20\0\3\x2a\2\1one", 9 },         /* longer than the message */
		{ "\5\0\x9\x2a\2\1one", 9 },          /* an element beyond it */
		{ "\6\5\4\x0b\x84\x23\xf0push", 11 }, /* ports: no text */
	};

	(void)state;
	app_bench_bind();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_smpp_pdu answer;

		say_part(FG_SMPP_ESM_UDH, cases[i].octets, cases[i].len);
		answer = app_bench_heard(FG_SMPP_SUBMIT_SM_RESP);
		assert_int_equal(answer.status, FG_SMPP_STATUS_RINVESMCLASS);
		assert_string_equal(app_bench_word(&answer), "header");
	}
	say_part(FG_SMPP_ESM_UDH, "\5\0\3\x2a\2\1", 6); /* a header and no text */
	assert_int_equal(app_bench_heard(FG_SMPP_SUBMIT_SM_RESP).status, FG_SMPP_STATUS_RINVMSGLEN);
	assert_int_equal(t.submissions, 0);
}

static void sar_tlvs_and_payloads_say_it_too(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(1);

	(void)state;
	app_bench_bind();
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_MSG_REF_NUM, 0xBEEF);
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_TOTAL_SEGMENTS, 3);
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, 2);
	app_bench_say(&pdu);
	expect_part("your parcel", 0xBEEF, 3, 2);
	pdu = app_bench_submit(2);
	pdu.sm.esm_class = FG_SMPP_ESM_UDH;
	pdu.sm.short_message = (struct fg_smpp_bytes){ 0 };
	fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, "\5\0\3\x2a\2\1in a payload", 18);
	app_bench_say(&pdu);
	expect_part("in a payload", 42, 2, 1);
	pdu = app_bench_submit(3);
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_MSG_REF_NUM, 7);
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_TOTAL_SEGMENTS, 2);
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, 3);
	assert_int_equal(app_bench_refusal_of(&pdu), FG_SMPP_STATUS_RINVESMCLASS);
	t.session->in_flight = 0;
}

static void data_sm_is_a_message_too(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DATA_SM, .sequence = 5 }, answer;

	(void)state;
	app_bench_bind();
	pdu.data.source_addr = fg_smpp_text("Shop");
	pdu.data.destination_addr = fg_smpp_text("12025550199");
	pdu.data.registered_delivery = 1;
	fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, "as data", 7);
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_QOS_TIME_TO_LIVE, 90);
	app_bench_say(&pdu);
	assert_string_equal(t.text, "as data");
	assert_int_equal(t.submission.validity_s, 90);
	taken(0, FG_OK);
	answer = app_bench_heard(FG_SMPP_DATA_SM_RESP);
	assert_int_equal(answer.sequence, 5);
	expect_id(&answer.sm_resp.message_id, 0);
}

/* ---- words ---- */

/* The last of them may be a key, without which the message would be another one each time. */
static void more_tlvs_than_are_read_are_refused(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(1), answer;
	uint8_t octets[1024], one[] = { 0x16, 0, 0, 1, 'x' };
	size_t len;

	(void)state;
	app_bench_bind();
	assert_ok(fg_smpp_encode(&pdu, octets, sizeof(octets), &len));
	for (unsigned i = 0; i <= FG_SMPP_TLVS_MAX; i++, len += sizeof(one))
		memcpy(octets + len, one, sizeof(one));
	octets[2] = (uint8_t)(len >> 8);
	octets[3] = (uint8_t)len;
	app_bench_say_bytes(octets, len);
	answer = app_bench_heard(FG_SMPP_SUBMIT_SM_RESP);
	assert_int_equal(answer.status, FG_SMPP_STATUS_RINVOPTPARSTREAM);
	assert_string_equal(app_bench_word(&answer), "tlvs");
	len -= sizeof(one);
	octets[2] = (uint8_t)(len >> 8);
	octets[3] = (uint8_t)len;
	app_bench_say_bytes(octets, len);
	assert_int_equal(t.submissions, 1);
}

static void what_is_refused_says_why(void **state)
{
	static const struct {
		size_t field;
		uint8_t value;
		uint32_t status;
		const char *word;
	} cases[] = {
#define SM(name) offsetof(struct fg_smpp_pdu, sm.name)
		{ SM(esm_class), 0x02, FG_SMPP_STATUS_RINVESMCLASS, "mode" },
		{ SM(esm_class), 0x08, FG_SMPP_STATUS_RINVESMCLASS, "type" },
		{ SM(replace_if_present_flag), 1, FG_SMPP_STATUS_RINVREPFLAG, "replace" },
		{ SM(sm_default_msg_id), 1, FG_SMPP_STATUS_RINVDFTMSGID, "predefined" },
		{ SM(data_coding), 2, FG_SMPP_STATUS_RINVDCS, "coding" },
	};

	(void)state;
	app_bench_bind();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_smpp_pdu pdu = app_bench_submit(1), answer;

		t.server.accounts[0].tokens = 5;
		((uint8_t *)&pdu)[cases[i].field] = cases[i].value;
		app_bench_say(&pdu);
		answer = app_bench_heard(FG_SMPP_SUBMIT_SM_RESP);
		assert_int_equal(answer.status, cases[i].status);
		assert_string_equal(app_bench_word(&answer), cases[i].word);
	}
	assert_int_equal(t.submissions, 0);
}

static void what_the_host_refuses_has_a_word_and_an_old_version_none(void **state)
{
	static const struct {
		enum fg_rc rc;
		const char *word;
	} cases[] = {
		{ FG_E_SECURE_ONLY, "below-floor" },
		{ FG_E_EXISTS, "duplicate-key" },
		{ FG_E_LIMIT, "limit" },
		{ FG_E_STORE_BUSY, "queue-full" },
		{ FG_E_UNSUPPORTED, "unsupported" },
		{ FG_E_DENIED, "refused" },
		{ FG_E_LOG_IO, "later" },
	};
	struct fg_smpp_pdu pdu = app_bench_submit(1), answer;

	(void)state;
	app_bench_bind();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		t.server.accounts[0].tokens = 5;
		app_bench_say(&pdu);
		taken(i, cases[i].rc);
		answer = app_bench_heard(FG_SMPP_SUBMIT_SM_RESP);
		assert_string_equal(app_bench_word(&answer), cases[i].word);
	}
	t.session->version = 0x33;
	t.server.accounts[0].tokens = 0;
	app_bench_say(&pdu);
	answer = app_bench_heard(FG_SMPP_SUBMIT_SM_RESP);
	assert_int_equal(answer.status, FG_SMPP_STATUS_RTHROTTLED);
	assert_int_equal(answer.tlvs.count, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, app_bench_begin, app_bench_end)
	const struct CMUnitTest tests[] = {
		CASE(many_destinations_are_answered_when_all_are),
		CASE(many_of_which_none_can_be_taken_are_answered_at_once),
		CASE(each_of_many_counts_against_the_rate),
		CASE(many_whose_sender_has_gone_are_forgotten),
		CASE(a_key_goes_to_the_host_where_the_link_has_a_tag_for_it),
		CASE(many_destinations_have_a_key_each_and_the_same_again),
		CASE(the_priority_goes_on_as_it_is),
		CASE(a_header_says_which_part_it_is),
		CASE(a_part_keeps_half_of_a_character),
		CASE(a_header_that_is_broken_or_for_a_port_is_refused),
		CASE(sar_tlvs_and_payloads_say_it_too),
		CASE(data_sm_is_a_message_too),
		CASE(more_tlvs_than_are_read_are_refused),
		CASE(what_is_refused_says_why),
		CASE(what_the_host_refuses_has_a_word_and_an_old_version_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
