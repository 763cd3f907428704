/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files that run ops share: the prepared statements and how they are run.
 */
#pragma once

#include "gateway/store/sqlite.h"

enum {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_SAVEPOINT,
	ST_UNDO,
	ST_RELEASE,
	ST_QUEUE_LOAD,
	ST_QUEUE_FIND,
	ST_QUEUE_PUT,
	ST_QUEUE_DROP,
	ST_QUEUE_CLEAR,
	ST_JOB_PUT,
	ST_JOB_FIND,
	ST_JOB_SAME,
	ST_JOB_SET,
	ST_JOB_DROP,
	ST_REF_FIND,
	ST_REF_PUT,
	ST_REF_DROP,
	ST_KV_FIND,
	ST_KV_PUT,
	ST_KV_DROP,
	ST_PREKEY_PUT,
	ST_PREKEY_FIRST,
	ST_PREKEY_DROP,
	ST_PREKEY_LEFT,
	ST_PREKEY_CLEAR,
	ST_RELAY_PUT,
	ST_RELAY_BODY_PUT,
	ST_RELAY_BODY_DROP,
	ST_RELAY_SET,
	ST_RELAY_DROP,
	ST_RELAY_FINAL_PUT,
	ST_RELAY_FINAL_DROP,
	ST_RELAY_KEY_FIND,
	ST_RELAY_KEY_PUT,
	ST_RELAY_KEY_DROP,
	ST_COUNT
};

/*! Run a bound statement (code: what binding it said), give up to two integers of its only row. As in the macros below. */
enum fg_rc fg_ops_run(struct fg_ops *ops, int number, int code);
enum fg_rc fg_ops_find(struct fg_ops *ops, int number, int code, bool *found, int64_t *first,
		       int64_t *second);

/* Bind and run a statement that gives no row. */
#define RUN(ops, number, ...)                                                                      \
	fg_ops_run(ops, number, fg_db_bind((ops)->db.statements[number], __VA_ARGS__))

/* Bind and run a statement that gives at most one row: up to two integers, untouched when there is no row. */
#define FIND(ops, number, found, first, second, ...)                                               \
	fg_ops_find(ops, number, fg_db_bind((ops)->db.statements[number], __VA_ARGS__), found,     \
		    first, second)

/*! Ops on messages of applications (sqlite_relay.c). FG_OK, FG_E_STORE_FULL, FG_E_STORE_FATAL; op->result says more. */
enum fg_rc fg_ops_relay(struct fg_ops *ops, struct fg_store_op *op);
