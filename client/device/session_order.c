/* SPDX-License-Identifier: ISC
 *
 * What the application orders of the gateway: cancel a message, remove a device, sign the account
 * off, accept a new identity. One at a time, each ends with Done or Error.
 */
#include "client/device/session_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/handle.h"

static ProtobufCBinaryData borrowed(const void *data, size_t len)
{
	return (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)data, .len = len };
}

void fg_order_forget(struct fg_session *s)
{
	free(s->order.handle);
	s->order = (struct fg_order){ 0 };
}

static enum fg_rc order_check(const struct fg_session *s)
{
	if (s->phase != FG_SESSION_READY)
		return FG_E_STATE;
	return s->order.kind == FG_ORDER_NONE ? FG_OK : FG_E_LIMIT;
}

static enum fg_rc order(struct fg_session *s, enum fg_order_kind kind, Fallgate__ClientFrame *frame)
{
	enum fg_rc rc = fg_session_transmit(s, frame);

	if (rc != FG_OK)
		return rc;
	s->order.kind = kind;
	s->order.request = s->last_request;
	return FG_OK;
}

enum fg_rc fg_session_cancel(struct fg_session *s, const struct fg_id *message_id)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__CancelRequest request = FALLGATE__CANCEL_REQUEST__INIT;
	Fallgate__Cancel cancel = FALLGATE__CANCEL__INIT;
	Fallgate__Signed signed_cancel;
	enum fg_rc rc = order_check(s);

	if (rc == FG_OK && !fg_state_sent(s->state, message_id->b, FG_ID_LEN))
		rc = FG_E_NOT_FOUND;
	if (rc != FG_OK)
		return rc;
	cancel.message_id = borrowed(message_id->b, FG_ID_LEN);
	cancel.gateway_id = borrowed(s->state->trust.gateway_id, FG_GATEWAY_ID_LEN);
	rc = fg_signed_make(&cancel, &s->state->device_key, FG_LABEL_CANCEL, &signed_cancel);
	if (rc != FG_OK)
		return rc;
	request.cancel = &signed_cancel;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_CANCEL;
	frame.cancel = &request;
	rc = order(s, FG_ORDER_CANCEL, &frame);
	fg_signed_free(&signed_cancel);
	return rc;
}

enum fg_rc fg_session_remove(struct fg_session *s, const struct fg_id *device_id)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__RemoveDevice request = FALLGATE__REMOVE_DEVICE__INIT;
	enum fg_rc rc = order_check(s);

	if (rc != FG_OK)
		return rc;
	request.device_id = borrowed(device_id->b, FG_ID_LEN);
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_REMOVE_DEVICE;
	frame.remove_device = &request;
	return order(s, FG_ORDER_REMOVE, &frame);
}

enum fg_rc fg_session_deregister(struct fg_session *s)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Deregister request = FALLGATE__DEREGISTER__INIT;
	Fallgate__Deregistration body = FALLGATE__DEREGISTRATION__INIT;
	Fallgate__Signed signed_body;
	enum fg_rc rc = order_check(s);

	if (rc == FG_OK && !fg_state_holds_account(s->state))
		rc = FG_E_DENIED;
	if (rc == FG_OK && s->own_epoch == 0)
		rc = FG_E_VIEW_STALE;
	if (rc != FG_OK)
		return rc;
	body.handle = s->state->data->handle;
	body.account_key = borrowed(s->state->account_key.public, FG_SIGN_PUBLIC_LEN);
	body.epoch = s->own_epoch;
	body.time_ms = fg_session_now(s);
	rc = fg_signed_make(&body, &s->state->account_key, FG_LABEL_DEREGISTER, &signed_body);
	if (rc != FG_OK)
		return rc;
	request.deregistration = &signed_body;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_DEREGISTER;
	frame.deregister = &request;
	rc = order(s, FG_ORDER_DEREGISTER, &frame);
	fg_signed_free(&signed_body);
	return rc;
}

