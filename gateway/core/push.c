/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A device's queue: pushed in order, a bounded number at once, at least once; a row is deleted when the device has acknowledged it,
 * the row of a message only when the device has signed for that very content.
 */
#include "gateway/core/internal.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>

enum { IN_FLIGHT_MAX = 32 };

struct item {
	uint64_t seq;
	struct fg_id id;
	uint8_t tag;
	bool is_message; /* only a signed item deletes it */
	bool leaving;    /* its deletion is on the way to the disk */
	struct fg_hash content;
};

struct fg_push_state {
	uint64_t cursor; /* seq of the last push */
	size_t count;
	struct item items[IN_FLIGHT_MAX]; /* in order of seq */
	bool fetching;
	bool again; /* something came while a fetch was on its way */
	bool stuck; /* the link's channel is full */
};

struct fetch {
	struct fg_core *core;
	uint64_t conn;
	size_t limit;
};

static void fetch_more(struct fg_core *core, struct fg_session *session);

void fg_push_free(struct fg_session *session)
{
	free(session->push);
	session->push = NULL;
}

/* ---- push ---- */

static void note(struct fg_push_state *push, const struct fg_store_row *row,
		 const Fallgate__Push *body)
{
	struct item *item = &push->items[push->count++];

	*item = (struct item){ .seq = row->seq, .id = row->id, .tag = row->tag };
	item->is_message = body->kind == FALLGATE__PUSH_KIND__PUSH_MESSAGE ||
			   body->kind == FALLGATE__PUSH_KIND__PUSH_RELAYED;
	if (item->is_message && body->part)
		item->content = fg_sha256(body->part->sealed.data, body->part->sealed.len);
}

static enum fg_rc push_row(struct fg_core *core, struct fg_session *session,
			   const struct fg_store_row *row)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Push *body;
	enum fg_rc rc;

	fg_arena_reset(&core->arena);
	body = fg_proto_unpack(&core->arena, &fallgate__push__descriptor, row->body.data,
			       row->body.len);
	if (!body) {
		/* It stays in the store: passing over it is all that can be done here, and that is said. */
		LOG_MSG(&row->id, DSTORE, LOGL_ERROR, "push queue item: not readable seq=%llu\n",
			(unsigned long long)row->seq);
		session->push->cursor = row->seq;
		return FG_OK;
	}
	body->sequence = row->seq;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_PUSH;
	frame.push = body;
	rc = fg_session_send(core, session, 0, &frame);
	if (rc != FG_OK)
		return rc;
	session->push->cursor = row->seq;
	note(session->push, row, body);
	return FG_OK;
}

static void push_rows(struct fg_core *core, struct fg_session *session,
		      const struct fg_store_row *rows, size_t count, size_t limit)
{
	struct fg_push_state *push = session->push;

	for (size_t i = 0; i < count; i++) {
		enum fg_rc rc = push_row(core, session, &rows[i]);

		if (rc != FG_OK) {
			push->stuck = rc == FG_E_IPC_FULL;
			return;
		}
	}
	if (push->again || count == limit) {
		push->again = false;
		fetch_more(core, session);
	}
}

static void on_rows(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fetch *fetch = arg;
	struct fg_core *core = fetch->core;
	struct fg_session *session = fg_session_find(core, fetch->conn);

	if (session && session->push) {
		session->push->fetching = false;
		if (fg_core_store_rc(core, rc) == FG_OK)
			push_rows(core, session, rows, count, fetch->limit);
		else
			fg_session_drop(core, session, rc);
	}
	talloc_free(fetch);
}

static void fetch_more(struct fg_core *core, struct fg_session *session)
{
	struct fg_push_state *push = session->push;
	size_t most = (size_t)core->conf->limits.push_in_flight;
	struct fetch *fetch;

	if (push->fetching) {
		push->again = true;
		return;
	}
	if (push->stuck || push->count >= most || push->count >= IN_FLIGHT_MAX)
		return;
	fetch = talloc(NULL, struct fetch);
	if (!fetch)
		return;
	*fetch = (struct fetch){ core, session->conn, most - push->count };
	push->fetching = true;
	if (fg_core_store_rc(core, fg_store_fetch(core->store, session->device_id, push->cursor,
						  fetch->limit, on_rows, fetch)) != FG_OK) {
		push->fetching = false;
		talloc_free(fetch);
	}
}

