/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/flow.h"
#include "gateway/core/internal.h"
#include "gateway/core/job.h"
#include "lib/wire/dlr.h"

#define KIND(name) FALLGATE__RECEIPT_KIND__RECEIPT_##name

static void submit_to(struct flow *flow, struct message *message, const char *recipient)
{
	flow_message(flow, message, recipient);
	assert_kind(ACCEPTED, flow_submit(flow, message));
}

static void receipt_is(struct flow *flow, const struct message *message, Fallgate__ReceiptKind kind,
		       bool final)
{
	const Fallgate__Receipt *receipt = flow_receipt(flow, message);

	assert_int_equal(receipt->kind, kind);
	assert_int_equal(receipt->final, final);
	if (final)
		assert_state("final", flow, message);
}

static void a_leg_that_was_taken_is_said_with_its_proof_then_as_the_carriers_claim(void **state)
{
	struct flow *flow = *state;
	struct message message;
	const Fallgate__Receipt *receipt;

	submit_to(flow, &message, NOBODY);
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	receipt = flow_receipt(flow, &message);
	assert_int_equal(receipt->kind, KIND(SENT));
	assert_int_equal(receipt->protection, FALLGATE__PROTECTION__PROTECTION_NONE);
	assert_string_equal(receipt->link, "smsc-a");
	assert_string_equal(receipt->mark, "(Not encrypted) ");
	assert_int_equal(receipt->leaf->index, 7);
	flow_report(flow, "m1", FG_DLR_DELIVERED, true, false);
	receipt = flow_receipt(flow, &message);
	assert_int_equal(receipt->kind, KIND(DELIVERED));
	assert_true(receipt->final);
	assert_true(receipt->carrier_claim);
	assert_int_equal(receipt->protection, FALLGATE__PROTECTION__PROTECTION_NONE);
	assert_int_equal(flow->fixture->stored, 1);
}

static void a_failed_leg_is_followed_by_the_next_link_and_the_last_failure_is_final(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_to(flow, &message, NOBODY);
	flow_sent(flow, 1, FG_LEG_FAILED);
	flow_sent(flow, 2, FG_LEG_FAILED);
	assert_int_equal(flow->fixture->order[0].link, 0);
	assert_int_equal(flow->fixture->order[1].link, 1);
	assert_int_equal(flow->fixture->order[1].leg, 2);
	receipt_is(flow, &message, KIND(FAILED), true);
	assert_int_equal(flow->fixture->orders, 2);
}

static void count_stored(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	(void)ops;
	(void)count;
	assert_ok(rc);
	++*(unsigned *)arg;
}

static void suspend(struct flow *flow, unsigned link, bool suspend)
{
	unsigned stored = 0;

	assert_ok(fg_operate_suspend(&flow->fixture->core, link, suspend, count_stored, &stored));
	fixture_until(flow->fixture, &stored, 0);
}

static void until_read(struct flow *flow)
{
	for (unsigned i = 0; i < 1000 && flow->fixture->core.links_held; i++)
		fg_loop_step(flow->fixture->core.loop, true);
	assert_false(flow->fixture->core.links_held);
}

static void a_suspended_link_is_given_nothing_until_it_is_resumed(void **state)
{
	struct flow *flow = *state;
	struct fg_core *core = &flow->fixture->core;
	struct message first, second;

	suspend(flow, 0, true);
	submit_to(flow, &first, NOBODY);
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	assert_int_equal(flow->fixture->order[0].link, 1);
	suspend(flow, 1, true);
	submit_to(flow, &second, NOBODY);
	flow_turn(flow);
	assert_int_equal(flow->fixture->orders, 1);
	assert_state("held", flow, &second);
	/* A core that starts knows it from the store; before that it gives nothing to anybody. */
	core->links[0].suspended = core->links[1].suspended = false;
	assert_ok(fg_operate_start(core));
	assert_false(fg_operate_usable(core, 0));
	until_read(flow);
	assert_true(core->links[0].suspended && core->links[1].suspended);
	flow_later(flow, 6000);
	assert_int_equal(flow->fixture->orders, 1);
	suspend(flow, 0, false);
	flow_later(flow, 6000);
	flow_sent(flow, 2, FG_LEG_ACCEPTED);
	assert_int_equal(flow->fixture->order[1].link, 0);
	core->links[0].suspended = true;
	assert_ok(fg_operate_start(core));
	until_read(flow);
	assert_true(!core->links[0].suspended && core->links[1].suspended);
}

