/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The adapter: accounts and what waits for its answer (server.c) behind a listener that the parent opened, with or without TLS. What a PDU
 * leaves behind in its session's buffer is moved to the socket's; nothing is copied. A connection that does not read is not read from, and
 * is cut off when that lasts.
 */
#include "adapters/smpp_server/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/err.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "adapters/smpp_server/tls.h"
#include "lib/base/log.h"

enum {
	DRAIN_S = 3,           /* ours: before the parent loses patience */
	DESCRIPTORS_KEPT = 64, /* for what is not a connection */
	STRANGER_READ = 512,   /* octets in the socket's buffer before bind */
	BOUND_READ = 64 * 1024,
	LOGIN_MS = 50, /* while binds wait */
};

struct listener {
	struct app_server server;
	struct evconnlistener *accept;
	struct event *tick, *login, *again;
	struct app_pace pace;    /* of TLS handshakes */
	SSL_CTX *tls, *next_tls; /* NULL: clear; next_tls: prepared, not adopted */
	size_t connections;      /* at most */
	bool left;
	bool paused;          /* no descriptor was left: again with the next tick */
	unsigned drain_ticks; /* seconds since it began */
};

static struct listener *listener_of(struct app_server *server)
{
	return (struct listener *)(void *)server; /* its first member */
}

static uint64_t now_of(const struct app_server *server)
{
	return fg_clock_mono_ms(fg_loop_clock(server->loop));
}

static void drop(struct app_session *session)
{
	struct bufferevent *bev = session->owner;

	app_session_free(session);
	bufferevent_free(bev);
}

/* ---- what sessions ask of their sockets ---- */

static size_t backlog(const struct app_session *session)
{
	return evbuffer_get_length(bufferevent_get_output(session->owner));
}

static void wake(struct app_session *session)
{
	bufferevent_write_buffer(session->owner, session->out);
}

/* Not at once: it may be inside of its own input. */
static void resume(struct app_session *session)
{
	bufferevent_trigger(session->owner, EV_READ,
			    BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

static void arm_login(struct app_server *server)
{
	static const struct timeval soon = { .tv_usec = LOGIN_MS * 1000 };
	struct listener *listener = listener_of(server);

	if (app_login_turn(server, now_of(server)) && !evtimer_pending(listener->login, NULL))
		event_add(listener->login, &soon);
	app_server_say_bound(server);
}

static void on_login(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	arm_login(arg);
}

/* ---- one connection ---- */

static void widen(struct app_session *session)
{
	if (session->wide || !session->account)
		return;
	session->wide = true;
	bufferevent_setwatermark(session->owner, EV_READ, 0, 0);
	bufferevent_set_max_single_read(session->owner, BOUND_READ);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct app_session *session = arg;
	struct app_server *server = session->server;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len = evbuffer_get_length(in);
	uint8_t *octets = evbuffer_pullup(in, -1);
	size_t used;

	if (backlog(session) >= APP_OUTPUT_MAX) { /* it does not read: nor do we */
		bufferevent_disable(bev, EV_READ);
		return;
	}
	used = len > 0 ? app_session_input(session, octets, len, now_of(server)) : 0;
	if (used == SIZE_MAX || session->state == APP_CLOSING) {
		bufferevent_disable(bev, EV_READ);
		if (backlog(session) == 0)
			drop(session);
	} else {
		if (used > 0)
			fg_wipe(octets, used); /* texts and passwords */
		evbuffer_drain(in, used);
		widen(session);
		if (backlog(session) >=
		    APP_OUTPUT_MAX) /* the rest when it has read: on_written() */
			bufferevent_disable(bev, EV_READ);
	}
	arm_login(server);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct app_session *session = arg;

	if (session->state == APP_CLOSING) {
		drop(session);
		return;
	}
	if (bufferevent_get_enabled(bev) & EV_READ)
		return;
	bufferevent_enable(bev, EV_READ);
	resume(session); /* what it had sent before */
	if (session->account)
		session->account->changed = true; /* there is room for receipts again */
	app_server_say_bound(session->server);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct app_session *session = arg;
	struct app_server *server = session->server;
	unsigned long error = listener_of(server)->tls ? bufferevent_get_openssl_error(bev) : 0;
	char from[FG_ADDRESS_TEXT_MAX];

	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)))
		return; /* the TLS handshake is done */
	if ((error || (what & BEV_EVENT_TIMEOUT)) && app_server_may_log(server, now_of(server)))
		LOG_LINK(fg_host_name(server->host), DSMPP, LOGL_NOTICE,
			 "close connection from=%s: %s\n", fg_address_text(&session->from, from),
			 !error                           ? "it does not read"
			 : ERR_reason_error_string(error) ? ERR_reason_error_string(error)
							  : "TLS: no reason given");
	ERR_clear_error();
	drop(session);
	app_server_say_bound(server);
}

