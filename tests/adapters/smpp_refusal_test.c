/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a carrier refuses for a reason that is not the message's own: one recipient's full queue, a bind that it no longer knows. What is
 * on its way is never given up for it, and nobody else waits.
 */
#include "tests/adapters/smpp_bench.h"

#include <stdio.h>

static void a_full_queue_of_one_recipient_is_its_own_and_the_rate_stays(void **state)
{
	uint32_t full;

	(void)state;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	recorder_give(t.recorder, 2, "+12025550198", "x");
	full = expect(FG_SMPP_SUBMIT_SM).sequence;
	move(5);
	answer(0);
	say(FG_SMPP_SUBMIT_SM_RESP, full, 0x14);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_DEFERRED);
	/* by the schedule, not every second */
	assert_int_equal(recorder_outcome(t.recorder, 1)->rc, FG_E_LINK_BUSY);
	assert_int_equal(recorder_outcome(t.recorder, 1)->carrier_code, 0x14);
	recorder_give(t.recorder, 3, "+12025550197", "x");
	answer(0);
}

static void a_full_queue_of_everybody_is_the_rate(void **state)
{
	(void)state;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	answer(0x14);
	assert_int_equal(recorder_outcome(t.recorder, 1)->rc, FG_E_LINK_THROTTLED);
	recorder_give(t.recorder, 2, "+12025550198", "x");
	expect_nothing();
	move(1000);
	answer(0);
}

/* The first part of two was taken; the second meets a full queue while others get through. */
static void begin_and_meet_a_full_queue(void)
{
	char text[301];
	uint32_t second;

	t.conf.window = 3;
	t.conf.queue = 10;
	t.conf.enquire_link_ms = t.conf.inactivity_s = 0;
	reopen();
	recorder_give(t.recorder, 1, "+12025550199", of_length(text, 300));
	recorder_give(t.recorder, 2, "+12025550198", "x");
	answer(0);
	second = expect(FG_SMPP_SUBMIT_SM).sequence;
	move(5);
	answer(0);
	say(FG_SMPP_SUBMIT_SM_RESP, second, 0x14);
	assert_null(recorder_outcome(t.recorder, 1));
}

static void a_message_that_has_begun_waits_for_a_full_queue_and_holds_up_nobody(void **state)
{
	unsigned tries = 0;

	(void)state;
	begin_and_meet_a_full_queue();
	expect_nothing();
	for (unsigned i = 0; i < 60; i++) { /* ten minutes, in which everybody else is served */
		recorder_give(t.recorder, 10, "+12025550198", "y");
		answer(0);
		assert_int_equal(recorder_outcome(t.recorder, 10)->outcome, FG_OUTCOME_ACCEPTED);
		t.recorder->outcomes_count = 0;
		move(10000);
		if (t.out_at == t.out_len)
			continue;
		tries++;
		move(5);
		recorder_give(t.recorder, 11, "+12025550197", "z");
		{
			uint32_t sequence = expect(FG_SMPP_SUBMIT_SM).sequence;

			answer(0);
			say(FG_SMPP_SUBMIT_SM_RESP, sequence, 0x14);
		}
		expect_nothing();
		t.recorder->outcomes_count = 0;
	}
	assert_in_range(tries, 5, 12); /* less and less often, down to every two minutes */
	for (unsigned i = 0; t.out_at == t.out_len; i++) {
		assert_in_range(i, 0, 12);
		move(10000);
	}
	answer(0);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_ACCEPTED);
}

static void nothing_overtakes_a_message_whose_rest_waits_for_a_full_queue(void **state)
{
	(void)state;
	begin_and_meet_a_full_queue();
	recorder_give(t.recorder, 3, "+12025550199", "later");
	expect_nothing();
	assert_int_equal(recorder_outcome(t.recorder, 3)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(recorder_outcome(t.recorder, 3)->rc, FG_E_LINK_BUSY);
	move(1000);
	answer(0);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_ACCEPTED);
	recorder_give(t.recorder, 4, "+12025550199", "now");
	answer(0);
}

enum { OF_SECOND = 5000 }; /* sequence numbers of the second bind begin there */

