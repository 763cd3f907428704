/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A channel: an outbox of datagrams that are filled now and written at the end of the loop turn, as far as the peer's credit
 * goes; and a reader that checks each frame before anybody sees it. See channel.h for the contract, frame.h for the codec.
 */
#include "lib/ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>
#include <event2/event.h>
#include <talloc.h>
#include "lib/base/cursor.h"
#include "lib/base/fault.h"

enum {
	/* A grant of a quarter of the window may be outstanding and one frame must still go: so twice a frame. */
	WINDOW_MIN = 2 * FG_FRAME_MAX,
	WINDOW_DEFAULT = 1 << 20,
	RESERVE_DEFAULT = 8 << 20,
	READS_PER_TURN =
		16, /* ours: half a megabyte, then the other channels of the loop have their turn */
	HELLO_LEN = 15,
	CREDIT_LEN = 10,
};

/* Frames on their way out. */
struct datagram {
	TAILQ_ENTRY(datagram) next;
	size_t len, cap;
	int fd;     /* travels beside it, -1 for none */
	bool clear; /* to be wiped */
	uint8_t data[];
};

struct fg_channel {
	int fd;
	enum fg_role self, peer;
	struct fg_channel_limits limits;
	const struct fg_channel_ops *ops;
	void *arg;
	struct event *read_event, *write_event, *flush_event;
	bool *alive; /* false tells a callback's caller that the channel was freed inside */

	TAILQ_HEAD(outbox, datagram) outbox;
	size_t queued; /* bytes of frames in outbox */
	size_t credit; /* bytes that the peer still takes */
	bool said_hello, open, paused, peer_gone, was_full, told;
	enum fg_rc failed; /* what to tell the owner */

	uint8_t *rx;        /* FG_FRAME_MAX bytes; NULL while frames in it are being handled */
	size_t peer_credit; /* bytes that the peer may still send */
	size_t grant;       /* bytes handled and not yet granted again */
};

static void datagram_free(struct datagram *datagram)
{
	if (datagram->fd >= 0)
		close(datagram->fd);
	if (datagram->clear)
		explicit_bzero(datagram->data, datagram->len);
	talloc_free(datagram);
}

static void drop_outbox(struct fg_channel *channel)
{
	struct datagram *datagram;

	while ((datagram = TAILQ_FIRST(&channel->outbox))) {
		TAILQ_REMOVE(&channel->outbox, datagram, next);
		datagram_free(datagram);
	}
	channel->queued = 0;
}

static int channel_destroy(struct fg_channel *channel)
{
	struct event *const events[] = { channel->read_event, channel->write_event,
					 channel->flush_event };

	if (channel->alive)
		*channel->alive = false;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	drop_outbox(channel);
	close(channel->fd);
	return 0;
}

/* Nothing more goes in or out; the owner is told from the loop, never from inside a call of its own. */
static void fail(struct fg_channel *channel, enum fg_rc rc)
{
	if (channel->failed != FG_OK)
		return;
	channel->failed = rc;
	event_del(channel->read_event);
	event_del(channel->write_event);
	drop_outbox(channel);
	event_active(channel->flush_event, 0, 0);
}

/* ---- out ---- */

/* FG_OK: the kernel has it. FG_E_IPC_FULL: later. FG_E_CLOSED: never; what the peer sent before may still be read. */
static enum fg_rc write_datagram(struct fg_channel *channel, const void *data, size_t len, int fd)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
							 .cmsg_level = SOL_SOCKET,
							 .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	}
	while (sendmsg(channel->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN || errno == ENOBUFS)
			return FG_E_IPC_FULL;
		if (errno != EINTR)
			return FG_E_CLOSED;
	}
	return FG_OK;
}

/* HELLO and CREDIT: outside the outbox, since they need no credit. */
static enum fg_rc write_control(struct fg_channel *channel, const struct fg_frame *frame)
{
	uint8_t data[HELLO_LEN];
	size_t len;
	enum fg_rc rc = fg_frame_encode(frame, data, sizeof(data), &len);

