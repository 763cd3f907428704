/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scripts: rows of outcomes, and messages from phones.
 */
#include "emulators/smsc/smsc.h"

#include <string.h>

/* mo FROM TO AT TEXT */
static bool read_mo(char **save, struct fg_smsc_options *options)
{
	struct fg_smsc_mo mo = { .data_sm = false };
	const char *at;

	if (options->mo_count >= FG_SMSC_MO_MAX ||
	    !emu_word_copy(strtok_r(NULL, " \t", save), mo.source, sizeof(mo.source)) ||
	    !emu_word_copy(strtok_r(NULL, " \t", save), mo.destination, sizeof(mo.destination)))
		return false;
	at = strtok_r(NULL, " \t", save);
	if (!at || !emu_duration_parse(at, &mo.at_ms) ||
	    !emu_word_copy(*save, mo.text, sizeof(mo.text)) || !mo.text[0])
		return false;
	options->mo[options->mo_count++] = mo;
	return true;
}

static bool read_line(char *line, void *arg)
{
	struct fg_smsc_options *options = arg;
	char *save = NULL;

	if (strncmp(line, "mo ", 3) == 0) {
		strtok_r(line, " \t", &save);
		return read_mo(&save, options);
	}
	line[strcspn(line, "#")] = '\0'; /* a text may have one */
	if (line[strspn(line, " \t")] == '\0')
		return true;
	if (options->rules_count >= EMU_RULES_MAX ||
	    !emu_rule_parse(line, &options->rules[options->rules_count]))
		return false;
	options->rules_count++;
	return true;
}

enum fg_rc fg_smsc_script_parse(const char *text, struct fg_smsc_options *options,
				unsigned *line_out)
{
	return emu_lines(text, read_line, options, line_out);
}
