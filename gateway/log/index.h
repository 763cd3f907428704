/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where things lie on a disk that are asked for by a key, until a time: 12 bytes each and a share of what is free, neither the thing nor
 * its key. The key's hash is salted and 40 bits of it are kept, so a place found may be that of another thing: whoever asks reads there
 * and compares. Nothing is removed but by time.
 *
 * It grows in 256 parts, each by itself, so that no single put is long.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

#define FG_INDEX_PLACE_MAX ((1ull << 48) - 1)
#define FG_INDEX_FOREVER   UINT64_MAX

enum { FG_INDEX_PARTS = 256 };

struct fg_index;

struct fg_index *fg_index_new(void *ctx); /*!< NULL without memory */

/*! Room for one thing more: the next fg_index_put() of this key succeeds. FG_OK or FG_E_NO_MEMORY. */
enum fg_rc fg_index_reserve(struct fg_index *index, const void *key, size_t len);

/*! \param[in] place      up to FG_INDEX_PLACE_MAX.
 *  \param[in] expires_ms Unix milliseconds; kept to the hour after it, or FG_INDEX_FOREVER.
 *  \return FG_OK or FG_E_NO_MEMORY. O(1) amortised. */
enum fg_rc fg_index_put(struct fg_index *index, const void *key, size_t len, uint64_t place,
			uint64_t expires_ms);

/*! Places that may be the key's: *at begins at 0; false at the end. Expired ones may come until they are swept. O(1). */
bool fg_index_next(const struct fg_index *index, const void *key, size_t len, uint32_t *at,
		   uint64_t *place_out);

/*! Forget what is expired in the next parts, in turn. Without memory a part stays as it is. O(things in parts). */
void fg_index_sweep(struct fg_index *index, uint64_t now_ms, unsigned parts);

size_t fg_index_count(const struct fg_index *index);
size_t fg_index_bytes(const struct fg_index *index); /*!< of memory, with what is free */
