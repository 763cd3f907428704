/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Jobs: a message for one recipient from its acceptance to its final receipt; and the chain's answers about them.
 */
#pragma once

#include "gateway/core/session.h"

enum fg_rc fg_jobs_start(struct fg_core *core); /*!< sweep what a restart left; then timers */
void fg_jobs_stop(struct fg_core *core);

/* From the log and the vault. */
void fg_jobs_logged(struct fg_core *core, const struct fg_ipc_logged *logged);
void fg_jobs_refused(struct fg_core *core, const struct fg_ipc_refused *refused, bool by_vault);
void fg_jobs_leg(struct fg_core *core, const struct fg_ipc_leg *leg);
void fg_jobs_report(struct fg_core *core, const struct fg_ipc_dlr *report);
void fg_jobs_head(struct fg_core *core, const struct fg_ipc_head *head);
/*! A link came up or got credit, or the chain is whole again: decide what waits; repeat orders in flight. */
void fg_jobs_chain_changed(struct fg_core *core, bool repeat_orders);

/* operate.c */
/*! Is the link up, and may it be given anything? */
bool fg_operate_usable(const struct fg_core *core, size_t link);
/*! A leg on the link of that name is over, and stored: count it, remember an error. */
void fg_operate_leg(struct fg_core *core, const char *link, enum fg_leg_state state,
		    uint32_t carrier_code);
/*! The same by its index; one that is none is ignored. */
void fg_operate_leg_at(struct fg_core *core, unsigned link, enum fg_leg_state state,
		       uint32_t carrier_code);
