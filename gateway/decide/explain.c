/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/decide/explain.h"
#include "gateway/decide/link.h"
#include "gateway/decide/prose.h"
#include "gateway/decide/table.h"

static const char *const miss_texts[] = {
	[FG_MISS_NONE] = "matches",
	[FG_MISS_RECIPIENT] = "no: the recipient does not begin with ",
	[FG_MISS_SENDER] = "no: the sender does not begin with ",
	[FG_MISS_CLASS] = "no: not for class ",
	[FG_MISS_BEARER] = "no: the consent allows none of its bearers",
};

/* What the parts below share. */
struct explanation {
	struct fg_prose prose;
	const struct fg_policy *policy;
	const struct fg_facts *facts;
	const char *const *link_names;
	struct fg_decision decision;
	uint64_t bits;
};

static void write_link_name(struct explanation *e, unsigned link)
{
	fg_prose_str(&e->prose, "link ");
	if (e->link_names && link < e->facts->links_count)
		fg_prose_str(&e->prose, e->link_names[link]);
	else
		fg_prose_u32(&e->prose, link);
}

static void write_head(struct explanation *e)
{
	const struct fg_decision *d = &e->decision;

	fg_prose_str(&e->prose, fg_action_name(d->action));
	if (d->action == FG_ACTION_DOWNGRADE) {
		fg_prose_str(&e->prose, " over ");
		write_link_name(e, d->link);
		fg_prose_add(&e->prose, " (", fg_bearer_name(e->facts->links[d->link].bearer), ")");
	}
	fg_prose_add(&e->prose, ": ", fg_reason_text(d->reason), " (", fg_reason_code(d->reason),
		     ")\n");
	if (d->wait_ms) {
		fg_prose_str(&e->prose, "decided again in ");
		fg_prose_u32(&e->prose, d->wait_ms);
		fg_prose_str(&e->prose, " ms at the latest\n");
	}
	if (d->pin_override)
		fg_prose_str(&e->prose, "the override of the pin is recorded\n");
}

static void write_part(struct fg_prose *prose, const char *name, const char *text)
{
	if (*text)
		fg_prose_add(prose, "; ", name, " ", text);
}

static void write_row(struct explanation *e)
{
	const struct fg_table_row *row = fg_table_row(e->decision.row);

	fg_prose_str(&e->prose, "row ");
	fg_prose_u32(&e->prose, row->number);
	fg_prose_add(&e->prose, ": view ", row->view);
	write_part(&e->prose, "pin", row->pin);
	write_part(&e->prose, "consent", row->consent);
	write_part(&e->prose, "and", row->other);
	fg_prose_add(&e->prose, " -> ", row->outcome, "\n");
}

static const char *value_of(const struct fg_table_condition *condition, uint64_t bits)
{
	unsigned i = 0;

	while (i + 1 < condition->count && !(bits >> (condition->first + i) & 1))
		i++;
	return condition->values[i];
}

static uint64_t bits_of(const struct fg_table_condition *condition)
{
	return ((UINT64_C(1) << condition->count) - 1) << condition->first;
}

/* A condition matters when the line that holds excludes some value of it. */
static void write_facts(struct explanation *e)
{
	const struct fg_table_line *line = fg_table_find(e->bits);

	fg_prose_str(&e->prose, "it holds because:\n");
	for (unsigned i = 0; i < FG_CONDITION_COUNT; i++) {
		const struct fg_table_condition *c = fg_table_condition(i);

		if (line->excluded & bits_of(c))
			fg_prose_add(&e->prose, "  ", c->name, " = ", value_of(c, e->bits), " (",
				     c->question, ")\n");
	}
}

static void write_rule_name(struct explanation *e, uint16_t number)
{
	if (number > e->policy->count) {
		fg_prose_str(&e->prose, "  the default");
		return;
	}
	fg_prose_str(&e->prose, "  rule ");
	fg_prose_u32(&e->prose, number);
	fg_prose_char(&e->prose, ' ');
	fg_prose_escaped(&e->prose, e->policy->rules[number - 1].name, FG_POLICY_NAME_MAX);
}

static void write_miss(struct explanation *e, const struct fg_policy_rule *rule)
{
	enum fg_rule_miss miss = fg_policy_miss(rule, e->facts);

	fg_prose_add(&e->prose, ": ", miss_texts[miss]);
	if (miss == FG_MISS_RECIPIENT)
		fg_prose_escaped(&e->prose, rule->recipient, FG_POLICY_PREFIX_MAX);
	else if (miss == FG_MISS_SENDER)
		fg_prose_escaped(&e->prose, rule->sender, FG_POLICY_PREFIX_MAX);
	else if (miss == FG_MISS_CLASS)
		fg_prose_str(&e->prose, fg_message_class_name(e->facts->message_class));
	fg_prose_char(&e->prose, '\n');
}

static void write_links(struct explanation *e, const struct fg_policy_rule *rule)
{
	for (unsigned i = 0; i < rule->links_count; i++) {
		fg_prose_str(&e->prose, "    ");
		write_link_name(e, rule->links[i]);
		fg_prose_add(&e->prose, " ",
			     fg_link_obstacle_text(fg_link_obstacle(e->facts, rule->links[i])),
			     "\n");
	}
}

static void write_rules(struct explanation *e)
{
	const struct fg_policy_rule *rule = fg_policy_rule_at(e->policy, e->decision.rule);

	if (!e->decision.rule)
		return;
	fg_prose_str(&e->prose, "rules tried:\n");
	for (uint16_t n = 1; n < e->decision.rule; n++) {
		write_rule_name(e, n);
		write_miss(e, fg_policy_rule_at(e->policy, n));
	}
	write_rule_name(e, e->decision.rule);
	fg_prose_add(&e->prose, ": matches, ", fg_reason_text(e->decision.rule_reason), "\n");
	write_links(e, rule);
}

/* Would the table answer SECURE if this condition had that value, all else being equal? */
static bool would_be_secure(uint64_t bits, const struct fg_table_condition *c, unsigned value)
{
	uint64_t other = (bits & ~bits_of(c)) | UINT64_C(1) << (c->first + value);

	return fg_table_find(other)->action == FG_ACTION_SECURE;
}

/* That a device has acknowledged is what end to end delivery brings about, not a way to it. */
static void write_remedies(struct explanation *e)
{
	bool any = false;

	if (e->decision.action == FG_ACTION_SECURE)
		return;
	fg_prose_str(&e->prose, "would become SECURE if:\n");
	for (unsigned i = 0; i < FG_CONDITION_COUNT; i++) {
		const struct fg_table_condition *c = fg_table_condition(i);

		for (unsigned v = 0; v < c->count && i != FG_CONDITION_acked; v++) {
			if (!would_be_secure(e->bits, c, v))
				continue;
			any = true;
			fg_prose_add(&e->prose, "  ", c->name, " were ", c->values[v], " (",
				     c->question, ")\n");
		}
	}
	if (!any)
		fg_prose_str(&e->prose, "  more than one of the facts above were different\n");
}

enum fg_rc fg_explain(const struct fg_policy *policy, const struct fg_facts *facts,
		      const char *const *link_names, char *out, size_t cap, size_t *len_out)
{
	struct explanation e = { .policy = policy,
				 .facts = facts,
				 .link_names = link_names,
				 .decision = fg_decide(policy, facts),
				 .bits = fg_table_bits(facts) };

	fg_prose_init(&e.prose, out, cap);
	write_head(&e);
	write_row(&e);
	write_facts(&e);
	write_rules(&e);
	write_remedies(&e);
	return fg_prose_end(&e.prose, len_out);
}
