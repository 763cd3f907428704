/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/modem/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emulators/common/ask.h"
#include "emulators/common/file.h"

static int usage(void)
{
	fputs("Usage: fallgate-modem ctl PATH ORDER [WORD]..., with one of the orders\n"
	      "  receive FROM TEXT [--flash] [--class N] [--ucs2] [--8bit] [--port N] "
	      "[--backwards]\n"
	      "          [--malformed short|length|address|header|kind|empty]\n"
	      "  report [REFERENCE] [STATE]   unplug   plug   signal 0..31|99\n"
	      "  register home|roaming|searching|denied|off   sim-full [on|off]   sim in|out\n"
	      "  fault NAME [TIMES]   slow TIME   say LINE   script FILE   rule LINE   reset\n"
	      "  advance TIME   counters [--json]   wait COUNTER N   where   stop\n"
	      "and --modem N for another than the first of several\n",
	      stderr);
	return 2;
}

/* The file is read here, since the emulator may run elsewhere. */
static int command_script(const char *path, const char *file)
{
	char *text = emu_file_text(file);
	const char *words[] = { "script", text };
	int status = 2;

	if (text)
		status = emu_ask("fallgate-modem", path, 2, words);
	else
		fprintf(stderr, "fallgate-modem: cannot read script: %s\n", file);
	free(text);
	return status;
}

int modem_command(int argc, char **argv)
{
	if (argc < 3)
		return usage();
	if (strcmp(argv[2], "script") == 0 && argc == 4)
		return command_script(argv[1], argv[3]);
	return emu_ask("fallgate-modem", argv[1], argc - 2, (const char *const *)argv + 2);
}
