/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/national.h"

#include <string.h>

enum { SEPTETS = 128 };

static const uint16_t locking[FG_LANGUAGE_COUNT][SEPTETS] = {
#define FG_LOCKING(NAME, number, ...) [number] = { __VA_ARGS__ },
#define FG_SINGLE(NAME, number, ...)
#include "lib/wire/national.def"
#undef FG_LOCKING
#undef FG_SINGLE
};

static const uint16_t single[FG_LANGUAGE_COUNT][SEPTETS] = {
#define FG_LOCKING(NAME, number, ...)
#define FG_SINGLE(NAME, number, ...) [number] = { __VA_ARGS__ },
#include "lib/wire/national.def"
#undef FG_LOCKING
#undef FG_SINGLE
};

static const char *const names[FG_LANGUAGE_COUNT] = {
	NULL,      "turkish",   "spanish", "portuguese", "bengali", "gujarati", "hindi",
	"kannada", "malayalam", "oriya",   "punjabi",    "tamil",   "telugu",   "urdu",
};

/* A row whose name and number do not belong together does not compile. */
#define FG_LOCKING(NAME, number, ...)                                                              \
	_Static_assert(FG_LANGUAGE_##NAME == number, "the number of a language");
#define FG_SINGLE(NAME, number, ...)                                                               \
	_Static_assert(FG_LANGUAGE_##NAME == number, "the number of a language");
#include "lib/wire/national.def"
#undef FG_LOCKING
#undef FG_SINGLE

const uint16_t *fg_national_locking(unsigned language)
{
	/* every such table has a line feed */
	return language < FG_LANGUAGE_COUNT && locking[language]['\n'] ? locking[language] : NULL;
}

const uint16_t *fg_national_single(unsigned language)
{
	/* every such table has a page break there */
	return language < FG_LANGUAGE_COUNT && single[language]['\n'] ? single[language] : NULL;
}

const char *fg_national_name(unsigned language)
{
	return language < FG_LANGUAGE_COUNT ? names[language] : NULL;
}

static unsigned by_name(const char *word, size_t len)
{
	for (unsigned i = 1; i < FG_LANGUAGE_COUNT; i++)
		if (strlen(names[i]) == len && memcmp(names[i], word, len) == 0)
			return i;
	return 0;
}

enum fg_rc fg_national_list(const char *text, uint16_t *languages_out)
{
	uint16_t languages = 0;
	const char *word = text + strspn(text, " ");

	while (*word) {
		size_t len = strcspn(word, " ,");
		unsigned language = by_name(word, len);
		const char *after = word + len + strspn(word + len, " ");

		if (language == 0 || (*after && *after != ','))
			return FG_E_ARG;
		languages |= (uint16_t)(1u << language);
		word = *after ? after + 1 + strspn(after + 1, " ") : after;
		if (*after && !*word)
			return FG_E_ARG; /* a comma at the end */
	}
	*languages_out = languages;
	return FG_OK;
}
