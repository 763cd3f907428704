/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clauses without a number of a document are those of 3GPP TS 23.040.
 */
#include "tests/support/fg_test.h"

#include "lib/wire/tpdu.h"
#include "tests/wire/tpdu_sample.h"

enum { SAMPLES = 12000, CUT_SAMPLES = 700, NO_LEN = 999 };

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

static void put_text(struct fg_tpdu_ud *ud, enum fg_alphabet alphabet, const char *text)
{
	static uint8_t out[FG_TPDU_UD_MAX];

	assert_ok(fg_tpdu_ud_write(NULL, 0, alphabet, text, strlen(text), out, ud));
}

/* ---- SMS-SUBMIT ---- */

/* 9.2.2.2: TP-MTI 01, TP-VPF 10 (relative); 9.2.3.12.1: AA is 4 days; 9.1.2.5: 11 digits, international. */
static void a_submit_is_written_and_read_field_by_field(void **state)
{
	const char *hex = "11 00 0B 91 6407281553F8 00 00 AA 0A E8329BFD4697D9EC37";
	struct fg_tpdu_submit submit = { 0 }, got;
	uint8_t out[FG_TPDU_MAX];
	size_t len;
	int64_t seconds;

	(void)state;
	assert_ok(fg_tpdu_address_from("+46708251358", 12, &submit.destination));
	submit.validity = fg_tpdu_validity_for(4 * 86400);
	put_text(&submit.ud, FG_ALPHABET_GSM7, "hellohello");
	assert_ok(fg_tpdu_submit_encode(&submit, out, sizeof(out), &len));
	assert_hex(hex, out, len);

	assert_ok(fg_tpdu_submit_decode(out, len, &got));
	assert_string_equal(got.destination.text, "46708251358");
	assert_int_equal(got.destination.ton, FG_TPDU_TON_INTERNATIONAL);
	assert_int_equal(got.destination.npi, FG_TPDU_NPI_ISDN);
	assert_int_equal(got.validity.format, FG_TPDU_VPF_RELATIVE);
	assert_int_equal(got.validity.relative, 0xAA);
	assert_ok(fg_tpdu_validity_s(&got.validity, 0, &seconds));
	assert_int_equal(seconds, 4 * 86400);
	assert_text("hellohello", got.dcs, &got.ud);
}

/* 9.2.2.2: each bit of the first octet, and TP-MR, TP-PID, TP-DCS behind it. */
static void flags_of_a_submit_are_the_bits_of_the_standard(void **state)
{
	static const struct {
		const char *hex;
		bool rd, srr, udhi, rp;
		uint8_t vpf;
	} cases[] = {
		{ "01 07 0281 21 41 F4 00", false, false, false, false, FG_TPDU_VPF_NONE },
		{ "05 07 0281 21 41 F4 00", true, false, false, false, FG_TPDU_VPF_NONE },
		{ "21 07 0281 21 41 F4 00", false, true, false, false, FG_TPDU_VPF_NONE },
		{ "81 07 0281 21 41 F4 00", false, false, false, true, FG_TPDU_VPF_NONE },
		{ "41 07 0281 21 41 F4 01 00", false, false, true, false, FG_TPDU_VPF_NONE },
		{ "11 07 0281 21 41 F4 A7 00", false, false, false, false, FG_TPDU_VPF_RELATIVE },
		{ "09 07 0281 21 41 F4 42 000000000000 00", false, false, false, false,
		  FG_TPDU_VPF_ENHANCED },
		{ "19 07 0281 21 41 F4 42 113201512300 00", false, false, false, false,
		  FG_TPDU_VPF_ABSOLUTE },
	};
	struct fg_tpdu_submit got;
	uint8_t out[FG_TPDU_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		print_message("# %s\n", cases[i].hex);
		assert_ok(fg_tpdu_submit_decode(octets, unhex(cases[i].hex), &got));
		assert_int_equal(got.reject_duplicates, cases[i].rd);
		assert_int_equal(got.status_report, cases[i].srr);
		assert_int_equal(got.ud.header, cases[i].udhi);
		assert_int_equal(got.reply_path, cases[i].rp);
		assert_int_equal(got.validity.format, cases[i].vpf);
		assert_int_equal(got.reference, 7);
		assert_int_equal(got.pid, 0x41);
		assert_int_equal(got.dcs, 0xF4);
		assert_string_equal(got.destination.text, "12");
		assert_ok(fg_tpdu_submit_encode(&got, out, sizeof(out), &len));
		assert_hex(cases[i].hex, out, len);
	}
}

