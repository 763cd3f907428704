/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the network has for the emulated modem: stored, told at once, acknowledged, held back; and
 * the store.
 */
#include "tests/support/fg_test.h"

#include "tests/emulators/phone_bench.h"

#define FROM "+12025550123"

static bool heard(const char *what)
{
	return strstr(bench.heard, what);
}

static void a_message_is_stored_and_indicated_as_cnmi_says(void **state)
{
	(void)state;
	bench_begin();
	bench_receive(FROM, "silent");
	assert_string_equal(bench.heard, "");
	at("+CNMI=2,1");
	bench_receive(FROM, "told");
	assert_string_equal(bench.heard, "\r\n+CMTI: \"SM\",2\r\n");
	at("+CNMI=2,2");
	bench_receive(FROM, "hi");
	assert_heard("\r\n+CMT: ,21\r\n07912120550500F0040B912120550521F30000");
	assert_string_equal(at("+CPMS?"),
			    "\r\n+CPMS: \"SM\",2,50,\"SM\",2,50,\"SM\",2,50\r\n\r\nOK\r\n");
	assert_string_equal(at("+CNMI=2,4"), "\r\n+CMS ERROR: 303\r\n");
}

static void classes_have_their_ways(void **state)
{
	struct phone_incoming incoming = {
		.from = FROM, .text = "x", .message_class = 2, .port = -1
	};

	(void)state;
	bench_begin();
	at("+CNMI=2,2");
	bench_say("");
	assert_ok(phone_receive(bench.phone, &incoming)); /* for the SIM: stored though mt is 2 */
	assert_true(heard("+CMTI: \"SM\",1"));
	incoming.message_class = 0;
	assert_ok(phone_receive(bench.phone, &incoming));
	assert_true(heard("+CMT: ,"));
	at("+CNMI=2,3");
	incoming.message_class = 3;
	bench_say("");
	assert_ok(phone_receive(bench.phone, &incoming));
	assert_true(heard("+CMT: ,"));
	bench_receive(FROM, "x");
	assert_true(heard("+CMTI: \"SM\",2"));
}

static void with_mode_0_indications_wait(void **state)
{
	(void)state;
	bench_begin();
	at("+CNMI=0,1");
	bench_receive(FROM, "x");
	assert_string_equal(bench.heard, "");
	assert_string_equal(at("+CNMI=2,1,0,0,0"), "\r\nOK\r\n\r\n+CMTI: \"SM\",1\r\n");
	at("+CNMI=0,1");
	bench_receive(FROM, "x");
	assert_string_equal(at("+CNMI=2,1,0,0,1"), "\r\nOK\r\n"); /* bfr 1 clears them */
}

static void nothing_unsolicited_stands_inside_an_answer_or_a_body(void **state)
{
	(void)state;
	bench_begin();
	at("+CNMI=2,1");
	assert_string_equal(at("+CMGS=20"), "\r\n> ");
	bench_receive(FROM, "x");
	phone_noise(bench.phone, "RING");
	assert_string_equal(bench.heard, "");
	assert_string_equal(bench_say("\x1b"), "\r\nOK\r\n\r\n+CMTI: \"SM\",1\r\n\r\nRING\r\n");
}

static void many_that_come_during_a_body_are_all_told_after_it(void **state)
{
	unsigned told = 0;

	(void)state;
	for (unsigned mode = 0; mode < 2; mode++) {
		bench_teardown(NULL);
		bench_setup(NULL);
		bench_begin();
		at(mode ? "+CNMI=0,2" : "+CNMI=2,2");
		if (!mode)
			at("+CMGS=20");
		for (unsigned i = 0; i < 100; i++)
			bench_receive(FROM, "a text of some length, so that many of them are long");
		assert_int_not_equal(phone_counters(bench.phone)->waiting, 0);
		assert_string_equal(bench.heard, "");
		bench_say(mode ? "AT+CNMI=2,2,0,0,0\r" : "\x1b");
		told = 0;
		for (const char *next = bench.heard; (next = strstr(next, "+CMT:")); next++)
			told++;
		assert_int_equal(told, 100);
		assert_int_equal(phone_counters(bench.phone)->waiting, 0);
	}
}

