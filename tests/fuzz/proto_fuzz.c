/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Unpacking within the arena: the first byte chooses the message. What unpacks must pack again.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include "lib/proto/signed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const ProtobufCMessageDescriptor *const types[] = {
		&fallgate__client_frame__descriptor,   &fallgate__server_frame__descriptor,
		&fallgate__signed__descriptor,         &fallgate__consent__descriptor,
		&fallgate__view__descriptor,           &fallgate__device_cert__descriptor,
		&fallgate__capsule__descriptor,        &fallgate__capsule_body__descriptor,
		&fallgate__leaf_record__descriptor,    &fallgate__receipt__descriptor,
		&fallgate__signed_receipt__descriptor, &fallgate__content__descriptor,
		&fallgate__sealed_content__descriptor, &fallgate__stored_job__descriptor,
		&fallgate__view_batch__descriptor,     &fallgate__sealed_parts__descriptor,
		&fallgate__relay_cert__descriptor,     &fallgate__lookup_result__descriptor,
	};
	struct fg_arena arena;
	uint8_t *packed;
	size_t n;
	void *message;

	if (len < 1 || fg_arena_init(&arena, 64 * 1024) != FG_OK)
		return 0;
	message = fg_proto_unpack(&arena, types[data[0] % (sizeof(types) / sizeof(types[0]))],
				  data + 1, len - 1);
	packed = message ? fg_proto_pack_new(message, &n) : NULL;
	if (message && !packed)
		abort();
	free(packed);
	fg_arena_free(&arena);
	return 0;
}
