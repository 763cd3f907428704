/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <talloc.h>
#include "gateway/log/ledger_internal.h"
#include "lib/base/log.h"

#define HOUR_MS 3600000ull

static int ledger_free(struct fg_ledger *ledger)
{
	fg_keyring_wipe(&ledger->ring);
	fg_arena_free(&ledger->arena);
	return 0;
}

static enum fg_rc open_folder(struct fg_ledger *ledger)
{
	char path[300];

	ledger->folder = talloc_asprintf(ledger, "%s/log", ledger->conf->gateway.data_dir);
	if (!ledger->folder)
		return FG_E_NO_MEMORY;
	if (mkdir(ledger->folder, 0700) != 0 && errno != EEXIST)
		return FG_E_SYSTEM;
	if ((size_t)snprintf(path, sizeof(path), "%s/key", ledger->folder) >= sizeof(path))
		return FG_E_TOO_LONG;
	return fg_keyring_load(path, fg_clock_wall_ms(ledger->clock), &ledger->ring);
}

enum fg_rc fg_ledger_new(void *ctx, const struct fg_conf *conf, struct fg_clock *clock,
			 const struct fg_ledger_ops *ops, void *arg, struct fg_ledger **ledger_out)
{
	struct fg_ledger *ledger = talloc_zero(ctx, struct fg_ledger);
	enum fg_rc rc = FG_E_NO_MEMORY;

	if (!ledger)
		return rc;
	ledger->conf = conf;
	ledger->clock = clock;
	ledger->ops = ops;
	ledger->arg = arg;
	ledger->orders = fg_index_new(ledger);
	ledger->accounts = fg_index_new(ledger);
	ledger->batch_orders = fg_table_new(ledger, FG_LEDGER_KEY_LEN);
	ledger->batch_accounts = fg_table_new(ledger, FG_LEDGER_KEY_LEN);
	ledger->batch_ctx = talloc_new(ledger);
	ledger->out_end = &ledger->out;
	fg_merkle_frontier_init(&ledger->frontier);
	talloc_set_destructor(ledger, ledger_free);
	if (ledger->orders && ledger->accounts && ledger->batch_orders && ledger->batch_accounts &&
	    ledger->batch_ctx)
		rc = fg_arena_init(&ledger->arena, 128 * 1024);
	if (rc == FG_OK)
		rc = open_folder(ledger);
	if (rc != FG_OK) {
		talloc_free(ledger);
		return rc;
	}
	*ledger_out = ledger;
	return FG_OK;
}

const uint8_t *fg_ledger_public_key(const struct fg_ledger *ledger)
{
	return ledger->ring.sign.public;
}

uint64_t fg_ledger_size(const struct fg_ledger *ledger)
{
	return ledger->frontier.size;
}

enum fg_rc fg_ledger_start(struct fg_ledger *ledger, const struct fg_trust *trust)
{
	if (memcmp(trust->log_key, ledger->ring.sign.public, FG_SIGN_PUBLIC_LEN) != 0)
		return FG_E_TRUST;
	ledger->trust = *trust;
	return fg_ledger_replay(ledger);
}

static uint64_t seal_ms(const struct fg_ledger *ledger)
{
	return (uint64_t)ledger->conf->log.seal_key_hours * HOUR_MS;
}

void fg_ledger_core_open(struct fg_ledger *ledger)
{
	struct fg_frame frame = { .type = FG_IPC_SEAL_KEY };
	uint8_t key[512];
	size_t len;

	if (fg_keyring_seal_key(&ledger->ring, FG_CAPSULE_OUTER, &ledger->trust.gateway_id,
				seal_ms(ledger), key, sizeof(key), &len) != FG_OK)
		return;
	frame.seal_key.role = FG_ROLE_LOG;
	frame.seal_key.key = FG_BYTES(key, len);
	ledger->ops->to_core(&frame, ledger->arg);
}

void fg_ledger_vault_closed(struct fg_ledger *ledger)
{
	ledger->vault_follows = false;
	fg_ledger_out_drop(ledger);
}

/* ---- out ---- */

