/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/decide/link.h"

static const char *const obstacle_texts[FG_LINK_OBSTACLE_COUNT] = {
	[FG_LINK_USABLE] = "can carry it",
	[FG_LINK_MISSING] = "is no link for unprotected messages",
	[FG_LINK_CONSENT] = "has a bearer that the consent does not allow",
	[FG_LINK_FLOOR] = "protects less than is required",
	[FG_LINK_SEGMENTS] = "needs more segments than the consent allows",
	[FG_LINK_FAILED] = "failed for this message already",
	[FG_LINK_DOWN] = "is down",
	[FG_LINK_CREDITS] = "takes nothing more now",
};

enum fg_protection fg_link_protection(const struct fg_link_facts *link)
{
	return link->bearer == FG_BEARER_RCS ? FG_PROTECTION_HOP : FG_PROTECTION_NONE;
}

/* What no change on the link's side can lift. */
static enum fg_link_obstacle lasting_obstacle(const struct fg_facts *facts,
					      const struct fg_link_facts *link)
{
	if (link->bearer >= FG_BEARER_COUNT ||
	    !(FG_BEARER_BIT(link->bearer) & FG_BEARERS_UNPROTECTED))
		return FG_LINK_MISSING;
#ifndef FG_MUTANT_consent_bearer
	if (!(facts->consent_bearers & FG_BEARER_BIT(link->bearer)))
		return FG_LINK_CONSENT;
#endif
#ifndef FG_MUTANT_link_floor
	if (fg_link_protection(link) < facts->floor)
		return FG_LINK_FLOOR;
#endif
#ifndef FG_MUTANT_max_segments
	if (link->segments > facts->consent_max_segments)
		return FG_LINK_SEGMENTS;
#endif
	return FG_LINK_USABLE;
}

enum fg_link_obstacle fg_link_obstacle(const struct fg_facts *facts, unsigned index)
{
	const struct fg_link_facts *link;
	enum fg_link_obstacle lasting;

	if (index >= facts->links_count || index >= FG_LINKS_MAX)
		return FG_LINK_MISSING;
	link = &facts->links[index];
	lasting = lasting_obstacle(facts, link);
	if (lasting != FG_LINK_USABLE)
		return lasting;
#ifndef FG_MUTANT_link_failed
	if (link->failed)
		return FG_LINK_FAILED;
#endif
#ifndef FG_MUTANT_link_up
	if (!link->up)
		return FG_LINK_DOWN;
#endif
	return link->credits ? FG_LINK_USABLE : FG_LINK_CREDITS;
}

const char *fg_link_obstacle_text(enum fg_link_obstacle obstacle)
{
	return (unsigned)obstacle < FG_LINK_OBSTACLE_COUNT ? obstacle_texts[obstacle] : "?";
}
