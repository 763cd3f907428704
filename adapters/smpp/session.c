/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/session_internal.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/wire/smpp_status.h"

#define LOG_S(s, level, fmt, ...)                                                                  \
	LOG_LINK(fg_host_name((s)->account->host), DSMPP, level, fmt, ##__VA_ARGS__)

static uint32_t slots_for(unsigned window)
{
	uint32_t slots = 16;

	while (slots < 4 * window) /* so that a free place is always near */
		slots *= 2;
	return slots;
}

struct fg_smpp_session *fg_smpp_session_new(struct fg_smpp_account *account, enum fg_smpp_kind kind,
					    fg_smpp_send_cb send, void *arg)
{
	uint32_t slots = slots_for(account->window.most);
	struct fg_smpp_session *session;

	if (account->sessions_count >= SMPP_SESSIONS_MAX)
		return NULL;
	session = talloc_zero(account, struct fg_smpp_session);
	if (!session)
		return NULL;
	session->account = account;
	session->kind = kind;
	session->send = send;
	session->arg = arg;
	session->in_flight_mask = slots - 1;
	session->in_flight = talloc_zero_array(session, struct in_flight, slots);
	session->reports = talloc_zero_array(session, struct pending_report, SMPP_PENDING_MAX);
	session->in = talloc_array(session, uint8_t, SMPP_IN_BYTES);
	if (!session->in_flight || !session->reports || !session->in) {
		talloc_free(session);
		return NULL;
	}
	session->index = account->sessions_count++;
	account->sessions[session->index] = session;
	return session;
}

/* 3.4, 3.2: 1 to 0x7FFFFFFF. One whose place is still taken by an older submit is left out. */
uint32_t session_next_sequence(struct fg_smpp_session *session)
{
	do
		session->sequence = session->sequence >= 0x7FFFFFFF ? 1 : session->sequence + 1;
	while (session->in_flight[session->sequence & session->in_flight_mask].job);
	return session->sequence;
}

void fg_smpp_session_set_sequence(struct fg_smpp_session *session, uint32_t sequence)
{
	session->sequence = sequence - 1;
}

void session_send_pdu(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu)
{
	uint8_t *buf = session->account->out;
	size_t len;
	enum fg_rc rc = fg_smpp_encode(pdu, buf, FG_SMPP_PDU_MAX, &len);

	if (rc != FG_OK)
		FG_BUG("PDU %s does not encode: %s", fg_smpp_command_name(pdu->command),
		       fg_rc_name(rc));
	session->send(session->arg, buf, len);
	explicit_bzero(buf, len); /* a text or the password was in it */
}

void session_answer(struct fg_smpp_session *session, uint32_t command, uint32_t sequence,
		    uint32_t status)
{
	struct fg_smpp_pdu pdu = { .command = command, .sequence = sequence, .status = status };

	session_send_pdu(session, &pdu);
}

bool session_may_submit(const struct fg_smpp_session *session)
{
	return session->state == SESSION_BOUND && session->kind != FG_SMPP_RX &&
	       session->close_why == FG_SMPP_CLOSE_NONE;
}

void session_close(struct fg_smpp_session *session, enum fg_smpp_close why, const char *note)
{
	if (session->close_why != FG_SMPP_CLOSE_NONE)
		return;
	session->close_why = why;
	snprintf(session->close_note, sizeof(session->close_note), "%s", note);
	LOG_S(session, LOGL_NOTICE, "close session: %s\n", note);
}

void session_unbind(struct fg_smpp_session *session, uint64_t now_ms)
{
	session->state = SESSION_UNBINDING;
	session->state_due_ms = now_ms + SMPP_UNBIND_MS;
	session_answer(session, FG_SMPP_UNBIND, session_next_sequence(session), 0);
	account_changed(session->account, "unbinding");
}

static const uint32_t binds[] = {
	[FG_SMPP_TRX] = FG_SMPP_BIND_TRANSCEIVER,
	[FG_SMPP_TX] = FG_SMPP_BIND_TRANSMITTER,
	[FG_SMPP_RX] = FG_SMPP_BIND_RECEIVER,
};

void fg_smpp_session_connected(struct fg_smpp_session *session, uint64_t now_ms)
{
	const struct fg_conf_links *conf = session->account->conf;
	struct fg_smpp_pdu pdu = { .command = binds[session->kind] };

	session->state = SESSION_BINDING;
	session->close_why = FG_SMPP_CLOSE_NONE;
	session->close_note[0] = '\0';
	session->state_due_ms = now_ms + (uint64_t)conf->bind_timeout_ms;
	session->heard_ms = session->enquired_ms = now_ms;
	session->misses = 0;
	session->in_len = 0;
	session->partial_ms = 0;
	session->no_tlvs = false;
	session->bind_sequence = pdu.sequence = session_next_sequence(session);
	pdu.bind.system_id = fg_smpp_text(conf->system_id);
	pdu.bind.password = fg_smpp_text(conf->password);
	pdu.bind.system_type = fg_smpp_text(conf->system_type);
	pdu.bind.address_range = fg_smpp_text("");
	pdu.bind.interface_version = (uint8_t)conf->interface_version;
	session_send_pdu(session, &pdu);
}

/* Credentials that are refused are the operator's to mend, and asking often may lock the account. */
static void bind_refused(struct fg_smpp_session *session, uint32_t code)
{
	const struct fg_smpp_status *status = account_status(session->account, code);
	bool alarm = status->class == FG_SMPP_CLASS_CREDENTIALS;
	char note[128];

	snprintf(note, sizeof(note), "bind refused: %s (0x%x)%s", status->note, code,
		 alarm ? ", asked again every 5 minutes" : "");
	if (alarm)
		LOG_S(session, LOGL_ERROR,
		      "alarm: bind refused: %s code=0x%x; check links.system_id and "
		      "links.password\n",
		      status->note, code);
	session_close(session, alarm ? FG_SMPP_CLOSE_REFUSED : FG_SMPP_CLOSE_LOST, note);
}

static void bind_answered(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
			  uint64_t now_ms)
{
	const struct fg_conf_links *conf = session->account->conf;
	char note[128];
	uint32_t version;

	if (session->state != SESSION_BINDING || pdu->sequence != session->bind_sequence ||
	    pdu->command != (binds[session->kind] | FG_SMPP_RESPONSE)) {
		LOG_S(session, LOGL_NOTICE, "ignore bind response: no such bind waits\n");
		return;
	}
	session->account->carrier_code = pdu->status;
	account_own_code(session->account, pdu->status,
			 account_status(session->account, pdu->status));
	if (pdu->status != 0) {
		bind_refused(session, pdu->status);
		return;
	}
	/* 3.4, 3.3: one that says to be older knows no optional parameters; many say nothing. */
	session->no_tlvs = conf->interface_version < 0x34 ||
			   (fg_smpp_tlv_number(pdu, FG_SMPP_TLV_SC_INTERFACE_VERSION, &version) &&
			    version < 0x34);
	session->state = SESSION_BOUND;
	snprintf(note, sizeof(note), "bound to %.100s:%u", conf->host, (unsigned)conf->port);
	account_changed(session->account, note);
	account_check_drained(session->account, now_ms);
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
	if (submit_answered(session, pdu, now_ms) || query_answered(session, pdu, now_ms) ||
	    submit_answered_late(session, pdu, now_ms))
		return;
	if (session->state == SESSION_BINDING)
		session_close(session, FG_SMPP_CLOSE_LOST, "peer does not know this kind of bind");
	else if (pdu->status == FG_SMPP_STATUS_RINVCMDLEN)
		session_close(session, FG_SMPP_CLOSE_LOST, "peer lost the stream");
}

static void take_pdu(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
		     uint64_t now_ms)
{
	switch (pdu->command) {
	case FG_SMPP_BIND_TRANSCEIVER_RESP:
	case FG_SMPP_BIND_TRANSMITTER_RESP:
	case FG_SMPP_BIND_RECEIVER_RESP:
		bind_answered(session, pdu, now_ms);
		return;
	case FG_SMPP_SUBMIT_SM_RESP:
		if (!submit_answered(session, pdu, now_ms) &&
		    !submit_answered_late(session, pdu, now_ms))
			LOG_S(session, LOGL_NOTICE, "ignore late submit response: sequence=%u\n",
			      pdu->sequence);
		return;
	case FG_SMPP_QUERY_SM_RESP:
		(void)query_answered(session, pdu, now_ms);
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
				      session->account->draining ? FG_SMPP_CLOSE_DRAINED
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
	if (session->in_len == 0)
		session->partial_ms = 0;
	else if (at > 0 || session->partial_ms == 0)
		session->partial_ms = now_ms;
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
	session->heard_ms = session->enquired_ms = now_ms;
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
	account_pump(session->account, now_ms);
	account_release_reports(session->account, now_ms);
	account_check_drained(session->account, now_ms);
}

void fg_smpp_session_disconnected(struct fg_smpp_session *session, const char *note)
{
	session->state = SESSION_CLOSED;
	session->close_why = FG_SMPP_CLOSE_NONE;
	submit_abandon(session);
	query_forget(session, session->heard_ms);
	report_forget(session);
	account_changed(session->account, note);
	account_release_reports(session->account, session->heard_ms);
	account_check_drained(session->account, session->heard_ms);
}

void session_stored(struct fg_smpp_session *session, uint64_t token)
{
	struct pending_report *report = &session->reports[token & (SMPP_PENDING_MAX - 1)];

	if (report->report.token != token || report->hold_until_ms || report->inbound)
		return;
	report->report.token = 0;
	session->reports_count--;
	session_answer(session, report->command | FG_SMPP_RESPONSE, report->sequence, 0);
	account_check_drained(session->account, session->heard_ms);
}

static void enquire(struct fg_smpp_session *session, uint64_t now_ms)
{
	uint64_t idle_ms = (uint64_t)session->account->conf->enquire_link_ms;
	uint64_t silent_ms = (uint64_t)session->account->conf->inactivity_s * 1000;

	if (session->state != SESSION_BOUND)
		return;
	if (silent_ms > 0 && now_ms >= session->heard_ms + silent_ms) {
		session_close(session, FG_SMPP_CLOSE_LOST,
			      "nothing heard of the peer for too long");
		return;
	}
	if (idle_ms == 0 || now_ms < session->enquired_ms + idle_ms)
		return;
	if (session->misses >= SMPP_ENQUIRE_MISSES) {
		session_close(session, FG_SMPP_CLOSE_LOST, "peer does not answer enquire_link");
		return;
	}
	session->misses++;
	session->enquired_ms = now_ms;
	session_answer(session, FG_SMPP_ENQUIRE_LINK, session_next_sequence(session), 0);
}

void session_tick(struct fg_smpp_session *session, uint64_t now_ms)
{
	if (session->state == SESSION_CLOSED)
		return;
	if (session->state == SESSION_BINDING && now_ms >= session->state_due_ms)
		session_close(session, FG_SMPP_CLOSE_LOST, "no answer to bind");
	if (session->state == SESSION_UNBINDING && now_ms >= session->state_due_ms)
		session_close(session,
			      session->account->draining ? FG_SMPP_CLOSE_DRAINED
							 : FG_SMPP_CLOSE_LOST,
			      "no answer to unbind");
	if (session->partial_ms && now_ms >= session->partial_ms + SMPP_PARTIAL_MS)
		session_close(session, FG_SMPP_CLOSE_LOST, "peer does not finish a PDU");
	/* A peer that owes an answer may owe others: begin anew, and give those that are on their
	 * way the time of an unbind. */
	if (submit_timeouts(session, now_ms) && session->state == SESSION_BOUND)
		session_unbind(session, now_ms);
	enquire(session, now_ms);
}

static uint64_t idle_due_ms(const struct fg_smpp_session *session)
{
	const struct fg_conf_links *conf = session->account->conf;
	uint64_t next = UINT64_MAX, due;

	if (conf->enquire_link_ms > 0)
		next = session->enquired_ms + (uint64_t)conf->enquire_link_ms;
	due = session->heard_ms + (uint64_t)conf->inactivity_s * 1000;
	return conf->inactivity_s > 0 && due < next ? due : next;
}

uint64_t session_next_ms(const struct fg_smpp_session *session)
{
	uint64_t next, due;

	if (session->state == SESSION_CLOSED)
		return UINT64_MAX;
	next = session->state == SESSION_BOUND ? idle_due_ms(session) : session->state_due_ms;
	if (session->partial_ms && session->partial_ms + SMPP_PARTIAL_MS < next)
		next = session->partial_ms + SMPP_PARTIAL_MS;
	due = submit_due_ms(session);
	next = due < next ? due : next;
	due = submit_next_ms(session);
	next = due < next ? due : next;
	due = report_due_ms(session);
	return due < next ? due : next;
}

enum fg_smpp_close fg_smpp_session_close_why(const struct fg_smpp_session *session)
{
	return session->close_why;
}

const char *fg_smpp_session_close_note(const struct fg_smpp_session *session)
{
	return session->close_note;
}

bool fg_smpp_session_is_bound(const struct fg_smpp_session *session)
{
	return session->state == SESSION_BOUND;
}
