/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ops on messages of applications. Each touches rows by their number alone; what grows grows at its end.
 */
#include "gateway/store/sqlite_ops.h"

#include <string.h>

static bool changed(const struct fg_ops *ops)
{
	return sqlite3_changes(ops->db.handle) > 0;
}

static enum fg_rc drop_body(struct fg_ops *ops, const struct fg_store_op *op)
{
	return RUN(ops, ST_RELAY_BODY_DROP, DB_INT(op->row));
}

static enum fg_rc put_body(struct fg_ops *ops, const struct fg_store_op *op)
{
	return RUN(ops, ST_RELAY_BODY_PUT, DB_INT(op->row), DB_BLOB(op->body.data, op->body.len));
}

static enum fg_rc relay_put(struct fg_ops *ops, struct fg_store_op *op)
{
	enum fg_rc rc = RUN(ops, ST_RELAY_PUT, DB_INT(op->row), DB_ID(&op->id), DB_INT(op->state),
			    DB_BLOB(op->record.data, op->record.len));

	if (rc != FG_OK)
		return rc;
	if (!changed(ops)) {
		op->result = FG_STORE_DUP;
		return FG_OK;
	}
	ops->counts.relays++;
	return op->body.data ? put_body(ops, op) : FG_OK;
}

static enum fg_rc relay_set(struct fg_ops *ops, struct fg_store_op *op)
{
	enum fg_rc rc = RUN(ops, ST_RELAY_SET, DB_INT(op->row), DB_INT(op->state),
			    DB_BLOB(op->record.data, op->record.len));

	if (rc != FG_OK)
		return rc;
	if (!changed(ops)) {
		op->result = FG_STORE_NOT_FOUND;
		return FG_OK;
	}
	if (op->tag == 1)
		return drop_body(ops, op);
	return op->body.data ? put_body(ops, op) : FG_OK;
}

static enum fg_rc relay_end(struct fg_ops *ops, struct fg_store_op *op)
{
	enum fg_rc rc = RUN(ops, ST_RELAY_DROP, DB_INT(op->row));

	if (rc != FG_OK)
		return rc;
	if (!changed(ops)) {
		op->result = FG_STORE_NOT_FOUND;
		return FG_OK;
	}
	ops->counts.relays--;
	rc = RUN(ops, ST_RELAY_FINAL_PUT, DB_INT(op->row), DB_ID(&op->id),
		 DB_BLOB(op->record.data, op->record.len));
	return rc == FG_OK ? drop_body(ops, op) : rc;
}

static enum fg_rc key_put(struct fg_ops *ops, struct fg_store_op *op)
{
	int64_t alive = 0, same = 0;
	bool found;
	enum fg_rc rc =
		FIND(ops, ST_RELAY_KEY_FIND, &found, &alive, &same,
		     DB_BLOB(op->key.data, op->key.len), DB_ID(&op->id), DB_INT(op->due_ms));

	if (rc != FG_OK)
		return rc;
	if (found && alive) {
		op->result = same ? FG_STORE_DUP : FG_STORE_CONFLICT;
		return FG_OK;
	}
	return RUN(ops, ST_RELAY_KEY_PUT, DB_BLOB(op->key.data, op->key.len), DB_ID(&op->id),
		   DB_BLOB(op->body.data, op->body.len), DB_INT(op->expires_ms));
}

/* Run a deletion of many; nothing there counts as success. */
static enum fg_rc drop_many(struct fg_ops *ops, struct fg_store_op *op, int statement,
			    uint64_t before)
{
	enum fg_rc rc = RUN(ops, statement, DB_INT(before), DB_INT(op->number));

	if (rc == FG_OK && !changed(ops))
		op->result = FG_STORE_NOT_FOUND;
	return rc;
}

enum fg_rc fg_ops_relay(struct fg_ops *ops, struct fg_store_op *op)
{
	switch (op->op) {
	case FG_OP_RELAY_PUT:
		return relay_put(ops, op);
	case FG_OP_RELAY_SET:
		return relay_set(ops, op);
	case FG_OP_RELAY_END:
		return relay_end(ops, op);
	case FG_OP_RELAY_DROP:
		return drop_many(ops, op, ST_RELAY_FINAL_DROP, op->row);
	case FG_OP_RELAY_KEY_PUT:
		return key_put(ops, op);
	case FG_OP_RELAY_KEY_DROP:
		return drop_many(ops, op, ST_RELAY_KEY_DROP, op->due_ms);
	default:
		return FG_E_STORE_FATAL;
	}
}
