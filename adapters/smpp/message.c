/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A job as submit_sm: addresses, times, text in the link's alphabet, and the way of the link to say
 * that parts belong together: a user data header (16-bit or 8-bit reference), SAR parameters, or
 * the whole text in message_payload. Never two of these at once (SMPP v3.4, 5.3.2.32).
 */
#include "adapters/smpp/session_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/base/log.h"
#include "lib/crypto/clear.h"
#include "lib/wire/alphabet.h"
#include "lib/wire/udh.h"

enum {
	MESSAGE_OCTETS = 140, /* 3GPP TS 23.040, 9.2.3.16; 160 septets */
	DATA_CODING_DEFAULT = 0,
	DATA_CODING_UCS2 = 8,
	DATA_CODING_CLASS_0 = 0x10, /* 3GPP TS 23.038, 4: general, with a class */
	TON_INTERNATIONAL = 1,      /* 3.4, 5.2.5 */
	TON_NETWORK_SPECIFIC = 3,
	TON_ALPHANUMERIC = 5,
	NPI_ISDN = 1,          /* 5.2.6 */
	SHORT_CODE_DIGITS = 8, /* ours: longer numbers are international */
};

void message_address(const char *address, bool source, uint8_t *ton, uint8_t *npi,
		     struct fg_smpp_bytes *out)
{
	bool plus = address[0] == '+';
	const char *digits = address + plus;
	size_t len = strlen(digits);

	*out = fg_smpp_text(digits);
	*ton = TON_INTERNATIONAL;
	*npi = NPI_ISDN;
	if (!source || plus)
		return;
	if (strspn(digits, "0123456789") != len) {
		*ton = TON_ALPHANUMERIC;
		*npi = 0;
	} else if (len <= SHORT_CODE_DIGITS) {
		*ton = TON_NETWORK_SPECIFIC;
		*npi = 0;
	}
	if (len == 0)
		*ton = *npi = 0; /* the peer's default for this account */
}

