/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/wire/smpp_status.h"

/* Values and names typed again from SMPP v3.4, table 5-2, for those that decide what happens to a
 * message. */
static void statuses_have_the_standards_values_and_our_classes(void **state)
{
	static const struct {
		uint32_t value;
		const char *name;
		enum fg_smpp_status_class class;
		enum fg_rc rc;
		enum fg_rc_class rc_class;
	} cases[] = {
		{ 0x00, "ROK", FG_SMPP_CLASS_OK, FG_OK, FG_CLASS_NONE },
		{ 0x14, "RMSGQFUL", FG_SMPP_CLASS_THROTTLE, FG_E_LINK_THROTTLED,
		  FG_CLASS_THROTTLE },
		{ 0x58, "RTHROTTLED", FG_SMPP_CLASS_THROTTLE, FG_E_LINK_THROTTLED,
		  FG_CLASS_THROTTLE },
		{ 0x08, "RSYSERR", FG_SMPP_CLASS_TEMPORARY, FG_E_LINK_BUSY, FG_CLASS_RETRY },
		{ 0x64, "RX_T_APPN", FG_SMPP_CLASS_TEMPORARY, FG_E_LINK_BUSY, FG_CLASS_RETRY },
		{ 0xFE, "RDELIVERYFAILURE", FG_SMPP_CLASS_TEMPORARY, FG_E_LINK_BUSY,
		  FG_CLASS_RETRY },
		{ 0x102, "RSERTYPUNAVAIL", FG_SMPP_CLASS_TEMPORARY, FG_E_LINK_BUSY,
		  FG_CLASS_RETRY },
		{ 0x45, "RSUBMITFAIL", FG_SMPP_CLASS_UNCERTAIN, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0xFF, "RUNKNOWNERR", FG_SMPP_CLASS_UNCERTAIN, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0x04, "RINVBNDSTS", FG_SMPP_CLASS_SESSION, FG_E_LINK_DOWN, FG_CLASS_OTHER_LINK },
		{ 0x05, "RALYBND", FG_SMPP_CLASS_SESSION, FG_E_LINK_DOWN, FG_CLASS_OTHER_LINK },
		{ 0x0D, "RBINDFAIL", FG_SMPP_CLASS_CREDENTIALS, FG_E_LINK_DOWN,
		  FG_CLASS_OTHER_LINK },
		{ 0x0E, "RINVPASWD", FG_SMPP_CLASS_CREDENTIALS, FG_E_LINK_DOWN,
		  FG_CLASS_OTHER_LINK },
		{ 0x0B, "RINVDSTADR", FG_SMPP_CLASS_PERMANENT_RECIPIENT, FG_E_LINK_RECIPIENT,
		  FG_CLASS_PERMANENT },
		{ 0x50, "RINVDSTTON", FG_SMPP_CLASS_PERMANENT_RECIPIENT, FG_E_LINK_RECIPIENT,
		  FG_CLASS_PERMANENT },
		{ 0x51, "RINVDSTNPI", FG_SMPP_CLASS_PERMANENT_RECIPIENT, FG_E_LINK_RECIPIENT,
		  FG_CLASS_PERMANENT },
		{ 0x0A, "RINVSRCADR", FG_SMPP_CLASS_PERMANENT_SENDER, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0x65, "RX_P_APPN", FG_SMPP_CLASS_PERMANENT_SENDER, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0x02, "RINVCMDLEN", FG_SMPP_CLASS_PERMANENT_BUG, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0x61, "RINVSCHED", FG_SMPP_CLASS_TIME_FIELD, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0x62, "RINVEXPIRY", FG_SMPP_CLASS_TIME_FIELD, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0xC1, "ROPTPARNOTALLWD", FG_SMPP_CLASS_TLV_REFUSED, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0xC4, "RINVOPTPARAMVAL", FG_SMPP_CLASS_TLV_REFUSED, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0x3FF, "unknown", FG_SMPP_CLASS_UNCERTAIN, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0x400, "vendor", FG_SMPP_CLASS_VENDOR, FG_E_LINK_REJECTED, FG_CLASS_OTHER_LINK },
		{ 0x4FF, "vendor", FG_SMPP_CLASS_VENDOR, FG_E_LINK_REJECTED, FG_CLASS_OTHER_LINK },
		{ 0x500, "unknown", FG_SMPP_CLASS_UNCERTAIN, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ 0x4A, "unknown", FG_SMPP_CLASS_UNCERTAIN, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
		{ UINT32_MAX, "unknown", FG_SMPP_CLASS_UNCERTAIN, FG_E_LINK_REJECTED,
		  FG_CLASS_OTHER_LINK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct fg_smpp_status *status = fg_smpp_status_find(cases[i].value);

		assert_string_equal(status->name, cases[i].name);
		assert_int_equal(status->class, cases[i].class);
		assert_rc(cases[i].rc, status->rc);
		assert_int_equal(fg_rc_class(status->rc), cases[i].rc_class);
	}
}

static void only_one_status_is_no_error(void **state)
{
	(void)state;
	for (uint32_t value = 0; value < 0x600; value++)
		assert_true((fg_smpp_status_find(value)->rc == FG_OK) ==
			    (value == FG_SMPP_STATUS_ROK));
}

static void every_status_has_its_words_and_its_source(void **state)
{
	(void)state;
	for (uint32_t value = 0; value < 0x600; value++) {
		const struct fg_smpp_status *status = fg_smpp_status_find(value);

		assert_true(strlen(status->note) > 3 && strlen(status->source) > 3);
		assert_true(strlen(fg_smpp_class_reaction(status->class)) > 3);
		assert_rc(fg_smpp_class_rc(status->class), status->rc);
	}
}

static void tables_of_carriers_are_read_line_by_line(void **state)
{
	static const struct {
		const char *text;
		enum fg_rc rc;
		size_t count;
		unsigned line;
	} cases[] = {
		{ "", FG_OK, 0, 0 },
		{ "# of carrier A\n\n 0x401  recipient  unknown subscriber \r\n0x4fF temporary",
		  FG_OK, 2, 4 },
		{ "0x401 recipient", FG_OK, 1, 1 },
		{ "0x401", FG_E_SYNTAX, 0, 1 },
		{ "0x401 nonsense", FG_E_SYNTAX, 0, 1 },
		{ "0x401 ok taken all the same", FG_E_SYNTAX, 0, 1 },
		{ "0x401 vendor", FG_E_SYNTAX, 0, 1 },
		{ "0x400 sender\n0x500 sender", FG_E_SYNTAX, 0, 2 },
		{ "0x58 recipient", FG_E_SYNTAX, 0, 1 }, /* the standard's are the standard's */
		{ "1025 recipient", FG_E_SYNTAX, 0, 1 },
		{ "0x401 sender a\n0x401 sender b", FG_E_SYNTAX, 0, 2 },
		{ "0x401 sender \x01", FG_E_SYNTAX, 0, 1 },
		{ "0x401 sender 0123456789012345678901234567890123456789012345678901234567890123",
		  FG_E_SYNTAX, 0, 1 },
	};
	struct fg_smpp_vendor_code codes[FG_SMPP_VENDOR_CODES_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t count = 0;
		unsigned line;

		print_message("# %s\n", cases[i].text);
		assert_rc(cases[i].rc,
			  fg_smpp_vendor_codes_read(cases[i].text, strlen(cases[i].text), codes,
						    &count, &line));
		assert_int_equal(count, cases[i].count);
		assert_int_equal(line, cases[i].line);
	}
	assert_int_equal(codes[0].value, 0x401);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_have_the_standards_values_and_our_classes),
		cmocka_unit_test(only_one_status_is_no_error),
		cmocka_unit_test(every_status_has_its_words_and_its_source),
		cmocka_unit_test(tables_of_carriers_are_read_line_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
