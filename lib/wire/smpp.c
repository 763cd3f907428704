/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/smpp.h"

#include <string.h>
#include "lib/base/cursor.h"
#include "lib/wire/smpp_tlv.h"

struct fg_smpp_bytes fg_smpp_text(const char *text)
{
	return (struct fg_smpp_bytes){ (const uint8_t *)text, strlen(text) };
}

/* ---- Bodies, decoded ---- */

static void read_text(struct fg_cursor *cur, size_t max, struct fg_smpp_bytes *text)
{
	text->len = 0;
	text->at = (const uint8_t *)fg_cursor_cstring(cur, max, &text->len);
}

static void read_message(struct fg_cursor *cur, struct fg_smpp_bytes *message)
{
	message->len = fg_cursor_u8(cur);
	if (message->len > FG_SMPP_MESSAGE_MAX)
		fg_cursor_fail(cur, FG_E_PDU_FIELD);
	message->at = fg_cursor_bytes(cur, message->len);
}

/* One destination; false when it is neither an address nor a list, or does not fit. */
static void read_dest(struct fg_cursor *cur, struct fg_smpp_dest *dest)
{
	*dest = (struct fg_smpp_dest){ .flag = fg_cursor_u8(cur) };
	if (dest->flag == 1) {
		dest->ton = fg_cursor_u8(cur);
		dest->npi = fg_cursor_u8(cur);
	} else if (cur->rc == FG_OK && dest->flag != 2) {
		fg_cursor_fail(cur, FG_E_PDU_FIELD);
	}
	read_text(cur, 21, &dest->address);
}

static void read_dests(struct fg_cursor *cur, struct fg_smpp_list *dests)
{
	struct fg_smpp_dest dest;
	const uint8_t *from;

	dests->count = fg_cursor_u8(cur);
	if (cur->rc == FG_OK && (dests->count == 0 || dests->count > FG_SMPP_DESTS_MAX))
		fg_cursor_fail(cur, FG_E_PDU_FIELD);
	from = cur->at;
	for (unsigned i = 0; i < dests->count && cur->rc == FG_OK; i++)
		read_dest(cur, &dest);
	dests->octets = (struct fg_smpp_bytes){ from, (size_t)(cur->at - from) };
}

static void read_unsuccess(struct fg_cursor *cur, struct fg_smpp_list *list)
{
	struct fg_smpp_bytes address;
	const uint8_t *from;

	list->count = fg_cursor_u8(cur);
	from = cur->at;
	for (unsigned i = 0; i < list->count && cur->rc == FG_OK; i++) {
		fg_cursor_u16(cur);
		read_text(cur, 21, &address);
		fg_cursor_u32(cur);
	}
	list->octets = (struct fg_smpp_bytes){ from, (size_t)(cur->at - from) };
}

bool fg_smpp_dest_next(const struct fg_smpp_list *dests, size_t *at, struct fg_smpp_dest *dest_out)
{
	struct fg_cursor cur;

	if (*at >= dests->octets.len)
		return false;
	fg_cursor_init(&cur, dests->octets.at + *at, dests->octets.len - *at);
	read_dest(&cur, dest_out);
	*at += fg_cursor_pos(&cur);
	return cur.rc == FG_OK;
}

static void decode_none(struct fg_cursor *cur, struct fg_smpp_pdu *pdu)
{
	(void)cur;
	(void)pdu;
}

#define F_U8(field)           body->field = fg_cursor_u8(cur);
#define F_TEXT(field, max)    read_text(cur, max, &body->field);
#define F_ADDRESS(field, max) F_TEXT(field, max)
#define F_SECRET(field, max)  F_TEXT(field, max)
#define F_MESSAGE(field)      read_message(cur, &body->field);
#define F_DESTS(field)        read_dests(cur, &body->field);
#define F_UNSUCCESS(field)    read_unsuccess(cur, &body->field);
#define FG_SMPP_LAYOUT(name, fields)                                                               \
	static void decode_##name(struct fg_cursor *cur, struct fg_smpp_pdu *pdu)                  \
	{                                                                                          \
		struct fg_smpp_##name *body = &pdu->name;                                          \
		fields                                                                             \
	}
#define FG_SMPP_COMMAND(NAME, id, name, layout)
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_LAYOUT
#undef FG_SMPP_COMMAND
#undef F_U8
#undef F_TEXT
#undef F_ADDRESS
#undef F_SECRET
#undef F_MESSAGE
#undef F_DESTS
#undef F_UNSUCCESS

/* ---- Bodies, encoded ---- */

static void fail(struct fg_writer *w, enum fg_rc rc)
{
	if (w->rc == FG_OK)
		w->rc = rc;
}

static void write_text(struct fg_writer *w, size_t max, const struct fg_smpp_bytes *text)
{
	if (text->len >= max || (text->len && memchr(text->at, 0, text->len)))
		fail(w, FG_E_PDU_FIELD);
	fg_writer_cstring(w, (const char *)text->at, text->len);
}

