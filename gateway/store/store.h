/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The contract of the store: what the core may rely on, whatever engine is behind it.
 *
 * Asynchronous and batched; no SQL is shown; nothing is atomic across partitions. A partition (`part`, 0..255) leads every hot key: of a
 * device's queue by hash of the account, of a job by hash of the recipient (fg_store_part()).
 *
 *  1. Atomic: the ops of one submit happen together or not at all. Ops of one submit have one part, but for KV, REF and RELAY ops, which
 *     may ride along (an engine over several machines puts them in the same partition as their submit; see `part` there).
 *  2. Durable: when `done` says FG_OK the ops survive kill -9 and a power cut. The store merges everything that waits into one commit as
 *     soon as the commit before ends; there is no timer.
 *  3. Idempotent: every op may be replayed; FG_STORE_DUP counts as success, and so does FG_STORE_NOT_FOUND of whatever deletes or pops.
 *     The very change of a JOB_SET or of a KV_PUT with a version, made before and still standing, is a DUP and no CONFLICT. A POP that
 *     is replayed pops one more. RELAY ops carry whole records and are replayed in the order they were made; a row is never given again.
 *  4. Ordered: completions of a part come in the order of its submits; a read that begins after a completion sees it.
 *  5. Conditional: an op with a condition that does not hold (CONFLICT, NOT_FOUND, QUOTA) fails its whole submit: nothing of it
 *     happens, `done` gets FG_E_CONFLICT and the op's own result says which.
 *  6. Errors: an fsync error is FG_E_STORE_FATAL: the process must end and recover from disk. A full disk is FG_E_STORE_FULL for
 *     submits with FG_STORE_NEW, while acknowledgements and deletes still pass.
 *  7. Bounded: at most outstanding_bytes of submits wait; over it FG_E_STORE_BUSY at once, and the caller stops reading its sources.
 *  Callbacks come from the event loop, never from inside the call that asked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/ipc/frame.h" /* struct fg_bytes */

struct fg_loop;
struct fg_store;

enum {
	FG_STORE_PARTS = 256,
	FG_STORE_SCHEMA = 2,
	FG_STORE_DEVICE_LEN = 16,
	FG_STORE_KEY_MAX = 160,
	FG_STORE_VALUE_MAX = 64 * 1024,
	FG_STORE_RECORD_MAX = 16 * 1024,
	FG_STORE_GET_MAX = 1024
};

/*! The partition of a routing key (FNV-1a, stable for ever). */
unsigned fg_store_part(const void *key, size_t len);

/*! Kinds of small records: (kind, key) -> value with a version that counts its changes. */
enum fg_store_kind {
	FG_KV_ACCOUNT = 1, /*!< account key -> account */
	FG_KV_HANDLE,      /*!< handle tag -> which account, epoch */
	FG_KV_DEVICE,      /*!< account key, device id -> device */
	FG_KV_PIN,         /*!< handle tag -> pin */
	FG_KV_INVITATION,  /*!< hash of the code -> handle, expiry */
	FG_KV_MESSAGE,     /*!< sender device, message id -> what was answered (idempotency) */
	FG_KV_CONCAT,      /*!< recipient tag -> last concatenation reference */
	FG_KV_META,        /*!< name -> value of the gateway: keys' ids, restore mark */
	FG_KV_ANNOUNCE,    /*!< handle tag -> what the vault has not noted of its account */
};

/*! States of a job; numbers are stored. */
enum fg_job_state {
	FG_JOB_READY = 1, /*!< decided again at due_ms */
	FG_JOB_SECURE, /*!< in the devices' queues; looked at again at due_ms (undelivered >= T, expiry) */
	FG_JOB_ASKING,   /*!< the sender was asked */
	FG_JOB_SENDING,  /*!< ordered from the chain; after a restart the order is repeated */
	FG_JOB_SENT,     /*!< the far side has taken it */
	FG_JOB_IN_DOUBT, /*!< it may have been taken */
	FG_JOB_FINAL,    /*!< its final receipt is written; kept until due_ms for late reports */
};

