/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp_server/server.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/log.h"
#include "lib/wire/smpp_status.h"

struct app_session *app_session_new(struct app_server *server, uint64_t now_ms)
{
	struct app_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->out = evbuffer_new();
	if (!session->out) {
		free(session);
		return NULL;
	}
	session->server = server;
	session->opened_ms = session->heard_ms = now_ms;
	session->next = server->sessions;
	if (server->sessions)
		server->sessions->before = session;
	server->sessions = session;
	server->sessions_count++;
	TAILQ_INSERT_TAIL(&server->unbound, session, unbound);
	return session;
}

/* ---- rings of receivers ---- */

static void receivers_add(struct app_session *session)
{
	struct app_account *account = session->account;

	if (account->receivers) {
		session->next_receiver = account->receivers->next_receiver;
		account->receivers->next_receiver = session;
	} else {
		session->next_receiver = session;
		account->receivers = session;
	}
	account->receivers_count++;
	account->changed = true;
}

static void receivers_remove(struct app_session *session)
{
	struct app_account *account = session->account;
	struct app_session *before = session;

	if (!session->next_receiver)
		return;
	while (before->next_receiver != session)
		before = before->next_receiver;
	before->next_receiver = session->next_receiver;
	account->receivers = before == session ? NULL : before;
	session->next_receiver = NULL;
	account->receivers_count--;
	account->changed = true;
}

/* ---- bound or not ---- */

uint32_t app_session_bind(struct app_session *session)
{
	struct app_account *account = session->bind.account;

	if (session->kind & APP_RX) {
		session->told = calloc(APP_TELL_WINDOW, sizeof(*session->told));
		if (!session->told)
			return FG_SMPP_STATUS_RSYSERR;
	}
	TAILQ_REMOVE(&session->server->unbound, session, unbound);
	session->account = account;
	session->state = APP_BOUND;
	account->binds++;
	if (session->kind & APP_RX)
		receivers_add(session);
	return 0;
}

static void unbind(struct app_session *session)
{
	if (!session->account)
		return;
	receivers_remove(session);
	app_tell_abandon(session);
	free(session->told);
	session->told = NULL;
	session->account->binds--;
	session->account = NULL;
	TAILQ_INSERT_TAIL(&session->server->unbound, session, unbound);
}

static void close_after_output(struct app_session *session)
{
	if (session->account)
		unbind(session);
	else
		app_login_forget(session);
	session->state = APP_CLOSING;
}

void app_session_part(struct app_session *session)
{
	app_session_answer(session, FG_SMPP_UNBIND, app_session_next(session), 0);
	close_after_output(session);
}

/* What it is owed comes before the answer to its unbind: an application that hears nothing sends again. */
static void take_unbind(struct app_session *session, uint32_t sequence, uint64_t now_ms)
{
	session->unbind_sequence = sequence;
	session->unbind_ms = now_ms + APP_UNBIND_MS;
	if (session->account && session->in_flight > 0) {
		session->state = APP_UNBINDING;
		return;
	}
	app_session_answer(session, FG_SMPP_UNBIND_RESP, sequence, 0);
	close_after_output(session);
}

void app_session_settled(struct app_session *session)
{
	session->in_flight--;
	if (session->state == APP_UNBINDING && session->in_flight == 0)
		take_unbind(session, session->unbind_sequence, 0);
}

void app_session_free(struct app_session *session)
{
	struct app_server *server = session->server;

	unbind(session);
	app_login_forget(session);
	TAILQ_REMOVE(&server->unbound, session, unbound);
	for (uint32_t i = 0; session->in_flight > 0 && i < server->pending_cap; i++)
		if (server->pending[i].session == session) {
			server->pending[i].session = NULL; /* its answer has nobody to go to */
			session->in_flight--;
		}
	if (session->before)
		session->before->next = session->next;
	else
		server->sessions = session->next;
	if (session->next)
		session->next->before = session->before;
	server->sessions_count--;
	evbuffer_free(session->out);
	free(session);
}

/* ---- out ---- */

/* 3.4, 3.1: who speaks an older version is sent none. */
bool app_session_takes_tlvs(const struct app_session *session)
{
	return session->version >= 0x34;
}

uint32_t app_session_next(struct app_session *session)
{
	session->sequence = session->sequence >= 0x7FFFFFFF ? 1 : session->sequence + 1;
	return session->sequence;
}

