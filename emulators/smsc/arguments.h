/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the command line of fallgate-smsc says.
 */
#pragma once

#include "emulators/smsc/smsc.h"

struct smsc_arguments {
	struct fg_smsc_options options;
	bool json, quiet;
	const char *tls_certificate, *tls_key, *tls_client_ca;
	unsigned long count;
};

/*! Says what is wrong and exits with 2; exits with 0 after --help. */
void smsc_arguments_read(struct smsc_arguments *arguments, int argc, char **argv);
