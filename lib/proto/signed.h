/* SPDX-License-Identifier: ISC
 *
 * Working with the messages of fallgate.proto: memory-bounded unpacking, packing, and signed objects.
 *
 * Unpacking foreign bytes takes its memory from an arena of fixed size, so that no input can make a process grow (attack 40);
 * freeing is freeing the arena. A Signed is verified over the very bytes that came.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include "lib/crypto/sign.h"
#include "lib/proto/fallgate.pb-c.h"

enum { FG_ARENA_MAX = 512 * 1024 };

struct fg_arena {
	ProtobufCAllocator allocator;
	uint8_t *memory;
	size_t used;
	size_t cap;
};

/*! Room for cap bytes, at most FG_ARENA_MAX; FG_E_NO_MEMORY. */
enum fg_rc fg_arena_init(struct fg_arena *arena, size_t cap);
/*! An arena in memory of the caller's (16-byte aligned, of cap bytes): for clear text, which may not lie in ordinary memory. Not for
 *  fg_arena_free(). */
void fg_arena_over(struct fg_arena *arena, void *memory, size_t cap);
/*! Forget all that was unpacked; the memory stays for the next. */
void fg_arena_reset(struct fg_arena *arena);
void fg_arena_free(struct fg_arena *arena);

/*! Unpack a message of that type; NULL when it is not well formed or would need more than the arena. Every `string` field of the result is valid
 *  UTF-8 without control characters other than newline and tab, at every depth. Borrowed from the arena. */
void *fg_proto_unpack(struct fg_arena *arena, const ProtobufCMessageDescriptor *type,
		      const void *data, size_t len);

/*! Pack into out. FG_OK or FG_E_SPACE. */
enum fg_rc fg_proto_pack(const void *message, uint8_t *out, size_t cap, size_t *len_out);

/*! Pack into memory from malloc(); NULL without memory. */
uint8_t *fg_proto_pack_new(const void *message, size_t *len_out);

/*! Pack message, sign it; signed_out->body is malloc()ed, signed_out->signature too; free with fg_signed_free(). */
enum fg_rc fg_signed_make(const void *message, const struct fg_sign_key *key, const char *label,
			  Fallgate__Signed *signed_out);
void fg_signed_free(Fallgate__Signed *signed_take);

/*! FG_OK; FG_E_SIGNATURE (also for NULL). */
enum fg_rc fg_signed_verify(const Fallgate__Signed *signed_object, const void *public_key,
			    size_t public_len, const char *label);

/*! Verify, then unpack the body: *message_out borrowed from the arena.
 *  \return FG_OK; FG_E_SIGNATURE; FG_E_SYNTAX when the body is not such a message. */
enum fg_rc fg_signed_open(struct fg_arena *arena, const Fallgate__Signed *signed_object,
			  const void *public_key, size_t public_len, const char *label,
			  const ProtobufCMessageDescriptor *type, void **message_out);

/*! Unpack a Signed from its serialized bytes (as IPC frames and the store carry it). NULL when not well formed. */
Fallgate__Signed *fg_signed_unpack(struct fg_arena *arena, const void *data, size_t len);

/*! SHA-256 of the body. */
struct fg_hash fg_signed_body_hash(const Fallgate__Signed *signed_object);

/*! True when field (a ProtobufCBinaryData) has exactly len bytes. */
#define FG_HAS_LEN(field, n) ((field).len == (n) && (field).data != NULL)
