/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fallgate: a device for people and scripts. One table of subcommands; what each takes
 * and how it may end is in help.c.
 */
#include "client/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <event2/event.h>

static const struct command {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
} commands[] = {
	{ "register", cli_register }, { "send", cli_send },
	{ "inbox", cli_inbox },       { "receipt", cli_receipt },
	{ "verify", cli_verify },     { "cancel", cli_cancel },
	{ "devices", cli_devices },   { "deregister", cli_deregister },
	{ "lookup", cli_lookup },     { "accept-identity", cli_accept_identity },
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

int cli_fail(enum fg_rc rc, const char *what)
{
	fprintf(stderr, "fallgate: %s: %s (%s)\n", what, fg_rc_text(rc), fg_rc_name(rc));
	return rc == FG_E_CLOSED || rc == FG_E_TIMEOUT ? CLI_UNREACHABLE : CLI_ERROR;
}

/* ---- passphrase ---- */

static bool read_line_from(FILE *in, char *out, size_t cap)
{
	if (!fgets(out, (int)cap, in))
		return false;
	out[strcspn(out, "\n")] = '\0';
	return *out != '\0';
}

static bool prompt(char *out, size_t cap)
{
	FILE *terminal = fopen("/dev/tty", "r+");
	struct termios old, quiet;
	bool ok;

	if (!terminal)
		return false;
	fputs("Passphrase of the state file: ", terminal);
	fflush(terminal);
	tcgetattr(fileno(terminal), &old);
	quiet = old;
	quiet.c_lflag &= (tcflag_t)~ECHO;
	tcsetattr(fileno(terminal), TCSAFLUSH, &quiet);
	ok = read_line_from(terminal, out, cap);
	tcsetattr(fileno(terminal), TCSAFLUSH, &old);
	fputs("\n", terminal);
	fclose(terminal);
	return ok;
}

static int find_passphrase(struct cli *cli, const char *file, bool none)
{
	FILE *in;
	bool ok;

	if (none)
		return CLI_OK;
	in = file ? fopen(file, "r") : NULL;
	if (file && !in) {
		fprintf(stderr, "fallgate: %s: %s\n", file, strerror(errno));
		return CLI_ERROR;
	}
	ok = in ? read_line_from(in, cli->passphrase_buffer, sizeof(cli->passphrase_buffer))
		: prompt(cli->passphrase_buffer, sizeof(cli->passphrase_buffer));
	if (in)
		fclose(in);
	if (!ok) {
		fputs("fallgate: no passphrase; use --passphrase-file FILE, or --no-passphrase for "
		      "a plain state file\n",
		      stderr);
		return CLI_USAGE;
	}
	cli->passphrase = cli->passphrase_buffer;
	return CLI_OK;
}

static int find_state(struct cli *cli)
{
	const char *home = getenv("HOME"), *set = getenv("FALLGATE_STATE");
	int n;

	if (cli->state_path[0])
		return CLI_OK;
	if (set && *set) {
		n = snprintf(cli->state_path, sizeof(cli->state_path), "%s", set);
	} else if (home) {
		n = snprintf(cli->state_path, sizeof(cli->state_path), "%s/.fallgate", home);
		if (n > 0 && (size_t)n < sizeof(cli->state_path) &&
		    mkdir(cli->state_path, 0700) != 0 && errno != EEXIST)
			return cli_fail(FG_E_SYSTEM, cli->state_path);
		n = snprintf(cli->state_path, sizeof(cli->state_path), "%s/.fallgate/state", home);
	} else {
		n = -1;
	}
	return n > 0 && (size_t)n < sizeof(cli->state_path) ? CLI_OK
							    : cli_fail(FG_E_TOO_LONG, "state file");
}

static int run_command(struct cli *cli, int argc, char **argv)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, argv[0]) != 0)
			continue;
		if (argc > 1 && strcmp(argv[1], "--help") == 0)
			return cli_help_command(argv[0]);
		if (fg_crypto_init() != FG_OK)
			return cli_fail(FG_E_CRYPTO_INIT, "start");
		return commands[i].run(cli, argc, argv);
	}
	fprintf(stderr, "fallgate: unknown command: %s\n", argv[0]);
	cli_help(stderr);
	return CLI_USAGE;
}

