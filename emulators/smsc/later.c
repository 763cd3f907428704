/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is due later, and queues of what waits for a receiver.
 */
#include "emulators/smsc/center.h"

#include <stdlib.h>

void smsc_later_free(struct smsc_later *later_take)
{
	if (later_take->conn)
		smsc_conn_release(later_take->conn);
	free(later_take);
}

bool smsc_later_add(struct smsc_center *center, struct smsc_later *later_take, uint64_t delay_us)
{
	if (emu_heap_add(&center->heap, &later_take->due, center->now_us + delay_us))
		return true;
	smsc_later_free(later_take);
	return false;
}

bool smsc_center_next(const struct smsc_center *center, uint64_t *due_us_out)
{
	return emu_heap_next(&center->heap, due_us_out);
}

void smsc_center_run(struct smsc_center *center, uint64_t now_us)
{
	uint64_t due_us;

	while (smsc_center_next(center, &due_us) && due_us <= now_us) {
		struct smsc_later *later = (struct smsc_later *)emu_heap_take(&center->heap);

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
		smsc_later_free((struct smsc_later *)emu_heap_take(&center->heap));
	free(center->heap.at);
	queue_clear(&center->waiting);
	for (struct smsc_conn *conn = center->conns; conn; conn = conn->next)
		queue_clear(&conn->sent); /* its owner holds it */
	for (struct smsc_system *system = center->systems; system; system = system->next)
		queue_clear(&system->waiting);
}