/* ---- SMS-DELIVER ---- */

/* 9.2.2.1; 9.1.2.5: an alphanumeric sender of 7 septets is 13 useful semi-octets; 9.2.3.11: 11 January 2011, 13:25:41. */
static void a_deliver_is_read_and_written_field_by_field(void **state)
{
	const char *hex = "24 0D D0 E474D81C0EBB01 00 00 11101131521400 0B E474D81C0EBB5DE3771B";
	struct fg_tpdu_deliver got;
	uint8_t out[FG_TPDU_MAX];
	int64_t unix_s;
	size_t len;

	(void)state;
	assert_ok(fg_tpdu_deliver_decode(octets, unhex(hex), &got));
	assert_false(got.more || got.loop_prevention || got.reply_path || got.ud.header);
	assert_true(got.status_report);
	assert_int_equal(got.source.ton, FG_TPDU_TON_ALPHANUMERIC);
	assert_string_equal(got.source.text, "diafaan");
	assert_ok(fg_tpdu_time_unix(&got.time, &unix_s));
	assert_int_equal(unix_s, 1294752341);
	assert_text("diafaan.com", got.dcs, &got.ud);
	assert_ok(fg_tpdu_deliver_encode(&got, out, sizeof(out), &len));
	assert_hex(hex, out, len);
}

/* 9.2.2.1; 9.2.3.2: TP-MMS is 0 while more messages wait. */
static void flags_of_a_deliver_are_the_bits_of_the_standard(void **state)
{
	static const struct {
		uint8_t first;
		bool more, lp, sri, rp;
	} cases[] = {
		{ 0x00, true, false, false, false }, { 0x04, false, false, false, false },
		{ 0x0C, false, true, false, false }, { 0x24, false, false, true, false },
		{ 0x84, false, false, false, true },
	};
	struct fg_tpdu_deliver got;
	uint8_t out[FG_TPDU_MAX];
	size_t len = unhex("04 0281 21 00 00 11101131521400 00"), out_len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		octets[0] = cases[i].first;
		assert_ok(fg_tpdu_deliver_decode(octets, len, &got));
		assert_int_equal(got.more, cases[i].more);
		assert_int_equal(got.loop_prevention, cases[i].lp);
		assert_int_equal(got.status_report, cases[i].sri);
		assert_int_equal(got.reply_path, cases[i].rp);
		assert_ok(fg_tpdu_deliver_encode(&got, out, sizeof(out), &out_len));
		assert_int_equal(out_len, len);
		assert_memory_equal(out, octets, len);
	}
}

/* ---- SMS-STATUS-REPORT ---- */

