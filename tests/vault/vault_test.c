/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The vault by itself: whom it believes about identities, which leg may follow which, what it keeps
 * and what it wipes.
 */
#include "tests/support/chain_fixture.h"

#include <stdio.h>
#include "gateway/vault/vault_internal.h"
#include "lib/wire/alphabet.h"

#define HOUR_MS 3600000

static const char handle[] = "+12025550199", other_handle[] = "+12025550198";
static struct chain chain;
static struct chain_order order;

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

static void start_over(void **state)
{
	tear_down(state);
	set_up(state);
}

static ProtobufCBinaryData key_of(struct fg_sign_key *key)
{
	return (ProtobufCBinaryData){ FG_SIGN_PUBLIC_LEN, key->public };
}

/* ---- signing off ---- */

static Fallgate__Deregistration deregistration_of_epoch_5(void)
{
	Fallgate__Deregistration body = FALLGATE__DEREGISTRATION__INIT;

	body.handle = (char *)(uintptr_t)handle;
	body.account_key = key_of(&chain.recipient_account);
	body.epoch = 5;
	return body;
}

static void send_with(const Fallgate__Deregistration *body, const struct fg_sign_key *key)
{
	Fallgate__Signed object;

	assert_ok(fg_signed_make(body, key, FG_LABEL_DEREGISTER, &object));
	order.view.epoch = 5;
	order.view.deregistration = &object;
	chain_send(&chain, &order);
	fg_signed_free(&object);
}

static void a_pinned_handle_that_signed_off_needs_no_acknowledgement(void **state)
{
	Fallgate__Deregistration body = deregistration_of_epoch_5();

	(void)state;
	chain_account(&chain, 5);
	send_with(&body, &chain.recipient_account);
	assert_int_equal(chain.refused, FG_OK);
	assert_int_equal(chain.jobs, 1);
}

static void forge_nothing(Fallgate__Deregistration *body)
{
	(void)body;
}
static void forge_handle(Fallgate__Deregistration *body)
{
	body->handle = (char *)(uintptr_t)other_handle;
}
static void forge_key(Fallgate__Deregistration *body)
{
	body->account_key = key_of(&chain.account);
}
static void forge_epoch(Fallgate__Deregistration *body)
{
	body->epoch = 4;
}

static void
a_deregistration_that_the_pinned_key_did_not_sign_for_this_handle_is_nothing(void **state)
{
	static const struct {
		const char *name;
		const struct fg_sign_key *key;
		void (*forge)(Fallgate__Deregistration *body);
	} cases[] = {
		{ "signed by the directory", &chain.directory, forge_nothing },
		{ "signed by another account", &chain.account, forge_nothing },
		{ "of another account, signed by it", &chain.account, forge_key },
		{ "of another handle", &chain.recipient_account, forge_handle },
		{ "of another key", &chain.recipient_account, forge_key },
		{ "of an epoch before the pin", &chain.recipient_account, forge_epoch },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		Fallgate__Deregistration body = deregistration_of_epoch_5();

		chain_account(&chain, 5);
		cases[i].forge(&body);
		send_with(&body, cases[i].key);
		if (chain.refused != FG_E_PIN_CONFLICT || chain.jobs > 0)
			fail_msg("%s: %s", cases[i].name, fg_rc_name(chain.refused));
		start_over(state);
	}
}

/* ---- accounts ---- */

static void note(Fallgate__ViewState view_state, uint64_t epoch, struct fg_sign_key *account,
		 const struct fg_sign_key *directory, struct fg_bytes proof)
{
	Fallgate__View view = FALLGATE__VIEW__INIT;

	view.state = view_state;
	view.epoch = epoch;
	if (account)
		view.account_key = key_of(account);
	chain_account_view(&chain, &view, directory, proof);
}

static void note_secure(uint64_t epoch, struct fg_sign_key *account, struct fg_bytes proof)
{
	note(FALLGATE__VIEW_STATE__VIEW_SECURE, epoch, account, &chain.directory, proof);
}

static const struct fg_bytes no_proof = { 0 };

static void an_account_that_the_directory_did_not_sign_pins_nothing(void **state)
{
	(void)state;
	note(FALLGATE__VIEW_STATE__VIEW_SECURE, 5, &chain.recipient_account, &chain.account,
	     no_proof);
	assert_int_equal(chain.noted, FG_E_SIGNATURE);
	chain_send(&chain, &order);
	assert_int_equal(chain.jobs, 1);
}

