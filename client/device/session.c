/* SPDX-License-Identifier: ISC */
#include "client/device/session_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/proto/consent.h"
#include "lib/proto/view.h"

uint64_t fg_session_now(const struct fg_session *s)
{
	return s->io.now_ms(s->io.context);
}

void fg_session_error(struct fg_session *s, enum fg_rc rc, const char *text,
		      const struct fg_id *message_id)
{
	if (s->callbacks->on_error)
		s->callbacks->on_error(s->callbacks->context, rc, text, message_id);
}

void fg_session_notice(struct fg_session *s, const char *text)
{
	if (s->callbacks->on_notice)
		s->callbacks->on_notice(s->callbacks->context, text);
}

enum fg_rc fg_session_transmit(struct fg_session *s, Fallgate__ClientFrame *frame)
{
	uint8_t *packed;
	size_t len;

	frame->request = ++s->last_request;
	packed = fg_proto_pack_new(frame, &len);
	if (!packed)
		return FG_E_NO_MEMORY;
	if (len <= FG_SESSION_FRAME_MAX)
		s->io.transmit(s->io.context, packed, len);
	free(packed);
	return len <= FG_SESSION_FRAME_MAX ? FG_OK : FG_E_TOO_LONG;
}

enum fg_rc fg_session_view(struct fg_session *s, const Fallgate__Signed *view, const char *handle,
			   const Fallgate__View **view_out)
{
	struct fg_hash tag = fg_handle_tag(handle);
	const Fallgate__ClientPin *pin = fg_state_pin(s->state, handle);
	struct fg_view_expect expect = { .directory_key = s->state->trust.directory_key,
					 .handle_tag = &tag,
					 .now_ms = fg_session_now(s) };
	const Fallgate__View *checked;
	enum fg_rc rc;

	memcpy(expect.gateway_id.b, s->state->trust.gateway_id, FG_ID_LEN);
	rc = fg_view_check(&s->arena, view, &expect, &checked);
	if (rc == FG_OK)
		rc = fg_view_epoch_check(checked, pin ? pin->epoch : 0);
	if (rc == FG_OK)
		*view_out = checked;
	return rc;
}

void fg_session_checkpoint(struct fg_session *s, const struct fg_checkpoint *checkpoint,
			   const char *note)
{
	struct fg_checkpoint newest;
	const char *old = s->state->data->checkpoint;

	if (fg_note_verify(old, strlen(old), s->state->trust.log_origin, s->state->trust.log_key,
			   &newest) == FG_OK &&
	    newest.size >= checkpoint->size)
		return;
	if (fg_text_set(&s->state->data->checkpoint, note) == FG_OK)
		s->dirty = true;
}

/* ---- life ---- */

struct fg_session *fg_session_new(struct fg_state *state, const struct fg_callbacks *callbacks,
				  const struct fg_session_io *io)
{
	struct fg_session *s = calloc(1, sizeof(*s));

	if (!s || fg_arena_init(&s->arena, FG_ARENA_MAX) != FG_OK) {
		free(s);
		return NULL;
	}
	s->state = state;
	s->callbacks = callbacks;
	s->io = *io;
	return s;
}

static void forget_acks(struct fg_session *s)
{
	while (s->acks_count > 0)
		fallgate__ack_item__free_unpacked(s->acks[--s->acks_count], NULL);
}

void fg_session_free(struct fg_session *session_take)
{
	if (!session_take)
		return;
	for (size_t i = 0; i < FG_SESSION_OUTGOING_MAX; i++)
		if (session_take->outgoing[i])
			fg_outgoing_end(session_take, session_take->outgoing[i]);
	forget_acks(session_take);
	fg_order_forget(session_take);
	fg_arena_free(&session_take->arena);
	free(session_take->handle);
	free(session_take->invitation);
	free(session_take->mark);
	free(session_take->lookup_handle);
	free(session_take);
}

/* ---- registration and login ---- */

