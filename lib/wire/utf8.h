/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * UTF-8, strictly (RFC 3629, section 4): no overlong forms, no surrogates, nothing above U+10FFFF.
 * NUL is a character like others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FG_UTF8_MAX         4       /*!< bytes of the longest character */
#define FG_UTF8_REPLACEMENT 0xFFFDu /*!< stands for what cannot be shown (Unicode, 3.9) */

/*! Read the first character of text.
 *  \param[out] cp_out  the code point; untouched when there is none.
 *  \return its bytes, 1..4; 0 when len is 0 or the bytes are not UTF-8. */
size_t fg_utf8_next(const uint8_t *text, size_t len, uint32_t *cp_out);

/*! Is the whole of text UTF-8? An empty text is. O(len). */
bool fg_utf8_valid(const uint8_t *text, size_t len);

/*! Write cp to out and return its bytes, 1..4. What is no character (a surrogate, above U+10FFFF)
 * becomes U+FFFD. */
size_t fg_utf8_put(uint32_t cp, uint8_t out[static FG_UTF8_MAX]);

/* ---- Characters that somebody else cut in two, at the end of a part of a long message ---- */

enum { FG_UTF8_HALF_LEN = 3 };

/*! Write one half of a pair (UTF-16: D800 to DFFF) as UTF-8 would, were it a character. */
void fg_utf8_put_half(uint32_t half, uint8_t out[static FG_UTF8_HALF_LEN]);

/*! Make such halves characters again where two stand together as a pair; each other one becomes U+FFFD. In place; the rest of text is as
 *  before. \return how long it is now. O(len). */
size_t fg_utf8_mend(uint8_t *text, size_t len);