static void with_service_1_the_next_waits_for_an_acknowledgement(void **state)
{
	(void)state;
	bench_begin();
	assert_string_equal(at("+CSMS=1"), "\r\n+CSMS: 1,1,1\r\n\r\nOK\r\n");
	at("+CNMI=2,2");
	assert_string_equal(at("+CNMA"), "\r\n+CMS ERROR: 340\r\n");
	bench_receive(FROM, "one");
	assert_true(heard("+CMT:"));
	bench_receive(FROM, "two");
	assert_string_equal(bench.heard, "");
	at("+CNMA=0");
	assert_heard("\r\nOK\r\n\r\n+CMT:");
	assert_string_equal(at("+CNMA"), "\r\nOK\r\n");
	assert_int_equal(phone_counters(bench.phone)->acknowledged, 2);
	assert_int_equal(phone_counters(bench.phone)->waiting, 0);
}

static void without_an_acknowledgement_routing_stops_and_nothing_is_lost(void **state)
{
	(void)state;
	bench_begin();
	at("+CSMS=1;+CNMI=2,2,0,1");
	bench_receive(FROM, "one");
	bench_receive(FROM, "two");
	bench_pass(14999);
	assert_int_equal(phone_counters(bench.phone)->stored, 0);
	bench_pass(1);
	assert_string_equal(at("+CNMI?"), "\r\n+CNMI: 2,0,0,0,0\r\n\r\nOK\r\n");
	assert_int_equal(phone_counters(bench.phone)->stored, 2);
	assert_int_equal(phone_counters(bench.phone)->ack_late, 1);
}

static void what_is_refused_comes_again(void **state)
{
	(void)state;
	bench_begin();
	at("+CSMS=1;+CNMI=2,2");
	bench_receive(FROM, "x");
	assert_string_equal(at("+CNMA=2"), "\r\nOK\r\n");
	bench_say("");
	bench_pass(30000);
	assert_true(heard("+CMT:"));
	assert_string_equal(at("+CNMA=2,3"), "\r\n> ");
	assert_string_equal(bench_say("0000FF\x1a"), "\r\nOK\r\n");
	assert_int_equal(phone_counters(bench.phone)->ack_refused, 2);
}

static void what_was_told_and_not_acknowledged_is_told_again_after_an_unplug(void **state)
{
	(void)state;
	bench_begin();
	at("+CSMS=1;+CNMI=2,2");
	bench_receive(FROM, "x");
	phone_unplug(bench.phone);
	assert_string_equal(at(""), "");
	phone_plug(bench.phone);
	at("+CMGL=4");
	assert_true(heard("+CMGL: 1,0,,"));
}

static void a_full_store_holds_the_network_back(void **state)
{
	(void)state;
	bench.options.sim_slots = 3;
	bench_begin();
	at("+CNMI=2,1");
	phone_sim_full(bench.phone, true);
	bench_receive(FROM, "x");
	assert_string_equal(bench.heard, "");
	assert_int_equal(phone_counters(bench.phone)->waiting, 1);
	assert_string_equal(at("+CMGD=2"), "\r\nOK\r\n\r\n+CMTI: \"SM\",2\r\n");
	assert_int_equal(phone_counters(bench.phone)->waiting, 0);
}

static void without_network_nothing_comes(void **state)
{
	(void)state;
	bench_begin();
	at("+CNMI=2,1");
	phone_register(bench.phone, 2);
	bench_receive(FROM, "x");
	assert_string_equal(bench.heard, "");
	phone_register(bench.phone, 1);
	assert_string_equal(bench.heard, "\r\n+CMTI: \"SM\",1\r\n");
}

