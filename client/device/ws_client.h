/* SPDX-License-Identifier: ISC
 *
 * The client's side of a WebSocket (RFC 6455) without sockets: bytes in, bytes and frames out. It
 * asks for /v1/device with the subprotocol fallgate.1 and no extension, and takes binary messages
 * only. connection.c joins it to TLS.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

enum {
	FG_WS_NONCE_LEN = 16,
	FG_WS_HEAD_MAX = 4096,
	FG_WS_FRAME_MAX = 61440,
};

struct fg_ws_client;

struct fg_ws_client_events {
	void *context;
	/*! Put on the wire. FG_OK, or an error that ends the connection. */
	enum fg_rc (*transmit)(void *context, const void *data, size_t len);
	/*! The gateway took the upgrade. FG_OK, or an error that fg_ws_client_receive() returns. */
	enum fg_rc (*on_open)(void *context);
	/*! One binary message of at most FG_WS_FRAME_MAX bytes. */
	void (*on_frame)(void *context, const void *frame, size_t len);
};

/*! Transmit the request for the upgrade. nonce must be random; host and events are copied.
 *  \return FG_OK; FG_E_TOO_LONG for a host; FG_E_CRYPTO_INIT; FG_E_NO_MEMORY; errors of transmit. */
enum fg_rc fg_ws_client_new(const char *host, const uint8_t nonce[static FG_WS_NONCE_LEN],
			    const struct fg_ws_client_events *events,
			    struct fg_ws_client **client_out);
void fg_ws_client_free(struct fg_ws_client *client_take);

/*! Bytes came. Not to be called again after an error.
 *  \return FG_OK; FG_E_SYNTAX when the upgrade is refused or the peer breaks RFC 6455; FG_E_TOO_LONG
 *  for the head of the answer; FG_E_CLOSED when the peer closed, or sent too long a message; errors
 *  of on_open. Source: RFC 6455, 4.1 (answer), 5.2 (frames). */
enum fg_rc fg_ws_client_receive(struct fg_ws_client *client, const void *data, size_t len);
/*! Transmit one binary message, masked. FG_OK; FG_E_STATE before the upgrade; FG_E_NO_MEMORY. */
enum fg_rc fg_ws_client_send(struct fg_ws_client *client, const void *frame, size_t len);
