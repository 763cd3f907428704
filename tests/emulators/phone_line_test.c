/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The emulated modem's lines: editing, echo, joined commands, results, PIN, settings.
 */
#include "tests/support/fg_test.h"

#include "tests/emulators/phone_bench.h"

static void it_echoes_until_it_is_told_not_to(void **state)
{
	(void)state;
	bench_begin();
	bench_say("ATE1\r");
	assert_string_equal(at(""), "AT\r\r\nOK\r\n");
	assert_string_equal(at("E0"), "ATE0\r\r\nOK\r\n");
	assert_string_equal(at(""), "\r\nOK\r\n");
}

static void lines_end_with_cr_or_crlf_and_may_come_octet_by_octet(void **state)
{
	(void)state;
	bench_begin();
	assert_string_equal(bench_say("AT\r\nAT\r\n"), "\r\nOK\r\n\r\nOK\r\n");
	bench_say("A");
	bench_say("T+CS");
	assert_string_equal(bench_say("Q\r"), "\r\n+CSQ: 21,99\r\n\r\nOK\r\n");
	assert_string_equal(bench_say("ATX\b\b\bAT\r"), "\r\nOK\r\n");
	assert_string_equal(bench_say("at+cpin?\r"), "\r\n+CPIN: READY\r\n\r\nOK\r\n");
}

static void what_is_no_command_is_passed_over(void **state)
{
	(void)state;
	bench_begin();
	assert_string_equal(bench_say("\r\r\nhello\r"), "");
	assert_string_equal(bench_say("\x1b\x1a?AT\r"), "\r\nOK\r\n");
}

static void commands_are_joined_up_to_the_first_that_fails(void **state)
{
	(void)state;
	bench_begin();
	assert_string_equal(at("+CMEE=1;+CREG=2"), "\r\nOK\r\n");
	assert_string_equal(
		at("+CREG?;+CSQ"),
		"\r\n+CREG: 2,1,\"00C3\",\"0000A5F2\"\r\n\r\n+CSQ: 21,99\r\n\r\nOK\r\n");
	assert_string_equal(at("E0V1X4&C1S0=0;+CMEE?"), "\r\n+CMEE: 1\r\n\r\nOK\r\n");
	assert_string_equal(at("+CSQ;+NOSUCH;+CREG?"), "\r\n+CSQ: 21,99\r\n\r\nERROR\r\n");
	assert_string_equal(at("+CSQ=?x"), "\r\n+CSQ: (0-31,99),(0-7,99)\r\n\r\nERROR\r\n");
	assert_int_equal(phone_counters(bench.phone)->unknown, 1);
}

static void the_last_line_is_run_again(void **state)
{
	(void)state;
	bench_begin();
	at("+CSQ");
	assert_string_equal(bench_say("A/"), "\r\n+CSQ: 21,99\r\n\r\nOK\r\n");
}

static void a_line_that_is_too_long_is_an_error(void **state)
{
	char line[5000];

	(void)state;
	bench_begin();
	memset(line, 'A', sizeof(line));
	strcpy(line + sizeof(line) - 2, "\r");
	assert_string_equal(bench_say(line), "\r\nERROR\r\n");
	assert_string_equal(at(""), "\r\nOK\r\n");
}

static void results_are_words_or_numbers_or_none(void **state)
{
	(void)state;
	bench_begin();
	assert_string_equal(at("V0"), "0\r");
	assert_string_equal(at("+CSQ"), "+CSQ: 21,99\r\n0\r");
	assert_string_equal(at("+NOSUCH"), "4\r");
	assert_string_equal(at("V1Q1"), "");
	assert_string_equal(at("+NOSUCH"), "");
	at("Q0");
	assert_string_equal(at("D123;"), "\r\nNO CARRIER\r\n");
}

