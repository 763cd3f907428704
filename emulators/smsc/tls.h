/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TLS for the emulator's listener: from the first octet, since SMPP knows no upgrade.
 */
#pragma once

#include <stdbool.h>

struct bufferevent;
struct event_base;
struct ssl_ctx_st;

/*! Certificate chain and key, PEM files; client_ca (NULL: none) demands a client certificate that
 * it has signed. NULL with a reason on standard error. Freed with SSL_CTX_free(). */
struct ssl_ctx_st *smsc_tls_new(const char *certificate, const char *key, const char *client_ca);

/*! The wrap of fg_smsc_options; arg is the result of smsc_tls_new(). */
struct bufferevent *smsc_tls_wrap(struct event_base *base, int fd, void *arg);
