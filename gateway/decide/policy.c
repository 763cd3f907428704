/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/decide/policy.h"
#include "gateway/decide/link.h"
#include "gateway/decide/prose.h"

#include <string.h>

static const char *const rule_actions[FG_RULE_ACTION_COUNT] = {
	[FG_RULE_LINKS] = "links",
	[FG_RULE_REFUSE] = "refuse",
	[FG_RULE_HOLD] = "hold",
};

void fg_policy_init(struct fg_policy *policy, struct fg_policy_rule *rules, uint16_t cap,
		    uint8_t links_count)
{
	memset(policy, 0, sizeof(*policy));
	policy->rules = rules;
	policy->cap = cap < FG_POLICY_RULES_MAX ? cap : FG_POLICY_RULES_MAX;
	policy->links_count = links_count;
}

static bool ends(const char *text, size_t cap)
{
	return memchr(text, '\0', cap) != NULL;
}

static bool well_formed(const struct fg_policy_rule *rule)
{
	return ends(rule->name, sizeof(rule->name)) &&
	       ends(rule->recipient, sizeof(rule->recipient)) &&
	       ends(rule->sender, sizeof(rule->sender)) &&
	       (unsigned)rule->action < FG_RULE_ACTION_COUNT &&
	       rule->links_count <= (rule->action == FG_RULE_LINKS ? FG_LINKS_MAX : 0);
}

enum fg_rc fg_policy_add_rule(struct fg_policy *policy, const struct fg_policy_rule *rule)
{
	if (!well_formed(rule))
		return FG_E_ARG;
	if (policy->count == policy->cap)
		return FG_E_LIMIT;
	policy->rules[policy->count++] = *rule;
	return FG_OK;
}

enum fg_rc fg_policy_set_default(struct fg_policy *policy, const struct fg_policy_rule *rule)
{
	if (!well_formed(rule))
		return FG_E_ARG;
	if (policy->has_default)
		return FG_E_EXISTS;
	policy->fallback = *rule;
	policy->has_default = true;
	return FG_OK;
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A set in which 0 stands for everything: does it hold all of the other? */
static bool covers_set(unsigned set, unsigned other)
{
	return !set || (other && !(other & ~set));
}

static bool covers(const struct fg_policy_rule *rule, const struct fg_policy_rule *later)
{
	return begins(later->recipient, rule->recipient) && begins(later->sender, rule->sender) &&
	       covers_set(rule->classes, later->classes) &&
	       covers_set(rule->bearers, later->bearers);
}

static uint16_t covered_by(const struct fg_policy *policy, uint16_t number)
{
	for (uint16_t i = 1; i < number; i++)
		if (covers(&policy->rules[i - 1], &policy->rules[number - 1]))
			return i;
	return 0;
}

static enum fg_policy_fault_kind check_links(const struct fg_policy *policy,
					     const struct fg_policy_rule *rule, uint8_t *link)
{
	uint32_t seen = 0;

	if (rule->action == FG_RULE_LINKS && !rule->links_count)
		return FG_POLICY_NO_LINKS;
	for (unsigned i = 0; i < rule->links_count; i++) {
		*link = rule->links[i];
		if (*link >= policy->links_count || *link >= FG_LINKS_MAX)
			return FG_POLICY_UNKNOWN_LINK;
		if (seen & (UINT32_C(1) << *link))
			return FG_POLICY_SAME_LINK;
		seen |= UINT32_C(1) << *link;
	}
	return FG_POLICY_SOUND;
}

static struct fg_policy_fault find_fault(const struct fg_policy *policy)
{
	struct fg_policy_fault fault = { .kind = FG_POLICY_SOUND };