static void errors_have_the_form_that_was_asked_for(void **state)
{
	static const struct {
		const char *level, *cme, *cms;
	} cases[] = {
		{ "+CMEE=0", "\r\nERROR\r\n", "\r\n+CMS ERROR: 321\r\n" },
		{ "+CMEE=1", "\r\n+CME ERROR: 50\r\n", "\r\n+CMS ERROR: 321\r\n" },
		{ "+CMEE=2", "\r\n+CME ERROR: Incorrect parameters\r\n",
		  "\r\n+CMS ERROR: invalid memory index\r\n" },
	};

	(void)state;
	bench_begin();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		assert_string_equal(at(cases[i].level), "\r\nOK\r\n");
		assert_string_equal(at("+CREG=9"), cases[i].cme);
		assert_string_equal(at("+CMGR=200"), cases[i].cms);
		assert_string_equal(at("+NOSUCH"), "\r\nERROR\r\n");
	}
}

static void a_pin_is_asked_for_three_times(void **state)
{
	(void)state;
	strcpy(bench.options.pin, "4321");
	bench_begin();
	at("+CMEE=1");
	assert_string_equal(at("+CPIN?"), "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n");
	assert_string_equal(at("+CIMI"), "\r\n+CME ERROR: 11\r\n");
	assert_string_equal(at("+CMGL=4"), "\r\n+CMS ERROR: 311\r\n");
	assert_string_equal(at("+CREG?"), "\r\n+CREG: 0,0\r\n\r\nOK\r\n");
	assert_string_equal(at("+CPIN=\"1111\""), "\r\n+CME ERROR: 16\r\n");
	assert_string_equal(at("+CSIM=10,\"0020000100\""), "\r\n+CSIM: 4,\"63C2\"\r\n\r\nOK\r\n");
	assert_string_equal(at("+CPIN=4321"), "\r\nOK\r\n");
	assert_string_equal(at("+CIMI"), "\r\n001010025550100\r\n\r\nOK\r\n");
	phone_unplug(bench.phone);
	phone_plug(bench.phone);
	bench_say("ATE0+CMEE=1\r");
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(at("+CPIN=\"1111\""), "\r\n+CME ERROR: 16\r\n");
	assert_string_equal(at("+CPIN?"), "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n");
	assert_string_equal(at("+CMGL=4"), "\r\n+CMS ERROR: 316\r\n");
	assert_string_equal(at("+CPIN=\"12345678\",\"9999\""), "\r\nOK\r\n");
	assert_string_equal(at("+CPIN?"), "\r\n+CPIN: READY\r\n\r\nOK\r\n");
	assert_int_equal(phone_counters(bench.phone)->pins_wrong, 4);
}

static void a_puk_that_is_wrong_ten_times_is_the_end(void **state)
{
	(void)state;
	strcpy(bench.options.pin, "4321");
	bench_begin();
	at("+CMEE=1");
	for (unsigned i = 0; i < 3; i++)
		at("+CPIN=\"1111\"");
	for (unsigned i = 0; i < 10; i++)
		assert_string_equal(at("+CPIN=\"87654321\",\"9999\""), "\r\n+CME ERROR: 16\r\n");
	assert_string_equal(at("+CPIN?"), "\r\n+CME ERROR: 13\r\n");
	assert_string_equal(at("+CPIN=\"12345678\",\"9999\""), "\r\n+CME ERROR: 13\r\n");
}

static void a_sim_is_taken_out_and_put_back(void **state)
{
	(void)state;
	bench_begin();
	at("+CMEE=1;+CREG=1");
	bench_say("");
	phone_sim_present(bench.phone, false);
	assert_string_equal(bench.heard, "\r\n+CREG: 0\r\n");
	assert_string_equal(at("+CPIN?"), "\r\n+CME ERROR: 10\r\n");
	assert_string_equal(at("+CMGS=10"), "\r\n+CMS ERROR: 310\r\n");
	phone_sim_present(bench.phone, true);
	assert_string_equal(at("+CPIN?"), "\r\n+CPIN: READY\r\n\r\nOK\r\n");
}

