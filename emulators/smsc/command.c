/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/smsc/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emulators/common/ask.h"

#define ENVIRONMENT "FALLGATE_SMSC_CONTROL"

static int usage(void)
{
	fputs("Usage: fallgate-smsc mo [--control PATH] [--data-sm] [--system-id ID] FROM TO "
	      "TEXT\n"
	      "       fallgate-smsc ctl PATH advance TIME | counters [--json] | wait COUNTER N |\n"
	      "                              rule LINE | reset | stop\n",
	      stderr);
	return 2;
}

static int command_mo(int argc, char **argv)
{
	static const struct option options[] = {
		{ "control", required_argument, NULL, 'c' },
		{ "data-sm", no_argument, NULL, 'd' },
		{ "system-id", required_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = getenv(ENVIRONMENT);
	const char *words[] = { "mo", "", "", "deliver_sm", "", "" };
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'c')
			path = optarg;
		else if (option == 'd')
			words[3] = "data_sm";
		else if (option == 'i')
			words[4] = optarg;
		else
			return usage();
	}
	if (argc - optind != 3)
		return usage();
	if (!path) {
		fputs("fallgate-smsc: which emulator? Give --control PATH or set " ENVIRONMENT "\n",
		      stderr);
		return 2;
	}
	words[1] = argv[optind];
	words[2] = argv[optind + 1];
	words[5] = argv[optind + 2];
	return emu_ask("fallgate-smsc", path, 6, words);
}

int smsc_command(int argc, char **argv)
{
	if (strcmp(argv[0], "mo") == 0)
		return command_mo(argc, argv);
	if (argc < 3)
		return usage();
	return emu_ask("fallgate-smsc", argv[1], argc - 2, (const char *const *)argv + 2);
}
