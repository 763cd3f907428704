/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings of the message service. Clauses: 3GPP TS 27.005.
 */
#include "emulators/modem/at.h"

#include <stdio.h>
#include <string.h>

#define UNUSED                                                                                     \
	(void)command;                                                                             \
	(void)params

/* 3.2.1 */
int at_service(struct phone *phone, const struct phone_command *command, enum at_form form,
	       const struct at_params *params)
{
	bool phase_2 = phone->profile->quirks & QUIRK_PHASE_2;
	int service = (int)phone->service;

	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CSMS: %s", phase_2 ? "(0)" : "(0,1)");
	if (form == AT_READ)
		phone_info(phone, "+CSMS: %d,1,1,1", service);
	if (form != AT_SET)
		return AT_OK;
	if (!at_number(params, 0, 0, phase_2 ? 0 : 1, &service))
		return AT_CMS + 303;
	phone->service = (unsigned)service;
	phone_info(phone, "+CSMS: 1,1,1");
	return AT_OK;
}

/* 3.2.3 */
int at_format(struct phone *phone, const struct phone_command *command, enum at_form form,
	      const struct at_params *params)
{
	int format = (int)phone->format;

	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CMGF: (0,1)");
	if (form == AT_READ)
		phone_info(phone, "+CMGF: %d", format);
	if (form == AT_SET && !at_number(params, 0, 0, 1, &format))
		return AT_CMS + CMS_NOT_ALLOWED;
	phone->format = (unsigned)format;
	return AT_OK;
}

/* 3.3.1 */
int at_center(struct phone *phone, const struct phone_command *command, enum at_form form,
	      const struct at_params *params)
{
	char given[160], number[sizeof(phone->smsc)], quoted[160];
	struct fg_tpdu_address address;

	UNUSED;
	if (form == AT_READ)
		phone_info(phone, "+CSCA: %s,%d",
			   phone_quoted(phone, phone->smsc, quoted, sizeof(quoted)),
			   phone->smsc[0] == '+' ? 145 : 129);
	if (form != AT_SET)
		return AT_OK;
	if (!at_text(params, 0, given, sizeof(given)) ||
	    !phone_unquoted(phone, given, strlen(given), number, sizeof(number)) ||
	    fg_tpdu_address_from(number, strlen(number), &address) != FG_OK ||
	    address.ton == FG_TPDU_TON_ALPHANUMERIC)
		return AT_CMS + 330;
	memcpy(phone->smsc, number, sizeof(number));
	return AT_OK;
}

/* 3.3.2 */
int at_text_parameters(struct phone *phone, const struct phone_command *command, enum at_form form,
		       const struct at_params *params)
{
	int values[4];

	UNUSED;
	memcpy(values, phone->csmp, sizeof(values));
	if (form == AT_READ)
		phone_info(phone, "+CSMP: %d,%d,%d,%d", values[0], values[1], values[2], values[3]);
	if (form != AT_SET)
		return AT_OK;
	for (unsigned i = 0; i < 4; i++)
		if (!at_number(params, i, 0, 255, &values[i]))
			return AT_CMS + CMS_TEXT;
	memcpy(phone->csmp, values, sizeof(values));
	return AT_OK;
}

/* 3.3.3 */
int at_text_header(struct phone *phone, const struct phone_command *command, enum at_form form,
		   const struct at_params *params)
{
	int shown = phone->csdh;

	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CSDH: (0,1)");
	if (form == AT_READ)
		phone_info(phone, "+CSDH: %d", shown);
	if (form == AT_SET && !at_number(params, 0, 0, 1, &shown))
		return AT_CMS + CMS_NOT_ALLOWED;
	phone->csdh = shown;
	return AT_OK;
}

/* 3.3.4: nothing is broadcast */
int at_broadcast(struct phone *phone, const struct phone_command *command, enum at_form form,
		 const struct at_params *params)
{
	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CSCB: (0,1)");
	if (form == AT_READ)
		phone_info(phone, "+CSCB: 0,\"\",\"\"");
	return AT_OK;
}

static void list_indications(struct phone *phone)
{
	char list[96] = "";

	for (unsigned i = 0; i < 5; i++)
		for (const char *value = phone->profile->cnmi[i]; *value; value++)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%c%s",
				 value != phone->profile->cnmi[i] ? ","
				 : i                              ? ",("
								  : "(",
				 *value, value[1] ? "" : ")");
	phone_info(phone, "+CNMI: %s", list);
}

/* 3.4.1 */
int at_indication(struct phone *phone, const struct phone_command *command, enum at_form form,
		  const struct at_params *params)
{
	int values[5];

	UNUSED;
	memcpy(values, phone->cnmi, sizeof(values));
	if (form == AT_TEST)
		list_indications(phone);
	if (form == AT_READ)
		phone_info(phone, "+CNMI: %d,%d,%d,%d,%d", values[0], values[1], values[2],
			   values[3], values[4]);
	if (form != AT_SET)
		return AT_OK;
	for (unsigned i = 0; i < 5; i++)
		if (!at_number(params, i, 0, 9, &values[i]) ||
		    (at_given(params, i) && !strchr(phone->profile->cnmi[i], '0' + values[i])))
			return AT_CMS + 303;
	memcpy(phone->cnmi, values, sizeof(values));
	if (values[0] != 0)
		phone_buffered_flush(phone, values[4] == 0);
	return AT_OK;
}

/* 3.4.4 and 4.7: 2 refuses; a length announces a PDU for the network */
int at_acknowledge(struct phone *phone, const struct phone_command *command, enum at_form form,
		   const struct at_params *params)
{
	int kind = 0, len = 0;

	UNUSED;
	if (form == AT_TEST) {
		phone_info(phone, "+CNMA: (0-2)");
		return AT_OK;
	}
	if (form == AT_READ || !at_number(params, 0, 0, 2, &kind) ||
	    !at_number(params, 1, 0, FG_TPDU_MAX, &len))
		return AT_CMS + CMS_NOT_ALLOWED;
	if (len == 0)
		return phone_acknowledge(phone, kind != 2);
	phone->body_octets = (unsigned)len;
	phone->body_stat = (uint8_t)kind;
	phone_prompt(phone, BODY_ACK);
	return AT_PROMPT;
}
