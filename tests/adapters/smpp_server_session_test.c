/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A connection of an application, with virtual time: the test is the application, the host behind the adapter, and the clock.
 */
#include "tests/adapters/app_bench.h"

#include <stdio.h>
#include <string.h>
#include "gateway/decide/decide.h"
#include "lib/crypto/password.h"
#include "lib/wire/dlr.h"
#include "lib/wire/smpp_status.h"

#define t app_bench

static void only_the_right_password_binds(void **state)
{
	(void)state;
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSCEIVER, "wrong"),
			 FG_SMPP_STATUS_RINVPASWD);
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSMITTER, "secret"), 0);
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSMITTER, "secret"),
			 FG_SMPP_STATUS_RALYBND);
}

/* operators.md, 4.1: 8 octets, and more where the link says so. */
static void a_password_may_be_longer_where_the_link_says_so(void **state)
{
	static const char password[] =
		"0123456789012345678901234567890123456789012345678901234567890123";
	struct fg_conf_accounts *account = &t.conf.accounts[0];

	(void)state;
	assert_ok(fg_password_hash(password, strlen(password), account->secret));
	app_server_accounts_changed(&t.server);
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSCEIVER, password),
			 FG_SMPP_STATUS_RINVPASWD);
	t.conf.links[0].password_max = 64;
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSCEIVER, "01234567"),
			 FG_SMPP_STATUS_RINVPASWD);
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSCEIVER, password), 0);
}

/* A hash costs some 50 ms of the only thread: the rest waits, and the right password among them is found. */
static void slow_looks_at_passwords_are_few(void **state)
{
	struct app_session *guesses[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(guesses); i++) {
		guesses[i] = t.session;
		app_bench_say_bind(FG_SMPP_BIND_TRANSCEIVER, i == 3 ? "secret" : "wrong");
		t.session = app_session_new(&t.server, t.now_ms);
	}
	assert_int_equal(t.server.checking_count, 3); /* one look was had at once */
	app_bench_wait(APP_LOOK_PAUSE_MS - 1);
	assert_int_equal(t.server.checking_count, 3);
	app_bench_wait(1);
	assert_int_equal(t.server.checking_count, 2);
	app_bench_wait(10 * APP_LOOK_PAUSE_MS); /* late, and still one look a turn */
	assert_int_equal(t.server.checking_count, 1);
	app_bench_wait(APP_LOOK_PAUSE_MS);
	t.session = guesses[3];
	assert_int_equal(app_bench_heard(FG_SMPP_BIND_TRANSCEIVER_RESP).status, 0);
	t.session = guesses[2];
	app_bench_expect_silence(); /* guessing is slow */
	app_bench_wait(APP_REFUSE_MS);
	assert_int_equal(app_bench_heard(FG_SMPP_BIND_TRANSCEIVER_RESP).status,
			 FG_SMPP_STATUS_RINVPASWD);
}

static void an_account_has_so_many_binds(void **state)
{
	struct app_session *first = t.session;

	(void)state;
	app_bench_bind();
	t.session = app_session_new(&t.server, t.now_ms);
	app_bench_bind();
	assert_int_equal(t.receivers, 2);
	t.session = app_session_new(&t.server, t.now_ms);
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSCEIVER, "secret"),
			 FG_SMPP_STATUS_RBINDFAIL);
	app_session_free(first);
	app_server_say_bound(&t.server);
	assert_int_equal(t.receivers, 1);
	app_bench_bind();
}

