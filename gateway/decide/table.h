/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The built-in table as data: facts become one bit for each condition of table.def, a line is the
 * set of bits it excludes, and the first line that excludes none of them decides. Used by decide.c
 * and explain.c only.
 */
#pragma once

#include "gateway/decide/decide.h"

/*! Number of each condition's value as a bit, dense: FG_BIT_<condition>_<value>. */
enum fg_table_bit {
#define FG_CONDITION2(name, question, a, b)                                                        \
	FG_FIRST_##name, FG_BIT_##name##_##a = FG_FIRST_##name, FG_BIT_##name##_##b,               \
			 FG_END_##name, FG_LAST_##name = FG_END_##name - 1,
#define FG_CONDITION3(name, question, a, b, c)                                                     \
	FG_FIRST_##name, FG_BIT_##name##_##a = FG_FIRST_##name, FG_BIT_##name##_##b,               \
			 FG_BIT_##name##_##c, FG_END_##name, FG_LAST_##name = FG_END_##name - 1,
#include "gateway/decide/table.def"
#undef FG_CONDITION2
#undef FG_CONDITION3
	FG_TABLE_BITS
};

enum {
#define FG_CONDITION2(name, ...) FG_CONDITION_##name,
#define FG_CONDITION3(name, ...) FG_CONDITION_##name,
#include "gateway/decide/table.def"
#undef FG_CONDITION2
#undef FG_CONDITION3
	FG_CONDITION_COUNT
};

/*! A condition in words; values[i] is bit first + i. */
struct fg_table_condition {
	const char *name, *question;
	uint8_t first, count;
	const char *values[3];
};

/*! A row in words. */
struct fg_table_row {
	uint8_t number;
	const char *view, *pin, *consent, *other, *outcome;
};

/*! One line of the decision list. */
struct fg_table_line {
	uint8_t row;
	enum fg_action action;
	enum fg_reason reason;
	uint64_t excluded; /*!< the bits with which it does not hold */
};

/*! The bits of these facts: exactly one for each condition, whatever the facts. O(links). */
uint64_t fg_table_bits(const struct fg_facts *facts);

/*! The line that decides. Never NULL: the last line expires, so that even a combination which no
 * line names goes nowhere. */
const struct fg_table_line *fg_table_find(uint64_t bits);

/*! Words of condition number 0..FG_CONDITION_COUNT-1, and of a row 1..15; NULL outside. */
const struct fg_table_condition *fg_table_condition(unsigned number);
const struct fg_table_row *fg_table_row(unsigned number);

/*! The consent is valid and names one unprotected bearer or more, whatever its reasons. */
bool fg_table_consented(const struct fg_facts *facts);
