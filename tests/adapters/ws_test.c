/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include <talloc.h>
#include "adapters/secure/ws.h"

struct peer {
	struct fg_ws *ws;
	uint8_t out[1 << 17];
	size_t out_len;
	uint8_t message[1 << 16]; /* the last one */
	size_t message_len;
	unsigned messages;
	uint16_t answer; /* what the owner says to a message */
};

static uint16_t on_message(const uint8_t *data, size_t len, void *arg)
{
	struct peer *peer = arg;

	if (len)
		memcpy(peer->message, data, len);
	peer->message_len = len;
	peer->messages++;
	return peer->answer;
}

static bool on_write(const uint8_t *data, size_t len, void *arg)
{
	struct peer *peer = arg;

	assert_true(len <= sizeof(peer->out) - peer->out_len);
	memcpy(peer->out + peer->out_len, data, len);
	peer->out_len += len;
	return true;
}

static const struct fg_ws_ops ops = { .message = on_message, .write = on_write };

static struct peer *peer_new(void)
{
	struct peer *peer = talloc_zero(NULL, struct peer);

	peer->ws = fg_ws_new(peer, &ops, peer);
	assert_non_null(peer->ws);
	return peer;
}

/* A frame with the mask 01 02 03 04, every byte of its payload 'x'. Returns its length. */
static size_t frame_make(uint8_t first, size_t len, uint8_t *out)
{
	static const uint8_t mask[4] = { 1, 2, 3, 4 };
	size_t n = 0;

	out[n++] = first;
	if (len < 126) {
		out[n++] = (uint8_t)(0x80 | len);
	} else {
		out[n++] = 0x80 | 126;
		out[n++] = (uint8_t)(len >> 8);
		out[n++] = (uint8_t)len;
	}
	memcpy(out + n, mask, 4);
	n += 4;
	for (size_t i = 0; i < len; i++)
		out[n++] = 'x' ^ mask[i % 4];
	return n;
}

static const struct {
	const char *name, *hex;
	unsigned messages;
	enum fg_rc rc;
	uint16_t code;
	const char *out; /* hex of what is written back */
} cases[] = {
	{ "a binary message", "82 82 01020304 6163", 1, FG_OK, 0, "" },
	{ "two in one piece", "82 81 01020304 60 82 81 01020304 60", 2, FG_OK, 0, "" },
	{ "one in two frames, a ping between", "02 81 01020304 60 89 80 01020304 80 81 01020304 61",
	  1, FG_OK, 0, "8a00" },
	{ "half a frame", "82 82 0102", 0, FG_OK, 0, "" },
	{ "an empty message", "82 80 01020304", 1, FG_OK, 0, "" },
	{ "a ping is answered with its own bytes", "89 82 01020304 6163", 0, FG_OK, 0,
	  "8a02 6061" },
	{ "a pong is nothing", "8a 80 01020304", 0, FG_OK, 0, "" },
	{ "a text", "81 82 01020304 6163", 0, FG_E_CLOSED, 1003, "8802 03eb" },
	{ "a frame without mask", "82 02 6061", 0, FG_E_CLOSED, 1002, "8802 03ea" },
	{ "a reserved bit", "c2 82 01020304 6163", 0, FG_E_CLOSED, 1002, "8802 03ea" },
	{ "an unknown opcode", "83 82 01020304 6163", 0, FG_E_CLOSED, 1002, "8802 03ea" },
	{ "a continuation of nothing", "80 81 01020304 60", 0, FG_E_CLOSED, 1002, "8802 03ea" },
	{ "a message inside a message", "02 81 01020304 60 82 81 01020304 60", 0, FG_E_CLOSED, 1002,
	  "8802 03ea" },
	{ "a ping in pieces", "09 80 01020304", 0, FG_E_CLOSED, 1002, "8800" },
	{ "a length in more bytes than it needs", "82 fe 0001 01020304 60", 0, FG_E_CLOSED, 1002,
	  "8800" },
	{ "4097 bytes announced", "82 fe 1001 01020304 60", 0, FG_E_CLOSED, 1009, "8802 03f1" },
	{ "2^32 - 1 bytes announced", "82 ff 00000000ffffffff 01020304 60", 0, FG_E_CLOSED, 1009,
	  "8802 03f1" },
	{ "2^63 bytes announced", "82 ff 8000000000000000 01020304", 0, FG_E_CLOSED, 1002, "8800" },
	{ "a close is answered", "88 82 01020304 02ea", 0, FG_E_CLOSED, 1000, "8802 03e8" },
	{ "nothing is taken after a close", "88 82 01020304 02ea 82 81 01020304 60", 0, FG_E_CLOSED,
	  1000, "8802 03e8" },
	{ "a close with half a code", "88 81 01020304 02", 0, FG_E_CLOSED, 1005, "8800" },
	{ "a close without a code", "88 80 01020304", 0, FG_E_CLOSED, 1005, "8800" },
};

static void check_case(size_t i, size_t step)
{
	struct peer *peer = peer_new();
	uint8_t in[64], out[64];
	size_t len = fg_test_unhex(cases[i].hex, in, sizeof(in));
	size_t out_len = fg_test_unhex(cases[i].out, out, sizeof(out));
	enum fg_rc rc = FG_OK;

	for (size_t at = 0; at < len && rc == FG_OK; at += step)
		rc = fg_ws_input(peer->ws, in + at, len - at < step ? len - at : step);
	assert_ok(fg_ws_flush(peer->ws));
	if (rc != cases[i].rc || peer->messages != cases[i].messages ||
	    fg_ws_code(peer->ws) != cases[i].code || peer->out_len != out_len ||
	    memcmp(peer->out, out, out_len) != 0)
		fail_msg("%s, by %zu: %s, %u messages, code %u, %zu bytes back", cases[i].name,
			 step, fg_rc_name(rc), peer->messages, fg_ws_code(peer->ws), peer->out_len);
	talloc_free(peer);
}