/* 9.2.2.3; 9.2.3.27: TP-PI says which of TP-PID, TP-DCS, TP-UDL follow. */
static void a_status_report_is_read_with_and_without_its_optional_fields(void **state)
{
#define REPORT(first) first " 2A 0B 91 2120550521F1 11101131521400 111011315214 0A 00"
	static const struct {
		const char *hex, *text;
		bool pi, pid, dcs, ud, of_command, same;
	} cases[] = {
		{ REPORT("06"), "", false, false, false, false, false, true },
		{ REPORT("26"), "", false, false, false, false, true, true },
		{ REPORT("06") "00", "", true, false, false, false, false, true },
		{ REPORT("06") "01 41", "", true, true, false, false, false, true },
		{ REPORT("06") "03 00 08", "", true, true, true, false, false, true },
		{ REPORT("06") "06 08 04 0061 20AC", "a\xE2\x82\xAC", true, false, true, true,
		  false, true },
		/* without TP-DCS the text is of the default alphabet (9.2.3.16) */
		{ REPORT("06") "04 02 E834", "hi", true, false, false, true, false, true },
		{ REPORT("46") "07 00 04 06 050003070201", NULL, true, true, true, true, false,
		  true },
		/* 9.2.3.27: a reserved bit announces what the receiver discards; a further indicator is passed over */
		{ REPORT("06") "0C 02 E834 DEAD", "hi", true, false, false, true, false, false },
		{ REPORT("06") "84 00 02 E834", "hi", true, false, false, true, false, false },
	};
#undef REPORT
	struct fg_tpdu_status_report got;
	uint8_t out[FG_TPDU_MAX];
	int64_t sent_s, done_s;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		print_message("# %s\n", cases[i].hex);
		assert_ok(fg_tpdu_status_report_decode(octets, unhex(cases[i].hex), &got));
		assert_int_equal(got.reference, 42);
		assert_string_equal(got.recipient.text, "12025550121");
		assert_int_equal(got.status, 0);
		assert_int_equal(got.of_command, cases[i].of_command);
		assert_int_equal(got.has_pi, cases[i].pi);
		assert_int_equal(got.has_pid, cases[i].pid);
		assert_int_equal(got.has_dcs, cases[i].dcs);
		assert_int_equal(got.has_ud, cases[i].ud);
		if (cases[i].text)
			assert_text(cases[i].text, got.dcs, &got.ud);
		assert_ok(fg_tpdu_time_unix(&got.time, &sent_s));
		assert_ok(fg_tpdu_time_unix(&got.discharge, &done_s));
		/* 9.2.3.11: 0A is minus 20 quarters of an hour, so the same clock was read 5 hours later */
		assert_int_equal(done_s - sent_s, 5 * 3600);
		assert_ok(fg_tpdu_status_report_encode(&got, out, sizeof(out), &len));
		if (cases[i].same)
			assert_hex(cases[i].hex, out, len);
	}
}

/* 9.2.3.15. */
static void the_class_of_a_status_says_whether_anything_more_will_come(void **state)
{
	(void)state;
	for (unsigned value = 0; value < 0x100; value++) {
		struct fg_tpdu_status status = fg_tpdu_status_find((uint8_t)value);
		enum fg_tpdu_status_class expected = value == 0x01   ? FG_TPDU_STATUS_UNCONFIRMED
						     : value == 0x02 ? FG_TPDU_STATUS_REPLACED
						     : value < 0x20  ? FG_TPDU_STATUS_DELIVERED
						     : value < 0x40  ? FG_TPDU_STATUS_TRYING
						     : value < 0x60  ? FG_TPDU_STATUS_PERMANENT
								     : FG_TPDU_STATUS_GAVE_UP;

		assert_int_equal(status.class, expected);
		assert_true(strlen(status.note) > 3);
	}
	/* typed again: two of each range */
	assert_string_equal(fg_tpdu_status_find(0x00).note, "received by the recipient");
	assert_string_equal(fg_tpdu_status_find(0x22).note,
			    "no response from the recipient; the SMSC still tries");
	assert_string_equal(fg_tpdu_status_find(0x46).note, "validity period expired");
	assert_string_equal(fg_tpdu_status_find(0x49).note, "message does not exist");
	assert_string_equal(fg_tpdu_status_find(0x61).note,
			    "recipient busy; the SMSC no longer tries");
	assert_string_equal(fg_tpdu_status_find(0xFF).note,
			    "service rejected (reserved value); the SMSC no longer tries");
}

/* ---- What is refused ---- */

enum decoder { SUBMIT, DELIVER, REPORT };

