/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What comes in through a modem: status reports and messages, directly and from the storage. Nothing
 * is acknowledged or deleted before the host has it, and nothing is lost when it does not take it.
 */
#include "tests/adapters/modem_bench.h"

#include <sys/mman.h>
#include <unistd.h>

#define OK "\r\nOK\r\n"

static void give(unsigned n, const char *destination, const char *text)
{
	bench_move(2);
	recorder_give(m.recorder, n, destination, text);
	bench_run();
}

/* The answer to AT+CMGR or a line of AT+CMGL. */
static const char *stored(const char *header, const char *hex, char out[static 512])
{
	snprintf(out, 512, "\r\n%s%u\r\n%s\r\n" OK, header, bench_length(hex), hex);
	return out;
}

static const struct fg_delivery_report *report(unsigned nth)
{
	assert_true(m.recorder->reports_count > nth);
	return &m.recorder->reports[nth];
}

static const struct recorder_submission *submission(unsigned nth)
{
	assert_true(m.recorder->submissions_count > nth);
	return &m.recorder->submissions[nth];
}

static void taken(unsigned nth, enum fg_rc rc)
{
	const struct fg_id id = { { 1 } };

	fg_host_taken(m.recorder->host, submission(nth)->said.token, &id, rc);
	bench_run();
}

/* ---- reports ---- */

static void a_report_finds_its_message_and_is_acknowledged_when_it_is_stored(void **state)
{
	(void)state;
	bench_open();
	m.reference = 0x4F;
	give(7, "+12025550199", "x");
	bench_say_pdu("+CDS: ", bench_report(0x4F, "+12025550199", 0, m.now.wall_ms));
	assert_string_equal(report(0)->ref, recorder_outcome(m.recorder, 7)->ref[0]);
	assert_string_equal(report(0)->destination, "+12025550199");
	assert_int_equal(report(0)->state, FG_DLR_DELIVERED);
	assert_true(report(0)->final);
	assert_int_equal(bench_said("AT+CNMA"), 0);
	fg_host_stored(m.recorder->host, report(0)->token);
	bench_run();
	assert_int_equal(bench_said("AT+CNMA"), 1);
}

static void reports_with_one_reference_are_told_apart_by_recipient_and_time(void **state)
{
	uint64_t first_ms, second_ms;

	(void)state;
	bench_open();
	give(1, "+12025550199", "a");
	first_ms = m.now.wall_ms;
	bench_move(3600000);
	m.reference = 0; /* 256 messages later */
	give(2, "+12025550199", "b");
	second_ms = m.now.wall_ms;
	m.reference = 0;
	give(3, "+12025550198", "c");
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0, first_ms + 5000));
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550198", 0, second_ms));
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0x41, second_ms + 5000));
	assert_int_equal(report(0)->message_reference, 1);
	assert_int_equal(report(1)->message_reference, 3);
	assert_int_equal(report(2)->message_reference, 2);
	assert_int_equal(report(2)->state, FG_DLR_UNDELIVERABLE);
	assert_string_equal(report(2)->error, "0x41");
}

static void every_status_becomes_the_right_state(void **state)
{
	static const struct {
		uint8_t status, state;
		bool final;
	} cases[] = {
		{ 0x00, FG_DLR_DELIVERED, true },     { 0x01, FG_DLR_UNKNOWN, true },
		{ 0x02, FG_DLR_DELETED, true },       { 0x20, FG_DLR_ENROUTE, false },
		{ 0x30, FG_DLR_ENROUTE, false },      { 0x40, FG_DLR_UNDELIVERABLE, true },
		{ 0x46, FG_DLR_EXPIRED, true },       { 0x48, FG_DLR_DELETED, true },
		{ 0x60, FG_DLR_UNDELIVERABLE, true },
	};

	(void)state;
	bench_open();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		m.reference = (uint8_t)i;
		give(i, "+12025550199", "x");
		bench_say_pdu("+CDS: ", bench_report((uint8_t)i, "+12025550199", cases[i].status,
						     m.now.wall_ms));
		assert_int_equal(report(i)->state, cases[i].state);
		assert_int_equal(report(i)->final, cases[i].final);
	}
}

