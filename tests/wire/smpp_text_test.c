/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/wire/smpp_text.h"
#include "lib/wire/smpp_tlv.h"

static struct fg_smpp_pdu deliver(uint8_t data_coding, const void *octets, size_t len)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM };

	pdu.sm.data_coding = data_coding;
	pdu.sm.short_message = (struct fg_smpp_bytes){ octets, len };
	return pdu;
}

static void codings_are_read_and_what_is_no_text_is_told(void **state)
{
	static const struct {
		uint8_t coding;
		enum fg_rc rc;
		enum fg_alphabet alphabet;
		bool flash;
	} rows[] = {
		{ 0x00, FG_OK, FG_ALPHABET_LATIN1, false }, /* as this connection has it */
		{ 0x01, FG_OK, FG_ALPHABET_ASCII, false },
		{ 0x03, FG_OK, FG_ALPHABET_LATIN1, false },
		{ 0x08, FG_OK, FG_ALPHABET_UCS2, false },
		{ 0x10, FG_OK, FG_ALPHABET_GSM7, true },
		{ 0x11, FG_OK, FG_ALPHABET_GSM7, false },
		{ 0x18, FG_OK, FG_ALPHABET_UCS2, true },
		{ 0xF0, FG_OK, FG_ALPHABET_GSM7, true },
		{ 0xF2, FG_OK, FG_ALPHABET_GSM7, false },
		{ 0x02, FG_E_TEXT_CODING, 0, false },
		{ 0x04, FG_E_TEXT_CODING, 0, false },
		{ 0x14, FG_E_TEXT_CODING, 0, false },
		{ 0x20, FG_E_TEXT_CODING, 0, false }, /* compressed */
		{ 0xF4, FG_E_TEXT_CODING, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fg_smpp_pdu pdu = deliver(rows[i].coding, "hi", 2);
		struct fg_smpp_user_text text;

		assert_rc(rows[i].rc, fg_smpp_user_text(&pdu, FG_ALPHABET_LATIN1, &text));
		if (rows[i].rc != FG_OK)
			continue;
		assert_int_equal(text.alphabet, rows[i].alphabet);
		assert_int_equal(text.flash, rows[i].flash);
		assert_int_equal(text.octets.len, 2);
	}
}

static struct fg_smpp_user_text with_header(const void *octets, size_t len, enum fg_rc rc)
{
	struct fg_smpp_pdu pdu = deliver(0, octets, len);
	struct fg_smpp_user_text text;

	pdu.sm.esm_class = FG_SMPP_ESM_UDH;
	assert_rc(rc, fg_smpp_user_text(&pdu, FG_ALPHABET_GSM7, &text));
	return text;
}

static void headers_say_which_part_it_is(void **state)
{
	struct fg_smpp_user_text text;

	(void)state;
	text = with_header("\x05\x00\x03\x2a\x03\x02hi", 8, FG_OK);
	assert_int_equal(text.concat_ref, 0x2a);
	assert_int_equal(text.concat_total, 3);
	assert_int_equal(text.concat_part, 2);
	assert_true(text.concat_narrow);
	assert_int_equal(text.octets.len, 2);
	text = with_header("\x06\x08\x04\x00\x2a\x03\x02hi", 9, FG_OK);
	assert_int_equal(text.concat_ref, 0x2a);
	assert_false(text.concat_narrow);
	text = with_header("\x05\x00\x03\x2a\x01\x01hi", 8, FG_OK); /* one of one is whole */
	assert_int_equal(text.concat_total, 0);
	with_header("\x06\x05\x04\x0b\x84\x23\xf0hi", 9, FG_E_UDH); /* a WAP push */
	with_header("\x04\x04\x02\x01\x01hi", 7, FG_E_UDH);
	with_header("\x09\x00\x03", 3, FG_E_UDH);
	text = with_header("\x03\x24\x01\x01hi", 6, FG_OK); /* Turkish, single shift */
	assert_true(text.alphabet != FG_ALPHABET_GSM7 && fg_alphabet_is_septets(text.alphabet));
}

static struct fg_smpp_user_text with_sar(uint32_t total, uint32_t part)
{
	struct fg_smpp_pdu pdu = deliver(0, "hi", 2);
	struct fg_smpp_user_text text;

	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_MSG_REF_NUM, 77));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_TOTAL_SEGMENTS, total));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, part));
	assert_ok(fg_smpp_user_text(&pdu, FG_ALPHABET_GSM7, &text));
	return text;
}

static void tlvs_say_it_as_well(void **state)
{
	(void)state;
	assert_int_equal(with_sar(3, 3).concat_part, 3);
	assert_int_equal(with_sar(3, 3).concat_ref, 77);
	assert_int_equal(with_sar(1, 1).concat_total, 0);
	assert_false(with_sar(1, 1).sar_wrong);
	assert_true(with_sar(2, 3).sar_wrong);
	assert_true(with_sar(2, 0).sar_wrong);
	assert_int_equal(with_sar(2, 3).concat_total, 0);
}

static void other_pdus_have_a_text_as_well(void **state)
{
	struct fg_smpp_pdu data = { .command = FG_SMPP_DATA_SM };
	struct fg_smpp_pdu multi = { .command = FG_SMPP_SUBMIT_MULTI };
	struct fg_smpp_user_text text;

	(void)state;
	data.data.data_coding = 8;
	assert_ok(fg_smpp_tlv_add(&data, FG_SMPP_TLV_MESSAGE_PAYLOAD, "\0h\0i", 4));
	assert_ok(fg_smpp_user_text(&data, FG_ALPHABET_GSM7, &text));
	assert_int_equal(text.octets.len, 4);
	assert_int_equal(text.alphabet, FG_ALPHABET_UCS2);
	multi.multi.data_coding = 3;
	multi.multi.short_message = fg_smpp_text("hi");
	assert_ok(fg_smpp_user_text(&multi, FG_ALPHABET_GSM7, &text));
	assert_int_equal(text.octets.len, 2);
	assert_int_equal(text.alphabet, FG_ALPHABET_LATIN1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codings_are_read_and_what_is_no_text_is_told),
		cmocka_unit_test(headers_say_which_part_it_is),
		cmocka_unit_test(tlvs_say_it_as_well),
		cmocka_unit_test(other_pdus_have_a_text_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
