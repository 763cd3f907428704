/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages of applications: reports, receipts, what applications and operators ask, and which states there are.
 */
#include "tests/core/app.h"

#include <signal.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>
#include "lib/proto/leaf.h"

enum { HOUR_MS = 3600000 };

/* ---- reports and receipts ---- */

static void a_final_receipt_is_told_once(void **state)
{
	struct app *app = *state;
	struct fg_id id = app_sent(app, "m", 1), quiet;

	app_bound(app, "shop", 1, 10);
	app_report(app, 0, "m0", FG_DLR_ENROUTE);
	assert_int_equal(app->fixture->stored, 1);
	assert_int_equal(app->receipts, 0);
	app->fixture->hold_submits = true;
	app_report(app, 0, "m0", FG_DLR_UNDELIVERABLE);
	assert_int_equal(app->fixture->stored, 1);
	assert_int_equal(app->receipts, 0);
	fixture_release(app->fixture);
	app_turn(app);
	assert_int_equal(app->fixture->stored, 2);
	assert_int_equal(app->receipts, 1);
	assert_int_equal(app_receipt(app)->state, FG_DLR_UNDELIVERABLE);
	assert_int_equal(app_receipt(app)->error, 42);
	assert_int_equal(app_receipt(app)->protection, FG_PROTECTION_NONE);
	assert_int_equal(app_receipt(app)->bearer, FG_BEARER_SMS);
	assert_int_equal(app_receipt(app)->reason, FG_REASON_ABSENT);
	assert_int_equal(app_receipt(app)->final, 1);
	assert_true(app_receipt(app)->done_ms > 0 && app_receipt(app)->submit_ms > 0);
	app_told(app, &id, FG_OUTCOME_ACCEPTED);
	app_told(app, &id, FG_OUTCOME_ACCEPTED);
	assert_int_equal(app_state(app, &id), 0);
	assert_int_equal(app_stored(app), 0);
	quiet = SUBMIT(app, );
	app_turn(app);
	app_leg(app, &quiet, 1, FG_LEG_ACCEPTED, "q", 1);
	app_report(app, 0, "q0", FG_DLR_DELIVERED);
	assert_int_equal(app->receipts, 1);
	assert_int_equal(app_stored(app), 0);
}

static void parts_with_one_id_are_delivered_by_one_report_each(void **state)
{
	struct app *app = *state;
	struct fg_id id = app_sent(app, "=same", 2);

	app_bound(app, "shop", 1, 10);
	app_report(app, 0, "=same", FG_DLR_DELIVERED);
	assert_int_equal(app_state(app, &id), FG_JOB_SENT);
	app_report(app, 0, "=same", FG_DLR_DELIVERED);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_receipt(app)->state, FG_DLR_DELIVERED);
}

static void who_wants_failures_only_hears_of_failures_only(void **state)
{
	struct app *app = *state;
	struct fg_id good = SUBMIT(app, .registered = 2), bad = SUBMIT(app, .registered = 2);

	app_bound(app, "shop", 1, 10);
	app_turn(app);
	app_leg(app, &good, 1, FG_LEG_ACCEPTED, "g", 1);
	app_leg(app, &bad, 1, FG_LEG_ACCEPTED, "b", 1);
	app_report(app, 0, "g0", FG_DLR_DELIVERED);
	assert_int_equal(app->receipts, 0);
	app_report(app, 0, "b0", FG_DLR_EXPIRED);
	assert_int_equal(app->receipts, 1);
}

static void an_application_that_is_away_hears_when_it_binds_again(void **state)
{
	struct app *app = *state;
	struct fg_id id[3];

	for (unsigned i = 0; i < 3; i++) {
		char ref[] = { (char)('a' + i), 0 };

		id[i] = app_sent(app, ref, 1);
		ref[0] = (char)('a' + i);
		app_report(app, 0, (char[]){ (char)('a' + i), '0', 0 }, FG_DLR_DELIVERED);
	}
	assert_int_equal(app->receipts, 0);
	app_bound(app, "bank", 1, 10);
	assert_int_equal(app->receipts, 0);
	app_bound(app, "shop", 1, 2);
	assert_int_equal(app->receipts, 2); /* as many as it gave credit for */
	app_told(app, &id[0], FG_OUTCOME_DEFERRED);
	app_told(app, &id[1], FG_OUTCOME_DEFERRED);
	assert_int_equal(app->receipts, 2);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app->receipts, 5);
	fg_relays_vault_lost(&app->fixture->core);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app->receipts, 8);
	for (int i = 0; i < 3; i++)
		app_told(app, &id[i], FG_OUTCOME_ACCEPTED);
	assert_int_equal(app->fixture->core.relays->count, 0);
}

