/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts of long messages: each taken by itself, ordered together, ended together; what a crash at any moment leaves.
 */
#include "tests/core/app.h"

#include "lib/base/cursor.h"

enum { TOGETHER_MS = 1800 * 1000, REF = 0x4711 };

static struct fg_id part(struct app *app, unsigned number, unsigned total, bool inbound,
			 const char *body)
{
	return SUBMIT(app, .inbound = inbound, .destination = inbound ? "12345" : NOBODY,
		      .registered = 1, .concat_ref = REF, .concat_total = (uint8_t)total,
		      .concat_part = (uint8_t)number, .same = body, .body = body);
}

static void expect_body(struct app *app, const struct fg_id *ids, const unsigned *numbers,
			const char *const *bodies, size_t count)
{
	const struct fg_ipc_relay *order = app_order(app);
	struct fg_cursor cur;

	assert_int_equal(order->parts_ref, REF);
	assert_int_equal(fg_id_cmp(&order->message_id, &ids[0]), 0);
	fg_cursor_init(&cur, order->body.data, order->body.len);
	for (size_t i = 0; i < count; i++) {
		struct fg_id id;
		uint8_t number;
		size_t len;
		const uint8_t *body;

		fg_cursor_copy(&cur, id.b, FG_ID_LEN);
		number = fg_cursor_u8(&cur);
		assert_int_equal(fg_cursor_u8(&cur), app_find(app, &ids[i])->submit_flags);
		assert_int_equal(fg_cursor_u8(&cur), app_find(app, &ids[i])->protocol_id);
		len = fg_cursor_u16(&cur);
		body = fg_cursor_bytes(&cur, len);
		assert_ok(cur.rc);
		assert_int_equal(fg_id_cmp(&id, &ids[i]), 0);
		assert_int_equal(number, numbers[i]);
		assert_int_equal(len, strlen(bodies[i]));
		assert_memory_equal(body, bodies[i], len);
	}
	assert_ok(fg_cursor_end(&cur));
}

static void parts_in_any_order_are_one_message_and_end_together(void **state)
{
	struct app *app = *state;
	const char *const bodies[] = { "first", "second", "third" };
	const unsigned numbers[] = { 1, 2, 3 };
	struct fg_id ids[3];

	ids[2] = part(app, 3, 3, false, bodies[2]);
	ids[0] = part(app, 1, 3, false, bodies[0]);
	app_turn(app);
	assert_int_equal(app->takens, 2);
	assert_int_equal(app->orders, 0);
	ids[1] = part(app, 2, 3, false, bodies[1]);
	app_turn(app);
	assert_int_equal(app->takens, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_rc(FG_OK, (enum fg_rc)app->taken[i].rc);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_order(app)->parts_total, 3);
	expect_body(app, ids, numbers, bodies, 3);
	app_leg(app, &ids[0], 1, FG_LEG_ACCEPTED, "r", 3);
	app_report(app, 0, "r0", FG_DLR_DELIVERED);
	app_report(app, 0, "r1", FG_DLR_DELIVERED);
	assert_int_equal(app_state(app, &ids[1]), FG_JOB_READY);
	app_report(app, 0, "r2", FG_DLR_DELIVERED);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app->receipts, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(app->receipt[i].state, FG_DLR_DELIVERED);
		assert_int_equal(app->receipt[i].bearer, FG_BEARER_SMS);
		app_told(app, &ids[i], FG_OUTCOME_ACCEPTED);
	}
	assert_int_equal(app_stored(app), 0);
	assert_int_equal(app->fixture->core.relays->accounts[0].alive, 0);
}

