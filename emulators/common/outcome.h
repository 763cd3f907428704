/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What becomes of a message, for every emulator alike: by a script, by the destination's last two
 * digits (digits.def), or by a mix in percent. What the status means is the emulator's: a
 * command_status, a +CMS ERROR.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/wire/dlr.h"

enum {
	EMU_RULES_MAX = 100,
	EMU_SHARES_MAX = 16,
	EMU_SHARES_WHOLE = 1000000,   /* shares are parts of a million */
	EMU_DELAY_MAX_MS = 604800000, /* a week: longer than any validity that is in use */
	EMU_AFTER_DEFAULT = -1,
	EMU_TOLD_MAX = 1000, /* destinations that were told to wait once */
};

enum emu_flag {
	EMU_NO_ANSWER = 1,
	EMU_CLOSE = 2,         /*!< the connection, instead of the answer */
	EMU_CUT = 4,           /*!< the connection, in the middle of the answer */
	EMU_RECEIPT_FIRST = 8, /*!< before the answer */
	EMU_RECEIPT_LATE = 16,
	EMU_ANSWER_LATE = 32,
	EMU_REFUSE_TLV = 64, /*!< status only when there is a vendor TLV */
	EMU_ONCE = 128,      /*!< status only every other time */
};

struct emu_outcome {
	uint32_t status;
	enum fg_dlr_state receipt; /*!< FG_DLR_OTHER: none */
	enum fg_dlr_state via;     /*!< told half way before; FG_DLR_OTHER: none */
	unsigned flags;            /*!< enum emu_flag */
	unsigned delay_ms;         /*!< of the answer */
	int after_ms;              /*!< from submit to receipt, exactly; or EMU_AFTER_DEFAULT */
	unsigned receipts;         /*!< how often the receipt is sent */
	char err[4];               /*!< of the receipt; "" is 000 */
};

/*! A row of a script: what happens to destinations that end so. */
struct emu_rule {
	char suffix[21];
	struct emu_outcome outcome;
	unsigned times; /*!< then the rule is spent; 0: never */
	unsigned used;
};

/*! A part of a mix, in millionths of the messages. */
struct emu_share {
	struct emu_outcome outcome;
	uint32_t ppm;
};

/*! Who was told to wait, and passes the next time. */
struct emu_told {
	unsigned count;
	char destination[EMU_TOLD_MAX][23];
};

/*! Taken and delivered. */
extern const struct emu_outcome emu_plain;

/*! splitmix64: 0 to below, which is not 0. */
uint32_t emu_random(uint64_t *state, uint32_t below);

bool emu_ends_with(const char *text, const char *suffix);

/*! True for a destination's first message, false for its second, and so on. */
bool emu_told_now(struct emu_told *told, const char *destination);

/*! The first rule that fits and is not spent, which is used once more. */
bool emu_by_rules(struct emu_rule *rules, size_t count, const char *destination,
		  struct emu_outcome *outcome_out);

/*! False when the digits say nothing. The status is a command_status, or with modem a +CMS ERROR;
 * its flags say whether it counts. */
bool emu_by_digits(const char *destination, bool modem, struct emu_outcome *outcome_out);

/*! Draws; NULL for none of them. */
const struct emu_outcome *emu_by_mix(uint64_t *random, const struct emu_share *shares,
				     size_t count);
