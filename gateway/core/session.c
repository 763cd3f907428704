/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connections of devices: hello, login, and who gets their frames.
 */
#include "gateway/core/internal.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "lib/proto/consent.h"

enum { BUCKETS = 4096, SEND_MAX = 61440, RETRY_MS = 1000 };

/* core->sessions: BUCKETS chains by connection, then BUCKETS chains of the logged-in ones by device. */
static struct fg_session **by_conn(struct fg_core *core, uint64_t conn)
{
	return &core->sessions[conn * 0x9E3779B97F4A7C15u >> 52];
}

static struct fg_session **by_device(struct fg_core *core, const uint8_t *device_id)
{
	uint64_t h = 0xCBF29CE484222325u;

	for (size_t i = 0; i < FG_DEVICE_ID_LEN; i++)
		h = (h ^ device_id[i]) * 0x100000001B3u;
	return &core->sessions[BUCKETS + h % BUCKETS];
}

struct fg_session *fg_session_find(struct fg_core *core, uint64_t conn)
{
	struct fg_session *at = core->sessions ? *by_conn(core, conn) : NULL;

	while (at && at->conn != conn)
		at = at->next;
	return at;
}

struct fg_session *fg_session_of_device(struct fg_core *core,
					const uint8_t device_id[static FG_DEVICE_ID_LEN])
{
	struct fg_session *at = core->sessions ? *by_device(core, device_id) : NULL;

	while (at && memcmp(at->device_id, device_id, FG_DEVICE_ID_LEN) != 0)
		at = at->next_of_device;
	return at;
}

void fg_session_each(struct fg_core *core,
		     void (*each)(struct fg_core *core, struct fg_session *session))
{
	for (size_t i = 0; core->sessions && i < BUCKETS; i++)
		for (struct fg_session *at = core->sessions[i]; at; at = at->next)
			each(core, at);
}

/* ---- begin and end ---- */

static void leave_device(struct fg_core *core, struct fg_session *session)
{
	struct fg_session **at = by_device(core, session->device_id);

	while (*at && *at != session)
		at = &(*at)->next_of_device;
	if (*at)
		*at = session->next_of_device;
	session->logged_in = false;
}

static void forget(struct fg_core *core, struct fg_session *session_take)
{
	struct fg_session **at = by_conn(core, session_take->conn);

	while (*at != session_take)
		at = &(*at)->next;
	*at = session_take->next;
	if (session_take->logged_in)
		leave_device(core, session_take);
	fg_push_free(session_take);
	free(session_take->cert);
	free(session_take);
}

void fg_session_drop(struct fg_core *core, struct fg_session *session_take, enum fg_rc rc)
{
	struct fg_frame frame = { .type = FG_IPC_CONN_DROP };

	frame.conn_drop.conn = session_take->conn;
	frame.conn_drop.rc = (uint16_t)rc;
	if (!core->secure || fg_channel_answer(core->secure, &frame) != FG_OK)
		LOGP(DSECURE, LOGL_NOTICE, "drop connection: the link was not told\n");
	forget(core, session_take);
}

void fg_session_drop_account(struct fg_core *core,
			     const uint8_t account_key[static FG_ACCOUNT_KEY_LEN])
{
	for (size_t i = 0; core->sessions && i < BUCKETS; i++)
		for (struct fg_session *at = core->sessions[i], *next; at; at = next) {
			next = at->next;
			if (at->logged_in &&
			    memcmp(at->account_key, account_key, FG_ACCOUNT_KEY_LEN) == 0)
				fg_session_drop(core, at, FG_E_DENIED);
		}
}

static bool make_table(struct fg_core *core)
{
	if (!core->sessions)
		core->sessions = calloc(2 * BUCKETS, sizeof(struct fg_session *));
	return core->sessions != NULL;
}

