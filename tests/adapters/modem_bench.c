/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/adapters/modem_bench.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/wire/udh.h"

struct modem_bench m;

#define OK "\r\nOK\r\n"

static const struct {
	const char *command, *answer;
} defaults[] = {
	{ "AT+CGSN", "\r\n490154203237518\r\n" OK },
	{ "AT+CGMI", "\r\nACME\r\n" OK },
	{ "AT+CGMM", "\r\nM1\r\n" OK },
	{ "AT+CCID", "\r\n+CCID: 8944100000000000001\r\n" OK },
	{ "AT+CPIN?", "\r\n+CPIN: READY\r\n" OK },
	{ "AT+CSMS=1", "\r\n+CSMS: 1,1,1\r\n" OK },
	{ "AT+CPMS=?", "\r\n+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\")\r\n" OK },
	{ "AT+CPMS?", "\r\n+CPMS: \"SM\",0,30,\"SM\",0,30,\"SM\",0,30\r\n" OK },
	{ "AT+CPMS=", "\r\n+CPMS: 0,30,0,30,0,30\r\n" OK },
	{ "AT+CNMI=?", "\r\n+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)\r\n" OK },
	{ "AT+CSCA?", "\r\n+CSCA: \"+12025550000\",145\r\n" OK },
	{ "AT+CNUM", "\r\n+CNUM: \"\",\"12025550100\",145\r\n" OK },
	{ "AT+CREG?", "\r\n+CREG: 2,1,\"00AB\",\"0001\"\r\n" OK },
	{ "AT+CSQ", "\r\n+CSQ: 20,99\r\n" OK },
	{ "AT+COPS?", "\r\n+COPS: 0,0,\"Testnet\",2\r\n" OK },
	{ "AT+CMGS=", "\r\n> " },
	{ "AT", OK },
};

static void wait_for(const char *octets)
{
	size_t at = strlen(m.waiting);

	assert_true(at + strlen(octets) < sizeof(m.waiting));
	strcpy(m.waiting + at, octets);
}

static const char *answer_of(const char *command)
{
	for (unsigned i = BENCH_ANSWERS_MAX; i-- > 0;) {
		if (!m.answers[i].command ||
		    strncmp(command, m.answers[i].command, strlen(m.answers[i].command)) != 0)
			continue;
		if (m.answers[i].times > 0 && --m.answers[i].times == 0)
			m.answers[i].command = NULL;
		return m.answers[i].answer;
	}
	for (unsigned i = 0; i < ARRAY_LEN(defaults); i++)
		if (strncmp(command, defaults[i].command, strlen(defaults[i].command)) == 0)
			return defaults[i].answer;
	return strcmp(command, "BODY") == 0 ? NULL : "\r\nERROR\r\n";
}

static void take_command(void)
{
	const char *answer;

	m.count++;
	snprintf(m.said + strlen(m.said), sizeof(m.said) - strlen(m.said), "%s\n", m.line);
	if (m.echo) {
		wait_for(m.line);
		wait_for("\r");
	}
	answer = answer_of(m.line);
	m.in_body = strncmp(m.line, "AT+CMGS=", 8) == 0 && strchr(answer, '>');
	wait_for(answer);
}

static void take_body(void)
{
	struct bench_submit *submit = &m.submits[m.submits_count];
	char text[64];
	size_t len = 0, text_len = 0;
	const char *answer;

	assert_true(m.submits_count++ < BENCH_SUBMITS_MAX);
	assert_memory_equal(m.line, "00", 2);
	assert_ok(fg_tpdu_unhex(m.line + 2, strlen(m.line) - 2, submit->octets,
				sizeof(submit->octets), &len));
	assert_ok(fg_tpdu_submit_decode(submit->octets, len, &submit->tpdu));
	assert_ok(fg_tpdu_ud_text(submit->tpdu.dcs, &submit->tpdu.ud, submit->text,
				  sizeof(submit->text) - 1, &text_len));
	submit->text[text_len] = '\0';
	fg_tpdu_address_show(&submit->tpdu.destination, submit->destination);
	m.in_body = false;
	if (m.echo)
		wait_for(m.line);
	answer = answer_of("BODY");
	if (answer) {
		wait_for(answer);
		return;
	}
	snprintf(text, sizeof(text), "\r\n+CMGS: %u\r\n" OK, m.reference++);
	wait_for(text);
}

