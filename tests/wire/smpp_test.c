/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Vectors were written field by field from SMPP v3.4, section 4 (chapters at each), not with the
 * codec; the first eight octets, length and command, included.
 */
#include "tests/support/fg_test.h"

#include "lib/wire/smpp.h"

/* "CMT" 0 | 1 1 "12065550100" 0 | 1 1 "4915112345678" 0 */
#define ADDRESSES "01 01 3132303635353530313030 00 01 01 34393135313132333435363738 00 "

static const struct {
	const char *name, *hex;
	unsigned good_cuts; /* shorter prefixes that are PDUs themselves: a body ends there, or a
			       TLV */
} vectors[] = {
	{ "bind_transmitter", /* 4.1.1 */
	  "00000027 00000002 00000000 00000001 6661 6C6C 00 7365637265 7400 00 34 00 00 "
	  "5E34392E2A24 00",
	  0 },
	{ "bind_receiver", "00000018 00000001 00000000 00000002 61 00 00 00 34 05 00 00", 0 },
	{ "bind_transceiver",
	  "0000001D 00000009 00000000 00000003 61 00 62 00 564D41 00 50 FF FE 3400", 0 },
	/* 4.1.2 with sc_interface_version */
	{ "bind_transmitter_resp", "0000001A 80000002 00000000 00000001 534D53 43 00 0210 0001 34",
	  2 },
	{ "bind_receiver_resp", "00000010 80000001 0000000E 00000002", 0 },
	{ "bind_transceiver_resp", "00000012 80000009 00000000 00000003 41 00", 1 },
	{ "outbind", "00000014 0000000B 00000000 00000004 4100 4200", 0 },
	{ "unbind", "00000010 00000006 00000000 00000005", 0 },
	{ "unbind_resp", "00000010 80000006 00000000 00000005", 0 },
	{ "enquire_link", "00000010 00000015 00000000 00000006", 0 },
	{ "enquire_link_resp", "00000010 80000015 00000000 00000006", 0 },
	{ "generic_nack", "00000010 80000000 00000003 00000007", 0 },
	/* 4.4.1: esm_class 0x40, registered_delivery 0x11, 5 octets; user_message_reference; a
	   vendor's TLV */
	{ "submit_sm",
	  "0000005E 00000004 00000000 00000008 434D54 00 " ADDRESSES
	  "40 00 00 00 303030303031303030303030303030 52 00 11 00 00 00 05 48656C6C6F 0204 0002 "
	  "0102 1403 0003 AABBCC",
	  2 },
	{ "submit_sm_resp", "00000015 80000004 00000000 00000008 3041463100", 1 },
	{ "deliver_sm", /* 4.6.1, payload in a TLV */
	  "00000044 00000005 00000000 00000009 00 " ADDRESSES
	  "04 00 00 00 00 00 00 00 00 00 0427 0001 02 0424 0002 4142",
	  2 },
	{ "deliver_sm_resp", "00000011 80000005 00000000 00000009 00", 1 },
	{ "data_sm", "00000036 00000103 00000000 0000000A 00 " ADDRESSES "00 01 08 0424 0000", 1 },
	{ "data_sm_resp", "00000016 80000103 000000FE 0000000A 00 0425 0001 03", 2 },
	{ "query_sm", "00000017 00000003 00000000 0000000B 3741 00 0100 3100", 0 },
	{ "query_sm_resp", "00000016 80000003 00000000 0000000B 3741 00 00 02 00", 1 },
	{ "cancel_sm", "00000032 00000008 00000000 0000000C 00 3741 00 " ADDRESSES, 0 },
	{ "cancel_sm_resp", "00000010 80000008 00000011 0000000C", 0 },
	{ "replace_sm", "0000001E 00000007 00000000 0000000C 3741 00 0101 3100 00 00 01 00 02 4869",
	  0 },
	/* 4.5.1: an address and a distribution list; 4.5.2: one that was not taken */
	{ "submit_multi",
	  "0000002B 00000021 00000000 0000000E 00 0101 3100 02 01 01 01 3200 02 4142 00 00 00 00 "
	  "00 00 01 00 00 00 02 4869",
	  0 },
	{ "submit_multi_resp", "0000001C 80000021 00000000 0000000E 3741 00 01 01 01 3200 0000000B",
	  1 },
	{ "replace_sm_resp", "00000010 80000007 00000013 0000000C", 0 },
	{ "alert_notification",
	  "0000001D 00000102 00000000 0000000D 0101 3100 0000 3200 0422 0001 00", 1 },
};