static void a_restart_forgets_no_part(void **state)
{
	struct app *app = *state;
	const char *const bodies[] = { "first", "second" };
	const unsigned numbers[] = { 1, 2 };
	struct fg_id ids[2];
	unsigned orders;

	ids[0] = part(app, 1, 2, false, bodies[0]);
	app_turn(app);
	app_restart(app);
	ids[1] = part(app, 2, 2, false, bodies[1]);
	app_turn(app);
	assert_int_equal(app->orders, 1);
	expect_body(app, ids, numbers, bodies, 2);
	orders = app->orders;
	app_restart(app);
	assert_true(app->orders > orders);
	expect_body(app, ids, numbers, bodies, 2);
	app_leg(app, &ids[0], 1, FG_LEG_ACCEPTED, "r", 1);
	app_restart(app);
	app_report(app, 0, "r0", FG_DLR_UNDELIVERABLE);
	assert_int_equal(app_find(app, &ids[0])->report, FG_DLR_UNDELIVERABLE);
	assert_int_equal(app_find(app, &ids[1])->report, FG_DLR_UNDELIVERABLE);
}

static void a_part_that_comes_again_gets_the_same_answer(void **state)
{
	struct app *app = *state;
	struct fg_id first = part(app, 1, 2, false, "a");

	app_turn(app);
	part(app, 1, 2, false, "a");
	app_turn(app);
	assert_int_equal(app->takens, 2);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(fg_id_cmp(&app_taken(app)->message_id, &first), 0);
	assert_int_equal(app_stored(app), 1);
}

static void a_reference_that_comes_round_does_not_mix_two_messages(void **state)
{
	struct app *app = *state;
	const char *const bodies[] = { "new one", "new two" };
	const unsigned numbers[] = { 1, 2 };
	struct fg_id old = part(app, 1, 2, false, "old one"), ids[2];

	app_turn(app);
	ids[0] = part(app, 1, 2, false, bodies[0]);
	app_turn(app);
	assert_int_equal(app_find(app, &old)->report, FG_DLR_EXPIRED);
	ids[1] = part(app, 2, 2, false, bodies[1]);
	app_turn(app);
	assert_int_equal(app->orders, 1);
	expect_body(app, ids, numbers, bodies, 2);
}

/* Of equal sender, recipient, reference and count: with a reference of 8 bits it is another message than with one of 16, and so it is with
 * another class. How it is shown may differ from part to part. */
static void only_parts_of_one_message_are_joined(void **state)
{
	struct app *app = *state;
	const struct submit halves[] = {
		{ .body = "wide one", .concat_part = 1, .flags = FG_SUBMIT_FLASH },
		{ .body = "narrow two", .concat_part = 2, .flags = FG_SUBMIT_NARROW },
		{ .body = "code two", .concat_part = 2, .message_class = FG_MESSAGE_BULK },
		{ .body = "wide two", .concat_part = 2, .protocol_id = 0x41 },
	};
	const char *const bodies[] = { "wide one", "wide two" };
	const unsigned numbers[] = { 1, 2 };
	struct fg_id ids[4];

	for (size_t i = 0; i < 4; i++) {
		struct submit half = halves[i];

		half.destination = NOBODY;
		half.concat_ref = REF;
		half.concat_total = 2;
		half.same = half.body;
		ids[i] = app_submit(app, &half);
		app_turn(app);
		assert_int_equal(app->orders, i == 3);
	}
	ids[1] = ids[3];
	expect_body(app, ids, numbers, bodies, 2);
	assert_int_equal(app_order(app)->flags, FG_SUBMIT_FLASH);
	assert_int_equal(app->fixture->core.relays->joins_count, 2);
}

/* What could not be ordered as a whole is refused part by part, not after all of them were acknowledged. */
static void a_text_too_long_to_be_joined_is_refused_at_its_first_part(void **state)
{
	struct app *app = *state;
	char body[201];

	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	strcpy(app->fixture->conf.accounts[0].numbers, "12345");
	for (int inbound = 0; inbound <= 1; inbound++) {
		part(app, 1, 73, inbound, body);
		app_turn(app);
		assert_rc(FG_E_TOO_LONG, (enum fg_rc)app_taken(app)->rc);
		part(app, 1, 72, inbound, body);
		app_turn(app);
		assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	}
}

static void the_longest_that_is_taken_can_be_ordered(void **state)
{
	struct app *app = *state;
	char body[201];

	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	app->fixture->conf.accounts[0].most_segments = 255;
	for (unsigned number = 1; number <= 72; number++) {
		body[0] = (char)('!' + number);
		part(app, number, 72, false, body);
		app_turn(app);
		assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	}
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_order(app)->parts_total, 72);
}

