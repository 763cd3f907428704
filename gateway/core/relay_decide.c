/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Decisions in batches: one read of the directory for many handles, fg_decide() for each message, one signature over all views that orders
 * will carry, one commit. What the directory cannot say is UNKNOWN, and waits.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>
#include "gateway/core/internal.h"
#include "gateway/core/relay_facts.h"
#include "gateway/core/retry.h"
#include "lib/wire/dlr.h"

enum { CLOCK_SKEW_MS = 5 * 60 * 1000, KEYS_EACH = 3, AGAIN_S = 5, ACCEPTS_MAX = 2 };
_Static_assert(KEYS_EACH *FG_RELAY_BATCH_MAX <= FG_STORE_GET_MAX, "one read for a batch");

struct fg_relay_batch {
	struct fg_core_relays *relays;
	struct fg_relay *list[FG_RELAY_BATCH_MAX];
	size_t count;
	size_t left; /* entries that are still being read; 1 more while the batch is set up */
	struct fg_relay_views *views;
	struct fg_relay_facts gathered; /* of one message after the other */
};

/* One entry that has to be read by itself: the handle is or was registered. */
struct entry_read {
	struct fg_relay_batch *batch;
	struct fg_relay *relay;
};

static void *must(void *memory)
{
	if (!memory)
		FG_BUG("out of memory");
	return memory;
}

/* ---- work ---- */

struct fg_relay_work *fg_relay_work_new(struct fg_relay *relay)
{
	if (!relay->work)
		relay->work = must(calloc(1, sizeof(*relay->work)));
	return relay->work;
}

static void views_drop(struct fg_relay_views *views)
{
	if (!views || --views->users)
		return;
	fg_merkle_tree_free(views->tree);
	free(views->signed_batch);
	free(views);
}

void fg_relay_work_free(struct fg_relay *relay)
{
	struct fg_relay_work *work = relay->work;

	relay->work = NULL;
	if (!work)
		return;
	views_drop(work->views);
	free(work->view);
	free(work->devices);
	free(work->keys);
	free(work->body);
	free(work);
}

/* ---- views under one signature ---- */

static void sign_views(struct fg_core *core, struct fg_relay_views *views)
{
	Fallgate__ViewBatch batch = FALLGATE__VIEW_BATCH__INIT;
	Fallgate__Signed object;
	struct fg_hash root = fg_merkle_tree_root(views->tree, views->count);

	batch.gateway_id = (ProtobufCBinaryData){ FG_ID_LEN, core->trust.gateway_id.b };
	batch.not_before_ms = fg_core_now_ms(core) - CLOCK_SKEW_MS;
	batch.expires_ms = batch.not_before_ms + 3600 * 1000;
	batch.root = (ProtobufCBinaryData){ FG_SHA256_LEN, root.b };
	batch.count = views->count;
	if (fg_signed_make(&batch, &core->directory_key, FG_LABEL_VIEW_BATCH, &object) != FG_OK)
		FG_BUG("out of memory");
	views->signed_batch = must(fg_proto_pack_new(&object, &views->signed_len));
	fg_signed_free(&object);
}

static void add_view(struct fg_relay_batch *batch, struct fg_relay_work *work)
{
	struct fg_hash leaf = fg_merkle_leaf(work->view, work->view_len);

	if (!batch->views) {
		batch->views = must(calloc(1, sizeof(*batch->views)));
		batch->views->tree = must(fg_merkle_tree_new());
		batch->views->users = 1;
	}
	if (fg_merkle_tree_append(batch->views->tree, &leaf) != FG_OK)
		FG_BUG("out of memory");
	work->view_index = batch->views->count++;
	work->views = batch->views;
	batch->views->users++;
}

/* ---- what follows from a decision ---- */

uint32_t fg_relay_retry_s(const struct fg_relay *relay)
{
	return fg_retry_s(relay->message_class, relay->tries, relay->id.b[FG_ID_LEN - 1]);
}

