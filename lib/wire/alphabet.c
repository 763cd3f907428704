/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/alphabet.h"

#include <string.h>
#include "lib/wire/national.h"
#include "lib/wire/utf8.h"

enum {
	ESCAPE = 0x1B,  /* 3GPP TS 23.038, 6.2.1 */
	NO_SEPTET = -1, /* a character that the alphabet lacks */
	UNIT_BYTES = 2,
	MESSAGE_OCTETS = 140, /* 3GPP TS 23.040, 9.2.3.16 */
	SEPTETS = 128,
	OTHERS = 0xE0, /* from here on alphabets are no septets */
};

/* ---- Alphabets ---- */

/* The locking language in the upper four bits, the single one in the lower. */
enum fg_alphabet fg_alphabet_national(unsigned locking, unsigned single)
{
	return (enum fg_alphabet)((fg_national_locking(locking) ? locking << 4 : 0) |
				  (fg_national_single(single) ? single : 0));
}

bool fg_alphabet_is_septets(enum fg_alphabet alphabet)
{
	return (unsigned)alphabet < OTHERS;
}

unsigned fg_alphabet_locking(enum fg_alphabet alphabet)
{
	return fg_alphabet_is_septets(alphabet) ? (unsigned)alphabet >> 4 : 0;
}

unsigned fg_alphabet_single(enum fg_alphabet alphabet)
{
	return fg_alphabet_is_septets(alphabet) ? (unsigned)alphabet & 0xF : 0;
}

size_t fg_alphabet_header_len(enum fg_alphabet alphabet)
{
	return (fg_alphabet_locking(alphabet) ? 3u : 0u) + (fg_alphabet_single(alphabet) ? 3u : 0u);
}

/* ---- One character ---- */

/* The septet of cp; ESCAPE << 8 | septet for the extension table; NO_SEPTET. */
static const uint16_t gsm7_default[128] = {
#define FG_GSM7(septet, code) [septet] = code,
#define FG_GSM7_EXT(septet, code)
#include "lib/wire/gsm7.def"
#undef FG_GSM7
#undef FG_GSM7_EXT
	[ESCAPE] = ' ',
};

static int gsm7_of(uint32_t cp)
{
	if (cp < 0x80 && gsm7_default[cp] == cp)
		return (int)cp; /* most of ASCII has the same number there */
	switch (cp) {
#define FG_GSM7(septet, code)                                                                      \
	case code:                                                                                 \
		return septet;
#define FG_GSM7_EXT(septet, code)                                                                  \
	case code:                                                                                 \
		return ESCAPE << 8 | septet;
#include "lib/wire/gsm7.def"
#undef FG_GSM7
#undef FG_GSM7_EXT
	default:
		return NO_SEPTET;
	}
}

/* 0: no such extension character. */
static const uint16_t gsm7_extension[128] = {
#define FG_GSM7(septet, code)
#define FG_GSM7_EXT(septet, code) [septet] = code,
#include "lib/wire/gsm7.def"
#undef FG_GSM7
#undef FG_GSM7_EXT
	[ESCAPE] = ' ',
};

static void put_unit(uint32_t unit, uint8_t *out)
{
	out[0] = (uint8_t)(unit >> 8);
	out[1] = (uint8_t)unit;
}

/* RFC 2781, 2.1. */
static size_t put_units(uint32_t cp, uint8_t out[static 4])
{
	if (cp < 0x10000) {
		put_unit(cp, out);
		return UNIT_BYTES;
	}
	put_unit(0xD800 | (cp - 0x10000) >> 10, out);
	put_unit(0xDC00 | (cp & 0x3FF), out + UNIT_BYTES);
	return 2 * UNIT_BYTES;
}

static int place_in(const uint16_t *table, uint32_t cp)
{
	for (int septet = 0; septet < SEPTETS; septet++)
		if (table[septet] == cp)
			return septet;
	return NO_SEPTET;
}

