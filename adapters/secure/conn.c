/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/secure/conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <talloc.h>
#include "adapters/secure/tls.h"
#include "adapters/secure/upgrade.h"
#include "adapters/secure/ws.h"
#include "lib/base/log.h"

enum {
	PIECE = 4096,             /* bytes given to WebSocket at once */
	INPUT_MAX = 16 * 1024,    /* waiting, read and not looked at: one TLS record */
	OUTPUT_HIGH = 256 * 1024, /* a device that does not read its answers is not read either */
	OUTPUT_MAX = 4 * 1024 *
		     1024, /* above the 32 pushes of 60 KiB that may be in flight, and is closed */
	CLOSE_MS = 2000,   /* for the peer to take the last words and hang up */
};

enum state { TLS, HTTP, OPEN, CLOSING, LINGERING, DEAD };

struct pending {
	STAILQ_ENTRY(pending) next;
	uint64_t token;
	uint64_t end; /* of its bytes in all that was written */
};

struct fg_conn {
	TAILQ_ENTRY(fg_conn) next;
	bool waits; /* in the owner's list */
	const struct fg_conn_owner *owner;
	uint64_t id;
	char *address;
	int fd;
	SSL *ssl;
	struct bufferevent *bev;
	struct event *timer;
	struct fg_ws *ws;
	enum state state;
	bool opened; /* the core knows it */
	bool device;
	bool heard; /* something came in this half of the idle time */
	bool pinged;
	enum fg_rc rc; /* why it ends */
	uint64_t written;
	STAILQ_HEAD(, pending) pending;
};

static void arm(struct fg_conn *conn, uint64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
				    .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	event_add(conn->timer, &tv);
}

/* ---- the end ---- */

/* Freed by the timer, in a turn of its own. */
static void die(struct fg_conn *conn, enum fg_rc rc)
{
	if (conn->state == DEAD)
		return;
	if (conn->state < CLOSING)
		conn->rc = rc;
	conn->state = DEAD;
	bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
	event_active(conn->timer, EV_TIMEOUT, 0);
}

static void settle(struct fg_conn *conn, struct pending *pending, enum fg_outcome outcome)
{
	uint64_t token = pending->token;

	STAILQ_REMOVE_HEAD(&conn->pending, next);
	talloc_free(pending);
	conn->owner->sent(conn, token, outcome, conn->owner->arg);
}

static void tell_closed(struct fg_conn *conn)
{
	if (!conn->opened)
		return;
	conn->opened = false;
	conn->owner->closed(conn, conn->rc, conn->owner->arg);
}

static void finish(struct fg_conn *conn)
{
	struct pending *pending;

	while ((pending = STAILQ_FIRST(&conn->pending)))
		settle(conn, pending, FG_OUTCOME_UNKNOWN);
	tell_closed(conn);
	conn->owner->gone(conn, conn->owner->arg);
	talloc_free(conn);
}

/* All is written: hang up our half, and wait for the peer's, since closing with unread bytes would reset the connection and could
 * take our last words with it. */
static void linger(struct fg_conn *conn)
{
	conn->state = LINGERING;
	tell_closed(conn);
	SSL_shutdown(conn->ssl);
	ERR_clear_error();
	shutdown(conn->fd, SHUT_WR);
}

static void begin_closing(struct fg_conn *conn, enum fg_rc rc)
{
	conn->rc = rc;
	conn->state = CLOSING;
	arm(conn, CLOSE_MS);
	bufferevent_enable(conn->bev, EV_READ);
	if (evbuffer_get_length(bufferevent_get_output(conn->bev)) == 0)
		linger(conn);
}

/* ---- out ---- */

static bool write_out(const uint8_t *data, size_t len, void *arg)
{
	struct fg_conn *conn = arg;

	if (bufferevent_write(conn->bev, data, len) != 0)
		return false;
	conn->written += len;
	return true;
}

static size_t output_len(const struct fg_conn *conn)
{
	return evbuffer_get_length(bufferevent_get_output(conn->bev));
}

