/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "adapters/secure/upgrade.h"

#define LINE    "GET /v1/device HTTP/1.1\r\n"
#define HOST    "Host: gw.example.org\r\n"
#define UP      "Upgrade: websocket\r\n"
#define CONN    "Connection: keep-alive, Upgrade\r\n"
#define VER     "Sec-WebSocket-Version: 13\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define PROTO   "Sec-WebSocket-Protocol: fallgate.1\r\n"
#define GOOD    LINE HOST UP CONN VER KEY PROTO "\r\n"
#define WITH(x) LINE HOST UP CONN VER KEY PROTO x "\r\n"

static const struct {
	const char *name, *head;
	enum fg_rc rc;
	unsigned status;
} cases[] = {
	{ "the request of the standard", GOOD, FG_OK, 0 },
	{ "names in any case, lists, blanks around values",
	  LINE "hOST:gw\r\nUPGRADE: \tWebSocket \r\nconnection: upgrade\r\n" VER KEY
	       "sec-websocket-protocol: other , fallgate.1\r\n\r\n",
	  FG_OK, 0 },
	{ "a list in two lines", LINE HOST UP "Connection: close\r\n" CONN VER KEY PROTO "\r\n",
	  FG_OK, 0 },
	{ "an empty body said", WITH("Content-Length: 0\r\n"), FG_OK, 0 },
	{ "nothing yet", "", FG_E_TRUNCATED, 0 },
	{ "a CR at the end may become a line end", LINE "Host: gw\r", FG_E_TRUNCATED, 0 },
	{ "another method", "POST /v1/device HTTP/1.1\r\n" HOST "\r\n", FG_E_SYNTAX, 400 },
	{ "a method in small letters", "get /v1/device HTTP/1.1\r\n" HOST "\r\n", FG_E_SYNTAX,
	  400 },
	{ "an older HTTP", "GET /v1/device HTTP/1.0\r\n" HOST UP CONN VER KEY PROTO "\r\n",
	  FG_E_SYNTAX, 400 },
	{ "no path", "GET  HTTP/1.1\r\n" HOST "\r\n", FG_E_SYNTAX, 400 },
	{ "a blank in the path", "GET /v1/device x HTTP/1.1\r\n" HOST "\r\n", FG_E_SYNTAX, 400 },
	{ "an empty first line", "\r\n" GOOD, FG_E_SYNTAX, 400 },
	{ "another path", "GET / HTTP/1.1\r\n" HOST UP CONN VER KEY PROTO "\r\n", FG_E_NOT_FOUND,
	  404 },
	{ "a longer path", "GET /v1/devices HTTP/1.1\r\n" HOST UP CONN VER KEY PROTO "\r\n",
	  FG_E_NOT_FOUND, 404 },
	{ "no host", LINE UP CONN VER KEY PROTO "\r\n", FG_E_SYNTAX, 400 },
	{ "an empty host", LINE "Host:\r\n" UP CONN VER KEY PROTO "\r\n", FG_E_SYNTAX, 400 },
	{ "two hosts", WITH(HOST), FG_E_SYNTAX, 400 },
	{ "two keys", WITH(KEY), FG_E_SYNTAX, 400 },
	{ "two versions", WITH(VER), FG_E_SYNTAX, 400 },
	{ "no upgrade", LINE HOST CONN VER KEY PROTO "\r\n", FG_E_VERSION, 426 },
	{ "an upgrade to something else", LINE HOST "Upgrade: h2c\r\n" CONN VER KEY PROTO "\r\n",
	  FG_E_VERSION, 426 },
	{ "a connection that does not upgrade",
	  LINE HOST UP "Connection: close\r\n" VER KEY PROTO "\r\n", FG_E_VERSION, 426 },
	{ "no version", LINE HOST UP CONN KEY PROTO "\r\n", FG_E_VERSION, 426 },
	{ "another version", LINE HOST UP CONN "Sec-WebSocket-Version: 8\r\n" KEY PROTO "\r\n",
	  FG_E_VERSION, 426 },
	{ "no key", LINE HOST UP CONN VER PROTO "\r\n", FG_E_SYNTAX, 400 },
	{ "a short key", LINE HOST UP CONN VER "Sec-WebSocket-Key: dGhl\r\n" PROTO "\r\n",
	  FG_E_SYNTAX, 400 },
	{ "a key without padding",
	  LINE HOST UP CONN VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n" PROTO "\r\n",
	  FG_E_SYNTAX, 400 },
	{ "a key with a stranger's digit",
	  LINE HOST UP CONN VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25*ZQ==\r\n" PROTO "\r\n",
	  FG_E_SYNTAX, 400 },
	{ "a key of more than 128 bits",
	  LINE HOST UP CONN VER "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n" PROTO "\r\n",
	  FG_E_SYNTAX, 400 },
	{ "no protocol", LINE HOST UP CONN VER KEY "\r\n", FG_E_SYNTAX, 400 },
	{ "another protocol",
	  LINE HOST UP CONN VER KEY "Sec-WebSocket-Protocol: fallgate.10\r\n\r\n", FG_E_SYNTAX,
	  400 },
	{ "a body", WITH("Content-Length: 5\r\n"), FG_E_SYNTAX, 400 },
	{ "a length of two minds", WITH("Content-Length: 0\r\nContent-Length: 0\r\n"), FG_E_SYNTAX,
	  400 },
	{ "a body in chunks", WITH("Transfer-Encoding: chunked\r\n"), FG_E_SYNTAX, 400 },
	{ "a folded line", WITH("X: a\r\n b\r\n"), FG_E_SYNTAX, 400 },
	{ "a blank before the colon", WITH("X : a\r\n"), FG_E_SYNTAX, 400 },
	{ "a line without colon", WITH("X\r\n"), FG_E_SYNTAX, 400 },
	{ "a field without name", WITH(": a\r\n"), FG_E_SYNTAX, 400 },
	{ "a bare line feed", LINE "Host: gw\n", FG_E_SYNTAX, 400 },
	{ "a bare carriage return", LINE "Host: g\rw\r\n", FG_E_SYNTAX, 400 },
	{ "a control character", LINE "Host: g\x01w\r\n", FG_E_SYNTAX, 400 },
	{ "TLS instead of HTTP", "\x16\x03\x01\x02", FG_E_SYNTAX, 400 },
};

