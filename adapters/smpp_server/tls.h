/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TLS towards applications, from the first octet on. TLS 1.2 is the least, since applications are as old as their languages. With
 * links.tls_client_ca, whoever has no certificate of those CAs is not listened to.
 */
#pragma once

#include <openssl/ssl.h>

#include "adapters/adapter.h"

/*! Out of the files that the parent passed (fg_host_file_take). Logs what is wrong with them.
 *  \param[out] ctx_out NULL for a link without TLS; else freed with SSL_CTX_free().
 *  \return FG_OK; FG_E_STATE when a file is missing; FG_E_SYSTEM, FG_E_KEY when one is not what it should be; FG_E_NO_MEMORY. */
enum fg_rc app_tls_new(struct fg_adapter_host *host, const struct fg_conf_links *conf,
		       SSL_CTX **ctx_out);
