/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The listener for devices: it accepts connections, gives each a number, and carries whole, checked messages between them and the
 * core. It knows nothing of who the devices are.
 *
 * What it promises the core: one CONN_OPEN and at most one CONN_CLOSED for each connection, and exactly one CONN_SENT for each CONN_SEND: accepted
 * when its last byte was given to the kernel, failed when there was no such connection (nothing was sent), unknown
 * when the connection ended in between. A connection that the core cannot take from is not read; without a core nobody is accepted.
 */
#pragma once

#include <stddef.h>
#include <openssl/ssl.h>
#include "lib/base/error.h"

struct event_base;
struct fg_listener;

struct fg_listener_limits {
	uint32_t connections;  /*!< at once; more wait in the kernel's queue */
	uint32_t handshake_ms; /*!< from accept to CONN_LOGIN, absolute */
	/*! a device that says nothing for so long is closed; it is pinged after half of it */
	uint32_t idle_ms;
};

/*! Begin on a listening socket; nobody is accepted before a core is there.
 *  \param[in] ctx talloc parent. \param[in] tls borrowed for the listener's life.
 *  \return the listener, or NULL without memory (listener_fd is closed then). */
struct fg_listener *fg_listener_new(void *ctx, struct event_base *base, int listener_fd_take,
				    SSL_CTX *tls, const struct fg_listener_limits *limits);

/*! The socket to the core. The core before, if any, is lost: its connections are closed with 1012. FG_OK or FG_E_NO_MEMORY. */
enum fg_rc fg_listener_set_core(struct fg_listener *listener, int fd_take);

/*! Other keys for the handshakes that begin from now on; borrowed as the first. */
void fg_listener_set_tls(struct fg_listener *listener, SSL_CTX *tls);

/*! Accept nobody any more. */
void fg_listener_drain(struct fg_listener *listener);

/*! Drain, close all connections with 1001 after what they wait for, then call done once, from the loop. */
void fg_listener_stop(struct fg_listener *listener, void (*done)(void *arg), void *arg);

/*! Connections now, those that are being closed included. */
size_t fg_listener_count(const struct fg_listener *listener);
