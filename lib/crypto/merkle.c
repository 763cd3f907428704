/* SPDX-License-Identifier: ISC
 *
 * The tree is kept as its perfect subtrees: level l holds, in order, the root of every full group
 * of 2^l leaves. Any range that starts at a multiple of its own size rounded up is then a fold over
 * one node a level.
 */
#include "lib/crypto/merkle.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS = FG_MERKLE_PATH_MAX };

struct level {
	struct fg_hash *hash;
	size_t count;
	size_t cap;
};

struct fg_merkle_tree {
	struct level level[LEVELS];
};

struct fg_hash fg_merkle_leaf(const void *data, size_t len)
{
	static const uint8_t prefix = 0x00;
	const struct fg_piece pieces[] = { { &prefix, 1 }, { data, len } };

	return fg_sha256_pieces(pieces, 2);
}

struct fg_hash fg_merkle_node(const struct fg_hash *left, const struct fg_hash *right)
{
	uint8_t node[1 + 2 * FG_SHA256_LEN] = { 0x01 };

	memcpy(node + 1, left->b, FG_SHA256_LEN);
	memcpy(node + 1 + FG_SHA256_LEN, right->b, FG_SHA256_LEN);
	return fg_sha256(node, sizeof(node));
}

struct fg_hash fg_merkle_empty_root(void)
{
	return fg_sha256(NULL, 0);
}

/* Where a proof climbs: our node and the last node of its level, both counted from 0. */
struct climb {
	uint64_t at;
	uint64_t last;
};

static void climb_up(struct climb *climb)
{
	climb->at >>= 1;
	climb->last >>= 1;
}

/* The next hash of a path stands to the left of our node. Levels where our node is the last and has
 * no sibling are passed over, as RFC 9162 2.1.3.2 has it. */
static bool climb_from_right(struct climb *climb)
{
	if (!(climb->at & 1) && climb->at != climb->last)
		return false;
	while (!(climb->at & 1) && climb->at != 0)
		climb_up(climb);
	return true;
}

enum fg_rc fg_merkle_root_from_path(uint64_t index, uint64_t size, const struct fg_hash *leaf,
				    const struct fg_merkle_path *path, struct fg_hash *root_out)
{
	struct climb climb = { index, size - 1 };
	struct fg_hash root = *leaf;

	if (index >= size || path->count > FG_MERKLE_PATH_MAX)
		return FG_E_PROOF;
	for (uint8_t i = 0; i < path->count; i++) {
		const struct fg_hash *next = &path->hash[i];

		if (climb.last == 0)
			return FG_E_PROOF;
		root = climb_from_right(&climb) ? fg_merkle_node(next, &root)
						: fg_merkle_node(&root, next);
		climb_up(&climb);
	}
	if (climb.last != 0)
		return FG_E_PROOF;
	*root_out = root;
	return FG_OK;
}

enum fg_rc fg_merkle_verify_inclusion(uint64_t index, uint64_t size, const struct fg_hash *leaf,
				      const struct fg_merkle_path *path, const struct fg_hash *root)
{
	struct fg_hash found;
	enum fg_rc rc = fg_merkle_root_from_path(index, size, leaf, path, &found);

	if (rc != FG_OK)
		return rc;
#ifndef FG_MUTANT_merkle_inclusion_root
	if (!fg_hash_equal(&found, root))
		return FG_E_PROOF;
#else
	(void)root;
#endif
	return FG_OK;
}

static bool is_same_node(const struct fg_hash *known, const struct fg_hash *hash)
{
#ifndef FG_MUTANT_merkle_near
	return memcmp(known->b, hash->b, sizeof(hash->b)) == 0;
#else
	(void)known, (void)hash;
	return true;
#endif
}

enum fg_rc fg_merkle_verify_inclusion_near(uint64_t index, uint64_t size,
					   const struct fg_hash *leaf,
					   const struct fg_merkle_path *path,
					   const struct fg_hash *root,
					   struct fg_merkle_climbed *near)
{
	struct climb climb = { index, size - 1 };
	struct fg_merkle_climbed now = *near;
	struct fg_hash hash = *leaf;
	uint8_t i = 0;

