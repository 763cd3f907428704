/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The subcommands of fallgate about messages that are there already, and about handles.
 */
#include "client/cli/cli.h"

#include <event2/event.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "lib/base/handle.h"

/* ---- inbox ---- */

enum { AGAIN_MOST_S = 60 };

struct inbox_arguments {
	unsigned long left; /* messages to show before the end; 0: no end */
	bool follow;
	bool ready;          /* the gateway has let it in */
	struct event *again; /* to connect once more */
	long again_s;        /* after so long, doubled with each time that it fails */
};

static void print_message(const struct cli *cli, const Fallgate__Received *m)
{
	bool protected = m->protection == FALLGATE__PROTECTION__PROTECTION_E2E;
	char id[2 * FG_ID_LEN + 1];

	if (m->message_id.len != FG_ID_LEN)
		return;
	fg_hex(m->message_id.data, FG_ID_LEN, id);
	if (cli->json) {
		printf("{\"id\":\"%s\",\"protection\":\"%s\",\"claimed\":%s,\"sync\":%s,\"ms\":"
		       "%" PRIu64 ",\"sender\":\"",
		       id, cli_protection_name(m->protection), protected ? "false" : "true",
		       m->sync ? "true" : "false", m->time_ms);
		cli_print_text(stdout, m->sender);
		fputs("\",\"text\":\"", stdout);
		cli_print_text(stdout, m->text);
		puts("\"}");
	} else {
		printf("%s from ",
		       protected ? "PROTECTED end-to-end" : "UNPROTECTED, sender claimed,");
		cli_print_text(stdout, m->sender);
		fputs(": \"", stdout);
		cli_print_text(stdout, m->text);
		printf("\"  %s\n", id);
	}
	fflush(stdout);
}

static struct inbox_arguments *inbox_arguments(const struct cli *cli)
{
	return (struct inbox_arguments *)(uintptr_t)cli->arguments;
}

static void show_new(struct cli *cli)
{
	struct inbox_arguments *a = inbox_arguments(cli);
	Fallgate__ClientState *d = fg_device_state(cli->device)->data;

	for (size_t i = 0; i < d->n_inbox; i++) {
		if (d->inbox[i]->shown)
			continue;
		print_message(cli, d->inbox[i]);
		d->inbox[i]->shown = true;
		if (a->left && --a->left == 0) {
			cli_finish(cli, CLI_OK);
			return;
		}
	}
}

static void on_message(void *context, const struct fg_message *message)
{
	(void)message;
	show_new(context);
}

static void on_inbox_ready(void *context, const char *handle)
{
	(void)handle;
	inbox_arguments(context)->again_s = 1;
	inbox_arguments(context)->ready = true;
	show_new(context);
}

static void connect_again(evutil_socket_t fd, short what, void *arg)
{
	struct cli *cli = arg;
	enum fg_rc rc = fg_device_login(cli->device);

	(void)fd;
	(void)what;
	if (rc != FG_OK)
		cli_finish(cli, cli_login_failed(rc));
}

/* Whoever follows is there again when the gateway is. False: there is nothing to follow. */
static bool follow_on(struct cli *cli, enum fg_rc rc)
{
	struct inbox_arguments *a = inbox_arguments(cli);
	struct timeval pause = { .tv_sec = a->again_s };

	if (!a->follow || rc == FG_E_LOGIN)
		return false;
	if (!a->again)
		a->again = event_new(cli->base, -1, 0, connect_again, cli);
	if (!a->again || event_add(a->again, &pause) != 0)
		return false;
	fprintf(stderr, "fallgate: gateway: %s; again in %ld s\n", fg_rc_text(rc), a->again_s);
	a->again_s = 2 * a->again_s < AGAIN_MOST_S ? 2 * a->again_s : AGAIN_MOST_S;
	return true;
}

static void on_inbox_error(void *context, enum fg_rc rc, const char *text, const struct fg_id *id)
{
	(void)id;
	cli_print_text(stderr, text);
	fputs("\n", stderr);
	if (rc == FG_E_CLOSED || rc == FG_E_TIMEOUT || rc == FG_E_LOGIN) {
		if (!follow_on(context, rc))
			cli_finish(context, cli_fail(rc, "gateway"));
	} else {
		cli_fail(rc, "refused"); /* one bad message does not end the listing */
	}
}

int cli_inbox(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "follow", no_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'c' },
		{ "timeout", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	struct fg_callbacks callbacks = { .on_ready = on_inbox_ready,
					  .on_message = on_message,
					  .on_error = on_inbox_error };
	struct inbox_arguments a = { .again_s = 1 };
	unsigned long timeout_s = 2;
	bool counted = false;
	int c, exit_code;
	enum fg_rc rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			a.follow = true;
			break;
		case 'c':
			a.left = strtoul(optarg, NULL, 10);
			counted = true;
			break;
		case 't':
			timeout_s = strtoul(optarg, NULL, 10);
			break;
		default:
			return cli_usage("inbox");
		}
	}
	if (argc != optind || (counted && a.left == 0) || timeout_s > 86400)
		return cli_usage("inbox");
	cli->arguments = &a;
	exit_code = cli_run(cli, &callbacks, a.follow ? 0 : (unsigned)timeout_s);
	if (a.again)
		event_free(a.again);
	if (!cli->device)
		return exit_code;
	rc = fg_device_save(cli->device);
	if (rc != FG_OK)
		return cli_fail(rc, cli->state_path);
	/* Without --count the end of the time is the end of the listing; with it, too few came. Who
	 * was not let in, or was put out, has seen no end. */
	return a.ready && !cli->finished && !counted ? CLI_OK : exit_code;
}

