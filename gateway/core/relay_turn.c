/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whose turn it is when a link has room again. In the queue of an account each recipient stands once; its other messages stand behind that
 * one, and the next takes a place at the end when that one is taken out. So ten thousand messages to one phone keep no other phone waiting,
 * and as many leave at once as there is room for. Messages to one phone stay in the order in which they came: one that is taken out, decided
 * on and put back stands before those that came after it.
 *
 * Recipients share a place by their hash: then they share a turn, too.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>

enum { TURNS = 1 << 17 };

struct fg_relay_turn {
	struct fg_relay *holder; /* it stands in the queue, or behind one that waits for its time */
	uint32_t out;            /* so many are being decided on */
	struct fg_relay_list behind;
};

bool fg_relay_turns_open(struct fg_core_relays *relays)
{
	relays->turns = calloc(TURNS, sizeof(*relays->turns));
	return relays->turns != NULL;
}

void fg_relay_turns_close(struct fg_core_relays *relays)
{
	free(relays->turns);
	relays->turns = NULL;
}

static struct fg_relay_turn *turn_of(const struct fg_core_relays *relays,
				     const struct fg_relay *relay)
{
	return &relays->turns[fg_relay_hash(fg_relay_destination(relay), relay->destination_len,
					    relay->account) %
			      TURNS];
}

static void stand(struct fg_core_relays *relays, struct fg_relay_turn *turn, struct fg_relay *relay)
{
	turn->holder = relay;
	relay->turn = FG_TURN_STANDS;
	fg_relay_push(&relays->accounts[relay->account].wait, relay);
}

/* Rows are counted up as messages are taken. */
static void stand_behind(struct fg_relay_turn *turn, struct fg_relay *relay)
{
	struct fg_relay *after = turn->behind.tail;

	while (after && after->row > relay->row)
		after = after->prev;
	fg_relay_push_after(&turn->behind, after, relay);
}

void fg_relay_queue(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_turn *turn;
	struct fg_relay *holder;

	if (fg_relay_is_inbound(relay)) {
		fg_relay_push(fg_relay_waits_on(relays, relay), relay);
		return;
	}
	turn = turn_of(relays, relay);
	holder = turn->holder;
	turn->out -= relay->turn == FG_TURN_OUT;
	relay->turn = FG_TURN_NONE;
#ifdef FG_MUTANT_relay_turn
	holder = NULL;
#endif
#ifndef FG_MUTANT_relay_turn_order
	if (holder && holder != relay && holder->row > relay->row) {
		holder->turn = FG_TURN_NONE;
		if (holder->list == &relays->accounts[holder->account].wait)
			stand_behind(turn, holder);
		holder = NULL;
	}
#endif
	if (holder && holder != relay)
		stand_behind(turn, relay);
	else
		stand(relays, turn, relay);
}

static void pass_on(struct fg_core_relays *relays, struct fg_relay_turn *turn)
{
	struct fg_relay *next = fg_relay_pop(&turn->behind);

	turn->holder = NULL;
	if (next)
		stand(relays, turn, next);
}

void fg_relay_turn_out(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_turn *turn = turn_of(relays, relay);

	if (relay->turn != FG_TURN_STANDS)
		return;
	relay->turn = FG_TURN_OUT;
	turn->out++;
	pass_on(relays, turn);
}

void fg_relay_turn_over(struct fg_core_relays *relays, struct fg_relay *relay)
{
	uint8_t was = relay->turn;

	relay->turn = FG_TURN_NONE;
	if (was == FG_TURN_STANDS)
		pass_on(relays, turn_of(relays, relay));
	else if (was == FG_TURN_OUT)
		turn_of(relays, relay)->out--;
}

bool fg_relay_turn_taken(const struct fg_core_relays *relays, const struct fg_relay *relay)
{
	const struct fg_relay_turn *turn;

	if (fg_relay_is_inbound(relay))
		return false;
	turn = turn_of(relays, relay);
	return turn->holder || turn->out;
}

size_t fg_relay_waiting(const struct fg_core_relays *relays, size_t account)
{
	size_t count = relays->accounts[account].wait.count;

	for (size_t i = 0; i < TURNS; i++)
		for (const struct fg_relay *relay = relays->turns[i].behind.head; relay;
		     relay = relay->next)
			count += relay->account == account;
	return count;
}
