/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/smsc/smsc.h"

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

static void add_json(const struct fg_smsc_counters *counters, struct text *text)
{
	const char *comma = "";

	add(text, "{");
#define FG_SMSC_COUNTER(name, note) add(text, "\"" #name "\":%" PRIu64 ",", counters->name);
#include "emulators/smsc/counters.def"
#undef FG_SMSC_COUNTER
	add(text, "\"status\":{");
	for (unsigned i = 0; i < 256; i++)
		if (counters->status[i]) {
			add(text, "%s\"0x%02X\":%" PRIu64, comma, i, counters->status[i]);
			comma = ",";
		}
	add(text, "}}\n");
}

static void add_lines(const struct fg_smsc_counters *counters, struct text *text)
{
#define FG_SMSC_COUNTER(name, note)                                                                \
	add(text, "%-18s %10" PRIu64 "  %s\n", #name, counters->name, note);
#include "emulators/smsc/counters.def"
#undef FG_SMSC_COUNTER
	for (unsigned i = 0; i < 256; i++)
		if (counters->status[i])
			add(text, "status 0x%02X        %10" PRIu64 "  answers to messages\n", i,
			    counters->status[i]);
}

const char *fg_smsc_counters_text(const struct fg_smsc_counters *counters, bool json, char *out,
				  size_t cap)
{
	struct text text = { .out = out, .cap = cap };

	out[0] = '\0';
	if (json)
		add_json(counters, &text);
	else
		add_lines(counters, &text);
	return out;
}
