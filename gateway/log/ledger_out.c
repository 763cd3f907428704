/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the vault is still to be told. A channel that is full only delays an order that was logged;
 * it never loses one. A vault that went away forgets what waited: the core orders again.
 */
#include "gateway/log/ledger_internal.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"

enum { HASHES_IN_A_FRAME = 28672 / FG_SHA256_LEN }; /* LEAVES.hashes in ipc.def */

/* The leaf hashes that the vault lacks, the checkpoint with the last of them. */
static enum fg_rc send_leaves(struct fg_ledger *ledger)
{
	struct fg_frame frame = { .type = FG_IPC_LEAVES };
	uint8_t hashes[HASHES_IN_A_FRAME * FG_SHA256_LEN];
	uint64_t size = ledger->frontier.size, from = ledger->vault_size;
	enum fg_rc rc = FG_OK;

	while (ledger->vault_size < size) {
		uint64_t at = ledger->vault_size, left = size - at;
		uint64_t n = left < HASHES_IN_A_FRAME ? left : HASHES_IN_A_FRAME;

		for (uint64_t i = 0; i < n && rc == FG_OK; i++) {
			struct fg_hash hash;

			rc = fg_leaves_hash(ledger->leaves, at + i, &hash);
			if (rc == FG_OK)
				memcpy(hashes + i * FG_SHA256_LEN, hash.b, FG_SHA256_LEN);
		}
		if (rc != FG_OK) {
			ledger->ops->failed(rc, ledger->arg);
			return rc;
		}
		frame.leaves.first_index = at;
		frame.leaves.hashes = FG_BYTES(hashes, n * FG_SHA256_LEN);
		frame.leaves.checkpoint = FG_BYTES(ledger->note, n == left ? ledger->note_len : 0);
		rc = ledger->ops->to_vault(&frame, ledger->arg);
		if (rc != FG_OK)
			return rc;
		ledger->vault_size += n;
		ledger->vault_first = from;
	}
	return FG_OK;
}

/* The vault still has the hashes of its newest checkpoint; for an older leaf it needs a path. */
static enum fg_rc send_open(struct fg_ledger *ledger, struct fg_frame *frame)
{
	uint64_t size = ledger->frontier.size;
	uint64_t index =
		frame->type == FG_IPC_UNSEAL ? frame->unseal.leaf_index : frame->open.leaf_index;
	struct fg_merkle_path path = { 0 };
	enum fg_rc rc = FG_OK;

	if (index < ledger->vault_first || size - ledger->vault_first > FG_LEDGER_BATCH_MAX)
		rc = fg_ledger_inclusion(ledger, index, &path);
	if (rc != FG_OK) {
		ledger->ops->failed(rc, ledger->arg);
		return FG_E_IPC_FULL; /* nothing of it was sent */
	}
	fg_ledger_fill_path(frame, &path);
	return ledger->ops->to_vault(frame, ledger->arg);
}

static enum fg_rc send_parcel(struct fg_ledger *ledger, struct fg_ledger_parcel *parcel)
{
	for (; parcel->sent_count < parcel->count; parcel->sent_count++, ledger->out_count--) {
		struct fg_frame *frame = &parcel->batch[parcel->sent_count].frame;
		enum fg_rc rc = FG_OK;

		if (fg_ledger_is_order(frame))
			rc = send_open(ledger, frame);
		else if (frame->type != 0)
			rc = ledger->ops->to_vault(frame, ledger->arg);
		if (rc == FG_E_IPC_FULL)
			return rc;
	}
	return FG_OK;
}

static void drop_first(struct fg_ledger *ledger)
{
	struct fg_ledger_parcel *parcel = ledger->out;

	ledger->out = parcel->next;
	ledger->out_count -= parcel->count - parcel->sent_count;
	talloc_free(parcel->ctx);
}

void fg_ledger_out_drop(struct fg_ledger *ledger)
{
	while (ledger->out)
		drop_first(ledger);
	ledger->out_end = &ledger->out;
}

void fg_ledger_out_begin(struct fg_ledger *ledger, uint64_t leaves_count)
{
	ledger->vault_size = ledger->vault_first = leaves_count;
	fg_ledger_out_pump(ledger);
}

void fg_ledger_out_add(struct fg_ledger *ledger, void *ctx_take, struct fg_ledger_pending *batch,
		       size_t count)
{
	struct fg_ledger_parcel *parcel = talloc_zero(ctx_take, struct fg_ledger_parcel);

	if (!parcel || !ledger->vault_follows) {
		if (!parcel)
			LOGP(DLOG, LOGL_ERROR, "tell the vault: no memory for %zu orders\n", count);
		talloc_free(ctx_take);
		return;
	}
	*parcel = (struct fg_ledger_parcel){ .ctx = ctx_take, .batch = batch, .count = count };
	*ledger->out_end = parcel;
	ledger->out_end = &parcel->next;
	ledger->out_count += count;
}

void fg_ledger_out_pump(struct fg_ledger *ledger)
{
	/* Whoever is told may answer at once with what fills a batch. */
	if (!ledger->vault_follows || ledger->out_busy)
		return;
	ledger->out_busy = true;
	while (send_leaves(ledger) == FG_OK && ledger->out &&
	       send_parcel(ledger, ledger->out) == FG_OK) {
		drop_first(ledger);
		if (!ledger->out)
			ledger->out_end = &ledger->out;
	}
	ledger->out_busy = false;
}
