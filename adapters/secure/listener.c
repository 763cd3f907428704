/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/secure/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <talloc.h>
#include "adapters/secure/conn.h"
#include "adapters/secure/ws.h"
#include "lib/base/log.h"
#include "lib/ipc/channel.h"
#include "lib/proto/signed.h"

enum {
	/* What 4 KiB from a device can become for the core: the end of one longest message, and empty-looking frames of 7 bytes that cost
	 * 19 each. */
	ROOM_FOR_PIECE = FG_WS_DEVICE_MAX + 4096 * 3,
	TICK_MS = 1000, /* between two LINK frames; after which accepting is tried again */
};

struct fg_listener {
	struct event_base *base;
	struct evconnlistener *accept;
	struct fg_listener_limits limits;
	struct fg_conn_owner owner;
	struct fg_channel *core;
	/* [limits.connections]; the id of a connection modulo their number is its slot */
	struct fg_conn **slots;
	uint32_t *free_slots; /* a stack */
	uint32_t free_count;
	uint64_t serial; /* of connections; the id divided by limits.connections */
	/* of the last connection before this core, which knows none up to it */
	uint64_t core_serial;
	struct fg_conn_list blocked;
	struct fg_arena arena; /* for the check of a message */
	struct event *tick;
	struct event *core_gone; /* the core is dropped in a turn of its own */
	bool ticking;
	bool changed;       /* since the last LINK */
	bool accept_failed; /* no descriptors: tried again at the next tick */
	bool draining;
	bool failed; /* the core took no more answers */
	void (*stopped)(void *arg);
	void *stopped_arg;
};

size_t fg_listener_count(const struct fg_listener *listener)
{
	return listener->limits.connections - listener->free_count;
}

/* ---- the core ---- */

static bool core_is_open(const struct fg_listener *listener)
{
	return listener->core && !listener->failed && fg_channel_is_open(listener->core);
}

static void update_accept(struct fg_listener *listener)
{
	bool stopping = listener->draining || listener->accept_failed;

	if (core_is_open(listener) && !stopping && listener->free_count > 0)
		evconnlistener_enable(listener->accept);
	else
		evconnlistener_disable(listener->accept);
}

static void answer(struct fg_listener *listener, const struct fg_frame *frame)
{
	if (!core_is_open(listener))
		return;
	if (fg_channel_answer(listener->core, frame) == FG_OK)
		return;
	/* It must not believe of a connection what is not so: it starts afresh instead. */
	LOGP(DSECURE, LOGL_ERROR, "drop channel to core: it does not take its answers\n");
	listener->failed = true;
	event_active(listener->core_gone, EV_TIMEOUT, 0);
}

static void say_link(struct fg_listener *listener)
{
	struct fg_frame frame = { .type = FG_IPC_LINK };
	const struct timeval tick = { .tv_sec = TICK_MS / 1000, .tv_usec = TICK_MS % 1000 * 1000 };

	listener->changed = true;
	if (listener->ticking)
		return;
	frame.link.up = !listener->draining;
	frame.link.credits = listener->free_count;
	frame.link.in_flight = (uint32_t)fg_listener_count(listener);
	if (core_is_open(listener) && fg_channel_send(listener->core, &frame) == FG_OK)
		listener->changed = false;
	listener->ticking = true;
	event_add(listener->tick, &tick);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct fg_listener *listener = arg;

	(void)fd;
	(void)what;
	listener->ticking = false;
	listener->accept_failed = false;
	update_accept(listener);
	if (listener->changed && core_is_open(listener))
		say_link(listener);
}

static void close_all(struct fg_listener *listener, uint16_t code, enum fg_rc rc)
{
	for (uint32_t i = 0; i < listener->limits.connections; i++) {
		if (listener->slots[i])
			fg_conn_close(listener->slots[i], code, rc);
	}
}

static void lose_core(struct fg_listener *listener)
{
	TALLOC_FREE(listener->core);
	listener->failed = false;
	update_accept(listener);
	close_all(listener, FG_WS_RESTART, FG_E_CLOSED);
}