static void a_report_waits_until_the_outcome_of_its_message_was_told(void **state)
{
	char text[401];

	(void)state;
	bench_open();
	memset(text, 'x', 400);
	text[400] = '\0';
	bench_answer("BODY", "", 0);
	give(1, "+12025550199", text);
	bench_say("\r\n+CMGS: 1\r\n" OK);
	bench_say_pdu("+CDS: ", bench_report(1, "+12025550199", 0, m.now.wall_ms));
	assert_int_equal(m.recorder->reports_count, 0);
	bench_say("\r\n+CMGS: 2\r\n" OK);
	bench_say("\r\n+CMGS: 3\r\n" OK);
	assert_int_equal(m.recorder->order, 'O');
	assert_int_equal(m.recorder->reports_count, 1);
	assert_string_equal(report(0)->ref, recorder_outcome(m.recorder, 1)->ref[0]);
}

static void a_report_that_comes_twice_harms_nothing(void **state)
{
	const uint64_t sent_ms = m.now.wall_ms;

	(void)state;
	bench_open();
	give(1, "+12025550199", "x");
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0, sent_ms));
	fg_host_stored(m.recorder->host, report(0)->token);
	bench_run();
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0, sent_ms));
	assert_int_equal(m.recorder->reports_count, 1);
	assert_int_equal(bench_said("AT+CNMA"), 2); /* or the network would say it for ever */
}

/* The next message to the recipient is in doubt, and the report of the last one is said again: it tells nothing of the next. */
static void a_report_that_comes_again_is_not_taken_for_the_next_message(void **state)
{
	const uint64_t first_ms = m.now.wall_ms;
	uint64_t second_ms;

	(void)state;
	bench_open();
	give(1, "+12025550199", "x");
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0, first_ms + 1000));
	fg_host_stored(m.recorder->host, report(0)->token);
	bench_run();
	bench_move(60000);
	second_ms = m.now.wall_ms;
	bench_answer("BODY", "", 1);
	give(2, "+12025550199", "y");
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0, first_ms + 1000));
	bench_move(121000);
	assert_int_equal(recorder_outcome(m.recorder, 2)->outcome, FG_OUTCOME_UNKNOWN);
	assert_int_equal(m.recorder->reports_count, 1);
	bench_restart();
	bench_open();
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0, first_ms + 1000));
	assert_int_equal(m.recorder->reports_count, 0);
	/* its own is, also with the same reference */
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0x41, second_ms + 1000));
	assert_int_equal(report(0)->message_reference, 2);
	assert_int_equal(report(0)->state, FG_DLR_UNDELIVERABLE);
}

static void a_report_counts_whatever_stands_behind_it(void **state)
{
	static const char *const tails[] = { "FF", "FFFFFF", "0000", "04A0", "0700", "4142434445" };
	char hex[512];

	(void)state;
	bench_open();
	for (unsigned i = 0; i < ARRAY_LEN(tails); i++) {
		m.reference = (uint8_t)i;
		give(i, "+12025550199", "x");
		snprintf(hex, sizeof(hex), "%s%s",
			 bench_report((uint8_t)i, "+12025550199", 0x41, m.now.wall_ms), tails[i]);
		bench_say_pdu("+CDS: ", hex);
		assert_int_equal(report(i)->message_reference, i);
		assert_int_equal(report(i)->state, FG_DLR_UNDELIVERABLE);
	}
}

static void a_report_that_the_host_cannot_take_is_given_again(void **state)
{
	(void)state;
	bench_open();
	give(1, "+12025550199", "x");
	m.recorder->report_rc = FG_E_IPC_FULL;
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0, m.now.wall_ms));
	bench_move(20000);
	assert_int_equal(bench_said("AT+CNMA"), 0);
	m.recorder->report_rc = FG_OK;
	bench_move(5000);
	assert_int_equal(m.recorder->reports_count, 1);
}

static void a_report_finds_its_message_after_a_restart(void **state)
{
	(void)state;
	bench_open();
	m.reference = 3;
	give(9, "+12025550199", "x");
	bench_restart();
	bench_open();
	bench_say_pdu("+CDS: ", bench_report(3, "+12025550199", 0, m.now.wall_ms));
	assert_int_equal(report(0)->message_reference, 9);
	assert_memory_equal(report(0)->ref, "03-", 3);
}

static void a_report_that_comes_while_the_modem_is_started_is_acknowledged_then(void **state)
{
	(void)state;
	bench_open();
	give(1, "+12025550199", "x");
	fg_modem_session_closed(m.session, "unplugged", m.now);
	fg_modem_session_opened(m.session, m.now);
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0, m.now.wall_ms));
	fg_host_stored(m.recorder->host, report(0)->token);
	assert_int_equal(bench_said("AT+CNMA"), 0);
	bench_move(3000);
	assert_int_equal(bench_said("AT+CNMA"), 1);
}

