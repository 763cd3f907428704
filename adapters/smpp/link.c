/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The smpp adapter: a session (session.h) on a libevent socket, connected again with a growing,
 * jittered pause. A far side that refuses the credentials is asked only every five minutes, since
 * more would lock the account.
 */
#include "adapters/smpp/session.h"

#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "lib/base/log.h"

enum { REFUSED_PAUSE_MS = 300000 }; /* operators' practice: up to 300 s and an alarm */

struct smpp_link {
	struct fg_adapter_host *host;
	struct fg_loop *loop;
	const struct fg_conf_links *conf;
	struct fg_smpp_session *session;
	struct bufferevent *bev;
	struct evdns_base *dns;
	struct event *timer;
	bool connected, draining;
	uint64_t connect_at_ms; /* 0: connecting or connected */
	uint64_t pause_ms;
};

static void settle(struct smpp_link *link);

static uint64_t now_ms(const struct smpp_link *link)
{
	return fg_clock_mono_ms(fg_loop_clock(link->loop));
}

static void session_send(void *arg, const void *data, size_t len)
{
	struct smpp_link *link = arg;

	if (link->bev)
		bufferevent_write(link->bev, data, len);
}

/* Half of the pause to the whole of it, so that many links do not come back in one moment. */
static uint64_t jitter(uint64_t pause_ms)
{
	uint16_t random;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return pause_ms / 2 + pause_ms / 2 * random / UINT16_MAX;
}

/* The last words (an unbind_resp, a nack) would die with the bufferevent: give the kernel what it
 * takes now. */
static void flush_output(struct bufferevent *bev)
{
	struct evbuffer *out = bufferevent_get_output(bev);
	size_t len = evbuffer_get_length(out);
	evutil_socket_t fd = bufferevent_getfd(bev);

	if (fd >= 0 && len > 0)
		(void)!send(fd, evbuffer_pullup(out, -1), len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void disconnect(struct smpp_link *link, enum fg_smpp_close why, const char *note)
{
	struct bufferevent *bev = link->bev;
	uint64_t most_ms = (uint64_t)link->conf->reconnect_max_ms;

	if (link->connected)
		flush_output(bev);
	link->bev = NULL;
	link->connected = false;
	if (bev)
		bufferevent_free(bev);
	link->connect_at_ms =
		now_ms(link) +
		(why == FG_SMPP_CLOSE_REFUSED ? REFUSED_PAUSE_MS : jitter(link->pause_ms));
	link->pause_ms = link->pause_ms * 2 < most_ms ? link->pause_ms * 2 : most_ms;
	fg_smpp_session_disconnected(link->session, note);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct smpp_link *link = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len = evbuffer_get_length(in);

	fg_smpp_session_bytes(link->session, evbuffer_pullup(in, -1), len, now_ms(link));
	evbuffer_drain(in, len);
	if (fg_smpp_session_is_bound(link->session))
		link->pause_ms = (uint64_t)link->conf->reconnect_min_ms;
	settle(link);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct smpp_link *link = arg;
	const int on = 1;

	if (what & BEV_EVENT_CONNECTED) {
		bufferevent_set_timeouts(bev, NULL, NULL);
		/* a window of small PDUs: held back by Nagle's rule they would wait for a delayed acknowledgement */
		setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		link->connected = true;
		fg_smpp_session_connected(link->session, now_ms(link));
	} else {
		const char *note = link->connected ? "connection lost" : "cannot connect";

		LOG_LINK(fg_host_name(link->host), DSMPP, LOGL_NOTICE, "%s: %s\n", note,
			 what & BEV_EVENT_TIMEOUT ? "no answer"
			 : what & BEV_EVENT_EOF
				 ? "closed by peer"
				 : evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
		disconnect(link, FG_SMPP_CLOSE_LOST, note);
	}
	settle(link);
}

static enum fg_rc start_connect(struct smpp_link *link)
{
	struct event_base *base = fg_loop_base(link->loop);
	const struct timeval patience = { .tv_sec = link->conf->connect_timeout_ms / 1000,
					  .tv_usec = link->conf->connect_timeout_ms % 1000 * 1000 };
	struct sockaddr_storage address;
	int len = sizeof(address);
	char text[160];

	link->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!link->bev)
		return FG_E_NO_MEMORY;
	bufferevent_setcb(link->bev, on_read, NULL, on_event, link);
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	/* While it connects a bufferevent waits to write. */
	bufferevent_set_timeouts(link->bev, NULL, &patience);
	snprintf(text, sizeof(text), strchr(link->conf->host, ':') ? "[%s]:%u" : "%s:%u",
		 link->conf->host, (unsigned)link->conf->port);
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&address, &len) == 0)
		return bufferevent_socket_connect(link->bev, (struct sockaddr *)&address, len) == 0
			       ? FG_OK
			       : FG_E_SYSTEM;
	if (!link->dns)
		link->dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
							 EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!link->dns ||
	    bufferevent_socket_connect_hostname(link->bev, link->dns, AF_UNSPEC, link->conf->host,
						(int)link->conf->port) != 0)
		return FG_E_SYSTEM;
	return FG_OK;
}