static void on_core_gone(evutil_socket_t fd, short what, void *arg)
{
	struct fg_listener *listener = arg;

	(void)fd;
	(void)what;
	if (listener->failed)
		lose_core(listener);
}

static struct fg_conn *find(const struct fg_listener *listener, uint64_t id)
{
	struct fg_conn *conn = listener->slots[id % listener->limits.connections];

	return conn && fg_conn_id(conn) == id ? conn : NULL;
}

static void say_sent(struct fg_listener *listener, uint64_t conn, uint64_t token,
		     enum fg_outcome outcome)
{
	const struct fg_frame frame = {
		.type = FG_IPC_CONN_SENT,
		.conn_sent = { .conn = conn, .token = token, .outcome = (uint8_t)outcome }
	};

	answer(listener, &frame);
}

static void take_send(struct fg_listener *listener, const struct fg_ipc_conn_send *send)
{
	struct fg_conn *conn = find(listener, send->conn);

	if (conn)
		fg_conn_send(conn, send->token, send->data);
	else
		say_sent(listener, send->conn, send->token, FG_OUTCOME_FAILED);
}

static void on_core_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
			  void *arg)
{
	struct fg_listener *listener = arg;
	struct fg_conn *conn;

	(void)channel;
	(void)fd_take; /* none of these frames takes one */
	if (frame->type == FG_IPC_CONN_SEND) {
		take_send(listener, &frame->conn_send);
	} else if (frame->type == FG_IPC_CONN_LOGIN) {
		conn = find(listener, frame->conn_login.conn);
		if (conn)
			fg_conn_login(conn);
	} else if (frame->type == FG_IPC_CONN_DROP) {
		conn = find(listener, frame->conn_drop.conn);
		if (conn)
			fg_conn_close(conn, FG_WS_POLICY,
				      frame->conn_drop.rc < FG_RC_COUNT
					      ? (enum fg_rc)frame->conn_drop.rc
					      : FG_E_CLOSED);
	} else if (frame->type == FG_IPC_DRAIN) {
		fg_listener_drain(listener);
	}
}

static bool has_room(void *arg)
{
	struct fg_listener *listener = arg;

	return core_is_open(listener) && fg_channel_room(listener->core) >= ROOM_FOR_PIECE;
}

static void resume_blocked(struct fg_listener *listener)
{
	struct fg_conn *conn;

	/* Who waits again does so because there is no room again. */
	while (has_room(listener) && (conn = TAILQ_FIRST(&listener->blocked))) {
		fg_conn_list_remove(&listener->blocked, conn);
		fg_conn_resume(conn);
	}
}

static void on_core_open(struct fg_channel *channel, void *arg)
{
	struct fg_listener *listener = arg;

	(void)channel;
	LOGP(DSECURE, LOGL_INFO, "accept devices: the core is there\n");
	update_accept(listener);
	listener->ticking = false;
	say_link(listener);
}

static void on_core_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	(void)channel;
	LOGP(DSECURE, LOGL_NOTICE, "close all connections: channel to core: %s\n", fg_rc_text(rc));
	lose_core(arg);
}

static void on_core_room(struct fg_channel *channel, void *arg)
{
	(void)channel;
	resume_blocked(arg);
}

enum fg_rc fg_listener_set_core(struct fg_listener *listener, int fd_take)
{
	static const struct fg_channel_ops ops = { .frame = on_core_frame,
						   .open = on_core_open,
						   .closed = on_core_closed,
						   .room = on_core_room };

	lose_core(listener);
	listener->core_serial = listener->serial;
	listener->draining = listener->stopped != NULL;
	listener->core = fg_channel_new(listener, listener->base, fd_take, FG_ROLE_SECURE,
					FG_ROLE_CORE, NULL, &ops, listener);
	return listener->core ? FG_OK : FG_E_NO_MEMORY;
}

/* ---- what connections say ---- */

