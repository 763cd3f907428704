/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shared by ledger.c (what happens), ledger_relay.c (orders about messages of applications), ledger_account.c (accounts and alarms), ledger_file.c (what lies on disk) and ledger_out.c (what waits for the vault); nobody else includes it.
 */
#pragma once

#include "gateway/log/journal.h"
#include "gateway/log/ledger.h"
#include "gateway/log/relay_check.h"
#include "gateway/log/table.h"
#include "lib/crypto/note.h"
#include "lib/proto/leaf.h"

enum {
	FG_LEDGER_BATCH_MAX =
		1024, /* leaves of one fdatasync: a loop turn of a full channel is below it */
	FG_LEDGER_RECORD_MAX = 1024, /* LOGGED.record in ipc.def */
	FG_LEDGER_OUT_MAX =
		1024, /* orders that wait for room in the channel to the vault before new ones are refused */
	FG_LEDGER_KEY_LEN = FG_ID_LEN + 2,
};

/* One leaf; those in the index lie in the journal, those of the batch have their record here. */
struct fg_ledger_leaf {
	uint8_t key
		[FG_LEDGER_KEY_LEN]; /* message id and leg; of an account what it says; zero: nobody asks for it */
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
	struct fg_frame
		frame; /* OPEN, UNSEAL or ACCOUNT, bytes copied; type 0: nothing to hand on */
};

/* A durable batch, some of which the vault has not been told. */
struct fg_ledger_parcel {
	struct fg_ledger_parcel *next;
	void *ctx; /* talloc: the parcel, its batch, what the frames point into */
	struct fg_ledger_pending *batch;
	size_t count, sent_count;
};

struct fg_ledger {
	const struct fg_conf *conf;
	struct fg_clock *clock;
	const struct fg_ledger_ops *ops;
	void *arg;
	struct fg_trust trust;
	struct fg_keyring ring;
	struct fg_arena arena;
	struct fg_view_batches view_batches;
	char *folder;
	struct fg_journal *journal;
	struct fg_merkle_tree *tree;
	struct fg_merkle_frontier frontier;
	struct fg_table *index;
	struct fg_table
		*accounts; /* the leaf of each account by its key: told again, it gets no other */
	char note[FG_NOTE_MAX]; /* newest checkpoint, "" before the first leaf */
	size_t note_len;
	bool vault_follows, vault_forked;
	struct fg_ledger_pending batch[FG_LEDGER_BATCH_MAX];
	size_t batch_count;
	void *batch_ctx;      /* talloc: what the pending frames point into */
	uint64_t vault_size;  /* leaves that the vault was sent */
	uint64_t vault_first; /* the first of those that its newest checkpoint came with */
	struct fg_ledger_parcel *out, **out_end;
	size_t out_count; /* frames in out that were not sent */
	bool out_busy;
	uint8_t *unpublished; /* leaves not yet in the auditors' file, back to back (talloc) */
	uint64_t unpublished_first;
	size_t unpublished_count;
};

/*! Put a leaf with its record into the batch; frame: what the vault is told then. */
void fg_ledger_add(struct fg_ledger *ledger, struct fg_ledger_leaf *leaf,
		   const struct fg_frame *frame);
/*! A talloc child of ctx; data NULL without memory. */
struct fg_bytes fg_ledger_copy(void *ctx, struct fg_bytes bytes);

/* ledger.c, for every kind of order */
void fg_ledger_key(const struct fg_id *id, uint16_t leg, uint8_t key[static FG_LEDGER_KEY_LEN]);
/*! May orders be taken now? FG_OK, or why not. */
enum fg_rc fg_ledger_room(struct fg_ledger *ledger);
enum fg_rc fg_ledger_check_link(const struct fg_ledger *ledger, const struct fg_ipc_order *order);
/*! A leaf for the order; frame is what the vault is told then. */
enum fg_rc fg_ledger_log_order(struct fg_ledger *ledger, const struct fg_ipc_order *order,
			       const struct fg_order_checked *checked, uint64_t now_ms,
			       struct fg_frame *frame);
enum fg_rc fg_ledger_forward_again(struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf,
				   struct fg_frame *frame);
bool fg_ledger_is_same_order(struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf,
			     const struct fg_ipc_order *order,
			     const struct fg_order_checked *checked);
bool fg_ledger_is_order(const struct fg_frame *frame);
/*! What an OPEN or UNSEAL says of its leaf; borrowed. */
void fg_ledger_fill(struct fg_frame *frame, const struct fg_ledger_leaf *leaf,
		    struct fg_bytes record);
void fg_ledger_fill_path(struct fg_frame *frame, const struct fg_merkle_path *path);

/* ledger_relay.c */
enum fg_rc fg_ledger_take_relay(struct fg_ledger *ledger, const struct fg_ipc_relay *relay);

/* ledger_account.c */
void fg_ledger_take_account(struct fg_ledger *ledger, const struct fg_ipc_account *account);
void fg_ledger_take_alarm(struct fg_ledger *ledger, const struct fg_ipc_alarm *alarm);

/* ledger_file.c */
/*! Write the batch with its checkpoint, durable, and only then into the tree. */
enum fg_rc fg_ledger_commit(struct fg_ledger *ledger);
enum fg_rc fg_ledger_replay(struct fg_ledger *ledger);
enum fg_rc fg_ledger_publish(struct fg_ledger *ledger);

/* ledger_out.c */
/*! The vault has leaves_count leaves: send the others. */
void fg_ledger_out_begin(struct fg_ledger *ledger, uint64_t leaves_count);
/*! A durable batch, a talloc child of ctx_take like all that its frames point into. */
void fg_ledger_out_add(struct fg_ledger *ledger, void *ctx_take, struct fg_ledger_pending *batch,
		       size_t count);
/*! Send the vault what there is room for: leaves first, then what stands on them, in order. */
void fg_ledger_out_pump(struct fg_ledger *ledger);
void fg_ledger_out_drop(struct fg_ledger *ledger);
