/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A core without its process: a real store in a folder of its own, and a sealed-side link, a log and a vault at the other ends of real
 * channels. stand_in.c stands for the files that carry messages; flow.h is for the tests of those.
 */
#pragma once

#include "gateway/core/internal.h"
#include "tests/support/fg_test.h"

struct fixture {
	struct fg_core core;
	struct fg_conf conf;
	char *dir;
	void *ctx;
	struct fg_store *engine_store; /* behind core.store, which can be made to fail */
	enum fg_rc get_rc;             /* what every read says instead, FG_OK: the truth */
	enum fg_rc directory_rc;       /* the same of reads that are not of a job */
	enum fg_rc submit_rc,
		new_rc; /* the same of writes, and of those that bring a new message */
	/*! called once, when the next new message is written: after its facts were gathered */
	void (*at_new)(struct fixture *fixture);
	struct fg_channel *secure_peer, *log_peer, *vault_peer;
	struct fg_arena arena,
		push_arena; /* of answers, until the next question; of pushes, until fixture_forget() */
	unsigned answers, pushes, accounts, drops, logins, lows;
	uint64_t dropped;              /* the newest connection that was dropped */
	Fallgate__ServerFrame *answer; /* the newest one that is no push */
	Fallgate__Push *push[64];      /* since the last fixture_forget() */
	size_t answer_len;
	size_t acked;        /* messages, fg_message_acked() */
	enum fg_rc acked_rc; /* what it answers; set back to FG_OK by the case */
	unsigned orders, stored;
	/* frames of applications' messages, as the log and the vault get them */
	void (*app_frame)(struct fixture *fixture, const struct fg_frame *frame);
	void *app;
	bool hold_submits; /* keep them until fixture_release() */
	struct fixture_held {
		unsigned part, flags;
		struct fg_store_op *ops;
		size_t count;
		fg_store_done_cb done;
		void *arg;
	} held[64];
	size_t held_count;
	struct fg_ipc_order order[16]; /* as the log got them: numbers only, the bytes are gone */
};

extern struct fixture *fixture_current;

struct person {
	struct fg_sign_key account, device;
	uint8_t device_id[FG_DEVICE_ID_LEN];
	const char *handle;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Turn the loop until *counter is more than it was; fails the test when that does not come. */
void fixture_until(struct fixture *fixture, const unsigned *counter, unsigned more_than);
void fixture_forget(struct fixture *fixture);
void fixture_release(struct fixture *fixture); /* what hold_submits kept */
/* The store of this folder again, under core.store; it was closed. */
void fixture_open_store(struct fixture *fixture);
/* Send a frame as that connection and wait for its answer. */
Fallgate__ServerFrame *fixture_ask(struct fixture *fixture, uint64_t conn,
				   Fallgate__ClientFrame *frame);
/* Open a connection and say hello. */
void fixture_connect(struct fixture *fixture, uint64_t conn);
void fixture_invite(struct fixture *fixture, const char *handle, char code[static 33]);

void person_make(struct person *person, const char *handle);
/* What registers a person; what may be spoilt in it before it is signed. */
enum spoil { SPOIL_NOTHING, SPOIL_CLIENT_NONCE, SPOIL_SERVER_NONCE, SPOIL_GATEWAY, SPOIL_EXPORTER };
Fallgate__ServerFrame *person_register(struct fixture *fixture, uint64_t conn,
				       const struct person *person, const char *code,
				       enum spoil spoil, Fallgate__Signed *succession);
Fallgate__ServerFrame *person_login(struct fixture *fixture, uint64_t conn,
				    const struct person *person, const uint8_t *exporter,
				    const uint8_t *nonce);
/* Invite, connect as conn, register. */
void person_join(struct fixture *fixture, uint64_t conn, const struct person *person);
void person_upload(struct fixture *fixture, uint64_t conn, const struct person *person,
		   uint32_t first, uint32_t count);

#define assert_error(expected, frame)                                                              \
	do {                                                                                       \
		Fallgate__ServerFrame *assert_frame_ = (frame);                                    \
		assert_int_equal(assert_frame_->kind_case, FALLGATE__SERVER_FRAME__KIND_ERROR);    \
		assert_string_equal(assert_frame_->error->code, expected);                         \
	} while (0)
#define assert_kind(expected, frame)                                                               \
	do {                                                                                       \
		Fallgate__ServerFrame *assert_frame_ = (frame);                                    \
		if (assert_frame_->kind_case == FALLGATE__SERVER_FRAME__KIND_ERROR)                \
			fail_msg("error %s", assert_frame_->error->code);                          \
		assert_int_equal(assert_frame_->kind_case,                                         \
				 FALLGATE__SERVER_FRAME__KIND_##expected);                         \
	} while (0)
