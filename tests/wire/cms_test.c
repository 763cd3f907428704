/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/wire/cms.h"

struct expected {
	enum fg_cms_class class;
	enum fg_rc rc;
	enum fg_rc_class rc_class;
	uint16_t values[24]; /* up to the first 0 */
};

/* Typed again from what operators expect, class by class; values from TS 24.011 annex E, TS 23.040 9.2.3.22, TS 27.005 3.2.5. */
static void errors_of_messages_have_the_classes_that_operators_expect(void **state)
{
	static const struct expected cases[] = {
		{ FG_CMS_CLASS_RECIPIENT,
		  FG_E_LINK_RECIPIENT,
		  FG_CLASS_PERMANENT,
		  { 1, 10, 28, 30, 195, 196 } },
		{ FG_CMS_CLASS_SUBSCRIPTION,
		  FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK,
		  { 8, 29, 50, 69, 193 } },
		{ FG_CMS_CLASS_FORMAT,
		  FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK,
		  { 81,  95,  96,  97,  98,  99,  111, 128, 129, 143, 144,
		    145, 159, 160, 161, 175, 176, 302, 303, 304, 305 } },
		{ FG_CMS_CLASS_VALIDITY, FG_E_LINK_REJECTED, FG_CLASS_OTHER_LINK, { 198, 199 } },
		{ FG_CMS_CLASS_DUPLICATE, FG_OK, FG_CLASS_NONE, { 197 } },
		{ FG_CMS_CLASS_TEMPORARY,
		  FG_E_LINK_BUSY,
		  FG_CLASS_RETRY,
		  { 17, 22, 27, 41, 42, 47, 127, 192, 194, 211, 255 } },
		{ FG_CMS_CLASS_ONCE, FG_E_LINK_BUSY, FG_CLASS_RETRY, { 21 } },
		{ FG_CMS_CLASS_LONG, FG_E_LINK_BUSY, FG_CLASS_RETRY, { 38 } },
		{ FG_CMS_CLASS_MODEM,
		  FG_E_LINK_DOWN,
		  FG_CLASS_OTHER_LINK,
		  { 300, 301, 314, 320, 330, 331 } },
		/* a SIM that wants a PIN is never asked twice */
		{ FG_CMS_CLASS_SIM,
		  FG_E_LINK_DOWN,
		  FG_CLASS_OTHER_LINK,
		  { 310, 311, 312, 313, 315, 316, 317, 318 } },
		{ FG_CMS_CLASS_STORAGE, FG_E_LINK_BUSY, FG_CLASS_RETRY, { 208, 209, 322 } },
		{ FG_CMS_CLASS_UNKNOWN, FG_E_LINK_UNKNOWN, FG_CLASS_UNKNOWN, { 332, 500 } },
		{ FG_CMS_CLASS_BUSY, FG_E_LINK_BUSY, FG_CLASS_RETRY, { 515 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (const uint16_t *value = cases[i].values; *value; value++) {
			const struct fg_cms_code *code = fg_cms_find(FG_CMS_ERROR, *value);

			print_message("# %u\n", *value);
			assert_int_equal(code->value, *value);
			assert_true(code->listed);
			assert_int_equal(code->class, cases[i].class);
			assert_rc(cases[i].rc, code->rc);
			assert_int_equal(fg_rc_class(code->rc), cases[i].rc_class);
		}
}

static void numbers_without_a_row_are_taken_as_the_standards_demand(void **state)
{
	static const struct {
		enum fg_cms_family family;
		uint32_t value;
		enum fg_cms_class class;
	} cases[] = {
		/* TS 24.011, 8.2.5.4: as 41; TS 23.040, 9.2.3.22: as 255 */
		{ FG_CMS_ERROR, 0, FG_CMS_CLASS_TEMPORARY },
		{ FG_CMS_ERROR, 126, FG_CMS_CLASS_TEMPORARY },
		{ FG_CMS_ERROR, 131, FG_CMS_CLASS_TEMPORARY },
		{ FG_CMS_ERROR, 254, FG_CMS_CLASS_TEMPORARY },
		{ FG_CMS_ERROR, 256, FG_CMS_CLASS_UNKNOWN },
		{ FG_CMS_ERROR, 511, FG_CMS_CLASS_UNKNOWN },
		{ FG_CMS_ERROR, 512, FG_CMS_CLASS_VENDOR },
		{ FG_CMS_ERROR, UINT32_MAX, FG_CMS_CLASS_VENDOR },
		{ FG_CME_ERROR, 8, FG_CMS_CLASS_UNKNOWN },
		{ FG_CME_ERROR, 512, FG_CMS_CLASS_UNKNOWN },
		{ FG_CME_ERROR, UINT32_MAX, FG_CMS_CLASS_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct fg_cms_code *code = fg_cms_find(cases[i].family, cases[i].value);

		assert_false(code->listed);
		assert_int_equal(code->class, cases[i].class);
	}
}

/* TS 27.007, 9.2.1. */
static void errors_of_the_modem_itself_spend_no_message(void **state)
{
	static const struct {
		uint16_t value;
		enum fg_cms_class class;
	} cases[] = {
		{ 0, FG_CMS_CLASS_MODEM },         { 10, FG_CMS_CLASS_SIM },
		{ 11, FG_CMS_CLASS_SIM },          { 12, FG_CMS_CLASS_SIM },
		{ 14, FG_CMS_CLASS_MODEM },        { 16, FG_CMS_CLASS_SIM },
		{ 20, FG_CMS_CLASS_STORAGE },      { 30, FG_CMS_CLASS_MODEM },
		{ 31, FG_CMS_CLASS_UNKNOWN },      { 100, FG_CMS_CLASS_UNKNOWN },
		{ 32, FG_CMS_CLASS_SUBSCRIPTION },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct fg_cms_code *code = fg_cms_find(FG_CME_ERROR, cases[i].value);

		assert_true(code->listed && code->value == cases[i].value);
		assert_int_equal(code->class, cases[i].class);
	}
}

static void every_code_has_its_words_and_its_source(void **state)
{
	(void)state;
	for (uint32_t value = 0; value < 1024; value++)
		for (int family = FG_CMS_ERROR; family <= FG_CME_ERROR; family++) {
			const struct fg_cms_code *code =
				fg_cms_find((enum fg_cms_family)family, value);

			assert_true(strlen(code->note) > 3 && strlen(code->source) > 3);
			assert_true(strlen(fg_cms_class_name(code->class)) >= 3);
			assert_true(strlen(fg_cms_class_reaction(code->class)) > 3);
			assert_rc(fg_cms_class_rc(code->class), code->rc);
			assert_true((code->rc == FG_OK) ==
				    (family == FG_CMS_ERROR && value == 197));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_messages_have_the_classes_that_operators_expect),
		cmocka_unit_test(numbers_without_a_row_are_taken_as_the_standards_demand),
		cmocka_unit_test(errors_of_the_modem_itself_spend_no_message),
		cmocka_unit_test(every_code_has_its_words_and_its_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