static void messages_are_listed_read_and_deleted(void **state)
{
	(void)state;
	bench_begin();
	bench_receive(FROM, "hi");
	bench_receive(FROM, "ho");
	at("+CMGL=0");
	assert_true(heard("\r\n+CMGL: 1,0,,21\r\n07912120550500F0040B912120550521F3"));
	assert_true(heard("\r\n\r\n+CMGL: 2,0,,21\r\n"));
	assert_string_equal(at("+CMGL=0"), "\r\nOK\r\n"); /* they are read now */
	at("+CMGR=2");
	assert_heard("\r\n+CMGR: 1,,21\r\n");
	assert_string_equal(at("+CMGD=?"), "\r\n+CMGD: (1,2),(0-4)\r\n\r\nOK\r\n");
	assert_string_equal(at("+CMGD=1"), "\r\nOK\r\n");
	assert_string_equal(at("+CMGR=1"), "\r\n+CMS ERROR: 321\r\n");
	assert_string_equal(at("+CMGD=0,4"), "\r\nOK\r\n");
	assert_string_equal(at("+CMGL=4"), "\r\nOK\r\n");
	assert_string_equal(at("+CPMS=\"ME\",\"SM\",\"XX\""), "\r\n+CMS ERROR: 302\r\n");
	assert_string_equal(at("+CPMS=\"ME\",\"SM\",\"ME\""),
			    "\r\n+CPMS: 0,100,0,50,0,100\r\n\r\nOK\r\n");
}

static void a_message_is_written_and_sent_from_the_store(void **state)
{
	char hex[400], command[40];
	size_t len;

	(void)state;
	bench_begin();
	len = bench_submit("+12025550144", "kept", false, hex, sizeof(hex));
	snprintf(command, sizeof(command), "+CMGW=%zu,2", len);
	assert_string_equal(at(command), "\r\n> ");
	strcat(hex, "\x1a");
	assert_string_equal(bench_say(hex), "\r\n+CMGW: 1\r\n\r\nOK\r\n");
	assert_string_equal(at("+CMSS=1"), "\r\n+CMSS: 7\r\n\r\nOK\r\n");
	assert_string_equal(bench.text, "kept");
	assert_string_equal(at("+CMSS=1,\"+12025550145\""), "\r\n+CMSS: 8\r\n\r\nOK\r\n");
	assert_string_equal(bench.destination, "+12025550145");
	assert_string_equal(at("+CMSS=2"), "\r\n+CMS ERROR: 321\r\n");
}

static void long_and_strange_messages_come_in_parts(void **state)
{
	struct phone_incoming incoming = {
		.from = "Bank", .text = "00FF80", .octets = true, .message_class = -1, .port = 2948
	};
	char text[400];

	(void)state;
	bench_begin();
	at("+CNMI=2,2");
	memset(text, 'x', 300);
	text[300] = '\0';
	bench_receive(FROM, text);
	assert_true(heard("0500030002"));
	assert_true(heard("\r\n\r\n+CMT: ,"));
	bench_say("");
	assert_ok(phone_receive(bench.phone, &incoming));
	assert_true(heard("0605040B8423F000FF80"));
	incoming.text = "0";
	assert_rc(FG_E_SYNTAX, phone_receive(bench.phone, &incoming));
	incoming.octets = false;
	assert_rc(FG_E_ARG, phone_receive(bench.phone, &incoming));
	incoming.port = -1;
	incoming.from = "a name that is too long";
	assert_rc(FG_E_TOO_LONG, phone_receive(bench.phone, &incoming));
}

