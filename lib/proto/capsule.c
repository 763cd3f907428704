/* SPDX-License-Identifier: ISC */
#include "lib/proto/capsule.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"

enum { AAD_LEN = 2 * FG_ID_LEN + 8, ARENA_OVERHEAD = 1024 };

static const char info_inner[] = "fallgate/1 capsule inner";
static const char info_outer[] = "fallgate/1 capsule outer";
static const size_t buckets[] = { 256, 1024, 4096, FG_CAPSULE_PLAIN_MAX };
enum { BUCKETS = sizeof(buckets) / sizeof(buckets[0]) };

void fg_capsule_key_id(const uint8_t public_key[static FG_KEM_PUBLIC_LEN],
		       uint8_t out[static FG_CAPSULE_KEY_ID_LEN])
{
	struct fg_hash hash = fg_sha256(public_key, FG_KEM_PUBLIC_LEN);

	memcpy(out, hash.b, FG_CAPSULE_KEY_ID_LEN);
}

struct fg_hash fg_body_commitment(const uint8_t salt[static FG_CAPSULE_SALT_LEN], const void *body,
				  size_t len)
{
	static const char label[] = "fallgate body";
	const struct fg_piece pieces[] = {
		{ label, sizeof(label) }, /* with its NUL */
		{ salt, FG_CAPSULE_SALT_LEN },
		{ body, len },
	};

	return fg_sha256_pieces(pieces, 3);
}

static void write_aad(const struct fg_capsule_binding *binding, uint8_t out[static AAD_LEN])
{
	struct fg_writer w;

	fg_writer_init(&w, out, AAD_LEN);
	fg_writer_bytes(&w, binding->message_id.b, FG_ID_LEN);
	fg_writer_bytes(&w, binding->gateway_id.b, FG_ID_LEN);
	fg_writer_u64(&w, binding->expires_ms);
}

/* ---- making ---- */

/* Bytes of padding that bring the packed body to exactly bucket; SIZE_MAX when none does. A padding field of n bytes costs its tag,
 * its length and n. */
static size_t padding_for(size_t base, size_t bucket)
{
	size_t rest = bucket - base, header = 2;

	if (rest == 0)
		return 0;
	if (rest > 2 + 127)
		header = rest > 3 + 16383 ? 4 : 3;
	if (rest <= header || (header == 3 && rest - header < 128))
		return SIZE_MAX;
	return rest - header;
}

static enum fg_rc pad(Fallgate__CapsuleBody *body, uint8_t zeros[static FG_CAPSULE_PLAIN_MAX])
{
	size_t base = fallgate__capsule_body__get_packed_size(body), n;

	memset(zeros, 0, FG_CAPSULE_PLAIN_MAX);
	for (size_t i = 0; i < BUCKETS; i++) {
		if (base > buckets[i])
			continue;
		n = padding_for(base, buckets[i]);
		if (n == SIZE_MAX)
			continue;
		body->padding = (ProtobufCBinaryData){ .data = zeros, .len = n };
		return FG_OK;
	}
	return FG_E_TOO_LONG;
}

/* Seal plain and pack the Capsule around it. sealed is scratch of plain_len + FG_HPKE_OVERHEAD bytes. */
static enum fg_rc seal_layer(const uint8_t *key, const char *info,
			     const struct fg_capsule_binding *binding, const uint8_t *plain,
			     size_t plain_len, uint8_t *sealed, uint8_t *out, size_t cap,
			     size_t *len_out)
{
	uint8_t aad[AAD_LEN], key_id[FG_CAPSULE_KEY_ID_LEN];
	Fallgate__Capsule capsule = FALLGATE__CAPSULE__INIT;
	enum fg_rc rc;

	write_aad(binding, aad);
	fg_capsule_key_id(key, key_id);
	capsule.key_id = (ProtobufCBinaryData){ .data = key_id, .len = sizeof(key_id) };
	capsule.sealed.data = sealed;
	rc = fg_hpke_seal(key, info, strlen(info), aad, sizeof(aad), plain, plain_len, sealed,
			  plain_len + FG_HPKE_OVERHEAD, &capsule.sealed.len);
	return rc == FG_OK ? fg_proto_pack(&capsule, out, cap, len_out) : rc;
}

/* The buffers of a capsule in the making. */
struct making {
	char text[FG_CAPSULE_PLAIN_MAX + 1];
	uint8_t zeros[FG_CAPSULE_PLAIN_MAX];
	uint8_t plain[FG_CAPSULE_PLAIN_MAX];
	uint8_t inner[FG_CAPSULE_MAX];
	uint8_t sealed[FG_CAPSULE_MAX];
};

static enum fg_rc make_plain(struct making *m, const struct fg_capsule_text *text,
			     const struct fg_id *message_id, const uint8_t *salt, size_t *len_out)
{
	Fallgate__CapsuleBody body = FALLGATE__CAPSULE_BODY__INIT;
	struct fg_hash signer = fg_sha256(text->signing_key, FG_SIGN_PUBLIC_LEN);
	struct fg_id id = *message_id;
	uint8_t salt_copy[FG_CAPSULE_SALT_LEN];
	enum fg_rc rc;

	memcpy(m->text, text->body, text->body_len);
	m->text[text->body_len] = '\0';
	memcpy(salt_copy, salt, sizeof(salt_copy));
	body.message_id = (ProtobufCBinaryData){ .data = id.b, .len = FG_ID_LEN };
	body.recipient = (char *)(uintptr_t)text->recipient;
	body.signer = (ProtobufCBinaryData){ .data = signer.b, .len = FG_SHA256_LEN };
	body.body = m->text;
	body.salt = (ProtobufCBinaryData){ .data = salt_copy, .len = sizeof(salt_copy) };
	rc = pad(&body, m->zeros);
	return rc == FG_OK ? fg_proto_pack(&body, m->plain, sizeof(m->plain), len_out) : rc;
}

