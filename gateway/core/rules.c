/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The operator's rules, from policy.conf or the order of the links, as the decision reads them.
 */
#include "gateway/core/internal.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include "lib/crypto/crypto.h"

static void note_error(const char *file, unsigned line, const char *key, const char *text,
		       void *arg)
{
	char *why = arg;

	if (!*why) /* the first one: the others may follow from it */
		snprintf(why, FG_ROLE_WHY_MAX, "%s:%u: %s: %s", file, line, key, text);
}

static enum fg_rc copy_prefix(char *out, const char *prefix)
{
	if (strlen(prefix) > FG_POLICY_PREFIX_MAX)
		return FG_E_CONF;
	strcpy(out, prefix); /* fits: just measured */
	return FG_OK;
}

static enum fg_rc take_class(const char *name, uint8_t *classes_out)
{
	if (!*name)
		return FG_OK;
	for (unsigned i = 0; i < 8; i++)
		if (strcmp(fg_message_class_name((enum fg_message_class)i), name) == 0) {
			*classes_out = (uint8_t)FG_CLASS_BIT(i);
			return FG_OK;
		}
	return FG_E_CONF;
}

static enum fg_rc convert_rule(const struct fg_conf_rule *from, struct fg_policy_rule *rule_out)
{
	enum fg_rc rc;

	*rule_out = (struct fg_policy_rule){ .action = FG_RULE_LINKS };
	snprintf(rule_out->name, sizeof(rule_out->name), "line %u", from->line);
	if (strcmp(from->action, "refuse") == 0)
		rule_out->action = FG_RULE_REFUSE;
	else if (strcmp(from->action, "hold") == 0)
		rule_out->action = FG_RULE_HOLD;
	else
		rule_out->links_count = from->links_count;
	memcpy(rule_out->links, from->links, rule_out->links_count);
	rule_out->spread = from->weighed && rule_out->action == FG_RULE_LINKS;
	memcpy(rule_out->weights, from->weights, rule_out->links_count);
	rc = copy_prefix(rule_out->recipient, from->recipient_prefix);
	if (rc == FG_OK)
		rc = copy_prefix(rule_out->sender, from->sender_prefix);
	if (rc == FG_OK)
		rc = take_class(from->message_class, &rule_out->classes);
	return rc;
}

static enum fg_rc rules_from_file(const struct fg_conf *conf, struct fg_core_rules *rules,
				  char *why)
{
	struct fg_conf_rule *from = talloc_array(rules, struct fg_conf_rule, FG_CONF_RULES_MAX);
	struct fg_policy_rule rule;
	size_t count = 0;
	enum fg_rc rc = from ? fg_conf_read_policy(conf->gateway.policy, conf, from, &count,
						   note_error, why)
			     : FG_E_NO_MEMORY;

	for (size_t i = 0; rc == FG_OK && i < count; i++) {
		rc = convert_rule(&from[i], &rule);
		if (rc == FG_OK)
			rc = i + 1 < count ? fg_policy_add_rule(&rules->policy, &rule)
					   : fg_policy_set_default(&rules->policy, &rule);
	}
	talloc_free(from);
	return rc;
}

/* Without a file: every link that leads out, in the order of the configuration. Without links nothing leaves unprotected. A link
 * without a name was removed from the configuration. */
static enum fg_rc default_rule(const struct fg_conf *conf, struct fg_core_rules *rules)
{
	struct fg_policy_rule rule = { .name = "default", .action = FG_RULE_LINKS };

	for (uint8_t i = 0; i < conf->links_count; i++)
		if (*conf->links[i].name && !fg_conf_link_is_server(&conf->links[i]))
			rule.links[rule.links_count++] = i;
	if (rule.links_count == 0)
		rule.action = FG_RULE_REFUSE;
	return fg_policy_set_default(&rules->policy, &rule);
}

static enum fg_rc check_rules(const struct fg_core_rules *rules, char *why)
{
	struct fg_policy_fault fault;
	enum fg_rc rc = fg_policy_check(&rules->policy, &fault);

	if (rc != FG_OK)
		fg_policy_fault_text(&rules->policy, &fault, why, FG_ROLE_WHY_MAX);
	return rc;
}

/* What decided is stored with every decision: the rules, and which links their numbers meant. */
static enum fg_rc hash_rules(const struct fg_conf *conf, struct fg_core_rules *rules)
{
	struct fg_piece pieces[1 + FG_CONF_LINKS_MAX];
	size_t cap = FG_POLICY_TEXT_CAP(rules->policy.count), len = 0;
	char *text = talloc_size(rules, cap);
	enum fg_rc rc =
		text ? fg_policy_canonical_text(&rules->policy, text, cap, &len) : FG_E_NO_MEMORY;

	if (rc == FG_OK) {
		pieces[0] = (struct fg_piece){ text, len };
		for (size_t i = 0; i < conf->links_count; i++)
			pieces[1 + i] = (struct fg_piece){ conf->links[i].name,
							   strlen(conf->links[i].name) + 1 };
		rules->hash = fg_sha256_pieces(pieces, 1 + conf->links_count);
	}
	talloc_free(text);
	return rc;
}

enum fg_rc fg_rules_load(void *ctx, const struct fg_conf *conf, struct fg_core_rules **rules_out,
			 char why[static FG_ROLE_WHY_MAX])
{
	struct fg_core_rules *rules = talloc_zero(ctx, struct fg_core_rules);
	enum fg_rc rc;

	*rules_out = NULL;
	if (rules)
		rules->rows = talloc_zero_array(rules, struct fg_policy_rule, FG_CONF_RULES_MAX);
	if (!rules || !rules->rows) {
		talloc_free(rules);
		return FG_E_NO_MEMORY;
	}
	fg_policy_init(&rules->policy, rules->rows, FG_CONF_RULES_MAX, (uint8_t)conf->links_count);
	rc = conf->gateway.policy[0] ? rules_from_file(conf, rules, why)
				     : default_rule(conf, rules);
	if (rc == FG_OK)
		rc = check_rules(rules, why);
	if (rc == FG_OK)
		rc = hash_rules(conf, rules);
	if (rc == FG_OK)
		*rules_out = rules;
	else
		talloc_free(rules);
	return rc;
}
