/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long the log knows of an order, what a leaf costs it, and what an earlier version wrote.
 */
#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>
#include "gateway/log/ledger_internal.h"
#include "tests/support/relay_fixture.h"

#define HOUR_MS    3600000ull
#define ACCOUNT_MS 600000ull /* accounts.validity_s of the fixture's "shop" */

static void order_again(struct relay *r)
{
	relay_make_views(r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	relay_order(r);
}

static void move(struct relay *r, uint64_t by_ms, bool restart)
{
	r->chain.clock.offset_ms += (int64_t)by_ms;
	if (restart)
		chain_restart_log(&r->chain);
	for (unsigned i = 0; i < FG_INDEX_PARTS; i++)
		fg_ledger_idle(r->chain.ledger);
}

static void a_next_leg_may_come_until_a_day_after_the_end_of_the_order(void **state)
{
	struct relay r;

	(void)state;
	for (int i = 0; i < 4; i++) {
		bool restart = i & 1, late = i & 2;

		relay_prepare(&r);
		relay_expect_job(&r);
		move(&r, ACCOUNT_MS + (late ? 26 : 23) * HOUR_MS, restart);
		assert_int_equal(fg_index_count(r.chain.ledger->orders), late ? 0 : 1);
		r.frame.relay.leg = 2;
		order_again(&r); /* the vault does not open its text any more */
		assert_rc(late ? FG_E_LEG_ORDER : FG_E_CONSENT_TIME, r.chain.refused);
		assert_int_equal(fg_ledger_size(r.chain.ledger), late ? 1 : 2);
		relay_end(&r);
	}
}

/* A core that lies about the end costs the log no more than a week and a day. */
static void an_order_that_never_ends_is_forgotten_all_the_same(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	r.frame.relay.expires_ms = UINT64_MAX;
	relay_order(&r);
	assert_int_equal(fg_index_count(r.chain.ledger->orders), 1);
	move(&r, FG_LEDGER_LIFE_MS + 26 * HOUR_MS, false);
	assert_int_equal(fg_index_count(r.chain.ledger->orders), 0);
	relay_end(&r);
}

static void of_two_leaves_of_a_leg_the_newest_counts(void **state)
{
	struct relay r;

	(void)state;
	for (int restart = 0; restart <= 1; restart++) {
		relay_prepare(&r);
		relay_expect_job(&r);
		r.chain.clock.offset_ms += 1000; /* another view is another decision */
		order_again(&r);
		assert_int_equal(fg_ledger_size(r.chain.ledger), 2);
		if (restart)
			chain_restart_log(&r.chain);
		relay_order(&r);
		relay_order(&r);
		assert_int_equal(fg_ledger_size(r.chain.ledger), 2);
		assert_int_equal(r.chain.unseal.unseal.leaf_index, 1);
		relay_end(&r);
	}
}

static void two_orders_of_a_turn_that_differ_are_two_leaves(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	for (int i = 0; i < 3; i++)
		fg_ledger_frame(r.chain.ledger, &r.frame); /* the same: one leaf */
	r.chain.clock.offset_ms += 1000;                   /* another view is another decision */
	relay_make_views(&r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	for (int i = 0; i < 3; i++)
		fg_ledger_frame(r.chain.ledger, &r.frame);
	chain_flush(&r.chain);
	assert_int_equal(fg_ledger_size(r.chain.ledger), 2);
	relay_order(&r);
	assert_int_equal(fg_ledger_size(r.chain.ledger), 2);
	assert_int_equal(r.chain.unseal.unseal.leaf_index, 1);
	relay_end(&r);
}

static void a_journal_that_cannot_be_read_is_no_unknown_order(void **state)
{
	char path[300];
	struct relay r;

	(void)state;
	relay_prepare(&r);
	relay_expect_job(&r);
	snprintf(path, sizeof(path), "%s/log/journal", r.chain.folder);
	assert_int_equal(truncate(path, 0), 0);
	order_again(&r);
	assert_rc(FG_E_LOG_IO, r.chain.refused);
	assert_int_equal(fg_ledger_size(r.chain.ledger), 1);
	relay_end(&r);
}

/* ---- what it costs ---- */

enum { TURN = 50 };

static void log_some(struct relay *r, unsigned count)
{
	for (unsigned done = 0; done < count; done += TURN) {
		for (unsigned i = 0; i < TURN; i++) {
			memcpy(r->frame.relay.message_id.b + 6, &(unsigned){ done + i },
			       sizeof(unsigned));
			memcpy(r->frame.relay.message_id.b + 12, &count, sizeof(count));
			fg_ledger_frame(r->chain.ledger, &r->frame);
		}
		chain_flush(&r->chain);
		fg_ledger_idle(r->chain.ledger);
	}
}

static void a_leaf_costs_less_than_forty_bytes_of_memory(void **state)
{
	enum { WARM = 500, COUNT = 4000 };
	struct relay r;
	size_t before;

	(void)state;
	relay_prepare(&r);
	chain_link_up(&r.chain, 0); /* the vault refuses them: of the log alone is the question */
	log_some(&r, WARM);
	before = talloc_total_size(r.chain.ledger);
	log_some(&r, COUNT);
	assert_int_equal(fg_ledger_size(r.chain.ledger), WARM + COUNT);
	assert_int_equal(fg_index_count(r.chain.ledger->orders), WARM + COUNT);
	assert_true(talloc_total_size(r.chain.ledger) < before + COUNT * 40);
	before = talloc_total_size(r.chain.ledger);
	chain_restart_log(&r.chain);
	assert_int_equal(fg_ledger_size(r.chain.ledger), WARM + COUNT);
	assert_true(talloc_total_size(r.chain.ledger) <= before);
	move(&r, 26 * HOUR_MS, false);
	assert_int_equal(fg_index_count(r.chain.ledger->orders), 0);
	relay_end(&r);
}

/* ---- written by an earlier version ---- */

static void put_u32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* The only record of the journal, one leaf, as that version wrote it: without expires. */
static void write_as_before(struct relay *r)
{
	enum { HEADER = 12, LEAF = 2 + FG_LEAF_LEN + 32 + FG_LEDGER_KEY_LEN };
	struct fg_bytes journal = chain_log_file(&r->chain, "journal");
	uint8_t *file = talloc_memdup(NULL, journal.data, journal.len), *payload = file + HEADER;
	size_t len = (size_t)file[2] << 8 | file[3];
	size_t at = LEAF + 2 + ((size_t)payload[LEAF] << 8 | payload[LEAF + 1]);
	struct fg_hash sum;
	char path[300];
	FILE *f;

	assert_int_equal(payload[0], 0x80);
	payload[0] = 0;
	memmove(payload + at, payload + at + 4, len - at - 4);
	len -= 4;
	put_u32(file, (uint32_t)len);
	sum = fg_sha256(payload, len);
	memcpy(file + 4, sum.b, HEADER - 4);
	snprintf(path, sizeof(path), "%s/log/journal", r->chain.folder);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(file, 1, HEADER + len, f), HEADER + len);
	fclose(f);
	talloc_free(file);
}

static void a_leaf_of_an_earlier_version_is_known(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	relay_expect_job(&r);
	write_as_before(&r);
	chain_restart_log(&r.chain);
	assert_int_equal(fg_ledger_size(r.chain.ledger), 1);
	relay_order(&r);
	assert_rc(FG_OK, r.chain.refused);
	assert_int_equal(r.chain.unseals, 2);
	assert_int_equal(fg_ledger_size(r.chain.ledger), 1);
	move(&r, FG_LEDGER_LIFE_MS + 22 * HOUR_MS, true);
	assert_int_equal(fg_index_count(r.chain.ledger->orders), 1);
	move(&r, 3 * HOUR_MS, true);
	assert_int_equal(fg_index_count(r.chain.ledger->orders), 0);
	relay_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_next_leg_may_come_until_a_day_after_the_end_of_the_order),
		cmocka_unit_test(an_order_that_never_ends_is_forgotten_all_the_same),
		cmocka_unit_test(of_two_leaves_of_a_leg_the_newest_counts),
		cmocka_unit_test(two_orders_of_a_turn_that_differ_are_two_leaves),
		cmocka_unit_test(a_journal_that_cannot_be_read_is_no_unknown_order),
		cmocka_unit_test(a_leaf_costs_less_than_forty_bytes_of_memory),
		cmocka_unit_test(a_leaf_of_an_earlier_version_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
