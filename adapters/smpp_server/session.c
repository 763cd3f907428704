/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp_server/server.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/log.h"
#include "lib/crypto/password.h"
#include "lib/wire/smpp_status.h"

enum { SLOW_PER_SECOND = 5 };

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

static void unbind(struct app_session *session)
{
	if (!session->account)
		return;
	receivers_remove(session);
	app_tell_abandon(session);
	session->account->binds--;
	session->account = NULL;
}

void app_session_free(struct app_session *session)
{
	struct app_server *server = session->server;

	unbind(session);
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

void app_session_answer(struct app_session *session, uint32_t command, uint32_t sequence,
			uint32_t status)
{
	struct fg_smpp_pdu pdu;

	memset(&pdu, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	pdu.command = command;
	pdu.sequence = sequence;
	pdu.status = status;
	app_session_send(session, &pdu);
}

/* ---- bind ---- */

static struct fg_hash tag_of(const struct app_server *server, const struct fg_smpp_bytes *password)
{
	return fg_hmac_sha256(server->tag_key, sizeof(server->tag_key), password->at,
			      password->len);
}

/* Argon2id is slow by design: a password that was right once is known by its tag, and strangers may ask for few slow looks a second. */
static bool password_is_right(struct app_server *server, struct app_account *account,
			      const struct fg_smpp_bytes *password, uint64_t now_ms)
{
	struct fg_hash tag = tag_of(server, password);

	if (account->verified && fg_hash_equal(&tag, account->secret_tag))
		return true;
	if (server->slow_second != now_ms / 1000) {
		server->slow_second = now_ms / 1000;
		server->slow_count = 0;
	}
	if (server->slow_count++ >= SLOW_PER_SECOND)
		return false;
#ifndef FG_MUTANT_app_password
	if (!fg_password_verify(account->conf->secret, (const char *)password->at, password->len))
		return false;
#endif
	*account->secret_tag = tag;
	account->verified = true;
	return true;
}

static uint32_t check_bind(struct app_session *session, const struct fg_smpp_pdu *pdu,
			   struct app_account **account_out, uint64_t now_ms)
{
	struct app_account *account = app_account_find(session->server, pdu->bind.system_id);

	if (session->state != APP_OPEN)
		return FG_SMPP_STATUS_RALYBND;
	if (!account || !password_is_right(session->server, account, &pdu->bind.password, now_ms))
		return FG_SMPP_STATUS_RINVPASWD;
	if (account->binds >= (unsigned)account->conf->binds || session->server->draining)
		return FG_SMPP_STATUS_RBINDFAIL;
	*account_out = account;
	return 0;
}

static void take_bind(struct app_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	struct app_account *account = NULL;
	uint32_t status = check_bind(session, pdu, &account, now_ms);
	struct fg_smpp_pdu answer;

	memset(&answer, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	answer.command = pdu->command | FG_SMPP_RESPONSE;
	answer.sequence = pdu->sequence;
	answer.status = status;
	answer.bind_resp.system_id = fg_smpp_text("fallgate");
	if (status == 0)
		fg_smpp_tlv_add_number(&answer, FG_SMPP_TLV_SC_INTERFACE_VERSION, 0x34);
	app_session_send(session, &answer);
	if (status != 0) {
		LOG_LINK(fg_host_name(session->server->host), DSMPP, LOGL_NOTICE,
			 "refuse bind: status=0x%x\n", status);
		return;
	}
	session->account = account;
	session->state = APP_BOUND;
	session->kind = pdu->command == FG_SMPP_BIND_TRANSMITTER ? APP_TX
			: pdu->command == FG_SMPP_BIND_RECEIVER  ? APP_RX
								 : APP_TRX;
	account->binds++;
	if (session->kind & APP_RX)
		receivers_add(session);
	LOG_LINK(fg_host_name(session->server->host), DSMPP, LOGL_INFO,
		 "bound: account=%s kind=%d binds=%u\n", account->conf->name, (int)session->kind,
		 account->binds);
}

/* ---- PDUs ---- */

static void close_after_output(struct app_session *session)
{
	unbind(session);
	session->state = APP_CLOSING;
}

static void take_request(struct app_session *session, const struct fg_smpp_pdu *pdu,
			 uint64_t now_ms)
{
	uint32_t status;

	switch (pdu->command) {
	case FG_SMPP_SUBMIT_SM:
	case FG_SMPP_DATA_SM:
		status = session->state == APP_BOUND && (session->kind & APP_TX)
				 ? app_submit(session, pdu, now_ms)
				 : FG_SMPP_STATUS_RINVBNDSTS;
		break;
	case FG_SMPP_QUERY_SM:
	case FG_SMPP_CANCEL_SM:
	case FG_SMPP_REPLACE_SM:
		status = session->state == APP_BOUND && (session->kind & APP_TX)
				 ? app_ask(session, pdu)
				 : FG_SMPP_STATUS_RINVBNDSTS;
		break;
	case FG_SMPP_DELIVER_SM: /* ours alone to say */
	default:
		app_session_answer(session, FG_SMPP_GENERIC_NACK, pdu->sequence,
				   FG_SMPP_STATUS_RINVCMDID);
		return;
	}
	if (status != 0)
		app_session_answer(session, pdu->command | FG_SMPP_RESPONSE, pdu->sequence, status);
}

static void take_pdu(struct app_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	switch (pdu->command) {
	case FG_SMPP_BIND_TRANSMITTER:
	case FG_SMPP_BIND_RECEIVER:
	case FG_SMPP_BIND_TRANSCEIVER:
		take_bind(session, pdu, now_ms);
		return;
	case FG_SMPP_ENQUIRE_LINK:
		app_session_answer(session, FG_SMPP_ENQUIRE_LINK_RESP, pdu->sequence, 0);
		return;
	case FG_SMPP_UNBIND:
		app_session_answer(session, FG_SMPP_UNBIND_RESP, pdu->sequence, 0);
		close_after_output(session);
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

size_t app_session_input(struct app_session *session, const uint8_t *data, size_t len,
			 uint64_t now_ms)
{
	static struct fg_smpp_pdu pdu;
	size_t used = 0, pdu_len;
	enum fg_rc rc;

	while (session->state != APP_CLOSING &&
	       evbuffer_get_length(session->out) < APP_OUTPUT_MAX) {
		size_t max = session->state == APP_OPEN ? APP_UNBOUND_PDU_MAX : FG_SMPP_PDU_MAX;

		rc = fg_smpp_frame(data + used, len - used, max, &pdu_len);
		if (rc == FG_E_TRUNCATED)
			break;
		if (rc != FG_OK) {
			LOG_LINK(fg_host_name(session->server->host), DSMPP, LOGL_NOTICE,
				 "close connection: no SMPP, or a PDU beyond its bounds\n");
			close_after_output(session);
			return SIZE_MAX;
		}
		session->heard_ms = now_ms;
		rc = fg_smpp_decode(data + used, pdu_len, &pdu);
		if (rc == FG_OK)
			take_pdu(session, &pdu, now_ms);
		else
			refuse_pdu(session, &pdu, rc);
		used += pdu_len;
	}
	return session->state == APP_CLOSING ? SIZE_MAX : used;
}

void app_session_tick(struct app_session *session, uint64_t now_ms)
{
	bool late = session->state == APP_OPEN && now_ms >= session->opened_ms + APP_UNBOUND_MS;

	app_tell_timeouts(session, now_ms);
	if (late || now_ms >= session->heard_ms + APP_INACTIVITY_MS)
		close_after_output(session);
}
