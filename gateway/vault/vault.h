/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The vault: the second, independent line, and the only process on this side that reads clear text. Frames in, frames out, no sockets.
 * It follows the log's tree by itself, checks every order again with its own pins and its own memory of legs, opens, marks, plans, records
 * the leg durably and only then hands the job to the link.
 *
 * Read next: vault_open.c (what is checked, in order), vault_file.c (what lies on disk), mark.h, vault_main.c (the process).
 */
#pragma once

#include "gateway/log/keyring.h"
#include "gateway/log/order_check.h"
#include "lib/base/clock.h"
#include "lib/base/conf.h"

struct fg_vault;

struct fg_vault_ops {
	void (*to_core)(const struct fg_frame *frame, void *arg);
	void (*to_log)(const struct fg_frame *frame, void *arg);
	/*! Frames for a link; a JOB carries clear text. */
	void (*to_link)(size_t link, const struct fg_frame *frame, void *arg);
	/*! A request that somebody waits for: FG_OK; FG_E_IPC_FULL, FG_E_CLOSED: it was not sent. */
	enum fg_rc (*offer_core)(const struct fg_frame *frame, void *arg);
	/*! The disk cannot be trusted any more: end the process. Nothing may be called afterwards. */
	void (*failed)(enum fg_rc rc, void *arg);
};

/*! Load the keys from data_dir/vault (made when missing). conf and clock are borrowed for the life of the vault, a talloc child of ctx.
 *  FG_E_LOCKED_MEMORY when clear text cannot be locked and conf does not allow that. */
enum fg_rc fg_vault_new(void *ctx, const struct fg_conf *conf, struct fg_clock *clock,
			const struct fg_vault_ops *ops, void *arg, struct fg_vault **vault_out);
const uint8_t *fg_vault_public_key(const struct fg_vault *vault);

/*! Replay and compact the journal. Legs that were open become unknown: the links were restarted with the vault. */
enum fg_rc fg_vault_start(struct fg_vault *vault, const struct fg_trust *trust);

/*! Hand out the seal key; tell which links are up, and of legs that became unknown. */
void fg_vault_core_open(struct fg_vault *vault);
void fg_vault_log_open(struct fg_vault *vault); /*!< say what was followed */
void fg_vault_link_closed(struct fg_vault *vault, size_t link);

/*! A frame from the log, the core (link ignored) or a link. Byte fields borrowed for the call. */
void fg_vault_frame(struct fg_vault *vault, const struct fg_frame *frame);
void fg_vault_link_frame(struct fg_vault *vault, size_t link, const struct fg_frame *frame);

/*! At the end of a loop turn: make durable what was recorded, then hand out jobs and answers. */
void fg_vault_flush(struct fg_vault *vault);
void fg_vault_idle(struct fg_vault *vault); /*!< now and then: rotate seal keys */
