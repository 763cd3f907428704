/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/secure/upgrade.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <openssl/evp.h>

/* A stretch of the head. */
struct span {
	const char *at;
	size_t len;
};

enum field {
	FIELD_HOST,
	FIELD_UPGRADE,
	FIELD_CONNECTION,
	FIELD_VERSION,
	FIELD_KEY,
	FIELD_PROTOCOL,
	FIELD_LENGTH,
	FIELD_ENCODING,
	FIELD_COUNT
};

static const struct {
	const char *name;
	bool once; /* a second one is an error; others may come as lists in several lines */
} fields[FIELD_COUNT] = {
	[FIELD_HOST] = { "Host", true },
	[FIELD_UPGRADE] = { "Upgrade", false },
	[FIELD_CONNECTION] = { "Connection", false },
	[FIELD_VERSION] = { "Sec-WebSocket-Version", true },
	[FIELD_KEY] = { "Sec-WebSocket-Key", true },
	[FIELD_PROTOCOL] = { "Sec-WebSocket-Protocol", false },
	[FIELD_LENGTH] = { "Content-Length", true },
	[FIELD_ENCODING] = { "Transfer-Encoding", true },
};

struct request {
	struct span path;
	bool has[FIELD_COUNT];          /* the field is there, */
	bool says[FIELD_COUNT];         /* and its list holds the token that is wanted */
	struct span value[FIELD_COUNT]; /* of the last one */
};

/* The token that a list field must hold. */
static const char *const wanted[FIELD_COUNT] = { [FIELD_UPGRADE] = "websocket",
						 [FIELD_CONNECTION] = "Upgrade",
						 [FIELD_PROTOCOL] = FG_UPGRADE_PROTOCOL };

/* ---- lines ---- */

/* RFC 9112 2.2: a lone CR or LF is where two parsers disagree, so neither may occur. Other controls may not either (RFC 9110 5.5). */
static bool octet_is_allowed(const char *data, size_t i, size_t len)
{
	unsigned char c = (unsigned char)data[i];

	if (c == '\n')
		return i > 0 && data[i - 1] == '\r';
	if (c == '\r')
		return i + 1 == len || data[i + 1] == '\n';
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

/* Length of the head with its empty line. */
static enum fg_rc find_end(const char *data, size_t len, size_t *head_len_out)
{
	size_t most = len < FG_UPGRADE_HEAD_MAX ? len : FG_UPGRADE_HEAD_MAX;

	for (size_t i = 0; i < most; i++) {
		if (!octet_is_allowed(data, i, len))
			return FG_E_SYNTAX;
		if (i >= 3 && memcmp(data + i - 3, "\r\n\r\n", 4) == 0) {
			*head_len_out = i + 1;
			return FG_OK;
		}
	}
	return len >= FG_UPGRADE_HEAD_MAX ? FG_E_TOO_LONG : FG_E_TRUNCATED;
}

/* The next line without its end; find_end() has seen to it that there is one. */
static struct span next_line(const char **at)
{
	const char *end = strchr(*at, '\r');
	struct span line = { *at, (size_t)(end - *at) };

	*at = end + 2;
	return line;
}

static bool span_equal(struct span span, const char *text)
{
	return span.len == strlen(text) && strncasecmp(span.at, text, span.len) == 0;
}

static struct span trim(struct span span)
{
	while (span.len && (span.at[0] == ' ' || span.at[0] == '\t'))
		span = (struct span){ span.at + 1, span.len - 1 };
	while (span.len && (span.at[span.len - 1] == ' ' || span.at[span.len - 1] == '\t'))
		span.len--;
	return span;
}

/* Does a comma-separated list hold the token? */
static bool list_has(struct span list, const char *token)
{
	while (list.len) {
		const char *comma = memchr(list.at, ',', list.len);
		size_t len = comma ? (size_t)(comma - list.at) : list.len;

		if (span_equal(trim((struct span){ list.at, len }), token))
			return true;
		len += comma != NULL;
		list = (struct span){ list.at + len, list.len - len };
	}
	return false;
}

static bool is_token(struct span name)
{
	static const char allowed[] =
		"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (size_t i = 0; i < name.len; i++) {
		if (!memchr(allowed, name.at[i], sizeof(allowed) - 1))
			return false;
	}
	return name.len > 0;
}

/* ---- request ---- */

/* GET SP path SP HTTP/1.1 */
static enum fg_rc take_request_line(struct span line, struct request *request)
{
	static const char method[] = "GET ", version[] = " HTTP/1.1";
	size_t around = sizeof(method) - 1 + sizeof(version) - 1;

	if (line.len <= around || memcmp(line.at, method, sizeof(method) - 1) != 0 ||
	    memcmp(line.at + line.len - (sizeof(version) - 1), version, sizeof(version) - 1) != 0)
		return FG_E_SYNTAX;
	request->path = (struct span){ line.at + sizeof(method) - 1, line.len - around };
	return memchr(request->path.at, ' ', request->path.len) ? FG_E_SYNTAX : FG_OK;
}

/* A name may not be empty or begin with a blank: that is also how a folded line is refused (RFC 9112 5.2). */
static enum fg_rc take_field(struct span line, struct request *request)
{
	const char *colon = memchr(line.at, ':', line.len);
	struct span name, value;