static void an_account_of_an_older_epoch_is_refused(void **state)
{
	(void)state;
	chain_account(&chain, 5);
	chain_account(&chain, 4);
	assert_int_equal(chain.noted, FG_E_VIEW_STALE);
	chain_account(&chain, 6);
	assert_int_equal(chain.noted, FG_OK);
}

static void try_succession(const char *whose, struct fg_sign_key *new_key,
			   const struct fg_sign_key *signer, enum fg_rc expected)
{
	Fallgate__Succession body = FALLGATE__SUCCESSION__INIT;
	uint8_t proof[512];
	size_t len;

	body.old_key = key_of(&chain.recipient_account);
	body.new_key = key_of(new_key);
	body.handle = (char *)(uintptr_t)whose;
	len = chain_sign(&body, signer, FG_LABEL_SUCCESSION, proof, sizeof(proof));
	note_secure(6, &chain.account, FG_BYTES(proof, len));
	assert_int_equal(chain.noted, expected);
}

static void another_account_key_needs_the_signature_of_the_pinned_one(void **state)
{
	(void)state;
	chain_account(&chain, 5);
	note_secure(6, &chain.account, no_proof);
	assert_int_equal(chain.noted, FG_E_IDENTITY);
	try_succession(handle, &chain.account, &chain.account, FG_E_IDENTITY);
	try_succession(handle, &chain.account, &chain.directory, FG_E_IDENTITY);
	try_succession(handle, &chain.device, &chain.recipient_account, FG_E_IDENTITY);
	try_succession(other_handle, &chain.account, &chain.recipient_account, FG_E_IDENTITY);
	try_succession(handle, &chain.account, &chain.recipient_account, FG_OK);
	chain_restart_vault(&chain);
	note_secure(7, &chain.recipient_account, no_proof); /* no way back for the old key */
	assert_int_equal(chain.noted, FG_E_IDENTITY);
	note_secure(7, &chain.account, no_proof);
	assert_int_equal(chain.noted, FG_OK);
}

static void a_handle_signs_off_only_with_the_signature_of_the_pinned_key(void **state)
{
	Fallgate__Deregistration body = deregistration_of_epoch_5();
	uint8_t proof[512];
	size_t len;

	(void)state;
	chain_account(&chain, 5);
	note(FALLGATE__VIEW_STATE__VIEW_ABSENT, 5, NULL, &chain.directory, no_proof);
	assert_int_equal(chain.noted, FG_E_IDENTITY);
	len = chain_sign(&body, &chain.account, FG_LABEL_DEREGISTER, proof, sizeof(proof));
	note(FALLGATE__VIEW_STATE__VIEW_ABSENT, 5, NULL, &chain.directory, FG_BYTES(proof, len));
	assert_int_equal(chain.noted, FG_E_IDENTITY);
	note_secure(6, &chain.account, no_proof);
	assert_int_equal(chain.noted, FG_E_IDENTITY);
	len = chain_sign(&body, &chain.recipient_account, FG_LABEL_DEREGISTER, proof,
			 sizeof(proof));
	note(FALLGATE__VIEW_STATE__VIEW_ABSENT, 5, NULL, &chain.directory, FG_BYTES(proof, len));
	assert_int_equal(chain.noted, FG_OK);
	chain_restart_vault(&chain);
	note_secure(6, &chain.account, no_proof); /* the handle is free for another account */
	assert_int_equal(chain.noted, FG_OK);
}

/* ---- legs ---- */

static void a_second_leg_follows_only_what_left_nothing_at_the_far_side(void **state)
{
	static const struct {
		enum fg_outcome first;
		enum fg_rc second;
	} cases[] = {
		{ FG_OUTCOME_ACCEPTED, FG_E_LEG_ORDER },
		{ FG_OUTCOME_UNKNOWN, FG_E_LEG_ORDER },
		{ FG_OUTCOME_FAILED, FG_OK },
		{ FG_OUTCOME_DEFERRED, FG_OK },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		chain_send(&chain, &order);
		chain_outcome(&chain, &order, cases[i].first);
		order.leg = 2;
		chain_send(&chain, &order);
		assert_int_equal(chain.refused, cases[i].second);
		assert_int_equal(chain.jobs, cases[i].second == FG_OK ? 2 : 1);
		start_over(state);
	}
}