static void refuse(struct fg_ledger *ledger, const struct fg_id *id, uint16_t leg, enum fg_rc rc)
{
	struct fg_frame frame = { .type = FG_IPC_REFUSED };

	LOG_MSG(id, DLOG, LOGL_NOTICE, "refuse order: %s leg=%u\n", fg_rc_name(rc), leg);
	frame.refused.message_id = *id;
	frame.refused.leg = leg;
	frame.refused.rc = (uint16_t)rc;
	ledger->ops->to_core(&frame, ledger->arg);
}

/* Without the proof the core would not know that it is logged: a disk that cannot be read ends the process, and the order comes again. */
static void send_logged(struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf,
			const struct fg_bytes record)
{
	struct fg_frame frame = { .type = FG_IPC_LOGGED };
	struct fg_merkle_path path;
	enum fg_rc rc = fg_ledger_inclusion(ledger, leaf->index, &path);

	if (rc != FG_OK) {
		ledger->ops->failed(rc, ledger->arg);
		return;
	}
	memcpy(frame.logged.message_id.b, leaf->key, FG_ID_LEN);
	frame.logged.leg = (uint16_t)(leaf->key[FG_ID_LEN] << 8 | leaf->key[FG_ID_LEN + 1]);
	frame.logged.leaf_index = leaf->index;
	frame.logged.record = record;
	memcpy(frame.logged.salt, leaf->salt, sizeof(leaf->salt));
	frame.logged.path = FG_BYTES(path.hash, path.count * sizeof(path.hash[0]));
	frame.logged.checkpoint = FG_BYTES(ledger->note, ledger->note_len);
	ledger->ops->to_core(&frame, ledger->arg);
}

/* An application has no use for a proof in its receipt; whoever audits asks the log. */
static void send_relayed(struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf)
{
	struct fg_frame frame = { .type = FG_IPC_RELAYED };

	memcpy(frame.relayed.message_id.b, leaf->key, FG_ID_LEN);
	frame.relayed.leg = (uint16_t)(leaf->key[FG_ID_LEN] << 8 | leaf->key[FG_ID_LEN + 1]);
	frame.relayed.leaf_index = leaf->index;
	ledger->ops->to_core(&frame, ledger->arg);
}

static void say_logged(struct fg_ledger *ledger, enum fg_ipc_type order,
		       const struct fg_ledger_leaf *leaf, struct fg_bytes record)
{
	if (order == FG_IPC_UNSEAL)
		send_relayed(ledger, leaf);
	else
		send_logged(ledger, leaf, record);
}

bool fg_ledger_is_order(const struct fg_frame *frame)
{
	return frame->type == FG_IPC_OPEN || frame->type == FG_IPC_UNSEAL;
}

void fg_ledger_fill(struct fg_frame *frame, const struct fg_ledger_leaf *leaf,
		    struct fg_bytes record)
{
	bool relay = frame->type == FG_IPC_UNSEAL;

	*(relay ? &frame->unseal.leaf_index : &frame->open.leaf_index) = leaf->index;
	*(relay ? &frame->unseal.record : &frame->open.record) = record;
	memcpy(relay ? frame->unseal.salt : frame->open.salt, leaf->salt, sizeof(leaf->salt));
}

void fg_ledger_fill_path(struct fg_frame *frame, const struct fg_merkle_path *path)
{
	*(frame->type == FG_IPC_UNSEAL ? &frame->unseal.path : &frame->open.path) =
		FG_BYTES(path->hash, path->count * sizeof(path->hash[0]));
}

enum fg_rc fg_ledger_inclusion(const struct fg_ledger *ledger, uint64_t index,
			       struct fg_merkle_path *path_out)
{
	const struct fg_merkle_nodes nodes = fg_leaves_nodes(ledger->leaves);
	enum fg_rc rc = fg_merkle_nodes_inclusion(&nodes, index, ledger->frontier.size, path_out);

	if (rc == FG_E_ARG)
		FG_BUG("leaf outside its tree");
	return rc;
}

/* ---- orders ---- */

