/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CPU of one message in the process of an smpp link, without sockets and channels: a JOB frame
 * becomes a submit_sm, its response an OUTCOME frame, a receipt a report that is stored and
 * acknowledged. smpp_link_bench [MESSAGES [WINDOW]]. Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <talloc.h>
#include "adapters/host.h"
#include "adapters/smpp/session.h"
#include "lib/base/log.h"
#include "lib/crypto/clear.h"
#include "lib/wire/smpp.h"

enum { OUT_MAX = 1 << 20 };

static struct {
	struct fg_adapter_host *host;
	struct fg_smpp_account *account;
	struct fg_smpp_session *session;
	uint8_t out[OUT_MAX];
	size_t out_len;
	uint64_t now_ms;
	unsigned long accepted, reports, states, tokens;
	uint64_t token[4096];
} t = { .now_ms = 1000000 };

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void on_send(void *arg, const void *data, size_t len)
{
	(void)arg;
	must(t.out_len + len <= OUT_MAX);
	memcpy(t.out + t.out_len, data, len);
	t.out_len += len;
}

static enum fg_rc on_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			  const struct fg_conf_links *conf, void **adapter_out)
{
	(void)loop;
	*adapter_out = t.account = fg_smpp_account_new(ctx, host, conf, t.now_ms);
	t.session = fg_smpp_session_new(t.account, FG_SMPP_TRX, on_send, NULL);
	return FG_OK;
}
static enum fg_rc on_job(void *adapter, const struct fg_job *job)
{
	return fg_smpp_account_job(adapter, job, t.now_ms);
}
static void on_stored(void *adapter, uint64_t token)
{
	fg_smpp_account_stored(adapter, token);
}
static void on_drain(void *adapter)
{
	(void)adapter;
}
static void on_close(void *adapter)
{
	(void)adapter;
	fg_smpp_session_disconnected(t.session, "closed");
}
static const struct fg_adapter_ops adapter_ops = {
	.name = "bench",
	.open = on_open,
	.job = on_job,
	.stored = on_stored,
	.drain = on_drain,
	.close = on_close,
};

static void host_state(void *arg, const struct fg_host_link_state *state)
{
	(void)arg;
	(void)state;
	t.states++;
}
static void host_outcome(void *arg, const struct fg_job_outcome *outcome)
{
	uint8_t refs[FG_HOST_REFS_MAX];
	struct fg_frame frame;

	(void)arg;
	fg_host_outcome_to_frame(outcome, refs, &frame);
	t.accepted += outcome->outcome == FG_OUTCOME_ACCEPTED;
}
static enum fg_rc host_report(void *arg, const struct fg_delivery_report *report)
{
	(void)arg;
	t.token[t.tokens++] = report->token;
	t.reports++;
	return FG_OK;
}
static void host_drained(void *arg)
{
	(void)arg;
}
static const struct fg_host_ops host_ops = { host_state, host_outcome, host_report, host_drained };

static void give(unsigned long n)
{
	static const char text[] =
		"(Not encrypted) Your appointment is on Tuesday at 10:30. Reply STOP to end.";
	static const uint8_t offset[4] = { 0 };
	char destination[20];
	uint32_t offsets[FG_PARTS_MAX];
	struct fg_ipc_job frame = { .leg = 1,
				    .text = FG_BYTES(text, sizeof(text) - 1),
				    .parts = 1,
				    .offsets = FG_BYTES(offset, 4),
				    .message_reference = (uint16_t)n,
				    .validity_s = 3600 };
	struct fg_job job;

	memcpy(frame.message_id.b + 8, &n, sizeof(n));
	snprintf(destination, sizeof(destination), "+1202%07lu", n % 10000000);
	frame.destination = FG_BYTES_TEXT(destination);
	frame.source = FG_BYTES_TEXT("+12025550100");
	must(fg_host_job_from_frame(&frame, offsets, &job) == FG_OK);
	fg_host_job_take(t.host, &job);
}

static size_t add(uint8_t *in, size_t len, const struct fg_smpp_pdu *pdu)
{
	size_t more;

	must(fg_smpp_encode(pdu, in + len, OUT_MAX - len, &more) == FG_OK);
	return len + more;
}

