/* SPDX-License-Identifier: ISC */
#include "client/device/ws_client.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <openssl/evp.h>
#include <wslay/wslay.h>
#include "lib/crypto/base64.h"
#include "lib/crypto/crypto.h"

static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
static const char HEAD_END[] = "\r\n\r\n";
enum { SHA1_LEN = 20, REQUEST_MAX = 1024 };

struct fg_ws_client {
	struct fg_ws_client_events events;
	wslay_event_context_ptr ws;
	char accept[FG_BASE64_LEN(SHA1_LEN) + 1]; /* what the answer must say */
	char head[FG_WS_HEAD_MAX + 1];
	size_t head_len;
	const uint8_t *in; /* what wslay may read now */
	size_t in_len;
	bool open;
	bool broken; /* the peer sent what is no binary message */
};

/* ---- frames ---- */

static ssize_t on_recv(wslay_event_context_ptr ws, uint8_t *buf, size_t len, int flags,
		       void *user_data)
{
	struct fg_ws_client *c = user_data;
	size_t n = c->in_len < len ? c->in_len : len;

	(void)flags;
	if (n == 0) {
		wslay_event_set_error(ws, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(buf, c->in, n);
	c->in += n;
	c->in_len -= n;
	return (ssize_t)n;
}

static ssize_t on_send(wslay_event_context_ptr ws, const uint8_t *data, size_t len, int flags,
		       void *user_data)
{
	struct fg_ws_client *c = user_data;

	(void)flags;
	if (c->events.transmit(c->events.context, data, len) == FG_OK)
		return (ssize_t)len;
	wslay_event_set_error(ws, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static int on_mask(wslay_event_context_ptr ws, uint8_t *buf, size_t len, void *user_data)
{
	(void)ws;
	(void)user_data;
	fg_random(buf, len);
	return 0;
}

static void on_message(wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *arg,
		       void *user_data)
{
	struct fg_ws_client *c = user_data;

	(void)ws;
	if (arg->opcode == WSLAY_BINARY_FRAME && !c->broken)
		c->events.on_frame(c->events.context, arg->msg, arg->msg_length);
	else if (arg->opcode == WSLAY_TEXT_FRAME)
		c->broken = true;
}

static enum fg_rc start_frames(struct fg_ws_client *c)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_recv,
		.send_callback = on_send,
		.genmask_callback = on_mask,
		.on_msg_recv_callback = on_message,
	};

	if (wslay_event_context_client_init(&c->ws, &callbacks, c) != 0)
		return FG_E_NO_MEMORY;
	wslay_event_config_set_max_recv_msg_length(c->ws, FG_WS_FRAME_MAX);
	return FG_OK;
}

static enum fg_rc read_frames(struct fg_ws_client *c, const uint8_t *data, size_t len)
{
	int received, sent;

	c->in = data;
	c->in_len = len;
	received = wslay_event_recv(c->ws);
	c->in = NULL;
	c->in_len = 0;
	sent = wslay_event_send(c->ws); /* pongs, and the answer to a close */
	if (received != 0 || sent != 0 || c->broken)
		return FG_E_SYNTAX;
	return wslay_event_get_close_received(c->ws) || !wslay_event_want_read(c->ws) ? FG_E_CLOSED
										      : FG_OK;
}

enum fg_rc fg_ws_client_send(struct fg_ws_client *c, const void *frame, size_t len)
{
	struct wslay_event_msg message = { .opcode = WSLAY_BINARY_FRAME,
					   .msg = frame,
					   .msg_length = len };

	if (!c->open)
		return FG_E_STATE;
	if (wslay_event_queue_msg(c->ws, &message) != 0 || wslay_event_send(c->ws) != 0)
		return FG_E_NO_MEMORY;
	return FG_OK;
}

/* ---- the upgrade, RFC 6455, 4.1 ---- */

static enum fg_rc derive_accept(const char *key, char *accept, size_t cap)
{
	char joined[FG_BASE64_LEN(FG_WS_NONCE_LEN) + sizeof(GUID)];
	uint8_t digest[SHA1_LEN];

	snprintf(joined, sizeof(joined), "%s%s", key, GUID);
	if (EVP_Digest(joined, strlen(joined), digest, NULL, EVP_sha1(), NULL) != 1)
		return FG_E_CRYPTO_INIT;
	return fg_base64_encode(digest, sizeof(digest), accept, cap);
}

static enum fg_rc send_request(struct fg_ws_client *c, const char *host, const uint8_t *nonce)
{
	char key[FG_BASE64_LEN(FG_WS_NONCE_LEN) + 1], request[REQUEST_MAX];
	enum fg_rc rc = fg_base64_encode(nonce, FG_WS_NONCE_LEN, key, sizeof(key));
	int n;

	if (rc == FG_OK)
		rc = derive_accept(key, c->accept, sizeof(c->accept));
	if (rc != FG_OK)
		return rc;
	n = snprintf(request, sizeof(request),
		     "GET /v1/device HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
		     "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
		     "Sec-WebSocket-Protocol: fallgate.1\r\n\r\n",
		     host, key);
	if (n < 0 || (size_t)n >= sizeof(request))
		return FG_E_TOO_LONG;
	return c->events.transmit(c->events.context, request, (size_t)n);
}

enum { UPGRADE, CONNECTION, ACCEPT, PROTOCOL, NEEDED_COUNT };

static const struct needed {
	const char *name;
	const char *value; /* NULL: the key's digest, which alone is not free in its case */
} needed[NEEDED_COUNT] = {
	[UPGRADE] = { "Upgrade", "websocket" },
	[CONNECTION] = { "Connection", "Upgrade" },
	[ACCEPT] = { "Sec-WebSocket-Accept", NULL },
	[PROTOCOL] = { "Sec-WebSocket-Protocol", "fallgate.1" },
};

/* One header line, ended by NUL. Every needed one comes once, with its value; others are passed
 * over, but for an extension: none was asked for. */
static bool read_header(const struct fg_ws_client *c, char *line, unsigned *seen)
{
	char *value = strchr(line, ':'), *end;

	if (!value || value == line)
		return false;
	*value++ = '\0';
	value += strspn(value, " \t");
	for (end = value + strlen(value); end > value && (end[-1] == ' ' || end[-1] == '\t');)
		*--end = '\0';
	if (strcasecmp(line, "Sec-WebSocket-Extensions") == 0)
		return false;
	for (unsigned i = 0; i < NEEDED_COUNT; i++) {
		if (strcasecmp(line, needed[i].name) != 0)
			continue;
		if (*seen & 1U << i)
			return false;
		*seen |= 1U << i;
		return needed[i].value ? strcasecmp(value, needed[i].value) == 0
				       : strcmp(value, c->accept) == 0;
	}
	return true;
}

/* The head, without the empty line. */
static enum fg_rc read_head(const struct fg_ws_client *c, char *head, size_t len)
{
	static const char status[] = "HTTP/1.1 101";
	char *line = head, *end;
	unsigned seen = 0;

	head[len] = '\0';
	if (strlen(head) != len || strncmp(head, status, strlen(status)) != 0 ||
	    (head[strlen(status)] != ' ' && head[strlen(status)] != '\r'))
		return FG_E_SYNTAX;
	for (line = strstr(head, "\r\n"); line; line = end) {
		line += 2;
		end = strstr(line, "\r\n");
		if (end)
			*end = '\0';
		if (!read_header(c, line, &seen))
			return FG_E_SYNTAX;
	}
	return seen == (1U << NEEDED_COUNT) - 1 ? FG_OK : FG_E_SYNTAX;
}

/* Take what belongs to the head of the answer. FG_E_TRUNCATED: more must come. */
static enum fg_rc take_head(struct fg_ws_client *c, const uint8_t *data, size_t len,
			    size_t *taken_out)
{
	for (size_t i = 0; i < len; i++) {
		if (c->head_len == FG_WS_HEAD_MAX)
			return FG_E_TOO_LONG;
		c->head[c->head_len++] = (char)data[i];
		if (c->head_len < 4 || memcmp(c->head + c->head_len - 4, HEAD_END, 4) != 0)
			continue;
		*taken_out = i + 1;
		return read_head(c, c->head, c->head_len - 4);
	}
	return FG_E_TRUNCATED;
}

enum fg_rc fg_ws_client_receive(struct fg_ws_client *c, const void *data, size_t len)
{
	const uint8_t *at = data;
	size_t taken = 0;
	enum fg_rc rc = FG_OK;

	if (!c->open) {
		rc = take_head(c, at, len, &taken);
		if (rc == FG_E_TRUNCATED)
			return FG_OK;
		if (rc == FG_OK)
			rc = start_frames(c);
		if (rc == FG_OK) {
			c->open = true;
			rc = c->events.on_open(c->events.context);
		}
	}
	return rc == FG_OK ? read_frames(c, at + taken, len - taken) : rc;
}

/* ---- life ---- */

enum fg_rc fg_ws_client_new(const char *host, const uint8_t nonce[static FG_WS_NONCE_LEN],
			    const struct fg_ws_client_events *events,
			    struct fg_ws_client **client_out)
{
	struct fg_ws_client *c = calloc(1, sizeof(*c));
	enum fg_rc rc;

	if (!c)
		return FG_E_NO_MEMORY;
	c->events = *events;
	rc = send_request(c, host, nonce);
	if (rc == FG_OK)
		*client_out = c;
	else
		free(c);
	return rc;
}

void fg_ws_client_free(struct fg_ws_client *client_take)
{
	if (!client_take)
		return;
	if (client_take->ws)
		wslay_event_context_free(client_take->ws);
	free(client_take);
}
