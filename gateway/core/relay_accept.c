/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What comes from an application, sealed by the vault: may it be taken? What passes is decided with all others of its turn; TAKEN is
 * said when it is durable, or when it is refused and nothing of it was kept.
 */
#include "gateway/core/relay_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	INBOUND_MAX = 100000,           /* ours: messages of carriers that are not final */
	INBOUND_S = 7 * FG_RELAY_DAY_S, /* how long they wait for a device or an application */
};

void fg_relay_take(struct fg_core_relays *relays, const struct fg_relay_work *work,
		   const struct fg_id *id, enum fg_rc rc)
{
	struct fg_frame frame = { .type = FG_IPC_TAKEN };

	frame.taken.link = work->reply_link;
	frame.taken.token = work->token;
	frame.taken.message_id = *id;
	frame.taken.rc = (uint16_t)rc;
	if (relays->core->vault && fg_channel_answer(relays->core->vault, &frame) != FG_OK)
		LOG_MSG(id, DMSG, LOGL_NOTICE, "tell that it was taken: the vault takes no more\n");
}

void fg_relay_refuse(struct fg_core_relays *relays, struct fg_relay *relay_take, enum fg_rc rc)
{
	struct fg_relay_account *account = &relays->accounts[relay_take->account];

	account->alive--;
	account->today -= account->today > 0;
	account->today_saved = SIZE_MAX;
	if (relay_take->state == FG_JOB_SENDING) {
		fg_relay_unlist(relay_take);
		if (relay_take->link < FG_CONF_LINKS_MAX)
			relays->sending_on[relay_take->link]--;
	}
	/* A disk that is full is no fault of this message: the same answer as a queue that is. */
	fg_relay_take(relays, relay_take->work, &relay_take->id,
		      rc == FG_E_STORE_FULL ? FG_E_STORE_BUSY : rc);
	fg_relay_unlist(relay_take);
	fg_relay_free(relay_take);
}

/* ---- the same idempotency key ---- */

struct same_key {
	struct fg_core_relays *relays;
	struct fg_relay *relay;
	enum fg_rc otherwise; /* nobody has it */
};

static void key_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct same_key *asked = arg;
	struct fg_relay *relay = asked->relay;
	const uint8_t *same = relay->work->same;

	if (rc == FG_OK && count == 1) {
		rc = rows[0].body.len == sizeof(relay->work->same) &&
				     memcmp(rows[0].body.data, same, sizeof(relay->work->same)) == 0
			     ? FG_OK
			     : FG_E_EXISTS;
		relay->id = rows[0].id;
	} else if (rc == FG_OK) {
		rc = asked->otherwise;
	}
	fg_relay_refuse(asked->relays, relay, rc);
	free(asked);
}

static struct fg_bytes key_of(const struct fg_core_relays *relays, const struct fg_relay *relay,
			      uint8_t out[static FG_STORE_KEY_MAX])
{
	const char *account = fg_relay_account_name(relays->core, relay);
	size_t len = strlen(account) + 1;

	memcpy(out, account, len);
	memcpy(out + len, relay->work->key, relay->work->key_len);
	return FG_BYTES(out, len + relay->work->key_len);
}

static void ask_key(struct fg_core_relays *relays, struct fg_relay *relay_take,
		    enum fg_rc otherwise)
{
	uint8_t key[FG_STORE_KEY_MAX];
	struct fg_store_key asked = { .what = FG_GET_RELAY_KEY,
				      .key = key_of(relays, relay_take, key) };
	struct same_key *arg = malloc(sizeof(*arg));
	enum fg_rc rc;

	if (!arg)
		FG_BUG("out of memory");
	*arg = (struct same_key){ relays, relay_take, otherwise };
	rc = fg_store_get(relays->core->store, &asked, 1, key_read, arg);
	if (rc != FG_OK)
		key_read(rc, NULL, 0, arg);
}

