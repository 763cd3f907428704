/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long the vault knows of a leg, what that costs, and that nothing is opened twice when it no longer does.
 */
#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include "gateway/vault/vault_internal.h"
#include "lib/base/cursor.h"
#include "tests/support/relay_fixture.h"

#define HOUR_MS    3600000ull
#define ACCOUNT_MS 600000ull /* accounts.validity_s of the fixture's "shop" */

static void say_outcome(struct relay *r, enum fg_outcome outcome)
{
	struct fg_frame frame = { .type = FG_IPC_OUTCOME };

	frame.outcome.message_id = r->frame.relay.message_id;
	frame.outcome.leg = r->frame.relay.leg;
	frame.outcome.outcome = (uint8_t)outcome;
	frame.outcome.refs = FG_BYTES_TEXT("\10deadbeef");
	frame.outcome.parts = FG_BYTES_TEXT("\1");
	fg_vault_link_frame(r->chain.vault, 0, &frame);
}

static void end_leg(struct relay *r, enum fg_outcome outcome)
{
	say_outcome(r, outcome);
	chain_flush(&r->chain);
}

/* The same order with a view of now; a core that lies says that the message lives for ever. */
static void order_again(struct relay *r)
{
	relay_make_views(r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	r->frame.relay.expires_ms = fg_clock_wall_ms(&r->chain.clock) + 365 * 24 * HOUR_MS;
	r->chain.legs = 0;
	relay_order(r);
}

static void expect_answer(struct relay *r, enum fg_leg_state state)
{
	order_again(r);
	assert_rc(FG_OK, r->chain.refused);
	assert_int_equal(r->chain.legs, 1);
	assert_int_equal(r->chain.leg_state, state);
	assert_int_equal(r->chain.jobs, 1);
}

static void expect_too_late(struct relay *r)
{
	order_again(r);
	assert_rc(FG_E_CONSENT_TIME, r->chain.refused);
	assert_int_equal(r->chain.legs, 0);
	assert_int_equal(r->chain.jobs, 1);
}

static void prepare_ended(struct relay *r)
{
	relay_prepare(r);
	relay_expect_job(r);
	end_leg(r, FG_OUTCOME_ACCEPTED);
}

static void move(struct relay *r, uint64_t by_ms, bool restart)
{
	r->chain.clock.offset_ms += (int64_t)by_ms;
	if (restart) {
		chain_restart_log(&r->chain);
		chain_restart_vault(&r->chain);
		chain_link_up(&r->chain, 10);
	}
	for (unsigned i = 0; i < FG_INDEX_PARTS; i++)
		fg_vault_idle(r->chain.vault);
}

static void a_leg_that_ended_is_on_the_disk_only_and_answered_again(void **state)
{
	struct relay r;

	(void)state;
	prepare_ended(&r);
	assert_int_equal(fg_table_count(r.chain.vault->legs), 0);
	assert_int_equal(fg_index_count(r.chain.vault->ended), 1);
	for (int i = 0; i < 3; i++) {
		expect_answer(&r, FG_LEG_ACCEPTED);
		assert_int_equal(fg_table_count(r.chain.vault->legs), 0);
	}
	assert_int_equal(fg_index_count(r.chain.vault->ended), 1);
	relay_end(&r);
}

static void a_leg_ordered_again_in_the_turn_of_its_end_is_answered_once(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	relay_expect_job(&r);
	r.chain.legs = 0;
	say_outcome(&r, FG_OUTCOME_FAILED);
	relay_order(&r);
	assert_int_equal(r.chain.legs, 1);
	assert_int_equal(r.chain.leg_state, FG_LEG_FAILED);
	assert_int_equal(fg_table_count(r.chain.vault->legs), 0);
	expect_answer(&r, FG_LEG_FAILED);
	relay_end(&r);
}

static void a_leg_is_known_as_long_as_its_text_could_be_opened_and_a_day_more(void **state)
{
	struct relay r;

	for (int restart = 0; restart <= 1; restart++) {
		prepare_ended(&r);
		move(&r, ACCOUNT_MS - 1000, restart);
		expect_answer(&r, FG_LEG_ACCEPTED);
		move(&r, FG_VAULT_RELAY_GRACE_MS + 23 * HOUR_MS, restart);
		expect_answer(&r, FG_LEG_ACCEPTED);
		move(&r, 2 * HOUR_MS, restart);
		assert_int_equal(fg_index_count(r.chain.vault->ended), 0);
		expect_too_late(&r);
		move(&r, 9 * 24 * HOUR_MS, restart);
		order_again(&r);
		assert_int_equal(r.chain.jobs, 1);
		relay_end(&r);
	}
	(void)state;
}

static void a_text_is_not_opened_after_its_time_whatever_the_core_says(void **state)
{
	struct relay r;

	(void)state;
	relay_prepare(&r);
	move(&r, ACCOUNT_MS + FG_VAULT_RELAY_GRACE_MS, false);
	order_again(&r);
	assert_rc(FG_E_CONSENT_TIME, r.chain.refused);
	assert_int_equal(r.chain.jobs, 0);
	relay_end(&r);
	relay_prepare(&r);
	move(&r, ACCOUNT_MS + FG_VAULT_RELAY_GRACE_MS - 1000, false);
	order_again(&r);
	assert_int_equal(r.chain.jobs, 1);
	relay_end(&r);
}

/* Attack 15 by way of forgetting: the clock is set forward until the leg is forgotten, and back again. */
static void what_was_forgotten_is_not_opened_when_the_clock_is_set_back(void **state)
{
	struct relay r;

	(void)state;
	for (int restart = 0; restart <= 1; restart++) {
		prepare_ended(&r);
		r.chain.clock.wall_offset_ms += (int64_t)(72 * HOUR_MS);
		move(&r, 0, false);
		fg_vault_flush(r.chain.vault);
		assert_int_equal(fg_index_count(r.chain.vault->ended), 0);
		r.chain.clock.wall_offset_ms -= (int64_t)(72 * HOUR_MS);
		if (restart) { /* of the host, so that only the journal remembers */
			r.chain.clock.known = false;
			chain_restart_vault(&r.chain);
			chain_link_up(&r.chain, 10);
		}
		order_again(&r);
		assert_rc(FG_E_CLOCK_HOLD, r.chain.refused);
		assert_int_equal(r.chain.jobs, 1);
		relay_end(&r);
	}
}

static void the_time_of_a_text_cannot_be_changed(void **state)
{
	struct relay r;

	(void)state;
	for (size_t bit = 0; bit < 32; bit++) {
		relay_prepare(&r);
		((uint8_t *)(uintptr_t)r.frame.relay.body.data)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		order_again(&r);
		assert_true(r.chain.refused == FG_E_SEAL || r.chain.refused == FG_E_CONSENT_TIME ||
			    r.chain.refused == FG_E_KEY_EXPIRED); /* it looks like a key's number */
		assert_int_equal(r.chain.jobs, 0);
		relay_end(&r);
	}
}

static void the_leg_after_one_on_the_disk_opens_only_when_that_one_left_nothing(void **state)
{
	static const struct {
		enum fg_outcome outcome;
		enum fg_rc rc;
	} cases[] = {
		{ FG_OUTCOME_ACCEPTED, FG_E_LEG_ORDER },
		{ FG_OUTCOME_UNKNOWN, FG_E_LEG_ORDER },
		{ FG_OUTCOME_FAILED, FG_OK },
		{ FG_OUTCOME_DEFERRED, FG_OK },
	};
	struct relay r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		relay_prepare(&r);
		relay_expect_job(&r);
		end_leg(&r, cases[i].outcome);
		r.frame.relay.leg = 2;
		relay_order(&r);
		assert_rc(cases[i].rc, r.chain.refused);
		assert_int_equal(r.chain.jobs, cases[i].rc == FG_OK ? 2 : 1);
		relay_end(&r);
	}
}