static void a_stored_report_is_read_and_deleted_where_it_lies(void **state)
{
	char answer[512];

	(void)state;
	bench_open();
	give(1, "+12025550199", "x");
	stored("+CMGR: 0,,", bench_report(0, "+12025550199", 0, m.now.wall_ms), answer);
	bench_answer("AT+CMGR=2", answer, 1);
	bench_say("\r\n+CDSI: \"SR\",2\r\n");
	assert_int_equal(bench_said("AT+CPMS=\"SR\"\n"), 1);
	assert_int_equal(bench_said("AT+CMGD"), 0);
	fg_host_stored(m.recorder->host, report(0)->token);
	bench_run();
	assert_int_equal(bench_said("AT+CMGD=2\n"), 1);
	assert_int_equal(bench_said("AT+CPMS=\"SM\"\n"), 2); /* home again, each time */
}

static void reports_that_lie_apart_are_listed_at_the_start(void **state)
{
	char answer[512];

	(void)state;
	bench_answer("AT+CPMS=?", "\r\n+CPMS: (\"SM\",\"SR\"),(\"SM\"),(\"SM\")\r\n" OK, 0);
	bench_answer("AT+CNMI=?", "\r\n+CNMI: (0-2),(0,1),(0),(0,2),(0)\r\n" OK, 0);
	bench_open();
	assert_int_equal(bench_said("AT+CNMI=2,1,0,2,0"), 1);
	assert_int_equal(bench_said("AT+CMGL=4"), 2);
	give(1, "+12025550199", "x");
	fg_modem_session_closed(m.session, "unplugged", m.now);
	stored("+CMGL: 2,0,,", bench_report(0, "+12025550199", 0, m.now.wall_ms), answer);
	bench_answer("AT+CMGL", answer, 1);
	bench_answer("AT+CMGL", OK, 1); /* the first, of what is no report */
	bench_open();
	assert_int_equal(report(0)->message_reference, 1);
	fg_host_stored(m.recorder->host, report(0)->token);
	bench_run();
	assert_int_equal(bench_said("AT+CPMS=\"SR\"\nAT+CMGD=2\n"), 1);
	bench_move(310000);
	assert_int_equal(bench_said("AT+CMGL=4"), 6);
}

/* ---- messages ---- */

static void a_message_is_deleted_only_when_it_is_taken(void **state)
{
	char answer[512];

	(void)state;
	bench_open();
	stored("+CMGR: 0,,", bench_deliver("+12025550123", "hi gr\xC3\xBC\xC3\x9F", 0, 0, 0),
	       answer);
	bench_answer("AT+CMGR=3", answer, 1);
	bench_say("\r\n+CMTI: \"SM\",3\r\n");
	assert_int_equal(submission(0)->said.kind, FG_SUBMIT_INBOUND);
	assert_string_equal(submission(0)->source, "+12025550123");
	assert_string_equal(submission(0)->destination, "+12025550100"); /* AT+CNUM */
	assert_string_equal(submission(0)->text, "hi gr\xC3\xBC\xC3\x9F");
	assert_int_equal(submission(0)->said.concat_total, 0);
	bench_move(400000); /* a list does not bring it a second time */
	assert_int_equal(m.recorder->submissions_count, 1);
	assert_int_equal(bench_said("AT+CMGD"), 0);
	taken(0, FG_OK);
	assert_int_equal(bench_said("AT+CMGD=3\n"), 1);
}

static void what_the_core_had_when_it_died_is_handed_over_again(void **state)
{
	char answer[512];

	(void)state;
	bench_open();
	stored("+CMGR: 0,,", bench_deliver("+12025550123", "hi", 0, 0, 0), answer);
	bench_answer("AT+CMGR=3", answer, 1);
	bench_answer("AT+CMGL=4", "\r\n+CMGL: 3,0,,0\r\n" OK, 1);
	bench_say("\r\n+CMTI: \"SM\",3\r\n");
	give(7, "+12025550199", "x");
	bench_say_pdu("+CDS: ", bench_report(0, "+12025550199", 0, m.now.wall_ms));
	assert_int_equal(m.recorder->submissions_count, 1);
	assert_int_equal(m.recorder->reports_count, 1);
	fg_modem_session_abandon(m.session, m.now);
	bench_run();
	taken(0, FG_OK); /* of before: nobody knows it any more */
	assert_int_equal(bench_said("AT+CMGD"), 0);
	stored("+CMGL: 3,0,,", bench_deliver("+12025550123", "hi", 0, 0, 0), answer);
	bench_answer("AT+CMGL=4", answer, 1);
	bench_move(400000);
	assert_int_equal(m.recorder->reports_count, 2);
	assert_int_equal(m.recorder->submissions_count, 2);
	taken(1, FG_OK);
	assert_int_equal(bench_said("AT+CMGD=3\n"), 1);
}

