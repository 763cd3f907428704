/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"
#include "lib/crypto/secretfile.h"

enum {
	ENTRY_LEN = 8 + FG_KEM_SECRET_LEN,
	FILE_LEN_MAX = FG_SIGN_SECRET_LEN + FG_KEYRING_SEAL_MAX * ENTRY_LEN,
};

static enum fg_rc write_file(const struct fg_keyring *ring)
{
	uint8_t data[FILE_LEN_MAX];
	struct fg_writer w;
	enum fg_rc rc;

	fg_writer_init(&w, data, sizeof(data));
	fg_writer_bytes(&w, ring->sign.secret, FG_SIGN_SECRET_LEN);
	for (size_t i = 0; i < ring->seal_count; i++) {
		fg_writer_u64(&w, ring->made_ms[i]);
		fg_writer_bytes(&w, ring->seal[i].secret, FG_KEM_SECRET_LEN);
	}
	rc = fg_secretfile_write(ring->path, NULL, data, fg_writer_len(&w));
	fg_wipe(data, sizeof(data));
	return rc;
}

static enum fg_rc parse(const uint8_t *data, size_t len, struct fg_keyring *ring)
{
	uint8_t secret[FG_SIGN_SECRET_LEN] = { 0 };
	struct fg_cursor cur;

	fg_cursor_init(&cur, data, len);
	fg_cursor_copy(&cur, secret, sizeof(secret));
	fg_sign_key_from_seed(secret, &ring->sign); /* libsodium: seed, then public key */
	fg_wipe(secret, sizeof(secret));
	while (fg_cursor_left(&cur) > 0 && ring->seal_count < FG_KEYRING_SEAL_MAX) {
		uint8_t kem[FG_KEM_SECRET_LEN] = { 0 };

		ring->made_ms[ring->seal_count] = fg_cursor_u64(&cur);
		fg_cursor_copy(&cur, kem, sizeof(kem));
		fg_kem_key_from_secret(kem, &ring->seal[ring->seal_count++]);
		fg_wipe(kem, sizeof(kem));
	}
	return fg_cursor_end(&cur) == FG_OK && ring->seal_count > 0 ? FG_OK : FG_E_SYNTAX;
}

static void add_seal_key(struct fg_keyring *ring, uint64_t now_ms)
{
	fg_kem_key_new(&ring->seal[ring->seal_count]);
	ring->made_ms[ring->seal_count++] = now_ms;
}

enum fg_rc fg_keyring_load(const char *path, uint64_t now_ms, struct fg_keyring *ring_out)
{
	struct fg_keyring ring = { 0 };
	uint8_t *data = NULL;
	size_t len = 0;
	enum fg_rc rc;

	if ((size_t)snprintf(ring.path, sizeof(ring.path), "%s", path) >= sizeof(ring.path))
		return FG_E_TOO_LONG;
	rc = fg_secretfile_read(path, NULL, &data, &len);
	if (rc == FG_OK) {
		rc = parse(data, len, &ring);
		fg_wipe(data, len);
		free(data);
	} else if (rc == FG_E_NOT_FOUND) {
		fg_sign_key_new(&ring.sign);
		add_seal_key(&ring, now_ms);
		rc = write_file(&ring);
	}
	if (rc == FG_OK)
		*ring_out = ring;
	fg_wipe(&ring, sizeof(ring));
	return rc;
}

static void drop_oldest(struct fg_keyring *ring)
{
	ring->seal_count--;
	memmove(&ring->seal[0], &ring->seal[1], ring->seal_count * sizeof(ring->seal[0]));
	memmove(&ring->made_ms[0], &ring->made_ms[1], ring->seal_count * sizeof(ring->made_ms[0]));
	fg_wipe(&ring->seal[ring->seal_count], sizeof(ring->seal[0]));
}

enum fg_rc fg_keyring_rotate(struct fg_keyring *ring, uint64_t now_ms, uint64_t seal_ms,
			     uint64_t consent_ms, bool *changed_out)
{
	struct fg_keyring next = *ring;
	bool fresh = now_ms >= next.made_ms[next.seal_count - 1] + seal_ms;
	enum fg_rc rc = FG_OK;

	if (fresh && next.seal_count == FG_KEYRING_SEAL_MAX)
		drop_oldest(&next);
	if (fresh)
		add_seal_key(&next, now_ms);
	while (next.seal_count > 1 && now_ms >= next.made_ms[0] + seal_ms + consent_ms)
		drop_oldest(&next);
	if (fresh || next.seal_count != ring->seal_count)
		rc = write_file(&next);
	if (rc == FG_OK) {
		*ring = next;
		*changed_out = fresh;
	}
	fg_wipe(&next, sizeof(next));
	return rc;
}

enum fg_rc fg_keyring_seal_key(const struct fg_keyring *ring, enum fg_capsule_layer layer,
			       const struct fg_id *gateway_id, uint64_t seal_ms, uint8_t *out,
			       size_t cap, size_t *len_out)
{
	struct fg_kem_key newest = ring->seal[ring->seal_count - 1];
	Fallgate__SealKey body = FALLGATE__SEAL_KEY__INIT;
	struct fg_id gateway = *gateway_id;
	Fallgate__Signed object;
	enum fg_rc rc;

	body.gateway_id = (ProtobufCBinaryData){ .data = gateway.b, .len = FG_ID_LEN };
	body.layer = layer;
	body.public_key = (ProtobufCBinaryData){ .data = newest.public, .len = FG_KEM_PUBLIC_LEN };
	body.not_before_ms = ring->made_ms[ring->seal_count - 1];
	body.expires_ms = body.not_before_ms + seal_ms;
	rc = fg_signed_make(&body, &ring->sign, FG_LABEL_SEAL_KEY, &object);
	if (rc == FG_OK) {
		rc = fg_proto_pack(&object, out, cap, len_out);
		fg_signed_free(&object);
	}
	fg_wipe(&newest, sizeof(newest));
	return rc;
}

void fg_keyring_wipe(struct fg_keyring *ring)
{
	fg_wipe(ring, sizeof(*ring));
}
