/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * query_sm, cancel_sm and replace_sm: what an application asks of messages that it submitted.
 */
#include "adapters/smpp_server/server.h"

#include <string.h>
#include "adapters/smpp_server/fields.h"
#include "lib/wire/smpp_status.h"

struct question {
	struct fg_app_question it;
	char source[APP_ADDRESS_MAX + 1], destination[APP_ADDRESS_MAX + 1];
};

static bool read_id(const struct fg_smpp_bytes *text, struct fg_id *id_out)
{
	/* the NUL follows: lib/wire/smpp.h */
	return text->len == FG_ID_TEXT_LEN &&
	       fg_id_parse((const char *)text->at, id_out) == FG_OK && !fg_id_is_zero(id_out);
}

static uint32_t read_query(const struct fg_smpp_pdu *pdu, struct question *q)
{
	q->it.what = FG_ASK_QUERY;
	if (!read_id(&pdu->query.message_id, &q->it.message_id))
		return FG_SMPP_STATUS_RINVMSGID;
	return app_field_source(pdu->query.source_addr_ton, &pdu->query.source_addr, q->source)
		       ? 0
		       : FG_SMPP_STATUS_RINVSRCADR;
}

/* 3.4, 4.9.1: by id, or all from a source to a destination. */
static uint32_t read_cancel(const struct app_session *session, const struct fg_smpp_pdu *pdu,
			    struct question *q)
{
	bool all = pdu->cancel.message_id.len == 0;

	q->it.what = FG_ASK_CANCEL;
	if (!all && !read_id(&pdu->cancel.message_id, &q->it.message_id))
		return FG_SMPP_STATUS_RINVMSGID;
	if (!app_field_source(pdu->cancel.source_addr_ton, &pdu->cancel.source_addr, q->source))
		return FG_SMPP_STATUS_RINVSRCADR;
	if (!all)
		return 0;
	if (!*q->source)
		strcpy(q->source, session->account->conf->sender);
	return app_field_destination(pdu->cancel.dest_addr_ton, session->account->conf->country,
				     &pdu->cancel.destination_addr, q->destination)
		       ? 0
		       : FG_SMPP_STATUS_RINVDSTADR;
}

static uint32_t read_times(const struct app_session *session, const struct fg_smpp_pdu *pdu,
			   struct question *q)
{
	uint64_t wall_ms = fg_clock_wall_ms(fg_loop_clock(session->server->loop));
	const struct fg_smpp_bytes *schedule = &pdu->replace.schedule_delivery_time;
	const struct fg_smpp_bytes *period = &pdu->replace.validity_period;
	int64_t validity, delay;

	if (!app_field_time(schedule, wall_ms, &delay) || delay > APP_TIME_MAX_S)
		return FG_SMPP_STATUS_RINVSCHED;
	if (!app_field_time(period, wall_ms, &validity) || (period->len > 0 && validity <= delay))
		return FG_SMPP_STATUS_RINVEXPIRY;
	q->it.validity_s = (uint32_t)(validity < APP_TIME_MAX_S ? validity : APP_TIME_MAX_S);
	q->it.has_delay = schedule->len > 0;
	q->it.delay_s = (uint32_t)delay;
	return 0;
}

/* 3.4, 4.10.1: without data_coding, so the text stays as it is here; who knows the message knows its coding. */
static uint32_t read_replace(const struct app_session *session, const struct fg_smpp_pdu *pdu,
			     struct question *q)
{
	uint32_t status;

	q->it.what = FG_ASK_REPLACE;
	if (!read_id(&pdu->replace.message_id, &q->it.message_id))
		return FG_SMPP_STATUS_RINVMSGID;
	status = read_times(session, pdu, q);
	if (status != 0)
		return status;
	if (!app_field_source(pdu->replace.source_addr_ton, &pdu->replace.source_addr, q->source))
		return FG_SMPP_STATUS_RINVSRCADR;
	if (pdu->replace.sm_default_msg_id != 0)
		return FG_SMPP_STATUS_RINVDFTMSGID;
	if (pdu->replace.short_message.len == 0)
		return FG_SMPP_STATUS_RINVMSGLEN;
	q->it.registered = pdu->replace.registered_delivery;
	q->it.text = FG_BYTES(pdu->replace.short_message.at, pdu->replace.short_message.len);
	return 0;
}

