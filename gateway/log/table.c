/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/table.h"

#include <string.h>
#include <talloc.h>
#include "lib/crypto/crypto.h"

enum { FIRST_CAP = 64 };

struct slot {
	uint8_t key[FG_TABLE_KEY_MAX];
	void *value; /* NULL: free */
};

struct fg_table {
	size_t key_len, count, cap;
	uint8_t salt[FG_SHORTHASH_KEY_LEN];
	struct slot *slots;
};

struct fg_table *fg_table_new(void *ctx, size_t key_len)
{
	struct fg_table *table = talloc_zero(ctx, struct fg_table);

	if (!table)
		return NULL;
	table->key_len = key_len;
	table->cap = FIRST_CAP;
	fg_random(table->salt, sizeof(table->salt));
	table->slots = talloc_zero_array(table, struct slot, FIRST_CAP);
	if (!table->slots)
		TALLOC_FREE(table);
	return table;
}

static size_t home_of(const struct fg_table *table, size_t cap, const void *key)
{
	return (size_t)fg_shorthash(table->salt, key, table->key_len) & (cap - 1);
}

static struct slot *find(const struct fg_table *table, struct slot *slots, size_t cap,
			 const void *key)
{
	size_t at = home_of(table, cap, key);

	while (slots[at].value && memcmp(slots[at].key, key, table->key_len) != 0)
		at = (at + 1) & (cap - 1);
	return &slots[at];
}

void *fg_table_get(const struct fg_table *table, const void *key)
{
	return find(table, table->slots, table->cap, key)->value;
}

static enum fg_rc grow(struct fg_table *table)
{
	size_t cap = 2 * table->cap;
	struct slot *slots = talloc_zero_array(table, struct slot, (unsigned)cap);

	if (!slots)
		return FG_E_NO_MEMORY;
	for (size_t i = 0; i < table->cap; i++)
		if (table->slots[i].value)
			*find(table, slots, cap, table->slots[i].key) = table->slots[i];
	talloc_free(table->slots);
	table->slots = slots;
	table->cap = cap;
	return FG_OK;
}

enum fg_rc fg_table_reserve(struct fg_table *table)
{
	return 2 * (table->count + 1) > table->cap ? grow(table) : FG_OK;
}

enum fg_rc fg_table_put(struct fg_table *table, const void *key, void *value)
{
	struct slot *slot;

	if (fg_table_reserve(table) != FG_OK)
		return FG_E_NO_MEMORY;
	slot = find(table, table->slots, table->cap, key);
	if (!slot->value)
		table->count++;
	memcpy(slot->key, key, table->key_len);
	slot->value = value;
	return FG_OK;
}

/* Knuth, Algorithm 6.4 R: what could not stand in the freed slot before moves there. */
void fg_table_remove(struct fg_table *table, const void *key)
{
	struct slot *slots = table->slots;
	size_t mask = table->cap - 1, freed = (size_t)(find(table, slots, table->cap, key) - slots);

	if (!slots[freed].value)
		return;
	for (size_t at = (freed + 1) & mask; slots[at].value; at = (at + 1) & mask) {
		size_t home = home_of(table, table->cap, slots[at].key);

		if (((at - home) & mask) < ((at - freed) & mask))
			continue;
		slots[freed] = slots[at];
		freed = at;
	}
	slots[freed].value = NULL;
	table->count--;
}

size_t fg_table_count(const struct fg_table *table)
{
	return table->count;
}

void *fg_table_next(const struct fg_table *table, size_t *at)
{
	while (*at < table->cap) {
		void *value = table->slots[(*at)++].value;

		if (value)
			return value;
	}
	return NULL;
}
