/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A store in a folder of its own, and calls that wait for their callback.
 */
#pragma once

#include <talloc.h>
#include "gateway/store/store.h"
#include "lib/base/loop.h"
#include "tests/support/fg_test.h"

/*! What a case of the conformance suite starts from. */
struct store_factory {
	const char *engine;
};

struct store_fixture {
	struct fg_loop *loop;
	struct fg_store *store;
	char *dir;
	struct fg_store_conf conf;
};

/*! A fresh folder and an open store; 1 MiB outstanding, 8 items and 4096 bytes a device. */
struct store_fixture *store_fixture_new(const char *engine);
void store_fixture_free(struct store_fixture *fixture);
enum fg_rc store_open(struct store_fixture *fixture);
void store_close(struct store_fixture *fixture);
void store_reopen(struct store_fixture *fixture);

/*! What a done callback said. */
struct store_answer {
	bool came;
	enum fg_rc rc;
};
void store_done(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *answer);

/*! Submit and wait; checks that the callback does not come from inside the call. */
enum fg_rc store_run(struct store_fixture *fixture, struct fg_store_op *ops, size_t count);
enum fg_rc store_run_flags(struct store_fixture *fixture, unsigned flags, struct fg_store_op *ops,
			   size_t count);

/*! Rows that were read, copied. What the calls below return is freed with talloc_free(), or with the fixture. */
struct store_rows {
	void *ctx; /*!< owner of the copies */
	bool came;
	enum fg_rc rc;
	size_t count;
	struct fg_store_row *list;
};
void store_collect(enum fg_rc rc, const struct fg_store_row *list, size_t count, void *rows);
struct store_rows *store_get(struct store_fixture *fixture, const struct fg_store_key *keys,
			     size_t count);
struct store_rows *store_fetch(struct store_fixture *fixture, uint8_t device, uint64_t after_seq,
			       size_t limit);
struct store_rows *store_sweep(struct store_fixture *fixture, enum fg_store_sweep_what what,
			       uint64_t now_ms, size_t limit);

/*! How many there are; the rows are thrown away. */
size_t store_count_queue(struct store_fixture *fixture, uint8_t device);
size_t store_count_key(struct store_fixture *fixture, struct fg_store_key key);
enum fg_rc store_backup(struct store_fixture *fixture, const char *path);

#define OP(kind_of_op, ...) ((struct fg_store_op){ .op = FG_OP_##kind_of_op, __VA_ARGS__ })
#define DEV(n)              .device = { n }
#define ID(n)               .id = { { n } }
#define BODY(text)          .body = { (const uint8_t *)(text), sizeof(text) - 1 }
#define KEY(text)           .key = { (const uint8_t *)(text), sizeof(text) - 1 }
#define FROM(state)         (1u << FG_JOB_##state)
