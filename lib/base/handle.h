/* SPDX-License-Identifier: ISC
 *
 * Handles: what a message is addressed to. An E.164 number ("+12025550199") or a mail-like address ("alice@example.org"),
 * in one canonical spelling so that equal handles are equal bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "lib/base/error.h"

#define FG_HANDLE_MAX                                                                              \
	128 /* bytes, without NUL; ours: an address longer than this is a mistake or an attack */

enum fg_handle_kind {
	FG_HANDLE_NUMBER,
	FG_HANDLE_ADDRESS,
};

struct fg_handle {
	enum fg_handle_kind kind;
	char text[FG_HANDLE_MAX +
		  1]; /*!< canonical: "+" and 5 to 15 digits, or a lower-case address */
};

/*! Make text canonical. Spaces, dots, dashes and brackets inside a number are dropped; letters of an address become lower case.
 *  A number needs its "+" and must not begin with 0 (ITU-T E.164, 6.2.1: at most 15 digits); an address is
 *  local@domain of letters, digits and ._-+ with at least one character on each side.
 *  \return FG_OK or FG_E_HANDLE. */
enum fg_rc fg_handle_parse(const char *text, size_t text_len, struct fg_handle *handle_out);

bool fg_handle_equal(const struct fg_handle *a, const struct fg_handle *b);

/*! For logs: a number keeps its last three digits ("+*******199"), an address its first letter and domain. Returns out. */
const char *fg_handle_mask(const char *text, char out[static FG_HANDLE_MAX + 1]);
