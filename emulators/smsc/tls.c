/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/smsc/tls.h"

#include <stdio.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

static bool said(const char *what, const char *file)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	fprintf(stderr, "fallgate-smsc: %s %s: %s\n", what, file, why ? why : "cannot be read");
	ERR_clear_error();
	return false;
}

static bool load(SSL_CTX *ctx, const char *certificate, const char *key, const char *client_ca)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		return said("--tls-cert", certificate);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return said("--tls-key", key);
	if (!client_ca)
		return true;
	if (SSL_CTX_load_verify_locations(ctx, client_ca, NULL) != 1)
		return said("--tls-client-ca", client_ca);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return true;
}

struct ssl_ctx_st *smsc_tls_new(const char *certificate, const char *key, const char *client_ca)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION); /* carriers' are old */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (load(ctx, certificate, key, client_ca))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct bufferevent *smsc_tls_wrap(struct event_base *base, int fd, void *arg)
{
	SSL *ssl = SSL_new(arg);
	struct bufferevent *bev;

	if (!ssl)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
					     BEV_OPT_CLOSE_ON_FREE);
	if (bev) /* many peers just close */
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	else
		SSL_free(ssl);
	return bev;
}
