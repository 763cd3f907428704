/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * In which order messages leave an SMPP link: recipients take turns, and those to one recipient never overtake each other, whatever
 * happens to their link.
 */
#include "tests/adapters/smpp_bench.h"

#include <stdio.h>

static void a_later_message_does_not_overtake_one_that_is_deferred(void **state)
{
	(void)state;
	t.conf.window = 1;
	t.conf.queue = 10;
	reopen();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	recorder_give(t.recorder, 2, "+12025550199", "x");
	recorder_give(t.recorder, 3, "+12025550198", "x");
	answer(0x58);
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(t.recorder->outcomes[0].message_id.b[15], 1);
	assert_null(recorder_outcome(t.recorder, 3));
	move(1000);
	answer(0);
	expect_nothing();
	assert_int_equal(recorder_outcome(t.recorder, 3)->outcome, FG_OUTCOME_ACCEPTED);
}

static void many_to_one_recipient_do_not_hold_up_the_others(void **state)
{
	static const struct {
		const char *destination;
		char text;
	} given[] = { { "+12025550199", 'a' }, { "+12025550199", 'b' }, { "+12025550199", 'c' },
		      { "+12025550199", 'd' }, { "+12025550198", 'm' }, { "+12025550198", 'n' },
		      { "+12025550197", 'x' } };
	/* a and b fill the window before there is another; then they take turns, each in its order */
	static const char order[] = "abmxcnd";

	(void)state;
	t.conf.window = 2;
	t.conf.queue = 10;
	reopen();
	for (unsigned i = 0; i < ARRAY_LEN(given); i++) {
		const char text[] = { given[i].text, '\0' };

		recorder_give(t.recorder, i, given[i].destination, text);
	}
	for (unsigned i = 0; i < ARRAY_LEN(given); i++) {
		struct fg_smpp_pdu pdu = expect(FG_SMPP_SUBMIT_SM);

		assert_int_equal(pdu.sm.short_message.at[0], order[i]);
		say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
	}
	expect_nothing();
}

static void what_a_lost_link_gives_back_comes_in_the_order_of_its_recipient(void **state)
{
	unsigned last = 0;

	(void)state;
	t.conf.queue = 40;
	reopen();
	for (unsigned i = 1; i <= 30; i++)
		recorder_give(t.recorder, i, i % 3 ? "+12025550199" : "+12025550198", "x");
	answer(0);
	answer(0);
	fg_smpp_session_disconnected(t.session, "lost");
	assert_int_equal(t.recorder->outcomes_count, 30);
	for (unsigned i = 0; i < 30; i++) {
		const struct fg_job_outcome *outcome = &t.recorder->outcomes[i];

		if (outcome->message_id.b[15] % 3 == 0)
			continue;
		assert_true(outcome->message_id.b[15] > last);
		last = outcome->message_id.b[15];
	}
	assert_int_equal(last, 29);
}

enum { OF_SECOND = 5000 }; /* sequence numbers of the second bind begin there */

/* The next submit: its text's first octet; *second says on which bind it went. Answers it. */
static char submitted(struct fg_smpp_session *const binds[2], bool *second)
{
	struct fg_smpp_pdu pdu = expect(FG_SMPP_SUBMIT_SM);
	char text = (char)pdu.sm.short_message.at[0];

	*second = pdu.sequence >= OF_SECOND;
	t.session = binds[*second];
	say(FG_SMPP_SUBMIT_SM_RESP, pdu.sequence, 0);
	return text;
}

static void a_recipient_stays_with_the_bind_that_has_its_messages(void **state)
{
	struct fg_smpp_session *binds[2];
	bool second = false;
	char number[16];
	unsigned n = 10;
	uint32_t sequence;

	(void)state;
	t.conf.window = 1;
	t.conf.queue = 10;
	reopen();
	binds[0] = t.session;
	binds[1] = t.session = fg_smpp_session_new(t.account, FG_SMPP_TRX, on_send, NULL);
	fg_smpp_session_set_sequence(binds[1], OF_SECOND);
	bind_it();
	while (!second) { /* a number that goes to the second when both are free */
		snprintf(number, sizeof(number), "+12025550%03u", n);
		recorder_give(t.recorder, n++, number, "x");
		submitted(binds, &second);
	}
	fg_smpp_session_disconnected(binds[1], "lost");
	recorder_give(t.recorder, 1, number, "1"); /* there is only the first */
	sequence = expect(FG_SMPP_SUBMIT_SM).sequence;
	assert_true(sequence < OF_SECOND);
	t.session = binds[1];
	bind_it();
	recorder_give(t.recorder, 2, number, "2");
	expect_nothing(); /* on the second it would overtake */
	t.session = binds[0];
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0);
	assert_int_equal(submitted(binds, &second), '2');
	assert_false(second);
	recorder_give(t.recorder, 3, number, "3"); /* nothing is open any more */
	assert_int_equal(submitted(binds, &second), '3');
	assert_true(second);
	t.session = binds[0];
	fg_smpp_session_disconnected(binds[1], "closed");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, smpp_setup, smpp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_later_message_does_not_overtake_one_that_is_deferred),
		CASE(many_to_one_recipient_do_not_hold_up_the_others),
		CASE(what_a_lost_link_gives_back_comes_in_the_order_of_its_recipient),
		CASE(a_recipient_stays_with_the_bind_that_has_its_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
