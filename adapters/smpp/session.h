/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bind to an SMSC, as ESME, without sockets and without a clock: bytes in, bytes out, and the
 * time given by the caller. Jobs come through its account (account.h) and become submit_sm, their
 * answers outcomes, deliver_sm delivery reports. link.c puts it on a socket; tests move its time.
 * Source: SMPP v3.4 issue 1.2, chapters 2 and 4.
 */
#pragma once

#include "adapters/smpp/account.h"

enum fg_smpp_kind {
	FG_SMPP_TRX, /*!< submits and receives */
	FG_SMPP_TX,
	FG_SMPP_RX,
};

/*! Why the connection must be closed now. */
enum fg_smpp_close {
	FG_SMPP_CLOSE_NONE,
	FG_SMPP_CLOSE_LOST,    /*!< the peer or the stream is gone: connect again */
	FG_SMPP_CLOSE_REFUSED, /*!< credentials refused: connect again much later */
	FG_SMPP_CLOSE_DRAINED, /*!< all is done: stay away */
};

/*! Bytes for the peer; borrowed for the call. */
typedef void (*fg_smpp_send_cb)(void *arg, const void *data, size_t len);

/*! A session of the account, its talloc child, not connected. NULL without memory, or beyond 64. */
struct fg_smpp_session *fg_smpp_session_new(struct fg_smpp_account *account, enum fg_smpp_kind kind,
					    fg_smpp_send_cb send, void *arg);

/*! The transport is there: bind. */
void fg_smpp_session_connected(struct fg_smpp_session *session, uint64_t now_ms);

/*! Bytes of the peer, in pieces of any size. After each call look at fg_smpp_session_close_why().
 */
void fg_smpp_session_bytes(struct fg_smpp_session *session, const void *data, size_t len,
			   uint64_t now_ms);

/*! The transport is gone. Parts that left without answer are unknown; jobs of which nothing left
 * are deferred. note: for people, in the link's state. */
void fg_smpp_session_disconnected(struct fg_smpp_session *session, const char *note);

enum fg_smpp_close fg_smpp_session_close_why(const struct fg_smpp_session *session);
/*! What was wrong, for people; "" when nothing was. */
const char *fg_smpp_session_close_note(const struct fg_smpp_session *session);
bool fg_smpp_session_is_bound(const struct fg_smpp_session *session);

/*! The next sequence number will be this one; for the test of their end (1..0x7FFFFFFF: 3.4, 3.2).
 */
void fg_smpp_session_set_sequence(struct fg_smpp_session *session, uint32_t sequence);