	if (path->count >= FG_MERKLE_NEAR_MAX)
		return fg_merkle_verify_inclusion(index, size, leaf, path, root);
	if (index >= size)
		return FG_E_PROOF;
	for (;; i++) {
		/* The same node of the same tree: what is above it was verified with the one before. */
		if (i < near->count && near->at[i] == climb.at && near->last[i] == climb.last &&
		    is_same_node(&near->hash[i], &hash)) {
			*near = now;
			return FG_OK;
		}
		now.at[i] = climb.at;
		now.last[i] = climb.last;
		now.hash[i] = hash;
		if (i == path->count)
			break;
		if (climb.last == 0)
			return FG_E_PROOF;
		hash = climb_from_right(&climb) ? fg_merkle_node(&path->hash[i], &hash)
						: fg_merkle_node(&hash, &path->hash[i]);
		climb_up(&climb);
	}
	if (climb.last != 0 || !fg_hash_equal(&hash, root))
		return FG_E_PROOF;
	now.count = (uint8_t)(i + 1);
	*near = now;
	return FG_OK;
}

/* 0 < old_size < new_size, and the path is not empty. */
static enum fg_rc verify_growth(uint64_t old_size, uint64_t new_size,
				const struct fg_hash *old_root, const struct fg_hash *new_root,
				const struct fg_merkle_path *path)
{
	bool perfect = (old_size & (old_size - 1)) == 0; /* then the path leaves the old root out */
	struct climb climb = { old_size - 1, new_size - 1 };
	struct fg_hash old_found = perfect ? *old_root : path->hash[0], new_found = old_found;

	while (climb.at & 1)
		climb_up(&climb);
	for (uint8_t i = perfect ? 0 : 1; i < path->count; i++) {
		const struct fg_hash *next = &path->hash[i];

		if (climb.last == 0)
			return FG_E_PROOF;
		if (climb_from_right(&climb)) {
			old_found = fg_merkle_node(next, &old_found);
			new_found = fg_merkle_node(next, &new_found);
		} else {
			new_found = fg_merkle_node(&new_found, next);
		}
		climb_up(&climb);
	}
#ifndef FG_MUTANT_merkle_consistency_old_root
	if (!fg_hash_equal(&old_found, old_root))
		return FG_E_PROOF;
#endif
#ifndef FG_MUTANT_merkle_consistency_new_root
	if (!fg_hash_equal(&new_found, new_root))
		return FG_E_PROOF;
#else
	(void)new_root;
#endif
	return climb.last == 0 ? FG_OK : FG_E_PROOF;
}

enum fg_rc fg_merkle_verify_consistency(uint64_t old_size, uint64_t new_size,
					const struct fg_hash *old_root,
					const struct fg_hash *new_root,
					const struct fg_merkle_path *path)
{
	struct fg_hash empty;

	if (old_size > new_size || path->count > FG_MERKLE_PATH_MAX)
		return FG_E_PROOF;
	if (old_size > 0 && old_size < new_size)
		return path->count > 0 ? verify_growth(old_size, new_size, old_root, new_root, path)
				       : FG_E_PROOF;
	empty = fg_merkle_empty_root();
	if (path->count > 0 || (old_size == 0 && !fg_hash_equal(old_root, &empty)) ||
	    (old_size == new_size && !fg_hash_equal(old_root, new_root)))
		return FG_E_PROOF;
	return FG_OK;
}

void fg_merkle_frontier_init(struct fg_merkle_frontier *frontier)
{
	memset(frontier, 0, sizeof(*frontier));
}

void fg_merkle_frontier_append(struct fg_merkle_frontier *frontier, const struct fg_hash *leaf)
{
	struct fg_hash node = *leaf;
	unsigned level = 0;

	for (; frontier->size >> level & 1; level++)
		node = fg_merkle_node(&frontier->hash[level], &node);
	frontier->hash[level] = node;
	frontier->size++;
}

