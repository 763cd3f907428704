/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts of a long message that its sender cut. Each is durable and answered for before the others come; together they are one message:
 * the vault opens them in one order, so that the text gets one mark. What a phone sent is passed on without the parts that never came; what
 * an application sent is not, since it is told of each part.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"
#include "lib/wire/dlr.h"

enum {
	BUCKETS = 4096,
	OF_SENDER_MAX = 16, /* unfinished messages of one sender */
	JOINS_MAX = 65536,  /* of all */
	TOGETHER_S = 1800,  /* operators.md 4.3 */
	BODY_MAX = 17000,   /* RELAY.body in ipc.def */
	BODIES_MAX = 16000, /* of all parts: their text fits into a job with its mark */
	PART_HEAD = 21,     /* before each body, as in ipc.def */
};

/* What all parts of one message have in common besides sender and recipient. Of another class other rules may hold. */
struct join_key {
	uint16_t ref;
	bool narrow;
	uint8_t total, message_class;
};

struct fg_relay_join {
	struct fg_relay_join *next; /* of the bucket */
	uint16_t account;
	uint8_t count;
	struct join_key key;
	struct fg_relay *parts[]; /* [key.total] */
};

static void *must(void *memory)
{
	if (!memory)
		FG_BUG("out of memory");
	return memory;
}

struct fg_relay_part *fg_relay_part_new(uint16_t ref, uint8_t total, uint8_t number)
{
	struct fg_relay_part *part = must(calloc(1, sizeof(*part)));

	part->ref = ref;
	part->total = total;
	part->number = number;
	return part;
}

/* ---- which message a part is of ---- */

static struct join_key key_of(const struct fg_relay *relay)
{
	return (struct join_key){ .ref = relay->part->ref,
				  .narrow = relay->submit_flags & FG_SUBMIT_NARROW,
				  .total = relay->part->total,
				  .message_class = relay->message_class };
}

static bool is_same_key(const struct join_key *a, const struct join_key *b)
{
#ifndef FG_MUTANT_join_narrow
	if (a->narrow != b->narrow)
		return false;
#endif
#ifndef FG_MUTANT_join_class
	if (a->message_class != b->message_class)
		return false;
#endif
	return a->ref == b->ref && a->total == b->total;
}

static const struct fg_relay *any_part(const struct fg_relay_join *join)
{
	for (size_t i = 0; i < join->key.total; i++)
		if (join->parts[i])
			return join->parts[i];
	return NULL;
}

static bool is_of_sender(const struct fg_relay_join *join, uint16_t account, struct fg_bytes source)
{
	const struct fg_relay *part = any_part(join);

	return join->account == account && part->source_len == source.len &&
	       (!source.len || memcmp(fg_relay_source(part), source.data, source.len) == 0);
}

static bool is_to(const struct fg_relay_join *join, struct fg_bytes destination)
{
	const struct fg_relay *part = any_part(join);

	return part->destination_len == destination.len &&
	       memcmp(fg_relay_destination(part), destination.data, destination.len) == 0;
}

static struct fg_relay_join **bucket_of(struct fg_core_relays *relays, uint16_t account,
					struct fg_bytes source)
{
	if (!relays->joins)
		relays->joins = must(calloc(BUCKETS, sizeof(*relays->joins)));
	return &relays->joins[fg_relay_hash(source.data, source.len, account) % BUCKETS];
}

static struct fg_relay_join *find(struct fg_core_relays *relays, uint16_t account,
				  struct fg_bytes source, struct fg_bytes destination,
				  const struct join_key *key, size_t *of_sender_out)
{
	struct fg_relay_join *at = *bucket_of(relays, account, source), *found = NULL;

	*of_sender_out = 0;
	for (; at; at = at->next) {
		if (!is_of_sender(at, account, source))
			continue;
		++*of_sender_out;
		if (is_same_key(&at->key, key) && is_to(at, destination))
			found = at;
	}
	return found;
}

enum fg_rc fg_relay_join_check(struct fg_core_relays *relays, const struct fg_ipc_sealed *sealed,
			       uint16_t account, struct fg_id *id_out)
{
	const struct join_key asked = { .ref = sealed->concat_ref,
					.narrow = sealed->flags & FG_SUBMIT_NARROW,
					.total = sealed->concat_total,
					.message_class = sealed->message_class };
	const uint8_t number = sealed->concat_part;
	const struct fg_relay *known;
	struct fg_relay_join *join;
	size_t of_sender;

	if (number == 0 || number > asked.total)
		return FG_E_SYNTAX;
#ifndef FG_MUTANT_join_long
	/* As if all were like this one: then no message is too long when its parts are acknowledged. */
	if (asked.total * (sealed->body.len + PART_HEAD) > BODIES_MAX)
		return FG_E_TOO_LONG;
#endif
	join = find(relays, account, sealed->source, sealed->destination, &asked, &of_sender);
#ifndef FG_MUTANT_join_bound
	if (!join && (of_sender >= OF_SENDER_MAX || relays->joins_count >= JOINS_MAX))
		return FG_E_LIMIT;
#endif
	known = join ? join->parts[number - 1] : NULL;
	if (!known)
		return FG_OK;
	*id_out = known->id;
	/* The same again, since its answer was lost; or the reference came round while the old message is not whole. */
	if (memcmp(known->part->same, sealed->same, sizeof(known->part->same)) == 0)
		return FG_E_EXISTS;
	fg_relay_join_late(relays, join->parts[number - 1]);
	return FG_OK;
}

