/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A connection of an application, with virtual time: the test is the application, the host behind the adapter, and the clock.
 */
#include "tests/support/fg_test.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "adapters/smpp_server/server.h"
#include "lib/crypto/password.h"
#include "lib/wire/dlr.h"
#include "lib/wire/smpp_status.h"

static struct {
	void *ctx;
	struct fg_adapter_host *host;
	struct fg_conf conf;
	struct fg_loop *loop;
	struct app_server server;
	struct app_session *session;
	uint64_t now_ms;
	/* what the host was given */
	struct fg_submission submission;
	struct fg_app_question question;
	char account[40], source[40], destination[40], text[1024];
	size_t text_len;
	unsigned submissions, questions, told;
	enum fg_outcome outcome;
	enum fg_rc host_says;
	uint16_t receivers;
	uint32_t credits;
} t;

static void keep_text(struct fg_bytes text)
{
	t.text_len = text.len;
	snprintf(t.text, sizeof(t.text), "%.*s", (int)text.len, (const char *)text.data);
}

static enum fg_rc on_submit(void *arg, const struct fg_submission *submission)
{
	(void)arg;
	if (t.host_says != FG_OK)
		return t.host_says;
	t.submissions++;
	t.submission = *submission;
	snprintf(t.account, sizeof(t.account), "%s", submission->account);
	snprintf(t.source, sizeof(t.source), "%s", submission->source);
	snprintf(t.destination, sizeof(t.destination), "%s", submission->destination);
	keep_text(submission->text);
	return FG_OK;
}

static enum fg_rc on_ask(void *arg, const struct fg_app_question *question)
{
	(void)arg;
	t.questions++;
	t.question = *question;
	snprintf(t.destination, sizeof(t.destination), "%s", question->destination);
	keep_text(question->text);
	return FG_OK;
}

static void on_told(void *arg, const char *account, const struct fg_id *id, bool final,
		    enum fg_outcome outcome)
{
	(void)arg, (void)account, (void)id, (void) final;
	t.told++;
	t.outcome = outcome;
}

static void on_bound(void *arg, const char *account, uint16_t receivers, uint32_t credits)
{
	(void)arg, (void)account;
	t.receivers = receivers;
	t.credits = credits;
}

static const struct fg_host_ops host_ops = {
	.submit = on_submit, .ask = on_ask, .told = on_told, .bound = on_bound
};

static int begin(void **state)
{
	struct fg_conf_accounts *account = &t.conf.accounts[0];

	(void)state;
	memset(&t, 0, sizeof(t));
	assert_ok(fg_crypto_init());
	t.now_ms = 1000000;
	t.ctx = talloc_new(NULL);
	t.loop = fg_loop_new(t.ctx);
	t.host = fg_host_new(t.ctx, "apps", &host_ops, NULL);
	assert_non_null(t.host);
	t.conf.accounts_count = 1;
	strcpy(account->name, "shop");
	assert_ok(fg_password_hash("secret", 6, account->secret));
	strcpy(account->sources, "Shop,+1202555*");
	strcpy(account->message_class, "otp");
	strcpy(account->sender, "1000");
	account->binds = 2;
	account->window = 3;
	account->rate = 10;
	account->burst = 5;
	strcpy(t.conf.links[0].name, "apps");
	assert_ok(app_server_init(&t.server, t.host, &t.conf, &t.conf.links[0]));
	t.server.loop = t.loop;
	t.session = app_session_new(&t.server, t.now_ms);
	assert_non_null(t.session);
	return 0;
}

static int end(void **state)
{
	(void)state;
	app_server_wipe(&t.server);
	talloc_free(t.ctx);
	return 0;
}

static size_t say_bytes(const void *octets, size_t len)
{
	return app_session_input(t.session, octets, len, t.now_ms);
}

static void say(const struct fg_smpp_pdu *pdu)
{
	uint8_t octets[4096];
	size_t len;

	assert_ok(fg_smpp_encode(pdu, octets, sizeof(octets), &len));
	assert_int_equal(say_bytes(octets, len), len);
}

/* The next PDU that the application gets; its texts lie in a static buffer. */
static struct fg_smpp_pdu heard(uint32_t command)
{
	static uint8_t octets[4096];
	struct fg_smpp_pdu pdu = { 0 };
	size_t have = evbuffer_get_length(t.session->out), len;

