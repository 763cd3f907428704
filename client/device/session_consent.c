/* SPDX-License-Identifier: ISC
 *
 * The consent to downgrade one message, and the capsule that only log and vault together can open.
 */
#include "client/device/session_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/proto/capsule.h"
#include "lib/proto/consent.h"

#define CLOCK_SLACK_MS (60 * 1000ull)
enum { SEGMENTS_DEFAULT = 10, BEARERS_MAX = 3 };

static enum fg_rc seal_key(struct fg_session *s, const Fallgate__Signed *signed_key,
			   const uint8_t *signer, uint32_t layer, const uint8_t **key_out)
{
	const Fallgate__SealKey *key;
	void *opened;
	uint64_t now = fg_session_now(s);

#ifdef FG_MUTANT_seal_key
	opened = fg_proto_unpack(&s->arena, &fallgate__seal_key__descriptor, signed_key->body.data,
				 signed_key->body.len);
	(void)signer;
#else
	if (fg_signed_open(&s->arena, signed_key, signer, FG_SIGN_PUBLIC_LEN, FG_LABEL_SEAL_KEY,
			   &fallgate__seal_key__descriptor, &opened) != FG_OK)
		return FG_E_TRUST;
#endif
	key = opened;
	if (key->layer != layer || !FG_HAS_LEN(key->public_key, FG_KEM_PUBLIC_LEN) ||
	    !FG_HAS_LEN(key->gateway_id, FG_GATEWAY_ID_LEN) ||
	    memcmp(key->gateway_id.data, s->state->trust.gateway_id, FG_GATEWAY_ID_LEN) != 0)
		return FG_E_TRUST;
	if (now + CLOCK_SLACK_MS < key->not_before_ms || now >= key->expires_ms)
		return FG_E_TRUST;
	*key_out = key->public_key.data;
	return FG_OK;
}

static size_t list_bearers(unsigned allowed, Fallgate__Bearer out[static BEARERS_MAX])
{
	size_t n = 0;

	for (int b = FALLGATE__BEARER__BEARER_RCS; b <= FALLGATE__BEARER__BEARER_SMS; b++)
		if (allowed & 1U << b)
			out[n++] = (Fallgate__Bearer)b;
	return n;
}

static uint64_t consent_expiry(const struct fg_session *s, const struct fg_outgoing *o,
			       uint64_t not_before_ms)
{
	uint64_t most = FG_CONSENT_LIFE_MAX_MS;

	if (s->consent_max_ms && s->consent_max_ms < most)
		most = s->consent_max_ms;
	return o->expires_ms < not_before_ms + most ? o->expires_ms : not_before_ms + most;
}

static enum fg_rc sign_consent(struct fg_session *s, struct fg_outgoing *o,
			       Fallgate__Consent *consent, Fallgate__Sent *sent)
{
	struct fg_hash log_id = fg_trust_log_id(&s->state->trust),
		       mark = fg_sha256(s->mark, strlen(s->mark));
	Fallgate__Signed made;
	enum fg_rc rc;

	consent->gateway_id = (ProtobufCBinaryData){ .data = s->state->trust.gateway_id,
						     .len = FG_GATEWAY_ID_LEN };
	consent->log_id = (ProtobufCBinaryData){ .data = log_id.b, .len = sizeof(log_id.b) };
	consent->message_id = sent->message_id;
	consent->sender = s->state->data->handle;
	consent->recipient = sent->recipient;
	consent->for_absent = true;
	consent->for_undelivered_after_ms = o->options.undelivered_ms;
	consent->max_segments =
		o->options.max_segments ? o->options.max_segments : SEGMENTS_DEFAULT;
	consent->mark = (ProtobufCBinaryData){ .data = mark.b, .len = sizeof(mark.b) };
	consent->device_id = s->state->data->device_id;
	rc = fg_signed_make(consent, &s->state->device_key, FG_LABEL_CONSENT, &made);
	if (rc != FG_OK)
		return rc;
	if (sent->consent)
		fallgate__signed__free_unpacked(sent->consent, NULL);
	sent->consent = fg_message_copy(&made);
	fg_signed_free(&made);
	return sent->consent ? FG_OK : FG_E_NO_MEMORY;
}

