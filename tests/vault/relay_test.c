/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A message of an application through the vault, the log and the vault again; then one thing after another is wrong, and nothing may
 * reach the link.
 */
#include <string.h>
#include "gateway/vault/vault_internal.h"
#include "tests/support/relay_fixture.h"

static void a_text_of_an_application_reaches_the_link_marked(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	assert_null(memmem(r.chain.offered.sealed.body.data, r.chain.offered.sealed.body.len,
			   "parcel", 6));
	assert_int_equal(r.chain.offered.sealed.segments, 1);
	assert_int_equal(r.chain.offered.sealed.validity_s, 600);
	relay_expect_job(&r);
	assert_string_equal(r.chain.job_text, "(Not encrypted) SHOP: your parcel is here");
	assert_string_equal(r.chain.job_source, "+12025550000");
	relay_end(&r);
}

static void a_text_is_wiped_once_it_is_handed_out(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	relay_expect_job(&r);
	assert_int_equal(r.chain.vault->texts.len, 0);
	assert_null(memmem(r.chain.vault->texts.data, r.chain.vault->texts.cap, "parcel", 6));
	assert_null(memmem(r.chain.vault->plain.data, r.chain.vault->plain.cap, "parcel", 6));
	assert_null(memmem(r.chain.vault->scratch.data, r.chain.vault->scratch.cap, "parcel", 6));
	relay_end(&r);
}

static void the_sender_shows_where_the_carrier_permits_it(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	strcpy(r.chain.conf.links[0].source, "sender");
	relay_expect_job(&r);
	assert_string_equal(r.chain.job_text, "(Not encrypted) your parcel is here");
	assert_string_equal(r.chain.job_source, "SHOP");
	relay_end(&r);
}

