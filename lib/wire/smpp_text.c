/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/smpp_text.h"

#include <string.h>
#include "lib/wire/smpp_tlv.h"
#include "lib/wire/udh.h"

/* SMPP v3.4, 5.2.19, and what SMSCs pass on of 3GPP TS 23.038, 4: 0x1x general, with a class; 0xFx data coding and class. */
static enum fg_rc coding_of(uint8_t data_coding, enum fg_alphabet default_alphabet,
			    struct fg_smpp_user_text *text)
{
	text->alphabet = default_alphabet;
	switch (data_coding) {
	case 0x00:
		return FG_OK;
	case 0x01:
		text->alphabet = FG_ALPHABET_ASCII;
		return FG_OK;
	case 0x03:
		text->alphabet = FG_ALPHABET_LATIN1;
		return FG_OK;
	case 0x08:
		text->alphabet = FG_ALPHABET_UCS2;
		return FG_OK;
	default:
		break;
	}
	text->flash = (data_coding & 3) == 0;
	if ((data_coding & 0xFC) == 0x10 || (data_coding & 0xFC) == 0xF0)
		text->alphabet = FG_ALPHABET_GSM7;
	else if ((data_coding & 0xFC) == 0x18)
		text->alphabet = FG_ALPHABET_UCS2;
	else
		return FG_E_TEXT_CODING;
	return FG_OK;
}

/* Septets only: in other alphabets a shift has no meaning (3GPP TS 23.040, 9.2.3.24.15). */
static void read_national(struct fg_smpp_user_text *text)
{
	uint8_t locking, single;

	if (fg_alphabet_is_septets(text->alphabet) &&
	    fg_udh_national_find(text->octets.at, text->octets.len, &locking, &single) == FG_OK)
		text->alphabet = fg_alphabet_national(locking, single);
}

static enum fg_rc skip_header(struct fg_smpp_user_text *text)
{
	struct fg_udh_concat concat;
	size_t len = 0;
	enum fg_rc rc = fg_udh_concat_find(text->octets.at, text->octets.len, &concat, &len);

	if (rc != FG_OK && rc != FG_E_NOT_FOUND)
		return rc;
	read_national(text);
	text->octets.at += len;
	text->octets.len -= len;
	if (rc == FG_OK && concat.total > 1) {
		text->concat_ref = concat.reference;
		text->concat_total = concat.total;
		text->concat_part = concat.sequence;
	}
	return FG_OK;
}

/* 5.3.2.22 to 24 */
static void read_sar(const struct fg_smpp_pdu *pdu, struct fg_smpp_user_text *text)
{
	uint32_t ref, total, part;

	if (!fg_smpp_tlv_number(pdu, FG_SMPP_TLV_SAR_MSG_REF_NUM, &ref) ||
	    !fg_smpp_tlv_number(pdu, FG_SMPP_TLV_SAR_TOTAL_SEGMENTS, &total) ||
	    !fg_smpp_tlv_number(pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, &part) || total < 2 ||
	    part < 1 || part > total)
		return;
	text->concat_ref = (uint16_t)ref;
	text->concat_total = (uint8_t)total;
	text->concat_part = (uint8_t)part;
}

enum fg_rc fg_smpp_user_text(const struct fg_smpp_pdu *pdu, enum fg_alphabet default_alphabet,
			     struct fg_smpp_user_text *text_out)
{
	bool data = pdu->command == FG_SMPP_DATA_SM;
	uint8_t esm_class = data ? pdu->data.esm_class : pdu->sm.esm_class;
	enum fg_rc rc;

	memset(text_out, 0, sizeof(*text_out));
	text_out->octets = fg_smpp_message(pdu);
	rc = coding_of(data ? pdu->data.data_coding : pdu->sm.data_coding, default_alphabet,
		       text_out);
	if (rc != FG_OK)
		return rc;
	if (esm_class & FG_SMPP_ESM_UDH)
		return skip_header(text_out);
	read_sar(pdu, text_out);
	return FG_OK;
}