	assert_true(have <= sizeof(octets));
	evbuffer_copyout(t.session->out, octets, have);
	assert_ok(fg_smpp_frame(octets, have, FG_SMPP_PDU_MAX, &len));
	assert_ok(fg_smpp_decode(octets, len, &pdu));
	evbuffer_drain(t.session->out, len);
	assert_int_equal(pdu.command, command);
	return pdu;
}

static void expect_silence(void)
{
	assert_int_equal(evbuffer_get_length(t.session->out), 0);
}

static uint32_t bind_with(uint32_t command, const char *password)
{
	struct fg_smpp_pdu pdu = { .command = command, .sequence = 1 };

	pdu.bind.system_id = fg_smpp_text("shop");
	pdu.bind.password = fg_smpp_text(password);
	pdu.bind.interface_version = 0x34;
	say(&pdu);
	return heard(command | FG_SMPP_RESPONSE).status;
}

static void bind_now(void)
{
	assert_int_equal(bind_with(FG_SMPP_BIND_TRANSCEIVER, "secret"), 0);
	app_server_say_bound(&t.server);
}

static struct fg_smpp_pdu a_submit(uint32_t sequence)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM, .sequence = sequence };

	pdu.sm.source_addr_ton = 5;
	pdu.sm.source_addr = fg_smpp_text("Shop");
	pdu.sm.dest_addr_ton = 1;
	pdu.sm.destination_addr = fg_smpp_text("12025550199");
	pdu.sm.registered_delivery = 1;
	pdu.sm.short_message = fg_smpp_text("your parcel");
	return pdu;
}

static uint32_t refusal_of(const struct fg_smpp_pdu *pdu)
{
	unsigned before = t.submissions;
	uint32_t status;

	say(pdu);
	status = heard(FG_SMPP_SUBMIT_SM_RESP).status;
	assert_int_equal(t.submissions, before);
	return status;
}

static void only_the_right_password_binds(void **state)
{
	(void)state;
	assert_int_equal(bind_with(FG_SMPP_BIND_TRANSCEIVER, "wrong"), FG_SMPP_STATUS_RINVPASWD);
	assert_int_equal(bind_with(FG_SMPP_BIND_TRANSMITTER, "secret"), 0);
	assert_int_equal(bind_with(FG_SMPP_BIND_TRANSMITTER, "secret"), FG_SMPP_STATUS_RALYBND);
}

static void slow_looks_at_passwords_are_few(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(bind_with(FG_SMPP_BIND_TRANSCEIVER, "wrong"),
				 FG_SMPP_STATUS_RINVPASWD);
	assert_int_equal(bind_with(FG_SMPP_BIND_TRANSCEIVER, "secret"), FG_SMPP_STATUS_RINVPASWD);
	t.now_ms += 1000;
	assert_int_equal(bind_with(FG_SMPP_BIND_TRANSCEIVER, "secret"), 0);
}

static void an_account_has_so_many_binds(void **state)
{
	struct app_session *first = t.session;

	(void)state;
	bind_now();
	t.session = app_session_new(&t.server, t.now_ms);
	bind_now();
	assert_int_equal(t.receivers, 2);
	t.session = app_session_new(&t.server, t.now_ms);
	assert_int_equal(bind_with(FG_SMPP_BIND_TRANSCEIVER, "secret"), FG_SMPP_STATUS_RBINDFAIL);
	app_session_free(first);
	app_server_say_bound(&t.server);
	assert_int_equal(t.receivers, 1);
	bind_now();
}