/* ---- all of them ---- */

static void take_out(struct fg_core_relays *relays, const struct fg_relay_join *join)
{
	const struct fg_relay *part = any_part(join);
	struct fg_bytes source = FG_BYTES(fg_relay_source(part), part->source_len);
	struct fg_relay_join **at = bucket_of(relays, join->account, source);

	while (*at != join)
		at = &(*at)->next;
	*at = join->next;
	relays->joins_count--;
}

static void follow(struct fg_core_relays *relays, struct fg_relay *leader, struct fg_relay *part)
{
	struct fg_relay_part *of = leader->part;

	if (!of->others)
		of->others = must(calloc(of->total, sizeof(*of->others)));
	of->others[of->others_count++] = part;
	part->part->leader = leader->id;
	fg_relay_untimer(relays, part);
}

/* The lowest one leads, so that no part can lead one order and follow in another. */
static void join_all(struct fg_core_relays *relays, struct fg_relay_join *join_take)
{
	struct fg_relay *leader = NULL;

	for (size_t i = 0; i < join_take->key.total; i++) {
		struct fg_relay *part = join_take->parts[i];

		if (!part)
			continue;
		if (!leader) {
			leader = part;
			leader->part->leader = leader->id;
			leader->segments = join_take->key.total;
			/* before it is saved: after a restart it would wait for the other parts' time to be over */
			fg_relay_timer(relays, leader, leader->expires_s);
			if (fg_relay_is_early(relays, leader))
				fg_relay_schedule(relays, leader);
		} else {
			follow(relays, leader, part);
		}
		fg_relay_become(part, FG_RELAY_JOIN, FG_JOB_READY);
		fg_relay_save(relays, part, FG_THEN_NOTHING);
	}
	if (!fg_relay_is_early(relays, leader))
		fg_relay_push(&relays->decide, leader);
	fg_relay_stir(relays);
	free(join_take);
}

void fg_relay_join_add(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_bytes source = FG_BYTES(fg_relay_source(relay), relay->source_len);
	struct fg_bytes destination = FG_BYTES(fg_relay_destination(relay), relay->destination_len);
	uint32_t now = (uint32_t)(fg_core_now_ms(relays->core) / 1000);
	const struct fg_relay_part *part = relay->part;
	const struct join_key key = key_of(relay);
	struct fg_relay_join *join, **bucket;
	size_t of_sender;

	join = find(relays, relay->account, source, destination, &key, &of_sender);
	if (join && join->parts[part->number - 1])
		join = NULL; /* two at once of one number: whoever is first comes together with the others */
	if (!join) {
		join = must(calloc(1, sizeof(*join) + part->total * sizeof(join->parts[0])));
		join->account = relay->account;
		join->key = key;
		bucket = bucket_of(relays, relay->account, source);
		join->next = *bucket;
		*bucket = join;
		relays->joins_count++;
	}
	join->parts[part->number - 1] = relay;
	join->count++;
	fg_relay_timer(relays, relay,
		       relay->expires_s < now + TOGETHER_S ? relay->expires_s : now + TOGETHER_S);
	if (join->count < join->key.total)
		return;
	take_out(relays, join);
	join_all(relays, join);
}

static struct fg_relay_join *join_of(struct fg_core_relays *relays, const struct fg_relay *relay)
{
	struct fg_bytes source = FG_BYTES(fg_relay_source(relay), relay->source_len);

	for (struct fg_relay_join *join = *bucket_of(relays, relay->account, source); join;
	     join = join->next)
		if (relay->part->number <= join->key.total &&
		    join->parts[relay->part->number - 1] == relay)
			return join;
	return NULL;
}

void fg_relay_join_late(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_join *join = join_of(relays, relay);

	if (!join)
		return;
	LOG_MSG(&relay->id, DMSG, LOGL_NOTICE, "join parts: %u of %u came\n", join->count,
		join->key.total);
	take_out(relays, join);
	if (fg_relay_is_inbound(relay)) {
		join_all(relays, join);
		return;
	}
	for (size_t i = 0; i < join->key.total; i++)
		if (join->parts[i]) {
			join->parts[i]->reason = FG_REASON_DEADLINE;
			fg_relay_finish(relays, join->parts[i], FG_RELAY_JOIN, FG_DLR_EXPIRED);
		}
	free(join);
}

/* ---- the end ---- */