	if (!policy->has_default)
		return (struct fg_policy_fault){ .kind = FG_POLICY_NO_DEFAULT };
	for (uint16_t n = 1; n <= policy->count + 1; n++) {
		fault.rule = n;
		fault.kind = check_links(policy, fg_policy_rule_at(policy, n), &fault.link);
		if (fault.kind != FG_POLICY_SOUND)
			return fault;
		fault.other = n <= policy->count ? covered_by(policy, n) : 0;
		if (fault.other)
			return (struct fg_policy_fault){ .kind = FG_POLICY_UNREACHABLE,
							 .rule = n,
							 .other = fault.other };
	}
	return (struct fg_policy_fault){ .kind = FG_POLICY_SOUND };
}

enum fg_rc fg_policy_check(const struct fg_policy *policy, struct fg_policy_fault *fault_out)
{
	*fault_out = find_fault(policy);
	return fault_out->kind == FG_POLICY_SOUND ? FG_OK : FG_E_CONF;
}

static void write_rule_name(struct fg_prose *prose, const struct fg_policy *policy, uint16_t number)
{
	if (number > policy->count) {
		fg_prose_str(prose, "the default");
		return;
	}
	fg_prose_str(prose, "rule ");
	fg_prose_u32(prose, number);
	fg_prose_str(prose, " \"");
	fg_prose_escaped(prose, policy->rules[number - 1].name, FG_POLICY_NAME_MAX);
	fg_prose_str(prose, "\"");
}

enum fg_rc fg_policy_fault_text(const struct fg_policy *policy, const struct fg_policy_fault *fault,
				char *out, size_t cap)
{
	static const char *const texts[FG_POLICY_FAULT_COUNT] = {
		[FG_POLICY_SOUND] = "no fault",
		[FG_POLICY_NO_DEFAULT] = "no default: say what happens when no rule matches",
		[FG_POLICY_UNREACHABLE] = ": never reached, since before it everything matches ",
		[FG_POLICY_UNKNOWN_LINK] = ": there is no link number ",
		[FG_POLICY_SAME_LINK] = ": names twice link number ",
		[FG_POLICY_NO_LINKS] = ": chooses a link but names none",
	};
	struct fg_prose prose;
	size_t len;

	fg_prose_init(&prose, out, cap);
	if (fault->rule)
		write_rule_name(&prose, policy, fault->rule);
	fg_prose_str(&prose,
		     (unsigned)fault->kind < FG_POLICY_FAULT_COUNT ? texts[fault->kind] : "?");
	if (fault->kind == FG_POLICY_UNREACHABLE)
		write_rule_name(&prose, policy, fault->other);
	if (fault->kind == FG_POLICY_UNKNOWN_LINK || fault->kind == FG_POLICY_SAME_LINK)
		fg_prose_u32(&prose, fault->link);
	return fg_prose_end(&prose, &len);
}

enum fg_rule_miss fg_policy_miss(const struct fg_policy_rule *rule, const struct fg_facts *facts)
{
	if (!begins(facts->recipient, rule->recipient))
		return FG_MISS_RECIPIENT;
	if (!begins(facts->sender, rule->sender))
		return FG_MISS_SENDER;
	if (rule->classes && !(rule->classes & FG_CLASS_BIT(facts->message_class)))
		return FG_MISS_CLASS;
	if (rule->bearers && !(rule->bearers & facts->consent_bearers))
		return FG_MISS_BEARER;
	return FG_MISS_NONE;
}

uint16_t fg_policy_match(const struct fg_policy *policy, const struct fg_facts *facts)
{
	for (uint16_t i = 0; i < policy->count; i++)
		if (fg_policy_miss(&policy->rules[i], facts) == FG_MISS_NONE)
			return (uint16_t)(i + 1);
	return (uint16_t)(policy->count + 1);
}

const struct fg_policy_rule *fg_policy_rule_at(const struct fg_policy *policy, uint16_t number)
{
	return number && number <= policy->count ? &policy->rules[number - 1] : &policy->fallback;
}

/* Links of a rule, sorted by what they can do for this message. */
struct survey {
	uint8_t usable[FG_LINKS_MAX], weights[FG_LINKS_MAX];
	unsigned usable_count, failed_count;
	unsigned later_count; /* down or without credit */
	unsigned long_count;  /* it is longer than was agreed */
	bool failed_first;    /* a link before the first usable one had failed */
};

static void survey_links(const struct fg_policy_rule *rule, const struct fg_facts *facts,
			 struct survey *survey)
{
	memset(survey, 0, sizeof(*survey));
	for (unsigned i = 0; i < rule->links_count; i++) {
		enum fg_link_obstacle obstacle = fg_link_obstacle(facts, rule->links[i]);

		if (obstacle == FG_LINK_USABLE) {
			survey->failed_first |= !survey->usable_count && survey->failed_count;
			survey->weights[survey->usable_count] =
				rule->weights[i] ? rule->weights[i] : 1;
			survey->usable[survey->usable_count++] = rule->links[i];
		} else if (obstacle == FG_LINK_FAILED) {
			survey->failed_count++;
		} else if (obstacle == FG_LINK_SEGMENTS) {
			survey->long_count++;
		} else if (obstacle == FG_LINK_DOWN || obstacle == FG_LINK_CREDITS) {
			survey->later_count++;
		}
	}
}

/* Each link as often as its weight says: what one cannot take now falls to the others by theirs. */
static uint8_t share(const struct survey *survey, uint32_t spread)
{
	uint32_t all = 0;
	unsigned i = 0;

	for (unsigned k = 0; k < survey->usable_count; k++)
		all += survey->weights[k];
	for (spread %= all; spread >= survey->weights[i]; i++)
		spread -= survey->weights[i];
	return survey->usable[i];
}

static void choose_link(const struct fg_policy_rule *rule, const struct fg_facts *facts,
			struct fg_policy_verdict *verdict)
{
	struct survey survey;

