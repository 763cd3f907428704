/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The durable record of an application's message: fixed numbers, then short texts. Links and accounts go by their names, since their
 * numbers change with the configuration. It is rewritten with every change, so that nothing is read to change it.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"

enum { RECORD_VERSION = 2, STORED_FLAGS = FG_RELAY_REFERENCE | FG_RELAY_PIN_OVERRIDE };

static void write_text(struct fg_writer *w, const char *text, size_t len)
{
	fg_writer_u8(w, (uint8_t)len);
	fg_writer_bytes(w, text, len);
}

static void write_numbers(struct fg_writer *w, const struct fg_relay *relay)
{
	const uint8_t small[] = { RECORD_VERSION,       relay->flags & STORED_FLAGS,
				  relay->message_class, relay->submit_flags,
				  relay->protocol_id,   relay->registered,
				  relay->segments,      relay->bearer,
				  relay->reason,        relay->decision_row,
				  relay->tries,         relay->report };

	fg_writer_bytes(w, small, sizeof(small));
	fg_writer_u16(w, relay->leg);
	fg_writer_u16(w, relay->reference);
	fg_writer_u16(w, relay->concat_ref);
	fg_writer_u16(w, relay->error);
	fg_writer_u32(w, relay->expires_s);
	fg_writer_u32(w, relay->due_s);
	fg_writer_u32(w, relay->done_s);
	fg_writer_u64(w, relay->leaf_index);
	fg_writer_bytes(w, relay->facts, sizeof(relay->facts));
}

static void write_failed(struct fg_writer *w, const struct fg_conf *conf,
			 const struct fg_relay *relay)
{
	fg_writer_u8(w, (uint8_t)__builtin_popcount(relay->failed_links));
	for (size_t i = 0; relay->failed_links >> i && i < conf->links_count; i++)
		if (relay->failed_links >> i & 1)
			write_text(w, conf->links[i].name, strlen(conf->links[i].name));
}

static void write_part(struct fg_writer *w, const struct fg_relay_part *part)
{
	fg_writer_u8(w, part ? part->total : 0);
	if (!part)
		return;
	fg_writer_u8(w, part->number);
	fg_writer_u16(w, part->ref);
	fg_writer_bytes(w, part->same, sizeof(part->same));
	fg_writer_bytes(w, part->leader.b, sizeof(part->leader.b));
}

/* What version 1 had not: devices as recipients, and parts. */
static void write_ways(struct fg_writer *w, const struct fg_relay *relay)
{
	fg_writer_u8(w, relay->withdraw);
	fg_writer_u8(w, relay->copies ? relay->copies->count : 0);
	if (relay->copies)
		fg_writer_bytes(w, relay->copies->id[0],
				(size_t)relay->copies->count * FG_DEVICE_ID_LEN);
	write_part(w, relay->part);
}

static size_t refs_size(const struct fg_relay *relay, uint8_t *count)
{
	size_t size = 0;

	for (const struct fg_relay_ref *ref = relay->refs; ref; ref = ref->sibling) {
		size += 3u + ref->len;
		++*count;
	}
	return size;
}

struct fg_bytes fg_relay_encode(struct fg_core_relays *relays, struct fg_relay_commit *commit,
				const struct fg_relay *relay)
{
	const struct fg_conf *conf = relays->core->conf;
	const char *account = fg_relay_account_name(relays->core, relay);
	const char *link =
		relay->leg && relay->link < conf->links_count ? conf->links[relay->link].name : "";
	uint8_t refs = 0;
	size_t cap = FG_RELAY_RECORD_SMALL + refs_size(relay, &refs) +
		     (relay->copies ? sizeof(*relay->copies) : 0) +
		     (relay->failed_links ? FG_CONF_LINKS_MAX * sizeof(conf->links->name) : 0);
	uint8_t room[FG_STORE_RECORD_MAX], *out;
	struct fg_writer w;

	fg_writer_init(&w, room, cap < sizeof(room) ? cap : sizeof(room));
	write_numbers(&w, relay);
	write_text(&w, account, strlen(account));
	write_text(&w, fg_relay_source(relay), relay->source_len);
	write_text(&w, fg_relay_destination(relay), relay->destination_len);
	write_text(&w, link, strlen(link));
	write_failed(&w, conf, relay);
	fg_writer_u8(&w, refs);
	for (const struct fg_relay_ref *ref = relay->refs; ref; ref = ref->sibling) {
		write_text(&w, ref->text, ref->len);
		fg_writer_u8(&w, ref->state);
		fg_writer_u8(&w, ref->final);
	}
	write_ways(&w, relay);
	if (w.rc != FG_OK)
		FG_BUG("a record of more than %zu bytes", cap);
	out = fg_relay_commit_alloc(commit, fg_writer_len(&w));
	memcpy(out, room, fg_writer_len(&w));
	return FG_BYTES(out, fg_writer_len(&w));
}

/* ---- back ---- */

static struct fg_bytes read_text(struct fg_cursor *cur)
{
	size_t len = fg_cursor_u8(cur);

	return FG_BYTES(fg_cursor_bytes(cur, len), len);
}

static bool text_is(struct fg_bytes text, const char *name)
{
	return text.len == strlen(name) && (!text.len || memcmp(text.data, name, text.len) == 0);
}