void fg_session_opened(struct fg_core *core, const struct fg_ipc_conn_open *open)
{
	struct fg_session *session = fg_session_find(core, open->conn);
	size_t len = open->address.len;

	if (session)
		forget(core, session);
	session = make_table(core) ? calloc(1, sizeof(*session)) : NULL;
	if (!session) {
		LOGP(DSECURE, LOGL_ERROR, "open connection: out of memory\n");
		return;
	}
	session->conn = open->conn;
	memcpy(session->exporter, open->exporter, sizeof(session->exporter));
	if (len >= sizeof(session->address))
		len = sizeof(session->address) - 1;
	if (len)
		memcpy(session->address, open->address.data, len);
	session->next = *by_conn(core, open->conn);
	*by_conn(core, open->conn) = session;
}

void fg_session_closed(struct fg_core *core, uint64_t conn)
{
	struct fg_session *session = fg_session_find(core, conn);

	if (session)
		forget(core, session);
}

void fg_session_close_all(struct fg_core *core)
{
	for (size_t i = 0; core->sessions && i < BUCKETS; i++)
		while (core->sessions[i])
			forget(core, core->sessions[i]);
	free(core->sessions);
	core->sessions = NULL;
}

/* ---- answers ---- */

enum fg_rc fg_session_send(struct fg_core *core, struct fg_session *session, uint64_t request,
			   Fallgate__ServerFrame *server_frame)
{
	struct fg_frame frame = { .type = FG_IPC_CONN_SEND };
	bool is_push = server_frame->kind_case == FALLGATE__SERVER_FRAME__KIND_PUSH;
	enum fg_rc rc;
	uint8_t *data;
	size_t len;

	if (!core->secure)
		return FG_E_CLOSED;
	server_frame->request = request;
	data = fg_proto_pack_new(server_frame, &len);
	if (!data)
		return FG_E_NO_MEMORY;
	frame.conn_send.conn = session->conn;
	frame.conn_send.token = is_push ? server_frame->push->sequence : request;
	frame.conn_send.data = FG_BYTES(data, len);
	if (len > SEND_MAX)
		rc = FG_E_TOO_LONG;
	else
		rc = request ? fg_channel_answer(core->secure, &frame)
			     : fg_channel_send(core->secure, &frame);
	free(data);
	return rc;
}

/* An answer that cannot be sent: the device would wait for ever, so that it had better connect again. */
static void answer(struct fg_core *core, struct fg_session *session, uint64_t request,
		   Fallgate__ServerFrame *frame)
{
	enum fg_rc rc = fg_session_send(core, session, request, frame);

	if (rc != FG_OK)
		LOGP(DSECURE, LOGL_NOTICE, "answer device: %s\n", fg_rc_text(rc));
}

void fg_session_error(struct fg_core *core, struct fg_session *session, uint64_t request,
		      enum fg_rc rc, const struct fg_id *message_id, uint64_t retry_ms)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Error error = FALLGATE__ERROR__INIT;

	if (!session)
		return;
	error.code = (char *)(uintptr_t)fg_rc_name(rc);
	error.text = (char *)(uintptr_t)fg_rc_text(rc);
	if (message_id)
		error.message_id =
			(ProtobufCBinaryData){ FG_ID_LEN, (uint8_t *)(uintptr_t)message_id->b };
	error.retry_ms = retry_ms ? retry_ms : fg_rc_class(rc) == FG_CLASS_RETRY ? RETRY_MS : 0;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_ERROR;
	frame.error = &error;
	answer(core, session, request, &frame);
}

void fg_session_done(struct fg_core *core, struct fg_session *session, uint64_t request)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Done done = FALLGATE__DONE__INIT;

	if (!session)
		return;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_DONE;
	frame.done = &done;
	answer(core, session, request, &frame);
}

