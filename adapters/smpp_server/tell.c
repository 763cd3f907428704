/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Receipts to an application: deliver_sm with the text form that clients expect and TLVs; how the message really went is in a TLV of ours,
 * in words (links.protection_tlv). The host hears exactly once what became of each.
 */
#include "adapters/smpp_server/server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "lib/wire/dlr.h"

static void date_of(uint64_t unix_ms, char out[static FG_DLR_DATE_MAX + 1])
{
	time_t t = (time_t)(unix_ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(out, FG_DLR_DATE_MAX + 1, "%02u%02u%02u%02u%02u", (unsigned)tm.tm_year % 100,
		 (unsigned)tm.tm_mon % 12 + 1, (unsigned)tm.tm_mday % 32, (unsigned)tm.tm_hour % 24,
		 (unsigned)tm.tm_min % 60);
}

static size_t write_text(const struct fg_app_receipt *r, const char *id, char *out, size_t cap)
{
	static const char *const words[] = {
		"SCHEDLD", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED",
		"UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "SKIPPED"
	};
	bool delivered = r->state == FG_DLR_DELIVERED;
	char submitted[FG_DLR_DATE_MAX + 1], done[FG_DLR_DATE_MAX + 1];
	int n;

	date_of(r->submit_ms, submitted);
	date_of(r->done_ms, done);
	n = snprintf(out, cap,
		     "id:%s sub:001 dlvrd:%s submit date:%s done date:%s stat:%s err:%03u text:",
		     id, delivered ? "001" : "000", submitted, done,
		     words[r->state < sizeof(words) / sizeof(words[0]) ? r->state : FG_DLR_UNKNOWN],
		     r->error % 1000u);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

static size_t write_words(const struct fg_app_receipt *r, char *out, size_t cap)
{
	int n = snprintf(out, cap, "protection=%s;bearer=%s;reason=%s;reason_number=%u;segments=%u",
			 app_word_of_protection(r->protection), app_word_of_bearer(r->bearer),
			 app_word_of_reason(r->reason), r->reason, r->segments);

	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

void app_address(const char *address, uint8_t *ton, uint8_t *npi, struct fg_smpp_bytes *out)
{
	bool plus = address[0] == '+';
	bool number = strspn(address + plus, "0123456789") == strlen(address + plus);

	*out = fg_smpp_text(address + plus);
	*ton = plus ? 1 : number ? 0 : 5; /* 3.4, 5.2.5: international, unknown, alphanumeric */
	*npi = plus ? 1 : 0;
}

/* What a PDU borrows until it is encoded. */
struct texts {
	char id[FG_ID_TEXT_LEN + 1], text[FG_DLR_TEXT_MAX], words[128];
	uint8_t network[3];
};

static void add_tlvs(const struct app_session *session, const struct fg_app_receipt *r,
		     struct texts *texts, struct fg_smpp_pdu *pdu)
{
	uint16_t tag = (uint16_t)session->server->conf->protection_tlv;

	texts->network[0] = 3; /* 5.3.2.31: GSM */
	texts->network[1] = (uint8_t)(r->error >> 8);
	texts->network[2] = (uint8_t)r->error;
	fg_smpp_tlv_add(pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, texts->id, sizeof(texts->id));
	fg_smpp_tlv_add_number(pdu, FG_SMPP_TLV_MESSAGE_STATE, r->state);
	fg_smpp_tlv_add(pdu, FG_SMPP_TLV_NETWORK_ERROR_CODE, texts->network,
			sizeof(texts->network));
	if (r->has_reference)
		fg_smpp_tlv_add_number(pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, r->reference);
	if (tag)
		fg_smpp_tlv_add(pdu, tag, texts->words,
				write_words(r, texts->words, sizeof(texts->words)));
}

struct app_told *app_tell_place(struct app_session *session)
{
	struct app_told *told;

	do
		told = &session->told[app_session_next(session) % APP_TELL_WINDOW];
	while (told->used);
	return told;
}

void app_tell(struct app_session *session, const struct fg_app_receipt *r, uint64_t now_ms)
{
	struct app_told *told = app_tell_place(session);
	struct texts texts;
	struct fg_smpp_pdu pdu;

	memset(&pdu, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	fg_id_text(&r->message_id, texts.id);
	pdu.command = FG_SMPP_DELIVER_SM;
	pdu.sequence = session->sequence;
	app_address(r->destination, &pdu.sm.source_addr_ton, &pdu.sm.source_addr_npi,
		    &pdu.sm.source_addr);
	app_address(r->source, &pdu.sm.dest_addr_ton, &pdu.sm.dest_addr_npi,
		    &pdu.sm.destination_addr);
	pdu.sm.esm_class = r->final ? FG_SMPP_ESM_RECEIPT : FG_SMPP_ESM_INTERMEDIATE;
	pdu.sm.short_message =
		(struct fg_smpp_bytes){ (const uint8_t *)texts.text,
					write_text(r, texts.id, texts.text, sizeof(texts.text)) };
	if (app_session_takes_tlvs(session))
		add_tlvs(session, r, &texts, &pdu);
	*told = (struct app_told){ .used = true,
				   .final = r->final,
				   .sequence = pdu.sequence,
				   .message_id = r->message_id,
				   .due_ms = now_ms + APP_TELL_MS };
	session->telling++;
	app_session_send(session, &pdu);
}

bool app_tell_room(const struct app_session *session)
{
	return session->telling < APP_TELL_MOST && app_session_backlog(session) < APP_OUTPUT_MAX;
}

/* Who is there and did not take it is asked again after a while, who has gone when it is back. */
static void settle(struct app_session *session, struct app_told *told, bool answered,
		   uint32_t status, enum fg_outcome otherwise)
{
	const struct app_told was = *told;

	told->used = false;
	session->telling--;
	if (was.leg)
		app_delivered(session, &was, answered, status);
	else
		fg_host_told(session->server->host, session->account->conf->name, &was.message_id,
			     was.final, answered && status == 0 ? FG_OUTCOME_ACCEPTED : otherwise);
}

void app_told(struct app_session *session, const struct fg_smpp_pdu *pdu)
{
	struct app_told *told =
		session->told ? &session->told[pdu->sequence % APP_TELL_WINDOW] : NULL;

	if (told && told->used && told->sequence == pdu->sequence)
		settle(session, told, pdu->command != FG_SMPP_GENERIC_NACK, pdu->status,
		       FG_OUTCOME_FAILED);
}

void app_tell_timeouts(struct app_session *session, uint64_t now_ms)
{
	for (unsigned i = 0; session->telling > 0 && i < APP_TELL_WINDOW; i++)
		if (session->told[i].used && now_ms >= session->told[i].due_ms)
			settle(session, &session->told[i], false, 0, FG_OUTCOME_FAILED);
}

void app_tell_abandon(struct app_session *session)
{
	for (unsigned i = 0; session->telling > 0 && i < APP_TELL_WINDOW; i++)
		if (session->told[i].used)
			settle(session, &session->told[i], false, 0, FG_OUTCOME_DEFERRED);
}