void fg_conn_close(struct fg_conn *conn, uint16_t code, enum fg_rc rc)
{
	if (conn->state >= CLOSING)
		return;
	if (conn->state != OPEN) {
		die(conn, rc);
		return;
	}
	fg_ws_close(conn->ws, code);
	if (fg_ws_flush(conn->ws) != FG_OK)
		die(conn, rc);
	else
		begin_closing(conn, rc);
}

void fg_conn_send(struct fg_conn *conn, uint64_t token, struct fg_bytes data)
{
	struct pending *pending = NULL;
	enum fg_rc rc = FG_E_CLOSED;

	if (conn->state == OPEN && output_len(conn) + data.len <= OUTPUT_MAX) {
		pending = talloc_zero(conn, struct pending);
		rc = pending ? fg_ws_send(conn->ws, data.data, data.len) : FG_E_NO_MEMORY;
	}
	if (rc != FG_OK) {
		talloc_free(pending);
		conn->owner->sent(conn, token, FG_OUTCOME_FAILED, conn->owner->arg);
		fg_conn_close(conn, FG_WS_POLICY, FG_E_LIMIT);
		return;
	}
	pending->token = token;
	STAILQ_INSERT_TAIL(&conn->pending, pending, next);
	rc = fg_ws_flush(conn->ws);
	pending->end = conn->written;
	if (rc != FG_OK)
		die(conn, rc);
}

/* ---- in ---- */

static uint16_t on_message(const uint8_t *data, size_t len, void *arg)
{
	struct fg_conn *conn = arg;
	enum fg_rc rc = conn->owner->message(conn, data, len, conn->owner->arg);

	if (rc == FG_OK)
		return 0;
	return rc == FG_E_SYNTAX ? FG_WS_GARBAGE : FG_WS_INTERNAL;
}

static const struct fg_ws_ops ws_ops = { .message = on_message, .write = write_out };

static enum fg_rc rc_of_code(uint16_t code)
{
	switch (code) {
	case FG_WS_TOO_BIG:
		return FG_E_TOO_LONG;
	case FG_WS_PROTOCOL:
	case FG_WS_UNSUPPORTED:
	case FG_WS_GARBAGE:
		return FG_E_SYNTAX;
	case FG_WS_INTERNAL:
		return FG_E_IPC_FULL;
	default:
		return FG_E_CLOSED;
	}
}

static void refuse_upgrade(struct fg_conn *conn, unsigned status, enum fg_rc rc)
{
	char response[FG_UPGRADE_RESPONSE_MAX];
	size_t len = fg_upgrade_refuse(status, response);

	LOGP(DSECURE, LOGL_INFO, "refuse upgrade of %s: %s status=%u\n", conn->address,
	     fg_rc_text(rc), status);
	if (!write_out((const uint8_t *)response, len, conn))
		die(conn, FG_E_NO_MEMORY);
	else
		begin_closing(conn, rc);
}

static enum fg_rc accept_upgrade(struct fg_conn *conn, const struct fg_upgrade *upgrade)
{
	char response[FG_UPGRADE_RESPONSE_MAX];
	uint8_t exporter[32];
	size_t len = 0;
	enum fg_rc rc = fg_upgrade_accept(upgrade, response, &len);

	if (rc == FG_OK)
		rc = fg_tls_export(conn->ssl, exporter);
	if (rc == FG_OK && !(conn->ws = fg_ws_new(conn, &ws_ops, conn)))
		rc = FG_E_NO_MEMORY;
	if (rc == FG_OK)
		rc = conn->owner->opened(conn, exporter, conn->owner->arg);
	if (rc != FG_OK)
		return rc;
	conn->opened = true;
	conn->state = OPEN;
	return write_out((const uint8_t *)response, len, conn) ? FG_OK : FG_E_NO_MEMORY;
}

