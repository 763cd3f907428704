/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The decision: find the line of the built-in table that holds, do what it says, and where it says
 * that the rules may downgrade, ask them. What a line means is in table.def, how facts become
 * conditions in table.c, the rules in policy.c.
 */
#include "gateway/decide/decide.h"
#include "gateway/decide/policy.h"
#include "gateway/decide/table.h"

/* How long to wait before the next decision, by tries so far: what operators expect of retries, in
 * milliseconds. */
static const uint32_t steps_ms[] = { 60000, 300000, 900000, 3600000, 10800000, 21600000 };
static const uint32_t steps_otp_ms[] = { 5000, 15000, 30000 };

/* A link that is down is no attempt: look again soon. */
enum { NO_LINK_MS = 30000, JITTER_DIVISOR = 10 };

static uint32_t step_ms(const uint32_t *steps, uint32_t count, uint32_t tries)
{
	return steps[tries < count ? tries : count - 1];
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The step, 10 % up or down so that what waited together does not come back together; never beyond
 * the deadline. */
static uint32_t back_off_ms(const struct fg_facts *facts, enum fg_reason reason)
{
	uint32_t base_ms =
		facts->message_class == FG_MESSAGE_OTP
			? step_ms(steps_otp_ms, sizeof(steps_otp_ms) / sizeof(uint32_t),
				  facts->tries)
			: step_ms(steps_ms, sizeof(steps_ms) / sizeof(uint32_t), facts->tries);
	uint32_t tenth_ms;

	if (reason == FG_REASON_NO_LINK)
		base_ms = least(base_ms, NO_LINK_MS);
	tenth_ms = base_ms / JITTER_DIVISOR;
	return least(base_ms - tenth_ms + facts->spread % (2 * tenth_ms + 1), facts->left_ms);
}

/* When row 10 may come to hold, if nothing else changes; 0 when it will not. */
static uint32_t silence_left_ms(const struct fg_facts *facts, uint64_t bits)
{
	const uint64_t running = UINT64_C(1) << FG_BIT_silence_RUNNING;
	const uint64_t over = UINT64_C(1) << FG_BIT_silence_OVER;

	if (!(bits & running) || fg_table_find((bits & ~running) | over)->row != 10)
		return 0;
	return least(facts->consent_after_ms - facts->age_ms, facts->left_ms);
}

static void take_verdict(struct fg_decision *decision, const struct fg_policy_verdict *verdict)
{
	decision->action = verdict->action;
	decision->link = verdict->link;
	decision->rule = verdict->rule;
	decision->rule_reason = verdict->rule_reason;
	if (verdict->action != FG_ACTION_DOWNGRADE)
		decision->reason = verdict->reason;
}

/* The line lets the rules downgrade. */
static void may_downgrade(const struct fg_policy *policy, const struct fg_facts *facts,
			  struct fg_decision *decision)
{
	struct fg_policy_verdict verdict = fg_policy_ask(policy, facts);

	take_verdict(decision, &verdict);
	decision->pin_override = decision->row == 6 && decision->action == FG_ACTION_DOWNGRADE;
}

/* Copies are taken back only for a downgrade that could follow at once; until then they are better
 * off where they are. */
static void may_withdraw(const struct fg_policy *policy, const struct fg_facts *facts,
			 struct fg_decision *decision)
{
	struct fg_policy_verdict verdict = fg_policy_ask(policy, facts);

	decision->rule = verdict.rule;
	decision->rule_reason = verdict.rule_reason;
	if (verdict.action == FG_ACTION_DOWNGRADE)
		return;
	decision->action = FG_ACTION_SECURE;
	decision->reason = verdict.reason;
	decision->wait_ms = back_off_ms(facts, verdict.reason);
}

struct fg_decision fg_decide(const struct fg_policy *policy, const struct fg_facts *facts)
{
	uint64_t bits = fg_table_bits(facts);
	const struct fg_table_line *line = fg_table_find(bits);
	struct fg_decision decision = { .action = line->action,
					.row = line->row,
					.reason = line->reason };

	if (line->action == FG_ACTION_DOWNGRADE)
		may_downgrade(policy, facts, &decision);
	else if (line->action == FG_ACTION_WITHDRAW)
		may_withdraw(policy, facts, &decision);
	else if (line->action == FG_ACTION_SECURE)
		decision.wait_ms = silence_left_ms(facts, bits);
	if (decision.action == FG_ACTION_WAIT)
		decision.wait_ms = back_off_ms(facts, decision.reason);
	return decision;
}
