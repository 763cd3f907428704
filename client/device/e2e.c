/* SPDX-License-Identifier: ISC */
#include "client/device/e2e.h"

#include <stdlib.h>
#include <string.h>

#define RELAY_CERT_LIFE_MAX_MS (2 * 24 * 3600 * 1000ull)

static const uint8_t vault_device[FG_ID_LEN];

/* ---- seal ---- */

static enum fg_rc pack_padded(const Fallgate__Content *content, const struct fg_sign_key *sender,
			      uint8_t **plain_out, size_t *len_out)
{
	Fallgate__Signed signed_content;
	Fallgate__SealedContent outer = FALLGATE__SEALED_CONTENT__INIT;
	enum fg_rc rc = fg_signed_make(content, sender, FG_LABEL_MESSAGE, &signed_content);

	if (rc != FG_OK)
		return rc;
	outer.content = &signed_content;
	rc = fg_suite1_pad(&outer);
	if (rc == FG_OK) {
		*plain_out = fg_proto_pack_new(&outer, len_out);
		rc = *plain_out ? FG_OK : FG_E_NO_MEMORY;
	}
	fg_wipe(signed_content.body.data, signed_content.body.len);
	fg_signed_free(&signed_content);
	return rc;
}

static void address(Fallgate__Content *content, const struct fg_suite1_peer *peer)
{
	content->suite = FG_SUITE1;
	content->recipient_account = (ProtobufCBinaryData){ .data = (uint8_t *)peer->account_key,
							    .len = sizeof(peer->account_key) };
	content->recipient_device = (ProtobufCBinaryData){ .data = (uint8_t *)peer->device_id,
							   .len = sizeof(peer->device_id) };
	content->signed_prekey_id = peer->signed_prekey_id;
	content->one_time_prekey_id = peer->one_time_prekey_id;
}

enum fg_rc fg_e2e_seal(Fallgate__Content *content, const struct fg_sign_key *sender,
		       const struct fg_suite1_peer *peer, uint8_t **sealed_out,
		       size_t *sealed_len_out)
{
	uint8_t info[FG_SUITE1_INFO_MAX], aad[FG_SUITE1_AAD_LEN], *plain, *sealed;
	size_t info_len, plain_len;
	enum fg_rc rc;

	address(content, peer);
	rc = pack_padded(content, sender, &plain, &plain_len);
	if (rc != FG_OK)
		return rc;
	info_len = fg_suite1_info(info, content->message_id.data, content->sender_device.data,
				  peer->device_id);
	fg_suite1_aad(aad, peer->device_id, peer->signed_prekey_id, peer->one_time_prekey_id);
	sealed = malloc(plain_len + FG_HPKE_OVERHEAD);
	rc = !sealed ? FG_E_NO_MEMORY
		     : fg_hpke_seal(peer->prekey, info, info_len, aad, sizeof(aad), plain,
				    plain_len, sealed, plain_len + FG_HPKE_OVERHEAD,
				    sealed_len_out);
	fg_wipe(plain, plain_len);
	free(plain);
	if (rc != FG_OK) {
		free(sealed);
		return rc;
	}
	*sealed_out = sealed;
	return FG_OK;
}

/* ---- open ---- */

static bool same(const ProtobufCBinaryData *field, const void *expected, size_t len)
{
	return field->len == len && memcmp(field->data, expected, len) == 0;
}

/* Is the signed content what the envelope says, and for this very device? Otherwise somebody
 * wrapped it anew (attack 31). */
static enum fg_rc content_check(const struct fg_e2e_context *context,
				const Fallgate__SealedPart *part, const Fallgate__Content *content)
{
	if (content->suite != FG_SUITE1)
		return FG_E_VERSION;
#ifndef FG_MUTANT_e2e_recipient
	if (!same(&content->recipient_account, context->own_account, FG_SIGN_PUBLIC_LEN) ||
	    !same(&content->recipient_device, context->own_device, FG_ID_LEN))
		return FG_E_DENIED;
#endif
	if (!same(&content->message_id, context->message_id, FG_ID_LEN) ||
	    !same(&content->sender_device, context->sender_device, FG_ID_LEN) ||
	    content->signed_prekey_id != part->signed_prekey_id ||
	    content->one_time_prekey_id != part->one_time_prekey_id)
		return FG_E_DENIED;
	return FG_OK;
}

