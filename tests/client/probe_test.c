/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a probe finds of SMSCs of several manners: the emulated one, on a clock that both share, and one that the test plays.
 */
#include "tests/support/fg_test.h"

#include <stdlib.h>
#include <talloc.h>
#include "client/ctl/probe_print.h"
#include "emulators/smsc/center.h"
#include "lib/wire/smpp.h"
#include "lib/wire/smpp_tlv.h"

enum { OUT_MAX = 1 << 18 };

static struct {
	void *ctx;
	struct fg_conf_links link;
	struct fg_probe_options options;
	struct fg_probe *probe;
	struct fg_smsc_options smsc;
	struct smsc_center *center;
	struct smsc_conn *conns[FG_PROBE_BINDS_MAX];
	uint8_t out[FG_PROBE_BINDS_MAX][OUT_MAX]; /* of the probe */
	size_t out_len[FG_PROBE_BINDS_MAX], out_at[FG_PROBE_BINDS_MAX];
	uint64_t now_ms;
	unsigned number_texts;
	struct fg_probe_result result;
} t;

static int setup(void **state)
{
	static struct fg_conf conf;
	static const char text[] = "links = ( { name = \"a\"; adapter = \"smpp\"; rate = 100; "
				   "source_address = \"12345\"; system_id = \"probe\"; } );";

	(void)state;
	memset(&t, 0, sizeof(t));
	(void)fg_conf_parse(text, strlen(text), "test", &conf, NULL, NULL);
	assert_int_equal(conf.links_count, 1);
	t.ctx = talloc_new(NULL);
	t.link = conf.links[0];
	t.options = (struct fg_probe_options){ .link = &t.link,
					       .mark = "(Not encrypted) ",
					       .number = "+12025550199",
					       .window = 10,
					       .wait_ms = 60000 };
	t.smsc = (struct fg_smsc_options){ .receipt_delay_ms = 500, .seed = 0x1A2B };
	t.now_ms = 1000000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	talloc_free(t.ctx);
	return 0;
}

static void on_send(void *arg, unsigned bind, const void *data, size_t len)
{
	(void)arg;
	assert_true(t.out_len[bind] + len <= OUT_MAX);
	memcpy(t.out[bind] + t.out_len[bind], data, len);
	t.out_len[bind] += len;
}

static void on_smsc(void *arg, const void *octets, size_t len)
{
	fg_probe_bytes(t.probe, *(const unsigned *)arg, octets, len, t.now_ms);
}

static void on_message(const struct fg_smsc_message *message, void *arg)
{
	(void)arg;
	assert_string_equal(message->destination, t.options.number);
	assert_string_equal(message->source, "12345");
	assert_memory_equal(message->text, "(Not encrypted) probe", 21); /* each is marked */
	t.number_texts++;
}

/* Everything that was said goes over, and all that follows from it. */
static void exchange(void)
{
	bool more = true;

	while (more) {
		more = false;
		for (unsigned i = 0; i < FG_PROBE_BINDS_MAX; i++) {
			size_t at = t.out_at[i];

			if (!t.conns[i] || at == t.out_len[i] || t.conns[i]->closing)
				continue;
			more = true;
			t.out_at[i] = t.out_len[i];
			smsc_conn_bytes(t.conns[i], t.out[i] + at, t.out_len[i] - at);
		}
	}
}

/* Both sides to the end, each event at its time. */
static void run(void)
{
	static unsigned binds[] = { 0, 1 };
	uint64_t start_us;

	t.center = smsc_center_new(t.ctx, &t.smsc, 1000000000000000, on_message, NULL);
	t.probe = fg_probe_new(t.ctx, &t.options, on_send, NULL);
	assert_non_null(t.probe);
	start_us = t.center->now_us;
	for (unsigned i = 0; i < fg_probe_binds(&t.options); i++) {
		t.conns[i] = smsc_conn_new(t.center, on_smsc, &binds[i], NULL);
		fg_probe_connected(t.probe, i, t.now_ms);
	}
	for (unsigned turns = 0; !fg_probe_done(t.probe) && turns < 5000; turns++) {
		uint64_t next_ms, due_us, smsc_ms = UINT64_MAX;

		exchange();
		if (fg_probe_done(t.probe))
			break;
		next_ms = fg_probe_next_ms(t.probe);
		if (smsc_center_next(t.center, &due_us))
			smsc_ms = 1000000 + (due_us - start_us + 999) / 1000;
		next_ms = smsc_ms < next_ms ? smsc_ms : next_ms;
		assert_true(next_ms != UINT64_MAX);
		t.now_ms = next_ms > t.now_ms ? next_ms : t.now_ms;
		smsc_center_run(t.center, start_us + (t.now_ms - 1000000) * 1000);
		fg_probe_tick(t.probe, t.now_ms);
	}
	assert_true(fg_probe_done(t.probe));
	fg_probe_result(t.probe, &t.result);
	assert_true(t.result.sent <= fg_probe_most(&t.options));
}

