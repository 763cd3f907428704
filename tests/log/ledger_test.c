/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log by itself: what lies on its disk, what it says when the disk fails, what auditors see,
 * and its keys over time.
 */
#include "tests/support/chain_fixture.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>
#include "lib/crypto/merkle.h"
#include "lib/crypto/note.h"
#include "lib/proto/leaf.h"

enum { HEADER_LEN = 12, DAY_MS = 86400000 }; /* of a record of the journal: journal.h */

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

static void send_fresh(void)
{
	chain_order_init(&chain, &order);
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_OK);
}

static struct fg_checkpoint head(uint64_t old_size)
{
	struct fg_frame query = { .type = FG_IPC_HEAD_QUERY };
	struct fg_checkpoint checkpoint;

	query.head_query.token = 7;
	query.head_query.old_size = old_size;
	fg_ledger_frame(chain.ledger, &query);
	assert_int_equal(chain.head.head.token, 7);
	assert_int_equal(chain.head.head.old_size, old_size);
	assert_ok(fg_note_verify((const char *)chain.head.head.checkpoint.data,
				 chain.head.head.checkpoint.len, chain.trust.origin,
				 chain.trust.log_key, &checkpoint));
	return checkpoint;
}

static const char *log_path(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/log/%s", chain.folder, name);
	return path;
}

static size_t file_size(const char *name)
{
	struct stat st;

	assert_int_equal(stat(log_path(name), &st), 0);
	return (size_t)st.st_size;
}

static void write_file(const char *name, const uint8_t *data, size_t len)
{
	FILE *f = fopen(log_path(name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

/* Of a journal, without the zeros behind its records: journal.h. */
static size_t records_len(struct fg_bytes journal)
{
	size_t at = 0, len;

	for (; journal.len - at >= HEADER_LEN; at += HEADER_LEN + len) {
		len = (size_t)journal.data[at] << 24 | (size_t)journal.data[at + 1] << 16 |
		      (size_t)journal.data[at + 2] << 8 | journal.data[at + 3];
		if (len == 0)
			break;
	}
	return at;
}

/* A copy of the journal's records (talloc). */
static uint8_t *copy_records(void)
{
	struct fg_bytes whole = chain_log_file(&chain, "journal");

	return talloc_memdup(NULL, whole.data, records_len(whole));
}

/* ---- the disk ---- */

static void the_vault_hears_nothing_before_the_disk_has_it(void **state)
{
	unsigned leaves = chain.leaves;

	(void)state;
	chain_send(&chain, &order);
	assert_int_equal(chain.disk.syncs, 1);
	assert_int_equal(chain.disk.opens_before, 0);
	assert_int_equal(chain.disk.leaves_before, leaves);
	assert_int_equal(chain.opens, 1);
	assert_int_equal(chain.leaves, leaves + 1);
}

static void a_disk_that_fails_refuses_the_order_and_opens_nothing(void **state)
{
	static const int errors[] = { EIO, ENOSPC };

	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		unsigned leaves = chain.leaves;

		chain.disk.error = errors[i];
		chain_send(&chain, &order);
		assert_int_equal(chain.refused, FG_E_LOG_IO);
		assert_int_equal(chain.refusals, 1);
		assert_int_equal(chain.failures, 1);
		assert_int_equal(chain.logged, 0);
		assert_int_equal(chain.opens, 0);
		assert_int_equal(chain.leaves, leaves);
		assert_int_equal(fg_ledger_size(chain.ledger), 0);
		chain.disk.error = 0;
		chain_restart_log(&chain);
		chain_send(&chain, &order);
		assert_int_equal(chain.jobs, 1);
		start_over(state);
	}
}

static void a_disk_that_is_nearly_full_takes_no_orders(void **state)
{
	(void)state;
	chain.conf.limits.disk_free_mib = 1 << 30;
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_LOG_IO);
	assert_int_equal(chain.failures, 0);
	assert_int_equal(fg_ledger_size(chain.ledger), 0);
}

static void without_a_vault_that_follows_nothing_is_logged(void **state)
{
	(void)state;
	fg_ledger_vault_closed(chain.ledger);
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_CLOSED);
	assert_int_equal(fg_ledger_size(chain.ledger), 0);
}

static void a_clock_set_back_takes_no_orders(void **state)
{
	(void)state;
	send_fresh();
	chain_order_init(&chain, &order);
	chain.clock.wall_offset_ms -= 600000;
	chain_send(&chain, &order);
	assert_int_equal(chain.refused, FG_E_CLOCK_HOLD);
	assert_int_equal(fg_ledger_size(chain.ledger), 1);
}

/* ---- a channel to the vault that is full ---- */

