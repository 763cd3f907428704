/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages of applications: what is taken, decided and ordered; what a crash at any moment leaves.
 */
#include "tests/core/app.h"

#include "lib/crypto/merkle.h"

enum { MINUTE_MS = 60000, HOUR_MS = 3600000 };

static void is_refused(struct app *app, enum fg_rc rc)
{
	unsigned orders = app->orders, takens = app->takens;

	app_turn(app);
	assert_int_equal(app->takens, takens + 1);
	assert_rc(rc, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(app->orders, orders);
	assert_int_equal(app->fixture->core.relays->count, 0);
}

/* ---- accept ---- */

static void nothing_is_said_before_it_is_durable(void **state)
{
	struct app *app = *state;
	struct fg_id id;

	app->fixture->hold_submits = true;
	id = SUBMIT(app, .body = "sealed");
	app_turn(app);
	assert_int_equal(app->takens + app->orders, 0);
	fixture_release(app->fixture);
	app_turn(app);
	assert_int_equal(app->takens, 1);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(app_taken(app)->token, app->last_token);
	assert_int_equal(app->orders, 1);
	assert_int_equal(fg_id_cmp(&app_order(app)->message_id, &id), 0);
	assert_int_equal(app_order(app)->body.len, 6);
	assert_memory_equal(app_order(app)->body.data, "sealed", 6);
	assert_memory_equal(app_order(app)->destination.data, NOBODY, sizeof(NOBODY) - 1);
	assert_int_equal(app_order(app)->reason, FG_REASON_ABSENT);
	assert_int_equal(app_order(app)->row, 4);
	assert_int_equal(app_order(app)->leg, 1);
}

/* As log and vault will check it. */
static void check_view(struct app *app, const struct fg_ipc_relay *order)
{
	struct fg_core *core = &app->fixture->core;
	struct fg_arena arena;
	struct fg_merkle_path path = { .count = (uint8_t)(order->view_path.len / 32) };
	struct fg_hash leaf = fg_merkle_leaf(order->view.data, order->view.len), root;
	struct fg_hash tag = fg_handle_tag(NOBODY);
	const Fallgate__Signed *object;
	const Fallgate__View *view;
	void *message;
	const Fallgate__ViewBatch *batch;

	assert_ok(fg_arena_init(&arena, FG_CORE_ARENA));
	object = fg_signed_unpack(&arena, order->view_batch.data, order->view_batch.len);
	assert_non_null(object);
	assert_ok(fg_signed_open(&arena, object, core->directory_key.public, FG_SIGN_PUBLIC_LEN,
				 FG_LABEL_VIEW_BATCH, &fallgate__view_batch__descriptor, &message));
	batch = message;
	for (size_t i = 0; i < path.count; i++)
		memcpy(path.hash[i].b, order->view_path.data + 32 * i, 32);
	memcpy(root.b, batch->root.data, sizeof(root.b));
	assert_ok(fg_merkle_verify_inclusion(order->view_index, batch->count, &leaf, &path, &root));
	view = fg_proto_unpack(&arena, &fallgate__view__descriptor, order->view.data,
			       order->view.len);
	assert_non_null(view);
	assert_int_equal(view->state, FALLGATE__VIEW_STATE__VIEW_ABSENT);
	assert_memory_equal(view->handle_tag.data, tag.b, sizeof(tag.b));
	assert_true(view->not_before_ms <= order->decided_ms);
	assert_true(view->expires_ms > order->decided_ms);
	fg_arena_free(&arena);
}

static void many_share_one_commit_and_one_signature(void **state)
{
	struct app *app = *state;
	struct fg_store_health before, after;

	fg_store_health(app->fixture->core.store, &before);
	for (int i = 0; i < 60; i++)
		SUBMIT(app, .registered = 1);
	app_turn(app);
	fg_store_health(app->fixture->core.store, &after);
	assert_int_equal(app->takens, 60);
	assert_int_equal(app->orders, 60);
	assert_true(after.commits - before.commits <= 10);
	for (unsigned i = 0; i < 60; i++) {
		check_view(app, &app->order[i].frame);
		assert_int_equal(
			fg_id_cmp(&app->order[i].frame.message_id, &app->taken[i].message_id), 0);
	}
}

static void what_may_not_be_taken_is_refused_and_not_stored(void **state)
{
	struct app *app = *state;
	struct fg_conf_accounts *shop = &app->fixture->conf.accounts[0];

	SUBMIT(app, .account = "nobody");
	is_refused(app, FG_E_DENIED);
	SUBMIT(app, .destination = "12345");
	is_refused(app, FG_E_HANDLE);
	SUBMIT(app, .concat_total = 3); /* no number of its own */
	is_refused(app, FG_E_SYNTAX);
	strcpy(shop->floor, "e2e");
	SUBMIT(app, );
	is_refused(app, FG_E_SECURE_ONLY);
	strcpy(shop->floor, "none");
	shop->most_segments = 2;
	SUBMIT(app, .segments = 3);
	is_refused(app, FG_E_TOO_LONG);
	app->fixture->new_rc = FG_E_STORE_FULL;
	SUBMIT(app, );
	is_refused(app, FG_E_STORE_BUSY);
	app->fixture->new_rc = FG_OK;
	assert_int_equal(app->fixture->core.relays->accounts[0].alive, 0);
	assert_int_equal(app->fixture->core.relays->sending_on[0], 0);
	assert_int_equal(app_stored(app), 0);
	shop->quota_per_day = 1;
	SUBMIT(app, );
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_E_LIMIT, (enum fg_rc)app->taken[app->takens - 2].rc);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	app_later(app, 24 * HOUR_MS);
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
}

