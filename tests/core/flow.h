/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages through a core whose log and vault do as the test tells: alice (conn 1) and bob (conn 2) are registered, two SMS links are up.
 */
#pragma once

#include "tests/core/fixture.h"

#define ALICE  "+12025550101"
#define BOB    "+12025550102"
#define NOBODY "+12025550199" /* has no devices */

enum { HOUR_MS = 3600000, ALICE_CONN = 1, BOB_CONN = 2 };

struct flow {
	struct fixture *fixture;
	struct person alice, bob;
	enum fg_rc leg_rc; /* what a leg that was not accepted says */
};

/* What is asked for; the members that the test leaves are right. flow_message() begins one. */
struct message {
	struct fg_id id;
	uint8_t capsule[64];
	Fallgate__Consent consent;
	struct fg_hash capsule_hash, other_hash;
	struct fg_sign_key key; /* that signs the consent */
	Fallgate__Bearer bearer;
	bool consents;
	size_t flip; /* bit of the serialized consent that is changed, SIZE_MAX: none */
	Fallgate__SealedPart part[17], *parts[17], own[2], *owns[2];
	Fallgate__Submit submit;
};

int flow_setup(void **state);
int flow_teardown(void **state);
void flow_message(struct flow *flow, struct message *message, const char *recipient);
void flow_part(struct message *message,
	       const uint8_t *device_id); /* one part more, for that device */
Fallgate__ServerFrame *flow_submit(struct flow *flow, struct message *message);
Fallgate__ServerFrame *flow_consent(struct flow *flow,
				    struct message *message); /* the answer to an Ask */
Fallgate__ServerFrame *flow_cancel(struct flow *flow, const struct message *message);
/* The person's device begins to take pushes, waits for one of that kind and message. */
const Fallgate__Push *flow_push(struct flow *flow, Fallgate__PushKind kind,
				const struct message *message);
/* Acknowledge a pushed message as that person's device. */
Fallgate__ServerFrame *flow_acknowledge(struct flow *flow, uint64_t conn,
					const struct person *person, const Fallgate__Push *push);

/* Sweep and turn the loop until everything is settled. */
void flow_turn(struct flow *flow);
void flow_later(struct flow *flow, int64_t ms); /* move the clock, then the same */
const Fallgate__Status *flow_status(struct flow *flow, const struct message *message);
/* The newest receipt, its batch signature and sequence verified; every one before is not final. */
const Fallgate__Receipt *flow_receipt(struct flow *flow, const struct message *message);
#define assert_state(expected, flow, message)                                                      \
	assert_string_equal((expected), flow_status((flow), (message))->state)

/* The log's and the vault's words on the newest order. */
void flow_logged(struct flow *flow);
void flow_leg(struct flow *flow, enum fg_leg_state leg_state, unsigned segments);
void flow_refused(struct flow *flow, enum fg_rc rc, bool by_vault);
/* A delivery report of link 0; has_reference: under the number that the vault sent with the newest order instead of ref. */
void flow_report(struct flow *flow, const char *ref, unsigned dlr_state, bool final,
		 bool has_reference);
/* Wait for that many orders since the beginning; logged, then the leg. */
void flow_sent(struct flow *flow, unsigned orders, enum fg_leg_state leg_state);
/* What no honest peer does: change the store behind the core's back. */
void flow_store(struct flow *flow, struct fg_store_op *op);
void flow_pin(struct flow *flow, const struct person *person, const uint8_t *account_key,
	      uint64_t epoch);
void flow_forget_device(struct flow *flow,
			const struct person *person); /* the handle is ABSENT, and pinned */

#define FLOW(name) cmocka_unit_test_setup_teardown(name, flow_setup, flow_teardown)