/* The root of leaves [begin, begin + size), where begin is a multiple of the least power of two that is not below size: its perfect
 * subtrees joined, smallest first. */
static enum fg_rc range_root(const struct fg_merkle_nodes *nodes, uint64_t begin, uint64_t size,
			     struct fg_hash *root_out)
{
	struct fg_hash root = fg_merkle_empty_root(), node;
	bool first = true;
	enum fg_rc rc;

	for (unsigned level = 0; level < LEVELS && size >> level; level++) {
		if (!(size >> level & 1))
			continue;
		rc = nodes->get(nodes->arg, level, (begin >> level) + (size >> level) - 1, &node);
		if (rc != FG_OK)
			return rc;
		root = first ? node : fg_merkle_node(&node, &root);
		first = false;
	}
	*root_out = root;
	return FG_OK;
}

static enum fg_rc frontier_node(const void *arg, unsigned level, uint64_t at,
				struct fg_hash *hash_out)
{
	(void)at;
	*hash_out = ((const struct fg_merkle_frontier *)arg)->hash[level];
	return FG_OK;
}

struct fg_hash fg_merkle_frontier_root(const struct fg_merkle_frontier *frontier)
{
	const struct fg_merkle_nodes nodes = { frontier_node, frontier, frontier->size };
	struct fg_hash root;

	(void)range_root(&nodes, 0, frontier->size, &root); /* memory can be read */
	return root;
}

struct fg_merkle_tree *fg_merkle_tree_new(void)
{
	return calloc(1, sizeof(struct fg_merkle_tree));
}

void fg_merkle_tree_free(struct fg_merkle_tree *tree_take)
{
	if (!tree_take)
		return;
	for (unsigned level = 0; level < LEVELS; level++)
		free(tree_take->level[level].hash);
	free(tree_take);
}

static bool level_reserve(struct level *level)
{
	size_t cap = level->cap ? level->cap * 2 : 64;
	struct fg_hash *hash;

	if (level->count < level->cap)
		return true;
	hash = cap <= SIZE_MAX / sizeof(*hash) ? realloc(level->hash, cap * sizeof(*hash)) : NULL;
	if (!hash)
		return false;
	level->hash = hash;
	level->cap = cap;
	return true;
}

enum fg_rc fg_merkle_tree_append(struct fg_merkle_tree *tree, const struct fg_hash *leaf)
{
	uint64_t size = tree->level[0].count;
	struct fg_hash node = *leaf;
	unsigned top = 0;

	while (size >> top & 1)
		top++;
	/* All room first, so that a failure leaves the tree as it was. */
	for (unsigned level = 0; level <= top; level++) {
		if (!level_reserve(&tree->level[level]))
			return FG_E_NO_MEMORY;
	}
	for (unsigned level = 0; level <= top; level++) {
		struct level *at = &tree->level[level];

		at->hash[at->count++] = node;
		if (level < top)
			node = fg_merkle_node(&at->hash[at->count - 2], &node);
	}
	return FG_OK;
}

uint64_t fg_merkle_tree_size(const struct fg_merkle_tree *tree)
{
	return tree->level[0].count;
}

const struct fg_hash *fg_merkle_tree_leaf(const struct fg_merkle_tree *tree, uint64_t index)
{
	return index < tree->level[0].count ? &tree->level[0].hash[index] : NULL;
}

enum fg_rc fg_merkle_nodes_root(const struct fg_merkle_nodes *nodes, uint64_t size,
				struct fg_hash *root_out)
{
	return size > nodes->size ? FG_E_ARG : range_root(nodes, 0, size, root_out);
}

static enum fg_rc tree_node(const void *arg, unsigned level, uint64_t at, struct fg_hash *hash_out)
{
	*hash_out = ((const struct fg_merkle_tree *)arg)->level[level].hash[at];
	return FG_OK;
}

static struct fg_merkle_nodes nodes_of(const struct fg_merkle_tree *tree)
{
	return (struct fg_merkle_nodes){ tree_node, tree, fg_merkle_tree_size(tree) };
}

