/* SPDX-License-Identifier: ISC
 *
 * Base64 with padding (RFC 4648, section 4), strict: one spelling for each sequence of bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

/*! Characters for len bytes, without NUL. */
#define FG_BASE64_LEN(len) (((len) + 2) / 3 * 4)

/*! Write data as a NUL-terminated text. FG_OK; FG_E_SPACE unless cap is above FG_BASE64_LEN(len). */
enum fg_rc fg_base64_encode(const void *data, size_t len, char *out, size_t cap);

/*! Read text_len characters. out may have been written to after FG_E_SYNTAX.
 *  \return FG_OK; FG_E_SYNTAX for a foreign character, wrong padding or bits set past the end; FG_E_SPACE. */
enum fg_rc fg_base64_decode(const char *text, size_t text_len, void *out, size_t cap,
			    size_t *len_out);
