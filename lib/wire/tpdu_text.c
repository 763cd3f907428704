/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/tpdu_internal.h"

#include <string.h>
#include "lib/wire/udh.h"

/* ---- Coding (TS 23.038, 4) ---- */

enum {
	GENERAL_DELETE = 0x40,
	GENERAL_COMPRESSED = 0x20,
	GENERAL_CLASS = 0x10,
	GROUP_WAITING_DISCARD = 0xC,
	GROUP_WAITING_STORE = 0xD,
	GROUP_WAITING_STORE_UCS2 = 0xE,
	GROUP_CLASS = 0xF,
	WAITING_ACTIVE = 0x08,
	CLASS_OCTETS = 0x04,
};

static struct fg_tpdu_coding general_coding(uint8_t dcs)
{
	/* The fourth is reserved: a receiver takes the default alphabet. */
	static const uint8_t units[] = { FG_TPDU_SEPTETS, FG_TPDU_OCTETS, FG_TPDU_UCS2,
					 FG_TPDU_SEPTETS };

	return (struct fg_tpdu_coding){
		.units = units[dcs >> 2 & 3],
		.compressed = dcs & GENERAL_COMPRESSED,
		.delete_when_read = dcs & GENERAL_DELETE,
		.message_class = (int8_t)(dcs & GENERAL_CLASS ? dcs & 3 : -1),
	};
}

static struct fg_tpdu_coding waiting_coding(uint8_t dcs)
{
	unsigned group = dcs >> 4;

	return (struct fg_tpdu_coding){
		.units = group == GROUP_WAITING_STORE_UCS2 ? FG_TPDU_UCS2 : FG_TPDU_SEPTETS,
		.message_class = -1,
		.waiting = group == GROUP_WAITING_DISCARD ? FG_TPDU_WAITING_DISCARD
							  : FG_TPDU_WAITING_STORE,
		.waiting_active = dcs & WAITING_ACTIVE,
		.waiting_kind = dcs & 3,
	};
}

struct fg_tpdu_coding fg_tpdu_coding_of(uint8_t dcs)
{
	unsigned group = dcs >> 4;

	if (group <= 7)
		return general_coding(dcs);
	if (group == GROUP_CLASS)
		return (struct fg_tpdu_coding){
			.units = dcs & CLASS_OCTETS ? FG_TPDU_OCTETS : FG_TPDU_SEPTETS,
			.message_class = dcs & 3,
		};
	if (group >= GROUP_WAITING_DISCARD)
		return waiting_coding(dcs);
	/* Reserved groups: the default alphabet, as 00. */
	return (struct fg_tpdu_coding){ .units = FG_TPDU_SEPTETS, .message_class = -1 };
}

static enum fg_tpdu_units units_of(enum fg_alphabet alphabet)
{
	if (alphabet == FG_ALPHABET_UCS2)
		return FG_TPDU_UCS2;
	return alphabet == FG_ALPHABET_ASCII || alphabet == FG_ALPHABET_LATIN1 ? FG_TPDU_OCTETS
									       : FG_TPDU_SEPTETS;
}

uint8_t fg_tpdu_dcs(enum fg_alphabet alphabet, int message_class)
{
	static const uint8_t bits[] = {
		[FG_TPDU_SEPTETS] = 0x00,
		[FG_TPDU_OCTETS] = 0x04,
		[FG_TPDU_UCS2] = 0x08,
	};
	uint8_t class_bits = message_class < 0 ? 0 : (uint8_t)(GENERAL_CLASS | (message_class & 3));

	return bits[units_of(alphabet)] | class_bits;
}

/* ---- Septets in octets (TS 23.038, 6.1.2.1) ---- */

void fg_tpdu_pack_septets(const uint8_t *septets, size_t count, size_t bit, uint8_t *out)
{
	unsigned held_bits = bit % 8;
	uint32_t held = 0;

	out += bit / 8;
	for (size_t i = 0; i < count; i++) {
		held |= (uint32_t)septets[i] << held_bits;
		held_bits += 7;
		if (held_bits >= 8) {
			*out++ = (uint8_t)held;
			held >>= 8;
			held_bits -= 8;
		}
	}
	if (held_bits > 0)
		*out = (uint8_t)held;
}

void fg_tpdu_unpack_septets(const uint8_t *octets, size_t bit, size_t count, uint8_t *out)
{
	unsigned held_bits = 0;
	uint32_t held = 0;

	if (count == 0)
		return;
	octets += bit / 8;
	if (bit % 8) {
		held = (uint32_t)*octets++ >> bit % 8;
		held_bits = 8 - bit % 8;
	}
	for (size_t i = 0; i < count; i++) {
		if (held_bits < 7) {
			held |= (uint32_t)*octets++ << held_bits;
			held_bits += 8;
		}
		out[i] = held & 0x7F;
		held >>= 7;
		held_bits -= 7;
	}
}

