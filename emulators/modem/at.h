/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The functions of commands.def.
 */
#pragma once

#include "emulators/modem/state.h"

#define PHONE_COMMAND(name, function, needs)                                                       \
	int function(struct phone *phone, const struct phone_command *command, enum at_form form,  \
		     const struct at_params *params);
#define PHONE_SETTING(name, needs, first, min, max)
#include "emulators/modem/commands.def"
#undef PHONE_COMMAND
#undef PHONE_SETTING
