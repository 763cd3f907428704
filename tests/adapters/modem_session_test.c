/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dialogue with a modem in virtual time: starting, SIM and PIN, sending, faults, pace and cap.
 */
#include "tests/adapters/modem_bench.h"

#include <unistd.h>

#define OK "\r\nOK\r\n"

static const struct fg_job_outcome *outcome(unsigned n)
{
	const struct fg_job_outcome *found = recorder_outcome(m.recorder, n);

	assert_non_null(found);
	return found;
}

static void give(unsigned n, const char *destination, const char *text)
{
	bench_move(2); /* the pace of these tests */
	recorder_give(m.recorder, n, destination, text);
	bench_run();
}

static char long_text[401];

/* Three parts. */
static const char *long_one(void)
{
	memset(long_text, 'x', 400);
	return long_text;
}

/* ---- starting ---- */

static void it_is_told_all_it_needs_and_then_it_is_up(void **state)
{
	static const char expected[] =
		"AT\nATE0\nATV1\nAT+CMEE=1\nAT+CGSN\nAT+CGMI\nAT+CGMM\nAT+CCID\nAT+CPIN?\n"
		"AT+CSMS=1\nAT+CMGF=0\nAT+CSCS=\"GSM\"\nAT+CPMS=?\nAT+CPMS=\"SM\",\"SM\",\"SM\"\n"
		"AT+CNMI=?\nAT+CNMI=2,1,0,1,0\nAT+CREG=2\nAT+CSCA?\nAT+CNUM\nAT+CMGL=4\nAT+CREG?\n"
		"AT+CSQ\nAT+COPS?\nAT+CPMS?\n";

	(void)state;
	bench_open();
	assert_string_equal(m.said, expected);
	assert_true(m.recorder->state.up);
	assert_int_equal(m.recorder->state.credits, 4);
	assert_string_equal(m.recorder->state.note, "registered Testnet, signal 20/31, SM 0/30");
}

static void the_poorest_modem_works(void **state)
{
	(void)state;
	bench_answer("AT", "\r\nERROR\r\n", 0);
	bench_answer("AT+CMGF=0", OK, 0);
	bench_answer("AT+CMGS", "\r\n>", 0);
	bench_answer("ATE0", OK, 0);
	bench_answer("AT", OK, 4); /* while it is looked for */
	bench_open();
	bench_move(10000);
	assert_true(m.recorder->state.up);
	give(1, "+12025550199", "hi");
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_ACCEPTED);
}

static void the_best_mode_that_it_has_is_taken(void **state)
{
	static const struct {
		const char *can, *told;
	} cases[] = {
		{ "(0-2),(0,1),(0,2),(0,2),(0,1)", "AT+CNMI=2,1,0,2,0" },
		{ "(1),(0,2),(0),(0,1),(0)", "AT+CNMI=1,2,0,1,0" },
		{ "(0-2),(0,1),(0),(0),(0)", "AT+CNMI=2,1,0,0,0" },
	};
	char answer[128];

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(answer, sizeof(answer), "\r\n+CNMI: %s\r\n" OK, cases[i].can);
		bench_answer("AT+CNMI=?", answer, 1);
		bench_open();
		assert_int_equal(bench_said(cases[i].told), 1);
		bench_teardown(state);
		bench_setup(state);
	}
}

static void a_modem_that_does_not_say_its_modes_is_tried_with_each(void **state)
{
	(void)state;
	bench_answer("AT+CNMI=?", "\r\nERROR\r\n", 0);
	bench_answer("AT+CNMI=2", "\r\nERROR\r\n", 0);
	bench_open();
	assert_int_equal(bench_said("AT+CNMI=2"), 2);
	assert_int_equal(bench_said("AT+CNMI=1,1,0,1,0"), 1);
	assert_true(m.recorder->state.up);
}

static void its_manners_are_chosen_by_what_it_answers(void **state)
{
	(void)state;
	bench_answer("AT+CGMI", "\r\n+CGMI: HUAWEI\r\n" OK, 0);
	bench_open();
	assert_int_equal(bench_said("AT^CURC=0"), 1);
	bench_restart();
	strcpy(m.conf.profile, "generic");
	bench_open();
	assert_int_equal(bench_said("AT^CURC=0"), 0);
}

