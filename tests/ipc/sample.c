/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/ipc/sample.h"

#include <string.h>

static uint8_t filler[FG_FRAME_MAX + 1];

const enum fg_ipc_type fg_sample_types[] = {
#define FG_IPC_BEGIN(NAME, name, number) FG_IPC_##NAME,
#include "lib/ipc/ipc_nofields.h"
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
};
const size_t fg_sample_types_count = sizeof(fg_sample_types) / sizeof(fg_sample_types[0]);

struct filling {
	size_t most;
	size_t field;    /* fields so far */
	size_t bytes;    /* byte fields so far */
	size_t too_long; /* this byte field gets one byte too many */
};

static uint64_t next_number(struct filling *f)
{
	f->field++;
	return 0x0102030405060700ull + f->field;
}

static void fill_fixed(struct filling *f, uint8_t *out, size_t len)
{
	memset(out, (int)++f->field, len);
}

static struct fg_bytes next_bytes(struct filling *f, size_t max)
{
	size_t len = f->most < max ? f->most : max;

	f->field++;
	if (f->bytes++ == f->too_long)
		len = max + 1;
	return FG_BYTES(filler, len);
}

static size_t fill(enum fg_ipc_type type, struct filling *f, struct fg_frame *frame)
{
	for (size_t i = 0; i < sizeof(filler); i++)
		filler[i] = (uint8_t)('a' + i % 26);
	memset(frame, 0, sizeof(*frame));
	frame->type = type;
	switch (type) {
#define FG_IPC_BEGIN(NAME, name, number)                                                           \
	case FG_IPC_##NAME: {                                                                      \
		struct fg_ipc_##name *x = &frame->name;                                            \
		(void)x;
#define FG_IPC_U8(y)         x->y = (uint8_t)next_number(f);
#define FG_IPC_U16(y)        x->y = (uint16_t)next_number(f);
#define FG_IPC_U32(y)        x->y = (uint32_t)next_number(f);
#define FG_IPC_U64(y)        x->y = next_number(f);
#define FG_IPC_ID(y)         fill_fixed(f, x->y.b, sizeof(x->y.b));
#define FG_IPC_HASH(y)       fill_fixed(f, x->y, sizeof(x->y));
#define FG_IPC_BYTES(y, max) x->y = next_bytes(f, max);
#define FG_IPC_TEXT(y, max)  x->y = next_bytes(f, max);
#define FG_IPC_CLEAR(y, max) x->y = next_bytes(f, max);
#define FG_IPC_END(NAME, name)                                                                     \
	}                                                                                          \
	break;
#define FG_IPC_TAKES_FD(NAME)
#define FG_IPC_CARRIES(FROM, TO, NAME)
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
	}
	return f->bytes;
}

void fg_sample(enum fg_ipc_type type, size_t most, struct fg_frame *frame_out)
{
	struct filling f = { .most = most, .too_long = SIZE_MAX };

	fill(type, &f, frame_out);
}

bool fg_sample_too_long(enum fg_ipc_type type, size_t which, struct fg_frame *frame_out)
{
	struct filling f = { .most = 1, .too_long = which };

	return fill(type, &f, frame_out) > which;
}

static bool bytes_equal(const struct fg_bytes *a, const struct fg_bytes *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

bool fg_sample_equal(const struct fg_frame *a, const struct fg_frame *b)
{
	bool same = a->type == b->type;

	switch (a->type) {
#define FG_IPC_BEGIN(NAME, name, number)                                                           \
	case FG_IPC_##NAME: {                                                                      \
		const struct fg_ipc_##name *x = &a->name, *y = &b->name;                           \
		(void)x;                                                                           \
		(void)y;
#define FG_IPC_U8(z)         same &= x->z == y->z;
#define FG_IPC_U16(z)        same &= x->z == y->z;
#define FG_IPC_U32(z)        same &= x->z == y->z;
#define FG_IPC_U64(z)        same &= x->z == y->z;
#define FG_IPC_ID(z)         same &= memcmp(x->z.b, y->z.b, sizeof(x->z.b)) == 0;
#define FG_IPC_HASH(z)       same &= memcmp(x->z, y->z, sizeof(x->z)) == 0;
#define FG_IPC_BYTES(z, max) same &= bytes_equal(&x->z, &y->z);
#define FG_IPC_TEXT(z, max)  same &= bytes_equal(&x->z, &y->z);
#define FG_IPC_CLEAR(z, max) same &= bytes_equal(&x->z, &y->z);
#define FG_IPC_END(NAME, name)                                                                     \
	}                                                                                          \
	break;
#define FG_IPC_TAKES_FD(NAME)
#define FG_IPC_CARRIES(FROM, TO, NAME)
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
	}
	return same;
}
