/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/index.h"

#include <talloc.h>
#include "lib/crypto/crypto.h"
#include "tests/support/fg_test.h"

#define HOUR_MS 3600000ull
#define NOW_MS  (500000 * HOUR_MS + 1234567)

static struct fg_index *index_new(void)
{
	struct fg_index *index;

	assert_ok(fg_crypto_init());
	index = fg_index_new(NULL);
	assert_non_null(index);
	return index;
}

static void put(struct fg_index *index, uint64_t key, uint64_t place, uint64_t expires_ms)
{
	assert_ok(fg_index_put(index, &key, sizeof(key), place, expires_ms));
}

/* How many of the places that are found for the key are this one; *others_out counts the rest. */
static unsigned find(const struct fg_index *index, uint64_t key, uint64_t place, unsigned *others)
{
	unsigned found = 0;
	uint32_t at = 0;
	uint64_t got;

	while (fg_index_next(index, &key, sizeof(key), &at, &got)) {
		found += got == place;
		*others += got != place;
	}
	return found;
}

static void sweep_all(struct fg_index *index, uint64_t now_ms)
{
	for (unsigned i = 0; i < FG_INDEX_PARTS / 4; i++)
		fg_index_sweep(index, now_ms, 4);
}

static void every_key_finds_its_place(void **state)
{
	struct fg_index *index = index_new();
	unsigned others = 0;

	(void)state;
	assert_int_equal(find(index, 1, 1, &others), 0);
	for (uint64_t i = 0; i < 100000; i++)
		put(index, i, i << 17, NOW_MS);
	assert_int_equal(fg_index_count(index), 100000);
	for (uint64_t i = 0; i < 100000; i++)
		assert_int_equal(find(index, i, i << 17, &others), 1);
	for (uint64_t i = 100000; i < 200000; i++)
		assert_int_equal(find(index, i, i << 17, &others), 0);
	assert_true(others < 10); /* 40 bits of a hash */
	talloc_free(index);
}

static void a_key_put_twice_has_both_places(void **state)
{
	struct fg_index *index = index_new();
	unsigned others = 0;

	(void)state;
	put(index, 7, 1, NOW_MS);
	put(index, 7, FG_INDEX_PLACE_MAX, NOW_MS);
	assert_int_equal(find(index, 7, 1, &others), 1);
	assert_int_equal(find(index, 7, FG_INDEX_PLACE_MAX, &others), 1);
	assert_int_equal(others, 2);
	talloc_free(index);
}

static void what_is_expired_is_swept_and_nothing_else(void **state)
{
	struct fg_index *index = index_new();
	unsigned others = 0;

	(void)state;
	for (uint64_t i = 0; i < 3000; i++)
		put(index, i, i,
		    i % 3 == 0   ? NOW_MS
		    : i % 3 == 1 ? NOW_MS + 2 * HOUR_MS
				 : FG_INDEX_FOREVER);
	sweep_all(index, NOW_MS);
	assert_int_equal(fg_index_count(index), 3000); /* kept to the end of its hour */
	sweep_all(index, NOW_MS + HOUR_MS);
	assert_int_equal(fg_index_count(index), 2000);
	sweep_all(index, NOW_MS + 30000 * HOUR_MS);
	assert_int_equal(fg_index_count(index), 1000);
	for (uint64_t i = 0; i < 3000; i++)
		assert_int_equal(find(index, i, i, &others), i % 3 == 2);
	talloc_free(index);
}

/* The hours are counted modulo 2^16: an hour that is 0 there must not mean "never". */
static void the_hour_that_looks_like_never_expires_all_the_same(void **state)
{
	struct fg_index *index = index_new();
	uint64_t wrap_ms = 8 * 65536 * HOUR_MS;

	(void)state;
	put(index, 1, 1, wrap_ms - HOUR_MS);
	put(index, 2, 2, wrap_ms - 1);
	sweep_all(index, wrap_ms - HOUR_MS);
	assert_int_equal(fg_index_count(index), 2);
	sweep_all(index, wrap_ms + 2 * HOUR_MS);
	assert_int_equal(fg_index_count(index), 0);
	talloc_free(index);
}

static void a_reserved_put_cannot_fail(void **state)
{
	struct fg_index *index = index_new();

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		size_t before;

		assert_ok(fg_index_reserve(index, &i, sizeof(i)));
		before = fg_index_bytes(index);
		put(index, i, i, NOW_MS);
		assert_int_equal(fg_index_bytes(index), before);
	}
	talloc_free(index);
}

static void a_thing_costs_less_than_24_bytes_and_the_memory_comes_back(void **state)
{
	enum { COUNT = 300000 };
	struct fg_index *index = index_new();
	size_t empty = talloc_total_size(index);

	(void)state;
	for (uint64_t i = 1; i <= COUNT; i++) {
		put(index, i, i, NOW_MS);
		if (i >= 50000 && i % 1000 == 0)
			assert_true(talloc_total_size(index) - empty < 24 * i);
	}
	sweep_all(index, NOW_MS + HOUR_MS);
	assert_int_equal(fg_index_count(index), 0);
	assert_true(talloc_total_size(index) - empty <= FG_INDEX_PARTS * 8 * 12);
	talloc_free(index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_finds_its_place),
		cmocka_unit_test(a_key_put_twice_has_both_places),
		cmocka_unit_test(what_is_expired_is_swept_and_nothing_else),
		cmocka_unit_test(the_hour_that_looks_like_never_expires_all_the_same),
		cmocka_unit_test(a_reserved_put_cannot_fail),
		cmocka_unit_test(a_thing_costs_less_than_24_bytes_and_the_memory_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
