/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/smpp_text.h"

#include <string.h>
#include "lib/wire/smpp_tlv.h"
#include "lib/wire/udh.h"

enum { IE_PORT_8BIT = 0x04, IE_PORT_16BIT = 0x05 }; /* 3GPP TS 23.040, 9.2.3.24 */

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

/* 9.2.3.24.3 and .4: what is for a port is for a program, and no text. */
static bool is_for_port(const struct fg_smpp_bytes *octets)
{
	struct fg_cursor ies;
	struct fg_udh_ie ie;
	size_t len;

	if (fg_udh_begin(octets->at, octets->len, &ies, &len) != FG_OK)
		return false;
	while (fg_udh_next(&ies, &ie) == FG_OK)
		if (ie.id == IE_PORT_8BIT || ie.id == IE_PORT_16BIT)
			return true;
	return false;
}

static enum fg_rc skip_header(struct fg_smpp_user_text *text)
{
	struct fg_udh_concat concat;
	size_t len = 0;
	enum fg_rc rc =
		is_for_port(&text->octets)
			? FG_E_UDH
			: fg_udh_concat_find(text->octets.at, text->octets.len, &concat, &len);

	if (rc != FG_OK && rc != FG_E_NOT_FOUND)
		return rc;
	read_national(text);
	text->octets.at += len;
	text->octets.len -= len;
	if (rc == FG_OK && concat.total > 1) {
		text->concat_ref = concat.reference;
		text->concat_narrow = !concat.wide;
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
	    !fg_smpp_tlv_number(pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, &part))
		return;
	text->sar_wrong = part < 1 || part > total;
	if (total < 2 || text->sar_wrong)
		return;
	text->concat_ref = (uint16_t)ref;
	text->concat_narrow = false;
	text->concat_total = (uint8_t)total;
	text->concat_part = (uint8_t)part;
}

static void coding_fields(const struct fg_smpp_pdu *pdu, uint8_t *esm_class, uint8_t *data_coding)
{
	switch (pdu->command) {
	case FG_SMPP_DATA_SM:
		*esm_class = pdu->data.esm_class;
		*data_coding = pdu->data.data_coding;
		return;
	case FG_SMPP_SUBMIT_MULTI:
		*esm_class = pdu->multi.esm_class;
		*data_coding = pdu->multi.data_coding;
		return;
	default:
		*esm_class = pdu->sm.esm_class;
		*data_coding = pdu->sm.data_coding;
	}
}

enum fg_rc fg_smpp_user_text(const struct fg_smpp_pdu *pdu, enum fg_alphabet default_alphabet,
			     struct fg_smpp_user_text *text_out)
{
	uint8_t esm_class, data_coding;
	enum fg_rc rc;

	memset(text_out, 0, sizeof(*text_out));
	text_out->octets = fg_smpp_message(pdu);
	coding_fields(pdu, &esm_class, &data_coding);
	rc = coding_of(data_coding, default_alphabet, text_out);
	if (rc != FG_OK)
		return rc;
	if (esm_class & FG_SMPP_ESM_UDH)
		return skip_header(text_out);
	read_sar(pdu, text_out);
	return FG_OK;
}