static void what_it_calls_itself_is_shown_in_printable_letters(void **state)
{
	(void)state;
	bench_answer("AT+COPS?", "\r\n+COPS: 0,0,\"T\xFF\xE9st\"\r\n" OK, 0);
	bench_open();
	assert_string_equal(m.recorder->state.note, "registered T??st, signal 20/31, SM 0/30");
}

static void another_imei_is_another_modem(void **state)
{
	(void)state;
	strcpy(m.conf.imei, "490154203237500");
	bench_open();
	assert_int_equal(fg_modem_session_close_why(m.session), FG_MODEM_CLOSE_OTHER);
	assert_int_equal(bench_said("AT+CPIN"), 0);
	fg_modem_session_closed(m.session, "other", m.now);
	strcpy(m.conf.imei, "49015420323751"); /* without its check digit */
	bench_open();
	assert_true(m.recorder->state.up);
}

static void a_pin_is_tried_once_and_never_again(void **state)
{
	(void)state;
	strcpy(m.conf.pin, "1234");
	bench_answer("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n" OK, 0);
	bench_answer("AT+CPIN=", "\r\n+CME ERROR: 16\r\n", 0);
	bench_open();
	assert_int_equal(bench_said("AT+CPIN=\"1234\""), 1);
	bench_move(600000);
	assert_int_equal(bench_said("AT+CPIN="), 1);
	assert_true(bench_said("AT+CPIN?") > 5);
	assert_false(m.recorder->state.up);
	assert_non_null(strstr(m.recorder->state.note, "PIN was refused"));
	fg_modem_session_closed(m.session, "unplugged", m.now);
	bench_open();
	assert_int_equal(bench_said("AT+CPIN="), 1);
	bench_restart();
	bench_open();
	bench_move(600000);
	assert_int_equal(bench_said("AT+CPIN="), 0);
	bench_answer("AT+CCID", "\r\n8944100000000000002\r\n" OK, 0); /* another SIM */
	fg_modem_session_closed(m.session, "unplugged", m.now);
	bench_open();
	assert_int_equal(bench_said("AT+CPIN="), 1);
}

static void a_pin_that_nobody_answered_was_tried(void **state)
{
	(void)state;
	strcpy(m.conf.pin, "1234");
	bench_answer("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n" OK, 0);
	bench_answer("AT+CPIN=", "", 0);
	bench_open();
	bench_move(600000);
	bench_restart();
	assert_int_equal(bench_said("AT+CPIN="), 0);
	bench_open();
	bench_move(600000);
	assert_int_equal(bench_said("AT+CPIN="), 0);
}

static void a_pin_that_is_good_is_forgotten_as_tried(void **state)
{
	(void)state;
	strcpy(m.conf.pin, "1234");
	bench_answer("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n" OK, 1);
	bench_open();
	bench_move(5000);
	assert_int_equal(bench_said("AT+CPIN="), 1);
	assert_true(m.recorder->state.up);
	bench_restart();
	bench_answer("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n" OK, 1);
	bench_open();
	bench_move(5000);
	assert_int_equal(bench_said("AT+CPIN="), 1);
	assert_true(m.recorder->state.up);
}

static void a_pin_is_not_tried_when_that_cannot_be_remembered(void **state)
{
	(void)state;
	close(m.state_fd);
	m.state_fd = -1;
	bench_restart();
	strcpy(m.conf.pin, "1234");
	bench_answer("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n" OK, 0);
	bench_open();
	assert_int_equal(bench_said("AT+CPIN="), 0);
	assert_false(m.recorder->state.up);
}

