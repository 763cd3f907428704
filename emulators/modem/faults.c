/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What goes wrong on purpose, and the counters.
 */
#include "emulators/modem/state.h"

#include <string.h>
#include "emulators/common/counters.h"

static const char *const names[FAULTS] = {
	[FAULT_LOST_PROMPT] = "lost-prompt",
	[FAULT_SILENCE] = "silence",
	[FAULT_HANGUP] = "hang-up",
	[FAULT_NOISE] = "noise",
	[FAULT_ECHO_STUCK] = "echo-stuck",
	[FAULT_DOUBLE_REPORT] = "double-report",
	[FAULT_NO_OK] = "no-ok",
	[FAULT_LATE] = "late",
	[FAULT_CUT] = "cut",
	[FAULT_GARBAGE] = "garbage",
	[FAULT_CMS] = "cms",
};

bool phone_fault(struct phone *phone, const char *name, unsigned times)
{
	unsigned code = CMS_UNKNOWN;

	if (strncmp(name, "cms=", 4) == 0) {
		if (!emu_number_parse(name + 4, PHONE_CMS_MAX - 1, &code))
			return false;
		name = "cms";
	}
	for (unsigned i = 0; i < FAULTS; i++)
		if (strcmp(names[i], name) == 0) {
			phone->faults[i] = times;
			phone->fault_cms = i == FAULT_CMS ? code : phone->fault_cms;
			return true;
		}
	return false;
}

void phone_faults_clear(struct phone *phone)
{
	memset(phone->faults, 0, sizeof(phone->faults));
	phone->options.slow_us = 0;
}

void phone_slow(struct phone *phone, unsigned us)
{
	phone->options.slow_us = us;
}

bool phone_fault_set(const struct phone *phone, enum fault_kind kind)
{
	return phone->faults[kind] > 0;
}

bool phone_fault_now(struct phone *phone, enum fault_kind kind)
{
	if (phone->faults[kind] == 0)
		return false;
	phone->faults[kind]--;
	phone->counters.faults++;
	phone_happened(phone, "fault", "", 0, names[kind]);
	return true;
}

/* ---- Counters ---- */

void phone_counters_add(struct phone_counters *sum, const struct phone_counters *more)
{
#define PHONE_COUNTER(name, note) sum->name += more->name;
#include "emulators/modem/counters.def"
#undef PHONE_COUNTER
	for (unsigned i = 0; i < PHONE_CMS_MAX; i++)
		sum->cms[i] += more->cms[i];
}

const char *phone_counters_text(const struct phone_counters *counters, bool json, char *out,
				size_t cap)
{
	const struct emu_counter rows[] = {
#define PHONE_COUNTER(name, note) { #name, note, &counters->name },
#include "emulators/modem/counters.def"
#undef PHONE_COUNTER
	};
	const struct emu_numbered errors = { "cms", "answers +CMS ERROR", false, counters->cms,
					     PHONE_CMS_MAX };

	emu_counters_text(rows, sizeof(rows) / sizeof(rows[0]), &errors, json, out, cap);
	return out;
}