/* It stays bound: nobody says so again. Others go on, and what it did not take comes back after a while, ever longer. */
static void what_an_application_refuses_holds_up_nothing_and_comes_back(void **state)
{
	struct app *app = *state;
	struct fg_id bad = app_sent(app, "b", 1), good;

	app_bound(app, "shop", 1, 1);
	app_report(app, 0, "b0", FG_DLR_DELIVERED);
	assert_int_equal(app->receipts, 1);
	app_told(app, &bad, FG_OUTCOME_FAILED);
	assert_int_equal(app->receipts, 1);
	good = app_sent(app, "g", 1);
	app_report(app, 0, "g0", FG_DLR_DELIVERED);
	assert_int_equal(app->receipts, 2);
	assert_int_equal(fg_id_cmp(&app_receipt(app)->message_id, &good), 0);
	app_told(app, &good, FG_OUTCOME_ACCEPTED);
	app_later(app, 11000);
	assert_int_equal(app->receipts, 3);
	assert_int_equal(fg_id_cmp(&app_receipt(app)->message_id, &bad), 0);
	app_told(app, &bad, FG_OUTCOME_FAILED);
	app_later(app, 11000);
	assert_int_equal(app->receipts, 3);
	app_later(app, 11000);
	assert_int_equal(app->receipts, 4);
	for (int i = 0; i < 7 * 24; i++) { /* whoever refuses it for ever is not asked for ever */
		app_told(app, &bad, FG_OUTCOME_FAILED);
		app_later(app, HOUR_MS);
	}
	assert_int_equal(app_state(app, &bad), 0);
	assert_int_equal(app->fixture->core.relays->count, 0);
}

static void what_a_link_that_died_had_is_told_again(void **state)
{
	struct app *app = *state;
	struct fg_id id = app_sent(app, "m", 1);
	const struct fg_ipc_link down = { .link = SERVER_LINK }, other = { .link = 0 };

	app_bound(app, "shop", 1, 10);
	app_report(app, 0, "m0", FG_DLR_DELIVERED);
	assert_int_equal(app->receipts, 1);
	fg_operate_link(&app->fixture->core, &other);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app->receipts, 1);
	fg_operate_link(&app->fixture->core, &down);
	app_turn(app);
	assert_int_equal(app->receipts, 1); /* nobody is bound */
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app->receipts, 2);
	app_told(app, &id, FG_OUTCOME_ACCEPTED);
	assert_int_equal(app_state(app, &id), 0);
}

static void a_long_message_is_delivered_when_all_its_parts_are(void **state)
{
	struct app *app = *state;
	struct fg_id id = app_sent(app, "p", 3), bad;

	assert_true(app_order(app)->concat_ref > 0);
	app_report(app, 0, "p1", FG_DLR_DELIVERED);
	app_report(app, 0, "p1", FG_DLR_DELIVERED);
	app_report(app, 0, "p0", FG_DLR_DELIVERED);
	assert_int_equal(app_state(app, &id), FG_JOB_SENT);
	app_report(app, 0, "p2", FG_DLR_DELIVERED);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_DELIVERED);
	bad = app_sent(app, "b", 2);
	assert_int_equal(app_order(app)->concat_ref, app->order[0].frame.concat_ref + 1);
	app_report(app, 0, "b0", FG_DLR_UNDELIVERABLE);
	app_report(app, 0, "b1", FG_DLR_DELIVERED);
	assert_int_equal(app_find(app, &bad)->report, FG_DLR_UNDELIVERABLE);
	app_restart(app);
	app_sent(app, "c", 2);
	assert_int_equal(app_order(app)->concat_ref, app->order[0].frame.concat_ref + 2);
}