static void malformed_messages_are_none_that_decode(void **state)
{
	(void)state;
	bench_begin();
	at("+CNMI=2,2");
	for (int how = PHONE_MALFORMED_SHORT; how <= PHONE_MALFORMED_EMPTY; how++) {
		const struct phone_incoming incoming = { .from = FROM,
							 .text = "some text",
							 .message_class = -1,
							 .port = -1,
							 .malformed = (enum phone_malformed)how };
		uint8_t pdu[200];
		struct fg_tpdu_deliver deliver;
		size_t len;
		const char *hex;

		bench_say("");
		assert_ok(phone_receive(bench.phone, &incoming));
		hex = strstr(bench.heard, "\r\n07") + 2;
		assert_ok(fg_tpdu_unhex(hex, strcspn(hex, "\r"), pdu, sizeof(pdu), &len));
		assert_int_not_equal(fg_tpdu_deliver_decode(pdu + 8, len - 8, &deliver), FG_OK);
	}
}

static void the_text_mode_shows_and_sends_text(void **state)
{
	(void)state;
	bench_begin();
	bench_receive(FROM, "hi there");
	at("+CMGF=1");
	assert_string_equal(at("+CMGL=\"ALL\""),
			    "\r\n+CMGL: 1,\"REC UNREAD\",\"+12025550123\",,"
			    "\"23/11/14,22:13:20+00\"\r\nhi there\r\n\r\nOK\r\n");
	at("+CSDH=1");
	assert_string_equal(at("+CMGR=1"),
			    "\r\n+CMGR: \"REC READ\",\"+12025550123\",,\"23/11/14,22:13:20+00\","
			    "145,4,0,0,\"\",145,8\r\nhi there\r\n\r\nOK\r\n");
	at("+CNMI=2,2,0,1;+CSDH=0;+CSMP=49,167,0,0");
	bench_receive(FROM, "now");
	assert_string_equal(bench.heard,
			    "\r\n+CMT: \"+12025550123\",,\"23/11/14,22:13:20+00\"\r\nnow\r\n");
	assert_string_equal(at("+CMGS=\"+12025550144\""), "\r\n> ");
	assert_string_equal(bench_say("two\rlines\x1a"), "\r\n> \r\n+CMGS: 7\r\n\r\nOK\r\n");
	assert_string_equal(bench.text, "two\rlines");
	assert_true(bench.report_wanted);
	bench_say("");
	bench_pass(1000);
	assert_string_equal(bench.heard,
			    "\r\n+CDS: 6,7,\"+12025550144\",145,\"23/11/14,22:13:20+00\","
			    "\"23/11/14,22:13:21+00\",0\r\n");
}

static void the_text_mode_sends_ucs2(void **state)
{
	(void)state;
	bench_begin();
	at("+CMGF=1;+CSCS=\"UCS2\";+CSMP=17,167,0,8");
	assert_string_equal(at("+CMGS=\"002B00310032003000320035003500350030003100340034\""),
			    "\r\n> ");
	bench_say("0416041E\x1a");
	assert_string_equal(bench.text, "ЖО");
	assert_string_equal(bench.destination, "+12025550144");
	at("+CMGS=\"002B00310032003000320035003500350030003100340034\"");
	assert_string_equal(bench_say("04x\x1a"), "\r\n+CMS ERROR: 305\r\n");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_message_is_stored_and_indicated_as_cnmi_says),
		CASE(classes_have_their_ways),
		CASE(with_mode_0_indications_wait),
		CASE(nothing_unsolicited_stands_inside_an_answer_or_a_body),
		CASE(many_that_come_during_a_body_are_all_told_after_it),
		CASE(with_service_1_the_next_waits_for_an_acknowledgement),
		CASE(without_an_acknowledgement_routing_stops_and_nothing_is_lost),
		CASE(what_is_refused_comes_again),
		CASE(what_was_told_and_not_acknowledged_is_told_again_after_an_unplug),
		CASE(a_full_store_holds_the_network_back),
		CASE(without_network_nothing_comes),
		CASE(messages_are_listed_read_and_deleted),
		CASE(a_message_is_written_and_sent_from_the_store),
		CASE(long_and_strange_messages_come_in_parts),
		CASE(malformed_messages_are_none_that_decode),
		CASE(the_text_mode_shows_and_sends_text),
		CASE(the_text_mode_sends_ucs2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
