/* SPDX-License-Identifier: ISC */
#include "client/device/trust.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/id.h"
#include "lib/crypto/base64.h"

enum { LINE_MAX_LEN = FG_BASE64_LEN(FG_TRUST_CA_MAX) + 32 };

static enum fg_rc read_version(struct fg_trust *trust, const char *value)
{
	(void)trust;
	return strcmp(value, "1") == 0 ? FG_OK : FG_E_VERSION;
}

static enum fg_rc read_gateway(struct fg_trust *trust, const char *value)
{
	return fg_unhex(value, trust->gateway_id, sizeof(trust->gateway_id));
}

static enum fg_rc read_host(struct fg_trust *trust, const char *value)
{
	const char *colon = strrchr(value, ':');
	char *end;
	unsigned long port;

	if (!colon || colon == value || (size_t)(colon - value) > FG_TRUST_HOST_MAX)
		return FG_E_SYNTAX;
	if (strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") !=
		    (size_t)(colon - value) ||
	    colon[1] < '0' || colon[1] > '9')
		return FG_E_SYNTAX;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port == 0 || port > UINT16_MAX)
		return FG_E_SYNTAX;
	memcpy(trust->host, value, (size_t)(colon - value));
	trust->host[colon - value] = '\0';
	trust->port = (uint16_t)port;
	return FG_OK;
}

static enum fg_rc read_origin(struct fg_trust *trust, const char *value)
{
	size_t len = strlen(value);

	if (len == 0 || len > FG_NOTE_ORIGIN_MAX)
		return FG_E_SYNTAX;
	for (size_t i = 0; i < len; i++)
		if (value[i] <= ' ' || value[i] > '~' || value[i] == '+')
			return FG_E_SYNTAX;
	memcpy(trust->log_origin, value, len + 1);
	return FG_OK;
}

static enum fg_rc read_log_key(struct fg_trust *trust, const char *value)
{
	return fg_unhex(value, trust->log_key, sizeof(trust->log_key));
}

static enum fg_rc read_vault_key(struct fg_trust *trust, const char *value)
{
	return fg_unhex(value, trust->vault_key, sizeof(trust->vault_key));
}

static enum fg_rc read_receipt_key(struct fg_trust *trust, const char *value)
{
	return fg_unhex(value, trust->receipt_key, sizeof(trust->receipt_key));
}

static enum fg_rc read_directory_key(struct fg_trust *trust, const char *value)
{
	return fg_unhex(value, trust->directory_key, sizeof(trust->directory_key));
}

static enum fg_rc read_ca(struct fg_trust *trust, const char *value)
{
	enum fg_rc rc = fg_base64_decode(value, strlen(value), trust->ca, sizeof(trust->ca),
					 &trust->ca_len);

	return rc == FG_OK && trust->ca_len == 0 ? FG_E_SYNTAX : rc;
}

static const struct trust_line {
	const char *name;
	enum fg_rc (*read)(struct fg_trust *trust, const char *value);
} lines[] = {
	{ "fallgate-trust", read_version }, /* first in the file, too */
	{ "gateway", read_gateway },
	{ "host", read_host },
	{ "log-origin", read_origin },
	{ "log-key", read_log_key },
	{ "vault-key", read_vault_key },
	{ "receipt-key", read_receipt_key },
	{ "directory-key", read_directory_key },
	{ "ca", read_ca },
};
enum { LINE_COUNT = sizeof(lines) / sizeof(lines[0]), ALL_SEEN = (1 << LINE_COUNT) - 1 };

static enum fg_rc read_line(struct fg_trust *trust, const char *at, size_t len, unsigned *seen)
{
	char line[LINE_MAX_LEN];
	char *value;

	if (len >= sizeof(line))
		return FG_E_TOO_LONG;
	memcpy(line, at, len);
	line[len] = '\0';
	value = strchr(line, ' ');
	if (!value || memchr(line, '\0', len))
		return FG_E_SYNTAX;
	*value++ = '\0';
	for (unsigned i = 0; i < LINE_COUNT; i++) {
		if (strcmp(line, lines[i].name) != 0)
			continue;
		if ((*seen & 1U << i) || (i > 0 && *seen == 0))
			return FG_E_SYNTAX;
		*seen |= 1U << i;
		return lines[i].read(trust, value);
	}
	return FG_E_SYNTAX;
}

enum fg_rc fg_trust_parse(const char *text, size_t len, struct fg_trust *trust_out)
{
	struct fg_trust trust = { 0 };
	const char *end = text + len;
	unsigned seen = 0;

	if (len > FG_TRUST_TEXT_MAX)
		return FG_E_TOO_LONG;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((newline ? newline : end) - text);
		enum fg_rc rc = FG_OK;

		if (line_len > 0 && text[0] != '#')
			rc = read_line(&trust, text, line_len, &seen);
		if (rc != FG_OK)
			return rc;
		text = newline ? newline + 1 : end;
	}
	if (seen != ALL_SEEN)
		return FG_E_SYNTAX;
	*trust_out = trust;
	return FG_OK;
}

struct fg_hash fg_trust_log_id(const struct fg_trust *trust)
{
	return fg_note_log_id(trust->log_origin, trust->log_key);
}
