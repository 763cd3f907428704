/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The languages that have shift tables of their own (3GPP TS 23.038, annex A), and those tables: national.def. How texts are written
 * with them is alphabet.h, how a message says so udh.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

/*! National Language Identifiers (3GPP TS 23.038, 6.2.1.2.4); 0 is none. */
enum {
	FG_LANGUAGE_TURKISH = 1,
	FG_LANGUAGE_SPANISH,
	FG_LANGUAGE_PORTUGUESE,
	FG_LANGUAGE_BENGALI,
	FG_LANGUAGE_GUJARATI,
	FG_LANGUAGE_HINDI,
	FG_LANGUAGE_KANNADA,
	FG_LANGUAGE_MALAYALAM,
	FG_LANGUAGE_ORIYA,
	FG_LANGUAGE_PUNJABI,
	FG_LANGUAGE_TAMIL,
	FG_LANGUAGE_TELUGU,
	FG_LANGUAGE_URDU,
	FG_LANGUAGE_COUNT
};

/*! [128] code points by septet, 0 where there is none; NULL: the language has no such table. */
const uint16_t *fg_national_locking(unsigned language);
const uint16_t *fg_national_single(unsigned language);

/*! "turkish" and so on; NULL for no language of the list above. */
const char *fg_national_name(unsigned language);

/*! Read names that are separated by commas, spaces around them allowed; "" is none.
 *  \param[out] languages_out  bit n: language n.
 *  \return FG_OK; FG_E_ARG for a word that is none of them. */
enum fg_rc fg_national_list(const char *text, uint16_t *languages_out);
