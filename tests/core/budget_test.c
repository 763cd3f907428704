/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "gateway/core/budget.h"

struct world {
	struct fg_conf conf;
	struct fg_clock clock;
	struct fg_core core;
};

static const uint8_t alice[FG_DEVICE_ID_LEN] = { 1 }, bob[FG_DEVICE_ID_LEN] = { 2 };

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->conf.limits = (struct fg_conf_limits){ .lookups_burst = 2,
						      .lookups_per_minute = 1,
						      .lookups_per_day = 100,
						      .submits_burst = 3,
						      .submits_per_second = 2 };
	world->core.conf = &world->conf;
	world->core.clock = &world->clock;
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	fg_budgets_free(&world->core);
	free(world);
	return 0;
}

static void a_burst_of_submits_passes_and_the_next_one_is_told_when(void **state)
{
	struct world *world = *state;
	uint64_t retry_ms = 0;

	for (int i = 0; i < 3; i++)
		assert_true(fg_budget_submit(&world->core, alice, &retry_ms));
	assert_false(fg_budget_submit(&world->core, alice, &retry_ms));
	assert_in_range(retry_ms, 1, 501);
	world->clock.offset_ms += 501;
	assert_true(fg_budget_submit(&world->core, alice, &retry_ms));
	assert_false(fg_budget_submit(&world->core, alice, &retry_ms));
}

static void one_device_does_not_use_up_anothers_budget(void **state)
{
	struct world *world = *state;
	uint64_t retry_ms;

	while (fg_budget_submit(&world->core, alice, &retry_ms))
		continue;
	assert_true(fg_budget_submit(&world->core, bob, &retry_ms));
	assert_true(fg_budget_lookup(&world->core, alice));
}

static void a_long_pause_fills_no_more_than_the_burst(void **state)
{
	struct world *world = *state;
	uint64_t retry_ms;
	int passed = 0;

	assert_true(fg_budget_submit(&world->core, alice, &retry_ms));
	world->clock.offset_ms += 3600 * 1000;
	while (fg_budget_submit(&world->core, alice, &retry_ms))
		passed++;
	assert_int_equal(passed, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_burst_of_submits_passes_and_the_next_one_is_told_when, setup, teardown),
		cmocka_unit_test_setup_teardown(one_device_does_not_use_up_anothers_budget, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_long_pause_fills_no_more_than_the_burst, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
