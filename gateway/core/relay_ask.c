/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What applications ask of their messages (query, cancel; replace is in relay_replace.c), and what operators do (explain, links).
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "lib/wire/dlr.h"

/* A row is the time of its commit's batch, soon after the vault made the id. */
enum { BEFORE_MS = 1000, AFTER_MS = 5000, LOOK_PAUSE = 10 };

struct fg_relay_asked {
	struct fg_relay_asked *next;
	struct fg_core *core;
	uint16_t link;
	uint64_t token;
	char account[FG_RELAY_TEXT_MAX + 1];
	struct fg_id id;
	bool wide; /* where most are it is not */
	uint32_t vaults;
	fg_text_cb text; /* explain, not query */
	void *arg;
};

void fg_relay_answer(struct fg_core *core, uint16_t link, uint64_t token, enum fg_rc rc,
		     const struct fg_relay *relay)
{
	struct fg_frame frame = { .type = FG_IPC_APP_ANSWER };

	frame.app_answer.link = link;
	frame.app_answer.token = token;
	frame.app_answer.rc = (uint16_t)rc;
	if (relay) {
		frame.app_answer.state = relay->report ? relay->report : FG_DLR_ENROUTE;
		frame.app_answer.error = relay->error;
		frame.app_answer.done_ms =
			relay->state == FG_JOB_FINAL ? relay->done_s * 1000ull : 0;
	}
	if (core->vault && fg_channel_answer(core->vault, &frame) != FG_OK)
		LOGP(DMSG, LOGL_NOTICE, "answer application: the vault takes no more\n");
}

static bool is_of(const struct fg_core *core, const struct fg_relay *relay, const void *account,
		  size_t len)
{
	const char *name = fg_relay_account_name(core, relay);

	return *name && strlen(name) == len && memcmp(name, account, len) == 0;
}

/* ---- explain ---- */

static char *explain(struct fg_core *core, const struct fg_relay *relay)
{
	static const char *const states[] = {
		[FG_JOB_READY] = "ready",       [FG_JOB_SECURE] = "secure",
		[FG_JOB_SENDING] = "sending",   [FG_JOB_SENT] = "sent",
		[FG_JOB_IN_DOUBT] = "in_doubt", [FG_JOB_FINAL] = "final"
	};
	char masked[FG_HANDLE_MAX + 1], hash[2 * sizeof(relay->facts) + 1];
	const char *state = relay->state <= FG_JOB_FINAL ? states[relay->state] : NULL;
	bool known = relay->leg && relay->link < core->conf->links_count;

	return talloc_asprintf(
		NULL,
		"message of %s to %s: %s\n"
		"decided: row=%u reason=%s leg=%u link=%s bearer=%s leaf=%llu\n"
		"outcome: message_state=%u error=%u segments=%u tries=%u\n"
		"facts: hash begins %s (the whole is in the log's leaf; the line itself is not "
		"kept)\n",
		fg_relay_is_inbound(relay) ? "a carrier" : fg_relay_account_name(core, relay),
		fg_handle_mask(fg_relay_destination(relay), masked), state ? state : "?",
		relay->decision_row, fg_reason_code((enum fg_reason)relay->reason), relay->leg,
		known ? core->conf->links[relay->link].name : "-",
		relay->leg && relay->bearer != FG_NO_BEARER
			? fg_bearer_name((enum fg_bearer)relay->bearer)
			: "-",
		(unsigned long long)relay->leaf_index, relay->report, relay->error, relay->segments,
		relay->tries, fg_hex(relay->facts, sizeof(relay->facts), hash));
}

static void say_explained(struct fg_core *core, const struct fg_relay *relay, fg_text_cb done,
			  void *arg)
{
	char *text = relay ? explain(core, relay) : NULL;

	done(text ? text : "", arg);
	talloc_free(text);
}

/* ---- those that ended ---- */

static void ended(struct fg_relay_asked *asked_take, enum fg_rc rc, const struct fg_store_row *row)
{
	struct fg_core *core = asked_take->core;
	struct fg_relay *relay = row ? fg_relay_decode(core->relays, row, false) : NULL;

	if (relay)
		relay->state = FG_JOB_FINAL;
	if (rc == FG_OK &&
	    !(relay && is_of(core, relay, asked_take->account, strlen(asked_take->account))))
		rc = FG_E_NOT_FOUND;
	if (asked_take->text)
		say_explained(core, relay, asked_take->text, asked_take->arg);
	else if (asked_take->vaults == core->relays->vaults) /* else nobody waits for it */
		fg_relay_answer(core, asked_take->link, asked_take->token, rc,
				rc == FG_OK ? relay : NULL);
	if (relay)
		fg_relay_free(relay);
	free(asked_take);
}

