/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * policy.conf: the routing rules. Grammar and meaning are explained in conf/policy.conf, which is also its example.
 */
#include "lib/base/conf_internal.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_MAX = 80, WEIGHT_MAX = 100 };

struct rule_reader {
	struct fg_conf_reader *errors;
	const struct fg_conf *conf;
	const struct fg_node *node; /* of the rule */
	size_t index;
	struct fg_conf_rule *rule;
	bool is_default;
};

static const char *const rule_keys[] = { "recipient", "sender",  "class",  "action",
					 "links",     "weights", "default" };
enum { RULE_KEYS = sizeof(rule_keys) / sizeof(rule_keys[0]) };

static const char *label_of(const struct rule_reader *r, const char *key,
			    char out[static LABEL_MAX])
{
	snprintf(out, LABEL_MAX, "rules[%zu].%.40s", r->index, key);
	return out;
}

#define COMPLAIN(r, key, ...)                                                                      \
	do {                                                                                       \
		char complain_label_[LABEL_MAX];                                                   \
		const struct fg_node *complain_at_ = fg_node_member((r)->node, key);               \
		fg_conf_complain((r)->errors,                                                      \
				 fg_node_line(complain_at_ ? complain_at_ : (r)->node),            \
				 label_of(r, key, complain_label_), __VA_ARGS__);                  \
	} while (0)

/* The member of that type, or NULL (and an error when it is of another). */
static const struct fg_node *member(struct rule_reader *r, const char *key, enum fg_node_type type)
{
	const struct fg_node *node = fg_node_member(r->node, key);
	char label[LABEL_MAX];

	if (!node || !fg_conf_expect(r->errors, node, label_of(r, key, label), type))
		return NULL;
	return node;
}

static void read_text(struct rule_reader *r, const char *key, char *out, size_t cap)
{
	const struct fg_node *node = member(r, key, FG_NODE_STR);

	if (!node)
		return;
	if (strlen(fg_node_str(node)) >= cap)
		COMPLAIN(r, key, "%zu bytes are too long; at most %zu", strlen(fg_node_str(node)),
			 cap - 1);
	else if (!*fg_node_str(node))
		COMPLAIN(r, key, "may not be empty; leave the key out to match all");
	else
		strcpy(out, fg_node_str(node));
}

static void read_word(struct rule_reader *r, const char *key, const char *values,
		      char out[FG_CONF_ENUM_MAX + 1])
{
	const struct fg_node *node = member(r, key, FG_NODE_STR);

	if (!node)
		return;
	if (!fg_conf_word_in(values, fg_node_str(node)))
		COMPLAIN(r, key, "\"%.40s\" is none of: %s", fg_node_str(node), values);
	else
		strcpy(out, fg_node_str(node));
}

static bool is_number_prefix(const char *text)
{
	return text[0] == '+' && strspn(text + 1, "0123456789") == strlen(text + 1);
}

static void add_link(struct rule_reader *r, const char *name)
{
	for (uint8_t i = 0; i < r->conf->links_count; i++) {
		if (strcmp(r->conf->links[i].name, name) != 0)
			continue;
		if (memchr(r->rule->links, i, r->rule->links_count))
			COMPLAIN(r, "links", "\"%s\" is named twice", name);
		else
			r->rule->links[r->rule->links_count++] = i;
		return;
	}
	COMPLAIN(r, "links", "no link is named \"%.40s\"", name);
}

static void read_links(struct rule_reader *r)
{
	const struct fg_node *node = member(r, "links", FG_NODE_ARRAY);
	bool wanted = strcmp(r->rule->action, "links") == 0;

	if (node && !wanted)
		COMPLAIN(r, "links", "action = \"%s\" uses no links", r->rule->action);
	if (!fg_node_member(r->node, "links") && wanted)
		COMPLAIN(r, "links", "is missing: an array of link names, the preferred first");
	if (!node)
		return;
	if (fg_node_count(node) == 0)
		COMPLAIN(r, "links", "names no link");
	for (size_t i = 0; i < fg_node_count(node); i++) {
		if (fg_node_type(fg_node_at(node, i)) != FG_NODE_STR) {
			COMPLAIN(r, "links", "must be names in quotes");
			return;
		}
		add_link(r, fg_node_str(fg_node_at(node, i)));
	}
}

