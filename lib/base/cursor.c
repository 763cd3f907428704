/* SPDX-License-Identifier: ISC */
#include "lib/base/cursor.h"

#include <string.h>

void fg_cursor_init(struct fg_cursor *cur, const void *data, size_t len)
{
	static const uint8_t nothing[1];

	cur->start = data ? data : nothing;
	cur->at = cur->start;
	cur->end = cur->start + (data ? len : 0);
	cur->rc = FG_OK;
}

size_t fg_cursor_left(const struct fg_cursor *cur)
{
	return cur->rc == FG_OK ? (size_t)(cur->end - cur->at) : 0;
}

size_t fg_cursor_pos(const struct fg_cursor *cur)
{
	return (size_t)(cur->at - cur->start);
}

enum fg_rc fg_cursor_fail(struct fg_cursor *cur, enum fg_rc rc)
{
	if (cur->rc == FG_OK)
		cur->rc = rc;
	return cur->rc;
}

const uint8_t *fg_cursor_bytes(struct fg_cursor *cur, size_t len)
{
	const uint8_t *at = cur->at;

	if (cur->rc != FG_OK)
		return NULL;
	if (len > (size_t)(cur->end - cur->at)) {
		cur->rc = FG_E_TRUNCATED;
		return NULL;
	}
	cur->at += len;
	return at;
}

static uint64_t read_be(struct fg_cursor *cur, size_t len)
{
	const uint8_t *p = fg_cursor_bytes(cur, len);
	uint64_t v = 0;

	for (size_t i = 0; p && i < len; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t fg_cursor_u8(struct fg_cursor *cur)
{
	return (uint8_t)read_be(cur, 1);
}

uint16_t fg_cursor_u16(struct fg_cursor *cur)
{
	return (uint16_t)read_be(cur, 2);
}

uint32_t fg_cursor_u32(struct fg_cursor *cur)
{
	return (uint32_t)read_be(cur, 4);
}

uint64_t fg_cursor_u64(struct fg_cursor *cur)
{
	return read_be(cur, 8);
}

void fg_cursor_copy(struct fg_cursor *cur, void *out, size_t len)
{
	const uint8_t *p = fg_cursor_bytes(cur, len);

	if (p && len)
		memcpy(out, p, len);
}

const char *fg_cursor_cstring(struct fg_cursor *cur, size_t max, size_t *len_out)
{
	size_t left = fg_cursor_left(cur), window = left < max ? left : max;
	const uint8_t *nul = window ? memchr(cur->at, 0, window) : NULL;
	const char *text = (const char *)cur->at;

	if (!nul) {
		fg_cursor_fail(cur, left < max ? FG_E_TRUNCATED : FG_E_TOO_LONG);
		return NULL;
	}
	*len_out = (size_t)(nul - cur->at);
	cur->at = nul + 1;
	return text;
}

enum fg_rc fg_cursor_end(struct fg_cursor *cur)
{
	if (cur->rc == FG_OK && cur->at != cur->end)
		cur->rc = FG_E_TRAILING;
	return cur->rc;
}

void fg_writer_init(struct fg_writer *w, void *buf, size_t cap)
{
	w->start = buf;
	w->at = w->start;
	w->end = w->start + cap;
	w->rc = FG_OK;
}

size_t fg_writer_len(const struct fg_writer *w)
{
	return (size_t)(w->at - w->start);
}

size_t fg_writer_left(const struct fg_writer *w)
{
	return w->rc == FG_OK ? (size_t)(w->end - w->at) : 0;
}

void fg_writer_bytes(struct fg_writer *w, const void *data, size_t len)
{
	if (w->rc != FG_OK)
		return;
	if (len > (size_t)(w->end - w->at)) {
		w->rc = FG_E_SPACE;
		return;
	}
	if (len)
		memcpy(w->at, data, len);
	w->at += len;
}

static void write_be(struct fg_writer *w, uint64_t v, size_t len)
{
	uint8_t b[8];

	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
	fg_writer_bytes(w, b, len);
}

void fg_writer_u8(struct fg_writer *w, uint8_t v)
{
	write_be(w, v, 1);
}

void fg_writer_u16(struct fg_writer *w, uint16_t v)
{
	write_be(w, v, 2);
}

void fg_writer_u32(struct fg_writer *w, uint32_t v)
{
	write_be(w, v, 4);
}

void fg_writer_u64(struct fg_writer *w, uint64_t v)
{
	write_be(w, v, 8);
}

void fg_writer_cstring(struct fg_writer *w, const char *text, size_t len)
{
	fg_writer_bytes(w, text, len);
	fg_writer_u8(w, 0);
}

void fg_writer_patch_u32(struct fg_writer *w, size_t offset, uint32_t v)
{
	if (w->rc != FG_OK)
		return;
	if (offset + 4 > fg_writer_len(w)) {
		w->rc = FG_E_ARG;
		return;
	}
	for (size_t i = 0; i < 4; i++)
		w->start[offset + i] = (uint8_t)(v >> (8 * (3 - i)));
}
