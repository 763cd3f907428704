/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages from phones: a text becomes one or more DELIVERs, well formed or not.
 */
#include "emulators/modem/state.h"

#include <stdlib.h>
#include <string.h>
#include "lib/wire/udh.h"

enum { HEADER_MAX = 16, PORT_ELEMENT = 6, CONCAT_ELEMENT = 5, OCTETS_MAX = PHONE_TEXT_MAX / 2 };

/* One message under construction. */
struct making {
	struct phone *phone;
	const struct phone_incoming *incoming;
	struct fg_tpdu_deliver deliver;
	unsigned parts, given;
	uint8_t reference;
};

/* A part that is on the air. */
struct arriving {
	struct later later;
	size_t len;
	uint8_t tpdu[FG_TPDU_MAX];
};

static uint8_t coding_of(const struct phone_incoming *incoming, enum fg_alphabet alphabet)
{
	return fg_tpdu_dcs(incoming->octets ? FG_ALPHABET_LATIN1 : alphabet,
			   incoming->message_class);
}

/* The user data header of part i (TS 23.040, 9.2.3.24.1, 9.2.3.24.4). Its length, 0: none. */
static size_t header_of(const struct making *making, unsigned i, uint8_t out[static HEADER_MAX])
{
	int port = making->incoming->port;
	size_t len = 1;

	if (making->parts > 1) {
		const uint8_t concat[] = { 0x00, 3, making->reference, (uint8_t)making->parts,
					   (uint8_t)(i + 1) };

		memcpy(out + len, concat, sizeof(concat));
		len += sizeof(concat);
	}
	if (port >= 0) {
		const uint8_t ports[] = {
			0x05, 4, (uint8_t)(port >> 8), (uint8_t)port, 0x23, 0xF0
		};

		memcpy(out + len, ports, sizeof(ports));
		len += sizeof(ports);
	}
	out[0] = (uint8_t)(len - 1);
	return len > 1 ? len : 0;
}

/* Where TP-UDL stands: behind the type, the address (two octets and its digits), TP-PID, TP-DCS and
 * TP-SCTS (9.2.2.1). */
static size_t udl_at(const uint8_t *tpdu)
{
	return 1u + 2u + (tpdu[1] + 1u) / 2u + 1u + 1u + 7u;
}

static size_t malform(enum phone_malformed how, uint8_t *tpdu, size_t len)
{
	size_t udl = udl_at(tpdu);

	switch (how) {
	case PHONE_MALFORMED_SHORT:
		return len > udl + 2 ? len - 2 : udl;
	case PHONE_MALFORMED_LENGTH:
		tpdu[udl] = 200;
		return len;
	case PHONE_MALFORMED_ADDRESS:
		tpdu[1] = 250;
		return len;
	case PHONE_MALFORMED_HEADER:
		tpdu[0] |= 0x40; /* TP-UDHI */
		if (len > udl + 1)
			tpdu[udl + 1] = 0xFF;
		return len;
	case PHONE_MALFORMED_KIND:
		tpdu[0] |= 3;
		return len;
	case PHONE_MALFORMED_EMPTY:
		return 0;
	default:
		return len;
	}
}

static void arrive_now(struct phone *phone, const uint8_t *tpdu, size_t len)
{
	phone->counters.received++;
	phone_incoming_add(phone, false, false, tpdu, len);
}

static void arriving_fire(struct phone *phone, struct later *later)
{
	const struct arriving *arriving = (const struct arriving *)later;

	arrive_now(phone, arriving->tpdu, arriving->len);
	free(later);
	phone_flush(phone);
}

static enum fg_rc arrive(struct phone *phone, const uint8_t *tpdu, size_t len, uint64_t delay_us)
{
	struct arriving *arriving;

	if (delay_us == 0) {
		arrive_now(phone, tpdu, len);
		return FG_OK;
	}
	arriving = phone_later_new(phone, sizeof(*arriving), delay_us, arriving_fire);
	if (!arriving)
		return FG_E_NO_MEMORY;
	arriving->len = len;
	memcpy(arriving->tpdu, tpdu, len);
	return FG_OK;
}

