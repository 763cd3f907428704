/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One connection of a device: TLS, the upgrade, then WebSocket, until it is closed, flushed and gone. Private to the listener.
 *
 * It is freed in one place only, its timer, so never below a callback of wslay or libevent that still uses it.
 */
#pragma once

#include <sys/queue.h>
#include "adapters/secure/listener.h"
#include "lib/ipc/frame.h"

struct bufferevent;
struct event;
struct fg_conn;

/*! What a connection asks of its owner. */
struct fg_conn_owner {
	struct event_base *base;
	SSL_CTX *tls;
	struct fg_listener_limits limits;
	/*! May what one read brings be told to the core now? If not, fg_conn_resume() is called later. */
	bool (*has_room)(void *arg);
	/*! Upgraded; only when has_room() said so. */
	enum fg_rc (*opened)(struct fg_conn *conn, const uint8_t exporter[static 32], void *arg);
	/*! A whole message. \return FG_OK; FG_E_SYNTAX: it is not a ClientFrame; else it could not be told. */
	enum fg_rc (*message)(struct fg_conn *conn, const uint8_t *data, size_t len, void *arg);
	void (*sent)(struct fg_conn *conn, uint64_t token, enum fg_outcome outcome, void *arg);
	/*! It has ended; called once if opened() was. */
	void (*closed)(struct fg_conn *conn, enum fg_rc rc, void *arg);
	/*! Waits for room. */
	void (*blocked)(struct fg_conn *conn, void *arg);
	/*! The last call: its memory goes after it. */
	void (*gone)(struct fg_conn *conn, void *arg);
	void *arg;
};

/*! Take over an accepted socket. address: of the peer, copied. NULL without memory (fd is closed). */
struct fg_conn *fg_conn_new(void *ctx, const struct fg_conn_owner *owner, int fd_take, uint64_t id,
			    const char *address);

uint64_t fg_conn_id(const struct fg_conn *conn);
const char *fg_conn_address(const struct fg_conn *conn);

/*! Queue one message; sent() tells how it ended, perhaps at once. */
void fg_conn_send(struct fg_conn *conn, uint64_t token, struct fg_bytes data);

/*! It is a device now: longer messages, an idle limit instead of the deadline. */
void fg_conn_login(struct fg_conn *conn);

/*! Say why, flush, close. Harmless when closing already. */
void fg_conn_close(struct fg_conn *conn, uint16_t code, enum fg_rc rc);

/*! There is room again. */
void fg_conn_resume(struct fg_conn *conn);

/*! Links of the owner's list of those that wait for room. */
TAILQ_HEAD(fg_conn_list, fg_conn);
void fg_conn_list_add(struct fg_conn_list *list, struct fg_conn *conn);
void fg_conn_list_remove(struct fg_conn_list *list, struct fg_conn *conn);
