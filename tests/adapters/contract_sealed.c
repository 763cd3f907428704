/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The clauses of adapters/adapter.h where they mean something to the sealed side: exactly one outcome for each job, drain, close.
 */
#include "tests/adapters/secure_bench.h"

static void a_job_that_was_written_is_accepted_once(void)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);

	core_send(gateway, gateway->core.conn, 1, "hello", 5);
	until(gateway, device_got(device, "\x82\x05hello", 7));
	until(gateway, gateway->core.outcomes == 1);
	assert_int_equal(gateway->core.outcome[1], FG_OUTCOME_ACCEPTED);
	device_free(device);
	until(gateway, gateway->core.closes == 1);
	assert_int_equal(gateway->core.outcomes, 1);
	gateway_end(gateway);
}

static void a_job_for_no_connection_fails(void)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);
	uint64_t conn = gateway->core.conn;

	core_send(gateway, conn + CONNECTIONS, 1, "x", 1); /* the same slot, another connection */
	core_send(gateway, UINT64_MAX, 2, "x", 1);
	device_free(device);
	until(gateway, gateway->core.closes == 1);
	core_send(gateway, conn, 3, "x", 1);
	until(gateway, gateway->core.outcomes == 3);
	for (unsigned token = 1; token <= 3; token++)
		assert_int_equal(gateway->core.outcome[token], FG_OUTCOME_FAILED);
	gateway_end(gateway);
}

static void a_dropped_connection_is_flushed_first(void)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);

	for (unsigned token = 0; token < 10; token++)
		core_send(gateway, gateway->core.conn, token, "job", 3);
	core_drop(gateway);
	core_send(gateway, gateway->core.conn, 10, "late", 4);
	expect_close(device, FG_WS_POLICY);
	assert_int_equal(device->in_len, 10 * 5 + 4);
	until(gateway, gateway->core.outcomes == 11 && gateway->core.closes == 1);
	for (unsigned token = 0; token < 10; token++)
		assert_int_equal(gateway->core.outcome[token], FG_OUTCOME_ACCEPTED);
	assert_int_equal(gateway->core.outcome[10], FG_OUTCOME_FAILED);
	assert_int_equal(gateway->core.closed_rc, FG_E_LOGIN);
	device_free(device);
	gateway_end(gateway);
}

/* One at a time: more than a channel's outbox holds goes through here. */
static void core_send_and_turn(struct gateway *gateway, unsigned token, const void *data,
			       size_t len)
{
	core_send(gateway, gateway->core.conn, token, data, len);
	turn(gateway);
	turn(gateway);
}

/* To a device that does not read and goes away: less than a connection may wait for, then more than it and any kernel buffers (which take up
 * to 4 MiB each) hold together. */
static void jobs_of_a_connection_that_breaks_have_one_outcome_each(void)
{
	static const struct {
		unsigned jobs;
		unsigned unknown_least, failed_least, failed_most;
	} cases[] = { { 60, 0, 0, 0 }, { 160, 1, 1, 160 } };
	static const uint8_t job[60000];
	unsigned count[FG_OUTCOME_UNKNOWN + 1];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gateway *gateway = gateway_start(5000, 10000);
		struct device *device = device_open(gateway);

		memset(count, 0, sizeof(count));
		for (unsigned token = 0; token < cases[i].jobs; token++)
			core_send_and_turn(gateway, token, job, sizeof(job));
		for (unsigned t = 0; t < 40; t++)
			turn(gateway);
		device_free(device);
		until(gateway,
		      gateway->core.outcomes == cases[i].jobs && gateway->core.closes == 1);
		for (unsigned token = 0; token < cases[i].jobs; token++)
			count[gateway->core.outcome[token]]++;
		assert_true(count[FG_OUTCOME_UNKNOWN] >= cases[i].unknown_least);
		assert_true(count[FG_OUTCOME_FAILED] >= cases[i].failed_least);
		assert_true(count[FG_OUTCOME_FAILED] <= cases[i].failed_most);
		assert_int_equal(count[FG_OUTCOME_DEFERRED], 0);
		gateway_end(gateway);
	}
}

static void count_stop(void *arg)
{
	++*(unsigned *)arg;
}

static void a_drained_listener_keeps_its_connections_and_a_stopped_one_ends_them(void)
{
	const struct fg_frame drain = { .type = FG_IPC_DRAIN };
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway), *late;
	unsigned stops = 0;

	assert_ok(fg_channel_send(gateway->core.channel, &drain));
	core_send(gateway, gateway->core.conn, 0, "still", 5);
	until(gateway, device_got_text(device, "still"));
	late = device_new(gateway, TLS1_3_VERSION, DEVICE_ALPN);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_not_equal(SSL_connect(late->ssl), 1);
		turn(gateway);
	}
	core_send(gateway, gateway->core.conn, 1, "bye", 3);
	until(gateway, gateway->core.outcomes == 2);
	fg_listener_stop(gateway->listener, count_stop, &stops);
	expect_close(device, FG_WS_GOING_AWAY);
	device_free(device);
	until(gateway, stops == 1 && gateway->core.closes == 1);
	device_free(late);
	gateway_end(gateway);
}

void fg_contract_sealed(const char *name)
{
	assert_string_equal(name, "secure");
	a_job_that_was_written_is_accepted_once();
	a_job_for_no_connection_fails();
	a_dropped_connection_is_flushed_first();
	jobs_of_a_connection_that_breaks_have_one_outcome_each();
	a_drained_listener_keeps_its_connections_and_a_stopped_one_ends_them();
}
