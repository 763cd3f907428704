/* SPDX-License-Identifier: ISC
 *
 * Plain Ed25519 (RFC 8032, 5.1), not the pre-hashed form. libsodium signs one flat buffer; a
 * labelled body is joined on the stack when it is small and on the heap otherwise.
 */
#include "lib/crypto/sign.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { JOIN_ON_STACK = 4096 };

struct joined {
	uint8_t stack[JOIN_ON_STACK];
	uint8_t *data; /* stack, or malloc()ed */
	size_t len;
};

static bool join(struct joined *joined, const char *label, const void *body, size_t body_len)
{
	size_t label_len = strlen(label) + 1; /* the zero octet parts it from the body */

	if (body_len > SIZE_MAX - label_len)
		return false;
	joined->len = label_len + body_len;
	joined->data = joined->len > sizeof(joined->stack) ? malloc(joined->len) : joined->stack;
	if (!joined->data)
		return false;
	memcpy(joined->data, label, label_len);
	if (body_len > 0)
		memcpy(joined->data + label_len, body, body_len);
	return true;
}

/* The body may be clear text. */
static void part(struct joined *joined)
{
	fg_wipe(joined->data, joined->len);
	if (joined->data != joined->stack)
		free(joined->data);
}

void fg_sign_key_new(struct fg_sign_key *key_out)
{
	crypto_sign_keypair(key_out->public, key_out->secret);
}

void fg_sign_key_from_seed(const uint8_t seed[static FG_SIGN_SEED_LEN], struct fg_sign_key *key_out)
{
	crypto_sign_seed_keypair(key_out->public, key_out->secret, seed);
}

void fg_sign(const struct fg_sign_key *key, const char *label, const void *body, size_t body_len,
	     uint8_t signature_out[static FG_SIGNATURE_LEN])
{
	struct joined joined;

	if (!join(&joined, label, body, body_len))
		abort();
	fg_sign_raw(key, joined.data, joined.len, signature_out);
	part(&joined);
}

enum fg_rc fg_sign_verify(const void *public_key, size_t public_len, const char *label,
			  const void *body, size_t body_len, const void *signature,
			  size_t signature_len)
{
	struct joined joined;
	enum fg_rc rc;

	if (public_len != FG_SIGN_PUBLIC_LEN || signature_len != FG_SIGNATURE_LEN)
		return FG_E_SIGNATURE;
	if (!join(&joined, label, body, body_len))
		return FG_E_NO_MEMORY;
	rc = fg_sign_verify_raw(public_key, joined.data, joined.len, signature);
	part(&joined);
	return rc;
}

void fg_sign_raw(const struct fg_sign_key *key, const void *body, size_t body_len,
		 uint8_t signature_out[static FG_SIGNATURE_LEN])
{
	crypto_sign_detached(signature_out, NULL, body, body_len, key->secret);
}

enum fg_rc fg_sign_verify_raw(const uint8_t public_key[static FG_SIGN_PUBLIC_LEN], const void *body,
			      size_t body_len, const uint8_t signature[static FG_SIGNATURE_LEN])
{
#ifndef FG_MUTANT_sign_verify
	if (crypto_sign_verify_detached(signature, body, body_len, public_key) != 0)
		return FG_E_SIGNATURE;
#else
	(void)public_key, (void)body, (void)body_len, (void)signature;
#endif
	return FG_OK;
}
