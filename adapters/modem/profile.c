/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/modem/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct fg_modem_profile profiles[] = {
#define FG_MODEM_PROFILE(name, maker, model, init, storage, busy, body_s, source)                  \
	{ name, maker, model, init, storage, busy, body_s },
#include "adapters/modem/profiles.def"
#undef FG_MODEM_PROFILE
};
enum { PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

static bool holds(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text && len > 0; text++)
		if (strncasecmp(text, word, len) == 0)
			return true;
	return len == 0;
}

const struct fg_modem_profile *fg_modem_profile_choose(const char *maker, const char *model)
{
	size_t i = 0;

	while (i + 1 < PROFILES &&
	       (!holds(maker, profiles[i].maker) || !holds(model, profiles[i].model)))
		i++;
	return &profiles[i];
}

const struct fg_modem_profile *fg_modem_profile_find(const char *name)
{
	for (size_t i = 0; i < PROFILES; i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}
