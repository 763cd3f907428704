/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An application that says anything at any time, bound or not, and a host that answers. Input: pieces of one octet n and n octets; n of
 * 240 and above is something else that happens (event()); a first octet of 239 is a stranger's, who is not bound. Whatever comes: what goes out is whole PDUs, a submission names an account,
 * a number and a text, every receipt is told exactly once and every message of a phone has one outcome, and
 * in the end nothing waits.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "adapters/smpp_server/server.h"
#include "lib/crypto/clear.h"
#include "lib/wire/dlr.h"

enum { OPEN_MAX = 4096 };

static struct {
	struct app_server server;
	struct fg_conf conf;
	struct fg_adapter_host *host;
	uint64_t now_ms;
	uint64_t submits[OPEN_MAX], asks[OPEN_MAX];
	unsigned submits_count, asks_count, receipts, told, jobs, outcomes;
} t;

static enum fg_rc on_submit(void *arg, const struct fg_submission *s)
{
	(void)arg;
	if (strcmp(s->account, "shop") != 0 || s->destination[0] != '+' || s->text.len == 0 ||
	    s->key.len > 64 || (s->concat_total > 0 && s->concat_part == 0) ||
	    strlen(s->source) > 32 || s->concat_part > s->concat_total)
		abort();
	if (t.submits_count == OPEN_MAX)
		return FG_E_IPC_FULL;
	t.submits[t.submits_count++] = s->token;
	return FG_OK;
}

static enum fg_rc on_ask(void *arg, const struct fg_app_question *q)
{
	(void)arg;
	if (q->what < FG_ASK_QUERY || q->what > FG_ASK_REPLACE || t.asks_count == OPEN_MAX)
		return FG_E_IPC_FULL;
	t.asks[t.asks_count++] = q->token;
	return FG_OK;
}

static void on_told(void *arg, const char *account, const struct fg_id *id, bool final,
		    enum fg_outcome outcome)
{
	(void)arg, (void)account, (void)id, (void) final;
	if (outcome != FG_OUTCOME_ACCEPTED && outcome != FG_OUTCOME_DEFERRED &&
	    outcome != FG_OUTCOME_FAILED)
		abort();
	t.told++;
}

static void on_outcome(void *arg, const struct fg_job_outcome *outcome)
{
	(void)arg, (void)outcome;
	t.outcomes++;
}

static void on_state(void *arg, const struct fg_host_link_state *state)
{
	(void)arg, (void)state;
}

static const struct fg_host_ops host_ops = { .submit = on_submit,
					     .ask = on_ask,
					     .told = on_told,
					     .outcome = on_outcome,
					     .state = on_state };

static enum fg_rc on_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			  const struct fg_conf_links *conf, void **adapter_out)
{
	(void)ctx, (void)loop, (void)conf;
	*adapter_out = &t;
	fg_host_state(host, true, APP_JOBS_MAX, 0, 0, "");
	return FG_OK;
}

static enum fg_rc on_job(void *adapter, const struct fg_job *job)
{
	enum fg_rc rc = app_deliver(&t.server, job, t.now_ms);

	(void)adapter;
	if (rc != FG_OK)
		fg_job_text_free(job->text);
	return rc;
}

static void on_close(void *adapter)
{
	(void)adapter;
}

static const struct fg_adapter_ops ops = {
	.name = "apps", .open = on_open, .job = on_job, .close = on_close
};

/* What the application gets must be PDUs, from the first octet to the last. */
static void read_output(struct app_session *session)
{
	static struct fg_smpp_pdu pdu;
	size_t left = evbuffer_get_length(session->out), len;
	const uint8_t *at = evbuffer_pullup(session->out, -1);

	for (; left > 0; at += len, left -= len)
		if (fg_smpp_frame(at, left, FG_SMPP_PDU_MAX, &len) != FG_OK ||
		    fg_smpp_decode(at, len, &pdu) != FG_OK)
			abort();
	evbuffer_drain(session->out, evbuffer_get_length(session->out));
}

static void receipt(void)
{
	const struct fg_app_receipt r = { .account = "shop",
					  .source = "Shop",
					  .destination = "+12025550199",
					  .state = FG_DLR_DELIVERED,
					  .final = true };

	t.receipts++;
	app_server_receipt(&t.server, &r, t.now_ms);
}

static void phone(void)
{
	static const char text[] = "from a phone";
	struct fg_clear *clear = calloc(1, sizeof(*clear));
	struct fg_job job = { .leg = 1, .parts = 1, .text = clear };

	if (!clear || fg_clear_new(sizeof(text), clear) != FG_OK ||
	    fg_clear_append(clear, text, sizeof(text) - 1) != FG_OK)
		abort();
	t.jobs++;
	memcpy(job.message_id.b, &t.jobs, sizeof(t.jobs));
	strcpy(job.source, "+12025550177");
	strcpy(job.destination, "+1000");
	fg_host_job_take(t.host, &job);
}

