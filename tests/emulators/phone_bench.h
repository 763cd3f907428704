/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An emulated modem and what it says, for its tests.
 */
#pragma once

#include "emulators/modem/phone.h"
#include "lib/wire/tpdu.h"

enum { BENCH_HEARD = 1 << 16, BENCH_TEXT = 4096 };

struct phone_bench {
	struct phone_options options;
	struct phone *phone;
	char heard[BENCH_HEARD]; /* since the last line was given */
	size_t heard_len;
	char text[BENCH_TEXT], destination[40]; /* of the last whole message */
	unsigned messages, parts;
	bool report_wanted, binary;
	unsigned unplugged, back_ms;
	uint64_t now_us;
};

extern struct phone_bench bench;

/* Set-up and tear-down of cmocka; options are filled with the defaults of the program. */
int bench_setup(void **state);
int bench_teardown(void **state);

/* Begin with bench.options, echo switched off. */
void bench_begin(void);
void bench_begin_as(const char *profile);

/* Give octets to the modem and forget what it has said before. Returns what it says. */
const char *bench_say(const char *octets);

/* A command line without "AT" and CR. Returns the answer. */
const char *at(const char *command);
void bench_pass(uint64_t ms);

/* AT+CMGS with a SUBMIT of text in parts by fg_alphabet_plan(); returns what was said to the last. */
const char *bench_send(const char *to, const char *text);

/* A SUBMIT as hex behind "00", and the length for +CMGS. */
size_t bench_submit(const char *to, const char *text, bool report, char *hex, size_t cap);
void bench_receive(const char *from, const char *text);

/* What was heard begins so. */
#define assert_heard(start)                                                                        \
	do {                                                                                       \
		if (strncmp(bench.heard, start, strlen(start)) != 0)                               \
			fail_msg("heard %s", bench.heard);                                         \
	} while (0)
