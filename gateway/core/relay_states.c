/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which changes of a message's state there are: relay_states.def.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>

#define FROM_NEW      0
#define FROM_READY    FG_JOB_READY
#define FROM_SENDING  FG_JOB_SENDING
#define FROM_SECURE   FG_JOB_SECURE
#define FROM_SENT     FG_JOB_SENT
#define FROM_IN_DOUBT FG_JOB_IN_DOUBT

static const struct {
	unsigned from;
	enum fg_relay_event event;
	enum fg_job_state to;
} changes[] = {
#define FG_RELAY_CHANGE(from, event, to, why) { FROM_##from, FG_RELAY_##event, FG_JOB_##to },
#include "gateway/core/relay_states.def"
#undef FG_RELAY_CHANGE
};

bool fg_relay_may_change(unsigned from, enum fg_relay_event event, enum fg_job_state to)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (changes[i].from == from && changes[i].event == event && changes[i].to == to)
			return true;
	return false;
}

void fg_relay_become(struct fg_relay *relay, enum fg_relay_event event, enum fg_job_state to)
{
#ifndef FG_MUTANT_relay_states
	if (!fg_relay_may_change(relay->state, event, to))
		FG_BUG("a message in state %u becomes %u by event %d", relay->state, to,
		       (int)event);
#endif
	(void)event;
	relay->state = (uint8_t)to;
}
