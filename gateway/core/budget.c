/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/core/budget.h"

#include <stdlib.h>
#include <string.h>

enum {
	BUDGETS_MAX = 100000,
	BUDGET_BUCKETS = 4096,
	SECOND_MS = 1000,
	MINUTE_MS = 60 * 1000,
	DAY_MS = 24 * 3600 * 1000,
};

/* Tokens are milliseconds times the rate: one costs its period, and each millisecond brings `rate` of them. */
struct bucket {
	uint64_t tokens;
};

struct budget {
	uint8_t device_id[FG_DEVICE_ID_LEN];
	struct bucket lookups, submits;
	uint64_t filled_ms;
	uint64_t day_ms; /* when its day began */
	int64_t lookups_today;
	struct budget *next;
};

struct fg_core_budgets {
	struct budget *chain[BUDGET_BUCKETS];
	size_t count;
};

static uint64_t full(int64_t burst, uint64_t period_ms)
{
	return (uint64_t)burst * period_ms;
}

static void gain(struct bucket *bucket, uint64_t elapsed_ms, int64_t rate, uint64_t cap)
{
	uint64_t gained = elapsed_ms * (uint64_t)rate;

	bucket->tokens = gained >= cap - bucket->tokens ? cap : bucket->tokens + gained;
}

static void refill(const struct fg_core *core, struct budget *budget, uint64_t now_ms)
{
	const struct fg_conf_limits *limits = &core->conf->limits;
	uint64_t elapsed_ms = now_ms - budget->filled_ms;

	gain(&budget->lookups, elapsed_ms, limits->lookups_per_minute,
	     full(limits->lookups_burst, MINUTE_MS));
	gain(&budget->submits, elapsed_ms, limits->submits_per_second,
	     full(limits->submits_burst, SECOND_MS));
	budget->filled_ms = now_ms;
	if (now_ms - budget->day_ms >= DAY_MS) {
		budget->day_ms = now_ms;
		budget->lookups_today = 0;
	}
}

static bool is_as_new(const struct fg_core *core, const struct budget *budget)
{
	const struct fg_conf_limits *limits = &core->conf->limits;

	return budget->lookups_today == 0 &&
	       budget->submits.tokens == full(limits->submits_burst, SECOND_MS);
}

/* Budgets that are as good as new need not be remembered. */
static void sweep(const struct fg_core *core, uint64_t now_ms)
{
	for (size_t i = 0; i < BUDGET_BUCKETS; i++) {
		struct budget **at = &core->budgets->chain[i];

		while (*at) {
			struct budget *budget = *at;

			refill(core, budget, now_ms);
			if (!is_as_new(core, budget)) {
				at = &budget->next;
				continue;
			}
			*at = budget->next;
			core->budgets->count--;
			free(budget);
		}
	}
}

static struct budget *budget_new(struct fg_core *core, struct budget **chain,
				 const uint8_t *device_id, uint64_t now_ms)
{
	struct budget *budget;

	if (core->budgets->count >= BUDGETS_MAX)
		sweep(core, now_ms);
	budget = core->budgets->count < BUDGETS_MAX ? calloc(1, sizeof(*budget)) : NULL;
	if (!budget)
		return NULL;
	memcpy(budget->device_id, device_id, FG_DEVICE_ID_LEN);
	budget->lookups.tokens = full(core->conf->limits.lookups_burst, MINUTE_MS);
	budget->submits.tokens = full(core->conf->limits.submits_burst, SECOND_MS);
	budget->filled_ms = budget->day_ms = now_ms;
	budget->next = *chain;
	*chain = budget;
	core->budgets->count++;
	return budget;
}

/* The device's budget, filled up to now; NULL without memory. */
static struct budget *budget_of(struct fg_core *core, const uint8_t *device_id)
{
	uint64_t now_ms = fg_clock_mono_ms(core->clock);
	struct budget **chain, *at;

	if (!core->budgets)
		core->budgets = calloc(1, sizeof(*core->budgets));
	if (!core->budgets)
		return NULL;
	chain = &core->budgets->chain[fg_store_part(device_id, FG_DEVICE_ID_LEN) +
				      FG_STORE_PARTS *
					      (device_id[0] % (BUDGET_BUCKETS / FG_STORE_PARTS))];
	for (at = *chain; at && memcmp(at->device_id, device_id, FG_DEVICE_ID_LEN) != 0;
	     at = at->next)
		continue;
	if (!at)
		at = budget_new(core, chain, device_id, now_ms);
	if (at)
		refill(core, at, now_ms);
	return at;
}

bool fg_budget_lookup(struct fg_core *core, const uint8_t device_id[static FG_DEVICE_ID_LEN])
{
	struct budget *budget = budget_of(core, device_id);

	if (!budget || budget->lookups.tokens < MINUTE_MS ||
	    budget->lookups_today >= core->conf->limits.lookups_per_day)
		return false;
	budget->lookups.tokens -= MINUTE_MS;
	budget->lookups_today++;
	return true;
}

bool fg_budget_submit(struct fg_core *core, const uint8_t device_id[static FG_DEVICE_ID_LEN],
		      uint64_t *retry_ms)
{
	struct budget *budget = budget_of(core, device_id);

	if (budget && budget->submits.tokens >= SECOND_MS) {
		budget->submits.tokens -= SECOND_MS;
		return true;
	}
	*retry_ms = SECOND_MS;
	if (budget)
		*retry_ms = (SECOND_MS - budget->submits.tokens) /
				    (uint64_t)core->conf->limits.submits_per_second +
			    1;
	return false;
}

void fg_budgets_free(struct fg_core *core)
{
	for (size_t i = 0; core->budgets && i < BUDGET_BUCKETS; i++)
		while (core->budgets->chain[i]) {
			struct budget *budget = core->budgets->chain[i];

			core->budgets->chain[i] = budget->next;
			free(budget);
		}
	free(core->budgets);
	core->budgets = NULL;
}
