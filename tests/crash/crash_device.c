/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A device that never gives up, for kill_test.py: it connects again whenever the connection ends and gives every message that was not
 * accepted again, under the same id. Commands come by standard input, a line each; what happens goes to standard output, a JSON line each.
 *
 *     crash_device STATE
 *     send ID HANDLE BEARER TEXT    BEARER: sms (consented to) or secure (nothing else)
 *
 * The state is saved at the end of standard input only: this process is not the one that is killed.
 */
#include "client/device/connection.h"
#include "client/device/session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include "client/device/verify.h"

enum {
	MESSAGES_MAX = 20000,
	TEXT_MAX = 160,
	SHOWN_MAX = 640,
	HANDLE_MAX = 32,
	RETRY_MS = 50,
	STALL_MS = 4000
};

enum progress { WAITS, UNDER_WAY, ACCEPTED };

struct message {
	struct fg_id id;
	enum progress progress;
	bool sms;
	uint64_t tried_ms;
	char handle[HANDLE_MAX + 1], text[TEXT_MAX + 1];
};

struct crash_device {
	struct event_base *base;
	struct fg_callbacks callbacks;
	struct fg_state state;
	struct fg_session *session;
	struct fg_connection *connection;
	struct event *again;
	bool ready, closed;
	unsigned first_open; /* every message before it is accepted */
	unsigned count;
	struct message messages[MESSAGES_MAX];
};

static void must(enum fg_rc rc, const char *what)
{
	if (rc == FG_OK)
		return;
	fprintf(stderr, "crash_device: %s: %s\n", what, fg_rc_text(rc));
	exit(1);
}

static uint64_t now_ms(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void say(const char *event, const struct fg_id *id, const char *rest)
{
	char text[FG_ID_TEXT_LEN + 1] = "";

	printf("{\"event\":\"%s\",\"ms\":%llu,\"id\":\"%s\"%s}\n", event,
	       (unsigned long long)now_ms(NULL), id ? fg_id_text(id, text) : "", rest);
	fflush(stdout);
}

/* ---- messages ---- */

static struct message *find(struct crash_device *d, const struct fg_id *id)
{
	for (unsigned i = d->count; id && i > 0; i--)
		if (fg_id_cmp(&d->messages[i - 1].id, id) == 0)
			return &d->messages[i - 1];
	return NULL;
}

static void try_message(struct crash_device *d, struct message *m)
{
	const struct fg_send_options options = {
		.policy = m->sms ? FALLGATE__SENDER_POLICY__POLICY_ALLOW
				 : FALLGATE__SENDER_POLICY__POLICY_SECURE_ONLY,
		.message_class = FALLGATE__MESSAGE_CLASS__CLASS_NORMAL,
		.bearers = m->sms ? 1U << FALLGATE__BEARER__BEARER_SMS : 0,
		.id = &m->id,
	};
	struct fg_id id;
	enum fg_rc rc = fg_session_send(d->session, m->handle, m->text, &options, &id);

	m->tried_ms = now_ms(NULL);
	if (rc == FG_OK)
		m->progress = UNDER_WAY;
	else if (rc != FG_E_LIMIT)
		must(rc, "send");
}

static void connect_again(struct crash_device *d);

/* No answer for so long on an open connection is worth a word, and another connection. */
static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct crash_device *d = arg;
	uint64_t now = now_ms(NULL);

	(void)fd;
	(void)what;
	if (d->closed) {
		connect_again(d);
		return;
	}
	while (d->first_open < d->count && d->messages[d->first_open].progress == ACCEPTED)
		d->first_open++;
	for (unsigned i = d->first_open; d->ready && i < d->count; i++) {
		struct message *m = &d->messages[i];

		if (m->progress == WAITS && now >= m->tried_ms + 2 * RETRY_MS)
			try_message(d, m);
		if (m->progress != UNDER_WAY || now < m->tried_ms + STALL_MS)
			continue;
		say("stall", &m->id, "");
		connect_again(d);
		return;
	}
}

/* ---- what the session and the connection tell ---- */

static void transmit(void *context, const void *frame, size_t len)
{
	/* When it is closed, on_closed says so. */
	fg_connection_send(((struct crash_device *)context)->connection, frame, len);
}

static enum fg_rc save(void *context)
{
	(void)context;
	return FG_OK;
}

static void on_ready(void *context, const char *handle)
{
	(void)handle;
	((struct crash_device *)context)->ready = true;
	say("ready", NULL, "");
}

static void on_message(void *context, const struct fg_message *message)
{
	char rest[SHOWN_MAX + 64];

	(void)context;
	snprintf(rest, sizeof(rest), ",\"text\":\"%.*s\"", (int)SHOWN_MAX, message->text);
	say("message", &message->message_id, rest);
}

