/* SPDX-License-Identifier: ISC */
#include "lib/base/handle.h"

#include <string.h>

enum { NUMBER_MIN_DIGITS = 5, NUMBER_MAX_DIGITS = 15, NUMBER_KEPT_DIGITS = 3 };

static enum fg_rc parse_number(const char *text, size_t len, struct fg_handle *out)
{
	size_t digits = 0;

	out->text[0] = '+';
	for (size_t i = 1; i < len; i++) {
		char c = text[i];

		if (c == ' ' || c == '.' || c == '-' || c == '(' || c == ')')
			continue;
		if (c < '0' || c > '9' || digits == NUMBER_MAX_DIGITS)
			return FG_E_HANDLE;
		out->text[1 + digits++] = c;
	}
	if (digits < NUMBER_MIN_DIGITS || out->text[1] == '0')
		return FG_E_HANDLE;
	out->text[1 + digits] = 0;
	out->kind = FG_HANDLE_NUMBER;
	return FG_OK;
}

static char address_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("._-+@", c))
		return c;
	return 0;
}

static enum fg_rc parse_address(const char *text, size_t len, struct fg_handle *out)
{
	const char *at;

	for (size_t i = 0; i < len; i++) {
		out->text[i] = text[i] ? address_char(text[i]) : 0;
		if (!out->text[i])
			return FG_E_HANDLE;
	}
	out->text[len] = 0;
	at = strchr(out->text, '@');
	if (!at || at == out->text || !at[1] || strchr(at + 1, '@'))
		return FG_E_HANDLE;
	out->kind = FG_HANDLE_ADDRESS;
	return FG_OK;
}

enum fg_rc fg_handle_parse(const char *text, size_t text_len, struct fg_handle *handle_out)
{
	struct fg_handle handle = { 0 };
	enum fg_rc rc;

	if (text_len == 0 || text_len > FG_HANDLE_MAX)
		return FG_E_HANDLE;
	rc = text[0] == '+' ? parse_number(text, text_len, &handle)
			    : parse_address(text, text_len, &handle);
	if (rc == FG_OK)
		*handle_out = handle;
	return rc;
}

bool fg_handle_equal(const struct fg_handle *a, const struct fg_handle *b)
{
	return strcmp(a->text, b->text) == 0;
}

const char *fg_handle_mask(const char *text, char out[static FG_HANDLE_MAX + 1])
{
	size_t len = strnlen(text, FG_HANDLE_MAX);
	const char *at = memchr(text, '@', len);
	size_t hidden_from = 1, hidden_to;

	if (at)
		hidden_to = (size_t)(at - text);
	else
		hidden_to = len > NUMBER_KEPT_DIGITS ? len - NUMBER_KEPT_DIGITS : len;
	memcpy(out, text, len);
	out[len] = 0;
	for (size_t i = hidden_from; i < hidden_to; i++)
		out[i] = '*';
	return out;
}
