/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ops of store.h as SQL. Every op finds out whether its condition holds before it writes; a submit that could fail after
 * its first op runs inside a savepoint.
 */
#include "gateway/store/sqlite_ops.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/fault.h"

static const char *const statements[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_ROLLBACK] = "ROLLBACK",
	[ST_SAVEPOINT] = "SAVEPOINT submit",
	[ST_UNDO] = "ROLLBACK TO submit",
	[ST_RELEASE] = "RELEASE submit",
	[ST_QUEUE_LOAD] =
		"SELECT count(*), coalesce(sum(length(body)), 0) FROM queue WHERE device = ?1",
	[ST_QUEUE_FIND] =
		"SELECT seq, length(body) FROM queue WHERE device = ?1 AND id = ?2 AND tag = ?3",
	[ST_QUEUE_PUT] = "INSERT INTO queue (part, device, id, tag, expires_ms, body) VALUES (?1, "
			 "?2, ?3, ?4, ?5, ?6)"
			 " ON CONFLICT (device, id, tag) DO NOTHING",
	[ST_QUEUE_DROP] = "DELETE FROM queue WHERE seq = ?1",
	[ST_QUEUE_CLEAR] = "DELETE FROM queue WHERE device = ?1",
	[ST_JOB_PUT] = "INSERT INTO job (part, id, state, due_ms, expires_ms, body) VALUES (?1, "
		       "?2, ?3, ?4, ?5, ?6)"
		       " ON CONFLICT (id) DO NOTHING",
	[ST_JOB_FIND] = "SELECT seq, state FROM job WHERE id = ?1",
	[ST_JOB_SAME] = "SELECT state = ?2 AND due_ms = ?3 AND (?4 = 0 OR body = ?5) FROM job "
			"WHERE seq = ?1",
	[ST_JOB_SET] = "UPDATE job SET state = ?2, due_ms = ?3, body = CASE WHEN ?4 THEN ?5 ELSE "
		       "body END WHERE seq = ?1",
	[ST_JOB_DROP] = "DELETE FROM job WHERE seq = ?1",
	[ST_REF_FIND] = "SELECT id = ?2 AND number = ?3 FROM ref WHERE key = ?1",
	[ST_REF_PUT] = "INSERT OR REPLACE INTO ref (key, id, number) VALUES (?1, ?2, ?3)",
	[ST_REF_DROP] = "DELETE FROM ref WHERE id = ?1",
	[ST_KV_FIND] = "SELECT version, body = ?3 FROM kv WHERE kind = ?1 AND key = ?2",
	[ST_KV_PUT] =
		"INSERT OR REPLACE INTO kv (kind, key, version, body) VALUES (?1, ?2, ?3, ?4)",
	[ST_KV_DROP] = "DELETE FROM kv WHERE kind = ?1 AND key = ?2",
	[ST_PREKEY_PUT] = "INSERT INTO prekey (device, number, body) VALUES (?1, ?2, ?3) ON "
			  "CONFLICT (device, number) DO NOTHING",
	[ST_PREKEY_FIRST] =
		"SELECT number, body FROM prekey WHERE device = ?1 ORDER BY number LIMIT 1",
	[ST_PREKEY_DROP] = "DELETE FROM prekey WHERE device = ?1 AND number = ?2",
	[ST_PREKEY_LEFT] = "SELECT count(*) FROM prekey WHERE device = ?1",
	[ST_PREKEY_CLEAR] = "DELETE FROM prekey WHERE device = ?1",
	[ST_RELAY_PUT] = "INSERT INTO relay (row, id, state, record) VALUES (?1, ?2, ?3, ?4)"
			 " ON CONFLICT (row) DO NOTHING",
	[ST_RELAY_BODY_PUT] = "INSERT OR REPLACE INTO relay_body (row, body) VALUES (?1, ?2)",
	[ST_RELAY_BODY_DROP] = "DELETE FROM relay_body WHERE row = ?1",
	[ST_RELAY_SET] = "UPDATE relay SET state = ?2, record = ?3 WHERE row = ?1",
	[ST_RELAY_DROP] = "DELETE FROM relay WHERE row = ?1",
	[ST_RELAY_FINAL_PUT] =
		"INSERT OR REPLACE INTO relay_final (row, id, record) VALUES (?1, ?2, ?3)",
	[ST_RELAY_FINAL_DROP] = "DELETE FROM relay_final WHERE row IN (SELECT row FROM relay_final"
				" WHERE row < ?1 ORDER BY row LIMIT ?2)",
	[ST_RELAY_KEY_FIND] = "SELECT expires_ms > ?3, id = ?2 FROM relay_key WHERE key = ?1",
	[ST_RELAY_KEY_PUT] = "INSERT OR REPLACE INTO relay_key (key, id, body, expires_ms)"
			     " VALUES (?1, ?2, ?3, ?4)",
	[ST_RELAY_KEY_DROP] = "DELETE FROM relay_key WHERE key IN (SELECT key FROM relay_key"
			      " WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2)",
};