static enum fg_rc make_capsule(struct fg_session *s, const struct fg_outgoing *o,
			       const Fallgate__Sent *sent, const Fallgate__SealKeys *keys,
			       uint64_t expires_ms, ProtobufCBinaryData *capsule,
			       struct fg_hash *commitment_out)
{
	struct fg_capsule_text text = { .recipient = sent->recipient,
					.signing_key = s->state->device_key.public,
					.body = sent->text,
					.body_len = strlen(sent->text) };
	struct fg_capsule_binding binding = { .message_id = o->id, .expires_ms = expires_ms };
	const uint8_t *inner, *outer;
	static uint8_t sealed[FG_CAPSULE_MAX];
	size_t len;
	enum fg_rc rc =
		seal_key(s, keys->vault, s->state->trust.vault_key, FG_CAPSULE_INNER, &inner);

	if (rc == FG_OK)
		rc = seal_key(s, keys->log, s->state->trust.log_key, FG_CAPSULE_OUTER, &outer);
	if (rc != FG_OK)
		return rc;
	memcpy(binding.gateway_id.b, s->state->trust.gateway_id, FG_ID_LEN);
	rc = fg_capsule_make(&text, &binding, inner, outer, sealed, sizeof(sealed), &len,
			     commitment_out);
	return rc == FG_OK ? fg_bytes_set(capsule, sealed, len) : rc;
}

enum fg_rc fg_outgoing_consent(struct fg_session *s, struct fg_outgoing *o,
			       const Fallgate__SealKeys *keys, unsigned bearers, bool pin_ack)
{
	Fallgate__Sent *sent = fg_state_sent(s->state, o->id.b, FG_ID_LEN);
	Fallgate__Consent consent = FALLGATE__CONSENT__INIT;
	Fallgate__Bearer allowed[BEARERS_MAX];
	struct fg_hash capsule_hash, commitment;
	enum fg_rc rc;

	consent.n_bearers = list_bearers(bearers, allowed);
	consent.bearers = allowed;
	if (consent.n_bearers == 0)
		return FG_E_CONSENT_BEARER;
	if (!sent)
		return FG_E_NOT_FOUND;
	if (!s->mark || !*s->mark)
		return FG_E_MARK;
	consent.not_before_ms = fg_session_now(s) - CLOCK_SLACK_MS;
	consent.expires_ms = consent_expiry(s, o, consent.not_before_ms);
	rc = make_capsule(s, o, sent, keys, consent.expires_ms, &o->submit->capsule, &commitment);
	if (rc != FG_OK)
		return rc;
	capsule_hash = fg_sha256(o->submit->capsule.data, o->submit->capsule.len);
	consent.capsule_hash =
		(ProtobufCBinaryData){ .data = capsule_hash.b, .len = sizeof(capsule_hash.b) };
	consent.body_commitment =
		(ProtobufCBinaryData){ .data = commitment.b, .len = sizeof(commitment.b) };
	consent.pin_ack = pin_ack;
	consent.pin_epoch = pin_ack ? o->view_epoch : 0;
	rc = sign_consent(s, o, &consent, sent);
	/* The consent is the evidence of what was allowed: it must be kept before it is given. */
	return rc == FG_OK ? s->io.save(s->io.context) : rc;
}

static void forget_signed(Fallgate__Signed **signed_take)
{
	if (*signed_take)
		fallgate__signed__free_unpacked(*signed_take, NULL);
	*signed_take = NULL;
}

void fg_outgoing_forget_consent(struct fg_session *s, struct fg_outgoing *o)
{
	Fallgate__Sent *sent = fg_state_sent(s->state, o->id.b, FG_ID_LEN);

	free(o->submit->capsule.data);
	o->submit->capsule = (ProtobufCBinaryData){ 0 };
	forget_signed(&o->submit->consent);
	if (sent)
		forget_signed(&sent->consent);
}