static void a_message_is_answered_when_it_is_durable(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(7), answer;
	struct fg_id id = fg_id_make(1, (const uint8_t[10]){ 1 });
	char text[FG_ID_TEXT_LEN + 1];

	(void)state;
	app_bench_bind();
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, 4711);
	app_bench_say(&pdu);
	app_bench_expect_silence();
	assert_int_equal(t.submissions, 1);
	assert_string_equal(t.account, "shop");
	assert_string_equal(t.source, "Shop");
	assert_string_equal(t.destination, "+12025550199");
	assert_string_equal(t.text, "your parcel");
	assert_int_equal(t.submission.message_class, 0);
	assert_true(t.submission.has_reference && t.submission.reference == 4711);
	app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	answer = app_bench_heard(FG_SMPP_SUBMIT_SM_RESP);
	assert_int_equal(answer.sequence, 7);
	assert_int_equal(answer.status, 0);
	assert_memory_equal(answer.sm_resp.message_id.at, fg_id_text(&id, text), FG_ID_TEXT_LEN);
	app_server_taken(&t.server, t.submission.token, &id, FG_OK); /* said twice */
	app_bench_expect_silence();
}

static void a_refusal_says_why(void **state)
{
	static const struct {
		enum fg_rc rc;
		uint32_t status;
	} cases[] = {
		{ FG_E_IPC_FULL, 0x14 },     { FG_E_STORE_BUSY, 0x14 },
		{ FG_E_LIMIT, 0x58 },        { FG_E_EXISTS, APP_STATUS_DUPLICATE_KEY },
		{ FG_E_SECURE_ONLY, 0x420 }, { FG_E_DENIED, 0x45 },
	};
	struct fg_id none = { 0 };

	(void)state;
	t.conf.accounts[0].burst = t.conf.accounts[0].rate = 100;
	t.server.accounts[0].tokens = 100;
	app_bench_bind();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fg_smpp_pdu pdu = app_bench_submit(10 + (uint32_t)i);

		app_bench_say(&pdu);
		app_server_taken(&t.server, t.submission.token, &none, cases[i].rc);
		assert_int_equal(app_bench_heard(FG_SMPP_SUBMIT_SM_RESP).status, cases[i].status);
	}
	t.host_says = FG_E_IPC_FULL;
	struct fg_smpp_pdu pdu = app_bench_submit(99);
	assert_int_equal(app_bench_refusal_of(&pdu), 0x14);
}

static void senders_and_recipients_are_checked(void **state)
{
	static const struct {
		const char *source, *destination;
		uint32_t status;
	} cases[] = {
		{ "Bank", "12025550199", FG_SMPP_STATUS_RINVSRCADR },
		{ "Shop", "911", FG_SMPP_STATUS_RINVDSTADR },
		{ "Shop", "1202555o199", FG_SMPP_STATUS_RINVDSTADR },
		{ "Shop", "1234567890123456", FG_SMPP_STATUS_RINVDSTADR },
	};

	(void)state;
	app_bench_bind();
	t.server.accounts[0].tokens = 100;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fg_smpp_pdu pdu = app_bench_submit(1);

		pdu.sm.source_addr = fg_smpp_text(cases[i].source);
		pdu.sm.destination_addr = fg_smpp_text(cases[i].destination);
		assert_int_equal(app_bench_refusal_of(&pdu), cases[i].status);
	}
}

/* operators.md, 4.9: E.164, with the country that the account names. */
static void national_numbers_get_the_accounts_country(void **state)
{
	static const struct {
		const char *country, *destination, *number;
		uint8_t ton;
	} cases[] = {
		{ "", "12025550199", "+12025550199", 2 }, /* what Kannel says of any number */
		{ "", "03012345678", NULL, 2 },
		{ "49", "03012345678", "+493012345678", 2 },
		{ "49", "3012345678", "+493012345678", 2 },
		{ "49", "03012345678", "+493012345678", 0 },
		{ "49", "12025550199", "+12025550199", 0 },
		{ "49", "12025550199", "+12025550199", 1 },
		{ "49", "03012345678", NULL, 1 },
		{ "49", "0012025550199", "+12025550199", 2 },
		{ "49", "+12025550199", "+12025550199", 2 },
		{ "49", "110", NULL, 2 },
		{ "49", "0", NULL, 2 },
		{ "49", "", NULL, 2 },
		{ "49", "00000000000", NULL, 2 },
		{ "49", "12345678901234", NULL, 2 }, /* 16 digits */
	};

	(void)state;
	app_bench_bind();
	t.server.accounts[0].tokens = 100;
	t.conf.accounts[0].burst = t.conf.accounts[0].window = 100;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fg_smpp_pdu pdu = app_bench_submit(1);

		strcpy(t.conf.accounts[0].country, cases[i].country);
		pdu.sm.dest_addr_ton = cases[i].ton;
		pdu.sm.destination_addr = fg_smpp_text(cases[i].destination);
		if (!cases[i].number) {
			assert_int_equal(app_bench_refusal_of(&pdu), FG_SMPP_STATUS_RINVDSTADR);
			continue;
		}
		app_bench_say(&pdu);
		assert_string_equal(t.destination, cases[i].number);
	}
	assert_int_equal(t.submissions, 8);
	t.session->in_flight = 0;
}