static void say_challenge(struct fg_core *core, struct fg_session *session, uint64_t request,
			  const Fallgate__Hello *hello)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Challenge challenge = FALLGATE__CHALLENGE__INIT;

	if (session->greeted || hello->version != 1 ||
	    !FG_HAS_LEN(hello->client_nonce, FG_NONCE_LEN)) {
		fg_session_error(core, session, request,
				 session->greeted      ? FG_E_DENIED
				 : hello->version != 1 ? FG_E_VERSION
						       : FG_E_SYNTAX,
				 NULL, 0);
		return;
	}
	session->greeted = true;
	memcpy(session->client_nonce, hello->client_nonce.data, FG_NONCE_LEN);
	fg_random(session->server_nonce, FG_NONCE_LEN);
	challenge.server_nonce = (ProtobufCBinaryData){ FG_NONCE_LEN, session->server_nonce };
	challenge.gateway_id = (ProtobufCBinaryData){ FG_ID_LEN, core->trust.gateway_id.b };
	challenge.time_ms = fg_core_now_ms(core);
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_CHALLENGE;
	frame.challenge = &challenge;
	answer(core, session, request, &frame);
}

/* ---- login ---- */

enum fg_rc fg_session_adopt(struct fg_core *core, struct fg_session *session,
			    const Fallgate__Signed *cert, const Fallgate__DeviceCert *body,
			    const char *handle)
{
	struct fg_frame frame = { .type = FG_IPC_CONN_LOGIN };
	struct fg_session *older = fg_session_of_device(core, body->device_id.data);
	size_t len;
	uint8_t *copy = fg_proto_pack_new(cert, &len);

	if (!copy)
		return FG_E_NO_MEMORY;
	if (older)
		fg_session_drop(core, older, FG_E_CLOSED);
	session->cert = copy;
	session->cert_len = len;
	memcpy(session->device_id, body->device_id.data, FG_DEVICE_ID_LEN);
	memcpy(session->account_key, body->account_key.data, FG_ACCOUNT_KEY_LEN);
	memcpy(session->signing_key, body->signing_key.data, FG_SIGN_PUBLIC_LEN);
	snprintf(session->handle, sizeof(session->handle), "%s", handle);
	session->logged_in = true;
	session->next_of_device = *by_device(core, session->device_id);
	*by_device(core, session->device_id) = session;
	frame.conn_login.conn = session->conn;
	return core->secure ? fg_channel_answer(core->secure, &frame) : FG_E_CLOSED;
}

struct pending {
	struct fg_core *core;
	uint64_t conn, request;
	Fallgate__Signed login; /* copied */
	uint8_t account_key[FG_ACCOUNT_KEY_LEN], device_id[FG_DEVICE_ID_LEN];
	uint8_t device_key[FG_DEVICE_KEY_LEN];
	struct fg_store_op op;
	uint8_t *view;
	size_t view_len;
};

static void refuse(struct fg_core *core, struct fg_session *session, uint64_t request,
		   enum fg_rc rc)
{
	fg_session_error(core, session, request, rc, NULL, 0);
	fg_session_drop(core, session, rc);
}

/* What the device proves its key over is about this very connection: another connection's login is of no use (attack 42). */
static bool is_about_us(const struct fg_core *core, const struct fg_session *session,
			const Fallgate__LoginBody *body)
{
	(void)core; /* in a mutant */
	if (!FG_HAS_LEN(body->device_id, FG_DEVICE_ID_LEN) ||
	    !FG_HAS_LEN(body->account_key, FG_ACCOUNT_KEY_LEN) ||
	    !FG_HAS_LEN(body->server_nonce, FG_NONCE_LEN) ||
	    !FG_HAS_LEN(body->gateway_id, FG_ID_LEN) ||
	    !FG_HAS_LEN(body->exporter, sizeof(session->exporter)))
		return false;
#ifndef FG_MUTANT_login_nonce
	if (!fg_equal(body->server_nonce.data, session->server_nonce, FG_NONCE_LEN))
		return false;
#endif
#ifndef FG_MUTANT_login_gateway
	if (!fg_equal(body->gateway_id.data, core->trust.gateway_id.b, FG_ID_LEN))
		return false;
#endif
#ifndef FG_MUTANT_login_exporter
	if (!fg_equal(body->exporter.data, session->exporter, sizeof(session->exporter)))
		return false;
#endif
	return true;
}

