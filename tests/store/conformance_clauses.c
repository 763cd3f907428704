/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cases of the clauses at the head of store.h; those of each op and read by itself are in conformance.c.
 */
#include "tests/store/conformance.h"

static const struct fg_store_key job_1 = { .what = FG_GET_JOB, .id = { { 1 } } };
static const struct fg_store_key kv_a = { .what = FG_GET_KV, .kind = FG_KV_PIN, KEY("a") };
static const struct fg_store_key ref_a = { .what = FG_GET_REF, KEY("smsc\0a") };

static void nothing_calls_back_from_inside_the_call(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(JOB_DROP, ID(1));
	struct store_answer answer = { 0 };
	struct store_rows rows[3] = { { .ctx = f }, { .ctx = f }, { .ctx = f } };

	assert_ok(fg_store_submit(f->store, 0, 0, &op, 1, store_done, &answer));
	assert_ok(fg_store_get(f->store, &job_1, 1, store_collect, &rows[0]));
	assert_ok(fg_store_fetch(f->store, op.device, 0, 1, store_collect, &rows[1]));
	assert_ok(fg_store_sweep(f->store, FG_SWEEP_DUE, 0, 1, store_collect, &rows[2]));
	assert_false(answer.came || rows[0].came || rows[1].came || rows[2].came);
	while (!answer.came || !rows[0].came || !rows[1].came || !rows[2].came)
		fg_loop_step(f->loop, true);
}

/* What rides with a condition that fails must not have happened. */
static void fails_whole(struct store_fixture *f, struct fg_store_op bad,
			enum fg_store_result result, size_t position)
{
	struct fg_store_op ops[] = {
		OP(JOB_PUT, ID(1), .state = FG_JOB_READY),
		OP(KV_PUT, .kind = FG_KV_PIN, KEY("a")),
		OP(REF_PUT, KEY("smsc\0a"), ID(1)),
		OP(QUEUE_PUT, DEV(1), ID(1)),
		OP(PREKEY_POP, DEV(9)),
		OP(QUEUE_CLEAR, DEV(9)),
		OP(JOB_SET, ID(99), .from_states = FROM(READY), .state = FG_JOB_FINAL),
		OP(RELAY_PUT, .row = 1, ID(1), .state = FG_JOB_READY),
		bad,
	};
	struct fg_store_op moved = ops[position];
	struct fg_store_key job_99 = { .what = FG_GET_JOB, .id = { { 99 } } };
	struct fg_store_health health;

	ops[position] = bad;
	ops[ARRAY_LEN(ops) - 1] = moved;
	assert_rc(FG_E_CONFLICT, store_run(f, ops, ARRAY_LEN(ops)));
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		assert_int_equal(ops[i].result, i == position ? result : FG_STORE_OK);
	assert_int_equal(ops[4].popped_len, 0);
	assert_int_equal(store_count_key(f, job_1), 0);
	assert_int_equal(store_count_key(f, kv_a), 0);
	assert_int_equal(store_count_key(f, ref_a), 0);
	assert_int_equal(store_count_queue(f, 1), 0);
	assert_int_equal(store_count_queue(f, 9), 8);
	assert_int_equal(store_get(f, &job_99, 1)->list[0].state, FG_JOB_READY);
	fg_store_health(f->store, &health);
	assert_int_equal(health.jobs[FG_JOB_READY], 1);
	assert_int_equal(health.queued_items, 8);
	assert_int_equal(health.relays, 0);
}

static void a_condition_that_fails_undoes_its_whole_submit(void **state)
{
	const struct {
		struct fg_store_op op;
		enum fg_store_result result;
	} cases[] = {
		{ OP(QUEUE_ACK_IF, DEV(5), ID(5)), FG_STORE_CONFLICT },
		{ OP(QUEUE_PUT, DEV(5), ID(5), .body = { (const uint8_t[5000]){ 0 }, 5000 }),
		  FG_STORE_QUOTA },
		{ OP(JOB_SET, ID(99), .from_states = FROM(SENT), .state = FG_JOB_ASKING),
		  FG_STORE_CONFLICT },
		{ OP(JOB_SET, ID(55), .from_states = FROM(READY), .state = FG_JOB_FINAL),
		  FG_STORE_NOT_FOUND },
		{ OP(KV_PUT, .kind = FG_KV_PIN, KEY("there"), .version = 0), FG_STORE_CONFLICT },
		{ OP(KV_PUT, .kind = FG_KV_PIN, KEY("nowhere"), .version = 2), FG_STORE_CONFLICT },
		{ OP(KV_DROP, .kind = FG_KV_PIN, KEY("there"), .version = 7), FG_STORE_CONFLICT },
	};
	struct store_fixture *f = *state;
	struct fg_store_op before[11] = { OP(JOB_PUT, ID(99), .state = FG_JOB_READY),
					  OP(KV_PUT, .kind = FG_KV_PIN, KEY("there"), BODY("x")),
					  OP(PREKEY_PUT, DEV(9), .number = 1, BODY("k")) };
	struct fg_store_op pop = OP(PREKEY_POP, DEV(9));

	for (uint8_t i = 3; i < ARRAY_LEN(before); i++)
		before[i] = OP(QUEUE_PUT, DEV(9), ID(i));
	assert_ok(store_run(f, before, ARRAY_LEN(before)));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fails_whole(f, cases[i].op, cases[i].result, 8);
		fails_whole(f, cases[i].op, cases[i].result, 0);
	}
	assert_ok(store_run(f, &pop, 1));
	assert_int_equal(pop.popped_len, 1);
}

