/* SPDX-License-Identifier: ISC */
#include "client/device/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "client/device/ws_client.h"
#include "lib/crypto/crypto.h"

static const uint8_t ALPN[] = "\x0a"
			      "fallgate/1";
static const char EXPORTER_LABEL[] = "EXPORTER-fallgate-1";
enum { READ_MAX = 16384, TIMEOUT_S = 10 };

struct fg_connection {
	struct fg_connection_events events;
	char host[FG_TRUST_HOST_MAX + 1];
	SSL_CTX *tls;
	struct bufferevent *bev;
	struct fg_ws_client *ws;
	bool open;
	bool closed;
};

static void closed(struct fg_connection *c, enum fg_rc rc, const char *why)
{
	if (c->closed)
		return;
	c->closed = true;
	c->open = false;
	bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	c->events.on_closed(c->events.context, rc, why);
}

/* ---- WebSocket ---- */

static enum fg_rc ws_transmit(void *context, const void *data, size_t len)
{
	struct fg_connection *c = context;

	return bufferevent_write(c->bev, data, len) == 0 ? FG_OK : FG_E_NO_MEMORY;
}

static enum fg_rc ws_open(void *context)
{
	struct fg_connection *c = context;
	uint8_t exporter[32];

	if (SSL_export_keying_material(bufferevent_openssl_get_ssl(c->bev), exporter,
				       sizeof(exporter), EXPORTER_LABEL, sizeof(EXPORTER_LABEL) - 1,
				       NULL, 0, 0) != 1)
		return FG_E_CRYPTO_INIT;
	bufferevent_set_timeouts(c->bev, NULL, NULL);
	c->open = true;
	c->events.on_open(c->events.context, exporter);
	return FG_OK;
}

static void ws_frame(void *context, const void *frame, size_t len)
{
	struct fg_connection *c = context;

	c->events.on_frame(c->events.context, frame, len);
}

static enum fg_rc start_websocket(struct fg_connection *c)
{
	struct fg_ws_client_events events = { c, ws_transmit, ws_open, ws_frame };
	uint8_t nonce[FG_WS_NONCE_LEN];

	fg_random(nonce, sizeof(nonce));
	return fg_ws_client_new(c->host, nonce, &events, &c->ws);
}

enum fg_rc fg_connection_send(struct fg_connection *c, const void *frame, size_t len)
{
	return c->open ? fg_ws_client_send(c->ws, frame, len) : FG_E_CLOSED;
}

/* ---- TLS ---- */

static const char *tls_reason(struct fg_connection *c)
{
	long verify = SSL_get_verify_result(bufferevent_openssl_get_ssl(c->bev));
	unsigned long error = bufferevent_get_openssl_error(c->bev);
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	if (verify != X509_V_OK)
		return X509_verify_cert_error_string(verify);
	return reason ? reason : "the gateway cannot be reached";
}

static enum fg_rc on_secured(struct fg_connection *c)
{
	const uint8_t *alpn;
	const int on = 1;
	unsigned alpn_len;

	/* Small frames: held back by Nagle's rule they would wait for a delayed acknowledgement. */
	setsockopt(bufferevent_getfd(c->bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

	SSL_get0_alpn_selected(bufferevent_openssl_get_ssl(c->bev), &alpn, &alpn_len);
	if (alpn_len != ALPN[0] || memcmp(alpn, ALPN + 1, alpn_len) != 0)
		return FG_E_VERSION;
	return start_websocket(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct fg_connection *c = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) {
		if (on_secured(c) != FG_OK)
			closed(c, FG_E_VERSION, "the peer does not speak fallgate/1");
	} else if (what & BEV_EVENT_TIMEOUT) {
		closed(c, FG_E_TIMEOUT, "no answer from the gateway");
	} else {
		closed(c, FG_E_CLOSED, tls_reason(c));
	}
}

static const char *ws_reason(const struct fg_connection *c, enum fg_rc rc)
{
	if (!c->open)
		return "the gateway refused the upgrade to a WebSocket";
	return rc == FG_E_CLOSED ? "the gateway closed the connection"
				 : "the gateway broke the WebSocket protocol";
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct fg_connection *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	uint8_t data[READ_MAX];
	int n;

	while (!c->closed && c->ws && (n = evbuffer_remove(in, data, sizeof(data))) > 0) {
		enum fg_rc rc = fg_ws_client_receive(c->ws, data, (size_t)n);

		if (rc != FG_OK)
			closed(c, rc, ws_reason(c, rc));
	}
	if (c->open)
		c->events.on_idle(c->events.context);
}

static enum fg_rc tls_context(struct fg_connection *c, const struct fg_trust *trust)
{
	const uint8_t *der = trust->ca;
	X509 *ca = d2i_X509(NULL, &der, (long)trust->ca_len);
	enum fg_rc rc = FG_OK;

	c->tls = SSL_CTX_new(TLS_client_method());
	if (!c->tls)
		rc = FG_E_NO_MEMORY;
	else if (!ca || X509_STORE_add_cert(SSL_CTX_get_cert_store(c->tls), ca) != 1)
		rc = FG_E_KEY;
	else if (SSL_CTX_set_min_proto_version(c->tls, TLS1_3_VERSION) != 1 ||
		 SSL_CTX_set_alpn_protos(c->tls, ALPN, sizeof(ALPN) - 1) != 0)
		rc = FG_E_SYSTEM;
	else
		SSL_CTX_set_verify(c->tls, SSL_VERIFY_PEER, NULL);
	X509_free(ca);
	return rc;
}

/* The name in the certificate must be the host of gateway.trust: a number when that is one. */
static bool expect_host(SSL *ssl, const char *host)
{
	struct in_addr address;

	if (inet_pton(AF_INET, host, &address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

static enum fg_rc start(struct fg_connection *c, struct event_base *base,
			const struct fg_trust *trust)
{
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	enum fg_rc rc = tls_context(c, trust);
	SSL *ssl;

	if (rc != FG_OK)
		return rc;
	ssl = SSL_new(c->tls);
	if (!ssl)
		return FG_E_NO_MEMORY;
	if (!expect_host(ssl, trust->host)) {
		SSL_free(ssl);
		return FG_E_SYSTEM;
	}
	c->bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
						BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!c->bev) {
		SSL_free(ssl);
		return FG_E_NO_MEMORY;
	}
	bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
	bufferevent_set_timeouts(c->bev, &timeout, &timeout);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	return bufferevent_socket_connect_hostname(c->bev, NULL, AF_UNSPEC, trust->host,
						   trust->port) == 0
		       ? FG_OK
		       : FG_E_SYSTEM;
}

enum fg_rc fg_connection_new(struct event_base *base, const struct fg_trust *trust,
			     const struct fg_connection_events *events,
			     struct fg_connection **connection_out)
{
	struct fg_connection *c = calloc(1, sizeof(*c));
	enum fg_rc rc;

	if (!c)
		return FG_E_NO_MEMORY;
	c->events = *events;
	memcpy(c->host, trust->host, sizeof(c->host));
	rc = start(c, base, trust);
	if (rc != FG_OK) {
		fg_connection_free(c);
		return rc;
	}
	*connection_out = c;
	return FG_OK;
}

void fg_connection_free(struct fg_connection *connection_take)
{
	if (!connection_take)
		return;
	fg_ws_client_free(connection_take->ws);
	if (connection_take->bev)
		bufferevent_free(connection_take->bev);
	SSL_CTX_free(connection_take->tls);
	free(connection_take);
}
