/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every combination of facts. The rows are written here a second time, each as a whole predicate of
 * its own and straight from the facts, so that "exactly one holds" and "the code gives that one"
 * are real statements. Then the sentences that the product serves.
 */
#include "tests/support/fg_test.h"
#include "tests/decide/support.h"

enum { LINK_STATES = 5, T_MS = 1000, LEFT_MS = 500, ROWS = 14 };

static const struct fg_link_facts link_states[LINK_STATES][2] = {
	{ { .bearer = FG_BEARER_RCS, .up = true, .credits = 1 },
	  { .bearer = FG_BEARER_SMS, .up = true, .credits = 1 } },
	{ { .bearer = FG_BEARER_RCS, .up = true, .credits = 1, .failed = true },
	  { .bearer = FG_BEARER_SMS, .up = true, .credits = 1 } },
	{ { .bearer = FG_BEARER_MMS, .up = true, .credits = 1 },
	  { .bearer = FG_BEARER_SMS, .credits = 1 } },
	{ { .bearer = FG_BEARER_SMS, .up = true, .credits = 1, .failed = true },
	  { .bearer = FG_BEARER_SMS, .up = true, .credits = 1, .failed = true } },
	{ { .bearer = FG_BEARER_SMS, .up = true }, { .bearer = FG_BEARER_MMS, .credits = 1 } },
};

static bool valid(const struct fg_facts *f)
{
	return (f->consent == FG_CONSENT_DEVICE || f->consent == FG_CONSENT_CONTRACT) &&
	       (f->consent_bearers & ~1u);
}

static bool for_absence(const struct fg_facts *f)
{
	return valid(f) && (f->consent_reasons & FG_CONSENT_FOR_ABSENT);
}

static bool reachable_floor(const struct fg_facts *f)
{
	bool rcs = false;

	for (unsigned i = 0; i < f->links_count; i++)
		rcs = rcs || f->links[i].bearer == FG_BEARER_RCS;
	return f->floor == FG_PROTECTION_NONE || (f->floor == FG_PROTECTION_HOP && rcs);
}

static bool seen(const struct fg_facts *f)
{
	return f->acked || f->withdraw == FG_WITHDRAW_FAILED;
}

static bool protected_only(const struct fg_facts *f)
{
	return f->sender_policy == FG_POLICY_SECURE_ONLY || !reachable_floor(f);
}

static bool row_13(const struct fg_facts *f)
{
	return !f->cancelled && f->view == FG_VIEW_ABSENT && !seen(f) && protected_only(f);
}

static bool row_2(const struct fg_facts *f)
{
	return !f->cancelled && f->view == FG_VIEW_SECURE && f->epoch == FG_EPOCH_LOWER;
}

static bool row_3(const struct fg_facts *f)
{
	return !f->cancelled && f->view == FG_VIEW_SECURE && f->epoch != FG_EPOCH_LOWER &&
	       f->identity == FG_IDENTITY_OTHER && f->pin != FG_PIN_DEREGISTERED;
}

static bool good_view(const struct fg_facts *f)
{
	return !f->cancelled && f->view == FG_VIEW_SECURE && !row_2(f) && !row_3(f);
}

static bool row_11(const struct fg_facts *f)
{
	return !f->cancelled && seen(f) && !row_2(f) && !row_3(f);
}

static bool row_10(const struct fg_facts *f)
{
	bool silence = valid(f) && (f->consent_reasons & FG_CONSENT_FOR_UNDELIVERED) &&
		       f->age_ms >= f->consent_after_ms;
	bool promise =
		f->consent == FG_CONSENT_CONTRACT && f->message_class == FG_MESSAGE_CONFIDENTIAL;

	return good_view(f) && !seen(f) && silence && !promise && !protected_only(f) &&
	       (f->left_ms || f->withdraw == FG_WITHDRAW_DONE);
}

static bool row_1(const struct fg_facts *f)
{
	return good_view(f) && !seen(f) && !row_10(f);
}

static bool unknown(const struct fg_facts *f)
{
	return !f->cancelled && f->view == FG_VIEW_UNKNOWN && !seen(f);
}

static bool absent(const struct fg_facts *f)
{
	return !f->cancelled && f->view == FG_VIEW_ABSENT && !seen(f) && !protected_only(f);
}

static unsigned rows_that_hold(const struct fg_facts *f)
{
	bool agreed = absent(f) && for_absence(f);
	const bool holds[ROWS + 1] = {
		[14] = f->cancelled,
		[13] = row_13(f),
		[2] = row_2(f),
		[3] = row_3(f),
		[11] = row_11(f),
		[10] = row_10(f),
		[1] = row_1(f),
		[9] = unknown(f) && !f->left_ms,
		[8] = unknown(f) && f->left_ms,
		[12] = absent(f) && !for_absence(f),
		[5] = agreed && f->pin == FG_PIN_HELD && !f->consent_pin_ack,
		[6] = agreed && f->pin == FG_PIN_HELD && f->consent_pin_ack,
		[7] = agreed && f->pin == FG_PIN_DEREGISTERED,
		[4] = agreed && f->pin == FG_PIN_NONE,
	};
	unsigned found = 0, count = 0;

	for (unsigned row = 1; row <= ROWS; row++) {
		count += holds[row];
		found = holds[row] ? row : found;
	}
	return count == 1 ? found : 0;
}

