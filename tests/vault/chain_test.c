/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log and the vault together: what is let through, and everything that must not be.
 */
#include "tests/support/chain_fixture.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct chain chain;
static struct chain_order order;
static struct fg_id other_id = { .b = { 1, 2, 3 } };
static uint8_t other_hash[32] = { 9 };

static int set_up(void **state)
{
	(void)state;
	chain_start(&chain);
	chain_order_init(&chain, &order);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	chain_stop(&chain);
	return 0;
}

static void refused_with(enum fg_rc expected)
{
	chain_send(&chain, &order);
	if (chain.refused != expected)
		fail_msg("refused with %s, not %s", fg_rc_name(chain.refused),
			 fg_rc_name(expected));
	assert_int_equal(chain.jobs, 0);
}

static void a_consented_message_is_logged_marked_and_handed_over(void **state)
{
	(void)state;
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_OK);
	assert_int_equal(fg_ledger_size(chain.ledger), 1);
	assert_int_equal(chain.jobs, 1);
	assert_string_equal(chain.job_text, "(Not encrypted) +12025550100: see you at eight");
	assert_string_equal(chain.job_source, "+12025550000");
	assert_int_equal(chain.leg_state, FG_LEG_OPENED);
	chain_outcome(&chain, &order, FG_OUTCOME_ACCEPTED);
	assert_int_equal(chain.leg_state, FG_LEG_ACCEPTED);
}

static void drain(void)
{
	const struct fg_frame frame = { .type = FG_IPC_DRAIN };

	fg_vault_frame(chain.vault, &frame);
}

static void a_link_that_drains_is_given_no_job(void **state)
{
	(void)state;
	chain_send(&chain, &order);
	assert_int_equal(chain.jobs, 1);
	drain();
	assert_int_equal(chain.drains, 1);
	/* It is up, and says so; its job ends as ever. */
	chain_link_up(&chain, 10);
	chain_outcome(&chain, &order, FG_OUTCOME_ACCEPTED);
	assert_int_equal(chain.leg_state, FG_LEG_ACCEPTED);
	chain_order_init(&chain, &order);
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_LINK_DOWN);
	assert_int_equal(chain.jobs, 1);
	/* The one that comes after it is another. */
	fg_vault_link_closed(chain.vault, 0);
	chain.drains = 0;
	chain_link_up(&chain, 10);
	chain.refused = FG_OK;
	chain_order_init(&chain, &order);
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_OK);
	assert_int_equal(chain.jobs, 2);
}

/* The order was on its way when the link said that it takes less now: it takes that one. But never more than it ever said. */
static void an_order_may_cross_a_lower_word_of_the_link(void **state)
{
	(void)state;
	chain_link_full(&chain);
	chain_link_up(&chain, 1);
	chain_link_up(&chain, 0);
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_OK);
	assert_int_equal(chain.jobs, 1);
	chain_order_init(&chain, &order);
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_LINK_DOWN);
	assert_int_equal(chain.jobs, 1);
}

static void a_link_that_stops_hears_when_no_job_is_on_its_way(void **state)
{
	const struct fg_frame frame = { .type = FG_IPC_DRAIN };

	(void)state;
	fg_vault_link_frame(chain.vault, 0, &frame);
	assert_int_equal(chain.drains, 1);
	refused_with(FG_E_LINK_DOWN);
}