static void a_carrier_without_quirks(void **state)
{
	(void)state;
	t.smsc.answer_delay_ms = 40;
	run();
	assert_null(t.result.failure);
	assert_string_equal(t.result.system_id, "fallgate-smsc");
	assert_int_equal(t.result.interface_version, 0x34);
	assert_int_equal(t.result.sent, 3 + 10);
	assert_int_equal(t.number_texts, 3 + 10);
	assert_int_equal(t.result.trip_mean_ms, 40);
	assert_int_equal(t.result.window_is, FG_PROBE_WINDOW_AT_LEAST);
	assert_int_equal(t.result.window, 10);
	assert_int_equal(t.result.mark, FG_PROBE_YES);
	assert_int_equal(t.result.ids, FG_PROBE_IDS_SAME);
	assert_int_equal(t.result.receipts, 13);
	assert_int_equal(t.result.receipt_least_ms, 500);
	assert_true(t.result.receipt_tlvs && t.result.receipt_text && t.result.receipt_reference);
	assert_int_equal(t.result.date_digits, 10);
	assert_int_equal(t.result.query, FG_PROBE_YES);
}

static void a_window_is_found_and_not_taken_for_a_rate(void **state)
{
	(void)state;
	t.smsc.window = 4;
	t.smsc.answer_delay_ms = 40;
	run();
	assert_int_equal(t.result.window_is, FG_PROBE_WINDOW_IS);
	assert_int_equal(t.result.window, 4);
	assert_int_equal(t.result.window_code, 0x58);
	assert_int_equal(t.result.sent, 3 + 10 + 3 * 4);
}

static void a_rate_is_not_taken_for_a_window(void **state)
{
	(void)state;
	t.smsc.rate = 2;
	t.smsc.burst = 4;
	t.smsc.answer_delay_ms = 40;
	t.link.rate = 20;
	run();
	assert_int_equal(t.result.window_is, FG_PROBE_WINDOW_RATE);
}

static void no_more_at_once_than_the_carrier_allows_in_a_second(void **state)
{
	(void)state;
	t.link.rate = 2;
	t.smsc.rate = 2;
	t.smsc.burst = 2;
	run();
	assert_int_equal(t.result.sent, 3 + 2);
	assert_int_equal(t.result.accepted, 3 + 2);
	assert_int_equal(t.center->counters.throttled, 0);
}

static void ids_in_two_bases_are_told_apart(void **state)
{
	static const struct {
		enum fg_smsc_id response, receipt;
		unsigned digits;
		enum fg_probe_ids ids;
	} cases[] = {
		{ FG_SMSC_ID_HEX, FG_SMSC_ID_DECIMAL, 8, FG_PROBE_IDS_HEX_DEC },
		{ FG_SMSC_ID_DECIMAL, FG_SMSC_ID_HEX_LOWER, 0, FG_PROBE_IDS_DEC_HEX },
		{ FG_SMSC_ID_HEX, FG_SMSC_ID_HEX_LOWER, 10, FG_PROBE_IDS_SAME },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		t.smsc.id = cases[i].response;
		t.smsc.dlr_id = cases[i].receipt;
		t.smsc.id_digits = cases[i].digits;
		run();
		assert_int_equal(t.result.ids, cases[i].ids);
		assert_int_equal(t.result.receipts, 13);
		teardown(state);
		setup(state);
	}
}

