/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one modem must not forget when its process ends: SIMs whose PIN was tried, segments sent
 * today, and messages whose status report is still to come. It lies in a file that the parent
 * opened (data_dir/links/NAME.state), written in place; without a file it lasts as long as the
 * process. Numbers are kept as hashes only, which whoever has the file could try numbers against.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

enum {
	FG_MODEM_SENT_MAX = 1024, /* a power of two; the oldest makes room */
	FG_MODEM_SIM_MAX = 22,    /* digits of an ICCID (ITU-T E.118), and some to spare */
	FG_MODEM_NO_REFERENCE = 0xFFFF,
	FG_MODEM_REPORTED = 0x100, /* beside a reference: its last report is stored */
};

struct fg_modem_state;

/*! One segment that was given to the network, or may have been. */
struct fg_modem_sent {
	uint64_t sent_ms;           /*!< Unix */
	uint32_t recipient;         /*!< fg_modem_hash() */
	uint16_t reference;         /*!< TP-MR; FG_MODEM_NO_REFERENCE: not told */
	uint16_t message_reference; /*!< of the job */
};

uint32_t fg_modem_hash(const char *number);

/*! Read the file, taken over; -1: none. What is no state of ours is an empty one. A talloc child of ctx; NULL without memory. */
struct fg_modem_state *fg_modem_state_new(void *ctx, int fd_take);

enum { FG_MODEM_KEY_LEN = 16 };

/*! A name for a message that is the same when it comes again: keyed by a secret of this state, since it leaves this process and must say nothing of
 *  the text. O(len). */
void fg_modem_state_key(const struct fg_modem_state *state, const void *octets, size_t len,
			uint8_t out[static FG_MODEM_KEY_LEN]);

/*! Was the PIN of this SIM tried, and not taken? sim "": one that does not say who it is. */
bool fg_modem_state_pin_tried(const struct fg_modem_state *state, const char *sim);

/*! Remember, durably, before it is tried. FG_OK; FG_E_SYSTEM without a file, when it cannot be written, or for a fifth SIM: it must not be tried. */
enum fg_rc fg_modem_state_pin_trying(struct fg_modem_state *state, const char *sim);
void fg_modem_state_pin_good(struct fg_modem_state *state, const char *sim);

/*! Segments sent on the day (UTC) of wall_ms. */
uint32_t fg_modem_state_today(const struct fg_modem_state *state, uint64_t wall_ms);
void fg_modem_state_count(struct fg_modem_state *state, uint64_t wall_ms, uint32_t segments);

/*! Remember a segment; its place, for the next three. */
unsigned fg_modem_state_sent_add(struct fg_modem_state *state, const struct fg_modem_sent *sent);
void fg_modem_state_sent_told(struct fg_modem_state *state, unsigned place, uint8_t reference);
void fg_modem_state_sent_drop(struct fg_modem_state *state, unsigned place);
/*! Its last report, which had this reference, is stored: known from then on only to tell the same report when it comes again. */
void fg_modem_state_sent_reported(struct fg_modem_state *state, unsigned place, uint8_t reference);
const struct fg_modem_sent *fg_modem_state_sent_at(const struct fg_modem_state *state,
						   unsigned place);

/*! Whose is a report? TP-MR is one octet and comes again, so recipient and time count too: of those with reference and recipient the one
 *  whose time is nearest to smsc_ms (Unix; 0: the report has none, the newest), else of those to the recipient whose reference is not known
 *  one sent within a quarter of an hour of it, unless it fits one better that was reported: then it is that report again. \return its
 *  place; -1: none. O(FG_MODEM_SENT_MAX). */
int fg_modem_state_sent_find(const struct fg_modem_state *state, uint8_t reference,
			     uint32_t recipient, uint64_t smsc_ms);
