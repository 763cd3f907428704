/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fields of TPDUs: addresses, times, validity, coding, user data. Clauses without a number of a document are those of 3GPP TS 23.040.
 */
#include "tests/support/fg_test.h"

#include "lib/wire/tpdu.h"
#include "lib/wire/udh.h"

#define EMOJI "\xF0\x9F\x98\x80"

static uint8_t octets[256];

static size_t unhex(const char *hex)
{
	return fg_test_unhex(hex, octets, sizeof(octets));
}

static void assert_hex(const char *hex, const void *got, size_t len)
{
	uint8_t expected[256];

	assert_int_equal(len, fg_test_unhex(hex, expected, sizeof(expected)));
	assert_memory_equal(got, expected, len);
}

static void assert_text(const char *expected, uint8_t dcs, const struct fg_tpdu_ud *ud)
{
	char text[500];
	size_t len;

	assert_ok(fg_tpdu_ud_text(dcs, ud, text, sizeof(text), &len));
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(text, expected, len);
}

/* ---- Addresses ---- */

/* 9.1.2.5 and 9.1.2.3: odd digits are filled with F; * # a b c are 10 to 14. */
static void addresses_of_all_types_go_both_ways(void **state)
{
	static const struct {
		struct fg_tpdu_address address;
		const char *hex;
	} cases[] = {
		{ { 1, 1, "12025550121" }, "0B 91 2120550521F1" },
		{ { 0, 1, "0170" }, "04 81 1007" },
		{ { 2, 1, "4444" }, "04 A1 4444" },
		{ { 3, 1, "7" }, "01 B1 F7" },
		{ { 4, 1, "55501" }, "05 C1 5505F1" },
		{ { 6, 0, "911" }, "03 E0 19F1" },
		{ { 7, 9, "1" }, "01 F9 F1" },
		{ { 0, 1, "*#abc" }, "05 81 BADCFE" },
		{ { 0, 1, "" }, "00 81" },
		{ { 1, 1, "12345678901234567890" }, "14 91 21436587092143658709" },
		/* 3GPP TS 23.038, 6.1.2.1: septets from the least significant bit on */
		{ { 5, 0, "A" }, "02 D0 41" },
		{ { 5, 0, "Test" }, "07 D0 D4F29C0E" },
		{ { 5, 0, "[]" }, "07 D0 1BDE C607" },
		{ { 5, 0, "@@@@@@@@" }, "0E D0 00000000000000" },
		{ { 5, 0, "" }, "00 D0" },
	};
	struct fg_tpdu_submit submit = { 0 }, got;
	uint8_t out[FG_TPDU_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		print_message("# %s\n", cases[i].hex);
		submit.destination = cases[i].address;
		assert_ok(fg_tpdu_submit_encode(&submit, out, sizeof(out), &len));
		assert_hex(cases[i].hex, out + 2, len - 2 - 3);
		assert_ok(fg_tpdu_submit_decode(out, len, &got));
		assert_memory_equal(&got.destination, &cases[i].address, sizeof(got.destination));
	}
}

static void what_people_write_becomes_an_address_and_back(void **state)
{
	static const struct {
		const char *text;
		enum fg_rc rc;
		uint8_t ton, npi;
		const char *stored;
	} cases[] = {
		{ "+12025550121", FG_OK, 1, 1, "12025550121" },
		{ "4444", FG_OK, 0, 1, "4444" },
		{ "*100#", FG_OK, 0, 1, "*100#" },
		{ "Fallgate", FG_OK, 5, 0, "Fallgate" },
		{ "+1 202", FG_OK, 5, 0, "+1 202" },
		{ "+", FG_OK, 5, 0, "+" },
		{ "abc", FG_OK, 0, 1, "abc" },
		{ "elevenchars", FG_OK, 5, 0, "elevenchars" },
		{ "twelve chars", FG_E_TOO_LONG, 0, 0, "" },
		{ "[][][]", FG_E_TOO_LONG, 0, 0, "" }, /* 12 septets */
		{ "+12345678901234567890", FG_OK, 1, 1, "12345678901234567890" },
		{ "+123456789012345678901", FG_E_TOO_LONG, 0, 0, "" },
		{ "\xD0\x96", FG_E_TEXT_CODING, 0, 0, "" },
		{ "\xFF", FG_E_UTF8, 0, 0, "" },
		{ "", FG_E_ARG, 0, 0, "" },
	};
	char shown[FG_TPDU_ADDRESS_TEXT_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_tpdu_address got = { 0 };

		print_message("# %s\n", cases[i].text);
		assert_rc(cases[i].rc,
			  fg_tpdu_address_from(cases[i].text, strlen(cases[i].text), &got));
		assert_string_equal(got.text, cases[i].stored);
		assert_int_equal(got.ton, cases[i].ton);
		assert_int_equal(got.npi, cases[i].npi);
		fg_tpdu_address_show(&got, shown);
		if (cases[i].rc == FG_OK)
			assert_string_equal(shown, cases[i].text);
	}
	assert_rc(FG_E_ARG, fg_tpdu_address_from("1\0002", 3, &(struct fg_tpdu_address){ 0 }));
}

