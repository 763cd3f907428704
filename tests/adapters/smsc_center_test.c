/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The emulated SMSC without sockets and with a clock that the tests move: outcomes by text and mix,
 * exact receipts, rate and window, messages from phones, query and its kin, the capture.
 */
#include "tests/support/fg_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <talloc.h>
#include "emulators/smsc/center.h"

enum { HEARD_MAX = 4096, OCTETS_MAX = 512 };

struct heard {
	size_t len;
	uint8_t octets[OCTETS_MAX];
	struct fg_smpp_pdu pdu;
};

static struct {
	struct fg_smsc_options options;
	struct smsc_center *center;
	struct smsc_conn *conn;
	struct heard *heard;
	unsigned count;
	uint32_t sequence;
	char text[600];
} t;

static void on_send(void *arg, const void *octets, size_t len)
{
	struct heard *heard = &t.heard[t.count++];

	(void)arg;
	assert_true(t.count <= HEARD_MAX && len <= OCTETS_MAX);
	memcpy(heard->octets, octets, len);
	heard->len = len;
	if (fg_smpp_decode(heard->octets, len, &heard->pdu) != FG_OK)
		heard->pdu.command = 0;
}

static void on_message(const struct fg_smsc_message *message, void *arg)
{
	(void)arg;
	snprintf(t.text, sizeof(t.text), "%s", message->text);
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.heard = calloc(HEARD_MAX, sizeof(*t.heard));
	t.options = (struct fg_smsc_options){ .seed = 255, .receipt_delay_ms = 1000 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	talloc_free(t.center);
	free(t.heard);
	return 0;
}

static void tell(struct smsc_conn *conn, struct fg_smpp_pdu *pdu)
{
	uint8_t octets[OCTETS_MAX];
	size_t len;

	pdu->sequence = ++t.sequence;
	assert_ok(fg_smpp_encode(pdu, octets, sizeof(octets), &len));
	assert_int_equal(smsc_conn_bytes(conn, octets, len), len);
}

static struct smsc_conn *bind_as(uint32_t command, const char *system_id)
{
	struct smsc_conn *conn = smsc_conn_new(t.center, on_send, NULL, NULL);
	struct fg_smpp_pdu pdu = { .command = command };

	pdu.bind.system_id = fg_smpp_text(system_id);
	pdu.bind.password = fg_smpp_text("secret8!");
	pdu.bind.interface_version = 0x34;
	tell(conn, &pdu);
	return conn;
}

static void begin(void)
{
	t.center = smsc_center_new(NULL, &t.options, 1000000000000000, on_message, NULL);
	assert_non_null(t.center);
	t.conn = bind_as(FG_SMPP_BIND_TRANSCEIVER, "a");
	t.count = 0;
}

static void submit(struct smsc_conn *conn, const char *destination, const char *text)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM };

	pdu.sm.source_addr = fg_smpp_text("100");
	pdu.sm.destination_addr = fg_smpp_text(destination);
	pdu.sm.registered_delivery = 1;
	pdu.sm.short_message = fg_smpp_text(text);
	tell(conn, &pdu);
}

static void pass(uint64_t ms)
{
	smsc_center_run(t.center, t.center->now_us + ms * 1000);
}

static struct fg_dlr receipt(unsigned which)
{
	struct fg_dlr dlr;

	assert_true(which < t.count);
	assert_int_equal(t.heard[which].pdu.command, FG_SMPP_DELIVER_SM);
	assert_ok(fg_dlr_from_pdu(&t.heard[which].pdu, &dlr));
	return dlr;
}

static void a_text_chooses_its_outcome(void **state)
{
	(void)state;
	begin();
	submit(t.conn, "491500", "!smsc 0x45;x");
	assert_int_equal(t.heard[0].pdu.status, 0x45);
	submit(t.conn, "491581",
	       "(Not encrypted) !smsc ok receipt=UNDELIV after=1h receipts=2 err=042;x");
	assert_int_equal(t.heard[1].pdu.status, 0);
	pass(3599999);
	assert_int_equal(t.count, 2);
	pass(1);
	assert_int_equal(t.count, 4);
	assert_int_equal(receipt(3).state, FG_DLR_UNDELIVERABLE);
	assert_string_equal(receipt(3).err, "042");
	submit(t.conn, "491500", "!smsc maybe;x"); /* not understood: an ordinary text */
	assert_int_equal(t.heard[4].pdu.status, 0);
	t.center->options.no_text = true;
	submit(t.conn, "491500", "!smsc 0x45;x");
	assert_int_equal(t.heard[5].pdu.status, 0);
}

