/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/tpdu_internal.h"

#include <string.h>

enum {
	MINUTE_S = 60,
	QUARTER_S = 15 * MINUTE_S,
	HOUR_S = 60 * MINUTE_S,
	DAY_S = 24 * HOUR_S,
	WEEK_S = 7 * DAY_S,
	ZONE_MAX = 79,
	ZONE_MINUS = 0x08, /* 9.2.3.11: the sign is bit 3 of the zone's octet */
};

static const int64_t year_2000_unix_s = 946684800;

/* ---- Semi-octets (9.1.2.3) ---- */

/* 9.2.3.11: the receiver takes 0 for what is no digit. */
static uint8_t digit(unsigned semi_octet)
{
	return semi_octet <= 9 ? (uint8_t)semi_octet : 0;
}

static uint8_t two_digits(uint8_t octet)
{
	return (uint8_t)(10 * digit(octet & 0xF) + digit(octet >> 4));
}

static uint8_t semi_octets(unsigned value)
{
	return (uint8_t)(value % 10 << 4 | value / 10);
}

static void read_time(const uint8_t at[static FG_TPDU_TIME_LEN], struct fg_tpdu_time *out)
{
	uint8_t zone = two_digits((uint8_t)(at[6] & ~ZONE_MINUS));

	*out = (struct fg_tpdu_time){
		.year = two_digits(at[0]),
		.month = two_digits(at[1]),
		.day = two_digits(at[2]),
		.hour = two_digits(at[3]),
		.minute = two_digits(at[4]),
		.second = two_digits(at[5]),
		.zone_quarters = (int8_t)(at[6] & ZONE_MINUS ? -zone : zone),
	};
}

void fg_tpdu_read_time(struct fg_cursor *cur, struct fg_tpdu_time *out)
{
	const uint8_t *at = fg_cursor_bytes(cur, FG_TPDU_TIME_LEN);

	memset(out, 0, sizeof(*out));
	if (at)
		read_time(at, out);
}

void fg_tpdu_write_time(struct fg_writer *w, const struct fg_tpdu_time *time)
{
	int zone = time->zone_quarters;
	uint8_t values[] = { time->year, time->month,  time->day,
			     time->hour, time->minute, time->second };

	if (zone < -ZONE_MAX || zone > ZONE_MAX)
		fg_tpdu_write_fail(w, FG_E_ARG);
	for (size_t i = 0; i < sizeof(values); i++) {
		if (values[i] > 99)
			fg_tpdu_write_fail(w, FG_E_ARG);
		fg_writer_u8(w, semi_octets(values[i]));
	}
	fg_writer_u8(w, zone < 0 ? semi_octets((unsigned)-zone) | ZONE_MINUS
				 : semi_octets((unsigned)zone));
}

/* ---- The calendar of 2000 to 2099: every fourth year is a leap year ---- */

static unsigned days_before_year(unsigned year)
{
	return 365 * year + (year + 3) / 4;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && year % 4 == 0 ? 29 : days[month - 1];
}

static bool is_time(const struct fg_tpdu_time *time)
{
	return time->year <= 99 && time->month >= 1 && time->month <= 12 && time->day >= 1 &&
	       time->day <= days_of_month(time->year, time->month) && time->hour <= 23 &&
	       time->minute <= 59 && time->second <= 59;
}

enum fg_rc fg_tpdu_time_unix(const struct fg_tpdu_time *time, int64_t *unix_s_out)
{
	int64_t days;

	if (!is_time(time))
		return FG_E_PDU_FIELD;
	days = days_before_year(time->year) + time->day - 1;
	for (unsigned month = 1; month < time->month; month++)
		days += days_of_month(time->year, month);
	*unix_s_out = year_2000_unix_s + days * DAY_S + time->hour * HOUR_S +
		      time->minute * MINUTE_S + time->second - time->zone_quarters * QUARTER_S;
	return FG_OK;
}

enum fg_rc fg_tpdu_time_of(int64_t unix_s, int zone_quarters, struct fg_tpdu_time *out)
{
	const int64_t century_s = (int64_t)days_before_year(100) * DAY_S;
	unsigned days, seconds, year, month = 1;
	int64_t local_s;

	if (zone_quarters < -ZONE_MAX || zone_quarters > ZONE_MAX || unix_s < 0 ||
	    unix_s > year_2000_unix_s + 2 * century_s)
		return FG_E_ARG;
	local_s = unix_s - year_2000_unix_s + zone_quarters * QUARTER_S;
	if (local_s < 0 || local_s >= century_s)
		return FG_E_ARG;
	days = (unsigned)(local_s / DAY_S);
	seconds = (unsigned)(local_s % DAY_S);
	year = days / 366; /* too few by at most one, within a century */
	if (days >= days_before_year(year + 1))
		year++;
	days -= days_before_year(year);
	for (; days >= days_of_month(year, month); month++)
		days -= days_of_month(year, month);
	*out = (struct fg_tpdu_time){ .year = (uint8_t)year,
				      .month = (uint8_t)month,
				      .day = (uint8_t)(days + 1),
				      .hour = (uint8_t)(seconds / HOUR_S),
				      .minute = (uint8_t)(seconds % HOUR_S / MINUTE_S),
				      .second = (uint8_t)(seconds % MINUTE_S),
				      .zone_quarters = (int8_t)zone_quarters };
	return FG_OK;
}

