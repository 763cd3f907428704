/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recipients take turns in an account's queue: who has many messages waiting keeps nobody waiting, and each recipient's come in their order,
 * whatever is looked at and put back, cancelled, replaced or loaded again.
 */
#include "tests/core/app.h"

#include <talloc.h>

enum { MANY = 20 };

#define OTHER "+12025550133"
#define THIRD "+12025550144"

static const char *const phones[] = { NOBODY, OTHER, THIRD };

/* MANY to one, three to another, one to a third; no link has room. */
static void fill(struct app *app, struct fg_id ids[static 3][MANY])
{
	static const unsigned counts[] = { MANY, 3, 1 };

	app_link(app, 0, true, 0);
	app_link(app, 1, false, 0);
	for (unsigned phone = 0; phone < 3; phone++)
		for (unsigned i = 0; i < counts[phone]; i++)
			ids[phone][i] = SUBMIT(app, .destination = phones[phone]);
	app_turn(app);
	assert_int_equal(app->orders, 0);
}

/* The link takes one more, and this is the one. */
static void expect_next(struct app *app, const struct fg_id *id, unsigned taken)
{
	unsigned orders = app->orders;

	app_link(app, 0, true, taken);
	assert_int_equal(app->orders, orders + 1);
	assert_int_equal(fg_id_cmp(&app_order(app)->message_id, id), 0);
}

static void expect_turns(struct app *app, struct fg_id ids[static 3][MANY])
{
	const struct fg_id *const order[] = { &ids[0][0], &ids[1][0], &ids[2][0], &ids[0][1],
					      &ids[1][1], &ids[0][2], &ids[1][2], &ids[0][3],
					      &ids[0][4], &ids[0][5] };

	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		expect_next(app, order[i], i + 1);
}

static void each_recipient_has_its_turn(void **state)
{
	struct app *app = *state;
	struct fg_id ids[3][MANY];
	char *links;

	fill(app, ids);
	links = fg_relays_links(&app->fixture->core, talloc_strdup(NULL, ""));
	assert_non_null(strstr(links, "alive 24 waiting 24 "));
	talloc_free(links);
	expect_turns(app, ids);
}

static void a_restart_gives_the_same_turns(void **state)
{
	struct app *app = *state;
	struct fg_id ids[3][MANY];

	fill(app, ids);
	app_restart(app);
	expect_turns(app, ids);
}

/* The one that stands for its recipient leaves by another way: the next one stands. */
static void a_turn_that_ends_otherwise_is_passed_on(void **state)
{
	struct app *app = *state;
	struct fg_id ids[3][MANY];

	fill(app, ids);
	app_ask(app, FG_ASK_CANCEL, "shop", &ids[0][0], "");
	app_ask(app, FG_ASK_CANCEL, "shop", &ids[0][2], "");
	app_turn(app);
	assert_int_equal(app_state(app, &ids[0][0]), 0);
	expect_next(app, &ids[1][0], 1);
	expect_next(app, &ids[2][0], 2);
	expect_next(app, &ids[0][1], 3);
	expect_next(app, &ids[1][1], 4);
	expect_next(app, &ids[0][3], 5);
}

/* There is room, but on a link that none of these may use: they are looked at and put back. */
static void what_is_put_back_is_not_overtaken(void **state)
{
	struct app *app = *state;
	struct fg_conf *conf = &app->fixture->conf;
	struct fg_id ids[3];

	conf->links[1].price_micro = 100;
	conf->accounts[0].price_max_micro = 50;
	app_link(app, 0, true, 0);
	app_link(app, 1, true, 2);
	for (unsigned i = 0; i < 3; i++)
		ids[i] = SUBMIT(app, );
	for (unsigned i = 0; i < 5; i++)
		app_later(app, 1000);
	assert_int_equal(app->orders, 0);
	for (unsigned i = 0; i < 3; i++)
		expect_next(app, &ids[i], i + 1);
}

/* As many of one recipient leave in one commit as there is room for. */
static void one_recipient_alone_is_as_fast_as_many(void **state)
{
	struct app *app = *state;
	struct fg_id ids[3][MANY];

	fill(app, ids);
	app->fixture->core.links[0].credits = 16;
	fg_relay_decide_batch(app->fixture->core.relays);
	assert_non_null(app->fixture->core.relays->batch);
	app_turn(app);
	assert_int_equal(app->orders, 16);
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(app_state(app, &ids[0][i]), FG_JOB_SENDING);
	assert_int_equal(app_state(app, &ids[0][12]), FG_JOB_READY);
}

/* Three are taken out, there is room for one: the other two are put back, and those that came later stay behind them. */
static void what_is_put_back_stands_where_it_came(void **state)
{
	struct app *app = *state;
	struct fg_core *core = &app->fixture->core;
	struct fg_id ids[6];

	app->fixture->conf.links[1].price_micro = 100;
	app->fixture->conf.accounts[0].price_max_micro = 50;
	app_link(app, 0, true, 0);
	app_link(app, 1, true, 0);
	for (unsigned i = 0; i < 5; i++)
		ids[i] = SUBMIT(app, );
	app_turn(app);
	core->links[0].credits = 1;
	core->links[1].credits = 2; /* of no use to these */
	fg_relay_decide_batch(core->relays);
	assert_non_null(core->relays->batch);
	ids[5] = SUBMIT(app, );
	app_turn(app);
	assert_int_equal(app->orders, 1);
	for (unsigned i = 1; i < 6; i++)
		expect_next(app, &ids[i], i + 1);
}

/* One that comes while another to the same phone is looked at stands behind it. */
static void what_comes_meanwhile_stands_behind(void **state)
{
	struct app *app = *state;
	struct fg_core *core = &app->fixture->core;
	struct fg_id first, second;

	app_link(app, 0, true, 0);
	app_link(app, 1, false, 0);
	first = SUBMIT(app, );
	app_turn(app);
	core->links[0].credits = 1;
	fg_relay_decide_batch(core->relays);
	assert_non_null(core->relays->batch);
	second = SUBMIT(app, );
	app_turn(app);
	assert_int_equal(app->orders, 1);
	assert_int_equal(fg_id_cmp(&app_order(app)->message_id, &first), 0);
	expect_next(app, &second, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP(each_recipient_has_its_turn),
		APP(a_restart_gives_the_same_turns),
		APP(a_turn_that_ends_otherwise_is_passed_on),
		APP(what_is_put_back_is_not_overtaken),
		APP(one_recipient_alone_is_as_fast_as_many),
		APP(what_is_put_back_stands_where_it_came),
		APP(what_comes_meanwhile_stands_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