static void no_link_costs_more_than_the_account_pays(void **state)
{
	struct app *app = *state;
	struct fg_conf *conf = &app->fixture->conf;

	conf->links[0].price_micro = 60;
	conf->links[1].price_micro = 40;
	conf->accounts[0].price_max_micro = 80;
	SUBMIT(app, .segments = 3);
	is_refused(app, FG_E_DENIED);
	SUBMIT(app, .segments = 2);
	app_turn(app);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_order(app)->link, 1);
	SUBMIT(app, .account = "bank", .segments = 3); /* pays whatever it costs */
	app_turn(app);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_order(app)->link, 0);
}

static void the_same_key_is_the_same_message(void **state)
{
	struct app *app = *state;
	struct fg_id id, other;

	id = SUBMIT(app, .key = "k", .same = "a");
	SUBMIT(app, .key = "k", .same = "a");
	app_turn(app);
	assert_int_equal(app->takens, 2);
	assert_int_equal(app->orders, 1);
	for (int i = 0; i < 2; i++) {
		assert_rc(FG_OK, (enum fg_rc)app->taken[i].rc);
		assert_int_equal(fg_id_cmp(&app->taken[i].message_id, &id), 0);
	}
	app_restart(app);
	SUBMIT(app, .key = "k", .same = "b");
	app_turn(app);
	assert_rc(FG_E_EXISTS, (enum fg_rc)app_taken(app)->rc);
	SUBMIT(app, .account = "bank", .key = "k", .same = "b");
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(app->fixture->core.relays->count, 2);
	app_later(app, 24 * HOUR_MS + 1000);
	other = SUBMIT(app, .key = "k", .same = "b");
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(fg_id_cmp(&app_taken(app)->message_id, &other), 0);
}

/* ---- ignorance and devices ---- */