static void a_message_is_answered_when_it_is_durable(void **state)
{
	struct fg_smpp_pdu pdu = a_submit(7), answer;
	struct fg_id id = fg_id_make(1, (const uint8_t[10]){ 1 });
	char text[FG_ID_TEXT_LEN + 1];

	(void)state;
	bind_now();
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, 4711);
	say(&pdu);
	expect_silence();
	assert_int_equal(t.submissions, 1);
	assert_string_equal(t.account, "shop");
	assert_string_equal(t.source, "Shop");
	assert_string_equal(t.destination, "+12025550199");
	assert_string_equal(t.text, "your parcel");
	assert_int_equal(t.submission.message_class, 0);
	assert_true(t.submission.has_reference && t.submission.reference == 4711);
	app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	answer = heard(FG_SMPP_SUBMIT_SM_RESP);
	assert_int_equal(answer.sequence, 7);
	assert_int_equal(answer.status, 0);
	assert_memory_equal(answer.sm_resp.message_id.at, fg_id_text(&id, text), FG_ID_TEXT_LEN);
	app_server_taken(&t.server, t.submission.token, &id, FG_OK); /* said twice */
	expect_silence();
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
	bind_now();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fg_smpp_pdu pdu = a_submit(10 + (uint32_t)i);

		say(&pdu);
		app_server_taken(&t.server, t.submission.token, &none, cases[i].rc);
		assert_int_equal(heard(FG_SMPP_SUBMIT_SM_RESP).status, cases[i].status);
	}
	t.host_says = FG_E_IPC_FULL;
	struct fg_smpp_pdu pdu = a_submit(99);
	assert_int_equal(refusal_of(&pdu), 0x14);
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
	bind_now();
	t.server.accounts[0].tokens = 100;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fg_smpp_pdu pdu = a_submit(1);

		pdu.sm.source_addr = fg_smpp_text(cases[i].source);
		pdu.sm.destination_addr = fg_smpp_text(cases[i].destination);
		assert_int_equal(refusal_of(&pdu), cases[i].status);
	}
}

static void a_prefix_and_the_own_sender_are_allowed(void **state)
{
	struct fg_smpp_pdu pdu = a_submit(1);

	(void)state;
	bind_now();
	pdu.sm.source_addr_ton = 1;
	pdu.sm.source_addr = fg_smpp_text("12025550111");
	pdu.sm.destination_addr = fg_smpp_text("0012025550199");
	say(&pdu);
	assert_string_equal(t.source, "+12025550111");
	assert_string_equal(t.destination, "+12025550199");
	pdu.sm.source_addr = fg_smpp_text("");
	say(&pdu);
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
	bind_now();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fg_smpp_pdu pdu = a_submit(1 + (uint32_t)i);
		struct fg_id id = { 0 };

		pdu.sm.data_coding = cases[i].coding;
		pdu.sm.short_message =
			(struct fg_smpp_bytes){ (const uint8_t *)cases[i].octets, cases[i].len };
		say(&pdu);
		assert_string_equal(t.text, cases[i].text);
		app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	}
	struct fg_smpp_pdu binary = a_submit(9);
	evbuffer_drain(t.session->out, evbuffer_get_length(t.session->out));
	binary.sm.data_coding = 4;
	assert_int_equal(refusal_of(&binary), FG_SMPP_STATUS_RINVDCS);
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
	bind_now();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fg_smpp_pdu pdu = a_submit(1 + (uint32_t)i);
		struct fg_id id = { 0 };

		pdu.sm.esm_class = FG_SMPP_ESM_UDH;
		pdu.sm.data_coding = cases[i].coding;
		pdu.sm.short_message =
			(struct fg_smpp_bytes){ (const uint8_t *)cases[i].octets, cases[i].len };
		say(&pdu);
		assert_string_equal(t.text, cases[i].text);
		app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	}
}

static void parts_name_their_place(void **state)
{
	static const uint8_t part[] = { 6, 8, 4, 0x12, 0x34, 3, 2, 'b', 'c' };
	struct fg_smpp_pdu pdu = a_submit(1);

	(void)state;
	bind_now();
	pdu.sm.esm_class = FG_SMPP_ESM_UDH;
	pdu.sm.short_message = (struct fg_smpp_bytes){ part, sizeof(part) };
	say(&pdu);
	assert_string_equal(t.text, "bc");
	assert_int_equal(t.submission.concat_ref, 0x1234);
	assert_int_equal(t.submission.concat_total, 3);
	assert_int_equal(t.submission.concat_part, 2);
}

static void times_are_seconds_from_now(void **state)
{
	struct fg_smpp_pdu pdu = a_submit(1);

	(void)state;
	bind_now();
	pdu.sm.validity_period = fg_smpp_text("000001020304000R");
	pdu.sm.schedule_delivery_time = fg_smpp_text("000000000100000R");
	say(&pdu);
	assert_int_equal(t.submission.validity_s, 86400 + 2 * 3600 + 3 * 60 + 4);
	assert_int_equal(t.submission.delay_s, 60);
	pdu.sm.validity_period = fg_smpp_text("200101000000000+"); /* over long ago */
	assert_int_equal(refusal_of(&pdu), FG_SMPP_STATUS_RINVEXPIRY);
	pdu.sm.validity_period = fg_smpp_text("2001010000000xx+");
	assert_int_equal(refusal_of(&pdu), FG_SMPP_STATUS_RINVEXPIRY);
	pdu.sm.validity_period = fg_smpp_text("");
	pdu.sm.schedule_delivery_time = fg_smpp_text("tomorrow");
	assert_int_equal(refusal_of(&pdu), FG_SMPP_STATUS_RINVSCHED);
}

