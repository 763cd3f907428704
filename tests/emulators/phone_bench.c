/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "tests/emulators/phone_bench.h"

#include <talloc.h>
#include "lib/wire/udh.h"

struct phone_bench bench;

static void on_send(void *arg, const void *octets, size_t len)
{
	(void)arg;
	assert_true(len < BENCH_HEARD - bench.heard_len);
	memcpy(bench.heard + bench.heard_len, octets, len);
	bench.heard_len += len;
	bench.heard[bench.heard_len] = '\0';
}

static void on_message(void *arg, const struct phone_message *message)
{
	(void)arg;
	snprintf(bench.text, sizeof(bench.text), "%s", message->text);
	snprintf(bench.destination, sizeof(bench.destination), "%s", message->destination);
	bench.parts = message->parts;
	bench.report_wanted = message->report_wanted;
	bench.binary = message->binary;
	bench.messages++;
}

static void on_unplug(void *arg, unsigned back_ms)
{
	(void)arg;
	bench.unplugged++;
	bench.back_ms = back_ms;
}

int bench_setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	bench.options = (struct phone_options){ .number = "+12025550100",
						.imei = "490154203237518",
						.puk = "12345678",
						.report_delay_ms = 1000,
						.late_ms = 2000,
						.seed = 7 };
	return 0;
}

int bench_teardown(void **state)
{
	(void)state;
	talloc_free(bench.phone);
	return 0;
}

void bench_begin(void)
{
	const struct phone_owner owner = { .send = on_send,
					   .message = on_message,
					   .unplug = on_unplug };

	bench.phone = phone_new(NULL, &bench.options, 1700000000000000, &owner);
	assert_non_null(bench.phone);
	bench_say("ATE0\r");
}

void bench_begin_as(const char *profile)
{
	bench.options.profile = phone_profile_find(profile);
	assert_non_null(bench.options.profile);
	bench_begin();
}

const char *bench_say(const char *octets)
{
	bench.heard_len = 0;
	bench.heard[0] = '\0';
	phone_bytes(bench.phone, octets, strlen(octets));
	return bench.heard;
}

const char *at(const char *command)
{
	char line[4096];

	snprintf(line, sizeof(line), "AT%s\r", command);
	return bench_say(line);
}

void bench_pass(uint64_t ms)
{
	phone_run(bench.phone, bench.now_us += ms * 1000);
}

static size_t write_submit(const char *to, const struct fg_text_plan *plan, const char *text,
			   unsigned part, bool report, char *hex, size_t cap)
{
	const struct fg_udh_concat concat = { .reference = 9,
					      .total = plan->parts,
					      .sequence = (uint8_t)(part + 1) };
	struct fg_tpdu_submit submit = { .status_report = report,
					 .dcs = fg_tpdu_dcs(plan->alphabet, -1) };
	uint8_t header[FG_UDH_CONCAT_MAX], ud[FG_TPDU_UD_MAX], tpdu[FG_TPDU_MAX];
	size_t header_len = 0, len;

	if (plan->parts > 1)
		assert_ok(fg_udh_concat_write(&concat, header, &header_len));
	assert_ok(fg_tpdu_address_from(to, strlen(to), &submit.destination));
	assert_ok(fg_tpdu_ud_write(header, header_len, plan->alphabet, text + plan->offset[part],
				   plan->offset[part + 1] - plan->offset[part], ud, &submit.ud));
	assert_ok(fg_tpdu_submit_encode(&submit, tpdu, sizeof(tpdu), &len));
	memcpy(hex, "00", 2);
	assert_ok(fg_tpdu_hex(tpdu, len, hex + 2, cap - 2));
	return len;
}

size_t bench_submit(const char *to, const char *text, bool report, char *hex, size_t cap)
{
	struct fg_text_plan plan;

	assert_ok(fg_alphabet_plan(text, strlen(text), FG_TEXT_REFERENCE_8BIT, 255, &plan));
	assert_int_equal(plan.parts, 1);
	return write_submit(to, &plan, text, 0, report, hex, cap);
}

const char *bench_send(const char *to, const char *text)
{
	struct fg_text_plan plan;
	char hex[512], command[32];

	assert_ok(fg_alphabet_plan(text, strlen(text), FG_TEXT_REFERENCE_8BIT, 255, &plan));
	for (unsigned i = 0; i < plan.parts; i++) {
		size_t len =
			write_submit(to, &plan, text, i, i + 1u == plan.parts, hex, sizeof(hex));

		snprintf(command, sizeof(command), "+CMGS=%zu", len);
		at(command);
		strcat(hex, "\x1a");
		bench_say(hex);
	}
	return bench.heard;
}

void bench_receive(const char *from, const char *text)
{
	const struct phone_incoming incoming = {
		.from = from, .text = text, .message_class = -1, .port = -1
	};

	bench.heard_len = 0;
	bench.heard[0] = '\0';
	assert_ok(phone_receive(bench.phone, &incoming));
}
