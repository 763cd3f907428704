/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Attacks 40 and 41 on a real connection, and what the core is told.
 */
#include "tests/adapters/secure_bench.h"

#include "lib/base/log.h"

/* ---- attack 41: strangers ---- */

static void only_tls_1_3_with_the_protocol_is_spoken(void **state)
{
	static const struct {
		const char *name;
		int version;
		const char *alpn;
	} cases[] = {
		{ "TLS 1.2", TLS1_2_VERSION, DEVICE_ALPN },
		{ "another protocol", TLS1_3_VERSION, "\x08http/1.1" },
		{ "a longer name", TLS1_3_VERSION, "\x0b" FG_TLS_ALPN "0" },
		{ "no protocol", TLS1_3_VERSION, NULL },
	};
	struct gateway *gateway = gateway_start(5000, 10000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct device *device = device_new(gateway, cases[i].version, cases[i].alpn);

		if (device_handshake(device)) {
			device_write(device, REQUEST, strlen(REQUEST));
			until(gateway, device_closed(device));
		}
		assert_int_equal(device->in_len, 0);
		device_free(device);
	}
	until(gateway, fg_listener_count(gateway->listener) == 0);
	assert_int_equal(gateway->core.opens, 0);
	gateway_end(gateway);
}

static void the_core_gets_the_exporter_of_the_connection(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);
	uint8_t exporter[32];

	(void)state;
	assert_int_equal(SSL_export_keying_material(device->ssl, exporter, 32,
						    "EXPORTER-fallgate-1", 19, NULL, 0, 0),
			 1);
	assert_memory_equal(exporter, gateway->core.exporter, 32);
	assert_string_equal(gateway->core.address, "127.0.0.1");
	device_free(device);
	until(gateway, gateway->core.closes == 1);
	gateway_end(gateway);
}

static void another_path_is_not_found(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: gw\r\n\r\n";
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_new(gateway, TLS1_3_VERSION, DEVICE_ALPN);

	(void)state;
	assert_true(device_handshake(device));
	device_write(device, request, strlen(request));
	until(gateway, device_closed(device));
	assert_memory_equal(device->in, "HTTP/1.1 404 ", 13);
	assert_int_equal(gateway->core.opens, 0);
	device_free(device);
	gateway_end(gateway);
}

static void a_slow_sender_meets_the_absolute_deadline(void **state)
{
	struct gateway *gateway = gateway_start(150, 10000);
	struct device *device = device_new(gateway, TLS1_3_VERSION, DEVICE_ALPN);
	uint64_t start = fg_clock_mono_ms(fg_loop_clock(gateway->loop)), took = 0, wrote_at = 0;

	(void)state;
	assert_true(device_handshake(device));
	while (!device_closed(device)) {
		if (took > wrote_at + 5)
			device_write(device, &REQUEST[wrote_at % 20], 1);
		if (took > wrote_at + 5)
			wrote_at = took;
		turn(gateway);
		took = fg_clock_mono_ms(fg_loop_clock(gateway->loop)) - start;
	}
	if (took < 140 || took > 1500)
		fail_msg("closed after %u ms", (unsigned)took);
	device_free(device);
	gateway_end(gateway);
}

static void a_stranger_who_talks_but_does_not_log_in_meets_it_too(void **state)
{
	struct gateway *gateway = gateway_start(150, 10000);
	struct device *device = device_open(gateway);

	(void)state;
	for (unsigned i = 0; !gateway->core.closes && i < TURNS_MAX; i++) {
		device_message(device, 5);
		turn(gateway);
	}
	assert_int_equal(gateway->core.closed_rc, FG_E_TIMEOUT);
	expect_close(device, FG_WS_POLICY);
	device_free(device);
	gateway_end(gateway);
}

static void a_silent_device_is_pinged_then_closed(void **state)
{
	struct gateway *gateway = gateway_start(5000, 120);
	struct device *device = device_open(gateway);

	(void)state;
	core_login(gateway);
	until(gateway, device_got(device, "\x89", 1));
	assert_int_equal(gateway->core.closes, 0);
	expect_close(device, FG_WS_GOING_AWAY);
	assert_int_equal(gateway->core.closed_rc, FG_E_TIMEOUT);
	device_free(device);
	gateway_end(gateway);
}

static void a_message_may_have_4096_bytes_before_login_and_61440_after(void **state)
{
	static const struct {
		bool login;
		size_t len;
		bool taken;
	} cases[] = {
		{ false, 4096, true },
		{ false, 4097, false },
		{ true, 61440, true },
		{ true, 61441, false },
	};
	struct gateway *gateway = gateway_start(5000, 10000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct device *device = device_open(gateway);
		unsigned frames = gateway->core.frames;

		if (cases[i].login) {
			core_login(gateway);
			core_send(gateway, gateway->core.conn, (unsigned)i, "in", 2);
			until(gateway, device_got_text(device, "in"));
		}
		device_message(device, cases[i].len);
		if (cases[i].taken) {
			until(gateway, gateway->core.frames == frames + 1);
			assert_int_equal(gateway->core.data_len, cases[i].len);
		} else {
			expect_close(device, FG_WS_TOO_BIG);
			until(gateway, gateway->core.closed_rc == FG_E_TOO_LONG);
			assert_int_equal(gateway->core.frames, frames);
		}
		device_free(device);
	}
	gateway_end(gateway);
}

