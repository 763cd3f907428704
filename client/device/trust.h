/* SPDX-License-Identifier: ISC
 *
 * gateway.trust: what a device believes about its gateway before it talks to it. It comes out of
 * band, with the invitation; a lying gateway could otherwise serve keys of its own.
 *
 * Text, one "NAME VALUE" a line, each name exactly once, in any order after the first line:
 *   fallgate-trust 1       the version
 *   gateway HEX            gateway id, 16 bytes
 *   host HOST:PORT         where devices connect; also the name in the certificate
 *   log-origin NAME        origin of the log's checkpoints
 *   log-key, vault-key, receipt-key, directory-key HEX    Ed25519 public keys
 *   ca BASE64              the certificate (DER) that signs the gateway's
 * Empty lines and lines that begin with "#" are passed over; anything else is refused.
 */
#pragma once

#include "lib/crypto/note.h"

enum {
	FG_GATEWAY_ID_LEN = 16,
	FG_TRUST_HOST_MAX = 253, /* RFC 1035, 2.3.4 in text form */
	FG_TRUST_CA_MAX = 4096,
	FG_TRUST_TEXT_MAX = 8192,
};

struct fg_trust {
	uint8_t gateway_id[FG_GATEWAY_ID_LEN];
	char host[FG_TRUST_HOST_MAX + 1];
	uint16_t port;
	char log_origin[FG_NOTE_ORIGIN_MAX + 1];
	uint8_t log_key[FG_SIGN_PUBLIC_LEN];
	uint8_t vault_key[FG_SIGN_PUBLIC_LEN];
	uint8_t receipt_key[FG_SIGN_PUBLIC_LEN];
	uint8_t directory_key[FG_SIGN_PUBLIC_LEN];
	uint8_t ca[FG_TRUST_CA_MAX];
	size_t ca_len;
};

/*! Read the text of a gateway.trust.
 *  \return FG_OK; FG_E_SYNTAX (also for a name that is missing or comes twice); FG_E_TOO_LONG;
 * FG_E_VERSION. */
enum fg_rc fg_trust_parse(const char *text, size_t len, struct fg_trust *trust_out);

/*! The log id that consents name. */
struct fg_hash fg_trust_log_id(const struct fg_trust *trust);
