/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The smpp_server adapter: applications bind to it as if it were an SMSC (SMPP 3.4). Shared by its files:
 *
 *   listener.c the adapter: sockets, TLS, time
 *   server.c   accounts, messages that wait for their answer
 *   session.c  one connection: bytes in, PDUs out, who may say what when
 *   login.c    who may bind: networks, passwords, and what a flood of guesses may cost
 *   submit.c   submit_sm and its kin become submissions; multi.c: many at once; fields.c: addresses, times, texts
 *   ask.c      query_sm, cancel_sm, replace_sm
 *   tell.c     receipts become deliver_sm; deliver.c: and so do messages of phones
 *   words.c    what is said of an error or a receipt
 *
 * A session has no socket of its own: bytes come in by app_session_input(), leave by its evbuffer, time is given. What it accepts is
 * answered only when the host says that it is durable.
 */
#pragma once

#include <sys/queue.h>
#include <event2/buffer.h>

#include "adapters/adapter.h"
#include "adapters/smpp_server/words.h"
#include "lib/base/network.h"
#include "lib/crypto/crypto.h"
#include "lib/wire/smpp.h"

enum {
	APP_UNBOUND_MAX = 256, /* operators.md: octets before bind, nobody needs more */
	APP_UNBOUND_MS = 10000,
	APP_PACE_MS = 50,
	APP_PACE_MOST = 5,     /* TLS handshakes in APP_PACE_MS: a tenth of the thread */
	APP_PDU_MS = 10000,    /* operators.md, 4.1: a PDU that has begun is there by then */
	APP_TELL_WINDOW = 512, /* places for receipts of a bind that are not answered */
	APP_TELL_MOST = 384,   /* so many at once: answers that overtake others leave holes */
	APP_TELL_MS = 60000,
	APP_UNBIND_MS = 5000,         /* an unbind waits so long for answers that are owed */
	APP_OUTPUT_MAX = 1024 * 1024, /* unread by the application: nothing more is read from it */
	APP_OUTPUT_CUT = 8 * 1024 * 1024, /* and here it is cut off */
	APP_PENDING_MAX = 65536,
	APP_JOBS_MAX = 256, /* messages of phones that are not answered */
	APP_KEY_MAX = 64,   /* octets of an idempotency key */
	APP_LOOK_PAUSE_MS =
		250, /* between slow looks at passwords: at 50 ms each a fifth of a processor */
	APP_LOOKS_MAX = 32, /* binds that wait for one: the last is answered before it gives up */
	APP_LOOKS_FROM_ONE = 8, /* of them, from one address */
	APP_REFUSE_MS = 1000,   /* guessing is slow */
	APP_VICTIMS_MAX = 1000, /* of the oldest that are not bound, one makes room */
	APP_LINES_MAX = 10, /* log lines a second about strangers: a flood must not fill a disk */
};

struct app_account {
	const struct fg_conf_accounts *conf;
	bool served;           /* may bind here */
	uint8_t message_class; /* enum fg_message_class */
	unsigned binds;
	char secret[sizeof(
		((struct fg_conf_accounts *)0)->secret)]; /* that secret_tag belongs to */
	bool verified;                                    /* secret_tag is of the right password */
	struct fg_hash *secret_tag;
	struct fg_network networks[FG_NETWORKS_MAX];
	size_t networks_count; /* 0: from anywhere */
	double tokens;         /* of the rate */
	uint64_t refilled_ms;
	struct app_session *receivers; /* ring of binds that take receipts */
	uint16_t receivers_count;
	bool changed; /* the host has not heard of it */
};

enum app_kind { APP_TX = 1, APP_RX = 2, APP_TRX = 3 };

/* CHECKING: its bind waits for a slow look; REFUSED: for the answer to a refused one; UNBINDING: for answers that are owed. */
enum app_state { APP_OPEN, APP_CHECKING, APP_REFUSED, APP_BOUND, APP_UNBINDING, APP_CLOSING };

