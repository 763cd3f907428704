/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/pem.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/pem.h>

/* The file of all CAs of a system is about 250 KB. */
enum { PEM_MAX = 1024 * 1024 };

typedef bool (*use_pem)(SSL_CTX *ctx, BIO *pem);

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
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

static size_t read_all(int fd, char *buf)
{
	size_t len = 0;
	ssize_t n = 0;

	if (lseek(fd, 0, SEEK_SET) != 0)
		return 0;
	while (len < PEM_MAX &&
	       ((n = read(fd, buf + len, PEM_MAX - len)) > 0 || (n < 0 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	return n == 0 && len < PEM_MAX ? len : 0;
}

static enum fg_rc use_file(SSL_CTX *ctx, int fd_take, use_pem use)
{
	char *buf = OPENSSL_malloc(PEM_MAX);
	size_t len = buf ? read_all(fd_take, buf) : 0;
	BIO *pem = len > 0 ? BIO_new_mem_buf(buf, (int)len) : NULL;
	enum fg_rc rc = !pem ? FG_E_SYSTEM : use(ctx, pem) ? FG_OK : FG_E_KEY;

	BIO_free(pem);
	OPENSSL_clear_free(buf, PEM_MAX);
	close(fd_take);
	ERR_clear_error();
	return rc;
}

enum fg_rc fg_pem_certificate(SSL_CTX *ctx, int fd_take)
{
	return use_file(ctx, fd_take, use_certificate);
}

enum fg_rc fg_pem_key(SSL_CTX *ctx, int fd_take)
{
	return use_file(ctx, fd_take, use_key);
}

enum fg_rc fg_pem_ca(SSL_CTX *ctx, int fd_take)
{
	return use_file(ctx, fd_take, use_ca);
}