static void a_disk_that_cannot_be_read_opens_nothing(void **state)
{
	struct relay r;
	char path[300];

	(void)state;
	prepare_ended(&r);
	snprintf(path, sizeof(path), "%s/vault/journal", r.chain.folder);
	{
		FILE *f = fopen(path, "r+b"); /* the leg's records are the last */
		long at = 0;
		uint8_t header[12];

		assert_non_null(f);
		while (fread(header, 1, sizeof(header), f) == sizeof(header) &&
		       (header[2] || header[3])) {
			int kind = fgetc(f);

			at += (long)sizeof(header) + header[2] * 256 + header[3];
			if (kind == 'L') {
				fseek(f, -1, SEEK_CUR);
				fputc('?', f);
			}
			fseek(f, at, SEEK_SET);
		}
		fclose(f);
	}
	order_again(&r);
	assert_rc(FG_E_LOG_IO, r.chain.refused);
	assert_int_equal(r.chain.jobs, 1);
	relay_end(&r);
}

/* ---- of a device ---- */

static void a_leg_of_a_device_is_known_a_day_longer_than_its_consent(void **state)
{
	struct chain chain;
	struct chain_order order;

	(void)state;
	for (int restart = 0; restart <= 1; restart++) {
		chain_start(&chain);
		chain_order_init(&chain, &order);
		chain_send(&chain, &order);
		chain_outcome(&chain, &order, FG_OUTCOME_ACCEPTED);
		chain.drop_opens =
			true; /* the log itself refuses late ones: here the vault alone counts */
		chain_send(&chain, &order);
		assert_int_equal(chain.held.type, FG_IPC_OPEN);
		chain.clock.offset_ms += (int64_t)(order.consent.expires_ms -
						   fg_clock_wall_ms(&chain.clock) + 23 * HOUR_MS);
		if (restart)
			chain_restart_vault(&chain);
		chain.legs = 0;
		fg_vault_frame(chain.vault, &chain.held);
		fg_vault_flush(chain.vault);
		assert_int_equal(chain.legs, 1);
		assert_int_equal(chain.leg_state, FG_LEG_ACCEPTED);
		chain.clock.offset_ms += (int64_t)(2 * HOUR_MS);
		if (restart)
			chain_restart_vault(&chain);
		fg_vault_frame(chain.vault, &chain.held);
		fg_vault_flush(chain.vault);
		assert_int_equal(chain.legs, 1);
		assert_int_not_equal(chain.refused, FG_OK);
		assert_int_equal(chain.jobs, 1);
		chain_stop(&chain);
	}
}

