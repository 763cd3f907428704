/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/wire/alphabet.h"

/* The default alphabet of 3GPP TS 23.038, 6.2.1 as one text, septet 0x00 to 0x7F without the
 * escape. Typed here again, so that a slip in gsm7.def shows. */
static const char default_table[] =
	"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
static const char extension_table[] = "\f^{}\\[~]|€";
static const uint8_t extension_septets[] = { 0x0A, 0x14, 0x28, 0x29, 0x2F,
					     0x3C, 0x3D, 0x3E, 0x40, 0x65 };

#define EMOJI "\xF0\x9F\x98\x80" /* U+1F600, D83D DE00 in UTF-16 */

static char text_buf[200000];

/* count copies of piece, then tail; in text_buf. */
static const char *repeat(const char *piece, size_t count, const char *tail)
{
	size_t len = strlen(piece);

	for (size_t i = 0; i < count; i++)
		memcpy(text_buf + i * len, piece, len);
	strcpy(text_buf + count * len, tail);
	return text_buf;
}

static void every_septet_of_the_default_table_goes_both_ways(void **state)
{
	uint8_t septets[200], back[400], expected[127];
	size_t n, text_len;

	(void)state;
	for (size_t i = 0; i < 127; i++)
		expected[i] = (uint8_t)(i < 0x1B ? i : i + 1);
	assert_ok(fg_alphabet_encode(FG_ALPHABET_GSM7, default_table, strlen(default_table),
				     septets, sizeof(septets), &n));
	assert_int_equal(n, 127);
	assert_memory_equal(septets, expected, 127);
	assert_ok(fg_alphabet_decode(FG_ALPHABET_GSM7, septets, n, back, sizeof(back), &text_len));
	assert_int_equal(text_len, strlen(default_table));
	assert_memory_equal(back, default_table, text_len);
}

static void every_extension_character_goes_both_ways(void **state)
{
	uint8_t septets[40], back[60];
	size_t n, text_len;

	(void)state;
	assert_ok(fg_alphabet_encode(FG_ALPHABET_GSM7, extension_table, strlen(extension_table),
				     septets, sizeof(septets), &n));
	assert_int_equal(n, 2 * sizeof(extension_septets));
	for (size_t i = 0; i < sizeof(extension_septets); i++) {
		assert_int_equal(septets[2 * i], 0x1B);
		assert_int_equal(septets[2 * i + 1], extension_septets[i]);
	}
	assert_ok(fg_alphabet_decode(FG_ALPHABET_GSM7, septets, n, back, sizeof(back), &text_len));
	assert_int_equal(text_len, strlen(extension_table));
	assert_memory_equal(back, extension_table, text_len);
}