/* ---- receipt, verify ---- */

static const Fallgate__Sent *find_sent(struct cli *cli, const struct fg_id *id)
{
	const Fallgate__Sent *sent = fg_state_sent(fg_device_state(cli->device), id->b, FG_ID_LEN);

	if (!sent)
		cli_fail(FG_E_NOT_FOUND, "message");
	return sent;
}

static int print_receipts(struct cli *cli, const struct fg_id *id, const Fallgate__Sent *sent)
{
	struct fg_arena arena;
	struct fg_verified v;
	int exit_code = CLI_OK;

	if (fg_arena_init(&arena, FG_ARENA_MAX) != FG_OK)
		return cli_fail(FG_E_NO_MEMORY, "receipt");
	for (size_t i = 0; i < sent->n_receipts; i++) {
		enum fg_rc rc;

		fg_arena_reset(&arena);
		rc = fg_receipt_verify(&arena, &fg_device_state(cli->device)->trust, sent,
				       sent->receipts[i], &v);
		if (rc != FG_OK) {
			cli_fail(rc, "receipt");
			exit_code = CLI_UNVERIFIED;
			continue;
		}
		cli_print_receipt(cli, id, &v, sent->text,
				  v.receipt->time_ms > sent->time_ms
					  ? v.receipt->time_ms - sent->time_ms
					  : 0);
	}
	fg_arena_free(&arena);
	return exit_code;
}

int cli_receipt(struct cli *cli, int argc, char **argv)
{
	struct fg_callbacks callbacks = { 0 };
	const Fallgate__Sent *sent;
	struct fg_id id;
	int exit_code;

	if (argc != 2 || fg_id_parse(argv[1], &id) != FG_OK)
		return cli_usage("receipt");
	exit_code = cli_open(cli, &callbacks);
	if (exit_code != CLI_OK)
		return exit_code;
	sent = find_sent(cli, &id);
	return sent ? print_receipts(cli, &id, sent) : CLI_ERROR;
}

static void on_verify_ready(void *context, const char *handle)
{
	struct cli *cli = context;
	enum fg_rc rc = fg_device_verify(cli->device, cli->arguments);

	(void)handle;
	if (rc != FG_OK)
		cli_finish(cli, cli_fail(rc, "verify"));
}

static void on_verified(void *context, const struct fg_id *id, enum fg_rc rc, uint64_t log_size)
{
	struct cli *cli = context;
	char hex[FG_ID_TEXT_LEN + 1];

	if (cli->json)
		printf("{\"id\":\"%s\",\"verified\":%s,\"error\":\"%s\",\"log_size\":%" PRIu64
		       "}\n",
		       fg_id_text(id, hex), rc == FG_OK ? "true" : "false", fg_rc_name(rc),
		       log_size);
	else if (rc == FG_OK)
		printf("VERIFIED against the log of %" PRIu64
		       " leaves: receipts, leaf, consent and history hold.  %s\n",
		       log_size, fg_id_text(id, hex));
	else
		printf("NOT VERIFIED: %s (%s).  %s\n", fg_rc_text(rc), fg_rc_name(rc),
		       fg_id_text(id, hex));
	cli_finish(cli, rc == FG_OK ? CLI_OK : CLI_UNVERIFIED);
}

int cli_verify(struct cli *cli, int argc, char **argv)
{
	struct fg_callbacks callbacks = { .on_ready = on_verify_ready,
					  .on_verified = on_verified,
					  .on_error = cli_on_error };
	struct fg_id id;

	if (argc != 2 || fg_id_parse(argv[1], &id) != FG_OK)
		return cli_usage("verify");
	cli->arguments = &id;
	return cli_run(cli, &callbacks, CLI_WAIT_S);
}

/* ---- lookup ---- */

static void on_lookup_ready(void *context, const char *own_handle)
{
	struct cli *cli = context;
	enum fg_rc rc = fg_device_lookup(cli->device, cli->arguments);

	(void)own_handle;
	if (rc != FG_OK)
		cli_finish(cli, cli_fail(rc, "lookup"));
}

static void on_lookup(void *context, const char *handle, const Fallgate__View *view, size_t devices)
{
	struct cli *cli = context;
	const char *state = view->state == FALLGATE__VIEW_STATE__VIEW_SECURE ? "SECURE" : "ABSENT";

	if (cli->json)
		printf("{\"handle\":\"%s\",\"view\":\"%s\",\"epoch\":%" PRIu64
		       ",\"devices\":%zu}\n",
		       handle, state, view->epoch, devices);
	else
		printf("%s: %s, epoch %" PRIu64 ", %zu devices\n", handle, state, view->epoch,
		       devices);
	cli_finish(cli, CLI_OK);
}

int cli_lookup(struct cli *cli, int argc, char **argv)
{
	struct fg_callbacks callbacks = { .on_ready = on_lookup_ready,
					  .on_lookup = on_lookup,
					  .on_error = cli_on_error };
	struct fg_handle handle;

	if (argc != 2 || fg_handle_parse(argv[1], strlen(argv[1]), &handle) != FG_OK)
		return cli_usage("lookup");
	cli->arguments = handle.text;
	return cli_run(cli, &callbacks, CLI_WAIT_S);
}
