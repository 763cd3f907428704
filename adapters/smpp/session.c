/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/session_internal.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/wire/smpp_status.h"

#define LOG_S(s, level, fmt, ...)                                                                  \
	LOG_LINK(fg_host_name((s)->host), DSMPP, level, fmt, ##__VA_ARGS__)

static const char *const state_notes[] = {
	[SESSION_CLOSED] = "not connected",
	[SESSION_BINDING] = "binding",
	[SESSION_BOUND] = "bound",
	[SESSION_UNBINDING] = "unbinding",
};

struct fg_smpp_session *fg_smpp_session_new(void *ctx, struct fg_adapter_host *host,
					    const struct fg_conf_links *conf, fg_smpp_send_cb send,
					    void *arg)
{
	struct fg_smpp_session *session = talloc_zero(ctx, struct fg_smpp_session);

	if (!session)
		return NULL;
	session->host = host;
	session->conf = conf;
	session->send = send;
	session->arg = arg;
	session->in_flight = talloc_zero_array(session, struct in_flight, (unsigned)conf->window);
	session->in = talloc_array(session, uint8_t, SMPP_IN_BYTES);
	if (!session->in_flight || !session->in) {
		talloc_free(session);
		return NULL;
	}
	return session;
}

/* 3.4, 3.2: 1 to 0x7FFFFFFF. */
uint32_t session_next_sequence(struct fg_smpp_session *session)
{
	session->sequence = session->sequence >= 0x7FFFFFFF ? 1 : session->sequence + 1;
	return session->sequence;
}

void fg_smpp_session_set_sequence(struct fg_smpp_session *session, uint32_t sequence)
{
	session->sequence = sequence - 1;
}

void session_send_pdu(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu)
{
	uint8_t buf[1024];
	size_t len;
	enum fg_rc rc = fg_smpp_encode(pdu, buf, sizeof(buf), &len);

	if (rc != FG_OK)
		FG_BUG("PDU %s does not encode: %s", fg_smpp_command_name(pdu->command),
		       fg_rc_name(rc));
	session->send(session->arg, buf, len);
	explicit_bzero(buf, sizeof(buf)); /* a text or the password was in it */
}

void session_answer(struct fg_smpp_session *session, uint32_t command, uint32_t sequence,
		    uint32_t status)
{
	struct fg_smpp_pdu pdu = { .command = command, .sequence = sequence, .status = status };

	session_send_pdu(session, &pdu);
}

void session_say_state(struct fg_smpp_session *session, const char *note)
{
	bool up = session->state == SESSION_BOUND;
	uint32_t window = (uint32_t)session->conf->window;
	uint32_t credits = up && !session->draining ? window - session->jobs_count : 0;

	fg_host_state(session->host, up, credits, session->jobs_count, session->carrier_code,
		      note ? note : state_notes[session->state]);
}

void session_close(struct fg_smpp_session *session, enum fg_smpp_close why, const char *note)
{
	if (session->close_why != FG_SMPP_CLOSE_NONE)
		return;
	session->close_why = why;
	LOG_S(session, LOGL_NOTICE, "close session: %s\n", note);
}

void session_unbind(struct fg_smpp_session *session, uint64_t now_ms)
{
	session->state = SESSION_UNBINDING;
	session->state_due_ms = now_ms + SMPP_UNBIND_MS;
	session_answer(session, FG_SMPP_UNBIND, session_next_sequence(session), 0);
	session_say_state(session, NULL);
}

void session_check_drained(struct fg_smpp_session *session, uint64_t now_ms)
{
	if (!session->draining || session->jobs_count > 0 || session->reports_count > 0)
		return;
	if (session->state == SESSION_BOUND) {
		session_unbind(session, now_ms);
	} else if (session->state == SESSION_CLOSED && !session->drained_said) {
		session->drained_said = true;
		fg_host_drained(session->host);
	}
}

void fg_smpp_session_connected(struct fg_smpp_session *session, uint64_t now_ms)
{
	const struct fg_conf_links *conf = session->conf;
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_BIND_TRANSCEIVER };

	session->state = SESSION_BINDING;
	session->close_why = FG_SMPP_CLOSE_NONE;
	session->state_due_ms = now_ms + (uint64_t)conf->bind_timeout_ms;
	session->heard_ms = now_ms;
	session->misses = 0;
	session->in_len = 0;
	session->bind_sequence = pdu.sequence = session_next_sequence(session);
	pdu.bind.system_id = fg_smpp_text(conf->system_id);
	pdu.bind.password = fg_smpp_text(conf->password);
	pdu.bind.system_type = fg_smpp_text(conf->system_type);
	pdu.bind.address_range = fg_smpp_text("");
	pdu.bind.interface_version = (uint8_t)conf->interface_version;
	session_send_pdu(session, &pdu);
}