static void a_report_that_overtakes_its_leg_waits_for_it(void **state)
{
	struct app *app = *state;
	struct fg_id id;

	app_link(app, 0, true, 1);
	id = SUBMIT(app, .registered = 1);
	SUBMIT(app, .destination = NOBODY2); /* by the other link */
	app_turn(app);
	assert_int_equal(app_order(app)->link, 1);
	app_report(app, 0, "m0", FG_DLR_DELIVERED);
	app_report(app, 1, "m0", FG_DLR_UNDELIVERABLE); /* of another link */
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	app_leg(app, &id, 1, FG_LEG_ACCEPTED, "m", 1);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_DELIVERED);
}

static void a_doubt_is_ended_by_a_report_with_our_number_or_by_time(void **state)
{
	struct app *app = *state;
	struct fg_frame frame = { .type = FG_IPC_DLR };
	struct fg_id id = SUBMIT(app, .registered = 1), lost;

	app_turn(app);
	app_leg(app, &id, 1, FG_LEG_UNKNOWN, "", 1);
	assert_int_equal(app_state(app, &id), FG_JOB_IN_DOUBT);
	lost = SUBMIT(app, .registered = 1, .destination = NOBODY2);
	app_turn(app);
	app_leg(app, &lost, 1, FG_LEG_UNKNOWN, "", 1);
	frame.dlr.ref = FG_BYTES_TEXT("never-seen");
	frame.dlr.state = FG_DLR_DELIVERED;
	frame.dlr.final = 1;
	frame.dlr.has_reference = 1;
	frame.dlr.message_reference = fg_leg_reference(&id, 1);
	frame.dlr.destination = FG_BYTES_TEXT(NOBODY);
	assert_ok(fg_channel_send(app->fixture->vault_peer, &frame));
	app_turn(app);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_DELIVERED);
	app_later(app, 71 * (int64_t)HOUR_MS);
	assert_int_equal(app_state(app, &lost), FG_JOB_IN_DOUBT);
	app_later(app, 2 * HOUR_MS);
	assert_int_equal(app_state(app, &lost), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &lost)->report, FG_DLR_UNKNOWN);
	assert_int_equal(app->orders, 2);
}

static void what_is_never_reported_is_unknown_in_the_end(void **state)
{
	struct app *app = *state;
	struct fg_id id = app_sent(app, "m", 1);

	app_later(app, 73 * (int64_t)HOUR_MS);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &id)->report, FG_DLR_UNKNOWN);
	app_later(app, 8 * 24 * (int64_t)HOUR_MS); /* and nobody came for its receipt */
	assert_int_equal(app_state(app, &id), 0);
}

/* ---- what applications and operators ask ---- */

static const struct fg_ipc_app_answer *answered(struct app *app, unsigned answers)
{
	assert_int_equal(app->answers, answers);
	assert_int_equal(app->answer[answers - 1].token, app->last_token);
	return &app->answer[answers - 1];
}

static void an_application_may_ask_about_its_own_messages_alone(void **state)
{
	struct app *app = *state;
	struct fg_id id = app_sent(app, "m", 1), none = { { 1 } };

	app_ask(app, FG_ASK_QUERY, "shop", &id, "");
	assert_int_equal(answered(app, 1)->state, FG_DLR_ENROUTE);
	assert_int_equal(app->answer[0].done_ms, 0);
	app_ask(app, FG_ASK_QUERY, "bank", &id, "");
	assert_rc(FG_E_NOT_FOUND, (enum fg_rc)answered(app, 2)->rc);
	app_ask(app, FG_ASK_QUERY, "shop", &none, "");
	assert_rc(FG_E_NOT_FOUND, (enum fg_rc)answered(app, 3)->rc);
	app_bound(app, "shop", 1, 10);
	app_report(app, 0, "m0", FG_DLR_UNDELIVERABLE);
	app_told(app, &id, FG_OUTCOME_ACCEPTED);
	assert_int_equal(app_state(app, &id), 0);
	app_ask(app, FG_ASK_QUERY, "shop", &id, "");
	app_turn(app);
	assert_int_equal(answered(app, 4)->state, FG_DLR_UNDELIVERABLE);
	assert_int_equal(app->answer[3].error, 42);
	assert_true(app->answer[3].done_ms > 0);
	app_ask(app, FG_ASK_QUERY, "bank", &id, "");
	app_turn(app);
	assert_rc(FG_E_NOT_FOUND, (enum fg_rc)answered(app, 5)->rc);
	app_later(app, 8 * 24 * (int64_t)HOUR_MS);
	app_ask(app, FG_ASK_QUERY, "shop", &id, "");
	app_turn(app);
	assert_rc(FG_E_NOT_FOUND, (enum fg_rc)answered(app, 6)->rc);
}

