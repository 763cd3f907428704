/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/store/conformance.h"

int store_case_setup(void **state)
{
	const struct store_factory *factory = *state;

	*state = store_fixture_new(factory->engine);
	return 0;
}

int store_case_teardown(void **state)
{
	store_fixture_free(*state);
	return 0;
}

static const struct fg_store_key job_1 = { .what = FG_GET_JOB, .id = { { 1 } } };
static const struct fg_store_key kv_a = { .what = FG_GET_KV, .kind = FG_KV_PIN, KEY("a") };
static const struct fg_store_key ref_a = { .what = FG_GET_REF, KEY("smsc\0a") };

/* ---- the front ---- */

static void a_partition_never_changes(void **state)
{
	(void)state;
	assert_int_equal(fg_store_part("", 0), 0xc5);
	assert_int_equal(fg_store_part("a", 1), 0xed);
	assert_int_equal(fg_store_part("+491700000000", 13), fg_store_part("+491700000000", 13));
	for (unsigned i = 0; i < 1000; i++)
		assert_in_range(fg_store_part(&i, sizeof(i)), 0, FG_STORE_PARTS - 1);
}

static void an_op_outside_its_bounds_is_refused(void **state)
{
	static const uint8_t big[FG_STORE_VALUE_MAX + 1];
	const struct fg_store_op bad[] = {
		OP(QUEUE_PUT, .body = { big, sizeof(big) }),
		OP(QUEUE_PUT, .body = { NULL, 1 }),
		OP(JOB_PUT, .state = 0),
		OP(JOB_SET, .state = FG_JOB_FINAL + 1),
		OP(KV_PUT, .kind = 0, KEY("a")),
		OP(KV_DROP, .kind = FG_KV_ANNOUNCE + 1, KEY("a")),
		OP(KV_PUT, .kind = FG_KV_PIN, KEY("")),
		OP(KV_PUT, .kind = FG_KV_PIN, .key = { big, FG_STORE_KEY_MAX + 1 }),
		OP(REF_PUT, KEY("")),
		OP(PREKEY_PUT, .body = { big, 513 }),
		{ .op = (enum fg_store_op_kind)99 },
	};
	struct store_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fg_store_op ops[] = { OP(JOB_DROP, ID(1)), bad[i] };

		assert_rc(FG_E_ARG, fg_store_submit(f->store, 0, 0, ops, 2, store_done, NULL));
	}
}

static void a_call_outside_its_bounds_is_refused(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(JOB_DROP, ID(1));
	static struct fg_store_key keys[FG_STORE_GET_MAX + 1];
	struct fg_store_key no_kind = { .what = FG_GET_KV, KEY("a") };
	struct fg_store_key no_what = { .what = FG_GET_RELAY_KEY + 1, KEY("a") };

	assert_rc(FG_E_ARG, fg_store_submit(f->store, FG_STORE_PARTS, 0, &op, 1, store_done, NULL));
	assert_rc(FG_E_ARG, fg_store_submit(f->store, 0, 0, &op, 0, store_done, NULL));
	assert_rc(FG_E_ARG, fg_store_submit(f->store, 0, 0, &op, 4097, store_done, NULL));
	assert_rc(FG_E_ARG,
		  fg_store_get(f->store, keys, FG_STORE_GET_MAX + 1, store_collect, NULL));
	assert_rc(FG_E_ARG, fg_store_get(f->store, keys, 0, store_collect, NULL));
	assert_rc(FG_E_ARG, fg_store_get(f->store, &no_kind, 1, store_collect, NULL));
	assert_rc(FG_E_ARG, fg_store_get(f->store, &no_what, 1, store_collect, NULL));
	assert_rc(FG_E_ARG,
		  fg_store_sweep(f->store, FG_SWEEP_RELAYS + 1, 0, 1, store_collect, NULL));
	f->conf.engine = "paper";
	store_close(f);
	assert_rc(FG_E_ARG, store_open(f));
}

/* ---- the queue ---- */

