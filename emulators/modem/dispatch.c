/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a command line to its commands (ITU-T V.250, 5.2.1): basic ones, and extended ones by table.
 */
#include "emulators/modem/at.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_CAP = 16 };

static int at_setting(struct phone *phone, const struct phone_command *command, enum at_form form,
		      const struct at_params *params);

enum setting_number {
#define PHONE_COMMAND(name, function, needs)
#define PHONE_SETTING(name, needs, first, min, max) SETTING_##name,
#include "emulators/modem/commands.def"
#undef PHONE_COMMAND
#undef PHONE_SETTING
	SETTINGS
};
_Static_assert(SETTINGS <= sizeof(((struct phone *)NULL)->settings) / sizeof(int), "no room");

static const struct phone_command commands[] = {
#define PHONE_COMMAND(name, function, needs) { #name, function, needs, 0, 0, 0, 0 },
#define PHONE_SETTING(name, needs, first, min, max)                                                \
	{ #name, at_setting, needs, SETTING_##name, first, min, max },
#include "emulators/modem/commands.def"
#undef PHONE_COMMAND
#undef PHONE_SETTING
};

static int at_setting(struct phone *phone, const struct phone_command *command, enum at_form form,
		      const struct at_params *params)
{
	int *value = &phone->settings[command->setting];

	if (form == AT_TEST)
		phone_info(phone, "+%s: (%d-%d)", command->name, command->min, command->max);
	else if (form == AT_READ)
		phone_info(phone, "+%s: %d", command->name, *value);
	else if (form == AT_SET && !at_number(params, 0, command->min, command->max, value))
		return AT_CME + CME_PARAMETERS;
	return AT_OK;
}

/* What &F and a start leave. */
void phone_defaults(struct phone *phone)
{
	static const int csmp[4] = { 17, 167, 0, 0 }; /* 3.3.1 */

	phone->echo = phone->verbose = true;
	phone->quiet = false;
	phone->cmee = 0;
	phone->format = 0;
	phone->charset = CHARSET_GSM;
	phone->service = 0;
	phone->csdh = false;
	phone->cops_format = 0;
	phone->mer = 0;
	memcpy(phone->csmp, csmp, sizeof(csmp));
	memset(phone->creg, 0, sizeof(phone->creg));
	memset(phone->cnmi, 0, sizeof(phone->cnmi));
	phone_unacknowledged(phone);
	phone_buffered_flush(phone, false);
	for (unsigned i = 0; i < 3; i++)
		phone->memory[i] = phone->profile->memories[0] == 'M' ? MEMORY_ME : MEMORY_SM;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].run == at_setting)
			phone->settings[commands[i].setting] = commands[i].first;
}

/* ---- Basic commands ---- */

static int identify(struct phone *phone)
{
	phone_info(phone, "%s", phone->profile->manufacturer);
	phone_info(phone, "%s", phone->profile->model);
	phone_info(phone, "%s", phone->profile->revision);
	return AT_OK;
}

static int switch_of(bool *which, unsigned long value)
{
	if (value > 1)
		return AT_ERROR;
	*which = value;
	return AT_OK;
}

static int basic(struct phone *phone, char letter, unsigned long value)
{
	switch (letter) {
	case 'E':
		return switch_of(&phone->echo, value);
	case 'V':
		return switch_of(&phone->verbose, value);
	case 'Q':
		return switch_of(&phone->quiet, value);
	case 'I':
		return identify(phone);
	case 'Z':
		phone_defaults(phone);
		return AT_OK;
	case 'H':
	case 'L':
	case 'M':
	case 'P':
	case 'T':
	case 'X':
	case 'O':
		return AT_OK;
	default:
		return AT_ERROR;
	}
}

/* S-parameters (V.250, 5.3.2) are taken and not used, but that S3 to S5 say what they are. */
static int s_parameter(struct phone *phone, const char **at)
{
	static const unsigned values[6] = { 0, 0, 0, 13, 10, 8 };
	char *end;
	unsigned long number = strtoul(*at, &end, 10);

	*at = end;
	if (**at == '?') {
		++*at;
		phone_info(phone, "%03u", number < 6 ? values[number] : 0);
		return AT_OK;
	}
	if (**at != '=')
		return AT_ERROR;
	(void)strtoul(*at + 1, &end, 10);
	*at = end;
	return AT_OK;
}