static void a_recipient_of_unknown_type_is_the_same_recipient(void **state)
{
	const struct fg_tpdu_address international = { 1, 1, "12025550121" },
				     unknown = { 0, 1, "12025550121" },
				     national = { 2, 1, "12025550121" },
				     other = { 1, 1, "12025550122" };

	(void)state;
	assert_true(fg_tpdu_address_same(&international, &international));
	assert_true(fg_tpdu_address_same(&international, &unknown));
	assert_true(fg_tpdu_address_same(&unknown, &national));
	assert_false(fg_tpdu_address_same(&international, &national));
	assert_false(fg_tpdu_address_same(&international, &other));
}

/* 3GPP TS 24.011, 8.2.5.1: the length is that of type and digits in octets. */
static void the_smsc_in_front_is_read_and_written(void **state)
{
	static const struct {
		const char *hex;
		enum fg_rc rc;
		size_t prefix_len;
		bool has;
		struct fg_tpdu_address smsc;
	} cases[] = {
		{ "00 1122", FG_OK, 1, false, { 0 } },
		{ "07 91 448720003023 24", FG_OK, 8, true, { 1, 1, "447802000332" } },
		{ "07 91 2120550521F1", FG_OK, 8, true, { 1, 1, "12025550121" } },
		{ "01 91", FG_OK, 2, true, { 1, 1, "" } },
		{ "0B 91 21436587092143658709", FG_OK, 12, true, { 1, 1, "12345678901234567890" } },
		{ "", FG_E_TRUNCATED, 0, false, { 0 } },
		{ "07 91 4487", FG_E_TRUNCATED, 0, false, { 0 } },
		{ "0C 91 2143658709214365870921", FG_E_TOO_LONG, 0, false, { 0 } },
		{ "03 91 2F 21", FG_E_PDU_FIELD, 0, false, { 0 } },
	};
	uint8_t out[FG_TPDU_SMSC_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_tpdu_address smsc = { 0 };
		size_t prefix_len = 0;
		bool has = false;

		print_message("# %s\n", cases[i].hex);
		assert_rc(cases[i].rc,
			  fg_tpdu_smsc_read(octets, unhex(cases[i].hex), &smsc, &has, &prefix_len));
		assert_int_equal(prefix_len, cases[i].prefix_len);
		assert_int_equal(has, cases[i].has);
		assert_memory_equal(&smsc, &cases[i].smsc, sizeof(smsc));
		if (cases[i].rc != FG_OK)
			continue;
		assert_ok(fg_tpdu_smsc_write(has ? &smsc : NULL, out, &len));
		assert_int_equal(len, prefix_len);
		assert_memory_equal(out, octets, len);
	}
	assert_rc(FG_E_ARG, fg_tpdu_smsc_write(&(struct fg_tpdu_address){ 5, 0, "a" }, out, &len));
}

/* ---- Times ---- */

/* 9.2.3.11, with the zone in quarters of an hour and its sign in bit 3. */
static void times_are_semi_octets_with_a_zone(void **state)
{
	static const struct {
		const char *hex;
		struct fg_tpdu_time time;
		int64_t unix_s; /* from date(1) */
	} cases[] = {
		{ "11101131521400", { 11, 1, 11, 13, 25, 41, 0 }, 1294752341 },
		{ "42209221436580", { 24, 2, 29, 12, 34, 56, 8 }, 1709202896 },
		{ "4220922143650A", { 24, 2, 29, 12, 34, 56, -20 }, 1709228096 },
		{ "0010100000007F", { 0, 1, 1, 0, 0, 0, -77 }, 946684800 + 77 * 900 },
		{ "99211332959597", { 99, 12, 31, 23, 59, 59, 79 }, 4102444799 - 79 * 900 },
	};
	struct fg_tpdu_deliver deliver = { 0 }, got;
	struct fg_tpdu_time again;
	uint8_t out[FG_TPDU_MAX];
	int64_t unix_s;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		print_message("# %s\n", cases[i].hex);
		deliver.time = cases[i].time;
		assert_ok(fg_tpdu_deliver_encode(&deliver, out, sizeof(out), &len));
		assert_hex(cases[i].hex, out + 5, 7);
		assert_ok(fg_tpdu_deliver_decode(out, len, &got));
		assert_memory_equal(&got.time, &cases[i].time, sizeof(got.time));
		assert_ok(fg_tpdu_time_unix(&got.time, &unix_s));
		assert_int_equal(unix_s, cases[i].unix_s);
		assert_ok(fg_tpdu_time_of(unix_s, got.time.zone_quarters, &again));
		assert_memory_equal(&again, &cases[i].time, sizeof(again));
	}
}