	return rc == FG_OK ? write_datagram(channel, data, len, -1) : rc;
}

static enum fg_rc write_hello(struct fg_channel *channel)
{
	struct fg_frame hello = { .type = FG_IPC_HELLO,
				  .hello = { .version = FG_IPC_VERSION,
					     .role = (uint8_t)channel->self,
					     .credit_bytes = channel->limits.credit_bytes } };
	enum fg_rc rc;

	if (channel->said_hello)
		return FG_OK;
	rc = write_control(channel, &hello);
	channel->said_hello = rc == FG_OK;
	return rc;
}

static enum fg_rc write_credit(struct fg_channel *channel)
{
	struct fg_frame credit = { .type = FG_IPC_CREDIT,
				   .credit = { .bytes = (uint32_t)channel->grant } };
	enum fg_rc rc;

	if (channel->grant < channel->limits.credit_bytes / 4)
		return FG_OK;
	rc = write_control(channel, &credit);
	if (rc == FG_OK) {
		channel->peer_credit += channel->grant;
		channel->grant = 0;
	}
	return rc;
}

#ifdef FG_FAULT_POINTS
/* Each frame of a datagram that is about to be written, or was. */
static void fault_points(const struct fg_channel *channel, const struct datagram *datagram,
			 const char *moment)
{
	struct fg_cursor cur;

	fg_cursor_init(&cur, datagram->data, datagram->len);
	while (fg_cursor_left(&cur) > 0) {
		uint32_t len = fg_cursor_u32(&cur);
		enum fg_ipc_type type = (enum fg_ipc_type)fg_cursor_u16(&cur);

		(void)fg_cursor_bytes(&cur, len - sizeof(uint16_t));
		fg_fault_frame(fg_role_name(channel->self), fg_role_name(channel->peer),
			       fg_frame_name(type), moment);
	}
}
#else
#define fault_points(channel, datagram, moment) ((void)0)
#endif

static enum fg_rc write_outbox(struct fg_channel *channel)
{
	struct datagram *datagram;
	enum fg_rc rc;

	while ((datagram = TAILQ_FIRST(&channel->outbox)) && datagram->len <= channel->credit) {
		fault_points(channel, datagram, "send");
		rc = write_datagram(channel, datagram->data, datagram->len, datagram->fd);
		if (rc != FG_OK)
			return rc;
		fault_points(channel, datagram, "sent");
		channel->credit -= datagram->len;
		channel->queued -= datagram->len;
		TAILQ_REMOVE(&channel->outbox, datagram, next);
		datagram_free(datagram);
	}
	return FG_OK;
}

static void write_all(struct fg_channel *channel)
{
	enum fg_rc rc;

	if (channel->failed != FG_OK || channel->peer_gone)
		return;
	rc = write_hello(channel);
	if (rc == FG_OK)
		rc = write_credit(channel);
	if (rc == FG_OK)
		rc = write_outbox(channel);
	if (rc == FG_E_IPC_FULL) {
		event_add(channel->write_event, NULL);
	} else if (rc != FG_OK) {
		/* Its last words may wait in the socket: reading finds the end after them. */
		channel->peer_gone = true;
		drop_outbox(channel);
		if (channel->paused)
			fail(channel, FG_E_CLOSED);
	}
}

/* End of a loop turn, or the kernel takes more: the only place that tells of room and of the end. */
static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct fg_channel *channel = arg;

	(void)fd;
	(void)what;
	write_all(channel);
	if (channel->told)
		return;
	if (channel->failed != FG_OK) {
		channel->told = true;
		channel->ops->closed(channel, channel->failed, channel->arg);
		return;
	}
	if (channel->was_full && !channel->peer_gone &&
	    channel->queued <= channel->limits.outbox_bytes / 2) {
		channel->was_full = false;
		if (channel->ops->room)
			channel->ops->room(channel, channel->arg);
	}
}