/* 9.2.3.24: fill bits behind the header make the text begin on a septet's boundary. */
static size_t septets_of_header(size_t header_len)
{
	return (header_len * 8 + 6) / 7;
}

static size_t octets_of_septets(size_t septets)
{
	return (septets * 7 + 7) / 8;
}

static bool is_septets(uint8_t dcs)
{
	struct fg_tpdu_coding coding = fg_tpdu_coding_of(dcs);

	/* 9.2.3.16: of compressed text, octets are counted in every alphabet. */
	return coding.units == FG_TPDU_SEPTETS && !coding.compressed;
}

/* ---- The field ---- */

size_t fg_tpdu_ud_header_len(const struct fg_tpdu_ud *ud)
{
	return ud->header && ud->octets > 0 ? 1u + ud->at[0] : 0;
}

/* FG_OK when octets, udl and header agree with each other and with dcs. */
static enum fg_rc check_ud(uint8_t dcs, const struct fg_tpdu_ud *ud)
{
	bool septets = is_septets(dcs);
	size_t header_len;

	if (ud->udl > (septets ? FG_TPDU_SEPTETS_MAX : FG_TPDU_UD_MAX))
		return FG_E_TOO_LONG;
	if (ud->octets != (septets ? octets_of_septets(ud->udl) : ud->udl))
		return FG_E_ARG;
	if (!ud->header)
		return FG_OK;
	if (ud->octets == 0)
		return FG_E_UDH;
	header_len = fg_tpdu_ud_header_len(ud);
#ifndef FG_MUTANT_tpdu_header
	if ((septets ? septets_of_header(header_len) : header_len) > ud->udl)
		return FG_E_UDH;
#endif
	return FG_OK;
}

void fg_tpdu_read_ud(struct fg_cursor *cur, uint8_t dcs, bool header, struct fg_tpdu_ud *out)
{
	uint8_t udl = fg_cursor_u8(cur);
	size_t octets = is_septets(dcs) ? octets_of_septets(udl) : udl;
	enum fg_rc rc;

	if (octets > FG_TPDU_UD_MAX)
		fg_cursor_fail(cur, FG_E_TOO_LONG);
	*out = (struct fg_tpdu_ud){ .at = fg_cursor_bytes(cur, octets),
				    .octets = (uint8_t)octets,
				    .udl = udl,
				    .header = header };
	if (cur->rc != FG_OK)
		return;
	rc = check_ud(dcs, out);
	if (rc != FG_OK)
		fg_cursor_fail(cur, rc);
}

void fg_tpdu_write_ud(struct fg_writer *w, uint8_t dcs, const struct fg_tpdu_ud *ud)
{
	if (check_ud(dcs, ud) != FG_OK) {
		fg_tpdu_write_fail(w, FG_E_ARG);
		return;
	}
	fg_writer_u8(w, ud->udl);
	fg_writer_bytes(w, ud->at, ud->octets);
}

/* ---- Writing text ---- */

/* Text does not stay where nobody looks for it. */
static void wipe(void *octets, size_t len)
{
	memset(octets, 0, len);
	__asm__ volatile("" : : "r"(octets) : "memory");
}

static enum fg_rc pack_septets(const uint8_t *body, size_t body_len, size_t header_len,
			       uint8_t *out, struct fg_tpdu_ud *ud)
{
	size_t first = septets_of_header(header_len), udl = first + body_len;
	uint8_t all = 0;

	if (udl > FG_TPDU_SEPTETS_MAX)
		return FG_E_TOO_LONG;
	for (size_t i = 0; i < body_len; i++)
		all |= body[i];
	if (all > 0x7F)
		return FG_E_ARG;
	ud->udl = (uint8_t)udl;
	ud->octets = (uint8_t)octets_of_septets(udl);
	if (ud->octets > header_len) /* fill bits and what is behind the last septet are 0 */
		out[header_len] = 0;
	fg_tpdu_pack_septets(body, body_len, first * 7, out);
	return FG_OK;
}

enum fg_rc fg_tpdu_ud_pack(const void *header, size_t header_len, enum fg_tpdu_units units,
			   const void *body, size_t body_len, uint8_t out[static FG_TPDU_UD_MAX],
			   struct fg_tpdu_ud *ud_out)
{
	struct fg_tpdu_ud ud = { .at = out, .header = header_len > 0 };
	enum fg_rc rc;