void fg_ledger_key(const struct fg_id *id, uint16_t leg, uint8_t key[static FG_LEDGER_KEY_LEN])
{
	memcpy(key, id->b, FG_ID_LEN);
	key[FG_ID_LEN] = (uint8_t)(leg >> 8);
	key[FG_ID_LEN + 1] = (uint8_t)leg;
}

enum fg_rc fg_ledger_room(struct fg_ledger *ledger)
{
	struct statvfs fs;

	if (ledger->vault_forked)
		return FG_E_LOG_FORK;
	if (!ledger->vault_follows)
		return FG_E_CLOSED;
	if (ledger->out_count >= FG_LEDGER_OUT_MAX)
		return FG_E_IPC_FULL;
	if (fg_clock_went_back(ledger->clock))
		return FG_E_CLOCK_HOLD;
	if (ledger->batch_count > 0)
		return FG_OK; /* the disk was asked for the batch's first */
	if (statvfs(ledger->folder, &fs) != 0 ||
	    (uint64_t)fs.f_bavail * fs.f_frsize < (uint64_t)ledger->conf->limits.disk_free_mib
							  << 20)
		return FG_E_LOG_IO;
	return FG_OK;
}

enum fg_rc fg_ledger_check_link(const struct fg_ledger *ledger, const struct fg_ipc_order *order)
{
	const struct fg_conf_links *link;

	if (order->link >= ledger->conf->links_count)
		return FG_E_NOT_FOUND;
	link = &ledger->conf->links[order->link];
	if (order->link_name.len != strlen(link->name) ||
	    memcmp(order->link_name.data, link->name, order->link_name.len) != 0)
		return FG_E_NOT_FOUND;
	if (order->bearer >= FG_BEARER_COUNT ||
	    strcmp(link->bearer, fg_bearer_name(order->bearer)) != 0)
		return FG_E_CONSENT_BEARER;
	return FG_OK;
}

struct fg_bytes fg_ledger_copy(void *ctx, struct fg_bytes bytes)
{
	uint8_t *copy = talloc_memdup(ctx, bytes.len ? bytes.data : (const uint8_t *)"",
				      bytes.len ? bytes.len : 1);

	return FG_BYTES(copy, copy ? bytes.len : 0);
}

/* The OPEN for an order: everything but the leaf and the peeled capsule. */
static void open_from_order(void *ctx, const struct fg_ipc_order *order, struct fg_ipc_open *open)
{
	*open = (struct fg_ipc_open){
		.message_id = order->message_id,
		.leg = order->leg,
		.link = order->link,
		.link_name = fg_ledger_copy(ctx, order->link_name),
		.bearer = order->bearer,
		.reason = order->reason,
		.pin_override = order->pin_override,
		.concat_ref = order->concat_ref,
		.expires_ms = order->expires_ms,
		.consent = fg_ledger_copy(ctx, order->consent),
		.cert = fg_ledger_copy(ctx, order->cert),
		.view = fg_ledger_copy(ctx, order->view),
	};
}

static enum fg_rc peel(struct fg_ledger *ledger, const struct fg_ipc_order *order,
		       const struct fg_order_checked *checked, struct fg_ipc_open *open)
{
	struct fg_capsule_binding binding = { .message_id = order->message_id,
					      .gateway_id = ledger->trust.gateway_id,
					      .expires_ms = checked->consent.body->expires_ms };
	uint8_t *inner = talloc_size(ledger->batch_ctx, order->capsule.len + 1);
	enum fg_rc rc;

	if (!inner)
		return FG_E_NO_MEMORY;
	rc = fg_capsule_open(FG_CAPSULE_OUTER, ledger->ring.seal, ledger->ring.seal_count, &binding,
			     order->capsule.data, order->capsule.len, inner, order->capsule.len,
			     &open->capsule.len);
	open->capsule.data = inner;
	return rc;
}

static enum fg_rc make_record(const struct fg_ipc_order *order,
			      const struct fg_order_checked *checked, uint64_t now_ms,
			      struct fg_ledger_leaf *leaf)
{
	Fallgate__LeafRecord record = FALLGATE__LEAF_RECORD__INIT;
	struct fg_ipc_order copy = *order;
	struct fg_order_checked facts = *checked;
	char link[65] = "";

