/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a message brought with it from its application, as fields of the SUBMIT.
 */
#include "tests/adapters/modem_bench.h"

#include "lib/wire/alphabet.h"

static void class_and_protocol_id_go_along(void **state)
{
	struct recorder_job job;

	(void)state;
	bench_open();
	recorder_job_make(8, "+12025550199", "now", &job);
	job.job.flags = FG_SUBMIT_FLASH;
	job.job.protocol_id = 0x41;
	fg_host_job_take(m.recorder->host, &job.job);
	bench_run();
	assert_int_equal(m.submits_count, 1);
	assert_int_equal(m.submits[0].tpdu.dcs, 0x10);
	assert_int_equal(m.submits[0].tpdu.pid, 0x41);
}

static void national_tables_are_named_in_the_header(void **state)
{
	struct recorder_job job;

	(void)state;
	bench_open();
	recorder_job_make(8, "+12025550199", "\xc5\x9f", &job); /* Turkish, single shift */
	job.job.alphabet = (uint8_t)fg_alphabet_national(0, 1);
	fg_host_job_take(m.recorder->host, &job.job);
	bench_run();
	assert_int_equal(m.submits_count, 1);
	assert_true(m.submits[0].tpdu.ud.header);
	assert_string_equal(m.submits[0].text, "\xc5\x9f");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(class_and_protocol_id_go_along),
		CASE(national_tables_are_named_in_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
