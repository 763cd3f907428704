/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is due later, in a binary heap: adding and taking are O(log n), so that a million receipts
 * may be outstanding.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EMU_DUE_MAX = 4000000 };

/* The first member of whatever is due. */
struct emu_due {
	uint64_t due_us, order; /* of two that are due together the older goes first */
};

struct emu_heap {
	struct emu_due **at; /* freed with free() by the owner */
	size_t count, cap;
	uint64_t order;
};

/*! False: there is no room. */
bool emu_heap_add(struct emu_heap *heap, struct emu_due *due, uint64_t due_us);

/*! When the first is due; false: nothing is. */
bool emu_heap_next(const struct emu_heap *heap, uint64_t *due_us_out);

/*! The first, of a heap that is not empty. */
struct emu_due *emu_heap_take(struct emu_heap *heap);