/* ---- a new identity: look up what the directory signs, then accept exactly that ---- */

enum fg_rc fg_session_accept_identity(struct fg_session *s, const char *handle)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Lookup lookup = FALLGATE__LOOKUP__INIT;
	struct fg_handle whose;
	enum fg_rc rc = order_check(s);

	if (rc == FG_OK)
		rc = fg_handle_parse(handle, strlen(handle), &whose);
	if (rc == FG_OK && !fg_state_pin(s->state, whose.text))
		rc = FG_E_NOT_FOUND;
	if (rc != FG_OK)
		return rc;
	s->order.handle = strdup(whose.text);
	if (!s->order.handle)
		return FG_E_NO_MEMORY;
	lookup.handle = whose.text;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_LOOKUP;
	frame.lookup = &lookup;
	rc = order(s, FG_ORDER_ACCEPT, &frame);
	if (rc != FG_OK)
		fg_order_forget(s);
	return rc;
}

static enum fg_rc send_accept(struct fg_session *s, const Fallgate__ClientPin *pin)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__AcceptIdentityRequest request = FALLGATE__ACCEPT_IDENTITY_REQUEST__INIT;
	Fallgate__AcceptIdentity accept = FALLGATE__ACCEPT_IDENTITY__INIT;
	Fallgate__Signed signed_accept;
	enum fg_rc rc;

	accept.handle = s->order.handle;
	accept.old_key = pin->account_key;
	accept.new_key = borrowed(s->order.new_key, FG_SIGN_PUBLIC_LEN);
	rc = fg_signed_make(&accept, &s->state->device_key, FG_LABEL_ACCEPT_IDENTITY,
			    &signed_accept);
	if (rc != FG_OK)
		return rc;
	request.accept = &signed_accept;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_ACCEPT_IDENTITY;
	frame.accept_identity = &request;
	rc = order(s, FG_ORDER_ACCEPT, &frame);
	fg_signed_free(&signed_accept);
	return rc;
}

void fg_order_lookup(struct fg_session *s, const Fallgate__LookupResult *result)
{
	const Fallgate__ClientPin *pin =
		s->order.handle ? fg_state_pin(s->state, s->order.handle) : NULL;
	const Fallgate__View *view;
	enum fg_rc rc = FG_E_SYNTAX;

	if (pin)
		rc = fg_session_view(s, result->view, s->order.handle, &view);
	if (rc == FG_OK && view->state != FALLGATE__VIEW_STATE__VIEW_SECURE)
		rc = FG_E_NOT_FOUND;
	if (rc == FG_OK &&
	    memcmp(view->account_key.data, pin->account_key.data, FG_SIGN_PUBLIC_LEN) == 0)
		rc = FG_E_EXISTS;
	if (rc == FG_OK) {
		memcpy(s->order.new_key, view->account_key.data, FG_SIGN_PUBLIC_LEN);
		s->order.epoch = view->epoch;
		rc = send_accept(s, pin);
	}
	if (rc == FG_OK)
		return;
	fg_order_forget(s);
	fg_session_error(s, rc, "there is no new identity to accept", NULL);
}

void fg_order_done(struct fg_session *s)
{
	enum fg_rc rc = FG_OK;

	if (s->order.kind == FG_ORDER_DEREGISTER)
		rc = fg_text_set(&s->state->data->handle, "");
	else if (s->order.kind == FG_ORDER_ACCEPT)
		rc = fg_state_pin_set(s->state, s->order.handle, s->order.new_key, s->order.epoch,
				      fg_session_now(s), true);
	fg_order_forget(s);
	s->dirty = true;
	if (rc == FG_OK)
		rc = s->io.save(s->io.context);
	if (rc != FG_OK)
		fg_session_error(s, rc, "the gateway did it, but it cannot be kept here", NULL);
	else if (s->callbacks->on_done)
		s->callbacks->on_done(s->callbacks->context);
}
