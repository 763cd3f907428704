/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads, on the loop thread over the read-only connection. A read is short and sees what was committed when it begins.
 */
#include "gateway/store/sqlite.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"

enum {
	RD_BEGIN,
	RD_END,
	RD_KV,
	RD_JOB,
	RD_REF,
	RD_DEVICES,
	RD_FETCH,
	RD_DUE,
	RD_FINAL,
	RD_EXPIRED,
	RD_SENDING,
	RD_ANNOUNCE,
	RD_RELAY_BODY,
	RD_RELAY,
	RD_RELAY_KEY,
	RD_RELAYS,
	RD_COUNT
};

#define JOB_COLUMNS   "SELECT seq, part, id, state, due_ms, expires_ms, body FROM job "
#define QUEUE_COLUMNS "SELECT seq, part, id, tag, device, expires_ms, body FROM queue "

static const char *const statements[RD_COUNT] = {
	[RD_BEGIN] = "BEGIN",
	[RD_END] = "COMMIT",
	[RD_KV] = "SELECT kind, key, version, body FROM kv WHERE kind = ?1 AND key = ?2",
	[RD_JOB] = JOB_COLUMNS "WHERE id = ?1",
	[RD_REF] = "SELECT key, id, number FROM ref WHERE key = ?1",
	[RD_DEVICES] = "SELECT kind, key, version, body FROM kv WHERE kind = ?1 AND key >= ?2"
		       " AND substr(key, 1, length(?2)) = ?2 AND key < ?3 ORDER BY key",
	/* The inner query is answered by the index alone: only items that are asked for are read. */
	[RD_FETCH] = QUEUE_COLUMNS
	"WHERE seq IN (SELECT seq FROM queue INDEXED BY queue_item WHERE device = ?1 AND seq > ?2"
	" ORDER BY seq LIMIT ?3) ORDER BY seq",
	[RD_DUE] = JOB_COLUMNS "WHERE state <> 7 AND due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
	[RD_FINAL] = JOB_COLUMNS "WHERE state = 7 AND due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
	[RD_EXPIRED] = QUEUE_COLUMNS "WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2",
	[RD_SENDING] =
		JOB_COLUMNS "WHERE state <> 7 AND state = 4 AND ?1 >= 0 ORDER BY due_ms LIMIT ?2",
	[RD_ANNOUNCE] = "SELECT kind, key, version, body FROM kv WHERE kind = 9 AND ?1 >= 0"
			" ORDER BY key LIMIT ?2",
	[RD_RELAY_BODY] = "SELECT row, body FROM relay_body WHERE row = ?1",
	[RD_RELAY] = "SELECT row, record, id FROM relay_final WHERE row >= ?1 AND row < ?2"
		     " AND id = ?3 ORDER BY row LIMIT 1",
	[RD_RELAY_KEY] = "SELECT 0, body, id, 0, 0, expires_ms FROM relay_key WHERE key = ?1",
	[RD_RELAYS] = "SELECT row, record, id, state, held FROM relay WHERE row > ?1"
		      " ORDER BY row LIMIT ?2",
};
_Static_assert(FG_KV_ANNOUNCE == 9, "named in RD_ANNOUNCE");

struct rows {
	void *ctx;
	struct fg_store_row *list;
	size_t count;
};

typedef int (*row_from)(struct rows *rows, sqlite3_stmt *stmt, struct fg_store_row *row);

