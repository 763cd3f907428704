/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a modem's +CMS ERROR and +CME ERROR mean for a message, in one place: cms.def. The adapter asks
 * here and decides nothing itself; what one model means by numbers of its own is in the adapter's
 * profiles.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "lib/base/error.h"

enum fg_cms_family {
	FG_CMS_ERROR, /*!< +CMS ERROR: of a message command (TS 27.005, 3.2.5) */
	FG_CME_ERROR, /*!< +CME ERROR: of any other (TS 27.007, 9.2), by some modems of these too */
};

/*! How to react; operators' practice where the standards say nothing. */
enum fg_cms_class {
	FG_CMS_CLASS_RECIPIENT,    /*!< fail */
	FG_CMS_CLASS_SUBSCRIPTION, /*!< this SIM may not: fail here and alarm, another link may */
	FG_CMS_CLASS_FORMAT, /*!< our TPDU or configuration is wrong for it: fail here and alarm */
	FG_CMS_CLASS_VALIDITY,  /*!< once more without validity, then fail here */
	FG_CMS_CLASS_DUPLICATE, /*!< it has this message already: sent, and marked so */
	FG_CMS_CLASS_TEMPORARY, /*!< again by the retry schedule */
	FG_CMS_CLASS_ONCE,      /*!< again once, then fail here */
	FG_CMS_CLASS_LONG,      /*!< again after a quarter of an hour; other links at once */
	FG_CMS_CLASS_MODEM,     /*!< quarantine, initialise anew; not an attempt */
	FG_CMS_CLASS_SIM, /*!< as MODEM, and alarm: SIM, PIN or PUK. Never tried again by itself */
	FG_CMS_CLASS_STORAGE, /*!< empty the storage, then again; not an attempt */
	FG_CMS_CLASS_BUSY,    /*!< again in place after 1, 2 and 4 seconds */
	FG_CMS_CLASS_UNKNOWN, /*!< it may have been sent: never again by itself */
	FG_CMS_CLASS_COMMAND, /*!< answers another command, says nothing of a message */
	FG_CMS_CLASS_VENDOR,  /*!< the manufacturer's own: as BUSY unless the profile knows it */
};

struct fg_cms_code {
	uint16_t
		value; /*!< 0 in the rows that stand for values without one of their own, and in CME 0 */
	bool listed; /*!< has a row of its own */
	enum fg_cms_class class;
	enum fg_rc rc; /*!< FG_OK only for DUPLICATE */
	const char *note;
	const char *source; /*!< of value and class */
};

/*! The row of a code. Never NULL: what the standards reserve is taken as they demand (network: 41;
 * SMSC: 255), other numbers below 512 are UNKNOWN, those from 512 on VENDOR. For +CME ERROR, numbers
 * without a row are UNKNOWN. O(1). */
const struct fg_cms_code *fg_cms_find(enum fg_cms_family family, uint32_t value);

/*! What a class is called, and what Fallgate does then, in a sentence for people. Never NULL. */
const char *fg_cms_class_name(enum fg_cms_class class);
const char *fg_cms_class_reaction(enum fg_cms_class class);

/*! What a class means to those who speak no AT. */
enum fg_rc fg_cms_class_rc(enum fg_cms_class class);
