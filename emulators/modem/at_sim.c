/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The SIM: its PIN, its files, and the few commands that programs give it. Clauses: 3GPP TS 27.007;
 * status words: TS 51.011, 9.4.
 */
#include "emulators/modem/at.h"

#include <stdio.h>
#include <string.h>

#define UNUSED                                                                                     \
	(void)command;                                                                             \
	(void)params

enum { PIN_TRIES = 3, PUK_TRIES = 10, READ_BINARY = 176, GET_RESPONSE = 192 };

bool phone_sim_usable(const struct phone *phone)
{
	return phone->sim_present && phone->lock == SIM_READY;
}

static bool pin_is_one(const char *pin)
{
	size_t len = strlen(pin);

	return len >= 4 && len <= PHONE_PIN_MAX && strspn(pin, "0123456789") == len;
}

static int wrong_pin(struct phone *phone)
{
	phone->counters.pins_wrong++;
	if (--phone->pin_tries == 0)
		phone->lock = SIM_PUK;
	return AT_CME + CME_WRONG_PASSWORD;
}

static void unlock(struct phone *phone)
{
	phone->pin_tries = PIN_TRIES;
	phone->puk_tries = PUK_TRIES;
	phone->lock = SIM_READY;
	phone_register(phone, phone->registration);
}

static int give_puk(struct phone *phone, const char *puk, const char *pin)
{
	if (!pin_is_one(pin))
		return AT_CME + CME_PARAMETERS;
	if (strcmp(puk, phone->options.puk) != 0) {
		phone->counters.pins_wrong++;
		if (--phone->puk_tries == 0)
			phone->lock = SIM_DEAD;
		return AT_CME + CME_WRONG_PASSWORD;
	}
	snprintf(phone->pin, sizeof(phone->pin), "%s", pin);
	unlock(phone);
	return AT_OK;
}

static int give_pin(struct phone *phone, const struct at_params *params)
{
	char first[PHONE_PIN_MAX + 1], second[PHONE_PIN_MAX + 1];

	if (!at_text(params, 0, first, sizeof(first)) ||
	    !at_text(params, 1, second, sizeof(second)))
		return AT_CME + CME_PARAMETERS;
	if (phone->lock == SIM_PUK)
		return give_puk(phone, first, second);
	if (phone->lock == SIM_DEAD)
		return AT_CME + CME_SIM_FAILURE;
	if (phone->lock == SIM_READY)
		return AT_CME + CME_NOT_ALLOWED;
	if (strcmp(first, phone->pin) != 0)
		return wrong_pin(phone);
	unlock(phone);
	return AT_OK;
}

int at_pin(struct phone *phone, const struct phone_command *command, enum at_form form,
	   const struct at_params *params)
{
	static const char *const said[] = {
		[SIM_READY] = "READY", [SIM_PIN] = "SIM PIN", [SIM_PUK] = "SIM PUK"
	};

	UNUSED;
	if (form == AT_TEST)
		return AT_OK;
	if (!phone->sim_present)
		return AT_CME + CME_NO_SIM;
	if (form == AT_SET)
		return give_pin(phone, params);
	if (phone->lock == SIM_DEAD)
		return AT_CME + CME_SIM_FAILURE;
	phone_info(phone, "+CPIN: %s", said[phone->lock]);
	return AT_OK;
}

/* 7.4: of the facilities only the PIN of the SIM is there. */
int at_lock(struct phone *phone, const struct phone_command *command, enum at_form form,
	    const struct at_params *params)
{
	char facility[8], pin[PHONE_PIN_MAX + 1];
	int mode = 2;

	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CLCK: (\"SC\")");
	if (form != AT_SET)
		return AT_OK;
	if (!at_text(params, 0, facility, sizeof(facility)) || !at_number(params, 1, 0, 2, &mode) ||
	    !at_text(params, 2, pin, sizeof(pin)))
		return AT_CME + CME_PARAMETERS;
	if (strcmp(facility, "SC") != 0) {
		if (mode != 2)
			return AT_CME + CME_NOT_ALLOWED;
		phone_info(phone, "+CLCK: 0");
		return AT_OK;
	}
	if (mode == 2) {
		phone_info(phone, "+CLCK: %d", phone->pin_asked);
		return AT_OK;
	}
	if (!phone_sim_usable(phone))
		return AT_CME + CME_PIN;
	if (!phone->pin[0] && pin_is_one(pin))
		snprintf(phone->pin, sizeof(phone->pin), "%s", pin); /* it had none so far */
	if (strcmp(pin, phone->pin) != 0)
		return wrong_pin(phone);
	phone->pin_tries = PIN_TRIES;
	phone->pin_asked = mode == 1;
	return AT_OK;
}

