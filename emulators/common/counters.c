/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/counters.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
	char *out;
	size_t cap, len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	size_t left = text->cap - text->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text->out + text->len, left, format, args);
	va_end(args);
	text->len += (size_t)len < left ? (size_t)len : left - 1;
}

static void add_number(struct text *text, bool hex, unsigned number)
{
	if (hex)
		add(text, "0x%02X", number);
	else
		add(text, "%u", number);
}

static void add_json(const struct emu_counter *counters, size_t count,
		     const struct emu_numbered *numbered, struct text *text)
{
	const char *comma = "";

	add(text, "{");
	for (size_t i = 0; i < count; i++)
		add(text, "\"%s\":%" PRIu64 ",", counters[i].name, *counters[i].at);
	add(text, "\"%s\":{", numbered->name);
	for (unsigned i = 0; i < numbered->count; i++)
		if (numbered->at[i]) {
			add(text, "%s\"", comma);
			add_number(text, numbered->hex, i);
			add(text, "\":%" PRIu64, numbered->at[i]);
			comma = ",";
		}
	add(text, "}}\n");
}

static void add_lines(const struct emu_counter *counters, size_t count,
		      const struct emu_numbered *numbered, struct text *text)
{
	for (size_t i = 0; i < count; i++)
		add(text, "%-18s %10" PRIu64 "  %s\n", counters[i].name, *counters[i].at,
		    counters[i].note);
	for (unsigned i = 0; i < numbered->count; i++)
		if (numbered->at[i]) {
			add(text, "%s ", numbered->name);
			add_number(text, numbered->hex, i);
			add(text, "        %10" PRIu64 "  %s\n", numbered->at[i], numbered->note);
		}
}

void emu_counters_text(const struct emu_counter *counters, size_t count,
		       const struct emu_numbered *numbered, bool json, char *out, size_t cap)
{
	struct text text = { .out = out, .cap = cap };

	out[0] = '\0';
	if (json)
		add_json(counters, count, numbered, &text);
	else
		add_lines(counters, count, numbered, &text);
}