static void on_send(void *arg, const void *data, size_t len)
{
	const char *octets = data;

	(void)arg;
	for (size_t i = 0; i < len; i++) {
		if (octets[i] == 0x1B) {
			m.in_body = false;
			m.line_len = 0;
		} else if (octets[i] == (m.in_body ? 0x1A : '\r')) {
			m.line[m.line_len] = '\0';
			if (m.in_body)
				take_body();
			else if (m.line_len > 0)
				take_command();
			m.line_len = 0;
		} else {
			assert_true(m.line_len < sizeof(m.line) - 1);
			m.line[m.line_len++] = octets[i];
		}
	}
}

/* ---- the host's side ---- */

static enum fg_rc on_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			  const struct fg_conf_links *conf, void **adapter_out)
{
	(void)loop;
	m.state = fg_modem_state_new(ctx, m.state_fd < 0 ? -1 : dup(m.state_fd));
	*adapter_out = m.session = fg_modem_session_new(ctx, host, conf, m.state, on_send, NULL);
	return m.session ? FG_OK : FG_E_NO_MEMORY;
}
static enum fg_rc on_job(void *adapter, const struct fg_job *job)
{
	return fg_modem_session_job(adapter, job, m.now);
}
static void on_stored(void *adapter, uint64_t token)
{
	fg_modem_session_stored(adapter, token, m.now);
}
static void on_taken(void *adapter, uint64_t token, const struct fg_id *id, enum fg_rc rc)
{
	(void)id;
	fg_modem_session_taken(adapter, token, rc, m.now);
}
static void on_drain(void *adapter)
{
	fg_modem_session_drain(adapter, m.now);
}
static void on_close(void *adapter)
{
	fg_modem_session_closed(adapter, "closed", m.now);
}
static const struct fg_adapter_ops ops = { .name = "session",
					   .open = on_open,
					   .job = on_job,
					   .stored = on_stored,
					   .taken = on_taken,
					   .drain = on_drain,
					   .close = on_close };

static void begin(void)
{
	m.recorder = recorder_new(m.ctx);
	assert_ok(fg_host_open(m.recorder->host, &ops, NULL, &m.conf));
}

int bench_setup(void **state)
{
	(void)state;
	memset(&m, 0, sizeof(m));
	m.ctx = talloc_new(NULL);
	m.now = (struct fg_modem_time){ 1000000, UINT64_C(1750000000000) };
	m.state_fd = memfd_create("state", MFD_CLOEXEC);
	recorder_conf("modem", &m.conf);
	m.conf.window = 4;
	begin();
	return 0;
}

int bench_teardown(void **state)
{
	(void)state;
	fg_host_close(m.recorder->host);
	assert_int_equal(fg_host_bugs(m.recorder->host), 0);
	talloc_free(m.ctx);
	if (m.state_fd >= 0)
		close(m.state_fd);
	return 0;
}

void bench_restart(void)
{
	fg_host_close(m.recorder->host);
	talloc_free(m.ctx);
	m.ctx = talloc_new(NULL);
	m.said[0] = m.waiting[0] = '\0';
	m.line_len = 0;
	m.in_body = false;
	begin();
}

void bench_answer(const char *command, const char *answer, unsigned times)
{
	for (unsigned i = 0; i < BENCH_ANSWERS_MAX; i++) {
		if (m.answers[i].command)
			continue;
		m.answers[i].command = command;
		m.answers[i].answer = answer;
		m.answers[i].times = times;
		return;
	}
	fail_msg("too many answers");
}

void bench_run(void)
{
	static char octets[sizeof(m.waiting)];

	while (*m.waiting) {
		strcpy(octets, m.waiting);
		m.waiting[0] = '\0';
		fg_modem_session_bytes(m.session, octets, strlen(octets), m.now);
	}
}

