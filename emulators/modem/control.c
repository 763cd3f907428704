/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The orders of the control socket and of scripts. command.c is the client. The words "--modem N"
 * choose a modem, else it is the first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emulators/modem/bank_state.h"

enum { RSSI_MAX = 31, RSSI_UNKNOWN = 99, FAULT_TIMES_MAX = 1000000 };

/* ---- Words ---- */

static void remove_words(struct emu_request *request, unsigned at, unsigned count)
{
	request->count -= count;
	memmove(&request->words[at], &request->words[at + count],
		(request->count - at) * sizeof(request->words[0]));
}

/* Is that word there? It is taken out. */
static bool take_word(struct emu_request *request, const char *name)
{
	for (unsigned i = 1; i < request->count; i++)
		if (strcmp(request->words[i], name) == 0) {
			remove_words(request, i, 1);
			return true;
		}
	return false;
}

/* The word behind that one, NULL when it is not there. Both are taken out. */
static const char *take_value(struct emu_request *request, const char *name)
{
	for (unsigned i = 1; i + 1 < request->count; i++)
		if (strcmp(request->words[i], name) == 0) {
			const char *value = request->words[i + 1];

			remove_words(request, i, 2);
			return value;
		}
	return NULL;
}

static bool take_number(struct emu_request *request, const char *name, unsigned max, int *out)
{
	const char *text = take_value(request, name);
	unsigned number;

	if (!text)
		return true;
	if (!emu_number_parse(text, max, &number))
		return false;
	*out = (int)number;
	return true;
}

/* NULL: there is no such modem. */
static struct modem *take_modem(struct emu_request *request)
{
	struct bank *bank = request->arg;
	int number = 0;

	bank_before(bank);
	return take_number(request, "--modem", bank->options.count - 1, &number)
		       ? &bank->modems[number]
		       : NULL;
}

static void answer_rc(struct emu_request *request, enum fg_rc rc)
{
	if (rc != FG_OK)
		snprintf(request->answer, EMU_ANSWER_TEXT, "error: %s\n", fg_rc_text(rc));
}

/* ---- Orders: each fills the answer; false: its words are wrong ---- */

static bool take_malformed(struct emu_request *request, enum phone_malformed *out)
{
	static const char *const names[] = { "none",   "short", "length", "address",
					     "header", "kind",  "empty" };
	const char *name = take_value(request, "--malformed");

	if (!name)
		return true;
	for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*out = (enum phone_malformed)i;
			return true;
		}
	return false;
}

static bool octets_are_good(const struct phone_incoming *incoming, char answer[EMU_ANSWER_TEXT])
{
	size_t len = strlen(incoming->text);

	if (incoming->port >= 0 && !incoming->octets)
		snprintf(answer, EMU_ANSWER_TEXT, "error: --port needs --8bit\n");
	else if (incoming->octets &&
		 (len % 2 || strspn(incoming->text, "0123456789abcdefABCDEF") != len))
		snprintf(answer, EMU_ANSWER_TEXT, "error: with --8bit TEXT is hex\n");
	else
		return true;
	return false;
}

static bool order_receive(struct emu_request *request)
{
	struct modem *modem = take_modem(request);
	struct phone_incoming incoming = { .message_class = -1, .port = -1 };

	if (!modem || !take_number(request, "--class", 3, &incoming.message_class) ||
	    !take_number(request, "--port", 65535, &incoming.port) ||
	    !take_malformed(request, &incoming.malformed))
		return false;
	incoming.octets = take_word(request, "--8bit");
	incoming.ucs2 = take_word(request, "--ucs2");
	incoming.backwards = take_word(request, "--backwards");
	if (take_word(request, "--flash"))
		incoming.message_class = 0;
	if (request->count != 3)
		return false;
	incoming.from = request->words[1];
	incoming.text = request->words[2];
	if (!octets_are_good(&incoming, request->answer))
		return true;
	answer_rc(request, phone_receive(modem->phone, &incoming));
	return true;
}

static bool read_status(const char *text, uint8_t *out)
{
	enum fg_dlr_state state;
	unsigned number;

	if (emu_state_by_name(text, &state) && state != FG_DLR_OTHER) {
		*out = phone_status_of(state);
		return true;
	}
	if (!emu_number_parse(text, 255, &number))
		return false;
	*out = (uint8_t)number;
	return true;
}

/* report [REFERENCE] [STATE] */
static bool order_report(struct emu_request *request)
{
	struct modem *modem = take_modem(request);
	unsigned reference = 0;
	bool which = request->count > 2;
	uint8_t status = 0;

	if (!modem || request->count > 3 ||
	    (which && !emu_number_parse(request->words[1], 255, &reference)) ||
	    (request->count > 1 && !read_status(request->words[request->count - 1], &status)))
		return false;
	answer_rc(request, phone_report(modem->phone, which ? (int)reference : -1, status));
	return true;
}