/* Its answer was lost, and meanwhile there is no room for another. */
static void what_was_taken_is_known_when_no_more_may_be_taken(void **state)
{
	struct app *app = *state;
	struct fg_conf_accounts *account = &app->fixture->conf.accounts[0];
	struct fg_id id = SUBMIT(app, .key = "k", .same = "a");

	app_turn(app);
	for (int i = 0; i < 2; i++) {
		enum fg_rc full = i ? FG_E_LIMIT : FG_E_STORE_BUSY;

		account->queue_max = i ? 1000 : 1;
		account->quota_per_day = i;
		SUBMIT(app, .key = "k", .same = "a");
		app_turn(app);
		assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
		assert_int_equal(fg_id_cmp(&app_taken(app)->message_id, &id), 0);
		SUBMIT(app, .key = "k", .same = "b");
		app_turn(app);
		assert_rc(FG_E_EXISTS, (enum fg_rc)app_taken(app)->rc);
		SUBMIT(app, .key = "l", .same = "a");
		app_turn(app);
		assert_rc(full, (enum fg_rc)app_taken(app)->rc);
		SUBMIT(app, );
		app_turn(app);
		assert_rc(full, (enum fg_rc)app_taken(app)->rc);
		assert_int_equal(app->fixture->core.relays->accounts[0].alive, 1);
		assert_int_equal(app->fixture->core.relays->accounts[0].today, 1);
	}
	assert_int_equal(app->fixture->core.relays->count, 1);
}

static void with_the_directory_unreadable_nothing_reaches_a_bearer(void **state)
{
	struct app *app = *state;
	struct fg_id id, late;

	app->fixture->directory_rc = FG_E_STORE_BUSY;
	id = SUBMIT(app, .registered = 1);
	late = SUBMIT(app, .registered = 1, .destination = NOBODY2, .validity_s = 30);
	app_turn(app);
	assert_int_equal(app->takens, 2);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
	app_later(app, 70 * 1000);
	assert_int_equal(app_state(app, &late), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &late)->report, FG_DLR_EXPIRED);
	app_later(app, 600 * 1000);
	assert_int_equal(app->orders, 0);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
	app->fixture->directory_rc = FG_OK;
	app_later(app, HOUR_MS);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
}

static void a_clock_set_back_holds_everything(void **state)
{
	struct app *app = *state;
	struct fg_id id;

	fg_clock_went_back(app->fixture->core.clock);
	app->fixture->core.clock->wall_offset_ms -= 10 * MINUTE_MS;
	id = SUBMIT(app, );
	app_turn(app);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
	assert_int_equal(app->orders, 0);
}

static void a_handle_with_devices_gets_no_sms_but_of_an_account_that_wants_it_so(void **state)
{
	struct app *app = *state;
	struct person bob;
	struct fg_id id;

	person_make(&bob, BOB);
	person_join(app->fixture, 2, &bob);
	strcpy(app->fixture->conf.accounts[0].secure, "on");
	id = SUBMIT(app, .destination = BOB);
	app_turn(app);
	app_later(app, HOUR_MS);
	for (unsigned i = 0; i < app->orders; i++)
		assert_int_equal(app->order[i].frame.bearer, FG_BEARER_SECURE);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	SUBMIT(app, .destination = "+1 202 555-0102"); /* bob, in another spelling */
	app_turn(app);
	assert_rc(FG_E_HANDLE, (enum fg_rc)app_taken(app)->rc);
	strcpy(app->fixture->conf.accounts[1].secure, "off");
	SUBMIT(app, .destination = BOB, .account = "bank");
	app_turn(app);
	assert_int_equal(app_order(app)->bearer, FG_BEARER_SMS);
	assert_int_equal(app_order(app)->reason, FG_REASON_SECURE_NOT_YET);
}

static void on_done(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	(void)ops;
	(void)count;
	assert_ok(rc);
	++*(unsigned *)arg;
}