	if (order->link_name.len >= sizeof(link))
		return FG_E_TOO_LONG;
	if (order->link_name.len > 0) /* devices get it over none */
		memcpy(link, order->link_name.data, order->link_name.len);
	record.message_id = (ProtobufCBinaryData){ FG_ID_LEN, copy.message_id.b };
	record.leg = order->leg;
	record.recipient_tag = (ProtobufCBinaryData){ FG_SHA256_LEN, facts.recipient_tag.b };
	record.consent_hash = (ProtobufCBinaryData){ FG_SHA256_LEN, facts.consent.hash.b };
	record.view_hash = (ProtobufCBinaryData){ FG_SHA256_LEN, facts.view_hash.b };
	record.bearer = (Fallgate__Bearer)order->bearer;
	record.link = link;
	record.reason = (char *)(uintptr_t)fg_reason_code((enum fg_reason)order->reason);
	record.row = order->row;
	record.pin_override = order->pin_override;
	record.facts_hash = (ProtobufCBinaryData){ FG_SHA256_LEN, copy.facts_hash };
	record.policy_hash = (ProtobufCBinaryData){ FG_SHA256_LEN, copy.policy_hash };
	record.time_ms = now_ms;
	leaf->record = talloc_size(leaf, FG_LEDGER_RECORD_MAX);
	if (!leaf->record)
		return FG_E_NO_MEMORY;
	return fg_proto_pack(&record, leaf->record, FG_LEDGER_RECORD_MAX, &leaf->record_len);
}

void fg_ledger_add(struct fg_ledger *ledger, struct fg_ledger_leaf *leaf,
		   const struct fg_frame *frame)
{
	leaf->index = ledger->frontier.size + ledger->batch_count;
	ledger->batch[ledger->batch_count++] =
		(struct fg_ledger_pending){ .leaf = leaf, .frame = *frame };
}

static enum fg_rc log_order(struct fg_ledger *ledger, const struct fg_ipc_order *order,
			    const struct fg_order_checked *checked, uint64_t expires_ms,
			    struct fg_frame *frame)
{
	struct fg_ledger_leaf *leaf = talloc_zero(ledger->batch_ctx, struct fg_ledger_leaf);
	uint64_t now_ms = fg_clock_wall_ms(ledger->clock);
	enum fg_rc rc = leaf ? make_record(order, checked, now_ms, leaf) : FG_E_NO_MEMORY;

	if (rc == FG_OK) {
		leaf->expires_ms = expires_ms;
		fg_random(leaf->salt, sizeof(leaf->salt));
		fg_ledger_key(&order->message_id, order->leg, leaf->key);
		leaf->hash = fg_order_leaf(order->reason, order->bearer, now_ms, leaf->salt,
					   FG_BYTES(leaf->record, leaf->record_len), leaf->leaf);
		rc = fg_ledger_expect(ledger, leaf);
	}
	if (rc != FG_OK) {
		talloc_free(leaf);
		return rc;
	}
	fg_ledger_add(ledger, leaf, frame);
#ifdef FG_MUTANT_log_before_open
	fg_ledger_fill(frame, leaf, FG_BYTES(leaf->record, leaf->record_len));
	ledger->ops->to_vault(frame, ledger->arg);
#endif
	return FG_OK;
}

/* The same order again: no new leaf, but the vault is asked again, with a path to the newest checkpoint. */
static enum fg_rc forward_again(struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf,
				struct fg_frame *frame)
{
	uint8_t record[FG_LEDGER_RECORD_MAX];
	struct fg_merkle_path path;
	enum fg_rc rc;

	if (!leaf->durable)
		return FG_OK; /* it is in the batch: the answer to the first comes for both */
	if (ledger->vault_size < ledger->frontier.size)
		return FG_E_IPC_FULL; /* the path would lead to a checkpoint that the vault has not seen */
	if (leaf->record_len > sizeof(record) ||
	    fg_journal_read(ledger->journal, leaf->record_offset, record, leaf->record_len) !=
		    FG_OK)
		return FG_E_LOG_IO;
	rc = fg_ledger_inclusion(ledger, leaf->index, &path);
	if (rc != FG_OK)
		return rc;
	fg_ledger_fill(frame, leaf, FG_BYTES(record, leaf->record_len));
	fg_ledger_fill_path(frame, &path);
	rc = ledger->ops->to_vault(frame, ledger->arg);
	if (rc == FG_OK)
		say_logged(ledger, frame->type, leaf, FG_BYTES(record, leaf->record_len));
	return rc;
}

