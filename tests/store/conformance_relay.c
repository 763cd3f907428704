/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cases of the ops on messages of applications.
 */
#include "tests/store/conformance.h"

#define ROW(n)       .row = (n)
#define RECORD(text) .record = { (const uint8_t *)(text), sizeof(text) - 1 }

static size_t alive(struct store_fixture *f)
{
	struct fg_store_health health;
	size_t count = store_sweep(f, FG_SWEEP_RELAYS, 0, 1000)->count;

	fg_store_health(f->store, &health);
	assert_int_equal(health.relays, count);
	return count;
}

static struct store_rows *body_of(struct store_fixture *f, uint64_t row)
{
	struct fg_store_key key = { .what = FG_GET_RELAY_BODY, .row = row };

	return store_get(f, &key, 1);
}

static struct store_rows *ended(struct store_fixture *f, uint8_t id, uint64_t row, uint64_t end)
{
	struct fg_store_key key = {
		.what = FG_GET_RELAY, .id = { { id } }, .row = row, .row_end = end
	};

	return store_get(f, &key, 1);
}

void a_relay_is_put_once_and_read_back_in_the_order_of_its_rows(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = {
		OP(RELAY_PUT, ROW(9), ID(9), .state = FG_JOB_SENDING, RECORD("nine"), BODY("b9")),
		OP(RELAY_PUT, ROW(4), ID(4), .state = FG_JOB_READY, RECORD("four"), BODY("b4")),
		OP(RELAY_PUT, ROW(9), ID(8), .state = FG_JOB_SENT, RECORD("other"), BODY("x")),
	};
	struct store_rows *rows;

	assert_ok(store_run(f, ops, 3));
	assert_int_equal(ops[2].result, FG_STORE_DUP);
	store_reopen(f);
	rows = store_sweep(f, FG_SWEEP_RELAYS, 0, 10);
	assert_int_equal(rows->count, 2);
	assert_int_equal(rows->list[0].seq, 4);
	assert_int_equal(rows->list[0].state, FG_JOB_READY);
	assert_int_equal(rows->list[0].tag, 0);
	assert_int_equal(rows->list[1].id.b[0], 9);
	assert_memory_equal(rows->list[1].body.data, "nine", 4);
	assert_int_equal(store_sweep(f, FG_SWEEP_RELAYS, 4, 10)->count, 1);
	assert_int_equal(store_sweep(f, FG_SWEEP_RELAYS, 0, 1)->count, 1);
	rows = body_of(f, 9);
	assert_int_equal(rows->count, 1);
	assert_int_equal(rows->list[0].seq, 9);
	assert_memory_equal(rows->list[0].body.data, "b9", 2);
	assert_int_equal(alive(f), 2);
}

void a_relay_changes_in_place_and_its_body_goes_when_told(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put =
		OP(RELAY_PUT, ROW(1), ID(1), .state = FG_JOB_READY, RECORD("a"), BODY("body"));
	struct fg_store_op keep = OP(RELAY_SET, ROW(1), .state = FG_JOB_SENDING, RECORD("b"));
	struct fg_store_op renew =
		OP(RELAY_SET, ROW(1), .state = FG_JOB_READY, RECORD("c"), BODY("new"));
	struct fg_store_op drop =
		OP(RELAY_SET, ROW(1), .state = FG_JOB_SENT, RECORD("d"), .tag = 1);
	struct fg_store_op absent =
		OP(RELAY_SET, ROW(2), .state = FG_JOB_SENT, RECORD("e"), BODY("never"));
	struct store_rows *rows;

	assert_ok(store_run(f, &put, 1));
	assert_ok(store_run(f, &keep, 1));
	assert_memory_equal(body_of(f, 1)->list[0].body.data, "body", 4);
	assert_ok(store_run(f, &renew, 1));
	assert_memory_equal(body_of(f, 1)->list[0].body.data, "new", 3);
	assert_ok(store_run(f, &drop, 1));
	assert_ok(store_run(f, &drop, 1));
	assert_int_equal(drop.result, FG_STORE_OK);
	assert_int_equal(body_of(f, 1)->count, 0);
	rows = store_sweep(f, FG_SWEEP_RELAYS, 0, 10);
	assert_int_equal(rows->list[0].state, FG_JOB_SENT);
	assert_memory_equal(rows->list[0].body.data, "d", 1);
	assert_ok(store_run(f, &absent, 1));
	assert_int_equal(absent.result, FG_STORE_NOT_FOUND);
	assert_int_equal(body_of(f, 2)->count, 0);
}

