/* SPDX-License-Identifier: ISC */
#include "lib/proto/signed.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_ALIGN = 16, DEPTH_MAX = 8 };

static void *arena_alloc(void *data, size_t size)
{
	struct fg_arena *arena = data;
	size_t rounded = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	void *at = arena->memory + arena->used;

	if (rounded < size || rounded > arena->cap - arena->used)
		return NULL;
	arena->used += rounded;
	return at;
}

static void arena_no_free(void *data, void *pointer)
{
	(void)data;
	(void)pointer;
}

enum fg_rc fg_arena_init(struct fg_arena *arena, size_t cap)
{
	if (cap == 0 || cap > FG_ARENA_MAX)
		return FG_E_ARG;
	cap = (cap + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	fg_arena_over(arena, aligned_alloc(ARENA_ALIGN, cap), cap);
	return arena->memory ? FG_OK : FG_E_NO_MEMORY;
}

void fg_arena_over(struct fg_arena *arena, void *memory, size_t cap)
{
	*arena = (struct fg_arena){ .cap = cap, .memory = memory };
	arena->allocator.alloc = arena_alloc;
	arena->allocator.free = arena_no_free;
	arena->allocator.allocator_data = arena;
}

void fg_arena_reset(struct fg_arena *arena)
{
	arena->used = 0;
}

void fg_arena_free(struct fg_arena *arena)
{
	free(arena->memory);
	*arena = (struct fg_arena){ 0 };
}

/* ---- strings must be text ---- */

static bool is_continuation(uint8_t c)
{
	return (c & 0xC0) == 0x80;
}

/* Length of the valid UTF-8 sequence at p, 0 when there is none. The string ends in NUL, so looking one byte ahead is safe. */
static size_t utf8_sequence(const uint8_t *p)
{
	if (p[0] < 0x80)
		return p[0] >= 0x20 || p[0] == '\n' || p[0] == '\t' ? 1 : 0;
	if (p[0] >= 0xC2 && p[0] <= 0xDF && is_continuation(p[1]))
		return 2;
	if (p[0] >= 0xE0 && p[0] <= 0xEF && is_continuation(p[1]) && is_continuation(p[2])) {
		if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F))
			return 0;
		return 3;
	}
	if (p[0] >= 0xF0 && p[0] <= 0xF4 && is_continuation(p[1]) && is_continuation(p[2]) &&
	    is_continuation(p[3])) {
		if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
			return 0;
		return 4;
	}
	return 0;
}

static bool text_is_valid(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;

	while (*p) {
		size_t n = utf8_sequence(p);

		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

static bool strings_are_text(const ProtobufCMessage *message, unsigned depth);

static bool value_is_text(const ProtobufCFieldDescriptor *field, const void *value, unsigned depth)
{
	if (field->type == PROTOBUF_C_TYPE_STRING) {
		const char *text = *(char *const *)value;

		return !text || text_is_valid(text);
	}
	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		const ProtobufCMessage *sub = *(ProtobufCMessage *const *)value;

		return !sub || strings_are_text(sub, depth + 1);
	}
	return true;
}

static bool field_is_text(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
			  unsigned depth)
{
	const uint8_t *base = (const uint8_t *)message;

	if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
		return true;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
	    *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id)
		return true;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t n = *(const size_t *)(const void *)(base + field->quantifier_offset);
		void *const *array = *(void *const *const *)(const void *)(base + field->offset);

		for (size_t i = 0; i < n; i++)
			if (!value_is_text(field, &array[i], depth))
				return false;
		return true;
	}
	return value_is_text(field, base + field->offset, depth);
}

static bool strings_are_text(const ProtobufCMessage *message, unsigned depth)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;

	if (depth > DEPTH_MAX)
		return false;
	for (unsigned i = 0; i < type->n_fields; i++)
		if (!field_is_text(message, &type->fields[i], depth))
			return false;
	return true;
}

/* ---- messages ---- */

void *fg_proto_unpack(struct fg_arena *arena, const ProtobufCMessageDescriptor *type,
		      const void *data, size_t len)
{
	ProtobufCMessage *message = protobuf_c_message_unpack(type, &arena->allocator, len, data);

	if (!message || !strings_are_text(message, 0))
		return NULL;
	return message;
}

enum fg_rc fg_proto_pack(const void *message, uint8_t *out, size_t cap, size_t *len_out)
{
	size_t len = protobuf_c_message_get_packed_size(message);

	if (len > cap)
		return FG_E_SPACE;
	*len_out = protobuf_c_message_pack(message, out);
	return FG_OK;
}

uint8_t *fg_proto_pack_new(const void *message, size_t *len_out)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *out = malloc(len ? len : 1);

	if (out)
		*len_out = protobuf_c_message_pack(message, out);
	return out;
}

enum fg_rc fg_signed_make(const void *message, const struct fg_sign_key *key, const char *label,
			  Fallgate__Signed *signed_out)
{
	uint8_t *signature = malloc(FG_SIGNATURE_LEN), *body;
	size_t len;

	body = fg_proto_pack_new(message, &len);
	if (!body || !signature) {
		free(body);
		free(signature);
		return FG_E_NO_MEMORY;
	}
	fg_sign(key, label, body, len, signature);
	fallgate__signed__init(signed_out);
	signed_out->body = (ProtobufCBinaryData){ .data = body, .len = len };
	signed_out->signature = (ProtobufCBinaryData){ .data = signature, .len = FG_SIGNATURE_LEN };
	return FG_OK;
}

void fg_signed_free(Fallgate__Signed *signed_take)
{
	free(signed_take->body.data);
	free(signed_take->signature.data);
	fallgate__signed__init(signed_take);
}

enum fg_rc fg_signed_verify(const Fallgate__Signed *signed_object, const void *public_key,
			    size_t public_len, const char *label)
{
	if (!signed_object)
		return FG_E_SIGNATURE;
	return fg_sign_verify(public_key, public_len, label, signed_object->body.data,
			      signed_object->body.len, signed_object->signature.data,
			      signed_object->signature.len);
}

enum fg_rc fg_signed_open(struct fg_arena *arena, const Fallgate__Signed *signed_object,
			  const void *public_key, size_t public_len, const char *label,
			  const ProtobufCMessageDescriptor *type, void **message_out)
{
	enum fg_rc rc = fg_signed_verify(signed_object, public_key, public_len, label);
	void *message;

	if (rc != FG_OK)
		return rc;
	message = fg_proto_unpack(arena, type, signed_object->body.data, signed_object->body.len);
	if (!message)
		return FG_E_SYNTAX;
	*message_out = message;
	return FG_OK;
}

Fallgate__Signed *fg_signed_unpack(struct fg_arena *arena, const void *data, size_t len)
{
	return fg_proto_unpack(arena, &fallgate__signed__descriptor, data, len);
}

struct fg_hash fg_signed_body_hash(const Fallgate__Signed *signed_object)
{
	return fg_sha256(signed_object->body.data, signed_object->body.len);
}