static void a_leg_may_not_be_left_out(void **state)
{
	(void)state;
	chain_send(&chain, &order);
	chain_outcome(&chain, &order, FG_OUTCOME_FAILED);
	order.leg = 3;
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_LEG_ORDER);
	order.leg = 0;
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_LEG_ORDER);
	assert_int_equal(chain.jobs, 1);
}

static void again_same(void)
{
}
static void again_concat(void)
{
	order.concat_ref++;
}
static void again_view(void)
{
	order.view.epoch++;
}
static void again_consent(void)
{
	order.consent.expires_ms++;
	order.capsule_len = 0;
	order.consent.capsule_hash.data = NULL;
	order.consent.body_commitment.data = NULL;
}
static void again_text(void)
{
	strcpy(order.body, "another text");
	again_consent();
}
static void again_segments(void)
{
	order.consent.max_segments++;
}

static void a_leg_repeated_with_anything_new_opens_nothing(void **state)
{
	void (*const changes[])(void) = { again_same,    again_concat, again_view,
					  again_consent, again_text,   again_segments };

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		chain_send(&chain, &order);
		changes[i]();
		chain_send(&chain, &order);
		assert_int_equal(chain.jobs, 1);
		chain_outcome(&chain, &order, FG_OUTCOME_FAILED);
		changes[i]();
		chain_send(&chain, &order);
		chain_restart_vault(&chain);
		changes[i]();
		chain_send(&chain, &order);
		if (chain.jobs != 1 || chain.leg_state != FG_LEG_FAILED)
			fail_msg("change %zu: %u jobs, state %u", i, chain.jobs, chain.leg_state);
		start_over(state);
	}
}

/* ---- memory and disk ---- */

/* The linker leads what allocates in the vault here; the one numbered 0 fails. */
void *__real__talloc_zero(const void *ctx, size_t size, const char *name);
void *__wrap__talloc_zero(const void *ctx, size_t size, const char *name);
void *__real__talloc_realloc(const void *ctx, void *ptr, size_t size, const char *name);
void *__wrap__talloc_realloc(const void *ctx, void *ptr, size_t size, const char *name);

static int allocations_left = -1;