static void unknown_parameters_are_refused_by_some(void **state)
{
	(void)state;
	t.options.number = "+12025550193";
	run();
	assert_int_equal(t.result.mark, FG_PROBE_NO);
	assert_int_equal(t.result.mark_code, 0xC1);
	assert_int_equal(t.result.accepted, t.result.sent - 1);
}

static void without_receipts_nothing_is_said_of_ids(void **state)
{
	(void)state;
	t.options.number = "+12025550189";
	run();
	assert_null(t.result.failure);
	assert_int_equal(t.result.receipts, 0);
	assert_int_equal(t.result.ids, FG_PROBE_IDS_UNKNOWN);
	assert_int_equal(t.result.query, FG_PROBE_YES);
}

static void
a_transmitter_and_a_receiver_are_as_good_and_a_transmitter_waits_for_nothing(void **state)
{
	uint64_t start;

	strcpy(t.link.bind, "tx+rx");
	run();
	assert_int_equal(t.result.receipts, 13);
	teardown(state);
	setup(state);
	strcpy(t.link.bind, "tx");
	start = t.now_ms;
	run();
	assert_int_equal(t.result.receipts, 0);
	assert_true(t.now_ms < start + t.options.wait_ms);
}

static void what_cannot_be_probed_says_why(void **state)
{
	static const struct {
		const char *number, *password;
		uint32_t code;
		unsigned sent;
	} cases[] = {
		{ "+12025550199", "right", 0x0E, 0 },
		{ "+12025550183", NULL, 0x0B, 1 }, /* invalid destination */
		{ "+12025550185", NULL, 0, 1 },    /* no answer */
		{ "+12025550181", NULL, 0x14, 3 }, /* queue full, three times */
		{ "+12025550194", NULL, 0, 1 },    /* closed without answer */
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		t.options.number = cases[i].number;
		t.smsc.password = cases[i].password;
		if (strcmp(cases[i].number + 10, "94") == 0) {
			t.center = smsc_center_new(t.ctx, &t.smsc, 1, NULL, NULL);
			t.probe = fg_probe_new(t.ctx, &t.options, on_send, NULL);
			fg_probe_connected(t.probe, 0, t.now_ms);
			fg_probe_closed(t.probe, 0, "closed", t.now_ms);
			fg_probe_result(t.probe, &t.result);
			assert_string_equal(t.result.failure, "closed");
			continue;
		}
		run();
		assert_non_null(t.result.failure);
		assert_int_equal(t.result.failure_code, cases[i].code);
		assert_int_equal(t.result.sent, cases[i].sent);
		teardown(state);
		setup(state);
	}
}

/* ---- an SMSC that the test plays ---- */

static struct fg_smpp_pdu heard(uint32_t command)
{
	struct fg_smpp_pdu pdu;
	size_t len;

	assert_ok(fg_smpp_frame(t.out[0] + t.out_at[0], t.out_len[0] - t.out_at[0], FG_SMPP_PDU_MAX,
				&len));
	assert_ok(fg_smpp_decode(t.out[0] + t.out_at[0], len, &pdu));
	t.out_at[0] += len;
	assert_int_equal(pdu.command, command);
	return pdu;
}

static void tell(const struct fg_smpp_pdu *pdu)
{
	uint8_t octets[512];
	size_t len;

	assert_ok(fg_smpp_encode(pdu, octets, sizeof(octets), &len));
	fg_probe_bytes(t.probe, 0, octets, len, t.now_ms);
}

static void tell_text(uint32_t sequence, const char *from, uint8_t esm_class, const char *text)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM, .sequence = sequence };

	pdu.sm.source_addr = fg_smpp_text(from);
	pdu.sm.destination_addr = fg_smpp_text("12345");
	pdu.sm.esm_class = esm_class;
	pdu.sm.short_message = fg_smpp_text(text);
	tell(&pdu);
}