static bool order_unplug(struct emu_request *request)
{
	struct modem *modem = take_modem(request);

	if (!modem || request->count != 1)
		return false;
	bank_unplug(modem->bank, modem->number);
	return true;
}

static bool order_plug(struct emu_request *request)
{
	struct modem *modem = take_modem(request);

	if (!modem || request->count != 1)
		return false;
	answer_rc(request, bank_plug(modem->bank, modem->number));
	return true;
}

static bool order_signal(struct emu_request *request)
{
	struct modem *modem = take_modem(request);
	unsigned rssi;

	if (!modem || request->count != 2 ||
	    !emu_number_parse(request->words[1], RSSI_UNKNOWN, &rssi) ||
	    (rssi > RSSI_MAX && rssi != RSSI_UNKNOWN))
		return false;
	phone_signal(modem->phone, rssi);
	return true;
}

static bool order_register(struct emu_request *request)
{
	static const char *const names[] = { "off", "home", "searching", "denied", "", "roaming" };
	struct modem *modem = take_modem(request);

	if (!modem || request->count != 2)
		return false;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i][0] && strcmp(request->words[1], names[i]) == 0) {
			phone_register(modem->phone, i);
			return true;
		}
	return false;
}

static bool order_sim_full(struct emu_request *request)
{
	struct modem *modem = take_modem(request);
	bool off = request->count > 1 && strcmp(request->words[request->count - 1], "off") == 0;

	if (!modem || request->count > 2 ||
	    (request->count == 2 && !off && strcmp(request->words[1], "on") != 0))
		return false;
	phone_sim_full(modem->phone, !off);
	return true;
}

static bool order_sim(struct emu_request *request)
{
	struct modem *modem = take_modem(request);
	bool in = request->count == 2 && strcmp(request->words[1], "in") == 0;

	if (!modem || request->count != 2 || (!in && strcmp(request->words[1], "out") != 0))
		return false;
	phone_sim_present(modem->phone, in);
	return true;
}

static bool order_say(struct emu_request *request)
{
	struct modem *modem = take_modem(request);

	if (!modem || request->count != 2)
		return false;
	phone_noise(modem->phone, request->words[1]);
	return true;
}

/* fault NAME [TIMES], fault none */
static bool order_fault(struct emu_request *request)
{
	struct modem *modem = take_modem(request);
	unsigned times = 1;

	if (!modem || request->count < 2 || request->count > 3 ||
	    (request->count == 3 && !emu_number_parse(request->words[2], FAULT_TIMES_MAX, &times)))
		return false;
	if (strcmp(request->words[1], "none") != 0)
		return phone_fault(modem->phone, request->words[1], times);
	phone_faults_clear(modem->phone);
	return true;
}

static bool order_slow(struct emu_request *request)
{
	struct modem *modem = take_modem(request);
	unsigned ms;

	if (!modem || request->count != 2 || !emu_duration_parse(request->words[1], &ms) ||
	    ms > 10000)
		return false;
	phone_slow(modem->phone, ms * 1000);
	return true;
}

static bool order_script(struct emu_request *request)
{
	unsigned line;

	if (request->count != 2)
		return false;
	if (bank_script(request->arg, request->words[1], &line) != FG_OK)
		snprintf(request->answer, EMU_ANSWER_TEXT,
			 "error: line %u is not DEST-SUFFIX STATUS [WORD]..., nor after TIME "
			 "ORDER...\n",
			 line);
	return true;
}

static bool order_rule(struct emu_request *request)
{
	char line[512];
	size_t len = 0;
	unsigned number;

	for (unsigned i = 1; i < request->count && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i > 1 ? " " : "",
					request->words[i]);
	return len > 0 && len < sizeof(line) && !strchr(line, '\n') &&
	       strncmp(line, "after ", 6) != 0 && bank_script(request->arg, line, &number) == FG_OK;
}

static bool order_reset(struct emu_request *request)
{
	struct bank *bank = request->arg;

	for (unsigned i = 0; i < bank->options.count; i++)
		phone_options(bank->modems[i].phone)->rules_count = 0;
	return request->count == 1;
}

static bool order_advance(struct emu_request *request)
{
	unsigned ms;

	if (request->count != 2 || !emu_duration_parse(request->words[1], &ms))
		return false;
	if (bank_advance(request->arg, ms) != FG_OK)
		snprintf(request->answer, EMU_ANSWER_TEXT, "error: needs --clock virtual\n");
	return true;
}