/* Attack 40. */
static void what_is_not_a_client_frame_never_reaches_the_core(void **state)
{
	static const struct {
		const char *name;
		uint8_t opcode;
		const char *hex;
		uint16_t code;
	} cases[] = {
		{ "nothing", 2, "", FG_WS_GARBAGE },
		{ "a varint without end", 2, "08 ff ff ff ff ff ff ff ff ff ff ff", FG_WS_GARBAGE },
		{ "a length beyond the frame", 2, "12 ff ff ff ff 07", FG_WS_GARBAGE },
		{ "a truncated field", 2, "08", FG_WS_GARBAGE },
		{ "field number 0", 2, "02 00", FG_WS_GARBAGE },
		{ "text", 1, "08 01", FG_WS_UNSUPPORTED },
	};
	struct gateway *gateway = gateway_start(5000, 10000);
	uint8_t data[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct device *device = device_open(gateway);

		device_frame(device, cases[i].opcode, data,
			     fg_test_unhex(cases[i].hex, data, sizeof(data)));
		expect_close(device, cases[i].code);
		until(gateway, gateway->core.closes == i + 1);
		assert_int_equal(gateway->core.closed_rc, FG_E_SYNTAX);
		device_free(device);
	}
	assert_int_equal(gateway->core.frames, 0);
	gateway_end(gateway);
}

static void connections_above_the_limit_wait(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *devices[CONNECTIONS], *last;

	(void)state;
	for (size_t i = 0; i < CONNECTIONS; i++)
		devices[i] = device_open(gateway);
	last = device_new(gateway, TLS1_3_VERSION, DEVICE_ALPN);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_not_equal(SSL_connect(last->ssl), 1);
		turn(gateway);
	}
	assert_int_equal(fg_listener_count(gateway->listener), CONNECTIONS);
	device_free(devices[0]);
	assert_true(device_handshake(last));
	device_free(last);
	for (size_t i = 1; i < CONNECTIONS; i++)
		device_free(devices[i]);
	gateway_end(gateway);
}

/* ---- the core ---- */

static void a_lost_core_ends_all_connections_and_the_next_knows_nothing_of_them(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway), *next;

	(void)state;
	core_send(gateway, gateway->core.conn, 1, "x", 1);
	until(gateway, gateway->core.outcomes == 1);
	TALLOC_FREE(gateway->core.channel);
	expect_close(device, FG_WS_RESTART);
	core_start(gateway);
	next = device_open(gateway);
	device_free(device);
	until(gateway, fg_listener_count(gateway->listener) == 1);
	assert_int_equal(gateway->core.opens, 1);
	assert_int_equal(gateway->core.closes, 0);
	assert_int_equal(gateway->core.outcomes, 0);
	device_free(next);
	gateway_end(gateway);
}

/* Neither side holds more than its bounds, and nothing is lost. */
static void a_core_that_does_not_read_slows_the_device_down(void **state)
{
	enum { MESSAGES = 60 };
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);
	uint8_t *message = talloc_zero_size(gateway, 60008);
	const uint8_t head[] = { 0x82, 0xfe, 60000 >> 8, 60000 & 0xff, 0,    0,   0,
				 0,    0xfa, 0x3f,       0xdb,         0xd4, 0x03 };
	size_t written = 0, total = MESSAGES * (size_t)60008, idle = 0;
	bool resumed = false;

	(void)state;
	memcpy(message, head, sizeof(head));
	core_login(gateway);
	core_send(gateway, gateway->core.conn, 0, "in", 2);
	until(gateway, device_got_text(device, "in"));
	fg_channel_pause(gateway->core.channel, true);
	while (written < total) {
		size_t at = written % 60008;
		int n = SSL_write(device->ssl, message + at, (int)(60008 - at));

		if (n > 0) {
			written += (size_t)n;
			idle = 0;
		} else if (++idle == 20 && !resumed) {
			resumed = true;
			fg_channel_pause(gateway->core.channel, false);
		}
		turn(gateway);
		assert_true(idle < TURNS_MAX);
	}
	assert_true(resumed);
	until(gateway, gateway->core.frames == MESSAGES);
	assert_int_equal(gateway->core.frames_len, MESSAGES * (size_t)60000);
	assert_int_equal(gateway->core.closes, 0);
	device_free(device);
	gateway_end(gateway);
}

static void the_core_is_told_how_many_there_are(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device;

	(void)state;
	until(gateway, gateway->core.links == 1);
	assert_int_equal(gateway->core.link.up, 1);
	assert_int_equal(gateway->core.link.in_flight, 0);
	assert_int_equal(gateway->core.link.credits, CONNECTIONS);
	device = device_open(gateway);
	assert_int_equal(gateway->core.links, 1);
	until(gateway, gateway->core.links == 2);
	assert_int_equal(gateway->core.link.in_flight, 1);
	device_free(device);
	gateway_end(gateway);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_tls_1_3_with_the_protocol_is_spoken),
		cmocka_unit_test(the_core_gets_the_exporter_of_the_connection),
		cmocka_unit_test(another_path_is_not_found),
		cmocka_unit_test(a_slow_sender_meets_the_absolute_deadline),
		cmocka_unit_test(a_stranger_who_talks_but_does_not_log_in_meets_it_too),
		cmocka_unit_test(a_silent_device_is_pinged_then_closed),
		cmocka_unit_test(a_message_may_have_4096_bytes_before_login_and_61440_after),
		cmocka_unit_test(what_is_not_a_client_frame_never_reaches_the_core),
		cmocka_unit_test(connections_above_the_limit_wait),
		cmocka_unit_test(
			a_lost_core_ends_all_connections_and_the_next_knows_nothing_of_them),
		cmocka_unit_test(a_core_that_does_not_read_slows_the_device_down),
		cmocka_unit_test(the_core_is_told_how_many_there_are),
	};
	void *ctx = talloc_new(NULL);
	int failed;

	if (fg_log_init(ctx, "secure", "error") != FG_OK)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	log_fini();
	talloc_free(ctx);
	return failed;
}