static void ids_have_a_base_for_answers_and_one_for_receipts(void **state)
{
	(void)state;
	t.options.id = FG_SMSC_ID_HEX;
	t.options.id_digits = 8;
	begin();
	submit(t.conn, "491500", "x");
	pass(1000);
	assert_string_equal((const char *)t.heard[0].pdu.sm_resp.message_id.at, "000000FF");
	assert_string_equal(receipt(1).id, "00000255");
}

static void receipts_overtake_each_other_with_jitter(void **state)
{
	bool overtaken = false;

	(void)state;
	t.options.receipt_jitter_ms = 5000;
	begin();
	for (unsigned i = 0; i < 20; i++)
		submit(t.conn, "491500", "x");
	pass(6000);
	assert_int_equal(t.count, 40);
	for (unsigned i = 21; i < 40; i++)
		overtaken |= atoi(receipt(i).id) < atoi(receipt(i - 1).id);
	assert_true(overtaken);
}

static void a_mix_has_its_percentages_and_repeats_with_its_seed(void **state)
{
	uint64_t first[256] = { 0 };

	(void)state;
	assert_true(emu_mix_parse("0x58=30,drop=20", t.options.mix, &t.options.mix_count));
	for (unsigned round = 0; round < 2; round++) {
		talloc_free(t.center);
		begin();
		for (unsigned i = 0; i < 1000; i++)
			submit(t.conn, "491500", "x");
		assert_in_range(t.center->counters.status[0x58], 250, 350);
		assert_in_range(t.center->counters.unanswered, 150, 250);
		if (round)
			assert_memory_equal(first, t.center->counters.status, sizeof(first));
		memcpy(first, t.center->counters.status, sizeof(first));
	}
}

static void a_mix_that_is_none_is_refused(void **state)
{
	static const char *const wrong[] = { "",          "0x58", "0x58=", "x=5",
					     "8=60,9=41", "8=-1", "8=nan", "first=1" };
	struct emu_share shares[EMU_SHARES_MAX];
	size_t count;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(emu_mix_parse(wrong[i], shares, &count));
	assert_true(emu_receipt_mix_parse("UNDELIV=3,none=0.5", shares, &count));
	assert_int_equal(shares[1].ppm, 5000);
}

static void national_tables_are_shown_as_a_phone_would(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM };

	(void)state;
	begin();
	pdu.sm.destination_addr = fg_smpp_text("491500");
	pdu.sm.esm_class = FG_SMPP_ESM_UDH;
	pdu.sm.short_message = fg_smpp_text("\6\x25\1\6\x24\1\6\x15\x1bQ"); /* Hindi, both */
	tell(t.conn, &pdu);
	assert_string_equal(t.text, "\xe0\xa4\x95Q");
}

static void over_the_rate_is_throttled_until_time_passes(void **state)
{
	(void)state;
	t.options.rate = 10;
	t.options.burst = 3;
	begin();
	for (unsigned i = 0; i < 5; i++)
		submit(t.conn, "491589", "x");
	assert_int_equal(t.center->counters.status[0], 3);
	assert_int_equal(t.center->counters.status[0x58], 2);
	pass(100);
	submit(t.conn, "491589", "x");
	submit(t.conn, "491589", "x");
	assert_int_equal(t.center->counters.status[0], 4);
	assert_int_equal(t.center->counters.throttled, 3);
}

static void over_the_window_is_throttled_until_answers_are_out(void **state)
{
	(void)state;
	t.options.window = 2;
	t.options.answer_delay_ms = 50;
	begin();
	for (unsigned i = 0; i < 3; i++)
		submit(t.conn, "491589", "x");
	assert_int_equal(t.count, 1);
	assert_int_equal(t.heard[0].pdu.status, 0x58);
	assert_int_equal(t.center->counters.in_flight, 2);
	pass(50);
	assert_int_equal(t.count, 3);
	submit(t.conn, "491589", "x");
	assert_int_equal(t.center->counters.throttled, 1);
}

static void a_cut_answer_ends_in_the_middle(void **state)
{
	(void)state;
	begin();
	submit(t.conn, "491500", "!smsc ok cut receipt=none;x");
	assert_int_equal(t.count, 1);
	assert_int_equal(t.heard[0].pdu.command, 0);
	assert_true(t.heard[0].len > 0 && t.heard[0].len < 20);
	assert_true(t.conn->closing);
}