enum fg_rc fg_session_start(struct fg_session *s, const uint8_t exporter[static 32],
			    const char *handle, const char *invitation)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Hello hello = FALLGATE__HELLO__INIT;

	if (s->phase != FG_SESSION_IDLE)
		return FG_E_STATE;
	if (handle) {
		s->handle = strdup(handle);
		s->invitation = strdup(invitation);
		if (!s->handle || !s->invitation)
			return FG_E_NO_MEMORY;
	}
	memcpy(s->exporter, exporter, sizeof(s->exporter));
	fg_random(s->client_nonce, sizeof(s->client_nonce));
	hello.client_nonce =
		(ProtobufCBinaryData){ .data = s->client_nonce, .len = sizeof(s->client_nonce) };
	hello.version = 1;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_HELLO;
	frame.hello = &hello;
	s->phase = FG_SESSION_HELLO;
	return fg_session_transmit(s, &frame);
}

static enum fg_rc sign_registration(struct fg_session *s, const Fallgate__Challenge *challenge,
				    Fallgate__Signed *signed_out)
{
	Fallgate__Registration r = FALLGATE__REGISTRATION__INIT;

	r.client_nonce =
		(ProtobufCBinaryData){ .data = s->client_nonce, .len = sizeof(s->client_nonce) };
	r.server_nonce = challenge->server_nonce;
	r.gateway_id = challenge->gateway_id;
	r.exporter = (ProtobufCBinaryData){ .data = s->exporter, .len = sizeof(s->exporter) };
	r.handle = s->handle;
	r.account_key = (ProtobufCBinaryData){ .data = s->state->account_key.public, .len = 32 };
	r.device_id = s->state->data->device_id;
	r.time_ms = fg_session_now(s);
	return fg_signed_make(&r, &s->state->device_key, FG_LABEL_REGISTRATION, signed_out);
}

static enum fg_rc send_register(struct fg_session *s, const Fallgate__Challenge *challenge)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Register reg = FALLGATE__REGISTER__INIT;
	Fallgate__Signed registration = FALLGATE__SIGNED__INIT, prekey = FALLGATE__SIGNED__INIT;
	enum fg_rc rc = fg_session_certify(s);

	if (rc == FG_OK)
		rc = sign_registration(s, challenge, &registration);
	if (rc == FG_OK)
		rc = fg_state_prekeys_new(s->state, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, 1,
					  fg_session_now(s), &prekey);
	/* The secrets must be on disk before anybody can seal to them. */
	if (rc == FG_OK)
		rc = s->io.save(s->io.context);
	reg.registration = &registration;
	reg.account = s->state->data->account;
	reg.cert = s->state->data->cert;
	reg.signed_prekey = &prekey;
	reg.invitation = s->invitation;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_REGISTER;
	frame.register_ = &reg;
	if (rc == FG_OK)
		rc = fg_session_transmit(s, &frame);
	fg_signed_free(&registration);
	fg_signed_free(&prekey);
	return rc;
}

static enum fg_rc send_login(struct fg_session *s, const Fallgate__Challenge *challenge)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__LoginBody body = FALLGATE__LOGIN_BODY__INIT;
	Fallgate__Login login = FALLGATE__LOGIN__INIT;
	Fallgate__Signed signed_body;
	enum fg_rc rc;

	body.device_id = s->state->data->device_id;
	body.account_key = (ProtobufCBinaryData){ .data = s->state->account_key.public, .len = 32 };
	body.server_nonce = challenge->server_nonce;
	body.gateway_id = challenge->gateway_id;
	body.exporter = (ProtobufCBinaryData){ .data = s->exporter, .len = sizeof(s->exporter) };
	rc = fg_signed_make(&body, &s->state->device_key, FG_LABEL_LOGIN, &signed_body);
	if (rc != FG_OK)
		return rc;
	login.login = &signed_body;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_LOGIN;
	frame.login = &login;
	rc = fg_session_transmit(s, &frame);
	fg_signed_free(&signed_body);
	return rc;
}

static enum fg_rc on_challenge(struct fg_session *s, const Fallgate__Challenge *challenge)
{
	if (s->phase != FG_SESSION_HELLO || !FG_HAS_LEN(challenge->server_nonce, 16))
		return FG_E_SYNTAX;
	if (!FG_HAS_LEN(challenge->gateway_id, FG_GATEWAY_ID_LEN) ||
	    memcmp(challenge->gateway_id.data, s->state->trust.gateway_id, FG_GATEWAY_ID_LEN) != 0)
		return FG_E_TRUST;
	s->phase = FG_SESSION_AUTH;
	return s->handle ? send_register(s, challenge) : send_login(s, challenge);
}