/* The gateway has the same account: what is its own must stay with the carrier. */
static void only_its_own_receipts_are_acknowledged(void **state)
{
	static const struct {
		const char *from, *text;
		uint8_t esm_class;
		uint32_t status;
	} cases[] = {
		{ "12025550199", "id:77 stat:DELIVRD err:000 text:", 4, 0x64 }, /* another id */
		{ "12025550198", "id:42 stat:DELIVRD err:000 text:", 4, 0x64 }, /* another number */
		{ "12025550199", "Hello", 0, 0x64 },                            /* of a person */
		{ "12025550199", "no receipt at all", 4, 0x64 },
		{ "12025550199", "id:42 stat:DELIVRD err:000 text:", 4, 0 },
	};
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_BIND_TRANSCEIVER_RESP };

	(void)state;
	t.probe = fg_probe_new(t.ctx, &t.options, on_send, NULL);
	fg_probe_connected(t.probe, 0, t.now_ms);
	pdu.sequence = heard(FG_SMPP_BIND_TRANSCEIVER).sequence;
	pdu.bind_resp.system_id = fg_smpp_text("x");
	tell(&pdu);
	pdu = (struct fg_smpp_pdu){ .command = FG_SMPP_SUBMIT_SM_RESP,
				    .sequence = heard(FG_SMPP_SUBMIT_SM).sequence };
	pdu.sm_resp.message_id = fg_smpp_text("42");
	tell(&pdu);
	for (uint32_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_smpp_pdu answer;

		t.out_at[0] = t.out_len[0];
		tell_text(100 + i, cases[i].from, cases[i].esm_class, cases[i].text);
		answer = heard(FG_SMPP_DELIVER_SM_RESP);
		assert_int_equal(answer.sequence, 100 + i);
		assert_int_equal(answer.status, cases[i].status);
	}
	fg_probe_result(t.probe, &t.result);
	assert_int_equal(t.result.receipts, 1);
	assert_true(t.result.receipt_text && !t.result.receipt_tlvs);
}

/* ---- what is printed ---- */

static const char *printed(bool json, enum fg_probe_alphabet alphabet)
{
	static char text[4096];
	FILE *file = fmemopen(text, sizeof(text), "w");

	(json ? fg_probe_print_json : fg_probe_print)(file, &t.options, &t.result, alphabet);
	fclose(file);
	return text;
}

static void the_profile_has_only_what_was_measured(void **state)
{
	(void)state;
	t.smsc.window = 4;
	t.smsc.answer_delay_ms = 40;
	t.smsc.id = FG_SMSC_ID_HEX;
	run();
	assert_non_null(
		strstr(printed(false, FG_PROBE_ALPHABET_GSM),
		       "\nwindow = 4;\nid_base = \"hex-dec\";\nalphabet = \"gsm\";\nquery_sm = "
		       "\"auto\";\n"));
	assert_null(strstr(printed(false, FG_PROBE_ALPHABET_UNKNOWN), "\nalphabet"));
	assert_null(strstr(printed(false, FG_PROBE_ALPHABET_UNKNOWN), "2025550"));
	assert_non_null(strstr(printed(true, FG_PROBE_ALPHABET_ASCII), "\"alphabet\": \"ascii\"}"));
	memset(&t.result, 0, sizeof(t.result));
	strcpy(t.result.system_id, "a\"b\\c\x1b[2J");
	assert_null(strpbrk(printed(false, FG_PROBE_ALPHABET_UNKNOWN), "\x1b\\"));
	assert_null(strstr(printed(false, FG_PROBE_ALPHABET_UNKNOWN), "\nwindow"));
	assert_null(strstr(printed(false, FG_PROBE_ALPHABET_UNKNOWN), "\nquery_sm"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_carrier_without_quirks),
		CASE(a_window_is_found_and_not_taken_for_a_rate),
		CASE(a_rate_is_not_taken_for_a_window),
		CASE(no_more_at_once_than_the_carrier_allows_in_a_second),
		CASE(ids_in_two_bases_are_told_apart),
		CASE(unknown_parameters_are_refused_by_some),
		CASE(without_receipts_nothing_is_said_of_ids),
		CASE(a_transmitter_and_a_receiver_are_as_good_and_a_transmitter_waits_for_nothing),
		CASE(what_cannot_be_probed_says_why),
		CASE(only_its_own_receipts_are_acknowledged),
		CASE(the_profile_has_only_what_was_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
