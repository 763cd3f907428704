/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parts of the smpp adapter that know neither bytes nor sessions: pace, window, ids.
 */
#include "tests/support/fg_test.h"

#include <talloc.h>
#include "adapters/smpp/ids.h"
#include "adapters/smpp/pace.h"
#include "adapters/smpp/window.h"

/* ---- pace ---- */

static unsigned taken_until(struct fg_smpp_pace *pace, uint64_t from_ms, uint64_t to_ms)
{
	unsigned count = 0;

	for (uint64_t now = from_ms; now < to_ms; now++)
		while (fg_smpp_pace_ready(pace, now)) {
			fg_smpp_pace_take(pace, now);
			count++;
		}
	return count;
}

static void a_second_holds_the_rate_and_once_the_burst(void **state)
{
	struct fg_smpp_pace pace;

	(void)state;
	fg_smpp_pace_init(&pace, 100, 5, 1000);
	assert_int_equal(taken_until(&pace, 1000, 2000), 5 + 99);
	assert_int_equal(taken_until(&pace, 2000, 12000), 1000);
	assert_int_equal(taken_until(&pace, 1000000, 1000001),
			 5); /* what was idle is not saved up */
}

static void each_refusal_of_the_present_rate_halves_it_down_to_one(void **state)
{
	struct fg_smpp_pace pace;
	uint64_t now = 1000;

	(void)state;
	fg_smpp_pace_init(&pace, 100, 0, now);
	fg_smpp_pace_slow(&pace, now, now + 10);
	fg_smpp_pace_slow(&pace, now, now + 20); /* of the same window */
	assert_int_equal(fg_smpp_pace_rate(&pace), 50);
	assert_int_equal(taken_until(&pace, now + 20, now + 1020), 0);
	for (unsigned i = 0; i < 10; i++) {
		now += 2000;
		fg_smpp_pace_slow(&pace, now, now);
	}
	assert_int_equal(fg_smpp_pace_rate(&pace), 1);
}

static void it_grows_by_a_twentieth_a_second_after_thirty_clean_ones(void **state)
{
	static const struct {
		uint64_t after_ms;
		int64_t rate;
	} cases[] = { { 29999, 500 }, { 30000, 500 },  { 31000, 550 },
		      { 35000, 750 }, { 40000, 1000 }, { 90000, 1000 } };
	struct fg_smpp_pace pace;

	(void)state;
	fg_smpp_pace_init(&pace, 1000, 0, 5000);
	fg_smpp_pace_slow(&pace, 5000, 5000);
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		(void)fg_smpp_pace_ready(&pace, 5000 + cases[i].after_ms);
		assert_int_equal(fg_smpp_pace_rate(&pace), cases[i].rate);
	}
	assert_false(fg_smpp_pace_slowed(&pace));
}

static void a_slow_rate_grows_however_often_it_is_looked_at(void **state)
{
	struct fg_smpp_pace pace;

	(void)state;
	fg_smpp_pace_init(&pace, 4, 0, 5000);
	fg_smpp_pace_slow(&pace, 5000, 5000);
	assert_true(fg_smpp_pace_slowed(&pace));
	for (uint64_t now = 5001; now <= 45000; now++) {
		uint64_t change = fg_smpp_pace_change_ms(&pace);

		fg_smpp_pace_look(&pace, now);
		assert_true(change == UINT64_MAX || change >= now);
	}
	assert_int_equal(fg_smpp_pace_rate(&pace), 4);
	assert_false(fg_smpp_pace_slowed(&pace));
	assert_true(fg_smpp_pace_change_ms(&pace) == UINT64_MAX);
}

static void ready_ms_is_when_it_is_ready(void **state)
{
	struct fg_smpp_pace pace;

	(void)state;
	fg_smpp_pace_init(&pace, 3, 1, 1000);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t at;

		assert_true(fg_smpp_pace_ready(&pace, fg_smpp_pace_ready_ms(&pace)));
		at = fg_smpp_pace_ready_ms(&pace);
		fg_smpp_pace_take(&pace, at);
		if (i == 10)
			fg_smpp_pace_slow(&pace, at, at);
		assert_true(fg_smpp_pace_ready_ms(&pace) > at);
		assert_false(fg_smpp_pace_ready(&pace, fg_smpp_pace_ready_ms(&pace) - 1));
	}
}

/* ---- window ---- */

static void a_window_of_one_is_found_and_seldom_tried_again(void **state)
{
	struct fg_smpp_window window;

	(void)state;
	fg_smpp_window_init(&window, 10);
	(void)fg_smpp_window_accepted(&window, 1, 0);
	assert_false(fg_smpp_window_refused(&window, 2, 0));
	assert_false(fg_smpp_window_refused(&window, 3, 0));
	assert_true(fg_smpp_window_refused(&window, 4, 0));
	assert_int_equal(window.now, 1);
	assert_false(fg_smpp_window_accepted(&window, 1, 29999));
	assert_true(fg_smpp_window_accepted(&window, 1, 30000));
	assert_int_equal(window.now, 2);
	(void)fg_smpp_window_accepted(&window, 1, 30001);
	assert_true(fg_smpp_window_refused(&window, 2, 30001)); /* one refusal is enough now */
	assert_int_equal(window.now, 1);
	assert_false(fg_smpp_window_accepted(&window, 1, 90000)); /* twice the patience */
	assert_true(fg_smpp_window_accepted(&window, 1, 90001));
}

