/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A modem that says anything: read in one piece and octet by octet the events are the same, and
 * every text lies inside the line.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "lib/wire/at.h"

static void check(int truth)
{
	if (!truth)
		abort();
}

static uint64_t mix(uint64_t sum, struct fg_at_text text)
{
	for (size_t i = 0; i < text.len; i++)
		sum = (sum ^ (uint8_t)text.at[i]) * UINT64_C(1099511628211);
	return sum;
}

static uint64_t take(uint64_t sum, const struct fg_at_event *event)
{
	struct fg_at_text out;
	int32_t number;

	check(event->rest.len <= FG_AT_LINE_MAX && event->name.len <= FG_AT_LINE_MAX);
	check(event->kind <= FG_AT_NOISE && event->from <= FG_AT_FROM_CDSI);
	for (unsigned i = 0; i < 4 && fg_at_parameter(event->rest, i, &out); i++) {
		check(out.at >= event->rest.at &&
		      out.at + out.len <= event->rest.at + event->rest.len);
		if (fg_at_number(event->rest, i, &number))
			check(number >= 0);
		fg_at_allows(event->rest, i, 1);
		fg_at_allows_word(event->rest, i, "SM");
	}
	sum = (sum ^ (uint64_t)event->kind) * UINT64_C(1099511628211) + (uint64_t)event->number;
	return mix(mix(sum, event->name), event->rest) + event->whole;
}

static uint64_t read_in(size_t piece, const uint8_t *data, size_t len)
{
	struct fg_at_reader reader;
	struct fg_at_event event;
	uint64_t sum = 0;

	fg_at_reader_init(&reader);
	for (size_t at = 0, n; at < len; at += n) {
		struct fg_cursor cur;

		n = len - at < piece ? len - at : piece;
		fg_cursor_init(&cur, data + at, n);
		while (fg_at_read(&reader, &cur, &event))
			sum = take(sum, &event);
		check(fg_cursor_left(&cur) == 0);
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > 0)
		check(read_in(len, data, len) == read_in(1, data, len));
	return 0;
}