static void bind_answered(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
			  uint64_t now_ms)
{
	const struct fg_smpp_status *status = fg_smpp_status_find(pdu->status);
	bool refused = status->class == FG_SMPP_CLASS_CREDENTIALS;

	if (session->state != SESSION_BINDING || pdu->sequence != session->bind_sequence) {
		LOG_S(session, LOGL_NOTICE, "ignore bind response: no bind waits\n");
		return;
	}
	session->carrier_code = pdu->status;
	if (pdu->status != 0) {
		LOG_S(session, refused ? LOGL_ERROR : LOGL_NOTICE, "bind refused: %s code=0x%x\n",
		      status->note, pdu->status);
		session_close(session, refused ? FG_SMPP_CLOSE_REFUSED : FG_SMPP_CLOSE_LOST,
			      "bind refused");
		return;
	}
	session->state = SESSION_BOUND;
	session_say_state(session, NULL);
	session_check_drained(session, now_ms);
}

static void nack(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu, uint32_t status,
		 const char *why)
{
	LOG_S(session, LOGL_NOTICE, "refuse PDU: %s command=0x%x\n", why, pdu->command);
	/* A response is never answered, or two peers would nack each other for ever. */
	if (!(pdu->command & FG_SMPP_RESPONSE))
		session_answer(session, FG_SMPP_GENERIC_NACK, pdu->sequence, status);
}

static void nacked(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	LOG_S(session, LOGL_NOTICE, "peer refuses PDU: code=0x%x\n", pdu->status);
	if (submit_answered(session, pdu, now_ms))
		return;
	if (session->state == SESSION_BINDING)
		session_close(session, FG_SMPP_CLOSE_LOST, "peer does not know bind_transceiver");
	else if (pdu->status == FG_SMPP_STATUS_RINVCMDLEN)
		session_close(session, FG_SMPP_CLOSE_LOST, "peer lost the stream");
}

static void take_pdu(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
		     uint64_t now_ms)
{
	switch (pdu->command) {
	case FG_SMPP_BIND_TRANSCEIVER_RESP:
		bind_answered(session, pdu, now_ms);
		return;
	case FG_SMPP_SUBMIT_SM_RESP:
		if (!submit_answered(session, pdu, now_ms))
			LOG_S(session, LOGL_NOTICE, "ignore late submit response: sequence=%u\n",
			      pdu->sequence);
		return;
	case FG_SMPP_DELIVER_SM:
	case FG_SMPP_DATA_SM:
		report_take(session, pdu, now_ms);
		return;
	case FG_SMPP_ENQUIRE_LINK:
		session_answer(session, FG_SMPP_ENQUIRE_LINK_RESP, pdu->sequence, 0);
		return;
	case FG_SMPP_UNBIND:
		session_answer(session, FG_SMPP_UNBIND_RESP, pdu->sequence, 0);
		session_close(session, FG_SMPP_CLOSE_LOST, "peer unbinds");
		return;
	case FG_SMPP_UNBIND_RESP:
		if (session->state == SESSION_UNBINDING)
			session_close(session,
				      session->draining ? FG_SMPP_CLOSE_DRAINED
							: FG_SMPP_CLOSE_LOST,
				      "unbound");
		return;
	case FG_SMPP_GENERIC_NACK:
		nacked(session, pdu, now_ms);
		return;
	case FG_SMPP_ENQUIRE_LINK_RESP:
	case FG_SMPP_ALERT_NOTIFICATION: /* has no response (4.12.1) */
		return;
	default:
		nack(session, pdu, FG_SMPP_STATUS_RINVCMDID, "not for an ESME");
	}
}

static void take_octets(struct fg_smpp_session *session, const uint8_t *octets, size_t len,
			uint64_t now_ms)
{
	struct fg_smpp_pdu pdu;
	enum fg_rc rc = fg_smpp_decode(octets, len, &pdu);

	if (rc == FG_OK)
		take_pdu(session, &pdu, now_ms);
	else if (rc == FG_E_PDU_LENGTH)
		session_close(session, FG_SMPP_CLOSE_LOST, fg_rc_text(rc));
	else
		nack(session, &pdu,
		     rc == FG_E_PDU_COMMAND ? FG_SMPP_STATUS_RINVCMDID : FG_SMPP_STATUS_RSYSERR,
		     fg_rc_text(rc));
}

/* Every whole PDU at the start of the buffer; what is left moves to the front. */
static void take_frames(struct fg_smpp_session *session, uint64_t now_ms)
{
	size_t at = 0, len;
	enum fg_rc rc = FG_OK;

	while (session->close_why == FG_SMPP_CLOSE_NONE) {
		rc = fg_smpp_frame(session->in + at, session->in_len - at, FG_SMPP_PDU_MAX, &len);
		if (rc != FG_OK)
			break;
		take_octets(session, session->in + at, len, now_ms);
		at += len;
	}
	memmove(session->in, session->in + at, session->in_len - at);
	session->in_len -= at;
	if (rc == FG_E_PDU_LENGTH) {
		session_answer(session, FG_SMPP_GENERIC_NACK, 0, FG_SMPP_STATUS_RINVCMDLEN);
		session_close(session, FG_SMPP_CLOSE_LOST, "command_length out of bounds");
	}
}