static struct app_refusal ask(struct app_session *session, const struct fg_smpp_pdu *pdu,
			      struct question *q)
{
	struct app_server *server = session->server;
	struct app_pending *pending;
	struct app_refusal refusal;

	if (session->in_flight >= (unsigned)session->account->conf->window)
		return APP_REFUSE(RTHROTTLED, "window");
	q->it.token = app_pending_new(server, session, pdu);
	if (!q->it.token)
		return APP_REFUSE(RMSGQFUL, "busy");
	pending = app_pending_find(server, q->it.token);
	pending->asked = q->it.message_id;
	refusal = app_refusal_of(fg_host_ask(server->host, &q->it));
	if (refusal.status != 0)
		app_pending_free(server, pending);
	return refusal;
}

void app_ask(struct app_session *session, const struct fg_smpp_pdu *pdu)
{
	struct question q = { .it = { .account = session->account->conf->name } };
	struct app_refusal refusal = APP_TAKE;

	q.it.source = q.source;
	q.it.destination = q.destination;
	refusal.status = pdu->command == FG_SMPP_QUERY_SM    ? read_query(pdu, &q)
			 : pdu->command == FG_SMPP_CANCEL_SM ? read_cancel(session, pdu, &q)
							     : read_replace(session, pdu, &q);
	if (refusal.status == 0)
		refusal = ask(session, pdu, &q);
	if (refusal.status != 0)
		app_session_refuse(session, pdu->command | FG_SMPP_RESPONSE, pdu->sequence,
				   refusal);
}

static uint32_t failed(uint32_t command)
{
	return command == FG_SMPP_QUERY_SM    ? FG_SMPP_STATUS_RQUERYFAIL
	       : command == FG_SMPP_CANCEL_SM ? FG_SMPP_STATUS_RCANCELFAIL
					      : FG_SMPP_STATUS_RREPLACEFAIL;
}

/* "Not found", "later" and "slower" mean the same of all three. */
static struct app_refusal refusal_of(uint32_t command, enum fg_rc rc)
{
	struct app_refusal refusal = app_refusal_of(rc);

	if (rc == FG_E_CONFLICT) /* its state is another one, and will not be that again */
		return (struct app_refusal){ failed(command), "too-late" };
	if (refusal.status == 0 || refusal.status == FG_SMPP_STATUS_RINVMSGID ||
	    refusal.status == FG_SMPP_STATUS_RMSGQFUL ||
	    refusal.status == FG_SMPP_STATUS_RTHROTTLED)
		return refusal;
	refusal.status = failed(command);
	return refusal;
}

static void answer_query(const struct app_pending *pending, const struct fg_app_answer *said)
{
	struct fg_smpp_pdu pdu;
	char id[FG_ID_TEXT_LEN + 1], date[17] = "";

	memset(&pdu, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	pdu.command = FG_SMPP_QUERY_SM_RESP;
	pdu.sequence = pending->sequence;
	if (said->done_ms)
		app_field_date(said->done_ms, date);
	pdu.query_resp.message_id = fg_smpp_text(fg_id_text(&pending->asked, id));
	pdu.query_resp.final_date = fg_smpp_text(date);
	pdu.query_resp.message_state = said->state;
	pdu.query_resp.error_code = (uint8_t)(said->error < UINT8_MAX ? said->error : UINT8_MAX);
	app_session_send(pending->session, &pdu);
}

void app_server_answer(struct app_server *server, const struct fg_app_answer *said)
{
	struct app_pending *pending = app_pending_find(server, said->token);
	struct app_refusal refusal;

	if (!pending)
		return;
	refusal = refusal_of(pending->command, said->rc);
	if (pending->session && refusal.status == 0 && pending->command == FG_SMPP_QUERY_SM)
		answer_query(pending, said);
	else if (pending->session)
		app_session_refuse(pending->session, pending->command | FG_SMPP_RESPONSE,
				   pending->sequence, refusal);
	app_pending_free(server, pending);
}