/* The datagram at the end of the outbox when size bytes more fit into it, else a new one. */
static struct datagram *datagram_for(struct fg_channel *channel, size_t size, int fd)
{
	struct datagram *last = TAILQ_LAST(&channel->outbox, outbox);
	size_t cap = size > FG_DATAGRAM_MAX || fd >= 0 ? size : FG_DATAGRAM_MAX;

	if (last && last->fd < 0 && fd < 0 && size <= last->cap - last->len)
		return last;
	last = talloc_size(channel, sizeof(*last) + cap);
	if (!last)
		return NULL;
	*last = (struct datagram){ .cap = cap, .fd = fd };
	TAILQ_INSERT_TAIL(&channel->outbox, last, next);
	return last;
}

static enum fg_rc enqueue(struct fg_channel *channel, const struct fg_frame *frame, int fd_take)
{
	size_t size = fg_frame_size(frame), len;
	struct datagram *datagram = datagram_for(channel, size, fd_take);
	enum fg_rc rc;

	if (!datagram) {
		if (fd_take >= 0)
			close(fd_take);
		return FG_E_NO_MEMORY;
	}
	rc = fg_frame_encode(frame, datagram->data + datagram->len, datagram->cap - datagram->len,
			     &len);
	if (rc != FG_OK) {
		if (datagram->len == 0) {
			TAILQ_REMOVE(&channel->outbox, datagram, next);
			datagram->clear = true;
			datagram->len = datagram->cap;
			datagram_free(datagram);
		}
		return rc;
	}
	datagram->len += len;
	datagram->clear |= fg_frame_is_clear(frame->type);
	channel->queued += len;
	channel->was_full |= channel->queued > channel->limits.outbox_bytes / 2;
	event_active(channel->flush_event, 0, 0);
	return FG_OK;
}