/* Does the leaf commit to this very order? A newer view or consent, or another link, is another decision and gets a leaf of its own. */
static bool is_same_order(struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf,
			  const struct fg_ipc_order *order, const struct fg_order_checked *checked)
{
	uint8_t bytes[FG_LEDGER_RECORD_MAX];
	const Fallgate__LeafRecord *r;

	if (leaf->record)
		memcpy(bytes, leaf->record, leaf->record_len);
	else if (leaf->record_len > sizeof(bytes) ||
		 fg_journal_read(ledger->journal, leaf->record_offset, bytes, leaf->record_len) !=
			 FG_OK)
		return false;
	r = fg_proto_unpack(&ledger->arena, &fallgate__leaf_record__descriptor, bytes,
			    leaf->record_len);
	return r && FG_HAS_LEN(r->consent_hash, FG_SHA256_LEN) &&
	       FG_HAS_LEN(r->view_hash, FG_SHA256_LEN) &&
	       memcmp(r->consent_hash.data, checked->consent.hash.b, FG_SHA256_LEN) == 0 &&
	       memcmp(r->view_hash.data, checked->view_hash.b, FG_SHA256_LEN) == 0 &&
	       (unsigned)r->bearer == order->bearer && strlen(r->link) == order->link_name.len &&
	       (order->link_name.len == 0 ||
		memcmp(r->link, order->link_name.data, order->link_name.len) == 0) &&
	       strcmp(r->reason, fg_reason_code((enum fg_reason)order->reason)) == 0 &&
	       r->pin_override == (order->pin_override != 0);
}

enum fg_rc fg_ledger_log_or_forward(struct fg_ledger *ledger, const struct fg_ipc_order *order,
				    const struct fg_order_checked *checked, uint64_t expires_ms,
				    struct fg_frame *frame)
{
	const struct fg_ledger_leaf *known;
	uint8_t key[FG_LEDGER_KEY_LEN];
	enum fg_rc rc;

	fg_ledger_key(&order->message_id, order->leg, key);
	rc = fg_ledger_find_order(ledger, key, &known);
	if (rc != FG_OK)
		return rc;
	return known && is_same_order(ledger, known, order, checked)
		       ? forward_again(ledger, known, frame)
		       : log_order(ledger, order, checked, expires_ms, frame);
}

enum fg_rc fg_ledger_check_leg(struct fg_ledger *ledger, const struct fg_id *id, uint16_t leg)
{
	const struct fg_ledger_leaf *before = NULL;
	uint8_t key[FG_LEDGER_KEY_LEN];
	enum fg_rc rc = FG_OK;

	if (leg == 0)
		return FG_E_LEG_ORDER;
	if (leg == 1)
		return FG_OK;
	fg_ledger_key(id, (uint16_t)(leg - 1), key);
	rc = fg_ledger_find_order(ledger, key, &before);
	return rc == FG_OK && !before ? FG_E_LEG_ORDER : rc;
}

static enum fg_rc take_order(struct fg_ledger *ledger, const struct fg_ipc_order *order)
{
	struct fg_frame frame = { .type = FG_IPC_OPEN };
	struct fg_order_claim claim = { .message_id = order->message_id,
					.bearer = order->bearer,
					.reason = order->reason,
					.consent = order->consent,
					.cert = order->cert,
					.view = order->view,
					.capsule_hash =
						fg_sha256(order->capsule.data, order->capsule.len),
					.now_ms = fg_clock_wall_ms(ledger->clock) };
	struct fg_order_checked checked;
	enum fg_rc rc = fg_ledger_room(ledger);