static void only_what_waits_is_cancelled(void **state)
{
	struct app *app = *state;
	struct fg_id sending = SUBMIT(app, .registered = 1), waits, all[2];

	app_turn(app);
	app_link(app, 0, false, 0);
	app_link(app, 1, false, 0);
	waits = SUBMIT(app, .registered = 1);
	app_turn(app);
	app_ask(app, FG_ASK_CANCEL, "shop", &sending, "");
	assert_rc(FG_E_CONFLICT, (enum fg_rc)answered(app, 1)->rc);
	app_ask(app, FG_ASK_CANCEL, "bank", &waits, "");
	assert_rc(FG_E_NOT_FOUND, (enum fg_rc)answered(app, 2)->rc);
	app_ask(app, FG_ASK_CANCEL, "shop", &waits, "");
	assert_rc(FG_OK, (enum fg_rc)answered(app, 3)->rc);
	assert_int_equal(app_state(app, &waits), FG_JOB_FINAL);
	assert_int_equal(app_find(app, &waits)->report, FG_DLR_DELETED);
	app_bound(app, "shop", 1, 10);
	assert_int_equal(app_receipt(app)->bearer, FG_NO_BEARER); /* nothing has left */
	app_bound(app, "shop", 0, 0);
	for (int i = 0; i < 2; i++)
		all[i] = SUBMIT(app, .registered = 1);
	app_turn(app);
	app_ask(app, FG_ASK_CANCEL, "shop", &(struct fg_id){ 0 }, "");
	assert_rc(FG_OK, (enum fg_rc)answered(app, 4)->rc);
	for (int i = 0; i < 2; i++)
		assert_int_equal(app_state(app, &all[i]), FG_JOB_FINAL);
	app_ask(app, FG_ASK_CANCEL, "shop", &(struct fg_id){ 0 }, "");
	assert_rc(FG_E_NOT_FOUND, (enum fg_rc)answered(app, 5)->rc);
	app_link(app, 0, true, 100);
	assert_int_equal(app->orders, 1);
}

/* The cancellation comes while the directory is being read for it. */
static void a_cancel_beats_the_decision_under_way(void **state)
{
	struct app *app = *state;
	struct fg_core *core = &app->fixture->core;
	struct fg_ipc_app_asked ask = { .link = SERVER_LINK, .what = FG_ASK_CANCEL };
	struct fg_id id;

	app_link(app, 0, false, 0);
	app_link(app, 1, false, 0);
	id = SUBMIT(app, .registered = 1);
	app_turn(app);
	core->links[0].up = true;
	core->links[0].credits = 100;
	fg_relay_decide_batch(core->relays);
	assert_non_null(core->relays->batch);
	ask.message_id = id;
	ask.account = FG_BYTES_TEXT("shop");
	ask.token = 99;
	fg_relays_asked(core, &ask);
	app_turn(app);
	assert_int_equal(app->orders, 0);
	assert_int_equal(app_state(app, &id), FG_JOB_FINAL);
	assert_int_equal(app->answers, 1);
	assert_int_equal(app->answer[0].token, 99);
	assert_rc(FG_OK, (enum fg_rc)app->answer[0].rc);
}

