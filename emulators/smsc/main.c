/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program fallgate-smsc: options in, messages out as a phone would show them.
 */
#include "emulators/smsc/smsc.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <talloc.h>
#include "emulators/common/show.h"
#include "emulators/smsc/arguments.h"
#include "emulators/smsc/command.h"
#include "emulators/smsc/tls.h"
#include "lib/base/log.h"

enum { LEAVE_US = 100000 };

struct program {
	struct fg_loop *loop;
	struct fg_smsc *smsc;
	bool was_busy; /* when it was looked at last */
	struct smsc_arguments arguments;
	bool colour;
	struct emu_trouble trouble;
	unsigned long shown;
};

static void print_json(const struct fg_smsc_message *message)
{
	struct timespec now;

	printf("{\"id\":\"%s\",\"source\":", message->id);
	emu_show_json(message->source, strlen(message->source));
	printf(",\"destination\":");
	emu_show_json(message->destination, strlen(message->destination));
	printf(",\"parts\":%u,\"data_coding\":%u,\"esm_class\":%u,\"tlvs\":\"%s\",\"text\":",
	       message->parts, message->data_coding, message->esm_class, message->tlvs);
	emu_show_json(message->text, message->text_len);
	clock_gettime(CLOCK_REALTIME, &now);
	printf(",\"time_us\":%lld}\n",
	       (long long)now.tv_sec * 1000000 + (long long)now.tv_nsec / 1000);
}

static void print_human(const struct program *program, const struct fg_smsc_message *message)
{
	printf("SMS to ");
	emu_show_safe(message->destination, strlen(message->destination));
	printf(" from ");
	emu_show_safe(message->source, strlen(message->source));
	printf(" (%u part%s): ", message->parts, message->parts == 1 ? "" : "s");
	emu_show_marked(message->text, message->text_len, program->colour);
	putchar('\n');
}

static void look_again(struct program *program);

static void on_last(evutil_socket_t fd, short what, void *arg)
{
	struct program *program = arg;

	(void)fd;
	(void)what;
	if (program->was_busy)
		look_again(program);
	else
		fg_loop_stop(program->loop);
}

/* Its answer and its receipts go out before, and a moment is left for whoever reads them. */
static void look_again(struct program *program)
{
	const struct timeval tv = { .tv_usec = LEAVE_US };

	program->was_busy = fg_smsc_is_busy(program->smsc);
	event_base_once(fg_loop_base(program->loop), -1, EV_TIMEOUT, on_last, program, &tv);
}

static void on_message(const struct fg_smsc_message *message, void *arg)
{
	struct program *program = arg;

	if (program->arguments.json)
		print_json(message);
	else
		print_human(program, message);
	fflush(stdout);
	if (++program->shown == program->arguments.count) {
		const struct timeval tv = { .tv_usec = LEAVE_US };

		program->was_busy = true; /* its receipt is not made yet */
		event_base_once(fg_loop_base(program->loop), -1, EV_TIMEOUT, on_last, program, &tv);
	}
}

static bool begin_tls(struct smsc_arguments *arguments)
{
	if (!arguments->tls_certificate)
		return true;
	arguments->options.wrap_arg = smsc_tls_new(arguments->tls_certificate, arguments->tls_key,
						   arguments->tls_client_ca);
	arguments->options.wrap = smsc_tls_wrap;
	return arguments->options.wrap_arg;
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fg_loop_stop(arg);
}

static void complain(const struct fg_smsc_options *options, enum fg_rc rc)
{
	const struct emu_trouble *trouble = options->trouble;

	if (trouble->option)
		fprintf(stderr, "fallgate-smsc: %s %s: %s\n", trouble->option, trouble->value,
			trouble->why);
	else
		fprintf(stderr, "fallgate-smsc: cannot begin: %s\n", fg_rc_text(rc));
}

static void signals_free(struct event *term, struct event *interrupt)
{
	if (term)
		event_free(term);
	if (interrupt)
		event_free(interrupt);
}

static int serve(void *ctx, struct program *program)
{
	const struct fg_smsc_options *options = &program->arguments.options;
	struct event *term =
		evsignal_new(fg_loop_base(program->loop), SIGTERM, on_signal, program->loop);
	struct event *interrupt =
		evsignal_new(fg_loop_base(program->loop), SIGINT, on_signal, program->loop);
	struct fg_smsc *smsc = NULL;
	enum fg_rc rc =
		term && interrupt
			? fg_smsc_new(ctx, program->loop, options,
				      program->arguments.quiet ? NULL : on_message, program, &smsc)
			: FG_E_NO_MEMORY;

	if (rc == FG_OK) {
		event_add(term, NULL); /* so that the control socket's file goes */
		event_add(interrupt, NULL);
		fprintf(stderr, "fallgate-smsc: listening on %.*s:%u\n",
			(int)(strrchr(options->listen, ':') - options->listen), options->listen,
			fg_smsc_port(smsc));
		program->smsc = smsc;
		fg_loop_run(program->loop);
		talloc_free(smsc);
	} else {
		complain(options, rc);
	}
	signals_free(term, interrupt);
	return rc == FG_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct program program;
	void *ctx;
	int status = 1;

	if (argc > 1 && (strcmp(argv[1], "mo") == 0 || strcmp(argv[1], "ctl") == 0))
		return smsc_command(argc - 1, argv + 1);
	smsc_arguments_read(&program.arguments, argc, argv);
	program.arguments.options.trouble = &program.trouble;
	ctx = talloc_named_const(NULL, 0, "fallgate-smsc");
	program.colour = isatty(STDOUT_FILENO);
	program.loop = fg_loop_new(ctx);
	if (program.loop && fg_log_init(ctx, "fallgate-smsc", "notice") == FG_OK &&
	    begin_tls(&program.arguments))
		status = serve(ctx, &program);
	SSL_CTX_free(program.arguments.options.wrap_arg);
	talloc_free(ctx);
	return status;
}
