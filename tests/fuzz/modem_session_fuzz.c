/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A started session with four jobs, one of three parts, and a modem that says anything at any time. Input: pieces of one octet n
 * and n octets; n of 240 and above does something else: 240 unplugs, 241 plugs in, 242 a good modem answers all that was asked,
 * 243 the host takes what it has, the rest moves the clock by (n - 243) * 10 seconds. Whatever comes, every job has exactly one outcome, no
 * PIN is said twice, and nothing is deleted or acknowledged that the host has not taken.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <talloc.h>
#include "adapters/modem/session.h"
#include "tests/adapters/recorder.h"

enum { ANSWERS_MAX = 65536, JOBS = 4 };

static struct {
	struct fg_modem_session *session;
	struct fg_modem_time now;
	bool plugged;
	char line[1024], answers[ANSWERS_MAX];
	size_t line_len, answers_len;
	unsigned pins, deletes, acks, taken;
} w;
static struct fg_conf_links conf;

static void check(int truth)
{
	if (!truth)
		abort();
}

static void answer(const char *text)
{
	size_t len = strlen(text);

	if (w.answers_len + len > sizeof(w.answers))
		return;
	memcpy(w.answers + w.answers_len, text, len);
	w.answers_len += len;
}

/* What a good modem would say. */
static void command(const char *line)
{
	w.pins += strncmp(line, "AT+CPIN=", 8) == 0;
	w.deletes += strncmp(line, "AT+CMGD", 7) == 0;
	w.acks += strncmp(line, "AT+CNMA", 7) == 0;
	if (strncmp(line, "AT+CMGS", 7) == 0)
		answer("\r\n> ");
	else if (strncmp(line, "AT+CPIN?", 8) == 0)
		answer("\r\n+CPIN: READY\r\n\r\nOK\r\n");
	else if (strncmp(line, "AT+CREG?", 8) == 0)
		answer("\r\n+CREG: 2,1\r\n\r\nOK\r\n");
	else if (strncmp(line, "AT+CNMI=?", 9) == 0)
		answer("\r\n+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)\r\n\r\nOK\r\n");
	else if (strncmp(line, "AT", 2) == 0)
		answer("\r\nOK\r\n");
	else
		answer("\r\n+CMGS: 7\r\n\r\nOK\r\n");
}

static void on_send(void *arg, const void *data, size_t len)
{
	const char *octets = data;

	(void)arg;
	for (size_t i = 0; i < len; i++) {
		if (octets[i] == '\r' || octets[i] == 0x1A) {
			w.line[w.line_len] = '\0';
			if (w.line_len > 0)
				command(w.line);
			w.line_len = 0;
		} else if (octets[i] != 0x1B) {
			check(w.line_len < sizeof(w.line) - 1);
			w.line[w.line_len++] = octets[i];
		}
	}
}

static enum fg_rc on_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			  const struct fg_conf_links *link_conf, void **adapter_out)
{
	struct fg_modem_state *state = fg_modem_state_new(ctx, memfd_create("state", MFD_CLOEXEC));

	(void)loop;
	*adapter_out = w.session = fg_modem_session_new(ctx, host, link_conf, state, on_send, NULL);
	return w.session ? FG_OK : FG_E_NO_MEMORY;
}
static enum fg_rc on_job(void *adapter, const struct fg_job *job)
{
	return fg_modem_session_job(adapter, job, w.now);
}
static void on_stored(void *adapter, uint64_t token)
{
	fg_modem_session_stored(adapter, token, w.now);
}
static void on_taken(void *adapter, uint64_t token, const struct fg_id *id, enum fg_rc rc)
{
	(void)id;
	fg_modem_session_taken(adapter, token, rc, w.now);
}
static void on_drain(void *adapter)
{
	fg_modem_session_drain(adapter, w.now);
}
static void on_close(void *adapter)
{
	fg_modem_session_closed(adapter, "closed", w.now);
}
static const struct fg_adapter_ops ops = { .name = "session",
					   .open = on_open,
					   .job = on_job,
					   .stored = on_stored,
					   .taken = on_taken,
					   .drain = on_drain,
					   .close = on_close };

