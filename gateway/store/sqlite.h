/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of the SQLite engine. Two threads, two connections, and what passes between them:
 *
 *   loop thread    struct fg_sqlite   admission, callbacks, reads over a read-only connection (sqlite.c, sqlite_read.c)
 *   commit thread  struct fg_commit   the only connection that writes and checkpoints (sqlite_commit.c, sqlite_ops.c)
 *
 * SQLite before 3.51.3 can corrupt a WAL that two connections write or checkpoint; hence the second one is opened read-only. Requests
 * are allocated and freed by the loop thread alone (talloc knows no threads); the commit thread only links them from list to list.
 */
#pragma once

#include <pthread.h>
#include <sqlite3.h>
#include "gateway/store/store.h"

extern const struct fg_store_engine fg_store_sqlite;

/* ---- sqlite_db.c: one connection and its statements ---- */

enum { FG_DB_APPLICATION = 0x46475354 /* "FGST" */ };

struct fg_db {
	sqlite3 *handle;
	sqlite3_stmt **statements;
	size_t count;
};

struct fg_db_arg {
	const void *blob; /* NULL: an integer */
	size_t len;
	uint64_t integer;
};

static inline struct fg_db_arg fg_db_blob(const void *data, size_t len)
{
	return (struct fg_db_arg){ .blob = data ? data : "", .len = len };
}

#define DB_INT(value)     ((struct fg_db_arg){ .integer = (value) })
#define DB_BLOB(data, n)  fg_db_blob(data, n)
#define DB_ID(id)         fg_db_blob((id)->b, FG_ID_LEN)
#define DB_DEVICE(device) fg_db_blob(device, FG_STORE_DEVICE_LEN)
#define fg_db_bind(stmt, ...)                                                                      \
	fg_db_bind_args(stmt, (const struct fg_db_arg[]){ __VA_ARGS__ },                           \
			sizeof((const struct fg_db_arg[]){ __VA_ARGS__ }) /                        \
				sizeof(struct fg_db_arg))

/*! Bind all parameters of a statement; blobs are borrowed until it is reset. Integers above INT64_MAX become INT64_MAX.
 *  \return an SQLite code. */
int fg_db_bind_args(sqlite3_stmt *stmt, const struct fg_db_arg *args, size_t count);

/*! Step a statement that gives no row, and reset it. \return SQLITE_OK or an SQLite error. */
int fg_db_run(sqlite3_stmt *stmt);

/*! The first column of the first row of a query without parameters. \return SQLITE_OK or an SQLite error. */
int fg_db_number(sqlite3 *handle, const char *sql, int64_t *value_out);

/*! What an SQLite error means to the contract: FG_E_STORE_FULL or FG_E_STORE_FATAL. */
enum fg_rc fg_db_rc(int code);

/*! dir/name as a new talloc string. */
char *fg_db_path(void *ctx, const char *dir, const char *name);

/*! Make path, readable by its owner alone, unless it exists: SQLite itself would leave that to the umask, and gives its other files
 *  the mode of this one. Before SQLite opens it: closing any descriptor of a file drops SQLite's locks. */
bool fg_db_touch(const char *path);

/*! Open the writing connection to path, make the schema in a new file, and hold an old one against it.
 *  \return FG_OK; FG_E_STORE_UNSAFE, FG_E_STORE_SCHEMA, FG_E_STORE_FULL, FG_E_STORE_FATAL, FG_E_SYSTEM; the cause is logged. */
enum fg_rc fg_db_open_writer(struct fg_db *db, const char *path, bool unsafe);

/*! Open a connection that can only read, beside an open writer. \return FG_OK, FG_E_STORE_FATAL. */
enum fg_rc fg_db_open_reader(struct fg_db *db, const char *path);

/*! Prepare count statements. \return FG_OK, FG_E_STORE_FATAL. */
enum fg_rc fg_db_prepare(void *ctx, struct fg_db *db, const char *const *sql, size_t count);
void fg_db_close(struct fg_db *db);

/*! fsync the folder dir, so that its names are durable. \return FG_OK, FG_E_SYSTEM. */
enum fg_rc fg_db_sync_dir(const char *dir);

/*! Lock the folder against a second opener. \return FG_OK; FG_E_SYSTEM when it is taken or cannot be locked. Closed by close(). */
enum fg_rc fg_db_lock(const char *dir, int *fd_out);

/* ---- sqlite_ops.c: ops inside a transaction ---- */

