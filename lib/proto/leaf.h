/* SPDX-License-Identifier: ISC
 *
 * The public leaf of the transparency log: 44 bytes that say when, roughly, and what kind of thing was decided, and commit to the record
 * that only the sender gets. "FGL1", kind, action, reason number, bearer (1 byte each), time (u32, in 5 minutes since 1970), commitment
 * SHA-256("fallgate leaf" 0x00 salt record).
 */
#pragma once

#include "lib/base/id.h"
#include "lib/crypto/crypto.h"

enum { FG_LEAF_LEN = 44, FG_LEAF_TIME_UNIT_MS = 300000 };

enum fg_leaf_kind {
	FG_LEAF_DECISION = 1,
	FG_LEAF_ACCOUNT = 2,
	FG_LEAF_ALARM = 3,
};

struct fg_leaf {
	enum fg_leaf_kind kind;
	uint8_t action; /*!< enum fg_action, 0 for other kinds */
	uint8_t reason; /*!< number of a row of reasons.def */
	uint8_t bearer;
	uint32_t time; /*!< in units of FG_LEAF_TIME_UNIT_MS */
	struct fg_hash commitment;
};

/*! The number that travels with a leg as SMPP's user_message_reference, so that a report finds a leg whose answer was lost: the first
 *  two bytes of SHA-256(message id, leg as two bytes). The vault sends it along, the core looks for it. */
uint16_t fg_leg_reference(const struct fg_id *message_id, uint16_t leg);

struct fg_hash fg_leaf_commitment(const uint8_t salt[static 32], const void *record, size_t len);
void fg_leaf_encode(const struct fg_leaf *leaf, uint8_t out[static FG_LEAF_LEN]);
/*! FG_OK; FG_E_SYNTAX unless it is exactly one leaf of a known kind. */
enum fg_rc fg_leaf_decode(const void *data, size_t len, struct fg_leaf *leaf_out);