static enum fg_rc send_within(struct fg_channel *channel, const struct fg_frame *frame,
			      size_t bound, int fd)
{
	size_t size = fg_frame_size(frame);
	int copy = -1;

	if (!fg_frame_allowed(channel->self, channel->peer, frame->type) ||
	    fg_frame_takes_fd(frame->type) != (fd >= 0))
		return FG_E_IPC_FRAME;
	if (channel->failed != FG_OK || channel->peer_gone)
		return FG_E_CLOSED;
	if (size > FG_FRAME_MAX)
		return FG_E_TOO_LONG;
	if (channel->queued + size > bound) {
		channel->was_full = true;
		return FG_E_IPC_FULL;
	}
	if (fd >= 0 && (copy = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0)
		return FG_E_SYSTEM;
	return enqueue(channel, frame, copy);
}

enum fg_rc fg_channel_send(struct fg_channel *channel, const struct fg_frame *frame)
{
	return send_within(channel, frame, channel->limits.outbox_bytes, -1);
}

enum fg_rc fg_channel_answer(struct fg_channel *channel, const struct fg_frame *frame)
{
	return send_within(channel, frame,
			   (size_t)channel->limits.outbox_bytes + channel->limits.reserve_bytes,
			   -1);
}

enum fg_rc fg_channel_send_fd(struct fg_channel *channel, const struct fg_frame *frame, int fd)
{
	return fd < 0 ? FG_E_ARG : send_within(channel, frame, channel->limits.outbox_bytes, fd);
}

/* ---- in ---- */

/* The descriptor beside a datagram; -1 for none. More than one cannot arrive: there is room for one (MSG_CTRUNC). */
static int take_fd(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* One datagram into rx. FG_OK with *len_out; FG_E_IPC_FULL when there is none now. */
static enum fg_rc read_datagram(struct fg_channel *channel, size_t *len_out, int *fd_out)
{
	struct iovec iov = { .iov_base = channel->rx, .iov_len = FG_FRAME_MAX };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	/* CMSG_LEN, not CMSG_SPACE: the padding of the latter would take a second descriptor. */
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = CMSG_LEN(sizeof(int)) };
	ssize_t n = recvmsg(channel->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	/* ECONNRESET comes once, before the datagrams that the peer sent and the end. */
	if (n < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNRESET ? FG_E_IPC_FULL
										: FG_E_CLOSED;
	*fd_out = take_fd(&msg);
	*len_out = (size_t)n;
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return FG_E_IPC_FRAME;
	return n == 0 ? FG_E_CLOSED : FG_OK;
}

static enum fg_rc take_hello(struct fg_channel *channel, const struct fg_frame *frame)
{
	if (channel->open || frame->type != FG_IPC_HELLO)
		return FG_E_IPC_FRAME;
	if (frame->hello.version != FG_IPC_VERSION)
		return FG_E_VERSION;
	if (frame->hello.role != channel->peer || frame->hello.credit_bytes < WINDOW_MIN)
		return FG_E_IPC_FRAME;
	channel->credit = frame->hello.credit_bytes;
	channel->open = true;
	event_active(channel->flush_event, 0, 0);
	if (channel->ops->open)
		channel->ops->open(channel, channel->arg);
	return FG_OK;
}

static enum fg_rc take_credit(struct fg_channel *channel, const struct fg_frame *frame)
{
	if (frame->credit.bytes > UINT32_MAX - channel->credit)
		return FG_E_IPC_FRAME;
	channel->credit += frame->credit.bytes;
	event_active(channel->flush_event, 0, 0);
	return FG_OK;
}

/* One frame that came. After this the channel may be gone. */
static enum fg_rc take_frame(struct fg_channel *channel, const struct fg_frame *frame, size_t size,
			     int *fd)
{
	int fd_take = *fd;

	if (fg_frame_takes_fd(frame->type) != (fd_take >= 0))
		return FG_E_IPC_FRAME;
	if (!channel->open || frame->type == FG_IPC_HELLO)
		return take_hello(channel, frame);
	if (frame->type == FG_IPC_CREDIT)
		return take_credit(channel, frame);
#ifndef FG_MUTANT_ipc_sender
	if (!fg_frame_allowed(channel->peer, channel->self, frame->type))
		return FG_E_IPC_FRAME;
#endif
	if (size > channel->peer_credit)
		return FG_E_IPC_FRAME;
	channel->peer_credit -= size;
	channel->grant += size;
	*fd = -1;
	fg_fault_frame(fg_role_name(channel->peer), fg_role_name(channel->self),
		       fg_frame_name(frame->type), "receive");
	channel->ops->frame(channel, frame, fd_take, channel->arg);
	return FG_OK;
}

/* All frames of a datagram; says whether it carried clear text. alive turns false when the owner frees the channel. */
static bool take_datagram(struct fg_channel *channel, const uint8_t *data, size_t len, int *fd,
			  const bool *alive)
{
	bool clear = false;
	enum fg_rc rc = FG_OK;
	struct fg_frame frame;
	size_t used = 0;

	for (size_t at = 0; at < len && *alive && channel->failed == FG_OK; at += used) {
		rc = fg_frame_decode(data + at, len - at, &frame, &used);
		clear |= rc != FG_OK || fg_frame_is_clear(frame.type);
		if (rc == FG_OK)
			rc = take_frame(channel, &frame, used, fd);
		if (rc == FG_OK)
			continue;
		fail(channel, rc == FG_E_VERSION ? rc : FG_E_IPC_FRAME);
		break;
	}
	return clear;
}

/* Read and handle one datagram. False when there is no more, or no channel any more. */
static bool read_one(struct fg_channel *channel)
{
	bool alive = true, clear;
	uint8_t *data = channel->rx;
	int fd = -1;
	size_t len = 0;
	enum fg_rc rc = read_datagram(channel, &len, &fd);

	if (rc == FG_OK) {
		/* Frames point into data: it outlives a channel that is freed while they are handled. */
		channel->rx = NULL;
		channel->alive = &alive;
		talloc_steal(NULL, data);
		clear = take_datagram(channel, data, len, &fd, &alive);
		if (clear)
			explicit_bzero(data, len);
		if (alive) {
			channel->rx = talloc_steal(channel, data);
			channel->alive = NULL;
		} else {
			talloc_free(data);
		}
	} else if (rc != FG_E_IPC_FULL) {
		fail(channel, rc);
	}
	if (fd >= 0)
		close(fd);
	return rc == FG_OK && alive;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct fg_channel *channel = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < READS_PER_TURN; i++) {
		if (!read_one(channel))
			return;
		if (channel->grant >= channel->limits.credit_bytes / 4)
			event_active(channel->flush_event, 0, 0);
		if (channel->paused || channel->failed != FG_OK)
			return;
	}
}

/* ---- the object ---- */

static uint32_t at_least(uint32_t value, uint32_t least, uint32_t otherwise)
{
	if (value == 0)
		value = otherwise;
	return value < least ? least : value;
}

static bool make_events(struct fg_channel *channel, struct event_base *base)
{
	channel->read_event =
		event_new(base, channel->fd, EV_READ | EV_PERSIST, on_readable, channel);
	channel->write_event = event_new(base, channel->fd, EV_WRITE, on_writable, channel);
	channel->flush_event = event_new(base, -1, 0, on_writable, channel);
	channel->rx = talloc_size(channel, FG_FRAME_MAX);
	return channel->read_event && channel->write_event && channel->flush_event && channel->rx &&
	       event_add(channel->read_event, NULL) == 0;
}

struct fg_channel *fg_channel_new(void *ctx, struct event_base *base, int fd_take,
				  enum fg_role self, enum fg_role peer,
				  const struct fg_channel_limits *limits,
				  const struct fg_channel_ops *ops, void *arg)
{
	struct fg_channel_limits wanted = limits ? *limits : (struct fg_channel_limits){ 0 };
	struct fg_channel *channel = talloc_zero(ctx, struct fg_channel);

	if (!channel) {
		close(fd_take);
		return NULL;
	}
	fg_fault_open(fg_role_name(self));
	channel->fd = fd_take;
	channel->self = self;
	channel->peer = peer;
	channel->ops = ops;
	channel->arg = arg;
	channel->limits.credit_bytes = at_least(wanted.credit_bytes, WINDOW_MIN, WINDOW_DEFAULT);
	channel->limits.outbox_bytes = at_least(wanted.outbox_bytes, WINDOW_MIN, WINDOW_DEFAULT);
	channel->limits.reserve_bytes = at_least(wanted.reserve_bytes, 0, RESERVE_DEFAULT);
	channel->peer_credit = channel->limits.credit_bytes;
	TAILQ_INIT(&channel->outbox);
	talloc_set_destructor(channel, channel_destroy);
	if (!make_events(channel, base)) {
		talloc_free(channel);
		return NULL;
	}
	write_all(channel);
	return channel;
}

size_t fg_channel_room(const struct fg_channel *channel)
{
	if (channel->failed != FG_OK || channel->peer_gone ||
	    channel->queued >= channel->limits.outbox_bytes)
		return 0;
	return channel->limits.outbox_bytes - channel->queued;
}

bool fg_channel_is_open(const struct fg_channel *channel)
{
	return channel->open && channel->failed == FG_OK && !channel->peer_gone;
}

void fg_channel_pause(struct fg_channel *channel, bool pause)
{
	channel->paused = pause;
	if (channel->failed != FG_OK)
		return;
	if (pause && channel->peer_gone)
		fail(channel, FG_E_CLOSED);
	else if (pause)
		event_del(channel->read_event);
	else
		event_add(channel->read_event, NULL);
}

void fg_channel_flush(struct fg_channel *channel)
{
	write_all(channel);
	event_active(channel->flush_event, 0, 0);
}

int fg_channel_fd(const struct fg_channel *channel)
{
	return channel->fd;
}