static enum fg_rc give(struct making *making)
{
	uint8_t tpdu[FG_TPDU_MAX];
	size_t len;
	enum fg_rc rc = fg_tpdu_deliver_encode(&making->deliver, tpdu, sizeof(tpdu), &len);

	if (rc != FG_OK)
		return rc;
	len = malform(making->incoming->malformed, tpdu, len);
	return arrive(making->phone, tpdu, len,
		      (uint64_t)making->phone->options.part_delay_ms * making->given++ * 1000);
}

static unsigned turn(const struct making *making, unsigned i)
{
	return making->incoming->backwards ? making->parts - 1 - i : i;
}

static enum fg_rc give_text(struct making *making, const struct fg_text_plan *plan)
{
	enum fg_rc rc = FG_OK;

	making->parts = plan->parts;
	making->deliver.dcs = coding_of(making->incoming, plan->alphabet);
	for (unsigned n = 0; n < plan->parts && rc == FG_OK; n++) {
		uint8_t header[HEADER_MAX], ud[FG_TPDU_UD_MAX];
		unsigned i = turn(making, n);

		rc = fg_tpdu_ud_write(header, header_of(making, i, header), plan->alphabet,
				      making->incoming->text + plan->offset[i],
				      plan->offset[i + 1] - plan->offset[i], ud,
				      &making->deliver.ud);
		making->deliver.more = n + 1 < plan->parts;
		if (rc == FG_OK)
			rc = give(making);
	}
	return rc;
}

static enum fg_rc give_octets(struct making *making)
{
	const char *text = making->incoming->text;
	size_t len, room = FG_TPDU_UD_MAX;
	uint8_t *octets = malloc(OCTETS_MAX);
	enum fg_rc rc = octets ? fg_tpdu_unhex(text, strlen(text), octets, OCTETS_MAX, &len)
			       : FG_E_NO_MEMORY;

	if (making->incoming->port >= 0)
		room -= 1 + PORT_ELEMENT;
	if (rc == FG_OK && len > room)
		room -= making->incoming->port < 0 ? 1u + CONCAT_ELEMENT : CONCAT_ELEMENT;
	if (rc == FG_OK && len > 255 * room)
		rc = FG_E_TEXT_LONG;
	if (rc == FG_OK)
		making->parts = len > room ? (unsigned)((len + room - 1) / room) : 1;
	making->deliver.dcs = coding_of(making->incoming, FG_ALPHABET_LATIN1);
	for (unsigned n = 0; rc == FG_OK && n < making->parts; n++) {
		uint8_t header[HEADER_MAX], ud[FG_TPDU_UD_MAX];
		size_t from = turn(making, n) * room;

		rc = fg_tpdu_ud_pack(header, header_of(making, turn(making, n), header),
				     FG_TPDU_OCTETS, octets + from,
				     len - from < room ? len - from : room, ud,
				     &making->deliver.ud);
		if (rc == FG_OK)
			rc = give(making);
	}
	free(octets);
	return rc;
}

enum fg_rc phone_receive(struct phone *phone, const struct phone_incoming *incoming)
{
	struct making making = { .phone = phone, .incoming = incoming, .parts = 1 };
	struct fg_text_plan plan;
	enum fg_rc rc;

	if (strlen(incoming->text) > PHONE_TEXT_MAX)
		return FG_E_TEXT_LONG;
	if (incoming->port >= 0 && !incoming->octets)
		return FG_E_ARG;
	rc = fg_tpdu_address_from(incoming->from, strlen(incoming->from), &making.deliver.source);
	if (rc == FG_OK)
		rc = fg_tpdu_time_of(phone_wall_s(phone), 0, &making.deliver.time);
	if (rc == FG_OK && !incoming->octets)
		rc = fg_alphabet_plan_for(incoming->ucs2 ? FG_ALPHABET_UCS2 : FG_ALPHABET_GSM7,
					  incoming->text, strlen(incoming->text),
					  FG_TEXT_REFERENCE_8BIT, FG_TEXT_PARTS_MAX, &plan);
	if (rc != FG_OK)
		return rc;
	making.reference = phone->next_concat++;
	phone_happened(phone, "received", incoming->from, 0, incoming->text);
	rc = incoming->octets ? give_octets(&making) : give_text(&making, &plan);
	phone_flush(phone);
	return rc;
}
