/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/trouble.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void emu_trouble_note(struct emu_trouble *trouble, const char *option, const char *value,
		      const char *why)
{
	const char *reason = why ? why : strerror(errno);

	if (!trouble || trouble->option)
		return;
	trouble->option = option;
	snprintf(trouble->value, sizeof(trouble->value), "%s", value);
	snprintf(trouble->why, sizeof(trouble->why), "%s", reason);
}
