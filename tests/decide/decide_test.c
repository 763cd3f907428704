/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The decision, case by case in sentences. What holds for every combination is in
 * exhaustive_test.c.
 */
#include "tests/support/fg_test.h"
#include "tests/decide/support.h"

#pragma GCC diagnostic ignored "-Woverride-init"

struct decide_case {
	const char *name;
	struct fg_facts facts;
	struct fg_decision expected;
};

#define F(...)                                                                                     \
	{                                                                                          \
		CALM, __VA_ARGS__                                                                  \
	}
#define D(act, number, why, ...)                                                                   \
	{                                                                                          \
		.action = FG_ACTION_##act, .row = (number), .reason = FG_REASON_##why, __VA_ARGS__ \
	}
#define RULED(why) .rule = 1, .rule_reason = FG_REASON_##why
#define LINKS(...) .links = { __VA_ARGS__ }
#define RCS(...)                                                                                   \
	{                                                                                          \
		.bearer = FG_BEARER_RCS, .up = true, .credits = 1, __VA_ARGS__                     \
	}
#define SMS(...)                                                                                   \
	{                                                                                          \
		.bearer = FG_BEARER_SMS, .up = true, .credits = 1, __VA_ARGS__                     \
	}

static const struct decide_case cases[] = {
	{ "secure devices get it secure, and silence is looked at when T is over",
	  F(.view = FG_VIEW_SECURE), D(SECURE, 1, SECURE_DEVICES, .wait_ms = 50000) },
	{ "signed absence, consent and no pin falls back to the first link", F(.pin = FG_PIN_NONE),
	  D(DOWNGRADE, 4, ABSENT, .link = LINK_RCS, RULED(RULE_LINK)) },
	{ "signed absence at the deadline expires", F(.left_ms = 0), D(EXPIRE, 4, DEADLINE) },
	{ "an unknown view waits, whatever the consent", F(.view = FG_VIEW_UNKNOWN),
	  D(WAIT, 8, UNKNOWN_VIEW, .wait_ms = 54000) },
	{ "an unknown view waits no longer than until the deadline",
	  F(.view = FG_VIEW_UNKNOWN, .left_ms = 7), D(WAIT, 8, UNKNOWN_VIEW, .wait_ms = 7) },
	{ "an unknown view at the deadline expires", F(.view = FG_VIEW_UNKNOWN, .left_ms = 0),
	  D(EXPIRE, 9, UNKNOWN_AT_DEADLINE) },
	{ "a view out of range counts as unknown", F(.view = (enum fg_view_state)77),
	  D(WAIT, 8, UNKNOWN_VIEW, .wait_ms = 54000) },
	{ "one-time codes are tried again within seconds",
	  F(.view = FG_VIEW_UNKNOWN, .message_class = FG_MESSAGE_OTP),
	  D(WAIT, 8, UNKNOWN_VIEW, .wait_ms = 4500) },
	{ "the back-off grows with the tries", F(.view = FG_VIEW_UNKNOWN, .tries = 2),
	  D(WAIT, 8, UNKNOWN_VIEW, .wait_ms = 810000) },
	{ "the back-off ends at its last step",
	  F(.view = FG_VIEW_UNKNOWN, .tries = 60000, .left_ms = UINT32_MAX),
	  D(WAIT, 8, UNKNOWN_VIEW, .wait_ms = 19440000) },
	{ "the spread moves the back-off", F(.view = FG_VIEW_UNKNOWN, .spread = 12000),
	  D(WAIT, 8, UNKNOWN_VIEW, .wait_ms = 66000) },
	{ "an older epoch waits for the directory",
	  F(.view = FG_VIEW_SECURE, .pin = FG_PIN_HELD, .epoch = FG_EPOCH_LOWER),
	  D(WAIT, 2, STALE_DIRECTORY, .wait_ms = 54000) },
	{ "an older epoch at the deadline expires",
	  F(.view = FG_VIEW_SECURE, .pin = FG_PIN_HELD, .epoch = FG_EPOCH_LOWER, .left_ms = 0),
	  D(EXPIRE, 2, STALE_DIRECTORY) },
	{ "another account key waits for the sender",
	  F(.view = FG_VIEW_SECURE, .pin = FG_PIN_HELD, .identity = FG_IDENTITY_OTHER),
	  D(WAIT, 3, IDENTITY_CHANGED, .wait_ms = 54000) },
	{ "another account key at the deadline expires",
	  F(.view = FG_VIEW_SECURE, .pin = FG_PIN_HELD, .identity = FG_IDENTITY_OTHER,
	    .left_ms = 0),
	  D(EXPIRE, 3, IDENTITY_CHANGED) },
	{ "another account key after a tombstone is a new owner and secure",
	  F(.view = FG_VIEW_SECURE, .pin = FG_PIN_DEREGISTERED, .identity = FG_IDENTITY_OTHER),
	  D(SECURE, 1, SECURE_DEVICES, .wait_ms = 50000) },
	{ "a pin holds an absence without acknowledgement", F(.pin = FG_PIN_HELD),
	  D(WAIT, 5, PIN_CONFLICT, .wait_ms = 54000) },
	{ "a pin conflict at the deadline expires", F(.pin = FG_PIN_HELD, .left_ms = 0),
	  D(EXPIRE, 5, PIN_CONFLICT) },
	{ "an acknowledged pin may be overridden, and that is recorded",
	  F(.pin = FG_PIN_HELD, .consent_pin_ack = true),
	  D(DOWNGRADE, 6, PIN_OVERRIDE, .link = LINK_RCS, .pin_override = true, RULED(RULE_LINK)) },
	{ "an override that finds no link is not recorded as one",
	  F(.pin = FG_PIN_HELD, .consent_pin_ack = true, .links_count = 0),
	  D(WAIT, 6, NO_LINK, .wait_ms = 27000, RULED(RULE_LINK)) },
	{ "a de-registered recipient is reached unprotected, with the reason",
	  F(.pin = FG_PIN_DEREGISTERED),
	  D(DOWNGRADE, 7, DEREGISTERED, .link = LINK_RCS, RULED(RULE_LINK)) },
	{ "silence over T takes the secure copies back first",
	  F(.view = FG_VIEW_SECURE, .age_ms = 60000),
	  D(WITHDRAW, 10, UNDELIVERED, RULED(RULE_LINK)) },
	{ "silence leaves the copies where they are while no link could carry it",
	  F(.view = FG_VIEW_SECURE, .age_ms = 60000,
	    LINKS({ .bearer = FG_BEARER_RCS }, { .bearer = FG_BEARER_SMS })),
	  D(SECURE, 10, NO_LINK, .wait_ms = 27000, RULED(RULE_LINK)) },
	{ "withdrawn copies may be replaced by a downgrade",
	  F(.view = FG_VIEW_SECURE, .age_ms = 60000, .withdraw = FG_WITHDRAW_DONE),
	  D(DOWNGRADE, 10, UNDELIVERED, .link = LINK_RCS, RULED(RULE_LINK)) },
	{ "withdrawn copies at the deadline expire",
	  F(.view = FG_VIEW_SECURE, .age_ms = 60000, .withdraw = FG_WITHDRAW_DONE, .left_ms = 0),
	  D(EXPIRE, 10, DEADLINE) },
	{ "silence at the deadline withdraws nothing",
	  F(.view = FG_VIEW_SECURE, .age_ms = 60000, .left_ms = 0), D(SECURE, 1, SECURE_DEVICES) },
	{ "a failed withdrawal means that a device has it",
	  F(.view = FG_VIEW_SECURE, .age_ms = 60000, .withdraw = FG_WITHDRAW_FAILED),
	  D(SECURE, 11, ACKNOWLEDGED) },
	{ "an acknowledged message is never downgraded, not even when the account is gone since",
	  F(.acked = true), D(SECURE, 11, ACKNOWLEDGED) },
	{ "a consent that names no T never ends in silence",
	  F(.view = FG_VIEW_SECURE, .age_ms = 60000, .consent_after_ms = 0),
	  D(SECURE, 1, SECURE_DEVICES) },
	{ "a contract's confidential message never falls back on silence",
	  F(.view = FG_VIEW_SECURE, .age_ms = 60000, .consent = FG_CONSENT_CONTRACT,
	    .message_class = FG_MESSAGE_CONFIDENTIAL),
	  D(SECURE, 1, SECURE_DEVICES) },
	{ "secure-only never falls back on silence",
	  F(.view = FG_VIEW_SECURE, .age_ms = 60000, .sender_policy = FG_POLICY_SECURE_ONLY),
	  D(SECURE, 1, SECURE_DEVICES) },
	{ "a sender that is online is asked for consent",
	  F(.consent = FG_CONSENT_NONE, .sender_online = true), D(ASK, 12, NO_CONSENT) },
	{ "without consent it waits for the sender, policy allow or not",
	  F(.consent = FG_CONSENT_NONE), D(WAIT, 12, NO_CONSENT, .wait_ms = 54000) },
	{ "an invalid consent is none", F(.consent = FG_CONSENT_INVALID),
	  D(WAIT, 12, NO_CONSENT, .wait_ms = 54000) },
	{ "a consent for another reason is none", F(.consent_reasons = FG_CONSENT_FOR_UNDELIVERED),
	  D(WAIT, 12, NO_CONSENT, .wait_ms = 54000) },
	{ "a consent that names no unprotected bearer is none",
	  F(.consent_bearers = FG_BEARER_BIT(FG_BEARER_SECURE)),
	  D(WAIT, 12, NO_CONSENT, .wait_ms = 54000) },
	{ "without consent it expires, asked or not",
	  F(.consent = FG_CONSENT_NONE, .sender_online = true, .left_ms = 0),
	  D(EXPIRE, 12, NO_CONSENT) },
	{ "secure-only to a handle without devices is refused",
	  F(.sender_policy = FG_POLICY_SECURE_ONLY), D(REFUSE, 13, BELOW_FLOOR) },
	{ "a floor above what any link gives is refused", F(.floor = FG_PROTECTION_E2E),
	  D(REFUSE, 13, BELOW_FLOOR) },
	{ "cancelled before opening goes nowhere", F(.cancelled = true),
	  D(CANCELLED, 14, CANCELLED) },
	{ "a floor of hop passes over SMS",
	  F(.floor = FG_PROTECTION_HOP,
	    LINKS({ .bearer = FG_BEARER_SMS, .up = true, .credits = 1 }, RCS(0))),
	  D(DOWNGRADE, 4, ABSENT, .link = 1, RULED(RULE_LINK)) },
	{ "after a failed leg the next link is taken", F(LINKS(RCS(.failed = true), SMS(0))),
	  D(DOWNGRADE, 4, ABSENT, .link = LINK_SMS, RULED(LINK_FAILED)) },
	{ "when every link has failed it is refused",
	  F(LINKS(RCS(.failed = true), SMS(.failed = true))),
	  D(REFUSE, 4, LINKS_EXHAUSTED, RULED(RULE_LINK)) },
	{ "one failed and one down waits for the one that is down",
	  F(LINKS(RCS(.failed = true), { .bearer = FG_BEARER_SMS })),
	  D(WAIT, 4, NO_LINK, .wait_ms = 27000, RULED(RULE_LINK)) },
	{ "a link without credit is passed over",
	  F(LINKS({ .bearer = FG_BEARER_RCS, .up = true }, SMS(0))),
	  D(DOWNGRADE, 4, ABSENT, .link = LINK_SMS, RULED(RULE_LINK)) },
	{ "a bearer outside the consent is passed over",
	  F(.consent_bearers = FG_BEARER_BIT(FG_BEARER_SMS)),
	  D(DOWNGRADE, 4, ABSENT, .link = LINK_SMS, RULED(RULE_LINK)) },
	{ "a link that needs more segments than consented is passed over",
	  F(LINKS(RCS(.segments = 5), SMS(.segments = 4))),
	  D(DOWNGRADE, 4, ABSENT, .link = LINK_SMS, RULED(RULE_LINK)) },
	{ "what is too long for every link does not wait for one",
	  F(LINKS(RCS(.segments = 5), SMS(.segments = 5))),
	  D(REFUSE, 4, LINKS_EXHAUSTED, RULED(RULE_LINK)) },
	{ "what fits one that is down waits for it",
	  F(LINKS(RCS(.segments = 5), { .bearer = FG_BEARER_SMS, .segments = 4 })),
	  D(WAIT, 4, NO_LINK, .wait_ms = 27000, RULED(RULE_LINK)) },
};