static void parts_are_handed_over_one_by_one_and_kept_until_each_is_taken(void **state)
{
	char answer[512];

	(void)state;
	bench_open();
	for (unsigned part = 4; part >= 1; part--) {
		const bool narrow = part == 4; /* of another message */
		char command[16], line[32];

		snprintf(command, sizeof(command), "AT+CMGR=%u", part);
		stored("+CMGR: 0,,",
		       bench_deliver("+12025550123", "part", narrow ? 0x34 : 0x1234, 4, part),
		       answer);
		bench_answer(command, answer, 1);
		snprintf(line, sizeof(line), "\r\n+CMTI: \"SM\",%u\r\n", part);
		bench_say(line);
		assert_int_equal(submission(4 - part)->said.concat_ref, narrow ? 0x34 : 0x1234);
		assert_int_equal(submission(4 - part)->said.concat_total, 4);
		assert_int_equal(submission(4 - part)->said.concat_part, part);
		assert_int_equal(submission(4 - part)->said.flags, narrow ? FG_SUBMIT_NARROW : 0);
	}
	taken(2, FG_OK);
	assert_int_equal(bench_said("AT+CMGD"), 1);
	assert_int_equal(bench_said("AT+CMGD=2\n"), 1);
}

/* Each phone cuts where it likes: here between the two units of U+1F600. The core joins the parts, and so the halves must be there. */
static void a_character_that_a_cut_divided_is_kept_in_halves(void **state)
{
	static const char *const parts[] = {
		"07912120550500F0400B912120550521F3000852607141500000"
		"0A"
		"050003020201"
		"0061D83D",
		"07912120550500F0400B912120550521F3000852607141500000"
		"0A"
		"050003020202"
		"DE00007A",
		"07912120550500F0000B912120550521F3000852607141500000"
		"04"
		"0061D83D",
	};
	static const char *const texts[] = { "a\xED\xA0\xBD", "\xED\xB8\x80z", "a\xEF\xBF\xBD" };

	(void)state;
	bench_open();
	for (unsigned i = 0; i < ARRAY_LEN(parts); i++) {
		bench_say_pdu("+CMT: ,", parts[i]);
		assert_string_equal(submission(i)->text, texts[i]);
	}
}

static void what_lies_there_at_the_start_is_listed(void **state)
{
	char answer[1024], first[512];

	(void)state;
	strcpy(first, bench_deliver("+12025550123", "one", 0, 0, 0));
	snprintf(answer, sizeof(answer), "\r\n+CMGL: 4,1,,%u\r\n%s\r\n+CMGL: 5,2,,%u\r\n%s\r\n" OK,
		 bench_length(first), first, bench_length(first), first);
	bench_answer("AT+CMGL=4", answer, 1);
	bench_open();
	assert_int_equal(m.recorder->submissions_count, 1); /* the second is a draft */
	assert_string_equal(submission(0)->text, "one");
	taken(0, FG_OK);
	assert_int_equal(bench_said("AT+CMGD=4\n"), 1);
}

static void a_message_that_the_host_cannot_take_now_is_looked_at_again(void **state)
{
	char answer[512];

	(void)state;
	bench_open();
	m.recorder->submit_rc = FG_E_IPC_FULL;
	stored("+CMGR: 0,,", bench_deliver("+12025550123", "hi", 0, 0, 0), answer);
	bench_answer("AT+CMGR=3", answer, 1);
	bench_say("\r\n+CMTI: \"SM\",3\r\n");
	m.recorder->submit_rc = FG_OK;
	stored("+CMGL: 3,0,,", bench_deliver("+12025550123", "hi", 0, 0, 0), answer);
	bench_answer("AT+CMGL", answer, 1);
	bench_move(5000);
	assert_int_equal(m.recorder->submissions_count, 1);
}

