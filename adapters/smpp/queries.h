/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages that a far side has taken and not yet given the final receipt of, by the id that it gave them and in the order in which it
 * is time to ask for them (query.c asks). It begins small, grows up to a ceiling and is memory only: what it lacks is not asked for,
 * and then stays as its receipts leave it. No clock, no protocol.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/wire/dlr.h"

struct fg_smpp_queries;

struct fg_smpp_awaited {
	char ref[FG_DLR_ID_MAX + 1]; /*!< as its response had it */
	char source[22];             /*!< as it was submitted; 3.4, 4.8.1 wants it to be the same */
	char destination[33];
	uint16_t reference; /*!< user_message_reference */
	uint8_t asked;      /*!< questions so far */
	uint64_t accepted_ms;
	uint64_t until_ms; /*!< no question from then on */
};

/*! most: the ceiling, 1..2^31. A talloc child of ctx; NULL without memory. */
struct fg_smpp_queries *fg_smpp_queries_new(void *ctx, uint32_t most);

/*! Remember a message until due_ms. One with the same id is forgotten: the far side would answer for the later one. False: there is no room. O(log n), O(1) when none is due
 *  later. */
bool fg_smpp_queries_add(struct fg_smpp_queries *queries, const struct fg_smpp_awaited *awaited,
			 uint64_t due_ms);

/*! NULL when it is not there; valid until the next call that is not a find. O(1). */
struct fg_smpp_awaited *fg_smpp_queries_find(struct fg_smpp_queries *queries, const char *ref);

/*! It need not be asked for any more; one that is not there is none. O(log n). */
void fg_smpp_queries_remove(struct fg_smpp_queries *queries, const char *ref);

/*! Not before due_ms; one that is not there is none. O(log n). */
void fg_smpp_queries_put_off(struct fg_smpp_queries *queries, const char *ref, uint64_t due_ms);

/*! The one that is due first, or NULL. O(1). */
const struct fg_smpp_awaited *fg_smpp_queries_first(const struct fg_smpp_queries *queries);
/*! When it is due; UINT64_MAX for none. */
uint64_t fg_smpp_queries_due_ms(const struct fg_smpp_queries *queries);

uint32_t fg_smpp_queries_count(const struct fg_smpp_queries *queries);
/*! How many there was no room for. */
uint64_t fg_smpp_queries_refused(const struct fg_smpp_queries *queries);
