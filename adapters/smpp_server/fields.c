/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp_server/fields.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "lib/wire/udh.h"

enum { DAY_S = 86400, TON_INTERNATIONAL = 1, TON_NATIONAL = 2 };

/* ---- addresses ---- */

static bool printable(const struct fg_smpp_bytes *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->at[i] < ' ' || text->at[i] > '~')
			return false;
	return true;
}

bool app_field_source(uint8_t ton, const struct fg_smpp_bytes *address,
		      char out[static APP_ADDRESS_MAX + 1])
{
	bool plus = ton == TON_INTERNATIONAL && address->len > 0 && address->at[0] != '+';

	if (address->len + plus > 20 || !printable(address))
		return false;
	snprintf(out, APP_ADDRESS_MAX + 1, "%s%.*s", plus ? "+" : "", (int)address->len,
		 address->len ? (const char *)address->at : "");
	return true;
}

bool app_field_destination(uint8_t ton, const char *country, const struct fg_smpp_bytes *address,
			   char out[static APP_ADDRESS_MAX + 1])
{
	const char *digits = (const char *)address->at, *code = "";
	size_t len = address->len;

	if (len > 0 && digits[0] == '+') {
		digits++, len--;
	} else if (len > 2 && digits[0] == '0' && digits[1] == '0') {
		digits += 2, len -= 2;
	} else if (*country && len > 0 &&
		   (ton == TON_NATIONAL || (ton != TON_INTERNATIONAL && digits[0] == '0'))) {
		code = country;
		if (digits[0] == '0')
			digits++, len--;
	}
	if (strlen(code) + len < 7 || strlen(code) + len > 15 || digits[0] == '0')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isdigit((unsigned char)digits[i]))
			return false;
	snprintf(out, APP_ADDRESS_MAX + 1, "+%s%.*s", code, (int)len, digits);
	return true;
}

/* ---- times ---- */

static bool two_digits(const char **at, unsigned most, unsigned *out)
{
	if (!isdigit((unsigned char)(*at)[0]) || !isdigit((unsigned char)(*at)[1]))
		return false;
	*out = (unsigned)((*at)[0] - '0') * 10 + (unsigned)((*at)[1] - '0');
	*at += 2;
	return *out <= most;
}

/* Days since 1970-01-01 of a date in the Gregorian calendar. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool app_field_time(const struct fg_smpp_bytes *text, uint64_t wall_ms, int64_t *seconds_out)
{
	unsigned f[6], tenth, quarters;
	const char *at = (const char *)text->at;
	int64_t absolute;

	*seconds_out = 0;
	if (text->len == 0)
		return true;
	if (text->len != 16)
		return false;
	for (int i = 0; i < 6; i++)
		if (!two_digits(&at, 99, &f[i]))
			return false;
	tenth = (unsigned char)*at++;
	if (!isdigit((int)tenth) || !two_digits(&at, 48, &quarters))
		return false;
	if (*at == 'R') {
		*seconds_out =
			((((int64_t)f[0] * 365 + f[1] * 30 + f[2]) * 24 + f[3]) * 60 + f[4]) * 60 +
			f[5];
		return true;
	}
	if ((*at != '+' && *at != '-') || f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > 31)
		return false;
	absolute = days_of(2000 + f[0], f[1], f[2]) * DAY_S + f[3] * 3600 + f[4] * 60 + f[5];
	absolute += (*at == '+' ? -1 : 1) * (int64_t)quarters * 900;
	*seconds_out = absolute - (int64_t)(wall_ms / 1000);
	if (*seconds_out < 0)
		*seconds_out = 0;
	return true;
}

void app_field_date(uint64_t unix_ms, char out[static 17])
{
	time_t t = (time_t)(unix_ms / 1000);
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	snprintf(out, 17, "%02u%02u%02u%02u%02u%02u000+", (unsigned)tm.tm_year % 100,
		 (unsigned)tm.tm_mon % 12 + 1, (unsigned)tm.tm_mday % 32, (unsigned)tm.tm_hour % 24,
		 (unsigned)tm.tm_min % 60, (unsigned)tm.tm_sec % 61);
}