static enum fg_rc on_welcome(struct fg_session *s, const Fallgate__Welcome *welcome)
{
	const Fallgate__View *view;
	struct fg_hash own =
		fg_sha256(s->state->data->device_id.data, s->state->data->device_id.len);
	bool viewed;
	enum fg_rc rc = FG_OK;

	if (s->phase != FG_SESSION_AUTH)
		return FG_E_SYNTAX;
	if (s->handle ? strcmp(s->handle, welcome->handle) != 0
		      : strcmp(s->state->data->handle, welcome->handle) != 0)
		return FG_E_TRUST;
	viewed = fg_session_view(s, welcome->view, welcome->handle, &view) == FG_OK;
	s->own_epoch = viewed ? view->epoch : 0;
	s->own_devices_many = !viewed || !FG_HAS_LEN(view->device_set, sizeof(own.b)) ||
			      memcmp(view->device_set.data, own.b, sizeof(own.b)) != 0;
	if (s->handle)
		rc = fg_text_set(&s->state->data->handle, s->handle);
	if (rc == FG_OK)
		rc = fg_text_set(&s->mark, welcome->mark);
	s->consent_max_ms = welcome->consent_max_ms;
	s->phase = FG_SESSION_READY;
	if (rc == FG_OK)
		rc = fg_session_refill(s, welcome->one_time_prekeys);
	if (rc == FG_OK && s->callbacks->on_ready)
		s->callbacks->on_ready(s->callbacks->context, s->state->data->handle);
	return rc;
}

/* ---- questions of the application ---- */

enum fg_rc fg_session_lookup(struct fg_session *s, const char *handle)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Lookup lookup = FALLGATE__LOOKUP__INIT;
	enum fg_rc rc;

	if (s->phase != FG_SESSION_READY)
		return FG_E_STATE;
	rc = fg_text_set(&s->lookup_handle, handle);
	lookup.handle = s->lookup_handle;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_LOOKUP;
	frame.lookup = &lookup;
	if (rc == FG_OK)
		rc = fg_session_transmit(s, &frame);
	if (rc == FG_OK)
		s->lookup_request = s->last_request;
	return rc;
}

static void on_lookup(struct fg_session *s, const Fallgate__LookupResult *result)
{
	const Fallgate__View *view;
	enum fg_rc rc = fg_session_view(s, result->view, s->lookup_handle, &view);

	s->lookup_request = 0;
	if (rc != FG_OK)
		fg_session_error(s, rc, "the directory's answer does not count", NULL);
	else if (s->callbacks->on_lookup)
		s->callbacks->on_lookup(s->callbacks->context, s->lookup_handle, view,
					result->n_devices);
}

enum fg_rc fg_session_list(struct fg_session *s)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__GetDevices get = FALLGATE__GET_DEVICES__INIT;
	enum fg_rc rc;

	if (s->phase != FG_SESSION_READY)
		return FG_E_STATE;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_GET_DEVICES;
	frame.get_devices = &get;
	rc = fg_session_transmit(s, &frame);
	if (rc == FG_OK)
		s->list_request = s->last_request;
	return rc;
}

enum { DEVICES_MAX = 32 };

static void on_devices(struct fg_session *s, const Fallgate__Devices *devices)
{
	const Fallgate__DeviceCert *certs[DEVICES_MAX];
	Fallgate__DeviceCert *cert;
	size_t count = 0;

	s->list_request = 0;
	for (size_t i = 0; i < devices->n_certs && count < DEVICES_MAX; i++) {
		if (fg_suite1_cert_check(&s->arena, devices->certs[i], s->state->account_key.public,
					 fg_session_now(s), &cert) == FG_OK)
			certs[count++] = cert;
		else
			fg_session_error(s, FG_E_IDENTITY,
					 "the gateway lists a device that is not ours", NULL);
	}
	if (s->callbacks->on_devices)
		s->callbacks->on_devices(s->callbacks->context, certs, count);
}

/* ---- frames ---- */