static void too_fast_and_too_many_are_throttled(void **state)
{
	struct fg_smpp_pdu pdu = a_submit(1);
	struct fg_id id = { 0 };

	(void)state;
	bind_now();
	for (int i = 0; i < 3; i++)
		say(&pdu);
	assert_int_equal(t.submissions, 3);
	assert_int_equal(refusal_of(&pdu), FG_SMPP_STATUS_RTHROTTLED); /* the window */
	app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	heard(FG_SMPP_SUBMIT_SM_RESP);
	t.session->in_flight = 0;
	say(&pdu);
	say(&pdu);
	assert_int_equal(t.submissions, 5); /* the burst is used up */
	t.session->in_flight = 0;
	assert_int_equal(refusal_of(&pdu), FG_SMPP_STATUS_RTHROTTLED);
	t.now_ms += 100; /* ten a second */
	say(&pdu);
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
	bind_now();
	assert_int_equal(t.receivers, 1);
	app_server_receipt(&t.server, &receipt, t.now_ms);
	pdu = heard(FG_SMPP_DELIVER_SM);
	assert_int_equal(pdu.sm.esm_class, FG_SMPP_ESM_RECEIPT);
	assert_ok(fg_dlr_from_text(pdu.sm.short_message.at, pdu.sm.short_message.len, &dlr));
	assert_int_equal(dlr.state, FG_DLR_DELIVERED);
	assert_memory_equal(pdu.sm.source_addr.at, "12025550199", 11);
	assert_memory_equal(pdu.sm.destination_addr.at, "Shop", 4);
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, &number) && number == 2);
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &number) &&
		    number == 4711);
	assert_true(fg_smpp_tlv_bytes(&pdu, APP_PROTECTION_TLV, &words));
	assert_memory_equal(words.at, "protection=none;bearer=sms;reason=4;segments=2", words.len);
	assert_int_equal(t.told, 0);
	answer.sequence = pdu.sequence;
	say(&answer);
	assert_int_equal(t.told, 1);
	assert_int_equal(t.outcome, FG_OUTCOME_ACCEPTED);
	say(&answer); /* twice */
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
	bind_now();
	app_server_receipt(&t.server, &receipt, t.now_ms);
	answer.sequence = heard(FG_SMPP_DELIVER_SM).sequence;
	say(&answer); /* refused */
	assert_int_equal(t.told, 2);
	assert_int_equal(t.outcome, FG_OUTCOME_DEFERRED);
	app_server_receipt(&t.server, &receipt, t.now_ms);
	t.now_ms += APP_TELL_MS;
	app_session_tick(t.session, t.now_ms); /* silence */
	assert_int_equal(t.told, 3);
	app_server_receipt(&t.server, &receipt, t.now_ms);
	app_session_free(t.session); /* gone */
	assert_int_equal(t.told, 4);
	assert_int_equal(t.outcome, FG_OUTCOME_DEFERRED);
}