static bool order_counters(struct emu_request *request)
{
	struct bank *bank = request->arg;
	bool json = take_word(request, "--json"), one = request->count > 1;
	struct modem *modem = take_modem(request);

	if (!modem || request->count > 1)
		return false;
	bank_count_all(bank);
	phone_counters_text(one ? phone_counters(modem->phone) : &bank->counters, json,
			    request->answer, EMU_ANSWER_TEXT);
	return true;
}

static bool order_wait(struct emu_request *request)
{
	struct bank *bank = request->arg;
	char *end;

	if (request->count != 3)
		return false;
	bank_before(bank);
	bank->awaited = true;
#define PHONE_COUNTER(name, note)                                                                  \
	if (strcmp(request->words[1], #name) == 0)                                                 \
		request->awaited = &bank->counters.name;
#include "emulators/modem/counters.def"
#undef PHONE_COUNTER
	request->wanted = strtoull(request->words[2], &end, 10);
	if (*end || !request->words[2][0])
		request->awaited = NULL;
	return request->awaited;
}

static bool order_where(struct emu_request *request)
{
	struct modem *modem = take_modem(request);

	if (!modem || request->count != 1)
		return false;
	snprintf(request->answer, EMU_ANSWER_TEXT, "%s\n", link_where(modem->link));
	return true;
}

static bool order_stop(struct emu_request *request)
{
	request->stop = request->count == 1;
	return request->stop;
}

static const struct emu_order orders[] = {
	{ "receive", order_receive },   { "report", order_report }, { "unplug", order_unplug },
	{ "plug", order_plug },         { "signal", order_signal }, { "register", order_register },
	{ "sim-full", order_sim_full }, { "sim", order_sim },       { "say", order_say },
	{ "fault", order_fault },       { "slow", order_slow },     { "script", order_script },
	{ "rule", order_rule },         { "reset", order_reset },   { "advance", order_advance },
	{ "counters", order_counters }, { "wait", order_wait },     { "where", order_where },
	{ "stop", order_stop },
};

static void after_order(void *arg)
{
	bank_after(arg);
}

enum fg_rc bank_control_new(struct bank *bank, const char *path, struct emu_control **control_out)
{
	const struct emu_orders conf = { .list = orders,
					 .count = sizeof(orders) / sizeof(orders[0]),
					 .arg = bank,
					 .after = after_order };

	return emu_control_new(bank, bank->loop, path, &conf, control_out);
}

/* ---- Of scripts ---- */

static const struct emu_order *find_order(const char *name)
{
	size_t len = strcspn(name, " \t");

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (strlen(orders[i].name) == len && strncmp(orders[i].name, name, len) == 0)
			return &orders[i];
	return NULL;
}

bool bank_order_known(const char *name)
{
	return find_order(name);
}

static bool has_value(const char *word)
{
	return strcmp(word, "--modem") == 0 || strcmp(word, "--class") == 0 ||
	       strcmp(word, "--port") == 0 || strcmp(word, "--malformed") == 0;
}

/* How many words stand before a text that goes to the end of the line; -1: there is none. */
static int words_before_text(const char *order)
{
	return strcmp(order, "receive") == 0 ? 1 : strcmp(order, "say") == 0 ? 0 : -1;
}

static void split_line(struct emu_request *request, char *line)
{
	char *save = NULL, *word = strtok_r(line, " \t", &save);
	int left = word ? words_before_text(word) : -1;
	bool value = false;

	while (word && request->count < EMU_WORDS_MAX) {
		bool option = value || strncmp(word, "--", 2) == 0;

		value = !value && has_value(word);
		request->words[request->count++] = word;
		if (left >= 0 && request->count > 1 && !option)
			left--;
		if (left == 0 && !value && save &&
		    strncmp(save + strspn(save, " \t"), "--", 2) != 0) {
			if (request->count < EMU_WORDS_MAX && *save)
				request->words[request->count++] = save + strspn(save, " \t");
			return;
		}
		word = strtok_r(NULL, " \t", &save);
	}
}

bool bank_order(struct bank *bank, char *line)
{
	const struct emu_order *order = find_order(line);
	struct emu_request *request = order ? calloc(1, sizeof(*request)) : NULL;
	bool good = false;

	if (!request)
		return false;
	request->arg = bank;
	split_line(request, line);
	good = order->run(request) && strncmp(request->answer, "error", 5) != 0;
	if (!good)
		fprintf(stderr, "fallgate-modem: a script's order failed: %s\n", order->name);
	free(request);
	return good;
}
