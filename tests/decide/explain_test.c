/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"
#include "tests/decide/support.h"
#include "gateway/decide/explain.h"

static const struct fg_facts calm = { CALM };
static const char *const link_names[] = { "hub-a", "smsc-a" };

static void expect_explanation(const struct fg_policy *policy, const struct fg_facts *facts,
			       const char *expected)
{
	char text[8192];
	size_t len;

	assert_ok(fg_explain(policy, facts, link_names, text, sizeof(text), &len));
	assert_int_equal(strlen(text), len);
	assert_string_equal(text, expected);
}

static void a_downgrade_is_explained_by_row_rules_and_links(void **state)
{
	const struct fg_policy_rule france = { .name = "fr",
					       .recipient = "+33",
					       .action = FG_RULE_REFUSE };
	const struct fg_policy_rule codes = { .name = "codes",
					      .classes = FG_CLASS_BIT(FG_MESSAGE_OTP),
					      .action = FG_RULE_HOLD };
	struct fg_policy_rule rules[2];
	struct fg_facts facts = calm;
	struct fg_policy policy;

	(void)state;
	calm_policy(&policy, rules, 2);
	assert_ok(fg_policy_add_rule(&policy, &france));
	assert_ok(fg_policy_add_rule(&policy, &codes));
	facts.links[LINK_RCS].up = false;
	expect_explanation(&policy, &facts,
			   "DOWNGRADE over link smsc-a (sms): the directory says, signed, that "
			   "there is no secure device (absent)\n"
			   "row 4: view ABSENT; pin none; consent valid, reason `absent`; and "
			   "before the deadline, else EXPIRE -> rules may DOWNGRADE `absent`\n"
			   "it holds because:\n"
			   "  view = ABSENT (what the directory says of the recipient)\n"
			   "  pin = NONE (whether the recipient was secure before)\n"
			   "  absence = YES (a valid consent for a bearer, reason absent)\n"
			   "  deadline = BEFORE (the time against the message's deadline)\n"
			   "rules tried:\n"
			   "  rule 1 fr: no: the recipient does not begin with +33\n"
			   "  rule 2 codes: no: not for class normal\n"
			   "  the default: matches, a rule of the operator chose the link\n"
			   "    link hub-a is down\n"
			   "    link smsc-a can carry it\n"
			   "would become SECURE if:\n"
			   "  view were SECURE (what the directory says of the recipient)\n");
}

static void a_wait_says_when_and_what_would_help(void **state)
{
	struct fg_facts facts = calm;
	struct fg_policy policy;

	(void)state;
	calm_policy(&policy, NULL, 0);
	facts.view = FG_VIEW_SECURE;
	facts.pin = FG_PIN_HELD;
	facts.identity = FG_IDENTITY_OTHER;
	expect_explanation(&policy, &facts,
			   "WAIT: the recipient's account key is another than the one pinned "
			   "(identity-changed)\n"
			   "decided again in 54000 ms at the latest\n"
			   "row 3: view SECURE, other account key, no signed succession; pin yes, "
			   "no de-registration; consent any; "
			   "and before the deadline, else EXPIRE; nothing is re-sent or downgraded "
			   "by itself -> WAIT `identity-changed`\n"
			   "it holds because:\n"
			   "  view = SECURE (what the directory says of the recipient)\n"
			   "  pin = HELD (whether the recipient was secure before)\n"
			   "  identity = OTHER (the account key against the pinned one)\n"
			   "  deadline = BEFORE (the time against the message's deadline)\n"
			   "would become SECURE if:\n"
			   "  pin were DEREGISTERED (whether the recipient was secure before)\n"
			   "  identity were SAME (the account key against the pinned one)\n");
}

static void a_message_that_stays_secure_needs_no_advice(void **state)
{
	struct fg_facts facts = calm;
	struct fg_policy policy;

	(void)state;
	calm_policy(&policy, NULL, 0);
	facts.view = FG_VIEW_SECURE;
	facts.consent = FG_CONSENT_NONE;
	expect_explanation(&policy, &facts,
			   "SECURE: the recipient has secure devices (secure-devices)\n"
			   "row 1: view SECURE, epoch and account key as pinned or succeeded by "
			   "signature; pin any; "
			   "consent any, and not rows 10, 11 -> SECURE `secure-devices`\n"
			   "it holds because:\n"
			   "  view = SECURE (what the directory says of the recipient)\n");
}

/* The text contains what; name of the sender or recipient never is in it. */
static void expect_part(const struct fg_policy *policy, const struct fg_facts *facts,
			const char *part)
{
	char text[8192];
	size_t len;

	assert_ok(fg_explain(policy, facts, NULL, text, sizeof(text), &len));
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
	assert_null(strstr(text, facts->recipient));
	assert_null(strstr(text, facts->sender));
}

static void the_rarer_words_are_said_too(void **state)
{
	const struct fg_policy_rule bob = { .sender = "bob", .action = FG_RULE_REFUSE };
	const struct fg_policy_rule mms = { .bearers = FG_BEARER_BIT(FG_BEARER_MMS),
					    .action = FG_RULE_REFUSE };
	struct fg_policy_rule rules[2];
	struct fg_facts facts = calm;
	struct fg_policy policy;

	(void)state;
	calm_policy(&policy, rules, 2);
	assert_ok(fg_policy_add_rule(&policy, &bob));
	assert_ok(fg_policy_add_rule(&policy, &mms));
	expect_part(&policy, &facts, "rule 1 : no: the sender does not begin with bob\n");
	expect_part(&policy, &facts, "rule 2 : no: the consent allows none of its bearers\n");
	expect_part(&policy, &facts, "DOWNGRADE over link 0 (rcs)");
	facts.pin = FG_PIN_HELD;
	facts.consent_pin_ack = true;
	expect_part(&policy, &facts, "the override of the pin is recorded\n");
	facts.cancelled = true;
	expect_part(&policy, &facts, "  more than one of the facts above were different\n");
}

static void a_text_that_is_cut_says_so_and_still_ends(void **state)
{
	struct fg_policy policy;
	char text[64];
	size_t len = 7;

	(void)state;
	calm_policy(&policy, NULL, 0);
	assert_rc(FG_E_SPACE, fg_explain(&policy, &calm, NULL, text, sizeof(text), &len));
	assert_true(strlen(text) < sizeof(text));
	assert_int_equal(len, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_downgrade_is_explained_by_row_rules_and_links),
		cmocka_unit_test(a_wait_says_when_and_what_would_help),
		cmocka_unit_test(a_message_that_stays_secure_needs_no_advice),
		cmocka_unit_test(the_rarer_words_are_said_too),
		cmocka_unit_test(a_text_that_is_cut_says_so_and_still_ends),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
