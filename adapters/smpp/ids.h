/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Message ids of one link. Many carriers write the id of a message in hex in the response and in
 * decimal in the receipt, or the other way round, padded with zeros or not, in either case. Whoever
 * correlates compares strings, so the id of a receipt is turned here into the very string that the
 * response had: out of the ids that were seen last, or else in the shape that was learned. What is
 * no number, or needs more than 64 bits, passes as it is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/wire/dlr.h"

enum fg_smpp_id_base {
	FG_SMPP_ID_AUTO,
	FG_SMPP_ID_SAME,
	FG_SMPP_ID_HEX_DEC, /*!< hex in the response, decimal in the receipt */
	FG_SMPP_ID_DEC_HEX,
};

struct fg_smpp_ids;

/*! base: a word of links.id_base. A talloc child of ctx; NULL without memory. */
struct fg_smpp_ids *fg_smpp_ids_new(void *ctx, const char *base);

/*! A response gave this id to a message to destination. O(1). */
void fg_smpp_ids_response(struct fg_smpp_ids *ids, const char *id, const char *destination);

/*! Turn the id of a receipt about a message to destination into that of its response, in place. An id that may be one of several messages'
 *  is left as it is, unless only one of them went to destination. O(1). */
void fg_smpp_ids_receipt(struct fg_smpp_ids *ids, char id[static FG_DLR_ID_MAX + 1],
			 const char *destination);

/*! Some carriers give no id, or every message the same. Then the name of an accepted message is made of its user_message_reference and
 *  destination, in place of its id.
 *  \return false when the id was replaced: it means nothing to the carrier. */
bool fg_smpp_ids_name(struct fg_smpp_ids *ids, char id[static FG_DLR_ID_MAX + 1],
		      uint16_t reference, const char *destination);

/*! The same for the id of a receipt that has a user_message_reference. */
void fg_smpp_ids_receipt_name(const struct fg_smpp_ids *ids, char id[static FG_DLR_ID_MAX + 1],
			      uint16_t reference, const char *destination);

/*! As configured, or as learned by now. */
enum fg_smpp_id_base fg_smpp_ids_base(const struct fg_smpp_ids *ids);