void a_relay_that_ended_is_kept_until_it_is_dropped(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = {
		OP(RELAY_PUT, ROW(1), ID(1), .state = FG_JOB_READY, RECORD("a"), BODY("x")),
		OP(RELAY_PUT, ROW(2), ID(2), .state = FG_JOB_READY, RECORD("b"), BODY("y")),
		OP(RELAY_PUT, ROW(3), ID(3), .state = FG_JOB_READY, RECORD("c"), BODY("z")),
		OP(RELAY_END, ROW(1), ID(1), RECORD("A")),
		OP(RELAY_END, ROW(3), ID(3), RECORD("C")),
	};
	struct fg_store_op again = OP(RELAY_END, ROW(3), ID(3), RECORD("C"));
	struct fg_store_op drop = OP(RELAY_DROP, ROW(4), .number = 1);

	assert_ok(store_run(f, ops, ARRAY_LEN(ops)));
	assert_ok(store_run(f, &again, 1));
	assert_int_equal(again.result, FG_STORE_NOT_FOUND);
	store_reopen(f);
	assert_int_equal(alive(f), 1);
	assert_int_equal(body_of(f, 1)->count, 0);
	assert_int_equal(body_of(f, 2)->count, 1);
	assert_memory_equal(ended(f, 3, 1, 4)->list[0].body.data, "C", 1);
	assert_int_equal(ended(f, 3, 1, 3)->count, 0);
	assert_int_equal(ended(f, 3, 4, 9)->count, 0);
	assert_int_equal(ended(f, 2, 1, 4)->count, 0);
	assert_ok(store_run(f, &drop, 1));
	assert_int_equal(ended(f, 1, 1, 4)->count, 0);
	assert_int_equal(ended(f, 3, 1, 4)->count, 1);
	assert_ok(store_run(f, &drop, 1));
	assert_ok(store_run(f, &drop, 1));
	assert_int_equal(drop.result, FG_STORE_NOT_FOUND);
	assert_int_equal(alive(f), 1);
}

void a_key_belongs_to_one_message_until_it_expires(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put[] = {
		OP(RELAY_KEY_PUT, KEY("k"), ID(1), BODY("h1"), .due_ms = 10, .expires_ms = 20),
		OP(RELAY_PUT, ROW(1), ID(1), .state = FG_JOB_READY, RECORD("a"), BODY("x")),
	};
	struct fg_store_op other[] = {
		OP(RELAY_PUT, ROW(2), ID(2), .state = FG_JOB_READY, RECORD("b"), BODY("y")),
		OP(RELAY_KEY_PUT, KEY("k"), ID(2), BODY("h2"), .due_ms = 19, .expires_ms = 40),
	};
	struct fg_store_op drop = OP(RELAY_KEY_DROP, .due_ms = 19, .number = 10);
	struct fg_store_key key = { .what = FG_GET_RELAY_KEY, KEY("k") };
	struct store_rows *rows;

	assert_ok(store_run(f, put, 2));
	assert_ok(store_run(f, put, 2));
	assert_int_equal(put[0].result, FG_STORE_DUP);
	assert_rc(FG_E_CONFLICT, store_run(f, other, 2));
	assert_int_equal(other[1].result, FG_STORE_CONFLICT);
	assert_int_equal(alive(f), 1);
	store_reopen(f);
	rows = store_get(f, &key, 1);
	assert_int_equal(rows->count, 1);
	assert_int_equal(rows->list[0].id.b[0], 1);
	assert_memory_equal(rows->list[0].body.data, "h1", 2);
	assert_int_equal(rows->list[0].expires_ms, 20);
	assert_ok(store_run(f, &drop, 1));
	assert_int_equal(drop.result, FG_STORE_NOT_FOUND);
	other[1].due_ms = 20;
	assert_ok(store_run(f, other, 2));
	assert_int_equal(store_get(f, &key, 1)->list[0].id.b[0], 2);
	drop.due_ms = 40;
	assert_ok(store_run(f, &drop, 1));
	assert_int_equal(store_count_key(f, key), 0);
}

void a_relay_outside_its_bounds_is_refused(void **state)
{
	static const uint8_t big[FG_STORE_RECORD_MAX + 1];
	const struct fg_store_op bad[] = {
		OP(RELAY_PUT, ROW(0), .state = FG_JOB_READY),
		OP(RELAY_PUT, ROW(UINT64_MAX), .state = FG_JOB_READY),
		OP(RELAY_PUT, ROW(1), .state = 0),
		OP(RELAY_SET, ROW(1), .state = FG_JOB_FINAL + 1),
		OP(RELAY_SET, ROW(1), .state = FG_JOB_SENT, .record = { big, sizeof(big) }),
		OP(RELAY_END, ROW(1), .record = { NULL, 1 }),
		OP(RELAY_DROP, ROW(0)),
		OP(RELAY_KEY_PUT, KEY("")),
	};
	struct store_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fg_store_op op = bad[i];

		assert_rc(FG_E_ARG, fg_store_submit(f->store, 0, 0, &op, 1, store_done, NULL));
	}
}
