/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/show.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "lib/wire/utf8.h"

#define MARK_BEGIN "(Not encrypted)"

static void json_character(uint32_t cp, const char *octets, size_t len)
{
	if (cp == '"' || cp == '\\')
		printf("\\%c", (char)cp);
	else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		printf("\\u%04x", (unsigned)cp);
	else
		fwrite(octets, 1, len, stdout);
}

void emu_show_json(const char *text, size_t len)
{
	putchar('"');
	while (len > 0) {
		uint32_t cp = 0;
		size_t used = fg_utf8_next((const uint8_t *)text, len, &cp);

		if (used > 0)
			json_character(cp, text, used);
		else /* an address may have any octet; JSON may not */
			printf("\\ufffd");
		used += used == 0;
		text += used;
		len -= used;
	}
	putchar('"');
}

void emu_show_safe(const char *text, size_t len)
{
	while (len > 0) {
		uint32_t cp = 0;
		size_t used = fg_utf8_next((const uint8_t *)text, len, &cp);

		if (used == 0)
			used = 1, cp = 0;
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			putchar('.');
		else
			fwrite(text, 1, used, stdout);
		text += used;
		len -= used;
	}
}

void emu_show_marked(const char *text, size_t len, bool colour)
{
	size_t mark = strlen(MARK_BEGIN);

	if (colour && len >= mark && memcmp(text, MARK_BEGIN, mark) == 0)
		printf("\033[7m%s\033[0m", MARK_BEGIN);
	else
		mark = 0;
	emu_show_safe(text + mark, len - mark);
}
