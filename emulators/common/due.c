/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/due.h"

#include <stdlib.h>

static bool before(const struct emu_due *a, const struct emu_due *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static bool grow(struct emu_heap *heap)
{
	size_t cap = heap->cap ? 2 * heap->cap : 1024;
	struct emu_due **at;

	if (heap->count < heap->cap)
		return true;
	at = heap->count >= EMU_DUE_MAX ? NULL : realloc(heap->at, cap * sizeof(*at));
	if (!at)
		return false;
	heap->at = at;
	heap->cap = cap;
	return true;
}

bool emu_heap_add(struct emu_heap *heap, struct emu_due *due, uint64_t due_us)
{
	size_t i = heap->count;

	if (!grow(heap))
		return false;
	due->due_us = due_us;
	due->order = heap->order++;
	for (heap->count++; i > 0 && before(due, heap->at[(i - 1) / 2]); i = (i - 1) / 2)
		heap->at[i] = heap->at[(i - 1) / 2];
	heap->at[i] = due;
	return true;
}

bool emu_heap_next(const struct emu_heap *heap, uint64_t *due_us_out)
{
	if (heap->count == 0)
		return false;
	*due_us_out = heap->at[0]->due_us;
	return true;
}

struct emu_due *emu_heap_take(struct emu_heap *heap)
{
	struct emu_due *top = heap->at[0], *last = heap->at[--heap->count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < heap->count) {
		if (child + 1 < heap->count && before(heap->at[child + 1], heap->at[child]))
			child++;
		if (!before(heap->at[child], last))
			break;
		heap->at[i] = heap->at[child];
		i = child;
	}
	heap->at[i] = last;
	return top;
}