	if (header_len > 0 && (size_t)((const uint8_t *)header)[0] + 1 != header_len)
		return FG_E_UDH;
	if (header_len > FG_TPDU_UD_MAX || body_len > FG_TPDU_SEPTETS_MAX)
		return FG_E_TOO_LONG;
	if (units == FG_TPDU_SEPTETS) {
		rc = pack_septets(body, body_len, header_len, out, &ud);
		if (rc != FG_OK)
			return rc;
	} else {
		if (header_len + body_len > FG_TPDU_UD_MAX)
			return FG_E_TOO_LONG;
		ud.udl = ud.octets = (uint8_t)(header_len + body_len);
		if (body_len > 0)
			memcpy(out + header_len, body, body_len);
	}
	if (header_len > 0)
		memcpy(out, header, header_len);
	*ud_out = ud;
	return FG_OK;
}

enum fg_rc fg_tpdu_ud_write(const void *header, size_t header_len, enum fg_alphabet alphabet,
			    const void *text, size_t text_len, uint8_t out[static FG_TPDU_UD_MAX],
			    struct fg_tpdu_ud *ud_out)
{
	uint8_t body[FG_TPDU_SEPTETS_MAX];
	size_t body_len = 0;
	enum fg_rc rc;

	rc = fg_alphabet_encode(alphabet, text, text_len, body, sizeof(body), &body_len);
	if (rc == FG_E_SPACE)
		return FG_E_TOO_LONG;
	if (rc == FG_OK)
		rc = fg_tpdu_ud_pack(header, header_len, units_of(alphabet), body, body_len, out,
				     ud_out);
	wipe(body, body_len);
	return rc;
}

/* ---- Reading text ---- */

enum fg_rc fg_tpdu_ud_body(uint8_t dcs, const struct fg_tpdu_ud *ud,
			   uint8_t out[static FG_TPDU_SEPTETS_MAX], size_t *len_out)
{
	size_t header_len = fg_tpdu_ud_header_len(ud), first;

	if (check_ud(dcs, ud) != FG_OK)
		return FG_E_ARG;
	if (fg_tpdu_coding_of(dcs).compressed)
		return FG_E_UNSUPPORTED;
	if (is_septets(dcs)) {
		first = septets_of_header(header_len);
		*len_out = ud->udl - first;
		fg_tpdu_unpack_septets(ud->at, first * 7, *len_out, out);
		return FG_OK;
	}
	*len_out = ud->octets - header_len;
	if (*len_out > 0)
		memcpy(out, ud->at + header_len, *len_out);
	return FG_OK;
}

/* Septets with the national tables that the header names. */
static enum fg_alphabet alphabet_of(enum fg_tpdu_units units, const struct fg_tpdu_ud *ud)
{
	uint8_t locking, single;

	if (units == FG_TPDU_UCS2)
		return FG_ALPHABET_UCS2;
	if (ud->header && fg_udh_national_find(ud->at, ud->octets, &locking, &single) == FG_OK)
		return fg_alphabet_national(locking, single);
	return FG_ALPHABET_GSM7;
}

typedef enum fg_rc (*decode_cb)(enum fg_alphabet alphabet, const void *octets, size_t len,
				void *out, size_t cap, size_t *out_len_out);

static enum fg_rc text_by(decode_cb decode, uint8_t dcs, const struct fg_tpdu_ud *ud, void *out,
			  size_t cap, size_t *len_out)
{
	enum fg_tpdu_units units = fg_tpdu_coding_of(dcs).units;
	uint8_t body[FG_TPDU_SEPTETS_MAX];
	size_t body_len;
	enum fg_rc rc = fg_tpdu_ud_body(dcs, ud, body, &body_len);

	if (rc != FG_OK)
		return rc;
	if (units == FG_TPDU_OCTETS)
		rc = FG_E_TEXT_CODING;
	else
		rc = decode(alphabet_of(units, ud), body, body_len, out, cap, len_out);
	wipe(body, body_len);
	return rc;
}

enum fg_rc fg_tpdu_ud_text(uint8_t dcs, const struct fg_tpdu_ud *ud, void *out, size_t cap,
			   size_t *len_out)
{
	return text_by(fg_alphabet_decode, dcs, ud, out, cap, len_out);
}

enum fg_rc fg_tpdu_ud_part_text(uint8_t dcs, const struct fg_tpdu_ud *ud, void *out, size_t cap,
				size_t *len_out)
{
	return text_by(fg_alphabet_decode_part, dcs, ud, out, cap, len_out);
}