static struct bufferevent *socket_of(struct listener *listener, evutil_socket_t fd)
{
	struct event_base *base = fg_loop_base(listener->server.loop);
	struct bufferevent *bev;
	SSL *ssl;

	if (!listener->tls)
		return bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(listener->tls);
	bev = ssl ? bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
						   BEV_OPT_CLOSE_ON_FREE)
		  : NULL;
	if (bev)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	else
		SSL_free(ssl);
	return bev;
}

/* The rest waits in the kernel's queue. */
static void pace_handshakes(struct listener *listener)
{
	static const struct timeval soon = { .tv_usec = APP_PACE_MS * 1000 };

	if (!listener->tls || !app_login_handshake(&listener->pace, now_of(&listener->server)))
		return;
	evconnlistener_disable(listener->accept);
	event_add(listener->again, &soon);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;

	(void)fd;
	(void)what;
	if (!listener->paused && !listener->server.draining)
		evconnlistener_enable(listener->accept);
}

/* Who is not bound makes room. False: all are. */
static bool make_room(struct listener *listener)
{
	struct app_session *victim;

	if (listener->server.sessions_count < listener->connections)
		return true;
	victim = app_login_victim(&listener->server);
	if (victim)
		drop(victim);
	return victim != NULL;
}

static void on_accept(struct evconnlistener *accept, evutil_socket_t fd, struct sockaddr *from,
		      int len, void *arg)
{
	struct listener *listener = arg;
	struct app_server *server = &listener->server;
	const struct timeval patience = { .tv_sec = server->conf->response_timeout_ms / 1000,
					  .tv_usec =
						  server->conf->response_timeout_ms % 1000 * 1000 };
	struct bufferevent *bev = make_room(listener) ? socket_of(listener, fd) : NULL;
	struct app_session *session = bev ? app_session_new(server, now_of(server)) : NULL;
	const int on = 1;

	(void)accept;
	(void)len;
	if (!session) {
		if (bev)
			bufferevent_free(bev);
		else
			evutil_closesocket(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	session->from = fg_address_of(from);
	session->owner = bev;
	bufferevent_setcb(bev, on_read, on_written, on_event, session);
	bufferevent_setwatermark(bev, EV_READ, 0, STRANGER_READ);
	bufferevent_set_max_single_read(bev, STRANGER_READ);
	bufferevent_set_timeouts(bev, NULL, &patience); /* of output that waits */
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	pace_handshakes(listener);
}

static void on_accept_error(struct evconnlistener *accept, void *arg)
{
	struct listener *listener = arg;

	LOG_LINK(fg_host_name(listener->server.host), DSMPP, LOGL_ERROR, "pause accepting: %s\n",
		 strerror(errno));
	listener->paused = true;
	evconnlistener_disable(accept);
}

/* ---- time ---- */

static void leave(struct listener *listener)
{
	struct app_server *server = &listener->server;

	if (listener->left)
		return;
	listener->left = true;
	while (server->sessions)
		drop(server->sessions);
	fg_host_drained(server->host);
}

static void tick_session(struct app_session *session, uint64_t now_ms)
{
	size_t waits;

	app_session_tick(session, now_ms);
	waits = backlog(session);
	if (waits > APP_OUTPUT_CUT || (session->state == APP_CLOSING && waits == 0))
		drop(session);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;
	struct app_server *server = &listener->server;
	uint64_t now_ms = now_of(server);

	(void)fd;
	(void)what;
	for (struct app_session *session = server->sessions, *next; session; session = next) {
		next = session->next;
		tick_session(session, now_ms);
	}
	app_server_may_log(server, now_ms); /* what was left out in the second before */
	if (listener->paused && !server->draining && !evtimer_pending(listener->again, NULL))
		evconnlistener_enable(listener->accept);
	listener->paused = false;
	arm_login(server);
	if (server->draining && (server->pending_count == 0 || ++listener->drain_ticks == DRAIN_S))
		leave(listener);
}

/* ---- the adapter ---- */

static int listener_destroy(struct listener *listener)
{
	struct app_server *server = &listener->server;

	while (server->sessions)
		drop(server->sessions);
	app_server_wipe(server);
	if (listener->accept)
		evconnlistener_free(listener->accept);
	if (listener->tick)
		event_free(listener->tick);
	if (listener->login)
		event_free(listener->login);
	if (listener->again)
		event_free(listener->again);
	SSL_CTX_free(listener->tls);
	SSL_CTX_free(listener->next_tls);
	return 0;
}

static size_t most_connections(const struct fg_conf_links *conf)
{
	size_t most = (size_t)conf->connections;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= DESCRIPTORS_KEPT)
		return most;
	return most < limit.rlim_cur - DESCRIPTORS_KEPT ? most : limit.rlim_cur - DESCRIPTORS_KEPT;
}

static enum fg_rc listen_on(struct listener *listener, int fd)
{
	struct app_server *server = &listener->server;

	if (fd < 0)
		return FG_E_STATE;
	listener->accept = evconnlistener_new(fg_loop_base(server->loop), on_accept, listener,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!listener->accept) {
		close(fd);
		return FG_E_SYSTEM;
	}
	evconnlistener_set_error_cb(listener->accept, on_accept_error);
	return FG_OK;
}

static enum fg_rc begin(struct listener *listener)
{
	static const struct timeval second = { .tv_sec = 1 };
	struct app_server *server = &listener->server;
	struct event_base *base = fg_loop_base(server->loop);
	enum fg_rc rc = app_tls_new(server->host, server->conf, &listener->tls);

	if (rc != FG_OK)
		return rc;
	listener->connections = most_connections(server->conf);
	listener->login = evtimer_new(base, on_login, server);
	listener->again = evtimer_new(base, on_again, listener);
	listener->tick = event_new(base, -1, EV_PERSIST, on_tick, listener);
	if (!listener->login || !listener->again || !listener->tick ||
	    event_add(listener->tick, &second) != 0)
		return FG_E_NO_MEMORY;
	rc = listen_on(listener, fg_host_file_take(server->host, FG_FILE_LINK_LISTENER));
	/* Up, whoever is bound: no way out leads here, and of whom is there the host hears by itself. */
	if (rc == FG_OK)
		fg_host_state(server->host, true, APP_JOBS_MAX, 0, 0,
			      listener->tls ? "applications may bind over TLS"
					    : "applications may bind");
	return rc;
}

static enum fg_rc server_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			      const struct fg_conf_links *conf, void **adapter_out)
{
	struct listener *listener = talloc_zero(ctx, struct listener);
	const struct fg_conf *whole = fg_host_conf(host);
	struct app_server *server;
	enum fg_rc rc;

