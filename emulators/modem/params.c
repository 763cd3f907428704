/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parameters of extended commands (ITU-T V.250, 5.4.2).
 */
#include "emulators/modem/state.h"

#include <stdlib.h>
#include <string.h>

static size_t read_quoted(const char *text, struct at_param *param)
{
	size_t len = strcspn(text + 1, "\"");

	param->given = param->quoted = true;
	param->at = text + 1;
	param->len = len;
	len += text[1 + len] == '"' ? 2 : 1;
	return len + strcspn(text + len, ",;"); /* what stands behind a string is passed over */
}

static size_t read_plain(const char *text, struct at_param *param)
{
	size_t len = strcspn(text, ",;"), used = len;

	while (len > 0 && *text == ' ')
		text++, len--;
	while (len > 0 && text[len - 1] == ' ')
		len--;
	param->given = len > 0;
	param->at = text;
	param->len = len;
	return used;
}

size_t at_params_read(const char *text, struct at_params *params_out)
{
	size_t at = 0;

	memset(params_out, 0, sizeof(*params_out));
	for (;;) {
		struct at_param param = { .given = false };

		at += text[at] == '"' ? read_quoted(text + at, &param)
				      : read_plain(text + at, &param);
		if (params_out->count < PARAMS_MAX)
			params_out->list[params_out->count++] = param;
		if (text[at] != ',')
			return at;
		at++;
	}
}

bool at_given(const struct at_params *params, unsigned which)
{
	return which < params->count && params->list[which].given;
}

bool at_number(const struct at_params *params, unsigned which, int min, int max, int *out)
{
	char text[12];
	char *end;
	long value;

	if (!at_given(params, which))
		return true;
	if (!at_text(params, which, text, sizeof(text)) || text[0] == '\0')
		return false;
	value = strtol(text, &end, 10);
	if (*end || value < min || value > max)
		return false;
	*out = (int)value;
	return true;
}

bool at_text(const struct at_params *params, unsigned which, char *out, size_t cap)
{
	const struct at_param *param;

	out[0] = '\0';
	if (!at_given(params, which))
		return true;
	param = &params->list[which];
	if (param->len >= cap)
		return false;
	memcpy(out, param->at, param->len);
	out[param->len] = '\0';
	return true;
}