static void an_order_waits_for_room_in_the_channel_to_the_vault(void **state)
{
	for (unsigned room = 0; room < 6; room++) {
		chain.vault_room = room;
		for (int i = 0; i < 3; i++)
			send_fresh();
		assert_int_equal(chain.logged, 3);
		assert_int_equal(chain.jobs, room / 2); /* LEAVES and OPEN for each */
		while (chain.jobs < 3) {
			assert_true(chain.vault_room == 0);
			chain.vault_room = 1;
			chain_flush(&chain);
			assert_int_equal(chain.refusals, 0);
		}
		chain.vault_room = UINT_MAX;
		chain_flush(&chain);
		assert_int_equal(chain.jobs, 3);
		start_over(state);
	}
}

static void what_waits_for_a_vault_that_went_away_is_ordered_again(void **state)
{
	(void)state;
	chain.vault_room = 0;
	chain_send(&chain, &order);
	chain.vault_room = UINT_MAX;
	chain_restart_vault(&chain);
	chain_flush(&chain);
	assert_int_equal(chain.jobs, 0);
	chain_send(&chain, &order);
	assert_int_equal(chain.jobs, 1);
	assert_int_equal(fg_ledger_size(chain.ledger), 1);
}

static void a_vault_that_lags_too_far_behind_is_given_no_more(void **state)
{
	unsigned sent = 0;

	(void)state;
	chain.vault_room = 0;
	while (chain.refused == FG_OK && sent++ < 2000) {
		chain_order_init(&chain, &order);
		chain_send(&chain, &order);
	}
	assert_int_equal(chain.refused, FG_E_IPC_FULL);
	assert_int_equal(fg_ledger_size(chain.ledger), sent - 1);
	chain_link_up(&chain, 2000);
	chain.vault_room = UINT_MAX;
	chain_flush(&chain);
	assert_int_equal(chain.jobs, sent - 1);
}

/* ---- at start ---- */

static void a_journal_is_replayed_to_the_same_head(void **state)
{
	struct fg_checkpoint before, after;

	(void)state;
	for (int i = 0; i < 5; i++)
		send_fresh();
	before = head(0);
	chain_restart_log(&chain);
	after = head(0);
	assert_int_equal(after.size, 5);
	assert_int_equal(before.size, 5);
	assert_true(fg_hash_equal(&before.root, &after.root));
}

static void assert_cut_to(size_t len)
{
	struct fg_bytes journal;

	assert_ok(chain_try_log(&chain));
	assert_int_equal(fg_ledger_size(chain.ledger), 1);
	journal = chain_log_file(&chain, "journal");
	assert_int_equal(records_len(journal), len);
	for (size_t i = len; i < journal.len; i++)
		assert_int_equal(journal.data[i], 0);
}

static void a_tail_torn_at_any_byte_is_cut_off(void **state)
{
	uint8_t *copy, *torn;
	size_t first, len;

	(void)state;
	send_fresh();
	first = records_len(chain_log_file(&chain, "journal"));
	send_fresh();
	copy = copy_records();
	len = talloc_get_size(copy);
	assert_true(len > first + HEADER_LEN);
	torn = talloc_zero_size(copy, len + 100);
	memcpy(torn, copy, first);
	for (size_t at = first; at < len; at++) {
		write_file("journal", copy, at);
		assert_cut_to(first);
		write_file("journal", torn, len + 100); /* written over zeros */
		assert_cut_to(first);
		torn[at] = copy[at];
	}
	write_file("journal", copy, len);
	assert_ok(chain_try_log(&chain));
	assert_int_equal(fg_ledger_size(chain.ledger), 2);
	talloc_free(copy);
}

/* One byte of the payload changed, with a sum that fits: whoever can write the disk can do that. */
static void assert_not_ours(const uint8_t *journal, size_t len, size_t at)
{
	uint8_t *copy = talloc_memdup(NULL, journal, len);
	struct fg_hash sum;
	enum fg_rc rc;

	copy[at] ^= 1;
	sum = fg_sha256(copy + HEADER_LEN, len - HEADER_LEN);
	memcpy(copy + 4, sum.b, HEADER_LEN - 4);
	write_file("journal", copy, len);
	talloc_free(copy);
	rc = chain_try_log(&chain);
	if (rc != FG_E_LOG_FORK && rc != FG_E_SYNTAX)
		fail_msg("byte %zu of the journal: %s", at, fg_rc_name(rc));
}

