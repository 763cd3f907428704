/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/tls.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "lib/base/log.h"

/* The file of all CAs of a system is about 250 KB. */
enum { PEM_MAX = 1024 * 1024 };

typedef bool (*use_pem)(SSL_CTX *ctx, BIO *pem);

/* Nobody is there to type one. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool use_ca(SSL_CTX *ctx, BIO *pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	unsigned count = 0;
	X509 *ca;
	bool ok = true;

	while (ok && (ca = PEM_read_bio_X509_AUX(pem, NULL, no_passphrase, NULL))) {
		ok = X509_STORE_add_cert(store, ca) == 1;
		count += ok;
		X509_free(ca);
	}
	return ok && count > 0;
}

static bool use_certificate(SSL_CTX *ctx, BIO *pem)
{
	X509 *leaf = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL), *next;
	bool ok = leaf && SSL_CTX_use_certificate(ctx, leaf) == 1;

	X509_free(leaf);
	while (ok && (next = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL)))
		ok = SSL_CTX_add0_chain_cert(ctx, next) == 1;
	return ok;
}

static bool use_key(SSL_CTX *ctx, BIO *pem)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL);
	bool ok =
		key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	return ok;
}

/* From its beginning, wherever the offset of the open file is. */
static size_t read_all(int fd, char *buf)
{
	size_t len = 0;
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) != 0)
		return 0;
	while (len < PEM_MAX && (n = read(fd, buf + len, PEM_MAX - len)) > 0)
		len += (size_t)n;
	return len < PEM_MAX ? len : 0;
}

static enum fg_rc use_file(struct fg_adapter_host *host, SSL_CTX *ctx, enum fg_role_file kind,
			   const char *key_name, use_pem use)
{
	int fd = fg_host_file_take(host, kind);
	char *buf = fd >= 0 ? OPENSSL_malloc(PEM_MAX) : NULL;
	size_t len = buf ? read_all(fd, buf) : 0;
	BIO *pem = len > 0 ? BIO_new_mem_buf(buf, (int)len) : NULL;
	enum fg_rc rc = fd < 0 ? FG_E_STATE : pem && use(ctx, pem) ? FG_OK : FG_E_KEY;

	BIO_free(pem);
	OPENSSL_clear_free(buf, PEM_MAX);
	if (fd >= 0)
		close(fd);
	ERR_clear_error();
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
		rc = use_file(host, ctx, FG_FILE_LINK_CA, "tls_ca", use_ca);
	if (rc == FG_OK && conf->tls_certificate[0])
		rc = use_file(host, ctx, FG_FILE_LINK_CERTIFICATE, "tls_certificate",
			      use_certificate);
	if (rc == FG_OK && conf->tls_certificate[0])
		rc = use_file(host, ctx, FG_FILE_LINK_KEY, "tls_key", use_key);
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