static void how_it_was_submitted_goes_along(void **state)
{
	struct relay r;

	(void)state;
	relay_begin(&r);
	r.submit_flags = FG_SUBMIT_FLASH;
	r.submit_protocol_id = 0x41;
	relay_submit(&r, "shop", "your parcel is here");
	relay_make_views(&r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	relay_make_order(&r);
	relay_expect_job(&r);
	assert_int_equal(r.chain.job.flags, FG_SUBMIT_FLASH);
	assert_int_equal(r.chain.job.protocol_id, 0x41);
	relay_end(&r);
}

static void the_same_order_again_opens_nothing(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	relay_expect_job(&r);
	relay_order(&r);
	assert_int_equal(r.chain.jobs, 1);
	assert_int_equal(r.chain.relayed, 2);
	assert_int_equal(fg_ledger_size(r.chain.ledger), 1);
	relay_end(&r);
}

static void after_a_restart_of_both_a_body_still_opens(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	chain_restart_log(&r.chain);
	chain_restart_vault(&r.chain);
	relay_expect_job(&r);
	relay_end(&r);
}

static void what_is_bound_to_a_body_cannot_be_changed(void **state)
{
	struct relay r;

	(void)state;
	for (int i = 0; i < 7; i++) {
		relay_prepare(&r);
		switch (i) {
		case 0:
			r.frame.relay.message_id.b[15] ^= 1;
			break;
		case 1:
			r.frame.relay.source = FG_BYTES_TEXT("BANK");
			break;
		case 2:
			r.frame.relay.message_class = FG_MESSAGE_BULK;
			break;
		case 3:
			r.frame.relay.flags = FG_SUBMIT_FLASH;
			break;
		case 4:
			r.frame.relay.protocol_id = 1;
			break;
		case 5:
			((uint8_t *)(uintptr_t)
				 r.frame.relay.body.data)[r.frame.relay.body.len - 1] ^= 1;
			break;
		default: /* another contract, with the same rights */
			r.chain.conf.accounts[1] = r.chain.conf.accounts[0];
			strcpy(r.chain.conf.accounts[1].name, "bank");
			r.chain.conf.accounts_count = 2;
			r.frame.relay.account = FG_BYTES_TEXT("bank");
		}
		relay_expect_refused(&r, FG_E_SEAL);
	}
}

static void another_recipient_needs_a_view_of_its_own(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	r.frame.relay.destination = FG_BYTES_TEXT("+12025550198");
	relay_expect_refused(&r, FG_E_SYNTAX);
}

static void a_contract_consents_to_what_it_names(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	strcpy(r.chain.conf.accounts[0].bearers, "rcs");
	relay_expect_refused(&r, FG_E_CONSENT_BEARER);
	relay_prepare(&r);
	strcpy(r.chain.conf.accounts[0].floor, "hop");
	relay_expect_refused(&r, FG_E_CONSENT_BEARER);
	relay_prepare(&r);
	r.frame.relay.account = FG_BYTES_TEXT("nobody");
	relay_expect_refused(&r, FG_E_DENIED);
	relay_prepare(&r);
	r.frame.relay.reason = FG_REASON_UNDELIVERED;
	relay_expect_refused(&r, FG_E_CONSENT_REASON);
	relay_prepare(&r);
	r.frame.relay.pin_override = 1;
	relay_expect_refused(&r, FG_E_CONSENT_PIN);
}

static void a_text_longer_than_the_contract_pays_for_is_refused(void **state)
{
	char text[700];
	struct relay r;

	(void)state;
	relay_begin(&r);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	relay_submit(&r, "shop", text);
	relay_make_views(&r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	relay_make_order(&r);
	relay_expect_refused(&r, FG_E_CONSENT_SEGMENTS);
}

static void a_view_that_is_not_the_directorys_is_refused(void **state)
{
	struct fg_sign_key other;
	struct relay r;

	(void)state;
	relay_prepare(&r);
	((uint8_t *)(uintptr_t)r.frame.relay.view.data)[r.frame.relay.view.len - 1] ^= 1;
	relay_expect_refused(&r, FG_E_PROOF);
	relay_prepare(&r);
	r.path[0] ^= 1;
	relay_expect_refused(&r, FG_E_PROOF);
	relay_prepare(&r);
	r.frame.relay.view_index = RELAY_PLACE + 1;
	relay_expect_refused(&r, FG_E_PROOF);
	relay_prepare(&r);
	fg_sign_key_new(&other);
	r.chain.directory = other;
	relay_make_views(&r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	relay_expect_refused(&r, FG_E_SIGNATURE);
}

static void a_batch_of_views_ends(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	r.chain.clock.offset_ms += 301000;
	relay_expect_refused(&r, FG_E_VIEW_EXPIRED);
}

static void a_handle_with_devices_is_not_downgraded(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	relay_make_views(&r, FALLGATE__VIEW_STATE__VIEW_SECURE, r.chain.recipient_account.public);
	relay_expect_refused(&r, FG_E_CONSENT_REASON);
	relay_prepare(&r);
	relay_make_views(&r, FALLGATE__VIEW_STATE__VIEW_SECURE, r.chain.recipient_account.public);
	r.frame.relay.reason = FG_REASON_SECURE_NOT_YET;
	relay_expect_refused(&r, FG_E_CONSENT_REASON);
	relay_prepare(&r);
	relay_make_views(&r, FALLGATE__VIEW_STATE__VIEW_SECURE, r.chain.recipient_account.public);
	r.frame.relay.reason = FG_REASON_SECURE_NOT_YET;
	strcpy(r.chain.conf.accounts[0].secure, "off");
	relay_expect_job(&r);
	relay_end(&r);
}

static void a_handle_that_was_secure_needs_the_contracts_word(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	chain_account(&r.chain, 1);
	relay_expect_refused(&r, FG_E_PIN_CONFLICT);
	relay_prepare(&r);
	chain_account(&r.chain, 1);
	r.chain.conf.accounts[0].pin_override = true;
	r.frame.relay.pin_override = 1;
	r.frame.relay.reason = FG_REASON_PIN_OVERRIDE;
	relay_expect_job(&r);
	relay_end(&r);
}

static void a_template_carries_the_mark_only_where_the_handle_was_secure(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	strcpy(r.chain.conf.accounts[0].text_mark, "pinned");
	relay_expect_job(&r);
	assert_string_equal(r.chain.job_text, "SHOP: your parcel is here");
	relay_end(&r);
	relay_prepare(&r);
	strcpy(r.chain.conf.accounts[0].text_mark, "pinned");
	chain_account(&r.chain, 1);
	r.chain.conf.accounts[0].pin_override = true;
	r.frame.relay.pin_override = 1;
	relay_expect_job(&r);
	assert_string_equal(r.chain.job_text, "(Not encrypted) SHOP: your parcel is here");
	relay_end(&r);
}

/* A change of the configuration reaches the log before the vault: the order is not lost for that. */
static void a_contract_that_is_being_changed_is_a_passing_reason(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	chain_link_full(&r.chain);
	relay_order(&r); /* logged, and no room for it */
	assert_rc(FG_E_LINK_DOWN, r.chain.refused);
	chain_link_up(&r.chain, 10);
	r.chain.conf.accounts[0].most_segments = 3;
	fg_vault_frame(r.chain.vault, &r.chain.unseal);
	chain_flush(&r.chain);
	assert_rc(FG_E_CONFLICT, r.chain.refused);
	assert_int_equal(fg_rc_class(FG_E_CONFLICT), FG_CLASS_RETRY);
	assert_int_equal(r.chain.jobs, 0);
	r.chain.conf.accounts[0].most_segments = 4;
	r.chain.refused = FG_OK;
	fg_vault_frame(r.chain.vault, &r.chain.unseal);
	chain_flush(&r.chain);
	assert_rc(FG_OK, r.chain.refused);
	assert_int_equal(r.chain.jobs, 1);
	relay_end(&r);
}

static void a_second_leg_waits_for_the_end_of_the_first(void **state)
{
	struct chain_order done = { .leg = 1 };
	struct relay r;

	(void)state;
	relay_prepare(&r);
	relay_expect_job(&r);
	r.frame.relay.leg = 2;
	relay_order(&r);
	assert_rc(FG_E_LEG_ORDER, r.chain.refused);
	assert_int_equal(r.chain.jobs, 1);
	done.message_id = r.frame.relay.message_id;
	chain_outcome(&r.chain, &done, FG_OUTCOME_FAILED);
	relay_order(&r);
	assert_rc(FG_OK, r.chain.refused);
	assert_int_equal(r.chain.jobs, 2);
	relay_end(&r);
}

static void without_a_core_nothing_is_taken(void **state)
{
	struct relay r;

	(void)state;
	relay_begin(&r);
	r.chain.core_full = true;
	relay_submit(&r, "shop", "hello");
	assert_int_equal(r.chain.offers, 0);
	assert_int_equal(r.chain.taken, 1);
	assert_rc(FG_E_IPC_FULL, r.chain.taken_rc);
	relay_end(&r);
}

static void only_an_account_of_the_configuration_may_submit(void **state)
{
	struct relay r;

	(void)state;
	relay_begin(&r);
	relay_submit(&r, "nobody", "hello");
	assert_int_equal(r.chain.offers, 0);
	assert_rc(FG_E_DENIED, r.chain.taken_rc);
	strcpy(r.chain.conf.accounts[0].link, "elsewhere");
	relay_submit(&r, "shop", "hello");
	assert_int_equal(r.chain.offers, 0);
	assert_int_equal(r.chain.taken, 2);
	strcpy(r.chain.conf.accounts[0].link, "apps");
	relay_submit(&r, "shop", "hello");
	assert_int_equal(r.chain.offers, 1);
	relay_end(&r);
}

static void the_same_words_have_the_same_hash(void **state)
{
	uint8_t first[32];
	struct relay r;

	(void)state;
	relay_begin(&r);
	relay_submit(&r, "shop", "hello");
	memcpy(first, r.chain.offered.sealed.same, sizeof(first));
	relay_submit(&r, "shop", "hello");
	assert_memory_equal(first, r.chain.offered.sealed.same, sizeof(first));
	relay_submit(&r, "shop", "hello!");
	assert_memory_not_equal(first, r.chain.offered.sealed.same, sizeof(first));
	relay_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_of_an_application_reaches_the_link_marked),
		cmocka_unit_test(a_text_is_wiped_once_it_is_handed_out),
		cmocka_unit_test(the_sender_shows_where_the_carrier_permits_it),
		cmocka_unit_test(how_it_was_submitted_goes_along),
		cmocka_unit_test(the_same_order_again_opens_nothing),
		cmocka_unit_test(after_a_restart_of_both_a_body_still_opens),
		cmocka_unit_test(what_is_bound_to_a_body_cannot_be_changed),
		cmocka_unit_test(another_recipient_needs_a_view_of_its_own),
		cmocka_unit_test(a_contract_consents_to_what_it_names),
		cmocka_unit_test(a_text_longer_than_the_contract_pays_for_is_refused),
		cmocka_unit_test(a_view_that_is_not_the_directorys_is_refused),
		cmocka_unit_test(a_batch_of_views_ends),
		cmocka_unit_test(a_handle_with_devices_is_not_downgraded),
		cmocka_unit_test(a_handle_that_was_secure_needs_the_contracts_word),
		cmocka_unit_test(a_template_carries_the_mark_only_where_the_handle_was_secure),
		cmocka_unit_test(a_contract_that_is_being_changed_is_a_passing_reason),
		cmocka_unit_test(a_second_leg_waits_for_the_end_of_the_first),
		cmocka_unit_test(without_a_core_nothing_is_taken),
		cmocka_unit_test(only_an_account_of_the_configuration_may_submit),
		cmocka_unit_test(the_same_words_have_the_same_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
