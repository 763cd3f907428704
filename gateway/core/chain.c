/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the log and the vault say, handed to who it is for: messages of applications are asked first, since they are looked up in memory.
 */
#include "gateway/core/internal.h"

#include "gateway/core/job.h"
#include "gateway/core/relay.h"

static void about_a_message(struct fg_core *core, const struct fg_frame *frame, bool by_vault)
{
	switch (frame->type) {
	case FG_IPC_LOGGED:
		fg_jobs_logged(core, &frame->logged);
		break;
	case FG_IPC_RELAYED:
		fg_relays_relayed(core, &frame->relayed);
		break;
	case FG_IPC_COPIES:
		fg_relays_copies(core, &frame->copies);
		break;
	case FG_IPC_REFUSED:
		if (!fg_relays_refused(core, &frame->refused, by_vault))
			fg_jobs_refused(core, &frame->refused, by_vault);
		break;
	case FG_IPC_LEG:
		if (!fg_relays_leg(core, &frame->leg))
			fg_jobs_leg(core, &frame->leg);
		break;
	case FG_IPC_DLR:
		if (!fg_relays_report(core, &frame->dlr))
			fg_jobs_report(core, &frame->dlr);
		break;
	default:
		break;
	}
}

void fg_chain_frame(struct fg_core *core, const struct fg_frame *frame, bool by_vault)
{
	switch (frame->type) {
	case FG_IPC_SEALED:
		fg_relays_sealed(core, &frame->sealed);
		break;
	case FG_IPC_APP_TOLD:
		fg_relays_told(core, &frame->app_told);
		break;
	case FG_IPC_APP_BOUND:
		fg_relays_bound(core, &frame->app_bound);
		break;
	case FG_IPC_APP_ASKED:
		fg_relays_asked(core, &frame->app_asked);
		break;
	case FG_IPC_ACCOUNT_NOTED:
		fg_announce_noted(core, &frame->account_noted);
		break;
	default:
		about_a_message(core, frame, by_vault);
		break;
	}
}
