/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who the modem is, and how it speaks: identification, character set, errors, power.
 * Clauses: 3GPP TS 27.007.
 */
#include "emulators/modem/at.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED                                                                                     \
	(void)command;                                                                             \
	(void)params

static int say(struct phone *phone, enum at_form form, const char *text)
{
	if (form == AT_READ || form == AT_SET)
		return AT_CME + CME_NOT_ALLOWED;
	if (form == AT_RUN)
		phone_info(phone, "%s", text);
	return AT_OK;
}

int at_manufacturer(struct phone *phone, const struct phone_command *command, enum at_form form,
		    const struct at_params *params)
{
	UNUSED;
	return say(phone, form, phone->profile->manufacturer);
}

int at_model(struct phone *phone, const struct phone_command *command, enum at_form form,
	     const struct at_params *params)
{
	UNUSED;
	return say(phone, form, phone->profile->model);
}

int at_revision(struct phone *phone, const struct phone_command *command, enum at_form form,
		const struct at_params *params)
{
	UNUSED;
	return say(phone, form, phone->profile->revision);
}

int at_serial(struct phone *phone, const struct phone_command *command, enum at_form form,
	      const struct at_params *params)
{
	UNUSED;
	return say(phone, form == AT_SET ? AT_RUN : form, phone->options.imei);
}

int at_capabilities(struct phone *phone, const struct phone_command *command, enum at_form form,
		    const struct at_params *params)
{
	UNUSED;
	return say(phone, form, "+GCAP: +CGSM");
}

/* The digits of the own number stand for the subscriber. */
static const char *subscriber(const struct phone *phone)
{
	size_t len = strlen(phone->options.number);

	return phone->options.number + (len > 9 ? len - 9 : 0);
}

int at_imsi(struct phone *phone, const struct phone_command *command, enum at_form form,
	    const struct at_params *params)
{
	char imsi[16];

	UNUSED;
	snprintf(imsi, sizeof(imsi), "%05u0%09lu", OPERATOR_NUMERIC % 100000u,
		 strtoul(subscriber(phone), NULL, 10) % 1000000000ul);
	return say(phone, form, imsi);
}

const char *phone_iccid(const struct phone *phone, char out[static ICCID_DIGITS + 1])
{
	snprintf(out, ICCID_DIGITS + 1, "8900100%013lu", strtoul(subscriber(phone), NULL, 10));
	return out;
}

int at_iccid(struct phone *phone, const struct phone_command *command, enum at_form form,
	     const struct at_params *params)
{
	char digits[ICCID_DIGITS + 1];

	UNUSED;
	if (!phone->sim_present)
		return AT_CME + CME_NO_SIM;
	if (form != AT_TEST)
		phone_info(phone, "+%s: \"%s\"", command->name, phone_iccid(phone, digits));
	return AT_OK;
}

int at_own_number(struct phone *phone, const struct phone_command *command, enum at_form form,
		  const struct at_params *params)
{
	char text[160];

	UNUSED;
	if (form == AT_RUN)
		phone_info(phone, "+CNUM: ,%s,%d",
			   phone_quoted(phone, phone->options.number, text, sizeof(text)),
			   phone->options.number[0] == '+' ? 145 : 129);
	return AT_OK;
}

static const char *const charsets[CHARSETS] = { "GSM", "IRA", "UCS2", "8859-1", "UTF-8" };

int at_charset(struct phone *phone, const struct phone_command *command, enum at_form form,
	       const struct at_params *params)
{
	char given[16], name[80];

	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CSCS: (\"GSM\",\"IRA\",\"UCS2\",\"8859-1\",\"UTF-8\")");
	if (form == AT_READ)
		phone_info(phone, "+CSCS: %s",
			   phone_quoted(phone, charsets[phone->charset], name, sizeof(name)));
	if (form != AT_SET)
		return AT_OK;
	if (!at_text(params, 0, given, sizeof(given)))
		return AT_CME + CME_PARAMETERS;
	for (unsigned i = 0; i < CHARSETS; i++)
		if (strcmp(given, charsets[i]) == 0 ||
		    /* the set that is now in use may have been used to say so (5.5) */
		    (phone_unquoted(phone, given, strlen(given), name, sizeof(name)) &&
		     strcmp(name, charsets[i]) == 0)) {
			phone->charset = (enum charset)i;
			return AT_OK;
		}
	return AT_CME + CME_PARAMETERS;
}

int at_errors(struct phone *phone, const struct phone_command *command, enum at_form form,
	      const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CMEE: (0-2)");
	if (form == AT_READ)
		phone_info(phone, "+CMEE: %d", phone->cmee);
	return form == AT_SET && !at_number(params, 0, 0, 2, &phone->cmee) ? AT_ERROR : AT_OK;
}

/* 8.2: 0 and 4 switch the radio off; "1,1" starts anew. */
int at_function(struct phone *phone, const struct phone_command *command, enum at_form form,
		const struct at_params *params)
{
	int level = 1, reset = 0;

	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CFUN: (0,1,4),(0-1)");
	if (form == AT_READ)
		phone_info(phone, "+CFUN: %u", phone->function);
	if (form != AT_SET)
		return AT_OK;
	if (!at_number(params, 0, 0, 4, &level) || !at_number(params, 1, 0, 1, &reset) ||
	    level == 2 || level == 3)
		return AT_CME + CME_PARAMETERS;
	if (reset)
		phone_defaults(phone);
	phone->function = (unsigned)level;
	return AT_OK;
}

int at_activity(struct phone *phone, const struct phone_command *command, enum at_form form,
		const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CPAS: (0,3,4)");
	else
		phone_info(phone, "+CPAS: 0");
	return AT_OK;
}

int at_clock(struct phone *phone, const struct phone_command *command, enum at_form form,
	     const struct at_params *params)
{
	struct fg_tpdu_time now;

	UNUSED;
	if (form == AT_READ && fg_tpdu_time_of(phone_wall_s(phone), 0, &now) == FG_OK)
		phone_info(phone, "+CCLK: \"%02u/%02u/%02u,%02u:%02u:%02u+00\"", now.year,
			   now.month, now.day, now.hour, now.minute, now.second);
	return AT_OK;
}
