/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/smsc/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPT_MAX = 65536, BURSTS_A_SECOND = 10 };

static const char help[] =
	"Usage: fallgate-smsc [OPTION]...\n"
	"       fallgate-smsc mo [--control PATH] [--data-sm] [--system-id ID] FROM TO TEXT\n"
	"       fallgate-smsc ctl PATH ORDER...\n"
	"An SMSC for tests: takes messages by SMPP 3.4 and shows them as a phone would.\n\n"
	"  --listen ADDRESS:PORT   default 127.0.0.1:2775; port 0 takes any free one; said at "
	"start\n"
	"  --tls-cert FILE --tls-key FILE   TLS from the first octet\n"
	"  --tls-client-ca FILE    and clients must show a certificate of that CA\n"
	"  --system-id ID          refuse other ids with 0x0F\n"
	"  --password WORD         refuse other passwords with 0x0E\n"
	"  --id-format hex|hex-lower|dec   of message ids, default dec\n"
	"  --receipt-id hex|hex-lower|dec  of ids in receipts, default as --id-format\n"
	"  --id-digits N           pad ids with zeros to N digits\n"
	"  --answer-delay TIME     of every answer, default 0\n"
	"  --receipt-delay TIME    default 50\n"
	"  --receipt-jitter TIME   at most so much is added, so that receipts overtake each "
	"other\n"
	"  --late TIME             what `late' below means, default 2000\n"
	"  --repeat                receipts and messages of phones again until they are "
	"answered\n"
	"  --mix WHAT=PERCENT,...  outcomes of messages that nothing else decides: a status, "
	"drop,\n"
	"                          close or cut, such as 0x58=5,0x08=1,drop=0.5\n"
	"  --receipt-mix STATE=PERCENT,...  and their receipts, such as UNDELIV=3,none=1\n"
	"  --rate N [--burst N]    messages a second of a system id; over it 0x58\n"
	"  --window N              unanswered messages of a bind; over it 0x58\n"
	"  --script FILE           lines DEST-SUFFIX STATUS [WORD]..., or mo FROM TO AT TEXT\n"
	"  --no-text               texts with !smsc choose no outcome\n"
	"  --seed N                first message id, and of the mixes, so that runs are alike\n"
	"  --clock virtual         time stands still but for `ctl PATH advance'\n"
	"  --control PATH          socket for `mo' and `ctl'; they also read "
	"FALLGATE_SMSC_CONTROL\n"
	"  --pcap FILE             capture every PDU; passwords are blanked\n"
	"  --count N               leave after N messages\n"
	"  --json                  one JSON object a line\n"
	"  --quiet                 show nothing: a sink for load\n"
	"  --help                  this text\n\n"
	"TIME is a number of ms, or 250ms, 30s, 5m, 1h.\n\n"
	"Orders of ctl: advance TIME, counters [--json], wait COUNTER N, rule LINE, reset, stop.\n"
	"From a test, in one line:\n"
	"  fallgate-smsc ctl smsc.sock rule 0199 0x58 times=3\n\n"
	"A text that has `!smsc STATUS [WORD]...;' near its begin gets that outcome, such as\n"
	"`!smsc ok receipt=UNDELIV after=10s;Hello'. STATUS is ok or a number; the words, also of\n"
	"scripts: receipt=STATE|none, via=STATE (told half way before), after=TIME (from submit "
	"to\n"
	"receipt), receipts=N (so often), err=NNN, delay=TIME (of the answer), times=N (scripts),\n"
	"first (receipt before the answer), late, noanswer, close, cut (in the midst of the "
	"answer).\n\n"
	"Else the last two digits of the destination choose what happens:\n"
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

static _Noreturn void usage_error(const char *what, const char *value)
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

static unsigned duration(const char *name, const char *text)
{
	unsigned ms = 0;

	if (!emu_duration_parse(text, &ms))
		usage_error(name, text);
	return ms;
}