/* The vault has been asked to seal the new text; as it would. */
static void sealed_anew(struct app *app, const struct fg_id *id, const char *text)
{
	struct fg_frame frame = { .type = FG_IPC_APP_ASKED };
	const struct fg_ipc_app_replace *said = &app->replace;

	assert_int_equal(fg_id_cmp(&said->message_id, id), 0);
	frame.app_asked.link = said->link;
	frame.app_asked.token = said->token;
	frame.app_asked.what = FG_ASK_REPLACED;
	frame.app_asked.account = FG_BYTES_TEXT("shop");
	frame.app_asked.message_id = said->message_id;
	frame.app_asked.validity_s = said->validity_s;
	frame.app_asked.has_delay = said->has_delay;
	frame.app_asked.delay_s = said->delay_s;
	frame.app_asked.registered = said->registered;
	frame.app_asked.segments = 1;
	frame.app_asked.body = FG_BYTES_TEXT(text);
	app_say(app, &frame, true);
}

static void replace(struct app *app, const struct fg_id *id, const struct fg_ipc_app_asked *with)
{
	struct fg_frame frame = { .type = FG_IPC_APP_ASKED };

	frame.app_asked = *with;
	frame.app_asked.link = SERVER_LINK;
	frame.app_asked.token = ++app->last_token;
	frame.app_asked.what = FG_ASK_REPLACE;
	frame.app_asked.account = FG_BYTES_TEXT("shop");
	frame.app_asked.message_id = *id;
	frame.app_asked.body = FG_BYTES_TEXT("for its id");
	app_say(app, &frame, true);
}

static void what_waits_may_get_another_text(void **state)
{
	struct app *app = *state;
	struct fg_id id, sending = SUBMIT(app, );

	app_turn(app);
	app_ask(app, FG_ASK_REPLACE, "shop", &sending, "too late");
	assert_rc(FG_E_CONFLICT, (enum fg_rc)answered(app, 1)->rc);
	app_link(app, 0, false, 0);
	app_link(app, 1, false, 0);
	id = SUBMIT(app, .registered = 1);
	app_turn(app);
	app_ask(app, FG_ASK_REPLACE, "shop", &id, "for its id");
	sealed_anew(app, &id, "another text");
	assert_rc(FG_OK, (enum fg_rc)answered(app, 2)->rc);
	app_restart(app);
	app_link(app, 0, true, 100);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	assert_int_equal(app_order(app)->body.len, 12);
	assert_memory_equal(app_order(app)->body.data, "another text", 12);
}

static void the_vault_gets_what_it_needs_to_seal_a_new_text(void **state)
{
	struct app *app = *state;
	struct fg_id id = SUBMIT(app, .delay_s = 600, .flags = FG_SUBMIT_UCS2, .protocol_id = 0x41,
				 .body = "old body");

	app_turn(app);
	replace(app, &id, &(struct fg_ipc_app_asked){ .validity_s = 7200, .registered = 1 });
	assert_int_equal(app->replaces, 1);
	assert_int_equal(app->replace.flags, FG_SUBMIT_UCS2);
	assert_int_equal(app->replace.protocol_id, 0x41);
	assert_int_equal(app->replace.message_class, FG_MESSAGE_NORMAL);
	assert_int_equal(app->replace.validity_s, 7200);
	assert_int_equal(app->replace.destination.len, strlen(NOBODY));
	assert_memory_equal(app->replace.destination.data, NOBODY, strlen(NOBODY));
	assert_memory_equal(app->replace.source.data, "SHOP", 4);
	assert_int_equal(app->replace.old.len, 8);
	assert_memory_equal(app->replace.old.data, "old body", 8);
	assert_memory_equal(app->replace.text.data, "for its id", 10);
	assert_int_equal(app->answers, 0);
	replace(app, &(struct fg_id){ { 1 } }, &(struct fg_ipc_app_asked){ 0 });
	assert_rc(FG_E_NOT_FOUND, (enum fg_rc)answered(app, 1)->rc);
}