static enum fg_rc decode(enum decoder decoder, size_t len)
{
	union {
		struct fg_tpdu_submit submit;
		struct fg_tpdu_deliver deliver;
		struct fg_tpdu_status_report report;
	} out, before;
	/* a copy of just that size, so that a read beyond the end is seen */
	uint8_t *exact = malloc(len + !len);
	enum fg_rc rc;

	assert_non_null(exact);
	memcpy(exact, octets, len);
	memset(&out, 0xA5, sizeof(out));
	memset(&before, 0xA5, sizeof(before));
	rc = decoder == SUBMIT    ? fg_tpdu_submit_decode(exact, len, &out.submit)
	     : decoder == DELIVER ? fg_tpdu_deliver_decode(exact, len, &out.deliver)
				  : fg_tpdu_status_report_decode(exact, len, &out.report);
	if (rc != FG_OK)
		assert_memory_equal(&out, &before, sizeof(out));
	free(exact);
	return rc;
}

static void each_length_octet_is_held_against_what_is_left(void **state)
{
#define TIME "11101131521400"
	static const struct {
		const char *hex;
		enum decoder decoder;
		enum fg_rc rc;
	} cases[] = {
		{ "", SUBMIT, FG_E_TRUNCATED },
		{ "01", SUBMIT, FG_E_TRUNCATED },
		/* 9.2.3.1 */
		{ "00 00 0281 21 00 00 00", SUBMIT, FG_E_PDU_COMMAND },
		{ "02 00 0281 21 00 00 00", SUBMIT, FG_E_PDU_COMMAND },
		{ "03 00 0281 21 00 00 00", SUBMIT, FG_E_PDU_COMMAND },
		{ "01 0281 21 00 00 " TIME "00", DELIVER, FG_E_PDU_COMMAND },
		{ "00 2A 0281 21" TIME TIME "00", REPORT, FG_E_PDU_COMMAND },
		/* 9.1.2.5: 20 semi-octets at most, and all of them there; F is no digit (9.1.2.3) */
		{ "01 00 1491 00000000000000000000 00 00 00", SUBMIT, FG_OK },
		{ "01 00 1591 0000000000000000000000 00 00 00", SUBMIT, FG_E_TOO_LONG },
		{ "01 00 FF91 00", SUBMIT, FG_E_TOO_LONG },
		{ "01 00 0491 21", SUBMIT, FG_E_TRUNCATED },
		{ "01 00 0291 2F 00 00 00", SUBMIT, FG_E_PDU_FIELD },
		{ "01 00 0291 F1 00 00 00", SUBMIT, FG_E_PDU_FIELD },
		{ "01 00 0191 F1 00 00 00", SUBMIT, FG_OK },
		{ "01 00 0091 00 00 00", SUBMIT, FG_OK },
		{ "04 0291 2F 00 00" TIME "00", DELIVER, FG_E_PDU_FIELD },
		{ "06 2A 0291 2F" TIME TIME "00", REPORT, FG_E_PDU_FIELD },
		/* 9.2.3.12: 1 or 7 octets */
		{ "11 00 0091 00 00", SUBMIT, FG_E_TRUNCATED },
		{ "19 00 0091 00 00 1110113152 14", SUBMIT, FG_E_TRUNCATED },
		{ "09 00 0091 00 00 020A00000000", SUBMIT, FG_E_TRUNCATED },
		/* 9.2.3.16: 160 septets, 140 octets */
		{ "01 00 0091 00 00 02 E8", SUBMIT, FG_E_TRUNCATED },
		{ "01 00 0091 00 00 A1", SUBMIT, FG_E_TOO_LONG },
		{ "01 00 0091 00 00 FF", SUBMIT, FG_E_TOO_LONG },
		{ "01 00 0091 00 04 8D", SUBMIT, FG_E_TOO_LONG },
		{ "01 00 0091 00 04 8C", SUBMIT, FG_E_TRUNCATED },
		{ "01 00 0091 00 20 8D", SUBMIT, FG_E_TOO_LONG },
		{ "01 00 0091 00 08 02 0041 00", SUBMIT, FG_E_TRAILING },
		{ "01 00 0091 00 00 02 E834 00", SUBMIT, FG_E_TRAILING },
		{ "04 0091 00 00" TIME "02 E834 00", DELIVER, FG_E_TRAILING },
		{ "04 0091 00 00 111011315214", DELIVER, FG_E_TRUNCATED },
		/* 9.2.3.24: the header and its fill bits lie within the user data */
		{ "41 00 0091 00 00 00", SUBMIT, FG_E_UDH },
		{ "41 00 0091 00 04 00", SUBMIT, FG_E_UDH },
		{ "41 00 0091 00 04 01 01", SUBMIT, FG_E_UDH },
		{ "41 00 0091 00 04 01 00", SUBMIT, FG_OK },
		{ "41 00 0091 00 00 01 00", SUBMIT, FG_E_UDH },
		{ "41 00 0091 00 00 02 0000", SUBMIT, FG_OK },
		{ "41 00 0091 00 00 06 050003070201", SUBMIT, FG_E_UDH },
		{ "41 00 0091 00 00 07 05000307020100", SUBMIT, FG_OK },
		{ "44 0091 00 04" TIME "01 05", DELIVER, FG_E_UDH },
		/* 9.2.3.27 */
		{ "06 2A 0091" TIME TIME, REPORT, FG_E_TRUNCATED },
		{ "06 2A 0091" TIME TIME "00 01", REPORT, FG_E_TRUNCATED },
		{ "06 2A 0091" TIME TIME "00 80", REPORT, FG_E_TRUNCATED },
		{ "06 2A 0091" TIME TIME "00 06 04 02 00", REPORT, FG_E_TRUNCATED },
		{ "06 2A 0091" TIME TIME "00 00 00", REPORT, FG_E_TRAILING },
		{ "46 2A 0091" TIME TIME "00 04 01 00", REPORT, FG_E_UDH },
		{ "46 2A 0091" TIME TIME "00", REPORT, FG_OK },
	};
#undef TIME

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		print_message("# %s\n", cases[i].hex);
		assert_rc(cases[i].rc, decode(cases[i].decoder, unhex(cases[i].hex)));
	}
}