/* What an SMSC answers to all that was written; its CPU is not counted. */
static size_t answer(uint8_t *in, bool receipts, unsigned long *id)
{
	size_t at = 0, len = 0, pdu_len;

	for (; at < t.out_len; at += pdu_len) {
		struct fg_smpp_pdu pdu, response = { 0 };
		char ref[20], text[160];

		must(fg_smpp_frame(t.out + at, t.out_len - at, FG_SMPP_PDU_MAX, &pdu_len) == FG_OK);
		must(fg_smpp_decode(t.out + at, pdu_len, &pdu) == FG_OK);
		if (pdu.command & FG_SMPP_RESPONSE)
			continue;
		response.command = pdu.command | FG_SMPP_RESPONSE;
		response.sequence = pdu.sequence;
		snprintf(ref, sizeof(ref), "%lu", ++*id);
		if (pdu.command == FG_SMPP_SUBMIT_SM)
			response.sm_resp.message_id = fg_smpp_text(ref);
		len = add(in, len, &response);
		if (!receipts || pdu.command != FG_SMPP_SUBMIT_SM)
			continue;
		snprintf(text, sizeof(text),
			 "id:%s sub:001 dlvrd:001 submit date:2611240700 done date:2611240700 "
			 "stat:DELIVRD err:000 text:",
			 ref);
		response = (struct fg_smpp_pdu){ .command = FG_SMPP_DELIVER_SM,
						 .sequence = pdu.sequence };
		response.sm.source_addr_ton = 1;
		response.sm.source_addr = pdu.sm.destination_addr;
		response.sm.destination_addr = pdu.sm.source_addr;
		response.sm.esm_class = FG_SMPP_ESM_RECEIPT;
		response.sm.short_message = fg_smpp_text(text);
		len = add(in, len, &response);
	}
	t.out_len = 0;
	return len;
}

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void conf_fill(struct fg_conf_links *conf, unsigned window)
{
	static const char text[] = "links = ( { name = \"bench\"; adapter = \"smpp\"; } );";
	static struct fg_conf all;

	(void)fg_conf_parse(text, sizeof(text) - 1, "bench", &all, NULL, NULL);
	*conf = all.links[0];
	conf->window = window;
	conf->rate = 100000;
	conf->burst = 100000;
	conf->queue = 0;
}

int main(int argc, char **argv)
{
	unsigned long messages = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000, given = 0, id = 0;
	unsigned window = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
	void *ctx = talloc_new(NULL);
	uint8_t *in = malloc(OUT_MAX);
	struct fg_conf_links conf;
	double jobs_us = 0, answers_us = 0, from;
	size_t len;

	must(in && fg_crypto_init() == FG_OK && fg_log_init(ctx, "bench", "error") == FG_OK);
	fg_clear_allow_unlocked();
	conf_fill(&conf, window);
	t.host = fg_host_new(ctx, "bench", &host_ops, NULL);
	must(fg_host_open(t.host, &adapter_ops, NULL, &conf) == FG_OK);
	fg_smpp_session_connected(t.session, t.now_ms);
	len = answer(in, false, &id);
	fg_smpp_session_bytes(t.session, in, len, t.now_ms);
	while (given < messages) {
		t.now_ms += 100;
		from = cpu_us();
		for (unsigned i = 0; i < window && given < messages; i++)
			give(given++);
		fg_smpp_account_turn_end(t.account, t.now_ms);
		jobs_us += cpu_us() - from;
		len = answer(in, true, &id);
		from = cpu_us();
		fg_smpp_session_bytes(t.session, in, len, t.now_ms);
		while (t.tokens > 0)
			fg_host_stored(t.host, t.token[--t.tokens]);
		fg_smpp_account_turn_end(t.account, t.now_ms);
		answers_us += cpu_us() - from;
		(void)answer(in, true, &id);
	}
	printf("{\"messages\": %lu, \"window\": %u, \"accepted\": %lu, \"reports\": %lu, "
	       "\"states\": %lu, \"job_us\": %.2f, \"answer_us\": %.2f, \"total_us\": %.2f}\n",
	       given, window, t.accepted, t.reports, t.states, jobs_us / (double)given,
	       answers_us / (double)given, (jobs_us + answers_us) / (double)given);
	fg_host_close(t.host);
	must(fg_host_bugs(t.host) == 0 && t.accepted == messages && t.reports == messages);
	talloc_free(ctx);
	free(in);
	return 0;
}
