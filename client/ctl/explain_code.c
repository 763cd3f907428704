/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client/ctl/explain_code.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/wire/cms.h"
#include "lib/wire/smpp_status.h"

enum { EXIT_NO_TABLE = 1, EXIT_NO_NUMBER = 2, EXIT_UNDEFINED = 3, TABLE_MAX = 65536 };

static bool read_number(const char *text, uint32_t *number_out)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	const char *digits = hex ? text + 2 : text;
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(digits, &end, hex ? 16 : 10);
	if (digits[0] == '\0' || strchr("+- \t", digits[0]) || *end || errno || value > UINT32_MAX)
		return false;
	*number_out = (uint32_t)value;
	return true;
}

/* Returns whether the table is as it should be; found only if it has the value. */
static bool look_up(const char *path, uint32_t value, struct fg_smpp_vendor_code *found)
{
	static struct fg_smpp_vendor_code codes[FG_SMPP_VENDOR_CODES_MAX];
	static char text[TABLE_MAX];
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(text, 1, sizeof(text), file) : 0, count = 0;
	unsigned line = 0;

	if (!file || ferror(file) || len == sizeof(text)) {
		perror(path);
		if (file)
			fclose(file);
		return false;
	}
	fclose(file);
	if (fg_smpp_vendor_codes_read(text, len, codes, &count, &line) != FG_OK) {
		fprintf(stderr, "%s:%u: not \"0x4NN CLASS NOTE\", or a value twice\n", path, line);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (codes[i].value == value)
			*found = codes[i];
	return true;
}

/* What is said of any code, in the order in which it is said. */
struct answer {
	uint32_t value;
	const char *name, *class, *meaning, *reaction, *error, *source;
};

/* text_head: how the number is written for people. */
static void print(const struct answer *answer, const char *text_head, bool json)
{
	if (json)
		printf("{\"code\": %u, \"name\": \"%s\", \"class\": \"%s\", \"meaning\": \"%s\", "
		       "\"reaction\": \"%s\", \"error\": \"%s\", \"source\": \"%s\"}\n",
		       answer->value, answer->name, answer->class, answer->meaning,
		       answer->reaction, answer->error, answer->source);
	else
		printf("%s\nclass:    %s\nmeaning:  %s\nreaction: %s\nerror:    %s\nsource:   %s\n",
		       text_head, answer->class, answer->meaning, answer->reaction, answer->error,
		       answer->source);
}

static int wrong_number(const char *code, const char *example)
{
	fprintf(stderr, "fallgatectl: %s is no number such as %s\n", code, example);
	return EXIT_NO_NUMBER;
}

int fg_ctl_explain_code(const char *code, const char *table, bool json)
{
	struct fg_smpp_vendor_code vendor = { 0 };
	struct fg_smpp_status status;
	uint32_t value;
	char head[64];

	if (!read_number(code, &value))
		return wrong_number(code, "0x45");
	if (table && !look_up(table, value, &vendor))
		return EXIT_NO_TABLE;
	status = *fg_smpp_status_find(value);
	if (vendor.value) {
		status.class = vendor.class;
		status.rc = fg_smpp_class_rc(vendor.class);
		status.note = vendor.note;
		status.source = table;
	}
	snprintf(head, sizeof(head), "0x%08X %s", value, status.name);
	print(&(struct answer){ value, status.name, fg_smpp_class_name(status.class), status.note,
				fg_smpp_class_reaction(status.class), fg_rc_name(status.rc),
				status.source },
	      head, json);
	/* the two rows that stand for what has none have no value */
	return status.value || value == 0 || status.class != FG_SMPP_CLASS_UNCERTAIN
		       ? EXIT_SUCCESS
		       : EXIT_UNDEFINED;
}

/* ---- modems ---- */

static const char *family_of(const char *word, enum fg_cms_family *family_out)
{
	if (strcmp(word, "--cms") == 0 || strcmp(word, "CMS") == 0 || strcmp(word, "cms") == 0) {
		*family_out = FG_CMS_ERROR;
		return "+CMS ERROR";
	}
	if (strcmp(word, "--cme") == 0 || strcmp(word, "CME") == 0 || strcmp(word, "cme") == 0) {
		*family_out = FG_CME_ERROR;
		return "+CME ERROR";
	}
	return NULL;
}

bool fg_ctl_is_modem_family(const char *word)
{
	enum fg_cms_family family;

	return family_of(word, &family);
}

int fg_ctl_explain_modem_code(const char *word, const char *code, bool json)
{
	enum fg_cms_family family = FG_CMS_ERROR;
	const char *name = family_of(word, &family);
	const struct fg_cms_code *row;
	uint32_t value;
	char head[32];

	if (!read_number(code, &value))
		return wrong_number(code, "38");
	row = fg_cms_find(family, value);
	snprintf(head, sizeof(head), "%s %u", name, value);
	print(&(struct answer){ value, name, fg_cms_class_name(row->class), row->note,
				fg_cms_class_reaction(row->class), fg_rc_name(row->rc),
				row->source },
	      head, json);
	return row->listed || row->class == FG_CMS_CLASS_VENDOR ? EXIT_SUCCESS : EXIT_UNDEFINED;
}