static void put_pin(struct app *app, const char *handle)
{
	struct fg_hash tag = fg_handle_tag(handle);
	const uint8_t key[FG_ACCOUNT_KEY_LEN] = { 1 };
	Fallgate__StoredPin pin = FALLGATE__STORED_PIN__INIT;
	struct fg_store_op op = { .op = FG_OP_KV_PUT, .kind = FG_KV_PIN };
	unsigned done = 0;
	size_t len;
	uint8_t *data;

	pin.account_key = (ProtobufCBinaryData){ sizeof(key), (uint8_t *)(uintptr_t)key };
	pin.epoch = 0;
	data = fg_proto_pack_new(&pin, &len);
	op.key = FG_BYTES(tag.b, sizeof(tag.b));
	op.body = FG_BYTES(data, len);
	assert_ok(fg_store_submit(app->fixture->engine_store, 0, 0, &op, 1, on_done, &done));
	fixture_until(app->fixture, &done, 0);
	free(data);
}

static void a_handle_that_was_secure_needs_the_contracts_word(void **state)
{
	struct app *app = *state;
	struct fg_id id;

	put_pin(app, NOBODY2);
	id = SUBMIT(app, .destination = NOBODY2);
	SUBMIT(app, .destination = NOBODY);
	app_turn(app);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
	assert_int_equal(app_find(app, &id)->reason, FG_REASON_PIN_CONFLICT);
	app->fixture->conf.accounts[0].pin_override = true;
	app_later(app, HOUR_MS);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_order(app)->pin_override, 1);
	assert_int_equal(app_order(app)->row, 6);
}

/* ---- links ---- */

static void a_link_that_applications_bind_to_is_no_way_out(void **state)
{
	struct app *app = *state;
	struct fg_policy_rule rule = {
		.name = "default", .action = FG_RULE_LINKS, .links_count = 1, .links = { 2 }
	};
	struct fg_id id;

	fg_policy_init(&app->fixture->core.policy, NULL, 0, 3);
	assert_ok(fg_policy_set_default(&app->fixture->core.policy, &rule));
	id = SUBMIT(app, );
	app_turn(app);
	app_later(app, HOUR_MS);
	assert_int_equal(app->orders, 0);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
}

static void what_waits_for_a_link_goes_in_its_order_and_never_over_its_credit(void **state)
{
	struct app *app = *state;
	struct fg_id id[8];

	app_link(app, 1, false, 0);
	app_link(app, 0, true, 2);
	for (int i = 0; i < 8; i++)
		id[i] = SUBMIT(app, .registered = 1);
	app_turn(app);
	assert_int_equal(app->takens, 8);
	assert_int_equal(app->orders, 2);
	app_leg(app, &id[0], 1, FG_LEG_ACCEPTED, "a", 1);
	assert_int_equal(app->orders, 3);
	assert_int_equal(fg_id_cmp(&app_order(app)->message_id, &id[2]), 0);
	assert_memory_equal(app_order(app)->body.data, "sealed body", 11);
	app_restart(app);
	app_leg(app, &id[1], 1, FG_LEG_ACCEPTED, "b", 1);
	app_link(app, 0, true, 100);
	for (unsigned i = 3; i < 8; i++)
		assert_int_equal(app_state(app, &id[i]), FG_JOB_SENDING);
	assert_int_equal(fg_id_cmp(&app_order(app)->message_id, &id[7]), 0);
}

static void a_failed_leg_takes_the_next_link_with_a_leg_of_its_own(void **state)
{
	struct app *app = *state;
	struct fg_id id = SUBMIT(app, .registered = 1);

	app_turn(app);
	assert_int_equal(app_order(app)->link, 0);
	app_leg(app, &id, 1, FG_LEG_FAILED, "", 0);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_order(app)->link, 1);
	assert_int_equal(app_order(app)->leg, 2);
	app_leg(app, &id, 1, FG_LEG_ACCEPTED, "old", 1); /* of the leg before */
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	app_leg(app, &id, 2, FG_LEG_FAILED, "", 0);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_UNDELIVERABLE);
}

