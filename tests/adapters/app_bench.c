/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/adapters/app_bench.h"

#include <stdio.h>
#include <string.h>
#include "lib/crypto/password.h"

#define t app_bench
struct app_bench app_bench;

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
	t.tokens[t.submissions % 64] = submission->token;
	snprintf(t.destinations[t.submissions % 64], sizeof(t.destinations[0]), "%s",
		 submission->destination);
	t.submissions++;
	t.submission = *submission;
	if (submission->key.len)
		memcpy(t.key, submission->key.data, submission->key.len);
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

int app_bench_begin(void **state)
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
	t.conf.links[0].key_tlv = APP_BENCH_KEY_TLV;
	t.conf.links[0].protection_tlv = 0x1420;
	t.conf.links[0].password_max = 8;
	assert_ok(app_server_init(&t.server, t.host, &t.conf, &t.conf.links[0]));
	t.server.loop = t.loop;
	t.session = app_session_new(&t.server, t.now_ms);
	assert_non_null(t.session);
	return 0;
}

int app_bench_end(void **state)
{
	(void)state;
	app_server_wipe(&t.server);
	talloc_free(t.ctx);
	return 0;
}

size_t app_bench_say_bytes(const void *octets, size_t len)
{
	return app_session_input(t.session, octets, len, t.now_ms);
}

void app_bench_say(const struct fg_smpp_pdu *pdu)
{
	uint8_t octets[4096];
	size_t len;

	assert_ok(fg_smpp_encode(pdu, octets, sizeof(octets), &len));
	assert_int_equal(app_bench_say_bytes(octets, len), len);
}

struct fg_smpp_pdu app_bench_heard(uint32_t command)
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

void app_bench_expect_silence(void)
{
	assert_int_equal(evbuffer_get_length(t.session->out), 0);
}

void app_bench_wait(uint64_t ms)
{
	t.now_ms += ms;
	app_login_turn(&t.server, t.now_ms);
}

void app_bench_say_bind(uint32_t command, const char *password)
{
	struct fg_smpp_pdu pdu = { .command = command, .sequence = 1 };

	pdu.bind.system_id = fg_smpp_text("shop");
	pdu.bind.password = fg_smpp_text(password);
	pdu.bind.interface_version = 0x34;
	app_bench_say(&pdu);
}

uint32_t app_bench_bind_with(uint32_t command, const char *password)
{
	app_bench_say_bind(command, password);
	for (int i = 0; i < 100 && evbuffer_get_length(t.session->out) == 0; i++)
		app_bench_wait(100);
	return app_bench_heard(command | FG_SMPP_RESPONSE).status;
}

void app_bench_bind(void)
{
	assert_int_equal(app_bench_bind_with(FG_SMPP_BIND_TRANSCEIVER, "secret"), 0);
	app_server_say_bound(&t.server);
}

struct fg_smpp_pdu app_bench_submit(uint32_t sequence)
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

uint32_t app_bench_refusal_of(const struct fg_smpp_pdu *pdu)
{
	unsigned before = t.submissions;
	uint32_t status;

	app_bench_say(pdu);
	status = app_bench_heard(FG_SMPP_SUBMIT_SM_RESP).status;
	assert_int_equal(t.submissions, before);
	return status;
}

const char *app_bench_word(const struct fg_smpp_pdu *pdu)
{
	static char word[64];
	struct fg_smpp_bytes text;

	*word = '\0';
	if (fg_smpp_tlv_bytes(pdu, FG_SMPP_TLV_ADDITIONAL_STATUS_INFO_TEXT, &text))
		snprintf(word, sizeof(word), "%.*s", (int)text.len, (const char *)text.at);
	return word;
}
