/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/log.h"

#include <string.h>
#include <unistd.h>
#include <osmocom/core/application.h>
#include <talloc.h>

#define CAT(id, text)                                                                              \
	[id] = { .name = #id, .description = text, .enabled = 1, .loglevel = LOGL_INFO }

static const struct log_info_cat categories[FG_LOG_CATEGORY_COUNT] = {
	CAT(DMAIN, "start, stop, processes"),
	CAT(DCONF, "configuration"),
	CAT(DIPC, "channels between processes"),
	CAT(DDECIDE, "decisions"),
	CAT(DMSG, "messages"),
	CAT(DLEG, "attempts on links"),
	CAT(DBEARER, "links"),
	CAT(DMARK, "marks"),
	CAT(DCRYPTO, "keys and signatures"),
	CAT(DSTORE, "the store"),
	CAT(DLOG, "the transparency log"),
	CAT(DVAULT, "the vault"),
	CAT(DCTL, "the control socket"),
	CAT(DSMPP, "SMPP"),
	CAT(DMODEM, "modems"),
	CAT(DMMS, "MMS"),
	CAT(DRCS, "RCS"),
	CAT(DSECURE, "devices"),
	CAT(DINGRESS, "applications"),
};

static const struct log_info log_info = { .cat = categories, .num_cat = FG_LOG_CATEGORY_COUNT };

static int level_number(const char *level)
{
	static const struct {
		const char *name;
		int number;
	} levels[] = {
		{ "debug", LOGL_DEBUG },
		{ "info", LOGL_INFO },
		{ "notice", LOGL_NOTICE },
		{ "error", LOGL_ERROR },
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].name, level) == 0)
			return levels[i].number;
	return -1;
}

enum fg_rc fg_log_init(void *ctx, const char *role, const char *level)
{
	int number = level_number(level);
	struct log_target *target;

	if (number < 0)
		return FG_E_ARG;
	if (!osmo_stderr_target &&
	    osmo_init_logging2(talloc_named_const(ctx, 0, "log"), &log_info) < 0)
		return FG_E_SYSTEM;
	target = osmo_stderr_target;
	log_set_use_color(target, isatty(STDERR_FILENO));
	log_set_print_filename2(target, LOG_FILENAME_NONE);
	log_set_print_category(target, 1);
	log_set_print_category_hex(target, 0);
	log_set_print_level(target, 1);
	log_set_print_timestamp(target, 0);
	log_set_log_level(target, number);
	log_set_print_tid(target, 0);
	setlinebuf(stderr);
	(void)role;
	return FG_OK;
}
