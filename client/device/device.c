/* SPDX-License-Identifier: ISC
 *
 * A session (session.h) on a connection (connection.h), with the state in a file.
 */
#include "client/device/device.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "client/device/connection.h"
#include "client/device/pairing.h"
#include "client/device/session.h"
#include "lib/base/handle.h"

struct fg_device {
	struct event_base *base;
	const struct fg_callbacks *callbacks;
	char *path;
	char *passphrase; /* NULL: the file is plain by explicit choice */
	struct fg_state state;
	struct fg_session *session;
	struct fg_connection *connection;
	struct fg_handle handle; /* to be registered; empty: log in */
	char *invitation;
};

static void tell_error(struct fg_device *d, enum fg_rc rc, const char *why)
{
	if (d->callbacks->on_error)
		d->callbacks->on_error(d->callbacks->context, rc, why, NULL);
}

/* ---- what the session needs ---- */

static void io_transmit(void *context, const void *frame, size_t len)
{
	struct fg_device *d = context;
	enum fg_rc rc = fg_connection_send(d->connection, frame, len);

	if (rc != FG_OK)
		tell_error(d, rc, "a frame could not be sent");
}

static uint64_t io_now_ms(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static enum fg_rc io_save(void *context)
{
	return fg_device_save(context);
}

/* ---- what the connection tells ---- */

static void on_open(void *context, const uint8_t exporter[static 32])
{
	struct fg_device *d = context;
	bool registers = d->handle.text[0] != '\0';
	enum fg_rc rc = fg_session_start(d->session, exporter, registers ? d->handle.text : NULL,
					 d->invitation ? d->invitation : "");

	if (rc != FG_OK)
		tell_error(d, rc, "the session cannot begin");
}

static void on_frame(void *context, const void *frame, size_t len)
{
	struct fg_device *d = context;
	enum fg_rc rc = fg_session_frame(d->session, frame, len);

	if (rc != FG_OK)
		tell_error(d, rc, "the gateway's frame is refused");
}

static void on_idle(void *context)
{
	fg_session_flush(((struct fg_device *)context)->session);
}

static void on_closed(void *context, enum fg_rc rc, const char *why)
{
	tell_error(context, rc, why);
}

/* ---- life ---- */

enum fg_rc fg_device_create(const char *path, const char *passphrase, const char *trust_text,
			    size_t trust_len)
{
	struct fg_state state;
	enum fg_rc rc = fg_crypto_init();

	if (rc == FG_OK && access(path, F_OK) == 0)
		return FG_E_EXISTS;
	if (rc == FG_OK)
		rc = fg_state_new(trust_text, trust_len, &state);
	if (rc != FG_OK)
		return rc;
	rc = fg_state_write(&state, path, passphrase);
	fg_state_free(&state);
	return rc;
}

static bool copy_text(const char *text, char **copy_out)
{
	*copy_out = text ? strdup(text) : NULL;
	return !text || *copy_out;
}

enum fg_rc fg_device_open(struct event_base *base, const char *path, const char *passphrase,
			  const struct fg_callbacks *callbacks, struct fg_device **device_out)
{
	struct fg_device *d = calloc(1, sizeof(*d));
	enum fg_rc rc = d ? fg_crypto_init() : FG_E_NO_MEMORY;

	if (rc != FG_OK) {
		free(d);
		return rc;
	}
	d->base = base;
	d->callbacks = callbacks;
	if (!copy_text(path, &d->path) || !copy_text(passphrase, &d->passphrase))
		rc = FG_E_NO_MEMORY;
	if (rc == FG_OK)
		rc = fg_state_read(path, passphrase, &d->state);
	if (rc == FG_OK) {
		*device_out = d;
		return FG_OK;
	}
	fg_device_close(d);
	return rc;
}

void fg_device_close(struct fg_device *device_take)
{
	struct fg_device *d = device_take;

	if (!d)
		return;
	if (d->session)
		fg_session_flush(d->session);
	fg_session_free(d->session);
	fg_connection_free(d->connection);
	fg_state_free(&d->state);
	if (d->passphrase)
		fg_wipe(d->passphrase, strlen(d->passphrase));
	free(d->passphrase);
	free(d->path);
	free(d->invitation);
	free(d);
}

enum fg_rc fg_device_save(struct fg_device *d)
{
	return fg_state_write(&d->state, d->path, d->passphrase);
}

struct fg_state *fg_device_state(struct fg_device *d)
{
	return &d->state;
}

static enum fg_rc connect_device(struct fg_device *d)
{
	struct fg_session_io io = { d, io_transmit, io_now_ms, io_save };
	struct fg_connection_events events = { d, on_open, on_frame, on_idle, on_closed };

	fg_session_free(d->session);
	fg_connection_free(d->connection);
	d->connection = NULL;
	d->session = fg_session_new(&d->state, d->callbacks, &io);
	if (!d->session)
		return FG_E_NO_MEMORY;
	return fg_connection_new(d->base, &d->state.trust, &events, &d->connection);
}

enum fg_rc fg_device_register(struct fg_device *d, const char *handle, const char *invitation)
{
	enum fg_rc rc;

	if (d->state.data->handle[0])
		return FG_E_EXISTS;
	if (!fg_state_holds_account(&d->state) && !d->state.data->cert)
		return FG_E_STATE; /* it asked to be approved and was not yet */
	rc = fg_handle_parse(handle, strlen(handle), &d->handle);
	if (rc != FG_OK)
		return rc;
	free(d->invitation);
	if (!copy_text(invitation, &d->invitation))
		return FG_E_NO_MEMORY;
	return connect_device(d);
}

enum fg_rc fg_device_login(struct fg_device *d)
{
	if (!d->state.data->handle[0])
		return FG_E_STATE;
	d->handle.text[0] = '\0';
	return connect_device(d);
}

/* ---- another device of the account ---- */

enum fg_rc fg_device_request(struct fg_device *d, const char *handle, char **code_out)
{
	char *code;
	enum fg_rc rc = fg_pairing_request(&d->state, handle, &code);

	if (rc != FG_OK)
		return rc;
	rc = fg_device_save(d);
	if (rc == FG_OK)
		*code_out = code;
	else
		free(code);
	return rc;
}

enum fg_rc fg_device_approve(struct fg_device *d, const char *code, char **approval_out)
{
	return fg_pairing_approve(&d->state, code, io_now_ms(d), approval_out);
}

enum fg_rc fg_device_register_approved(struct fg_device *d, const char *approval)
{
	enum fg_rc rc = fg_pairing_accept(&d->state, approval, io_now_ms(d));

	if (rc != FG_OK)
		return rc;
	return d->state.data->handle[0] ? fg_device_login(d)
					: fg_device_register(d, d->state.data->wanted_handle, "");
}

/* ---- through to the session ---- */

enum fg_rc fg_device_cancel(struct fg_device *d, const struct fg_id *message_id)
{
	return d->session ? fg_session_cancel(d->session, message_id) : FG_E_STATE;
}

enum fg_rc fg_device_remove(struct fg_device *d, const struct fg_id *device_id)
{
	return d->session ? fg_session_remove(d->session, device_id) : FG_E_STATE;
}

enum fg_rc fg_device_deregister(struct fg_device *d)
{
	return d->session ? fg_session_deregister(d->session) : FG_E_STATE;
}

enum fg_rc fg_device_accept_identity(struct fg_device *d, const char *handle)
{
	return d->session ? fg_session_accept_identity(d->session, handle) : FG_E_STATE;
}

enum fg_rc fg_device_send(struct fg_device *d, const char *handle, const char *text,
			  const struct fg_send_options *options, struct fg_id *message_id_out)
{
	return d->session ? fg_session_send(d->session, handle, text, options, message_id_out)
			  : FG_E_STATE;
}

enum fg_rc fg_device_consent(struct fg_device *d, const struct fg_id *message_id, unsigned bearers,
			     bool pin_ack)
{
	return d->session ? fg_session_consent(d->session, message_id, bearers, pin_ack)
			  : FG_E_STATE;
}

enum fg_rc fg_device_lookup(struct fg_device *d, const char *handle)
{
	return d->session ? fg_session_lookup(d->session, handle) : FG_E_STATE;
}

enum fg_rc fg_device_list(struct fg_device *d)
{
	return d->session ? fg_session_list(d->session) : FG_E_STATE;
}

enum fg_rc fg_device_verify(struct fg_device *d, const struct fg_id *message_id)
{
	return d->session ? fg_session_verify(d->session, message_id) : FG_E_STATE;
}