static void the_network_is_shown_and_its_changes_are_told(void **state)
{
	(void)state;
	bench_begin();
	at("+CREG=2;+CMER=3,0,0,1");
	bench_say("");
	phone_register(bench.phone, 2);
	assert_string_equal(bench.heard, "\r\n+CREG: 2\r\n");
	assert_string_equal(at("+COPS?"), "\r\n+COPS: 0\r\n\r\nOK\r\n");
	phone_register(bench.phone, 5);
	assert_string_equal(at("+COPS=3,2;+COPS?"), "\r\n+COPS: 0,2,\"00101\"\r\n\r\nOK\r\n");
	bench_say("");
	phone_signal(bench.phone, 6);
	assert_string_equal(bench.heard, "\r\n+CIEV: 2,1\r\n");
	assert_string_equal(at("+CIND?"), "\r\n+CIND: 5,1,1,0,0,1,0\r\n\r\nOK\r\n");
	assert_string_equal(at("+CFUN=4;+CSQ"), "\r\n+CSQ: 99,99\r\n\r\nOK\r\n");
}

static void strings_are_in_the_chosen_character_set(void **state)
{
	(void)state;
	bench_begin();
	assert_string_equal(at("+CSCS=\"UCS2\""), "\r\nOK\r\n");
	assert_string_equal(
		at("+CNUM"),
		"\r\n+CNUM: ,\"002B00310032003000320035003500350030003100300030\",145\r\n"
		"\r\nOK\r\n");
	assert_string_equal(at("+CSCS=\"004700530044\""), "\r\nERROR\r\n");
	assert_string_equal(at("+CSCS=\"00470053004D\""), "\r\nOK\r\n");
	assert_string_equal(at("+CSCS?"), "\r\n+CSCS: \"GSM\"\r\n\r\nOK\r\n");
}

static void settings_take_their_range_and_reset(void **state)
{
	(void)state;
	bench_begin();
	assert_string_equal(at("+CRC=?"), "\r\n+CRC: (0-1)\r\n\r\nOK\r\n");
	assert_string_equal(at("+CRC=1;+CRC?"), "\r\n+CRC: 1\r\n\r\nOK\r\n");
	assert_string_equal(at("+CRC=2"), "\r\nERROR\r\n");
	assert_string_equal(at("Z"), "\r\nOK\r\n");
	assert_string_equal(at("E0+CRC?"), "ATE0+CRC?\r\r\n+CRC: 0\r\n\r\nOK\r\n");
}

static void sim_files_are_read(void **state)
{
	(void)state;
	bench_begin();
	assert_string_equal(at("+CRSM=176,28589,0,0,4"),
			    "\r\n+CRSM: 144,0,\"00000002\"\r\n\r\nOK\r\n");
	assert_string_equal(at("+CRSM=176,1,0,0,4"), "\r\n+CRSM: 106,130\r\n\r\nOK\r\n");
	assert_string_equal(at("+CRSM=176,12258,0,0,10;+CCID"),
			    "\r\n+CRSM: 144,0,\"98000100000052551000\"\r\n\r\n+CCID: "
			    "\"89001000000025550100\"\r\n\r\nOK\r\n");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(it_echoes_until_it_is_told_not_to),
		CASE(lines_end_with_cr_or_crlf_and_may_come_octet_by_octet),
		CASE(what_is_no_command_is_passed_over),
		CASE(commands_are_joined_up_to_the_first_that_fails),
		CASE(the_last_line_is_run_again),
		CASE(a_line_that_is_too_long_is_an_error),
		CASE(results_are_words_or_numbers_or_none),
		CASE(errors_have_the_form_that_was_asked_for),
		CASE(a_pin_is_asked_for_three_times),
		CASE(a_puk_that_is_wrong_ten_times_is_the_end),
		CASE(a_sim_is_taken_out_and_put_back),
		CASE(the_network_is_shown_and_its_changes_are_told),
		CASE(strings_are_in_the_chosen_character_set),
		CASE(settings_take_their_range_and_reset),
		CASE(sim_files_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
