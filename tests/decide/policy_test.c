/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"
#include "tests/decide/support.h"

#define SMS_FIRST .action = FG_RULE_LINKS, .links_count = 2, .links = { LINK_SMS, LINK_RCS }

static const struct fg_facts calm = { CALM };

struct match_case {
	const char *name;
	struct fg_policy_rule rule;
	enum fg_rule_miss expected;
};

static const struct match_case matches[] = {
	{ "an empty rule matches anything", { .action = FG_RULE_HOLD }, FG_MISS_NONE },
	{ "a recipient matches by prefix", { .recipient = "+49" }, FG_MISS_NONE },
	{ "a whole recipient is a prefix of itself",
	  { .recipient = "+491701234567" },
	  FG_MISS_NONE },
	{ "a prefix longer than the recipient does not match",
	  { .recipient = "+4917012345678" },
	  FG_MISS_RECIPIENT },
	{ "another recipient does not match", { .recipient = "+44" }, FG_MISS_RECIPIENT },
	{ "another sender does not match", { .sender = "bob" }, FG_MISS_SENDER },
	{ "another class does not match",
	  { .classes = FG_CLASS_BIT(FG_MESSAGE_OTP) },
	  FG_MISS_CLASS },
	{ "one class of several matches",
	  { .classes = FG_CLASS_BIT(FG_MESSAGE_OTP) | FG_CLASS_BIT(FG_MESSAGE_NORMAL) },
	  FG_MISS_NONE },
	{ "a bearer that the consent does not allow does not match",
	  { .bearers = FG_BEARER_BIT(FG_BEARER_MMS) },
	  FG_MISS_BEARER },
	{ "a bearer that the consent allows matches",
	  { .bearers = FG_BEARER_BIT(FG_BEARER_SMS) | FG_BEARER_BIT(FG_BEARER_MMS) },
	  FG_MISS_NONE },
};

static void each_match_of_a_rule_is_tested_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(matches); i++)
		if (fg_policy_miss(&matches[i].rule, &calm) != matches[i].expected)
			fail_msg("%s", matches[i].name);
}

static void the_first_rule_that_matches_decides(void **state)
{
	const struct fg_policy_rule other = { .recipient = "+44", .action = FG_RULE_REFUSE };
	const struct fg_policy_rule germany = { .recipient = "+49", SMS_FIRST };
	const struct fg_policy_rule all = { .sender = "alice", .action = FG_RULE_REFUSE };
	struct fg_policy_rule rules[3];
	struct fg_policy policy;
	struct fg_decision d;

	(void)state;
	calm_policy(&policy, rules, 3);
	assert_ok(fg_policy_add_rule(&policy, &other));
	assert_ok(fg_policy_add_rule(&policy, &germany));
	assert_ok(fg_policy_add_rule(&policy, &all));
	d = fg_decide(&policy, &calm);
	assert_int_equal(d.action, FG_ACTION_DOWNGRADE);
	assert_int_equal(d.rule, 2);
	assert_int_equal(d.link, LINK_SMS);
}

static void expect_rule(enum fg_rule_action action, enum fg_action expected, enum fg_reason reason)
{
	const struct fg_policy_rule rule = { .action = action };
	struct fg_policy_rule rules[1];
	struct fg_policy policy;
	struct fg_decision d;

	calm_policy(&policy, rules, 1);
	assert_ok(fg_policy_add_rule(&policy, &rule));
	d = fg_decide(&policy, &calm);
	assert_int_equal(d.action, expected);
	assert_int_equal(d.row, 4);
	assert_int_equal(d.rule, 1);
	assert_int_equal(d.reason, reason);
	assert_int_equal(d.rule_reason, reason);
}

static void a_rule_may_refuse_or_hold(void **state)
{
	(void)state;
	expect_rule(FG_RULE_REFUSE, FG_ACTION_REFUSE, FG_REASON_RULE_REFUSE);
	expect_rule(FG_RULE_HOLD, FG_ACTION_WAIT, FG_REASON_RULE_HOLD);
}

static void a_rule_cannot_open_what_the_table_holds(void **state)
{
	struct fg_facts facts = calm;
	struct fg_policy policy;

	(void)state;
	calm_policy(&policy, NULL, 0);
	facts.consent = FG_CONSENT_NONE;
	assert_int_equal(fg_decide(&policy, &facts).action, FG_ACTION_WAIT);
	assert_int_equal(fg_decide(&policy, &facts).rule, 0);
}

