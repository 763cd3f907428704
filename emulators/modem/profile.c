/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ways of modems, and the words for their errors.
 */
#include "emulators/modem/state.h"

#include <string.h>

static const struct phone_profile profiles[] = {
#define PHONE_PROFILE(name, note, manufacturer, model, revision, lacks, prompt, memories, mode,    \
		      mt, bm, ds, bfr, slots, quirks, boot)                                        \
	{ #name,  note,     manufacturer,                                                          \
	  model,  revision, lacks,                                                                 \
	  prompt, memories, { mode, mt, bm, ds, bfr },                                             \
	  slots,  quirks,   boot },
#include "emulators/modem/profiles.def"
#undef PHONE_PROFILE
};

static const struct error {
	unsigned code;
	const char *text;
} cms[] = {
#define PHONE_CMS(code, text) { code, text },
#define PHONE_CME(code, text)
#include "emulators/modem/errors.def"
#undef PHONE_CMS
#undef PHONE_CME
}, cme[] = {
#define PHONE_CMS(code, text)
#define PHONE_CME(code, text) { code, text },
#include "emulators/modem/errors.def"
#undef PHONE_CMS
#undef PHONE_CME
};

/* "no-ok" and "no_ok" are the same. */
static bool same(const char *name, const char *given)
{
	for (; *name && *given; name++, given++)
		if (*name != (*given == '-' ? '_' : *given))
			return false;
	return *name == *given;
}

const struct phone_profile *phone_profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (same(profiles[i].name, name))
			return &profiles[i];
	return NULL;
}

bool phone_profile_at(size_t number, const char **name_out, const char **note_out)
{
	if (number >= sizeof(profiles) / sizeof(profiles[0]))
		return false;
	*name_out = profiles[number].name;
	*note_out = profiles[number].note;
	return true;
}

static const char *find(const struct error *errors, size_t count, unsigned code)
{
	for (size_t i = 0; i < count; i++)
		if (errors[i].code == code)
			return errors[i].text;
	return NULL;
}

const char *phone_cms_text(unsigned code)
{
	return find(cms, sizeof(cms) / sizeof(cms[0]), code);
}

const char *phone_cme_text(unsigned code)
{
	return find(cme, sizeof(cme) / sizeof(cme[0]), code);
}
