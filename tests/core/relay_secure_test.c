/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages of applications and of phones for people with devices: ordered from the vault, laid into the devices' queues, ended by the first
 * acknowledgement; taken back when nobody takes them. And phones' messages for applications.
 */
#include "tests/core/app.h"

enum { DAY_MS = 24 * 3600 * 1000, CONN = 2 };

static void join(struct app *app, struct person *bob)
{
	person_make(bob, BOB);
	person_join(app->fixture, CONN, bob);
	person_upload(app->fixture, CONN, bob, 1, 3);
	strcpy(app->fixture->conf.accounts[0].secure, "on");
}

/* Submitted, ordered and laid into bob's queue. */
static struct fg_id with_devices(struct app *app, const struct person *bob, uint32_t validity_s)
{
	struct fg_id id =
		SUBMIT(app, .destination = BOB, .registered = 1, .validity_s = validity_s);

	app_turn(app);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	app_copies(app, &id, 1, bob, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_SECURE);
	return id;
}

static const Fallgate__LookupResult *keys_of(struct app *app, struct fg_arena *arena)
{
	const struct fg_ipc_relay *order = app_order(app);
	const Fallgate__LookupResult *keys;

	assert_ok(fg_arena_init(arena, FG_CORE_ARENA));
	keys = fg_proto_unpack(arena, &fallgate__lookup_result__descriptor, order->devices.data,
			       order->devices.len);
	assert_non_null(keys);
	return keys;
}

static uint64_t proven_of(struct app *app)
{
	const struct fg_ipc_relay *order = app_order(app);
	const Fallgate__View *view;
	struct fg_arena arena;
	uint64_t proven_ms;

	assert_ok(fg_arena_init(&arena, FG_CORE_ARENA));
	view = fg_proto_unpack(&arena, &fallgate__view__descriptor, order->view.data,
			       order->view.len);
	assert_non_null(view);
	assert_int_equal(view->state, FALLGATE__VIEW_STATE__VIEW_SECURE);
	proven_ms = view->proven_ms;
	fg_arena_free(&arena);
	return proven_ms;
}

static void it_goes_to_devices_and_ends_with_the_first_acknowledgement(void **state)
{
	struct app *app = *state;
	const Fallgate__LookupResult *keys;
	const struct fg_ipc_app_receipt *receipt;
	struct fg_arena arena;
	struct person bob;
	struct fg_id id;

	join(app, &bob);
	id = SUBMIT(app, .destination = BOB, .registered = 1, .body = "sealed");
	app_turn(app);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SECURE);
	assert_int_equal(app_order(app)->reason, FG_REASON_SECURE_DEVICES);
	assert_int_equal(app_order(app)->row, 1);
	assert_int_equal(app_order(app)->link_name.len, 0);
	assert_int_equal(app_order(app)->body.len, 6);
	assert_true(proven_of(app) > 0);
	keys = keys_of(app, &arena);
	assert_string_equal(keys->handle, BOB);
	assert_int_equal(keys->n_devices, 1);
	assert_non_null(keys->devices[0]->cert);
	assert_non_null(keys->devices[0]->signed_prekey);
	assert_non_null(keys->devices[0]->one_time_prekey);
	fg_arena_free(&arena);
	app_copies(app, &id, 1, &bob, 1);
	assert_int_equal(app->fixture->pushes, 1);
	assert_int_equal(app->fixture->push[0]->kind, FALLGATE__PUSH_KIND__PUSH_RELAYED);
	assert_memory_equal(app->fixture->push[0]->message_id.data, id.b, FG_ID_LEN);
	assert_int_equal(app_state(app, &id), FG_JOB_SECURE);
	app_acknowledge(app, CONN, &bob, &id);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	app_bound(app, "shop", 1, 10);
	receipt = app_receipt(app);
	assert_int_equal(receipt->state, FG_DLR_DELIVERED);
	assert_int_equal(receipt->protection, FG_PROTECTION_HOP);
	assert_int_equal(receipt->bearer, FG_BEARER_SECURE);
	assert_int_equal(receipt->reason, FG_REASON_SECURE_DEVICES);
	app_told(app, &id, FG_OUTCOME_ACCEPTED);
	assert_int_equal(app_stored(app), 0);
}

