/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/core/step.h"

#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
	if (!memory)
		FG_BUG("out of memory");
	return memory;
}

void fg_record_text(char **field, const char *text)
{
	if (*field != protobuf_c_empty_string)
		free(*field);
	*field = text && text[0] ? need(strdup(text)) : (char *)protobuf_c_empty_string;
}

void fg_record_bytes(ProtobufCBinaryData *field, const void *data, size_t len)
{
	uint8_t *copy = NULL;

	if (len) {
		copy = need(malloc(len));
		memcpy(copy, data, len);
	}
	free(field->data);
	field->data = copy;
	field->len = len;
}

void *fg_record_copy(const void *message)
{
	const ProtobufCMessage *m = message;
	size_t len;
	uint8_t *packed = fg_proto_pack_new(message, &len);
	void *copy;

	if (!packed)
		return NULL;
	copy = protobuf_c_message_unpack(m->descriptor, NULL, len, packed);
	free(packed);
	return copy;
}

void fg_record_free(void *message_take)
{
	if (message_take)
		protobuf_c_message_free_unpacked(message_take, NULL);
}

bool fg_record_id(const ProtobufCBinaryData *field, struct fg_id *id_out)
{
	if (!FG_HAS_LEN(*field, FG_ID_LEN))
		return false;
	memcpy(id_out->b, field->data, FG_ID_LEN);
	return true;
}
