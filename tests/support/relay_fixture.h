/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An application's message and the order about it, made right, on a joined log and vault (chain_fixture.h); a test then spoils one thing.
 */
#pragma once

#include "tests/support/chain_fixture.h"

enum { RELAY_BATCH = 5, RELAY_PLACE = 3 };

#define RELAY_DESTINATION "+12025550199"

struct relay {
	struct chain chain;
	struct fg_frame frame; /* RELAY */
	uint8_t view[512], path[512], batch[512];
	void *sealed_ctx;
	uint8_t submit_flags, submit_protocol_id;
	/* of a SECURE view */
	struct fg_hash device_set;
	uint64_t proven_ms;
};

void relay_begin(struct relay *r);
void relay_end(struct relay *r);
void relay_submit(struct relay *r, const char *account, const char *text);
/*! Views of some handles as a batch; ours is one in the middle. */
void relay_make_views(struct relay *r, Fallgate__ViewState state, const uint8_t *account_key);
void relay_views_of(struct relay *r, const char *handle, Fallgate__ViewState state,
		    const uint8_t *account_key);
/*! The order that the core makes of what the vault sealed last. */
void relay_make_order(struct relay *r);
/*! A text of "shop" is sealed, its recipient has no devices, the order is made. */
void relay_prepare(struct relay *r);
/*! Give the order to the log. */
void relay_order(struct relay *r);
/*! The order is refused so, and no job leaves; ends the fixture. */
void relay_expect_refused(struct relay *r, enum fg_rc rc);
void relay_expect_job(struct relay *r);
