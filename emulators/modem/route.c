/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the network has for the modem, on its way to the program: at once, or into the store, as
 * +CNMI says; held back while an acknowledgement, a place or the network itself is missing
 * (27.005, 3.4.1, 3.4.4; tables 3.4.1-1 to -3).
 */
#include "emulators/modem/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ACK_MS = 15000,   /* ours: 27.005 leaves it to the network; TS 24.011 has 10 s and more */
	AGAIN_MS = 30000, /* the SMSC tries once more what was refused */
	TELL_CAP = 2 * PDU_CAP + 512,
	TEXT_CAP = 1024,
	LAST_ROUTED_CLASS = 3,
};

struct again {
	struct later later;
	struct incoming incoming;
};

struct ack {
	struct later later;
	uint64_t epoch;
};

/* ---- Waiting ---- */

static void append(struct phone *phone, struct incoming *incoming)
{
	struct incoming **at = &phone->incoming;

	while (*at)
		at = &(*at)->next;
	incoming->next = NULL;
	*at = incoming;
	phone->counters.waiting++;
}

void phone_incoming_add(struct phone *phone, bool report, bool urgent, const void *tpdu, size_t len)
{
	struct incoming *incoming = phone->counters.waiting < INCOMING_MAX && len <= FG_TPDU_MAX
					    ? calloc(1, sizeof(*incoming))
					    : NULL;

	if (!incoming)
		return;
	incoming->report = report;
	incoming->urgent = urgent;
	incoming->len = len;
	if (len)
		memcpy(incoming->tpdu, tpdu, len);
	append(phone, incoming);
	phone_route(phone);
}

static struct incoming *take_first(struct phone *phone)
{
	struct incoming *first = phone->incoming;

	phone->incoming = first->next;
	phone->counters.waiting--;
	return first;
}

/* ---- Telling ---- */

/* With mode 0 all is kept until another one is chosen. */
static void indicate(struct phone *phone, const char *text, bool urgent)
{
	size_t len = strlen(text);

	if (phone->cnmi[0] != 0) {
		phone_unsolicited(phone, text, len, urgent);
	} else if (len < HELD_CAP - phone->buffered_len) {
		memcpy(phone->buffered + phone->buffered_len, text, len);
		phone->buffered_len += len;
	}
}

void phone_buffered_flush(struct phone *phone, bool tell)
{
	if (tell && phone->buffered_len > 0)
		phone_unsolicited(phone, phone->buffered, phone->buffered_len, false);
	phone->buffered_len = 0;
}

static void make_slot(const struct phone *phone, const struct incoming *incoming,
		      struct phone_slot *slot)
{
	uint8_t smsc[FG_TPDU_SMSC_MAX] = { 0 };
	struct fg_tpdu_address address;
	size_t len = 1;

	if (fg_tpdu_address_from(phone->smsc, strlen(phone->smsc), &address) == FG_OK)
		(void)fg_tpdu_smsc_write(&address, smsc, &len);
	phone_store_put(slot, SLOT_UNREAD, smsc, len, incoming->tpdu, incoming->len);
}

static void tell_pdu(struct phone *phone, const struct incoming *incoming,
		     const struct phone_slot *slot)
{
	char hex[2 * PDU_CAP + 1], text[TELL_CAP];

	(void)fg_tpdu_hex(slot->pdu, slot->len, hex, sizeof(hex));
	snprintf(text, sizeof(text), "\r\n%s%zu\r\n%s\r\n", incoming->report ? "+CDS: " : "+CMT: ,",
		 incoming->len, hex);
	indicate(phone, text, incoming->urgent);
}

static void tell_text(struct phone *phone, const struct incoming *incoming,
		      const struct phone_slot *slot)
{
	char head[256], text[TEXT_CAP], all[TELL_CAP + TEXT_CAP];
	size_t len = 0;

	if (!phone_text_show(phone, slot, false, head, sizeof(head), text, sizeof(text), &len))
		return;
	if (incoming->report)
		snprintf(all, sizeof(all), "\r\n+CDS: %s\r\n", head);
	else /* no <stat> in front */
		snprintf(all, sizeof(all), "\r\n+CMT: %s\r\n%s\r\n",
			 strchr(head, ',') ? strchr(head, ',') + 1 : head, text);
	indicate(phone, all, incoming->urgent);
}

/* ---- Acknowledgements ---- */

static void ack_late(struct phone *phone, struct later *later)
{
	bool mine = ((const struct ack *)later)->epoch == phone->ack_epoch;

	free(later);
	if (!mine || !phone->unacked)
		return;
	phone->counters.ack_late++;
	phone->unacked = false;
	phone->cnmi[1] = phone->cnmi[3] = 0; /* 3.4.4 */
	phone_happened(phone, "not acknowledged", "", 0, "routing stops");
	phone_route(phone);
	phone_flush(phone);
}

