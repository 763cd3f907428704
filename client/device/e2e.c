/* SPDX-License-Identifier: ISC */
#include "client/device/e2e.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"

static const char INFO_LABEL[] = "fallgate/1 e2e";
static const uint8_t vault_device[FG_ID_LEN];

enum {
	INFO_MAX = 64,
	AAD_LEN = FG_ID_LEN + 8,
	PADDING_HEADER = 4, /* tag and a length of three octets: enough for FG_E2E_SEALED_MAX */
};

static size_t write_info(uint8_t out[static INFO_MAX], const uint8_t *message_id,
			 const uint8_t *sender, const uint8_t *recipient)
{
	struct fg_writer w;

	fg_writer_init(&w, out, INFO_MAX);
	fg_writer_bytes(&w, INFO_LABEL, sizeof(INFO_LABEL) - 1);
	fg_writer_u32(&w, FG_E2E_SUITE);
	fg_writer_bytes(&w, message_id, FG_ID_LEN);
	fg_writer_bytes(&w, sender, FG_ID_LEN);
	fg_writer_bytes(&w, recipient, FG_ID_LEN);
	return w.rc == FG_OK ? fg_writer_len(&w) : 0;
}

static void write_aad(uint8_t out[static AAD_LEN], const uint8_t *recipient,
		      uint32_t signed_prekey_id, uint32_t one_time_prekey_id)
{
	struct fg_writer w;

	fg_writer_init(&w, out, AAD_LEN);
	fg_writer_bytes(&w, recipient, FG_ID_LEN);
	fg_writer_u32(&w, signed_prekey_id);
	fg_writer_u32(&w, one_time_prekey_id);
}

size_t fg_e2e_padded_len(size_t len)
{
	unsigned exponent = 0, size = 0;
	size_t mask;

	if (len <= FG_E2E_PAD_MIN)
		return FG_E2E_PAD_MIN;
	for (size_t n = len; n > 1; n >>= 1)
		exponent++;
	for (size_t n = exponent; n > 0; n >>= 1)
		size++;
	mask = ((size_t)1 << (exponent - size)) - 1;
	return (len + mask) & ~mask;
}

/* ---- keys of others ---- */

enum fg_rc fg_e2e_cert_check(struct fg_arena *arena, const Fallgate__Signed *cert,
			     const uint8_t account_key[static FG_SIGN_PUBLIC_LEN], uint64_t now_ms,
			     Fallgate__DeviceCert **cert_out)
{
	void *opened;
	const Fallgate__DeviceCert *c;

	if (fg_signed_open(arena, cert, account_key, FG_SIGN_PUBLIC_LEN, FG_LABEL_DEVICE_CERT,
			   &fallgate__device_cert__descriptor, &opened) != FG_OK)
		return FG_E_IDENTITY;
	c = opened;
	if (!FG_HAS_LEN(c->account_key, FG_SIGN_PUBLIC_LEN) ||
	    !FG_HAS_LEN(c->device_id, FG_ID_LEN) ||
	    !FG_HAS_LEN(c->signing_key, FG_SIGN_PUBLIC_LEN) ||
	    memcmp(c->account_key.data, account_key, FG_SIGN_PUBLIC_LEN) != 0)
		return FG_E_IDENTITY;
	if (now_ms < c->not_before_ms || now_ms >= c->expires_ms)
		return FG_E_IDENTITY;
	*cert_out = opened;
	return FG_OK;
}

static enum fg_rc prekey_check(struct fg_arena *arena, const Fallgate__Signed *prekey,
			       const Fallgate__DeviceCert *cert, Fallgate__PrekeyKind kind,
			       Fallgate__Prekey **prekey_out)
{
	void *opened;
	const Fallgate__Prekey *p;

	if (fg_signed_open(arena, prekey, cert->signing_key.data, cert->signing_key.len,
			   FG_LABEL_PREKEY, &fallgate__prekey__descriptor, &opened) != FG_OK)
		return FG_E_IDENTITY;
	p = opened;
	if (p->suite != FG_E2E_SUITE)
		return FG_E_VERSION;
	if (p->kind != kind || p->id == 0 || !FG_HAS_LEN(p->public_key, FG_KEM_PUBLIC_LEN) ||
	    !FG_HAS_LEN(p->device_id, FG_ID_LEN) ||
	    memcmp(p->device_id.data, cert->device_id.data, FG_ID_LEN) != 0)
		return FG_E_IDENTITY;
	*prekey_out = opened;
	return FG_OK;
}

enum fg_rc fg_e2e_peer_check(struct fg_arena *arena, const Fallgate__DeviceKeys *keys,
			     const uint8_t account_key[static FG_SIGN_PUBLIC_LEN], uint64_t now_ms,
			     struct fg_e2e_peer *peer_out)
{
	Fallgate__DeviceCert *cert;
	Fallgate__Prekey *signed_prekey, *one_time = NULL;
	struct fg_e2e_peer peer = { 0 };
	enum fg_rc rc = fg_e2e_cert_check(arena, keys->cert, account_key, now_ms, &cert);

