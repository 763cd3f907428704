/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/index.h"

#include <talloc.h>
#include "lib/crypto/crypto.h"

enum { FIRST_CAP = 8 };

#define HOUR_MS 3600000ull

/* Open addressing. Three words, so that nothing is lost to alignment. */
struct slot {
	uint32_t tag; /* 0: free */
	uint32_t place_low;
	uint16_t place_high;
	uint16_t
		hour; /* since 1970, modulo 2^16, the first at whose start it is expired; 0: never */
};

_Static_assert(sizeof(struct slot) == 12, "a slot has no holes");

struct part {
	struct slot *slots;
	uint32_t count, cap;
};

struct fg_index {
	uint8_t salt[FG_SHORTHASH_KEY_LEN];
	struct part parts[FG_INDEX_PARTS];
	unsigned next_swept;
	size_t count;
};

struct fg_index *fg_index_new(void *ctx)
{
	struct fg_index *index = talloc_zero(ctx, struct fg_index);

	if (index)
		fg_random(index->salt, sizeof(index->salt));
	return index;
}

struct hash {
	uint8_t part;
	uint32_t tag;
};

static struct hash hash_of(const struct fg_index *index, const void *key, size_t len)
{
	uint64_t hash = fg_shorthash(index->salt, key, len);
	uint32_t tag = (uint32_t)(hash >> 8);

	return (struct hash){ .part = (uint8_t)hash, .tag = tag ? tag : 1 };
}

/* The tag's share of the part: tags are as good as random. */
static uint32_t first_slot(const struct part *part, uint32_t tag)
{
	return (uint32_t)((uint64_t)tag * part->cap >> 32);
}

static uint32_t next_slot(const struct part *part, uint32_t at)
{
	return at + 1 < part->cap ? at + 1 : 0;
}

static void insert(struct part *part, struct slot slot)
{
	uint32_t at = first_slot(part, slot.tag);

	while (part->slots[at].tag)
		at = next_slot(part, at);
	part->slots[at] = slot;
	part->count++;
}

static bool is_expired(const struct slot *slot, uint16_t hour)
{
	return slot->hour && (int16_t)(uint16_t)(hour - slot->hour) >= 0;
}

/* All that is not expired into an array of cap; hour NULL: nothing is. */
static enum fg_rc rebuild(struct fg_index *index, struct part *part, uint32_t cap,
			  const uint16_t *hour)
{
	struct part fresh = { .cap = cap };

	fresh.slots = talloc_zero_array(index, struct slot, cap);
	if (!fresh.slots)
		return FG_E_NO_MEMORY;
	for (uint32_t i = 0; i < part->cap; i++)
		if (part->slots[i].tag && !(hour && is_expired(&part->slots[i], *hour)))
			insert(&fresh, part->slots[i]);
	index->count -= part->count - fresh.count;
	talloc_free(part->slots);
	*part = fresh;
	return FG_OK;
}

/* Between a half and four fifths are in use. */
static bool is_full(const struct part *part)
{
	return 5 * (uint64_t)(part->count + 1) > 4 * (uint64_t)part->cap;
}

static uint32_t cap_for(uint32_t count)
{
	uint32_t cap = count + count / 2 + count / 8;

	return cap < FIRST_CAP ? FIRST_CAP : cap;
}

enum fg_rc fg_index_reserve(struct fg_index *index, const void *key, size_t len)
{
	struct part *part = &index->parts[hash_of(index, key, len).part];

	return is_full(part) ? rebuild(index, part, cap_for(part->count + 1), NULL) : FG_OK;
}

static uint16_t hour_of(uint64_t expires_ms)
{
	uint16_t hour = (uint16_t)(expires_ms / HOUR_MS + 1);

	if (expires_ms == FG_INDEX_FOREVER)
		return 0;
	return hour ? hour : 1;
}

enum fg_rc fg_index_put(struct fg_index *index, const void *key, size_t len, uint64_t place,
			uint64_t expires_ms)
{
	struct hash hash = hash_of(index, key, len);
	enum fg_rc rc = fg_index_reserve(index, key, len);

	if (rc != FG_OK)
		return rc;
	insert(&index->parts[hash.part], (struct slot){ .tag = hash.tag,
							.place_low = (uint32_t)place,
							.place_high = (uint16_t)(place >> 32),
							.hour = hour_of(expires_ms) });
	index->count++;
	return FG_OK;
}

bool fg_index_next(const struct fg_index *index, const void *key, size_t len, uint32_t *at,
		   uint64_t *place_out)
{
	struct hash hash = hash_of(index, key, len);
	const struct part *part = &index->parts[hash.part];
	uint32_t slot = part->cap ? first_slot(part, hash.tag) : 0;

	/* *at: how many slots after the first were looked at. Some slot is free always, so this ends. */
	if (part->cap == 0)
		return false;
	slot = (uint32_t)(((uint64_t)slot + *at) % part->cap);
	for (; part->slots[slot].tag; slot = next_slot(part, slot)) {
		const struct slot *found = &part->slots[slot];

		(*at)++;
		if (found->tag != hash.tag)
			continue;
		*place_out = (uint64_t)found->place_high << 32 | found->place_low;
		return true;
	}
	return false;
}

void fg_index_sweep(struct fg_index *index, uint64_t now_ms, unsigned parts)
{
	uint16_t hour = (uint16_t)(now_ms / HOUR_MS);

	for (; parts > 0; parts--) {
		struct part *part = &index->parts[index->next_swept];
		uint32_t expired = 0;

		index->next_swept = (index->next_swept + 1) % FG_INDEX_PARTS;
		for (uint32_t i = 0; i < part->cap; i++)
			expired += part->slots[i].tag && is_expired(&part->slots[i], hour);
		if (expired > 0)
			(void)rebuild(index, part, cap_for(part->count - expired), &hour);
	}
}

size_t fg_index_count(const struct fg_index *index)
{
	return index->count;
}

size_t fg_index_bytes(const struct fg_index *index)
{
	size_t bytes = sizeof(*index);

	for (unsigned i = 0; i < FG_INDEX_PARTS; i++)
		bytes += index->parts[i].cap * sizeof(struct slot);
	return bytes;
}