static enum fg_smsc_id id_format(const char *name, const char *text)
{
	if (strcmp(text, "hex") == 0)
		return FG_SMSC_ID_HEX;
	if (strcmp(text, "hex-lower") == 0)
		return FG_SMSC_ID_HEX_LOWER;
	if (strcmp(text, "dec") != 0)
		usage_error(name, text);
	return FG_SMSC_ID_DECIMAL;
}

static void read_script(struct fg_smsc_options *options, const char *path)
{
	char *text = calloc(1, SCRIPT_MAX + 1);
	FILE *file = fopen(path, "r");
	unsigned line = 0;

	if (!text || !file)
		usage_error("cannot read script", path);
	if (fread(text, 1, SCRIPT_MAX, file) == SCRIPT_MAX)
		usage_error("script is longer than 64 KiB", path);
	fclose(file);
	if (fg_smsc_script_parse(text, options, &line) != FG_OK) {
		fprintf(stderr,
			"fallgate-smsc: %s:%u: not DEST-SUFFIX STATUS [WORD]..., nor mo FROM TO AT "
			"TEXT; see --help\n",
			path, line);
		exit(2);
	}
	free(text);
}

enum option_key {
	LISTEN = 256,
	TLS_CERT,
	TLS_KEY,
	TLS_CLIENT_CA,
	SYSTEM_ID,
	PASSWORD,
	ID_FORMAT,
	RECEIPT_ID,
	ID_DIGITS,
	ANSWER_DELAY,
	RECEIPT_DELAY,
	RECEIPT_JITTER,
	LATE,
	REPEAT,
	MIX,
	RECEIPT_MIX,
	RATE,
	BURST,
	WINDOW,
	SCRIPT,
	NO_TEXT,
	SEED,
	CLOCK,
	CONTROL,
	PCAP,
	COUNT,
	JSON,
	QUIET,
	HELP,
};