	if (!listener)
		return FG_E_NO_MEMORY;
	talloc_set_destructor(listener, listener_destroy);
	server = &listener->server;
	server->loop = loop;
	server->wake = wake;
	server->resume = resume;
	server->backlog = backlog;
	*adapter_out = listener;
	rc = whole ? app_server_init(server, host, whole, conf) : FG_E_CONF;
	if (rc == FG_OK)
		rc = begin(listener);
	if (rc != FG_OK)
		talloc_free(listener);
	return rc;
}

static enum fg_rc server_job(void *adapter, const struct fg_job *job)
{
	struct app_server *server = adapter;
	enum fg_rc rc =
		server->draining ? FG_E_LINK_DOWN : app_deliver(server, job, now_of(server));

	if (rc != FG_OK)
		fg_job_text_free(job->text);
	return rc;
}

static void server_stored(void *adapter, uint64_t token)
{
	(void)adapter;
	(void)token;
}

static void server_taken(void *adapter, uint64_t token, const struct fg_id *message_id,
			 enum fg_rc rc)
{
	app_server_taken(adapter, token, message_id, rc);
}

static void server_receipt(void *adapter, const struct fg_app_receipt *receipt)
{
	struct app_server *server = adapter;

	app_server_receipt(server, receipt, now_of(server));
}

