/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's end of one WebSocket, without I/O: bytes in, whole binary messages out, and the other way round. Text, frames that are not masked,
 * messages above the limit and messages in too many pieces end the conversation with the close code that says why.
 * Framing is wslay's; what wslay leaves to its user is here.
 * Source: RFC 6455, 5 and 7.4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

enum {
	FG_WS_STRANGER_MAX = 4096, /*!< longest message before login */
	FG_WS_DEVICE_MAX = 61440,  /*!< longest message after it: fits one frame of ipc.def */
	FG_WS_PIECES_MAX =
		64, /*!< frames of one message; ours: bounds what a message of one-byte frames costs */
};

/*! Close codes, RFC 6455 7.4.1; 1012 from IANA's registry. */
enum {
	FG_WS_GOING_AWAY = 1001,
	FG_WS_PROTOCOL = 1002,
	FG_WS_UNSUPPORTED = 1003,
	FG_WS_GARBAGE = 1007,
	FG_WS_POLICY = 1008,
	FG_WS_TOO_BIG = 1009,
	FG_WS_INTERNAL = 1011,
	FG_WS_RESTART = 1012,
};

struct fg_ws;

/*! Called from within fg_ws_input() and fg_ws_flush(): the fg_ws may not be freed there. */
struct fg_ws_ops {
	/*! A whole binary message, borrowed for the call; data may be NULL when len is 0. \return 0 to go on, or the close code to end with. */
	uint16_t (*message)(const uint8_t *data, size_t len, void *arg);
	/*! Bytes for the peer, borrowed for the call. False: without memory; the conversation is broken. */
	bool (*write)(const uint8_t *data, size_t len, void *arg);
};

/*! A talloc child of ctx; NULL without memory. Messages may have FG_WS_STRANGER_MAX bytes. */
struct fg_ws *fg_ws_new(void *ctx, const struct fg_ws_ops *ops, void *arg);

/*! Messages may have max bytes from now on. */
void fg_ws_set_max(struct fg_ws *ws, size_t max);

/*! Take bytes of the peer; all are used up. Answers (pong, close) wait for fg_ws_flush().
 *  \return FG_OK; FG_E_CLOSED: the conversation has ended, flush and close. */
enum fg_rc fg_ws_input(struct fg_ws *ws, const uint8_t *data, size_t len);

/*! Queue a binary message. FG_OK; FG_E_CLOSED after a close; FG_E_NO_MEMORY. */
enum fg_rc fg_ws_send(struct fg_ws *ws, const uint8_t *data, size_t len);
enum fg_rc fg_ws_ping(struct fg_ws *ws);

/*! Queue a close, after what is queued. Nothing more is read or sent. Harmless when closing already. */
void fg_ws_close(struct fg_ws *ws, uint16_t code);

/*! Write all that is queued. FG_OK or FG_E_NO_MEMORY. */
enum fg_rc fg_ws_flush(struct fg_ws *ws);

/*! The close code that ended the conversation, after the flush: ours, else the peer's, else 0. */
uint16_t fg_ws_code(const struct fg_ws *ws);
