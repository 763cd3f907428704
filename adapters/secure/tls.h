/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The TLS of the listener for devices: version 1.3 and nothing else, ALPN "fallgate/1" required, no tickets, no early data, no resumption. Little
 * memory for an idle connection.
 * Source: RFC 8446, RFC 7301, RFC 5705 and 8446 7.5 (exporter).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <openssl/ssl.h>
#include "lib/base/error.h"

#define FG_TLS_ALPN     "fallgate/1"
#define FG_TLS_EXPORTER "EXPORTER-fallgate-1"

/*! Make the settings from two PEM files, which are read from their descriptors (certificate with its chain; private key without
 *  passphrase) and wiped. Both are closed, whatever happens.
 *  \param[out] ctx_out the caller frees with SSL_CTX_free().
 *  \return FG_OK; FG_E_SYSTEM: cannot be read; FG_E_KEY: not PEM, or key and certificate do not match. */
enum fg_rc fg_tls_new(int certificate_fd_take, int key_fd_take, SSL_CTX **ctx_out);

/*! After the handshake: was the protocol agreed on? A client may leave ALPN out, which OpenSSL lets pass. */
bool fg_tls_speaks_fallgate(SSL *ssl);

/*! What both ends of this connection and nobody else know. FG_OK or FG_E_SYSTEM. */
enum fg_rc fg_tls_export(SSL *ssl, uint8_t out[static 32]);