static void a_prefix_and_the_own_sender_are_allowed(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(1);

	(void)state;
	app_bench_bind();
	pdu.sm.source_addr_ton = 1;
	pdu.sm.source_addr = fg_smpp_text("12025550111");
	pdu.sm.destination_addr = fg_smpp_text("0012025550199");
	app_bench_say(&pdu);
	assert_string_equal(t.source, "+12025550111");
	assert_string_equal(t.destination, "+12025550199");
	pdu.sm.source_addr = fg_smpp_text("");
	app_bench_say(&pdu);
	assert_string_equal(t.source, "1000");
}

static void codings_become_one_text(void **state)
{
	static const struct {
		uint8_t coding;
		const char *octets;
		size_t len;
		const char *text;
	} cases[] = {
		{ 0, "\x02 @", 3, "$ \xc2\xa1" },
		{ 1, "plain", 5, "plain" },
		{ 3, "\xe9t\xe9", 3, "\xc3\xa9t\xc3\xa9" },
		{ 8, "\x04\x1f\xd8\x3d\xde\x00", 6, "\xd0\x9f\xf0\x9f\x98\x80" },
	};

	(void)state;
	app_bench_bind();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fg_smpp_pdu pdu = app_bench_submit(1 + (uint32_t)i);
		struct fg_id id = { 0 };

		pdu.sm.data_coding = cases[i].coding;
		pdu.sm.short_message =
			(struct fg_smpp_bytes){ (const uint8_t *)cases[i].octets, cases[i].len };
		app_bench_say(&pdu);
		assert_string_equal(t.text, cases[i].text);
		assert_int_equal(t.submission.flags, cases[i].coding == 8   ? FG_SUBMIT_UCS2
						     : cases[i].coding == 0 ? 0
									    : FG_SUBMIT_LATIN1);
		app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	}
	struct fg_smpp_pdu binary = app_bench_submit(9);
	evbuffer_drain(t.session->out, evbuffer_get_length(t.session->out));
	binary.sm.data_coding = 4;
	assert_int_equal(app_bench_refusal_of(&binary), FG_SMPP_STATUS_RINVDCS);
}

static void national_tables_of_a_header_are_used(void **state)
{
	static const struct {
		uint8_t coding;
		const char *octets;
		size_t len;
		const char *text;
	} cases[] = {
		{ 0, "\3\x24\1\1\x1b\x73", 6, "\xc5\x9f" }, /* A.2.1 */
		{ 0, "\3\x25\1\1\x1d", 5, "\xc5\x9f" },     /* A.3.1 */
		{ 0, "\3\x25\1\x0f\x1d", 5, "\xc3\xa6" },   /* a reserved number */
		{ 8, "\3\x25\1\1\1\x5f", 6, "\xc5\x9f" },   /* of no meaning for UCS-2 */
	};

	(void)state;
	app_bench_bind();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fg_smpp_pdu pdu = app_bench_submit(1 + (uint32_t)i);
		struct fg_id id = { 0 };

		pdu.sm.esm_class = FG_SMPP_ESM_UDH;
		pdu.sm.data_coding = cases[i].coding;
		pdu.sm.short_message =
			(struct fg_smpp_bytes){ (const uint8_t *)cases[i].octets, cases[i].len };
		app_bench_say(&pdu);
		assert_string_equal(t.text, cases[i].text);
		app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	}
}

