/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages of phones on their way to an application that is bound: what it gets, and what the host hears of it.
 */
#include "tests/support/fg_test.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include "adapters/smpp_server/server.h"
#include "lib/crypto/clear.h"
#include "lib/crypto/password.h"
#include "lib/wire/smpp_status.h"
#include "tests/adapters/recorder.h"

static struct {
	void *ctx;
	struct recorder *recorder;
	struct fg_conf conf;
	struct app_server server;
	struct app_session *session;
	uint64_t now_ms;
} t;

static enum fg_rc fake_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			    const struct fg_conf_links *conf, void **adapter_out)
{
	(void)ctx, (void)loop, (void)conf;
	*adapter_out = &t;
	fg_host_state(host, true, APP_JOBS_MAX, 0, 0, "");
	return FG_OK;
}

static enum fg_rc fake_job(void *adapter, const struct fg_job *job)
{
	enum fg_rc rc = app_deliver(&t.server, job, t.now_ms);

	(void)adapter;
	if (rc != FG_OK)
		fg_job_text_free(job->text);
	return rc;
}

static void fake_close(void *adapter)
{
	(void)adapter;
}

static const struct fg_adapter_ops fake = {
	.name = "fake", .open = fake_open, .job = fake_job, .close = fake_close
};

static void connect_it(void)
{
	t.session = app_session_new(&t.server, t.now_ms);
	assert_non_null(t.session);
}

static int begin(void **state)
{
	struct fg_conf_accounts *account = &t.conf.accounts[0];

	(void)state;
	memset(&t, 0, sizeof(t));
	t.now_ms = 1000000;
	t.ctx = talloc_new(NULL);
	t.recorder = recorder_new(t.ctx);
	t.conf.accounts_count = 1;
	strcpy(account->name, "shop");
	strcpy(account->numbers, "12345,+1202555*");
	assert_ok(fg_password_hash("secret", 6, account->secret));
	strcpy(account->message_class, "normal");
	account->binds = account->window = account->rate = account->burst = 10;
	strcpy(t.conf.links[0].name, "apps");
	t.conf.links[0].protection_tlv = 0x1420;
	t.conf.links[0].password_max = 8;
	assert_ok(app_server_init(&t.server, t.recorder->host, &t.conf, &t.conf.links[0]));
	t.server.loop = fg_loop_new(t.ctx);
	assert_ok(fg_host_open(t.recorder->host, &fake, t.server.loop, &t.conf.links[0]));
	connect_it();
	return 0;
}

static int end(void **state)
{
	(void)state;
	app_server_wipe(&t.server);
	fg_host_close(t.recorder->host);
	assert_int_equal(fg_host_bugs(t.recorder->host), 0);
	talloc_free(t.ctx);
	return 0;
}

static void say(const struct fg_smpp_pdu *pdu)
{
	uint8_t octets[4096];
	size_t len;

	assert_ok(fg_smpp_encode(pdu, octets, sizeof(octets), &len));
	assert_int_equal(app_session_input(t.session, octets, len, t.now_ms), len);
}

