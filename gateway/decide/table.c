/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From facts to the line of table.def that decides. Each condition reads a number out of range as
 * its safe value, since a wrong fact must never open anything.
 */
#include "gateway/decide/table.h"
#include "gateway/decide/link.h"

#define BIT(condition, value)         (UINT64_C(1) << FG_BIT_##condition##_##value)
#define EITHER(condition, test, a, b) ((test) ? BIT(condition, a) : BIT(condition, b))
#define ALL(condition)                ((UINT64_C(1) << FG_END_##condition) - (UINT64_C(1) << FG_FIRST_##condition))
#define NOT(condition, value)         BIT(condition, value)
#define IS(condition, value)          (ALL(condition) & ~BIT(condition, value))

static const struct fg_table_line lines[] = {
#define FG_LINE(number, act, why, conditions)                                                      \
	{ .row = (number),                                                                         \
	  .action = FG_ACTION_##act,                                                               \
	  .reason = FG_REASON_##why,                                                               \
	  .excluded = (conditions) },
#include "gateway/decide/table.def"
#undef FG_LINE
};

static const struct fg_table_condition conditions[] = {
#define FG_CONDITION2(name, question, a, b)                                                        \
	{ #name, question, FG_FIRST_##name, 2, { #a, #b, NULL } },
#define FG_CONDITION3(name, question, a, b, c)                                                     \
	{ #name, question, FG_FIRST_##name, 3, { #a, #b, #c } },
#include "gateway/decide/table.def"
#undef FG_CONDITION2
#undef FG_CONDITION3
};

static const struct fg_table_row rows[] = {
#define FG_ROW(...) { __VA_ARGS__ },
#include "gateway/decide/table.def"
#undef FG_ROW
};

enum { LINES = sizeof(lines) / sizeof(lines[0]), ROWS = sizeof(rows) / sizeof(rows[0]) };

static uint64_t view_bit(const struct fg_facts *facts)
{
	if (facts->view == FG_VIEW_SECURE)
		return BIT(view, SECURE);
#ifndef FG_MUTANT_unknown_view
	if (facts->view != FG_VIEW_ABSENT)
		return BIT(view, UNKNOWN);
#endif
	return BIT(view, ABSENT);
}

static uint64_t pin_bit(const struct fg_facts *facts)
{
	if (facts->pin == FG_PIN_DEREGISTERED)
		return BIT(pin, DEREGISTERED);
#ifndef FG_MUTANT_pin_conflict
	if (facts->pin != FG_PIN_NONE)
		return BIT(pin, HELD);
#endif
	return BIT(pin, NONE);
}

static uint64_t identity_bit(const struct fg_facts *facts)
{
#ifndef FG_MUTANT_identity_changed
	if (facts->identity != FG_IDENTITY_SAME)
		return BIT(identity, OTHER);
#endif
	(void)facts;
	return BIT(identity, SAME);
}

static uint64_t epoch_bit(const struct fg_facts *facts)
{
#ifndef FG_MUTANT_stale_epoch
	if (facts->epoch != FG_EPOCH_CURRENT)
		return BIT(epoch, LOWER);
#endif
	(void)facts;
	return BIT(epoch, CURRENT);
}

static uint64_t policy_bit(const struct fg_facts *facts)
{
#ifndef FG_MUTANT_secure_only
	if (facts->sender_policy != FG_POLICY_ASK && facts->sender_policy != FG_POLICY_ALLOW)
		return BIT(policy, SECURE_ONLY);
#endif
	(void)facts;
	return BIT(policy, ASK_OR_ALLOW);
}

bool fg_table_consented(const struct fg_facts *facts)
{
#ifndef FG_MUTANT_no_consent
	if (facts->consent != FG_CONSENT_DEVICE && facts->consent != FG_CONSENT_CONTRACT)
		return false;
#endif
	return (facts->consent_bearers & FG_BEARERS_UNPROTECTED) != 0;
}

/* A consent without a T names no time at all: it is never over. */
static uint64_t silence_bit(const struct fg_facts *facts, bool consented)
{
	if (!consented || !(facts->consent_reasons & FG_CONSENT_FOR_UNDELIVERED) ||
	    !facts->consent_after_ms)
		return BIT(silence, NO);
	return EITHER(silence, facts->age_ms >= facts->consent_after_ms, OVER, RUNNING);
}

static bool floor_met(const struct fg_facts *facts)
{
	bool met = facts->floor == FG_PROTECTION_NONE;

	for (unsigned i = 0; i < facts->links_count && i < FG_LINKS_MAX; i++)
		met |= fg_link_protection(&facts->links[i]) >= facts->floor;
	return met;
}

static bool promised(const struct fg_facts *facts)
{
#ifndef FG_MUTANT_confidential
	return facts->consent == FG_CONSENT_CONTRACT &&
	       facts->message_class == FG_MESSAGE_CONFIDENTIAL;
#else
	(void)facts;
	return false;
#endif
}

static bool acknowledged(const struct fg_facts *facts)
{
#ifndef FG_MUTANT_acknowledged
	return facts->acked || facts->withdraw == FG_WITHDRAW_FAILED;
#else
	(void)facts;
	return false;
#endif
}

uint64_t fg_table_bits(const struct fg_facts *facts)
{
	bool consented = fg_table_consented(facts);
	bool absence = consented && (facts->consent_reasons & FG_CONSENT_FOR_ABSENT);

	return view_bit(facts) | pin_bit(facts) | identity_bit(facts) | epoch_bit(facts) |
	       policy_bit(facts) | silence_bit(facts, consented) |
	       EITHER(absence, absence, YES, NO) |
	       EITHER(pin_ack, facts->consent_pin_ack, YES, NO) |
	       EITHER(floor, floor_met(facts), MET, ABOVE) |
	       EITHER(promise, promised(facts), YES, NO) |
	       EITHER(cancelled, facts->cancelled, YES, NO) |
	       EITHER(acked, acknowledged(facts), YES, NO) |
	       EITHER(withdrawn, facts->withdraw == FG_WITHDRAW_DONE, YES, NO) |
	       EITHER(deadline, facts->left_ms == 0, AT, BEFORE) |
	       EITHER(online, facts->sender_online, YES, NO);
}

const struct fg_table_line *fg_table_find(uint64_t bits)
{
	const struct fg_table_line *line = lines;

	while (line < &lines[LINES - 1] && (line->excluded & bits))
		line++;
	return line;
}

const struct fg_table_condition *fg_table_condition(unsigned number)
{
	return number < FG_CONDITION_COUNT ? &conditions[number] : NULL;
}

const struct fg_table_row *fg_table_row(unsigned number)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (rows[i].number == number)
			return &rows[i];
	return NULL;
}