enum { FG_QUOTA_SLOTS = 65536 };

/*! What waits for one device. A cache: a slot that is not valid is read from the queue when needed. */
struct fg_quota {
	uint8_t device[FG_STORE_DEVICE_LEN];
	bool valid;
	uint32_t items;
	uint64_t bytes;
};

/*! Numbers that follow the rows; copied aside before what may be undone. */
struct fg_store_counts {
	uint64_t jobs[FG_JOB_FINAL + 1];
	uint64_t queued_items;
	uint64_t relays;
};

struct fg_ops {
	struct fg_db db;
	struct fg_quota *quotas; /* FG_QUOTA_SLOTS, by hash of the device */
	struct fg_store_counts counts;
	/* the loop's thread may change them while the commit thread works */
	_Atomic uint32_t queue_items_max;
	_Atomic uint64_t queue_bytes_max;
	int code; /* the SQLite error that ended the last op with an error */
};

/*! Prepare statements and count what is there. \return FG_OK, FG_E_STORE_FATAL, FG_E_NO_MEMORY. O(jobs + items), narrow indexes only. */
enum fg_rc fg_ops_open(void *ctx, struct fg_ops *ops);

int fg_ops_begin(struct fg_ops *ops);
int fg_ops_commit(struct fg_ops *ops);

/*! End a transaction that failed; counts become what they were before it. */
void fg_ops_rollback(struct fg_ops *ops, const struct fg_store_counts *before);

/*! Run the ops of one submit inside the transaction; when a condition fails none of them has happened.
 *  \return FG_OK; FG_E_CONFLICT; FG_E_STORE_FULL or FG_E_STORE_FATAL: roll the transaction back. */
enum fg_rc fg_ops_submit(struct fg_ops *ops, unsigned part, struct fg_store_op *list, size_t count);

/* ---- sqlite_commit.c: the commit thread ---- */

struct fg_request {
	struct fg_request *next;
	unsigned part;
	unsigned flags;
	struct fg_store_op *ops;
	size_t count;
	size_t cost_bytes;
	const char *backup_path; /* a backup, not a submit */
	fg_store_done_cb done;
	void *arg;
	enum fg_rc rc;
};

struct fg_request_list {
	struct fg_request *head;
	struct fg_request **tail;
};

void fg_request_list_init(struct fg_request_list *list);
void fg_request_list_add(struct fg_request_list *list, struct fg_request *request);
void fg_request_list_join(struct fg_request_list *list, struct fg_request_list *more);

struct fg_backup {
	struct fg_request *request; /* NULL: none under way */
	sqlite3 *target;
	sqlite3_backup *copy;
	char *tmp_path; /* sqlite3_malloc'd */
};

struct fg_commit {
	/* The thread's own. */
	struct fg_ops ops;
	struct fg_backup backup;
	int wal_frames;
	bool fatal;
	pthread_t thread;
	bool running; /* the loop thread's: thread was started and not joined */
	int completion_fd;
	/* Shared, under lock. */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	struct fg_request_list waiting;
	struct fg_request *backup_waiting;
	struct fg_request_list finished;
	struct fg_store_counts counts;
	uint64_t commits;
	uint64_t ops_done;
	char why[160]; /* of the first fatal error */
};

/*! Start the thread over an opened commit->ops. completion_fd: an eventfd, written when something is finished; borrowed. */
enum fg_rc fg_commit_start(struct fg_commit *commit, int completion_fd);
void fg_commit_add(struct fg_commit *commit, struct fg_request *request);

/*! Take what is finished, in order. */
void fg_commit_take(struct fg_commit *commit, struct fg_request_list *finished_out);

/*! Let the thread finish everything, and end it. */
void fg_commit_stop(struct fg_commit *commit);

/* ---- sqlite_read.c ---- */

struct fg_read {
	struct fg_read *next;
	enum { FG_READ_GET, FG_READ_FETCH, FG_READ_SWEEP } what;
	struct fg_store_key *keys;
	size_t count;
	uint8_t device[FG_STORE_DEVICE_LEN];
	uint64_t after_seq;
	enum fg_store_sweep_what sweep;
	uint64_t now_ms;
	size_t limit;
	fg_store_rows_cb rows;
	void *arg;
};

enum fg_rc fg_read_open(void *ctx, struct fg_db *reader, const char *path);

/*! Read and call back, with the rows in memory that lives for the call. */
void fg_read_run(struct fg_db *reader, const struct fg_read *read);