static enum fg_rc on_opened(struct fg_conn *conn, const uint8_t exporter[static 32], void *arg)
{
	struct fg_listener *listener = arg;
	struct fg_frame frame = { .type = FG_IPC_CONN_OPEN };

	frame.conn_open.conn = fg_conn_id(conn);
	memcpy(frame.conn_open.exporter, exporter, 32);
	frame.conn_open.address = FG_BYTES_TEXT(fg_conn_address(conn));
	return fg_channel_send(listener->core, &frame);
}

/* A core that is lost while a message is read closes the connection in any case. */
static enum fg_rc on_message(struct fg_conn *conn, const uint8_t *data, size_t len, void *arg)
{
	struct fg_listener *listener = arg;
	struct fg_frame frame = { .type = FG_IPC_CONN_FRAME };

#ifndef FG_MUTANT_client_frame
	fg_arena_reset(&listener->arena);
	if (len == 0 ||
	    !fg_proto_unpack(&listener->arena, &fallgate__client_frame__descriptor, data, len))
		return FG_E_SYNTAX;
#endif
	frame.conn_frame.conn = fg_conn_id(conn);
	frame.conn_frame.data = FG_BYTES(data, len);
	return listener->core ? fg_channel_send(listener->core, &frame) : FG_E_CLOSED;
}

static bool core_knows(const struct fg_listener *listener, const struct fg_conn *conn)
{
	return fg_conn_id(conn) / listener->limits.connections > listener->core_serial;
}

static void on_sent(struct fg_conn *conn, uint64_t token, enum fg_outcome outcome, void *arg)
{
	if (core_knows(arg, conn))
		say_sent(arg, fg_conn_id(conn), token, outcome);
}

static void on_closed(struct fg_conn *conn, enum fg_rc rc, void *arg)
{
	const struct fg_frame frame = { .type = FG_IPC_CONN_CLOSED,
					.conn_closed = { .conn = fg_conn_id(conn),
							 .rc = (uint16_t)rc } };

	if (core_knows(arg, conn))
		answer(arg, &frame);
}

static void on_blocked(struct fg_conn *conn, void *arg)
{
	struct fg_listener *listener = arg;

	fg_conn_list_add(&listener->blocked, conn);
}

static void tell_stopped(struct fg_listener *listener)
{
	void (*stopped)(void *arg) = listener->stopped;

	listener->stopped = NULL;
	if (listener->core)
		fg_channel_flush(listener->core);
	stopped(listener->stopped_arg);
}

static void on_gone(struct fg_conn *conn, void *arg)
{
	struct fg_listener *listener = arg;
	uint32_t slot = (uint32_t)(fg_conn_id(conn) % listener->limits.connections);

	fg_conn_list_remove(&listener->blocked, conn);
	listener->slots[slot] = NULL;
	listener->free_slots[listener->free_count++] = slot;
	say_link(listener);
	update_accept(listener);
	if (listener->stopped && fg_listener_count(listener) == 0)
		tell_stopped(listener);
}

/* ---- accepting ---- */

static void address_text(const struct sockaddr *address, char out[static INET6_ADDRSTRLEN])
{
	const void *ip = address->sa_family == AF_INET
				 ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
				 : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;

	if ((address->sa_family != AF_INET && address->sa_family != AF_INET6) ||
	    !inet_ntop(address->sa_family, ip, out, INET6_ADDRSTRLEN))
		strcpy(out, "?");
}

static void on_accept(struct evconnlistener *accept, evutil_socket_t fd, struct sockaddr *address,
		      int address_len, void *arg)
{
	struct fg_listener *listener = arg;
	char text[INET6_ADDRSTRLEN];
	uint32_t slot;

	(void)accept;
	(void)address_len;
	if (listener->free_count == 0) {
		evutil_closesocket(fd);
		return;
	}
	address_text(address, text);
	slot = listener->free_slots[listener->free_count - 1];
	listener->slots[slot] =
		fg_conn_new(listener, &listener->owner, fd,
			    ++listener->serial * listener->limits.connections + slot, text);
	if (!listener->slots[slot]) {
		LOGP(DSECURE, LOGL_ERROR, "refuse connection of %s: %s\n", text,
		     fg_rc_text(FG_E_NO_MEMORY));
		return;
	}
	listener->free_count--;
	update_accept(listener);
	say_link(listener);
}