static void questions_are_answered(void **state)
{
	struct fg_id id = fg_id_make(5, (const uint8_t[10]){ 9 });
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_QUERY_SM, .sequence = 3 }, answer;
	struct fg_app_answer said = { .state = FG_DLR_DELIVERED };
	char text[FG_ID_TEXT_LEN + 1];

	(void)state;
	bind_now();
	pdu.query.message_id = fg_smpp_text(fg_id_text(&id, text));
	pdu.query.source_addr = fg_smpp_text("Shop");
	say(&pdu);
	assert_int_equal(t.question.what, FG_ASK_QUERY);
	assert_int_equal(fg_id_cmp(&t.question.message_id, &id), 0);
	said.token = t.question.token;
	app_server_answer(&t.server, &said);
	answer = heard(FG_SMPP_QUERY_SM_RESP);
	assert_int_equal(answer.query_resp.message_state, 2);
	pdu = (struct fg_smpp_pdu){ .command = FG_SMPP_CANCEL_SM, .sequence = 4 };
	pdu.cancel.message_id = fg_smpp_text(text);
	say(&pdu);
	said = (struct fg_app_answer){ .token = t.question.token, .rc = FG_E_DENIED };
	app_server_answer(&t.server, &said);
	assert_int_equal(heard(FG_SMPP_CANCEL_SM_RESP).status, FG_SMPP_STATUS_RCANCELFAIL);
	pdu.cancel.message_id = fg_smpp_text("nonsense");
	say(&pdu);
	assert_int_equal(heard(FG_SMPP_CANCEL_SM_RESP).status, FG_SMPP_STATUS_RINVMSGID);
	pdu = (struct fg_smpp_pdu){ .command = FG_SMPP_REPLACE_SM, .sequence = 5 };
	pdu.replace.message_id = fg_smpp_text(text);
	pdu.replace.short_message = fg_smpp_text("new words");
	say(&pdu);
	assert_string_equal(t.text, "new words");
	assert_int_equal(t.questions, 3);
}

static void strangers_have_little_room_and_time(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\n\r\n";
	struct app_session *other = app_session_new(&t.server, t.now_ms);
	struct fg_smpp_pdu pdu = a_submit(1);

	(void)state;
	say(&pdu);
	assert_int_equal(heard(FG_SMPP_SUBMIT_SM_RESP).status, FG_SMPP_STATUS_RINVBNDSTS);
	t.now_ms += APP_UNBOUND_MS;
	app_session_tick(t.session, t.now_ms);
	assert_int_equal(t.session->state, APP_CLOSING);
	t.session = other;
	assert_true(say_bytes(http, sizeof(http) - 1) == SIZE_MAX);
	t.session = app_session_new(&t.server, t.now_ms);
	assert_true(say_bytes("\x00\x00\x01\x01", 4) == SIZE_MAX); /* 257 octets */
}

static void a_bad_pdu_costs_only_itself(void **state)
{
	static const uint8_t unknown[] = { 0, 0, 0, 16, 0, 0, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 42 };
	static const uint8_t cut[] = { 0, 0, 0, 18, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 43, 'x', 'y' };
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_ENQUIRE_LINK, .sequence = 44 }, answer;

	(void)state;
	bind_now();
	assert_int_equal(say_bytes(unknown, sizeof(unknown)), sizeof(unknown));
	answer = heard(FG_SMPP_GENERIC_NACK);
	assert_int_equal(answer.sequence, 42);
	assert_int_equal(answer.status, FG_SMPP_STATUS_RINVCMDID);
	assert_int_equal(say_bytes(cut, sizeof(cut)), sizeof(cut));
	assert_int_equal(heard(FG_SMPP_GENERIC_NACK).sequence, 43);
	say(&pdu);
	assert_int_equal(heard(FG_SMPP_ENQUIRE_LINK_RESP).sequence, 44);
	pdu.command = FG_SMPP_SUBMIT_SM_RESP; /* nobody asked */
	say(&pdu);
	expect_silence();
}

static void an_answer_after_the_end_of_its_connection_goes_nowhere(void **state)
{
	struct fg_smpp_pdu pdu = a_submit(1);
	struct fg_id id = { 0 };

	(void)state;
	bind_now();
	say(&pdu);
	app_session_free(t.session);
	app_server_taken(&t.server, t.submission.token, &id, FG_OK);
	assert_int_equal(t.server.pending_count, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(only_the_right_password_binds),
		CASE(slow_looks_at_passwords_are_few),
		CASE(an_account_has_so_many_binds),
		CASE(a_message_is_answered_when_it_is_durable),
		CASE(a_refusal_says_why),
		CASE(senders_and_recipients_are_checked),
		CASE(a_prefix_and_the_own_sender_are_allowed),
		CASE(codings_become_one_text),
		CASE(national_tables_of_a_header_are_used),
		CASE(parts_name_their_place),
		CASE(times_are_seconds_from_now),
		CASE(too_fast_and_too_many_are_throttled),
		CASE(a_receipt_has_all_fields_and_is_told),
		CASE(what_was_not_taken_is_told_again_later),
		CASE(questions_are_answered),
		CASE(strangers_have_little_room_and_time),
		CASE(a_bad_pdu_costs_only_itself),
		CASE(an_answer_after_the_end_of_its_connection_goes_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
