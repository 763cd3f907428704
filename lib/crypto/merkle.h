/* SPDX-License-Identifier: ISC
 *
 * The Merkle tree of RFC 6962, section 2.1: leaf hash SHA-256(0x00 data), node SHA-256(0x01 left right); and proofs over it.
 *
 * struct fg_merkle_tree keeps every node hash in memory (64 bytes a leaf) and makes proofs; struct fg_merkle_frontier keeps only
 * the right edge (log2 n hashes) and follows: what the vault needs to see that a log neither forks nor rolls back.
 */
#pragma once

#include "lib/crypto/crypto.h"

enum { FG_MERKLE_PATH_MAX = 64 };

struct fg_hash fg_merkle_leaf(const void *data, size_t len);
struct fg_hash fg_merkle_node(const struct fg_hash *left, const struct fg_hash *right);
/*! The root of no leaves: SHA-256 of nothing. */
struct fg_hash fg_merkle_empty_root(void);

struct fg_merkle_path {
	uint8_t count;
	struct fg_hash hash[FG_MERKLE_PATH_MAX];
};

/*! Root that leaf at index in a tree of size leaves leads to by path (RFC 9162, 2.1.3.2). FG_OK or FG_E_PROOF. O(log size). */
enum fg_rc fg_merkle_root_from_path(uint64_t index, uint64_t size, const struct fg_hash *leaf,
				    const struct fg_merkle_path *path, struct fg_hash *root_out);

/*! FG_OK when the path shows leaf at index under root; FG_E_PROOF otherwise. */
enum fg_rc fg_merkle_verify_inclusion(uint64_t index, uint64_t size, const struct fg_hash *leaf,
				      const struct fg_merkle_path *path,
				      const struct fg_hash *root);

enum { FG_MERKLE_NEAR_MAX = 16 };

/*! The nodes from a leaf that was shown to be in a tree up to its root. All zero: none. */
struct fg_merkle_climbed {
	uint8_t count;
	uint64_t at[FG_MERKLE_NEAR_MAX], last[FG_MERKLE_NEAR_MAX];
	struct fg_hash hash[FG_MERKLE_NEAR_MAX];
};

/*! The same, for many leaves of one tree: it climbs only to the first node that near has, which is replaced by what was climbed. near is
 *  of this very root and size, or zero. What a path says above that node is not looked at. About 2 hashes a leaf when they come in order. */
enum fg_rc fg_merkle_verify_inclusion_near(uint64_t index, uint64_t size,
					   const struct fg_hash *leaf,
					   const struct fg_merkle_path *path,
					   const struct fg_hash *root,
					   struct fg_merkle_climbed *near);

/*! FG_OK when the path shows that the tree of old_size is a prefix of that of new_size (RFC 9162, 2.1.4.2); FG_E_PROOF otherwise.
 *  The empty tree is a prefix of every tree, by an empty path. */
enum fg_rc fg_merkle_verify_consistency(uint64_t old_size, uint64_t new_size,
					const struct fg_hash *old_root,
					const struct fg_hash *new_root,
					const struct fg_merkle_path *path);

struct fg_merkle_frontier {
	uint64_t size;
	/*! hash[level] is in use where bit level of size is set */
	struct fg_hash hash[FG_MERKLE_PATH_MAX];
};

void fg_merkle_frontier_init(struct fg_merkle_frontier *frontier);
/*! O(1) amortised. */
void fg_merkle_frontier_append(struct fg_merkle_frontier *frontier, const struct fg_hash *leaf);
struct fg_hash fg_merkle_frontier_root(const struct fg_merkle_frontier *frontier);

/*! Where somebody else keeps the nodes of a tree of size leaves. */
struct fg_merkle_nodes {
	/*! The root of the full group number at of 2^level leaves. FG_OK, or why it cannot be had, which is what the proof says then. */
	enum fg_rc (*get)(const void *arg, unsigned level, uint64_t at, struct fg_hash *hash_out);
	const void *arg;
	uint64_t size;
};

/*! As those of struct fg_merkle_tree below; or what get returned. */
enum fg_rc fg_merkle_nodes_root(const struct fg_merkle_nodes *nodes, uint64_t size,
				struct fg_hash *root_out);
enum fg_rc fg_merkle_nodes_inclusion(const struct fg_merkle_nodes *nodes, uint64_t index,
				     uint64_t size, struct fg_merkle_path *path_out);
enum fg_rc fg_merkle_nodes_consistency(const struct fg_merkle_nodes *nodes, uint64_t old_size,
				       uint64_t new_size, struct fg_merkle_path *path_out);

struct fg_merkle_tree;

/*! An empty tree, freed with fg_merkle_tree_free(). NULL without memory. */
struct fg_merkle_tree *fg_merkle_tree_new(void);
void fg_merkle_tree_free(struct fg_merkle_tree *tree_take);
/*! FG_OK or FG_E_NO_MEMORY. O(1) amortised. */
enum fg_rc fg_merkle_tree_append(struct fg_merkle_tree *tree, const struct fg_hash *leaf);
uint64_t fg_merkle_tree_size(const struct fg_merkle_tree *tree);
/*! Root of the first size leaves. size up to fg_merkle_tree_size(). O(log n). */
struct fg_hash fg_merkle_tree_root(const struct fg_merkle_tree *tree, uint64_t size);
/*! Borrowed until the next append; NULL unless index is below fg_merkle_tree_size(). */
const struct fg_hash *fg_merkle_tree_leaf(const struct fg_merkle_tree *tree, uint64_t index);
/*! \return FG_OK; FG_E_ARG unless index < size <= tree size. O(log^2 n). */
enum fg_rc fg_merkle_tree_inclusion(const struct fg_merkle_tree *tree, uint64_t index,
				    uint64_t size, struct fg_merkle_path *path_out);
/*! \return FG_OK; FG_E_ARG unless 0 < old_size <= new_size <= tree size. */
enum fg_rc fg_merkle_tree_consistency(const struct fg_merkle_tree *tree, uint64_t old_size,
				      uint64_t new_size, struct fg_merkle_path *path_out);