static void device_check(void)
{
	if (w.plugged && fg_modem_session_close_why(w.session) != FG_MODEM_CLOSE_NONE) {
		fg_modem_session_closed(w.session, "gone", w.now);
		w.plugged = false;
	}
}

static void say(const void *data, size_t len)
{
	if (w.plugged)
		fg_modem_session_bytes(w.session, data, len, w.now);
	device_check();
}

static void good_answers(void)
{
	static char answers[ANSWERS_MAX];

	for (unsigned i = 0; i < 64 && w.answers_len > 0; i++) {
		size_t len = w.answers_len;

		memcpy(answers, w.answers, len);
		w.answers_len = 0;
		say(answers, len);
	}
	w.answers_len = 0;
}

static void move(uint64_t ms)
{
	w.now.mono_ms += ms;
	w.now.wall_ms += ms;
	fg_modem_session_tick(w.session, w.now);
	device_check();
}

static void plug(bool in)
{
	if (in == w.plugged)
		return;
	w.plugged = in;
	w.answers_len = w.line_len = 0;
	if (in)
		fg_modem_session_opened(w.session, w.now);
	else
		fg_modem_session_closed(w.session, "gone", w.now);
}

static void host_takes(struct recorder *recorder)
{
	static const struct fg_id id = { { 1 } };

	for (unsigned i = 0; i < recorder->reports_count; i++)
		fg_host_stored(recorder->host, recorder->reports[i].token);
	for (unsigned i = 0; i < recorder->submissions_count; i++)
		fg_host_taken(recorder->host, recorder->submissions[i].said.token, &id,
			      i % 3 == 2 ? FG_E_NOT_FOUND : FG_OK);
	w.taken = recorder->reports_count + recorder->submissions_count;
}

static void orders(struct recorder *recorder, size_t n)
{
	if (n == 240 || n == 241)
		plug(n == 241);
	else if (n == 242)
		good_answers();
	else if (n == 243)
		host_takes(recorder);
	else
		move((n - 243) * 10000);
	device_check();
}

static struct recorder *begin(void *ctx)
{
	struct recorder *recorder = recorder_new(ctx);
	char text[401] = "";

	if (!conf.window) {
		recorder_conf("modem", &conf);
		strcpy(conf.pin, "1234");
	}
	memset(&w, 0, sizeof(w));
	w.now = (struct fg_modem_time){ 1000000, UINT64_C(1750000000000) };
	check(fg_host_open(recorder->host, &ops, NULL, &conf) == FG_OK);
	plug(true);
	for (unsigned i = 0; i < 8; i++) {
		good_answers();
		move(500);
	}
	check(recorder->state.up);
	memset(text, 'x', sizeof(text) - 1);
	recorder_give(recorder, 1, "+12025550199", text);
	for (unsigned i = 2; i <= JOBS; i++)
		recorder_give(recorder, i, "+12025550198", "text");
	return recorder;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *ctx = talloc_new(NULL);
	struct recorder *recorder = begin(ctx);

	while (len > 0 && recorder->reports_count < RECORDED_MAX - 2 &&
	       recorder->submissions_count < RECORDED_MAX - 2) {
		size_t n = *data++;

		len--;
		if (n >= 240) {
			orders(recorder, n);
			continue;
		}
		n = n < len ? n : len;
		recorder->report_rc = recorder->reports_count < 16 ? FG_OK : FG_E_IPC_FULL;
		recorder->submit_rc = recorder->submissions_count < 16 ? FG_OK : FG_E_IPC_FULL;
		say(data, n);
		data += n;
		len -= n;
	}
	fg_host_close(recorder->host);
	for (unsigned i = 1; i <= JOBS; i++)
		check(recorder_outcome(recorder, i) != NULL);
	check(fg_host_bugs(recorder->host) == 0 && w.pins <= 1);
	check(w.taken > 0 || w.deletes == 0);
	talloc_free(ctx);
	return 0;
}
