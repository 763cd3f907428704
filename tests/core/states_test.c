/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the table of a job's states must never allow, whatever rows it gets.
 */
#include "gateway/core/step.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/base/log.h"
#include "tests/support/fg_test.h"

static bool may_become(unsigned from, enum fg_job_state to)
{
	for (enum fg_event_kind event = FG_EVENT_ACCEPT; event <= FG_EVENT_NOT_WITHDRAWN; event++)
		if (fg_job_may_change(from, event, to))
			return true;
	return false;
}

/* The states that can come after from, by any number of changes, as bits. */
static unsigned reachable(unsigned from)
{
	unsigned seen = 1u << from, before;

	do {
		before = seen;
		for (unsigned state = FG_JOB_NEW; state <= FG_JOB_FINAL; state++)
			for (enum fg_job_state to = FG_JOB_READY;
			     (seen & 1u << state) && to <= FG_JOB_FINAL; to++)
				seen |= may_become(state, to) ? 1u << to : 0;
	} while (seen != before);
	return seen;
}

static void a_final_job_never_changes(void **state)
{
	(void)state;
	assert_int_equal(reachable(FG_JOB_FINAL), 1u << FG_JOB_FINAL);
}

static void every_state_is_reached_and_leads_to_an_end(void **state)
{
	(void)state;
	assert_int_equal(reachable(FG_JOB_NEW), (1u << (FG_JOB_FINAL + 1)) - 1);
	for (unsigned from = FG_JOB_NEW; from <= FG_JOB_FINAL; from++)
		assert_true(reachable(from) & 1u << FG_JOB_FINAL);
}

static void what_was_or_may_have_been_sent_is_never_sent_again(void **state)
{
	const unsigned again = 1u << FG_JOB_SENDING | 1u << FG_JOB_READY | 1u << FG_JOB_SECURE |
			       1u << FG_JOB_ASKING;

	(void)state;
	assert_false(reachable(FG_JOB_SENT) & again);
	assert_false(reachable(FG_JOB_IN_DOUBT) & again);
}

static void only_an_order_to_the_chain_is_sent_or_in_doubt(void **state)
{
	(void)state;
	for (unsigned from = FG_JOB_NEW; from <= FG_JOB_FINAL; from++) {
		assert_int_equal(may_become(from, FG_JOB_SENT),
				 from == FG_JOB_SENDING || from == FG_JOB_SENT);
		assert_int_equal(may_become(from, FG_JOB_IN_DOUBT),
				 from == FG_JOB_SENDING || from == FG_JOB_IN_DOUBT);
	}
}

static void a_job_is_stored_by_accept_only_and_accepted_once(void **state)
{
	(void)state;
	for (unsigned from = FG_JOB_NEW; from <= FG_JOB_FINAL; from++)
		for (enum fg_event_kind event = FG_EVENT_ACCEPT; event <= FG_EVENT_NOT_WITHDRAWN;
		     event++)
			for (enum fg_job_state to = FG_JOB_READY; to <= FG_JOB_FINAL; to++)
				if (fg_job_may_change(from, event, to))
					assert_int_equal(from == FG_JOB_NEW,
							 event == FG_EVENT_ACCEPT);
}

static void a_state_out_of_range_changes_to_nothing(void **state)
{
	(void)state;
	assert_false(may_become(FG_JOB_FINAL + 1, FG_JOB_FINAL));
	assert_false(may_become(32, FG_JOB_READY));
	assert_false(may_become(UINT32_MAX, FG_JOB_FINAL));
}

static void commit_what_is_in_no_row(void)
{
	struct fg_event event = { .kind = FG_EVENT_DECIDE };
	struct fg_step *step = calloc(1, sizeof(*step));

	step->event = &event;
	step->from = FG_JOB_SENT;
	step->state = FG_JOB_SENDING;
	fg_step_commit(step);
}

static void a_step_that_would_store_another_change_aborts(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		fclose(stderr);
		commit_what_is_in_no_row();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_final_job_never_changes),
		cmocka_unit_test(every_state_is_reached_and_leads_to_an_end),
		cmocka_unit_test(what_was_or_may_have_been_sent_is_never_sent_again),
		cmocka_unit_test(only_an_order_to_the_chain_is_sent_or_in_doubt),
		cmocka_unit_test(a_job_is_stored_by_accept_only_and_accepted_once),
		cmocka_unit_test(a_state_out_of_range_changes_to_nothing),
		cmocka_unit_test(a_step_that_would_store_another_change_aborts),
	};

	assert_ok(fg_log_init(NULL, "test", "error"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