static void a_sim_that_is_busy_is_waited_for_and_a_puk_is_not_tried(void **state)
{
	(void)state;
	bench_answer("AT+CPIN?", "\r\n+CME ERROR: 14\r\n", 3);
	bench_open();
	bench_move(5000);
	assert_true(m.recorder->state.up);
	fg_modem_session_closed(m.session, "unplugged", m.now);
	strcpy(m.conf.pin, "1234");
	bench_answer("AT+CPIN?", "\r\n+CPIN: SIM PUK\r\n" OK, 0);
	bench_open();
	assert_int_equal(bench_said("AT+CPIN="), 0);
	assert_string_equal(m.recorder->state.note, "SIM PUK");
}

static void a_modem_that_does_not_answer_is_opened_again(void **state)
{
	(void)state;
	bench_answer("AT", "", 0);
	bench_open();
	bench_move(20000);
	assert_int_equal(fg_modem_session_close_why(m.session), FG_MODEM_CLOSE_LOST);
}

static void answers_in_digits_are_understood_before_it_is_told_to_use_words(void **state)
{
	(void)state;
	bench_answer("AT", "0\r", 1);
	bench_answer("ATE0", "0\r", 1);
	bench_open();
	assert_true(m.recorder->state.up);
}

static void without_a_network_it_is_down(void **state)
{
	(void)state;
	bench_open();
	m.conf.per_minute = 1;
	give(1, "+12025550199", "hi");
	recorder_give(m.recorder, 2, "+12025550199", "waits for the pace");
	bench_say("\r\n+CREG: 2\r\n");
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(outcome(2)->rc, FG_E_LINK_DOWN);
	assert_false(m.recorder->state.up);
	assert_non_null(strstr(m.recorder->state.note, "searching"));
	bench_say("\r\n+CREG: 5,\"00AB\",\"0001\"\r\n");
	assert_true(m.recorder->state.up);
}

/* ---- sending ---- */

static void a_submit_has_the_fields_that_networks_expect(void **state)
{
	const struct fg_tpdu_submit *tpdu = &m.submits[0].tpdu;

	(void)state;
	bench_open();
	m.reference = 79;
	give(7, "+12025550199", "(Not encrypted) a@");
	assert_int_equal(m.submits_count, 1);
	assert_true(tpdu->status_report);
	assert_string_equal(m.submits[0].destination, "+12025550199");
	assert_int_equal(tpdu->validity.format, FG_TPDU_VPF_RELATIVE);
	assert_int_equal(tpdu->validity.relative, 168); /* two days */
	assert_int_equal(tpdu->dcs, 0);
	assert_false(tpdu->ud.header);
	assert_string_equal(m.submits[0].text, "(Not encrypted) a@");
	assert_int_equal(outcome(7)->outcome, FG_OUTCOME_ACCEPTED);
	assert_memory_equal(outcome(7)->ref[0], "4f-", 3);
}

static void every_error_becomes_the_right_outcome(void **state)
{
	static const struct {
		const char *answer;
		enum fg_outcome outcome;
		enum fg_rc rc;
		uint32_t code;
	} cases[] = {
		{ "+CMS ERROR: 1", FG_OUTCOME_FAILED, FG_E_LINK_RECIPIENT, 1 },
		{ "+CMS ERROR: 8", FG_OUTCOME_FAILED, FG_E_LINK_REJECTED, 8 },
		{ "+CMS ERROR: 304", FG_OUTCOME_FAILED, FG_E_LINK_REJECTED, 304 },
		{ "+CMS ERROR: 197", FG_OUTCOME_ACCEPTED, FG_OK, 0 },
		{ "+CMS ERROR: 42", FG_OUTCOME_DEFERRED, FG_E_LINK_BUSY, 42 },
		{ "+CMS ERROR: 38", FG_OUTCOME_DEFERRED, FG_E_LINK_BUSY, 38 },
		{ "+CMS ERROR: 331", FG_OUTCOME_DEFERRED, FG_E_LINK_FAULT, 331 },
		{ "+CMS ERROR: 310", FG_OUTCOME_DEFERRED, FG_E_LINK_FAULT, 310 },
		{ "+CMS ERROR: 322", FG_OUTCOME_DEFERRED, FG_E_LINK_BUSY, 322 },
		{ "+CMS ERROR: 500", FG_OUTCOME_UNKNOWN, FG_E_LINK_UNKNOWN, 500 },
		{ "+CMS ERROR: 332", FG_OUTCOME_UNKNOWN, FG_E_LINK_UNKNOWN, 332 },
		{ "ERROR", FG_OUTCOME_UNKNOWN, FG_E_LINK_UNKNOWN, 0 },
	};
	char line[64];

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		print_message("# %s\n", cases[i].answer);
		bench_open();
		snprintf(line, sizeof(line), "\r\n%s\r\n", cases[i].answer);
		bench_answer("BODY", line, 1);
		give(1, "+12025550199", "x");
		assert_int_equal(outcome(1)->outcome, cases[i].outcome);
		assert_int_equal(outcome(1)->rc, cases[i].rc);
		assert_int_equal(outcome(1)->carrier_code, cases[i].code);
		bench_teardown(state);
		bench_setup(state);
	}
}