static void parts_name_their_place(void **state)
{
	static const uint8_t part[] = { 6, 8, 4, 0x12, 0x34, 3, 2, 'b', 'c' };
	struct fg_smpp_pdu pdu = app_bench_submit(1);

	(void)state;
	app_bench_bind();
	pdu.sm.esm_class = FG_SMPP_ESM_UDH;
	pdu.sm.short_message = (struct fg_smpp_bytes){ part, sizeof(part) };
	app_bench_say(&pdu);
	assert_string_equal(t.text, "bc");
	assert_int_equal(t.submission.concat_ref, 0x1234);
	assert_int_equal(t.submission.concat_total, 3);
	assert_int_equal(t.submission.concat_part, 2);
}

static void times_are_seconds_from_now(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(1);

	(void)state;
	app_bench_bind();
	pdu.sm.validity_period = fg_smpp_text("000001020304000R");
	pdu.sm.schedule_delivery_time = fg_smpp_text("000000000100000R");
	app_bench_say(&pdu);
	assert_int_equal(t.submission.validity_s, 86400 + 2 * 3600 + 3 * 60 + 4);
	assert_int_equal(t.submission.delay_s, 60);
	pdu.sm.validity_period = fg_smpp_text("200101000000000+"); /* over long ago */
	assert_int_equal(app_bench_refusal_of(&pdu), FG_SMPP_STATUS_RINVEXPIRY);
	pdu.sm.validity_period = fg_smpp_text("2001010000000xx+");
	assert_int_equal(app_bench_refusal_of(&pdu), FG_SMPP_STATUS_RINVEXPIRY);
	pdu.sm.validity_period = fg_smpp_text("");
	pdu.sm.schedule_delivery_time = fg_smpp_text("tomorrow");
	assert_int_equal(app_bench_refusal_of(&pdu), FG_SMPP_STATUS_RINVSCHED);
}

static void too_fast_and_too_many_are_throttled(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(1);
	struct fg_id id = { 0 };

	(void)state;
	app_bench_bind();
	for (int i = 0; i < 3; i++)
		app_bench_say(&pdu);
	assert_int_equal(t.submissions, 3);
	assert_int_equal(app_bench_refusal_of(&pdu), FG_SMPP_STATUS_RTHROTTLED); /* the window */
	app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	app_bench_heard(FG_SMPP_SUBMIT_SM_RESP);
	t.session->in_flight = 0;
	app_bench_say(&pdu);
	app_bench_say(&pdu);
	assert_int_equal(t.submissions, 5); /* the burst is used up */
	t.session->in_flight = 0;
	assert_int_equal(app_bench_refusal_of(&pdu), FG_SMPP_STATUS_RTHROTTLED);
	t.now_ms += 100; /* ten a second */
	app_bench_say(&pdu);
	assert_int_equal(t.submissions, 6);
	t.session->in_flight = 0;
}

