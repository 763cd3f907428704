/* SPDX-License-Identifier: ISC
 *
 * The one list of errors, with what a caller may do about each. See errors.def for the rows.
 * Functions return enum fg_rc; data comes back through out-parameters, untouched on error.
 */
#pragma once

#include <stdbool.h>

enum fg_rc {
	FG_OK = 0,
#define FG_ERR(name, class, text) FG_##name,
#include "lib/base/errors.def"
#undef FG_ERR
	FG_RC_COUNT
};

/*! What a caller may do about an error. */
enum fg_rc_class {
	FG_CLASS_NONE,       /*!< not an error */
	FG_CLASS_RETRY,      /*!< the same again later */
	FG_CLASS_OTHER_LINK, /*!< another link or bearer may work */
	FG_CLASS_PERMANENT,  /*!< never again */
	FG_CLASS_THROTTLE,   /*!< the same, slower */
	FG_CLASS_UNKNOWN,    /*!< it may have happened: never retried silently */
	FG_CLASS_BUG,        /*!< we are wrong */
};

/*! Stable name without prefix, such as "E_TEXT_LONG"; "OK" for FG_OK; "E_?" for anything else. Never NULL. */
const char *fg_rc_name(enum fg_rc rc);

/*! One sentence for people, without an end stop. Never NULL. */
const char *fg_rc_text(enum fg_rc rc);

/*! The class of an error; FG_CLASS_BUG for a number that is none. */
enum fg_rc_class fg_rc_class(enum fg_rc rc);

/*! The error of that name (as fg_rc_name() gives it), or FG_RC_COUNT when there is none. O(rows). */
enum fg_rc fg_rc_by_name(const char *name);