static void an_error_before_the_prompt_is_never_unknown(void **state)
{
	(void)state;
	bench_open();
	bench_answer("AT+CMGS", "\r\n+CMS ERROR: 500\r\n", 1);
	give(1, "+12025550199", "x");
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(outcome(1)->rc, FG_E_LINK_FAULT);
	assert_int_equal(m.submits_count, 0);
}

static void silence_after_the_body_is_unknown_and_the_report_still_finds_it(void **state)
{
	uint64_t sent_ms;

	(void)state;
	bench_open();
	bench_answer("BODY", "", 1);
	sent_ms = m.now.wall_ms;
	give(1, "+12025550199", "x");
	bench_move(119000);
	assert_null(recorder_outcome(m.recorder, 1));
	bench_move(2000);
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_UNKNOWN);
	assert_int_equal(outcome(1)->part_state[0], FG_PART_UNKNOWN);
	assert_string_equal(outcome(1)->ref[0], "");
	bench_say_pdu("+CDS: ", bench_report(9, "+12025550199", 0, sent_ms + 3000));
	assert_int_equal(m.recorder->reports_count, 1);
	assert_true(m.recorder->reports[0].has_reference);
	assert_int_equal(m.recorder->reports[0].message_reference, 1);
	assert_string_equal(m.recorder->reports[0].destination, "+12025550199");
}

static void a_late_answer_is_no_answer_to_the_next_message(void **state)
{
	(void)state;
	bench_open();
	bench_answer("BODY", "", 1);
	give(1, "+12025550199", "x");
	recorder_give(m.recorder, 2, "+12025550198", "y");
	bench_answer("AT", "\r\n+CMGS: 77\r\n" OK OK, 1);
	bench_move(125000);
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_UNKNOWN);
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(m.submits_count, 2);
	assert_memory_equal(outcome(2)->ref[0], "00-", 3);
}

static void a_lost_prompt_defers_and_is_ended_with_escape(void **state)
{
	(void)state;
	bench_open();
	bench_answer("AT+CMGS", "", 1);
	give(1, "+12025550199", "x");
	bench_move(10000);
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(outcome(1)->rc, FG_E_LINK_FAULT);
	bench_move(5000);
	give(2, "+12025550199", "y");
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(m.submits_count, 1);
}

static void unsolicited_lines_inside_a_dialogue_change_nothing(void **state)
{
	(void)state;
	bench_open();
	bench_answer("AT+CMGS",
		     "\r\n+CREG: 1,\"00AB\",\"0001\"\r\nRING\r\n^RSSI: 12\r\n\r\n> \r\n+CMTI: "
		     "\"SM\",3\r\n",
		     1);
	bench_answer("BODY",
		     "\r\n+CMTI: \"SM\",4\r\n\r\nNO CARRIER\r\n\r\n+CMGS: 5\r\n*NOISE: 1\r\n" OK,
		     1);
	bench_answer("AT+CMGR", OK, 2);
	give(1, "+12025550199", "x");
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_ACCEPTED);
	assert_memory_equal(outcome(1)->ref[0], "05-", 3);
	assert_int_equal(bench_said("AT+CMGR=3"), 1);
	assert_int_equal(bench_said("AT+CMGR=4"), 1);
}

