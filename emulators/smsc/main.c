/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program fallgate-smsc: options in, messages out as a phone would show them.
 */
#include "emulators/smsc/smsc.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <event2/event.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/wire/utf8.h"

#define MARK_BEGIN "(Not encrypted)"

enum { SCRIPT_MAX = 65536 };

struct program {
	struct fg_loop *loop;
	struct fg_smsc_options options;
	bool json, colour;
	const char *script;
	unsigned long count, shown;
};

static const char help[] =
	"Usage: fallgate-smsc [OPTION]...\n"
	"An SMSC for tests: takes messages by SMPP 3.4 and shows them as a phone would.\n\n"
	"  --listen ADDRESS:PORT   default 127.0.0.1:2775; port 0 takes any free one; said at "
	"start\n"
	"  --system-id ID          refuse other ids with 0x0F\n"
	"  --password WORD         refuse other passwords with 0x0E\n"
	"  --id-format hex|dec     of message ids, default dec\n"
	"  --receipt-delay MS      default 50\n"
	"  --late MS               what `late' below means, default 2000\n"
	"  --script FILE           lines DEST-SUFFIX STATUS [receipt=STATE] [delay=MS] [times=N]\n"
	"  --seed N                first message id, so that runs are alike\n"
	"  --count N               leave after N messages\n"
	"  --json                  one JSON object a line\n"
	"  --help                  this text\n\n"
	"The last two digits of the destination choose what happens:\n"
	"  00-79, 97-99  taken, receipt DELIVRD\n"
	"  80  throttled 0x58 once, then taken      89  taken, no receipt\n"
	"  81  queue full 0x14                      90  receipt late\n"
	"  82  system error 0x08                    91  receipt twice\n"
	"  83  invalid destination 0x0B             92  receipt before the response\n"
	"  84  submit failed 0x45                   93  vendor TLV refused 0xC1\n"
	"  85  no answer                            94  connection closed without answer\n"
	"  86  answer late                          95  receipt REJECTD\n"
	"  87  receipt UNDELIV                      96  receipt ACCEPTD, then DELIVRD\n"
	"  88  receipt EXPIRED\n";

static void print_json_string(const char *text, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_json(const struct fg_smsc_message *message)
{
	struct timespec now;

	printf("{\"id\":\"%s\",\"source\":", message->id);
	print_json_string(message->source, strlen(message->source));
	printf(",\"destination\":");
	print_json_string(message->destination, strlen(message->destination));
	printf(",\"parts\":%u,\"data_coding\":%u,\"esm_class\":%u,\"tlvs\":\"%s\",\"text\":",
	       message->parts, message->data_coding, message->esm_class, message->tlvs);
	print_json_string(message->text, message->text_len);
	clock_gettime(CLOCK_REALTIME, &now);
	printf(",\"time_us\":%lld}\n",
	       (long long)now.tv_sec * 1000000 + (long long)now.tv_nsec / 1000);
}

/* What a terminal would act on is shown as a dot: the text is a stranger's. */
static void print_safe(const char *text, size_t len)
{
	while (len > 0) {
		uint32_t cp = 0;
		size_t used = fg_utf8_next((const uint8_t *)text, len, &cp);

		if (used == 0)
			used = 1, cp = 0;
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			putchar('.');
		else
			fwrite(text, 1, used, stdout);
		text += used;
		len -= used;
	}
}

static void print_human(const struct program *program, const struct fg_smsc_message *message)
{
	size_t mark = strlen(MARK_BEGIN);

	printf("SMS to ");
	print_safe(message->destination, strlen(message->destination));
	printf(" from ");
	print_safe(message->source, strlen(message->source));
	printf(" (%u part%s): ", message->parts, message->parts == 1 ? "" : "s");
	if (program->colour && message->text_len >= mark &&
	    memcmp(message->text, MARK_BEGIN, mark) == 0)
		printf("\033[7m%s\033[0m", MARK_BEGIN);
	else
		mark = 0;
	print_safe(message->text + mark, message->text_len - mark);
	putchar('\n');
}

static void on_last(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fg_loop_stop(arg);
}

static void on_message(const struct fg_smsc_message *message, void *arg)
{
	struct program *program = arg;
	unsigned wait_ms = 2 * program->options.receipt_delay_ms + 100; /* let its receipt go out */
	struct timeval tv = { .tv_sec = wait_ms / 1000,
			      .tv_usec = (suseconds_t)(wait_ms % 1000) * 1000 };

	if (program->json)
		print_json(message);
	else
		print_human(program, message);
	fflush(stdout);
	if (++program->shown == program->count)
		event_base_once(fg_loop_base(program->loop), -1, EV_TIMEOUT, on_last, program->loop,
				&tv);
}

static void usage_error(const char *what, const char *value)
{
	fprintf(stderr, "fallgate-smsc: %s: %s; see fallgate-smsc --help\n", what, value);
	exit(2);
}

static unsigned long number(const char *name, const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || text[0] == '-' || n > max)
		usage_error(name, text);
	return n;
}

