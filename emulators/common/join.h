/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joins the parts of long messages, in whatever order they come, before their text is read: other
 * people's cuts may divide a pair. Of many that are never whole the oldest give way.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "lib/wire/udh.h"

enum { EMU_PARTIALS_MAX = 1000, EMU_EXTRA_TEXT = 2048, EMU_ADDRESS_TEXT = 36 };

struct emu_part {
	const char *source, *destination;
	struct fg_udh_concat concat; /*!< total 1 for a message of one part */
	uint8_t coding;              /*!< parts of another one are of another message */
	const char *extra;           /*!< that of the first part that came is kept */
	const uint8_t *body;         /*!< behind the header */
	size_t len;
};

struct emu_whole {
	char source[EMU_ADDRESS_TEXT], destination[EMU_ADDRESS_TEXT], extra[EMU_EXTRA_TEXT];
	unsigned parts;
	uint8_t *body; /*!< a talloc child */
	size_t len;
};

struct emu_joiner;

/*! A talloc child of ctx. */
struct emu_joiner *emu_joiner_new(void *ctx);

/*! Keep a part, which is copied. The whole message when it was the last, to be freed with
 * talloc_free(); else NULL. */
struct emu_whole *emu_join(struct emu_joiner *joiner, const struct emu_part *part);
