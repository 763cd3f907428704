/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as octets of every alphabet, then as UTF-8: what decodes must be UTF-8, what was
 * decoded must encode in UCS-2 and come back the same, and every part of a plan must fit into a
 * short message. Cut anywhere and joined again, UCS-2 is as it was.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "lib/wire/alphabet.h"
#include "lib/wire/utf8.h"

enum { INPUT_MAX = 1 << 15 };

static uint8_t text[3 * INPUT_MAX], octets[6 * INPUT_MAX], again[9 * INPUT_MAX];

static void check(int truth)
{
	if (!truth)
		abort();
}

static void decode_as(enum fg_alphabet alphabet, const uint8_t *data, size_t len)
{
	size_t text_len, octets_len, again_len;

	check(fg_alphabet_decode(alphabet, data, len, text, 3 * len, &text_len) == FG_OK);
	check(fg_utf8_valid(text, text_len));
	check(fg_alphabet_encode(FG_ALPHABET_UCS2, text, text_len, octets, sizeof(octets),
				 &octets_len) == FG_OK);
	check(fg_alphabet_decode(FG_ALPHABET_UCS2, octets, octets_len, again, sizeof(again),
				 &again_len) == FG_OK);
	check(again_len == text_len && memcmp(again, text, text_len) == 0);
}

static void cut_and_join(const uint8_t *data, size_t len)
{
	size_t cut = len > 0 ? data[len - 1] * 2u % (len + 1) & ~(size_t)1 : 0, first, second,
	       whole;

	check(fg_alphabet_decode(FG_ALPHABET_UCS2, data, len, text, 3 * len, &whole) == FG_OK);
	check(fg_alphabet_decode_part(FG_ALPHABET_UCS2, data, cut, again, sizeof(again), &first) ==
	      FG_OK);
	check(fg_alphabet_decode_part(FG_ALPHABET_UCS2, data + cut, len - cut, again + first,
				      sizeof(again) - first, &second) == FG_OK);
	check(fg_utf8_mend(again, first + second) == whole && memcmp(again, text, whole) == 0);
}

static void plan_as(const uint8_t *data, size_t len, enum fg_text_reference reference,
		    uint16_t languages)
{
	struct fg_text_plan plan;
	enum fg_rc rc = fg_alphabet_plan_national(languages, data, len, reference,
						  FG_TEXT_PARTS_MAX, &plan);
	size_t octets_len, header, unit;

	check((rc == FG_E_UTF8) == !fg_utf8_valid(data, len));
	if (rc != FG_OK)
		return;
	unit = fg_alphabet_is_septets(plan.alphabet) ? 7 : 8;
	header = fg_alphabet_header_len(plan.alphabet);
	if (plan.parts > 1)
		header += reference == FG_TEXT_REFERENCE_16BIT ? 6 : 5;
	header += header > 0;
	for (unsigned i = 0; i < plan.parts; i++) {
		check(fg_alphabet_encode(plan.alphabet, data + plan.offset[i],
					 plan.offset[i + 1] - plan.offset[i], octets,
					 sizeof(octets), &octets_len) == FG_OK);
		check((octets_len * unit + 7) / 8 + header <= 140);
	}
	check(plan.offset[plan.parts] == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > INPUT_MAX)
		return 0;
	for (int a = FG_ALPHABET_ASCII; a <= FG_ALPHABET_UCS2; a++)
		decode_as((enum fg_alphabet)a, data, len);
	decode_as(FG_ALPHABET_GSM7, data, len);
	cut_and_join(data, len);
	/* the first octet chooses languages, also such that are none */
	if (len > 0)
		decode_as(fg_alphabet_national(data[0] >> 4, data[0] & 0xF), data, len);
	plan_as(data, len, FG_TEXT_REFERENCE_16BIT, 0);
	plan_as(data, len, FG_TEXT_REFERENCE_8BIT, 0);
	plan_as(data, len, FG_TEXT_REFERENCE_16BIT, UINT16_MAX);
	if (len > 0)
		plan_as(data, len, FG_TEXT_REFERENCE_8BIT, (uint16_t)(1u << (data[0] & 0xF)));
	return 0;
}
