/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A channel between two processes of a gateway: a SOCK_SEQPACKET pair made by the parent (or the control socket), carrying the
 * frames of ipc.def with a version handshake and credits.
 *
 * Frames are packed into datagrams and flushed once per loop turn. Sending never blocks: what the peer has not granted credit
 * for waits in a bounded outbox, and a full outbox is FG_E_IPC_FULL. Who sends *requests* asks fg_channel_room() first and stops
 * its own sources when there is none (ops->room tells when to go on); *answers* are at most as many as the requests
 * taken in, and the outbox keeps a reserve for them (fg_channel_answer()), so that a cycle of full channels cannot lock up.
 * A frame that ipc.def does not allow from that role, or that does not decode, closes the channel.
 */
#pragma once

#include "lib/ipc/frame.h"

struct event_base;
struct fg_channel;

struct fg_channel_ops {
	/*! One frame; its byte fields are borrowed for the call. The channel may be freed inside. */
	void (*frame)(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		      void *arg);
	/*! The handshake is done (optional). */
	void (*open)(struct fg_channel *channel, void *arg);
	/*! The peer is gone or misbehaved: FG_E_CLOSED, FG_E_IPC_FRAME, FG_E_VERSION. Nothing is called afterwards; the owner frees. */
	void (*closed)(struct fg_channel *channel, enum fg_rc rc, void *arg);
	/*! The outbox was more than half full and no longer is (optional). */
	void (*room)(struct fg_channel *channel, void *arg);
};

struct fg_channel_limits {
	/*! what we take before the peer must wait for credit; default 1 MiB, least 128 KiB */
	uint32_t credit_bytes;
	uint32_t outbox_bytes;  /*!< requests waiting; default 1 MiB, least 128 KiB */
	uint32_t reserve_bytes; /*!< on top, for answers; default 8 MiB */
};

/*! Take over the socket fd and say HELLO as role `self` to a peer that must be role `peer`.
 *  \param[in] ctx    talloc parent; freeing the channel closes the socket and wipes buffers that carried clear text.
 *  \param[in] limits NULL for the defaults.
 *  \return the channel, or NULL without memory (fd is closed then). */
struct fg_channel *fg_channel_new(void *ctx, struct event_base *base, int fd_take,
				  enum fg_role self, enum fg_role peer,
				  const struct fg_channel_limits *limits,
				  const struct fg_channel_ops *ops, void *arg);

/*! Queue a request. FG_OK; FG_E_IPC_FULL (ops->room will be called when the outbox is half empty); FG_E_CLOSED; FG_E_TOO_LONG;
 *  FG_E_IPC_FRAME for a frame that ipc.def does not let us say to this peer. */
enum fg_rc fg_channel_send(struct fg_channel *channel, const struct fg_frame *frame);

/*! Queue an answer: uses the reserve too. FG_E_IPC_FULL here means that the peer has more requests open than it may. */
enum fg_rc fg_channel_answer(struct fg_channel *channel, const struct fg_frame *frame);

/*! Queue a request with a descriptor beside it (FG_IPC_TAKES_FD in ipc.def); the caller keeps fd. FG_E_SYSTEM without descriptors. */
enum fg_rc fg_channel_send_fd(struct fg_channel *channel, const struct fg_frame *frame, int fd);

/*! Bytes of requests that fit now. */
size_t fg_channel_room(const struct fg_channel *channel);
bool fg_channel_is_open(const struct fg_channel *channel);

/*! Stop or go on reading from the peer: it then runs out of credit and slows down. Frames of the datagram that is being
 *  read still come; that the peer is gone is told when reading goes on. */
void fg_channel_pause(struct fg_channel *channel, bool pause);

/*! Write out what waits now instead of at the end of the loop turn (before an exit). */
void fg_channel_flush(struct fg_channel *channel);
int fg_channel_fd(const struct fg_channel *channel);