struct order {
	unsigned next;
	bool wrong;
};

struct numbered {
	struct order *order;
	unsigned number;
	struct fg_store_op ops[2];
	enum fg_rc rc;
};

static void note_order(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct numbered *n = arg;

	(void)ops;
	(void)count;
	n->rc = rc;
	if (n->order->next++ != n->number)
		n->order->wrong = true;
}

static void completions_come_in_order_and_neighbours_do_not_fail_together(void **state)
{
	struct store_fixture *f = *state;
	struct order order = { 0 };
	struct numbered *list = talloc_zero_array(f, struct numbered, 100);
	size_t stored = 0;

	for (unsigned i = 0; i < 100; i++) {
		list[i].order = &order;
		list[i].number = i;
		list[i].ops[0] = OP(QUEUE_PUT, DEV((uint8_t)(i / 8)), ID((uint8_t)i));
		list[i].ops[1] = i % 3 ? OP(JOB_PUT, ID((uint8_t)i), .state = FG_JOB_READY)
				       : OP(QUEUE_ACK_IF, DEV(200));
		assert_ok(fg_store_submit(f->store, 1, 0, list[i].ops, 2, note_order, &list[i]));
	}
	while (order.next < 100)
		fg_loop_step(f->loop, true);
	assert_false(order.wrong);
	for (unsigned i = 0; i < 100; i++)
		assert_rc(i % 3 ? FG_OK : FG_E_CONFLICT, list[i].rc);
	for (uint8_t d = 0; d < 13; d++)
		stored += store_count_queue(f, d);
	assert_int_equal(stored, 66);
}

struct reader {
	struct store_fixture *fixture;
	struct store_rows rows;
};

static void read_now(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct reader *reader = arg;

	(void)count;
	assert_ok(rc);
	assert_ok(fg_store_fetch(reader->fixture->store, ops[0].device, 0, 100, store_collect,
				 &reader->rows));
	assert_false(reader->rows.came);
}

static void a_read_after_a_completion_sees_it(void **state)
{
	struct store_fixture *f = *state;

	for (uint8_t i = 1; i <= 8; i++) {
		struct fg_store_op op = OP(QUEUE_PUT, DEV(1), ID(i));
		struct reader reader = { .fixture = f, .rows.ctx = f };

		assert_ok(fg_store_submit(f->store, 0, 0, &op, 1, read_now, &reader));
		while (!reader.rows.came)
			fg_loop_step(f->loop, true);
		assert_int_equal(reader.rows.count, i);
	}
}

static void more_than_may_wait_is_refused_until_something_is_durable(void **state)
{
	static const uint8_t half[FG_STORE_VALUE_MAX];
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(KV_PUT, .kind = FG_KV_META, KEY("k"),
				   .version = FG_STORE_ANY_VERSION, .body = { half, sizeof(half) });
	struct fg_store_op ops[32];
	struct store_answer answers[32] = { 0 };
	struct fg_store_health health;
	size_t taken = 0;

	while (taken < 32) {
		ops[taken] = op;
		if (fg_store_submit(f->store, 0, 0, &ops[taken], 1, store_done, &answers[taken]) !=
		    FG_OK)
			break;
		taken++;
	}
	assert_int_equal(taken, 15);
	assert_rc(FG_E_STORE_BUSY, fg_store_submit(f->store, 0, 0, &op, 1, store_done, NULL));
	fg_store_health(f->store, &health);
	assert_true(health.outstanding_bytes <= f->conf.outstanding_bytes);
	while (!answers[taken - 1].came)
		fg_loop_step(f->loop, true);
	assert_ok(store_run(f, &op, 1));
	fg_store_health(f->store, &health);
	assert_int_equal(health.outstanding_bytes, 0);
}

static void with_the_disk_nearly_full_only_new_messages_are_refused(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put = OP(QUEUE_PUT, DEV(1), ID(1)), ack = OP(QUEUE_ACK, DEV(1), ID(1));
	struct fg_store_health health;

	assert_ok(store_run_flags(f, FG_STORE_NEW, &put, 1));
	f->conf.disk_free_bytes = UINT64_MAX;
	store_reopen(f);
	assert_rc(FG_E_STORE_FULL, store_run_flags(f, FG_STORE_NEW, &put, 1));
	assert_ok(store_run(f, &ack, 1));
	assert_int_equal(ack.result, FG_STORE_OK);
	fg_store_health(f->store, &health);
	assert_true(health.full);
	assert_true(health.free_bytes > 0);
}

