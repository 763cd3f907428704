/* SPDX-License-Identifier: ISC
 *
 * The device protocol without sockets and clocks: frames in, frames out. device.c joins it to a
 * connection.
 */
#pragma once

#include "client/device/device.h"
#include "client/device/state.h"
#include "client/device/verify.h"

enum {
	FG_SESSION_OUTGOING_MAX = 32,
	FG_SESSION_ACKS_MAX = 32,
	FG_SESSION_TEXT_MAX = 8192, /* bytes of one message's text */
	FG_SESSION_FRAME_MAX = 61440,
};

/*! What a session needs of the world. */
struct fg_session_io {
	void *context;
	void (*transmit)(void *context, const void *frame, size_t len);
	uint64_t (*now_ms)(void *context); /*!< wall clock, Unix */
	enum fg_rc (*save)(void *context); /*!< make the state durable */
};

struct fg_session;

/*! All borrowed until fg_session_free(). NULL without memory. */
struct fg_session *fg_session_new(struct fg_state *state, const struct fg_callbacks *callbacks,
				  const struct fg_session_io *io);
void fg_session_free(struct fg_session *session_take);

/*! A connection is open; handle NULL: log in, otherwise register with invitation. Sends Hello. */
enum fg_rc fg_session_start(struct fg_session *session, const uint8_t exporter[static 32],
			    const char *handle, const char *invitation);
/*! One frame came. FG_OK, or an error after which the connection is of no use. */
enum fg_rc fg_session_frame(struct fg_session *session, const void *frame, size_t len);
/*! Save and acknowledge what came since the last call. Call it once per turn of the loop. */
void fg_session_flush(struct fg_session *session);

/*! As their namesakes of device.h. */
enum fg_rc fg_session_send(struct fg_session *session, const char *handle, const char *text,
			   const struct fg_send_options *options, struct fg_id *message_id_out);
enum fg_rc fg_session_consent(struct fg_session *session, const struct fg_id *message_id,
			      unsigned bearers, bool pin_ack);
enum fg_rc fg_session_cancel(struct fg_session *session, const struct fg_id *message_id);
enum fg_rc fg_session_remove(struct fg_session *session, const struct fg_id *device_id);
enum fg_rc fg_session_deregister(struct fg_session *session);
enum fg_rc fg_session_accept_identity(struct fg_session *session, const char *handle);
enum fg_rc fg_session_lookup(struct fg_session *session, const char *handle);
enum fg_rc fg_session_list(struct fg_session *session);
enum fg_rc fg_session_verify(struct fg_session *session, const struct fg_id *message_id);
