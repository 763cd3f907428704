/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An SMPP session as ESME, without sockets and without a clock: bytes in, bytes out, and the time
 * given by the caller. Jobs become submit_sm, their answers outcomes, deliver_sm delivery reports.
 * link.c puts it on a socket; tests move its time. Source: SMPP v3.4 issue 1.2, chapters 2 and 4.
 */
#pragma once

#include "adapters/adapter.h"

struct fg_smpp_session;

/*! Why the connection must be closed now. */
enum fg_smpp_close {
	FG_SMPP_CLOSE_NONE,
	FG_SMPP_CLOSE_LOST,    /*!< the peer or the stream is gone: connect again */
	FG_SMPP_CLOSE_REFUSED, /*!< credentials refused: connect again much later */
	FG_SMPP_CLOSE_DRAINED, /*!< all is done: stay away */
};

/*! Bytes for the peer; borrowed for the call. */
typedef void (*fg_smpp_send_cb)(void *arg, const void *data, size_t len);

/*! A session, not connected. conf and host are borrowed for its life. NULL without memory. */
struct fg_smpp_session *fg_smpp_session_new(void *ctx, struct fg_adapter_host *host,
					    const struct fg_conf_links *conf, fg_smpp_send_cb send,
					    void *arg);

/*! The transport is there: bind. */
void fg_smpp_session_connected(struct fg_smpp_session *session, uint64_t now_ms);

/*! Bytes of the peer, in pieces of any size. After each call look at fg_smpp_session_close_why().
 */
void fg_smpp_session_bytes(struct fg_smpp_session *session, const void *data, size_t len,
			   uint64_t now_ms);

/*! The transport is gone. Parts that left without answer are unknown; jobs of which nothing left
 * are deferred. */
void fg_smpp_session_disconnected(struct fg_smpp_session *session, const char *note);

/*! Take a job (see fg_adapter_ops.job). FG_E_LINK_DOWN while not bound or draining;
 * FG_E_TEXT_CODING for what the far side's alphabet lacks; FG_E_ARG for parts that do not fit a
 * short message. Its text is taken over in every case. */
enum fg_rc fg_smpp_session_job(struct fg_smpp_session *session, const struct fg_job *job,
			       uint64_t now_ms);
void fg_smpp_session_stored(struct fg_smpp_session *session, uint64_t token);
void fg_smpp_session_drain(struct fg_smpp_session *session, uint64_t now_ms);

/*! Timers: call when the time of fg_smpp_session_next_ms() has come (UINT64_MAX: never). */
void fg_smpp_session_tick(struct fg_smpp_session *session, uint64_t now_ms);
uint64_t fg_smpp_session_next_ms(const struct fg_smpp_session *session);

enum fg_smpp_close fg_smpp_session_close_why(const struct fg_smpp_session *session);
bool fg_smpp_session_is_bound(const struct fg_smpp_session *session);

/*! The next sequence number will be this one; for the test of their end (1..0x7FFFFFFF: 3.4, 3.2).
 */
void fg_smpp_session_set_sequence(struct fg_smpp_session *session, uint32_t sequence);