/* What the vault seals is signed by a key of a day or two, which its long-term key certifies. */
static enum fg_rc relay_key(struct fg_arena *arena, const uint8_t *vault_key,
			    const Fallgate__Content *claimed, const uint8_t **key_out)
{
	const Fallgate__RelayCert *cert;
	void *opened;

#ifndef FG_MUTANT_relay_cert
	if (fg_signed_open(arena, claimed->relay_cert, vault_key, FG_SIGN_PUBLIC_LEN,
			   FG_LABEL_RELAY_CERT, &fallgate__relay_cert__descriptor,
			   &opened) != FG_OK)
		return FG_E_IDENTITY;
#else
	(void)vault_key;
	opened = claimed->relay_cert ? fg_proto_unpack(arena, &fallgate__relay_cert__descriptor,
						       claimed->relay_cert->body.data,
						       claimed->relay_cert->body.len)
				     : NULL;
	if (!opened)
		return FG_E_IDENTITY;
#endif
	cert = opened;
	if (!FG_HAS_LEN(cert->signing_key, FG_SIGN_PUBLIC_LEN) ||
	    claimed->time_ms < cert->not_before_ms || claimed->time_ms >= cert->expires_ms ||
	    cert->expires_ms - cert->not_before_ms > RELAY_CERT_LIFE_MAX_MS)
		return FG_E_IDENTITY;
	*key_out = cert->signing_key.data;
	return FG_OK;
}

static enum fg_rc signer_key(struct fg_arena *arena, const struct fg_e2e_context *context,
			     const Fallgate__Signed *signed_content, const uint8_t **key_out)
{
	const Fallgate__Content *claimed;
	Fallgate__DeviceCert *cert;
	enum fg_rc rc;

	/* Not trusted yet: read only to find the certificate, which the account key must have
	 * signed. */
	claimed = fg_proto_unpack(arena, &fallgate__content__descriptor, signed_content->body.data,
				  signed_content->body.len);
	if (!claimed)
		return FG_E_SYNTAX;
	if (memcmp(context->sender_device, vault_device, sizeof(vault_device)) == 0)
		return relay_key(arena, context->sender_key, claimed, key_out);
	rc = fg_suite1_cert_check(arena, claimed->sender_cert, context->sender_key, context->now_ms,
				  &cert);
	if (rc != FG_OK)
		return rc;
	if (!same(&cert->device_id, context->sender_device, FG_ID_LEN))
		return FG_E_IDENTITY;
	*key_out = cert->signing_key.data;
	return FG_OK;
}

static enum fg_rc verify_plain(struct fg_arena *arena, const struct fg_e2e_context *context,
			       const Fallgate__SealedPart *part, const uint8_t *plain,
			       size_t plain_len, Fallgate__Content **content_out)
{
	const Fallgate__SealedContent *outer =
		fg_proto_unpack(arena, &fallgate__sealed_content__descriptor, plain, plain_len);
	const uint8_t *key;
	void *content;
	enum fg_rc rc;

	if (!outer || !outer->content)
		return FG_E_SYNTAX;
	rc = signer_key(arena, context, outer->content, &key);
	if (rc == FG_OK)
		rc = fg_signed_open(arena, outer->content, key, FG_SIGN_PUBLIC_LEN,
				    FG_LABEL_MESSAGE, &fallgate__content__descriptor, &content);
	if (rc == FG_OK)
		rc = content_check(context, part, content);
	if (rc == FG_OK)
		*content_out = content;
	return rc;
}

enum fg_rc fg_e2e_open(struct fg_arena *arena, const struct fg_e2e_context *context,
		       const Fallgate__SealedPart *part, Fallgate__Content **content_out)
{
	uint8_t info[FG_SUITE1_INFO_MAX], aad[FG_SUITE1_AAD_LEN], *plain;
	size_t info_len, plain_len;
	enum fg_rc rc;

	if (part->suite != FG_SUITE1)
		return FG_E_VERSION;
	if (part->sealed.len > FG_SUITE1_SEALED_MAX || part->sealed.len < FG_HPKE_OVERHEAD)
		return FG_E_SEAL;
	plain = malloc(part->sealed.len);
	if (!plain)
		return FG_E_NO_MEMORY;
	info_len = fg_suite1_info(info, context->message_id, context->sender_device,
				  context->own_device);
	fg_suite1_aad(aad, context->own_device, part->signed_prekey_id, part->one_time_prekey_id);
	rc = fg_hpke_open(context->prekey, info, info_len, aad, sizeof(aad), part->sealed.data,
			  part->sealed.len, plain, part->sealed.len, &plain_len);
	if (rc == FG_OK)
		rc = verify_plain(arena, context, part, plain, plain_len, content_out);
	fg_wipe(plain, part->sealed.len);
	free(plain);
	return rc;
}
