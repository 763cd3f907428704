/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What testers write: outcomes, scripts, mixes, durations.
 */
#include "emulators/smsc/smsc.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

bool fg_smsc_state_by_name(const char *name, enum fg_dlr_state *state_out)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].name, name) == 0) {
			*state_out = states[i].state;
			return true;
		}
	return false;
}

static bool read_number(const char *text, unsigned long max, unsigned *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (end == text || *end || n > max || text[0] == '-')
		return false;
	*out = (unsigned)n;
	return true;
}

bool fg_smsc_duration_parse(const char *text, unsigned *ms_out)
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
		if (strcmp(end, units[i].unit) == 0 && n <= FG_SMSC_DELAY_MAX_MS / units[i].ms) {
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
		{ "first", FG_SMSC_RECEIPT_FIRST },
		{ "late", FG_SMSC_RECEIPT_LATE },
		{ "noanswer", FG_SMSC_NO_ANSWER },
		{ "drop", FG_SMSC_NO_ANSWER },
		{ "close", FG_SMSC_NO_ANSWER | FG_SMSC_CLOSE },
		{ "cut", FG_SMSC_CUT },
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

static bool read_word(const char *word, struct fg_smsc_outcome *outcome)
{
	unsigned after_ms;

	if (strncmp(word, "receipt=", 8) == 0)
		return fg_smsc_state_by_name(word + 8, &outcome->receipt);
	if (strncmp(word, "via=", 4) == 0)
		return fg_smsc_state_by_name(word + 4, &outcome->via);
	if (strncmp(word, "delay=", 6) == 0)
		return fg_smsc_duration_parse(word + 6, &outcome->delay_ms);
	if (strncmp(word, "receipts=", 9) == 0)
		return read_number(word + 9, 100, &outcome->receipts);
	if (strncmp(word, "err=", 4) == 0)
		return read_error(word + 4, outcome->err);
	if (strncmp(word, "after=", 6) != 0)
		return read_flag(word, &outcome->flags);
	if (!fg_smsc_duration_parse(word + 6, &after_ms))
		return false;
	outcome->after_ms = (int)after_ms;
	return true;
}

static const struct fg_smsc_outcome taken = { .receipt = FG_DLR_DELIVERED,
					      .via = FG_DLR_OTHER,
					      .receipts = 1,
					      .after_ms = FG_SMSC_AFTER_DEFAULT };

/* times is NULL where it has no meaning. */
static bool read_outcome(char **save, struct fg_smsc_outcome *outcome_out, unsigned *times)
{
	struct fg_smsc_outcome outcome = taken;
	char *word = strtok_r(NULL, " \t", save);

	if (!word || (strcmp(word, "ok") != 0 && !read_number(word, UINT32_MAX, &outcome.status)))
		return false;
	while ((word = strtok_r(NULL, " \t", save))) {
		if (times && strncmp(word, "times=", 6) == 0 &&
		    read_number(word + 6, 1000000, times))
			continue;
		if (!read_word(word, &outcome))
			return false;
	}
	*outcome_out = outcome;
	return true;
}

bool fg_smsc_outcome_parse(char *words, struct fg_smsc_outcome *outcome_out)
{
	char *save = words;

	return read_outcome(&save, outcome_out, NULL);
}

static bool copy_word(const char *word, char *out, size_t cap)
{
	if (!word || strlen(word) >= cap)
		return false;
	memcpy(out, word, strlen(word) + 1);
	return true;
}

/* mo FROM TO AT TEXT */
static bool read_mo(char **save, struct fg_smsc_options *options)
{
	struct fg_smsc_mo mo = { .data_sm = false };
	const char *at;

	if (options->mo_count >= FG_SMSC_MO_MAX ||
	    !copy_word(strtok_r(NULL, " \t", save), mo.source, sizeof(mo.source)) ||
	    !copy_word(strtok_r(NULL, " \t", save), mo.destination, sizeof(mo.destination)))
		return false;
	at = strtok_r(NULL, " \t", save);
	if (!at || !fg_smsc_duration_parse(at, &mo.at_ms) ||
	    !copy_word(*save, mo.text, sizeof(mo.text)) || !mo.text[0])
		return false;
	options->mo[options->mo_count++] = mo;
	return true;
}

static bool read_line(char *line, struct fg_smsc_options *options)
{
	struct fg_smsc_rule rule = { .times = 0 };
	char *save = NULL, *word;

	line[strcspn(line, "\r")] = '\0';
	if (strncmp(line, "mo ", 3) != 0) /* a text may have a # */
		line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, " \t", &save);
	if (!word)
		return true;
	if (strcmp(word, "mo") == 0)
		return read_mo(&save, options);
	if (options->rules_count >= FG_SMSC_RULES_MAX ||
	    strspn(word, "0123456789") != strlen(word) ||
	    !copy_word(word, rule.suffix, sizeof(rule.suffix)) ||
	    !read_outcome(&save, &rule.outcome, &rule.times))
		return false;
	options->rules[options->rules_count++] = rule;
	return true;
}