static void receipts_wait_for_a_receiver_of_the_same_system(void **state)
{
	struct smsc_conn *transmitter;

	(void)state;
	begin();
	transmitter = bind_as(FG_SMPP_BIND_TRANSMITTER, "b");
	t.count = 0;
	submit(transmitter, "491500", "x");
	pass(1000);
	assert_int_equal(t.count, 1); /* "a" receives, and is another */
	bind_as(FG_SMPP_BIND_RECEIVER, "b");
	assert_int_equal(t.count, 3);
	assert_int_equal(receipt(2).state, FG_DLR_DELIVERED);
	submit(t.center->conns, "491500", "x");
	assert_int_equal(t.heard[3].pdu.status, 4); /* a receiver does not submit */
}

static void a_peer_that_does_not_read_gets_its_receipts_later(void **state)
{
	(void)state;
	begin();
	submit(t.conn, "491500", "x");
	t.conn->full = true;
	pass(1000);
	assert_int_equal(t.count, 1);
	smsc_conn_room(t.conn);
	assert_int_equal(t.count, 2);
}

static void what_is_due_after_a_close_is_nobodys(void **state)
{
	(void)state;
	begin();
	submit(t.conn, "491500", "!smsc ok delay=5;x");
	smsc_conn_close(t.conn);
	pass(10000);
	assert_int_equal(t.count, 0);
	assert_int_equal(t.center->counters.receipts_pending, 1);
	assert_int_equal(t.center->counters.in_flight, 0);
}

static uint8_t query(const char *id)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_QUERY_SM };

	pdu.query.message_id = fg_smpp_text(id);
	pdu.query.source_addr = fg_smpp_text("100");
	tell(t.conn, &pdu);
	return t.heard[t.count - 1].pdu.status ? 0xFF
					       : t.heard[t.count - 1].pdu.query_resp.message_state;
}

static uint32_t cancel(const char *id)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_CANCEL_SM };

	pdu.cancel.message_id = fg_smpp_text(id);
	pdu.cancel.source_addr = fg_smpp_text("100");
	pdu.cancel.destination_addr = fg_smpp_text("491500");
	tell(t.conn, &pdu);
	return t.heard[t.count - 1].pdu.status;
}

static uint32_t replace(const char *id)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_REPLACE_SM };

	pdu.replace.message_id = fg_smpp_text(id);
	pdu.replace.source_addr = fg_smpp_text("100");
	pdu.replace.short_message = fg_smpp_text("other");
	tell(t.conn, &pdu);
	return t.heard[t.count - 1].pdu.status;
}

static void a_message_under_way_is_queried_replaced_and_cancelled(void **state)
{
	(void)state;
	begin();
	submit(t.conn, "491500", "one");
	submit(t.conn, "491500", "two");
	assert_int_equal(query("255"), FG_DLR_ENROUTE);
	assert_int_equal(query("999"), 0xFF);
	assert_int_equal(replace("255"), 0);
	assert_string_equal(t.text, "other");
	assert_int_equal(cancel("255"), 0);
	assert_int_equal(query("255"), FG_DLR_DELETED);
	pass(1000);
	assert_int_equal(receipt(t.count - 2).state, FG_DLR_DELETED);
	assert_int_equal(receipt(t.count - 1).state, FG_DLR_DELIVERED);
	assert_int_equal(query("256"), FG_DLR_DELIVERED);
	assert_int_equal(cancel("256"), 0x11);
	assert_int_equal(replace("256"), 0x13);
	submit(t.conn, "491500", "three");
	assert_int_equal(cancel(""), 0); /* all of that pair */
	assert_int_equal(query("257"), FG_DLR_DELETED);
}

static void a_data_sm_is_taken_like_a_submit(void **state)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DATA_SM };

	(void)state;
	begin();
	pdu.data.source_addr = fg_smpp_text("100");
	pdu.data.destination_addr = fg_smpp_text("491587");
	pdu.data.registered_delivery = 1;
	fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, "payload", 7);
	tell(t.conn, &pdu);
	assert_int_equal(t.heard[0].pdu.command, FG_SMPP_DATA_SM_RESP);
	assert_string_equal(t.text, "payload");
	pass(1000);
	assert_int_equal(receipt(1).state, FG_DLR_UNDELIVERABLE);
}

static void a_phone_sends_in_parts_by_header_or_as_data(void **state)
{
	struct fg_smsc_mo mo = { .source = "+4915100", .destination = "1234" };
	char text[201];

	(void)state;
	begin();
	memset(text, 'x', 200);
	text[200] = '\0';
	assert_ok(smsc_mo(t.center, &mo, text, 200));
	assert_int_equal(t.count, 2);
	assert_int_equal(t.heard[1].pdu.sm.esm_class, FG_SMPP_ESM_UDH);
	assert_int_equal(t.heard[1].pdu.sm.short_message.len, 7 + 200 - 152);
	assert_int_equal(t.heard[1].pdu.sm.source_addr_ton, 1);
	assert_int_equal(t.heard[1].pdu.sm.dest_addr_ton, 3);
	mo.data_sm = true;
	assert_ok(smsc_mo(t.center, &mo, "ж", 2));
	assert_int_equal(t.heard[2].pdu.command, FG_SMPP_DATA_SM);
	assert_int_equal(t.heard[2].pdu.data.data_coding, 8);
	assert_rc(FG_E_UTF8, smsc_mo(t.center, &mo, "\xff", 1));
	strcpy(mo.source, "+x");
	assert_rc(FG_E_ARG, smsc_mo(t.center, &mo, "x", 1));
}

