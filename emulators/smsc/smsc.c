/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sockets and the time for the center. What the peers are answered with is session.c's.
 */
#include "emulators/smsc/smsc_internal.h"

#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <talloc.h>

enum {
	READ_MAX = 1 << 18,   /* a turn: many PDUs, yet no peer starves the others */
	OUTPUT_MAX = 1 << 20, /* unread by the peer, before it gets answers only */
};

/* An accepted socket. */
struct socket {
	struct fg_smsc *smsc;
	struct smsc_conn *conn;
	struct bufferevent *bev;
};

/* ---- Time ---- */

static void set_timer(struct fg_smsc *smsc)
{
	uint64_t due_us, wait_us;
	struct timeval tv;

	if (smsc->center->options.virtual_clock || !smsc_center_next(smsc->center, &due_us) ||
	    (event_pending(smsc->timer, EV_TIMEOUT, NULL) && smsc->timer_us <= due_us))
		return;
	wait_us = due_us > smsc->center->now_us ? due_us - smsc->center->now_us : 0;
	tv = (struct timeval){ .tv_sec = (time_t)(wait_us / 1000000),
			       .tv_usec = (suseconds_t)(wait_us % 1000000) };
	smsc->timer_us = due_us;
	event_add(smsc->timer, &tv);
}

void smsc_before(struct fg_smsc *smsc)
{
	if (!smsc->center->options.virtual_clock)
		smsc_center_run(smsc->center,
				fg_clock_mono_us(fg_loop_clock(smsc->loop)) - smsc->start_us);
}

void smsc_after(struct fg_smsc *smsc)
{
	set_timer(smsc);
	if (smsc->center->capture)
		smsc_capture_flush(smsc->center->capture);
	if (smsc->control)
		emu_control_look(smsc->control);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	smsc_before(arg);
	smsc_after(arg);
}

enum fg_rc fg_smsc_advance(struct fg_smsc *smsc, uint64_t ms)
{
	if (!smsc->center->options.virtual_clock)
		return FG_E_ARG;
	smsc_center_run(smsc->center, smsc->center->now_us + ms * 1000);
	smsc_after(smsc);
	return FG_OK;
}

/* ---- Connections ---- */

static int socket_destroy(struct socket *sock)
{
	if (sock->conn)
		smsc_conn_close(sock->conn);
	if (sock->bev)
		bufferevent_free(sock->bev);
	return 0;
}

static void on_send(void *arg, const void *octets, size_t len)
{
	struct socket *sock = arg;
	struct evbuffer *out = bufferevent_get_output(sock->bev);

	evbuffer_add(out, octets, len);
	if (evbuffer_get_length(out) > OUTPUT_MAX && !sock->conn->full) {
		sock->conn->full = true;
		bufferevent_disable(sock->bev, EV_READ);
	}
}

static bool close_when_out(struct socket *sock)
{
	if (!sock->conn->closing)
		return false;
	bufferevent_disable(sock->bev, EV_READ);
	if (evbuffer_get_length(bufferevent_get_output(sock->bev)) == 0)
		talloc_free(sock);
	return true;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct socket *sock = arg;
	struct fg_smsc *smsc = sock->smsc;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len = evbuffer_get_length(in);

	smsc_before(smsc);
	evbuffer_drain(in, smsc_conn_bytes(sock->conn, evbuffer_pullup(in, -1), len));
	close_when_out(sock);
	smsc_after(smsc);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct socket *sock = arg;

	if (close_when_out(sock) || !sock->conn->full)
		return;
	smsc_before(sock->smsc);
	smsc_conn_room(sock->conn);
	if (!sock->conn->full) {
		bufferevent_enable(bev, EV_READ);
		bufferevent_trigger(bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
	}
	smsc_after(sock->smsc);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct socket *sock = arg;
	struct fg_smsc *smsc = sock->smsc;

	(void)bev;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	talloc_free(sock);
	smsc_after(smsc);
}

static void flow_end(const struct sockaddr *address, struct smsc_flow *flow, unsigned which)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };

	memcpy(flow->address[which], loopback, sizeof(loopback));
	if (address->sa_family == AF_INET)
		memcpy(flow->address[which], &in->sin_addr, 4);
	flow->port[which] = address->sa_family == AF_INET6
				    ? ntohs(((const struct sockaddr_in6 *)address)->sin6_port)
				    : ntohs(in->sin_port);
	flow->sequence[which] = 1;
}

static struct bufferevent *wrap(struct fg_smsc *smsc, evutil_socket_t fd)
{
	const struct fg_smsc_options *options = &smsc->center->options;

	return options->wrap ? options->wrap(fg_loop_base(smsc->loop), fd, options->wrap_arg)
			     : bufferevent_socket_new(fg_loop_base(smsc->loop), fd,
						      BEV_OPT_CLOSE_ON_FREE);
}

