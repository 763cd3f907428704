/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/modem/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emulators/common/file.h"

enum { SLOW_MAX_MS = 10000 };

static const char help[] =
	"Usage: fallgate-modem [OPTION]...\n"
	"       fallgate-modem ctl PATH ORDER [WORD]...\n"
	"A modem for tests: programs open it as one with a SIM, and this shows the phone's "
	"side.\n\n"
	"  --link PATH             a symbolic link to its pseudo-terminal, such as run/modem0\n"
	"  --tcp ADDRESS:PORT      a TCP port instead; port 0 takes any free one; said at start\n"
	"  --unix PATH             a Unix socket instead; @NAME is in the abstract namespace\n"
	"  --count N               so many; the number at the end of PATH or PORT counts up\n"
	"  --profile NAME          in the manner of another modem; --profile list shows them\n"
	"  --number NUMBER         its own, default +12025550100; of several it counts up\n"
	"  --pin PIN [--puk PUK]   the SIM asks for it; PUK is 12345678 if not given\n"
	"  --sim-slots N           messages that fit on the SIM\n"
	"  --answer-delay TIME     of the answer to a message that is sent, default 0\n"
	"  --report-delay TIME     until the status report, default 50\n"
	"  --part-delay TIME       between the parts of a message from a phone, default 100\n"
	"  --late TIME             what `late' below means, and until a modem comes back; default "
	"2000\n"
	"  --ack-timeout TIME      for AT+CNMA, default 15s\n"
	"  --slow TIME             between two octets\n"
	"  --mix WHAT=PERCENT,...  outcomes of messages that nothing else decides: a +CMS ERROR,\n"
	"                          drop, close or cut, such as 500=5,38=1,drop=0.5\n"
	"  --report-mix STATE=PERCENT,...  and their reports, such as UNDELIV=3,none=1\n"
	"  --fault NAME[=TIMES]    see below; may be given several times; of all modems\n"
	"  --script FILE           lines DEST-SUFFIX STATUS [WORD]..., or after TIME ORDER...\n"
	"  --no-text               texts with !modem choose no outcome\n"
	"  --seed N                first message reference, and of the mixes, so that runs are "
	"alike\n"
	"  --clock virtual         time stands still but for `ctl PATH advance'\n"
	"  --control PATH          socket for `ctl'\n"
	"  --record FILE           write what goes over the line\n"
	"  --replay FILE           answer as modem 0 of such a file did\n"
	"  --messages N            leave after N messages\n"
	"  --json                  one JSON object a line\n"
	"  --quiet                 show nothing\n"
	"  --help                  this text\n\n"
	"TIME is a number of ms, or 250ms, 30s, 5m, 1h.\n\n"
	"Orders of ctl: receive FROM TEXT, report, unplug, plug, signal, register, sim-full, sim,\n"
	"fault, slow, say, script, rule, reset, advance, counters, wait, where, stop. `ctl' alone\n"
	"shows their words. From a test, in one line:\n"
	"  fallgate-modem ctl modem.sock receive +12025550123 \"hi\"\n\n"
	"Faults: lost-prompt, silence (after the body), hang-up (in the PDU), noise (an "
	"unsolicited\n"
	"line inside an answer), echo-stuck, double-report, no-ok, late (the next answer), cut "
	"(in\n"
	"the midst of the next answer), garbage (octets that are no text before it), cms=N.\n\n"
	"A text that has `!modem STATUS [WORD]...;' near its begin gets that outcome. STATUS is ok "
	"or\n"
	"the number of a +CMS ERROR; the words, also of scripts: receipt=STATE|none, via=STATE,\n"
	"after=TIME (from submit to report), receipts=N, delay=TIME (of the answer), times=N\n"
	"(scripts), first (report before the answer), late, noanswer, close (unplugged instead of "
	"an\n"
	"answer), cut.\n\n"
	"Else the last two digits of the destination choose what happens, as with fallgate-smsc:\n"
	"  00-79, 93, 97-99  taken, report says delivered\n"
	"  80  42 congestion once, then taken       89  taken, no report\n"
	"  81  192 SC busy                          90  report late\n"
	"  82  194 SC system failure                91  report twice\n"
	"  83  195 invalid SME address              92  report before the answer\n"
	"  84  21 rejected                          94  unplugged without answer\n"
	"  85  no answer                            95  report says rejected\n"
	"  86  answer late                          96  report says trying, then delivered\n"
	"  87  report says not obtainable\n"
	"  88  report says expired\n";

