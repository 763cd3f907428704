/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages of phones, as a carrier brings them: what the host gets, and when the carrier is told that it may forget them.
 */
#include "tests/adapters/smpp_bench.h"

#include <string.h>
#include "lib/wire/udh.h"

#define US    "12025550102"
#define PHONE "12025550177"

static struct fg_smpp_pdu deliver(uint32_t sequence, const char *text)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM, .sequence = sequence };

	pdu.sm.source_addr_ton = 1;
	pdu.sm.source_addr = fg_smpp_text(PHONE);
	pdu.sm.dest_addr_ton = 1;
	pdu.sm.destination_addr = fg_smpp_text(US);
	pdu.sm.short_message = fg_smpp_text(text);
	return pdu;
}

static const struct recorder_submission *newest(void)
{
	assert_true(t.recorder->submissions_count > 0);
	return &t.recorder->submissions[t.recorder->submissions_count - 1];
}

static void taken(const struct recorder_submission *submission, enum fg_rc rc)
{
	fg_smpp_account_taken(t.account, submission->said.token, rc);
}

static void it_is_acknowledged_once_it_is_durable(void **state)
{
	struct fg_smpp_pdu pdu = deliver(5, "hello");

	(void)state;
	bind_it();
	say_pdu(&pdu);
	expect_nothing();
	assert_int_equal(newest()->said.kind, FG_SUBMIT_INBOUND);
	assert_string_equal(newest()->said.account, "");
	assert_string_equal(newest()->source, "+" PHONE);
	assert_string_equal(newest()->destination, "+" US);
	assert_string_equal(newest()->text, "hello");
	assert_int_equal(newest()->said.concat_total, 0);
	taken(newest(), FG_OK);
	pdu = expect(FG_SMPP_DELIVER_SM_RESP);
	assert_int_equal(pdu.status, 0);
	assert_int_equal(pdu.sequence, 5);
	taken(newest(), FG_OK); /* once more: nothing is said twice */
	expect_nothing();
}

static void answered_with(enum fg_rc rc, uint32_t status)
{
	struct fg_smpp_pdu pdu = deliver(6, "hello");

	say_pdu(&pdu);
	taken(newest(), rc);
	assert_int_equal(expect(FG_SMPP_DELIVER_SM_RESP).status, status);
}

static void what_is_not_taken_stays_with_the_carrier(void **state)
{
	struct fg_smpp_pdu pdu = deliver(7, "hello");

	(void)state;
	bind_it();
	answered_with(FG_E_NOT_FOUND, 0x65);
	answered_with(FG_E_HANDLE, 0x65);
	answered_with(FG_E_STORE_BUSY, 0x14);
	answered_with(FG_E_LIMIT, 0x58);
	answered_with(FG_E_DENIED, 0x66);
	t.recorder->submit_rc = FG_E_IPC_FULL;
	say_pdu(&pdu);
	assert_int_equal(expect(FG_SMPP_DELIVER_SM_RESP).status, 0x14);
}

static void parts_are_handed_over_one_by_one(void **state)
{
	struct fg_udh_concat concat = {
		.reference = 0x1234, .wide = true, .total = 3, .sequence = 2
	};
	struct fg_smpp_pdu pdu = deliver(8, "");
	uint8_t octets[64];
	size_t len;

	(void)state;
	bind_it();
	assert_ok(fg_udh_concat_write(&concat, octets, &len));
	memcpy(octets + len, "second", 6);
	pdu.sm.esm_class = FG_SMPP_ESM_UDH;
	pdu.sm.short_message = (struct fg_smpp_bytes){ octets, len + 6 };
	say_pdu(&pdu);
	assert_string_equal(newest()->text, "second");
	assert_int_equal(newest()->said.concat_ref, 0x1234);
	assert_int_equal(newest()->said.concat_total, 3);
	assert_int_equal(newest()->said.concat_part, 2);
	assert_int_equal(newest()->said.flags, 0);
	concat.reference = 0x34;
	concat.wide = false;
	assert_ok(fg_udh_concat_write(&concat, octets, &len));
	memcpy(octets + len, "again", 5);
	pdu.sequence++;
	pdu.sm.short_message = (struct fg_smpp_bytes){ octets, len + 5 };
	say_pdu(&pdu);
	assert_string_equal(newest()->text, "again");
	assert_int_equal(newest()->said.concat_ref, 0x34);
	assert_int_equal(newest()->said.flags, FG_SUBMIT_NARROW);
	pdu = deliver(10, "third");
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_MSG_REF_NUM, 77));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_TOTAL_SEGMENTS, 3));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, 3));
	say_pdu(&pdu);
	assert_string_equal(newest()->text, "third");
	assert_int_equal(newest()->said.concat_ref, 77);
	assert_int_equal(newest()->said.concat_part, 3);
	/* Its sender cut a character in two: the half waits for the other. */
	assert_ok(fg_udh_concat_write(&concat, octets, &len));
	memcpy(octets + len, "\xDE\x00\0z", 4);
	pdu = deliver(11, "");
	pdu.sm.esm_class = FG_SMPP_ESM_UDH;
	pdu.sm.data_coding = 8;
	pdu.sm.short_message = (struct fg_smpp_bytes){ octets, len + 4 };
	say_pdu(&pdu);
	assert_string_equal(newest()->text, "\xED\xB8\x80z");
	/* A number of parts that cannot be: as it stands, whole. */
	pdu = deliver(11, "odd");
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_MSG_REF_NUM, 78));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_TOTAL_SEGMENTS, 2));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_SAR_SEGMENT_SEQNUM, 3));
	say_pdu(&pdu);
	assert_int_equal(newest()->said.concat_total, 0);
}

