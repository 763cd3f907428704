/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_OCTETS = 512 };

static const struct {
	const char *name;
	enum fg_dlr_state state;
} states[] = {
	{ "ENROUTE", FG_DLR_ENROUTE },
	{ "DELIVRD", FG_DLR_DELIVERED },
	{ "EXPIRED", FG_DLR_EXPIRED },
	{ "DELETED", FG_DLR_DELETED },
	{ "UNDELIV", FG_DLR_UNDELIVERABLE },
	{ "ACCEPTD", FG_DLR_ACCEPTED },
	{ "UNKNOWN", FG_DLR_UNKNOWN },
	{ "REJECTD", FG_DLR_REJECTED },
	{ "none", FG_DLR_OTHER },
};

bool emu_state_by_name(const char *name, enum fg_dlr_state *state_out)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].name, name) == 0) {
			*state_out = states[i].state;
			return true;
		}
	return false;
}

bool emu_number_parse(const char *text, unsigned long max, unsigned *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (end == text || *end || n > max || text[0] == '-')
		return false;
	*out = (unsigned)n;
	return true;
}

bool emu_port_is_good(const char *address)
{
	const char *port = strrchr(address, ':');
	unsigned number;

	return port && strspn(port + 1, "0123456789") == strlen(port + 1) &&
	       strlen(port + 1) <= 5 && emu_number_parse(port + 1, 65535, &number);
}