static void a_receipt_has_all_fields_and_is_told(void **state)
{
	struct fg_app_receipt receipt = { .account = "shop",
					  .message_id = fg_id_make(5, (const uint8_t[10]){ 9 }),
					  .source = "Shop",
					  .destination = "+12025550199",
					  .state = FG_DLR_DELIVERED,
					  .final = true,
					  .protection = 0,
					  .bearer = 3,
					  .reason = 4,
					  .segments = 2,
					  .has_reference = true,
					  .reference = 4711,
					  .submit_ms = 1764000000000,
					  .done_ms = 1764000060000 };
	struct fg_smpp_pdu pdu, answer = { .command = FG_SMPP_DELIVER_SM_RESP };
	struct fg_smpp_bytes words;
	struct fg_dlr dlr;
	uint32_t number;

	(void)state;
	app_bench_bind();
	assert_int_equal(t.receivers, 1);
	app_server_receipt(&t.server, &receipt, t.now_ms);
	pdu = app_bench_heard(FG_SMPP_DELIVER_SM);
	assert_int_equal(pdu.sm.esm_class, FG_SMPP_ESM_RECEIPT);
	assert_ok(fg_dlr_from_text(pdu.sm.short_message.at, pdu.sm.short_message.len, &dlr));
	assert_int_equal(dlr.state, FG_DLR_DELIVERED);
	assert_memory_equal(pdu.sm.source_addr.at, "12025550199", 11);
	assert_memory_equal(pdu.sm.destination_addr.at, "Shop", 4);
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, &number) && number == 2);
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &number) &&
		    number == 4711);
	assert_true(fg_smpp_tlv_bytes(&pdu, 0x1420, &words));
	assert_memory_equal(words.at,
			    "protection=none;bearer=sms;reason=absent;reason_number=4;segments=2",
			    words.len);
	assert_int_equal(t.told, 0);
	answer.sequence = pdu.sequence;
	app_bench_say(&answer);
	assert_int_equal(t.told, 1);
	assert_int_equal(t.outcome, FG_OUTCOME_ACCEPTED);
	app_bench_say(&answer); /* twice */
	assert_int_equal(t.told, 1);
}

static void what_was_not_taken_is_told_again_later(void **state)
{
	struct fg_app_receipt receipt = { .account = "shop",
					  .source = "Shop",
					  .destination = "+12025550199",
					  .state = FG_DLR_DELIVERED };
	struct fg_smpp_pdu answer = { .command = FG_SMPP_DELIVER_SM_RESP, .status = 0x14 };

	(void)state;
	app_server_receipt(&t.server, &receipt, t.now_ms); /* nobody is bound */
	assert_int_equal(t.told, 1);
	assert_int_equal(t.outcome, FG_OUTCOME_DEFERRED);
	app_bench_bind();
	app_server_receipt(&t.server, &receipt, t.now_ms);
	answer.sequence = app_bench_heard(FG_SMPP_DELIVER_SM).sequence;
	app_bench_say(&answer); /* refused */
	assert_int_equal(t.told, 2);
	assert_int_equal(t.outcome, FG_OUTCOME_FAILED);
	app_server_receipt(&t.server, &receipt, t.now_ms);
	answer = (struct fg_smpp_pdu){ .command = FG_SMPP_GENERIC_NACK };
	answer.sequence = app_bench_heard(FG_SMPP_DELIVER_SM).sequence;
	app_bench_say(&answer); /* not understood */
	assert_int_equal(t.told, 3);
	assert_int_equal(t.outcome, FG_OUTCOME_FAILED);
	app_server_receipt(&t.server, &receipt, t.now_ms);
	t.now_ms += APP_TELL_MS;
	app_session_tick(t.session, t.now_ms); /* silence */
	assert_int_equal(t.told, 4);
	assert_int_equal(t.outcome, FG_OUTCOME_FAILED);
	app_server_receipt(&t.server, &receipt, t.now_ms);
	app_session_free(t.session); /* gone */
	assert_int_equal(t.told, 5);
	assert_int_equal(t.outcome, FG_OUTCOME_DEFERRED);
}

/* Its place is passed over when the numbers come round to it, and they come round before they are no numbers of SMPP any more. */
static void one_that_is_never_answered_holds_up_no_other(void **state)
{
	struct fg_app_receipt receipt = { .account = "shop",
					  .source = "Shop",
					  .destination = "+12025550199",
					  .state = FG_DLR_DELIVERED,
					  .final = true };
	struct fg_smpp_pdu answer = { .command = FG_SMPP_DELIVER_SM_RESP };
	uint32_t sequence = 0x7FFFFFFF - APP_TELL_WINDOW - 2, before;

	(void)state;
	app_bench_bind();
	t.session->sequence = sequence;
	app_server_receipt(&t.server, &receipt, t.now_ms);
	app_bench_heard(FG_SMPP_DELIVER_SM);
	for (unsigned i = 0; i < 3 * APP_TELL_WINDOW; i++) {
		app_server_receipt(&t.server, &receipt, t.now_ms);
		before = answer.sequence;
		answer.sequence = app_bench_heard(FG_SMPP_DELIVER_SM).sequence;
		assert_in_range(answer.sequence, 1, 0x7FFFFFFF);
		assert_int_not_equal(answer.sequence, before);
		app_bench_say(&answer);
		assert_int_equal(t.told, i + 1);
		assert_int_equal(t.outcome, FG_OUTCOME_ACCEPTED);
	}
	assert_int_equal(t.session->telling, 1);
}

