/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one link can do for one message: the protection it gives, and the first thing that keeps the
 * message off it.
 */
#pragma once

#include "gateway/decide/decide.h"

#define FG_BEARERS_UNPROTECTED                                                                     \
	(FG_BEARER_BIT(FG_BEARER_RCS) | FG_BEARER_BIT(FG_BEARER_MMS) | FG_BEARER_BIT(FG_BEARER_SMS))

/*! What keeps a message off a link. The lasting ones come first: they hold whether the link is up
 * or not. */
enum fg_link_obstacle {
	FG_LINK_USABLE,
	FG_LINK_MISSING,  /*!< no such link, or not one for unprotected messages */
	FG_LINK_CONSENT,  /*!< the consent does not allow its bearer */
	FG_LINK_FLOOR,    /*!< it protects less than is required */
	FG_LINK_SEGMENTS, /*!< the marked text needs more segments than the consent allows */
	FG_LINK_FAILED,   /*!< this message's leg on it failed */
	FG_LINK_DOWN,
	FG_LINK_CREDITS, /*!< takes no job now */
	FG_LINK_OBSTACLE_COUNT
};

/*! What a message has on this link, at most. */
enum fg_protection fg_link_protection(const struct fg_link_facts *link);

/*! The first obstacle for this message on link number index; total. */
enum fg_link_obstacle fg_link_obstacle(const struct fg_facts *facts, unsigned index);

/*! "is down" and the like, to follow the link's name; never NULL. */
const char *fg_link_obstacle_text(enum fg_link_obstacle obstacle);
