/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/counters.h"

#include "emulators/smsc/smsc.h"

const char *fg_smsc_counters_text(const struct fg_smsc_counters *counters, bool json, char *out,
				  size_t cap)
{
	const struct emu_counter rows[] = {
#define FG_SMSC_COUNTER(name, note) { #name, note, &counters->name },
#include "emulators/smsc/counters.def"
#undef FG_SMSC_COUNTER
	};
	const struct emu_numbered statuses = { "status", "answers to messages", true,
					       counters->status, 256 };

	emu_counters_text(rows, sizeof(rows) / sizeof(rows[0]), &statuses, json, out, cap);
	return out;
}