/* A deliver_sm that is not answered: a receipt, or a message of a phone. */
struct app_told {
	bool used, final;
	uint16_t leg; /* of the job; 0: a receipt */
	uint32_t sequence;
	struct fg_id message_id;
	uint64_t due_ms;
};

/* A bind that is not answered yet. */
struct app_bind {
	uint32_t command, sequence, status;
	uint8_t version;
	struct app_account *account;
	char password[65]; /* wiped when it was looked at */
	uint64_t due_ms;   /* REFUSED */
};

/* TLS handshakes in this piece of time. */
struct app_pace {
	uint64_t since_ms;
	unsigned count;
};

struct app_session {
	struct app_server *server;
	struct app_session *next, *before; /* of the server */
	struct app_session *next_receiver; /* ring */
	TAILQ_ENTRY(app_session) unbound;  /* while it is not bound */
	TAILQ_ENTRY(app_session) waiting;  /* CHECKING, REFUSED */
	struct fg_address from;
	struct app_account *account; /* NULL before bind */
	enum app_state state;
	enum app_kind kind;
	uint8_t version; /* interface_version of its bind */
	struct app_bind bind;
	struct evbuffer *out;
	void *owner; /* of listener.c */
	bool wide;   /* of listener.c: reads without bound */
	uint64_t opened_ms, heard_ms, asked_ms;
	uint64_t cut_ms;    /* half of a PDU is there since then; 0: none is */
	uint64_t unbind_ms; /* UNBINDING: when patience ends */
	size_t unbound_octets;
	bool asked; /* an enquire_link of ours is not answered */
	uint32_t sequence, unbind_sequence;
	unsigned in_flight; /* submits that wait */
	unsigned telling;
	struct app_told *told; /* [APP_TELL_WINDOW], by sequence; NULL: takes no receipts */
};

TAILQ_HEAD(app_sessions, app_session);

/* A submit_multi of which not all destinations are answered. */
struct app_multi {
	TAILQ_ENTRY(app_multi) entry;
	uint32_t sequence;
	unsigned left; /* destinations that wait */
	bool has_id;
	struct fg_id id; /* of the first that was taken */
	uint8_t not_taken;
	size_t unsuccess_len;
	uint8_t *unsuccess; /* [FG_SMPP_UNSUCCESS_MAX] a destination */
	struct app_dest {
		uint8_t ton, npi;
		char address[22];
	} dests[];
};

/* One request that waits for the host. token = place | generation << 32. */
struct app_pending {
	struct app_session *session; /* NULL: it is gone, or the place is free */
	uint32_t command, sequence;
	uint32_t generation;
	uint32_t next_free;
	struct app_multi *multi; /* of submit_multi, and which destination */
	uint8_t dest;
	struct fg_id asked; /* query: echoed */
};