/* The device as the directory has it, with a certificate that holds now and the key that signed this login. */
static enum fg_rc open_device(struct pending *pending, const struct fg_store_row *rows,
			      size_t count, Fallgate__StoredDevice **device_out,
			      const Fallgate__DeviceCert **cert_out, const char **handle_out)
{
	struct fg_arena *arena = &pending->core->arena;
	const struct fg_store_row *account_row = fg_directory_row(
		rows, count, FG_KV_ACCOUNT, pending->account_key, FG_ACCOUNT_KEY_LEN);
	const struct fg_store_row *device_row =
		fg_directory_row(rows, count, FG_KV_DEVICE, pending->device_key, FG_DEVICE_KEY_LEN);
	Fallgate__StoredAccount *account;
	Fallgate__StoredDevice *device;

	if (!account_row || !device_row)
		return FG_E_LOGIN;
	account = fg_proto_unpack(arena, &fallgate__stored_account__descriptor,
				  account_row->body.data, account_row->body.len);
	device = fg_proto_unpack(arena, &fallgate__stored_device__descriptor, device_row->body.data,
				 device_row->body.len);
	if (!account || !device || account->n_handles == 0)
		return FG_E_LOGIN;
	if (fg_cert_check(arena, device->cert, fg_core_now_ms(pending->core), cert_out) != FG_OK ||
	    memcmp((*cert_out)->account_key.data, pending->account_key, FG_ACCOUNT_KEY_LEN) != 0)
		return FG_E_LOGIN;
#ifndef FG_MUTANT_login_signature
	if (fg_signed_verify(&pending->login, (*cert_out)->signing_key.data,
			     (*cert_out)->signing_key.len, FG_LABEL_LOGIN) != FG_OK)
		return FG_E_LOGIN;
#endif
	*device_out = device;
	*handle_out = account->handles[0];
	return FG_OK;
}

static void on_login_rows(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct pending *pending = arg;
	struct fg_core *core = pending->core;
	struct fg_session *session = fg_session_find(core, pending->conn);
	Fallgate__StoredDevice *device = NULL;
	const Fallgate__DeviceCert *cert = NULL;
	const char *handle = NULL;

	if (fg_core_store_rc(core, rc) != FG_OK) {
		fg_session_error(core, session, pending->request, rc, NULL, 0);
	} else if (session) {
		fg_arena_reset(&core->arena);
		rc = session->logged_in
			     ? FG_E_LOGIN
			     : open_device(pending, rows, count, &device, &cert, &handle);
		if (rc == FG_OK)
			rc = fg_session_adopt(core, session, device->cert, cert, handle);
		if (rc == FG_OK)
			fg_session_welcome(core, session, pending->request);
		else
			refuse(core, session, pending->request, rc);
	}
	talloc_free(pending);
}

static struct pending *make_pending(struct fg_core *core, const struct fg_session *session,
				    uint64_t request)
{
	struct pending *pending = talloc_zero(NULL, struct pending);

	if (!pending)
		return NULL;
	pending->core = core;
	pending->conn = session->conn;
	pending->request = request;
	fallgate__signed__init(&pending->login);
	return pending;
}

static bool copy_binary(void *ctx, const ProtobufCBinaryData *from, ProtobufCBinaryData *out)
{
	uint8_t *data =
		talloc_memdup(ctx, from->data ? from->data : (const uint8_t *)"", from->len);

	*out = (ProtobufCBinaryData){ from->len, data };
	return data || from->len == 0;
}

