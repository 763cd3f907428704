/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/base/cursor.h"
#include "lib/base/handle.h"
#include "lib/base/id.h"

static void cursor_stops_at_the_end_and_stays_failed(void **state)
{
	const uint8_t data[] = { 1, 2, 3 };
	struct fg_cursor cur;

	(void)state;
	fg_cursor_init(&cur, data, sizeof(data));
	assert_int_equal(fg_cursor_u16(&cur), 0x0102);
	assert_int_equal(fg_cursor_u16(&cur), 0);
	assert_rc(FG_E_TRUNCATED, cur.rc);
	assert_int_equal(fg_cursor_u8(&cur), 0);
	assert_int_equal(fg_cursor_pos(&cur), 2);
}

static void cursor_end_refuses_bytes_left_over(void **state)
{
	struct fg_cursor cur;

	(void)state;
	fg_cursor_init(&cur, "ab", 2);
	fg_cursor_u8(&cur);
	assert_rc(FG_E_TRAILING, fg_cursor_end(&cur));
}

static void cstring_needs_its_nul_inside_the_bound(void **state)
{
	struct fg_cursor cur;
	size_t len = 99;

	(void)state;
	fg_cursor_init(&cur, "abc\0d", 5);
	assert_string_equal(fg_cursor_cstring(&cur, 4, &len), "abc");
	assert_int_equal(len, 3);
	assert_null(fg_cursor_cstring(&cur, 4, &len));
	assert_rc(FG_E_TRUNCATED, cur.rc);
	fg_cursor_init(&cur, "abcdef", 7);
	assert_null(fg_cursor_cstring(&cur, 4, &len));
	assert_rc(FG_E_TOO_LONG, cur.rc);
}

static void writer_never_leaves_its_buffer(void **state)
{
	uint8_t buf[8];
	struct fg_writer w;

	(void)state;
	fg_writer_init(&w, buf, sizeof(buf));
	fg_writer_u32(&w, 0);
	fg_writer_u16(&w, 0x0506);
	fg_writer_patch_u32(&w, 0, 0x01020304);
	assert_ok(w.rc);
	assert_memory_equal(buf, "\1\2\3\4\5\6", 6);
	fg_writer_u32(&w, 1);
	assert_rc(FG_E_SPACE, w.rc);
	assert_int_equal(fg_writer_len(&w), 6);
}

static void id_orders_by_time_and_survives_text(void **state)
{
	const uint8_t random[10] = { 9, 9, 9 };
	struct fg_id a = fg_id_make(1000, random), b = fg_id_make(1001, (const uint8_t[10]){ 0 }),
		     c;
	char text[FG_ID_TEXT_LEN + 1];

	(void)state;
	assert_int_equal(fg_id_cmp(&a, &b), -1);
	assert_int_equal(fg_id_time_ms(&b), 1001);
	assert_ok(fg_id_parse(fg_id_text(&a, text), &c));
	assert_int_equal(fg_id_cmp(&a, &c), 0);
	assert_rc(FG_E_SYNTAX, fg_id_parse("zz", &c));
	text[31] = 0;
	assert_rc(FG_E_SYNTAX, fg_id_parse(text, &c));
}

static void handles_have_one_spelling(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "+1 (202) 555-0199", "+12025550199" },
		{ "+4912345", "+4912345" },
		{ "Alice@Example.ORG", "alice@example.org" },
		{ "+0123456", NULL },
		{ "12025550199", NULL },
		{ "+1234", NULL },
		{ "+1234567890123456", NULL },
		{ "a@b@c", NULL },
		{ "@b", NULL },
		{ "a@", NULL },
		{ "a b@c", NULL },
		{ "", NULL },
	};
	struct fg_handle h;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum fg_rc rc = fg_handle_parse(cases[i].in, strlen(cases[i].in), &h);

		if (!cases[i].out) {
			assert_rc(FG_E_HANDLE, rc);
			continue;
		}
		assert_ok(rc);
		assert_string_equal(h.text, cases[i].out);
	}
}

static void masks_keep_three_digits(void **state)
{
	char out[FG_HANDLE_MAX + 1];

	(void)state;
	assert_string_equal(fg_handle_mask("+12025550199", out), "+********199");
	assert_string_equal(fg_handle_mask("alice@example.org", out), "a****@example.org");
	assert_string_equal(fg_handle_mask("+1", out), "+*");
}

static void every_error_has_a_name_a_class_and_a_text(void **state)
{
	(void)state;
	for (int i = 0; i < FG_RC_COUNT; i++) {
		enum fg_rc rc = (enum fg_rc)i;

		assert_int_equal(fg_rc_by_name(fg_rc_name(rc)), rc);
		assert_true(strlen(fg_rc_text(rc)) > 4);
		assert_true((fg_rc_class(rc) == FG_CLASS_NONE) == (rc == FG_OK));
	}
	assert_string_equal(fg_rc_name(FG_RC_COUNT), "E_?");
	assert_int_equal(fg_rc_class((enum fg_rc)9999), FG_CLASS_BUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cursor_stops_at_the_end_and_stays_failed),
		cmocka_unit_test(cursor_end_refuses_bytes_left_over),
		cmocka_unit_test(cstring_needs_its_nul_inside_the_bound),
		cmocka_unit_test(writer_never_leaves_its_buffer),
		cmocka_unit_test(id_orders_by_time_and_survives_text),
		cmocka_unit_test(handles_have_one_spelling),
		cmocka_unit_test(masks_keep_three_digits),
		cmocka_unit_test(every_error_has_a_name_a_class_and_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