static void a_crash_before_the_copies_are_known_orders_them_again(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id;
	unsigned orders;

	join(app, &bob);
	id = SUBMIT(app, .destination = BOB, .registered = 1);
	app_turn(app);
	orders = app->orders;
	app_restart(app);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	assert_true(app->orders > orders);
	assert_int_equal(app_order(app)->leg, 1);
	assert_true(app_order(app)->devices.len > 0);
	assert_true(app_order(app)->body.len > 0);
	app_copies(app, &id, 1, &bob, 1);
	app_copies(app, &id, 1, &bob, 1); /* the vault answers both orders */
	app_restart(app);
	assert_int_equal(app_state(app, &id), FG_JOB_SECURE);
	assert_int_equal(app->fixture->pushes, 1);
	app_acknowledge(app, CONN, &bob, &id);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_DELIVERED);
}

/* Its copy was in the queue before the crash, its state was not. */
static void an_acknowledgement_of_a_copy_from_before_a_crash_counts(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id;

	join(app, &bob);
	id = SUBMIT(app, .destination = BOB, .registered = 1);
	app_turn(app);
	app_copies(app, &id, 1, &bob, 1);
	app_find(app, &id)->state = FG_JOB_SENDING;
	app_acknowledge(app, CONN, &bob, &id);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_DELIVERED);
}

/* The device connects, and no copy is there. */
static void nothing_is_left_for(struct app *app, struct person *bob)
{
	fixture_forget(app->fixture);
	fg_session_close_all(&app->fixture->core);
	fixture_connect(app->fixture, 7);
	assert_kind(WELCOME, person_login(app->fixture, 7, bob, NULL, NULL));
	app_turn(app);
	assert_int_equal(app->fixture->pushes, 0);
}

static void what_nobody_acknowledges_is_taken_back_and_sent_when_the_contract_says_so(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id;

	join(app, &bob);
	app->fixture->conf.accounts[0].undelivered_s = 60;
	id = with_devices(app, &bob, 0);
	app_later(app, 30 * 1000);
	assert_int_equal(app->orders, 1);
	app_later(app, 35 * 1000);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_order(app)->leg, 2);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SMS);
	assert_int_equal(app_order(app)->reason, FG_REASON_UNDELIVERED);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	app_leg(app, &id, 2, FG_LEG_ACCEPTED, "r", 1);
	app_report(app, 0, "r0", FG_DLR_DELIVERED);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app_receipt(app)->protection, FG_PROTECTION_NONE);
	nothing_is_left_for(app, &bob);
}

static void after_an_acknowledgement_nothing_leaves_unprotected(void **state)
{
	struct app *app = *state;
	struct fg_store_op op = { .op = FG_OP_QUEUE_ACK };
	struct person bob;
	struct fg_id id;

	join(app, &bob);
	app->fixture->conf.accounts[0].undelivered_s = 60;
	id = with_devices(app, &bob, 3600);
	/* The device's acknowledgement has deleted its copy, and the core does not know it yet. */
	memcpy(op.device, bob.device_id, sizeof(op.device));
	op.id = id;
	assert_ok(fg_store_submit(app->fixture->engine_store, 0, 0, &op, 1, NULL, NULL));
	app_later(app, 65 * 1000);
	app_later(app, 600 * 1000);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_SECURE);
	app_later(app, 3600 * 1000);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_EXPIRED);
}

static void cancel(struct app *app, const struct fg_id *id, enum fg_rc rc)
{
	unsigned answers = app->answers;

	app_ask(app, FG_ASK_CANCEL, "shop", id, "");
	app_turn(app);
	assert_int_equal(app->answers, answers + 1);
	assert_rc(rc, (enum fg_rc)app->answer[answers].rc);
}

static void what_no_device_took_can_be_cancelled(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id;

	join(app, &bob);
	id = with_devices(app, &bob, 3600);
	cancel(app, &id, FG_OK);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_DELETED);
	assert_int_equal(app->orders, 1);
	nothing_is_left_for(app, &bob);
}