static _Noreturn void usage_error(const char *what, const char *value)
{
	fprintf(stderr, "fallgate-modem: %s: %s; see fallgate-modem --help\n", what, value);
	exit(2);
}

static unsigned number(const char *name, const char *text, unsigned long max)
{
	unsigned n = 0;

	if (!emu_number_parse(text, max, &n))
		usage_error(name, text);
	return n;
}

static unsigned duration(const char *name, const char *text)
{
	unsigned ms = 0;

	if (!emu_duration_parse(text, &ms))
		usage_error(name, text);
	return ms;
}

/* As the order "slow". */
static unsigned slow_us(const char *text)
{
	unsigned ms = duration("--slow", text);

	if (ms > SLOW_MAX_MS)
		usage_error("--slow at most 10s", text);
	return ms * 1000;
}

static const char *file(const char *name, const char *path)
{
	const char *text = emu_file_text(path);

	if (!text)
		usage_error(name, path);
	return text;
}

static void copy(const char *name, const char *text, char *out, size_t cap)
{
	if (!emu_word_copy(text, out, cap))
		usage_error(name, text);
}

static const struct phone_profile *profile(const char *name)
{
	const struct phone_profile *found = phone_profile_find(name);
	const char *each, *note;

	if (found)
		return found;
	if (strcmp(name, "list") != 0)
		usage_error("--profile", name);
	for (size_t i = 0; phone_profile_at(i, &each, &note); i++)
		printf("%-8s %s\n", each, note);
	exit(0);
}

enum option_key {
	LINK = 256,
	TCP,
	UNIX,
	COUNT,
	PROFILE,
	NUMBER,
	PIN,
	PUK,
	SIM_SLOTS,
	ANSWER_DELAY,
	REPORT_DELAY,
	PART_DELAY,
	LATE,
	ACK_TIMEOUT,
	SLOW,
	MIX,
	REPORT_MIX,
	FAULT,
	SCRIPT,
	NO_TEXT,
	SEED,
	CLOCK,
	CONTROL,
	RECORD,
	REPLAY,
	MESSAGES,
	JSON,
	QUIET,
	HELP,
};