static enum fg_rc on_error(struct fg_session *s, const Fallgate__Error *error)
{
	enum fg_rc rc = fg_rc_by_name(error->code);
	struct fg_id id;
	bool named = FG_HAS_LEN(error->message_id, FG_ID_LEN);

	if (rc == FG_RC_COUNT || rc == FG_OK)
		rc = FG_E_DENIED;
	if (named)
		memcpy(id.b, error->message_id.data, FG_ID_LEN);
	fg_session_error(s, rc, error->text, named ? &id : NULL);
	return s->phase == FG_SESSION_READY ? FG_OK : rc;
}

static enum fg_rc dispatch_ready(struct fg_session *s, const Fallgate__ServerFrame *frame)
{
	switch (frame->kind_case) {
	case FALLGATE__SERVER_FRAME__KIND_PUSH:
		fg_session_push(s, frame->push);
		return FG_OK;
	case FALLGATE__SERVER_FRAME__KIND_ASK:
		fg_outgoing_ask(s, frame->ask);
		return FG_OK;
	case FALLGATE__SERVER_FRAME__KIND_PREKEYS_LOW:
		return fg_session_refill(s, frame->prekeys_low->left);
	case FALLGATE__SERVER_FRAME__KIND_LOOKUP:
		if (frame->request && frame->request == s->lookup_request)
			on_lookup(s, frame->lookup);
		else if (frame->request && frame->request == s->order.request)
			fg_order_lookup(s, frame->lookup);
		return FG_OK;
	case FALLGATE__SERVER_FRAME__KIND_DEVICES:
		if (frame->request && frame->request == s->list_request)
			on_devices(s, frame->devices);
		return FG_OK;
	case FALLGATE__SERVER_FRAME__KIND_HEAD:
		if (frame->request && frame->request == s->verify_request)
			fg_session_head(s, frame->head);
		return FG_OK;
	case FALLGATE__SERVER_FRAME__KIND_DONE:
		if (frame->request && frame->request == s->order.request)
			fg_order_done(s);
		return FG_OK;
	default:
		return FG_OK; /* an answer that nobody waits for any more */
	}
}

enum fg_rc fg_session_frame(struct fg_session *s, const void *data, size_t len)
{
	const Fallgate__ServerFrame *frame;

	fg_arena_reset(&s->arena);
	if (len > FG_SESSION_FRAME_MAX)
		return FG_E_TOO_LONG;
	frame = fg_proto_unpack(&s->arena, &fallgate__server_frame__descriptor, data, len);
	if (!frame)
		return FG_E_SYNTAX;
	if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_CHALLENGE)
		return on_challenge(s, frame->challenge);
	if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_WELCOME)
		return on_welcome(s, frame->welcome);
	if (s->phase == FG_SESSION_READY && fg_outgoing_answer(s, frame))
		return FG_OK;
	if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_ERROR) {
		if (frame->request && frame->request == s->order.request)
			fg_order_forget(s);
		return on_error(s, frame->error);
	}
	return s->phase == FG_SESSION_READY ? dispatch_ready(s, frame) : FG_E_SYNTAX;
}

void fg_session_flush(struct fg_session *s)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__AckRequest request = FALLGATE__ACK_REQUEST__INIT;
	Fallgate__Ack ack = FALLGATE__ACK__INIT;
	Fallgate__Signed signed_ack = FALLGATE__SIGNED__INIT;

	if (s->dirty && s->io.save(s->io.context) != FG_OK) {
		fg_session_error(s, FG_E_SYSTEM,
				 "the state file cannot be written: nothing is acknowledged", NULL);
		return;
	}
	s->dirty = false;
	if (s->ack_upto == 0)
		return;
	ack.device_id = s->state->data->device_id;
	ack.items = s->acks;
	ack.n_items = s->acks_count;
	ack.time_ms = fg_session_now(s);
	if (s->acks_count > 0 &&
	    fg_signed_make(&ack, &s->state->device_key, FG_LABEL_ACK, &signed_ack) != FG_OK)
		return;
	request.ack = s->acks_count > 0 ? &signed_ack : NULL;
	request.upto = s->ack_upto;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_ACK;
	frame.ack = &request;
	if (fg_session_transmit(s, &frame) == FG_OK) {
		forget_acks(s);
		s->ack_upto = 0;
	}
	fg_signed_free(&signed_ack);
}