static void read_script(struct program *program)
{
	char *text = calloc(1, SCRIPT_MAX + 1);
	FILE *file = fopen(program->script, "r");
	unsigned line = 0;

	if (!text || !file)
		usage_error("cannot read script", program->script);
	if (fread(text, 1, SCRIPT_MAX, file) == SCRIPT_MAX)
		usage_error("script is longer than 64 KiB", program->script);
	fclose(file);
	if (fg_smsc_script_parse(text, &program->options, &line) != FG_OK) {
		fprintf(stderr,
			"fallgate-smsc: %s:%u: not DEST-SUFFIX STATUS [receipt=STATE] [delay=MS] "
			"[times=N]\n",
			program->script, line);
		exit(2);
	}
	free(text);
}

static void read_option(struct program *program, int option)
{
	struct fg_smsc_options *o = &program->options;

	switch (option) {
	case 'l':
		o->listen = optarg;
		break;
	case 'i':
		o->system_id = optarg;
		break;
	case 'p':
		o->password = optarg;
		break;
	case 'f':
		if (strcmp(optarg, "hex") != 0 && strcmp(optarg, "dec") != 0)
			usage_error("--id-format", optarg);
		o->id_hex = optarg[0] == 'h';
		break;
	case 'd':
		o->receipt_delay_ms = (unsigned)number("--receipt-delay", optarg, 3600000);
		break;
	case 'L':
		o->late_ms = (unsigned)number("--late", optarg, 3600000);
		break;
	case 's':
		program->script = optarg;
		break;
	case 'S':
		o->seed = (uint32_t)number("--seed", optarg, UINT32_MAX);
		break;
	case 'c':
		program->count = number("--count", optarg, 1000000000);
		break;
	case 'j':
		program->json = true;
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		exit(2);
	}
}

static void read_options(struct program *program, int argc, char **argv)
{
	static const struct option options[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "system-id", required_argument, NULL, 'i' },
		{ "password", required_argument, NULL, 'p' },
		{ "id-format", required_argument, NULL, 'f' },
		{ "receipt-delay", required_argument, NULL, 'd' },
		{ "late", required_argument, NULL, 'L' },
		{ "script", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'S' },
		{ "count", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		read_option(program, option);
	if (optind < argc)
		usage_error("unknown argument", argv[optind]);
	if (program->script)
		read_script(program);
}

int main(int argc, char **argv)
{
	struct program program = {
		.options = { .listen = "127.0.0.1:2775", .receipt_delay_ms = 50, .late_ms = 2000 }
	};
	struct fg_smsc *smsc;
	void *ctx;
	char *host;
	enum fg_rc rc;

	read_options(&program, argc, argv);
	ctx = talloc_named_const(NULL, 0, "fallgate-smsc");
	program.colour = isatty(STDOUT_FILENO);
	program.loop = fg_loop_new(ctx);
	if (!program.loop || fg_log_init(ctx, "fallgate-smsc", "notice") != FG_OK)
		return 1;
	rc = fg_smsc_new(ctx, program.loop, &program.options, on_message, &program, &smsc);
	if (rc != FG_OK) {
		fprintf(stderr, "fallgate-smsc: cannot listen on %s: %s\n", program.options.listen,
			fg_rc_text(rc));
		return 1;
	}
	host = talloc_strndup(ctx, program.options.listen, strcspn(program.options.listen, ":"));
	fprintf(stderr, "fallgate-smsc: listening on %s:%u\n", host, fg_smsc_port(smsc));
	fg_loop_run(program.loop);
	talloc_free(ctx);
	return 0;
}