static void alphabets_and_payloads_are_read(void **state)
{
	static const uint8_t ucs2[] = { 0x04, 0x1f, 0xd8, 0x3d, 0xde, 0x00 };
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DATA_SM, .sequence = 11 };

	(void)state;
	bind_it();
	pdu.data.source_addr = fg_smpp_text("INFO");
	pdu.data.source_addr_ton = 5;
	pdu.data.destination_addr = fg_smpp_text("0012025550102");
	pdu.data.data_coding = 8;
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, ucs2, sizeof(ucs2)));
	say_pdu(&pdu);
	assert_string_equal(newest()->text, "\xd0\x9f\xf0\x9f\x98\x80");
	assert_string_equal(newest()->source, "INFO");
	assert_string_equal(newest()->destination, "+" US);
	taken(newest(), FG_OK);
	assert_int_equal(expect(FG_SMPP_DATA_SM_RESP).status, 0);
	pdu = deliver(12, "caf\xe9");
	pdu.sm.data_coding = 3;
	say_pdu(&pdu);
	assert_string_equal(newest()->text, "caf\xc3\xa9");
	pdu = deliver(13, "now");
	pdu.sm.data_coding = 0x10;
	say_pdu(&pdu);
	assert_int_equal(newest()->said.flags, FG_SUBMIT_FLASH);
}

static void what_is_no_text_is_refused_for_good(void **state)
{
	struct fg_smpp_pdu pdu = deliver(14, "\x01\x02");
	struct fg_smpp_pdu data = { .command = FG_SMPP_DATA_SM, .sequence = 16 };

	(void)state;
	bind_it();
	pdu.sm.data_coding = 4;
	say_pdu(&pdu);
	assert_int_equal(expect(FG_SMPP_DELIVER_SM_RESP).status, 0x65);
	pdu = deliver(15, "\x50text");
	pdu.sm.esm_class = FG_SMPP_ESM_UDH; /* its header is longer than all of it */
	say_pdu(&pdu);
	assert_int_equal(expect(FG_SMPP_DELIVER_SM_RESP).status, 0x66);
	data.data.source_addr = fg_smpp_text("1234567890123456789012345678901234567890");
	data.data.destination_addr = fg_smpp_text(US);
	say_pdu(&data);
	assert_int_equal(expect(FG_SMPP_DATA_SM_RESP).status, 0x65);
	assert_int_equal(t.recorder->submissions_count, 0);
}

static void after_a_lost_connection_nobody_is_answered(void **state)
{
	struct fg_smpp_pdu pdu = deliver(17, "hello");

	(void)state;
	bind_it();
	say_pdu(&pdu);
	fg_smpp_session_disconnected(t.session, "gone");
	taken(newest(), FG_OK);
	expect_nothing();
}

/* Nobody will say that it is stored: the carrier keeps it, and its place is free. */
static void what_a_core_that_went_did_not_answer_stays_with_the_carrier(void **state)
{
	struct fg_smpp_pdu pdu = deliver(18, "hello");

	(void)state;
	bind_it();
	say_pdu(&pdu);
	fg_smpp_account_abandon(t.account);
	pdu = expect(FG_SMPP_DELIVER_SM_RESP);
	assert_int_equal(pdu.status, 0x64);
	assert_int_equal(pdu.sequence, 18);
	taken(newest(), FG_OK); /* what comes late finds nobody */
	fg_smpp_account_abandon(t.account);
	expect_nothing();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, smpp_setup, smpp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(it_is_acknowledged_once_it_is_durable),
		CASE(what_is_not_taken_stays_with_the_carrier),
		CASE(parts_are_handed_over_one_by_one),
		CASE(alphabets_and_payloads_are_read),
		CASE(what_is_no_text_is_refused_for_good),
		CASE(after_a_lost_connection_nobody_is_answered),
		CASE(what_a_core_that_went_did_not_answer_stays_with_the_carrier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
