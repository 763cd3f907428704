/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every bit of what an order carries matters, to the log and, once more, to the vault: whatever is
 * changed or cut, nothing is opened.
 */
#include "tests/support/chain_fixture.h"

#include <stdio.h>

static struct chain chain;
static struct chain_order order;
static struct chain_bytes bytes;

static int set_up(void **state)
{
	(void)state;
	chain_start(&chain);
	chain_order_init(&chain, &order);
	chain_pack(&chain, &order, &bytes);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	chain_stop(&chain);
	return 0;
}

/* Something that is handed over, and how to hand it over. */
struct piece {
	const char *name;
	uint8_t *data;
	size_t *len;
};

static const struct piece order_pieces[] = {
	{ "consent", bytes.consent, &bytes.consent_len },
	{ "cert", bytes.cert, &bytes.cert_len },
	{ "view", bytes.view, &bytes.view_len },
	{ "capsule", order.capsule, &order.capsule_len },
};

static void submit(void)
{
	chain_submit(&chain, &order, &bytes);
}

static void ask_vault(void)
{
	chain.refused = FG_OK;
	fg_vault_frame(chain.vault, &chain.held);
	fg_vault_flush(chain.vault);
}

static void assert_refused(void (*hand_over)(void), const struct piece *piece, const char *what,
			   size_t at)
{
	hand_over();
	if (chain.refused == FG_OK || chain.jobs > 0)
		fail_msg("%s, %s %zu: nothing was refused, jobs %u", piece->name, what, at,
			 chain.jobs);
}

static void bits_of(const struct piece *piece, size_t step, void (*hand_over)(void))
{
	for (size_t bit = 0; bit < 8 * *piece->len; bit += step) {
		piece->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_refused(hand_over, piece, "bit", bit);
		piece->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void every_bit_of(const struct piece *piece, void (*hand_over)(void))
{
	bits_of(piece, 1, hand_over);
}

/* At least two bits of every byte: where a bit costs more than a signature. */
static void every_byte_of(const struct piece *piece, void (*hand_over)(void))
{
	bits_of(piece, 3, hand_over);
}

static void every_length_of(const struct piece *piece, void (*hand_over)(void))
{
	size_t whole = *piece->len;

	for (size_t len = 0; len < whole; len++) {
		*piece->len = len;
		assert_refused(hand_over, piece, "length", len);
	}
	*piece->len = whole;
}

static void an_order_with_any_bit_changed_is_refused_by_the_log(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order_pieces); i++)
		every_bit_of(&order_pieces[i], submit);
	assert_int_equal(fg_ledger_size(chain.ledger), 0);
	assert_int_equal(chain.opens, 0);
	submit();
	assert_int_equal(chain.jobs, 1);
}

static void an_order_cut_anywhere_is_refused_by_the_log(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order_pieces); i++)
		every_length_of(&order_pieces[i], submit);
	assert_int_equal(fg_ledger_size(chain.ledger), 0);
	assert_int_equal(chain.opens, 0);
	submit();
	assert_int_equal(chain.jobs, 1);
}

/* The sender consents to the changed capsule itself: only the seal can tell. */
static void a_capsule_with_any_byte_changed_is_refused_though_consented(void **state)
{
	static const struct piece piece = { "capsule", order.capsule, &order.capsule_len };

	(void)state;
	for (size_t at = 0; at < order.capsule_len; at++) {
		order.capsule[at] ^= 0x10;
		order.capsule_hash = fg_sha256(order.capsule, order.capsule_len);
		chain_pack(&chain, &order, &bytes);
		assert_refused(submit, &piece, "byte", at);
		order.capsule[at] ^= 0x10;
	}
	assert_int_equal(fg_ledger_size(chain.ledger), 0);
}

/* An order that the log let through and that is kept from the vault. */
static void hold_an_open(void)
{
	chain.drop_opens = true;
	submit();
	assert_int_equal(fg_ledger_size(chain.ledger), 1);
	assert_int_equal(chain.held.type, FG_IPC_OPEN);
}

static void vault_pieces(void (*each)(const struct piece *piece, void (*hand_over)(void)))
{
	struct fg_ipc_open *open = &chain.held.open;
	struct fg_bytes *fields[] = { &open->consent, &open->cert,   &open->view,
				      &open->capsule, &open->record, &open->link_name };
	const char *names[] = { "consent", "cert", "view", "inner capsule", "leaf record", "link" };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const struct piece piece = { names[i], (uint8_t *)(uintptr_t)fields[i]->data,
					     &fields[i]->len };

		each(&piece, ask_vault);
	}
}

static void a_log_that_changes_any_bit_is_refused_by_the_vault(void **state)
{
	struct fg_ipc_open *open = &chain.held.open;
	struct piece consent = { "consent", NULL, &open->consent.len };
	size_t salt_len = sizeof(open->salt), hash_len = sizeof(open->capsule_hash),
	       id_len = FG_ID_LEN;
	const struct piece fixed[] = {
		{ "salt", open->salt, &salt_len },
		{ "capsule hash", open->capsule_hash, &hash_len },
		{ "message id", open->message_id.b, &id_len },
	};

	(void)state;
	hold_an_open();
	consent.data = (uint8_t *)(uintptr_t)open->consent.data;
	vault_pieces(every_byte_of);
	every_bit_of(&consent, ask_vault);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		every_bit_of(&fixed[i], ask_vault);
	ask_vault();
	assert_int_equal(chain.refused, FG_OK);
	assert_int_equal(chain.jobs, 1);
}

static void a_log_that_cuts_anything_is_refused_by_the_vault(void **state)
{
	(void)state;
	hold_an_open();
	vault_pieces(every_length_of);
	ask_vault();
	assert_int_equal(chain.jobs, 1);
}

static void a_log_that_changes_a_number_is_refused_by_the_vault(void **state)
{
	struct fg_ipc_open whole;

	(void)state;
	hold_an_open();
	whole = chain.held.open;
#define SPOIL(change)                                                                              \
	do {                                                                                       \
		chain.held.open = whole;                                                           \
		chain.held.open.change;                                                            \
		ask_vault();                                                                       \
		if (chain.refused == FG_OK || chain.jobs > 0)                                      \
			fail_msg("%s was not refused", #change);                                   \
	} while (0)
	SPOIL(leg = 0);
	SPOIL(leg = 2);
	SPOIL(link = 1);
	SPOIL(link = 0xffff);
	SPOIL(bearer = FG_BEARER_SECURE);
	SPOIL(bearer = FG_BEARER_MMS);
	SPOIL(bearer = 0xff);
	SPOIL(reason = FG_REASON_UNDELIVERED);
	SPOIL(reason = 0xff);
	SPOIL(pin_override = 1);
	SPOIL(leaf_index = 1);
	SPOIL(leaf_index = UINT64_MAX);
	SPOIL(expires_ms = 0);
	chain.held.open = whole;
	ask_vault();
	assert_int_equal(chain.jobs, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(an_order_with_any_bit_changed_is_refused_by_the_log),
		CASE(an_order_cut_anywhere_is_refused_by_the_log),
		CASE(a_capsule_with_any_byte_changed_is_refused_though_consented),
		CASE(a_log_that_changes_any_bit_is_refused_by_the_vault),
		CASE(a_log_that_cuts_anything_is_refused_by_the_vault),
		CASE(a_log_that_changes_a_number_is_refused_by_the_vault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
