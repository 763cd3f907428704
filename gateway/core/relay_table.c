/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The memory of messages: a hash by id, one by the far side's reference, a wheel of seconds, lists, and lanes of recipients.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>

enum { HASH_FIRST = 1024, LANES = 4096 };

/*! Messages of one account for one recipient that wait behind others of it. */
struct fg_relay_lane {
	struct fg_relay_lane *next;
	size_t holders;
	uint16_t account;
	struct fg_relay_list behind;
	char destination[FG_RELAY_TEXT_MAX + 1];
};

static void *must(void *memory)
{
	if (!memory)
		FG_BUG("out of memory");
	return memory;
}

/* FNV-1a with its high bits folded in. Foreign references come from carriers that we chose; a chain that one makes long slows its own link. */
uint32_t fg_relay_hash(const void *data, size_t len, uint32_t seed)
{
	const uint8_t *p = data;
	uint32_t hash = 2166136261u ^ seed * 2654435761u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 16777619u;
	hash ^= hash >> 15;
	hash *= 2246822519u;
	return hash ^ hash >> 13;
}

/* ---- lists ---- */

void fg_relay_push(struct fg_relay_list *list, struct fg_relay *relay)
{
	fg_relay_unlist(relay);
	fg_relay_push_after(list, list->tail, relay);
}

void fg_relay_push_after(struct fg_relay_list *list, struct fg_relay *after, struct fg_relay *relay)
{
	struct fg_relay *next;

	fg_relay_unlist(relay);
	next = after ? after->next : list->head;
	relay->list = list;
	relay->prev = after;
	relay->next = next;
	if (after)
		after->next = relay;
	else
		list->head = relay;
	if (next)
		next->prev = relay;
	else
		list->tail = relay;
	list->count++;
}

void fg_relay_unlist(struct fg_relay *relay)
{
	struct fg_relay_list *list = relay->list;

	if (!list)
		return;
	if (relay->prev)
		relay->prev->next = relay->next;
	else
		list->head = relay->next;
	if (relay->next)
		relay->next->prev = relay->prev;
	else
		list->tail = relay->prev;
	list->count--;
	relay->list = NULL;
	relay->prev = relay->next = NULL;
}

struct fg_relay_list *fg_relay_waits_on(struct fg_core_relays *relays, const struct fg_relay *relay)
{
	int application =
		fg_relay_is_inbound(relay)
			? fg_conf_account_of_number(relays->core->conf, fg_relay_destination(relay),
						    relay->destination_len)
			: -1;

	return application < 0 ? &relays->accounts[relay->account].wait
			       : &relays->accounts[application].inbound;
}

struct fg_relay *fg_relay_pop(struct fg_relay_list *list)
{
	struct fg_relay *relay = list->head;

	if (relay)
		fg_relay_unlist(relay);
	return relay;
}

/* ---- by id ---- */

static size_t id_bucket(const struct fg_core_relays *relays, const struct fg_id *id)
{
	uint32_t at;

	memcpy(&at, id->b + FG_ID_LEN - sizeof(at), sizeof(at)); /* random bytes */
	return at & (relays->by_id_size - 1);
}

static void grow_ids(struct fg_core_relays *relays)
{
	struct fg_relay **old = relays->by_id;
	size_t old_size = relays->by_id_size;

	relays->by_id_size *= 2;
	relays->by_id = must(calloc(relays->by_id_size, sizeof(*relays->by_id)));
	for (size_t i = 0; i < old_size; i++)
		for (struct fg_relay *relay = old[i], *next; relay; relay = next) {
			struct fg_relay **at = &relays->by_id[id_bucket(relays, &relay->id)];

			next = relay->hash_next;
			relay->hash_next = *at;
			*at = relay;
		}
	free(old);
}

struct fg_relay *fg_relay_find(const struct fg_core_relays *relays, const struct fg_id *id)
{
	struct fg_relay *relay = relays->by_id[id_bucket(relays, id)];

	while (relay && memcmp(&relay->id, id, sizeof(*id)) != 0)
		relay = relay->hash_next;
	return relay;
}

void fg_relay_insert(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay **at;

	if (relays->count >= relays->by_id_size)
		grow_ids(relays);
	at = &relays->by_id[id_bucket(relays, &relay->id)];
	relay->hash_next = *at;
	*at = relay;
	relays->count++;
}

void fg_relay_remove(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay **at = &relays->by_id[id_bucket(relays, &relay->id)];

	fg_relay_turn_over(relays, relay);
	fg_relay_lane_release(relays, relay);
	fg_relay_unlist(relay);
	fg_relay_untimer(relays, relay);
	fg_relay_refs_drop(relays, relay);
	while (*at && *at != relay)
		at = &(*at)->hash_next;
	if (!*at)
		return;
	*at = relay->hash_next;
	relays->count--;
}