static void parts_for_later_wait_for_their_time(void **state)
{
	struct app *app = *state;

	for (unsigned number = 1; number <= 2; number++) {
		SUBMIT(app, .destination = NOBODY, .delay_s = 600, .concat_ref = REF,
		       .concat_total = 2, .concat_part = (uint8_t)number, .body = "part");
		app_turn(app);
	}
	assert_int_equal(app->orders, 0);
	app_restart(app);
	app_later(app, 590 * 1000);
	assert_int_equal(app->orders, 0);
	app_later(app, 12 * 1000);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_order(app)->parts_total, 2);
}

static void an_application_is_told_of_parts_whose_others_never_came(void **state)
{
	struct app *app = *state;
	struct fg_id id = part(app, 2, 2, false, "second");

	app_turn(app);
	app_later(app, TOGETHER_MS - 5000);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
	app_later(app, 6000);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_EXPIRED);
	assert_int_equal(app->orders, 0);
}

static void of_a_phones_message_those_parts_go_on_that_came(void **state)
{
	struct app *app = *state;
	const char *const bodies[] = { "second", "third" };
	const unsigned numbers[] = { 2, 3 };
	struct fg_id ids[2];

	strcpy(app->fixture->conf.accounts[0].numbers, "12345");
	app_bound(app, "shop", 1, 10);
	ids[1] = part(app, 3, 3, true, bodies[1]);
	ids[0] = part(app, 2, 3, true, bodies[0]);
	app_turn(app);
	app_restart(app);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app->orders, 0);
	app_later(app, TOGETHER_MS + 1000);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_order(app)->kind, FG_SUBMIT_INBOUND);
	assert_int_equal(app_order(app)->parts_total, 3);
	expect_body(app, ids, numbers, bodies, 2);
	app_leg(app, &ids[0], 1, FG_LEG_ACCEPTED, "x", 1);
	assert_int_equal(app_stored(app), 0);
}

static void one_sender_cannot_leave_many_unfinished(void **state)
{
	struct app *app = *state;

	for (unsigned i = 0; i < 17; i++) {
		SUBMIT(app, .concat_ref = (uint16_t)i, .concat_total = 2, .concat_part = 1);
		app_turn(app);
	}
	assert_rc(FG_E_LIMIT, (enum fg_rc)app_taken(app)->rc);
	assert_rc(FG_OK, (enum fg_rc)app->taken[15].rc);
	SUBMIT(app, .source = "OTHER", .concat_ref = 99, .concat_total = 2, .concat_part = 1);
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	SUBMIT(app, .concat_ref = 3, .concat_total = 2, .concat_part = 2);
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(app->orders, 1);
}

static void a_part_cannot_be_cancelled_or_replaced_alone(void **state)
{
	struct app *app = *state;
	struct fg_id id = part(app, 1, 2, false, "first");

	app_turn(app);
	app_ask(app, FG_ASK_CANCEL, "shop", &id, "");
	assert_rc(FG_E_CONFLICT, (enum fg_rc)app->answer[app->answers - 1].rc);
	app_ask(app, FG_ASK_REPLACE, "shop", &id, "other");
	assert_rc(FG_E_CONFLICT, (enum fg_rc)app->answer[app->answers - 1].rc);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP(parts_in_any_order_are_one_message_and_end_together),
		APP(a_restart_forgets_no_part),
		APP(a_part_that_comes_again_gets_the_same_answer),
		APP(a_reference_that_comes_round_does_not_mix_two_messages),
		APP(only_parts_of_one_message_are_joined),
		APP(a_text_too_long_to_be_joined_is_refused_at_its_first_part),
		APP(the_longest_that_is_taken_can_be_ordered),
		APP(parts_for_later_wait_for_their_time),
		APP(an_application_is_told_of_parts_whose_others_never_came),
		APP(of_a_phones_message_those_parts_go_on_that_came),
		APP(one_sender_cannot_leave_many_unfinished),
		APP(a_part_cannot_be_cancelled_or_replaced_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
