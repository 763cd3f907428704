/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The listener with a core and devices, all in one loop: the devices are OpenSSL on loopback, the core is a channel that remembers what
 * it was told, and fails the test when a job gets two outcomes.
 */
#pragma once

#include "tests/support/fg_test.h"

#include <openssl/ssl.h>
#include <talloc.h>
#include "adapters/secure/listener.h"
#include "adapters/secure/tls.h"
#include "adapters/secure/ws.h"
#include "lib/base/loop.h"
#include "lib/ipc/channel.h"

enum { SENT_MAX = 256, CONNECTIONS = 4, TURNS_MAX = 4000 };

#define DEVICE_ALPN "\x0a" FG_TLS_ALPN
#define REQUEST                                                                                    \
	"GET /v1/device HTTP/1.1\r\nHost: gw\r\nUpgrade: websocket\r\nConnection: "                \
	"Upgrade\r\nSec-WebSocket-Version: 13\r\n"                                                 \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "                  \
	"fallgate.1\r\n\r\n"

struct core {
	struct fg_channel *channel;
	unsigned opens, frames, closes, links;
	size_t frames_len;
	uint64_t conn; /* the last one opened */
	uint8_t exporter[32];
	char address[65];
	uint8_t data[FG_WS_DEVICE_MAX]; /* of the last frame */
	size_t data_len;
	uint16_t closed_rc;
	uint8_t outcome[SENT_MAX]; /* by token; 0: none */
	unsigned outcomes;
	struct fg_ipc_link link;
	bool gone;
};

struct gateway {
	struct fg_loop *loop;
	struct event *pulse; /* so that a turn never waits long */
	SSL_CTX *tls;
	struct fg_listener *listener;
	uint16_t port;
	struct core core;
};

struct device {
	struct gateway *gateway;
	SSL_CTX *tls;
	SSL *ssl;
	int fd;
	uint8_t in[1 << 18];
	size_t in_len;
	bool eof;
};

/*! Turns until the condition holds; fails the test when it does not after some seconds. */
#define until(gateway, condition)                                                                  \
	do {                                                                                       \
		for (unsigned turns_ = 0; !(condition); turns_++) {                                \
			if (turns_ == TURNS_MAX)                                                   \
				fail_msg("never came: %s", #condition);                            \
			turn(gateway);                                                             \
		}                                                                                  \
	} while (0)

/*! The core's end of a new channel; returns the other, the caller's. The core before is forgotten. */
int core_channel(struct gateway *gateway);
/*! Give the listener a new core; the one before is forgotten. */
void core_start(struct gateway *gateway);
void core_send(struct gateway *gateway, uint64_t conn, unsigned token, const void *data,
	       size_t len);
/*! The connection that opened last is a device. */
void core_login(struct gateway *gateway);
/*! The connection that opened last is to be closed, for FG_E_LOGIN. */
void core_drop(struct gateway *gateway);
/*! One turn of the loop, at most 2 ms long. */
void turn(struct gateway *gateway);
/*! A loop only: the listener is in another process, on gateway->port. */
struct gateway *gateway_new(void);
/*! A listening socket on any port of loopback. */
int listen_on(uint16_t *port_out);
/*! A certificate for localhost and its key, as open PEM files. */
void pem_files(int *certificate_fd_out, int *key_fd_out);
/*! A listener for CONNECTIONS connections, and its core. */
struct gateway *gateway_start(uint32_t handshake_ms, uint32_t idle_ms);
void gateway_end(struct gateway *gateway);
/*! A TCP connection; alpn as on the wire, NULL: none. */
struct device *device_new(struct gateway *gateway, int version, const char *alpn);
/*! Hangs up, too. */
void device_free(struct device *device);
/*! False: refused. */
bool device_handshake(struct device *device);
/*! Read; is that among all that came? */
bool device_got(struct device *device, const void *bytes, size_t len);
bool device_got_text(struct device *device, const char *text);
/*! Read; has the gateway hung up? */
bool device_closed(struct device *device);
void device_write(struct device *device, const void *bytes, size_t len);
/*! A device that has come as far as WebSocket, and that the core knows. */
struct device *device_open(struct gateway *gateway);
/*! A masked frame; the mask is zeros. */
void device_frame(struct device *device, uint8_t opcode, const void *data, size_t len);
/*! A ClientFrame of exactly len bytes, at least 5: one field that nobody knows yet. */
void device_message(struct device *device, size_t len);
/*! The gateway hangs up, and its last words are a close with that code. */
void expect_close(struct device *device, uint16_t code);

/*! The clauses of adapters/adapter.h for sealed jobs: CONN_SEND, answered by exactly one CONN_SENT. */
void fg_contract_sealed(const char *name);
