/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Alice's session against a gateway that is a few functions here: it holds the keys of directory,
 * vault, log and receipts, answers frames as the case says, and lies where the case says.
 */
#pragma once

#include "tests/support/fg_test.h"

#include "client/device/session.h"
#include "lib/base/id.h"

#define NOW_MS 1700000000000ull
#define ALICE  "alice@example.org"
#define BOB    "+12025550199"

struct world {
	struct fg_sign_key directory, vault, log, receipt;
	struct fg_kem_key vault_seal, log_seal;
	struct fg_state alice, bob;
	struct fg_session *session;
	struct fg_arena arena;
	uint8_t gateway_id[16];
	/* what the case sets */
	Fallgate__ViewState view_state;
	uint64_t epoch;
	bool false_seal_key;
	uint64_t now_ms;
	uint32_t one_time_left; /* says the Welcome */
	const uint8_t *own_set; /* 32 bytes of Alice's view; NULL: of her one device */
	/* what came */
	Fallgate__ClientFrame *last; /* of the session, not answered by the gateway itself */
	Fallgate__Submit *submit;
	unsigned submits, uploads, acks, ready, receipts;
	enum fg_rc error;
	bool proven, logged;
	unsigned asks;
	enum fg_rc verified;
	unsigned done, notices;
};

/* Alice is registered. */
int setup(void **out);
int teardown(void **state);

/* Another connection of Alice, up to the answer to the challenge; handle NULL: to log in. */
void world_connect(struct world *w, const char *handle, const char *invitation);
void world_challenge(struct world *w);
void world_welcome(struct world *w);
/* Deliver as the answer to the newest frame. */
void world_answer(struct world *w, Fallgate__ServerFrame *frame);

void deliver(struct world *w, Fallgate__ServerFrame *frame, enum fg_rc expected);
ProtobufCBinaryData bytes(const void *data, size_t len);
void sign_view(struct world *w, const char *handle, struct fg_state *who, Fallgate__Signed *out);
void answer_lookup(struct world *w);
void sign_seal_keys(struct world *w, Fallgate__Signed *vault_out, Fallgate__Signed *log_out);
void answer_seal_keys(struct world *w);
struct fg_id send_text(struct world *w, Fallgate__SenderPolicy policy, bool pin_ack);
void pin_bob(struct world *w, uint64_t epoch);
/* A batch of one. out's body and signature are malloc()ed. */
void sign_receipt(struct world *w, const Fallgate__Receipt *receipt, Fallgate__SignedReceipt *out);
void push_receipt(struct world *w, const Fallgate__Receipt *receipt);

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