	survey_links(rule, facts, &survey);
	verdict->rule_reason = FG_REASON_RULE_LINK;
	if (survey.usable_count) {
		verdict->action = FG_ACTION_DOWNGRADE;
		verdict->link = rule->spread ? share(&survey, facts->spread) : survey.usable[0];
		if (survey.failed_first)
			verdict->rule_reason = FG_REASON_LINK_FAILED;
	} else if ((survey.failed_count || survey.long_count) && !survey.later_count) {
		verdict->action = FG_ACTION_REFUSE;
		verdict->reason = FG_REASON_LINKS_EXHAUSTED;
	} else {
		verdict->action = FG_ACTION_WAIT;
		verdict->reason = FG_REASON_NO_LINK;
	}
}

struct fg_policy_verdict fg_policy_ask(const struct fg_policy *policy, const struct fg_facts *facts)
{
	struct fg_policy_verdict verdict = { .rule = fg_policy_match(policy, facts) };
	const struct fg_policy_rule *rule = fg_policy_rule_at(policy, verdict.rule);

	if (rule->action == FG_RULE_LINKS) {
		choose_link(rule, facts, &verdict);
		return verdict;
	}
	verdict.action = rule->action == FG_RULE_REFUSE ? FG_ACTION_REFUSE : FG_ACTION_WAIT;
	verdict.reason =
		rule->action == FG_RULE_REFUSE ? FG_REASON_RULE_REFUSE : FG_REASON_RULE_HOLD;
	verdict.rule_reason = verdict.reason;
	return verdict;
}

static void write_rule(struct fg_prose *prose, const char *head, const struct fg_policy_rule *rule)
{
	fg_prose_add(prose, head, " name=");
	fg_prose_escaped(prose, rule->name, FG_POLICY_NAME_MAX);
	fg_prose_str(prose, " recipient=");
	fg_prose_escaped(prose, rule->recipient, FG_POLICY_PREFIX_MAX);
	fg_prose_str(prose, " sender=");
	fg_prose_escaped(prose, rule->sender, FG_POLICY_PREFIX_MAX);
	fg_prose_str(prose, " classes=");
	fg_prose_u32(prose, rule->classes);
	fg_prose_str(prose, " bearers=");
	fg_prose_u32(prose, rule->bearers);
	fg_prose_add(prose, " action=", rule_actions[rule->action],
		     " spread=", rule->spread ? "1" : "0", " links=");
	for (unsigned i = 0; i < rule->links_count; i++) {
		fg_prose_str(prose, i ? "," : "");
		fg_prose_u32(prose, rule->links[i]);
	}
	for (unsigned i = 0; rule->spread && i < rule->links_count; i++) {
		fg_prose_str(prose, i ? "," : " weights=");
		fg_prose_u32(prose, rule->weights[i] ? rule->weights[i] : 1);
	}
	fg_prose_str(prose, "\n");
}

enum fg_rc fg_policy_canonical_text(const struct fg_policy *policy, char *out, size_t cap,
				    size_t *len_out)
{
	struct fg_prose prose;

	fg_prose_init(&prose, out, cap);
	fg_prose_str(&prose, "fallgate-policy 1 links=");
	fg_prose_u32(&prose, policy->links_count);
	fg_prose_str(&prose, "\n");
	for (uint16_t i = 0; i < policy->count; i++)
		write_rule(&prose, "rule", &policy->rules[i]);
	if (policy->has_default)
		write_rule(&prose, "default", &policy->fallback);
	return fg_prose_end(&prose, len_out);
}