static void what_a_device_may_have_is_not_cancelled(void **state)
{
	struct app *app = *state;
	struct fg_store_op op = { .op = FG_OP_QUEUE_ACK };
	struct person bob;
	struct fg_id id;

	join(app, &bob);
	id = with_devices(app, &bob, 3600);
	memcpy(op.device, bob.device_id, sizeof(op.device));
	op.id = id;
	assert_ok(fg_store_submit(app->fixture->engine_store, 0, 0, &op, 1, NULL, NULL));
	cancel(app, &id, FG_E_CONFLICT);
	app_later(app, 600 * 1000);
	assert_int_equal(app_state(app, &id), FG_JOB_SECURE);
	cancel(app, &id, FG_E_CONFLICT);
	app_later(app, 3600 * 1000);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_EXPIRED);
}

static void what_expires_is_taken_back(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id;

	join(app, &bob);
	id = with_devices(app, &bob, 120);
	app_later(app, 121 * 1000);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_EXPIRED);
	assert_int_equal(app->orders, 1);
	nothing_is_left_for(app, &bob);
}

static void a_handle_too_new_counts_as_one_without_devices(void **state)
{
	struct app *app = *state;
	struct person bob;

	join(app, &bob);
	strcpy(app->fixture->conf.accounts[0].secure, "default");
	SUBMIT(app, .destination = BOB);
	app_turn(app);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SMS);
	assert_int_equal(app_order(app)->reason, FG_REASON_SECURE_NOT_YET);
	app_later(app, 7 * (int64_t)DAY_MS + 1000);
	SUBMIT(app, .destination = BOB);
	app_turn(app);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SECURE);
	SUBMIT(app, .destination = BOB, .account = "bank", .message_class = FG_MESSAGE_INTERACTIVE);
	app_turn(app);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SECURE);
}

static void devices_whose_queues_are_full_are_asked_again(void **state)
{
	struct app *app = *state;
	const struct fg_store_conf small = { .queue_items_max = 1,
					     .queue_bytes_max = 1 << 20,
					     .outstanding_bytes = 64 << 20 };
	struct person bob;
	struct fg_id first, id;

	join(app, &bob);
	first = with_devices(app, &bob, 0);
	fg_store_limits(app->fixture->engine_store, &small);
	id = SUBMIT(app, .destination = BOB, .registered = 1);
	app_turn(app);
	app_copies(app, &id, 1, &bob, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
	app_acknowledge(app, CONN, &bob, &first);
	app_later(app, 70 * 1000);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	app_copies(app, &id, app_order(app)->leg, &bob, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_SECURE);
}

/* ---- what phones send ---- */

static void a_phones_message_goes_to_devices_and_nowhere_else(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id;

	join(app, &bob);
	id = SUBMIT(app, .inbound = true, .destination = BOB);
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(app_order(app)->kind, FG_SUBMIT_INBOUND);
	assert_int_equal(app_order(app)->account.len, 0);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SECURE);
	assert_int_equal(app_order(app)->reason, FG_REASON_RELAYED);
	assert_memory_equal(app_order(app)->source.data, PHONE, sizeof(PHONE) - 1);
	app_copies(app, &id, 1, &bob, 1);
	app_acknowledge(app, CONN, &bob, &id);
	assert_int_equal(app_stored(app), 0);
	assert_int_equal(app->receipts, 0);
	SUBMIT(app, .inbound = true, .destination = NOBODY);
	app_turn(app);
	assert_rc(FG_E_NOT_FOUND, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_stored(app), 0);
}

static void a_phones_message_waits_while_the_directory_is_unreadable(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id;

	join(app, &bob);
	app->fixture->directory_rc = FG_E_STORE_BUSY;
	id = SUBMIT(app, .inbound = true, .destination = BOB);
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(app->orders, 0);
	app_restart(app);
	app->fixture->directory_rc = FG_OK;
	app_later(app, 3600 * 1000);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SECURE);
}