/* The head is looked at only when the core can be told of a good one. */
static void read_upgrade(struct fg_conn *conn, struct evbuffer *input)
{
	uint8_t head[FG_UPGRADE_HEAD_MAX];
	ev_ssize_t len = evbuffer_copyout(input, head, sizeof(head));
	struct fg_upgrade upgrade;
	unsigned status = 0;
	enum fg_rc rc =
		len < 0 ? FG_E_NO_MEMORY : fg_upgrade_parse(head, (size_t)len, &upgrade, &status);

	if (rc == FG_E_TRUNCATED)
		return;
	if (rc == FG_OK) {
		evbuffer_drain(input, upgrade.head_len);
		rc = accept_upgrade(conn, &upgrade);
		if (rc != FG_OK)
			die(conn, rc);
	} else if (status) {
		refuse_upgrade(conn, status, rc);
	} else {
		die(conn, rc);
	}
}

static void read_piece(struct fg_conn *conn, struct evbuffer *input)
{
	uint8_t piece[PIECE];
	int len = evbuffer_remove(input, piece, sizeof(piece));
	enum fg_rc rc = len < 0 ? FG_E_CLOSED : fg_ws_input(conn->ws, piece, (size_t)len);

	conn->heard = true;
	if (fg_ws_flush(conn->ws) != FG_OK)
		die(conn, FG_E_NO_MEMORY);
	else if (rc != FG_OK)
		begin_closing(conn, rc_of_code(fg_ws_code(conn->ws)));
}

/* What came, as far as it can be passed on now. False: wait. */
static bool read_on(struct fg_conn *conn)
{
	struct evbuffer *input = bufferevent_get_input(conn->bev);
	size_t before;

	do {
		before = evbuffer_get_length(input);
		if (conn->state >= CLOSING) {
			evbuffer_drain(input, before);
			return true;
		}
		if (before == 0)
			return true;
		if (!conn->owner->has_room(conn->owner->arg)) {
			conn->owner->blocked(conn, conn->owner->arg);
			return false;
		}
		if (conn->state == OPEN && output_len(conn) > OUTPUT_HIGH)
			return false;
		if (conn->state == OPEN)
			read_piece(conn, input);
		else
			read_upgrade(conn, input);
	} while (evbuffer_get_length(input) < before);
	return true;
}

void fg_conn_resume(struct fg_conn *conn)
{
	if (conn->state == TLS || conn->state == DEAD)
		return;
	if (!read_on(conn))
		bufferevent_disable(conn->bev, EV_READ);
	else if (conn->state != DEAD)
		bufferevent_enable(conn->bev, EV_READ);
}

/* ---- events ---- */

static void on_readable(struct bufferevent *bev, void *arg)
{
	(void)bev;
	fg_conn_resume(arg);
}

/* Called after each write, however much is left. */
static void on_written(struct bufferevent *bev, void *arg)
{
	struct fg_conn *conn = arg;
	size_t left = output_len(conn);
	struct pending *pending;

	(void)bev;
	while ((pending = STAILQ_FIRST(&conn->pending)) && pending->end <= conn->written - left)
		settle(conn, pending, FG_OUTCOME_ACCEPTED);
	if (conn->state == CLOSING && left == 0)
		linger(conn);
	else if (conn->state == OPEN && left <= OUTPUT_HIGH && !conn->waits)
		fg_conn_resume(conn);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct fg_conn *conn = arg;

	(void)bev;
	if ((what & BEV_EVENT_CONNECTED) && conn->state == TLS) {
#ifndef FG_MUTANT_tls_alpn
		if (!fg_tls_speaks_fallgate(conn->ssl)) {
			die(conn, FG_E_VERSION);
			return;
		}
#endif
		conn->state = HTTP;
		fg_conn_resume(conn);
	}
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) {
		if (conn->state == TLS)
			LOGP(DSECURE, LOGL_INFO,
			     "refuse connection of %s: no TLS 1.3 with " FG_TLS_ALPN "\n",
			     conn->address);
		die(conn, FG_E_CLOSED);
	}
	ERR_clear_error();
}