static void an_echo_that_cannot_be_switched_off_is_passed_over(void **state)
{
	(void)state;
	m.echo = true;
	bench_open();
	give(1, "+12025550199", "x");
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_ACCEPTED);
	assert_string_equal(m.recorder->state.note, "registered Testnet, signal 20/31, SM 0/30");
}

static void an_ok_that_is_left_out_is_waited_for_only_briefly(void **state)
{
	(void)state;
	bench_open();
	bench_answer("BODY", "\r\n+CMGS: 5\r\n", 1);
	give(1, "+12025550199", "x");
	bench_move(5000);
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_ACCEPTED);
}

static void a_busy_modem_is_asked_again_in_place(void **state)
{
	(void)state;
	bench_open();
	bench_answer("BODY", "\r\n+CMS ERROR: 515\r\n", 3);
	give(1, "+12025550199", "x");
	bench_move(6999);
	assert_null(recorder_outcome(m.recorder, 1));
	bench_move(1);
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_ACCEPTED);
	bench_answer("BODY", "\r\n+CMS ERROR: 515\r\n", 0);
	give(2, "+12025550199", "x");
	bench_move(8000);
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(outcome(2)->carrier_code, 515);
	assert_int_equal(m.submits_count, 4 + 4);
}

static void validity_that_is_refused_is_left_out_from_then_on(void **state)
{
	(void)state;
	bench_open();
	bench_answer("BODY", "\r\n+CMS ERROR: 199\r\n", 1);
	give(1, "+12025550199", "x");
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_ACCEPTED);
	give(2, "+12025550199", "x");
	assert_int_equal(m.submits[0].tpdu.validity.format, FG_TPDU_VPF_RELATIVE);
	assert_int_equal(m.submits[1].tpdu.validity.format, FG_TPDU_VPF_NONE);
	assert_int_equal(m.submits[2].tpdu.validity.format, FG_TPDU_VPF_NONE);
}

static void a_rejection_without_reason_is_tried_once_more_only(void **state)
{
	(void)state;
	bench_open();
	bench_answer("BODY", "\r\n+CMS ERROR: 21\r\n", 4);
	give(1, "+12025550199", "x");
	give(2, "+12025550198", "y");
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_DEFERRED);
	m.recorder->outcomes_count = 0;
	bench_move(60000);
	give(1, "+12025550199", "x");
	give(2, "+12025550198", "y");
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_FAILED);
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_FAILED);
}

static void a_recipient_that_cannot_be_reached_is_left_alone_for_a_while(void **state)
{
	static const struct {
		const char *answer;
		uint64_t ms;
	} cases[] = { { "\r\n+CMS ERROR: 27\r\n", 60000 }, { "\r\n+CMS ERROR: 38\r\n", 900000 } };

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		bench_open();
		bench_answer("BODY", cases[i].answer, 1);
		give(1, "+12025550199", "x");
		give(2, "+12025550198", "to another");
		bench_move(cases[i].ms - 1000);
		give(3, "+12025550199", "y");
		assert_int_equal(outcome(2)->outcome, FG_OUTCOME_ACCEPTED);
		assert_int_equal(outcome(3)->outcome, FG_OUTCOME_DEFERRED);
		assert_int_equal(outcome(3)->rc, FG_E_LINK_BUSY);
		assert_int_equal(outcome(3)->carrier_code, outcome(1)->carrier_code);
		assert_int_equal(m.submits_count, 2); /* the modem was not asked */
		bench_move(1000);
		give(4, "+12025550199", "z");
		assert_int_equal(outcome(4)->outcome, FG_OUTCOME_ACCEPTED);
		bench_teardown(state);
		bench_setup(state);
	}
}

