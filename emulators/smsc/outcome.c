/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What becomes of a message: its own text says so, else the script, else the last two digits of its
 * destination, else the mixes.
 */
#include "emulators/smsc/center.h"

#include <string.h>

#define TEXT_PREFIX "!smsc "

enum {
	VENDOR_TLV_FIRST = 0x1400,
	VENDOR_TLV_LAST = 0x3FFF,
	TEXT_READ = 160, /* how far into a text the prefix may begin and its words may go */
};

static bool has_vendor_tlv(const struct fg_smpp_pdu *pdu)
{
	for (unsigned i = 0; i < pdu->tlvs.count; i++)
		if (pdu->tlvs.list[i].tag >= VENDOR_TLV_FIRST &&
		    pdu->tlvs.list[i].tag <= VENDOR_TLV_LAST)
			return true;
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

static bool by_text(const struct fg_smpp_pdu *pdu, struct emu_outcome *outcome_out)
{
	char text[TEXT_READ + 1], *words;

	text_begin(pdu, text);
	words = strstr(text, TEXT_PREFIX);
	if (!words)
		return false;
	words += strlen(TEXT_PREFIX);
	words[strcspn(words, ";")] = '\0';
	return emu_outcome_parse(words, outcome_out);
}

static bool by_digits(struct smsc_center *center, const char *destination,
		      const struct fg_smpp_pdu *pdu, struct emu_outcome *outcome_out)
{
	if (!emu_by_digits(destination, false, outcome_out))
		return false;
	if (((outcome_out->flags & EMU_ONCE) && !emu_told_now(center->told, destination)) ||
	    ((outcome_out->flags & EMU_REFUSE_TLV) && !has_vendor_tlv(pdu)))
		outcome_out->status = 0;
	if (outcome_out->flags & EMU_ANSWER_LATE)
		outcome_out->delay_ms = center->options.late_ms;
	return true;
}

struct emu_outcome smsc_outcome(struct smsc_center *center, const struct fg_smpp_pdu *pdu,
				const char *destination)
{
	struct fg_smsc_options *options = &center->options;
	const struct emu_outcome *mixed;
	struct emu_outcome outcome = emu_plain;

	if ((!options->no_text && by_text(pdu, &outcome)) ||
	    emu_by_rules(options->rules, options->rules_count, destination, &outcome) ||
	    by_digits(center, destination, pdu, &outcome))
		return outcome;
	mixed = emu_by_mix(&center->random, options->mix, options->mix_count);
	if (mixed)
		return *mixed;
	mixed = emu_by_mix(&center->random, options->receipt_mix, options->receipt_mix_count);
	return mixed ? *mixed : emu_plain;
}
