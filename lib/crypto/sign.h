/* SPDX-License-Identifier: ISC
 *
 * Ed25519 signatures over labelled bytes: what is signed is label, one zero octet, body; so that no object can be taken for
 * another kind. Signed objects travel as the exact bytes that were signed plus the signature; nothing is encoded again
 * before it is verified.
 */
#pragma once

#include "lib/crypto/crypto.h"

/*! Labels, one for each kind of signed object (docs/protocol.md). */
#define FG_LABEL_ACCOUNT         "fallgate/1 account"
#define FG_LABEL_DEVICE_CERT     "fallgate/1 device-cert"
#define FG_LABEL_PREKEY          "fallgate/1 prekey"
#define FG_LABEL_REGISTRATION    "fallgate/1 registration"
#define FG_LABEL_LOGIN           "fallgate/1 login"
#define FG_LABEL_VIEW            "fallgate/1 view"
#define FG_LABEL_VIEW_BATCH      "fallgate/1 view-batch"
#define FG_LABEL_CONSENT         "fallgate/1 consent"
#define FG_LABEL_CANCEL          "fallgate/1 cancel"
#define FG_LABEL_ACK             "fallgate/1 ack"
#define FG_LABEL_RECEIPT_BATCH   "fallgate/1 receipt-batch"
#define FG_LABEL_SEAL_KEY        "fallgate/1 seal-key"
#define FG_LABEL_DEREGISTER      "fallgate/1 deregister"
#define FG_LABEL_SUCCESSION      "fallgate/1 succession"
#define FG_LABEL_ACCEPT_IDENTITY "fallgate/1 accept-identity"
#define FG_LABEL_RELAY_CERT      "fallgate/1 relay-cert"
#define FG_LABEL_MESSAGE         "fallgate/1 message"

struct fg_sign_key {
	uint8_t public[FG_SIGN_PUBLIC_LEN];
	uint8_t secret[FG_SIGN_SECRET_LEN];
};

/*! A new random key pair; the owner wipes it with fg_wipe(). */
void fg_sign_key_new(struct fg_sign_key *key_out);
void fg_sign_key_from_seed(const uint8_t seed[static FG_SIGN_SEED_LEN],
			   struct fg_sign_key *key_out);

/*! Sign label, a zero octet and body. Ends the process when there is no memory to join a body above 4 KiB to its label. */
void fg_sign(const struct fg_sign_key *key, const char *label, const void *body, size_t body_len,
	     uint8_t signature_out[static FG_SIGNATURE_LEN]);

/*! \return FG_OK; FG_E_SIGNATURE (also for a signature_len other than FG_SIGNATURE_LEN or a public_len other than 32);
 *  FG_E_NO_MEMORY. */
enum fg_rc fg_sign_verify(const void *public_key, size_t public_len, const char *label,
			  const void *body, size_t body_len, const void *signature,
			  size_t signature_len);

/*! The same without label, for checkpoints (C2SP signed notes) and test vectors. */
void fg_sign_raw(const struct fg_sign_key *key, const void *body, size_t body_len,
		 uint8_t signature_out[static FG_SIGNATURE_LEN]);
enum fg_rc fg_sign_verify_raw(const uint8_t public_key[static FG_SIGN_PUBLIC_LEN], const void *body,
			      size_t body_len, const uint8_t signature[static FG_SIGNATURE_LEN]);
