/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A message of an application through the vault, the log and the vault again; then one thing after another is wrong, and nothing may
 * reach the link.
 */
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "gateway/vault/vault_internal.h"
#include "lib/crypto/merkle.h"
#include "lib/wire/alphabet.h"
#include "tests/support/chain_fixture.h"

enum { BATCH = 5, PLACE = 3 };

#define DESTINATION "+12025550199"

struct relay {
	struct chain chain;
	struct fg_frame frame; /* RELAY */
	uint8_t view[512], path[512], batch[512];
	void *sealed_ctx;
};

static void begin(struct relay *r)
{
	struct fg_conf_accounts account = { .name = "shop",
					    .sender = "SHOP",
					    .bearers = "sms",
					    .floor = "none",
					    .secure = "default",
					    .text_mark = "always",
					    .message_class = "normal",
					    .most_segments = 4,
					    .validity_s = 600 };

	memset(r, 0, sizeof(*r));
	chain_start(&r->chain);
	r->chain.conf.links_count = 2;
	r->chain.conf.links[1] =
		(struct fg_conf_links){ .name = "apps", .adapter = "smpp-server", .bearer = "sms" };
	r->chain.conf.accounts_count = 1;
	r->chain.conf.accounts[0] = account;
}

static void end(struct relay *r)
{
	talloc_free(r->sealed_ctx);
	talloc_free(r->chain.offered_ctx);
	talloc_free(r->chain.unseal_ctx);
	chain_stop(&r->chain);
}

static void submit(struct relay *r, const char *account, const char *text)
{
	struct fg_frame frame = { .type = FG_IPC_SUBMIT };

	frame.submit.token = 17;
	frame.submit.kind = FG_SUBMIT_APPLICATION;
	frame.submit.account = FG_BYTES_TEXT(account);
	frame.submit.source = FG_BYTES_TEXT("SHOP");
	frame.submit.destination = FG_BYTES_TEXT(DESTINATION);
	frame.submit.message_class = FG_MESSAGE_NORMAL;
	frame.submit.text = FG_BYTES_TEXT(text);
	fg_vault_link_frame(r->chain.vault, 1, &frame);
}

/* Views of some handles as a batch; ours is one in the middle. */
static void make_views(struct relay *r, Fallgate__ViewState state, const uint8_t *account_key)
{
	struct fg_merkle_tree *tree = fg_merkle_tree_new();
	uint64_t now = fg_clock_wall_ms(&r->chain.clock);
	struct fg_hash tag = fg_handle_tag(DESTINATION), root;
	Fallgate__ViewBatch batch = FALLGATE__VIEW_BATCH__INIT;
	Fallgate__View view = FALLGATE__VIEW__INIT;
	struct fg_merkle_path path;
	size_t len = 0;

	view.gateway_id = (ProtobufCBinaryData){ FG_ID_LEN, r->chain.trust.gateway_id.b };
	view.handle_tag = (ProtobufCBinaryData){ FG_SHA256_LEN, tag.b };
	view.state = state;
	view.epoch = 1;
	view.not_before_ms = now - 1000;
	view.expires_ms = now + 600000;
	if (account_key)
		view.account_key = (ProtobufCBinaryData){ 32, (uint8_t *)(uintptr_t)account_key };
	assert_ok(fg_proto_pack(&view, r->view, sizeof(r->view), &len));
	for (uint8_t i = 0; i < BATCH; i++) {
		struct fg_hash leaf =
			i == PLACE ? fg_merkle_leaf(r->view, len) : fg_merkle_leaf(&i, 1);

		assert_ok(fg_merkle_tree_append(tree, &leaf));
	}
	root = fg_merkle_tree_root(tree, BATCH);
	assert_ok(fg_merkle_tree_inclusion(tree, PLACE, BATCH, &path));
	memcpy(r->path, path.hash, path.count * sizeof(path.hash[0]));
	batch.gateway_id = view.gateway_id;
	batch.not_before_ms = now - 1000;
	batch.expires_ms = now + 300000;
	batch.root = (ProtobufCBinaryData){ FG_SHA256_LEN, root.b };
	batch.count = BATCH;
	r->frame.relay.view = FG_BYTES(r->view, len);
	r->frame.relay.view_path = FG_BYTES(r->path, path.count * sizeof(path.hash[0]));
	r->frame.relay.view_index = PLACE;
	r->frame.relay.view_batch =
		FG_BYTES(r->batch, chain_sign(&batch, &r->chain.directory, FG_LABEL_VIEW_BATCH,
					      r->batch, sizeof(r->batch)));
	fg_merkle_tree_free(tree);
}