static void a_journal_that_the_key_did_not_sign_does_not_start(void **state)
{
	uint8_t *copy;
	size_t note_len;

	(void)state;
	send_fresh();
	head(0);
	note_len = chain.head.head.checkpoint.len;
	copy = copy_records();
	for (size_t at = HEADER_LEN; at < HEADER_LEN + 2 + FG_LEAF_LEN; at++)
		assert_not_ours(copy, talloc_get_size(copy), at);
	for (size_t at = talloc_get_size(copy) - note_len - 2; at < talloc_get_size(copy); at++)
		assert_not_ours(copy, talloc_get_size(copy), at);
	write_file("journal", copy, talloc_get_size(copy));
	assert_ok(chain_try_log(&chain));
	talloc_free(copy);
}

static void a_log_does_not_start_under_another_key(void **state)
{
	(void)state;
	chain.trust.log_key[0] ^= 1;
	assert_int_equal(chain_try_log(&chain), FG_E_TRUST);
}

/* ---- for auditors ---- */

static void every_old_head_is_consistent_with_the_newest(void **state)
{
	enum { LEAVES = 9 };
	struct fg_checkpoint old[LEAVES + 1], newest;
	struct fg_merkle_path path;

	(void)state;
	for (size_t size = 1; size <= LEAVES; size++) {
		send_fresh();
		old[size] = head(0);
		assert_int_equal(old[size].size, size);
	}
	for (size_t size = 1; size <= LEAVES; size++) {
		newest = head(size);
		assert_int_equal(chain.head.head.rc, FG_OK);
		path = (struct fg_merkle_path){ .count = (uint8_t)(chain.head.head.path.len /
								   FG_SHA256_LEN) };
		if (path.count > 0)
			memcpy(path.hash, chain.head.head.path.data, chain.head.head.path.len);
		assert_ok(fg_merkle_verify_consistency(size, newest.size, &old[size].root,
						       &newest.root, &path));
	}
	head(LEAVES + 1);
	assert_int_equal(chain.head.head.rc, FG_E_NOT_FOUND);
	assert_int_equal(chain.head.head.path.len, 0);
}

static struct fg_leaf published_leaf(size_t index)
{
	struct fg_bytes leaves = chain_log_file(&chain, "leaves");
	struct fg_leaf leaf;

	assert_true((index + 1) * FG_LEAF_LEN <= leaves.len);
	assert_ok(fg_leaf_decode(leaves.data + index * FG_LEAF_LEN, FG_LEAF_LEN, &leaf));
	return leaf;
}

static void assert_files_agree(size_t size)
{
	struct fg_bytes leaves = chain_log_file(&chain, "leaves"),
			note = chain_log_file(&chain, "checkpoint");
	struct fg_merkle_frontier frontier;
	struct fg_checkpoint checkpoint;
	struct fg_hash root;

	assert_int_equal(leaves.len, size * FG_LEAF_LEN);
	fg_merkle_frontier_init(&frontier);
	for (size_t i = 0; i < size; i++) {
		struct fg_hash leaf = fg_merkle_leaf(leaves.data + i * FG_LEAF_LEN, FG_LEAF_LEN);

		fg_merkle_frontier_append(&frontier, &leaf);
	}
	root = fg_merkle_frontier_root(&frontier);
	assert_ok(fg_note_verify((const char *)note.data, note.len, chain.trust.origin,
				 chain.trust.log_key, &checkpoint));
	assert_int_equal(checkpoint.size, size);
	assert_true(fg_hash_equal(&checkpoint.root, &root));
}

static void the_files_for_auditors_agree_with_the_head(void **state)
{
	(void)state;
	send_fresh();
	send_fresh();
	fg_ledger_idle(chain.ledger);
	assert_files_agree(2);
	send_fresh();
	assert_files_agree(2);
	chain_restart_log(&chain); /* before the third was published */
	send_fresh();
	fg_ledger_idle(chain.ledger);
	assert_files_agree(4);
}

static void an_account_and_an_alarm_are_leaves_of_their_own(void **state)
{
	struct fg_frame alarm = { .type = FG_IPC_ALARM };

	(void)state;
	chain_account(&chain, 3);
	assert_int_equal(chain.noted, FG_OK);
	assert_int_equal(chain.notes, 1);
	alarm.alarm.message_id = order.message_id;
	alarm.alarm.leg = 1;
	alarm.alarm.rc = FG_E_BODY_COMMITMENT;
	fg_ledger_frame(chain.ledger, &alarm);
	fg_ledger_flush(chain.ledger);
	fg_ledger_idle(chain.ledger);
	assert_files_agree(2);
	assert_int_equal(published_leaf(0).kind, FG_LEAF_ACCOUNT);
	assert_int_equal(published_leaf(1).kind, FG_LEAF_ALARM);
	chain_restart_log(&chain);
	assert_int_equal(fg_ledger_size(chain.ledger), 2);
	order.consent.pin_ack = true;
	order.consent.pin_epoch = order.view.epoch = 3;
	chain_send(&chain, &order); /* the alarm's message and leg are not an order's */
	assert_int_equal(chain.jobs, 1);
	fg_ledger_idle(chain.ledger);
	assert_int_equal(published_leaf(2).kind, FG_LEAF_DECISION);
}

