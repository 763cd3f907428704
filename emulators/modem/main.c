/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program fallgate-modem: options in, the phone's side out.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <event2/event.h>
#include <talloc.h>
#include "emulators/modem/arguments.h"
#include "emulators/modem/command.h"
#include "emulators/modem/view.h"
#include "lib/base/log.h"

enum { LEAVE_US = 100000 };

struct program {
	struct fg_loop *loop;
	struct bank *bank;
	bool was_busy; /* when it was looked at last */
	struct modem_arguments arguments;
	struct view view;
	struct emu_trouble trouble;
	unsigned long shown;
};

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fg_loop_stop(arg);
}

static void leave_soon(struct program *program);

static void on_last(evutil_socket_t fd, short what, void *arg)
{
	struct program *program = arg;

	(void)fd;
	(void)what;
	if (program->was_busy)
		leave_soon(program);
	else
		fg_loop_stop(program->loop);
}

/* Its reports go out before, and a moment is left for whoever reads them. */
static void leave_soon(struct program *program)
{
	const struct timeval tv = { .tv_usec = LEAVE_US };

	program->was_busy = bank_reports_due(program->bank) > 0;
	event_base_once(fg_loop_base(program->loop), -1, EV_TIMEOUT, on_last, program, &tv);
}

static void on_message(void *arg, unsigned modem, const struct phone_message *message)
{
	struct program *program = arg;

	if (!program->arguments.quiet)
		view_message(&program->view, modem, message);
	if (++program->shown == program->arguments.messages) {
		const struct timeval tv = { .tv_usec = LEAVE_US };

		program->was_busy = true; /* its report is not made yet */
		event_base_once(fg_loop_base(program->loop), -1, EV_TIMEOUT, on_last, program, &tv);
	}
}

static void on_event(void *arg, unsigned modem, const struct phone_event *event)
{
	const struct program *program = arg;

	if (!program->arguments.quiet)
		view_event(&program->view, modem, event);
}

static int complain(const struct bank_options *options, enum fg_rc rc, unsigned line)
{
	if (rc == FG_E_SYNTAX && line)
		fprintf(stderr,
			"fallgate-modem: line %u of the script is neither DEST-SUFFIX STATUS "
			"[WORD]... nor after TIME ORDER...; see --help\n",
			line);
	else if (options->trouble->option)
		fprintf(stderr, "fallgate-modem: %s %s: %s\n", options->trouble->option,
			options->trouble->value, options->trouble->why);
	else
		fprintf(stderr, "fallgate-modem: cannot begin: %s\n", fg_rc_text(rc));
	return rc == FG_E_SYNTAX ? 2 : 1;
}

static void say_where(struct bank *bank, const struct bank_options *options)
{
	for (unsigned i = 0; i < bank_count(bank); i++)
		fprintf(stderr, "fallgate-modem: modem %u is at %s, number %s\n", i,
			bank_where(bank, i), phone_options(bank_phone(bank, i))->number);
	if (options->kind == LINK_PTY && options->place)
		fprintf(stderr, "fallgate-modem: and %s points to %s\n", options->place,
			bank_count(bank) > 1 ? "the first" : "it");
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
	const struct bank_options *options = &program->arguments.options;
	const struct bank_owner owner = { on_message, on_event, program };
	struct event *term =
		evsignal_new(fg_loop_base(program->loop), SIGTERM, on_end, program->loop);
	struct event *interrupt =
		evsignal_new(fg_loop_base(program->loop), SIGINT, on_end, program->loop);
	struct bank *bank = NULL;
	unsigned line = 0;
	int status = 0;
	enum fg_rc rc = term && interrupt
				? bank_new(ctx, program->loop, options, &owner, &bank, &line)
				: FG_E_NO_MEMORY;

	if (rc == FG_OK) {
		event_add(term, NULL); /* so that links and sockets go */
		event_add(interrupt, NULL);
		say_where(bank, options);
		program->bank = bank;
		fg_loop_run(program->loop);
		talloc_free(bank);
	} else {
		status = complain(options, rc, line);
	}
	signals_free(term, interrupt);
	return status;
}

int main(int argc, char **argv)
{
	static struct program program;
	void *ctx;
	int status = 1;

	if (argc > 1 && strcmp(argv[1], "ctl") == 0)
		return modem_command(argc - 1, argv + 1);
	modem_arguments_read(&program.arguments, argc, argv);
	program.arguments.options.trouble = &program.trouble;
	ctx = talloc_named_const(NULL, 0, "fallgate-modem");
	program.view = (struct view){ .json = program.arguments.json,
				      .colour = isatty(STDOUT_FILENO),
				      .many = program.arguments.options.count > 1 };
	program.loop = fg_loop_new(ctx);
	if (program.loop && fg_log_init(ctx, "fallgate-modem", "notice") == FG_OK)
		status = serve(ctx, &program);
	talloc_free(ctx);
	return status;
}
