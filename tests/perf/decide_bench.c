/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nanoseconds per decision with 1, 100 and 1000 rules of which the last matches: plain lines
 * "decide/1rule NS ns". Build it with `make tests/perf/decide_bench`, without sanitizers.
 */
#include "gateway/decide/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5, RULE_VISITS = 20000000, CALLS_MAX = 1000000 };

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void make_policy(struct fg_policy *policy, struct fg_policy_rule *rules, uint16_t count)
{
	struct fg_policy_rule rule = { .action = FG_RULE_LINKS,
				       .links_count = 2,
				       .links = { 0, 1 } };

	fg_policy_init(policy, rules, count, 2);
	for (uint16_t i = 1; i <= count; i++) {
		if (i < count)
			snprintf(rule.recipient, sizeof(rule.recipient), "+99%u", 1000u + i);
		else
			rule.recipient[0] = '\0';
		if (fg_policy_add_rule(policy, &rule) != FG_OK)
			abort();
	}
	if (fg_policy_set_default(policy, &rule) != FG_OK)
		abort();
}

/* The best of some rounds: the machine's noise only adds. */
static uint64_t measure_ns(const struct fg_policy *policy, struct fg_facts *facts, unsigned calls)
{
	uint64_t best = UINT64_MAX;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t start = now_ns(), took;
		unsigned downgrades = 0;

		for (unsigned i = 0; i < calls; i++) {
			facts->spread = i;
			downgrades += fg_decide(policy, facts).action == FG_ACTION_DOWNGRADE;
		}
		took = (now_ns() - start) / calls;
		best = took < best ? took : best;
		if (downgrades != calls)
			abort();
	}
	return best;
}

int main(void)
{
	static const uint16_t counts[] = { 1, 100, 1000 };
	static struct fg_policy_rule rules[FG_POLICY_RULES_MAX];
	struct fg_facts facts = { .view = FG_VIEW_ABSENT,
				  .consent = FG_CONSENT_DEVICE,
				  .consent_bearers = 15,
				  .left_ms = 1000,
				  .consent_reasons = FG_CONSENT_FOR_ABSENT,
				  .consent_max_segments = 1,
				  .sender_policy = FG_POLICY_ALLOW,
				  .recipient = "+491701234567",
				  .links_count = 2 };
	struct fg_policy policy;

	for (unsigned i = 0; i < 2; i++)
		facts.links[i] =
			(struct fg_link_facts){ .bearer = FG_BEARER_SMS, .up = true, .credits = 1 };
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		unsigned calls = RULE_VISITS / counts[i];

		calls = calls < CALLS_MAX ? calls : CALLS_MAX;
		make_policy(&policy, rules, counts[i]);
		printf("decide/%urule%s %llu ns\n", counts[i], counts[i] == 1 ? "" : "s",
		       (unsigned long long)measure_ns(&policy, &facts, calls));
	}
	return 0;
}
