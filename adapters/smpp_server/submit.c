/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * submit_sm and data_sm as submissions, query_sm, cancel_sm and replace_sm as questions. What is wrong is said with the status of its own;
 * what may be right later with "throttled" or "queue full".
 */
#include "adapters/smpp_server/server.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "lib/crypto/clear.h"
#include "lib/crypto/crypto.h"
#include "lib/wire/alphabet.h"
#include "lib/wire/smpp_status.h"
#include "lib/wire/udh.h"

enum { TEXT_MAX = 16384, ADDRESS_MAX = 32, DAY_S = 86400, VALIDITY_MAX_S = 7 * DAY_S };

/* Both PDUs as one. */
struct message {
	const struct fg_smpp_pdu *pdu;
	uint8_t source_ton, esm_class, data_coding, registered, protocol_id, priority;
	struct fg_smpp_bytes source, destination, schedule, validity, octets;
};

static void message_of(const struct fg_smpp_pdu *pdu, struct message *m)
{
	*m = (struct message){ .pdu = pdu, .octets = fg_smpp_message(pdu) };
	if (pdu->command == FG_SMPP_DATA_SM) {
		m->source_ton = pdu->data.source_addr_ton;
		m->source = pdu->data.source_addr;
		m->destination = pdu->data.destination_addr;
		m->esm_class = pdu->data.esm_class;
		m->data_coding = pdu->data.data_coding;
		m->registered = pdu->data.registered_delivery;
		return;
	}
	m->source_ton = pdu->sm.source_addr_ton;
	m->source = pdu->sm.source_addr;
	m->destination = pdu->sm.destination_addr;
	m->esm_class = pdu->sm.esm_class;
	m->data_coding = pdu->sm.data_coding;
	m->registered = pdu->sm.registered_delivery;
	m->protocol_id = pdu->sm.protocol_id;
	m->priority = pdu->sm.priority_flag;
	m->schedule = pdu->sm.schedule_delivery_time;
	m->validity = pdu->sm.validity_period;
}

/* ---- addresses ---- */

static bool write_source(const struct fg_conf_accounts *conf, const struct message *m,
			 char out[static ADDRESS_MAX + 1])
{
	bool plus = m->source_ton == 1 && m->source.len > 0 && m->source.at[0] != '+';

	if (m->source.len + plus > 20)
		return false;
	snprintf(out, ADDRESS_MAX + 1, "%s%.*s", plus ? "+" : "", (int)m->source.len,
		 m->source.len ? (const char *)m->source.at : "");
	if (!*out) {
		snprintf(out, ADDRESS_MAX + 1, "%s", conf->sender);
		return true;
	}
#ifndef FG_MUTANT_app_source
	return strcmp(out, conf->sender) == 0 ||
	       fg_conf_list_has(conf->sources, out, strlen(out)) ||
	       (plus && fg_conf_list_has(conf->sources, out + 1, strlen(out + 1)));
#else
	return true;
#endif
}

/* E.164 with "+": 7 to 15 digits, of any TON; 00 is the international prefix that people type. */
static bool write_destination(const struct message *m, char out[static ADDRESS_MAX + 1])
{
	const char *digits = (const char *)m->destination.at;
	size_t len = m->destination.len;

	if (len > 0 && digits[0] == '+')
		digits++, len--;
	else if (len > 2 && digits[0] == '0' && digits[1] == '0')
		digits += 2, len -= 2;
	if (len < 7 || len > 15 || digits[0] == '0')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isdigit((unsigned char)digits[i]))
			return false;
	snprintf(out, ADDRESS_MAX + 1, "+%.*s", (int)len, digits);
	return true;
}

/* ---- times (3.4, 7.1.1) ---- */

static bool two_digits(const char **at, unsigned most, unsigned *out)
{
	if (!isdigit((unsigned char)(*at)[0]) || !isdigit((unsigned char)(*at)[1]))
		return false;
	*out = (unsigned)((*at)[0] - '0') * 10 + (unsigned)((*at)[1] - '0');
	*at += 2;
	return *out <= most;
}