/* What 9.2.3.16 forbids is not written, nor what does not belong together. */
static void a_submit_that_contradicts_itself_is_not_written(void **state)
{
	static const uint8_t ud[FG_TPDU_UD_MAX + 20];
	static const struct {
		struct fg_tpdu_ud ud;
		uint8_t dcs;
		enum fg_rc rc;
	} cases[] = {
		{ { ud, 140, 160, false }, 0x00, FG_OK },
		{ { ud, 141, 161, false }, 0x00, FG_E_ARG },
		{ { ud, 140, 140, false }, 0x04, FG_OK },
		{ { ud, 141, 141, false }, 0x04, FG_E_ARG },
		{ { ud, 2, 2, false }, 0x00, FG_OK },
		{ { ud, 3, 2, false }, 0x00, FG_E_ARG },
		{ { ud, 2, 1, false }, 0x08, FG_E_ARG },
		{ { NULL, 0, 0, false }, 0x00, FG_OK },
		{ { NULL, 0, 0, true }, 0x00, FG_E_ARG },
		{ { (const uint8_t *)"\x05", 1, 1, true }, 0x04, FG_E_ARG },
	};
	struct fg_tpdu_submit submit = { .destination = { .ton = 1, .npi = 1, .text = "12" } };
	struct fg_tpdu_submit wrong;
	uint8_t out[FG_TPDU_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		submit.ud = cases[i].ud;
		submit.dcs = cases[i].dcs;
		len = NO_LEN;
		assert_rc(cases[i].rc, fg_tpdu_submit_encode(&submit, out, sizeof(out), &len));
		assert_true(cases[i].rc == FG_OK || len == NO_LEN);
	}
	submit.ud = (struct fg_tpdu_ud){ 0 };
	wrong = submit;
	wrong.destination.ton = 8;
	assert_rc(FG_E_ARG, fg_tpdu_submit_encode(&wrong, out, sizeof(out), &len));
	wrong = submit;
	strcpy(wrong.destination.text, "+12");
	assert_rc(FG_E_ARG, fg_tpdu_submit_encode(&wrong, out, sizeof(out), &len));
	strcpy(wrong.destination.text, "123456789012345678901");
	assert_rc(FG_E_ARG, fg_tpdu_submit_encode(&wrong, out, sizeof(out), &len));
	memset(wrong.destination.text, '1', sizeof(wrong.destination.text));
	assert_rc(FG_E_ARG, fg_tpdu_submit_encode(&wrong, out, sizeof(out), &len));
	wrong = submit;
	wrong.validity.format = 4;
	assert_rc(FG_E_ARG, fg_tpdu_submit_encode(&wrong, out, sizeof(out), &len));
	wrong.validity = (struct fg_tpdu_validity){ .format = FG_TPDU_VPF_ABSOLUTE,
						    .absolute = { .minute = 100 } };
	assert_rc(FG_E_ARG, fg_tpdu_submit_encode(&wrong, out, sizeof(out), &len));
	wrong.validity.absolute = (struct fg_tpdu_time){ .zone_quarters = 80 };
	assert_rc(FG_E_ARG, fg_tpdu_submit_encode(&wrong, out, sizeof(out), &len));
}