	if (rc == FG_OK)
		rc = prekey_check(arena, keys->signed_prekey, cert,
				  FALLGATE__PREKEY_KIND__PREKEY_SIGNED, &signed_prekey);
	if (rc == FG_OK && keys->one_time_prekey)
		rc = prekey_check(arena, keys->one_time_prekey, cert,
				  FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, &one_time);
	if (rc != FG_OK)
		return rc;
	memcpy(peer.account_key, account_key, sizeof(peer.account_key));
	memcpy(peer.device_id, cert->device_id.data, sizeof(peer.device_id));
	memcpy(peer.signing_key, cert->signing_key.data, sizeof(peer.signing_key));
	peer.signed_prekey_id = signed_prekey->id;
	peer.one_time_prekey_id = one_time ? one_time->id : 0;
	memcpy(peer.prekey, (one_time ? one_time : signed_prekey)->public_key.data,
	       sizeof(peer.prekey));
	*peer_out = peer;
	return FG_OK;
}

/* ---- seal ---- */

static enum fg_rc pack_padded(const Fallgate__Content *content, const struct fg_sign_key *sender,
			      uint8_t **plain_out, size_t *len_out)
{
	static uint8_t zeros[FG_E2E_SEALED_MAX];
	Fallgate__Signed signed_content;
	Fallgate__SealedContent outer = FALLGATE__SEALED_CONTENT__INIT;
	enum fg_rc rc = fg_signed_make(content, sender, FG_LABEL_MESSAGE, &signed_content);
	size_t len, padded;
	uint8_t *plain;

	if (rc != FG_OK)
		return rc;
	outer.content = &signed_content;
	len = fallgate__sealed_content__get_packed_size(&outer);
	padded = fg_e2e_padded_len(len + PADDING_HEADER);
	if (padded > sizeof(zeros) - FG_HPKE_OVERHEAD) {
		fg_signed_free(&signed_content);
		return FG_E_TOO_LONG;
	}
	/* The length of the padding is itself of one to three octets: try until the sum is right.
	 */
	for (size_t pad = padded - len - 2; pad > 0; pad--) {
		outer.padding = (ProtobufCBinaryData){ .data = zeros, .len = pad };
		if (fallgate__sealed_content__get_packed_size(&outer) <= padded)
			break;
	}
	plain = fg_proto_pack_new(&outer, len_out);
	fg_wipe(signed_content.body.data, signed_content.body.len);
	fg_signed_free(&signed_content);
	if (!plain)
		return FG_E_NO_MEMORY;
	*plain_out = plain;
	return FG_OK;
}

static void address(Fallgate__Content *content, const struct fg_e2e_peer *peer)
{
	content->suite = FG_E2E_SUITE;
	content->recipient_account = (ProtobufCBinaryData){ .data = (uint8_t *)peer->account_key,
							    .len = sizeof(peer->account_key) };
	content->recipient_device = (ProtobufCBinaryData){ .data = (uint8_t *)peer->device_id,
							   .len = sizeof(peer->device_id) };
	content->signed_prekey_id = peer->signed_prekey_id;
	content->one_time_prekey_id = peer->one_time_prekey_id;
}

enum fg_rc fg_e2e_seal(Fallgate__Content *content, const struct fg_sign_key *sender,
		       const struct fg_e2e_peer *peer, uint8_t **sealed_out, size_t *sealed_len_out)
{
	uint8_t info[INFO_MAX], aad[AAD_LEN], *plain, *sealed;
	size_t info_len, plain_len;
	enum fg_rc rc;

	address(content, peer);
	rc = pack_padded(content, sender, &plain, &plain_len);
	if (rc != FG_OK)
		return rc;
	info_len = write_info(info, content->message_id.data, content->sender_device.data,
			      peer->device_id);
	write_aad(aad, peer->device_id, peer->signed_prekey_id, peer->one_time_prekey_id);
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
	if (content->suite != FG_E2E_SUITE)
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

static enum fg_rc signer_key(struct fg_arena *arena, const struct fg_e2e_context *context,
			     const Fallgate__Signed *signed_content, const uint8_t **key_out)
{
	const Fallgate__Content *claimed;
	Fallgate__DeviceCert *cert;
	enum fg_rc rc;

	if (memcmp(context->sender_device, vault_device, sizeof(vault_device)) == 0) {
		*key_out = context->sender_key;
		return FG_OK;
	}
	/* Not trusted yet: read only to find the certificate, which the account key must have
	 * signed. */
	claimed = fg_proto_unpack(arena, &fallgate__content__descriptor, signed_content->body.data,
				  signed_content->body.len);
	if (!claimed)
		return FG_E_SYNTAX;
	rc = fg_e2e_cert_check(arena, claimed->sender_cert, context->sender_key, context->now_ms,
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
	uint8_t info[INFO_MAX], aad[AAD_LEN], *plain;
	size_t info_len, plain_len;
	enum fg_rc rc;

	if (part->suite != FG_E2E_SUITE)
		return FG_E_VERSION;
	if (part->sealed.len > FG_E2E_SEALED_MAX || part->sealed.len < FG_HPKE_OVERHEAD)
		return FG_E_SEAL;
	plain = malloc(part->sealed.len);
	if (!plain)
		return FG_E_NO_MEMORY;
	info_len =
		write_info(info, context->message_id, context->sender_device, context->own_device);
	write_aad(aad, context->own_device, part->signed_prekey_id, part->one_time_prekey_id);
	rc = fg_hpke_open(context->prekey, info, info_len, aad, sizeof(aad), part->sealed.data,
			  part->sealed.len, plain, part->sealed.len, &plain_len);
	if (rc == FG_OK)
		rc = verify_plain(arena, context, part, plain, plain_len, content_out);
	fg_wipe(plain, part->sealed.len);
	free(plain);
	return rc;
}