static struct fg_smpp_pdu heard(uint32_t command)
{
	static uint8_t octets[65536];
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

static void bind_as(uint32_t command)
{
	struct fg_smpp_pdu pdu = { .command = command, .sequence = 1 };

	pdu.bind.system_id = fg_smpp_text("shop");
	pdu.bind.password = fg_smpp_text("secret");
	pdu.bind.interface_version = 0x34;
	say(&pdu);
	assert_int_equal(heard(command | FG_SMPP_RESPONSE).status, 0);
}

static void give(unsigned n, const char *number, const char *text)
{
	struct recorder_job job;

	recorder_job_make(n, number, text, &job);
	job.job.parts = 1;
	fg_host_job_take(t.recorder->host, &job.job);
}

static void answer_it(const struct fg_smpp_pdu *pdu, uint32_t status)
{
	struct fg_smpp_pdu said = { .command = FG_SMPP_DELIVER_SM_RESP,
				    .sequence = pdu->sequence,
				    .status = status };

	say(&said);
}

static void the_application_gets_it_and_says_so(void **state)
{
	struct fg_smpp_pdu pdu;
	struct fg_smpp_bytes words;

	(void)state;
	bind_as(FG_SMPP_BIND_RECEIVER);
	give(1, "12345", "hello");
	pdu = heard(FG_SMPP_DELIVER_SM);
	assert_int_equal(pdu.sm.esm_class, 0);
	assert_memory_equal(pdu.sm.source_addr.at, "12025550101", 11);
	assert_int_equal(pdu.sm.source_addr_ton, 1);
	assert_memory_equal(pdu.sm.destination_addr.at, "12345", 5);
	assert_int_equal(pdu.sm.dest_addr_ton, 0);
	assert_int_equal(pdu.sm.short_message.len, 5);
	assert_memory_equal(pdu.sm.short_message.at, "hello", 5);
	assert_true(fg_smpp_tlv_bytes(&pdu, 0x1420, &words));
	assert_memory_equal(words.at, "protection=none;", 16);
	assert_null(recorder_outcome(t.recorder, 1));
	answer_it(&pdu, 0);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_ACCEPTED);
}

static void a_long_one_is_a_payload(void **state)
{
	char text[700];
	struct fg_smpp_pdu pdu;
	struct fg_smpp_bytes payload;

	(void)state;
	bind_as(FG_SMPP_BIND_TRANSCEIVER);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "\xd0\x9f", 2); /* not in GSM */
	give(1, "+12025550102", text);
	pdu = heard(FG_SMPP_DELIVER_SM);
	assert_int_equal(pdu.sm.data_coding, 8);
	assert_int_equal(pdu.sm.short_message.len, 0);
	assert_true(fg_smpp_tlv_bytes(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, &payload));
	assert_int_equal(payload.len, 2 * (sizeof(text) - 2));
	answer_it(&pdu, 0);
}

static void who_is_not_there_gets_it_later(void **state)
{
	struct fg_smpp_pdu pdu;

	(void)state;
	give(1, "12345", "hello"); /* nobody is bound */
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_DEFERRED);
	bind_as(FG_SMPP_BIND_TRANSMITTER); /* takes none */
	give(2, "12345", "hello");
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_DEFERRED);
	connect_it();
	bind_as(FG_SMPP_BIND_RECEIVER);
	give(3, "12345", "hello");
	heard(FG_SMPP_DELIVER_SM);
	app_session_free(t.session); /* before it answered */
	assert_int_equal(recorder_outcome(t.recorder, 3)->outcome, FG_OUTCOME_DEFERRED);
	connect_it();
	bind_as(FG_SMPP_BIND_RECEIVER);
	give(4, "12345", "hello");
	heard(FG_SMPP_DELIVER_SM);
	t.now_ms += APP_TELL_MS + 1;
	app_tell_timeouts(t.session, t.now_ms);
	assert_int_equal(recorder_outcome(t.recorder, 4)->outcome, FG_OUTCOME_DEFERRED);
	give(5, "12345", "hello");
	pdu = heard(FG_SMPP_DELIVER_SM);
	answer_it(&pdu, FG_SMPP_STATUS_RMSGQFUL);
	assert_int_equal(recorder_outcome(t.recorder, 5)->outcome, FG_OUTCOME_DEFERRED);
}

static void what_is_refused_for_good_has_failed(void **state)
{
	struct fg_smpp_pdu pdu;

	(void)state;
	bind_as(FG_SMPP_BIND_RECEIVER);
	give(1, "12345", "hello");
	pdu = heard(FG_SMPP_DELIVER_SM);
	answer_it(&pdu, FG_SMPP_STATUS_RX_P_APPN);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_FAILED);
	assert_int_equal(recorder_outcome(t.recorder, 1)->carrier_code, FG_SMPP_STATUS_RX_P_APPN);
	give(2, "54321", "hello"); /* nobody's number */
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_FAILED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_application_gets_it_and_says_so),
		CASE(a_long_one_is_a_payload),
		CASE(who_is_not_there_gets_it_later),
		CASE(what_is_refused_for_good_has_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
