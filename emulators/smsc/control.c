/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The orders of the control socket. command.c is the client.
 */
#include "emulators/smsc/smsc_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emulators/common/control.h"

/* ---- Orders: each fills the answer; false: its words are wrong ---- */

static bool order_mo(struct emu_request *request)
{
	struct fg_smsc *smsc = request->arg;
	struct fg_smsc_mo mo = { .data_sm = false };
	char **words = request->words;
	enum fg_rc rc;

	if (request->count != 6 || strlen(words[1]) >= sizeof(mo.source) ||
	    strlen(words[2]) >= sizeof(mo.destination) || strlen(words[4]) >= sizeof(mo.system_id))
		return false;
	strcpy(mo.source, words[1]);
	strcpy(mo.destination, words[2]);
	mo.data_sm = strcmp(words[3], "data_sm") == 0;
	strcpy(mo.system_id, words[4]);
	rc = fg_smsc_mo_send(smsc, &mo, words[5], strlen(words[5]));
	if (rc != FG_OK)
		snprintf(request->answer, EMU_ANSWER_TEXT, "error: %s\n", fg_rc_text(rc));
	return true;
}

static bool order_advance(struct emu_request *request)
{
	struct fg_smsc *smsc = request->arg;
	unsigned ms;

	if (request->count != 2 || !emu_duration_parse(request->words[1], &ms))
		return false;
	if (fg_smsc_advance(smsc, ms) != FG_OK)
		snprintf(request->answer, EMU_ANSWER_TEXT, "error: needs --clock virtual\n");
	return true;
}

static bool order_counters(struct emu_request *request)
{
	struct fg_smsc *smsc = request->arg;
	bool json = request->count == 2 && strcmp(request->words[1], "--json") == 0;

	if (request->count > 1 + (unsigned)json)
		return false;
	smsc_before(smsc);
	fg_smsc_counters_text(fg_smsc_counters(smsc), json, request->answer, EMU_ANSWER_TEXT);
	return true;
}

static bool order_rule(struct emu_request *request)
{
	struct fg_smsc *smsc = request->arg;
	struct fg_smsc_options *options = &smsc->center->options;
	char line[512];
	size_t len = 0;
	unsigned number;

	for (unsigned i = 1; i < request->count && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i > 1 ? " " : "",
					request->words[i]);
	return request->count > 1 && len < sizeof(line) && !strchr(line, '\n') &&
	       strncmp(line, "mo ", 3) != 0 &&
	       fg_smsc_script_parse(line, options, &number) == FG_OK;
}

static bool order_reset(struct emu_request *request)
{
	struct fg_smsc *smsc = request->arg;
	smsc->center->options.rules_count = 0;
	return request->count == 1;
}

static bool order_wait(struct emu_request *request)
{
	struct fg_smsc *smsc = request->arg;
	struct fg_smsc_counters *counters = &smsc->center->counters;
	char *end;

	if (request->count != 3)
		return false;
#define FG_SMSC_COUNTER(name, note)                                                                \
	if (strcmp(request->words[1], #name) == 0)                                                 \
		request->awaited = &counters->name;
#include "emulators/smsc/counters.def"
#undef FG_SMSC_COUNTER
	request->wanted = strtoull(request->words[2], &end, 10);
	if (*end || !request->words[2][0])
		request->awaited = NULL;
	return request->awaited;
}

static bool order_stop(struct emu_request *request)
{
	request->stop = request->count == 1;
	return request->count == 1;
}

static const struct emu_order orders[] = {
	{ "mo", order_mo },     { "advance", order_advance }, { "counters", order_counters },
	{ "rule", order_rule }, { "reset", order_reset },     { "wait", order_wait },
	{ "stop", order_stop },
};

enum fg_rc smsc_control_new(struct fg_smsc *smsc, const char *path,
			    struct emu_control **control_out)
{
	const struct emu_orders conf = { .list = orders,
					 .count = sizeof(orders) / sizeof(orders[0]),
					 .arg = smsc };

	return emu_control_new(smsc, smsc->loop, path, &conf, control_out);
}
