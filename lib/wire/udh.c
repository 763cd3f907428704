/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/udh.h"

/* 3GPP TS 23.040, 9.2.3.24. */
enum {
	IE_CONCAT_8BIT = 0x00,
	IE_CONCAT_16BIT = 0x08,
	IE_CONCAT_8BIT_LEN = 3,
	IE_CONCAT_16BIT_LEN = 4,
	IE_SINGLE_SHIFT = 0x24,
	IE_LOCKING_SHIFT = 0x25,
	IE_SHIFT_LEN = 1,
};

enum fg_rc fg_udh_begin(const void *ud, size_t len, struct fg_cursor *ies_out, size_t *udh_len_out)
{
	struct fg_cursor cur;
	const uint8_t *ies;
	size_t ies_len;

	fg_cursor_init(&cur, ud, len);
	ies_len = fg_cursor_u8(&cur);
	ies = fg_cursor_bytes(&cur, ies_len);
	if (cur.rc != FG_OK)
		return FG_E_UDH;
	fg_cursor_init(ies_out, ies, ies_len);
	*udh_len_out = 1 + ies_len;
	return FG_OK;
}

enum fg_rc fg_udh_next(struct fg_cursor *ies, struct fg_udh_ie *ie_out)
{
	struct fg_udh_ie ie;

	if (ies->rc == FG_OK && fg_cursor_left(ies) == 0)
		return FG_E_NOT_FOUND;
	ie.id = fg_cursor_u8(ies);
	ie.len = fg_cursor_u8(ies);
	ie.data = fg_cursor_bytes(ies, ie.len);
	if (ies->rc != FG_OK)
		return FG_E_UDH;
	*ie_out = ie;
	return FG_OK;
}

static bool concat_is_sane(const struct fg_udh_concat *concat)
{
	return concat->sequence >= 1 && concat->sequence <= concat->total;
}

static bool concat_of(const struct fg_udh_ie *ie, struct fg_udh_concat *concat)
{
	bool wide = ie->id == IE_CONCAT_16BIT && ie->len == IE_CONCAT_16BIT_LEN;
	struct fg_cursor cur;

	if (!wide && !(ie->id == IE_CONCAT_8BIT && ie->len == IE_CONCAT_8BIT_LEN))
		return false;
	fg_cursor_init(&cur, ie->data, ie->len);
	concat->wide = wide;
	concat->reference = wide ? fg_cursor_u16(&cur) : fg_cursor_u8(&cur);
	concat->total = fg_cursor_u8(&cur);
	concat->sequence = fg_cursor_u8(&cur);
	return concat_is_sane(concat);
}

enum fg_rc fg_udh_concat_find(const void *ud, size_t len, struct fg_udh_concat *concat_out,
			      size_t *udh_len_out)
{
	struct fg_udh_concat concat, last;
	struct fg_cursor ies;
	struct fg_udh_ie ie;
	size_t udh_len;
	bool found = false;
	enum fg_rc rc = fg_udh_begin(ud, len, &ies, &udh_len);

	while (rc == FG_OK) {
		rc = fg_udh_next(&ies, &ie);
		if (rc == FG_OK && concat_of(&ie, &concat)) {
			last = concat;
			found = true;
		}
	}
	if (rc != FG_E_NOT_FOUND)
		return rc;
	*udh_len_out = udh_len;
	if (!found)
		return FG_E_NOT_FOUND;
	*concat_out = last;
	return FG_OK;
}

enum fg_rc fg_udh_national_find(const void *ud, size_t len, uint8_t *locking_out,
				uint8_t *single_out)
{
	uint8_t locking = 0, single = 0;
	struct fg_cursor ies;
	struct fg_udh_ie ie;
	size_t udh_len;
	enum fg_rc rc = fg_udh_begin(ud, len, &ies, &udh_len);

	while (rc == FG_OK) {
		rc = fg_udh_next(&ies, &ie);
		if (rc == FG_OK && ie.len == IE_SHIFT_LEN && ie.id == IE_LOCKING_SHIFT)
			locking = ie.data[0];
		else if (rc == FG_OK && ie.len == IE_SHIFT_LEN && ie.id == IE_SINGLE_SHIFT)
			single = ie.data[0];
	}
	if (rc != FG_E_NOT_FOUND)
		return rc;
	*locking_out = locking;
	*single_out = single;
	return locking || single ? FG_OK : FG_E_NOT_FOUND;
}

static void write_concat(struct fg_writer *w, const struct fg_udh_concat *concat)
{
	fg_writer_u8(w, concat->wide ? IE_CONCAT_16BIT : IE_CONCAT_8BIT);
	fg_writer_u8(w, concat->wide ? IE_CONCAT_16BIT_LEN : IE_CONCAT_8BIT_LEN);
	if (concat->wide)
		fg_writer_u16(w, concat->reference);
	else
		fg_writer_u8(w, (uint8_t)concat->reference);
	fg_writer_u8(w, concat->total);
	fg_writer_u8(w, concat->sequence);
}

static void write_shift(struct fg_writer *w, uint8_t id, uint8_t language)
{
	fg_writer_u8(w, id);
	fg_writer_u8(w, IE_SHIFT_LEN);
	fg_writer_u8(w, language);
}

enum fg_rc fg_udh_write(const struct fg_udh_concat *concat, uint8_t locking, uint8_t single,
			uint8_t out[static FG_UDH_MAX], size_t *len_out)
{
	struct fg_writer w;

	if (concat && (!concat_is_sane(concat) || (!concat->wide && concat->reference > UINT8_MAX)))
		return FG_E_ARG;
	fg_writer_init(&w, out, FG_UDH_MAX);
	fg_writer_u8(&w, 0);
	if (concat)
		write_concat(&w, concat);
	if (locking)
		write_shift(&w, IE_LOCKING_SHIFT, locking);
	if (single)
		write_shift(&w, IE_SINGLE_SHIFT, single);
	out[0] = (uint8_t)(fg_writer_len(&w) - 1);
	*len_out = out[0] ? fg_writer_len(&w) : 0;
	return FG_OK;
}

enum fg_rc fg_udh_concat_write(const struct fg_udh_concat *concat,
			       uint8_t out[static FG_UDH_CONCAT_MAX], size_t *len_out)
{
	uint8_t octets[FG_UDH_MAX];
	enum fg_rc rc = fg_udh_write(concat, 0, 0, octets, len_out);

	for (size_t i = 0; rc == FG_OK && i < *len_out; i++)
		out[i] = octets[i];
	return rc;
}