void fg_push_start(struct fg_core *core, struct fg_session *session)
{
	if (!session->push)
		session->push = calloc(1, sizeof(*session->push));
	if (session->push)
		fetch_more(core, session);
}

void fg_push_wake(struct fg_core *core, const uint8_t device_id[static FG_DEVICE_ID_LEN])
{
	struct fg_session *session = fg_session_of_device(core, device_id);

	if (session && session->push)
		fetch_more(core, session);
}

static void unstick(struct fg_core *core, struct fg_session *session)
{
	if (!session->push || !session->push->stuck)
		return;
	session->push->stuck = false;
	fetch_more(core, session);
}

void fg_push_room(struct fg_core *core)
{
	fg_session_each(core, unstick);
}

/* ---- acknowledge ---- */

struct deletion {
	struct fg_core *core;
	uint64_t conn, request;
	uint8_t device_id[FG_DEVICE_ID_LEN], account_key[FG_ACCOUNT_KEY_LEN];
	struct fg_bytes ack;
	size_t count, messages_count;
	struct fg_store_op ops[IN_FLIGHT_MAX];
	struct fg_id messages[IN_FLIGHT_MAX];
};

static struct item *find_message(struct fg_push_state *push, const ProtobufCBinaryData *id)
{
	for (size_t i = 0; i < push->count; i++)
		if (push->items[i].is_message && FG_HAS_LEN(*id, FG_ID_LEN) &&
		    memcmp(push->items[i].id.b, id->data, FG_ID_LEN) == 0)
			return &push->items[i];
	return NULL;
}

static void take_item(struct deletion *deletion, struct item *item)
{
	struct fg_store_op *op = &deletion->ops[deletion->count++];

	op->op = FG_OP_QUEUE_ACK;
	memcpy(op->device, deletion->device_id, FG_DEVICE_ID_LEN);
	op->id = item->id;
	op->tag = item->tag;
	if (item->is_message)
		deletion->messages[deletion->messages_count++] = item->id;
	item->leaving = true;
}

static bool names_content(const Fallgate__AckItem *signed_item, const struct item *item)
{
	return FG_HAS_LEN(signed_item->content_hash, FG_SHA256_LEN) &&
	       fg_equal(signed_item->content_hash.data, item->content.b, FG_SHA256_LEN);
}

__attribute__((unused)) static enum fg_rc check_items(struct fg_push_state *push,
						      const Fallgate__Ack *ack)
{
	for (size_t i = 0; i < ack->n_items; i++) {
		const struct item *item = find_message(push, &ack->items[i]->message_id);

		if (item && !names_content(ack->items[i], item))
			return FG_E_DENIED;
	}
	return FG_OK;
}

/* The Ack, signed by the very device that is connected; NULL without one. */
static enum fg_rc open_ack(struct fg_core *core, const struct fg_session *session,
			   const Fallgate__Signed *signed_ack, const Fallgate__Ack **ack_out)
{
	const Fallgate__Ack *ack;
	enum fg_rc rc = FG_OK;

	if (!signed_ack) {
		*ack_out = NULL;
		return FG_OK;
	}
#ifndef FG_MUTANT_ack_signature
	rc = fg_signed_verify(signed_ack, session->signing_key, FG_SIGN_PUBLIC_LEN, FG_LABEL_ACK);
	if (rc != FG_OK)
		return rc;
#endif
	ack = fg_proto_unpack(&core->arena, &fallgate__ack__descriptor, signed_ack->body.data,
			      signed_ack->body.len);
	if (!ack || ack->n_items > IN_FLIGHT_MAX || !FG_HAS_LEN(ack->device_id, FG_DEVICE_ID_LEN))
		return FG_E_SYNTAX;
	if (memcmp(ack->device_id.data, session->device_id, FG_DEVICE_ID_LEN) != 0)
		return FG_E_DENIED;
#ifndef FG_MUTANT_ack_content
	rc = check_items(session->push, ack);
#endif
	if (rc == FG_OK)
		*ack_out = ack;
	return rc;
}