static int run_basic(struct phone *phone, const char **at)
{
	char letter = (char)toupper((unsigned char)*(*at)++);
	bool special = letter == '&' || letter == '\\';
	unsigned long value;
	char *end;

	if (letter == 'D') { /* nobody is called */
		*at += strlen(*at);
		return AT_NO_CARRIER;
	}
	if (letter == 'S')
		return s_parameter(phone, at);
	if (special)
		letter = **at ? (char)toupper((unsigned char)*(*at)++) : '\0';
	value = isdigit((unsigned char)**at) ? strtoul(*at, &end, 10) : 0;
	if (isdigit((unsigned char)**at))
		*at = end;
	if (!special)
		return basic(phone, letter, value);
	if (letter == 'F')
		phone_defaults(phone);
	return letter && strchr("FCDWKSYVGQNRJ", letter) ? AT_OK : AT_ERROR;
}

/* ---- Extended commands ---- */

static bool lacks(const struct phone *phone, const char *name)
{
	char word[NAME_CAP + 2];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(phone->profile->lacks, word);
}

static const struct phone_command *find(const struct phone *phone, const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return lacks(phone, name) ? NULL : &commands[i];
	return NULL;
}

/* 27.007, 9.2.1; 27.005, 3.2.5. AT_OK when the command may run. */
static int check_sim(const struct phone *phone, unsigned needs)
{
	bool sms = needs == FOR_SMS;

	if (needs == FOR_ANY)
		return AT_OK;
	if (!phone->sim_present)
		return sms ? AT_CMS + CMS_NO_SIM : AT_CME + CME_NO_SIM;
	if (phone->lock == SIM_PIN)
		return sms ? AT_CMS + CMS_PIN : AT_CME + CME_PIN;
	if (phone->lock == SIM_PUK)
		return sms ? AT_CMS + CMS_PUK : AT_CME + CME_PUK;
	if (phone->lock == SIM_DEAD)
		return sms ? AT_CMS + CMS_SIM_FAILURE : AT_CME + CME_SIM_FAILURE;
	return AT_OK;
}

static enum at_form read_form(const char **at)
{
	if (**at == '?') {
		++*at;
		return AT_READ;
	}
	if (**at != '=')
		return AT_RUN;
	++*at;
	if (**at != '?')
		return AT_SET;
	++*at;
	return AT_TEST;
}

static int run_extended(struct phone *phone, const char **at)
{
	const struct phone_command *command;
	struct at_params params = { .count = 0 };
	char name[NAME_CAP] = "";
	size_t len = 0;
	enum at_form form;
	int result;

	for (++*at; isalnum((unsigned char)**at); ++*at)
		if (len < sizeof(name) - 1)
			name[len++] = (char)toupper((unsigned char)**at);
	form = read_form(at);
	if (form == AT_SET)
		*at += at_params_read(*at, &params);
	command = find(phone, name);
	if (!command) {
		phone->counters.unknown++;
		return AT_ERROR;
	}
	result = form == AT_TEST ? AT_OK : check_sim(phone, command->needs);
	return result == AT_OK ? command->run(phone, command, form, &params) : result;
}

static int run_one(struct phone *phone, const char **at)
{
	int result;

	if (**at != '+')
		return run_basic(phone, at);
	result = run_extended(phone, at);
	if (result != AT_OK)
		return result;
	*at += strspn(*at, " ");
	return **at && **at != ';' ? AT_ERROR : AT_OK; /* V.250, 5.4.5 */
}

int phone_dispatch(struct phone *phone, const char *rest)
{
	int result = AT_OK;

	for (;;) {
		rest += strspn(rest, " ;");
		if (*rest == '\0' || result != AT_OK)
			return result;
		result = run_one(phone, &rest);
	}
}

int at_nothing(struct phone *phone, const struct phone_command *command, enum at_form form,
	       const struct at_params *params)
{
	(void)phone;
	(void)command;
	(void)form;
	(void)params;
	return AT_OK;
}
