/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fallgate send: one message, and what becomes of it.
 */
#include "client/cli/cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_DEFAULT_S = 10 };

struct send_arguments {
	const char *handle, *text;
	struct fg_send_options options;
	struct fg_id id, again_id;
	uint64_t start_ms;
	unsigned wait_kinds; /* bits 1 << kind: enough to end, final or not */
	bool accepted;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct send_arguments *arguments(struct cli *cli)
{
	return (struct send_arguments *)(uintptr_t)cli->arguments;
}

/* Why nothing was sent, by the error that names it; the text is what follows the recipient. */
static const struct refusal {
	enum fg_rc rc;
	int exit_code;
	const char *text;
} refusals[] = {
	{ FG_E_SECURE_ONLY, CLI_CONSENT, "has no secure device, and the policy is secure-only." },
	{ FG_E_PIN_CONFLICT, CLI_CONSENT,
	  "was secure before and has not signed off; to send unprotected all the same, add "
	  "--pin-ack." },
	{ FG_E_IDENTITY_CHANGED, CLI_UNVERIFIED,
	  "has another identity than the one known; when you have checked the new one, run "
	  "fallgate accept-identity." },
	{ FG_E_IDENTITY, CLI_UNVERIFIED,
	  "is said to have devices that are not certified by its account key." },
	{ FG_E_VIEW_STALE, CLI_UNVERIFIED,
	  "cannot be looked up: the directory shows an older state than one already seen." },
	{ FG_E_VIEW_EXPIRED, CLI_UNVERIFIED,
	  "cannot be looked up: the directory's answer is not valid at this time." },
	{ FG_E_SIGNATURE, CLI_UNVERIFIED,
	  "cannot be looked up: the directory's answer is not signed by its key." },
};

static bool refuse(struct cli *cli, const char *recipient, enum fg_rc rc)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].rc != rc)
			continue;
		fprintf(stderr, "NOT SENT: %s %s Nothing was opened. (%s)\n", recipient,
			refusals[i].text, fg_rc_name(rc));
		cli_finish(cli, refusals[i].exit_code);
		return true;
	}
	return false;
}

static void say_no_consent(const struct fg_ask *ask)
{
	if (ask->was_secure)
		fprintf(stderr,
			"NOT SENT: %s has no secure device, but had one before; as %s, "
			"carriers could read it. It needs --allow and --pin-ack. ",
			ask->recipient, cli_bearer_name(ask->bearer));
	else
		fprintf(stderr,
			"NOT SENT: %s has no secure device; as %s, carriers could read it. ",
			ask->recipient, cli_bearer_name(ask->bearer));
	fputs("Nothing was sent, nothing was opened.\n", stderr);
}

/* The message is named, so that a script can ask what became of it. */
static void print_unsent(const struct fg_ask *ask)
{
	char id[FG_ID_TEXT_LEN + 1];

	printf("{\"id\":\"%s\",\"result\":\"not-sent\",\"reason\":\"",
	       fg_id_text(&ask->message_id, id));
	cli_print_text(stdout, ask->reason);
	printf("\",\"was_secure\":%s}\n", ask->was_secure ? "true" : "false");
}