static void a_message_that_nobody_takes_stays_where_it_is(void **state)
{
	char answer[512];

	(void)state;
	bench_open();
	stored("+CMGL: 3,0,,", bench_deliver("+12025550123", "hi", 0, 0, 0), answer);
	bench_answer("AT+CMGL", answer, 0);
	bench_move(300000);
	taken(0, FG_E_NOT_FOUND);
	bench_move(900000);
	assert_int_equal(m.recorder->submissions_count, 1);
	assert_int_equal(bench_said("AT+CMGD"), 0);
	bench_answer("AT+CMGR=3", "\r\n+CMS ERROR: 321\r\n", 1);
	bench_say("\r\n+CMTI: \"SM\",3\r\n"); /* but what is new at its place is read */
	assert_int_equal(bench_said("AT+CMGR=3"), 1);
}

static void the_same_message_has_the_same_key_again(void **state)
{
	uint8_t key[FG_MODEM_KEY_LEN];
	char answer[512];

	(void)state;
	bench_open();
	stored("+CMGL: 3,0,,", bench_deliver("+12025550123", "hi", 0, 0, 0), answer);
	bench_answer("AT+CMGL", answer, 0);
	bench_move(300000);
	fg_modem_session_closed(m.session, "unplugged", m.now); /* before it could be deleted */
	taken(0, FG_OK);
	bench_open();
	assert_int_equal(m.recorder->submissions_count, 2);
	assert_int_equal(submission(0)->said.key.len, FG_MODEM_KEY_LEN);
	assert_memory_equal(submission(0)->key, submission(1)->key, FG_MODEM_KEY_LEN);
	memcpy(key, submission(1)->key, sizeof(key));
	taken(1, FG_OK);
	assert_int_equal(bench_said("AT+CMGD=3\n"), 1);
	bench_restart();
	bench_open();
	assert_memory_equal(submission(0)->key, key, sizeof(key));
	close(m.state_fd);
	m.state_fd = memfd_create("state", MFD_CLOEXEC);
	bench_restart();
	bench_open();
	assert_memory_not_equal(submission(0)->key, key,
				sizeof(key)); /* it says nothing without the secret */
}

/* Without an acknowledgement the network brings it again, when fewer messages may wait behind it. */
static void a_message_that_the_network_brings_again_has_the_same_key(void **state)
{
	static const char first[] = "07912120550500F0000B912120550521F300005260714150000002E834";
	static const char again[] = "07912120550500F0040B912120550521F300005260714150000002E834";
	static const char later[] = "07912120550500F0040B912120550521F300005260714150100002E834";

	(void)state;
	bench_open();
	bench_say_pdu("+CMT: ,", first);
	bench_say_pdu("+CMT: ,", again);
	bench_say_pdu("+CMT: ,", later);
	assert_memory_equal(submission(0)->key, submission(1)->key, FG_MODEM_KEY_LEN);
	assert_memory_not_equal(submission(0)->key, submission(2)->key, FG_MODEM_KEY_LEN);
}

static void a_direct_message_is_acknowledged_only_when_it_is_taken(void **state)
{
	(void)state;
	bench_open();
	bench_say_pdu("+CMT: ,", bench_deliver("BANK", "hi", 0, 0, 0));
	assert_string_equal(submission(0)->source, "BANK");
	bench_say_pdu("+CMT: ,", bench_deliver("BANK", "again", 0, 0, 0));
	assert_int_equal(bench_said("AT+CNMA"), 0);
	taken(0, FG_OK);
	assert_int_equal(bench_said("AT+CNMA"), 1);
	taken(1, FG_E_STORE_FULL);
	assert_int_equal(bench_said("AT+CNMA"), 1);
	assert_int_equal(bench_said("AT+CNMI=2,1,0,1,0"),
			 2); /* it may have stopped to bring them */
}

static void a_modem_that_acknowledges_by_itself_is_not_told_to(void **state)
{
	(void)state;
	bench_answer("AT+CSMS=1", "\r\nERROR\r\n", 0);
	bench_open();
	assert_int_equal(bench_said("AT+CSMS=0"), 1);
	bench_say_pdu("+CMT: ,", bench_deliver("BANK", "hi", 0, 0, 0));
	taken(0, FG_OK);
	assert_int_equal(bench_said("AT+CNMA"), 0);
}

