/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The modem adapter: a session (session.h) on a device, driven by one timer. A serial device is opened
 * by the parent, ready to use, each time that it is asked for: so a modem that was unplugged is found
 * again, by its path or by its IMEI, and this process needs no right to open anything. "tcp:HOST:PORT", for
 * emulators on this machine, is connected to from here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <talloc.h>
#include "adapters/modem/session.h"
#include "adapters/sdk.h"
#include "lib/base/log.h"

enum {
	PAUSE_MAX_MS = 10000, /* a modem that is plugged in again is not waited for longer (ours) */
	READ_MAX = 4096,
	NOTE_LEN = 128,
};

enum device_state { DEVICE_AWAY, DEVICE_ASKED, DEVICE_CONNECTING, DEVICE_OPEN };

struct modem_link {
	struct fg_adapter_host *host;
	struct fg_loop *loop;
	const struct fg_conf_links *conf;
	struct fg_modem_state *state;
	struct fg_modem_session *session;
	struct bufferevent *bev;
	struct event *timer, *turn;
	enum device_state device;
	unsigned nth; /* of the devices that links.device names */
	uint64_t open_at_ms, pause_ms;
	bool stay_away, closing;
};

static struct fg_modem_time now(const struct modem_link *link)
{
	const struct fg_clock *clock = fg_loop_clock(link->loop);

	return (struct fg_modem_time){ fg_clock_mono_ms(clock), fg_clock_wall_ms(clock) };
}

static void turn_later(struct modem_link *link)
{
	if (!link->closing)
		event_active(link->turn, 0, 0);
}

/* ---- the device ---- */

static void session_send(void *arg, const void *data, size_t len)
{
	struct modem_link *link = arg;

	if (link->bev)
		bufferevent_write(link->bev, data, len);
}

static void device_drop(struct modem_link *link)
{
	struct bufferevent *bev = link->bev;

	link->bev = NULL;
	link->device = DEVICE_AWAY;
	if (bev)
		bufferevent_free(bev);
}

static void open_later(struct modem_link *link, uint64_t pause_ms)
{
	link->open_at_ms = now(link).mono_ms + pause_ms;
	turn_later(link);
}

/* The next try is a little later than the last, until the modem worked once. */
static void open_again(struct modem_link *link)
{
	uint64_t most_ms = (uint64_t)link->conf->reconnect_max_ms;

	link->nth = 0;
	open_later(link, link->pause_ms);
	link->pause_ms *= 2;
	if (link->pause_ms > PAUSE_MAX_MS)
		link->pause_ms = PAUSE_MAX_MS;
	if (link->pause_ms > most_ms)
		link->pause_ms = most_ms;
}

static void lost(struct modem_link *link, const char *why)
{
	device_drop(link);
	LOG_LINK(fg_host_name(link->host), DMODEM, LOGL_NOTICE, "modem is gone: %s\n", why);
	fg_modem_session_closed(link->session, why, now(link));
	open_again(link);
}

static void close_if_said(struct modem_link *link)
{
	enum fg_modem_close why = fg_modem_session_close_why(link->session);
	uint64_t rest_ms = fg_modem_session_rest_ms(link->session);
	char note[NOTE_LEN];

	if (why == FG_MODEM_CLOSE_NONE || link->closing)
		return;
	snprintf(note, sizeof(note), "%s", fg_modem_session_close_note(link->session));
	device_drop(link);
	fg_modem_session_closed(link->session, note, now(link));
	link->stay_away |= why == FG_MODEM_CLOSE_DRAINED;
	if (why == FG_MODEM_CLOSE_OTHER) {
		link->nth++;
		open_later(link, 0);
	} else if (why == FG_MODEM_CLOSE_REST) {
		link->nth = 0;
		open_later(link, rest_ms);
	} else {
		open_again(link);
	}
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct modem_link *link = arg;
	uint8_t octets[READ_MAX];
	size_t len;

	while (link->bev == bev && (len = bufferevent_read(bev, octets, sizeof(octets))) > 0)
		fg_modem_session_bytes(link->session, octets, len, now(link));
	explicit_bzero(octets, sizeof(octets));
	if (fg_modem_session_is_ready(link->session))
		link->pause_ms = (uint64_t)link->conf->reconnect_min_ms;
	turn_later(link);
}

static void opened(struct modem_link *link)
{
	link->device = DEVICE_OPEN;
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	fg_modem_session_opened(link->session, now(link));
	turn_later(link);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct modem_link *link = arg;
	char why[NOTE_LEN];

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) {
		opened(link);
		return;
	}
	if (what & BEV_EVENT_EOF)
		snprintf(why, sizeof(why), "device is gone");
	else
		snprintf(why, sizeof(why), "%.80s: %s", link->conf->device, strerror(errno));
	lost(link, why);
}

static struct bufferevent *make_bev(struct modem_link *link, int fd)
{
	struct bufferevent *bev =
		bufferevent_socket_new(fg_loop_base(link->loop), fd, BEV_OPT_CLOSE_ON_FREE);

	if (bev)
		bufferevent_setcb(bev, on_read, NULL, on_event, link);
	return bev;
}

/* Only this machine: lib/base/conf_read.c. */
static bool tcp_address(const char *device, struct sockaddr_in *out)
{
	const char *host = device + strlen("tcp:"), *colon = strrchr(host, ':');
	char text[64];

	if (!colon || (size_t)(colon - host) >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)(colon - host), host);
	*out = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)) };
	return inet_pton(AF_INET, strcmp(text, "localhost") == 0 ? "127.0.0.1" : text,
			 &out->sin_addr) == 1;
}

