/* SPDX-License-Identifier: ISC */
#include "lib/proto/suite1.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"

static const char INFO_LABEL[] = "fallgate/1 e2e";

enum {
	PADDING_HEADER = 4, /* tag and a length of three octets: enough for FG_SUITE1_SEALED_MAX */
};

size_t fg_suite1_info(uint8_t out[static FG_SUITE1_INFO_MAX], const uint8_t *message_id,
		      const uint8_t *sender, const uint8_t *recipient)
{
	struct fg_writer w;

	fg_writer_init(&w, out, FG_SUITE1_INFO_MAX);
	fg_writer_bytes(&w, INFO_LABEL, sizeof(INFO_LABEL) - 1);
	fg_writer_u32(&w, FG_SUITE1);
	fg_writer_bytes(&w, message_id, FG_ID_LEN);
	fg_writer_bytes(&w, sender, FG_ID_LEN);
	fg_writer_bytes(&w, recipient, FG_ID_LEN);
	return w.rc == FG_OK ? fg_writer_len(&w) : 0;
}

void fg_suite1_aad(uint8_t out[static FG_SUITE1_AAD_LEN], const uint8_t *recipient,
		   uint32_t signed_prekey_id, uint32_t one_time_prekey_id)
{
	struct fg_writer w;

	fg_writer_init(&w, out, FG_SUITE1_AAD_LEN);
	fg_writer_bytes(&w, recipient, FG_ID_LEN);
	fg_writer_u32(&w, signed_prekey_id);
	fg_writer_u32(&w, one_time_prekey_id);
}

size_t fg_suite1_padded_len(size_t len)
{
	unsigned exponent = 0, size = 0;
	size_t mask;

	if (len <= FG_SUITE1_PAD_MIN)
		return FG_SUITE1_PAD_MIN;
	for (size_t n = len; n > 1; n >>= 1)
		exponent++;
	for (size_t n = exponent; n > 0; n >>= 1)
		size++;
	mask = ((size_t)1 << (exponent - size)) - 1;
	return (len + mask) & ~mask;
}

/* The length of the padding is itself of one to three octets: try until the sum is right. */
enum fg_rc fg_suite1_pad(Fallgate__SealedContent *outer)
{
	static const uint8_t zeros[FG_SUITE1_SEALED_MAX];
	size_t len, padded;

	outer->padding = (ProtobufCBinaryData){ 0 };
	len = fallgate__sealed_content__get_packed_size(outer);
	padded = fg_suite1_padded_len(len + PADDING_HEADER);
	if (padded > sizeof(zeros) - FG_HPKE_OVERHEAD)
		return FG_E_TOO_LONG;
	outer->padding.data = (uint8_t *)(uintptr_t)zeros;
	for (outer->padding.len = padded - len - 2; outer->padding.len > 0; outer->padding.len--)
		if (fallgate__sealed_content__get_packed_size(outer) <= padded)
			break;
	return FG_OK;
}

/* ---- keys of others ---- */

enum fg_rc fg_suite1_cert_check(struct fg_arena *arena, const Fallgate__Signed *cert,
				const uint8_t account_key[static FG_SIGN_PUBLIC_LEN],
				uint64_t now_ms, Fallgate__DeviceCert **cert_out)
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
	if (p->suite != FG_SUITE1)
		return FG_E_VERSION;
	if (p->kind != kind || p->id == 0 || !FG_HAS_LEN(p->public_key, FG_KEM_PUBLIC_LEN) ||
	    !FG_HAS_LEN(p->device_id, FG_ID_LEN) ||
	    memcmp(p->device_id.data, cert->device_id.data, FG_ID_LEN) != 0)
		return FG_E_IDENTITY;
	*prekey_out = opened;
	return FG_OK;
}

enum fg_rc fg_suite1_peer_check(struct fg_arena *arena, const Fallgate__DeviceKeys *keys,
				const uint8_t account_key[static FG_SIGN_PUBLIC_LEN],
				uint64_t now_ms, struct fg_suite1_peer *peer_out)
{
	Fallgate__DeviceCert *cert;
	Fallgate__Prekey *signed_prekey, *one_time = NULL;
	struct fg_suite1_peer peer = { 0 };
	enum fg_rc rc = fg_suite1_cert_check(arena, keys->cert, account_key, now_ms, &cert);

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
	peer.relay_in = cert->relay_in;
	peer.signed_prekey_id = signed_prekey->id;
	peer.one_time_prekey_id = one_time ? one_time->id : 0;
	memcpy(peer.prekey, (one_time ? one_time : signed_prekey)->public_key.data,
	       sizeof(peer.prekey));
	*peer_out = peer;
	return FG_OK;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(((const struct fg_suite1_peer *)a)->device_id,
		      ((const struct fg_suite1_peer *)b)->device_id, FG_ID_LEN);
}

enum fg_rc fg_suite1_peers_check(struct fg_arena *arena, const Fallgate__View *view,
				 const Fallgate__LookupResult *result, uint64_t now_ms,
				 struct fg_suite1_peer peers_out[static FG_SUITE1_PEERS_MAX])
{
	uint8_t ids[FG_SUITE1_PEERS_MAX * FG_ID_LEN];
	struct fg_hash set;

	if (result->n_devices == 0 || result->n_devices > FG_SUITE1_PEERS_MAX)
		return FG_E_IDENTITY;
	for (size_t i = 0; i < result->n_devices; i++) {
		enum fg_rc rc = fg_suite1_peer_check(arena, result->devices[i],
						     view->account_key.data, now_ms, &peers_out[i]);
		if (rc != FG_OK)
			return rc;
	}
	qsort(peers_out, result->n_devices, sizeof(peers_out[0]), compare_ids);
	for (size_t i = 0; i < result->n_devices; i++)
		memcpy(ids + i * FG_ID_LEN, peers_out[i].device_id, FG_ID_LEN);
	set = fg_sha256(ids, result->n_devices * FG_ID_LEN);
#ifndef FG_MUTANT_device_set
	if (!FG_HAS_LEN(view->device_set, sizeof(set.b)) ||
	    memcmp(view->device_set.data, set.b, sizeof(set.b)) != 0)
		return FG_E_IDENTITY;
#endif
	(void)set;
	return FG_OK;
}