static enum fg_rc check(struct fg_ops *ops, int code)
{
	if (code == SQLITE_OK)
		return FG_OK;
	ops->code = code;
	return fg_db_rc(code);
}

enum fg_rc fg_ops_run(struct fg_ops *ops, int number, int code)
{
	if (code == SQLITE_OK)
		code = fg_db_run(ops->db.statements[number]);
	return check(ops, code);
}

enum fg_rc fg_ops_find(struct fg_ops *ops, int number, int code, bool *found, int64_t *first,
		       int64_t *second)
{
	sqlite3_stmt *stmt = ops->db.statements[number];

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	*found = code == SQLITE_ROW;
	if (*found) {
		*first = sqlite3_column_int64(stmt, 0);
		if (second)
			*second = sqlite3_column_int64(stmt, 1);
	}
	sqlite3_reset(stmt);
	return check(ops, code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code);
}

static int changes(const struct fg_ops *ops)
{
	return sqlite3_changes(ops->db.handle);
}

/* ---- the queue ---- */

static struct fg_quota *quota_slot(struct fg_ops *ops, const uint8_t *device)
{
	uint32_t hash = 2166136261u;

	for (int i = 0; i < FG_STORE_DEVICE_LEN; i++)
		hash = (hash ^ device[i]) * 16777619u;
	return &ops->quotas[(hash ^ hash >> 16) % FG_QUOTA_SLOTS];
}

static enum fg_rc quota_of(struct fg_ops *ops, const uint8_t *device, struct fg_quota **quota_out)
{
	struct fg_quota *quota = quota_slot(ops, device);
	int64_t items = 0, bytes = 0;
	bool found;
	enum fg_rc rc;

	if (!quota->valid || memcmp(quota->device, device, FG_STORE_DEVICE_LEN) != 0) {
		rc = FIND(ops, ST_QUEUE_LOAD, &found, &items, &bytes, DB_DEVICE(device));
		if (rc != FG_OK)
			return rc;
		memcpy(quota->device, device, FG_STORE_DEVICE_LEN);
		quota->items = (uint32_t)items;
		quota->bytes = (uint64_t)bytes;
		quota->valid = true;
	}
	*quota_out = quota;
	return FG_OK;
}

static enum fg_rc queue_find(struct fg_ops *ops, const struct fg_store_op *op, bool *found,
			     int64_t *seq, int64_t *len)
{
	return FIND(ops, ST_QUEUE_FIND, found, seq, len, DB_DEVICE(op->device), DB_ID(&op->id),
		    DB_INT(op->tag));
}

static enum fg_rc queue_put(struct fg_ops *ops, unsigned part, struct fg_store_op *op)
{
	struct fg_quota *quota;
	int64_t seq, len;
	bool found;
	enum fg_rc rc = quota_of(ops, op->device, &quota);

	if (rc != FG_OK)
		return rc;
	if (quota->items >= ops->queue_items_max ||
	    quota->bytes + op->body.len > ops->queue_bytes_max) {
		rc = queue_find(ops, op, &found, &seq, &len);
		op->result = found ? FG_STORE_DUP : FG_STORE_QUOTA;
		return rc;
	}
	rc = RUN(ops, ST_QUEUE_PUT, DB_INT(part), DB_DEVICE(op->device), DB_ID(&op->id),
		 DB_INT(op->tag), DB_INT(op->expires_ms), DB_BLOB(op->body.data, op->body.len));
	if (rc != FG_OK)
		return rc;
	if (changes(ops) == 0) {
		op->result = FG_STORE_DUP;
		return FG_OK;
	}
	quota->items++;
	quota->bytes += op->body.len;
	ops->counts.queued_items++;
	return FG_OK;
}