static void items_of_a_device_are_fetched_in_the_order_of_their_puts(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = {
		OP(QUEUE_PUT, DEV(1), ID(9), BODY("first"), .expires_ms = 77),
		OP(QUEUE_PUT, DEV(2), ID(5), BODY("other")),
		OP(QUEUE_PUT, DEV(1), ID(3), .tag = 4, BODY("second")),
		OP(QUEUE_PUT, DEV(1), ID(6), BODY("")),
	};
	struct store_rows *rows;

	assert_ok(store_run(f, ops, ARRAY_LEN(ops)));
	rows = store_fetch(f, 1, 0, 10);
	assert_int_equal(rows->count, 3);
	assert_int_equal(rows->list[0].id.b[0], 9);
	assert_int_equal(rows->list[0].expires_ms, 77);
	assert_int_equal(rows->list[0].number, 7);
	assert_int_equal(rows->list[1].tag, 4);
	assert_int_equal(rows->list[1].device[0], 1);
	assert_memory_equal(rows->list[1].body.data, "second", 6);
	assert_int_equal(rows->list[2].body.len, 0);
	assert_true(rows->list[0].seq < rows->list[1].seq && rows->list[1].seq < rows->list[2].seq);
	rows = store_fetch(f, 1, rows->list[0].seq, 1);
	assert_int_equal(rows->count, 1);
	assert_int_equal(rows->list[0].id.b[0], 3);
}

static void the_same_item_again_is_a_duplicate_and_another_tag_is_not(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = { OP(QUEUE_PUT, DEV(1), ID(1), BODY("x")),
				     OP(QUEUE_PUT, DEV(1), ID(1), BODY("y")),
				     OP(QUEUE_PUT, DEV(1), ID(1), .tag = 1, BODY("z")) };

	assert_ok(store_run(f, ops, 3));
	assert_int_equal(ops[1].result, FG_STORE_DUP);
	assert_int_equal(ops[2].result, FG_STORE_OK);
	assert_int_equal(store_count_queue(f, 1), 2);
	assert_ok(store_run(f, ops, 1));
	assert_int_equal(ops[0].result, FG_STORE_DUP);
}

static void an_ack_deletes_once_and_counts_as_success_again(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put = OP(QUEUE_PUT, DEV(1), ID(1), BODY("x"));
	struct fg_store_op ack = OP(QUEUE_ACK, DEV(1), ID(1));
	struct fg_store_op ack_if = OP(QUEUE_ACK_IF, DEV(1), ID(1));

	assert_ok(store_run(f, &put, 1));
	assert_ok(store_run(f, &ack, 1));
	assert_int_equal(ack.result, FG_STORE_OK);
	assert_ok(store_run(f, &ack, 1));
	assert_int_equal(ack.result, FG_STORE_NOT_FOUND);
	assert_rc(FG_E_CONFLICT, store_run(f, &ack_if, 1));
	assert_int_equal(ack_if.result, FG_STORE_CONFLICT);
	assert_ok(store_run(f, &put, 1));
	assert_ok(store_run(f, &ack_if, 1));
	assert_int_equal(store_count_queue(f, 1), 0);
}

static void clearing_a_device_leaves_the_others(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = { OP(QUEUE_PUT, DEV(1), ID(1)), OP(QUEUE_PUT, DEV(1), ID(2)),
				     OP(QUEUE_PUT, DEV(2), ID(1)), OP(QUEUE_CLEAR, DEV(1)) };
	struct fg_store_health health;

	assert_ok(store_run(f, ops, ARRAY_LEN(ops)));
	assert_int_equal(store_count_queue(f, 1), 0);
	assert_int_equal(store_count_queue(f, 2), 1);
	fg_store_health(f->store, &health);
	assert_int_equal(health.queued_items, 1);
}

static void put_items(struct store_fixture *f, uint8_t from, uint8_t to)
{
	for (uint8_t i = from; i <= to; i++) {
		struct fg_store_op op = OP(QUEUE_PUT, DEV(1), ID(i), BODY("x"));

		assert_ok(store_run(f, &op, 1));
	}
}

