/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PEM files that the parent opened for an adapter, put into the TLS settings that OpenSSL works with. Which protocol versions hold and
 * who is believed is each adapter's own: adapters/secure, smpp and smpp_server.
 */
#pragma once

#include <openssl/ssl.h>
#include "lib/base/error.h"

/*! The certificate of this side with its chain; its private key, after the certificate; the CAs that may have signed the far side's.
 *  All read the whole file from its beginning, wherever its offset is (the parent may give the same open file to the next process), wipe
 *  what they read, and close the descriptor, whatever happens. A key with a passphrase cannot be used: nobody is there to type it.
 *  \return FG_OK; FG_E_SYSTEM: empty, over 1 MiB, or cannot be read; FG_E_KEY: not what it should be. */
enum fg_rc fg_pem_certificate(SSL_CTX *ctx, int fd_take);
enum fg_rc fg_pem_key(SSL_CTX *ctx, int fd_take);
enum fg_rc fg_pem_ca(SSL_CTX *ctx, int fd_take);