static int copy_bytes(struct rows *rows, sqlite3_stmt *stmt, int column, struct fg_bytes *out)
{
	const void *data = sqlite3_column_blob(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	out->len = len;
	out->data = len && data ? talloc_memdup(rows->ctx, data, len) : (const uint8_t *)"";
	return out->data ? SQLITE_OK : SQLITE_NOMEM;
}

static int copy_fixed(sqlite3_stmt *stmt, int column, void *out, int len)
{
	const void *data = sqlite3_column_blob(stmt, column);

	if (!data || sqlite3_column_bytes(stmt, column) != len)
		return SQLITE_CORRUPT;
	memcpy(out, data, (size_t)len);
	return SQLITE_OK;
}

static int row_from_kv(struct rows *rows, sqlite3_stmt *stmt, struct fg_store_row *row)
{
	int code = copy_bytes(rows, stmt, 1, &row->key);

	row->kind = (enum fg_store_kind)sqlite3_column_int(stmt, 0);
	row->version = (uint64_t)sqlite3_column_int64(stmt, 2);
	return code == SQLITE_OK ? copy_bytes(rows, stmt, 3, &row->body) : code;
}

static int row_from_job(struct rows *rows, sqlite3_stmt *stmt, struct fg_store_row *row)
{
	int code = copy_fixed(stmt, 2, row->id.b, FG_ID_LEN);

	row->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	row->number = (uint32_t)sqlite3_column_int64(stmt, 1);
	row->state = (enum fg_job_state)sqlite3_column_int(stmt, 3);
	row->due_ms = (uint64_t)sqlite3_column_int64(stmt, 4);
	row->expires_ms = (uint64_t)sqlite3_column_int64(stmt, 5);
	return code == SQLITE_OK ? copy_bytes(rows, stmt, 6, &row->body) : code;
}

static int row_from_queue(struct rows *rows, sqlite3_stmt *stmt, struct fg_store_row *row)
{
	int code = copy_fixed(stmt, 2, row->id.b, FG_ID_LEN);

	row->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	row->number = (uint32_t)sqlite3_column_int64(stmt, 1);
	row->tag = (uint8_t)sqlite3_column_int(stmt, 3);
	row->expires_ms = (uint64_t)sqlite3_column_int64(stmt, 5);
	if (code == SQLITE_OK)
		code = copy_fixed(stmt, 4, row->device, FG_STORE_DEVICE_LEN);
	return code == SQLITE_OK ? copy_bytes(rows, stmt, 6, &row->body) : code;
}

static int row_from_ref(struct rows *rows, sqlite3_stmt *stmt, struct fg_store_row *row)
{
	int code = copy_bytes(rows, stmt, 0, &row->key);

	row->number = (uint32_t)sqlite3_column_int64(stmt, 2);
	return code == SQLITE_OK ? copy_fixed(stmt, 1, row->id.b, FG_ID_LEN) : code;
}

static int row_from_body(struct rows *rows, sqlite3_stmt *stmt, struct fg_store_row *row)
{
	row->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	return copy_bytes(rows, stmt, 1, &row->body);
}

static int row_from_relay(struct rows *rows, sqlite3_stmt *stmt, struct fg_store_row *row)
{
	int code = row_from_body(rows, stmt, row);

	if (sqlite3_column_count(stmt) > 3) {
		row->state = (enum fg_job_state)sqlite3_column_int(stmt, 3);
		row->tag = (uint8_t)sqlite3_column_int(stmt, 4);
	}
	if (sqlite3_column_count(stmt) > 5)
		row->expires_ms = (uint64_t)sqlite3_column_int64(stmt, 5);
	return code == SQLITE_OK ? copy_fixed(stmt, 2, row->id.b, FG_ID_LEN) : code;
}

/* One more row at the end of the list, which doubles. NULL without memory. */
static struct fg_store_row *row_add(struct rows *rows)
{
	size_t room = rows->list ? talloc_array_length(rows->list) : 0;

	if (rows->count == room) {
		struct fg_store_row *more =
			talloc_realloc(rows->ctx, rows->list, struct fg_store_row,
				       (unsigned)(room ? 2 * room : 16));

		if (!more)
			return NULL;
		rows->list = more;
	}
	rows->list[rows->count] = (struct fg_store_row){ 0 };
	return &rows->list[rows->count++];
}

static int collect(struct rows *rows, sqlite3_stmt *stmt, int code, row_from from)
{
	while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct fg_store_row *row = row_add(rows);

		code = row ? from(rows, stmt, row) : SQLITE_NOMEM;
	}
	sqlite3_reset(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* All keys that begin with the account's: below the first key that is greater than every one of them. */
static int get_devices(struct fg_db *reader, struct rows *rows, const struct fg_store_key *key)
{
	sqlite3_stmt *stmt = reader->statements[RD_DEVICES];
	uint8_t above[FG_STORE_KEY_MAX + 1];

	memcpy(above, key->key.data, key->key.len);
	memset(above + key->key.len, 0xff, sizeof(above) - key->key.len);
	return collect(rows, stmt,
		       fg_db_bind(stmt, DB_INT(FG_KV_DEVICE), DB_BLOB(key->key.data, key->key.len),
				  DB_BLOB(above, sizeof(above))),
		       row_from_kv);
}

static int get_one(struct fg_db *reader, struct rows *rows, const struct fg_store_key *key)
{
	sqlite3_stmt *stmt;

	if (key->what == FG_GET_JOB) {
		stmt = reader->statements[RD_JOB];
		return collect(rows, stmt, fg_db_bind(stmt, DB_ID(&key->id)), row_from_job);
	}
	if (key->what == FG_GET_RELAY_BODY) {
		stmt = reader->statements[RD_RELAY_BODY];
		return collect(rows, stmt, fg_db_bind(stmt, DB_INT(key->row)), row_from_body);
	}
	if (key->what == FG_GET_RELAY) {
		stmt = reader->statements[RD_RELAY];
		return collect(
			rows, stmt,
			fg_db_bind(stmt, DB_INT(key->row), DB_INT(key->row_end), DB_ID(&key->id)),
			row_from_relay);
	}
	if (key->key.len == 0)
		return SQLITE_OK;
	if (key->what == FG_GET_RELAY_KEY) {
		stmt = reader->statements[RD_RELAY_KEY];
		return collect(rows, stmt, fg_db_bind(stmt, DB_BLOB(key->key.data, key->key.len)),
			       row_from_relay);
	}
	if (key->what == FG_GET_DEVICES)
		return get_devices(reader, rows, key);
	if (key->what == FG_GET_REF) {
		stmt = reader->statements[RD_REF];
		return collect(rows, stmt, fg_db_bind(stmt, DB_BLOB(key->key.data, key->key.len)),
			       row_from_ref);
	}
	stmt = reader->statements[RD_KV];
	return collect(rows, stmt,
		       fg_db_bind(stmt, DB_INT(key->kind), DB_BLOB(key->key.data, key->key.len)),
		       row_from_kv);
}

static int get(struct fg_db *reader, struct rows *rows, const struct fg_read *read)
{
	int code = fg_db_run(reader->statements[RD_BEGIN]);
	int ended;

	if (code != SQLITE_OK)
		return code;
	for (size_t i = 0; i < read->count && code == SQLITE_OK; i++)
		code = get_one(reader, rows, &read->keys[i]);
	ended = fg_db_run(reader->statements[RD_END]);
	return code == SQLITE_OK ? ended : code;
}

static int fetch(struct fg_db *reader, struct rows *rows, const struct fg_read *read)
{
	sqlite3_stmt *stmt = reader->statements[RD_FETCH];

	return collect(rows, stmt,
		       fg_db_bind(stmt, DB_DEVICE(read->device), DB_INT(read->after_seq),
				  DB_INT(read->limit)),
		       row_from_queue);
}

static row_from row_of_sweep(enum fg_store_sweep_what what)
{
	if (what == FG_SWEEP_ANNOUNCE)
		return row_from_kv;
	if (what == FG_SWEEP_RELAYS)
		return row_from_relay;
	return what == FG_SWEEP_EXPIRED_ITEMS ? row_from_queue : row_from_job;
}

static int sweep(struct fg_db *reader, struct rows *rows, const struct fg_read *read)
{
	static const int number_of[] = {
		[FG_SWEEP_DUE] = RD_DUE,
		[FG_SWEEP_FINAL] = RD_FINAL,
		[FG_SWEEP_EXPIRED_ITEMS] = RD_EXPIRED,
		[FG_SWEEP_SENDING] = RD_SENDING,
		[FG_SWEEP_ANNOUNCE] = RD_ANNOUNCE,
		[FG_SWEEP_RELAYS] = RD_RELAYS,
	};
	sqlite3_stmt *stmt = reader->statements[number_of[read->sweep]];

	return collect(rows, stmt, fg_db_bind(stmt, DB_INT(read->now_ms), DB_INT(read->limit)),
		       row_of_sweep(read->sweep));
}

enum fg_rc fg_read_open(void *ctx, struct fg_db *reader, const char *path)
{
	enum fg_rc rc = fg_db_open_reader(reader, path);

	return rc == FG_OK ? fg_db_prepare(ctx, reader, statements, RD_COUNT) : rc;
}

void fg_read_run(struct fg_db *reader, const struct fg_read *read)
{
	struct rows rows = { .ctx = talloc_new(NULL) };
	int code = SQLITE_NOMEM;

	if (rows.ctx && read->what == FG_READ_GET)
		code = get(reader, &rows, read);
	else if (rows.ctx && read->what == FG_READ_FETCH)
		code = fetch(reader, &rows, read);
	else if (rows.ctx)
		code = sweep(reader, &rows, read);
	if (code == SQLITE_OK) {
		read->rows(FG_OK, rows.list, rows.count, read->arg);
	} else {
		LOGP(DSTORE, LOGL_ERROR, "fail read: %s (%d)\n", sqlite3_errmsg(reader->handle),
		     code);
		read->rows(code == SQLITE_NOMEM ? FG_E_NO_MEMORY : FG_E_STORE_FATAL, NULL, 0,
			   read->arg);
	}
	talloc_free(rows.ctx);
}