static void read_ended(struct fg_core_relays *relays);

/* Not where most of them are: it may have waited long for its commit. */
static void ended_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_core_relays *relays = ((struct fg_core *)arg)->relays;
	struct fg_relay_asked *asked = relays->asked_first;

	relays->reading_ended = false;
	if (rc == FG_OK && count == 0 && !asked->wide) {
		asked->wide = true;
	} else {
		relays->asked_first = asked->next;
		ended(asked, rc, rc == FG_OK && count == 1 ? rows : NULL);
	}
	read_ended(relays);
}

/* One after the other, since each reads many rows: what else is read of the store comes in between. */
static void read_ended(struct fg_core_relays *relays)
{
	while (relays->asked_first && !relays->reading_ended) {
		struct fg_relay_asked *asked = relays->asked_first;
		uint64_t time_ms = fg_id_time_ms(&asked->id);
		uint64_t before_ms = asked->wide ? BEFORE_MS : BEFORE_MS / 20;
		uint64_t after_ms = asked->wide ? AFTER_MS : AFTER_MS / 20;
		struct fg_store_key key = { .what = FG_GET_RELAY, .id = asked->id };
		enum fg_rc rc;

		key.row = (time_ms > before_ms ? time_ms - before_ms : 0) << FG_RELAY_ROW_SHIFT;
		key.row_end = (time_ms + after_ms) << FG_RELAY_ROW_SHIFT;
		rc = relays->stopping
			     ? FG_E_CLOSED
			     : fg_store_get(relays->core->store, &key, 1, ended_read, relays->core);
		relays->reading_ended = rc == FG_OK;
		if (rc != FG_OK) {
			relays->asked_first = asked->next;
			ended(asked, rc, NULL);
		}
	}
}

static void ask_ended(struct fg_relay_asked *asked_take)
{
	struct fg_core_relays *relays = asked_take->core->relays;

	asked_take->vaults = relays->vaults;
	if (relays->asked_first)
		relays->asked_last->next = asked_take;
	else
		relays->asked_first = asked_take;
	relays->asked_last = asked_take;
	read_ended(relays);
}

static struct fg_relay_asked *asked_new(struct fg_core *core, const struct fg_id *id)
{
	struct fg_relay_asked *asked = calloc(1, sizeof(*asked));

	if (!asked)
		FG_BUG("out of memory");
	asked->core = core;
	asked->id = *id;
	return asked;
}

void fg_relays_explain(struct fg_core *core, const struct fg_id *id, fg_text_cb done, void *arg)
{
	struct fg_relay *relay = core->relays ? fg_relay_find(core->relays, id) : NULL;
	struct fg_relay_asked *asked;

	if (relay || !core->relays) {
		say_explained(core, relay, done, arg);
		return;
	}
	asked = asked_new(core, id);
	asked->text = done;
	asked->arg = arg;
	ask_ended(asked);
}

/* ---- applications ---- */

static void query(struct fg_core *core, const struct fg_ipc_app_asked *ask,
		  const struct fg_relay *relay)
{
	struct fg_relay_asked *asked;

	if (relay) {
		fg_relay_answer(core, ask->link, ask->token, FG_OK, relay);
		return;
	}
	asked = asked_new(core, &ask->message_id);
	asked->link = ask->link;
	asked->token = ask->token;
	if (ask->account.len)
		memcpy(asked->account, ask->account.data, ask->account.len);
	ask_ended(asked);
}

/* Nothing of it was opened, or what was made of it lies with devices that did not take it. */
static bool may_be_cancelled(const struct fg_relay *relay)
{
	bool lies = relay->state == FG_JOB_SECURE && relay->withdraw == FG_WITHDRAW_NONE;

	return (relay->state == FG_JOB_READY || lies) && !relay->part &&
	       !(relay->flags & FG_RELAY_CANCELLED);
}

/* True: it is or will be cancelled, unless a device is faster. The answer comes when that is durable. */
static bool cancel(struct fg_core_relays *relays, struct fg_relay *relay,
		   const struct fg_ipc_app_asked *ask)
{
	struct fg_relay_work *work;

	if (!may_be_cancelled(relay))
		return false;
	relay->flags |= FG_RELAY_CANCELLED;
	work = fg_relay_work_new(relay);
	if (ask) {
		work->cancel = true;
		work->reply_link = ask->link;
		work->token = ask->token;
	}
	if (!(relay->flags & FG_RELAY_DECIDING))
		fg_relay_push(&relays->decide, relay);
	fg_relay_stir(relays);
	return true;
}

