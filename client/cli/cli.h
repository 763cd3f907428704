/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the subcommands of fallgate share.
 */
#pragma once

#include <limits.h>
#include <stdio.h>
#include "client/device/device.h"
#include "client/device/state.h"
#include "client/device/verify.h"

enum { CLI_OK, CLI_ERROR, CLI_USAGE, CLI_CONSENT, CLI_UNVERIFIED, CLI_UNREACHABLE };

enum { CLI_WAIT_S = 10 };

struct cli {
	char state_path[PATH_MAX];
	const char *passphrase_file;
	bool no_passphrase;
	bool json;
	char passphrase_buffer[256];
	const char *passphrase;
	char *trust_text; /* of a command that may make the state file */
	size_t trust_len;
	struct event_base *base;
	struct fg_device *device;
	int exit_code;
	bool finished;         /* cli_finish() was called */
	const void *arguments; /* of the command that runs */
};

int cli_register(struct cli *cli, int argc, char **argv);
int cli_send(struct cli *cli, int argc, char **argv);
int cli_inbox(struct cli *cli, int argc, char **argv);
int cli_receipt(struct cli *cli, int argc, char **argv);
int cli_verify(struct cli *cli, int argc, char **argv);
int cli_devices(struct cli *cli, int argc, char **argv);
int cli_lookup(struct cli *cli, int argc, char **argv);

int cli_cancel(struct cli *cli, int argc, char **argv);
int cli_deregister(struct cli *cli, int argc, char **argv);
int cli_accept_identity(struct cli *cli, int argc, char **argv);

/* Usage of a command to stderr. CLI_USAGE. */
int cli_usage(const char *command);
void cli_help(FILE *out);
/* All about a command to stdout. CLI_OK. */
int cli_help_command(const char *command);
int cli_fail(enum fg_rc rc, const char *what);
/* Open (with trust_text: make) the state file. An exit code. */
int cli_open(struct cli *cli, struct fg_callbacks *callbacks);
int cli_login_failed(enum fg_rc rc);
/* Open, log in and wait for what a callback finishes. An exit code. */
int cli_run(struct cli *cli, struct fg_callbacks *callbacks, unsigned timeout_s);
void cli_on_error(void *context, enum fg_rc rc, const char *text, const struct fg_id *id);
/* Run the loop until cli_finish() or for timeout_s; 0: for ever. */
void cli_wait(struct cli *cli, unsigned timeout_s);
void cli_finish(struct cli *cli, int exit_code);

/* Text of others, with control characters and quotes escaped as \uXXXX (attack 35): neither a
 * terminal nor a JSON reader takes them for anything but text. */
void cli_print_text(FILE *out, const char *text);
const char *cli_kind_name(Fallgate__ReceiptKind kind);
const char *cli_bearer_name(Fallgate__Bearer bearer);
const char *cli_protection_name(Fallgate__Protection protection);
void cli_print_receipt(const struct cli *cli, const struct fg_id *id, const struct fg_verified *v,
		       const char *text, uint64_t elapsed_ms);