/* Days since 1970-01-01 of a date in the Gregorian calendar. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Seconds from now; false when it is no time. An absolute time that is over is 0 seconds. */
static bool read_time(const struct fg_smpp_bytes *text, uint64_t wall_ms, int64_t *seconds_out)
{
	unsigned f[6], tenth, quarters;
	const char *at = (const char *)text->at;
	int64_t absolute;

	*seconds_out = 0;
	if (text->len == 0)
		return true;
	if (text->len != 16)
		return false;
	for (int i = 0; i < 6; i++)
		if (!two_digits(&at, 99, &f[i]))
			return false;
	tenth = (unsigned char)*at++;
	if (!isdigit((int)tenth) || !two_digits(&at, 48, &quarters))
		return false;
	if (*at == 'R') {
		*seconds_out =
			((((int64_t)f[0] * 365 + f[1] * 30 + f[2]) * 24 + f[3]) * 60 + f[4]) * 60 +
			f[5];
		return true;
	}
	if ((*at != '+' && *at != '-') || f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > 31)
		return false;
	absolute = days_of(2000 + f[0], f[1], f[2]) * DAY_S + f[3] * 3600 + f[4] * 60 + f[5];
	absolute += (*at == '+' ? -1 : 1) * (int64_t)quarters * 900;
	*seconds_out = absolute - (int64_t)(wall_ms / 1000);
	if (*seconds_out < 0)
		*seconds_out = 0;
	return true;
}

/* ---- text ---- */

static uint32_t alphabet_of(uint8_t data_coding, enum fg_alphabet *out)
{
	switch (data_coding) {
	case 0x00: /* the SMSC's default alphabet: ours is GSM */
	case 0xF0: /* 3GPP TS 23.038: GSM, class 0 */
	case 0xF1:
	case 0x10:
		*out = FG_ALPHABET_GSM7;
		return 0;
	case 0x01:
		*out = FG_ALPHABET_ASCII;
		return 0;
	case 0x03:
		*out = FG_ALPHABET_LATIN1;
		return 0;
	case 0x08:
	case 0x18:
		*out = FG_ALPHABET_UCS2;
		return 0;
	default: /* binary: nobody could read it with a mark before it */
		return FG_SMPP_STATUS_RINVDCS;
	}
}

static uint32_t read_parts(const struct message *m, struct fg_submission *s, size_t *begin)
{
	struct fg_udh_concat concat;
	uint32_t ref = 0, total = 0, part = 0;
	enum fg_rc rc;

	if (m->esm_class & FG_SMPP_ESM_UDH) {
		rc = fg_udh_concat_find(m->octets.at, m->octets.len, &concat, begin);
		if (rc == FG_E_UDH)
			return FG_SMPP_STATUS_RINVMSGLEN;
		if (rc == FG_OK) {
			s->concat_ref = concat.reference;
			s->concat_total = concat.total;
			s->concat_part = concat.sequence;
		}
		return 0;
	}
	if (fg_smpp_tlv_number(m->pdu, FG_SMPP_TLV_SAR_MSG_REF_NUM, &ref) &&
	    fg_smpp_tlv_number(m->pdu, FG_SMPP_TLV_SAR_TOTAL_SEGMENTS, &total) &&
	    fg_smpp_tlv_number(m->pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, &part) && part >= 1 &&
	    part <= total) {
		s->concat_ref = (uint16_t)ref;
		s->concat_total = (uint8_t)total;
		s->concat_part = (uint8_t)part;
	}
	return 0;
}

static uint32_t read_text(const struct message *m, struct fg_submission *s,
			  uint8_t text[static TEXT_MAX])
{
	struct fg_smpp_bytes payload;
	enum fg_alphabet alphabet;
	size_t begin = 0, len;
	uint32_t status = alphabet_of(m->data_coding, &alphabet);
	uint8_t locking, single;

	if (status == 0 && m->pdu->command == FG_SMPP_SUBMIT_SM &&
	    m->pdu->sm.short_message.len > 0 &&
	    fg_smpp_tlv_bytes(m->pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, &payload))
		status = FG_SMPP_STATUS_RINVMSGLEN; /* 5.3.2.32: not both */
	if (status == 0)
		status = read_parts(m, s, &begin);
	if (status != 0)
		return status;
	if (begin > 0 && fg_alphabet_is_septets(alphabet) &&
	    fg_udh_national_find(m->octets.at, m->octets.len, &locking, &single) == FG_OK)
		alphabet = fg_alphabet_national(locking, single);
	if (m->octets.len == begin ||
	    fg_alphabet_decode(alphabet, m->octets.at + begin, m->octets.len - begin, text,
			       TEXT_MAX, &len) != FG_OK)
		return FG_SMPP_STATUS_RINVMSGLEN;
	s->text = FG_BYTES(text, len);
	if (m->data_coding == 0xF0 || m->data_coding == 0x10 || m->data_coding == 0x18)
		s->flags |= FG_SUBMIT_FLASH;
	if (m->priority > 0)
		s->flags |= FG_SUBMIT_PRIORITY;
	return 0;
}

