/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bound session with three jobs, the last of three parts, and a peer that says anything at any time. Input: pieces of one
 * octet n and n octets; n of 240 and above moves the clock instead, by (n - 239) * 5 seconds.
 * Messages of phones are stored or refused. Whatever comes, every job has exactly one outcome in the end.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "adapters/smpp/session.h"
#include "lib/wire/smpp.h"
#include "tests/adapters/recorder.h"

static struct fg_smpp_account *account;
static struct fg_smpp_session *session;
static struct fg_conf_links conf;
static uint64_t now_ms;

static void on_send(void *arg, const void *data, size_t len)
{
	size_t pdu_len;

	(void)arg;
	if (fg_smpp_frame(data, len, FG_SMPP_PDU_MAX, &pdu_len) != FG_OK || pdu_len != len)
		abort();
}

static enum fg_rc on_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			  const struct fg_conf_links *link_conf, void **adapter_out)
{
	(void)loop;
	*adapter_out = account = fg_smpp_account_new(ctx, host, link_conf, now_ms);
	session = fg_smpp_session_new(account, FG_SMPP_TRX, on_send, NULL);
	return session ? FG_OK : FG_E_NO_MEMORY;
}
static enum fg_rc on_job(void *adapter, const struct fg_job *job)
{
	return fg_smpp_account_job(adapter, job, now_ms);
}
static void on_stored(void *adapter, uint64_t token)
{
	fg_smpp_account_stored(adapter, token);
}
static void on_taken(void *adapter, uint64_t token, const struct fg_id *message_id, enum fg_rc rc)
{
	(void)message_id;
	fg_smpp_account_taken(adapter, token, rc);
}
static void on_drain(void *adapter)
{
	fg_smpp_account_drain(adapter, now_ms);
}
static void on_close(void *adapter)
{
	(void)adapter;
	fg_smpp_session_disconnected(session, "closed");
}
static const struct fg_adapter_ops ops = {
	.name = "session",
	.open = on_open,
	.job = on_job,
	.stored = on_stored,
	.taken = on_taken,
	.drain = on_drain,
	.close = on_close,
};

/* Sequence 1 is the bind, 2 to 6 are the submits. */
static struct recorder *begin(void *ctx)
{
	static const uint8_t bound[] = { 0, 0, 0, 17, 0x80, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
	struct recorder *recorder = recorder_new(ctx);
	char text[401] = "";

	if (!conf.window) {
		recorder_conf("smpp", &conf);
		conf.mark_tlv = 0x1612;
		conf.query_after_s = 60;
	}
	now_ms = 1000000;
	if (fg_host_open(recorder->host, &ops, NULL, &conf) != FG_OK)
		abort();
	fg_smpp_session_connected(session, now_ms);
	fg_smpp_session_bytes(session, bound, sizeof(bound), now_ms);
	recorder_give(recorder, 1, "+12025550199", "one");
	recorder_give(recorder, 2, "+12025550198", "two");
	memset(text, 'x', sizeof(text) - 1);
	recorder_give(recorder, 3, "+12025550197", text);
	return recorder;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *ctx = talloc_new(NULL);
	struct recorder *recorder = begin(ctx);

	while (len > 0 && recorder->reports_count < RECORDED_MAX - 2) {
		size_t n = *data++;

		len--;
		if (n >= 240) {
			now_ms += (n - 239) * 5000;
			fg_smpp_account_tick(account, now_ms);
			continue;
		}
		n = n < len ? n : len;
		recorder->report_rc =
			recorder->reports_count < RECORDED_MAX / 2 ? FG_OK : FG_E_IPC_FULL;
		recorder->submit_rc =
			recorder->submissions_count < RECORDED_MAX / 2 ? FG_OK : FG_E_IPC_FULL;
		fg_smpp_session_bytes(session, data, n, now_ms);
		data += n;
		len -= n;
		if (recorder->submissions_count > 0)
			fg_host_taken(
				recorder->host,
				recorder->submissions[recorder->submissions_count - 1].said.token,
				&(struct fg_id){ { 1 } }, n % 2 ? FG_OK : FG_E_NOT_FOUND);
		if (recorder->reports_count > 0)
			fg_host_stored(recorder->host,
				       recorder->reports[recorder->reports_count - 1].token);
	}
	recorder->report_rc = FG_E_IPC_FULL;
	fg_host_close(recorder->host);
	if (!recorder_outcome(recorder, 1) || !recorder_outcome(recorder, 2) ||
	    !recorder_outcome(recorder, 3) || fg_host_bugs(recorder->host) != 0)
		abort();
	talloc_free(ctx);
	return 0;
}
