/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE FG_DLR_OTHER

struct row {
	unsigned digits;
	uint32_t smpp, cms;
	struct emu_outcome outcome;
};

const struct emu_outcome emu_plain = {
	.receipt = FG_DLR_DELIVERED, .via = NONE, .receipts = 1, .after_ms = EMU_AFTER_DEFAULT
};

static const struct row rows[] = {
#define EMU_DIGITS(digits, smpp, cms, receipt, via, receipts, flags)                               \
	{ digits, smpp, cms, { 0, receipt, via, flags, 0, EMU_AFTER_DEFAULT, receipts, "" } },
#include "emulators/common/digits.def"
#undef EMU_DIGITS
};

/* Small, and the same everywhere for a seed. Public domain, S. Vigna. */
uint32_t emu_random(uint64_t *state, uint32_t below)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return (uint32_t)((z ^ (z >> 31)) % below);
}

bool emu_ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

bool emu_told_now(struct emu_told *told, const char *destination)
{
	for (unsigned i = 0; i < told->count; i++)
		if (strcmp(told->destination[i], destination) == 0) {
			told->count--;
			memmove(told->destination[i], told->destination[told->count],
				sizeof(told->destination[i]));
			return false;
		}
	if (told->count < EMU_TOLD_MAX)
		snprintf(told->destination[told->count++], sizeof(told->destination[0]), "%s",
			 destination);
	return true;
}

bool emu_by_rules(struct emu_rule *rules, size_t count, const char *destination,
		  struct emu_outcome *outcome_out)
{
	for (size_t i = 0; i < count; i++) {
		struct emu_rule *rule = &rules[i];

		if (!emu_ends_with(destination, rule->suffix) ||
		    (rule->times && rule->used >= rule->times))
			continue;
		rule->used++;
		*outcome_out = rule->outcome;
		return true;
	}
	return false;
}

bool emu_by_digits(const char *destination, bool modem, struct emu_outcome *outcome_out)
{
	size_t len = strlen(destination);
	unsigned long digits = len < 2 ? 0 : strtoul(destination + len - 2, NULL, 10);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].digits == digits) {
			*outcome_out = rows[i].outcome;
			outcome_out->status = modem ? rows[i].cms : rows[i].smpp;
			return true;
		}
	return false;
}

const struct emu_outcome *emu_by_mix(uint64_t *random, const struct emu_share *shares, size_t count)
{
	uint32_t drawn = count ? emu_random(random, EMU_SHARES_WHOLE) : 0;

	for (size_t i = 0; i < count; i++) {
		if (drawn < shares[i].ppm)
			return &shares[i].outcome;
		drawn -= shares[i].ppm;
	}
	return NULL;
}