/* 164 octets are left for addresses, times and user data together. */
static void a_status_report_is_not_written_beyond_the_longest_tpdu(void **state)
{
	static const uint8_t ud[FG_TPDU_UD_MAX];
	struct fg_tpdu_status_report report = {
		.has_pi = true,
		.has_pid = true,
		.has_dcs = true,
		.has_ud = true,
		.dcs = 0x04,
		.recipient = { .ton = 1, .npi = 1, .text = "12345678901234567890" }
	};
	struct fg_tpdu_status_report got;
	uint8_t out[2 * FG_TPDU_MAX] = { 0 };
	size_t len;

	(void)state;
	report.ud = (struct fg_tpdu_ud){ ud, 131, 131, false };
	assert_ok(fg_tpdu_status_report_encode(&report, out, sizeof(out), &len));
	assert_int_equal(len, FG_TPDU_MAX);
	assert_ok(fg_tpdu_status_report_decode(out, len, &got));
	out[len - 132] = 132; /* TP-UDL */
	assert_rc(FG_E_TOO_LONG, fg_tpdu_status_report_decode(out, len + 1, &got));
	report.ud = (struct fg_tpdu_ud){ ud, 132, 132, false };
	assert_rc(FG_E_ARG, fg_tpdu_status_report_encode(&report, out, sizeof(out), &len));
	report.has_pi = false;
	assert_rc(FG_E_ARG, fg_tpdu_status_report_encode(&report, out, sizeof(out), &len));
}

static void the_kind_is_told_by_the_first_octet(void **state)
{
	enum fg_tpdu_mti mti = FG_TPDU_DELIVER;

	(void)state;
	assert_rc(FG_E_TRUNCATED, fg_tpdu_kind(octets, 0, &mti));
	octets[0] = 0xFC;
	assert_ok(fg_tpdu_kind(octets, 1, &mti));
	assert_int_equal(mti, FG_TPDU_DELIVER);
	octets[0] = 0x11;
	assert_ok(fg_tpdu_kind(octets, 1, &mti));
	assert_int_equal(mti, FG_TPDU_SUBMIT);
	octets[0] = 0x06;
	assert_ok(fg_tpdu_kind(octets, 1, &mti));
	assert_int_equal(mti, FG_TPDU_STATUS_REPORT);
	octets[0] = 0x03;
	assert_rc(FG_E_PDU_COMMAND, fg_tpdu_kind(octets, 1, &mti));
}