static void a_recipient_that_is_refused_for_good_is_not_tried_on_other_links(void **state)
{
	struct app *app = *state;
	struct fg_id id = SUBMIT(app, .registered = 1);

	app_turn(app);
	app->leg_rc = FG_E_LINK_RECIPIENT;
	app->leg_code = 0x0B;
	app_leg(app, &id, 1, FG_LEG_FAILED, "", 0);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_UNDELIVERABLE);
	assert_int_equal(app_find(app, &id)->error, 0x0B);
	/* and the operator sees which code it was */
	assert_int_equal(app->fixture->core.links[0].failed, 1);
	assert_int_equal(app->fixture->core.links[0].error_code, 0x0B);
	assert_non_null(strstr(app->fixture->core.links[0].error, "RINVDSTADR"));
}

/* Row by row: what is said of the leg, and when it is decided on again. */
static void what_a_link_gives_back_goes_on_soon_and_is_no_attempt(void **state)
{
	static const struct {
		enum fg_rc rc;
		uint32_t code;
		unsigned tries, wait_s;
	} rows[] = {
		{ FG_E_LINK_THROTTLED, 0x58, 0, 1 },
		{ FG_E_LINK_DOWN, 0, 0, 5 }, /* it was never sent */
		{ FG_E_LINK_CAP, 0, 0, 5 },
		{ FG_E_LINK_FAULT, 310, 0, 5 },
		{ FG_E_LINK_DOWN, 0x04, 1, 5 }, /* a far side that says so each time is not asked for ever */
		{ FG_E_LINK_DOWN, 0x04, 2, 300 },
		{ FG_E_LINK_BUSY, 0x08, 3, 900 },
	};
	struct app *app = *state;
	struct fg_id id = SUBMIT(app, .registered = 1, .validity_s = 86400);

	app_turn(app);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		app->leg_rc = rows[i].rc;
		app->leg_code = rows[i].code;
		app_leg(app, &id, i + 1, FG_LEG_DEFERRED, "", 0);
		assert_int_equal(app_find(app, &id)->tries, rows[i].tries);
		if (rows[i].wait_s > 1) /* whole seconds are counted */
			app_later(app, rows[i].wait_s * 850 - 1000);
		assert_int_equal(app->orders, i + 1);
		app_later(app, rows[i].wait_s * 300 + 2000);
		assert_int_equal(app->orders, i + 2);
	}
}

static void what_is_deferred_is_tried_again_and_keeps_its_place_with_its_recipient(void **state)
{
	struct app *app = *state;
	struct fg_id first = SUBMIT(app, .registered = 1), second, other;

	app_turn(app);
	app_leg(app, &first, 1, FG_LEG_DEFERRED, "", 0);
	assert_int_equal(app_state(app, &first), FG_JOB_READY);
	second = SUBMIT(app, .registered = 1);
	other = SUBMIT(app, .destination = NOBODY2);
	app_turn(app);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_state(app, &second), FG_JOB_READY);
	assert_int_equal(app_state(app, &other), FG_JOB_SENDING);
	app_later(app, 70 * 1000);
	assert_int_equal(app->orders, 4);
	assert_int_equal(fg_id_cmp(&app->order[2].frame.message_id, &first), 0);
	assert_int_equal(app->order[2].frame.leg, 2);
	assert_int_equal(fg_id_cmp(&app->order[3].frame.message_id, &second), 0);
}

static void a_refused_order_keeps_its_leg_or_ends_the_message(void **state)
{
	struct app *app = *state;
	struct fg_id id = SUBMIT(app, .registered = 1), bad;

	app_turn(app);
	app_refused(app, &id, 1, FG_E_LINK_DOWN, true);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
	app_later(app, 10 * 1000);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_order(app)->leg, 1);
	bad = SUBMIT(app, .registered = 1, .destination = NOBODY2);
	app_turn(app);
	app_refused(app, &bad, 1, FG_E_CONSENT_BEARER, false);
	assert_int_equal(app_state(app, &bad), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &bad)->report, FG_DLR_REJECTED);
	assert_int_equal(app->fixture->core.relays->sending_on[0], 1);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app_receipt(app)->bearer, FG_NO_BEARER);
}