static enum fg_rc queue_ack(struct fg_ops *ops, struct fg_store_op *op)
{
	struct fg_quota *quota = quota_slot(ops, op->device);
	int64_t seq = 0, len = 0;
	bool found;
	enum fg_rc rc = queue_find(ops, op, &found, &seq, &len);

	if (rc != FG_OK)
		return rc;
	if (!found) {
		op->result = op->op == FG_OP_QUEUE_ACK_IF ? FG_STORE_CONFLICT : FG_STORE_NOT_FOUND;
		return FG_OK;
	}
	rc = RUN(ops, ST_QUEUE_DROP, DB_INT((uint64_t)seq));
	if (rc != FG_OK)
		return rc;
	if (quota->valid && memcmp(quota->device, op->device, FG_STORE_DEVICE_LEN) == 0) {
		quota->items--;
		quota->bytes -= (uint64_t)len;
	}
	ops->counts.queued_items--;
	return FG_OK;
}

static enum fg_rc queue_clear(struct fg_ops *ops, struct fg_store_op *op)
{
	enum fg_rc rc = RUN(ops, ST_QUEUE_CLEAR, DB_DEVICE(op->device));

	if (rc != FG_OK)
		return rc;
	quota_slot(ops, op->device)->valid = false;
	ops->counts.queued_items -= (uint64_t)changes(ops);
	return FG_OK;
}

/* ---- jobs ---- */

static enum fg_rc job_put(struct fg_ops *ops, unsigned part, struct fg_store_op *op)
{
	enum fg_rc rc = RUN(ops, ST_JOB_PUT, DB_INT(part), DB_ID(&op->id), DB_INT(op->state),
			    DB_INT(op->due_ms), DB_INT(op->expires_ms),
			    DB_BLOB(op->body.data, op->body.len));

	if (rc != FG_OK)
		return rc;
	if (changes(ops) == 0)
		op->result = FG_STORE_DUP;
	else
		ops->counts.jobs[op->state]++;
	return FG_OK;
}

/* The state does not allow the change: a conflict, unless this very change was made before. */
static enum fg_rc job_replayed(struct fg_ops *ops, struct fg_store_op *op, int64_t seq)
{
	int64_t same = 0;
	bool found;
	enum fg_rc rc = FIND(ops, ST_JOB_SAME, &found, &same, NULL, DB_INT((uint64_t)seq),
			     DB_INT(op->state), DB_INT(op->due_ms), DB_INT(op->body.data != NULL),
			     DB_BLOB(op->body.data, op->body.len));

	if (rc == FG_OK)
		op->result = same ? FG_STORE_DUP : FG_STORE_CONFLICT;
	return rc;
}

static enum fg_rc job_set(struct fg_ops *ops, struct fg_store_op *op)
{
	int64_t seq = 0, state = 0;
	bool found;
	enum fg_rc rc = FIND(ops, ST_JOB_FIND, &found, &seq, &state, DB_ID(&op->id));

	if (rc != FG_OK)
		return rc;
	if (!found) {
		op->result = FG_STORE_NOT_FOUND;
		return FG_OK;
	}
	if (!(op->from_states & 1u << state))
		return job_replayed(ops, op, seq);
	rc = RUN(ops, ST_JOB_SET, DB_INT((uint64_t)seq), DB_INT(op->state), DB_INT(op->due_ms),
		 DB_INT(op->body.data != NULL), DB_BLOB(op->body.data, op->body.len));
	if (rc != FG_OK)
		return rc;
	ops->counts.jobs[state]--;
	ops->counts.jobs[op->state]++;
	return FG_OK;
}

static enum fg_rc job_drop(struct fg_ops *ops, struct fg_store_op *op)
{
	int64_t seq = 0, state = 0;
	bool found;
	enum fg_rc rc = FIND(ops, ST_JOB_FIND, &found, &seq, &state, DB_ID(&op->id));

	if (rc != FG_OK)
		return rc;
	if (!found) {
		op->result = FG_STORE_NOT_FOUND;
		return FG_OK;
	}
	ops->counts.jobs[state]--;
	return RUN(ops, ST_JOB_DROP, DB_INT((uint64_t)seq));
}

