/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Delivery receipts of SMPP: what became of a message, out of TLVs or out of the text form that
 * nearly every SMSC writes and no two alike (SMPP v3.4, appendix B). The "text:" of a receipt
 * repeats the message, so it is never read further, nor returned. Finding the leg that a receipt
 * belongs to, and whether its id is hex or decimal, is the adapter's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

struct fg_smpp_pdu;

#define FG_DLR_ID_MAX   64 /* SMPP v3.4, 5.2.23: 65 with NUL */
#define FG_DLR_ERR_MAX  15 /* ours: three digits are usual, words exist */
#define FG_DLR_DATE_MAX 16
#define FG_DLR_TEXT_MAX 224 /* what fg_dlr_format() needs at most, with NUL */

/*! Values of message_state (SMPP v3.4, 5.2.28; 0 and 9 only in v5.0, 4.7.15). */
enum fg_dlr_state {
	FG_DLR_SCHEDULED = 0,
	FG_DLR_ENROUTE = 1,
	FG_DLR_DELIVERED = 2,
	FG_DLR_EXPIRED = 3,
	FG_DLR_DELETED = 4,
	FG_DLR_UNDELIVERABLE = 5,
	FG_DLR_ACCEPTED = 6,
	FG_DLR_UNKNOWN = 7, /*!< the SMSC itself does not know what became of it */
	FG_DLR_REJECTED = 8,
	FG_DLR_SKIPPED = 9,
	FG_DLR_OTHER = 255, /*!< a word or number that we do not know: not final */
};

struct fg_dlr {
	char id[FG_DLR_ID_MAX + 1]; /*!< printable ASCII, as the SMSC wrote it; "" when it gave
				       none, then has_umr is true */
	enum fg_dlr_state state;
	bool final; /*!< nothing more will come */
	char err[FG_DLR_ERR_MAX +
		 1]; /*!< the network's error, digits or a word; "" when not given */
	char submit_date[FG_DLR_DATE_MAX + 1]; /*!< 10, 12, 14 or 16 digits, YYMMDDhhmm or longer,
						  in the SMSC's own time; or "" */
	char done_date[FG_DLR_DATE_MAX + 1];
	bool has_umr;
	uint16_t umr; /*!< user_message_reference of the message */
};

/*! Is nothing more to come after this state? */
bool fg_dlr_state_final(enum fg_dlr_state state);

/*! Read a receipt out of a deliver_sm or data_sm: TLVs first, then the text form for what they
 * lack. An intermediate notification (esm_class 0x20) is never final. \return FG_OK; FG_E_NOT_FOUND
 * when esm_class says that this is an ordinary message; FG_E_RECEIPT_TEXT when neither form gives a
 * state and an id or user_message_reference. */
enum fg_rc fg_dlr_from_pdu(const struct fg_smpp_pdu *pdu, struct fg_dlr *dlr_out);

/*! Read the text form: keys in any order and case up to "text:", spaces after a colon, unknown
 * words between. Of a key that comes twice the first counts. An ill-formed date or err is left out.
 *  \return FG_OK; FG_E_RECEIPT_TEXT without id (1 to 64 printable characters) or stat. O(text_len).
 */
enum fg_rc fg_dlr_from_text(const void *text, size_t text_len, struct fg_dlr *dlr_out);

/*! Write the text form that clients expect, all fields, with an empty "text:" and NUL:
 *  id:ID sub:001 dlvrd:001 submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DELIVRD err:000 text:
 *  \param[in] dlr  id and both dates set, a state other than FG_DLR_OTHER; err "" is written as
 * 000. \return FG_OK; FG_E_ARG; FG_E_SPACE. FG_DLR_TEXT_MAX always suffices. */
enum fg_rc fg_dlr_format(const struct fg_dlr *dlr, char *out, size_t cap, size_t *len_out);
