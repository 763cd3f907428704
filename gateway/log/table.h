/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A hash table from keys of one fixed length to pointers that it does not own: open addressing. The keys are hashes and
 * message ids; half of an id is its sender's to choose, so the place of a key is salted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

enum { FG_TABLE_KEY_MAX = 32 };

struct fg_table;

/*! key_len up to FG_TABLE_KEY_MAX. NULL without memory. */
struct fg_table *fg_table_new(void *ctx, size_t key_len);
/*! NULL when the key is not there. O(1). */
void *fg_table_get(const struct fg_table *table, const void *key);
/*! Room for one key more: the next fg_table_put() succeeds. FG_OK or FG_E_NO_MEMORY. */
enum fg_rc fg_table_reserve(struct fg_table *table);
/*! Add or replace; value is borrowed and not NULL. FG_OK or FG_E_NO_MEMORY. O(1) amortised. */
enum fg_rc fg_table_put(struct fg_table *table, const void *key, void *value);
/*! Nothing when the key is not there. The memory stays. */
void fg_table_remove(struct fg_table *table, const void *key);
size_t fg_table_count(const struct fg_table *table);
/*! Walk: *at begins at 0; NULL at the end. Nothing may be put or removed meanwhile. */
void *fg_table_next(const struct fg_table *table, size_t *at);
