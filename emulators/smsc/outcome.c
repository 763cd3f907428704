/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What becomes of a message: its own text says so, else the script, else the last two digits of its
 * destination, else the mixes.
 */
#include "emulators/smsc/center.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_PREFIX "!smsc "

enum {
	VENDOR_TLV_FIRST = 0x1400,
	VENDOR_TLV_LAST = 0x3FFF,
	DIGITS_FIRST = 80,
	DIGITS_LAST = 96,
	TEXT_READ = 160, /* how far into a text the prefix may begin and its words may go */
};

#define NONE        FG_DLR_OTHER
#define TAKEN       .receipt = FG_DLR_DELIVERED, .via = NONE, .receipts = 1, .after_ms = -1
#define NO_DLR      .receipt = NONE, .via = NONE, .receipts = 1, .after_ms = -1
#define ENDS(STATE) .receipt = STATE, .via = NONE, .receipts = 1, .after_ms = -1

static const struct fg_smsc_outcome plain = { TAKEN };

static const struct fg_smsc_outcome of_digits[DIGITS_LAST - DIGITS_FIRST + 1] = {
	{ TAKEN, .status = 0x58, .flags = FG_SMSC_ONCE },
	{ NO_DLR, .status = 0x14 },
	{ NO_DLR, .status = 0x08 },
	{ NO_DLR, .status = 0x0B },
	{ NO_DLR, .status = 0x45 },
	{ NO_DLR, .flags = FG_SMSC_NO_ANSWER },
	{ TAKEN, .flags = FG_SMSC_ANSWER_LATE },
	{ ENDS(FG_DLR_UNDELIVERABLE) },
	{ ENDS(FG_DLR_EXPIRED) },
	{ NO_DLR },
	{ TAKEN, .flags = FG_SMSC_RECEIPT_LATE },
	{ .receipt = FG_DLR_DELIVERED, .via = NONE, .receipts = 2, .after_ms = -1 },
	{ TAKEN, .flags = FG_SMSC_RECEIPT_FIRST },
	{ TAKEN, .status = 0xC1, .flags = FG_SMSC_REFUSE_TLV },
	{ NO_DLR, .flags = FG_SMSC_NO_ANSWER | FG_SMSC_CLOSE },
	{ ENDS(FG_DLR_REJECTED) },
	{ .receipt = FG_DLR_DELIVERED, .via = FG_DLR_ACCEPTED, .receipts = 1, .after_ms = -1 },
};

/* splitmix64: small, and the same everywhere for a seed. Public domain, S. Vigna. */
uint32_t smsc_random(struct smsc_center *center, uint32_t below)
{
	uint64_t z = center->random += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return (uint32_t)((z ^ (z >> 31)) % below);
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

static bool has_vendor_tlv(const struct fg_smpp_pdu *pdu)
{
	for (unsigned i = 0; i < pdu->tlvs.count; i++)
		if (pdu->tlvs.list[i].tag >= VENDOR_TLV_FIRST &&
		    pdu->tlvs.list[i].tag <= VENDOR_TLV_LAST)
			return true;
	return false;
}

/* The first message to a destination is told to wait, the next one passes, and so on. */
static bool throttled_before(struct smsc_center *center, const char *destination)
{
	for (unsigned i = 0; i < center->throttled_count; i++)
		if (strcmp(center->throttled[i], destination) == 0) {
			center->throttled_count--;
			memmove(center->throttled[i], center->throttled[center->throttled_count],
				sizeof(center->throttled[i]));
			return true;
		}
	if (center->throttled_count < SMSC_THROTTLED_MAX)
		snprintf(center->throttled[center->throttled_count++], sizeof(center->throttled[0]),
			 "%s", destination);
	return false;
}

/* The first octets of a text as ASCII; what the words need is the same in all alphabets. */
static void text_begin(const struct fg_smpp_pdu *pdu, char out[static TEXT_READ + 1])
{
	struct fg_smpp_bytes text = fg_smpp_message(pdu);
	bool wide = pdu->sm.data_coding == 8;
	size_t at = 0, len = 0;

	if ((pdu->sm.esm_class & FG_SMPP_ESM_UDH) && text.len > 0)
		at = 1u + text.at[0];
	for (; at + wide < text.len && len < TEXT_READ; at += 1u + wide)
		out[len++] = (char)(wide && text.at[at] ? '?' : text.at[at + wide]);
	out[len] = '\0';
}

static bool by_text(const struct fg_smpp_pdu *pdu, struct fg_smsc_outcome *outcome_out)
{
	char text[TEXT_READ + 1], *words;

	text_begin(pdu, text);
	words = strstr(text, TEXT_PREFIX);
	if (!words)
		return false;
	words += strlen(TEXT_PREFIX);
	words[strcspn(words, ";")] = '\0';
	return fg_smsc_outcome_parse(words, outcome_out);
}

static bool by_script(struct smsc_center *center, const char *destination,
		      struct fg_smsc_outcome *outcome_out)
{
	for (size_t i = 0; i < center->options.rules_count; i++) {
		struct fg_smsc_rule *rule = &center->options.rules[i];

		if (!ends_with(destination, rule->suffix) ||
		    (rule->times && rule->used >= rule->times))
			continue;
		rule->used++;
		*outcome_out = rule->outcome;
		return true;
	}
	return false;
}

static bool by_digits(struct smsc_center *center, const char *destination,
		      const struct fg_smpp_pdu *pdu, struct fg_smsc_outcome *outcome_out)
{
	size_t len = strlen(destination);
	unsigned long digits = len < 2 ? 0 : strtoul(destination + len - 2, NULL, 10);

	if (digits < DIGITS_FIRST || digits > DIGITS_LAST)
		return false;
	*outcome_out = of_digits[digits - DIGITS_FIRST];
	if (((outcome_out->flags & FG_SMSC_ONCE) && throttled_before(center, destination)) ||
	    ((outcome_out->flags & FG_SMSC_REFUSE_TLV) && !has_vendor_tlv(pdu)))
		outcome_out->status = 0;
	if (outcome_out->flags & FG_SMSC_ANSWER_LATE)
		outcome_out->delay_ms = center->options.late_ms;
	return true;
}

static const struct fg_smsc_outcome *by_mix(struct smsc_center *center,
					    const struct fg_smsc_share *shares, size_t count)
{
	uint32_t drawn = count ? smsc_random(center, FG_SMSC_SHARES_WHOLE) : 0;

	for (size_t i = 0; i < count; i++) {
		if (drawn < shares[i].ppm)
			return &shares[i].outcome;
		drawn -= shares[i].ppm;
	}
	return NULL;
}

struct fg_smsc_outcome smsc_outcome(struct smsc_center *center, const struct fg_smpp_pdu *pdu,
				    const char *destination)
{
	const struct fg_smsc_options *options = &center->options;
	const struct fg_smsc_outcome *mixed;
	struct fg_smsc_outcome outcome = plain;

	if ((!options->no_text && by_text(pdu, &outcome)) ||
	    by_script(center, destination, &outcome) ||
	    by_digits(center, destination, pdu, &outcome))
		return outcome;
	mixed = by_mix(center, options->mix, options->mix_count);
	if (mixed)
		return *mixed;
	mixed = by_mix(center, options->receipt_mix, options->receipt_mix_count);
	return mixed ? *mixed : plain;
}