static void server_answer(void *adapter, const struct fg_app_answer *answer)
{
	app_server_answer(adapter, answer);
}

static enum fg_rc server_prepare(void *adapter, const struct fg_conf *next,
				 char why[static FG_ADAPTER_WHY_MAX])
{
	struct listener *listener = adapter;
	const struct fg_conf_links *conf = listener->server.conf;
	enum fg_rc rc = app_tls_new(listener->server.host, conf, &listener->next_tls);

	(void)next; /* whoever read it has judged the accounts */
	if (rc != FG_OK)
		snprintf(why, FG_ADAPTER_WHY_MAX,
			 "tls_certificate and tls_key: %s: are they of one pair?", fg_rc_text(rc));
	return rc;
}

/* Connections have what they need of the old certificate by themselves. */
static void server_adopt(void *adapter, bool adopt)
{
	struct listener *listener = adapter;

	if (adopt && listener->next_tls) {
		SSL_CTX_free(listener->tls);
		listener->tls = listener->next_tls;
	} else {
		SSL_CTX_free(listener->next_tls);
	}
	listener->next_tls = NULL;
	if (!adopt)
		return;
	app_server_accounts_changed(&listener->server);
	app_server_say_bound(&listener->server);
}

/* Whoever waits for an answer cannot be told yes or no: to end its connection says just that. Others stay. */
static void abandon(struct app_server *server)
{
	unsigned count = 0;

	for (struct app_session *session = server->sessions, *next; session; session = next) {
		next = session->next;
		if (session->in_flight == 0)
			continue;
		drop(session);
		count++;
	}
	app_pending_forget(server);
	if (count)
		LOG_LINK(fg_host_name(server->host), DSMPP, LOGL_NOTICE,
			 "close %u connections that wait for an answer: the core has gone\n",
			 count);
}

static void server_reach(void *adapter, bool there)
{
	struct app_server *server = &((struct listener *)adapter)->server;

	if (!there)
		abandon(server);
	for (size_t i = 0; there && i < server->accounts_count; i++)
		server->accounts[i].changed = true;
	app_server_say_bound(server);
}

/* No new binds, and what comes now is refused for later; what was accepted is answered first, for an application that hears nothing sends
 * again. The tick that finds nothing owed ends it. */
static void server_drain(void *adapter)
{
	struct listener *listener = adapter;
	struct app_server *server = &listener->server;

	server->draining = true;
	if (listener->accept)
		evconnlistener_disable(listener->accept);
	for (struct app_session *s = server->sessions; s; s = s->next)
		if (s->state == APP_BOUND)
			app_session_answer(s, FG_SMPP_UNBIND, app_session_next(s), 0);
}

static void server_close(void *adapter)
{
	talloc_free(adapter);
}

const struct fg_adapter_ops fg_adapter_smpp_server = {
	.name = "smpp-server",
	.open = server_open,
	.job = server_job,
	.stored = server_stored,
	.taken = server_taken,
	.receipt = server_receipt,
	.answer = server_answer,
	.reach = server_reach,
	.prepare = server_prepare,
	.adopt = server_adopt,
	.drain = server_drain,
	.close = server_close,
};