static void patch_len(uint8_t *pdu, size_t len)
{
	pdu[0] = pdu[1] = 0;
	pdu[2] = (uint8_t)(len >> 8);
	pdu[3] = (uint8_t)len;
}

/* Read a vector; its length field is set, so that vectors can be edited. */
static size_t load(const char *name, uint8_t out[static 256])
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		if (strcmp(vectors[i].name, name) == 0)
			return fg_test_unhex(vectors[i].hex, out, 256);
	fail_msg("no vector %s", name);
	return 0;
}

/* Decode len octets that lie at the very end of an allocation. */
static enum fg_rc decode_exact(const uint8_t *data, size_t len, struct fg_smpp_pdu *pdu,
			       uint8_t **keep)
{
	*keep = malloc(len ? len : 1);
	assert_non_null(*keep);
	memcpy(*keep, data, len);
	return fg_smpp_decode(*keep, len, pdu);
}

static void every_pdu_goes_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		uint8_t in[256], out[256];
		size_t len = fg_test_unhex(vectors[i].hex, in, sizeof(in)), frame_len, out_len;
		struct fg_smpp_pdu pdu;

		assert_ok(fg_smpp_frame(in, len, 256, &frame_len));
		assert_int_equal(frame_len, len);
		assert_ok(fg_smpp_decode(in, len, &pdu));
		assert_string_equal(fg_smpp_command_name(pdu.command), vectors[i].name);
		assert_ok(fg_smpp_encode(&pdu, out, sizeof(out), &out_len));
		assert_int_equal(out_len, len);
		assert_memory_equal(out, in, len);
		for (size_t cap = 0; cap < len; cap++)
			assert_rc(FG_E_SPACE, fg_smpp_encode(&pdu, out, cap, &out_len));
	}
}

static void a_pdu_cut_anywhere_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		uint8_t in[256], *keep;
		size_t len = fg_test_unhex(vectors[i].hex, in, sizeof(in)), frame_len;
		struct fg_smpp_pdu pdu;
		unsigned good = 0;

		for (size_t cut = 0; cut < len; cut++) {
			assert_rc(FG_E_TRUNCATED, fg_smpp_frame(in, cut, 256, &frame_len));
			assert_rc(FG_E_PDU_LENGTH, decode_exact(in, cut, &pdu, &keep));
			free(keep);
		}
		for (size_t cut = 4; cut < len; cut++) {
			enum fg_rc rc;

			patch_len(in, cut);
			rc = decode_exact(in, cut, &pdu, &keep);
			free(keep);
			good += rc == FG_OK;
			if (rc != FG_OK)
				assert_rc(cut < FG_SMPP_HEADER_LEN ? FG_E_PDU_LENGTH
								   : FG_E_TRUNCATED,
					  rc);
		}
		/* after the body, and after each TLV but the last, a PDU may end as well */
		assert_int_equal(good, vectors[i].good_cuts);
	}
}

static void fields_are_those_of_the_wire(void **state)
{
	struct fg_smpp_bytes bytes;
	struct fg_smpp_pdu pdu;
	uint8_t in[256];
	size_t len = load("submit_sm", in);
	uint32_t number;

	(void)state;
	assert_ok(fg_smpp_decode(in, len, &pdu));
	assert_int_equal(pdu.command, FG_SMPP_SUBMIT_SM);
	assert_int_equal(pdu.sequence, 8);
	assert_string_equal((const char *)pdu.sm.service_type.at, "CMT");
	assert_string_equal((const char *)pdu.sm.source_addr.at, "12065550100");
	assert_int_equal(pdu.sm.destination_addr.len, 13);
	assert_int_equal(pdu.sm.esm_class, FG_SMPP_ESM_UDH);
	assert_string_equal((const char *)pdu.sm.validity_period.at, "000001000000000R");
	assert_int_equal(pdu.sm.registered_delivery, 0x11);
	assert_int_equal(pdu.sm.short_message.len, 5);
	assert_memory_equal(pdu.sm.short_message.at, "Hello", 5);
	assert_int_equal(pdu.tlvs.count, 2);
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &number));
	assert_int_equal(number, 0x0102);
	assert_true(fg_smpp_tlv_bytes(&pdu, 0x1403, &bytes));
	assert_int_equal(bytes.len, 3);
	assert_false(fg_smpp_tlv_number(&pdu, 0x1403, &number));
	assert_false(fg_smpp_tlv_bytes(&pdu, 0x1404, &bytes));
}

