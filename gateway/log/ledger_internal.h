/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shared by ledger.c (what happens), ledger_known.c (which leaves it has), ledger_relay.c (orders about messages of applications), ledger_account.c (accounts and alarms), ledger_file.c (what lies on disk) and ledger_out.c (what waits for the vault); nobody else includes it.
 */
#pragma once

#include "gateway/log/index.h"
#include "gateway/log/journal.h"
#include "gateway/log/leaves.h"
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
	FG_LEDGER_SWEPT_PARTS = 4, /* of the index, when idle */
	FG_LEDGER_UNPUBLISHED_MAX = 16384,
};

/* An order is answered with the leaf that it has so much longer than it could open anything. */
#define FG_LEDGER_MARGIN_MS (24 * 3600000ull)
/* As the vault: no text of an application can be opened longer (vault_internal.h). */
#define FG_LEDGER_LIFE_MS (8 * 24 * 3600000ull)

/* One leaf: of the batch, with its record; or read back from the journal. */
struct fg_ledger_leaf {
	uint8_t key
		[FG_LEDGER_KEY_LEN]; /* message id and leg; of an account what it says; zero: nobody asks for it */
	uint64_t index;
	uint64_t expires_ms;           /* of an order: it opens nothing from then on */
	uint64_t place, record_offset; /* in the journal, once durable */
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
	struct fg_leaves *leaves;
	struct fg_merkle_frontier frontier;
	/* By their keys: the numbers of durable leaves, and the leaves of the batch. Those of an account are asked for when it is told again. */
	struct fg_index *orders, *accounts;
	struct fg_table *batch_orders, *batch_accounts;
	struct fg_ledger_leaf found; /* read back last */
	char note[FG_NOTE_MAX];      /* newest checkpoint, "" before the first leaf */
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
	bool note_stale; /* the auditors' checkpoint is older than the newest */
};

/*! Put a leaf with its record into the batch; frame: what the vault is told then. */
void fg_ledger_add(struct fg_ledger *ledger, struct fg_ledger_leaf *leaf,
		   const struct fg_frame *frame);
/*! A talloc child of ctx; data NULL without memory. */
struct fg_bytes fg_ledger_copy(void *ctx, struct fg_bytes bytes);

/* ledger_known.c */
/*! The newest leaf of that key, borrowed until the next call or the end of the batch; NULL: there is none. FG_OK or FG_E_LOG_IO. */
enum fg_rc fg_ledger_find_order(struct fg_ledger *ledger,
				const uint8_t key[static FG_LEDGER_KEY_LEN],
				const struct fg_ledger_leaf **leaf_out);
enum fg_rc fg_ledger_find_account(struct fg_ledger *ledger,
				  const uint8_t key[static FG_LEDGER_KEY_LEN],
				  const struct fg_ledger_leaf **leaf_out);
/*! A leaf of the batch is known by its key, and with fg_ledger_remember() once it is durable. FG_OK or FG_E_NO_MEMORY. */
enum fg_rc fg_ledger_expect(struct fg_ledger *ledger, struct fg_ledger_leaf *leaf);
enum fg_rc fg_ledger_remember(struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf);
/*! The batch is no more. */
void fg_ledger_forget_batch(struct fg_ledger *ledger);

/* ledger.c, for every kind of order */
void fg_ledger_key(const struct fg_id *id, uint16_t leg, uint8_t key[static FG_LEDGER_KEY_LEN]);
/*! May orders be taken now? FG_OK, or why not. */
enum fg_rc fg_ledger_room(struct fg_ledger *ledger);
enum fg_rc fg_ledger_check_link(const struct fg_ledger *ledger, const struct fg_ipc_order *order);
/*! A leaf for the order, or the one that it has; frame is what the vault is told then. expires_ms: it opens nothing from then on. */
enum fg_rc fg_ledger_log_or_forward(struct fg_ledger *ledger, const struct fg_ipc_order *order,
				    const struct fg_order_checked *checked, uint64_t expires_ms,
				    struct fg_frame *frame);
/*! Was the leg before logged? FG_OK; FG_E_LEG_ORDER; FG_E_LOG_IO. */
enum fg_rc fg_ledger_check_leg(struct fg_ledger *ledger, const struct fg_id *id, uint16_t leg);
bool fg_ledger_is_order(const struct fg_frame *frame);
/*! What an OPEN or UNSEAL says of its leaf; borrowed. */
void fg_ledger_fill(struct fg_frame *frame, const struct fg_ledger_leaf *leaf,
		    struct fg_bytes record);
void fg_ledger_fill_path(struct fg_frame *frame, const struct fg_merkle_path *path);
/*! From a durable leaf to the newest checkpoint. FG_OK or FG_E_LOG_IO. */
enum fg_rc fg_ledger_inclusion(const struct fg_ledger *ledger, uint64_t index,
			       struct fg_merkle_path *path_out);

/* ledger_relay.c */
enum fg_rc fg_ledger_take_relay(struct fg_ledger *ledger, const struct fg_ipc_relay *relay);

/* ledger_account.c */
void fg_ledger_take_account(struct fg_ledger *ledger, const struct fg_ipc_account *account);
void fg_ledger_take_alarm(struct fg_ledger *ledger, const struct fg_ipc_alarm *alarm);

/* ledger_file.c */
/*! Write the batch with its checkpoint, durable, and only then into the tree. */
enum fg_rc fg_ledger_commit(struct fg_ledger *ledger);
enum fg_rc fg_ledger_replay(struct fg_ledger *ledger);
/*! The leaf that lies there, but for its index and hash. FG_OK or FG_E_LOG_IO. */
enum fg_rc fg_ledger_read_leaf(const struct fg_ledger *ledger, uint64_t place,
			       struct fg_ledger_leaf *leaf_out);
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