/* ---- references, small records, prekeys ---- */

static enum fg_rc ref_put(struct fg_ops *ops, struct fg_store_op *op)
{
	int64_t same = 0;
	bool found;
	enum fg_rc rc =
		FIND(ops, ST_REF_FIND, &found, &same, NULL, DB_BLOB(op->key.data, op->key.len),
		     DB_ID(&op->id), DB_INT(op->number));

	if (rc != FG_OK)
		return rc;
	if (found && same) {
		op->result = FG_STORE_DUP;
		return FG_OK;
	}
	/* A far side that uses an id again means its newest message. */
	return RUN(ops, ST_REF_PUT, DB_BLOB(op->key.data, op->key.len), DB_ID(&op->id),
		   DB_INT(op->number));
}

/* Run a deletion; nothing there counts as success. */
static enum fg_rc note_absent(struct fg_ops *ops, struct fg_store_op *op, enum fg_rc rc)
{
	if (rc == FG_OK && changes(ops) == 0)
		op->result = FG_STORE_NOT_FOUND;
	return rc;
}

static enum fg_rc kv_find(struct fg_ops *ops, const struct fg_store_op *op, uint64_t *version,
			  bool *same)
{
	int64_t stored = 0, equal = 0;
	bool found;
	enum fg_rc rc =
		FIND(ops, ST_KV_FIND, &found, &stored, &equal, DB_INT(op->kind),
		     DB_BLOB(op->key.data, op->key.len), DB_BLOB(op->body.data, op->body.len));

	*version = (uint64_t)stored;
	*same = equal;
	return rc;
}

static enum fg_rc kv_put(struct fg_ops *ops, struct fg_store_op *op)
{
	uint64_t version;
	bool same;
	enum fg_rc rc = kv_find(ops, op, &version, &same);

	if (rc != FG_OK)
		return rc;
	if (op->version != FG_STORE_ANY_VERSION && op->version != version) {
		op->result = same && version == op->version + 1 ? FG_STORE_DUP : FG_STORE_CONFLICT;
		return FG_OK;
	}
	return RUN(ops, ST_KV_PUT, DB_INT(op->kind), DB_BLOB(op->key.data, op->key.len),
		   DB_INT(version + 1), DB_BLOB(op->body.data, op->body.len));
}

static enum fg_rc kv_drop(struct fg_ops *ops, struct fg_store_op *op)
{
	uint64_t version;
	bool same;
	enum fg_rc rc = kv_find(ops, op, &version, &same);

	if (rc != FG_OK)
		return rc;
	if (version == 0) {
		op->result = FG_STORE_NOT_FOUND;
		return FG_OK;
	}
	if (op->version != FG_STORE_ANY_VERSION && op->version != version) {
		op->result = FG_STORE_CONFLICT;
		return FG_OK;
	}
	return RUN(ops, ST_KV_DROP, DB_INT(op->kind), DB_BLOB(op->key.data, op->key.len));
}

static enum fg_rc prekey_put(struct fg_ops *ops, struct fg_store_op *op)
{
	enum fg_rc rc = RUN(ops, ST_PREKEY_PUT, DB_DEVICE(op->device), DB_INT(op->number),
			    DB_BLOB(op->body.data, op->body.len));

	if (rc == FG_OK && changes(ops) == 0)
		op->result = FG_STORE_DUP;
	return rc;
}

/* The first prekey into op; found is false when there is none. */
static enum fg_rc prekey_first(struct fg_ops *ops, struct fg_store_op *op, bool *found)
{
	sqlite3_stmt *stmt = ops->db.statements[ST_PREKEY_FIRST];
	int code = fg_db_bind(stmt, DB_DEVICE(op->device));

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	*found = code == SQLITE_ROW;
	if (*found) {
		size_t len = (size_t)sqlite3_column_bytes(stmt, 1);

		if (len > sizeof(op->popped))
			code = SQLITE_CORRUPT;
		else if (len)
			memcpy(op->popped, sqlite3_column_blob(stmt, 1), len);
		op->popped_len = len > sizeof(op->popped) ? 0 : len;
		op->popped_number = (uint32_t)sqlite3_column_int64(stmt, 0);
	}
	sqlite3_reset(stmt);
	return check(ops, code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code);
}