int at_password(struct phone *phone, const struct phone_command *command, enum at_form form,
		const struct at_params *params)
{
	char facility[8], old[PHONE_PIN_MAX + 1], new[PHONE_PIN_MAX + 1];

	UNUSED;
	if (form == AT_TEST)
		phone_info(phone, "+CPWD: (\"SC\",8)");
	if (form != AT_SET)
		return AT_OK;
	if (!at_text(params, 0, facility, sizeof(facility)) || strcmp(facility, "SC") != 0 ||
	    !at_text(params, 1, old, sizeof(old)) || !at_text(params, 2, new, sizeof(new)) ||
	    !pin_is_one(new))
		return AT_CME + CME_PARAMETERS;
	if (strcmp(old, phone->pin) != 0)
		return wrong_pin(phone);
	snprintf(phone->pin, sizeof(phone->pin), "%s", new);
	return AT_OK;
}

/* ---- Files ---- */

/* Two digits an octet, the low one first, as EF_ICCID has them (51.011, 10.1.1). */
static void swapped(const char *digits, char *hex)
{
	for (size_t i = 0; digits[i] && digits[i + 1]; i += 2) {
		hex[i] = digits[i + 1];
		hex[i + 1] = digits[i];
		hex[i + 2] = '\0';
	}
}

static bool file_of(const struct phone *phone, int file, char hex[static 64])
{
	char digits[ICCID_DIGITS + 1];

	switch (file) {
	case 0x2FE2: /* ICCID */
		swapped(phone_iccid(phone, digits), hex);
		return true;
	case 0x6FAD: /* AD: normal operation, 2 digits of MNC (51.011, 10.3.18) */
		strcpy(hex, "00000002");
		return true;
	case 0x6FB7: /* ECC (51.011, 10.3.27): 112 */
		strcpy(hex, "11F2FF");
		return true;
	case 0x6F3E: /* GID1, GID2 (10.3.9, 10.3.10): none */
	case 0x6F3F:
		strcpy(hex, "FF");
		return true;
	case 0x6F46: /* SPN (51.011, 10.3.11): "Fallgate" */
		strcpy(hex, "0046616C6C67617465FFFFFFFFFFFFFFFF");
		return true;
	default:
		return false;
	}
}

int at_sim_file(struct phone *phone, const struct phone_command *command, enum at_form form,
		const struct at_params *params)
{
	int instruction = 0, file = 0, count = 0;
	char hex[64];

	UNUSED;
	if (form != AT_SET)
		return form == AT_TEST ? AT_OK : AT_CME + CME_PARAMETERS;
	if (!at_number(params, 0, 0, 255, &instruction) || !at_number(params, 1, 0, 65535, &file) ||
	    !at_number(params, 4, 0, 255, &count))
		return AT_CME + CME_PARAMETERS;
	if (!file_of(phone, file, hex))
		phone_info(phone, "+CRSM: 106,130"); /* 6A 82: not found */
	else if (instruction == READ_BINARY)
		phone_info(phone, "+CRSM: 144,0,\"%.*s\"", count > 0 && count < 32 ? 2 * count : 63,
			   hex);
	else if (instruction == GET_RESPONSE)
		phone_info(phone, "+CRSM: 144,0,\"0000%04X%04X040000000000000000\"",
			   (unsigned)strlen(hex) / 2, (unsigned)file);
	else
		phone_info(phone, "+CRSM: 109,0"); /* 6D 00: unknown instruction */
	return AT_OK;
}

/* 8.17. VERIFY and UNBLOCK without data say how many tries are left, which ModemManager asks. */
int at_sim_command(struct phone *phone, const struct phone_command *command, enum at_form form,
		   const struct at_params *params)
{
	char octets[32];
	unsigned tries = PIN_TRIES;

	UNUSED;
	if (form != AT_SET)
		return form == AT_TEST ? AT_OK : AT_CME + CME_PARAMETERS;
	if (!phone->sim_present)
		return AT_CME + CME_NO_SIM;
	if (!at_text(params, 1, octets, sizeof(octets)))
		return AT_CME + CME_NOT_ALLOWED;
	if (strncmp(octets, "0020000100", 10) == 0)
		tries = phone->pin_tries;
	else if (strncmp(octets, "002C000100", 10) == 0)
		tries = phone->puk_tries;
	else if (strncmp(octets, "002C", 4) == 0)
		tries = PUK_TRIES;
	else if (strncmp(octets, "0020", 4) != 0)
		return AT_CME + CME_NOT_ALLOWED;
	phone_info(phone, "+CSIM: 4,\"63C%X\"", tries & 15);
	return AT_OK;
}

void phone_sim_present(struct phone *phone, bool present)
{
	phone->sim_present = present;
	if (present && phone->lock != SIM_PUK && phone->lock != SIM_DEAD)
		phone->lock = phone->pin_asked ? SIM_PIN : SIM_READY;
	phone_register(phone, phone->registration);
}
