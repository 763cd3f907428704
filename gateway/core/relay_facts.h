/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a decision about an application's message reads: as facts.c for devices, the account's contract standing for consent.
 */
#pragma once

#include "gateway/core/relay_internal.h"

struct fg_relay_facts {
	struct fg_facts facts;
	struct fg_link_facts
		links[FG_LINKS_MAX]; /*!< as they are, before what one account does not pay for */
	uint64_t now_ms;
};

/*! What all messages of a batch have in common. */
void fg_relay_facts_begin(struct fg_core_relays *relays, struct fg_relay_facts *gathered_out);
/*! The facts of one message, its work filled from the directory. */
void fg_relay_facts_of(struct fg_core_relays *relays, struct fg_relay *relay,
		       struct fg_relay_facts *gathered);
/*! work->facts_hash of the facts gathered last: SHA-256 of their canonical line. */
void fg_relay_facts_hash(const struct fg_relay_facts *gathered, struct fg_relay_work *work);
/*! Pin and identity of an entry, into work. */
void fg_relay_facts_pin(struct fg_core_relays *relays, struct fg_relay_work *work,
			const struct fg_directory_entry *entry);
/*! Jobs that all links together take now. */
/*! Of one link, whatever it is for. */
size_t fg_relay_link_room(const struct fg_core_relays *relays, size_t link);
size_t fg_relay_facts_room(const struct fg_core_relays *relays);
uint8_t fg_relay_bearer(const struct fg_core *core, size_t link);