/* The order that the core makes of what the vault sealed last. */
static void make_order(struct relay *r)
{
	struct fg_ipc_relay *relay = &r->frame.relay;
	const struct fg_frame sealed = chain_keep(&r->chain.offered, &r->sealed_ctx);

	r->frame.type = FG_IPC_RELAY;
	relay->message_id = sealed.sealed.message_id;
	relay->leg = 1;
	relay->link_name = FG_BYTES_TEXT("smsc-a");
	relay->bearer = FG_BEARER_SMS;
	relay->reason = FG_REASON_ABSENT;
	relay->row = 4;
	relay->decided_ms = fg_clock_wall_ms(&r->chain.clock);
	relay->expires_ms = relay->decided_ms + 600000;
	relay->kind = sealed.sealed.kind;
	relay->account = sealed.sealed.account;
	relay->source = sealed.sealed.source;
	relay->destination = sealed.sealed.destination;
	relay->message_class = sealed.sealed.message_class;
	relay->flags = sealed.sealed.flags;
	relay->protocol_id = sealed.sealed.protocol_id;
	relay->body = sealed.sealed.body;
}

static void prepare(struct relay *r)
{
	begin(r);
	submit(r, "shop", "your parcel is here");
	assert_int_equal(r->chain.offers, 1);
	make_views(r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	make_order(r);
}

static void order(struct relay *r)
{
	r->chain.refused = FG_OK;
	fg_ledger_frame(r->chain.ledger, &r->frame);
	chain_flush(&r->chain);
}

static void expect_refused(struct relay *r, enum fg_rc rc)
{
	order(r);
	assert_rc(rc, r->chain.refused);
	assert_int_equal(r->chain.jobs, 0);
	end(r);
}

static void expect_job(struct relay *r)
{
	order(r);
	assert_rc(FG_OK, r->chain.refused);
	assert_int_equal(r->chain.jobs, 1);
	assert_int_equal(r->chain.relayed, 1);
}

static void a_text_of_an_application_reaches_the_link_marked(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	assert_null(memmem(r.chain.offered.sealed.body.data, r.chain.offered.sealed.body.len,
			   "parcel", 6));
	assert_int_equal(r.chain.offered.sealed.segments, 1);
	assert_int_equal(r.chain.offered.sealed.validity_s, 600);
	expect_job(&r);
	assert_string_equal(r.chain.job_text, "(Not encrypted) SHOP: your parcel is here");
	assert_string_equal(r.chain.job_source, "+12025550000");
	end(&r);
}

static void a_text_is_wiped_once_it_is_handed_out(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	expect_job(&r);
	assert_int_equal(r.chain.vault->texts.len, 0);
	assert_null(memmem(r.chain.vault->texts.data, r.chain.vault->texts.cap, "parcel", 6));
	assert_null(memmem(r.chain.vault->plain.data, r.chain.vault->plain.cap, "parcel", 6));
	assert_null(memmem(r.chain.vault->scratch.data, r.chain.vault->scratch.cap, "parcel", 6));
	end(&r);
}

static void the_sender_shows_where_the_carrier_permits_it(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	strcpy(r.chain.conf.links[0].source, "sender");
	expect_job(&r);
	assert_string_equal(r.chain.job_text, "(Not encrypted) your parcel is here");
	assert_string_equal(r.chain.job_source, "SHOP");
	end(&r);
}

static void the_same_order_again_opens_nothing(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	expect_job(&r);
	order(&r);
	assert_int_equal(r.chain.jobs, 1);
	assert_int_equal(r.chain.relayed, 2);
	assert_int_equal(fg_ledger_size(r.chain.ledger), 1);
	end(&r);
}

static void after_a_restart_of_both_a_body_still_opens(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	chain_restart_log(&r.chain);
	chain_restart_vault(&r.chain);
	expect_job(&r);
	end(&r);
}

static void what_is_bound_to_a_body_cannot_be_changed(void **state)
{
	struct relay r;

	(void)state;
	for (int i = 0; i < 7; i++) {
		prepare(&r);
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
		expect_refused(&r, FG_E_SEAL);
	}
}

static void another_recipient_needs_a_view_of_its_own(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	r.frame.relay.destination = FG_BYTES_TEXT("+12025550198");
	expect_refused(&r, FG_E_SYNTAX);
}

static void a_contract_consents_to_what_it_names(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	strcpy(r.chain.conf.accounts[0].bearers, "rcs");
	expect_refused(&r, FG_E_CONSENT_BEARER);
	prepare(&r);
	strcpy(r.chain.conf.accounts[0].floor, "hop");
	expect_refused(&r, FG_E_CONSENT_BEARER);
	prepare(&r);
	r.frame.relay.account = FG_BYTES_TEXT("nobody");
	expect_refused(&r, FG_E_DENIED);
	prepare(&r);
	r.frame.relay.reason = FG_REASON_UNDELIVERED;
	expect_refused(&r, FG_E_CONSENT_REASON);
	prepare(&r);
	r.frame.relay.pin_override = 1;
	expect_refused(&r, FG_E_CONSENT_PIN);
}

static void a_text_longer_than_the_contract_pays_for_is_refused(void **state)
{
	char text[700];
	struct relay r;

	(void)state;
	begin(&r);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	submit(&r, "shop", text);
	make_views(&r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	make_order(&r);
	expect_refused(&r, FG_E_CONSENT_SEGMENTS);
}

static void a_view_that_is_not_the_directorys_is_refused(void **state)
{
	struct fg_sign_key other;
	struct relay r;

	(void)state;
	prepare(&r);
	((uint8_t *)(uintptr_t)r.frame.relay.view.data)[r.frame.relay.view.len - 1] ^= 1;
	expect_refused(&r, FG_E_PROOF);
	prepare(&r);
	r.path[0] ^= 1;
	expect_refused(&r, FG_E_PROOF);
	prepare(&r);
	r.frame.relay.view_index = PLACE + 1;
	expect_refused(&r, FG_E_PROOF);
	prepare(&r);
	fg_sign_key_new(&other);
	r.chain.directory = other;
	make_views(&r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	expect_refused(&r, FG_E_SIGNATURE);
}

static void a_batch_of_views_ends(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	r.chain.clock.offset_ms += 301000;
	expect_refused(&r, FG_E_VIEW_EXPIRED);
}

static void a_handle_with_devices_is_not_downgraded(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	make_views(&r, FALLGATE__VIEW_STATE__VIEW_SECURE, r.chain.recipient_account.public);
	expect_refused(&r, FG_E_CONSENT_REASON);
	prepare(&r);
	make_views(&r, FALLGATE__VIEW_STATE__VIEW_SECURE, r.chain.recipient_account.public);
	r.frame.relay.reason = FG_REASON_SECURE_NOT_YET;
	expect_refused(&r, FG_E_CONSENT_REASON);
	prepare(&r);
	make_views(&r, FALLGATE__VIEW_STATE__VIEW_SECURE, r.chain.recipient_account.public);
	r.frame.relay.reason = FG_REASON_SECURE_NOT_YET;
	strcpy(r.chain.conf.accounts[0].secure, "off");
	expect_job(&r);
	end(&r);
}

static void a_handle_that_was_secure_needs_the_contracts_word(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	chain_account(&r.chain, 1);
	expect_refused(&r, FG_E_PIN_CONFLICT);
	prepare(&r);
	chain_account(&r.chain, 1);
	r.chain.conf.accounts[0].pin_override = true;
	r.frame.relay.pin_override = 1;
	r.frame.relay.reason = FG_REASON_PIN_OVERRIDE;
	expect_job(&r);
	end(&r);
}

static void a_template_carries_the_mark_only_where_the_handle_was_secure(void **state)
{
	struct relay r;

	(void)state;
	prepare(&r);
	strcpy(r.chain.conf.accounts[0].text_mark, "pinned");
	expect_job(&r);
	assert_string_equal(r.chain.job_text, "SHOP: your parcel is here");
	end(&r);
	prepare(&r);
	strcpy(r.chain.conf.accounts[0].text_mark, "pinned");
	chain_account(&r.chain, 1);
	r.chain.conf.accounts[0].pin_override = true;
	r.frame.relay.pin_override = 1;
	expect_job(&r);
	assert_string_equal(r.chain.job_text, "(Not encrypted) SHOP: your parcel is here");
	end(&r);
}

static void a_second_leg_waits_for_the_end_of_the_first(void **state)
{
	struct chain_order done = { .leg = 1 };
	struct relay r;

	(void)state;
	prepare(&r);
	expect_job(&r);
	r.frame.relay.leg = 2;
	order(&r);
	assert_rc(FG_E_LEG_ORDER, r.chain.refused);
	assert_int_equal(r.chain.jobs, 1);
	done.message_id = r.frame.relay.message_id;
	chain_outcome(&r.chain, &done, FG_OUTCOME_FAILED);
	order(&r);
	assert_rc(FG_OK, r.chain.refused);
	assert_int_equal(r.chain.jobs, 2);
	end(&r);
}

static void without_a_core_nothing_is_taken(void **state)
{
	struct relay r;

	(void)state;
	begin(&r);
	r.chain.core_full = true;
	submit(&r, "shop", "hello");
	assert_int_equal(r.chain.offers, 0);
	assert_int_equal(r.chain.taken, 1);
	assert_rc(FG_E_IPC_FULL, r.chain.taken_rc);
	end(&r);
}

static void only_an_account_of_the_configuration_may_submit(void **state)
{
	struct relay r;

	(void)state;
	begin(&r);
	submit(&r, "nobody", "hello");
	assert_int_equal(r.chain.offers, 0);
	assert_rc(FG_E_DENIED, r.chain.taken_rc);
	strcpy(r.chain.conf.accounts[0].link, "elsewhere");
	submit(&r, "shop", "hello");
	assert_int_equal(r.chain.offers, 0);
	assert_int_equal(r.chain.taken, 2);
	strcpy(r.chain.conf.accounts[0].link, "apps");
	submit(&r, "shop", "hello");
	assert_int_equal(r.chain.offers, 1);
	end(&r);
}

static void the_same_words_have_the_same_hash(void **state)
{
	uint8_t first[32];
	struct relay r;

	(void)state;
	begin(&r);
	submit(&r, "shop", "hello");
	memcpy(first, r.chain.offered.sealed.same, sizeof(first));
	submit(&r, "shop", "hello");
	assert_memory_equal(first, r.chain.offered.sealed.same, sizeof(first));
	submit(&r, "shop", "hello!");
	assert_memory_not_equal(first, r.chain.offered.sealed.same, sizeof(first));
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_of_an_application_reaches_the_link_marked),
		cmocka_unit_test(a_text_is_wiped_once_it_is_handed_out),
		cmocka_unit_test(the_sender_shows_where_the_carrier_permits_it),
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
		cmocka_unit_test(a_second_leg_waits_for_the_end_of_the_first),
		cmocka_unit_test(without_a_core_nothing_is_taken),
		cmocka_unit_test(only_an_account_of_the_configuration_may_submit),
		cmocka_unit_test(the_same_words_have_the_same_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