	if (rc == FG_OK)
		rc = fg_ledger_check_link(ledger, order);
	fg_arena_reset(&ledger->arena);
	if (rc == FG_OK)
		rc = fg_order_check(&ledger->arena, &ledger->trust, &claim, &checked);
	if (rc == FG_OK)
		rc = fg_ledger_check_leg(ledger, &order->message_id, order->leg);
	if (rc != FG_OK)
		return rc;
	open_from_order(ledger->batch_ctx, order, &frame.open);
	memcpy(frame.open.capsule_hash, claim.capsule_hash.b, FG_SHA256_LEN);
	rc = peel(ledger, order, &checked, &frame.open);
	return rc == FG_OK ? fg_ledger_log_or_forward(ledger, order, &checked,
						      checked.consent.body->expires_ms, &frame)
			   : rc;
}

/* ---- following and heads ---- */

static void take_followed(struct fg_ledger *ledger, const struct fg_ipc_followed *followed)
{
	struct fg_merkle_nodes nodes;
	struct fg_hash ours;

	fg_ledger_flush(ledger);
	nodes = fg_leaves_nodes(ledger->leaves);
	if (followed->size <= ledger->frontier.size &&
	    fg_merkle_nodes_root(&nodes, followed->size, &ours) != FG_OK) {
		ledger->ops->failed(FG_E_LOG_IO, ledger->arg);
		return;
	}
	ledger->vault_forked = followed->size > ledger->frontier.size ||
			       memcmp(ours.b, followed->root, FG_SHA256_LEN) != 0;
	ledger->vault_follows = !ledger->vault_forked;
	if (ledger->vault_forked)
		LOGP(DLOG, LOGL_FATAL, "vault has seen another log: size=%llu ours=%llu\n",
		     (unsigned long long)followed->size, (unsigned long long)ledger->frontier.size);
	else
		fg_ledger_out_begin(ledger, followed->size);
}

static void take_head_query(struct fg_ledger *ledger, const struct fg_ipc_head_query *query)
{
	struct fg_frame frame = { .type = FG_IPC_HEAD };
	struct fg_merkle_nodes nodes = fg_leaves_nodes(ledger->leaves);
	struct fg_merkle_path path = { 0 };
	enum fg_rc rc = FG_OK;

	if (query->old_size > 0)
		rc = fg_merkle_nodes_consistency(&nodes, query->old_size, ledger->frontier.size,
						 &path);
	frame.head.token = query->token;
	frame.head.checkpoint = FG_BYTES(ledger->note, ledger->note_len);
	frame.head.old_size = query->old_size;
	frame.head.path = FG_BYTES(path.hash, rc == FG_OK ? path.count * sizeof(path.hash[0]) : 0);
	frame.head.rc = (uint16_t)(rc == FG_OK ? FG_OK : FG_E_NOT_FOUND);
	ledger->ops->to_core(&frame, ledger->arg);
}

void fg_ledger_frame(struct fg_ledger *ledger, const struct fg_frame *frame)
{
	enum fg_rc rc;

	if (ledger->batch_count == FG_LEDGER_BATCH_MAX)
		fg_ledger_flush(ledger);
	switch (frame->type) {
	case FG_IPC_ORDER:
		rc = take_order(ledger, &frame->order);
		if (rc != FG_OK)
			refuse(ledger, &frame->order.message_id, frame->order.leg, rc);
		break;
	case FG_IPC_RELAY:
		rc = fg_ledger_take_relay(ledger, &frame->relay);
		if (rc != FG_OK)
			refuse(ledger, &frame->relay.message_id, frame->relay.leg, rc);
		break;
	case FG_IPC_ACCOUNT:
		fg_ledger_take_account(ledger, &frame->account);
		break;
	case FG_IPC_ALARM:
		fg_ledger_take_alarm(ledger, &frame->alarm);
		break;
	case FG_IPC_FOLLOWED:
		take_followed(ledger, &frame->followed);
		break;
	case FG_IPC_HEAD_QUERY:
		take_head_query(ledger, &frame->head_query);
		break;
	default:
		break; /* HELLO and CREDIT are the channel's */
	}
}

