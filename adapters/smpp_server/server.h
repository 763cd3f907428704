/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The smpp_server adapter: applications bind to it as if it were an SMSC (SMPP 3.4). Shared by its files:
 *
 *   server.c   the adapter: listener, accounts, messages that wait for their answer
 *   session.c  one connection: bytes in, PDUs out, who may say what when
 *   submit.c   submit_sm and its kin become submissions
 *   tell.c     receipts become deliver_sm
 *   deliver.c  and so do messages of phones
 *
 * A session has no socket of its own: bytes come in by app_session_input(), leave by its evbuffer, time is given. What it accepts is
 * answered only when the host says that it is durable.
 */
#pragma once

#include <event2/buffer.h>

#include "adapters/adapter.h"
#include "lib/crypto/crypto.h"
#include "lib/wire/smpp.h"

enum {
	APP_UNBOUND_PDU_MAX = 256, /* operators.md: before bind nobody needs more */
	APP_UNBOUND_MS = 10000,
	APP_INACTIVITY_MS = 300000,
	APP_TELL_WINDOW = 512, /* places for receipts of a bind that are not answered */
	APP_TELL_MOST = 384,   /* so many at once: answers that overtake others leave holes */
	APP_TELL_MS = 60000,
	APP_OUTPUT_MAX = 1024 * 1024, /* unread by the application: nothing more is read from it */
	APP_PENDING_MAX = 65536,
	APP_JOBS_MAX = 256,          /* messages of phones that are not answered */
	APP_PROTECTION_TLV = 0x1420, /* docs/operations.md: how a message really went, in words */
	APP_STATUS_BELOW_FLOOR =
		0x0420, /* ours, of the vendor range: the floor of the account cannot be met */
	APP_STATUS_DUPLICATE_KEY = 0x0421,
};

struct app_account {
	const struct fg_conf_accounts *conf;
	uint8_t message_class; /* enum fg_message_class */
	unsigned binds;
	bool verified; /* secret_tag is of the right password */
	struct fg_hash *secret_tag;
	double tokens; /* of the rate */
	uint64_t refilled_ms;
	struct app_session *receivers; /* ring of binds that take receipts */
	uint16_t receivers_count;
	bool changed; /* the host has not heard of it */
};

enum app_kind { APP_TX = 1, APP_RX = 2, APP_TRX = 3 };
enum app_state { APP_OPEN, APP_BOUND, APP_CLOSING };

/* A deliver_sm that is not answered: a receipt, or a message of a phone. */
struct app_told {
	bool used, final;
	uint16_t leg; /* of the job; 0: a receipt */
	uint32_t sequence;
	struct fg_id message_id;
	uint64_t due_ms;
};

struct app_session {
	struct app_server *server;
	struct app_session *next, *before; /* of the server */
	struct app_session *next_receiver; /* ring */
	struct app_account *account;       /* NULL before bind */
	enum app_state state;
	enum app_kind kind;
	struct evbuffer *out;
	void *owner; /* of server.c */
	uint64_t opened_ms, heard_ms;
	uint32_t sequence;
	unsigned in_flight; /* submits that wait */
	unsigned telling;
	struct app_told told[APP_TELL_WINDOW]; /* by sequence */
};

/* One request that waits for the host. token = place | generation << 32. */
struct app_pending {
	struct app_session *session; /* NULL: it is gone, or the place is free */
	uint32_t command, sequence;
	uint32_t generation;
	uint32_t next_free;
	char message_id[33]; /* query: echoed */
};

struct app_server {
	struct fg_adapter_host *host;
	struct fg_loop *loop;
	const struct fg_conf_links *conf;
	struct app_account *accounts;
	size_t accounts_count;
	struct app_session *sessions;
	size_t sessions_count;
	struct app_pending *pending;
	uint32_t pending_cap, first_free, pending_count;
	uint8_t tag_key[32];  /* of secret_tag, new with each process */
	uint64_t slow_second; /* slow verifications are few a second */
	unsigned slow_count;
	bool draining, left;
	unsigned drain_ticks;                      /* seconds since it began */
	void (*wake)(struct app_session *session); /* output is there; may be NULL */
	void (*close)(struct app_session *session);
	struct event *tick;
	struct evconnlistener *listener;
};

/* server.c */
struct app_account *app_account_find(struct app_server *server, struct fg_smpp_bytes name);
/* A place for a request: its token, or 0 when all are taken. */
uint64_t app_pending_new(struct app_server *server, struct app_session *session,
			 const struct fg_smpp_pdu *pdu);
struct app_pending *app_pending_find(struct app_server *server, uint64_t token);
void app_pending_free(struct app_server *server, struct app_pending *pending);
/* All of them, whose sessions must be gone: answers that still come find nobody. O(APP_PENDING_MAX). */
void app_pending_forget(struct app_server *server);
/* Make a server without sockets: for server.c and tests. FG_OK; FG_E_NO_MEMORY; FG_E_CONF without accounts. */
enum fg_rc app_server_init(struct app_server *server, struct fg_adapter_host *host,
			   const struct fg_conf *conf, const struct fg_conf_links *link);
void app_server_wipe(struct app_server *server);
void app_server_taken(struct app_server *server, uint64_t token, const struct fg_id *message_id,
		      enum fg_rc rc);
void app_server_answer(struct app_server *server, const struct fg_app_answer *answer);
void app_server_receipt(struct app_server *server, const struct fg_app_receipt *receipt,
			uint64_t now_ms);
/* Tell the host of accounts whose binds have changed. */
void app_server_say_bound(struct app_server *server);

/* session.c */
struct app_session *app_session_new(struct app_server *server, uint64_t now_ms);
/* Octets that it used; SIZE_MAX: the stream is lost, close it once the output is written. */
size_t app_session_input(struct app_session *session, const uint8_t *data, size_t len,
			 uint64_t now_ms);
void app_session_tick(struct app_session *session, uint64_t now_ms);
/* Gone: what it was told and has not answered is told again by whoever said it. */
void app_session_free(struct app_session *session);
void app_session_send(struct app_session *session, const struct fg_smpp_pdu *pdu);
/* A response without a body. */
void app_session_answer(struct app_session *session, uint32_t command, uint32_t sequence,
			uint32_t status);

/* submit.c: FG_SMPP_STATUS_* 0 when a response will follow. */
uint32_t app_submit(struct app_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms);
uint32_t app_ask(struct app_session *session, const struct fg_smpp_pdu *pdu);
uint32_t app_status_of(enum fg_rc rc);

/* tell.c */
void app_tell(struct app_session *session, const struct fg_app_receipt *receipt, uint64_t now_ms);
void app_told(struct app_session *session, const struct fg_smpp_pdu *pdu);
void app_tell_timeouts(struct app_session *session, uint64_t now_ms);
void app_tell_abandon(struct app_session *session);
void app_address(const char *address, uint8_t *ton, uint8_t *npi, struct fg_smpp_bytes *out);

/* deliver.c: FG_OK: an outcome follows, and the text is taken over; FG_E_LINK_DOWN: the application is not there; FG_E_LINK_RECIPIENT:
 * it is nobody's number. */
enum fg_rc app_deliver(struct app_server *server, const struct fg_job *job, uint64_t now_ms);
/* status: of its answer, when there was one. */
void app_delivered(struct app_session *session, const struct app_told *told, bool answered,
		   uint32_t status);