/* Relative time of 3.4, 7.1.1: YYMMDDhhmmss000R. */
static void validity_write(uint32_t seconds, char out[static 17])
{
	unsigned days = seconds / 86400;

	snprintf(out, 17, "%02u%02u%02u%02u%02u%02u000R", days / 365 % 100, days % 365 / 30,
		 days % 365 % 30, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

static enum fg_alphabet alphabet_for(const struct fg_smpp_account *account,
				     const struct fg_job *job)
{
	const char *alphabet = account->conf->alphabet;

	if (job->alphabet == FG_ALPHABET_UCS2 || strcmp(alphabet, "ucs2") == 0)
		return FG_ALPHABET_UCS2;
	if (fg_alphabet_header_len((enum fg_alphabet)job->alphabet) > 0)
		return (enum fg_alphabet)job->alphabet;
	if (strcmp(alphabet, "ascii") == 0)
		return FG_ALPHABET_ASCII;
	return strcmp(alphabet, "latin1") == 0 ? FG_ALPHABET_LATIN1 : FG_ALPHABET_GSM7;
}

static bool long_is(const struct fg_smpp_account *account, const char *way)
{
	return strcmp(account->conf->long_text, way) == 0;
}

/* Octets of the text that one short message may have beside a header of so many octets: GSM septets
 * go unpacked, one to an octet, and are packed by the peer. */
static size_t room_beside(enum fg_alphabet alphabet, size_t udh_len)
{
	return alphabet == FG_ALPHABET_UCS2 ? MESSAGE_OCTETS - udh_len
					    : (MESSAGE_OCTETS - udh_len) * 8 / 7;
}

struct message {
	uint8_t octets[2 * FG_SMPP_TEXT_MAX];
	size_t len, udh_len;
	uint8_t data_coding;
};

/* What stands before the text: which part it is, and national tables. */
static enum fg_rc header_write(const struct fg_smpp_account *account, const struct fg_job *job,
			       unsigned part, enum fg_alphabet alphabet, struct message *out)
{
	struct fg_udh_concat concat = { .reference = job->concat_ref,
					.wide = !long_is(account, "udh8"),
					.total = job->parts,
					.sequence = (uint8_t)(part + 1) };
	bool joined = job->parts > 1 && !long_is(account, "sar");

	if (!concat.wide)
		concat.reference &= 0xFF;
	return fg_udh_write(joined ? &concat : NULL, (uint8_t)fg_alphabet_locking(alphabet),
			    (uint8_t)fg_alphabet_single(alphabet), out->octets, &out->udh_len);
}

/* User data of one part: a header if it needs one, then the text. */
static enum fg_rc message_write(const struct fg_smpp_account *account, const struct fg_job *job,
				unsigned part, uint32_t begin, uint32_t end, struct message *out)
{
	enum fg_alphabet alphabet = alphabet_for(account, job);
	size_t text_len = 0, cap;
	enum fg_rc rc = header_write(account, job, part, alphabet, out);

	if (rc == FG_OK) {
		cap = job->parts == 1 && long_is(account, "payload")
			      ? sizeof(out->octets) - out->udh_len
			      : room_beside(alphabet, out->udh_len);
		rc = fg_alphabet_encode(alphabet, job->text->data + begin, end - begin,
					out->octets + out->udh_len, cap, &text_len);
	}
	out->len = out->udh_len + text_len;
	out->data_coding = alphabet == FG_ALPHABET_UCS2 ? DATA_CODING_UCS2 : DATA_CODING_DEFAULT;
	/* Of the default alphabet of a link that is not GSM nobody can say that it is shown at once. */
	if (job->flags & FG_SUBMIT_FLASH &&
	    (alphabet == FG_ALPHABET_UCS2 || fg_alphabet_is_septets(alphabet)))
		out->data_coding |= DATA_CODING_CLASS_0;
	return rc;
}

static void message_wipe(struct message *message)
{
	explicit_bzero(message->octets, message->len);
}

enum fg_rc message_check(const struct fg_smpp_account *account, const struct fg_job *job)
{
	struct message message;
	enum fg_rc rc = FG_OK;

	if (job->parts == 0 || strlen(job->destination) < 2 || strlen(job->destination) > 20 ||
	    strlen(job->source) > 20 || job->text->len > FG_SMPP_TEXT_MAX)
		return FG_E_ARG;
	for (unsigned i = 0; i < job->parts && rc == FG_OK; i++) {
		size_t end = i + 1 < job->parts ? job->offsets[i + 1] : job->text->len;

		rc = message_write(account, job, i, job->offsets[i], (uint32_t)end, &message);
		message_wipe(&message);
	}
	return rc == FG_E_SPACE ? FG_E_ARG : rc;
}

/* What the link and the peer have of optional parameters. */
static void tlvs_add(struct fg_smpp_session *session, const struct fg_job *job,
		     struct in_flight *slot, struct fg_smpp_pdu *pdu)
{
	const struct fg_smpp_account *account = session->account;

	if (job->parts > 1 && long_is(account, "sar")) {
		fg_smpp_tlv_add_number(pdu, FG_SMPP_TLV_SAR_MSG_REF_NUM, job->concat_ref);
		fg_smpp_tlv_add_number(pdu, FG_SMPP_TLV_SAR_TOTAL_SEGMENTS, job->parts);
		fg_smpp_tlv_add_number(pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, slot->part + 1u);
	}
	if (session->no_tlvs)
		return;
	fg_smpp_tlv_add_number(pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, job->message_reference);
	slot->with_mark = account->conf->mark_tlv > 0 && !account->mark_refused;
	if (slot->with_mark)
		fg_smpp_tlv_add(pdu, (uint16_t)account->conf->mark_tlv, "unprotected",
				strlen("unprotected"));
}

const char *message_source(const struct fg_smpp_account *account, const struct fg_job *job)
{
	return job->source[0] ? job->source : account->conf->source_address;
}

void message_send(struct fg_smpp_session *session, struct in_flight *slot)
{
	const struct fg_smpp_account *account = session->account;
	const struct fg_job *job = &slot->job->job;
	const struct smpp_part *parts = slot->job->parts;
	const char *source = message_source(account, job);
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM, .sequence = slot->sequence };
	size_t end = slot->part + 1u < job->parts ? parts[slot->part + 1].offset : job->text->len;
	struct message message;
	char validity[17];

	if (message_write(account, job, slot->part, parts[slot->part].offset, (uint32_t)end,
			  &message) != FG_OK)
		FG_BUG("part %u was checked and does not encode", slot->part);
	message_address(source, true, &pdu.sm.source_addr_ton, &pdu.sm.source_addr_npi,
			&pdu.sm.source_addr);
	message_address(job->destination, false, &pdu.sm.dest_addr_ton, &pdu.sm.dest_addr_npi,
			&pdu.sm.destination_addr);
	slot->with_mark = false;
	slot->with_validity = job->validity_s > 0 && !account->validity_refused;
	validity_write(job->validity_s, validity);
	pdu.sm.validity_period = fg_smpp_text(slot->with_validity ? validity : "");
	pdu.sm.esm_class = message.udh_len > 0 ? FG_SMPP_ESM_UDH : 0;
	pdu.sm.registered_delivery = 1;
	pdu.sm.data_coding = message.data_coding;
	pdu.sm.priority_flag =
		(job->flags & FG_SUBMIT_PRIORITY ? 1 : 0) | (job->flags & FG_SUBMIT_URGENT ? 2 : 0);
	pdu.sm.protocol_id = job->protocol_id;
	if (message.len - message.udh_len <=
	    room_beside(alphabet_for(account, job), message.udh_len))
		pdu.sm.short_message = (struct fg_smpp_bytes){ message.octets, message.len };
	else
		fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, message.octets, message.len);
	tlvs_add(session, job, slot, &pdu);
	session_send_pdu(session, &pdu);
	message_wipe(&message);
}
