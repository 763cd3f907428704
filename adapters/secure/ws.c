/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/secure/ws.h"

#include <string.h>
#include <talloc.h>
#include <wslay/wslay.h>

struct fg_ws {
	wslay_event_context_ptr wslay;
	const struct fg_ws_ops *ops;
	void *arg;
	const uint8_t *in; /* of the call of fg_ws_input() that runs */
	size_t in_len;
	unsigned pieces; /* frames of the message that is coming */
	uint16_t code;   /* of a close; 0 while there is none */
	bool ended;
	bool close_waits; /* for fg_ws_flush(): wslay would send it before the messages */
};

static ssize_t give_input(wslay_event_context_ptr wslay, uint8_t *buf, size_t len, int flags,
			  void *arg)
{
	struct fg_ws *ws = arg;

	(void)flags;
	if (ws->in_len == 0) {
		wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	if (len > ws->in_len)
		len = ws->in_len;
	memcpy(buf, ws->in, len);
	ws->in += len;
	ws->in_len -= len;
	return (ssize_t)len;
}

static ssize_t take_output(wslay_event_context_ptr wslay, const uint8_t *data, size_t len,
			   int flags, void *arg)
{
	struct fg_ws *ws = arg;

	(void)flags;
	if (ws->ops->write(data, len, ws->arg))
		return (ssize_t)len;
	wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static void on_frame_start(wslay_event_context_ptr wslay,
			   const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
	struct fg_ws *ws = arg;

	(void)wslay;
	if (wslay_is_ctrl_frame(frame->opcode))
		return;
	if (++ws->pieces > FG_WS_PIECES_MAX)
		fg_ws_close(ws, FG_WS_TOO_BIG);
	if (frame->opcode == WSLAY_TEXT_FRAME)
		fg_ws_close(ws, FG_WS_UNSUPPORTED);
}

/* wslay answers pings, and a close with a close, by itself. */
static void on_message(wslay_event_context_ptr wslay,
		       const struct wslay_event_on_msg_recv_arg *message, void *arg)
{
	struct fg_ws *ws = arg;
	uint16_t code;

	(void)wslay;
	if (message->opcode == WSLAY_CONNECTION_CLOSE) {
		if (!ws->ended)
			ws->code = message->status_code ? message->status_code
							: WSLAY_CODE_NO_STATUS_RCVD;
		ws->ended = true;
	}
	if (wslay_is_ctrl_frame(message->opcode))
		return;
	ws->pieces = 0;
	if (ws->ended)
		return;
	code = ws->ops->message(message->msg, message->msg_length, ws->arg);
	if (code)
		fg_ws_close(ws, code);
}

static int ws_destroy(struct fg_ws *ws)
{
	if (ws->wslay)
		wslay_event_context_free(ws->wslay);
	return 0;
}

struct fg_ws *fg_ws_new(void *ctx, const struct fg_ws_ops *ops, void *arg)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = give_input,
		.send_callback = take_output,
		.on_frame_recv_start_callback = on_frame_start,
		.on_msg_recv_callback = on_message,
	};
	struct fg_ws *ws = talloc_zero(ctx, struct fg_ws);

	if (!ws)
		return NULL;
	ws->ops = ops;
	ws->arg = arg;
	talloc_set_destructor(ws, ws_destroy);
	if (wslay_event_context_server_init(&ws->wslay, &callbacks, ws) != 0) {
		ws->wslay = NULL;
		talloc_free(ws);
		return NULL;
	}
	fg_ws_set_max(ws, FG_WS_STRANGER_MAX);
	return ws;
}

void fg_ws_set_max(struct fg_ws *ws, size_t max)
{
	wslay_event_config_set_max_recv_msg_length(ws->wslay, max);
}

enum fg_rc fg_ws_input(struct fg_ws *ws, const uint8_t *data, size_t len)
{
	int failed;

	if (ws->ended)
		return FG_E_CLOSED;
	ws->in = data;
	ws->in_len = len;
	failed = wslay_event_recv(ws->wslay);
	ws->in_len = 0;
	/* A frame that cannot be: wslay has queued a close without a code. */
	if (failed && !ws->ended)
		ws->code = FG_WS_PROTOCOL;
	/* Or wslay did not like what it read, and has queued the close for it. */
	if (failed || !wslay_event_get_read_enabled(ws->wslay))
		ws->ended = true;
	return ws->ended ? FG_E_CLOSED : FG_OK;
}

static enum fg_rc queue(struct fg_ws *ws, uint8_t opcode, const uint8_t *data, size_t len)
{
	const struct wslay_event_msg message = { .opcode = opcode, .msg = data, .msg_length = len };

	if (ws->ended)
		return FG_E_CLOSED;
	return wslay_event_queue_msg(ws->wslay, &message) == 0 ? FG_OK : FG_E_NO_MEMORY;
}

enum fg_rc fg_ws_send(struct fg_ws *ws, const uint8_t *data, size_t len)
{
	return queue(ws, WSLAY_BINARY_FRAME, data, len);
}

enum fg_rc fg_ws_ping(struct fg_ws *ws)
{
	return queue(ws, WSLAY_PING, NULL, 0);
}

void fg_ws_close(struct fg_ws *ws, uint16_t code)
{
	if (ws->ended)
		return;
	ws->ended = true;
	ws->code = code;
	ws->close_waits = true;
	wslay_event_shutdown_read(ws->wslay);
}

enum fg_rc fg_ws_flush(struct fg_ws *ws)
{
	if (wslay_event_send(ws->wslay) != 0)
		return FG_E_NO_MEMORY;
	if (!ws->close_waits)
		return FG_OK;
	ws->close_waits = false;
	/* wslay may have closed by itself in the meantime: over text that is not UTF-8. */
	if (wslay_event_get_close_sent(ws->wslay))
		return FG_OK;
	if (wslay_event_queue_close(ws->wslay, ws->code, NULL, 0) != 0 ||
	    wslay_event_send(ws->wslay) != 0)
		return FG_E_NO_MEMORY;
	return FG_OK;
}

uint16_t fg_ws_code(const struct fg_ws *ws)
{
	uint16_t sent = wslay_event_get_status_code_sent(ws->wslay);

	if (ws->code)
		return ws->code;
	return sent == WSLAY_CODE_ABNORMAL_CLOSURE ? 0 : sent;
}
