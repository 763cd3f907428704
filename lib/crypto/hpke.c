/* SPDX-License-Identifier: ISC
 *
 * RFC 9180, the parts of base mode that a single message needs: 4.1 (DHKEM), 5.1 (key schedule)
 * and 6.1 (single shot), with sequence number 0 so that the nonce is the base nonce. Export and the
 * other modes are left out. Test vectors: appendix A.2.1.
 */
#include "lib/crypto/hpke_internal.h"

#include <sodium.h>
#include <string.h>

_Static_assert(FG_HPKE_TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES,
	       "ChaCha20-Poly1305 tag");

enum {
	AEAD_KEY_LEN = crypto_aead_chacha20poly1305_ietf_KEYBYTES,
	AEAD_NONCE_LEN = crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
	MODE_BASE = 0x00, /* RFC 9180, table 1 */
};

/* RFC 9180, 7.1 to 7.3: kem_id 0x0020, kdf_id 0x0001, aead_id 0x0003. */
static const struct fg_piece suite_kem = { "KEM\x00\x20", 5 };
static const struct fg_piece suite_hpke = { "HPKE\x00\x20\x00\x01\x00\x03", 10 };
static const struct fg_piece version = { "HPKE-v1", 7 };
static const struct fg_piece empty = { NULL, 0 };

struct message_key {
	uint8_t key[AEAD_KEY_LEN];
	uint8_t nonce[AEAD_NONCE_LEN];
};

static struct fg_piece piece_of(const char *text)
{
	return (struct fg_piece){ text, strlen(text) };
}

/* LabeledExtract (RFC 9180, 4). */
static struct fg_hash labeled_extract(struct fg_piece suite, struct fg_piece salt,
				      const char *label, struct fg_piece ikm)
{
	const struct fg_piece labeled_ikm[] = { version, suite, piece_of(label), ikm };

	return fg_hmac_sha256_pieces(salt.data, salt.len, labeled_ikm, 4);
}

/* LabeledExpand (RFC 9180, 4) for one hash or less, all that this suite asks for: T(1) of
 * HKDF-Expand. */
static void labeled_expand(struct fg_piece suite, const struct fg_hash *prk, const char *label,
			   struct fg_piece info, uint8_t *out, uint8_t out_len)
{
	const uint8_t out_len_be[] = { 0, out_len }, block_number[] = { 1 };
	const struct fg_piece labeled_info[] = { { out_len_be, 2 }, version, suite,
						 piece_of(label),   info,    { block_number, 1 } };
	struct fg_hash block = fg_hmac_sha256_pieces(prk->b, sizeof(prk->b), labeled_info, 6);

	memcpy(out, block.b, out_len);
	fg_wipe(&block, sizeof(block));
}

/* The shared secret of Encap and Decap (RFC 9180, 4.1). false when the other side's key is of low
 * order, so that the result would not depend on ours (RFC 9180, 7.1.4). */
static bool kem_shared_secret(const uint8_t *secret, const uint8_t *their_public,
			      const uint8_t *enc, const uint8_t *recipient_public,
			      struct fg_hash *shared_out)
{
	uint8_t dh[crypto_scalarmult_BYTES], kem_context[FG_HPKE_ENC_LEN + FG_KEM_PUBLIC_LEN];
	struct fg_hash prk;

	if (crypto_scalarmult(dh, secret, their_public) != 0) {
#ifndef FG_MUTANT_hpke_low_order
		fg_wipe(dh, sizeof(dh));
		return false;
#endif
	}
	memcpy(kem_context, enc, FG_HPKE_ENC_LEN);
	memcpy(kem_context + FG_HPKE_ENC_LEN, recipient_public, FG_KEM_PUBLIC_LEN);
	prk = labeled_extract(suite_kem, empty, "eae_prk", (struct fg_piece){ dh, sizeof(dh) });
	labeled_expand(suite_kem, &prk, "shared_secret",
		       (struct fg_piece){ kem_context, sizeof(kem_context) }, shared_out->b,
		       sizeof(shared_out->b));
	fg_wipe(dh, sizeof(dh));
	fg_wipe(&prk, sizeof(prk));
	return true;
}

/* KeySchedule of base mode (RFC 9180, 5.1). */
static void key_schedule(const struct fg_hash *shared, struct fg_piece info,
			 struct message_key *key_out)
{
	struct fg_hash psk_id_hash = labeled_extract(suite_hpke, empty, "psk_id_hash", empty);
	struct fg_hash info_hash = labeled_extract(suite_hpke, empty, "info_hash", info);
	struct fg_hash secret = labeled_extract(
		suite_hpke, (struct fg_piece){ shared->b, sizeof(shared->b) }, "secret", empty);
	uint8_t context[1 + 2 * FG_SHA256_LEN] = { MODE_BASE };
	const struct fg_piece context_piece = { context, sizeof(context) };