/* ---- what it costs ---- */

enum { TURN = 50 };

/* So many messages to their end, with few turns for the disk. */
static void open_and_end(struct relay *r, unsigned count)
{
	struct fg_id ids[TURN];

	for (unsigned done = 0; done < count; done += TURN) {
		for (unsigned i = 0; i < TURN; i++) {
			relay_submit(r, "shop", "your parcel is here");
			relay_make_order(r);
			ids[i] = r->frame.relay.message_id;
			fg_ledger_frame(r->chain.ledger, &r->frame);
		}
		chain_flush(&r->chain);
		for (unsigned i = 0; i < TURN; i++) {
			r->frame.relay.message_id = ids[i];
			say_outcome(r, FG_OUTCOME_ACCEPTED);
		}
		chain_flush(&r->chain);
		assert_rc(FG_OK, r->chain.refused);
	}
}

static void a_leg_that_ended_costs_less_than_forty_bytes_of_memory(void **state)
{
	enum { WARM = 500, COUNT = 3000, REPLAY_LEN = 1 << 20 /* of the journal at start */ };
	struct relay r;
	size_t before;

	(void)state;
	relay_prepare(&r);
	chain_link_up(&r.chain, WARM + COUNT + 10);
	open_and_end(&r, WARM);
	before = talloc_total_size(r.chain.vault);
	open_and_end(&r, COUNT);
	assert_int_equal(r.chain.jobs, WARM + COUNT);
	assert_true(talloc_total_size(r.chain.vault) - before < COUNT * 40);
	before = talloc_total_size(r.chain.vault);
	chain_restart_vault(&r.chain); /* reads all of it */
	assert_int_equal(fg_index_count(r.chain.vault->ended), WARM + COUNT);
	assert_true(talloc_total_size(r.chain.vault) <= before + REPLAY_LEN);
	move(&r, 48 * HOUR_MS, false);
	assert_int_equal(fg_index_count(r.chain.vault->ended), 0);
	relay_end(&r);
}