void fg_relay_wait(struct fg_core_relays *relays, struct fg_relay *relay, uint32_t wait_s)
{
	uint64_t due = fg_core_now_ms(relays->core) / 1000 + (wait_s ? wait_s : 1);

	fg_relay_unlist(relay);
	fg_relay_timer(relays, relay, due < relay->expires_s ? (uint32_t)due : relay->expires_s);
	fg_relay_lane_hold(relays, relay);
}

static void wait_for_link(struct fg_core_relays *relays, struct fg_relay *relay)
{
	relays->no_use = true;
	fg_relay_lane_release(relays, relay);
	fg_relay_timer(relays, relay, relay->expires_s);
	if (!fg_relay_lane_behind(relays, relay))
		fg_relay_queue(relays, relay);
}

/* Over a link, or to devices, which are reached over none. */
static void become_sending(struct fg_relay_batch *batch, struct fg_relay *relay,
			   const struct fg_decision *decision, enum fg_relay_event event)
{
	struct fg_core_relays *relays = batch->relays;
	struct fg_relay_work *work = relay->work;
	bool secure = decision->action == FG_ACTION_SECURE;

	fg_relay_become(relay, event, FG_JOB_SENDING);
	fg_relay_turn_over(relays, relay);
	fg_relay_lane_release(relays, relay);
	fg_relay_untimer(relays, relay);
	relay->leg++;
	work->decided_ms = fg_core_now_ms(relays->core);
	relay->link = secure ? FG_RELAY_NO_LINK : decision->link;
	relay->bearer = secure ? FG_BEARER_SECURE : fg_relay_bearer(relays->core, decision->link);
	relay->decision_row = decision->row;
	relay->reason =
		(uint8_t)(work->secure_not_yet ? FG_REASON_SECURE_NOT_YET : decision->reason);
	if (fg_relay_is_inbound(relay))
		relay->reason = FG_REASON_RELAYED;
	relay->flags &= (uint8_t) ~(FG_RELAY_PIN_OVERRIDE | FG_RELAY_REPEATED);
	relay->flags |= decision->pin_override ? FG_RELAY_PIN_OVERRIDE : 0;
	fg_relay_facts_hash(&batch->gathered, work);
	memcpy(relay->facts, work->facts_hash.b, sizeof(relay->facts));
	if (!secure)
		relays->sending_on[relay->link]++;
	fg_relay_push(&relays->sending, relay);
	add_view(batch, work);
}

static enum fg_rc refusal_of(const struct fg_relay_batch *batch, const struct fg_relay *relay,
			     const struct fg_decision *decision)
{
	if (decision->action == FG_ACTION_EXPIRE)
		return FG_E_TIMEOUT;
	if (decision->reason == FG_REASON_LINKS_EXHAUSTED &&
	    relay->segments > batch->gathered.facts.consent_max_segments)
		return FG_E_TOO_LONG;
	return decision->reason == FG_REASON_BELOW_FLOOR ? FG_E_SECURE_ONLY : FG_E_DENIED;
}

/* A reference for the parts of a long message: the recipient's counter, with what is allotted but not durable yet. */
static void allot_concat(struct fg_core_relays *relays, struct fg_relay_commit *commit,
			 struct fg_relay *relay)
{
	const uint8_t *tag = relay->work->tag.b;
	struct fg_relay_concat *near =
		&relays->concats[((size_t)tag[8] << 8 | tag[9]) % FG_RELAY_CONCATS];
	struct fg_store_op *op;
	uint8_t *value;

	if (relay->segments < 2 || relay->concat_ref)
		return;
	relay->concat_ref = memcmp(near->tag, tag, sizeof(near->tag)) == 0
				    ? near->ref
				    : relay->work->concat_stored;
	if (!++relay->concat_ref)
		relay->concat_ref = 1;
	memcpy(near->tag, tag, sizeof(near->tag));
	near->ref = relay->concat_ref;
	value = fg_relay_commit_alloc(commit, FG_SHA256_LEN + 2);
	memcpy(value, tag, FG_SHA256_LEN);
	value[FG_SHA256_LEN] = (uint8_t)(relay->concat_ref >> 8);
	value[FG_SHA256_LEN + 1] = (uint8_t)relay->concat_ref;
	op = fg_relay_commit_op(commit, FG_OP_KV_PUT);
	op->kind = FG_KV_CONCAT;
	op->key = FG_BYTES(value, FG_SHA256_LEN);
	op->body = FG_BYTES(value + FG_SHA256_LEN, 2);
	op->version = FG_STORE_ANY_VERSION;
}

