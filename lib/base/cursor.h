/* SPDX-License-Identifier: ISC
 *
 * Reading and writing bytes without ever leaving the buffer.
 *
 * A cursor reads, a writer writes; both are plain values on the stack, own nothing and allocate nothing. Both are sticky: the
 * first failure is kept and every later call fails too, so that a parser can read a whole structure and check once.
 * Integers are big-endian, as on every wire that Fallgate speaks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

struct fg_cursor {
	const uint8_t *start;
	const uint8_t *at;
	const uint8_t *end;
	enum fg_rc rc; /*!< first failure, FG_OK while all is well */
};

/*! Read len bytes at data; data is borrowed for the cursor's life and may be NULL only when len is 0. */
void fg_cursor_init(struct fg_cursor *cur, const void *data, size_t len);

/*! Bytes not read yet; 0 after a failure. */
size_t fg_cursor_left(const struct fg_cursor *cur);

/*! Bytes read so far: where an error is. */
size_t fg_cursor_pos(const struct fg_cursor *cur);

/*! Fail with rc unless the cursor failed before. Returns the cursor's rc. */
enum fg_rc fg_cursor_fail(struct fg_cursor *cur, enum fg_rc rc);

/*! The next integer; 0 after a failure (FG_E_TRUNCATED). */
uint8_t fg_cursor_u8(struct fg_cursor *cur);
uint16_t fg_cursor_u16(struct fg_cursor *cur);
uint32_t fg_cursor_u32(struct fg_cursor *cur);
uint64_t fg_cursor_u64(struct fg_cursor *cur);

/*! The next len bytes, inside the buffer; NULL after a failure (FG_E_TRUNCATED). */
const uint8_t *fg_cursor_bytes(struct fg_cursor *cur, size_t len);

/*! Copy the next len bytes to out; out is left as it was after a failure. */
void fg_cursor_copy(struct fg_cursor *cur, void *out, size_t len);

/*! A string that ends in NUL within max bytes, NUL included. Returns it inside the buffer with *len_out its length without the
 *  NUL; NULL after a failure: FG_E_TRUNCATED at the end of the buffer, FG_E_TOO_LONG without NUL in max bytes. */
const char *fg_cursor_cstring(struct fg_cursor *cur, size_t max, size_t *len_out);

/*! FG_OK when nothing failed and nothing is left; FG_E_TRAILING when bytes are left. */
enum fg_rc fg_cursor_end(struct fg_cursor *cur);

struct fg_writer {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	enum fg_rc rc; /*!< first failure, FG_OK while all is well */
};

/*! Write into cap bytes at buf, borrowed for the writer's life. */
void fg_writer_init(struct fg_writer *w, void *buf, size_t cap);

/*! Bytes written so far. */
size_t fg_writer_len(const struct fg_writer *w);

/*! Bytes that still fit; 0 after a failure. */
size_t fg_writer_left(const struct fg_writer *w);

void fg_writer_u8(struct fg_writer *w, uint8_t v);
void fg_writer_u16(struct fg_writer *w, uint16_t v);
void fg_writer_u32(struct fg_writer *w, uint32_t v);
void fg_writer_u64(struct fg_writer *w, uint64_t v);
void fg_writer_bytes(struct fg_writer *w, const void *data, size_t len);

/*! len bytes and a NUL. */
void fg_writer_cstring(struct fg_writer *w, const char *text, size_t len);

/*! Overwrite four bytes at offset, which were written before: for a length known only at the end. */
void fg_writer_patch_u32(struct fg_writer *w, size_t offset, uint32_t v);
