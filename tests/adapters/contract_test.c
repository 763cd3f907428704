/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The clauses of adapters/adapter.h, on every row of adapters.def. A CLEAR row runs against a far
 * side on this machine: nothing for loop, fallgate-smsc for smpp, fallgate-modem for modem. A SEALED
 * row is in contract_sealed.c.
 */
#include "tests/support/fg_test.h"

#include <unistd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <talloc.h>
#include "adapters/host.h"
#include "emulators/modem/bank.h"
#include "emulators/smsc/smsc.h"
#include "lib/crypto/clear.h"
#include "tests/adapters/recorder.h"

void fg_contract_sealed(const char *name); /* contract_sealed.c */

enum { TURNS_MAX = 2000 };

struct bench {
	void *ctx;
	struct fg_loop *loop;
	struct recorder *recorder;
	struct fg_conf_links conf;
	struct fg_smsc *smsc;
	struct bank *bank;
	unsigned shown;
	char text[4096];
};

static void on_message(const struct fg_smsc_message *message, void *arg)
{
	struct bench *bench = arg;

	bench->shown++;
	snprintf(bench->text, sizeof(bench->text), "%s", message->text);
}

static void on_sms(void *arg, unsigned modem, const struct phone_message *message)
{
	struct bench *bench = arg;

	(void)modem;
	bench->shown++;
	snprintf(bench->text, sizeof(bench->text), "%.*s", (int)message->text_len, message->text);
}

/* Turns of the loop until *count is as wanted; the far side answers within a few milliseconds. */
static void turn_until(struct bench *bench, const unsigned *count, unsigned wanted)
{
	for (unsigned i = 0; i < TURNS_MAX && *count < wanted; i++) {
		struct timeval tv = { 0, 2000 };

		event_base_loopexit(fg_loop_base(bench->loop), &tv);
		fg_loop_step(bench->loop, true);
	}
	assert_true(*count >= wanted);
}

static void turn_until_up(struct bench *bench)
{
	unsigned seen;

	while (!bench->recorder->state.up) {
		seen = bench->recorder->states;
		turn_until(bench, &bench->recorder->states, seen + 1);
	}
}

static void modem_open(struct bench *bench)
{
	const struct bank_owner owner = { .message = on_sms, .arg = bench };
	struct bank_options options = { .count = 1, .kind = LINK_TCP, .place = "127.0.0.1:0" };
	unsigned line;

	options.phone.report_delay_ms = 1;
	options.phone.late_ms = 60000;
	options.phone.seed = 1;
	snprintf(options.phone.number, sizeof(options.phone.number), "+12025550100");
	snprintf(options.phone.imei, sizeof(options.phone.imei), "490154203237518");
	assert_ok(bank_new(bench->ctx, bench->loop, &options, &owner, &bench->bank, &line));
	snprintf(bench->conf.device, sizeof(bench->conf.device), "tcp:%.60s",
		 bank_where(bench->bank, 0));
}

static void bench_open(struct bench *bench, const char *name)
{
	struct fg_smsc_options options = {
		.listen = "127.0.0.1:0", .receipt_delay_ms = 1, .late_ms = 60000, .seed = 1
	};

	memset(bench, 0, sizeof(*bench));
	bench->ctx = talloc_new(NULL);
	bench->recorder = recorder_new(bench->ctx);
	bench->loop = fg_loop_new(bench->ctx);
	recorder_conf(name, &bench->conf);
	assert_ok(fg_smsc_new(bench->ctx, bench->loop, &options, on_message, bench, &bench->smsc));
	bench->conf.port = fg_smsc_port(bench->smsc);
	bench->conf.window = 4;
	if (strcmp(name, "modem") == 0)
		modem_open(bench);
	assert_ok(fg_host_open(bench->recorder->host, fg_adapter_find(name), bench->loop,
			       &bench->conf));
	turn_until_up(bench);
}

static void bench_close(struct bench *bench)
{
	fg_host_close(bench->recorder->host);
	talloc_free(bench->ctx);
}