/* The sentences of the architecture, as far as one decision can break them. Each returns the
 * sentence that is broken. */
static const char *broken_by_downgrade(const struct fg_facts *f, const struct fg_decision *d)
{
	const struct fg_link_facts *link = &f->links[d->link];

	if (f->view == FG_VIEW_UNKNOWN)
		return "ignorance never downgrades";
	if (!valid(f))
		return "nothing is downgraded without a valid consent";
	if (f->view == FG_VIEW_ABSENT && f->pin == FG_PIN_HELD &&
	    !(d->pin_override && f->consent_pin_ack))
		return "a pin is never broken silently";
	if (f->view == FG_VIEW_SECURE &&
	    (f->epoch == FG_EPOCH_LOWER || f->withdraw != FG_WITHDRAW_DONE))
		return "silence downgrades only what was taken back";
	if (f->sender_policy == FG_POLICY_SECURE_ONLY)
		return "secure-only is never downgraded";
	if (seen(f) || f->cancelled || !f->left_ms)
		return "what is delivered, cancelled or expired is never downgraded";
	if (d->link >= f->links_count || !link->up || link->failed || !link->credits ||
	    !(f->consent_bearers & FG_BEARER_BIT(link->bearer)))
		return "a downgrade goes over a link that is up, allowed and not failed";
	if (f->floor == FG_PROTECTION_E2E ||
	    (f->floor == FG_PROTECTION_HOP && link->bearer != FG_BEARER_RCS))
		return "no bearer below the floor";
	return NULL;
}

static const char *broken_sentence(const struct fg_facts *f, const struct fg_decision *d)
{
	bool silent = f->view == FG_VIEW_SECURE && f->consent == FG_CONSENT_CONTRACT &&
		      f->message_class == FG_MESSAGE_CONFIDENTIAL;

	if (d->action == FG_ACTION_DOWNGRADE && broken_by_downgrade(f, d))
		return broken_by_downgrade(f, d);
	if (d->action == FG_ACTION_ASK && f->view != FG_VIEW_ABSENT)
		return "only a signed absence asks the sender";
	if ((d->action == FG_ACTION_DOWNGRADE || d->action == FG_ACTION_WITHDRAW) && silent)
		return "confidential never downgrades on silence under a contract";
	if (d->action == FG_ACTION_WAIT && (!d->wait_ms || d->wait_ms > f->left_ms))
		return "a wait ends at the deadline";
	if (d->pin_override && d->action != FG_ACTION_DOWNGRADE)
		return "only a downgrade overrides a pin";
	return NULL;
}

static void check(const struct fg_policy *policy, const struct fg_facts *f)
{
	struct fg_decision d = fg_decide(policy, f);
	unsigned row = rows_that_hold(f);
	const char *broken = broken_sentence(f, &d);

	if (row && row == d.row && !broken)
		return;
	fail_msg("view %d pin %d identity %d epoch %d consent %d reasons %d ack %d policy %d floor "
		 "%d class %d cancelled %d acked %d "
		 "withdraw %d left %u age %u online %d link0 %d: got row %d %s, expected row %u "
		 "(0: none or several)%s%s",
		 f->view, f->pin, f->identity, f->epoch, f->consent, f->consent_reasons,
		 f->consent_pin_ack, f->sender_policy, f->floor, f->message_class, f->cancelled,
		 f->acked, f->withdraw, f->left_ms, f->age_ms, f->sender_online, f->links[0].bearer,
		 d.row, fg_action_name(d.action), row, broken ? ", breaks: " : "",
		 broken ? broken : "");
}

/* The next value of one fact below its count; true when it wrapped and the next fact moves. */
#define WRAPPED(fact, count) (((fact) = (fact) + 1 == (count) ? 0 : (fact) + 1) == 0)

/* Every value of every fact that a row tests and that does not depend on the links: an odometer. */
static bool next_flags(struct fg_facts *f)
{
	bool over = f->age_ms != 0, before = f->left_ms != 0;

	f->age_ms = over ? 0 : T_MS;
	if (!over)
		return true;
	f->left_ms = before ? 0 : LEFT_MS;
	if (before)
		return true;
	return !WRAPPED(f->consent_pin_ack, 2) || !WRAPPED(f->cancelled, 2) ||
	       !WRAPPED(f->acked, 2) || !WRAPPED(f->sender_online, 2);
}