/* Rows grow with time and over restarts, so that a message that ended is found by the time in its id. */
static uint64_t next_row(struct fg_core_relays *relays)
{
	uint64_t row = fg_core_now_ms(relays->core) << FG_RELAY_ROW_SHIFT;

	relays->last_row = row > relays->last_row ? row : relays->last_row + 1;
	return relays->last_row;
}

static void put_key(struct fg_core_relays *relays, struct fg_relay_commit *commit,
		    struct fg_relay *relay)
{
	const char *account = fg_relay_account_name(relays->core, relay);
	size_t len = strlen(account) + 1;
	uint8_t *key = fg_relay_commit_alloc(commit, len + relay->work->key_len);
	struct fg_store_op *op = fg_relay_commit_op(commit, FG_OP_RELAY_KEY_PUT);

	memcpy(key, account, len);
	memcpy(key + len, relay->work->key, relay->work->key_len);
	op->key = FG_BYTES(key, len + relay->work->key_len);
	op->id = relay->id;
	op->body = FG_BYTES(relay->work->same, sizeof(relay->work->same));
	op->due_ms = fg_core_now_ms(relays->core);
	op->expires_ms = op->due_ms + FG_RELAY_DAY_S * 1000ull;
}

/* The accept commit holds the decision already. One with a key has a commit of its own, since that may fail. */
static void put_new(struct fg_core_relays *relays, struct fg_relay_commit **commit,
		    struct fg_relay *relay, bool order)
{
	struct fg_relay_commit *own = relay->work->key_len ? NULL : *commit;
	struct fg_store_op *op;

	if (!own)
		own = fg_relay_commit_new(relays, true);
	if (!relay->work->key_len)
		*commit = own;
	fg_relay_quota_save(relays, own, relay->account);
	relay->row = next_row(relays);
	if (relay->work->key_len)
		put_key(relays, own, relay);
	allot_concat(relays, own, relay);
	op = fg_relay_commit_op(own, FG_OP_RELAY_PUT);
	op->row = relay->row;
	op->id = relay->id;
	op->state = (enum fg_job_state)relay->state;
	op->record = fg_relay_encode(relays, own, relay);
	op->body = FG_BYTES(relay->work->body, relay->work->body_len);
	fg_relay_commit_then(own, relay, order ? FG_THEN_ORDER : FG_THEN_NOTHING, 0, 0);
	if (relay->work->key_len)
		fg_relay_commit_submit(own);
}

/* For a carrier's message there is neither an application nor a device: the carrier keeps it. What cannot be known now is taken. */
static bool nobody_takes_it(const struct fg_relay *relay)
{
	return fg_relay_is_inbound(relay) && !relay->work->to_application &&
	       relay->work->view_state == FG_VIEW_ABSENT;
}

static bool sends(const struct fg_decision *decision)
{
	return decision->action == FG_ACTION_SECURE || decision->action == FG_ACTION_DOWNGRADE;
}

static void apply_new(struct fg_relay_batch *batch, struct fg_relay_commit **commit,
		      struct fg_relay *relay, const struct fg_decision *decision)
{
	struct fg_core_relays *relays = batch->relays;

