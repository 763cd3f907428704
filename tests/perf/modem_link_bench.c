/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CPU of one message in the process of a modem link, without device and channels: a JOB frame becomes
 * AT+CMGS and a PDU, the answer an OUTCOME frame, a status report one that is stored and acknowledged; what is
 * remembered goes to a file. modem_link_bench [MESSAGES].
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <talloc.h>
#include "adapters/host.h"
#include "adapters/modem/session.h"
#include "lib/base/log.h"
#include "lib/crypto/clear.h"
#include "lib/wire/tpdu.h"

enum { LINE_MAX_LEN = 1024, ANSWERS_MAX = 4096 };

static struct {
	struct fg_adapter_host *host;
	struct fg_modem_session *session;
	struct fg_modem_time now;
	char line[LINE_MAX_LEN], answers[ANSWERS_MAX], destination[20];
	size_t line_len, answers_len;
	uint8_t reference;
	unsigned long accepted, reports;
	uint64_t token;
	double peer_us;
} t = { .now = { 1000000, UINT64_C(1750000000000) } };

static void must(bool truth)
{
	if (!truth)
		abort();
}

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* ---- the modem, whose CPU is not counted ---- */

static void answer(const char *text)
{
	size_t len = strlen(text);

	must(t.answers_len + len < ANSWERS_MAX);
	memcpy(t.answers + t.answers_len, text, len);
	t.answers_len += len;
}

static void answer_body(void)
{
	struct fg_tpdu_status_report report = { .reference = t.reference };
	char text[512], hex[400];
	uint8_t octets[FG_TPDU_MAX];
	size_t len;

	snprintf(text, sizeof(text), "\r\n+CMGS: %u\r\n\r\nOK\r\n", t.reference++);
	answer(text);
	must(fg_tpdu_address_from(t.destination, strlen(t.destination), &report.recipient) ==
	     FG_OK);
	must(fg_tpdu_time_of((int64_t)(t.now.wall_ms / 1000), 0, &report.time) == FG_OK);
	report.discharge = report.time;
	must(fg_tpdu_status_report_encode(&report, octets, sizeof(octets), &len) == FG_OK);
	must(fg_tpdu_hex(octets, len, hex, sizeof(hex)) == FG_OK);
	snprintf(text, sizeof(text), "\r\n+CDS: %zu\r\n00%s\r\n", len, hex);
	answer(text);
}

static void command(const char *line)
{
	if (strncmp(line, "AT+CMGS", 7) == 0)
		answer("\r\n> ");
	else if (strncmp(line, "AT+CPIN?", 8) == 0)
		answer("\r\n+CPIN: READY\r\n\r\nOK\r\n");
	else if (strncmp(line, "AT", 2) == 0)
		answer("\r\nOK\r\n");
	else
		answer_body();
}

static void on_send(void *arg, const void *data, size_t len)
{
	const char *octets = data;
	double from = cpu_us();

	(void)arg;
	for (size_t i = 0; i < len; i++) {
		if (octets[i] == '\r' || octets[i] == 0x1A) {
			t.line[t.line_len] = '\0';
			if (t.line_len > 0)
				command(t.line);
			t.line_len = 0;
		} else if (octets[i] != 0x1B) {
			must(t.line_len < LINE_MAX_LEN - 1);
			t.line[t.line_len++] = octets[i];
		}
	}
	t.peer_us += cpu_us() - from;
}

static void run(void)
{
	static char octets[ANSWERS_MAX];
	size_t len;

	while ((len = t.answers_len) > 0) {
		memcpy(octets, t.answers, len);
		t.answers_len = 0;
		fg_modem_session_bytes(t.session, octets, len, t.now);
	}
}

static void move(uint64_t ms)
{
	t.now.mono_ms += ms;
	t.now.wall_ms += ms;
	fg_modem_session_tick(t.session, t.now);
	run();
}

/* ---- the host ---- */

static enum fg_rc on_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			  const struct fg_conf_links *conf, void **adapter_out)
{
	struct fg_modem_state *state = fg_modem_state_new(ctx, memfd_create("state", MFD_CLOEXEC));

	(void)loop;
	*adapter_out = t.session = fg_modem_session_new(ctx, host, conf, state, on_send, NULL);
	return t.session ? FG_OK : FG_E_NO_MEMORY;
}
static enum fg_rc on_job(void *adapter, const struct fg_job *job)
{
	return fg_modem_session_job(adapter, job, t.now);
}
static void on_stored(void *adapter, uint64_t token)
{
	fg_modem_session_stored(adapter, token, t.now);
}
static void on_drain(void *adapter)
{
	(void)adapter;
}
static void on_close(void *adapter)
{
	fg_modem_session_closed(adapter, "closed", t.now);
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
	t.token = report->token;
	t.reports++;
	return FG_OK;
}
static void host_drained(void *arg)
{
	(void)arg;
}
static const struct fg_host_ops host_ops = {
	.state = host_state, .outcome = host_outcome, .report = host_report, .drained = host_drained
};

static void give(unsigned long n)
{
	static const char text[] =
		"(Not encrypted) Your appointment is on Tuesday at 10:30. Reply STOP to end.";
	static const uint8_t offset[4] = { 0 };
	uint32_t offsets[FG_PARTS_MAX];
	struct fg_ipc_job frame = { .leg = 1,
				    .text = FG_BYTES(text, sizeof(text) - 1),
				    .parts = 1,
				    .offsets = FG_BYTES(offset, 4),
				    .message_reference = (uint16_t)n,
				    .validity_s = 3600 };
	struct fg_job job;

	memcpy(frame.message_id.b + 8, &n, sizeof(n));
	snprintf(t.destination, sizeof(t.destination), "+1202%07lu", n % 10000000);
	frame.destination = FG_BYTES_TEXT(t.destination);
	frame.source = FG_BYTES_TEXT("");
	must(fg_host_job_from_frame(&frame, offsets, &job) == FG_OK);
	fg_host_job_take(t.host, &job);
}

static void conf_fill(struct fg_conf_links *conf)
{
	static const char text[] = "links = ( { name = \"bench\"; adapter = \"modem\"; } );";
	static struct fg_conf all;

	(void)fg_conf_parse(text, sizeof(text) - 1, "bench", &all, NULL, NULL);
	*conf = all.links[0];
	conf->per_minute = 60000;
	conf->per_day = 4000000000;
}

int main(int argc, char **argv)
{
	unsigned long messages = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	void *ctx = talloc_new(NULL);
	struct fg_conf_links conf;
	double from;

	must(fg_crypto_init() == FG_OK && fg_log_init(ctx, "bench", "error") == FG_OK);
	fg_clear_allow_unlocked();
	conf_fill(&conf);
	t.host = fg_host_new(ctx, "bench", &host_ops, NULL);
	must(fg_host_open(t.host, &adapter_ops, NULL, &conf) == FG_OK);
	fg_modem_session_opened(t.session, t.now);
	for (unsigned i = 0; i < 8; i++)
		move(500);
	must(fg_modem_session_is_ready(t.session));
	t.peer_us = 0;
	from = cpu_us();
	for (unsigned long n = 0; n < messages; n++) {
		move(2);
		give(n);
		run();
		fg_host_stored(t.host, t.token);
		run();
	}
	from = cpu_us() - from - t.peer_us;
	must(t.accepted == messages && t.reports == messages);
	printf("modem/link_message %.2f us\n", from / (double)messages);
	fg_host_close(t.host);
	talloc_free(ctx);
	return 0;
}