static void spoil_signature(void)
{
	order.flip = 200;
}
static void spoil_expired(void)
{
	order.consent.expires_ms = order.consent.not_before_ms + 1000;
}
static void spoil_early(void)
{
	order.consent.not_before_ms += 60000;
}
static void spoil_long(void)
{
	order.consent.expires_ms += FG_CONSENT_LIFE_MAX_MS;
}
static void spoil_message(void)
{
	order.consent.message_id = (ProtobufCBinaryData){ 16, other_id.b };
}
static void spoil_recipient(void)
{
	order.consent.recipient = (char *)(uintptr_t) "+12025550198";
}
static void spoil_bearer(void)
{
	order.bearer = FALLGATE__BEARER__BEARER_RCS;
}
static void spoil_reason(void)
{
	order.consent.for_absent = false;
}
static void spoil_gateway(void)
{
	order.consent.gateway_id = (ProtobufCBinaryData){ 16, other_id.b };
}
static void spoil_log(void)
{
	order.consent.log_id = (ProtobufCBinaryData){ 32, other_hash };
}
static void spoil_capsule(void)
{
	order.consent.capsule_hash = (ProtobufCBinaryData){ 32, other_hash };
}
static void spoil_commitment(void)
{
	order.consent.body_commitment = (ProtobufCBinaryData){ 32, other_hash };
}
static void spoil_mark(void)
{
	order.consent.mark = (ProtobufCBinaryData){ 32, other_hash };
}
static void spoil_signer(void)
{
	order.signer = chain.second_device;
}
static void spoil_seals(void)
{
	order.capsule_id = other_id;
}
static void spoil_capsule_recipient(void)
{
	order.capsule_recipient = "+12025550198";
}
static void spoil_segments(void)
{
	order.consent.max_segments = 1;
	memset(order.body, '{', sizeof(order.body) - 1);
	strcpy(chain.conf.mark.text, "(This text is not encrypted at all) ");
	order.mark = fg_sha256(chain.conf.mark.text, strlen(chain.conf.mark.text));
}
static void spoil_view_time(void)
{
	order.view.expires_ms = order.view.not_before_ms + 500;
}
static void spoil_view_future(void)
{
	order.view.not_before_ms += 60000;
}
static void spoil_view_signature(void)
{
	fg_sign_key_new(&chain.directory);
}
static void spoil_view_secure(void)
{
	order.view.state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	order.view.account_key = (ProtobufCBinaryData){ 32, other_hash };
}
static void spoil_leaf(void)
{
	chain.spoil_salt = true;
}
static void spoil_leg(void)
{
	order.leg = 2;
}
static void spoil_link(void)
{
	chain_link_full(&chain);
}
static void spoil_truncated(void)
{
	chain_seal(&chain, &order);
	order.capsule_len--;
	order.capsule_hash = fg_sha256(order.capsule, order.capsule_len);
}
static void spoil_extended(void)
{
	chain_seal(&chain, &order);
	order.capsule[order.capsule_len++] = 0;
	order.capsule_hash = fg_sha256(order.capsule, order.capsule_len);
}
static void spoil_zero(void)
{
	chain_seal(&chain, &order);
	memset(order.capsule + 12, 0, order.capsule_len - 12);
	order.capsule_hash = fg_sha256(order.capsule, order.capsule_len);
}

static const struct {
	const char *name;
	void (*spoil)(void);
	enum fg_rc rc;
} refusals[] = {
	{ "signature", spoil_signature, FG_E_CONSENT_SIGNATURE },
	{ "expired", spoil_expired, FG_E_CONSENT_TIME },
	{ "not yet valid", spoil_early, FG_E_CONSENT_TIME },
	{ "longer than a day", spoil_long, FG_E_CONSENT_TIME },
	{ "another message", spoil_message, FG_E_CONSENT_MESSAGE },
	{ "another recipient", spoil_recipient, FG_E_CONSENT_RECIPIENT },
	{ "another bearer", spoil_bearer, FG_E_CONSENT_BEARER },
	{ "another reason", spoil_reason, FG_E_CONSENT_REASON },
	{ "another gateway", spoil_gateway, FG_E_CONSENT_GATEWAY },
	{ "another log", spoil_log, FG_E_CONSENT_GATEWAY },
	{ "another capsule", spoil_capsule, FG_E_CONSENT_CAPSULE },
	{ "another mark", spoil_mark, FG_E_CONSENT_MARK },
	{ "a second device of the account", spoil_signer, FG_E_CAPSULE_SIGNER },
	{ "another recipient inside the capsule", spoil_capsule_recipient, FG_E_CAPSULE_MESSAGE },
	{ "seals of another message", spoil_seals, FG_E_CAPSULE },
	{ "capsule cut", spoil_truncated, FG_E_CAPSULE },
	{ "capsule with a byte more", spoil_extended, FG_E_CAPSULE },
	{ "capsule of zeros", spoil_zero, FG_E_CAPSULE },
	{ "too many segments", spoil_segments, FG_E_CONSENT_SEGMENTS },
	{ "view expired", spoil_view_time, FG_E_VIEW_EXPIRED },
	{ "view of the future", spoil_view_future, FG_E_VIEW_EXPIRED },
	{ "view by somebody else", spoil_view_signature, FG_E_SIGNATURE },
	{ "absent, but the view says secure", spoil_view_secure, FG_E_CONSENT_REASON },
	{ "the log lies about the leaf", spoil_leaf, FG_E_LOG_ORDER },
	{ "second leg first", spoil_leg, FG_E_LEG_ORDER },
	{ "link without credit", spoil_link, FG_E_LINK_DOWN },
	{ "another body", spoil_commitment, FG_E_BODY_COMMITMENT },
};

