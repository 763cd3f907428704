/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages of applications (flow C) and from carriers (flow D), at carrier speed. What is alive lies in memory, compact, found by hash; what must survive lies in
 * the store, written in commits that serve thousands. No read of the store is made before a change: memory is the truth while we run,
 * and one scan rebuilds it at start.
 *
 *   SEALED -> relay_accept.c -> relay_decide.c (views, facts, fg_decide) -> one commit -> TAKEN and RELAY
 *   LEG, DLR -> relay_event.c -> one commit -> STORED, and relay_tell.c: APP_RECEIPT until APP_TOLD
 *
 * Messages for devices: COPIES -> relay_secure.c, the devices' queues -> the first acknowledgement. Parts: relay_join.c.
 *
 * relay_table.c has the memory, relay_record.c the durable record, relay_commit.c the commits, relay_order.c what goes to the log,
 * relay_ask.c what applications and operators ask, relay_replace.c new texts, relay_states.def which changes of state there are.
 */
#pragma once

#include "gateway/core/session.h"

enum fg_rc fg_relays_start(struct fg_core *core); /*!< begins to load what is stored */
/*! Stop timers; called before the store is closed, which still calls back. */
void fg_relays_stop(struct fg_core *core);
void fg_relays_free(struct fg_core *core); /*!< after the store was closed */
/*! True until all that is stored is in memory: until then nothing of the vault may be read. */
bool fg_relays_loading(const struct fg_core *core);

/* From the vault and the log. True: it was about a message of ours. */
void fg_relays_sealed(struct fg_core *core, const struct fg_ipc_sealed *sealed);
bool fg_relays_leg(struct fg_core *core, const struct fg_ipc_leg *leg);
bool fg_relays_refused(struct fg_core *core, const struct fg_ipc_refused *refused, bool by_vault);
void fg_relays_relayed(struct fg_core *core, const struct fg_ipc_relayed *relayed);
/*! A report under a reference that nobody knows may have overtaken its LEG: it is kept a while, then given to fg_jobs_report(). */
bool fg_relays_report(struct fg_core *core, const struct fg_ipc_dlr *report);
/*! Sealed by the vault for devices. */
bool fg_relays_copies(struct fg_core *core, const struct fg_ipc_copies *copies);
/*! A device acknowledged it. False: it is none of ours, or ended long ago; else done is called, when what follows is durable. */
bool fg_relays_acked(struct fg_core *core, const struct fg_id *id,
		     void (*done)(enum fg_rc rc, void *arg), void *arg);
void fg_relays_told(struct fg_core *core, const struct fg_ipc_app_told *told);
void fg_relays_bound(struct fg_core *core, const struct fg_ipc_app_bound *bound);
void fg_relays_asked(struct fg_core *core, const struct fg_ipc_app_asked *asked);
/*! A link changed or the chain has room (reopened: a peer has a new channel; orders and receipts in flight are given again). */
void fg_relays_chain_changed(struct fg_core *core, bool reopened);
/*! The vault is gone, and with it every bind. */
void fg_relays_vault_lost(struct fg_core *core);
/*! A link is down, and with it the binds over it. */
void fg_relays_link_lost(struct fg_core *core, size_t link);

/*! Text for `fallgatectl explain ID`; done gets "" when no message of an application has that id. */
void fg_relays_explain(struct fg_core *core, const struct fg_id *id, fg_text_cb done, void *arg);
/*! One line for each account for `fallgatectl links`, appended to a talloc string; NULL without memory. */
char *fg_relays_links(const struct fg_core *core, char *text_take);
