/* SPDX-License-Identifier: ISC
 *
 * Message ids: 128 bits, the first 48 a time in milliseconds, the rest random. Time-ordered, so that an index grows at its
 * right edge; the random part comes from the caller, so that this file needs no source of randomness.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

#define FG_ID_LEN      16
#define FG_ID_TEXT_LEN 32 /* hex, without NUL */

struct fg_id {
	uint8_t b[FG_ID_LEN];
};

/*! An id for time_ms (Unix, UTC) with ten random bytes. */
struct fg_id fg_id_make(uint64_t time_ms, const uint8_t random[static 10]);

/*! The time inside, Unix milliseconds. */
uint64_t fg_id_time_ms(const struct fg_id *id);

/*! -1, 0, 1: order of time, then of the rest. */
int fg_id_cmp(const struct fg_id *a, const struct fg_id *b);
bool fg_id_is_zero(const struct fg_id *id);

/*! 32 lower-case hex digits and NUL. Returns text_out. */
const char *fg_id_text(const struct fg_id *id, char text_out[static FG_ID_TEXT_LEN + 1]);

/*! Exactly 32 hex digits of either case. FG_OK or FG_E_SYNTAX. */
enum fg_rc fg_id_parse(const char *text, struct fg_id *id_out);

/*! Lower-case hex of any bytes: out needs 2 * len + 1. Returns out. */
char *fg_hex(const void *data, size_t len, char *out);

/*! Exactly len bytes from 2 * len hex digits, then the end of text. FG_OK or FG_E_SYNTAX. */
enum fg_rc fg_unhex(const char *text, void *out, size_t len);
