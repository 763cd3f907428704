/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The transparency log itself: frames in, frames out, no sockets. Orders are checked and peeled as they come and gather in a batch;
 * fg_ledger_flush() at the end of a loop turn appends the batch, makes it durable with one fdatasync, signs one checkpoint, and only
 * then tells the vault and the core.
 *
 * Read next: order_check.h (what is checked), ledger_file.c (what lies on disk), ledger_out.c (what waits for the
 * vault), log_main.c (the process).
 */
#pragma once

#include "gateway/log/keyring.h"
#include "gateway/log/order_check.h"
#include "lib/base/clock.h"
#include "lib/base/conf.h"

struct fg_ledger;

struct fg_ledger_ops {
	void (*to_core)(const struct fg_frame *frame, void *arg);
	/*! FG_OK; FG_E_IPC_FULL: the ledger keeps the frame and tries again at the next flush; any other error loses it. */
	enum fg_rc (*to_vault)(const struct fg_frame *frame, void *arg);
	/*! The disk cannot be trusted any more: end the process. Nothing may be called afterwards. */
	void (*failed)(enum fg_rc rc, void *arg);
};

/*! Load the keys from data_dir/log (made when missing). conf and clock are borrowed for the life of the ledger, a talloc child of ctx. */
enum fg_rc fg_ledger_new(void *ctx, const struct fg_conf *conf, struct fg_clock *clock,
			 const struct fg_ledger_ops *ops, void *arg, struct fg_ledger **ledger_out);
const uint8_t *fg_ledger_public_key(const struct fg_ledger *ledger);

/*! Replay the journal under this trust. FG_OK; FG_E_TRUST when the log key is not ours; FG_E_LOG_IO; FG_E_SYNTAX, FG_E_LOG_FORK when what
 *  is on disk is not a log that this key signed. */
enum fg_rc fg_ledger_start(struct fg_ledger *ledger, const struct fg_trust *trust);

void fg_ledger_core_open(struct fg_ledger *ledger); /*!< a new channel: hand out the seal key */
void fg_ledger_vault_closed(struct fg_ledger *ledger);

/*! Any frame that ipc.def lets the core or the vault send. Byte fields borrowed for the call. */
void fg_ledger_frame(struct fg_ledger *ledger, const struct fg_frame *frame);

/*! At the end of a loop turn, and when the channel to the vault has room again. */
void fg_ledger_flush(struct fg_ledger *ledger);

/*! Now and then: rotate seal keys; write the files for auditors (data_dir/log/leaves, data_dir/log/checkpoint). */
void fg_ledger_idle(struct fg_ledger *ledger);
uint64_t fg_ledger_size(const struct fg_ledger *ledger);
