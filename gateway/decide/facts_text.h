/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Facts as one canonical line of text: what is stored with every decision, printed by `explain` and
 * read back by `replay`.
 *
 *   view=ABSENT view_age_ms=12 ... sender=%C3%A9 recipient=+491701234567 links=1
 * link0=sms:1:0:2:100:7000:990
 *
 * Every field once, in the order of facts.def, one space between, no newline. Names are escaped as
 * in prose.h. A link is bearer, up, failed, segments, credits, price_micro, success_permille.
 */
#pragma once

#include "gateway/decide/decide.h"

enum {
	FG_MINUTES_OF_WEEK = 7 * 24 * 60,
	FG_FACTS_TEXT_MAX = 4096, /*!< bytes that always hold a line with its NUL: 2 names of 128
				     escaped, 32 links */
};

/*! Write the line.
 *  \param[out] len_out length without the NUL.
 *  \return FG_OK; FG_E_ARG when a fact is out of its range; FG_E_SPACE when cap is too small
 * (FG_FACTS_TEXT_MAX never is). */
enum fg_rc fg_facts_write(const struct fg_facts *facts, char *out, size_t cap, size_t *len_out);

/*! Read a line of exactly len bytes: only what fg_facts_write() could have written is taken, so
 * that text and facts are one to one. \return FG_OK; FG_E_TRUNCATED when fields are missing at the
 * end; FG_E_TRAILING when bytes follow the last one; FG_E_SYNTAX for any other difference: an
 * unknown, repeated or misplaced key, a word or number out of range, a number or name not in its
 * only form. */
enum fg_rc fg_facts_parse(const char *text, size_t len, struct fg_facts *facts_out);