	if (!colon)
		return FG_E_SYNTAX;
	name = (struct span){ line.at, (size_t)(colon - line.at) };
	value = trim((struct span){ colon + 1, line.len - name.len - 1 });
	if (!is_token(name))
		return FG_E_SYNTAX;
	for (int f = 0; f < FIELD_COUNT; f++) {
		if (!span_equal(name, fields[f].name))
			continue;
		if (fields[f].once && request->has[f])
			return FG_E_SYNTAX;
		request->has[f] = true;
		request->value[f] = value;
		if (wanted[f])
			request->says[f] |= list_has(value, wanted[f]);
	}
	return FG_OK;
}

static enum fg_rc take_head(const char *head, struct request *request)
{
	const char *at = head;
	enum fg_rc rc = take_request_line(next_line(&at), request);
	struct span line;

	while (rc == FG_OK && (line = next_line(&at)).len)
		rc = take_field(line, request);
	return rc;
}

/* Sixteen bytes in base64: 22 digits, the last of which carries four bits, and "==". */
static bool key_is_valid(struct span key)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (key.len != FG_UPGRADE_KEY_LEN || memcmp(key.at + 22, "==", 2) != 0)
		return false;
	for (size_t i = 0; i < 22; i++) {
		if (!memchr(digits, key.at[i], sizeof(digits) - 1))
			return false;
	}
	return strchr("AQgw", key.at[21]) != NULL;
}

static enum fg_rc check_request(const struct request *request)
{
	bool body = request->has[FIELD_ENCODING] ||
		    (request->has[FIELD_LENGTH] && !span_equal(request->value[FIELD_LENGTH], "0"));

	if (!request->has[FIELD_HOST] || request->value[FIELD_HOST].len == 0 || body)
		return FG_E_SYNTAX;
	if (request->path.len != strlen(FG_UPGRADE_PATH) ||
	    memcmp(request->path.at, FG_UPGRADE_PATH, request->path.len) != 0)
		return FG_E_NOT_FOUND;
	if (!request->says[FIELD_UPGRADE] || !request->says[FIELD_CONNECTION] ||
	    !request->has[FIELD_VERSION] || !span_equal(request->value[FIELD_VERSION], "13"))
		return FG_E_VERSION;
	if (!request->has[FIELD_KEY] || !key_is_valid(request->value[FIELD_KEY]) ||
	    !request->says[FIELD_PROTOCOL])
		return FG_E_SYNTAX;
	return FG_OK;
}

static unsigned status_of(enum fg_rc rc)
{
	switch (rc) {
	case FG_E_TOO_LONG:
		return 431;
	case FG_E_NOT_FOUND:
		return 404;
	case FG_E_VERSION:
		return 426;
	default:
		return 400;
	}
}

enum fg_rc fg_upgrade_parse(const void *data, size_t len, struct fg_upgrade *upgrade_out,
			    unsigned *status_out)
{
	char head[FG_UPGRADE_HEAD_MAX + 1];
	struct request request = { 0 };
	size_t head_len = 0;
	enum fg_rc rc = find_end(data, len, &head_len);

	if (rc == FG_OK) {
		memcpy(head, data, head_len);
		head[head_len] = '\0';
		rc = take_head(head, &request);
	}
	if (rc == FG_OK)
		rc = check_request(&request);
	if (rc != FG_OK) {
		if (rc != FG_E_TRUNCATED)
			*status_out = status_of(rc);
		return rc;
	}
	upgrade_out->head_len = head_len;
	memcpy(upgrade_out->key, request.value[FIELD_KEY].at, FG_UPGRADE_KEY_LEN);
	upgrade_out->key[FG_UPGRADE_KEY_LEN] = '\0';
	return FG_OK;
}

/* ---- response ---- */

enum fg_rc fg_upgrade_accept(const struct fg_upgrade *upgrade,
			     char out[static FG_UPGRADE_RESPONSE_MAX], size_t *len_out)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
	char both[FG_UPGRADE_KEY_LEN + sizeof(guid)];
	unsigned char digest[EVP_MAX_MD_SIZE], accept[EVP_MAX_MD_SIZE * 2];
	unsigned digest_len = 0;

	snprintf(both, sizeof(both), "%s%s", upgrade->key, guid);
	if (EVP_Digest(both, strlen(both), digest, &digest_len, EVP_sha1(), NULL) != 1)
		return FG_E_SYSTEM;
	EVP_EncodeBlock(accept, digest, (int)digest_len);
	*len_out = (size_t)snprintf(
		out, FG_UPGRADE_RESPONSE_MAX,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: " FG_UPGRADE_PROTOCOL
		"\r\n\r\n",
		accept);
	return FG_OK;
}

static const char *reason_of(unsigned status)
{
	switch (status) {
	case 404:
		return "Not Found";
	case 426:
		return "Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
	case 431:
		return "Request Header Fields Too Large";
	default:
		return "Bad Request";
	}
}

size_t fg_upgrade_refuse(unsigned status, char out[static FG_UPGRADE_RESPONSE_MAX])
{
	return (size_t)snprintf(out, FG_UPGRADE_RESPONSE_MAX,
				"HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
				status, reason_of(status));
}