static void a_script_has_messages_from_phones(void **state)
{
	unsigned line;

	(void)state;
	assert_ok(
		fg_smsc_script_parse("mo +4915100 1234 2s Hello # all of it\n", &t.options, &line));
	assert_rc(FG_E_SYNTAX,
		  fg_smsc_script_parse("mo +4915100 1234 soon Hello", &t.options, &line));
	begin();
	pass(1999);
	assert_int_equal(t.count, 0);
	pass(1);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.heard[0].pdu.sm.short_message.len, strlen("Hello # all of it"));
}

static bool file_has(const char *path, const char *word)
{
	char octets[4096];
	FILE *file = fopen(path, "rb");
	size_t len = fread(octets, 1, sizeof(octets), file);

	fclose(file);
	return memmem(octets, len, word, strlen(word));
}

/* The answer of conn to what was heard at that place. */
static void answer(struct smsc_conn *conn, unsigned which, uint32_t status)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM_RESP, .status = status };

	t.sequence = t.heard[which].pdu.sequence - 1;
	tell(conn, &pdu);
}

static void what_is_not_answered_comes_again_where_that_is_asked_for(void **state)
{
	struct fg_smsc_mo mo = { .source = "+4915100", .destination = "1234" };

	(void)state;
	t.options.repeat = true;
	begin();
	submit(t.conn, "491500", "x");
	pass(1000);
	assert_ok(smsc_mo(t.center, &mo, "one", 3));
	assert_ok(smsc_mo(t.center, &mo, "two", 3));
	assert_int_equal(t.count, 4);
	answer(t.conn, 2, 0);
	answer(t.conn, 3, 0x14); /* queue full: later */
	assert_int_equal(t.center->counters.deliver_open, 1);
	pass(100);
	assert_int_equal(t.count, 5);
	assert_memory_equal(t.heard[4].pdu.sm.short_message.at, "two", 3);
	smsc_conn_close(t.conn);
	t.conn = bind_as(FG_SMPP_BIND_TRANSCEIVER, "a");
	assert_int_equal(t.count, 8); /* the answer to the bind, and what was not answered */
	assert_int_equal(receipt(6).state, FG_DLR_DELIVERED);
	answer(t.conn, 6, 0);
	answer(t.conn, 7, 0x65); /* permanent */
	assert_int_equal(t.center->counters.deliver_open, 0);
	smsc_conn_close(t.conn);
	t.conn = bind_as(FG_SMPP_BIND_TRANSCEIVER, "a");
	pass(1000);
	assert_int_equal(t.count, 9);
}

static void a_capture_has_no_password(void **state)
{
	char path[] = "/tmp/smsc_center_test.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	t.options.pcap = path;
	begin();
	submit(t.conn, "491500", "in the clear");
	smsc_capture_flush(t.center->capture);
	assert_true(file_has(path, "in the clear"));
	assert_true(file_has(path, "********"));
	assert_false(file_has(path, "secret8!"));
	unlink(path);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_text_chooses_its_outcome),
		CASE(ids_have_a_base_for_answers_and_one_for_receipts),
		CASE(receipts_overtake_each_other_with_jitter),
		CASE(a_mix_has_its_percentages_and_repeats_with_its_seed),
		CASE(a_mix_that_is_none_is_refused),
		CASE(national_tables_are_shown_as_a_phone_would),
		CASE(over_the_rate_is_throttled_until_time_passes),
		CASE(over_the_window_is_throttled_until_answers_are_out),
		CASE(a_cut_answer_ends_in_the_middle),
		CASE(receipts_wait_for_a_receiver_of_the_same_system),
		CASE(a_peer_that_does_not_read_gets_its_receipts_later),
		CASE(what_is_due_after_a_close_is_nobodys),
		CASE(a_message_under_way_is_queried_replaced_and_cancelled),
		CASE(a_data_sm_is_taken_like_a_submit),
		CASE(a_phone_sends_in_parts_by_header_or_as_data),
		CASE(a_script_has_messages_from_phones),
		CASE(what_is_not_answered_comes_again_where_that_is_asked_for),
		CASE(a_capture_has_no_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