static void a_rate_is_not_taken_for_a_window(void **state)
{
	struct fg_smpp_window window;

	(void)state;
	fg_smpp_window_init(&window, 10);
	for (unsigned i = 0; i < 50; i++) {
		(void)fg_smpp_window_accepted(&window, 10, i);
		assert_false(fg_smpp_window_refused(&window, 5 + i % 6, i));
	}
	for (unsigned i = 0; i < 50; i++) /* alone on the wire */
		assert_false(fg_smpp_window_refused(&window, 1, i));
	assert_int_equal(window.now, 10);
}

static void a_window_never_grows_beyond_the_configured_one(void **state)
{
	struct fg_smpp_window window;
	uint64_t now = 0;

	(void)state;
	fg_smpp_window_init(&window, 10);
	for (unsigned i = 0; i < 3; i++)
		(void)fg_smpp_window_refused(&window, 6, 0);
	assert_int_equal(window.now, 5);
	for (unsigned i = 0; i < 20; i++) {
		now += 60000;
		(void)fg_smpp_window_accepted(&window, window.now, now);
		assert_in_range(window.now, 5, 10);
	}
	assert_int_equal(window.now, 10);
}

/* ---- ids ---- */

static void ids_of_receipts_become_those_of_responses(void **state)
{
	static const struct {
		const char *base, *response, *receipt, *becomes;
	} cases[] = {
		{ "auto", "1A2B", "6699", "1A2B" },
		{ "auto", "6699", "1a2b", "6699" },
		{ "auto", "0000001A2B", "6699", "0000001A2B" },
		{ "auto", "1a2b", "0001A2B", "1a2b" },
		{ "auto", "6699", "0000006699", "6699" },
		{ "auto", "6699", "6699", "6699" },
		{ "auto", "f81d4fae-7dec", "f81d4fae-7dec", "f81d4fae-7dec" },
		{ "auto", "1A2B", "7000", "7000" }, /* of another message; nothing is known yet */
		{ "same", "1A2B", "6699", "6699" },
		{ "hex-dec", "00FF", "4096", "1000" },
		{ "hex-dec", "00000001", "255", "000000FF" },
		{ "hex-dec", "ab", "255", "ff" },
		{ "dec-hex", "17", "FF", "255" },
		{ "hex-dec", "1", "99999999999999999999", "99999999999999999999" }, /* 67 bits */
		{ "hex-dec", "1", "18446744073709551615", "18446744073709551615" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_smpp_ids *ids = fg_smpp_ids_new(NULL, cases[i].base);
		char id[FG_DLR_ID_MAX + 1];

		print_message("# %s %s %s\n", cases[i].base, cases[i].response, cases[i].receipt);
		fg_smpp_ids_response(ids, cases[i].response, "");
		snprintf(id, sizeof(id), "%s", cases[i].receipt);
		fg_smpp_ids_receipt(ids, id, "");
		assert_string_equal(id, cases[i].becomes);
		talloc_free(ids);
	}
}

static void a_base_is_learned_after_three_receipts_and_serves_older_ids(void **state)
{
	struct fg_smpp_ids *ids = fg_smpp_ids_new(NULL, "auto");
	char id[FG_DLR_ID_MAX + 1], response[20];

	(void)state;
	for (unsigned i = 0xA0; i < 0xA3; i++) {
		snprintf(response, sizeof(response), "%08X", i);
		fg_smpp_ids_response(ids, response, "");
		snprintf(id, sizeof(id), "%u", i);
		assert_int_equal(fg_smpp_ids_base(ids), FG_SMPP_ID_AUTO);
		fg_smpp_ids_receipt(ids, id, "");
		assert_string_equal(id, response);
	}
	assert_int_equal(fg_smpp_ids_base(ids), FG_SMPP_ID_HEX_DEC);
	snprintf(id, sizeof(id), "%u", 0x77); /* given before this process was started */
	fg_smpp_ids_receipt(ids, id, "");
	assert_string_equal(id, "00000077");
	talloc_free(ids);
}

static void digits_that_mean_the_same_either_way_prove_nothing_wrong(void **state)
{
	struct fg_smpp_ids *ids = fg_smpp_ids_new(NULL, "auto");
	char id[FG_DLR_ID_MAX + 1];

	(void)state;
	for (unsigned i = 0; i < 9000; i++) { /* more than are remembered */
		snprintf(id, sizeof(id), "%u", 100000 + i);
		fg_smpp_ids_response(ids, id, "");
	}
	snprintf(id, sizeof(id), "108999");
	fg_smpp_ids_receipt(ids, id, "");
	assert_string_equal(id, "108999");
	snprintf(id, sizeof(id), "100000"); /* forgotten, and left as it is */
	fg_smpp_ids_receipt(ids, id, "");
	assert_string_equal(id, "100000");
	talloc_free(ids);
}

struct look {
	char base; /* d, x or X */
	int width;
};

static void write_id(char out[static FG_DLR_ID_MAX + 1], const struct look *look, unsigned n)
{
	if (look->base == 'd')
		snprintf(out, FG_DLR_ID_MAX + 1, "%0*u", look->width, n);
	else if (look->base == 'x')
		snprintf(out, FG_DLR_ID_MAX + 1, "%0*x", look->width, n);
	else
		snprintf(out, FG_DLR_ID_MAX + 1, "%0*X", look->width, n);
}

static void expect_id(struct fg_smpp_ids *ids, const struct look *response,
		      const struct look *receipt, unsigned n)
{
	char id[FG_DLR_ID_MAX + 1], wanted[FG_DLR_ID_MAX + 1];

	write_id(wanted, response, n);
	write_id(id, receipt, n);
	fg_smpp_ids_receipt(ids, id, "+12025550199");
	assert_string_equal(id, wanted);
}

/* Far more messages than prove a base: each receipt finds its own. */
static void what_is_learned_goes_on_serving_every_later_id(void **state)
{
	static const struct {
		struct look response, receipt;
		enum fg_smpp_id_base base;
	} cases[] = {
		{ { 'd', 10 }, { 'd', 0 }, FG_SMPP_ID_SAME },
		{ { 'd', 0 }, { 'd', 10 }, FG_SMPP_ID_SAME },
		{ { 'X', 0 }, { 'x', 0 }, FG_SMPP_ID_SAME },
		{ { 'x', 8 }, { 'X', 0 }, FG_SMPP_ID_SAME },
		{ { 'X', 0 }, { 'd', 0 }, FG_SMPP_ID_HEX_DEC },
		{ { 'x', 0 }, { 'd', 0 }, FG_SMPP_ID_HEX_DEC },
		{ { 'd', 0 }, { 'x', 8 }, FG_SMPP_ID_DEC_HEX },
	};
	char id[FG_DLR_ID_MAX + 1];

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_smpp_ids *ids = fg_smpp_ids_new(NULL, "auto");

		print_message("# case %u\n", i);
		for (unsigned n = 1; n < 6000; n++) { /* from 1 on, as a new SMSC counts */
			write_id(id, &cases[i].response, n);
			fg_smpp_ids_response(ids, id, "+12025550199");
			expect_id(ids, &cases[i].response, &cases[i].receipt, n);
		}
		assert_int_equal(fg_smpp_ids_base(ids), cases[i].base);
		for (unsigned n = 0; n < 5000; n++) { /* more outstanding than are remembered */
			write_id(id, &cases[i].response, 100000 + n);
			fg_smpp_ids_response(ids, id, "");
		}
		expect_id(ids, &cases[i].response, &cases[i].receipt, 0xABCDE);
		talloc_free(ids);
	}
}