static void exactly_137_characters_have_septets(void **state)
{
	unsigned count = 0;
	char one[4];

	(void)state;
	for (unsigned cp = 0; cp < 0x3000; cp++) {
		size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : 3;

		one[0] = (char)(n == 1 ? cp : n == 2 ? 0xC0 | cp >> 6 : 0xE0 | cp >> 12);
		one[n - 1] = (char)(n == 1 ? cp : 0x80 | (cp & 0x3F));
		if (n == 3)
			one[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		count += fg_alphabet_fits_gsm7(one, n);
	}
	assert_int_equal(count, 127 + 10);
}

static void texts_are_written_in_the_alphabet_asked_for(void **state)
{
	static const struct {
		enum fg_alphabet alphabet;
		const char *text, *hex;
		enum fg_rc rc;
	} cases[] = {
		{ FG_ALPHABET_GSM7, "a€@", "61 1B65 00", FG_OK },
		{ FG_ALPHABET_GSM7, "ç", "", FG_E_TEXT_CODING },
		{ FG_ALPHABET_GSM7, "`", "", FG_E_TEXT_CODING },
		{ FG_ALPHABET_ASCII, "a@~", "61 40 7E", FG_OK },
		{ FG_ALPHABET_ASCII, "é", "", FG_E_TEXT_CODING },
		{ FG_ALPHABET_LATIN1, "aéÿ", "61 E9 FF", FG_OK },
		{ FG_ALPHABET_LATIN1, "Ā", "", FG_E_TEXT_CODING },
		{ FG_ALPHABET_UCS2, "aé€", "0061 00E9 20AC", FG_OK },
		{ FG_ALPHABET_UCS2, EMOJI "x", "D83D DE00 0078", FG_OK },
		{ FG_ALPHABET_UCS2, "\xF4\x8F\xBF\xBF", "DBFF DFFF", FG_OK },
		{ FG_ALPHABET_UCS2, "a\xED\xA0\x80", "", FG_E_UTF8 },
		{ FG_ALPHABET_GSM7, "a\xC0\x80", "", FG_E_UTF8 },
		{ FG_ALPHABET_GSM7, "", "", FG_OK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t expected[16], out[16] = { 0xEE }, back[48];
		size_t want = fg_test_unhex(cases[i].hex, expected, sizeof(expected)), n = 99,
		       back_len;

		assert_rc(cases[i].rc,
			  fg_alphabet_encode(cases[i].alphabet, cases[i].text,
					     strlen(cases[i].text), out, sizeof(out), &n));
		assert_int_equal(n, cases[i].rc == FG_OK ? want : 99);
		if (cases[i].rc != FG_OK) {
			assert_int_equal(out[0], 0xEE);
			continue;
		}
		assert_memory_equal(out, expected, want);
		assert_ok(fg_alphabet_decode(cases[i].alphabet, out, n, back, sizeof(back),
					     &back_len));
		assert_int_equal(back_len, strlen(cases[i].text));
		assert_memory_equal(back, cases[i].text, back_len);
	}
}

static void an_output_one_octet_short_is_left_untouched(void **state)
{
	uint8_t out[4] = { 9, 9, 9, 9 };
	size_t n = 77;

	(void)state;
	assert_rc(FG_E_SPACE, fg_alphabet_encode(FG_ALPHABET_GSM7, "ab€", 5, out, 3, &n));
	assert_int_equal(out[0], 9);
	assert_int_equal(n, 77);
	assert_ok(fg_alphabet_encode(FG_ALPHABET_GSM7, "ab€", 5, out, 4, &n));
	assert_rc(FG_E_SPACE, fg_alphabet_decode(FG_ALPHABET_UCS2, "\x20\xAC", 2, out, 2, &n));
	assert_ok(fg_alphabet_decode(FG_ALPHABET_UCS2, "\x20\xAC", 2, out, 3, &n));
}

static void foreign_octets_are_shown_somehow(void **state)
{
	static const struct {
		enum fg_alphabet alphabet;
		const char *hex, *text;
	} cases[] = {
		{ FG_ALPHABET_GSM7, "1B 41", "A" },
		{ FG_ALPHABET_GSM7, "61 1B", "a " },
		{ FG_ALPHABET_GSM7, "1B 1B 41", " A" },
		{ FG_ALPHABET_GSM7, "1B 80", " \xEF\xBF\xBD" },
		{ FG_ALPHABET_GSM7, "FF 61",
		  "\xEF\xBF\xBD"
		  "a" },
		{ FG_ALPHABET_ASCII, "41 80", "A\xEF\xBF\xBD" },
		{ FG_ALPHABET_UCS2, "D83D 0041",
		  "\xEF\xBF\xBD"
		  "A" },
		{ FG_ALPHABET_UCS2, "DE00 0041",
		  "\xEF\xBF\xBD"
		  "A" },
		{ FG_ALPHABET_UCS2, "0041 D83D", "A\xEF\xBF\xBD" },
		{ FG_ALPHABET_UCS2, "D83D DE", "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ FG_ALPHABET_UCS2, "0041 00", "A\xEF\xBF\xBD" },
		{ FG_ALPHABET_UCS2, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t in[8];
		char out[24];
		size_t len = fg_test_unhex(cases[i].hex, in, sizeof(in)), n;

		assert_ok(fg_alphabet_decode(cases[i].alphabet, in, len, out, 3 * len, &n));
		out[n] = 0;
		assert_string_equal(out, cases[i].text);
	}
}

static void septets_are_counted_with_their_escapes(void **state)
{
	size_t n = 7;

	(void)state;
	assert_ok(fg_alphabet_septets("[SMS] ", 6, &n));
	assert_int_equal(n, 8);
	assert_rc(FG_E_TEXT_CODING, fg_alphabet_septets("ç", 2, &n));
	assert_rc(FG_E_UTF8, fg_alphabet_septets("\xC3", 1, &n));
	assert_int_equal(n, 8);
	assert_true(fg_alphabet_fits_gsm7("", 0));
	assert_false(fg_alphabet_fits_gsm7("\xFF", 1));
}

static void plans_cut_at_the_limits_of_the_standard(void **state)
{
	static const struct {
		const char *piece;
		size_t count;
		const char *tail;
		enum fg_text_reference reference;
		enum fg_alphabet alphabet;
		unsigned parts, total;
		uint32_t offset1; /* where the second part begins, in bytes */
	} cases[] = {
		{ "", 0, "", 0, FG_ALPHABET_GSM7, 1, 0, 0 },
		{ "a", 160, "", 0, FG_ALPHABET_GSM7, 1, 160, 160 },
		{ "a", 161, "", 0, FG_ALPHABET_GSM7, 2, 161, 152 },
		{ "a", 161, "", FG_TEXT_REFERENCE_8BIT, FG_ALPHABET_GSM7, 2, 161, 153 },
		{ "a", 304, "", 0, FG_ALPHABET_GSM7, 2, 304, 152 },
		{ "a", 305, "", 0, FG_ALPHABET_GSM7, 3, 305, 152 },
		{ "a", 306, "", FG_TEXT_REFERENCE_8BIT, FG_ALPHABET_GSM7, 2, 306, 153 },
		{ "a", 158, "€", 0, FG_ALPHABET_GSM7, 1, 160, 161 },
		{ "a", 159, "€", 0, FG_ALPHABET_GSM7, 2, 161, 152 },
		/* an escape pair, then a surrogate pair, that would straddle the cut goes to the
		   next part whole */
		{ "a", 151, "{bbbbbbbbbbbbb", 0, FG_ALPHABET_GSM7, 2, 166, 151 },
		{ "a", 152, "{bbbbbbbbbbbb", FG_TEXT_REFERENCE_8BIT, FG_ALPHABET_GSM7, 2, 166,
		  152 },
		{ "я", 65, EMOJI "яяяя", 0, FG_ALPHABET_UCS2, 2, 71, 130 },
		{ "я", 66, EMOJI "яяя", FG_TEXT_REFERENCE_8BIT, FG_ALPHABET_UCS2, 2, 71, 132 },
		{ "я", 70, "", 0, FG_ALPHABET_UCS2, 1, 70, 140 },
		{ "я", 71, "", 0, FG_ALPHABET_UCS2, 2, 71, 132 },
		{ "я", 71, "", FG_TEXT_REFERENCE_8BIT, FG_ALPHABET_UCS2, 2, 71, 134 },
		{ "a", 69, "ç", 0, FG_ALPHABET_UCS2, 1, 70, 71 },
		/* two septets, or two units, each */
		{ "€", 80, "", 0, FG_ALPHABET_GSM7, 1, 160, 240 },
		{ "€", 81, "", 0, FG_ALPHABET_GSM7, 2, 162, 228 },
		{ "€", 81, "", FG_TEXT_REFERENCE_8BIT, FG_ALPHABET_GSM7, 2, 162, 228 },
		{ EMOJI, 35, "", 0, FG_ALPHABET_UCS2, 1, 70, 140 },
		{ EMOJI, 36, "", 0, FG_ALPHABET_UCS2, 2, 72, 132 },
		{ EMOJI, 36, "", FG_TEXT_REFERENCE_8BIT, FG_ALPHABET_UCS2, 2, 72, 132 },
		{ "a", 255 * 152, "", 0, FG_ALPHABET_GSM7, 255, 255 * 152, 152 },
		{ "€", 255 * 76, "", FG_TEXT_REFERENCE_8BIT, FG_ALPHABET_GSM7, 255, 255 * 152,
		  228 },
		{ "я", 255 * 67, "", FG_TEXT_REFERENCE_8BIT, FG_ALPHABET_UCS2, 255, 255 * 67, 134 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text = repeat(cases[i].piece, cases[i].count, cases[i].tail);
		struct fg_text_plan plan;

		assert_ok(fg_alphabet_plan(text, strlen(text), cases[i].reference, 255, &plan));
		assert_int_equal(plan.alphabet, cases[i].alphabet);
		assert_int_equal(plan.parts, cases[i].parts);
		assert_int_equal(plan.total, cases[i].total);
		assert_int_equal(plan.offset[0], 0);
		assert_int_equal(plan.offset[1], cases[i].offset1);
		assert_int_equal(plan.offset[plan.parts], strlen(text));
	}
}

static void a_text_of_too_many_parts_is_refused_not_cut(void **state)
{
	struct fg_text_plan plan = { .parts = 42 };

	(void)state;
	repeat("a", 255 * 152 + 1, "");
	assert_rc(FG_E_TEXT_LONG, fg_alphabet_plan(text_buf, 255 * 152 + 1, 0, 255, &plan));
	repeat("a", 66000, "");
	assert_rc(FG_E_TEXT_LONG, fg_alphabet_plan(text_buf, 66000, 0, 255, &plan));
	assert_rc(FG_E_TEXT_LONG, fg_alphabet_plan(text_buf, 161, 0, 1, &plan));
	assert_rc(FG_E_TEXT_LONG, fg_alphabet_plan(text_buf, 305, 0, 2, &plan));
	assert_rc(FG_E_UTF8, fg_alphabet_plan("a\x80", 2, 0, 255, &plan));
	assert_rc(FG_E_UTF8, fg_alphabet_plan("\xD1\x8F\x80", 3, 0, 255, &plan));
	assert_rc(FG_E_ARG, fg_alphabet_plan("a", 1, 0, 0, &plan));
	assert_rc(FG_E_ARG, fg_alphabet_plan("a", 1, 0, 256, &plan));
	assert_int_equal(plan.parts, 42);
}

static void a_text_that_the_peer_cannot_show_by_default_is_ucs2(void **state)
{
	static const struct {
		enum fg_alphabet usable;
		const char *text;
		enum fg_alphabet planned;
		unsigned total;
	} cases[] = {
		{ FG_ALPHABET_GSM7, "caf\xc3\xa9 \xe2\x82\xac", FG_ALPHABET_GSM7, 7 },
		{ FG_ALPHABET_LATIN1, "caf\xc3\xa9", FG_ALPHABET_GSM7, 4 },
		{ FG_ALPHABET_LATIN1, "caf\xc3\xa9 \xe2\x82\xac", FG_ALPHABET_UCS2, 6 },
		{ FG_ALPHABET_LATIN1, "\xc3\xa1", FG_ALPHABET_UCS2,
		  1 }, /* not in the GSM alphabet */
		{ FG_ALPHABET_ASCII, "caf\xc3\xa9", FG_ALPHABET_UCS2, 4 },
		{ FG_ALPHABET_ASCII, "[x]", FG_ALPHABET_GSM7, 5 },
		{ FG_ALPHABET_ASCII, "`", FG_ALPHABET_UCS2, 1 },
		{ FG_ALPHABET_UCS2, "cafe", FG_ALPHABET_UCS2, 4 },
	};
	struct fg_text_plan plan;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		assert_ok(fg_alphabet_plan_for(cases[i].usable, cases[i].text,
					       strlen(cases[i].text), FG_TEXT_REFERENCE_16BIT, 255,
					       &plan));
		assert_int_equal(plan.alphabet, cases[i].planned);
		assert_int_equal(plan.total, cases[i].total);
	}
	assert_rc(FG_E_UTF8, fg_alphabet_plan_for(FG_ALPHABET_UCS2, "\xff", 1,
						  FG_TEXT_REFERENCE_16BIT, 255, &plan));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_that_the_peer_cannot_show_by_default_is_ucs2),
		cmocka_unit_test(every_septet_of_the_default_table_goes_both_ways),
		cmocka_unit_test(every_extension_character_goes_both_ways),
		cmocka_unit_test(exactly_137_characters_have_septets),
		cmocka_unit_test(texts_are_written_in_the_alphabet_asked_for),
		cmocka_unit_test(an_output_one_octet_short_is_left_untouched),
		cmocka_unit_test(foreign_octets_are_shown_somehow),
		cmocka_unit_test(septets_are_counted_with_their_escapes),
		cmocka_unit_test(plans_cut_at_the_limits_of_the_standard),
		cmocka_unit_test(a_text_of_too_many_parts_is_refused_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
