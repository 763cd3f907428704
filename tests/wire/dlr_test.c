/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/wire/dlr.h"
#include "lib/wire/smpp.h"

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void text_receipts_of_many_dialects_are_read(void **state)
{
	static const struct {
		const char *text;
		struct fg_dlr dlr; /* id "" means: no receipt */
	} cases[] = {
		/* SMPP v3.4, appendix B */
		{ "id:IIIIIIIIII sub:001 dlvrd:001 submit date:2401020304 done date:2401020305 "
		  "stat:DELIVRD err:000 text:Hi",
		  { "IIIIIIIIII", FG_DLR_DELIVERED, true, "000", "2401020304", "2401020305", false,
		    0 } },
		{ "ID: 7F  STAT: undeliv  ERR: 0x1B",
		  { "7F", FG_DLR_UNDELIVERABLE, true, "0x1B", "", "", false, 0 } },
		{ "stat:EXPIRED done date:240102030405 submit date:20240102030405 id:9",
		  { "9", FG_DLR_EXPIRED, true, "", "20240102030405", "240102030405", false, 0 } },
		{ "id:9 submit_date:2401020304050607 DoneDate:2401020304 stat:REJECTD",
		  { "9", FG_DLR_REJECTED, true, "", "2401020304050607", "2401020304", false, 0 } },
		{ "id:9 stat:ACKED", { "9", FG_DLR_ACCEPTED, false, "", "", "", false, 0 } },
		{ "id:9 stat:BUFFRED", { "9", FG_DLR_ENROUTE, false, "", "", "", false, 0 } },
		{ "id:9 stat:ACCEPTD", { "9", FG_DLR_ACCEPTED, false, "", "", "", false, 0 } },
		{ "id:9 stat:UNKNOWN", { "9", FG_DLR_UNKNOWN, true, "", "", "", false, 0 } },
		{ "id:9 stat:DELETED", { "9", FG_DLR_DELETED, true, "", "", "", false, 0 } },
		{ "id:9 stat:SKIPPED", { "9", FG_DLR_SKIPPED, true, "", "", "", false, 0 } },
		{ "id:9 stat:WHATEVER", { "9", FG_DLR_OTHER, false, "", "", "", false, 0 } },
		{ "hello: x id:9 foo:bar stat:DELIVRD",
		  { "9", FG_DLR_DELIVERED, true, "", "", "", false, 0 } },
		{ "msgid:8 id:9 stat:DELIVRD",
		  { "9", FG_DLR_DELIVERED, true, "", "", "", false, 0 } },
		{ "id:8 id:9 stat:DELIVRD stat:REJECTD",
		  { "8", FG_DLR_DELIVERED, true, "", "", "", false, 0 } },
		{ "id:id:9 stat:DELIVRD", { "9", FG_DLR_DELIVERED, true, "", "", "", false, 0 } },
		/* a message that quotes a receipt says nothing */
		{ "id:9 stat:ENROUTE text:stat:DELIVRD err:007",
		  { "9", FG_DLR_ENROUTE, false, "", "", "", false, 0 } },
		{ "id:9 Text:stat:DELIVRD", { .id = "" } },
		/* ill-formed dates and errors are left out */
		{ "id:9 submit date:24010203 done date:2401O20304 stat:DELIVRD "
		  "err:1234567890123456",
		  { "9", FG_DLR_DELIVERED, true, "", "", "", false, 0 } },
		{ "id:9 submit date:240102030405060708 done date:24010203045 stat:DELIVRD",
		  { "9", FG_DLR_DELIVERED, true, "", "", "", false, 0 } },
		{ "id:" ID64 " stat:DELIVRD",
		  { ID64, FG_DLR_DELIVERED, true, "", "", "", false, 0 } },
		{ "id:" ID64 "0 stat:DELIVRD", { .id = "" } },
		{ "id:\x80 stat:DELIVRD", { .id = "" } },
		{ "id: sub:001 stat:DELIVRD", { .id = "" } },
		{ "id:9 stat: err:000", { .id = "" } },
		{ "id:9", { .id = "" } },
		{ "stat:DELIVRD", { .id = "" } },
		{ "id", { .id = "" } },
		{ "", { .id = "" } },
		{ "See you at 8", { .id = "" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_dlr dlr = { .id = "untouched" };
		enum fg_rc rc = fg_dlr_from_text(cases[i].text, strlen(cases[i].text), &dlr);

		if (!cases[i].dlr.id[0]) {
			assert_rc(FG_E_RECEIPT_TEXT, rc);
			assert_string_equal(dlr.id, "untouched");
			continue;
		}
		assert_rc(FG_OK, rc);
		assert_string_equal(dlr.id, cases[i].dlr.id);
		assert_int_equal(dlr.state, cases[i].dlr.state);
		assert_int_equal(dlr.final, cases[i].dlr.final);
		assert_string_equal(dlr.err, cases[i].dlr.err);
		assert_string_equal(dlr.submit_date, cases[i].dlr.submit_date);
		assert_string_equal(dlr.done_date, cases[i].dlr.done_date);
		assert_false(dlr.has_umr);
	}
}

static void a_receipt_cut_anywhere_stays_in_its_buffer(void **state)
{
	const char *text = "id:9 sub:001 submit date:2401020304 done date: 2401020305 stat:DELIVRD "
			   "err:000 text:";

	(void)state;
	for (size_t len = 0; len <= strlen(text); len++) {
		char *exact = malloc(len ? len : 1);
		struct fg_dlr dlr;

		assert_non_null(exact);
		memcpy(exact, text, len);
		if (fg_dlr_from_text(exact, len, &dlr) == FG_OK)
			assert_string_equal(dlr.id, "9");
		free(exact);
	}
}

static struct fg_smpp_pdu receipt(uint8_t esm_class, const char *text)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM };

	pdu.sm.esm_class = esm_class;
	pdu.sm.short_message = fg_smpp_text(text);
	return pdu;
}

