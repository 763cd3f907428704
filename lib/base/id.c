/* SPDX-License-Identifier: ISC */
#include "lib/base/id.h"

#include <string.h>

struct fg_id fg_id_make(uint64_t time_ms, const uint8_t random[static 10])
{
	struct fg_id id;

	for (int i = 0; i < 6; i++)
		id.b[i] = (uint8_t)(time_ms >> (8 * (5 - i)));
	memcpy(id.b + 6, random, 10);
	return id;
}

uint64_t fg_id_time_ms(const struct fg_id *id)
{
	uint64_t v = 0;

	for (int i = 0; i < 6; i++)
		v = v << 8 | id->b[i];
	return v;
}

int fg_id_cmp(const struct fg_id *a, const struct fg_id *b)
{
	int d = memcmp(a->b, b->b, FG_ID_LEN);

	return (d > 0) - (d < 0);
}

bool fg_id_is_zero(const struct fg_id *id)
{
	static const struct fg_id zero;

	return fg_id_cmp(id, &zero) == 0;
}

char *fg_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = 0;
	return out;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum fg_rc fg_unhex(const char *text, void *out, size_t len)
{
	uint8_t *p = out;

	if (strnlen(text, 2 * len + 1) != 2 * len)
		return FG_E_SYNTAX;
	for (size_t i = 0; i < 2 * len; i++)
		if (nibble(text[i]) < 0)
			return FG_E_SYNTAX;
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	return FG_OK;
}

const char *fg_id_text(const struct fg_id *id, char text_out[static FG_ID_TEXT_LEN + 1])
{
	return fg_hex(id->b, FG_ID_LEN, text_out);
}

enum fg_rc fg_id_parse(const char *text, struct fg_id *id_out)
{
	return fg_unhex(text, id_out->b, FG_ID_LEN);
}