static void a_recipient_that_is_refused_for_good_is_not_tried_on_other_links(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow->leg_rc = FG_E_LINK_RECIPIENT;
	submit_to(flow, &message, NOBODY);
	flow_sent(flow, 1, FG_LEG_FAILED);
	assert_int_equal(flow->fixture->orders, 1);
	receipt_is(flow, &message, KIND(FAILED), true);
}

static void what_a_far_side_cannot_take_now_goes_by_the_schedule(void **state)
{
	static const unsigned minutes[] = { 1, 5, 15 }; /* a consent lives no longer */
	struct flow *flow = *state;
	struct message message;

	flow->leg_rc = FG_E_LINK_BUSY;
	submit_to(flow, &message, NOBODY);
	for (unsigned i = 0; i < ARRAY_LEN(minutes); i++) {
		int64_t ms = (int64_t)minutes[i] * 60000;

		flow_sent(flow, i + 1, FG_LEG_DEFERRED);
		flow_later(flow, ms * 85 / 100);
		assert_int_equal(flow->fixture->orders, i + 1);
		flow_later(flow, ms * 27 / 100);
	}
	flow_sent(flow, ARRAY_LEN(minutes) + 1, FG_LEG_ACCEPTED);
	receipt_is(flow, &message, KIND(SENT), false);
}

static void a_deferred_leg_is_given_again_later_as_the_next_leg(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_to(flow, &message, NOBODY);
	flow_sent(flow, 1, FG_LEG_DEFERRED);
	assert_int_equal(flow->fixture->orders, 1);
	flow_later(flow, 6000);
	flow_sent(flow, 2, FG_LEG_ACCEPTED);
	assert_int_equal(flow->fixture->order[1].link, 0);
	assert_int_equal(flow->fixture->order[1].leg, 2);
	receipt_is(flow, &message, KIND(SENT), false);
}