static void a_queue_holds_so_many_items_over_restarts(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op again = OP(QUEUE_PUT, DEV(1), ID(3), BODY("x")),
			   over = OP(QUEUE_PUT, DEV(1), ID(9), BODY("x"));
	struct fg_store_op ack = OP(QUEUE_ACK, DEV(1), ID(2)), clear = OP(QUEUE_CLEAR, DEV(1));

	put_items(f, 1, 8);
	assert_rc(FG_E_CONFLICT, store_run(f, &over, 1));
	assert_int_equal(over.result, FG_STORE_QUOTA);
	assert_ok(store_run(f, &again, 1));
	assert_int_equal(again.result, FG_STORE_DUP);
	store_reopen(f);
	assert_rc(FG_E_CONFLICT, store_run(f, &over, 1));
	assert_ok(store_run(f, &ack, 1));
	assert_ok(store_run(f, &over, 1));
	assert_ok(store_run(f, &clear, 1));
	put_items(f, 1, 8);
}

static void other_limits_hold_from_then_on(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op third = OP(QUEUE_PUT, DEV(1), ID(3), BODY("x"));
	struct fg_store_conf conf = f->conf;
	struct fg_store_health health;

	put_items(f, 1, 2);
	conf.queue_items_max = 1; /* what is there already stays */
	fg_store_limits(f->store, &conf);
	assert_rc(FG_E_CONFLICT, store_run(f, &third, 1));
	assert_int_equal(third.result, FG_STORE_QUOTA);
	assert_int_equal(store_count_queue(f, 1), 2);
	conf = f->conf;
	conf.queue_bytes_max = 1;
	fg_store_limits(f->store, &conf);
	assert_rc(FG_E_CONFLICT, store_run(f, &third, 1));
	fg_store_limits(f->store, &f->conf);
	assert_ok(store_run(f, &third, 1));
	conf = f->conf;
	conf.disk_free_bytes = UINT64_MAX;
	fg_store_limits(f->store, &conf);
	fg_store_health(f->store, &health);
	assert_true(health.full);
	fg_store_limits(f->store, &f->conf);
	fg_store_health(f->store, &health);
	assert_false(health.full);
}

static void a_queue_holds_so_many_bytes(void **state)
{
	static const uint8_t page[2048];
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = { OP(QUEUE_PUT, DEV(1), ID(1), .body = { page, 2048 }),
				     OP(QUEUE_PUT, DEV(1), ID(2), .body = { page, 2047 }) };
	struct fg_store_op two = OP(QUEUE_PUT, DEV(1), ID(3), BODY("xy")),
			   one = OP(QUEUE_PUT, DEV(1), ID(4), BODY("x"));
	struct fg_store_op ack = OP(QUEUE_ACK, DEV(1), ID(1));

	assert_ok(store_run(f, ops, 2));
	assert_rc(FG_E_CONFLICT, store_run(f, &two, 1));
	assert_ok(store_run(f, &one, 1));
	assert_ok(store_run(f, &ack, 1));
	assert_ok(store_run(f, &two, 1));
}

static void what_is_undone_is_not_counted(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = { OP(QUEUE_PUT, DEV(1), ID(20)), OP(QUEUE_ACK, DEV(1), ID(1)),
				     OP(QUEUE_ACK_IF, DEV(3), ID(1)) };
	struct fg_store_op over = OP(QUEUE_PUT, DEV(1), ID(21), BODY("x"));
	struct fg_store_health health;

	put_items(f, 1, 7);
	for (int i = 0; i < 3; i++)
		assert_rc(FG_E_CONFLICT, store_run(f, ops, 3));
	fg_store_health(f->store, &health);
	assert_int_equal(health.queued_items, 7);
	put_items(f, 8, 8);
	assert_rc(FG_E_CONFLICT, store_run(f, &over, 1));
}

static void a_position_in_the_queue_is_never_used_again(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put = OP(QUEUE_PUT, DEV(1), ID(1)), ack = OP(QUEUE_ACK, DEV(1), ID(1));
	uint64_t before;

	assert_ok(store_run(f, &put, 1));
	before = store_fetch(f, 1, 0, 1)->list[0].seq;
	assert_ok(store_run(f, &ack, 1));
	store_reopen(f);
	assert_ok(store_run(f, &put, 1));
	assert_int_equal(store_fetch(f, 1, before, 1)->count, 1);
}

/* ---- jobs, references, records, prekeys ---- */