bool emu_duration_parse(const char *text, unsigned *ms_out)
{
	static const struct {
		const char *unit;
		unsigned ms;
	} units[] = { { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0 && n <= EMU_DELAY_MAX_MS / units[i].ms) {
			*ms_out = (unsigned)n * units[i].ms;
			return true;
		}
	return false;
}

static bool read_flag(const char *word, unsigned *flags)
{
	static const struct {
		const char *name;
		unsigned flags;
	} names[] = {
		{ "first", EMU_RECEIPT_FIRST },         { "late", EMU_RECEIPT_LATE },
		{ "noanswer", EMU_NO_ANSWER },          { "drop", EMU_NO_ANSWER },
		{ "close", EMU_NO_ANSWER | EMU_CLOSE }, { "cut", EMU_CUT },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(word, names[i].name) == 0) {
			*flags |= names[i].flags;
			return true;
		}
	return false;
}

static bool read_error(const char *text, char out[static 4])
{
	if (strlen(text) != 3 || strspn(text, "0123456789") != 3)
		return false;
	memcpy(out, text, 4);
	return true;
}

static bool read_word(const char *word, struct emu_outcome *outcome)
{
	unsigned after_ms;

	if (strncmp(word, "receipt=", 8) == 0)
		return emu_state_by_name(word + 8, &outcome->receipt);
	if (strncmp(word, "via=", 4) == 0)
		return emu_state_by_name(word + 4, &outcome->via);
	if (strncmp(word, "delay=", 6) == 0)
		return emu_duration_parse(word + 6, &outcome->delay_ms);
	if (strncmp(word, "receipts=", 9) == 0)
		return emu_number_parse(word + 9, 100, &outcome->receipts);
	if (strncmp(word, "err=", 4) == 0)
		return read_error(word + 4, outcome->err);
	if (strncmp(word, "after=", 6) != 0)
		return read_flag(word, &outcome->flags);
	if (!emu_duration_parse(word + 6, &after_ms))
		return false;
	outcome->after_ms = (int)after_ms;
	return true;
}

/* times is NULL where it has no meaning. */
static bool read_outcome(char **save, struct emu_outcome *outcome_out, unsigned *times)
{
	struct emu_outcome outcome = emu_plain;
	char *word = strtok_r(NULL, " \t", save);

	if (!word ||
	    (strcmp(word, "ok") != 0 && !emu_number_parse(word, UINT32_MAX, &outcome.status)))
		return false;
	while ((word = strtok_r(NULL, " \t", save))) {
		if (times && strncmp(word, "times=", 6) == 0 &&
		    emu_number_parse(word + 6, 1000000, times))
			continue;
		if (!read_word(word, &outcome))
			return false;
	}
	*outcome_out = outcome;
	return true;
}

bool emu_outcome_parse(char *words, struct emu_outcome *outcome_out)
{
	char *save = words;

	return read_outcome(&save, outcome_out, NULL);
}

bool emu_word_copy(const char *word, char *out, size_t cap)
{
	if (!word || strlen(word) >= cap)
		return false;
	memcpy(out, word, strlen(word) + 1);
	return true;
}

bool emu_rule_parse(char *line, struct emu_rule *rule_out)
{
	struct emu_rule rule = { .times = 0 };
	char *save = NULL, *word = strtok_r(line, " \t", &save);

	if (!word || strspn(word, "0123456789") != strlen(word) ||
	    !emu_word_copy(word, rule.suffix, sizeof(rule.suffix)) ||
	    !read_outcome(&save, &rule.outcome, &rule.times))
		return false;
	*rule_out = rule;
	return true;
}

enum fg_rc emu_lines(const char *text, bool (*fn)(char *line, void *arg), void *arg,
		     unsigned *line_out)
{
	char line[LINE_MAX_OCTETS];
	unsigned number = 1;

	for (; *text; number++) {
		size_t len = strcspn(text, "\n");

		*line_out = number;
		if (len >= sizeof(line))
			return FG_E_SYNTAX;
		memcpy(line, text, len);
		line[len] = '\0';
		line[strcspn(line, "\r")] = '\0';
		if (!fn(line, arg))
			return FG_E_SYNTAX;
		text += len + (text[len] == '\n');
	}
	return FG_OK;
}

/* ---- Mixes ---- */

static bool error_name(const char *name, struct emu_outcome *outcome)
{
	if (emu_number_parse(name, UINT32_MAX, &outcome->status))
		return true;
	return strcmp(name, "first") != 0 && strcmp(name, "late") != 0 &&
	       read_flag(name, &outcome->flags);
}

static bool receipt_name(const char *name, struct emu_outcome *outcome)
{
	return emu_state_by_name(name, &outcome->receipt);
}

static bool read_share(char *item, bool (*name)(const char *, struct emu_outcome *),
		       struct emu_share *share)
{
	char *equals = strchr(item, '='), *end;
	double percent;

	if (!equals || !isdigit((unsigned char)equals[1]))
		return false;
	*equals = '\0';
	percent = strtod(equals + 1, &end);
	share->outcome = emu_plain;
	if (*end || !(percent >= 0 && percent <= 100) || !name(item, &share->outcome))
		return false;
	share->ppm = (uint32_t)(percent * (EMU_SHARES_WHOLE / 100) + 0.5);
	return true;
}

static bool read_mix(const char *text, bool (*name)(const char *, struct emu_outcome *),
		     struct emu_share shares_out[static EMU_SHARES_MAX], size_t *count_out)
{
	char copy[256], *save = NULL, *item = copy;
	uint32_t whole = 0;

	*count_out = 0;
	if (!emu_word_copy(text, copy, sizeof(copy)))
		return false;
	while ((item = strtok_r(item, ",", &save))) {
		if (*count_out >= EMU_SHARES_MAX ||
		    !read_share(item, name, &shares_out[*count_out]))
			return false;
		whole += shares_out[(*count_out)++].ppm;
		item = NULL;
	}
	return *count_out > 0 && whole <= EMU_SHARES_WHOLE;
}

bool emu_mix_parse(const char *text, struct emu_share shares_out[static EMU_SHARES_MAX],
		   size_t *count_out)
{
	return read_mix(text, error_name, shares_out, count_out);
}

bool emu_receipt_mix_parse(const char *text, struct emu_share shares_out[static EMU_SHARES_MAX],
			   size_t *count_out)
{
	return read_mix(text, receipt_name, shares_out, count_out);
}
