/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a device may use up: lookups (who asks for many handles learns who uses this gateway) and submits. Token buckets of each device, in
 * memory, kept over its connections; they fail closed: without memory to count there is neither.
 */
#pragma once

#include "gateway/core/core.h"

/*! Take one lookup. False: over limits.lookups_burst, _per_minute or _per_day. O(1). */
bool fg_budget_lookup(struct fg_core *core, const uint8_t device_id[static FG_DEVICE_ID_LEN]);

/*! Take one submit. False: over limits.submits_burst, _per_second.
 *  \param[out] retry_ms when one more is allowed; set when false. */
bool fg_budget_submit(struct fg_core *core, const uint8_t device_id[static FG_DEVICE_ID_LEN],
		      uint64_t *retry_ms);

void fg_budgets_free(struct fg_core *core);
