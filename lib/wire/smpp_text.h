/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text of a submit_sm, submit_multi, deliver_sm or data_sm: in which alphabet it is written, where it begins behind its header, and of which long
 * message it is a part, whether a header or SAR TLVs say so.
 */
#pragma once

#include "lib/wire/alphabet.h"
#include "lib/wire/smpp.h"

struct fg_smpp_user_text {
	enum fg_alphabet alphabet;   /*!< with the national tables that the header names */
	bool flash;                  /*!< 3GPP TS 23.038, 4: message class 0, shown at once */
	struct fg_smpp_bytes octets; /*!< without header; borrowed from the PDU */
	uint16_t concat_ref;
	bool concat_narrow;                /*!< a reference of 8 bits; of SAR TLVs it has 16 */
	uint8_t concat_total, concat_part; /*!< 0: it is whole; part from 1 */
	bool sar_wrong;                    /*!< SAR TLVs that say no part are there: ignored */
};

/*! default_alphabet: what data_coding 0 means on this connection.
 *  \return FG_OK; FG_E_TEXT_CODING when it is no text (binary, compressed, reserved); FG_E_UDH when its header is broken, or names a port: then it is for a program. O(len). */
enum fg_rc fg_smpp_user_text(const struct fg_smpp_pdu *pdu, enum fg_alphabet default_alphabet,
			     struct fg_smpp_user_text *text_out);
