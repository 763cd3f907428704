/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/wire/utf8.h"

static void only_the_forms_of_rfc_3629_are_read(void **state)
{
	static const struct {
		const char *hex;
		size_t len;
		uint32_t cp;
	} cases[] = {
		{ "00", 1, 0 },
		{ "7F", 1, 0x7F },
		{ "C280", 2, 0x80 },
		{ "DFBF", 2, 0x7FF },
		{ "E0A080", 3, 0x800 },
		{ "ED9FBF", 3, 0xD7FF },
		{ "EE8080", 3, 0xE000 },
		{ "EFBFBF", 3, 0xFFFF },
		{ "F0908080", 4, 0x10000 },
		{ "F48FBFBF", 4, 0x10FFFF },
		{ "F09F9880 41", 4, 0x1F600 },
		{ "80", 0, 0 },
		{ "C080", 0, 0 },
		{ "C1BF", 0, 0 },
		{ "E09FBF", 0, 0 },
		{ "EDA080", 0, 0 },
		{ "EDBFBF", 0, 0 },
		{ "F08FBFBF", 0, 0 },
		{ "F4908080", 0, 0 },
		{ "F5808080", 0, 0 },
		{ "FF", 0, 0 },
		{ "C2", 0, 0 },
		{ "C241", 0, 0 },
		{ "E0A0", 0, 0 },
		{ "F0908041", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t in[8], back[FG_UTF8_MAX];
		size_t len = fg_test_unhex(cases[i].hex, in, sizeof(in));
		uint32_t cp = 0xAAAA;

		assert_int_equal(fg_utf8_next(in, len, &cp), cases[i].len);
		assert_int_equal(cp, cases[i].len ? cases[i].cp : 0xAAAA);
		assert_int_equal(fg_utf8_valid(in, len), cases[i].len != 0);
		if (!cases[i].len)
			continue;
		assert_int_equal(fg_utf8_put(cp, back), cases[i].len);
		assert_memory_equal(back, in, cases[i].len);
	}
	assert_true(fg_utf8_valid((const uint8_t *)"", 0));
}

static void what_is_no_character_is_written_as_the_replacement(void **state)
{
	const uint32_t bad[] = { 0xD800, 0xDFFF, 0x110000, UINT32_MAX };
	uint8_t out[FG_UTF8_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(fg_utf8_put(bad[i], out), 3);
		assert_memory_equal(out, "\xEF\xBF\xBD", 3);
	}
}

static void halves_become_one_character_again(void **state)
{
	static const struct {
		const char *text, *mended;
	} cases[] = {
		{ "", "" },
		{ "plain \xC3\xA9 \xED\x9F\xBF", "plain \xC3\xA9 \xED\x9F\xBF" },
		{ "a\xED\xA0\xBD\xED\xB8\x80z", "a\xF0\x9F\x98\x80z" },
		{ "\xED\xAF\xBF\xED\xBF\xBF", "\xF4\x8F\xBF\xBF" },
		{ "\xED\xB8\x80\xED\xA0\xBD", "\xEF\xBF\xBD\xEF\xBF\xBD" },
		{ "\xED\xA0\xBD\xED\xA0\xBD\xED\xB8\x80", "\xEF\xBF\xBD\xF0\x9F\x98\x80" },
		{ "\xED\xA0\xBDx\xED\xB8\x80", "\xEF\xBF\xBDx\xEF\xBF\xBD" },
		{ "\xED\xA0", "\xED\xA0" }, /* no UTF-8 before, none after */
	};
	char text[64];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		strcpy(text, cases[i].text);
		len = fg_utf8_mend((uint8_t *)text, strlen(text));
		assert_int_equal(len, strlen(cases[i].mended));
		assert_memory_equal(text, cases[i].mended, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_forms_of_rfc_3629_are_read),
		cmocka_unit_test(what_is_no_character_is_written_as_the_replacement),
		cmocka_unit_test(halves_become_one_character_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