static void a_spoiled_order_opens_nothing(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		refusals[i].spoil();
		chain_send(&chain, &order);
		if (chain.refused != refusals[i].rc || chain.jobs > 0)
			fail_msg("%s: %s, not %s, jobs %u", refusals[i].name,
				 fg_rc_name(chain.refused), fg_rc_name(refusals[i].rc), chain.jobs);
		tear_down(state);
		set_up(state);
	}
}

static void another_body_is_an_alarm_in_the_log(void **state)
{
	(void)state;
	spoil_commitment();
	refused_with(FG_E_BODY_COMMITMENT);
	assert_int_equal(chain.alarms, 1);
	assert_int_equal(fg_ledger_size(chain.ledger), 2);
}

static void a_pinned_handle_needs_its_epoch_acknowledged(void **state)
{
	(void)state;
	chain_account(&chain, 5);
	assert_int_equal(chain.noted, FG_OK);
	order.view.epoch = 5;
	refused_with(FG_E_PIN_CONFLICT);
	order.consent.pin_ack = true;
	order.consent.pin_epoch = 4;
	refused_with(FG_E_CONSENT_PIN);
	chain_restart_vault(&chain);
	refused_with(FG_E_CONSENT_PIN);
	order.consent.pin_epoch = 5;
	chain_send(&chain, &order);
	assert_int_equal(chain.jobs, 1);
}

static void a_view_older_than_the_pin_is_refused(void **state)
{
	(void)state;
	chain_account(&chain, 5);
	order.view.epoch = 4;
	order.consent.pin_ack = true;
	order.consent.pin_epoch = 5;
	refused_with(FG_E_VIEW_STALE);
}

static void a_leg_ordered_again_opens_nothing(void **state)
{
	(void)state;
	chain_send(&chain, &order);
	chain_send(&chain, &order);
	assert_int_equal(chain.jobs, 1);
	assert_int_equal(chain.legs, 2);
	chain_restart_log(&chain);
	chain_send(&chain, &order);
	chain_restart_vault(&chain);
	chain_send(&chain, &order);
	assert_int_equal(chain.jobs, 1);
	assert_int_equal(fg_ledger_size(chain.ledger), 1);
	assert_int_equal(chain.leg_state, FG_LEG_UNKNOWN);
}

/* As a new process: its clock has seen nothing yet. */
static void forget_the_clock(void)
{
	chain.clock.known = false;
	chain.clock.wall_minus_mono_ms = 0;
}

static void a_restart_does_not_forget_how_far_the_clock_has_been(void **state)
{
	(void)state;
	chain_send(&chain, &order);
	chain.clock.wall_offset_ms -= 3600000;
	forget_the_clock();
	chain_restart_vault(&chain);
	assert_true(fg_clock_went_back(&chain.clock));
	forget_the_clock();
	chain_restart_log(&chain);
	assert_true(fg_clock_went_back(&chain.clock));
	chain_order_init(&chain, &order);
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_CLOCK_HOLD);
	assert_int_equal(chain.jobs, 1);
}

