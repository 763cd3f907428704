/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * submit_sm, data_sm and submit_multi as submissions. What is wrong is said with the status of its own; what may be right later with
 * "throttled" or "queue full"; and why, in a word, as additional_status_info_text.
 */
#include "adapters/smpp_server/server.h"

#include <string.h>
#include "adapters/smpp_server/fields.h"
#include "lib/wire/alphabet.h"
#include "lib/wire/smpp_status.h"
#include "lib/wire/smpp_text.h"

enum { TEXT_MAX = 16384, ESM_MODE = 0x03, ESM_FORWARD = 0x02, ESM_TYPE = 0x3C };

/* The three PDUs as one. */
struct message {
	const struct fg_smpp_pdu *pdu;
	uint8_t source_ton, esm_class, data_coding, registered, protocol_id, priority;
	uint8_t replace, predefined;
	struct fg_smpp_bytes source, schedule, validity, octets;
};

/* What the destinations of one PDU have in common. */
struct request {
	struct fg_submission submission;
	char source[APP_ADDRESS_MAX + 1], destination[APP_ADDRESS_MAX + 1];
};

#define COMMON(body)                                                                               \
	(struct message)                                                                           \
	{                                                                                          \
		.pdu = pdu, .source_ton = (body).source_addr_ton, .esm_class = (body).esm_class,   \
		.data_coding = (body).data_coding, .registered = (body).registered_delivery,       \
		.protocol_id = (body).protocol_id, .priority = (body).priority_flag,               \
		.replace = (body).replace_if_present_flag, .predefined = (body).sm_default_msg_id, \
		.source = (body).source_addr, .schedule = (body).schedule_delivery_time,           \
		.validity = (body).validity_period, .octets = (body).short_message                 \
	}

static struct message message_of(const struct fg_smpp_pdu *pdu)
{
	if (pdu->command == FG_SMPP_SUBMIT_SM)
		return COMMON(pdu->sm);
	if (pdu->command == FG_SMPP_SUBMIT_MULTI)
		return COMMON(pdu->multi);
	return (struct message){ .pdu = pdu,
				 .source_ton = pdu->data.source_addr_ton,
				 .source = pdu->data.source_addr,
				 .esm_class = pdu->data.esm_class,
				 .data_coding = pdu->data.data_coding,
				 .registered = pdu->data.registered_delivery };
}

/* ---- what may be said at all ---- */

static struct app_refusal check(const struct message *m)
{
	struct fg_smpp_bytes payload;

	if (m->pdu->tlvs.skipped > 0) /* what they said, a key perhaps, nobody knows */
		return APP_REFUSE(RINVOPTPARSTREAM, "tlvs");
	if ((m->esm_class & ESM_MODE) == ESM_FORWARD)
		return APP_REFUSE(RINVESMCLASS, "mode"); /* answers only when it was delivered */
	if (m->esm_class & ESM_TYPE)
		return APP_REFUSE(RINVESMCLASS, "type");
	if (m->replace)
		return APP_REFUSE(RINVREPFLAG,
				  "replace"); /* ignored it would be a second message */
	if (m->predefined)
		return APP_REFUSE(RINVDFTMSGID, "predefined");
	if (m->octets.len > 0 && fg_smpp_tlv_bytes(m->pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, &payload))
		return APP_REFUSE(RINVMSGLEN, "two-texts"); /* 5.3.2.32: not both */
	return APP_TAKE;
}

static bool read_source(const struct fg_conf_accounts *conf, const struct message *m,
			struct request *request)
{
	const char *source = request->source;

	if (!app_field_source(m->source_ton, &m->source, request->source))
		return false;
	if (!*source) {
		strcpy(request->source, conf->sender);
		return true;
	}
#ifndef FG_MUTANT_app_source
	return strcmp(source, conf->sender) == 0 ||
	       fg_conf_list_has(conf->sources, source, strlen(source)) ||
	       (*source == '+' && fg_conf_list_has(conf->sources, source + 1, strlen(source + 1)));
#else
	return true;
#endif
}

static struct app_refusal read_times(const struct message *m, uint64_t wall_ms,
				     struct fg_submission *s)
{
	int64_t delay, validity;
	uint32_t live_s;