static void a_new_text_may_have_new_times(void **state)
{
	struct app *app = *state;
	struct fg_id id = SUBMIT(app, .delay_s = 600, .validity_s = 3600);

	app_turn(app);
	replace(app, &id, &(struct fg_ipc_app_asked){ .has_delay = 1, .delay_s = 4000 });
	sealed_anew(app, &id, "over before it begins");
	assert_rc(FG_E_CONFLICT, (enum fg_rc)answered(app, 1)->rc);
	replace(app, &id, &(struct fg_ipc_app_asked){ .validity_s = 500 });
	sealed_anew(app, &id, "over before it begins");
	assert_rc(FG_E_CONFLICT, (enum fg_rc)answered(app, 2)->rc);
	replace(app, &id, &(struct fg_ipc_app_asked){ .has_delay = 1, .delay_s = 1200 });
	sealed_anew(app, &id, "later");
	assert_rc(FG_OK, (enum fg_rc)answered(app, 3)->rc);
	app_later(app, 700 * 1000);
	app_restart(app);
	app_later(app, 450 * 1000);
	assert_int_equal(app->orders, 0);
	app_later(app, 60 * 1000);
	assert_int_equal(app->orders, 1);
	assert_memory_equal(app_order(app)->body.data, "later", 5);
	id = SUBMIT(app, .delay_s = 600);
	app_turn(app);
	replace(app, &id, &(struct fg_ipc_app_asked){ .has_delay = 1 });
	sealed_anew(app, &id, "now");
	assert_rc(FG_OK, (enum fg_rc)answered(app, 4)->rc);
	app_turn(app);
	assert_int_equal(app->orders, 2);
	assert_memory_equal(app_order(app)->body.data, "now", 3);
}

/* A reminder for tomorrow is no reason to keep back the code that is needed now. */
static void nothing_waits_behind_a_message_for_later(void **state)
{
	struct app *app = *state;
	struct fg_id now, later = SUBMIT(app, .delay_s = 600);

	app_turn(app);
	now = SUBMIT(app, );
	app_turn(app);
	assert_int_equal(app_state(app, &now), FG_JOB_SENDING);
	app_restart(app);
	now = SUBMIT(app, );
	app_turn(app);
	assert_int_equal(app_state(app, &now), FG_JOB_SENDING);
	assert_int_equal(app_state(app, &later), FG_JOB_READY);
}

static void a_message_for_later_waits_for_its_time(void **state)
{
	struct app *app = *state;
	struct fg_id id = SUBMIT(app, .registered = 1, .delay_s = 600);

	app_turn(app);
	assert_rc(FG_OK, (enum fg_rc)app_taken(app)->rc);
	app_later(app, 500 * 1000);
	assert_int_equal(app->orders, 0);
	app_restart(app);
	assert_int_equal(app->orders, 0);
	app_later(app, 102 * 1000);
	assert_int_equal(app->orders, 1);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
}

static void on_text(const char *text, void *arg)
{
	snprintf(arg, 1024, "%s", text);
}

static void operators_see_what_was_decided_and_who_is_bound(void **state)
{
	struct app *app = *state;
	struct fg_id id = app_sent(app, "m", 1);
	struct fg_core *core = &app->fixture->core;
	char text[1024] = "", *links;

	fg_message_explain(core, &id, on_text, text);
	app_turn(app);
	assert_non_null(strstr(text, "message of shop to +********199: sent"));
	assert_non_null(strstr(text, "row=4 reason=absent leg=1 link=smsc-a bearer=sms"));
	app_bound(app, "shop", 2, 10);
	app_report(app, 0, "m0", FG_DLR_DELIVERED);
	links = fg_relays_links(core, talloc_strdup(NULL, ""));
	assert_non_null(strstr(links, "account shop             receivers 2 alive 0 waiting 0 "
				      "untold 1 taken 1 delivered 1"));
	talloc_free(links);
	app_told(app, &id, FG_OUTCOME_ACCEPTED);
	fg_message_explain(core, &id, on_text, text);
	app_turn(app);
	assert_non_null(strstr(text, "message of shop to +********199: final"));
}

/* ---- the table of states ---- */

static bool may_become(unsigned from, enum fg_job_state to)
{
	for (enum fg_relay_event event = 0; event < FG_RELAY_EVENT_COUNT; event++)
		if (fg_relay_may_change(from, event, to))
			return true;
	return false;
}

static unsigned reachable(unsigned from)
{
	unsigned seen = 1u << from, before;

	do {
		before = seen;
		for (unsigned state = 0; state <= FG_JOB_FINAL; state++)
			for (enum fg_job_state to = FG_JOB_READY;
			     (seen & 1u << state) && to <= FG_JOB_FINAL; to++)
				seen |= may_become(state, to) ? 1u << to : 0;
	} while (seen != before);
	return seen;
}

