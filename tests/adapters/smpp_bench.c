/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/adapters/smpp_bench.h"

#include <talloc.h>

struct smpp_bench t;

void on_send(void *arg, const void *data, size_t len)
{
	(void)arg;
	assert_true(t.out_len + len <= sizeof(t.out));
	memcpy(t.out + t.out_len, data, len);
	t.out_len += len;
}

/* The adapter under the host: just the session. */
static enum fg_rc session_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			       const struct fg_conf_links *conf, void **adapter_out)
{
	(void)loop;
	*adapter_out = t.account = fg_smpp_account_new(ctx, host, conf, t.now_ms);
	t.session = fg_smpp_session_new(t.account, FG_SMPP_TRX, on_send, NULL);
	return t.session ? FG_OK : FG_E_NO_MEMORY;
}
static enum fg_rc session_job(void *adapter, const struct fg_job *job)
{
	enum fg_rc rc = fg_smpp_account_job(adapter, job, t.now_ms);

	fg_smpp_account_turn_end(adapter, t.now_ms);
	return rc;
}
static void session_stored(void *adapter, uint64_t token)
{
	fg_smpp_account_stored(adapter, token);
}
static void session_drain(void *adapter)
{
	fg_smpp_account_drain(adapter, t.now_ms);
}
static void session_close(void *adapter)
{
	(void)adapter;
	fg_smpp_session_disconnected(t.session, "closed");
}
static const struct fg_adapter_ops ops = {
	.name = "session",
	.open = session_open,
	.job = session_job,
	.stored = session_stored,
	.drain = session_drain,
	.close = session_close,
};

struct fg_smpp_pdu expect(uint32_t command)
{
	struct fg_smpp_pdu pdu;
	size_t len;

	assert_ok(fg_smpp_frame(t.out + t.out_at, t.out_len - t.out_at, FG_SMPP_PDU_MAX, &len));
	assert_ok(fg_smpp_decode(t.out + t.out_at, len, &pdu));
	t.out_at += len;
	if (pdu.command != command)
		fail_msg("%s instead of %s", fg_smpp_command_name(pdu.command),
			 fg_smpp_command_name(command));
	return pdu;
}

void expect_nothing(void)
{
	assert_int_equal(t.out_at, t.out_len);
}

void say_pdu(const struct fg_smpp_pdu *pdu)
{
	uint8_t octets[1024];
	size_t len;

	assert_ok(fg_smpp_encode(pdu, octets, sizeof(octets), &len));
	fg_smpp_session_bytes(t.session, octets, len, t.now_ms);
}

void say(uint32_t command, uint32_t sequence, uint32_t status)
{
	struct fg_smpp_pdu pdu = { .command = command, .sequence = sequence, .status = status };

	if (command == FG_SMPP_SUBMIT_SM_RESP)
		pdu.sm_resp.message_id = fg_smpp_text(status ? "" : "ref-1");
	say_pdu(&pdu);
}

void say_receipt(uint32_t sequence, const char *id)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM, .sequence = sequence };

	pdu.sm.source_addr_ton = pdu.sm.source_addr_npi = 1;
	pdu.sm.source_addr = fg_smpp_text("12025550199");
	pdu.sm.destination_addr = fg_smpp_text("12025550101");
	pdu.sm.esm_class = FG_SMPP_ESM_RECEIPT;
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, id, strlen(id) + 1));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, FG_DLR_DELIVERED));
	say_pdu(&pdu);
}

void move(uint64_t ms)
{
	t.now_ms += ms;
	fg_smpp_account_tick(t.account, t.now_ms);
}

int smpp_setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.now_ms = 1000000;
	t.ctx = talloc_new(NULL);
	t.recorder = recorder_new(t.ctx);
	recorder_conf("smpp", &t.conf);
	t.conf.window = 2;
	assert_ok(fg_host_open(t.recorder->host, &ops, NULL, &t.conf));
	return 0;
}

void bind_it(void)
{
	struct fg_smpp_pdu pdu;

	fg_smpp_session_connected(t.session, t.now_ms);
	pdu = expect(FG_SMPP_BIND_TRANSCEIVER);
	assert_int_equal(pdu.bind.interface_version, 0x34);
	say(FG_SMPP_BIND_TRANSCEIVER_RESP, pdu.sequence, 0);
	assert_true(t.recorder->state.up);
}

int smpp_teardown(void **state)
{
	(void)state;
	fg_host_close(t.recorder->host);
	assert_int_equal(fg_host_bugs(t.recorder->host), 0);
	talloc_free(t.ctx);
	return 0;
}

char *of_length(char *text, size_t len)
{
	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

void smpp_open_again(void)
{
	fg_host_close(t.recorder->host);
	t.out_len = t.out_at = 0;
	assert_ok(fg_host_open(t.recorder->host, &ops, NULL, &t.conf));
}

void reopen(void)
{
	smpp_open_again();
	bind_it();
}

void answer(uint32_t status)
{
	say(FG_SMPP_SUBMIT_SM_RESP, expect(FG_SMPP_SUBMIT_SM).sequence, status);
}