/* The same as gsm7_of() with what national tables replace: the alphabet, its extension, or both. */
static int septet_of(enum fg_alphabet alphabet, uint32_t cp)
{
	const uint16_t *locking = fg_national_locking(fg_alphabet_locking(alphabet));
	const uint16_t *single = fg_national_single(fg_alphabet_single(alphabet));
	int septet;

	if (cp == 0)
		return NO_SEPTET; /* tables say so of their empty places */
	septet = locking ? place_in(locking, cp) : gsm7_of(cp);
	if (septet >= 0 && septet < SEPTETS)
		return septet;
	septet = place_in(single ? single : gsm7_extension, cp);
	return septet == NO_SEPTET || septet == ESCAPE ? NO_SEPTET : ESCAPE << 8 | septet;
}

static size_t put_septets(enum fg_alphabet alphabet, uint32_t cp, uint8_t out[static 2])
{
	int septet = alphabet == FG_ALPHABET_GSM7 ? gsm7_of(cp) : septet_of(alphabet, cp);

	if (septet == NO_SEPTET)
		return 0;
	if (septet <= 0x7F) {
		out[0] = (uint8_t)septet;
		return 1;
	}
	out[0] = ESCAPE;
	out[1] = septet & 0x7F;
	return 2;
}

/* The octets of cp in an alphabet: how many, 0 when it is not there. */
static size_t put_character(enum fg_alphabet alphabet, uint32_t cp, uint8_t out[static 4])
{
	if (fg_alphabet_is_septets(alphabet))
		return put_septets(alphabet, cp, out);
	if (alphabet == FG_ALPHABET_UCS2)
		return put_units(cp, out);
	out[0] = (uint8_t)cp;
	return cp <= (alphabet == FG_ALPHABET_ASCII ? 0x7Fu : 0xFFu);
}

/* How many octets at the start of text are characters by themselves and the same octets in the
 * alphabet. Most of a text is, so this is asked first. */
