/* SPDX-License-Identifier: ISC
 *
 * The format is in the header. Everything is done in memory: the files are small.
 */
#include "lib/crypto/secretfile_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/base/cursor.h"

enum {
	MAGIC_LEN = 8,
	FORMAT_VERSION = 1,
	KIND_PLAIN = 0,
	KIND_SEALED = 1,
	PREFIX_LEN = MAGIC_LEN + 2,
	PLAIN_HEADER_LEN = PREFIX_LEN + FG_SHA256_LEN,
	SALT_LEN = crypto_pwhash_SALTBYTES,
	NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	KEY_LEN = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	SEALED_HEADER_LEN = PREFIX_LEN + 4 + 4 + SALT_LEN + NONCE_LEN,
	FILE_MAX = FG_SECRETFILE_MAX + SEALED_HEADER_LEN + TAG_LEN,
	/* A changed header may cost the reader at most this. Ours: 4 passes are libsodium's
	   "sensitive". */
	PASSES_MAX = 16,
	MEMORY_KIB_MAX = 1 << 20,
};

static const char magic[MAGIC_LEN + 1] = "FGSECRET";

/* malloc()ed bytes that are wiped before they are freed. */
struct secret {
	uint8_t *data;
	size_t len;
};

static bool secret_alloc(struct secret *secret, size_t len)
{
	*secret = (struct secret){ malloc(len > 0 ? len : 1), len };
	return secret->data != NULL;
}

static void secret_free(struct secret *secret)
{
	if (secret->data)
		fg_wipe(secret->data, secret->len);
	free(secret->data);
	*secret = (struct secret){ 0 };
}

static bool cost_is_sane(struct fg_secretfile_cost cost)
{
	return cost.passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN && cost.passes <= PASSES_MAX &&
	       cost.memory_kib >= crypto_pwhash_argon2id_MEMLIMIT_MIN / 1024 &&
	       cost.memory_kib <= MEMORY_KIB_MAX;
}