/* ---- written by an earlier version ---- */

static void write_old_leg(const struct relay *r)
{
	struct fg_journal *journal;
	uint8_t data[256];
	char path[300];
	struct fg_writer w;
	uint64_t place;

	fg_writer_init(&w, data, sizeof(data));
	fg_writer_u8(&w, 'G');
	fg_writer_bytes(&w, r->frame.relay.message_id.b, FG_ID_LEN);
	fg_writer_u16(&w, 1);
	fg_writer_bytes(&w, (uint8_t[FG_SHA256_LEN]){ 0 }, FG_SHA256_LEN);
	fg_writer_u64(&w, fg_clock_wall_ms(&r->chain.clock));
	fg_writer_u16(&w, 0);
	fg_writer_u8(&w, FG_LEG_ACCEPTED);
	fg_writer_u32(&w, 0);
	fg_writer_u8(&w, 1);
	fg_writer_cstring(&w, "OK", 2);
	fg_writer_u16(&w, 0);
	fg_writer_u16(&w, 0);
	snprintf(path, sizeof(path), "%s/vault/journal", r->chain.folder);
	assert_ok(fg_journal_create(NULL, path, &journal));
	assert_ok(fg_journal_append(journal, data, fg_writer_len(&w), &place));
	assert_ok(fg_journal_replace(journal));
	talloc_free(journal);
}

/* As that version sealed it: a key's number first, and no time. */
static void seal_as_before(struct relay *r, uint8_t *out, size_t cap)
{
	const struct fg_ipc_relay *relay = &r->frame.relay;
	const struct fg_vault_relay bound = { .message_id = relay->message_id,
					      .kind = relay->kind,
					      .account = relay->account,
					      .source = relay->source,
					      .destination = relay->destination,
					      .message_class = relay->message_class,
					      .flags = relay->flags,
					      .protocol_id = relay->protocol_id };
	uint8_t ad[FG_VAULT_AD_MAX];
	size_t len;

	assert_ok(fg_storekeys_seal(&r->chain.vault->storekeys, ad, fg_vault_relay_ad(&bound, ad),
				    "sealed before", 13, out, cap, &len));
	r->frame.relay.body = FG_BYTES(out, len);
}

static void a_leg_and_a_text_of_an_earlier_version_are_known(void **state)
{
	static uint8_t body[256];
	struct relay r;

	(void)state;
	relay_prepare(&r);
	seal_as_before(&r, body, sizeof(body));
	relay_expect_job(&r);
	assert_non_null(strstr(r.chain.job_text, "sealed before"));
	write_old_leg(&r);
	chain_restart_vault(&r.chain);
	expect_answer(&r, FG_LEG_ACCEPTED);
	move(&r, FG_VAULT_RELAY_LIFE_MS + 23 * HOUR_MS, true);
	expect_answer(&r, FG_LEG_ACCEPTED);
	move(&r, 2 * HOUR_MS, true);
	expect_too_late(&r);
	relay_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leg_that_ended_is_on_the_disk_only_and_answered_again),
		cmocka_unit_test(a_leg_ordered_again_in_the_turn_of_its_end_is_answered_once),
		cmocka_unit_test(a_leg_is_known_as_long_as_its_text_could_be_opened_and_a_day_more),
		cmocka_unit_test(a_text_is_not_opened_after_its_time_whatever_the_core_says),
		cmocka_unit_test(what_was_forgotten_is_not_opened_when_the_clock_is_set_back),
		cmocka_unit_test(the_time_of_a_text_cannot_be_changed),
		cmocka_unit_test(
			the_leg_after_one_on_the_disk_opens_only_when_that_one_left_nothing),
		cmocka_unit_test(a_disk_that_cannot_be_read_opens_nothing),
		cmocka_unit_test(a_leg_of_a_device_is_known_a_day_longer_than_its_consent),
		cmocka_unit_test(a_leg_that_ended_costs_less_than_forty_bytes_of_memory),
		cmocka_unit_test(a_leg_and_a_text_of_an_earlier_version_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