static size_t same_run(enum fg_alphabet alphabet, const uint8_t *text, size_t len)
{
	size_t n = 0;

	if (alphabet == FG_ALPHABET_GSM7)
		while (n < len && text[n] < 0x80 && gsm7_default[text[n]] == text[n])
			n++;
	if (alphabet == FG_ALPHABET_ASCII || alphabet == FG_ALPHABET_LATIN1)
		while (n < len && text[n] < 0x80)
			n++;
	return n;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- Whole texts ---- */

/* Octets that text needs in an alphabet; written to out unless that is NULL. Stops with FG_E_SPACE
 * beyond cap. */
static enum fg_rc walk(enum fg_alphabet alphabet, const uint8_t *text, size_t len, uint8_t *out,
		       size_t cap, size_t *octets_out)
{
	size_t octets = 0;
	uint8_t one[4];
	uint32_t cp;

	for (size_t at = 0, n, wide; at < len; at += n) {
		n = same_run(alphabet, text + at, least(len - at, cap - octets));
		if (n > 0) {
			if (out)
				memcpy(out + octets, text + at, n);
			octets += n;
			continue;
		}
		n = fg_utf8_next(text + at, len - at, &cp);
		if (n == 0)
			return FG_E_UTF8;
		wide = put_character(alphabet, cp, one);
		if (wide == 0)
			return FG_E_TEXT_CODING;
		if (wide > cap - octets)
			return FG_E_SPACE;
		for (size_t i = 0; out && i < wide; i++)
			out[octets + i] = one[i];
		octets += wide;
	}
	*octets_out = octets;
	return FG_OK;
}

enum fg_rc fg_alphabet_encode(enum fg_alphabet alphabet, const void *text, size_t len, void *out,
			      size_t cap, size_t *out_len_out)
{
	size_t octets;
	/* Measured first, so that a text that does not fit leaves no half of itself behind. */
	enum fg_rc rc = walk(alphabet, text, len, NULL, cap, &octets);

	return rc == FG_OK ? walk(alphabet, text, len, out, cap, out_len_out) : rc;
}

enum fg_rc fg_alphabet_septets(const void *text, size_t len, size_t *septets_out)
{
	return walk(FG_ALPHABET_GSM7, text, len, NULL, SIZE_MAX, septets_out);
}

bool fg_alphabet_fits_gsm7(const void *text, size_t len)
{
	size_t septets;

	return fg_alphabet_septets(text, len, &septets) == FG_OK;
}

/* ---- Decoding ---- */

/* What a phone shows for a septet: a space where a locking table is empty (3GPP TS 23.038, A.3). */
static uint32_t shown(enum fg_alphabet alphabet, uint8_t septet)
{
	const uint16_t *locking = fg_national_locking(fg_alphabet_locking(alphabet));

	if (!locking)
		return gsm7_default[septet];
	return locking[septet] ? locking[septet] : ' ';
}

/* The character at octets[*at], which moves on behind it. */
static uint32_t take_septet(enum fg_alphabet alphabet, const uint8_t *octets, size_t len,
			    size_t *at)
{
	const uint16_t *extension = fg_national_single(fg_alphabet_single(alphabet));
	uint8_t septet = octets[(*at)++];

	if (septet > 0x7F)
		return FG_UTF8_REPLACEMENT;
	if (septet != ESCAPE || *at == len || octets[*at] > 0x7F)
		return shown(alphabet, septet);
	septet = octets[(*at)++];
	if (septet == ESCAPE)
		return ' ';
	extension = extension ? extension : gsm7_extension;
	return extension[septet] ? extension[septet] : shown(alphabet, septet);
}

static uint32_t unit_at(const uint8_t *octets)
{
	return (uint32_t)octets[0] << 8 | octets[1];
}

static uint32_t take_unit(const uint8_t *octets, size_t len, size_t *at)
{
	uint32_t unit, low;

	if (len - *at < UNIT_BYTES) {
		*at = len;
		return FG_UTF8_REPLACEMENT;
	}
	unit = unit_at(octets + *at);
	*at += UNIT_BYTES;
	if ((unit & 0xFC00) != 0xD800 || len - *at < UNIT_BYTES)
		return unit; /* fg_utf8_put() replaces a lone surrogate */
	low = unit_at(octets + *at);
	if ((low & 0xFC00) != 0xDC00)
		return unit;
	*at += UNIT_BYTES;
	return 0x10000 + ((unit & 0x3FF) << 10 | (low & 0x3FF));
}

static uint32_t take_character(enum fg_alphabet alphabet, const uint8_t *octets, size_t len,
			       size_t *at)
{
	uint32_t cp;

	if (fg_alphabet_is_septets(alphabet))
		return take_septet(alphabet, octets, len, at);
	if (alphabet == FG_ALPHABET_UCS2)
		return take_unit(octets, len, at);
	cp = octets[(*at)++];
	return alphabet == FG_ALPHABET_ASCII && cp > 0x7F ? FG_UTF8_REPLACEMENT : cp;
}

enum fg_rc fg_alphabet_decode(enum fg_alphabet alphabet, const void *octets, size_t len, void *out,
			      size_t cap, size_t *out_len_out)
{
	const uint8_t *at_octets = octets;
	uint8_t *text = out, one[FG_UTF8_MAX];
	size_t used = 0;

	for (size_t at = 0, n; at < len; used += n) {
		n = same_run(alphabet, at_octets + at, least(len - at, cap - used));
		if (n > 0) {
			memcpy(text + used, at_octets + at, n);
			at += n;
			continue;
		}
		n = fg_utf8_put(take_character(alphabet, at_octets, len, &at), one);
		if (n > cap - used)
			return FG_E_SPACE;
		for (size_t i = 0; i < n; i++)
			text[used + i] = one[i];
	}
	*out_len_out = used;
	return FG_OK;
}

enum fg_rc fg_alphabet_decode_part(enum fg_alphabet alphabet, const void *octets, size_t len,
				   void *out, size_t cap, size_t *out_len_out)
{
	const uint8_t *units = octets;
	uint8_t *text = out;
	enum fg_rc rc = fg_alphabet_decode(alphabet, octets, len, out, cap, out_len_out);

	if (rc != FG_OK || alphabet != FG_ALPHABET_UCS2 || len < UNIT_BYTES)
		return rc;
	/* U+FFFD stands there, which is as long */
	if ((unit_at(units) & 0xFC00) == 0xDC00)
		fg_utf8_put_half(unit_at(units), text);
	if (len % UNIT_BYTES == 0 && (unit_at(units + len - UNIT_BYTES) & 0xFC00) == 0xD800)
		fg_utf8_put_half(unit_at(units + len - UNIT_BYTES),
				 text + *out_len_out - FG_UTF8_HALF_LEN);
	return rc;
}

/* ---- Planning ---- */

/* 3GPP TS 23.040, 9.2.3.24: 140 octets less the header, in septets or 16-bit units. The header has
 * a length octet, 5 or 6 octets for a part of several (9.2.3.24.1 and .8), and the national tables. */
static size_t room_in(enum fg_alphabet alphabet, enum fg_text_reference reference, bool whole)
{
	size_t elements = fg_alphabet_header_len(alphabet);
	size_t octets;

	if (!whole)
		elements += reference == FG_TEXT_REFERENCE_16BIT ? 6 : 5;
	octets = elements ? MESSAGE_OCTETS - 1 - elements : MESSAGE_OCTETS;
	return fg_alphabet_is_septets(alphabet) ? octets * 8 / 7 : octets / UNIT_BYTES;
}

/* Septets or UCS-2 units of one character. */
static size_t cost_of(enum fg_alphabet alphabet, uint32_t cp)
{
	uint8_t one[2];

	if (alphabet == FG_ALPHABET_GSM7)
		return gsm7_of(cp) > 0x7F ? 2 : 1;
	if (fg_alphabet_is_septets(alphabet))
		return put_septets(alphabet, cp, one);
	return cp >= 0x10000 ? 2 : 1;
}

/* Fill offset[] and parts for a text known to be valid, room units to a part. */
static enum fg_rc cut(const uint8_t *text, size_t len, size_t room, unsigned max_parts,
		      struct fg_text_plan *plan)
{
	size_t used = 0, cost;
	unsigned parts = 1;
	uint32_t cp = 0;

	plan->offset[0] = 0;
	for (size_t at = 0; at < len; at += fg_utf8_next(text + at, len - at, &cp)) {
		fg_utf8_next(text + at, len - at, &cp);
		cost = cost_of(plan->alphabet, cp);
		if (used + cost > room) {
			if (parts == max_parts)
				return FG_E_TEXT_LONG;
			plan->offset[parts++] = (uint32_t)at;
			used = 0;
		}
		used += cost;
	}
	plan->offset[parts] = (uint32_t)len;
	plan->parts = (uint8_t)parts;
	return FG_OK;
}

/* The alphabet of a text and its length there. What goes out in ASCII or Latin-1 becomes GSM
 * septets at the far side, so it is measured as such, and must be in both. */
static enum fg_rc measure(enum fg_alphabet usable, const uint8_t *text, size_t len,
			  enum fg_alphabet *alphabet_out, size_t *total_out)
{
	enum fg_rc rc = FG_E_TEXT_CODING;
	size_t octets;

	if (usable != FG_ALPHABET_UCS2)
		rc = walk(usable, text, len, NULL, SIZE_MAX, &octets);
	if (rc == FG_OK)
		rc = walk(FG_ALPHABET_GSM7, text, len, NULL, SIZE_MAX, total_out);
	*alphabet_out = FG_ALPHABET_GSM7;
	if (rc != FG_E_TEXT_CODING)
		return rc;
	*alphabet_out = FG_ALPHABET_UCS2;
	rc = walk(FG_ALPHABET_UCS2, text, len, NULL, SIZE_MAX, total_out);
	if (rc == FG_OK)
		*total_out /= UNIT_BYTES;
	return rc;
}

enum fg_rc fg_alphabet_plan(const void *text, size_t text_len, enum fg_text_reference reference,
			    unsigned max_parts, struct fg_text_plan *plan_out)
{
	return fg_alphabet_plan_for(FG_ALPHABET_GSM7, text, text_len, reference, max_parts,
				    plan_out);
}

/* Cut a text of total units, known to be valid in the alphabet. */
static enum fg_rc plan_in(enum fg_alphabet alphabet, size_t total, const void *text,
			  size_t text_len, enum fg_text_reference reference, unsigned max_parts,
			  struct fg_text_plan *plan)
{
	size_t room = room_in(alphabet, reference, true);

	/* Before any narrowing: 255 parts hold fewer than 2^16 units, of at most 4 bytes each. */
	if (total > UINT16_MAX)
		return FG_E_TEXT_LONG;
	plan->alphabet = alphabet;
	plan->total = (uint16_t)total;
	if (total > room)
		room = room_in(alphabet, reference, false);
	return cut(text, text_len, room, max_parts, plan);
}

enum fg_rc fg_alphabet_plan_for(enum fg_alphabet usable, const void *text, size_t text_len,
				enum fg_text_reference reference, unsigned max_parts,
				struct fg_text_plan *plan_out)
{
	enum fg_alphabet alphabet;
	struct fg_text_plan plan;
	size_t total = 0;
	enum fg_rc rc;

	if (max_parts == 0 || max_parts > FG_TEXT_PARTS_MAX)
		return FG_E_ARG;
	rc = measure(usable, text, text_len, &alphabet, &total);
	if (rc == FG_OK)
		rc = plan_in(alphabet, total, text, text_len, reference, max_parts, &plan);
	if (rc == FG_OK)
		*plan_out = plan;
	return rc;
}

/* ---- Planning with national tables ---- */

/* The text in the alphabet, if that takes fewer parts than best, which is kept else. */
static void try_alphabet(enum fg_alphabet alphabet, const void *text, size_t text_len,
			 enum fg_text_reference reference, struct fg_text_plan *best)
{
#ifndef FG_MUTANT_national_saves
	unsigned most = best->parts - 1u;
#else
	unsigned most = best->parts;
#endif
	struct fg_text_plan plan;
	size_t total;

	if (most > 0 && walk(alphabet, text, text_len, NULL, SIZE_MAX, &total) == FG_OK &&
	    plan_in(alphabet, total, text, text_len, reference, most, &plan) == FG_OK)
		*best = plan;
}

enum fg_rc fg_alphabet_plan_national(uint16_t languages, const void *text, size_t text_len,
				     enum fg_text_reference reference, unsigned max_parts,
				     struct fg_text_plan *plan_out)
{
	struct fg_text_plan plan;
	enum fg_rc rc = fg_alphabet_plan(text, text_len, reference,
					 languages ? FG_TEXT_PARTS_MAX : max_parts, &plan);

	if (max_parts == 0 || max_parts > FG_TEXT_PARTS_MAX)
		return FG_E_ARG;
	if (rc != FG_OK)
		return rc;
	/* One table before two: the header of the latter is longer. */
	for (unsigned tables = 1; tables <= 3 && plan.alphabet != FG_ALPHABET_GSM7; tables++)
		for (unsigned i = 1; i < FG_LANGUAGE_COUNT; i++)
			if (languages >> i & 1)
				try_alphabet(fg_alphabet_national(tables & 2 ? i : 0,
								  tables & 1 ? i : 0),
					     text, text_len, reference, &plan);
	if (plan.parts > max_parts)
		return FG_E_TEXT_LONG;
	*plan_out = plan;
	return FG_OK;
}
