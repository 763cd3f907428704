/* SPDX-License-Identifier: ISC */
#include "lib/proto/consent.h"

#include <string.h>

static bool field_is(ProtobufCBinaryData field, const void *expected, size_t len)
{
	return FG_HAS_LEN(field, len) && memcmp(field.data, expected, len) == 0;
}

/* True while from <= now < to and the span is no longer than allowed; written so that no sum can wrap. */
__attribute__((unused)) static bool time_is_within(uint64_t from, uint64_t to, uint64_t most_ms,
						   uint64_t now)
{
	return from <= now && now < to && to - from <= most_ms;
}

enum fg_rc fg_cert_check(struct fg_arena *arena, const Fallgate__Signed *cert, uint64_t now_ms,
			 const Fallgate__DeviceCert **cert_out)
{
	const Fallgate__DeviceCert *body;

	if (!cert)
		return FG_E_IDENTITY;
	body = fg_proto_unpack(arena, &fallgate__device_cert__descriptor, cert->body.data,
			       cert->body.len);
	if (!body || !FG_HAS_LEN(body->account_key, FG_SIGN_PUBLIC_LEN) ||
	    !FG_HAS_LEN(body->signing_key, FG_SIGN_PUBLIC_LEN) ||
	    !FG_HAS_LEN(body->device_id, FG_ID_LEN))
		return FG_E_IDENTITY;
	if (fg_signed_verify(cert, body->account_key.data, body->account_key.len,
			     FG_LABEL_DEVICE_CERT) != FG_OK)
		return FG_E_IDENTITY;
	if (!time_is_within(body->not_before_ms, body->expires_ms, FG_CERT_LIFE_MAX_MS, now_ms))
		return FG_E_IDENTITY;
	*cert_out = body;
	return FG_OK;
}

static bool is_well_formed(const Fallgate__Consent *c)
{
	return FG_HAS_LEN(c->gateway_id, FG_ID_LEN) && FG_HAS_LEN(c->log_id, FG_SHA256_LEN) &&
	       FG_HAS_LEN(c->message_id, FG_ID_LEN) && FG_HAS_LEN(c->mark, FG_SHA256_LEN) &&
	       FG_HAS_LEN(c->capsule_hash, FG_SHA256_LEN) &&
	       FG_HAS_LEN(c->body_commitment, FG_SHA256_LEN) && c->max_segments > 0 &&
	       c->sender[0] != '\0' && c->recipient[0] != '\0';
}

__attribute__((unused)) static bool allows_bearer(const Fallgate__Consent *c,
						  Fallgate__Bearer bearer)
{
	for (size_t i = 0; i < c->n_bearers; i++)
		if (c->bearers[i] != FALLGATE__BEARER__BEARER_SECURE &&
		    (bearer == FALLGATE__BEARER__BEARER_SECURE || c->bearers[i] == bearer))
			return true;
	return false;
}

__attribute__((unused)) static bool allows_reason(const Fallgate__Consent *c,
						  const struct fg_consent_expect *e)
{
	uint64_t accepted_ms = fg_id_time_ms(&e->message_id);

	switch (e->reason) {
	case FG_CONSENT_REASON_ANY:
		return c->for_absent || c->for_undelivered_after_ms > 0;
	case FG_CONSENT_REASON_ABSENT:
		return c->for_absent;
	case FG_CONSENT_REASON_UNDELIVERED:
		return c->for_undelivered_after_ms > 0 && e->now_ms >= accepted_ms &&
		       e->now_ms - accepted_ms >= c->for_undelivered_after_ms;
	}
	return false;
}

static enum fg_rc check_signature(const Fallgate__Signed *consent, const Fallgate__DeviceCert *cert)
{
#ifndef FG_MUTANT_consent_signature
	if (fg_signed_verify(consent, cert->signing_key.data, cert->signing_key.len,
			     FG_LABEL_CONSENT) != FG_OK)
		return FG_E_CONSENT_SIGNATURE;
#endif
	(void)consent;
	(void)cert;
	return FG_OK;
}

static enum fg_rc check_fields(const Fallgate__Consent *c, const struct fg_consent_expect *e)
{
	struct fg_hash tag = fg_handle_tag(c->recipient);

	(void)e;
	(void)tag;
#ifndef FG_MUTANT_consent_time
	if (!time_is_within(c->not_before_ms, c->expires_ms, FG_CONSENT_LIFE_MAX_MS, e->now_ms))
		return FG_E_CONSENT_TIME;
#endif
#ifndef FG_MUTANT_consent_message
	if (!field_is(c->message_id, e->message_id.b, FG_ID_LEN))
		return FG_E_CONSENT_MESSAGE;
#endif
#ifndef FG_MUTANT_consent_recipient
	if (!fg_hash_equal(&tag, &e->recipient_tag))
		return FG_E_CONSENT_RECIPIENT;
#endif
#ifndef FG_MUTANT_order_bearer
	if (!allows_bearer(c, e->bearer))
		return FG_E_CONSENT_BEARER;
#endif
#ifndef FG_MUTANT_consent_reason
	if (!allows_reason(c, e))
		return FG_E_CONSENT_REASON;
#endif
#ifndef FG_MUTANT_consent_gateway
	if (!field_is(c->gateway_id, e->gateway_id.b, FG_ID_LEN) ||
	    !field_is(c->log_id, e->log_id.b, FG_SHA256_LEN))
		return FG_E_CONSENT_GATEWAY;
#endif
#ifndef FG_MUTANT_consent_capsule
	if (!field_is(c->capsule_hash, e->capsule_hash.b, FG_SHA256_LEN))
		return FG_E_CONSENT_CAPSULE;
#endif
	return FG_OK;
}

enum fg_rc fg_consent_check(struct fg_arena *arena, const Fallgate__Signed *consent,
			    const Fallgate__Signed *cert, const struct fg_consent_expect *expect,
			    struct fg_consent *consent_out)
{
	struct fg_consent result;
	enum fg_rc rc = fg_cert_check(arena, cert, expect->now_ms, &result.cert);

	if (rc != FG_OK)
		return rc;
	if (!consent)
		return FG_E_CONSENT_SYNTAX;
	rc = check_signature(consent, result.cert);
	if (rc != FG_OK)
		return rc;
	result.body = fg_proto_unpack(arena, &fallgate__consent__descriptor, consent->body.data,
				      consent->body.len);
	if (!result.body || !is_well_formed(result.body))
		return FG_E_CONSENT_SYNTAX;
	if (!field_is(result.body->device_id, result.cert->device_id.data, FG_ID_LEN))
		return FG_E_CONSENT_SIGNATURE;
	rc = check_fields(result.body, expect);
	if (rc != FG_OK)
		return rc;
	result.hash = fg_signed_body_hash(consent);
	*consent_out = result;
	return FG_OK;
}
