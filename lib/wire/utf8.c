/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/utf8.h"

enum {
	SURROGATE_FIRST = 0xD800,
	LOW_FIRST = 0xDC00,
	SURROGATE_LAST = 0xDFFF,
	CODE_POINT_LAST = 0x10FFFF
};

static bool is_character(uint32_t cp)
{
	return cp <= CODE_POINT_LAST && (cp < SURROGATE_FIRST || cp > SURROGATE_LAST);
}

/* Bytes that a first byte announces; 0 for a byte that cannot be first. */
static size_t sequence_len(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		return 2;
	if (first >= 0xE0 && first <= 0xEF)
		return 3;
	return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t fg_utf8_next(const uint8_t *text, size_t len, uint32_t *cp_out)
{
	/* The smallest code point that needs so many bytes: anything below it is overlong. */
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = len ? sequence_len(text[0]) : 0;
	uint32_t cp;

	if (n == 0 || n > len)
		return 0;
	cp = n == 1 ? text[0] : text[0] & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xC0) != 0x80)
			return 0;
		cp = cp << 6 | (text[i] & 0x3F);
	}
	if (cp < smallest[n] || !is_character(cp))
		return 0;
	*cp_out = cp;
	return n;
}

bool fg_utf8_valid(const uint8_t *text, size_t len)
{
	uint32_t cp;

	for (size_t at = 0, n; at < len; at += n) {
		n = fg_utf8_next(text + at, len - at, &cp);
		if (n == 0)
			return false;
	}
	return true;
}

void fg_utf8_put_half(uint32_t half, uint8_t out[static FG_UTF8_HALF_LEN])
{
	out[0] = (uint8_t)(0xE0 | half >> 12);
	out[1] = (uint8_t)(0x80 | (half >> 6 & 0x3F));
	out[2] = (uint8_t)(0x80 | (half & 0x3F));
}

/* The half that stands there; 0: none. */
static uint32_t half_at(const uint8_t *text, size_t len)
{
	if (len < FG_UTF8_HALF_LEN || text[0] != 0xED || (text[1] & 0xE0) != 0xA0 ||
	    (text[2] & 0xC0) != 0x80)
		return 0;
	return 0xD000 | (text[1] & 0x3Fu) << 6 | (text[2] & 0x3Fu);
}

size_t fg_utf8_mend(uint8_t *text, size_t len)
{
	size_t to = 0, at = 0, n;
	uint32_t first, second;
	uint8_t one[FG_UTF8_MAX];

	while (at < len) {
		first = half_at(text + at, len - at);
		if (!first) {
			text[to++] = text[at++];
			continue;
		}
		at += FG_UTF8_HALF_LEN;
		second = half_at(text + at, len - at);
		if (first < LOW_FIRST && second >= LOW_FIRST) {
			at += FG_UTF8_HALF_LEN;
			first = 0x10000 + ((first & 0x3FF) << 10 | (second & 0x3FF));
		}
		n = fg_utf8_put(first, one);
		for (size_t i = 0; i < n; i++) /* no longer than what was read */
			text[to++] = one[i];
	}
	return to;
}

size_t fg_utf8_put(uint32_t cp, uint8_t out[static FG_UTF8_MAX])
{
	static const uint8_t first[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	size_t n;

	if (!is_character(cp))
		cp = FG_UTF8_REPLACEMENT;
	n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, cp >>= 6)
		out[i] = (uint8_t)(0x80 | (cp & 0x3F));
	out[0] = (uint8_t)(first[n == 1 ? 0 : n] | cp);
	return n;
}
