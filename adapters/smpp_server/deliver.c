/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What phones sent to an application's number: deliver_sm to one of its binds. Whoever loses its connection before it answered gets the message
 * again, as it does its receipts: for an application twice is better than never.
 */
#include "adapters/smpp_server/server.h"

#include <stdio.h>
#include <string.h>
#include "adapters/sdk.h"
#include "lib/crypto/clear.h"
#include "lib/wire/alphabet.h"
#include "lib/wire/smpp_status.h"

enum {
	SHORT_MAX = 254, /* 5.2.22 */
	TEXT_MAX = 2 * 16384,
	CODING_UCS2 = 8,
	CODING_CLASS_0 = 0x10, /* 3GPP TS 23.038, 4 */
};

/* A bind of the account with a free place, the next one of its ring; NULL: none is there now. */
static struct app_session *receiver_of(struct app_account *account)
{
	struct app_session *session = account->receivers;

	for (unsigned i = 0; session && i < account->receivers_count; i++) {
		account->receivers = session = session->next_receiver;
		if (session->state == APP_BOUND && app_tell_room(session))
			return session;
	}
	return NULL;
}

static struct app_account *account_of(struct app_server *server, const char *number)
{
	for (size_t i = 0; i < server->accounts_count; i++)
		if (server->accounts[i].served &&
		    fg_conf_list_has(server->accounts[i].conf->numbers, number, strlen(number)))
			return &server->accounts[i];
	return NULL;
}

static enum fg_rc send_message(struct app_session *session, const struct fg_job *job)
{
	static uint8_t octets[TEXT_MAX]; /* wiped before this returns */
	static const char words[] = "protection=none;bearer=sms;reason=relayed";
	enum fg_alphabet alphabet = (enum fg_alphabet)job->alphabet;
	uint16_t tag = (uint16_t)session->server->conf->protection_tlv;
	struct fg_smpp_pdu pdu;
	size_t len = 0;
	enum fg_rc rc = fg_alphabet_encode(alphabet, job->text->data, job->text->len, octets,
					   sizeof(octets), &len);

	if (rc != FG_OK)
		return rc;
	memset(&pdu, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	pdu.command = FG_SMPP_DELIVER_SM;
	pdu.sequence = session->sequence;
	app_address(job->source, &pdu.sm.source_addr_ton, &pdu.sm.source_addr_npi,
		    &pdu.sm.source_addr);
	app_address(job->destination, &pdu.sm.dest_addr_ton, &pdu.sm.dest_addr_npi,
		    &pdu.sm.destination_addr);
	pdu.sm.data_coding = alphabet == FG_ALPHABET_UCS2 ? CODING_UCS2 : 0;
	if (job->flags & FG_SUBMIT_FLASH)
		pdu.sm.data_coding |= CODING_CLASS_0;
	if (len <= SHORT_MAX)
		pdu.sm.short_message = (struct fg_smpp_bytes){ octets, len };
	else
		fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, octets, len);
	if (tag && app_session_takes_tlvs(session))
		fg_smpp_tlv_add(&pdu, tag, words, sizeof(words) - 1);
	app_session_send(session, &pdu);
	fg_wipe(octets, len);
	return FG_OK;
}

enum fg_rc app_deliver(struct app_server *server, const struct fg_job *job, uint64_t now_ms)
{
	struct app_account *account = account_of(server, job->destination);
	struct app_session *session = account ? receiver_of(account) : NULL;
	struct app_told *told;
	enum fg_rc rc = !account ? FG_E_LINK_RECIPIENT : session ? FG_OK : FG_E_LINK_DOWN;

	if (rc == FG_OK) {
		told = app_tell_place(session);
		rc = send_message(session, job);
	}
	if (rc == FG_OK) {
		*told = (struct app_told){ .used = true,
					   .leg = job->leg,
					   .sequence = session->sequence,
					   .message_id = job->message_id,
					   .due_ms = now_ms + APP_TELL_MS };
		session->telling++;
	}
	if (rc == FG_OK)
		fg_job_text_free(job->text);
	return rc;
}

/* Refused for good only by an answer that says so. */
static enum fg_outcome outcome_of(uint32_t status)
{
	const struct fg_smpp_status *known = fg_smpp_status_find(status);

	if (status == 0)
		return FG_OUTCOME_ACCEPTED;
	return known->class >= FG_SMPP_CLASS_PERMANENT_RECIPIENT &&
			       known->class <= FG_SMPP_CLASS_PERMANENT_BUG
		       ? FG_OUTCOME_FAILED
		       : FG_OUTCOME_DEFERRED;
}

void app_delivered(struct app_session *session, const struct app_told *told, bool answered,
		   uint32_t status)
{
	const struct fg_job job = { .message_id = told->message_id, .leg = told->leg, .parts = 1 };
	enum fg_outcome outcome = answered ? outcome_of(status) : FG_OUTCOME_DEFERRED;
	struct fg_job_outcome said;

	fg_job_outcome_whole(&job, outcome,
			     outcome == FG_OUTCOME_ACCEPTED ? FG_OK
			     : answered                     ? fg_smpp_status_find(status)->rc
							    : FG_E_LINK_DOWN,
			     outcome == FG_OUTCOME_ACCEPTED ? FG_PART_ACCEPTED
			     : answered                     ? FG_PART_FAILED
							    : FG_PART_NOT_SENT,
			     &said);
	said.carrier_code = status;
	fg_host_outcome(session->server->host, &said);
}
