/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An array on the disk that only grows: items of one length, the newest in memory. What stands in it follows from something durable and is
 * made anew at each start, so nothing is synced and nothing of an older file is read.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

enum { FG_SPILL_ITEM_MAX = 64 };

struct fg_spill;

/*! An empty array in the file at path, mode 0600; what was in it is gone. FG_OK; FG_E_LOG_IO; FG_E_NO_MEMORY. */
enum fg_rc fg_spill_new(void *ctx, const char *path, size_t item_len, struct fg_spill **spill_out);

/*! FG_OK or FG_E_LOG_IO. A write now and then; memory for 64 KiB of items. */
enum fg_rc fg_spill_append(struct fg_spill *spill, const void *item);

uint64_t fg_spill_count(const struct fg_spill *spill);

/*! index below the count. FG_OK or FG_E_LOG_IO. One read, or none for the newest. */
enum fg_rc fg_spill_get(const struct fg_spill *spill, uint64_t index, void *item_out);
