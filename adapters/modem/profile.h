/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How one model of modem differs: a row of profiles.def. Code asks the row and never for a name.
 */
#pragma once

#include <stdint.h>

struct fg_modem_profile {
	const char *name, *maker, *model;
	const char *init;    /*!< a command, or "" */
	const char *storage; /*!< two letters, or ""; used where the modem has it */
	uint16_t busy;
	uint16_t body_s;
};

/*! By what a modem says of itself. Never NULL. */
const struct fg_modem_profile *fg_modem_profile_choose(const char *maker, const char *model);

/*! By name; NULL: no such row. */
const struct fg_modem_profile *fg_modem_profile_find(const char *name);