static enum fg_rc begin_login(struct pending *pending, const Fallgate__Signed *login,
			      const Fallgate__LoginBody *body)
{
	struct fg_store_key keys[] = {
		{ .what = FG_GET_KV,
		  .kind = FG_KV_ACCOUNT,
		  .key = FG_BYTES(pending->account_key, FG_ACCOUNT_KEY_LEN) },
		{ .what = FG_GET_KV, .kind = FG_KV_DEVICE },
	};

	if (!copy_binary(pending, &login->body, &pending->login.body) ||
	    !copy_binary(pending, &login->signature, &pending->login.signature))
		return FG_E_NO_MEMORY;
	memcpy(pending->account_key, body->account_key.data, FG_ACCOUNT_KEY_LEN);
	memcpy(pending->device_id, body->device_id.data, FG_DEVICE_ID_LEN);
	keys[1].key = fg_directory_device_key(pending->account_key, pending->device_id,
					      pending->device_key);
	return fg_core_store_rc(
		pending->core, fg_store_get(pending->core->store, keys, 2, on_login_rows, pending));
}

static void log_in(struct fg_core *core, struct fg_session *session, uint64_t request,
		   const Fallgate__Login *login)
{
	struct pending *pending;
	const Fallgate__LoginBody *body = NULL;
	enum fg_rc rc;

	if (login->login)
		body = fg_proto_unpack(&core->arena, &fallgate__login_body__descriptor,
				       login->login->body.data, login->login->body.len);
	if (!session->greeted || session->logged_in || !body || !is_about_us(core, session, body)) {
		refuse(core, session, request, FG_E_LOGIN);
		return;
	}
	pending = make_pending(core, session, request);
	rc = pending ? begin_login(pending, login->login, body) : FG_E_NO_MEMORY;
	if (rc == FG_OK)
		return;
	fg_session_error(core, session, request, rc, NULL, 0);
	talloc_free(pending);
}

/* ---- welcome ---- */

static void say_welcome(struct pending *pending, uint32_t prekeys_left)
{
	struct fg_core *core = pending->core;
	struct fg_session *session = fg_session_find(core, pending->conn);
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Welcome welcome = FALLGATE__WELCOME__INIT;

	if (!session)
		return;
	fg_arena_reset(&core->arena);
	welcome.handle = session->handle;
	welcome.one_time_prekeys = prekeys_left;
	welcome.view = fg_signed_unpack(&core->arena, pending->view, pending->view_len);
	welcome.mark = (char *)(uintptr_t)core->conf->mark.text;
	welcome.consent_max_ms = (uint64_t)core->conf->log.consent_hours * 3600 * 1000;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_WELCOME;
	frame.welcome = &welcome;
	answer(core, session, pending->request, &frame);
	fg_push_start(core, session);
}

static int free_pending(struct pending *pending)
{
	free(pending->view);
	return 0;
}

static void on_counted(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct pending *pending = arg;

	(void)count;
	if (fg_core_store_rc(pending->core, rc) == FG_OK)
		say_welcome(pending, ops[0].popped_left);
	else
		fg_session_error(pending->core, fg_session_find(pending->core, pending->conn),
				 pending->request, rc, NULL, 0);
	talloc_free(pending);
}

static void on_own_entry(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct pending *pending = arg;
	struct fg_core *core = pending->core;

	if (rc == FG_OK)
		rc = fg_directory_view(core, entry, &pending->view, &pending->view_len);
	if (rc == FG_OK) {
		pending->op = (struct fg_store_op){ .op = FG_OP_PREKEY_COUNT };
		memcpy(pending->op.device, pending->device_id, FG_DEVICE_ID_LEN);
		rc = fg_core_store_rc(
			core,
			fg_store_submit(core->store,
					fg_store_part(pending->account_key, FG_ACCOUNT_KEY_LEN), 0,
					&pending->op, 1, on_counted, pending));
	}
	if (rc == FG_OK)
		return;
	fg_session_error(core, fg_session_find(core, pending->conn), pending->request, rc, NULL, 0);
	talloc_free(pending);
}

