/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Receipts: made by a step, signed with all others of the same loop turn (one signature over their Merkle root), then committed with the
 * step: as items of the sender's queue and in the job's own record.
 */
#include "gateway/core/step.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include "lib/crypto/merkle.h"

enum { RECEIPT_TAG_FIRST = 100, RECEIPTS_KEPT = 12 };

struct fg_core_receipts {
	struct fg_core *core;
	struct event *flush;
	struct fg_step *first, *last; /* steps that wait for the signature */
};

Fallgate__Receipt *fg_receipt_add(struct fg_step *step, Fallgate__ReceiptKind kind,
				  const char *reason)
{
	Fallgate__StoredJob *job = step->job;
	Fallgate__Receipt *receipt = malloc(sizeof(*receipt));

	if (!receipt || step->receipts_count == FG_STEP_RECEIPTS_MAX)
		FG_BUG("no room for a receipt");
	fallgate__receipt__init(receipt);
	fg_record_bytes(&receipt->gateway_id, step->core->trust.gateway_id.b, FG_ID_LEN);
	fg_record_bytes(&receipt->message_id, job->message_id.data, job->message_id.len);
	fg_record_text(&receipt->recipient, job->recipient);
	fg_record_text(&receipt->reason, reason);
	receipt->kind = kind;
	receipt->protection = FALLGATE__PROTECTION__PROTECTION_UNKNOWN;
	receipt->time_ms = fg_core_now_ms(step->core);
	receipt->leg = job->leg;
	receipt->sequence = ++job->receipt_sequence;
	step->receipts[step->receipts_count++] = receipt;
	return receipt;
}

/* The job keeps what was signed, for a sender that asks later; the oldest go first. */
static void keep(Fallgate__StoredJob *job, Fallgate__SignedReceipt *receipt_take)
{
	if (job->n_receipts == RECEIPTS_KEPT) {
		fg_record_free(job->receipts[0]);
		memmove(job->receipts, job->receipts + 1,
			(RECEIPTS_KEPT - 1) * sizeof(*job->receipts));
		job->n_receipts--;
	} else {
		job->receipts =
			realloc(job->receipts, (job->n_receipts + 1) * sizeof(*job->receipts));
		if (!job->receipts)
			FG_BUG("out of memory");
	}
	job->receipts[job->n_receipts++] = receipt_take;
}

static void queue_item(struct fg_step *step, const Fallgate__SignedReceipt *receipt,
		       uint32_t sequence)
{
	Fallgate__Push push = FALLGATE__PUSH__INIT;
	struct fg_store_op *op = fg_step_op(step, FG_OP_QUEUE_PUT);
	size_t len;

	push.kind = FALLGATE__PUSH_KIND__PUSH_RECEIPT;
	push.message_id = step->job->message_id;
	push.receipt = (Fallgate__SignedReceipt *)(uintptr_t)receipt;
	push.time_ms = fg_core_now_ms(step->core);
	op->body.data = fg_step_own(step, fg_proto_pack_new(&push, &len));
	op->body.len = len;
	memcpy(op->device, step->job->sender_device.data, FG_DEVICE_ID_LEN);
	memcpy(op->id.b, step->job->message_id.data, FG_ID_LEN);
	op->tag = (uint8_t)(RECEIPT_TAG_FIRST + sequence % 100);
	op->expires_ms = fg_core_now_ms(step->core) +
			 (uint64_t)step->core->conf->limits.queue_days * 86400000u;
	memcpy(step->wake[step->wake_count++], op->device, FG_DEVICE_ID_LEN);
}

static Fallgate__SignedReceipt *signed_receipt(uint8_t *body_take, size_t body_len, uint32_t index,
					       uint32_t size, const struct fg_merkle_tree *tree,
					       const uint8_t *signature)
{
	Fallgate__SignedReceipt *out = malloc(sizeof(*out));
	struct fg_merkle_path path = { 0 };

	if (!out || fg_merkle_tree_inclusion(tree, index, size, &path) != FG_OK)
		FG_BUG("cannot prove a receipt");
	fallgate__signed_receipt__init(out);
	out->body = (ProtobufCBinaryData){ .data = body_take, .len = body_len };
	out->index = index;
	out->size = size;
	fg_record_bytes(&out->signature, signature, FG_SIGNATURE_LEN);
	out->path = path.count ? calloc(path.count, sizeof(*out->path)) : NULL;
	for (; out->path && out->n_path < path.count; out->n_path++)
		fg_record_bytes(&out->path[out->n_path], path.hash[out->n_path].b, FG_SHA256_LEN);
	return out;
}

