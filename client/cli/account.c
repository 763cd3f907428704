/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The subcommands of fallgate about the account: register, devices, sign off, identities, and
 * cancel, which like those ends with the gateway's "done".
 */
#include "client/cli/cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "lib/base/handle.h"

/* ---- register ---- */

static bool read_trust(struct cli *cli, const char *path)
{
	FILE *in = fopen(path, "r");
	bool ok;

	if (!in)
		return false;
	cli->trust_text = malloc(FG_TRUST_TEXT_MAX + 1);
	cli->trust_len = cli->trust_text ? fread(cli->trust_text, 1, FG_TRUST_TEXT_MAX + 1, in) : 0;
	ok = cli->trust_text && !ferror(in);
	fclose(in);
	return ok;
}

static void on_registered(void *context, const char *handle)
{
	struct cli *cli = context;

	printf(cli->json ? "{\"handle\":\"%s\"}\n" : "Registered %s.\n", handle);
	cli_finish(cli, CLI_OK);
}

struct register_arguments {
	const char *trust, *invitation, *approval, *name;
};

static bool read_register(int argc, char **argv, struct register_arguments *a)
{
	static const struct option options[] = {
		{ "trust", required_argument, NULL, 't' },
		{ "invitation", required_argument, NULL, 'i' },
		{ "approval", required_argument, NULL, 'a' },
		{ "name", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't')
			a->trust = optarg;
		else if (c == 'i')
			a->invitation = optarg;
		else if (c == 'a')
			a->approval = optarg;
		else if (c == 'n')
			a->name = optarg;
		else
			return false;
	}
	if (a->approval) /* its handle, name and way in are those of the request */
		return argc == optind && !a->invitation && !a->name;
	return argc - optind == 1 && a->trust;
}

/* Open the state file, or make it, with a name if one is given. */
static int open_new(struct cli *cli, struct fg_callbacks *callbacks, const char *trust,
		    const char *name)
{
	int exit_code;
	enum fg_rc rc;

	if (trust && !read_trust(cli, trust))
		return cli_fail(FG_E_SYSTEM, trust);
	exit_code = cli_open(cli, callbacks);
	if (exit_code != CLI_OK || !name)
		return exit_code;
	rc = fg_text_set(&fg_device_state(cli->device)->data->name, name);
	return rc == FG_OK ? CLI_OK : cli_fail(rc, "name");
}

int cli_register(struct cli *cli, int argc, char **argv)
{
	struct fg_callbacks callbacks = { .on_ready = on_registered, .on_error = cli_on_error };
	struct register_arguments a = { 0 };
	int exit_code;
	enum fg_rc rc;

	if (!read_register(argc, argv, &a))
		return cli_usage("register");
	exit_code = open_new(cli, &callbacks, a.trust, a.name);
	if (exit_code != CLI_OK)
		return exit_code;
	rc = a.approval ? fg_device_register_approved(cli->device, a.approval)
			: fg_device_register(cli->device, argv[optind],
					     a.invitation ? a.invitation : "");
	if (rc != FG_OK)
		return cli_fail(rc, "register");
	cli->exit_code = CLI_UNREACHABLE;
	cli_wait(cli, CLI_WAIT_S);
	if (cli->exit_code == CLI_OK) {
		rc = fg_device_save(cli->device);
		if (rc != FG_OK)
			return cli_fail(rc, cli->state_path);
	}
	return cli->exit_code;
}

/* ---- orders ---- */

static void on_done(void *context)
{
	struct cli *cli = context;

	puts(cli->json ? "{\"done\":true}" : "Done.");
	cli_finish(cli, CLI_OK);
}

static int run_order(struct cli *cli, void (*on_ready)(void *context, const char *handle))
{
	struct fg_callbacks callbacks = { .on_ready = on_ready,
					  .on_done = on_done,
					  .on_error = cli_on_error };

	return cli_run(cli, &callbacks, CLI_WAIT_S);
}

static void ordered(struct cli *cli, enum fg_rc rc, const char *what)
{
	if (rc != FG_OK)
		cli_finish(cli, cli_fail(rc, what));
}

static void on_cancel_ready(void *context, const char *handle)
{
	struct cli *cli = context;

	(void)handle;
	ordered(cli, fg_device_cancel(cli->device, cli->arguments), "cancel");
}

int cli_cancel(struct cli *cli, int argc, char **argv)
{
	struct fg_id id;

	if (argc != 2 || fg_id_parse(argv[1], &id) != FG_OK)
		return cli_usage("cancel");
	cli->arguments = &id;
	return run_order(cli, on_cancel_ready);
}