static void the_message_is_the_short_one_or_the_payload(void **state)
{
	struct fg_smpp_bytes message;
	struct fg_smpp_pdu pdu;
	uint8_t in[256];
	size_t len = load("deliver_sm", in);

	(void)state;
	assert_ok(fg_smpp_decode(in, len, &pdu));
	message = fg_smpp_message(&pdu);
	assert_int_equal(message.len, 2);
	assert_memory_equal(message.at, "AB", 2);
	pdu.sm.short_message = fg_smpp_text("xyz");
	assert_int_equal(fg_smpp_message(&pdu).len, 3);
	assert_ok(fg_smpp_decode(in, load("unbind", in), &pdu));
	assert_int_equal(fg_smpp_message(&pdu).len, 0);
}

static void both_a_short_message_and_a_payload_are_never_sent(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM };
	uint8_t out[64];
	size_t len = 7;

	(void)state;
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, "x", 1));
	assert_ok(fg_smpp_encode(&pdu, out, sizeof(out), &len));
	pdu.sm.short_message = fg_smpp_text("x");
	len = 7;
	assert_rc(FG_E_PDU_FIELD, fg_smpp_encode(&pdu, out, sizeof(out), &len));
	assert_int_equal(len, 7);
}

static void frames_have_bounds(void **state)
{
	static const struct {
		const char *hex;
		size_t max;
		enum fg_rc rc;
	} cases[] = {
		{ "", 256, FG_E_TRUNCATED },
		{ "000000", 256, FG_E_TRUNCATED },
		{ "0000000F", 256, FG_E_PDU_LENGTH },
		{ "00000010", 256, FG_E_TRUNCATED },
		{ "00000100", 256, FG_E_TRUNCATED },
		{ "00000101", 256, FG_E_PDU_LENGTH },
		{ "00010010", FG_SMPP_PDU_MAX, FG_E_TRUNCATED },
		{ "00010011", SIZE_MAX, FG_E_PDU_LENGTH },
		{ "FFFFFFFF", SIZE_MAX, FG_E_PDU_LENGTH },
		{ "00000010 00000015 00000000 00000001 0000", 256, FG_OK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t in[32];
		size_t len = fg_test_unhex(cases[i].hex, in, sizeof(in)), pdu_len = 99;

		assert_rc(cases[i].rc, fg_smpp_frame(in, len, cases[i].max, &pdu_len));
		assert_int_equal(pdu_len, cases[i].rc == FG_OK ? 16 : 99);
	}
}

static void what_is_refused_can_still_be_answered(void **state)
{
	static const struct {
		const char *why, *hex;
		enum fg_rc rc;
	} cases[] = {
		{ "an unknown command", "00000010 0000000A 00000000 000000AA", FG_E_PDU_COMMAND },
		{ "a response to nothing", "00000010 8000000A 00000000 000000AA",
		  FG_E_PDU_COMMAND },
		{ "no NUL in 16 octets",
		  "00000021 0000000B 00000000 000000AA 4141414141414141 4141414141414141 00",
		  FG_E_PDU_FIELD },
		{ "no NUL at all", "00000013 80000009 00000000 000000AA 414141", FG_E_TRUNCATED },
		{ "TLV longer than the rest", "00000016 80000005 00000000 000000AA 00 1403 0002 41",
		  FG_E_TRUNCATED },
		{ "half a TLV header", "00000014 80000005 00000000 000000AA 00 140300",
		  FG_E_TRUNCATED },
		{ "request without body", "00000010 00000004 00000000 000000AA", FG_E_TRUNCATED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_smpp_pdu pdu = { .sequence = 0 };
		uint8_t in[64];
		size_t len = fg_test_unhex(cases[i].hex, in, sizeof(in));

		assert_rc(cases[i].rc, fg_smpp_decode(in, len, &pdu));
		assert_int_equal(pdu.sequence, 0xAA);
	}
}

/* A submit_sm of empty fields, with an sm_length and as many octets. */
static size_t submit_of(uint8_t sm_length, uint8_t out[static 512])
{
	size_t len = FG_SMPP_HEADER_LEN + 17 + sm_length;

	memset(out, 0, 512);
	patch_len(out, len);
	out[7] = 4;
	out[FG_SMPP_HEADER_LEN + 16] = sm_length;
	return len;
}

static void a_short_message_has_at_most_254_octets(void **state)
{
	struct fg_smpp_pdu pdu;
	uint8_t in[512], text[255] = { 0 }, out[512];
	size_t len;

	(void)state;
	assert_ok(fg_smpp_decode(in, submit_of(254, in), &pdu));
	assert_int_equal(pdu.sm.short_message.len, 254);
	assert_ok(fg_smpp_encode(&pdu, out, sizeof(out), &len));
	assert_memory_equal(out, in, len);
	assert_rc(FG_E_PDU_FIELD, fg_smpp_decode(in, submit_of(255, in), &pdu));
	assert_ok(fg_smpp_decode(in, submit_of(0, in), &pdu));
	pdu.sm.short_message = (struct fg_smpp_bytes){ text, 255 };
	assert_rc(FG_E_PDU_FIELD, fg_smpp_encode(&pdu, out, sizeof(out), &len));
}

static void a_message_id_may_have_64_characters(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM_RESP }, back;
	char id[66];
	uint8_t out[128];
	size_t len;

	(void)state;
	memset(id, 'x', 64);
	id[64] = 0;
	pdu.sm_resp.message_id = fg_smpp_text(id);
	assert_ok(fg_smpp_encode(&pdu, out, sizeof(out), &len));
	assert_ok(fg_smpp_decode(out, len, &back));
	assert_int_equal(back.sm_resp.message_id.len, 64);
	id[64] = 'x';
	id[65] = 0;
	pdu.sm_resp.message_id = fg_smpp_text(id);
	assert_rc(FG_E_PDU_FIELD, fg_smpp_encode(&pdu, out, sizeof(out), &len));
	pdu.sm_resp.message_id = (struct fg_smpp_bytes){ (const uint8_t *)"a\0b", 3 };
	assert_rc(FG_E_PDU_FIELD, fg_smpp_encode(&pdu, out, sizeof(out), &len));
	pdu.command = 0x0A;
	assert_rc(FG_E_PDU_COMMAND, fg_smpp_encode(&pdu, out, sizeof(out), &len));
}

static void tlvs_of_a_wrong_size_are_counted_not_used(void **state)
{
	struct fg_smpp_pdu pdu;
	uint8_t in[64];
	/* message_state of 2 octets, network_error_code of 2, user_message_reference as it should
	 * be */
	size_t len = fg_test_unhex("00000023 80000005 00000000 00000001 00 0427 0002 0002 0423 "
				   "0002 0001 0204 0002 0007",
				   in, sizeof(in));
	uint32_t number;

	(void)state;
	assert_ok(fg_smpp_decode(in, len, &pdu));
	assert_int_equal(pdu.tlvs.count, 1);
	assert_int_equal(pdu.tlvs.ill_sized, 2);
	assert_false(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, &number));
	assert_true(fg_smpp_tlv_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &number));
	assert_int_equal(number, 7);
}