enum fg_rc fg_smsc_script_parse(const char *text, struct fg_smsc_options *options,
				unsigned *line_out)
{
	char line[512];
	unsigned number = 1;

	for (; *text; number++) {
		size_t len = strcspn(text, "\n");

		*line_out = number;
		if (len >= sizeof(line))
			return FG_E_SYNTAX;
		memcpy(line, text, len);
		line[len] = '\0';
		if (!read_line(line, options))
			return FG_E_SYNTAX;
		text += len + (text[len] == '\n');
	}
	return FG_OK;
}

/* ---- Mixes ---- */

static bool error_name(const char *name, struct fg_smsc_outcome *outcome)
{
	if (read_number(name, UINT32_MAX, &outcome->status))
		return true;
	return strcmp(name, "first") != 0 && strcmp(name, "late") != 0 &&
	       read_flag(name, &outcome->flags);
}

static bool receipt_name(const char *name, struct fg_smsc_outcome *outcome)
{
	return fg_smsc_state_by_name(name, &outcome->receipt);
}

static bool read_share(char *item, bool (*name)(const char *, struct fg_smsc_outcome *),
		       struct fg_smsc_share *share)
{
	char *equals = strchr(item, '='), *end;
	double percent;

	if (!equals || !isdigit((unsigned char)equals[1]))
		return false;
	*equals = '\0';
	percent = strtod(equals + 1, &end);
	share->outcome = taken;
	if (*end || !(percent >= 0 && percent <= 100) || !name(item, &share->outcome))
		return false;
	share->ppm = (uint32_t)(percent * (FG_SMSC_SHARES_WHOLE / 100) + 0.5);
	return true;
}

static bool read_mix(const char *text, bool (*name)(const char *, struct fg_smsc_outcome *),
		     struct fg_smsc_share *shares_out, size_t *count_out)
{
	char copy[256], *save = NULL, *item = copy;
	uint32_t whole = 0;

	*count_out = 0;
	if (!copy_word(text, copy, sizeof(copy)))
		return false;
	while ((item = strtok_r(item, ",", &save))) {
		if (*count_out >= FG_SMSC_SHARES_MAX ||
		    !read_share(item, name, &shares_out[*count_out]))
			return false;
		whole += shares_out[(*count_out)++].ppm;
		item = NULL;
	}
	return *count_out > 0 && whole <= FG_SMSC_SHARES_WHOLE;
}

bool fg_smsc_mix_parse(const char *text, struct fg_smsc_share *shares_out, size_t *count_out)
{
	return read_mix(text, error_name, shares_out, count_out);
}

bool fg_smsc_receipt_mix_parse(const char *text, struct fg_smsc_share *shares_out,
			       size_t *count_out)
{
	return read_mix(text, receipt_name, shares_out, count_out);
}
