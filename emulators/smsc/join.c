/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/smsc/center.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include "lib/wire/alphabet.h"
#include "lib/wire/smpp_tlv.h"
#include "lib/wire/udh.h"

struct smsc_partial {
	struct smsc_partial *next;
	char source[23], destination[23];
	struct fg_udh_concat concat;
	char tlvs[SMSC_TLVS_TEXT];
	unsigned have;
	uint8_t *part[256]; /* UTF-8; talloc children */
	size_t len[256];
};

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

static bool same(const struct smsc_partial *partial, const char *source, const char *destination,
		 const struct fg_udh_concat *concat)
{
	return partial->concat.reference == concat->reference &&
	       partial->concat.wide == concat->wide && partial->concat.total == concat->total &&
	       strcmp(partial->source, source) == 0 &&
	       strcmp(partial->destination, destination) == 0;
}

static void unlink_partial(struct smsc_center *center, struct smsc_partial *partial)
{
	struct smsc_partial **at = &center->partials;

	while (*at != partial)
		at = &(*at)->next;
	*at = partial->next;
	center->partials_count--;
}

static struct smsc_partial *find_or_make(struct smsc_center *center, const char *source,
					 const char *destination,
					 const struct fg_udh_concat *concat)
{
	struct smsc_partial *partial = center->partials, *last = NULL;

	for (; partial; last = partial, partial = partial->next)
		if (same(partial, source, destination, concat))
			return partial;
	if (center->partials_count >= SMSC_PARTIAL_MAX) { /* the oldest is last */
		unlink_partial(center, last);
		talloc_free(last);
	}
	partial = talloc_zero(center, struct smsc_partial);
	if (!partial)
		return NULL;
	snprintf(partial->source, sizeof(partial->source), "%s", source);
	snprintf(partial->destination, sizeof(partial->destination), "%s", destination);
	partial->concat = *concat;
	partial->next = center->partials;
	center->partials = partial;
	center->partials_count++;
	return partial;
}

static void show(struct smsc_center *center, struct smsc_partial *partial,
		 const struct fg_smpp_pdu *pdu, const char *id)
{
	struct fg_smsc_message message = { .id = id,
					   .source = partial->source,
					   .destination = partial->destination,
					   .parts = partial->concat.total,
					   .data_coding = pdu->sm.data_coding,
					   .esm_class = pdu->sm.esm_class,
					   .tlvs = partial->tlvs };
	char *text;
	size_t len = 0;

	for (unsigned i = 1; i <= partial->concat.total; i++)
		len += partial->len[i];
	text = talloc_zero_size(partial, len + 1);
	if (!text)
		return;
	for (unsigned i = 1, at = 0; i <= partial->concat.total;
	     at += (unsigned)partial->len[i], i++)
		memcpy(text + at, partial->part[i], partial->len[i]);
	message.text = text;
	message.text_len = len;
	center->message(&message, center->arg);
}

void smsc_join(struct smsc_center *center, const struct fg_smpp_pdu *pdu, const char *id)
{
	struct fg_udh_concat concat = { .total = 1, .sequence = 1 };
	struct fg_smpp_bytes octets = fg_smpp_message(pdu);
	char source[23], destination[23];
	struct smsc_partial *partial;
	size_t udh_len = 0;
	uint8_t *text;

	/* A header that is none is shown as text: a phone does the same. */
	if ((pdu->sm.esm_class & FG_SMPP_ESM_UDH) &&
	    fg_udh_concat_find(octets.at, octets.len, &concat, &udh_len) == FG_E_UDH)
		udh_len = 0;
	smsc_address(pdu->sm.source_addr_ton, &pdu->sm.source_addr, source);
	smsc_address(pdu->sm.dest_addr_ton, &pdu->sm.destination_addr, destination);
	partial = find_or_make(center, source, destination, &concat);
	text = partial ? talloc_size(partial, 3 * octets.len + 1) : NULL;
	if (!text)
		return;
	if (partial->have == 0)
		tlvs_text(pdu, partial->tlvs, sizeof(partial->tlvs));
	if (!partial->part[concat.sequence])
		partial->have++;
	talloc_free(partial->part[concat.sequence]);
	partial->part[concat.sequence] = text;
	(void)fg_alphabet_decode(alphabet_with(pdu->sm.data_coding, octets, udh_len),
				 octets.at + udh_len, octets.len - udh_len, text, 3 * octets.len,
				 &partial->len[concat.sequence]);
	if (partial->have < concat.total)
		return;
	unlink_partial(center, partial);
	show(center, partial, pdu, id);
	talloc_free(partial);
}