static enum fg_rc prekey_pop(struct fg_ops *ops, struct fg_store_op *op)
{
	int64_t left = 0;
	bool found;
	enum fg_rc rc = prekey_first(ops, op, &found);

	if (rc != FG_OK)
		return rc;
	if (!found) {
		op->result = FG_STORE_NOT_FOUND;
		return FG_OK;
	}
	rc = RUN(ops, ST_PREKEY_DROP, DB_DEVICE(op->device), DB_INT(op->popped_number));
	if (rc == FG_OK)
		rc = FIND(ops, ST_PREKEY_LEFT, &found, &left, NULL, DB_DEVICE(op->device));
	op->popped_left = (uint32_t)left;
	return rc;
}

static enum fg_rc prekey_count(struct fg_ops *ops, struct fg_store_op *op)
{
	int64_t left = 0;
	bool found;
	enum fg_rc rc = FIND(ops, ST_PREKEY_LEFT, &found, &left, NULL, DB_DEVICE(op->device));

	op->popped_left = (uint32_t)left;
	return rc;
}

/* ---- submits ---- */

static enum fg_rc run_op(struct fg_ops *ops, unsigned part, struct fg_store_op *op)
{
	switch (op->op) {
	case FG_OP_QUEUE_PUT:
		return queue_put(ops, part, op);
	case FG_OP_QUEUE_ACK:
	case FG_OP_QUEUE_ACK_IF:
		return queue_ack(ops, op);
	case FG_OP_QUEUE_CLEAR:
		return queue_clear(ops, op);
	case FG_OP_JOB_PUT:
		return job_put(ops, part, op);
	case FG_OP_JOB_SET:
		return job_set(ops, op);
	case FG_OP_JOB_DROP:
		return job_drop(ops, op);
	case FG_OP_REF_PUT:
		return ref_put(ops, op);
	case FG_OP_REF_DROP:
		return note_absent(ops, op, RUN(ops, ST_REF_DROP, DB_ID(&op->id)));
	case FG_OP_KV_PUT:
		return kv_put(ops, op);
	case FG_OP_KV_DROP:
		return kv_drop(ops, op);
	case FG_OP_PREKEY_PUT:
		return prekey_put(ops, op);
	case FG_OP_PREKEY_POP:
		return prekey_pop(ops, op);
	case FG_OP_PREKEY_CLEAR:
		return RUN(ops, ST_PREKEY_CLEAR, DB_DEVICE(op->device));
	case FG_OP_PREKEY_COUNT:
		return prekey_count(ops, op);
	case FG_OP_RELAY_PUT:
	case FG_OP_RELAY_SET:
	case FG_OP_RELAY_END:
	case FG_OP_RELAY_DROP:
	case FG_OP_RELAY_KEY_PUT:
	case FG_OP_RELAY_KEY_DROP:
		return fg_ops_relay(ops, op);
	}
	return FG_E_STORE_FATAL;
}

static bool may_fail(const struct fg_store_op *op)
{
	switch (op->op) {
	case FG_OP_QUEUE_PUT:
	case FG_OP_QUEUE_ACK_IF:
	case FG_OP_JOB_SET:
	case FG_OP_RELAY_KEY_PUT:
		return true;
	case FG_OP_KV_PUT:
	case FG_OP_KV_DROP:
		return op->version != FG_STORE_ANY_VERSION;
	default:
		return false;
	}
}

static bool has_failed(const struct fg_store_op *op)
{
	return op->result == FG_STORE_CONFLICT || op->result == FG_STORE_QUOTA ||
	       (op->result == FG_STORE_NOT_FOUND && op->op == FG_OP_JOB_SET);
}

static void forget_results(struct fg_store_op *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		list[i].result = FG_STORE_OK;
		list[i].popped_len = 0;
		list[i].popped_number = 0;
		list[i].popped_left = 0;
	}
}

static enum fg_rc run_all(struct fg_ops *ops, unsigned part, struct fg_store_op *list, size_t count,
			  size_t *failed_at)
{
	for (size_t i = 0; i < count; i++) {
		enum fg_rc rc = run_op(ops, part, &list[i]);

		if (rc != FG_OK)
			return rc;
		if (has_failed(&list[i])) {
			*failed_at = i;
			return FG_E_CONFLICT;
		}
	}
	return FG_OK;
}

