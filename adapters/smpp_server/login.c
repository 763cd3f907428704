/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who may bind. A password hash takes some 50 ms of the only thread: it is made four times a second at most, for binds that wait in a bounded
 * queue, and only until an account has bound once. From then on its password is known by a keyed hash, and any other is wrong at once.
 * Whoever is refused hears of it a second later, whatever the reason was.
 */
#include "adapters/smpp_server/server.h"

#include <string.h>
#include "lib/base/log.h"
#include "lib/crypto/password.h"
#include "lib/wire/smpp_status.h"

static void answer(struct app_session *session, uint32_t status)
{
	struct fg_smpp_pdu pdu;

	memset(&pdu, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	pdu.command = session->bind.command | FG_SMPP_RESPONSE;
	pdu.sequence = session->bind.sequence;
	pdu.status = status;
	pdu.bind_resp.system_id = fg_smpp_text("fallgate");
	if (status == 0 && app_session_takes_tlvs(session))
		fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SC_INTERFACE_VERSION, 0x34);
	app_session_send(session, &pdu);
}

static void leave_queue(struct app_session *session)
{
	if (session->state == APP_CHECKING) {
		TAILQ_REMOVE(&session->server->checking, session, waiting);
		session->server->checking_count--;
	} else if (session->state == APP_REFUSED) {
		TAILQ_REMOVE(&session->server->refused, session, waiting);
	}
	session->state = APP_OPEN;
}

void app_login_forget(struct app_session *session)
{
	leave_queue(session);
	fg_wipe(session->bind.password, sizeof(session->bind.password));
}

static void refuse(struct app_session *session, uint32_t status, const char *why, uint64_t now_ms)
{
	struct app_server *server = session->server;
	char from[FG_ADDRESS_TEXT_MAX];

	if (app_server_may_log(server, now_ms))
		LOG_LINK(fg_host_name(server->host), DSMPP, LOGL_NOTICE,
			 "refuse bind of %s from=%s: %s\n",
			 session->bind.account ? session->bind.account->conf->name
					       : "an unknown system_id",
			 fg_address_text(&session->from, from), why);
	app_login_forget(session);
	session->state = APP_REFUSED;
	session->bind.status = status;
	session->bind.due_ms = now_ms + APP_REFUSE_MS;
	TAILQ_INSERT_TAIL(&server->refused, session, waiting);
}

static void admit(struct app_session *session, uint64_t now_ms)
{
	struct app_server *server = session->server;
	const struct app_account *account = session->bind.account;
	uint32_t status = FG_SMPP_STATUS_RBINDFAIL;

	app_login_forget(session);
	if (account->binds < (unsigned)account->conf->binds && account->served && !server->draining)
		status = app_session_bind(session);
	if (status != 0) {
		refuse(session, status, "it has all its binds", now_ms);
		return;
	}
	answer(session, 0);
	LOG_LINK(fg_host_name(server->host), DSMPP, LOGL_INFO,
		 "bound: account=%s kind=%d binds=%u\n", account->conf->name, (int)session->kind,
		 account->binds);
	if (server->resume)
		server->resume(session);
}

static struct fg_hash tag_of(const struct app_session *session)
{
	const struct app_server *server = session->server;

	return fg_hmac_sha256(server->tag_key, sizeof(server->tag_key), session->bind.password,
			      strlen(session->bind.password));
}

/* True when it is settled without a slow look. */
static bool recognise(struct app_session *session, uint64_t now_ms)
{
	const struct app_account *account = session->bind.account;
	struct fg_hash tag;
	bool right;

	if (!account->verified)
		return false;
	tag = tag_of(session);
	right = fg_hash_equal(&tag, account->secret_tag);
#ifdef FG_MUTANT_app_password
	right = true;
#endif
	if (right)
		admit(session, now_ms);
	else
		refuse(session, FG_SMPP_STATUS_RINVPASWD, "wrong password", now_ms);
	return true;
}

static bool is_flood(const struct app_session *session)
{
	const struct app_server *server = session->server;
	struct app_session *at;
	unsigned count = 0;

#ifdef FG_MUTANT_app_looks
	return false;
#endif
	TAILQ_FOREACH(at, &server->checking, waiting)
	count += memcmp(&at->from, &session->from, sizeof(at->from)) == 0;
	return server->checking_count >= APP_LOOKS_MAX || count >= APP_LOOKS_FROM_ONE;
}

static bool from_allowed(const struct app_session *session)
{
	const struct app_account *account = session->bind.account;

#ifdef FG_MUTANT_app_networks
	return true;
#endif
	return account->networks_count == 0 ||
	       fg_networks_have(account->networks, account->networks_count, &session->from);
}

