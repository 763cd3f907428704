/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the command line of fallgate-modem says.
 */
#pragma once

#include "emulators/modem/bank.h"

struct modem_arguments {
	struct bank_options options;
	bool json, quiet;
	unsigned long messages; /* leave after so many; 0: never */
};

/*! Says what is wrong and exits with 2; exits with 0 after --help. Texts of files are allocated and
 * never freed. */
void modem_arguments_read(struct modem_arguments *arguments, int argc, char **argv);