static const struct option long_options[] = {
	{ "link", required_argument, NULL, LINK },
	{ "tcp", required_argument, NULL, TCP },
	{ "unix", required_argument, NULL, UNIX },
	{ "count", required_argument, NULL, COUNT },
	{ "profile", required_argument, NULL, PROFILE },
	{ "number", required_argument, NULL, NUMBER },
	{ "pin", required_argument, NULL, PIN },
	{ "puk", required_argument, NULL, PUK },
	{ "sim-slots", required_argument, NULL, SIM_SLOTS },
	{ "answer-delay", required_argument, NULL, ANSWER_DELAY },
	{ "report-delay", required_argument, NULL, REPORT_DELAY },
	{ "part-delay", required_argument, NULL, PART_DELAY },
	{ "late", required_argument, NULL, LATE },
	{ "ack-timeout", required_argument, NULL, ACK_TIMEOUT },
	{ "slow", required_argument, NULL, SLOW },
	{ "mix", required_argument, NULL, MIX },
	{ "report-mix", required_argument, NULL, REPORT_MIX },
	{ "fault", required_argument, NULL, FAULT },
	{ "script", required_argument, NULL, SCRIPT },
	{ "no-text", no_argument, NULL, NO_TEXT },
	{ "seed", required_argument, NULL, SEED },
	{ "clock", required_argument, NULL, CLOCK },
	{ "control", required_argument, NULL, CONTROL },
	{ "record", required_argument, NULL, RECORD },
	{ "replay", required_argument, NULL, REPLAY },
	{ "messages", required_argument, NULL, MESSAGES },
	{ "json", no_argument, NULL, JSON },
	{ "quiet", no_argument, NULL, QUIET },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static void place(struct bank_options *options, enum link_kind kind, const char *text)
{
	if (options->place)
		usage_error("only one of --link, --tcp, --unix", text);
	options->kind = kind;
	options->place = text;
}

/* How it is reached, what is shown. False: another option. */
static bool read_outer(struct modem_arguments *arguments, int option)
{
	struct bank_options *o = &arguments->options;

	switch (option) {
	case LINK:
		place(o, LINK_PTY, optarg);
		return true;
	case TCP:
		place(o, LINK_TCP, optarg);
		return true;
	case UNIX:
		place(o, LINK_UNIX, optarg);
		return true;
	case COUNT:
		o->count = number("--count", optarg, BANK_MODEMS_MAX);
		return true;
	case CONTROL:
		o->control = optarg;
		return true;
	case RECORD:
		o->record = optarg;
		return true;
	case REPLAY:
		o->replay = file("--replay", optarg);
		return true;
	case SCRIPT:
		o->script = file("--script", optarg);
		return true;
	case MESSAGES:
		arguments->messages = number("--messages", optarg, 1000000000);
		return true;
	case JSON:
		arguments->json = true;
		return true;
	case QUIET:
		arguments->quiet = true;
		return true;
	default:
		return false;
	}
}

/* What the modem and its SIM are. */
static bool read_modem(struct phone_options *o, int option)
{
	switch (option) {
	case PROFILE:
		o->profile = profile(optarg);
		return true;
	case NUMBER:
		copy("--number", optarg, o->number, sizeof(o->number));
		return true;
	case PIN:
		copy("--pin", optarg, o->pin, sizeof(o->pin));
		return true;
	case PUK:
		copy("--puk", optarg, o->puk, sizeof(o->puk));
		return true;
	case SIM_SLOTS:
		o->sim_slots = number("--sim-slots", optarg, PHONE_STORE_MAX);
		return true;
	default:
		return false;
	}
}

static bool read_times(struct bank_options *o, int option)
{
	switch (option) {
	case ANSWER_DELAY:
		o->phone.answer_delay_ms = duration("--answer-delay", optarg);
		return true;
	case REPORT_DELAY:
		o->phone.report_delay_ms = duration("--report-delay", optarg);
		return true;
	case PART_DELAY:
		o->phone.part_delay_ms = duration("--part-delay", optarg);
		return true;
	case LATE:
		o->phone.late_ms = duration("--late", optarg);
		return true;
	case ACK_TIMEOUT:
		o->phone.ack_ms = duration("--ack-timeout", optarg);
		return true;
	case SLOW:
		o->phone.slow_us = slow_us(optarg);
		return true;
	case SEED:
		o->phone.seed = number("--seed", optarg, UINT32_MAX);
		return true;
	case CLOCK:
		if (strcmp(optarg, "virtual") != 0 && strcmp(optarg, "real") != 0)
			usage_error("--clock", optarg);
		o->virtual_clock = optarg[0] == 'v';
		return true;
	default:
		return false;
	}
}

static void add_fault(struct bank_options *o, const char *text)
{
	if (o->faults_count == BANK_FAULTS_MAX)
		usage_error("--fault", "too many");
	o->faults[o->faults_count++] = text;
}

static void read_outcomes(struct bank_options *o, int option)
{
	switch (option) {
	case MIX:
		if (!emu_mix_parse(optarg, o->phone.mix, &o->phone.mix_count))
			usage_error("--mix", optarg);
		return;
	case REPORT_MIX:
		if (!emu_receipt_mix_parse(optarg, o->phone.report_mix, &o->phone.report_mix_count))
			usage_error("--report-mix", optarg);
		return;
	case FAULT:
		add_fault(o, optarg);
		return;
	case NO_TEXT:
		o->phone.no_text = true;
		return;
	case HELP:
		fputs(help, stdout);
		exit(0);
	default:
		exit(2);
	}
}

static void check(const struct modem_arguments *arguments)
{
	const struct bank_options *o = &arguments->options;

	if (o->count == 0)
		usage_error("--count", "0");
	if (o->phone.pin[0] && (strlen(o->phone.pin) < 4 ||
				strspn(o->phone.pin, "0123456789") != strlen(o->phone.pin)))
		usage_error("--pin", "4 to 8 digits");
	if (strspn(o->phone.number, "+0123456789") != strlen(o->phone.number))
		usage_error("--number", o->phone.number);
}

void modem_arguments_read(struct modem_arguments *arguments, int argc, char **argv)
{
	struct bank_options *o = &arguments->options;
	int option;

	o->count = 1;
	o->phone.report_delay_ms = 50;
	o->phone.late_ms = 2000;
	o->phone.part_delay_ms = 100;
	strcpy(o->phone.number, "+12025550100");
	strcpy(o->phone.imei, "490154203237518");
	strcpy(o->phone.puk, "12345678");
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!read_outer(arguments, option) && !read_modem(&o->phone, option) &&
		    !read_times(o, option))
			read_outcomes(o, option);
	if (optind < argc)
		usage_error("unknown argument", argv[optind]);
	check(arguments);
}