static void spread_shares_the_usable_links_by_a_fact(void **state)
{
	struct fg_policy policy;
	struct fg_facts facts = calm;

	(void)state;
	calm_policy(&policy, NULL, 0);
	policy.fallback.spread = true;
	for (facts.spread = 0; facts.spread < 6; facts.spread++)
		assert_int_equal(fg_decide(&policy, &facts).link, facts.spread % 2);
	facts.links[LINK_RCS].up = false;
	for (facts.spread = 0; facts.spread < 6; facts.spread++)
		assert_int_equal(fg_decide(&policy, &facts).link, LINK_SMS);
}

static void weights_are_the_shares_of_links(void **state)
{
	struct fg_policy policy;
	struct fg_facts facts = calm;
	unsigned of_first = 0;

	(void)state;
	calm_policy(&policy, NULL, 0);
	policy.fallback.spread = true;
	policy.fallback.weights[0] = 3;
	policy.fallback.weights[1] = 1;
	for (facts.spread = 0; facts.spread < 400; facts.spread++)
		of_first += fg_decide(&policy, &facts).link == policy.fallback.links[0];
	assert_int_equal(of_first, 300);
	facts.links[policy.fallback.links[0]].failed = true;
	for (facts.spread = 0; facts.spread < 8; facts.spread++)
		assert_int_equal(fg_decide(&policy, &facts).link, policy.fallback.links[1]);
}

static void a_link_beyond_the_facts_is_never_chosen(void **state)
{
	struct fg_facts facts = calm;
	struct fg_policy policy;

	(void)state;
	calm_policy(&policy, NULL, 0);
	policy.fallback.links[0] = FG_LINKS_MAX + 7;
	assert_int_equal(fg_decide(&policy, &facts).link, LINK_SMS);
	facts.links[LINK_SMS].bearer = FG_BEARER_SECURE;
	assert_int_equal(fg_decide(&policy, &facts).action, FG_ACTION_WAIT);
}

static void building_refuses_what_does_not_fit(void **state)
{
	struct fg_policy_rule rule = { .action = FG_RULE_HOLD }, rules[1];
	struct fg_policy policy;

	(void)state;
	fg_policy_init(&policy, rules, 1, 2);
	rule.links_count = 1;
	assert_rc(FG_E_ARG, fg_policy_add_rule(&policy, &rule));
	rule.links_count = 0;
	rule.action = FG_RULE_ACTION_COUNT;
	assert_rc(FG_E_ARG, fg_policy_set_default(&policy, &rule));
	rule.action = FG_RULE_HOLD;
	memset(rule.recipient, 'x', sizeof(rule.recipient));
	assert_rc(FG_E_ARG, fg_policy_add_rule(&policy, &rule));
	memset(rule.recipient, 0, sizeof(rule.recipient));
	assert_ok(fg_policy_add_rule(&policy, &rule));
	assert_rc(FG_E_LIMIT, fg_policy_add_rule(&policy, &rule));
	assert_ok(fg_policy_set_default(&policy, &rule));
	assert_rc(FG_E_EXISTS, fg_policy_set_default(&policy, &rule));
	fg_policy_init(&policy, NULL, UINT16_MAX, 2);
	assert_int_equal(policy.cap, FG_POLICY_RULES_MAX);
}

struct fault_case {
	const char *text;
	struct fg_policy_rule rules[2];
};

static const struct fault_case faults[] = {
	{ "no fault", { { .recipient = "+49", SMS_FIRST }, { .action = FG_RULE_HOLD } } },
	{ "no fault", { { .classes = 1, SMS_FIRST }, { .classes = 3, .action = FG_RULE_HOLD } } },
	{ "no fault", { { .bearers = 2, SMS_FIRST }, { .action = FG_RULE_HOLD } } },
	{ "rule 2 \"late\": never reached, since before it everything matches rule 1 \"first\"",
	  { { .name = "first", .recipient = "+4", SMS_FIRST },
	    { .name = "late", .recipient = "+49", .action = FG_RULE_HOLD } } },
	{ "rule 2 \"late\": never reached, since before it everything matches rule 1 \"first\"",
	  { { .name = "first", .classes = 3, SMS_FIRST },
	    { .name = "late", .classes = 2, .sender = "a", .action = FG_RULE_HOLD } } },
	{ "rule 1 \"a%0Ab\": there is no link number 2",
	  { { .name = "a\nb", .action = FG_RULE_LINKS, .links_count = 1, .links = { 2 } },
	    { .action = FG_RULE_HOLD } } },
	{ "rule 1 \"\": names twice link number 1",
	  { { .action = FG_RULE_LINKS, .links_count = 2, .links = { 1, 1 } },
	    { .action = FG_RULE_HOLD } } },
	{ "rule 1 \"\": chooses a link but names none",
	  { { .action = FG_RULE_LINKS }, { .action = FG_RULE_HOLD } } },
};