static void every_day_of_the_century_has_its_date(void **state)
{
	struct fg_tpdu_time time, before = { 0 };
	const int64_t first = 946684800, day_s = 86400, days = 36525;
	int64_t unix_s;

	(void)state;
	for (int64_t day = 0; day < days; day++) {
		assert_ok(fg_tpdu_time_of(first + day * day_s + 1, 0, &time));
		assert_ok(fg_tpdu_time_unix(&time, &unix_s));
		assert_int_equal(unix_s, first + day * day_s + 1);
		/* the date moves on, and never by more than a month */
		assert_true(time.year > before.year || time.month > before.month ||
			    time.day > before.day);
		assert_true(time.year * 12 + time.month - before.year * 12 - before.month <= 1);
		before = time;
	}
	assert_rc(FG_E_ARG, fg_tpdu_time_of(first + days * day_s, 0, &time));
	assert_rc(FG_E_ARG, fg_tpdu_time_of(first - 1, 0, &time));
	assert_ok(fg_tpdu_time_of(first - 1, 1, &time));
	assert_rc(FG_E_ARG, fg_tpdu_time_of(first, -1, &time));
	assert_rc(FG_E_ARG, fg_tpdu_time_of(first, 80, &time));
	assert_rc(FG_E_ARG, fg_tpdu_time_of(INT64_MAX, 79, &time));
	assert_rc(FG_E_ARG, fg_tpdu_time_of(INT64_MIN, -79, &time));
}

/* 9.2.3.11: the receiver takes 0 for what is no digit, and keeps the message. */
static void a_time_that_is_none_does_not_lose_the_message(void **state)
{
	static const struct {
		const char *hex;
		struct fg_tpdu_time time;
	} cases[] = {
		{ "00000000000000", { 0 } },
		{ "FFFFFFFFFFFFFF", { .zone_quarters = -70 } },
		{ "A1231332959500", { 10, 32, 31, 23, 59, 59, 0 } },
		{ "4220031000 0000", { 24, 2, 30, 1, 0, 0, 0 } },
		{ "3220921000 0000", { 23, 2, 29, 1, 0, 0, 0 } },
		{ "4220014200 0000", { 24, 2, 10, 24, 0, 0, 0 } },
		{ "4220010006 0000", { 24, 2, 10, 0, 60, 0, 0 } },
		{ "4220010000 0600", { 24, 2, 10, 0, 0, 60, 0 } },
	};
	struct fg_tpdu_deliver got;
	int64_t unix_s = 5;
	char hex[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		print_message("# %s\n", cases[i].hex);
		snprintf(hex, sizeof(hex), "04 0091 0000 %s 00", cases[i].hex);
		assert_ok(fg_tpdu_deliver_decode(octets, unhex(hex), &got));
		assert_memory_equal(&got.time, &cases[i].time, sizeof(got.time));
		assert_rc(FG_E_PDU_FIELD, fg_tpdu_time_unix(&got.time, &unix_s));
		assert_int_equal(unix_s, 5);
	}
}

/* ---- Validity ---- */