static void a_job_is_put_once_and_changes_from_the_states_that_are_named(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put = OP(JOB_PUT, ID(1), .state = FG_JOB_READY, .due_ms = 5,
				    .expires_ms = 9, BODY("body"));
	struct fg_store_op set = OP(JOB_SET, ID(1), .from_states = FROM(READY) | FROM(ASKING),
				    .state = FG_JOB_SENDING, .due_ms = UINT64_MAX);
	struct fg_store_op late =
		OP(JOB_SET, ID(1), .from_states = FROM(READY), .state = FG_JOB_FINAL, BODY("new"));
	struct fg_store_op absent =
		OP(JOB_SET, ID(2), .from_states = UINT32_MAX, .state = FG_JOB_FINAL);
	struct store_rows *rows;

	assert_ok(store_run(f, &put, 1));
	assert_ok(store_run(f, &put, 1));
	assert_int_equal(put.result, FG_STORE_DUP);
	assert_ok(store_run(f, &set, 1));
	assert_rc(FG_E_CONFLICT, store_run(f, &late, 1));
	assert_int_equal(late.result, FG_STORE_CONFLICT);
	assert_rc(FG_E_CONFLICT, store_run(f, &absent, 1));
	assert_int_equal(absent.result, FG_STORE_NOT_FOUND);
	rows = store_get(f, &job_1, 1);
	assert_int_equal(rows->count, 1);
	assert_int_equal(rows->list[0].state, FG_JOB_SENDING);
	assert_int_equal(rows->list[0].due_ms, INT64_MAX);
	assert_int_equal(rows->list[0].expires_ms, 9);
	assert_int_equal(rows->list[0].number, 7);
	assert_memory_equal(rows->list[0].body.data, "body", 4);
	late.from_states = FROM(SENDING);
	assert_ok(store_run(f, &late, 1));
	rows = store_get(f, &job_1, 1);
	assert_int_equal(rows->list[0].state, FG_JOB_FINAL);
	assert_memory_equal(rows->list[0].body.data, "new", 3);
}

static void the_very_change_of_a_job_again_is_a_duplicate(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put = OP(JOB_PUT, ID(1), .state = FG_JOB_READY, BODY("a"));
	struct fg_store_op set = OP(JOB_SET, ID(1), .from_states = FROM(READY),
				    .state = FG_JOB_SENT, .due_ms = 3, BODY("b"));
	struct fg_store_op other[] = { set, set, set };

	assert_ok(store_run(f, &put, 1));
	assert_ok(store_run(f, &set, 1));
	assert_ok(store_run(f, &set, 1));
	assert_int_equal(set.result, FG_STORE_DUP);
	other[0].due_ms = 4;
	other[1].state = FG_JOB_FINAL;
	other[2].body = FG_BYTES_TEXT("c");
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		assert_rc(FG_E_CONFLICT, store_run(f, &other[i], 1));
}

static void a_job_is_dropped_once(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put = OP(JOB_PUT, ID(1), .state = FG_JOB_READY),
			   drop = OP(JOB_DROP, ID(1));

	assert_ok(store_run(f, &put, 1));
	assert_ok(store_run(f, &drop, 1));
	assert_int_equal(drop.result, FG_STORE_OK);
	assert_ok(store_run(f, &drop, 1));
	assert_int_equal(drop.result, FG_STORE_NOT_FOUND);
	assert_int_equal(store_count_key(f, job_1), 0);
}

static void a_reference_finds_its_message_until_the_message_drops_it(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put = OP(REF_PUT, KEY("smsc\0a"), ID(1), .number = 3);
	struct fg_store_op newer = OP(REF_PUT, KEY("smsc\0a"), ID(2), .number = 4),
			   drop = OP(REF_DROP, ID(2));
	struct store_rows *rows;

	assert_ok(store_run(f, &put, 1));
	assert_ok(store_run(f, &put, 1));
	assert_int_equal(put.result, FG_STORE_DUP);
	assert_ok(store_run(f, &newer, 1));
	assert_int_equal(newer.result, FG_STORE_OK);
	rows = store_get(f, &ref_a, 1);
	assert_int_equal(rows->count, 1);
	assert_int_equal(rows->list[0].id.b[0], 2);
	assert_int_equal(rows->list[0].number, 4);
	assert_memory_equal(rows->list[0].key.data, "smsc\0a", 6);
	assert_ok(store_run(f, &drop, 1));
	assert_int_equal(store_count_key(f, ref_a), 0);
	assert_ok(store_run(f, &drop, 1));
	assert_int_equal(drop.result, FG_STORE_NOT_FOUND);
}

