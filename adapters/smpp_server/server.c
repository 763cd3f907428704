/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Accounts, and requests that wait for their answer from the host.
 */
#include "adapters/smpp_server/server.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/log.h"

/* ---- accounts ---- */

struct app_account *app_account_find(struct app_server *server, struct fg_smpp_bytes name)
{
	for (size_t i = 0; i < server->accounts_count; i++)
		if (server->accounts[i].served &&
		    strlen(server->accounts[i].conf->name) == name.len && name.len > 0 &&
		    memcmp(server->accounts[i].conf->name, name.at, name.len) == 0)
			return &server->accounts[i];
	return NULL;
}

/* The numbers of enum fg_message_class (gateway/decide/decide.h), in this order. */
static uint8_t class_of(const char *word)
{
	static const char *const words[] = { "otp", "interactive", "normal", "bulk",
					     "confidential" };

	for (uint8_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return 2;
}

/* Its keys may be others than before. */
static void refresh(struct app_server *server, struct app_account *account)
{
	const struct fg_conf_accounts *conf = account->conf;
	bool same_secret = strcmp(account->secret, conf->secret) == 0;

	account->served = strcmp(conf->secret, FG_CONF_NO_SECRET) != 0 &&
			  (!conf->link[0] || strcmp(conf->link, server->conf->name) == 0);
	account->message_class = class_of(conf->message_class);
#ifndef FG_MUTANT_app_old_secret
	if (!same_secret)
		account->verified = false;
#endif
	if (!same_secret)
		memcpy(account->secret, conf->secret, sizeof(account->secret));
	/* checked by whoever read the configuration; otherwise nobody may come */
	if (!fg_networks_read(conf->networks, account->networks, &account->networks_count))
		account->served = false;
}

static enum fg_rc read_accounts(struct app_server *server)
{
	while (server->accounts_count < server->whole->accounts_count) {
		struct app_account *account = &server->accounts[server->accounts_count];

		account->conf = &server->whole->accounts[server->accounts_count];
		account->tokens = (double)account->conf->burst;
		account->secret_tag = calloc(1, sizeof(*account->secret_tag));
		if (!account->secret_tag)
			return FG_E_NO_MEMORY;
		server->accounts_count++;
	}
	for (size_t i = 0; i < server->accounts_count; i++)
		refresh(server, &server->accounts[i]);
	return FG_OK;
}

void app_server_accounts_changed(struct app_server *server)
{
	struct app_session *session, *next;

	if (read_accounts(server) != FG_OK)
		FG_BUG("no memory for accounts");
	for (session = server->sessions; session; session = next) {
		next = session->next;
		if (session->account && !session->account->served)
			app_session_part(session);
	}
}

enum fg_rc app_server_init(struct app_server *server, struct fg_adapter_host *host,
			   const struct fg_conf *conf, const struct fg_conf_links *link)
{
	server->host = host;
	server->conf = link;
	server->whole = conf;
	TAILQ_INIT(&server->unbound);
	TAILQ_INIT(&server->checking);
	TAILQ_INIT(&server->refused);
	TAILQ_INIT(&server->multis);
	fg_random(server->tag_key, sizeof(server->tag_key));
	server->accounts = calloc(FG_CONF_ACCOUNTS_MAX, sizeof(*server->accounts));
	server->pending_cap = APP_PENDING_MAX;
	server->pending = calloc(server->pending_cap, sizeof(*server->pending));
	if (!server->accounts || !server->pending)
		return FG_E_NO_MEMORY;
	app_pending_forget(server);
	return read_accounts(server);
}

void app_server_wipe(struct app_server *server)
{
	while (server->sessions)
		app_session_free(server->sessions);
	while (server->multis.tqh_first)
		app_multi_free(server, server->multis.tqh_first);
	for (size_t i = 0; i < server->accounts_count; i++)
		free(server->accounts[i].secret_tag);
	free(server->accounts);
	free(server->pending);
	server->accounts = NULL;
	server->accounts_count = 0;
	server->pending = NULL;
}

void app_server_say_bound(struct app_server *server)
{
	for (size_t i = 0; i < server->accounts_count; i++) {
		struct app_account *account = &server->accounts[i];
		struct app_session *at = account->receivers;
		uint32_t room = 0;

		if (!account->changed)
			continue;
		for (uint16_t n = 0; n < account->receivers_count; n++, at = at->next_receiver)
			if (at->telling < APP_TELL_MOST && app_session_backlog(at) < APP_OUTPUT_MAX)
				room += APP_TELL_MOST - at->telling;
		account->changed = false;
		fg_host_bound(server->host, account->conf->name, account->receivers_count, room);
	}
}

bool app_server_may_log(struct app_server *server, uint64_t now_ms)
{
	if (server->lines_second != now_ms / 1000) {
		if (server->lines_left_out > 0)
			LOG_LINK(fg_host_name(server->host), DSMPP, LOGL_NOTICE,
				 "refuse strangers: %u more lines in a second were left out\n",
				 server->lines_left_out);
		server->lines_second = now_ms / 1000;
		server->lines = server->lines_left_out = 0;
	}
	if (server->lines++ < APP_LINES_MAX)
		return true;
	server->lines_left_out++;
	return false;
}

/* ---- what waits for its answer ---- */

uint64_t app_pending_new(struct app_server *server, struct app_session *session,
			 const struct fg_smpp_pdu *pdu)
{
	uint32_t place = server->first_free;
	struct app_pending *pending;

	if (place == server->pending_cap)
		return 0;
	pending = &server->pending[place];
	server->first_free = pending->next_free;
	server->pending_count++;
	pending->session = session;
	pending->command = pdu->command;
	pending->sequence = pdu->sequence;
	pending->multi = NULL;
	if (++pending->generation == 0)
		pending->generation = 1;
	session->in_flight++;
	return (uint64_t)pending->generation << 32 | place;
}

void app_pending_forget(struct app_server *server)
{
	for (uint32_t i = 0; i < server->pending_cap; i++) {
		server->pending[i].session = NULL;
		server->pending[i].multi = NULL;
		server->pending[i].generation++;
		server->pending[i].next_free = i + 1;
	}
	while (server->multis.tqh_first)
		app_multi_free(server, server->multis.tqh_first);
	server->first_free = 0;
	server->pending_count = 0;
}

struct app_pending *app_pending_find(struct app_server *server, uint64_t token)
{
	uint32_t place = (uint32_t)token;

	if (place >= server->pending_cap || server->pending[place].generation != token >> 32)
		return NULL;
	return &server->pending[place];
}

void app_pending_free(struct app_server *server, struct app_pending *pending)
{
	struct app_session *session = pending->session;

	pending->session = NULL;
	pending->generation++; /* an answer that comes twice finds nobody */
	pending->next_free = server->first_free;
	server->first_free = (uint32_t)(pending - server->pending);
	server->pending_count--;
	if (session)
		app_session_settled(session);
}

static void answer_taken(const struct app_pending *pending, const struct fg_id *message_id)
{
	char id[FG_ID_TEXT_LEN + 1];
	struct fg_smpp_pdu answer;

	memset(&answer, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	answer.command = pending->command | FG_SMPP_RESPONSE;
	answer.sequence = pending->sequence;
	answer.sm_resp.message_id = fg_smpp_text(fg_id_text(message_id, id));
	app_session_send(pending->session, &answer);
}

void app_server_taken(struct app_server *server, uint64_t token, const struct fg_id *message_id,
		      enum fg_rc rc)
{
	struct app_pending *pending = app_pending_find(server, token);
	struct app_refusal refusal = app_refusal_of(rc);

	if (!pending)
		return;
	if (pending->multi)
		app_multi_taken(server, pending, message_id, refusal.status);
	else if (pending->session && refusal.status != 0)
		app_session_refuse(pending->session, pending->command | FG_SMPP_RESPONSE,
				   pending->sequence, refusal);
	else if (pending->session)
		answer_taken(pending, message_id);
	app_pending_free(server, pending);
}

/* Round robin over the binds that have room and read what they are sent. */
void app_server_receipt(struct app_server *server, const struct fg_app_receipt *receipt,
			uint64_t now_ms)
{
	struct app_account *account = app_account_find(server, fg_smpp_text(receipt->account));
	struct app_session *at = account ? account->receivers : NULL;

	for (uint16_t n = 0; at && n < account->receivers_count; n++, at = at->next_receiver)
		if (app_tell_room(at)) {
			account->receivers = at->next_receiver;
			app_tell(at, receipt, now_ms);
			return;
		}
	/* Whoever said it gives no more until it hears of room: so it does. */
	if (account)
		account->changed = true;
	fg_host_told(server->host, receipt->account, &receipt->message_id, receipt->final,
		     FG_OUTCOME_DEFERRED);
}