/* 9.2.3.12.1: the formula of each of the four ranges, at its ends. */
static void the_relative_validity_is_the_least_that_is_enough(void **state)
{
	static const struct {
		uint32_t wanted;
		uint8_t value;
		int64_t got;
	} cases[] = {
		{ 0, 0, 300 },
		{ 300, 0, 300 },
		{ 301, 1, 600 },
		{ 12 * 3600, 143, 12 * 3600 },
		{ 12 * 3600 + 1, 144, 12 * 3600 + 1800 },
		{ 24 * 3600, 167, 24 * 3600 },
		{ 24 * 3600 + 1, 168, 2 * 86400 },
		{ 30 * 86400, 196, 30 * 86400 },
		{ 30 * 86400 + 1, 197, 5 * 7 * 86400 },
		{ 63 * 7 * 86400, 255, 63 * 7 * 86400 },
		{ UINT32_MAX, 255, 63 * 7 * 86400 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_tpdu_validity validity = fg_tpdu_validity_for(cases[i].wanted);
		int64_t seconds;

		assert_int_equal(validity.format, FG_TPDU_VPF_RELATIVE);
		assert_int_equal(validity.relative, cases[i].value);
		assert_ok(fg_tpdu_validity_s(&validity, 0, &seconds));
		assert_int_equal(seconds, cases[i].got);
	}
}

static void each_form_of_validity_says_how_long(void **state)
{
	static const struct {
		struct fg_tpdu_validity validity;
		enum fg_rc rc;
		int64_t seconds;
	} cases[] = {
		{ { .format = FG_TPDU_VPF_NONE }, FG_E_NOT_FOUND, 0 },
		{ { .format = FG_TPDU_VPF_ABSOLUTE, .absolute = { 11, 1, 11, 13, 26, 41, 0 } },
		  FG_OK,
		  60 },
		{ { .format = FG_TPDU_VPF_ABSOLUTE, .absolute = { 11, 1, 11, 13, 24, 41, 0 } },
		  FG_OK,
		  -60 },
		{ { .format = FG_TPDU_VPF_ABSOLUTE }, FG_E_PDU_FIELD, 0 },
		/* 9.2.3.12.3 */
		{ { .format = FG_TPDU_VPF_ENHANCED, .enhanced = { 0 } }, FG_E_NOT_FOUND, 0 },
		{ { .format = FG_TPDU_VPF_ENHANCED, .enhanced = { 1, 0xAA } }, FG_OK, 4 * 86400 },
		{ { .format = FG_TPDU_VPF_ENHANCED, .enhanced = { 2, 42 } }, FG_OK, 42 },
		{ { .format = FG_TPDU_VPF_ENHANCED, .enhanced = { 0x42, 42 } }, FG_OK, 42 },
		{ { .format = FG_TPDU_VPF_ENHANCED, .enhanced = { 2, 0 } }, FG_E_PDU_FIELD, 0 },
		{ { .format = FG_TPDU_VPF_ENHANCED, .enhanced = { 3, 0x21, 0x43, 0x65 } },
		  FG_OK,
		  12 * 3600 + 34 * 60 + 56 },
		{ { .format = FG_TPDU_VPF_ENHANCED, .enhanced = { 4, 1 } }, FG_E_PDU_FIELD, 0 },
		{ { .format = FG_TPDU_VPF_ENHANCED, .enhanced = { 0x82, 0, 42 } }, FG_OK, 42 },
		{ { .format = FG_TPDU_VPF_ENHANCED,
		    .enhanced = { 0x83, 0x80, 0x80, 0, 0x21, 0x43, 0x65 } },
		  FG_OK,
		  12 * 3600 + 34 * 60 + 56 },
		{ { .format = FG_TPDU_VPF_ENHANCED,
		    .enhanced = { 0x83, 0x80, 0x80, 0x80, 0, 0x43, 0x65 } },
		  FG_E_PDU_FIELD,
		  0 },
		{ { .format = FG_TPDU_VPF_ENHANCED,
		    .enhanced = { 0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF } },
		  FG_E_PDU_FIELD,
		  0 },
		{ { .format = 9 }, FG_E_PDU_FIELD, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t seconds = 0;

		print_message("# row %zu\n", i);
		assert_rc(cases[i].rc,
			  fg_tpdu_validity_s(&cases[i].validity, 1294752341, &seconds));
		assert_int_equal(seconds, cases[i].seconds);
	}
}

/* ---- Coding ---- */

/* 3GPP TS 23.038, 4: the bits of each group. */
static void every_dcs_means_what_its_group_says(void **state)
{
	static const struct {
		uint8_t dcs;
		struct fg_tpdu_coding coding;
	} cases[] = {
		{ 0x00, { FG_TPDU_SEPTETS, false, -1, false, 0, false, 0 } },
		{ 0x04, { FG_TPDU_OCTETS, false, -1, false, 0, false, 0 } },
		{ 0x08, { FG_TPDU_UCS2, false, -1, false, 0, false, 0 } },
		{ 0x0C, { FG_TPDU_SEPTETS, false, -1, false, 0, false, 0 } }, /* reserved */
		{ 0x03,
		  { FG_TPDU_SEPTETS, false, -1, false, 0, false, 0 } }, /* no class without bit 4 */
		{ 0x10, { FG_TPDU_SEPTETS, false, 0, false, 0, false, 0 } },
		{ 0x18, { FG_TPDU_UCS2, false, 0, false, 0, false, 0 } },
		{ 0x1B, { FG_TPDU_UCS2, false, 3, false, 0, false, 0 } },
		{ 0x20, { FG_TPDU_SEPTETS, true, -1, false, 0, false, 0 } },
		{ 0x28, { FG_TPDU_UCS2, true, -1, false, 0, false, 0 } },
		{ 0x31, { FG_TPDU_SEPTETS, true, 1, false, 0, false, 0 } },
		{ 0x40, { FG_TPDU_SEPTETS, false, -1, true, 0, false, 0 } },
		{ 0x5A, { FG_TPDU_UCS2, false, 2, true, 0, false, 0 } },
		{ 0x64, { FG_TPDU_OCTETS, true, -1, true, 0, false, 0 } },
		{ 0x80, { FG_TPDU_SEPTETS, false, -1, false, 0, false, 0 } }, /* reserved groups */
		{ 0xBB, { FG_TPDU_SEPTETS, false, -1, false, 0, false, 0 } },
		{ 0xC0, { FG_TPDU_SEPTETS, false, -1, false, FG_TPDU_WAITING_DISCARD, false, 0 } },
		{ 0xC9, { FG_TPDU_SEPTETS, false, -1, false, FG_TPDU_WAITING_DISCARD, true, 1 } },
		{ 0xD8, { FG_TPDU_SEPTETS, false, -1, false, FG_TPDU_WAITING_STORE, true, 0 } },
		{ 0xEA, { FG_TPDU_UCS2, false, -1, false, FG_TPDU_WAITING_STORE, true, 2 } },
		{ 0xE3, { FG_TPDU_UCS2, false, -1, false, FG_TPDU_WAITING_STORE, false, 3 } },
		{ 0xF0, { FG_TPDU_SEPTETS, false, 0, false, 0, false, 0 } },
		{ 0xF2, { FG_TPDU_SEPTETS, false, 2, false, 0, false, 0 } },
		{ 0xF5, { FG_TPDU_OCTETS, false, 1, false, 0, false, 0 } },
		{ 0xF7, { FG_TPDU_OCTETS, false, 3, false, 0, false, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_tpdu_coding got = fg_tpdu_coding_of(cases[i].dcs);

		print_message("# %02X\n", cases[i].dcs);
		assert_int_equal(got.units, cases[i].coding.units);
		assert_int_equal(got.compressed, cases[i].coding.compressed);
		assert_int_equal(got.message_class, cases[i].coding.message_class);
		assert_int_equal(got.delete_when_read, cases[i].coding.delete_when_read);
		assert_int_equal(got.waiting, cases[i].coding.waiting);
		assert_int_equal(got.waiting_active, cases[i].coding.waiting_active);
		assert_int_equal(got.waiting_kind, cases[i].coding.waiting_kind);
	}
}

static void a_dcs_for_text_is_read_as_that(void **state)
{
	static const struct {
		enum fg_alphabet alphabet;
		int class;
		uint8_t dcs;
	} cases[] = {
		{ FG_ALPHABET_GSM7, -1, 0x00 },  { FG_ALPHABET_GSM7, 0, 0x10 },
		{ FG_ALPHABET_UCS2, -1, 0x08 },  { FG_ALPHABET_UCS2, 0, 0x18 },
		{ FG_ALPHABET_UCS2, 3, 0x1B },   { FG_ALPHABET_ASCII, -1, 0x04 },
		{ FG_ALPHABET_LATIN1, 1, 0x15 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(fg_tpdu_dcs(cases[i].alphabet, cases[i].class), cases[i].dcs);
		assert_int_equal(fg_tpdu_coding_of(cases[i].dcs).message_class, cases[i].class);
	}
}

/* ---- User data ---- */

/* 3GPP TS 23.038, 6.1.2.1; 9.2.3.24: with a header, fill bits up to the next septet. */
static void text_is_packed_behind_its_header(void **state)
{
	static const struct {
		const char *header, *text;
		enum fg_alphabet alphabet;
		uint8_t udl;
		const char *hex;
	} cases[] = {
		{ "", "", FG_ALPHABET_GSM7, 0, "" },
		{ "", "hellohello", FG_ALPHABET_GSM7, 10, "E8329BFD4697D9EC37" },
		{ "", "1234567", FG_ALPHABET_GSM7, 7, "31D98C56B3DD00" },
		{ "", "12345678", FG_ALPHABET_GSM7, 8, "31D98C56B3DD70" },
		{ "", "\xE2\x82\xAC", FG_ALPHABET_GSM7, 2, "9B32" },
		/* 6 octets of header are 48 bits, 1 fill bit, the text from septet 7 on */
		{ "050003 07 02 01", "", FG_ALPHABET_GSM7, 7, "05000307020100" },
		{ "050003 07 02 01", "A", FG_ALPHABET_GSM7, 8, "05000307020182" },
		{ "050003 07 02 01", "hi", FG_ALPHABET_GSM7, 9, "050003070201D069" },
		/* 7 octets end on a septet: no fill bits */
		{ "060804 1234 02 01", "hi", FG_ALPHABET_GSM7, 10, "06080412340201E834" },
		{ "", "a" EMOJI, FG_ALPHABET_UCS2, 6, "0061D83DDE00" },
		{ "050003 07 02 01", "\xD0\x96", FG_ALPHABET_UCS2, 8, "0500030702010416" },
		{ "", "\xC3\xA9", FG_ALPHABET_LATIN1, 1, "E9" },
	};
	uint8_t header[16], out[FG_TPDU_UD_MAX];
	struct fg_tpdu_ud ud;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t header_len = fg_test_unhex(cases[i].header, header, sizeof(header));
		uint8_t dcs = fg_tpdu_dcs(cases[i].alphabet, -1);

		print_message("# %s\n", cases[i].hex);
		memset(out, 0xA5, sizeof(out));
		assert_ok(fg_tpdu_ud_write(header, header_len, cases[i].alphabet, cases[i].text,
					   strlen(cases[i].text), out, &ud));
		assert_int_equal(ud.udl, cases[i].udl);
		assert_int_equal(ud.header, header_len > 0);
		assert_hex(cases[i].hex, ud.at, ud.octets);
		assert_int_equal(fg_tpdu_ud_header_len(&ud), header_len);
		if (cases[i].alphabet != FG_ALPHABET_LATIN1)
			assert_text(cases[i].text, dcs, &ud);
	}
}

/* 9.2.3.16 and 9.2.3.24.1, .8: 160, 153 and 152 septets; 70, 67 and 66 units; 140, 134 and 133 octets. */
static void no_more_text_is_taken_than_fits(void **state)
{
	static const struct {
		const char *header;
		enum fg_alphabet alphabet;
		const char *piece;
		size_t most;
	} cases[] = {
		{ "", FG_ALPHABET_GSM7, "a", 160 },
		{ "050003000201", FG_ALPHABET_GSM7, "a", 153 },
		{ "06080400000201", FG_ALPHABET_GSM7, "a", 152 },
		{ "", FG_ALPHABET_GSM7, "[", 80 },
		{ "050003000201", FG_ALPHABET_GSM7, "[", 76 },
		{ "", FG_ALPHABET_UCS2, "\xD0\x96", 70 },
		{ "050003000201", FG_ALPHABET_UCS2, "\xD0\x96", 67 },
		{ "06080400000201", FG_ALPHABET_UCS2, "\xD0\x96", 66 },
		{ "", FG_ALPHABET_UCS2, EMOJI, 35 },
		{ "", FG_ALPHABET_LATIN1, "a", 140 },
		{ "050003000201", FG_ALPHABET_LATIN1, "a", 134 },
		{ "06080400000201", FG_ALPHABET_LATIN1, "a", 133 },
	};
	uint8_t header[16], out[FG_TPDU_UD_MAX];
	char text[1000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t header_len = fg_test_unhex(cases[i].header, header, sizeof(header));
		size_t piece_len = strlen(cases[i].piece), most = cases[i].most;
		struct fg_tpdu_ud ud = { 0 };

		for (size_t j = 0; j <= most; j++)
			memcpy(text + j * piece_len, cases[i].piece, piece_len);
		assert_rc(FG_E_TOO_LONG, fg_tpdu_ud_write(header, header_len, cases[i].alphabet,
							  text, (most + 1) * piece_len, out, &ud));
		assert_null(ud.at);
		assert_ok(fg_tpdu_ud_write(header, header_len, cases[i].alphabet, text,
					   most * piece_len, out, &ud));
		assert_in_range(ud.octets, 139, 140);
	}
}

static void what_is_no_text_or_no_header_is_not_packed(void **state)
{
	uint8_t out[FG_TPDU_UD_MAX], septets[200] = { 0 };
	struct fg_tpdu_ud ud = { 0 };

	(void)state;
	assert_rc(FG_E_TEXT_CODING,
		  fg_tpdu_ud_write(NULL, 0, FG_ALPHABET_GSM7, "\xD0\x96", 2, out, &ud));
	assert_rc(FG_E_UTF8, fg_tpdu_ud_write(NULL, 0, FG_ALPHABET_UCS2, "\xFF", 1, out, &ud));
	assert_rc(FG_E_UDH, fg_tpdu_ud_write("\x05\x00", 2, FG_ALPHABET_GSM7, "", 0, out, &ud));
	assert_rc(FG_E_TOO_LONG, fg_tpdu_ud_pack(NULL, 0, FG_TPDU_SEPTETS, septets, 161, out, &ud));
	assert_rc(FG_E_TOO_LONG, fg_tpdu_ud_pack(NULL, 0, FG_TPDU_OCTETS, septets, 141, out, &ud));
	memset(septets, 0xFF, sizeof(septets));
	septets[0] = 199;
	assert_rc(FG_E_TOO_LONG, fg_tpdu_ud_pack(septets, 200, FG_TPDU_OCTETS, NULL, 0, out, &ud));
	assert_rc(FG_E_ARG, fg_tpdu_ud_pack(NULL, 0, FG_TPDU_SEPTETS, "\x80", 1, out, &ud));
	assert_null(ud.at);
}

/* Bit by bit, as 3GPP TS 23.038, 6.1.2.1 draws it: bit j of septet i is bit 7 * i + j of the octets. */
static void septets_lie_where_the_standard_draws_them(void **state)
{
	uint8_t header[8] = { 0 }, septets[FG_TPDU_SEPTETS_MAX], out[FG_TPDU_UD_MAX];
	uint8_t back[FG_TPDU_SEPTETS_MAX];
	struct fg_tpdu_ud ud;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(septets); i++)
		septets[i] = (uint8_t)((i * 37 + 11) & 0x7F);
	for (size_t header_len = 0; header_len <= sizeof(header); header_len++) {
		size_t first = (header_len * 8 + 6) / 7, count = 160 - first;

		header[0] = (uint8_t)(header_len - 1);
		memset(out, 0xFF, sizeof(out));
		assert_ok(fg_tpdu_ud_pack(header, header_len, FG_TPDU_SEPTETS, septets, count, out,
					  &ud));
		for (size_t bit = 0; bit < 7 * count; bit++) {
			size_t at = 7 * first + bit;

			assert_int_equal(ud.at[at / 8] >> at % 8 & 1,
					 septets[bit / 7] >> bit % 7 & 1);
		}
		for (size_t bit = 8 * header_len; bit < 7 * first; bit++)
			assert_int_equal(ud.at[bit / 8] >> bit % 8 & 1, 0);
		assert_ok(fg_tpdu_ud_body(0x00, &ud, back, &len));
		assert_int_equal(len, count);
		assert_memory_equal(back, septets, count);
	}
}

/* Other people's text: what a phone shows somehow is not refused; what cannot be read is said to be so. */
static void text_of_others_is_read_or_refused_by_name(void **state)
{
	static const struct {
		uint8_t dcs, udl;
		const char *hex, *text;
		enum fg_rc rc;
	} cases[] = {
		{ 0x08, 2, "D83D", "\xEF\xBF\xBD", FG_OK }, /* a pair cut in two by its sender */
		{ 0x08, 3, "004100", "A\xEF\xBF\xBD", FG_OK },
		{ 0x00, 1, "1B", " ", FG_OK },
		{ 0x0C, 2, "E834", "hi", FG_OK },
		{ 0x8F, 2, "E834", "hi", FG_OK },
		{ 0xF1, 2, "E834", "hi", FG_OK },
		{ 0xD8, 2, "E834", "hi", FG_OK },
		{ 0xE8, 2, "0041", "A", FG_OK },
		{ 0x04, 2, "E834", NULL, FG_E_TEXT_CODING },
		{ 0xF5, 2, "E834", NULL, FG_E_TEXT_CODING },
		{ 0x20, 2, "E834", NULL, FG_E_UNSUPPORTED },
		{ 0x24, 2, "E834", NULL, FG_E_UNSUPPORTED },
		{ 0x28, 2, "E834", NULL, FG_E_UNSUPPORTED },
		{ 0x00, 3, "E834", NULL, FG_E_ARG },
		{ 0x08, 3, "E834", NULL, FG_E_ARG },
	};
	uint8_t out[FG_TPDU_SEPTETS_MAX];
	char text[480];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = unhex(cases[i].hex), len = 7;
		struct fg_tpdu_ud ud = { octets, (uint8_t)n, cases[i].udl, false };

		print_message("# %02X %s\n", cases[i].dcs, cases[i].hex);
		if (cases[i].text) {
			assert_text(cases[i].text, cases[i].dcs, &ud);
			continue;
		}
		assert_rc(cases[i].rc,
			  fg_tpdu_ud_text(cases[i].dcs, &ud, text, sizeof(text), &len));
		assert_int_equal(len, 7);
		assert_rc(cases[i].rc == FG_E_TEXT_CODING ? FG_OK : cases[i].rc,
			  fg_tpdu_ud_body(cases[i].dcs, &ud, out, &len));
	}
	assert_rc(FG_E_SPACE, fg_tpdu_ud_text(0x00, &(struct fg_tpdu_ud){ octets, 2, 2, false },
					      text, 1, &(size_t){ 0 }));
}

/* Joined before it is read, a pair that the sender cut in two is whole. */
static void parts_are_joined_as_units(void **state)
{
	uint8_t body[2 * FG_TPDU_SEPTETS_MAX];
	size_t first = 0, second = 0, text_len;
	char text[20];

	(void)state;
	unhex("050003070201 D83D");
	assert_ok(fg_tpdu_ud_body(0x08, &(struct fg_tpdu_ud){ octets, 8, 8, true }, body, &first));
	unhex("050003070202 DE00");
	assert_ok(fg_tpdu_ud_body(0x08, &(struct fg_tpdu_ud){ octets, 8, 8, true }, body + first,
				  &second));
	assert_ok(fg_alphabet_decode(FG_ALPHABET_UCS2, body, first + second, text, sizeof(text),
				     &text_len));
	assert_int_equal(text_len, 4);
	assert_memory_equal(text, EMOJI, 4);
}

/* ---- Hexadecimal ---- */

static void hexadecimal_of_both_cases_is_read_and_capitals_written(void **state)
{
	uint8_t out[4];
	char text[9];
	size_t len = 99;

	(void)state;
	assert_ok(fg_tpdu_unhex("00aBFf", 6, out, sizeof(out), &len));
	assert_hex("00ABFF", out, len);
	assert_ok(fg_tpdu_unhex("", 0, out, sizeof(out), &len));
	assert_int_equal(len, 0);
	len = 99;
	assert_rc(FG_E_SYNTAX, fg_tpdu_unhex("0", 1, out, sizeof(out), &len));
	assert_rc(FG_E_SYNTAX, fg_tpdu_unhex("0g", 2, out, sizeof(out), &len));
	assert_rc(FG_E_SYNTAX, fg_tpdu_unhex(" 0", 2, out, sizeof(out), &len));
	assert_rc(FG_E_SYNTAX, fg_tpdu_unhex("00\0", 4, out, sizeof(out), &len));
	assert_rc(FG_E_SPACE, fg_tpdu_unhex("0011223344", 10, out, sizeof(out), &len));
	assert_int_equal(len, 99);
	assert_ok(fg_tpdu_hex("\x00\xAB\xFF\x10", 4, text, sizeof(text)));
	assert_string_equal(text, "00ABFF10");
	assert_rc(FG_E_SPACE, fg_tpdu_hex("\x00\xAB\xFF\x10", 4, text, sizeof(text) - 1));
	assert_rc(FG_E_SPACE, fg_tpdu_hex("", 0, text, 0));
	assert_ok(fg_tpdu_hex("", 0, text, 1));
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_all_types_go_both_ways),
		cmocka_unit_test(what_people_write_becomes_an_address_and_back),
		cmocka_unit_test(a_recipient_of_unknown_type_is_the_same_recipient),
		cmocka_unit_test(the_smsc_in_front_is_read_and_written),
		cmocka_unit_test(times_are_semi_octets_with_a_zone),
		cmocka_unit_test(every_day_of_the_century_has_its_date),
		cmocka_unit_test(a_time_that_is_none_does_not_lose_the_message),
		cmocka_unit_test(the_relative_validity_is_the_least_that_is_enough),
		cmocka_unit_test(each_form_of_validity_says_how_long),
		cmocka_unit_test(every_dcs_means_what_its_group_says),
		cmocka_unit_test(a_dcs_for_text_is_read_as_that),
		cmocka_unit_test(text_is_packed_behind_its_header),
		cmocka_unit_test(no_more_text_is_taken_than_fits),
		cmocka_unit_test(what_is_no_text_or_no_header_is_not_packed),
		cmocka_unit_test(septets_lie_where_the_standard_draws_them),
		cmocka_unit_test(text_of_others_is_read_or_refused_by_name),
		cmocka_unit_test(parts_are_joined_as_units),
		cmocka_unit_test(hexadecimal_of_both_cases_is_read_and_capitals_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
