/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/vault/reseal.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/wire/utf8.h"

#define CERT_LIFE_MS (2 * 24 * 3600 * 1000ull)

static ProtobufCBinaryData field(const void *data, size_t len)
{
	return (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)data, .len = len };
}

void fg_relay_signer_new(const struct fg_sign_key *vault_key, uint64_t now_ms,
			 struct fg_relay_signer *signer_out)
{
	Fallgate__RelayCert cert = FALLGATE__RELAY_CERT__INIT;

	*signer_out = (struct fg_relay_signer){ .made_ms = now_ms };
	fg_sign_key_new(&signer_out->key);
	cert.signing_key = field(signer_out->key.public, FG_SIGN_PUBLIC_LEN);
	cert.not_before_ms = now_ms;
	cert.expires_ms = now_ms + CERT_LIFE_MS;
	if (fg_proto_pack(&cert, signer_out->cert, sizeof(signer_out->cert),
			  &signer_out->cert_len) != FG_OK)
		FG_BUG("a certificate of fixed size does not fit");
	fg_sign(vault_key, FG_LABEL_RELAY_CERT, signer_out->cert, signer_out->cert_len,
		signer_out->signature);
}

enum fg_rc fg_relay_clean(void *text, size_t len)
{
	uint8_t *p = text;

	if (!fg_utf8_valid(p, len))
		return FG_E_UTF8;
	for (size_t i = 0; i < len; i++) {
		bool c1 = p[i] == 0xC2 && i + 1 < len && p[i + 1] < 0xA0;

		if ((p[i] < ' ' && p[i] != '\n' && p[i] != '\t') || p[i] == 0x7F)
			p[i] = ' ';
		else if (c1)
			p[i] = p[i + 1] = ' ';
	}
	return FG_OK;
}

static void address(Fallgate__Content *content, const struct fg_suite1_peer *peer)
{
	static const uint8_t vault_device[FG_ID_LEN];

	content->suite = FG_SUITE1;
	content->sender_device = field(vault_device, sizeof(vault_device));
	content->recipient_account = field(peer->account_key, sizeof(peer->account_key));
	content->recipient_device = field(peer->device_id, sizeof(peer->device_id));
	content->signed_prekey_id = peer->signed_prekey_id;
	content->one_time_prekey_id = peer->one_time_prekey_id;
}

/* Label, content and, after both, the padded whole: all in the room, since all but the label is clear text. */
static enum fg_rc pack(const Fallgate__Content *content, const struct fg_relay_signer *signer,
		       struct fg_clear *room, ProtobufCBinaryData *plain_out)
{
	static const char label[] = FG_LABEL_MESSAGE; /* with the zero octet that is signed */
	Fallgate__Signed signed_content = FALLGATE__SIGNED__INIT;
	Fallgate__SealedContent outer = FALLGATE__SEALED_CONTENT__INIT;
	uint8_t *body = room->data + sizeof(label), signature[FG_SIGNATURE_LEN];
	size_t len, used;
	enum fg_rc rc;

	memcpy(room->data, label, sizeof(label));
	rc = fg_proto_pack(content, body, room->cap - sizeof(label), &len);
	if (rc != FG_OK)
		return FG_E_TOO_LONG;
	used = sizeof(label) + len;
	fg_sign_raw(&signer->key, room->data, used, signature);
	signed_content.body = field(body, len);
	signed_content.signature = field(signature, sizeof(signature));
	outer.content = &signed_content;
	rc = fg_suite1_pad(&outer);
	if (rc != FG_OK)
		return rc;
	plain_out->data = room->data + used;
	return fg_proto_pack(&outer, room->data + used, room->cap - used, &plain_out->len) == FG_OK
		       ? FG_OK
		       : FG_E_TOO_LONG;
}

enum fg_rc fg_relay_seal(void *ctx, Fallgate__Content *content,
			 const struct fg_relay_signer *signer, const struct fg_suite1_peer *peer,
			 struct fg_clear *room, Fallgate__SealedPart *part_out)
{
	uint8_t info[FG_SUITE1_INFO_MAX], aad[FG_SUITE1_AAD_LEN], *sealed;
	Fallgate__Signed cert = FALLGATE__SIGNED__INIT;
	ProtobufCBinaryData plain;
	size_t info_len;
	enum fg_rc rc;

	address(content, peer);
	cert.body = field(signer->cert, signer->cert_len);
	cert.signature = field(signer->signature, sizeof(signer->signature));
	content->relay_cert = &cert;
	rc = pack(content, signer, room, &plain);
	content->relay_cert = NULL;
	sealed = rc == FG_OK ? talloc_size(ctx, plain.len + FG_HPKE_OVERHEAD) : NULL;
	if (sealed) {
		info_len = fg_suite1_info(info, content->message_id.data,
					  content->sender_device.data, peer->device_id);
		fg_suite1_aad(aad, peer->device_id, peer->signed_prekey_id,
			      peer->one_time_prekey_id);
		rc = fg_hpke_seal(peer->prekey, info, info_len, aad, sizeof(aad), plain.data,
				  plain.len, sealed, plain.len + FG_HPKE_OVERHEAD,
				  &part_out->sealed.len);
	} else if (rc == FG_OK) {
		rc = FG_E_NO_MEMORY;
	}
	fg_wipe(room->data, room->cap);
	part_out->sealed.data = sealed;
	part_out->device_id = field(peer->device_id, sizeof(peer->device_id));
	part_out->suite = FG_SUITE1;
	part_out->signed_prekey_id = peer->signed_prekey_id;
	part_out->one_time_prekey_id = peer->one_time_prekey_id;
	return rc;
}