struct fg_relay *fg_relay_new(struct fg_bytes source, struct fg_bytes destination)
{
	struct fg_relay *relay = must(calloc(1, sizeof(*relay) + source.len + destination.len + 2));

	relay->source_len = (uint8_t)source.len;
	relay->destination_len = (uint8_t)destination.len;
	if (source.len)
		memcpy(relay->text, source.data, source.len);
	if (destination.len)
		memcpy(relay->text + source.len + 1, destination.data, destination.len);
	return relay;
}

void fg_relay_free(struct fg_relay *relay_take)
{
	fg_relay_work_free(relay_take);
	if (relay_take->part)
		free(relay_take->part->others);
	free(relay_take->part);
	free(relay_take->copies);
	free(relay_take);
}

/* ---- by the far side's reference ---- */

static size_t ref_bucket(const struct fg_core_relays *relays, uint16_t link, const void *text,
			 size_t len)
{
	return fg_relay_hash(text, len, link) & (relays->by_ref_size - 1);
}

static void grow_refs(struct fg_core_relays *relays)
{
	struct fg_relay_ref **old = relays->by_ref;
	size_t old_size = relays->by_ref_size;

	relays->by_ref_size *= 2;
	relays->by_ref = must(calloc(relays->by_ref_size, sizeof(*relays->by_ref)));
	for (size_t i = 0; i < old_size; i++)
		for (struct fg_relay_ref *ref = old[i], *next; ref; ref = next) {
			struct fg_relay_ref **at =
				&relays->by_ref[ref_bucket(relays, ref->link, ref->text, ref->len)];

			next = ref->next;
			ref->next = *at;
			*at = ref;
		}
	free(old);
}

/* The newest first: a far side that uses an id again means its newest message. */
struct fg_relay_ref *fg_relay_ref_add(struct fg_core_relays *relays, struct fg_relay *relay,
				      const void *text, size_t len)
{
	struct fg_relay_ref *ref = must(calloc(1, sizeof(*ref) + len)), **at;
	struct fg_relay_ref **end = &relay->refs;

	if (relays->refs_count >= relays->by_ref_size)
		grow_refs(relays);
	ref->relay = relay;
	ref->link = relay->link;
	ref->len = (uint8_t)len;
	if (len)
		memcpy(ref->text, text, len);
	while (*end)
		end = &(*end)->sibling;
	*end = ref;
	at = &relays->by_ref[ref_bucket(relays, ref->link, text, len)];
	ref->next = *at;
	*at = ref;
	relays->refs_count++;
	return ref;
}

struct fg_relay_ref *fg_relay_ref_find(const struct fg_core_relays *relays, uint16_t link,
				       const void *text, size_t len)
{
	struct fg_relay_ref *ref = relays->by_ref[ref_bucket(relays, link, text, len)];

	while (ref && (ref->link != link || ref->len != len || memcmp(ref->text, text, len) != 0))
		ref = ref->next;
	return ref;
}

void fg_relay_refs_drop(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_ref *ref = relay->refs, *sibling;

	relay->refs = NULL;
	for (; ref; ref = sibling) {
		struct fg_relay_ref **at =
			&relays->by_ref[ref_bucket(relays, ref->link, ref->text, ref->len)];

		sibling = ref->sibling;
		while (*at != ref)
			at = &(*at)->next;
		*at = ref->next;
		relays->refs_count--;
		free(ref);
	}
}

/* ---- time: a wheel of seconds; what is further than one turn is passed over until its turn comes ---- */

void fg_relay_timer(struct fg_core_relays *relays, struct fg_relay *relay, uint32_t due_s)
{
	struct fg_relay **slot;

	fg_relay_untimer(relays, relay);
	if (due_s <= relays->wheel_s)
		due_s = (uint32_t)relays->wheel_s + 1;
	relay->due_s = due_s;
	slot = &relays->wheel[due_s % FG_RELAY_WHEEL];
	relay->timer_prev = NULL;
	relay->timer_next = *slot;
	if (*slot)
		(*slot)->timer_prev = relay;
	*slot = relay;
	relay->flags |= FG_RELAY_TIMED;
}

void fg_relay_untimer(struct fg_core_relays *relays, struct fg_relay *relay)
{
	if (!(relay->flags & FG_RELAY_TIMED))
		return;
	if (relay->timer_prev)
		relay->timer_prev->timer_next = relay->timer_next;
	else
		relays->wheel[relay->due_s % FG_RELAY_WHEEL] = relay->timer_next;
	if (relay->timer_next)
		relay->timer_next->timer_prev = relay->timer_prev;
	relay->timer_prev = relay->timer_next = NULL;
	relay->flags &= (uint8_t)~FG_RELAY_TIMED;
}