static void everything_survives_a_restart(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = {
		OP(QUEUE_PUT, DEV(1), ID(1), BODY("q")),
		OP(JOB_PUT, ID(1), .state = FG_JOB_IN_DOUBT, BODY("j")),
		OP(KV_PUT, .kind = FG_KV_PIN, KEY("a"), BODY("v")),
		OP(REF_PUT, KEY("smsc\0a"), ID(1)),
		OP(PREKEY_PUT, DEV(1), .number = 2, BODY("p")),
		OP(JOB_PUT, ID(2), .state = FG_JOB_FINAL),
	};
	struct fg_store_op pop = OP(PREKEY_POP, DEV(1));
	struct fg_store_health health;

	assert_ok(store_run(f, ops, ARRAY_LEN(ops)));
	store_reopen(f);
	assert_int_equal(store_count_queue(f, 1), 1);
	assert_int_equal(store_count_key(f, job_1), 1);
	assert_int_equal(store_count_key(f, kv_a), 1);
	assert_int_equal(store_count_key(f, ref_a), 1);
	fg_store_health(f->store, &health);
	assert_int_equal(health.jobs[FG_JOB_IN_DOUBT], 1);
	assert_int_equal(health.jobs[FG_JOB_FINAL], 1);
	assert_int_equal(health.queued_items, 1);
	assert_ok(store_run(f, &pop, 1));
	assert_memory_equal(pop.popped, "p", 1);
	fg_store_health(f->store, &health);
	assert_int_equal(health.commits, 1);
	assert_int_equal(health.ops, 1);
}

static void submit_from_inside(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct reader *reader = arg;

	assert_ok(rc);
	assert_rc(FG_E_CLOSED,
		  fg_store_submit(reader->fixture->store, 0, 0, ops, count, store_done, NULL));
	assert_rc(FG_E_CLOSED,
		  fg_store_get(reader->fixture->store, &job_1, 1, store_collect, NULL));
	assert_rc(FG_E_CLOSED, fg_store_backup(reader->fixture->store, "x", store_done, NULL));
	reader->rows.came = true;
}

static void closing_finishes_what_was_asked(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(JOB_PUT, ID(1), .state = FG_JOB_READY);
	struct reader reader = { .fixture = f, .rows.ctx = f };
	struct store_rows rows = { .ctx = f };

	assert_ok(fg_store_submit(f->store, 0, 0, &op, 1, submit_from_inside, &reader));
	assert_ok(fg_store_get(f->store, &job_1, 1, store_collect, &rows));
	store_close(f);
	assert_true(reader.rows.came);
	assert_int_equal(rows.count, 1);
	fg_store_close(NULL);
}

static void nobody_has_to_ask_for_the_end(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(JOB_PUT, ID(1), .state = FG_JOB_READY);

	assert_ok(fg_store_submit(f->store, 0, 0, &op, 1, NULL, NULL));
	store_reopen(f);
	assert_int_equal(store_count_key(f, job_1), 1);
}

static void reads_are_answered_in_the_order_they_were_asked(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(QUEUE_PUT, DEV(1), ID(1));
	struct store_rows rows[2] = { { .ctx = f }, { .ctx = f } };

	assert_ok(store_run(f, &op, 1));
	assert_ok(fg_store_fetch(f->store, op.device, 0, 1, store_collect, &rows[0]));
	assert_ok(fg_store_fetch(f->store, op.device, 0, 0, store_collect, &rows[1]));
	while (!rows[1].came)
		fg_loop_step(f->loop, true);
	assert_true(rows[0].came);
	assert_int_equal(rows[0].count, 1);
	assert_int_equal(rows[1].count, 0);
}

#define CASE(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, store_case_setup, store_case_teardown)

size_t store_clause_cases(struct CMUnitTest *cases_out)
{
	static const struct CMUnitTest cases[] = {
		CASE(nothing_calls_back_from_inside_the_call),
		CASE(a_condition_that_fails_undoes_its_whole_submit),
		CASE(completions_come_in_order_and_neighbours_do_not_fail_together),
		CASE(a_read_after_a_completion_sees_it),
		CASE(more_than_may_wait_is_refused_until_something_is_durable),
		CASE(with_the_disk_nearly_full_only_new_messages_are_refused),
		CASE(everything_survives_a_restart),
		CASE(closing_finishes_what_was_asked),
		CASE(nobody_has_to_ask_for_the_end),
		CASE(reads_are_answered_in_the_order_they_were_asked),
	};

	memcpy(cases_out, cases, sizeof(cases));
	return ARRAY_LEN(cases);
}
