/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TLS towards an SMSC: from the first byte on, since SMPP has no STARTTLS. The far side's
 * certificate is checked against the link's CAs and for its name unless the configuration says
 * otherwise. TLS 1.2 is the least, since many carriers have nothing newer.
 */
#pragma once

#include <openssl/ssl.h>

#include "adapters/adapter.h"

/*! Out of the files that the parent passed (fg_host_file_take). Logs what is wrong with them.
 *  \return FG_OK; FG_E_STATE when a file is missing; FG_E_KEY when one is not what it should be;
 *  FG_E_NO_MEMORY. *ctx_out is freed with SSL_CTX_free(). */
enum fg_rc fg_smpp_tls_new(struct fg_adapter_host *host, const struct fg_conf_links *conf,
			   SSL_CTX **ctx_out);

/*! A connection that will check the far side as configured. NULL without memory. */
SSL *fg_smpp_tls_connection(SSL_CTX *ctx, const struct fg_conf_links *conf);

/*! Why a handshake failed, for people. error: from bufferevent_get_openssl_error(), or 0. */
const char *fg_smpp_tls_trouble(SSL *ssl, unsigned long error, char *out, size_t cap);
