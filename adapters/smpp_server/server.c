/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The adapter: accounts and what waits for its answer, then the sockets. Each loop turn writes what its PDUs left behind in one go.
 */
#include "adapters/smpp_server/server.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "lib/base/log.h"
#include "lib/wire/dlr.h"
#include "lib/wire/smpp_status.h"

enum { DRAIN_S = 3 }; /* ours: before the parent loses patience */

/* ---- accounts ---- */

struct app_account *app_account_find(struct app_server *server, struct fg_smpp_bytes name)
{
	for (size_t i = 0; i < server->accounts_count; i++)
		if (strlen(server->accounts[i].conf->name) == name.len && name.len > 0 &&
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

enum fg_rc app_server_init(struct app_server *server, struct fg_adapter_host *host,
			   const struct fg_conf *conf, const struct fg_conf_links *link)
{
	server->host = host;
	server->conf = link;
	server->accounts = calloc(conf->accounts_count + 1, sizeof(*server->accounts));
	if (!server->accounts)
		return FG_E_NO_MEMORY;
	fg_random(server->tag_key, sizeof(server->tag_key));
	for (size_t i = 0; i < conf->accounts_count; i++) {
		struct app_account *account = &server->accounts[server->accounts_count];

		if (conf->accounts[i].link[0] && strcmp(conf->accounts[i].link, link->name) != 0)
			continue;
		account->conf = &conf->accounts[i];
		account->message_class = class_of(account->conf->message_class);
		account->tokens = (double)account->conf->burst;
		account->secret_tag = calloc(1, sizeof(*account->secret_tag));
		if (!account->secret_tag)
			return FG_E_NO_MEMORY;
		server->accounts_count++;
	}
	server->pending_cap = APP_PENDING_MAX;
	server->pending = calloc(server->pending_cap, sizeof(*server->pending));
	if (!server->pending)
		return FG_E_NO_MEMORY;
	app_pending_forget(server);
	return FG_OK;
}

void app_server_wipe(struct app_server *server)
{
	while (server->sessions)
		app_session_free(server->sessions);
	for (size_t i = 0; server->accounts && i < server->accounts_count; i++)
		free(server->accounts[i].secret_tag);
	free(server->accounts);
	free(server->pending);
	server->accounts = NULL;
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
			room += at->telling < APP_TELL_MOST ? APP_TELL_MOST - at->telling : 0;
		account->changed = false;
		fg_host_bound(server->host, account->conf->name, account->receivers_count, room);
	}
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
	pending->message_id[0] = '\0';
	if (pdu->command == FG_SMPP_QUERY_SM &&
	    pdu->query.message_id.len < sizeof(pending->message_id)) {
		memcpy(pending->message_id, pdu->query.message_id.at, pdu->query.message_id.len);
		pending->message_id[pdu->query.message_id.len] = '\0';
	}
	if (++pending->generation == 0)
		pending->generation = 1;
	session->in_flight++;
	return (uint64_t)pending->generation << 32 | place;
}

void app_pending_forget(struct app_server *server)
{
	for (uint32_t i = 0; i < server->pending_cap; i++) {
		server->pending[i].session = NULL;
		server->pending[i].generation++;
		server->pending[i].next_free = i + 1;
	}
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
	if (pending->session)
		pending->session->in_flight--;
	pending->session = NULL;
	pending->generation++; /* an answer that comes twice finds nobody */
	pending->next_free = server->first_free;
	server->first_free = (uint32_t)(pending - server->pending);
	server->pending_count--;
}

void app_server_taken(struct app_server *server, uint64_t token, const struct fg_id *message_id,
		      enum fg_rc rc)
{
	struct app_pending *pending = app_pending_find(server, token);
	char id[FG_ID_TEXT_LEN + 1] = "";
	struct fg_smpp_pdu answer;