static void parts_go_over_one_open_link_and_stop_at_the_first_that_fails(void **state)
{
	(void)state;
	bench_open();
	give(5, "+12025550199", long_one());
	assert_int_equal(outcome(5)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(outcome(5)->parts, 3);
	assert_string_not_equal(outcome(5)->ref[0], outcome(5)->ref[1]);
	assert_int_equal(bench_said("AT+CMMS=1"), 1);
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t header[] = { 6, 8, 4, 0x42, 5, 3, (uint8_t)(i + 1) };

		assert_true(m.submits[i].tpdu.ud.header);
		assert_memory_equal(m.submits[i].tpdu.ud.at, header, sizeof(header));
	}
	bench_move(10);
	bench_answer("BODY", "\r\n+CMS ERROR: 28\r\n", 1); /* the second */
	bench_answer("BODY", "\r\n+CMGS: 9\r\n" OK, 1);
	give(6, "+12025550198", long_one());
	assert_int_equal(outcome(6)->outcome, FG_OUTCOME_FAILED);
	assert_int_equal(outcome(6)->part_state[0], FG_PART_ACCEPTED);
	assert_int_equal(outcome(6)->part_state[1], FG_PART_FAILED);
	assert_int_equal(outcome(6)->part_state[2], FG_PART_NOT_SENT);
}

static void later_messages_to_a_deferred_recipient_do_not_overtake(void **state)
{
	(void)state;
	bench_open();
	bench_answer("BODY", "", 1);
	give(1, "+12025550198", "holds the modem");
	recorder_give(m.recorder, 2, "+12025550199", "first");
	recorder_give(m.recorder, 3, "+12025550199", "second");
	bench_answer("BODY", "\r\n+CMS ERROR: 22\r\n", 1);
	bench_say("\r\n+CMGS: 5\r\n" OK);
	bench_move(2);
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(outcome(3)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(m.submits_count, 2);
}

/* ---- faults ---- */

static void after_three_faults_it_rests_longer_each_time(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 8; round++) {
		uint64_t rest_ms = UINT64_C(60000) << round;

		bench_open();
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(fg_modem_session_close_why(m.session),
					 FG_MODEM_CLOSE_NONE);
			bench_answer("BODY", "\r\n+CMS ERROR: 300\r\n", 1);
			give(10 * round + i, "+12025550199", "x");
			assert_int_equal(outcome(10 * round + i)->outcome, FG_OUTCOME_DEFERRED);
			assert_int_equal(outcome(10 * round + i)->rc, FG_E_LINK_FAULT);
		}
		assert_int_equal(fg_modem_session_close_why(m.session), FG_MODEM_CLOSE_REST);
		assert_int_equal(fg_modem_session_rest_ms(m.session),
				 rest_ms < 3600000 ? rest_ms : 3600000);
		assert_false(m.recorder->state.up);
		assert_non_null(strstr(m.recorder->state.note, "quarantine"));
		fg_modem_session_closed(m.session, "quarantine", m.now);
		m.submits_count = 0;
	}
	bench_open();
	give(100, "+12025550199", "x");
	assert_int_equal(outcome(100)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(fg_modem_session_rest_ms(m.session), 60000);
}

static void a_modem_that_is_unplugged_leaves_no_doubt_where_there_is_none(void **state)
{
	(void)state;
	bench_open();
	bench_answer("BODY", "", 1);
	give(1, "+12025550199", "left");
	recorder_give(m.recorder, 2, "+12025550198", "waits");
	fg_modem_session_closed(m.session, "device is gone", m.now);
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_UNKNOWN);
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(outcome(2)->rc, FG_E_LINK_DOWN);
	assert_false(m.recorder->state.up);
	assert_string_equal(m.recorder->state.note, "device is gone");
	m.waiting[0] = '\0';
	bench_open();
	bench_answer("AT+CMGS", "", 1);
	give(3, "+12025550199", "at the prompt");
	fg_modem_session_closed(m.session, "device is gone", m.now);
	assert_int_equal(outcome(3)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(m.submits_count, 1);
}

/* ---- pace and cap ---- */

static void messages_keep_their_distance(void **state)
{
	(void)state;
	m.conf.per_minute = 6;
	bench_open();
	assert_int_equal(m.recorder->state.credits, 1);
	give(1, "+12025550199", long_one());
	assert_int_equal(m.submits_count, 3); /* begun, so finished */
	recorder_give(m.recorder, 2, "+12025550199", "x");
	bench_move(29999);
	assert_int_equal(m.submits_count, 3);
	bench_move(1);
	assert_int_equal(m.submits_count, 4);
}