	if (relay->part) { /* decided on when the others are here */
		fg_relay_become(relay, FG_RELAY_ACCEPT, FG_JOB_READY);
		put_new(relays, commit, relay, false);
		return;
	}
	if (nobody_takes_it(relay)) {
		fg_relay_refuse(relays, relay, FG_E_NOT_FOUND);
		return;
	}
	if (decision->action == FG_ACTION_REFUSE || decision->action == FG_ACTION_EXPIRE) {
		fg_relay_refuse(relays, relay, refusal_of(batch, relay, decision));
		return;
	}
	if (sends(decision) && !fg_relay_is_early(relays, relay)) {
		become_sending(batch, relay, decision, FG_RELAY_ACCEPT);
		put_new(relays, commit, relay, true);
		return;
	}
	fg_relay_become(relay, FG_RELAY_ACCEPT, FG_JOB_READY);
	relay->reason = (uint8_t)decision->reason;
	if (fg_relay_is_early(relays, relay)) {
		fg_relay_schedule(relays, relay);
	} else if (decision->reason != FG_REASON_NO_LINK) {
		relay->tries++;
		fg_relay_wait(relays, relay, decision->wait_ms ? decision->wait_ms / 1000 : 60);
	}
	put_new(relays, commit, relay, false);
}

static void cancelled(struct fg_core_relays *relays, struct fg_relay *relay,
		      const struct fg_decision *decision)
{
	bool asked = relay->work->cancel;
	uint16_t link = relay->work->reply_link;
	uint64_t token = relay->work->token;

	relay->reason = (uint8_t)decision->reason;
	fg_relay_finish(relays, relay, FG_RELAY_DECIDE, FG_DLR_DELETED);
	if (asked)
		fg_relay_commit_then(relays->open, NULL, FG_THEN_ANSWER, link, token);
}

/* True: nothing more to do now. While copies lie with devices, or nobody knows whether they do, nothing else may happen to it. */
static bool stays_with_devices(struct fg_core_relays *relays, struct fg_relay *relay,
			       const struct fg_decision *decision)
{
	bool over = relay->expires_s <= fg_core_now_ms(relays->core) / 1000;
	bool stay = decision->action == FG_ACTION_SECURE || decision->action == FG_ACTION_WAIT;

	if (over && relay->withdraw != FG_WITHDRAW_NONE) {
		relay->reason = FG_REASON_DEADLINE;
		fg_relay_finish(relays, relay, FG_RELAY_DECIDE, FG_DLR_EXPIRED);
		return true;
	}
	if (relay->withdraw == FG_WITHDRAW_DONE)
		return false;
#ifdef FG_MUTANT_relay_withdraw
	if (!stay)
		return false;
#endif
	if (relay->withdraw == FG_WITHDRAW_NONE && (over || !stay)) {
		fg_relay_withdraw(relays, relay);
		return true;
	}
	fg_relay_work_free(relay);
	fg_relay_look_later(relays, relay);
	return true;
}

static void apply_again(struct fg_relay_batch *batch, struct fg_relay *relay,
			const struct fg_decision *decision)
{
	struct fg_core_relays *relays = batch->relays;

	relay->flags &= (uint8_t)~FG_RELAY_DECIDING;
	if (relay->state == FG_JOB_SECURE && stays_with_devices(relays, relay, decision))
		return;
	switch (decision->action) {
	case FG_ACTION_SECURE:
	case FG_ACTION_DOWNGRADE:
		become_sending(batch, relay, decision, FG_RELAY_DECIDE);
		fg_relay_save(relays, relay, FG_THEN_ORDER);
		return;
	case FG_ACTION_CANCELLED:
		cancelled(relays, relay, decision);
		return;
	case FG_ACTION_EXPIRE:
		relay->reason = (uint8_t)decision->reason;
		fg_relay_finish(relays, relay, FG_RELAY_DECIDE, FG_DLR_EXPIRED);
		return;
	case FG_ACTION_REFUSE:
		relay->reason = (uint8_t)decision->reason;
		fg_relay_finish(relays, relay, FG_RELAY_DECIDE,
				relay->leg ? FG_DLR_UNDELIVERABLE : FG_DLR_REJECTED);
		return;
	default:
		break;
	}
	fg_relay_work_free(relay);
	if (decision->reason == FG_REASON_NO_LINK && relay->state == FG_JOB_READY) {
		wait_for_link(relays, relay);
		return;
	}
	fg_relay_become(relay, FG_RELAY_DECIDE, FG_JOB_READY);
	relay->reason = (uint8_t)decision->reason;
	relay->tries = (uint8_t)(relay->tries + (relay->tries < UINT8_MAX));
	fg_relay_wait(relays, relay, decision->wait_ms ? decision->wait_ms / 1000 : 60);
	fg_relay_save(relays, relay, FG_THEN_NOTHING);
}

