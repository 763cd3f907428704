/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The operator's rules: which link carries what the built-in table allows to leave unprotected. The
 * first rule that matches decides; an explicit default comes last. Rules never widen what the table
 * and the consent allow.
 *
 * Built with this interface by whoever reads policy.conf; no parsing here. The rules live in an
 * array of the caller.
 */
#pragma once

#include "gateway/decide/decide.h"

enum {
	FG_POLICY_RULES_MAX = 1000,
	FG_POLICY_NAME_MAX = 32,       /*!< bytes of a rule's name, without the NUL */
	FG_POLICY_PREFIX_MAX = 48,     /*!< bytes of a prefix, without the NUL */
	FG_POLICY_RULE_TEXT_MAX = 800, /*!< most bytes of one rule as canonical text */
};

/*! Bytes that always hold fg_policy_canonical_text() of n rules, the default and the head. */
#define FG_POLICY_TEXT_CAP(n) (((size_t)(n) + 2) * FG_POLICY_RULE_TEXT_MAX)

enum fg_rule_action {
	FG_RULE_LINKS,  /*!< the first usable one of links */
	FG_RULE_REFUSE, /*!< never unprotected */
	FG_RULE_HOLD,   /*!< not now: until the policy changes or the message expires */
	FG_RULE_ACTION_COUNT
};

/*! One rule. What is empty or 0 matches anything. */
struct fg_policy_rule {
	char name[FG_POLICY_NAME_MAX + 1];
	char recipient[FG_POLICY_PREFIX_MAX + 1]; /*!< prefix of facts.recipient */
	char sender[FG_POLICY_PREFIX_MAX + 1];    /*!< prefix of facts.sender */
	uint8_t classes;                          /*!< FG_CLASS_BIT set */
	uint8_t bearers; /*!< FG_BEARER_BIT set: the consent must allow one of these */
	enum fg_rule_action action;
	bool spread; /*!< choose among the usable links by facts.spread and weights instead of by order */
	uint8_t links_count;           /*!< FG_RULE_LINKS: 1..FG_LINKS_MAX, else 0 */
	uint8_t links[FG_LINKS_MAX];   /*!< indexes into facts.links, best first */
	uint8_t weights[FG_LINKS_MAX]; /*!< with spread: the share of each, 0 counts as 1 */
};

#define FG_CLASS_BIT(message_class) (1u << (message_class))

/*! Rules in force. Fill through the functions below; then read-only, and may be shared. */
struct fg_policy {
	struct fg_policy_rule *rules; /*!< borrowed for the policy's life */
	uint16_t cap, count;
	uint8_t links_count; /*!< configured links: rules may name 0..links_count-1 */
	bool has_default;
	/*! the default; its matches are not read; number count + 1 */
	struct fg_policy_rule fallback;
};

/*! Begin an empty policy over the caller's array of cap rules (more than FG_POLICY_RULES_MAX are
 * not used). */
void fg_policy_init(struct fg_policy *policy, struct fg_policy_rule *rules, uint16_t cap,
		    uint8_t links_count);

/*! Append a copy of the rule.
 *  \return FG_OK; FG_E_LIMIT when the array is full; FG_E_ARG when a text does not end inside its
 * array or the action or links_count is out of range. */
enum fg_rc fg_policy_add_rule(struct fg_policy *policy, const struct fg_policy_rule *rule);

/*! Set the default. \return as fg_policy_add_rule(); FG_E_EXISTS when there is one. */
enum fg_rc fg_policy_set_default(struct fg_policy *policy, const struct fg_policy_rule *rule);

enum fg_policy_fault_kind {
	FG_POLICY_SOUND,
	FG_POLICY_NO_DEFAULT,
	FG_POLICY_UNREACHABLE, /*!< an earlier rule (other) matches whatever this one does */
	FG_POLICY_UNKNOWN_LINK,
	FG_POLICY_SAME_LINK, /*!< a link is named twice */
	FG_POLICY_NO_LINKS,  /*!< chooses a link but names none */
	FG_POLICY_FAULT_COUNT
};

/*! What is wrong with a policy: where, and because of what. */
struct fg_policy_fault {
	enum fg_policy_fault_kind kind;
	uint16_t rule;  /*!< from 1; count + 1 is the default; 0 the policy as a whole */
	uint16_t other; /*!< UNREACHABLE: the earlier rule */
	uint8_t link;   /*!< UNKNOWN_LINK, SAME_LINK */
};

/*! Check a policy before it comes into force.
 *  \param[out] fault_out the first fault, or FG_POLICY_SOUND.
 *  \return FG_OK or FG_E_CONF. O(rules²). */
enum fg_rc fg_policy_check(const struct fg_policy *policy, struct fg_policy_fault *fault_out);

/*! One sentence on the fault, such as "rule 3 \"de\": never reached, since rule 1 \"all\" matches
 * before". \return FG_OK or FG_E_SPACE; out always ends in NUL. */
enum fg_rc fg_policy_fault_text(const struct fg_policy *policy, const struct fg_policy_fault *fault,
				char *out, size_t cap);

/*! The number of the rule that matches, from 1; count + 1 is the default. Total. O(rules). */
uint16_t fg_policy_match(const struct fg_policy *policy, const struct fg_facts *facts);

/*! Rule by number from 1; count + 1 and beyond is the default. */
const struct fg_policy_rule *fg_policy_rule_at(const struct fg_policy *policy, uint16_t number);

/*! Why a rule does not match. */
enum fg_rule_miss {
	FG_MISS_NONE, /*!< it matches */
	FG_MISS_RECIPIENT,
	FG_MISS_SENDER,
	FG_MISS_CLASS,
	FG_MISS_BEARER,
};

enum fg_rule_miss fg_policy_miss(const struct fg_policy_rule *rule, const struct fg_facts *facts);

/*! What the rules say about a message that may leave unprotected. */
struct fg_policy_verdict {
	enum fg_action action; /*!< DOWNGRADE, WAIT or REFUSE */
	uint8_t link;          /*!< DOWNGRADE: index into facts.links */
	uint16_t rule;         /*!< that matched, from 1 */
	enum fg_reason reason; /*!< why not DOWNGRADE; FG_REASON_NONE with it */
	/*! RULE_*; LINK_FAILED when a better link had failed (row 15) */
	enum fg_reason rule_reason;
};

/*! Ask the rules. Total; without a default a message that no rule matches waits. O(rules + links).
 */
struct fg_policy_verdict fg_policy_ask(const struct fg_policy *policy,
				       const struct fg_facts *facts);

/*! The policy as canonical text, one line a rule: equal texts mean equal decisions on all facts.
 * The core hashes it for the fingerprint that is stored with every decision. \param[out] len_out
 * length without the NUL. \return FG_OK; FG_E_SPACE when cap is too small (FG_POLICY_TEXT_CAP()
 * always is enough). */
enum fg_rc fg_policy_canonical_text(const struct fg_policy *policy, char *out, size_t cap,
				    size_t *len_out);
