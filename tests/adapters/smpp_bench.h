/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An SMPP session on virtual time: the test is the SMSC, and moves the clock.
 */
#pragma once

#include "tests/support/fg_test.h"

#include "adapters/smpp/session.h"
#include "lib/wire/dlr.h"
#include "lib/wire/smpp.h"
#include "lib/wire/smpp_tlv.h"
#include "tests/adapters/recorder.h"

struct smpp_bench {
	void *ctx;
	struct recorder *recorder;
	struct fg_conf_links conf;
	struct fg_smpp_account *account;
	struct fg_smpp_session *session;
	uint8_t out[65536];
	size_t out_len, out_at;
	uint64_t now_ms;
};
/*! Of the case that runs. */
extern struct smpp_bench t;

/*! Window 2, no queue, default configuration; not connected. */
int smpp_setup(void **state);
int smpp_teardown(void **state);

/*! Where sessions send to: what expect() reads. */
void on_send(void *arg, const void *data, size_t len);
/*! The next PDU of the session; fails when there is none or it is another command. */
struct fg_smpp_pdu expect(uint32_t command);
void expect_nothing(void);
void say_pdu(const struct fg_smpp_pdu *pdu);
void say(uint32_t command, uint32_t sequence, uint32_t status);
/*! "Delivered", by TLVs, of the number 12025550199. */
void say_receipt(uint32_t sequence, const char *id);
/*! Answer the next submit. */
void answer(uint32_t status);
void move(uint64_t ms);
void bind_it(void);
/*! Begin anew with what was changed in t.conf, and bind. */
void reopen(void);
/*! The same, not connected. */
void smpp_open_again(void);
/*! len times x, into text, with NUL. */
char *of_length(char *text, size_t len);
