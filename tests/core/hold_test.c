/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/flow.h"

#include "gateway/core/job.h"

static void waits(struct flow *flow, const struct message *message, const char *reason)
{
	const Fallgate__Receipt *receipt = flow_receipt(flow, message);

	assert_int_equal(receipt->kind, FALLGATE__RECEIPT_KIND__RECEIPT_HELD);
	assert_string_equal(receipt->reason, reason);
	assert_false(receipt->final);
	assert_state("held", flow, message);
}

static void expires(struct flow *flow, const struct message *message)
{
	const Fallgate__Receipt *receipt;

	flow_later(flow, 73ll * HOUR_MS);
	receipt = flow_receipt(flow, message);
	assert_int_equal(receipt->kind, FALLGATE__RECEIPT_KIND__RECEIPT_EXPIRED);
	assert_true(receipt->final);
	assert_int_equal(flow->fixture->orders, 0);
}

static void an_unreadable_directory_holds_then_expires_and_orders_nothing(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_message(flow, &message, NOBODY);
	message.consents = false;
	assert_kind(ASK, flow_submit(flow, &message));
	flow->fixture->directory_rc = FG_E_STORE_BUSY;
	assert_kind(ACCEPTED, flow_consent(flow, &message));
	waits(flow, &message, "unknown-view");
	flow_later(flow, HOUR_MS);
	waits(flow, &message, "unknown-view");
	expires(flow, &message);
}

static void what_was_held_for_the_directory_goes_when_it_can_be_read(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_message(flow, &message, NOBODY);
	message.consents = false;
	assert_kind(ASK, flow_submit(flow, &message));
	flow->fixture->directory_rc = FG_E_STORE_BUSY;
	assert_kind(ACCEPTED, flow_consent(flow, &message));
	waits(flow, &message, "unknown-view");
	flow->fixture->directory_rc = FG_OK;
	flow_later(flow, 6 * 60000);
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	assert_state("sent", flow, &message);
}

static void an_absence_that_the_directory_did_not_sign_is_ignorance(void **state)
{
	struct flow *flow = *state;
	struct message message;

	fg_random(flow->fixture->core.trust.directory_key, 32);
	flow_message(flow, &message, NOBODY);
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	waits(flow, &message, "unknown-view");
	expires(flow, &message);
}

static void a_directory_older_than_the_pin_is_stale(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_pin(flow, &flow->bob, flow->bob.account.public, 9);
	flow_message(flow, &message, BOB);
	flow_part(&message, flow->bob.device_id);
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	waits(flow, &message, "stale-directory");
	assert_null(flow_push(flow, FALLGATE__PUSH_KIND__PUSH_MESSAGE, &message));
}

static void an_absence_older_than_the_pin_is_ignorance(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_pin(flow, &flow->bob, flow->bob.account.public, 9);
	flow_forget_device(flow, &flow->bob);
	flow_message(flow, &message, BOB);
	message.consent.pin_ack = true;
	message.consent.pin_epoch = 9;
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	waits(flow, &message, "unknown-view");
	expires(flow, &message);
}

static void another_account_key_than_pinned_is_held_and_nothing_is_sent_again(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_message(flow, &message, BOB);
	flow_part(&message, flow->bob.device_id);
	message.consent.for_undelivered_after_ms = 60000;
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	assert_non_null(flow_push(flow, FALLGATE__PUSH_KIND__PUSH_MESSAGE, &message));
	flow_pin(flow, &flow->bob, flow->alice.account.public, 1);
	fixture_forget(flow->fixture);
	flow_later(flow, 2 * 60000);
	waits(flow, &message, "identity-changed");
	assert_null(flow_push(flow, FALLGATE__PUSH_KIND__PUSH_MESSAGE, &message));
	assert_int_equal(flow->fixture->orders, 0);
}

static void absence_of_a_pinned_handle_needs_exactly_its_epoch(void **state)
{
	static const struct {
		bool ack;
		uint64_t epoch;
	} wrong[] = { { false, 0 }, { false, 1 }, { true, 0 }, { true, 2 } };
	struct flow *flow = *state;
	struct message message;
	const struct fg_ipc_order *order = &flow->fixture->order[0];

	flow_forget_device(flow, &flow->bob);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		flow_message(flow, &message, BOB);
		message.consent.pin_ack = wrong[i].ack;
		message.consent.pin_epoch = wrong[i].epoch;
		assert_kind(ACCEPTED, flow_submit(flow, &message));
		waits(flow, &message, "pin-conflict");
	}
	assert_int_equal(flow->fixture->orders, 0);
	message.consent.pin_ack = true;
	message.consent.pin_epoch = 1;
	assert_kind(ACCEPTED, flow_consent(flow, &message)); /* the sender has seen the conflict */
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	assert_int_equal(order->row, 6);
	assert_int_equal(order->pin_override, 1);
	assert_int_equal(order->reason, FG_REASON_PIN_OVERRIDE);
	assert_string_equal(flow_receipt(flow, &message)->reason, "pin-override");
}

static void without_consent_nothing_is_ordered_whatever_the_policy(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_message(flow, &message, NOBODY);
	message.consents = false;
	message.submit.policy = FALLGATE__SENDER_POLICY__POLICY_ALLOW;
	assert_kind(ASK, flow_submit(flow, &message));
	expires(flow, &message);
}

