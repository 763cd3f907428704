/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/secure/tls.h"

#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include "adapters/pem.h"

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
			   const unsigned char *in, unsigned in_len, void *arg)
{
	size_t len;

	(void)ssl;
	(void)arg;
	for (; in_len > 0; in += len + 1, in_len -= (unsigned)len + 1) {
		len = in[0];
		if (len >= in_len)
			break;
		if (len != strlen(FG_TLS_ALPN) || memcmp(in + 1, FG_TLS_ALPN, len) != 0)
			continue;
		*out = in + 1;
		*out_len = in[0];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool restrict_protocol(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
#ifndef FG_MUTANT_tls_1_3
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1)
		return false;
#endif
	return SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1;
}

enum fg_rc fg_tls_new(int certificate_fd_take, int key_fd_take, SSL_CTX **ctx_out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	enum fg_rc certificate_rc, key_rc;

	if (!ctx || !restrict_protocol(ctx)) {
		close(certificate_fd_take);
		close(key_fd_take);
		SSL_CTX_free(ctx);
		return FG_E_NO_MEMORY;
	}
	certificate_rc = fg_pem_certificate(ctx, certificate_fd_take);
	key_rc = fg_pem_key(ctx, key_fd_take);
	ERR_clear_error();
	if (certificate_rc != FG_OK || key_rc != FG_OK) {
		SSL_CTX_free(ctx);
		return certificate_rc != FG_OK ? certificate_rc : key_rc;
	}
	*ctx_out = ctx;
	return FG_OK;
}

bool fg_tls_speaks_fallgate(SSL *ssl)
{
	const unsigned char *name = NULL;
	unsigned len = 0;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return len == strlen(FG_TLS_ALPN) && memcmp(name, FG_TLS_ALPN, len) == 0;
}

enum fg_rc fg_tls_export(SSL *ssl, uint8_t out[static 32])
{
	return SSL_export_keying_material(ssl, out, 32, FG_TLS_EXPORTER, strlen(FG_TLS_EXPORTER),
					  NULL, 0, 0) == 1
		       ? FG_OK
		       : FG_E_SYSTEM;
}