static void tlvs_beyond_32_are_counted_not_kept(void **state)
{
	struct fg_smpp_pdu pdu;
	uint8_t in[512] = { 0 };
	size_t len = FG_SMPP_HEADER_LEN + 40 * 4;

	(void)state;
	patch_len(in, len);
	in[7] = FG_SMPP_ENQUIRE_LINK;
	for (size_t i = 0; i < 40; i++)
		in[FG_SMPP_HEADER_LEN + 4 * i] = 0x14;
	assert_ok(fg_smpp_decode(in, len, &pdu));
	assert_int_equal(pdu.tlvs.count, FG_SMPP_TLVS_MAX);
	assert_int_equal(pdu.tlvs.skipped, 8);
	assert_rc(FG_E_SPACE, fg_smpp_tlv_add(&pdu, 0x1400, "", 0));
	assert_rc(FG_E_SPACE, fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, 2));
}

static void tlvs_that_are_added_have_their_form(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_ENQUIRE_LINK }, back;
	struct fg_smpp_bytes bytes;
	uint8_t out[64], expected[64];
	size_t len, want = fg_test_unhex("00000025 00000015 00000000 00000000 0204 0002 ABCD 0017 "
					 "0004 00000E10 001E 0003 413700",
					 expected, sizeof(expected));

	(void)state;
	assert_rc(FG_E_ARG,
		  fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, 0x10000));
	assert_rc(FG_E_ARG, fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, 256));
	assert_rc(FG_E_ARG, fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, 1));
	assert_rc(FG_E_ARG, fg_smpp_tlv_add_number(&pdu, 0x1400, 1));
	assert_rc(FG_E_PDU_FIELD, fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_NETWORK_ERROR_CODE, "ab", 2));
	assert_rc(FG_E_PDU_FIELD, fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, "ab", 65536));
	assert_int_equal(pdu.tlvs.count, 0);
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, 0xABCD));
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_QOS_TIME_TO_LIVE, 3600));
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, "A7", 3));
	assert_ok(fg_smpp_encode(&pdu, out, sizeof(out), &len));
	assert_int_equal(len, want);
	assert_memory_equal(out, expected, want);
	assert_ok(fg_smpp_decode(out, len, &back));
	assert_true(fg_smpp_tlv_bytes(&back, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, &bytes));
	assert_int_equal(bytes.len, 2);
	pdu.tlvs.list[0].len = 1;
	assert_rc(FG_E_PDU_FIELD, fg_smpp_encode(&pdu, out, sizeof(out), &len));
	pdu.tlvs.list[0] = (struct fg_smpp_tlv){ .tag = 0x1400, .len = 5 };
	assert_rc(FG_E_PDU_FIELD, fg_smpp_encode(&pdu, out, sizeof(out), &len));
	pdu.tlvs.count = FG_SMPP_TLVS_MAX + 1;
	assert_rc(FG_E_ARG, fg_smpp_encode(&pdu, out, sizeof(out), &len));
}