void fg_smpp_session_bytes(struct fg_smpp_session *session, const void *data, size_t len,
			   uint64_t now_ms)
{
	const uint8_t *from = data;

	if (session->state == SESSION_CLOSED)
		return;
	session->heard_ms = now_ms;
	session->misses = 0;
	while (len > 0 && session->close_why == FG_SMPP_CLOSE_NONE) {
		size_t room = SMPP_IN_BYTES - session->in_len;
		size_t take = len < room ? len : room;

		memcpy(session->in + session->in_len, from, take);
		session->in_len += take;
		from += take;
		len -= take;
		take_frames(session, now_ms);
	}
	submit_pump(session, now_ms);
	report_release(session, now_ms);
	session_check_drained(session, now_ms);
}

void fg_smpp_session_disconnected(struct fg_smpp_session *session, const char *note)
{
	session->state = SESSION_CLOSED;
	session->close_why = FG_SMPP_CLOSE_NONE;
	submit_abandon(session);
	report_forget(session);
	session_say_state(session, note);
	session_check_drained(session, 0);
}

void fg_smpp_session_stored(struct fg_smpp_session *session, uint64_t token)
{
	for (struct pending_report **at = &session->reports; *at; at = &(*at)->next) {
		struct pending_report *report = *at;

		if (report->report.token != token || report->hold_until_ms)
			continue;
		*at = report->next;
		session->reports_count--;
		session_answer(session, report->command | FG_SMPP_RESPONSE, report->sequence, 0);
		talloc_free(report);
		session_check_drained(session, session->heard_ms);
		return;
	}
}

void fg_smpp_session_drain(struct fg_smpp_session *session, uint64_t now_ms)
{
	session->draining = true;
	session_say_state(session, "draining");
	session_check_drained(session, now_ms);
}

static void enquire(struct fg_smpp_session *session, uint64_t now_ms)
{
	uint64_t idle_ms = (uint64_t)session->conf->enquire_link_ms;

	if (idle_ms == 0 || session->state != SESSION_BOUND || now_ms < session->heard_ms + idle_ms)
		return;
	if (session->misses >= SMPP_ENQUIRE_MISSES) {
		session_close(session, FG_SMPP_CLOSE_LOST, "peer does not answer enquire_link");
		return;
	}
	session->misses++;
	session->heard_ms = now_ms;
	session_answer(session, FG_SMPP_ENQUIRE_LINK, session_next_sequence(session), 0);
}

void fg_smpp_session_tick(struct fg_smpp_session *session, uint64_t now_ms)
{
	if (session->state == SESSION_CLOSED)
		return;
	if (session->state == SESSION_BINDING && now_ms >= session->state_due_ms)
		session_close(session, FG_SMPP_CLOSE_LOST, "no answer to bind");
	if (session->state == SESSION_UNBINDING && now_ms >= session->state_due_ms)
		session_close(session,
			      session->draining ? FG_SMPP_CLOSE_DRAINED : FG_SMPP_CLOSE_LOST,
			      "no answer to unbind");
	/* A peer that owes an answer may owe others: begin anew, and give those that are on their
	 * way the time of an unbind. */
	if (submit_timeouts(session, now_ms) && session->state == SESSION_BOUND)
		session_unbind(session, now_ms);
	enquire(session, now_ms);
	report_release(session, now_ms);
	session_check_drained(session, now_ms);
}

uint64_t fg_smpp_session_next_ms(const struct fg_smpp_session *session)
{
	uint64_t next = UINT64_MAX;

	if (session->state == SESSION_CLOSED)
		return next;
	if (session->state != SESSION_BOUND)
		next = session->state_due_ms;
	else if (session->conf->enquire_link_ms > 0)
		next = session->heard_ms + (uint64_t)session->conf->enquire_link_ms;
	for (int64_t i = 0; i < session->conf->window; i++)
		if (session->in_flight[i].job && session->in_flight[i].due_ms < next)
			next = session->in_flight[i].due_ms;
	for (const struct pending_report *report = session->reports; report; report = report->next)
		if (report->hold_until_ms && report->hold_until_ms < next)
			next = report->hold_until_ms;
	return next;
}

enum fg_smpp_close fg_smpp_session_close_why(const struct fg_smpp_session *session)
{
	return session->close_why;
}

bool fg_smpp_session_is_bound(const struct fg_smpp_session *session)
{
	return session->state == SESSION_BOUND;
}