	if (!pending)
		return;
	if (pending->session) {
		memset(&answer, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
		answer.command = pending->command | FG_SMPP_RESPONSE;
		answer.sequence = pending->sequence;
		answer.status = app_status_of(rc);
		if (rc == FG_OK)
			answer.sm_resp.message_id = fg_smpp_text(fg_id_text(message_id, id));
		app_session_send(pending->session, &answer);
	}
	app_pending_free(server, pending);
}

static uint32_t status_of_answer(uint32_t command, enum fg_rc rc)
{
	if (rc == FG_OK || fg_rc_class(rc) == FG_CLASS_RETRY)
		return app_status_of(rc);
	return command == FG_SMPP_QUERY_SM    ? FG_SMPP_STATUS_RQUERYFAIL
	       : command == FG_SMPP_CANCEL_SM ? FG_SMPP_STATUS_RCANCELFAIL
					      : FG_SMPP_STATUS_RREPLACEFAIL;
}

void app_server_answer(struct app_server *server, const struct fg_app_answer *said)
{
	struct app_pending *pending = app_pending_find(server, said->token);
	struct fg_smpp_pdu answer;

	if (!pending)
		return;
	if (pending->session) {
		memset(&answer, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
		answer.command = pending->command | FG_SMPP_RESPONSE;
		answer.sequence = pending->sequence;
		answer.status = status_of_answer(pending->command, said->rc);
		if (pending->command == FG_SMPP_QUERY_SM) {
			answer.query_resp.message_id = fg_smpp_text(pending->message_id);
			answer.query_resp.message_state = said->state;
			answer.query_resp.error_code = (uint8_t)said->error;
		}
		app_session_send(pending->session, &answer);
	}
	app_pending_free(server, pending);
}

/* Round robin over the binds that have room and read what they are sent. */
void app_server_receipt(struct app_server *server, const struct fg_app_receipt *receipt,
			uint64_t now_ms)
{
	struct app_account *account = app_account_find(server, fg_smpp_text(receipt->account));
	struct app_session *at = account ? account->receivers : NULL;

	for (uint16_t n = 0; at && n < account->receivers_count; n++, at = at->next_receiver)
		if (at->telling < APP_TELL_MOST &&
		    !at->told[(at->sequence + 1) % APP_TELL_WINDOW].used &&
		    evbuffer_get_length(at->out) < APP_OUTPUT_MAX) {
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

/* ---- sockets ---- */

static uint64_t now_of(const struct app_server *server)
{
	return fg_clock_mono_ms(fg_loop_clock(server->loop));
}

static void drop(struct app_session *session)
{
	struct bufferevent *bev = session->owner;

	app_session_free(session);
	bufferevent_free(bev);
}

/* What a PDU left in the session's buffer moves to the socket's; nothing is copied. */
static void wake(struct app_session *session)
{
	if (session->owner)
		bufferevent_write_buffer(session->owner, session->out);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct app_session *session = arg;
	struct evbuffer *in = bufferevent_get_input(bev), *out = bufferevent_get_output(bev);
	size_t used;

	if (evbuffer_get_length(out) >= APP_OUTPUT_MAX) { /* it does not read: nor do we */
		bufferevent_disable(bev, EV_READ);
		return;
	}
	used = app_session_input(session, evbuffer_pullup(in, -1), evbuffer_get_length(in),
				 now_of(session->server));
	app_server_say_bound(session->server);
	if (used == SIZE_MAX)
		bufferevent_disable(bev, EV_READ);
	else
		evbuffer_drain(in, used);
	if (used == SIZE_MAX && evbuffer_get_length(out) == 0)
		drop(session);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct app_session *session = arg;

	if (session->state == APP_CLOSING)
		drop(session);
	else
		bufferevent_enable(bev, EV_READ);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct app_session *session = arg;
	struct app_server *server = session->server;

	(void)bev;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)))
		return;
	drop(session);
	app_server_say_bound(server);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		      int len, void *arg)
{
	struct app_server *server = arg;
	struct bufferevent *bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd,
							 BEV_OPT_CLOSE_ON_FREE);
	struct app_session *session = bev ? app_session_new(server, now_of(server)) : NULL;

	(void)from;
	(void)len;
	if (!session) {
		if (bev)
			bufferevent_free(bev);
		else
			evutil_closesocket(fd);
		return;
	}
	session->owner = bev;
	bufferevent_setcb(bev, on_read, on_written, on_event, session);
	bufferevent_set_max_single_read(bev, 64 * 1024);
	bufferevent_setwatermark(bev, EV_WRITE, 0, 0);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void leave(struct app_server *server)
{
	if (server->left)
		return;
	server->left = true;
	while (server->sessions)
		drop(server->sessions);
	fg_host_drained(server->host);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct app_server *server = arg;
	uint64_t now_ms = now_of(server);

	(void)fd;
	(void)what;
	for (struct app_session *session = server->sessions, *next; session; session = next) {
		next = session->next;
		app_session_tick(session, now_ms);
		if (session->state == APP_CLOSING &&
		    evbuffer_get_length(bufferevent_get_output(session->owner)) == 0)
			drop(session);
	}
	app_server_say_bound(server);
	if (server->draining && (server->pending_count == 0 || ++server->drain_ticks == DRAIN_S))
		leave(server);
}

static int server_destroy(struct app_server *server)
{
	while (server->sessions)
		drop(server->sessions);
	app_server_wipe(server);
	if (server->listener)
		evconnlistener_free(server->listener);
	if (server->tick)
		event_free(server->tick);
	return 0;
}

static enum fg_rc begin(struct app_server *server)
{
	static const struct timeval second = { .tv_sec = 1 };
	struct event_base *base = fg_loop_base(server->loop);
	int fd = fg_host_file_take(server->host, FG_FILE_LINK_LISTENER);

