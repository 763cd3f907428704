/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small text writer into a caller's buffer: no stdio, no allocation. Once the buffer is full
 * nothing more is written and the result is FG_E_SPACE; the buffer always ends in NUL.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

struct fg_prose {
	char *out;
	size_t cap, len;
	enum fg_rc rc;
};

/*! Begin. cap counts the NUL; with cap 0 out is never touched. */
void fg_prose_init(struct fg_prose *prose, char *out, size_t cap);

/*! Append a string; several strings, ended by NULL; a decimal number; one byte. */
void fg_prose_str(struct fg_prose *prose, const char *text);
void fg_prose_strs(struct fg_prose *prose, const char *const texts[]);
void fg_prose_u32(struct fg_prose *prose, uint32_t number);
void fg_prose_char(struct fg_prose *prose, char c);

/*! Several strings in one call: fg_prose_add(&p, "a", "b"). */
#define fg_prose_add(prose, ...) fg_prose_strs(prose, (const char *const[]){ __VA_ARGS__, NULL })

/*! A name, in which any byte but visible ASCII, and '%', is written as %XX: it cannot end a line or
 * a field. */
void fg_prose_escaped(struct fg_prose *prose, const char *text, size_t cap);

/*! The result; on success *len_out is the length without the NUL. */
enum fg_rc fg_prose_end(const struct fg_prose *prose, size_t *len_out);
