/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts of long messages in any order through the core, with restarts and time between them. Input: pairs of octets, what and which (happen()).
 * Whatever comes: an order names each part once, in their order, each with the body that it came with; its parts are of one message; no part
 * is in orders of two leaders; what an application sent is ordered whole or not at all.
 */
#include "tests/core/app.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"

enum { STEPS_MAX = 48, ORDERS_MAX = 400, TOGETHER_MS = 1800 * 1000, REF = 0x4711, BODY_LEN = 2 };

static struct {
	struct app *app;
	struct part {
		struct fg_id id, leader; /* leader all zero: not ordered yet */
		uint16_t ref;
		uint8_t total, number;
		uint8_t flags;
		bool inbound;
		char body[BODY_LEN + 1];
	} parts[STEPS_MAX];
	unsigned count, looked;
} w;

static void check(int truth)
{
	if (!truth)
		abort();
}

static void part(uint8_t flags, uint8_t which)
{
	struct part *new = &w.parts[w.count];

	*new = (struct part){ .ref = (uint16_t)(REF + (which >> 4 & 1)),
			      .total = (uint8_t)(2 + (which >> 2 & 3)),
			      .number = (uint8_t)((which & 3) +
						  (which >> 2 &
						   1)), /* also 0, also more than there are */
			      .flags = flags,
			      .inbound = which >> 5 & 1 };
	new->body[0] = (char)('a' + (which >> 6));
	new->body[1] = (char)('0' + new->number);
	new->id = SUBMIT(w.app, .inbound = new->inbound,
			 .destination = new->inbound ? "12345" : NOBODY, .concat_ref = new->ref,
			 .concat_total = new->total, .concat_part = new->number, .same = new->body,
			 .flags = flags, .body = new->body);
	w.count++;
}

static void happen(uint8_t what, uint8_t which)
{
	if (what % 8 < 6)
		part(what & 8 ? FG_SUBMIT_NARROW : 0, which);
	else if (what % 8 == 7)
		app_restart(w.app);
	else
		app_later(w.app, which % 2 ? TOGETHER_MS : 1000);
	app_turn(w.app);
}

static struct part *find(const struct fg_id *id)
{
	for (unsigned i = 0; i < w.count; i++)
		if (fg_id_cmp(&w.parts[i].id, id) == 0)
			return &w.parts[i];
	abort();
}

static void check_part(const struct fg_ipc_relay *order, struct fg_cursor *cur, unsigned *before)
{
	static const struct fg_id none;
	struct fg_id id;
	struct part *known;
	uint8_t number;

	fg_cursor_copy(cur, id.b, FG_ID_LEN);
	known = find(&id);
	if (*before == 0)
		check(fg_id_cmp(&id, &order->message_id) == 0);
	number = fg_cursor_u8(cur);
	check(number > *before && number == known->number && number <= order->parts_total);
	check(fg_cursor_u8(cur) == known->flags && fg_cursor_u8(cur) == 0);
	check(known->total == order->parts_total && known->ref == order->parts_ref);
	check(known->inbound == (order->kind == FG_SUBMIT_INBOUND));
	check(fg_cursor_u16(cur) == BODY_LEN);
	check(memcmp(fg_cursor_bytes(cur, BODY_LEN), known->body, BODY_LEN) == 0);
	check(fg_id_cmp(&known->leader, &none) == 0 ||
	      fg_id_cmp(&known->leader, &order->message_id) == 0);
	known->leader = order->message_id;
	*before = number;
}

static void check_orders(void)
{
	for (; w.looked < w.app->orders; w.looked++) {
		const struct fg_ipc_relay *order = &w.app->order[w.looked].frame;
		struct fg_cursor cur;
		unsigned count = 0, before = 0;

		fg_cursor_init(&cur, order->body.data, order->body.len);
		for (; fg_cursor_left(&cur) > 0; count++)
			check_part(order, &cur, &before);
		check(cur.rc == FG_OK && count > 0);
		check(count == order->parts_total || order->kind == FG_SUBMIT_INBOUND);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *state = NULL;

	memset(&w, 0, sizeof(w));
	check(app_setup(&state) == 0);
	w.app = state;
	for (size_t i = 0; i + 1 < len && i / 2 < STEPS_MAX && w.app->orders < ORDERS_MAX; i += 2) {
		happen(data[i], data[i + 1]);
		check_orders();
	}
	check(app_teardown(&state) == 0);
	return 0;
}
