/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The user data header in front of a short message (3GPP TS 23.040, 9.2.3.24): walking its
 * information elements, and the one that says "part 2 of 3". Joining parts is the business of
 * whoever has the memory for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/cursor.h"
#include "lib/base/error.h"

#define FG_UDH_MAX 14 /* octets that fg_udh_write() writes at most, the length octet included */
#define FG_UDH_CONCAT_MAX                                                                          \
	7 /* octets that fg_udh_concat_write() writes at most, the length octet included */

/*! One information element; data points into the buffer that was walked. */
struct fg_udh_ie {
	uint8_t id;
	uint8_t len;
	const uint8_t *data;
};

struct fg_udh_concat {
	uint16_t reference; /*!< equal in all parts of a message; any value, 0 too */
	bool wide; /*!< a 16-bit reference; a message with an 8-bit one of the same value is another
		      message */
	uint8_t total;    /*!< 1..255 */
	uint8_t sequence; /*!< 1..total */
};

/*! Begin to walk the header at the start of user data.
 *  \param[out] ies_out      gives the elements to fg_udh_next(); borrows ud.
 *  \param[out] udh_len_out  octets of the whole header, its length octet included: where the text
 * begins. \return FG_OK; FG_E_UDH when the header does not fit into len. */
enum fg_rc fg_udh_begin(const void *ud, size_t len, struct fg_cursor *ies_out, size_t *udh_len_out);

/*! The next element. \return FG_OK; FG_E_NOT_FOUND after the last; FG_E_UDH when one does not fit
 * into the header. */
enum fg_rc fg_udh_next(struct fg_cursor *ies, struct fg_udh_ie *ie_out);

/*! Find the concatenation element in the header at the start of user data. One of a wrong length,
 * with total 0, sequence 0 or sequence above total is ignored, as 9.2.3.24.1 and .8 demand; of
 * several the last counts (9.2.3.24). \param[out] udh_len_out  also set when FG_E_NOT_FOUND is
 * returned. \return FG_OK; FG_E_NOT_FOUND when the message is not a part of another; FG_E_UDH when
 * the header is broken. O(len). */
enum fg_rc fg_udh_concat_find(const void *ud, size_t len, struct fg_udh_concat *concat_out,
			      size_t *udh_len_out);

/*! Write a header with just a concatenation element: 05 00 03 rr tt ss, or 06 08 04 rr rr tt ss
 * when wide. \param[out] len_out  6 or 7. \return FG_OK; FG_E_ARG unless 1 <= sequence <= total,
 * and for a narrow reference above 255. */
enum fg_rc fg_udh_concat_write(const struct fg_udh_concat *concat,
			       uint8_t out[static FG_UDH_CONCAT_MAX], size_t *len_out);

/*! The national language tables that the header at the start of user data names: the languages of a
 * locking and of a single shift table, 0 for none (3GPP TS 23.040, 9.2.3.24.15 and .16; TS 23.038,
 * 6.2.1.2.4). Elements of a wrong length are ignored, of several of a kind the last counts. \return
 * FG_OK; FG_E_NOT_FOUND when it names none; FG_E_UDH when the header is broken. O(len). */
enum fg_rc fg_udh_national_find(const void *ud, size_t len, uint8_t *locking_out,
				uint8_t *single_out);

/*! Write a header: a concatenation element unless concat is NULL, then a locking and a single shift
 * of a language unless 0. Nothing of all that: no octet is written, and there is no header. \return
 * FG_OK; FG_E_ARG as fg_udh_concat_write(). */
enum fg_rc fg_udh_write(const struct fg_udh_concat *concat, uint8_t locking, uint8_t single,
			uint8_t out[static FG_UDH_MAX], size_t *len_out);
