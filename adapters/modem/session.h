/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dialogue with one modem, without a device and without a clock: what it says in, commands out,
 * and the time given by the caller. Jobs become SUBMITs, their answers outcomes; messages and status
 * reports go to the host and are acknowledged, or deleted from the SIM, only when it has them.
 * link.c puts it on a device; tests move its time. Source: 3GPP TS 27.005 (PDU mode), 27.007.
 *
 * Files: session.c the one command in flight, lines, time; startup.c what is asked and set first;
 * outbound.c jobs; inbound.c what comes in; tell.c what the host hears of the modem. All state is
 * struct fg_modem_session.
 */
#pragma once

#include "adapters/adapter.h"
#include "adapters/modem/state.h"

struct fg_modem_session;

struct fg_modem_time {
	uint64_t mono_ms; /*!< never runs backwards */
	uint64_t wall_ms; /*!< Unix */
};

/*! Why the device must be closed now. */
enum fg_modem_close {
	FG_MODEM_CLOSE_NONE,
	FG_MODEM_CLOSE_LOST,    /*!< it does not answer, or is gone: open it again */
	FG_MODEM_CLOSE_OTHER,   /*!< its IMEI is another: try the next one */
	FG_MODEM_CLOSE_REST,    /*!< quarantine: open it again after fg_modem_session_rest_ms() */
	FG_MODEM_CLOSE_DRAINED, /*!< all is done: stay away */
};

/*! Bytes for the modem, borrowed for the call; may be clear text. */
typedef void (*fg_modem_send_cb)(void *arg, const void *data, size_t len);

/*! A session without device, a talloc child of ctx. state is borrowed. NULL without memory. */
struct fg_modem_session *fg_modem_session_new(void *ctx, struct fg_adapter_host *host,
					      const struct fg_conf_links *conf,
					      struct fg_modem_state *state, fg_modem_send_cb send,
					      void *arg);

/*! The device is there: begin. */
void fg_modem_session_opened(struct fg_modem_session *session, struct fg_modem_time now);

/*! Bytes of the modem, in pieces of any size. After each call look at fg_modem_session_close_why(). */
void fg_modem_session_bytes(struct fg_modem_session *session, const void *data, size_t len,
			    struct fg_modem_time now);

/*! The device is gone. A segment whose PDU left without answer is unknown; jobs of which nothing left are deferred. note: for people. */
void fg_modem_session_closed(struct fg_modem_session *session, const char *note,
			     struct fg_modem_time now);

/*! It cannot be opened, and why, for the link's state. */
void fg_modem_session_note(struct fg_modem_session *session, const char *note);

/*! As ops->job; text is taken over in every case. */
enum fg_rc fg_modem_session_job(struct fg_modem_session *session, const struct fg_job *job,
				struct fg_modem_time now);
void fg_modem_session_stored(struct fg_modem_session *session, uint64_t token,
			     struct fg_modem_time now);
void fg_modem_session_taken(struct fg_modem_session *session, uint64_t token, enum fg_rc rc,
			    struct fg_modem_time now);
/*! The core has gone: what was handed over and is not stored is handed over again. */
void fg_modem_session_abandon(struct fg_modem_session *session, struct fg_modem_time now);
void fg_modem_session_drain(struct fg_modem_session *session, struct fg_modem_time now);

/*! Do what is due. */
void fg_modem_session_tick(struct fg_modem_session *session, struct fg_modem_time now);
/*! When something is due next, monotonic; UINT64_MAX: nothing before a call. */
uint64_t fg_modem_session_next_ms(const struct fg_modem_session *session);

enum fg_modem_close fg_modem_session_close_why(const struct fg_modem_session *session);
const char *fg_modem_session_close_note(const struct fg_modem_session *session);
/*! How long to leave the modem alone. */
uint64_t fg_modem_session_rest_ms(const struct fg_modem_session *session);
bool fg_modem_session_is_ready(const struct fg_modem_session *session);