	if (!app_field_time(&m->schedule, wall_ms, &delay) || delay > APP_TIME_MAX_S)
		return APP_REFUSE(RINVSCHED, "schedule");
	if (!app_field_time(&m->validity, wall_ms, &validity) ||
	    (m->validity.len > 0 && validity <= delay))
		return APP_REFUSE(RINVEXPIRY, "validity");
	if (m->validity.len == 0 &&
	    fg_smpp_tlv_number(m->pdu, FG_SMPP_TLV_QOS_TIME_TO_LIVE, &live_s))
		validity = live_s;
	s->delay_s = (uint32_t)delay;
	s->validity_s = (uint32_t)(validity < APP_TIME_MAX_S ? validity : APP_TIME_MAX_S);
	return APP_TAKE;
}

/* 3.4, 5.2.14: 0 to 3; more is as much as there is. */
static uint8_t priority_flags(uint8_t priority)
{
	uint8_t level = priority < 3 ? priority : 3;

	return (level & 1 ? FG_SUBMIT_PRIORITY : 0) | (level & 2 ? FG_SUBMIT_URGENT : 0);
}

/* For replace_sm, which names no coding. */
static uint8_t coding_flag(enum fg_alphabet alphabet)
{
	if (alphabet == FG_ALPHABET_UCS2)
		return FG_SUBMIT_UCS2;
	return alphabet == FG_ALPHABET_LATIN1 || alphabet == FG_ALPHABET_ASCII ? FG_SUBMIT_LATIN1
									       : 0;
}

/* The text is in the caller's buffer, to be wiped there. */
static struct app_refusal read_text(const struct message *m, struct fg_submission *s,
				    uint8_t text[static TEXT_MAX])
{
	struct fg_smpp_user_text read;
	enum fg_rc rc = fg_smpp_user_text(m->pdu, FG_ALPHABET_GSM7, &read);
	size_t len;

	if (rc == FG_E_TEXT_CODING) /* binary: nobody could read it with a mark before it */
		return APP_REFUSE(RINVDCS, "coding");
	if (rc != FG_OK || read.sar_wrong)
		return APP_REFUSE(RINVESMCLASS, "header");
	if (read.octets.len == 0 ||
	    (read.concat_total > 1 ? fg_alphabet_decode_part : fg_alphabet_decode)(
		    read.alphabet, read.octets.at, read.octets.len, text, TEXT_MAX, &len) != FG_OK)
		return APP_REFUSE(RINVMSGLEN, "length");
	s->text = FG_BYTES(text, len);
	s->concat_ref = read.concat_ref;
	s->concat_total = read.concat_total;
	s->concat_part = read.concat_part;
	s->flags |= coding_flag(read.alphabet);
	if (read.concat_narrow)
		s->flags |= FG_SUBMIT_NARROW;
	if (read.flash)
		s->flags |= FG_SUBMIT_FLASH;
	s->flags |= priority_flags(m->priority);
	return APP_TAKE;
}

static struct app_refusal read_more(const struct app_server *server, const struct message *m,
				    struct fg_submission *s)
{
	uint16_t tag = (uint16_t)server->conf->key_tlv;
	const struct fg_smpp_tlv *key = tag ? fg_smpp_tlv_find(m->pdu, tag) : NULL;
	uint32_t reference;

	if (key && (key->len == 0 || key->len > APP_KEY_MAX))
		return APP_REFUSE(RINVPARLEN, "key");
	if (key)
		s->key = FG_BYTES(key->at, key->len);
	s->has_reference =
		fg_smpp_tlv_number(m->pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &reference);
	s->reference = s->has_reference ? (uint16_t)reference : 0;
	return APP_TAKE;
}

static struct app_refusal read_request(struct app_session *session, const struct fg_smpp_pdu *pdu,
				       struct request *request, uint8_t text[static TEXT_MAX])
{
	const struct fg_conf_accounts *conf = session->account->conf;
	uint64_t wall_ms = fg_clock_wall_ms(fg_loop_clock(session->server->loop));
	struct fg_submission *s = &request->submission;
	struct message m = message_of(pdu);
	struct app_refusal refusal = check(&m);

	*s = (struct fg_submission){ .kind = FG_SUBMIT_APPLICATION,
				     .account = conf->name,
				     .source = request->source,
				     .destination = request->destination,
				     .message_class = session->account->message_class,
				     .registered = m.registered,
				     .protocol_id = m.protocol_id };
	if (refusal.status == 0 && !read_source(conf, &m, request))
		refusal = APP_REFUSE(RINVSRCADR, "sender");
	if (refusal.status == 0)
		refusal = read_times(&m, wall_ms, s);
	if (refusal.status == 0)
		refusal = read_more(session->server, &m, s);
	if (refusal.status == 0)
		refusal = read_text(&m, s, text);
	return refusal;
}

/* ---- limits ---- */

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

/* ---- to the host ---- */

