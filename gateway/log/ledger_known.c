/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which leaves the log has, by what an order or an account says. Those of the batch are in memory; of the others an index knows the number
 * (index.h), and the journal the rest. An order's is forgotten when no order for it can be valid any more, an account's never.
 */
#include "gateway/log/ledger_internal.h"

#include <string.h>
#include <talloc.h>

static bool is_account(const struct fg_ledger_leaf *leaf)
{
	return leaf->leaf[4] == FG_LEAF_ACCOUNT;
}

/* When an order ends is the core's word: it has a limit. */
static uint64_t keep_ms_of(const struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf)
{
	uint64_t most_ms = fg_clock_wall_ms(ledger->clock) + FG_LEDGER_LIFE_MS;

	if (is_account(leaf))
		return FG_INDEX_FOREVER;
	return (leaf->expires_ms < most_ms ? leaf->expires_ms : most_ms) + FG_LEDGER_MARGIN_MS;
}

static bool has_key(const struct fg_ledger_leaf *leaf)
{
	static const uint8_t no_key[FG_LEDGER_KEY_LEN];

	return memcmp(leaf->key, no_key, sizeof(no_key)) != 0;
}

enum fg_rc fg_ledger_expect(struct fg_ledger *ledger, struct fg_ledger_leaf *leaf)
{
	return fg_table_put(is_account(leaf) ? ledger->batch_accounts : ledger->batch_orders,
			    leaf->key, leaf);
}

enum fg_rc fg_ledger_remember(struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf)
{
	uint64_t keep_ms = keep_ms_of(ledger, leaf);

	if (!has_key(leaf) || fg_clock_wall_ms(ledger->clock) >= keep_ms)
		return FG_OK;
	return fg_index_put(is_account(leaf) ? ledger->accounts : ledger->orders, leaf->key,
			    sizeof(leaf->key), leaf->index, keep_ms);
}

void fg_ledger_forget_batch(struct fg_ledger *ledger)
{
	for (size_t i = 0; i < ledger->batch_count; i++) {
		const struct fg_ledger_leaf *leaf = ledger->batch[i].leaf;

		fg_table_remove(is_account(leaf) ? ledger->batch_accounts : ledger->batch_orders,
				leaf->key);
	}
	ledger->batch_count = 0;
}

static enum fg_rc read_back(struct fg_ledger *ledger, uint64_t index, struct fg_ledger_leaf *leaf)
{
	uint64_t place;
	enum fg_rc rc = fg_leaves_place(ledger->leaves, index, &place);

	if (rc == FG_OK)
		rc = fg_ledger_read_leaf(ledger, place, leaf);
	leaf->index = index;
	leaf->durable = true;
	return rc;
}

/* The newest one counts: an order that was changed has a leaf of its own. */
static enum fg_rc find(struct fg_ledger *ledger, const struct fg_table *batch,
		       const struct fg_index *durable, const uint8_t key[static FG_LEDGER_KEY_LEN],
		       const struct fg_ledger_leaf **leaf_out)
{
	struct fg_ledger_leaf leaf = { 0 };
	enum fg_rc rc = FG_OK;
	uint64_t index;
	uint32_t at = 0;

	*leaf_out = fg_table_get(batch, key);
	if (*leaf_out)
		return FG_OK;
	while (rc == FG_OK && fg_index_next(durable, key, FG_LEDGER_KEY_LEN, &at, &index)) {
		rc = read_back(ledger, index, &leaf);
		if (rc != FG_OK || memcmp(leaf.key, key, sizeof(leaf.key)) != 0 ||
		    (*leaf_out && index < ledger->found.index))
			continue;
		ledger->found = leaf;
		*leaf_out = &ledger->found;
	}
	return rc;
}

enum fg_rc fg_ledger_find_order(struct fg_ledger *ledger,
				const uint8_t key[static FG_LEDGER_KEY_LEN],
				const struct fg_ledger_leaf **leaf_out)
{
	return find(ledger, ledger->batch_orders, ledger->orders, key, leaf_out);
}

enum fg_rc fg_ledger_find_account(struct fg_ledger *ledger,
				  const uint8_t key[static FG_LEDGER_KEY_LEN],
				  const struct fg_ledger_leaf **leaf_out)
{
	return find(ledger, ledger->batch_accounts, ledger->accounts, key, leaf_out);
}
