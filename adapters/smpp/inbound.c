/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages of phones: each part goes to the host by itself, and is acknowledged to the carrier when the host has stored it. Until then
 * the carrier keeps it; what nobody here takes is the carrier's to answer for.
 */
#include "adapters/smpp/session_internal.h"

#include <stdio.h>
#include <string.h>
#include "lib/base/log.h"
#include "lib/crypto/clear.h"
#include "lib/wire/smpp_text.h"

enum {
	ADDRESS_MAX = 32, /* SUBMIT in ipc.def */
	CLASS_NORMAL = 2, /* fg_submission.message_class */
};

/* Each of its octets becomes at most three of UTF-8. */
static uint8_t plain[3 * FG_SMPP_PDU_MAX];

/* As the carrier means it: international numbers with "+", all else as it stands. False: it does not fit. */
static bool copy_number(const struct fg_smpp_bytes *number, uint8_t ton,
			char out[static ADDRESS_MAX + 1])
{
	const char *at = (const char *)number->at;
	size_t len = number->len;
	bool plus = ton == 1;

	if (len > 2 && at[0] == '0' && at[1] == '0') {
		at += 2;
		len -= 2;
		plus = true;
	}
	if (len > 0 && at[0] == '+')
		plus = false;
	if (len + plus > ADDRESS_MAX)
		return false;
	snprintf(out, ADDRESS_MAX + 1, "%s%.*s", plus ? "+" : "", (int)len, len ? at : "");
	return true;
}

static bool read_numbers(const struct fg_smpp_pdu *pdu, char source[static ADDRESS_MAX + 1],
			 char destination[static ADDRESS_MAX + 1])
{
	if (pdu->command == FG_SMPP_DATA_SM)
		return copy_number(&pdu->data.source_addr, pdu->data.source_addr_ton, source) &&
		       copy_number(&pdu->data.destination_addr, pdu->data.dest_addr_ton,
				   destination);
	return copy_number(&pdu->sm.source_addr, pdu->sm.source_addr_ton, source) &&
	       copy_number(&pdu->sm.destination_addr, pdu->sm.dest_addr_ton, destination);
}

static enum fg_alphabet default_alphabet(const struct fg_conf_links *conf)
{
	if (strcmp(conf->alphabet, "ascii") == 0)
		return FG_ALPHABET_ASCII;
	return strcmp(conf->alphabet, "latin1") == 0 ? FG_ALPHABET_LATIN1 : FG_ALPHABET_GSM7;
}

static uint32_t status_of(enum fg_rc rc)
{
	switch (rc) {
	case FG_OK:
		return 0;
	case FG_E_LIMIT:
		return FG_SMPP_STATUS_RTHROTTLED;
	case FG_E_IPC_FULL:
	case FG_E_STORE_BUSY:
	case FG_E_STORE_FULL:
		return FG_SMPP_STATUS_RMSGQFUL;
	case FG_E_NOT_FOUND: /* nobody here has that number */
	case FG_E_HANDLE:
	case FG_E_TEXT_CODING:
		return FG_SMPP_STATUS_RX_P_APPN;
	default:
		return fg_rc_class(rc) == FG_CLASS_RETRY ? FG_SMPP_STATUS_RX_T_APPN
							 : FG_SMPP_STATUS_RX_R_APPN;
	}
}

static enum fg_rc give(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
		       uint64_t token)
{
	char source[ADDRESS_MAX + 1], destination[ADDRESS_MAX + 1];
	struct fg_submission message = { .token = token,
					 .kind = FG_SUBMIT_INBOUND,
					 .account = "",
					 .source = source,
					 .destination = destination,
					 .message_class = CLASS_NORMAL };
	struct fg_smpp_user_text text;
	size_t len = 0;
	enum fg_rc rc = fg_smpp_user_text(pdu, default_alphabet(session->account->conf), &text);

	if (rc == FG_OK && !read_numbers(pdu, source, destination))
		rc = FG_E_HANDLE;
	if (rc == FG_OK)
		rc = (text.concat_total > 1 ? fg_alphabet_decode_part : fg_alphabet_decode)(
			text.alphabet, text.octets.at, text.octets.len, plain, sizeof(plain), &len);
	if (rc == FG_OK && len > FG_SMPP_TEXT_MAX)
		rc = FG_E_TEXT_LONG;
	if (rc == FG_OK) {
		message.flags = (text.flash ? FG_SUBMIT_FLASH : 0) |
				(text.concat_narrow ? FG_SUBMIT_NARROW : 0);
		message.concat_ref = text.concat_ref;
		message.concat_total = text.concat_total;
		message.concat_part = text.concat_part;
		message.text = FG_BYTES(plain, len);
		rc = fg_host_submit(session->account->host, &message);
	}
	fg_wipe(plain, len);
	return rc;
}

void inbound_take(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu)
{
	struct pending_report *pending = report_new(session);
	enum fg_rc rc = FG_E_IPC_FULL;

	if (pending) {
		pending->sequence = pdu->sequence;
		pending->command = pdu->command;
		pending->inbound = true;
		pending->hold_until_ms = 0;
		rc = give(session, pdu, pending->report.token);
		if (rc != FG_OK)
			report_drop(session, pending);
	}
	if (rc != FG_OK)
		report_refuse(session, pdu->command, pdu->sequence, status_of(rc), fg_rc_text(rc));
}

void inbound_taken(struct fg_smpp_session *session, uint64_t token, enum fg_rc rc)
{
	struct pending_report *pending = &session->reports[token & (SMPP_PENDING_MAX - 1)];
	uint32_t command = pending->command, sequence = pending->sequence;

	if (pending->report.token != token || !pending->inbound)
		return;
	report_drop(session, pending);
	if (rc == FG_OK)
		session_answer(session, command | FG_SMPP_RESPONSE, sequence, 0);
	else
		report_refuse(session, command, sequence, status_of(rc),
			      rc == FG_E_NOT_FOUND ? "nobody here has that number"
						   : fg_rc_text(rc));
	account_check_drained(session->account, session->heard_ms);
}