static void connect_tcp(struct modem_link *link)
{
	struct sockaddr_in address;

	link->device = DEVICE_CONNECTING;
	link->bev = make_bev(link, -1);
	if (!link->bev || !tcp_address(link->conf->device, &address) ||
	    bufferevent_socket_connect(link->bev, (struct sockaddr *)&address, sizeof(address)) !=
		    0)
		lost(link, "cannot connect");
}

static void device_tick(struct modem_link *link)
{
	if (link->device != DEVICE_AWAY || link->stay_away || now(link).mono_ms < link->open_at_ms)
		return;
	if (strncmp(link->conf->device, "tcp:", 4) == 0) {
		connect_tcp(link);
		return;
	}
	link->device = DEVICE_ASKED;
	fg_host_device_ask(link->host, link->nth);
}

static void modem_device(void *adapter, int fd_take, bool more, const char *why)
{
	struct modem_link *link = adapter;

	if (link->device != DEVICE_ASKED) {
		if (fd_take >= 0)
			close(fd_take);
		return;
	}
	link->device = DEVICE_AWAY;
	if (fd_take < 0 && more) {
		link->nth++;
		open_later(link, 0);
		return;
	}
	if (fd_take < 0) {
		/* of several devices, none is it */
		fg_modem_session_note(link->session,
				      link->nth > 0 ? "no modem has this IMEI" : why);
		open_again(link);
		return;
	}
	link->bev = make_bev(link, fd_take);
	if (link->bev) {
		opened(link);
		return;
	}
	close(fd_take);
	open_again(link);
}

/* ---- the loop ---- */

static void set_timer(struct modem_link *link)
{
	uint64_t next = fg_modem_session_next_ms(link->session), at = now(link).mono_ms;
	struct timeval tv;

	if (link->device == DEVICE_AWAY && !link->stay_away && link->open_at_ms < next)
		next = link->open_at_ms;
	if (next == UINT64_MAX) {
		event_del(link->timer);
		return;
	}
	next = next > at ? next - at : 0;
	tv.tv_sec = (time_t)(next / 1000);
	tv.tv_usec = (suseconds_t)(next % 1000 * 1000);
	event_add(link->timer, &tv);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct modem_link *link = arg;

	(void)fd;
	(void)what;
	close_if_said(link);
	device_tick(link);
	set_timer(link);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct modem_link *link = arg;

	fg_modem_session_tick(link->session, now(link));
	on_turn(fd, what, link);
}

/* ---- the contract ---- */

static int link_destroy(struct modem_link *link)
{
	device_drop(link);
	if (link->timer)
		event_free(link->timer);
	if (link->turn)
		event_free(link->turn);
	return 0;
}

static enum fg_rc modem_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			     const struct fg_conf_links *conf, void **adapter_out)
{
	struct modem_link *link = talloc_zero(ctx, struct modem_link);

	if (!link)
		return FG_E_NO_MEMORY;
	talloc_set_destructor(link, link_destroy);
	link->host = host;
	link->loop = loop;
	link->conf = conf;
	link->pause_ms = (uint64_t)conf->reconnect_min_ms;
	link->timer = event_new(fg_loop_base(loop), -1, 0, on_timer, link);
	link->turn = event_new(fg_loop_base(loop), -1, 0, on_turn, link);
	link->state = fg_modem_state_new(link, fg_host_file_take(host, FG_FILE_LINK_STATE));
	if (link->state)
		link->session =
			fg_modem_session_new(link, host, conf, link->state, session_send, link);
	if (!link->timer || !link->turn || !link->session) {
		talloc_free(link);
		return FG_E_NO_MEMORY;
	}
	*adapter_out = link;
	turn_later(link);
	return FG_OK;
}

static enum fg_rc modem_job(void *adapter, const struct fg_job *job)
{
	struct modem_link *link = adapter;
	enum fg_rc rc = fg_modem_session_job(link->session, job, now(link));

	turn_later(link);
	return rc;
}

static void modem_stored(void *adapter, uint64_t token)
{
	struct modem_link *link = adapter;

	fg_modem_session_stored(link->session, token, now(link));
	turn_later(link);
}

static void modem_taken(void *adapter, uint64_t token, const struct fg_id *message_id,
			enum fg_rc rc)
{
	struct modem_link *link = adapter;

	(void)message_id;
	fg_modem_session_taken(link->session, token, rc, now(link));
	turn_later(link);
}

static void modem_reach(void *adapter, bool there)
{
	struct modem_link *link = adapter;

	if (!there)
		fg_modem_session_abandon(link->session, now(link));
	turn_later(link);
}

static void modem_drain(void *adapter)
{
	struct modem_link *link = adapter;

	fg_modem_session_drain(link->session, now(link));
	turn_later(link);
}

static void modem_close(void *adapter)
{
	struct modem_link *link = adapter;

	link->closing = true;
	device_drop(link);
	fg_modem_session_closed(link->session, "closed", now(link));
	talloc_free(link);
}

const struct fg_adapter_ops fg_adapter_modem = {
	.name = "modem",
	.open = modem_open,
	.job = modem_job,
	.stored = modem_stored,
	.taken = modem_taken,
	.reach = modem_reach,
	.device = modem_device,
	.drain = modem_drain,
	.close = modem_close,
};
