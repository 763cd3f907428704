/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which changes of a job's state there are: states.def as a table.
 */
#include "gateway/core/step.h"

#define BIT(state) (1u << (state))

enum {
	FROM_NEW = BIT(FG_JOB_NEW),
	FROM_OPEN = BIT(FG_JOB_READY) | BIT(FG_JOB_SECURE) | BIT(FG_JOB_ASKING),
	FROM_SENDING = BIT(FG_JOB_SENDING),
	FROM_SENT = BIT(FG_JOB_SENT),
	FROM_IN_DOUBT = BIT(FG_JOB_IN_DOUBT),
	FROM_FINAL = BIT(FG_JOB_FINAL),
};

static const struct {
	unsigned from;
	enum fg_event_kind event;
	enum fg_job_state to;
} changes[] = {
#define FG_JOB_CHANGE(from, event, to, why) { FROM_##from, FG_EVENT_##event, FG_JOB_##to },
#include "gateway/core/states.def"
#undef FG_JOB_CHANGE
};

bool fg_job_may_change(unsigned from, enum fg_event_kind event, enum fg_job_state to)
{
	for (size_t i = 0; from <= FG_JOB_FINAL && i < sizeof(changes) / sizeof(changes[0]); i++)
		if ((changes[i].from & BIT(from)) && changes[i].event == event &&
		    changes[i].to == to)
			return true;
	return false;
}