void bench_say(const char *octets)
{
	wait_for(octets);
	bench_run();
}

void bench_move(uint64_t ms)
{
	uint64_t end = m.now.mono_ms + ms;

	for (unsigned i = 0; m.now.mono_ms < end; i++) {
		uint64_t due = fg_modem_session_next_ms(m.session);

		assert_true(i < 100000); /* something is due for ever */
		due = due < m.now.mono_ms ? m.now.mono_ms : due;
		due = due < end ? due : end;
		m.now.wall_ms += due - m.now.mono_ms;
		m.now.mono_ms = due;
		fg_modem_session_tick(m.session, m.now);
		bench_run();
	}
}

void bench_open(void)
{
	fg_modem_session_opened(m.session, m.now);
	bench_run();
	bench_move(3000);
}

unsigned bench_said(const char *command)
{
	unsigned count = 0;

	for (const char *at = m.said; *at; at = strchr(at, '\n') + 1)
		count += strncmp(at, command, strlen(command)) == 0;
	return count;
}

/* ---- PDUs ---- */

static const char *as_hex(const uint8_t *tpdu, size_t len)
{
	static char hex[2 * (FG_TPDU_MAX + 8) + 1];
	static const char smsc[] = "07912120550500F0";

	strcpy(hex, smsc);
	assert_ok(fg_tpdu_hex(tpdu, len, hex + strlen(smsc), sizeof(hex) - strlen(smsc)));
	return hex;
}

unsigned bench_length(const char *hex)
{
	return (unsigned)strlen(hex) / 2 - 8;
}

const char *bench_deliver(const char *source, const char *text, unsigned reference, unsigned total,
			  unsigned part)
{
	const struct fg_udh_concat concat = { (uint16_t)reference, reference > UINT8_MAX,
					      (uint8_t)total, (uint8_t)part };
	struct fg_tpdu_deliver deliver = { 0 };
	uint8_t header[FG_UDH_CONCAT_MAX], data[FG_TPDU_UD_MAX], octets[FG_TPDU_MAX];
	enum fg_alphabet alphabet =
		fg_alphabet_fits_gsm7(text, strlen(text)) ? FG_ALPHABET_GSM7 : FG_ALPHABET_UCS2;
	size_t header_len = 0, len;

	assert_ok(fg_tpdu_address_from(source, strlen(source), &deliver.source));
	assert_ok(fg_tpdu_time_of((int64_t)(m.now.wall_ms / 1000), 0, &deliver.time));
	if (part > 0)
		assert_ok(fg_udh_concat_write(&concat, header, &header_len));
	assert_ok(fg_tpdu_ud_write(header, header_len, alphabet, text, strlen(text), data,
				   &deliver.ud));
	deliver.dcs = fg_tpdu_dcs(alphabet, -1);
	assert_ok(fg_tpdu_deliver_encode(&deliver, octets, sizeof(octets), &len));
	return as_hex(octets, len);
}

const char *bench_report(uint8_t reference, const char *recipient, uint8_t status, uint64_t sent_ms)
{
	struct fg_tpdu_status_report report = { .reference = reference, .status = status };
	uint8_t octets[FG_TPDU_MAX];
	size_t len;

	assert_ok(fg_tpdu_address_from(recipient, strlen(recipient), &report.recipient));
	assert_ok(fg_tpdu_time_of((int64_t)(sent_ms / 1000), 0, &report.time));
	assert_ok(fg_tpdu_time_of((int64_t)(m.now.wall_ms / 1000), 0, &report.discharge));
	assert_ok(fg_tpdu_status_report_encode(&report, octets, sizeof(octets), &len));
	return as_hex(octets, len);
}

void bench_say_pdu(const char *header, const char *hex)
{
	char line[1024];

	snprintf(line, sizeof(line), "\r\n%s%u\r\n%s\r\n", header, bench_length(hex), hex);
	bench_say(line);
}
