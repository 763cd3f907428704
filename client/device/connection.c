/* SPDX-License-Identifier: ISC */
#include "client/device/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <wslay/wslay.h>
#include "lib/crypto/base64.h"

static const uint8_t ALPN[] = "\x0a"
			      "fallgate/1";
static const char EXPORTER_LABEL[] = "EXPORTER-fallgate-1";
static const char WEBSOCKET_GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
enum { FRAME_MAX = 61440, HEAD_MAX = 4096, KEY_LEN = 16, SHA1_LEN = 20, TIMEOUT_S = 10 };

struct fg_connection {
	struct fg_connection_events events;
	char host[FG_TRUST_HOST_MAX + 1];
	SSL_CTX *tls;
	struct bufferevent *bev;
	wslay_event_context_ptr ws;
	char accept[FG_BASE64_LEN(SHA1_LEN) + 1]; /* what the answer to the upgrade must say */
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

static ssize_t ws_recv(wslay_event_context_ptr ws, uint8_t *buf, size_t len, int flags,
		       void *user_data)
{
	struct fg_connection *c = user_data;
	int n = evbuffer_remove(bufferevent_get_input(c->bev), buf, len);

	(void)flags;
	if (n > 0)
		return n;
	wslay_event_set_error(ws, WSLAY_ERR_WOULDBLOCK);
	return -1;
}

static ssize_t ws_send(wslay_event_context_ptr ws, const uint8_t *data, size_t len, int flags,
		       void *user_data)
{
	struct fg_connection *c = user_data;

	(void)flags;
	if (bufferevent_write(c->bev, data, len) == 0)
		return (ssize_t)len;
	wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static int ws_mask(wslay_event_context_ptr ws, uint8_t *buf, size_t len, void *user_data)
{
	(void)ws;
	(void)user_data;
	fg_random(buf, len);
	return 0;
}

static void ws_message(wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *arg,
		       void *user_data)
{
	struct fg_connection *c = user_data;

	(void)ws;
	if (arg->opcode == WSLAY_BINARY_FRAME)
		c->events.on_frame(c->events.context, arg->msg, arg->msg_length);
}

static enum fg_rc ws_start(struct fg_connection *c)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = ws_recv,
		.send_callback = ws_send,
		.genmask_callback = ws_mask,
		.on_msg_recv_callback = ws_message,
	};

	if (wslay_event_context_client_init(&c->ws, &callbacks, c) != 0)
		return FG_E_NO_MEMORY;
	wslay_event_config_set_max_recv_msg_length(c->ws, FRAME_MAX);
	return FG_OK;
}

static void ws_read(struct fg_connection *c)
{
	if (wslay_event_recv(c->ws) != 0 || wslay_event_send(c->ws) != 0 ||
	    wslay_event_get_close_received(c->ws)) {
		closed(c, FG_E_CLOSED, "the gateway closed the connection");
		return;
	}
	c->events.on_idle(c->events.context);
}

enum fg_rc fg_connection_send(struct fg_connection *c, const void *frame, size_t len)
{
	struct wslay_event_msg message = { .opcode = WSLAY_BINARY_FRAME,
					   .msg = frame,
					   .msg_length = len };

	if (!c->open)
		return FG_E_CLOSED;
	if (wslay_event_queue_msg(c->ws, &message) != 0 || wslay_event_send(c->ws) != 0)
		return FG_E_NO_MEMORY;
	return FG_OK;
}

/* ---- the upgrade, RFC 6455, 4.1 ---- */

static enum fg_rc send_upgrade(struct fg_connection *c)
{
	uint8_t nonce[KEY_LEN], digest[SHA1_LEN];
	char key[FG_BASE64_LEN(KEY_LEN) + 1], joined[sizeof(key) + sizeof(WEBSOCKET_GUID)];

	fg_random(nonce, sizeof(nonce));
	if (fg_base64_encode(nonce, sizeof(nonce), key, sizeof(key)) != FG_OK)
		return FG_E_SPACE;
	snprintf(joined, sizeof(joined), "%s%s", key, WEBSOCKET_GUID);
	if (EVP_Digest(joined, strlen(joined), digest, NULL, EVP_sha1(), NULL) != 1)
		return FG_E_CRYPTO_INIT;
	if (fg_base64_encode(digest, sizeof(digest), c->accept, sizeof(c->accept)) != FG_OK)
		return FG_E_SPACE;
	evbuffer_add_printf(
		bufferevent_get_output(c->bev),
		"GET /v1/device HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Protocol: fallgate.1\r\n\r\n",
		c->host, key);
	return FG_OK;
}

static bool header_is(const char *line, const char *name, const char *value)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return false;
	line += n + 1;
	return strcmp(line + strspn(line, " \t"), value) == 0;
}

/* FG_E_TRUNCATED: more must come. */
static enum fg_rc read_upgrade(struct fg_connection *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	bool accepted = false, protocol = false, status = false;
	char *line;

	if (end.pos < 0)
		return evbuffer_get_length(in) > HEAD_MAX ? FG_E_TOO_LONG : FG_E_TRUNCATED;
	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF_STRICT))) {
		bool last = *line == '\0';

		status |= strncmp(line, "HTTP/1.1 101", 12) == 0;
		accepted |= header_is(line, "Sec-WebSocket-Accept", c->accept);
		protocol |= header_is(line, "Sec-WebSocket-Protocol", "fallgate.1");
		free(line);
		if (last)
			break;
	}
	return status && accepted && protocol ? FG_OK : FG_E_SYNTAX;
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
	return send_upgrade(c);
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

static void on_upgraded(struct fg_connection *c)
{
	uint8_t exporter[32];

	if (ws_start(c) != FG_OK ||
	    SSL_export_keying_material(bufferevent_openssl_get_ssl(c->bev), exporter,
				       sizeof(exporter), EXPORTER_LABEL, sizeof(EXPORTER_LABEL) - 1,
				       NULL, 0, 0) != 1) {
		closed(c, FG_E_CRYPTO_INIT, "no TLS exporter");
		return;
	}
	bufferevent_set_timeouts(c->bev, NULL, NULL);
	c->open = true;
	c->events.on_open(c->events.context, exporter);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct fg_connection *c = arg;
	enum fg_rc rc;

	if (c->closed)
		return;
	if (!c->open) {
		rc = read_upgrade(c);
		if (rc == FG_OK)
			on_upgraded(c);
		else if (rc != FG_E_TRUNCATED)
			closed(c, rc, "the gateway refused the upgrade to a WebSocket");
	}
	if (c->open && evbuffer_get_length(bufferevent_get_input(bev)) > 0)
		ws_read(c);
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
	if (connection_take->ws)
		wslay_event_context_free(connection_take->ws);
	if (connection_take->bev)
		bufferevent_free(connection_take->bev);
	SSL_CTX_free(connection_take->tls);
	free(connection_take);
}