static void on_accept_error(struct evconnlistener *accept, void *arg)
{
	struct fg_listener *listener = arg;

	(void)accept;
	LOGP(DSECURE, LOGL_ERROR, "pause accepting: %s\n", strerror(errno));
	listener->accept_failed = true;
	update_accept(listener);
	say_link(listener);
}

void fg_listener_drain(struct fg_listener *listener)
{
	listener->draining = true;
	update_accept(listener);
	say_link(listener);
}

void fg_listener_stop(struct fg_listener *listener, void (*done)(void *arg), void *arg)
{
	fg_listener_drain(listener);
	listener->stopped = done;
	listener->stopped_arg = arg;
	close_all(listener, FG_WS_GOING_AWAY, FG_E_CLOSED);
	if (fg_listener_count(listener) == 0)
		tell_stopped(listener);
}

/* ---- the object ---- */

static int listener_destroy(struct fg_listener *listener)
{
	/* Their destructors need the base, which is not ours, and nothing of this. */
	for (uint32_t i = 0; listener->slots && i < listener->limits.connections; i++)
		talloc_free(listener->slots[i]);
	if (listener->accept)
		evconnlistener_free(listener->accept);
	if (listener->tick)
		event_free(listener->tick);
	if (listener->core_gone)
		event_free(listener->core_gone);
	fg_arena_free(&listener->arena);
	return 0;
}

static bool make_slots(struct fg_listener *listener)
{
	uint32_t count = listener->limits.connections;

	listener->slots = talloc_zero_array(listener, struct fg_conn *, count);
	listener->free_slots = talloc_array(listener, uint32_t, count);
	if (!listener->slots || !listener->free_slots)
		return false;
	while (listener->free_count < count) {
		listener->free_slots[listener->free_count] = count - 1 - listener->free_count;
		listener->free_count++;
	}
	return true;
}

static bool make_events(struct fg_listener *listener, int fd_take)
{
	/* The parent listens already: backlog 0 leaves it so. */
	listener->accept = evconnlistener_new(
		listener->base, on_accept, listener,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DISABLED, 0, fd_take);
	if (!listener->accept) {
		close(fd_take);
		return false;
	}
	evconnlistener_set_error_cb(listener->accept, on_accept_error);
	listener->tick = event_new(listener->base, -1, 0, on_tick, listener);
	listener->core_gone = event_new(listener->base, -1, 0, on_core_gone, listener);
	return listener->tick && listener->core_gone;
}

void fg_listener_set_tls(struct fg_listener *listener, SSL_CTX *tls)
{
	listener->owner.tls = tls;
}

struct fg_listener *fg_listener_new(void *ctx, struct event_base *base, int listener_fd_take,
				    SSL_CTX *tls, const struct fg_listener_limits *limits)
{
	struct fg_listener *listener = talloc_zero(ctx, struct fg_listener);

	if (!listener || evutil_make_socket_nonblocking(listener_fd_take) != 0) {
		close(listener_fd_take);
		talloc_free(listener);
		return NULL;
	}
	listener->base = base;
	listener->limits = *limits;
	TAILQ_INIT(&listener->blocked);
	listener->owner = (struct fg_conn_owner){
		.base = base,
		.tls = tls,
		.limits = *limits,
		.has_room = has_room,
		.opened = on_opened,
		.message = on_message,
		.sent = on_sent,
		.closed = on_closed,
		.blocked = on_blocked,
		.gone = on_gone,
		.arg = listener,
	};
	talloc_set_destructor(listener, listener_destroy);
	if (!make_events(listener, listener_fd_take) || !make_slots(listener) ||
	    fg_arena_init(&listener->arena, FG_ARENA_MAX) != FG_OK) {
		talloc_free(listener);
		return NULL;
	}
	return listener;
}