void fg_session_welcome(struct fg_core *core, struct fg_session *session, uint64_t request)
{
	struct pending *pending = make_pending(core, session, request);
	struct fg_handle handle;
	enum fg_rc rc = pending ? fg_handle_parse(session->handle, strlen(session->handle), &handle)
				: FG_E_NO_MEMORY;

	if (pending) {
		talloc_set_destructor(pending, free_pending);
		memcpy(pending->device_id, session->device_id, FG_DEVICE_ID_LEN);
		memcpy(pending->account_key, session->account_key, FG_ACCOUNT_KEY_LEN);
	}
	if (rc == FG_OK)
		rc = fg_directory_read(core, &handle, on_own_entry, pending);
	if (rc == FG_OK)
		return;
	fg_session_error(core, session, request, rc, NULL, 0);
	talloc_free(pending);
}

/* ---- dispatch ---- */

static void say_seal_keys(struct fg_core *core, struct fg_session *session, uint64_t request)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__SealKeys keys = FALLGATE__SEAL_KEYS__INIT;

	if (!fg_core_seal_keys(core, &core->arena, &keys)) {
		fg_session_error(core, session, request, FG_E_STATE, NULL, RETRY_MS);
		return;
	}
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_SEAL_KEYS;
	frame.seal_keys = &keys;
	answer(core, session, request, &frame);
}

static void dispatch(struct fg_core *core, struct fg_session *session,
		     const Fallgate__ClientFrame *frame)
{
	uint64_t request = frame->request;

	switch (frame->kind_case) {
	case FALLGATE__CLIENT_FRAME__KIND_UPLOAD_PREKEYS:
		fg_directory_upload(core, session, request, frame->upload_prekeys);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_LOOKUP:
		fg_directory_lookup(core, session, request, frame->lookup);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_SUBMIT:
		fg_message_submit(core, session, request, frame->submit);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_DECIDE:
		fg_message_decide(core, session, request, frame->decide);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_CANCEL:
		fg_message_cancel(core, session, request, frame->cancel);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_ACK:
		fg_push_ack(core, session, request, frame->ack);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_REMOVE_DEVICE:
		fg_directory_remove(core, session, request, frame->remove_device);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_DEREGISTER:
		fg_directory_deregister(core, session, request, frame->deregister);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_ACCEPT_IDENTITY:
		fg_directory_accept_identity(core, session, request, frame->accept_identity);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_GET_HEAD:
		fg_message_head(core, session, request, frame->get_head->old_size);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_GET_STATUS:
		fg_message_status(core, session, request, frame->get_status);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_GET_SEAL_KEYS:
		say_seal_keys(core, session, request);
		break;
	case FALLGATE__CLIENT_FRAME__KIND_GET_DEVICES:
		fg_directory_devices(core, session, request);
		break;
	default:
		fg_session_error(core, session, request, FG_E_DENIED, NULL, 0);
	}
}

void fg_session_frame(struct fg_core *core, const struct fg_ipc_conn_frame *conn_frame)
{
	struct fg_session *session = fg_session_find(core, conn_frame->conn);
	Fallgate__ClientFrame *frame;

	if (!session)
		return;
	fg_arena_reset(&core->arena);
	frame = fg_proto_unpack(&core->arena, &fallgate__client_frame__descriptor,
				conn_frame->data.data, conn_frame->data.len);
	if (!frame)
		refuse(core, session, 0, FG_E_SYNTAX);
	else if (frame->kind_case == FALLGATE__CLIENT_FRAME__KIND_HELLO)
		say_challenge(core, session, frame->request, frame->hello);
	else if (frame->kind_case == FALLGATE__CLIENT_FRAME__KIND_LOGIN)
		log_in(core, session, frame->request, frame->login);
	else if (frame->kind_case == FALLGATE__CLIENT_FRAME__KIND_REGISTER)
		fg_directory_register(core, session, frame->request, frame->register_);
	else if (!session->logged_in)
		fg_session_error(core, session, frame->request, FG_E_DENIED, NULL, 0);
	else
		dispatch(core, session, frame);
}