/* When it expired in between the application asks once more. */
void fg_relay_same_key(struct fg_core_relays *relays, struct fg_relay *relay_take)
{
	ask_key(relays, relay_take, FG_E_STORE_BUSY);
}

/* ---- one that comes in ---- */

/* In its one spelling: the directory would not know another. A phone may also send to a number that only an application has. */
static enum fg_rc check_destination(const struct fg_conf *conf, const struct fg_ipc_sealed *sealed)
{
	struct fg_handle handle;

	if (sealed->kind == FG_SUBMIT_INBOUND &&
	    fg_conf_account_of_number(conf, sealed->destination.data, sealed->destination.len) >= 0)
		return FG_OK;
	if (fg_handle_parse((const char *)sealed->destination.data, sealed->destination.len,
			    &handle) != FG_OK)
		return FG_E_HANDLE;
#ifndef FG_MUTANT_relay_spelling
	if (strlen(handle.text) != sealed->destination.len ||
	    memcmp(handle.text, sealed->destination.data, sealed->destination.len) != 0)
		return FG_E_HANDLE;
#endif
	return FG_OK;
}

static enum fg_rc check_room(struct fg_core_relays *relays, unsigned account)
{
	const struct fg_conf_accounts *conf =
		account == FG_RELAY_INBOUND ? NULL : &relays->core->conf->accounts[account];
	struct fg_relay_account *counts = &relays->accounts[account];
	uint64_t day = fg_core_now_ms(relays->core) / (FG_RELAY_DAY_S * 1000ull);
	size_t queue_max = conf ? (size_t)conf->queue_max : INBOUND_MAX;

	if (counts->day != day) {
		counts->day = day;
		counts->today = 0;
	}
	if (relays->loading || counts->alive >= queue_max)
		return FG_E_STORE_BUSY;
#ifndef FG_MUTANT_relay_untold
	/* It asks for receipts and never comes for them: they lie in memory for a week. */
	if (fg_relay_untold(counts) >= queue_max)
		return FG_E_STORE_BUSY;
#endif
	if (conf && conf->quota_per_day && counts->today >= (size_t)conf->quota_per_day)
		return FG_E_LIMIT;
	return FG_OK;
}

static enum fg_rc may_take(struct fg_core_relays *relays, const struct fg_ipc_sealed *sealed,
			   unsigned account)
{
	enum fg_rc rc;

	if (account > FG_RELAY_INBOUND)
		return FG_E_DENIED;
	if (sealed->message_class >= FG_MESSAGE_CLASS_COUNT ||
	    sealed->source.len > FG_RELAY_TEXT_MAX || sealed->destination.len > FG_RELAY_TEXT_MAX ||
	    sealed->segments > UINT8_MAX)
		return FG_E_TEXT_LONG;
	rc = check_destination(relays->core->conf, sealed);
	return rc == FG_OK ? check_room(relays, account) : rc;
}

/* Index, FG_RELAY_INBOUND for a carrier's; anything above: none of ours. */
static unsigned account_of(const struct fg_conf *conf, const struct fg_ipc_sealed *sealed)
{
	if (sealed->kind == FG_SUBMIT_INBOUND)
		return FG_RELAY_INBOUND;
	return sealed->kind == FG_SUBMIT_APPLICATION
		       ? (unsigned)fg_conf_account_find(conf, sealed->account.data,
							sealed->account.len)
		       : UINT_MAX;
}

static void refuse_at_once(struct fg_core_relays *relays, const struct fg_ipc_sealed *sealed,
			   enum fg_rc rc)
{
	const struct fg_relay_work work = { .reply_link = sealed->link, .token = sealed->token };

	fg_relay_take(relays, &work, &sealed->message_id, rc);
}

static void copy_work(struct fg_relay_work *work, const struct fg_ipc_sealed *sealed)
{
	work->accept = true;
	work->reply_link = sealed->link;
	work->token = sealed->token;
	work->key_len = (uint8_t)sealed->key.len;
	if (sealed->key.len)
		memcpy(work->key, sealed->key.data, sealed->key.len);
	memcpy(work->same, sealed->same, sizeof(work->same));
	work->body = malloc(sealed->body.len + 1);
	if (!work->body)
		FG_BUG("out of memory");
	if (sealed->body.len)
		memcpy(work->body, sealed->body.data, sealed->body.len);
	work->body_len = sealed->body.len;
}

