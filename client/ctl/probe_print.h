/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a probe found: for people as comments, for the configuration as keys of a link in the syntax of fallgate.conf, or as one JSON object.
 */
#pragma once

#include <stdio.h>

#include "client/ctl/probe.h"

/*! What data_coding 0 is, as read from a phone. */
enum fg_probe_alphabet {
	FG_PROBE_ALPHABET_UNKNOWN,
	FG_PROBE_ALPHABET_GSM,
	FG_PROBE_ALPHABET_ASCII,
	FG_PROBE_ALPHABET_OTHER
};

void fg_probe_print(FILE *out, const struct fg_probe_options *options,
		    const struct fg_probe_result *result, enum fg_probe_alphabet alphabet);
void fg_probe_print_json(FILE *out, const struct fg_probe_options *options,
			 const struct fg_probe_result *result, enum fg_probe_alphabet alphabet);
