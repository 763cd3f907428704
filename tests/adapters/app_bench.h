/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sessions of the smpp_server adapter without sockets, with virtual time: a test is the application, the host behind the adapter, and the
 * clock.
 */
#pragma once

#include "tests/support/fg_test.h"

#include <talloc.h>
#include "adapters/sdk.h"
#include "adapters/smpp_server/server.h"

struct app_bench {
	void *ctx;
	struct fg_adapter_host *host;
	struct fg_conf conf;
	struct fg_loop *loop;
	struct app_server server;
	struct app_session *session; /* the one that speaks */
	uint64_t now_ms;
	/* what the host was given */
	struct fg_submission submission;
	struct fg_app_question question;
	char account[40], source[40], destination[40], text[1024];
	uint8_t key[64];
	uint64_t tokens[64]; /* of the submissions, in their order */
	char destinations[64][40];
	size_t text_len;
	unsigned submissions, questions, told;
	enum fg_outcome outcome;
	enum fg_rc host_says;
	uint16_t receivers;
	uint32_t credits;
};
extern struct app_bench app_bench;

enum { APP_BENCH_KEY_TLV = 0x1500 };

/*! One account "shop" with the password "secret", and a session of it that is not bound. For cmocka. */
int app_bench_begin(void **state);
int app_bench_end(void **state);

/*! The session says something; what app_session_input() answered. */
size_t app_bench_say_bytes(const void *octets, size_t len);
void app_bench_say(const struct fg_smpp_pdu *pdu);
/*! The next PDU that the application gets; its texts lie in a static buffer. */
struct fg_smpp_pdu app_bench_heard(uint32_t command);
void app_bench_expect_silence(void);
/*! Time goes on. */
void app_bench_wait(uint64_t ms);
/*! Say a bind; nothing is awaited. */
void app_bench_say_bind(uint32_t command, const char *password);
/*! Bind; its status, when it is there. */
uint32_t app_bench_bind_with(uint32_t command, const char *password);
void app_bench_bind(void);
struct fg_smpp_pdu app_bench_submit(uint32_t sequence);
/*! The status of a submit_sm that must not reach the host. */
uint32_t app_bench_refusal_of(const struct fg_smpp_pdu *pdu);
/*! additional_status_info_text, "" for none; in a static buffer. */
const char *app_bench_word(const struct fg_smpp_pdu *pdu);