static int link_of(const struct fg_conf *conf, struct fg_bytes name)
{
	for (size_t i = 0; i < conf->links_count; i++)
		if (text_is(name, conf->links[i].name))
			return (int)i;
	return -1;
}

static void read_numbers(struct fg_cursor *cur, struct fg_relay *relay)
{
	relay->flags = fg_cursor_u8(cur) & STORED_FLAGS;
	relay->message_class = fg_cursor_u8(cur);
	relay->submit_flags = fg_cursor_u8(cur);
	relay->protocol_id = fg_cursor_u8(cur);
	relay->registered = fg_cursor_u8(cur);
	relay->segments = fg_cursor_u8(cur);
	relay->bearer = fg_cursor_u8(cur);
	relay->reason = fg_cursor_u8(cur);
	relay->decision_row = fg_cursor_u8(cur);
	relay->tries = fg_cursor_u8(cur);
	relay->report = fg_cursor_u8(cur);
	relay->leg = fg_cursor_u16(cur);
	relay->reference = fg_cursor_u16(cur);
	relay->concat_ref = fg_cursor_u16(cur);
	relay->error = fg_cursor_u16(cur);
	relay->expires_s = fg_cursor_u32(cur);
	relay->due_s = fg_cursor_u32(cur);
	relay->done_s = fg_cursor_u32(cur);
	relay->leaf_index = fg_cursor_u64(cur);
	fg_cursor_copy(cur, relay->facts, sizeof(relay->facts));
}

/* keep: into the hash, for a message that is alive. */
static void read_refs(struct fg_core_relays *relays, struct fg_cursor *cur, struct fg_relay *relay,
		      bool keep)
{
	for (unsigned n = fg_cursor_u8(cur); n && cur->rc == FG_OK; n--) {
		struct fg_bytes text = read_text(cur);
		uint8_t state = fg_cursor_u8(cur), final = fg_cursor_u8(cur);
		struct fg_relay_ref *ref;

		if (cur->rc != FG_OK)
			return;
		if (!keep)
			continue;
		ref = fg_relay_ref_add(relays, relay, text.data, text.len);
		ref->state = state;
		ref->final = final != 0;
	}
}

static void read_part(struct fg_cursor *cur, struct fg_relay *relay)
{
	uint8_t total = fg_cursor_u8(cur), number;

	if (total == 0 || cur->rc != FG_OK)
		return;
	number = fg_cursor_u8(cur);
	relay->part = fg_relay_part_new(fg_cursor_u16(cur), total, number);
	fg_cursor_copy(cur, relay->part->same, sizeof(relay->part->same));
	fg_cursor_copy(cur, relay->part->leader.b, sizeof(relay->part->leader.b));
}

static void read_ways(struct fg_cursor *cur, struct fg_relay *relay)
{
	uint8_t copies;

	relay->withdraw = fg_cursor_u8(cur);
	copies = fg_cursor_u8(cur);
	if (copies > FG_DIRECTORY_DEVICES_MAX)
		cur->rc = FG_E_TOO_LONG;
	if (copies && cur->rc == FG_OK) {
		relay->copies = calloc(1, sizeof(*relay->copies));
		if (!relay->copies)
			FG_BUG("out of memory");
		relay->copies->count = copies;
		fg_cursor_copy(cur, relay->copies->id[0], (size_t)copies * FG_DEVICE_ID_LEN);
	}
	read_part(cur, relay);
}

struct fg_relay *fg_relay_decode(struct fg_core_relays *relays, const struct fg_store_row *row,
				 bool refs)
{
	const struct fg_conf *conf = relays->core->conf;
	struct fg_relay numbers = { 0 }, *relay;
	struct fg_bytes account, source, destination;
	struct fg_cursor cur;
	uint8_t version;
	int link, failed, of;

	fg_cursor_init(&cur, row->body.data, row->body.len);
	version = fg_cursor_u8(&cur);
	if (version != 1 && version != RECORD_VERSION)
		return NULL;
	read_numbers(&cur, &numbers);
	account = read_text(&cur);
	source = read_text(&cur);
	destination = read_text(&cur);
	of = account.len ? fg_conf_account_find(conf, account.data, account.len) : FG_RELAY_INBOUND;
	if (cur.rc != FG_OK || of < 0 || source.len > FG_RELAY_TEXT_MAX ||
	    destination.len > FG_RELAY_TEXT_MAX)
		return NULL;
	relay = fg_relay_new(source, destination);
	numbers.source_len = relay->source_len;
	numbers.destination_len = relay->destination_len;
	/* Not as a struct: its padding lies over the texts. */
	memcpy(relay, &numbers, offsetof(struct fg_relay, text));
	relay->id = row->id;
	relay->row = row->seq;
	relay->state = (uint8_t)row->state;
	relay->account = (uint16_t)of;
	link = link_of(conf, read_text(&cur));
	relay->link = link < 0 ? FG_RELAY_NO_LINK : (uint16_t)link;
	for (unsigned n = fg_cursor_u8(&cur); n && cur.rc == FG_OK; n--) {
		failed = link_of(conf, read_text(&cur));
		relay->failed_links |= failed < 0 ? 0 : 1u << failed;
	}
	read_refs(relays, &cur, relay, refs);
	if (version > 1)
		read_ways(&cur, relay);
	if (cur.rc == FG_OK)
		return relay;
	fg_relay_refs_drop(relays, relay);
	fg_relay_free(relay);
	return NULL;
}