/* *pending_out waits for the host, when nothing is refused. */
static struct app_refusal give(struct app_session *session, const struct fg_smpp_pdu *pdu,
			       struct request *request, struct app_pending **pending_out)
{
	struct app_server *server = session->server;
	struct app_refusal refusal;

	request->submission.token = app_pending_new(server, session, pdu);
	if (!request->submission.token)
		return APP_REFUSE(RMSGQFUL, "busy");
	*pending_out = app_pending_find(server, request->submission.token);
	refusal = app_refusal_of(fg_host_submit(server->host, &request->submission));
	if (refusal.status != 0)
		app_pending_free(server, *pending_out);
	return refusal;
}

/* A key of each destination: the same PDU again gives the same keys, and no two destinations share one. */
static void give_own_key(struct request *request, struct fg_bytes key, struct fg_hash *room)
{
	const struct fg_piece pieces[] = { { key.data, key.len },
					   { "\0", 1 },
					   { request->destination, strlen(request->destination) } };

	if (key.len == 0)
		return;
	*room = fg_sha256_pieces(pieces, sizeof(pieces) / sizeof(pieces[0]));
	request->submission.key = FG_BYTES(room->b, sizeof(room->b));
}

static void submit_many(struct app_session *session, const struct fg_smpp_pdu *pdu,
			struct request *request, uint64_t now_ms)
{
	struct app_multi *multi = app_multi_new(session->server, pdu);
	struct fg_bytes key = request->submission.key;
	struct fg_smpp_dest dest;
	size_t at = 0;

	if (!multi) {
		app_session_refuse(session, FG_SMPP_SUBMIT_MULTI_RESP, pdu->sequence,
				   APP_REFUSE(RMSGQFUL, "busy"));
		return;
	}
	for (uint8_t n = 0; fg_smpp_dest_next(&pdu->multi.dests, &at, &dest); n++) {
		struct app_refusal refusal = APP_TAKE;
		struct app_pending *pending = NULL;
		struct fg_hash own;

		if (dest.flag != 1) /* 4.5.1.2: we keep no lists */
			refusal = APP_REFUSE(RINVDLNAME, "");
		else if (n > 0 && !take_token(session->account, now_ms))
			refusal = APP_REFUSE(RTHROTTLED, "");
		else if (!app_field_destination(dest.ton, session->account->conf->country,
						&dest.address, request->destination))
			refusal = APP_REFUSE(RINVDSTADR, "");
		if (refusal.status == 0) {
			give_own_key(request, key, &own);
			refusal = give(session, pdu, request, &pending);
		}
		if (refusal.status != 0) {
			app_multi_not_taken(multi, n, refusal.status);
			continue;
		}
		pending->multi = multi;
		pending->dest = n;
		multi->left++;
	}
	app_multi_given(session, multi);
}

static bool read_destination(const struct app_session *session, const struct fg_smpp_pdu *pdu,
			     struct request *request)
{
	bool data = pdu->command == FG_SMPP_DATA_SM;

	return app_field_destination(data ? pdu->data.dest_addr_ton : pdu->sm.dest_addr_ton,
				     session->account->conf->country,
				     data ? &pdu->data.destination_addr : &pdu->sm.destination_addr,
				     request->destination);
}

static struct app_refusal submit(struct app_session *session, const struct fg_smpp_pdu *pdu,
				 uint8_t text[static TEXT_MAX], uint64_t now_ms)
{
	const struct fg_conf_accounts *conf = session->account->conf;
	struct request request;
	struct app_refusal refusal;
	struct app_pending *pending;

	if (session->in_flight >= (unsigned)conf->window)
		return APP_REFUSE(RTHROTTLED, "window");
	if (!take_token(session->account, now_ms))
		return APP_REFUSE(RTHROTTLED, "rate");
	refusal = read_request(session, pdu, &request, text);
	if (refusal.status == 0 && pdu->command == FG_SMPP_SUBMIT_MULTI)
		submit_many(session, pdu, &request, now_ms);
	else if (refusal.status == 0)
		refusal = read_destination(session, pdu, &request)
				  ? give(session, pdu, &request, &pending)
				  : APP_REFUSE(RINVDSTADR, "destination");
	fg_wipe(text, request.submission.text.len);
	return refusal;
}

void app_submit(struct app_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	static uint8_t text[TEXT_MAX]; /* wiped before this returns */
	struct app_refusal refusal = submit(session, pdu, text, now_ms);

	if (refusal.status != 0)
		app_session_refuse(session, pdu->command | FG_SMPP_RESPONSE, pdu->sequence,
				   refusal);
}