static void on_notice(void *context, const char *text)
{
	(void)context;
	fputs("NOTICE: ", stderr);
	cli_print_text(stderr, text);
	fputs("\n", stderr);
}

int cli_open(struct cli *cli, struct fg_callbacks *callbacks)
{
	int exit_code = find_state(cli);
	enum fg_rc rc;

	if (exit_code == CLI_OK)
		exit_code = find_passphrase(cli, cli->passphrase_file, cli->no_passphrase);
	if (exit_code != CLI_OK)
		return exit_code;
	callbacks->context = cli;
	callbacks->on_notice = on_notice;
	cli->base = event_base_new();
	if (!cli->base)
		return cli_fail(FG_E_NO_MEMORY, "start");
	if (cli->trust_text) {
		rc = fg_device_create(cli->state_path, cli->passphrase, cli->trust_text,
				      cli->trust_len);
		if (rc != FG_OK && rc != FG_E_EXISTS)
			return cli_fail(rc, cli->state_path);
	}
	rc = fg_device_open(cli->base, cli->state_path, cli->passphrase, callbacks, &cli->device);
	return rc == FG_OK ? CLI_OK : cli_fail(rc, cli->state_path);
}

void cli_on_error(void *context, enum fg_rc rc, const char *text, const struct fg_id *id)
{
	(void)id;
	cli_print_text(stderr, text);
	fputs("\n", stderr);
	cli_finish(context, cli_fail(rc, "gateway"));
}

int cli_login_failed(enum fg_rc rc)
{
	if (rc != FG_E_STATE)
		return cli_fail(rc, "login");
	fputs("fallgate: this device is not registered\n", stderr);
	return CLI_ERROR;
}

int cli_run(struct cli *cli, struct fg_callbacks *callbacks, unsigned timeout_s)
{
	int exit_code = cli_open(cli, callbacks);
	enum fg_rc rc;

	if (exit_code != CLI_OK)
		return exit_code;
	cli->exit_code = CLI_UNREACHABLE;
	rc = fg_device_login(cli->device);
	if (rc != FG_OK)
		return cli_login_failed(rc);
	cli_wait(cli, timeout_s);
	return cli->exit_code;
}

void cli_wait(struct cli *cli, unsigned timeout_s)
{
	struct timeval timeout = { .tv_sec = (time_t)timeout_s };

	if (timeout_s)
		event_base_loopexit(cli->base, &timeout);
	event_base_dispatch(cli->base);
}

void cli_finish(struct cli *cli, int exit_code)
{
	/* The first word counts: the gateway closes the connection of who has just signed off. */
	if (!cli->finished)
		cli->exit_code = exit_code;
	cli->finished = true;
	event_base_loopbreak(cli->base);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "passphrase-file", required_argument, NULL, 'p' },
		{ "no-passphrase", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	static struct cli cli;
	int c, exit_code;

	signal(SIGPIPE, SIG_IGN); /* a connection that ends is told by on_error */
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 's':
			snprintf(cli.state_path, sizeof(cli.state_path), "%s", optarg);
			break;
		case 'p':
			cli.passphrase_file = optarg;
			break;
		case 'n':
			cli.no_passphrase = true;
			break;
		case 'j':
			cli.json = true;
			break;
		case 'h':
			cli_help(stdout);
			return CLI_OK;
		case 'v':
			puts(PACKAGE_STRING);
			return CLI_OK;
		default:
			cli_help(stderr);
			return CLI_USAGE;
		}
	}
	if (optind == argc) {
		cli_help(stderr);
		return CLI_USAGE;
	}
	argc -= optind;
	argv += optind;
	optind = 0; /* each command reads its own options */
	exit_code = run_command(&cli, argc, argv);
	fg_device_close(cli.device);
	if (cli.base) {
		/* A callback that waits for its turn holds its connection. */
		event_base_loop(cli.base, EVLOOP_NONBLOCK);
		event_base_free(cli.base);
	}
	free(cli.trust_text);
	fg_wipe(cli.passphrase_buffer, sizeof(cli.passphrase_buffer));
	return exit_code;
}