/* A part that is here already is answered with what it got then. */
static bool is_new_part(struct fg_core_relays *relays, const struct fg_ipc_sealed *sealed,
			unsigned account)
{
	const struct fg_relay_work work = { .reply_link = sealed->link, .token = sealed->token };
	struct fg_id id = sealed->message_id;
	enum fg_rc rc = fg_relay_join_check(relays, sealed, (uint16_t)account, &id);

	if (rc != FG_OK)
		fg_relay_take(relays, &work, &id, rc == FG_E_EXISTS ? FG_OK : rc);
	return rc == FG_OK;
}

static uint32_t expiry_of(const struct fg_core *core, const struct fg_ipc_sealed *sealed,
			  unsigned account)
{
	uint64_t validity_s = sealed->validity_s;

	if (!validity_s)
		validity_s = account == FG_RELAY_INBOUND
				     ? INBOUND_S
				     : (uint64_t)core->conf->accounts[account].validity_s;
	return (uint32_t)(fg_core_now_ms(core) / 1000 + validity_s);
}

static struct fg_relay *relay_of(struct fg_core *core, const struct fg_ipc_sealed *sealed,
				 unsigned account)
{
	struct fg_relay *relay = fg_relay_new(sealed->source, sealed->destination);

	relay->id = sealed->message_id;
	relay->account = (uint16_t)account;
	relay->message_class = sealed->message_class;
	relay->submit_flags = sealed->flags;
	relay->protocol_id = sealed->protocol_id;
	relay->registered = account == FG_RELAY_INBOUND ? 0 : sealed->registered;
	relay->segments = (uint8_t)sealed->segments;
	relay->reference = sealed->reference;
	relay->flags = sealed->has_reference ? FG_RELAY_REFERENCE : 0;
	relay->expires_s = expiry_of(core, sealed, account);
	relay->not_before_s =
		sealed->delay_s ? (uint32_t)(fg_core_now_ms(core) / 1000) + sealed->delay_s : 0;
	if (sealed->concat_total > 1) {
		relay->part = fg_relay_part_new(sealed->concat_ref, sealed->concat_total,
						sealed->concat_part);
		memcpy(relay->part->same, sealed->same, sizeof(relay->part->same));
	}
	copy_work(fg_relay_work_new(relay), sealed);
	return relay;
}

/* For one more there is no room; for one that was taken before no room is needed. */
static bool may_be_known(const struct fg_core_relays *relays, const struct fg_ipc_sealed *sealed,
			 enum fg_rc rc)
{
#ifdef FG_MUTANT_relay_key_full
	(void)relays;
	(void)sealed;
	(void)rc;
	return false;
#else
	return sealed->key.len > 0 && !relays->loading &&
	       (rc == FG_E_LIMIT || rc == FG_E_STORE_BUSY);
#endif
}

void fg_relays_sealed(struct fg_core *core, const struct fg_ipc_sealed *sealed)
{
	struct fg_core_relays *relays = core->relays;
	unsigned account = account_of(core->conf, sealed);
	enum fg_rc rc = may_take(relays, sealed, account);

	if (may_be_known(relays, sealed, rc)) {
		relays->accounts[account].alive++;
		relays->accounts[account].today++;
		ask_key(relays, relay_of(core, sealed, account), rc);
		return;
	}
	if (rc != FG_OK) {
		refuse_at_once(relays, sealed, rc);
		return;
	}
	if (sealed->concat_total > 1 && !is_new_part(relays, sealed, account))
		return;
	relays->accounts[account].alive++;
	relays->accounts[account].today++;
	fg_relay_push(&relays->decide, relay_of(core, sealed, account));
	fg_relay_stir(relays);
}
