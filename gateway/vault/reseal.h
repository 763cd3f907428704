/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A text that came from outside, sealed by the vault for one device: suite 1 as between devices (lib/proto/suite1.h), from 16 zero octets
 * as sender device, signed by a key that lives in this process alone and that the vault's long-term key certifies inside the seal.
 */
#pragma once

#include "lib/crypto/clear.h"
#include "lib/proto/suite1.h"

enum {
	FG_RELAY_CERT_MAX = 64,
	FG_RELAY_LABEL_MAX = 32,
};

/*! Signs contents for devices for a day; never written anywhere. The owner wipes it. */
struct fg_relay_signer {
	struct fg_sign_key key;
	uint64_t made_ms;
	uint8_t cert[FG_RELAY_CERT_MAX], signature[FG_SIGNATURE_LEN]; /*!< the body of RelayCert */
	size_t cert_len;
};

/*! A new key, certified by the vault's long-term key. */
void fg_relay_signer_new(const struct fg_sign_key *vault_key, uint64_t now_ms,
			 struct fg_relay_signer *signer_out);

/*! Characters that no text of the protocol may have become spaces. FG_OK; FG_E_UTF8. O(len). */
enum fg_rc fg_relay_clean(void *text, size_t len);

/*! Seal content for peer. What names the peer, its prekeys, the suite and the signer is set here; content->time_ms lies within the
 *  signer's day. room holds clear text meanwhile and is wiped. part_out->sealed is a talloc child of ctx, its device_id is peer's.
 *  \return FG_OK; FG_E_TOO_LONG; FG_E_KEY; FG_E_NO_MEMORY. */
enum fg_rc fg_relay_seal(void *ctx, Fallgate__Content *content,
			 const struct fg_relay_signer *signer, const struct fg_suite1_peer *peer,
			 struct fg_clear *room, Fallgate__SealedPart *part_out);