static void write_message(struct fg_writer *w, const struct fg_smpp_bytes *message)
{
	if (message->len > FG_SMPP_MESSAGE_MAX)
		fail(w, FG_E_PDU_FIELD);
	fg_writer_u8(w, (uint8_t)message->len);
	fg_writer_bytes(w, message->at, message->len);
}

static void write_list(struct fg_writer *w, const struct fg_smpp_list *list)
{
	fg_writer_u8(w, list->count);
	fg_writer_bytes(w, list->octets.at, list->octets.len);
}

size_t fg_smpp_unsuccess_put(const struct fg_smpp_dest *dest, uint32_t status, uint8_t *out,
			     size_t cap)
{
	struct fg_writer w;

	fg_writer_init(&w, out, cap);
	fg_writer_u8(&w, dest->ton);
	fg_writer_u8(&w, dest->npi);
	write_text(&w, 21, &dest->address);
	fg_writer_u32(&w, status);
	return w.rc == FG_OK ? fg_writer_len(&w) : 0;
}

static void encode_none(struct fg_writer *w, const struct fg_smpp_pdu *pdu)
{
	(void)w;
	(void)pdu;
}

#define F_U8(field)           fg_writer_u8(w, body->field);
#define F_TEXT(field, max)    write_text(w, max, &body->field);
#define F_ADDRESS(field, max) F_TEXT(field, max)
#define F_SECRET(field, max)  F_TEXT(field, max)
#define F_MESSAGE(field)      write_message(w, &body->field);
#define F_DESTS(field)        write_list(w, &body->field);
#define F_UNSUCCESS(field)    write_list(w, &body->field);
#define FG_SMPP_LAYOUT(name, fields)                                                               \
	static void encode_##name(struct fg_writer *w, const struct fg_smpp_pdu *pdu)              \
	{                                                                                          \
		const struct fg_smpp_##name *body = &pdu->name;                                    \
		fields                                                                             \
	}
#define FG_SMPP_COMMAND(NAME, id, name, layout)
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_LAYOUT
#undef FG_SMPP_COMMAND
#undef F_U8
#undef F_TEXT
#undef F_ADDRESS
#undef F_SECRET
#undef F_MESSAGE
#undef F_DESTS
#undef F_UNSUCCESS

/* ---- Commands ---- */

struct codec {
	const char *name;
	void (*decode)(struct fg_cursor *cur, struct fg_smpp_pdu *pdu);
	void (*encode)(struct fg_writer *w, const struct fg_smpp_pdu *pdu);
};

enum codec_row {
#define FG_SMPP_LAYOUT(name, fields)
#define FG_SMPP_COMMAND(NAME, id, name, layout) ROW_##NAME,
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_COMMAND
};