static bool allocation_fails(void)
{
	return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap__talloc_zero(const void *ctx, size_t size, const char *name)
{
	return allocation_fails() ? NULL : __real__talloc_zero(ctx, size, name);
}

void *__wrap__talloc_realloc(const void *ctx, void *ptr, size_t size, const char *name)
{
	return allocation_fails() ? NULL : __real__talloc_realloc(ctx, ptr, size, name);
}

static void an_order_refused_for_want_of_memory_may_be_ordered_again(void **state)
{
	int at;

	for (at = 0;; at++) {
		chain.drop_opens = true;
		chain_send(&chain, &order);
		/* What waits for the disk already leaves no room for the leg. */
		assert_ok(fg_vault_record_head(chain.vault));
		assert_ok(fg_vault_record_head(chain.vault));
		allocations_left = at;
		fg_vault_frame(chain.vault, &chain.held);
		allocations_left = -1;
		fg_vault_flush(chain.vault);
		if (chain.refused == FG_OK)
			break;
		assert_int_equal(chain.refused, FG_E_NO_MEMORY);
		assert_int_equal(chain.jobs, 0);
		assert_int_equal(chain.legs, 0);
		chain.refused = FG_OK;
		fg_vault_frame(chain.vault, &chain.held);
		fg_vault_flush(chain.vault);
		assert_int_equal(chain.refused, FG_OK);
		assert_int_equal(chain.jobs, 1);
		start_over(state);
	}
	assert_int_equal(chain.jobs, 1);
	assert_int_equal(at, 2); /* the leg, and the journal */
}

/* Of its records; zeros follow them (journal.h). */
static size_t journal_size(void)
{
	uint8_t header[12];
	char path[300];
	size_t at = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/vault/journal", chain.folder);
	f = fopen(path, "rb");
	assert_non_null(f);
	while (fread(header, 1, sizeof(header), f) == sizeof(header)) {
		size_t len = (size_t)header[0] << 24 | (size_t)header[1] << 16 |
			     (size_t)header[2] << 8 | header[3];

		if (len == 0)
			break;
		at += sizeof(header) + len;
		fseek(f, (long)at, SEEK_SET);
	}
	fclose(f);
	return at;
}

static void at_start_the_journal_is_written_anew_with_what_still_counts(void **state)
{
	size_t empty = journal_size(), grown, compact;

	(void)state;
	chain_send(&chain, &order);
	chain_outcome(&chain, &order, FG_OUTCOME_ACCEPTED);
	for (uint64_t epoch = 1; epoch < 20; epoch++)
		chain_account(&chain, epoch);
	grown = journal_size();
	chain_restart_vault(&chain);
	compact = journal_size();
	assert_true(compact < grown / 4);
	chain_restart_vault(&chain);
	assert_int_equal(journal_size(), compact);
	assert_int_equal(chain.vault->frontier.size, 20);
	chain.clock.offset_ms += (24 + 48) * HOUR_MS;
	chain_restart_vault(&chain);
	assert_true(journal_size() < compact); /* the leg is too old, the pin stays */
	assert_true(journal_size() > empty);
	note_secure(18, &chain.recipient_account, no_proof);
	assert_int_equal(chain.noted, FG_E_VIEW_STALE);
}

/* ---- the clock ---- */

/* The vault starts anew, and its host with it, so that nothing but the journal remembers. */
static void restart_with_clock_moved(int64_t by_ms)
{
	chain.clock.wall_offset_ms += by_ms;
	chain.clock.known = false;
	chain_restart_vault(&chain);
}

/* Attack 15, with a restart between the two. */
static void a_clock_set_back_while_the_vault_was_away_holds_orders(void **state)
{
	(void)state;
	chain.drop_opens = true;
	chain_send(&chain, &order);
	assert_int_equal(chain.held.type, FG_IPC_OPEN);
	restart_with_clock_moved(-4 * 60 * 1000);
	assert_false(fg_clock_went_back(&chain.clock)); /* what time service may correct */
	restart_with_clock_moved(-2 * 60 * 1000);
	fg_vault_frame(chain.vault, &chain.held);
	assert_int_equal(chain.refused, FG_E_CLOCK_HOLD);
	restart_with_clock_moved(0); /* the journal written anew has it still */
	chain.refused = FG_OK;
	fg_vault_frame(chain.vault, &chain.held);
	assert_int_equal(chain.refused, FG_E_CLOCK_HOLD);
	assert_int_equal(chain.jobs, 0);
	restart_with_clock_moved(6 * 60 * 1000);
	chain.refused = FG_OK;
	fg_vault_frame(chain.vault, &chain.held);
	chain_flush(&chain);
	assert_ok(chain.refused);
}

/* ---- clear text ---- */

static bool is_wiped(const struct fg_clear *clear)
{
	for (size_t i = 0; i < clear->cap; i++)
		if (clear->data[i] != 0)
			return false;
	return true;
}

static void another_body(void)
{
	order.consent.body_commitment = (ProtobufCBinaryData){ FG_SHA256_LEN, order.mark.b };
}
static void another_recipient(void)
{
	order.capsule_recipient = other_handle;
}
static void another_signer(void)
{
	memset(order.signing_key, 1, sizeof(order.signing_key));
}
static void another_mark(void)
{
	order.consent.mark = (ProtobufCBinaryData){ FG_SHA256_LEN, order.capsule_hash.b };
}

static void clear_text_is_wiped_whatever_came_of_the_order(void **state)
{
	static const struct {
		void (*spoil)(void);
		enum fg_rc rc;
	} cases[] = {
		{ again_same, FG_OK },
		{ another_body, FG_E_BODY_COMMITMENT },
		{ another_recipient, FG_E_CAPSULE_MESSAGE },
		{ another_signer, FG_E_CAPSULE_SIGNER },
		{ another_mark, FG_E_CONSENT_MARK },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cases[i].spoil();
		chain_send(&chain, &order);
		assert_int_equal(chain.refused, cases[i].rc);
		assert_true(is_wiped(&chain.vault->plain));
		assert_true(is_wiped(&chain.vault->room));
		assert_null(chain.vault->jobs);
		assert_null(memmem(chain.vault->arena.memory, chain.vault->arena.cap, order.body,
				   strlen(order.body)));
		start_over(state);
	}
}

/* ---- the cut ---- */

static void a_link_gets_the_text_cut_as_its_far_side_reads_it(void **state)
{
	static const struct {
		const char *alphabet, *long_text;
		size_t body_len;
		enum fg_alphabet planned;
		uint8_t parts;
	} cases[] = {
		{ "gsm", "udh", 63, FG_ALPHABET_GSM7, 2 },
		{ "ascii", "sar", 63, FG_ALPHABET_GSM7, 2 },
		{ "ucs2", "udh", 63, FG_ALPHABET_UCS2, 2 },
		{ "ucs2", "udh8", 10, FG_ALPHABET_UCS2, 1 },
		{ "ucs2", "payload", 63, FG_ALPHABET_UCS2, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_conf_links *link = &chain.conf.links[0];

		snprintf(link->alphabet, sizeof(link->alphabet), "%s", cases[i].alphabet);
		snprintf(link->long_text, sizeof(link->long_text), "%s", cases[i].long_text);
		memset(order.body, '{', cases[i].body_len);
		order.body[cases[i].body_len] = '\0';
		strcpy(chain.conf.mark.text, "(This text is not encrypted at all) ");
		order.mark = fg_sha256(chain.conf.mark.text, strlen(chain.conf.mark.text));
		chain_send(&chain, &order);
		assert_int_equal(chain.refused, FG_OK);
		assert_int_equal(chain.job.alphabet, cases[i].planned);
		assert_int_equal(chain.job.parts, cases[i].parts);
		start_over(state);
	}
}

static void national_tables_are_used_where_the_link_has_them(void **state)
{
	static const struct {
		const char *national;
		enum fg_alphabet planned;
		uint8_t parts;
	} cases[] = {
		{ "", FG_ALPHABET_UCS2, 2 },
		{ "spanish", FG_ALPHABET_UCS2, 2 },
		{ "spanish, turkish", (enum fg_alphabet)0x01, 1 }, /* Turkish, single shift */
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(chain.conf.links[0].national, sizeof(chain.conf.links[0].national), "%s",
			 cases[i].national);
		memset(order.body, 'x', 60);
		strcpy(order.body + 60, "\xc5\x9f");
		strcpy(chain.conf.mark.text, "(This text is not encrypted at all) ");
		order.mark = fg_sha256(chain.conf.mark.text, strlen(chain.conf.mark.text));
		chain_send(&chain, &order);
		assert_int_equal(chain.refused, FG_OK);
		assert_int_equal(chain.job.alphabet, cases[i].planned);
		assert_int_equal(chain.job.parts, cases[i].parts);
		start_over(state);
	}
}

static void what_the_far_side_cuts_counts_for_the_consent_all_the_same(void **state)
{
	(void)state;
	strcpy(chain.conf.links[0].long_text, "payload");
	order.consent.max_segments = 1;
	memset(order.body, '{', sizeof(order.body) - 1);
	strcpy(chain.conf.mark.text, "(This text is not encrypted at all) ");
	order.mark = fg_sha256(chain.conf.mark.text, strlen(chain.conf.mark.text));
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_CONSENT_SEGMENTS);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_pinned_handle_that_signed_off_needs_no_acknowledgement),
		CASE(a_deregistration_that_the_pinned_key_did_not_sign_for_this_handle_is_nothing),
		CASE(an_account_that_the_directory_did_not_sign_pins_nothing),
		CASE(an_account_of_an_older_epoch_is_refused),
		CASE(another_account_key_needs_the_signature_of_the_pinned_one),
		CASE(a_handle_signs_off_only_with_the_signature_of_the_pinned_key),
		CASE(a_second_leg_follows_only_what_left_nothing_at_the_far_side),
		CASE(a_leg_may_not_be_left_out),
		CASE(a_leg_repeated_with_anything_new_opens_nothing),
		CASE(an_order_refused_for_want_of_memory_may_be_ordered_again),
		CASE(at_start_the_journal_is_written_anew_with_what_still_counts),
		CASE(a_clock_set_back_while_the_vault_was_away_holds_orders),
		CASE(clear_text_is_wiped_whatever_came_of_the_order),
		CASE(a_link_gets_the_text_cut_as_its_far_side_reads_it),
		CASE(national_tables_are_used_where_the_link_has_them),
		CASE(what_the_far_side_cuts_counts_for_the_consent_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