static bool text_is(struct fg_bytes text, const char *other, size_t len)
{
	return text.len == len && (!len || memcmp(text.data, other, len) == 0);
}

static size_t cancel_between(struct fg_core_relays *relays, int account,
			     const struct fg_ipc_app_asked *ask)
{
	size_t cancelled = 0;

	for (size_t i = 0; i < relays->by_id_size; i++)
		for (struct fg_relay *relay = relays->by_id[i]; relay; relay = relay->hash_next)
			if (relay->account == account &&
			    text_is(ask->destination, fg_relay_destination(relay),
				    relay->destination_len) &&
			    text_is(ask->source, fg_relay_source(relay), relay->source_len))
				cancelled += cancel(relays, relay, cancelled ? NULL : ask);
	return cancelled;
}

/* cancel_sm without an id: every one of the account that waits between these two (SMPP v3.4, 4.9). Looks at all in memory, so that one
 * application could keep all others waiting: it may use a tenth of the time. */
static void cancel_all(struct fg_core_relays *relays, const struct fg_ipc_app_asked *ask)
{
	struct fg_core *core = relays->core;
	int account = fg_conf_account_find(core->conf, ask->account.data, ask->account.len);
	uint64_t began_ms = fg_clock_mono_ms(core->clock), took_ms;

#ifndef FG_MUTANT_relay_cancel_all
	if (began_ms < relays->look_again_ms) {
		fg_relay_answer(core, ask->link, ask->token, FG_E_LIMIT, NULL);
		return;
	}
#endif
	if (account >= 0 && cancel_between(relays, account, ask))
		ask = NULL;
	took_ms = fg_clock_mono_ms(core->clock) - began_ms;
	relays->look_again_ms = began_ms + LOOK_PAUSE * took_ms;
	if (ask)
		fg_relay_answer(relays->core, ask->link, ask->token, FG_E_NOT_FOUND, NULL);
}

void fg_relays_asked(struct fg_core *core, const struct fg_ipc_app_asked *asked)
{
	struct fg_core_relays *relays = core->relays;
	struct fg_relay *relay = fg_relay_find(relays, &asked->message_id);

#ifndef FG_MUTANT_relay_account
	/* Another account's message is none. */
	if (relay && !is_of(core, relay, asked->account.data, asked->account.len))
		relay = NULL;
#endif
	if (asked->what == FG_ASK_CANCEL && fg_id_is_zero(&asked->message_id)) {
		cancel_all(relays, asked);
		return;
	}
	if (asked->what == FG_ASK_QUERY) {
		query(core, asked, relay);
		return;
	}
	if (!relay)
		fg_relay_answer(core, asked->link, asked->token, FG_E_NOT_FOUND, NULL);
	else if (asked->what == FG_ASK_REPLACE)
		fg_relay_replace(relays, relay, asked);
	else if (asked->what == FG_ASK_REPLACED)
		fg_relay_replaced(relays, relay, asked);
	else if (asked->what != FG_ASK_CANCEL || !cancel(relays, relay, asked))
		fg_relay_answer(core, asked->link, asked->token, FG_E_CONFLICT, NULL);
}

/* ---- operators ---- */

static unsigned receivers_of(const struct fg_relay_account *account)
{
	unsigned receivers = 0;

	for (size_t i = 0; i < FG_CONF_LINKS_MAX; i++)
		receivers += account->binds[i].receivers;
	return receivers;
}

char *fg_relays_links(const struct fg_core *core, char *text_take)
{
	char *text = text_take;

	for (size_t i = 0; text && core->relays && i < core->conf->accounts_count; i++) {
		const struct fg_relay_account *account = &core->relays->accounts[i];

		text = talloc_asprintf_append(
			text,
			"account %-16s receivers %u alive %zu waiting %zu untold %zu taken %llu "
			"delivered %llu failed %llu unknown %llu\n",
			core->conf->accounts[i].name, receivers_of(account), account->alive,
			fg_relay_waiting(core->relays, i), fg_relay_untold(account),
			(unsigned long long)account->taken, (unsigned long long)account->delivered,
			(unsigned long long)account->failed, (unsigned long long)account->unknown);
	}
	return text;
}