	memcpy(context + 1, psk_id_hash.b, FG_SHA256_LEN);
	memcpy(context + 1 + FG_SHA256_LEN, info_hash.b, FG_SHA256_LEN);
	labeled_expand(suite_hpke, &secret, "key", context_piece, key_out->key, AEAD_KEY_LEN);
	labeled_expand(suite_hpke, &secret, "base_nonce", context_piece, key_out->nonce,
		       AEAD_NONCE_LEN);
	fg_wipe(&secret, sizeof(secret));
}

void fg_kem_key_new(struct fg_kem_key *key_out)
{
	crypto_box_keypair(key_out->public, key_out->secret);
}

void fg_kem_key_from_secret(const uint8_t secret[static FG_KEM_SECRET_LEN],
			    struct fg_kem_key *key_out)
{
	memmove(key_out->secret, secret, sizeof(key_out->secret));
	crypto_scalarmult_base(key_out->public, key_out->secret);
}

enum fg_rc fg_hpke_seal_with_ephemeral(const struct fg_kem_key *ephemeral,
				       const uint8_t public_key[static FG_KEM_PUBLIC_LEN],
				       const void *info, size_t info_len, const void *aad,
				       size_t aad_len, const void *plain, size_t plain_len,
				       uint8_t *out, size_t out_cap, size_t *out_len)
{
	struct fg_hash shared;
	struct message_key key;

	if (out_cap < FG_HPKE_OVERHEAD || plain_len > out_cap - FG_HPKE_OVERHEAD)
		return FG_E_SPACE;
	if (!kem_shared_secret(ephemeral->secret, public_key, ephemeral->public, public_key,
			       &shared))
		return FG_E_KEY;
	key_schedule(&shared, (struct fg_piece){ info, info_len }, &key);
	memcpy(out, ephemeral->public, FG_HPKE_ENC_LEN);
	crypto_aead_chacha20poly1305_ietf_encrypt(out + FG_HPKE_ENC_LEN, NULL, plain, plain_len,
						  aad, aad_len, NULL, key.nonce, key.key);
	fg_wipe(&shared, sizeof(shared));
	fg_wipe(&key, sizeof(key));
	*out_len = plain_len + FG_HPKE_OVERHEAD;
	return FG_OK;
}

enum fg_rc fg_hpke_seal(const uint8_t public_key[static FG_KEM_PUBLIC_LEN], const void *info,
			size_t info_len, const void *aad, size_t aad_len, const void *plain,
			size_t plain_len, uint8_t *out, size_t out_cap, size_t *out_len)
{
	struct fg_kem_key ephemeral;
	enum fg_rc rc;

	fg_kem_key_new(&ephemeral);
	rc = fg_hpke_seal_with_ephemeral(&ephemeral, public_key, info, info_len, aad, aad_len,
					 plain, plain_len, out, out_cap, out_len);
	fg_wipe(&ephemeral, sizeof(ephemeral));
	return rc;
}

static bool open_sealed(const struct fg_kem_key *key, struct fg_piece info, struct fg_piece aad,
			const uint8_t *sealed, size_t sealed_len, uint8_t *plain_out)
{
	struct fg_hash shared;
	struct message_key message_key;
	bool opened;

	if (!kem_shared_secret(key->secret, sealed, sealed, key->public, &shared))
		return false;
	key_schedule(&shared, info, &message_key);
	opened = crypto_aead_chacha20poly1305_ietf_decrypt(
			 plain_out, NULL, NULL, sealed + FG_HPKE_ENC_LEN,
			 sealed_len - FG_HPKE_ENC_LEN, aad.data, aad.len, message_key.nonce,
			 message_key.key) == 0;
	fg_wipe(&shared, sizeof(shared));
	fg_wipe(&message_key, sizeof(message_key));
	return opened;
}

enum fg_rc fg_hpke_open(const struct fg_kem_key *key, const void *info, size_t info_len,
			const void *aad, size_t aad_len, const uint8_t *sealed, size_t sealed_len,
			uint8_t *plain_out, size_t plain_cap, size_t *plain_len_out)
{
	const struct fg_piece info_piece = { info, info_len }, aad_piece = { aad, aad_len };
	size_t plain_len;

	if (sealed_len < FG_HPKE_OVERHEAD)
		return FG_E_SEAL;
	plain_len = sealed_len - FG_HPKE_OVERHEAD;
	if (plain_len > plain_cap)
		return FG_E_SPACE;
	if (!open_sealed(key, info_piece, aad_piece, sealed, sealed_len, plain_out)) {
		if (plain_len > 0)
			fg_wipe(plain_out, plain_len);
		return FG_E_SEAL;
	}
	*plain_len_out = plain_len;
	return FG_OK;
}