/* The core tells an account until the vault has noted it. */
static void an_account_told_again_gets_no_other_leaf_but_is_told_to_the_vault(void **state)
{
	(void)state;
	for (unsigned turn = 1; turn <= 3; turn++) {
		chain_account(&chain, 3);
		assert_int_equal(chain.notes, turn);
		assert_ok(chain.noted);
		assert_int_equal(fg_ledger_size(chain.ledger), 1);
		chain.clock.offset_ms += 1000; /* the view is signed anew */
		if (turn == 2)
			chain_restart_log(&chain);
	}
	chain_account(&chain, 4); /* says something else */
	assert_int_equal(fg_ledger_size(chain.ledger), 2);
	chain_account(&chain, 4);
	assert_int_equal(fg_ledger_size(chain.ledger), 2);
	assert_int_equal(chain.notes, 5);
}

static void an_account_whose_view_cannot_be_read_is_a_leaf_each_time(void **state)
{
	struct fg_frame frame = { .type = FG_IPC_ACCOUNT };

	(void)state;
	frame.account.view = FG_BYTES("\377", 1);
	for (unsigned turn = 1; turn <= 2; turn++) {
		fg_ledger_frame(chain.ledger, &frame);
		chain_flush(&chain);
		assert_int_equal(fg_ledger_size(chain.ledger), turn);
		assert_int_not_equal(chain.noted, FG_OK);
	}
}

/* ---- keys ---- */

static void send_sealed_to(const uint8_t outer_key[32])
{
	uint8_t newest[32];

	memcpy(newest, chain.outer_key, sizeof(newest));
	memcpy(chain.outer_key, outer_key, sizeof(newest));
	chain_order_init(&chain, &order);
	chain_send(&chain, &order);
	memcpy(chain.outer_key, newest, sizeof(newest));
}

static void a_seal_key_rotates_and_dies_when_no_consent_can_need_it(void **state)
{
	uint8_t first[32];
	size_t with_two;

	(void)state;
	memcpy(first, chain.outer_key, sizeof(first));
	chain.clock.offset_ms += DAY_MS - 60000;
	fg_ledger_idle(chain.ledger);
	assert_memory_equal(chain.outer_key, first, 32);
	chain.clock.offset_ms += 60000;
	fg_ledger_idle(chain.ledger);
	assert_memory_not_equal(chain.outer_key, first, 32);
	with_two = file_size("key");
	send_sealed_to(first);
	assert_int_equal(chain.refused, FG_OK);
	chain_restart_log(&chain);
	send_sealed_to(first);
	assert_int_equal(chain.jobs, 2);
	chain.clock.offset_ms += DAY_MS;
	fg_ledger_idle(chain.ledger);
	assert_int_equal(file_size("key"), with_two); /* one more, one less */
	send_sealed_to(first);
	assert_int_equal(chain.refused, FG_E_KEY_EXPIRED);
	chain_restart_log(&chain);
	send_sealed_to(first);
	assert_int_equal(chain.refused, FG_E_KEY_EXPIRED);
	send_sealed_to(chain.outer_key);
	assert_int_equal(chain.refused, FG_OK);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(the_vault_hears_nothing_before_the_disk_has_it),
		CASE(a_disk_that_fails_refuses_the_order_and_opens_nothing),
		CASE(a_disk_that_is_nearly_full_takes_no_orders),
		CASE(without_a_vault_that_follows_nothing_is_logged),
		CASE(a_clock_set_back_takes_no_orders),
		CASE(an_order_waits_for_room_in_the_channel_to_the_vault),
		CASE(what_waits_for_a_vault_that_went_away_is_ordered_again),
		CASE(a_vault_that_lags_too_far_behind_is_given_no_more),
		CASE(a_journal_is_replayed_to_the_same_head),
		CASE(a_tail_torn_at_any_byte_is_cut_off),
		CASE(a_journal_that_the_key_did_not_sign_does_not_start),
		CASE(a_log_does_not_start_under_another_key),
		CASE(every_old_head_is_consistent_with_the_newest),
		CASE(the_files_for_auditors_agree_with_the_head),
		CASE(an_account_and_an_alarm_are_leaves_of_their_own),
		CASE(an_account_told_again_gets_no_other_leaf_but_is_told_to_the_vault),
		CASE(an_account_whose_view_cannot_be_read_is_a_leaf_each_time),
		CASE(a_seal_key_rotates_and_dies_when_no_consent_can_need_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