static void secure_only_is_refused(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_message(flow, &message, NOBODY);
	message.submit.policy = FALLGATE__SENDER_POLICY__POLICY_SECURE_ONLY;
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	assert_int_equal(flow_receipt(flow, &message)->kind,
			 FALLGATE__RECEIPT_KIND__RECEIPT_REFUSED);
	assert_int_equal(flow->fixture->orders, 0);
}

static void a_consent_that_expires_while_held_opens_nothing(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow->fixture->core.links[0].up = flow->fixture->core.links[1].up = false;
	flow_message(flow, &message, NOBODY);
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	waits(flow, &message, "no-link");
	flow->fixture->core.links[0].up = flow->fixture->core.links[1].up = true;
	flow_later(flow, HOUR_MS + 1000);
	assert_state("asking", flow, &message);
	assert_int_equal(flow->fixture->orders, 0);
	expires(flow, &message);
}

static void link_comes_up(struct fixture *fixture)
{
	fixture->core.links[0].up = true;
	fg_jobs_chain_changed(&fixture->core, false);
}

/* As when the core is started again and a message comes before the vault has said which links are up. */
static void a_link_that_comes_up_while_a_message_is_being_held_is_not_missed(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow->fixture->core.links[0].up = flow->fixture->core.links[1].up = false;
	flow_message(flow, &message, NOBODY);
	flow->fixture->at_new = link_comes_up;
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	assert_state("sent", flow, &message);
}

static void a_clock_set_back_holds_downgrades(void **state)
{
	struct flow *flow = *state;
	struct message message;
	struct fg_clock *clock = flow->fixture->core.clock;

	assert_false(fg_clock_went_back(clock));
	clock->wall_offset_ms -= HOUR_MS;
	flow_message(flow, &message, NOBODY);
	assert_error("E_IDENTITY",
		     flow_submit(flow, &message)); /* by that clock no certificate is valid yet */
	flow_later(flow, HOUR_MS);
	flow_message(flow, &message,
		     NOBODY); /* all is valid again, and the clock still an hour behind */
	message.consent.expires_ms += 2 * HOUR_MS;
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	waits(flow, &message, "unknown-view");
	assert_int_equal(flow->fixture->orders, 0);
	clock->wall_offset_ms += HOUR_MS;
	flow_later(flow, 2 * 60000);
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
}

static void an_ask_is_answered_by_a_consent_in_time(void **state)
{
	struct flow *flow = *state;
	struct message message;
	Fallgate__ServerFrame *answer;

	flow_message(flow, &message, NOBODY);
	message.consents = false;
	answer = flow_submit(flow, &message);
	assert_kind(ASK, answer);
	assert_string_equal(answer->ask->recipient, NOBODY);
	assert_non_null(answer->ask->view);
	assert_false(answer->ask->was_secure);
	assert_kind(ACCEPTED, flow_consent(flow, &message));
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	assert_error("E_CONFLICT", flow_consent(flow, &message));
	assert_int_equal(flow->fixture->orders, 1);
}

static void an_ask_without_answer_expires(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_message(flow, &message, NOBODY);
	message.consents = false;
	assert_kind(ASK, flow_submit(flow, &message));
	flow_later(flow, 299000);
	assert_state("asking", flow, &message);
	flow_later(flow, 2000);
	assert_string_equal(flow_receipt(flow, &message)->reason, "no-consent");
	assert_error("E_CONFLICT", flow_consent(flow, &message));
	assert_int_equal(flow->fixture->orders, 0);
}

/* The time to answer runs from the question, however long the message had waited for the sender to come online. */
static void a_sender_that_comes_back_late_is_still_asked(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_pin(flow, &flow->bob, flow->bob.account.public, 9);
	flow_forget_device(flow, &flow->bob);
	flow_message(flow, &message, BOB);
	message.consents = false;
	assert_kind(
		ACCEPTED,
		flow_submit(flow, &message)); /* an absence older than the pin: nobody can say */
	waits(flow, &message, "unknown-view");
	flow_pin(flow, &flow->bob, flow->bob.account.public, 1);
	flow_later(flow, 2 * HOUR_MS);
	assert_state("asking", flow, &message);
	assert_non_null(flow_push(flow, FALLGATE__PUSH_KIND__PUSH_ASK, &message));
	flow_later(flow, 299000);
	assert_state("asking", flow, &message);
	flow_later(flow, 2000);
	assert_state("final", flow, &message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW(an_unreadable_directory_holds_then_expires_and_orders_nothing),
		FLOW(what_was_held_for_the_directory_goes_when_it_can_be_read),
		FLOW(an_absence_that_the_directory_did_not_sign_is_ignorance),
		FLOW(a_directory_older_than_the_pin_is_stale),
		FLOW(an_absence_older_than_the_pin_is_ignorance),
		FLOW(another_account_key_than_pinned_is_held_and_nothing_is_sent_again),
		FLOW(absence_of_a_pinned_handle_needs_exactly_its_epoch),
		FLOW(without_consent_nothing_is_ordered_whatever_the_policy),
		FLOW(secure_only_is_refused),
		FLOW(a_consent_that_expires_while_held_opens_nothing),
		FLOW(a_link_that_comes_up_while_a_message_is_being_held_is_not_missed),
		FLOW(a_clock_set_back_holds_downgrades),
		FLOW(an_ask_is_answered_by_a_consent_in_time),
		FLOW(an_ask_without_answer_expires),
		FLOW(a_sender_that_comes_back_late_is_still_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