static void the_words_of_receipts_are_those_of_decisions(void **state)
{
	(void)state;
	for (int i = 0; i < FG_REASON_COUNT; i++)
		assert_string_equal(app_word_of_reason((uint8_t)i),
				    fg_reason_code((enum fg_reason)i));
	assert_string_equal(app_word_of_reason(FG_REASON_COUNT), "unknown");
	for (int i = 0; i < FG_BEARER_COUNT; i++)
		assert_string_equal(app_word_of_bearer((uint8_t)i),
				    fg_bearer_name((enum fg_bearer)i));
	assert_string_equal(app_word_of_bearer(FG_NO_BEARER), "none");
	assert_string_equal(app_word_of_protection(FG_PROTECTION_NONE), "none");
	assert_string_equal(app_word_of_protection(FG_PROTECTION_HOP), "hop");
	assert_string_equal(app_word_of_protection(FG_PROTECTION_E2E), "e2e");
}

static void an_intermediate_receipt_says_so_and_its_tag_is_the_operators(void **state)
{
	struct fg_app_receipt receipt = { .account = "shop",
					  .source = "Shop",
					  .destination = "+12025550199",
					  .state = FG_DLR_ENROUTE,
					  .protection = 1,
					  .bearer = 0,
					  .reason = FG_REASON_SECURE_DEVICES };
	struct fg_smpp_pdu pdu;
	struct fg_smpp_bytes words;
	struct fg_dlr dlr;

	(void)state;
	t.conf.links[0].protection_tlv = 0x1500;
	app_bench_bind();
	app_server_receipt(&t.server, &receipt, t.now_ms);
	pdu = app_bench_heard(FG_SMPP_DELIVER_SM);
	assert_int_equal(pdu.sm.esm_class, FG_SMPP_ESM_INTERMEDIATE);
	assert_ok(fg_dlr_from_text(pdu.sm.short_message.at, pdu.sm.short_message.len, &dlr));
	assert_int_equal(dlr.state, FG_DLR_ENROUTE);
	assert_true(fg_smpp_tlv_bytes(&pdu, 0x1500, &words));
	assert_memory_equal(words.at, "protection=hop;bearer=secure;reason=secure-devices;", 51);
	t.conf.links[0].protection_tlv = 0;
	app_server_receipt(&t.server, &receipt, t.now_ms);
	pdu = app_bench_heard(FG_SMPP_DELIVER_SM);
	assert_false(fg_smpp_tlv_bytes(&pdu, 0x1500, &words));
	t.session->version = 0x33; /* knows no TLVs */
	app_server_receipt(&t.server, &receipt, t.now_ms);
	assert_int_equal(app_bench_heard(FG_SMPP_DELIVER_SM).tlvs.count, 0);
}