/* Half of the idle time has passed: twice nothing is the end. */
static void check_idle(struct fg_conn *conn)
{
	bool heard = conn->heard || conn->waits; /* who is not read cannot be heard */

	conn->heard = false;
	if (!heard && conn->pinged) {
		fg_conn_close(conn, FG_WS_GOING_AWAY, FG_E_TIMEOUT);
		return;
	}
	conn->pinged = !heard;
	if (!heard && (fg_ws_ping(conn->ws) != FG_OK || fg_ws_flush(conn->ws) != FG_OK))
		die(conn, FG_E_NO_MEMORY);
	else
		arm(conn, conn->owner->limits.idle_ms / 2);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct fg_conn *conn = arg;

	(void)fd;
	(void)what;
	if (conn->state == DEAD)
		finish(conn);
	else if (conn->state >= CLOSING)
		die(conn, FG_E_TIMEOUT);
	else if (conn->device)
		check_idle(conn);
	else
		fg_conn_close(conn, FG_WS_POLICY, FG_E_TIMEOUT);
}

void fg_conn_login(struct fg_conn *conn)
{
	if (conn->state != OPEN || conn->device)
		return;
	conn->device = true;
	fg_ws_set_max(conn->ws, FG_WS_DEVICE_MAX);
	arm(conn, conn->owner->limits.idle_ms / 2);
}

/* ---- the object ---- */

static int conn_destroy(struct fg_conn *conn)
{
	if (conn->timer)
		event_free(conn->timer);
	if (conn->bev)
		bufferevent_free(conn->bev);
	return 0;
}

static bool make_stream(struct fg_conn *conn, int fd_take)
{
	const int on = 1;

	conn->fd = fd_take;
	/* small frames both ways: held back by Nagle's rule they would wait 40 ms for a delayed acknowledgement */
	setsockopt(fd_take, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn->timer = event_new(conn->owner->base, -1, 0, on_timer, conn);
	conn->ssl = SSL_new(conn->owner->tls);
	if (conn->timer && conn->ssl)
		conn->bev = bufferevent_openssl_socket_new(
			conn->owner->base, fd_take, conn->ssl, BUFFEREVENT_SSL_ACCEPTING,
			BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!conn->bev) {
		SSL_free(conn->ssl);
		evutil_closesocket(fd_take);
		return false;
	}
	bufferevent_setcb(conn->bev, on_readable, on_written, on_event, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_setwatermark(conn->bev, EV_WRITE, SIZE_MAX, 0);
	return bufferevent_enable(conn->bev, EV_READ | EV_WRITE) == 0;
}

struct fg_conn *fg_conn_new(void *ctx, const struct fg_conn_owner *owner, int fd_take, uint64_t id,
			    const char *address)
{
	struct fg_conn *conn = talloc_zero(ctx, struct fg_conn);

	if (!conn) {
		evutil_closesocket(fd_take);
		return NULL;
	}
	conn->owner = owner;
	conn->id = id;
	STAILQ_INIT(&conn->pending);
	talloc_set_destructor(conn, conn_destroy);
	conn->address = talloc_strdup(conn, address);
	if (!make_stream(conn, fd_take) || !conn->address) {
		talloc_free(conn);
		return NULL;
	}
	arm(conn, owner->limits.handshake_ms);
	return conn;
}

uint64_t fg_conn_id(const struct fg_conn *conn)
{
	return conn->id;
}

const char *fg_conn_address(const struct fg_conn *conn)
{
	return conn->address;
}

void fg_conn_list_add(struct fg_conn_list *list, struct fg_conn *conn)
{
	if (conn->waits)
		return;
	conn->waits = true;
	TAILQ_INSERT_TAIL(list, conn, next);
}

void fg_conn_list_remove(struct fg_conn_list *list, struct fg_conn *conn)
{
	if (!conn->waits)
		return;
	conn->waits = false;
	TAILQ_REMOVE(list, conn, next);
}
