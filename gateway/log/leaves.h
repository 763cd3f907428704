/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The leaves of the log as it asks for them: the tree over them, and where in the journal each lies. On the disk (spill.h): 72 bytes a leaf
 * there and none in memory, whatever the log's age. Made anew from the journal at each start.
 *
 * Nodes stand in the order in which they are complete: a leaf, then the groups that end with it, smallest first.
 */
#pragma once

#include "lib/crypto/merkle.h"

struct fg_leaves;

/*! In files nodes and places of folder. FG_OK; FG_E_LOG_IO; FG_E_NO_MEMORY. */
enum fg_rc fg_leaves_new(void *ctx, const char *folder, struct fg_leaves **leaves_out);

/*! place: where the leaf lies in the journal. FG_OK or FG_E_LOG_IO: then it is of no use any more. O(1) amortised. */
enum fg_rc fg_leaves_append(struct fg_leaves *leaves, const struct fg_hash *leaf, uint64_t place);

uint64_t fg_leaves_size(const struct fg_leaves *leaves);

/*! index below the size. FG_OK or FG_E_LOG_IO. */
enum fg_rc fg_leaves_place(const struct fg_leaves *leaves, uint64_t index, uint64_t *place_out);
enum fg_rc fg_leaves_hash(const struct fg_leaves *leaves, uint64_t index, struct fg_hash *hash_out);

/*! For proofs; borrowed until the next append. What fails is FG_E_LOG_IO. */
struct fg_merkle_nodes fg_leaves_nodes(const struct fg_leaves *leaves);
