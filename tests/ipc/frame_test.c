/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "tests/ipc/sample.h"

static uint8_t wire[FG_FRAME_MAX];

static size_t encode_sample(enum fg_ipc_type type, size_t most, struct fg_frame *frame)
{
	size_t len = 0;

	fg_sample(type, most, frame);
	assert_ok(fg_frame_encode(frame, wire, sizeof(wire), &len));
	assert_int_equal(len, fg_frame_size(frame));
	return len;
}

static void every_frame_comes_back_as_it_went(void **state)
{
	static const size_t mosts[] = { 0, 1, 300, FG_FRAME_MAX };
	struct fg_frame frame, back;
	size_t used, len;

	(void)state;
	for (size_t i = 0; i < fg_sample_types_count; i++)
		for (size_t m = 0; m < ARRAY_LEN(mosts); m++) {
			len = encode_sample(fg_sample_types[i], mosts[m], &frame);
			assert_ok(fg_frame_decode(wire, len, &back, &used));
			assert_int_equal(used, len);
			assert_true(fg_sample_equal(&frame, &back));
		}
}

static void a_frame_cut_at_any_length_is_truncated(void **state)
{
	struct fg_frame frame, back;
	size_t used, len;
	uint8_t *exact;

	(void)state;
	for (size_t i = 0; i < fg_sample_types_count; i++) {
		len = encode_sample(fg_sample_types[i], 5, &frame);
		for (size_t cut = 0; cut < len; cut++) {
			exact = malloc(cut ? cut : 1);
			memcpy(exact, wire, cut);
			assert_rc(FG_E_TRUNCATED, fg_frame_decode(exact, cut, &back, &used));
			free(exact);
		}
	}
}

/* The length says less than the fields need, and one byte more than they need. */
static void a_frame_whose_length_lies_is_refused(void **state)
{
	struct fg_frame frame, back;
	size_t used, len;

	(void)state;
	for (size_t i = 0; i < fg_sample_types_count; i++) {
		len = encode_sample(fg_sample_types[i], 5, &frame);
		wire[3] = (uint8_t)(wire[3] + 1);
		assert_rc(wire[3] ? FG_E_TRAILING : FG_E_TRUNCATED,
			  fg_frame_decode(wire, len + 1, &back, &used));
		for (size_t claim = 0; claim + 4 < len; claim++) {
			wire[2] = (uint8_t)(claim >> 8);
			wire[3] = (uint8_t)claim;
			assert_rc(FG_E_TRUNCATED, fg_frame_decode(wire, len, &back, &used));
		}
	}
}

static void a_field_above_its_maximum_is_refused_by_both_sides(void **state)
{
	static uint8_t big[2 * FG_FRAME_MAX];
	struct fg_frame frame;
	size_t len;

	(void)state;
	for (size_t i = 0; i < fg_sample_types_count; i++)
		for (size_t field = 0; fg_sample_too_long(fg_sample_types[i], field, &frame);
		     field++)
			assert_rc(FG_E_TOO_LONG, fg_frame_encode(&frame, big, sizeof(big), &len));
	/* NOTICE of 513 bytes, by hand. */
	memset(big, 'x', sizeof(big));
	memcpy(big, "\0\0\2\7\0\20\0\0\2\1", 10);
	assert_rc(FG_E_TOO_LONG, fg_frame_decode(big, sizeof(big), &frame, &len));
}

static void a_frame_longer_than_any_may_be_is_refused(void **state)
{
	struct fg_frame frame;
	size_t used;

	(void)state;
	assert_rc(FG_E_TOO_LONG,
		  fg_frame_decode((const uint8_t *)"\0\0\376\0\0\1", 6, &frame, &used));
	assert_rc(FG_E_TOO_LONG,
		  fg_frame_decode((const uint8_t *)"\377\377\377\377", 4, &frame, &used));
}

static void an_unknown_type_is_refused(void **state)
{
	struct fg_frame frame = { .type = (enum fg_ipc_type)999 };
	size_t used;

	(void)state;
	assert_rc(FG_E_IPC_FRAME,
		  fg_frame_decode((const uint8_t *)"\0\0\0\2\0\0", 6, &frame, &used));
	assert_rc(FG_E_IPC_FRAME,
		  fg_frame_decode((const uint8_t *)"\0\0\0\2\377\377", 6, &frame, &used));
	assert_rc(FG_E_IPC_FRAME, fg_frame_encode(&frame, wire, sizeof(wire), &used));
	assert_string_equal(fg_frame_name(frame.type), "?");
}