static void tlvs_win_over_the_text_form(void **state)
{
	struct fg_smpp_pdu pdu =
		receipt(FG_SMPP_ESM_RECEIPT, "id:9 done date:2401020304 stat:DELIVRD err:000");
	struct fg_dlr dlr;

	(void)state;
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, "A7", 3));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, 5));
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_NETWORK_ERROR_CODE, "\3\1\2", 3));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, 513));
	assert_ok(fg_dlr_from_pdu(&pdu, &dlr));
	assert_string_equal(dlr.id, "A7");
	assert_int_equal(dlr.state, FG_DLR_UNDELIVERABLE);
	assert_true(dlr.final);
	assert_string_equal(dlr.err, "258");
	assert_string_equal(dlr.done_date, "2401020304");
	assert_true(dlr.has_umr);
	assert_int_equal(dlr.umr, 513);
}

static void either_form_alone_is_enough(void **state)
{
	struct fg_smpp_pdu pdu = receipt(FG_SMPP_ESM_RECEIPT, "id:9 stat:DELIVRD");
	struct fg_dlr dlr;

	(void)state;
	assert_ok(fg_dlr_from_pdu(&pdu, &dlr));
	assert_string_equal(dlr.id, "9");
	/* an id that cannot be one does not hide the text's */
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, "A 7", 4));
	assert_ok(fg_dlr_from_pdu(&pdu, &dlr));
	assert_string_equal(dlr.id, "9");
	pdu = receipt(FG_SMPP_ESM_RECEIPT, "");
	assert_rc(FG_E_RECEIPT_TEXT, fg_dlr_from_pdu(&pdu, &dlr));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, 10));
	assert_rc(FG_E_RECEIPT_TEXT, fg_dlr_from_pdu(&pdu, &dlr));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, 1));
	assert_ok(fg_dlr_from_pdu(&pdu, &dlr));
	assert_int_equal(dlr.state, FG_DLR_OTHER);
	assert_false(dlr.final);
	assert_string_equal(dlr.id, "");
}