enum fg_store_op_kind {
	FG_OP_QUEUE_PUT, /*!< device, id, body, expires_ms; DUP when (device, id, tag) is there; QUOTA */
	FG_OP_QUEUE_ACK, /*!< device, id, tag: delete; NOT_FOUND is success */
	FG_OP_QUEUE_ACK_IF, /*!< the same, but CONFLICT when it is not there: withdraw all or none (row 10) */
	FG_OP_QUEUE_CLEAR, /*!< device: delete all of it */
	FG_OP_JOB_PUT,     /*!< id, state, due_ms, expires_ms, body; DUP when id is there */
	FG_OP_JOB_SET, /*!< id, from_states, state, due_ms, body (data NULL: keep); CONFLICT when the state is not in from_states */
	FG_OP_JOB_DROP, /*!< id */
	FG_OP_REF_PUT, /*!< link name and far side's id -> id, number (the part): for delivery reports */
	FG_OP_REF_DROP, /*!< all of id */
	FG_OP_KV_PUT, /*!< kind, key, body; version: expected (0: must not exist), FG_STORE_ANY_VERSION: whatever */
	FG_OP_KV_DROP,    /*!< kind, key; version as for KV_PUT */
	FG_OP_PREKEY_PUT, /*!< device, number (key id), body; DUP */
	FG_OP_PREKEY_POP, /*!< device: the lowest number, returned in popped; NOT_FOUND when there is none is success with popped_len 0 */
	FG_OP_PREKEY_CLEAR, /*!< device */
	FG_OP_PREKEY_COUNT, /*!< device: changes nothing; popped_left tells how many there are */
	/* Messages of applications. The caller gives row, ever growing. None of these has a condition but KEY_PUT. */
	FG_OP_RELAY_PUT, /*!< row, id, state, record, body; DUP when row is there */
	FG_OP_RELAY_SET, /*!< row, state, record; body (data NULL: keep); tag 1: delete the body; NOT_FOUND is success */
	FG_OP_RELAY_END, /*!< row, id, record: no more alive; kept for GET_RELAY until dropped, its body deleted; NOT_FOUND is success */
	FG_OP_RELAY_DROP, /*!< row, number: forget at most number of those that ended, below row; NOT_FOUND when there are none */
	FG_OP_RELAY_KEY_PUT, /*!< key, id, body, due_ms (now), expires_ms; DUP for the same id; CONFLICT while the key is another's */
	FG_OP_RELAY_KEY_DROP, /*!< due_ms, number: forget at most number of the keys that expired by then; NOT_FOUND when there are none */
};

#define FG_STORE_ANY_VERSION UINT64_MAX

enum fg_store_result {
	FG_STORE_OK,
	FG_STORE_DUP,
	FG_STORE_CONFLICT,
	FG_STORE_NOT_FOUND,
	FG_STORE_QUOTA,
};

/*! One op. The caller owns it and all it points to until `done`; result and popped are filled by then. */
struct fg_store_op {
	enum fg_store_op_kind op;
	uint8_t device[FG_STORE_DEVICE_LEN];
	struct fg_id id; /*!< message id */
	uint8_t tag; /*!< queue: what kind of item beside a message of the same id (receipt kinds, notices) */
	enum fg_store_kind kind;
	struct fg_bytes key; /*!< KV: key; REF: "link NUL ref" */
	struct fg_bytes body;
	struct fg_bytes record; /*!< RELAY: what changes in place, at most FG_STORE_RECORD_MAX */
	uint64_t row;           /*!< RELAY: from 1 */
	uint32_t number;
	uint64_t version;
	enum fg_job_state state;
	uint32_t from_states; /*!< bit (1 << state) */
	uint64_t due_ms;      /*!< Unix */
	uint64_t expires_ms;
	enum fg_store_result result;
	uint8_t popped[512];
	size_t popped_len;
	uint32_t popped_number;
	uint32_t popped_left; /*!< one-time prekeys left after the pop */
};