/* An order given again needs a view of now; without one it waits. */
static void apply_repeat(struct fg_relay_batch *batch, struct fg_relay *relay)
{
	relay->flags &= (uint8_t)~FG_RELAY_DECIDING;
	if (relay->state != FG_JOB_SENDING) { /* the answer came meanwhile */
		fg_relay_work_free(relay);
		return;
	}
	fg_relay_push(&batch->relays->sending, relay);
	if (!relay->work->view || (relay->bearer == FG_BEARER_SECURE && !relay->work->devices)) {
		fg_relay_work_free(relay);
		fg_relay_timer(batch->relays, relay,
			       (uint32_t)(fg_core_now_ms(batch->relays->core) / 1000) + AGAIN_S);
		return;
	}
	relay->work->decided_ms = fg_core_now_ms(batch->relays->core);
	fg_relay_facts_hash(&batch->gathered, relay->work);
	add_view(batch, relay->work);
}

/* What a phone sent to an application's number is not the table's business: it came unprotected, and goes to whom it was sent to. */
static struct fg_decision for_application(struct fg_core_relays *relays, struct fg_relay *relay,
					  const struct fg_facts *facts, int account)
{
	int link = fg_relay_receiver(relays, (size_t)account);
	struct fg_decision decision = { .action = FG_ACTION_WAIT, .reason = FG_REASON_NO_LINK };

	relay->work->to_application = true;
	if (facts->left_ms == 0) {
		decision.action = FG_ACTION_EXPIRE;
		decision.reason = FG_REASON_DEADLINE;
	} else if (link >= 0 && fg_relay_link_room(relays, (size_t)link) && relay->work->view) {
		decision.action = FG_ACTION_DOWNGRADE;
		decision.link = (uint8_t)link;
		decision.reason = FG_REASON_RELAYED;
	}
	return decision;
}

static struct fg_decision decision_for(struct fg_core_relays *relays, struct fg_relay *relay,
				       const struct fg_facts *facts)
{
	int account =
		fg_relay_is_inbound(relay)
			? fg_conf_account_of_number(relays->core->conf, fg_relay_destination(relay),
						    relay->destination_len)
			: -1;

	return account < 0 ? fg_decide(&relays->core->policy, facts)
			   : for_application(relays, relay, facts, account);
}

static void decide(struct fg_relay_batch *batch)
{
	struct fg_core_relays *relays = batch->relays;
	struct fg_relay_commit *commit = NULL;
	size_t repeats = 0;

	fg_relay_facts_begin(relays, &batch->gathered);
	for (size_t i = 0; i < batch->count; i++) {
		struct fg_relay *relay = batch->list[i];
		struct fg_decision decision;

		fg_relay_facts_of(relays, relay, &batch->gathered);
		if (relay->work->repeat) {
			apply_repeat(batch, relay);
			batch->list[repeats++] = relay; /* the others may be gone */
			continue;
		}
		decision = decision_for(relays, relay, &batch->gathered.facts);
		if (relay->work->accept)
			apply_new(batch, &commit, relay, &decision);
		else
			apply_again(batch, relay, &decision);
	}
	if (batch->views)
		sign_views(relays->core, batch->views);
	if (commit)
		fg_relay_commit_submit(commit);
	fg_relay_flush(relays);
	for (size_t i = 0; i < repeats; i++)
		if (batch->list[i]->work && batch->list[i]->work->views)
			fg_relay_order(relays, batch->list[i]);
}

static void batch_end(struct fg_relay_batch *batch_take)
{
	struct fg_core_relays *relays = batch_take->relays;

	relays->batch = NULL;
	decide(batch_take);
	views_drop(batch_take->views);
	free(batch_take);
	fg_relay_stir(relays);
}

/* ---- the directory ---- */