static bool ask_person(const struct fg_ask *ask)
{
	char answer[16];

	fprintf(stderr, "%s has no secure device%s. As %s over ", ask->recipient,
		ask->was_secure ? ", but HAD ONE BEFORE" : "", cli_bearer_name(ask->bearer));
	cli_print_text(stderr, ask->link);
	fputs(" carriers could read the message. Nothing was opened yet. Send it unprotected? "
	      "[y/N] ",
	      stderr);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static void on_ready(void *context, const char *own_handle)
{
	struct cli *cli = context;
	struct send_arguments *a = arguments(cli);
	enum fg_rc rc;

	(void)own_handle;
	a->start_ms = now_ms();
	rc = fg_device_send(cli->device, a->handle, a->text, &a->options, &a->id);
	if (rc != FG_OK)
		cli_finish(cli, cli_fail(rc, "send"));
}

static void on_ask(void *context, const struct fg_ask *ask)
{
	struct cli *cli = context;
	struct send_arguments *a = arguments(cli);
	unsigned bearers = a->options.bearers ? a->options.bearers : 1U << ask->bearer;
	enum fg_rc rc;

	if (fg_id_cmp(&ask->message_id, &a->id) != 0)
		return;
	if (!isatty(STDIN_FILENO) || !ask_person(ask)) {
		say_no_consent(ask);
		if (cli->json)
			print_unsent(ask);
		cli_finish(cli, CLI_CONSENT);
		return;
	}
	rc = fg_device_consent(cli->device, &ask->message_id, bearers, ask->was_secure);
	if (rc != FG_OK)
		cli_finish(cli, cli_fail(rc, "consent"));
}

static void on_receipt(void *context, const struct fg_id *id, const struct fg_verified *receipt)
{
	struct cli *cli = context;
	struct send_arguments *a = arguments(cli);

	if (fg_id_cmp(id, &a->id) != 0)
		return;
	a->accepted = true;
	if (!receipt->receipt->final && !(a->wait_kinds & 1U << receipt->receipt->kind))
		return;
	cli_print_receipt(cli, id, receipt, a->text, now_ms() - a->start_ms);
	cli_finish(
		cli,
		!receipt->receipt->final ||
				(receipt->receipt->protection !=
					 FALLGATE__PROTECTION__PROTECTION_UNKNOWN &&
				 (receipt->receipt->kind == FALLGATE__RECEIPT_KIND__RECEIPT_SENT ||
				  receipt->receipt->kind ==
					  FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED ||
				  receipt->receipt->kind == FALLGATE__RECEIPT_KIND__RECEIPT_READ))
			? CLI_OK
			: CLI_ERROR);
}

static void on_error(void *context, enum fg_rc rc, const char *text, const struct fg_id *id)
{
	struct cli *cli = context;
	struct send_arguments *a = arguments(cli);

	if (id && fg_id_cmp(id, &a->id) != 0)
		return;
	if (id && refuse(cli, a->handle, rc))
		return;
	if (rc == FG_E_CLOSED || rc == FG_E_TIMEOUT) {
		fputs(a->accepted ? "PENDING: accepted, but the connection ended: "
				  : "NOT REACHABLE: ",
		      stderr);
		cli_print_text(stderr, text);
		fputs("\n", stderr);
		cli_finish(cli, CLI_UNREACHABLE);
		return;
	}
	fputs(id ? "NOT SENT: " : "", stderr);
	cli_print_text(stderr, text);
	fputs("\n", stderr);
	cli_finish(cli, cli_fail(rc, "send"));
}

/* The newest receipt that was kept, when no final one came in time. */
static void print_newest(struct cli *cli)
{
	struct send_arguments *a = arguments(cli);
	const Fallgate__Sent *sent =
		fg_state_sent(fg_device_state(cli->device), a->id.b, FG_ID_LEN);
	struct fg_arena arena;
	struct fg_verified v;

	if (sent && sent->n_receipts > 0 && fg_arena_init(&arena, FG_ARENA_MAX) == FG_OK) {
		if (fg_receipt_verify(&arena, &fg_device_state(cli->device)->trust, sent,
				      sent->receipts[sent->n_receipts - 1], &v) == FG_OK) {
			cli_print_receipt(cli, &a->id, &v, a->text, now_ms() - a->start_ms);
			fg_arena_free(&arena);
			cli->exit_code = CLI_OK;
			return;
		}
		fg_arena_free(&arena);
	}
	fputs(a->accepted ? "PENDING: accepted, no receipt yet\n" : "UNKNOWN: no answer in time\n",
	      stderr);
	cli->exit_code = CLI_UNREACHABLE;
}

static int find_word(const char *word, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static bool read_bearers(char *list, unsigned *bearers_out)
{
	static const char *const words[] = { "secure", "rcs", "mms", "sms" };
	unsigned bearers = 0;

	for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		int i = find_word(word, words, 4);

		if (i <= 0)
			return false;
		bearers |= 1U << i;
	}
	*bearers_out = bearers;
	return bearers != 0;
}

static bool read_kinds(char *list, unsigned *kinds_out)
{
	unsigned kinds = 0;

	for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		unsigned kind = FALLGATE__RECEIPT_KIND__RECEIPT_REFUSED;

		while (kind > 0 && strcmp(cli_kind_name((Fallgate__ReceiptKind)kind), word) != 0)
			kind--;
		if (kind == 0)
			return false;
		kinds |= 1U << kind;
	}
	*kinds_out = kinds;
	return kinds != 0;
}

