/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an SMPP command_status means for a message, in one place: smpp_status.def. Protocol code
 * asks here and decides nothing itself.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

/*! How to react; operators' practice rather than the standard, which leaves it open. */
enum fg_smpp_status_class {
	FG_SMPP_CLASS_OK,
	FG_SMPP_CLASS_THROTTLE,    /*!< slower; not an attempt */
	FG_SMPP_CLASS_TEMPORARY,   /*!< again by the retry schedule, other routes too */
	FG_SMPP_CLASS_UNCERTAIN,   /*!< failed here, another route may take it: one try on each */
	FG_SMPP_CLASS_SESSION,     /*!< bind anew; the message is untouched */
	FG_SMPP_CLASS_CREDENTIALS, /*!< reconnect slowly and alarm: the account may be locked
				      otherwise */
	FG_SMPP_CLASS_PERMANENT_RECIPIENT, /*!< fail */
	FG_SMPP_CLASS_PERMANENT_SENDER, /*!< sender or content refused: fail here, another route may
					   take it */
	FG_SMPP_CLASS_PERMANENT_BUG, /*!< our PDU or configuration is wrong for this link: fail here
					and alarm */
	FG_SMPP_CLASS_TIME_FIELD,    /*!< once more without schedule and validity, then fail */
	FG_SMPP_CLASS_TLV_REFUSED,   /*!< once more without optional TLVs, the text mark stays;
					remember for the link */
	FG_SMPP_CLASS_VENDOR,        /*!< a table of the carrier's; unknown there means uncertain */
};

/*! Values, named as in the standard without its ESME_ (5.1.3). */
enum fg_smpp_status_value {
#define FG_SMPP_STATUS(value, NAME, class, note, source) FG_SMPP_STATUS_##NAME = value,
#include "lib/wire/smpp_status.def"
#undef FG_SMPP_STATUS
};

struct fg_smpp_status {
	uint32_t value; /*!< 0 in the rows that stand for values without one of their own */
	const char *name;
	enum fg_smpp_status_class class;
	enum fg_rc rc; /*!< FG_OK only for ROK */
	const char *note;
	const char *source; /*!< of value and class */
};

/*! What a class is called, and what Fallgate does then, in a sentence for people. Never NULL. */
const char *fg_smpp_class_name(enum fg_smpp_status_class class);
const char *fg_smpp_class_reaction(enum fg_smpp_status_class class);

/*! What the carrier of one link means by values of its own. */
struct fg_smpp_vendor_code {
	uint32_t value;
	enum fg_smpp_status_class class;
	char note[64];
};
enum { FG_SMPP_VENDOR_CODES_MAX = 256 };

/*! Read a table: a line "0x401 recipient unknown subscriber" for each value of 0x400 to 0x4FF, the second word a class
 *  (fg_smpp_class_name), the rest for people; empty lines and those that begin with # are passed over.
 *  \param[out] codes_out  [FG_SMPP_VENDOR_CODES_MAX], in the order of the file.
 *  \param[out] line_out   on FG_E_SYNTAX the line that is wrong, from 1.
 *  \return FG_OK; FG_E_SYNTAX for a line that is not of that form, a value outside or twice. O(lines * codes). */
enum fg_rc fg_smpp_vendor_codes_read(const char *text, size_t len,
				     struct fg_smpp_vendor_code *codes_out, size_t *count_out,
				     unsigned *line_out);

/*! FG_OK only for FG_SMPP_CLASS_OK. */
enum fg_rc fg_smpp_class_rc(enum fg_smpp_status_class class);

/*! The row of a command_status. Never NULL: 0x400 to 0x4FF without a row is VENDOR, all else
 * without one UNCERTAIN. O(1). */
const struct fg_smpp_status *fg_smpp_status_find(uint32_t value);
