/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fields of submit_sm and its kin as values: addresses and times. Nothing here knows a session.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "lib/wire/smpp.h"

enum { APP_ADDRESS_MAX = 32, APP_TIME_MAX_S = 7 * 86400 };

/* A sender; E.164 with "+" where its TON says that it is international. False when it does not fit. */
bool app_field_source(uint8_t ton, const struct fg_smpp_bytes *address,
		      char out[static APP_ADDRESS_MAX + 1]);
/* A recipient: E.164 with "+", 7 to 15 digits; 00 is the international prefix that people type. With a country (its code) a number is a national
 * one when its TON says so or a 0 comes first; without, any TON is taken for international. False for anything else. */
bool app_field_destination(uint8_t ton, const char *country, const struct fg_smpp_bytes *address,
			   char out[static APP_ADDRESS_MAX + 1]);
/* 3.4, 7.1.1: seconds from now, 0 for none and for what is over. False when it is no time. */
bool app_field_time(const struct fg_smpp_bytes *text, uint64_t wall_ms, int64_t *seconds_out);
/* YYMMDDhhmmss, and of an absolute time (7.1.1.1) its end: tenths and quarters of an hour from UTC. */
void app_field_date(uint64_t unix_ms, char out[static 17]);
