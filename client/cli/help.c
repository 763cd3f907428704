/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What --help says: of fallgate, and of each subcommand every option in one line, and the exit
 * codes that it has. docs/man/fallgate.1 says the same at more length.
 */
#include "client/cli/cli.h"

#include <string.h>

#define EXITS(code) (1U << (code))

enum {
	EXITS_LOCAL = EXITS(CLI_OK) | EXITS(CLI_ERROR) | EXITS(CLI_USAGE),
	EXITS_ONLINE = EXITS_LOCAL | EXITS(CLI_UNREACHABLE),
};

static const struct help {
	const char *name, *usage, *what, *options;
	unsigned exits;
} helps[] = {
	{ "register",
	  "--trust FILE --invitation CODE [--name N] HANDLE\n"
	  "  fallgate register        [--trust FILE] --approval TEXT",
	  "Make keys and register them for a handle, or as another device of an account.",
	  "  --trust FILE       gateway.trust, from the operator: whose answers are believed\n"
	  "  --invitation CODE  from the operator: proves that the handle is yours\n"
	  "  --approval TEXT    what \"fallgate devices approve\" printed for this device's code\n"
	  "  --name N           what the other devices of the account call this one\n"
	  "  HANDLE             a number such as +12025550101, or an address such as "
	  "me@example.org\n",
	  EXITS_ONLINE },
	{ "send",
	  "[--allow sms[,rcs,mms]] [--if-undelivered S] [--policy secure-only|ask|allow]\n"
	  "                           [--class C] [--pin-ack] [--expires S] [--id ID] "
	  "[--wait KINDS] [--timeout S] HANDLE TEXT",
	  "Send one message and print what became of it.",
	  "  --allow BEARERS     consent in advance to sms, rcs or mms, with commas, when the "
	  "recipient has no secure device\n"
	  "  --if-undelivered S  with --allow: consent also when secure devices stay silent for S "
	  "seconds\n"
	  "  --policy POLICY     secure-only: never unprotected; ask: ask me (default); allow: as "
	  "--allow says\n"
	  "  --class C           otp, interactive, normal (default), bulk or confidential: what "
	  "the "
	  "operator's rules read\n"
	  "  --pin-ack           consent although the recipient was secure before and did not sign "
	  "off\n"
	  "  --expires S         give up after S seconds (default 3600)\n"
	  "  --id ID             send that message again, whose acceptance was not seen; it is "
	  "taken "
	  "once\n"
	  "  --wait KINDS        end with the first receipt of these kinds, with commas, such as "
	  "accepted,sent (default: the final one)\n"
	  "  --timeout S         end after S seconds with the newest receipt (default 10, and "
	  "those "
	  "of --if-undelivered)\n"
	  "  HANDLE TEXT         whom, and what; UTF-8 without control characters\n",
	  EXITS_ONLINE | EXITS(CLI_CONSENT) | EXITS(CLI_UNVERIFIED) },
	{ "inbox", "[--follow] [--count N] [--timeout S]",
	  "Print messages that were not shown before.",
	  "  --follow     go on until interrupted, also when the gateway is away for a while\n"
	  "  --count N    end after N messages; fewer in time are exit code 5\n"
	  "  --timeout S  end after S seconds (default 2)\n",
	  EXITS_ONLINE },
	{ "receipt", "ID",
	  "Print the receipts of a message that are kept here, each verified again.",
	  "  ID  of a message that this device sent, as printed by send\n",
	  EXITS_LOCAL | EXITS(CLI_UNVERIFIED) },
	{ "verify", "ID",
	  "Verify the receipts, the decision's proof and consent, and that the log only grew.",
	  "  ID  of a message that this device sent, as printed by send\n",
	  EXITS_ONLINE | EXITS(CLI_UNVERIFIED) },
	{ "cancel", "ID", "Cancel a message, as long as nothing was opened.",
	  "  ID  of a message that this device sent, as printed by send\n", EXITS_ONLINE },
	{ "devices", "[request --trust FILE [--name N] HANDLE | approve CODE | remove ID]",
	  "List the devices of the account, or add or remove one.",
	  "  request       on the new device: make keys and print a code\n"
	  "  --trust FILE  gateway.trust, from the operator: whose answers are believed\n"
	  "  --name N      what the other devices of the account call this one\n"
	  "  HANDLE        of the account\n"
	  "  approve CODE  on a device with the account key: print the approval of that code\n"
	  "  remove ID     remove the device with that id, as listed\n",
	  EXITS_ONLINE },
	{ "deregister", "", "Sign the account off: the handle has no secure device from then on.",
	  "", EXITS_ONLINE },
	{ "lookup", "HANDLE", "Print what the directory says of a handle.",
	  "  HANDLE  a number or an address\n", EXITS_ONLINE },
	{ "accept-identity", "HANDLE",
	  "Pin the account key that the directory signs now; ask the person first.",
	  "  HANDLE  whose account key has changed\n", EXITS_ONLINE },
};
enum { HELP_COUNT = sizeof(helps) / sizeof(helps[0]) };

static const char *const exit_texts[] = {
	[CLI_OK] = "success",
	[CLI_ERROR] = "error, or the message failed for good",
	[CLI_USAGE] = "wrong usage",
	[CLI_CONSENT] = "not sent: it would need a consent",
	[CLI_UNVERIFIED] = "verification failed",
	[CLI_UNREACHABLE] = "the gateway is not reachable, or no answer in time",
};

static void print_exits(FILE *out, unsigned exits)
{
	fputs("Exit codes:\n", out);
	for (unsigned code = 0; code < sizeof(exit_texts) / sizeof(exit_texts[0]); code++)
		if (exits & EXITS(code))
			fprintf(out, "  %u  %s\n", code, exit_texts[code]);
}

void cli_help(FILE *out)
{
	fputs("Usage: fallgate [OPTION ...] COMMAND ...\n"
	      "  --state FILE            the state file (default: $FALLGATE_STATE, else "
	      "~/.fallgate/state)\n"
	      "  --passphrase-file FILE  read the state file's passphrase from its first line\n"
	      "  --no-passphrase         the state file is not sealed\n"
	      "  --json                  print one JSON object a line\n"
	      "  --help, --version       print this, or the version; fallgate COMMAND --help says "
	      "more of a command\n"
	      "Commands:\n",
	      out);
	for (size_t i = 0; i < HELP_COUNT; i++)
		fprintf(out, "  fallgate %-15s %s\n", helps[i].name, helps[i].usage);
	print_exits(out, ~0U);
}

static const struct help *find(const char *command)
{
	for (size_t i = 0; i < HELP_COUNT; i++)
		if (strcmp(helps[i].name, command) == 0)
			return &helps[i];
	return NULL;
}

int cli_usage(const char *command)
{
	const struct help *help = find(command);

	if (help)
		fprintf(stderr, "Usage: fallgate %s%s%s\n", command, *help->usage ? " " : "",
			help->usage);
	return CLI_USAGE;
}

int cli_help_command(const char *command)
{
	const struct help *help = find(command);

	if (!help)
		return CLI_USAGE;
	printf("Usage: fallgate %s%s%s\n\n%s\n%s%s\n", command, *help->usage ? " " : "",
	       help->usage, help->what, *help->options ? "\n" : "", help->options);
	print_exits(stdout, help->exits);
	return CLI_OK;
}
