/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whatever is taken as facts is written back as the same bytes, and decides without breaking the
 * first sentences.
 */
#include "tests/fuzz/fuzz.h"
#include "gateway/decide/facts_text.h"
#include "gateway/decide/policy.h"

#include <stdlib.h>
#include <string.h>

static void decide_safely(const struct fg_facts *facts)
{
	struct fg_policy policy;
	struct fg_decision decision;

	fg_policy_init(&policy, NULL, 0, FG_LINKS_MAX);
	policy.fallback.links_count = FG_LINKS_MAX;
	for (unsigned i = 0; i < FG_LINKS_MAX; i++)
		policy.fallback.links[i] = (uint8_t)i;
	decision = fg_decide(&policy, facts);
	if (decision.action == FG_ACTION_DOWNGRADE &&
	    (facts->view == FG_VIEW_UNKNOWN || facts->consent < FG_CONSENT_DEVICE ||
	     !facts->left_ms || decision.link >= facts->links_count))
		abort();
	if (decision.wait_ms > facts->left_ms)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char again[FG_FACTS_TEXT_MAX];
	struct fg_facts facts;
	size_t again_len;

	if (fg_facts_parse((const char *)data, len, &facts) != FG_OK)
		return 0;
	if (fg_facts_write(&facts, again, sizeof(again), &again_len) != FG_OK || again_len != len ||
	    memcmp(again, data, len) != 0)
		abort();
	decide_safely(&facts);
	return 0;
}