static void
a_refusal_for_good_is_final_and_a_passing_one_is_tried_again_with_the_same_leg(void **state)
{
	static const enum fg_rc passing[] = { FG_E_LOG_IO, FG_E_LINK_DOWN, FG_E_LINK_THROTTLED };
	static const enum fg_rc lasting[] = { FG_E_CONSENT_USED, FG_E_BODY_COMMITMENT,
					      FG_E_LOG_FORK, FG_E_STATE };
	struct flow *flow = *state;
	struct message message;
	unsigned orders = 0;

	for (size_t i = 0; i < ARRAY_LEN(passing); i++) {
		submit_to(flow, &message, NOBODY);
		flow_turn(flow);
		assert_int_equal(flow->fixture->orders, ++orders);
		flow_refused(flow, passing[i], i > 0);
		assert_state("held", flow, &message);
		flow_later(flow, 6000);
		flow_sent(flow, ++orders, FG_LEG_ACCEPTED);
		assert_int_equal(flow->fixture->order[orders - 1].leg, 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(lasting); i++) {
		submit_to(flow, &message, NOBODY);
		flow_turn(flow);
		assert_int_equal(flow->fixture->orders, ++orders);
		flow_refused(flow, lasting[i], true);
		assert_string_equal(flow_receipt(flow, &message)->reason, fg_rc_name(lasting[i]));
		receipt_is(flow, &message, KIND(FAILED), true);
	}
}

static void in_doubt(struct flow *flow, struct message *message, unsigned segments)
{
	submit_to(flow, message, NOBODY);
	flow_turn(flow);
	flow_logged(flow);
	flow_leg(flow, FG_LEG_UNKNOWN, segments);
	receipt_is(flow, message, KIND(UNKNOWN), false);
	assert_true(flow_receipt(flow, message)->possible_duplicate);
	assert_state("in doubt", flow, message);
}

static void what_is_in_doubt_is_never_sent_again_and_ends_as_unknown(void **state)
{
	struct flow *flow = *state;
	struct message message;

	in_doubt(flow, &message, 1);
	flow_later(flow, 48ll * HOUR_MS);
	assert_state("in doubt", flow, &message);
	flow_later(flow, 25ll * HOUR_MS);
	receipt_is(flow, &message, KIND(UNKNOWN), true);
	assert_int_equal(flow->fixture->orders, 1);
}

static void a_report_with_the_number_of_the_leg_resolves_the_doubt(void **state)
{
	struct flow *flow = *state;
	struct message message;

	in_doubt(flow, &message, 1);
	flow_report(flow, "x1", FG_DLR_DELIVERED, true, true);
	receipt_is(flow, &message, KIND(DELIVERED), true);
	in_doubt(flow, &message, 1);
	flow_report(flow, "x2", FG_DLR_UNDELIVERABLE, true, true);
	receipt_is(flow, &message, KIND(FAILED), true);
}

static void one_part_of_two_in_doubt_is_no_delivery(void **state)
{
	struct flow *flow = *state;
	struct message message;

	in_doubt(flow, &message, 2);
	flow_report(flow, "x1", FG_DLR_DELIVERED, true, true);
	flow_report(flow, "x1", FG_DLR_DELIVERED, true, true); /* the same report twice */
	assert_state("in doubt", flow, &message);
	flow_report(flow, "x2", FG_DLR_DELIVERED, true, true);
	receipt_is(flow, &message, KIND(DELIVERED), true);
}

/* A gateway that stops gives up what it still looks for, unacknowledged. */
static void a_report_counts_once_and_only_under_its_reference(void **state)
{
	struct flow *flow = *state;
	struct message message, other;
	const Fallgate__Receipt *receipt;

	submit_to(flow, &other, NOBODY);
	flow_sent(flow, 1, FG_LEG_FAILED); /* leaves no reference */
	flow_sent(flow, 2, FG_LEG_FAILED);
	submit_to(flow, &message, NOBODY);
	flow_turn(flow);
	flow_logged(flow);
	flow_leg(flow, FG_LEG_ACCEPTED, 2);
	flow_report(flow, "m9", FG_DLR_DELIVERED, true, false); /* nobody's */
	flow_report(flow, "m1", FG_DLR_ENROUTE, false, false);
	receipt_is(flow, &message, KIND(SENT), false);
	flow_report(flow, "m1", FG_DLR_UNDELIVERABLE, true, false);
	flow_report(flow, "m1", FG_DLR_DELIVERED, true, false); /* it was final */
	receipt_is(flow, &message, KIND(SENT), false);
	flow_later(flow, 70ll * HOUR_MS); /* nearly three days late */
	flow_report(flow, "m2", FG_DLR_DELIVERED, true, false);
	receipt_is(flow, &message, KIND(FAILED), true);
	flow_report(flow, "m2", FG_DLR_DELIVERED, true, false);
	receipt = flow_receipt(flow, &message);
	assert_int_equal(receipt->kind, KIND(FAILED));
	assert_int_equal(receipt->protection, FALLGATE__PROTECTION__PROTECTION_NONE);
	receipt_is(flow, &other, KIND(FAILED), true);
	assert_int_equal(flow->fixture->stored,
			 6); /* nobody's as well: nothing is on its way that it could be about */
}

static void stop_looking(struct flow *flow)
{
	struct fg_core *core = &flow->fixture->core;
	uint64_t until = fg_clock_mono_ms(core->clock) + 300;

	core->stopping = true;
	while (fg_clock_mono_ms(core->clock) < until)
		fg_loop_step(core->loop,
			     false); /* its timer was the last one: waiting could be for ever */
}

/* An order is in flight, so the commit that makes the report's message known might be on its way. */
static void a_core_that_stops_while_it_looks_acknowledges_nothing(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_to(flow, &message, NOBODY);
	flow_turn(flow);
	flow_report(flow, "m9", FG_DLR_DELIVERED, true, false);
	assert_int_equal(flow->fixture->stored, 0);
	stop_looking(flow);
	assert_int_equal(flow->fixture->stored, 0);
}

static void a_report_of_nobody_is_let_go_at_once_when_nothing_is_on_its_way(void **state)
{
	struct flow *flow = *state;

	flow_report(flow, "m9", FG_DLR_DELIVERED, true, false);
	fixture_until(flow->fixture, &flow->fixture->stored, 0);
	assert_int_equal(flow->fixture->stored, 1);
}

static void a_report_is_acknowledged_only_when_it_is_stored(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_to(flow, &message, NOBODY);
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	flow->fixture->submit_rc = FG_E_STORE_BUSY;
	flow_report(flow, "m1", FG_DLR_DELIVERED, true, false);
	assert_int_equal(flow->fixture->stored, 0);
	flow->fixture->submit_rc = FG_OK;
	flow_turn(flow);
	assert_int_equal(flow->fixture->stored, 1);
	receipt_is(flow, &message, KIND(DELIVERED), true);
}

static void what_the_vault_says_once_outlives_a_busy_store(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_to(flow, &message, NOBODY);
	flow_turn(flow);
	flow_logged(flow);
	flow->fixture->submit_rc = FG_E_STORE_BUSY;
	flow_leg(flow, FG_LEG_ACCEPTED, 1);
	flow->fixture->submit_rc = FG_OK;
	flow->fixture->get_rc = FG_E_STORE_BUSY;
	flow_turn(flow);
	flow->fixture->get_rc = FG_OK;
	receipt_is(flow, &message, KIND(SENT), false);
	assert_int_equal(flow_receipt(flow, &message)->leaf->index, 7);
}

static void an_order_in_flight_is_given_again_when_the_chain_comes_back(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_to(flow, &message, NOBODY);
	flow_turn(flow);
	assert_int_equal(flow->fixture->orders, 1);
	fg_jobs_chain_changed(&flow->fixture->core, true);
	flow_turn(flow);
	assert_int_equal(flow->fixture->orders, 2);
	assert_int_equal(flow->fixture->order[1].leg, flow->fixture->order[0].leg);
	assert_int_equal(flow->fixture->order[1].concat_ref, flow->fixture->order[0].concat_ref);
	flow_logged(flow);
	flow_leg(flow, FG_LEG_ACCEPTED, 1);
	flow_leg(flow, FG_LEG_FAILED, 1); /* said again, otherwise: it is settled */
	receipt_is(flow, &message, KIND(SENT), false);
	assert_int_equal(flow->fixture->orders, 2);
}

/* ---- the recipient's devices ---- */

static const Fallgate__Push *submit_secure(struct flow *flow, struct message *message)
{
	const Fallgate__Push *push;

	flow_message(flow, message, BOB);
	message->consent.for_undelivered_after_ms = 60000;
	flow_part(message, flow->bob.device_id);
	assert_kind(ACCEPTED, flow_submit(flow, message));
	push = flow_push(flow, FALLGATE__PUSH_KIND__PUSH_MESSAGE, message);
	assert_non_null(push);
	return push;
}

static void an_acknowledgement_is_the_end_and_nothing_is_downgraded_after_it(void **state)
{
	struct flow *flow = *state;
	struct message message;
	const Fallgate__Receipt *receipt;
	const Fallgate__Push *push = submit_secure(flow, &message);

	assert_kind(DONE, flow_acknowledge(flow, BOB_CONN, &flow->bob, push));
	receipt = flow_receipt(flow, &message);
	assert_int_equal(receipt->kind, KIND(DELIVERED));
	assert_int_equal(receipt->protection, FALLGATE__PROTECTION__PROTECTION_E2E);
	assert_non_null(receipt->ack);
	assert_memory_equal(receipt->ack_device.data, flow->bob.device_id, 16);
	flow_later(flow, 2 * 60000);
	assert_int_equal(flow->fixture->orders, 0);
}

static void silence_takes_the_copies_back_and_a_late_acknowledgement_is_said(void **state)
{
	struct flow *flow = *state;
	struct message message;
	const Fallgate__Push *push = submit_secure(flow, &message);

	flow_later(flow, 61000);
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	assert_int_equal(flow->fixture->order[0].row, 10);
	assert_int_equal(flow->fixture->order[0].reason, FG_REASON_UNDELIVERED);
	assert_kind(DONE, flow_acknowledge(flow, BOB_CONN, &flow->bob,
					   push)); /* the push was on its way */
	receipt_is(flow, &message, KIND(POSSIBLE_DUPLICATE), false);
	flow_report(flow, "m1", FG_DLR_DELIVERED, true, false);
	receipt_is(flow, &message, KIND(DELIVERED), true);
	assert_true(flow_receipt(flow, &message)->possible_duplicate);
}

static void on_acked(enum fg_rc rc, void *arg)
{
	(void)rc;
	(void)arg;
}

/* The row is gone as an acknowledgement takes it, whose own event has not come yet. */
static void acknowledge_unheard(struct flow *flow, const struct message *message)
{
	struct fg_store_op op = { .op = FG_OP_QUEUE_ACK, .id = message->id };

	memcpy(op.device, flow->bob.device_id, sizeof(op.device));
	flow_store(flow, &op);
}

static void a_withdrawal_that_meets_an_acknowledgement_downgrades_nothing(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_secure(flow, &message);
	acknowledge_unheard(flow, &message);
	fixture_forget(flow->fixture);
	flow_later(flow, 61000);
	flow_later(flow, HOUR_MS / 2);
	assert_int_equal(flow->fixture->orders, 0);
	assert_state("secure", flow, &message);
	assert_null(flow_push(flow, FALLGATE__PUSH_KIND__PUSH_MESSAGE,
			      &message)); /* nor is it queued again */
	fg_message_acked(&flow->fixture->core, flow->bob.device_id, FG_BYTES(NULL, 0), &message.id,
			 1, on_acked, NULL);
	receipt_is(flow, &message, KIND(DELIVERED), true);
}

static void a_cancel_that_meets_an_acknowledgement_is_too_late(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_secure(flow, &message);
	acknowledge_unheard(flow, &message);
	assert_error("E_CONFLICT", flow_cancel(flow, &message));
	fg_message_acked(&flow->fixture->core, flow->bob.device_id, FG_BYTES(NULL, 0), &message.id,
			 1, on_acked, NULL);
	receipt_is(flow, &message, KIND(DELIVERED), true);
}

static void a_cancel_before_opening_ends_it_and_after_it_is_too_late(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_secure(flow, &message);
	assert_kind(DONE, flow_cancel(flow, &message));
	receipt_is(flow, &message, KIND(CANCELLED), true);
	flow_message(flow, &message, NOBODY);
	message.consents = false;
	assert_kind(ASK, flow_submit(flow, &message));
	assert_kind(DONE, flow_cancel(flow, &message));
	receipt_is(flow, &message, KIND(CANCELLED), true);
	assert_int_equal(flow->fixture->orders, 0);
	submit_to(flow, &message, NOBODY);
	flow_turn(flow);
	assert_error("E_CONFLICT", flow_cancel(flow, &message));
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	receipt_is(flow, &message, KIND(SENT), false);
}

static void the_senders_own_copy_proves_no_delivery(void **state)
{
	struct flow *flow = *state;
	struct message message;

	submit_secure(flow, &message);
	fg_message_acked(&flow->fixture->core, flow->alice.device_id, FG_BYTES(NULL, 0),
			 &message.id, 1, on_acked, NULL);
	assert_state("secure", flow, &message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW(a_leg_that_was_taken_is_said_with_its_proof_then_as_the_carriers_claim),
		FLOW(a_failed_leg_is_followed_by_the_next_link_and_the_last_failure_is_final),
		FLOW(a_suspended_link_is_given_nothing_until_it_is_resumed),
		FLOW(a_deferred_leg_is_given_again_later_as_the_next_leg),
		FLOW(what_a_far_side_cannot_take_now_goes_by_the_schedule),
		FLOW(a_recipient_that_is_refused_for_good_is_not_tried_on_other_links),
		FLOW(a_refusal_for_good_is_final_and_a_passing_one_is_tried_again_with_the_same_leg),
		FLOW(what_is_in_doubt_is_never_sent_again_and_ends_as_unknown),
		FLOW(a_report_with_the_number_of_the_leg_resolves_the_doubt),
		FLOW(one_part_of_two_in_doubt_is_no_delivery),
		FLOW(a_report_counts_once_and_only_under_its_reference),
		FLOW(a_core_that_stops_while_it_looks_acknowledges_nothing),
		FLOW(a_report_of_nobody_is_let_go_at_once_when_nothing_is_on_its_way),
		FLOW(a_report_is_acknowledged_only_when_it_is_stored),
		FLOW(what_the_vault_says_once_outlives_a_busy_store),
		FLOW(an_order_in_flight_is_given_again_when_the_chain_comes_back),
		FLOW(an_acknowledgement_is_the_end_and_nothing_is_downgraded_after_it),
		FLOW(silence_takes_the_copies_back_and_a_late_acknowledgement_is_said),
		FLOW(a_withdrawal_that_meets_an_acknowledgement_downgrades_nothing),
		FLOW(a_cancel_that_meets_an_acknowledgement_is_too_late),
		FLOW(a_cancel_before_opening_ends_it_and_after_it_is_too_late),
		FLOW(the_senders_own_copy_proves_no_delivery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