/* Nothing of the batch was told to anybody. */
static void refuse_batch(struct fg_ledger *ledger)
{
	for (size_t i = 0; i < ledger->batch_count; i++)
		if (fg_ledger_is_order(&ledger->batch[i].frame)) {
			const uint8_t *key = ledger->batch[i].leaf->key;
			struct fg_id id;

			memcpy(id.b, key, FG_ID_LEN);
			refuse(ledger, &id, (uint16_t)(key[FG_ID_LEN] << 8 | key[FG_ID_LEN + 1]),
			       FG_E_LOG_IO);
		}
}

/* The leaf of an order is durable: say so, and fill in what the order to the vault lacked. */
static void complete(struct fg_ledger *ledger, struct fg_ledger_pending *pending,
		     const struct fg_bytes record)
{
	if (!fg_ledger_is_order(&pending->frame))
		return;
	fg_ledger_fill(&pending->frame, pending->leaf, record);
	say_logged(ledger, pending->frame.type, pending->leaf, record);
}

/* The batch leaves the ledger before anybody is told, since whoever is told may answer with what belongs to the next one. */
static struct fg_ledger_pending *take_batch(struct fg_ledger *ledger, void **ctx_out)
{
	void *fresh = talloc_new(ledger);
	struct fg_ledger_pending *batch = talloc_memdup(ledger->batch_ctx, ledger->batch,
							ledger->batch_count * sizeof(*batch));

	if (!fresh || !batch) {
		talloc_free(fresh);
		return NULL;
	}
	*ctx_out = ledger->batch_ctx;
	ledger->batch_ctx = fresh;
	fg_ledger_forget_batch(ledger);
	return batch;
}

static struct fg_bytes *copy_records(struct fg_ledger *ledger)
{
	struct fg_bytes *records =
		talloc_array(ledger->batch_ctx, struct fg_bytes, (unsigned)ledger->batch_count);

	for (size_t i = 0; records && i < ledger->batch_count; i++)
		records[i] = fg_ledger_copy(records, FG_BYTES(ledger->batch[i].leaf->record,
							      ledger->batch[i].leaf->record_len));
	return records;
}

void fg_ledger_flush(struct fg_ledger *ledger)
{
	size_t count = ledger->batch_count;
	struct fg_ledger_pending *batch = NULL;
	struct fg_bytes *records;
	void *ctx = NULL;
	enum fg_rc rc;

	if (count == 0) {
		talloc_free_children(ledger->batch_ctx);
		fg_ledger_out_pump(ledger);
		return;
	}
	records = copy_records(ledger);
	rc = records ? fg_ledger_commit(ledger) : FG_E_NO_MEMORY;
	if (rc == FG_OK)
		batch = take_batch(ledger, &ctx);
	if (!batch) {
		refuse_batch(ledger);
		fg_ledger_forget_batch(ledger);
		ledger->ops->failed(rc == FG_OK ? FG_E_NO_MEMORY : rc, ledger->arg);
		return;
	}
	for (size_t i = 0; i < count; i++)
		complete(ledger, &batch[i], records[i]);
	fg_ledger_out_add(ledger, ctx, batch, count);
	fg_ledger_out_pump(ledger);
	fg_journal_write_ahead(ledger->journal);
}

void fg_ledger_idle(struct fg_ledger *ledger)
{
	bool changed = false;
	enum fg_rc rc =
		fg_keyring_rotate(&ledger->ring, fg_clock_wall_ms(ledger->clock), seal_ms(ledger),
				  (uint64_t)ledger->conf->log.consent_hours * HOUR_MS, &changed);

	if (rc != FG_OK)
		LOGP(DLOG, LOGL_ERROR, "rotate seal key: %s\n", fg_rc_name(rc));
	if (changed)
		fg_ledger_core_open(ledger);
	fg_index_sweep(ledger->orders, fg_clock_wall_ms(ledger->clock), FG_LEDGER_SWEPT_PARTS);
	if (!ledger->note_stale)
		return;
	rc = fg_ledger_publish(ledger);
	if (rc != FG_OK)
		LOGP(DLOG, LOGL_ERROR, "write leaves for auditors: %s\n", fg_rc_name(rc));
}
