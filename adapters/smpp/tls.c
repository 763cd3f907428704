/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/tls.h"

#include <stdio.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "adapters/pem.h"
#include "lib/base/log.h"

typedef enum fg_rc (*use_pem)(SSL_CTX *ctx, int fd_take);

static enum fg_rc use_file(struct fg_adapter_host *host, SSL_CTX *ctx, enum fg_role_file kind,
			   const char *key_name, use_pem use)
{
	int fd = fg_host_file_take(host, kind);
	enum fg_rc rc = fd < 0 ? FG_E_STATE : use(ctx, fd);

	if (rc != FG_OK)
		LOG_LINK(fg_host_name(host), DSMPP, LOGL_ERROR, "refuse links.%s: %s\n", key_name,
			 fd < 0 ? "the file was not opened" : fg_rc_text(rc));
	return rc;
}

enum fg_rc fg_smpp_tls_new(struct fg_adapter_host *host, const struct fg_conf_links *conf,
			   SSL_CTX **ctx_out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	enum fg_rc rc = FG_OK;

	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
		SSL_CTX_free(ctx);
		return FG_E_NO_MEMORY;
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_verify(ctx, conf->tls_verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (conf->tls_verify)
		rc = use_file(host, ctx, FG_FILE_LINK_CA, "tls_ca", fg_pem_ca);
	if (rc == FG_OK && conf->tls_certificate[0])
		rc = use_file(host, ctx, FG_FILE_LINK_CERTIFICATE, "tls_certificate",
			      fg_pem_certificate);
	if (rc == FG_OK && conf->tls_certificate[0])
		rc = use_file(host, ctx, FG_FILE_LINK_KEY, "tls_key", fg_pem_key);
	if (rc == FG_OK)
		*ctx_out = ctx;
	else
		SSL_CTX_free(ctx);
	return rc;
}

static bool expect_name(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	/* An address is in the certificate as one, and never in SNI (RFC 6066, 3). */
	if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
		return true;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

SSL *fg_smpp_tls_connection(SSL_CTX *ctx, const struct fg_conf_links *conf)
{
	SSL *ssl = SSL_new(ctx);

	ERR_clear_error();
#ifndef FG_MUTANT_smpp_tls_name
	if (ssl && !expect_name(ssl, conf->tls_name[0] ? conf->tls_name : conf->host)) {
		SSL_free(ssl);
		return NULL;
	}
#endif
	ERR_clear_error();
	return ssl;
}

const char *fg_smpp_tls_trouble(SSL *ssl, unsigned long error, char *out, size_t cap)
{
	long verified = SSL_get_verify_result(ssl);

	if (verified != X509_V_OK)
		snprintf(out, cap, "TLS: certificate refused: %s",
			 X509_verify_cert_error_string(verified));
	else
		snprintf(out, cap, "TLS: %s",
			 error ? ERR_reason_error_string(error) : "no handshake");
	return out;
}