/* Back to before the first op of the submit; only the op that failed keeps its result. */
static enum fg_rc undo(struct fg_ops *ops, struct fg_store_op *list, size_t failed_at)
{
	enum fg_rc rc;

	for (size_t i = 0; i < failed_at; i++)
		quota_slot(ops, list[i].device)->valid = false;
	forget_results(list, failed_at);
	rc = check(ops, fg_db_run(ops->db.statements[ST_UNDO]));
	return rc == FG_OK ? FG_E_CONFLICT : rc;
}

static bool needs_savepoint(const struct fg_store_op *list, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (may_fail(&list[i]))
			return true;
	return false;
}

enum fg_rc fg_ops_submit(struct fg_ops *ops, unsigned part, struct fg_store_op *list, size_t count)
{
	const struct fg_store_counts before = ops->counts;
	bool savepoint = needs_savepoint(list, count);
	size_t failed_at = 0;
	enum fg_rc rc = FG_OK, released;

	forget_results(list, count);
	if (savepoint)
		rc = check(ops, fg_db_run(ops->db.statements[ST_SAVEPOINT]));
	if (rc == FG_OK)
		rc = run_all(ops, part, list, count, &failed_at);
	if (rc != FG_OK && rc != FG_E_CONFLICT)
		return rc;
	if (rc == FG_E_CONFLICT)
		ops->counts = before;
	if (!savepoint)
		return rc;
	if (rc == FG_E_CONFLICT)
		rc = undo(ops, list, failed_at);
	released = check(ops, fg_db_run(ops->db.statements[ST_RELEASE]));
	return released == FG_OK ? rc : released;
}

int fg_ops_begin(struct fg_ops *ops)
{
	return fg_db_run(ops->db.statements[ST_BEGIN]);
}

int fg_ops_commit(struct fg_ops *ops)
{
	int code;

	fg_fault_disk("COMMIT", "before");
	code = fg_db_run(ops->db.statements[ST_COMMIT]);
	fg_fault_disk("COMMIT", "after");
	return code;
}

void fg_ops_rollback(struct fg_ops *ops, const struct fg_store_counts *before)
{
	if (!sqlite3_get_autocommit(ops->db.handle))
		fg_db_run(ops->db.statements[ST_ROLLBACK]);
	for (size_t i = 0; i < FG_QUOTA_SLOTS; i++)
		ops->quotas[i].valid = false;
	ops->counts = *before;
}

static int count_jobs(struct fg_ops *ops)
{
	sqlite3_stmt *stmt = NULL;
	int64_t number = 0;
	int code =
		fg_db_number(ops->db.handle, "SELECT count(*) FROM job WHERE state = 7", &number);

	ops->counts.jobs[FG_JOB_FINAL] = (uint64_t)number;
	if (code != SQLITE_OK)
		return code;
	code = sqlite3_prepare_v2(ops->db.handle,
				  "SELECT state, count(*) FROM job WHERE state <> 7 GROUP BY state",
				  -1, &stmt, NULL);
	while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		number = sqlite3_column_int64(stmt, 0);
		code = number < FG_JOB_READY || number > FG_JOB_FINAL ? SQLITE_CORRUPT : SQLITE_OK;
		if (code == SQLITE_OK)
			ops->counts.jobs[number] = (uint64_t)sqlite3_column_int64(stmt, 1);
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

enum fg_rc fg_ops_open(void *ctx, struct fg_ops *ops)
{
	int64_t items = 0, relays = 0;
	int code = count_jobs(ops);

	if (code == SQLITE_OK)
		code = fg_db_number(ops->db.handle, "SELECT count(*) FROM queue", &items);
	if (code == SQLITE_OK)
		code = fg_db_number(ops->db.handle, "SELECT count(*) FROM relay", &relays);
	if (code != SQLITE_OK)
		return fg_db_rc(code);
	ops->counts.queued_items = (uint64_t)items;
	ops->counts.relays = (uint64_t)relays;
	ops->quotas = talloc_zero_array(ctx, struct fg_quota, FG_QUOTA_SLOTS);
	if (!ops->quotas)
		return FG_E_NO_MEMORY;
	return fg_db_prepare(ctx, &ops->db, statements, ST_COUNT);
}