static void only_what_esm_class_calls_a_receipt_is_one(void **state)
{
	static const struct {
		uint8_t esm_class;
		enum fg_rc rc;
		bool final;
	} cases[] = {
		{ 0x00, FG_E_NOT_FOUND, false }, { 0x40, FG_E_NOT_FOUND, false },
		{ 0x04, FG_OK, true },           { 0x44, FG_OK, true },
		{ 0x20, FG_OK, false },          { 0x24, FG_OK, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_smpp_pdu pdu = receipt(cases[i].esm_class, "id:9 stat:DELIVRD"), data;
		struct fg_dlr dlr = { .final = false };

		assert_rc(cases[i].rc, fg_dlr_from_pdu(&pdu, &dlr));
		assert_int_equal(dlr.final, cases[i].final);
		data = (struct fg_smpp_pdu){ .command = FG_SMPP_DATA_SM };
		data.data.esm_class = cases[i].esm_class;
		assert_ok(fg_smpp_tlv_add(&data, FG_SMPP_TLV_MESSAGE_PAYLOAD, "id:9 stat:DELIVRD",
					  17));
		assert_rc(cases[i].rc, fg_dlr_from_pdu(&data, &dlr));
		pdu.command = FG_SMPP_SUBMIT_SM;
		assert_rc(FG_E_NOT_FOUND, fg_dlr_from_pdu(&pdu, &dlr));
	}
}

static void what_is_written_can_be_read(void **state)
{
	const struct fg_dlr dlr = { .id = "A7",
				    .state = FG_DLR_DELIVERED,
				    .submit_date = "2401020304",
				    .done_date = "2401020305" };
	struct fg_dlr longest = { .id = ID64,
				  .state = FG_DLR_SCHEDULED,
				  .err = "123456789012345",
				  .submit_date = "2401020304050607",
				  .done_date = "2401020304050607" },
		      back;
	char out[FG_DLR_TEXT_MAX];
	size_t len;

	(void)state;
	assert_ok(fg_dlr_format(&dlr, out, sizeof(out), &len));
	assert_string_equal(out, "id:A7 sub:001 dlvrd:001 submit date:2401020304 done "
				 "date:2401020305 stat:DELIVRD err:000 text:");
	assert_int_equal(len, strlen(out));
	assert_rc(FG_E_SPACE, fg_dlr_format(&dlr, out, len, &len));
	assert_ok(fg_dlr_format(&dlr, out, len + 1, &len));
	for (int s = FG_DLR_SCHEDULED; s <= FG_DLR_SKIPPED; s++) {
		longest.state = (enum fg_dlr_state)s;
		assert_ok(fg_dlr_format(&longest, out, sizeof(out), &len));
		assert_ok(fg_dlr_from_text(out, len, &back));
		assert_string_equal(back.id, longest.id);
		assert_int_equal(back.state, s);
		assert_int_equal(back.final, fg_dlr_state_final(longest.state));
		assert_string_equal(back.err, longest.err);
		assert_string_equal(back.done_date, longest.done_date);
	}
}

static void what_cannot_be_read_is_not_written(void **state)
{
	const struct fg_dlr good = { .id = "A7",
				     .state = FG_DLR_DELIVERED,
				     .submit_date = "2401020304",
				     .done_date = "2401020305" };
	struct fg_dlr bad[6];
	char out[FG_DLR_TEXT_MAX];
	size_t len = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		bad[i] = good;
	bad[0].id[0] = 0;
	bad[1].id[1] = ' ';
	bad[2].state = FG_DLR_OTHER;
	bad[3].submit_date[0] = 0;
	bad[4].done_date[9] = 'x';
	memset(bad[5].err, 'e', sizeof(bad[5].err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_rc(FG_E_ARG, fg_dlr_format(&bad[i], out, sizeof(out), &len));
	assert_int_equal(len, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_receipts_of_many_dialects_are_read),
		cmocka_unit_test(a_receipt_cut_anywhere_stays_in_its_buffer),
		cmocka_unit_test(tlvs_win_over_the_text_form),
		cmocka_unit_test(either_form_alone_is_enough),
		cmocka_unit_test(only_what_esm_class_calls_a_receipt_is_one),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(what_cannot_be_read_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