/* ---- Samples of everything ---- */

static void assert_same_ud(const struct fg_tpdu_ud *a, const struct fg_tpdu_ud *b)
{
	assert_int_equal(a->udl, b->udl);
	assert_int_equal(a->octets, b->octets);
	assert_int_equal(a->header, b->header);
	if (a->octets)
		assert_memory_equal(a->at, b->at, a->octets);
}

static void assert_same_submit(const struct fg_tpdu_submit *a, const struct fg_tpdu_submit *b)
{
	assert_int_equal(a->reject_duplicates, b->reject_duplicates);
	assert_int_equal(a->status_report, b->status_report);
	assert_int_equal(a->reply_path, b->reply_path);
	assert_int_equal(a->reference, b->reference);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->dcs, b->dcs);
	assert_memory_equal(&a->destination, &b->destination, sizeof(a->destination));
	assert_memory_equal(&a->validity, &b->validity, sizeof(a->validity));
	assert_same_ud(&a->ud, &b->ud);
}

static void assert_same_deliver(const struct fg_tpdu_deliver *a, const struct fg_tpdu_deliver *b)
{
	assert_int_equal(a->more, b->more);
	assert_int_equal(a->loop_prevention, b->loop_prevention);
	assert_int_equal(a->status_report, b->status_report);
	assert_int_equal(a->reply_path, b->reply_path);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->dcs, b->dcs);
	assert_memory_equal(&a->source, &b->source, sizeof(a->source));
	assert_memory_equal(&a->time, &b->time, sizeof(a->time));
	assert_same_ud(&a->ud, &b->ud);
}

static void assert_same_report(const struct fg_tpdu_status_report *a,
			       const struct fg_tpdu_status_report *b)
{
	assert_int_equal(a->more, b->more);
	assert_int_equal(a->loop_prevention, b->loop_prevention);
	assert_int_equal(a->of_command, b->of_command);
	assert_int_equal(a->reference, b->reference);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->has_pi, b->has_pi);
	assert_int_equal(a->has_pid, b->has_pid);
	assert_int_equal(a->has_dcs, b->has_dcs);
	assert_int_equal(a->has_ud, b->has_ud);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->dcs, b->dcs);
	assert_memory_equal(&a->recipient, &b->recipient, sizeof(a->recipient));
	assert_memory_equal(&a->time, &b->time, sizeof(a->time));
	assert_memory_equal(&a->discharge, &b->discharge, sizeof(a->discharge));
	assert_same_ud(&a->ud, &b->ud);
}

/* Decode what a sample was encoded to, into a sample of its own. */
static void decode_sample(const struct tpdu_sample *sample, const uint8_t *pdu, size_t len,
			  struct tpdu_sample *got)
{
	got->kind = sample->kind;
	switch (sample->kind) {
	case FG_TPDU_SUBMIT:
		assert_ok(fg_tpdu_submit_decode(pdu, len, &got->submit));
		assert_same_submit(&got->submit, &sample->submit);
		break;
	case FG_TPDU_DELIVER:
		assert_ok(fg_tpdu_deliver_decode(pdu, len, &got->deliver));
		assert_same_deliver(&got->deliver, &sample->deliver);
		break;
	case FG_TPDU_STATUS_REPORT:
		assert_ok(fg_tpdu_status_report_decode(pdu, len, &got->report));
		assert_same_report(&got->report, &sample->report);
		break;
	}
}