static void a_pdu_is_never_longer_than_its_limit(void **state)
{
	static uint8_t payload[65535], out[70000];
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM };
	size_t len;

	(void)state;
	/* 16 and 17 octets of fields, 4 before the payload */
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, payload, 65552 - 37));
	assert_ok(fg_smpp_encode(&pdu, out, sizeof(out), &len));
	assert_int_equal(len, FG_SMPP_PDU_MAX);
	assert_ok(fg_smpp_decode(out, len, &pdu));
	pdu.tlvs.list[0].len++;
	pdu.tlvs.list[0].at = payload;
	assert_rc(FG_E_PDU_LENGTH, fg_smpp_encode(&pdu, out, sizeof(out), &len));
}

static void an_error_response_has_no_body_unless_tlvs_need_it(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM_RESP, .status = 0x58 }, back;
	uint8_t out[64];
	size_t len;

	(void)state;
	pdu.sm_resp.message_id = fg_smpp_text("7");
	assert_ok(fg_smpp_encode(&pdu, out, sizeof(out), &len));
	assert_int_equal(len, FG_SMPP_HEADER_LEN);
	memset(&back, 0xEE, sizeof(back));
	assert_ok(fg_smpp_decode(out, len, &back));
	assert_int_equal(back.sm_resp.message_id.len, 0);
	assert_ok(fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_DELIVERY_FAILURE_REASON, 3));
	assert_ok(fg_smpp_encode(&pdu, out, sizeof(out), &len));
	assert_int_equal(len, FG_SMPP_HEADER_LEN + 2 + 5);
}

static void a_dump_shows_neither_secrets_nor_content(void **state)
{
	struct fg_smpp_pdu pdu;
	uint8_t in[256];
	char line[1024], small[12];

	(void)state;
	assert_ok(fg_smpp_decode(in, load("bind_transmitter", in), &pdu));
	assert_string_equal(
		fg_smpp_dump(&pdu, line, sizeof(line)),
		"bind_transmitter command=00000002 sequence=1 status=00000000 meaning=ROK "
		"system_id=\"fall\" password=[hidden] system_type=\"\" interface_version=52 "
		"addr_ton=0 "
		"addr_npi=0 address_range=\"***.*$\"");
	assert_string_equal(fg_smpp_dump(&pdu, small, sizeof(small)), "bind_transm");
	assert_string_equal(fg_smpp_dump(&pdu, small, 1), "");
	assert_ok(fg_smpp_decode(in, load("submit_sm", in), &pdu));
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_ADDITIONAL_STATUS_INFO_TEXT, "pw", 3));
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, "A\n7", 4));
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_NETWORK_ERROR_CODE, "\3\0\x22", 3));
	assert_ok(fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, "Hello", 5));
	pdu.sm.service_type = fg_smpp_text("a\"\x7F");
	pdu.sm.source_addr = fg_smpp_text("123");
	assert_string_equal(
		fg_smpp_dump(&pdu, line, sizeof(line)),
		"submit_sm command=00000004 sequence=8 status=00000000 meaning=ROK "
		"service_type=\"a..\" "
		"source_addr_ton=1 source_addr_npi=1 source_addr=\"***\" dest_addr_ton=1 "
		"dest_addr_npi=1 "
		"destination_addr=\"**********678\" esm_class=64 protocol_id=0 priority_flag=0 "
		"schedule_delivery_time=\"\" validity_period=\"000001000000000R\" "
		"registered_delivery=17 "
		"replace_if_present_flag=0 data_coding=0 sm_default_msg_id=0 short_message=[5 "
		"octets] "
		"user_message_reference=258 tlv_1403=[3 octets] additional_status_info_text=[3 "
		"octets] "
		"receipted_message_id=\"A.7\" network_error_code=030022 message_payload=[5 "
		"octets]");
	pdu = (struct fg_smpp_pdu){ .command = 0x0A, .status = 0x58 };
	assert_string_equal(
		fg_smpp_dump(&pdu, line, sizeof(line)),
		"unknown command=0000000a sequence=0 status=00000058 meaning=RTHROTTLED");
}