void fg_relay_join_end(struct fg_core_relays *relays, struct fg_relay *leader)
{
	struct fg_relay_part *of = leader->part;

	for (size_t i = 0; i < of->others_count; i++) {
		struct fg_relay *other = of->others[i];

		other->leg = leader->leg;
		other->link = leader->link;
		other->bearer = leader->bearer;
		other->reason = leader->reason;
		other->decision_row = leader->decision_row;
		other->error = leader->error;
		other->segments = 1;
		other->leaf_index = leader->leaf_index;
		fg_relay_finish(relays, other, FG_RELAY_JOIN, leader->report);
	}
	of->others_count = 0;
}

/* ---- the body of an order: each part as it was sealed ---- */

struct fetch {
	struct fg_core_relays *relays;
	struct fg_relay *leader;
};

static void write_part(struct fg_writer *w, const struct fg_relay *relay,
		       const struct fg_store_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].seq != relay->row)
			continue;
		fg_writer_bytes(w, relay->id.b, FG_ID_LEN);
		fg_writer_u8(w, relay->part->number);
		fg_writer_u8(w, relay->submit_flags);
		fg_writer_u8(w, relay->protocol_id);
		fg_writer_u16(w, (uint16_t)rows[i].body.len);
		fg_writer_bytes(w, rows[i].body.data, rows[i].body.len);
		return;
	}
	w->rc = FG_E_NOT_FOUND;
}

static void too_long(struct fg_core_relays *relays, struct fg_relay *leader, enum fg_rc rc)
{
	LOG_MSG(&leader->id, DMSG, LOGL_ERROR, "order message of parts: %s\n", fg_rc_name(rc));
	fg_relay_finish(relays, leader, FG_RELAY_REFUSED,
			rc == FG_E_NOT_FOUND ? FG_DLR_UNKNOWN : FG_DLR_REJECTED);
}

static void fetched(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fetch *fetch = arg;
	struct fg_core_relays *relays = fetch->relays;
	struct fg_relay *leader = fetch->leader;
	uint8_t body[BODY_MAX];
	struct fg_writer w;

	free(fetch);
	relays->fetching--;
	if (relays->stopping)
		return;
	leader->flags &= (uint8_t)~FG_RELAY_DECIDING;
	if (rc != FG_OK) {
		fg_relay_work_free(leader);
		fg_relay_timer(relays, leader, (uint32_t)(fg_core_now_ms(relays->core) / 1000) + 5);
		return;
	}
	fg_writer_init(&w, body, sizeof(body));
	write_part(&w, leader, rows, count);
	for (size_t i = 0; i < leader->part->others_count; i++)
		write_part(&w, leader->part->others[i], rows, count);
	if (w.rc != FG_OK) {
		too_long(relays, leader, w.rc);
		return;
	}
	leader->work->body_len = fg_writer_len(&w);
	leader->work->body = must(malloc(leader->work->body_len));
	memcpy(leader->work->body, body, leader->work->body_len);
	fg_relay_order(relays, leader);
}

void fg_relay_join_fetch(struct fg_core_relays *relays, struct fg_relay *leader)
{
	struct fg_store_key keys[FG_RELAY_PARTS_MAX];
	struct fetch *fetch = must(malloc(sizeof(*fetch)));
	size_t count = 0;
	enum fg_rc rc;

	*fetch = (struct fetch){ relays, leader };
	keys[count++] = (struct fg_store_key){ .what = FG_GET_RELAY_BODY, .row = leader->row };
	for (size_t i = 0; i < leader->part->others_count; i++)
		keys[count++] = (struct fg_store_key){ .what = FG_GET_RELAY_BODY,
						       .row = leader->part->others[i]->row };
	leader->flags |= FG_RELAY_DECIDING;
	fg_relay_push(&relays->sending, leader);
	relays->fetching++;
	rc = fg_store_get(relays->core->store, keys, count, fetched, fetch);
	if (rc != FG_OK)
		fetched(rc, NULL, 0, fetch);
}

/* ---- after a restart ---- */

/* Followers know their leader; it stands among what was loaded, unless the store lost it. */
void fg_relay_join_loaded(struct fg_core_relays *relays)
{
	struct fg_relay *relay;

	while ((relay = fg_relay_pop(&relays->followers))) {
		struct fg_relay *leader = fg_relay_find(relays, &relay->part->leader);

		if (leader && leader->part && !fg_relay_follows(leader) &&
		    leader->state != FG_JOB_FINAL)
			follow(relays, leader, relay);
		else
			fg_relay_finish(relays, relay, FG_RELAY_JOIN, FG_DLR_UNKNOWN);
	}
}

void fg_relay_joins_free(struct fg_core_relays *relays)
{
	for (size_t i = 0; relays->joins && i < BUCKETS; i++)
		while (relays->joins[i]) {
			struct fg_relay_join *join = relays->joins[i];

			relays->joins[i] = join->next;
			free(join);
		}
	free(relays->joins);
	relays->joins = NULL;
}