static void enqueue(struct app_session *session, uint64_t now_ms)
{
	struct app_server *server = session->server;

	if (is_flood(session)) {
		refuse(session, FG_SMPP_STATUS_RSYSERR, "too many binds wait", now_ms);
		return;
	}
	session->state = APP_CHECKING;
	server->checking_count++;
	TAILQ_INSERT_TAIL(&server->checking, session, waiting);
	app_login_turn(server, now_ms);
}

static enum app_kind kind_of(uint32_t command)
{
	return command == FG_SMPP_BIND_TRANSMITTER ? APP_TX
	       : command == FG_SMPP_BIND_RECEIVER  ? APP_RX
						   : APP_TRX;
}

void app_login_take(struct app_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	const struct fg_smpp_bytes *password = &pdu->bind.password;
	struct app_bind *bind = &session->bind;

	if (session->state != APP_OPEN) {
		app_session_answer(session, pdu->command | FG_SMPP_RESPONSE, pdu->sequence,
				   FG_SMPP_STATUS_RALYBND);
		return;
	}
	*bind = (struct app_bind){ .command = pdu->command,
				   .sequence = pdu->sequence,
				   .version = pdu->bind.interface_version,
				   .account =
					   app_account_find(session->server, pdu->bind.system_id) };
	session->version = bind->version;
	session->kind = kind_of(pdu->command);
	memcpy(bind->password, password->at, password->len); /* at most 64, by the codec */
	if (!bind->account) /* who has an account is nobody's business: as a wrong password */
		refuse(session, FG_SMPP_STATUS_RINVPASWD, "no such account here", now_ms);
	else if (password->len > (size_t)session->server->conf->password_max)
		refuse(session, FG_SMPP_STATUS_RINVPASWD, "longer than links.password_max", now_ms);
	else if (!from_allowed(session))
		refuse(session, FG_SMPP_STATUS_RINVPASWD, "not from its networks", now_ms);
	else if (!recognise(session, now_ms))
		enqueue(session, now_ms);
}

static void look(struct app_session *session, uint64_t now_ms)
{
	struct app_account *account = session->bind.account;
	const char *password = session->bind.password;
	bool right = fg_password_verify(account->conf->secret, password, strlen(password));

#ifdef FG_MUTANT_app_password
	right = true;
#endif
	session->server->look_ms = now_ms + APP_LOOK_PAUSE_MS;
	if (!right) {
		refuse(session, FG_SMPP_STATUS_RINVPASWD, "wrong password", now_ms);
		return;
	}
	*account->secret_tag = tag_of(session);
	account->verified = true;
	admit(session, now_ms);
}

bool app_login_turn(struct app_server *server, uint64_t now_ms)
{
	struct app_session *session;

	while ((session = TAILQ_FIRST(&server->refused)) && now_ms >= session->bind.due_ms) {
		leave_queue(session);
		answer(session, session->bind.status);
		if (server->resume)
			server->resume(session);
	}
	while ((session = TAILQ_FIRST(&server->checking)))
		if (!recognise(session, now_ms)) {
			if (now_ms < server->look_ms)
				break;
			look(session, now_ms);
		}
	return !TAILQ_EMPTY(&server->checking) || !TAILQ_EMPTY(&server->refused);
}

/* Few addresses have many connections, or many have few: a small table tells them apart well enough. */
static unsigned slot_of(const struct app_session *session)
{
	const uint8_t *at = session->from.octets;

	return (at[7] ^ at[13] * 7u ^ at[14] * 31u ^ at[15] * 131u) % 1024;
}

/* Of the oldest ones only: a flood must not make each connection dear. */
struct app_session *app_login_victim(struct app_server *server)
{
	static uint32_t counts[1024];
	struct app_session *at;
	uint32_t most = 0;
	unsigned seen = 0;

	memset(counts, 0, sizeof(counts));
	for (at = TAILQ_FIRST(&server->unbound); at && seen++ < APP_VICTIMS_MAX;
	     at = TAILQ_NEXT(at, unbound))
		if (++counts[slot_of(at)] > most)
			most = counts[slot_of(at)];
	TAILQ_FOREACH(at, &server->unbound, unbound)
	if (counts[slot_of(at)] == most)
		return at;
	return NULL;
}

bool app_login_handshake(struct app_pace *pace, uint64_t now_ms)
{
	if (now_ms >= pace->since_ms + APP_PACE_MS)
		*pace = (struct app_pace){ .since_ms = now_ms };
#ifndef FG_MUTANT_app_pace
	return ++pace->count >= APP_PACE_MOST;
#else
	return false;
#endif
}
