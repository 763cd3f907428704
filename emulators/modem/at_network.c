/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network as commands show it. Clauses: 3GPP TS 27.007.
 */
#include "emulators/modem/at.h"

#include <stdio.h>
#include <string.h>

#define UNUSED                                                                                     \
	(void)command;                                                                             \
	(void)params

#define OPERATOR_NAME "Fallgate Test"

enum { STAT_HOME = 1, STAT_ROAMING = 5 };

bool phone_in_service(const struct phone *phone)
{
	return phone->function == 1 && phone_sim_usable(phone) &&
	       (phone->registration == STAT_HOME || phone->registration == STAT_ROAMING);
}

static unsigned stat_now(const struct phone *phone)
{
	return phone->function == 1 && phone_sim_usable(phone) ? phone->registration : 0;
}

static const char *const registrations[3] = { "CREG", "CGREG", "CEREG" };

static unsigned which_registration(const struct phone_command *command)
{
	for (unsigned i = 1; i < 3; i++)
		if (strcmp(command->name, registrations[i]) == 0)
			return i;
	return 0;
}

/* <lac> and <ci> of 7.2 */
static const char *place(const struct phone *phone, unsigned which)
{
	return phone->creg[which] == 2 && phone_in_service(phone) ? ",\"00C3\",\"0000A5F2\"" : "";
}

int at_registration(struct phone *phone, const struct phone_command *command, enum at_form form,
		    const struct at_params *params)
{
	unsigned which = which_registration(command);
	int level = (int)phone->creg[which];

	if (form == AT_TEST)
		phone_info(phone, "+%s: (0-2)", command->name);
	if (form == AT_READ)
		phone_info(phone, "+%s: %d,%u%s", command->name, level, stat_now(phone),
			   place(phone, which));
	if (form == AT_SET && !at_number(params, 0, 0, 2, &level))
		return AT_CME + CME_PARAMETERS;
	phone->creg[which] = (unsigned)level;
	return AT_OK;
}

void phone_register(struct phone *phone, unsigned stat)
{
	phone->registration = stat;
	for (unsigned i = 0; i < 3; i++)
		if (phone->creg[i])
			phone_tell(phone, "+%s: %u%s", registrations[i], stat_now(phone),
				   place(phone, i));
	phone_route(phone);
	phone_flush(phone);
}

/* 7.3: format 0 and 1 are names, 2 is numeric */
int at_operator(struct phone *phone, const struct phone_command *command, enum at_form form,
		const struct at_params *params)
{
	char name[160];
	int mode = 0, format = (int)phone->cops_format;

	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+COPS: (2,\"%s\",\"FGTEST\",\"%05d\"),,(0-4),(0-2)",
			   OPERATOR_NAME, OPERATOR_NUMERIC);
	if (form == AT_READ && !phone_in_service(phone))
		phone_info(phone, "+COPS: 0");
	else if (form == AT_READ && phone->cops_format == 2)
		phone_info(phone, "+COPS: 0,2,\"%05d\"", OPERATOR_NUMERIC);
	else if (form == AT_READ)
		phone_info(phone, "+COPS: 0,%u,%s", phone->cops_format,
			   phone_quoted(phone, OPERATOR_NAME, name, sizeof(name)));
	if (form != AT_SET)
		return AT_OK;
	if (!at_number(params, 0, 0, 4, &mode) || !at_number(params, 1, 0, 2, &format))
		return AT_CME + CME_PARAMETERS;
	phone->cops_format = (unsigned)format;
	return AT_OK;
}

int at_preferred(struct phone *phone, const struct phone_command *command, enum at_form form,
		 const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CPOL: (1-10),(0-2)");
	if (form == AT_READ)
		phone_info(phone, "+CPOL: 1,2,\"%05d\"", OPERATOR_NUMERIC);
	return AT_OK;
}

int at_signal(struct phone *phone, const struct phone_command *command, enum at_form form,
	      const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CSQ: (0-31,99),(0-7,99)");
	else if (form != AT_SET)
		phone_info(phone, "+CSQ: %u,99", phone->function == 1 ? phone->rssi : 99);
	return AT_OK;
}

/* 8.69: only <rxlev> is known */
int at_signal_more(struct phone *phone, const struct phone_command *command, enum at_form form,
		   const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-34,255),(0-97,255)");
	else
		phone_info(phone, "+CESQ: %u,99,255,255,255,255",
			   phone->rssi > 31 ? 99 : 2 * phone->rssi);
	return AT_OK;
}

/* 0 to 5 of 8.9 */
static unsigned bars(const struct phone *phone)
{
	return phone->rssi > 31 ? 0 : phone->rssi / 6;
}

void phone_signal(struct phone *phone, unsigned rssi)
{
	phone->rssi = rssi;
	if (phone->mer)
		phone_tell(phone, "+CIEV: 2,%u", bars(phone));
	phone_flush(phone);
}

int at_indicators(struct phone *phone, const struct phone_command *command, enum at_form form,
		  const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone,
			   "+CIND: (\"battchg\",(0-5)),(\"signal\",(0-5)),(\"service\",(0-1)),"
			   "(\"message\",(0-1)),(\"call\",(0-1)),(\"roam\",(0-1)),"
			   "(\"smsfull\",(0-1))");
	if (form == AT_READ)
		phone_info(phone, "+CIND: 5,%u,%d,%d,0,%d,%d", bars(phone), phone_in_service(phone),
			   phone_store_used(phone, MEMORY_SM) > 0,
			   phone->registration == STAT_ROAMING,
			   phone_store_used(phone, MEMORY_SM) == phone->memories[MEMORY_SM].size);
	return AT_OK;
}

/* 8.10: the fourth number is that of +CIEV */
int at_event_reporting(struct phone *phone, const struct phone_command *command, enum at_form form,
		       const struct at_params *params)
{
	int value = (int)phone->mer, other = 0;

	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CMER: (0-3),(0),(0),(0-1),(0-1)");
	if (form == AT_READ)
		phone_info(phone, "+CMER: %d,0,0,%u,0", phone->mer ? 3 : 0, phone->mer);
	if (form == AT_SET &&
	    (!at_number(params, 0, 0, 3, &other) || !at_number(params, 3, 0, 2, &value)))
		return AT_CME + CME_PARAMETERS;
	phone->mer = (unsigned)value;
	return AT_OK;
}

/* 5.9: 12 is GSM, 22 is UTRAN, 25 is both and E-UTRAN */
int at_networks(struct phone *phone, const struct phone_command *command, enum at_form form,
		const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "(12,22,25)");
	if (form == AT_READ)
		phone_info(phone, "25");
	return AT_OK;
}

int at_contexts(struct phone *phone, const struct phone_command *command, enum at_form form,
		const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CGDCONT: (1-16),\"IP\",,,(0),(0)");
	return AT_OK;
}

/* 7.15: nothing answers. 4 is "operation not supported". */
int at_ussd(struct phone *phone, const struct phone_command *command, enum at_form form,
	    const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CUSD: (0-2)");
	if (form == AT_READ)
		phone_info(phone, "+CUSD: 0");
	if (form == AT_SET && at_given(params, 1))
		phone_tell(phone, "+CUSD: 4");
	return AT_OK;
}