/* As after a vault came back: first the order is refused, then its link is up. */
static void an_order_that_its_link_missed_goes_on_when_that_is_up(void **state)
{
	struct app *app = *state;
	struct fg_id id = SUBMIT(app, .registered = 1);

	app_turn(app);
	app_link(app, 0, false, 0);
	app_link(app, 1, false, 0);
	app_refused(app, &id, 1, FG_E_LINK_DOWN, true);
	app_turn(app);
	assert_int_equal(app_state(app, &id), FG_JOB_READY);
	assert_int_equal(app->orders, 1);
	app_link(app, 0, true, 100);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_order(app)->leg, 1);
}

/* ---- crashes ---- */

static void an_order_in_flight_is_given_again_and_the_same(void **state)
{
	struct app *app = *state;
	struct fg_id id;

	app_chain(app, false);
	app->fixture->core.links[0].up = true;
	id = SUBMIT(app, .registered = 1);
	app_turn(app);
	assert_int_equal(app_state(app, &id), FG_JOB_READY); /* no log, no way out */
	app_chain(app, true);
	assert_int_equal(app->orders, 1);
	app_restart(app);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	assert_int_equal(app->orders, 2);
	assert_int_equal(app_order(app)->leg, 1);
	assert_int_equal(app_order(app)->link, 0);
	check_view(app, app_order(app));
	assert_memory_equal(app_order(app)->body.data, "sealed body", 11);
	assert_int_equal(app->fixture->core.relays->sending_on[0], 1);
	fg_relays_chain_changed(&app->fixture->core, true);
	app_turn(app);
	assert_int_equal(app->orders, 3);
	/* The log cannot say whether it was carried out before. */
	app_refused(app, &id, 1, FG_E_CONSENT_BEARER, false);
	assert_int_equal(app_state(app, &id), FG_JOB_IN_DOUBT);
}

static void a_repeated_order_waits_while_the_directory_is_unreadable(void **state)
{
	struct app *app = *state;
	struct fg_id id = SUBMIT(app, .registered = 1);

	app_turn(app);
	app->fixture->directory_rc = FG_E_STORE_BUSY;
	app_restart(app);
	app_later(app, 20 * 1000);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	app->fixture->directory_rc = FG_OK;
	app_later(app, 20 * 1000);
	assert_int_equal(app->orders, 2);
}

static void a_restart_forgets_nothing_whatever_the_state(void **state)
{
	struct app *app = *state;
	struct fg_id sent = app_sent(app, "s", 2), doubt, ready;

	doubt = SUBMIT(app, .registered = 1, .destination = NOBODY2);
	app_turn(app);
	app_leg(app, &doubt, 1, FG_LEG_UNKNOWN, "", 0);
	app_link(app, 0, false, 0);
	app_link(app, 1, false, 0);
	ready = SUBMIT(app, .registered = 1);
	app_turn(app);
	app_report(app, 0, "s0", FG_DLR_DELIVERED);
	for (int i = 0; i < 2; i++) {
		app_restart(app);
		assert_int_equal(app_state(app, &sent), FG_JOB_SENT);
		assert_int_equal(app_state(app, &doubt), FG_JOB_IN_DOUBT);
		assert_int_equal(app_state(app, &ready), FG_JOB_READY);
	}
	assert_int_equal(app->fixture->core.relays->accounts[0].alive, 3);
	app_report(app, 0, "s1", FG_DLR_DELIVERED);
	assert_int_equal(app_state(app, &sent), FG_JOB_FINAL);
	app_restart(app);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app->receipts, 1);
	assert_int_equal(app_receipt(app)->state, FG_DLR_DELIVERED);
	assert_int_equal(app_receipt(app)->reference, 77);
	assert_int_equal(app_receipt(app)->segments, 2);
	app_told(app, &sent, FG_OUTCOME_ACCEPTED);
	app_restart(app);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app->receipts, 1);
	app_link(app, 0, true, 100);
	assert_int_equal(app_state(app, &ready), FG_JOB_SENDING);
	assert_memory_equal(app_order(app)->body.data, "sealed body", 11);
}