static void a_short_buffer_gets_no_frame(void **state)
{
	struct fg_frame frame;
	size_t len, got = 77;

	(void)state;
	for (size_t i = 0; i < fg_sample_types_count; i++) {
		len = encode_sample(fg_sample_types[i], 5, &frame);
		for (size_t cap = 0; cap < len; cap++)
			assert_rc(FG_E_SPACE, fg_frame_encode(&frame, wire, cap, &got));
		assert_int_equal(got, 77);
	}
}

/* The wall: no other way to the vault than the log, no clear text but between the vault and its links. */
static void only_the_log_gives_the_vault_orders(void **state)
{
	(void)state;
	for (int from = 0; from < FG_ROLE_COUNT; from++)
		for (int to = 0; to < FG_ROLE_COUNT; to++) {
			assert_int_equal(fg_frame_allowed(from, to, FG_IPC_OPEN),
					 from == FG_ROLE_LOG && to == FG_ROLE_VAULT);
			assert_int_equal(fg_frame_allowed(from, to, FG_IPC_ORDER),
					 from == FG_ROLE_CORE && to == FG_ROLE_LOG);
			assert_int_equal(fg_frame_allowed(from, to, FG_IPC_UNSEAL),
					 from == FG_ROLE_LOG && to == FG_ROLE_VAULT);
			assert_int_equal(fg_frame_allowed(from, to, FG_IPC_RELAY),
					 from == FG_ROLE_CORE && to == FG_ROLE_LOG);
			assert_int_equal(fg_frame_allowed(from, to, FG_IPC_SUBMIT),
					 from == FG_ROLE_LINK && to == FG_ROLE_VAULT);
			assert_int_equal(fg_frame_allowed(from, to, FG_IPC_JOB),
					 from == FG_ROLE_VAULT && to == FG_ROLE_LINK);
			assert_true(fg_frame_allowed(from, to, FG_IPC_HELLO));
			assert_false(fg_frame_allowed(from, to,
						      (enum fg_ipc_type)0x10000 | FG_IPC_OPEN));
		}
}

static bool is_clear(enum fg_ipc_type type)
{
	return type == FG_IPC_JOB || type == FG_IPC_SUBMIT || type == FG_IPC_APP_ASK;
}

static void frames_know_what_they_carry(void **state)
{
	(void)state;
	for (size_t i = 0; i < fg_sample_types_count; i++) {
		enum fg_ipc_type type = fg_sample_types[i];

		assert_int_equal(fg_frame_is_clear(type), is_clear(type));
		assert_int_equal(fg_frame_takes_fd(type),
				 type == FG_IPC_PEER || type == FG_IPC_FILE);
		assert_string_not_equal(fg_frame_name(type), "?");
	}
	assert_string_equal(fg_role_name(FG_ROLE_SECURE), "secure");
	assert_string_equal(fg_role_name(FG_ROLE_COUNT), "?");
}

/* "NAME hex" a line. With FG_UPDATE_VECTORS in the environment the file is written instead. */
static void this_version_is_byte_for_byte_as_it_was(void **state)
{
	static char line[65536], want[65536];
	bool update = getenv("FG_UPDATE_VECTORS");
	struct fg_frame frame;
	char path[512];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/ipc/vectors/frames-%d.txt", getenv("FG_SRCDIR"),
		 FG_IPC_VERSION);
	file = fopen(path, update ? "w" : "r");
	assert_non_null(file);
	for (size_t i = 0; i < fg_sample_types_count; i++) {
		size_t len = encode_sample(fg_sample_types[i], 5, &frame);
		int n = snprintf(want, sizeof(want), "%s ", fg_frame_name(frame.type));

		fg_hex(wire, len, want + n);
		strcat(want, "\n");
		if (update) {
			fputs(want, file);
			continue;
		}
		assert_non_null(fgets(line, sizeof(line), file));
		assert_string_equal(line, want);
	}
	assert_null(update ? NULL : fgets(line, sizeof(line), file));
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_comes_back_as_it_went),
		cmocka_unit_test(a_frame_cut_at_any_length_is_truncated),
		cmocka_unit_test(a_frame_whose_length_lies_is_refused),
		cmocka_unit_test(a_field_above_its_maximum_is_refused_by_both_sides),
		cmocka_unit_test(a_frame_longer_than_any_may_be_is_refused),
		cmocka_unit_test(an_unknown_type_is_refused),
		cmocka_unit_test(a_short_buffer_gets_no_frame),
		cmocka_unit_test(only_the_log_gives_the_vault_orders),
		cmocka_unit_test(frames_know_what_they_carry),
		cmocka_unit_test(this_version_is_byte_for_byte_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