static bool next_states(struct fg_facts *f)
{
	bool confidential = f->message_class == FG_MESSAGE_CONFIDENTIAL;

	if (next_flags(f))
		return true;
	f->message_class = confidential ? FG_MESSAGE_NORMAL : FG_MESSAGE_CONFIDENTIAL;
	return !confidential || !WRAPPED(f->pin, 3) || !WRAPPED(f->identity, 2) ||
	       !WRAPPED(f->epoch, 2) || !WRAPPED(f->consent, 4) ||
	       !WRAPPED(f->consent_reasons, 4) || !WRAPPED(f->sender_policy, 3) ||
	       !WRAPPED(f->withdraw, 3);
}

static void every_combination(enum fg_view_state view, enum fg_protection floor)
{
	struct fg_facts facts = { .view = view,
				  .floor = floor,
				  .message_class = FG_MESSAGE_NORMAL,
				  .consent_after_ms = T_MS,
				  .consent_max_segments = 1,
				  .consent_bearers = FG_BEARER_BIT(FG_BEARER_RCS) |
						     FG_BEARER_BIT(FG_BEARER_SMS),
				  .left_ms = LEFT_MS,
				  .links_count = 2 };
	struct fg_policy policy;

	calm_policy(&policy, NULL, 0);
	do {
		for (unsigned i = 0; i < LINK_STATES; i++) {
			memcpy(facts.links, link_states[i], sizeof(link_states[i]));
			check(&policy, &facts);
		}
	} while (next_states(&facts));
}

#define EXHAUST(name, view, floor)                                                                 \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		every_combination(view, floor);                                                    \
	}

EXHAUST(an_unknown_view_meets_exactly_one_row_and_never_downgrades, FG_VIEW_UNKNOWN,
	FG_PROTECTION_NONE)
EXHAUST(an_unknown_view_with_a_floor_meets_exactly_one_row, FG_VIEW_UNKNOWN, FG_PROTECTION_HOP)
EXHAUST(an_unknown_view_with_the_highest_floor_meets_exactly_one_row, FG_VIEW_UNKNOWN,
	FG_PROTECTION_E2E)
EXHAUST(a_secure_view_meets_exactly_one_row_and_keeps_every_promise, FG_VIEW_SECURE,
	FG_PROTECTION_NONE)
EXHAUST(a_secure_view_with_a_floor_meets_exactly_one_row, FG_VIEW_SECURE, FG_PROTECTION_HOP)
EXHAUST(a_secure_view_with_the_highest_floor_meets_exactly_one_row, FG_VIEW_SECURE,
	FG_PROTECTION_E2E)
EXHAUST(an_absence_meets_exactly_one_row_and_keeps_every_promise, FG_VIEW_ABSENT,
	FG_PROTECTION_NONE)
EXHAUST(an_absence_with_a_floor_meets_exactly_one_row, FG_VIEW_ABSENT, FG_PROTECTION_HOP)
EXHAUST(an_absence_with_the_highest_floor_meets_exactly_one_row, FG_VIEW_ABSENT, FG_PROTECTION_E2E)

static void a_thousand_random_views_of_the_links_keep_every_promise(void **state)
{
	struct fg_facts f = { .view = FG_VIEW_ABSENT,
			      .consent = FG_CONSENT_DEVICE,
			      .consent_reasons = 1,
			      .left_ms = 1,
			      .links_count = 2 };
	struct fg_policy policy;
	uint32_t x = 1;

	(void)state;
	calm_policy(&policy, NULL, 0);
	for (unsigned n = 0; n < 1000; n++) {
		x = x * 1664525u + 1013904223u;
		f.consent_bearers = x >> 8 & 15;
		f.floor = x >> 12 & 1;
		f.sender_policy = FG_POLICY_ASK;
		for (unsigned i = 0; i < 2; i++)
			f.links[i] = (struct fg_link_facts){
				.bearer = (uint8_t)(1 + (x >> (13 + i) & 3) % 3),
				.up = x >> (16 + i) & 1,
				.failed = x >> (18 + i) & 1,
				.credits = x >> (20 + i) & 1
			};
		check(&policy, &f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_view_meets_exactly_one_row_and_never_downgrades),
		cmocka_unit_test(an_unknown_view_with_a_floor_meets_exactly_one_row),
		cmocka_unit_test(an_unknown_view_with_the_highest_floor_meets_exactly_one_row),
		cmocka_unit_test(a_secure_view_meets_exactly_one_row_and_keeps_every_promise),
		cmocka_unit_test(a_secure_view_with_a_floor_meets_exactly_one_row),
		cmocka_unit_test(a_secure_view_with_the_highest_floor_meets_exactly_one_row),
		cmocka_unit_test(an_absence_meets_exactly_one_row_and_keeps_every_promise),
		cmocka_unit_test(an_absence_with_a_floor_meets_exactly_one_row),
		cmocka_unit_test(an_absence_with_the_highest_floor_meets_exactly_one_row),
		cmocka_unit_test(a_thousand_random_views_of_the_links_keep_every_promise),
	};

	return cmocka_run_group_tests_name("exhaustive", tests, NULL, NULL);
}