static const struct codec codecs[] = {
#define FG_SMPP_COMMAND(NAME, id, name, layout)                                                    \
	[ROW_##NAME] = { #name, decode_##layout, encode_##layout },
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_COMMAND
};

static const struct codec *codec_of(uint32_t command)
{
	switch (command) {
#define FG_SMPP_COMMAND(NAME, id, name, layout)                                                    \
	case id:                                                                                   \
		return &codecs[ROW_##NAME];
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_COMMAND
#undef FG_SMPP_LAYOUT
	default:
		return NULL;
	}
}

const char *fg_smpp_command_name(uint32_t command)
{
	const struct codec *codec = codec_of(command);

	return codec ? codec->name : "unknown";
}

/* ---- Decoding ---- */

enum fg_rc fg_smpp_frame(const void *buf, size_t len, size_t max, size_t *pdu_len_out)
{
	struct fg_cursor cur;
	size_t pdu_len;

	fg_cursor_init(&cur, buf, len);
	pdu_len = fg_cursor_u32(&cur);
	if (cur.rc != FG_OK)
		return cur.rc;
	if (pdu_len < FG_SMPP_HEADER_LEN || pdu_len > max || pdu_len > FG_SMPP_PDU_MAX)
		return FG_E_PDU_LENGTH;
	if (pdu_len > len)
		return FG_E_TRUNCATED;
	*pdu_len_out = pdu_len;
	return FG_OK;
}

static void keep_tlv(struct fg_smpp_tlvs *tlvs, uint16_t tag, uint16_t len, const uint8_t *at)
{
	if (!fg_smpp_tlv_len_allowed(tag, len))
		tlvs->ill_sized++;
	else if (tlvs->count == FG_SMPP_TLVS_MAX)
		tlvs->skipped++;
	else
		tlvs->list[tlvs->count++] = (struct fg_smpp_tlv){ tag, len, at, 0 };
}

static void decode_tlvs(struct fg_cursor *cur, struct fg_smpp_tlvs *tlvs)
{
	while (fg_cursor_left(cur) > 0) {
		uint16_t tag = fg_cursor_u16(cur), len = fg_cursor_u16(cur);
		const uint8_t *at = fg_cursor_bytes(cur, len);

		if (at)
			keep_tlv(tlvs, tag, len, at);
	}
}

static void clear_body(struct fg_smpp_pdu *pdu)
{
	size_t from = offsetof(struct fg_smpp_pdu, bind);

	memset((uint8_t *)pdu + from, 0, offsetof(struct fg_smpp_pdu, tlvs) - from);
}

enum fg_rc fg_smpp_decode(const void *buf, size_t len, struct fg_smpp_pdu *pdu_out)
{
	const struct codec *codec;
	struct fg_cursor cur;
	size_t pdu_len;

	if (fg_smpp_frame(buf, len, FG_SMPP_PDU_MAX, &pdu_len) != FG_OK || pdu_len != len)
		return FG_E_PDU_LENGTH;
	fg_cursor_init(&cur, buf, len);
	fg_cursor_u32(&cur);
	pdu_out->command = fg_cursor_u32(&cur);
	pdu_out->status = fg_cursor_u32(&cur);
	pdu_out->sequence = fg_cursor_u32(&cur);
	pdu_out->tlvs.count = pdu_out->tlvs.skipped = pdu_out->tlvs.ill_sized = 0;
	codec = codec_of(pdu_out->command);
	if (!codec)
		return FG_E_PDU_COMMAND;
	if (fg_cursor_left(&cur) == 0 && pdu_out->command & FG_SMPP_RESPONSE) {
		clear_body(pdu_out);
		return FG_OK;
	}
	codec->decode(&cur, pdu_out);
	decode_tlvs(&cur, &pdu_out->tlvs);
	return cur.rc == FG_E_TOO_LONG ? FG_E_PDU_FIELD : cur.rc;
}

/* ---- Encoding ---- */

static void write_tlv(struct fg_writer *w, const struct fg_smpp_tlv *tlv)
{
	if (!fg_smpp_tlv_len_allowed(tlv->tag, tlv->len) || (!tlv->at && tlv->len > 4))
		fail(w, FG_E_PDU_FIELD);
	fg_writer_u16(w, tlv->tag);
	fg_writer_u16(w, tlv->len);
	if (tlv->at)
		fg_writer_bytes(w, tlv->at, tlv->len);
	for (unsigned i = tlv->len; !tlv->at && w->rc == FG_OK && i > 0; i--)
		fg_writer_u8(w, (uint8_t)(tlv->number >> (8 * (i - 1))));
}

static const struct fg_smpp_bytes *short_message_of(const struct fg_smpp_pdu *pdu)
{
	bool has;

	if (pdu->command == FG_SMPP_SUBMIT_MULTI)
		return pdu->multi.short_message.len > 0 ? &pdu->multi.short_message : NULL;
	has = pdu->command == FG_SMPP_SUBMIT_SM || pdu->command == FG_SMPP_DELIVER_SM;
	return has && pdu->sm.short_message.len > 0 ? &pdu->sm.short_message : NULL;
}

struct fg_smpp_bytes fg_smpp_message(const struct fg_smpp_pdu *pdu)
{
	const struct fg_smpp_bytes *short_message = short_message_of(pdu);
	struct fg_smpp_bytes message = { NULL, 0 };

	if (short_message)
		return *short_message;
	fg_smpp_tlv_bytes(pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, &message);
	return message;
}

static bool body_left_out(const struct fg_smpp_pdu *pdu)
{
	return pdu->command & FG_SMPP_RESPONSE && pdu->status != 0 && pdu->tlvs.count == 0;
}

enum fg_rc fg_smpp_encode(const struct fg_smpp_pdu *pdu, void *buf, size_t cap, size_t *len_out)
{
	const struct codec *codec = codec_of(pdu->command);
	struct fg_writer w;

	if (!codec)
		return FG_E_PDU_COMMAND;
	if (pdu->tlvs.count > FG_SMPP_TLVS_MAX)
		return FG_E_ARG;
	if (short_message_of(pdu) && fg_smpp_tlv_find(pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD))
		return FG_E_PDU_FIELD;
	fg_writer_init(&w, buf, cap);
	fg_writer_u32(&w, 0);
	fg_writer_u32(&w, pdu->command);
	fg_writer_u32(&w, pdu->status);
	fg_writer_u32(&w, pdu->sequence);
	if (!body_left_out(pdu))
		codec->encode(&w, pdu);
	for (unsigned i = 0; i < pdu->tlvs.count; i++)
		write_tlv(&w, &pdu->tlvs.list[i]);
	if (w.rc == FG_OK && fg_writer_len(&w) > FG_SMPP_PDU_MAX)
		return FG_E_PDU_LENGTH;
	fg_writer_patch_u32(&w, 0, (uint32_t)fg_writer_len(&w));
	if (w.rc == FG_OK)
		*len_out = fg_writer_len(&w);
	return w.rc;
}