static void await_ack(struct phone *phone)
{
	unsigned ms = phone->options.ack_ms ? phone->options.ack_ms : ACK_MS;
	struct ack *ack = phone_later_new(phone, sizeof(*ack), (uint64_t)ms * 1000, ack_late);

	phone->unacked = true;
	phone->ack_epoch++;
	if (ack)
		ack->epoch = phone->ack_epoch;
}

static void again_fire(struct phone *phone, struct later *later)
{
	const struct incoming *incoming = &((const struct again *)later)->incoming;

	phone_incoming_add(phone, incoming->report, false, incoming->tpdu, incoming->len);
	free(later);
	phone_flush(phone);
}

static void try_again(struct phone *phone, const struct incoming *incoming)
{
	struct again *again =
		phone_later_new(phone, sizeof(*again), (uint64_t)AGAIN_MS * 1000, again_fire);

	if (again)
		again->incoming = *incoming;
}

int phone_acknowledge(struct phone *phone, bool take)
{
	struct incoming *first;

	if (!phone->unacked)
		return AT_CMS + CMS_NO_ACK_EXPECTED;
	phone_unacknowledged(phone);
	first = take_first(phone);
	if (take) {
		phone->counters.acknowledged++;
	} else {
		phone->counters.ack_refused++;
		try_again(phone, first);
	}
	free(first);
	return AT_OK;
}

/* What was told stays first, and is told again. */
void phone_unacknowledged(struct phone *phone)
{
	phone->unacked = false;
	phone->ack_epoch++;
}

/* ---- Routing ---- */

static bool has_room(const struct phone *phone)
{
	return (phone->cnmi[0] == 0 ? phone->buffered_len : phone->held_len) <
	       HELD_CAP - TELL_CAP - TEXT_CAP;
}

/* True when it is done with, at once. It waits for room among what waits for an answer. */
static bool tell(struct phone *phone, const struct incoming *incoming)
{
	struct phone_slot slot;

	if (!has_room(phone))
		return false;
	make_slot(phone, incoming, &slot);
	if (phone->format == 0)
		tell_pdu(phone, incoming, &slot);
	else
		tell_text(phone, incoming, &slot);
	phone->counters.routed++;
#ifndef FG_MUTANT_modem_ack
	if (phone->service != 0) {
		await_ack(phone);
		return false;
	}
#endif
	return true;
}

static unsigned memory_for(const struct phone *phone, bool report)
{
	return report && phone_memory_find(phone, "SR") == MEMORY_SR ? MEMORY_SR : phone->memory[2];
}

static bool store(struct phone *phone, const struct incoming *incoming, bool indicated)
{
	unsigned memory = memory_for(phone, incoming->report), index;
	struct phone_slot *slot = phone_store_free(phone, memory, &index);
	char text[64];

	if (!slot)
		return false;
	make_slot(phone, incoming, slot);
	phone->counters.stored++;
	snprintf(text, sizeof(text), "\r\n+%s: \"%s\",%u\r\n", incoming->report ? "CDSI" : "CMTI",
		 phone_memory_name(memory), index);
	if (indicated)
		indicate(phone, text, incoming->urgent);
	return true;
}

static bool route_report(struct phone *phone, const struct incoming *incoming)
{
	switch (phone->cnmi[3]) {
	case 1:
		return tell(phone, incoming);
	case 2:
		return store(phone, incoming, true);
	default:
		phone->counters.reports_dropped++;
		return true;
	}
}

static bool goes_at_once(const struct phone *phone, const struct incoming *incoming)
{
	struct fg_tpdu_coding coding = { .message_class = -1 };
	struct fg_tpdu_deliver deliver;

	if (fg_tpdu_deliver_decode(incoming->tpdu, incoming->len, &deliver) == FG_OK)
		coding = fg_tpdu_coding_of(deliver.dcs);
	if (phone->cnmi[1] == LAST_ROUTED_CLASS)
		return coding.message_class == LAST_ROUTED_CLASS;
	return phone->cnmi[1] == 2 && coding.message_class != 2 &&
	       coding.waiting != FG_TPDU_WAITING_STORE;
}

static bool route_one(struct phone *phone, const struct incoming *incoming)
{
	if (incoming->report)
		return route_report(phone, incoming);
	if (goes_at_once(phone, incoming))
		return tell(phone, incoming);
	return store(phone, incoming, phone->cnmi[1] != 0);
}

void phone_route(struct phone *phone)
{
	while (phone->incoming && phone->plugged && phone_in_service(phone) && !phone->unacked &&
	       route_one(phone, phone->incoming))
		free(take_first(phone));
}