size_t app_session_backlog(const struct app_session *session)
{
	size_t len = evbuffer_get_length(session->out);

	return session->server->backlog ? len + session->server->backlog(session) : len;
}

void app_session_send(struct app_session *session, const struct fg_smpp_pdu *pdu)
{
	static uint8_t octets
		[FG_SMPP_PDU_MAX]; /* a phone's text may be in it: wiped before this returns */
	size_t len;

	if (fg_smpp_encode(pdu, octets, sizeof(octets), &len) != FG_OK)
		FG_BUG("a %s does not encode", fg_smpp_command_name(pdu->command));
	evbuffer_add(session->out, octets, len);
	if (pdu->command == FG_SMPP_DELIVER_SM)
		fg_wipe(octets, len);
	if (session->server->wake)
		session->server->wake(session);
}

static void answer(struct app_session *session, uint32_t command, uint32_t sequence,
		   struct app_refusal why)
{
	struct fg_smpp_pdu pdu;

	memset(&pdu, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	pdu.command = command;
	pdu.sequence = sequence;
	pdu.status = why.status;
	if (*why.word && app_session_takes_tlvs(session))
		fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_ADDITIONAL_STATUS_INFO_TEXT, why.word,
				strlen(why.word) + 1);
	app_session_send(session, &pdu);
}

void app_session_answer(struct app_session *session, uint32_t command, uint32_t sequence,
			uint32_t status)
{
	answer(session, command, sequence, (struct app_refusal){ status, "" });
}

void app_session_refuse(struct app_session *session, uint32_t command, uint32_t sequence,
			struct app_refusal why)
{
	answer(session, command, sequence, why);
}

/* ---- PDUs ---- */

static void take_request(struct app_session *session, const struct fg_smpp_pdu *pdu,
			 uint64_t now_ms)
{
	bool may = session->state == APP_BOUND && (session->kind & APP_TX);

	switch (pdu->command) {
	case FG_SMPP_SUBMIT_SM:
	case FG_SMPP_DATA_SM:
	case FG_SMPP_SUBMIT_MULTI:
		if (may) {
			app_submit(session, pdu, now_ms);
			return;
		}
		break;
	case FG_SMPP_QUERY_SM:
	case FG_SMPP_CANCEL_SM:
	case FG_SMPP_REPLACE_SM:
		if (may) {
			app_ask(session, pdu);
			return;
		}
		break;
	case FG_SMPP_OUTBIND:    /* asks us to bind: we are the SMSC, and bind to nobody */
	case FG_SMPP_DELIVER_SM: /* ours alone to say */
	default:
		app_session_answer(session, FG_SMPP_GENERIC_NACK, pdu->sequence,
				   FG_SMPP_STATUS_RINVCMDID);
		return;
	}
	app_session_answer(session, pdu->command | FG_SMPP_RESPONSE, pdu->sequence,
			   FG_SMPP_STATUS_RINVBNDSTS);
}

static void take_pdu(struct app_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	switch (pdu->command) {
	case FG_SMPP_BIND_TRANSMITTER:
	case FG_SMPP_BIND_RECEIVER:
	case FG_SMPP_BIND_TRANSCEIVER:
		app_login_take(session, pdu, now_ms);
		return;
	case FG_SMPP_ENQUIRE_LINK:
		app_session_answer(session, FG_SMPP_ENQUIRE_LINK_RESP, pdu->sequence, 0);
		return;
	case FG_SMPP_UNBIND:
		take_unbind(session, pdu->sequence, now_ms);
		return;
	case FG_SMPP_DELIVER_SM_RESP:
	case FG_SMPP_DATA_SM_RESP:
	case FG_SMPP_GENERIC_NACK:
		app_told(session, pdu);
		return;
	default:
		if (!(pdu->command & FG_SMPP_RESPONSE)) /* answers nobody asked for: ignored */
			take_request(session, pdu, now_ms);
	}
}

static void refuse_pdu(struct app_session *session, const struct fg_smpp_pdu *pdu, enum fg_rc rc)
{
	uint32_t status =
		rc == FG_E_PDU_COMMAND ? FG_SMPP_STATUS_RINVCMDID : FG_SMPP_STATUS_RINVCMDLEN;

	if (!(pdu->command & FG_SMPP_RESPONSE))
		app_session_answer(session, FG_SMPP_GENERIC_NACK, pdu->sequence, status);
}