static void of_two_messages_that_an_id_may_mean_it_is_the_one_to_that_number(void **state)
{
	struct fg_smpp_ids *ids = fg_smpp_ids_new(NULL, "auto");
	char id[FG_DLR_ID_MAX + 1] = "16";

	(void)state;
	fg_smpp_ids_response(ids, "10", "+12025550110"); /* hex or not, nobody knows yet */
	fg_smpp_ids_response(ids, "16", "+12025550116");
	fg_smpp_ids_receipt(ids, id, "+12025550110");
	assert_string_equal(id, "10");
	snprintf(id, sizeof(id), "16");
	fg_smpp_ids_receipt(ids, id, "2025550116");
	assert_string_equal(id, "16");
	talloc_free(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_holds_the_rate_and_once_the_burst),
		cmocka_unit_test(each_refusal_of_the_present_rate_halves_it_down_to_one),
		cmocka_unit_test(it_grows_by_a_twentieth_a_second_after_thirty_clean_ones),
		cmocka_unit_test(a_slow_rate_grows_however_often_it_is_looked_at),
		cmocka_unit_test(ready_ms_is_when_it_is_ready),
		cmocka_unit_test(a_window_of_one_is_found_and_seldom_tried_again),
		cmocka_unit_test(a_rate_is_not_taken_for_a_window),
		cmocka_unit_test(a_window_never_grows_beyond_the_configured_one),
		cmocka_unit_test(ids_of_receipts_become_those_of_responses),
		cmocka_unit_test(a_base_is_learned_after_three_receipts_and_serves_older_ids),
		cmocka_unit_test(digits_that_mean_the_same_either_way_prove_nothing_wrong),
		cmocka_unit_test(what_is_learned_goes_on_serving_every_later_id),
		cmocka_unit_test(of_two_messages_that_an_id_may_mean_it_is_the_one_to_that_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