enum fg_rc fg_capsule_make(const struct fg_capsule_text *text,
			   const struct fg_capsule_binding *binding,
			   const uint8_t inner_key[static FG_KEM_PUBLIC_LEN],
			   const uint8_t outer_key[static FG_KEM_PUBLIC_LEN], uint8_t *out,
			   size_t cap, size_t *len_out, struct fg_hash *commitment_out)
{
	uint8_t salt[FG_CAPSULE_SALT_LEN];
	struct making *m;
	enum fg_rc rc;
	size_t len;

	if (text->body_len > FG_CAPSULE_PLAIN_MAX)
		return FG_E_TOO_LONG;
	m = calloc(1, sizeof(*m));
	if (!m)
		return FG_E_NO_MEMORY;
	fg_random(salt, sizeof(salt));
	rc = make_plain(m, text, &binding->message_id, salt, &len);
	if (rc == FG_OK)
		rc = seal_layer(inner_key, info_inner, binding, m->plain, len, m->sealed, m->inner,
				sizeof(m->inner), &len);
	if (rc == FG_OK)
		rc = seal_layer(outer_key, info_outer, binding, m->inner, len, m->sealed, out, cap,
				len_out);
	if (rc == FG_OK)
		*commitment_out = fg_body_commitment(salt, text->body, text->body_len);
	fg_wipe(m, sizeof(*m));
	free(m);
	fg_wipe(salt, sizeof(salt));
	return rc;
}

/* ---- opening ---- */

static const struct fg_kem_key *find_key(const struct fg_kem_key *keys, size_t count,
					 ProtobufCBinaryData key_id)
{
	uint8_t id[FG_CAPSULE_KEY_ID_LEN];

	for (size_t i = 0; i < count; i++) {
		fg_capsule_key_id(keys[i].public, id);
		if (memcmp(id, key_id.data, sizeof(id)) == 0)
			return &keys[i];
	}
	return NULL;
}

static enum fg_rc open_parsed(enum fg_capsule_layer layer, const struct fg_kem_key *keys,
			      size_t keys_count, const struct fg_capsule_binding *binding,
			      const Fallgate__Capsule *capsule, uint8_t *plain_out, size_t cap,
			      size_t *plain_len_out)
{
	const char *info = layer == FG_CAPSULE_INNER ? info_inner : info_outer;
	const struct fg_kem_key *key;
	uint8_t aad[AAD_LEN];

	if (!capsule || !FG_HAS_LEN(capsule->key_id, FG_CAPSULE_KEY_ID_LEN))
		return FG_E_CAPSULE;
	key = find_key(keys, keys_count, capsule->key_id);
	if (!key)
		return FG_E_KEY_EXPIRED;
	write_aad(binding, aad);
	if (fg_hpke_open(key, info, strlen(info), aad, sizeof(aad), capsule->sealed.data,
			 capsule->sealed.len, plain_out, cap, plain_len_out) != FG_OK)
		return FG_E_CAPSULE;
	return FG_OK;
}

enum fg_rc fg_capsule_open(enum fg_capsule_layer layer, const struct fg_kem_key *keys,
			   size_t keys_count, const struct fg_capsule_binding *binding,
			   const void *capsule, size_t capsule_len, uint8_t *plain_out, size_t cap,
			   size_t *plain_len_out)
{
	struct fg_arena arena;
	enum fg_rc rc;

	if (capsule_len > FG_CAPSULE_MAX)
		return FG_E_CAPSULE;
	rc = fg_arena_init(&arena, capsule_len + ARENA_OVERHEAD);
	if (rc != FG_OK)
		return rc;
	rc = open_parsed(
		layer, keys, keys_count, binding,
		fg_proto_unpack(&arena, &fallgate__capsule__descriptor, capsule, capsule_len),
		plain_out, cap, plain_len_out);
	fg_arena_free(&arena);
	return rc;
}

enum fg_rc fg_capsule_body(struct fg_arena *arena, const uint8_t *plain, size_t len,
			   const Fallgate__CapsuleBody **body_out)
{
	const Fallgate__CapsuleBody *body;
	size_t i = 0;

	while (i < BUCKETS && buckets[i] != len)
		i++;
	if (i == BUCKETS)
		return FG_E_CAPSULE;
	body = fg_proto_unpack(arena, &fallgate__capsule_body__descriptor, plain, len);
	if (!body || !FG_HAS_LEN(body->message_id, FG_ID_LEN) ||
	    !FG_HAS_LEN(body->signer, FG_SHA256_LEN) ||
	    !FG_HAS_LEN(body->salt, FG_CAPSULE_SALT_LEN))
		return FG_E_CAPSULE;
	*body_out = body;
	return FG_OK;
}
