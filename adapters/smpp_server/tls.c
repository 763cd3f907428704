/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp_server/tls.h"

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

/* A session that is resumed would not show its certificate again. */
static bool restrict_protocol(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(ctx, 0) == 1;
}

/* fg_pem_ca() believes them; here applications are told who may have signed theirs. */
static void ask_for_certificate(SSL_CTX *ctx)
{
	STACK_OF(X509_OBJECT) *known = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));

	for (int i = 0; i < sk_X509_OBJECT_num(known); i++) {
		X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(known, i));

		if (ca)
			SSL_CTX_add_client_CA(ctx, ca);
	}
#ifndef FG_MUTANT_app_client_certificate
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
#endif
}

static enum fg_rc use_files(struct fg_adapter_host *host, const struct fg_conf_links *conf,
			    SSL_CTX *ctx)
{
	enum fg_rc rc = use_file(host, ctx, FG_FILE_LINK_CERTIFICATE, "tls_certificate",
				 fg_pem_certificate);

	if (rc == FG_OK)
		rc = use_file(host, ctx, FG_FILE_LINK_KEY, "tls_key", fg_pem_key);
	if (rc == FG_OK && *conf->tls_client_ca)
		rc = use_file(host, ctx, FG_FILE_LINK_CA, "tls_client_ca", fg_pem_ca);
	if (rc == FG_OK && *conf->tls_client_ca)
		ask_for_certificate(ctx);
	return rc;
}

enum fg_rc app_tls_new(struct fg_adapter_host *host, const struct fg_conf_links *conf,
		       SSL_CTX **ctx_out)
{
	SSL_CTX *ctx;
	enum fg_rc rc;

	*ctx_out = NULL;
	if (!fg_conf_server_tls(conf))
		return FG_OK;
	ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx || !restrict_protocol(ctx)) {
		SSL_CTX_free(ctx);
		return FG_E_NO_MEMORY;
	}
	rc = use_files(host, conf, ctx);
	if (rc == FG_OK)
		*ctx_out = ctx;
	else
		SSL_CTX_free(ctx);
	return rc;
}
