/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Short-message alphabets: which one a text needs, how it is cut into parts, and the octets of each
 * part, both ways.
 *
 * GSM septets are unpacked here, one to an octet, as SMPP carries them; packing belongs to the
 * TPDU. The default alphabet and its extension are the data file gsm7.def, those of national
 * languages national.def. A mark is part of the text: put it there before planning. Nothing here keeps state;
 * text is borrowed for the call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

enum fg_alphabet {
	FG_ALPHABET_GSM7 =
		0x00, /*!< 3GPP TS 23.038, 6.2.1; a character of the extension table is an
			       escape and a septet */
	/* 0x01..0xDD: see fg_alphabet_national() */
	FG_ALPHABET_ASCII = 0xF1,  /*!< SMPP data_coding 1 */
	FG_ALPHABET_LATIN1 = 0xF2, /*!< ISO 8859-1, SMPP data_coding 3 */
	FG_ALPHABET_UCS2 =
		0xF3, /*!< UTF-16BE: 3GPP TS 23.038, 6.2.3, with surrogate pairs as phones
			       really do */
};

/*! GSM septets with the shift tables of national languages (national.h, 0: none): locking takes the
 * place of the default alphabet, single that of its extension (3GPP TS 23.038, 6.2.1.2). A language
 * without such a table counts as none, as 6.2.1.2.4 demands of reserved numbers. Both 0: GSM7. */
enum fg_alphabet fg_alphabet_national(unsigned locking, unsigned single);
/*! The languages of an alphabet; 0 for none, and for what are no septets. */
unsigned fg_alphabet_locking(enum fg_alphabet alphabet);
unsigned fg_alphabet_single(enum fg_alphabet alphabet);
/*! GSM septets, with or without national tables. */
bool fg_alphabet_is_septets(enum fg_alphabet alphabet);
/*! Octets that the header of a message needs to say so: 0, 3 or 6, without its length octet
 * (3GPP TS 23.040, 9.2.3.24.15 and .16). */
size_t fg_alphabet_header_len(enum fg_alphabet alphabet);

/*! Which concatenation header the parts of a longer text leave room for (3GPP TS 23.040, 9.2.3.24.1
 * and 9.2.3.24.8). */
enum fg_text_reference {
	FG_TEXT_REFERENCE_16BIT, /*!< 152 septets or 66 units a part: use this one */
	FG_TEXT_REFERENCE_8BIT, /*!< 153 septets or 67 units a part, for peers that know no other */
};

#define FG_TEXT_PARTS_MAX 255 /* 3GPP TS 23.040, 9.2.3.24.1: the number of parts is an octet */

struct fg_text_plan {
	enum fg_alphabet alphabet; /*!< GSM7 if the whole text fits, else UCS2, or one with national
				      tables */
	uint8_t parts;             /*!< 1..255; 1 means no concatenation header */
	uint16_t total; /*!< septets or UCS-2 units of the whole text, headers not counted */
	/*! Part i is the bytes offset[i] up to offset[i + 1] of the text; offset[parts] is its
	 * length. */
	uint32_t offset[FG_TEXT_PARTS_MAX + 1];
};

/*! Choose the alphabet of a text and cut it into parts, never inside a character, an escape pair or
 * a surrogate pair. \param[in]  text       UTF-8, text_len bytes, with its mark. \param[in]
 * max_parts  1..255. \return FG_OK; FG_E_UTF8; FG_E_TEXT_LONG beyond max_parts; FG_E_ARG for
 * max_parts outside its range. Pure; constant memory; O(text_len). An empty text is one empty part.
 */
enum fg_rc fg_alphabet_plan(const void *text, size_t text_len, enum fg_text_reference reference,
			    unsigned max_parts, struct fg_text_plan *plan_out);

/*! The same for a peer whose default coding is only usable for the alphabet usable: a text with
 * other characters is UCS2. With UCS2 every text is. The plan says GSM7 for what is written in
 * usable, since that is what it is measured in. */
enum fg_rc fg_alphabet_plan_for(enum fg_alphabet usable, const void *text, size_t text_len,
				enum fg_text_reference reference, unsigned max_parts,
				struct fg_text_plan *plan_out);

/*! As fg_alphabet_plan(), for a peer that passes on national tables: what would be UCS2 goes with
 * those of one of languages (bit n: language n of national.h) if that needs fewer parts; of several
 * ways that need as few, the one with the shortest header, then the lowest number. O(text_len), and as
 * often again for each of the languages. */
enum fg_rc fg_alphabet_plan_national(uint16_t languages, const void *text, size_t text_len,
				     enum fg_text_reference reference, unsigned max_parts,
				     struct fg_text_plan *plan_out);

/*! Write UTF-8 text in an alphabet. Septets need at most 2 octets, ASCII and LATIN1 1, UCS2 2 for
 * every byte of text. \param[out] out      cap octets, written only when all fits. \return FG_OK;
 * FG_E_UTF8; FG_E_TEXT_CODING when a character is not in the alphabet; FG_E_SPACE. O(len). */
enum fg_rc fg_alphabet_encode(enum fg_alphabet alphabet, const void *text, size_t len, void *out,
			      size_t cap, size_t *out_len_out);

/*! Read octets in an alphabet as UTF-8; 3 * len bytes always suffice. Never refuses what a phone
 * would show somehow: an octet outside the alphabet, a lone surrogate and an odd last octet of UCS2
 * become U+FFFD; an unknown escape shows the character of the default table; an escape that is last
 * or followed by another is a space (3GPP TS 23.038, 6.2.1 and 6.2.1.1). \return FG_OK or
 * FG_E_SPACE. O(len). */
enum fg_rc fg_alphabet_decode(enum fg_alphabet alphabet, const void *octets, size_t len, void *out,
			      size_t cap, size_t *out_len_out);

/*! The same for a part of a text that somebody else has cut: when the cut divided a character of UCS2, its half at the begin or the end of
 * the part stands in out as fg_utf8_put_half() writes it, so that fg_utf8_mend() finds both when parts are joined. */
enum fg_rc fg_alphabet_decode_part(enum fg_alphabet alphabet, const void *octets, size_t len,
				   void *out, size_t cap, size_t *out_len_out);

/*! Is text valid UTF-8 whose every character has a septet or an escape pair? O(len). */
bool fg_alphabet_fits_gsm7(const void *text, size_t len);

/*! Septets of text, an escape pair counting two. \return FG_OK; FG_E_UTF8; FG_E_TEXT_CODING when it
 * does not fit. O(len). */
enum fg_rc fg_alphabet_septets(const void *text, size_t len, size_t *septets_out);