static void questions_are_answered(void **state)
{
	struct fg_id id = fg_id_make(5, (const uint8_t[10]){ 9 });
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_QUERY_SM, .sequence = 3 }, answer;
	struct fg_app_answer said = { .state = FG_DLR_DELIVERED };
	char text[FG_ID_TEXT_LEN + 1];

	(void)state;
	app_bench_bind();
	pdu.query.message_id = fg_smpp_text(fg_id_text(&id, text));
	pdu.query.source_addr = fg_smpp_text("Shop");
	app_bench_say(&pdu);
	assert_int_equal(t.question.what, FG_ASK_QUERY);
	assert_int_equal(fg_id_cmp(&t.question.message_id, &id), 0);
	said.token = t.question.token;
	app_server_answer(&t.server, &said);
	answer = app_bench_heard(FG_SMPP_QUERY_SM_RESP);
	assert_int_equal(answer.query_resp.message_state, 2);
	pdu = (struct fg_smpp_pdu){ .command = FG_SMPP_CANCEL_SM, .sequence = 4 };
	pdu.cancel.message_id = fg_smpp_text(text);
	app_bench_say(&pdu);
	said = (struct fg_app_answer){ .token = t.question.token, .rc = FG_E_DENIED };
	app_server_answer(&t.server, &said);
	assert_int_equal(app_bench_heard(FG_SMPP_CANCEL_SM_RESP).status,
			 FG_SMPP_STATUS_RCANCELFAIL);
	app_bench_say(&pdu);
	said = (struct fg_app_answer){ .token = t.question.token, .rc = FG_E_CONFLICT };
	app_server_answer(&t.server, &said);
	assert_int_equal(app_bench_heard(FG_SMPP_CANCEL_SM_RESP).status,
			 FG_SMPP_STATUS_RCANCELFAIL);
	pdu.cancel.message_id = fg_smpp_text("nonsense");
	app_bench_say(&pdu);
	assert_int_equal(app_bench_heard(FG_SMPP_CANCEL_SM_RESP).status, FG_SMPP_STATUS_RINVMSGID);
	pdu = (struct fg_smpp_pdu){ .command = FG_SMPP_REPLACE_SM, .sequence = 5 };
	pdu.replace.message_id = fg_smpp_text(text);
	pdu.replace.short_message = fg_smpp_text("new words");
	app_bench_say(&pdu);
	assert_string_equal(t.text, "new words");
	assert_int_equal(t.questions, 4);
	assert_false(t.question.has_delay);
	assert_int_equal(t.question.validity_s, 0);
}

static uint32_t replaced(const struct fg_smpp_pdu *pdu)
{
	t.questions = 0;
	app_bench_say(pdu);
	return t.questions ? 0 : app_bench_heard(FG_SMPP_REPLACE_SM_RESP).status;
}

/* The words go on as they came: which coding they are in, who knows the message knows. */
static void a_new_text_comes_with_times_of_its_own(void **state)
{
	const struct fg_id id = { { 1, 2, 3 } };
	char text[FG_ID_TEXT_LEN + 1];
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_REPLACE_SM, .sequence = 3 };

	(void)state;
	app_bench_bind();
	pdu.replace.message_id = fg_smpp_text(fg_id_text(&id, text));
	pdu.replace.short_message = fg_smpp_text("\x04\x3d");
	pdu.replace.schedule_delivery_time = fg_smpp_text("000000000130000R");
	pdu.replace.validity_period = fg_smpp_text("000000020000000R");
	assert_int_equal(replaced(&pdu), 0);
	assert_string_equal(t.text, "\x04\x3d");
	assert_true(t.question.has_delay);
	assert_int_equal(t.question.delay_s, 90);
	assert_int_equal(t.question.validity_s, 7200);
	pdu.replace.schedule_delivery_time = fg_smpp_text("000000000000000R");
	assert_int_equal(replaced(&pdu), 0);
	assert_true(t.question.has_delay);
	assert_int_equal(t.question.delay_s, 0);
	pdu.replace.schedule_delivery_time = fg_smpp_text("000000030000000R");
	assert_int_equal(replaced(&pdu), FG_SMPP_STATUS_RINVEXPIRY);
	pdu.replace.schedule_delivery_time = fg_smpp_text("000008000000000R");
	assert_int_equal(replaced(&pdu), FG_SMPP_STATUS_RINVSCHED);
	pdu.replace.schedule_delivery_time = fg_smpp_text("");
	pdu.replace.sm_default_msg_id = 1;
	assert_int_equal(replaced(&pdu), FG_SMPP_STATUS_RINVDFTMSGID);
	pdu.replace.sm_default_msg_id = 0;
	pdu.replace.short_message = fg_smpp_text("");
	assert_int_equal(replaced(&pdu), FG_SMPP_STATUS_RINVMSGLEN);
}

