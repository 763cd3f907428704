/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Facts and policies that the tests of the decision share: a calm message with two links, to be
 * changed one fact at a time.
 */
#pragma once

#include "gateway/decide/policy.h"

enum { LINK_RCS, LINK_SMS };

#define CALM_LINKS                                                                                 \
	.links_count = 2, .links = {                                                               \
		{ .bearer = FG_BEARER_RCS, .up = true, .credits = 10, .success_permille = 1000 },  \
		{ .bearer = FG_BEARER_SMS, .up = true, .credits = 10, .success_permille = 1000 },  \
	}

/*! A device consented to SMS or RCS for either reason, T is a minute, ten seconds and an hour are
 * behind and ahead. */
#define CALM                                                                                       \
	.view = FG_VIEW_ABSENT, .consent = FG_CONSENT_DEVICE,                                      \
	.consent_bearers = FG_BEARER_BIT(FG_BEARER_RCS) | FG_BEARER_BIT(FG_BEARER_SMS),            \
	.consent_reasons = FG_CONSENT_FOR_ABSENT | FG_CONSENT_FOR_UNDELIVERED,                     \
	.consent_after_ms = 60000, .consent_max_segments = 4, .sender_policy = FG_POLICY_ALLOW,    \
	.message_class = FG_MESSAGE_NORMAL, .age_ms = 10000, .left_ms = 3600000,                   \
	.sender = "alice", .recipient = "+491701234567", CALM_LINKS

/*! A default that tries both links in order, over rules of the caller (may be NULL). */
static inline void calm_policy(struct fg_policy *policy, struct fg_policy_rule *rules, uint16_t cap)
{
	const struct fg_policy_rule both = { .action = FG_RULE_LINKS,
					     .links_count = 2,
					     .links = { LINK_RCS, LINK_SMS } };

	fg_policy_init(policy, rules, cap, 2);
	(void)fg_policy_set_default(policy, &both);
}