static void expect_decision(const char *name, const struct fg_decision *got,
			    const struct fg_decision *want)
{
	if (got->action != want->action || got->row != want->row || got->reason != want->reason ||
	    got->link != want->link || got->pin_override != want->pin_override ||
	    got->wait_ms != want->wait_ms || got->rule != want->rule ||
	    got->rule_reason != want->rule_reason)
		fail_msg("%s: got %s row %d %s link %d wait %u rule %d %s", name,
			 fg_action_name(got->action), got->row, fg_reason_code(got->reason),
			 got->link, got->wait_ms, got->rule, fg_reason_code(got->rule_reason));
}

static void decide_one(void **state)
{
	const struct decide_case *c = *state;
	struct fg_policy policy;
	struct fg_decision got;

	calm_policy(&policy, NULL, 0);
	got = fg_decide(&policy, &c->facts);
	expect_decision(c->name, &got, &c->expected);
}

static void names_are_stable_and_never_null(void **state)
{
	(void)state;
	assert_string_equal(fg_action_name(FG_ACTION_DOWNGRADE), "DOWNGRADE");
	assert_string_equal(fg_reason_code(FG_REASON_PIN_CONFLICT), "pin-conflict");
	assert_string_equal(fg_reason_text(FG_REASON_DEADLINE), "the message expired");
	assert_string_equal(fg_bearer_name(FG_BEARER_SMS), "sms");
	assert_string_equal(fg_protection_name(FG_PROTECTION_HOP), "hop");
	assert_string_equal(fg_message_class_name(FG_MESSAGE_OTP), "otp");
	assert_string_equal(fg_action_name(FG_ACTION_COUNT), "?");
	assert_string_equal(fg_reason_code(FG_REASON_COUNT), "?");
	assert_string_equal(fg_bearer_name(FG_BEARER_COUNT), "?");
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(cases) + 1] = { cmocka_unit_test(
		names_are_stable_and_never_null) };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		tests[i + 1] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = decide_one,
						    .initial_state = (void *)(uintptr_t)&cases[i] };
	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