static void strangers_have_little_room_and_time(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\n\r\n";
	struct app_session *other = app_session_new(&t.server, t.now_ms);
	struct fg_smpp_pdu pdu = app_bench_submit(1);

	(void)state;
	app_bench_say(&pdu);
	assert_int_equal(app_bench_heard(FG_SMPP_SUBMIT_SM_RESP).status, FG_SMPP_STATUS_RINVBNDSTS);
	t.now_ms += APP_UNBOUND_MS;
	app_session_tick(t.session, t.now_ms);
	assert_int_equal(t.session->state, APP_CLOSING);
	t.session = other;
	assert_true(app_bench_say_bytes(http, sizeof(http) - 1) == SIZE_MAX);
	t.session = app_session_new(&t.server, t.now_ms);
	assert_true(app_bench_say_bytes("\x00\x00\x01\x01", 4) == SIZE_MAX); /* 257 octets */
}

static void a_bad_pdu_costs_only_itself(void **state)
{
	static const uint8_t unknown[] = { 0, 0, 0, 16, 0, 0, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 42 };
	static const uint8_t cut[] = { 0, 0, 0, 18, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 43, 'x', 'y' };
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_ENQUIRE_LINK, .sequence = 44 }, answer;

	(void)state;
	app_bench_bind();
	assert_int_equal(app_bench_say_bytes(unknown, sizeof(unknown)), sizeof(unknown));
	answer = app_bench_heard(FG_SMPP_GENERIC_NACK);
	assert_int_equal(answer.sequence, 42);
	assert_int_equal(answer.status, FG_SMPP_STATUS_RINVCMDID);
	assert_int_equal(app_bench_say_bytes(cut, sizeof(cut)), sizeof(cut));
	assert_int_equal(app_bench_heard(FG_SMPP_GENERIC_NACK).sequence, 43);
	app_bench_say(&pdu);
	assert_int_equal(app_bench_heard(FG_SMPP_ENQUIRE_LINK_RESP).sequence, 44);
	pdu.command = FG_SMPP_SUBMIT_SM_RESP; /* nobody asked */
	app_bench_say(&pdu);
	app_bench_expect_silence();
}

static void an_answer_after_the_end_of_its_connection_goes_nowhere(void **state)
{
	struct fg_smpp_pdu pdu = app_bench_submit(1);
	struct fg_id id = { 0 };

	(void)state;
	app_bench_bind();
	app_bench_say(&pdu);
	app_session_free(t.session);
	app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	assert_int_equal(t.server.pending_count, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, app_bench_begin, app_bench_end)
	const struct CMUnitTest tests[] = {
		CASE(only_the_right_password_binds),
		CASE(a_password_may_be_longer_where_the_link_says_so),
		CASE(slow_looks_at_passwords_are_few),
		CASE(an_account_has_so_many_binds),
		CASE(a_message_is_answered_when_it_is_durable),
		CASE(a_refusal_says_why),
		CASE(senders_and_recipients_are_checked),
		CASE(national_numbers_get_the_accounts_country),
		CASE(a_prefix_and_the_own_sender_are_allowed),
		CASE(codings_become_one_text),
		CASE(national_tables_of_a_header_are_used),
		CASE(parts_name_their_place),
		CASE(times_are_seconds_from_now),
		CASE(too_fast_and_too_many_are_throttled),
		CASE(a_receipt_has_all_fields_and_is_told),
		CASE(what_was_not_taken_is_told_again_later),
		CASE(one_that_is_never_answered_holds_up_no_other),
		CASE(the_words_of_receipts_are_those_of_decisions),
		CASE(an_intermediate_receipt_says_so_and_its_tag_is_the_operators),
		CASE(questions_are_answered),
		CASE(a_new_text_comes_with_times_of_its_own),
		CASE(strangers_have_little_room_and_time),
		CASE(a_bad_pdu_costs_only_itself),
		CASE(an_answer_after_the_end_of_its_connection_goes_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
