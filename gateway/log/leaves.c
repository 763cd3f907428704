/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/leaves.h"

#include <stdio.h>
#include <talloc.h>
#include "gateway/log/spill.h"

struct fg_leaves {
	struct fg_spill *nodes, *places;
	struct fg_merkle_frontier frontier;
};

static enum fg_rc open_array(struct fg_leaves *leaves, const char *folder, const char *name,
			     size_t item_len, struct fg_spill **spill_out)
{
	char path[300];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return FG_E_TOO_LONG;
	return fg_spill_new(leaves, path, item_len, spill_out);
}

enum fg_rc fg_leaves_new(void *ctx, const char *folder, struct fg_leaves **leaves_out)
{
	struct fg_leaves *leaves = talloc_zero(ctx, struct fg_leaves);
	enum fg_rc rc;

	if (!leaves)
		return FG_E_NO_MEMORY;
	fg_merkle_frontier_init(&leaves->frontier);
	rc = open_array(leaves, folder, "nodes", sizeof(struct fg_hash), &leaves->nodes);
	if (rc == FG_OK)
		rc = open_array(leaves, folder, "places", sizeof(uint64_t), &leaves->places);
	if (rc != FG_OK) {
		talloc_free(leaves);
		return rc;
	}
	*leaves_out = leaves;
	return FG_OK;
}

enum fg_rc fg_leaves_append(struct fg_leaves *leaves, const struct fg_hash *leaf, uint64_t place)
{
	uint64_t size = leaves->frontier.size;
	struct fg_hash node = *leaf;
	enum fg_rc rc = fg_spill_append(leaves->places, &place);

	if (rc == FG_OK)
		rc = fg_spill_append(leaves->nodes, &node);
	for (unsigned level = 0; rc == FG_OK && size >> level & 1; level++) {
		node = fg_merkle_node(&leaves->frontier.hash[level], &node);
		rc = fg_spill_append(leaves->nodes, &node);
	}
	if (rc == FG_OK)
		fg_merkle_frontier_append(&leaves->frontier, leaf);
	return rc;
}

uint64_t fg_leaves_size(const struct fg_leaves *leaves)
{
	return leaves->frontier.size;
}

enum fg_rc fg_leaves_place(const struct fg_leaves *leaves, uint64_t index, uint64_t *place_out)
{
	return fg_spill_get(leaves->places, index, place_out);
}

/* The group ends with a leaf; before that leaf come all nodes of a tree of so many leaves, behind it the smaller groups that it ends. */
static enum fg_rc get_node(const void *arg, unsigned level, uint64_t at, struct fg_hash *hash_out)
{
	const struct fg_leaves *leaves = arg;
	uint64_t before = ((at + 1) << level) - 1;
	uint64_t nodes = 2 * before - (uint64_t)__builtin_popcountll(before);

	return fg_spill_get(leaves->nodes, nodes + level, hash_out);
}

enum fg_rc fg_leaves_hash(const struct fg_leaves *leaves, uint64_t index, struct fg_hash *hash_out)
{
	return get_node(leaves, 0, index, hash_out);
}

struct fg_merkle_nodes fg_leaves_nodes(const struct fg_leaves *leaves)
{
	return (struct fg_merkle_nodes){ get_node, leaves, leaves->frontier.size };
}