/* ---- the whole ---- */

static bool take_token(struct app_account *account, uint64_t now_ms)
{
	double more =
		(double)(now_ms - account->refilled_ms) * (double)account->conf->rate / 1000.0;

	account->tokens += more;
	if (account->tokens > (double)account->conf->burst)
		account->tokens = (double)account->conf->burst;
	account->refilled_ms = now_ms;
#ifndef FG_MUTANT_app_rate
	if (account->tokens < 1.0)
		return false;
#endif
	account->tokens -= 1.0;
	return true;
}

uint32_t app_status_of(enum fg_rc rc)
{
	switch (rc) {
	case FG_OK:
		return 0;
	case FG_E_IPC_FULL:
	case FG_E_STORE_BUSY:
	case FG_E_STORE_FULL:
		return FG_SMPP_STATUS_RMSGQFUL;
	case FG_E_LIMIT:
		return FG_SMPP_STATUS_RTHROTTLED;
	case FG_E_NOT_FOUND:
		return FG_SMPP_STATUS_RINVMSGID;
	case FG_E_EXISTS:
		return APP_STATUS_DUPLICATE_KEY;
	case FG_E_SECURE_ONLY:
		return APP_STATUS_BELOW_FLOOR;
	case FG_E_TEXT_LONG:
	case FG_E_CONSENT_SEGMENTS:
		return FG_SMPP_STATUS_RINVMSGLEN;
	case FG_E_HANDLE:
		return FG_SMPP_STATUS_RINVDSTADR;
	default:
		return fg_rc_class(rc) == FG_CLASS_RETRY ? FG_SMPP_STATUS_RMSGQFUL
							 : FG_SMPP_STATUS_RSUBMITFAIL;
	}
}

static uint32_t read_message(struct app_session *session, const struct fg_smpp_pdu *pdu,
			     struct fg_submission *s, char source[static ADDRESS_MAX + 1],
			     char destination[static ADDRESS_MAX + 1],
			     uint8_t text[static TEXT_MAX])
{
	const struct fg_conf_accounts *conf = session->account->conf;
	uint64_t wall_ms = fg_clock_wall_ms(fg_loop_clock(session->server->loop));
	struct message m;
	uint32_t reference;
	int64_t delay, validity;

	message_of(pdu, &m);
	if (!write_source(conf, &m, source))
		return FG_SMPP_STATUS_RINVSRCADR;
	if (!write_destination(&m, destination))
		return FG_SMPP_STATUS_RINVDSTADR;
	if (!read_time(&m.schedule, wall_ms, &delay) || delay > VALIDITY_MAX_S)
		return FG_SMPP_STATUS_RINVSCHED;
	if (!read_time(&m.validity, wall_ms, &validity) || (m.validity.len > 0 && validity == 0))
		return FG_SMPP_STATUS_RINVEXPIRY;
	*s = (struct fg_submission){
		.kind = FG_SUBMIT_APPLICATION,
		.account = conf->name,
		.source = source,
		.destination = destination,
		.message_class = session->account->message_class,
		.delay_s = (uint32_t)delay,
		.validity_s = (uint32_t)(validity < VALIDITY_MAX_S ? validity : VALIDITY_MAX_S),
		.registered = m.registered,
		.protocol_id = m.protocol_id
	};
	s->has_reference = fg_smpp_tlv_number(pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &reference);
	s->reference = s->has_reference ? (uint16_t)reference : 0;
	return read_text(&m, s, text);
}

