/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one HTTP request that a device makes: the opening handshake of WebSocket. Bytes in, a verdict and response bytes out; no I/O, no
 * memory of its own. What is not exactly this request is refused; nothing of it is kept.
 * Source: RFC 6455, 4.2; RFC 9112, 2.2, 3 and 5.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

#define FG_UPGRADE_PATH     "/v1/device"
#define FG_UPGRADE_PROTOCOL "fallgate.1"

enum {
	FG_UPGRADE_HEAD_MAX =
		4096, /*!< request line and fields with the empty line; ours: 4.5 of the limits */
	FG_UPGRADE_KEY_LEN = 24,       /*!< base64 of 16 bytes */
	FG_UPGRADE_RESPONSE_MAX = 256, /*!< room for every response */
};

struct fg_upgrade {
	size_t head_len; /*!< bytes of the request; what follows belongs to WebSocket */
	char key[FG_UPGRADE_KEY_LEN + 1]; /*!< Sec-WebSocket-Key */
};

/*! Look at all bytes that came so far.
 *  \param[out] upgrade_out filled on FG_OK.
 *  \param[out] status_out  HTTP status on any error but FG_E_TRUNCATED: 400, 404, 426 or 431.
 *  \return FG_OK: a request to be accepted; FG_E_TRUNCATED: not complete yet; FG_E_TOO_LONG: not complete in FG_UPGRADE_HEAD_MAX (431);
 *  FG_E_SYNTAX (400); FG_E_NOT_FOUND: another path (404); FG_E_VERSION: no WebSocket of version 13 (426).
 *  Pure; O(len). */
enum fg_rc fg_upgrade_parse(const void *data, size_t len, struct fg_upgrade *upgrade_out,
			    unsigned *status_out);

/*! The answer 101 with its Sec-WebSocket-Accept, not NUL-terminated. FG_OK; FG_E_SYSTEM when SHA-1 is not to be had. */
enum fg_rc fg_upgrade_accept(const struct fg_upgrade *upgrade,
			     char out[static FG_UPGRADE_RESPONSE_MAX], size_t *len_out);

/*! The answer to a request that was refused, not NUL-terminated; returns its length. status: one of fg_upgrade_parse(). */
size_t fg_upgrade_refuse(unsigned status, char out[static FG_UPGRADE_RESPONSE_MAX]);