static bool read_seconds(const char *text, uint64_t *seconds_out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || n == 0 || n > 86400)
		return false;
	*seconds_out = n;
	return true;
}

static bool read_option(int c, struct send_arguments *a, uint64_t *wait_s)
{
	static const char *const policies[] = { "secure-only", "ask", "allow" };
	static const char *const classes[] = { "otp", "interactive", "normal", "bulk",
					       "confidential" };
	uint64_t seconds;
	int i;

	switch (c) {
	case 'a':
		a->options.policy = FALLGATE__SENDER_POLICY__POLICY_ALLOW;
		return read_bearers(optarg, &a->options.bearers);
	case 'p':
		i = find_word(optarg, policies, 3);
		a->options.policy = (Fallgate__SenderPolicy)i;
		return i >= 0;
	case 'c':
		i = find_word(optarg, classes, 5);
		a->options.message_class = (Fallgate__MessageClass)i;
		return i >= 0;
	case 'k':
		a->options.pin_ack = true;
		return true;
	case 'e':
		if (!read_seconds(optarg, &seconds))
			return false;
		a->options.expires_ms = seconds * 1000;
		return true;
	case 'i':
		a->options.id = &a->again_id;
		return fg_id_parse(optarg, &a->again_id) == FG_OK;
	case 'u':
		if (!read_seconds(optarg, &seconds))
			return false;
		a->options.undelivered_ms = seconds * 1000;
		return true;
	case 'w':
		return read_kinds(optarg, &a->wait_kinds);
	case 't':
		return read_seconds(optarg, wait_s);
	default:
		return false;
	}
}

int cli_send(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "allow", required_argument, NULL, 'a' },
		{ "policy", required_argument, NULL, 'p' },
		{ "class", required_argument, NULL, 'c' },
		{ "pin-ack", no_argument, NULL, 'k' },
		{ "expires", required_argument, NULL, 'e' },
		{ "id", required_argument, NULL, 'i' },
		{ "if-undelivered", required_argument, NULL, 'u' },
		{ "wait", required_argument, NULL, 'w' },
		{ "timeout", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	struct fg_callbacks callbacks = { .on_ready = on_ready,
					  .on_ask = on_ask,
					  .on_receipt = on_receipt,
					  .on_error = on_error };
	struct send_arguments a = { .options = { .policy = FALLGATE__SENDER_POLICY__POLICY_ASK,
						 .message_class =
							 FALLGATE__MESSAGE_CLASS__CLASS_NORMAL } };
	uint64_t wait_s = 0;
	enum fg_rc rc;
	int c, exit_code;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!read_option(c, &a, &wait_s))
			return cli_usage("send");
	if (argc - optind != 2 ||
	    (a.options.policy == FALLGATE__SENDER_POLICY__POLICY_ALLOW && !a.options.bearers) ||
	    (a.options.policy != FALLGATE__SENDER_POLICY__POLICY_ALLOW && a.options.undelivered_ms))
		return cli_usage("send");
	if (!wait_s)
		wait_s = WAIT_DEFAULT_S + a.options.undelivered_ms / 1000;
	a.handle = argv[optind];
	a.text = argv[optind + 1];
	cli->arguments = &a;
	exit_code = cli_open(cli, &callbacks);
	if (exit_code != CLI_OK)
		return exit_code;
	rc = fg_device_login(cli->device);
	if (rc != FG_OK)
		return cli_login_failed(rc);
	cli->exit_code = -1;
	cli_wait(cli, (unsigned)wait_s);
	if (cli->exit_code < 0)
		print_newest(cli);
	return cli->exit_code;
}