static void on_deregister_ready(void *context, const char *handle)
{
	struct cli *cli = context;

	(void)handle;
	ordered(cli, fg_device_deregister(cli->device), "deregister");
}

int cli_deregister(struct cli *cli, int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? run_order(cli, on_deregister_ready) : cli_usage("deregister");
}

static void on_accept_ready(void *context, const char *own_handle)
{
	struct cli *cli = context;

	(void)own_handle;
	ordered(cli, fg_device_accept_identity(cli->device, cli->arguments), "accept-identity");
}

int cli_accept_identity(struct cli *cli, int argc, char **argv)
{
	struct fg_handle handle;

	if (argc != 2 || fg_handle_parse(argv[1], strlen(argv[1]), &handle) != FG_OK)
		return cli_usage("accept-identity");
	cli->arguments = handle.text;
	return run_order(cli, on_accept_ready);
}

/* ---- devices ---- */

static void on_devices_ready(void *context, const char *handle)
{
	struct cli *cli = context;
	enum fg_rc rc = fg_device_list(cli->device);

	(void)handle;
	if (rc != FG_OK)
		cli_finish(cli, cli_fail(rc, "devices"));
}

static void on_devices(void *context, const Fallgate__DeviceCert *const *certs, size_t count)
{
	struct cli *cli = context;
	char id[2 * FG_ID_LEN + 1];

	for (size_t i = 0; i < count; i++)
		printf(cli->json ? "{\"device\":\"%s\",\"expires_ms\":%" PRIu64 "}\n"
				 : "%s expires %" PRIu64 "\n",
		       fg_hex(certs[i]->device_id.data, FG_ID_LEN, id), certs[i]->expires_ms);
	cli_finish(cli, CLI_OK);
}

static int list_devices(struct cli *cli)
{
	struct fg_callbacks callbacks = { .on_ready = on_devices_ready,
					  .on_devices = on_devices,
					  .on_error = cli_on_error };

	return cli_run(cli, &callbacks, CLI_WAIT_S);
}

static int print_pairing(const struct cli *cli, enum fg_rc rc, const char *name, char *text_take)
{
	if (rc != FG_OK)
		return cli_fail(rc, name);
	if (cli->json)
		printf("{\"%s\":\"%s\"}\n", name, text_take);
	else
		puts(text_take);
	free(text_take);
	return CLI_OK;
}

static int request_device(struct cli *cli, int argc, char **argv)
{
	struct fg_callbacks callbacks = { 0 };
	struct register_arguments a = { 0 };
	char *code = NULL;
	int exit_code;
	enum fg_rc rc;

	if (!read_register(argc, argv, &a) || a.invitation || a.approval)
		return cli_usage("devices");
	exit_code = open_new(cli, &callbacks, a.trust, a.name);
	if (exit_code != CLI_OK)
		return exit_code;
	rc = fg_device_request(cli->device, argv[optind], &code);
	return print_pairing(cli, rc, "code", code);
}

static int approve_device(struct cli *cli, int argc, char **argv)
{
	struct fg_callbacks callbacks = { 0 };
	char *approval = NULL;
	int exit_code;
	enum fg_rc rc;

	if (argc != 2)
		return cli_usage("devices");
	exit_code = cli_open(cli, &callbacks);
	if (exit_code != CLI_OK)
		return exit_code;
	rc = fg_device_approve(cli->device, argv[1], &approval);
	return print_pairing(cli, rc, "approval", approval);
}

static void on_remove_ready(void *context, const char *handle)
{
	struct cli *cli = context;

	(void)handle;
	ordered(cli, fg_device_remove(cli->device, cli->arguments), "devices remove");
}

static int remove_device(struct cli *cli, int argc, char **argv)
{
	struct fg_id id;

	if (argc != 2 || fg_unhex(argv[1], id.b, FG_ID_LEN) != FG_OK)
		return cli_usage("devices");
	cli->arguments = &id;
	return run_order(cli, on_remove_ready);
}

int cli_devices(struct cli *cli, int argc, char **argv)
{
	if (argc == 1)
		return list_devices(cli);
	if (strcmp(argv[1], "request") == 0)
		return request_device(cli, argc - 1, argv + 1);
	if (strcmp(argv[1], "approve") == 0)
		return approve_device(cli, argc - 1, argv + 1);
	if (strcmp(argv[1], "remove") == 0)
		return remove_device(cli, argc - 1, argv + 1);
	return cli_usage("devices");
}
