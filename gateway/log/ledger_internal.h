/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shared by ledger.c (what happens) and ledger_file.c (what lies on disk); nobody else includes it.
 */
#pragma once

#include "gateway/log/journal.h"
#include "gateway/log/ledger.h"
#include "gateway/log/table.h"
#include "lib/crypto/note.h"
#include "lib/proto/leaf.h"

enum {
	FG_LEDGER_BATCH_MAX = 1024,   /* leaves of one fdatasync: a loop turn of a full channel is below it */
	FG_LEDGER_RECORD_MAX = 1024,  /* LOGGED.record in ipc.def */
	FG_LEDGER_KEY_LEN = FG_ID_LEN + 2,
};

/* One leaf; those in the index lie in the journal, those of the batch have their record here. */
struct fg_ledger_leaf {
	uint8_t key[FG_LEDGER_KEY_LEN]; /* message id and leg; zero for an account */
	uint64_t index;
	uint64_t record_offset; /* in the journal, once durable */
	uint8_t salt[32];
	uint8_t leaf[FG_LEAF_LEN];
	struct fg_hash hash;
	uint8_t *record;
	size_t record_len;
	bool durable;
};

/* What the vault is told once the batch is durable. */
struct fg_ledger_pending {
	struct fg_ledger_leaf *leaf;
	struct fg_frame frame; /* OPEN or ACCOUNT, bytes copied; type 0: nothing to hand on */
};

struct fg_ledger {
	const struct fg_conf *conf;
	struct fg_clock *clock;
	const struct fg_ledger_ops *ops;
	void *arg;
	struct fg_trust trust;
	struct fg_keyring ring;
	struct fg_arena arena;
	char *folder;
	struct fg_journal *journal;
	struct fg_merkle_tree *tree;
	struct fg_merkle_frontier frontier;
	struct fg_table *index;
	char note[FG_NOTE_MAX]; /* newest checkpoint, "" before the first leaf */
	size_t note_len;
	bool vault_follows, vault_forked;
	struct fg_ledger_pending batch[FG_LEDGER_BATCH_MAX];
	size_t batch_count;
	void *batch_ctx; /* talloc: what the pending frames point into */
	uint8_t *unpublished; /* leaves not yet in the auditors' file, back to back (talloc) */
	uint64_t unpublished_first;
	size_t unpublished_count;
};

/*! Write the batch with its checkpoint, durable, and only then into the tree. */
enum fg_rc fg_ledger_commit(struct fg_ledger *ledger);
enum fg_rc fg_ledger_replay(struct fg_ledger *ledger);
enum fg_rc fg_ledger_publish(struct fg_ledger *ledger);