static bool derive_key(const char *passphrase, struct fg_secretfile_cost cost, const uint8_t *salt,
		       uint8_t key_out[static KEY_LEN])
{
	return crypto_pwhash(key_out, KEY_LEN, passphrase, strlen(passphrase), salt, cost.passes,
			     (size_t)cost.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

static void put_prefix(struct fg_writer *w, uint8_t kind)
{
	fg_writer_bytes(w, magic, MAGIC_LEN);
	fg_writer_u8(w, FORMAT_VERSION);
	fg_writer_u8(w, kind);
}

static struct fg_hash plain_sum(const uint8_t *prefix, const void *data, size_t len)
{
	const struct fg_piece pieces[] = { { prefix, PREFIX_LEN }, { data, len } };

	return fg_sha256_pieces(pieces, 2);
}

static enum fg_rc make_plain(const void *data, size_t len, struct secret *file_out)
{
	struct fg_writer w;
	struct fg_hash sum;

	if (!secret_alloc(file_out, PLAIN_HEADER_LEN + len))
		return FG_E_NO_MEMORY;
	fg_writer_init(&w, file_out->data, file_out->len);
	put_prefix(&w, KIND_PLAIN);
	sum = plain_sum(file_out->data, data, len);
	fg_writer_bytes(&w, sum.b, sizeof(sum.b));
	fg_writer_bytes(&w, data, len);
	return w.rc;
}

static enum fg_rc make_sealed(const char *passphrase, struct fg_secretfile_cost cost,
			      const void *data, size_t len, struct secret *file_out)
{
	uint8_t salt[SALT_LEN], nonce[NONCE_LEN], key[KEY_LEN];
	struct fg_writer w;

	fg_random(salt, sizeof(salt));
	fg_random(nonce, sizeof(nonce));
	if (!secret_alloc(file_out, SEALED_HEADER_LEN + len + TAG_LEN) ||
	    !derive_key(passphrase, cost, salt, key))
		return FG_E_NO_MEMORY;
	fg_writer_init(&w, file_out->data, file_out->len);
	put_prefix(&w, KIND_SEALED);
	fg_writer_u32(&w, cost.passes);
	fg_writer_u32(&w, cost.memory_kib);
	fg_writer_bytes(&w, salt, sizeof(salt));
	fg_writer_bytes(&w, nonce, sizeof(nonce));
	crypto_aead_xchacha20poly1305_ietf_encrypt(file_out->data + SEALED_HEADER_LEN, NULL, data,
						   len, file_out->data, SEALED_HEADER_LEN, NULL,
						   nonce, key);
	fg_wipe(key, sizeof(key));
	return w.rc;
}

static enum fg_rc write_all(int fd, const struct secret *file)
{
	size_t done = 0;

	while (done < file->len) {
		ssize_t n = write(fd, file->data + done, file->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FG_E_SYSTEM;
		done += (size_t)n;
	}
	return fsync(fd) == 0 ? FG_OK : FG_E_SYSTEM;
}

/* A rename is durable only when its folder is. */
static enum fg_rc sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder =
		slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	enum fg_rc rc = fd >= 0 && fsync(fd) == 0 ? FG_OK : FG_E_SYSTEM;
	int saved = errno;

	if (fd >= 0)
		close(fd);
	free(folder);
	errno = saved;
	return rc;
}

static enum fg_rc write_and_rename(const char *path, char *temporary, const struct secret *file)
{
	int fd = mkostemp(temporary, O_CLOEXEC), saved; /* mode 0600 (POSIX mkstemp) */
	enum fg_rc rc;

	if (fd < 0)
		return FG_E_SYSTEM;
	rc = write_all(fd, file);
	saved = errno;
	if (close(fd) != 0 && rc == FG_OK) {
		rc = FG_E_SYSTEM;
		saved = errno;
	}
	if (rc == FG_OK && rename(temporary, path) != 0) {
		rc = FG_E_SYSTEM;
		saved = errno;
	}
	if (rc != FG_OK) {
		unlink(temporary);
		errno = saved;
		return rc;
	}
	return sync_folder_of(path);
}

static enum fg_rc replace_file(const char *path, const struct secret *file)
{
	char *temporary;
	enum fg_rc rc;
	int saved;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return FG_E_NO_MEMORY;
	rc = write_and_rename(path, temporary, file);
	saved = errno;
	free(temporary);
	errno = saved;
	return rc;
}

enum fg_rc fg_secretfile_write_with_cost(const char *path, const char *passphrase,
					 struct fg_secretfile_cost cost, const void *data,
					 size_t len)
{
	struct secret file = { 0 };
	enum fg_rc rc;
	int saved;

	if (len > FG_SECRETFILE_MAX)
		return FG_E_TOO_LONG;
	rc = passphrase ? make_sealed(passphrase, cost, data, len, &file)
			: make_plain(data, len, &file);
	if (rc == FG_OK)
		rc = replace_file(path, &file);
	saved = errno;
	secret_free(&file);
	errno = saved;
	return rc;
}

enum fg_rc fg_secretfile_write(const char *path, const char *passphrase, const void *data,
			       size_t len)
{
	const struct fg_secretfile_cost cost = { crypto_pwhash_OPSLIMIT_INTERACTIVE,
						 crypto_pwhash_MEMLIMIT_INTERACTIVE / 1024 };

	return fg_secretfile_write_with_cost(path, passphrase, cost, data, len);
}

static enum fg_rc read_all(int fd, struct secret *file)
{
	size_t done = 0;

	while (done < file->len) {
		ssize_t n = read(fd, file->data + done, file->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FG_E_SYSTEM;
		if (n == 0)
			return FG_E_SYNTAX; /* it became shorter since fstat() */
		done += (size_t)n;
	}
	return FG_OK;
}

static enum fg_rc read_opened(int fd, struct secret *file_out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return FG_E_SYSTEM;
	if (!S_ISREG(st.st_mode))
		return FG_E_SYNTAX;
#ifndef FG_MUTANT_secretfile_mode
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return FG_E_DENIED;
#endif
	if (st.st_size > FILE_MAX)
		return FG_E_SYNTAX;
	if (!secret_alloc(file_out, (size_t)st.st_size))
		return FG_E_NO_MEMORY;
	return read_all(fd, file_out);
}

/* O_NONBLOCK: a pipe in the file's place does not hold us. */
static enum fg_rc read_file(const char *path, struct secret *file_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), saved;
	enum fg_rc rc;

	if (fd < 0)
		return errno == ENOENT ? FG_E_NOT_FOUND : FG_E_SYSTEM;
	rc = read_opened(fd, file_out);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

static enum fg_rc open_plain(const struct secret *file, struct fg_cursor *cur,
			     struct secret *data_out)
{
	const uint8_t *sum = fg_cursor_bytes(cur, FG_SHA256_LEN);
	size_t len = fg_cursor_left(cur);
	const uint8_t *data = fg_cursor_bytes(cur, len);
	struct fg_hash found;

	if (cur->rc != FG_OK)
		return FG_E_SYNTAX;
	found = plain_sum(file->data, data, len);
	if (!fg_equal(sum, found.b, sizeof(found.b)))
		return FG_E_SYNTAX;
	if (!secret_alloc(data_out, len))
		return FG_E_NO_MEMORY;
	memcpy(data_out->data, data, len);
	return FG_OK;
}

static enum fg_rc open_sealed(const struct secret *file, struct fg_cursor *cur,
			      const char *passphrase, struct secret *data_out)
{
	struct fg_secretfile_cost cost = { fg_cursor_u32(cur), 0 };
	const uint8_t *salt, *nonce;
	uint8_t key[KEY_LEN];
	size_t len;
	int rc;

	cost.memory_kib = fg_cursor_u32(cur);
	salt = fg_cursor_bytes(cur, SALT_LEN);
	nonce = fg_cursor_bytes(cur, NONCE_LEN);
	len = fg_cursor_left(cur);
	if (cur->rc != FG_OK || len < TAG_LEN || !cost_is_sane(cost))
		return FG_E_SYNTAX;
	if (!secret_alloc(data_out, len - TAG_LEN) || !derive_key(passphrase, cost, salt, key))
		return FG_E_NO_MEMORY;
	rc = crypto_aead_xchacha20poly1305_ietf_decrypt(data_out->data, NULL, NULL, cur->at, len,
							file->data, SEALED_HEADER_LEN, nonce, key);
	fg_wipe(key, sizeof(key));
	return rc == 0 ? FG_OK : FG_E_PASSPHRASE;
}

/* The kind of a file; the cursor is left behind the prefix. */
static enum fg_rc read_prefix(struct fg_cursor *cur, uint8_t *kind_out)
{
	const uint8_t *found = fg_cursor_bytes(cur, MAGIC_LEN);
	uint8_t version = fg_cursor_u8(cur), kind = fg_cursor_u8(cur);

	if (cur->rc != FG_OK || memcmp(found, magic, MAGIC_LEN) != 0)
		return FG_E_SYNTAX;
	if (version != FORMAT_VERSION)
		return FG_E_VERSION;
	if (kind != KIND_PLAIN && kind != KIND_SEALED)
		return FG_E_SYNTAX;
	*kind_out = kind;
	return FG_OK;
}

static enum fg_rc open_file(const struct secret *file, const char *passphrase,
			    struct secret *data_out)
{
	struct fg_cursor cur;
	uint8_t kind;
	enum fg_rc rc;

	fg_cursor_init(&cur, file->data, file->len);
	rc = read_prefix(&cur, &kind);
	if (rc != FG_OK)
		return rc;
	if ((kind == KIND_SEALED) != (passphrase != NULL))
		return FG_E_PASSPHRASE;
	return kind == KIND_SEALED ? open_sealed(file, &cur, passphrase, data_out)
				   : open_plain(file, &cur, data_out);
}

enum fg_rc fg_secretfile_read(const char *path, const char *passphrase, uint8_t **data_out,
			      size_t *len_out)
{
	struct secret file = { 0 }, data = { 0 };
	enum fg_rc rc = read_file(path, &file);
	int saved;

	if (rc == FG_OK)
		rc = open_file(&file, passphrase, &data);
	saved = errno;
	secret_free(&file);
	if (rc != FG_OK)
		secret_free(&data);
	errno = saved;
	if (rc != FG_OK)
		return rc;
	*data_out = data.data;
	*len_out = data.len;
	return FG_OK;
}

bool fg_secretfile_is_sealed(const char *path)
{
	struct secret file = { 0 };
	struct fg_cursor cur;
	uint8_t kind = KIND_PLAIN;
	bool sealed = false;

	if (read_file(path, &file) == FG_OK) {
		fg_cursor_init(&cur, file.data, file.len);
		sealed = read_prefix(&cur, &kind) == FG_OK && kind == KIND_SEALED;
	}
	secret_free(&file);
	return sealed;
}