static void collect(struct deletion *deletion, struct fg_push_state *push, const Fallgate__Ack *ack,
		    uint64_t upto)
{
	for (size_t i = 0; ack && i < ack->n_items; i++) {
		struct item *item = find_message(push, &ack->items[i]->message_id);

		if (item && !item->leaving)
			take_item(deletion, item);
	}
	for (size_t i = 0; i < push->count; i++)
		if (!push->items[i].is_message && !push->items[i].leaving &&
		    push->items[i].seq <= upto)
			take_item(deletion, &push->items[i]);
}

static bool was_deleted(const struct deletion *deletion, const struct item *item)
{
	for (size_t i = 0; i < deletion->count; i++)
		if (deletion->ops[i].tag == item->tag &&
		    fg_id_cmp(&deletion->ops[i].id, &item->id) == 0)
			return true;
	return false;
}

/* What left the disk leaves the window; what could not be deleted may be acknowledged once more. */
static void settle(const struct deletion *deletion, struct fg_push_state *push, bool durable)
{
	size_t kept = 0;

	for (size_t i = 0; i < push->count; i++) {
		struct item item = push->items[i];

		if (was_deleted(deletion, &item)) {
			if (durable)
				continue;
			item.leaving = false;
		}
		push->items[kept++] = item;
	}
	push->count = kept;
}

static void on_deleted(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct deletion *deletion = arg;
	struct fg_core *core = deletion->core;
	struct fg_session *session;

	(void)ops;
	(void)count;
	fg_core_store_rc(core, rc);
	session = fg_session_find(core, deletion->conn);
	if (session && session->push) {
		settle(deletion, session->push, rc == FG_OK);
		if (rc == FG_OK)
			fg_session_done(core, session, deletion->request);
		else
			fg_session_error(core, session, deletion->request, rc, NULL, 0);
		fetch_more(core, session);
	}
	talloc_free(deletion);
}

static struct deletion *make_deletion(struct fg_core *core, const struct fg_session *session,
				      uint64_t request, const Fallgate__Signed *ack)
{
	struct deletion *deletion = talloc_zero(NULL, struct deletion);
	uint8_t *data;
	size_t len;

	if (!deletion)
		return NULL;
	deletion->core = core;
	deletion->conn = session->conn;
	deletion->request = request;
	memcpy(deletion->device_id, session->device_id, FG_DEVICE_ID_LEN);
	memcpy(deletion->account_key, session->account_key, FG_ACCOUNT_KEY_LEN);
	if (!ack)
		return deletion;
	len = fallgate__signed__get_packed_size(ack);
	data = talloc_size(deletion, len + 1);
	if (!data) {
		talloc_free(deletion);
		return NULL;
	}
	fallgate__signed__pack(ack, data);
	deletion->ack = FG_BYTES(data, len);
	return deletion;
}

/* The senders are told, durably: a crash from here on only pushes once more what is acknowledged once more. */
static void delete_rows(enum fg_rc rc, void *arg)
{
	struct deletion *deletion = arg;
	struct fg_core *core = deletion->core;

	if (rc == FG_OK)
		rc = fg_store_submit(core->store,
				     fg_store_part(deletion->account_key, FG_ACCOUNT_KEY_LEN), 0,
				     deletion->ops, deletion->count, on_deleted, deletion);
	if (rc != FG_OK)
		on_deleted(rc, deletion->ops, deletion->count, deletion);
}

void fg_push_ack(struct fg_core *core, struct fg_session *session, uint64_t request,
		 const Fallgate__AckRequest *ack)
{
	struct deletion *deletion = NULL;
	const Fallgate__Ack *body;
	enum fg_rc rc = session->push ? open_ack(core, session, ack->ack, &body) : FG_E_STATE;

	if (rc == FG_OK) {
		deletion = make_deletion(core, session, request, ack->ack);
		rc = deletion ? FG_OK : FG_E_NO_MEMORY;
	}
	if (rc == FG_OK) {
		collect(deletion, session->push, body, ack->upto);
		if (deletion->messages_count) {
			fg_message_acked(core, deletion->device_id, deletion->ack,
					 deletion->messages, deletion->messages_count, delete_rows,
					 deletion);
			return;
		}
		if (deletion->count) {
			delete_rows(FG_OK, deletion);
			return;
		}
		fg_session_done(core, session, request);
	}
	if (rc != FG_OK)
		fg_session_error(core, session, request, rc, NULL, 0);
	talloc_free(deletion);
}