struct fg_relay *fg_relay_due(struct fg_core_relays *relays, uint64_t now_s)
{
	if (now_s > relays->wheel_s + FG_RELAY_WHEEL) /* one turn sees every slot */
		relays->wheel_s = now_s - FG_RELAY_WHEEL;
	for (; relays->wheel_s < now_s; relays->wheel_s++) {
		struct fg_relay *relay = relays->wheel[(relays->wheel_s + 1) % FG_RELAY_WHEEL];

		while (relay && relay->due_s > now_s)
			relay = relay->timer_next;
		if (relay) {
			fg_relay_untimer(relays, relay);
			return relay;
		}
	}
	return NULL;
}

/* ---- lanes: the order of a recipient's messages while one of them waits ---- */

static struct fg_relay_lane **lane_at(const struct fg_core_relays *relays,
				      const struct fg_relay *relay)
{
	const char *destination = fg_relay_destination(relay);
	struct fg_relay_lane **at =
		&relays->lanes[fg_relay_hash(destination, relay->destination_len, relay->account) %
			       LANES];

	while (*at &&
	       ((*at)->account != relay->account || strcmp((*at)->destination, destination) != 0))
		at = &(*at)->next;
	return at;
}

void fg_relay_lane_hold(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_lane **at = lane_at(relays, relay);

	if (relay->flags & FG_RELAY_LATER)
		return;
	if (!*at) {
		*at = must(calloc(1, sizeof(**at)));
		(*at)->account = relay->account;
		memcpy((*at)->destination, fg_relay_destination(relay), relay->destination_len);
	}
	(*at)->holders++;
	relay->flags |= FG_RELAY_LATER;
}

void fg_relay_lane_release(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_lane **at, *lane;
	struct fg_relay *behind;

	if (!(relay->flags & FG_RELAY_LATER))
		return;
	relay->flags &= (uint8_t)~FG_RELAY_LATER;
	at = lane_at(relays, relay);
	lane = *at;
	if (--lane->holders)
		return;
	*at = lane->next;
	while ((behind = fg_relay_pop(&lane->behind)))
		fg_relay_queue(relays, behind);
	free(lane);
	fg_relay_stir(relays);
}

bool fg_relay_lane_held(const struct fg_core_relays *relays, const struct fg_relay *relay)
{
	return *lane_at(relays, relay) && !(relay->flags & FG_RELAY_LATER);
}

bool fg_relay_lane_behind(struct fg_core_relays *relays, struct fg_relay *relay)
{
	if (!fg_relay_lane_held(relays, relay))
		return false;
	fg_relay_push(&(*lane_at(relays, relay))->behind, relay);
	return true;
}

/* ---- for later ---- */

bool fg_relay_is_early(const struct fg_core_relays *relays, const struct fg_relay *relay)
{
#ifdef FG_MUTANT_relay_early
	(void)relays;
	(void)relay;
	return false;
#else
	return relay->not_before_s > fg_core_now_ms(relays->core) / 1000;
#endif
}

void fg_relay_schedule(struct fg_core_relays *relays, struct fg_relay *relay)
{
	uint32_t due_s = relay->not_before_s;

	fg_relay_unlist(relay);
	fg_relay_turn_over(relays, relay);
	fg_relay_timer(relays, relay, due_s < relay->expires_s ? due_s : relay->expires_s);
}

/* ---- the whole ---- */

bool fg_relay_table_open(struct fg_core_relays *relays)
{
	relays->by_id_size = relays->by_ref_size = HASH_FIRST;
	relays->by_id = calloc(HASH_FIRST, sizeof(*relays->by_id));
	relays->by_ref = calloc(HASH_FIRST, sizeof(*relays->by_ref));
	relays->wheel = calloc(FG_RELAY_WHEEL, sizeof(*relays->wheel));
	relays->lanes = calloc(LANES, sizeof(*relays->lanes));
	relays->concats = calloc(FG_RELAY_CONCATS, sizeof(*relays->concats));
	return fg_relay_turns_open(relays) && relays->by_id && relays->by_ref && relays->wheel &&
	       relays->lanes && relays->concats;
}

void fg_relay_table_close(struct fg_core_relays *relays)
{
	for (size_t i = 0; relays->by_id && i < relays->by_id_size; i++)
		while (relays->by_id[i]) {
			struct fg_relay *relay = relays->by_id[i];

			fg_relay_remove(relays, relay);
			fg_relay_free(relay);
		}
	fg_relay_turns_close(relays);
	free(relays->by_id);
	free(relays->by_ref);
	free(relays->wheel);
	free(relays->lanes);
	free(relays->concats);
}
