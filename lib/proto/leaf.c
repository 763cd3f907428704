/* SPDX-License-Identifier: ISC */
#include "lib/proto/leaf.h"

#include <string.h>
#include "lib/base/cursor.h"

static const char magic[4] = { 'F', 'G', 'L', '1' };

uint16_t fg_leg_reference(const struct fg_id *message_id, uint16_t leg)
{
	uint8_t key[FG_ID_LEN + 2];
	struct fg_hash hash;

	memcpy(key, message_id->b, FG_ID_LEN);
	key[FG_ID_LEN] = (uint8_t)(leg >> 8);
	key[FG_ID_LEN + 1] = (uint8_t)leg;
	hash = fg_sha256(key, sizeof(key));
	return (uint16_t)(hash.b[0] << 8 | hash.b[1]);
}

struct fg_hash fg_leaf_commitment(const uint8_t salt[static 32], const void *record, size_t len)
{
	static const char label[] = "fallgate leaf";
	const struct fg_piece pieces[] = {
		{ label, sizeof(label) }, /* with its NUL */
		{ salt, 32 },
		{ record, len },
	};

	return fg_sha256_pieces(pieces, 3);
}

void fg_leaf_encode(const struct fg_leaf *leaf, uint8_t out[static FG_LEAF_LEN])
{
	struct fg_writer w;

	fg_writer_init(&w, out, FG_LEAF_LEN);
	fg_writer_bytes(&w, magic, sizeof(magic));
	fg_writer_u8(&w, (uint8_t)leaf->kind);
	fg_writer_u8(&w, leaf->action);
	fg_writer_u8(&w, leaf->reason);
	fg_writer_u8(&w, leaf->bearer);
	fg_writer_u32(&w, leaf->time);
	fg_writer_bytes(&w, leaf->commitment.b, FG_SHA256_LEN);
}

enum fg_rc fg_leaf_decode(const void *data, size_t len, struct fg_leaf *leaf_out)
{
	struct fg_leaf leaf;
	struct fg_cursor cur;
	uint8_t found[4] = { 0 }, kind;

	fg_cursor_init(&cur, data, len);
	fg_cursor_copy(&cur, found, sizeof(found));
	kind = fg_cursor_u8(&cur);
	leaf.action = fg_cursor_u8(&cur);
	leaf.reason = fg_cursor_u8(&cur);
	leaf.bearer = fg_cursor_u8(&cur);
	leaf.time = fg_cursor_u32(&cur);
	fg_cursor_copy(&cur, leaf.commitment.b, FG_SHA256_LEN);
	if (fg_cursor_end(&cur) != FG_OK || memcmp(found, magic, sizeof(magic)) != 0 ||
	    kind < FG_LEAF_DECISION || kind > FG_LEAF_ALARM)
		return FG_E_SYNTAX;
	leaf.kind = kind;
	*leaf_out = leaf;
	return FG_OK;
}
