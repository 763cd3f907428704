/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What all binds of a link share, since to the far side they are one account: rate, window, what
 * was learned of the peer, the jobs, and the state that the host hears. It outlives the
 * connections. Sessions (session.h) belong to it; no sockets and no clock here.
 *
 * A message goes to one bind as a whole, and all of a recipient to the same one: where its open
 * messages are, else by its number, so that their order is kept when binds come and go.
 */
#pragma once

#include "adapters/adapter.h"

struct fg_smpp_account;
struct fg_smpp_session;

/*! Without sessions. host and conf are borrowed for its life. NULL without memory. */
struct fg_smpp_account *fg_smpp_account_new(void *ctx, struct fg_adapter_host *host,
					    const struct fg_conf_links *conf, uint64_t now_ms);

/*! The carrier's own codes, out of an open file as fg_smpp_vendor_codes_read() has it; fg_smpp_account_codes_adopt()
 *  follows. Logs what is wrong. \return as that, or FG_E_SYSTEM, FG_E_NO_MEMORY; then nothing was read. */
enum fg_rc fg_smpp_account_codes(struct fg_smpp_account *account, int fd);

/*! adopt: what was read is in force, if anything was; else it is forgotten. */
void fg_smpp_account_codes_adopt(struct fg_smpp_account *account, bool adopt);

/*! Take a job (see fg_adapter_ops.job). FG_E_LINK_DOWN while no bind can submit or draining;
 * FG_E_TEXT_CODING for what the far side's alphabet lacks; FG_E_ARG for parts that do not fit a
 * short message. Its text is taken over in every case. O(parts). */
enum fg_rc fg_smpp_account_job(struct fg_smpp_account *account, const struct fg_job *job,
			       uint64_t now_ms);
void fg_smpp_account_stored(struct fg_smpp_account *account, uint64_t token);
/*! A message of a phone is durable, or was refused. */
void fg_smpp_account_taken(struct fg_smpp_account *account, uint64_t token, enum fg_rc rc);
/*! Whoever stores has gone: what was given to it is refused for now, and the carrier brings it again. */
void fg_smpp_account_abandon(struct fg_smpp_account *account);
void fg_smpp_account_drain(struct fg_smpp_account *account, uint64_t now_ms);

/*! Timers of all sessions: call when fg_smpp_account_next_ms() has come (UINT64_MAX: never). */
void fg_smpp_account_tick(struct fg_smpp_account *account, uint64_t now_ms);
uint64_t fg_smpp_account_next_ms(const struct fg_smpp_account *account);

/*! The end of a turn: tell the host what has changed since, if it is enough to be worth a frame. */
void fg_smpp_account_turn_end(struct fg_smpp_account *account, uint64_t now_ms);
