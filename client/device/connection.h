/* SPDX-License-Identifier: ISC
 *
 * The wire of a device: TLS 1.3 to the host of gateway.trust, checked under its CA and nothing
 * else, ALPN "fallgate/1", then a WebSocket (RFC 6455) of binary frames with the subprotocol
 * fallgate.1.
 */
#pragma once

#include "client/device/trust.h"

struct event_base;
struct fg_connection;

struct fg_connection_events {
	void *context;
	/*! The WebSocket is open; exporter is that of TLS (RFC 8446, 7.5), label
	 * "EXPORTER-fallgate-1", no context. */
	void (*on_open)(void *context, const uint8_t exporter[static 32]);
	void (*on_frame)(void *context, const void *frame, size_t len);
	/*! What could be read now was read. */
	void (*on_idle)(void *context);
	/*! The last event. The connection may not be freed inside of it. why is for people. */
	void (*on_closed)(void *context, enum fg_rc rc, const char *why);
};

/*! Begin to connect. Resolving the host's name blocks. All borrowed until fg_connection_free().
 *  \return FG_OK; FG_E_KEY when the CA is no certificate; FG_E_SYSTEM; FG_E_NO_MEMORY. */
enum fg_rc fg_connection_new(struct event_base *base, const struct fg_trust *trust,
			     const struct fg_connection_events *events,
			     struct fg_connection **connection_out);
void fg_connection_free(struct fg_connection *connection_take);

/*! Queue one frame. FG_OK; FG_E_CLOSED; FG_E_NO_MEMORY. */
enum fg_rc fg_connection_send(struct fg_connection *connection, const void *frame, size_t len);