/* The next submit is answered so on the bind that it came on; which that is. */
static bool answer_on(struct fg_smpp_session *const binds[2], uint32_t status)
{
	uint32_t sequence = expect(FG_SMPP_SUBMIT_SM).sequence;

	t.session = binds[sequence >= OF_SECOND];
	say(FG_SMPP_SUBMIT_SM_RESP, sequence, status);
	return sequence >= OF_SECOND;
}

static void parts_that_never_left_wait_with_those_that_were_refused(void **state)
{
	struct fg_smpp_session *binds[2];
	char number[2][16] = { "", "" }, text[501];

	(void)state;
	t.conf.window = 1;
	t.conf.queue = 10;
	reopen();
	binds[0] = t.session;
	binds[1] = t.session = fg_smpp_session_new(t.account, FG_SMPP_TRX, on_send, NULL);
	fg_smpp_session_set_sequence(binds[1], OF_SECOND);
	bind_it();
	for (unsigned n = 10; !*number[0] || !*number[1]; n++) { /* one for each bind */
		snprintf(text, sizeof(text), "+12025550%03u", n);
		recorder_give(t.recorder, n, text, "x");
		memcpy(number[answer_on(binds, 0)], text, sizeof(number[0]));
	}
	recorder_give(t.recorder, 1, number[0], of_length(text, 450)); /* three parts */
	recorder_give(t.recorder, 2, number[0], "behind it");
	answer_on(binds, 0);
	recorder_give(t.recorder, 3, number[1], "x");
	move(5);
	{
		uint32_t second = expect(FG_SMPP_SUBMIT_SM).sequence;

		answer_on(binds, 0);
		t.session = binds[0];
		say(FG_SMPP_SUBMIT_SM_RESP, second, 0x14);
	}
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_DEFERRED);
	expect_nothing();
	move(1000);
	answer_on(binds, 0); /* the second, and the third that never left */
	answer_on(binds, 0);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_ACCEPTED);
	t.session = binds[0];
	fg_smpp_session_disconnected(binds[1], "closed");
}

static void what_is_on_its_way_is_answered_before_a_bind_that_is_not_known_ends(void **state)
{
	uint32_t one, two, unbind;

	(void)state;
	bind_it();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	recorder_give(t.recorder, 2, "+12025550198", "y");
	one = expect(FG_SMPP_SUBMIT_SM).sequence;
	two = expect(FG_SMPP_SUBMIT_SM).sequence;
	say(FG_SMPP_SUBMIT_SM_RESP, one, 0x04);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_DEFERRED);
	unbind = expect(FG_SMPP_UNBIND).sequence;
	assert_false(t.recorder->state.up);
	say(FG_SMPP_SUBMIT_SM_RESP, two, 0x04);
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_DEFERRED);
	say(FG_SMPP_UNBIND_RESP, unbind, 0);
	assert_int_equal(fg_smpp_session_close_why(t.session), FG_SMPP_CLOSE_LOST);
}

static void a_mark_tlv_that_is_refused_as_the_bind_ends_is_no_failure(void **state)
{
	uint32_t one, two;

	(void)state;
	t.conf.mark_tlv = 0x1500;
	reopen();
	recorder_give(t.recorder, 1, "+12025550199", "x");
	recorder_give(t.recorder, 2, "+12025550198", "y");
	one = expect(FG_SMPP_SUBMIT_SM).sequence;
	two = expect(FG_SMPP_SUBMIT_SM).sequence;
	say(FG_SMPP_SUBMIT_SM_RESP, one, 0x04);
	say(FG_SMPP_SUBMIT_SM_RESP, two, 0xC1);
	assert_int_equal(recorder_outcome(t.recorder, 2)->outcome, FG_OUTCOME_DEFERRED);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, smpp_setup, smpp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_full_queue_of_one_recipient_is_its_own_and_the_rate_stays),
		CASE(a_full_queue_of_everybody_is_the_rate),
		CASE(a_message_that_has_begun_waits_for_a_full_queue_and_holds_up_nobody),
		CASE(nothing_overtakes_a_message_whose_rest_waits_for_a_full_queue),
		CASE(parts_that_never_left_wait_with_those_that_were_refused),
		CASE(what_is_on_its_way_is_answered_before_a_bind_that_is_not_known_ends),
		CASE(a_mark_tlv_that_is_refused_as_the_bind_ends_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
