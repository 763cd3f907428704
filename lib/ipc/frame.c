/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The codec of ipc.def, made by reading the table several times; no frame has code of its own here.
 */
#include "lib/ipc/frame.h"

#include <string.h>
#include "lib/base/cursor.h"

enum { HEAD_LEN = 4 + 2, LEN_LEN = 4 };

/* ---- encode: put_hello() and so on ---- */

static void put_bytes(struct fg_writer *w, const struct fg_bytes *bytes, size_t max)
{
	if (bytes->len > max && w->rc == FG_OK)
		w->rc = FG_E_TOO_LONG;
	fg_writer_u32(w, (uint32_t)bytes->len);
	fg_writer_bytes(w, bytes->data, bytes->len);
}

#define FG_IPC_BEGIN(NAME, name, number)                                                           \
	static void put_##name(struct fg_writer *w, const struct fg_ipc_##name *f)                 \
	{                                                                                          \
		(void)w;                                                                           \
		(void)f;
#define FG_IPC_U8(x)           fg_writer_u8(w, f->x);
#define FG_IPC_U16(x)          fg_writer_u16(w, f->x);
#define FG_IPC_U32(x)          fg_writer_u32(w, f->x);
#define FG_IPC_U64(x)          fg_writer_u64(w, f->x);
#define FG_IPC_ID(x)           fg_writer_bytes(w, f->x.b, sizeof(f->x.b));
#define FG_IPC_HASH(x)         fg_writer_bytes(w, f->x, sizeof(f->x));
#define FG_IPC_BYTES(x, max)   put_bytes(w, &f->x, max);
#define FG_IPC_TEXT(x, max)    put_bytes(w, &f->x, max);
#define FG_IPC_CLEAR(x, max)   put_bytes(w, &f->x, max);
#define FG_IPC_END(NAME, name) }
#define FG_IPC_TAKES_FD(NAME)
#define FG_IPC_CARRIES(FROM, TO, NAME)
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"

static void put_body(struct fg_writer *w, const struct fg_frame *frame)
{
	switch (frame->type) {
#define FG_IPC_BEGIN(NAME, name, number)                                                           \
	case FG_IPC_##NAME:                                                                        \
		put_##name(w, &frame->name);                                                       \
		break;
#include "lib/ipc/ipc_nofields.h"
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
	default:
		w->rc = FG_E_IPC_FRAME;
	}
}

enum fg_rc fg_frame_encode(const struct fg_frame *frame, uint8_t *out, size_t cap, size_t *len_out)
{
	struct fg_writer w;

	fg_writer_init(&w, out, cap);
	fg_writer_u32(&w, 0);
	fg_writer_u16(&w, (uint16_t)frame->type);
	put_body(&w, frame);
	if (w.rc != FG_OK)
		return w.rc;
	fg_writer_patch_u32(&w, 0, (uint32_t)(fg_writer_len(&w) - LEN_LEN));
	*len_out = fg_writer_len(&w);
	return FG_OK;
}

/* ---- decode: get_hello() and so on ---- */

static void get_bytes(struct fg_cursor *cur, struct fg_bytes *bytes, size_t max)
{
	size_t len = fg_cursor_u32(cur);

	if (len > max)
		fg_cursor_fail(cur, FG_E_TOO_LONG);
	bytes->data = fg_cursor_bytes(cur, len);
	bytes->len = bytes->data ? len : 0;
}

#define FG_IPC_BEGIN(NAME, name, number)                                                           \
	static void get_##name(struct fg_cursor *cur, struct fg_ipc_##name *f)                     \
	{                                                                                          \
		(void)cur;                                                                         \
		(void)f;
#define FG_IPC_U8(x)           f->x = fg_cursor_u8(cur);
#define FG_IPC_U16(x)          f->x = fg_cursor_u16(cur);
#define FG_IPC_U32(x)          f->x = fg_cursor_u32(cur);
#define FG_IPC_U64(x)          f->x = fg_cursor_u64(cur);
#define FG_IPC_ID(x)           fg_cursor_copy(cur, f->x.b, sizeof(f->x.b));
#define FG_IPC_HASH(x)         fg_cursor_copy(cur, f->x, sizeof(f->x));
#define FG_IPC_BYTES(x, max)   get_bytes(cur, &f->x, max);
#define FG_IPC_TEXT(x, max)    get_bytes(cur, &f->x, max);
#define FG_IPC_CLEAR(x, max)   get_bytes(cur, &f->x, max);
#define FG_IPC_END(NAME, name) }
#define FG_IPC_TAKES_FD(NAME)
#define FG_IPC_CARRIES(FROM, TO, NAME)
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"

static void get_body(struct fg_cursor *cur, struct fg_frame *frame)
{
	switch (frame->type) {
#define FG_IPC_BEGIN(NAME, name, number)                                                           \
	case FG_IPC_##NAME:                                                                        \
		get_##name(cur, &frame->name);                                                     \
		break;
#include "lib/ipc/ipc_nofields.h"
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
	default:
		fg_cursor_fail(cur, FG_E_IPC_FRAME);
	}
}

enum fg_rc fg_frame_decode(const uint8_t *data, size_t len, struct fg_frame *frame_out,
			   size_t *used_out)
{
	struct fg_frame frame = { 0 };
	struct fg_cursor datagram, body;
	size_t body_len;
	const uint8_t *body_data;

	fg_cursor_init(&datagram, data, len);
	body_len = fg_cursor_u32(&datagram);
	if (body_len > FG_FRAME_MAX - LEN_LEN)
		return FG_E_TOO_LONG;
	body_data = fg_cursor_bytes(&datagram, body_len);
	if (datagram.rc != FG_OK)
		return datagram.rc;
	fg_cursor_init(&body, body_data, body_len);
	frame.type = (enum fg_ipc_type)fg_cursor_u16(&body);
	if (body.rc != FG_OK)
		return body.rc;
	get_body(&body, &frame);
	if (fg_cursor_end(&body) != FG_OK)
		return fg_cursor_end(&body);
	*frame_out = frame;
	*used_out = fg_cursor_pos(&datagram);
	return FG_OK;
}

/* ---- sizes: the largest of each kind must be a frame ---- */

#define FG_IPC_BEGIN(NAME, name, number) _Static_assert((size_t)HEAD_LEN
#define FG_IPC_U8(x)         +1
#define FG_IPC_U16(x)        +2
#define FG_IPC_U32(x)        +4
#define FG_IPC_U64(x)        +8
#define FG_IPC_ID(x)         +FG_ID_LEN
#define FG_IPC_HASH(x)       +32
#define FG_IPC_BYTES(x, max) +LEN_LEN + (max)
#define FG_IPC_TEXT(x, max)  +LEN_LEN + (max)
#define FG_IPC_CLEAR(x, max) +LEN_LEN + (max)
#define FG_IPC_END(NAME, name)		 <= (size_t)FG_FRAME_MAX, #NAME " can be longer than a frame");
#define FG_IPC_TAKES_FD(NAME)
#define FG_IPC_CARRIES(FROM, TO, NAME)
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"

size_t fg_frame_size(const struct fg_frame *frame)
{
	size_t size = HEAD_LEN;

	switch (frame->type) {
#define FG_IPC_BEGIN(NAME, name, number)                                                           \
	case FG_IPC_##NAME: {                                                                      \
		const struct fg_ipc_##name *f = &frame->name;                                      \
		(void)f;
#define FG_IPC_U8(x)         size += 1;
#define FG_IPC_U16(x)        size += 2;
#define FG_IPC_U32(x)        size += 4;
#define FG_IPC_U64(x)        size += 8;
#define FG_IPC_ID(x)         size += FG_ID_LEN;
#define FG_IPC_HASH(x)       size += 32;
#define FG_IPC_BYTES(x, max) size += LEN_LEN + f->x.len;
#define FG_IPC_TEXT(x, max)  size += LEN_LEN + f->x.len;
#define FG_IPC_CLEAR(x, max) size += LEN_LEN + f->x.len;
#define FG_IPC_END(NAME, name)                                                                     \
	}                                                                                          \
	break;
#define FG_IPC_TAKES_FD(NAME)
#define FG_IPC_CARRIES(FROM, TO, NAME)
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
	default:
		break;
	}
	return size;
}

/* ---- what a frame is and who may say it ---- */

#define ROUTE(from, to, type) ((uint32_t)(from) << 24 | (uint32_t)(to) << 16 | (uint32_t)(type))

bool fg_frame_allowed(enum fg_role from, enum fg_role to, enum fg_ipc_type type)
{
	if (type == FG_IPC_HELLO || type == FG_IPC_CREDIT)
		return true;
	if (type > UINT16_MAX)
		return false;
	switch (ROUTE(from, to, type)) {
#define FG_IPC_BEGIN(NAME, name, number)
#include "lib/ipc/ipc_nofields.h"
#undef FG_IPC_CARRIES
#define FG_IPC_CARRIES(FROM, TO, NAME) case ROUTE(FG_ROLE_##FROM, FG_ROLE_##TO, FG_IPC_##NAME):
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
		return true;
	default:
		return false;
	}
}

bool fg_frame_is_clear(enum fg_ipc_type type)
{
	switch (type) {
#define FG_IPC_BEGIN(NAME, name, number)                                                           \
	case FG_IPC_##NAME:                                                                        \
		return false
#include "lib/ipc/ipc_nofields.h"
#undef FG_IPC_CLEAR
#undef FG_IPC_END
#define FG_IPC_CLEAR(x, max)   || true
#define FG_IPC_END(NAME, name) ;
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
	default:
		return false;
	}
}

bool fg_frame_takes_fd(enum fg_ipc_type type)
{
	switch (type) {
#define FG_IPC_BEGIN(NAME, name, number)
#include "lib/ipc/ipc_nofields.h"
#undef FG_IPC_TAKES_FD
#define FG_IPC_TAKES_FD(NAME) case FG_IPC_##NAME:
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
		return true;
	default:
		return false;
	}
}

const char *fg_frame_name(enum fg_ipc_type type)
{
	switch (type) {
#define FG_IPC_BEGIN(NAME, name, number)                                                           \
	case FG_IPC_##NAME:                                                                        \
		return #NAME;
#include "lib/ipc/ipc_nofields.h"
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
	default:
		return "?";
	}
}

const char *fg_role_name(enum fg_role role)
{
	static const char *const names[FG_ROLE_COUNT] = {
		[FG_ROLE_PARENT] = "parent", [FG_ROLE_CORE] = "core",     [FG_ROLE_LOG] = "log",
		[FG_ROLE_VAULT] = "vault",   [FG_ROLE_SECURE] = "secure", [FG_ROLE_LINK] = "link",
		[FG_ROLE_CTL] = "ctl",
	};

	return (unsigned)role < FG_ROLE_COUNT ? names[role] : "?";
}