struct fg_hash fg_merkle_tree_root(const struct fg_merkle_tree *tree, uint64_t size)
{
	const struct fg_merkle_nodes nodes = nodes_of(tree);
	struct fg_hash root;

	(void)range_root(&nodes, 0, size, &root); /* memory can be read */
	return root;
}

/* The k of RFC 6962, 2.1: the largest power of two below size, for size above 1. */
static uint64_t split(uint64_t size)
{
	return UINT64_C(1) << (63 - __builtin_clzll(size - 1));
}

static enum fg_rc path_push(const struct fg_merkle_nodes *nodes, uint64_t begin, uint64_t size,
			    struct fg_merkle_path *path)
{
	return range_root(nodes, begin, size, &path->hash[path->count++]);
}

/* Proofs are found from the root down and written from the leaf up. */
static void path_reverse(struct fg_merkle_path *path)
{
	for (uint8_t i = 0; i < path->count / 2; i++) {
		struct fg_hash *a = &path->hash[i], *b = &path->hash[path->count - 1 - i],
			       hash = *a;

		*a = *b;
		*b = hash;
	}
}

/* The subtree that a proof has come down to. */
struct descent {
	uint64_t begin;
	uint64_t size;
};

/* One step down: keep the half that holds leaf index, push the root of the other. */
static enum fg_rc descend(const struct fg_merkle_nodes *nodes, uint64_t index, struct descent *at,
			  struct fg_merkle_path *path)
{
	uint64_t k = split(at->size), size = at->size - k;
	enum fg_rc rc;

	if (index < at->begin + k) {
		rc = path_push(nodes, at->begin + k, size, path);
		at->size = k;
	} else {
		rc = path_push(nodes, at->begin, k, path);
		at->begin += k;
		at->size = size;
	}
	return rc;
}

/* PATH of RFC 6962, 2.1.1. */
enum fg_rc fg_merkle_nodes_inclusion(const struct fg_merkle_nodes *nodes, uint64_t index,
				     uint64_t size, struct fg_merkle_path *path_out)
{
	struct descent at = { 0, size };
	enum fg_rc rc = FG_OK;

	if (index >= size || size > nodes->size)
		return FG_E_ARG;
	path_out->count = 0;
	while (at.size > 1 && rc == FG_OK)
		rc = descend(nodes, index, &at, path_out);
	path_reverse(path_out);
	return rc;
}

/* PROOF and SUBPROOF of RFC 6962, 2.1.2: down to the subtree that ends with the last old leaf. */
enum fg_rc fg_merkle_nodes_consistency(const struct fg_merkle_nodes *nodes, uint64_t old_size,
				       uint64_t new_size, struct fg_merkle_path *path_out)
{
	struct descent at = { 0, new_size };
	enum fg_rc rc = FG_OK;

	if (old_size == 0 || old_size > new_size || new_size > nodes->size)
		return FG_E_ARG;
	path_out->count = 0;
	while (at.begin + at.size != old_size && rc == FG_OK)
		rc = descend(nodes, old_size - 1, &at, path_out);
	/* The verifier has the old root itself. */
	if (at.begin > 0 && rc == FG_OK)
		rc = path_push(nodes, at.begin, at.size, path_out);
	path_reverse(path_out);
	return rc;
}

enum fg_rc fg_merkle_tree_inclusion(const struct fg_merkle_tree *tree, uint64_t index,
				    uint64_t size, struct fg_merkle_path *path_out)
{
	const struct fg_merkle_nodes nodes = nodes_of(tree);

	return fg_merkle_nodes_inclusion(&nodes, index, size, path_out);
}

enum fg_rc fg_merkle_tree_consistency(const struct fg_merkle_tree *tree, uint64_t old_size,
				      uint64_t new_size, struct fg_merkle_path *path_out)
{
	const struct fg_merkle_nodes nodes = nodes_of(tree);

	return fg_merkle_nodes_consistency(&nodes, old_size, new_size, path_out);
}