static void what_was_or_may_have_been_sent_is_never_sent_again(void **state)
{
	const unsigned again = 1u << FG_JOB_SENDING | 1u << FG_JOB_READY;

	(void)state;
	assert_false(reachable(FG_JOB_SENT) & again);
	assert_false(reachable(FG_JOB_IN_DOUBT) & again);
	assert_int_equal(reachable(FG_JOB_FINAL), 1u << FG_JOB_FINAL);
	for (unsigned from = 0; from < FG_JOB_FINAL; from++) {
		assert_true(from == FG_JOB_SECURE || from == FG_JOB_ASKING ||
			    reachable(from) & 1u << FG_JOB_FINAL);
		assert_int_equal(may_become(from, FG_JOB_SENT),
				 from == FG_JOB_SENDING || from == FG_JOB_SENT);
	}
}

static void a_change_that_is_in_no_row_aborts(void **state)
{
	struct fg_relay *relay = fg_relay_new(FG_BYTES("", 0), FG_BYTES("", 0));
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		fclose(stderr);
		relay->state = FG_JOB_SENT;
		fg_relay_become(relay, FG_RELAY_DECIDE, FG_JOB_SENDING);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	fg_relay_free(relay);
}

static void who_asked_for_it_hears_of_a_message_on_its_way(void **state)
{
	struct app *app = *state;
	struct fg_frame frame = { .type = FG_IPC_APP_TOLD };
	struct fg_id id;

	app_bound(app, "shop", 1, 1);
	id = SUBMIT(app, .registered = 0x11);
	app_turn(app);
	app_leg(app, &id, 1, FG_LEG_ACCEPTED, "w", 1);
	app_report(app, 0, "w0", FG_DLR_ENROUTE);
	assert_int_equal(app->receipts, 1);
	assert_false(app_receipt(app)->final);
	assert_int_equal(app_receipt(app)->state, FG_DLR_ENROUTE);
	assert_true(app_receipt(app)->done_ms >= app_receipt(app)->submit_ms); /* of the state */
	app_report(app, 0, "w0", FG_DLR_ENROUTE);                              /* nothing new */
	assert_int_equal(app->receipts, 1);
	app_report(app, 0, "w0", FG_DLR_DELIVERED);
	assert_int_equal(app->receipts, 1); /* its one place is taken */
	frame.app_told.link = SERVER_LINK;
	frame.app_told.account = FG_BYTES_TEXT("shop");
	frame.app_told.message_id = id;
	frame.app_told.outcome = FG_OUTCOME_ACCEPTED;
	assert_ok(fg_channel_send(app->fixture->vault_peer, &frame));
	app_turn(app);
	assert_int_equal(app->receipts, 2);
	assert_true(app_receipt(app)->final);
	assert_int_equal(app_receipt(app)->state, FG_DLR_DELIVERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP(who_asked_for_it_hears_of_a_message_on_its_way),
		APP(a_final_receipt_is_told_once),
		APP(parts_with_one_id_are_delivered_by_one_report_each),
		APP(who_wants_failures_only_hears_of_failures_only),
		APP(an_application_that_is_away_hears_when_it_binds_again),
		APP(what_an_application_refuses_holds_up_nothing_and_comes_back),
		APP(what_a_link_that_died_had_is_told_again),
		APP(a_long_message_is_delivered_when_all_its_parts_are),
		APP(a_report_that_overtakes_its_leg_waits_for_it),
		APP(a_doubt_is_ended_by_a_report_with_our_number_or_by_time),
		APP(what_is_never_reported_is_unknown_in_the_end),
		APP(an_application_may_ask_about_its_own_messages_alone),
		APP(only_what_waits_is_cancelled),
		APP(a_cancel_beats_the_decision_under_way),
		APP(what_waits_may_get_another_text),
		APP(the_vault_gets_what_it_needs_to_seal_a_new_text),
		APP(a_new_text_may_have_new_times),
		APP(nothing_waits_behind_a_message_for_later),
		APP(a_message_for_later_waits_for_its_time),
		APP(operators_see_what_was_decided_and_who_is_bound),
		cmocka_unit_test(what_was_or_may_have_been_sent_is_never_sent_again),
		cmocka_unit_test(a_change_that_is_in_no_row_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
