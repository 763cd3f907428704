/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/smsc/smsc.h"

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

static bool read_word(const char *word, struct fg_smsc_rule *rule)
{
	if (strncmp(word, "receipt=", 8) == 0)
		return fg_smsc_state_by_name(word + 8, &rule->receipt);
	if (strncmp(word, "delay=", 6) == 0)
		return read_number(word + 6, 3600000, &rule->delay_ms);
	if (strncmp(word, "times=", 6) == 0)
		return read_number(word + 6, 1000000, &rule->times);
	return false;
}

/* An empty line gives an empty suffix. */
static bool read_line(char *line, struct fg_smsc_rule *rule_out)
{
	struct fg_smsc_rule rule = { .receipt = FG_DLR_DELIVERED };
	char *save = NULL, *word;

	line[strcspn(line, "#\r")] = '\0';
	word = strtok_r(line, " \t", &save);
	*rule_out = rule;
	if (!word)
		return true;
	if (strlen(word) >= sizeof(rule.suffix) || strspn(word, "0123456789") != strlen(word))
		return false;
	snprintf(rule.suffix, sizeof(rule.suffix), "%s", word);
	word = strtok_r(NULL, " \t", &save);
	if (!word || (strcmp(word, "ok") != 0 && !read_number(word, UINT32_MAX, &rule.status)))
		return false;
	while ((word = strtok_r(NULL, " \t", &save)))
		if (!read_word(word, &rule))
			return false;
	*rule_out = rule;
	return true;
}

enum fg_rc fg_smsc_script_parse(const char *text, struct fg_smsc_options *options,
				unsigned *line_out)
{
	char line[256];
	unsigned number = 1;

	for (; *text; number++) {
		size_t len = strcspn(text, "\n");
		struct fg_smsc_rule rule;

		*line_out = number;
		if (len >= sizeof(line) || options->rules_count >= FG_SMSC_RULES_MAX)
			return FG_E_SYNTAX;
		memcpy(line, text, len);
		line[len] = '\0';
		if (!read_line(line, &rule))
			return FG_E_SYNTAX;
		if (rule.suffix[0])
			options->rules[options->rules_count++] = rule;
		text += len + (text[len] == '\n');
	}
	return FG_OK;
}
