/* SPDX-License-Identifier: ISC
 *
 * What the files of the session share: session.c (registration, login, frames), session_keys.c,
 * session_order.c, session_send.c, session_consent.c, session_receive.c.
 */
#pragma once

#include "client/device/e2e.h"
#include "client/device/session.h"

enum fg_outgoing_stage {
	FG_OUTGOING_LOOKUP_OWN,
	FG_OUTGOING_LOOKUP,
	FG_OUTGOING_SEAL_KEYS,
	FG_OUTGOING_SUBMITTED,
	FG_OUTGOING_ASKED,
};

/* A message under way until its final receipt. */
struct fg_outgoing {
	struct fg_id id;
	enum fg_outgoing_stage stage;
	uint64_t request; /* whose answer it waits for */
	struct fg_send_options options;
	uint64_t expires_ms;
	uint64_t view_epoch; /* of the ABSENT view: the highest ever signed */
	bool retried;        /* after DEVICES_MISMATCH */
	bool was_secure;
	Fallgate__SealKeys *seal_keys; /* from an Ask */
	Fallgate__Submit *submit;      /* as far as it is made */
};

enum fg_session_phase { FG_SESSION_IDLE, FG_SESSION_HELLO, FG_SESSION_AUTH, FG_SESSION_READY };

/* What the application ordered of the gateway, one at a time. */
enum fg_order_kind {
	FG_ORDER_NONE,
	FG_ORDER_CANCEL,
	FG_ORDER_REMOVE,
	FG_ORDER_DEREGISTER,
	FG_ORDER_ACCEPT
};

struct fg_order {
	enum fg_order_kind kind;
	uint64_t request;
	char *handle; /* ACCEPT: whose identity, */
	uint8_t new_key[FG_SIGN_PUBLIC_LEN];
	uint64_t epoch;
};

struct fg_session {
	struct fg_state *state;
	const struct fg_callbacks *callbacks;
	struct fg_session_io io;
	struct fg_arena arena;
	enum fg_session_phase phase;
	uint64_t last_request;
	uint8_t exporter[32];
	uint8_t client_nonce[16];
	char *handle, *invitation; /* of a registration under way */
	char *mark;
	uint64_t consent_max_ms;
	bool own_devices_many; /* own parts are needed */
	struct fg_outgoing *outgoing[FG_SESSION_OUTGOING_MAX];
	uint64_t own_epoch; /* of the newest view of the own handle; 0: none that counts */
	struct fg_order order;
	uint64_t lookup_request, list_request, verify_request;
	char *lookup_handle;
	struct fg_id verify_id;
	struct fg_checkpoint verify_old;
	bool verify_newest; /* the second question: against the newest checkpoint seen */
	Fallgate__AckItem *acks[FG_SESSION_ACKS_MAX];
	size_t acks_count;
	uint64_t ack_upto;
	bool dirty;
};

uint64_t fg_session_now(const struct fg_session *s);
/* Number, pack and transmit. FG_OK; FG_E_TOO_LONG; FG_E_NO_MEMORY. */
enum fg_rc fg_session_transmit(struct fg_session *s, Fallgate__ClientFrame *frame);
/* Tell the application; message_id may be NULL. */
void fg_session_error(struct fg_session *s, enum fg_rc rc, const char *text,
		      const struct fg_id *message_id);
void fg_session_notice(struct fg_session *s, const char *text);
/* Check a view of that handle against trust, time and pin. Errors of fg_view_check(). */
enum fg_rc fg_session_view(struct fg_session *s, const Fallgate__Signed *view, const char *handle,
			   const Fallgate__View **view_out);
/* The checkpoint is verified: keep its text if it is the newest. */
void fg_session_checkpoint(struct fg_session *s, const struct fg_checkpoint *checkpoint,
			   const char *note);

/* session_keys.c: account and certificate for a registration. FG_OK; FG_E_STATE without account key
 * and approval; FG_E_NO_MEMORY. */
enum fg_rc fg_session_certify(struct fg_session *s);
/* Upload what is due: certificate, signed prekey, and one-time prekeys when few are left. */
enum fg_rc fg_session_refill(struct fg_session *s, uint32_t left);

/* session_order.c */
void fg_order_lookup(struct fg_session *s, const Fallgate__LookupResult *result);
void fg_order_done(struct fg_session *s);
void fg_order_forget(struct fg_session *s);

/* session_send.c */
struct fg_outgoing *fg_outgoing_by_id(struct fg_session *s, const void *message_id, size_t len);
/* True when the frame answers an outgoing message. */
bool fg_outgoing_answer(struct fg_session *s, const Fallgate__ServerFrame *frame);
void fg_outgoing_ask(struct fg_session *s, const Fallgate__Ask *ask);
/* The gateway has it, durably: it need not be given again. sent may be NULL. */
void fg_outgoing_accepted(struct fg_session *s, Fallgate__Sent *sent);
void fg_outgoing_end(struct fg_session *s, struct fg_outgoing *o);

/* session_consent.c: a capsule and the consent to open it: into the state and, the capsule, into
 * o->submit. FG_OK; FG_E_CONSENT_BEARER; FG_E_TRUST; FG_E_MARK; errors of fg_capsule_make() and of
 * saving. */
enum fg_rc fg_outgoing_consent(struct fg_session *s, struct fg_outgoing *o,
			       const Fallgate__SealKeys *keys, unsigned bearers, bool pin_ack);
/* Take back a consent that was never given. */
void fg_outgoing_forget_consent(struct fg_session *s, struct fg_outgoing *o);

/* session_receive.c */
void fg_session_push(struct fg_session *s, const Fallgate__Push *push);
/* A head came in answer to a verification. */
void fg_session_head(struct fg_session *s, const Fallgate__Head *head);
