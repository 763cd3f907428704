/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's WebSocket, with the key of RFC 6455, 1.3, whose digest is printed there.
 */
#include "tests/support/fg_test.h"

#include "client/device/ws_client.h"
#include "lib/crypto/crypto.h"

#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define REST   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define PROTO  "Sec-WebSocket-Protocol: fallgate.1\r\n"
#define STATUS "HTTP/1.1 101 Switching Protocols\r\n"
#define ANSWER STATUS REST ACCEPT PROTO "\r\n"

struct wire {
	uint8_t out[FG_WS_FRAME_MAX + 1024];
	size_t out_len;
	unsigned opened, frames;
	size_t frame_len;
	uint8_t first;
};

static enum fg_rc transmit(void *context, const void *data, size_t len)
{
	struct wire *w = context;

	assert_true(len <= sizeof(w->out) - w->out_len);
	memcpy(w->out + w->out_len, data, len);
	w->out_len += len;
	return FG_OK;
}

static enum fg_rc on_open(void *context)
{
	((struct wire *)context)->opened++;
	return FG_OK;
}

static void on_frame(void *context, const void *frame, size_t len)
{
	struct wire *w = context;

	w->frames++;
	w->frame_len = len;
	w->first = len ? *(const uint8_t *)frame : 0;
}

static struct fg_ws_client *client(struct wire *w)
{
	static const uint8_t nonce[] = "the sample nonce";
	struct fg_ws_client_events events = { w, transmit, on_open, on_frame };
	struct fg_ws_client *c;

	memset(w, 0, sizeof(*w));
	assert_ok(fg_ws_client_new("gw.example.org", nonce, &events, &c));
	return c;
}

static struct fg_ws_client *opened(struct wire *w)
{
	struct fg_ws_client *c = client(w);

	assert_ok(fg_ws_client_receive(c, ANSWER, strlen(ANSWER)));
	assert_int_equal(w->opened, 1);
	w->out_len = 0;
	return c;
}

static struct wire w;

static void the_request_asks_for_the_subprotocol(void **state)
{
	struct fg_ws_client *c = client(&w);
	static const char expected[] =
		"GET /v1/device HTTP/1.1\r\nHost: gw.example.org\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: fallgate.1\r\n\r\n";

	(void)state;
	assert_int_equal(w.out_len, strlen(expected));
	assert_memory_equal(w.out, expected, w.out_len);
	assert_rc(FG_E_STATE, fg_ws_client_send(c, "x", 1));
	fg_ws_client_free(c);
}