uint32_t app_submit(struct app_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	static uint8_t text[TEXT_MAX]; /* wiped before this returns */
	char source[ADDRESS_MAX + 1], destination[ADDRESS_MAX + 1];
	struct fg_submission submission;
	uint32_t status;
	enum fg_rc rc;

	if (session->in_flight >= (unsigned)session->account->conf->window ||
	    !take_token(session->account, now_ms))
		return FG_SMPP_STATUS_RTHROTTLED;
	status = read_message(session, pdu, &submission, source, destination, text);
	if (status == 0) {
		submission.token = app_pending_new(session->server, session, pdu);
		if (!submission.token)
			status = FG_SMPP_STATUS_RMSGQFUL;
	}
	if (status == 0) {
		rc = fg_host_submit(session->server->host, &submission);
		status = app_status_of(rc);
		if (rc != FG_OK)
			app_pending_free(session->server,
					 app_pending_find(session->server, submission.token));
		fg_wipe(text, submission.text.len);
	}
	return status;
}

/* ---- questions ---- */

static bool read_id(const struct fg_smpp_bytes *text, struct fg_id *id_out)
{
	char copy[FG_ID_TEXT_LEN + 1];

	if (text->len != FG_ID_TEXT_LEN)
		return false;
	memcpy(copy, text->at, text->len);
	copy[text->len] = '\0';
	return fg_id_parse(copy, id_out) == FG_OK;
}

static void copy_address(char out[static ADDRESS_MAX + 1], const struct fg_smpp_bytes *text)
{
	snprintf(out, ADDRESS_MAX + 1, "%.*s", (int)text->len,
		 text->len ? (const char *)text->at : "");
}

static uint32_t read_question(const struct fg_smpp_pdu *pdu, struct fg_app_question *q,
			      char source[static ADDRESS_MAX + 1],
			      char destination[static ADDRESS_MAX + 1])
{
	struct message m = { .destination = pdu->cancel.destination_addr };

	*destination = '\0';
	if (pdu->command == FG_SMPP_QUERY_SM) {
		q->what = FG_ASK_QUERY;
		copy_address(source, &pdu->query.source_addr);
		return read_id(&pdu->query.message_id, &q->message_id) ? 0
								       : FG_SMPP_STATUS_RINVMSGID;
	}
	if (pdu->command == FG_SMPP_REPLACE_SM) {
		q->what = FG_ASK_REPLACE;
		copy_address(source, &pdu->replace.source_addr);
		q->registered = pdu->replace.registered_delivery;
		return read_id(&pdu->replace.message_id, &q->message_id) ? 0
									 : FG_SMPP_STATUS_RINVMSGID;
	}
	q->what = FG_ASK_CANCEL;
	copy_address(source, &pdu->cancel.source_addr);
	if (pdu->cancel.message_id.len > 0)
		return read_id(&pdu->cancel.message_id, &q->message_id) ? 0
									: FG_SMPP_STATUS_RINVMSGID;
	return write_destination(&m, destination) ? 0 : FG_SMPP_STATUS_RINVDSTADR;
}

uint32_t app_ask(struct app_session *session, const struct fg_smpp_pdu *pdu)
{
	char source[ADDRESS_MAX + 1], destination[ADDRESS_MAX + 1];
	struct fg_app_question question = { .account = session->account->conf->name,
					    .source = source,
					    .destination = destination };
	static uint8_t text[3 * FG_SMPP_MESSAGE_MAX];
	uint32_t status = read_question(pdu, &question, source, destination);
	size_t len = 0;
	enum fg_rc rc;

	if (status == 0 && question.what == FG_ASK_REPLACE &&
	    fg_alphabet_decode(FG_ALPHABET_GSM7, pdu->replace.short_message.at,
			       pdu->replace.short_message.len, text, sizeof(text), &len) != FG_OK)
		status = FG_SMPP_STATUS_RINVMSGLEN;
	if (status != 0)
		return status;
	question.text = FG_BYTES(text, len);
	question.token = app_pending_new(session->server, session, pdu);
	if (!question.token)
		return FG_SMPP_STATUS_RMSGQFUL;
	rc = fg_host_ask(session->server->host, &question);
	fg_wipe(text, len);
	if (rc != FG_OK)
		app_pending_free(session->server,
				 app_pending_find(session->server, question.token));
	return app_status_of(rc);
}