enum {
	FG_STORE_NEW =
		1, /*!< flags of a submit: brings a new message; refused when the disk is nearly full */
};

typedef void (*fg_store_done_cb)(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg);

/*! Ask for ops as one unit, 1 to 4096 of them. FG_OK: done (NULL: nobody asks) will be called once. Any other: it will not;
 *  FG_E_STORE_BUSY, FG_E_STORE_FULL, FG_E_STORE_FATAL, FG_E_CLOSED while closing, FG_E_ARG for an op outside its bounds. */
enum fg_rc fg_store_submit(struct fg_store *store, unsigned part, unsigned flags,
			   struct fg_store_op *ops, size_t count, fg_store_done_cb done, void *arg);

/*! What a read gives; borrowed for the call. */
struct fg_store_row {
	uint64_t
		seq; /*!< queue: order of the queue, ever growing; the cursor for the next fetch; RELAY: the row */
	struct fg_id id;
	uint8_t tag; /*!< queue: as put; RELAY: 1 when a restore holds it: it must not be sent */
	uint8_t device[FG_STORE_DEVICE_LEN];
	enum fg_store_kind kind;
	struct fg_bytes key;
	struct fg_bytes body;
	uint64_t version;
	uint32_t number; /*!< queue, job: the part; REF: as put */
	enum fg_job_state state;
	uint64_t due_ms; /*!< INT64_MAX for anything above it; expires_ms too */
	uint64_t expires_ms;
};

/*! rows: count of them, possibly 0. rc other than FG_OK: nothing could be read (and nothing may be concluded from that). */
typedef void (*fg_store_rows_cb)(enum fg_rc rc, const struct fg_store_row *rows, size_t count,
				 void *arg);

/*! Read several records at once, as of one moment. For each of the keys that exists one row (kind and key say which); a key of length 0
 *  is skipped. FG_KV keys by kind; FG_GET_JOB by id; FG_GET_REF by "link NUL ref"; FG_GET_DEVICES: all devices of an account key.
 *  FG_GET_RELAY_BODY by row. FG_GET_RELAY: the record of id among those that ended, from row on and before row_end, O(rows in between).
 *  FG_GET_RELAY_KEY by key: id, body, expires_ms. At most FG_STORE_GET_MAX keys. */
enum fg_store_get_what {
	FG_GET_KV,
	FG_GET_JOB,
	FG_GET_REF,
	FG_GET_DEVICES,
	FG_GET_RELAY_BODY,
	FG_GET_RELAY,
	FG_GET_RELAY_KEY
};
struct fg_store_key {
	enum fg_store_get_what what;
	enum fg_store_kind kind;
	struct fg_bytes key;
	struct fg_id id;
	uint64_t row, row_end;
};
enum fg_rc fg_store_get(struct fg_store *store, const struct fg_store_key *keys, size_t count,
			fg_store_rows_cb rows, void *arg);

/*! The next items of a device's queue after seq, in order. */
enum fg_rc fg_store_fetch(struct fg_store *store, const uint8_t device[static FG_STORE_DEVICE_LEN],
			  uint64_t after_seq, size_t limit, fg_store_rows_cb rows, void *arg);

/*! Maintenance reads: jobs due until now_ms (not FINAL); FINAL jobs past due; queue items past expiry; jobs SENDING (at start,
 *  whatever now_ms); the records of FG_KV_ANNOUNCE (the same). Rows by due_ms or expires_ms, the oldest first; those records by key.
 *  FG_SWEEP_RELAYS: every RELAY that is alive, with its record as body, by row; now_ms is the row after which to begin. */
enum fg_store_sweep_what {
	FG_SWEEP_DUE,
	FG_SWEEP_FINAL,
	FG_SWEEP_EXPIRED_ITEMS,
	FG_SWEEP_SENDING,
	FG_SWEEP_ANNOUNCE,
	FG_SWEEP_RELAYS
};
enum fg_rc fg_store_sweep(struct fg_store *store, enum fg_store_sweep_what what, uint64_t now_ms,
			  size_t limit, fg_store_rows_cb rows, void *arg);