static void connect_now(struct smpp_link *link)
{
	enum fg_rc rc;

	link->connect_at_ms = 0;
	rc = start_connect(link);
	/* A refusal inside the call has already been through on_event(). */
	if (rc != FG_OK && link->connect_at_ms == 0) {
		LOG_LINK(fg_host_name(link->host), DSMPP, LOGL_NOTICE, "cannot connect: %s\n",
			 fg_rc_text(rc));
		disconnect(link, FG_SMPP_CLOSE_LOST, "cannot connect");
	}
}

/* After everything that happened: close if the session says so, then sleep until the next thing is
 * due. */
static void settle(struct smpp_link *link)
{
	enum fg_smpp_close why = fg_smpp_session_close_why(link->session);
	uint64_t next, now = now_ms(link);
	struct timeval tv;

	if (why != FG_SMPP_CLOSE_NONE)
		disconnect(link, why,
			   why == FG_SMPP_CLOSE_REFUSED ? "bind refused" : "connection closed");
	next = fg_smpp_session_next_ms(link->session);
	if (link->connect_at_ms && !link->draining && link->connect_at_ms < next)
		next = link->connect_at_ms;
	if (next == UINT64_MAX) {
		event_del(link->timer);
		return;
	}
	next = next > now ? next - now : 0;
	tv.tv_sec = (time_t)(next / 1000);
	tv.tv_usec = (suseconds_t)(next % 1000 * 1000);
	event_add(link->timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct smpp_link *link = arg;

	(void)fd;
	(void)what;
	if (link->connect_at_ms && !link->draining && now_ms(link) >= link->connect_at_ms)
		connect_now(link);
	else
		fg_smpp_session_tick(link->session, now_ms(link));
	settle(link);
}

static int link_destroy(struct smpp_link *link)
{
	if (link->bev)
		bufferevent_free(link->bev);
	if (link->dns)
		evdns_base_free(link->dns, 0);
	if (link->timer)
		event_free(link->timer);
	return 0;
}

static enum fg_rc smpp_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			    const struct fg_conf_links *conf, void **adapter_out)
{
	struct smpp_link *link = talloc_zero(ctx, struct smpp_link);

	if (!link)
		return FG_E_NO_MEMORY;
	talloc_set_destructor(link, link_destroy);
	link->host = host;
	link->loop = loop;
	link->conf = conf;
	link->pause_ms = (uint64_t)conf->reconnect_min_ms;
	link->timer = event_new(fg_loop_base(loop), -1, 0, on_timer, link);
	link->session = fg_smpp_session_new(link, host, conf, session_send, link);
	if (!link->timer || !link->session) {
		talloc_free(link);
		return FG_E_NO_MEMORY;
	}
	*adapter_out = link;
	connect_now(link);
	settle(link);
	return FG_OK;
}

static enum fg_rc smpp_job(void *adapter, const struct fg_job *job)
{
	struct smpp_link *link = adapter;
	enum fg_rc rc = fg_smpp_session_job(link->session, job, now_ms(link));

	settle(link);
	return rc;
}

static void smpp_stored(void *adapter, uint64_t token)
{
	struct smpp_link *link = adapter;

	fg_smpp_session_stored(link->session, token);
	settle(link);
}

static void smpp_drain(void *adapter)
{
	struct smpp_link *link = adapter;

	link->draining = true;
	if (!link->connected && link->bev)
		disconnect(link, FG_SMPP_CLOSE_DRAINED, "draining");
	fg_smpp_session_drain(link->session, now_ms(link));
	settle(link);
}

static void smpp_close(void *adapter)
{
	struct smpp_link *link = adapter;

	disconnect(link, FG_SMPP_CLOSE_DRAINED, "closed");
	talloc_free(link);
}

const struct fg_adapter_ops fg_adapter_smpp = {
	.name = "smpp",
	.open = smpp_open,
	.job = smpp_job,
	.stored = smpp_stored,
	.drain = smpp_drain,
	.close = smpp_close,
};