static void an_answer_is_taken_only_when_it_is_exact(void **state)
{
	static const struct {
		const char *name, *answer;
		enum fg_rc rc;
	} cases[] = {
		{ "as RFC 6455 has it", ANSWER, FG_OK },
		{ "names in another case, spaces around values",
		  STATUS "upgrade:\t WebSocket \r\nCONNECTION: upgrade\r\n" ACCEPT PROTO "\r\n",
		  FG_OK },
		{ "a header that nobody needs", STATUS REST ACCEPT PROTO "Server: x\r\n\r\n",
		  FG_OK },
		{ "another status", "HTTP/1.1 200 OK\r\n" REST ACCEPT PROTO "\r\n", FG_E_SYNTAX },
		{ "a status that only begins so", "HTTP/1.1 1010\r\n" REST ACCEPT PROTO "\r\n",
		  FG_E_SYNTAX },
		{ "the status further down", "HTTP/1.1 400 No\r\n" STATUS REST ACCEPT PROTO "\r\n",
		  FG_E_SYNTAX },
		{ "no digest", STATUS REST PROTO "\r\n", FG_E_SYNTAX },
		{ "another digest",
		  STATUS REST "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" PROTO "\r\n",
		  FG_E_SYNTAX },
		{ "the digest twice", STATUS REST ACCEPT ACCEPT PROTO "\r\n", FG_E_SYNTAX },
		{ "no subprotocol", STATUS REST ACCEPT "\r\n", FG_E_SYNTAX },
		{ "another subprotocol",
		  STATUS REST ACCEPT "Sec-WebSocket-Protocol: fallgate.2\r\n\r\n", FG_E_SYNTAX },
		{ "no Upgrade", STATUS "Connection: Upgrade\r\n" ACCEPT PROTO "\r\n", FG_E_SYNTAX },
		{ "no Connection", STATUS "Upgrade: websocket\r\n" ACCEPT PROTO "\r\n",
		  FG_E_SYNTAX },
		{ "an extension", STATUS REST ACCEPT PROTO "Sec-WebSocket-Extensions: x\r\n\r\n",
		  FG_E_SYNTAX },
		{ "a line without colon", STATUS REST ACCEPT PROTO "junk\r\n\r\n", FG_E_SYNTAX },
		{ "a status and nothing else", "HTTP/1.1 101\r\n\r\n", FG_E_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_ws_client *c = client(&w);
		enum fg_rc rc = fg_ws_client_receive(c, cases[i].answer, strlen(cases[i].answer));

		if (rc != cases[i].rc)
			fail_msg("%s: %s", cases[i].name, fg_rc_name(rc));
		assert_int_equal(w.opened, rc == FG_OK);
		fg_ws_client_free(c);
	}
}

static void a_head_without_end_or_with_nul_is_refused(void **state)
{
	static const char nul[] = STATUS REST ACCEPT PROTO "X: \0\r\n\r\n";
	static char head[FG_WS_HEAD_MAX + 1];
	struct fg_ws_client *c = client(&w);

	(void)state;
	memset(head, 'a', sizeof(head));
	assert_ok(fg_ws_client_receive(c, head, FG_WS_HEAD_MAX));
	assert_rc(FG_E_TOO_LONG, fg_ws_client_receive(c, head, 1));
	fg_ws_client_free(c);
	c = client(&w);
	assert_rc(FG_E_SYNTAX, fg_ws_client_receive(c, nul, sizeof(nul) - 1));
	fg_ws_client_free(c);
}

static void an_answer_and_a_frame_may_come_byte_by_byte(void **state)
{
	static const char bytes[] = ANSWER "\x82\x03"
					   "abc";
	struct fg_ws_client *c = client(&w);

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) - 1; i++)
		assert_ok(fg_ws_client_receive(c, bytes + i, 1));
	assert_int_equal(w.frames, 1);
	assert_int_equal(w.frame_len, 3);
	assert_int_equal(w.first, 'a');
	fg_ws_client_free(c);
	c = client(&w);
	assert_ok(fg_ws_client_receive(c, bytes, sizeof(bytes) - 1));
	assert_int_equal(w.frames, 1);
	fg_ws_client_free(c);
}

static void frames_of_the_gateway_follow_rfc_6455(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
		enum fg_rc rc;
		unsigned frames;
	} cases[] = {
		{ "binary", "\x82\x01x", 3, FG_OK, 1 },
		{ "binary in two fragments", "\x02\x01x\x80\x01y", 6, FG_OK, 1 },
		{ "ping", "\x89\x01x", 3, FG_OK, 0 },
		{ "masked", "\x82\x81\0\0\0\0x", 7, FG_E_CLOSED, 0 },
		{ "text", "\x81\x01x", 3, FG_E_SYNTAX, 0 },
		{ "binary after text", "\x81\x01x\x82\x01x", 6, FG_E_SYNTAX, 0 },
		{ "reserved bit", "\xC2\x01x", 3, FG_E_CLOSED, 0 },
		{ "close", "\x88\x02\x03\xE8", 4, FG_E_CLOSED, 0 },
		{ "too long", "\x82\x7F\0\0\0\0\0\1\0\0xxxx", 14, FG_E_CLOSED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_ws_client *c = opened(&w);
		enum fg_rc rc = fg_ws_client_receive(c, cases[i].bytes, cases[i].len);

		if (rc != cases[i].rc || w.frames != cases[i].frames)
			fail_msg("%s: %s, %u frames", cases[i].name, fg_rc_name(rc), w.frames);
		fg_ws_client_free(c);
	}
}

static void what_is_sent_is_masked(void **state)
{
	struct fg_ws_client *c = opened(&w);

	(void)state;
	assert_ok(fg_ws_client_send(c, "abc", 3));
	assert_int_equal(w.out_len, 2 + 4 + 3);
	assert_int_equal(w.out[0], 0x82);
	assert_int_equal(w.out[1], 0x83);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(w.out[6 + i] ^ w.out[2 + i], "abc"[i]);
	fg_ws_client_free(c);
}

static int start(void **state)
{
	(void)state;
	return fg_crypto_init() == FG_OK ? 0 : -1;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request_asks_for_the_subprotocol),
		cmocka_unit_test(an_answer_is_taken_only_when_it_is_exact),
		cmocka_unit_test(a_head_without_end_or_with_nul_is_refused),
		cmocka_unit_test(an_answer_and_a_frame_may_come_byte_by_byte),
		cmocka_unit_test(frames_of_the_gateway_follow_rfc_6455),
		cmocka_unit_test(what_is_sent_is_masked),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