static void a_second_leg_opens_only_after_the_first_failed(void **state)
{
	(void)state;
	chain_send(&chain, &order);
	order.leg = 2;
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_LEG_ORDER);
	order.leg = 1;
	chain_outcome(&chain, &order, FG_OUTCOME_FAILED);
	chain_restart_vault(&chain);
	order.leg = 2;
	chain_send(&chain, &order);
	assert_int_equal(chain.jobs, 2);
}

static void a_crash_between_append_and_open_loses_nothing(void **state)
{
	(void)state;
	chain.drop_opens = true;
	chain_send(&chain, &order);
	assert_int_equal(chain.jobs, 0);
	chain.drop_opens = false;
	chain_restart_log(&chain);
	chain_send(&chain, &order);
	assert_int_equal(chain.jobs, 1);
	assert_int_equal(fg_ledger_size(chain.ledger), 1);
}

static void a_link_that_goes_away_leaves_its_legs_unknown(void **state)
{
	(void)state;
	chain_send(&chain, &order);
	fg_vault_link_closed(chain.vault, 0);
	chain_flush(&chain);
	assert_int_equal(chain.leg_state, FG_LEG_UNKNOWN);
}

static void a_core_that_comes_back_hears_which_links_are_up(void **state)
{
	(void)state;
	assert_true(chain.link_up);
	chain.link_up = false;
	chain.link_credits = 0;
	fg_vault_core_open(chain.vault);
	assert_true(chain.link_up);
	assert_int_equal(chain.link_credits, 10);
	fg_vault_link_closed(chain.vault, 0);
	assert_false(chain.link_up);
	chain.link_up = true;
	fg_vault_core_open(chain.vault);
	assert_false(chain.link_up);
}

static char *log_journal(void)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/log/journal", chain.folder);
	return path;
}

static void a_torn_tail_is_cut_off(void **state)
{
	FILE *f;

	(void)state;
	chain_send(&chain, &order);
	f = fopen(log_journal(), "ab");
	fwrite("\0\0\1\0torn", 1, 8, f);
	fclose(f);
	chain_restart_log(&chain);
	assert_int_equal(fg_ledger_size(chain.ledger), 1);
}

static void a_log_rolled_back_is_refused(void **state)
{
	(void)state;
	chain_send(&chain, &order);
	assert_int_equal(truncate(log_journal(), 0), 0);
	chain_restart_log(&chain);
	assert_int_equal(fg_ledger_size(chain.ledger), 0);
	chain_order_init(&chain, &order);
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_LOG_FORK);
	assert_int_equal(chain.jobs, 1);
}

static void leaves_that_do_not_follow_are_a_fork_for_the_vault(void **state)
{
	struct fg_frame frame = { .type = FG_IPC_LEAVES };

	(void)state;
	chain_send(&chain, &order);
	frame.leaves.first_index = 0;
	frame.leaves.hashes = FG_BYTES(other_hash, 32);
	fg_vault_frame(chain.vault, &frame);
	chain_order_init(&chain, &order);
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_LOG_FORK);
	assert_int_equal(chain.jobs, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_consented_message_is_logged_marked_and_handed_over),
		CASE(a_link_that_drains_is_given_no_job),
		CASE(an_order_may_cross_a_lower_word_of_the_link),
		CASE(a_link_that_stops_hears_when_no_job_is_on_its_way),
		CASE(a_spoiled_order_opens_nothing),
		CASE(another_body_is_an_alarm_in_the_log),
		CASE(a_pinned_handle_needs_its_epoch_acknowledged),
		CASE(a_view_older_than_the_pin_is_refused),
		CASE(a_leg_ordered_again_opens_nothing),
		CASE(a_restart_does_not_forget_how_far_the_clock_has_been),
		CASE(a_second_leg_opens_only_after_the_first_failed),
		CASE(a_crash_between_append_and_open_loses_nothing),
		CASE(a_link_that_goes_away_leaves_its_legs_unknown),
		CASE(a_core_that_comes_back_hears_which_links_are_up),
		CASE(a_torn_tail_is_cut_off),
		CASE(a_log_rolled_back_is_refused),
		CASE(leaves_that_do_not_follow_are_a_fork_for_the_vault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