/* ---- Validity ---- */

void fg_tpdu_read_validity(struct fg_cursor *cur, uint8_t format, struct fg_tpdu_validity *out)
{
	memset(out, 0, sizeof(*out));
	out->format = format;
	if (format == FG_TPDU_VPF_RELATIVE)
		out->relative = fg_cursor_u8(cur);
	if (format == FG_TPDU_VPF_ABSOLUTE)
		fg_tpdu_read_time(cur, &out->absolute);
	if (format == FG_TPDU_VPF_ENHANCED)
		fg_cursor_copy(cur, out->enhanced, sizeof(out->enhanced));
}

void fg_tpdu_write_validity(struct fg_writer *w, const struct fg_tpdu_validity *validity)
{
	if (validity->format == FG_TPDU_VPF_RELATIVE)
		fg_writer_u8(w, validity->relative);
	if (validity->format == FG_TPDU_VPF_ABSOLUTE)
		fg_tpdu_write_time(w, &validity->absolute);
	if (validity->format == FG_TPDU_VPF_ENHANCED)
		fg_writer_bytes(w, validity->enhanced, sizeof(validity->enhanced));
}

/* 9.2.3.12.1. */
static uint32_t relative_s(unsigned value)
{
	if (value <= 143)
		return (value + 1) * 5 * MINUTE_S;
	if (value <= 167)
		return 12 * HOUR_S + (value - 143) * 30 * MINUTE_S;
	if (value <= 196)
		return (value - 166) * DAY_S;
	return (value - 192) * WEEK_S;
}

struct fg_tpdu_validity fg_tpdu_validity_for(uint32_t seconds)
{
	struct fg_tpdu_validity validity = { .format = FG_TPDU_VPF_RELATIVE };

	while (validity.relative < 255 && relative_s(validity.relative) < seconds)
		validity.relative++;
	return validity;
}

enum { /* 9.2.3.12.3: bits of the functionality indicator */
       ENHANCED_EXTENSION = 0x80,
       ENHANCED_FORMAT = 0x07,
       ENHANCED_NONE = 0,
       ENHANCED_RELATIVE = 1,
       ENHANCED_SECONDS = 2,
       ENHANCED_CLOCK = 3,
};

static enum fg_rc enhanced_s(const uint8_t enhanced[static 7], int64_t *seconds_out)
{
	size_t at = 0;
	unsigned format = enhanced[0] & ENHANCED_FORMAT;

	/* Each extension octet moves the value on; none is defined. */
	while (at < 6 && enhanced[at] & ENHANCED_EXTENSION)
		at++;
	at++;
	if (format == ENHANCED_NONE)
		return FG_E_NOT_FOUND;
	if (at + (format == ENHANCED_CLOCK ? 3 : 1) > 7 || format > ENHANCED_CLOCK ||
	    (format == ENHANCED_SECONDS && enhanced[at] == 0))
		return FG_E_PDU_FIELD;
	if (format == ENHANCED_RELATIVE)
		*seconds_out = relative_s(enhanced[at]);
	else if (format == ENHANCED_SECONDS)
		*seconds_out = enhanced[at];
	else
		*seconds_out = two_digits(enhanced[at]) * HOUR_S +
			       two_digits(enhanced[at + 1]) * MINUTE_S +
			       two_digits(enhanced[at + 2]);
	return FG_OK;
}

enum fg_rc fg_tpdu_validity_s(const struct fg_tpdu_validity *validity, int64_t now_unix_s,
			      int64_t *seconds_out)
{
	enum fg_rc rc;
	int64_t end_s;

	switch (validity->format) {
	case FG_TPDU_VPF_NONE:
		return FG_E_NOT_FOUND;
	case FG_TPDU_VPF_RELATIVE:
		*seconds_out = relative_s(validity->relative);
		return FG_OK;
	case FG_TPDU_VPF_ENHANCED:
		return enhanced_s(validity->enhanced, seconds_out);
	case FG_TPDU_VPF_ABSOLUTE:
		rc = fg_tpdu_time_unix(&validity->absolute, &end_s);
		if (rc == FG_OK)
			*seconds_out = end_s - now_unix_s;
		return rc;
	default:
		return FG_E_PDU_FIELD;
	}
}
