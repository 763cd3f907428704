/* SPDX-License-Identifier: ISC
 *
 * The capsule: a message's text under two seals. The outer one opens with the log's seal key, the inner one with the vault's; both are
 * HPKE (hpke.h) with associated data message id, gateway id, expiry of the consent (u64, big-endian), and infos
 * "fallgate/1 capsule inner" and "fallgate/1 capsule outer". The innermost plaintext is a CapsuleBody of exactly 256, 1024, 4096 or
 * 16384 bytes, so that its length says little.
 */
#pragma once

#include "lib/base/id.h"
#include "lib/crypto/hpke.h"
#include "lib/proto/signed.h"

enum {
	FG_CAPSULE_MAX = 20000,       /* serialized, outer */
	FG_CAPSULE_PLAIN_MAX = 16384, /* the largest bucket */
	FG_CAPSULE_KEY_ID_LEN = 8,
	FG_CAPSULE_SALT_LEN = 32,
};

enum fg_capsule_layer {
	FG_CAPSULE_INNER = 1, /*!< SealKey.layer */
	FG_CAPSULE_OUTER = 2,
};

/*! What both seals bind as associated data. */
struct fg_capsule_binding {
	struct fg_id message_id;
	struct fg_id gateway_id;
	uint64_t expires_ms; /*!< of the consent */
};

/*! Clear text and keys are borrowed for the call. */
struct fg_capsule_text {
	const char *recipient;      /*!< canonical handle */
	const uint8_t *signing_key; /*!< of the sender's device, 32 bytes; its hash goes inside */
	const void *body;           /*!< UTF-8 without NUL */
	size_t body_len;
};

/*! First 8 bytes of SHA-256 of a public seal key. */
void fg_capsule_key_id(const uint8_t public_key[static FG_KEM_PUBLIC_LEN],
		       uint8_t out[static FG_CAPSULE_KEY_ID_LEN]);

/*! SHA-256("fallgate body" 0x00 salt body). */
struct fg_hash fg_body_commitment(const uint8_t salt[static FG_CAPSULE_SALT_LEN], const void *body,
				  size_t len);

/*! Seal a text twice, with a fresh salt.
 *  \param[out] out          the serialized outer Capsule; FG_CAPSULE_MAX always suffices.
 *  \param[out] commitment_out what the consent's body_commitment must be.
 *  \return FG_OK; FG_E_TOO_LONG for a text beyond the largest bucket; FG_E_KEY; FG_E_SPACE; FG_E_NO_MEMORY. */
enum fg_rc fg_capsule_make(const struct fg_capsule_text *text,
			   const struct fg_capsule_binding *binding,
			   const uint8_t inner_key[static FG_KEM_PUBLIC_LEN],
			   const uint8_t outer_key[static FG_KEM_PUBLIC_LEN], uint8_t *out,
			   size_t cap, size_t *len_out, struct fg_hash *commitment_out);

/*! Open one layer with whichever of the keys it was sealed to. plain_out: cap bytes, zeroed on failure; capsule_len always suffices.
 *  \return FG_OK; FG_E_KEY_EXPIRED when it was sealed to none of the keys; FG_E_CAPSULE for anything else that is wrong (one error:
 *  no oracle). */
enum fg_rc fg_capsule_open(enum fg_capsule_layer layer, const struct fg_kem_key *keys,
			   size_t keys_count, const struct fg_capsule_binding *binding,
			   const void *capsule, size_t capsule_len, uint8_t *plain_out, size_t cap,
			   size_t *plain_len_out);

/*! Read the plaintext of the inner layer. The arena gets the clear text: it must lie in memory that is fit for it (fg_arena_over()).
 *  \return FG_OK; FG_E_CAPSULE when it is not well formed or its length is no bucket. */
enum fg_rc fg_capsule_body(struct fg_arena *arena, const uint8_t *plain, size_t len,
			   const Fallgate__CapsuleBody **body_out);
