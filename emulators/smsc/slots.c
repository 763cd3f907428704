/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The last messages, for query_sm, cancel_sm and replace_sm. Ids are counted up, so the place of
 * one is its remainder: no search, and the oldest gives way.
 */
#include "emulators/smsc/center.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/wire/smpp_status.h"

enum { QUERY_FAILED = FG_SMPP_STATUS_RQUERYFAIL, DATE_LEN = 16 };

void smsc_id_text(const struct smsc_center *center, enum fg_smsc_id base, uint64_t id,
		  char out[static SMSC_ID_TEXT])
{
	int digits = (int)center->options.id_digits;

	if (base == FG_SMSC_ID_DECIMAL)
		snprintf(out, SMSC_ID_TEXT, "%0*" PRIu64, digits, id);
	else
		snprintf(out, SMSC_ID_TEXT, base == FG_SMSC_ID_HEX ? "%0*" PRIX64 : "%0*" PRIx64,
			 digits, id);
}

uint64_t smsc_wall_s(const struct smsc_center *center)
{
	return (center->wall_start_us + center->now_us) / 1000000;
}

/* YYMMDDhhmm: the year of the text form has two digits (3.4, appendix B). */
void smsc_date_text(struct smsc_center *center, uint64_t wall_s, char out[static 11])
{
	time_t time = (time_t)wall_s;
	struct tm tm;

	if (wall_s != center->date_s) {
		gmtime_r(&time, &tm);
		snprintf(center->date, sizeof(center->date), "%02u%02u%02u%02u%02u",
			 (unsigned)tm.tm_year % 100, ((unsigned)tm.tm_mon + 1) % 100,
			 (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
			 (unsigned)tm.tm_min % 100);
		center->date_s = wall_s;
	}
	memcpy(out, center->date, sizeof(center->date));
}

static void copy_text(const struct fg_smpp_bytes *from, char out[static 21])
{
	size_t len = from->len < 20 ? from->len : 20;

	if (len)
		memcpy(out, from->at, len);
	out[len] = '\0';
}

void smsc_slot_add(struct smsc_center *center, uint64_t id, const struct fg_smpp_pdu *pdu,
		   enum fg_dlr_state final, uint64_t delay_us)
{
	struct smsc_slot *slot = &center->slots[id % SMSC_SLOTS];

	slot->id = id;
	slot->due_us = center->now_us + delay_us;
	slot->final = (uint8_t)(final == FG_DLR_OTHER ? FG_DLR_DELIVERED : final);
	copy_text(&pdu->sm.source_addr, slot->source);
	copy_text(&pdu->sm.destination_addr, slot->destination);
}

enum fg_dlr_state smsc_slot_state(const struct smsc_center *center, uint64_t id,
				  enum fg_dlr_state state)
{
	const struct smsc_slot *slot = &center->slots[id % SMSC_SLOTS];

	return slot->id == id && slot->final == FG_DLR_DELETED ? FG_DLR_DELETED : state;
}

static bool equal(const struct fg_smpp_bytes *given, const char *kept)
{
	return given->len == strlen(kept) && (!given->len || !memcmp(given->at, kept, given->len));
}

/* NULL for an id that is none, is not remembered, or belongs to another source (3.4, 4.8.1). */
static struct smsc_slot *slot_find(struct smsc_center *center, const struct fg_smpp_bytes *id_text,
				   const struct fg_smpp_bytes *source)
{
	int base = center->options.id == FG_SMSC_ID_DECIMAL ? 10 : 16;
	char text[SMSC_ID_TEXT], *end;
	struct smsc_slot *slot;
	uint64_t id;

	if (id_text->len == 0 || id_text->len >= sizeof(text))
		return NULL;
	memcpy(text, id_text->at, id_text->len);
	text[id_text->len] = '\0';
	id = strtoull(text, &end, base);
	slot = &center->slots[id % SMSC_SLOTS];
	return *end || id == 0 || slot->id != id || !equal(source, slot->source) ? NULL : slot;
}

void smsc_take_query(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	struct smsc_center *center = conn->center;
	const struct smsc_slot *slot =
		slot_find(center, &pdu->query.message_id, &pdu->query.source_addr);
	struct fg_smpp_pdu resp = { .command = FG_SMPP_QUERY_SM_RESP, .sequence = pdu->sequence };
	char date[DATE_LEN + 1] = "", short_date[11];

	center->counters.queries++;
	if (!slot) {
		resp.status = QUERY_FAILED;
	} else if (slot->due_us > center->now_us) {
		resp.query_resp.message_state = FG_DLR_ENROUTE;
	} else {
		resp.query_resp.message_state = slot->final;
		smsc_date_text(center, (center->wall_start_us + slot->due_us) / 1000000,
			       short_date);
		snprintf(date, sizeof(date), "%s00000+", short_date); /* UTC (3.4, 7.1.1) */
	}
	resp.query_resp.message_id = pdu->query.message_id;
	resp.query_resp.final_date = fg_smpp_text(date);
	smsc_conn_write(conn, &resp);
}

static bool cancel(struct smsc_center *center, struct smsc_slot *slot)
{
	if (!slot || slot->due_us <= center->now_us)
		return false;
	slot->final = FG_DLR_DELETED;
	slot->due_us = center->now_us;
	center->counters.cancels++;
	return true;
}

/* Without an id all from that source to that destination go (3.4, 4.9.1). */
static bool cancel_all(struct smsc_center *center, const struct fg_smpp_pdu *pdu)
{
	bool any = false;

	for (size_t i = 0; i < SMSC_SLOTS; i++) {
		struct smsc_slot *slot = &center->slots[i];

		if (slot->id && equal(&pdu->cancel.source_addr, slot->source) &&
		    equal(&pdu->cancel.destination_addr, slot->destination))
			any |= cancel(center, slot);
	}
	return any;
}

void smsc_take_cancel(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	struct smsc_center *center = conn->center;
	struct fg_smpp_pdu resp = { .command = FG_SMPP_CANCEL_SM_RESP, .sequence = pdu->sequence };
	bool done = pdu->cancel.message_id.len == 0
			    ? cancel_all(center, pdu)
			    : cancel(center, slot_find(center, &pdu->cancel.message_id,
						       &pdu->cancel.source_addr));

	if (!done)
		resp.status = FG_SMPP_STATUS_RCANCELFAIL;
	smsc_conn_write(conn, &resp);
}

/* The new text is shown like that of a new message, with the old id. */
static void show_replacement(struct smsc_conn *conn, const struct smsc_slot *slot,
			     const struct fg_smpp_pdu *pdu)
{
	struct fg_smpp_pdu shown = { .command = FG_SMPP_SUBMIT_SM };
	char id[SMSC_ID_TEXT];

	shown.sm.source_addr_ton = pdu->replace.source_addr_ton;
	shown.sm.source_addr = pdu->replace.source_addr;
	shown.sm.dest_addr_ton = 1;
	shown.sm.destination_addr = fg_smpp_text(slot->destination);
	shown.sm.short_message = pdu->replace.short_message;
	smsc_id_text(conn->center, conn->center->options.id, slot->id, id);
	smsc_join(conn->center, &shown, id);
}

void smsc_take_replace(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	struct smsc_center *center = conn->center;
	const struct smsc_slot *slot =
		slot_find(center, &pdu->replace.message_id, &pdu->replace.source_addr);
	struct fg_smpp_pdu resp = { .command = FG_SMPP_REPLACE_SM_RESP, .sequence = pdu->sequence };

	if (!slot || slot->due_us <= center->now_us) {
		resp.status = FG_SMPP_STATUS_RREPLACEFAIL;
	} else {
		center->counters.replaces++;
		if (center->message)
			show_replacement(conn, slot, pdu);
	}
	smsc_conn_write(conn, &resp);
}
