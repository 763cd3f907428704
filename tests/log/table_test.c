/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/table.h"

#include <talloc.h>
#include "lib/crypto/crypto.h"
#include "tests/support/fg_test.h"

enum { KEYS = 500 };

static void a_table_is_what_was_put_and_not_removed(void **state)
{
	static uint32_t values[KEYS];
	static bool there[KEYS];
	uint32_t draw = 1, count = 0;
	struct fg_table *table;

	(void)state;
	assert_ok(fg_crypto_init());
	table = fg_table_new(NULL, sizeof(uint32_t));
	for (unsigned step = 0; step < 20000; step++) {
		uint32_t key;

		draw = draw * 1664525 + 1013904223;
		key = (draw >> 8) % KEYS;
		if (draw >> 31) {
			assert_ok(fg_table_put(table, &key, &values[key]));
			count += !there[key];
			there[key] = true;
		} else {
			fg_table_remove(table, &key);
			count -= there[key];
			there[key] = false;
		}
		assert_int_equal(fg_table_count(table), count);
		for (uint32_t i = step % 100 ? KEYS : 0; i < KEYS; i++)
			assert_ptr_equal(fg_table_get(table, &i), there[i] ? &values[i] : NULL);
	}
	talloc_free(table);
}

static void a_walk_meets_each_value_once(void **state)
{
	static uint32_t values[KEYS];
	struct fg_table *table;
	uint32_t *value;
	size_t at = 0;

	(void)state;
	assert_ok(fg_crypto_init());
	table = fg_table_new(NULL, sizeof(uint32_t));
	for (uint32_t i = 0; i < KEYS; i++)
		assert_ok(fg_table_put(table, &i, &values[i]));
	for (uint32_t i = 0; i < KEYS; i += 2)
		fg_table_remove(table, &i);
	while ((value = fg_table_next(table, &at)))
		(*value)++;
	for (uint32_t i = 0; i < KEYS; i++)
		assert_int_equal(values[i], i % 2);
	talloc_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_what_was_put_and_not_removed),
		cmocka_unit_test(a_walk_meets_each_value_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