static void an_accepted_job_has_one_outcome_and_then_reports(const char *name)
{
	struct bench bench;
	const struct fg_job_outcome *outcome;

	bench_open(&bench, name);
	recorder_give(bench.recorder, 1, "+12025550199", "(Not encrypted) Hello");
	turn_until(&bench, &bench.recorder->reports_count, 1);
	outcome = recorder_outcome(bench.recorder, 1);
	assert_non_null(outcome);
	assert_int_equal(outcome->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(outcome->rc, FG_OK);
	assert_int_equal(outcome->part_state[0], FG_PART_ACCEPTED);
	assert_string_not_equal(outcome->ref[0], "");
	assert_string_equal(bench.recorder->reports[0].ref, outcome->ref[0]);
	assert_string_equal(bench.recorder->reports[0].destination, "+12025550199");
	assert_int_equal(bench.recorder->reports[0].state, FG_DLR_DELIVERED);
	assert_int_equal(bench.recorder->order, 'O');
	assert_int_equal(fg_host_bugs(bench.recorder->host), 0);
	bench_close(&bench);
}

static void a_long_text_is_one_job_with_a_state_for_each_part(const char *name)
{
	struct bench bench;
	const struct fg_job_outcome *outcome;
	char text[401];

	memset(text, 'x', 400);
	text[400] = '\0';
	bench_open(&bench, name);
	recorder_give(bench.recorder, 1, "+12025550199", text);
	turn_until(&bench, &bench.recorder->outcomes_count, 1);
	outcome = recorder_outcome(bench.recorder, 1);
	assert_int_equal(outcome->parts, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(outcome->part_state[i], FG_PART_ACCEPTED);
	assert_string_not_equal(outcome->ref[0], outcome->ref[1]);
	if (bench.shown > 0 || strcmp(name, "loop") != 0)
		assert_string_equal(bench.text, text);
	bench_close(&bench);
}

static void refusals_are_told_apart(const char *name)
{
	static const struct refusal {
		const char *destination;
		enum fg_outcome outcome;
		enum fg_rc rc;
		uint32_t code;
	} codes[][2] = {
		{ { "+12025550180", FG_OUTCOME_DEFERRED, FG_E_LINK_THROTTLED, 0x58 },
		  { "+12025550183", FG_OUTCOME_FAILED, FG_E_LINK_RECIPIENT, 0x0B } },
		/* +CMS ERROR: 42 congestion, 195 invalid address */
		{ { "+12025550180", FG_OUTCOME_DEFERRED, FG_E_LINK_BUSY, 42 },
		  { "+12025550183", FG_OUTCOME_FAILED, FG_E_LINK_RECIPIENT, 195 } },
	};
	const struct refusal *cases = codes[strcmp(name, "modem") == 0];
	struct bench bench;

	bench_open(&bench, name);
	for (unsigned i = 0; i < 2; i++)
		recorder_give(bench.recorder, i, cases[i].destination, "text");
	turn_until(&bench, &bench.recorder->outcomes_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(recorder_outcome(bench.recorder, i)->outcome, cases[i].outcome);
		assert_int_equal(recorder_outcome(bench.recorder, i)->rc, cases[i].rc);
		assert_int_equal(recorder_outcome(bench.recorder, i)->carrier_code, cases[i].code);
	}
	bench_close(&bench);
}

static void a_job_beyond_the_credits_fails_and_is_a_bug(const char *name)
{
	struct bench bench;

	bench_open(&bench, name);
	assert_int_equal(bench.recorder->state.credits, 4);
	for (unsigned i = 0; i < 5; i++)
		recorder_give(bench.recorder, i, "+12025550199", "text");
	assert_non_null(recorder_outcome(bench.recorder, 4));
	assert_int_equal(recorder_outcome(bench.recorder, 4)->outcome, FG_OUTCOME_FAILED);
	assert_int_equal(recorder_outcome(bench.recorder, 4)->rc, FG_E_LINK_CREDIT);
	assert_int_equal(fg_host_bugs(bench.recorder->host), 1);
	turn_until(&bench, &bench.recorder->outcomes_count, 5);
	bench_close(&bench);
}

static void close_gives_every_open_job_an_outcome(const char *name)
{
	struct bench bench;

	bench_open(&bench, name);
	for (unsigned i = 0; i < 3; i++)
		recorder_give(bench.recorder, i, "+12025550185", "text");
	fg_host_close(bench.recorder->host);
	/* a modem has one at a time, and of these nothing has left */
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(recorder_outcome(bench.recorder, i)->outcome,
				 strcmp(name, "modem") == 0 ? FG_OUTCOME_DEFERRED
							    : FG_OUTCOME_UNKNOWN);
	assert_int_equal(fg_host_bugs(bench.recorder->host), 0);
	talloc_free(bench.ctx);
}

static void drain_finishes_what_is_begun_and_takes_no_more(const char *name)
{
	struct bench bench;

	bench_open(&bench, name);
	recorder_give(bench.recorder, 1, "+12025550189", "text");
	fg_host_drain(bench.recorder->host);
	recorder_give(bench.recorder, 2, "+12025550199", "text");
	assert_int_equal(recorder_outcome(bench.recorder, 2)->outcome, FG_OUTCOME_DEFERRED);
	turn_until(&bench, &bench.recorder->drained, 1);
	assert_int_equal(recorder_outcome(bench.recorder, 1)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(fg_host_bugs(bench.recorder->host), 0);
	bench_close(&bench);
}

static void row_clear(const char *name)
{
	an_accepted_job_has_one_outcome_and_then_reports(name);
	a_long_text_is_one_job_with_a_state_for_each_part(name);
	refusals_are_told_apart(name);
	a_job_beyond_the_credits_fails_and_is_a_bug(name);
	close_gives_every_open_job_an_outcome(name);
	drain_finishes_what_is_begun_and_takes_no_more(name);
}

static void every_row_of_adapters_def_keeps_the_contract(void **state)
{
	(void)state;
#define ROW_CLEAR(name)        row_clear(#name);
#define ROW_SEALED(name)       fg_contract_sealed(#name);
#define ROW_APPS(name)         /* takes no jobs: smpp_server_session_test */
#define FG_ADAPTER(name, side) ROW_##side(name)
#include "adapters/adapters.def"
#undef FG_ADAPTER
}

static void an_adapter_that_is_not_in_the_table_is_not_found(void **state)
{
	(void)state;
	assert_non_null(fg_adapter_find("loop"));
	assert_null(fg_adapter_find("secure"));
	assert_null(fg_adapter_find("telex"));
}

static void a_second_outcome_is_dropped_and_is_a_bug(void **state)
{
	struct bench bench;
	struct fg_job_outcome again;

	(void)state;
	bench_open(&bench, "loop");
	recorder_give(bench.recorder, 1, "+12025550199", "text");
	turn_until(&bench, &bench.recorder->outcomes_count, 1);
	again = bench.recorder->outcomes[0];
	fg_host_outcome(bench.recorder->host, &again);
	assert_int_equal(bench.recorder->outcomes_count, 1);
	assert_int_equal(fg_host_bugs(bench.recorder->host), 1);
	bench_close(&bench);
}

static void a_job_while_the_link_is_down_is_deferred(void **state)
{
	void *ctx = talloc_new(NULL);
	struct recorder *recorder = recorder_new(ctx);

	(void)state;
	recorder_give(recorder, 1, "+12025550199", "text");
	assert_int_equal(recorder_outcome(recorder, 1)->outcome, FG_OUTCOME_DEFERRED);
	assert_int_equal(recorder_outcome(recorder, 1)->rc, FG_E_LINK_DOWN);
	talloc_free(ctx);
}

static void a_frame_becomes_a_job_only_if_its_parts_fit_its_text(void **state)
{
	static const struct {
		const char *name, *offsets;
		uint8_t parts;
		enum fg_rc rc;
	} cases[] = {
		{ "two parts", "00000000 00000003", 2, FG_OK },
		{ "no parts", "", 0, FG_E_IPC_FRAME },
		{ "fewer offsets than parts", "00000000", 2, FG_E_IPC_FRAME },
		{ "more offsets than parts", "00000000 00000003", 1, FG_E_IPC_FRAME },
		{ "first offset is not 0", "00000001", 1, FG_E_IPC_FRAME },
		{ "offset beyond the text", "00000000 00000006", 2, FG_E_IPC_FRAME },
		{ "offsets run backwards", "00000000 00000003 00000002", 3, FG_E_IPC_FRAME },
	};

	(void)state;
	fg_clear_allow_unlocked();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t offsets[FG_PARTS_MAX];
		uint8_t octets[64];
		size_t len = fg_test_unhex(cases[i].offsets, octets, sizeof(octets));
		struct fg_ipc_job frame = { .destination = FG_BYTES_TEXT("+12025550199"),
					    .text = FG_BYTES_TEXT("Hello"),
					    .parts = cases[i].parts,
					    .offsets = FG_BYTES(octets, len) };
		struct fg_job job = { 0 };

		print_message("# %s\n", cases[i].name);
		assert_rc(cases[i].rc, fg_host_job_from_frame(&frame, offsets, &job));
		if (cases[i].rc == FG_OK)
			assert_memory_equal(job.text->data, "Hello", 5);
		fg_job_text_free(job.text);
	}
}

static void references_that_do_not_fit_the_frame_are_left_empty(void **state)
{
	static struct fg_job_outcome outcome;
	uint8_t refs[FG_HOST_REFS_MAX];
	struct fg_frame frame;

	(void)state;
	outcome.parts = 255;
	for (unsigned i = 0; i < 255; i++)
		memset(outcome.ref[i], 'r', FG_REF_MAX);
	fg_host_outcome_to_frame(&outcome, refs, &frame);
	assert_true(frame.outcome.refs.len <= FG_HOST_REFS_MAX);
	assert_int_equal(refs[0], FG_REF_MAX);
	assert_int_equal(refs[frame.outcome.refs.len - 1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_adapters_def_keeps_the_contract),
		cmocka_unit_test(an_adapter_that_is_not_in_the_table_is_not_found),
		cmocka_unit_test(a_second_outcome_is_dropped_and_is_a_bug),
		cmocka_unit_test(a_job_while_the_link_is_down_is_deferred),
		cmocka_unit_test(a_frame_becomes_a_job_only_if_its_parts_fit_its_text),
		cmocka_unit_test(references_that_do_not_fit_the_frame_are_left_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
