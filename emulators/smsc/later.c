/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is due later, in a binary heap: adding and taking are O(log n), so that a million receipts
 * may be outstanding. And queues of what waits for a receiver.
 */
#include "emulators/smsc/center.h"

#include <stdlib.h>

static bool before(const struct smsc_later *a, const struct smsc_later *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static bool grow(struct smsc_heap *heap)
{
	size_t cap = heap->cap ? 2 * heap->cap : 1024;
	struct smsc_later **at;

	if (heap->count < heap->cap)
		return true;
	at = heap->count >= SMSC_LATER_MAX ? NULL : realloc(heap->at, cap * sizeof(*at));
	if (!at)
		return false;
	heap->at = at;
	heap->cap = cap;
	return true;
}

void smsc_later_free(struct smsc_later *later_take)
{
	if (later_take->conn)
		smsc_conn_release(later_take->conn);
	free(later_take);
}

bool smsc_later_add(struct smsc_center *center, struct smsc_later *later_take, uint64_t delay_us)
{
	struct smsc_heap *heap = &center->heap;
	size_t i = heap->count;

	if (!grow(heap)) {
		smsc_later_free(later_take);
		return false;
	}
	later_take->due_us = center->now_us + delay_us;
	later_take->order = heap->order++;
	for (heap->count++; i > 0 && before(later_take, heap->at[(i - 1) / 2]); i = (i - 1) / 2)
		heap->at[i] = heap->at[(i - 1) / 2];
	heap->at[i] = later_take;
	return true;
}

static struct smsc_later *heap_take(struct smsc_heap *heap)
{
	struct smsc_later *top = heap->at[0], *last = heap->at[--heap->count];
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

bool smsc_center_next(const struct smsc_center *center, uint64_t *due_us_out)
{
	if (center->heap.count == 0)
		return false;
	*due_us_out = center->heap.at[0]->due_us;
	return true;
}

void smsc_center_run(struct smsc_center *center, uint64_t now_us)
{
	uint64_t due_us;

	while (smsc_center_next(center, &due_us) && due_us <= now_us) {
		struct smsc_later *later = heap_take(&center->heap);

		if (due_us > center->now_us)
			center->now_us = due_us;
		later->fire(center, later);
	}
	if (now_us > center->now_us)
		center->now_us = now_us;
}

void smsc_queue_add(struct smsc_queue *queue, struct smsc_later *later_take)
{
	if (!queue->first)
		queue->last = &queue->first;
	later_take->next = NULL;
	*queue->last = later_take;
	queue->last = &later_take->next;
}

struct smsc_later *smsc_queue_take(struct smsc_queue *queue)
{
	struct smsc_later *later = queue->first;

	if (later)
		queue->first = later->next;
	return later;
}

static void queue_clear(struct smsc_queue *queue)
{
	struct smsc_later *later;

	while ((later = smsc_queue_take(queue)))
		smsc_later_free(later);
}

void smsc_later_clear(struct smsc_center *center)
{
	while (center->heap.count > 0)
		smsc_later_free(heap_take(&center->heap));
	free(center->heap.at);
	queue_clear(&center->waiting);
	for (struct smsc_conn *conn = center->conns; conn; conn = conn->next)
		queue_clear(&conn->sent); /* its owner holds it */
	for (struct smsc_system *system = center->systems; system; system = system->next)
		queue_clear(&system->waiting);
}
