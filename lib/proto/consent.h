/* SPDX-License-Identifier: ISC
 *
 * The one check of a consent: is this order what the sender's device signed? The core asks at submit, the log before it appends
 * and the vault before it opens; each by itself, with what it knows itself, through this same code.
 *
 * What it does not do: whether the consent was used already and whether a pin is acknowledged depends on memory (gateway/vault).
 */
#pragma once

#include "lib/base/id.h"
#include "lib/proto/signed.h"

#define FG_CONSENT_LIFE_MAX_MS (24 * 3600 * 1000ull)      /* C3 of the threat model */
#define FG_CERT_LIFE_MAX_MS    (30 * 24 * 3600 * 1000ull) /* DeviceCert.expires_ms */

enum fg_consent_reason {
	FG_CONSENT_REASON_ANY, /*!< at submit: no decision was made yet; the consent must name one at least */
	FG_CONSENT_REASON_ABSENT,
	FG_CONSENT_REASON_UNDELIVERED, /*!< the message must be as old as the consent says, by the time in its id */
};

/*! What the asker knows from elsewhere. Pointers are borrowed. */
struct fg_consent_expect {
	struct fg_id message_id;
	struct fg_id gateway_id;
	struct fg_hash log_id;
	struct fg_hash recipient_tag; /*!< fg_handle_tag() */
	struct fg_hash capsule_hash;  /*!< SHA-256 of the outer capsule */
	/*! FALLGATE__BEARER__BEARER_SECURE: not chosen yet, any but none */
	Fallgate__Bearer bearer;
	enum fg_consent_reason reason;
	uint64_t now_ms;
};

/*! Borrowed from the arena. */
struct fg_consent {
	const Fallgate__Consent *body;
	const Fallgate__DeviceCert *cert;
	struct fg_hash hash; /*!< SHA-256 of the signed bytes */
};

/*! Open and check the certificate of a device: signed by the account key that it names, and valid at now_ms.
 *  \return FG_OK; FG_E_IDENTITY. */
enum fg_rc fg_cert_check(struct fg_arena *arena, const Fallgate__Signed *cert, uint64_t now_ms,
			 const Fallgate__DeviceCert **cert_out);

/*! Check a consent and the certificate of the device that signed it.
 *  \return FG_OK; FG_E_IDENTITY (certificate); FG_E_CONSENT_SIGNATURE, _SYNTAX, _TIME, _MESSAGE, _RECIPIENT, _BEARER, _REASON, _GATEWAY,
 *  _CAPSULE: the first that fails, in this order. */
enum fg_rc fg_consent_check(struct fg_arena *arena, const Fallgate__Signed *consent,
			    const Fallgate__Signed *cert, const struct fg_consent_expect *expect,
			    struct fg_consent *consent_out);