/* One for each of the links: the shares in which they carry what they can take. */
static void read_weights(struct rule_reader *r)
{
	const struct fg_node *node = member(r, "weights", FG_NODE_ARRAY);
	const struct fg_node *links = fg_node_member(r->node, "links");

	if (!node)
		return;
	if (!links || fg_node_count(node) != fg_node_count(links)) {
		COMPLAIN(r, "weights", "%zu weights; one for each of links", fg_node_count(node));
		return;
	}
	for (size_t i = 0; i < fg_node_count(node) && i < FG_CONF_LINKS_MAX; i++) {
		const struct fg_node *item = fg_node_at(node, i);

		if (fg_node_type(item) != FG_NODE_INT || fg_node_int(item) < 1 ||
		    fg_node_int(item) > WEIGHT_MAX) {
			COMPLAIN(r, "weights", "must be whole numbers from 1 to %d", WEIGHT_MAX);
			return;
		}
		r->rule->weights[i] = (uint8_t)fg_node_int(item);
	}
	r->rule->weighed = true;
}

static void unknown_keys(struct rule_reader *r)
{
	const char *name;
	char label[LABEL_MAX];
	size_t known;

	for (size_t i = 0; i < fg_node_count(r->node); i++) {
		name = fg_node_name(fg_node_at(r->node, i));
		for (known = 0; known < RULE_KEYS && strcmp(rule_keys[known], name) != 0; known++)
			;
		if (known == RULE_KEYS)
			fg_conf_complain_unknown(r->errors, fg_node_line(fg_node_at(r->node, i)),
						 label_of(r, name, label), name, rule_keys,
						 RULE_KEYS);
	}
}

static void check_conditions(struct rule_reader *r, bool last)
{
	bool any = fg_node_member(r->node, "recipient") || fg_node_member(r->node, "sender") ||
		   fg_node_member(r->node, "class");

	if (*r->rule->recipient_prefix && !is_number_prefix(r->rule->recipient_prefix))
		COMPLAIN(r, "recipient", "\"%s\" is not the beginning of a number such as +1202",
			 r->rule->recipient_prefix);
	if (r->is_default && any)
		COMPLAIN(r, "default", "the default has no recipient, sender or class");
	if (r->is_default && !last)
		COMPLAIN(r, "default",
			 "must be the last rule; those after it would never be reached");
	if (!r->is_default && !any)
		COMPLAIN(r, "recipient",
			 "without recipient, sender or class a rule is the default: say default = "
			 "true");
	if (!r->is_default && last)
		COMPLAIN(r, "default", "is missing: the last rule must say default = true");
}

static void read_rule(struct rule_reader *r, bool last)
{
	const struct fg_node *flag;

	memset(r->rule, 0, sizeof(*r->rule));
	r->rule->line = fg_node_line(r->node);
	strcpy(r->rule->action, "links");
	flag = member(r, "default", FG_NODE_BOOL);
	r->is_default = flag && fg_node_bool(flag);
	read_text(r, "recipient", r->rule->recipient_prefix, sizeof(r->rule->recipient_prefix));
	read_text(r, "sender", r->rule->sender_prefix, sizeof(r->rule->sender_prefix));
	read_word(r, "class", "otp|interactive|normal|bulk|confidential", r->rule->message_class);
	read_word(r, "action", "links|refuse|hold", r->rule->action);
	read_links(r);
	read_weights(r);
	check_conditions(r, last);
	unknown_keys(r);
}

void fg_conf_read_policy_tree(struct fg_conf_reader *reader, const struct fg_node *root,
			      const struct fg_conf_policy_target *target)
{
	static const char *const names[] = { "rules" };
	const struct fg_node *rules = fg_node_member(root, "rules"), *item;
	struct rule_reader r = { .errors = reader, .conf = target->conf };
	char label[LABEL_MAX];
	size_t count;

	for (size_t i = 0; i < fg_node_count(root); i++)
		if (fg_node_at(root, i) != rules)
			fg_conf_complain_unknown(reader, fg_node_line(fg_node_at(root, i)),
						 fg_node_name(fg_node_at(root, i)),
						 fg_node_name(fg_node_at(root, i)), names, 1);
	if (!rules) {
		fg_conf_complain(reader, 0, "rules",
				 "is missing: a list ( { ... }, { default = true; ... } )");
		return;
	}
	if (!fg_conf_expect(reader, rules, "rules", FG_NODE_LIST))
		return;
	count = fg_node_count(rules);
	if (count == 0 || count > FG_CONF_RULES_MAX) {
		fg_conf_complain(reader, fg_node_line(rules), "rules", "%zu rules; 1 to %d", count,
				 FG_CONF_RULES_MAX);
		return;
	}
	for (r.index = 0; r.index < count; r.index++) {
		item = fg_node_at(rules, r.index);
		snprintf(label, sizeof(label), "rules[%zu]", r.index);
		if (!fg_conf_expect(reader, item, label, FG_NODE_GROUP))
			continue;
		r.node = item;
		r.rule = &target->rules[r.index];
		read_rule(&r, r.index + 1 == count);
	}
	if (reader->errors == 0)
		*target->count = count;
}
