/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages of an application "shop" (and another, "bank") through a core whose log and vault do as the test tells. Links 0 and 1 are ways
 * out, link 2 is the one that applications bind to.
 */
#pragma once

#include "gateway/core/relay_internal.h"
#include "lib/wire/dlr.h"
#include "tests/core/fixture.h"

#define NOBODY  "+12025550199" /* has no devices */
#define NOBODY2 "+12025550198"
#define BOB     "+12025550102"
#define PHONE   "+12025550177" /* sends messages by SMS */

enum { APP_FRAMES = 512, SERVER_LINK = 2, APP_BYTES = 20000 };

/* A frame as a peer got it, its bytes kept. */
struct app_relay {
	struct fg_ipc_relay frame;
	uint8_t bytes[APP_BYTES];
};

struct app {
	struct fixture *fixture;
	unsigned orders, takens, receipts, answers, replaces;
	struct fg_ipc_app_replace replace; /* the newest */
	uint8_t replace_bytes[APP_BYTES];
	struct app_relay order[APP_FRAMES];
	struct fg_ipc_taken taken[APP_FRAMES];
	struct fg_ipc_app_receipt receipt[APP_FRAMES];
	struct fg_ipc_app_answer answer[APP_FRAMES];
	enum fg_rc leg_rc; /* what a leg says; FG_OK: the ordinary */
	uint32_t leg_code;
	uint64_t last_token;
	unsigned last_id;
};

/* What is submitted; members that the test leaves are ordinary. */
struct submit {
	const char *account, *source, *destination, *key, *same, *body;
	uint8_t message_class, flags, protocol_id, registered, concat_total, concat_part, segments;
	uint16_t concat_ref;
	bool inbound; /* from a carrier, over link 0 */
	uint32_t delay_s, validity_s;
	uint32_t age_ms; /* so long ago the vault made its id */
};

int app_setup(void **state);
int app_teardown(void **state);
/* Let everything settle. */
void app_turn(struct app *app);
void app_later(struct app *app, int64_t ms);
/* Give it to the core; its id. */
struct fg_id app_submit(struct app *app, const struct submit *submit);
#define SUBMIT(app, ...) app_submit(app, &(struct submit){ __VA_ARGS__ })
/* The core ends as it stands and begins again. */
void app_restart(struct app *app);
void app_chain(struct app *app, bool is_there); /* log and vault */
void app_link(struct app *app, size_t link, bool up, uint32_t credits);

struct fg_relay *app_find(struct app *app, const struct fg_id *id);
unsigned app_state(struct app *app, const struct fg_id *id); /* 0: not alive */
const struct fg_ipc_taken *app_taken(struct app *app);       /* the newest */
const struct fg_ipc_relay *app_order(struct app *app);
const struct fg_ipc_app_receipt *app_receipt(struct app *app);

/* The vault's word on a leg; parts named PREFIX0, PREFIX1, ..., or all alike when it begins with "=". */
void app_leg(struct app *app, const struct fg_id *id, unsigned leg, enum fg_leg_state leg_state,
	     const char *prefix, unsigned parts);
void app_refused(struct app *app, const struct fg_id *id, unsigned leg, enum fg_rc rc,
		 bool by_vault);
void app_report(struct app *app, unsigned link, const char *ref, unsigned dlr_state);
void app_bound(struct app *app, const char *account, unsigned receivers, unsigned credits);
void app_told(struct app *app, const struct fg_id *id, enum fg_outcome outcome);
/* A frame of the vault or the log. */
void app_say(struct app *app, const struct fg_frame *frame, bool by_vault);
void app_ask(struct app *app, enum fg_app_ask what, const char *account, const struct fg_id *id,
	     const char *body);

/* The vault sealed for these devices. */
void app_copies(struct app *app, const struct fg_id *id, unsigned leg, const struct person *to,
		size_t count);
/* The device has the message. */
void app_acknowledge(struct app *app, uint64_t conn, const struct person *person,
		     const struct fg_id *id);

/* RELAYs alive in the store. */
size_t app_stored(struct app *app);
/* Submitted, ordered, taken by the far side: its parts are REF0, REF1, ... */
struct fg_id app_sent(struct app *app, const char *ref, unsigned parts);

#define APP(name) cmocka_unit_test_setup_teardown(name, app_setup, app_teardown)