static void a_record_changes_only_from_the_version_that_was_read(void **state)
{
	static const struct {
		enum fg_store_op_kind op;
		uint64_t version;
		const char *body;
		enum fg_rc rc;
		enum fg_store_result result;
		uint64_t version_after;
	} steps[] = {
		{ FG_OP_KV_PUT, 1, "x", FG_E_CONFLICT, FG_STORE_CONFLICT, 0 },
		{ FG_OP_KV_DROP, 1, "", FG_OK, FG_STORE_NOT_FOUND, 0 },
		{ FG_OP_KV_PUT, 0, "one", FG_OK, FG_STORE_OK, 1 },
		{ FG_OP_KV_PUT, 0, "one", FG_OK, FG_STORE_DUP, 1 },
		{ FG_OP_KV_PUT, 0, "other", FG_E_CONFLICT, FG_STORE_CONFLICT, 1 },
		{ FG_OP_KV_PUT, 1, "two", FG_OK, FG_STORE_OK, 2 },
		{ FG_OP_KV_PUT, 1, "two", FG_OK, FG_STORE_DUP, 2 },
		{ FG_OP_KV_PUT, 0, "two", FG_E_CONFLICT, FG_STORE_CONFLICT, 2 },
		{ FG_OP_KV_PUT, FG_STORE_ANY_VERSION, "three", FG_OK, FG_STORE_OK, 3 },
		{ FG_OP_KV_DROP, 2, "", FG_E_CONFLICT, FG_STORE_CONFLICT, 3 },
		{ FG_OP_KV_DROP, 3, "", FG_OK, FG_STORE_OK, 0 },
		{ FG_OP_KV_DROP, FG_STORE_ANY_VERSION, "", FG_OK, FG_STORE_NOT_FOUND, 0 },
		{ FG_OP_KV_PUT, FG_STORE_ANY_VERSION, "again", FG_OK, FG_STORE_OK, 1 },
		{ FG_OP_KV_DROP, FG_STORE_ANY_VERSION, "", FG_OK, FG_STORE_OK, 0 },
	};
	struct store_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct fg_store_op op = { .op = steps[i].op,
					  .kind = FG_KV_PIN,
					  KEY("a"),
					  .version = steps[i].version,
					  .body = FG_BYTES_TEXT(steps[i].body) };
		struct store_rows *rows;

		assert_rc(steps[i].rc, store_run(f, &op, 1));
		assert_int_equal(op.result, steps[i].result);
		rows = store_get(f, &kv_a, 1);
		assert_int_equal(rows->count ? rows->list[0].version : 0, steps[i].version_after);
	}
}

static void prekeys_are_popped_from_the_lowest_each_once(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put[] = { OP(PREKEY_PUT, DEV(1), .number = 9, BODY("nine")),
				     OP(PREKEY_PUT, DEV(1), .number = 4, BODY("four")),
				     OP(PREKEY_PUT, DEV(2), .number = 1, BODY("one")),
				     OP(PREKEY_PUT, DEV(1), .number = 9, BODY("again")) };
	struct fg_store_op pop = OP(PREKEY_POP, DEV(1)), clear = OP(PREKEY_CLEAR, DEV(2)),
			   other = OP(PREKEY_POP, DEV(2));

	assert_ok(store_run(f, put, 4));
	assert_int_equal(put[3].result, FG_STORE_DUP);
	assert_ok(store_run(f, &pop, 1));
	assert_int_equal(pop.popped_number, 4);
	assert_int_equal(pop.popped_left, 1);
	assert_int_equal(pop.popped_len, 4);
	assert_memory_equal(pop.popped, "four", 4);
	assert_ok(store_run(f, &pop, 1));
	assert_memory_equal(pop.popped, "nine", 4);
	assert_int_equal(pop.popped_left, 0);
	assert_ok(store_run(f, &pop, 1));
	assert_int_equal(pop.result, FG_STORE_NOT_FOUND);
	assert_int_equal(pop.popped_len, 0);
	assert_ok(store_run(f, &clear, 1));
	assert_ok(store_run(f, &other, 1));
	assert_int_equal(other.result, FG_STORE_NOT_FOUND);
}