static void batch_one_less(struct fg_relay_batch *batch)
{
	if (--batch->left == 0)
		batch_end(batch);
}

static void take_view(struct fg_core *core, struct fg_relay_work *work,
		      const struct fg_directory_entry *entry)
{
	bool secure;

	if (fg_clock_went_back(core->clock)) {
		LOGP(DDECIDE, LOGL_ERROR, "hold downgrades: the clock went back\n");
		return;
	}
	if (fg_directory_view_body(core, entry, &work->view, &work->view_len, &secure) != FG_OK)
		return;
	work->proven_ms = entry->proven_ms;
	if (secure)
		fg_relay_devices_keep(work, entry, fg_core_now_ms(core));
	work->view_state = secure ? FG_VIEW_SECURE : FG_VIEW_ABSENT;
	if (entry->pinned && entry->epoch < entry->pin_epoch) {
		work->epoch = FG_EPOCH_LOWER;
		/* A stale absence is ignorance: row 2 speaks of a stale SECURE only. */
		work->view_state = secure ? FG_VIEW_SECURE : FG_VIEW_UNKNOWN;
	}
}

static void on_entry(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct entry_read *read = arg;
	struct fg_core *core = read->batch->relays->core;

	if (rc == FG_OK) {
		fg_relay_facts_pin(read->batch->relays, read->relay->work, entry);
		take_view(core, read->relay->work, entry);
	}
	batch_one_less(read->batch);
	free(read);
}

static void read_entry(struct fg_relay_batch *batch, struct fg_relay *relay)
{
	const char *destination = fg_relay_destination(relay);
	struct entry_read *read = must(malloc(sizeof(*read)));
	struct fg_handle handle;
	enum fg_rc rc = fg_handle_parse(destination, relay->destination_len, &handle);

	*read = (struct entry_read){ batch, relay };
	batch->left++;
	if (rc == FG_OK)
		rc = fg_directory_read(batch->relays->core, &handle, on_entry, read);
	if (rc != FG_OK)
		on_entry(rc, NULL, read);
}

static void nobody_is_there(struct fg_core *core, struct fg_relay_work *work)
{
	struct fg_directory_entry entry;

	memset(&entry, 0, sizeof(entry));
	entry.tag = work->tag;
	take_view(core, work, &entry);
}

/* Rows come in the order of the keys, at most one for each: is the next one of this kind and handle? */
static bool take_row(const struct fg_store_row *rows, size_t count, size_t *at,
		     enum fg_store_kind kind, struct fg_relay_work *work)
{
	const struct fg_store_row *row;

	if (*at == count) /* rows may be NULL then */
		return false;
	row = &rows[*at];
	if (row->kind != kind || row->key.len != sizeof(work->tag.b) ||
	    memcmp(row->key.data, work->tag.b, sizeof(work->tag.b)) != 0)
		return false;
	++*at;
	if (kind == FG_KV_CONCAT && row->body.len == 2)
		work->concat_stored = (uint16_t)(row->body.data[0] << 8 | row->body.data[1]);
	return true;
}

static void on_rows(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_relay_batch *batch = arg;
	size_t at = 0;

	fg_core_store_rc(batch->relays->core, rc);
	for (size_t i = 0; rc == FG_OK && i < batch->count; i++) {
		struct fg_relay_work *work = batch->list[i]->work;
		bool known;

		known = take_row(rows, count, &at, FG_KV_HANDLE, work);
		known |= take_row(rows, count, &at, FG_KV_PIN, work);
		take_row(rows, count, &at, FG_KV_CONCAT, work);
		if (known)
			read_entry(batch, batch->list[i]);
		else
			nobody_is_there(batch->relays->core, work);
	}
	if (rc == FG_OK && at != count)
		FG_BUG("rows of the directory that nobody asked for");
	batch_one_less(batch);
}

