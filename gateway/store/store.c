/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The contract's front: checks what every engine may rely on, then hands over to the engine.
 */
#include "gateway/store/store.h"

#include <string.h>
#include <talloc.h>
#include "gateway/store/sqlite.h"
#include "lib/base/log.h"

enum { SUBMIT_OPS_MAX = 4096 };

struct fg_store {
	const struct fg_store_engine *engine;
	void *state;
};

static const struct fg_store_engine *const engines[] = { &fg_store_sqlite };

unsigned fg_store_part(const void *key, size_t len)
{
	const uint8_t *p = key;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 16777619u;
	hash ^= hash >> 16; /* the low byte alone of FNV-1a is weak */
	hash ^= hash >> 8;
	return hash % FG_STORE_PARTS;
}

static bool key_fits(const struct fg_bytes *key)
{
	return key->data && key->len > 0 && key->len <= FG_STORE_KEY_MAX;
}

static bool kind_is_known(enum fg_store_kind kind)
{
	return kind >= FG_KV_ACCOUNT && kind <= FG_KV_ANNOUNCE;
}

static bool state_is_known(enum fg_job_state state)
{
	return state >= FG_JOB_READY && state <= FG_JOB_FINAL;
}

static bool row_is_sound(const struct fg_store_op *op)
{
	return op->row > 0 && op->row <= INT64_MAX && op->record.len <= FG_STORE_RECORD_MAX &&
	       (op->record.data || !op->record.len);
}

static bool op_is_sound(const struct fg_store_op *op)
{
	if (op->body.len > FG_STORE_VALUE_MAX || (op->body.len && !op->body.data))
		return false;
	switch (op->op) {
	case FG_OP_JOB_PUT:
	case FG_OP_JOB_SET:
		return state_is_known(op->state);
	case FG_OP_KV_PUT:
	case FG_OP_KV_DROP:
		return kind_is_known(op->kind) && key_fits(&op->key);
	case FG_OP_REF_PUT:
		return key_fits(&op->key);
	case FG_OP_PREKEY_PUT:
		return op->body.len <= sizeof(op->popped);
	case FG_OP_RELAY_PUT:
	case FG_OP_RELAY_SET:
		return row_is_sound(op) && state_is_known(op->state);
	case FG_OP_RELAY_END:
	case FG_OP_RELAY_DROP:
		return row_is_sound(op);
	case FG_OP_RELAY_KEY_PUT:
		return key_fits(&op->key);
	case FG_OP_RELAY_KEY_DROP:
		return true;
	case FG_OP_QUEUE_PUT:
	case FG_OP_QUEUE_ACK:
	case FG_OP_QUEUE_ACK_IF:
	case FG_OP_QUEUE_CLEAR:
	case FG_OP_JOB_DROP:
	case FG_OP_REF_DROP:
	case FG_OP_PREKEY_POP:
	case FG_OP_PREKEY_CLEAR:
	case FG_OP_PREKEY_COUNT:
		return true;
	}
	return false;
}

enum fg_rc fg_store_submit(struct fg_store *store, unsigned part, unsigned flags,
			   struct fg_store_op *ops, size_t count, fg_store_done_cb done, void *arg)
{
	if (part >= FG_STORE_PARTS || count == 0 || count > SUBMIT_OPS_MAX)
		return FG_E_ARG;
	for (size_t i = 0; i < count; i++)
		if (!op_is_sound(&ops[i]))
			return FG_E_ARG;
	return store->engine->submit(store->state, part, flags, ops, count, done, arg);
}

static bool key_is_sound(const struct fg_store_key *key)
{
	if (key->what == FG_GET_JOB || key->what == FG_GET_RELAY_BODY ||
	    key->what == FG_GET_RELAY || key->key.len == 0)
		return key->what <= FG_GET_RELAY_KEY;
	if (key->what == FG_GET_KV && !kind_is_known(key->kind))
		return false;
	return key->what <= FG_GET_RELAY_KEY && key_fits(&key->key);
}

enum fg_rc fg_store_get(struct fg_store *store, const struct fg_store_key *keys, size_t count,
			fg_store_rows_cb rows, void *arg)
{
	if (count == 0 || count > FG_STORE_GET_MAX)
		return FG_E_ARG;
	for (size_t i = 0; i < count; i++)
		if (!key_is_sound(&keys[i]))
			return FG_E_ARG;
	return store->engine->get(store->state, keys, count, rows, arg);
}

enum fg_rc fg_store_fetch(struct fg_store *store, const uint8_t device[static FG_STORE_DEVICE_LEN],
			  uint64_t after_seq, size_t limit, fg_store_rows_cb rows, void *arg)
{
	return store->engine->fetch(store->state, device, after_seq, limit, rows, arg);
}

enum fg_rc fg_store_sweep(struct fg_store *store, enum fg_store_sweep_what what, uint64_t now_ms,
			  size_t limit, fg_store_rows_cb rows, void *arg)
{
	if (what > FG_SWEEP_RELAYS)
		return FG_E_ARG;
	return store->engine->sweep(store->state, what, now_ms, limit, rows, arg);
}

void fg_store_limits(struct fg_store *store, const struct fg_store_conf *conf)
{
	store->engine->limits(store->state, conf);
}

void fg_store_health(struct fg_store *store, struct fg_store_health *health_out)
{
	store->engine->health(store->state, health_out);
}

enum fg_rc fg_store_backup(struct fg_store *store, const char *path, fg_store_done_cb done,
			   void *arg)
{
	return store->engine->backup(store->state, path, done, arg);
}

struct fg_store *fg_store_over(void *ctx, const struct fg_store_engine *engine, void *engine_state)
{
	struct fg_store *store = talloc_zero(ctx, struct fg_store);

	if (!store)
		return NULL;
	store->engine = engine;
	store->state = engine_state;
	return store;
}

static const struct fg_store_engine *engine_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

enum fg_rc fg_store_open(void *ctx, struct fg_loop *loop, const struct fg_store_conf *conf,
			 struct fg_store **store_out)
{
	const struct fg_store_engine *engine = engine_by_name(conf->engine);
	struct fg_store *store;
	enum fg_rc rc;

	if (!engine) {
		LOGP(DSTORE, LOGL_ERROR, "refuse store: no engine is called \"%s\"\n",
		     conf->engine);
		return FG_E_ARG;
	}
	store = fg_store_over(ctx, engine, NULL);
	if (!store)
		return FG_E_NO_MEMORY;
	rc = engine->open(store, loop, conf, &store->state);
	if (rc != FG_OK) {
		talloc_free(store);
		return rc;
	}
	*store_out = store;
	return FG_OK;
}

void fg_store_close(struct fg_store *store)
{
	if (!store)
		return;
	store->engine->close(store->state);
	talloc_free(store);
}