static const struct option long_options[] = {
	{ "listen", required_argument, NULL, LISTEN },
	{ "tls-cert", required_argument, NULL, TLS_CERT },
	{ "tls-key", required_argument, NULL, TLS_KEY },
	{ "tls-client-ca", required_argument, NULL, TLS_CLIENT_CA },
	{ "system-id", required_argument, NULL, SYSTEM_ID },
	{ "password", required_argument, NULL, PASSWORD },
	{ "id-format", required_argument, NULL, ID_FORMAT },
	{ "receipt-id", required_argument, NULL, RECEIPT_ID },
	{ "id-digits", required_argument, NULL, ID_DIGITS },
	{ "answer-delay", required_argument, NULL, ANSWER_DELAY },
	{ "receipt-delay", required_argument, NULL, RECEIPT_DELAY },
	{ "receipt-jitter", required_argument, NULL, RECEIPT_JITTER },
	{ "late", required_argument, NULL, LATE },
	{ "repeat", no_argument, NULL, REPEAT },
	{ "mix", required_argument, NULL, MIX },
	{ "receipt-mix", required_argument, NULL, RECEIPT_MIX },
	{ "rate", required_argument, NULL, RATE },
	{ "burst", required_argument, NULL, BURST },
	{ "window", required_argument, NULL, WINDOW },
	{ "script", required_argument, NULL, SCRIPT },
	{ "no-text", no_argument, NULL, NO_TEXT },
	{ "seed", required_argument, NULL, SEED },
	{ "clock", required_argument, NULL, CLOCK },
	{ "control", required_argument, NULL, CONTROL },
	{ "pcap", required_argument, NULL, PCAP },
	{ "count", required_argument, NULL, COUNT },
	{ "json", no_argument, NULL, JSON },
	{ "quiet", no_argument, NULL, QUIET },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

/* Which peer, how it is reached, what is shown. False: another option. */
static bool read_outer(struct smsc_arguments *arguments, int option)
{
	struct fg_smsc_options *o = &arguments->options;

	switch (option) {
	case LISTEN:
		o->listen = optarg;
		return true;
	case TLS_CERT:
		arguments->tls_certificate = optarg;
		return true;
	case TLS_KEY:
		arguments->tls_key = optarg;
		return true;
	case TLS_CLIENT_CA:
		arguments->tls_client_ca = optarg;
		return true;
	case SYSTEM_ID:
		o->system_id = optarg;
		return true;
	case PASSWORD:
		o->password = optarg;
		return true;
	case CONTROL:
		o->control = optarg;
		return true;
	case PCAP:
		o->pcap = optarg;
		return true;
	case COUNT:
		arguments->count = number("--count", optarg, 1000000000);
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

/* Ids and times. */
static bool read_times(struct fg_smsc_options *o, int option, bool *receipt_id)
{
	switch (option) {
	case ID_FORMAT:
		o->id = id_format("--id-format", optarg);
		return true;
	case RECEIPT_ID:
		o->dlr_id = id_format("--receipt-id", optarg);
		*receipt_id = true;
		return true;
	case ID_DIGITS:
		o->id_digits = (unsigned)number("--id-digits", optarg, 20);
		return true;
	case ANSWER_DELAY:
		o->answer_delay_ms = duration("--answer-delay", optarg);
		return true;
	case RECEIPT_DELAY:
		o->receipt_delay_ms = duration("--receipt-delay", optarg);
		return true;
	case RECEIPT_JITTER:
		o->receipt_jitter_ms = duration("--receipt-jitter", optarg);
		return true;
	case LATE:
		o->late_ms = duration("--late", optarg);
		return true;
	case REPEAT:
		o->repeat = true;
		return true;
	case SEED:
		o->seed = (uint32_t)number("--seed", optarg, UINT32_MAX);
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

/* What becomes of messages. */
static void read_outcomes(struct fg_smsc_options *o, int option)
{
	switch (option) {
	case MIX:
		if (!emu_mix_parse(optarg, o->mix, &o->mix_count))
			usage_error("--mix", optarg);
		return;
	case RECEIPT_MIX:
		if (!emu_receipt_mix_parse(optarg, o->receipt_mix, &o->receipt_mix_count))
			usage_error("--receipt-mix", optarg);
		return;
	case RATE:
		o->rate = (unsigned)number("--rate", optarg, 1000000);
		return;
	case BURST:
		o->burst = (unsigned)number("--burst", optarg, 1000000);
		return;
	case WINDOW:
		o->window = (unsigned)number("--window", optarg, 1000000);
		return;
	case SCRIPT:
		read_script(o, optarg);
		return;
	case NO_TEXT:
		o->no_text = true;
		return;
	case HELP:
		fputs(help, stdout);
		exit(0);
	default:
		exit(2);
	}
}

void smsc_arguments_read(struct smsc_arguments *arguments, int argc, char **argv)
{
	struct fg_smsc_options *o = &arguments->options;
	bool receipt_id = false;
	int option;

	o->listen = "127.0.0.1:2775";
	o->receipt_delay_ms = 50;
	o->late_ms = 2000;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!read_outer(arguments, option) && !read_times(o, option, &receipt_id))
			read_outcomes(o, option);
	if (optind < argc)
		usage_error("unknown argument", argv[optind]);
	if (!arguments->tls_certificate != !arguments->tls_key)
		usage_error("--tls-cert", "needs --tls-key, and the other way round");
	if (arguments->tls_client_ca && !arguments->tls_key)
		usage_error("--tls-client-ca", "needs --tls-cert and --tls-key");
	if (arguments->quiet && arguments->count)
		usage_error("--count", "is not counted with --quiet");
	if (!receipt_id)
		o->dlr_id = o->id;
	if (o->rate && !o->burst)
		o->burst = o->rate / BURSTS_A_SECOND + 1;
}
