/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/queries.h"

#include <string.h>
#include <talloc.h>

enum { FIRST_SIZE = 256, NONE = UINT32_MAX };

/* Records keep their place as long as they are used; free ones are a list by next. */
struct record {
	struct fg_smpp_awaited awaited;
	uint64_t due_ms;
	uint32_t heap_at;
	uint32_t next; /* of the same bucket, or free */
};

struct fg_smpp_queries {
	uint32_t most, size, count, free;
	struct record *records; /* [size] */
	uint32_t *heap;         /* [size], count in use: records, the first due on top */
	uint32_t *buckets;      /* [size] */
	uint64_t refused;
};

static uint32_t *bucket_of(const struct fg_smpp_queries *queries, const char *ref)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *ref; ref++)
		hash = (hash ^ (uint8_t)*ref) * 16777619u;
	return &queries->buckets[(hash ^ hash >> 15) % queries->size];
}

static void bucket_add(struct fg_smpp_queries *queries, uint32_t at)
{
	uint32_t *bucket = bucket_of(queries, queries->records[at].awaited.ref);

	queries->records[at].next = *bucket;
	*bucket = at;
}

/* All places of a new size: records stay where they are, buckets are filled anew. */
static bool resize(struct fg_smpp_queries *queries, uint32_t size)
{
	struct record *records = talloc_realloc(queries, queries->records, struct record, size);
	uint32_t *heap = talloc_realloc(queries, queries->heap, uint32_t, size);
	uint32_t *buckets = talloc_array(queries, uint32_t, size);

	queries->records = records ? records : queries->records;
	queries->heap = heap ? heap : queries->heap;
	if (!records || !heap || !buckets) {
		talloc_free(buckets);
		return false;
	}
	memset(buckets, 0xFF, size * sizeof(*buckets)); /* NONE */
	talloc_free(queries->buckets);
	queries->buckets = buckets;
	for (uint32_t at = queries->size; at < size; at++) {
		records[at].next = queries->free;
		queries->free = at;
	}
	queries->size = size;
	for (uint32_t i = 0; i < queries->count; i++)
		bucket_add(queries, queries->heap[i]);
	return true;
}

struct fg_smpp_queries *fg_smpp_queries_new(void *ctx, uint32_t most)
{
	struct fg_smpp_queries *queries = talloc_zero(ctx, struct fg_smpp_queries);

	if (!queries)
		return NULL;
	queries->most = most;
	queries->free = NONE;
	if (!resize(queries, most < FIRST_SIZE ? most : FIRST_SIZE)) {
		talloc_free(queries);
		return NULL;
	}
	return queries;
}

/* ---- the heap: a parent is never due after its children ---- */

static void heap_set(struct fg_smpp_queries *queries, uint32_t place, uint32_t record)
{
	queries->heap[place] = record;
	queries->records[record].heap_at = place;
}

static uint64_t due_at(const struct fg_smpp_queries *queries, uint32_t place)
{
	return queries->records[queries->heap[place]].due_ms;
}

static void heap_up(struct fg_smpp_queries *queries, uint32_t place)
{
	uint32_t record = queries->heap[place];

	for (; place > 0 && due_at(queries, (place - 1) / 2) > queries->records[record].due_ms;
	     place = (place - 1) / 2)
		heap_set(queries, place, queries->heap[(place - 1) / 2]);
	heap_set(queries, place, record);
}

static void heap_down(struct fg_smpp_queries *queries, uint32_t place)
{
	uint32_t record = queries->heap[place], child;

	for (; (child = 2 * place + 1) < queries->count; place = child) {
		if (child + 1 < queries->count &&
		    due_at(queries, child + 1) < due_at(queries, child))
			child++;
		if (due_at(queries, child) >= queries->records[record].due_ms)
			break;
		heap_set(queries, place, queries->heap[child]);
	}
	heap_set(queries, place, record);
}

/* ---- records ---- */

static uint32_t find(const struct fg_smpp_queries *queries, const char *ref)
{
	uint32_t at = *bucket_of(queries, ref);

	while (at != NONE && strcmp(queries->records[at].awaited.ref, ref) != 0)
		at = queries->records[at].next;
	return at;
}

bool fg_smpp_queries_add(struct fg_smpp_queries *queries, const struct fg_smpp_awaited *awaited,
			 uint64_t due_ms)
{
	uint32_t size = queries->size > queries->most / 2 ? queries->most : 2 * queries->size, at;

	fg_smpp_queries_remove(queries, awaited->ref);
	if (queries->count == queries->size &&
	    (queries->size == queries->most || !resize(queries, size))) {
		queries->refused++;
		return false;
	}
	at = queries->free;
	queries->free = queries->records[at].next;
	queries->records[at].awaited = *awaited;
	queries->records[at].due_ms = due_ms;
	bucket_add(queries, at);
	heap_set(queries, queries->count++, at);
	heap_up(queries, queries->count - 1);
	return true;
}

struct fg_smpp_awaited *fg_smpp_queries_find(struct fg_smpp_queries *queries, const char *ref)
{
	uint32_t at = find(queries, ref);

	return at == NONE ? NULL : &queries->records[at].awaited;
}

void fg_smpp_queries_remove(struct fg_smpp_queries *queries, const char *ref)
{
	uint32_t at = find(queries, ref), *link = bucket_of(queries, ref), place;

	if (at == NONE)
		return;
	while (*link != at)
		link = &queries->records[*link].next;
	*link = queries->records[at].next;
	queries->records[at].next = queries->free;
	queries->free = at;
	place = queries->records[at].heap_at;
	queries->count--;
	if (place == queries->count)
		return;
	heap_set(queries, place, queries->heap[queries->count]);
	heap_up(queries, place);
	heap_down(queries, queries->records[queries->heap[place]].heap_at);
}

void fg_smpp_queries_put_off(struct fg_smpp_queries *queries, const char *ref, uint64_t due_ms)
{
	uint32_t at = find(queries, ref);

	if (at == NONE)
		return;
	queries->records[at].due_ms = due_ms;
	heap_up(queries, queries->records[at].heap_at);
	heap_down(queries, queries->records[at].heap_at);
}

const struct fg_smpp_awaited *fg_smpp_queries_first(const struct fg_smpp_queries *queries)
{
	return queries->count ? &queries->records[queries->heap[0]].awaited : NULL;
}

uint64_t fg_smpp_queries_due_ms(const struct fg_smpp_queries *queries)
{
	return queries->count ? due_at(queries, 0) : UINT64_MAX;
}

uint32_t fg_smpp_queries_count(const struct fg_smpp_queries *queries)
{
	return queries->count;
}

uint64_t fg_smpp_queries_refused(const struct fg_smpp_queries *queries)
{
	return queries->refused;
}
