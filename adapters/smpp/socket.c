/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/socket.h"

#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/util.h>
#include <talloc.h>
#include "adapters/smpp/tls.h"
#include "lib/base/log.h"

enum {
	REFUSED_PAUSE_MS = 300000, /* operators' practice: up to 300 s and an alarm */
	NOTE_LEN = 128,
};

struct fg_smpp_socket {
	struct fg_smpp_place *place;
	struct fg_smpp_session *session;
	struct bufferevent *bev;
	bool connected, draining;
	uint64_t connect_at_ms; /* UINT64_MAX: connecting or connected */
	uint64_t give_up_ms;    /* while it connects */
	uint64_t pause_ms;
};

static uint64_t now_ms(const struct fg_smpp_socket *sock)
{
	return fg_clock_mono_ms(fg_loop_clock(sock->place->loop));
}

static void session_send(void *arg, const void *data, size_t len)
{
	struct fg_smpp_socket *sock = arg;

	if (sock->bev) /* written once a loop turn */
		bufferevent_write(sock->bev, data, len);
}

/* Half of the pause to the whole of it, so that many links do not come back in one moment. */
static uint64_t jitter(uint64_t pause_ms)
{
	uint16_t random;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return pause_ms / 2 + pause_ms / 2 * random / UINT16_MAX;
}

/* The last words (an unbind_resp, a nack) would die with the bufferevent: give the kernel what it
 * takes now. Under TLS they are given to OpenSSL, which writes by itself. */