static void the_cap_of_the_day_holds_across_restarts(void **state)
{
	(void)state;
	m.conf.per_day = 4;
	bench_open();
	give(1, "+12025550199", long_one());
	assert_int_equal(m.recorder->state.credits, 1);
	bench_restart();
	bench_open();
	give(2, "+12025550199", long_one());
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(outcome(2)->rc, FG_E_LINK_CAP);
	give(3, "+12025550199", "x");
	assert_int_equal(outcome(3)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(m.recorder->state.credits, 0);
	assert_non_null(strstr(m.recorder->state.note, "daily cap reached"));
	bench_move(86400000);
	assert_int_equal(m.recorder->state.credits, 4);
}

/* ---- the end ---- */

static void drain_finishes_and_takes_no_more(void **state)
{
	(void)state;
	bench_open();
	bench_answer("BODY", "", 1);
	give(1, "+12025550199", "x");
	fg_host_drain(m.recorder->host);
	assert_int_equal(m.recorder->state.credits, 0);
	assert_int_equal(m.recorder->drained, 0);
	recorder_give(m.recorder, 2, "+12025550199", "y");
	assert_int_equal(outcome(2)->outcome, FG_OUTCOME_DEFERRED);
	bench_say("\r\n+CMGS: 5\r\n" OK);
	assert_int_equal(outcome(1)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(m.recorder->drained, 1);
	assert_int_equal(fg_modem_session_close_why(m.session), FG_MODEM_CLOSE_DRAINED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(it_is_told_all_it_needs_and_then_it_is_up),
		CASE(the_poorest_modem_works),
		CASE(the_best_mode_that_it_has_is_taken),
		CASE(a_modem_that_does_not_say_its_modes_is_tried_with_each),
		CASE(its_manners_are_chosen_by_what_it_answers),
		CASE(what_it_calls_itself_is_shown_in_printable_letters),
		CASE(another_imei_is_another_modem),
		CASE(a_pin_is_tried_once_and_never_again),
		CASE(a_pin_that_nobody_answered_was_tried),
		CASE(a_pin_that_is_good_is_forgotten_as_tried),
		CASE(a_pin_is_not_tried_when_that_cannot_be_remembered),
		CASE(a_sim_that_is_busy_is_waited_for_and_a_puk_is_not_tried),
		CASE(a_modem_that_does_not_answer_is_opened_again),
		CASE(answers_in_digits_are_understood_before_it_is_told_to_use_words),
		CASE(without_a_network_it_is_down),
		CASE(a_submit_has_the_fields_that_networks_expect),
		CASE(every_error_becomes_the_right_outcome),
		CASE(an_error_before_the_prompt_is_never_unknown),
		CASE(silence_after_the_body_is_unknown_and_the_report_still_finds_it),
		CASE(a_late_answer_is_no_answer_to_the_next_message),
		CASE(a_lost_prompt_defers_and_is_ended_with_escape),
		CASE(unsolicited_lines_inside_a_dialogue_change_nothing),
		CASE(an_echo_that_cannot_be_switched_off_is_passed_over),
		CASE(an_ok_that_is_left_out_is_waited_for_only_briefly),
		CASE(a_busy_modem_is_asked_again_in_place),
		CASE(validity_that_is_refused_is_left_out_from_then_on),
		CASE(a_rejection_without_reason_is_tried_once_more_only),
		CASE(a_recipient_that_cannot_be_reached_is_left_alone_for_a_while),
		CASE(parts_go_over_one_open_link_and_stop_at_the_first_that_fails),
		CASE(later_messages_to_a_deferred_recipient_do_not_overtake),
		CASE(after_three_faults_it_rests_longer_each_time),
		CASE(a_modem_that_is_unplugged_leaves_no_doubt_where_there_is_none),
		CASE(messages_keep_their_distance),
		CASE(the_cap_of_the_day_holds_across_restarts),
		CASE(drain_finishes_and_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
