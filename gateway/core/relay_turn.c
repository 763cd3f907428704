/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whose turn it is when a link has room again. In the queue of an account each recipient stands once; its other messages stand behind that
 * one, in their order, and the next takes its place at the end when that one has left. So ten thousand messages to one phone keep no other
 * phone waiting, and none overtakes another to the same phone, not even while it is looked at and put back.
 *
 * Recipients share a place by their hash: then they share a turn, too.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>

enum { TURNS = 1 << 17 };

struct fg_relay_turn {
	bool taken;
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

static void stand(struct fg_core_relays *relays, struct fg_relay *relay)
{
	relay->has_turn = true;
	fg_relay_push(&relays->accounts[relay->account].wait, relay);
}

void fg_relay_queue(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_turn *turn;

	if (fg_relay_is_inbound(relay)) {
		fg_relay_push(fg_relay_waits_on(relays, relay), relay);
		return;
	}
	turn = turn_of(relays, relay);
#ifndef FG_MUTANT_relay_turn
	if (turn->taken && !relay->has_turn) {
		fg_relay_push(&turn->behind, relay);
		return;
	}
#endif
	turn->taken = true;
	stand(relays, relay);
}

void fg_relay_turn_over(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_turn *turn;
	struct fg_relay *next;

	if (!relay->has_turn)
		return;
	relay->has_turn = false;
	turn = turn_of(relays, relay);
	next = fg_relay_pop(&turn->behind);
	turn->taken = next != NULL;
	if (next)
		stand(relays, next);
}

bool fg_relay_turn_taken(const struct fg_core_relays *relays, const struct fg_relay *relay)
{
	return !fg_relay_is_inbound(relay) && turn_of(relays, relay)->taken;
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