static void flush_output(struct fg_smpp_socket *sock)
{
	struct evbuffer *out = bufferevent_get_output(sock->bev);
	size_t len = evbuffer_get_length(out);
	evutil_socket_t fd = bufferevent_getfd(sock->bev);
	SSL *ssl = bufferevent_openssl_get_ssl(sock->bev);

	if (fd < 0)
		return;
	if (ssl) {
		if (len > 0)
			(void)!SSL_write(ssl, evbuffer_pullup(out, -1), (int)len);
		SSL_shutdown(ssl);
	} else if (len > 0) {
		(void)!send(fd, evbuffer_pullup(out, -1), len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

static void disconnect(struct fg_smpp_socket *sock, enum fg_smpp_close why, const char *note)
{
	const struct fg_conf_links *conf = sock->place->conf;
	uint64_t most_ms = (uint64_t)conf->reconnect_max_ms;
	struct bufferevent *bev = sock->bev;

	if (sock->connected)
		flush_output(sock);
	sock->bev = NULL;
	sock->connected = false;
	if (bev)
		bufferevent_free(bev);
	sock->connect_at_ms =
		now_ms(sock) +
		(why == FG_SMPP_CLOSE_REFUSED ? REFUSED_PAUSE_MS : jitter(sock->pause_ms));
	sock->pause_ms = sock->pause_ms * 2 < most_ms ? sock->pause_ms * 2 : most_ms;
	fg_smpp_session_disconnected(sock->session, note);
	sock->place->turn(sock->place->arg);
}

static void close_if_said(struct fg_smpp_socket *sock)
{
	enum fg_smpp_close why = fg_smpp_session_close_why(sock->session);
	char note[NOTE_LEN];

	if (why == FG_SMPP_CLOSE_NONE)
		return;
	snprintf(note, sizeof(note), "%s", fg_smpp_session_close_note(sock->session));
	disconnect(sock, why, note);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct fg_smpp_socket *sock = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len = evbuffer_get_length(in);

	fg_smpp_session_bytes(sock->session, evbuffer_pullup(in, -1), len, now_ms(sock));
	evbuffer_drain(in, len);
	if (fg_smpp_session_is_bound(sock->session))
		sock->pause_ms = (uint64_t)sock->place->conf->reconnect_min_ms;
	close_if_said(sock);
	sock->place->turn(sock->place->arg);
}

static const char *trouble(struct fg_smpp_socket *sock, short what, char out[static NOTE_LEN])
{
	SSL *ssl = bufferevent_openssl_get_ssl(sock->bev);
	unsigned long error = ssl ? bufferevent_get_openssl_error(sock->bev) : 0;

	if (what & BEV_EVENT_EOF)
		snprintf(out, NOTE_LEN, "closed by peer");
	else if (ssl && (error || SSL_get_verify_result(ssl) != X509_V_OK))
		fg_smpp_tls_trouble(ssl, error, out, NOTE_LEN);
	else
		snprintf(out, NOTE_LEN, "%s", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	return out;
}

/* A certificate that is refused is for the operator to mend; a connection that breaks is not. */
static void lost(struct fg_smpp_socket *sock, const char *why)
{
	char note[NOTE_LEN * 2];
	bool tls = strncmp(why, "TLS: certificate", strlen("TLS: certificate")) == 0;

	snprintf(note, sizeof(note), "%s: %s",
		 sock->connected ? "connection lost" : "cannot connect", why);
	LOG_LINK(fg_host_name(sock->place->host), DSMPP, tls ? LOGL_ERROR : LOGL_NOTICE, "%s\n",
		 note);
	disconnect(sock, FG_SMPP_CLOSE_LOST, note);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct fg_smpp_socket *sock = arg;
	const int on = 1;
	char why[NOTE_LEN];

	if (!(what & BEV_EVENT_CONNECTED)) {
		lost(sock, trouble(sock, what, why));
		return;
	}
	/* a window of small PDUs: held back by Nagle's rule they would wait for a delayed acknowledgement */
	setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	sock->connected = true;
	fg_smpp_session_connected(sock->session, now_ms(sock));
	sock->place->turn(sock->place->arg);
}

static struct bufferevent *bev_new(struct fg_smpp_place *place)
{
	struct event_base *base = fg_loop_base(place->loop);
	struct bufferevent *bev;
	SSL *ssl;

	if (!place->tls)
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	ssl = fg_smpp_tls_connection(place->tls, place->conf);
	bev = ssl ? bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
						   BEV_OPT_CLOSE_ON_FREE)
		  : NULL;
	if (bev) /* many close without close_notify; a PDU that is cut short is noticed anyway */
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	else
		SSL_free(ssl);
	return bev;
}

static enum fg_rc start_connect(struct fg_smpp_socket *sock)
{
	struct fg_smpp_place *place = sock->place;
	struct sockaddr_storage address;
	int len = sizeof(address);
	char text[160];

	sock->bev = bev_new(place);
	if (!sock->bev)
		return FG_E_NO_MEMORY;
	bufferevent_setcb(sock->bev, on_read, NULL, on_event, sock);
	bufferevent_enable(sock->bev, EV_READ | EV_WRITE);
	snprintf(text, sizeof(text), strchr(place->conf->host, ':') ? "[%s]:%u" : "%s:%u",
		 place->conf->host, (unsigned)place->conf->port);
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&address, &len) == 0)
		return bufferevent_socket_connect(sock->bev, (struct sockaddr *)&address, len) == 0
			       ? FG_OK
			       : FG_E_SYSTEM;
	if (!place->dns)
		place->dns = evdns_base_new(fg_loop_base(place->loop),
					    EVDNS_BASE_INITIALIZE_NAMESERVERS |
						    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!place->dns ||
	    bufferevent_socket_connect_hostname(sock->bev, place->dns, AF_UNSPEC, place->conf->host,
						(int)place->conf->port) != 0)
		return FG_E_SYSTEM;
	return FG_OK;
}

static void connect_now(struct fg_smpp_socket *sock)
{
	enum fg_rc rc;

	sock->connect_at_ms = UINT64_MAX;
	sock->give_up_ms = now_ms(sock) + (uint64_t)sock->place->conf->connect_timeout_ms;
	rc = start_connect(sock);
	/* A refusal inside the call has already been through on_event(). */
	if (rc != FG_OK && sock->connect_at_ms == UINT64_MAX)
		lost(sock, fg_rc_text(rc));
}

void fg_smpp_socket_tick(struct fg_smpp_socket *sock, uint64_t now)
{
	close_if_said(sock);
	if (sock->bev && !sock->connected && now >= sock->give_up_ms)
		lost(sock, "no answer");
	if (!sock->draining && now >= sock->connect_at_ms)
		connect_now(sock);
}

uint64_t fg_smpp_socket_next_ms(const struct fg_smpp_socket *sock)
{
	if (sock->bev && !sock->connected)
		return sock->give_up_ms;
	return sock->draining ? UINT64_MAX : sock->connect_at_ms;
}

void fg_smpp_socket_drain(struct fg_smpp_socket *sock)
{
	sock->draining = true;
	if (!sock->connected && sock->bev)
		disconnect(sock, FG_SMPP_CLOSE_DRAINED, "draining");
}

void fg_smpp_socket_close(struct fg_smpp_socket *sock)
{
	disconnect(sock, FG_SMPP_CLOSE_DRAINED, "closed");
}

static int socket_destroy(struct fg_smpp_socket *sock)
{
	if (sock->bev)
		bufferevent_free(sock->bev);
	return 0;
}

struct fg_smpp_socket *fg_smpp_socket_new(void *ctx, struct fg_smpp_place *place,
					  struct fg_smpp_account *account, enum fg_smpp_kind kind)
{
	struct fg_smpp_socket *sock = talloc_zero(ctx, struct fg_smpp_socket);

	if (!sock)
		return NULL;
	sock->place = place;
	sock->pause_ms = (uint64_t)place->conf->reconnect_min_ms;
	sock->session = fg_smpp_session_new(account, kind, session_send, sock);
	if (!sock->session) {
		talloc_free(sock);
		return NULL;
	}
	talloc_set_destructor(sock, socket_destroy);
	return sock;
}