static size_t lose(struct app_session *session, const char *why, uint64_t now_ms)
{
	char from[FG_ADDRESS_TEXT_MAX];

	if (app_server_may_log(session->server, now_ms))
		LOG_LINK(fg_host_name(session->server->host), DSMPP, LOGL_NOTICE,
			 "close connection from=%s: %s\n", fg_address_text(&session->from, from),
			 why);
	if (session->account)
		app_session_answer(session, FG_SMPP_GENERIC_NACK, 0, FG_SMPP_STATUS_RINVCMDLEN);
	close_after_output(session);
	return SIZE_MAX;
}

/* A stranger may say little, in all. */
static bool within_bounds(struct app_session *session, size_t pdu_len)
{
	(void)pdu_len;
	if (session->account)
		return true;
#ifndef FG_MUTANT_app_stranger
	session->unbound_octets += pdu_len;
#endif
	return session->unbound_octets <= APP_UNBOUND_MAX;
}

static bool reads(const struct app_session *session)
{
	return session->state == APP_OPEN || session->state == APP_BOUND ||
	       session->state == APP_UNBINDING;
}

size_t app_session_input(struct app_session *session, const uint8_t *data, size_t len,
			 uint64_t now_ms)
{
	static struct fg_smpp_pdu pdu;
	size_t used = 0, pdu_len;
	enum fg_rc rc = FG_OK;

	while (reads(session) && app_session_backlog(session) < APP_OUTPUT_MAX) {
		size_t max = session->account ? FG_SMPP_PDU_MAX : APP_UNBOUND_MAX;

		rc = fg_smpp_frame(data + used, len - used, max, &pdu_len);
		if (rc == FG_E_TRUNCATED)
			break;
		if (rc != FG_OK)
			return lose(session, "no SMPP, or a PDU beyond its bounds", now_ms);
		if (!within_bounds(session, pdu_len))
			return lose(session, "it says much and does not bind", now_ms);
		session->heard_ms = now_ms;
		session->asked = false;
		rc = fg_smpp_decode(data + used, pdu_len, &pdu);
		if (rc == FG_OK)
			take_pdu(session, &pdu, now_ms);
		else
			refuse_pdu(session, &pdu, rc);
		used += pdu_len;
	}
	if (rc != FG_E_TRUNCATED || used == len)
		session->cut_ms = 0;
	else if (!session->cut_ms || used > 0)
		session->cut_ms = now_ms;
	return session->state == APP_CLOSING ? SIZE_MAX : used;
}

/* ---- time ---- */

static void keep_alive(struct app_session *session, uint64_t now_ms)
{
	const struct fg_conf_links *conf = session->server->conf;
	uint64_t idle_ms = now_ms - session->heard_ms;

	if (conf->inactivity_s > 0 && idle_ms >= (uint64_t)conf->inactivity_s * 1000) {
		close_after_output(session);
	} else if (conf->enquire_link_ms > 0 && !session->asked &&
		   idle_ms >= (uint64_t)conf->enquire_link_ms) {
		session->asked = true;
		session->asked_ms = now_ms;
		app_session_answer(session, FG_SMPP_ENQUIRE_LINK, app_session_next(session), 0);
	} else if (session->asked && conf->enquire_link_ms > 0 &&
		   now_ms - session->asked_ms >= 2 * (uint64_t)conf->enquire_link_ms) {
		close_after_output(session); /* 4.1: two misses close */
	}
}

/* It began a PDU long ago, and not for want of our reading. */
static bool is_stuck(struct app_session *session, uint64_t now_ms)
{
	if (session->cut_ms && app_session_backlog(session) >= APP_OUTPUT_MAX)
		session->cut_ms = now_ms;
	return session->account && session->cut_ms && now_ms >= session->cut_ms + APP_PDU_MS;
}

void app_session_tick(struct app_session *session, uint64_t now_ms)
{
	bool stranger = session->state == APP_OPEN || session->state == APP_REFUSED;

	app_tell_timeouts(session, now_ms);
	if (stranger && now_ms >= session->opened_ms + APP_UNBOUND_MS)
		close_after_output(session);
	else if (is_stuck(session, now_ms))
		lose(session, "it stopped inside of a PDU", now_ms);
	else if (session->state == APP_UNBINDING && now_ms >= session->unbind_ms)
		close_after_output(session);
	else if (session->state == APP_BOUND)
		keep_alive(session, now_ms);
}