	server->tick = event_new(base, -1, EV_PERSIST, on_tick, server);
	if (!server->tick || event_add(server->tick, &second) != 0)
		return FG_E_NO_MEMORY;
	if (fd < 0)
		return FG_E_STATE;
	server->listener = evconnlistener_new(base, on_accept, server,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!server->listener) {
		close(fd);
		return FG_E_SYSTEM;
	}
	/* Up, whoever is bound: no way out leads here, and of whom is there the host hears by itself. */
	fg_host_state(server->host, true, APP_JOBS_MAX, 0, 0, "applications may bind");
	return FG_OK;
}

static enum fg_rc server_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			      const struct fg_conf_links *conf, void **adapter_out)
{
	struct app_server *server = talloc_zero(ctx, struct app_server);
	const struct fg_conf *whole = fg_host_conf(host);
	enum fg_rc rc;

	if (!server)
		return FG_E_NO_MEMORY;
	talloc_set_destructor(server, server_destroy);
	server->loop = loop;
	server->wake = wake;
	*adapter_out = server;
	rc = whole ? app_server_init(server, host, whole, conf) : FG_E_CONF;
	if (rc == FG_OK)
		rc = begin(server);
	if (rc != FG_OK)
		talloc_free(server);
	return rc;
}

static enum fg_rc server_job(void *adapter, const struct fg_job *job)
{
	struct app_server *server = adapter;
	enum fg_rc rc =
		server->draining ? FG_E_LINK_DOWN : app_deliver(server, job, now_of(server));

	if (rc != FG_OK)
		fg_job_text_free(job->text);
	return rc;
}

static void server_stored(void *adapter, uint64_t token)
{
	(void)adapter;
	(void)token;
}

static void server_taken(void *adapter, uint64_t token, const struct fg_id *message_id,
			 enum fg_rc rc)
{
	app_server_taken(adapter, token, message_id, rc);
}

static void server_receipt(void *adapter, const struct fg_app_receipt *receipt)
{
	struct app_server *server = adapter;

	app_server_receipt(server, receipt, now_of(server));
}

static void server_answer(void *adapter, const struct fg_app_answer *answer)
{
	app_server_answer(adapter, answer);
}

/* No new binds, and what comes now is refused for later; what was accepted is answered first, for an application that hears nothing sends
 * again. The tick that finds nothing owed ends it. */
/* Whoever waits for an answer cannot be told yes or no: to end its connection says just that. Others stay. */
static void abandon(struct app_server *server)
{
	unsigned count = 0;

	for (struct app_session *session = server->sessions, *next; session; session = next) {
		next = session->next;
		if (session->in_flight == 0)
			continue;
		drop(session);
		count++;
	}
	app_pending_forget(server);
	if (count)
		LOG_LINK(fg_host_name(server->host), DSMPP, LOGL_NOTICE,
			 "close %u connections that wait for an answer: the core has gone\n",
			 count);
}

static void server_reach(void *adapter, bool there)
{
	struct app_server *server = adapter;

	if (!there)
		abandon(server);
	for (size_t i = 0; there && i < server->accounts_count; i++)
		server->accounts[i].changed = true;
	app_server_say_bound(server);
}

static void server_drain(void *adapter)
{
	struct app_server *server = adapter;

	server->draining = true;
	if (server->listener)
		evconnlistener_disable(server->listener);
	for (struct app_session *s = server->sessions; s; s = s->next)
		if (s->state == APP_BOUND)
			app_session_answer(s, FG_SMPP_UNBIND, ++s->sequence, 0);
}

static void server_close(void *adapter)
{
	talloc_free(adapter);
}

const struct fg_adapter_ops fg_adapter_smpp_server = {
	.name = "smpp-server",
	.open = server_open,
	.job = server_job,
	.stored = server_stored,
	.taken = server_taken,
	.receipt = server_receipt,
	.answer = server_answer,
	.reach = server_reach,
	.drain = server_drain,
	.close = server_close,
};