/* ---- reads ---- */

static void several_records_are_read_at_once(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = { OP(KV_PUT, .kind = FG_KV_PIN, KEY("a"), BODY("pin")),
				     OP(KV_PUT, .kind = FG_KV_HANDLE, KEY("a"), BODY("handle")),
				     OP(JOB_PUT, ID(1), .state = FG_JOB_READY) };
	struct fg_store_key keys[] = { kv_a,
				       { .what = FG_GET_KV, .kind = FG_KV_ACCOUNT, KEY("a") },
				       { .what = FG_GET_KV },
				       { .what = FG_GET_REF },
				       { .what = FG_GET_DEVICES },
				       { .what = FG_GET_KV, .kind = FG_KV_HANDLE, KEY("a") },
				       job_1 };
	struct store_rows *rows;

	assert_ok(store_run(f, ops, ARRAY_LEN(ops)));
	rows = store_get(f, keys, ARRAY_LEN(keys));
	assert_ok(rows->rc);
	assert_int_equal(rows->count, 3);
	assert_int_equal(rows->list[0].kind, FG_KV_PIN);
	assert_memory_equal(rows->list[0].key.data, "a", 1);
	assert_int_equal(rows->list[1].kind, FG_KV_HANDLE);
	assert_memory_equal(rows->list[1].body.data, "handle", 6);
	assert_int_equal(rows->list[2].state, FG_JOB_READY);
}

static void devices_are_those_whose_key_begins_with_the_account(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = { OP(KV_PUT, .kind = FG_KV_DEVICE, KEY("AB\xff\xff")),
				     OP(KV_PUT, .kind = FG_KV_DEVICE, KEY("AB\x00\x01")),
				     OP(KV_PUT, .kind = FG_KV_DEVICE, KEY("AC\x01")),
				     OP(KV_PUT, .kind = FG_KV_DEVICE, KEY("A")),
				     OP(KV_PUT, .kind = FG_KV_PIN, KEY("AB")),
				     OP(KV_PUT, .kind = FG_KV_DEVICE, KEY("\xff\xff\x07")) };
	struct fg_store_key ab = { .what = FG_GET_DEVICES, KEY("AB") },
			    top = { .what = FG_GET_DEVICES, KEY("\xff\xff") };

	assert_ok(store_run(f, ops, ARRAY_LEN(ops)));
	assert_int_equal(store_count_key(f, ab), 2);
	assert_int_equal(store_count_key(f, top), 1);
}

static void the_sweep_of_announcements_finds_these_by_key_and_no_other_kind(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op put[] = {
		OP(KV_PUT, .kind = FG_KV_ANNOUNCE, KEY("b"), BODY("2")),
		OP(KV_PUT, .kind = FG_KV_ANNOUNCE, KEY("a"), BODY("1")),
		OP(KV_PUT, .kind = FG_KV_META, KEY("c"), BODY("3")),
		OP(JOB_PUT, ID(1), .state = FG_JOB_SENDING),
	};
	struct fg_store_op drop = OP(KV_DROP, .kind = FG_KV_ANNOUNCE, KEY("a"), .version = 1);
	struct store_rows *rows;

	assert_ok(store_run(f, put, ARRAY_LEN(put)));
	rows = store_sweep(f, FG_SWEEP_ANNOUNCE, 0, 10);
	assert_int_equal(rows->count, 2);
	assert_int_equal(rows->list[0].kind, FG_KV_ANNOUNCE);
	assert_memory_equal(rows->list[0].key.data, "a", 1);
	assert_memory_equal(rows->list[0].body.data, "1", 1);
	assert_int_equal(rows->list[0].version, 1);
	assert_int_equal(store_sweep(f, FG_SWEEP_ANNOUNCE, 0, 1)->count, 1);
	assert_ok(store_run(f, &drop, 1));
	rows = store_sweep(f, FG_SWEEP_ANNOUNCE, 0, 10);
	assert_int_equal(rows->count, 1);
	assert_memory_equal(rows->list[0].key.data, "b", 1);
}

