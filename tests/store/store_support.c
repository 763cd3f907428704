/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/store/store_support.h"

struct store_fixture *store_fixture_new(const char *engine)
{
	struct store_fixture *fixture = talloc_zero(NULL, struct store_fixture);

	fixture->loop = fg_loop_new(fixture);
	fixture->dir = fg_test_tmpdir();
	fixture->conf = (struct fg_store_conf){
		.dir = fixture->dir,
		.engine = engine,
		.outstanding_bytes = 1024 * 1024,
		.queue_items_max = 8,
		.queue_bytes_max = 4096,
	};
	assert_ok(store_open(fixture));
	return fixture;
}

enum fg_rc store_open(struct store_fixture *fixture)
{
	return fg_store_open(fixture, fixture->loop, &fixture->conf, &fixture->store);
}

void store_close(struct store_fixture *fixture)
{
	fg_store_close(fixture->store);
	fixture->store = NULL;
}

void store_reopen(struct store_fixture *fixture)
{
	store_close(fixture);
	assert_ok(store_open(fixture));
}

void store_fixture_free(struct store_fixture *fixture)
{
	store_close(fixture);
	fg_test_rmdir(fixture->dir);
	talloc_free(fixture);
}

void store_done(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *answer)
{
	struct store_answer *a = answer;

	(void)ops;
	(void)count;
	assert_false(a->came);
	a->came = true;
	a->rc = rc;
}

enum fg_rc store_run_flags(struct store_fixture *fixture, unsigned flags, struct fg_store_op *ops,
			   size_t count)
{
	struct store_answer answer = { 0 };
	enum fg_rc rc = fg_store_submit(fixture->store, 7, flags, ops, count, store_done, &answer);

	assert_false(answer.came);
	if (rc != FG_OK)
		return rc;
	while (!answer.came)
		fg_loop_step(fixture->loop, true);
	return answer.rc;
}

enum fg_rc store_run(struct store_fixture *fixture, struct fg_store_op *ops, size_t count)
{
	return store_run_flags(fixture, 0, ops, count);
}

static struct fg_bytes keep(void *ctx, struct fg_bytes bytes)
{
	return FG_BYTES(
		talloc_memdup(ctx, bytes.data ? bytes.data : (const uint8_t *)"", bytes.len),
		bytes.len);
}

void store_collect(enum fg_rc rc, const struct fg_store_row *list, size_t count, void *arg)
{
	struct store_rows *rows = arg;

	assert_false(rows->came);
	rows->came = true;
	rows->rc = rc;
	rows->count = count;
	rows->list = talloc_zero_array(rows->ctx, struct fg_store_row, (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		rows->list[i] = list[i];
		rows->list[i].key = keep(rows->ctx, list[i].key);
		rows->list[i].body = keep(rows->ctx, list[i].body);
	}
}

static struct store_rows *rows_new(struct store_fixture *fixture)
{
	struct store_rows *rows = talloc_zero(fixture, struct store_rows);

	rows->ctx = rows;
	return rows;
}

static struct store_rows *wait_for(struct store_fixture *fixture, struct store_rows *rows,
				   enum fg_rc rc)
{
	assert_false(rows->came);
	assert_ok(rc);
	while (!rows->came)
		fg_loop_step(fixture->loop, true);
	return rows;
}

struct store_rows *store_get(struct store_fixture *fixture, const struct fg_store_key *keys,
			     size_t count)
{
	struct store_rows *rows = rows_new(fixture);

	return wait_for(fixture, rows,
			fg_store_get(fixture->store, keys, count, store_collect, rows));
}

struct store_rows *store_fetch(struct store_fixture *fixture, uint8_t device, uint64_t after_seq,
			       size_t limit)
{
	const uint8_t id[FG_STORE_DEVICE_LEN] = { device };
	struct store_rows *rows = rows_new(fixture);

	return wait_for(fixture, rows,
			fg_store_fetch(fixture->store, id, after_seq, limit, store_collect, rows));
}

struct store_rows *store_sweep(struct store_fixture *fixture, enum fg_store_sweep_what what,
			       uint64_t now_ms, size_t limit)
{
	struct store_rows *rows = rows_new(fixture);

	return wait_for(fixture, rows,
			fg_store_sweep(fixture->store, what, now_ms, limit, store_collect, rows));
}

static size_t count_and_free(struct store_rows *rows)
{
	size_t count = rows->count;

	assert_ok(rows->rc);
	talloc_free(rows);
	return count;
}

size_t store_count_queue(struct store_fixture *fixture, uint8_t device)
{
	return count_and_free(store_fetch(fixture, device, 0, 100000));
}

size_t store_count_key(struct store_fixture *fixture, struct fg_store_key key)
{
	return count_and_free(store_get(fixture, &key, 1));
}

enum fg_rc store_backup(struct store_fixture *fixture, const char *path)
{
	struct store_answer answer = { 0 };
	enum fg_rc rc = fg_store_backup(fixture->store, path, store_done, &answer);

	assert_false(answer.came);
	while (rc == FG_OK && !answer.came)
		fg_loop_step(fixture->loop, true);
	return rc == FG_OK ? answer.rc : rc;
}
