/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What becomes of what the emulated modem sends: outcomes, reports, faults, profiles.
 */
#include "tests/support/fg_test.h"

#include "tests/emulators/phone_bench.h"

#define TO(digits) "+120255501" digits

static bool heard(const char *what)
{
	return strstr(bench.heard, what);
}

static unsigned count(const char *what)
{
	unsigned found = 0;

	for (const char *at = bench.heard; (at = strstr(at, what)); at++)
		found++;
	return found;
}

static uint8_t report_status(void)
{
	struct fg_tpdu_status_report report;
	const char *hex = strstr(bench.heard, "\r\n07");
	uint8_t pdu[200];
	size_t len;

	assert_non_null(hex);
	hex += 2;
	assert_ok(fg_tpdu_unhex(hex, strcspn(hex, "\r"), pdu, sizeof(pdu), &len));
	assert_ok(fg_tpdu_status_report_decode(pdu + 8, len - 8, &report));
	return report.status;
}

static void begin(void)
{
	bench_begin();
	at("+CNMI=2,1,0,1,0");
}

static void a_message_is_joined_and_its_report_comes(void **state)
{
	char text[400] = "(Not encrypted) ";

	(void)state;
	begin();
	for (unsigned i = 0; i < 20; i++)
		strcat(text, "Привет ");
	assert_string_equal(bench_send(TO("44"), text), "\r\n+CMGS: 9\r\n\r\nOK\r\n");
	assert_string_equal(bench.text, text);
	assert_int_equal(bench.parts, 3);
	bench_say("");
	bench_pass(999);
	assert_string_equal(bench.heard, "");
	bench_pass(1);
	assert_heard("\r\n+CDS: 25\r\n07912120550500F006090B912120550541F4");
	assert_int_equal(report_status(), 0);
}

static void reports_are_stored_or_dropped_as_cnmi_says(void **state)
{
	(void)state;
	begin();
	at("+CNMI=2,1,0,2,0");
	bench_send(TO("44"), "x");
	bench_say("");
	bench_pass(1000);
	assert_string_equal(bench.heard, "\r\n+CDSI: \"SM\",1\r\n");
	at("+CNMI=2,1,0,0,0");
	bench_send(TO("44"), "x");
	bench_say("");
	bench_pass(1000);
	assert_string_equal(bench.heard, "");
	assert_int_equal(phone_counters(bench.phone)->reports_dropped, 1);
}

static void a_pdu_of_another_length_or_none_is_refused(void **state)
{
	char hex[400], command[32];
	size_t len;

	(void)state;
	begin();
	len = bench_submit(TO("44"), "x", false, hex, sizeof(hex));
	snprintf(command, sizeof(command), "+CMGS=%zu", len + 1);
	at(command);
	strcat(hex, "\x1a");
	assert_string_equal(bench_say(hex), "\r\n+CMS ERROR: 304\r\n");
	at("+CMGS=10");
	assert_string_equal(bench_say("nonsense\x1a"), "\r\n+CMS ERROR: 304\r\n");
	assert_string_equal(at("+CMGS=0"), "\r\n+CMS ERROR: 304\r\n");
	assert_string_equal(at("+CMGS"), "\r\n+CMS ERROR: 304\r\n");
	assert_int_equal(bench.messages, 0);
}

static void an_lf_before_the_pdu_and_spaces_in_it_are_passed_over(void **state)
{
	char hex[400], command[32], body[500];
	size_t len;

	(void)state;
	begin();
	len = bench_submit(TO("44"), "x", false, hex, sizeof(hex));
	snprintf(command, sizeof(command), "AT+CMGS=%zu\r\n", len);
	assert_string_equal(bench_say(command), "\r\n> ");
	snprintf(body, sizeof(body), "\n%.10s \r%s\x1a", hex, hex + 10);
	assert_string_equal(bench_say(body), "\r\n+CMGS: 7\r\n\r\nOK\r\n");
}