static void a_message_inside_the_body_of_another_is_taken_in(void **state)
{
	char answer[1024];
	const char *hex = bench_deliver("+12025550123", "hi", 0, 0, 0);

	(void)state;
	bench_open();
	snprintf(answer, sizeof(answer), "\r\n+CMT: ,%u\r\n%s\r\n\r\n+CMGS: 5\r\n" OK,
		 bench_length(hex), hex);
	bench_answer("BODY", answer, 1);
	give(1, "+12025550199", "x");
	assert_string_equal(submission(0)->text, "hi");
	assert_int_equal(recorder_outcome(m.recorder, 1)->outcome, FG_OUTCOME_ACCEPTED);
}

static void what_is_not_well_formed_stays_or_is_dropped_aloud(void **state)
{
	(void)state;
	bench_open();
	bench_answer("AT+CMGR=3", "\r\n+CMGR: 0,,9\r\n00FFFF\r\n" OK, 1);
	bench_say("\r\n+CMTI: \"SM\",3\r\n");
	assert_int_equal(bench_said("AT+CMGD"), 0);
	bench_say("\r\n+CMT: ,9\r\n00FFFF\r\n");
	assert_int_equal(bench_said("AT+CNMA"), 1);
	assert_int_equal(m.recorder->submissions_count, 0);
}

static void a_full_storage_is_said_and_emptied(void **state)
{
	char answer[512];

	(void)state;
	bench_open();
	bench_answer("AT+CPMS?", "\r\n+CPMS: \"SM\",30,30,\"SM\",30,30,\"SM\",30,30\r\n" OK, 1);
	stored("+CMGL: 3,0,,", bench_deliver("+12025550123", "hi", 0, 0, 0), answer);
	bench_answer("AT+CMGL", answer, 1);
	bench_move(60000);
	assert_non_null(strstr(m.recorder->state.note, "SM 30/30 full"));
	taken(0, FG_OK);
	assert_int_equal(bench_said("AT+CMGD=3\n"), 1);
}

static void a_flash_message_and_a_binary_one_say_what_they_are(void **state)
{
	/* two hand-made TPDUs: class 0, and 8-bit data */
	static const char flash[] = "07912120550500F0040B912120550521F300105260714150000002E834";
	static const char binary[] = "07912120550500F0040B912120550521F300045260714150000002CAFE";

	(void)state;
	bench_open();
	bench_say_pdu("+CMT: ,", flash);
	bench_say_pdu("+CMT: ,", binary);
	assert_string_equal(submission(0)->text, "hi");
	assert_int_equal(submission(0)->said.flags, FG_SUBMIT_FLASH);
	assert_string_equal(submission(1)->text, "(binary message of 2 octets, not shown)");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_report_finds_its_message_and_is_acknowledged_when_it_is_stored),
		CASE(reports_with_one_reference_are_told_apart_by_recipient_and_time),
		CASE(every_status_becomes_the_right_state),
		CASE(a_report_waits_until_the_outcome_of_its_message_was_told),
		CASE(a_report_that_comes_twice_harms_nothing),
		CASE(a_report_that_comes_again_is_not_taken_for_the_next_message),
		CASE(a_report_counts_whatever_stands_behind_it),
		CASE(a_report_that_the_host_cannot_take_is_given_again),
		CASE(a_report_finds_its_message_after_a_restart),
		CASE(a_report_that_comes_while_the_modem_is_started_is_acknowledged_then),
		CASE(a_stored_report_is_read_and_deleted_where_it_lies),
		CASE(reports_that_lie_apart_are_listed_at_the_start),
		CASE(a_message_is_deleted_only_when_it_is_taken),
		CASE(what_the_core_had_when_it_died_is_handed_over_again),
		CASE(parts_are_handed_over_one_by_one_and_kept_until_each_is_taken),
		CASE(a_character_that_a_cut_divided_is_kept_in_halves),
		CASE(what_lies_there_at_the_start_is_listed),
		CASE(a_message_that_the_host_cannot_take_now_is_looked_at_again),
		CASE(a_message_that_nobody_takes_stays_where_it_is),
		CASE(the_same_message_has_the_same_key_again),
		CASE(a_message_that_the_network_brings_again_has_the_same_key),
		CASE(a_direct_message_is_acknowledged_only_when_it_is_taken),
		CASE(a_modem_that_acknowledges_by_itself_is_not_told_to),
		CASE(a_message_inside_the_body_of_another_is_taken_in),
		CASE(what_is_not_well_formed_stays_or_is_dropped_aloud),
		CASE(a_full_storage_is_said_and_emptied),
		CASE(a_flash_message_and_a_binary_one_say_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
