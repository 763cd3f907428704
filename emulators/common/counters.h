/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counters as text: one line each, or one JSON object in one line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emu_counter {
	const char *name, *note;
	const uint64_t *at;
};

/*! A count for each number, of which those that are not 0 are shown. */
struct emu_numbered {
	const char *name, *note;
	bool hex; /*!< "0x58", else "42" */
	const uint64_t *at;
	unsigned count;
};

/*! Always ended with NUL; what does not fit is left out. */
void emu_counters_text(const struct emu_counter *counters, size_t count,
		       const struct emu_numbered *numbered, bool json, char *out, size_t cap);