static void read_directory(struct fg_relay_batch *batch)
{
	struct fg_store_key keys[KEYS_EACH * FG_RELAY_BATCH_MAX];
	size_t n = 0;
	enum fg_rc rc;

	for (size_t i = 0; i < batch->count; i++) {
		struct fg_relay *relay = batch->list[i];
		struct fg_hash *tag = &relay->work->tag;
		const struct fg_bytes key = FG_BYTES(tag->b, sizeof(tag->b));

		*tag = fg_handle_tag(fg_relay_destination(relay));
		keys[n++] = (struct fg_store_key){ .kind = FG_KV_HANDLE, .key = key };
		keys[n++] = (struct fg_store_key){ .kind = FG_KV_PIN, .key = key };
		if (relay->segments > 1 && !relay->concat_ref)
			keys[n++] = (struct fg_store_key){ .kind = FG_KV_CONCAT, .key = key };
	}
	batch->left = 1;
	rc = fg_store_get(batch->relays->core->store, keys, n, on_rows, batch);
	if (rc != FG_OK)
		on_rows(rc, NULL, 0, batch);
}

/* ---- who is in a batch ---- */

static void batch_add(struct fg_relay_batch *batch, struct fg_relay *relay)
{
	fg_relay_work_new(relay);
	fg_relay_unlist(relay);
	relay->flags |= FG_RELAY_DECIDING;
	batch->list[batch->count++] = relay;
}

/* What phones sent to applications that are there again. */
static void add_inbound(struct fg_relay_batch *batch)
{
	struct fg_core_relays *relays = batch->relays;

	for (size_t i = 0; !relays->no_use && i < relays->core->conf->accounts_count; i++) {
		struct fg_relay_list *waiting = &relays->accounts[i].inbound;
		int link = waiting->head ? fg_relay_receiver(relays, i) : -1;
		size_t room = link < 0 ? 0 : fg_relay_link_room(relays, (size_t)link);

		for (; room && waiting->head && batch->count < FG_RELAY_BATCH_MAX; room--)
			batch_add(batch, fg_relay_pop(waiting));
	}
}

/* What phones sent to devices: no link has to have room, but it may stand behind another, or was loaded. */
static void add_to_devices(struct fg_relay_batch *batch)
{
	struct fg_core_relays *relays = batch->relays;
	struct fg_relay_list *waiting = &relays->accounts[FG_RELAY_INBOUND].wait;

#ifdef FG_MUTANT_relay_to_devices
	return;
#endif
	while (!relays->no_use && waiting->head && batch->count < FG_RELAY_BATCH_MAX) {
		struct fg_relay *relay = fg_relay_pop(waiting);

		if (!fg_relay_lane_behind(relays, relay))
			batch_add(batch, relay);
	}
}

/* Of those that wait for a link, as many as links have room for, one account after the other. */
static void add_waiting(struct fg_relay_batch *batch)
{
	struct fg_core_relays *relays = batch->relays;
	size_t accounts = relays->core->conf->accounts_count, empty = 0;
	size_t room = relays->no_use ? 0 : fg_relay_facts_room(relays);

	while (accounts && room && empty < accounts && batch->count < FG_RELAY_BATCH_MAX) {
		struct fg_relay_account *account =
			&relays->accounts[relays->next_account++ % accounts];
		struct fg_relay *relay = fg_relay_pop(&account->wait);

		empty = relay ? 0 : empty + 1;
		if (!relay || fg_relay_lane_behind(relays, relay))
			continue;
		fg_relay_turn_out(relays, relay);
		batch_add(batch, relay);
		room--;
	}
}

void fg_relay_decide_batch(struct fg_core_relays *relays)
{
	struct fg_relay_batch *batch;

	if (relays->batch || relays->accepts_under_way >= ACCEPTS_MAX)
		return;
	batch = must(malloc(sizeof(*batch)));
	batch->relays = relays;
	batch->count = 0;
	batch->views = NULL;
	while (batch->count < FG_RELAY_BATCH_MAX && relays->decide.head)
		batch_add(batch, fg_relay_pop(&relays->decide));
	add_inbound(batch);
	add_to_devices(batch);
	add_waiting(batch);
	if (!batch->count) {
		free(batch);
		return;
	}
	relays->batch = batch;
	read_directory(batch);
}