static void check_text(const struct tpdu_sample *sample, const struct tpdu_sample *got)
{
	uint8_t body[FG_TPDU_SEPTETS_MAX];
	char text[3 * FG_TPDU_SEPTETS_MAX];
	size_t len;

	if (sample->has_text) {
		assert_ok(fg_tpdu_ud_text(tpdu_sample_dcs(got), tpdu_sample_ud(got), text,
					  sizeof(text), &len));
		assert_int_equal(len, sample->text_len);
		assert_memory_equal(text, sample->text, len);
		return;
	}
	assert_ok(fg_tpdu_ud_body(tpdu_sample_dcs(got), tpdu_sample_ud(got), body, &len));
	assert_int_equal(len, sample->body_len);
	assert_memory_equal(body, sample->body, len);
}

static void every_sample_comes_back_as_it_was(void **state)
{
	static struct tpdu_sample sample, got;
	uint8_t pdu[FG_TPDU_MAX], again[FG_TPDU_MAX];
	uint32_t seed = 23040;
	size_t len, again_len, texts = 0;

	(void)state;
	for (unsigned i = 0; i < SAMPLES; i++) {
		tpdu_sample_make(&seed, i, &sample);
		assert_ok(tpdu_sample_encode(&sample, pdu, &len));
		memset(&got, 0xA5, sizeof(got));
		decode_sample(&sample, pdu, len, &got);
		check_text(&sample, &got);
		assert_ok(tpdu_sample_encode(&got, again, &again_len));
		assert_int_equal(again_len, len);
		assert_memory_equal(again, pdu, len);
		texts += sample.text_len > 0;
	}
	assert_true(texts > SAMPLES / 3);
}

/* No sample is good with an octet less or more, but for a STATUS-REPORT whose optional fields are left out whole. */
static void no_part_of_a_sample_is_taken_for_a_whole(void **state)
{
	static struct tpdu_sample sample;
	uint32_t seed = 41;
	uint8_t out[FG_TPDU_MAX];
	size_t len, cut_len;

	(void)state;
	for (unsigned i = 0; i < CUT_SAMPLES; i++) {
		/* indices far apart: all kinds, headers, alphabets, long texts, too */
		tpdu_sample_make(&seed, i * 17, &sample);
		assert_ok(tpdu_sample_encode(&sample, octets, &len));
		for (size_t cut = 0; cut < len; cut++) {
			enum decoder decoder = sample.kind == FG_TPDU_SUBMIT    ? SUBMIT
					       : sample.kind == FG_TPDU_DELIVER ? DELIVER
										: REPORT;
			enum fg_rc rc = decode(decoder, cut);

			if (rc == FG_OK && decoder == REPORT && sample.report.has_pi) {
				sample.report.has_pi = sample.report.has_pid = false;
				sample.report.has_dcs = sample.report.has_ud = false;
				assert_ok(tpdu_sample_encode(&sample, out, &cut_len));
				assert_int_equal(cut, cut_len);
				continue;
			}
			assert_rc(FG_E_TRUNCATED, rc);
		}
		assert_rc(FG_E_SPACE,
			  sample.kind == FG_TPDU_SUBMIT
				  ? fg_tpdu_submit_encode(&sample.submit, out, len - 1, &cut_len)
				  : FG_E_SPACE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_submit_is_written_and_read_field_by_field),
		cmocka_unit_test(flags_of_a_submit_are_the_bits_of_the_standard),
		cmocka_unit_test(a_deliver_is_read_and_written_field_by_field),
		cmocka_unit_test(flags_of_a_deliver_are_the_bits_of_the_standard),
		cmocka_unit_test(a_status_report_is_read_with_and_without_its_optional_fields),
		cmocka_unit_test(the_class_of_a_status_says_whether_anything_more_will_come),
		cmocka_unit_test(each_length_octet_is_held_against_what_is_left),
		cmocka_unit_test(a_submit_that_contradicts_itself_is_not_written),
		cmocka_unit_test(a_status_report_is_not_written_beyond_the_longest_tpdu),
		cmocka_unit_test(the_kind_is_told_by_the_first_octet),
		cmocka_unit_test(every_sample_comes_back_as_it_was),
		cmocka_unit_test(no_part_of_a_sample_is_taken_for_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