static void on_receipt(void *context, const struct fg_id *id, const struct fg_verified *verified)
{
	const Fallgate__Receipt *receipt = verified->receipt;
	struct message *m = find(context, id);
	char rest[256];

	if (m)
		m->progress = ACCEPTED;
	snprintf(rest, sizeof(rest),
		 ",\"kind\":%d,\"final\":%s,\"doubt\":%s,\"protection\":%d,\"logged\":%s,"
		 "\"reason\":\"%s\"",
		 (int)receipt->kind, receipt->final ? "true" : "false",
		 receipt->possible_duplicate ? "true" : "false", (int)receipt->protection,
		 verified->logged ? "true" : "false", receipt->reason);
	say(receipt->kind == FALLGATE__RECEIPT_KIND__RECEIPT_ACCEPTED ? "accepted" : "receipt", id,
	    rest);
}

static void on_error(void *context, enum fg_rc rc, const char *text, const struct fg_id *id)
{
	struct message *m = find(context, id);
	char rest[256];

	snprintf(rest, sizeof(rest), ",\"rc\":\"%s\",\"text\":\"%s\"", fg_rc_name(rc), text);
	say("error", id, rest);
	if (m && m->progress == UNDER_WAY)
		m->progress = WAITS;
}

static void on_open(void *context, const uint8_t exporter[static 32])
{
	fg_session_start(((struct crash_device *)context)->session, exporter, NULL, "");
}

static void on_frame(void *context, const void *frame, size_t len)
{
	enum fg_rc rc = fg_session_frame(((struct crash_device *)context)->session, frame, len);

	if (rc != FG_OK)
		on_error(context, rc, "frame", NULL);
}

static void on_idle(void *context)
{
	fg_session_flush(((struct crash_device *)context)->session);
}

static void on_closed(void *context, enum fg_rc rc, const char *why)
{
	struct crash_device *d = context;

	(void)rc;
	(void)why;
	d->closed = true;
	d->ready = false;
	say("closed", NULL, "");
}

static void connect_again(struct crash_device *d)
{
	const struct fg_session_io io = { d, transmit, now_ms, save };
	const struct fg_connection_events events = { d, on_open, on_frame, on_idle, on_closed };

	fg_session_free(d->session);
	fg_connection_free(d->connection);
	d->connection = NULL;
	d->ready = d->closed = false;
	for (unsigned i = d->first_open; i < d->count; i++)
		if (d->messages[i].progress == UNDER_WAY)
			d->messages[i].progress = WAITS;
	d->session = fg_session_new(&d->state, &d->callbacks, &io);
	must(d->session ? FG_OK : FG_E_NO_MEMORY, "session");
	must(fg_connection_new(d->base, &d->state.trust, &events, &d->connection), "connect");
}

/* ---- commands ---- */

static void take_line(struct crash_device *d, const char *line)
{
	struct message *m = &d->messages[d->count];
	char id[FG_ID_TEXT_LEN + 1], bearer[8];

	if (d->count == MESSAGES_MAX ||
	    sscanf(line, "send %32s %32s %7s %160[^\n]", id, m->handle, bearer, m->text) != 4 ||
	    fg_id_parse(id, &m->id) != FG_OK)
		must(FG_E_SYNTAX, line);
	m->sms = strcmp(bearer, "sms") == 0;
	d->count++;
	if (d->ready)
		try_message(d, m);
}

static void on_input(struct bufferevent *input, void *arg)
{
	char *line;

	while ((line = evbuffer_readln(bufferevent_get_input(input), NULL, EVBUFFER_EOL_LF))) {
		take_line(arg, line);
		free(line);
	}
}

static void on_end(struct bufferevent *input, short what, void *arg)
{
	(void)input;
	(void)what;
	event_base_loopbreak(((struct crash_device *)arg)->base);
}

static void finish(struct crash_device *d, struct bufferevent *input, const char *path)
{
	fg_session_flush(d->session);
	must(fg_state_write(&d->state, path, NULL), path);
	fg_session_free(d->session);
	fg_connection_free(d->connection);
	fg_state_free(&d->state);
	bufferevent_free(input);
	event_free(d->again);
	/* A callback that waits for its turn holds its connection; the base would forget it. */
	event_base_loop(d->base, EVLOOP_NONBLOCK);
	event_base_free(d->base);
}

int main(int argc, char **argv)
{
	static const struct timeval pause = { .tv_usec = RETRY_MS * 1000 };
	static struct crash_device d;
	struct bufferevent *input;

	d.callbacks = (struct fg_callbacks){ .context = &d,
					     .on_ready = on_ready,
					     .on_message = on_message,
					     .on_receipt = on_receipt,
					     .on_error = on_error };
	signal(SIGPIPE, SIG_IGN);
	must(argc == 2 ? FG_OK : FG_E_ARG, "usage: crash_device STATE");
	must(fg_crypto_init(), "start");
	must(fg_state_read(argv[1], NULL, &d.state), argv[1]);
	evutil_make_socket_nonblocking(0);
	d.base = event_base_new();
	input = d.base ? bufferevent_socket_new(d.base, 0, 0) : NULL;
	d.again = d.base ? event_new(d.base, -1, EV_PERSIST, on_again, &d) : NULL;
	must(input && d.again && event_add(d.again, &pause) == 0 ? FG_OK : FG_E_NO_MEMORY, "start");
	bufferevent_setcb(input, on_input, NULL, on_end, &d);
	bufferevent_enable(input, EV_READ);
	connect_again(&d);
	event_base_dispatch(d.base);
	finish(&d, input, argv[1]);
	return 0;
}