struct app_server {
	struct fg_adapter_host *host;
	struct fg_loop *loop;
	const struct fg_conf_links *conf;
	const struct fg_conf *whole;
	struct app_account *accounts; /* [FG_CONF_ACCOUNTS_MAX], by place in the configuration */
	size_t accounts_count;
	struct app_session *sessions;
	size_t sessions_count;
	struct app_sessions unbound; /* the oldest first */
	struct app_sessions checking, refused;
	unsigned checking_count;
	uint64_t look_ms; /* no slow look at a password before */
	TAILQ_HEAD(, app_multi) multis;
	struct app_pending *pending;
	uint32_t pending_cap, first_free, pending_count;
	uint8_t tag_key[32];   /* of secret_tag, new with each process */
	uint64_t lines_second; /* of the lines about strangers */
	unsigned lines, lines_left_out;
	bool draining;
	/* Of listener.c; NULL in tests. Output is there; it may read on; octets that it has not read; it is to be cut off. */
	void (*wake)(struct app_session *session);
	void (*resume)(struct app_session *session);
	size_t (*backlog)(const struct app_session *session);
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
/* Make a server without sockets: for listener.c and tests. FG_OK; FG_E_NO_MEMORY. */
enum fg_rc app_server_init(struct app_server *server, struct fg_adapter_host *host,
			   const struct fg_conf *conf, const struct fg_conf_links *link);
void app_server_wipe(struct app_server *server);
/* The accounts have other keys than before: who is gone is unbound. */
void app_server_accounts_changed(struct app_server *server);
void app_server_taken(struct app_server *server, uint64_t token, const struct fg_id *message_id,
		      enum fg_rc rc);
void app_server_answer(struct app_server *server, const struct fg_app_answer *answer);
void app_server_receipt(struct app_server *server, const struct fg_app_receipt *receipt,
			uint64_t now_ms);
/* May one more line about a stranger be logged? What was left out is counted in a line of its own. */
bool app_server_may_log(struct app_server *server, uint64_t now_ms);
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
/* The same, and why, in a word. */
void app_session_refuse(struct app_session *session, uint32_t command, uint32_t sequence,
			struct app_refusal why);
/* It is bound from now on, by what its bind said. FG_SMPP_STATUS_* 0, or why not. */
uint32_t app_session_bind(struct app_session *session);
/* Say unbind and close. */
void app_session_part(struct app_session *session);
/* One answer less is owed. */
void app_session_settled(struct app_session *session);
/* The number of the next request of ours: session->sequence. 3.4, 5.1.4: 1 to 0x7FFFFFFF. */
uint32_t app_session_next(struct app_session *session);
/* Octets that wait for it to read. */
size_t app_session_backlog(const struct app_session *session);
bool app_session_takes_tlvs(const struct app_session *session);

/* login.c */
void app_login_take(struct app_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms);
/* Look at passwords, answer who was refused: whatever is due. True: more will be. */
bool app_login_turn(struct app_server *server, uint64_t now_ms);
/* Its bind waits for nothing more. */
void app_login_forget(struct app_session *session);
/* Who makes room for one more from there: the oldest that is not bound, of whom has the most. NULL: all are bound. */
struct app_session *app_login_victim(struct app_server *server);
/* One more TLS handshake begins, each of which takes about a millisecond of the only thread. True: no other may before APP_PACE_MS are over. */
bool app_login_handshake(struct app_pace *pace, uint64_t now_ms);

/* submit.c: a status of 0 when a response will follow. */
void app_submit(struct app_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms);
/* multi.c */
void app_multi_taken(struct app_server *server, struct app_pending *pending,
		     const struct fg_id *message_id, uint32_t status);
void app_multi_free(struct app_server *server, struct app_multi *multi);
/* One more for which nothing waits. */
struct app_multi *app_multi_new(struct app_server *server, const struct fg_smpp_pdu *pdu);
void app_multi_not_taken(struct app_multi *multi, uint8_t dest, uint32_t status);
/* All that could be given was: answer, if nothing waits. */
void app_multi_given(struct app_session *session, struct app_multi *multi);

/* ask.c */
void app_ask(struct app_session *session, const struct fg_smpp_pdu *pdu);

/* tell.c */
void app_tell(struct app_session *session, const struct fg_app_receipt *receipt, uint64_t now_ms);
void app_told(struct app_session *session, const struct fg_smpp_pdu *pdu);
void app_tell_timeouts(struct app_session *session, uint64_t now_ms);
void app_tell_abandon(struct app_session *session);
/* A place for one more deliver_sm, by the number that it gets: session->sequence. Holes that answers left are passed over, so that one that is
 * never answered holds up nobody. Only when there is room. */
struct app_told *app_tell_place(struct app_session *session);
/* May the bind be sent one more deliver_sm, and does it read what it is sent? */
bool app_tell_room(const struct app_session *session);
void app_address(const char *address, uint8_t *ton, uint8_t *npi, struct fg_smpp_bytes *out);

/* deliver.c: FG_OK: an outcome follows, and the text is taken over; FG_E_LINK_DOWN: the application is not there; FG_E_LINK_RECIPIENT:
 * it is nobody's number. */
enum fg_rc app_deliver(struct app_server *server, const struct fg_job *job, uint64_t now_ms);
/* status: of its answer, when there was one. */
void app_delivered(struct app_session *session, const struct app_told *told, bool answered,
		   uint32_t status);