static void frames_are_taken_or_refused_by_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		check_case(i, 64);
		check_case(i, 1);
	}
}

static void a_message_may_be_longer_after_login(void **state)
{
	static const struct {
		size_t max, len;
		unsigned messages;
	} lengths[] = {
		{ FG_WS_STRANGER_MAX, 4096, 1 },
		{ FG_WS_STRANGER_MAX, 4097, 0 },
		{ FG_WS_DEVICE_MAX, 61440, 1 },
		{ FG_WS_DEVICE_MAX, 61441, 0 },
	};
	uint8_t *frame = talloc_size(NULL, 1 << 16);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct peer *peer = peer_new();

		if (lengths[i].max == FG_WS_DEVICE_MAX)
			fg_ws_set_max(peer->ws, FG_WS_DEVICE_MAX);
		fg_ws_input(peer->ws, frame, frame_make(0x82, lengths[i].len, frame));
		assert_ok(fg_ws_flush(peer->ws));
		assert_int_equal(peer->messages, lengths[i].messages);
		assert_int_equal(fg_ws_code(peer->ws), lengths[i].messages ? 0 : FG_WS_TOO_BIG);
		assert_true(!peer->messages || peer->message_len == lengths[i].len);
		talloc_free(peer);
	}
	talloc_free(frame);
}

static void pieces_together_may_not_pass_the_limits(void **state)
{
	struct peer *peer = peer_new();
	uint8_t frame[4200];

	(void)state;
	assert_ok(fg_ws_input(peer->ws, frame, frame_make(0x02, 4096, frame)));
	assert_rc(FG_E_CLOSED, fg_ws_input(peer->ws, frame, frame_make(0x80, 1, frame)));
	assert_ok(fg_ws_flush(peer->ws));
	assert_int_equal(fg_ws_code(peer->ws), FG_WS_TOO_BIG);
	talloc_free(peer);
}

static void a_message_in_64_pieces_is_taken_and_in_65_is_not(void **state)
{
	uint8_t frame[16];

	(void)state;
	for (unsigned pieces = FG_WS_PIECES_MAX; pieces <= FG_WS_PIECES_MAX + 1; pieces++) {
		struct peer *peer = peer_new();
		enum fg_rc rc = FG_OK;

		for (unsigned message = 0; message < 2 && rc == FG_OK; message++) {
			for (unsigned i = 1; i <= pieces && rc == FG_OK; i++)
				rc = fg_ws_input(peer->ws, frame,
						 frame_make((uint8_t)((i == pieces ? 0x80 : 0) |
								      (i == 1 ? 2 : 0)),
							    1, frame));
		}
		assert_int_equal(peer->messages, pieces == FG_WS_PIECES_MAX ? 2 : 0);
		assert_int_equal(fg_ws_code(peer->ws),
				 pieces == FG_WS_PIECES_MAX ? 0 : FG_WS_TOO_BIG);
		talloc_free(peer);
	}
}

static void the_owner_ends_the_conversation_from_within_a_message(void **state)
{
	static const uint8_t close[] = { 0x88, 0x02, 0x03, 0xef };
	struct peer *peer = peer_new();
	uint8_t frames[32];
	size_t len = frame_make(0x82, 1, frames);

	(void)state;
	len += frame_make(0x82, 1, frames + len);
	peer->answer = FG_WS_GARBAGE;
	assert_rc(FG_E_CLOSED, fg_ws_input(peer->ws, frames, len));
	assert_int_equal(peer->messages, 1);
	assert_rc(FG_E_CLOSED, fg_ws_send(peer->ws, frames, 1));
	assert_ok(fg_ws_flush(peer->ws));
	assert_memory_equal(peer->out, close, sizeof(close));
	assert_int_equal(peer->out_len, sizeof(close));
	talloc_free(peer);
}

static void what_is_queued_leaves_before_a_close(void **state)
{
	static const uint8_t expected[] = {
		0x89, 0x00, 0x82, 0x02, 'h', 'i', 0x88, 0x02, 0x03, 0xf0
	};
	struct peer *peer = peer_new();

	(void)state;
	assert_ok(fg_ws_send(peer->ws, (const uint8_t *)"hi", 2));
	assert_ok(fg_ws_ping(peer->ws));
	fg_ws_close(peer->ws, FG_WS_POLICY);
	fg_ws_close(peer->ws, FG_WS_RESTART);
	assert_ok(fg_ws_flush(peer->ws));
	assert_int_equal(peer->out_len, sizeof(expected));
	assert_memory_equal(peer->out, expected, sizeof(expected));
	assert_int_equal(fg_ws_code(peer->ws), FG_WS_POLICY);
	talloc_free(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_taken_or_refused_by_the_table),
		cmocka_unit_test(a_message_may_be_longer_after_login),
		cmocka_unit_test(pieces_together_may_not_pass_the_limits),
		cmocka_unit_test(a_message_in_64_pieces_is_taken_and_in_65_is_not),
		cmocka_unit_test(the_owner_ends_the_conversation_from_within_a_message),
		cmocka_unit_test(what_is_queued_leaves_before_a_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
