/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/wire/udh.h"

static void concatenation_is_found_only_where_it_is_well_formed(void **state)
{
	static const struct {
		const char *hex;
		enum fg_rc rc;
		size_t udh_len;
		struct fg_udh_concat concat;
	} cases[] = {
		{ "050003 2A 03 02 4142", FG_OK, 6, { 0x2A, false, 3, 2 } },
		{ "060804 BEEF 02 01 41", FG_OK, 7, { 0xBEEF, true, 2, 1 } },
		{ "050003 00 FF FF", FG_OK, 6, { 0, false, 255, 255 } },
		/* behind a port element (9.2.3.24.4), and the last of two */
		{ "0B 0504 0B84 23F0 0003 07 02 01", FG_OK, 12, { 7, false, 2, 1 } },
		{ "0A 0003 07 02 01 0003 08 02 02", FG_OK, 11, { 8, false, 2, 2 } },
		{ "0B 0804 0007 02 01 0003 08 02 00", FG_OK, 12, { 7, true, 2, 1 } },
		{ "00 41", FG_E_NOT_FOUND, 1, { 0 } },
		{ "06 0504 0B84 23F0", FG_E_NOT_FOUND, 7, { 0 } },
		{ "050003 07 00 01", FG_E_NOT_FOUND, 6, { 0 } },
		{ "050003 07 02 00", FG_E_NOT_FOUND, 6, { 0 } },
		{ "050003 07 02 03", FG_E_NOT_FOUND, 6, { 0 } },
		{ "060004 07 02 01 00", FG_E_NOT_FOUND, 7, { 0 } },
		{ "050803 07 02 01", FG_E_NOT_FOUND, 6, { 0 } },
		{ "", FG_E_UDH, 99, { 0 } },
		{ "01", FG_E_UDH, 99, { 0 } },
		{ "050003 07 02", FG_E_UDH, 99, { 0 } },
		{ "050004 07 02 01", FG_E_UDH, 99, { 0 } },
		{ "01 00", FG_E_UDH, 99, { 0 } },
		{ "06 0003 07 02 01 00", FG_E_UDH, 99, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_udh_concat got = { 0 };
		uint8_t ud[32];
		size_t len = fg_test_unhex(cases[i].hex, ud, sizeof(ud)), udh_len = 99;

		assert_rc(cases[i].rc, fg_udh_concat_find(ud, len, &got, &udh_len));
		assert_int_equal(udh_len, cases[i].udh_len);
		assert_int_equal(got.reference, cases[i].concat.reference);
		assert_int_equal(got.wide, cases[i].concat.wide);
		assert_int_equal(got.total, cases[i].concat.total);
		assert_int_equal(got.sequence, cases[i].concat.sequence);
	}
}

static void written_headers_are_those_of_the_standard(void **state)
{
	static const struct {
		struct fg_udh_concat concat;
		const char *hex;
	} cases[] = {
		{ { 0x2A, false, 3, 2 }, "0500032A0302" },
		{ { 0x1234, true, 255, 1 }, "0608041234FF01" },
		{ { 0, true, 1, 1 }, "06080400000101" },
		{ { 0x100, false, 2, 1 }, "" },
		{ { 1, true, 0, 0 }, "" },
		{ { 1, true, 2, 0 }, "" },
		{ { 1, false, 2, 3 }, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t expected[8], out[FG_UDH_CONCAT_MAX];
		size_t want = fg_test_unhex(cases[i].hex, expected, sizeof(expected)), len = 99;

		assert_rc(want ? FG_OK : FG_E_ARG,
			  fg_udh_concat_write(&cases[i].concat, out, &len));
		assert_int_equal(len, want ? want : 99);
		assert_memory_equal(out, expected, want);
	}
}

static void national_tables_are_found_as_the_standard_says(void **state)
{
	static const struct {
		const char *hex;
		enum fg_rc rc;
		uint8_t locking, single;
	} cases[] = {
		{ "03 240101", FG_OK, 0, 1 },
		{ "03 25010D", FG_OK, 13, 0 },
		{ "06 250103 240102", FG_OK, 3, 2 },
		{ "0B 0003420201 250101 240101", FG_OK, 1, 1 },
		{ "06 240101 240102", FG_OK, 0, 2 },     /* the last counts */
		{ "04 24020101", FG_E_NOT_FOUND, 0, 0 }, /* a wrong length is ignored */
		{ "03 240100", FG_E_NOT_FOUND, 0, 0 },
		{ "05 0003420201", FG_E_NOT_FOUND, 0, 0 },
		{ "00", FG_E_NOT_FOUND, 0, 0 },
		{ "04 240101", FG_E_UDH, 99, 99 },
		{ "03 240201", FG_E_UDH, 99, 99 },
		{ "", FG_E_UDH, 99, 99 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t ud[32], locking = 99, single = 99;
		size_t len = fg_test_unhex(cases[i].hex, ud, sizeof(ud));

		assert_rc(cases[i].rc, fg_udh_national_find(ud, len, &locking, &single));
		assert_int_equal(locking, cases[i].locking);
		assert_int_equal(single, cases[i].single);
	}
}

static void a_header_has_what_it_needs_and_none_is_no_octet(void **state)
{
	static const struct fg_udh_concat wide = { 0x1234, true, 3, 2 },
					  narrow = { 0x42, false, 3, 2 };
	static const struct {
		const struct fg_udh_concat *concat;
		uint8_t locking, single;
		const char *hex;
	} cases[] = {
		{ NULL, 0, 0, "" },
		{ NULL, 0, 1, "03 240101" },
		{ NULL, 13, 0, "03 25010D" },
		{ &narrow, 0, 0, "05 0003420302" },
		{ &narrow, 0, 2, "08 0003420302 240102" },
		{ &wide, 6, 6, "0C 080412340302 250106 240106" },
	};
	static const struct fg_udh_concat wrong[] = { { 0x142, false, 3, 2 }, { 1, true, 2, 3 } };
	uint8_t expected[FG_UDH_MAX], out[FG_UDH_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t want = fg_test_unhex(cases[i].hex, expected, sizeof(expected));

		assert_ok(fg_udh_write(cases[i].concat, cases[i].locking, cases[i].single, out,
				       &len));
		assert_int_equal(len, want);
		assert_memory_equal(out, expected, len);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_rc(FG_E_ARG, fg_udh_write(&wrong[i], 0, 1, out, &len));
}

static void elements_come_in_their_order(void **state)
{
	uint8_t ud[16];
	size_t len = fg_test_unhex("08 0504 0B8423F0 24 00", ud, sizeof(ud)), udh_len;
	struct fg_cursor ies;
	struct fg_udh_ie ie;

	(void)state;
	assert_ok(fg_udh_begin(ud, len, &ies, &udh_len));
	assert_int_equal(udh_len, 9);
	assert_ok(fg_udh_next(&ies, &ie));
	assert_int_equal(ie.id, 5);
	assert_int_equal(ie.len, 4);
	assert_ptr_equal(ie.data, ud + 3);
	assert_ok(fg_udh_next(&ies, &ie));
	assert_int_equal(ie.id, 0x24);
	assert_int_equal(ie.len, 0);
	assert_rc(FG_E_NOT_FOUND, fg_udh_next(&ies, &ie));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(concatenation_is_found_only_where_it_is_well_formed),
		cmocka_unit_test(written_headers_are_those_of_the_standard),
		cmocka_unit_test(national_tables_are_found_as_the_standard_says),
		cmocka_unit_test(a_header_has_what_it_needs_and_none_is_no_octet),
		cmocka_unit_test(elements_come_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