static void every_fault_is_found_and_said_clearly(void **state)
{
	struct fg_policy_rule rules[2];
	struct fg_policy_fault fault;
	struct fg_policy policy;
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		calm_policy(&policy, rules, 2);
		assert_ok(fg_policy_add_rule(&policy, &faults[i].rules[0]));
		assert_ok(fg_policy_add_rule(&policy, &faults[i].rules[1]));
		assert_int_equal(fg_policy_check(&policy, &fault) == FG_OK,
				 !strcmp(faults[i].text, "no fault"));
		assert_ok(fg_policy_fault_text(&policy, &fault, text, sizeof(text)));
		assert_string_equal(text, faults[i].text);
	}
}

static void a_default_is_required_and_checked_too(void **state)
{
	struct fg_policy_fault fault;
	struct fg_policy policy;
	char text[128];

	(void)state;
	fg_policy_init(&policy, NULL, 0, 1);
	assert_rc(FG_E_CONF, fg_policy_check(&policy, &fault));
	assert_int_equal(fault.kind, FG_POLICY_NO_DEFAULT);
	calm_policy(&policy, NULL, 0);
	policy.links_count = 1;
	assert_rc(FG_E_CONF, fg_policy_check(&policy, &fault));
	assert_ok(fg_policy_fault_text(&policy, &fault, text, sizeof(text)));
	assert_string_equal(text, "the default: there is no link number 1");
	assert_rc(FG_E_SPACE, fg_policy_fault_text(&policy, &fault, text, 5));
	assert_rc(FG_E_SPACE, fg_policy_fault_text(&policy, &fault, text, 0));
}

static void the_canonical_text_shows_every_member(void **state)
{
	const struct fg_policy_rule rule = { .name = "night shift",
					     .recipient = "+49",
					     .sender = "b%",
					     .classes = 4,
					     .bearers = 8,
					     .spread = true,
					     SMS_FIRST };
	struct fg_policy_rule rules[1];
	struct fg_policy policy;
	char text[FG_POLICY_TEXT_CAP(1)];
	size_t len = 0;

	(void)state;
	calm_policy(&policy, rules, 1);
	assert_ok(fg_policy_add_rule(&policy, &rule));
	assert_ok(fg_policy_canonical_text(&policy, text, sizeof(text), &len));
	assert_string_equal(text, "fallgate-policy 1 links=2\n"
				  "rule name=night%20shift recipient=+49 sender=b%25 classes=4 "
				  "bearers=8 action=links spread=1 links=1,0 weights=1,1\n"
				  "default name= recipient= sender= classes=0 bearers=0 "
				  "action=links spread=0 links=0,1\n");
	assert_int_equal(len, strlen(text));
	assert_rc(FG_E_SPACE, fg_policy_canonical_text(&policy, text, len, &len));
}

static void the_longest_rules_fit_the_promised_size(void **state)
{
	struct fg_policy_rule rule = {
		.action = FG_RULE_LINKS, .links_count = FG_LINKS_MAX, .classes = 255, .bearers = 255
	};
	struct fg_policy_rule rules[3];
	struct fg_policy policy;
	char text[FG_POLICY_TEXT_CAP(3)];
	size_t len;

	(void)state;
	memset(rule.name, 1, FG_POLICY_NAME_MAX);
	memset(rule.recipient, 1, FG_POLICY_PREFIX_MAX);
	memset(rule.sender, 1, FG_POLICY_PREFIX_MAX);
	memset(rule.links, 255, sizeof(rule.links));
	fg_policy_init(&policy, rules, 3, 2);
	for (unsigned i = 0; i < 3; i++)
		assert_ok(fg_policy_add_rule(&policy, &rule));
	assert_ok(fg_policy_set_default(&policy, &rule));
	assert_ok(fg_policy_canonical_text(&policy, text, sizeof(text), &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_match_of_a_rule_is_tested_alone),
		cmocka_unit_test(the_first_rule_that_matches_decides),
		cmocka_unit_test(a_rule_may_refuse_or_hold),
		cmocka_unit_test(a_rule_cannot_open_what_the_table_holds),
		cmocka_unit_test(spread_shares_the_usable_links_by_a_fact),
		cmocka_unit_test(weights_are_the_shares_of_links),
		cmocka_unit_test(a_link_beyond_the_facts_is_never_chosen),
		cmocka_unit_test(building_refuses_what_does_not_fit),
		cmocka_unit_test(every_fault_is_found_and_said_clearly),
		cmocka_unit_test(a_default_is_required_and_checked_too),
		cmocka_unit_test(the_canonical_text_shows_every_member),
		cmocka_unit_test(the_longest_rules_fit_the_promised_size),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
