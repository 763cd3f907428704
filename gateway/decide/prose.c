/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/decide/prose.h"

#include <string.h>

enum { DIGITS_MAX = 10 };

void fg_prose_init(struct fg_prose *prose, char *out, size_t cap)
{
	*prose = (struct fg_prose){ .out = out, .cap = cap, .rc = cap ? FG_OK : FG_E_SPACE };
	if (cap)
		out[0] = '\0';
}

static void add(struct fg_prose *prose, const char *text, size_t len)
{
	if (prose->rc != FG_OK)
		return;
	if (len >= prose->cap - prose->len) {
		prose->rc = FG_E_SPACE;
		return;
	}
	memcpy(prose->out + prose->len, text, len);
	prose->len += len;
	prose->out[prose->len] = '\0';
}

void fg_prose_str(struct fg_prose *prose, const char *text)
{
	add(prose, text, strlen(text));
}

void fg_prose_strs(struct fg_prose *prose, const char *const texts[])
{
	for (; *texts; texts++)
		fg_prose_str(prose, *texts);
}

void fg_prose_char(struct fg_prose *prose, char c)
{
	add(prose, &c, 1);
}

void fg_prose_u32(struct fg_prose *prose, uint32_t number)
{
	char digits[DIGITS_MAX];
	size_t at = DIGITS_MAX;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	add(prose, digits + at, DIGITS_MAX - at);
}

void fg_prose_escaped(struct fg_prose *prose, const char *text, size_t cap)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < cap && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > ' ' && c < 0x7f && c != '%')
			fg_prose_char(prose, (char)c);
		else
			add(prose, (const char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
	}
}

enum fg_rc fg_prose_end(const struct fg_prose *prose, size_t *len_out)
{
	if (prose->rc == FG_OK)
		*len_out = prose->len;
	return prose->rc;
}