struct batch {
	struct fg_merkle_tree *tree;
	uint8_t **body;
	size_t *body_len;
	uint32_t count;
};

static void batch_add(struct batch *batch, const Fallgate__Receipt *receipt)
{
	struct fg_hash leaf;

	batch->body = realloc(batch->body, (batch->count + 1) * sizeof(*batch->body));
	batch->body_len = realloc(batch->body_len, (batch->count + 1) * sizeof(*batch->body_len));
	if (!batch->body || !batch->body_len)
		FG_BUG("out of memory");
	batch->body[batch->count] = fg_proto_pack_new(receipt, &batch->body_len[batch->count]);
	leaf = fg_merkle_leaf(batch->body[batch->count], batch->body_len[batch->count]);
	if (fg_merkle_tree_append(batch->tree, &leaf) != FG_OK)
		FG_BUG("out of memory");
	batch->count++;
}

static void finish_step(struct fg_step *step, struct batch *batch, uint32_t *at,
			const uint8_t *signature)
{
	for (size_t i = 0; i < step->receipts_count; i++, (*at)++) {
		Fallgate__SignedReceipt *receipt =
			signed_receipt(batch->body[*at], batch->body_len[*at], *at, batch->count,
				       batch->tree, signature);

		queue_item(step, receipt, step->receipts[i]->sequence);
		keep(step->job, receipt);
		fg_record_free(step->receipts[i]);
		step->receipts[i] = NULL;
	}
	step->receipts_count = 0;
	fg_step_commit(step);
}

static void flush(evutil_socket_t fd, short what, void *arg)
{
	struct fg_core_receipts *receipts = arg;
	struct fg_step *step = receipts->first, *next;
	struct batch batch = { .tree = fg_merkle_tree_new() };
	uint8_t signature[FG_SIGNATURE_LEN];
	struct fg_hash root;
	uint32_t at = 0;

	(void)fd;
	(void)what;
	receipts->first = receipts->last = NULL;
	if (!batch.tree)
		FG_BUG("out of memory");
	for (struct fg_step *s = step; s; s = s->next_to_sign)
		for (size_t i = 0; i < s->receipts_count; i++)
			batch_add(&batch, s->receipts[i]);
	root = fg_merkle_tree_root(batch.tree, batch.count);
	fg_sign(&receipts->core->receipt_key, FG_LABEL_RECEIPT_BATCH, root.b, sizeof(root.b),
		signature);
	for (; step; step = next) {
		next = step->next_to_sign;
		finish_step(step, &batch, &at, signature);
	}
	fg_merkle_tree_free(batch.tree);
	free(batch.body);
	free(batch.body_len);
}

void fg_receipts_sign(struct fg_step *step)
{
	struct fg_core_receipts *receipts = step->core->receipts;

	step->next_to_sign = NULL;
	if (receipts->last)
		receipts->last->next_to_sign = step;
	else
		receipts->first = step;
	receipts->last = step;
	event_active(receipts->flush, EV_TIMEOUT, 0);
}

enum fg_rc fg_receipts_start(struct fg_core *core)
{
	core->receipts = calloc(1, sizeof(*core->receipts));
	if (!core->receipts)
		return FG_E_NO_MEMORY;
	core->receipts->core = core;
	core->receipts->flush = event_new(fg_loop_base(core->loop), -1, 0, flush, core->receipts);
	return core->receipts->flush ? FG_OK : FG_E_NO_MEMORY;
}

void fg_receipts_stop(struct fg_core *core)
{
	if (!core->receipts)
		return;
	event_free(core->receipts->flush);
	free(core->receipts);
	core->receipts = NULL;
}
