/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages of applications: what one of them may take of the memory and the time of all.
 */
#include "tests/core/app.h"

enum { HOUR_MS = 3600000 };

static void what_was_taken_today_is_known_after_a_restart(void **state)
{
	struct app *app = *state;
	struct fg_conf_accounts *shop = &app->fixture->conf.accounts[0];

	shop->quota_per_day = 3;
	for (int i = 0; i < 2; i++)
		SUBMIT(app, );
	app_turn(app);
	app->fixture->new_rc = FG_E_STORE_FULL;
	SUBMIT(app, );
	app_turn(app); /* and does not count */
	assert_rc(FG_E_STORE_BUSY, (enum fg_rc)app_taken(app)->rc);
	app->fixture->new_rc = FG_OK;
	app_restart(app);
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	app_restart(app);
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_E_LIMIT, (enum fg_rc)app_taken(app)->rc);
	SUBMIT(app, .account = "bank");
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	app_later(app, 24 * HOUR_MS);
	app_restart(app);
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
}

static void a_full_queue_refuses_until_something_is_final(void **state)
{
	struct app *app = *state;
	struct fg_id id;

	app->fixture->conf.accounts[0].queue_max = 2;
	id = app_sent(app, "m", 1);
	SUBMIT(app, );
	SUBMIT(app, );
	app_turn(app);
	assert_int_equal(app->takens, 3);
	assert_rc(FG_E_STORE_BUSY, (enum fg_rc)app->taken[1].rc);
	assert_rc(FG_OK, (enum fg_rc)app->taken[2].rc);
	SUBMIT(app, .account = "bank");
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	app_report(app, 0, "m0", FG_DLR_DELIVERED);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
}

/* Nobody is bound to hear how they ended. */
static void receipts_that_nobody_fetches_fill_a_queue_too(void **state)
{
	struct app *app = *state;
	struct fg_id id[2];

	app->fixture->conf.accounts[0].queue_max = 2;
	id[0] = app_sent(app, "a", 1);
	app_report(app, 0, "a0", FG_DLR_DELIVERED);
	id[1] = app_sent(app, "b", 1);
	app_report(app, 0, "b0", FG_DLR_DELIVERED);
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_E_STORE_BUSY, (enum fg_rc)app_taken(app)->rc);
	app_bound(app, "shop", 1, 10);
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_E_STORE_BUSY, (enum fg_rc)app_taken(app)->rc);
	app_told(app, &id[0], FG_OUTCOME_FAILED);
	app_told(app, &id[1], FG_OUTCOME_ACCEPTED);
	SUBMIT(app, );
	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
}

/* A look at a million messages takes long, and everybody waits for it. */
static void looks_at_all_messages_are_few(void **state)
{
	struct app *app = *state;
	struct fg_core_relays *relays = app->fixture->core.relays;
	struct fg_id waits;

	app_link(app, 0, false, 0);
	app_link(app, 1, false, 0);
	waits = SUBMIT(app, .registered = 1);
	app_turn(app);
	relays->look_again_ms = fg_clock_mono_ms(app->fixture->core.clock) + HOUR_MS;
	app_ask(app, FG_ASK_CANCEL, "shop", &(struct fg_id){ 0 }, "");
	assert_rc(FG_E_LIMIT, (enum fg_rc)app->answer[0].rc);
	assert_int_equal(app_state(app, &waits), FG_JOB_READY);
	relays->look_again_ms = 0;
	app_ask(app, FG_ASK_CANCEL, "shop", &(struct fg_id){ 0 }, "");
	assert_rc(FG_OK, (enum fg_rc)app->answer[1].rc);
	assert_int_equal(app_state(app, &waits), FG_JOB_FINAL);
}

/* One read at a time; one more for what waited long for its commit; none for whoever asked a vault that is gone. */
static void questions_about_what_ended_are_answered_one_by_one(void **state)
{
	struct app *app = *state;
	struct fg_core *core = &app->fixture->core;
	struct fg_ipc_app_asked ask = { .link = SERVER_LINK, .what = FG_ASK_QUERY };
	struct fg_id slow = SUBMIT(app, .age_ms = 4000), none = { { 1 } };

	app_turn(app);
	app_leg(app, &slow, 1, FG_LEG_ACCEPTED, "s", 1);
	app_report(app, 0, "s0", FG_DLR_DELIVERED);
	ask.account = FG_BYTES_TEXT("shop");
	for (ask.token = 0; ask.token < 9; ask.token++) {
		ask.message_id = ask.token % 3 ? slow : none;
		fg_relays_asked(core, &ask);
	}
	app_turn(app);
	assert_int_equal(app->answers, 9);
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(app->answer[i].token, i);
		assert_int_equal(app->answer[i].state, i % 3 ? FG_DLR_DELIVERED : 0);
	}
	fg_relays_asked(core, &ask);
	fg_relays_vault_lost(core);
	app_turn(app);
	assert_int_equal(app->answers, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP(what_was_taken_today_is_known_after_a_restart),
		APP(a_full_queue_refuses_until_something_is_final),
		APP(receipts_that_nobody_fetches_fill_a_queue_too),
		APP(looks_at_all_messages_are_few),
		APP(questions_about_what_ended_are_answered_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