static void answer_all(enum fg_rc rc)
{
	const struct fg_id id = { { 1 } };

	while (t.submits_count)
		app_server_taken(&t.server, t.submits[--t.submits_count], &id, rc);
	while (t.asks_count) {
		const struct fg_app_answer said = { .token = t.asks[--t.asks_count], .rc = rc };

		app_server_answer(&t.server, &said);
	}
}

static void event(uint8_t what)
{
	switch (what) {
	case 248:
		answer_all(FG_OK);
		break;
	case 249:
		answer_all(FG_E_DENIED);
		break;
	case 250:
		receipt();
		break;
	case 254:
		phone();
		break;
	case 247: /* another secret, and the old one again: who is bound stays */
		strcpy(t.conf.accounts[0].secret, t.conf.accounts[0].secret[0] ? "" : "changed");
		app_server_accounts_changed(&t.server);
		break;
	case 246: /* the account is removed */
		strcpy(t.conf.accounts[0].secret, FG_CONF_NO_SECRET);
		app_server_accounts_changed(&t.server);
		break;
	default:
		t.now_ms += (what - 239u) * 5000u;
	}
}

static struct app_session *bound(void)
{
	static const uint8_t pdu[] = { 0,   0,   0,   33,  0,   0,   0,   9,    0,   0, 0,
				       0,   0,   0,   0,   1,   's', 'h', 'o',  'p', 0, 's',
				       'e', 'c', 'r', 'e', 't', 0,   0,   0x34, 0,   0, 0 };
	struct app_session *session = app_session_new(&t.server, t.now_ms);

	if (!session || app_session_input(session, pdu, sizeof(pdu), t.now_ms) != sizeof(pdu) ||
	    session->state != APP_BOUND)
		abort();
	read_output(session);
	return session;
}

static void begin(void *ctx)
{
	struct fg_conf_accounts *account = &t.conf.accounts[0];

	memset(&t.server, 0, sizeof(t.server));
	t.submits_count = t.asks_count = t.receipts = t.told = t.jobs = t.outcomes = 0;
	t.now_ms = 1000000;
	t.host = fg_host_new(ctx, "apps", &host_ops, NULL);
	t.conf.links[0].key_tlv = 0x1500;
	t.conf.links[0].protection_tlv = 0x1420;
	t.conf.links[0].password_max = 8;
	t.conf.links[0].enquire_link_ms = 30000;
	t.conf.links[0].inactivity_s = 300;
	t.conf.accounts_count = 1;
	strcpy(account->name, "shop");
	strcpy(account->sources, "*");
	strcpy(account->sender, "1000");
	strcpy(account->numbers, "+1000");
	strcpy(account->message_class, "normal");
	account->binds = 4;
	account->window = 1000;
	account->secret[0] = '\0';
	account->rate = account->burst = 1000000;
	if (fg_crypto_init() != FG_OK ||
	    app_server_init(&t.server, t.host, &t.conf, &t.conf.links[0]) != FG_OK)
		abort();
	t.server.loop = fg_loop_new(ctx);
	if (fg_host_open(t.host, &ops, t.server.loop, &t.conf.links[0]) != FG_OK)
		abort();
	/* As after a bind before: the slow hash is libsodium's and not what is tried here. */
	t.server.accounts[0].verified = true;
	*t.server.accounts[0].secret_tag =
		fg_hmac_sha256(t.server.tag_key, sizeof(t.server.tag_key), "secret", 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t waiting[65536];
	size_t have = 0, used;
	void *ctx = talloc_new(NULL);
	struct app_session *session;

	begin(ctx);
	session = len > 0 && *data == 239 ? app_session_new(&t.server, t.now_ms) : bound();
	if (!session)
		abort();
	if (len > 0 && *data == 239)
		data++, len--;
	while (len > 0 && session->state != APP_CLOSING) {
		size_t n = *data++;

		len--;
		if (n >= 240) {
			event((uint8_t)n);
			app_session_tick(session, t.now_ms);
			app_login_turn(&t.server, t.now_ms);
			read_output(session);
			continue;
		}
		n = n < len ? n : len;
		if (have + n > sizeof(waiting))
			break;
		memcpy(waiting + have, data, n);
		have += n;
		data += n;
		len -= n;
		used = app_session_input(session, waiting, have, t.now_ms);
		read_output(session);
		if (used == SIZE_MAX)
			break;
		memmove(waiting, waiting + used, have - used);
		have -= used;
	}
	if (session->told && session->telling > APP_TELL_MOST)
		abort();
	app_session_free(session);
	answer_all(FG_OK);
	if (t.server.pending_count != 0 || t.told != t.receipts || TAILQ_FIRST(&t.server.multis) ||
	    t.outcomes != t.jobs || fg_host_bugs(t.host) != 0 || t.server.checking_count != 0 ||
	    TAILQ_FIRST(&t.server.refused))
		abort();
	app_server_wipe(&t.server);
	fg_host_close(t.host);
	talloc_free(ctx);
	return 0;
}