static void every_vector_can_be_dumped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct fg_smpp_pdu pdu;
		char line[1024];
		uint8_t in[256];

		assert_ok(fg_smpp_decode(in, load(vectors[i].name, in), &pdu));
		fg_smpp_dump(&pdu, line, sizeof(line));
		assert_memory_equal(line, vectors[i].name, strlen(vectors[i].name));
		assert_null(strstr(line, "secret"));
		assert_null(strstr(line, "49151"));
	}
}

static void destinations_of_submit_multi_are_walked_and_answered(void **state)
{
	uint8_t in[256], octets[FG_SMPP_UNSUCCESS_MAX];
	struct fg_smpp_pdu pdu;
	struct fg_smpp_dest dest;
	size_t at = 0, len = load("submit_multi", in);

	(void)state;
	assert_ok(fg_smpp_decode(in, len, &pdu));
	assert_int_equal(pdu.multi.dests.count, 2);
	assert_true(fg_smpp_dest_next(&pdu.multi.dests, &at, &dest));
	assert_int_equal(dest.flag, 1);
	assert_memory_equal(dest.address.at, "2", 2);
	assert_int_equal(fg_smpp_unsuccess_put(&dest, 0x0B, octets, sizeof(octets)), 8);
	assert_memory_equal(octets, "\1\0012\0\0\0\0\013", 8);
	assert_int_equal(fg_smpp_unsuccess_put(&dest, 0x0B, octets, 7), 0);
	assert_true(fg_smpp_dest_next(&pdu.multi.dests, &at, &dest));
	assert_int_equal(dest.flag, 2);
	assert_memory_equal(dest.address.at, "AB", 3);
	assert_false(fg_smpp_dest_next(&pdu.multi.dests, &at, &dest));
	assert_int_equal(fg_smpp_message(&pdu).len, 2);
	in[21] = 3; /* number_of_dests beyond what is there; then a flag that is none */
	assert_true(fg_smpp_decode(in, len, &pdu) != FG_OK);
	in[21] = 0;
	assert_rc(FG_E_PDU_FIELD, fg_smpp_decode(in, len, &pdu));
	in[21] = 2;
	in[22] = 7;
	assert_rc(FG_E_PDU_FIELD, fg_smpp_decode(in, len, &pdu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pdu_goes_both_ways),
		cmocka_unit_test(a_pdu_cut_anywhere_is_refused),
		cmocka_unit_test(fields_are_those_of_the_wire),
		cmocka_unit_test(the_message_is_the_short_one_or_the_payload),
		cmocka_unit_test(both_a_short_message_and_a_payload_are_never_sent),
		cmocka_unit_test(frames_have_bounds),
		cmocka_unit_test(what_is_refused_can_still_be_answered),
		cmocka_unit_test(a_short_message_has_at_most_254_octets),
		cmocka_unit_test(a_message_id_may_have_64_characters),
		cmocka_unit_test(tlvs_of_a_wrong_size_are_counted_not_used),
		cmocka_unit_test(tlvs_beyond_32_are_counted_not_kept),
		cmocka_unit_test(tlvs_that_are_added_have_their_form),
		cmocka_unit_test(a_pdu_is_never_longer_than_its_limit),
		cmocka_unit_test(an_error_response_has_no_body_unless_tlvs_need_it),
		cmocka_unit_test(a_dump_shows_neither_secrets_nor_content),
		cmocka_unit_test(every_vector_can_be_dumped),
		cmocka_unit_test(destinations_of_submit_multi_are_walked_and_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
