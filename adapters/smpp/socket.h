/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A session on a libevent socket, with or without TLS: connecting, and connecting again with a
 * growing, jittered pause. A far side that refuses the credentials is asked only every five
 * minutes, since more would lock the account. link.c owns all those of a link.
 */
#pragma once

#include <openssl/ssl.h>
#include <event2/dns.h>

#include "adapters/smpp/session.h"

struct fg_smpp_socket;

/*! What the sockets of one link share; borrowed for their life. */
struct fg_smpp_place {
	struct fg_adapter_host *host;
	struct fg_loop *loop;
	const struct fg_conf_links *conf;
	SSL_CTX *tls;           /*!< NULL: clear text */
	struct evdns_base *dns; /*!< made when it is needed */
	/*! Something happened: look for what is due. Never inside a call of this header. */
	void (*turn)(void *arg);
	void *arg;
};

/*! A talloc child of ctx with a session of the account; connects at the first tick. NULL without
 * memory. */
struct fg_smpp_socket *fg_smpp_socket_new(void *ctx, struct fg_smpp_place *place,
					  struct fg_smpp_account *account, enum fg_smpp_kind kind);

/*! Connect, give up connecting, or close as the session says, if it is time. */
void fg_smpp_socket_tick(struct fg_smpp_socket *socket, uint64_t now_ms);
uint64_t fg_smpp_socket_next_ms(const struct fg_smpp_socket *socket);

/*! Never connect again; what is not bound yet is closed. */
void fg_smpp_socket_drain(struct fg_smpp_socket *socket);
void fg_smpp_socket_close(struct fg_smpp_socket *socket);