static void digits_choose_the_outcome(void **state)
{
	static const struct {
		const char *to, *answer;
		unsigned reports;
		uint8_t status;
	} cases[] = {
		{ TO("00"), "\r\n+CMGS: 7\r\n\r\nOK\r\n", 1, 0x00 },
		{ TO("80"), "\r\n+CMS ERROR: 42\r\n", 0, 0 },
		{ TO("81"), "\r\n+CMS ERROR: 192\r\n", 0, 0 },
		{ TO("82"), "\r\n+CMS ERROR: 194\r\n", 0, 0 },
		{ TO("83"), "\r\n+CMS ERROR: 195\r\n", 0, 0 },
		{ TO("84"), "\r\n+CMS ERROR: 21\r\n", 0, 0 },
		{ TO("85"), "", 0, 0 },
		{ TO("87"), "\r\n+CMGS: 7\r\n\r\nOK\r\n", 1, 0x43 },
		{ TO("88"), "\r\n+CMGS: 7\r\n\r\nOK\r\n", 1, 0x46 },
		{ TO("89"), "\r\n+CMGS: 7\r\n\r\nOK\r\n", 0, 0 },
		{ TO("91"), "\r\n+CMGS: 7\r\n\r\nOK\r\n", 2, 0x00 },
		{ TO("93"), "\r\n+CMGS: 7\r\n\r\nOK\r\n", 1, 0x00 },
		{ TO("95"), "\r\n+CMGS: 7\r\n\r\nOK\r\n", 1, 0x42 },
		{ TO("96"), "\r\n+CMGS: 7\r\n\r\nOK\r\n", 2, 0x21 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		bench_teardown(NULL);
		bench_setup(NULL);
		begin();
		assert_string_equal(bench_send(cases[i].to, "x"), cases[i].answer);
		assert_string_equal(at(""), "\r\nOK\r\n");
		bench_say("");
		bench_pass(1000);
		assert_int_equal(count("+CDS:"), cases[i].reports);
		if (cases[i].reports)
			assert_int_equal(report_status(), cases[i].status);
	}
}

static void once_refused_passes_the_next_time(void **state)
{
	(void)state;
	begin();
	assert_string_equal(bench_send(TO("80"), "x"), "\r\n+CMS ERROR: 42\r\n");
	assert_string_equal(bench_send(TO("80"), "x"), "\r\n+CMGS: 7\r\n\r\nOK\r\n");
}

static void an_answer_that_is_late_holds_the_next_command(void **state)
{
	(void)state;
	begin();
	assert_string_equal(bench_send(TO("86"), "x"), "");
	assert_string_equal(at("+CSQ"), "");
	bench_pass(2000);
	assert_heard("\r\n+CMGS: 7\r\n\r\nOK\r\n");
	assert_true(heard("+CSQ: 21,99"));
}

static void a_report_may_come_before_its_answer(void **state)
{
	(void)state;
	begin();
	bench_send(TO("92"), "x");
	assert_heard("\r\n+CDS: 25\r\n");
	assert_true(strstr(bench.heard, "+CMGS: 7") > strstr(bench.heard, "+CDS"));
}

static void the_cable_goes_instead_of_an_answer(void **state)
{
	(void)state;
	begin();
	assert_string_equal(bench_send(TO("94"), "x"), "");
	assert_int_equal(bench.unplugged, 1);
	assert_int_equal(bench.back_ms, 2000);
	assert_false(phone_plugged(bench.phone));
	phone_plug(bench.phone);
	assert_string_equal(at(""), "AT\r\r\nOK\r\n");
	assert_int_equal(bench.messages, 1);
}

static void texts_rules_and_mixes_choose_outcomes_too(void **state)
{
	(void)state;
	assert_true(emu_mix_parse("500=100", bench.options.mix, &bench.options.mix_count));
	bench.options.rules_count = 1;
	strcpy(bench.options.rules[0].suffix, "44");
	bench.options.rules[0].outcome = emu_plain;
	bench.options.rules[0].outcome.status = 38;
	bench.options.rules[0].times = 1;
	begin();
	assert_string_equal(bench_send(TO("44"), "!modem 28;x"), "\r\n+CMS ERROR: 28\r\n");
	assert_string_equal(bench_send(TO("44"), "x"), "\r\n+CMS ERROR: 38\r\n");
	assert_string_equal(bench_send(TO("44"), "x"), "\r\n+CMS ERROR: 500\r\n");
	assert_string_equal(bench_send(TO("44"), "!modem ok;x"), "\r\n+CMGS: 7\r\n\r\nOK\r\n");
	assert_int_equal(phone_counters(bench.phone)->cms[500], 1);
}

static void without_network_nothing_is_sent(void **state)
{
	(void)state;
	begin();
	phone_register(bench.phone, 2);
	assert_string_equal(bench_send(TO("44"), "x"), "\r\n+CMS ERROR: 331\r\n");
}

static void a_report_is_made_by_hand(void **state)
{
	(void)state;
	begin();
	assert_rc(FG_E_NOT_FOUND, phone_report(bench.phone, -1, 0));
	bench_send(TO("89"), "x");
	bench_say("");
	assert_ok(phone_report(bench.phone, -1, phone_status_of(FG_DLR_EXPIRED)));
	assert_int_equal(report_status(), 0x46);
	assert_rc(FG_E_NOT_FOUND, phone_report(bench.phone, 200, 0));
}

/* ---- Faults ---- */

static void fault(const char *name)
{
	bench_teardown(NULL);
	bench_setup(NULL);
	begin();
	assert_true(phone_fault(bench.phone, name, 1));
}

static void faults_of_the_prompt_and_the_body(void **state)
{
	char hex[400];

	(void)state;
	fault("lost-prompt");
	assert_string_equal(at("+CMGS=20"), "");
	assert_string_equal(bench_say("\x1b"), "\r\nOK\r\n");
	assert_string_equal(bench_send(TO("44"), "x"), "\r\n+CMGS: 7\r\n\r\nOK\r\n");
	fault("silence");
	assert_string_equal(bench_send(TO("44"), "x"), "");
	assert_int_equal(bench.messages, 1);
	assert_string_equal(at(""), "\r\nOK\r\n");
	fault("cms=38");
	assert_string_equal(bench_send(TO("44"), "x"), "\r\n+CMS ERROR: 38\r\n");
	fault("hang-up");
	bench_submit(TO("44"), "x", false, hex, sizeof(hex));
	at("+CMGS=16");
	hex[20] = '\0';
	assert_string_equal(bench_say(hex), "");
	assert_int_equal(bench.unplugged, 1);
	assert_int_equal(bench.messages, 0);
	assert_false(phone_fault(bench.phone, "no such", 1));
}

static void a_text_hangs_up_as_a_pdu_does(void **state)
{
	(void)state;
	fault("hang-up");
	at("+CMGF=1");
	at("+CMGS=\"+12025550144\"");
	assert_string_equal(bench_say("x"), "");
	assert_int_equal(bench.unplugged, 1);
	assert_int_equal(bench.messages, 0);
}

static void faults_of_the_answer(void **state)
{
	(void)state;
	fault("noise");
	assert_string_equal(at("+CSQ"), "\r\n+CSQ: 21,99\r\n\r\nRING\r\n\r\nOK\r\n");
	assert_string_equal(at("+CSQ"), "\r\n+CSQ: 21,99\r\n\r\nOK\r\n");
	fault("echo-stuck");
	assert_string_equal(at("E0"), "ATE0\r\r\nOK\r\n");
	phone_faults_clear(bench.phone);
	assert_string_equal(at(""), "\r\nOK\r\n");
	fault("no-ok");
	assert_string_equal(bench_send(TO("44"), "x"), "\r\n+CMGS: 7\r\n");
	fault("double-report");
	bench_send(TO("44"), "x");
	bench_say("");
	bench_pass(1000);
	assert_int_equal(count("+CDS:"), 2);
	fault("late");
	assert_string_equal(at("+CSQ"), "\r\n+CSQ: 21,99\r\n");
	bench_pass(2000);
	assert_string_equal(bench.heard, "\r\n+CSQ: 21,99\r\n\r\nOK\r\n");
	fault("late");
	assert_string_equal(bench_send(TO("44"), "x"), "");
	bench_pass(2000);
	assert_ptr_equal(strstr(bench.heard, "\r\n+CMGS: 7\r\n\r\nOK\r\n"), bench.heard);
	fault("late");
	assert_string_equal(bench_send(TO("81"), "x"), "");
	bench_pass(2000);
	assert_string_equal(bench.heard, "\r\n+CMS ERROR: 192\r\n");
	fault("garbage");
	assert_string_equal(at("+CSQ"), "\r\n+CSQ: 21,99\r\n\x80\xff\x1b\xc3(\r\nOK\r\n");
	fault("cut");
	assert_string_equal(bench_send(TO("44"), "x"), "\r\n+CMGS: ");
	assert_int_equal(bench.unplugged, 1);
}

static void slow_octets_come_one_by_one(void **state)
{
	(void)state;
	begin();
	phone_slow(bench.phone, 10000);
	assert_string_equal(at(""), "");
	bench_pass(10);
	assert_string_equal(bench.heard, "\r");
	bench_pass(50);
	assert_string_equal(bench.heard, "\r\nOK\r\n");
	assert_string_equal(at(""), "");
	bench_pass(1000);
	assert_string_equal(bench.heard, "\r\nOK\r\n");
}

/* ---- Profiles ---- */

static void profiles_have_their_manners(void **state)
{
	(void)state;
	bench_begin_as("poor");
	assert_string_equal(at("+CMEE=1"), "\r\nERROR\r\n");
	assert_string_equal(at("+CMGF=0"), "\r\nOK\r\n");
	assert_string_equal(at("+CMGS=20"), ">");
	bench_say("\x1b");
	assert_string_equal(bench_send(TO("81"), "x"), "\r\nERROR\r\n");
	bench_teardown(NULL);
	bench_begin_as("no-ok");
	assert_string_equal(bench_send(TO("44"), "x"), "\r\n+CMGS: 7\r\n");
	assert_true(phone_fault(bench.phone, "cut", 1));
	assert_string_equal(bench_send(TO("44"), "x"), "\r\n+CMGS: ");
	assert_int_equal(bench.unplugged, 1);
	bench_teardown(NULL);
	bench_begin_as("siemens");
	assert_string_equal(at("+CNMI=2,1,0,1,0"), "\r\n+CMS ERROR: 303\r\n");
	assert_string_equal(at("+CNMI=2,1,0,1,1"), "\r\nOK\r\n");
	assert_string_equal(at("+CMGR=1"), "\r\n+CMGR: 0,,0\r\n\r\nOK\r\n");
	bench_teardown(NULL);
	bench_begin_as("wavecom");
	at("+CNMI=2,1,0,2,0");
	bench_send(TO("44"), "x");
	bench_say("");
	bench_pass(1000);
	assert_string_equal(bench.heard, "\r\n+CDSI: \"SR\",1\r\n");
	bench_teardown(NULL);
	bench_begin_as("phone");
	assert_string_equal(at("+CSMS=1"), "\r\n+CMS ERROR: 303\r\n");
	assert_string_equal(at("+CSMS=0"), "\r\n+CSMS: 1,1,1\r\n\r\nOK\r\n");
}

static void each_profile_sends_and_receives(void **state)
{
	const char *name, *note;

	(void)state;
	for (size_t i = 0; phone_profile_at(i, &name, &note); i++) {
		bench_teardown(NULL);
		bench_setup(NULL);
		bench_begin_as(name);
		bench_send(TO("44"), "to whom it may concern");
		assert_string_equal(bench.text, "to whom it may concern");
		bench_receive("+12025550123", "an answer");
		assert_int_equal(phone_counters(bench.phone)->stored, 1);
		assert_true(note[0]);
	}
	assert_true(bench.messages);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_message_is_joined_and_its_report_comes),
		CASE(reports_are_stored_or_dropped_as_cnmi_says),
		CASE(a_pdu_of_another_length_or_none_is_refused),
		CASE(an_lf_before_the_pdu_and_spaces_in_it_are_passed_over),
		CASE(digits_choose_the_outcome),
		CASE(once_refused_passes_the_next_time),
		CASE(an_answer_that_is_late_holds_the_next_command),
		CASE(a_report_may_come_before_its_answer),
		CASE(the_cable_goes_instead_of_an_answer),
		CASE(texts_rules_and_mixes_choose_outcomes_too),
		CASE(without_network_nothing_is_sent),
		CASE(a_report_is_made_by_hand),
		CASE(faults_of_the_prompt_and_the_body),
		CASE(a_text_hangs_up_as_a_pdu_does),
		CASE(faults_of_the_answer),
		CASE(slow_octets_come_one_by_one),
		CASE(profiles_have_their_manners),
		CASE(each_profile_sends_and_receives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
