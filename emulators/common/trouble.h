/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Why an emulator could not begin: which of its options, and what was wrong with it.
 */
#pragma once

struct emu_trouble {
	const char *option; /*!< "--control"; NULL: nothing to say */
	char value[128], why[80];
};

/*! Keep that; why is NULL for what errno says. The first counts. trouble may be NULL. */
void emu_trouble_note(struct emu_trouble *trouble, const char *option, const char *value,
		      const char *why);