static void sweeps_find_what_is_due_and_nothing_else(void **state)
{
	static const struct {
		enum fg_store_sweep_what what;
		uint64_t now_ms;
		size_t limit;
		size_t count;
		uint8_t first;
	} cases[] = {
		{ FG_SWEEP_DUE, 99, 10, 0, 0 },           { FG_SWEEP_DUE, 100, 10, 1, 1 },
		{ FG_SWEEP_DUE, 1000, 10, 3, 1 },         { FG_SWEEP_DUE, 1000, 2, 2, 1 },
		{ FG_SWEEP_FINAL, 149, 10, 0, 0 },        { FG_SWEEP_FINAL, 150, 10, 1, 4 },
		{ FG_SWEEP_SENDING, 0, 10, 1, 2 },        { FG_SWEEP_EXPIRED_ITEMS, 499, 9, 0, 0 },
		{ FG_SWEEP_EXPIRED_ITEMS, 500, 9, 1, 6 }, { FG_SWEEP_EXPIRED_ITEMS, 501, 9, 2, 6 },
	};
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = {
		OP(JOB_PUT, ID(3), .state = FG_JOB_SENT, .due_ms = 300),
		OP(JOB_PUT, ID(1), .state = FG_JOB_READY, .due_ms = 100),
		OP(JOB_PUT, ID(2), .state = FG_JOB_SENDING, .due_ms = 200),
		OP(JOB_PUT, ID(4), .state = FG_JOB_FINAL, .due_ms = 150),
		OP(QUEUE_PUT, DEV(1), ID(5), .expires_ms = 501),
		OP(QUEUE_PUT, DEV(2), ID(6), .expires_ms = 500),
	};

	assert_ok(store_run(f, ops, ARRAY_LEN(ops)));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_rows *rows =
			store_sweep(f, cases[i].what, cases[i].now_ms, cases[i].limit);

		assert_ok(rows->rc);
		assert_int_equal(rows->count, cases[i].count);
		if (rows->count)
			assert_int_equal(rows->list[0].id.b[0], cases[i].first);
	}
}

#define CASE(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, store_case_setup, store_case_teardown)

size_t store_conformance_cases(const struct store_factory *factory, struct CMUnitTest *cases_out)
{
	static const struct CMUnitTest cases[] = {
		CASE(a_partition_never_changes),
		CASE(an_op_outside_its_bounds_is_refused),
		CASE(a_call_outside_its_bounds_is_refused),
		CASE(items_of_a_device_are_fetched_in_the_order_of_their_puts),
		CASE(the_same_item_again_is_a_duplicate_and_another_tag_is_not),
		CASE(an_ack_deletes_once_and_counts_as_success_again),
		CASE(clearing_a_device_leaves_the_others),
		CASE(a_queue_holds_so_many_items_over_restarts),
		CASE(other_limits_hold_from_then_on),
		CASE(a_queue_holds_so_many_bytes),
		CASE(what_is_undone_is_not_counted),
		CASE(a_position_in_the_queue_is_never_used_again),
		CASE(a_job_is_put_once_and_changes_from_the_states_that_are_named),
		CASE(the_very_change_of_a_job_again_is_a_duplicate),
		CASE(a_job_is_dropped_once),
		CASE(a_reference_finds_its_message_until_the_message_drops_it),
		CASE(a_record_changes_only_from_the_version_that_was_read),
		CASE(prekeys_are_popped_from_the_lowest_each_once),
		CASE(several_records_are_read_at_once),
		CASE(devices_are_those_whose_key_begins_with_the_account),
		CASE(sweeps_find_what_is_due_and_nothing_else),
		CASE(the_sweep_of_announcements_finds_these_by_key_and_no_other_kind),
		CASE(a_relay_is_put_once_and_read_back_in_the_order_of_its_rows),
		CASE(a_relay_changes_in_place_and_its_body_goes_when_told),
		CASE(a_relay_that_ended_is_kept_until_it_is_dropped),
		CASE(a_key_belongs_to_one_message_until_it_expires),
		CASE(a_relay_outside_its_bounds_is_refused),
		CASE(random_submits_answer_as_the_model_does),
	};

	size_t count = ARRAY_LEN(cases);

	memcpy(cases_out, cases, sizeof(cases));
	count += store_clause_cases(cases_out + count);
	for (size_t i = 0; i < count; i++)
		cases_out[i].initial_state = (void *)(uintptr_t)factory;
	return count;
}