static void hold_all(struct app *app)
{
	struct fixture *fixture = app->fixture;
	char path[256];
	unsigned done = 0;

	snprintf(path, sizeof(path), "%s/copy", fixture->dir);
	assert_ok(fg_store_backup(fixture->engine_store, path, on_done, &done));
	fixture_until(fixture, &done, 0);
	fg_relays_stop(&fixture->core);
	fg_store_close(fixture->core.store);
	fg_relays_free(&fixture->core);
	assert_ok(fg_store_restore(path, fixture->dir));
	fixture_open_store(fixture);
	assert_ok(fg_relays_start(&fixture->core));
	app_turn(app);
	fg_relays_chain_changed(&fixture->core, true);
	app_turn(app);
}

static void what_a_backup_brings_back_is_never_sent(void **state)
{
	struct app *app = *state;
	struct fg_id sending = SUBMIT(app, .registered = 1), ready;

	app_turn(app);
	app_link(app, 0, false, 0);
	app_link(app, 1, false, 0);
	ready = SUBMIT(app, .registered = 1);
	app_turn(app);
	hold_all(app);
	app_link(app, 0, true, 100);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_state(app, &sending), FG_JOB_FINAL);
	assert_int_equal(app_state(app, &ready), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &ready)->report, FG_DLR_UNKNOWN);
}

static void a_store_that_is_busy_loses_no_report(void **state)
{
	struct app *app = *state;
	struct fg_id id = app_sent(app, "m", 1);

	app_bound(app, "shop", 1, 10);
	app->fixture->submit_rc = FG_E_STORE_BUSY;
	app_report(app, 0, "m0", FG_DLR_DELIVERED);
	assert_int_equal(app->fixture->stored, 0);
	assert_int_equal(app->receipts, 0);
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_E_STORE_BUSY, (enum fg_rc)app_taken(app)->rc);
	app->fixture->submit_rc = FG_OK;
	app_turn(app);
	assert_int_equal(app->fixture->stored, 1);
	assert_int_equal(app->receipts, 1);
	app_told(app, &id, FG_OUTCOME_ACCEPTED);
	assert_int_equal(app_stored(app), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP(nothing_is_said_before_it_is_durable),
		APP(many_share_one_commit_and_one_signature),
		APP(what_may_not_be_taken_is_refused_and_not_stored),
		APP(no_link_costs_more_than_the_account_pays),
		APP(the_same_key_is_the_same_message),
		APP(what_was_taken_is_known_when_no_more_may_be_taken),
		APP(with_the_directory_unreadable_nothing_reaches_a_bearer),
		APP(a_clock_set_back_holds_everything),
		APP(a_handle_with_devices_gets_no_sms_but_of_an_account_that_wants_it_so),
		APP(a_handle_that_was_secure_needs_the_contracts_word),
		APP(a_link_that_applications_bind_to_is_no_way_out),
		APP(what_waits_for_a_link_goes_in_its_order_and_never_over_its_credit),
		APP(a_failed_leg_takes_the_next_link_with_a_leg_of_its_own),
		APP(what_is_deferred_is_tried_again_and_keeps_its_place_with_its_recipient),
		APP(a_recipient_that_is_refused_for_good_is_not_tried_on_other_links),
		APP(what_a_link_gives_back_goes_on_soon_and_is_no_attempt),
		APP(a_refused_order_keeps_its_leg_or_ends_the_message),
		APP(an_order_that_its_link_missed_goes_on_when_that_is_up),
		APP(an_order_in_flight_is_given_again_and_the_same),
		APP(a_repeated_order_waits_while_the_directory_is_unreadable),
		APP(a_restart_forgets_nothing_whatever_the_state),
		APP(what_a_backup_brings_back_is_never_sent),
		APP(a_store_that_is_busy_loses_no_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
