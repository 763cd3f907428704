/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/smsc/center.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include "lib/wire/alphabet.h"
#include "lib/wire/smpp_tlv.h"
#include "lib/wire/udh.h"

void smsc_address(uint8_t ton, const struct fg_smpp_bytes *address, char out[static 23])
{
	snprintf(out, 23, "%s%.*s", ton == 1 ? "+" : "", (int)address->len,
		 address->len ? (const char *)address->at : "");
}

static enum fg_alphabet alphabet_of(uint8_t data_coding)
{
	switch (data_coding) {
	case 1:
		return FG_ALPHABET_ASCII;
	case 3:
		return FG_ALPHABET_LATIN1;
	case 8:
		return FG_ALPHABET_UCS2;
	default:
		return FG_ALPHABET_GSM7;
	}
}

/* With the national tables that a header names. */
static enum fg_alphabet alphabet_with(uint8_t data_coding, struct fg_smpp_bytes octets,
				      size_t udh_len)
{
	enum fg_alphabet alphabet = alphabet_of(data_coding);
	uint8_t locking, single;

	if (udh_len > 0 && fg_alphabet_is_septets(alphabet) &&
	    fg_udh_national_find(octets.at, octets.len, &locking, &single) == FG_OK)
		return fg_alphabet_national(locking, single);
	return alphabet;
}

static void tlvs_text(const struct fg_smpp_pdu *pdu, char *out, size_t cap)
{
	size_t at = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < pdu->tlvs.count; i++) {
		const struct fg_smpp_tlv *tlv = &pdu->tlvs.list[i];

		if (tlv->tag == FG_SMPP_TLV_MESSAGE_PAYLOAD || !tlv->at ||
		    at + 8u + 2u * tlv->len >= cap)
			continue;
		at += (size_t)snprintf(out + at, cap - at, "%s%04x=", at ? " " : "", tlv->tag);
		for (unsigned j = 0; j < tlv->len; j++)
			at += (size_t)snprintf(out + at, cap - at, "%02x", tlv->at[j]);
	}
}

static void show(struct smsc_center *center, const struct emu_whole *whole,
		 enum fg_alphabet alphabet, const struct fg_smpp_pdu *pdu, const char *id)
{
	struct fg_smsc_message message = { .id = id,
					   .source = whole->source,
					   .destination = whole->destination,
					   .parts = whole->parts,
					   .data_coding = pdu->sm.data_coding,
					   .esm_class = pdu->sm.esm_class,
					   .tlvs = whole->extra };
	char *text = talloc_zero_size(whole, 3 * whole->len + 1);

	if (!text || !whole->body)
		return;
	(void)fg_alphabet_decode(alphabet, whole->body, whole->len, text, 3 * whole->len,
				 &message.text_len);
	message.text = text;
	center->message(&message, center->arg);
}

void smsc_join(struct smsc_center *center, const struct fg_smpp_pdu *pdu, const char *id)
{
	struct fg_smpp_bytes octets = fg_smpp_message(pdu);
	char source[23], destination[23], tlvs[EMU_EXTRA_TEXT];
	struct emu_part part = { .source = source,
				 .destination = destination,
				 .concat = { .total = 1, .sequence = 1 },
				 .extra = tlvs };
	struct emu_whole *whole;
	size_t udh_len = 0;

	/* A header that is none is shown as text: a phone does the same. */
	if ((pdu->sm.esm_class & FG_SMPP_ESM_UDH) &&
	    fg_udh_concat_find(octets.at, octets.len, &part.concat, &udh_len) == FG_E_UDH)
		udh_len = 0;
	smsc_address(pdu->sm.source_addr_ton, &pdu->sm.source_addr, source);
	smsc_address(pdu->sm.dest_addr_ton, &pdu->sm.destination_addr, destination);
	tlvs_text(pdu, tlvs, sizeof(tlvs));
	part.coding = (uint8_t)alphabet_with(pdu->sm.data_coding, octets, udh_len);
	part.body = udh_len ? octets.at + udh_len : octets.at; /* NULL: no text at all */
	part.len = octets.len - udh_len;
	whole = emu_join(center->joiner, &part);
	if (whole)
		show(center, whole, (enum fg_alphabet)part.coding, pdu, id);
	talloc_free(whole);
}