static struct socket *socket_new(struct fg_smsc *smsc, evutil_socket_t fd,
				 const struct smsc_flow *flow)
{
	struct socket *sock = talloc_zero(smsc, struct socket);

	if (!sock)
		return NULL;
	sock->smsc = smsc;
	talloc_set_destructor(sock, socket_destroy);
	sock->bev = wrap(smsc, fd);
	if (sock->bev)
		sock->conn = smsc_conn_new(smsc->center, on_send, sock, flow);
	return sock;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		      int len, void *arg)
{
	struct fg_smsc *smsc = arg;
	struct sockaddr_storage own = { .ss_family = AF_INET };
	socklen_t own_len = sizeof(own);
	struct smsc_flow flow;
	struct socket *sock;
	const int on = 1;

	(void)listener;
	(void)len;
	getsockname(fd, (struct sockaddr *)&own, &own_len);
	flow_end(address, &flow, 0);
	flow_end((const struct sockaddr *)&own, &flow, 1);
	sock = socket_new(smsc, fd, &flow);
	if (!sock || !sock->conn) {
		if (!sock || !sock->bev)
			evutil_closesocket(fd);
		talloc_free(sock);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* as carriers' do */
	bufferevent_set_max_single_read(sock->bev, READ_MAX);
	bufferevent_set_max_single_write(sock->bev, READ_MAX);
	bufferevent_setcb(sock->bev, on_read, on_written, on_event, sock);
	bufferevent_enable(sock->bev, EV_READ | EV_WRITE);
}

/* ---- The whole ---- */

static int smsc_destroy(struct fg_smsc *smsc)
{
	while (smsc->center && smsc->center->conns)
		talloc_free(smsc->center->conns->arg); /* its socket, and so it */
	if (smsc->listener)
		evconnlistener_free(smsc->listener);
	if (smsc->timer)
		event_free(smsc->timer);
	return 0;
}

static enum fg_rc smsc_listen(struct fg_smsc *smsc, const char *listen)
{
	struct sockaddr_storage address;
	int len = sizeof(address);
	ev_socklen_t got = sizeof(address);
	char text[80];

	/* libevent reads no port 0, but no port at all means the same. */
	snprintf(text, sizeof(text), "%s", listen);
	if (emu_ends_with(text, ":0"))
		text[strlen(text) - 2] = '\0';
	if (!emu_port_is_good(listen) ||
	    evutil_parse_sockaddr_port(text, (struct sockaddr *)&address, &len) != 0)
		return FG_E_ARG;
	smsc->listener = evconnlistener_new_bind(fg_loop_base(smsc->loop), on_accept, smsc,
						 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
						 (struct sockaddr *)&address, len);
	if (!smsc->listener || getsockname(evconnlistener_get_fd(smsc->listener),
					   (struct sockaddr *)&address, &got) != 0)
		return FG_E_SYSTEM;
	smsc->port =
		ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						    : ((struct sockaddr_in *)&address)->sin_port);
	return FG_OK;
}

static enum fg_rc smsc_open(struct fg_smsc *smsc, const struct fg_smsc_options *options)
{
	enum fg_rc rc = smsc_listen(smsc, options->listen);

	if (rc != FG_OK)
		emu_trouble_note(options->trouble, "--listen", options->listen,
				 rc == FG_E_ARG ? "no ADDRESS:PORT" : NULL);
	if (rc == FG_OK && options->control)
		rc = smsc_control_new(smsc, options->control, &smsc->control);
	if (rc != FG_OK) /* the first word counts */
		emu_trouble_note(options->trouble, "--control", options->control,
				 rc == FG_E_ARG ? "too long for a socket" : NULL);
	if (rc == FG_OK)
		set_timer(smsc); /* the script may have messages from phones */
	return rc;
}

enum fg_rc fg_smsc_new(void *ctx, struct fg_loop *loop, const struct fg_smsc_options *options,
		       fg_smsc_message_cb message, void *arg, struct fg_smsc **smsc_out)
{
	struct fg_smsc *smsc = talloc_zero(ctx, struct fg_smsc);
	const struct fg_clock *clock = fg_loop_clock(loop);
	enum fg_rc rc = FG_E_SYSTEM;

	if (!smsc)
		return FG_E_NO_MEMORY;
	talloc_set_destructor(smsc, smsc_destroy);
	smsc->loop = loop;
	smsc->start_us = fg_clock_mono_us(clock);
	smsc->timer = evtimer_new(fg_loop_base(loop), on_timer, smsc);
	smsc->center = smsc_center_new(smsc, options, fg_clock_wall_ms(clock) * 1000, message, arg);
	if (smsc->timer && smsc->center)
		rc = smsc_open(smsc, options);
	if (rc != FG_OK) {
		talloc_free(smsc);
		return rc;
	}
	*smsc_out = smsc;
	return FG_OK;
}

uint16_t fg_smsc_port(const struct fg_smsc *smsc)
{
	return smsc->port;
}

bool fg_smsc_is_busy(const struct fg_smsc *smsc)
{
	uint64_t due_us;

	return smsc_center_next(smsc->center, &due_us);
}

enum fg_rc fg_smsc_mo_send(struct fg_smsc *smsc, const struct fg_smsc_mo *mo, const char *text,
			   size_t text_len)
{
	enum fg_rc rc;

	smsc_before(smsc);
	rc = smsc_mo(smsc->center, mo, text, text_len);
	smsc_after(smsc);
	return rc;
}

const struct fg_smsc_counters *fg_smsc_counters(struct fg_smsc *smsc)
{
	return &smsc->center->counters;
}