static void a_phones_message_that_was_due_before_the_start_is_decided_at_once(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id, part;

	join(app, &bob);
	app->fixture->directory_rc = FG_E_STORE_BUSY;
	id = SUBMIT(app, .inbound = true, .destination = BOB);
	part = SUBMIT(app, .inbound = true, .destination = BOB, .concat_total = 2, .concat_part = 1,
		      .same = "1");
	SUBMIT(app, .inbound = true, .destination = BOB, .concat_total = 2, .concat_part = 2,
	       .same = "2");
	app_turn(app);
	app_turn(app);
	assert_int_equal(app->orders, 0);
	app->fixture->directory_rc = FG_OK;
	app->fixture->core.clock->offset_ms += 3600 * 1000; /* nobody was there */
	app_restart(app);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	assert_int_equal(app_state(app, &part), FG_JOB_SENDING);
	assert_int_equal(app->orders, 2);
}

static void what_only_devices_may_get_waits_for_no_link_after_a_start(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id;

	strcpy(app->fixture->conf.accounts[0].floor, "hop");
	join(app, &bob);
	app->fixture->directory_rc = FG_E_STORE_BUSY;
	id = SUBMIT(app, .destination = BOB);
	app_link(app, 0, false, 0);
	app_link(app, 1, false, 0);
	assert_int_equal(app->orders, 0);
	app->fixture->directory_rc = FG_OK;
	app->fixture->core.clock->offset_ms += 3600 * 1000;
	app_restart(app);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SECURE);
}

static void a_message_for_later_is_no_earlier_for_devices(void **state)
{
	struct app *app = *state;
	struct person bob;

	join(app, &bob);
	SUBMIT(app, .destination = BOB, .delay_s = 600);
	app_turn(app);
	app_restart(app);
	app_later(app, 590 * 1000);
	assert_int_equal(app->orders, 0);
	app_later(app, 12 * 1000);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SECURE);
}

static void a_phones_message_waits_for_the_application_that_owns_the_number(void **state)
{
	struct app *app = *state;
	struct fg_id id;

	strcpy(app->fixture->conf.accounts[0].numbers, "12345,+1202555*");
	id = SUBMIT(app, .inbound = true, .destination = "12345");
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	app_restart(app);
	assert_int_equal(app->orders, 0);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
	app_bound(app, "bank", 1, 10);
	assert_int_equal(app->orders, 0);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_order(app)->link, SERVER_LINK);
	assert_int_equal(app_order(app)->reason, FG_REASON_RELAYED);
	app_leg(app, &id, 1, FG_LEG_DEFERRED, "", 0);
	app_later(app, 3600 * 1000);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_order(app)->leg, 2);
	app_leg(app, &id, 2, FG_LEG_UNKNOWN, "", 0); /* its link died */
	app_later(app, 60 * 1000);
	assert_int_equal(app_order(app)->leg, 3);
	app_leg(app, &id, 3, FG_LEG_ACCEPTED, "x", 1);
	assert_int_equal(app_state(app, &id), 0);
	assert_int_equal(app_stored(app), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP(it_goes_to_devices_and_ends_with_the_first_acknowledgement),
		APP(a_crash_before_the_copies_are_known_orders_them_again),
		APP(an_acknowledgement_of_a_copy_from_before_a_crash_counts),
		APP(what_nobody_acknowledges_is_taken_back_and_sent_when_the_contract_says_so),
		APP(after_an_acknowledgement_nothing_leaves_unprotected),
		APP(what_no_device_took_can_be_cancelled),
		APP(what_a_device_may_have_is_not_cancelled),
		APP(what_expires_is_taken_back),
		APP(a_handle_too_new_counts_as_one_without_devices),
		APP(devices_whose_queues_are_full_are_asked_again),
		APP(a_phones_message_goes_to_devices_and_nowhere_else),
		APP(a_phones_message_waits_while_the_directory_is_unreadable),
		APP(a_phones_message_that_was_due_before_the_start_is_decided_at_once),
		APP(what_only_devices_may_get_waits_for_no_link_after_a_start),
		APP(a_message_for_later_is_no_earlier_for_devices),
		APP(a_phones_message_waits_for_the_application_that_owns_the_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