struct fg_store_health {
	bool full; /*!< less than disk_free_mib left: new messages are refused */
	uint64_t free_bytes;
	uint64_t jobs[FG_JOB_FINAL + 1];
	uint64_t queued_items;
	uint64_t relays; /*!< alive */
	uint64_t commits;
	uint64_t ops;
	uint64_t outstanding_bytes;
};
void fg_store_health(struct fg_store *store, struct fg_store_health *health_out);

/*! Copy the store, consistent, to a new file; done is called at its end. The store works on meanwhile. */
enum fg_rc fg_store_backup(struct fg_store *store, const char *path, fg_store_done_cb done,
			   void *arg);

struct fg_store_conf {
	const char *dir;    /*!< must exist and be ours */
	const char *engine; /*!< "sqlite" */
	bool unsafe;        /*!< only then are unsafe settings accepted */
	size_t outstanding_bytes;
	uint64_t disk_free_bytes;
	uint32_t queue_items_max; /*!< per device */
	uint64_t queue_bytes_max; /*!< per device */
};

/*! Open, make or migrate. \return FG_OK; FG_E_STORE_UNSAFE; FG_E_STORE_SCHEMA; FG_E_STORE_FATAL; FG_E_SYSTEM. */
enum fg_rc fg_store_open(void *ctx, struct fg_loop *loop, const struct fg_store_conf *conf,
			 struct fg_store **store_out);

/*! Other numbers of outstanding_bytes, disk_free_bytes, queue_items_max and queue_bytes_max from now on; the rest of conf is not read. What
 *  is in a queue already stays, whatever the new numbers say. */
void fg_store_limits(struct fg_store *store, const struct fg_store_conf *conf);

/*! Finish what was submitted, then close. done and rows callbacks are called before it returns. Not from inside a callback. */
void fg_store_close(struct fg_store *store);

/*! Put a backup in the place of the store in dir; what is there now is kept beside it as store.db.before-restore-<time>. Jobs that are not final are held (READY, due an hour after their expiry, so that they expire and are never sent), RELAY rows get tag 1, all one-time prekeys are dropped, and
 *  FG_KV_META "restored" gets the time in Unix milliseconds, as decimal digits. Runs on a closed store's folder; see
 *  `fallgatectl restore`. \return FG_OK; FG_E_SYSTEM, the cause is logged; FG_E_STORE_SCHEMA. */
enum fg_rc fg_store_restore(const char *backup_path, const char *dir);

/*! Engines: every one passes tests/store/conformance.c. */
struct fg_store_engine {
	const char *name;
	enum fg_rc (*open)(void *ctx, struct fg_loop *loop, const struct fg_store_conf *conf,
			   void **engine_out);
	enum fg_rc (*submit)(void *engine, unsigned part, unsigned flags, struct fg_store_op *ops,
			     size_t count, fg_store_done_cb done, void *arg);
	enum fg_rc (*get)(void *engine, const struct fg_store_key *keys, size_t count,
			  fg_store_rows_cb rows, void *arg);
	enum fg_rc (*fetch)(void *engine, const uint8_t *device, uint64_t after_seq, size_t limit,
			    fg_store_rows_cb rows, void *arg);
	enum fg_rc (*sweep)(void *engine, enum fg_store_sweep_what what, uint64_t now_ms,
			    size_t limit, fg_store_rows_cb rows, void *arg);
	void (*health)(void *engine, struct fg_store_health *health_out);
	void (*limits)(void *engine, const struct fg_store_conf *conf);
	enum fg_rc (*backup)(void *engine, const char *path, fg_store_done_cb done, void *arg);
	void (*close)(void *engine);
};

/*! Wrap an engine of one's own, for tests that inject what an engine cannot be made to do. */
struct fg_store *fg_store_over(void *ctx, const struct fg_store_engine *engine, void *engine_state);