static void requests_are_taken_or_refused_by_the_table(void **state)
{
	struct fg_upgrade upgrade;
	unsigned status;
	enum fg_rc rc;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		status = 0;
		rc = fg_upgrade_parse(cases[i].head, strlen(cases[i].head), &upgrade, &status);
		if (rc != cases[i].rc || status != cases[i].status)
			fail_msg("%s: %s and %u", cases[i].name, fg_rc_name(rc), status);
	}
}

static void every_beginning_of_a_request_is_incomplete(void **state)
{
	struct fg_upgrade upgrade;
	unsigned status;

	(void)state;
	for (size_t len = 0; len < strlen(GOOD); len++)
		assert_rc(FG_E_TRUNCATED, fg_upgrade_parse(GOOD, len, &upgrade, &status));
}

static void what_follows_the_head_is_left(void **state)
{
	static const char both[] = GOOD "\x82\x80\n";
	struct fg_upgrade upgrade;
	unsigned status;

	(void)state;
	assert_ok(fg_upgrade_parse(both, sizeof(both), &upgrade, &status));
	assert_int_equal(upgrade.head_len, strlen(GOOD));
}

static void a_head_of_4096_bytes_is_taken_and_of_one_more_is_not(void **state)
{
	char head[FG_UPGRADE_HEAD_MAX + 2];
	struct fg_upgrade upgrade;
	unsigned status = 0;
	size_t prefix = strlen(LINE HOST UP CONN VER KEY PROTO "X: ");

	(void)state;
	for (size_t len = FG_UPGRADE_HEAD_MAX; len <= FG_UPGRADE_HEAD_MAX + 1; len++) {
		memset(head, 'x', sizeof(head));
		memcpy(head, LINE HOST UP CONN VER KEY PROTO "X: ", prefix);
		memcpy(head + len - 4, "\r\n\r\n", 4);
		if (len == FG_UPGRADE_HEAD_MAX)
			assert_ok(fg_upgrade_parse(head, len, &upgrade, &status));
		else
			assert_rc(FG_E_TOO_LONG, fg_upgrade_parse(head, len, &upgrade, &status));
	}
	assert_int_equal(status, 431);
}

static void the_accept_value_is_that_of_rfc_6455(void **state)
{
	char out[FG_UPGRADE_RESPONSE_MAX];
	struct fg_upgrade upgrade;
	unsigned status;
	size_t len;

	(void)state;
	assert_ok(fg_upgrade_parse(GOOD, strlen(GOOD), &upgrade, &status));
	assert_ok(fg_upgrade_accept(&upgrade, out, &len));
	assert_non_null(
		memmem(out, len, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", 53));
	assert_memory_equal(out + len - 4, "\r\n\r\n", 4);
	assert_memory_equal(out, "HTTP/1.1 101 ", 13);
}

static void every_refusal_fits_and_closes(void **state)
{
	static const unsigned statuses[] = { 400, 404, 426, 431 };
	char out[FG_UPGRADE_RESPONSE_MAX], line[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		len = fg_upgrade_refuse(statuses[i], out);
		assert_true(len < sizeof(out));
		snprintf(line, sizeof(line), "HTTP/1.1 %u ", statuses[i]);
		assert_memory_equal(out, line, strlen(line));
		assert_non_null(memmem(out, len, "\r\nConnection: close\r\n", 21));
		assert_memory_equal(out + len - 4, "\r\n\r\n", 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_taken_or_refused_by_the_table),
		cmocka_unit_test(every_beginning_of_a_request_is_incomplete),
		cmocka_unit_test(what_follows_the_head_is_left),
		cmocka_unit_test(a_head_of_4096_bytes_is_taken_and_of_one_more_is_not),
		cmocka_unit_test(the_accept_value_is_that_of_rfc_6455),
		cmocka_unit_test(every_refusal_fits_and_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
